//! Quantised matrix products for Arm processors with NEON and its dot products (`sdot`), over
//! weights in [`PackedWeights`].
//!
//! They give the bits of `matmul`'s plain version, as those of `vnni` do. One instruction
//! multiplies the 16 bytes of four lanes with four bytes of a row of activations, which it picks
//! from a register that holds sixteen: nothing is broadcast. It takes both as signed, which weights
//! below 64 are anyway, and those of eight bits once 128 is taken off.

#![cfg(target_arch = "aarch64")]

use std::arch::aarch64::*;
use std::arch::asm;
use std::ops::Range;

use crate::kernels::matmul::activations::Int8Activations;
use crate::kernels::matmul::epilogue::Epilogue;
use crate::kernels::matmul::packed::{PackedFormat, PackedWeights, PanelPtrs, ScaleLayout};
use crate::kernels::shape::PANEL_ROWS;
use crate::kernels::simd::{F32x4x4, F32x16};

/// Registers that hold a number of each of a panel's rows.
const REGISTERS: usize = 4;

/// A panel's products with some rows of activations.
///
/// # Safety
/// `out` has room for every row at the panel's columns.
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
        // SAFETY: `parts` is of a panel of this type and `row` of the activations; `out` by the
        // caller's word.
        row += unsafe {
            match rows.end - row {
                4.. => micro_kernel::<B, 4>(parts, x, row, panel, out),
                2.. => micro_kernel::<B, 2>(parts, x, row, panel, out),
                _ => micro_kernel::<B, 1>(parts, x, row, panel, out),
            }
        };
    }
}

