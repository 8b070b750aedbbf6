//! AMX: bfloat16 values as its tiles hold them, and products of tiles.
//!
//! A tile is a register of 16 rows of 64 bytes (`tmm0` to `tmm7`). `tdpbf16ps C, A, B` adds to 16
//! × 16 f32 sums the products of A, 16 rows × 32 values of k, with B, stored as 16 rows of pairs
//! `[k / 2][n = 16][2]`.
//!
//! Knows nothing of weights, tokens or keys: `matmul` and `attention` multiply with it. The
//! instructions are inline assembly, because Rust's intrinsics for them are not stable yet; the
//! compiler does not use tile registers itself.

#![cfg(target_arch = "x86_64")]

use std::arch::asm;
use std::arch::x86_64::*;
use std::marker::PhantomData;
use std::mem::MaybeUninit;

use crate::kernels::shape::PANEL_ROWS;
use crate::kernels::simd::AlignedF32x16;
use crate::kernels::threads::Zero;

/// Rows of a tile.
pub const TILE_ROWS: usize = 16;
/// Bytes of a tile row.
const TILE_ROW_BYTES: usize = 64;
/// bf16 values of a tile row: the k of one instruction.
pub const TILE_K: usize = TILE_ROW_BYTES / 2;
/// Tiles of A and of B in a product: 2 × 2 tiles of C.
pub const PAIR: usize = 2;

/// A row of a tile: 32 bf16 values.
#[derive(Clone, Copy)]
#[repr(C, align(64))]
pub struct TileRow(pub [u16; TILE_K]);

impl Zero for TileRow {
    const ZERO: Self = Self([0; TILE_K]);
}

/// A tile of operand B: pairs of k of 16 columns, `[k / 2][n = 16][2]`.
pub type BTile = [TileRow; TILE_K / 2];

impl Zero for BTile {
    const ZERO: Self = [TileRow::ZERO; TILE_K / 2];
}

/// Rounds to bfloat16, ties away from zero. NaN stays NaN.
#[inline(always)]
pub fn f32_to_bf16(x: f32) -> u16 {
    let nearest = (x.to_bits().wrapping_add(0x8000) >> 16) as u16;
    if x.is_nan() { 0x7fc0 } else { nearest }
}

/// Rounds up to 16 rows of `columns` floats as [`f32_to_bf16`] does, to A tiles `[columns /
/// 32][16]`. Missing rows become zero.
#[target_feature(enable = "avx512f,avx512bw")]
pub fn round_rows(floats: &[f32], columns: usize, tile_rows: &mut [MaybeUninit<TileRow>]) {
    let rows = floats.len() / columns;
    assert!(rows <= TILE_ROWS && tile_rows.len() == columns / TILE_K * TILE_ROWS);
    for (block, tile_rows) in tile_rows.chunks_exact_mut(TILE_ROWS).enumerate() {
        for (row, tile_row) in tile_rows.iter_mut().enumerate() {
            let mut both = _mm512_setzero_si512();
            if row < rows {
                let from = &floats[row * columns + block * TILE_K..][..TILE_K];
                // SAFETY: 32 floats.
                both = unsafe {
                    pack_bf16(_mm512_loadu_ps(from.as_ptr()), _mm512_loadu_ps(from[16..].as_ptr()))
                };
            }
            // SAFETY: a tile row is 64 aligned bytes, as a vector.
            unsafe { _mm512_store_si512(tile_row.as_mut_ptr().cast(), both) };
        }
    }
}

/// 32 floats, rounded as [`f32_to_bf16`] does.
#[inline]
#[target_feature(enable = "avx512f,avx512bw")]
fn pack_bf16(a: __m512, b: __m512) -> __m512i {
    macro_rules! upper {
        ($floats:expr) => {{
            let bits = _mm512_castps_si512(canonical_nan($floats));
            _mm512_srli_epi32::<16>(_mm512_add_epi32(bits, _mm512_set1_epi32(0x8000)))
        }};
    }
    // `vpackusdw` interleaves the operands in 64-bit units.
    let order = _mm512_set_epi64(7, 5, 3, 1, 6, 4, 2, 0);
    _mm512_permutexvar_epi64(order, _mm512_packus_epi32(upper!(a), upper!(b)))
}

