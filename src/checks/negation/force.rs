//! The force of negations.

use crate::document::Span;

/// The force of a negation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Force {
    /// A negation proper.
    Plain,
    /// A Korean negation inside a phrase, which English often gives with an adjective: "않은".
    Dependent,
    /// A negation that the other language often gives with one word: "without", "못 갔다".
    Soft,
    /// A negation of form only, which the other language may leave out: "not only", "밖에 없다".
    Weak,
    /// A word with a negative prefix or suffix: "unhappy", "불편".
    Affix,
}

impl Force {
    /// True for a negation that is a doubt if the other text states what it negates.
    pub fn is_full(self) -> bool {
        matches!(self, Self::Plain | Self::Soft)
    }
}

/// A negation of a text.
#[derive(Debug)]
pub(super) struct Negation {
    pub span: Span,
    /// The words that are negated, as far as they are next to it.
    pub head: Span,
    pub force: Force,
    /// True for a negated gradable adjective of Korean, which may mean its opposite: "좋지 않다".
    pub is_gradable: bool,
}
