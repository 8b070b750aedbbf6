//! Attention over a segment of keys by AMX, in bf16: for prefills on CPUs with AMX.
//!
//! bf16 is too coarse for scores, which are exponents. So queries and keys are split into two bf16
//! values each, the rounded number and the remainder, and a product is the sum of three; the
//! fourth, lo · lo, is at maxima 1/32,000 of it. Softmax weights and values are single bf16
//! values, since the result is rounded to bf16 anyway before the output projection. Sums are in one
//! order, 32 columns or keys at a time, so a row has the same bits whatever is computed beside it.

#![cfg(target_arch = "x86_64")]
// Loops over arrays by index are the ones that compilers vectorize reliably.
#![allow(clippy::needless_range_loop)]

use std::arch::x86_64::*;
use std::ops::Range;

use crate::kernels::amx::{
    AmxTiles, BTile, PAIR, TILE_K, TILE_ROWS, TileRow, bf16_pairs, canonical_nan, f32_to_bf16,
};
use crate::kernels::attention::kv_cache::PAGE_TOKENS;
use crate::kernels::attention::online_softmax::OnlineSoftmax;
use crate::kernels::attention::query_block::{AMX_ROWS, QueryBlock, SEGMENT, floats_of};
use crate::kernels::ops::exp::exp_nonpositive;
use crate::kernels::shape::LANES;
use crate::kernels::simd::AlignedF32x16;
use crate::kernels::simd::sum_lanes;
use crate::kernels::threads::Zero;

/// Tiles for 32 columns of split numbers: rounded numbers, and remainders.
const SPLIT: usize = 2;
/// Keys whose values share a tile.
const KEYS_PER_TILE: usize = TILE_K;
const _: () = assert!(KEYS_PER_TILE == PAIR * PAGE_TOKENS && AMX_ROWS == PAIR * TILE_ROWS);

/// Memory of a call.
#[derive(Default)]
pub struct BlockScratch {
    /// `[rows / 16][head_dim / 32][SPLIT][16]`.
    queries: Vec<TileRow>,
    /// `[pages][head_dim / 32][SPLIT]`.
    keys: Vec<BTile>,
    /// `[columns][keys / 32]`.
    values: Vec<BTile>,
    /// For 32 rows, `[SEGMENT]`.
    scores: Vec<AlignedF32x16>,
    /// `[2][keys / 32][16]`.
    weights: Vec<TileRow>,
}

/// True if heads of this size fill whole tiles.
pub fn fits(head_dim: usize) -> bool {
    head_dim.is_multiple_of(TILE_K)
}

impl BlockScratch {
    /// Splits the queries of some rows, which then accumulate one segment after the other. Their
    /// heads must fill whole tiles.
    ///
    /// # Safety
    /// The CPU has AMX.
    #[target_feature(enable = "avx512f,avx512bw")]
    pub unsafe fn begin(&mut self, rows: &QueryBlock<'_>) {
        let tile_rows = SPLIT * rows.shape.head_dim / TILE_K * TILE_ROWS;
        self.queries.clear();
        self.queries
            .resize(rows.count().next_multiple_of(AMX_ROWS) / TILE_ROWS * tile_rows, TileRow::ZERO);
        for row in 0..rows.count() {
            split_row(
                rows.query(row),
                row % TILE_ROWS,
                &mut self.queries[row / TILE_ROWS * tile_rows..][..tile_rows],
            );
        }
    }

    /// Loads keys and values of an even number of pages; missing pages are zero.
    #[target_feature(enable = "avx512f,avx512bw")]
    fn load_kv(&mut self, rows: &QueryBlock<'_>, pages: Range<usize>) {
        let (k_tiles, columns, steps) =
            (rows.shape.head_dim / TILE_K, rows.kv.columns(), pages.len() / PAIR);
        self.keys.resize(pages.len() * SPLIT * k_tiles, BTile::ZERO);
        for (page, to) in pages.clone().zip(self.keys.chunks_exact_mut(SPLIT * k_tiles)) {
            match rows.kv.head_of_page_if_any(page, rows.kv_head) {
                Some((keys, _)) => split_keys(keys, to),
                None => to.fill(BTile::ZERO),
            }
        }
        self.values.resize(columns * steps, BTile::ZERO);
        for (step, first) in pages.clone().step_by(PAIR).enumerate() {
            let values = [first, first + 1].map(|page| {
                rows.kv
                    .head_of_page_if_any(page, rows.kv_head)
                    .map_or(&[][..], |(_, values)| values)
            });
            // Positions beyond the last key were truncated, or never written.
            let keys = rows.keys.saturating_sub(first * PAGE_TOKENS);
            for (column, to) in self.values.chunks_exact_mut(steps).enumerate() {
                round_values(values, keys, column, columns, &mut to[step]);
            }
        }
    }

