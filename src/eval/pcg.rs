//! The random numbers of NumPy's `default_rng(seed)`: PCG64 (O'Neill 2014) with `SeedSequence`.
//!
//! With them a test with sacreBLEU's seed chooses the lines that sacreBLEU chooses.

/// A generator with the numbers of NumPy 1.17 and later.
pub(super) struct Pcg64 {
    state: u128,
    increment: u128,
    /// The upper half of the last number, which is the next one.
    upper: Option<u32>,
}

impl Pcg64 {
    pub fn new(seed: u32) -> Self {
        let [a, b, c, d] = seed_sequence(seed);
        let wide = |high: u64, low: u64| u128::from(high) << 64 | u128::from(low);
        let mut generator = Self { state: 0, increment: wide(c, d) << 1 | 1, upper: None };
        generator.step();
        generator.state = generator.state.wrapping_add(wide(a, b));
        generator.step();
        generator
    }

    fn step(&mut self) {
        const MULTIPLIER: u128 = 0x2360_ED05_1FC6_5DA4_4385_DF64_9FCC_F645;
        self.state = self.state.wrapping_mul(MULTIPLIER).wrapping_add(self.increment);
    }

    fn next_u32(&mut self) -> u32 {
        if let Some(upper) = self.upper.take() {
            return upper;
        }
        self.step();
        let mixed = (self.state >> 64) as u64 ^ self.state as u64;
        let number = mixed.rotate_right((self.state >> 122) as u32);
        self.upper = Some((number >> 32) as u32);
        number as u32
    }

    /// A number below `bound` (Lemire 2019). Takes no random number if the bound is 1.
    pub fn below(&mut self, bound: u32) -> u32 {
        if bound <= 1 {
            return 0;
        }
        let threshold = bound.wrapping_neg() % bound;
        loop {
            let product = u64::from(self.next_u32()) * u64::from(bound);
            if product as u32 >= threshold {
                return (product >> 32) as u32;
            }
        }
    }

    /// A source of single bits, each number from its lowest bit.
    pub fn bits(mut self) -> impl FnMut() -> bool {
        let (mut number, mut left) = (0, 0);
        move || {
            if left == 0 {
                (number, left) = (self.next_u32(), 32);
            }
            let bit = number & 1 == 1;
            (number, left) = (number >> 1, left - 1);
            bit
        }
    }
}

/// Four words of `SeedSequence(seed)`, with its pool of four numbers.
fn seed_sequence(seed: u32) -> [u64; 4] {
    const POOL: usize = 4;
    let mut constant = 0x43b0_d7e5_u32;
    let mut hash = |value: u32| {
        let value = value ^ constant;
        constant = constant.wrapping_mul(0x931e_8875);
        let value = value.wrapping_mul(constant);
        value ^ value >> 16
    };
    let mut pool = [seed, 0, 0, 0].map(&mut hash);
    for source in 0..POOL {
        for target in (0..POOL).filter(|target| *target != source) {
            let mixed = pool[target]
                .wrapping_mul(0xca01_f9dd)
                .wrapping_sub(hash(pool[source]).wrapping_mul(0x4973_f715));
            pool[target] = mixed ^ mixed >> 16;
        }
    }
    let mut constant = 0x8b51_f9dd_u32;
    let mut word = |index: usize| {
        let value = pool[index % POOL] ^ constant;
        constant = constant.wrapping_mul(0x58f3_8ded);
        let value = value.wrapping_mul(constant);
        u64::from(value ^ value >> 16)
    };
    [0, 2, 4, 6].map(|index| word(index) | word(index + 1) << 32)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// `default_rng(12345).integers(0, 997, 8)`, and the same with 2 and `dtype=bool`.
    #[test]
    fn numbers_are_those_of_numpy() {
        let mut generator = Pcg64::new(12345);
        let numbers: Vec<u32> = (0..8).map(|_| generator.below(997)).collect();
        assert_eq!(numbers, NUMBERS);
        let mut bit = Pcg64::new(12345).bits();
        let bits: String = (0..40).map(|_| if bit() { '1' } else { '0' }).collect();
        assert_eq!(bits, BITS);
        assert_eq!(Pcg64::new(7).below(1), 0);
    }

    const NUMBERS: [u32; 8] = [697, 226, 786, 315, 203, 794, 640, 674];
    const BITS: &str = "1011100110000011111111110100110110110001";
}
