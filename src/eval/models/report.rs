//! What is known of models that have translated the same lines: scores, findings, failures, speed.

use std::collections::BTreeMap;
use std::path::PathBuf;

use serde::Serialize;

use crate::eval::bleu::Bleu;
use crate::eval::bootstrap::{self, Difference, Interval, SEED, Test};
use crate::eval::chrf::Chrf;
use crate::eval::metric::{Metric, statistics, sums, words};
use crate::eval::scores::{Score, Scoring, scores};
use crate::eval::ter::Ter;
use crate::eval::tokenizer::Tokenizer;
use crate::finding::{Finding, Severity};
use crate::language::{Language, LanguagePair};

/// Below this p a difference is unlikely to be chance.
pub(super) const SIGNIFICANT: f64 = 0.05;

/// Source lines with the references that people have written for them.
#[derive(Debug, Clone, PartialEq)]
pub struct Lines {
    /// Languages of source and reference.
    pub languages: LanguagePair,
    /// The source.
    pub sources: Vec<String>,
    /// As many references.
    pub references: Vec<String>,
}

/// What a model has made of the lines.
#[derive(Debug, Clone, PartialEq)]
pub struct ModelRun {
    /// Name of the model.
    pub name: String,
    /// Identifies its weights.
    pub fingerprint: String,
    /// The file of its outputs.
    pub output: PathBuf,
    /// Its translation of each line; empty where the source is empty or the line failed.
    pub outputs: Vec<String>,
    /// The findings of each line.
    pub findings: Vec<Vec<Finding>>,
    /// Lines that failed.
    pub failed: Vec<FailedLine>,
    /// Seconds that the translation took.
    pub seconds: f64,
    /// Tokens that the model generated, attempts that were repaired included.
    pub tokens: u64,
}

/// A line without a translation.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct FailedLine {
    /// Number of the line, from 1.
    pub line: usize,
    /// Reason of the failure.
    pub reason: String,
}

/// Models compared on the same lines. The first is the baseline of the others.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct ModelReport {
    /// Code of the source's language.
    pub from: &'static str,
    /// Code of the reference's language.
    pub to: &'static str,
    /// Number of lines.
    pub lines: usize,
    /// The models, in the order in which they were given.
    pub models: Vec<ModelResult>,
    #[serde(skip)]
    pub(super) texts: Texts,
}

/// The lines, for the page.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Texts {
    pub lines: Lines,
    pub runs: Vec<ModelRun>,
    /// chrF2 of each line, by model.
    pub chrf: Vec<Vec<f64>>,
}

/// The result of a model.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct ModelResult {
    /// Name of the model.
    pub name: String,
    /// Identifies its weights.
    pub fingerprint: String,
    /// The file of its outputs.
    pub output: PathBuf,
    /// BLEU, chrF2, chrF2++ and TER; for Korean BLEU by character as well.
    pub scores: Vec<Score>,
    /// Findings of the checks.
    pub findings: Findings,
    /// Lines that failed. They count as empty in all scores.
    pub failed: Vec<FailedLine>,
    /// Speed of the translation.
    pub speed: Speed,
}

/// Doubts of the checks, per hundred lines.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Findings {
    /// All doubts per hundred lines.
    pub per_100_lines: f64,
    /// The interval of that number, by bootstrap resampling.
    pub interval: Interval,
    /// The difference from the first model, for the others.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub against_baseline: Option<Difference>,
    /// Doubts per hundred lines by severity.
    pub by_severity: BTreeMap<&'static str, f64>,
    /// Doubts per hundred lines by check.
    pub by_check: BTreeMap<String, f64>,
}

/// Time that a translation took.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Speed {
    /// Seconds.
    pub seconds: f64,
    /// Words of the source per second: comparable between models.
    pub source_words_per_second: f64,
    /// Generated tokens, which differ between models.
    pub tokens: u64,
    /// Generated tokens per second.
    pub tokens_per_second: f64,
}

