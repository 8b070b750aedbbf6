//! Vectors of 16 floats, in which kernels over floats are written once for every instruction set.
//! (Compilers vectorize simple loops, but not loops that keep several rows in registers.)
//!
//! All implementations give the same bits, lane by lane.

#[cfg(target_arch = "aarch64")]
use std::arch::aarch64::*;
#[cfg(target_arch = "x86_64")]
use std::arch::x86_64::*;

use crate::kernels::shape::LANES;

/// 16 floats in memory, aligned for the widest vector.
#[derive(Debug, Clone, Copy)]
#[repr(C, align(64))]
pub struct AlignedF32x16(pub [f32; LANES]);

impl AlignedF32x16 {
    pub const ZERO: Self = Self([0.0; LANES]);
}

/// Sum of the 16 partial sums of a dot product, as a tree: lane `i` with `i + 8`, then 4, 2 and 1.
/// Every kernel adds in this order.
#[inline(always)]
pub fn sum_lanes(lanes: &[f32; LANES]) -> f32 {
    let mut p = *lanes;
    for width in [8, 4, 2, 1] {
        for i in 0..width {
            p[i] += p[i + width];
        }
    }
    p[0]
}

/// Converts IEEE f16 to f32 without a branch, a table or a call, so that loops over it vectorize
/// (the `half` crate detects the CPU on each call). Multiplying by 2^112 rebiases the exponent and
/// normalizes subnormals.
#[inline(always)]
pub fn f16_to_f32(bits: u16) -> f32 {
    let magnitude = u32::from(bits & 0x7fff);
    let number = f32::from_bits(magnitude << 13) * f32::from_bits(0x7780_0000);
    let number =
        if magnitude >= 0x7c00 { f32::from_bits(0x7f80_0000 | (magnitude << 13)) } else { number };
    f32::from_bits(number.to_bits() | (u32::from(bits & 0x8000) << 16))
}

/// A vector of 16 floats.
pub trait F32x16: Copy {
    /// All lanes equal to `x`.
    ///
    /// # Safety
    /// For this and all other functions: the CPU has the instruction set.
    unsafe fn splat(x: f32) -> Self;

    /// # Safety
    /// `from` is readable for 16 floats.
    unsafe fn load(from: *const f32) -> Self;

    /// Loads 16 IEEE f16 numbers, widened to f32.
    ///
    /// # Safety
    /// `from` is readable for 16 of them.
    unsafe fn load_f16(from: *const u16) -> Self;

    /// Loads 16 bf16 numbers, widened to f32.
    ///
    /// # Safety
    /// `from` is readable for 16 of them.
    unsafe fn load_bf16(from: *const u16) -> Self;

    /// # Safety
    /// `to` is writable for 16 floats.
    unsafe fn store(self, to: *mut f32);

    /// `self + a · b`, rounded once (FMA). `self` is the accumulator, unlike in [`f32::mul_add`].
    ///
    /// # Safety
    /// As for [`F32x16::splat`].
    unsafe fn mul_acc(self, a: Self, b: Self) -> Self;

    /// # Safety
    /// As for [`F32x16::splat`].
    unsafe fn add(self, other: Self) -> Self;

    /// `other` where it is larger, else `self`: a NaN in `other` is ignored, one in `self` stays.
    ///
    /// # Safety
    /// As for [`F32x16::splat`].
    unsafe fn max(self, other: Self) -> Self;

    /// Sum of the lanes, in the order of [`sum_lanes`].
    ///
    /// # Safety
    /// As for [`F32x16::splat`].
    unsafe fn reduce_sum(self) -> f32;

    /// Maximum of the lanes, none of which may be NaN.
    ///
    /// # Safety
    /// As for [`F32x16::splat`].
    unsafe fn reduce_max(self) -> f32;
}

impl F32x16 for [f32; LANES] {
    #[inline(always)]
    unsafe fn splat(x: f32) -> Self {
        [x; LANES]
    }

    #[inline(always)]
    unsafe fn load(from: *const f32) -> Self {
        // SAFETY: upheld by the caller.
        unsafe { from.cast::<Self>().read_unaligned() }
    }

