//! Seeds: errors of known kinds, put into correct outputs, to measure what the checks find.
//!
//! A family of kinds is one file here and one line in `seeds!`. A kind is a pure function from
//! a [`Case`] and random numbers to the changed pair. Knows texts; knows no check, so that no kind
//! of error is shaped by the rule that should find it.

use super::bank::Bank;
use super::dice::Dice;
use crate::language::Language;

/// The text that a kind of error is seeded into.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Unit {
    /// One line of a translation.
    Line,
    /// This many lines of a translation in a row.
    Passage(usize),
    /// Two lines as the summary of ten.
    Summary,
}

/// A correct pair, into which an error is seeded.
pub(super) struct Case<'c> {
    pub source: &'c str,
    pub output: &'c str,
    /// The lines of the source.
    pub sources: &'c [&'c str],
    /// The lines of the output.
    pub outputs: &'c [&'c str],
    /// Language of the output.
    pub to: Language,
    /// Words of the other pairs.
    pub bank: &'c Bank,
}

impl Case<'_> {
    /// The English and the Korean text of a translation.
    fn english_and_korean(&self) -> (&str, &str) {
        match self.to {
            Language::English => (self.output, self.source),
            Language::Korean => (self.source, self.output),
        }
    }
}

/// A pair with an error.
pub(super) struct Changed {
    /// The source, if it changed too.
    pub source: Option<String>,
    pub output: String,
}

impl From<String> for Changed {
    fn from(output: String) -> Self {
        Self { source: None, output }
    }
}

/// A kind of error.
pub struct Seed {
    /// Its name.
    pub name: &'static str,
    /// The text that it is seeded into.
    pub unit: Unit,
    /// The pair with the error; `None` if the case has no place for it.
    pub(super) change: fn(&Case<'_>, &mut Dice) -> Option<Changed>,
}

impl Seed {
    const fn new(
        name: &'static str,
        unit: Unit,
        change: fn(&Case<'_>, &mut Dice) -> Option<Changed>,
    ) -> Self {
        Self { name, unit, change }
    }

    const fn line(name: &'static str, change: fn(&Case<'_>, &mut Dice) -> Option<Changed>) -> Self {
        Self::new(name, Unit::Line, change)
    }
}

macro_rules! seeds {
    ($(mod $family:ident;)*) => {
        $(mod $family;)*

        /// The families of kinds, by name.
        pub fn families() -> impl Iterator<Item = (&'static str, &'static [Seed])> {
            [$((stringify!($family), $family::SEEDS)),*].into_iter()
        }
    };
}

// A family is a file and a line here.
seeds! {
    mod numbers;
    mod calendar;
    mod measures;
    mod names;
    mod quotes;
    mod polarity;
    mod parts;
    mod scripts;
    mod form;
    mod kept;
    mod chatter;
    mod passages;
    mod summaries;
}
