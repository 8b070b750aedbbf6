//! What a word of a dictionary is to its neighbors.

/// What a word may be.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Morpheme {
    /// Its context seen from the word before it.
    pub left: u16,
    /// Its context seen from the word after it.
    pub right: u16,
    /// Number of its part of speech.
    pub part: u16,
    pub cost: i16,
}
