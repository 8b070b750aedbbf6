//! What results owe to the desk: segments from its memory, and terms of its glossary.

use serde::Serialize;

use super::result::Line;
use crate::checks::{GlossaryUse, glossary_term};
use crate::desk::Origin;

/// What the translations of items owe to the desk.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize)]
pub struct DeskUse {
    /// Translated segments.
    pub segments: usize,
    /// Those of them that were reused as people confirmed them.
    pub confirmed: usize,
    /// Those that were reused from imported units.
    pub imported: usize,
    /// Those that were reused from machine translations. `items.jsonl` and the digest count them as
    /// generated, which gives the same text.
    pub machine: usize,
    /// Those that the model wrote after examples from the memory.
    pub after_examples: usize,
    /// Likeness of the nearest example, in percent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub nearest_example: Option<u8>,
    /// Terms of the glossary.
    #[serde(flatten)]
    pub glossary: GlossaryUse,
}

impl DeskUse {
    /// What an item owes to the desk.
    pub fn of(line: &Line) -> Self {
        let mut sum = Self::default();
        let Some(translation) = &line.translation else { return sum };
        sum.segments = translation.pairs.len();
        sum.glossary = translation.glossary.unwrap_or_default();
        for memory in translation.pairs.iter().filter_map(|pair| pair.memory.as_ref()) {
            match memory.reused {
                Some(Origin::Confirmed) => sum.confirmed += 1,
                Some(Origin::Imported) => sum.imported += 1,
                Some(Origin::Machine) => sum.machine += 1,
                None => sum.after_examples += usize::from(!memory.examples.is_empty()),
            }
            sum.nearest_example = sum.nearest_example.max(memory.examples.iter().max().copied());
        }
        sum
    }

    /// Adds what other items owe.
    pub fn add(&mut self, other: &Self) {
        self.segments += other.segments;
        self.confirmed += other.confirmed;
        self.imported += other.imported;
        self.machine += other.machine;
        self.after_examples += other.after_examples;
        self.nearest_example = self.nearest_example.max(other.nearest_example);
        self.glossary.add(other.glossary);
    }

    /// Segments that were not generated.
    pub fn reused(&self) -> usize {
        self.confirmed + self.imported + self.machine
    }
}

/// A term that a translation does not have as prescribed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct UnusedTerm<'l> {
    /// The term as the source has it.
    pub term: &'l str,
    /// Its prescribed translation.
    pub prescribed: &'l str,
}

/// The terms that an item's translation does not have as prescribed, each once, in order. Those
/// whose findings somebody has dismissed are not among them.
pub(super) fn unused_terms(line: &Line) -> Vec<UnusedTerm<'_>> {
    let mut terms: Vec<UnusedTerm<'_>> = Vec::new();
    let findings = line.translation.iter().flat_map(|translation| &translation.findings);
    for finding in findings.filter(|finding| finding.is_doubt()) {
        let (Some(term), Some(prescribed)) = (glossary_term(finding), finding.expected.as_deref())
        else {
            continue;
        };
        let unused = UnusedTerm { term, prescribed };
        if !terms.contains(&unused) {
            terms.push(unused);
        }
    }
    terms
}
