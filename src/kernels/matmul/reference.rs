//! The plain product of weights in the layout of the file: what every other kernel equals to the
//! bit.

use crate::kernels::block_types::{Block, CHUNK, GROUPS, for_block_type, unpack_chunk};
use crate::kernels::cpu::{Isa, Registers};
use crate::kernels::matmul::activations::{Activations, ChunkView, Quantized};
use crate::kernels::matmul::float;
use crate::kernels::matmul::matrix::Matrix;
use crate::kernels::shape::TILE;
use crate::kernels::threads;

/// `activations · weightsᵀ`: `[rows, weights.rows]`. `exact` keeps the activations in f32 for
/// quantised weights too (a reference for tests and measurements; slow).
pub fn matmul(
    weights: Matrix<'_>,
    activations: &Activations<'_>,
    exact: bool,
    isa: Isa,
) -> Vec<f32> {
    assert_eq!(
        weights.columns,
        activations.columns(),
        "weights and activations agree on their columns"
    );
    assert!(isa.available(), "{isa:?} was detected before it is used");
    let rows = activations.rows();
    if exact || weights.block_type.is_float() {
        return float::products(weights, activations.floats(), rows, isa);
    }
    let x = &Quantized::new(activations);
    let tiles = weights.rows.div_ceil(TILE);
    // Tiles first, so that each thread writes memory of its own: `[tiles, rows, TILE]`.
    let mut tiled = vec![0f32; tiles * rows * TILE];
    // Enough jobs that an unlucky thread can be helped, few enough that handing them out costs
    // nothing.
    let tiles_a_job = tiles.div_ceil(threads::count() * 8).max(1);
    threads::parallel_chunks(&mut tiled, rows * TILE * tiles_a_job, |job, out| {
        for (index, out) in out.chunks_mut(rows * TILE).enumerate() {
            let tile = weights.tile((job * tiles_a_job + index) * TILE);
            for_block_type!(tile.block_type, tile_of(tile, x, rows, out, isa));
        }
    });
    if rows == 1 {
        tiled.truncate(weights.rows);
        return tiled;
    }
    let mut out = vec![0f32; rows * weights.rows];
    threads::parallel_chunks(&mut out, weights.rows, |row, out| {
        for (tile, out) in out.chunks_mut(TILE).enumerate() {
            let from = (tile * rows + row) * TILE;
            out.copy_from_slice(&tiled[from..from + out.len()]);
        }
    });
    out
}

fn tile_of<B: Block>(tile: Matrix<'_>, x: &Quantized, rows: usize, out: &mut [f32], isa: Isa) {
    match isa.registers() {
        #[cfg(target_arch = "x86_64")]
        // SAFETY: `matmul` asserts that the instruction set is available.
        Registers::Avx2 | Registers::Avx512 => unsafe { tile_avx2::<B>(tile, x, rows, out) },
        _ => tile_plain::<B>(tile, x, rows, out),
    }
}

#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx2,fma")]
fn tile_avx2<B: Block>(tile: Matrix<'_>, x: &Quantized, rows: usize, out: &mut [f32]) {
    tile_plain::<B>(tile, x, rows, out);
}

/// The plain version: what the others must equal to the bit.
#[inline(always)]
fn tile_plain<B: Block>(tile: Matrix<'_>, x: &Quantized, rows: usize, out: &mut [f32]) {
    let (mut q, mut d, mut m) = ([0; CHUNK], [0.0; GROUPS], [0.0; GROUPS]);
    let chunks = tile.columns.div_ceil(CHUNK);
    for weight_row in 0..tile.rows {
        for (chunk, bytes) in tile.row(weight_row).chunks(CHUNK / B::LEN * B::BYTES).enumerate() {
            unpack_chunk::<B>(bytes, &mut q, &mut d, &mut m);
            let groups = bytes.len() / B::BYTES * (B::LEN / B::GROUP);
            for row in 0..rows {
                let sum = &mut out[row * TILE + weight_row];
                *sum = dot_plain::<B>(&q, &d, &m, x.chunk::<B>(row, chunk, chunks), groups, *sum);
            }
        }
    }
}

#[inline(always)]
fn dot_plain<B: Block>(
    q: &[u8; CHUNK],
    d: &[f32; GROUPS],
    m: &[f32; GROUPS],
    x: ChunkView<'_>,
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
