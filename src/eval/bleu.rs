//! BLEU (Papineni et al. 2002), with the numbers of sacreBLEU 2.6 (Post 2018).
//!
//! Smoothing is that of Chen and Cherry (2014).

use std::collections::HashMap;

use super::metric::{Metric, signature, words, yes};
use super::tokenizer::Tokenizer;

/// Longest n-grams, in tokens.
const ORDER: usize = 4;

/// What stands for a precision of zero.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub enum Smoothing {
    /// Nothing: the score is zero.
    None,
    /// A count of this size; 0.1 in the paper.
    Floor(f64),
    /// This number is added to counts and totals above the first order; 1 in the paper.
    AddK(f64),
    /// Half of the last one each time, as mteval-v13a does.
    #[default]
    Exponential,
}

/// BLEU over whole files, or over sentences with an effective order.
///
/// ```
/// use malmoi::eval::{Metric, bleu::Bleu};
/// let bleu = Bleu::default();
/// let line = bleu.statistics("The port of Haemin opened.", &["The port of Haemin has opened."]);
/// assert_eq!(format!("{:.2}", bleu.score(&line)), "51.15");
/// ```
#[derive(Debug, Clone, Default)]
pub struct Bleu {
    /// How lines are split.
    pub tokenizer: Tokenizer,
    /// True to compare in lower case.
    pub lowercase: bool,
    /// What stands for a precision of zero.
    pub smoothing: Smoothing,
    /// True to leave out orders that the output is too short for: for single sentences.
    pub effective_order: bool,
}

/// Counts of n-grams, by their tokens.
type Counts<'t> = HashMap<&'t [&'t str], u32, ahash::RandomState>;

fn count<'t>(tokens: &'t [&'t str]) -> Counts<'t> {
    let mut counts = Counts::default();
    for order in 1..=ORDER {
        for gram in tokens.windows(order) {
            *counts.entry(gram).or_default() += 1;
        }
    }
    counts
}

/// The parts of a score.
struct Parts {
    score: f64,
    precisions: [f64; ORDER],
    brevity: f64,
}

impl Bleu {
    fn line(&self, text: &str) -> String {
        let lower = if self.lowercase { text.to_lowercase() } else { String::new() };
        let text = if self.lowercase { lower.as_str() } else { text };
        self.tokenizer.tokenize(text).into_owned()
    }

    fn parts(&self, sums: &[f64]) -> Parts {
        let [length, reference] = [sums[0], sums[1]];
        let mut correct: Vec<f64> = sums[2..2 + ORDER].to_vec();
        let mut total: Vec<f64> = sums[2 + ORDER..].to_vec();
        let brevity = match () {
            () if length >= reference => 1.0,
            () if length > 0.0 => (1.0 - reference / length).exp(),
            () => 0.0,
        };
        let mut precisions = [0.0; ORDER];
        if correct.iter().all(|count| *count == 0.0) {
            return Parts { score: 0.0, precisions, brevity };
        }
        let mut halving = 1.0;
        let mut orders = ORDER;
        for n in 0..ORDER {
            if let (Smoothing::AddK(k), 1..) = (self.smoothing, n) {
                correct[n] += k;
                total[n] += k;
            }
            if total[n] == 0.0 {
                break;
            }
            if self.effective_order {
                orders = n + 1;
            }
            precisions[n] = match self.smoothing {
                _ if correct[n] != 0.0 => 100.0 * correct[n] / total[n],
                Smoothing::Exponential => {
                    halving *= 2.0;
                    100.0 / (halving * total[n])
                }
                Smoothing::Floor(value) => 100.0 * value / total[n],
                Smoothing::None | Smoothing::AddK(_) => 0.0,
            };
        }
        // The logarithm of zero is a number so low that the score is zero.
        let log = |p: &f64| if *p == 0.0 { -9_999_999_999.0 } else { p.ln() };
        let logs: f64 = precisions[..orders].iter().map(log).sum();
        Parts { score: brevity * (logs / orders as f64).exp(), precisions, brevity }
    }
}

impl Metric for Bleu {
    fn name(&self) -> String {
        "BLEU".to_string()
    }

    fn label(&self) -> String {
        match &self.tokenizer {
            Tokenizer::Mteval13a => self.name(),
            tokenizer => format!("{}-{}", self.name(), tokenizer.name()),
        }
    }

    fn signature(&self, references: usize, trials: Option<&str>) -> String {
        let smoothing = match self.smoothing {
            Smoothing::None => "none".to_string(),
            Smoothing::Floor(value) => format!("floor[{value:.2}]"),
            Smoothing::AddK(value) => format!("add-k[{value:.2}]"),
            Smoothing::Exponential => "exp".to_string(),
        };
        let case = if self.lowercase { "lc" } else { "mixed" };
        let (eff, tok) = (yes(self.effective_order), self.tokenizer.signature());
        let own = format!("case:{case}|eff:{eff}|tok:{tok}|smooth:{smoothing}");
        signature(references, trials, &own)
    }

    /// Lengths of output and closest reference, then matches and totals by order.
    fn statistics(&self, output: &str, references: &[&str]) -> Vec<f64> {
        let output = self.line(output);
        let output: Vec<&str> = words(&output).collect();
        let references: Vec<String> = references.iter().map(|text| self.line(text)).collect();
        let references: Vec<Vec<&str>> =
            references.iter().map(|text| words(text).collect()).collect();
        let mut most = Counts::default();
        for reference in &references {
            for (gram, count) in count(reference) {
                let known = most.entry(gram).or_default();
                *known = (*known).max(count);
            }
        }
        let closest = |length: &usize| (length.abs_diff(output.len()), *length);
        let closest = references.iter().map(Vec::len).min_by_key(closest).unwrap_or(0);
        let mut statistics = vec![0.0; 2 + 2 * ORDER];
        (statistics[0], statistics[1]) = (output.len() as f64, closest as f64);
        for (gram, count) in count(&output) {
            let order = gram.len() - 1;
            let matched = most.get(gram).map_or(0, |most| count.min(*most));
            statistics[2 + order] += f64::from(matched);
            statistics[2 + ORDER + order] += f64::from(count);
        }
        statistics
    }

    fn score(&self, sums: &[f64]) -> f64 {
        self.parts(sums).score
    }

    fn details(&self, sums: &[f64]) -> String {
        let Parts { precisions, brevity, .. } = self.parts(sums);
        let [length, reference] = [sums[0], sums[1]];
        let ratio = if reference > 0.0 { length / reference } else { 0.0 };
        let precisions: Vec<String> = precisions.iter().map(|p| format!("{p:.1}")).collect();
        format!(
            "{} (BP = {brevity:.3} ratio = {ratio:.3} hyp_len = {length} ref_len = {reference})",
            precisions.join("/")
        )
    }
}
