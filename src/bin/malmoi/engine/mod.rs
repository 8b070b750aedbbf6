//! The threads that run requests, beside each other, for programs that ask for them: over HTTP
//! (`server`) or over the Model Context Protocol (`mcp`). A thread runs one request at a time; the
//! models compute the requests of all threads together ([`Model::shared`]).
//!
//! Knows models, texts and turns; knows no protocol.
//!
//! [`Model::shared`]: malmoi::Model::shared

pub(crate) mod failure;
pub(crate) mod fields;
pub(crate) mod pair;
pub(crate) mod task;

use std::cell::Cell;
use std::collections::VecDeque;
use std::panic::{AssertUnwindSafe, catch_unwind};
#[cfg(feature = "serve")]
use std::sync::OnceLock;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

#[cfg(feature = "serve")]
use malmoi::Language;
use malmoi::prompts::Task;
use malmoi::{Error, LanguagePair};
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};

use crate::model_resolver::ResolvedModel;
pub(crate) use failure::Failure;

/// Characters up to which a text is short. Some threads take short texts only, so that one never
/// waits until a long one is done.
const SHORT: usize = 4_000;

/// What is told of an engine's work, for counts and logs.
pub(crate) trait Monitor: Send + Sync {
    /// The present length of the queue, and the requests that are worked on.
    fn queue(&self, _waiting: usize, _running: usize) {}
    /// A request that found the queue full.
    fn refused(&self) {}
    /// The first token of a text, this long after the request.
    fn first_token(&self, _time: Duration) {}
    /// A failure of the program itself.
    fn failure(&self, reason: &str);
}

/// News of a running request, whose result is a `T`.
#[derive(Debug)]
pub(crate) enum News<T> {
    /// Text of the result that is final.
    #[cfg_attr(not(feature = "serve"), allow(dead_code, reason = "tools answer in one piece"))]
    Text(String),
    /// Finished segments, and all of them.
    Progress { done: usize, segments: usize },
    /// The end.
    Done(Result<T, Failure>),
}

/// A request in the queue or running. Dropping it cancels the request at the next step of the
/// model.
pub(crate) struct Ticket<T> {
    news: UnboundedReceiver<News<T>>,
    left: Arc<AtomicBool>,
}

impl<T> Ticket<T> {
    /// The next news; the last are [`News::Done`].
    pub async fn next(&mut self) -> News<T> {
        self.news.recv().await.unwrap_or(News::Done(Err(Failure::Internal)))
    }

    /// Waits for the result.
    #[cfg(feature = "serve")]
    pub async fn result(mut self) -> Result<T, Failure> {
        loop {
            if let News::Done(result) = self.next().await {
                return result;
            }
        }
    }
}

impl<T> Drop for Ticket<T> {
    fn drop(&mut self) {
        self.left.store(true, Ordering::Relaxed);
    }
}

/// The engine's end of a running request.
pub(crate) struct Running<'e, T> {
    engine: &'e Engine,
    news: UnboundedSender<News<T>>,
    left: Arc<AtomicBool>,
    since: Instant,
    has_token: Cell<bool>,
}

impl<T> Running<'_, T> {
    /// Sends news. Never waits: the client may be slow or gone.
    pub fn send(&self, news: News<T>) {
        let _ = self.news.send(news);
    }

    /// Counts the time to the first token, once.
    pub fn first_token(&self) {
        if !self.has_token.replace(true) {
            self.engine.monitor.first_token(self.since.elapsed());
        }
    }

    /// True if the client has left, or the server has stopped.
    pub fn is_over(&self) -> bool {
        self.left.load(Ordering::Relaxed) || self.engine.aborted.load(Ordering::Relaxed)
    }

    /// The time at which the request must be done.
    pub fn deadline(&self) -> Instant {
        self.since + self.engine.limits.time
    }

    /// The failure for an error. One of the server itself is logged.
    pub fn failure(&self, error: Error) -> Failure {
        if let Error::OutOfTime { .. } = error {
            return Failure::Late { seconds: self.engine.limits.time.as_secs() };
        }
        let reason = error.to_string();
        let failure = Failure::from(error);
        if failure == Failure::Internal {
            self.engine.monitor.failure(&reason);
        }
        failure
    }
}

