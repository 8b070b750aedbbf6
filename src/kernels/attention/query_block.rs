//! Query rows that share a key head, and their scores before the softmax.

use std::ops::{Range, RangeInclusive};

use crate::kernels::attention::kv_cache::{KvPages, PAGE_TOKENS};
use crate::kernels::attention::params::Attention;
use crate::kernels::attention::relative_bias::RelativeBias;
use crate::kernels::cpu::multiversion;
use crate::kernels::memory::prefetch;
use crate::kernels::ops::exp::tanh;
use crate::kernels::shape::LANES;
use crate::kernels::simd::AlignedF32x16;

/// Keys whose softmax is computed together, counted from the first key of the sequence.
pub const SEGMENT: usize = 256;
/// The most rows that go over a segment together, where no more share a key head: their scores and
/// some keys stay in the first-level cache.
pub const MAX_ROWS: usize = 24;
/// The same where AMX meets them, and the fewest: for so many, making keys and values numbers of 16
/// bits costs little for each.
pub const ROWS_BF16: RangeInclusive<usize> = AMX_ROWS..=256;
/// QueryBlock of AMX's registers that meet at once.
pub const AMX_ROWS: usize = 32;
/// Keys that stay in the first-level cache while all rows take them.
pub const KEYS_AT_ONCE: usize = 64;
/// KvPages that are read at once, where there are registers for them.
pub const PAGES_AT_ONCE: usize = KEYS_AT_ONCE / PAGE_TOKENS;
/// QueryBlock that wait for keys rather than for products.
pub const FEW_ROWS: usize = 8;

#[inline(always)]
pub fn prefetch_chunks(chunks: &[AlignedF32x16]) {
    prefetch(chunks.as_ptr().cast(), size_of_val(chunks));
}

/// Some tokens of a sequence, with all query heads that share one key head. Row `r` is token `r /
/// group`, query head `r % group` of them.
pub struct QueryBlock<'t> {
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
    pub past: &'t KvPages,
    /// How many keys there are.
    pub keys: usize,
    /// Whether AMX meets them, which must be there.
    pub uses_amx_bf16: bool,
}

impl QueryBlock<'_> {
    fn group(&self) -> usize {
        self.shape.heads / self.shape.kv_heads
    }

    /// How many.
    pub fn count(&self) -> usize {
        self.tokens * self.group()
    }

    /// Where a row's numbers lie among queries, and where its results belong.
    pub fn offset(&self, row: usize) -> usize {
        let (token, head) = (row / self.group(), self.head(row));
        (token * self.shape.heads + head) * self.shape.head_dim
    }

    fn head(&self, row: usize) -> usize {
        self.kv_head * self.group() + row % self.group()
    }

    /// A row's numbers.
    pub fn query(&self, row: usize) -> &[f32] {
        &self.queries[self.offset(row)..][..self.shape.head_dim]
    }

    /// The keys that a token sees.
    fn visible(&self, token: usize) -> Range<usize> {
        let seen = self.shape.visible(self.position + token, self.keys);
        seen.start.min(self.keys)..seen.end.min(self.keys)
    }

    /// The keys that any row sees.
    pub fn visible_to_any(&self) -> Range<usize> {
        self.visible(0).start..self.visible(self.tokens - 1).end
    }

    /// Asks for the first keys, where whoever reads them would wait for them.
    pub fn prefetch_keys(&self) {
        if self.count() <= FEW_ROWS {
            let seen = self.visible_to_any();
            let pages = seen.start / PAGE_TOKENS..seen.end.div_ceil(PAGE_TOKENS);
            for page in pages.take(PAGES_AT_ONCE) {
                prefetch_chunks(self.past.of_head(page, self.kv_head).0);
            }
        }
    }

    /// The segments they lie in: at least one, for what sees nothing has a result as well.
    pub fn segments(&self) -> Range<usize> {
        let seen = self.visible_to_any();
        let first = seen.start / SEGMENT;
        first..seen.end.div_ceil(SEGMENT).max(first + 1)
    }

    /// Makes a row's dot products with some keys scores.
    pub fn scale_scores(&self, row: usize, keys: Range<usize>, scores: &mut [f32]) {
        scale(scores, self.shape.scale);
        if let Some(limit) = self.shape.softcap {
            softcap(scores, limit);
        }
        if let Some(bias) = self.bias {
            bias.add(self.head(row), self.position + row / self.group(), keys.start, scores);
        }
    }

    /// Hides what a row does not see of some keys.
    pub fn apply_mask(&self, row: usize, keys: Range<usize>, scores: &mut [f32]) {
        let seen = self.visible(row / self.group());
        let within = |key: usize| key.clamp(keys.start, keys.end) - keys.start;
        scores[..within(seen.start)].fill(f32::NEG_INFINITY);
        scores[within(seen.end)..].fill(f32::NEG_INFINITY);
    }
}

pub fn floats_of(chunks: &mut [AlignedF32x16]) -> &mut [f32] {
    // SAFETY: `AlignedF32x16` has the layout of its only field.
    unsafe { std::slice::from_raw_parts_mut(chunks.as_mut_ptr().cast(), chunks.len() * LANES) }
}

multiversion! {
    fn scale(scores: &mut [f32], by: f32) {
        for score in scores {
            *score *= by;
        }
    }
}

multiversion! {
    /// `limit · tanh(score / limit)`.
    fn softcap(scores: &mut [f32], limit: f32) {
        for score in scores {
            *score = limit * tanh(*score / limit);
        }
    }
}
