//! Products of packed weights for AVX-512 with VNNI.
//!
//! Weights are packed `[columns / 4][16 rows][4]`: one `vpdpbusd` multiplies 4 columns of 16 rows
//! with 4 broadcast activations of one token, exactly. Each lane performs the float operations of
//! the reference for one weight row, in the same order, so the bits are the same.
//!
//! Plain loops and no closures: a closure passed to the standard library would be compiled for
//! AVX-512 and its caller there not, so that every vector between them would go through memory.

#![cfg(target_arch = "x86_64")]

use std::arch::asm;
use std::arch::x86_64::*;
use std::ops::Range;

use crate::kernels::matmul::epilogue::Epilogue;
use crate::kernels::matmul::packed::{PackedFormat, PackedWeights, PanelPtrs, ScaleLayout};
use crate::kernels::matmul::x86::interleave::{InterleavedRows, first_block};
use crate::kernels::shape::PANEL_ROWS;

/// Products of adjacent panels with some activation rows.
///
/// # Safety
/// The CPU has AVX-512 with VNNI; `out` has room for every row and the panels' outputs.
#[target_feature(enable = "avx512f,avx512bw,avx512vl,avx512vnni,fma,f16c")]
pub unsafe fn matmul_panels<B: PackedFormat>(
    weights: &PackedWeights,
    panels: Range<usize>,
    x: &InterleavedRows,
    rows: Range<usize>,
    out: Epilogue,
) {
    let mut panel = panels.start;
    while panel < panels.end {
        let place = |panel: usize, at_once: usize| PanelPlace {
            parts: weights.panel_ptrs::<B>(panel),
            next: weights.distance(at_once),
            panel,
        };
        // SAFETY: the panels are of type `B`, and the rows are those of the activations; `out` is
        // upheld by the caller.
        unsafe {
            if panel + 1 < panels.end && rows.len() > 1 {
                matmul_rows::<B, 2>([place(panel, 2), place(panel + 1, 2)], x, rows.clone(), out);
                panel += 2;
            } else {
                matmul_rows::<B, 1>([place(panel, 1)], x, rows.clone(), out);
                panel += 1;
            }
        }
    }
}

/// A panel, and the distance to the one computed after it.
#[derive(Clone, Copy)]
struct PanelPlace {
    parts: PanelPtrs,
    /// Bytes to the panel that takes its place.
    next: usize,
    panel: usize,
}

/// # Safety
/// As for [`matmul_panels`].
#[inline]
#[target_feature(enable = "avx512f,avx512bw,avx512vl,avx512vnni,fma,f16c")]
unsafe fn matmul_rows<B: PackedFormat, const T: usize>(
    panels: [PanelPlace; T],
    x: &InterleavedRows,
    rows: Range<usize>,
    out: Epilogue,
) {
    let mut row = rows.start;
    while row < rows.end {
        // Only the last rows prefetch the next panels: once for each line is enough.
        let ahead = if rows.end - row <= 8 { panels[0].next } else { 0 };
        let count = first_block(rows.end - row);
        // SAFETY: `row` begins a block of the activations; the rest is upheld by the caller.
        unsafe {
            match count {
                8 => micro_kernel::<B, T, 8>(panels, x, row, out, ahead),
                4 => micro_kernel::<B, T, 4>(panels, x, row, out, ahead),
                2 => micro_kernel::<B, T, 2>(panels, x, row, out, ahead),
                _ => micro_kernel::<B, T, 1>(panels, x, row, out, ahead),
            }
        }
        row += count;
    }
}

