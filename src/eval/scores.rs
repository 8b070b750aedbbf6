//! Scores of one or more systems on the same lines, with their intervals and tests.

use serde::Serialize;

use super::bootstrap::{self, Difference, INTERVAL_TRIALS, Interval, SEED, Test};
use super::metric::{Metric, statistics, sums};

/// What is computed beside the scores.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Scoring {
    /// Test of the difference between each system and the first one; gives intervals as well.
    pub test: Option<Test>,
    /// Seed of the random choices.
    pub seed: u32,
    /// True for the scores of each line as well.
    pub sentences: bool,
}

impl Default for Scoring {
    fn default() -> Self {
        Self { test: None, seed: SEED, sentences: false }
    }
}

/// A score of a system.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Score {
    /// [`Metric::label`].
    pub metric: String,
    /// The score over all lines, in percent.
    pub score: f64,
    /// [`Metric::signature`].
    pub signature: String,
    /// [`Metric::details`].
    #[serde(skip_serializing_if = "String::is_empty")]
    pub details: String,
    /// True if a higher score is better.
    pub higher_is_better: bool,
    /// The interval of the score, with a test.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub interval: Option<Interval>,
    /// The difference from the first system, for the others with a test.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub against_baseline: Option<Difference>,
    /// The score of each line, if asked for.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub sentences: Vec<f64>,
}

/// The scores of each system by each metric. `references` and `outputs` hold files of as many
/// lines.
///
/// ```
/// use malmoi::eval::{self, Scoring, chrf::Chrf};
/// let references = [vec!["항구가 열렸다.".to_string()]];
/// let outputs = [vec!["항구가 닫혔다.".to_string()], vec!["항구가 열렸다.".to_string()]];
/// let metrics: [Box<dyn malmoi::eval::Metric>; 1] = [Box::new(Chrf::default())];
/// let systems = eval::scores(&metrics, &references, &outputs, Scoring::default());
/// assert!(systems[0][0].score < systems[1][0].score && systems[1][0].score == 100.0);
/// ```
///
/// # Panics
///
/// Panics if the numbers of lines differ, or if there is no reference.
pub fn scores(
    metrics: &[Box<dyn Metric>],
    references: &[Vec<String>],
    outputs: &[Vec<String>],
    scoring: Scoring,
) -> Vec<Vec<Score>> {
    let Scoring { test, seed, sentences } = scoring;
    let mut systems: Vec<Vec<Score>> = outputs.iter().map(|_| Vec::new()).collect();
    let resamples = test.map(|test| match test {
        Test::Bootstrap { trials } => trials,
        Test::Randomization { .. } => INTERVAL_TRIALS,
    });
    let trials = test.map(|test| test.signature(seed));
    for metric in metrics {
        let metric = &**metric;
        let lines: Vec<Vec<Vec<f64>>> =
            outputs.iter().map(|texts| statistics(metric, texts, references)).collect();
        for (index, of_system) in lines.iter().enumerate() {
            let sums = sums(of_system);
            let interval =
                resamples.map(|trials| bootstrap::interval(metric, of_system, trials, seed));
            let against_baseline = test
                .filter(|_| index > 0)
                .map(|test| bootstrap::compare(metric, &lines[0], of_system, test, seed));
            let sentences = match sentences {
                true => of_system.iter().map(|line| metric.score(line)).collect(),
                false => Vec::new(),
            };
            systems[index].push(Score {
                metric: metric.label(),
                score: metric.score(&sums),
                signature: metric.signature(references.len(), trials.as_deref()),
                details: metric.details(&sums),
                higher_is_better: metric.higher_is_better(),
                interval,
                against_baseline,
                sentences,
            });
        }
    }
    systems
}
