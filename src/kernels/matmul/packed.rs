//! Quantised weights laid out anew for kernels that compute 16 rows at once: a register then holds
//! four neighbouring columns of all 16 rows, and a lane is a row from the first product to the last
//! sum.
//!
//! Packing changes places, not numbers: a weight takes the bits it takes in the file (within 3 %
//! for the K types, whose 6-bit scales become bytes). It is done when a model is opened, or once,
//! where tiles are kept in a file.

use std::ops::Range;

use crate::kernels::block_types::{self as blocks, Block, BlockType, for_block_type};
use crate::kernels::cpu::Isa;
#[cfg(target_arch = "x86_64")]
use crate::kernels::memory::ask_for;
use crate::kernels::memory::{LINE, Lines};
use crate::kernels::shape::TILE;

/// How scales and minimums of a tile lie behind its weights; `[TILE]` of each.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Factors {
    /// A half a block.
    Half,
    /// A half and a minimum, also a half, a block.
    HalfMin,
    /// Two halves a block, then a byte for each group's scale, then one for its minimum.
    Bytes,
    /// A half a block, then a signed byte for each group.
    SignedBytes,
    /// Floats as `Block::unpack` gives them, for types that catalogue models are not made of.
    Floats,
}

/// A tile's parts, as kernels read them.
#[derive(Clone, Copy)]
pub struct Parts {
    pub low: *const u8,
    pub high: *const u8,
    pub factors: *const u8,
    pub blocks: usize,
}

#[cfg(target_arch = "x86_64")]
impl Parts {
    /// Asks for what lies so many bytes beyond a block's scales and minimums: weights are read once
    /// a step, from memory, and whoever asks a tile ahead has them brought while it computes.
    #[inline(always)]
    pub fn ask_for_factors<B: Tiled>(self, block: usize, ahead: usize) {
        let bytes = B::factor_bytes(B::LEN);
        ask_for(self.factors.wrapping_add(block * bytes + ahead), bytes);
    }

    /// The same of the weights of a group.
    #[inline(always)]
    pub fn ask_for_group<B: Tiled>(self, group: usize, ahead: usize) {
        for (part, bits) in [(self.low, B::LOW), (self.high, B::HIGH)] {
            let bytes = B::GROUP * TILE * bits / 8;
            ask_for(part.wrapping_add(group * bytes + ahead), bytes);
        }
    }
}

/// A block type as tiles hold it.
pub trait Tiled: Block {
    /// Bits of a weight in the first part of a tile, 4 or 8 …
    const LOW: usize;
    /// … and what is added to the fifth bit from the second part, 0, 1 or 2.
    const HIGH: usize = 0;
    const FACTORS: Factors;

    /// Bytes of scales and minimums of `columns` columns.
    fn factor_bytes(columns: usize) -> usize {
        let (blocks, groups) = (columns / Self::LEN, columns / Self::GROUP);
        match Self::FACTORS {
            Factors::Half => blocks * TILE * 2,
            Factors::HalfMin => blocks * TILE * 4,
            Factors::Bytes => blocks * TILE * 4 + groups * TILE * 2,
            Factors::SignedBytes => blocks * TILE * 2 + groups * TILE,
            Factors::Floats => groups * TILE * 4 * (1 + usize::from(Self::MIN)),
        }
    }

    /// Where the parts of a tile begin, and where it ends.
    fn parts(columns: usize) -> [usize; 3] {
        let low = columns * TILE * Self::LOW / 8;
        let high = (low + columns * TILE * Self::HIGH / 8).next_multiple_of(LINE);
        [low, high, (high + Self::factor_bytes(columns)).next_multiple_of(LINE)]
    }
}

macro_rules! tiled {
    ($($block:ident $low:literal $high:literal $factors:ident)*) => {
        $(impl Tiled for blocks::$block {
            const LOW: usize = $low;
            const HIGH: usize = $high;
            const FACTORS: Factors = Factors::$factors;
        })*
    };
}

tiled! {
    Q4_0 4 0 Half
    Q4_1 4 0 HalfMin
    Q5_0 4 1 Half
    Q5_1 4 1 HalfMin
    Q8_0 8 0 Half
    Q8_1 8 0 Half
    Q2K 4 0 Floats
    Q3K 4 0 Floats
    Q4K 4 0 Bytes
    Q5K 4 1 Bytes
    Q6K 4 2 SignedBytes
    Q8K 8 0 Floats
}

/// A quantised weight matrix in tiles.
pub struct Tiles {
    pub(crate) block_type: BlockType,
    pub(crate) rows: usize,
    pub(crate) columns: usize,
    pub(crate) tile_bytes: usize,
    pub(crate) lines: Lines,
}

impl Tiles {
    /// The number of this layout: tiles that were written under another are of no use.
    pub const LAYOUT: u32 = 1;

    /// Bytes of a matrix in tiles, where this processor has kernels for them.
    pub fn size_here(block_type: BlockType, rows: usize, columns: usize) -> Option<usize> {
        let tiled = !block_type.is_float() && Isa::detect().has_tiles();
        tiled.then(|| rows.div_ceil(TILE) * Self::tile_bytes(block_type, columns))
    }

    /// Where some rows of a matrix lie among its tiles, if they begin and end where tiles do.
    pub(crate) fn range(
        block_type: BlockType,
        columns: usize,
        rows: &Range<usize>,
        count: usize,
    ) -> Option<Range<usize>> {
        let whole =
            rows.start.is_multiple_of(TILE) && (rows.end.is_multiple_of(TILE) || rows.end == count);
        let bytes = Self::tile_bytes(block_type, columns);
        whole.then(|| rows.start / TILE * bytes..rows.end.div_ceil(TILE) * bytes)
    }

    pub(crate) fn tile_bytes(block_type: BlockType, columns: usize) -> usize {
        for_block_type!(block_type, tile_bytes(columns))
    }

    /// True if its weights have eight bits.
    #[cfg(target_arch = "x86_64")]
    pub(crate) fn has_eight_bits(&self) -> bool {
        for_block_type!(self.block_type, has_eight_bits())
    }

    /// All of its bytes.
    pub fn bytes(&self) -> &[u8] {
        self.lines.bytes()
    }

    /// Bytes from a tile to the one that many tiles further.
    #[cfg(target_arch = "x86_64")]
    pub(crate) fn distance(&self, tiles: usize) -> usize {
        tiles * self.tile_bytes
    }

    /// Where the parts of a tile are.
    pub(crate) fn parts_of<B: Tiled>(&self, index: usize) -> Parts {
        let tile = &self.lines.bytes()[index * self.tile_bytes..(index + 1) * self.tile_bytes];
        let [low, high, end] = B::parts(self.columns);
        assert!(self.tile_bytes == end, "a tile of another type");
        let at = tile.as_ptr();
        Parts {
            low: at,
            high: at.wrapping_add(low),
            factors: at.wrapping_add(high),
            blocks: self.columns / B::LEN,
        }
    }
}

fn tile_bytes<B: Tiled>(columns: usize) -> usize {
    B::parts(columns)[2]
}

#[cfg(target_arch = "x86_64")]
fn has_eight_bits<B: Tiled>() -> bool {
    B::LOW == 8
}
