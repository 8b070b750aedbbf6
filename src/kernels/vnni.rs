//! The inner loops of quantised matrix products for AVX-512 with VNNI.
//!
//! Both give the bits of `matmul::tile_plain` (tested there for every type): `vpdpbusd` sums products of unsigned and signed bytes
//! exactly, and the float operations are the plain version's in its order.

#![cfg(target_arch = "x86_64")]

use std::arch::x86_64::*;

use super::blocks::{Block, CHUNK, GROUPS, unpack_chunk};
use super::matmul::{ChunkView, Matrix, Quantized, TILE, group_of};

/// Activation rows that share a load of unpacked weights.
const ROWS: usize = 4;

/// A tile for a few activation rows: memory-bound, so that each weight row is unpacked and used at once.
#[target_feature(enable = "avx512f,avx512bw,avx512vl,avx512vnni,fma")]
pub(super) fn few_rows<B: Block>(tile: Matrix<'_>, x: &Quantized, rows: usize, out: &mut [f32]) {
    let (mut q, mut d, mut m) = ([0; CHUNK], [0.0; GROUPS], [0.0; GROUPS]);
    let chunks = tile.columns.div_ceil(CHUNK);
    let row_bytes = tile.block_type.row_bytes(tile.columns);
    for (weight_row, bytes) in tile.bytes.chunks_exact(row_bytes).enumerate() {
        for (chunk, bytes) in bytes.chunks(CHUNK / B::LEN * B::BYTES).enumerate() {
            unpack_chunk::<B>(bytes, &mut q, &mut d, &mut m);
            for row in 0..rows {
                out[row * TILE + weight_row] += dot::<B>(&q, &d, &m, x.chunk(row, chunk, chunks));
            }
        }
    }
}

/// One weight row's chunk with one activation row's.
#[inline]
#[target_feature(enable = "avx512f,avx512bw,avx512vl,avx512vnni,fma")]
fn dot<B: Block>(q: &[u8; CHUNK], d: &[f32; GROUPS], m: &[f32; GROUPS], x: ChunkView<'_>) -> f32 {
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
    let order = _mm512_setr_epi32(0, 4, 8, 12, 1, 5, 9, 13, 2, 6, 10, 14, 3, 7, 11, 15);
    let sixteens = _mm512_permutexvar_epi32(order, sixteens);
    // SAFETY: the arrays have GROUPS = 16 elements of four bytes.
    let (scales, x_sums) =
        unsafe { (_mm512_loadu_ps(x.scales.as_ptr()), _mm512_loadu_si512(x.sums.as_ptr().cast())) };
    let eights = if B::GROUP == 16 {
        // SAFETY: as above.
        let (d, m) = unsafe { (_mm512_loadu_ps(d.as_ptr()), _mm512_loadu_ps(m.as_ptr())) };
        let sums = _mm512_sub_epi32(sixteens, _mm512_mullo_epi32(x_sums, _mm512_set1_epi32(B::ZERO)));
        let mut parts = _mm512_mul_ps(_mm512_cvtepi32_ps(sums), _mm512_mul_ps(d, scales));
        if B::MIN {
            parts = _mm512_fmadd_ps(m, _mm512_mul_ps(scales, _mm512_cvtepi32_ps(x_sums)), parts);
        }
        _mm256_add_ps(_mm512_castps512_ps256(parts), _mm512_extractf32x8_ps_avx512f(parts))
    } else {
        // Groups of 32: neighbours are added, and their even lanes kept.
        let even = _mm512_setr_epi32(0, 2, 4, 6, 8, 10, 12, 14, 0, 0, 0, 0, 0, 0, 0, 0);
        let pairs = |v: __m512i| {
            let swapped = _mm512_shuffle_epi32::<0b10_11_00_01>(v);
            _mm512_castsi512_si256(_mm512_permutexvar_epi32(even, _mm512_add_epi32(v, swapped)))
        };
        let (sums, x_sums) = (pairs(sixteens), pairs(x_sums));
        let scales = _mm512_castps512_ps256(_mm512_permutexvar_ps(even, scales));
        // SAFETY: as above; eight of sixteen elements.
        let (d, m) = unsafe { (_mm256_loadu_ps(d.as_ptr()), _mm256_loadu_ps(m.as_ptr())) };
        let sums = _mm256_sub_epi32(sums, _mm256_mullo_epi32(x_sums, _mm256_set1_epi32(B::ZERO)));
        let mut parts = _mm256_mul_ps(_mm256_cvtepi32_ps(sums), _mm256_mul_ps(d, scales));
        if B::MIN {
            parts = _mm256_fmadd_ps(m, _mm256_mul_ps(scales, _mm256_cvtepi32_ps(x_sums)), parts);
        }
        parts
    };
    // The tree of `sum_groups`.
    let fours = _mm_add_ps(_mm256_castps256_ps128(eights), _mm256_extractf128_ps::<1>(eights));
    let twos = _mm_add_ps(fours, _mm_movehl_ps(fours, fours));
    _mm_cvtss_f32(_mm_add_ss(twos, _mm_movehdup_ps(twos)))
}

/// The upper eight floats (`vextractf32x8` needs AVX-512DQ; the 64-bit integer form is in the foundation).
#[inline]
#[target_feature(enable = "avx512f")]
fn _mm512_extractf32x8_ps_avx512f(v: __m512) -> __m256 {
    _mm256_castpd_ps(_mm512_extractf64x4_pd::<1>(_mm512_castps_pd(v)))
}

