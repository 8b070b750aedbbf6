//! Quantization of activations to int8: `x ≈ scale · byte` in groups of 32, as
//! `quantize_row_q8_0` of ggml, but with an f32 scale.
//!
//! Knows rows of numbers; knows nothing of weights.

#[cfg(target_arch = "x86_64")]
use std::arch::x86_64::*;

use crate::kernels::cpu::{best, multiversion};

/// Numbers of a group.
const GROUP: usize = 32;
/// 1.5 · 2^23: adding it rounds to an integer, ties to even, which is then in the low bits.
const ROUND_TO_INT: f32 = 12_582_912.0;
/// The largest byte.
const MAX_BYTE: f32 = 127.0;

/// Numbers of each group of a row.
pub struct RowGroups<'g> {
    /// Scale of the bytes.
    pub scales: &'g mut [f32],
    /// Sum of the bytes.
    pub sums: &'g mut [i32],
    /// Scale · sum.
    pub totals: &'g mut [f32],
}

/// Quantizes a row to `bytes`, and computes the numbers of its groups of 16 and 32. The last group
/// is padded with zeros.
pub fn quantize_row(
    floats: &[f32],
    bytes: &mut [i8],
    by_16: &mut RowGroups<'_>,
    by_32: &mut RowGroups<'_>,
) {
    let bytes = bytes.as_chunks_mut().0;
    let sums = by_16.sums.as_chunks_mut().0;
    let (whole, rest) = floats.as_chunks();
    let (first, last) = bytes[..floats.len().div_ceil(GROUP)].split_at_mut(whole.len());
    quantize_groups(whole, first, by_32.scales, sums);
    if let [last] = last {
        let mut group = [0.0; GROUP];
        group[..rest.len()].copy_from_slice(rest);
        let at = whole.len();
        quantize_group(&group, last, &mut by_32.scales[at], &mut sums[at]);
    }
    totals(by_16, by_32);
}

multiversion! {
    /// Derives the remaining numbers from the scales of 32 and the sums of 16.
    fn totals(by_16: &mut RowGroups<'_>, by_32: &mut RowGroups<'_>) {
        let scales = by_16.scales.as_chunks_mut::<2>().0;
        let (sums, totals) = (by_16.sums.as_chunks::<2>().0, by_16.totals.as_chunks_mut::<2>().0);
        for group in 0..by_32.scales.len() {
            let (scale, [first, second]) = (by_32.scales[group], sums[group]);
            by_32.sums[group] = first + second;
            by_32.totals[group] = scale * (first + second) as f32;
            scales[group] = [scale; 2];
            totals[group] = [scale * first as f32, scale * second as f32];
        }
    }
}

/// Quantizes groups, by the instruction set of this CPU.
fn quantize_groups(
    floats: &[[f32; GROUP]],
    bytes: &mut [[i8; GROUP]],
    scales: &mut [f32],
    sums: &mut [[i32; 2]],
) {
    assert!(
        bytes.len() == floats.len() && scales.len() >= floats.len() && sums.len() >= floats.len()
    );
    match best().float_width() {
        #[cfg(target_arch = "x86_64")]
        // SAFETY: `best` detected AVX-512; every instruction set with this width has VNNI too.
        crate::kernels::cpu::FloatWidth::Avx512 => unsafe {
            quantize_groups_avx512(floats, bytes, scales, sums)
        },
        _ => quantize_each(floats, bytes, scales, sums),
    }
}

multiversion! {
    fn quantize_each(floats: &[[f32; GROUP]], bytes: &mut [[i8; GROUP]], scales: &mut [f32], sums: &mut [[i32; 2]]) {
        for at in 0..floats.len() {
            quantize_group(&floats[at], &mut bytes[at], &mut scales[at], &mut sums[at]);
        }
    }
}

