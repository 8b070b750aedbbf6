//! The inner loops of quantised matrix products for AVX-512 with VNNI.
//!
//! Both give the bits of `matmul::tile_plain` (tested there for every type): `vpdpbusd` sums products of unsigned and signed bytes
//! exactly, and each lane does the plain version's float operations for one weight row, in its order.
//!
//! Plain loops and no closures: a closure handed to the standard library would be compiled for these instructions, its caller there
//! would not, and every register between them would go through memory.

#![cfg(target_arch = "x86_64")]

use std::arch::x86_64::*;

use super::blocks::{Block, CHUNK, GROUPS};
use super::matmul::{ChunkView, Matrix, Quantized, TILE};
use super::wide::load;

/// A chunk of a tile with rows and columns exchanged, so that a register holds one thing for all 16 weight rows.
#[repr(align(64))]
struct Interleaved {
    /// Four neighbouring columns: `[CHUNK / 4, TILE]` of four bytes.
    q: [[u32; TILE]; CHUNK / 4],
    factors: Factors,
}

/// Scales of the groups and, behind them, minimums: 8 and 8 for groups of 32, 16 and 16 for groups of 16.
#[repr(align(64))]
struct Factors([[f32; TILE]; 2 * GROUPS]);

impl Factors {
    /// Puts in the first registers' worth: scales of 16 groups, or scales and minimums of 8.
    #[inline]
    #[target_feature(enable = "avx512f")]
    fn fill<B: Block>(&mut self, rows: &Rows) {
        let (first, second) = self.0.split_at_mut(GROUPS);
        transpose(rows.first.as_ptr().cast(), GROUPS, first.as_flattened_mut());
        if B::MIN && B::GROUP == 16 {
            transpose(rows.second.as_ptr().cast(), GROUPS, second.as_flattened_mut());
        }
    }

    fn scales(&self, group: usize) -> *const f32 {
        self.0[group].as_ptr()
    }

    fn minimums<B: Block>(&self, group: usize) -> *const f32 {
        self.0[CHUNK / B::GROUP + group].as_ptr()
    }
}

/// One number a group for each weight row, before they are exchanged.
#[repr(align(64))]
struct Rows {
    first: [[f32; GROUPS]; TILE],
    second: [[f32; GROUPS]; TILE],
}

impl Rows {
    const EMPTY: Self = Self { first: [[0.0; GROUPS]; TILE], second: [[0.0; GROUPS]; TILE] };

    /// Stores what belongs to scales and to minimums: together in one register where there are 8 of each.
    #[inline]
    #[target_feature(enable = "avx512f")]
    fn store<B: Block>(&mut self, row: usize, d: __m512, m: __m512) {
        // SAFETY: rows of 16 floats, aligned to 64 bytes.
        unsafe {
            if B::MIN && B::GROUP == 32 {
                _mm512_store_ps(self.first[row].as_mut_ptr(), _mm512_shuffle_f32x4::<0b01_00_01_00>(d, m));
            } else {
                _mm512_store_ps(self.first[row].as_mut_ptr(), d);
                if B::MIN {
                    _mm512_store_ps(self.second[row].as_mut_ptr(), m);
                }
            }
        }
    }
}

