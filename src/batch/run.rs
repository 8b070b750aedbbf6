//! The run: offers, claims, hands out, settles. The only place that decides about retries; the only writer of the journal.

use std::collections::HashMap;
use std::ops::ControlFlow;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use serde::Serialize;

use super::intake::{self, Heard, Input, Intake};
use super::result::{Line, Translation, failure};
use super::work::{Lease, Stats, Work};
use super::{Journal, Offered, Plan, Worker, outputs};
use crate::document::{Document, Kind};
use crate::error::{Error, Result};
use crate::event::Finding;
use crate::formats::{Fields, Item};
use crate::language::Language;
use crate::prompts::Task;

/// How often an item is tried before it is given up for an error that may pass.
const ATTEMPTS: u32 = 3;
/// Items wait in the journal for each worker, so that none is idle; the rest of an input is read later.
const AHEAD: u64 = 4;
/// So many items are taken in as one transaction at least.
const TOGETHER: usize = 64;
/// Results are committed when each worker has brought one, or when so much time has passed.
const AT_LEAST_EVERY: Duration = Duration::from_millis(500);
/// Whoever waits looks up this often.
const PATIENCE: Duration = Duration::from_millis(100);
/// Leases of long items are extended this often.
const EXTEND: Duration = Duration::from_secs(60);

/// What a run met and did.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize)]
pub struct Counts {
    /// Items of the inputs so far.
    pub items: u64,
    /// Of those, done before and unchanged.
    pub unchanged: u64,
    /// The same as another item of this run.
    pub duplicates: u64,
    /// Unreadable.
    pub unreadable: u64,
    /// Done in this run.
    pub done: u64,
    /// Of those, with something doubtful.
    pub doubtful: u64,
    /// Given up in this run, unreadable ones not counted.
    pub failed: u64,
    /// Tokens written.
    pub tokens: u64,
}

/// How far a run is.
#[derive(Debug, Clone, Copy, Serialize)]
pub struct Progress {
    /// What it met and did.
    #[serde(flatten)]
    pub counts: Counts,
    /// Items taken in that are not settled.
    pub waiting: u64,
    /// Seconds until those are settled, by the length of their texts and of those that are.
    pub left: Option<f64>,
    /// Whether all inputs are read, so that no more will come.
    pub complete: bool,
    /// Seconds since it began.
    pub seconds: f64,
}

/// How a run ended.
#[derive(Debug, Clone, Copy, Serialize)]
pub struct Ended {
    /// What it met and did.
    #[serde(rename = "run")]
    pub counts: Counts,
    /// What the journal holds now.
    #[serde(rename = "journal")]
    pub stats: Stats,
    /// Whether all inputs were read to their ends.
    pub complete: bool,
}

/// Who is told, and who may stop it.
pub struct Watch<'w> {
    /// Told what happens.
    pub on_progress: &'w mut dyn FnMut(&Progress),
    /// Told what should be known: a damaged journal, an input that cannot be read.
    pub on_note: &'w mut dyn FnMut(&str),
    /// Set from outside to stop: what is in hand goes back, and everything is saved.
    pub stop: Arc<AtomicBool>,
}

/// Works through inputs into a folder. Gives what it did, and what the journal holds now.
pub fn run(
    plan: &Plan,
    folder: &Path,
    inputs: Vec<Input>,
    fields: &Fields,
    again: bool,
    watch: &mut Watch<'_>,
) -> Result<Ended> {
    let (mut journal, said) = Journal::open(folder, &plan.spec()?)?;
    if let Some(said) = said {
        (watch.on_note)(&said);
    }
    if again {
        journal.revive()?;
    }
    let mut marks = HashMap::new();
    for input in &inputs {
        marks.extend(journal.mark(&input.name)?.map(|mark| (input.name.clone(), mark)));
    }
    let crew = Crew::hire(plan, watch.stop.clone())?;
    let mut run = Run {
        journal,
        crew,
        intake: Intake::start(inputs, fields.clone(), marks)?,
        counts: Counts::default(),
        waiting: 0,
        bytes: Bytes::default(),
        out: HashMap::new(),
        settled: Vec::new(),
        committed: Instant::now(),
        extended: Instant::now(),
        began: Instant::now(),
        complete: false,
    };
    run.waiting = run.journal.stats()?.pending;
    run.bytes.waiting = run.journal.bytes_pending()?;
    let worked = run.work(plan, watch);
    // Whatever happened, what is settled is saved.
    let saved = run.turn(0);
    worked.and(saved)?;
    let stats = run.journal.stats()?;
    outputs::write(&run.journal, folder, plan)?;
    Ok(Ended { counts: run.counts, stats, complete: run.complete })
}

