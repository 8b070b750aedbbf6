//! Progress and result of a run, and the callbacks that receive them.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use serde::Serialize;

use super::desk_use::DeskUse;
use super::hash::sha256;
use super::queue::Stats;
use super::result::Line;
use crate::error::Result;

/// Counts of a run.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize)]
pub struct Counts {
    /// Items read so far.
    pub items: u64,
    /// Items settled in earlier runs and unchanged since.
    pub unchanged: u64,
    /// Items that repeat another item of this run.
    pub duplicates: u64,
    /// Unreadable items.
    pub unreadable: u64,
    /// Inputs that could not be read, or not to their ends.
    pub refused_inputs: u64,
    /// Inputs unchanged since they were last read.
    pub unchanged_inputs: u64,
    /// Items done in this run.
    pub done: u64,
    /// Items done in this run whose findings put them in doubt.
    pub doubtful: u64,
    /// Items failed in this run, without unreadable ones.
    pub failed: u64,
    /// Generated tokens.
    pub tokens: u64,
    /// What the items done in this run owe to the desk.
    pub desk: DeskUse,
}

/// Progress of a run.
#[derive(Debug, Clone, Copy, Serialize)]
pub struct BatchProgress {
    /// Counts so far.
    #[serde(flatten)]
    pub counts: Counts,
    /// Items in the journal that are not settled.
    pub waiting: u64,
    /// Estimated seconds until they are settled; `None` if too few items were settled.
    pub left: Option<f64>,
    /// True if all inputs were read.
    pub complete: bool,
    /// Tokens read by models since the run began, unfinished items included.
    pub read: u64,
    /// Tokens generated since the run began, unfinished items included.
    pub written: u64,
    /// Seconds since the run began.
    pub seconds: f64,
}

/// An item that was settled: done, or failed for good.
#[derive(Debug, Clone, Serialize)]
pub struct ItemReport {
    /// Key of the item in the journal, and its id if it failed.
    pub key: String,
    /// Id of the item in its source.
    pub id: String,
    /// Headline of the source.
    pub title: Option<String>,
    /// Its translation.
    pub headline: Option<String>,
    /// Name of the input it came from.
    pub input: String,
    /// The check of each finding that puts the result in doubt.
    pub findings: Vec<String>,
    /// Names of its files in the folder `items`.
    pub files: Vec<String>,
    /// The reason if it failed.
    pub error: Option<String>,
    /// Hashes of an item that is done.
    #[serde(skip)]
    pub hashes: Option<ItemHashes>,
}

/// What an item and its results are known by, without their texts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ItemHashes {
    /// `translate`, `summarize` or `translate, summarize`.
    pub task: &'static str,
    /// SHA-256 of the content.
    pub content: String,
    /// Hash of the models and options.
    pub spec: String,
    /// SHA-256 of the translation and the summary, with a zero byte between them if it has both.
    pub result: String,
    /// Names of the models.
    pub models: Vec<String>,
}

impl From<&Line> for ItemHashes {
    fn from(line: &Line) -> Self {
        let translation = line.translation.as_ref().map(|one| (&one.model, &one.text));
        let summary = line.summary.as_ref().map(|one| (&one.model, &one.text));
        let results = || translation.into_iter().chain(summary);
        let texts: Vec<&str> = results().map(|(_, text)| text.as_str()).collect();
        let mut models: Vec<String> = results().map(|(model, _)| model.clone()).collect();
        let second = line.translation.iter().filter_map(|one| one.second.as_ref());
        models.extend(second.filter(|second| second.taken > 0).map(|second| second.model.clone()));
        models.dedup();
        Self {
            task: match (translation, summary) {
                (Some(_), Some(_)) => "translate, summarize",
                (Some(_), None) => "translate",
                (None, _) => "summarize",
            },
            content: line.content.clone(),
            spec: line.spec.clone(),
            result: sha256(&texts.join("\0")),
            models,
        }
    }
}

impl From<&Line> for ItemReport {
    /// The report of a line of `items.jsonl`.
    fn from(line: &Line) -> Self {
        let (page, translated) = line.file_names();
        let translation = line.translation.as_ref();
        Self {
            key: line.key.clone(),
            id: line.id.clone(),
            title: line.title.clone(),
            headline: translation.and_then(|translation| translation.title.clone()),
            input: line.input.clone(),
            findings: line.doubts().map(|doubt| doubt.check.to_string()).collect(),
            files: [Some(page), translated].into_iter().flatten().collect(),
            error: None,
            hashes: Some(ItemHashes::from(line)),
        }
    }
}

impl ItemReport {
    /// The report of a line of `failed.jsonl`; `None` if it is none.
    pub fn of_failure(line: &str) -> Option<Self> {
        let line: serde_json::Value = serde_json::from_str(line).ok()?;
        let text = |name: &str| line[name].as_str().map(str::to_string);
        Some(Self {
            key: text("id")?,
            id: text("id")?,
            title: text("beginning"),
            headline: None,
            input: text("input")?,
            findings: Vec::new(),
            files: Vec::new(),
            error: Some(text("reason")?),
            hashes: None,
        })
    }
}

/// Result of a run.
#[derive(Debug, Clone, Copy, Serialize)]
pub struct RunReport {
    /// Counts of this run.
    #[serde(rename = "run")]
    pub counts: Counts,
    /// Number of items of the journal in each state.
    #[serde(rename = "journal")]
    pub stats: Stats,
    /// True if all inputs were read to their ends.
    pub complete: bool,
}

impl RunReport {
    /// True if an input could not be read, or no item is done and the inputs were not read before.
    pub fn is_failure(&self) -> bool {
        let nothing_done =
            self.stats.done == 0 && (self.stats.dead > 0 || self.counts.unchanged_inputs == 0);
        self.counts.refused_inputs > 0 || nothing_done
    }
}

type OnProgress<'c> = Box<dyn FnMut(&BatchProgress) + 'c>;
type OnItem<'c> = Box<dyn FnMut(&ItemReport) + 'c>;
type OnNote<'c> = Box<dyn FnMut(&str) + 'c>;

type BeforeCommit<'c> = Box<dyn FnMut(&[ItemReport]) -> Result<()> + 'c>;

/// Callbacks of a run, and the flag that stops it.
#[derive(Default)]
pub(super) struct Callbacks<'c> {
    pub on_progress: Option<OnProgress<'c>>,
    pub on_item: Option<OnItem<'c>>,
    pub on_note: Option<OnNote<'c>>,
    pub before_commit: Option<BeforeCommit<'c>>,
    pub stop: Arc<AtomicBool>,
}

impl Callbacks<'_> {
    pub fn note(&mut self, text: &str) {
        if let Some(on_note) = &mut self.on_note {
            on_note(text);
        }
    }

    pub fn progress(&mut self, progress: &BatchProgress) {
        if let Some(on_progress) = &mut self.on_progress {
            on_progress(progress);
        }
    }

    pub fn item(&mut self, report: &ItemReport) {
        if let Some(on_item) = &mut self.on_item {
            on_item(report);
        }
    }

    pub fn before_commit(&mut self, reports: &[ItemReport]) -> Result<()> {
        match &mut self.before_commit {
            Some(before) if !reports.is_empty() => before(reports),
            _ => Ok(()),
        }
    }

    pub fn is_stopped(&self) -> bool {
        self.stop.load(Ordering::SeqCst)
    }
}
