//! Attention of some query rows over the keys of one head: dot products, softmax, weighed sum of values.
//!
//! Rows go over the keys together, so that each key and value is fetched once for all of them; what is computed for a row does not depend
//! on the others: its dot product in [`LANES`] sums, then key by key. Scores lie `[keys, rows]`, so that a register holds several rows.

// Loops over arrays by their index are those that compilers unroll for certain.
#![allow(clippy::needless_range_loop)]

#[cfg(target_arch = "x86_64")]
use std::arch::x86_64::__m512;
use std::ops::Range;

use super::{Attention, RelativeBias};
use crate::kernels::exponential::{exp, tanh};
use crate::kernels::isa::{Isa, best, on_best_isa};
use crate::kernels::lanes::Lanes;
#[cfg(target_arch = "x86_64")]
use crate::kernels::lanes::Two;
use crate::kernels::matmul::LANES;

/// The most rows that go together.
pub(super) const ROWS: usize = 16;
/// Keys whose values stay in the first-level cache while all rows take them.
const KEYS_AT_ONCE: usize = 64;
/// Rows are made up to a multiple of this: what the widest registers take at once.
const BLOCK: usize = 4;

/// What some rows attend to.
pub(super) struct Keys<'t> {
    pub shape: &'t Attention,
    pub bias: Option<&'t RelativeBias>,
    pub kv_head: usize,
    /// `[keys, kv_heads, head_dim]`.
    pub keys: &'t [f32],
    pub values: &'t [f32],
}

/// A query: its numbers, its head and its position.
#[derive(Clone, Copy)]
pub(super) struct Row<'t> {
    pub query: &'t [f32],
    pub head: usize,
    pub position: usize,
}

/// Attends from up to [`ROWS`] rows; `out` is `[rows, head_dim]`, `scores` memory to work with.
pub(super) fn attend(keys: &Keys<'_>, rows: &[Row<'_>], scores: &mut Vec<f32>, out: &mut [f32]) {
    let width = rows.len().next_multiple_of(BLOCK);
    let count = keys.keys.len() / (keys.shape.kv_heads * keys.shape.head_dim);
    let seen = |row: &Row<'_>| {
        let seen = keys.shape.visible(row.position, count);
        seen.start.min(count)..seen.end.min(count)
    };
    let first = rows.iter().map(|row| seen(row).start).min().unwrap_or(0);
    let end = rows.iter().map(|row| seen(row).end).max().unwrap_or(0);
    if end <= first {
        // What sees nothing learns nothing.
        return;
    }
    if scores.len() < (end - first) * width {
        scores.resize((end - first) * width, 0.0);
    }
    let scores = &mut scores[..(end - first) * width];
    let mut totals = [0f32; ROWS];
    match width {
        4 => weigh::<4>(keys, rows, first, scores, &mut totals),
        8 => weigh::<8>(keys, rows, first, scores, &mut totals),
        12 => weigh::<12>(keys, rows, first, scores, &mut totals),
        _ => weigh::<16>(keys, rows, first, scores, &mut totals),
    }
    let size = keys.shape.head_dim;
    sum_values(keys, first, scores, width, out);
    for (out, total) in out.chunks_exact_mut(size).zip(totals) {
        let inverse = 1.0 / total;
        out.iter_mut().for_each(|out| *out *= inverse);
    }
}

