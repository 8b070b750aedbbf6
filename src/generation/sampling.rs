//! Chooses the next token from scores.

use std::borrow::Cow;
use std::sync::Arc;

use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;

use super::{Options, Rules};
use crate::checkpoint::Recommended;
use crate::kernels::largest;

/// How the next token is chosen.
#[derive(Debug, Clone, PartialEq, Default)]
pub enum Sampling {
    /// The likeliest one, always.
    #[default]
    Greedy,
    /// By chance, in proportion to probability; the same seed gives the same text.
    Random {
        /// What scores are divided by before the softmax; lower is more certain.
        temperature: f32,
        /// Only this many of the likeliest; 0 keeps all.
        top_k: usize,
        /// Only the likeliest that together have this share of probability (Holtzman et al. 2020,
        /// <https://arxiv.org/abs/1904.09751>); 1 keeps all.
        top_p: f32,
        /// Only those at least this share as likely as the likeliest (Nguyen et al. 2024,
        /// <https://arxiv.org/abs/2407.01082>); 0 keeps all.
        min_p: f32,
        /// Only those nearest to the expected surprise that together have this share of
        /// probability (Meister et al. 2022, <https://arxiv.org/abs/2202.00666>); 1 keeps all.
        typical_p: f32,
        /// Where chance begins.
        seed: u64,
    },
}

