//! What a machine can do at most, measured: bytes read and products of bytes a second. To compare the speed of a model with.

use std::time::Instant;

use super::isa::Isa;
use super::pool;

/// Bytes a second that all threads read together, from a buffer as large as is given; the best of three times.
pub fn bytes_per_second(size: usize) -> f64 {
    let words = (size / 8).max(1 << 17);
    let part = words.div_ceil(pool::threads());
    let mut buffer = vec![0u64; words];
    pool::parts(&mut buffer, part, |_, words| words.fill(1));
    let read = || {
        let began = Instant::now();
        let sums = pool::map(&mut buffer.chunks(part).collect::<Vec<_>>(), |_, words| sum(words));
        std::hint::black_box(sums);
        (words * 8) as f64 / began.elapsed().as_secs_f64()
    };
    (0..3).map(|_| read()).fold(0.0, f64::max)
}

/// Several sums, so that none waits for another.
fn sum(words: &[u64]) -> u64 {
    let (chunks, rest) = words.as_chunks::<32>();
    let mut sums = [0u64; 32];
    for chunk in chunks {
        for (sum, word) in sums.iter_mut().zip(chunk) {
            *sum = sum.wrapping_add(*word);
        }
    }
    sums.iter().chain(rest).fold(0, |sum, word| sum.wrapping_add(*word))
}

/// Products of two bytes a second, of all threads together and summed into 32 bits, with nothing else to do. Zero where it is not known for
/// the instruction set.
pub fn products_per_second(isa: Isa) -> f64 {
    assert!(isa.available(), "{isa:?} was detected before it is used");
    let one = |rounds: usize| {
        let began = Instant::now();
        let all: usize =
            pool::map(&mut vec![(); pool::threads()], |_, ()| products(isa, rounds)).into_iter().sum();
        all as f64 / began.elapsed().as_secs_f64()
    };
    // The first rounds bring the processor to its pace.
    (0..3).map(|_| one(1 << 18)).fold(0.0, f64::max)
}

fn products(isa: Isa, rounds: usize) -> usize {
    match isa {
        Isa::Plain => 0,
        #[cfg(target_arch = "x86_64")]
        // SAFETY: the instruction set is available.
        Isa::Avx2 => unsafe { super::avx2::products(rounds) },
        #[cfg(target_arch = "x86_64")]
        // SAFETY: as above.
        Isa::Vnni => unsafe { super::vnni::products(rounds) },
        #[cfg(target_arch = "x86_64")]
        // SAFETY: as above.
        Isa::Amx => unsafe { super::amx::products(rounds) },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ceilings_are_measured() {
        assert!(bytes_per_second(1 << 22) > 1e6);
        for isa in Isa::all().filter(|isa| isa.available() && *isa != Isa::Plain) {
            assert!(products_per_second(isa) > 1e6, "{isa:?}");
        }
    }
}
