//! A segment of keys and its values met by AMX: how prompts and sources attend where there is AMX.
//!
//! Numbers of 16 bits are too coarse for scores, which are exponents: so a query's and a key's
//! numbers are two of those each, the nearest and what that leaves, and a product is three. What is
//! left out is a 32,000th of a product or less. Weights and values are rounded, as what is gathered
//! will be before it is multiplied with a layer's weights. Sums are in one order, 32 columns or
//! keys at a time: so a row is the same to the bit whatever it is computed beside.

#![cfg(target_arch = "x86_64")]
// Loops over arrays by their index are those that compilers make vectors of for certain.
#![allow(clippy::needless_range_loop)]

use std::arch::x86_64::*;
use std::ops::Range;

use crate::kernels::amx::{COLUMNS, PAIR, Piece, ROWS, Register, Registers, canonical, half, pair};
use crate::kernels::attention::kv_cache::PAGE;
use crate::kernels::attention::online_softmax::Gathered;
use crate::kernels::attention::query_block::{FULL, Rows, SEGMENT, floats_of};
use crate::kernels::ops::exp::power;
use crate::kernels::shape::LANES;
use crate::kernels::simd::Chunk;
use crate::kernels::simd::sum_lanes;
use crate::kernels::threads::Zero;

/// Registers for 32 columns of keys or queries: of the nearest numbers, and of what they leave.
const PARTS: usize = 2;
/// Keys whose values share a register.
const KEYS: usize = COLUMNS;
const _: () = assert!(KEYS == PAIR * PAGE && FULL == PAIR * ROWS);

/// Memory to work with.
#[derive(Default)]
pub struct Scratch {
    /// `[rows / 16, head_dim / 32, PARTS, 16]`.
    queries: Vec<Piece>,
    /// `[pages, head_dim / 32, PARTS]`.
    keys: Vec<Register>,
    /// `[columns, keys / 32]`.
    values: Vec<Register>,
    /// Of 32 rows, `[SEGMENT]`.
    scores: Vec<Chunk>,
    /// `[2, keys / 32, 16]`.
    weights: Vec<Piece>,
}

/// Whether heads of so many numbers fill registers.
pub fn fits(head_dim: usize) -> bool {
    head_dim.is_multiple_of(COLUMNS)
}

impl Scratch {
    /// Takes the queries of rows, of heads that fill registers, who will gather from one segment
    /// after the other.
    ///
    /// # Safety
    /// The processor has AMX.
    #[target_feature(enable = "avx512f,avx512bw")]
    pub unsafe fn begin(&mut self, rows: &Rows<'_>) {
        let of_sixteen = PARTS * rows.shape.head_dim / COLUMNS * ROWS;
        self.queries.clear();
        self.queries.resize(rows.count().next_multiple_of(FULL) / ROWS * of_sixteen, Piece::ZERO);
        for row in 0..rows.count() {
            split_row(
                rows.query(row),
                row % ROWS,
                &mut self.queries[row / ROWS * of_sixteen..][..of_sixteen],
            );
        }
    }

    /// Takes keys and values of an even number of pages; those of pages that are not there are
    /// zero.
    #[target_feature(enable = "avx512f,avx512bw")]
    fn take_keys(&mut self, rows: &Rows<'_>, pages: Range<usize>) {
        let (blocks, columns, steps) =
            (rows.shape.head_dim / COLUMNS, rows.past.columns(), pages.len() / PAIR);
        self.keys.resize(pages.len() * PARTS * blocks, Register::ZERO);
        for (page, to) in pages.clone().zip(self.keys.chunks_exact_mut(PARTS * blocks)) {
            match rows.past.page_of_head(page, rows.kv_head) {
                Some((keys, _)) => split_keys(keys, to),
                None => to.fill(Register::ZERO),
            }
        }
        self.values.resize(columns * steps, Register::ZERO);
        for (step, first) in pages.clone().step_by(PAIR).enumerate() {
            let values = [first, first + 1].map(|page| {
                rows.past.page_of_head(page, rows.kv_head).map_or(&[][..], |(_, values)| values)
            });
            // What is behind the last key was forgotten, or never was.
            let known = rows.keys.saturating_sub(first * PAGE);
            for (column, to) in self.values.chunks_exact_mut(steps).enumerate() {
                round_values(values, known, column, columns, &mut to[step]);
            }
        }
    }