/// Replaces NaNs by the one that [`bf16_pairs`] keeps: rounding would turn the bits of some NaNs
/// into zero.
#[inline]
#[target_feature(enable = "avx512f")]
pub fn canonical_nan(floats: __m512) -> __m512 {
    let none = _mm512_cmp_ps_mask::<_CMP_UNORD_Q>(floats, floats);
    _mm512_mask_mov_ps(floats, none, _mm512_set1_ps(f32::NAN))
}

/// Interleaves two values of k of 16 columns to a row of a B tile, rounded as [`f32_to_bf16`] does.
/// NaNs must be [`canonical_nan`].
#[inline]
#[target_feature(enable = "avx512f,avx512bw")]
pub fn bf16_pairs(even: __m512, odd: __m512) -> TileRow {
    // Adds half a unit of bf16, so that the upper 16 bits are the rounded value.
    let up = |floats| _mm512_add_epi32(_mm512_castps_si512(floats), _mm512_set1_epi32(0x8000));
    let both = _mm512_mask_blend_epi16(0xaaaa_aaaa, _mm512_srli_epi32::<16>(up(even)), up(odd));
    let mut tile_row = TileRow::ZERO;
    // SAFETY: a tile row is 64 aligned bytes, as a vector.
    unsafe { _mm512_store_si512((&raw mut tile_row).cast(), both) };
    tile_row
}

/// Operand of `ldtilecfg`: rows, and bytes of a row, of each tile.
#[repr(C, align(64))]
struct TileConfig {
    palette: u8,
    start: u8,
    reserved: [u8; 14],
    row_bytes: [u16; 16],
    rows: [u8; 16],
}

impl TileConfig {
    /// All eight tiles in full size.
    fn whole() -> Self {
        let mut config =
            Self { palette: 1, start: 0, reserved: [0; 14], row_bytes: [0; 16], rows: [0; 16] };
        config.row_bytes[..8].fill(TILE_ROW_BYTES as u16);
        config.rows[..8].fill(TILE_ROWS as u8);
        config
    }
}

/// The tile registers of this thread, configured until this is dropped.
pub struct AmxTiles(PhantomData<*const ()>);

impl AmxTiles {
    /// # Safety
    /// The CPU has AMX and the process may use it; the thread has no other such value.
    pub unsafe fn begin() -> Self {
        let config = TileConfig::whole();
        // SAFETY: the configuration is valid, and the compiler uses no tile registers.
        unsafe {
            asm!("ldtilecfg [{}]", in(reg) &raw const config, options(nostack, preserves_flags))
        };
        Self(PhantomData)
    }

    /// Multiplies two A tiles (`rows`) with two B tiles (`outputs`) for `blocks` steps of k, and
    /// adds to 2 × 2 tiles of sums, `[A][B]`; `first` starts the sums at zero. Rows of sums are
    /// `line` bytes apart.
    ///
    /// # Safety
    /// `outputs` and `rows` each hold `blocks` tiles, and `sums` 16 rows of 16 floats, `line` bytes
    /// apart.
    #[inline]
    pub unsafe fn matmul_2x2(
        &self,
        outputs: [*const BTile; PAIR],
        rows: [*const TileRow; PAIR],
        blocks: usize,
        sums: [*mut AlignedF32x16; PAIR * PAIR],
        line: usize,
        first: bool,
    ) {
        // SAFETY: upheld by the caller.
        unsafe {
            load_sums(sums, line, first);
            for block in 0..blocks {
                let (rows, outputs) = (
                    [rows[0].add(block * TILE_ROWS), rows[1].add(block * TILE_ROWS)],
                    [outputs[0].add(block), outputs[1].add(block)],
                );
                asm!(
                    "tileloadd tmm6, [{x} + {line}*1]",
                    "tileloadd tmm4, [{w} + {line}*1]",
                    "tdpbf16ps tmm0, tmm6, tmm4",
                    "tileloadd tmm5, [{v} + {line}*1]",
                    "tdpbf16ps tmm1, tmm6, tmm5",
                    "tileloadd tmm7, [{y} + {line}*1]",
                    "tdpbf16ps tmm2, tmm7, tmm4",
                    "tdpbf16ps tmm3, tmm7, tmm5",
                    x = in(reg) rows[0], y = in(reg) rows[1], w = in(reg) outputs[0], v = in(reg) outputs[1],
                    line = in(reg) TILE_ROW_BYTES,
                    options(nostack, preserves_flags, readonly),
                );
            }
            store_sums(sums, line);
        }
    }

