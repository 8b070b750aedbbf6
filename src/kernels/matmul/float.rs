//! Products of float weights (f32, f16, bf16), in the layout of the file, with f32 activations.
//!
//! Each dot product is [`LANES`] partial sums, column `i` in sum `i % LANES`, which are added up at
//! its end: for any number of rows and on any instruction set. Knows nothing of panels and of int8.

// Loops over arrays by index are the ones that compilers unroll reliably.
#![allow(clippy::needless_range_loop)]

use std::ops::Range;

use crate::kernels::block_types::{GgmlType, dequantize_row};
use crate::kernels::cpu::Isa;
use crate::kernels::matmul::epilogue::Epilogue;
use crate::kernels::matmul::matrix::Matrix;
use crate::kernels::memory::prefetch;
use crate::kernels::shape::LANES;
use crate::kernels::simd::{F32x16, for_row_blocks, multiversion_simd};
use crate::kernels::threads;

/// Activation rows of a kernel call: they stay in the second-level cache while the weights of a job
/// pass.
const ROWS_PER_CALL: usize = 64;
/// Weight rows that are computed together; jobs are multiples of it.
const WEIGHT_ROWS: usize = 4;
/// Up to this number of activation rows, memory is the bottleneck, and weights are prefetched.
const FEW_ROWS: usize = 8;

/// `activations · weightsᵀ`, `[rows, outputs]`. Quantized weights are dequantized row by row.
pub fn matmul(weights: Matrix<'_>, activations: &[f32], rows: usize, isa: Isa) -> Vec<f32> {
    assert!(isa.available(), "{isa:?} is not available");
    assert_eq!(activations.len(), rows * weights.columns, "activations do not have {rows} rows");
    let mut out = Vec::new();
    let to = Epilogue::new(&mut out, rows, weights.rows, None);
    let part =
        weights.rows.div_ceil(threads::count() * 8).next_multiple_of(WEIGHT_ROWS).max(WEIGHT_ROWS);
    threads::parallel_for(weights.rows.div_ceil(part), |job| {
        let outputs = job * part..weights.rows.min((job + 1) * part);
        let compute = |weights: Matrix<'_>, first: usize, outputs: Range<usize>| {
            for from in (0..rows).step_by(ROWS_PER_CALL) {
                let rows = from..rows.min(from + ROWS_PER_CALL);
                let outputs = outputs.clone();
                let part = MatmulPart { weights, first, outputs, activations, rows, to };
                // SAFETY: as asserted; `to` has room for all rows and outputs, and only this job
                // writes these outputs.
                unsafe { matmul_part(isa, &part) };
            }
        };
        if weights.ggml_type.is_float() {
            return compute(weights, 0, outputs);
        }
        let mut row = vec![0f32; weights.columns];
        for weight in outputs {
            dequantize_row(weights.ggml_type, weights.row(weight), &mut row);
            // SAFETY: floats have no padding, and any bits are valid bytes.
            let bytes =
                unsafe { std::slice::from_raw_parts(row.as_ptr().cast(), size_of_val(&*row)) };
            let wide = Matrix { ggml_type: GgmlType::F32, rows: 1, bytes, ..weights };
            compute(wide, weight, weight..weight + 1);
        }
    });
    // SAFETY: the capacity suffices, and each job has stored its outputs of every row.
    unsafe { out.set_len(rows * weights.rows) };
    out
}

/// The products of a job.
struct MatmulPart<'a> {
    weights: Matrix<'a>,
    /// The output of the matrix's first row.
    first: usize,
    /// Outputs to compute.
    outputs: Range<usize>,
    activations: &'a [f32],
    rows: Range<usize>,
    to: Epilogue,
}

