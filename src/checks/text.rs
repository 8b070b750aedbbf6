//! A text of a pair with what several checks read of it, each reading made once.

use std::cell::OnceCell;

use super::calendar::{self, Calendar};
use super::numerals::{self, Numbers};
use super::quotations::{self, Quotations};
use super::vectors::Sentences;
use crate::document::Span;
use crate::language::Language;
use crate::segment::sentence_spans;

/// One text of a pair.
pub(super) struct Text<'p> {
    pub text: &'p str,
    pub language: Language,
    sentences: OnceCell<Vec<Span>>,
    numbers: OnceCell<Numbers<'p>>,
    calendar: OnceCell<Calendar>,
    quotations: OnceCell<Quotations>,
}

impl<'p> Text<'p> {
    pub(super) fn new(text: &'p str, language: Language) -> Self {
        Self {
            text,
            language,
            sentences: OnceCell::new(),
            numbers: OnceCell::new(),
            calendar: OnceCell::new(),
            quotations: OnceCell::new(),
        }
    }

    /// Spans of the sentences, without the space around them; none is empty.
    pub fn sentences(&self) -> &[Span] {
        self.sentences.get_or_init(|| sentence_spans(self.text))
    }

    /// The text with the spans of its sentences.
    pub fn read(&self) -> Sentences<'_> {
        Sentences { text: self.text, language: self.language, spans: self.sentences() }
    }

    /// The quantities: numbers in any notation, with their units and spans.
    pub fn numbers(&self) -> &Numbers<'p> {
        self.numbers.get_or_init(|| numerals::read(self.text, self.language))
    }

    /// The months and the days of the week.
    pub fn calendar(&self) -> &Calendar {
        self.calendar.get_or_init(|| calendar::read(self.text, self.numbers()))
    }

    /// The quotations, in any style of marks.
    pub fn quotations(&self) -> &Quotations {
        self.quotations.get_or_init(|| quotations::read(self.text))
    }
}
