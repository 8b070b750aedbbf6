//! Quantised matrix products for AVX-512 with VNNI, over weights in [`Tiles`].
//!
//! They give the bits of `matmul`'s plain version (tested there for every type): `vpdpbusd` sums
//! products of unsigned and signed bytes exactly, and each lane does the plain version's float
//! operations for one weight row, in its order.
//!
//! Plain loops and no closures: a closure handed to the standard library would be compiled for
//! these instructions, its caller there would not, and every register between them would go through
//! memory.

#![cfg(target_arch = "x86_64")]

use std::arch::asm;
use std::arch::x86_64::*;
use std::ops::Range;

use crate::kernels::matmul::epilogue::Out;
use crate::kernels::matmul::packed::{Factors, Parts, Tiled, Tiles};
use crate::kernels::matmul::x86::interleave::{Eights, block_of};
use crate::kernels::shape::TILE;

/// The products of some neighbouring tiles with some rows of activations.
///
/// # Safety
/// `out` has room for every row at the tiles' columns.
#[target_feature(enable = "avx512f,avx512bw,avx512vl,avx512vnni,fma,f16c")]
pub unsafe fn some_tiles<B: Tiled>(
    weights: &Tiles,
    tiles: Range<usize>,
    x: &Eights,
    rows: Range<usize>,
    out: Out,
) {
    let mut tile = tiles.start;
    while tile < tiles.end {
        let place = |tile: usize, at_once: usize| Place {
            parts: weights.parts_of::<B>(tile),
            next: weights.distance(at_once),
            tile,
        };
        // SAFETY: tiles of this type and rows of the activations; `out` by the caller's word.
        unsafe {
            if tile + 1 < tiles.end && rows.len() > 1 {
                all_rows::<B, 2>([place(tile, 2), place(tile + 1, 2)], x, rows.clone(), out);
                tile += 2;
            } else {
                all_rows::<B, 1>([place(tile, 1)], x, rows.clone(), out);
                tile += 1;
            }
        }
    }
}

/// A tile, and where its outputs go.
#[derive(Clone, Copy)]
struct Place {
    parts: Parts,
    /// Bytes to the tile that takes its place next.
    next: usize,
    tile: usize,
}

/// # Safety
/// As for [`some_tiles`].
#[inline]
#[target_feature(enable = "avx512f,avx512bw,avx512vl,avx512vnni,fma,f16c")]
unsafe fn all_rows<B: Tiled, const T: usize>(
    tiles: [Place; T],
    x: &Eights,
    rows: Range<usize>,
    out: Out,
) {
    let mut row = rows.start;
    while row < rows.end {
        // The last rows ask for the next tiles; those before them, for what is here already.
        let ahead = if rows.end - row <= 8 { tiles[0].next } else { 0 };
        let count = block_of(rows.end - row);
        // SAFETY: a block of the activations begins with the row; the rest by the caller's word.
        unsafe {
            match count {
                8 => some_rows::<B, T, 8>(tiles, x, row, out, ahead),
                4 => some_rows::<B, T, 4>(tiles, x, row, out, ahead),
                2 => some_rows::<B, T, 2>(tiles, x, row, out, ahead),
                _ => some_rows::<B, T, 1>(tiles, x, row, out, ahead),
            }
        }
        row += count;
    }
}

