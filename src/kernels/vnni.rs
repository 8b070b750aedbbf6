//! The inner loops of quantised matrix products for AVX-512 with VNNI.
//!
//! Both give the bits of `matmul::tile_plain` (tested there for every type): `vpdpbusd` sums products of unsigned and signed bytes
//! exactly, and each lane does the plain version's float operations for one weight row, in its order.
//!
//! Plain loops and no closures: a closure handed to the standard library would be compiled for these instructions, its caller there
//! would not, and every register between them would go through memory.

#![cfg(target_arch = "x86_64")]

use std::arch::x86_64::*;

use super::blocks::{Block, CHUNK, GROUPS, unpack_chunk};
use super::matmul::{ChunkView, Matrix, Quantized, TILE};

/// Activation rows that share a load of unpacked weights.
const ROWS: usize = 4;

/// A chunk of a tile's rows, unpacked.
#[repr(align(64))]
struct Unpacked {
    q: [[u8; CHUNK]; TILE],
    d: [[f32; GROUPS]; TILE],
    m: [[f32; GROUPS]; TILE],
}

/// The same with rows and columns exchanged, so that a register holds one thing for all 16 rows.
#[repr(align(64))]
struct Interleaved {
    /// Four neighbouring columns: `[CHUNK / 4, TILE]` of four bytes.
    q: [[u32; TILE]; CHUNK / 4],
    d: [[f32; TILE]; GROUPS],
    m: [[f32; TILE]; GROUPS],
}

impl Unpacked {
    const EMPTY: Self = Self { q: [[0; CHUNK]; TILE], d: [[0.0; GROUPS]; TILE], m: [[0.0; GROUPS]; TILE] };
}

impl Interleaved {
    const EMPTY: Self =
        Self { q: [[0; TILE]; CHUNK / 4], d: [[0.0; TILE]; GROUPS], m: [[0.0; TILE]; GROUPS] };

