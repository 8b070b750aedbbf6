//! Products of packed weights for AMX, in bf16: the kernel of prefills on CPUs with AMX.
//!
//! 16 rows × 32 columns of a panel are dequantized to a bf16 B tile, which costs the same for one
//! activation row as for 512, and one `tdpbf16ps` multiplies it with an A tile of 16 activation
//! rows. The instruction adds in f32 and in a fixed order: even columns, odd columns, the two sums,
//! then the accumulator. So a row has the same bits whatever is computed beside it, but not those
//! of int8, which is the less precise: int8 activations are off by a few thousandths of the maximum
//! of their group, bf16 by one or two thousandths of themselves. See
//! [`Phase`](crate::kernels::Phase).

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

/// B tiles of a panel that stay in the first-level cache while all rows pass: whole k_tiles of
/// every type.
const K_TILES: usize = 8;
/// The most activation rows of a call.
pub const ROWS_PER_CALL: usize = 512;
/// The most panels of a call: activations come from beyond the second-level cache, once for all of
/// them.
pub const PANELS_PER_CALL: usize = 32;

/// Activations in bf16 A tiles; missing rows are zero.
pub struct Bf16Activations {
    /// `[rows / 16][columns / 32][16]`, for a multiple of 32 rows.
    tile_rows: Vec<TileRow>,
    /// A tiles of a row.
    k_tiles: usize,
}

impl Bf16Activations {
    /// Rounds rows of a multiple of 32 numbers. The CPU must have AMX.
    pub fn new(floats: &[f32], columns: usize) -> Self {
        assert!(Isa::Amx.available(), "no AMX");
        let k_tiles = columns / TILE_K;
        let row_tiles = (floats.len() / columns).div_ceil(PAIR * TILE_ROWS) * PAIR;
        let length = row_tiles * k_tiles * TILE_ROWS;
        let mut tile_rows = Vec::with_capacity(length);
        threads::parallel_chunks(
            &mut tile_rows.spare_capacity_mut()[..length],
            k_tiles * TILE_ROWS,
            |row_tile, tile_rows| {
                let from = (row_tile * TILE_ROWS * columns).min(floats.len());
                let end = (from + TILE_ROWS * columns).min(floats.len());
                // SAFETY: every CPU with AMX has AVX-512.
                unsafe { round_rows(&floats[from..end], columns, tile_rows) };
            },
        );
        // SAFETY: the capacity is `length`, and every tile row was written by one of the jobs.
        unsafe { tile_rows.set_len(length) };
        Self { tile_rows, k_tiles }
    }
}

/// Memory of a call.
pub struct PanelScratch {
    weights: [[BTile; K_TILES]; PAIR],
    /// `[rows / 16][panels][16]`: sums of 16 rows and a panel.
    sums: Vec<AlignedF32x16>,
}

thread_local! {
    /// One for each thread.
    pub static SCRATCH: RefCell<Box<PanelScratch>> =
        RefCell::new(Box::new(PanelScratch { weights: [[BTile::ZERO; K_TILES]; PAIR], sums: Vec::new() }));
}

/// Products of some panels with some rows, from a multiple of 32.
///
/// # Safety
/// The CPU has AMX and the process may use it; this thread is not using it already; `out` has room
/// for every row and the panels' outputs.
#[target_feature(enable = "avx512f,avx512bw,avx512vl,avx512vnni,fma,f16c")]
pub unsafe fn matmul_panels<B: PackedFormat>(
    weights: &PackedWeights,
    panels: Range<usize>,
    x: &Bf16Activations,
    rows: Range<usize>,
    out: Epilogue,
    PanelScratch { weights: weight_tiles, sums }: &mut PanelScratch,
) {
    assert!(x.k_tiles * TILE_K == weights.columns && rows.start.is_multiple_of(PAIR * TILE_ROWS));
    let (first, row_tiles) = (rows.start / TILE_ROWS, rows.len().div_ceil(PAIR * TILE_ROWS) * PAIR);
    // Without a second panel, the second tile holds old weights; their sums are not read.
    let count = panels.len().next_multiple_of(PAIR);
    sums.resize(sums.len().max(row_tiles * count * TILE_ROWS), AlignedF32x16::ZERO);
    let sums_at = sums.as_mut_ptr();
    // SAFETY: upheld by the caller.
    let amx = unsafe { AmxTiles::begin() };
    for from in (0..x.k_tiles).step_by(K_TILES) {
        let k_tiles = K_TILES.min(x.k_tiles - from);
        for pair in (0..count).step_by(PAIR) {
            for (panel, tiles) in panels.clone().skip(pair).zip(weight_tiles.iter_mut()) {
                let next = weights.distance(PAIR);
                // SAFETY: these columns exist.
                unsafe {
                    widen::<B>(weights.panel_ptrs::<B>(panel), from, &mut tiles[..k_tiles], next)
                };
            }
            for row_tile in (0..row_tiles).step_by(PAIR) {
                let rows = [0, 1].map(|at| {
                    let from = ((first + row_tile + at) * x.k_tiles + from) * TILE_ROWS;
                    x.tile_rows[from..from + k_tiles * TILE_ROWS].as_ptr()
                });
                let sums = [(0, 0), (0, 1), (1, 0), (1, 1)].map(|(row, panel)| {
                    sums_at.wrapping_add(((row_tile + row) * count + pair + panel) * TILE_ROWS)
                });
                let weights = [0, 1].map(|at| weight_tiles[at].as_ptr());
                // SAFETY: weights, rows and sums have as many tiles.
                unsafe {
                    amx.matmul_2x2(
                        weights,
                        rows,
                        k_tiles,
                        sums,
                        size_of::<AlignedF32x16>(),
                        from == 0,
                    )
                };
            }
        }
    }
    drop(amx);
    // Row by row: the outputs of a row are adjacent, those of the next row a page or more away.
    for row in 0..rows.len() {
        for (index, panel) in panels.clone().enumerate() {
            let sum = &sums[(row / TILE_ROWS * count + index) * TILE_ROWS + row % TILE_ROWS];
            // SAFETY: a chunk is an aligned vector; `out` is upheld by the caller.
            unsafe { out.store(rows.start + row, panel, _mm512_load_ps(sum.0.as_ptr())) };
        }
    }
}