/// The sums of the `N` activation rows of the block that begins with `row`, which share each load
/// of weights; `T` tiles share each load of activations. What lies `ahead` bytes further is asked
/// for meanwhile.
///
/// # Safety
/// As for [`some_tiles`]; there is such a block.
#[inline]
#[target_feature(enable = "avx512f,avx512bw,avx512vl,avx512vnni,fma,f16c")]
unsafe fn some_rows<B: Tiled, const T: usize, const N: usize>(
    tiles: [Place; T],
    x: &Eights,
    row: usize,
    out: Out,
    ahead: usize,
) {
    // Twice the largest sum, for what is taken off: see `BASE`.
    const { assert!(B::GROUP * 2 * 255 * 128 < 1 << 22) };
    let (bytes, numbers) = x.block::<B>(row);
    let groups = B::LEN / B::GROUP;
    let mut totals = [[_mm512_setzero_ps(); T]; N];
    for block in 0..tiles[0].parts.blocks {
        let mut factors = [const { None }; T];
        for t in 0..T {
            // SAFETY: `block` is one of the tile's.
            factors[t] = Some(unsafe { BlockFactors::load::<B>(tiles[t].parts.factors, block) });
            if ahead > 0 {
                tiles[t].parts.ask_for_factors::<B>(block, ahead);
            }
        }
        for group in 0..groups {
            let at = block * groups + group;
            if ahead > 0 {
                for tile in &tiles {
                    tile.parts.ask_for_group::<B>(at, ahead);
                }
            }
            // SAFETY: each group of the block has three numbers for each row.
            let number = |kind: usize, i: usize| unsafe {
                _mm512_set1_ps(*numbers.add((at * 3 + kind) * N + i))
            };
            // Sums begin at the bits of a float that makes floats of them, too large by that float.
            let base = _mm512_set1_ps(BASE);
            let mut sums = [[_mm512_castps_si512(base); T]; N];
            if B::ZERO != 0 {
                for (i, sums) in sums.iter_mut().enumerate() {
                    // Less ZERO·Σx, which takes the zero point off all products at once, exactly.
                    let begin =
                        _mm512_fnmadd_ps(_mm512_set1_ps(B::ZERO as f32), number(1, i), base);
                    *sums = [_mm512_castps_si512(begin); T];
                }
            }
            // SAFETY: the bytes of the group.
            let x = unsafe { bytes.add(at * B::GROUP * N) };
            // Written out, for compilers leave loops and tests here that cost a tenth, or exchange
            // all registers at their end.
            macro_rules! quads {
                ($($quad:literal)*) => {$({
                    let mut w = [_mm512_setzero_si512(); T];
                    for t in 0..T {
                        // SAFETY: a quad of the tile.
                        w[t] = unsafe { quad_of::<B, { $quad % 4 }>(tiles[t].parts, at * B::GROUP / 16 + $quad / 4) };
                    }
                    rows!($quad w 0 1 2 3 4 5 6 7);
                })*};
            }
            macro_rules! rows {
                ($quad:literal $w:ident $($row:literal)*) => {$(
                    if $row < N {
                        // SAFETY: four bytes of this row's.
                        unsafe { add_products::<T, N, $quad, $row>(&mut sums[$row % N], $w, x) };
                    }
                )*};
            }
            quads!(0 1 2 3);
            if B::GROUP == 32 {
                quads!(4 5 6 7);
            }
            for t in 0..T {
                let Some(factors) = &factors[t] else { continue };
                // SAFETY: a group of the block.
                let d = unsafe { factors.scale::<B>(group) };
                let too_much = _mm512_mul_ps(d, base);
                for i in 0..N {
                    let sum = _mm512_castsi512_ps(sums[i][t]);
                    let sum = match B::FACTORS {
                        Factors::Floats => _mm512_mul_ps(_mm512_sub_ps(sum, base), d),
                        _ => _mm512_fmsub_ps(sum, d, too_much),
                    };
                    totals[i][t] = _mm512_fmadd_ps(sum, number(0, i), totals[i][t]);
                }
                if B::MIN {
                    // SAFETY: as for the scale.
                    let m = unsafe { factors.minimum::<B>(group) };
                    for (i, totals) in totals.iter_mut().enumerate() {
                        totals[t] = _mm512_fmadd_ps(m, number(2, i), totals[t]);
                    }
                }
            }
        }
    }
    for (i, totals) in totals.into_iter().enumerate() {
        for t in 0..T {
            // SAFETY: by the caller's word.
            unsafe { out.put(row + i, tiles[t].tile, totals[t]) };
        }
    }
}

