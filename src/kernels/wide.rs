//! Unpacking 256 weights into registers, for the types that catalogue models are made of; the others go through `blocks`.
//!
//! What comes out is what `blocks` defines, to the bit (tested for every type in `matmul`): this is only faster.

#![cfg(target_arch = "x86_64")]

use std::arch::x86_64::*;

use super::blocks::{Block, BlockType, CHUNK, GROUPS, unpack_chunk};

/// A chunk of one weight row.
#[derive(Clone, Copy)]
pub(super) struct Wide {
    /// Its elements in order, 64 a register.
    pub q: [__m512i; 4],
    /// Scales of its groups: the first 8 lanes for groups of 32, all 16 for groups of 16.
    pub d: __m512,
    /// Minimums likewise.
    pub m: __m512,
}

/// Bytes of a whole chunk of the largest type.
const MOST: usize = 304;

/// Unpacks up to a chunk of a row.
#[inline]
#[target_feature(enable = "avx512f,avx512bw,avx512vl,avx512vnni,fma,f16c")]
pub(super) fn load<B: Block>(bytes: &[u8]) -> Wide {
    let whole = CHUNK / B::LEN * B::BYTES;
    if bytes.len() < whole {
        // The end of a row: blocks of zeros have scales of zero.
        let mut padded = [0; MOST];
        padded[..bytes.len()].copy_from_slice(bytes);
        return load_whole::<B>(&padded[..whole]);
    }
    load_whole::<B>(bytes)
}

#[inline]
#[target_feature(enable = "avx512f,avx512bw,avx512vl,avx512vnni,fma,f16c")]
fn load_whole<B: Block>(bytes: &[u8]) -> Wide {
    assert!(bytes.len() >= CHUNK / B::LEN * B::BYTES);
    let at = bytes.as_ptr();
    // SAFETY: a whole chunk of bytes was asserted; each function reads only within it.
    unsafe {
        match B::TYPE {
            BlockType::Q4_0 => small::<B>(at, 2, None),
            BlockType::Q4_1 => small::<B>(at, 4, None),
            BlockType::Q5_0 => small::<B>(at, 6, Some(2)),
            BlockType::Q5_1 => small::<B>(at, 8, Some(4)),
            BlockType::Q8_0 => q8_0(at),
            BlockType::Q4_K => q4_k(at),
            BlockType::Q6_K => q6_k(at),
            _ => plain::<B>(bytes),
        }
    }
}

/// Any type, by way of memory.
#[inline]
#[target_feature(enable = "avx512f")]
fn plain<B: Block>(bytes: &[u8]) -> Wide {
    let (mut q, mut d, mut m) = ([0; CHUNK], [0.0; GROUPS], [0.0; GROUPS]);
    unpack_chunk::<B>(bytes, &mut q, &mut d, &mut m);
    // SAFETY: arrays of 256 bytes and of 16 floats.
    unsafe {
        let q = [0, 64, 128, 192].map(|from| q.as_ptr().add(from));
        Wide {
            q: [
                _mm512_loadu_si512(q[0].cast()),
                _mm512_loadu_si512(q[1].cast()),
                _mm512_loadu_si512(q[2].cast()),
                _mm512_loadu_si512(q[3].cast()),
            ],
            d: _mm512_loadu_ps(d.as_ptr()),
            m: _mm512_loadu_ps(m.as_ptr()),
        }
    }
}

/// Half-precision numbers at byte `at` of eight blocks, as floats in the first 8 lanes.
///
/// # Safety
/// `block` points to eight blocks of `bytes` bytes.
#[inline]
#[target_feature(enable = "avx512f,f16c")]
unsafe fn halves(block: *const u8, bytes: usize, at: usize) -> __m512 {
    let mut halves = [0u16; 8];
    for (i, half) in halves.iter_mut().enumerate() {
        // SAFETY: within the eight blocks.
        *half = u16::from_le(unsafe { block.add(i * bytes + at).cast::<u16>().read_unaligned() });
    }
    let [a, b, c, d, e, f, g, h] = halves.map(|half| half as i16);
    let floats = _mm256_cvtph_ps(_mm_setr_epi16(a, b, c, d, e, f, g, h));
    _mm512_zextps256_ps512(floats)
}

/// Types of 32 elements with nibbles at `nibbles` and, some, fifth bits at `fifth`. A scale begins the block; a minimum, where there
/// is one, follows.
///
/// # Safety
/// `block` points to eight blocks.
#[inline]
#[target_feature(enable = "avx512f,avx512bw,avx512vl,avx512vnni,fma,f16c")]
unsafe fn small<B: Block>(block: *const u8, nibbles: usize, fifth: Option<usize>) -> Wide {
    let mask = _mm512_set1_epi8(15);
    let shifts = _mm512_setr_epi64(0, 0, 4, 4, 0, 0, 4, 4);
    let mut q = [_mm512_setzero_si512(); 4];
    for (pair, q) in q.iter_mut().enumerate() {
        // SAFETY: within the eight blocks.
        unsafe {
            let (a, b) = (block.add(2 * pair * B::BYTES), block.add((2 * pair + 1) * B::BYTES));
            let both = |at: *const u8| _mm256_broadcastsi128_si256(_mm_loadu_si128(at.add(nibbles).cast()));
            let packed = _mm512_inserti64x4::<1>(_mm512_castsi256_si512(both(a)), both(b));
            *q = _mm512_and_si512(_mm512_srlv_epi64(packed, shifts), mask);
            if let Some(at) = fifth {
                let bits = |block: *const u8| u64::from(block.add(at).cast::<u32>().read_unaligned().to_le());
                *q = _mm512_mask_add_epi8(*q, bits(a) | (bits(b) << 32), *q, _mm512_set1_epi8(16));
            }
        }
    }
    // SAFETY: as above.
    let (d, m) = unsafe {
        let m = if B::MIN { halves(block, B::BYTES, 2) } else { _mm512_setzero_ps() };
        (halves(block, B::BYTES, 0), m)
    };
    Wide { q, d, m }
}

