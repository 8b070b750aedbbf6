//! Quantised weights laid out anew for kernels that compute 16 rows at once: a register then holds
//! four neighbouring columns of all 16 rows, and a lane is a row from the first product to the last
//! sum.
//!
//! Packing changes places, not numbers: a weight takes the bits it takes in the file (within 3 %
//! for the K types, whose 6-bit scales become bytes). It is done when a model is opened, or once,
//! where panels are kept in a file.

use std::ops::Range;

use crate::kernels::block_types::{self as blocks, Block, GgmlType, for_block_type};
use crate::kernels::cpu::Isa;
#[cfg(target_arch = "x86_64")]
use crate::kernels::memory::prefetch;
use crate::kernels::memory::{AlignedBytes, CACHE_LINE};
use crate::kernels::shape::PANEL_ROWS;

/// How scales and minimums of a panel lie behind its weights; `[PANEL_ROWS]` of each.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ScaleLayout {
    /// A half a block.
    F16,
    /// A half and a minimum, also a half, a block.
    F16Min,
    /// Two halves a block, then a byte for each group's scale, then one for its minimum.
    F16U8,
    /// A half a block, then a signed byte for each group.
    F16I8,
    /// Floats as `Block::unpack` gives them, for types that catalogue models are not made of.
    F32,
}

/// A panel's parts, as kernels read them.
#[derive(Clone, Copy)]
pub struct PanelPtrs {
    pub low: *const u8,
    pub high: *const u8,
    pub factors: *const u8,
    pub blocks: usize,
}

#[cfg(target_arch = "x86_64")]
impl PanelPtrs {
    /// Asks for what lies so many bytes beyond a block's scales and minimums: weights are read once
    /// a step, from memory, and whoever asks a panel ahead has them brought while it computes.
    #[inline(always)]
    pub fn prefetch_scales<B: PackedFormat>(self, block: usize, ahead: usize) {
        let bytes = B::scale_bytes(B::LEN);
        prefetch(self.factors.wrapping_add(block * bytes + ahead), bytes);
    }

    /// The same of the weights of a group.
    #[inline(always)]
    pub fn prefetch_group<B: PackedFormat>(self, group: usize, ahead: usize) {
        for (part, bits) in [(self.low, B::LOW_BITS), (self.high, B::HIGH_BITS)] {
            let bytes = B::GROUP * PANEL_ROWS * bits / 8;
            prefetch(part.wrapping_add(group * bytes + ahead), bytes);
        }
    }
}

/// A block type as panels hold it.
pub trait PackedFormat: Block {
    /// Bits of a weight in the first part of a panel, 4 or 8 …
    const LOW_BITS: usize;
    /// … and what is added to the fifth bit from the second part, 0, 1 or 2.
    const HIGH_BITS: usize = 0;
    const SCALES: ScaleLayout;

    /// Bytes of scales and minimums of `columns` columns.
    fn scale_bytes(columns: usize) -> usize {
        let (blocks, groups) = (columns / Self::LEN, columns / Self::GROUP);
        match Self::SCALES {
            ScaleLayout::F16 => blocks * PANEL_ROWS * 2,
            ScaleLayout::F16Min => blocks * PANEL_ROWS * 4,
            ScaleLayout::F16U8 => blocks * PANEL_ROWS * 4 + groups * PANEL_ROWS * 2,
            ScaleLayout::F16I8 => blocks * PANEL_ROWS * 2 + groups * PANEL_ROWS,
            ScaleLayout::F32 => groups * PANEL_ROWS * 4 * (1 + usize::from(Self::MIN)),
        }
    }

    /// Where the parts of a panel begin, and where it ends.
    fn layout(columns: usize) -> [usize; 3] {
        let low = columns * PANEL_ROWS * Self::LOW_BITS / 8;
        let high = (low + columns * PANEL_ROWS * Self::HIGH_BITS / 8).next_multiple_of(CACHE_LINE);
        [low, high, (high + Self::scale_bytes(columns)).next_multiple_of(CACHE_LINE)]
    }
}