/// The sums of `N` activation rows from `row` on, which share each load of weights. Returns `N`.
///
/// # Safety
/// As for [`matmul_panel`]; the activations have `N` rows from `row` on.
#[inline]
#[target_feature(enable = "neon,dotprod")]
unsafe fn micro_kernel<B: PackedFormat, const N: usize>(
    panel: PanelPtrs,
    x: &Int8Activations,
    row: usize,
    index: usize,
    out: Epilogue,
) -> usize {
    const { assert!(B::LOW_BITS != 8 || (B::ZERO == 128 && !B::MIN), "what `load_quad` takes off") };
    let mut views = [x.row::<B>(row); N];
    for (i, view) in views.iter_mut().enumerate() {
        *view = x.row::<B>(row + i);
    }
    let groups = B::LEN / B::GROUP;
    // SAFETY: compiled for the instruction set; factors and views have a number for each group,
    // quads as many bytes as there are columns.
    unsafe {
        let mut totals = [F32x4x4::splat(0.0); N];
        for block in 0..panel.blocks {
            let factors = BlockScales::load::<B>(panel.factors, block);
            for group in 0..groups {
                let at = block * groups + group;
                let mut sums = [[vdupq_n_s32(0); REGISTERS]; N];
                // They begin at −ZERO·Σx, which takes the zero point off all products at once.
                if B::LOW_BITS != 8 && B::ZERO != 0 {
                    for i in 0..N {
                        sums[i] = [vdupq_n_s32(-B::ZERO * *views[i].sums.add(at)); REGISTERS];
                    }
                }
                for four in at * B::GROUP / 16..(at + 1) * B::GROUP / 16 {
                    let mut bytes = [vdupq_n_s8(0); N];
                    for i in 0..N {
                        bytes[i] = vld1q_s8(views[i].bytes.add(four * 16));
                    }
                    macro_rules! quads {
                        ($($quad:literal)*) => {$({
                            let w = load_quad::<B, $quad>(panel, four);
                            for i in 0..N {
                                for r in 0..REGISTERS {
                                    sums[i][r] = add_products::<$quad>(sums[i][r], w[r], bytes[i]);
                                }
                            }
                        })*};
                    }
                    quads!(0 1 2 3);
                }
                let d = factors.scale::<B>(group);
                for i in 0..N {
                    let product = times(to_floats(sums[i]), d);
                    totals[i] =
                        totals[i].mul_acc(product, F32x4x4::splat(*views[i].scales.add(at)));
                }
                if B::MIN {
                    let m = factors.minimum::<B>(group);
                    for i in 0..N {
                        totals[i] = totals[i].mul_acc(m, F32x4x4::splat(*views[i].totals.add(at)));
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

/// Adds to each lane its four products of weights with four bytes of activations, those of a number
/// among sixteen.
#[inline]
#[target_feature(enable = "neon,dotprod")]
fn add_products<const QUAD: i32>(mut sums: int32x4_t, w: int8x16_t, x: int8x16_t) -> int32x4_t {
    // SAFETY: nothing but registers is touched. (Written out, because the compiler's own function
    // for it is not stable yet.)
    unsafe {
        asm!(
            "sdot {sums:v}.4s, {w:v}.16b, {x:v}.4b[{quad}]",
            sums = inout(vreg) sums, w = in(vreg) w, x = in(vreg) x, quad = const QUAD,
            options(pure, nomem, nostack, preserves_flags),
        );
    }
    sums
}

/// F32x4x4 columns of 16 rows, as signed bytes: of four such quads the one of a number.
///
/// # Safety
/// The panel has the four.
#[inline]
#[target_feature(enable = "neon,dotprod")]
unsafe fn load_quad<B: PackedFormat, const NUMBER: usize>(
    panel: PanelPtrs,
    four: usize,
) -> [int8x16_t; REGISTERS] {
    let mut out = [vdupq_n_s8(0); REGISTERS];
    // SAFETY: parts as `PackedFormat::parts` lays them out, in lines of 64 bytes, a register's worth for
    // each four rows.
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
                    // Of eight bytes the two that have a bit for each byte of the register, each of
                    // them eight times.
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

/// The bits of a byte, one in each of eight.
const EACH_BIT: u64 = u64::from_le_bytes([1, 2, 4, 8, 16, 32, 64, 128]);

/// What is common to a block's groups.
struct BlockScales {
    at: *const u8,
    d: F32x4x4,
    m: F32x4x4,
}

impl BlockScales {
    /// # Safety
    /// `block` is one of a panel of this type whose factors begin at `factors`.
    #[inline]
    #[target_feature(enable = "neon,dotprod")]
    unsafe fn load<B: PackedFormat>(factors: *const u8, block: usize) -> Self {
        let at = factors.wrapping_add(block * B::scale_bytes(B::LEN));
        // SAFETY: by the caller's word; 32 bytes of halves each.
        unsafe {
            let none = F32x4x4::splat(0.0);
            let halves = |number: usize| F32x4x4::load_f16(at.add(number * PANEL_ROWS * 2).cast());
            match B::SCALES {
                ScaleLayout::F16 => Self { at, d: halves(0), m: none },
                ScaleLayout::F16Min => Self { at, d: halves(0), m: halves(1) },
                // What is taken off is the minimum: m is less than zero.
                ScaleLayout::F16U8 => {
                    Self { at: at.add(PANEL_ROWS * 4), d: halves(0), m: negative(halves(1)) }
                }
                ScaleLayout::F16I8 => Self { at: at.add(PANEL_ROWS * 2), d: halves(0), m: none },
                ScaleLayout::F32 => Self { at, d: none, m: none },
            }
        }
    }

    /// # Safety
    /// `group` is one of the block's.
    #[inline]
    #[target_feature(enable = "neon,dotprod")]
    unsafe fn scale<B: PackedFormat>(&self, group: usize) -> F32x4x4 {
        // SAFETY: 16 bytes or floats of the group.
        unsafe {
            match B::SCALES {
                ScaleLayout::F16 | ScaleLayout::F16Min => self.d,
                ScaleLayout::F16U8 => times(self.d, unsigned(self.at.add(group * PANEL_ROWS))),
                ScaleLayout::F16I8 => times(self.d, signed(self.at.add(group * PANEL_ROWS))),
                ScaleLayout::F32 => F32x4x4::load(
                    self.at.add(group * (1 + usize::from(B::MIN)) * PANEL_ROWS * 4).cast(),
                ),
            }
        }
    }

    /// # Safety
    /// `group` is one of the block's, which has minimums.
    #[inline]
    #[target_feature(enable = "neon,dotprod")]
    unsafe fn minimum<B: PackedFormat>(&self, group: usize) -> F32x4x4 {
        // SAFETY: as for the scale.
        unsafe {
            match B::SCALES {
                ScaleLayout::F16U8 => {
                    let groups = B::LEN / B::GROUP;
                    times(self.m, unsigned(self.at.add((groups + group) * PANEL_ROWS)))
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
fn to_floats(sums: [int32x4_t; REGISTERS]) -> F32x4x4 {
    let [a, b, c, d] = sums;
    F32x4x4([vcvtq_f32_s32(a), vcvtq_f32_s32(b), vcvtq_f32_s32(c), vcvtq_f32_s32(d)])
}

/// # Safety
/// 16 bytes lie there.
#[inline]
#[target_feature(enable = "neon")]
unsafe fn unsigned(at: *const u8) -> F32x4x4 {
    // SAFETY: by the caller's word.
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
/// 16 bytes lie there.
#[inline]
#[target_feature(enable = "neon")]
unsafe fn signed(at: *const u8) -> F32x4x4 {
    // SAFETY: by the caller's word.
    let bytes = unsafe { vld1q_s8(at.cast()) };
    let (a, b) = (vmovl_s8(vget_low_s8(bytes)), vmovl_high_s8(bytes));
    to_floats([
        vmovl_s16(vget_low_s16(a)),
        vmovl_high_s16(a),
        vmovl_s16(vget_low_s16(b)),
        vmovl_high_s16(b),
    ])
}

/// Does as many rounds of products as it is told and nothing else, to see how fast they can be;
/// says how many products that was.
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
