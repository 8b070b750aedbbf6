//! Attention of some query rows over a segment of keys of one head, in f32: dot products, softmax,
//! weighted sum of values.
//!
//! The result of a row depends only on the row and the segment: neither the rows computed beside it
//! nor the thread that computes it changes a bit.

// Loops over arrays by index are the ones that compilers unroll reliably.
#![allow(clippy::needless_range_loop)]

use std::ops::Range;

use crate::kernels::attention::kv_cache::PAGE_TOKENS;
use crate::kernels::attention::online_softmax::OnlineSoftmax;
use crate::kernels::attention::query_block::{
    FEW_ROWS, PAGES_AT_ONCE, QueryBlock, SEGMENT, floats_of, prefetch_chunks,
};
use crate::kernels::cpu::{best, multiversion};
use crate::kernels::ops::exp::exp_nonpositive;
use crate::kernels::shape::LANES;
use crate::kernels::simd::{AlignedF32x16, F32x16, for_row_blocks, multiversion_simd};

/// Terms of a dot product that are added in sequence before their sum is added to the total: scores
/// are exponents, and a single chain of additions had twice the error.
const CHAIN: usize = 8;

/// Attention of rows over the keys `visible` of a segment.
pub fn accumulate(
    rows: &QueryBlock<'_>,
    segment: usize,
    visible: Range<usize>,
    scratch: &mut Vec<AlignedF32x16>,
    state: &mut OnlineSoftmax,
) {
    let start = segment * SEGMENT;
    let length = rows.count() * SEGMENT / LANES;
    if scratch.len() < length {
        scratch.resize(length, AlignedF32x16::ZERO);
    }
    let scores = &mut scratch[..length];
    let pages = visible.start / PAGE_TOKENS..visible.end.div_ceil(PAGE_TOKENS);
    // SAFETY: `best` returns an instruction set that this CPU has.
    unsafe { dot_products(best(), rows, pages.clone(), start / PAGE_TOKENS, scores) };
    let keys = pages.start * PAGE_TOKENS..pages.end * PAGE_TOKENS;
    for (row, scores) in scores.chunks_exact_mut(SEGMENT / LANES).enumerate() {
        let scores = &mut floats_of(scores)[keys.start - start..keys.end - start];
        state.set_row(row, softmax(rows, row, keys.clone(), scores));
    }
    // SAFETY: as above.
    unsafe {
        add_weighted_values(best(), rows, pages, start / PAGE_TOKENS, scores, &mut state.sums)
    };
}

/// Turns a row's dot products with some keys into softmax numerators. Returns the maximum score and
/// the sum of the numerators.
fn softmax(
    rows: &QueryBlock<'_>,
    row: usize,
    keys: Range<usize>,
    scores: &mut [f32],
) -> (f32, f32) {
    rows.scale_scores(row, keys.clone(), scores);
    rows.apply_mask(row, keys, scores);
    let mut max = 0.0;
    // SAFETY: `best` returns an instruction set that this CPU has.
    unsafe { max_of(best(), scores, &mut max) };
    // If no key is visible, all weights are zero.
    exp_in_place(scores, if max == f32::NEG_INFINITY { 0.0 } else { max });
    let mut total = 0.0;
    // SAFETY: as above.
    unsafe { sum_of(best(), scores, &mut total) };
    (max, total)
}

multiversion! {
    fn exp_in_place(scores: &mut [f32], shift: f32) {
        for score in scores {
            *score = exp_nonpositive(*score - shift);
        }
    }
}

multiversion_simd! {
    /// Dot products of rows with the keys of some pages, `[rows, SEGMENT]`, where page `first` is
    /// at 0.
    ///
    /// # Safety
    /// For this and the other functions here: the CPU has the instruction set.
    unsafe fn dot_products = dot_products_simd(
        rows: &QueryBlock<'_>,
        pages: Range<usize>,
        first: usize,
        scores: &mut [AlignedF32x16],
    );
}

multiversion_simd! {
    /// Adds to `sums` the values of some pages, weighted by `[rows, SEGMENT]`, where page `first`
    /// is at 0.
    unsafe fn add_weighted_values = add_weighted_values_simd(
        rows: &QueryBlock<'_>,
        pages: Range<usize>,
        first: usize,
        weights: &[AlignedF32x16],
        sums: &mut [AlignedF32x16],
    );
}

