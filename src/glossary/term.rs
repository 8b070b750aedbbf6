//! A term and its prescribed translation.

use serde::{Deserialize, Serialize};

use super::words::Text;
use crate::document::Span;
use crate::language::{Language, LanguagePair, Register, is_hangul};

/// A term of a glossary and its prescribed translation.
///
/// ```
/// use malmoi::Term;
/// let term = Term { note: Some("house style".into()), ..Term::new("harbour", "항만") };
/// assert!(!term.keep && term.alternatives.is_empty());
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
pub struct Term {
    /// The term in the source language.
    pub source: String,
    /// Its translation.
    pub target: String,
    /// Other translations that are allowed.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub alternatives: Vec<String>,
    /// Translations that are not allowed.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub forbid: Vec<String>,
    /// True for a term that stays as it is: its target is its source.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub keep: bool,
    /// Part of speech, as the file says it: "noun".
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub part_of_speech: Option<String>,
    /// A note for people.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub note: Option<String>,
    /// The register that the term is for; `None` for all. A term for another one is not used.
    #[serde(default, skip_serializing_if = "Option::is_none", with = "register_word")]
    pub register: Option<Register>,
}

impl Term {
    /// A term with its translation.
    pub fn new(source: impl Into<String>, target: impl Into<String>) -> Self {
        Self { source: source.into(), target: target.into(), ..Self::default() }
    }

    /// The term for a direction. One that is written the other way round, by its letters, is turned
    /// around, without its alternatives and forbidden words.
    pub(super) fn oriented(&self, languages: LanguagePair) -> Self {
        let is_korean = |text: &str| text.chars().any(is_hangul);
        let (source, target) = (is_korean(&self.source), is_korean(&self.target));
        let from_korean = languages.from == Language::Korean;
        if self.keep || source == target || source == from_korean {
            return self.clone();
        }
        Self {
            source: self.target.clone(),
            target: self.source.clone(),
            alternatives: Vec::new(),
            forbid: Vec::new(),
            ..self.clone()
        }
    }

    /// The span of the term at an offset of a text, if it stands there as a word. A term of four
    /// capitals or fewer, or a short name, must be written as in the glossary: IT is not "it".
    pub(super) fn span_at(&self, text: &Text<'_>, start: usize, from: Language) -> Option<Span> {
        const SHORT: usize = 4;
        let word = self.source.trim();
        let span = text.in_source(start, &word.to_ascii_lowercase(), from)?;
        let first_is_capital = word.chars().next().is_some_and(char::is_uppercase);
        let is_exact = from == Language::English && word.len() <= SHORT && first_is_capital;
        (!is_exact || text.original(&span).starts_with(word)).then_some(span)
    }

    /// The translations that are allowed, the prescribed one first.
    pub fn renderings(&self) -> impl Iterator<Item = &str> {
        std::iter::once(&*self.target).chain(self.alternatives.iter().map(String::as_str))
    }
}

/// Words as every format holds them: with single spaces, without control characters.
pub(super) fn one_line(text: &str) -> String {
    let allowed = |c: &char| c.is_whitespace() || !c.is_control();
    let text: String = text.chars().filter(allowed).collect();
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// A register as its word.
mod register_word {
    use serde::{Deserialize, Deserializer, Serialize, Serializer};

    use crate::language::Register;

    pub fn serialize<S: Serializer>(
        register: &Option<Register>,
        serializer: S,
    ) -> Result<S::Ok, S::Error> {
        register.map(Register::as_str).serialize(serializer)
    }

    pub fn deserialize<'de, D: Deserializer<'de>>(
        deserializer: D,
    ) -> Result<Option<Register>, D::Error> {
        let word = Option::<String>::deserialize(deserializer)?;
        Ok(word.and_then(|word| Register::parse(&word)))
    }
}
