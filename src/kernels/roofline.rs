//! Measured peaks of this machine, memory bandwidth and products a second, to compare the speed of
//! a model with.

use std::time::Instant;

use crate::kernels::cpu::{Isa, multiversion};
use crate::kernels::memory::{AlignedBuffer, CACHE_LINE, prefetch};
use crate::kernels::phase::Phase;
use crate::kernels::threads;

/// Prefetch distance in bytes.
const AHEAD: usize = 8 << 10;

/// Bytes a second that all threads read from a buffer of `size` bytes; the best of five runs.
pub fn bytes_per_second(size: usize) -> f64 {
    let lines = (size / CACHE_LINE).max(1 << 14);
    let part = lines.div_ceil(threads::count()) * CACHE_LINE;
    // In huge pages if possible, as weights are.
    let mut buffer = AlignedBuffer::new(lines);
    threads::parallel_chunks(buffer.bytes_mut(), part, |_, bytes| bytes.fill(1));
    let read = || {
        let began = Instant::now();
        let parts = buffer.bytes().chunks(part);
        let sums = threads::parallel_map(&mut parts.collect::<Vec<_>>(), |_, bytes| {
            let mut all = 0;
            sum(bytes, &mut all);
            all
        });
        std::hint::black_box(sums);
        (lines * CACHE_LINE) as f64 / began.elapsed().as_secs_f64()
    };
    (0..5).map(|_| read()).fold(0.0, f64::max)
}

multiversion! {
    /// Sums words in independent accumulators, and prefetches, as kernels do.
    fn sum(bytes: &[u8], all: &mut u64) {
        let mut sums = [0u64; 32];
        for chunk in bytes.as_chunks::<256>().0 {
            prefetch(chunk.as_ptr().wrapping_add(AHEAD), chunk.len());
            for (sum, word) in sums.iter_mut().zip(chunk.as_chunks::<8>().0) {
                *sum = sum.wrapping_add(u64::from_ne_bytes(*word));
            }
        }
        for sum in sums {
            *all = all.wrapping_add(sum);
        }
    }
}

/// Peak rate of all threads, in multiplications a second: of int8 with 32-bit sums, or of bf16
/// where a phase uses it. Zero if the instruction set has no measurement.
pub fn products_per_second(isa: Isa, phase: Phase) -> f64 {
    assert!(isa.available(), "{isa:?} is not available");
    let one = |rounds: usize| {
        let began = Instant::now();
        let all: usize = threads::parallel_map(&mut vec![(); threads::count()], |_, ()| {
            products(isa, phase, rounds)
        })
        .into_iter()
        .sum();
        all as f64 / began.elapsed().as_secs_f64()
    };
    // The first rounds bring the CPU to its clock rate.
    (0..3).map(|_| one(1 << 18)).fold(0.0, f64::max)
}

#[cfg_attr(not(target_arch = "x86_64"), allow(unused_variables))]
fn products(isa: Isa, phase: Phase, rounds: usize) -> usize {
    match isa {
        Isa::Scalar => 0,
        #[cfg(target_arch = "x86_64")]
        // SAFETY: the instruction set is available.
        Isa::Avx2 => unsafe { crate::kernels::matmul::x86::avx2::products::<false>(rounds) },
        #[cfg(target_arch = "x86_64")]
        // SAFETY: as above.
        Isa::AvxVnni => unsafe { crate::kernels::matmul::x86::avx2::products::<true>(rounds) },
        #[cfg(target_arch = "x86_64")]
        // SAFETY: as above.
        Isa::Amx if phase.uses_amx(isa) => unsafe { crate::kernels::amx::products(rounds) },
        #[cfg(target_arch = "x86_64")]
        // SAFETY: as above; every CPU with AMX has VNNI.
        Isa::Vnni | Isa::Amx => unsafe {
            crate::kernels::matmul::x86::avx512_vnni::products(rounds)
        },
        #[cfg(target_arch = "aarch64")]
        // SAFETY: as above.
        Isa::Neon => unsafe { crate::kernels::matmul::arm::neon::products(rounds) },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn peaks_are_measured() {
        assert!(bytes_per_second(1 << 22) > 1e6);
        for isa in Isa::all().filter(|isa| isa.available() && *isa != Isa::Scalar) {
            for phase in Phase::ALL {
                assert!(products_per_second(isa, phase) > 1e6, "{isa:?}, {phase:?}");
            }
        }
    }
}
