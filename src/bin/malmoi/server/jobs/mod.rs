//! Jobs: feeds, folders and archives that the server works through as `malmoi batch` does. A job is
//! a folder of the server's own naming, with its inputs, its journal, its results and its events,
//! and outlives the server. Nothing that a client sends becomes a path.

mod events;
mod intake;
mod outputs;
mod record;
mod runner;
#[cfg(test)]
mod tests;

use std::cmp::Reverse;
use std::collections::BTreeMap;
use std::fs::{File, TryLockError};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;
use std::time::Duration;

use anyhow::{Context as _, Result, bail};
use malmoi::Language;
use malmoi::internals::files;
use serde::Serialize;
use tokio::sync::{OwnedSemaphorePermit, Semaphore, watch};
use utoipa::ToSchema;

use super::log::{Log, now};
use super::metrics::Metrics;
use super::wishes::Wishes;
use crate::engine::Failure;
use events::EventLog;
pub(crate) use events::EventReader;
pub(crate) use intake::{Intake, read};
use record::{Code, Record};
pub(crate) use record::{Input, State, Tally, Work};
pub(crate) use runner::Runner;

/// Jobs that are not finished: all, and those of one key.
const MAX_UNFINISHED: usize = 32;
const MAX_OF_KEY: usize = 8;
/// Archives of outputs that are packed or sent at the same time; each takes room on the disk.
const MAX_ARCHIVES: usize = 2;
/// Name of the file with the inputs, one after another.
const INPUTS: &str = "inputs.bin";
/// Name of the folder of results.
const RESULTS: &str = "results";

/// What is kept.
#[derive(Debug, Clone, Copy)]
pub(crate) struct JobLimits {
    /// Time for which a finished job is kept.
    pub age: Duration,
    /// Jobs at the same time.
    pub count: usize,
    /// Bytes of all jobs.
    pub bytes: u64,
}

/// A new job.
pub(crate) struct NewJob {
    pub owner: Option<String>,
    pub title: Option<String>,
    pub task: Work,
    pub from: Option<Language>,
    pub to: Language,
    pub likely: Language,
    pub wishes: Wishes,
    pub intake: Intake,
}

/// All jobs of the server.
pub(crate) struct Jobs {
    folder: PathBuf,
    /// Locked while the server runs.
    _lock: File,
    limits: JobLimits,
    /// In the order in which they were sent.
    all: Mutex<Vec<Arc<Job>>>,
    arrived: Condvar,
    stopping: watch::Sender<bool>,
    threads: Mutex<Vec<JoinHandle<()>>>,
    archives: Arc<Semaphore>,
    metrics: Arc<Metrics>,
    log: Arc<Log>,
}

/// A job.
pub(crate) struct Job {
    folder: PathBuf,
    state: Mutex<JobState>,
    /// Counts changes, for those who watch.
    changes: watch::Sender<u64>,
    stop: Arc<AtomicBool>,
}

struct JobState {
    record: Record,
    tally: Tally,
    progress: Option<Progress>,
}

/// How far a running job is.
#[derive(Debug, Clone, Copy, Serialize, ToSchema)]
pub(crate) struct Progress {
    /// Items a minute.
    pub rate: f64,
    /// Estimated seconds until its end; `null` until some items are settled.
    pub left: Option<f64>,
    /// Tokens read since the job was last taken up.
    pub read: u64,
    /// Tokens written since then.
    pub written: u64,
}

/// A job as clients see it.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub(crate) struct JobStatus {
    /// Its name in addresses.
    pub id: String,
    pub state: State,
    /// The `title` of the request, or the names of its files.
    #[schema(example = "morning.xml")]
    pub title: String,
    pub task: Work,
    /// Language of its articles: `en` or `ko`; detected for each if it is `null`.
    pub from: Option<String>,
    /// Language of its results.
    pub to: String,
    /// Times in RFC 3339, in UTC.
    pub created: String,
    pub started: Option<String>,
    pub finished: Option<String>,
    /// Its files; not in lists and in the events `progress`.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub inputs: Vec<Input>,
    /// Articles; those that repeat another one count until the end only.
    pub items: usize,
    #[serde(flatten)]
    pub tally: Tally,
    /// How far it is, while it runs.
    pub progress: Option<Progress>,
    /// Number of its last event.
    pub event: usize,
    /// Why it failed.
    pub error: Option<String>,
}

impl JobStatus {
    /// The same without its files, of which there may be many.
    pub fn brief(self) -> Self {
        Self { inputs: Vec::new(), ..self }
    }
}

