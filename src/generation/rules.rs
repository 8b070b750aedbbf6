//! What is forbidden or forced on the way of a text, as settings of checkpoints have it.
//!
//! Reference: the logits processors of `transformers`, in the order in which `generate` applies
//! them. Scores are logits or logarithms of probabilities, one a token of the vocabulary; the text
//! includes the token that the decoder starts with.

/// Rules of one search.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Rules {
    /// What scores of tokens that are in the text are divided by (multiplied, below zero); 1
    /// leaves them.
    pub repetition_penalty: f32,
    /// No run of this many tokens comes twice; 0 allows all.
    pub no_repeat_ngram: usize,
    /// Runs of tokens that never come.
    pub bad_words: Vec<Vec<u32>>,
    /// The text does not end before it has so many tokens, its start included …
    pub min_length: usize,
    /// … or not included.
    pub min_new_tokens: usize,
    /// The first token after the start.
    pub forced_first: Option<u32>,
    /// The last token of a text that becomes as long as it may.
    pub forced_last: Vec<u32>,
    /// Tokens that never come.
    pub suppressed: Vec<u32>,
    /// Tokens that do not come first.
    pub suppressed_first: Vec<u32>,
    /// Tokens that end a text.
    pub ends: Vec<u32>,
    /// The most tokens of a text, its start included.
    pub max_length: usize,
}

impl Rules {
    /// Applies them to the scores of what follows `text`.
    pub fn apply(&self, text: &[u32], scores: &mut [f32]) {
        if self.repetition_penalty != 1.0 && self.repetition_penalty > 0.0 {
            self.punish_repetition(text, scores);
        }
        if self.no_repeat_ngram > 0 {
            let size = self.no_repeat_ngram;
            if text.len() + 1 >= size {
                let last = &text[text.len() + 1 - size..];
                for run in text.windows(size) {
                    if run[..size - 1] == *last {
                        forbid(scores, run[size - 1]);
                    }
                }
            }
        }
        self.forbid_bad_words(text, scores);
        if text.len() < self.min_length || text.len() - 1 < self.min_new_tokens {
            self.ends.iter().for_each(|end| forbid(scores, *end));
        }
        if let (Some(token), 1) = (self.forced_first, text.len()) {
            force(scores, &[token]);
        }
        if !self.forced_last.is_empty() && text.len() + 1 == self.max_length {
            force(scores, &self.forced_last);
        }
        self.suppressed.iter().for_each(|token| forbid(scores, *token));
        let first = if self.forced_first.is_some() { 2 } else { 1 };
        if text.len() == first {
            self.suppressed_first.iter().for_each(|token| forbid(scores, *token));
        }
    }

    fn forbid_bad_words(&self, text: &[u32], scores: &mut [f32]) {
        for word in &self.bad_words {
            let Some((token, before)) = word.split_last() else { continue };
            // An end that is forbidden as a word would leave no end at all.
            let is_end = before.is_empty() && self.ends.contains(token);
            if !is_end && text.ends_with(before) {
                forbid(scores, *token);
            }
        }
    }

    /// Whether any of the rules about single words is there.
    pub fn forbids_words(&self) -> bool {
        let none = self.bad_words.is_empty()
            && self.suppressed.is_empty()
            && self.suppressed_first.is_empty();
        !none || self.min_new_tokens > 0
    }

    /// Applies those rules to a text that continues a prompt of `prompt` tokens.
    pub fn forbid_words(&self, ids: &[u32], prompt: usize, scores: &mut [f32]) {
        self.forbid_bad_words(ids, scores);
        if ids.len() - prompt < self.min_new_tokens {
            self.ends.iter().for_each(|end| forbid(scores, *end));
        }
        self.suppressed.iter().for_each(|token| forbid(scores, *token));
        if ids.len() == prompt {
            self.suppressed_first.iter().for_each(|token| forbid(scores, *token));
        }
    }

    fn punish_repetition(&self, text: &[u32], scores: &mut [f32]) {
        let mut tokens = text.to_vec();
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
}

fn forbid(scores: &mut [f32], token: u32) {
    if let Some(score) = scores.get_mut(token as usize) {
        *score = f32::NEG_INFINITY;
    }
}

/// These, and nothing else.
fn force(scores: &mut [f32], tokens: &[u32]) {
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

    fn forbidden(rules: &Rules, text: &[u32]) -> Vec<usize> {
        let mut scores = vec![1.0; 8];
        rules.apply(text, &mut scores);
        (0..8).filter(|token| scores[*token] == f32::NEG_INFINITY).collect()
    }

    #[test]
    fn runs_do_not_come_twice_and_bad_words_never() {
        let rules = Rules { no_repeat_ngram: 2, max_length: 20, ..Rules::default() };
        assert_eq!(forbidden(&rules, &[0, 3, 4, 3]), [4]);
        let rules = Rules { no_repeat_ngram: 1, max_length: 20, ..Rules::default() };
        assert_eq!(forbidden(&rules, &[0, 3, 3]), [0, 3]);
        let bad_words = vec![vec![5], vec![3, 6], vec![1], vec![9, 3, 7]];
        let rules = Rules { bad_words, ends: vec![1], max_length: 20, ..Rules::default() };
        assert_eq!(forbidden(&rules, &[0, 3]), [5, 6]);
    }

    #[test]
    fn ends_come_when_they_may_and_must() {
        let rules = Rules {
            ends: vec![1],
            min_length: 3,
            forced_last: vec![1],
            max_length: 5,
            ..Rules::default()
        };
        assert_eq!(forbidden(&rules, &[0, 3]), [1]);
        assert!(forbidden(&rules, &[0, 3, 3]).is_empty());
        assert_eq!(forbidden(&rules, &[0, 3, 3, 3]), [0, 2, 3, 4, 5, 6, 7]);
    }

    #[test]
    fn what_may_not_come_first_may_come_later() {
        let rules = Rules { suppressed_first: vec![2], max_length: 9, ..Rules::default() };
        assert_eq!(forbidden(&rules, &[0]), [2]);
        assert!(forbidden(&rules, &[0, 3]).is_empty());
        // The first that is free is the second.
        let rules = Rules { forced_first: Some(4), ..rules };
        assert_eq!(forbidden(&rules, &[0]), [0, 1, 2, 3, 5, 6, 7]);
        assert_eq!(forbidden(&rules, &[0, 4]), [2]);
    }

    #[test]
    fn repetition_makes_likely_tokens_less_likely() {
        let rules = Rules { repetition_penalty: 2.0, max_length: 9, ..Rules::default() };
        let mut scores = [1.0, -1.0, 3.0];
        rules.apply(&[0, 1, 1], &mut scores);
        assert_eq!(scores, [0.5, -2.0, 3.0]);
    }
}
