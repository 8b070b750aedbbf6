//! Modality: what may be, must be or will be, and is said to be otherwise in the output.
//!
//! In two languages, a mode is lost or new if the other text has no word that can stand for it; in
//! a translation, only a new one is a doubt. In one language, a verb has one mode in the article
//! and another in the summary. Does not judge whether "can" is ability or permission.

use std::sync::LazyLock;

use super::check::{Check, Example, FindingKind, OutputKind, Scope};
use super::comparison::Comparison;
use super::contrast::Contrast;
use super::lexicon::{Hit, Lexicon, ends_in_l, english_words, final_consonant};
use super::spans::shifted;
use crate::document::Span;
use crate::finding::Finding;
use crate::language::{Language, is_hangul};

mod same;

use same::Mode;

const POSSIBILITY: FindingKind = FindingKind::major("possibility_changed").up_to_sentences(3);
const OBLIGATION: FindingKind = FindingKind::major("obligation_changed").up_to_sentences(3);
const FUTURE: FindingKind = FindingKind::major("future_changed").up_to_sentences(3);

pub(super) const CHECK: Check = Check {
    name: "modality",
    describe: "possibility, obligation and future: may, must and will",
    kinds: &[POSSIBILITY, OBLIGATION, FUTURE],
    scope: Scope::Support,
    examples: &[
        Example::found(
            POSSIBILITY,
            "The city will close the bridge in May.",
            "The city may close the bridge in May.",
        )
        .summary(),
        Example::found(OBLIGATION, "주민들은 배를 탔다.", "Residents must take the ferry.")
            .summary(),
        Example::found(FUTURE, "The port opened on Monday.", "항구가 월요일에 문을 열 것이다."),
        Example::fine("The port may open early.", "항구가 일찍 문을 열 가능성이 있다.").summary(),
        Example::fine("Residents must take the ferry.", "주민들은 배를 타야 한다.").summary(),
    ],
    run,
};

static WORDS: LazyLock<Lexicon> =
    LazyLock::new(|| Lexicon::new(include_str!("lexicon/modality.txt")));

/// The kinds of findings, by record of the table.
const MODES: [FindingKind; 3] = [POSSIBILITY, OBLIGATION, FUTURE];

fn run(comparison: &Comparison<'_>) -> Vec<Finding> {
    let (source, output) = (&comparison.source, &comparison.output);
    if source.language == output.language {
        let changed = same::changed(source.text, output.text, source.language);
        return changed
            .into_iter()
            .map(|change| {
                let kind = match change.mode {
                    Mode::Obligation => OBLIGATION,
                    Mode::Possibility | Mode::Ability => POSSIBILITY,
                    _ => FUTURE,
                };
                finding(comparison, kind, Some(change.stated), Some(change.claimed))
            })
            .collect();
    }
    let is_translation = comparison.pair.kind == OutputKind::Translation;
    let is_whole = comparison.is_whole();
    let mut findings = Vec::new();
    for (from, to) in comparison.equal_sentences() {
        let original = words(&source.text[from.clone()], source.language);
        let result = words(&output.text[to.clone()], output.language);
        for (record, kind) in MODES.into_iter().enumerate() {
            let is_told = |text: &str, language| record != 2 || is_past(text, language);
            let is_strong = !is_translation || is_rarely_free(kind, output.language);
            let new = beyond(&result, &original, record)
                .filter(|_| is_strong && is_told(&source.text[from.clone()], source.language));
            let lost = beyond(&original, &result, record).filter(|_| {
                is_whole && !is_translation && is_told(&output.text[to.clone()], output.language)
            });
            if let Some(new) = new {
                findings.push(finding(comparison, kind, None, Some(shifted(new, to.start))));
            } else if let Some(lost) = lost {
                findings.push(finding(comparison, kind, Some(shifted(lost, from.start)), None));
            }
        }
    }
    findings
}

/// True for a mode that translators seldom add by themselves. They leave modes out, and English has
/// "may" and "will" for much that Korean does not mark.
fn is_rarely_free(kind: FindingKind, language: Language) -> bool {
    language == Language::Korean || kind == OBLIGATION
}

/// The words of modes in a text.
fn words(text: &str, language: Language) -> Vec<Hit> {
    let mut hits = WORDS.find(text, language);
    match language {
        Language::English => {
            // Names: "Theresa May", "Will Smith".
            hits.retain(|hit| !text[hit.span.clone()].starts_with(['M', 'W']));
            // "is leaving" is said of the future, too.
            if let Some(span) = progressive(text) {
                hits.push(Hit { record: 2, is_opposite: false, is_certain: false, span });
            }
        }
        // "할 것이다" is the future, "한 것이다" is not.
        Language::Korean => hits.retain(|hit| {
            let is_future = hit.record == 2 && text[hit.span.clone()].starts_with("것");
            let before = text[..hit.span.start].trim_end().chars().next_back();
            !is_future || before.is_some_and(ends_in_l)
        }),
    }
    hits
}

/// True if a text tells of the past: only there is a future a contradiction.
fn is_past(text: &str, language: Language) -> bool {
    match language {
        Language::English => english_words(text).iter().any(|word| {
            let word = word.text.as_str();
            matches!(word, "was" | "were" | "had" | "did" | "said" | "told")
                || word.ends_with("ed") && word.len() > 4
        }),
        Language::Korean => {
            let end = text.trim_end_matches(|c: char| !is_hangul(c));
            let end = end.strip_suffix("습니다").or_else(|| end.strip_suffix('다')).unwrap_or("");
            let last = end.chars().next_back();
            last.is_some_and(|c| final_consonant(c) == Some(20)) && !end.ends_with(['있', '겠'])
        }
    }
}

