//! Products of packed 8-bit weights for AVX2.
//!
//! `vpmaddubsw` would saturate, and moving signs from weights to activations costs as much as the
//! product. So both are widened to 16 bits, and `vpmaddwd` adds pairs of products exactly: a mask
//! keeps the even bytes of a vector of weights, a shift the odd ones, and activations are stored in
//! pairs to match. The sums are those of the reference.

#![cfg(target_arch = "x86_64")]
// Loops by index: iterators over arrays are not always inlined, and then all vectors go through
// memory.
#![allow(clippy::needless_range_loop)]

use std::arch::x86_64::*;
use std::ops::Range;

use crate::kernels::matmul::activations::{Groups, Int8Activations};
use crate::kernels::matmul::epilogue::Epilogue;
use crate::kernels::matmul::packed::{PackedFormat, PackedWeights, PanelPtrs};
use crate::kernels::matmul::x86::avx2::{BlockScales, PanelOutput, VECTORS, store};

/// Activation rows of a block.
const ROWS: usize = 4;

/// Activations in blocks of four rows, as pairs of i16: of each four columns (0, 2), then (1, 3).
/// Missing rows are zero.
pub struct Int16Pairs {
    quads: usize,
    /// `[rows / 4][quads][4 rows][2]`.
    pairs: Vec<i32>,
    by_16: GroupScales,
    by_32: GroupScales,
}

/// Numbers of each group, `[rows / 4][groups][4 rows]`: scales, and start values of sums, −128 ·
/// Σx, since weights are stored plus 128.
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

    /// Pointers to the pairs, scales and offsets of the four rows from `row`, for weights in groups
    /// of `group`.
    fn at(&self, row: usize, group: usize) -> (*const i32, *const f32, *const i32) {
        let factors = if group == 16 { &self.by_16 } else { &self.by_32 };
        let (four, groups) = (row / ROWS, self.quads * 4 / group);
        let at = four * groups * ROWS;
        let pairs = self.pairs[four * self.quads * ROWS * 2..].as_ptr();
        (pairs, factors.scales[at..].as_ptr(), factors.offsets[at..].as_ptr())
    }
}

/// Products of a panel with some activation rows.
///
/// # Safety
/// The CPU has AVX2; `out` has room for every row and the panel's outputs.
#[target_feature(enable = "avx2,fma,f16c")]
pub unsafe fn matmul_panel<B: PackedFormat>(
    weights: &PackedWeights,
    panel: usize,
    x: &Int16Pairs,
    rows: Range<usize>,
    out: Epilogue,
) {
    let parts = weights.panel_ptrs::<B>(panel);
    let to = PanelOutput { index: panel, out };
    // Calls begin at a multiple of four rows.
    for row in rows.clone().step_by(ROWS) {
        // As in `avx512_vnni`.
        let ahead = if rows.end - row <= ROWS { weights.distance(1) } else { 0 };
        // SAFETY: `parts` is a panel of type `B`, and `row` is one of the activations; `out` is
        // upheld by the caller.
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

/// Sums of the first `N` of the four rows from `row`.
///
/// # Safety
/// As for [`matmul_panel`].
#[inline]
#[target_feature(enable = "avx2,fma,f16c")]
unsafe fn micro_kernel<B: PackedFormat, const N: usize>(
    panel: PanelPtrs,
    x: &Int16Pairs,
    row: usize,
    PanelOutput { index, out }: PanelOutput,
    ahead: usize,
) {
    const {
        assert!(
            B::LOW_BITS != 8 || (B::ZERO == 128 && !B::MIN),
            "`Int16Pairs` assumes a zero point of 128 and no minimums"
        )
    };
    // Hidden from the compiler, which would unroll the inner loop, add as a tree and run out of
    // registers.
    let (groups, quads) = (B::LEN / B::GROUP, std::hint::black_box(B::GROUP / 4));
    let (pairs, scales, offsets) = x.at(row, B::GROUP);
    let even = _mm256_set1_epi16(0xff);
    let mut totals = [[_mm256_setzero_ps(); VECTORS]; N];
    for block in 0..panel.blocks {
        // SAFETY: the block exists.
        let block_scales = unsafe { BlockScales::load::<B>(panel.scales, block) };
        panel.prefetch_scales::<B>(block, ahead);
        for group in 0..groups {
            let at = block * groups + group;
            panel.prefetch_group::<B>(at, ahead);
            let mut sums = [[_mm256_setzero_si256(); VECTORS]; N];
            for i in 0..N {
                // SAFETY: the row has this group.
                sums[i] = [_mm256_set1_epi32(unsafe { *offsets.add(at * ROWS + i) }); VECTORS];
            }
            for quad in at * quads..(at + 1) * quads {
                let line = panel.low.wrapping_add(quad * 64);
                // SAFETY: a line of a panel is 64 aligned bytes.
                let lines = unsafe {
                    [_mm256_load_si256(line.cast()), _mm256_load_si256(line.add(32).cast())]
                };
                let first = [_mm256_and_si256(lines[0], even), _mm256_and_si256(lines[1], even)];
                let second = [_mm256_srli_epi16::<8>(lines[0]), _mm256_srli_epi16::<8>(lines[1])];
                let w = [first, second];
                for i in 0..N {
                    for pair in 0..2 {
                        // SAFETY: the row has these pairs.
                        let x = unsafe { *pairs.add((quad * ROWS + i) * 2 + pair) };
                        let x = _mm256_set1_epi32(x);
                        for v in 0..VECTORS {
                            let products = _mm256_madd_epi16(w[pair][v], x);
                            sums[i][v] = _mm256_add_epi32(sums[i][v], products);
                        }
                    }
                }
            }
            // SAFETY: the group exists.
            let d = unsafe { block_scales.scale::<B>(group) };
            for i in 0..N {
                // SAFETY: the row has this group.
                let scale = _mm256_set1_ps(unsafe { *scales.add(at * ROWS + i) });
                for v in 0..VECTORS {
                    let product = _mm256_mul_ps(_mm256_cvtepi32_ps(sums[i][v]), d[v]);
                    totals[i][v] = _mm256_fmadd_ps(product, scale, totals[i][v]);
                }
            }
        }
    }
    for i in 0..N {
        // SAFETY: upheld by the caller.
        unsafe { store(totals[i], row + i, index, out) };
    }
}