impl Jobs {
    /// Opens a folder of jobs, or makes one. Fails while another server has it.
    pub fn open(
        folder: PathBuf,
        limits: JobLimits,
        metrics: Arc<Metrics>,
        log: Arc<Log>,
    ) -> Result<Self> {
        let shown = folder.display().to_string();
        make_private(&folder).with_context(|| format!("cannot create {shown}"))?;
        let lock = files::open_lock(&folder.join("lock"))
            .with_context(|| format!("cannot lock {shown}"))?;
        match lock.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => bail!("another server has its jobs in {shown}"),
            Err(TryLockError::Error(error)) => {
                return Err(error).with_context(|| format!("cannot lock {shown}"));
            }
        }
        let all = load(&folder, &log).with_context(|| format!("cannot read {shown}"))?;
        let jobs = Self {
            folder,
            _lock: lock,
            limits,
            all: Mutex::new(all),
            arrived: Condvar::new(),
            stopping: watch::Sender::new(false),
            threads: Mutex::default(),
            archives: Arc::new(Semaphore::new(MAX_ARCHIVES)),
            metrics,
            log,
        };
        jobs.purge();
        jobs.count();
        Ok(jobs)
    }

    /// The folder of all jobs.
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// Keeps a new job, safe on disk, and puts it into the queue. Takes time.
    pub fn add(&self, new: NewJob) -> Result<Arc<Job>, Failure> {
        self.make_room();
        self.room(new.owner.as_deref(), &self.all())?;
        let NewJob { owner, title, task, from, to, likely, wishes, intake } = new;
        let Intake { inputs, bytes, items, .. } = intake;
        let record = Record {
            id: format!("{:032x}", rand::random::<u128>()),
            title: title.unwrap_or_else(|| usual_title(&inputs)),
            owner,
            state: State::Waiting,
            created: now(),
            started: None,
            finished: None,
            task,
            from: from.map(Code),
            to: Code(to),
            likely: Code(likely),
            wishes,
            inputs,
            items,
            tally: Tally::default(),
            error: None,
            bytes: 0,
            removed: false,
        };
        let folder = self.folder.join(&record.id);
        let written = make_private(&folder).and_then(|()| {
            files::replace(&folder.join(INPUTS), |out| {
                bytes.iter().try_for_each(|bytes| out.write_all(bytes))
            })?;
            // With this file the job exists.
            record.save(&folder)?;
            files::sync_folder(&self.folder)
        });
        drop(bytes);
        let job = Arc::new(Job::new(folder, record, Tally::default()));
        let added = written.map_err(|error| self.fault(&error)).and_then(|()| {
            let mut all = self.all();
            self.room(job.owner().as_deref(), &all)?;
            all.push(job.clone());
            Ok(())
        });
        if let Err(failure) = added {
            self.delete(&job);
            return Err(failure);
        }
        self.count();
        self.arrived.notify_one();
        Ok(job)
    }

    /// The jobs of a key, the newest first.
    pub fn list(&self, owner: Option<&str>) -> Vec<Arc<Job>> {
        self.purge();
        let all = self.all();
        all.iter().rev().filter(|job| job.owner().as_deref() == owner).cloned().collect()
    }

    /// A job of a key.
    pub fn find(&self, owner: Option<&str>, id: &str) -> Result<Arc<Job>, Failure> {
        let all = self.all();
        let found = all.iter().find(|job| {
            let state = job.state();
            state.record.id == id && state.record.owner.as_deref() == owner
        });
        found.cloned().ok_or_else(no_job)
    }

    /// All outputs of a job in a zip, whose place is taken until the permit is dropped.
    pub fn archive(&self, job: &Job) -> Result<(File, OwnedSemaphorePermit), Failure> {
        let permit = self.archives.clone().try_acquire_owned();
        let permit = permit.map_err(|_| Failure::Busy { seconds: 10 })?;
        let zip = job.archive().map_err(|error| self.fault(&error))?;
        Ok((zip, permit))
    }

    /// Stops a job and removes all of it.
    pub fn remove(&self, owner: Option<&str>, id: &str) -> Result<(), Failure> {
        let job = self.find(owner, id)?;
        self.take_out(&job)?;
        self.discard(&job);
        self.count();
        Ok(())
    }

    /// Takes a job off the list. Fails for the second of two requests: one removes the folder.
    fn take_out(&self, job: &Arc<Job>) -> Result<(), Failure> {
        let mut all = self.all();
        let place = all.iter().position(|known| Arc::ptr_eq(known, job));
        all.remove(place.ok_or_else(no_job)?);
        Ok(())
    }

    /// Ends when the server stops: streams of events end with it.
    pub fn stopping(&self) -> watch::Receiver<bool> {
        self.stopping.subscribe()
    }

    /// Stops all jobs; their unfinished items go back into their journals. Waits for that.
    pub fn stop(&self) {
        self.stopping.send_replace(true);
        for job in self.all().iter() {
            job.stop.store(true, Ordering::SeqCst);
        }
        self.arrived.notify_all();
        let threads =
            std::mem::take(&mut *self.threads.lock().unwrap_or_else(PoisonError::into_inner));
        for thread in threads {
            // A panic was reported by its hook.
            let _ = thread.join();
        }
    }

    fn all(&self) -> MutexGuard<'_, Vec<Arc<Job>>> {
        self.all.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Fails if no further job of a key may wait.
    fn room(&self, owner: Option<&str>, all: &[Arc<Job>]) -> Result<(), Failure> {
        if *self.stopping.borrow() {
            return Err(Failure::NotReady("the server is stopping"));
        }
        let unfinished = || all.iter().filter(|job| !job.state().record.state.is_final());
        let own = unfinished().filter(|job| job.owner().as_deref() == owner).count();
        let is_full = all.len() >= self.limits.count
            || unfinished().count() >= MAX_UNFINISHED
            || (owner.is_some() && own >= MAX_OF_KEY)
            || used(all) >= self.limits.bytes;
        if is_full { Err(Failure::Busy { seconds: 60 }) } else { Ok(()) }
    }

    /// Removes finished jobs that are too old, and those beyond the limits.
    fn purge(&self) {
        self.tidy(false);
    }

    /// The same, and those in the place of a new job.
    fn make_room(&self) {
        self.tidy(true);
    }

    fn tidy(&self, for_another: bool) {
        let age = chrono::TimeDelta::from_std(self.limits.age).unwrap_or(chrono::TimeDelta::MAX);
        let oldest = chrono::Utc::now().checked_sub_signed(age);
        let mut all = self.all();
        let mut old: Vec<Arc<Job>> = Vec::new();
        all.retain(|job| {
            let is_old = job.finished().is_some_and(|time| oldest.is_some_and(|old| time < old));
            if is_old {
                old.push(job.clone());
            }
            !is_old
        });
        let (count, bytes) = (self.limits.count, self.limits.bytes);
        while all.len() > count || (for_another && all.len() == count) {
            let Some(index) = first_out(&all, |_| 1, 0) else { break };
            old.push(all.remove(index));
        }
        // A job larger than all that is kept can be fetched until another one is sent.
        let spared = usize::from(!for_another);
        while used(&all) > bytes || (for_another && used(&all) == bytes) {
            let Some(index) = first_out(&all, |job| job.size(), spared) else { break };
            old.push(all.remove(index));
        }
        drop(all);
        for job in old {
            self.discard(&job);
        }
    }

    /// Marks a job as removed and deletes it, now or when its run has ended.
    fn discard(&self, job: &Job) {
        job.stop.store(true, Ordering::SeqCst);
        let is_running = {
            let mut state = job.state();
            state.record.removed = true;
            // A server that is killed now goes on removing it.
            let _ = state.record.save(&job.folder);
            state.record.state == State::Running
        };
        job.changed();
        if !is_running {
            self.delete(job);
        }
    }

    /// Deletes the folder of a job.
    fn delete(&self, job: &Job) {
        match std::fs::remove_dir_all(&job.folder) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => {
                self.fault(&error);
            }
            _ => {}
        }
    }

    /// Counts jobs for the metrics.
    fn count(&self) {
        let all = self.all();
        let count = |state| all.iter().filter(|job| job.state().record.state == state).count();
        self.metrics.jobs(count(State::Waiting), count(State::Running));
    }

    /// Logs an error of the disk.
    fn fault(&self, error: &io::Error) -> Failure {
        self.log.failure(&format!("jobs: {error}"));
        Failure::Internal
    }
}