/// Dequantizes the weights of a panel from tile `from` of its columns, which begins a block, to B
/// tiles: `d · (q − ZERO) + m`, rounded as [`bf16_pairs`] does. Prefetches what lies `ahead`
/// bytes further.
///
/// # Safety
/// The panel has these columns.
#[inline]
#[target_feature(enable = "avx512f,avx512bw,avx512vl,avx512vnni,fma,f16c")]
unsafe fn widen<B: PackedFormat>(panel: PanelPtrs, from: usize, to: &mut [BTile], ahead: usize) {
    // Then `m = −d · ZERO` is exact: the zero point is a power of two.
    const { assert!(!B::MIN && B::ZERO & (B::ZERO - 1) == 0 || B::ZERO == 0) };
    let zero = _mm512_set1_ps(-B::ZERO as f32);
    let (int16, _) = to.as_flattened_mut().as_chunks_mut::<8>();
    let groups_of_block = B::LEN / B::GROUP;
    let first = from * TILE_K / B::LEN;
    for (index, int16) in int16.chunks_mut(B::GROUP / 16).enumerate() {
        let (block, group) = (first + index / groups_of_block, index % groups_of_block);
        panel.prefetch_scales::<B>(block, if group == 0 { ahead } else { 0 });
        panel.prefetch_group::<B>(block * groups_of_block + group, ahead);
        // SAFETY: the block and the group exist.
        let (d, m) = unsafe {
            let block_scales = BlockScales::load::<B>(panel.scales, block);
            let d = canonical_nan(block_scales.scale::<B>(group));
            (
                d,
                if B::MIN {
                    canonical_nan(block_scales.minimum::<B>(group))
                } else {
                    _mm512_mul_ps(zero, d)
                },
            )
        };
        let column = block * B::LEN + group * B::GROUP;
        for (four, tile_rows) in int16.iter_mut().enumerate() {
            macro_rules! quad {
                ($number:literal) => {
                    // SAFETY: the panel has these columns.
                    let quad = unsafe { load_quad::<B, $number>(panel, column / 16 + four) };
                    let [low, high] = widened(quad, d, m);
                    (tile_rows[2 * $number], tile_rows[2 * $number + 1]) = (low, high);
                };
            }
            quad!(0);
            quad!(1);
            quad!(2);
            quad!(3);
        }
    }
}

/// Four columns of a panel as two rows of a B tile.
#[inline]
#[target_feature(enable = "avx512f,avx512bw,avx512vl,avx512vnni,fma,f16c")]
fn widened(quad: __m512i, d: __m512, m: __m512) -> [TileRow; 2] {
    // `d · q + m`, where `q` is byte `$byte` of each 32-bit lane.
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
    use crate::kernels::block_types::{CHUNK, GgmlBlock, GgmlType, for_block_type, unpack_chunk};
    use crate::kernels::matmul::activations::Activations;
    use crate::kernels::matmul::matrix::Matrix;
    use crate::kernels::matmul::tests::random_weights;
    use crate::kernels::phase::Phase;

    fn rounded(x: f32) -> f32 {
        f32::from_bits(u32::from(f32_to_bf16(x)) << 16)
    }

    /// The dequantized weights of a row.
    fn row_of<B: GgmlBlock>(bytes: &[u8], columns: usize) -> Vec<f32> {
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

    /// The scalar definition: 32 columns at a time, as AMX adds.
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
    fn products_equal_scalar_arithmetic_whatever_is_beside_them() {
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
