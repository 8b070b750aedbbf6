//! The sentences of a summary with the sentences of the article that support them, as plain data.

use crate::document::Span;

/// Smallest coverage of a supported sentence.
const MIN_COVERAGE: f32 = 0.2;

/// The matching of a whole summary.
pub(in crate::checks) struct Matching {
    /// In the order of the summary.
    pub sentences: Vec<Matched>,
}

/// A sentence of a summary with its support.
pub(in crate::checks) struct Matched {
    pub output: Span,
    /// One to three neighboring sentences of the article.
    pub window: Option<Span>,
    /// The text of the window and of other sentences that share much with this one.
    pub evidence: Option<String>,
    /// Share of the sentence's features that the window has, weighted by rarity.
    pub coverage: f32,
    /// True if the features say enough to tell support from its absence.
    pub is_decided: bool,
    /// True if enough features point to the window to take it for the source of the sentence.
    pub is_reliable: bool,
}

impl Matched {
    /// True if the article has no sentence that this one can come from.
    pub fn is_unsupported(&self) -> bool {
        self.is_decided && self.coverage < MIN_COVERAGE
    }
}