    #[inline]
    #[target_feature(enable = "avx512f")]
    fn fill<B: Block>(&mut self, weights: &Unpacked) {
        transpose(weights.d.as_ptr().cast(), GROUPS, self.d.as_flattened_mut());
        if B::MIN {
            transpose(weights.m.as_ptr().cast(), GROUPS, self.m.as_flattened_mut());
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

/// A tile for a few activation rows: memory-bound, so that each weight row is unpacked and used at once, and only the sums of its
/// groups are interleaved.
#[target_feature(enable = "avx512f,avx512bw,avx512vl,avx512vnni,fma")]
pub(super) fn few_rows<B: Block>(tile: Matrix<'_>, x: &Quantized, rows: usize, out: &mut [f32]) {
    let chunks = tile.columns.div_ceil(CHUNK);
    let row_bytes = tile.block_type.row_bytes(tile.columns);
    let chunk_bytes = CHUNK / B::LEN * B::BYTES;
    let mut weights = Unpacked::EMPTY;
    let mut factors = Interleaved::EMPTY;
    let mut sums = [[0u32; GROUPS]; TILE];
    let mut sums_by_group = [[0i32; TILE]; GROUPS];
    for chunk in 0..chunks {
        for (lane, bytes) in tile.bytes.chunks_exact(row_bytes).enumerate() {
            let bytes = &bytes[chunk * chunk_bytes..((chunk + 1) * chunk_bytes).min(row_bytes)];
            unpack_chunk::<B>(bytes, &mut weights.q[lane], &mut weights.d[lane], &mut weights.m[lane]);
            if rows == 1 {
                sums[lane] = group_sums::<B>(&weights.q[lane], x.chunk::<B>(0, chunk, chunks));
            }
        }
        factors.fill::<B>(&weights);
        for row in 0..rows {
            let view = x.chunk::<B>(row, chunk, chunks);
            if rows > 1 {
                for lane in 0..tile.rows {
                    sums[lane] = group_sums::<B>(&weights.q[lane], view);
                }
            }
            transpose(sums.as_ptr().cast(), GROUPS, sums_by_group.as_flattened_mut());
            let out = &mut out[row * TILE..(row + 1) * TILE];
            // SAFETY: TILE = 16 floats, here and where they are stored.
            let mut total = unsafe { _mm512_loadu_ps(out.as_ptr()) };
            for group in 0..CHUNK / B::GROUP {
                // SAFETY: a row of 16 words.
                let sum = unsafe { _mm512_loadu_si512(sums_by_group[group].as_ptr().cast()) };
                let sum = _mm512_sub_epi32(sum, _mm512_set1_epi32(B::ZERO * view.sums[group]));
                total = add_group::<B>(total, sum, &factors, group, &view);
            }
            // SAFETY: as above.
            unsafe { _mm512_storeu_ps(out.as_mut_ptr(), total) };
        }
    }
}

/// Sums of products of each group of one weight row with one activation row.
#[inline]
#[target_feature(enable = "avx512f,avx512bw,avx512vl,avx512vnni,fma")]
fn group_sums<B: Block>(q: &[u8; CHUNK], x: ChunkView<'_>) -> [u32; GROUPS] {
    // Four registers of 64 products in 16 lanes of four …
    let mut sums = [_mm512_setzero_si512(); 4];
    for (i, sum) in sums.iter_mut().enumerate() {
        // SAFETY: both arrays have CHUNK = 256 bytes; i < 4 reads 64 of them.
        let (q, x) = unsafe {
            (_mm512_loadu_si512(q.as_ptr().add(i * 64).cast()), _mm512_loadu_si512(x.bytes.as_ptr().add(i * 64).cast()))
        };
        *sum = _mm512_dpbusd_epi32(*sum, q, x);
    }
    // … of which every four neighbours (16 weights) are added, so that 128-bit lane j of the result holds group 4i+j at i.
    let low = _mm512_add_epi32(_mm512_unpacklo_epi32(sums[0], sums[1]), _mm512_unpackhi_epi32(sums[0], sums[1]));
    let high = _mm512_add_epi32(_mm512_unpacklo_epi32(sums[2], sums[3]), _mm512_unpackhi_epi32(sums[2], sums[3]));
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
    let mut out = [0; GROUPS];
    // SAFETY: GROUPS = 16 words.
    unsafe { _mm512_storeu_si512(out.as_mut_ptr().cast(), in_order) };
    out
}

/// The float part of a group, for 16 weight rows and one activation row.
#[inline]
#[target_feature(enable = "avx512f,avx512bw,avx512vl,avx512vnni,fma")]
fn add_group<B: Block>(total: __m512, sum: __m512i, factors: &Interleaved, group: usize, x: &ChunkView<'_>) -> __m512 {
    // SAFETY: rows of TILE floats of arrays aligned to 64 bytes.
    let (d, m) = unsafe { (_mm512_load_ps(factors.d[group].as_ptr()), _mm512_load_ps(factors.m[group].as_ptr())) };
    let scaled = _mm512_mul_ps(_mm512_cvtepi32_ps(sum), d);
    let total = _mm512_fmadd_ps(scaled, _mm512_set1_ps(x.scales[group]), total);
    if B::MIN { _mm512_fmadd_ps(m, _mm512_set1_ps(x.totals[group]), total) } else { total }
}

/// A tile for many activation rows: the unpacked weights are interleaved once, then used for every row.
#[target_feature(enable = "avx512f,avx512bw,avx512vl,avx512vnni,fma")]
pub(super) fn many_rows<B: Block>(tile: Matrix<'_>, x: &Quantized, rows: usize, out: &mut [f32]) {
    let chunks = tile.columns.div_ceil(CHUNK);
    let row_bytes = tile.block_type.row_bytes(tile.columns);
    let chunk_bytes = CHUNK / B::LEN * B::BYTES;
    let mut unpacked = Unpacked::EMPTY;
    let mut weights = Interleaved::EMPTY;
    for chunk in 0..chunks {
        for (lane, bytes) in tile.bytes.chunks_exact(row_bytes).enumerate() {
            let bytes = &bytes[chunk * chunk_bytes..((chunk + 1) * chunk_bytes).min(row_bytes)];
            unpack_chunk::<B>(bytes, &mut unpacked.q[lane], &mut unpacked.d[lane], &mut unpacked.m[lane]);
        }
        weights.fill::<B>(&unpacked);
        for quarter in 0..4 {
            // SAFETY: rows of CHUNK bytes, of which 64 (16 words) at byte 64 · quarter are read.
            let from = unsafe { unpacked.q.as_ptr().cast::<u32>().add(quarter * 16) };
            transpose(from, CHUNK / 4, weights.q[quarter * 16..(quarter + 1) * 16].as_flattened_mut());
        }
        let mut row = 0;
        while row + ROWS <= rows {
            let views = [
                x.chunk::<B>(row, chunk, chunks),
                x.chunk::<B>(row + 1, chunk, chunks),
                x.chunk::<B>(row + 2, chunk, chunks),
                x.chunk::<B>(row + 3, chunk, chunks),
            ];
            add_chunk::<B, ROWS>(&weights, &views, &mut out[row * TILE..(row + ROWS) * TILE]);
            row += ROWS;
        }
        while row < rows {
            let views = [x.chunk::<B>(row, chunk, chunks)];
            add_chunk::<B, 1>(&weights, &views, &mut out[row * TILE..(row + 1) * TILE]);
            row += 1;
        }
    }
}

/// Adds a chunk's part to the sums of `N` activation rows.
#[inline]
#[target_feature(enable = "avx512f,avx512bw,avx512vl,avx512vnni,fma")]
fn add_chunk<B: Block, const N: usize>(weights: &Interleaved, x: &[ChunkView<'_>; N], out: &mut [f32]) {
    let mut totals = [_mm512_setzero_ps(); N];
    for i in 0..N {
        // SAFETY: `out` has N · TILE floats.
        totals[i] = unsafe { _mm512_loadu_ps(out.as_ptr().add(i * TILE)) };
    }
    for group in 0..CHUNK / B::GROUP {
        let mut sums = [_mm512_setzero_si512(); N];
        for i in 0..N {
            // Beginning at −ZERO·Σx takes the zero point off all products at once, exactly.
            sums[i] = _mm512_set1_epi32(-B::ZERO * x[i].sums[group]);
        }
        for quad in group * B::GROUP / 4..(group + 1) * B::GROUP / 4 {
            // SAFETY: `quad` < CHUNK / 4: a row of 16 words of an array aligned to 64 bytes.
            let w = unsafe { _mm512_load_si512(weights.q[quad].as_ptr().cast()) };
            for i in 0..N {
                // SAFETY: four bytes at 4 · quad < CHUNK.
                let four = unsafe { x[i].bytes.as_ptr().add(quad * 4).cast::<i32>().read_unaligned() };
                sums[i] = _mm512_dpbusd_epi32(sums[i], w, _mm512_set1_epi32(four));
            }
        }
        for i in 0..N {
            totals[i] = add_group::<B>(totals[i], sums[i], weights, group, &x[i]);
        }
    }
    for i in 0..N {
        // SAFETY: as above.
        unsafe { _mm512_storeu_ps(out.as_mut_ptr().add(i * TILE), totals[i]) };
    }
}
