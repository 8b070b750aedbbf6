//! The builder of a batch.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::time::Duration;

use super::hash::sha256;
use super::ingest::BatchInput;
use super::outputs;
use super::plan::{BatchPlan, Follow, ModelChoice};
use super::report::{BatchProgress, Callbacks, ItemReport, RunReport};
use super::run;
use super::watch::Watch;
use crate::error::Result;
use crate::formats::Fields;
use crate::formats::pairs::ExchangeFormat;
use crate::job::TaskOptions;
use crate::language::Language;

/// A batch: summaries, translations or both of every item of its inputs, in one output folder.
///
/// ```no_run
/// use malmoi::{Language, Model, batch, batch::Batch};
///
/// let model = Model::open("qwen2.5-coder-1.5b-instruct-q4_k_m.gguf")?;
/// let report = Batch::new(Language::Korean)
///     .summarize_with(&model)
///     .inputs(batch::files("articles")?)
///     .run("results")?;
/// println!("{} of {} items done", report.counts.done, report.counts.items);
/// # Ok::<(), malmoi::Error>(())
/// ```
#[must_use = "a batch does nothing until `run`"]
pub struct Batch<'b> {
    plan: BatchPlan,
    inputs: Vec<BatchInput>,
    watch: Option<Watch>,
    fields: Fields,
    retry_failed: bool,
    overwrite: bool,
    callbacks: Callbacks<'b>,
}

impl<'b> Batch<'b> {
    /// A batch with results in a language.
    pub fn new(to: Language) -> Self {
        Self {
            plan: BatchPlan::new(to),
            inputs: Vec::new(),
            watch: None,
            fields: Fields::default(),
            retry_failed: false,
            overwrite: false,
            callbacks: Callbacks::default(),
        }
    }

    /// Summarizes every item with a model.
    pub fn summarize_with(mut self, model: impl Into<ModelChoice>) -> Self {
        self.plan.summarizer = Some(model.into());
        self
    }

    /// Translates every item with a model, and summaries on the route `cascade`.
    pub fn translate_with(mut self, model: impl Into<ModelChoice>) -> Self {
        self.plan.translator = Some(model.into());
        self.plan.translate = true;
        self
    }

    /// Translates only summaries, on the route `cascade`; [`translate_with`](Self::translate_with)
    /// takes precedence.
    pub fn translate_summaries_with(mut self, model: impl Into<ModelChoice>) -> Self {
        self.plan.translator.get_or_insert(model.into());
        self
    }

    /// Options of summaries and translations. Their `to` is the batch's.
    pub fn task_options(mut self, options: TaskOptions) -> Self {
        self.plan.options = options;
        self
    }

    /// Adds inputs, for example those of [`files`](super::files()).
    pub fn inputs(mut self, inputs: impl IntoIterator<Item = BatchInput>) -> Self {
        self.inputs.extend(inputs);
        self
    }

    /// Watches folders after the inputs: files are done as they arrive, until the run is stopped.
    pub fn watch(mut self, watch: Option<Watch>) -> Self {
        self.watch = watch;
        self
    }

    /// Field names of JSONL and CSV records.
    pub fn fields(mut self, fields: Fields) -> Self {
        self.fields = fields;
        self
    }

    /// Number of items processed at the same time; 8 by default. It changes no result.
    pub fn max_concurrent(mut self, count: usize) -> Self {
        self.plan.max_concurrent = count;
        self
    }

    /// Time limit for an item; a slower item fails. There is none by default.
    pub fn item_timeout(mut self, limit: Option<Duration>) -> Self {
        self.plan.item_timeout = limit;
        self
    }

    /// True if the inputs are feeds: writes `feed.xml`, and keeps items that left their feeds.
    pub fn feed(mut self, feed: bool) -> Self {
        self.plan.feed = feed;
        self
    }

    /// Reads the pages that items link to, and uses an article that is longer than its item.
    pub fn follow(mut self, follow: Option<Follow>) -> Self {
        self.plan.follow = follow;
        self
    }

    /// Formats to write source and translation in, side by side: `pairs.tmx`.
    pub fn bilingual(mut self, formats: Vec<&'static ExchangeFormat>) -> Self {
        self.plan.bilingual = formats;
        self
    }

    /// True to show items in the results that are no longer in their inputs.
    pub fn keep_removed(mut self, keep: bool) -> Self {
        self.plan.keep_removed = keep;
        self
    }

    /// False for inputs that are no files of the user, whose names are not looked up on disk: items
    /// that left them stay. True by default.
    pub fn track_removals(mut self, track: bool) -> Self {
        self.plan.track_removals = track;
        self
    }

    /// True to try the failed items of earlier runs again.
    pub fn retry_failed(mut self, retry: bool) -> Self {
        self.retry_failed = retry;
        self
    }

    /// True to write results over inputs, and over files that malmoi did not make.
    pub fn overwrite(mut self, overwrite: bool) -> Self {
        self.overwrite = overwrite;
        self
    }

    /// Receives the progress of the run several times per second.
    pub fn on_progress(mut self, callback: impl FnMut(&BatchProgress) + 'b) -> Self {
        self.callbacks.on_progress = Some(Box::new(callback));
        self
    }

    /// Receives each item of this run that was settled, once its result is safe in the journal.
    /// Unreadable parts of inputs are only in `failed.jsonl`.
    pub fn on_item(mut self, callback: impl FnMut(&ItemReport) + 'b) -> Self {
        self.callbacks.on_item = Some(Box::new(callback));
        self
    }

    /// Called with the items that are about to be saved. An error stops the run: they are not
    /// saved, and the next run does them again.
    pub fn before_commit(mut self, callback: impl FnMut(&[ItemReport]) -> Result<()> + 'b) -> Self {
        self.callbacks.before_commit = Some(Box::new(callback));
        self
    }

    /// Receives notes for the user: a damaged journal, an unreadable input.
    pub fn on_note(mut self, callback: impl FnMut(&str) + 'b) -> Self {
        self.callbacks.on_note = Some(Box::new(callback));
        self
    }

    /// A flag that stops the run when it is set. Unfinished items are returned to the queue and all
    /// results are saved; the next run continues.
    pub fn stop_flag(mut self, stop: Arc<AtomicBool>) -> Self {
        self.callbacks.stop = stop;
        self
    }

    /// Identifies the models and options that results depend on: SHA-256 in hexadecimal digits. A
    /// folder takes the results of one such number alone.
    pub fn fingerprint(&self) -> Result<String> {
        self.plan.spec().map(|spec| sha256(&spec))
    }

    /// Processes the inputs into a folder. Running again with the same folder processes only items
    /// that are new or changed.
    pub fn run(mut self, folder: impl AsRef<Path>) -> Result<RunReport> {
        let folder = folder.as_ref();
        let paths: Vec<PathBuf> =
            self.inputs.iter().filter_map(|input| input.path.clone()).collect();
        outputs::check_folder(folder, &paths, self.overwrite)?;
        let Self { plan, inputs, watch, fields, retry_failed, callbacks, .. } = &mut self;
        let (inputs, watch) = (std::mem::take(inputs), watch.take());
        run::run(plan, folder, inputs, watch, fields, *retry_failed, callbacks)
    }
}
