//! A block of query rows that share a key head, and their scores before the softmax.

use std::ops::{Range, RangeInclusive};

use crate::kernels::attention::kv_cache::{KvPages, PAGE_TOKENS};
use crate::kernels::attention::params::Attention;
use crate::kernels::attention::relative_bias::RelativeBias;
use crate::kernels::cpu::multiversion;
use crate::kernels::memory::prefetch;
use crate::kernels::ops::exp::tanh;
use crate::kernels::shape::LANES;
use crate::kernels::simd::AlignedF32x16;

/// Keys of a segment, whose softmax is computed together; segments start at the first key.
pub const SEGMENT: usize = 256;
/// The most rows of a block, unless more share a key head: their scores and some keys stay in the
/// first-level cache.
pub const MAX_ROWS: usize = 24;
/// The same for AMX: from the rows of two tiles to the number at which converting keys and values
/// to bf16 costs little for each.
pub const ROWS_BF16: RangeInclusive<usize> = AMX_ROWS..=256;
/// Rows of two AMX tiles, which are multiplied together.
pub const AMX_ROWS: usize = 32;
/// Keys that stay in the first-level cache while all rows read them.
pub const KEYS_AT_ONCE: usize = 64;
/// Pages that are read together, given enough registers.
pub const PAGES_AT_ONCE: usize = KEYS_AT_ONCE / PAGE_TOKENS;
/// Up to this number of rows, memory is the bottleneck, and keys and values are prefetched.
pub const FEW_ROWS: usize = 8;

#[inline(always)]
pub fn prefetch_chunks(chunks: &[AlignedF32x16]) {
    prefetch(chunks.as_ptr().cast(), size_of_val(chunks));
}

/// Some tokens of a sequence, with the query heads that share one key head. Row `r` is token `r /
/// group` and query head `r % group` of the group.
pub struct QueryBlock<'t> {
    pub shape: &'t Attention,
    pub bias: Option<&'t RelativeBias>,
    /// `[tokens, heads, head_dim]`.
    pub queries: &'t [f32],
    /// Index of the first token among those of all sequences.
    pub first: usize,
    pub tokens: usize,
    pub kv_head: usize,
    /// Position of the first token in its sequence.
    pub position: usize,
    pub kv: &'t KvPages,
    /// Number of keys.
    pub keys: usize,
    /// True if AMX computes it; the CPU must have AMX.
    pub uses_amx_bf16: bool,
}

impl QueryBlock<'_> {
    fn group(&self) -> usize {
        self.shape.heads / self.shape.kv_heads
    }

    /// Number of rows.
    pub fn count(&self) -> usize {
        self.tokens * self.group()
    }

    /// Offset of a row in the queries, and of its result.
    pub fn offset(&self, row: usize) -> usize {
        let (token, head) = (row / self.group(), self.head(row));
        (token * self.shape.heads + head) * self.shape.head_dim
    }

    fn head(&self, row: usize) -> usize {
        self.kv_head * self.group() + row % self.group()
    }

    /// The query of a row.
    pub fn query(&self, row: usize) -> &[f32] {
        &self.queries[self.offset(row)..][..self.shape.head_dim]
    }

    /// The keys that a token sees.
    fn visible(&self, token: usize) -> Range<usize> {
        let visible = self.shape.visible(self.position + token, self.keys);
        visible.start.min(self.keys)..visible.end.min(self.keys)
    }

    /// The keys that any row sees.
    pub fn visible_to_any(&self) -> Range<usize> {
        self.visible(0).start..self.visible(self.tokens - 1).end
    }

    /// Prefetches the first keys, if there are few rows.
    pub fn prefetch_keys(&self) {
        if self.count() <= FEW_ROWS {
            let visible = self.visible_to_any();
            let pages = visible.start / PAGE_TOKENS..visible.end.div_ceil(PAGE_TOKENS);
            for page in pages.take(PAGES_AT_ONCE) {
                prefetch_chunks(self.kv.of_head(page, self.kv_head).0);
            }
        }
    }

    /// Segments of the visible keys: at least one, since fully masked rows need a result, too.
    pub fn segments(&self) -> Range<usize> {
        let visible = self.visible_to_any();
        let first = visible.start / SEGMENT;
        first..visible.end.div_ceil(SEGMENT).max(first + 1)
    }

    /// Turns a row's dot products with some keys into scores.
    pub fn scale_scores(&self, row: usize, keys: Range<usize>, scores: &mut [f32]) {
        scale(scores, self.shape.scale);
        if let Some(limit) = self.shape.softcap {
            softcap(scores, limit);
        }
        if let Some(bias) = self.bias {
            bias.add(self.head(row), self.position + row / self.group(), keys.start, scores);
        }
    }

    /// Masks the keys that a row does not see.
    pub fn apply_mask(&self, row: usize, keys: Range<usize>, scores: &mut [f32]) {
        let visible = self.visible(row / self.group());
        let within = |key: usize| key.clamp(keys.start, keys.end) - keys.start;
        scores[..within(visible.start)].fill(f32::NEG_INFINITY);
        scores[within(visible.end)..].fill(f32::NEG_INFINITY);
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
