//! Negations that were lost or added.
//!
//! Negations of both texts are counted, sentence by sentence where both have as many. Words that
//! deny without one ("refuse", "거부", "without", "무료") may stand for a negation unless the other
//! text has their translation. A doubt is a difference that they do not explain.

mod english;
mod korean;
mod same;

use std::sync::LazyLock;

use super::check::{Check, Example, FindingKind, OutputKind, Scope};
use super::comparison::Comparison;
use super::lexicon::Lexicon;
use crate::document::Span;
use crate::finding::Finding;
use crate::language::Language;

const LOST: FindingKind = FindingKind::major("negation_lost").up_to_sentences(2);
const ADDED: FindingKind = FindingKind::major("negation_added").up_to_sentences(2);

pub(super) const CHECK: Check = Check {
    name: "negation",
    describe: "negations that were lost or added",
    kinds: &[LOST, ADDED],
    scope: Scope::Support,
    examples: &[
        Example::found(
            LOST,
            "The ministry did not confirm the order.",
            "국방부는 명령을 확인했다.",
        ),
        Example::found(
            ADDED,
            "시는 새 항구를 열 수 있다고 밝혔다.",
            "The city said it could not open the new port.",
        ),
        Example::fine(
            "The ministry did not confirm the order.",
            "국방부는 명령을 확인하지 않았다.",
        ),
        Example::fine("The mayor refused to resign.", "시장은 물러나지 않겠다고 했다."),
    ],
    run,
};

static DENIALS: LazyLock<Lexicon> =
    LazyLock::new(|| Lexicon::new(include_str!("lexicon/negatives.txt")));

fn run(comparison: &Comparison<'_>) -> Vec<Finding> {
    let (source, output) = (&comparison.source, &comparison.output);
    if source.language == output.language {
        return same_language(comparison);
    }
    let is_summary = comparison.pair.kind == OutputKind::Summary;
    let mut findings = Vec::new();
    for (from, to) in comparison.equal_sentences() {
        let original = Negations::of(&source.text[from.clone()], source.language);
        let result = Negations::of(&output.text[to.clone()], output.language);
        let is_whole = !is_summary || comparison.is_whole();
        if is_whole && let Some(lost) = original.beyond(&result) {
            let span = from.start + lost.start..from.start + lost.end;
            findings.push(lost_finding(comparison, span, to));
        } else if let Some(added) = result.beyond(&original) {
            let span = to.start + added.start..to.start + added.end;
            findings.push(added_finding(comparison, from, span));
        }
    }
    findings
}

/// Findings for a summary in the language of its article: what both say, once with a negation.
fn same_language(comparison: &Comparison<'_>) -> Vec<Finding> {
    let (source, output) = (&comparison.source, &comparison.output);
    let language = source.language;
    if let Some((added, stated)) = same::contradiction(output.text, source.text, language) {
        return vec![added_finding(comparison, stated, added)];
    }
    if let Some((lost, stated)) = same::contradiction(source.text, output.text, language) {
        return vec![lost_finding(comparison, lost, stated)];
    }
    let result = Negations::of(output.text, language);
    let added = result.beyond(&Negations::of(source.text, language));
    let whole = 0..source.text.len();
    added.map(|added| added_finding(comparison, whole, added)).into_iter().collect()
}

fn lost_finding(comparison: &Comparison<'_>, lost: Span, sentence: Span) -> Finding {
    let pair = comparison.pair;
    let (original, result) = comparison.words();
    let (_, result_ko) = comparison.korean_words();
    let negation = &pair.source[lost.clone()];
    let message = format!("'{negation}' in the {original} is not negated in the {result}");
    let korean = format!("{result_ko}에서 빠진 부정: '{negation}'");
    CHECK.finding(LOST, message, korean).in_source(lost).in_output(sentence).expected(negation)
}

fn added_finding(comparison: &Comparison<'_>, sentence: Span, added: Span) -> Finding {
    let pair = comparison.pair;
    let (original, result) = comparison.words();
    let (original_ko, _) = comparison.korean_words();
    let negation = &pair.output[added.clone()];
    let message = format!("'{negation}' in the {result} is not negated in the {original}");
    let korean = format!("{original_ko}에 없는 부정: '{negation}'");
    CHECK.finding(ADDED, message, korean).in_source(sentence).in_output(added).found(negation)
}

/// The force of a negation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Force {
    /// A negation proper.
    Plain,
    /// A Korean negation inside a phrase, which English often gives with an adjective: "않은".
    Dependent,
    /// An adjective that no translation gives without a negation: "unknown".
    Adjective,
    /// A negation of form only, which the other language may leave out: "not only", "밖에 없다".
    Weak,
    /// A word with a negative prefix or suffix: "unhappy", "불편".
    Affix,
}

/// A negation of a text.
#[derive(Debug)]
struct Negation {
    span: Span,
    force: Force,
}

/// The negations of a text, with the words that deny without one.
struct Negations {
    found: Vec<Negation>,
    /// By record of the table, the number of words.
    words: Vec<usize>,
    /// By record of the table, the number of words that may stand for a negation.
    denials: Vec<usize>,
}

impl Negations {
    fn of(text: &str, language: Language) -> Self {
        let mut words = vec![0; DENIALS.records()];
        let mut denials = words.clone();
        for hit in DENIALS.find(text, language) {
            words[hit.record] += 1;
            denials[hit.record] += usize::from(hit.is_certain);
        }
        let found = match language {
            Language::English => english::negations(text),
            Language::Korean => korean::negations(text),
        };
        Self { found, words, denials }
    }

    fn count(&self, force: Force) -> usize {
        self.found.iter().filter(|negation| negation.force == force).count()
    }

    /// Negations proper.
    fn plain(&self) -> usize {
        self.count(Force::Plain) + self.count(Force::Dependent)
    }

    /// Words with a negative prefix or suffix.
    fn affixed(&self) -> usize {
        self.count(Force::Affix) + self.count(Force::Adjective)
    }

    /// The last negation, if there are more than the other text can stand for.
    fn beyond(&self, other: &Self) -> Option<Span> {
        let last = |force| self.found.iter().rev().find(|negation| negation.force == force);
        let denials = self.words.iter().zip(&other.denials);
        let denials: usize = denials.map(|(own, other)| other.saturating_sub(*own)).sum();
        let reserve = denials
            + other.count(Force::Weak).saturating_sub(self.count(Force::Weak))
            + other.affixed().saturating_sub(self.affixed());
        let is_silent = other.found.is_empty() && other.words.iter().all(|count| *count == 0);
        let found = if self.count(Force::Plain) > other.plain() + reserve {
            last(Force::Plain)
        } else {
            last(Force::Adjective).filter(|_| is_silent)
        };
        found.map(|negation| negation.span.clone())
    }
}
