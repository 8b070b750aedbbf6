//! Lexical constraints: numbers that a text may contain, and phrases that it should contain.
//!
//! A number is read byte by byte as tokens are chosen, so that the rule holds whatever the tokens
//! of a vocabulary are: single digits, several digits, or the bytes of a character. Knows strings
//! and token ids; what the strings mean is the caller's business.

use std::borrow::Cow;
use std::sync::Arc;

/// Bonus on the logit of a token that begins a missing phrase at the start of a word.
const START_BONUS: f32 = 2.0;
/// The same for a token that continues one.
const CONTINUE_BONUS: f32 = 6.0;

/// Numbers and phrases of a text.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct LexicalRules {
    /// The only numbers that the text may contain, as they are written: `412`, `4억1천200만`.
    /// `None` allows all.
    pub numbers: Option<Vec<String>>,
    /// Strings that change the value of a number if they follow it: `만`, ` million`.
    pub magnitudes: Vec<String>,
    /// Phrases that the text should contain, each as a list of alternatives.
    pub phrases: Vec<Vec<String>>,
}

/// The bytes of each token of a vocabulary, and the tokens by their bytes.
pub struct TokenBytes {
    tokens: Vec<Vec<u8>>,
    with_digit: Vec<u32>,
    /// Tokens by their first byte, a leading space not counted.
    by_first_byte: Vec<Vec<u32>>,
}

impl TokenBytes {
    /// A vocabulary of the given tokens, in the order of their ids. Tokens that do not show in a
    /// text have no bytes.
    pub fn new(tokens: Vec<Vec<u8>>) -> Self {
        let mut with_digit = Vec::new();
        let mut by_first_byte = vec![Vec::new(); 256];
        for (id, bytes) in tokens.iter().enumerate() {
            if bytes.iter().any(u8::is_ascii_digit) {
                with_digit.push(id as u32);
            }
            if let Some(first) = bytes.strip_prefix(b" ").unwrap_or(bytes).first() {
                by_first_byte[usize::from(*first)].push(id as u32);
            }
        }
        Self { tokens, with_digit, by_first_byte }
    }

    fn of(&self, id: u32) -> &[u8] {
        self.tokens.get(id as usize).map_or(&[], Vec::as_slice)
    }
}

/// Lexical rules for the tokens of a vocabulary.
#[derive(Clone)]
pub struct LexicalConstraint {
    rules: LexicalRules,
    vocabulary: Arc<TokenBytes>,
}

impl std::fmt::Debug for LexicalConstraint {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_tuple("LexicalConstraint").field(&self.rules).finish()
    }
}

impl PartialEq for LexicalConstraint {
    fn eq(&self, other: &Self) -> bool {
        self.rules == other.rules && Arc::ptr_eq(&self.vocabulary, &other.vocabulary)
    }
}

/// The number at the end of a text.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
struct NumberState {
    /// Bytes of the number, then of what follows it as far as that may be a magnitude.
    bytes: Vec<u8>,
    /// Length of the last complete number that the bytes begin with; 0 without one.
    complete: usize,
    /// True while the bytes may become another allowed number.
    is_open: bool,
}

impl LexicalConstraint {
    /// Rules for texts in the tokens of a vocabulary.
    pub fn new(mut rules: LexicalRules, vocabulary: Arc<TokenBytes>) -> Self {
        if let Some(numbers) = &mut rules.numbers {
            numbers.sort_unstable();
            numbers.dedup();
        }
        Self { rules, vocabulary }
    }

    /// Bans tokens that would write another number, and favors those of missing phrases. `ids` are
    /// the generated tokens. If every token were banned, none is.
    pub(super) fn apply(&self, ids: &[u32], scores: &mut Cow<'_, [f32]>) {
        let text: Vec<u8> = ids.iter().flat_map(|id| self.vocabulary.of(*id)).copied().collect();
        if let Some(numbers) = &self.rules.numbers {
            self.restrict_numbers(numbers, &text, scores);
        }
        self.favor_phrases(&text, scores);
    }

