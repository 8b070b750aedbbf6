//! Quantised matrix products for Arm processors with NEON and its dot products (`sdot`), over
//! weights in [`Tiles`].
//!
//! They give the bits of `matmul`'s plain version, as those of `vnni` do. One instruction
//! multiplies the 16 bytes of four lanes with four bytes of a row of activations, which it picks
//! from a register that holds sixteen: nothing is broadcast. It takes both as signed, which weights
//! below 64 are anyway, and those of eight bits once 128 is taken off.

#![cfg(target_arch = "aarch64")]

use std::arch::aarch64::*;
use std::arch::asm;
use std::ops::Range;

use crate::kernels::matmul::activations::Quantized;
use crate::kernels::matmul::epilogue::Out;
use crate::kernels::matmul::packed::{Factors, Parts, Tiled, Tiles};
use crate::kernels::shape::TILE;
use crate::kernels::simd::{Four, Lanes};

/// Registers that hold a number of each of a tile's rows.
const REGISTERS: usize = 4;

/// A tile's products with some rows of activations.
///
/// # Safety
/// `out` has room for every row at the tile's columns.
#[target_feature(enable = "neon,dotprod")]
pub unsafe fn one_tile<B: Tiled>(
    weights: &Tiles,
    tile: usize,
    x: &Quantized,
    rows: Range<usize>,
    out: Out,
) {
    let parts = weights.parts_of::<B>(tile);
    let mut row = rows.start;
    while row < rows.end {
        // SAFETY: `parts` is of a tile of this type and `row` of the activations; `out` by the
        // caller's word.
        row += unsafe {
            match rows.end - row {
                4.. => some_rows::<B, 4>(parts, x, row, tile, out),
                2.. => some_rows::<B, 2>(parts, x, row, tile, out),
                _ => some_rows::<B, 1>(parts, x, row, tile, out),
            }
        };
    }
}

