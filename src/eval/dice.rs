//! Random choices, the same for a seed on every machine.

use std::ops::Range;

use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;

/// A source of random choices.
pub(super) struct Dice(ChaCha8Rng);

impl Dice {
    pub fn new(seed: u64) -> Self {
        Self(ChaCha8Rng::seed_from_u64(seed))
    }

    /// A number below `end`; 0 if that is 0.
    pub fn below(&mut self, end: usize) -> usize {
        if end == 0 { 0 } else { self.0.random_range(0..end) }
    }

    /// One of the values; `None` if there is none.
    pub fn pick<T: Clone>(&mut self, values: &[T]) -> Option<T> {
        values.get(self.below(values.len())).cloned()
    }

    /// One of the values that are not `other`.
    pub fn other<'v>(&mut self, values: &[&'v str], other: &str) -> Option<&'v str> {
        let rest: Vec<&str> = values.iter().copied().filter(|value| *value != other).collect();
        self.pick(&rest)
    }

    /// Puts values into a random order.
    pub fn shuffle<T>(&mut self, values: &mut [T]) {
        for end in (1..values.len()).rev() {
            values.swap(end, self.below(end + 1));
        }
    }

    /// The text with one of the replacements made.
    pub fn replaced(
        &mut self,
        text: &str,
        replacements: &[(Range<usize>, String)],
    ) -> Option<String> {
        let (span, new) = self.pick(replacements)?;
        Some(super::spots::replaced(text, span, &new))
    }
}