impl Job {
    fn new(folder: PathBuf, record: Record, tally: Tally) -> Self {
        Self {
            folder,
            state: Mutex::new(JobState { record, tally, progress: None }),
            changes: watch::Sender::new(0),
            stop: Arc::default(),
        }
    }

    /// The job as clients see it; `None` once it is removed.
    pub fn status(&self) -> Option<JobStatus> {
        let JobState { record, tally, progress } = &*self.state();
        let settled = tally.settled();
        let is_final = record.state.is_final();
        (!record.removed).then(|| JobStatus {
            id: record.id.clone(),
            state: record.state,
            title: record.title.clone(),
            task: record.task,
            from: record.from.map(String::from),
            to: record.to.into(),
            created: record.created.clone(),
            started: record.started.clone(),
            finished: record.finished.clone(),
            inputs: record.inputs.clone(),
            items: record.items.max(settled),
            tally: tally.clone(),
            progress: *progress,
            event: settled + usize::from(is_final),
            error: record.error.clone(),
        })
    }

    /// The events from the first one on.
    pub fn events(&self) -> io::Result<EventReader> {
        EventReader::open(&self.folder)
    }

    /// Tells of each change.
    pub fn watch(&self) -> watch::Receiver<u64> {
        self.changes.subscribe()
    }

