//! Logits processing: penalties, bans and forced tokens, as the settings of checkpoints ask for.
//!
//! Reference: the logits processors of `transformers`, in the order in which `generate` applies
//! them. One chain for both kinds of networks; it works on logits and on log-probabilities, one
//! score for each token of the vocabulary.

use std::borrow::Cow;
use std::sync::Arc;

use super::lexical::LexicalConstraint;

/// Settings of the logits processors.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct LogitsProcessors {
    /// Divisor of the scores of earlier tokens (factor of negative scores); 1 and 0 disable it.
    pub repetition_penalty: f32,
    /// No n-gram of this size occurs twice; 0 disables it.
    pub no_repeat_ngram_size: usize,
    /// Token sequences that are banned.
    pub bad_words_ids: Vec<Vec<u32>>,
    /// Minimum number of tokens before the end, including the decoder's start token.
    pub min_length: usize,
    /// Minimum number of new tokens before the end.
    pub min_new_tokens: usize,
    /// The first new token.
    pub forced_bos_token_id: Option<u32>,
    /// The only tokens allowed at position `max_length`.
    pub forced_eos_token_ids: Vec<u32>,
    /// Tokens that are banned.
    pub suppress_tokens: Vec<u32>,
    /// Tokens that are banned at the first position, or at the second after a forced first token.
    pub begin_suppress_tokens: Vec<u32>,
    /// Tokens that end a text.
    pub eos_token_ids: Vec<u32>,
    /// Maximum number of tokens of a text, including the decoder's start token.
    pub max_length: usize,
    /// Numbers and phrases of the text, from the caller and not from a checkpoint.
    pub lexical_constraint: Option<Arc<LexicalConstraint>>,
}

/// The tokens before the one that is to be chosen.
#[derive(Debug, Clone, Copy)]
pub struct TokenHistory<'t> {
    ids: &'t [u32],
    /// Number of tokens that were not generated.
    prompt_len: usize,
    /// First token that counts for n-grams.
    ngrams_from: usize,
}

impl<'t> TokenHistory<'t> {
    /// Of a decoder-only network: a prompt of `prompt_len` tokens and the generated ones. N-grams
    /// of the prompt may be repeated: quotes and names are.
    pub fn decoder_only(ids: &'t [u32], prompt_len: usize) -> Self {
        Self { ids, prompt_len, ngrams_from: prompt_len }
    }

    /// Of an encoder–decoder network: the decoder's start token and the generated ones.
    pub fn decoder(ids: &'t [u32]) -> Self {
        Self { ids, prompt_len: 1, ngrams_from: 0 }
    }
}

impl LogitsProcessors {
    /// Applies all processors to the scores of the next token. The scores are copied only if any of
    /// them changes.
    pub fn apply(&self, history: TokenHistory<'_>, scores: &mut Cow<'_, [f32]>) {
        let TokenHistory { ids, prompt_len, .. } = history;
        self.penalize_repetition(ids, scores);
        self.ban_repeated_ngrams(&ids[history.ngrams_from..], scores);
        self.ban_bad_words(ids, scores);
        if ids.len() < self.min_length || ids.len() - prompt_len < self.min_new_tokens {
            self.eos_token_ids.iter().for_each(|eos| ban(scores, *eos));
        }
        if let Some(token) = self.forced_bos_token_id
            && ids.len() == prompt_len
        {
            force(scores, &[token]);
        }
        if !self.forced_eos_token_ids.is_empty() && ids.len() + 1 == self.max_length {
            force(scores, &self.forced_eos_token_ids);
        }
        self.suppress_tokens.iter().for_each(|token| ban(scores, *token));
        let first = prompt_len + usize::from(self.forced_bos_token_id.is_some());
        if ids.len() == first {
            self.begin_suppress_tokens.iter().for_each(|token| ban(scores, *token));
        }
        if let Some(constraint) = &self.lexical_constraint {
            constraint.apply(&ids[prompt_len..], scores);
        }
    }

    fn penalize_repetition(&self, ids: &[u32], scores: &mut Cow<'_, [f32]>) {
        let is_enabled = self.repetition_penalty > 0.0 && self.repetition_penalty != 1.0;
        if !is_enabled {
            return;
        }
        let scores = scores.to_mut();
        let mut tokens = ids.to_vec();
        tokens.sort_unstable();
        tokens.dedup();
        for token in tokens {
            if let Some(score) = scores.get_mut(token as usize) {
                *score = if *score < 0.0 {
                    *score * self.repetition_penalty
                } else {
                    *score / self.repetition_penalty
                };
            }
        }
    }

    /// Bans the tokens that would complete an n-gram that is in `ids` already.
    fn ban_repeated_ngrams(&self, ids: &[u32], scores: &mut Cow<'_, [f32]>) {
        let size = self.no_repeat_ngram_size;
        if size == 0 || ids.len() < size {
            return;
        }
        let tail = &ids[ids.len() + 1 - size..];
        for ngram in ids.windows(size) {
            if ngram[..size - 1] == *tail {
                ban(scores, ngram[size - 1]);
            }
        }
    }

