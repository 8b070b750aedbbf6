//! A candidate of a term, and why it is one.

use crate::glossary::Term;

/// A term and its translation as they were found.
#[derive(Debug, Clone, PartialEq)]
pub struct Candidate {
    /// The English term.
    pub english: String,
    /// The Korean term; equal to the English one for a word that stays as it is.
    pub korean: String,
    /// Why it is one.
    pub evidence: Evidence,
    /// Number of pairs in which both stand.
    pub together: usize,
    /// Number of pairs in which the English term stands.
    pub occurrences: usize,
}

/// Why two terms are taken for translations of each other; the strongest kind first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Evidence {
    /// The English term stands in brackets after the Korean one.
    Gloss,
    /// The Korean term sounds like the English one, or is its name in the gazetteer.
    Sound,
    /// The English term stands in the Korean text as it is.
    Kept,
    /// They stand in the same pairs more often than by chance.
    Together,
}

impl Evidence {
    /// The evidence in a few words.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Gloss => "in brackets",
            Self::Sound => "by sound",
            Self::Kept => "kept",
            Self::Together => "together",
        }
    }
}

impl Candidate {
    /// The candidate as a term of a glossary, its evidence as the note.
    pub fn term(&self) -> Term {
        let (evidence, together) = (self.evidence.as_str(), self.together);
        let note = format!("{evidence}, {together} of {}", self.occurrences);
        Term {
            keep: self.evidence == Evidence::Kept,
            note: Some(note),
            ..Term::new(self.english.clone(), self.korean.clone())
        }
    }
}
