//! Threads that work on items, each on one at a time, and what is done to an item.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use super::queue::Lease;
use super::result::{Line, Translation};
use super::{BatchError, ModelChoice, Plan};
use crate::document::{Document, Kind};
use crate::error::{Error, Result};
use crate::event::{Event, Finding, Observer};
use crate::formats::Item;
use crate::language::Language;
use crate::prompts::Task;

/// How long threads are waited for that were told to end.
pub(super) const GRACE: Duration = Duration::from_secs(2);

/// What a worker tells.
pub(super) enum Told {
    /// It began with an item.
    Began(Place),
    /// It is done with one.
    Settled(Box<Settled>),
}

/// An item's ordinal and content: one that changes meanwhile is out twice.
pub(super) type Place = (i64, String);

pub(super) fn place(lease: &Lease) -> Place {
    (lease.ordinal, lease.content.clone())
}

/// What a worker says of an item.
pub(super) struct Settled {
    pub lease: Lease,
    pub result: Result<Line>,
}

/// Tokens of all items, also of those that are not settled, since the run began.
#[derive(Default)]
pub(super) struct Meter {
    pub read: AtomicU64,
    pub written: AtomicU64,
}

impl Meter {
    /// A listener for one request, whose events count from zero at each stage.
    fn listen(&self) -> impl FnMut(&Event) {
        let (mut read_before, mut written_before) = (0, 0);
        move |event| {
            let Event::Progress { read, written, .. } = *event else { return };
            let since = |now: usize, before: usize| now.checked_sub(before).unwrap_or(now) as u64;
            self.read.fetch_add(since(read, read_before), Ordering::Relaxed);
            self.written.fetch_add(since(written, written_before), Ordering::Relaxed);
            (read_before, written_before) = (read, written);
        }
    }
}

/// The threads.
pub(super) struct WorkerPool {
    work: Option<Sender<Lease>>,
    told: Receiver<Told>,
    threads: Vec<std::thread::JoinHandle<()>>,
    shared: Shared,
}

/// What each thread has.
#[derive(Clone)]
struct Shared {
    plan: Arc<Plan>,
    waiting: Arc<Mutex<Receiver<Lease>>>,
    tell: Sender<Told>,
    meter: Arc<Meter>,
    /// Set by the user.
    stop: Arc<AtomicBool>,
    /// Set when the run is over, and no result is taken any more.
    over: Arc<AtomicBool>,
}

impl WorkerPool {
    pub fn start(plan: &Plan, stop: Arc<AtomicBool>) -> Result<Self> {
        let (work, waiting) = channel::<Lease>();
        let (tell, told) = channel();
        let shared = Shared {
            plan: Arc::new(share(plan)?),
            waiting: Arc::new(Mutex::new(waiting)),
            tell,
            meter: Arc::default(),
            stop,
            over: Arc::default(),
        };
        let mut workers = Self { work: Some(work), told, threads: Vec::new(), shared };
        for _ in 0..plan.batch.max(1) {
            workers.add()?;
        }
        Ok(workers)
    }

    /// Tokens of all items so far.
    pub fn meter(&self) -> &Meter {
        &self.shared.meter
    }

    /// One more thread, at the beginning or in the place of one that is stuck.
    pub fn add(&mut self) -> Result<()> {
        let shared = self.shared.clone();
        let thread =
            std::thread::Builder::new().name("malmoi-item".into()).spawn(move || shared.work());
        self.threads.push(
            thread.map_err(|e| Error::Engine(format!("no thread could be started: {e}").into()))?,
        );
        Ok(())
    }

    pub fn give(&self, lease: &Lease) -> Result<()> {
        let given = self.work.as_ref().is_some_and(|work| work.send(lease.clone()).is_ok());
        if given {
            Ok(())
        } else {
            Err(Error::Engine("the threads that work on items have ended".into()))
        }
    }

    pub fn take(&self, patience: Duration) -> Option<Told> {
        self.told.recv_timeout(patience).ok()
    }
}

impl Drop for WorkerPool {
    fn drop(&mut self) {
        self.work = None;
        self.shared.over.store(true, Ordering::SeqCst);
        // A thread that is stuck in an item is left to itself: what it finds out is not asked for
        // any more.
        let until = Instant::now() + GRACE;
        for thread in self.threads.drain(..) {
            while !thread.is_finished() && Instant::now() < until {
                std::thread::sleep(Duration::from_millis(2));
            }
            if thread.is_finished() {
                // One that panicked has said so.
                let _ = thread.join();
            }
        }
    }
}

