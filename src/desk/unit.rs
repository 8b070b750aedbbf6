//! Units of the memory: a source text, its translation, and where the translation came from.

use serde::{Deserialize, Serialize};

use crate::language::{Language, LanguagePair};

/// Where a translation came from. A later one in this order replaces an earlier one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Origin {
    /// Written by a model.
    Machine,
    /// Read from a file of pairs.
    Imported,
    /// Confirmed by a person.
    Confirmed,
}

impl Origin {
    /// All, from the weakest to the strongest.
    pub const ALL: [Self; 3] = [Self::Machine, Self::Imported, Self::Confirmed];

    /// The word in JSON and on the command line.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Machine => "machine",
            Self::Imported => "imported",
            Self::Confirmed => "confirmed",
        }
    }

    /// The origin of a word.
    pub fn parse(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|origin| origin.as_str() == word)
    }
}

/// A unit of the memory.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Unit {
    /// Language of the source.
    pub from: Language,
    /// Language of the translation.
    pub to: Language,
    /// The source text, without markup.
    pub source: String,
    /// Its translation, without markup.
    pub target: String,
    /// Where the translation came from.
    pub origin: Origin,
    /// The model that wrote it, or the person or program that an imported file names.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub by: Option<String>,
    /// A note.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub note: Option<String>,
    /// Time of the last change, in seconds since 1970; 0 if it is not known.
    pub changed: i64,
    /// What a file of pairs said beside the words (inline tags, properties), for its export.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub details: Option<String>,
}

impl Unit {
    /// A unit with two texts and an origin.
    pub fn new(
        languages: LanguagePair,
        source: impl Into<String>,
        target: impl Into<String>,
        origin: Origin,
    ) -> Self {
        Self {
            from: languages.from,
            to: languages.to,
            source: source.into(),
            target: target.into(),
            origin,
            by: None,
            note: None,
            changed: 0,
            details: None,
        }
    }

    /// The unit of the other direction.
    pub fn turned_around(self) -> Self {
        Self { from: self.to, to: self.from, source: self.target, target: self.source, ..self }
    }

    /// Its languages.
    pub fn languages(&self) -> LanguagePair {
        LanguagePair { from: self.from, to: self.to }
    }
}
