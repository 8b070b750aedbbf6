//! Significance of a difference between two systems on the same lines: paired bootstrap resampling
//! (Koehn 2004) and paired approximate randomization (Riezler and Maxwell 2005).
//!
//! As in sacreBLEU 2.6, with its random numbers: the same seed chooses the same lines.

use rayon::prelude::*;
use serde::Serialize;

use super::metric::{Metric, sums};
use super::pcg::Pcg64;

/// The seed of sacreBLEU.
pub const SEED: u32 = 12345;

/// A way to test a difference.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Test {
    /// Lines are drawn with replacement, the same for both systems.
    Bootstrap {
        /// How often; 1000 in sacreBLEU.
        trials: usize,
    },
    /// Outputs of a line change sides at random. Intervals are those of 1000 bootstrap resamples.
    Randomization {
        /// How often; 10,000 in sacreBLEU.
        trials: usize,
    },
}

/// Resamples of the intervals beside a randomization.
pub const INTERVAL_TRIALS: usize = 1000;

impl Test {
    /// The words in a signature, such as `bs:1000|seed:12345`.
    pub fn signature(self, seed: u32) -> String {
        match self {
            Self::Bootstrap { trials } => format!("bs:{trials}|seed:{seed}"),
            Self::Randomization { trials } => {
                format!("bs:{INTERVAL_TRIALS}|ar:{trials}|seed:{seed}")
            }
        }
    }
}

/// A score with the 95 % interval of its resamples.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Interval {
    /// Mean of the resamples.
    pub mean: f64,
    /// Lower bound: a fortieth of the resamples is lower.
    pub low: f64,
    /// Upper bound.
    pub high: f64,
}

impl Interval {
    fn of(mut scores: Vec<f64>) -> Self {
        scores.sort_by(f64::total_cmp);
        let (count, below) = (scores.len().max(1), scores.len() / 40);
        let at = |index: usize| scores.get(index).copied().unwrap_or_default();
        let mean = scores.iter().sum::<f64>() / count as f64;
        Self { mean, low: at(below), high: at(count - below - 1) }
    }

    /// Half of the interval's width, sacreBLEU's `±`.
    pub fn half_width(&self) -> f64 {
        (self.high - self.low) / 2.0
    }
}

/// How a system differs from the baseline.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Difference {
    /// Score minus the baseline's.
    pub difference: f64,
    /// The 95 % interval of the difference, by bootstrap resampling.
    pub interval: Interval,
    /// How probable a difference as large is between equal systems.
    pub p: f64,
}

/// The interval of one system's score.
///
/// ```
/// use malmoi::eval::{Metric, bootstrap, chrf::Chrf};
/// let chrf = Chrf::default();
/// let pairs = [("열렸다", "열렸다"), ("닫혔다", "열렸다"), ("항구", "항구")];
/// let lines: Vec<Vec<f64>> = pairs
///     .iter().map(|(output, reference)| chrf.statistics(output, &[reference])).collect();
/// let interval = bootstrap::interval(&chrf, &lines, 1000, bootstrap::SEED);
/// assert!(interval.low < interval.mean && interval.high == 100.0);
/// ```
pub fn interval(metric: &dyn Metric, lines: &[Vec<f64>], trials: usize, seed: u32) -> Interval {
    interval_of(&|sums| metric.score(sums), lines, trials, seed)
}

/// A function of added statistics.
type OfSums<'s> = &'s (dyn Fn(&[f64]) -> f64 + Sync);

/// The interval of any function of added statistics.
pub(super) fn interval_of(
    score: OfSums<'_>,
    lines: &[Vec<f64>],
    trials: usize,
    seed: u32,
) -> Interval {
    let choices = choices(lines.len(), trials, seed);
    Interval::of(choices.par_iter().map(|chosen| resampled(score, lines, chosen)).collect())
}

/// Compares a system with a baseline. Both have the statistics of the same lines.
pub fn compare(
    metric: &dyn Metric,
    baseline: &[Vec<f64>],
    system: &[Vec<f64>],
    test: Test,
    seed: u32,
) -> Difference {
    compare_of(&|sums| metric.score(sums), baseline, system, test, seed)
}

