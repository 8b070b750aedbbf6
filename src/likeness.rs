//! How alike two texts are. Two measures, each for its purpose:
//!
//! - [`percent`]: edits of characters. People know the number from translators' tools; it tells
//!   near texts apart, and says little about texts that are worded differently.
//! - [`NGrams`]: shared pieces of words, in any order. It ranks far texts, such as examples of how
//!   to write; as a number it means nothing to people.
//!
//! Knows letters only.

use std::borrow::Cow;

use rapidfuzz::distance::levenshtein;
use unicode_normalization::{UnicodeNormalization, is_nfc};

/// Characters of a text that are compared. Beyond them a comparison costs more than it tells.
const MAX_CHARACTERS: usize = 4_000;

/// A text as it is compared: in NFC, each run of white space one space, none at the ends.
pub fn normalized(text: &str) -> String {
    let text: Cow<'_, str> =
        if is_nfc(text) { Cow::Borrowed(text) } else { Cow::Owned(text.nfc().collect()) };
    let mut words = text.split_whitespace();
    let mut out = String::with_capacity(text.len());
    out.extend(words.next());
    for word in words {
        out.push(' ');
        out.push_str(word);
    }
    out
}

/// The likeness of two normalized texts in percent: 100 less the share of characters to insert,
/// delete or replace (Levenshtein distance over the longer length), rounded down. Equal texts have
/// 100, other texts at most 99. `None` below `least`.
pub fn percent(one: &str, other: &str, least: u8) -> Option<u8> {
    if one == other {
        return Some(100);
    }
    let chars = |text: &str| text.chars().take(MAX_CHARACTERS).collect::<Vec<char>>();
    let (one, other) = (chars(one), chars(other));
    let length = one.len().max(other.len()).max(1);
    let least_same = (length * usize::from(least)).div_ceil(100);
    let args = levenshtein::Args::default().score_cutoff(length.saturating_sub(least_same));
    let edits = levenshtein::distance_with_args(one.iter().copied(), other.iter().copied(), &args)?;
    // Texts that differ beyond the compared characters are not the same.
    let found = ((length - edits.min(length)) * 100 / length).min(99) as u8;
    (found >= least).then_some(found)
}

/// The distinct character bigrams and trigrams of a text, as sorted numbers.
#[derive(Debug)]
pub struct NGrams(Vec<u64>);

impl NGrams {
    /// White space and case do not count.
    pub fn of(text: &str) -> Self {
        let chars: Vec<u64> = text
            .chars()
            .filter(|c| !c.is_whitespace())
            .take(MAX_CHARACTERS)
            .flat_map(char::to_lowercase)
            .map(u64::from)
            .collect();
        let pack = |ngram: &[u64]| ngram.iter().fold(0, |packed, c| packed << 21 | c);
        let mut ngrams: Vec<u64> = chars.windows(2).chain(chars.windows(3)).map(pack).collect();
        ngrams.sort_unstable();
        ngrams.dedup();
        Self(ngrams)
    }

    /// Dice's coefficient: 0 for nothing in common, 1 for the same n-grams.
    pub fn overlap(&self, other: &Self) -> f64 {
        let (mut common, mut a, mut b) = (0, self.0.iter().peekable(), other.0.iter().peekable());
        while let (Some(left), Some(right)) = (a.peek(), b.peek()) {
            let (order, left_is_not_after) = (left.cmp(right), left <= right);
            common += usize::from(order.is_eq());
            if order.is_ge() {
                b.next();
            }
            if left_is_not_after {
                a.next();
            }
        }
        let total = self.0.len() + other.0.len();
        if total == 0 { 0.0 } else { 2.0 * common as f64 / total as f64 }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn percent_is_the_share_of_characters_that_stay() {
        assert_eq!(percent("abcde", "abcde", 70), Some(100));
        assert_eq!(percent("abcdefghij", "abcdefghiX", 70), Some(90));
        assert_eq!(percent("abcdefghij", "XXXXXXXXXX", 70), None);
        let (old, new) = ("시의회는 17일 예산안을 의결했다.", "시의회는 18일 예산안을 의결했다.");
        assert_eq!(percent(old, new, 70), Some(94));
        // A long text that differs in one character is not the same text.
        assert_eq!(percent(&"a".repeat(999), &("a".repeat(998) + "b"), 70), Some(99));
    }

    #[test]
    fn white_space_and_composition_make_no_difference() {
        assert_eq!(normalized("  The\u{a0}bridge \n opened. "), "The bridge opened.");
        assert_eq!(normalized("\u{1112}\u{1161}\u{11ab}"), "한");
    }

    proptest! {
        #[test]
        fn percent_is_symmetric_bounded_and_the_same_with_every_bound(
            one in "[가-나a-c ]{0,30}", other in "[가-나a-c ]{0,30}", least in 0u8..=100,
        ) {
            let (one, other) = (normalized(&one), normalized(&other));
            let Some(found) = percent(&one, &other, 0) else { panic!("0 is a bound of none") };
            prop_assert_eq!(percent(&other, &one, 0), Some(found));
            prop_assert_eq!(found == 100, one == other);
            prop_assert_eq!(percent(&one, &other, least), Some(found).filter(|found| *found >= least));
        }

        #[test]
        fn overlap_is_symmetric_and_whole_for_the_same_text(a in "[a-c가-다 ]{0,12}", b in ".{0,12}") {
            let (one, other) = (NGrams::of(&a), NGrams::of(&b));
            let overlap = one.overlap(&other);
            prop_assert!((0.0..=1.0).contains(&overlap));
            prop_assert_eq!(overlap, other.overlap(&one));
            prop_assert_eq!(one.overlap(&one), if one.0.is_empty() { 0.0 } else { 1.0 });
        }
    }
}