/// The sums of `N` activation rows from `row` on, which share each load of weights. Returns `N`.
///
/// # Safety
/// As for [`one_tile`]; the activations have `N` rows from `row` on.
#[inline]
#[target_feature(enable = "neon,dotprod")]
unsafe fn some_rows<B: Tiled, const N: usize>(
    tile: Parts,
    x: &Quantized,
    row: usize,
    index: usize,
    out: Out,
) -> usize {
    const { assert!(B::LOW != 8 || (B::ZERO == 128 && !B::MIN), "what `quad_of` takes off") };
    let mut views = [x.row::<B>(row); N];
    for (i, view) in views.iter_mut().enumerate() {
        *view = x.row::<B>(row + i);
    }
    let groups = B::LEN / B::GROUP;
    // SAFETY: compiled for the instruction set; factors and views have a number for each group,
    // quads as many bytes as there are columns.
    unsafe {
        let mut totals = [Four::splat(0.0); N];
        for block in 0..tile.blocks {
            let factors = BlockFactors::load::<B>(tile.factors, block);
            for group in 0..groups {
                let at = block * groups + group;
                let mut sums = [[vdupq_n_s32(0); REGISTERS]; N];
                // They begin at −ZERO·Σx, which takes the zero point off all products at once.
                if B::LOW != 8 && B::ZERO != 0 {
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
                            let w = quad_of::<B, $quad>(tile, four);
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
                        totals[i].add_product(product, Four::splat(*views[i].scales.add(at)));
                }
                if B::MIN {
                    let m = factors.minimum::<B>(group);
                    for i in 0..N {
                        totals[i] = totals[i].add_product(m, Four::splat(*views[i].totals.add(at)));
                    }
                }
            }
        }
        for (i, total) in totals.into_iter().enumerate() {
            let mut lanes = [0f32; TILE];
            total.store(lanes.as_mut_ptr());
            out.put_lanes(row + i, index, &lanes);
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

/// Four columns of 16 rows, as signed bytes: of four such quads the one of a number.
///
/// # Safety
/// The tile has the four.
#[inline]
#[target_feature(enable = "neon,dotprod")]
unsafe fn quad_of<B: Tiled, const NUMBER: usize>(
    tile: Parts,
    four: usize,
) -> [int8x16_t; REGISTERS] {
    let mut out = [vdupq_n_s8(0); REGISTERS];
    // SAFETY: parts as `Tiled::parts` lays them out, in lines of 64 bytes, a register's worth for
    // each four rows.
    unsafe {
        for (r, out) in out.iter_mut().enumerate() {
            if B::LOW == 8 {
                let bytes = vld1q_u8(tile.low.add((four * 4 + NUMBER) * 64 + r * 16));
                *out = vreinterpretq_s8_u8(veorq_u8(bytes, vdupq_n_u8(128)));
                continue;
            }
            let pair = vld1q_u8(tile.low.add((four * 2 + NUMBER / 2) * 64 + r * 16));
            let low = match NUMBER % 2 {
                0 => vandq_u8(pair, vdupq_n_u8(15)),
                _ => vshrq_n_u8::<4>(pair),
            };
            let all = match B::HIGH {
                1 => {
                    // Of eight bytes the two that have a bit for each byte of the register, each of
                    // them eight times.
                    let bits = vcombine_u64(
                        vld1_u64(tile.high.add((four * 4 + NUMBER) * 8).cast()),
                        vdup_n_u64(0),
                    );
                    let two = vcombine_u8(vdup_n_u8(2 * r as u8), vdup_n_u8(2 * r as u8 + 1));
                    let bits = vqtbl1q_u8(vreinterpretq_u8_u64(bits), two);
                    let set = vtstq_u8(bits, vreinterpretq_u8_u64(vdupq_n_u64(EACH_BIT)));
                    vorrq_u8(low, vandq_u8(set, vdupq_n_u8(16)))
                }
                2 => {
                    let high = vld1q_u8(tile.high.add(four * 64 + r * 16));
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
struct BlockFactors {
    at: *const u8,
    d: Four,
    m: Four,
}

impl BlockFactors {
    /// # Safety
    /// `block` is one of a tile of this type whose factors begin at `factors`.
    #[inline]
    #[target_feature(enable = "neon,dotprod")]
    unsafe fn load<B: Tiled>(factors: *const u8, block: usize) -> Self {
        let at = factors.wrapping_add(block * B::factor_bytes(B::LEN));
        // SAFETY: by the caller's word; 32 bytes of halves each.
        unsafe {
            let none = Four::splat(0.0);
            let halves = |number: usize| Four::load_half(at.add(number * TILE * 2).cast());
            match B::FACTORS {
                Factors::Half => Self { at, d: halves(0), m: none },
                Factors::HalfMin => Self { at, d: halves(0), m: halves(1) },
                // What is taken off is the minimum: m is less than zero.
                Factors::Bytes => {
                    Self { at: at.add(TILE * 4), d: halves(0), m: negative(halves(1)) }
                }
                Factors::SignedBytes => Self { at: at.add(TILE * 2), d: halves(0), m: none },
                Factors::Floats => Self { at, d: none, m: none },
            }
        }
    }

    /// # Safety
    /// `group` is one of the block's.
    #[inline]
    #[target_feature(enable = "neon,dotprod")]
    unsafe fn scale<B: Tiled>(&self, group: usize) -> Four {
        // SAFETY: 16 bytes or floats of the group.
        unsafe {
            match B::FACTORS {
                Factors::Half | Factors::HalfMin => self.d,
                Factors::Bytes => times(self.d, unsigned(self.at.add(group * TILE))),
                Factors::SignedBytes => times(self.d, signed(self.at.add(group * TILE))),
                Factors::Floats => {
                    Four::load(self.at.add(group * (1 + usize::from(B::MIN)) * TILE * 4).cast())
                }
            }
        }
    }

    /// # Safety
    /// `group` is one of the block's, which has minimums.
    #[inline]
    #[target_feature(enable = "neon,dotprod")]
    unsafe fn minimum<B: Tiled>(&self, group: usize) -> Four {
        // SAFETY: as for the scale.
        unsafe {
            match B::FACTORS {
                Factors::Bytes => {
                    let groups = B::LEN / B::GROUP;
                    times(self.m, unsigned(self.at.add((groups + group) * TILE)))
                }
                Factors::Floats => Four::load(self.at.add((group * 2 + 1) * TILE * 4).cast()),
                _ => self.m,
            }
        }
    }
}

#[inline]
#[target_feature(enable = "neon")]
fn times(mut a: Four, b: Four) -> Four {
    for (a, b) in a.0.iter_mut().zip(b.0) {
        *a = vmulq_f32(*a, b);
    }
    a
}

#[inline]
#[target_feature(enable = "neon")]
fn negative(mut a: Four) -> Four {
    for a in &mut a.0 {
        *a = vnegq_f32(*a);
    }
    a
}

#[inline]
#[target_feature(enable = "neon")]
fn to_floats(sums: [int32x4_t; REGISTERS]) -> Four {
    let [a, b, c, d] = sums;
    Four([vcvtq_f32_s32(a), vcvtq_f32_s32(b), vcvtq_f32_s32(c), vcvtq_f32_s32(d)])
}

/// # Safety
/// 16 bytes lie there.
#[inline]
#[target_feature(enable = "neon")]
unsafe fn unsigned(at: *const u8) -> Four {
    // SAFETY: by the caller's word.
    let bytes = unsafe { vld1q_u8(at) };
    let (a, b) = (vmovl_u8(vget_low_u8(bytes)), vmovl_high_u8(bytes));
    let [a, b, c, d] = [
        vmovl_u16(vget_low_u16(a)),
        vmovl_high_u16(a),
        vmovl_u16(vget_low_u16(b)),
        vmovl_high_u16(b),
    ];
    Four([vcvtq_f32_u32(a), vcvtq_f32_u32(b), vcvtq_f32_u32(c), vcvtq_f32_u32(d)])
}

/// # Safety
/// 16 bytes lie there.
#[inline]
#[target_feature(enable = "neon")]
unsafe fn signed(at: *const u8) -> Four {
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