    /// What the rows it began with gather from the keys of a segment that any of them sees.
    ///
    /// # Safety
    /// The processor has AMX, and this process may use it; this thread is not using it already.
    #[target_feature(enable = "avx512f,avx512bw,avx512vl,avx512dq,fma")]
    pub unsafe fn gather(
        &mut self,
        rows: &Rows<'_>,
        segment: usize,
        seen: Range<usize>,
        gathered: &mut Gathered,
    ) {
        let size = rows.shape.head_dim;
        let (count, columns) = (rows.count(), rows.past.columns());
        let (start, blocks) = (segment * SEGMENT, size / COLUMNS);
        assert!(fits(size) && seen.start >= start && seen.end <= start + SEGMENT);
        let pages = seen.start / KEYS * PAIR..seen.end.div_ceil(KEYS) * PAIR;
        let keys = pages.start * PAGE..pages.end * PAGE;
        let sixteens = count.next_multiple_of(FULL) / ROWS;
        let steps = keys.len() / KEYS;
        if steps == 0 {
            return;
        }

        self.take_keys(rows, pages.clone());
        self.scores.resize(PAIR * ROWS * SEGMENT / PAGE, Chunk::ZERO);
        self.weights.resize(PAIR * steps * ROWS, Piece::ZERO);

        // SAFETY: by the caller's word.
        let registers = unsafe { Registers::begin() };
        for sixteen in (0..sixteens).step_by(PAIR) {
            let queries =
                [0, 1].map(|at| self.queries[(sixteen + at) * PARTS * blocks * ROWS..].as_ptr());
            let line = SEGMENT / PAGE;
            for page in (0..pages.len()).step_by(PAIR) {
                let keys = [0, 1].map(|at| self.keys[(page + at) * PARTS * blocks..].as_ptr());
                let scores = self.scores.as_mut_ptr();
                let sums = [(0, 0), (0, 1), (1, 0), (1, 1)]
                    .map(|(row, at)| scores.wrapping_add(row * ROWS * line + page + at));
                let bytes = line * size_of::<Chunk>();
                // SAFETY: so many registers lie at each place, and scores have a line for each of
                // 32 rows.
                unsafe { registers.multiply_split(keys, queries, blocks, sums, bytes) };
            }
            let first = sixteen * ROWS;
            for row in first..count.min(first + PAIR * ROWS) {
                let scores =
                    &mut floats_of(&mut self.scores[(row - first) * line..][..line])[..keys.len()];
                // Scores may be scaled on their way, where nothing comes between.
                let plain =
                    rows.shape.cap.is_none() && rows.bias.is_none() && rows.shape.scale > 0.0;
                let scale = if plain {
                    rows.shape.scale
                } else {
                    rows.score(row, keys.clone(), scores);
                    1.0
                };
                rows.hide(row, keys.clone(), scores);
                let to = &mut self.weights[(row - first) / ROWS * steps * ROWS..];
                gathered.take(row, soften(scores, scale, row % ROWS, to));
            }
            for column in (0..columns).step_by(PAIR) {
                let values = [0, 1].map(|at| self.values[(column + at) * steps..].as_ptr());
                let weights = [0, 1].map(|at| self.weights[at * steps * ROWS..].as_ptr());
                let sums = gathered.sums_of(first, PAIR * ROWS).as_mut_ptr();
                let sums = [(0, 0), (0, 1), (1, 0), (1, 1)]
                    .map(|(row, at)| sums.wrapping_add(row * ROWS * columns + column + at));
                let bytes = columns * size_of::<Chunk>();
                // SAFETY: so many registers lie at each place, and there are sums of 32 rows.
                // Columns are even, as registers are filled.
                unsafe { registers.multiply(values, weights, steps, sums, bytes, true) };
            }
        }
    }
}