/// Bounds on the work.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Limits {
    /// Texts that are generated together.
    pub at_once: usize,
    /// Requests that may wait.
    pub queue: usize,
    /// Time for one request, its wait included.
    pub time: Duration,
}

/// The models that serve a task in a direction.
#[derive(Clone)]
pub(crate) struct Served {
    pub task: Task,
    pub languages: LanguagePair,
    pub model: ResolvedModel,
    /// The second model of a cascade.
    pub translator: Option<ResolvedModel>,
}

/// Shared by handlers and threads.
pub(crate) struct Engine {
    #[cfg(feature = "serve")]
    served: OnceLock<Vec<Served>>,
    lanes: Mutex<Lanes>,
    arrived: Condvar,
    stopping: AtomicBool,
    /// Set when the time to stop gracefully is over.
    aborted: AtomicBool,
    limits: Limits,
    monitor: Box<dyn Monitor>,
}

#[derive(Default)]
struct Lanes {
    short: VecDeque<Job>,
    long: VecDeque<Job>,
    running: usize,
}

struct Job {
    run: Box<dyn FnOnce(&Engine) + Send>,
    left: Arc<AtomicBool>,
}

/// The models of an engine that opens all of them when it starts.
#[cfg(feature = "serve")]
impl Engine {
    /// Starts the threads with the models that were opened. A second call changes nothing.
    pub fn start(self: &Arc<Self>, served: Vec<Served>) -> malmoi::Result<()> {
        let served = shared(served, self.limits.at_once)?;
        if self.served.set(served).is_err() {
            return Ok(());
        }
        self.start_threads()
    }

    /// The models by task and direction; `None` while they are being opened.
    pub fn served(&self) -> Option<&[Served]> {
        self.served.get().map(Vec::as_slice)
    }

    /// The usual models for a task in a direction.
    pub fn find(&self, task: Task, languages: LanguagePair) -> Result<&Served, Failure> {
        self.find_named(task, languages, None)
    }

    /// The models for a task in a direction: the usual ones, or those with the model of a name.
    pub fn find_named(
        &self,
        task: Task,
        languages: LanguagePair,
        name: Option<&str>,
    ) -> Result<&Served, Failure> {
        let served = self.served().ok_or(Failure::NotReady("the models are being opened"))?;
        let fits = |one: &&Served| {
            one.task == task
                && one.languages == languages
                && name.is_none_or(|name| one.model.model.name() == name)
        };
        served.iter().find(fits).ok_or_else(|| {
            let LanguagePair { from, to } = languages;
            let verb = if task == Task::Translate { "translates" } else { "summarizes" };
            let which = if name.is_some() { "this model" } else { "a model" };
            let (from, to) = (from.name(), to.name());
            Failure::Invalid(format!("{which} that {verb} {from} into {to} is not loaded here"))
        })
    }

    /// True if there is a model for a task in a direction.
    pub fn serves(&self, task: Task, from: Language, to: Language) -> bool {
        self.find(task, LanguagePair { from, to }).is_ok()
    }
}

impl Engine {
    pub fn new(limits: Limits, monitor: impl Monitor + 'static) -> Arc<Self> {
        Arc::new(Self {
            #[cfg(feature = "serve")]
            served: OnceLock::new(),
            lanes: Mutex::default(),
            arrived: Condvar::new(),
            stopping: AtomicBool::new(false),
            aborted: AtomicBool::new(false),
            limits,
            monitor: Box::new(monitor),
        })
    }

    /// Starts the threads.
    pub fn start_threads(self: &Arc<Self>) -> malmoi::Result<()> {
        // A request mostly waits for the model, in turns with others: there are more threads than
        // texts that are generated together.
        let threads = 4 * self.limits.at_once.max(2);
        for index in 0..threads {
            let engine = self.clone();
            let takes_long = index < threads / 2;
            std::thread::Builder::new()
                .name("malmoi-request".into())
                .spawn(move || engine.work(takes_long))
                .map_err(|e| Error::Engine(format!("cannot start a thread: {e}").into()))?;
        }
        Ok(())
    }