/// Transposes 16 × 16 words: row r begins at word `r · stride` of `from`.
#[inline]
#[target_feature(enable = "avx512f")]
fn transpose<T: Copy>(from: *const u32, stride: usize, into: &mut [T]) {
    assert!(size_of::<T>() == 4 && into.len() == 256);
    let mut rows = [_mm512_setzero_si512(); 16];
    for (r, row) in rows.iter_mut().enumerate() {
        // SAFETY: callers pass a matrix of 16 rows, `stride` words apart, with 16 words left in the last one.
        *row = unsafe { _mm512_loadu_si512(from.add(r * stride).cast()) };
    }
    // Pairs of rows, then of pairs, within 128-bit lanes …
    let mut quads = [_mm512_setzero_si512(); 16];
    for four in 0..4 {
        let [a, b, c, d] = [rows[four * 4], rows[four * 4 + 1], rows[four * 4 + 2], rows[four * 4 + 3]];
        let (ab_low, ab_high) = (_mm512_unpacklo_epi32(a, b), _mm512_unpackhi_epi32(a, b));
        let (cd_low, cd_high) = (_mm512_unpacklo_epi32(c, d), _mm512_unpackhi_epi32(c, d));
        quads[four * 4] = _mm512_unpacklo_epi64(ab_low, cd_low);
        quads[four * 4 + 1] = _mm512_unpackhi_epi64(ab_low, cd_low);
        quads[four * 4 + 2] = _mm512_unpacklo_epi64(ab_high, cd_high);
        quads[four * 4 + 3] = _mm512_unpackhi_epi64(ab_high, cd_high);
    }
    // … then the lanes: quads[4f + c] holds, in lane l, column 4l + c of rows 4f … 4f+3.
    for c in 0..4 {
        let [f0, f1, f2, f3] = [quads[c], quads[4 + c], quads[8 + c], quads[12 + c]];
        let (low_01, high_01) = (_mm512_shuffle_i32x4::<0x88>(f0, f1), _mm512_shuffle_i32x4::<0xdd>(f0, f1));
        let (low_23, high_23) = (_mm512_shuffle_i32x4::<0x88>(f2, f3), _mm512_shuffle_i32x4::<0xdd>(f2, f3));
        let columns = [
            _mm512_shuffle_i32x4::<0x88>(low_01, low_23),
            _mm512_shuffle_i32x4::<0x88>(high_01, high_23),
            _mm512_shuffle_i32x4::<0xdd>(low_01, low_23),
            _mm512_shuffle_i32x4::<0xdd>(high_01, high_23),
        ];
        for (lane, column) in columns.into_iter().enumerate() {
            // SAFETY: `into` has 256 words; column 4 · lane + c < 16 of 16 words each.
            unsafe { _mm512_storeu_si512(into.as_mut_ptr().add((lane * 4 + c) * 16).cast(), column) };
        }
    }
}

/// A tile for a few activation rows: memory-bound, so that weights go from the file through registers into the sums of their
/// groups, and only those are exchanged.
#[target_feature(enable = "avx512f,avx512bw,avx512vl,avx512vnni,fma,f16c")]
pub(super) fn few_rows<B: Block>(tile: Matrix<'_>, x: &Quantized, rows: usize, out: &mut [f32]) {
    let chunks = tile.columns.div_ceil(CHUNK);
    let row_bytes = tile.block_type.row_bytes(tile.columns);
    let chunk_bytes = CHUNK / B::LEN * B::BYTES;
    let mut products = Rows::EMPTY;
    let mut by_group = Factors([[0.0; TILE]; 2 * GROUPS]);
    for chunk in 0..chunks {
        for row in 0..rows {
            let view = x.chunk::<B>(row, chunk, chunks);
            for (lane, bytes) in tile.bytes.chunks_exact(row_bytes).enumerate() {
                let weights =
                    load::<B>(&bytes[chunk * chunk_bytes..((chunk + 1) * chunk_bytes).min(row_bytes)]);
                let sums = _mm512_cvtepi32_ps(group_sums::<B>(&weights.q, &view));
                products.store::<B>(lane, _mm512_mul_ps(sums, weights.d), weights.m);
            }
            by_group.fill::<B>(&products);
            let out = &mut out[row * TILE..(row + 1) * TILE];
            // SAFETY: TILE = 16 floats, here and where they are stored.
            let mut total = unsafe { _mm512_loadu_ps(out.as_ptr()) };
            for group in 0..CHUNK / B::GROUP {
                // SAFETY: rows of TILE floats of an array aligned to 64 bytes.
                let product = unsafe { _mm512_load_ps(by_group.scales(group)) };
                total = _mm512_fmadd_ps(product, _mm512_set1_ps(view.scales[group]), total);
                if B::MIN {
                    // SAFETY: as above.
                    let m = unsafe { _mm512_load_ps(by_group.minimums::<B>(group)) };
                    total = _mm512_fmadd_ps(m, _mm512_set1_ps(view.totals[group]), total);
                }
            }
            // SAFETY: as above.
            unsafe { _mm512_storeu_ps(out.as_mut_ptr(), total) };
        }
    }
}

