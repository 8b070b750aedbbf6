//! The comparison as text.

use std::collections::BTreeMap;
use std::fmt;

use super::report::{ModelReport, ModelResult};
use crate::eval::bootstrap::{Difference, Interval};

/// Checks named for each model.
const MAX_CHECKS: usize = 6;

impl fmt::Display for ModelReport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for model in &self.models {
            writeln!(f, "{}, {} lines {}-{}", model.name, self.lines, self.from, self.to)?;
            rows(f, model)?;
            writeln!(f)?;
        }
        for verdict in self.verdicts() {
            writeln!(f, "{verdict}")?;
        }
        if self.models.len() > 1 {
            writeln!(f, "Clear is a difference with p < 0.05, by paired bootstrap resampling.")?;
        }
        let signatures = self.models.first().map_or(&[][..], |model| &model.scores);
        writeln!(f, "\nSignatures")?;
        signatures
            .iter()
            .try_for_each(|score| writeln!(f, "  {:<10} {}", score.metric, score.signature))
    }
}

fn rows(f: &mut fmt::Formatter<'_>, model: &ModelResult) -> fmt::Result {
    for score in &model.scores {
        let difference = score.against_baseline.as_ref();
        row(f, &score.metric, score.score, score.interval.as_ref(), difference)?;
    }
    let findings = &model.findings;
    let difference = findings.against_baseline.as_ref();
    row(f, "findings", findings.per_100_lines, Some(&findings.interval), difference)?;
    // By severity in its own order, by check the most frequent first.
    let severities = ["critical", "major", "minor"]
        .iter()
        .filter_map(|name| Some(format!("{name} {:.1}", findings.by_severity.get(name)?)));
    let severities: Vec<String> = severities.collect();
    if !severities.is_empty() {
        writeln!(f, "    per 100 lines: {}", severities.join(", "))?;
        writeln!(f, "    {}", most_frequent(&findings.by_check))?;
    }
    match model.failed.len() {
        0 => {}
        1 => writeln!(f, "  failed     1 line, counted as empty")?,
        count => writeln!(f, "  failed     {count} lines, counted as empty")?,
    }
    let speed = &model.speed;
    // Unknown for outputs that another command has made in the folder.
    if speed.seconds > 0.0 {
        writeln!(
            f,
            "  time       {:.1} s, {:.1} source words/s, {:.1} tokens/s",
            speed.seconds, speed.source_words_per_second, speed.tokens_per_second
        )?;
    }
    let short: String = model.fingerprint.chars().take(12).collect();
    writeln!(f, "  weights    {short}\n  outputs    {}", model.output.display())
}

fn row(
    f: &mut fmt::Formatter<'_>,
    name: &str,
    value: f64,
    interval: Option<&Interval>,
    difference: Option<&Difference>,
) -> fmt::Result {
    write!(f, "  {name:<10} {value:>6.2}")?;
    if let Some(interval) = interval {
        write!(f, " ({:.2} ± {:.2})", interval.mean, interval.half_width())?;
    }
    if let Some(Difference { difference, interval, p }) = difference {
        write!(f, "  {difference:+.2} [{:+.2}, {:+.2}], p = {p:.4}", interval.low, interval.high)?;
    }
    writeln!(f)
}

/// The most frequent checks with their findings per hundred lines.
fn most_frequent(by_check: &BTreeMap<String, f64>) -> String {
    let mut checks: Vec<(&String, &f64)> = by_check.iter().collect();
    checks.sort_by(|a, b| b.1.total_cmp(a.1));
    let rest = checks.len().saturating_sub(MAX_CHECKS);
    let mut shown: Vec<String> = checks
        .iter()
        .take(MAX_CHECKS)
        .map(|(check, count)| format!("{check} {count:.1}"))
        .collect();
    if rest > 0 {
        shown.push(format!("{rest} more checks"));
    }
    shown.join(", ")
}
