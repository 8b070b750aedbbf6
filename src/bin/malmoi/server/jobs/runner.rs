//! The threads that run jobs: two at a time, each with half of the texts that a model generates
//! together, so that requests find room beside them.

use std::fs::File;
use std::io::{Read, Seek, SeekFrom};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;
use std::sync::atomic::Ordering;
use std::sync::{Arc, PoisonError};
use std::time::{Duration, Instant};

use malmoi::batch::{Batch, BatchError, BatchInput, BatchProgress, ModelChoice, Opened};
use malmoi::prompts::Task;
use malmoi::store::Store;
use malmoi::{Error, LanguagePair, TaskOptions};

use super::super::log::now;
use super::super::recorder::Recorder;
use super::super::shared_options::SharedOptions;
use super::events::EventLog;
use super::record::{Record, State};
use super::{INPUTS, Job, JobState, Jobs, Progress, RESULTS, size};
use crate::audit::Asker;
use crate::engine::{Engine, Failure};
use crate::model_resolver::ResolvedModel;

/// Jobs that run at the same time.
const AT_ONCE: usize = 2;
/// Interval of progress.
const PROGRESS: Duration = Duration::from_secs(1);
/// Interval at which old jobs are looked for.
const PURGE: Duration = Duration::from_secs(600);

/// Why a job that was begun by an earlier server cannot go on.
const OTHER_SPEC: &str = "this server is another version, or has other models or options, \
     than the job was begun with; send it again";

/// What a thread needs to run jobs.
#[derive(Clone)]
pub(crate) struct Runner {
    pub jobs: Arc<Jobs>,
    pub engine: Arc<Engine>,
    pub store: Arc<Store>,
    /// Where results are recorded.
    pub recorder: Recorder,
    /// Options of every job, which its own wishes change.
    pub options: Arc<SharedOptions>,
    /// Texts that a model generates together.
    pub at_once: usize,
}

/// Why a run ended before its time.
enum Stop {
    /// The message for the client.
    Failed(String),
    /// The reason for the log.
    Fault(String),
}

impl Runner {
    /// Starts the threads, once the models are open.
    pub fn start(self) -> std::io::Result<()> {
        let jobs = self.jobs.clone();
        let mut threads = jobs.threads.lock().unwrap_or_else(PoisonError::into_inner);
        for _ in 0..AT_ONCE {
            let runner = self.clone();
            let thread = std::thread::Builder::new().name("malmoi-job".into());
            threads.push(thread.spawn(move || runner.work())?);
        }
        Ok(())
    }

    fn work(&self) {
        while let Some(job) = self.next() {
            self.run(&job);
            self.jobs.count();
            self.jobs.purge();
        }
    }

    /// Waits for the next job: the first of the keys with the fewest running ones. `None` when the
    /// server stops.
    fn next(&self) -> Option<Arc<Job>> {
        let mut all = self.jobs.all();
        loop {
            if *self.jobs.stopping.borrow() {
                return None;
            }
            let running: Vec<Option<String>> = all
                .iter()
                .filter(|job| job.state().record.state == State::Running)
                .map(|job| job.owner())
                .collect();
            let next = all
                .iter()
                .filter(|job| job.state().record.state == State::Waiting)
                .min_by_key(|job| running.iter().filter(|owner| **owner == job.owner()).count())
                .cloned();
            if let Some(job) = next {
                job.state().record.state = State::Running;
                return Some(job);
            }
            let waited = self.jobs.arrived.wait_timeout(all, PURGE);
            let (guard, timeout) = waited.unwrap_or_else(PoisonError::into_inner);
            all = guard;
            if timeout.timed_out() {
                drop(all);
                self.jobs.purge();
                all = self.jobs.all();
            }
        }
    }