multiversion_simd! {
    unsafe fn max_of = max_simd(scores: &[f32], max: &mut f32);
}

multiversion_simd! {
    unsafe fn sum_of = sum_simd(scores: &[f32], sum: &mut f32);
}

/// # Safety
/// The CPU has the instruction set of `L`.
#[inline(always)]
unsafe fn max_simd<L: F32x16, const N: usize>(scores: &[f32], max: &mut f32) {
    // SAFETY: upheld by the caller.
    unsafe {
        let mut acc = L::splat(f32::NEG_INFINITY);
        for scores in scores.as_chunks::<LANES>().0 {
            acc = acc.max(L::load(scores.as_ptr()));
        }
        *max = acc.reduce_max();
    }
}

/// # Safety
/// The CPU has the instruction set of `L`.
#[inline(always)]
unsafe fn sum_simd<L: F32x16, const N: usize>(scores: &[f32], sum: &mut f32) {
    // SAFETY: upheld by the caller.
    unsafe {
        let mut acc = L::splat(0.0);
        for scores in scores.as_chunks::<LANES>().0 {
            acc = acc.add(L::load(scores.as_ptr()));
        }
        *sum = acc.reduce_sum();
    }
}

/// # Safety
/// The CPU has the instruction set of `L`.
#[inline(always)]
unsafe fn dot_products_simd<L: F32x16, const N: usize>(
    rows: &QueryBlock<'_>,
    pages: Range<usize>,
    first: usize,
    scores: &mut [AlignedF32x16],
) {
    assert!(
        scores.len() >= rows.count() * SEGMENT / LANES
            && (pages.end - first) * PAGE_TOKENS <= SEGMENT
    );
    let mut page = pages.start;
    while page < pages.end {
        let left = pages.end - page;
        let count = if left >= N { N } else { left.min(2) };
        // With many sequences, keys exceed the caches: prefetch their values and the next keys. The
        // many rows of a prefill compute long enough with each page for the hardware prefetcher.
        let prefetched = if rows.count() <= FEW_ROWS { count } else { 0 };
        for page in page..page + prefetched {
            prefetch_chunks(rows.kv.of_head(page, rows.kv_head).1);
            if page + count < pages.end {
                prefetch_chunks(rows.kv.of_head(page + count, rows.kv_head).0);
            }
        }
        let to = &mut scores[page - first..];
        // SAFETY: upheld by the caller; `scores` has room for each row, as asserted.
        unsafe {
            // Each dot product is two sums: the current chain, and the sum of all earlier ones.
            macro_rules! of_pages {
                ($count:tt) => {{
                    let keys = std::array::from_fn(|at| rows.kv.of_head(page + at, rows.kv_head).0);
                    for_row_blocks!([1 2 3], rows.count(), |row, R| dot_products_block::<L, $count, R>(rows, row, keys, to));
                }};
            }
            if count == N {
                of_pages!(N);
            } else if count == 2 {
                of_pages!(2);
            } else {
                of_pages!(1);
            }
        }
        page += count;
    }
}

/// Dot products of `R` rows with `N` pages of keys.
///
/// # Safety
/// The CPU has the instruction set of `L`; `keys` have `head_dim` vectors each, and `scores` has
/// room for each row and page.
#[inline(always)]
unsafe fn dot_products_block<L: F32x16, const N: usize, const R: usize>(
    rows: &QueryBlock<'_>,
    row: usize,
    keys: [&[AlignedF32x16]; N],
    scores: &mut [AlignedF32x16],
) {
    let size = rows.shape.head_dim;
    let mut queries = [std::ptr::null(); R];
    for r in 0..R {
        queries[r] = rows.query(row + r).as_ptr();
    }
    // SAFETY: upheld by the caller.
    unsafe {
        let mut sums = [[L::splat(0.0); N]; R];
        let mut at = 0;
        while at < size {
            let mut chain = [[L::splat(0.0); N]; R];
            for at in at..size.min(at + CHAIN) {
                let mut key = [L::splat(0.0); N];
                for n in 0..N {
                    key[n] = L::load(keys[n].as_ptr().add(at).cast());
                }
                for r in 0..R {
                    let query = L::splat(*queries[r].add(at));
                    for n in 0..N {
                        chain[r][n] = chain[r][n].mul_acc(key[n], query);
                    }
                }
            }
            for r in 0..R {
                for n in 0..N {
                    sums[r][n] = sums[r][n].add(chain[r][n]);
                }
            }
            at += CHAIN;
        }
        let to = scores.as_mut_ptr().add(row * (SEGMENT / LANES));
        for r in 0..R {
            for n in 0..N {
                sums[r][n].store(to.add(r * (SEGMENT / LANES) + n).cast());
            }
        }
    }
}