/// Scores of rows over keys from `first` on, made exponentials of their distance to the largest; and their sums.
fn weigh<const WIDTH: usize>(
    keys: &Keys<'_>,
    rows: &[Row<'_>],
    first: usize,
    scores: &mut [f32],
    totals: &mut [f32; ROWS],
) {
    let Keys { shape, bias, .. } = keys;
    products(keys, rows, first, scores);
    let (scores, _) = scores.as_chunks_mut::<WIDTH>();
    scale(scores.as_flattened_mut(), shape.scale);
    if let Some(limit) = shape.cap {
        cap(scores.as_flattened_mut(), limit);
    }
    let count = keys.keys.len() / (shape.kv_heads * shape.head_dim);
    for (index, row) in rows.iter().enumerate() {
        let seen = shape.visible(row.position, count);
        if let Some(bias) = bias {
            for at in seen.clone() {
                scores[at - first][index] += bias.at(row.head, row.position, at);
            }
        }
        let end = first + scores.len();
        for at in (first..seen.start).chain(seen.end..end) {
            scores[at - first][index] = f32::NEG_INFINITY;
        }
    }
    match scores.as_flattened_mut() {
        scores if WIDTH == 4 => soften_4(scores, totals),
        scores if WIDTH == 8 => soften_8(scores, totals),
        scores if WIDTH == 12 => soften_12(scores, totals),
        scores => soften_16(scores, totals),
    }
}

on_best_isa! {
    fn scale(scores: &mut [f32], by: f32) {
        for score in scores {
            *score *= by;
        }
    }
}

on_best_isa! {
    /// `limit · tanh(score / limit)`.
    fn cap(scores: &mut [f32], limit: f32) {
        for score in scores {
            *score = limit * tanh(*score / limit);
        }
    }
}

/// Exponentials of scores `[keys, WIDTH]` less the largest of each column, and their sums from the first key to the last.
#[inline(always)]
fn soften<const WIDTH: usize>(scores: &mut [f32], totals: &mut [f32; ROWS]) {
    let (scores, _) = scores.as_chunks_mut::<WIDTH>();
    let mut largest = [f32::NEG_INFINITY; WIDTH];
    for scores in scores.iter() {
        for row in 0..WIDTH {
            largest[row] = if scores[row] > largest[row] { scores[row] } else { largest[row] };
        }
    }
    for scores in scores.iter_mut() {
        for row in 0..WIDTH {
            scores[row] = exp(scores[row] - largest[row]);
        }
    }
    let mut sums = [0f32; WIDTH];
    for scores in scores.iter() {
        for row in 0..WIDTH {
            sums[row] += scores[row];
        }
    }
    totals[..WIDTH].copy_from_slice(&sums);
}

on_best_isa! {
    fn soften_4(scores: &mut [f32], totals: &mut [f32; ROWS]) {
        soften::<4>(scores, totals);
    }
}
on_best_isa! {
    fn soften_8(scores: &mut [f32], totals: &mut [f32; ROWS]) {
        soften::<8>(scores, totals);
    }
}
on_best_isa! {
    fn soften_12(scores: &mut [f32], totals: &mut [f32; ROWS]) {
        soften::<12>(scores, totals);
    }
}
on_best_isa! {
    fn soften_16(scores: &mut [f32], totals: &mut [f32; ROWS]) {
        soften::<16>(scores, totals);
    }
}

/// A function over [`Lanes`], compiled for each instruction set.
macro_rules! on_best_lanes {
    ($(#[$doc:meta])* fn $name:ident = $kernel:ident($($argument:ident: $type:ty),* $(,)?);) => {
        $(#[$doc])*
        fn $name($($argument: $type),*) {
            #[cfg(target_arch = "x86_64")]
            #[target_feature(enable = "avx2,fma")]
            fn avx2($($argument: $type),*) {
                // SAFETY: compiled for the instruction set.
                unsafe { $kernel::<Two, 2>($($argument),*) }
            }

            #[cfg(target_arch = "x86_64")]
            #[target_feature(enable = "avx512f,avx512bw,avx512vl,avx512dq,fma")]
            fn avx512($($argument: $type),*) {
                // SAFETY: as above.
                unsafe { $kernel::<__m512, 4>($($argument),*) }
            }

            match best() {
                // SAFETY: every processor can do this.
                Isa::Plain => unsafe { $kernel::<[f32; LANES], 1>($($argument),*) },
                #[cfg(target_arch = "x86_64")]
                // SAFETY: `best` has asked the processor.
                Isa::Avx2 => unsafe { avx2($($argument),*) },
                #[cfg(target_arch = "x86_64")]
                // SAFETY: as above.
                Isa::Vnni | Isa::Amx => unsafe { avx512($($argument),*) },
            }
        }
    };
}

on_best_lanes! {
    /// Dot products of rows with keys from `first` on, `[keys, rows]`.
    fn products = products_by(keys: &Keys<'_>, rows: &[Row<'_>], first: usize, scores: &mut [f32]);
}

on_best_lanes! {
    /// Adds the values from `first` on, each times its weight of `[keys, width]`, to every row of `out`, key by key.
    fn sum_values = sum_values_by(keys: &Keys<'_>, first: usize, weights: &[f32], width: usize, out: &mut [f32]);
}

/// # Safety
/// The processor has the instruction set of `L`.
#[inline(always)]
unsafe fn products_by<L: Lanes, const N: usize>(
    keys: &Keys<'_>,
    rows: &[Row<'_>],
    first: usize,
    scores: &mut [f32],
) {
    let (size, width) = (keys.shape.head_dim, rows.len().next_multiple_of(BLOCK));
    let count = scores.len() / width;
    let of_key = |at: usize| {
        let from = ((first + at.min(count - 1)) * keys.shape.kv_heads + keys.kv_head) * size;
        &keys.keys[from..from + size]
    };
    // What is beyond the last row or key is that one again.
    let of_row = |at: usize| &rows[at.min(rows.len() - 1)].query[..size];
    for at in (0..count).step_by(N) {
        let mut k = [of_key(at); N];
        for i in 0..N {
            k[i] = of_key(at + i);
        }
        for row in (0..width).step_by(N) {
            let mut q = [of_row(row); N];
            for i in 0..N {
                q[i] = of_row(row + i);
            }
            // SAFETY: by the caller's word; all are of one size.
            let sums = unsafe { dots::<L, N>(q, k, size) };
            for (index, sums) in sums.iter().enumerate().take(count - at) {
                scores[(at + index) * width + row..][..N].copy_from_slice(sums);
            }
        }
    }
}

/// The dot products of each query with each key, `[keys, queries]`.
///
/// # Safety
/// The processor has the instruction set of `L`; all have `size` numbers.
#[inline(always)]
unsafe fn dots<L: Lanes, const N: usize>(q: [&[f32]; N], k: [&[f32]; N], size: usize) -> [[f32; N]; N] {
    // SAFETY: by the caller's word; 16 numbers from `at` on.
    unsafe {
        let mut sums = [[L::splat(0.0); N]; N];
        let whole = size / LANES * LANES;
        for at in (0..whole).step_by(LANES) {
            let mut keys = [L::splat(0.0); N];
            for i in 0..N {
                keys[i] = L::load(k[i].as_ptr().add(at));
            }
            for row in 0..N {
                let query = L::load(q[row].as_ptr().add(at));
                for key in 0..N {
                    sums[row][key] = sums[row][key].add_product(query, keys[key]);
                }
            }
        }
        let mut out = L::sums(sums);
        if whole < size {
            for (key, out) in out.iter_mut().enumerate() {
                for (row, out) in out.iter_mut().enumerate() {
                    let mut rest = 0f32;
                    for (q, k) in q[row][whole..].iter().zip(&k[key][whole..]) {
                        rest = q.mul_add(*k, rest);
                    }
                    *out += rest;
                }
            }
        }
        out
    }
}

/// # Safety
/// The processor has the instruction set of `L`.
#[inline(always)]
unsafe fn sum_values_by<L: Lanes, const N: usize>(
    keys: &Keys<'_>,
    first: usize,
    weights: &[f32],
    width: usize,
    out: &mut [f32],
) {
    let (size, stride) = (keys.shape.head_dim, keys.shape.kv_heads * keys.shape.head_dim);
    let values = &keys.values[first * stride + keys.kv_head * size..];
    let (count, rows) = (weights.len() / width, out.len() / size);
    assert!(count == 0 || (values.len() >= (count - 1) * stride + size && rows <= width));
    for block in (0..count).step_by(KEYS_AT_ONCE) {
        let block = block..count.min(block + KEYS_AT_ONCE);
        for row in (0..rows).step_by(N) {
            let some = N.min(rows - row);
            let mut from = 0;
            // SAFETY: by the caller's word; within a row of each, as asserted.
            unsafe {
                while from + N * LANES <= size {
                    let to = out.as_mut_ptr().add(row * size + from);
                    sum_part::<L, N, N>(
                        values,
                        from,
                        stride,
                        weights,
                        width,
                        row,
                        block.clone(),
                        to,
                        size,
                        some,
                    );
                    from += N * LANES;
                }
                while from + LANES <= size {
                    let to = out.as_mut_ptr().add(row * size + from);
                    sum_part::<L, N, 1>(
                        values,
                        from,
                        stride,
                        weights,
                        width,
                        row,
                        block.clone(),
                        to,
                        size,
                        some,
                    );
                    from += LANES;
                }
            }
            for at in block.clone().filter(|_| from < size) {
                let v = &values[at * stride..][from..size];
                for row in row..row + some {
                    let weight = weights[at * width + row];
                    for (out, v) in out[row * size..][from..size].iter_mut().zip(v) {
                        *out = v.mul_add(weight, *out);
                    }
                }
            }
        }
    }
}

/// `COUNT` times 16 numbers from `from` on of `N` rows from `row` on, of which `some` are there.
///
/// # Safety
/// The processor has the instruction set of `L`; numbers and weights are there.
#[inline(always)]
#[allow(clippy::too_many_arguments)]
unsafe fn sum_part<L: Lanes, const N: usize, const COUNT: usize>(
    values: &[f32],
    from: usize,
    stride: usize,
    weights: &[f32],
    width: usize,
    row: usize,
    keys: Range<usize>,
    to: *mut f32,
    size: usize,
    some: usize,
) {
    // SAFETY: by the caller's word. `width` is a multiple of `N`, so that rows that are not there have weights.
    unsafe {
        let mut sums = [[L::splat(0.0); COUNT]; N];
        for i in 0..some {
            for n in 0..COUNT {
                sums[i][n] = L::load(to.add(i * size + n * LANES));
            }
        }
        for at in keys {
            let v = values.as_ptr().add(at * stride + from);
            let weights = weights.as_ptr().add(at * width + row);
            let mut numbers = [L::splat(0.0); COUNT];
            for n in 0..COUNT {
                numbers[n] = L::load(v.add(n * LANES));
            }
            for i in 0..N {
                let weight = L::splat(*weights.add(i));
                for n in 0..COUNT {
                    sums[i][n] = sums[i][n].add_product(numbers[n], weight);
                }
            }
        }
        for i in 0..some {
            for n in 0..COUNT {
                sums[i][n].store(to.add(i * size + n * LANES));
            }
        }
    }
}
