//! Attention of some query rows over the keys of one head: dot products, softmax, weighed sums of
//! values.
//!
//! Keys come [`SEGMENT`] at a time. What a row gathers from a segment depends on nothing but the
//! row and the segment, and segments are put together in their order (as in Dao et al. 2022, <https://arxiv.org/abs/2205.14135>, and Milakov and Gimelshein 2018,
//! <https://arxiv.org/abs/1805.02867>): so neither the rows it is computed beside, nor which thread computed what, changes a bit.

// Loops over arrays by their index are those that compilers unroll for certain.
#![allow(clippy::needless_range_loop)]

use std::mem::MaybeUninit;
use std::ops::{Range, RangeInclusive};

use super::cache::{PAGE, Pages};
#[cfg(target_arch = "x86_64")]
use super::halves;
use super::{Attention, RelativeBias};
use crate::kernels::exponential::{power, tanh};
use crate::kernels::isa::{best, on_best_isa};
use crate::kernels::lanes::{Chunk, Lanes, by_block, on_lanes};
use crate::kernels::lines::ask_for;
use crate::kernels::matmul::LANES;

/// Keys whose softmax is computed together, counted from the first key of the sequence.
pub(super) const SEGMENT: usize = 256;
/// The most rows that go over a segment together, where no more share a key head: their scores and
/// some keys stay in the first-level cache.
pub(super) const ROWS: usize = 24;
/// The same where AMX meets them, and the fewest: for so many, making keys and values numbers of 16
/// bits costs little for each.
pub(super) const ROWS_IN_HALVES: RangeInclusive<usize> = FULL..=256;
/// Rows of AMX's registers that meet at once.
pub(super) const FULL: usize = 32;
/// Keys that stay in the first-level cache while all rows take them.
const KEYS_AT_ONCE: usize = 64;
/// Pages that are read at once, where there are registers for them.
const PAGES_AT_ONCE: usize = KEYS_AT_ONCE / PAGE;
/// Numbers of a dot product that are added up one after the other before they are added to the
/// rest: large scores are exponents, and one long chain of additions was off by twice as much.
const CHAIN: usize = 8;

/// Some tokens of a sequence, with all query heads that share one key head. Row `r` is token `r /
/// group`, query head `r % group` of them.
pub(super) struct Rows<'t> {
    pub shape: &'t Attention,
    pub bias: Option<&'t RelativeBias>,
    /// `[tokens, heads, head_dim]`.
    pub queries: &'t [f32],
    /// The first token, among those of all sequences.
    pub first: usize,
    pub tokens: usize,
    pub kv_head: usize,
    /// Of the first token.
    pub position: usize,
    pub past: &'t Pages,
    /// How many keys there are.
    pub keys: usize,
    /// Whether AMX meets them, which must be there.
    pub in_halves: bool,
}

impl Rows<'_> {
    fn group(&self) -> usize {
        self.shape.heads / self.shape.kv_heads
    }

    /// How many.
    pub fn count(&self) -> usize {
        self.tokens * self.group()
    }

    /// Where a row's numbers lie among queries, and where its results belong.
    pub fn place(&self, row: usize) -> usize {
        let (token, head) = (row / self.group(), self.head(row));
        (token * self.shape.heads + head) * self.shape.head_dim
    }

    fn head(&self, row: usize) -> usize {
        self.kv_head * self.group() + row % self.group()
    }

    /// A row's numbers.
    pub fn query(&self, row: usize) -> &[f32] {
        &self.queries[self.place(row)..][..self.shape.head_dim]
    }

    /// The keys that a token sees.
    fn seen(&self, token: usize) -> Range<usize> {
        let seen = self.shape.visible(self.position + token, self.keys);
        seen.start.min(self.keys)..seen.end.min(self.keys)
    }

    /// The keys that any row sees.
    fn seen_by_any(&self) -> Range<usize> {
        self.seen(0).start..self.seen(self.tokens - 1).end
    }

    /// Asks for the first keys, where whoever reads them would wait for them.
    pub fn ask_for_keys(&self) {
        if self.count() <= FEW {
            let seen = self.seen_by_any();
            let pages = seen.start / PAGE..seen.end.div_ceil(PAGE);
            for page in pages.take(PAGES_AT_ONCE) {
                ask_for_chunks(self.past.of_head(page, self.kv_head).0);
            }
        }
    }

    /// The segments they lie in: at least one, for what sees nothing has a result as well.
    pub fn segments(&self) -> Range<usize> {
        let seen = self.seen_by_any();
        let first = seen.start / SEGMENT;
        first..seen.end.div_ceil(SEGMENT).max(first + 1)
    }
}