/// Sums of the `N` activation rows of the block from `row`, which share each load of weights; `T`
/// panels share each load of activations. Prefetches what lies `ahead` bytes further.
///
/// # Safety
/// As for [`matmul_panels`]; a block of `N` rows begins at `row`.
#[inline]
#[target_feature(enable = "avx512f,avx512bw,avx512vl,avx512vnni,fma,f16c")]
unsafe fn micro_kernel<B: PackedFormat, const T: usize, const N: usize>(
    panels: [PanelPlace; T],
    x: &InterleavedRows,
    row: usize,
    out: Epilogue,
    ahead: usize,
) {
    // Twice the largest sum, because of the zero point: see `BASE`.
    const { assert!(B::GROUP * 2 * 255 * 128 < 1 << 22) };
    let (bytes, numbers) = x.block::<B>(row);
    let groups = B::LEN / B::GROUP;
    let mut totals = [[_mm512_setzero_ps(); T]; N];
    for block in 0..panels[0].parts.blocks {
        let mut block_scales = [const { None }; T];
        for t in 0..T {
            // SAFETY: the block exists.
            block_scales[t] =
                Some(unsafe { BlockScales::load::<B>(panels[t].parts.scales, block) });
            if ahead > 0 {
                panels[t].parts.prefetch_scales::<B>(block, ahead);
            }
        }
        for group in 0..groups {
            let at = block * groups + group;
            if ahead > 0 {
                for panel in &panels {
                    panel.parts.prefetch_group::<B>(at, ahead);
                }
            }
            // SAFETY: each group has three numbers for each row.
            let number = |kind: usize, i: usize| unsafe {
                _mm512_set1_ps(*numbers.add((at * 3 + kind) * N + i))
            };
            // Sums start at the bits of a float, and become floats without a conversion: see
            // `BASE`.
            let base = _mm512_set1_ps(BASE);
            let mut sums = [[_mm512_castps_si512(base); T]; N];
            if B::ZERO != 0 {
                for (i, sums) in sums.iter_mut().enumerate() {
                    // Start at −ZERO · Σx, which subtracts the zero point from all products at
                    // once, exactly.
                    let begin =
                        _mm512_fnmadd_ps(_mm512_set1_ps(B::ZERO as f32), number(1, i), base);
                    *sums = [_mm512_castps_si512(begin); T];
                }
            }
            // SAFETY: the rows have this group.
            let x = unsafe { bytes.add(at * B::GROUP * N) };
            // Unrolled by macros: loops and tests that compilers leave here cost a tenth, or
            // shuffle all registers at their end.
            macro_rules! quads {
                ($($quad:literal)*) => {$({
                    let mut w = [_mm512_setzero_si512(); T];
                    for t in 0..T {
                        // SAFETY: the quad exists.
                        w[t] = unsafe { load_quad::<B, { $quad % 4 }>(panels[t].parts, at * B::GROUP / 16 + $quad / 4) };
                    }
                    rows!($quad w 0 1 2 3 4 5 6 7);
                })*};
            }
            macro_rules! rows {
                ($quad:literal $w:ident $($row:literal)*) => {$(
                    if $row < N {
                        // SAFETY: the row has these four bytes.
                        unsafe { add_products::<T, N, $quad, $row>(&mut sums[$row % N], $w, x) };
                    }
                )*};
            }
            quads!(0 1 2 3);
            if B::GROUP == 32 {
                quads!(4 5 6 7);
            }
            for t in 0..T {
                let Some(block_scales) = &block_scales[t] else { continue };
                // SAFETY: the group exists.
                let d = unsafe { block_scales.scale::<B>(group) };
                let too_much = _mm512_mul_ps(d, base);
                for i in 0..N {
                    let sum = _mm512_castsi512_ps(sums[i][t]);
                    let sum = match B::SCALES {
                        ScaleLayout::F32 => _mm512_mul_ps(_mm512_sub_ps(sum, base), d),
                        _ => _mm512_fmsub_ps(sum, d, too_much),
                    };
                    totals[i][t] = _mm512_fmadd_ps(sum, number(0, i), totals[i][t]);
                }
                if B::MIN {
                    // SAFETY: as for the scale.
                    let m = unsafe { block_scales.minimum::<B>(group) };
                    for (i, totals) in totals.iter_mut().enumerate() {
                        totals[t] = _mm512_fmadd_ps(m, number(2, i), totals[t]);
                    }
                }
            }
        }
    }
    for (i, totals) in totals.into_iter().enumerate() {
        for t in 0..T {
            // SAFETY: upheld by the caller.
            unsafe { out.store(row + i, panels[t].panel, totals[t]) };
        }
    }
}

