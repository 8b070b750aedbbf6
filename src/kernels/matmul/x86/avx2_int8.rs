//! Products with weights of eight bits for AVX2.
//!
//! There `vpmaddubsw` would saturate, and to move signs from weights to activations costs as much
//! as the product. So both are widened to 16 bits, whose products `vpmaddwd` sums exactly: every
//! other byte of a register is a weight already, the ones between are after a shift,
//! and activations stand in pairs that fit. Sums are those of `matmul`'s plain version.

#![cfg(target_arch = "x86_64")]
// Loops by index, for what an iterator of arrays leaves behind is not always inlined, and then all
// registers go to memory and back.
#![allow(clippy::needless_range_loop)]

use std::arch::x86_64::*;
use std::ops::Range;

use crate::kernels::matmul::activations::{Groups, Int8Activations};
use crate::kernels::matmul::epilogue::Epilogue;
use crate::kernels::matmul::packed::{PackedFormat, PackedWeights, PanelPtrs};
use crate::kernels::matmul::x86::avx2::{BlockScales, HALVES, Place, store};

/// Activation rows that stand together.
const ROWS: usize = 4;

/// Activations of four rows at a time, in pairs of 16 bits: of each four columns the first and the
/// third, then the second and the fourth, of one row after the other. Rows that are not there are
/// zero.
pub struct Int16Pairs {
    quads: usize,
    /// `[rows / 4, quads, 4, 2]`.
    pairs: Vec<i32>,
    by_16: GroupScales,
    by_32: GroupScales,
}

/// Of each group of each of four rows, `[rows / 4, groups, 4]`, what sums are multiplied by, and
/// what they begin with: weights are taken with 128 too much.
struct GroupScales {
    scales: Vec<f32>,
    offsets: Vec<i32>,
}

impl Int16Pairs {
    pub fn new(x: &Int8Activations) -> Self {
        let (width, int16) = (x.bytes.len() / x.rows, x.rows.div_ceil(ROWS));
        let quads = width / 4;
        let mut pairs = vec![0; int16 * quads * ROWS * 2];
        for (row, bytes) in x.bytes.chunks_exact(width).enumerate() {
            let to = pairs[row / ROWS * quads * ROWS * 2..].as_chunks_mut::<2>().0;
            for (four, to) in
                bytes.as_chunks::<4>().0.iter().zip(to[row % ROWS..].iter_mut().step_by(ROWS))
            {
                let pair =
                    |first: i8, second: i8| i32::from(first) & 0xffff | i32::from(second) << 16;
                *to = [pair(four[0], four[2]), pair(four[1], four[3])];
            }
        }
        let factors = |groups: &Groups| {
            let count = groups.scales.len() / x.rows;
            let size = int16 * count * ROWS;
            let mut factors = GroupScales { scales: vec![0.0; size], offsets: vec![0; size] };
            for row in 0..x.rows {
                for group in 0..count {
                    let to = (row / ROWS * count + group) * ROWS + row % ROWS;
                    factors.scales[to] = groups.scales[row * count + group];
                    factors.offsets[to] = -128 * groups.sums[row * count + group];
                }
            }
            factors
        };
        Self { quads, pairs, by_16: factors(&x.by_16), by_32: factors(&x.by_32) }
    }

    /// Where pairs, scales and offsets of the four rows from `row` on begin, for weights in groups
    /// of a size.
    fn at(&self, row: usize, group: usize) -> (*const i32, *const f32, *const i32) {
        let factors = if group == 16 { &self.by_16 } else { &self.by_32 };
        let (four, groups) = (row / ROWS, self.quads * 4 / group);
        let at = four * groups * ROWS;
        let pairs = self.pairs[four * self.quads * ROWS * 2..].as_ptr();
        (pairs, factors.scales[at..].as_ptr(), factors.offsets[at..].as_ptr())
    }
}

