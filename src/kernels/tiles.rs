//! Quantised weights laid out anew for kernels that compute 16 rows at once: a register then holds
//! four neighbouring columns of all 16 rows, and a lane is a row from the first product to the last
//! sum.
//!
//! Packing changes places, not numbers: a weight takes the bits it takes in the file (within 3 %
//! for the K types, whose 6-bit scales become bytes). It is done when a model is opened, or once,
//! where tiles are kept in a file.

use std::ops::Range;

use super::activation::Activation;
use super::blocks::{
    self, Block, BlockType, CHUNK, GROUPS, for_block_type, six_bits, unpack_chunk,
};
use super::isa::Isa;
#[cfg(target_arch = "x86_64")]
use super::lines::ask_for;
use super::lines::{Blank, LINE, Lines};
use super::matmul::{Activations, Matrix, Quantized, TILE};
use super::out::Out;
use super::pool;
#[cfg(target_arch = "x86_64")]
use super::{
    avx2,
    eights::{self, Eights},
    halves::{self, Halves},
};
use crate::files::MappedSlice;

/// How scales and minimums of a tile lie behind its weights; `[TILE]` of each.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Factors {
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
pub(super) struct Parts {
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
pub(super) trait Tiled: Block {
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

/// Activation rows whose bytes stay in the second-level cache while the tiles of a job pass by.
const ROWS_AT_ONCE: usize = 64;
#[cfg(target_arch = "x86_64")]
const _: () = assert!(ROWS_AT_ONCE.is_multiple_of(eights::ROWS));
/// Tiles that a kernel may take at once.
const AT_ONCE: usize = 2;

/// A quantised weight matrix in tiles.
pub struct Tiles {
    pub(super) block_type: BlockType,
    pub(super) rows: usize,
    pub(super) columns: usize,
    tile_bytes: usize,
    lines: Lines,
}

impl Tiles {
    /// Packs a matrix of a quantised type.
    pub fn pack(weights: Matrix<'_>) -> Self {
        for_block_type!(weights.block_type, pack(weights))
    }

    /// A matrix for this processor, where it has kernels for tiles; float weights need none. Kept
    /// tiles are taken as they are if they have the matrix's size.
    pub fn for_this_processor(weights: Matrix<'_>, kept: Option<&MappedSlice>) -> Option<Self> {
        let Matrix { block_type, rows, columns, .. } = weights;
        let size = Self::size_here(block_type, rows, columns)?;
        let kept =
            kept.filter(|kept| kept.len() == size && kept.as_ptr().addr().is_multiple_of(LINE));
        Some(match kept {
            Some(kept) => {
                let tile_bytes = Self::tile_bytes(block_type, columns);
                Self { block_type, rows, columns, tile_bytes, lines: Lines::File(kept.clone()) }
            }
            None => Self::pack(weights),
        })
    }

    /// The number of this layout: tiles that were written under another are of no use.
    pub const LAYOUT: u32 = 1;

    /// Bytes of a matrix in tiles, where this processor has kernels for them.
    pub fn size_here(block_type: BlockType, rows: usize, columns: usize) -> Option<usize> {
        let tiled = !block_type.is_float() && Isa::detect().has_tiles();
        tiled.then(|| rows.div_ceil(TILE) * Self::tile_bytes(block_type, columns))
    }

