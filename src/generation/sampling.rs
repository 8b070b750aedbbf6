//! Sampling: chooses the next token from logits.

use std::borrow::Cow;

use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;

use super::logits_rules::{LogitsProcessors, TokenHistory};
use crate::checkpoint::SamplingDefaults;
use crate::kernels;

/// How the next token is chosen.
#[derive(Debug, Clone, PartialEq, Default)]
pub enum Sampling {
    /// Always the most probable token.
    #[default]
    Greedy,
    /// At random, in proportion to the probabilities; the same seed gives the same text.
    Random {
        /// Divisor of the logits before the softmax; lower is more deterministic.
        temperature: f32,
        /// Keeps this many of the most probable tokens; 0 keeps all.
        top_k: usize,
        /// Keeps the most probable tokens that together have this probability (Holtzman et al.
        /// 2020, <https://arxiv.org/abs/1904.09751>); 1 keeps all.
        top_p: f32,
        /// Keeps tokens with at least this fraction of the highest probability (Nguyen et al. 2024,
        /// <https://arxiv.org/abs/2407.01082>); 0 keeps all.
        min_p: f32,
        /// Keeps the tokens nearest to the expected information content that together have this
        /// probability (Meister et al. 2022, <https://arxiv.org/abs/2202.00666>); 1 keeps all.
        typical_p: f32,
        /// Seed of the random numbers.
        seed: u64,
    },
}

impl Sampling {
    /// Random sampling with the checkpoint's defaults; moderate values where it has none.
    #[doc(hidden)]
    pub fn recommended(by: &SamplingDefaults, seed: u64) -> Self {
        Self::Random {
            temperature: by.temperature.map_or(0.7, |value| value as f32),
            top_k: by.top_k.unwrap_or(20),
            top_p: by.top_p.map_or(0.8, |value| value as f32),
            min_p: by.min_p.map_or(0.0, |value| value as f32),
            typical_p: by.typical_p.map_or(1.0, |value| value as f32),
            seed,
        }
    }
}

/// The sampler of one sequence.
pub(super) struct Sampler {
    sampling: Sampling,
    processors: LogitsProcessors,
    random: ChaCha8Rng,
}

impl Sampler {
    /// `stream` selects the random numbers of a sequence among those of a seed.
    pub fn new(sampling: Sampling, processors: LogitsProcessors, stream: u64) -> Self {
        let seed = match sampling {
            Sampling::Greedy => 0,
            Sampling::Random { seed, .. } => seed,
        };
        let mut random = ChaCha8Rng::seed_from_u64(seed);
        random.set_stream(stream);
        Self { sampling, processors, random }
    }

    /// Makes repetition less likely in the rest of the text, after its `attempt`-th loop.
    pub fn discourage_repetition(&mut self, attempt: usize) {
        let LogitsProcessors { repetition_penalty, no_repeat_ngram_size, .. } =
            &mut self.processors;
        *repetition_penalty = repetition_penalty.max(1.0 + 0.15 * attempt as f32);
        let size = if attempt == 1 { 4 } else { 3 };
        *no_repeat_ngram_size =
            if *no_repeat_ngram_size == 0 { size } else { size.min(*no_repeat_ngram_size) };
    }

    /// The token after `ids`, of which the first `prompt_len` are the prompt.
    pub fn next_token(&mut self, logits: &[f32], ids: &[u32], prompt_len: usize) -> u32 {
        let mut scores = Cow::Borrowed(logits);
        self.processors.apply(TokenHistory::decoder_only(ids, prompt_len), &mut scores);
        match self.sampling {
            Sampling::Random { temperature, .. } if temperature > 0.0 => self.draw(&scores),
            _ => argmax(&scores),
        }
    }

    fn draw(&mut self, scores: &[f32]) -> u32 {
        let Sampling::Random { temperature, top_k, top_p, min_p, typical_p, .. } = self.sampling
        else {
            return argmax(scores);
        };
        let mut ranked: Vec<(u32, f32)> = scores
            .iter()
            .enumerate()
            .filter(|(_, score)| score.is_finite())
            .map(|(id, score)| (id as u32, *score))
            .collect();
        // Equal scores by id, so that the order is the same on every machine.
        ranked.sort_unstable_by(|a, b| b.1.total_cmp(&a.1).then(a.0.cmp(&b.0)));
        if top_k > 0 {
            ranked.truncate(top_k);
        }
        let Some((_, best)) = ranked.first().copied() else { return argmax(scores) };
        for (_, score) in &mut ranked {
            *score = ((*score - best) / temperature).exp();
        }
        // The order of transformers.
        keep_top_p(&mut ranked, top_p);
        // The weight of the best token is 1: it stays, even if a file asks for more.
        let min_weight = min_p.min(1.0);
        ranked.retain(|(_, weight)| *weight >= min_weight);
        if typical_p < 1.0 {
            keep_typical(&mut ranked, typical_p);
        }
        let total: f32 = ranked.iter().map(|(_, weight)| weight).sum();
        let mut left = self.random.random::<f32>() * total;
        for (id, weight) in &ranked {
            left -= weight;
            if left <= 0.0 {
                return *id;
            }
        }
        ranked[0].0
    }
}

