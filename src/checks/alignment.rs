//! The alignment of a translation's sentences with those of its source.
//!
//! Sentences are grouped as translators merge and split them, by length (Gale and Church 1993) and
//! by anchors: numbers, dates, words kept in Latin script, quotations, questions and common words.
//! A sentence without a counterpart is left in a group of its own.

mod features;

use std::ops::Range;

use super::lengths;
use super::text::Text;
use crate::document::Span;
use crate::language::Language;
use features::{Anchors, Features};

/// Sentences of the source and those of the output that translate them, by index. One side of a
/// group is empty if the sentence has no counterpart.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Group {
    pub source: Range<usize>,
    pub output: Range<usize>,
    /// True if the second sentence of the output translates the first of the source, and the
    /// first the second.
    pub is_crossed: bool,
}

impl Group {
    /// True if the sentences translate each other in place.
    fn is_usual(&self) -> bool {
        !self.is_crossed && !self.source.is_empty() && !self.output.is_empty()
    }
}

/// The alignment of a pair.
#[derive(Debug, Clone, Default, PartialEq)]
pub(super) struct Alignment {
    /// In the order of the source, all sentences of both sides.
    pub groups: Vec<Group>,
    /// How much worse the best alignment is in which every sentence has its counterpart in place,
    /// in natural logarithms of likelihood; 0 if `groups` is that alignment.
    pub margin: f64,
}

/// A step of an alignment: sentences of the source and of the output, and its cost.
struct Step {
    source: usize,
    output: usize,
    cost: f64,
    is_crossed: bool,
}

const fn step(source: usize, output: usize, cost: f64) -> Step {
    Step { source, output, cost, is_crossed: false }
}

/// Steps that translators take.
#[rustfmt::skip]
const USUAL: &[Step] = &[
    step(1, 1, 0.0), step(2, 1, 2.8), step(1, 2, 2.8), step(2, 2, 7.0), step(3, 1, 5.6), step(1, 3, 5.6),
    step(4, 1, 8.4), step(1, 4, 8.4),
];
/// Steps that are errors. A crossing is cheap, as two groups with anchors of their own must agree.
const ERRORS: &[Step] =
    &[step(1, 0, 4.0), step(0, 1, 4.0), Step { source: 2, output: 2, cost: 2.0, is_crossed: true }];

/// Sentences on each side of the diagonal that are tried as counterparts.
const BAND: usize = 8;
/// Largest cost of a length.
const MAX_LENGTH_COST: f64 = 12.0;

impl Alignment {
    /// Aligns two texts; empty if they are in one language.
    pub fn new(source: &Text<'_>, output: &Text<'_>) -> Self {
        if source.language == output.language {
            return Self::default();
        }
        let from = source.language;
        let (source, output) = (features::read(source), features::read(output));
        let sides = Sides { source: &source, output: &output, from };
        let (cost, groups) = sides.best(true);
        if groups.iter().all(Group::is_usual) {
            return Self { groups, margin: 0.0 };
        }
        Self { groups, margin: sides.best(false).0 - cost }
    }
}

/// Spans of an English text's sentences with those of the Korean text's that translate them.
pub(crate) fn aligned_sentences(english: &str, korean: &str) -> Vec<(Span, Span)> {
    let (english, korean) =
        (Text::new(english, Language::English), Text::new(korean, Language::Korean));
    let (en, ko) = (english.sentences(), korean.sentences());
    let whole = |sentences: &[Span], group: Range<usize>| {
        let sentences = &sentences[group];
        Some(sentences.first()?.start..sentences.last()?.end)
    };
    let groups = Alignment::new(&english, &korean).groups.into_iter();
    groups.filter_map(|group| whole(en, group.source).zip(whole(ko, group.output))).collect()
}

