//! A check: its input and the kinds of its findings.

use crate::finding::{Finding, Severity};
use crate::language::Language;

/// The kind of an output.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OutputKind {
    /// A shorter text, which may leave things out.
    Summary,
    /// The same text in another language, which may not.
    Translation,
}

impl OutputKind {
    /// The words for source and output in messages.
    pub(super) fn words(self) -> (&'static str, &'static str) {
        match self {
            Self::Summary => ("article", "summary"),
            Self::Translation => ("original", "translation"),
        }
    }
}

/// A source and the output that a model made of it.
#[derive(Debug, Clone, Copy)]
pub struct Pair<'t> {
    /// The source text.
    pub source: &'t str,
    /// The output text.
    pub output: &'t str,
    /// Language of the source.
    pub from: Language,
    /// Requested language of the output.
    pub to: Language,
    /// Summary or translation.
    pub kind: OutputKind,
}

/// A check: a pure function with a name.
pub struct Check {
    /// The name that findings carry.
    pub name: &'static str,
    /// The errors it looks for, in half a line.
    pub describe: &'static str,
    /// Kinds of its findings.
    pub kinds: &'static [FindingKind],
    /// Its findings for a pair, still without the index of their segment.
    pub run: fn(&Pair<'_>) -> Vec<Finding>,
}

impl Check {
    /// A finding of this check.
    pub(super) fn finding(&self, kind: FindingKind, message: impl Into<String>) -> Finding {
        Finding::new(self.name, kind.name, message).severity(kind.severity)
    }
}

/// A kind of findings.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct FindingKind {
    /// A name for programs, unique among all checks.
    pub name: &'static str,
    /// Severity of the findings.
    pub severity: Severity,
}

impl FindingKind {
    pub(super) const fn critical(name: &'static str) -> Self {
        Self { name, severity: Severity::Critical }
    }

    pub(super) const fn major(name: &'static str) -> Self {
        Self { name, severity: Severity::Major }
    }

    pub(super) const fn minor(name: &'static str) -> Self {
        Self { name, severity: Severity::Minor }
    }
}
