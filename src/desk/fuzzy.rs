//! Where two texts differ, and the tokens by which candidates for likeness are found. Knows
//! letters; knows nothing of the store.

use serde::Serialize;
use similar::{ChangeTag, TextDiff};

use crate::language::is_hangul;

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
        fn both_texts_can_be_read_from_the_difference(
            one in "[가-나a-c ]{0,30}", other in "[가-나a-c ]{0,30}",
        ) {
            let sides = |kind| {
                difference(&one, &other).into_iter()
                    .filter(|change| change.kind != kind).map(|change| change.text).collect::<String>()
            };
            prop_assert_eq!((sides("added"), sides("removed")), (one, other));
        }
    }
}