/// What rows have gathered from some segments.
#[derive(Default)]
pub(super) struct Gathered {
    /// Of each row, the largest score.
    largest: Vec<f32>,
    /// The sum of `e^(score − largest)`.
    totals: Vec<f32>,
    /// The sum of values, each times that: `[rows, columns]`.
    sums: Vec<Chunk>,
}

/// Memory to work with.
#[derive(Default)]
pub(super) struct Scratch {
    /// From the segments before.
    all: Gathered,
    next: Gathered,
    by: By,
}

/// What one way of computing works with.
#[derive(Default)]
struct By {
    /// `[rows, SEGMENT]`.
    scores: Vec<Chunk>,
    #[cfg(target_arch = "x86_64")]
    halves: halves::Scratch,
}

impl Scratch {
    /// What rows gather from segments, which come in their order.
    pub fn gather(&mut self, rows: &Rows<'_>, mut segments: Range<usize>) -> &mut Gathered {
        let Self { all, next, by } = self;
        #[cfg(target_arch = "x86_64")]
        if rows.in_halves {
            // SAFETY: by the word of whoever made the rows.
            unsafe { by.halves.begin(rows) };
        }
        match segments.next() {
            Some(first) => all.gather(rows, first, by),
            None => all.clear(rows),
        }
        for segment in segments {
            next.gather(rows, segment, by);
            all.merge(next);
        }
        all
    }
}

impl Gathered {
    fn clear(&mut self, rows: &Rows<'_>) {
        // Registers of AMX are full, and what is in the rest of them is nobody's.
        let count = if rows.in_halves { rows.count().next_multiple_of(FULL) } else { rows.count() };
        for (numbers, nothing) in [(&mut self.largest, f32::NEG_INFINITY), (&mut self.totals, 0.0)]
        {
            numbers.clear();
            numbers.resize(count, nothing);
        }
        self.sums.clear();
        self.sums.resize(count * rows.past.columns(), Chunk::ZERO);
    }

    fn gather(&mut self, rows: &Rows<'_>, segment: usize, by: &mut By) {
        self.clear(rows);
        let (start, seen) = (segment * SEGMENT, rows.seen_by_any());
        let seen = seen.start.max(start)..seen.end.min(start + SEGMENT);
        #[cfg(target_arch = "x86_64")]
        if rows.in_halves {
            // SAFETY: by the word of whoever made the rows.
            return unsafe { by.halves.gather(rows, segment, seen, self) };
        }
        let length = rows.count() * SEGMENT / LANES;
        if by.scores.len() < length {
            by.scores.resize(length, Chunk::ZERO);
        }
        let scores = &mut by.scores[..length];
        let pages = seen.start / PAGE..seen.end.div_ceil(PAGE);
        // SAFETY: `best` has asked the processor.
        unsafe { products(best(), rows, pages.clone(), start / PAGE, scores) };
        let keys = pages.start * PAGE..pages.end * PAGE;
        for (row, scores) in scores.chunks_exact_mut(SEGMENT / LANES).enumerate() {
            let scores = &mut floats_of(scores)[keys.start - start..keys.end - start];
            (self.largest[row], self.totals[row]) = rows.soften(row, keys.clone(), scores);
        }
        // SAFETY: as above.
        unsafe { sum_values(best(), rows, pages, start / PAGE, scores, &mut self.sums) };
    }

    /// Takes a row's largest score, and the sum of its weights.
    #[cfg(target_arch = "x86_64")]
    pub fn take(&mut self, row: usize, (largest, total): (f32, f32)) {
        (self.largest[row], self.totals[row]) = (largest, total);
    }

    /// The sums of some rows.
    #[cfg(target_arch = "x86_64")]
    pub fn sums_of(&mut self, row: usize, count: usize) -> &mut [Chunk] {
        let columns = self.sums.len() / self.largest.len();
        &mut self.sums[row * columns..(row + count) * columns]
    }