/// The span of a verb in the progressive form.
fn progressive(text: &str) -> Option<Span> {
    let words = english_words(text);
    let is_be = |word: &str| {
        matches!(word, "is" | "are" | "am") || word.ends_with("'s") || word.ends_with("'re")
    };
    let at = words.iter().position(|word| is_be(&word.text))?;
    words[at..]
        .windows(3)
        .find(|words| is_be(&words[0].text) && words[1..].iter().any(|w| w.text.ends_with("ing")))
        .map(|words| words[0].span.start..words[2].span.end)
}

/// The first certain word of a mode, if the other text has none that may stand for it.
fn beyond(these: &[Hit], others: &[Hit], record: usize) -> Option<Span> {
    let is_silent = !others.iter().any(|hit| hit.record == record);
    let found = these.iter().find(|hit| hit.record == record && hit.is_certain);
    found.filter(|_| is_silent).map(|hit| hit.span.clone())
}

fn finding(
    comparison: &Comparison<'_>,
    kind: FindingKind,
    lost: Option<Span>,
    new: Option<Span>,
) -> Finding {
    let (original, result) = comparison.words();
    let (original_ko, result_ko) = comparison.korean_words();
    let (is_lost, is_new) = (lost.is_some(), new.is_some());
    let contrast = Contrast::new(comparison, lost, new);
    let (lost, new) = contrast.words();
    let (english, korean) = match (is_lost, is_new) {
        (true, true) => (
            format!("'{lost}' in the {original} is '{new}' in the {result}"),
            format!("달라진 서법: {original_ko} '{lost}', {result_ko} '{new}'"),
        ),
        (true, false) => (
            format!("'{lost}' in the {original} has no counterpart in the {result}"),
            format!("{result_ko}에서 빠진 서법: '{lost}'"),
        ),
        (false, _) => (
            format!("'{new}' in the {result} has no counterpart in the {original}"),
            format!("{original_ko}에 없는 서법: '{new}'"),
        ),
    };
    contrast.finding(&CHECK, kind, english, korean)
}

#[cfg(test)]
mod tests {
    use super::super::pairs::{run, summary, translation};
    use super::*;
    use crate::checks::Pair;

    #[test]
    fn a_mode_that_no_word_stands_for_is_found_in_summaries() {
        for (source, output, kind) in [
            ("The bridge will close.", "다리가 닫힐지도 모른다.", POSSIBILITY),
            ("다리가 닫힌다.", "The bridge may close.", POSSIBILITY),
            ("Drivers took the detour.", "운전자들은 돌아가야 한다.", OBLIGATION),
            ("운전자들은 돌아갔다.", "Drivers must turn back.", OBLIGATION),
            ("The bridge closed on Monday.", "다리는 월요일에 닫힐 예정이다.", FUTURE),
            ("다리는 월요일에 닫혔다.", "The bridge will close on Monday.", FUTURE),
        ] {
            let pair = translation(source, output);
            let found = run(&CHECK, &Pair { kind: OutputKind::Summary, ..pair });
            assert_eq!(found.first().map(|found| found.kind.as_str()), Some(kind.name), "{source}");
        }
    }

    #[test]
    fn in_translations_a_mode_must_be_new() {
        for (source, output, kind) in [
            ("The ferry sailed.", "배는 떠날 것입니다.", Some(FUTURE)),
            ("The ferry will leave.", "배는 떠날 것입니다.", None),
            ("The ferry leaves.", "배가 떠날 수도 있다.", Some(POSSIBILITY)),
            ("The ferry may leave.", "배가 떠난다.", None),
            ("배가 떠났다.", "The ferry had to leave.", Some(OBLIGATION)),
            ("배가 떠났다.", "The ferry may leave.", None),
        ] {
            let found = run(&CHECK, &translation(source, output));
            let found = found.first().map(|found| found.kind.as_str());
            assert_eq!(found, kind.map(|kind| kind.name), "{source} {output}");
        }
    }

    #[test]
    fn other_words_of_the_same_mode_are_left_alone() {
        for (source, output) in [
            ("The bridge might close.", "다리가 닫힐 가능성이 있다."),
            ("Drivers have to wait.", "운전자들은 기다려야 한다."),
            ("The bridge will close.", "다리는 닫힐 전망이다."),
            ("Prime Minister May spoke.", "메이 총리가 말했다."),
            ("시는 다리를 닫기로 했다.", "The city will close the bridge, it said."),
        ] {
            let pair = Pair { kind: OutputKind::Summary, ..translation(source, output) };
            assert!(run(&CHECK, &pair).is_empty(), "{source} {output}");
        }
    }

    #[test]
    fn in_one_language_the_mode_of_a_verb_is_compared() {
        for (article, wrong) in [
            ("The city may close the bridge.", "The city will close the bridge."),
            ("The city may close the bridge.", "The city must close the bridge."),
            ("시는 다리를 폐쇄할 수도 있다.", "시는 다리를 폐쇄할 것이다."),
            ("시는 다리를 폐쇄할 수 있다.", "시는 다리를 폐쇄해야 한다."),
        ] {
            assert_eq!(run(&CHECK, &summary(article, wrong)).len(), 1, "{wrong}");
            assert!(run(&CHECK, &summary(article, article)).is_empty());
        }
    }
}
