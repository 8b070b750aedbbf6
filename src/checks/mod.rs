//! Checks: what did not carry over from a source to the text made from it.
//!
//! A check is one file here and one line in [`CHECKS`]: a pure function from a [`Pair`] to
//! findings, each a sentence for an editor with its kind, places and values for programs. A doubt
//! that is wrong too often is not read, so that every check would rather miss than cry wolf: each
//! is calibrated on human translations, which are right by definition. Knows languages and texts;
//! knows nothing of models or prompts.

mod copied;
mod language;
mod length;
mod markup;
mod names;
mod numbers;
mod numerals;
mod quotes;
mod repetition;

use crate::finding::{Finding, Severity};
use crate::language::Language;

/// What was made from the source.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Task {
    /// A shorter text: what it leaves out is no doubt.
    Summary,
    /// The same text in another language: nothing may be missing.
    Translation,
}

impl Task {
    /// What the source and the output are called in messages.
    fn words(self) -> (&'static str, &'static str) {
        match self {
            Self::Summary => ("article", "summary"),
            Self::Translation => ("text", "translation"),
        }
    }
}

/// A source and what was made from it.
#[derive(Debug, Clone, Copy)]
pub struct Pair<'t> {
    /// What the model was given.
    pub source: &'t str,
    /// What it answered.
    pub output: &'t str,
    /// The source's language.
    pub from: Language,
    /// The language the output should be in.
    pub to: Language,
    /// What the output should be.
    pub task: Task,
}

/// A check.
pub struct Check {
    /// Its name, as findings carry it.
    pub name: &'static str,
    /// What it looks for, in half a line.
    pub describe: &'static str,
    /// The kinds of findings it gives.
    pub kinds: &'static [Kind],
    /// A finding for each doubt, its segment left open.
    pub run: fn(&Pair<'_>) -> Vec<Finding>,
}

/// A kind of findings.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Kind {
    /// Its name, which programs may rely on: no two checks have the same.
    pub name: &'static str,
    /// How much such a finding matters.
    pub severity: Severity,
}

impl Kind {
    const fn critical(name: &'static str) -> Self {
        Self { name, severity: Severity::Critical }
    }

    const fn major(name: &'static str) -> Self {
        Self { name, severity: Severity::Major }
    }

    const fn minor(name: &'static str) -> Self {
        Self { name, severity: Severity::Minor }
    }
}

impl Check {
    /// A finding of this check.
    fn doubt(&self, kind: Kind, message: impl Into<String>) -> Finding {
        Finding::new(self.name, kind.name, message).severity(kind.severity)
    }
}

/// Every check.
pub const CHECKS: &[Check] = &[
    copied::CHECK,
    language::CHECK,
    length::CHECK,
    markup::CHECK,
    names::CHECK,
    numbers::CHECK,
    quotes::CHECK,
    repetition::CHECK,
];

/// Runs every check. `segment` says which part of a longer text this is.
///
/// ```
/// use malmoi::{Language, checks::{Pair, Task, findings}};
/// let pair = Pair {
///     source: "The quake struck 32 kilometers off the coast, killing two people and hurting 17.",
///     output: "지진이 해안에서 32㎞ 떨어진 곳에서 일어나 두 명이 숨지고 71명이 다쳤다.",
///     from: Language::English,
///     to: Language::Korean,
///     task: Task::Translation,
/// };
/// let found = findings(&pair, None);
/// assert_eq!(found[0].message, "\"17\" is in the text but not in the translation");
/// assert_eq!((found[0].kind.as_str(), &found[0].values["number"]), ("number_lost", &17.0.into()));
/// assert_eq!(found[1].message, "\"71\" is in the translation but not in the text");
/// assert_eq!(found[1].output.and_then(|place| place.of(pair.output)), Some("71"));
/// ```
pub fn findings(pair: &Pair<'_>, segment: Option<usize>) -> Vec<Finding> {
    CHECKS.iter().flat_map(|check| (check.run)(pair)).map(|finding| finding.at(segment)).collect()
}

