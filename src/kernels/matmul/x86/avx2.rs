//! Products of packed weights for AVX2, with and without AVX-VNNI.
//!
//! They give the bits of the reference. AVX2 has no instruction that adds products of bytes to
//! 32-bit sums; `vpmaddubsw` adds pairs to 16 bits, saturating. So sums stay in 16 bits for as many
//! products as cannot overflow ([`quads_at_once`]) and are then widened: all exact. AVX-VNNI has
//! `vpdpbusd`, also for weights of 8 bits, which plain AVX2 multiplies in `avx2_int8`.

#![cfg(target_arch = "x86_64")]
// Loops by index: see `avx2_int8`.
#![allow(clippy::needless_range_loop)]

use std::arch::asm;
use std::arch::x86_64::*;
use std::ops::Range;

use crate::kernels::matmul::activations::Int8Activations;
use crate::kernels::matmul::epilogue::Epilogue;
use crate::kernels::matmul::packed::{PackedFormat, PackedWeights, PanelPtrs, ScaleLayout};
use crate::kernels::shape::PANEL_ROWS;

/// Vectors of 8 lanes for the 16 rows of a panel.
pub const VECTORS: usize = 2;
const VECTOR_LANES: usize = PANEL_ROWS / VECTORS;

/// Quads of columns whose sums fit in 16 bits: pairs of products of the largest weight with the
/// largest activation, 127.
const fn quads_at_once<B: PackedFormat>() -> usize {
    let largest = (16 << B::HIGH_BITS) - 1;
    let quads = 32767 / (2 * largest * 127);
    let most = B::GROUP / 4;
    if quads > most { most } else { quads }
}

/// Products of a panel with some activation rows, by `vpdpbusd` if `VNNI`.
///
/// # Safety
/// The CPU has AVX2, and AVX-VNNI if `VNNI`; `out` has room for every row and the panel's outputs.
#[target_feature(enable = "avx2,fma,f16c")]
pub unsafe fn matmul_panel<B: PackedFormat, const VNNI: bool>(
    weights: &PackedWeights,
    panel: usize,
    x: &Int8Activations,
    rows: Range<usize>,
    out: Epilogue,
) {
    let parts = weights.panel_ptrs::<B>(panel);
    let to = PanelOutput { index: panel, out };
    let mut row = rows.start;
    while row < rows.end {
        // As in `avx512_vnni`.
        let ahead =
            if rows.end - row <= if VNNI { 6 } else { 4 } { weights.distance(1) } else { 0 };
        // SAFETY: `parts` is a panel of type `B`, and `row` is one of the activations; `out` is
        // upheld by the caller.
        row += unsafe {
            match rows.end - row {
                // As many sums as fit in registers.
                6.. if VNNI => micro_kernel::<B, 6, VNNI>(parts, x, row, to, ahead),
                4.. => micro_kernel::<B, 4, VNNI>(parts, x, row, to, ahead),
                2.. => micro_kernel::<B, 2, VNNI>(parts, x, row, to, ahead),
                _ => micro_kernel::<B, 1, VNNI>(parts, x, row, to, ahead),
            }
        };
    }
}

/// The number of a panel, and where its outputs go.
#[derive(Clone, Copy)]
pub struct PanelOutput {
    pub index: usize,
    pub out: Epilogue,
}

