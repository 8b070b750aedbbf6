//! Options of a generation and its result.

use std::sync::Arc;

use super::beam::BeamSearchConfig;
use super::lexical::LexicalConstraint;
use super::logits_rules::LogitsProcessors;
use super::sampling::Sampling;
use crate::checkpoint::SamplingDefaults;
use crate::event::Finish;

/// How to generate.
#[derive(Debug, Clone, PartialEq)]
pub struct Options {
    /// Maximum number of new tokens.
    pub max_tokens: usize,
    /// How the next token is chosen. Ignored by encoder–decoder models.
    pub sampling: Sampling,
    /// Divisor of the logits of tokens that are already in the prompt or the text (factor of
    /// negative logits); 1 disables it (Keskar et al. 2019, <https://arxiv.org/abs/1909.05858>).
    pub repetition_penalty: f32,
    /// No n-gram of this size occurs twice in a text; 0 disables it.
    pub no_repeat_ngram: usize,
    /// Tokens that the checkpoint bans: bad words, suppressed tokens, an early end.
    #[doc(hidden)]
    pub logits_processors: Arc<LogitsProcessors>,
    /// Stop strings: they end the text and are not part of it.
    pub stop: Vec<String>,
    /// Maximum number of sequences in flight at once.
    pub batch: usize,
    /// True to use prompt-lookup drafts: probable next tokens are copied from the prompt and the
    /// text, and verified by the network several at a time. The texts are the same if the network's
    /// results do not depend on the batch, which holds for the CPU kernels.
    pub drafts: bool,
    /// Beam search of encoder–decoder models; `None` for the checkpoint's own settings.
    #[doc(hidden)]
    pub beam_search: Option<BeamSearchConfig>,
    /// Numbers and phrases of the text.
    #[doc(hidden)]
    pub lexical_constraint: Option<Arc<LexicalConstraint>>,
    /// True to record the log-probabilities of the tokens of decoder-only models, too.
    #[doc(hidden)]
    pub scores: bool,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            max_tokens: 512,
            sampling: Sampling::Greedy,
            repetition_penalty: 1.0,
            no_repeat_ngram: 0,
            logits_processors: Arc::default(),
            stop: Vec::new(),
            batch: 8,
            drafts: true,
            beam_search: None,
            lexical_constraint: None,
            scores: false,
        }
    }
}

impl Options {
    /// Samples with the checkpoint's defaults, its repetition penalty included. A penalty that was
    /// set before stays.
    pub(crate) fn sample_as_recommended(&mut self, by: &SamplingDefaults, seed: u64) {
        self.sampling = Sampling::recommended(by, seed);
        if self.repetition_penalty == 1.0 {
            let penalty =
                by.repetition_penalty.filter(|penalty| penalty.is_finite() && *penalty > 0.0);
            self.repetition_penalty = penalty.map_or(1.0, |penalty| penalty as f32);
        }
    }

    /// The processors of a decoder-only sequence: those of the checkpoint, with these penalties.
    pub(super) fn processors(&self) -> LogitsProcessors {
        LogitsProcessors {
            repetition_penalty: self.repetition_penalty,
            no_repeat_ngram_size: self.no_repeat_ngram,
            lexical_constraint: self.lexical_constraint.clone(),
            ..(*self.logits_processors).clone()
        }
    }
}

/// A finished text.
#[derive(Debug, Clone, PartialEq)]
pub struct Generated {
    /// The text, without stop strings and special tokens.
    pub text: String,
    /// Why it ended.
    pub finish: Finish,
    /// Number of new tokens.
    pub tokens: usize,
    /// Number of tokens that were taken back because they repeated in a loop.
    pub rolled_back: usize,
    /// Number of draft tokens that the network confirmed.
    pub accepted_draft_tokens: usize,
    /// Token ids of the text. Empty for decoder-only models.
    pub ids: Vec<u32>,
    /// Log-probability of each token, the end token included. Empty for decoder-only models, unless
    /// the options ask for it.
    pub scores: Vec<f32>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sampling_defaults_of_a_checkpoint_include_its_penalty() {
        let by = SamplingDefaults {
            temperature: Some(0.5),
            top_k: Some(3),
            min_p: Some(0.1),
            typical_p: Some(0.9),
            repetition_penalty: Some(1.05),
            ..SamplingDefaults::default()
        };
        let mut options = Options::default();
        options.sample_as_recommended(&by, 7);
        assert_eq!(options.repetition_penalty, 1.05);
        let expected = Sampling::Random {
            temperature: 0.5,
            top_k: 3,
            top_p: 0.8,
            min_p: 0.1,
            typical_p: 0.9,
            seed: 7,
        };
        assert_eq!(options.sampling, expected);
        let mut options = Options { repetition_penalty: 2.0, ..Options::default() };
        options.sample_as_recommended(&by, 7);
        assert_eq!(options.repetition_penalty, 2.0);
        options.repetition_penalty = 1.0;
        options
            .sample_as_recommended(&SamplingDefaults { repetition_penalty: Some(-1.0), ..by }, 7);
        assert_eq!(options.repetition_penalty, 1.0);
    }
}