/// Adds the products of a quad (four columns) of `T` panels with the activations of row `ROW` of
/// `N`, whose group begins at `x`.
///
/// In inline assembly for two panels: compilers would load the bytes of all rows first, run out of
/// registers and spill them to the stack.
///
/// # Safety
/// `x` is readable for the `N` rows of the quad.
#[inline]
#[target_feature(enable = "avx512f,avx512bw,avx512vl,avx512vnni,fma,f16c")]
unsafe fn add_products<const T: usize, const N: usize, const QUAD: usize, const ROW: usize>(
    sums: &mut [__m512i; T],
    w: [__m512i; T],
    x: *const i8,
) {
    if T == 2 {
        let _four: __m512i;
        // SAFETY: four of these bytes are read.
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

/// 1.5 · 2^23. An integer below 2^22 that is added to the bits of this float is added to its
/// value, and the sums of a group are below that: so integers become floats without a conversion.
/// One FMA then subtracts the base and multiplies by the scale; the product of base and scale is
/// exact unless the scale uses all bits of a float. Both ways round once, at the same place. (An
/// infinite scale, as only a broken file has one, gives NaN here where the reference gives
/// infinity.)
const BASE: f32 = 12_582_912.0;

/// Quad `NUMBER` (four columns of 16 rows, as unsigned bytes) of the four quads `four`.
///
/// # Safety
/// The panel has these columns.
#[inline]
#[target_feature(enable = "avx512f,avx512bw,avx512vl,avx512vnni,fma,f16c")]
pub unsafe fn load_quad<B: PackedFormat, const NUMBER: usize>(
    panel: PanelPtrs,
    four: usize,
) -> __m512i {
    // SAFETY: parts are laid out by `PackedFormat::layout` in aligned lines of 64 bytes.
    unsafe {
        if B::LOW_BITS == 8 {
            return _mm512_load_si512(panel.low.add((four * 4 + NUMBER) * 64).cast());
        }
        let pair = _mm512_load_si512(panel.low.add((four * 2 + NUMBER / 2) * 64).cast());
        let pair = if NUMBER.is_multiple_of(2) { pair } else { _mm512_srli_epi16::<4>(pair) };
        let low = _mm512_and_si512(pair, _mm512_set1_epi8(15));
        match B::HIGH_BITS {
            1 => {
                let bits =
                    panel.high.add((four * 4 + NUMBER) * 8).cast::<u64>().read_unaligned().to_le();
                _mm512_mask_add_epi8(low, bits, low, _mm512_set1_epi8(16))
            }
            2 => {
                let high = _mm512_load_si512(panel.high.add(four * 64).cast());
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

/// Scales and minimums of a block.
pub struct BlockScales {
    at: *const u8,
    d: __m512,
    m: __m512,
}

impl BlockScales {
    /// # Safety
    /// `block` is a block of a panel of type `B` whose scales begin at `scales`.
    #[inline]
    #[target_feature(enable = "avx512f,avx512bw,avx512vl,avx512vnni,fma,f16c")]
    pub unsafe fn load<B: PackedFormat>(scales: *const u8, block: usize) -> Self {
        let at = scales.wrapping_add(block * B::scale_bytes(B::LEN));
        let half = |number: usize| at.wrapping_add(number * PANEL_ROWS * 2).cast();
        // SAFETY: upheld by the caller; arrays of 16 f16 numbers.
        unsafe {
            let d = || _mm512_cvtph_ps(_mm256_loadu_si256(half(0)));
            let m = || _mm512_cvtph_ps(_mm256_loadu_si256(half(1)));
            let none = _mm512_setzero_ps();
            match B::SCALES {
                ScaleLayout::F16 => Self { at, d: d(), m: none },
                ScaleLayout::F16Min => Self { at, d: d(), m: m() },
                // The file stores minimums that are subtracted; `m` is added.
                ScaleLayout::F16U8 => {
                    let sign = _mm512_set1_epi32(i32::MIN);
                    let m = _mm512_castsi512_ps(_mm512_xor_si512(_mm512_castps_si512(m()), sign));
                    Self { at: at.wrapping_add(PANEL_ROWS * 4), d: d(), m }
                }
                ScaleLayout::F16I8 => Self { at: at.wrapping_add(PANEL_ROWS * 2), d: d(), m: none },
                ScaleLayout::F32 => Self { at, d: none, m: none },
            }
        }
    }

    /// # Safety
    /// `group` is one of the block's.
    #[inline]
    #[target_feature(enable = "avx512f,avx512bw,avx512vl,avx512vnni,fma,f16c")]
    pub unsafe fn scale<B: PackedFormat>(&self, group: usize) -> __m512 {
        // SAFETY: the group has 16 bytes or floats.
        unsafe {
            match B::SCALES {
                ScaleLayout::F16 | ScaleLayout::F16Min => self.d,
                ScaleLayout::F16U8 => {
                    let bytes = _mm_loadu_si128(self.at.add(group * PANEL_ROWS).cast());
                    _mm512_mul_ps(self.d, _mm512_cvtepi32_ps(_mm512_cvtepu8_epi32(bytes)))
                }
                ScaleLayout::F16I8 => {
                    let bytes = _mm_loadu_si128(self.at.add(group * PANEL_ROWS).cast());
                    _mm512_mul_ps(self.d, _mm512_cvtepi32_ps(_mm512_cvtepi8_epi32(bytes)))
                }
                ScaleLayout::F32 => {
                    let each = 1 + usize::from(B::MIN);
                    _mm512_loadu_ps(self.at.add(group * each * PANEL_ROWS * 4).cast())
                }
            }
        }
    }

    /// # Safety
    /// `group` is one of the block's, and the type has minimums.
    #[inline]
    #[target_feature(enable = "avx512f,avx512bw,avx512vl,avx512vnni,fma,f16c")]
    pub unsafe fn minimum<B: PackedFormat>(&self, group: usize) -> __m512 {
        // SAFETY: as for the scale.
        unsafe {
            match B::SCALES {
                ScaleLayout::F16U8 => {
                    let groups = B::LEN / B::GROUP;
                    let bytes = _mm_loadu_si128(self.at.add((groups + group) * PANEL_ROWS).cast());
                    _mm512_mul_ps(self.m, _mm512_cvtepi32_ps(_mm512_cvtepu8_epi32(bytes)))
                }
                ScaleLayout::F32 => {
                    _mm512_loadu_ps(self.at.add((group * 2 + 1) * PANEL_ROWS * 4).cast())
                }
                _ => self.m,
            }
        }
    }
}

/// Runs `rounds` rounds of products and nothing else, to measure their peak rate; the number of
/// multiplications.
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