    #[inline(always)]
    unsafe fn load_f16(from: *const u16) -> Self {
        // SAFETY: upheld by the caller.
        let f16s = unsafe { from.cast::<[u16; LANES]>().read_unaligned() };
        f16s.map(f16_to_f32)
    }

    #[inline(always)]
    unsafe fn load_bf16(from: *const u16) -> Self {
        // SAFETY: upheld by the caller.
        let numbers = unsafe { from.cast::<[u16; LANES]>().read_unaligned() };
        numbers.map(|bits| f32::from_bits(u32::from(bits) << 16))
    }

    #[inline(always)]
    unsafe fn store(self, to: *mut f32) {
        // SAFETY: upheld by the caller.
        unsafe { to.cast::<Self>().write_unaligned(self) }
    }

    #[inline(always)]
    unsafe fn mul_acc(mut self, a: Self, b: Self) -> Self {
        for lane in 0..LANES {
            self[lane] = a[lane].mul_add(b[lane], self[lane]);
        }
        self
    }

    #[inline(always)]
    unsafe fn add(mut self, other: Self) -> Self {
        for lane in 0..LANES {
            self[lane] += other[lane];
        }
        self
    }

    #[inline(always)]
    unsafe fn max(mut self, other: Self) -> Self {
        for lane in 0..LANES {
            self[lane] = if other[lane] > self[lane] { other[lane] } else { self[lane] };
        }
        self
    }

    #[inline(always)]
    unsafe fn reduce_sum(self) -> f32 {
        sum_lanes(&self)
    }

    #[inline(always)]
    unsafe fn reduce_max(self) -> f32 {
        self.into_iter().fold(f32::NEG_INFINITY, f32::max)
    }
}

/// Two AVX2 vectors of 8 floats.
#[cfg(target_arch = "x86_64")]
#[derive(Clone, Copy)]
pub struct F32x8x2(__m256, __m256);

#[cfg(target_arch = "x86_64")]
impl F32x16 for F32x8x2 {
    #[inline(always)]
    unsafe fn splat(x: f32) -> Self {
        // SAFETY: upheld by the caller.
        let x = unsafe { _mm256_set1_ps(x) };
        Self(x, x)
    }

    #[inline(always)]
    unsafe fn load(from: *const f32) -> Self {
        // SAFETY: upheld by the caller.
        unsafe { Self(_mm256_loadu_ps(from), _mm256_loadu_ps(from.add(8))) }
    }

    #[inline(always)]
    unsafe fn load_f16(from: *const u16) -> Self {
        // SAFETY: upheld by the caller.
        unsafe {
            let (a, b) = (_mm_loadu_si128(from.cast()), _mm_loadu_si128(from.add(8).cast()));
            Self(_mm256_cvtph_ps(a), _mm256_cvtph_ps(b))
        }
    }

    #[inline(always)]
    unsafe fn load_bf16(from: *const u16) -> Self {
        // SAFETY: upheld by the caller.
        unsafe {
            let a = _mm256_cvtepu16_epi32(_mm_loadu_si128(from.cast()));
            let b = _mm256_cvtepu16_epi32(_mm_loadu_si128(from.add(8).cast()));
            let (a, b) = (_mm256_slli_epi32::<16>(a), _mm256_slli_epi32::<16>(b));
            Self(_mm256_castsi256_ps(a), _mm256_castsi256_ps(b))
        }
    }

    #[inline(always)]
    unsafe fn store(self, to: *mut f32) {
        // SAFETY: upheld by the caller.
        unsafe {
            _mm256_storeu_ps(to, self.0);
            _mm256_storeu_ps(to.add(8), self.1);
        }
    }

    #[inline(always)]
    unsafe fn mul_acc(self, a: Self, b: Self) -> Self {
        // SAFETY: upheld by the caller.
        unsafe { Self(_mm256_fmadd_ps(a.0, b.0, self.0), _mm256_fmadd_ps(a.1, b.1, self.1)) }
    }

    #[inline(always)]
    unsafe fn add(self, other: Self) -> Self {
        // SAFETY: upheld by the caller.
        unsafe { Self(_mm256_add_ps(self.0, other.0), _mm256_add_ps(self.1, other.1)) }
    }

    #[inline(always)]
    unsafe fn max(self, other: Self) -> Self {
        // SAFETY: upheld by the caller.
        unsafe { Self(_mm256_max_ps(other.0, self.0), _mm256_max_ps(other.1, self.1)) }
    }

