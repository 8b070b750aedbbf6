//! Products for AMX in bfloat16, over weights in [`Tiles`]: how prompts and sources are read where
//! there is AMX.
//!
//! Weights of 32 columns are widened to 16 bits, which costs as much for one row as for five
//! hundred, and one instruction multiplies them with 16 rows of activations. It adds up in f32 and
//! in one order: the even columns of 32 one after the other and the odd ones, both sums
//! together, and that to what came before. So a row is the same to the bit whatever it is computed
//! beside; but not the same as what bytes give, which are the rougher of the two: their activations
//! are off by some thousandths of the largest of 32, numbers of 16 bits by one or two thousandths
//! of themselves. See [`Phase`](crate::kernels::Phase) for where the one and where the other is used.

#![cfg(target_arch = "x86_64")]

use std::arch::x86_64::*;
use std::cell::RefCell;
use std::ops::Range;

use crate::kernels::amx::{
    COLUMNS, PAIR, Piece, ROWS, Register, Registers, canonical, pair, round,
};
use crate::kernels::cpu::Isa;
use crate::kernels::matmul::epilogue::Out;
use crate::kernels::matmul::packed::{Parts, Tiled, Tiles};
use crate::kernels::matmul::x86::avx512_vnni::{BlockFactors, quad_of};
use crate::kernels::simd::Chunk;
use crate::kernels::threads::{self, Zero};

/// Registers of a tile's columns that stay in the first-level cache while all rows pass by; whole
/// blocks of every type.
const PANEL: usize = 8;
/// Activation rows that a call takes at most.
pub const ROWS_AT_ONCE: usize = 512;
/// Tiles that a call takes at most: activations come from further away than the second-level cache,
/// once for all of them.
pub const TILES_AT_ONCE: usize = 32;

/// Activations of some rows in 16 bits. Rows that are not there are zero.
pub struct Halves {
    /// `[rows / 16, columns / 32, 16]`, for a multiple of 32 rows.
    pieces: Vec<Piece>,
    /// Registers of a row.
    blocks: usize,
}

impl Halves {
    /// Rows of a multiple of 32 numbers, where there is AMX.
    pub fn new(floats: &[f32], columns: usize) -> Self {
        assert!(Isa::Amx.available(), "nothing else reads them");
        let blocks = columns / COLUMNS;
        let sixteens = (floats.len() / columns).div_ceil(PAIR * ROWS) * PAIR;
        let length = sixteens * blocks * ROWS;
        let mut pieces = Vec::with_capacity(length);
        threads::parallel_chunks(
            &mut pieces.spare_capacity_mut()[..length],
            blocks * ROWS,
            |sixteen, pieces| {
                let from = (sixteen * ROWS * columns).min(floats.len());
                let end = (from + ROWS * columns).min(floats.len());
                // SAFETY: AMX is available only beside AVX-512.
                unsafe { round(&floats[from..end], columns, pieces) };
            },
        );
        // SAFETY: so many there are, and each was in one of the parts.
        unsafe { pieces.set_len(length) };
        Self { pieces, blocks }
    }
}

/// Memory to work with.
pub struct Scratch {
    weights: [[Register; PANEL]; PAIR],
    /// `[rows / 16, tiles, 16]`: sums of 16 rows with a tile.
    sums: Vec<Chunk>,
}

thread_local! {
    /// Each thread's.
    pub static SCRATCH: RefCell<Box<Scratch>> =
        RefCell::new(Box::new(Scratch { weights: [[Register::ZERO; PANEL]; PAIR], sums: Vec::new() }));
}