/// Sums of products of each group of one weight row with one activation row, the zero point taken off.
#[inline]
#[target_feature(enable = "avx512f,avx512bw,avx512vl,avx512vnni,fma,f16c")]
fn group_sums<B: Block>(q: &[__m512i; 4], x: &ChunkView<'_>) -> __m512i {
    // Four registers of 64 products in 16 lanes of four …
    let mut sums = [_mm512_setzero_si512(); 4];
    for (i, sum) in sums.iter_mut().enumerate() {
        // SAFETY: CHUNK = 256 bytes; i < 4 reads 64 of them.
        let x = unsafe { _mm512_loadu_si512(x.bytes.as_ptr().add(i * 64).cast()) };
        *sum = _mm512_dpbusd_epi32(*sum, q[i], x);
    }
    // … of which every four neighbours (16 weights) are added, so that 128-bit lane j of the result holds group 4i+j at i.
    let low =
        _mm512_add_epi32(_mm512_unpacklo_epi32(sums[0], sums[1]), _mm512_unpackhi_epi32(sums[0], sums[1]));
    let high =
        _mm512_add_epi32(_mm512_unpacklo_epi32(sums[2], sums[3]), _mm512_unpackhi_epi32(sums[2], sums[3]));
    let sixteens = _mm512_add_epi32(_mm512_unpacklo_epi64(low, high), _mm512_unpackhi_epi64(low, high));
    let in_order = if B::GROUP == 16 {
        let order = _mm512_setr_epi32(0, 4, 8, 12, 1, 5, 9, 13, 2, 6, 10, 14, 3, 7, 11, 15);
        _mm512_permutexvar_epi32(order, sixteens)
    } else {
        // Groups of 32: lanes 0 and 1 together hold the even ones, 2 and 3 the odd ones.
        let pairs = _mm512_add_epi32(sixteens, _mm512_shuffle_i32x4::<0b10_11_00_01>(sixteens, sixteens));
        let order = _mm512_setr_epi32(0, 8, 1, 9, 2, 10, 3, 11, 0, 0, 0, 0, 0, 0, 0, 0);
        _mm512_permutexvar_epi32(order, pairs)
    };
    if B::ZERO == 0 {
        return in_order;
    }
    // SAFETY: CHUNK / GROUP sums, of which the mask reads as many.
    let x_sums =
        unsafe { _mm512_maskz_loadu_epi32(((1u32 << (CHUNK / B::GROUP)) - 1) as u16, x.sums.as_ptr()) };
    _mm512_sub_epi32(in_order, _mm512_mullo_epi32(x_sums, _mm512_set1_epi32(B::ZERO)))
}

