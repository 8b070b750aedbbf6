//! 16 floats at a time: what kernels over floats are written with, so that one text serves every instruction set. (Compilers make vectors
//! of simple loops by themselves, but not of those that keep several rows in registers.)
//!
//! Lane for lane all do the same, to the bit.

#[cfg(target_arch = "x86_64")]
use std::arch::x86_64::*;

use super::matmul::{LANES, sum_lanes};

/// 16 floats in memory, which begin where registers of theirs are read fastest.
#[derive(Debug, Clone, Copy)]
#[repr(C, align(64))]
pub(super) struct Chunk(pub [f32; LANES]);

impl Chunk {
    pub const ZERO: Self = Self([0.0; LANES]);
}

/// 16 floats.
pub(super) trait Lanes: Copy {
    /// All the same.
    ///
    /// # Safety
    /// Of all functions here: the processor has the instruction set.
    unsafe fn splat(x: f32) -> Self;

    /// # Safety
    /// 16 floats lie there.
    unsafe fn load(from: *const f32) -> Self;

    /// # Safety
    /// 16 floats have room there.
    unsafe fn store(self, to: *mut f32);

    /// `self + a · b`, rounded once.
    ///
    /// # Safety
    /// As for [`Lanes::splat`].
    unsafe fn add_product(self, a: Self, b: Self) -> Self;

    /// # Safety
    /// As for [`Lanes::splat`].
    unsafe fn plus(self, other: Self) -> Self;

    /// `other` where that is larger, else `self`.
    ///
    /// # Safety
    /// As for [`Lanes::splat`].
    unsafe fn larger(self, other: Self) -> Self;

    /// The sum of all, in the order of [`sum_lanes`].
    ///
    /// # Safety
    /// As for [`Lanes::splat`].
    unsafe fn sum(self) -> f32;

    /// The largest of all, where all are numbers.
    ///
    /// # Safety
    /// As for [`Lanes::splat`].
    unsafe fn largest(self) -> f32;
}

impl Lanes for [f32; LANES] {
    #[inline(always)]
    unsafe fn splat(x: f32) -> Self {
        [x; LANES]
    }

    #[inline(always)]
    unsafe fn load(from: *const f32) -> Self {
        // SAFETY: by the caller's word.
        unsafe { from.cast::<Self>().read_unaligned() }
    }

    #[inline(always)]
    unsafe fn store(self, to: *mut f32) {
        // SAFETY: by the caller's word.
        unsafe { to.cast::<Self>().write_unaligned(self) }
    }

    #[inline(always)]
    unsafe fn add_product(mut self, a: Self, b: Self) -> Self {
        for lane in 0..LANES {
            self[lane] = a[lane].mul_add(b[lane], self[lane]);
        }
        self
    }

    #[inline(always)]
    unsafe fn plus(mut self, other: Self) -> Self {
        for lane in 0..LANES {
            self[lane] += other[lane];
        }
        self
    }

    #[inline(always)]
    unsafe fn larger(mut self, other: Self) -> Self {
        for lane in 0..LANES {
            self[lane] = if other[lane] > self[lane] { other[lane] } else { self[lane] };
        }
        self
    }

    #[inline(always)]
    unsafe fn sum(self) -> f32 {
        sum_lanes(&self)
    }

    #[inline(always)]
    unsafe fn largest(self) -> f32 {
        self.into_iter().fold(f32::NEG_INFINITY, f32::max)
    }
}

/// Two registers of AVX2.
#[cfg(target_arch = "x86_64")]
#[derive(Clone, Copy)]
pub(super) struct Two(__m256, __m256);

#[cfg(target_arch = "x86_64")]
impl Lanes for Two {
    #[inline(always)]
    unsafe fn splat(x: f32) -> Self {
        // SAFETY: by the caller's word.
        let x = unsafe { _mm256_set1_ps(x) };
        Self(x, x)
    }

    #[inline(always)]
    unsafe fn load(from: *const f32) -> Self {
        // SAFETY: by the caller's word.
        unsafe { Self(_mm256_loadu_ps(from), _mm256_loadu_ps(from.add(8))) }
    }

    #[inline(always)]
    unsafe fn store(self, to: *mut f32) {
        // SAFETY: by the caller's word.
        unsafe {
            _mm256_storeu_ps(to, self.0);
            _mm256_storeu_ps(to.add(8), self.1);
        }
    }

    #[inline(always)]
    unsafe fn add_product(self, a: Self, b: Self) -> Self {
        // SAFETY: by the caller's word.
        unsafe { Self(_mm256_fmadd_ps(a.0, b.0, self.0), _mm256_fmadd_ps(a.1, b.1, self.1)) }
    }

