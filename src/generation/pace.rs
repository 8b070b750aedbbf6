//! The token budget of a step: how many prompt tokens it processes, and of which sequences.
//!
//! Nothing can be shown, cancelled or started within a step, so the budget follows from a time
//! limit and the measured speed. Chunk borders change no text: every network computes a token the
//! same way in any chunk.

use std::time::Duration;

/// Maximum number of prompt tokens of a step. More would not use the weights any better.
const MAX_TOKENS: usize = 512;
/// Minimum number of prompt tokens of a step, on slow machines too: with fewer, reading the weights
/// takes most of the time.
const MIN_TOKENS: usize = 64;
/// Chunks that do not end a prompt are multiples of this: they fill the tiles of the kernels.
const GRANULARITY: usize = 32;
/// Time limit of a step.
const STEP_TIME: Duration = Duration::from_secs(1);
/// Time limit of prefill in a step with decoding sequences, which get one token each.
const PREFILL_TIME_BESIDE_DECODE: Duration = Duration::from_millis(200);
/// Minimum number of prompt tokens for each decoding sequence. It keeps a batch about full, as the
/// prompt of a summary is ten times as long as the summary.
const TOKENS_PER_DECODING: usize = 8;
/// The oldest prompt gets at least the budget divided by this, so that shorter prompts cannot hold
/// it up forever.
const OLDEST_DIVISOR: usize = 4;

/// The prefill speed of this machine, measured step by step.
pub(super) struct Pace {
    /// Tokens per second; `None` before the first measurement, and with fixed chunks.
    rate: Option<f64>,
    is_fixed: bool,
}

impl Pace {
    /// With `is_fixed` the budget does not follow the speed, for arithmetic that depends on chunks.
    pub fn new(is_fixed: bool) -> Self {
        Self { rate: None, is_fixed }
    }

    /// Prompt tokens of the next step, beside `decoding` sequences that decode.
    pub fn budget(&self, decoding: usize) -> usize {
        let (time, min) = if decoding == 0 {
            (STEP_TIME, MIN_TOKENS)
        } else {
            let min = (TOKENS_PER_DECODING * decoding).next_multiple_of(GRANULARITY);
            (PREFILL_TIME_BESIDE_DECODE, min.min(MAX_TOKENS))
        };
        let fits = self.rate.map_or(MAX_TOKENS as f64, |rate| rate * time.as_secs_f64());
        (fits as usize).clamp(min, MAX_TOKENS) / GRANULARITY * GRANULARITY
    }

    /// Records the duration of a step with `tokens` prompt tokens.
    pub fn record(&mut self, tokens: usize, duration: Duration) {
        if self.is_fixed || tokens < GRANULARITY || duration.is_zero() {
            return;
        }
        let rate = tokens as f64 / duration.as_secs_f64();
        // Averaged, because a single step may be slow: weights read from disk, a busy machine.
        self.rate = Some(self.rate.map_or(rate, |before| f64::midpoint(before, rate)));
    }
}

/// Tokens that a sequence has to process before it can decode.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct PendingTokens {
    /// Tokens of its prompt, or of a text that is computed again; 0 if it decodes.
    pub tokens: usize,
    /// True if another request has the same prefix and waits until it is computed.
    pub has_dependents: bool,
}

