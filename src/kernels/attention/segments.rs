//! Attention of a query block over segments of keys, by the kernel that the block asks for.

use std::ops::Range;

#[cfg(target_arch = "x86_64")]
use crate::kernels::attention::amx_bf16;
use crate::kernels::attention::float;
use crate::kernels::attention::online_softmax::OnlineSoftmax;
use crate::kernels::attention::query_block::{QueryBlock, SEGMENT};
use crate::kernels::simd::AlignedF32x16;

/// Memory of a thread.
#[derive(Default)]
pub struct Scratch {
    /// Merged results of the segments so far.
    merged: OnlineSoftmax,
    next: OnlineSoftmax,
    kernels: Kernels,
}

/// Memory of the kernels.
#[derive(Default)]
struct Kernels {
    /// `[rows, SEGMENT]`.
    scores: Vec<AlignedF32x16>,
    #[cfg(target_arch = "x86_64")]
    bf16: amx_bf16::BlockScratch,
}

impl Scratch {
    /// Attention of rows over segments of keys, in their order.
    pub fn accumulate(
        &mut self,
        rows: &QueryBlock<'_>,
        mut segments: Range<usize>,
    ) -> &mut OnlineSoftmax {
        let Self { merged, next, kernels } = self;
        #[cfg(target_arch = "x86_64")]
        if rows.uses_amx_bf16 {
            // SAFETY: the CPU has AMX, as the block requires.
            unsafe { kernels.bf16.begin(rows) };
        }
        match segments.next() {
            Some(first) => kernels.accumulate(rows, first, merged),
            None => merged.clear(rows),
        }
        for segment in segments {
            kernels.accumulate(rows, segment, next);
            merged.merge(next);
        }
        merged
    }
}

impl Kernels {
    fn accumulate(&mut self, rows: &QueryBlock<'_>, segment: usize, state: &mut OnlineSoftmax) {
        state.clear(rows);
        let (start, visible) = (segment * SEGMENT, rows.visible_to_any());
        let visible = visible.start.max(start)..visible.end.min(start + SEGMENT);
        #[cfg(target_arch = "x86_64")]
        if rows.uses_amx_bf16 {
            // SAFETY: the CPU has AMX, as the block requires.
            return unsafe { self.bf16.accumulate(rows, segment, visible, state) };
        }
        float::accumulate(rows, segment, visible, &mut self.scores, state);
    }
}