    /// Runs a job to its end, or until it is stopped.
    fn run(&self, job: &Job) {
        self.jobs.count();
        let (record, saved) = {
            let mut state = job.state();
            state.record.started.get_or_insert_with(now);
            // While it is locked, so that a removal is not overwritten.
            (state.record.clone(), state.record.save(&job.folder))
        };
        job.changed();
        let saved = saved.map_err(|error| Stop::Fault(error.to_string()));
        // A panic ends one job, not the server; its hook has reported it.
        let ended = saved.and_then(|()| {
            catch_unwind(AssertUnwindSafe(|| self.batch(job, &record)))
                .unwrap_or_else(|_| Err(Stop::Fault("met a bug in malmoi".into())))
        });
        let error = match ended {
            Ok(true) => None,
            // Stopped: the next start of the server takes it up again, unless it is removed.
            Ok(false) => {
                let mut state = job.state();
                state.progress = None;
                let is_removed = state.record.removed;
                if !is_removed {
                    state.record.state = State::Waiting;
                    let _ = state.record.save(&job.folder);
                }
                drop(state);
                if is_removed {
                    self.jobs.delete(job);
                }
                job.changed();
                return;
            }
            Err(Stop::Failed(message)) => Some(message),
            Err(Stop::Fault(reason)) => {
                self.jobs.log.failure(&format!("job {}: {reason}", record.id));
                Some(Failure::Internal.to_string())
            }
        };
        self.end(job, error);
    }

    /// Ends a job for good.
    fn end(&self, job: &Job, error: Option<String>) {
        let bytes = size(&job.folder);
        let mut state = job.state();
        let JobState { record, tally, progress } = &mut *state;
        *progress = None;
        let nothing = || "no item could be done; failed.jsonl has the reasons".to_string();
        record.error = error.or_else(|| (tally.done == 0).then(nothing));
        record.state = if record.error.is_some() { State::Failed } else { State::Done };
        record.finished = Some(now());
        record.items = tally.settled();
        record.tally = tally.clone();
        record.bytes = bytes;
        self.jobs.metrics.job_ended(record.state == State::Done);
        let is_removed = record.removed;
        if !is_removed && let Err(error) = record.save(&job.folder) {
            self.jobs.fault(&error);
        }
        drop(state);
        if is_removed {
            self.jobs.delete(job);
        }
        job.changed();
    }

    /// The run of a job's batch: true at its end, false if it was stopped.
    fn batch(&self, job: &Job, record: &Record) -> Result<bool, Stop> {
        let disk = |error: std::io::Error| Stop::Fault(error.to_string());
        let results = job.folder.join(RESULTS);
        let mut log = EventLog::open(&job.folder).map_err(disk)?;
        let options = record.wishes.options(&self.options.now());
        let options = options.map_err(|failure| Stop::Failed(failure.to_string()))?;
        let batch = self.with_models(Batch::new(record.to.0), record)?;
        let asker = Asker { route: Some("jobs".into()), key: record.owner.clone() };
        let mut tokens = (0, 0);
        let mut last = None;
        let mut fault = None;
        let on_progress = |progress: &BatchProgress| {
            let BatchProgress { read, written, .. } = *progress;
            self.jobs.metrics.tokens(read - tokens.0, written - tokens.1);
            tokens = (read, written);
            if last.is_some_and(|time: Instant| time.elapsed() < PROGRESS) {
                return;
            }
            last = Some(Instant::now());
            let settled = (progress.counts.done + progress.counts.failed) as f64;
            let rate = if progress.seconds > 0.0 { settled / progress.seconds * 60.0 } else { 0.0 };
            let rate = (rate * 10.0).round() / 10.0;
            job.state().progress = Some(Progress { rate, left: progress.left, read, written });
            job.changed();
        };
        let report = batch
            .task_options(TaskOptions {
                from: record.from.map(|from| from.0),
                to: Some(record.to.0),
                ..options
            })
            .max_concurrent((self.at_once / AT_ONCE).max(1))
            .feed(record.inputs.iter().any(|input| is_feed(&input.format)))
            .keep_removed(true)
            .track_removals(false)
            .inputs(inputs(&job.folder, record))
            .stop_flag(job.stop.clone())
            .on_progress(on_progress)
            .before_commit(|items| self.recorder.items(&asker, items))
            .on_item(|item| match log.add(item) {
                Ok(true) => {
                    self.jobs.metrics.job_item(item.error.is_none(), &item.findings);
                    job.state().tally = log.tally.clone();
                    job.changed();
                }
                Ok(false) => {}
                // The end of the run tries again.
                Err(error) => fault = Some(error),
            })
            .run(&results);
        if let Some(error) = fault {
            self.jobs.fault(&error);
        }
        let report = report.map_err(|error| match error {
            Error::Batch(BatchError::OtherSpec { .. }) => Stop::Failed(OTHER_SPEC.into()),
            other => Stop::Fault(other.to_string()),
        })?;
        let is_whole = report.complete && report.stats.pending + report.stats.leased == 0;
        if job.stop.load(Ordering::SeqCst) && !is_whole {
            return Ok(false);
        }
        complete(job, &mut log, &results).map_err(disk)?;
        Ok(true)
    }