    /// Where some rows of a matrix lie among its tiles, if they begin and end where tiles do.
    pub(super) fn range(
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

    fn tile_bytes(block_type: BlockType, columns: usize) -> usize {
        for_block_type!(block_type, tile_bytes(columns))
    }

    /// All of its bytes.
    pub fn bytes(&self) -> &[u8] {
        self.lines.bytes()
    }

    /// `activations · weightsᵀ`, `[rows, weights.rows]`: to the bit what
    /// [`matmul`](super::matmul()) makes of the same weights, where they are not for
    /// [`Phase::Prefill`](super::Phase) on AMX.
    pub fn matmul(&self, activations: &Activations<'_>, isa: Isa) -> Vec<f32> {
        let [out] = Self::matmul_all([Outputs::of(self, None)], activations, isa);
        out
    }

    /// What several matrices make of the same activations, as one operation.
    pub fn matmul_all<const N: usize>(
        all: [Outputs<'_>; N],
        activations: &Activations<'_>,
        isa: Isa,
    ) -> [Vec<f32>; N] {
        assert!(
            isa.available() && isa.has_tiles(),
            "tiles are packed where there are kernels for them"
        );
        let rows = activations.rows();
        let tiles: usize = all.iter().map(|one| one.weights.rows.div_ceil(TILE)).sum();
        let meets = Meets::new(activations, isa);
        let (rows_at_once, jobs, most) = meets.cut();
        let tiles_a_job =
            tiles.div_ceil(pool::threads() * jobs).next_multiple_of(AT_ONCE).clamp(AT_ONCE, most);
        let mut outs = [const { Vec::new() }; N];
        let mut jobs = Vec::new();
        for (one, out) in all.into_iter().zip(&mut outs) {
            for weights in std::iter::once(one.weights).chain(one.times.map(|(weights, _)| weights))
            {
                assert_eq!(
                    weights.columns,
                    activations.columns(),
                    "weights meet as many activations"
                );
                assert_eq!(
                    weights.rows, one.weights.rows,
                    "what is multiplied has as many outputs"
                );
            }
            let stored_once = one.activation.is_none() && one.times.is_none();
            assert!(stored_once || one.onto.is_none(), "what is added comes last");
            let to = Out::new(out, rows, one.weights.rows, one.bias).onto(rows, one.onto);
            let tiles = one.weights.rows.div_ceil(TILE);
            let starts = (0..tiles).step_by(tiles_a_job);
            jobs.extend(starts.map(|from| (one, to, from..tiles.min(from + tiles_a_job))));
        }
        pool::each(jobs.len(), |job| {
            let (one, out, tiles) = &jobs[job];
            for first in (0..rows).step_by(rows_at_once) {
                let rows = first..rows.min(first + rows_at_once);
                // SAFETY: `isa` is available; `out` has room for all rows and outputs, and these
                // tiles are this job's.
                unsafe {
                    one.weights.some(tiles.clone(), &meets, rows.clone(), *out);
                    if let Some(activation) = one.activation {
                        out.apply(activation, meets.are_rounded(), rows.clone(), tiles.clone());
                    }
                    if let Some((weights, bias)) = one.times {
                        weights.some(tiles.clone(), &meets, rows, out.times(bias));
                    }
                }
            }
        });
        drop(jobs);
        for (one, out) in all.into_iter().zip(&mut outs) {
            // SAFETY: so many were reserved, and each tile has written its outputs of every row.
            unsafe { out.set_len(rows * one.weights.rows) };
        }
        outs
    }

    /// # Safety
    /// As for [`some_tiles`].
    unsafe fn some(&self, tiles: Range<usize>, meets: &Meets<'_>, rows: Range<usize>, out: Out) {
        // SAFETY: by the caller's word; the type is the tiles' own.
        unsafe { for_block_type!(self.block_type, some_tiles(self, tiles, meets, rows, out)) }
    }

    /// Bytes from a tile to the one that many tiles further.
    #[cfg(target_arch = "x86_64")]
    pub(super) fn distance(&self, tiles: usize) -> usize {
        tiles * self.tile_bytes
    }

    /// Where the parts of a tile are.
    pub(super) fn parts_of<B: Tiled>(&self, index: usize) -> Parts {
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

/// What a matrix makes of activations: `activation(weights · x + bias)`, times what another makes
/// of them, where there is one, or added to other numbers.
#[derive(Clone, Copy)]
pub struct Outputs<'w> {
    /// The matrix.
    pub weights: &'w Tiles,
    /// A number for each output.
    pub bias: Option<&'w [f32]>,
    /// What is applied to each output.
    pub activation: Option<Activation>,
    /// Another matrix with as many outputs, and its bias.
    pub times: Option<(&'w Tiles, Option<&'w [f32]>)>,
    /// `[rows, outputs]`, to which they are added as they are stored: so neither with an
    /// activation nor with another matrix.
    pub onto: Option<&'w [f32]>,
}

impl<'w> Outputs<'w> {
    /// Of a matrix and its bias alone.
    pub fn of(weights: &'w Tiles, bias: Option<&'w [f32]>) -> Self {
        Self { weights, bias, activation: None, times: None, onto: None }
    }
}

/// Activations, in the form in which they meet weights.
enum Meets<'x> {
    Bytes(&'x Quantized, Isa),
    #[cfg(target_arch = "x86_64")]
    Eights(&'x Eights),
    #[cfg(target_arch = "x86_64")]
    Halves(&'x Halves),
}

impl<'x> Meets<'x> {
    fn new(activations: &'x Activations<'_>, isa: Isa) -> Self {
        #[cfg(target_arch = "x86_64")]
        {
            if let Some(x) = activations.halves(isa) {
                return Self::Halves(x);
            }
            if matches!(isa, Isa::Vnni | Isa::Amx) {
                return Self::Eights(activations.quantized().in_eights());
            }
        }
        Self::Bytes(activations.quantized(), isa)
    }

    /// Whether activations were rounded to 16 bits, so that a ten-millionth of an output is
    /// nothing.
    fn are_rounded(&self) -> bool {
        #[cfg(target_arch = "x86_64")]
        return matches!(self, Self::Halves(_));
        #[cfg(not(target_arch = "x86_64"))]
        return false;
    }

    /// How the work is cut: rows at once, jobs for each thread, the most tiles of a job. Enough
    /// jobs that an unlucky thread can be helped, few enough that handing them out costs
    /// nothing.
    fn cut(&self) -> (usize, usize, usize) {
        match self {
            #[cfg(target_arch = "x86_64")]
            Self::Halves(_) => (halves::ROWS_AT_ONCE, 2, halves::TILES_AT_ONCE),
            _ => (ROWS_AT_ONCE, 8, usize::MAX),
        }
    }
}

/// Products of some tiles, by the kernel for what they meet.
///
/// # Safety
/// The instruction set is available; `out` has room for every row at the tile's columns.
#[cfg_attr(not(target_arch = "x86_64"), allow(unused_variables))]
unsafe fn some_tiles<B: Tiled>(
    weights: &Tiles,
    tiles: Range<usize>,
    meets: &Meets<'_>,
    rows: Range<usize>,
    out: Out,
) {
    match *meets {
        #[cfg(target_arch = "x86_64")]
        Meets::Bytes(x, Isa::Avx2) => {
            for tile in tiles {
                // SAFETY: by the caller's word.
                unsafe { avx2::one_tile::<B, false>(weights, tile, x, rows.clone(), out) };
            }
        }
        #[cfg(target_arch = "x86_64")]
        Meets::Bytes(x, Isa::AvxVnni) => {
            for tile in tiles {
                // SAFETY: by the caller's word.
                unsafe { avx2::one_tile::<B, true>(weights, tile, x, rows.clone(), out) };
            }
        }
        #[cfg(target_arch = "aarch64")]
        Meets::Bytes(x, Isa::Neon) => {
            for tile in tiles {
                // SAFETY: by the caller's word.
                unsafe { super::neon::one_tile::<B>(weights, tile, x, rows.clone(), out) };
            }
        }
        #[cfg(target_arch = "x86_64")]
        Meets::Eights(x) => {
            // SAFETY: by the caller's word.
            unsafe { super::vnni::some_tiles::<B>(weights, tiles, x, rows, out) };
        }
        #[cfg(target_arch = "x86_64")]
        Meets::Halves(x) => halves::SCRATCH.with_borrow_mut(|scratch| {
            // SAFETY: by the caller's word.
            unsafe { halves::some_tiles::<B>(weights, tiles, x, rows, out, scratch) };
        }),
        Meets::Bytes(..) => unreachable!("the plain version reads the file's layout"),
    }
}

fn tile_bytes<B: Tiled>(columns: usize) -> usize {
    B::parts(columns)[2]
}

fn pack<B: Tiled>(weights: Matrix<'_>) -> Tiles {
    let Matrix { block_type, rows, columns, .. } = weights;
    let [low, high, end] = B::parts(columns);
    let count = rows.div_ceil(TILE);
    let mut lines = Blank::new(count * end / LINE);
    pool::parts(lines.bytes_mut(), end, |index, tile| {
        let (lows, rest) = tile.split_at_mut(low);
        let (highs, factors) = rest.split_at_mut(high - low);
        let first = index * TILE;
        let mut scratch = Scratch::default();
        let chunk_bytes = CHUNK / B::LEN * B::BYTES;
        for chunk in 0..columns.div_ceil(CHUNK) {
            let from = chunk * CHUNK;
            let width = CHUNK.min(columns - from);
            for lane in 0..TILE.min(rows - first) {
                let row = weights.row(first + lane);
                let bytes = &row[chunk * chunk_bytes..((chunk + 1) * chunk_bytes).min(row.len())];
                unpack_chunk::<B>(
                    bytes,
                    &mut scratch.q[lane],
                    &mut scratch.d[lane],
                    &mut scratch.m[lane],
                );
                pack_factors::<B>(bytes, &scratch, lane, from / B::LEN, columns, factors);
            }
            pack_weights::<B>(&scratch.q, from, width, lows, highs);
        }
    });
    Tiles { block_type, rows, columns, tile_bytes: end, lines: Lines::Own(lines) }
}

/// A chunk of a tile's rows, unpacked. Lanes without a row stay zero.
struct Scratch {
    q: [[u8; CHUNK]; TILE],
    d: [[f32; GROUPS]; TILE],
    m: [[f32; GROUPS]; TILE],
}

impl Default for Scratch {
    fn default() -> Self {
        Self { q: [[0; CHUNK]; TILE], d: [[0.0; GROUPS]; TILE], m: [[0.0; GROUPS]; TILE] }
    }
}

/// Columns `from` to `from + width`: four columns of all rows make a register's worth of bytes; two
/// of those share their bytes as low and high nibble, where weights have four bits there.
fn pack_weights<B: Tiled>(
    q: &[[u8; CHUNK]; TILE],
    from: usize,
    width: usize,
    lows: &mut [u8],
    highs: &mut [u8],
) {
    for quad in 0..width / 4 {
        let mut bytes = [0u8; LINE];
        for (lane, q) in q.iter().enumerate() {
            bytes[lane * 4..lane * 4 + 4].copy_from_slice(&q[quad * 4..quad * 4 + 4]);
        }
        let index = from / 4 + quad;
        if B::LOW == 8 {
            lows[index * LINE..(index + 1) * LINE].copy_from_slice(&bytes);
            continue;
        }
        let low = &mut lows[index / 2 * LINE..(index / 2 + 1) * LINE];
        let shift = index % 2 * 4;
        for (low, byte) in low.iter_mut().zip(bytes) {
            *low |= (byte & 15) << shift;
        }
        match B::HIGH {
            1 => {
                let bits = bytes
                    .iter()
                    .enumerate()
                    .fold(0u64, |bits, (at, byte)| bits | u64::from(byte >> 4) << at);
                highs[index * 8..index * 8 + 8].copy_from_slice(&bits.to_le_bytes());
            }
            2 => {
                let high = &mut highs[index / 4 * LINE..(index / 4 + 1) * LINE];
                for (high, byte) in high.iter_mut().zip(bytes) {
                    *high |= (byte >> 4) << (index % 4 * 2);
                }
            }
            _ => {}
        }
    }
}

/// Scales and minimums of one row's blocks, the first of which is block `first` of the row.
fn pack_factors<B: Tiled>(
    bytes: &[u8],
    scratch: &Scratch,
    lane: usize,
    first: usize,
    columns: usize,
    factors: &mut [u8],
) {
    let block_factors = B::factor_bytes(columns) / (columns / B::LEN);
    let groups = B::LEN / B::GROUP;
    for (index, block) in bytes.chunks_exact(B::BYTES).enumerate() {
        let out =
            &mut factors[(first + index) * block_factors..(first + index + 1) * block_factors];
        let mut half = |number: usize, from: usize| {
            out[(number * TILE + lane) * 2..][..2].copy_from_slice(&block[from..from + 2]);
        };
        match B::FACTORS {
            Factors::Half => half(0, 0),
            Factors::HalfMin => {
                half(0, 0);
                half(1, 2);
            }
            Factors::Bytes => {
                half(0, 0);
                half(1, 2);
                let (scales, minimums) = six_bits(block);
                for group in 0..groups {
                    out[TILE * 4 + group * TILE + lane] = scales[group];
                    out[TILE * 4 + (groups + group) * TILE + lane] = minimums[group];
                }
            }
            Factors::SignedBytes => {
                half(0, B::BYTES - 2);
                for group in 0..groups {
                    out[TILE * 2 + group * TILE + lane] = block[B::BYTES - 2 - groups + group];
                }
            }
            Factors::Floats => {
                let each = 1 + usize::from(B::MIN);
                for group in 0..groups {
                    let (d, m) = (
                        scratch.d[lane][index * groups + group],
                        scratch.m[lane][index * groups + group],
                    );
                    for (number, value) in [d, m].into_iter().take(each).enumerate() {
                        out[((group * each + number) * TILE + lane) * 4..][..4]
                            .copy_from_slice(&value.to_le_bytes());
                    }
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::activation::apply_to_each;
    use super::super::matmul::tests::random_weights;
    use super::super::phase::Phase;
    use super::*;

    #[test]
    fn biases_activations_and_factors_follow_products() {
        let (outputs, columns, rows) = (37, 256, 11);
        let bias: Vec<f32> = (0..outputs).map(|at| at as f32 / 7.0 - 2.0).collect();
        let floats: Vec<f32> =
            (0..rows * columns).map(|at| (at * 37 % 101) as f32 / 50.0 - 1.0).collect();
        let bytes = random_weights(BlockType::Q6_K, outputs, columns, 6);
        let other = Tiles::pack(Matrix {
            block_type: BlockType::Q6_K,
            rows: outputs,
            columns,
            bytes: &bytes,
        });
        for block_type in [BlockType::Q8_0, BlockType::Q4_K] {
            let bytes = random_weights(block_type, outputs, columns, 5);
            let tiles = Tiles::pack(Matrix { block_type, rows: outputs, columns, bytes: &bytes });
            for isa in Isa::all().filter(|isa| isa.available() && isa.has_tiles()) {
                for phase in Phase::ALL {
                    let activations = Activations::new(&floats, rows, phase);
                    let mut expected = tiles.matmul(&activations, isa);
                    for row in expected.chunks_exact_mut(outputs) {
                        row.iter_mut().zip(&bias).for_each(|(number, bias)| *number += bias);
                    }
                    let of = Outputs::of(&tiles, Some(&bias));
                    let [found] = Tiles::matmul_all([of], &activations, isa);
                    assert_eq!(found, expected, "{block_type:?}, {isa:?}, {phase:?}");
                    let others: Vec<f32> = (0..rows * outputs).map(|at| at as f32 - 50.0).collect();
                    let [found] = Tiles::matmul_all(
                        [Outputs { onto: Some(&others), ..of }],
                        &activations,
                        isa,
                    );
                    let sums: Vec<f32> = others.iter().zip(&expected).map(|(x, y)| x + y).collect();
                    assert_eq!(found, sums, "{block_type:?}, {isa:?}, {phase:?}");
                    // The same again, activated and multiplied with what another matrix makes of
                    // them.
                    let of = Outputs {
                        activation: Some(Activation::Silu),
                        times: Some((&other, Some(&bias))),
                        ..of
                    };
                    let [found] = Tiles::matmul_all([of], &activations, isa);
                    apply_to_each(Activation::Silu, &mut expected, phase.uses_amx(isa));
                    let [times] =
                        Tiles::matmul_all([Outputs::of(&other, Some(&bias))], &activations, isa);
                    expected.iter_mut().zip(times).for_each(|(number, times)| *number *= times);
                    assert_eq!(found, expected, "{block_type:?}, {isa:?}, {phase:?}");
                }
            }
        }
    }
}