    /// Puts what was gathered from the next segment to it.
    pub fn merge(&mut self, next: &Self) {
        let columns = self.sums.len() / self.largest.len().max(1);
        let (some, more) = (ROWS, (ROWS * columns).max(1));
        let all = self
            .largest
            .chunks_mut(some)
            .zip(self.totals.chunks_mut(some))
            .zip(self.sums.chunks_mut(more));
        let next =
            next.largest.chunks(some).zip(next.totals.chunks(some)).zip(next.sums.chunks(more));
        for (((largest, totals), sums), ((next_largest, next_totals), next)) in all.zip(next) {
            let mut shares = Shares { old: [0.0; ROWS], new: [0.0; ROWS] };
            weigh(largest, totals, next_largest, next_totals, &mut shares);
            let rows = sums.chunks_mut(columns).zip(next.chunks(columns));
            for ((sums, next), (old, new)) in rows.zip(shares.old.into_iter().zip(shares.new)) {
                share_out(sums, old, next, new);
            }
        }
    }

    /// A row's result.
    pub fn write(&self, row: usize, out: &mut [MaybeUninit<f32>]) {
        let total = self.totals[row];
        // What sees nothing learns nothing.
        let inverse = if total == 0.0 { 0.0 } else { 1.0 / total };
        let columns = self.sums.len() / self.largest.len();
        for (out, sums) in out.chunks_mut(LANES).zip(&self.sums[row * columns..]) {
            for (out, sum) in out.iter_mut().zip(&sums.0) {
                out.write(sum * inverse);
            }
        }
    }
}

impl Rows<'_> {
    /// Makes a row's dot products with some keys weights: the largest score, and the sum of the
    /// weights.
    fn soften(&self, row: usize, keys: Range<usize>, scores: &mut [f32]) -> (f32, f32) {
        self.score(row, keys.clone(), scores);
        self.hide(row, keys, scores);
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

    /// Makes a row's dot products with some keys scores.
    pub fn score(&self, row: usize, keys: Range<usize>, scores: &mut [f32]) {
        scale(scores, self.shape.scale);
        if let Some(limit) = self.shape.cap {
            cap(scores, limit);
        }
        if let Some(bias) = self.bias {
            bias.add(self.head(row), self.position + row / self.group(), keys.start, scores);
        }
    }

    /// Hides what a row does not see of some keys.
    pub fn hide(&self, row: usize, keys: Range<usize>, scores: &mut [f32]) {
        let seen = self.seen(row / self.group());
        let within = |key: usize| key.clamp(keys.start, keys.end) - keys.start;
        scores[..within(seen.start)].fill(f32::NEG_INFINITY);
        scores[within(seen.end)..].fill(f32::NEG_INFINITY);
    }
}

pub(super) fn floats_of(chunks: &mut [Chunk]) -> &mut [f32] {
    // SAFETY: `Chunk` has the layout of its only field.
    unsafe { std::slice::from_raw_parts_mut(chunks.as_mut_ptr().cast(), chunks.len() * LANES) }
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

on_best_isa! {
    fn powers(scores: &mut [f32], less: f32) {
        for score in scores {
            *score = power(*score - less);
        }
    }
}

/// What the old and the new count for when they are put together, of up to so many rows.
struct Shares {
    old: [f32; ROWS],
    new: [f32; ROWS],
}

on_best_isa! {
    /// Puts the next largest scores and sums of exponentials to those so far; `shares` is what each counts for.
    fn weigh(largest: &mut [f32], totals: &mut [f32], next_largest: &[f32], next_totals: &[f32], shares: &mut Shares) {
        assert!(largest.len() <= ROWS);
        for row in 0..largest.len() {
            let (before, next) = (largest[row], next_largest[row]);
            let new = if next > before { next } else { before };
            let less = if new == f32::NEG_INFINITY { 0.0 } else { new };
            (shares.old[row], shares.new[row]) = (power(before - less), power(next - less));
            totals[row] = next_totals[row].mul_add(shares.new[row], totals[row] * shares.old[row]);
            largest[row] = new;
        }
    }
}

on_best_isa! {
    /// `sums · old + next · new`.
    fn share_out(sums: &mut [Chunk], old: f32, next: &[Chunk], new: f32) {
        for (sums, next) in sums.iter_mut().zip(next) {
            for lane in 0..LANES {
                sums.0[lane] = next.0[lane].mul_add(new, sums.0[lane] * old);
            }
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

/// Rows that wait for keys rather than for products.
const FEW: usize = 8;

#[inline(always)]
fn ask_for_chunks(chunks: &[Chunk]) {
    ask_for(chunks.as_ptr().cast(), size_of_val(chunks));
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