/// The products of some tiles with some rows, from a multiple of 32 on.
///
/// # Safety
/// The processor has AMX, and this process may use it; this thread is not using it already; `out`
/// has room for every row at the tiles' columns.
#[target_feature(enable = "avx512f,avx512bw,avx512vl,avx512vnni,fma,f16c")]
pub unsafe fn some_tiles<B: Tiled>(
    weights: &Tiles,
    tiles: Range<usize>,
    x: &Halves,
    rows: Range<usize>,
    out: Out,
    Scratch { weights: panel, sums }: &mut Scratch,
) {
    assert!(x.blocks * COLUMNS == weights.columns && rows.start.is_multiple_of(PAIR * ROWS));
    let (first, sixteens) = (rows.start / ROWS, rows.len().div_ceil(PAIR * ROWS) * PAIR);
    // An odd tile meets activations beside what was there before; nobody reads that.
    let count = tiles.len().next_multiple_of(PAIR);
    sums.resize(sums.len().max(sixteens * count * ROWS), Chunk::ZERO);
    let sums_at = sums.as_mut_ptr();
    // SAFETY: by the caller's word.
    let registers = unsafe { Registers::begin() };
    for from in (0..x.blocks).step_by(PANEL) {
        let blocks = PANEL.min(x.blocks - from);
        for pair in (0..count).step_by(PAIR) {
            for (tile, panel) in tiles.clone().skip(pair).zip(panel.iter_mut()) {
                let next = weights.distance(PAIR);
                // SAFETY: blocks of the tile.
                unsafe {
                    widen::<B>(weights.parts_of::<B>(tile), from, &mut panel[..blocks], next)
                };
            }
            for sixteen in (0..sixteens).step_by(PAIR) {
                let rows = [0, 1].map(|at| {
                    let from = ((first + sixteen + at) * x.blocks + from) * ROWS;
                    x.pieces[from..from + blocks * ROWS].as_ptr()
                });
                let sums = [(0, 0), (0, 1), (1, 0), (1, 1)].map(|(row, tile)| {
                    sums_at.wrapping_add(((sixteen + row) * count + pair + tile) * ROWS)
                });
                let weights = [0, 1].map(|tile| panel[tile].as_ptr());
                // SAFETY: so many registers lie at each place.
                unsafe {
                    registers.multiply(weights, rows, blocks, sums, size_of::<Chunk>(), from == 0)
                };
            }
        }
    }
    drop(registers);
    // A row's outputs of all tiles lie side by side; those of the next row are a page or more away.
    for row in 0..rows.len() {
        for (index, tile) in tiles.clone().enumerate() {
            let sum = &sums[(row / ROWS * count + index) * ROWS + row % ROWS];
            // SAFETY: a chunk is as large as a register; `out` by the caller's word.
            unsafe { out.put(rows.start + row, tile, _mm512_load_ps(sum.0.as_ptr())) };
        }
    }
}

/// Weights of a tile's columns from register `from` on, which begins a block: `d · (q − ZERO) + m`,
/// rounded as [`pair`] does. What lies `ahead` bytes further is asked for meanwhile.
///
/// # Safety
/// The tile has as many.
#[inline]
#[target_feature(enable = "avx512f,avx512bw,avx512vl,avx512vnni,fma,f16c")]
unsafe fn widen<B: Tiled>(tile: Parts, from: usize, to: &mut [Register], ahead: usize) {
    // Then `m − d · ZERO` has no rounding of its own: the zero point is a power of two.
    const { assert!(!B::MIN && B::ZERO & (B::ZERO - 1) == 0 || B::ZERO == 0) };
    let zero = _mm512_set1_ps(-B::ZERO as f32);
    let (fours, _) = to.as_flattened_mut().as_chunks_mut::<8>();
    let groups_of_block = B::LEN / B::GROUP;
    let first = from * COLUMNS / B::LEN;
    for (index, fours) in fours.chunks_mut(B::GROUP / 16).enumerate() {
        let (block, group) = (first + index / groups_of_block, index % groups_of_block);
        tile.ask_for_factors::<B>(block, if group == 0 { ahead } else { 0 });
        tile.ask_for_group::<B>(block * groups_of_block + group, ahead);
        // SAFETY: a block of the tile, and a group of the block.
        let (d, m) = unsafe {
            let factors = BlockFactors::load::<B>(tile.factors, block);
            let d = canonical(factors.scale::<B>(group));
            (
                d,
                if B::MIN {
                    canonical(factors.minimum::<B>(group))
                } else {
                    _mm512_mul_ps(zero, d)
                },
            )
        };
        let column = block * B::LEN + group * B::GROUP;
        for (four, pieces) in fours.iter_mut().enumerate() {
            macro_rules! quad {
                ($number:literal) => {
                    // SAFETY: a quad of the tile.
                    let quad = unsafe { quad_of::<B, $number>(tile, column / 16 + four) };
                    let [low, high] = widened(quad, d, m);
                    (pieces[2 * $number], pieces[2 * $number + 1]) = (low, high);
                };
            }
            quad!(0);
            quad!(1);
            quad!(2);
            quad!(3);
        }
    }
}