/// Unpacked weights of a tile, interleaved so that a register holds four neighbouring columns of all 16 rows.
#[repr(align(64))]
struct Interleaved {
    /// `[CHUNK / 4, TILE]` of four bytes.
    q: [[u32; TILE]; CHUNK / 4],
    /// `[GROUPS, TILE]`.
    d: [[f32; TILE]; GROUPS],
    m: [[f32; TILE]; GROUPS],
}

/// A tile for many activation rows: the unpacked weights are interleaved once, then used for every row.
#[target_feature(enable = "avx512f,avx512bw,avx512vl,avx512vnni,fma")]
pub(super) fn many_rows<B: Block>(tile: Matrix<'_>, x: &Quantized, rows: usize, out: &mut [f32]) {
    let (mut q, mut d, mut m) = ([0; CHUNK], [0.0; GROUPS], [0.0; GROUPS]);
    let mut weights =
        Interleaved { q: [[0; TILE]; CHUNK / 4], d: [[0.0; TILE]; GROUPS], m: [[0.0; TILE]; GROUPS] };
    let chunks = tile.columns.div_ceil(CHUNK);
    let row_bytes = tile.block_type.row_bytes(tile.columns);
    let chunk_bytes = CHUNK / B::LEN * B::BYTES;
    for chunk in 0..chunks {
        for (lane, bytes) in tile.bytes.chunks_exact(row_bytes).enumerate() {
            let bytes = &bytes[chunk * chunk_bytes..((chunk + 1) * chunk_bytes).min(row_bytes)];
            unpack_chunk::<B>(bytes, &mut q, &mut d, &mut m);
            for (quad, into) in q.chunks_exact(4).zip(&mut weights.q) {
                into[lane] = u32::from_le_bytes([quad[0], quad[1], quad[2], quad[3]]);
            }
            for group in 0..CHUNK / B::GROUP {
                weights.d[group][lane] = d[group];
                weights.m[group][lane] = m[group];
            }
        }
        let mut row = 0;
        while row + ROWS <= rows {
            let x = std::array::from_fn::<_, ROWS, _>(|i| x.chunk(row + i, chunk, chunks));
            add_chunk::<B, ROWS>(&weights, x, &mut out[row * TILE..(row + ROWS) * TILE]);
            row += ROWS;
        }
        while row < rows {
            add_chunk::<B, 1>(&weights, [x.chunk(row, chunk, chunks)], &mut out[row * TILE..(row + 1) * TILE]);
            row += 1;
        }
    }
}

/// Adds a chunk's part to the sums of `N` activation rows.
#[inline]
#[target_feature(enable = "avx512f,avx512bw,avx512vl,avx512vnni,fma")]
fn add_chunk<B: Block, const N: usize>(weights: &Interleaved, x: [ChunkView<'_>; N], out: &mut [f32]) {
    let part = |group: usize| group_parts::<B, N>(weights, &x, group);
    // The tree of `sum_groups`: (p0+p4 + p2+p6) + (p1+p5 + p3+p7), after p[i] += p[i+8] where there are sixteen.
    let eighth = |i: usize| if B::GROUP == 16 { add(part(i), part(i + 8)) } else { part(i) };
    let quarter = |i: usize| add(eighth(i), eighth(i + 4));
    let sums = add(add(quarter(0), quarter(2)), add(quarter(1), quarter(3)));
    for (sum, out) in sums.into_iter().zip(out.chunks_exact_mut(TILE)) {
        // SAFETY: `out` is a chunk of TILE = 16 floats.
        unsafe { _mm512_storeu_ps(out.as_mut_ptr(), _mm512_add_ps(_mm512_loadu_ps(out.as_ptr()), sum)) }
    }
}

#[inline]
#[target_feature(enable = "avx512f")]
fn add<const N: usize>(a: [__m512; N], b: [__m512; N]) -> [__m512; N] {
    std::array::from_fn(|i| _mm512_add_ps(a[i], b[i]))
}

/// One group of 16 weight rows with `N` activation rows.
#[inline]
#[target_feature(enable = "avx512f,avx512bw,avx512vl,avx512vnni,fma")]
fn group_parts<B: Block, const N: usize>(weights: &Interleaved, x: &[ChunkView<'_>; N], group: usize) -> [__m512; N] {
    // Beginning at −ZERO·Σx takes the zero point off all products at once, exactly.
    let mut sums: [__m512i; N] = std::array::from_fn(|i| _mm512_set1_epi32(-B::ZERO * group_of::<B>(x[i], group).1));
    for quad in group * B::GROUP / 4..(group + 1) * B::GROUP / 4 {
        // SAFETY: `quad` < CHUNK / 4: a row of 16 words of an array aligned to 64 bytes.
        let w = unsafe { _mm512_load_si512(weights.q[quad].as_ptr().cast()) };
        for i in 0..N {
            // SAFETY: four bytes at 4 · quad < CHUNK.
            let four = unsafe { x[i].bytes.as_ptr().add(quad * 4).cast::<i32>().read_unaligned() };
            sums[i] = _mm512_dpbusd_epi32(sums[i], w, _mm512_set1_epi32(four));
        }
    }
    // SAFETY: rows of TILE floats of arrays aligned to 64 bytes.
    let (d, m) = unsafe { (_mm512_load_ps(weights.d[group].as_ptr()), _mm512_load_ps(weights.m[group].as_ptr())) };
    std::array::from_fn(|i| {
        let (scale, x_sum) = group_of::<B>(x[i], group);
        let part = _mm512_mul_ps(_mm512_cvtepi32_ps(sums[i]), _mm512_mul_ps(d, _mm512_set1_ps(scale)));
        if B::MIN { _mm512_fmadd_ps(m, _mm512_set1_ps(scale * x_sum as f32), part) } else { part }
    })
}