    #[inline(always)]
    unsafe fn plus(self, other: Self) -> Self {
        // SAFETY: by the caller's word.
        unsafe { Self(_mm256_add_ps(self.0, other.0), _mm256_add_ps(self.1, other.1)) }
    }

    #[inline(always)]
    unsafe fn larger(self, other: Self) -> Self {
        // SAFETY: by the caller's word.
        unsafe { Self(_mm256_max_ps(other.0, self.0), _mm256_max_ps(other.1, self.1)) }
    }

    #[inline(always)]
    unsafe fn sum(self) -> f32 {
        // SAFETY: by the caller's word.
        unsafe {
            let eight = _mm256_add_ps(self.0, self.1);
            let four = _mm_add_ps(_mm256_castps256_ps128(eight), _mm256_extractf128_ps::<1>(eight));
            let two = _mm_add_ps(four, _mm_movehl_ps(four, four));
            _mm_cvtss_f32(_mm_add_ss(two, _mm_movehdup_ps(two)))
        }
    }

    #[inline(always)]
    unsafe fn largest(self) -> f32 {
        // SAFETY: by the caller's word.
        unsafe {
            let eight = _mm256_max_ps(self.0, self.1);
            let four = _mm_max_ps(_mm256_castps256_ps128(eight), _mm256_extractf128_ps::<1>(eight));
            let two = _mm_max_ps(four, _mm_movehl_ps(four, four));
            _mm_cvtss_f32(_mm_max_ss(two, _mm_movehdup_ps(two)))
        }
    }
}

#[cfg(target_arch = "x86_64")]
impl Lanes for __m512 {
    #[inline(always)]
    unsafe fn splat(x: f32) -> Self {
        // SAFETY: by the caller's word.
        unsafe { _mm512_set1_ps(x) }
    }

    #[inline(always)]
    unsafe fn load(from: *const f32) -> Self {
        // SAFETY: by the caller's word.
        unsafe { _mm512_loadu_ps(from) }
    }

    #[inline(always)]
    unsafe fn store(self, to: *mut f32) {
        // SAFETY: by the caller's word.
        unsafe { _mm512_storeu_ps(to, self) }
    }

    #[inline(always)]
    unsafe fn add_product(self, a: Self, b: Self) -> Self {
        // SAFETY: by the caller's word.
        unsafe { _mm512_fmadd_ps(a, b, self) }
    }

    #[inline(always)]
    unsafe fn plus(self, other: Self) -> Self {
        // SAFETY: by the caller's word.
        unsafe { _mm512_add_ps(self, other) }
    }

    #[inline(always)]
    unsafe fn larger(self, other: Self) -> Self {
        // SAFETY: by the caller's word.
        unsafe { _mm512_max_ps(other, self) }
    }

    #[inline(always)]
    unsafe fn sum(self) -> f32 {
        // SAFETY: by the caller's word.
        unsafe { Two(_mm512_castps512_ps256(self), _mm512_extractf32x8_ps::<1>(self)).sum() }
    }

    #[inline(always)]
    unsafe fn largest(self) -> f32 {
        // SAFETY: by the caller's word.
        unsafe { Two(_mm512_castps512_ps256(self), _mm512_extractf32x8_ps::<1>(self)).largest() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Everything there is to be done, as bits.
    fn done<L: Lanes>(numbers: &[f32]) -> Vec<u32> {
        // SAFETY: the caller has asked the processor; there are three times 16 numbers.
        unsafe {
            let [a, b, c] = [0, 1, 2].map(|at| L::load(numbers[at * LANES..][..LANES].as_ptr()));
            let mut all = vec![a.sum(), b.largest(), L::splat(0.1).add_product(a, b).sum()];
            for lanes in [a.plus(b), a.larger(c), a.add_product(b, c), L::splat(7.5)] {
                let mut floats = [0f32; LANES];
                lanes.store(floats.as_mut_ptr());
                all.extend(floats);
            }
            all.into_iter().map(f32::to_bits).collect()
        }
    }

    #[test]
    fn every_instruction_set_does_the_same() {
        for first in 0..50 {
            let number = |at: usize| ((at + first * 48) * 7919 % 1009) as f32 / 31.0 - 15.0;
            let mut numbers: Vec<f32> = (0..3 * LANES).map(number).collect();
            if first % 3 == 0 {
                numbers[first % LANES] = f32::NEG_INFINITY;
                numbers[2 * LANES + 5] = f32::NAN;
            }
            let plain = done::<[f32; LANES]>(&numbers);
            #[cfg(target_arch = "x86_64")]
            {
                use crate::kernels::Isa;
                if Isa::Avx2.available() {
                    assert_eq!(done::<Two>(&numbers), plain);
                }
                if Isa::Vnni.available() {
                    assert_eq!(done::<__m512>(&numbers), plain);
                }
            }
            assert_eq!(plain.len(), 3 + 4 * LANES);
        }
    }
}
