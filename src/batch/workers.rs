//! The worker pool: threads that process one item at a time each.

use std::borrow::Cow;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use super::error::BatchError;
use super::plan::{BatchPlan, ModelChoice};
use super::queue::Lease;
use super::result::{Line, PairedTranslation};
use crate::document::{BlockKind, Document};
use crate::error::{Error, Result};
use crate::event::{Event, Finding, Observer};
use crate::formats::Item;
use crate::language::Language;
use crate::prompts::Task;

/// Time that threads get to end after they were told to.
pub(super) const GRACE: Duration = Duration::from_secs(2);

/// A message of a worker.
pub(super) enum WorkerEvent {
    /// Processing of an item began.
    Started(LeaseId),
    /// Processing of an item ended.
    Settled(Box<Settled>),
}

/// Ordinal and content of a leased item. The content tells apart two leases of an item that was
/// edited in between.
pub(super) type LeaseId = (i64, String);

pub(super) fn lease_id(lease: &Lease) -> LeaseId {
    (lease.ordinal, lease.content.clone())
}

/// The result of an item.
pub(super) struct Settled {
    pub lease: Lease,
    pub result: Result<Line>,
}

/// Token counts of all items since the run began, unfinished items included.
#[derive(Default)]
pub(super) struct TokenMeter {
    pub read: AtomicU64,
    pub written: AtomicU64,
}

