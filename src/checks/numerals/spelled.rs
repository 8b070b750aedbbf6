//! What the numerals of a text in words may mean, as both languages' readers collect it.

use super::units::Unit;
use crate::document::Span;

/// Numerals in words.
#[derive(Default)]
pub(super) struct Spelled {
    /// Values that the words may mean.
    pub values: Vec<f64>,
    /// Numerals that count something, with the unit that the word itself has: "이틀".
    pub stated: Vec<(Span, f64, Option<Unit>)>,
}
