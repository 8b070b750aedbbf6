//! 16 floats at a time: what kernels over floats are written with, so that one text serves every instruction set. (Compilers make vectors
//! of simple loops by themselves, but not of those that keep several rows in registers.)
//!
//! Lane for lane all do the same, to the bit.

#[cfg(target_arch = "x86_64")]
use std::arch::x86_64::*;

use super::matmul::{LANES, sum_lanes};

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

    /// The sums of the lanes of each, in the order of [`sum_lanes`]; the first index becomes the second.
    ///
    /// # Safety
    /// As for [`Lanes::splat`].
    #[inline(always)]
    unsafe fn sums<const N: usize>(all: [[Self; N]; N]) -> [[f32; N]; N] {
        let mut out = [[0f32; N]; N];
        for (row, all) in all.into_iter().enumerate() {
            for (out, one) in out.iter_mut().zip(all) {
                let mut lanes = [0f32; LANES];
                // SAFETY: as many lanes.
                unsafe { one.store(lanes.as_mut_ptr()) };
                out[row] = sum_lanes(&lanes);
            }
        }
        out
    }
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

    /// All of them at once: halves of two are added as one register, then quarters of four, and so on.
    #[inline(always)]
    unsafe fn sums<const N: usize>(all: [[Self; N]; N]) -> [[f32; N]; N] {
        const { assert!(N == 4) };
        // SAFETY: by the caller's word.
        unsafe {
            let mut quarters = [_mm512_setzero_ps(); 4];
            for (quarter, row) in quarters.iter_mut().zip(&all) {
                let half = |a, b| {
                    let low = _mm512_shuffle_f32x4::<0b01_00_01_00>(a, b);
                    _mm512_add_ps(low, _mm512_shuffle_f32x4::<0b11_10_11_10>(a, b))
                };
                let (a, b) = (half(row[0], row[1]), half(row[2], row[3]));
                let low = _mm512_shuffle_f32x4::<0b10_00_10_00>(a, b);
                *quarter = _mm512_add_ps(low, _mm512_shuffle_f32x4::<0b11_01_11_01>(a, b));
            }
            let pairs = |a, b| {
                let low = _mm512_shuffle_ps::<0b01_00_01_00>(a, b);
                _mm512_add_ps(low, _mm512_shuffle_ps::<0b11_10_11_10>(a, b))
            };
            let (a, b) = (pairs(quarters[0], quarters[1]), pairs(quarters[2], quarters[3]));
            let low = _mm512_shuffle_ps::<0b10_00_10_00>(a, b);
            let sums = _mm512_add_ps(low, _mm512_shuffle_ps::<0b11_01_11_01>(a, b));
            let mut out = [[0f32; N]; N];
            _mm512_storeu_ps(out.as_mut_ptr().cast(), sums);
            out
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sums<L: Lanes, const N: usize>(numbers: &[f32]) -> Vec<u32> {
        // SAFETY: the caller has asked the processor; there are 16 numbers for each.
        unsafe {
            let row =
                |row: usize| std::array::from_fn(|one| L::load(numbers[(row * 4 + one) * LANES..].as_ptr()));
            L::sums::<N>(std::array::from_fn(row)).as_flattened().iter().map(|sum| sum.to_bits()).collect()
        }
    }

    #[test]
    fn sums_are_in_one_order() {
        let numbers: Vec<f32> = (0..256).map(|at| (at * 7919 % 1009) as f32 / 31.0 - 15.0).collect();
        let plain = sums::<[f32; LANES], 4>(&numbers);
        #[cfg(target_arch = "x86_64")]
        {
            use crate::kernels::Isa;
            if Isa::Avx2.available() {
                assert_eq!(sums::<Two, 4>(&numbers), plain);
            }
            if Isa::Vnni.available() {
                assert_eq!(sums::<__m512, 4>(&numbers), plain);
            }
        }
        assert_eq!(plain.len(), 16);
    }
}