impl TokenMeter {
    /// An event handler for one request, whose counts restart at zero in each stage.
    fn event_handler(&self) -> impl FnMut(&Event) {
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

pub(super) struct WorkerPool {
    /// Leases for the workers; `None` once the pool is dropped.
    leases: Option<Sender<Lease>>,
    events: Receiver<WorkerEvent>,
    threads: Vec<std::thread::JoinHandle<()>>,
    worker: Worker,
}

/// The state of a worker thread, shared with all others.
#[derive(Clone)]
struct Worker {
    plan: Arc<BatchPlan>,
    leases: Arc<Mutex<Receiver<Lease>>>,
    events: Sender<WorkerEvent>,
    meter: Arc<TokenMeter>,
    /// Set by the user to stop the run.
    stop: Arc<AtomicBool>,
    /// Set when the pool is dropped and takes no more results.
    closed: Arc<AtomicBool>,
}

impl WorkerPool {
    /// Starts [`BatchPlan::max_concurrent`] threads.
    pub fn start(plan: &BatchPlan, stop: Arc<AtomicBool>) -> Result<Self> {
        let (lease_sender, leases) = channel::<Lease>();
        let (event_sender, events) = channel();
        let worker = Worker {
            plan: Arc::new(with_shared_models(plan)?),
            leases: Arc::new(Mutex::new(leases)),
            events: event_sender,
            meter: Arc::default(),
            stop,
            closed: Arc::default(),
        };
        let mut pool = Self { leases: Some(lease_sender), events, threads: Vec::new(), worker };
        for _ in 0..plan.max_concurrent.max(1) {
            pool.add_thread()?;
        }
        Ok(pool)
    }

    /// Token counts of all items so far.
    pub fn meter(&self) -> &TokenMeter {
        &self.worker.meter
    }

    /// Starts another thread; during a run, to replace a stuck one.
    pub fn add_thread(&mut self) -> Result<()> {
        let worker = self.worker.clone();
        let thread = std::thread::Builder::new()
            .name("malmoi-item".into())
            .spawn(move || worker.run())
            .map_err(|e| Error::Engine(format!("cannot start a thread: {e}").into()))?;
        self.threads.push(thread);
        Ok(())
    }

    /// Hands an item to the next free worker.
    pub fn send(&self, lease: &Lease) -> Result<()> {
        let sent = self.leases.as_ref().is_some_and(|leases| leases.send(lease.clone()).is_ok());
        if sent { Ok(()) } else { Err(Error::Engine("the worker threads have ended".into())) }
    }

    /// The next message of a worker; `None` after the timeout.
    pub fn recv(&self, timeout: Duration) -> Option<WorkerEvent> {
        self.events.recv_timeout(timeout).ok()
    }
}

impl Drop for WorkerPool {
    fn drop(&mut self) {
        self.leases = None;
        self.worker.closed.store(true, Ordering::SeqCst);
        // A thread that is still stuck after the grace period is abandoned.
        let deadline = Instant::now() + GRACE;
        for thread in self.threads.drain(..) {
            while !thread.is_finished() && Instant::now() < deadline {
                std::thread::sleep(Duration::from_millis(2));
            }
            if thread.is_finished() {
                // The panic hook has reported a panic.
                let _ = thread.join();
            }
        }
    }
}

impl Worker {
    /// The worker loop: processes leased items until the pool is dropped.
    fn run(self) {
        loop {
            let lease = match self.leases.lock() {
                Ok(leases) => leases.recv(),
                Err(_) => return,
            };
            let Ok(lease) = lease else { return };
            // A panic fails one item, not the whole run.
            let result = catch_unwind(AssertUnwindSafe(|| self.process(&lease)))
                .unwrap_or_else(|_| Err(Error::Engine("met a bug in malmoi".into())));
            if self.events.send(WorkerEvent::Settled(Box::new(Settled { lease, result }))).is_err()
            {
                return;
            }
        }
    }

    fn process(&self, lease: &Lease) -> Result<Line> {
        if self.is_cancelled() {
            return Err(Error::Cancelled);
        }
        // Hosts limit how fast pages are fetched, so the item's time limit starts after its page.
        let (item, followed) = follow_link(&self.plan, &lease.item);
        if self.is_cancelled() || self.events.send(WorkerEvent::Started(lease_id(lease))).is_err() {
            return Err(Error::Cancelled);
        }
        let limit = self.plan.item_timeout;
        let deadline = limit.map(|limit| Instant::now() + limit);
        let is_late = || deadline.is_some_and(|deadline| Instant::now() >= deadline);
        let is_cancelled = || self.is_cancelled() || is_late();
        let result = process_item(&self.plan, lease, item, followed, &self.meter, is_cancelled);
        match (result, limit) {
            (Err(Error::Cancelled), Some(limit)) if !self.is_cancelled() => {
                Err(BatchError::ItemTimeout { limit }.into())
            }
            (result, _) => result,
        }
    }

    fn is_cancelled(&self) -> bool {
        self.stop.load(Ordering::SeqCst) || self.closed.load(Ordering::SeqCst)
    }
}

/// The plan with models that many threads can use at once. A model chosen for both tasks is shared
/// by both.
fn with_shared_models(plan: &BatchPlan) -> Result<BatchPlan> {
    let shared = |choice: &ModelChoice| {
        let model = choice.model.shared(plan.max_concurrent)?;
        Ok::<_, Error>(ModelChoice { model, ..choice.clone() })
    };
    let summarizer = plan.summarizer.as_ref().map(shared).transpose()?;
    let translator = match (&summarizer, &plan.translator) {
        (Some(summarizer), Some(translator))
            if summarizer.model.path() == translator.model.path() =>
        {
            Some(ModelChoice { model: summarizer.model.clone(), ..translator.clone() })
        }
        (_, translator) => translator.as_ref().map(shared).transpose()?,
    };
    let mut shared = BatchPlan { summarizer, translator, ..plan.clone() };
    if let Some(second) = &mut shared.options.second {
        let choices = [&shared.summarizer, &shared.translator].into_iter().flatten();
        // A model that summarizes is not opened a second time.
        *second = match choices.clone().find(|one| one.fingerprint == second.fingerprint()) {
            Some(one) => second.opened(&one.model, &one.capabilities),
            None => second.shared(plan.max_concurrent),
        };
    }
    Ok(shared)
}

/// Translates and summarizes an item, unless cancelled.
fn process_item(
    plan: &BatchPlan,
    lease: &Lease,
    mut item: Item,
    followed: Option<Finding>,
    meter: &TokenMeter,
    is_cancelled: impl Fn() -> bool,
) -> Result<Line> {
    let from = match plan.options.from {
        Some(from) => Some(from),
        None => Language::recognize(&item.document.article())?,
    };
    let from = from.ok_or_else(|| Error::unreadable("the item", "has no words".to_string()))?;
    if let Cow::Owned(one) = item.document.in_language(from.code()) {
        item.document = one;
    }
    let mut line = Line::new(lease, &item, from, plan.to);
    line.findings.extend(item.notes.iter().map(|note| damaged_source(note)));
    line.findings.extend(followed);
    let document = std::mem::take(&mut item.document);
    let observer = || Observer::new().on_event(meter.event_handler()).cancel_if(&is_cancelled);
    if plan.translate
        && from != plan.to
        && let Some(ModelChoice { model, capabilities, .. }) = &plan.translator
    {
        let request = model
            .translate_document(document.clone())
            .task_options(plan.task_options(Task::Translate)?)
            .from(from)
            .capabilities(capabilities.clone());
        let outcome = request.observe(observer())?;
        line.translation = Some(PairedTranslation::new(outcome, document.title()));
    }
    // A headline without text has no summary.
    let has_text = document.blocks().iter().any(|block| block.kind == BlockKind::Paragraph);
    if let Some(ModelChoice { model, capabilities, .. }) =
        plan.summarizer.as_ref().filter(|_| has_text)
    {
        let mut request = model
            .summarize_document(document)
            .task_options(plan.task_options(Task::Summarize)?)
            .from(from)
            .capabilities(capabilities.clone());
        if let Some(translator) = &plan.translator {
            request = request.translator(&translator.model, translator.capabilities.clone());
        }
        line.summary = Some(request.observe(observer())?.into());
    }
    Ok(line)
}

/// A finding about damage in an item's source.
fn damaged_source(note: &str) -> Finding {
    let korean = format!("원본 파일의 손상: {note}");
    Finding::new("source", "source_damaged", note).in_korean(korean)
}

/// The item with the article of its page, if links are followed and the page has more text; and a
/// finding if the page could not be read.
fn follow_link(plan: &BatchPlan, item: &Item) -> (Item, Option<Finding>) {
    let (Some(follow), Some(link)) = (&plan.follow, &item.link) else {
        return (item.clone(), None);
    };
    let length = |document: &Document| document.article().chars().count();
    match follow.read(link) {
        Ok(page) if length(&page.document) > length(&item.document) => {
            (Item { document: page.document, form: page.form, ..item.clone() }, None)
        }
        Ok(_) => (item.clone(), None),
        Err(error) => {
            let message = format!("only the feed's text was read: {error}");
            let korean = format!("피드의 글만 읽음: {error}");
            let finding = Finding::new("follow", "not_followed", message).in_korean(korean);
            (item.clone(), Some(finding))
        }
    }
}