impl Shared {
    fn work(self) {
        loop {
            let lease = match self.waiting.lock() {
                Ok(waiting) => waiting.recv(),
                Err(_) => return,
            };
            let Ok(lease) = lease else { return };
            // A bug that one item meets must not take the others along.
            let result = catch_unwind(AssertUnwindSafe(|| self.item(&lease)))
                .unwrap_or_else(|_| Err(Error::Engine("a bug in malmoi was met".into())));
            if self.tell.send(Told::Settled(Box::new(Settled { lease, result }))).is_err() {
                return;
            }
        }
    }

    fn item(&self, lease: &Lease) -> Result<Line> {
        if self.ends() {
            return Err(Error::Cancelled);
        }
        // Pages come when it is their turn at their host, which has limits of its own: the item's
        // time begins behind them.
        let (item, followed) = follow(&self.plan, &lease.item);
        if self.ends() || self.tell.send(Told::Began(place(lease))).is_err() {
            return Err(Error::Cancelled);
        }
        let limit = self.plan.item_timeout;
        let late = limit.map(|limit| Instant::now() + limit);
        let is_late = || late.is_some_and(|late| Instant::now() >= late);
        let ends = || self.ends() || is_late();
        let result = one(&self.plan, lease, item, followed, &self.meter, ends);
        match (result, limit) {
            (Err(Error::Cancelled), Some(limit)) if !self.ends() => {
                Err(BatchError::ItemTimeout { limit }.into())
            }
            (result, _) => result,
        }
    }

    fn ends(&self) -> bool {
        self.stop.load(Ordering::SeqCst) || self.over.load(Ordering::SeqCst)
    }
}

/// The plan with models that many threads can use at once.
fn share(plan: &Plan) -> Result<Plan> {
    let shared = |worker: &ModelChoice| {
        Ok::<_, Error>(ModelChoice { model: worker.model.shared(plan.batch)?, ..worker.clone() })
    };
    let summarizer = plan.summarizer.as_ref().map(shared).transpose()?;
    let same = match (&plan.summarizer, &plan.translator) {
        (Some(a), Some(b)) => a.model.path() == b.model.path(),
        _ => false,
    };
    // One model for both has one loop for both.
    let translator = match (&summarizer, &plan.translator) {
        (Some(summarizer), Some(translator)) if same => {
            Some(ModelChoice { model: summarizer.model.clone(), ..translator.clone() })
        }
        (_, translator) => translator.as_ref().map(shared).transpose()?,
    };
    Ok(Plan { summarizer, translator, ..plan.clone() })
}

/// One item through the pipeline, unless it is to end before.
fn one(
    plan: &Plan,
    lease: &Lease,
    mut item: Item,
    followed: Option<Finding>,
    meter: &Meter,
    ends: impl Fn() -> bool,
) -> Result<Line> {
    let from = plan
        .from
        .map_or_else(|| Language::recognize(&item.document.article()), |from| Ok(Some(from)))?;
    let from = from.ok_or_else(|| Error::unreadable("the item", "has no words".to_string()))?;
    let mut line = Line::new(lease, &item, from, plan.to);
    line.findings
        .extend(item.notes.iter().map(|note| Finding::new("source", "source_damaged", note)));
    line.findings.extend(followed);
    let document = std::mem::take(&mut item.document);
    let observer = || Observer::new().on_event(meter.listen()).cancel_if(&ends);
    if plan.translate
        && from != plan.to
        && let Some(ModelChoice { model, capabilities, .. }) = &plan.translator
    {
        let request = model.translate_document(document.clone()).capabilities(capabilities.clone());
        let request = plan.apply(request, Task::Translate, from)?;
        line.translation = Some(Translation::of(request.observe(observer())?, document.title()));
    }
    // A headline alone is its own summary.
    let has_text = document.blocks().iter().any(|block| block.kind == Kind::Paragraph);
    if let Some(ModelChoice { model, capabilities, .. }) =
        plan.summarizer.as_ref().filter(|_| has_text)
    {
        let request = model.summarize_document(document).capabilities(capabilities.clone());
        let mut request = plan.apply(request, Task::Summarize, from)?;
        if let Some(second) = &plan.translator {
            request = request.translator(&second.model, second.capabilities.clone());
        }
        line.summary = Some(request.observe(observer())?.into());
    }
    Ok(line)
}

/// The item with the article of its page, where that is wanted and says more; and what is to be
/// said about it.
fn follow(plan: &Plan, item: &Item) -> (Item, Option<Finding>) {
    let (Some(follow), Some(link)) = (&plan.follow, &item.link) else {
        return (item.clone(), None);
    };
    let length = |document: &Document| document.article().chars().count();
    match (follow.0)(link) {
        Ok(page) if length(&page.document) > length(&item.document) => {
            (Item { document: page.document, form: page.form, ..item.clone() }, None)
        }
        Ok(_) => (item.clone(), None),
        Err(error) => {
            let message = format!("only what the feed says was read: {error}");
            (item.clone(), Some(Finding::new("follow", "not_followed", message)))
        }
    }
}