/// Makes scores, each times `scale`, which is more than zero, the weights of one row of sixteen,
/// `[keys / 32, 16]`: the largest score, and the sum of the weights.
#[target_feature(enable = "avx512f,avx512bw,avx512vl,avx512dq,fma")]
fn soften(scores: &[f32], scale: f32, row: usize, to: &mut [Piece]) -> (f32, f32) {
    let mut most = [f32::NEG_INFINITY; LANES];
    for scores in scores.as_chunks::<LANES>().0 {
        for lane in 0..LANES {
            most[lane] = if scores[lane] > most[lane] { scores[lane] } else { most[lane] };
        }
    }
    let largest =
        scale * most.into_iter().fold(f32::NEG_INFINITY, |a, b| if b > a { b } else { a });
    // Where nothing is seen, all weights are zero.
    let less = if largest == f32::NEG_INFINITY { 0.0 } else { largest };
    let mut totals = [0f32; LANES];
    for (step, scores) in scores.as_chunks::<KEYS>().0.iter().enumerate() {
        let mut weights = [0f32; KEYS];
        for at in 0..KEYS {
            weights[at] = power(scores[at].mul_add(scale, -less));
        }
        for lane in 0..LANES {
            totals[lane] += weights[lane] + weights[LANES + lane];
        }
        let piece = &mut to[step * ROWS + row].0;
        for at in 0..KEYS {
            piece[at] = half(weights[at]);
        }
    }
    (largest, sum_lanes(&totals))
}

/// A number's nearest, as a float, and what it leaves.
#[inline]
#[target_feature(enable = "avx512f")]
fn split(floats: __m512) -> [__m512; 2] {
    let up = _mm512_add_epi32(_mm512_castps_si512(floats), _mm512_set1_epi32(0x8000));
    let nearest = _mm512_castsi512_ps(_mm512_and_si512(up, _mm512_set1_epi32(!0xffff)));
    [nearest, _mm512_sub_ps(floats, nearest)]
}

/// A row of sixteen, `[columns / 32, PARTS, 16]`.
#[target_feature(enable = "avx512f,avx512bw")]
fn split_row(floats: &[f32], row: usize, to: &mut [Piece]) {
    // Columns beside each other become lanes beside each other.
    let evens = _mm512_set_epi32(30, 28, 26, 24, 22, 20, 18, 16, 14, 12, 10, 8, 6, 4, 2, 0);
    let odds = _mm512_add_epi32(evens, _mm512_set1_epi32(1));
    let registers = to.as_chunks_mut::<{ PARTS * ROWS }>().0;
    for (to, floats) in registers.iter_mut().zip(floats.as_chunks::<COLUMNS>().0) {
        // SAFETY: 32 floats.
        let [a, b] =
            [0, LANES].map(|at| canonical(unsafe { _mm512_loadu_ps(floats.as_ptr().add(at)) }));
        let (even, odd) = (_mm512_permutex2var_ps(a, evens, b), _mm512_permutex2var_ps(a, odds, b));
        [to[row], to[ROWS + row]] = split_pair(even, odd);
    }
}

/// The keys of a page, `[head_dim, PAGE]`, as `[head_dim / 32, PARTS]`.
#[target_feature(enable = "avx512f,avx512bw")]
fn split_keys(keys: &[Chunk], to: &mut [Register]) {
    let blocks = to.as_chunks_mut::<PARTS>().0;
    for ([nearest, left], keys) in blocks.iter_mut().zip(keys.as_chunks::<COLUMNS>().0) {
        for (at, [even, odd]) in keys.as_chunks().0.iter().enumerate() {
            [nearest[at], left[at]] = split_pair(load(even), load(odd));
        }
    }
}

/// 16 columns of the values of two pages, `[PAGE, columns]` each, of the first keys that are known.
#[target_feature(enable = "avx512f,avx512bw")]
fn round_values(
    values: [&[Chunk]; PAIR],
    known: usize,
    column: usize,
    columns: usize,
    to: &mut Register,
) {
    for (at, piece) in to.iter_mut().enumerate() {
        let of = |key: usize| {
            let values = &values[key / PAGE];
            if key < known { &values[key % PAGE * columns + column] } else { &Chunk::ZERO }
        };
        *piece = pair(load(of(2 * at)), load(of(2 * at + 1)));
    }
}

#[inline]
#[target_feature(enable = "avx512f")]
fn load(chunk: &Chunk) -> __m512 {
    // SAFETY: a chunk is as large as a register.
    canonical(unsafe { _mm512_load_ps(chunk.0.as_ptr()) })
}

/// Two columns of 16 outputs: the nearest numbers, and what they leave.
#[inline]
#[target_feature(enable = "avx512f,avx512bw")]
fn split_pair(even: __m512, odd: __m512) -> [Piece; PARTS] {
    let ([even, even_left], [odd, odd_left]) = (split(even), split(odd));
    [pair(even, odd), pair(even_left, odd_left)]
}
