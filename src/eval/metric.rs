//! The shape of a metric: statistics of each line, which are added, and a score of their sums.
//!
//! Significance tests add the same statistics over other choices of lines, so no line is compared
//! twice.

use rayon::prelude::*;

/// A score of outputs against references.
pub trait Metric: Sync {
    /// Name with its settings, such as `chrF2++`.
    fn name(&self) -> String;

    /// Name beside other scores of the same outputs: the tokenizer is in it if it is not the usual
    /// one, as in `BLEU-char`.
    fn label(&self) -> String {
        self.name()
    }

    /// Settings that belong to the score, as sacreBLEU writes them: `nrefs:1|case:mixed|…`.
    /// `trials` stands after the number of references, such as `bs:1000|seed:12345`.
    fn signature(&self, references: usize, trials: Option<&str>) -> String;

    /// True if a higher score is better.
    fn higher_is_better(&self) -> bool {
        true
    }

    /// The statistics of one line; as many numbers for each line. `references` is not empty.
    fn statistics(&self, output: &str, references: &[&str]) -> Vec<f64>;

    /// The score of added statistics, in percent.
    fn score(&self, sums: &[f64]) -> f64;

    /// The figures that explain a score: precisions, lengths. Empty if there are none.
    fn details(&self, _sums: &[f64]) -> String {
        String::new()
    }
}

/// The statistics of all lines. `references` holds one or more files, each as long as `outputs`.
///
/// # Panics
///
/// Panics if the numbers of lines differ, or if there is no reference.
pub fn statistics(
    metric: &dyn Metric,
    outputs: &[String],
    references: &[Vec<String>],
) -> Vec<Vec<f64>> {
    assert!(!references.is_empty(), "no reference");
    assert!(references.iter().all(|lines| lines.len() == outputs.len()), "lengths differ");
    let line = |(index, output): (usize, &String)| {
        let references: Vec<&str> = references.iter().map(|file| file[index].as_str()).collect();
        metric.statistics(output, &references)
    };
    outputs.par_iter().enumerate().map(line).collect()
}

/// The statistics of several lines, added in their order.
pub fn sums(lines: &[Vec<f64>]) -> Vec<f64> {
    let mut sums = vec![0.0; lines.first().map_or(0, Vec::len)];
    for line in lines {
        sums.iter_mut().zip(line).for_each(|(sum, value)| *sum += value);
    }
    sums
}

/// The version at the end of a signature. The numbers are sacreBLEU's; the program is not.
pub(super) fn version() -> String {
    format!("version:malmoi-{}", env!("CARGO_PKG_VERSION"))
}

/// The parts of a signature that all metrics share, around its own.
pub(super) fn signature(references: usize, trials: Option<&str>, own: &str) -> String {
    let trials = trials.map(|trials| format!("{trials}|")).unwrap_or_default();
    format!("nrefs:{references}|{trials}{own}|{}", version())
}

/// The word for a setting that is on or off.
pub(super) fn yes(is_on: bool) -> &'static str {
    if is_on { "yes" } else { "no" }
}

/// White space as Python's `str.split` has it: Unicode's, and four separators of ASCII.
pub(super) fn is_space(c: char) -> bool {
    c.is_whitespace() || ('\u{1c}'..='\u{1f}').contains(&c)
}

/// The words between white space.
pub(super) fn words(text: &str) -> impl Iterator<Item = &str> {
    text.split(is_space).filter(|word| !word.is_empty())
}