#[inline(always)]
fn quantize_group(
    group: &[f32; GROUP],
    bytes: &mut [i8; GROUP],
    scale: &mut f32,
    sums: &mut [i32; 2],
) {
    // The bits of nonnegative floats are ordered like the floats; an integer maximum ignores NaN
    // rules.
    let mut largest = 0u32;
    for x in group {
        largest = largest.max(x.abs().to_bits());
    }
    *scale = f32::from_bits(largest) / MAX_BYTE;
    let inverse = if *scale > 0.0 { 1.0 / *scale } else { 0.0 };
    let mut rounded = [0i32; GROUP];
    for (rounded, x) in rounded.iter_mut().zip(group) {
        // A cast of the float would check its range.
        *rounded = i32::from((x * inverse + ROUND_TO_INT).to_bits() as i8);
    }
    for (byte, rounded) in bytes.iter_mut().zip(&rounded) {
        *byte = *rounded as i8;
    }
    for (sum, half) in sums.iter_mut().zip(rounded.as_chunks::<16>().0) {
        *sum = half.iter().sum();
    }
}

/// AVX-512: sixteen groups at a time, so that per-group steps run in lanes and divisions of
/// different groups overlap.
///
/// Written with intrinsics: compilers turn a loop over groups into gathers of single numbers.
#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx512f,avx512bw,avx512vl,avx512dq,avx512vnni")]
fn quantize_groups_avx512(
    floats: &[[f32; GROUP]],
    bytes: &mut [[i8; GROUP]],
    scales: &mut [f32],
    sums: &mut [[i32; 2]],
) {
    const LANES: usize = 16;
    let load = |group: &[f32; GROUP]| {
        // SAFETY: a group is two vectors.
        unsafe { (_mm512_loadu_ps(group.as_ptr()), _mm512_loadu_ps(group[LANES..].as_ptr())) }
    };
    let some = floats.chunks(LANES).zip(bytes.chunks_mut(LANES));
    let some = some.zip(scales.chunks_mut(LANES).zip(sums.chunks_mut(LANES)));
    for ((floats, bytes), (scales, sums)) in some {
        let mut largest = [0u32; LANES];
        for (largest, group) in largest.iter_mut().zip(floats) {
            let (a, b) = load(group);
            let bits = |x| _mm512_castps_si512(_mm512_abs_ps(x));
            *largest = _mm512_reduce_max_epu32(_mm512_max_epu32(bits(a), bits(b)));
        }
        let (mut all, mut inverses) = ([0f32; LANES], [0f32; LANES]);
        // SAFETY: each array is one vector.
        unsafe {
            let largest = _mm512_castsi512_ps(_mm512_loadu_si512(largest.as_ptr().cast()));
            let scale = _mm512_div_ps(largest, _mm512_set1_ps(MAX_BYTE));
            let some = _mm512_cmp_ps_mask::<_CMP_GT_OQ>(scale, _mm512_setzero_ps());
            _mm512_storeu_ps(all.as_mut_ptr(), scale);
            let inverse = _mm512_maskz_div_ps(some, _mm512_set1_ps(1.0), scale);
            _mm512_storeu_ps(inverses.as_mut_ptr(), inverse);
        }
        let count = floats.len();
        scales[..count].copy_from_slice(&all[..count]);
        for (group, floats) in floats.iter().enumerate() {
            let (a, b) = load(floats);
            let inverse = _mm512_set1_ps(inverses[group]);
            let rounded = |x| {
                let x = _mm512_add_ps(_mm512_mul_ps(x, inverse), _mm512_set1_ps(ROUND_TO_INT));
                _mm512_cvtepi32_epi8(_mm512_castps_si512(x))
            };
            let both = _mm256_set_m128i(rounded(b), rounded(a));
            // SAFETY: 32 bytes.
            unsafe { _mm256_storeu_si256(bytes[group].as_mut_ptr().cast(), both) };
            // Sums of 4, 8 and 16 bytes, in all lanes.
            let sums_of_4 = _mm256_dpbusd_epi32(_mm256_setzero_si256(), _mm256_set1_epi8(1), both);
            let swapped = _mm256_shuffle_epi32::<0b10_11_00_01>(sums_of_4);
            let sums_of_8 = _mm256_add_epi32(sums_of_4, swapped);
            let swapped = _mm256_shuffle_epi32::<0b01_00_11_10>(sums_of_8);
            let sums_of_16 = _mm256_add_epi32(sums_of_8, swapped);
            sums[group] =
                [_mm256_extract_epi32::<0>(sums_of_16), _mm256_extract_epi32::<4>(sums_of_16)];
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn quantized(floats: &[f32]) -> (Vec<i8>, [Vec<f32>; 4], [Vec<i32>; 2]) {
        let groups = floats.len().div_ceil(256) * 8;
        let mut bytes = vec![0; groups * GROUP];
        let [mut a, mut b, mut c, mut d] =
            [2 * groups, 2 * groups, groups, groups].map(|count| vec![0.0; count]);
        let [mut e, mut f] = [2 * groups, groups].map(|count| vec![0; count]);
        let mut by_16 = RowGroups { scales: &mut a, totals: &mut b, sums: &mut e };
        let mut by_32 = RowGroups { scales: &mut c, totals: &mut d, sums: &mut f };
        quantize_row(floats, &mut bytes, &mut by_16, &mut by_32);
        (bytes, [a, b, c, d], [e, f])
    }

    #[test]
    fn all_versions_give_the_same_bytes() {
        for columns in [1, 31, 32, 64, 576, 700, 1536] {
            let mut seed = 1u32;
            let mut floats: Vec<f32> = (0..columns)
                .map(|at| {
                    seed = seed.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
                    (seed as f32 / u32::MAX as f32 - 0.5) * f32::powi(10.0, at / 32 % 60 - 30)
                })
                .collect();
            // A group of zeros, one with a NaN, one with an infinity, one with a subnormal.
            for (at, strange) in [0.0, f32::NAN, f32::INFINITY, 1e-45].into_iter().enumerate() {
                if let Some(group) = floats.chunks_mut(GROUP).nth(3 * at + 2) {
                    if at == 0 { group.fill(0.0) } else { group[group.len() / 2] = strange }
                }
            }
            let (bytes, [scales_16, totals_16, scales, totals], [sums_16, sums]) =
                quantized(&floats);
            for (at, group) in floats.chunks(GROUP).enumerate() {
                let mut whole = [0.0; GROUP];
                whole[..group.len()].copy_from_slice(group);
                let (mut expected, mut scale, mut half_sums) = ([0; GROUP], 0.0, [0; 2]);
                quantize_group(&whole, &mut expected, &mut scale, &mut half_sums);
                assert_eq!(bytes[at * GROUP..][..GROUP], expected, "{columns} columns, group {at}");
                assert_eq!(sums_16[2 * at..][..2], half_sums);
                assert_eq!(sums[at], half_sums[0] + half_sums[1]);
                let added: i32 = expected.iter().map(|byte| i32::from(*byte)).sum();
                assert_eq!(sums[at], added);
                let same = |one: f32, other: f32| {
                    one.to_bits() == other.to_bits() || one.is_nan() && other.is_nan()
                };
                assert!(
                    same(scales[at], scale)
                        && scales_16[2 * at..][..2].iter().all(|one| same(*one, scale))
                );
                assert!(same(totals[at], scale * sums[at] as f32));
                assert!(
                    (0..2)
                        .all(|half| same(totals_16[2 * at + half], scale * half_sums[half] as f32))
                );
            }
            let groups = floats.len().div_ceil(GROUP);
            assert!(bytes[groups * GROUP..].iter().all(|byte| *byte == 0));
            assert!(scales[groups..].iter().chain(&totals[groups..]).all(|number| *number == 0.0));
        }
    }
}
