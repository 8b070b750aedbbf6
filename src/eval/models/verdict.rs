//! What the numbers say of a model beside the baseline, in a sentence.

use super::report::{ModelReport, ModelResult, SIGNIFICANT};
use crate::eval::bootstrap::Difference;

/// The direction of a difference that is unlikely to be chance.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Direction {
    Better,
    Worse,
    Unclear,
}

/// The direction of a difference.
pub(super) fn direction(difference: &Difference, higher_is_better: bool) -> Direction {
    let gain = if higher_is_better { difference.difference } else { -difference.difference };
    match difference.p < SIGNIFICANT {
        true if gain > 0.0 => Direction::Better,
        true if gain < 0.0 => Direction::Worse,
        _ => Direction::Unclear,
    }
}

impl ModelReport {
    /// A sentence for each model but the first.
    pub(super) fn verdicts(&self) -> Vec<String> {
        let Some((first, others)) = self.models.split_first() else { return Vec::new() };
        others.iter().map(|model| verdict(model, first)).collect()
    }
}

fn verdict(model: &ModelResult, first: &ModelResult) -> String {
    let all = model.scores.len();
    let count = |wanted: Direction| {
        let differences = model.scores.iter().filter_map(|score| {
            score.against_baseline.as_ref().map(|found| direction(found, score.higher_is_better))
        });
        differences.filter(|found| *found == wanted).count()
    };
    let (name, baseline) = (&model.name, &first.name);
    let scores = match (count(Direction::Better), count(Direction::Worse)) {
        (0, 0) => format!("{name} and {baseline} do not differ clearly in any of {all} scores"),
        (better, 0) => format!("{name} is better than {baseline} in {better} of {all} scores"),
        (0, worse) => format!("{name} is worse than {baseline} in {worse} of {all} scores"),
        (better, worse) => {
            format!(
                "{name} is better than {baseline} in {better} of {all} scores, worse in {worse}"
            )
        }
    };
    let [before, now] = [first, model].map(|model| model.findings.per_100_lines);
    let found = model.findings.against_baseline.as_ref();
    let findings = match found.map(|found| direction(found, false)) {
        Some(Direction::Better) => {
            format!("fewer findings ({now:.1} per 100 lines, not {before:.1})")
        }
        Some(Direction::Worse) => {
            format!("more findings ({now:.1} per 100 lines, not {before:.1})")
        }
        _ => format!("no clear difference in findings ({now:.1} and {before:.1} per 100 lines)"),
    };
    format!("{scores}; {findings}.")
}