    /// Adds the models of the server.
    fn with_models<'b>(&self, mut batch: Batch<'b>, record: &Record) -> Result<Batch<'b>, Stop> {
        let find = |task, from| {
            let languages = LanguagePair { from, to: record.to.0 };
            self.engine.find(task, languages).map_err(|failure| Stop::Failed(failure.to_string()))
        };
        let choice = |resolved: &ResolvedModel| {
            let fingerprint = self.store.fingerprint(&resolved.installed);
            Ok(ModelChoice {
                fingerprint: fingerprint.map_err(|error| Stop::Fault(error.to_string()))?,
                model: resolved.model.clone(),
                capabilities: resolved.capabilities.clone(),
            })
        };
        if record.task.translates() {
            let served = find(Task::Translate, record.to.0.other())?;
            batch = batch.translate_with(choice(&served.model)?);
        }
        if record.task.summarizes() {
            let served = find(Task::Summarize, record.likely.0)?;
            batch = batch.summarize_with(choice(&served.model)?);
            if let Some(translator) = &served.translator
                && !record.task.translates()
            {
                batch = batch.translate_summaries_with(choice(translator)?);
            }
        }
        Ok(batch)
    }
}

/// Adds what the log lacks, and counts what was added even if the rest cannot be.
fn complete(job: &Job, log: &mut EventLog, results: &Path) -> std::io::Result<()> {
    let completed = log.complete(results);
    job.state().tally = log.tally.clone();
    completed
}

/// True for formats whose results are a feed again.
fn is_feed(format: &str) -> bool {
    matches!(format, "feed" | "nitf" | "newsml")
}

/// The inputs of a job: parts of one file, under the names that clients gave them.
fn inputs(folder: &Path, record: &Record) -> Vec<BatchInput> {
    let path = folder.join(INPUTS);
    let mut start = 0;
    let mut inputs = Vec::new();
    for input in &record.inputs {
        let (path, begin, bytes, name) = (path.clone(), start, input.bytes, input.name.clone());
        start += bytes;
        inputs.push(BatchInput::new(input.name.clone(), move |_| {
            let mut file = File::open(path).map_err(|error| Error::io("read", &name, error))?;
            let sought = file.seek(SeekFrom::Start(begin));
            sought.map_err(|error| Error::io("read", &name, error))?;
            Ok(Opened::Source(Box::new(file.take(bytes)), None))
        }));
    }
    inputs
}

#[cfg(test)]
mod tests {
    use super::super::tests::{finished, jobs};
    use super::*;

    #[test]
    fn what_is_in_the_log_is_counted_even_if_the_rest_cannot_be_read() {
        let folder = tempfile::tempdir().unwrap();
        let job = finished(&jobs(&folder, 2, 100), "day", 1, 1);
        let results = job.folder.join(RESULTS);
        let failed = br#"{"id": "a", "input": "a.xml", "reason": "it is empty"}"#;
        std::fs::write(results.join("failed.jsonl"), [&failed[..], b"\n\xFF\n"].concat()).unwrap();
        let mut log = EventLog::open(&job.folder).unwrap();
        assert!(complete(&job, &mut log, &results).is_err());
        assert_eq!(job.state().tally.failed, 1);
    }
}
