//! Copies: a translation that gives the source back.

use super::{Check, Kind, Pair, Task};
use crate::finding::Finding;

const COPIED: Kind = Kind::critical("copied");

pub(super) const CHECK: Check = Check {
    name: "copied",
    describe: "a translation that is the source again",
    kinds: &[COPIED],
    run,
};

/// Fewer words are names, codes and titles, which are the same in both languages.
const WORDS: usize = 3;

fn run(pair: &Pair<'_>) -> Vec<Finding> {
    let words = |text: &str| -> Vec<String> {
        let kept = text
            .split(|c: char| !c.is_alphanumeric())
            .filter(|word| word.chars().any(char::is_alphabetic));
        kept.map(str::to_lowercase).collect()
    };
    let source = words(pair.source);
    let copied = pair.task == Task::Translation
        && pair.from != pair.to
        && source.len() >= WORDS
        && source == words(pair.output);
    if copied {
        vec![CHECK.doubt(COPIED, "the translation is the same as the text")]
    } else {
        Vec::new()
    }
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
    fn a_copy_is_doubted_whatever_its_marks() {
        assert_eq!(run(&translation("The ministers met.", "the ministers met"))[0].kind, "copied");
    }
}
