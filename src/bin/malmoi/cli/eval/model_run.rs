//! The translation of lines by one model: a batch whose items are the lines, so that a run that was
//! stopped or killed goes on where it was.

use std::collections::{BTreeMap, HashMap};
use std::io::{BufRead as _, BufReader};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, bail};
use malmoi::batch::{Batch, BatchInput, BatchProgress, Line, ModelChoice, Opened, RunReport};
use malmoi::eval::models::{FailedLine, ModelRun};
use malmoi::internals::files;
use malmoi::{Error, Finding, Language, TaskOptions};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::context::Context;

/// Name of the input in the journal. It does not change with the name of the source.
const INPUT: &str = "lines.jsonl";
/// Interval at which the time is saved that a translation has taken so far.
const SAVE_INTERVAL: Duration = Duration::from_secs(2);

/// What all models translate, and how.
pub(super) struct Plan<'p> {
    /// The lines.
    pub sources: &'p [String],
    pub to: Language,
    pub options: TaskOptions,
    pub at_once: usize,
    /// True to try failed lines again.
    pub retry: bool,
    pub stop: Arc<AtomicBool>,
}

/// Time and tokens of all runs of a model in a folder.
#[derive(Clone, Copy, Default, Serialize, Deserialize)]
struct Spent {
    milliseconds: u64,
    tokens: u64,
}

/// The file of [`Spent`], written during the run: a killed run counts as well.
struct Meter {
    path: PathBuf,
    before: Spent,
    saved: Instant,
}

impl Meter {
    fn open(path: PathBuf) -> Self {
        let text = std::fs::read(&path).unwrap_or_default();
        // A file that is damaged loses the time of earlier runs, and no translation.
        let before = serde_json::from_slice(&text).unwrap_or_default();
        Self { path, before, saved: Instant::now() }
    }

    fn at(&self, progress: &BatchProgress) -> Spent {
        let Spent { milliseconds, tokens } = self.before;
        let now = (progress.seconds * 1000.0) as u64;
        Spent { milliseconds: milliseconds + now, tokens: tokens + progress.written }
    }

    fn update(&mut self, progress: &BatchProgress) {
        if self.saved.elapsed() >= SAVE_INTERVAL {
            // The next update, or the one at the end, tries again and reports the error.
            let _ = self.save(self.at(progress));
            self.saved = Instant::now();
        }
    }

    fn save(&self, spent: Spent) -> Result<()> {
        let text = serde_json::to_string(&spent)? + "\n";
        files::replace(&self.path, |out| out.write_all(text.as_bytes()))
            .with_context(|| format!("cannot write {}", self.path.display()))
    }
}

/// Translates the lines with a model into `folder/name/`, and writes its outputs to
/// `folder/name.ko`. Returns `None` if the user stopped the run.
pub(super) fn translate(
    plan: &Plan<'_>,
    choice: ModelChoice,
    folder: &Path,
    name: &str,
    context: &Context,
) -> Result<Option<ModelRun>> {
    let batch_folder = folder.join(name);
    let output = folder.join(format!("{name}.{}", plan.to));
    if output.exists() && !batch_folder.exists() {
        bail!("{} was not made by malmoi; choose another folder with `-o`", output.display());
    }
    let fingerprint = choice.fingerprint.clone();
    let mut meter = Meter::open(folder.join(format!("{name}.time.json")));
    let mut last = None;
    let mut show = context.ui.progress(false);
    let report = Batch::new(plan.to)
        .translate_with(choice)
        .task_options(plan.options.clone())
        .max_concurrent(plan.at_once)
        .retry_failed(plan.retry)
        // Lines beyond --limit stay in the journal.
        .keep_removed(true)
        .inputs([input(plan.sources)])
        .on_progress(|progress| {
            meter.update(progress);
            last = Some(*progress);
            show(progress);
        })
        .on_note(|text| context.ui.note(text))
        .stop_flag(plan.stop.clone())
        .run(&batch_folder)?;
    drop(show);
    let worked = report.counts.done + report.counts.failed > 0;
    let spent = match &last {
        Some(progress) if worked => meter.at(progress),
        _ => meter.before,
    };
    meter.save(spent)?;
    if plan.stop.load(Ordering::SeqCst) && !is_whole(&report) {
        let waiting = report.stats.pending;
        context.ui.note(format!(
            "stopped with {waiting} lines of {name} waiting; run the same command to continue"
        ));
        return Ok(None);
    }
    let mut found = Found::read(&batch_folder)?;
    let mut run = ModelRun {
        name: name.to_string(),
        fingerprint,
        output,
        outputs: Vec::new(),
        findings: Vec::new(),
        failed: Vec::new(),
        seconds: spent.milliseconds as f64 / 1000.0,
        tokens: spent.tokens,
    };
    for (index, source) in plan.sources.iter().enumerate() {
        let line = index + 1;
        let (output, findings) = found.translated.remove(&line).unwrap_or_default();
        if output.is_empty() && !source.trim().is_empty() {
            let reason = found.failed.remove(&line);
            let reason = reason.unwrap_or_else(|| "the translation is empty".to_string());
            run.failed.push(FailedLine { line, reason });
        }
        run.outputs.push(output);
        run.findings.push(findings);
    }
    if let (Some(first), true) = (run.failed.first(), run.failed.len() == plan.texts()) {
        let FailedLine { line, reason } = first;
        bail!("{name} has translated no line; line {line}: {reason}");
    }
    let text: String = run.outputs.iter().map(|line| format!("{line}\n")).collect();
    files::replace(&run.output, |out| out.write_all(text.as_bytes()))
        .map_err(|e| Error::io("write", &run.output, e))?;
    Ok(Some(run))
}