impl Sampling {
    /// By chance, as a checkpoint recommends; where it says nothing, moderately.
    pub fn recommended(by: &Recommended, seed: u64) -> Self {
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

impl Options {
    /// By chance, as a checkpoint recommends, its penalty included. A penalty that was set already
    /// stays.
    pub fn sample_as_recommended(&mut self, by: &Recommended, seed: u64) {
        self.sampling = Sampling::recommended(by, seed);
        if self.repetition_penalty == 1.0 {
            let penalty =
                by.repetition_penalty.filter(|penalty| penalty.is_finite() && *penalty > 0.0);
            self.repetition_penalty = penalty.map_or(1.0, |penalty| penalty as f32);
        }
    }
}

/// The choices of one sequence.
pub(super) struct Sampler {
    sampling: Sampling,
    repetition_penalty: f32,
    no_repeat_ngram: usize,
    rules: Arc<Rules>,
    random: ChaCha8Rng,
}

impl Sampler {
    /// `stream` gives each text of one seed random numbers of its own, whatever its neighbours.
    pub fn new(options: &Options, stream: u64) -> Self {
        let seed = match options.sampling {
            Sampling::Greedy => 0,
            Sampling::Random { seed, .. } => seed,
        };
        let mut random = ChaCha8Rng::seed_from_u64(seed);
        random.set_stream(stream);
        Self {
            sampling: options.sampling.clone(),
            repetition_penalty: options.repetition_penalty,
            no_repeat_ngram: options.no_repeat_ngram,
            rules: options.rules.clone(),
            random,
        }
    }

    /// For the rest of the text, after its `attempt`-th loop.
    pub fn discourage_repetition(&mut self, attempt: usize) {
        self.repetition_penalty = self.repetition_penalty.max(1.0 + 0.15 * attempt as f32);
        let longest = if attempt == 1 { 4 } else { 3 };
        self.no_repeat_ngram =
            if self.no_repeat_ngram == 0 { longest } else { self.no_repeat_ngram.min(longest) };
    }

    /// The token after `ids`, of which those from `prompt` on are the text.
    pub fn pick(&mut self, scores: &[f32], ids: &[u32], prompt: usize) -> u32 {
        let mut scores = Cow::Borrowed(scores);
        if self.repetition_penalty != 1.0 {
            let scores = scores.to_mut();
            let mut seen = ids.to_vec();
            seen.sort_unstable();
            seen.dedup();
            for id in seen {
                let Some(score) = scores.get_mut(id as usize) else { continue };
                *score = if *score > 0.0 {
                    *score / self.repetition_penalty
                } else {
                    *score * self.repetition_penalty
                };
            }
        }
        for id in repeats(&ids[prompt..], self.no_repeat_ngram) {
            if let Some(score) = scores.to_mut().get_mut(id as usize) {
                *score = f32::NEG_INFINITY;
            }
        }
        if self.rules.forbids_words() {
            self.rules.forbid_words(ids, prompt, scores.to_mut());
        }
        match self.sampling {
            Sampling::Random { temperature, .. } if temperature > 0.0 => self.draw(&scores),
            _ => likeliest(&scores),
        }
    }

    fn draw(&mut self, scores: &[f32]) -> u32 {
        let Sampling::Random { temperature, top_k, top_p, min_p, typical_p, .. } = self.sampling
        else {
            return likeliest(scores);
        };
        let mut ranked: Vec<(u32, f32)> = scores
            .iter()
            .enumerate()
            .filter(|(_, s)| s.is_finite())
            .map(|(id, s)| (id as u32, *s))
            .collect();
        // Equal scores in order of their ids, so that the order is one and the same everywhere.
        ranked.sort_unstable_by(|a, b| b.1.total_cmp(&a.1).then(a.0.cmp(&b.0)));
        if top_k > 0 {
            ranked.truncate(top_k);
        }
        let Some((_, best)) = ranked.first().copied() else { return likeliest(scores) };
        for (_, score) in &mut ranked {
            *score = ((*score - best) / temperature).exp();
        }
        // In the order of transformers.
        keep_share(&mut ranked, top_p);
        // The likeliest, whose weight is 1, stays whatever a file asks for.
        let least = min_p.min(1.0);
        ranked.retain(|(_, weight)| *weight >= least);
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

/// Keeps the first of these weights that together have a share of all of them.
fn keep_share(weights: &mut Vec<(u32, f32)>, share: f32) {
    let total: f32 = weights.iter().map(|(_, weight)| weight).sum();
    let mut sum = 0.0;
    let last = weights.iter().position(|(_, weight)| {
        sum += weight;
        sum >= share * total
    });
    weights.truncate(last.map_or(weights.len(), |last| last + 1));
}

/// Keeps those whose surprise is nearest to the expected one and which together have a share of
/// all.
fn keep_typical(weights: &mut Vec<(u32, f32)>, share: f32) {
    let total: f32 = weights.iter().map(|(_, weight)| weight).sum();
    let surprise = |weight: f32| -(weight / total).max(f32::MIN_POSITIVE).ln();
    let expected: f32 = weights.iter().map(|(_, weight)| weight / total * surprise(*weight)).sum();
    let off = |weight: f32| (surprise(weight) - expected).abs();
    weights.sort_by(|a, b| off(a.1).total_cmp(&off(b.1)));
    keep_share(weights, share);
}

/// The first of the highest scores.
fn likeliest(scores: &[f32]) -> u32 {
    largest(scores) as u32
}

/// Tokens that would complete a run of `length` that the text already has.
fn repeats(text: &[u32], length: usize) -> Vec<u32> {
    if length == 0 || text.len() < length {
        return Vec::new();
    }
    let tail = &text[text.len() + 1 - length..];
    text.windows(length)
        .filter(|run| run[..length - 1] == *tail)
        .map(|run| run[length - 1])
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn random(temperature: f32, top_k: usize, top_p: f32, min_p: f32, seed: u64) -> Sampler {
        let sampling = Sampling::Random { temperature, top_k, top_p, min_p, typical_p: 1.0, seed };
        Sampler::new(&Options { sampling, ..Options::default() }, 0)
    }

    #[test]
    fn greedy_takes_the_first_of_equals() {
        let mut sampler = Sampler::new(&Options::default(), 0);
        assert_eq!(sampler.pick(&[0.0, 2.0, 2.0], &[0], 1), 1);
    }

    #[test]
    fn filters_leave_only_what_they_allow() {
        let scores = [0.0, 1.0, 2.0, 3.0];
        for seed in 0..50 {
            assert_eq!(random(1.0, 1, 1.0, 0.0, seed).pick(&scores, &[0], 1), 3);
            assert_eq!(random(1.0, 0, 0.5, 0.0, seed).pick(&scores, &[0], 1), 3);
            assert!(random(1.0, 0, 1.0, 0.3, seed).pick(&scores, &[0], 1) >= 2);
            assert!(random(1.0, 3, 1.0, 0.0, seed).pick(&scores, &[0], 1) >= 1);
        }
    }

    #[test]
    fn the_same_seed_draws_the_same() {
        let draws = |seed| {
            let mut sampler = random(1.5, 0, 1.0, 0.0, seed);
            (0..20).map(|_| sampler.pick(&[0.0, 0.1, 0.2], &[0], 1)).collect::<Vec<_>>()
        };
        assert_eq!(draws(7), draws(7));
        assert_ne!(draws(7), draws(8));
    }

    #[test]
    fn a_penalty_works_on_both_sides_of_zero() {
        let options = Options { repetition_penalty: 2.0, ..Options::default() };
        assert_eq!(Sampler::new(&options, 0).pick(&[3.0, 2.0], &[0], 1), 1);
        assert_eq!(Sampler::new(&options, 0).pick(&[-1.0, -1.5], &[0], 1), 1);
    }

    #[test]
    fn typical_tokens_are_neither_the_likeliest_nor_the_rarest() {
        // A third of the chance is one token's, the rest is spread: the expected surprise is near
        // that of the many.
        let mut weights: Vec<(u32, f32)> = vec![(0, 0.3)];
        weights.extend((1..71).map(|id| (id, 0.01)));
        keep_typical(&mut weights, 0.3);
        assert!(weights.iter().all(|(id, _)| *id > 0) && weights.len() > 25, "{weights:?}");
    }

    #[test]
    fn what_a_checkpoint_recommends_is_taken_its_penalty_included() {
        let by = Recommended {
            temperature: Some(0.5),
            top_k: Some(3),
            min_p: Some(0.1),
            typical_p: Some(0.9),
            repetition_penalty: Some(1.05),
            ..Recommended::default()
        };
        let mut options = Options::default();
        options.sample_as_recommended(&by, 7);
        assert_eq!(options.repetition_penalty, 1.05);
        let wanted = Sampling::Random {
            temperature: 0.5,
            top_k: 3,
            top_p: 0.8,
            min_p: 0.1,
            typical_p: 0.9,
            seed: 7,
        };
        assert_eq!(options.sampling, wanted);
        let mut options = Options { repetition_penalty: 2.0, ..Options::default() };
        options.sample_as_recommended(&by, 7);
        assert_eq!(options.repetition_penalty, 2.0);
        options.repetition_penalty = 1.0;
        options.sample_as_recommended(&Recommended { repetition_penalty: Some(-1.0), ..by }, 7);
        assert_eq!(options.repetition_penalty, 1.0);
    }

    #[test]
    fn words_that_a_checkpoint_forbids_never_come_and_ends_not_before_their_time() {
        let rules = Rules {
            bad_words: vec![vec![3, 2]],
            suppressed: vec![4],
            suppressed_first: vec![1],
            min_new_tokens: 2,
            ends: vec![0],
            ..Rules::default()
        };
        let options = Options { rules: Arc::new(rules), ..Options::default() };
        let mut sampler = Sampler::new(&options, 0);
        let scores = [5.0, 3.0, 2.0, 1.0, 4.0];
        // The prompt is 3: bad words go on from it.
        assert_eq!(sampler.pick(&scores, &[3], 1), 3);
        assert_eq!(sampler.pick(&scores, &[3, 2], 1), 1);
        assert_eq!(sampler.pick(&scores, &[3, 2, 1], 1), 0);
    }

    #[test]
    fn a_forbidden_run_is_not_completed() {
        assert_eq!(repeats(&[5, 6, 7, 5, 6], 3), [7]);
        assert_eq!(repeats(&[5, 6], 3), [] as [u32; 0]);
        assert_eq!(repeats(&[5], 1), [5]);
    }
}
