//! Products of packed weights for NEON with int8 dot products (`sdot`).
//!
//! They give the bits of the reference. One `sdot` multiplies 16 bytes, 4 columns of 4 weight rows,
//! with 4 activations, selected from a register of 16: no broadcast is needed. It takes both as
//! signed; weights below 64 are, and 8-bit weights are once 128 is subtracted.

#![cfg(target_arch = "aarch64")]

use std::arch::aarch64::*;
use std::arch::asm;
use std::ops::Range;

use crate::kernels::matmul::activations::Int8Activations;
use crate::kernels::matmul::epilogue::Epilogue;
use crate::kernels::matmul::packed::{PackedFormat, PackedWeights, PanelPtrs, ScaleLayout};
use crate::kernels::shape::PANEL_ROWS;
use crate::kernels::simd::{F32x4x4, F32x16};

/// Vectors of four lanes for the 16 rows of a panel.
const VECTORS: usize = 4;

/// Products of a panel with some activation rows.
///
/// # Safety
/// The CPU has NEON with dot products; `out` has room for every row and the panel's outputs.
#[target_feature(enable = "neon,dotprod")]
pub unsafe fn matmul_panel<B: PackedFormat>(
    weights: &PackedWeights,
    panel: usize,
    x: &Int8Activations,
    rows: Range<usize>,
    out: Epilogue,
) {
    let parts = weights.panel_ptrs::<B>(panel);
    let mut row = rows.start;
    while row < rows.end {
        // SAFETY: `parts` is a panel of type `B`, and `row` is one of the activations; `out` is
        // upheld by the caller.
        row += unsafe {
            match rows.end - row {
                4.. => micro_kernel::<B, 4>(parts, x, row, panel, out),
                2.. => micro_kernel::<B, 2>(parts, x, row, panel, out),
                _ => micro_kernel::<B, 1>(parts, x, row, panel, out),
            }
        };
    }
}

/// Sums of `N` activation rows from `row`, which share each load of weights. Returns `N`.
///
/// # Safety
/// As for [`matmul_panel`]; the activations have `N` rows from `row`.
#[inline]
#[target_feature(enable = "neon,dotprod")]
unsafe fn micro_kernel<B: PackedFormat, const N: usize>(
    panel: PanelPtrs,
    x: &Int8Activations,
    row: usize,
    index: usize,
    out: Epilogue,
) -> usize {
    const {
        assert!(
            B::LOW_BITS != 8 || (B::ZERO == 128 && !B::MIN),
            "`load_quad` assumes a zero point of 128 and no minimums"
        )
    };
    let mut x_rows = [x.row::<B>(row); N];
    for (i, x_row) in x_rows.iter_mut().enumerate() {
        *x_row = x.row::<B>(row + i);
    }
    let groups = B::LEN / B::GROUP;
    // SAFETY: compiled for the instruction set; blocks, groups and columns exist in the panel and
    // in the rows.
    unsafe {
        let mut totals = [F32x4x4::splat(0.0); N];
        for block in 0..panel.blocks {
            let block_scales = BlockScales::load::<B>(panel.scales, block);
            for group in 0..groups {
                let at = block * groups + group;
                let mut sums = [[vdupq_n_s32(0); VECTORS]; N];
                // Start at −ZERO · Σx, which subtracts the zero point from all products at
                // once.
                if B::LOW_BITS != 8 && B::ZERO != 0 {
                    for i in 0..N {
                        sums[i] = [vdupq_n_s32(-B::ZERO * *x_rows[i].sums.add(at)); VECTORS];
                    }
                }
                for four in at * B::GROUP / 16..(at + 1) * B::GROUP / 16 {
                    let mut bytes = [vdupq_n_s8(0); N];
                    for i in 0..N {
                        bytes[i] = vld1q_s8(x_rows[i].bytes.add(four * 16));
                    }
                    macro_rules! quads {
                        ($($quad:literal)*) => {$({
                            let w = load_quad::<B, $quad>(panel, four);
                            for i in 0..N {
                                for r in 0..VECTORS {
                                    sums[i][r] = add_products::<$quad>(sums[i][r], w[r], bytes[i]);
                                }
                            }
                        })*};
                    }
                    quads!(0 1 2 3);
                }
                let d = block_scales.scale::<B>(group);
                for i in 0..N {
                    let product = times(to_floats(sums[i]), d);
                    totals[i] =
                        totals[i].mul_acc(product, F32x4x4::splat(*x_rows[i].scales.add(at)));
                }
                if B::MIN {
                    let m = block_scales.minimum::<B>(group);
                    for i in 0..N {
                        totals[i] = totals[i].mul_acc(m, F32x4x4::splat(*x_rows[i].totals.add(at)));
                    }
                }
            }
        }
        for (i, total) in totals.into_iter().enumerate() {
            let mut lanes = [0f32; PANEL_ROWS];
            total.store(lanes.as_mut_ptr());
            out.store_lanes(row + i, index, &lanes);
        }
    }
    N
}

