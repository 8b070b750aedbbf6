//! Direction: words of a text whose opposites stand in the output: rose and fell, approved and
//! rejected, north and south.
//!
//! Both must be seen: the word of the source is lost, and its opposite is new. Knows pairs of
//! opposites in `lexicon/opposites.txt`; does not read which word belongs to which noun.

use std::sync::LazyLock;

use super::check::{Check, Example, FindingKind, OutputKind, Scope};
use super::comparison::Comparison;
use super::lexicon::{Hit, Lexicon, english_words};
use crate::document::Span;
use crate::finding::Finding;
use crate::language::Language;

const REVERSED: FindingKind = FindingKind::major("direction_reversed").up_to_sentences(3);

pub(super) const CHECK: Check = Check {
    name: "direction",
    describe: "opposites: rose and fell, approved and rejected, north and south",
    kinds: &[REVERSED],
    scope: Scope::Support,
    examples: &[
        Example::found(
            REVERSED,
            "Exports to Haemin rose 4 percent in May.",
            "5월 해민 수출이 4% 감소했다.",
        ),
        Example::found(
            REVERSED,
            "법원은 한 씨에게 무죄를 선고했다.",
            "The court found Han guilty.",
        ),
        Example::fine("Exports to Haemin rose 4 percent in May.", "5월 해민 수출이 4% 늘어났다."),
        Example::fine("법원은 한 씨에게 무죄를 선고했다.", "The court acquitted Han."),
    ],
    run,
};

static OPPOSITES: LazyLock<Lexicon> =
    LazyLock::new(|| Lexicon::new(include_str!("lexicon/opposites.txt")));

/// Most sentences of an article that a summary sentence in another language is compared with.
const MAX_SUPPORT: usize = 3;

fn run(comparison: &Comparison<'_>) -> Vec<Finding> {
    let (source, output) = (&comparison.source, &comparison.output);
    let is_summary = comparison.pair.kind == OutputKind::Summary;
    let is_other_language = source.language != output.language;
    if is_summary && is_other_language && source.sentences().len() > MAX_SUPPORT {
        return Vec::new();
    }
    let is_loose = is_summary
        && is_other_language
        && !(comparison.is_whole() && source.sentences().len() == 1);
    let mut findings = Vec::new();
    for (from, to) in comparison.equal_sentences() {
        let original = words(&source.text[from.clone()], source.language);
        let result = words(&output.text[to.clone()], output.language);
        for (lost, new) in reversed(&original, &result, is_loose) {
            let lost = from.start + lost.start..from.start + lost.end;
            let new = to.start + new.start..to.start + new.end;
            findings.push(finding(comparison, lost, new));
        }
    }
    findings
}

fn finding(comparison: &Comparison<'_>, lost: Span, new: Span) -> Finding {
    let pair = comparison.pair;
    let (original, result) = comparison.words();
    let (original_ko, result_ko) = comparison.korean_words();
    let (expected, found) = (&pair.source[lost.clone()], &pair.output[new.clone()]);
    let message =
        format!("'{found}' in the {result} is the opposite of '{expected}' in the {original}");
    let korean = format!("뜻이 반대인 말: {original_ko} '{expected}', {result_ko} '{found}'");
    CHECK
        .finding(REVERSED, message, korean)
        .in_source(lost)
        .in_output(new)
        .expected(expected)
        .found(found)
}

/// The words of a text. A negated word may have either meaning.
fn words(text: &str, language: Language) -> Vec<Hit> {
    let mut hits = OPPOSITES.find(text, language);
    let mut opposites = Vec::new();
    for hit in &mut hits {
        if is_negated(text, &hit.span, language) {
            hit.is_certain = false;
            opposites.push(Hit { is_opposite: !hit.is_opposite, ..hit.clone() });
        }
    }
    hits.extend(opposites);
    hits
}

/// True if a word is negated: "not happy", "좋지 않다".
fn is_negated(text: &str, span: &Span, language: Language) -> bool {
    match language {
        Language::Korean => {
            const AFTER: &[&str] = &[
                "지 않",
                "지 못",
                "지는 않",
                "지는 못",
                "지도 않",
                "지 말",
                "지 아니",
                "수 없",
                "이 아니",
                "가 아니",
                "이 없",
                "가 없",
                " 못",
                " 않",
            ];
            let after: String = text[span.end..].chars().take(7).collect();
            let word: String = text[span.clone()].chars().rev().take(1).chain("".chars()).collect();
            let after = word + &after;
            AFTER.iter().any(|negation| after.contains(negation))
        }
        Language::English => {
            const BEFORE: &[&str] =
                &["not", "no", "never", "without", "nor", "cannot", "hardly", "unable", "neither"];
            let mut start = span.start.saturating_sub(32);
            while !text.is_char_boundary(start) {
                start -= 1;
            }
            let words = english_words(&text[start..span.start]);
            words
                .iter()
                .rev()
                .take(3)
                .any(|word| BEFORE.contains(&word.text.as_str()) || word.text.ends_with("n't"))
        }
    }
}

/// For each pair of opposites that was turned round, the lost word and the new one.
fn reversed(original: &[Hit], result: &[Hit], is_loose: bool) -> Vec<(Span, Span)> {
    let mut found = Vec::new();
    for record in 0..OPPOSITES.records() {
        for is_opposite in [false, true] {
            let lost = of(original, record, is_opposite);
            let new = of(result, record, !is_opposite);
            let kept = of(result, record, is_opposite);
            let known = of(original, record, !is_opposite);
            let is_lost = if is_loose { kept.is_empty() } else { lost.len() > kept.len() };
            let is_new = if is_loose {
                known.is_empty()
            } else {
                certain(&new).count() > certain(&known).count() && new.len() > known.len()
            };
            let lost = certain(&lost).next().filter(|_| is_lost);
            let new = certain(&new).next().filter(|_| is_new);
            if let (Some(lost), Some(new)) = (lost, new) {
                found.push((lost.span.clone(), new.span.clone()));
            }
        }
    }
    found.dedup();
    found
}

/// The words of one meaning.
fn of(hits: &[Hit], record: usize, is_opposite: bool) -> Vec<&Hit> {
    hits.iter().filter(|hit| hit.record == record && hit.is_opposite == is_opposite).collect()
}

fn certain<'h>(hits: &'h [&'h Hit]) -> impl Iterator<Item = &'h &'h Hit> {
    hits.iter().filter(|hit| hit.is_certain)
}