impl Plan<'_> {
    /// Number of lines that are not empty.
    fn texts(&self) -> usize {
        self.sources.iter().filter(|line| !line.trim().is_empty()).count()
    }
}

fn is_whole(report: &RunReport) -> bool {
    report.complete && report.stats.pending + report.stats.leased == 0
}

/// The lines as items whose ids are their numbers. An empty line is no item.
fn input(sources: &[String]) -> BatchInput {
    let lines = sources.iter().enumerate().filter(|(_, line)| !line.trim().is_empty());
    let items = lines.map(|(index, line)| format!("{}\n", json!({"id": index + 1, "text": line})));
    let bytes = std::io::Cursor::new(items.collect::<String>().into_bytes());
    BatchInput::new(INPUT, move |_| Ok(Opened::Source(Box::new(bytes), None)))
}

/// The results of a batch, by the number of the line.
#[derive(Default)]
struct Found {
    translated: HashMap<usize, (String, Vec<Finding>)>,
    failed: BTreeMap<usize, String>,
}

impl Found {
    fn read(folder: &Path) -> Result<Self> {
        let mut found = Self::default();
        each_line(&folder.join("items.jsonl"), |line: Line| {
            let Ok(number) = line.id.parse() else { return };
            let Some(translation) = line.translation else { return };
            let mut findings = translation.findings;
            findings.extend(line.findings);
            found.translated.insert(number, (in_one_line(&translation.text), findings));
        })?;
        each_line(&folder.join("failed.jsonl"), |line: Value| {
            let text = |name: &str| line[name].as_str().unwrap_or_default();
            let number = text("id").rsplit(' ').next().and_then(|number| number.parse().ok());
            if let Some(number) = number {
                found.failed.insert(number, text("reason").to_string());
            }
        })?;
        Ok(found)
    }
}

/// Reads the objects of a file of JSON Lines.
fn each_line<T: for<'d> Deserialize<'d>>(path: &Path, mut each: impl FnMut(T)) -> Result<()> {
    let file = std::fs::File::open(path).map_err(|e| Error::io("read", path, e))?;
    for line in BufReader::new(file).lines() {
        let line = line.map_err(|e| Error::io("read", path, e))?;
        let object = serde_json::from_str(&line)
            .with_context(|| format!("{} is damaged", path.display()))?;
        each(object);
    }
    Ok(())
}

/// The text with single spaces for its line breaks: line n of the outputs belongs to line n of the
/// source.
pub(super) fn in_one_line(text: &str) -> String {
    let is_break = |c: char| {
        matches!(
            c,
            '\n' | '\r' | '\u{b}' | '\u{c}' | '\u{1c}'
                ..='\u{1e}' | '\u{85}' | '\u{2028}' | '\u{2029}'
        )
    };
    let parts = text.split(is_break).map(str::trim).filter(|part| !part.is_empty());
    parts.collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_output_of_several_lines_is_one_line() {
        assert_eq!(in_one_line("항구가\r\n\n 열렸다.\u{2028}끝\n"), "항구가 열렸다. 끝");
        assert_eq!(in_one_line(" \n"), "");
    }
}