    #[inline(always)]
    unsafe fn reduce_sum(self) -> f32 {
        // SAFETY: upheld by the caller.
        unsafe {
            let eight = _mm256_add_ps(self.0, self.1);
            let four = _mm_add_ps(_mm256_castps256_ps128(eight), _mm256_extractf128_ps::<1>(eight));
            let two = _mm_add_ps(four, _mm_movehl_ps(four, four));
            _mm_cvtss_f32(_mm_add_ss(two, _mm_movehdup_ps(two)))
        }
    }

    #[inline(always)]
    unsafe fn reduce_max(self) -> f32 {
        // SAFETY: upheld by the caller.
        unsafe {
            let eight = _mm256_max_ps(self.0, self.1);
            let four = _mm_max_ps(_mm256_castps256_ps128(eight), _mm256_extractf128_ps::<1>(eight));
            let two = _mm_max_ps(four, _mm_movehl_ps(four, four));
            _mm_cvtss_f32(_mm_max_ss(two, _mm_movehdup_ps(two)))
        }
    }
}

#[cfg(target_arch = "x86_64")]
impl F32x16 for __m512 {
    #[inline(always)]
    unsafe fn splat(x: f32) -> Self {
        // SAFETY: upheld by the caller.
        unsafe { _mm512_set1_ps(x) }
    }

    #[inline(always)]
    unsafe fn load(from: *const f32) -> Self {
        // SAFETY: upheld by the caller.
        unsafe { _mm512_loadu_ps(from) }
    }

    #[inline(always)]
    unsafe fn load_f16(from: *const u16) -> Self {
        // SAFETY: upheld by the caller.
        unsafe { _mm512_cvtph_ps(_mm256_loadu_si256(from.cast())) }
    }

    #[inline(always)]
    unsafe fn load_bf16(from: *const u16) -> Self {
        // SAFETY: upheld by the caller.
        unsafe {
            let numbers = _mm512_cvtepu16_epi32(_mm256_loadu_si256(from.cast()));
            _mm512_castsi512_ps(_mm512_slli_epi32::<16>(numbers))
        }
    }

    #[inline(always)]
    unsafe fn store(self, to: *mut f32) {
        // SAFETY: upheld by the caller.
        unsafe { _mm512_storeu_ps(to, self) }
    }

    #[inline(always)]
    unsafe fn mul_acc(self, a: Self, b: Self) -> Self {
        // SAFETY: upheld by the caller.
        unsafe { _mm512_fmadd_ps(a, b, self) }
    }

    #[inline(always)]
    unsafe fn add(self, other: Self) -> Self {
        // SAFETY: upheld by the caller.
        unsafe { _mm512_add_ps(self, other) }
    }

    #[inline(always)]
    unsafe fn max(self, other: Self) -> Self {
        // SAFETY: upheld by the caller.
        unsafe { _mm512_max_ps(other, self) }
    }

    #[inline(always)]
    unsafe fn reduce_sum(self) -> f32 {
        // SAFETY: upheld by the caller.
        unsafe {
            F32x8x2(_mm512_castps512_ps256(self), _mm512_extractf32x8_ps::<1>(self)).reduce_sum()
        }
    }

    #[inline(always)]
    unsafe fn reduce_max(self) -> f32 {
        // SAFETY: upheld by the caller.
        unsafe {
            F32x8x2(_mm512_castps512_ps256(self), _mm512_extractf32x8_ps::<1>(self)).reduce_max()
        }
    }
}

/// Four NEON vectors of 4 floats.
#[cfg(target_arch = "aarch64")]
#[derive(Clone, Copy)]
pub struct F32x4x4(pub [float32x4_t; 4]);

#[cfg(target_arch = "aarch64")]
impl F32x16 for F32x4x4 {
    #[inline(always)]
    unsafe fn splat(x: f32) -> Self {
        // SAFETY: upheld by the caller.
        Self([unsafe { vdupq_n_f32(x) }; 4])
    }

    #[inline(always)]
    unsafe fn load(from: *const f32) -> Self {
        // SAFETY: upheld by the caller.
        unsafe {
            Self([
                vld1q_f32(from),
                vld1q_f32(from.add(4)),
                vld1q_f32(from.add(8)),
                vld1q_f32(from.add(12)),
            ])
        }
    }

