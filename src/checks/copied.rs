//! Copies: a translation that is identical to its source.

use super::check::{Check, FindingKind, OutputKind, Pair};
use crate::finding::Finding;

const COPIED: FindingKind = FindingKind::critical("copied");

pub(super) const CHECK: Check = Check {
    name: "copied",
    describe: "a translation that is identical to its source",
    kinds: &[COPIED],
    run,
};

/// Fewest words of a copy: names, codes and titles are the same in both languages.
const MIN_WORDS: usize = 3;

fn run(pair: &Pair<'_>) -> Vec<Finding> {
    let source = words(pair.source);
    let copied = pair.kind == OutputKind::Translation
        && pair.from != pair.to
        && source.len() >= MIN_WORDS
        && source == words(pair.output);
    if copied {
        vec![CHECK.finding(COPIED, "the translation is identical to the original")]
    } else {
        Vec::new()
    }
}

/// Words with a letter, in lower case and without punctuation.
fn words(text: &str) -> Vec<String> {
    text.split(|c: char| !c.is_alphanumeric())
        .filter(|word| word.chars().any(char::is_alphabetic))
        .map(str::to_lowercase)
        .collect()
}

#[cfg(test)]
mod tests {
    use super::super::pairs::translation;
    use super::*;

    #[test]
    fn names_and_figures_may_stay_as_they_are() {
        assert!(run(&translation("Samsung Galaxy", "Samsung Galaxy")).is_empty());
        assert!(run(&translation("10 20 30 40", "10 20 30 40")).is_empty());
    }

    #[test]
    fn a_copy_is_found_whatever_its_punctuation() {
        assert_eq!(run(&translation("The ministers met.", "the ministers met"))[0].kind, "copied");
    }
}