struct Run {
    journal: Journal,
    crew: Crew,
    intake: Intake,
    counts: Counts,
    /// Items in the journal that nobody has settled.
    waiting: u64,
    bytes: Bytes,
    /// Leases in workers' hands, by place and content: an item that changes meanwhile is out twice.
    out: HashMap<(i64, String), Lease>,
    settled: Vec<Settled>,
    committed: Instant,
    extended: Instant,
    began: Instant,
    /// Whether all inputs are read.
    complete: bool,
}

fn place(lease: &Lease) -> (i64, String) {
    (lease.ordinal, lease.content.clone())
}

/// How much text waits, and how much was settled in this run.
#[derive(Clone, Copy, Default)]
struct Bytes {
    waiting: u64,
    settled: u64,
}

impl Bytes {
    fn settle(&mut self, bytes: u64) {
        self.waiting = self.waiting.saturating_sub(bytes);
        self.settled += bytes;
    }

    fn left(self, since: Duration) -> Option<f64> {
        (self.settled > 0).then(|| since.as_secs_f64() * self.waiting as f64 / self.settled as f64)
    }
}

/// What a worker says of an item.
struct Settled {
    lease: Lease,
    result: Result<Line>,
}

impl Run {
    fn work(&mut self, plan: &Plan, watch: &mut Watch<'_>) -> Result<()> {
        let hands = plan.batch.max(1);
        loop {
            let stopping = watch.stop.load(Ordering::SeqCst);
            if !self.complete && !stopping && self.waiting < hands as u64 * AHEAD {
                let patience = if self.out.is_empty() { PATIENCE } else { Duration::ZERO };
                self.complete = !self.take_in(hands, patience, watch)?;
            }
            let due = self.committed.elapsed() > AT_LEAST_EVERY || self.out.is_empty();
            if due || self.settled.len() >= hands {
                self.turn(if stopping { 0 } else { hands * 2 })?;
            }
            let idle = self.out.is_empty() && self.settled.is_empty();
            if idle && (stopping || self.complete) {
                return Ok(());
            }
            if let Some(settled) = self.crew.take(if idle { Duration::ZERO } else { PATIENCE }) {
                self.out.remove(&place(&settled.lease));
                self.settled.push(settled);
            }
            if self.extended.elapsed() > EXTEND {
                self.extended = Instant::now();
                for lease in self.out.values() {
                    self.journal.extend(lease)?;
                }
            }
            (watch.on_progress)(&Progress {
                counts: self.counts,
                waiting: self.waiting,
                left: self.bytes.left(self.began.elapsed()),
                complete: self.complete,
                seconds: self.began.elapsed().as_secs_f64(),
            });
        }
    }

