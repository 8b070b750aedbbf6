//! Cases: the correct pairs as lines, passages and summaries, and the errors seeded into them.

use std::collections::HashSet;

use super::bank::Bank;
use super::dice::Dice;
use super::parallel::Parallel;
use super::seeds::{Case, Seed, Unit};
use crate::checks::OutputKind;
use crate::language::Language;

/// From one language to another, or within one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) struct Direction {
    pub from: Language,
    pub to: Language,
}

impl Direction {
    /// The directions of a translation.
    pub fn of_translations() -> impl Iterator<Item = Self> {
        Language::all().map(|from| Self { from, to: from.other() })
    }

    /// The directions of a summary.
    pub fn of_summaries() -> impl Iterator<Item = Self> {
        Language::all().flat_map(|from| Language::all().map(move |to| Self { from, to }))
    }

    pub fn of(unit: Unit) -> Vec<Self> {
        match unit {
            Unit::Summary => Self::of_summaries().collect(),
            _ => Self::of_translations().collect(),
        }
    }

    /// Such as `en-ko`.
    pub fn name(self) -> String {
        format!("{}-{}", self.from.code(), self.to.code())
    }
}

/// A correct pair with its lines.
pub(super) struct Clean<'f> {
    pub source: String,
    pub output: String,
    sources: Vec<&'f str>,
    outputs: Vec<&'f str>,
}

/// A correct pair and the same with an error.
pub(super) struct Seeded {
    pub source: String,
    pub output: String,
    pub changed_source: Option<String>,
    pub changed_output: String,
}

/// Lines of the article of a summary.
const ARTICLE_LINES: usize = 10;
/// Shortest line of a passage, in characters of its English text.
const MIN_PASSAGE_CHARS: usize = 40;
/// Times that the pairs are gone through for a kind that few of them have a place for.
const MAX_ROUNDS: usize = 6;

/// The task that a unit belongs to.
pub(super) fn task(unit: Unit) -> OutputKind {
    match unit {
        Unit::Summary => OutputKind::Summary,
        Unit::Line | Unit::Passage(_) => OutputKind::Translation,
    }
}

/// The correct pairs of a unit in a direction. The lines of a summary are chosen by `dice`.
pub(super) fn clean<'f>(
    files: &'f [Vec<Parallel>],
    unit: Unit,
    direction: Direction,
    dice: &mut Dice,
) -> Vec<Clean<'f>> {
    let length = match unit {
        Unit::Line => 1,
        Unit::Passage(length) => length,
        Unit::Summary => ARTICLE_LINES,
    };
    let is_long = |pair: &Parallel| pair.english.chars().count() > MIN_PASSAGE_CHARS;
    let mut found = Vec::new();
    for block in files.iter().flat_map(|file| file.chunks_exact(length)) {
        if matches!(unit, Unit::Passage(_)) && !block.iter().all(is_long) {
            continue;
        }
        let sources: Vec<&str> = block.iter().map(|pair| pair.text(direction.from)).collect();
        let mut outputs: Vec<&str> = block.iter().map(|pair| pair.text(direction.to)).collect();
        if unit == Unit::Summary {
            let first = dice.below(ARTICLE_LINES - 1);
            let second = first + 1 + dice.below(ARTICLE_LINES - 1 - first);
            outputs = vec![outputs[first], outputs[second]];
        }
        let (source, output) = (sources.join(" "), outputs.join(" "));
        found.push(Clean { source, output, sources, outputs });
    }
    found
}

/// Up to `most` different errors of a kind in a direction.
pub(super) fn seeded(
    files: &[Vec<Parallel>],
    seed: &Seed,
    direction: Direction,
    bank: &Bank,
    dice: &mut Dice,
    most: usize,
) -> Vec<Seeded> {
    let mut found: Vec<Seeded> = Vec::new();
    let mut seen = HashSet::new();
    for _ in 0..MAX_ROUNDS {
        let mut pairs = clean(files, seed.unit, direction, dice);
        dice.shuffle(&mut pairs);
        for Clean { source, output, sources, outputs } in pairs {
            if found.len() == most {
                return found;
            }
            let case = Case {
                source: &source,
                output: &output,
                sources: &sources,
                outputs: &outputs,
                to: direction.to,
                bank,
            };
            let Some(changed) = (seed.change)(&case, dice) else { continue };
            let is_same = changed.source.is_none() && changed.output == output;
            if is_same || !seen.insert((changed.source.clone(), changed.output.clone())) {
                continue;
            }
            found.push(Seeded {
                changed_source: changed.source,
                changed_output: changed.output,
                source,
                output,
            });
        }
    }
    found
}
