//! Quantized weights, repacked in panels of 16 rows for kernels that compute 16 outputs at once.
//!
//! The weights of a panel are `[columns / 4][16 rows][4]` bytes: one 512-bit load holds 4 columns
//! of 16 rows, one `vpdpbusd` adds their products with 4 activations to 16 sums, and a lane belongs
//! to one row throughout. Weights of 4 bits share a byte as low and high nibbles: `[columns /
//! 8][16][4]`, the high nibbles 4 columns further. Fifth and sixth bits lie in a second part,
//! scales and minimums in a third.
//!
//! Packing moves bits without changing values or size (within 3 % for the K types, whose 6-bit
//! scales become bytes). It runs when a model is opened, or once if packed weights are cached in a
//! file.

use std::ops::Range;

use crate::kernels::block_types::{self as blocks, GgmlBlock, GgmlType, for_block_type};
use crate::kernels::cpu::Isa;
#[cfg(target_arch = "x86_64")]
use crate::kernels::memory::prefetch;
use crate::kernels::memory::{AlignedBytes, CACHE_LINE};
use crate::kernels::shape::PANEL_ROWS;

/// Layout of the scales and minimums behind the weights of a panel, as arrays of `[16 rows]`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ScaleLayout {
    /// An f16 scale for each block.
    F16,
    /// An f16 scale and an f16 minimum for each block.
    F16Min,
    /// f16 scales of scales and minimums for each block, then a u8 scale for each of its groups,
    /// then a u8 minimum.
    F16U8,
    /// An f16 factor for each block, then an i8 scale for each of its groups.
    F16I8,
    /// f32 scales (and minimums) for each group, as `GgmlBlock::unpack` computes them: for rare
    /// types.
    F32,
}

/// Pointers to the parts of a panel.
#[derive(Clone, Copy)]
pub struct PanelPtrs {
    pub low: *const u8,
    pub high: *const u8,
    pub scales: *const u8,
    pub blocks: usize,
}

#[cfg(target_arch = "x86_64")]
impl PanelPtrs {
    /// Prefetches the scales that lie `ahead` bytes beyond those of a block: a step reads all
    /// weights from memory, so a kernel prefetches the next panel while it computes this one.
    #[inline(always)]
    pub fn prefetch_scales<B: PackedFormat>(self, block: usize, ahead: usize) {
        let bytes = B::scale_bytes(B::LEN);
        prefetch(self.scales.wrapping_add(block * bytes + ahead), bytes);
    }

    /// Prefetches the weights that lie `ahead` bytes beyond those of a group.
    #[inline(always)]
    pub fn prefetch_group<B: PackedFormat>(self, group: usize, ahead: usize) {
        for (part, bits) in [(self.low, B::LOW_BITS), (self.high, B::HIGH_BITS)] {
            let bytes = B::GROUP * PANEL_ROWS * bits / 8;
            prefetch(part.wrapping_add(group * bytes + ahead), bytes);
        }
    }
}

/// A block type in packed form.
pub trait PackedFormat: GgmlBlock {
    /// Bits of a weight in the first part of a panel: 4 or 8.
    const LOW_BITS: usize;
    /// Bits of a weight in the second part, from the fifth bit on: 0, 1 or 2.
    const HIGH_BITS: usize = 0;
    const SCALES: ScaleLayout;

    /// Bytes of the scales and minimums of `columns` columns.
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

    /// Offsets of the second and the third part of a panel, and its size.
    fn layout(columns: usize) -> [usize; 3] {
        let low = columns * PANEL_ROWS * Self::LOW_BITS / 8;
        let high = (low + columns * PANEL_ROWS * Self::HIGH_BITS / 8).next_multiple_of(CACHE_LINE);
        [low, high, (high + Self::scale_bytes(columns)).next_multiple_of(CACHE_LINE)]
    }
}

macro_rules! packed_formats {
    ($($block:ident $low:literal $high:literal $scales:ident)*) => {
        $(impl PackedFormat for blocks::$block {
            const LOW_BITS: usize = $low;
            const HIGH_BITS: usize = $high;
            const SCALES: ScaleLayout = ScaleLayout::$scales;
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
    I8 8 0 F32
}

/// A quantized weight matrix in panels of 16 rows.
pub struct PackedWeights {
    pub(crate) ggml_type: GgmlType,
    pub(crate) rows: usize,
    pub(crate) columns: usize,
    pub(crate) panel_bytes: usize,
    pub(crate) data: AlignedBytes,
}

impl PackedWeights {
    /// Version of the layout, for caches of packed weights.
    pub const LAYOUT_VERSION: u32 = 1;

    /// Bytes of the packed matrix; `None` if this CPU has no kernels for it.
    pub fn packed_size(ggml_type: GgmlType, rows: usize, columns: usize) -> Option<usize> {
        let by_panel = !ggml_type.is_float() && Isa::detect().has_packed_kernels();
        by_panel.then(|| rows.div_ceil(PANEL_ROWS) * Self::panel_bytes(ggml_type, columns))
    }

    /// Bytes of some rows of a matrix in its packed form; `None` if they do not begin and end with
    /// panels.
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

    /// True if its weights have 8 bits.
    #[cfg(target_arch = "x86_64")]
    pub(crate) fn has_8_bits(&self) -> bool {
        for_block_type!(self.ggml_type, has_8_bits())
    }

    /// All panels.
    pub fn bytes(&self) -> &[u8] {
        self.data.bytes()
    }

    /// Bytes of `panels` panels.
    #[cfg(target_arch = "x86_64")]
    pub(crate) fn distance(&self, panels: usize) -> usize {
        panels * self.panel_bytes
    }

    /// Pointers to the parts of a panel.
    pub(crate) fn panel_ptrs<B: PackedFormat>(&self, index: usize) -> PanelPtrs {
        let panel = &self.data.bytes()[index * self.panel_bytes..(index + 1) * self.panel_bytes];
        let [low, high, end] = B::layout(self.columns);
        assert!(self.panel_bytes == end, "a panel of another type");
        let at = panel.as_ptr();
        PanelPtrs {
            low: at,
            high: at.wrapping_add(low),
            scales: at.wrapping_add(high),
            blocks: self.columns / B::LEN,
        }
    }
}

fn panel_bytes<B: PackedFormat>(columns: usize) -> usize {
    B::layout(columns)[2]
}

#[cfg(target_arch = "x86_64")]
fn has_8_bits<B: PackedFormat>() -> bool {
    B::LOW_BITS == 8
}