/// Compares two systems by any function of added statistics.
pub(super) fn compare_of(
    score: OfSums<'_>,
    baseline: &[Vec<f64>],
    system: &[Vec<f64>],
    test: Test,
    seed: u32,
) -> Difference {
    let difference = score(&sums(system)) - score(&sums(baseline));
    let bootstrap_trials = match test {
        Test::Bootstrap { trials } => trials,
        Test::Randomization { .. } => INTERVAL_TRIALS,
    };
    let differences: Vec<f64> = choices(baseline.len(), bootstrap_trials, seed)
        .par_iter()
        .map(|chosen| resampled(score, system, chosen) - resampled(score, baseline, chosen))
        .collect();
    let p = match test {
        Test::Bootstrap { .. } => {
            // Shifted to a mean of zero, the resamples show what equal systems would do.
            let mean = differences.iter().map(|d| d.abs()).sum::<f64>() / differences.len() as f64;
            p_value(differences.iter().map(|d| d.abs() - mean), difference.abs())
        }
        Test::Randomization { trials } => {
            let shuffled = shuffled(score, baseline, system, trials, seed);
            p_value(shuffled.into_iter(), difference.abs())
        }
    };
    Difference { difference, interval: Interval::of(differences), p }
}

/// The share of trials above the real difference; a trial more is counted on both sides.
fn p_value(trials: impl Iterator<Item = f64>, real: f64) -> f64 {
    let (mut above, mut all) = (0, 0);
    for trial in trials {
        above += usize::from(trial > real);
        all += 1;
    }
    (above + 1) as f64 / (all + 1) as f64
}

/// Lines that each trial draws.
fn choices(lines: usize, trials: usize, seed: u32) -> Vec<Vec<u32>> {
    let mut generator = Pcg64::new(seed);
    let bound = u32::try_from(lines).unwrap_or(u32::MAX);
    (0..trials).map(|_| (0..bound).map(|_| generator.below(bound)).collect()).collect()
}

fn resampled(score: OfSums<'_>, lines: &[Vec<f64>], chosen: &[u32]) -> f64 {
    let mut sums = vec![0.0; lines.first().map_or(0, Vec::len)];
    for line in chosen {
        sums.iter_mut().zip(&lines[*line as usize]).for_each(|(sum, value)| *sum += value);
    }
    score(&sums)
}

/// Differences of two systems that exchange lines at random.
fn shuffled(
    score: OfSums<'_>,
    baseline: &[Vec<f64>],
    system: &[Vec<f64>],
    trials: usize,
    seed: u32,
) -> Vec<f64> {
    let mut bit = Pcg64::new(seed).bits();
    let stays: Vec<Vec<bool>> =
        (0..trials).map(|_| (0..baseline.len()).map(|_| bit()).collect()).collect();
    let trial = |stays: &Vec<bool>| {
        let mut sums = [(); 2].map(|()| vec![0.0; baseline.first().map_or(0, Vec::len)]);
        for ((baseline, system), stays) in baseline.iter().zip(system).zip(stays) {
            let (first, second) = if *stays { (baseline, system) } else { (system, baseline) };
            for (sum, line) in sums.iter_mut().zip([first, second]) {
                sum.iter_mut().zip(line).for_each(|(sum, value)| *sum += value);
            }
        }
        (score(&sums[0]) - score(&sums[1])).abs()
    };
    stays.par_iter().map(trial).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::eval::chrf::Chrf;

    fn lines(outputs: &[&str]) -> Vec<Vec<f64>> {
        let output = |text: &&str| Chrf::default().statistics(text, &["the port has opened again"]);
        outputs.iter().map(output).collect()
    }

    #[test]
    fn a_better_system_is_significant_and_an_equal_one_is_not() {
        let good = lines(&["the port has opened", "the port opened again"].repeat(20));
        let bad = lines(&["a harbor", "the port is closed"].repeat(20));
        for test in [Test::Bootstrap { trials: 300 }, Test::Randomization { trials: 300 }] {
            let better = compare(&Chrf::default(), &bad, &good, test, SEED);
            assert!(better.p < 0.01 && better.interval.low > 0.0, "{better:?}");
            let same = compare(&Chrf::default(), &good, &good, test, SEED);
            assert_eq!((same.difference, same.p), (0.0, 1.0 / 301.0));
        }
    }

    #[test]
    fn the_same_seed_gives_the_same_interval() {
        let lines = lines(&["the port", "opened again", "closed"]);
        let of = |seed| interval(&Chrf::default(), &lines, 200, seed);
        assert_eq!(of(SEED), of(SEED));
        assert_ne!(of(SEED), of(7));
    }
}