/// # Safety
/// The CPU has the instruction set of `L`.
#[inline(always)]
unsafe fn add_weighted_values_simd<L: F32x16, const N: usize>(
    rows: &QueryBlock<'_>,
    pages: Range<usize>,
    first: usize,
    weights: &[AlignedF32x16],
    sums: &mut [AlignedF32x16],
) {
    let columns = rows.kv.columns();
    assert!(
        weights.len() >= rows.count() * SEGMENT / LANES && sums.len() >= rows.count() * columns
    );
    assert!((pages.end - first) * PAGE_TOKENS <= SEGMENT);
    let visible = rows.visible_to_any();
    for block in pages.clone().step_by(PAGES_AT_ONCE) {
        let block = block..pages.end.min(block + PAGES_AT_ONCE);
        let mut column = 0;
        while column < columns {
            let count = if columns - column >= N { N } else { 1 };
            let part =
                ValueBlock { pages: block.clone(), first, end: visible.end, column, columns };
            // SAFETY: upheld by the caller, and as asserted.
            unsafe {
                if count == N {
                    for_row_blocks!([1 2 3 4 5 6], rows.count(), |row, R| weighted_values_block::<L, N, R>(rows, row, &part, weights, sums));
                } else {
                    for_row_blocks!([1 2 3 4 5 6], rows.count(), |row, R| weighted_values_block::<L, 1, R>(rows, row, &part, weights, sums));
                }
            }
            column += count;
        }
    }
}

/// Values that are added together.
struct ValueBlock {
    pages: Range<usize>,
    /// First page of the segment.
    first: usize,
    /// End of the visible keys.
    end: usize,
    column: usize,
    columns: usize,
}

/// Weighted sum of `N` columns for `R` rows.
///
/// # Safety
/// The CPU has the instruction set of `L`; `weights` and `sums` have room for each row, [`SEGMENT`]
/// weights and all columns.
#[inline(always)]
unsafe fn weighted_values_block<L: F32x16, const N: usize, const R: usize>(
    rows: &QueryBlock<'_>,
    row: usize,
    part: &ValueBlock,
    weights: &[AlignedF32x16],
    sums: &mut [AlignedF32x16],
) {
    let ValueBlock { first, end, column, columns, .. } = *part;
    // SAFETY: upheld by the caller.
    unsafe {
        let to = sums.as_mut_ptr().add(row * columns + column).cast::<f32>();
        let mut sums = [[L::splat(0.0); N]; R];
        for r in 0..R {
            for n in 0..N {
                sums[r][n] = L::load(to.add((r * columns + n) * LANES));
            }
        }
        for page in part.pages.clone() {
            let values = rows.kv.of_head(page, rows.kv_head).1.as_ptr().add(column).cast::<f32>();
            let weights =
                weights.as_ptr().add(row * (SEGMENT / LANES) + page - first).cast::<f32>();
            for key in 0..PAGE_TOKENS.min(end - page * PAGE_TOKENS) {
                let mut value = [L::splat(0.0); N];
                for n in 0..N {
                    value[n] = L::load(values.add((key * columns + n) * LANES));
                }
                for r in 0..R {
                    let weight = L::splat(*weights.add(r * SEGMENT + key));
                    for n in 0..N {
                        sums[r][n] = sums[r][n].mul_acc(value[n], weight);
                    }
                }
            }
        }
        for r in 0..R {
            for n in 0..N {
                sums[r][n].store(to.add((r * columns + n) * LANES));
            }
        }
    }
}