    fn restrict_numbers(&self, numbers: &[String], text: &[u8], scores: &mut Cow<'_, [f32]>) {
        let mut state = NumberState::default();
        for byte in text {
            // A number that is not allowed was written before the rules applied, or while every
            // token was banned.
            state = self.advance(numbers, state, *byte).unwrap_or_default();
        }
        let is_allowed = |id: u32| {
            let bytes = self.vocabulary.of(id);
            if bytes.is_empty() {
                return state.bytes.is_empty() || state.complete > 0;
            }
            let mut next = state.clone();
            for byte in bytes {
                match self.advance(numbers, next, *byte) {
                    Some(state) => next = state,
                    None => return false,
                }
            }
            true
        };
        if state.bytes.is_empty() {
            // Without a number before it, only a token with a digit can be wrong.
            for id in &self.vocabulary.with_digit {
                if !is_allowed(*id)
                    && let Some(score) = scores.to_mut().get_mut(*id as usize)
                {
                    *score = f32::NEG_INFINITY;
                }
            }
            return;
        }
        let allowed: Vec<bool> = (0..scores.len() as u32).map(is_allowed).collect();
        let is_open =
            scores.iter().zip(&allowed).any(|(score, allowed)| *allowed && score.is_finite());
        if is_open {
            for (score, allowed) in scores.to_mut().iter_mut().zip(allowed) {
                if !allowed {
                    *score = f32::NEG_INFINITY;
                }
            }
        }
    }

    /// The state after one more byte; `None` if no allowed number is written so.
    fn advance(&self, numbers: &[String], mut state: NumberState, byte: u8) -> Option<NumberState> {
        if state.bytes.is_empty() {
            if !byte.is_ascii_digit() {
                return Some(state);
            }
            state.is_open = true;
        }
        if state.is_open {
            state.bytes.push(byte);
            if let Some(is_whole) = prefix_of(numbers, &state.bytes) {
                if is_whole {
                    state.complete = state.bytes.len();
                }
                return Some(state);
            }
            if state.complete == 0 {
                return None;
            }
            // The number ended before: what was read since then follows it.
            let rest = state.bytes.split_off(state.complete);
            state.is_open = false;
            return rest
                .into_iter()
                .try_fold(state, |state, byte| self.advance(numbers, state, byte));
        }
        let tail = state.bytes.len() - state.complete;
        let is_separator = matches!(&state.bytes[state.complete..], [b',' | b'.']);
        if byte.is_ascii_digit() && (tail == 0 || is_separator) {
            return None;
        }
        state.bytes.push(byte);
        let tail = &state.bytes[state.complete..];
        let mut may_follow = matches!(tail, [b',' | b'.']);
        for magnitude in &self.rules.magnitudes {
            if magnitude.as_bytes() == tail {
                return None;
            }
            may_follow |= magnitude.as_bytes().starts_with(tail);
        }
        if may_follow {
            return Some(state);
        }
        self.advance(numbers, NumberState::default(), byte)
    }

    fn favor_phrases(&self, text: &[u8], scores: &mut Cow<'_, [f32]>) {
        let is_missing =
            |phrase: &&Vec<String>| !phrase.iter().any(|words| contains(text, words.as_bytes()));
        let at_word_start =
            text.last().is_none_or(|last| !last.is_ascii_alphanumeric() && *last < 128);
        let mut favored: Vec<(u32, f32)> = Vec::new();
        for words in self.rules.phrases.iter().filter(is_missing).flatten() {
            let words = words.as_bytes();
            let begun = (1..words.len()).rev().find(|length| text.ends_with(&words[..*length]));
            let (rest, bonus) = match begun {
                Some(length) => (&words[length..], CONTINUE_BONUS),
                None => (words, START_BONUS),
            };
            let Some(first) = rest.first() else { continue };
            for id in &self.vocabulary.by_first_byte[usize::from(*first)] {
                let bytes = self.vocabulary.of(*id);
                let token = if begun.is_some() { bytes } else { bytes.trim_ascii_start() };
                let starts_word = begun.is_some() || at_word_start || token.len() < bytes.len();
                if starts_word && (rest.starts_with(token) || token.starts_with(rest)) {
                    favored.push((*id, bonus));
                }
            }
        }
        // A token of two phrases gets one bonus, the larger.
        favored.sort_by(|a, b| a.0.cmp(&b.0).then(b.1.total_cmp(&a.1)));
        favored.dedup_by_key(|(id, _)| *id);
        for (id, bonus) in favored {
            if let Some(score) = scores.to_mut().get_mut(id as usize) {
                *score += bonus;
            }
        }
    }
}

