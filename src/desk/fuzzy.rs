//! Fuzzy matching: how alike two texts are, where they differ, and the tokens by which candidates
//! are found. Knows letters; knows nothing of the store.

use std::borrow::Cow;

use rapidfuzz::distance::levenshtein;
use serde::Serialize;
use similar::{ChangeTag, TextDiff};
use unicode_normalization::{UnicodeNormalization, is_nfc};

use crate::language::is_hangul;

/// Characters of a text that are compared. Beyond them a comparison costs more than it tells.
const MAX_CHARACTERS: usize = 4_000;

/// A text as it is compared: in NFC, each run of white space one space, none at the ends.
pub(super) fn normalized(text: &str) -> String {
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
pub(super) fn likeness(one: &str, other: &str, least: u8) -> Option<u8> {
    if one == other {
        return Some(100);
    }
    let chars = |text: &str| text.chars().take(MAX_CHARACTERS).collect::<Vec<char>>();
    let (one, other) = (chars(one), chars(other));
    let args = levenshtein::Args::default().score_cutoff(f64::from(least) / 100.0);
    let likeness = levenshtein::normalized_similarity_with_args(
        one.iter().copied(),
        other.iter().copied(),
        &args,
    )?;
    Some(((likeness * 100.0) as u8).min(99))
}

/// A part of the difference between two texts.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Change {
    /// "same", "removed" (only in the unit of the memory) or "added" (only in the new text).
    pub kind: &'static str,
    /// The words with their white space.
    pub text: String,
}

/// The difference from an old text to a new one, in words and marks.
pub fn difference(old: &str, new: &str) -> Vec<Change> {
    let mut changes: Vec<Change> = Vec::new();
    let (old, new) = (pieces(old), pieces(new));
    for change in TextDiff::from_slices(&old, &new).iter_all_changes() {
        let kind = match change.tag() {
            ChangeTag::Equal => "same",
            ChangeTag::Delete => "removed",
            ChangeTag::Insert => "added",
        };
        match changes.last_mut() {
            Some(last) if last.kind == kind => last.text.push_str(change.value()),
            _ => changes.push(Change { kind, text: change.value().to_string() }),
        }
    }
    changes
}

/// The words, marks and runs of white space of a text.
fn pieces(text: &str) -> Vec<&str> {
    let kind = |c: char| (c.is_alphanumeric(), c.is_whitespace());
    let mut pieces = Vec::new();
    let mut start = 0;
    for ((offset, c), next) in text.char_indices().zip(text.chars().skip(1)) {
        // Each mark is a piece of its own.
        if kind(c) != kind(next) || kind(c) == (false, false) {
            let end = offset + c.len_utf8();
            pieces.push(&text[start..end]);
            start = end;
        }
    }
    pieces.extend(Some(&text[start..]).filter(|rest| !rest.is_empty()));
    pieces
}

/// The distinct tokens of a text, sorted: lower-case words, of Hangul the pairs of neighboring
/// syllables, so that particles and endings change few of them.
pub(super) fn tokens(text: &str) -> Vec<String> {
    let mut tokens = Vec::new();
    for word in text.split(|c: char| !c.is_alphanumeric()).filter(|word| !word.is_empty()) {
        let letters: Vec<char> = word.chars().collect();
        if letters.len() > 2 && letters.iter().all(|letter| is_hangul(*letter)) {
            tokens.extend(letters.windows(2).map(String::from_iter));
        } else {
            tokens.push(word.to_lowercase());
        }
    }
    tokens.sort_unstable();
    tokens.dedup();
    tokens
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn likeness_is_the_share_of_characters_that_stay() {
        assert_eq!(likeness("abcde", "abcde", 70), Some(100));
        assert_eq!(likeness("abcdefghij", "abcdefghiX", 70), Some(90));
        assert_eq!(likeness("abcdefghij", "XXXXXXXXXX", 70), None);
        let (old, new) = ("시의회는 17일 예산안을 의결했다.", "시의회는 18일 예산안을 의결했다.");
        assert_eq!(likeness(old, new, 70), Some(94));
        // A long text that differs in one character is not the same text.
        assert_eq!(likeness(&"a".repeat(999), &("a".repeat(998) + "b"), 70), Some(99));
    }

    #[test]
    fn white_space_and_composition_make_no_difference() {
        assert_eq!(normalized("  The\u{a0}bridge \n opened. "), "The bridge opened.");
        assert_eq!(normalized("\u{1112}\u{1161}\u{11ab}"), "한");
    }

    #[test]
    fn the_difference_shows_what_went_and_what_came() {
        let told: Vec<(&str, String)> = difference("on 17 May the port", "on 18 May the old port")
            .into_iter()
            .map(|change| (change.kind, change.text))
            .collect();
        let told: Vec<(&str, &str)> =
            told.iter().map(|(kind, text)| (*kind, text.as_str())).collect();
        assert_eq!(
            told,
            [
                ("same", "on "),
                ("removed", "17"),
                ("added", "18"),
                ("same", " May the "),
                ("added", "old "),
                ("same", "port")
            ]
        );
    }

    #[test]
    fn a_particle_leaves_most_tokens_of_a_word() {
        assert_eq!(tokens("해민시는 HBS와 12월"), ["12월", "hbs와", "민시", "시는", "해민"]);
    }

    proptest! {
        #[test]
        fn likeness_is_symmetric_and_bounded(one in "[가-나a-c ]{0,30}", other in "[가-나a-c ]{0,30}") {
            let (one, other) = (normalized(&one), normalized(&other));
            let found = likeness(&one, &other, 0);
            prop_assert_eq!(found, likeness(&other, &one, 0));
            prop_assert_eq!(found == Some(100), one == other);
            let sides = |kind| {
                difference(&one, &other).into_iter()
                    .filter(|change| change.kind != kind).map(|change| change.text).collect::<String>()
            };
            prop_assert_eq!((sides("added"), sides("removed")), (one, other));
        }
    }
}