/// Keeps the first weights that together make up a fraction of the sum.
fn keep_top_p(weights: &mut Vec<(u32, f32)>, fraction: f32) {
    let total: f32 = weights.iter().map(|(_, weight)| weight).sum();
    let mut sum = 0.0;
    let last = weights.iter().position(|(_, weight)| {
        sum += weight;
        sum >= fraction * total
    });
    weights.truncate(last.map_or(weights.len(), |last| last + 1));
}

/// Keeps the weights whose information content is nearest to the expected one and which together
/// make up a fraction of the sum.
fn keep_typical(weights: &mut Vec<(u32, f32)>, fraction: f32) {
    let total: f32 = weights.iter().map(|(_, weight)| weight).sum();
    let information = |weight: f32| -(weight / total).max(f32::MIN_POSITIVE).ln();
    let entropy: f32 =
        weights.iter().map(|(_, weight)| weight / total * information(*weight)).sum();
    let distance = |weight: f32| (information(weight) - entropy).abs();
    weights.sort_by(|a, b| distance(a.1).total_cmp(&distance(b.1)));
    keep_top_p(weights, fraction);
}

/// The token with the highest score; the first one on ties.
fn argmax(scores: &[f32]) -> u32 {
    kernels::argmax(scores) as u32
}

#[cfg(test)]
mod tests {
    use super::*;

    fn greedy(processors: LogitsProcessors) -> Sampler {
        Sampler::new(Sampling::Greedy, processors, 0)
    }

    fn random(temperature: f32, top_k: usize, top_p: f32, min_p: f32, seed: u64) -> Sampler {
        let sampling = Sampling::Random { temperature, top_k, top_p, min_p, typical_p: 1.0, seed };
        Sampler::new(sampling, LogitsProcessors::default(), 0)
    }

    #[test]
    fn greedy_takes_the_first_of_equals() {
        let mut sampler = greedy(LogitsProcessors::default());
        assert_eq!(sampler.next_token(&[0.0, 2.0, 2.0], &[0], 1), 1);
    }

    #[test]
    fn filters_leave_only_what_they_allow() {
        let logits = [0.0, 1.0, 2.0, 3.0];
        for seed in 0..50 {
            assert_eq!(random(1.0, 1, 1.0, 0.0, seed).next_token(&logits, &[0], 1), 3);
            assert_eq!(random(1.0, 0, 0.5, 0.0, seed).next_token(&logits, &[0], 1), 3);
            assert!(random(1.0, 0, 1.0, 0.3, seed).next_token(&logits, &[0], 1) >= 2);
            assert!(random(1.0, 3, 1.0, 0.0, seed).next_token(&logits, &[0], 1) >= 1);
        }
    }

    #[test]
    fn the_same_seed_draws_the_same() {
        let draws = |seed| {
            let mut sampler = random(1.5, 0, 1.0, 0.0, seed);
            (0..20).map(|_| sampler.next_token(&[0.0, 0.1, 0.2], &[0], 1)).collect::<Vec<_>>()
        };
        assert_eq!(draws(7), draws(7));
        assert_ne!(draws(7), draws(8));
    }

    #[test]
    fn a_penalty_works_on_both_sides_of_zero() {
        let processors =
            LogitsProcessors { repetition_penalty: 2.0, ..LogitsProcessors::default() };
        assert_eq!(greedy(processors.clone()).next_token(&[3.0, 2.0], &[0], 1), 1);
        assert_eq!(greedy(processors).next_token(&[-1.0, -1.5], &[0], 1), 1);
    }

    #[test]
    fn typical_tokens_are_neither_the_likeliest_nor_the_rarest() {
        // One token has a third of the probability, the rest is spread evenly: the expected
        // information content is near that of the many.
        let mut weights: Vec<(u32, f32)> = vec![(0, 0.3)];
        weights.extend((1..71).map(|id| (id, 0.01)));
        keep_typical(&mut weights, 0.3);
        assert!(weights.iter().all(|(id, _)| *id > 0) && weights.len() > 25, "{weights:?}");
    }

    #[test]
    fn logits_processors_apply_before_the_choice() {
        let processors = LogitsProcessors {
            bad_words_ids: vec![vec![3, 2]],
            suppress_tokens: vec![4],
            begin_suppress_tokens: vec![1],
            min_new_tokens: 2,
            eos_token_ids: vec![0],
            ..LogitsProcessors::default()
        };
        let mut sampler = greedy(processors);
        let logits = [5.0, 3.0, 2.0, 1.0, 4.0];
        // The prompt is 3: the bad word begins in it.
        assert_eq!(sampler.next_token(&logits, &[3], 1), 3);
        assert_eq!(sampler.next_token(&logits, &[3, 2], 1), 1);
        assert_eq!(sampler.next_token(&logits, &[3, 2, 1], 1), 0);
    }
}