    /// Puts work into the queue: a function that runs on a thread of the engine. `length` is the
    /// number of characters of its text.
    pub fn submit<T: Send + 'static>(
        &self,
        length: usize,
        work: impl FnOnce(&Running<'_, T>) -> Result<T, Failure> + Send + 'static,
    ) -> Result<Ticket<T>, Failure> {
        if self.stopping.load(Ordering::SeqCst) {
            return Err(Failure::NotReady("the server is stopping"));
        }
        let (sender, news) = unbounded_channel();
        let left = Arc::new(AtomicBool::new(false));
        let (since, still_here) = (Instant::now(), left.clone());
        let run = Box::new(move |engine: &Engine| {
            let has_token = Cell::new(false);
            let running = Running { engine, news: sender, left: still_here, since, has_token };
            // A panic fails one request, not the server; its hook has reported it.
            let result = catch_unwind(AssertUnwindSafe(|| work(&running)));
            running.send(News::Done(result.unwrap_or(Err(Failure::Internal))));
        });
        let job = Job { run, left: left.clone() };
        let mut lanes = self.lanes();
        lanes.forget_those_who_left();
        if lanes.waiting() >= self.limits.queue {
            self.monitor.refused();
            return Err(Failure::Busy { seconds: 1 + lanes.waiting() as u64 / 8 });
        }
        let lane = if length <= SHORT { &mut lanes.short } else { &mut lanes.long };
        lane.push_back(job);
        self.monitor.queue(lanes.waiting(), lanes.running);
        drop(lanes);
        self.arrived.notify_all();
        Ok(Ticket { news, left })
    }

    /// Takes no more requests, and waits until those in hand are done, at most for `grace`.
    pub fn stop(&self, grace: Duration) {
        self.stopping.store(true, Ordering::SeqCst);
        self.arrived.notify_all();
        let deadline = Instant::now() + grace;
        let is_idle = || {
            let lanes = self.lanes();
            lanes.waiting() + lanes.running == 0
        };
        while !is_idle() && Instant::now() < deadline {
            std::thread::sleep(Duration::from_millis(20));
        }
        self.aborted.store(true, Ordering::SeqCst);
    }

    fn lanes(&self) -> MutexGuard<'_, Lanes> {
        self.lanes.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A thread: runs requests until the server stops.
    fn work(&self, takes_long: bool) {
        while let Some(job) = self.next(takes_long) {
            (job.run)(self);
            let mut lanes = self.lanes();
            lanes.running -= 1;
            self.monitor.queue(lanes.waiting(), lanes.running);
        }
    }

    fn next(&self, takes_long: bool) -> Option<Job> {
        let mut lanes = self.lanes();
        loop {
            lanes.forget_those_who_left();
            let long = if takes_long { lanes.long.pop_front() } else { None };
            if let Some(job) = long.or_else(|| lanes.short.pop_front()) {
                lanes.running += 1;
                self.monitor.queue(lanes.waiting(), lanes.running);
                return Some(job);
            }
            if self.stopping.load(Ordering::SeqCst) {
                return None;
            }
            lanes = self.arrived.wait(lanes).unwrap_or_else(PoisonError::into_inner);
        }
    }
}

impl Lanes {
    fn waiting(&self) -> usize {
        self.short.len() + self.long.len()
    }

    fn forget_those_who_left(&mut self) {
        let stays = |job: &Job| !job.left.load(Ordering::Relaxed);
        self.short.retain(stays);
        self.long.retain(stays);
    }
}

/// The same with models that many threads can use at once, each loaded once.
#[cfg(feature = "serve")]
fn shared(served: Vec<Served>, at_once: usize) -> malmoi::Result<Vec<Served>> {
    let mut known: Vec<ResolvedModel> = Vec::new();
    let mut share = |resolved: ResolvedModel| {
        let is_same = |one: &&ResolvedModel| one.installed.path == resolved.installed.path;
        if let Some(model) = known.iter().find(is_same) {
            return Ok::<_, Error>(model.clone());
        }
        let resolved = ResolvedModel { model: resolved.model.shared(at_once)?, ..resolved };
        known.push(resolved.clone());
        Ok(resolved)
    };
    served
        .into_iter()
        .map(|one| {
            let model = share(one.model)?;
            let translator = one.translator.map(&mut share).transpose()?;
            Ok(Served { model, translator, ..one })
        })
        .collect()
}