/// A tile for many activation rows: the unpacked weights are interleaved once, then used for every row.
#[target_feature(enable = "avx512f,avx512bw,avx512vl,avx512vnni,fma,f16c")]
pub(super) fn many_rows<B: Block>(tile: Matrix<'_>, x: &Quantized, rows: usize, out: &mut [f32]) {
    let chunks = tile.columns.div_ceil(CHUNK);
    let row_bytes = tile.block_type.row_bytes(tile.columns);
    let chunk_bytes = CHUNK / B::LEN * B::BYTES;
    let mut unpacked = [[_mm512_setzero_si512(); 4]; TILE];
    let mut factors = Rows::EMPTY;
    let mut weights = Interleaved { q: [[0; TILE]; CHUNK / 4], factors: Factors([[0.0; TILE]; 2 * GROUPS]) };
    for chunk in 0..chunks {
        for (lane, bytes) in tile.bytes.chunks_exact(row_bytes).enumerate() {
            let row = load::<B>(&bytes[chunk * chunk_bytes..((chunk + 1) * chunk_bytes).min(row_bytes)]);
            unpacked[lane] = row.q;
            factors.store::<B>(lane, row.d, row.m);
        }
        weights.factors.fill::<B>(&factors);
        for quarter in 0..4 {
            // SAFETY: rows of CHUNK bytes, of which 64 (16 words) at byte 64 · quarter are read.
            let from = unsafe { unpacked.as_ptr().cast::<u32>().add(quarter * 16) };
            transpose(from, CHUNK / 4, weights.q[quarter * 16..(quarter + 1) * 16].as_flattened_mut());
        }
        let mut row = 0;
        while row < rows {
            row += match rows - row {
                8.. => add_chunk::<B, 8>(&weights, x, (row, chunk, chunks), out),
                4.. => add_chunk::<B, 4>(&weights, x, (row, chunk, chunks), out),
                _ => add_chunk::<B, 1>(&weights, x, (row, chunk, chunks), out),
            };
        }
    }
}

/// Adds a chunk's part to the sums of `N` activation rows, which share each load of weights; enough of them that no sum waits for
/// its last product. Returns `N`.
#[inline]
#[target_feature(enable = "avx512f,avx512bw,avx512vl,avx512vnni,fma,f16c")]
fn add_chunk<B: Block, const N: usize>(
    weights: &Interleaved,
    x: &Quantized,
    (row, chunk, chunks): (usize, usize, usize),
    out: &mut [f32],
) -> usize {
    let out = &mut out[row * TILE..(row + N) * TILE];
    let first = x.chunk::<B>(row, chunk, chunks);
    let mut views = [first; N];
    let mut totals = [_mm512_setzero_ps(); N];
    for i in 0..N {
        views[i] = x.chunk::<B>(row + i, chunk, chunks);
        // SAFETY: `out` has N · TILE floats.
        totals[i] = unsafe { _mm512_loadu_ps(out.as_ptr().add(i * TILE)) };
    }
    for group in 0..CHUNK / B::GROUP {
        let mut sums = [_mm512_setzero_si512(); N];
        if B::ZERO != 0 {
            for i in 0..N {
                // Beginning at −ZERO·Σx takes the zero point off all products at once, exactly.
                sums[i] = _mm512_set1_epi32(-B::ZERO * views[i].sums[group]);
            }
        }
        for quad in group * B::GROUP / 4..(group + 1) * B::GROUP / 4 {
            // SAFETY: `quad` < CHUNK / 4: a row of 16 words of an array aligned to 64 bytes.
            let w = unsafe { _mm512_load_si512(weights.q[quad].as_ptr().cast()) };
            for i in 0..N {
                // SAFETY: four bytes at 4 · quad < CHUNK.
                let four = unsafe { views[i].bytes.as_ptr().add(quad * 4).cast::<i32>().read_unaligned() };
                sums[i] = _mm512_dpbusd_epi32(sums[i], w, _mm512_set1_epi32(four));
            }
        }
        // SAFETY: rows of TILE floats of an array aligned to 64 bytes.
        let d = unsafe { _mm512_load_ps(weights.factors.scales(group)) };
        for i in 0..N {
            let scaled = _mm512_mul_ps(_mm512_cvtepi32_ps(sums[i]), d);
            totals[i] = _mm512_fmadd_ps(scaled, _mm512_set1_ps(views[i].scales[group]), totals[i]);
        }
        if B::MIN {
            // SAFETY: as above.
            let m = unsafe { _mm512_load_ps(weights.factors.minimums::<B>(group)) };
            for i in 0..N {
                totals[i] = _mm512_fmadd_ps(m, _mm512_set1_ps(views[i].totals[group]), totals[i]);
            }
        }
    }
    for (i, total) in totals.into_iter().enumerate() {
        // SAFETY: as above.
        unsafe { _mm512_storeu_ps(out.as_mut_ptr().add(i * TILE), total) };
    }
    N
}