/// Sums of `N` activation rows from `row`, which share each load of weights. Returns `N`.
///
/// # Safety
/// As for [`matmul_panel`]; the activations have `N` rows from `row`.
#[inline]
#[target_feature(enable = "avx2,fma,f16c")]
unsafe fn micro_kernel<B: PackedFormat, const N: usize, const VNNI: bool>(
    panel: PanelPtrs,
    x: &Int8Activations,
    row: usize,
    PanelOutput { index, out }: PanelOutput,
    ahead: usize,
) -> usize {
    let mut x_rows = [x.row::<B>(row); N];
    for i in 1..N {
        x_rows[i] = x.row::<B>(row + i);
    }
    let groups = B::LEN / B::GROUP;
    let at_once = const { quads_at_once::<B>() };
    let ones = _mm256_set1_epi16(1);
    let mut totals = [[_mm256_setzero_ps(); VECTORS]; N];
    for block in 0..panel.blocks {
        // SAFETY: the block exists.
        let block_scales = unsafe { BlockScales::load::<B>(panel.scales, block) };
        panel.prefetch_scales::<B>(block, ahead);
        for group in 0..groups {
            let at = block * groups + group;
            panel.prefetch_group::<B>(at, ahead);
            let mut sums = [[_mm256_setzero_si256(); VECTORS]; N];
            // Sums start at −ZERO · Σx, as in `avx512_vnni`.
            if B::ZERO != 0 {
                for i in 0..N {
                    // SAFETY: a row has a sum for each group.
                    sums[i] =
                        [_mm256_set1_epi32(-B::ZERO * unsafe { *x_rows[i].sums.add(at) }); VECTORS];
                }
            }
            let mut short = [[_mm256_setzero_si256(); VECTORS]; N];
            // Unrolled by a macro, so that no quad is tested for its position.
            macro_rules! quads {
                ($($quad:literal)*) => {$({
                    // SAFETY: the quad exists.
                    let w = unsafe { load_quad::<B, { $quad % 4 }>(panel, at * B::GROUP / 16 + $quad / 4) };
                    for i in 0..N {
                        // SAFETY: the row has these four bytes; the instruction set is upheld by
                        // the caller.
                        unsafe {
                            let bytes = x_rows[i].bytes.add(at * B::GROUP);
                            if VNNI {
                                add_products::<$quad>(&mut sums[i], w, bytes);
                            } else {
                                let four = bytes.add(4 * $quad).cast::<i32>().read_unaligned();
                                let four = _mm256_set1_epi32(four);
                                for v in 0..VECTORS {
                                    let products = _mm256_maddubs_epi16(w[v], four);
                                    short[i][v] = _mm256_add_epi16(short[i][v], products);
                                }
                            }
                        }
                        if !VNNI && ($quad + 1) % at_once == 0 {
                            for v in 0..VECTORS {
                                let wide = _mm256_madd_epi16(short[i][v], ones);
                                sums[i][v] = _mm256_add_epi32(sums[i][v], wide);
                                short[i][v] = _mm256_setzero_si256();
                            }
                        }
                    }
                })*};
            }
            quads!(0 1 2 3);
            if B::GROUP == 32 {
                quads!(4 5 6 7);
            }
            // SAFETY: the group exists.
            let d = unsafe { block_scales.scale::<B>(group) };
            for i in 0..N {
                // SAFETY: as for the sums.
                let scale = _mm256_set1_ps(unsafe { *x_rows[i].scales.add(at) });
                for v in 0..VECTORS {
                    let product = _mm256_mul_ps(_mm256_cvtepi32_ps(sums[i][v]), d[v]);
                    totals[i][v] = _mm256_fmadd_ps(product, scale, totals[i][v]);
                }
            }
            if B::MIN {
                // SAFETY: as for the scale.
                let m = unsafe { block_scales.minimum::<B>(group) };
                for i in 0..N {
                    // SAFETY: as for the sums.
                    let total = _mm256_set1_ps(unsafe { *x_rows[i].totals.add(at) });
                    for v in 0..VECTORS {
                        totals[i][v] = _mm256_fmadd_ps(m[v], total, totals[i][v]);
                    }
                }
            }
        }
    }
    for i in 0..N {
        // SAFETY: upheld by the caller.
        unsafe { store(totals[i], row + i, index, out) };
    }
    N
}