/// Adds the products of four columns of `T` tiles, those of a quad, with the activations of one of
/// the `N` rows whose group begins at `x`.
///
/// For two tiles it is written out: compilers read the bytes of all rows first and then have no
/// registers for them, so that they go to the stack and back.
///
/// # Safety
/// There are as many bytes.
#[inline]
#[target_feature(enable = "avx512f,avx512bw,avx512vl,avx512vnni,fma,f16c")]
unsafe fn add_products<const T: usize, const N: usize, const QUAD: usize, const ROW: usize>(
    sums: &mut [__m512i; T],
    w: [__m512i; T],
    x: *const i8,
) {
    if T == 2 {
        let _four: __m512i;
        // SAFETY: four of the bytes are read.
        unsafe {
            asm!(
                "vpbroadcastd {four}, dword ptr [{x} + {at}]",
                "vpdpbusd {a}, {v}, {four}",
                "vpdpbusd {b}, {w}, {four}",
                four = out(zmm_reg) _four, x = in(reg) x, at = const 4 * (QUAD * N + ROW),
                a = inout(zmm_reg) sums[0], v = in(zmm_reg) w[0],
                b = inout(zmm_reg) sums[T - 1], w = in(zmm_reg) w[T - 1],
                options(nostack, preserves_flags, readonly),
            );
        }
        return;
    }
    // SAFETY: as above.
    let x =
        _mm512_set1_epi32(unsafe { x.add(4 * (QUAD * N + ROW)).cast::<i32>().read_unaligned() });
    for t in 0..T {
        sums[t] = _mm512_dpbusd_epi32(sums[t], w[t], x);
    }
}

/// 1.5 · 2^23. What is added to its bits is added to the float, as long as it is below 2^22, and
/// sums of a group are: integers become floats without a conversion, and one instruction takes this
/// number off again and multiplies by the scale, of which the product with it is exact unless the
/// scale has all of a float's bits. Both round once, at the same place. (A scale that is infinite,
/// as only a broken file has one, makes here no number of what the plain version makes infinite.)
const BASE: f32 = 12_582_912.0;

/// Four columns of 16 rows, as unsigned bytes: of four such quads the one of a number.
///
/// # Safety
/// The tile has the four.
#[inline]
#[target_feature(enable = "avx512f,avx512bw,avx512vl,avx512vnni,fma,f16c")]
pub unsafe fn quad_of<B: Tiled, const NUMBER: usize>(tile: Parts, four: usize) -> __m512i {
    // SAFETY: parts as `Tiled::parts` lays them out; every line is 64 bytes at a multiple of 64.
    unsafe {
        if B::LOW == 8 {
            return _mm512_load_si512(tile.low.add((four * 4 + NUMBER) * 64).cast());
        }
        let pair = _mm512_load_si512(tile.low.add((four * 2 + NUMBER / 2) * 64).cast());
        let pair = if NUMBER.is_multiple_of(2) { pair } else { _mm512_srli_epi16::<4>(pair) };
        let low = _mm512_and_si512(pair, _mm512_set1_epi8(15));
        match B::HIGH {
            1 => {
                let bits =
                    tile.high.add((four * 4 + NUMBER) * 8).cast::<u64>().read_unaligned().to_le();
                _mm512_mask_add_epi8(low, bits, low, _mm512_set1_epi8(16))
            }
            2 => {
                let high = _mm512_load_si512(tile.high.add(four * 64).cast());
                let high = match NUMBER {
                    0 => _mm512_slli_epi16::<4>(high),
                    1 => _mm512_slli_epi16::<2>(high),
                    2 => high,
                    _ => _mm512_srli_epi16::<2>(high),
                };
                // low | (high & 0x30)
                _mm512_ternarylogic_epi32::<0xf8>(low, high, _mm512_set1_epi8(0x30))
            }
            _ => low,
        }
    }
}

/// What is common to a block's groups.
pub struct BlockFactors {
    at: *const u8,
    d: __m512,
    m: __m512,
}