/// Number of known words of two passages, which should translate each other, if they share none.
pub(super) fn unshared_words(
    source: &Text<'_>,
    source_at: &Span,
    output: &Text<'_>,
    output_at: &Span,
) -> Option<f64> {
    let source_features = [features::passage(source, source_at)];
    let output_features = [features::passage(output, output_at)];
    let anchors = match source.language {
        Language::English => Anchors::of(&source_features, &output_features),
        Language::Korean => Anchors::of(&output_features, &source_features),
    };
    (anchors.shared == 0.0).then_some(anchors.alone)
}

/// The sentences of both texts as they are compared.
struct Sides<'f> {
    source: &'f [Features],
    output: &'f [Features],
    from: Language,
}

/// The best way to a cell of the table: its cost, and the step that leads there.
#[derive(Clone, Copy)]
struct Cell {
    cost: f64,
    step: Option<&'static Step>,
}

impl Sides<'_> {
    /// The cheapest alignment and its cost.
    fn best(&self, with_errors: bool) -> (f64, Vec<Group>) {
        let (rows, columns) = (self.source.len(), self.output.len());
        let mut table: Vec<(usize, Vec<Cell>)> = Vec::with_capacity(rows + 1);
        let steps = || USUAL.iter().chain(ERRORS.iter().filter(|_| with_errors));
        for row in 0..=rows {
            let band = self.band(row);
            let first = band.start;
            table.push((first, Vec::with_capacity(band.len())));
            for column in band {
                let mut best = Cell { cost: f64::INFINITY, step: None };
                if row == 0 && column == 0 {
                    best.cost = 0.0;
                }
                for step in steps() {
                    if step.source > row || step.output > column {
                        continue;
                    }
                    let (from, to) = (row - step.source, column - step.output);
                    let before = cell(&table, from, to).map_or(f64::INFINITY, |cell| cell.cost);
                    if before + step.cost - MAX_GAIN >= best.cost || before.is_infinite() {
                        continue;
                    }
                    let cost = before + step.cost + self.cost(from..row, to..column, step);
                    if cost < best.cost {
                        best = Cell { cost, step: Some(step) };
                    }
                }
                table[row].1.push(best);
            }
        }
        let cost = cell(&table, rows, columns).map_or(f64::INFINITY, |cell| cell.cost);
        (cost, groups(&table, rows, columns))
    }

    /// The sentences of the output that may translate the source before `row`.
    fn band(&self, row: usize) -> Range<usize> {
        let (rows, columns) = (self.source.len().max(1), self.output.len());
        let middle = row * columns / rows;
        let per_row = columns.div_ceil(rows).min(4 * BAND);
        middle.saturating_sub(BAND + per_row)..(middle + BAND + per_row).min(columns) + 1
    }

    /// Negative logarithm of the likelihood that groups of sentences are translations, up to a
    /// constant.
    fn cost(&self, source: Range<usize>, output: Range<usize>, step: &Step) -> f64 {
        if source.is_empty() || output.is_empty() {
            return 0.0;
        }
        if step.is_crossed {
            return self.pair_cost(source.start..source.start + 1, output.start + 1..output.end)
                + self.pair_cost(source.start + 1..source.end, output.start..output.start + 1);
        }
        self.pair_cost(source, output)
    }

    fn pair_cost(&self, source: Range<usize>, output: Range<usize>) -> f64 {
        let (source, output) = (&self.source[source], &self.output[output]);
        let chars = |side: &[Features]| side.iter().map(|one| one.chars).sum();
        let deviation = lengths::deviation(self.from, chars(source), chars(output));
        let (english, korean) = match self.from {
            Language::English => (source, output),
            Language::Korean => (output, source),
        };
        (deviation * deviation / 2.0).min(MAX_LENGTH_COST) + Anchors::of(english, korean).cost()
    }
}

/// Most that the anchors of a step can lower its cost by.
const MAX_GAIN: f64 = 2.0 * features::MAX_GAIN;

fn cell(table: &[(usize, Vec<Cell>)], row: usize, column: usize) -> Option<Cell> {
    let (first, cells) = table.get(row)?;
    cells.get(column.checked_sub(*first)?).copied()
}

