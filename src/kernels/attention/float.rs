//! Attention of some query rows over the keys of one head: dot products, softmax, weighed sums of
//! values.
//!
//! Keys come [`SEGMENT`] at a time. What a row gathers from a segment depends on nothing but the
//! row and the segment, and segments are put together in their order (as in Dao et al. 2022, <https://arxiv.org/abs/2205.14135>, and Milakov and Gimelshein 2018,
//! <https://arxiv.org/abs/1805.02867>): so neither the rows it is computed beside, nor which thread computed what, changes a bit.

// Loops over arrays by their index are those that compilers unroll for certain.
#![allow(clippy::needless_range_loop)]

use std::ops::Range;

use crate::kernels::attention::kv_cache::PAGE;
use crate::kernels::attention::online_softmax::Gathered;
use crate::kernels::attention::query_block::{
    FEW, PAGES_AT_ONCE, Rows, SEGMENT, ask_for_chunks, floats_of,
};
use crate::kernels::cpu::{best, on_best_isa};
use crate::kernels::ops::exp::power;
use crate::kernels::shape::LANES;
use crate::kernels::simd::{Chunk, Lanes, by_block, on_lanes};

/// Numbers of a dot product that are added up one after the other before they are added to the
/// rest: large scores are exponents, and one long chain of additions was off by twice as much.
const CHAIN: usize = 8;

/// Attends from rows to the keys `seen` of a segment.
pub fn gather(
    rows: &Rows<'_>,
    segment: usize,
    seen: Range<usize>,
    scratch: &mut Vec<Chunk>,
    gathered: &mut Gathered,
) {
    let start = segment * SEGMENT;
    let length = rows.count() * SEGMENT / LANES;
    if scratch.len() < length {
        scratch.resize(length, Chunk::ZERO);
    }
    let scores = &mut scratch[..length];
    let pages = seen.start / PAGE..seen.end.div_ceil(PAGE);
    // SAFETY: `best` has asked the processor.
    unsafe { products(best(), rows, pages.clone(), start / PAGE, scores) };
    let keys = pages.start * PAGE..pages.end * PAGE;
    for (row, scores) in scores.chunks_exact_mut(SEGMENT / LANES).enumerate() {
        let scores = &mut floats_of(scores)[keys.start - start..keys.end - start];
        gathered.take(row, soften(rows, row, keys.clone(), scores));
    }
    // SAFETY: as above.
    unsafe { sum_values(best(), rows, pages, start / PAGE, scores, &mut gathered.sums) };
}

/// Makes a row's dot products with some keys weights: the largest score, and the sum of the
/// weights.
fn soften(rows: &Rows<'_>, row: usize, keys: Range<usize>, scores: &mut [f32]) -> (f32, f32) {
    rows.score(row, keys.clone(), scores);
    rows.hide(row, keys, scores);
    let mut largest = 0.0;
    // SAFETY: `best` has asked the processor.
    unsafe { largest_of(best(), scores, &mut largest) };
    // Where nothing is seen, all weights are zero.
    powers(scores, if largest == f32::NEG_INFINITY { 0.0 } else { largest });
    let mut total = 0.0;
    // SAFETY: as above.
    unsafe { sum_of(best(), scores, &mut total) };
    (largest, total)
}

on_best_isa! {
    fn powers(scores: &mut [f32], less: f32) {
        for score in scores {
            *score = power(*score - less);
        }
    }
}

on_lanes! {
    /// Dot products of rows with keys of some pages, `[rows, SEGMENT]` from page `first` on.
    ///
    /// # Safety
    /// Of all functions here: the processor has the instruction set.
    unsafe fn products = products_by(
        rows: &Rows<'_>,
        pages: Range<usize>,
        first: usize,
        scores: &mut [Chunk],
    );
}

on_lanes! {
    /// Sums values of some pages, each times its weight of `[rows, SEGMENT]` from page `first` on, and adds them to `sums`.
    unsafe fn sum_values = sum_values_by(
        rows: &Rows<'_>,
        pages: Range<usize>,
        first: usize,
        weights: &[Chunk],
        sums: &mut [Chunk],
    );
}

on_lanes! {
    unsafe fn largest_of = largest_by(scores: &[f32], largest: &mut f32);
}

on_lanes! {
    unsafe fn sum_of = sum_by(scores: &[f32], sum: &mut f32);
}

/// # Safety
/// The processor has the instruction set of `L`.
#[inline(always)]
unsafe fn largest_by<L: Lanes, const N: usize>(scores: &[f32], largest: &mut f32) {
    // SAFETY: by the caller's word.
    unsafe {
        let mut all = L::splat(f32::NEG_INFINITY);
        for scores in scores.as_chunks::<LANES>().0 {
            all = all.larger(L::load(scores.as_ptr()));
        }
        *largest = all.largest();
    }
}

/// # Safety
/// The processor has the instruction set of `L`.
#[inline(always)]
unsafe fn sum_by<L: Lanes, const N: usize>(scores: &[f32], sum: &mut f32) {
    // SAFETY: by the caller's word.
    unsafe {
        let mut all = L::splat(0.0);
        for scores in scores.as_chunks::<LANES>().0 {
            all = all.plus(L::load(scores.as_ptr()));
        }
        *sum = all.sum();
    }
}