impl ModelReport {
    /// Scores and compares what models have made of the same lines. `trials` is the number of
    /// bootstrap resamples; `sentences` adds the scores of each line.
    ///
    /// # Panics
    ///
    /// Panics if the numbers of lines differ.
    pub fn new(lines: Lines, runs: Vec<ModelRun>, trials: usize, sentences: bool) -> Self {
        let LanguagePair { from, to } = lines.languages;
        let test = Test::Bootstrap { trials };
        let references = [lines.references.clone()];
        let outputs: Vec<Vec<String>> = runs.iter().map(|run| run.outputs.clone()).collect();
        let scoring = Scoring { test: Some(test), sentences, ..Scoring::default() };
        let scores = scores(&metrics(to), &references, &outputs, scoring);
        let chrf = Chrf::default();
        let by_line = |texts: &Vec<String>| {
            let lines = statistics(&chrf, texts, &references);
            lines.iter().map(|line| chrf.score(line)).collect()
        };
        let chrf = outputs.iter().map(by_line).collect();
        let doubts: Vec<Vec<Vec<f64>>> = runs.iter().map(ModelRun::doubts_by_line).collect();
        let source_words: usize = lines.sources.iter().map(|line| words(line).count()).sum();
        let models = runs.iter().zip(scores).enumerate().map(|(index, (run, scores))| {
            let against_baseline = (index > 0).then(|| {
                let (first, own) = (&doubts[0], &doubts[index]);
                bootstrap::compare_of(&per_hundred, first, own, test, SEED)
            });
            ModelResult {
                name: run.name.clone(),
                fingerprint: run.fingerprint.clone(),
                output: run.output.clone(),
                scores,
                findings: Findings {
                    per_100_lines: per_hundred(&sums(&doubts[index])),
                    interval: bootstrap::interval_of(&per_hundred, &doubts[index], trials, SEED),
                    against_baseline,
                    by_severity: run.share(|finding| severity(finding.severity)),
                    by_check: run.share(|finding| finding.check.clone()),
                },
                failed: run.failed.clone(),
                speed: Speed::new(run, source_words),
            }
        });
        let models = models.collect();
        let count = lines.sources.len();
        let texts = Texts { lines, runs, chrf };
        Self { from: from.code(), to: to.code(), lines: count, models, texts }
    }
}

impl ModelRun {
    /// The doubts of a line.
    pub(super) fn doubts(&self, line: usize) -> impl Iterator<Item = &Finding> {
        self.findings.get(line).into_iter().flatten().filter(|finding| finding.is_doubt())
    }

    /// Number of doubts, and one, by line.
    fn doubts_by_line(&self) -> Vec<Vec<f64>> {
        (0..self.outputs.len()).map(|line| vec![self.doubts(line).count() as f64, 1.0]).collect()
    }

    /// Doubts per hundred lines by a name.
    fn share<K: Ord>(&self, name: impl Fn(&Finding) -> K) -> BTreeMap<K, f64> {
        let mut counts = BTreeMap::new();
        for doubt in (0..self.outputs.len()).flat_map(|line| self.doubts(line)) {
            *counts.entry(name(doubt)).or_insert(0.0) += 100.0 / self.outputs.len() as f64;
        }
        counts
    }
}

impl Speed {
    fn new(run: &ModelRun, source_words: usize) -> Self {
        let per_second = |count: f64| if run.seconds > 0.0 { count / run.seconds } else { 0.0 };
        Self {
            seconds: run.seconds,
            source_words_per_second: per_second(source_words as f64),
            tokens: run.tokens,
            tokens_per_second: per_second(run.tokens as f64),
        }
    }
}

/// The metrics of translations into a language.
fn metrics(to: Language) -> Vec<Box<dyn Metric>> {
    let mut metrics: Vec<Box<dyn Metric>> = vec![Box::new(Bleu::default())];
    if to == Language::Korean {
        // Words alone are poor units of Korean.
        metrics.push(Box::new(Bleu { tokenizer: Tokenizer::Characters, ..Bleu::default() }));
    }
    metrics.push(Box::new(Chrf::default()));
    metrics.push(Box::new(Chrf::plus_plus()));
    metrics.push(Box::new(Ter::default()));
    metrics
}

/// A count per hundred lines, from the sums of counts and lines.
fn per_hundred(sums: &[f64]) -> f64 {
    match sums {
        [count, lines] if *lines > 0.0 => 100.0 * count / lines,
        _ => 0.0,
    }
}

fn severity(severity: Severity) -> &'static str {
    match severity {
        Severity::Critical => "critical",
        Severity::Major => "major",
        Severity::Minor => "minor",
    }
}