/// Adds to each lane the products of its four weights with activations `4 · QUAD` to `4 · QUAD +
/// 3` of the sixteen in `x`.
#[inline]
#[target_feature(enable = "neon,dotprod")]
fn add_products<const QUAD: i32>(mut sums: int32x4_t, w: int8x16_t, x: int8x16_t) -> int32x4_t {
    // SAFETY: the instruction touches registers only. (Inline assembly, because the intrinsic is
    // not stable yet.)
    unsafe {
        asm!(
            "sdot {sums:v}.4s, {w:v}.16b, {x:v}.4b[{quad}]",
            sums = inout(vreg) sums, w = in(vreg) w, x = in(vreg) x, quad = const QUAD,
            options(pure, nomem, nostack, preserves_flags),
        );
    }
    sums
}

/// Quad `NUMBER` (four columns of 16 rows, as signed bytes) of the four quads `four`.
///
/// # Safety
/// The panel has these columns.
#[inline]
#[target_feature(enable = "neon,dotprod")]
unsafe fn load_quad<B: PackedFormat, const NUMBER: usize>(
    panel: PanelPtrs,
    four: usize,
) -> [int8x16_t; VECTORS] {
    let mut out = [vdupq_n_s8(0); VECTORS];
    // SAFETY: parts are laid out by `PackedFormat::layout` in lines of 64 bytes: 16 bytes for each
    // four rows.
    unsafe {
        for (r, out) in out.iter_mut().enumerate() {
            if B::LOW_BITS == 8 {
                let bytes = vld1q_u8(panel.low.add((four * 4 + NUMBER) * 64 + r * 16));
                *out = vreinterpretq_s8_u8(veorq_u8(bytes, vdupq_n_u8(128)));
                continue;
            }
            let pair = vld1q_u8(panel.low.add((four * 2 + NUMBER / 2) * 64 + r * 16));
            let low = match NUMBER % 2 {
                0 => vandq_u8(pair, vdupq_n_u8(15)),
                _ => vshrq_n_u8::<4>(pair),
            };
            let all = match B::HIGH_BITS {
                1 => {
                    // Of the eight bytes of fifth bits, the two for this vector, each repeated
                    // eight times.
                    let bits = vcombine_u64(
                        vld1_u64(panel.high.add((four * 4 + NUMBER) * 8).cast()),
                        vdup_n_u64(0),
                    );
                    let two = vcombine_u8(vdup_n_u8(2 * r as u8), vdup_n_u8(2 * r as u8 + 1));
                    let bits = vqtbl1q_u8(vreinterpretq_u8_u64(bits), two);
                    let set = vtstq_u8(bits, vreinterpretq_u8_u64(vdupq_n_u64(EACH_BIT)));
                    vorrq_u8(low, vandq_u8(set, vdupq_n_u8(16)))
                }
                2 => {
                    let high = vld1q_u8(panel.high.add(four * 64 + r * 16));
                    let high = match NUMBER {
                        0 => vshlq_n_u8::<4>(high),
                        1 => vshlq_n_u8::<2>(high),
                        2 => high,
                        _ => vshrq_n_u8::<2>(high),
                    };
                    vorrq_u8(low, vandq_u8(high, vdupq_n_u8(0x30)))
                }
                _ => low,
            };
            *out = vreinterpretq_s8_u8(all);
        }
    }
    out
}

/// One bit in each of eight bytes.
const EACH_BIT: u64 = u64::from_le_bytes([1, 2, 4, 8, 16, 32, 64, 128]);

/// Scales and minimums of a block.
struct BlockScales {
    at: *const u8,
    d: F32x4x4,
    m: F32x4x4,
}

impl BlockScales {
    /// # Safety
    /// `block` is a block of a panel of type `B` whose scales begin at `scales`.
    #[inline]
    #[target_feature(enable = "neon,dotprod")]
    unsafe fn load<B: PackedFormat>(scales: *const u8, block: usize) -> Self {
        let at = scales.wrapping_add(block * B::scale_bytes(B::LEN));
        // SAFETY: upheld by the caller; arrays of 16 f16 numbers.
        unsafe {
            let none = F32x4x4::splat(0.0);
            let load_f16 =
                |number: usize| F32x4x4::load_f16(at.add(number * PANEL_ROWS * 2).cast());
            match B::SCALES {
                ScaleLayout::F16 => Self { at, d: load_f16(0), m: none },
                ScaleLayout::F16Min => Self { at, d: load_f16(0), m: load_f16(1) },
                // The file stores minimums that are subtracted; `m` is added.
                ScaleLayout::F16U8 => {
                    Self { at: at.add(PANEL_ROWS * 4), d: load_f16(0), m: negative(load_f16(1)) }
                }
                ScaleLayout::F16I8 => Self { at: at.add(PANEL_ROWS * 2), d: load_f16(0), m: none },
                ScaleLayout::F32 => Self { at, d: none, m: none },
            }
        }
    }