    /// Attention of the rows passed to [`BlockScratch::begin`] over the `visible` keys of a
    /// segment.
    ///
    /// # Safety
    /// The CPU has AMX and the process may use it; this thread is not using it already.
    #[target_feature(enable = "avx512f,avx512bw,avx512vl,avx512dq,fma")]
    pub unsafe fn accumulate(
        &mut self,
        rows: &QueryBlock<'_>,
        segment: usize,
        visible: Range<usize>,
        state: &mut OnlineSoftmax,
    ) {
        let size = rows.shape.head_dim;
        let (count, columns) = (rows.count(), rows.kv.columns());
        let (start, k_tiles) = (segment * SEGMENT, size / TILE_K);
        assert!(fits(size) && visible.start >= start && visible.end <= start + SEGMENT);
        let pages =
            visible.start / KEYS_PER_TILE * PAIR..visible.end.div_ceil(KEYS_PER_TILE) * PAIR;
        let keys = pages.start * PAGE_TOKENS..pages.end * PAGE_TOKENS;
        let row_tiles = count.next_multiple_of(AMX_ROWS) / TILE_ROWS;
        let steps = keys.len() / KEYS_PER_TILE;
        if steps == 0 {
            return;
        }

        self.load_kv(rows, pages.clone());
        self.scores.resize(PAIR * TILE_ROWS * SEGMENT / PAGE_TOKENS, AlignedF32x16::ZERO);
        self.weights.resize(PAIR * steps * TILE_ROWS, TileRow::ZERO);

        // SAFETY: upheld by the caller.
        let amx = unsafe { AmxTiles::begin() };
        for row_tile in (0..row_tiles).step_by(PAIR) {
            let queries = [0, 1]
                .map(|at| self.queries[(row_tile + at) * SPLIT * k_tiles * TILE_ROWS..].as_ptr());
            let line = SEGMENT / PAGE_TOKENS;
            for page in (0..pages.len()).step_by(PAIR) {
                let keys = [0, 1].map(|at| self.keys[(page + at) * SPLIT * k_tiles..].as_ptr());
                let scores = self.scores.as_mut_ptr();
                let sums = [(0, 0), (0, 1), (1, 0), (1, 1)]
                    .map(|(row, at)| scores.wrapping_add(row * TILE_ROWS * line + page + at));
                let bytes = line * size_of::<AlignedF32x16>();
                // SAFETY: queries and keys have as many tiles, and `scores` has room for 32 rows.
                unsafe { amx.matmul_2x2_split(keys, queries, k_tiles, sums, bytes) };
            }
            let first = row_tile * TILE_ROWS;
            for row in first..count.min(first + PAIR * TILE_ROWS) {
                let scores =
                    &mut floats_of(&mut self.scores[(row - first) * line..][..line])[..keys.len()];
                // The softmax can scale the scores itself if nothing comes between.
                let plain =
                    rows.shape.softcap.is_none() && rows.bias.is_none() && rows.shape.scale > 0.0;
                let scale = if plain {
                    rows.shape.scale
                } else {
                    rows.scale_scores(row, keys.clone(), scores);
                    1.0
                };
                rows.apply_mask(row, keys.clone(), scores);
                let to = &mut self.weights[(row - first) / TILE_ROWS * steps * TILE_ROWS..];
                state.set_row(row, softmax(scores, scale, row % TILE_ROWS, to));
            }
            for column in (0..columns).step_by(PAIR) {
                let values = [0, 1].map(|at| self.values[(column + at) * steps..].as_ptr());
                let weights = [0, 1].map(|at| self.weights[at * steps * TILE_ROWS..].as_ptr());
                let sums = state.sums_of_rows(first, PAIR * TILE_ROWS).as_mut_ptr();
                let sums = [(0, 0), (0, 1), (1, 0), (1, 1)]
                    .map(|(row, at)| sums.wrapping_add(row * TILE_ROWS * columns + column + at));
                let bytes = columns * size_of::<AlignedF32x16>();
                // SAFETY: weights and values have as many tiles, and `sums` holds 32 rows. The
                // number of columns is even, since heads fill whole tiles.
                unsafe { amx.matmul_2x2(values, weights, steps, sums, bytes, true) };
            }
        }
    }
}