    /// The product of values that are split into two bf16 each: in A and B, a tile of rounded
    /// values (hi) is followed by a tile of remainders (lo). Adds lo · hi, hi · hi and hi · lo, in
    /// this order, for each step of k; lo · lo is left out.
    ///
    /// # Safety
    /// As for [`AmxTiles::matmul_2x2`], with twice as many tiles.
    #[inline]
    pub unsafe fn matmul_2x2_split(
        &self,
        outputs: [*const BTile; PAIR],
        rows: [*const TileRow; PAIR],
        blocks: usize,
        sums: [*mut AlignedF32x16; PAIR * PAIR],
        line: usize,
    ) {
        // SAFETY: upheld by the caller.
        unsafe {
            load_sums(sums, line, true);
            for block in 0..blocks {
                let (rows, outputs) = (
                    [rows[0].add(2 * block * TILE_ROWS), rows[1].add(2 * block * TILE_ROWS)],
                    [outputs[0].add(2 * block), outputs[1].add(2 * block)],
                );
                // Ordered so that each loaded tile is used twice: a load costs as much as a
                // product, and they do not always overlap.
                asm!(
                    "tileloadd tmm6, [{x} + {line}*1 + 1024]",
                    "tileloadd tmm4, [{w} + {line}*1]",
                    "tdpbf16ps tmm0, tmm6, tmm4",
                    "tileloadd tmm5, [{v} + {line}*1]",
                    "tdpbf16ps tmm1, tmm6, tmm5",
                    "tileloadd tmm7, [{y} + {line}*1 + 1024]",
                    "tdpbf16ps tmm2, tmm7, tmm4",
                    "tdpbf16ps tmm3, tmm7, tmm5",
                    "tileloadd tmm6, [{x} + {line}*1]",
                    "tdpbf16ps tmm0, tmm6, tmm4",
                    "tdpbf16ps tmm1, tmm6, tmm5",
                    "tileloadd tmm7, [{y} + {line}*1]",
                    "tdpbf16ps tmm2, tmm7, tmm4",
                    "tdpbf16ps tmm3, tmm7, tmm5",
                    "tileloadd tmm4, [{w} + {line}*1 + 1024]",
                    "tdpbf16ps tmm0, tmm6, tmm4",
                    "tdpbf16ps tmm2, tmm7, tmm4",
                    "tileloadd tmm5, [{v} + {line}*1 + 1024]",
                    "tdpbf16ps tmm1, tmm6, tmm5",
                    "tdpbf16ps tmm3, tmm7, tmm5",
                    x = in(reg) rows[0], y = in(reg) rows[1], w = in(reg) outputs[0], v = in(reg) outputs[1],
                    line = in(reg) TILE_ROW_BYTES,
                    options(nostack, preserves_flags, readonly),
                );
            }
            store_sums(sums, line);
        }
    }
}

