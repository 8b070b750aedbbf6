//! Common English words: a capitalized word that is one of them may be no name.

use std::collections::HashSet;
use std::sync::LazyLock;

/// Base forms in lower case. Inflected and derived forms are recognized by [`stems`].
static WORDS: LazyLock<HashSet<String>> =
    LazyLock::new(|| front_coded(include_str!("data/common_words.txt")).collect());

/// The words of a list. A digit at the start of a line: the letters that are those of the word
/// before; then the others.
pub(super) fn front_coded(lines: &'static str) -> impl Iterator<Item = String> {
    let mut word = String::new();
    lines.lines().filter_map(move |line| {
        let shared = line.chars().next()?.to_digit(10)? as usize;
        let end = word.char_indices().nth(shared).map_or(word.len(), |(at, _)| at);
        word.truncate(end);
        word.push_str(&line[1..]);
        Some(word.clone())
    })
}

/// Endings, and what stands in their place in the base form.
const ENDINGS: &[(&str, &[&str])] = &[
    ("s", &[""]),
    ("es", &[""]),
    ("ies", &["y"]),
    ("ed", &["", "e"]),
    ("ied", &["y"]),
    ("ing", &["", "e"]),
    ("ly", &["", "le"]),
    ("ily", &["y"]),
    ("er", &["", "e"]),
    ("est", &["", "e"]),
    ("ier", &["y"]),
    ("iest", &["y"]),
    ("ness", &[""]),
    ("ment", &[""]),
    ("ers", &["", "e"]),
    ("able", &["", "e"]),
    ("less", &[""]),
    ("ful", &[""]),
];
const BEGINNINGS: &[&str] = &["un", "re", "dis", "non", "over", "pre", "mis", "out", "under"];

/// True for a common word in lower case or a form of it.
pub(in super::super) fn is_common(word: &str) -> bool {
    const DEPTH: usize = 3;
    const LONGEST: usize = 24;
    word.len() <= LONGEST && follows(word, DEPTH)
}

fn follows(word: &str, depth: usize) -> bool {
    WORDS.contains(word) || (depth > 0 && stems(word).any(|stem| follows(&stem, depth - 1)))
}

/// The words that a word may be a form of.
fn stems(word: &str) -> impl Iterator<Item = String> + '_ {
    const MIN_STEM: usize = 3;
    const MIN_AFTER_PREFIX: usize = 4;
    let ends = ENDINGS.iter().flat_map(move |(ending, others)| {
        let stem = word.strip_suffix(ending).filter(|stem| stem.len() >= MIN_STEM);
        let doubles = matches!(*ending, "ed" | "ing" | "er" | "est" | "ers");
        let single = stem.filter(|_| doubles).and_then(|stem| {
            let last = stem.chars().next_back()?;
            let rest = stem.strip_suffix(last)?;
            rest.ends_with(last).then(|| rest.to_string())
        });
        let whole = stem
            .into_iter()
            .flat_map(move |stem| others.iter().map(move |other| format!("{stem}{other}")));
        whole.chain(single)
    });
    let begins = BEGINNINGS.iter().filter_map(move |beginning| {
        let rest = word.strip_prefix(beginning)?;
        (rest.len() >= MIN_AFTER_PREFIX).then(|| rest.to_string())
    });
    ends.chain(begins)
}

#[cfg(test)]
mod tests {
    use super::is_common;

    #[test]
    fn forms_of_common_words_are_common_and_names_are_not() {
        for word in ["minister", "stopped", "cities", "unlikely", "officially", "wider", "biggest"]
        {
            assert!(is_common(word), "{word}");
        }
        for word in ["kavanaugh", "whitcombe", "haemin", "zelensky", "jakarta", "merkel"] {
            assert!(!is_common(word), "{word}");
        }
    }
}