/// Adds the products of a quad (four columns of 16 rows) with the activations of a row's group, by
/// AVX-VNNI's `vpdpbusd`.
///
/// In inline assembly, so that one kernel compiles with and without the instruction, and in the VEX
/// encoding, which does not need AVX-512.
///
/// # Safety
/// The CPU has AVX-VNNI, and the group has the quad.
#[inline]
#[target_feature(enable = "avx2,fma,f16c")]
unsafe fn add_products<const QUAD: usize>(
    sums: &mut [__m256i; VECTORS],
    w: [__m256i; VECTORS],
    x: *const i8,
) {
    let _four: __m256i;
    // SAFETY: four bytes are read.
    unsafe {
        asm!(
            "vpbroadcastd {four}, dword ptr [{x} + {at}]",
            "{{vex}} vpdpbusd {a}, {v}, {four}",
            "{{vex}} vpdpbusd {b}, {w}, {four}",
            four = out(ymm_reg) _four, x = in(reg) x, at = const 4 * QUAD,
            a = inout(ymm_reg) sums[0], v = in(ymm_reg) w[0],
            b = inout(ymm_reg) sums[1], w = in(ymm_reg) w[1],
            options(nostack, preserves_flags, readonly),
        );
    }
}

/// Stores the sums of a row and a panel.
///
/// # Safety
/// The row and the panel exist.
#[inline]
#[target_feature(enable = "avx2,fma,f16c")]
pub unsafe fn store(total: [__m256; VECTORS], row: usize, panel: usize, out: Epilogue) {
    let mut lanes = [0f32; PANEL_ROWS];
    // SAFETY: two vectors of 8 lanes; the rest is upheld by the caller.
    unsafe {
        for v in 0..VECTORS {
            _mm256_storeu_ps(lanes.as_mut_ptr().add(v * VECTOR_LANES), total[v]);
        }
        out.store_lanes(row, panel, &lanes);
    }
}

/// Quad `NUMBER` (four columns of 16 rows, as unsigned bytes) of the four quads `four`.
///
/// # Safety
/// The panel has these columns.
#[inline]
#[target_feature(enable = "avx2,fma,f16c")]
unsafe fn load_quad<B: PackedFormat, const NUMBER: usize>(
    panel: PanelPtrs,
    four: usize,
) -> [__m256i; VECTORS] {
    let mut out = [_mm256_setzero_si256(); VECTORS];
    for v in 0..VECTORS {
        // SAFETY: parts are laid out by `PackedFormat::layout` in aligned lines of 64 bytes, two
        // vectors each.
        unsafe {
            let low = panel.low.add(v * 32);
            if B::LOW_BITS == 8 {
                out[v] = _mm256_load_si256(low.add((four * 4 + NUMBER) * 64).cast());
                continue;
            }
            let pair = _mm256_load_si256(low.add((four * 2 + NUMBER / 2) * 64).cast());
            let pair = if NUMBER.is_multiple_of(2) { pair } else { _mm256_srli_epi16::<4>(pair) };
            let low = _mm256_and_si256(pair, _mm256_set1_epi8(15));
            out[v] = match B::HIGH_BITS {
                1 => {
                    // Eight bytes a quad, four a vector.
                    let bits = panel.high.add((four * 4 + NUMBER) * 8 + v * 4);
                    let ones = expand_bits(bits.cast::<i32>().read_unaligned());
                    _mm256_or_si256(low, _mm256_and_si256(ones, _mm256_set1_epi8(16)))
                }
                2 => {
                    let high = _mm256_load_si256(panel.high.add(four * 64 + v * 32).cast());
                    let high = match NUMBER {
                        0 => _mm256_slli_epi16::<4>(high),
                        1 => _mm256_slli_epi16::<2>(high),
                        2 => high,
                        _ => _mm256_srli_epi16::<2>(high),
                    };
                    _mm256_or_si256(low, _mm256_and_si256(high, _mm256_set1_epi8(0x30)))
                }
                _ => low,
            };
        }
    }
    out
}

