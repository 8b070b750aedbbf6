//! Products for AMX in bfloat16, over weights in [`PackedWeights`]: how prompts and sources are read where
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
    AmxTiles, BTile, PAIR, TILE_K, TILE_ROWS, TileRow, bf16_pairs, canonical_nan, round_rows,
};
use crate::kernels::cpu::Isa;
use crate::kernels::matmul::epilogue::Epilogue;
use crate::kernels::matmul::packed::{PackedFormat, PackedWeights, PanelPtrs};
use crate::kernels::matmul::x86::avx512_vnni::{BlockScales, load_quad};
use crate::kernels::simd::AlignedF32x16;
use crate::kernels::threads::{self, Zero};

/// AmxTiles of a panel's columns that stay in the first-level cache while all rows pass by; whole
/// blocks of every type.
const K_TILES: usize = 8;
/// Activation rows that a call takes at most.
pub const ROWS_PER_CALL: usize = 512;
/// PackedWeights that a call takes at most: activations come from further away than the second-level cache,
/// once for all of them.
pub const PANELS_PER_CALL: usize = 32;

/// Activations of some rows in 16 bits. Rows that are not there are zero.
pub struct Bf16Activations {
    /// `[rows / 16, columns / 32, 16]`, for a multiple of 32 rows.
    pieces: Vec<TileRow>,
    /// AmxTiles of a row.
    blocks: usize,
}

impl Bf16Activations {
    /// Rows of a multiple of 32 numbers, where there is AMX.
    pub fn new(floats: &[f32], columns: usize) -> Self {
        assert!(Isa::Amx.available(), "nothing else reads them");
        let blocks = columns / TILE_K;
        let row_tiles = (floats.len() / columns).div_ceil(PAIR * TILE_ROWS) * PAIR;
        let length = row_tiles * blocks * TILE_ROWS;
        let mut pieces = Vec::with_capacity(length);
        threads::parallel_chunks(
            &mut pieces.spare_capacity_mut()[..length],
            blocks * TILE_ROWS,
            |row_tile, pieces| {
                let from = (row_tile * TILE_ROWS * columns).min(floats.len());
                let end = (from + TILE_ROWS * columns).min(floats.len());
                // SAFETY: AMX is available only beside AVX-512.
                unsafe { round_rows(&floats[from..end], columns, pieces) };
            },
        );
        // SAFETY: so many there are, and each was in one of the parts.
        unsafe { pieces.set_len(length) };
        Self { pieces, blocks }
    }
}

/// Memory to work with.
pub struct Scratch {
    weights: [[BTile; K_TILES]; PAIR],
    /// `[rows / 16, panels, 16]`: sums of 16 rows with a panel.
    sums: Vec<AlignedF32x16>,
}

thread_local! {
    /// Each thread's.
    pub static SCRATCH: RefCell<Box<Scratch>> =
        RefCell::new(Box::new(Scratch { weights: [[BTile::ZERO; K_TILES]; PAIR], sums: Vec::new() }));
}

/// The products of some panels with some rows, from a multiple of 32 on.
///
/// # Safety
/// The processor has AMX, and this process may use it; this thread is not using it already; `out`
/// has room for every row at the panels' columns.
#[target_feature(enable = "avx512f,avx512bw,avx512vl,avx512vnni,fma,f16c")]
pub unsafe fn matmul_panels<B: PackedFormat>(
    weights: &PackedWeights,
    panels: Range<usize>,
    x: &Bf16Activations,
    rows: Range<usize>,
    out: Epilogue,
    Scratch { weights: weight_tiles, sums }: &mut Scratch,
) {
    assert!(x.blocks * TILE_K == weights.columns && rows.start.is_multiple_of(PAIR * TILE_ROWS));
    let (first, row_tiles) = (rows.start / TILE_ROWS, rows.len().div_ceil(PAIR * TILE_ROWS) * PAIR);
    // An odd panel meets activations beside what was there before; nobody reads that.
    let count = panels.len().next_multiple_of(PAIR);
    sums.resize(sums.len().max(row_tiles * count * TILE_ROWS), AlignedF32x16::ZERO);
    let sums_at = sums.as_mut_ptr();
    // SAFETY: by the caller's word.
    let registers = unsafe { AmxTiles::begin() };
    for from in (0..x.blocks).step_by(K_TILES) {
        let blocks = K_TILES.min(x.blocks - from);
        for pair in (0..count).step_by(PAIR) {
            for (panel, tiles) in panels.clone().skip(pair).zip(weight_tiles.iter_mut()) {
                let next = weights.distance(PAIR);
                // SAFETY: blocks of the panel.
                unsafe {
                    widen::<B>(weights.panel_ptrs::<B>(panel), from, &mut tiles[..blocks], next)
                };
            }
            for row_tile in (0..row_tiles).step_by(PAIR) {
                let rows = [0, 1].map(|at| {
                    let from = ((first + row_tile + at) * x.blocks + from) * TILE_ROWS;
                    x.pieces[from..from + blocks * TILE_ROWS].as_ptr()
                });
                let sums = [(0, 0), (0, 1), (1, 0), (1, 1)].map(|(row, panel)| {
                    sums_at.wrapping_add(((row_tile + row) * count + pair + panel) * TILE_ROWS)
                });
                let weights = [0, 1].map(|at| weight_tiles[at].as_ptr());
                // SAFETY: so many registers lie at each place.
                unsafe {
                    registers.matmul_2x2(
                        weights,
                        rows,
                        blocks,
                        sums,
                        size_of::<AlignedF32x16>(),
                        from == 0,
                    )
                };
            }
        }
    }
    drop(registers);
    // A row's outputs of all panels lie side by side; those of the next row are a page or more away.
    for row in 0..rows.len() {
        for (index, panel) in panels.clone().enumerate() {
            let sum = &sums[(row / TILE_ROWS * count + index) * TILE_ROWS + row % TILE_ROWS];
            // SAFETY: a chunk is as large as a register; `out` by the caller's word.
            unsafe { out.store(rows.start + row, panel, _mm512_load_ps(sum.0.as_ptr())) };
        }
    }
}