    /// Takes in what was read, as one transaction. Returns whether there may be more.
    fn take_in(&mut self, hands: usize, patience: Duration, watch: &mut Watch<'_>) -> Result<bool> {
        let (heard, more) = self.intake.take((hands * AHEAD as usize).max(TOGETHER), patience);
        if heard.is_empty() {
            return Ok(more);
        }
        let (counts, waiting, bytes) = (&mut self.counts, &mut self.waiting, &mut self.bytes);
        self.journal.together(|journal| {
            for heard in heard {
                let (input, found) = match heard {
                    Heard::Item(input, found) => (input, found),
                    Heard::Refused(input, error) => {
                        (watch.on_note)(&error.to_string());
                        let unreadable = intake::unreadable(&input, &error);
                        (input, Err(unreadable))
                    }
                    Heard::Same(input) => {
                        journal.is_same(&input)?;
                        (watch.on_note)(&format!("{input} has not changed"));
                        continue;
                    }
                    Heard::End(input, mark) => {
                        journal.read_to_end(&input, mark.as_deref())?;
                        continue;
                    }
                };
                counts.items += 1;
                match found {
                    Err(unreadable) => {
                        journal.offer_unreadable(&input, &unreadable)?;
                        counts.unreadable += 1;
                    }
                    Ok(item) => match journal.offer(&input, &item)? {
                        Offered::New | Offered::Changed => {
                            *waiting += 1;
                            bytes.waiting += item.document.text().len() as u64;
                        }
                        // It waited already.
                        Offered::Replaced => {}
                        Offered::Unchanged => counts.unchanged += 1,
                        Offered::Duplicate => counts.duplicates += 1,
                    },
                }
            }
            Ok(more)
        })
    }

    /// Settles what workers brought and claims items until `hands` are out, as one transaction.
    fn turn(&mut self, hands: usize) -> Result<()> {
        let settled = std::mem::take(&mut self.settled);
        let mut counts = self.counts;
        let (mut waiting, mut bytes) = (self.waiting, self.bytes);
        let room = hands.saturating_sub(self.out.len());
        let leases = self.journal.together(|journal| {
            for Settled { lease, result } in &settled {
                match result {
                    Ok(line) => {
                        let text = serde_json::to_string(line).map_err(|e| Error::Engine(e.into()))?;
                        if !journal.complete(lease, &text)? {
                            continue;
                        }
                        counts.done += 1;
                        counts.doubtful += u64::from(line.doubts().next().is_some());
                        counts.tokens += line.written() as u64;
                    }
                    Err(Error::Cancelled) => {
                        journal.retry(lease, false)?;
                        continue;
                    }
                    Err(Error::Engine(_)) if lease.attempts + 1 < ATTEMPTS => {
                        journal.retry(lease, true)?;
                        continue;
                    }
                    Err(error) => {
                        let title = lease.item.document.title();
                        let line = failure(&lease.key, &lease.input, None, &error.to_string(), title);
                        if !journal.bury(lease, &line)? {
                            continue;
                        }
                        counts.failed += 1;
                    }
                }
                waiting = waiting.saturating_sub(1);
                bytes.settle(lease.item.document.text().len() as u64);
            }
            if room == 0 { Ok(Vec::new()) } else { journal.claim(room) }
        })?;
        (self.counts, self.waiting, self.bytes) = (counts, waiting, bytes);
        self.committed = Instant::now();
        for lease in leases {
            self.crew.give(&lease)?;
            self.out.insert(place(&lease), lease);
        }
        Ok(())
    }
}

/// Threads that work on items, each on one at a time.
struct Crew {
    work: Option<Sender<Lease>>,
    done: Receiver<Settled>,
    threads: Vec<std::thread::JoinHandle<()>>,
}

impl Crew {
    fn hire(plan: &Plan, stop: Arc<AtomicBool>) -> Result<Self> {
        let plan = Arc::new(share(plan)?);
        let (work, waiting) = channel::<Lease>();
        let (tell, done) = channel();
        let waiting = Arc::new(Mutex::new(waiting));
        let mut threads = Vec::new();
        for _ in 0..plan.batch.max(1) {
            let (plan, waiting, tell, stop) = (plan.clone(), waiting.clone(), tell.clone(), stop.clone());
            let labour = move || {
                loop {
                    let lease = match waiting.lock() {
                        Ok(waiting) => waiting.recv(),
                        Err(_) => return,
                    };
                    let Ok(lease) = lease else { return };
                    let result = if stop.load(Ordering::SeqCst) {
                        Err(Error::Cancelled)
                    } else {
                        // A bug that one item meets must not take the others along.
                        catch_unwind(AssertUnwindSafe(|| one(&plan, &lease, &stop)))
                            .unwrap_or_else(|_| Err(Error::Engine("a bug in malmoi was met".into())))
                    };
                    if tell.send(Settled { lease, result }).is_err() {
                        return;
                    }
                }
            };
            let thread = std::thread::Builder::new().name("malmoi-item".into()).spawn(labour);
            threads
                .push(thread.map_err(|e| Error::Engine(format!("no thread could be started: {e}").into()))?);
        }
        Ok(Self { work: Some(work), done, threads })
    }