/// The groups on the way to a cell.
fn groups(table: &[(usize, Vec<Cell>)], rows: usize, columns: usize) -> Vec<Group> {
    let (mut row, mut column) = (rows, columns);
    let mut groups = Vec::new();
    while let Some(step) = cell(table, row, column).and_then(|cell| cell.step) {
        let (source, output) = (row - step.source..row, column - step.output..column);
        (row, column) = (source.start, output.start);
        groups.push(Group { source, output, is_crossed: step.is_crossed });
    }
    groups.reverse();
    groups
}

#[cfg(test)]
mod tests {
    use super::super::comparison::Comparison;
    use super::super::options::CheckOptions;
    use super::super::pairs::translation;
    use super::*;

    /// The groups of two texts, and the margin.
    fn aligned(source: &str, output: &str) -> (String, f64) {
        let (pair, options) = (translation(source, output), CheckOptions::default());
        let comparison = Comparison::new(&pair, &options);
        let alignment = comparison.alignment();
        let show = |group: &Group| {
            let cross = if group.is_crossed { "x" } else { "" };
            format!("{}-{}{cross}", group.source.len(), group.output.len())
        };
        let groups: Vec<String> = alignment.groups.iter().map(show).collect();
        (groups.join(" "), alignment.margin)
    }

    const ENGLISH: &str = "The mayor visited the museum on Friday. Police arrested 12 suspects near \
                           the river. Doctors said the patients were safe.";

    #[test]
    fn sentences_are_merged_and_split_as_translators_do() {
        let whole = "시장은 금요일에 박물관을 방문했다. 경찰은 강 근처에서 용의자 12명을 체포했다. 의사들은 환자들이 안전하다고 말했다.";
        assert_eq!(aligned(ENGLISH, whole), ("1-1 1-1 1-1".to_string(), 0.0));
        assert_eq!(aligned(whole, ENGLISH), ("1-1 1-1 1-1".to_string(), 0.0));
        let merged = whole.replace("방문했다. 경찰은", "방문했고 경찰은");
        assert_eq!(aligned(ENGLISH, &merged), ("2-1 1-1".to_string(), 0.0));
        let split = whole.replace("근처에서 용의자", "근처에 있었다. 용의자");
        assert_eq!(aligned(ENGLISH, &split), ("1-1 1-2 1-1".to_string(), 0.0));
    }

    #[test]
    fn a_lost_sentence_and_a_new_one_stand_alone() {
        let lost = "시장은 금요일에 박물관을 방문했다. 의사들은 환자들이 안전하다고 말했다.";
        let (groups, margin) = aligned(ENGLISH, lost);
        assert!(groups == "1-1 1-0 1-1" && margin > 3.0, "{groups} {margin}");
        let (groups, margin) = aligned(lost, ENGLISH);
        assert!(groups == "1-1 0-1 1-1" && margin > 3.0, "{groups} {margin}");
    }

    #[test]
    fn neighbors_in_the_other_order_cross() {
        let swapped = "경찰은 강 근처에서 용의자 12명을 체포했다. 시장은 금요일에 박물관을 방문했다. 의사들은 환자들이 안전하다고 말했다.";
        let (groups, margin) = aligned(ENGLISH, swapped);
        assert!(groups == "2-2x 1-1" && margin > 3.0, "{groups} {margin}");
    }

    #[test]
    fn texts_of_very_different_length_are_aligned_to_their_ends() {
        let long = "Police arrested 12 suspects. ".repeat(300);
        for (source, output) in [(long.as_str(), "경찰이 왔다."), ("경찰이 왔다.", &long)]
        {
            let (pair, options) = (translation(source, output), CheckOptions::default());
            let comparison = Comparison::new(&pair, &options);
            let groups = &comparison.alignment().groups;
            let covered: usize = groups.iter().map(|group| group.source.len()).sum();
            assert!(groups.is_empty() || covered == comparison.source.sentences().len());
        }
    }
}