    /// # Safety
    /// `group` is one of the block's.
    #[inline]
    #[target_feature(enable = "neon,dotprod")]
    unsafe fn scale<B: PackedFormat>(&self, group: usize) -> F32x4x4 {
        // SAFETY: the group has 16 bytes or floats.
        unsafe {
            match B::SCALES {
                ScaleLayout::F16 | ScaleLayout::F16Min => self.d,
                ScaleLayout::F16U8 => times(self.d, load_u8(self.at.add(group * PANEL_ROWS))),
                ScaleLayout::F16I8 => times(self.d, load_i8(self.at.add(group * PANEL_ROWS))),
                ScaleLayout::F32 => F32x4x4::load(
                    self.at.add(group * (1 + usize::from(B::MIN)) * PANEL_ROWS * 4).cast(),
                ),
            }
        }
    }

    /// # Safety
    /// `group` is one of the block's, and the type has minimums.
    #[inline]
    #[target_feature(enable = "neon,dotprod")]
    unsafe fn minimum<B: PackedFormat>(&self, group: usize) -> F32x4x4 {
        // SAFETY: as for the scale.
        unsafe {
            match B::SCALES {
                ScaleLayout::F16U8 => {
                    let groups = B::LEN / B::GROUP;
                    times(self.m, load_u8(self.at.add((groups + group) * PANEL_ROWS)))
                }
                ScaleLayout::F32 => {
                    F32x4x4::load(self.at.add((group * 2 + 1) * PANEL_ROWS * 4).cast())
                }
                _ => self.m,
            }
        }
    }
}

#[inline]
#[target_feature(enable = "neon")]
fn times(mut a: F32x4x4, b: F32x4x4) -> F32x4x4 {
    for (a, b) in a.0.iter_mut().zip(b.0) {
        *a = vmulq_f32(*a, b);
    }
    a
}

#[inline]
#[target_feature(enable = "neon")]
fn negative(mut a: F32x4x4) -> F32x4x4 {
    for a in &mut a.0 {
        *a = vnegq_f32(*a);
    }
    a
}

#[inline]
#[target_feature(enable = "neon")]
fn to_floats(sums: [int32x4_t; VECTORS]) -> F32x4x4 {
    let [a, b, c, d] = sums;
    F32x4x4([vcvtq_f32_s32(a), vcvtq_f32_s32(b), vcvtq_f32_s32(c), vcvtq_f32_s32(d)])
}

/// # Safety
/// `at` is readable for 16 bytes.
#[inline]
#[target_feature(enable = "neon")]
unsafe fn load_u8(at: *const u8) -> F32x4x4 {
    // SAFETY: upheld by the caller.
    let bytes = unsafe { vld1q_u8(at) };
    let (a, b) = (vmovl_u8(vget_low_u8(bytes)), vmovl_high_u8(bytes));
    let [a, b, c, d] = [
        vmovl_u16(vget_low_u16(a)),
        vmovl_high_u16(a),
        vmovl_u16(vget_low_u16(b)),
        vmovl_high_u16(b),
    ];
    F32x4x4([vcvtq_f32_u32(a), vcvtq_f32_u32(b), vcvtq_f32_u32(c), vcvtq_f32_u32(d)])
}

/// # Safety
/// `at` is readable for 16 bytes.
#[inline]
#[target_feature(enable = "neon")]
unsafe fn load_i8(at: *const u8) -> F32x4x4 {
    // SAFETY: upheld by the caller.
    let bytes = unsafe { vld1q_s8(at.cast()) };
    let (a, b) = (vmovl_s8(vget_low_s8(bytes)), vmovl_high_s8(bytes));
    to_floats([
        vmovl_s16(vget_low_s16(a)),
        vmovl_high_s16(a),
        vmovl_s16(vget_low_s16(b)),
        vmovl_high_s16(b),
    ])
}

/// Runs `rounds` rounds of products and nothing else, to measure their peak rate; the number of
/// multiplications.
#[target_feature(enable = "neon,dotprod")]
pub fn products(rounds: usize) -> usize {
    const SUMS: usize = 16;
    let (a, b) = std::hint::black_box((vdupq_n_s8(3), vdupq_n_s8(5)));
    let mut sums = [vdupq_n_s32(0); SUMS];
    for _ in 0..rounds {
        for sum in &mut sums {
            *sum = add_products::<0>(*sum, a, b);
        }
    }
    std::hint::black_box(sums);
    rounds * SUMS * 16
}