/// Expands each bit to a byte of ones or zeros.
#[inline]
#[target_feature(enable = "avx2,fma,f16c")]
fn expand_bits(bits: i32) -> __m256i {
    let byte = _mm256_setr_epi8(
        0, 0, 0, 0, 0, 0, 0, 0, 1, 1, 1, 1, 1, 1, 1, 1, 2, 2, 2, 2, 2, 2, 2, 2, 3, 3, 3, 3, 3, 3,
        3, 3,
    );
    let bit = _mm256_set1_epi64x(i64::from_le_bytes([1, 2, 4, 8, 16, 32, 64, 128]));
    let bytes = _mm256_and_si256(_mm256_shuffle_epi8(_mm256_set1_epi32(bits), byte), bit);
    _mm256_cmpeq_epi8(bytes, bit)
}

/// Scales and minimums of a block.
pub struct BlockScales {
    at: *const u8,
    d: [__m256; VECTORS],
    m: [__m256; VECTORS],
}

impl BlockScales {
    /// # Safety
    /// `block` is a block of a panel of type `B` whose scales begin at `scales`.
    #[inline]
    #[target_feature(enable = "avx2,fma,f16c")]
    pub unsafe fn load<B: PackedFormat>(scales: *const u8, block: usize) -> Self {
        let at = scales.wrapping_add(block * B::scale_bytes(B::LEN));
        let none = [_mm256_setzero_ps(); VECTORS];
        // SAFETY: upheld by the caller; arrays of 16 f16 numbers.
        unsafe {
            match B::SCALES {
                ScaleLayout::F16 => Self { at, d: load_f16(at), m: none },
                ScaleLayout::F16Min => {
                    Self { at, d: load_f16(at), m: load_f16(at.wrapping_add(PANEL_ROWS * 2)) }
                }
                // The file stores minimums that are subtracted; `m` is added.
                ScaleLayout::F16U8 => {
                    let mut m = load_f16(at.wrapping_add(PANEL_ROWS * 2));
                    for m in &mut m {
                        *m = _mm256_xor_ps(*m, _mm256_set1_ps(-0.0));
                    }
                    Self { at: at.wrapping_add(PANEL_ROWS * 4), d: load_f16(at), m }
                }
                ScaleLayout::F16I8 => {
                    Self { at: at.wrapping_add(PANEL_ROWS * 2), d: load_f16(at), m: none }
                }
                ScaleLayout::F32 => Self { at, d: none, m: none },
            }
        }
    }

    /// # Safety
    /// `group` is one of the block's.
    #[inline]
    #[target_feature(enable = "avx2,fma,f16c")]
    pub unsafe fn scale<B: PackedFormat>(&self, group: usize) -> [__m256; VECTORS] {
        // SAFETY: the group has 16 bytes or floats.
        unsafe {
            match B::SCALES {
                ScaleLayout::F16 | ScaleLayout::F16Min => self.d,
                ScaleLayout::F16U8 => times(self.d, load_u8(self.at.add(group * PANEL_ROWS))),
                ScaleLayout::F16I8 => times(self.d, load_i8(self.at.add(group * PANEL_ROWS))),
                ScaleLayout::F32 => {
                    load_f32(self.at.add(group * (1 + usize::from(B::MIN)) * PANEL_ROWS * 4))
                }
            }
        }
    }

    /// # Safety
    /// `group` is one of the block's, and the type has minimums.
    #[inline]
    #[target_feature(enable = "avx2,fma,f16c")]
    unsafe fn minimum<B: PackedFormat>(&self, group: usize) -> [__m256; VECTORS] {
        // SAFETY: as for the scale.
        unsafe {
            match B::SCALES {
                ScaleLayout::F16U8 => {
                    let groups = B::LEN / B::GROUP;
                    times(self.m, load_u8(self.at.add((groups + group) * PANEL_ROWS)))
                }
                ScaleLayout::F32 => load_f32(self.at.add((group * 2 + 1) * PANEL_ROWS * 4)),
                _ => self.m,
            }
        }
    }
}

