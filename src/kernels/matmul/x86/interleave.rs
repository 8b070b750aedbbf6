//! Activations for `avx512_vnni`: blocks of up to eight rows, interleaved by four columns, so that
//! one pointer serves all rows of a block.

#![cfg(target_arch = "x86_64")]

use std::arch::x86_64::*;

use crate::kernels::block_types::GgmlBlock;
use crate::kernels::cpu::{Isa, best};
use crate::kernels::matmul::activations::{Groups, Int8Activations};
use crate::kernels::threads;

/// Rows of a full block; the remaining rows form blocks of 4, 2 and 1.
pub const ROWS: usize = 8;

/// Int8 activations in blocks of rows.
pub struct InterleavedRows {
    rows: usize,
    /// For each block `[columns / 4][rows][4]`.
    bytes: Vec<i8>,
    /// For each block, for weights in groups of 16 and of 32: `[groups][3][rows]`, the scales, the
    /// sums of bytes, and their products.
    by_16: Vec<f32>,
    by_32: Vec<f32>,
}

impl InterleavedRows {
    /// # Panics
    /// Without AVX2, which every CPU with VNNI has.
    pub fn new(x: &Int8Activations) -> Self {
        assert!(best() != Isa::Scalar, "no AVX2");
        let width = x.bytes.len() / x.rows;
        let [groups_16, groups_32] =
            [&x.by_16, &x.by_32].map(|groups| groups.scales.len() / x.rows);
        let mut bytes = vec![0; x.bytes.len()];
        let mut by_16 = vec![0.0; 3 * x.by_16.scales.len()];
        let mut by_32 = vec![0.0; 3 * x.by_32.scales.len()];
        let mut jobs: Vec<_> = bytes
            .chunks_mut(ROWS * width)
            .zip(by_16.chunks_mut(ROWS * 3 * groups_16))
            .zip(by_32.chunks_mut(ROWS * 3 * groups_32))
            .collect();
        threads::parallel_chunks(&mut jobs, 1, |job, parts| {
            for ((bytes, by_16), by_32) in parts {
                let mut row = 0;
                for count in blocks(bytes.len() / width) {
                    let first = job * ROWS + row;
                    let rows = &x.bytes[first * width..][..count * width];
                    let block = |size: usize| row * size..(row + count) * size;
                    let (to_16, to_32) =
                        (&mut by_16[block(3 * groups_16)], &mut by_32[block(3 * groups_32)]);
                    // SAFETY: AVX2 is available, as asserted.
                    unsafe {
                        interleave(rows, count, &mut bytes[block(width)]);
                        write_groups(&x.by_16, first, count, groups_16, to_16);
                        write_groups(&x.by_32, first, count, groups_32, to_32);
                    }
                    row += count;
                }
            }
        });
        Self { rows: x.rows, bytes, by_16, by_32 }
    }

    /// Pointers to the bytes and to the group numbers of the block that begins at `row`.
    #[inline(always)]
    pub fn block<B: GgmlBlock>(&self, row: usize) -> (*const i8, *const f32) {
        let groups = if B::GROUP == 16 { &self.by_16 } else { &self.by_32 };
        let offset = |length: usize| length / self.rows * row;
        (self.bytes[offset(self.bytes.len())..].as_ptr(), groups[offset(groups.len())..].as_ptr())
    }
}

/// Sizes of the blocks of `rows` rows.
fn blocks(mut rows: usize) -> impl Iterator<Item = usize> {
    std::iter::from_fn(move || {
        let count = first_block(rows);
        rows -= count;
        (count > 0).then_some(count)
    })
}

/// Size of the first block of `rows` rows.
pub fn first_block(rows: usize) -> usize {
    match rows {
        8.. => 8,
        4.. => 4,
        2.. => 2,
        _ => rows,
    }
}

/// Interleaves four bytes of each row.
#[target_feature(enable = "avx2")]
fn interleave(rows: &[i8], count: usize, to: &mut [i8]) {
    let width = rows.len() / count;
    if count == ROWS {
        assert!(width.is_multiple_of(4 * ROWS) && to.len() == rows.len());
        for column in (0..width).step_by(4 * ROWS) {
            // SAFETY: each row has these 32 bytes, and `to` as many for eight rows.
            unsafe {
                let from = rows.as_ptr().add(column).cast();
                transpose::<false>(
                    from,
                    width / 4,
                    to.as_mut_ptr().add(column * ROWS).cast(),
                    ROWS,
                );
            }
        }
        return;
    }
    let to = to.as_chunks_mut::<4>().0;
    for (row, bytes) in rows.chunks_exact(width).enumerate() {
        for (quad, bytes) in bytes.as_chunks::<4>().0.iter().enumerate() {
            to[quad * count + row] = *bytes;
        }
    }
}

