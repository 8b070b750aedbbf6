//! Measured peaks of this machine, memory bandwidth and products a second, to compare the speed of
//! a model with.

use std::time::Instant;

#[cfg(target_arch = "x86_64")]
use crate::kernels::amx;
use crate::kernels::cpu::{Isa, multiversion};
#[cfg(target_arch = "aarch64")]
use crate::kernels::matmul::arm::neon;
#[cfg(target_arch = "x86_64")]
use crate::kernels::matmul::x86::{avx2, avx512_vnni};
use crate::kernels::memory::{AlignedBuffer, CACHE_LINE, prefetch};
use crate::kernels::phase::Phase;
use crate::kernels::threads;

/// Prefetch distance in bytes.
const PREFETCH_DISTANCE: usize = 8 << 10;

/// Bytes a second that all threads read from a buffer of `size` bytes; the best of five runs.
pub fn bytes_per_second(size: usize) -> f64 {
    let lines = (size / CACHE_LINE).max(1 << 14);
    let part = lines.div_ceil(threads::count()) * CACHE_LINE;
    // In huge pages if possible, as weights are.
    let mut buffer = AlignedBuffer::new(lines);
    threads::parallel_chunks(buffer.bytes_mut(), part, |_, bytes| bytes.fill(1));
    let mut best = 0f64;
    for _ in 0..5 {
        let start = Instant::now();
        let mut parts: Vec<&[u8]> = buffer.bytes().chunks(part).collect();
        let sums = threads::parallel_map(&mut parts, |_, bytes| {
            let mut sum = 0;
            add_words(bytes, &mut sum);
            sum
        });
        std::hint::black_box(sums);
        best = best.max((lines * CACHE_LINE) as f64 / start.elapsed().as_secs_f64());
    }
    best
}

multiversion! {
    /// Sums words in independent accumulators, and prefetches, as kernels do.
    fn add_words(bytes: &[u8], total: &mut u64) {
        let mut sums = [0u64; 32];
        for chunk in bytes.as_chunks::<256>().0 {
            prefetch(chunk.as_ptr().wrapping_add(PREFETCH_DISTANCE), chunk.len());
            for (sum, word) in sums.iter_mut().zip(chunk.as_chunks::<8>().0) {
                *sum = sum.wrapping_add(u64::from_ne_bytes(*word));
            }
        }
        for sum in sums {
            *total = total.wrapping_add(sum);
        }
    }
}

/// Peak rate of all threads, in multiplications a second: of int8 with 32-bit sums, or of bf16
/// where a phase uses it. Zero if the instruction set has no measurement.
pub fn products_per_second(isa: Isa, phase: Phase) -> f64 {
    assert!(isa.available(), "{isa:?} is not available");
    let mut best = 0f64;
    // The first rounds bring the CPU to its clock rate.
    for _ in 0..3 {
        let start = Instant::now();
        let mut idle = vec![(); threads::count()];
        let counts = threads::parallel_map(&mut idle, |_, ()| products(isa, phase, 1 << 18));
        let products: usize = counts.into_iter().sum();
        best = best.max(products as f64 / start.elapsed().as_secs_f64());
    }
    best
}

/// Runs `rounds` rounds of products on this thread; the number of multiplications.
#[cfg_attr(not(target_arch = "x86_64"), allow(unused_variables))]
fn products(isa: Isa, phase: Phase, rounds: usize) -> usize {
    match isa {
        Isa::Scalar => 0,
        #[cfg(target_arch = "x86_64")]
        // SAFETY: the instruction set is available.
        Isa::Avx2 => unsafe { avx2::products::<false>(rounds) },
        #[cfg(target_arch = "x86_64")]
        // SAFETY: as above.
        Isa::AvxVnni => unsafe { avx2::products::<true>(rounds) },
        #[cfg(target_arch = "x86_64")]
        // SAFETY: as above.
        Isa::Amx if phase.uses_amx(isa) => unsafe { amx::products(rounds) },
        #[cfg(target_arch = "x86_64")]
        // SAFETY: as above; every CPU with AMX has VNNI.
        Isa::Vnni | Isa::Amx => unsafe { avx512_vnni::products(rounds) },
        #[cfg(target_arch = "aarch64")]
        // SAFETY: as above.
        Isa::Neon => unsafe { neon::products(rounds) },
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