#[inline]
#[target_feature(enable = "avx2,fma,f16c")]
fn times(a: [__m256; VECTORS], b: [__m256; VECTORS]) -> [__m256; VECTORS] {
    [_mm256_mul_ps(a[0], b[0]), _mm256_mul_ps(a[1], b[1])]
}

/// # Safety
/// `at` is readable for 16 f16 numbers.
#[inline]
#[target_feature(enable = "avx2,fma,f16c")]
unsafe fn load_f16(at: *const u8) -> [__m256; VECTORS] {
    // SAFETY: upheld by the caller.
    unsafe {
        let at = at.cast::<__m128i>();
        [_mm256_cvtph_ps(_mm_loadu_si128(at)), _mm256_cvtph_ps(_mm_loadu_si128(at.add(1)))]
    }
}

/// # Safety
/// `at` is readable for 16 bytes.
#[inline]
#[target_feature(enable = "avx2,fma,f16c")]
unsafe fn load_u8(at: *const u8) -> [__m256; VECTORS] {
    // SAFETY: upheld by the caller.
    let bytes = unsafe { _mm_loadu_si128(at.cast()) };
    let upper = _mm_unpackhi_epi64(bytes, bytes);
    [
        _mm256_cvtepi32_ps(_mm256_cvtepu8_epi32(bytes)),
        _mm256_cvtepi32_ps(_mm256_cvtepu8_epi32(upper)),
    ]
}

/// # Safety
/// `at` is readable for 16 bytes.
#[inline]
#[target_feature(enable = "avx2,fma,f16c")]
unsafe fn load_i8(at: *const u8) -> [__m256; VECTORS] {
    // SAFETY: upheld by the caller.
    let bytes = unsafe { _mm_loadu_si128(at.cast()) };
    let upper = _mm_unpackhi_epi64(bytes, bytes);
    [
        _mm256_cvtepi32_ps(_mm256_cvtepi8_epi32(bytes)),
        _mm256_cvtepi32_ps(_mm256_cvtepi8_epi32(upper)),
    ]
}

/// # Safety
/// `at` is readable for 16 floats.
#[inline]
#[target_feature(enable = "avx2,fma,f16c")]
unsafe fn load_f32(at: *const u8) -> [__m256; VECTORS] {
    // SAFETY: upheld by the caller.
    unsafe { [_mm256_loadu_ps(at.cast()), _mm256_loadu_ps(at.cast::<f32>().add(VECTOR_LANES))] }
}

/// Runs `rounds` rounds of products and nothing else, to measure their peak rate; the number of
/// multiplications.
///
/// # Safety
/// The CPU has AVX2, and AVX-VNNI if `VNNI`.
#[target_feature(enable = "avx2,fma")]
pub unsafe fn products<const VNNI: bool>(rounds: usize) -> usize {
    const SUMS: usize = 12;
    let (a, b) = std::hint::black_box((_mm256_set1_epi8(3), _mm256_set1_epi8(5)));
    let mut sums = [_mm256_setzero_si256(); SUMS];
    for _ in 0..rounds {
        for sum in &mut sums {
            if !VNNI {
                *sum = _mm256_add_epi16(*sum, _mm256_maddubs_epi16(a, std::hint::black_box(b)));
                continue;
            }
            // SAFETY: upheld by the caller; the instruction touches registers only.
            unsafe {
                asm!(
                    "{{vex}} vpdpbusd {sum}, {a}, {b}",
                    sum = inout(ymm_reg) *sum, a = in(ymm_reg) a, b = in(ymm_reg) b,
                    options(nomem, nostack, preserves_flags),
                );
            }
        }
    }
    std::hint::black_box(sums);
    rounds * SUMS * 32
}
