//! A source and its output, as the caller gives them.

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
    /// A name for programs: `summary`, `translation`.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Summary => "summary",
            Self::Translation => "translation",
        }
    }

    /// The kind of this name, in upper or lower case.
    pub fn parse(name: &str) -> Option<Self> {
        let name = name.trim().to_lowercase();
        [Self::Summary, Self::Translation].into_iter().find(|kind| kind.as_str() == name)
    }

    /// The words for source and output in English messages.
    pub(super) fn words(self) -> (&'static str, &'static str) {
        match self {
            Self::Summary => ("article", "summary"),
            Self::Translation => ("original", "translation"),
        }
    }

    /// The words for source and output in Korean messages.
    pub(super) fn korean_words(self) -> (&'static str, &'static str) {
        match self {
            Self::Summary => ("기사", "요약문"),
            Self::Translation => ("원문", "번역문"),
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
