//! Online softmax: partial results of attention over segments of keys, merged in their order (Dao
//! et al. 2022, <https://arxiv.org/abs/2205.14135>; Milakov and Gimelshein 2018,
//! <https://arxiv.org/abs/1805.02867>).

use std::mem::MaybeUninit;

use crate::kernels::attention::query_block::{AMX_ROWS, MAX_ROWS, QueryBlock};
use crate::kernels::cpu::multiversion;
use crate::kernels::ops::exp::exp_nonpositive;
use crate::kernels::shape::LANES;
use crate::kernels::simd::AlignedF32x16;

/// Partial results of some rows over the segments so far.
#[derive(Default)]
pub struct OnlineSoftmax {
    /// Maximum score of each row.
    pub maxima: Vec<f32>,
    /// Sum of `e^(score − maximum)` of each row.
    pub denominators: Vec<f32>,
    /// Sum of values, each times `e^(score − maximum)`: `[rows, columns]`.
    pub sums: Vec<AlignedF32x16>,
}

impl OnlineSoftmax {
    pub fn clear(&mut self, rows: &QueryBlock<'_>) {
        // AMX tiles are padded to 32 rows; the padding is never read.
        let count =
            if rows.uses_amx_bf16 { rows.count().next_multiple_of(AMX_ROWS) } else { rows.count() };
        for (numbers, nothing) in
            [(&mut self.maxima, f32::NEG_INFINITY), (&mut self.denominators, 0.0)]
        {
            numbers.clear();
            numbers.resize(count, nothing);
        }
        self.sums.clear();
        self.sums.resize(count * rows.kv.columns(), AlignedF32x16::ZERO);
    }

    /// Sets a row's maximum score and the sum of its weights.
    pub fn set_row(&mut self, row: usize, (max, denominator): (f32, f32)) {
        (self.maxima[row], self.denominators[row]) = (max, denominator);
    }

    /// The weighted sums of some rows.
    #[cfg(target_arch = "x86_64")]
    pub fn sums_of_rows(&mut self, row: usize, count: usize) -> &mut [AlignedF32x16] {
        let columns = self.sums.len() / self.maxima.len();
        &mut self.sums[row * columns..(row + count) * columns]
    }

    /// Merges the results of the next segment.
    pub fn merge(&mut self, next: &Self) {
        let columns = self.sums.len() / self.maxima.len().max(1);
        let (rows, chunks) = (MAX_ROWS, (MAX_ROWS * columns).max(1));
        let old = self
            .maxima
            .chunks_mut(rows)
            .zip(self.denominators.chunks_mut(rows))
            .zip(self.sums.chunks_mut(chunks));
        let new = next
            .maxima
            .chunks(rows)
            .zip(next.denominators.chunks(rows))
            .zip(next.sums.chunks(chunks));
        for (((maxima, denominators), sums), ((new_maxima, new_denominators), new_sums)) in
            old.zip(new)
        {
            let mut factors = MergeFactors { old: [0.0; MAX_ROWS], new: [0.0; MAX_ROWS] };
            merge_denominators(maxima, denominators, new_maxima, new_denominators, &mut factors);
            let rows = sums.chunks_mut(columns).zip(new_sums.chunks(columns));
            for ((sums, next), (old, new)) in rows.zip(factors.old.into_iter().zip(factors.new)) {
                rescale_and_add(sums, old, next, new);
            }
        }
    }

    /// Writes a row's result.
    pub fn write(&self, row: usize, out: &mut [MaybeUninit<f32>]) {
        let total = self.denominators[row];
        // A fully masked row gets a zero output.
        let inverse = if total == 0.0 { 0.0 } else { 1.0 / total };
        let columns = self.sums.len() / self.maxima.len();
        for (out, sums) in out.chunks_mut(LANES).zip(&self.sums[row * columns..]) {
            for (out, sum) in out.iter_mut().zip(&sums.0) {
                out.write(sum * inverse);
            }
        }
    }
}

/// Factors of the old and the new sums of up to [`MAX_ROWS`] rows.
struct MergeFactors {
    old: [f32; MAX_ROWS],
    new: [f32; MAX_ROWS],
}

multiversion! {
    /// Merges maxima and denominators of two segments; `factors` are the factors for their sums.
    fn merge_denominators(maxima: &mut [f32], denominators: &mut [f32], next_maxima: &[f32], next_denominators: &[f32], factors: &mut MergeFactors) {
        assert!(maxima.len() <= MAX_ROWS);
        for row in 0..maxima.len() {
            let (before, next) = (maxima[row], next_maxima[row]);
            let new = if next > before { next } else { before };
            let shift = if new == f32::NEG_INFINITY { 0.0 } else { new };
            (factors.old[row], factors.new[row]) = (exp_nonpositive(before - shift), exp_nonpositive(next - shift));
            denominators[row] = next_denominators[row].mul_add(factors.new[row], denominators[row] * factors.old[row]);
            maxima[row] = new;
        }
    }
}

multiversion! {
    /// `sums · old + next · new`.
    fn rescale_and_add(sums: &mut [AlignedF32x16], old: f32, next: &[AlignedF32x16], new: f32) {
        for (sums, next) in sums.iter_mut().zip(next) {
            for lane in 0..LANES {
                sums.0[lane] = next.0[lane].mul_add(new, sums.0[lane] * old);
            }
        }
    }
}