/// # Safety
/// The processor has the instruction set of `L`.
#[inline(always)]
unsafe fn products_by<L: Lanes, const N: usize>(
    rows: &Rows<'_>,
    pages: Range<usize>,
    first: usize,
    scores: &mut [Chunk],
) {
    assert!(
        scores.len() >= rows.count() * SEGMENT / LANES && (pages.end - first) * PAGE <= SEGMENT
    );
    let mut page = pages.start;
    while page < pages.end {
        let left = pages.end - page;
        let some = if left >= N { N } else { left.min(2) };
        // Many texts at a time have more keys than caches hold: while these are read, their values
        // and the keys after them are brought. The many rows of a prompt compute long
        // enough with each page for it to come by itself.
        let asked = if rows.count() <= FEW { some } else { 0 };
        for page in page..page + asked {
            ask_for_chunks(rows.past.of_head(page, rows.kv_head).1);
            if page + some < pages.end {
                ask_for_chunks(rows.past.of_head(page + some, rows.kv_head).0);
            }
        }
        let to = &mut scores[page - first..];
        // SAFETY: by the caller's word; scores have a place for each row, as asserted.
        unsafe {
            // Each dot product is in two sums, that of the chain and that of all before it.
            macro_rules! of_pages {
                ($count:tt) => {{
                    let keys = std::array::from_fn(|at| rows.past.of_head(page + at, rows.kv_head).0);
                    by_block!([1 2 3], rows.count(), |row, R| products_of::<L, $count, R>(rows, row, keys, to));
                }};
            }
            if some == N {
                of_pages!(N);
            } else if some == 2 {
                of_pages!(2);
            } else {
                of_pages!(1);
            }
        }
        page += some;
    }
}

/// Dot products of `R` rows with `N` pages of keys.
///
/// # Safety
/// The processor has the instruction set of `L`; keys have `head_dim` registers each, and scores a
/// place for each row and page.
#[inline(always)]
unsafe fn products_of<L: Lanes, const N: usize, const R: usize>(
    rows: &Rows<'_>,
    row: usize,
    keys: [&[Chunk]; N],
    scores: &mut [Chunk],
) {
    let size = rows.shape.head_dim;
    let mut queries = [std::ptr::null(); R];
    for r in 0..R {
        queries[r] = rows.query(row + r).as_ptr();
    }
    // SAFETY: by the caller's word.
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
                        chain[r][n] = chain[r][n].add_product(key[n], query);
                    }
                }
            }
            for r in 0..R {
                for n in 0..N {
                    sums[r][n] = sums[r][n].plus(chain[r][n]);
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
/// The processor has the instruction set of `L`.
#[inline(always)]
unsafe fn sum_values_by<L: Lanes, const N: usize>(
    rows: &Rows<'_>,
    pages: Range<usize>,
    first: usize,
    weights: &[Chunk],
    sums: &mut [Chunk],
) {
    let columns = rows.past.columns();
    assert!(
        weights.len() >= rows.count() * SEGMENT / LANES && sums.len() >= rows.count() * columns
    );
    assert!((pages.end - first) * PAGE <= SEGMENT);
    let seen = rows.seen_by_any();
    for block in pages.clone().step_by(PAGES_AT_ONCE) {
        let block = block..pages.end.min(block + PAGES_AT_ONCE);
        let mut column = 0;
        while column < columns {
            let some = if columns - column >= N { N } else { 1 };
            let part = Part { pages: block.clone(), first, end: seen.end, column, columns };
            // SAFETY: by the caller's word, and as asserted.
            unsafe {
                if some == N {
                    by_block!([1 2 3 4 5 6], rows.count(), |row, R| sum_part::<L, N, R>(rows, row, &part, weights, sums));
                } else {
                    by_block!([1 2 3 4 5 6], rows.count(), |row, R| sum_part::<L, 1, R>(rows, row, &part, weights, sums));
                }
            }
            column += some;
        }
    }
}

/// Values that are summed at once.
struct Part {
    pages: Range<usize>,
    /// The segment's first page.
    first: usize,
    /// Keys that anybody sees.
    end: usize,
    column: usize,
    columns: usize,
}

/// `N` columns of `R` rows.
///
/// # Safety
/// The processor has the instruction set of `L`; weights and sums have a place for each row, as
/// long as [`SEGMENT`] and as all columns.
#[inline(always)]
unsafe fn sum_part<L: Lanes, const N: usize, const R: usize>(
    rows: &Rows<'_>,
    row: usize,
    part: &Part,
    weights: &[Chunk],
    sums: &mut [Chunk],
) {
    let Part { first, end, column, columns, .. } = *part;
    // SAFETY: by the caller's word.
    unsafe {
        let to = sums.as_mut_ptr().add(row * columns + column).cast::<f32>();
        let mut sums = [[L::splat(0.0); N]; R];
        for r in 0..R {
            for n in 0..N {
                sums[r][n] = L::load(to.add((r * columns + n) * LANES));
            }
        }
        for page in part.pages.clone() {
            let values = rows.past.of_head(page, rows.kv_head).1.as_ptr().add(column).cast::<f32>();
            let weights =
                weights.as_ptr().add(row * (SEGMENT / LANES) + page - first).cast::<f32>();
            for key in 0..PAGE.min(end - page * PAGE) {
                let mut value = [L::splat(0.0); N];
                for n in 0..N {
                    value[n] = L::load(values.add((key * columns + n) * LANES));
                }
                for r in 0..R {
                    let weight = L::splat(*weights.add(r * SEGMENT + key));
                    for n in 0..N {
                        sums[r][n] = sums[r][n].add_product(value[n], weight);
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