/// Loads 2 × 2 tiles of sums, or zeroes them.
///
/// # Safety
/// Tiles are configured, and `sums` holds 16 rows of 16 floats, `line` bytes apart.
#[inline]
unsafe fn load_sums(sums: [*mut AlignedF32x16; PAIR * PAIR], line: usize, first: bool) {
    // SAFETY: upheld by the caller. The compiler uses no tile registers.
    unsafe {
        if first {
            asm!(
                "tilezero tmm0",
                "tilezero tmm1",
                "tilezero tmm2",
                "tilezero tmm3",
                options(nomem, nostack, preserves_flags)
            );
        } else {
            asm!(
                "tileloadd tmm0, [{a} + {line}*1]",
                "tileloadd tmm1, [{b} + {line}*1]",
                "tileloadd tmm2, [{c} + {line}*1]",
                "tileloadd tmm3, [{d} + {line}*1]",
                a = in(reg) sums[0], b = in(reg) sums[1], c = in(reg) sums[2], d = in(reg) sums[3], line = in(reg) line,
                options(nostack, preserves_flags, readonly),
            );
        }
    }
}

/// # Safety
/// As for [`load_sums`].
#[inline]
unsafe fn store_sums(sums: [*mut AlignedF32x16; PAIR * PAIR], line: usize) {
    // SAFETY: as there.
    unsafe {
        asm!(
            "tilestored [{a} + {line}*1], tmm0",
            "tilestored [{b} + {line}*1], tmm1",
            "tilestored [{c} + {line}*1], tmm2",
            "tilestored [{d} + {line}*1], tmm3",
            a = in(reg) sums[0], b = in(reg) sums[1], c = in(reg) sums[2], d = in(reg) sums[3], line = in(reg) line,
            options(nostack, preserves_flags),
        );
    }
}

impl Drop for AmxTiles {
    fn drop(&mut self) {
        // SAFETY: the tiles were configured, and are not used again.
        unsafe { asm!("tilerelease", options(nomem, nostack, preserves_flags)) };
    }
}