    fn ban_bad_words(&self, ids: &[u32], scores: &mut Cow<'_, [f32]>) {
        for word in &self.bad_words_ids {
            let Some((token, before)) = word.split_last() else { continue };
            // An end token that is a bad word by itself must still end texts.
            let is_eos = before.is_empty() && self.eos_token_ids.contains(token);
            if !is_eos && ids.ends_with(before) {
                ban(scores, *token);
            }
        }
    }
}

fn ban(scores: &mut Cow<'_, [f32]>, token: u32) {
    if let Some(score) = scores.to_mut().get_mut(token as usize) {
        *score = f32::NEG_INFINITY;
    }
}

/// Bans all tokens but these.
fn force(scores: &mut Cow<'_, [f32]>, tokens: &[u32]) {
    let scores = scores.to_mut();
    scores.fill(f32::NEG_INFINITY);
    for token in tokens {
        if let Some(score) = scores.get_mut(*token as usize) {
            *score = 0.0;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn processed(
        processors: &LogitsProcessors,
        history: TokenHistory<'_>,
        scores: &[f32],
    ) -> Vec<f32> {
        let mut scores = Cow::Borrowed(scores);
        processors.apply(history, &mut scores);
        scores.into_owned()
    }

    fn banned(processors: &LogitsProcessors, history: TokenHistory<'_>) -> Vec<usize> {
        let scores = processed(processors, history, &[1.0; 8]);
        (0..8).filter(|token| scores[*token] == f32::NEG_INFINITY).collect()
    }

    #[test]
    fn repeated_ngrams_and_bad_words_are_banned() {
        let history = TokenHistory::decoder;
        let processors =
            LogitsProcessors { no_repeat_ngram_size: 2, max_length: 20, ..Default::default() };
        assert_eq!(banned(&processors, history(&[0, 3, 4, 3])), [4]);
        let processors = LogitsProcessors { no_repeat_ngram_size: 1, ..processors };
        assert_eq!(banned(&processors, history(&[0, 3, 3])), [0, 3]);
        let processors = LogitsProcessors {
            bad_words_ids: vec![vec![5], vec![3, 6], vec![1], vec![9, 3, 7]],
            eos_token_ids: vec![1],
            max_length: 20,
            ..Default::default()
        };
        assert_eq!(banned(&processors, history(&[0, 3])), [5, 6]);
    }

    #[test]
    fn ngrams_of_a_prompt_are_not_banned() {
        let ngrams_of =
            |size| LogitsProcessors { no_repeat_ngram_size: size, ..Default::default() };
        let ids = [5, 6, 7, 5, 6];
        assert_eq!(banned(&ngrams_of(3), TokenHistory::decoder_only(&ids, 0)), [7]);
        assert!(banned(&ngrams_of(3), TokenHistory::decoder_only(&ids, 1)).is_empty());
        assert!(banned(&ngrams_of(3), TokenHistory::decoder_only(&ids[..2], 0)).is_empty());
        assert_eq!(banned(&ngrams_of(1), TokenHistory::decoder_only(&ids[..1], 0)), [5]);
    }

    #[test]
    fn end_tokens_are_banned_before_the_minimum_and_forced_at_the_maximum() {
        let processors = LogitsProcessors {
            eos_token_ids: vec![1],
            min_length: 3,
            forced_eos_token_ids: vec![1],
            max_length: 5,
            ..Default::default()
        };
        let history = TokenHistory::decoder;
        assert_eq!(banned(&processors, history(&[0, 3])), [1]);
        assert!(banned(&processors, history(&[0, 3, 3])).is_empty());
        assert_eq!(banned(&processors, history(&[0, 3, 3, 3])), [0, 2, 3, 4, 5, 6, 7]);
    }

    #[test]
    fn begin_suppress_tokens_are_banned_at_the_beginning_only() {
        let history = TokenHistory::decoder;
        let processors = LogitsProcessors {
            begin_suppress_tokens: vec![2],
            max_length: 9,
            ..Default::default()
        };
        assert_eq!(banned(&processors, history(&[0])), [2]);
        assert!(banned(&processors, history(&[0, 3])).is_empty());
        // After a forced token the next one is the first.
        let processors = LogitsProcessors { forced_bos_token_id: Some(4), ..processors };
        assert_eq!(banned(&processors, history(&[0])), [0, 1, 2, 3, 5, 6, 7]);
        assert_eq!(banned(&processors, history(&[0, 4])), [2]);
    }

    #[test]
    fn repetition_makes_likely_tokens_less_likely() {
        let processors =
            LogitsProcessors { repetition_penalty: 2.0, max_length: 9, ..Default::default() };
        let history = TokenHistory::decoder(&[0, 1, 1]);
        assert_eq!(processed(&processors, history, &[1.0, -1.0, 3.0]), [0.5, -2.0, 3.0]);
    }

    #[test]
    fn scores_that_do_not_change_are_not_copied() {
        let mut scores = Cow::Borrowed(&[1.0, 2.0][..]);
        LogitsProcessors::default().apply(TokenHistory::decoder(&[0]), &mut scores);
        assert!(matches!(scores, Cow::Borrowed(_)));
    }
}