/// Four columns of a tile as two pairs.
#[inline]
#[target_feature(enable = "avx512f,avx512bw,avx512vl,avx512vnni,fma,f16c")]
fn widened(quad: __m512i, d: __m512, m: __m512) -> [Piece; 2] {
    // `d · q + m`, q being one of each lane's bytes.
    macro_rules! column {
        ($byte:literal) => {{
            let only = |lane: u32| (0x8080_8000 | lane * 4 + $byte).cast_signed();
            let only = _mm512_set4_epi32(only(3), only(2), only(1), only(0));
            _mm512_fmadd_ps(_mm512_cvtepi32_ps(_mm512_shuffle_epi8(quad, only)), d, m)
        }};
    }
    [pair(column!(0), column!(1)), pair(column!(2), column!(3))]
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kernels::amx::half;
    use crate::kernels::block_types::{Block, BlockType, CHUNK, for_block_type, unpack_chunk};
    use crate::kernels::matmul::activations::Activations;
    use crate::kernels::matmul::matrix::Matrix;
    use crate::kernels::matmul::tests::random_weights;
    use crate::kernels::phase::Phase;

    fn rounded(x: f32) -> f32 {
        f32::from_bits(u32::from(half(x)) << 16)
    }

    /// The weights of a row as they are multiplied.
    fn row_of<B: Block>(bytes: &[u8], columns: usize) -> Vec<f32> {
        let mut out = Vec::new();
        for bytes in bytes.chunks(CHUNK / B::LEN * B::BYTES) {
            let (mut q, mut d, mut m) = ([0; CHUNK], [0.0; 16], [0.0; 16]);
            unpack_chunk::<B>(bytes, &mut q, &mut d, &mut m);
            let weight = |at: usize| {
                let group = at / B::GROUP;
                let m = if B::MIN { m[group] } else { 0.0 };
                rounded(((i32::from(q[at]) - B::ZERO) as f32).mul_add(d[group], m))
            };
            out.extend((0..bytes.len() / B::BYTES * B::LEN).map(weight));
        }
        assert_eq!(out.len(), columns);
        out
    }

    /// What AMX does with 32 columns at a time.
    fn product(x: &[f32], weights: &[f32]) -> f32 {
        let mut total = 0f32;
        for (x, weights) in x.chunks(COLUMNS).zip(weights.chunks(COLUMNS)) {
            let mut sums = [0f32; 2];
            for (at, (x, weight)) in x.iter().zip(weights).enumerate() {
                sums[at % 2] = rounded(*x).mul_add(*weight, sums[at % 2]);
            }
            total += sums[0] + sums[1];
        }
        total
    }

    #[test]
    fn products_are_those_of_plain_arithmetic_to_the_bit_whatever_is_beside_them() {
        if !Isa::Amx.available() {
            return eprintln!("skipped: no AMX here");
        }
        for (index, block_type) in
            BlockType::all().filter(|block_type| !block_type.is_float()).enumerate()
        {
            for (rows, columns, count) in
                [(40, 1280usize, 1), (16, 256, 33), (7, 2304, 70), (150, 544, 530)]
            {
                let columns = columns.next_multiple_of(block_type.block_len());
                let bytes = random_weights(block_type, rows, columns, index as u64 + 3);
                let weights = Matrix { block_type, rows, columns, bytes: &bytes };
                let x: Vec<f32> = (0..count * columns)
                    .map(|at| (at * 7919 % 2003) as f32 / 500.0 - 2.0)
                    .collect();
                let tiles = Tiles::pack(weights);
                let ours = tiles.matmul(&Activations::new(&x, count, Phase::Prefill), Isa::Amx);
                let bytes_of_row = block_type.row_bytes(columns);
                for row in [0, rows / 2, rows - 1] {
                    let bytes = &bytes[row * bytes_of_row..(row + 1) * bytes_of_row];
                    let weights = for_block_type!(block_type, row_of(bytes, columns));
                    for token in [0, count / 2, count - 1] {
                        let expected =
                            product(&x[token * columns..(token + 1) * columns], &weights);
                        assert_eq!(
                            ours[token * rows + row].to_bits(),
                            expected.to_bits(),
                            "{block_type:?} {row} {token}"
                        );
                    }
                }
                let last = &x[(count - 1) * columns..];
                let alone = tiles.matmul(&Activations::new(last, 1, Phase::Prefill), Isa::Amx);
                assert_eq!(alone, ours[(count - 1) * rows..]);
            }
        }
    }
}