/// Whether bytes are a whole string of a sorted list; `None` if none of them begins so.
fn prefix_of(sorted: &[String], bytes: &[u8]) -> Option<bool> {
    let at = sorted.partition_point(|string| string.as_bytes() < bytes);
    let string = sorted.get(at)?.as_bytes();
    string.starts_with(bytes).then_some(string.len() == bytes.len())
}

fn contains(text: &[u8], words: &[u8]) -> bool {
    words.is_empty() || text.windows(words.len()).any(|window| window == words)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// A vocabulary of all bytes (ids 0 to 255) and some longer tokens after them.
    fn vocabulary(more: &[&str]) -> Arc<TokenBytes> {
        let bytes = (0..=255u8).map(|byte| vec![byte]);
        Arc::new(TokenBytes::new(bytes.chain(more.iter().map(|t| t.as_bytes().to_vec())).collect()))
    }

    fn numbers(allowed: &[&str], magnitudes: &[&str], more: &[&str]) -> LexicalConstraint {
        let strings = |list: &[&str]| list.iter().map(|text| text.to_string()).collect::<Vec<_>>();
        let rules = LexicalRules {
            numbers: Some(strings(allowed)),
            magnitudes: strings(magnitudes),
            phrases: Vec::new(),
        };
        LexicalConstraint::new(rules, vocabulary(more))
    }

    /// True if a text can be written byte by byte, and then end.
    fn allows(constraint: &LexicalConstraint, text: &str) -> bool {
        let mut ids = Vec::new();
        for byte in text.bytes() {
            let mut scores = Cow::Owned(vec![0.0; 256]);
            constraint.apply(&ids, &mut scores);
            if scores[usize::from(byte)] == f32::NEG_INFINITY {
                return false;
            }
            ids.push(u32::from(byte));
        }
        true
    }

    #[test]
    fn only_the_allowed_numbers_can_be_written() {
        let constraint = numbers(&["17", "1조2천500억", "1.25"], &["만", "조", " million"], &[]);
        for text in
            ["17명", "1조2천500억 원", "1.25%", "열 명", "17.", "17, 17", "17 minutes", "17 만남"]
        {
            assert!(allows(&constraint, text), "{text}");
        }
        for text in [
            "18",
            "1명",
            "7",
            "171",
            "17만",
            "17 million",
            "1조2천명",
            "17.5",
            "17,000",
            "1.2 ",
            "F-16",
        ] {
            assert!(!allows(&constraint, text), "{text}");
        }
    }

    #[test]
    fn a_shorter_number_may_end_where_a_longer_one_could_go_on() {
        let constraint = numbers(&["1조", "1조 2000억"], &["조", "억"], &[]);
        assert!(allows(&constraint, "1조 원"));
        assert!(allows(&constraint, "1조 2000억 원"));
        assert!(!allows(&constraint, "1조 2000명"));
        assert!(!allows(&constraint, "1조 3"));
    }

    #[test]
    fn tokens_of_several_digits_and_of_half_characters_obey() {
        let constraint = numbers(&["412", "125만"], &["만"], &["41", "413", "12", " 412", "만명"]);
        let banned = |ids: &[u32]| {
            let mut scores = Cow::Owned(vec![0.0; 261]);
            constraint.apply(ids, &mut scores);
            (256..261).filter(|id| scores[*id] == f32::NEG_INFINITY).collect::<Vec<_>>()
        };
        assert_eq!(banned(&[]), [257]);
        assert_eq!(banned(&[256]), [256, 257, 258, 259, 260], "after 41 comes the 2 alone");
        assert_eq!(banned(&[258, u32::from(b'5')]), [256, 257, 258, 259]);
        let half = "만".as_bytes()[0];
        let mut scores = Cow::Owned(vec![0.0; 261]);
        constraint.apply(&[258, u32::from(b'5'), u32::from(half)], &mut scores);
        assert_eq!(scores.iter().filter(|score| score.is_finite()).count(), 1);
    }

    #[test]
    fn a_text_cannot_end_within_a_number() {
        let bytes = (0..=255u8).map(|byte| vec![byte]).chain([Vec::new()]).collect();
        let rules = LexicalRules { numbers: Some(vec!["125만".into()]), ..Default::default() };
        let constraint = LexicalConstraint::new(rules, Arc::new(TokenBytes::new(bytes)));
        let can_end = |text: &str| {
            let ids: Vec<u32> = text.bytes().map(u32::from).collect();
            let mut scores = Cow::Owned(vec![0.0; 257]);
            constraint.apply(&ids, &mut scores);
            scores[256].is_finite()
        };
        assert!(can_end("") && can_end("125만") && can_end("125만 명"));
        assert!(!can_end("125") && !can_end("12"));
    }

    #[test]
    fn if_every_token_were_banned_none_is() {
        // A vocabulary without the digits that the number needs.
        let rules = LexicalRules { numbers: Some(vec!["12".into()]), ..Default::default() };
        let tokens = vec![b"1".to_vec(), b"a".to_vec()];
        let constraint = LexicalConstraint::new(rules, Arc::new(TokenBytes::new(tokens)));
        let mut scores = Cow::Owned(vec![0.0; 2]);
        constraint.apply(&[0], &mut scores);
        assert!(scores.iter().all(|score| score.is_finite()));
    }

    #[test]
    fn missing_phrases_are_favored_where_a_word_begins_and_once_begun() {
        let rules =
            LexicalRules { phrases: vec![vec!["Han".into(), "한".into()]], ..Default::default() };
        let constraint = LexicalConstraint::new(rules, vocabulary(&["Han", " Ha", "and"]));
        let bonus = |text: &str, id: usize| {
            let ids: Vec<u32> = text.bytes().map(u32::from).collect();
            let mut scores = Cow::Owned(vec![0.0; 259]);
            constraint.apply(&ids, &mut scores);
            scores[id]
        };
        assert_eq!(bonus("", 256), START_BONUS);
        assert_eq!(bonus("of", 257), START_BONUS, "a token with its own space");
        assert_eq!(bonus("of", usize::from(b'H')), 0.0, "not within a word");
        assert_eq!(bonus("of Ha", usize::from(b'n')), CONTINUE_BONUS);
        assert_eq!(bonus("Han and ", 256), 0.0, "no longer missing");
        assert_eq!(bonus("한 ", 256), 0.0, "nor with the other spelling");
    }

    proptest! {
        /// Whatever is likeliest, only allowed numbers are written.
        #[test]
        fn any_text_under_the_constraint_has_only_allowed_numbers(
            wishes in proptest::collection::vec(0usize..12, 1..60),
        ) {
            let letters = b"0123456789 a";
            let allowed = ["17", "350", "1250"];
            let constraint = numbers(&allowed, &[], &[]);
            let mut text = Vec::new();
            for wish in wishes {
                let mut scores = vec![f32::NEG_INFINITY; 256];
                for (at, letter) in letters.iter().enumerate() {
                    scores[usize::from(*letter)] = -(at.abs_diff(wish) as f32);
                }
                let mut scores = Cow::Owned(scores);
                constraint.apply(&text, &mut scores);
                let best = (0..256u32).max_by(|a, b| {
                    scores[*a as usize].total_cmp(&scores[*b as usize])
                });
                text.extend(best);
            }
            let text: String = text.iter().filter_map(|id| char::from_u32(*id)).collect();
            let mut runs: Vec<&str> = text.split([' ', 'a']).collect();
            let last = runs.pop().unwrap_or_default();
            prop_assert!(runs.iter().all(|run| run.is_empty() || allowed.contains(run)), "{text}");
            prop_assert!(allowed.iter().any(|number| number.starts_with(last)), "{text}");
        }
    }
}
