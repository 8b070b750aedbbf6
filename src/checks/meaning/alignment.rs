//! Alignment of the sentences of two texts in order, by similarity and length.
//!
//! Dynamic programming over beads of one sentence with one to three, as Gale and Church (1993),
//! with similarities in place of a length model alone, as Vecalign (Thompson and Koehn, 2019).

use crate::checks::vectors::Unit;

/// Numbers of sentences that may correspond.
const BEADS: [(usize, usize); 5] = [(1, 1), (1, 2), (2, 1), (1, 3), (3, 1)];
/// Cost of a sentence that stays alone: in a text of up to three, and for each factor of e more.
const ALONE: f32 = 0.465;
const ALONE_GROWTH: f32 = 0.15;
/// Cost of each sentence of a bead beyond the first two.
const MERGED: f32 = 0.1;
/// Weight of lengths; the standard deviation of the logarithm of their ratio; the most that counts.
const LENGTH_WEIGHT: f32 = 0.05;
const LENGTH_DEVIATION: f32 = 0.3;
const MAX_DEVIATION: f32 = 9.0;
/// Sentences that a text may have more or less than its diagonal, beyond the difference of both.
const BAND: usize = 24;

/// What corresponds to what.
pub(super) struct Alignment {
    /// Units of the source without a counterpart.
    pub alone_in_source: Vec<usize>,
    /// Units of the output without a counterpart.
    pub alone_in_output: Vec<usize>,
    /// For each unit of the source and the output: its bead, or the number of beads before it.
    source_places: Vec<Place>,
    output_places: Vec<Place>,
    similarities: Vec<f32>,
    columns: usize,
}

impl Alignment {
    /// Similarity of a unit of the source and one of the output.
    pub fn similarity(&self, source: usize, output: usize) -> f32 {
        self.similarities.get(source * self.columns + output).copied().unwrap_or(0.0)
    }

    /// True if two units are nearest to each other among all, and near enough.
    pub fn is_counterpart(&self, source: usize, output: usize, least: f32) -> bool {
        let own = self.similarity(source, output);
        let rows = self.similarities.len().checked_div(self.columns).unwrap_or(0);
        own >= least
            && (0..self.columns).all(|other| self.similarity(source, other) <= own)
            && (0..rows).all(|other| self.similarity(other, output) <= own)
    }

    /// The place of a unit of the source.
    pub fn source_place(&self, unit: usize) -> Place {
        self.source_places.get(unit).copied().unwrap_or_default()
    }

    /// The place of a unit of the output.
    pub fn output_place(&self, unit: usize) -> Place {
        self.output_places.get(unit).copied().unwrap_or_default()
    }
}

/// The place of a unit in an alignment.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Place {
    /// Number of beads before it.
    pub beads_before: usize,
    /// True if it is in a bead itself, false if it stands alone.
    pub is_paired: bool,
    /// True if other units of its text are in that bead.
    pub has_company: bool,
}

impl Place {
    /// True if a lonely unit at this place may belong to the other unit, which is in a bead beside
    /// it or alone in the same place.
    pub fn touches(self, other: Self) -> bool {
        let gap = self.beads_before;
        let is_beside = other.beads_before == gap || other.beads_before + 1 == gap;
        if other.is_paired { is_beside && !other.has_company } else { other.beads_before == gap }
    }
}

