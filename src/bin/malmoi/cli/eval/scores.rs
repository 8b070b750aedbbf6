//! Scores of one or more systems as text and as JSON, shared by `eval translation` and `eval
//! summary`.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use anyhow::Result;
use clap::Args;
use malmoi::eval::bootstrap::{Difference, SEED, Test};
use malmoi::eval::{self, Metric, Score, Scoring};
use serde::Serialize;

use super::lines;
use crate::context::Context;
use crate::output;

/// Files, and tests of the difference between them.
#[derive(Args)]
pub(super) struct ScoreArgs {
    /// Reference: a text in each line, or TMX, XLIFF, JSON Lines or TSV, whose outputs are read
    #[arg(long, value_name = "FILE", required = true)]
    reference: Vec<PathBuf>,
    /// Output of a system; the first is the baseline of the others
    #[arg(long, value_name = "FILE", required = true)]
    output: Vec<PathBuf>,
    /// Intervals, and tests against the baseline, by paired bootstrap resampling, N times
    #[arg(long, value_name = "N", num_args = 0..=1, default_missing_value = "1000",
        value_parser = clap::value_parser!(u32).range(40..=100_000))]
    bootstrap: Option<u32>,
    /// The tests by paired approximate randomization instead, N times
    #[arg(long, value_name = "N", num_args = 0..=1, default_missing_value = "10000",
        value_parser = clap::value_parser!(u32).range(40..=100_000), conflicts_with = "bootstrap")]
    randomization: Option<u32>,
    /// Seed of the random choices; with sacreBLEU's own they are the same
    #[arg(long, value_name = "N", default_value_t = SEED)]
    seed: u32,
    /// Scores of each line as well, in the JSON
    #[arg(long)]
    sentences: bool,
}

#[derive(Serialize)]
struct Report {
    lines: usize,
    references: Vec<PathBuf>,
    systems: Vec<System>,
}

#[derive(Serialize)]
struct System {
    output: PathBuf,
    scores: Vec<Score>,
}

impl ScoreArgs {
    /// The output files.
    pub fn outputs(&self) -> &[PathBuf] {
        &self.output
    }

    fn test(&self) -> Option<Test> {
        let trials = |trials: u32| trials as usize;
        let bootstrap = self.bootstrap.map(|n| Test::Bootstrap { trials: trials(n) });
        bootstrap.or(self.randomization.map(|n| Test::Randomization { trials: trials(n) }))
    }

    /// Scores all outputs, and prints the scores. `prepare` is applied to each text first.
    pub fn run(
        &self,
        metrics: &[Box<dyn Metric>],
        prepare: impl Fn(&str) -> String,
        context: &Context,
    ) -> Result<()> {
        let paths: Vec<&Path> =
            self.reference.iter().chain(&self.output).map(PathBuf::as_path).collect();
        let mut files = lines::read_all(&paths)?;
        for text in files.iter_mut().flatten() {
            *text = prepare(text);
        }
        let outputs = files.split_off(self.reference.len());
        let report = self.report(metrics, &files, &outputs);
        let text = match context.json {
            true => serde_json::to_string(&report)? + "\n",
            false => report.to_string(),
        };
        output::print(&text)
    }

    fn report(
        &self,
        metrics: &[Box<dyn Metric>],
        references: &[Vec<String>],
        outputs: &[Vec<String>],
    ) -> Report {
        let scoring = Scoring { test: self.test(), seed: self.seed, sentences: self.sentences };
        let scores = eval::scores(metrics, references, outputs, scoring);
        let systems = self.output.iter().cloned().zip(scores);
        let systems = systems.map(|(output, scores)| System { output, scores }).collect();
        let lines = outputs.first().map_or(0, Vec::len);
        Report { lines, references: self.reference.clone(), systems }
    }
}

impl std::fmt::Display for Report {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        for (index, system) in self.systems.iter().enumerate() {
            if index > 0 {
                writeln!(f)?;
            }
            writeln!(f, "{}, {} lines", system.output.display(), self.lines)?;
            for score in &system.scores {
                let mut line = format!("  {:<10} {:>6.2}", score.metric, score.score);
                if let Some(interval) = score.interval {
                    let (mean, width) = (interval.mean, interval.half_width());
                    let _ = write!(line, " ({mean:.2} ± {width:.2})");
                }
                if let Some(difference) = score.against_baseline {
                    let Difference { difference, interval, p } = difference;
                    let (low, high) = (interval.low, interval.high);
                    let _ = write!(line, "  {difference:+.2} [{low:+.2}, {high:+.2}], p = {p:.4}");
                }
                if !score.details.is_empty() {
                    let _ = write!(line, "  {}", score.details);
                }
                writeln!(f, "{line}")?;
            }
        }
        writeln!(f, "\nSignatures")?;
        let scores = self.systems.first().map_or(&[][..], |system| &system.scores);
        for Score { metric, signature, .. } in scores {
            writeln!(f, "  {metric:<10} {signature}")?;
        }
        Ok(())
    }
}
