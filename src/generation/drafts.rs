//! Prompt-lookup decoding: drafts of the next tokens, copied from the prompt and the text (Yang et
//! al. 2023, <https://arxiv.org/abs/2304.04487>). News repeats names, figures and quotes verbatim.
//!
//! The network verifies a draft in one step, together with the token before it; tokens that it
//! would not have chosen itself are taken back. Drafts change the time, not the text. Knows token
//! ids only.

/// Tokens of a decode step up to which one more is almost free, because reading the weights takes
/// most of the time.
const MAX_ROWS: usize = 8;
/// Tokens at the end that must occur earlier too, for the tokens after them to be a draft.
const MIN_MATCH: usize = 2;
/// The same after repeated rejections.
const MAX_MIN_MATCH: usize = 5;
/// Longest match that is compared: a longer one predicts no better.
const MAX_MATCH: usize = 12;

/// Maximum length of a draft if `sequences` sequences decode at once.
pub(super) fn max_len(sequences: usize) -> usize {
    (MAX_ROWS / sequences.max(1)).saturating_sub(1)
}

/// Drafts of one sequence. They grow with each accepted draft, and need a longer match after each
/// rejected one.
#[derive(Debug)]
pub(super) struct Drafts {
    /// Maximum length of the next draft.
    max_len: usize,
    /// Length of the match that the next draft needs.
    min_match: usize,
}

impl Default for Drafts {
    fn default() -> Self {
        Self { max_len: 3, min_match: MIN_MATCH }
    }
}

impl Drafts {
    /// Proposes up to `max_len` tokens: those that followed the longest earlier occurrence of the
    /// end of `ids`, the last one on ties.
    pub fn propose<'i>(&self, ids: &'i [u32], max_len: usize) -> &'i [u32] {
        let Some((last, before)) = ids.split_last().filter(|_| max_len > 0) else { return &[] };
        let (mut longest, mut start) = (0, ids.len());
        for at in (0..before.len()).filter(|at| before[*at] == *last) {
            let earlier = before[..at].iter().rev().zip(before.iter().rev());
            let matched = 1 + earlier.take(MAX_MATCH - 1).take_while(|(a, b)| a == b).count();
            if matched >= longest.max(self.min_match) {
                (longest, start) = (matched, at + 1);
            }
        }
        let draft = &ids[start..];
        &draft[..draft.len().min(max_len.min(self.max_len))]
    }

    /// Records that `accepted` tokens of a draft of `len` were accepted.
    pub fn record(&mut self, len: usize, accepted: usize) {
        self.max_len =
            if accepted == len { (2 * self.max_len).min(MAX_ROWS) } else { accepted.max(1) };
        self.min_match =
            if accepted > 0 { MIN_MATCH } else { (self.min_match + 1).min(MAX_MIN_MATCH) };
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn propose(ids: &[u32], max_len: usize) -> &[u32] {
        Drafts { max_len: 4, min_match: MIN_MATCH }.propose(ids, max_len)
    }

    #[test]
    fn the_continuation_of_the_longest_match_is_the_draft() {
        //                 v              v longer
        let ids = [1, 2, 3, 4, 5, 9, 1, 2, 3, 6, 7, 8, 10, 0, 9, 1, 2, 3];
        assert_eq!(propose(&ids, 7), [6, 7, 8, 10]);
        assert_eq!(propose(&ids, 2), [6, 7]);
        // Equally long: the last.
        assert_eq!(propose(&[1, 2, 5, 1, 2, 6, 1, 2], 1), [6]);
        // It may overlap the end that it continues.
        assert_eq!(propose(&[7, 8, 7, 8], 4), [7, 8]);
    }

    #[test]
    fn one_matching_token_is_not_enough() {
        assert!(propose(&[1, 2, 3, 1], 4).is_empty());
        assert!(propose(&[1, 2, 1, 2], 0).is_empty());
        assert!(propose(&[], 4).is_empty());
    }

    #[test]
    fn accepted_drafts_make_longer_ones() {
        let mut drafts = Drafts::default();
        drafts.record(3, 3);
        drafts.record(6, 6);
        assert_eq!(drafts.max_len, MAX_ROWS);
        drafts.record(7, 0);
        assert_eq!((drafts.max_len, drafts.min_match), (1, MIN_MATCH + 1));
        assert!(drafts.propose(&[1, 2, 3, 1, 2], 4).is_empty());
        drafts.record(1, 1);
        assert_eq!(drafts.propose(&[1, 2, 3, 1, 2], 4), [3, 1]);
        assert_eq!([1, 3, 4, 8, 16].map(max_len), [7, 1, 1, 0, 0]);
    }
}
