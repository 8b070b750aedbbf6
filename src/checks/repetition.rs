//! Repetition: words, phrases or sentences written twice, and loops of a model.

mod doubled;

use std::collections::HashMap;

use super::check::{Check, Example, FindingKind, Scope};
use super::comparison::Comparison;
use super::spans::excerpt;
use crate::finding::Finding;

const REPEATED: FindingKind = FindingKind::critical("repeated");
const WORD: FindingKind = FindingKind::minor("word_doubled");
const PHRASE: FindingKind = FindingKind::major("phrase_doubled");
const SENTENCE: FindingKind = FindingKind::major("sentence_doubled");
const ALIKE: FindingKind = FindingKind::major("sentence_alike");

pub(super) const CHECK: Check = Check {
    name: "repetition",
    describe: "words, phrases and sentences written twice or more",
    kinds: &[REPEATED, WORD, PHRASE, SENTENCE, ALIKE],
    scope: Scope::Article,
    examples: &[
        Example::found(REPEATED, "It rained.", "비가 비가 비가 비가 왔다."),
        Example::found(WORD, "He left the port.", "그는 그는 항구를 떠났다."),
        Example::found(
            PHRASE,
            "항구는 태풍으로 어제 오후 문을 닫았다.",
            "The port closed because of the because of the storm yesterday.",
        ),
        Example::found(
            PHRASE,
            "항구는 태풍으로 어제 오후 문을 닫았다.",
            "The port was closed the port was closed because of the storm.",
        ),
        Example::found(
            SENTENCE,
            "The port was closed. Ships waited outside.",
            "해민항이 어제 오후 문을 닫았다. 배들이 기다렸다. 해민항이 어제 오후 문을 닫았다.",
        ),
        Example::found(
            ALIKE,
            "항구가 문을 닫았다. 배들이 밖에서 기다렸다.",
            "The port was closed by the city because of the storm. The port was closed by the \
             harbor because of the storm.",
        ),
        Example::fine("It rained.", "비가 왔다."),
        Example::fine("그가 이미 그 말을 했다.", "He had had a very, very long day."),
        Example::fine("It grew bit by bit.", "조금씩 조금씩 아주 아주 커졌다."),
    ],
    run,
};

/// Repetitions of a phrase that are a finding: in a row, or anywhere if the phrase is long.
const MIN_TIMES: usize = 4;
/// Longest phrase that is compared in a row, in words.
const MAX_PHRASE: usize = 12;
/// Words of a phrase that is long: it does not recur by chance.
const LONG_PHRASE: usize = 5;
/// Repetitions of letters in a row that are a finding; a few are usual ("하하하").
const MIN_LETTER_TIMES: usize = 6;
/// Longest sequence of letters that is compared in a row.
const MAX_LETTERS: usize = 10;

fn run(comparison: &Comparison<'_>) -> Vec<Finding> {
    let pair = comparison.pair;
    let Some((repeated, times)) = worst(pair.output) else { return written_twice(comparison) };
    // A chant, a refrain or a table repeats itself in the source as well.
    if worst(pair.source).is_some_and(|(_, source)| source >= MIN_TIMES) {
        return Vec::new();
    }
    let message = format!("'{}' is repeated {times} times", excerpt(&repeated));
    let korean = format!("'{}' {times}번 되풀이됨", excerpt(&repeated));
    let finding = CHECK.finding(REPEATED, message, korean);
    vec![finding.value("words", repeated).value("times", times)]
}