    #[inline(always)]
    unsafe fn load_f16(from: *const u16) -> Self {
        // SAFETY: upheld by the caller.
        let mut floats = unsafe { Self::splat(0.0) };
        for (at, out) in floats.0.iter_mut().enumerate() {
            // SAFETY: as above; the instruction touches registers only. (Inline assembly, because
            // Rust's f16 type is not stable yet.)
            unsafe {
                let f16 = vld1_u16(from.add(4 * at));
                std::arch::asm!(
                    "fcvtl {out:v}.4s, {f16:v}.4h",
                    out = lateout(vreg) *out, f16 = in(vreg) f16,
                    options(pure, nomem, nostack),
                );
            }
        }
        floats
    }

    #[inline(always)]
    unsafe fn load_bf16(from: *const u16) -> Self {
        // SAFETY: upheld by the caller.
        unsafe {
            let mut floats = Self::splat(0.0);
            for (at, out) in floats.0.iter_mut().enumerate() {
                *out = vreinterpretq_f32_u32(vshll_n_u16::<16>(vld1_u16(from.add(4 * at))));
            }
            floats
        }
    }

    #[inline(always)]
    unsafe fn store(self, to: *mut f32) {
        for (at, floats) in self.0.into_iter().enumerate() {
            // SAFETY: upheld by the caller.
            unsafe { vst1q_f32(to.add(4 * at), floats) };
        }
    }

    #[inline(always)]
    unsafe fn mul_acc(mut self, a: Self, b: Self) -> Self {
        for ((sum, a), b) in self.0.iter_mut().zip(a.0).zip(b.0) {
            // SAFETY: upheld by the caller.
            *sum = unsafe { vfmaq_f32(*sum, a, b) };
        }
        self
    }

    #[inline(always)]
    unsafe fn add(mut self, other: Self) -> Self {
        for (sum, other) in self.0.iter_mut().zip(other.0) {
            // SAFETY: upheld by the caller.
            *sum = unsafe { vaddq_f32(*sum, other) };
        }
        self
    }

    #[inline(always)]
    unsafe fn max(mut self, other: Self) -> Self {
        for (this, other) in self.0.iter_mut().zip(other.0) {
            // SAFETY: upheld by the caller. (`fmax` would propagate NaN.)
            *this = unsafe { vbslq_f32(vcgtq_f32(other, *this), other, *this) };
        }
        self
    }

    #[inline(always)]
    unsafe fn reduce_sum(self) -> f32 {
        let [a, b, c, d] = self.0;
        // SAFETY: upheld by the caller.
        unsafe {
            let four = vaddq_f32(vaddq_f32(a, c), vaddq_f32(b, d));
            let two = vadd_f32(vget_low_f32(four), vget_high_f32(four));
            vget_lane_f32::<0>(two) + vget_lane_f32::<1>(two)
        }
    }

    #[inline(always)]
    unsafe fn reduce_max(self) -> f32 {
        let [a, b, c, d] = self.0;
        // SAFETY: upheld by the caller.
        unsafe { vmaxvq_f32(vmaxq_f32(vmaxq_f32(a, b), vmaxq_f32(c, d))) }
    }
}