/// A panel's products with some rows of activations.
///
/// # Safety
/// `out` has room for every row at the panel's columns.
#[target_feature(enable = "avx2,fma,f16c")]
pub unsafe fn matmul_panel<B: PackedFormat>(
    weights: &PackedWeights,
    panel: usize,
    x: &Int16Pairs,
    rows: Range<usize>,
    out: Epilogue,
) {
    let parts = weights.panel_ptrs::<B>(panel);
    let to = Place { index: panel, out };
    // Jobs begin at a multiple of four.
    for row in rows.clone().step_by(ROWS) {
        // As in `vnni`.
        let ahead = if rows.end - row <= ROWS { weights.distance(1) } else { 0 };
        // SAFETY: `parts` is of a panel of this type and `row` of the activations; `out` by the
        // caller's word.
        unsafe {
            match rows.end - row {
                4.. => micro_kernel::<B, 4>(parts, x, row, to, ahead),
                3 => micro_kernel::<B, 3>(parts, x, row, to, ahead),
                2 => micro_kernel::<B, 2>(parts, x, row, to, ahead),
                _ => micro_kernel::<B, 1>(parts, x, row, to, ahead),
            }
        }
    }
}

/// The sums of the first `N` rows of the four that begin at `row`.
///
/// # Safety
/// As for [`matmul_panel`].
#[inline]
#[target_feature(enable = "avx2,fma,f16c")]
unsafe fn micro_kernel<B: PackedFormat, const N: usize>(
    panel: PanelPtrs,
    x: &Int16Pairs,
    row: usize,
    Place { index, out }: Place,
    ahead: usize,
) {
    const {
        assert!(
            B::LOW_BITS != 8 || (B::ZERO == 128 && !B::MIN),
            "what `Int16Pairs` takes into account"
        )
    };
    // A number the compiler does not know: it would unroll the inner loop, add in another order and
    // run out of registers.
    let (groups, quads) = (B::LEN / B::GROUP, std::hint::black_box(B::GROUP / 4));
    let (pairs, scales, offsets) = x.at(row, B::GROUP);
    let even = _mm256_set1_epi16(0xff);
    let mut totals = [[_mm256_setzero_ps(); HALVES]; N];
    for block in 0..panel.blocks {
        // SAFETY: `block` is one of the panel's.
        let factors = unsafe { BlockScales::load::<B>(panel.factors, block) };
        panel.prefetch_scales::<B>(block, ahead);
        for group in 0..groups {
            let at = block * groups + group;
            panel.prefetch_group::<B>(at, ahead);
            let mut sums = [[_mm256_setzero_si256(); HALVES]; N];
            for i in 0..N {
                // SAFETY: a group of the row's.
                sums[i] = [_mm256_set1_epi32(unsafe { *offsets.add(at * ROWS + i) }); HALVES];
            }
            for quad in at * quads..(at + 1) * quads {
                let line = panel.low.wrapping_add(quad * 64);
                // SAFETY: a line of the panel is 64 bytes at a multiple of 64.
                let lines = unsafe {
                    [_mm256_load_si256(line.cast()), _mm256_load_si256(line.add(32).cast())]
                };
                let first = [_mm256_and_si256(lines[0], even), _mm256_and_si256(lines[1], even)];
                let second = [_mm256_srli_epi16::<8>(lines[0]), _mm256_srli_epi16::<8>(lines[1])];
                let w = [first, second];
                for i in 0..N {
                    for pair in 0..2 {
                        // SAFETY: two pairs of the row's.
                        let x = unsafe { *pairs.add((quad * ROWS + i) * 2 + pair) };
                        let x = _mm256_set1_epi32(x);
                        for half in 0..HALVES {
                            let products = _mm256_madd_epi16(w[pair][half], x);
                            sums[i][half] = _mm256_add_epi32(sums[i][half], products);
                        }
                    }
                }
            }
            // SAFETY: a group of the block.
            let d = unsafe { factors.scale::<B>(group) };
            for i in 0..N {
                // SAFETY: a group of the row's.
                let scale = _mm256_set1_ps(unsafe { *scales.add(at * ROWS + i) });
                for half in 0..HALVES {
                    let product = _mm256_mul_ps(_mm256_cvtepi32_ps(sums[i][half]), d[half]);
                    totals[i][half] = _mm256_fmadd_ps(product, scale, totals[i][half]);
                }
            }
        }
    }
    for i in 0..N {
        // SAFETY: by the caller's word.
        unsafe { store(totals[i], row + i, index, out) };
    }
}