    fn give(&self, lease: &Lease) -> Result<()> {
        let given = self.work.as_ref().is_some_and(|work| work.send(lease.clone()).is_ok());
        if given { Ok(()) } else { Err(Error::Engine("the threads that work on items have ended".into())) }
    }

    fn take(&self, patience: Duration) -> Option<Settled> {
        self.done.recv_timeout(patience).ok()
    }
}

impl Drop for Crew {
    fn drop(&mut self) {
        self.work = None;
        for thread in self.threads.drain(..) {
            // One that panicked has said so.
            let _ = thread.join();
        }
    }
}

/// The plan with models that many threads can use at once.
fn share(plan: &Plan) -> Result<Plan> {
    let shared = |worker: &Worker| {
        Ok::<_, Error>(Worker { model: worker.model.shared(plan.batch)?, ..worker.clone() })
    };
    let summarizer = plan.summarizer.as_ref().map(shared).transpose()?;
    let same = match (&plan.summarizer, &plan.translator) {
        (Some(a), Some(b)) => a.model.path() == b.model.path(),
        _ => false,
    };
    // One model for both has one loop for both.
    let translator = match (&summarizer, &plan.translator) {
        (Some(summarizer), Some(translator)) if same => {
            Some(Worker { model: summarizer.model.clone(), ..translator.clone() })
        }
        (_, translator) => translator.as_ref().map(shared).transpose()?,
    };
    Ok(Plan { summarizer, translator, ..plan.clone() })
}

/// One item through the pipeline.
fn one(plan: &Plan, lease: &Lease, stop: &AtomicBool) -> Result<Line> {
    let (mut item, followed) = follow(plan, &lease.item);
    let from = Language::recognize(&item.document.article())?
        .ok_or_else(|| Error::UnreadableInput { name: "the item".into(), reason: "has no words".into() })?;
    let mut line = Line::new(lease, &item, from, plan.to);
    line.findings.extend(followed);
    let document = std::mem::take(&mut item.document);
    let go_on = |_: &str| match stop.load(Ordering::SeqCst) {
        true => ControlFlow::Break(()),
        false => ControlFlow::Continue(()),
    };
    if plan.translate
        && from != plan.to
        && let Some(Worker { model, abilities, .. }) = &plan.translator
    {
        let request = model.translate_document(document.clone()).from(from).abilities(abilities.clone());
        let request = plan.apply(request, Task::Translate)?;
        line.translation = Some(Translation::of(request.watch(|_| {}, go_on)?, document.title()));
    }
    // A headline alone is its own summary.
    let has_text = document.blocks().iter().any(|block| block.kind == Kind::Paragraph);
    if let Some(Worker { model, abilities, .. }) = plan.summarizer.as_ref().filter(|_| has_text) {
        let request = model.summarize_document(document).from(from).abilities(abilities.clone());
        let mut request = plan.apply(request, Task::Summarize)?;
        if let Some(second) = &plan.translator {
            request = request.translator(&second.model, second.abilities.clone());
        }
        line.summary = Some(request.watch(|_| {}, go_on)?.into());
    }
    Ok(line)
}

/// The item with the article of its page, where that is wanted and says more; and what is to be said about it.
fn follow(plan: &Plan, item: &Item) -> (Item, Option<Finding>) {
    let (Some(follow), Some(link)) = (&plan.follow, &item.link) else { return (item.clone(), None) };
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