/// Compiles a kernel that is generic over [`F32x16`] for each instruction set, and selects one. Its
/// second parameter is the number of columns, pages or weight rows to compute at once, as many as
/// the registers hold.
macro_rules! multiversion_simd {
    ($(#[$doc:meta])* unsafe fn $name:ident = $kernel:ident($($argument:ident: $type:ty),* $(,)?);) => {
        $(#[$doc])*
        unsafe fn $name(isa: $crate::kernels::cpu::Isa, $($argument: $type),*) {
            #[cfg(target_arch = "x86_64")]
            #[target_feature(enable = "avx2,fma,f16c")]
            unsafe fn avx2($($argument: $type),*) {
                // SAFETY: compiled for the instruction set; the rest is upheld by the caller.
                unsafe { $kernel::<$crate::kernels::simd::F32x8x2, 1>($($argument),*) }
            }

            #[cfg(target_arch = "x86_64")]
            #[target_feature(enable = "avx512f,avx512bw,avx512vl,avx512dq,fma,f16c")]
            unsafe fn avx512($($argument: $type),*) {
                // SAFETY: as above.
                unsafe { $kernel::<std::arch::x86_64::__m512, 4>($($argument),*) }
            }

            use $crate::kernels::cpu::FloatWidth;
            // SAFETY: upheld by the caller, who detected the instruction set.
            unsafe {
                match isa.float_width() {
                    FloatWidth::Scalar => {
                        $kernel::<[f32; $crate::kernels::shape::LANES], 1>($($argument),*)
                    }
                    #[cfg(target_arch = "x86_64")]
                    FloatWidth::Avx2 => avx2($($argument),*),
                    #[cfg(target_arch = "x86_64")]
                    FloatWidth::Avx512 => avx512($($argument),*),
                    // NEON is part of the baseline.
                    #[cfg(target_arch = "aarch64")]
                    FloatWidth::Neon => $kernel::<$crate::kernels::simd::F32x4x4, 1>($($argument),*),
                }
            }
        }
    };
}

pub(crate) use multiversion_simd;

/// Runs `$body` for blocks of rows, first to last: `$row` is the first row of a block, `$rows` (a
/// constant) its number of rows, one of the sizes listed.
macro_rules! for_row_blocks {
    ([$($size:literal)*], $count:expr, |$row:ident, $rows:ident| $body:expr) => {
        const MOST: usize = [$($size),*].len();
        let (count, mut $row) = ($count, 0);
        while $row < count {
            // Blocks of nearly equal size: a last block of one row would be slow.
            let rows = (count - $row).div_ceil((count - $row).div_ceil(MOST));
            match rows {
                $($size => {
                    const $rows: usize = $size;
                    $body
                })*
                _ => unreachable!("more rows than {MOST}"),
            }
            $row += rows;
        }
    };
}

pub(crate) use for_row_blocks;

#[cfg(test)]
mod tests {
    use super::*;

    /// Results of all operations, as bits.
    fn results<L: F32x16>(numbers: &[f32]) -> Vec<u32> {
        // SAFETY: the caller detected the instruction set; there are three times 16 numbers.
        unsafe {
            let [a, b, c] = [0, 1, 2].map(|at| L::load(numbers[at * LANES..][..LANES].as_ptr()));
            let mut all =
                vec![a.reduce_sum(), b.reduce_max(), L::splat(0.1).mul_acc(a, b).reduce_sum()];
            let f16: [_; LANES] =
                std::array::from_fn(|at| half::f16::from_f32(numbers[at]).to_bits());
            let bf16: [_; LANES] =
                std::array::from_fn(|at| half::bf16::from_f32(numbers[at]).to_bits());
            let widened = [L::load_f16(f16.as_ptr()), L::load_bf16(bf16.as_ptr())];
            for lanes in
                [a.add(b), a.max(c), a.mul_acc(b, c), L::splat(7.5)].into_iter().chain(widened)
            {
                let mut floats = [0f32; LANES];
                lanes.store(floats.as_mut_ptr());
                all.extend(floats);
            }
            all.into_iter().map(f32::to_bits).collect()
        }
    }

    #[test]
    fn every_instruction_set_gives_the_same_bits() {
        for first in 0..50 {
            let number = |at: usize| ((at + first * 48) * 7919 % 1009) as f32 / 31.0 - 15.0;
            let mut numbers: Vec<f32> = (0..3 * LANES).map(number).collect();
            if first % 3 == 0 {
                numbers[first % LANES] = f32::NEG_INFINITY;
                numbers[2 * LANES + 5] = f32::NAN;
            }
            let plain = results::<[f32; LANES]>(&numbers);
            #[cfg(target_arch = "x86_64")]
            {
                use crate::kernels::Isa;
                if Isa::Avx2.available() {
                    assert_eq!(results::<F32x8x2>(&numbers), plain);
                }
                if Isa::Vnni.available() {
                    assert_eq!(results::<__m512>(&numbers), plain);
                }
            }
            #[cfg(target_arch = "aarch64")]
            assert_eq!(results::<F32x4x4>(&numbers), plain);
            assert_eq!(plain.len(), 3 + 6 * LANES);
        }
    }
}
