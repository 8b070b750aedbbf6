//! The budget of a step: how many prompt tokens are read in it, and which sequences read them.
//!
//! A step ends before anything can be shown, cancelled or begun, so its length is limited by time,
//! not by the number of sequences. Chunk borders change no text: every network computes a token the
//! same in any chunk.

use std::time::Duration;

/// The most prompt tokens of one step: more do not make better use of the weights.
const MOST: usize = 512;
/// The fewest prompt tokens of a step, however slow the machine: with fewer, reading the weights
/// takes the time.
const LEAST: usize = 64;
/// Chunks that do not end a prompt are multiples of this, which the kernels' tiles are filled by.
const GRAIN: usize = 32;
/// How long a step should take at most …
const STEP: Duration = Duration::from_secs(1);
/// … and how long prompts may take of one in which texts are written: each of those gets one token
/// then.
const BESIDE: Duration = Duration::from_millis(200);
/// Prompt tokens beside each text that is written, at least: about what keeps a batch full, as a
/// summary's prompt is ten times as long as the summary.
const FOR_EACH: usize = 8;
/// Of each budget, the part kept for the oldest prompt, so that shorter ones cannot hold it up for
/// good.
const FOR_THE_OLDEST: usize = 4;

/// How fast prompts are read on this machine, measured step by step.
pub(super) struct Pace {
    /// The most tokens of a step.
    most: usize,
    /// Tokens a second; `None` before anything was measured, and where chunks must not depend on
    /// the clock.
    rate: Option<f64>,
    is_fixed: bool,
}

impl Pace {
    /// `is_fixed`: chunks stay the same from run to run, for arithmetic that depends on them.
    pub fn new(is_fixed: bool) -> Self {
        Self { most: MOST, rate: None, is_fixed }
    }

    /// Prompt tokens that the next step may read beside `writing` texts that are written.
    pub fn budget(&self, writing: usize) -> usize {
        let (time, least) = match writing {
            0 => (STEP, LEAST),
            texts => (BESIDE, (FOR_EACH * texts).next_multiple_of(GRAIN).min(self.most)),
        };
        let fits = self.rate.map_or(self.most as f64, |rate| rate * time.as_secs_f64());
        (fits as usize).clamp(least, self.most) / GRAIN * GRAIN
    }

    /// A step with `tokens` prompt tokens took this long.
    pub fn learn(&mut self, tokens: usize, took: Duration) {
        if self.is_fixed || tokens < GRAIN || took.is_zero() {
            return;
        }
        let rate = tokens as f64 / took.as_secs_f64();
        // One slow step (weights read from disk, a busy machine) should not decide alone.
        self.rate = Some(self.rate.map_or(rate, |before| f64::midpoint(before, rate)));
    }
}

/// What a sequence has to read.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Unread {
    /// Tokens of its prompt, or of a text that is read again; 0 where it only continues.
    pub tokens: usize,
    /// Another prompt begins the same way and waits for this one.
    pub awaited: bool,
}

/// Shares a budget among sequences, given oldest first: tokens for each.
///
/// A part is kept for the oldest; the rest goes to those that are waited for, then to the shortest,
/// so that a short text takes about as long as it would alone whatever is read beside it.
pub(super) fn shares(budget: usize, unread: &[Unread]) -> Vec<usize> {
    let mut shares = vec![0; unread.len()];
    let mut left = budget;
    let mut give = |at: usize, most: usize| {
        let wanted = unread[at].tokens - shares[at];
        let most = most.min(left);
        let given = if wanted <= most { wanted } else { most / GRAIN * GRAIN };
        shares[at] += given;
        left -= given;
    };
    let mut order: Vec<usize> = (0..unread.len()).filter(|at| unread[*at].tokens > 0).collect();
    if let Some(oldest) = order.first() {
        give(*oldest, (budget / FOR_THE_OLDEST).max(GRAIN));
    }
    order.sort_by_key(|at| (!unread[*at].awaited, unread[*at].tokens));
    for at in order {
        give(at, usize::MAX);
    }
    shares
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn of(tokens: &[usize]) -> Vec<Unread> {
        tokens.iter().map(|tokens| Unread { tokens: *tokens, awaited: false }).collect()
    }

    #[test]
    fn short_prompts_pass_long_ones_and_the_oldest_is_never_left_out() {
        assert_eq!(shares(512, &of(&[7000])), [512]);
        assert_eq!(shares(512, &of(&[7000, 7000, 200])), [288, 0, 200]);
        // As many short ones as there may be: the long one, which is oldest, still moves on.
        assert_eq!(shares(512, &of(&[7000, 300, 300, 300])), [128, 300, 64, 0]);
        // Those that continue need no share.
        assert_eq!(shares(512, &of(&[0, 100, 0, 40])), [0, 100, 0, 40]);
        assert_eq!(shares(512, &[]), [0; 0]);
    }

    #[test]
    fn a_prompt_that_another_waits_for_comes_first() {
        let mut unread = of(&[5000, 6000, 40]);
        unread[1].awaited = true;
        assert_eq!(shares(512, &unread), [128, 384, 0]);
    }

    #[test]
    fn a_step_takes_about_a_second_at_most() {
        let mut pace = Pace::new(false);
        assert_eq!(pace.budget(0), MOST);
        for _ in 0..9 {
            pace.learn(pace.budget(0), Duration::from_secs_f64(pace.budget(0) as f64 / 200.0));
        }
        assert_eq!(pace.budget(0), 192);
        // Beside texts less, but so much that a large batch does not run dry.
        assert_eq!([1, 8, 20, 500].map(|writing| pace.budget(writing)), [32, 64, 160, MOST]);
        for _ in 0..20 {
            pace.learn(pace.budget(0), Duration::from_secs(60));
        }
        assert_eq!(pace.budget(0), LEAST);
        // It recovers, and what is fixed does not change.
        for _ in 0..20 {
            pace.learn(pace.budget(0), Duration::from_millis(1));
        }
        assert_eq!(pace.budget(0), MOST);
        let mut fixed = Pace::new(true);
        fixed.learn(512, Duration::from_secs(60));
        assert_eq!(fixed.budget(0), MOST);
    }

    proptest! {
        /// The budget is kept, nothing is given that is not wanted, and every step reads something.
        #[test]
        fn shares_fit(
            budget in GRAIN..=MOST,
            tokens in proptest::collection::vec((0usize..3000, proptest::bool::ANY), 0..20),
        ) {
            let budget = budget / GRAIN * GRAIN;
            let unread: Vec<Unread> =
                tokens.iter().map(|(tokens, awaited)| Unread { tokens: *tokens, awaited: *awaited }).collect();
            let shares = shares(budget, &unread);
            let total: usize = shares.iter().sum();
            let wanted: usize = unread.iter().map(|unread| unread.tokens).sum();
            prop_assert!(total <= budget && (total >= wanted.min(budget.saturating_sub(GRAIN - 1))));
            for (share, unread) in shares.iter().zip(&unread) {
                prop_assert!(*share <= unread.tokens && (share % GRAIN == 0 || *share == unread.tokens));
            }
            if let Some(oldest) = unread.iter().position(|unread| unread.tokens > 0) {
                prop_assert!(shares[oldest] > 0);
            }
        }
    }
}