/// Divides a budget among sequences, oldest first; returns the number of tokens of each.
///
/// The oldest gets its minimum; the rest goes to the sequences with dependents, then to the
/// shortest, so that a short text takes about as long as it would alone.
pub(super) fn share_budget(budget: usize, pending: &[PendingTokens]) -> Vec<usize> {
    let mut shares = vec![0; pending.len()];
    let mut left = budget;
    let mut give = |at: usize, limit: usize| {
        let missing = pending[at].tokens - shares[at];
        let limit = limit.min(left);
        let given = if missing <= limit { missing } else { limit / GRANULARITY * GRANULARITY };
        shares[at] += given;
        left -= given;
    };
    let mut order: Vec<usize> = (0..pending.len()).filter(|at| pending[*at].tokens > 0).collect();
    if let Some(oldest) = order.first() {
        give(*oldest, (budget / OLDEST_DIVISOR).max(GRANULARITY));
    }
    order.sort_by_key(|at| (!pending[*at].has_dependents, pending[*at].tokens));
    for at in order {
        give(at, usize::MAX);
    }
    shares
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn pending(tokens: &[usize]) -> Vec<PendingTokens> {
        let sequence = |tokens: &usize| PendingTokens { tokens: *tokens, has_dependents: false };
        tokens.iter().map(sequence).collect()
    }

    #[test]
    fn short_prompts_pass_long_ones_and_the_oldest_is_never_left_out() {
        assert_eq!(share_budget(512, &pending(&[7000])), [512]);
        assert_eq!(share_budget(512, &pending(&[7000, 7000, 200])), [288, 0, 200]);
        // The long prompt is the oldest and moves on beside any number of short ones.
        assert_eq!(share_budget(512, &pending(&[7000, 300, 300, 300])), [128, 300, 64, 0]);
        // Decoding sequences need no share.
        assert_eq!(share_budget(512, &pending(&[0, 100, 0, 40])), [0, 100, 0, 40]);
        assert_eq!(share_budget(512, &[]), [0; 0]);
    }

    #[test]
    fn a_prompt_with_dependents_comes_first() {
        let mut waiting = pending(&[5000, 6000, 40]);
        waiting[1].has_dependents = true;
        assert_eq!(share_budget(512, &waiting), [128, 384, 0]);
    }

    #[test]
    fn a_step_takes_about_a_second_at_most() {
        let mut pace = Pace::new(false);
        assert_eq!(pace.budget(0), MAX_TOKENS);
        for _ in 0..9 {
            pace.record(pace.budget(0), Duration::from_secs_f64(pace.budget(0) as f64 / 200.0));
        }
        assert_eq!(pace.budget(0), 192);
        // Less beside decoding sequences, but enough to keep a large batch full.
        assert_eq!(
            [1, 8, 20, 500].map(|decoding| pace.budget(decoding)),
            [32, 64, 160, MAX_TOKENS]
        );
        for _ in 0..20 {
            pace.record(pace.budget(0), Duration::from_secs(60));
        }
        assert_eq!(pace.budget(0), MIN_TOKENS);
        // It recovers, and a fixed budget does not change.
        for _ in 0..20 {
            pace.record(pace.budget(0), Duration::from_millis(1));
        }
        assert_eq!(pace.budget(0), MAX_TOKENS);
        let mut fixed = Pace::new(true);
        fixed.record(512, Duration::from_secs(60));
        assert_eq!(fixed.budget(0), MAX_TOKENS);
    }

    proptest! {
        /// The budget holds, no sequence gets more than it has pending, and no step is empty.
        #[test]
        fn shares_fit(
            budget in GRANULARITY..=MAX_TOKENS,
            tokens in proptest::collection::vec((0usize..3000, proptest::bool::ANY), 0..20),
        ) {
            let budget = budget / GRANULARITY * GRANULARITY;
            let waiting: Vec<PendingTokens> =
                tokens.into_iter().map(|(tokens, has_dependents)| PendingTokens { tokens, has_dependents }).collect();
            let shares = share_budget(budget, &waiting);
            let total: usize = shares.iter().sum();
            let wanted: usize = waiting.iter().map(|waiting| waiting.tokens).sum();
            let least = wanted.min(budget.saturating_sub(GRANULARITY - 1));
            prop_assert!((least..=budget).contains(&total));
            for (share, waiting) in shares.iter().zip(&waiting) {
                prop_assert!(*share <= waiting.tokens);
                prop_assert!(share % GRANULARITY == 0 || *share == waiting.tokens);
            }
            if let Some(oldest) = waiting.iter().position(|waiting| waiting.tokens > 0) {
                prop_assert!(shares[oldest] > 0);
            }
        }
    }
}