    fn state(&self) -> MutexGuard<'_, JobState> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn owner(&self) -> Option<String> {
        self.state().record.owner.clone()
    }

    /// Bytes of its inputs, and of its whole folder once it has ended.
    fn size(&self) -> u64 {
        let state = self.state();
        let inputs: u64 = state.record.inputs.iter().map(|input| input.bytes).sum();
        state.record.bytes.max(inputs)
    }

    fn finished(&self) -> Option<chrono::DateTime<chrono::FixedOffset>> {
        let state = self.state();
        let time = state.record.finished.as_deref().filter(|_| state.record.state.is_final())?;
        chrono::DateTime::parse_from_rfc3339(time).ok()
    }

    fn changed(&self) {
        self.changes.send_modify(|count| *count += 1);
    }
}

/// The answer about a job that is not there.
pub(crate) fn no_job() -> Failure {
    Failure::NotFound("there is no such job".into())
}

/// Bytes of all jobs.
fn used(all: &[Arc<Job>]) -> u64 {
    all.iter().map(|job| job.size()).sum()
}

/// The finished job that makes room: the oldest one of the key that has most of what is measured.
/// None if that key has no more than those to be spared.
fn first_out(all: &[Arc<Job>], measure: impl Fn(&Job) -> u64, spared: usize) -> Option<usize> {
    let mut keys: BTreeMap<Option<String>, (u64, Vec<_>)> = BTreeMap::new();
    for (index, job) in all.iter().enumerate() {
        if let Some(time) = job.finished() {
            let (sum, jobs) = keys.entry(job.owner()).or_default();
            *sum += measure(job);
            jobs.push((time, index));
        }
    }
    let kept = keys.into_values().filter_map(|(sum, jobs)| {
        let first = jobs.iter().min().copied()?;
        Some((sum, Reverse(first), jobs.len()))
    });
    let (_, Reverse((_, index)), count) = kept.max()?;
    (count > spared).then_some(index)
}

/// "morning.xml", or "morning.xml + 3".
fn usual_title(inputs: &[Input]) -> String {
    let first = inputs.first().map_or("", |input| &input.name);
    match inputs.len() {
        0 | 1 => first.to_string(),
        count => format!("{first} + {}", count - 1),
    }
}

/// Makes a folder that only this user can read.
fn make_private(folder: &Path) -> io::Result<()> {
    let mut builder = std::fs::DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(folder)
}

/// The jobs in a folder, in the order in which they were sent. One that cannot be read or deleted
/// is left to the next start.
fn load(folder: &Path, log: &Log) -> io::Result<Vec<Arc<Job>>> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(folder)? {
        let entry = entry?;
        let name = entry.file_name().to_string_lossy().into_owned();
        let is_id = name.len() == 32 && name.bytes().all(|byte| byte.is_ascii_hexdigit());
        if !is_id || !entry.file_type().is_ok_and(|kind| kind.is_dir()) {
            continue;
        }
        let path = entry.path();
        match load_one(path.clone(), &name) {
            Ok(Some(job)) => found.push(Arc::new(job)),
            Ok(None) => {}
            Err(error) => log.failure(&format!("jobs: {}: {error}", path.display())),
        }
    }
    found.sort_by_cached_key(|job| job.state().record.created.clone());
    Ok(found)
}

/// The job in a folder. `None` if an earlier server began to remove it, or had not quite taken it:
/// then it is deleted.
fn load_one(path: PathBuf, name: &str) -> io::Result<Option<Job>> {
    let Some(mut record) = Record::read(&path)?.filter(|record| !record.removed) else {
        std::fs::remove_dir_all(&path)?;
        return Ok(None);
    };
    if record.id != name {
        return Err(io::Error::other("it is the folder of another job"));
    }
    let tally = if record.state.is_final() {
        record.tally.clone()
    } else {
        record.state = State::Waiting;
        EventLog::open(&path)?.tally
    };
    Ok(Some(Job::new(path, record, tally)))
}

/// Size of the files in a folder and its folders.
fn size(folder: &Path) -> u64 {
    let Ok(entries) = std::fs::read_dir(folder) else { return 0 };
    entries
        .flatten()
        .map(|entry| match entry.metadata() {
            Ok(metadata) if metadata.is_dir() => size(&entry.path()),
            Ok(metadata) => metadata.len(),
            Err(_) => 0,
        })
        .sum()
}