/// # Safety
/// `block` points to eight blocks of 34 bytes.
#[inline]
#[target_feature(enable = "avx512f,avx512bw,avx512vl,avx512vnni,fma,f16c")]
unsafe fn q8_0(block: *const u8) -> Wide {
    let sign = _mm512_set1_epi8(-128);
    let mut q = [_mm512_setzero_si512(); 4];
    for (pair, q) in q.iter_mut().enumerate() {
        // SAFETY: within the eight blocks.
        let (a, b) = unsafe {
            let at = |index: usize| _mm256_loadu_si256(block.add(index * 34 + 2).cast());
            (at(2 * pair), at(2 * pair + 1))
        };
        *q = _mm512_xor_si512(_mm512_inserti64x4::<1>(_mm512_castsi256_si512(a), b), sign);
    }
    // SAFETY: as above.
    Wide { q, d: unsafe { halves(block, 34, 0) }, m: _mm512_setzero_ps() }
}

/// # Safety
/// `block` points to 144 bytes.
#[inline]
#[target_feature(enable = "avx512f,avx512bw,avx512vl,avx512vnni,fma,f16c")]
unsafe fn q4_k(block: *const u8) -> Wide {
    let mask = _mm512_set1_epi8(15);
    let shifts = _mm512_setr_epi64(0, 0, 0, 0, 4, 4, 4, 4);
    let mut q = [_mm512_setzero_si512(); 4];
    for (pair, q) in q.iter_mut().enumerate() {
        // SAFETY: 128 bytes from byte 16 on.
        let packed = unsafe { _mm256_loadu_si256(block.add(16 + pair * 32).cast()) };
        *q = _mm512_and_si512(_mm512_srlv_epi64(_mm512_broadcast_i64x4(packed), shifts), mask);
    }
    // Twelve bytes hold 8 scales and 8 minimums of six bits.
    // SAFETY: the first 16 bytes.
    let (halves, a, b, c) = unsafe {
        let word = |at: usize| block.add(at).cast::<u32>().read_unaligned().to_le();
        (word(0), word(4), word(8), word(12))
    };
    const SIX: u32 = 0x3f3f_3f3f;
    const FOUR: u32 = 0x0f0f_0f0f;
    const TWO: u32 = 0x0303_0303;
    let scales = [a & SIX, (c & FOUR) | (((a >> 6) & TWO) << 4)];
    let minimums = [b & SIX, ((c >> 4) & FOUR) | (((b >> 6) & TWO) << 4)];
    let words = [scales[0], scales[1], minimums[0], minimums[1]].map(|word| word as i32);
    let numbers =
        _mm512_cvtepi32_ps(_mm512_cvtepu8_epi32(_mm_setr_epi32(words[0], words[1], words[2], words[3])));
    let halves = _mm_cvtph_ps(_mm_cvtsi32_si128(halves as i32));
    let d = _mm512_broadcastss_ps(halves);
    let m = _mm512_broadcastss_ps(_mm_movehdup_ps(halves));
    // What is taken off is the minimum: m is less than zero.
    let m = _mm512_castsi512_ps(_mm512_xor_si512(_mm512_castps_si512(m), _mm512_set1_epi32(i32::MIN)));
    let scaled = _mm512_mul_ps(numbers, _mm512_mask_blend_ps(0xff00, d, m));
    let upper = _mm512_shuffle_f32x4::<0b11_10_11_10>(scaled, scaled);
    Wide { q, d: scaled, m: upper }
}

/// # Safety
/// `block` points to 210 bytes.
#[inline]
#[target_feature(enable = "avx512f,avx512bw,avx512vl,avx512vnni,fma,f16c")]
unsafe fn q6_k(block: *const u8) -> Wide {
    let (four, two) = (_mm512_set1_epi8(15), _mm512_set1_epi8(0x30));
    let up = _mm512_setr_epi64(4, 4, 4, 4, 2, 2, 2, 2);
    let down = _mm512_setr_epi64(0, 0, 0, 0, 2, 2, 2, 2);
    let mut q = [_mm512_setzero_si512(); 4];
    for half in 0..2 {
        // SAFETY: 128 bytes of low bits, then 64 of high ones.
        let (low, high) = unsafe {
            let high = _mm256_loadu_si256(block.add(128 + half * 32).cast());
            (_mm512_loadu_si512(block.add(half * 64).cast()), _mm512_broadcast_i64x4(high))
        };
        let first = _mm512_and_si512(_mm512_sllv_epi64(high, up), two);
        let second = _mm512_and_si512(_mm512_srlv_epi64(high, down), two);
        q[half * 2] = _mm512_or_si512(_mm512_and_si512(low, four), first);
        q[half * 2 + 1] = _mm512_or_si512(_mm512_and_si512(_mm512_srli_epi64::<4>(low), four), second);
    }
    // SAFETY: 16 bytes of scales at 192, a half at 208.
    let (scales, half) = unsafe {
        let half = block.add(208).cast::<u16>().read_unaligned().to_le();
        (_mm_loadu_si128(block.add(192).cast()), half)
    };
    let scales = _mm512_cvtepi32_ps(_mm512_cvtepi8_epi32(scales));
    let d = _mm512_broadcastss_ps(_mm_cvtph_ps(_mm_cvtsi32_si128(i32::from(half))));
    Wide { q, d: _mm512_mul_ps(d, scales), m: _mm512_setzero_ps() }
}
