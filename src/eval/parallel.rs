//! A correct pair: a line in both languages.

use crate::language::Language;

/// A line in English and in Korean, each a correct translation of the other.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Parallel {
    /// The English line.
    pub english: String,
    /// The Korean line.
    pub korean: String,
}

impl Parallel {
    /// The line in a language.
    pub(super) fn text(&self, language: Language) -> &str {
        match language {
            Language::English => &self.english,
            Language::Korean => &self.korean,
        }
    }
}
