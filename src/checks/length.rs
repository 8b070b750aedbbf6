//! Length: a translation far shorter or longer than translations are has lost or invented
//! something.

use super::{Check, Kind, Pair, Task, excerpt};
use crate::finding::Finding;
use crate::language::Language;

const SHORT: Kind = Kind::critical("too_short");
const LONG: Kind = Kind::critical("too_long");
const NO_SUMMARY: Kind = Kind::critical("no_summary");

pub(super) const CHECK: Check = Check {
    name: "length",
    describe: "a translation much shorter or longer than its source lets expect, a summary of a word or two",
    kinds: &[SHORT, LONG, NO_SUMMARY],
    run,
};

/// Texts shorter than this (characters) vary too much: headlines drop half their words.
const SHORTEST: usize = 40;

/// Words of an article from which a summary has more than [`FEWEST`].
const ARTICLE: usize = 20;
/// A summary of fewer words says nothing: the model answered with something else.
const FEWEST: usize = 3;

fn run(pair: &Pair<'_>) -> Vec<Finding> {
    if pair.task == Task::Summary {
        return no_summary(pair).into_iter().collect();
    }
    let Some((low, high)) = bounds(pair) else { return Vec::new() };
    let (source, output) = (letters(pair.source), letters(pair.output));
    if source < SHORTEST {
        return Vec::new();
    }
    let ratio = output as f64 / source as f64;
    if (low..=high).contains(&ratio) {
        return Vec::new();
    }
    let (kind, strange) = if ratio < low { (SHORT, "short") } else { (LONG, "long") };
    let message = format!(
        "the translation is very {strange}: {ratio:.2} times the text, where {low:.2} to {high:.2} is usual"
    );
    vec![CHECK.doubt(kind, message).value("ratio", ratio).value("low", low).value("high", high)]
}

fn no_summary(pair: &Pair<'_>) -> Option<Finding> {
    let words = pair.output.split_whitespace().count();
    let is_long = pair.source.split_whitespace().nth(ARTICLE).is_some();
    let message = format!("the summary is \"{}\" and nothing else", excerpt(pair.output));
    (is_long && (1..FEWEST).contains(&words)).then(|| {
        CHECK.doubt(NO_SUMMARY, message).in_output(0..pair.output.len()).value("words", words)
    })
}

/// Characters per character, from the first to the last percentile of human translations: the lower
/// bound of FLORES-200 (2,009 pairs) or NTREX-128 (1,000 news sentences) where they differ, and the
/// upper one. By FLORES alone, 4 % of what NTREX's professional translators wrote would be doubted.
fn bounds(pair: &Pair<'_>) -> Option<(f64, f64)> {
    match (pair.task, pair.from, pair.to) {
        (Task::Translation, Language::English, Language::Korean) => Some((0.34, 0.95)),
        (Task::Translation, Language::Korean, Language::English) => Some((1.0, 2.98)),
        _ => None,
    }
}

fn letters(text: &str) -> usize {
    text.trim().chars().count()
}

#[cfg(test)]
mod tests {
    use super::super::pairs::{summary, translation};
    use super::*;

    const ENGLISH: &str = "The two ministers discussed over the phone on Wednesday how to tighten their security collaboration.";
    const KOREAN: &str =
        "두 장관은 수요일 전화 통화에서 안보 협력을 강화하는 방안을 논의했다고 국방부가 밝혔다.";

    #[test]
    fn a_whole_translation_has_the_usual_length() {
        assert!(run(&translation(ENGLISH, KOREAN)).is_empty());
        assert!(run(&translation(KOREAN, ENGLISH)).is_empty());
    }

    #[test]
    fn half_a_translation_and_a_tale_are_doubted() {
        assert!(
            run(&translation(ENGLISH, "두 장관은 논의했다."))[0]
                .message
                .starts_with("the translation is very short: 0.11")
        );
        assert!(run(&translation(ENGLISH, &KOREAN.repeat(3)))[0].message.contains("very long"));
        assert!(run(&translation(KOREAN, "The ministers talked.")).len() == 1);
    }

    #[test]
    fn a_word_is_no_summary_of_an_article() {
        let article = format!("{ENGLISH} {ENGLISH}");
        assert_eq!(
            run(&summary(&article, "BANANA"))[0].message,
            "the summary is \"BANANA\" and nothing else"
        );
        assert!(run(&summary(&article, "Ministers discuss security")).is_empty());
        assert!(run(&summary("Ministers meet in Haemin.", "Ministers meet")).is_empty());
    }

    #[test]
    fn headlines_and_summaries_are_not_measured() {
        assert!(
            run(&translation("Ministers meet", "한미 국방장관, 서울서 만나 협력 논의하기로"))
                .is_empty()
        );
        assert!(run(&summary(ENGLISH, "They talked.")).is_empty());
    }
}