impl BlockFactors {
    /// # Safety
    /// `block` is one of a tile of this type whose factors begin at `factors`.
    #[inline]
    #[target_feature(enable = "avx512f,avx512bw,avx512vl,avx512vnni,fma,f16c")]
    pub unsafe fn load<B: Tiled>(factors: *const u8, block: usize) -> Self {
        let at = factors.wrapping_add(block * B::factor_bytes(B::LEN));
        let half = |number: usize| at.wrapping_add(number * TILE * 2).cast();
        // SAFETY: by the caller's word; 32 bytes of halves each.
        unsafe {
            let d = || _mm512_cvtph_ps(_mm256_loadu_si256(half(0)));
            let m = || _mm512_cvtph_ps(_mm256_loadu_si256(half(1)));
            let none = _mm512_setzero_ps();
            match B::FACTORS {
                Factors::Half => Self { at, d: d(), m: none },
                Factors::HalfMin => Self { at, d: d(), m: m() },
                // What is taken off is the minimum: m is less than zero.
                Factors::Bytes => {
                    let sign = _mm512_set1_epi32(i32::MIN);
                    let m = _mm512_castsi512_ps(_mm512_xor_si512(_mm512_castps_si512(m()), sign));
                    Self { at: at.wrapping_add(TILE * 4), d: d(), m }
                }
                Factors::SignedBytes => Self { at: at.wrapping_add(TILE * 2), d: d(), m: none },
                Factors::Floats => Self { at, d: none, m: none },
            }
        }
    }

    /// # Safety
    /// `group` is one of the block's.
    #[inline]
    #[target_feature(enable = "avx512f,avx512bw,avx512vl,avx512vnni,fma,f16c")]
    pub unsafe fn scale<B: Tiled>(&self, group: usize) -> __m512 {
        // SAFETY: 16 bytes or floats of the group.
        unsafe {
            match B::FACTORS {
                Factors::Half | Factors::HalfMin => self.d,
                Factors::Bytes => {
                    let bytes = _mm_loadu_si128(self.at.add(group * TILE).cast());
                    _mm512_mul_ps(self.d, _mm512_cvtepi32_ps(_mm512_cvtepu8_epi32(bytes)))
                }
                Factors::SignedBytes => {
                    let bytes = _mm_loadu_si128(self.at.add(group * TILE).cast());
                    _mm512_mul_ps(self.d, _mm512_cvtepi32_ps(_mm512_cvtepi8_epi32(bytes)))
                }
                Factors::Floats => {
                    let each = 1 + usize::from(B::MIN);
                    _mm512_loadu_ps(self.at.add(group * each * TILE * 4).cast())
                }
            }
        }
    }

    /// # Safety
    /// `group` is one of the block's, which has minimums.
    #[inline]
    #[target_feature(enable = "avx512f,avx512bw,avx512vl,avx512vnni,fma,f16c")]
    pub unsafe fn minimum<B: Tiled>(&self, group: usize) -> __m512 {
        // SAFETY: as for the scale.
        unsafe {
            match B::FACTORS {
                Factors::Bytes => {
                    let groups = B::LEN / B::GROUP;
                    let bytes = _mm_loadu_si128(self.at.add((groups + group) * TILE).cast());
                    _mm512_mul_ps(self.m, _mm512_cvtepi32_ps(_mm512_cvtepu8_epi32(bytes)))
                }
                Factors::Floats => _mm512_loadu_ps(self.at.add((group * 2 + 1) * TILE * 4).cast()),
                _ => self.m,
            }
        }
    }
}

/// Does as many rounds of products as it is told and nothing else, to see how fast they can be;
/// says how many products that was.
#[target_feature(enable = "avx512f,avx512bw,avx512vl,avx512vnni")]
pub fn products(rounds: usize) -> usize {
    const SUMS: usize = 16;
    let (a, b) = std::hint::black_box((_mm512_set1_epi8(3), _mm512_set1_epi8(5)));
    let mut sums = [_mm512_setzero_si512(); SUMS];
    for _ in 0..rounds {
        for sum in &mut sums {
            *sum = _mm512_dpbusd_epi32(*sum, a, b);
        }
    }
    std::hint::black_box(sums);
    rounds * SUMS * 64
}
