//! Repetition: the mark of a model that lost its way. Nobody writes the same words four times in a
//! row.

use std::collections::HashMap;

use super::{Check, Kind, Pair, excerpt};
use crate::finding::Finding;

const REPEATED: Kind = Kind::critical("repeated");

pub(super) const CHECK: Check =
    Check { name: "repetition", describe: "words repeated over and over", kinds: &[REPEATED], run };

/// So often in a row, or so often at all for a long stretch, is no style.
const TIMES: usize = 4;
/// Longest stretch of words looked for in a row.
const LONGEST: usize = 12;
/// A stretch of so many words does not come back by chance.
const LONG: usize = 5;
/// Letters without spaces between them repeat more easily ("하하하"): so many times in a row.
const LETTER_TIMES: usize = 6;
/// Longest stretch of letters looked for in a row.
const LETTERS: usize = 10;

fn run(pair: &Pair<'_>) -> Vec<Finding> {
    let Some((repeated, times)) = worst(pair.output) else { return Vec::new() };
    // A text that repeats itself may be repeated: a chant, a refrain, a table.
    if worst(pair.source).is_some_and(|(_, source)| source >= TIMES) {
        return Vec::new();
    }
    let message = format!("\"{}\" is repeated {times} times", excerpt(&repeated));
    vec![CHECK.doubt(REPEATED, message).value("words", repeated).value("times", times)]
}

fn worst(text: &str) -> Option<(String, usize)> {
    let words: Vec<&str> =
        text.split_whitespace().filter(|word| word.chars().any(char::is_alphanumeric)).collect();
    words_in_a_row(&words).or_else(|| long_stretch(&words)).or_else(|| letters_in_a_row(text))
}

fn words_in_a_row(words: &[&str]) -> Option<(String, usize)> {
    for size in 1..=LONGEST {
        let times = longest_run(words, size);
        if let Some((at, times)) = times.filter(|(_, times)| *times >= TIMES) {
            return Some((words[at..at + size].join(" "), times));
        }
    }
    None
}

/// Where a stretch of `size` items repeats itself most often in a row, and how often.
fn longest_run<T: PartialEq>(items: &[T], size: usize) -> Option<(usize, usize)> {
    let mut best: Option<(usize, usize)> = None;
    let mut same = 0;
    for at in size..items.len() {
        same = if items[at] == items[at - size] { same + 1 } else { 0 };
        let times = same / size + 1;
        if times > best.map_or(1, |(_, times)| times) {
            best = Some((at + 1 - times * size, times));
        }
    }
    best
}

fn long_stretch(words: &[&str]) -> Option<(String, usize)> {
    let mut seen: HashMap<&[&str], usize> = HashMap::new();
    for stretch in words.windows(LONG) {
        let times = seen.entry(stretch).or_default();
        *times += 1;
        if *times >= TIMES {
            return Some((stretch.join(" "), *times));
        }
    }
    None
}

fn letters_in_a_row(text: &str) -> Option<(String, usize)> {
    // Rules, ellipses and round numbers repeat by right.
    let letters: Vec<char> =
        text.chars().map(|c| if c.is_alphabetic() { c } else { ' ' }).collect();
    for run in letters.split(|c| *c == ' ') {
        for size in 1..=LETTERS {
            if let Some((at, times)) =
                longest_run(run, size).filter(|(_, times)| *times >= LETTER_TIMES)
            {
                return Some((run[at..at + size].iter().collect(), times));
            }
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::super::pairs::{messages, summary};
    use super::*;

    #[test]
    fn ordinary_texts_repeat_little() {
        for good in [
            "The minister said the ministry said so.",
            "\"No, no, no,\" he said.",
            "ㅋㅋㅋ -------- ...... 1,000,000,000",
            "하하하 웃었다.",
        ] {
            assert!(run(&summary("x", good)).is_empty(), "{good}");
        }
    }

    #[test]
    fn a_loop_is_doubted_whatever_its_length() {
        assert_eq!(messages(run(&summary("x", "측 측 측 측 측"))), ["\"측\" is repeated 5 times"]);
        assert!(
            run(&summary("x", "he said that he said that he said that he said that"))[0]
                .message
                .starts_with("\"he said that\"")
        );
        assert!(
            run(&summary("x", &"the two ministers agreed. ".repeat(4)))[0]
                .message
                .contains("4 times")
        );
        assert!(run(&summary("x", &"측은".repeat(9)))[0].message.contains("repeated 9 times"));
        assert!(
            run(&summary("x", "a b c d e. f g a b c d e. h a b c d e. i j a b c d e."))[0]
                .message
                .contains("a b c d e.")
        );
    }

    #[test]
    fn what_the_source_repeats_may_be_repeated() {
        assert!(run(&summary("go go go go go", "go go go go go")).is_empty());
    }
}
