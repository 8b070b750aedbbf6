//! A pair to check: a source, and an output that anybody has written.

use malmoi::checks::{self, Assessment, CheckOptions, OutputKind, Pair};
use malmoi::{Language, Support};

use super::failure::Failure;
use super::fields::{optional_language, unknown};

/// A source and an output, with their languages.
pub(crate) struct CheckedPair {
    pub source: String,
    pub output: String,
    pub from: Language,
    pub to: Language,
    pub kind: OutputKind,
}

impl CheckedPair {
    /// A pair; languages are detected where none are given, and a pair in one language is a
    /// summary.
    pub fn new(
        source: String,
        output: String,
        kind: Option<&str>,
        from: Option<&str>,
        to: Option<&str>,
    ) -> Result<Self, Failure> {
        let given = optional_language(from)?;
        let from = given.map_or_else(|| Language::of_article(&source), Ok)?;
        let to = match optional_language(to)? {
            Some(to) => to,
            None => Language::detect(&output)
                .ok_or_else(|| Failure::Invalid("the output has no words".into()))?,
        };
        let kind = match kind {
            None if from == to => OutputKind::Summary,
            None => OutputKind::Translation,
            Some(name) => OutputKind::parse(name)
                .ok_or_else(|| unknown(name, "task", "translation or summary"))?,
        };
        Ok(Self { source, output, from, to, kind })
    }

    fn pair(&self) -> Pair<'_> {
        let Self { source, output, from, to, kind } = self;
        Pair { source, output, from: *from, to: *to, kind: *kind }
    }

    /// What the checks say.
    pub fn assess(&self, options: &CheckOptions) -> Assessment {
        checks::assess(&self.pair(), options)
    }

    /// The sentences of the source that support each sentence of a summary; none for a
    /// translation.
    pub fn support(&self, options: &CheckOptions) -> Vec<Support> {
        match self.kind {
            OutputKind::Summary => checks::supports(&self.pair(), options),
            OutputKind::Translation => Vec::new(),
        }
    }
}
