//! Contrasts: words of the source and of the output that do not say the same.

use super::check::{Check, FindingKind};
use super::comparison::Comparison;
use super::pair::Pair;
use crate::document::Span;
use crate::finding::Finding;

/// Words of the source and of the output that do not say the same, or words of one text that have
/// no counterpart in the other.
pub(super) struct Contrast<'p> {
    pair: &'p Pair<'p>,
    source: Option<Span>,
    output: Option<Span>,
}

impl<'p> Contrast<'p> {
    pub fn new(
        comparison: &Comparison<'p>,
        source: impl Into<Option<Span>>,
        output: impl Into<Option<Span>>,
    ) -> Self {
        Self { pair: comparison.pair, source: source.into(), output: output.into() }
    }

    /// The words of both texts; empty for the text that has none.
    pub fn words(&self) -> (&'p str, &'p str) {
        let of = |text: &'p str, span: &Option<Span>| span.clone().map_or("", |span| &text[span]);
        (of(self.pair.source, &self.source), of(self.pair.output, &self.output))
    }

    /// A finding with the places of the words, and with the words as expected and found.
    pub fn finding(
        self,
        check: &Check,
        kind: FindingKind,
        english: String,
        korean: String,
    ) -> Finding {
        let (expected, found) = self.words();
        let mut finding = check.finding(kind, english, korean);
        if let Some(span) = self.source {
            finding = finding.in_source(span).expected(expected);
        }
        if let Some(span) = self.output {
            finding = finding.in_output(span).found(found);
        }
        finding
    }
}