/// Writes the group numbers of `count` rows, from row `first`.
#[target_feature(enable = "avx2")]
fn write_groups(groups: &Groups, first: usize, count: usize, of_row: usize, to: &mut [f32]) {
    let place = first * of_row..(first + count) * of_row;
    let all = (&groups.scales[place.clone()], &groups.sums[place.clone()], &groups.totals[place]);
    let (scales, sums, totals) = all;
    if count == ROWS {
        assert!(of_row.is_multiple_of(ROWS) && to.len() == 3 * ROWS * of_row);
        for group in (0..of_row).step_by(ROWS) {
            // SAFETY: each row has these eight groups, and `to` three numbers of each.
            unsafe {
                let to = to.as_mut_ptr().add(group * 3 * ROWS);
                transpose::<false>(scales.as_ptr().add(group).cast(), of_row, to, 3 * ROWS);
                transpose::<true>(sums.as_ptr().add(group), of_row, to.add(ROWS), 3 * ROWS);
                transpose::<false>(
                    totals.as_ptr().add(group).cast(),
                    of_row,
                    to.add(2 * ROWS),
                    3 * ROWS,
                );
            }
        }
        return;
    }
    for row in 0..count {
        for (group, to) in to.chunks_exact_mut(3 * count).enumerate() {
            let from = row * of_row + group;
            to[row] = scales[from];
            to[count + row] = sums[from] as f32;
            to[2 * count + row] = totals[from];
        }
    }
}

/// Transposes 8 × 8 numbers: rows `width` stride are written as rows `stride` stride, and
/// converted to floats if `TO_FLOATS`.
///
/// # Safety
/// `from` is readable and `to` writable for eight rows of eight numbers.
#[inline]
#[target_feature(enable = "avx2")]
unsafe fn transpose<const TO_FLOATS: bool>(
    from: *const i32,
    width: usize,
    to: *mut f32,
    stride: usize,
) {
    let mut rows = [_mm256_setzero_si256(); ROWS];
    for (at, row) in rows.iter_mut().enumerate() {
        // SAFETY: upheld by the caller.
        *row = unsafe { _mm256_loadu_si256(from.add(at * width).cast()) };
        if TO_FLOATS {
            *row = _mm256_castps_si256(_mm256_cvtepi32_ps(*row));
        }
    }
    let mut pairs = rows;
    let mut int16 = rows;
    for at in 0..4 {
        pairs[2 * at] = _mm256_unpacklo_epi32(rows[2 * at], rows[2 * at + 1]);
        pairs[2 * at + 1] = _mm256_unpackhi_epi32(rows[2 * at], rows[2 * at + 1]);
    }
    for half in [0, 4] {
        for at in 0..2 {
            int16[half + 2 * at] = _mm256_unpacklo_epi64(pairs[half + at], pairs[half + 2 + at]);
            int16[half + 2 * at + 1] =
                _mm256_unpackhi_epi64(pairs[half + at], pairs[half + 2 + at]);
        }
    }
    for at in 0..4 {
        let low = _mm256_permute2x128_si256::<0x20>(int16[at], int16[at + 4]);
        let high = _mm256_permute2x128_si256::<0x31>(int16[at], int16[at + 4]);
        // SAFETY: upheld by the caller.
        unsafe {
            _mm256_storeu_si256(to.add(at * stride).cast(), low);
            _mm256_storeu_si256(to.add((at + 4) * stride).cast(), high);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kernels::matmul::activations::Activations;
    use crate::kernels::phase::Phase;

    #[test]
    fn rows_are_interleaved() {
        if !Isa::Vnni.available() {
            eprintln!("skipped: this processor has no VNNI");
            return;
        }
        for rows in [1, 2, 3, 5, 7, 8, 9, 15, 16, 23] {
            let columns = 700;
            let floats: Vec<f32> =
                (0..rows * columns).map(|at| (at * 7919 % 1009) as f32 - 500.0).collect();
            let activations = Activations::new(&floats, rows, Phase::Decode);
            let x = &Int8Activations::new(&activations);
            let interleaved = InterleavedRows::new(x);
            let (width, groups) = (x.bytes.len() / rows, x.by_32.scales.len() / rows);
            let mut first = 0;
            while first < rows {
                let count = first_block(rows - first);
                let bytes = &interleaved.bytes[first * width..];
                let [by_16, by_32] =
                    [(&interleaved.by_16, 2 * groups), (&interleaved.by_32, groups)]
                        .map(|(factors, of_row)| &factors[3 * first * of_row..]);
                for row in 0..count {
                    for column in 0..width {
                        let byte = bytes[(column / 4 * count + row) * 4 + column % 4];
                        assert_eq!(
                            byte,
                            x.bytes[(first + row) * width + column],
                            "row {row}, column {column}"
                        );
                    }
                    for (from, to, of_row) in
                        [(&x.by_16, by_16, 2 * groups), (&x.by_32, by_32, groups)]
                    {
                        for group in 0..of_row {
                            let place = (first + row) * of_row + group;
                            let expected =
                                [from.scales[place], from.sums[place] as f32, from.totals[place]];
                            let found = [0, 1, 2].map(|kind| to[(group * 3 + kind) * count + row]);
                            assert_eq!(found, expected, "row {row}, group {group} of {of_row}");
                        }
                    }
                }
                first += count;
            }
        }
    }
}