multiversion_simd! {
    /// # Safety
    /// The CPU has the instruction set; `to` has room for these rows and outputs, which no other
    /// thread writes.
    unsafe fn matmul_part = matmul_part_simd(part: &MatmulPart<'_>);
}

/// A storage type of numbers.
trait StoredFloat {
    const BYTES: usize;

    /// # Safety
    /// The CPU has the instruction set of `L`, and `from` is readable for 16 numbers.
    unsafe fn load<L: F32x16>(from: *const u8) -> L;
}

macro_rules! stored {
    ($($name:ident $bytes:literal $load:ident)*) => {$(
        struct $name;

        impl StoredFloat for $name {
            const BYTES: usize = $bytes;

            #[inline(always)]
            unsafe fn load<L: F32x16>(from: *const u8) -> L {
                // SAFETY: upheld by the caller.
                unsafe { L::$load(from.cast()) }
            }
        }
    )*};
}

stored! {
    F32 4 load
    F16 2 load_f16
    Bf16 2 load_bf16
}

/// # Safety
/// As for [`matmul_part`]; the CPU has the instruction set of `L`.
#[inline(always)]
unsafe fn matmul_part_simd<L: F32x16, const N: usize>(part: &MatmulPart<'_>) {
    // SAFETY: upheld by the caller.
    unsafe {
        match part.weights.ggml_type {
            GgmlType::F16 => matmul_stored::<L, F16, N>(part),
            GgmlType::BF16 => matmul_stored::<L, Bf16, N>(part),
            _ => matmul_stored::<L, F32, N>(part),
        }
    }
}

/// # Safety
/// As for [`matmul_part_simd`]; `W` is the storage type of the weights.
#[inline(always)]
unsafe fn matmul_stored<L: F32x16, W: StoredFloat, const N: usize>(part: &MatmulPart<'_>) {
    let few = part.rows.len() <= FEW_ROWS;
    let mut at = part.outputs.start;
    while at < part.outputs.end {
        let left = part.outputs.end - at;
        let weights = part.weights.row(at - part.first).as_ptr();
        // SAFETY: upheld by the caller.
        unsafe {
            macro_rules! rows {
                ($count:tt) => {
                    if few {
                        let bytes = $count * part.weights.columns * W::BYTES;
                        prefetch(weights.wrapping_add(bytes), bytes);
                    }
                    for_row_blocks!([1 2 3 4], part.rows.len(), |row, R| {
                        micro_kernel::<L, W, $count, R>(part, at, part.rows.start + row);
                    });
                };
            }
            if left >= N {
                rows!(N);
                at += N;
            } else {
                rows!(1);
                at += 1;
            }
        }
    }
}

/// Products of `N` weight rows with `R` activation rows.
///
/// # Safety
/// As for [`matmul_stored`]; these rows exist.
#[inline(always)]
unsafe fn micro_kernel<L: F32x16, W: StoredFloat, const N: usize, const R: usize>(
    part: &MatmulPart<'_>,
    weight: usize,
    row: usize,
) {
    let columns = part.weights.columns;
    let weights: [_; N] =
        std::array::from_fn(|n| part.weights.row(weight - part.first + n).as_ptr());
    let rows: [_; R] = std::array::from_fn(|r| part.activations[(row + r) * columns..].as_ptr());
    let whole = columns / LANES * LANES;
    // SAFETY: upheld by the caller; each row has `columns` numbers.
    unsafe {
        let mut sums = [[L::splat(0.0); N]; R];
        for at in (0..whole).step_by(LANES) {
            let mut w = [L::splat(0.0); N];
            for n in 0..N {
                w[n] = W::load(weights[n].add(at * W::BYTES));
            }
            for r in 0..R {
                let x = L::load(rows[r].add(at));
                for n in 0..N {
                    sums[r][n] = sums[r][n].mul_acc(x, w[n]);
                }
            }
        }
        if whole < columns {
            // The last vector is padded with zeros.
            for n in 0..N {
                let mut last = [0u8; LANES * size_of::<f32>()];
                let bytes = (columns - whole) * W::BYTES;
                weights[n].add(whole * W::BYTES).copy_to_nonoverlapping(last.as_mut_ptr(), bytes);
                let w: L = W::load(last.as_ptr());
                for r in 0..R {
                    let mut last = [0f32; LANES];
                    rows[r].add(whole).copy_to_nonoverlapping(last.as_mut_ptr(), columns - whole);
                    sums[r][n] = sums[r][n].mul_acc(L::load(last.as_ptr()), w);
                }
            }
        }
        for r in 0..R {
            for n in 0..N {
                part.to.store_one(row + r, weight + n, sums[r][n].reduce_sum());
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kernels::matmul::tests::random_weights;
    use crate::kernels::simd::sum_lanes;

    /// The definition: column `i` is added to sum `i % LANES`.
    fn dot(x: &[f32], weights: &[f32]) -> f32 {
        let mut sums = [0f32; LANES];
        for (column, (x, w)) in x.iter().zip(weights).enumerate() {
            let sum = &mut sums[column % LANES];
            *sum = x.mul_add(*w, *sum);
        }
        sum_lanes(&sums)
    }

    #[test]
    fn products_equal_the_definition_on_every_instruction_set() {
        for (ggml_type, columns) in
            [(GgmlType::F32, 75), (GgmlType::F16, 64), (GgmlType::BF16, 9), (GgmlType::Q4_0, 96)]
        {
            for rows in [1, 3, 2 * ROWS_PER_CALL + 5] {
                let outputs = 37;
                let bytes = random_weights(ggml_type, outputs, columns, 9);
                let weights = Matrix { ggml_type, rows: outputs, columns, bytes: &bytes };
                let x: Vec<f32> =
                    (0..rows * columns).map(|at| (at * 31 % 97) as f32 / 40.0 - 1.1).collect();
                let mut expected = vec![];
                for x in x.chunks(columns) {
                    for output in 0..outputs {
                        let mut row = vec![0.0; columns];
                        dequantize_row(ggml_type, weights.row(output), &mut row);
                        expected.push(dot(x, &row).to_bits());
                    }
                }
                for isa in Isa::all().filter(|isa| isa.available()) {
                    let found: Vec<u32> =
                        matmul(weights, &x, rows, isa).into_iter().map(f32::to_bits).collect();
                    assert_eq!(found, expected, "{ggml_type:?}, {rows} rows, {}", isa.name());
                }
            }
        }
    }
}