/// The cheapest alignment.
pub(super) fn align(source: &[Unit], output: &[Unit]) -> Alignment {
    let (rows, columns) = (source.len(), output.len());
    let similarities: Vec<f32> =
        source.iter().flat_map(|one| output.iter().map(|other| one.similarity(other))).collect();
    let alone = ALONE + ALONE_GROWTH * (rows.max(columns).max(3) as f32 / 3.0).ln();
    let joined = |units: &[Unit]| -> Vec<[Option<Unit>; 2]> {
        let ending =
            |end: usize, count: usize| Unit::join(units.get(end.checked_sub(count)?..end)?);
        (0..=units.len()).map(|end| [ending(end, 2), ending(end, 3)]).collect()
    };
    let (source_groups, output_groups) = (joined(source), joined(output));
    let width = columns + 1;
    let mut costs = vec![f32::INFINITY; (rows + 1) * width];
    let mut steps = vec![(0u8, 0u8); (rows + 1) * width];
    costs[0] = 0.0;
    for i in 0..=rows {
        let diagonal = (i * columns).checked_div(rows).unwrap_or(0);
        let reach = BAND + rows.abs_diff(columns);
        for j in diagonal.saturating_sub(reach)..=(diagonal + reach).min(columns) {
            let at = i * width + j;
            let mut best = (costs[at], steps[at]);
            let mut consider = |cost: f32, step: (u8, u8)| {
                if cost < best.0 {
                    best = (cost, step);
                }
            };
            if i > 0 {
                consider(costs[at - width] + alone, (1, 0));
            }
            if j > 0 {
                consider(costs[at - 1] + alone, (0, 1));
            }
            for (down, right) in BEADS {
                if down > i || right > j {
                    continue;
                }
                let before = costs[(i - down) * width + j - right];
                let one = group(source, &source_groups, i, down);
                let other = group(output, &output_groups, j, right);
                if let (true, Some(one), Some(other)) = (before.is_finite(), one, other) {
                    consider(before + bead(one, other, down + right), (down as u8, right as u8));
                }
            }
            (costs[at], steps[at]) = best;
        }
    }
    trace(&steps, rows, columns, similarities)
}

/// The last `count` units before `end`, as one.
fn group<'u>(
    units: &'u [Unit],
    groups: &'u [[Option<Unit>; 2]],
    end: usize,
    count: usize,
) -> Option<&'u Unit> {
    match count {
        1 => units.get(end.checked_sub(1)?),
        count => groups.get(end)?.get(count - 2)?.as_ref(),
    }
}

/// The cost of a bead of some sentences.
fn bead(source: &Unit, output: &Unit, sentences: usize) -> f32 {
    let deviation = (source.size.max(1.0) / output.size.max(1.0)).ln() / LENGTH_DEVIATION;
    sentences as f32 / 2.0 * (1.0 - source.similarity(output))
        + LENGTH_WEIGHT * (deviation * deviation).min(MAX_DEVIATION)
        + MERGED * (sentences - 2) as f32
}

/// Follows the steps back from the end.
fn trace(steps: &[(u8, u8)], rows: usize, columns: usize, similarities: Vec<f32>) -> Alignment {
    let (mut i, mut j) = (rows, columns);
    let mut path = Vec::new();
    while i + j > 0 {
        let (down, right) = steps[i * (columns + 1) + j];
        // Outside the band nothing is known; the rest stays alone.
        let (down, right) = match (usize::from(down), usize::from(right)) {
            (0, 0) if i > 0 => (1, 0),
            (0, 0) => (0, 1),
            step => step,
        };
        (i, j) = (i.saturating_sub(down), j.saturating_sub(right));
        path.push((i, j, down, right));
    }
    let mut alignment = Alignment {
        alone_in_source: Vec::new(),
        alone_in_output: Vec::new(),
        source_places: vec![Place::default(); rows],
        output_places: vec![Place::default(); columns],
        similarities,
        columns,
    };
    let mut beads_before = 0;
    for (i, j, down, right) in path.into_iter().rev() {
        let is_paired = down > 0 && right > 0;
        let place = |count| Place { beads_before, is_paired, has_company: count > 1 };
        let places = (place(down), place(right));
        let (down, right) = (i..i + down, j..j + right);
        if is_paired {
            beads_before += 1;
        } else {
            alignment.alone_in_source.extend(down.clone());
            alignment.alone_in_output.extend(right.clone());
        }
        alignment.source_places[down].fill(places.0);
        alignment.output_places[right].fill(places.1);
    }
    alignment
}