macro_rules! packed_formats {
    ($($block:ident $low:literal $high:literal $factors:ident)*) => {
        $(impl PackedFormat for blocks::$block {
            const LOW_BITS: usize = $low;
            const HIGH_BITS: usize = $high;
            const SCALES: ScaleLayout = ScaleLayout::$factors;
        })*
    };
}

packed_formats! {
    Q4_0 4 0 F16
    Q4_1 4 0 F16Min
    Q5_0 4 1 F16
    Q5_1 4 1 F16Min
    Q8_0 8 0 F16
    Q8_1 8 0 F16
    Q2K 4 0 F32
    Q3K 4 0 F32
    Q4K 4 0 F16U8
    Q5K 4 1 F16U8
    Q6K 4 2 F16I8
    Q8K 8 0 F32
}

/// A quantised weight matrix in panels.
pub struct PackedWeights {
    pub(crate) ggml_type: GgmlType,
    pub(crate) rows: usize,
    pub(crate) columns: usize,
    pub(crate) panel_bytes: usize,
    pub(crate) data: AlignedBytes,
}

impl PackedWeights {
    /// The number of this layout: panels that were written under another are of no use.
    pub const LAYOUT_VERSION: u32 = 1;

    /// Bytes of a matrix in panels, where this processor has kernels for them.
    pub fn packed_size(ggml_type: GgmlType, rows: usize, columns: usize) -> Option<usize> {
        let by_panel = !ggml_type.is_float() && Isa::detect().has_packed_kernels();
        by_panel.then(|| rows.div_ceil(PANEL_ROWS) * Self::panel_bytes(ggml_type, columns))
    }

    /// Where some rows of a matrix lie among its panels, if they begin and end where panels do.
    pub(crate) fn range(
        ggml_type: GgmlType,
        columns: usize,
        rows: &Range<usize>,
        count: usize,
    ) -> Option<Range<usize>> {
        let whole = rows.start.is_multiple_of(PANEL_ROWS)
            && (rows.end.is_multiple_of(PANEL_ROWS) || rows.end == count);
        let bytes = Self::panel_bytes(ggml_type, columns);
        whole.then(|| rows.start / PANEL_ROWS * bytes..rows.end.div_ceil(PANEL_ROWS) * bytes)
    }

    pub(crate) fn panel_bytes(ggml_type: GgmlType, columns: usize) -> usize {
        for_block_type!(ggml_type, panel_bytes(columns))
    }

    /// True if its weights have eight bits.
    #[cfg(target_arch = "x86_64")]
    pub(crate) fn has_eight_bits(&self) -> bool {
        for_block_type!(self.ggml_type, has_eight_bits())
    }

    /// All of its bytes.
    pub fn bytes(&self) -> &[u8] {
        self.data.bytes()
    }

    /// Bytes from a panel to the one that many panels further.
    #[cfg(target_arch = "x86_64")]
    pub(crate) fn distance(&self, panels: usize) -> usize {
        panels * self.panel_bytes
    }

    /// Where the parts of a panel are.
    pub(crate) fn panel_ptrs<B: PackedFormat>(&self, index: usize) -> PanelPtrs {
        let panel = &self.data.bytes()[index * self.panel_bytes..(index + 1) * self.panel_bytes];
        let [low, high, end] = B::layout(self.columns);
        assert!(self.panel_bytes == end, "a panel of another type");
        let at = panel.as_ptr();
        PanelPtrs {
            low: at,
            high: at.wrapping_add(low),
            factors: at.wrapping_add(high),
            blocks: self.columns / B::LEN,
        }
    }
}

fn panel_bytes<B: PackedFormat>(columns: usize) -> usize {
    B::layout(columns)[2]
}

#[cfg(target_arch = "x86_64")]
fn has_eight_bits<B: PackedFormat>() -> bool {
    B::LOW_BITS == 8
}