/// Weights of a panel's columns from register `from` on, which begins a block: `d · (q − ZERO) + m`,
/// rounded as [`bf16_pairs`] does. What lies `ahead` bytes further is asked for meanwhile.
///
/// # Safety
/// The panel has as many.
#[inline]
#[target_feature(enable = "avx512f,avx512bw,avx512vl,avx512vnni,fma,f16c")]
unsafe fn widen<B: PackedFormat>(panel: PanelPtrs, from: usize, to: &mut [BTile], ahead: usize) {
    // Then `m − d · ZERO` has no rounding of its own: the zero point is a power of two.
    const { assert!(!B::MIN && B::ZERO & (B::ZERO - 1) == 0 || B::ZERO == 0) };
    let zero = _mm512_set1_ps(-B::ZERO as f32);
    let (int16, _) = to.as_flattened_mut().as_chunks_mut::<8>();
    let groups_of_block = B::LEN / B::GROUP;
    let first = from * TILE_K / B::LEN;
    for (index, int16) in int16.chunks_mut(B::GROUP / 16).enumerate() {
        let (block, group) = (first + index / groups_of_block, index % groups_of_block);
        panel.prefetch_scales::<B>(block, if group == 0 { ahead } else { 0 });
        panel.prefetch_group::<B>(block * groups_of_block + group, ahead);
        // SAFETY: a block of the panel, and a group of the block.
        let (d, m) = unsafe {
            let factors = BlockScales::load::<B>(panel.factors, block);
            let d = canonical_nan(factors.scale::<B>(group));
            (
                d,
                if B::MIN {
                    canonical_nan(factors.minimum::<B>(group))
                } else {
                    _mm512_mul_ps(zero, d)
                },
            )
        };
        let column = block * B::LEN + group * B::GROUP;
        for (four, pieces) in int16.iter_mut().enumerate() {
            macro_rules! quad {
                ($number:literal) => {
                    // SAFETY: a quad of the panel.
                    let quad = unsafe { load_quad::<B, $number>(panel, column / 16 + four) };
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

/// Four columns of a panel as two pairs.
#[inline]
#[target_feature(enable = "avx512f,avx512bw,avx512vl,avx512vnni,fma,f16c")]
fn widened(quad: __m512i, d: __m512, m: __m512) -> [TileRow; 2] {
    // `d · q + m`, q being one of each lane's bytes.
    macro_rules! column {
        ($byte:literal) => {{
            let only = |lane: u32| (0x8080_8000 | lane * 4 + $byte).cast_signed();
            let only = _mm512_set4_epi32(only(3), only(2), only(1), only(0));
            _mm512_fmadd_ps(_mm512_cvtepi32_ps(_mm512_shuffle_epi8(quad, only)), d, m)
        }};
    }
    [bf16_pairs(column!(0), column!(1)), bf16_pairs(column!(2), column!(3))]
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kernels::amx::f32_to_bf16;
    use crate::kernels::block_types::{Block, CHUNK, GgmlType, for_block_type, unpack_chunk};
    use crate::kernels::matmul::activations::Activations;
    use crate::kernels::matmul::matrix::Matrix;
    use crate::kernels::matmul::tests::random_weights;
    use crate::kernels::phase::Phase;

    fn rounded(x: f32) -> f32 {
        f32::from_bits(u32::from(f32_to_bf16(x)) << 16)
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
        for (x, weights) in x.chunks(TILE_K).zip(weights.chunks(TILE_K)) {
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
        for (index, ggml_type) in
            GgmlType::all().filter(|ggml_type| !ggml_type.is_float()).enumerate()
        {
            for (rows, columns, count) in
                [(40, 1280usize, 1), (16, 256, 33), (7, 2304, 70), (150, 544, 530)]
            {
                let columns = columns.next_multiple_of(ggml_type.block_len());
                let bytes = random_weights(ggml_type, rows, columns, index as u64 + 3);
                let weights = Matrix { ggml_type, rows, columns, bytes: &bytes };
                let x: Vec<f32> = (0..count * columns)
                    .map(|at| (at * 7919 % 2003) as f32 / 500.0 - 2.0)
                    .collect();
                let panels = PackedWeights::pack(weights);
                let ours = panels.matmul(&Activations::new(&x, count, Phase::Prefill), Isa::Amx);
                let bytes_of_row = ggml_type.row_bytes(columns);
                for row in [0, rows / 2, rows - 1] {
                    let bytes = &bytes[row * bytes_of_row..(row + 1) * bytes_of_row];
                    let weights = for_block_type!(ggml_type, row_of(bytes, columns));
                    for token in [0, count / 2, count - 1] {
                        let expected =
                            product(&x[token * columns..(token + 1) * columns], &weights);
                        assert_eq!(
                            ours[token * rows + row].to_bits(),
                            expected.to_bits(),
                            "{ggml_type:?} {row} {token}"
                        );
                    }
                }
                let last = &x[(count - 1) * columns..];
                let alone = panels.matmul(&Activations::new(last, 1, Phase::Prefill), Isa::Amx);
                assert_eq!(alone, ours[(count - 1) * rows..]);
            }
        }
    }
}