/// The first word, phrase or sentence that is written twice.
fn written_twice(comparison: &Comparison<'_>) -> Vec<Finding> {
    let output = &comparison.output;
    let (kind, place) = if let Some(place) = doubled::sentence(output) {
        (SENTENCE, place)
    } else if let Some((words, place)) = doubled::words(output) {
        (if words == 1 { WORD } else { PHRASE }, place)
    } else if let Some(place) = doubled::alike(output) {
        (ALIKE, place)
    } else {
        return Vec::new();
    };
    let is_excused = match kind {
        SENTENCE => doubled::sentence(&comparison.source).is_some(),
        ALIKE => doubled::alike(&comparison.source).is_some(),
        _ => doubled::any(&comparison.source),
    };
    if is_excused {
        return Vec::new();
    }
    let words = excerpt(&comparison.pair.output[place.clone()]);
    let (message, korean) = if kind == WORD {
        (format!("a word is written twice: '{words}'"), format!("같은 단어 반복: '{words}'"))
    } else if kind == ALIKE {
        (
            format!("almost the same as a sentence before it: '{words}'"),
            format!("앞 문장과 거의 같은 말: '{words}'"),
        )
    } else {
        (format!("written twice: '{words}'"), format!("같은 말 반복: '{words}'"))
    };
    vec![CHECK.finding(kind, message, korean).in_output(place)]
}

/// The first repetition that is a finding, and its count.
fn worst(text: &str) -> Option<(String, usize)> {
    let words: Vec<&str> =
        text.split_whitespace().filter(|word| word.chars().any(char::is_alphanumeric)).collect();
    words_in_a_row(&words).or_else(|| long_phrase(&words)).or_else(|| letters_in_a_row(text))
}

fn words_in_a_row(words: &[&str]) -> Option<(String, usize)> {
    for size in 1..=MAX_PHRASE {
        let times = longest_run(words, size);
        if let Some((at, times)) = times.filter(|(_, times)| *times >= MIN_TIMES) {
            return Some((words[at..at + size].join(" "), times));
        }
    }
    None
}

/// Start and count of the `size` items that are repeated most often in a row.
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

fn long_phrase(words: &[&str]) -> Option<(String, usize)> {
    let mut seen: HashMap<&[&str], usize> = HashMap::new();
    for phrase in words.windows(LONG_PHRASE) {
        let times = seen.entry(phrase).or_default();
        *times += 1;
        if *times >= MIN_TIMES {
            return Some((phrase.join(" "), *times));
        }
    }
    None
}

fn letters_in_a_row(text: &str) -> Option<(String, usize)> {
    // Rulers, ellipses and digits may repeat.
    let letters: Vec<char> =
        text.chars().map(|c| if c.is_alphabetic() { c } else { ' ' }).collect();
    for run in letters.split(|c| *c == ' ') {
        for size in 1..=MAX_LETTERS {
            if let Some((at, times)) =
                longest_run(run, size).filter(|(_, times)| *times >= MIN_LETTER_TIMES)
            {
                return Some((run[at..at + size].iter().collect(), times));
            }
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::super::pairs::{messages, run, summary};
    use super::*;

    #[test]
    fn ordinary_texts_repeat_little() {
        for good in [
            "The minister said the ministry said so.",
            "\"No, no, no,\" he said.",
            "ㅋㅋㅋ -------- ...... 1,000,000,000",
            "하하하 웃었다.",
        ] {
            assert!(run(&CHECK, &summary("x", good)).is_empty(), "{good}");
        }
    }

    #[test]
    fn a_loop_of_any_length_is_found() {
        assert_eq!(
            messages(run(&CHECK, &summary("x", "측 측 측 측 측"))),
            ["'측' is repeated 5 times"]
        );
        assert!(
            run(&CHECK, &summary("x", "he said that he said that he said that he said that"))[0]
                .message
                .starts_with("'he said that'")
        );
        assert!(
            run(&CHECK, &summary("x", &"the two ministers agreed. ".repeat(4)))[0]
                .message
                .contains("4 times")
        );
        assert!(
            run(&CHECK, &summary("x", &"측은".repeat(9)))[0].message.contains("repeated 9 times")
        );
        assert!(
            run(&CHECK, &summary("x", "a b c d e. f g a b c d e. h a b c d e. i j a b c d e."))[0]
                .message
                .contains("a b c d e.")
        );
    }

    #[test]
    fn repetitions_of_the_source_are_no_finding() {
        assert!(run(&CHECK, &summary("go go go go go", "go go go go go")).is_empty());
    }
}
