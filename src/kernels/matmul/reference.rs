//! Products of weights in the layout of the file, in scalar code: the reference that every kernel
//! for packed weights equals to the bit.

use crate::kernels::block_types::{CHUNK, GROUPS, GgmlBlock, for_block_type, unpack_chunk};
#[cfg(target_arch = "x86_64")]
use crate::kernels::cpu::FloatWidth;
use crate::kernels::cpu::Isa;
use crate::kernels::matmul::activations::{Activations, Int8Activations, Int8Chunk};
use crate::kernels::matmul::float;
use crate::kernels::matmul::matrix::Matrix;
use crate::kernels::shape::PANEL_ROWS;
use crate::kernels::threads;

/// `activations · weightsᵀ`, `[rows, outputs]`. `exact` dequantizes the weights and keeps
/// activations in f32: a slow reference for tests and measurements.
pub fn matmul(
    weights: Matrix<'_>,
    activations: &Activations<'_>,
    exact: bool,
    isa: Isa,
) -> Vec<f32> {
    assert_eq!(
        weights.columns,
        activations.columns(),
        "weights and activations have other columns"
    );
    assert!(isa.available(), "{isa:?} is not available");
    let rows = activations.rows();
    if exact || weights.ggml_type.is_float() {
        return float::matmul(weights, activations.floats(), rows, isa);
    }
    let x = &Int8Activations::new(activations);
    let panels = weights.rows.div_ceil(PANEL_ROWS);
    // `[panels, rows, PANEL_ROWS]`, so that each job writes memory of its own.
    let mut by_panel = vec![0f32; panels * rows * PANEL_ROWS];
    // Enough jobs that another thread can take over from a delayed one, few enough that their
    // overhead does not matter.
    let panels_per_job = panels.div_ceil(threads::count() * 8).max(1);
    threads::parallel_chunks(&mut by_panel, rows * PANEL_ROWS * panels_per_job, |job, out| {
        for (index, out) in out.chunks_mut(rows * PANEL_ROWS).enumerate() {
            let panel = weights.panel((job * panels_per_job + index) * PANEL_ROWS);
            for_block_type!(panel.ggml_type, matmul_panel(panel, x, rows, out, isa));
        }
    });
    if rows == 1 {
        by_panel.truncate(weights.rows);
        return by_panel;
    }
    let mut out = vec![0f32; rows * weights.rows];
    threads::parallel_chunks(&mut out, weights.rows, |row, out| {
        for (panel, out) in out.chunks_mut(PANEL_ROWS).enumerate() {
            let from = (panel * rows + row) * PANEL_ROWS;
            out.copy_from_slice(&by_panel[from..from + out.len()]);
        }
    });
    out
}

fn matmul_panel<B: GgmlBlock>(
    panel: Matrix<'_>,
    x: &Int8Activations,
    rows: usize,
    out: &mut [f32],
    isa: Isa,
) {
    match isa.float_width() {
        #[cfg(target_arch = "x86_64")]
        // SAFETY: `matmul` asserts that the instruction set is available.
        FloatWidth::Avx2 | FloatWidth::Avx512 => unsafe { panel_avx2::<B>(panel, x, rows, out) },
        _ => panel_scalar::<B>(panel, x, rows, out),
    }
}

#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx2,fma")]
fn panel_avx2<B: GgmlBlock>(panel: Matrix<'_>, x: &Int8Activations, rows: usize, out: &mut [f32]) {
    panel_scalar::<B>(panel, x, rows, out);
}

/// The scalar definition of the product.
#[inline(always)]
fn panel_scalar<B: GgmlBlock>(
    panel: Matrix<'_>,
    x: &Int8Activations,
    rows: usize,
    out: &mut [f32],
) {
    let (mut q, mut d, mut m) = ([0; CHUNK], [0.0; GROUPS], [0.0; GROUPS]);
    let chunks = panel.columns.div_ceil(CHUNK);
    for weight_row in 0..panel.rows {
        for (chunk, bytes) in panel.row(weight_row).chunks(CHUNK / B::LEN * B::BYTES).enumerate() {
            unpack_chunk::<B>(bytes, &mut q, &mut d, &mut m);
            let groups = bytes.len() / B::BYTES * (B::LEN / B::GROUP);
            for row in 0..rows {
                let sum = &mut out[row * PANEL_ROWS + weight_row];
                *sum = dot_scalar::<B>(&q, &d, &m, x.chunk::<B>(row, chunk, chunks), groups, *sum);
            }
        }
    }
}

#[inline(always)]
fn dot_scalar<B: GgmlBlock>(
    q: &[u8; CHUNK],
    d: &[f32; GROUPS],
    m: &[f32; GROUPS],
    x: Int8Chunk<'_>,
    groups: usize,
    mut total: f32,
) -> f32 {
    for group in 0..groups {
        let mut sum = 0i32;
        for (q, x) in q[group * B::GROUP..][..B::GROUP].iter().zip(&x.bytes[group * B::GROUP..]) {
            sum += i32::from(*q) * i32::from(*x);
        }
        sum -= B::ZERO * x.sums[group];
        total = (sum as f32 * d[group]).mul_add(x.scales[group], total);
        if B::MIN {
            total = m[group].mul_add(x.totals[group], total);
        }
    }
    total
}