/// Softmax numerators of a row's scores, each times `scale` > 0, written to row `row` of the A
/// tiles `to`, `[keys / 32][16]`. Returns the maximum score and the sum.
#[target_feature(enable = "avx512f,avx512bw,avx512vl,avx512dq,fma")]
fn softmax(scores: &[f32], scale: f32, row: usize, to: &mut [TileRow]) -> (f32, f32) {
    let mut maxima = [f32::NEG_INFINITY; LANES];
    for scores in scores.as_chunks::<LANES>().0 {
        for lane in 0..LANES {
            maxima[lane] = if scores[lane] > maxima[lane] { scores[lane] } else { maxima[lane] };
        }
    }
    let max = scale * maxima.into_iter().fold(f32::NEG_INFINITY, |a, b| if b > a { b } else { a });
    // If no key is visible, all weights are zero.
    let shift = if max == f32::NEG_INFINITY { 0.0 } else { max };
    let mut denominators = [0f32; LANES];
    for (step, scores) in scores.as_chunks::<KEYS_PER_TILE>().0.iter().enumerate() {
        let mut weights = [0f32; KEYS_PER_TILE];
        for at in 0..KEYS_PER_TILE {
            weights[at] = exp_nonpositive(scores[at].mul_add(scale, -shift));
        }
        for lane in 0..LANES {
            denominators[lane] += weights[lane] + weights[LANES + lane];
        }
        let tile_row = &mut to[step * TILE_ROWS + row].0;
        for at in 0..KEYS_PER_TILE {
            tile_row[at] = f32_to_bf16(weights[at]);
        }
    }
    (max, sum_lanes(&denominators))
}

/// The number rounded to bf16, as f32, and the remainder.
#[inline]
#[target_feature(enable = "avx512f")]
fn split(floats: __m512) -> [__m512; 2] {
    let up = _mm512_add_epi32(_mm512_castps_si512(floats), _mm512_set1_epi32(0x8000));
    let high = _mm512_castsi512_ps(_mm512_and_si512(up, _mm512_set1_epi32(!0xffff)));
    [high, _mm512_sub_ps(floats, high)]
}

/// Splits a row to row `row` of A tiles, `[columns / 32][SPLIT][16]`.
#[target_feature(enable = "avx512f,avx512bw")]
fn split_row(floats: &[f32], row: usize, to: &mut [TileRow]) {
    // Even and odd columns, to be interleaved again.
    let evens = _mm512_set_epi32(30, 28, 26, 24, 22, 20, 18, 16, 14, 12, 10, 8, 6, 4, 2, 0);
    let odds = _mm512_add_epi32(evens, _mm512_set1_epi32(1));
    let tiles = to.as_chunks_mut::<{ SPLIT * TILE_ROWS }>().0;
    for (to, floats) in tiles.iter_mut().zip(floats.as_chunks::<TILE_K>().0) {
        // SAFETY: 32 floats.
        let [a, b] =
            [0, LANES].map(|at| canonical_nan(unsafe { _mm512_loadu_ps(floats.as_ptr().add(at)) }));
        let (even, odd) = (_mm512_permutex2var_ps(a, evens, b), _mm512_permutex2var_ps(a, odds, b));
        [to[row], to[TILE_ROWS + row]] = split_pair(even, odd);
    }
}

/// Splits the keys of a page, `[head_dim][PAGE_TOKENS]`, to B tiles `[head_dim / 32][SPLIT]`.
#[target_feature(enable = "avx512f,avx512bw")]
fn split_keys(keys: &[AlignedF32x16], to: &mut [BTile]) {
    let k_tiles = to.as_chunks_mut::<SPLIT>().0;
    for ([high, low], keys) in k_tiles.iter_mut().zip(keys.as_chunks::<TILE_K>().0) {
        for (at, [even, odd]) in keys.as_chunks().0.iter().enumerate() {
            [high[at], low[at]] = split_pair(load(even), load(odd));
        }
    }
}

/// Rounds column `column` (16 numbers) of the values of two pages, `[PAGE_TOKENS][columns]` each,
/// to a B tile. Values of keys from `keys` on count as zero.
#[target_feature(enable = "avx512f,avx512bw")]
fn round_values(
    values: [&[AlignedF32x16]; PAIR],
    keys: usize,
    column: usize,
    columns: usize,
    to: &mut BTile,
) {
    for (at, tile_row) in to.iter_mut().enumerate() {
        let value = |key: usize| {
            let values = &values[key / PAGE_TOKENS];
            if key < keys {
                &values[key % PAGE_TOKENS * columns + column]
            } else {
                &AlignedF32x16::ZERO
            }
        };
        *tile_row = bf16_pairs(load(value(2 * at)), load(value(2 * at + 1)));
    }
}

#[inline]
#[target_feature(enable = "avx512f")]
fn load(chunk: &AlignedF32x16) -> __m512 {
    // SAFETY: a chunk is an aligned vector.
    canonical_nan(unsafe { _mm512_load_ps(chunk.0.as_ptr()) })
}

/// Two values of k of 16 columns, split and interleaved to rows of two B tiles.
#[inline]
#[target_feature(enable = "avx512f,avx512bw")]
fn split_pair(even: __m512, odd: __m512) -> [TileRow; SPLIT] {
    let ([even, even_low], [odd, odd_low]) = (split(even), split(odd));
    [bf16_pairs(even, odd), bf16_pairs(even_low, odd_low)]
}
