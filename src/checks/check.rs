//! A check: its input and the kinds of its findings.

use super::comparison::Comparison;
use super::options::CheckOptions;
pub use super::pair::{OutputKind, Pair};
use crate::finding::{Finding, Severity};

/// A check: a pure function with a name.
pub struct Check {
    /// The name that findings carry.
    pub name: &'static str,
    /// The errors it looks for, in half a line.
    pub describe: &'static str,
    /// Kinds of its findings.
    pub kinds: &'static [FindingKind],
    /// The part of an article that a summary is compared with.
    pub scope: Scope,
    /// Pairs that it must find, and pairs that it must leave alone.
    pub examples: &'static [Example],
    /// Its findings for a pair, still without the index of their segment.
    pub(super) run: fn(&Comparison<'_>) -> Vec<Finding>,
}

impl Check {
    /// Its findings for a pair alone, to measure one check.
    pub fn findings(&self, pair: &Pair<'_>, options: &CheckOptions) -> Vec<Finding> {
        (self.run)(&Comparison::new(pair, options))
    }

    /// A finding of this check, with its sentence for an editor in English and in Korean.
    pub(super) fn finding(
        &self,
        kind: FindingKind,
        english: impl Into<String>,
        korean: impl Into<String>,
    ) -> Finding {
        Finding::new(self.name, kind.name, english).in_korean(korean).severity(kind.severity)
    }
}

/// The part of an article that a check compares a summary with. A translation is always compared
/// with its whole source.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Scope {
    /// Nothing: the check is for translations only.
    Translations,
    /// The whole article, with the whole summary.
    Article,
    /// The sentences that support a sentence of the summary, with that sentence.
    Support,
}

/// An example of a check: a source, an output, and what the check says of them. The languages are
/// those that the texts are written in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Example {
    /// The source text.
    pub source: &'static str,
    /// The output text.
    pub output: &'static str,
    /// Summary or translation.
    pub output_kind: OutputKind,
    /// The kind of the first finding; `None` if there is none.
    pub finding: Option<&'static str>,
}

impl Example {
    /// A translation with an error.
    pub(super) const fn found(
        kind: FindingKind,
        source: &'static str,
        output: &'static str,
    ) -> Self {
        let output_kind = OutputKind::Translation;
        Self { source, output, output_kind, finding: Some(kind.name) }
    }

    /// A correct translation.
    pub(super) const fn fine(source: &'static str, output: &'static str) -> Self {
        Self { source, output, output_kind: OutputKind::Translation, finding: None }
    }

    /// The example as a summary, not a translation.
    pub(super) const fn summary(self) -> Self {
        Self { output_kind: OutputKind::Summary, ..self }
    }
}

/// A kind of findings.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct FindingKind {
    /// A name for programs, unique among all checks.
    pub name: &'static str,
    /// Severity of the findings.
    pub severity: Severity,
    /// Most sentences of a source that findings of this kind are reported for: the false alarms of
    /// a weak kind grow with the length of the text.
    pub max_sentences: usize,
    /// True if a longer translation is searched for it by paragraph and by sentence.
    pub in_passages: bool,
}

impl FindingKind {
    const fn new(name: &'static str, severity: Severity) -> Self {
        Self { name, severity, max_sentences: usize::MAX, in_passages: false }
    }

    pub(super) const fn critical(name: &'static str) -> Self {
        Self::new(name, Severity::Critical)
    }

    pub(super) const fn major(name: &'static str) -> Self {
        Self::new(name, Severity::Major)
    }

    pub(super) const fn minor(name: &'static str) -> Self {
        Self::new(name, Severity::Minor)
    }

    /// Limits the kind to sources of at most this many sentences.
    pub(super) const fn up_to_sentences(self, max_sentences: usize) -> Self {
        Self { max_sentences, ..self }
    }

    /// Looks for the kind in the paragraphs and sentences of longer translations, too; the check
    /// must ask for more evidence there.
    pub(super) const fn in_passages(self) -> Self {
        Self { in_passages: true, ..self }
    }
}
