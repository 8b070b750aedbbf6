//! Prefix cache: states of recent prompts, so that a common beginning is computed once.
//!
//! The prompts of a feed begin alike: with the chat template and the instructions.

use crate::architectures::State;

/// Minimum length of a shared prefix, in tokens. A shorter one costs less to compute than to keep.
pub(super) const MIN_SHARED_PREFIX: usize = 16;

/// Prefixes of prompts that finished recently, one for each distinct beginning, oldest first.
#[derive(Default)]
pub(crate) struct PrefixCache(Vec<(Vec<u32>, State)>);

impl PrefixCache {
    /// Maximum number of prefixes.
    const CAPACITY: usize = 4;

    /// Upper bound on the tokens of a prompt whose state is kept for the next call.
    const MAX_KEPT: usize = 2048;

    /// Keeps what the next call probably begins with, the newest prefix, unless its state holds
    /// much memory. `longest` is the number of tokens of the longest prompt of this call: a state
    /// that was cut back still has the memory of all of them.
    pub fn keep_for_next_call(&mut self, longest: usize) {
        let newest = self.0.pop().filter(|_| longest <= Self::MAX_KEPT);
        self.0.clear();
        self.0.extend(newest);
    }

    /// The prefixes and their states.
    pub(super) fn iter(&self) -> impl Iterator<Item = (&[u32], &State)> {
        self.0.iter().map(|(ids, state)| (&ids[..], state))
    }

    /// Adds a prompt whose tokens `state` has processed. A cached prompt with the same beginning is
    /// replaced by the common part of the two: the instructions, without the article.
    pub(super) fn insert(&mut self, prompt: &[u32], state: &State) {
        let mut ids = prompt.to_vec();
        let mut state = state.fork();
        let similar =
            |(other, _): &(Vec<u32>, State)| shared_prefix_len(other, prompt) >= MIN_SHARED_PREFIX;
        if let Some(at) = self.0.iter().position(similar) {
            let (other, _) = self.0.remove(at);
            ids.truncate(shared_prefix_len(&other, prompt));
        }
        // Recurrent layers may have to go back further.
        ids.truncate(state.truncate(ids.len()));
        if ids.len() >= MIN_SHARED_PREFIX {
            self.0.push((ids, state));
        }
        if self.0.len() > Self::CAPACITY {
            self.0.remove(0);
        }
    }
}

/// Number of equal tokens at the beginning of both.
pub(super) fn shared_prefix_len(a: &[u32], b: &[u32]) -> usize {
    a.iter().zip(b).take_while(|(a, b)| a == b).count()
}
