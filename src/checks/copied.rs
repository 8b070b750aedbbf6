//! Copies: a translation that is identical to its source.

use super::check::{Check, Example, FindingKind, OutputKind, Scope};
use super::comparison::Comparison;
use crate::finding::Finding;
use crate::language::seems_foreign;

const COPIED: FindingKind = FindingKind::critical("copied");

pub(super) const CHECK: Check = Check {
    name: "copied",
    describe: "a translation that is identical to its source",
    kinds: &[COPIED],
    scope: Scope::Translations,
    examples: &[
        Example::found(COPIED, "The council met on Monday.", "The council met on Monday."),
        Example::fine("FC Seoul", "FC Seoul"),
    ],
    run,
};

/// Fewest words of a copy: names, codes and titles are the same in both languages.
const MIN_WORDS: usize = 3;

fn run(comparison: &Comparison<'_>) -> Vec<Finding> {
    let pair = comparison.pair;
    let source = words(pair.source);
    let copied = pair.kind == OutputKind::Translation
        && pair.from != pair.to
        && source.len() >= MIN_WORDS
        && source == words(pair.output)
        && !seems_foreign(pair.source);
    if copied {
        vec![CHECK.finding(
            COPIED,
            "the translation is identical to the original",
            "번역문이 원문과 똑같음",
        )]
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
    use super::super::pairs::{run, translation};
    use super::*;

    #[test]
    fn names_and_figures_may_stay_as_they_are() {
        assert!(run(&CHECK, &translation("Samsung Galaxy", "Samsung Galaxy")).is_empty());
        assert!(run(&CHECK, &translation("10 20 30 40", "10 20 30 40")).is_empty());
    }

    #[test]
    fn a_motto_in_a_third_language_may_stay() {
        for motto in ["Tout est bien qui finit bien.", "Ende gut, alles gut!"] {
            assert!(run(&CHECK, &translation(motto, motto)).is_empty());
        }
    }

    #[test]
    fn a_copy_is_found_whatever_its_punctuation() {
        assert_eq!(
            run(&CHECK, &translation("The ministers met.", "the ministers met"))[0].kind,
            "copied"
        );
    }
}
