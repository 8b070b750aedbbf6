//! Quantised matrix products for AVX-512 with VNNI, over weights in [`Tiles`].
//!
//! They give the bits of `matmul`'s plain version (tested there for every type): `vpdpbusd` sums products of unsigned and signed
//! bytes exactly, and each lane does the plain version's float operations for one weight row, in its order.
//!
//! Plain loops and no closures: a closure handed to the standard library would be compiled for these instructions, its caller there
//! would not, and every register between them would go through memory.

#![cfg(target_arch = "x86_64")]

use std::arch::x86_64::*;
use std::ops::Range;

use super::matmul::{Quantized, TILE};
use super::tiles::{Factors, Out, Parts, Tiled, Tiles};

/// A tile's products with some rows of activations.
///
/// # Safety
/// `out` has room for every row at the tile's columns.
#[target_feature(enable = "avx512f,avx512bw,avx512vl,avx512vnni,fma,f16c")]
pub(super) unsafe fn one_tile<B: Tiled>(
    weights: &Tiles,
    tile: usize,
    x: &Quantized,
    rows: Range<usize>,
    out: Out,
) {
    let parts = weights.parts_of::<B>(tile);
    let width = TILE.min(weights.rows - tile * TILE);
    let mut row = rows.start;
    while row < rows.end {
        // SAFETY: `parts` is of a tile of this type and `row` of the activations; `out` by the caller's word.
        row += unsafe {
            match rows.end - row {
                8.. => some_rows::<B, 8>(parts, x, row, tile * TILE, width, out),
                4.. => some_rows::<B, 4>(parts, x, row, tile * TILE, width, out),
                2.. => some_rows::<B, 2>(parts, x, row, tile * TILE, width, out),
                _ => some_rows::<B, 1>(parts, x, row, tile * TILE, width, out),
            }
        };
    }
}

/// The sums of `N` activation rows from `row` on, which share each load of weights. Returns `N`.
///
/// # Safety
/// As for [`one_tile`]; the activations have `N` rows from `row` on.
#[inline]
#[target_feature(enable = "avx512f,avx512bw,avx512vl,avx512vnni,fma,f16c")]
unsafe fn some_rows<B: Tiled, const N: usize>(
    tile: Parts,
    x: &Quantized,
    row: usize,
    column: usize,
    width: usize,
    out: Out,
) -> usize {
    let mut views = [x.row::<B>(row); N];
    for (i, view) in views.iter_mut().enumerate() {
        *view = x.row::<B>(row + i);
    }
    let groups = B::LEN / B::GROUP;
    let mut totals = [_mm512_setzero_ps(); N];
    for block in 0..tile.blocks {
        // SAFETY: `block` is one of the tile's.
        let factors = unsafe { BlockFactors::load::<B>(tile.factors, block) };
        for group in 0..groups {
            let at = block * groups + group;
            let mut sums = [_mm512_setzero_si512(); N];
            if B::ZERO != 0 {
                for i in 0..N {
                    // Beginning at −ZERO·Σx takes the zero point off all products at once, exactly.
                    // SAFETY: a row's views hold a number for each of its groups.
                    sums[i] = _mm512_set1_epi32(-B::ZERO * unsafe { *views[i].sums.add(at) });
                }
            }
            for quad in at * B::GROUP / 4..(at + 1) * B::GROUP / 4 {
                // SAFETY: a quad of the tile.
                let w = unsafe { quad_of::<B>(tile, quad) };
                for i in 0..N {
                    // SAFETY: four bytes of the row's.
                    let four = unsafe { views[i].bytes.add(quad * 4).cast::<i32>().read_unaligned() };
                    sums[i] = _mm512_dpbusd_epi32(sums[i], w, _mm512_set1_epi32(four));
                }
            }
            // SAFETY: a group of the block.
            let d = unsafe { factors.scale::<B>(group) };
            for i in 0..N {
                // SAFETY: as for the sums.
                let scale = _mm512_set1_ps(unsafe { *views[i].scales.add(at) });
                totals[i] = _mm512_fmadd_ps(_mm512_mul_ps(_mm512_cvtepi32_ps(sums[i]), d), scale, totals[i]);
            }
            if B::MIN {
                // SAFETY: as for the scale.
                let m = unsafe { factors.minimum::<B>(group) };
                for i in 0..N {
                    // SAFETY: as for the sums.
                    let total = _mm512_set1_ps(unsafe { *views[i].totals.add(at) });
                    totals[i] = _mm512_fmadd_ps(m, total, totals[i]);
                }
            }
        }
    }
    let mask = (0xffffu32 >> (TILE - width)) as u16;
    for (i, total) in totals.into_iter().enumerate() {
        // SAFETY: the mask keeps within the outputs of the row.
        unsafe { _mm512_mask_storeu_ps(out.at.add((row + i) * out.outputs + column), mask, total) };
    }
    N
}

/// Four columns of 16 rows, as unsigned bytes.
///
/// # Safety
/// `quad` is one of the tile's.
#[inline]
#[target_feature(enable = "avx512f,avx512bw,avx512vl,avx512vnni,fma,f16c")]
pub(super) unsafe fn quad_of<B: Tiled>(tile: Parts, quad: usize) -> __m512i {
    // SAFETY: parts as `Tiled::parts` lays them out; every line is 64 bytes at a multiple of 64.
    unsafe {
        if B::LOW == 8 {
            return _mm512_load_si512(tile.low.add(quad * 64).cast());
        }
        let pair = _mm512_load_si512(tile.low.add(quad / 2 * 64).cast());
        let pair = if quad.is_multiple_of(2) { pair } else { _mm512_srli_epi16::<4>(pair) };
        let low = _mm512_and_si512(pair, _mm512_set1_epi8(15));
        match B::HIGH {
            1 => {
                let bits = tile.high.add(quad * 8).cast::<u64>().read_unaligned().to_le();
                _mm512_mask_add_epi8(low, bits, low, _mm512_set1_epi8(16))
            }
            2 => {
                let high = _mm512_load_si512(tile.high.add(quad / 4 * 64).cast());
                let high = match quad % 4 {
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
pub(super) struct BlockFactors {
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

/// Does as many rounds of products as it is told and nothing else, to see how fast they can be; says how many products that was.
#[target_feature(enable = "avx512f,avx512bw,avx512vl,avx512vnni")]
pub(super) fn products(rounds: usize) -> usize {
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