/// A quotation from a text for a message: its beginning, if it is long.
fn excerpt(text: &str) -> String {
    const LONGEST: usize = 60;
    let text = text.split_whitespace().collect::<Vec<_>>().join(" ");
    match text.char_indices().nth(LONGEST) {
        Some((at, _)) => format!("{}…", &text[..at]),
        None => text,
    }
}

/// Parts of a text that join back to it, each with where it starts.
fn placed(parts: Vec<&str>) -> impl Iterator<Item = (usize, &str)> {
    let mut end = 0;
    parts.into_iter().map(move |part| {
        end += part.len();
        (end - part.len(), part)
    })
}

/// Pairs for the tests of single checks.
#[cfg(test)]
mod pairs {
    use super::*;

    pub(super) fn messages(findings: Vec<Finding>) -> Vec<String> {
        findings.into_iter().map(|finding| finding.message).collect()
    }

    pub(super) fn translation<'t>(source: &'t str, output: &'t str) -> Pair<'t> {
        let from = Language::detect(source).unwrap_or(Language::English);
        Pair { source, output, from, to: from.other(), task: Task::Translation }
    }

    /// In the source's language.
    pub(super) fn summary<'t>(source: &'t str, output: &'t str) -> Pair<'t> {
        let from = Language::detect(source).unwrap_or(Language::English);
        Pair { source, output, from, to: from, task: Task::Summary }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn names_are_unique_and_described() {
        let mut names: Vec<&str> = CHECKS.iter().map(|check| check.name).collect();
        names.dedup();
        assert_eq!(names.len(), CHECKS.len());
        assert!(names.is_sorted() && CHECKS.iter().all(|check| !check.describe.is_empty()));
        let mut kinds: Vec<&str> =
            CHECKS.iter().flat_map(|check| check.kinds).map(|kind| kind.name).collect();
        let count = kinds.len();
        kinds.sort_unstable();
        kinds.dedup();
        assert_eq!(kinds.len(), count);
    }

    #[test]
    fn a_good_translation_and_a_good_summary_raise_no_doubt() {
        let english = "SEOUL, Jan. 7 (Yonhap) -- The government will spend 1.25 trillion won ($905.3 million) on three new ships, Defense Minister Han Seo-jin said Thursday. \"We are ready,\" Han added.";
        let korean = "(서울=연합뉴스) 정부가 새 함정 세 척에 1조2천500억원(9억530만 달러)을 쓰기로 했다고 한서진 국방부 장관이 1월 7일 밝혔다. 그는 \"준비됐다\"고 덧붙였다.";
        assert_eq!(findings(&pairs::translation(english, korean), None), []);
        let summary =
            "The government will spend 1.25 trillion won on three ships, Han Seo-jin said.";
        assert_eq!(findings(&pairs::summary(english, summary), None), []);
    }

    proptest! {
        #[test]
        fn no_text_makes_a_check_panic(source in "(?s).{0,120}", output in "([가-힣a-zA-Z0-9.,만억조천년월\"'<|> ]|\\PC){0,120}") {
            for task in [Task::Summary, Task::Translation] {
                for (from, to) in [(Language::English, Language::Korean), (Language::Korean, Language::English), (Language::Korean, Language::Korean)] {
                    for (source, output) in [(&source, &output), (&output, &source)] {
                        for finding in findings(&Pair { source, output, from, to, task }, None) {
                            let check = CHECKS.iter().find(|check| check.name == finding.check).unwrap();
                            prop_assert!(check.kinds.iter().any(|kind| kind.name == finding.kind));
                            prop_assert!(finding.source.is_none_or(|place| place.of(source).is_some()));
                            prop_assert!(finding.output.is_none_or(|place| place.of(output).is_some()));
                        }
                    }
                }
            }
        }
    }
}