/// Runs `rounds` rounds of bf16 products and nothing else, to measure their peak rate; the number
/// of multiplications.
///
/// # Safety
/// As for [`AmxTiles::begin`].
pub unsafe fn products(rounds: usize) -> usize {
    // SAFETY: upheld by the caller.
    let _registers = unsafe { AmxTiles::begin() };
    for _ in 0..rounds {
        // SAFETY: tiles are zero once configured, and the compiler does not use them.
        unsafe {
            asm!(
                "tdpbf16ps tmm0, tmm6, tmm4",
                "tdpbf16ps tmm1, tmm6, tmm5",
                "tdpbf16ps tmm2, tmm7, tmm4",
                "tdpbf16ps tmm3, tmm7, tmm5",
                options(nomem, nostack, preserves_flags),
            );
        }
    }
    rounds * 4 * TILE_ROWS * PANEL_ROWS * TILE_K
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kernels::cpu::Isa;

    fn widen(bf16: u16) -> f32 {
        f32::from_bits(u32::from(bf16) << 16)
    }

    /// The scalar definition of one instruction, for a row and a column: the sum of the even k and
    /// the sum of the odd k, each in order, added at the end.
    fn product(row: &TileRow, output: usize, columns: &BTile) -> f32 {
        let mut sums = [0f32; 2];
        for (at, row) in row.0.into_iter().enumerate() {
            sums[at % 2] =
                widen(row).mul_add(widen(columns[at / 2].0[2 * output + at % 2]), sums[at % 2]);
        }
        sums[0] + sums[1]
    }

    #[test]
    fn tiles_are_multiplied_in_the_documented_order() {
        if !Isa::Amx.available() {
            return eprintln!("skipped: no AMX here");
        }
        const BLOCKS: usize = 3;
        let tile_row = |seed: usize| {
            TileRow(std::array::from_fn(|at| {
                f32_to_bf16(((seed * 32 + at) * 7919 % 2003) as f32 / 500.0 - 2.0)
            }))
        };
        // Two operands of twice three tiles.
        let rows: Vec<Vec<TileRow>> = (0..2)
            .map(|a| (0..2 * BLOCKS * TILE_ROWS).map(|row| tile_row(a * 1000 + row)).collect())
            .collect();
        let columns: Vec<Vec<BTile>> = (0..2)
            .map(|b| {
                let tile =
                    |block| std::array::from_fn(|at| tile_row(b * 2000 + block * 16 + at + 500));
                (0..2 * BLOCKS).map(tile).collect()
            })
            .collect();
        // Rows of sums for both columns of tiles.
        let mut sums = vec![AlignedF32x16([0.5; 16]); 2 * TILE_ROWS * 2];
        let mut split = sums.clone();
        let at = |sums: &mut Vec<AlignedF32x16>| {
            let first = sums.as_mut_ptr();
            [0, 1, 2 * TILE_ROWS, 2 * TILE_ROWS + 1].map(|at| first.wrapping_add(at))
        };
        let b = [columns[0].as_ptr(), columns[1].as_ptr()];
        let a = [rows[0].as_ptr(), rows[1].as_ptr()];
        // SAFETY: AMX is available; operands and sums have these sizes.
        unsafe {
            let amx = AmxTiles::begin();
            amx.matmul_2x2(b, a, 2 * BLOCKS, at(&mut sums), 128, false);
            amx.matmul_2x2_split(b, a, BLOCKS, at(&mut split), 128);
        }
        for (row, output) in
            (0..2 * TILE_ROWS).flat_map(|row| (0..2 * 16).map(move |output| (row, output)))
        {
            let (rows, columns) = (&rows[row / TILE_ROWS], &columns[output / 16]);
            let of = |from: usize, to: usize| {
                product(&rows[from * TILE_ROWS + row % TILE_ROWS], output % 16, &columns[to])
            };
            let all = (0..2 * BLOCKS).fold(0.5, |sum, block| sum + of(block, block));
            let place = (row * 2 + output / 16, output % 16);
            assert_eq!(sums[place.0].0[place.1].to_bits(), all.to_bits(), "{row} {output}");
            let three = |sum: f32, block: usize| {
                let (high, low) = (2 * block, 2 * block + 1);
                sum + of(low, high) + of(high, high) + of(high, low)
            };
            let all = (0..BLOCKS).fold(0.0, three);
            assert_eq!(split[place.0].0[place.1].to_bits(), all.to_bits(), "{row} {output}");
        }
    }

    #[test]
    fn rows_are_rounded_like_single_numbers() {
        if !Isa::Amx.available() {
            return eprintln!("skipped: no AMX here");
        }
        let mut floats: Vec<f32> =
            (0..5 * 96).map(|at| (at * 7919 % 2003) as f32 / 500.0 - 2.0).collect();
        (floats[7], floats[200], floats[301]) =
            (f32::NAN, f32::from_bits(0xffff_ffff), f32::NEG_INFINITY);
        let mut tile_rows = vec![MaybeUninit::new(TileRow([1; TILE_K])); 3 * TILE_ROWS];
        // SAFETY: every CPU with AMX has AVX-512.
        unsafe { round_rows(&floats, 96, &mut tile_rows) };
        for (row, column) in (0..TILE_ROWS).flat_map(|row| (0..96).map(move |column| (row, column)))
        {
            // SAFETY: all tile rows were written.
            let tile_row = unsafe { tile_rows[column / TILE_K * TILE_ROWS + row].assume_init() };
            let expected = floats.get(row * 96 + column).map_or(0, |x| f32_to_bf16(*x));
            assert_eq!(tile_row.0[column % TILE_K], expected, "{row} {column}");
        }
    }

    #[test]
    fn bf16_rounds_to_the_nearest() {
        let rounded = |x: f32| widen(f32_to_bf16(x));
        assert_eq!([1.0, -1.0, 0.0, f32::INFINITY].map(f32_to_bf16), [0x3f80, 0xbf80, 0, 0x7f80]);
        assert_eq!(f32_to_bf16(f32::from_bits(0x3f80_7fff)), 0x3f80);
        assert_eq!(f32_to_bf16(f32::from_bits(0x3f80_8000)), 0x3f81);
        assert!(rounded(f32::NAN).is_nan() && rounded(f32::from_bits(0xffff_ffff)).is_nan());
    }
}
