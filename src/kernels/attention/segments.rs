//! Attention of rows over segments of keys, by the kernel of this CPU.

use std::ops::Range;

#[cfg(target_arch = "x86_64")]
use crate::kernels::attention::amx_bf16;
use crate::kernels::attention::float;
use crate::kernels::attention::online_softmax::Gathered;
use crate::kernels::attention::query_block::{Rows, SEGMENT};
use crate::kernels::simd::Chunk;

/// Memory to work with.
#[derive(Default)]
pub struct Scratch {
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
    halves: amx_bf16::Scratch,
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
            Some(first) => by.gather(rows, first, all),
            None => all.clear(rows),
        }
        for segment in segments {
            by.gather(rows, segment, next);
            all.merge(next);
        }
        all
    }
}

impl By {
    fn gather(&mut self, rows: &Rows<'_>, segment: usize, gathered: &mut Gathered) {
        gathered.clear(rows);
        let (start, seen) = (segment * SEGMENT, rows.seen_by_any());
        let seen = seen.start.max(start)..seen.end.min(start + SEGMENT);
        #[cfg(target_arch = "x86_64")]
        if rows.in_halves {
            // SAFETY: upheld by the creator of `rows`.
            return unsafe { self.halves.gather(rows, segment, seen, gathered) };
        }
        float::gather(rows, segment, seen, &mut self.scores, gathered);
    }
}
