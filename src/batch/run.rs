//! The run of a batch: inserts items into the journal, hands them to the workers and settles them.
//! The only writer of the journal, and the only place that decides about retries.

use std::collections::HashMap;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use super::desk_use::DeskUse;
use super::error::BatchError;
use super::eta::Eta;
use super::hash::spec_hash;
use super::ingest::{self, BatchInput, Ingest, IngestEvent, Source};
use super::journal::{Journal, Upserted};
use super::outputs;
use super::plan::BatchPlan;
use super::queue::{Lease, Length, WorkQueue};
use super::report::{BatchProgress, Callbacks, Counts, ItemReport, RunReport};
use super::result::failure;
use super::stories::StoryFinder;
use super::watch::{Held, Watch};
use super::workers::{GRACE, LeaseId, Settled, WorkerEvent, WorkerPool, lease_id};
use crate::error::{Error, Result};
use crate::formats::Fields;

/// Attempts per item, for errors that may be temporary.
const MAX_ATTEMPTS: u32 = 3;
/// Items per worker that wait in the journal before more of an input is read.
const QUEUED_PER_WORKER: u64 = 4;
/// Minimum for the number of input events taken in one transaction.
const MIN_INGEST_BATCH: usize = 64;
/// Maximum time between commits; earlier once each worker has returned a result.
const COMMIT_INTERVAL: Duration = Duration::from_millis(500);
/// Poll interval while waiting for workers or inputs.
const POLL_INTERVAL: Duration = Duration::from_millis(100);
/// Interval at which the leases of long items are extended.
const EXTEND_INTERVAL: Duration = Duration::from_secs(60);
/// Minimum time between updates of the output files during the run.
const OUTPUT_INTERVAL: Duration = Duration::from_secs(2);
/// The same in multiples of the time that an update takes.
const OUTPUT_INTERVAL_FACTOR: u32 = 20;
/// The same while nothing else is to be done.
const IDLE_INTERVAL_FACTOR: u32 = 4;
/// Time limit for writing the output files after the user stopped the run.
const STOP_OUTPUT_TIME: Duration = Duration::from_secs(3);
/// Maximum number of damage messages shown one by one.
const MAX_NOTES: usize = 8;

/// Processes inputs into a folder.
pub(super) fn run(
    plan: &BatchPlan,
    folder: &Path,
    inputs: Vec<BatchInput>,
    watch: Option<Watch>,
    fields: &Fields,
    retry_failed: bool,
    callbacks: &mut Callbacks<'_>,
) -> Result<RunReport> {
    let spec = plan.spec()?;
    let mut journal = Journal::open(folder, &spec)?;
    journal.set_glossary(&plan.options.checks.glossary, plan.to);
    report_damage(&mut journal, callbacks);
    let names: Vec<String> = inputs.iter().map(|input| input.name.clone()).collect();
    journal.set_inputs(&names, plan.track_removals && !plan.feed)?;
    if retry_failed {
        journal.retry_failed()?;
    }
    let mut validators = HashMap::new();
    let is_watching = watch.is_some();
    if is_watching {
        journal.watch();
    }
    let watched = watch.as_ref().map(Watch::names).unwrap_or_default();
    for name in names.iter().chain(&watched) {
        validators.extend(journal.validator(name)?.map(|validator| (name.clone(), validator)));
    }
    let mut sources: Vec<Source> = Vec::new();
    let are_read = Arc::new(AtomicBool::new(false));
    if let Some(watch) = watch {
        let held = Held { names: names.into_iter().collect(), are_read: are_read.clone() };
        sources.push(Box::new(watch.inputs(validators.clone(), held, callbacks.stop.clone())));
    }
    let end = std::iter::from_fn(move || {
        are_read.store(true, Ordering::SeqCst);
        None
    });
    sources.push(Box::new(inputs.into_iter().chain(end)));
    let workers = WorkerPool::start(plan, callbacks.stop.clone())?;
    let now = Instant::now();
    let mut run = Run {
        plan,
        folder,
        spec: spec_hash(&spec),
        journal,
        workers,
        ingest: Ingest::start(sources, fields, validators)?,
        counts: Counts::default(),
        backlog: Backlog::default(),
        eta: Eta::default(),
        in_flight: HashMap::new(),
        settled: Vec::new(),
        committed: now,
        extended: now,
        began: now,
        // A run that was killed may have done items that are not in the output files.
        outputs: OutputState { updated: now, took: Duration::ZERO, stale: true, failed: false },
        stories: StoryFinder::default(),
        stopping: None,
        is_watching,
        complete: false,
    };
    run.count_backlog()?;
    let worked = run.work(callbacks);
    // After an error, too, settled items are saved.
    let saved = run.commit(0, callbacks);
    let written = saved.is_ok().then(|| run.write_last_outputs(callbacks));
    worked.and(saved)?;
    written.transpose()?;
    Ok(RunReport { counts: run.counts, stats: run.journal.stats()?, complete: run.complete })
}

/// Reports damage found in the journal.
fn report_damage(journal: &mut Journal, callbacks: &mut Callbacks<'_>) {
    let notes = journal.take_notes();
    for note in notes.iter().take(MAX_NOTES) {
        callbacks.note(note);
    }
    if notes.len() > MAX_NOTES {
        callbacks.note(&format!(
            "and {} more records of the journal were damaged",
            notes.len() - MAX_NOTES
        ));
    }
}

struct Run<'r> {
    plan: &'r BatchPlan,
    folder: &'r Path,
    /// Hash of the specification.
    spec: String,
    journal: Journal,
    workers: WorkerPool,
    ingest: Ingest,
    counts: Counts,
    backlog: Backlog,
    eta: Eta,
    /// Leased items that were handed to workers.
    in_flight: HashMap<LeaseId, InFlight>,
    settled: Vec<Settled>,
    committed: Instant,
    extended: Instant,
    began: Instant,
    outputs: OutputState,
    stories: StoryFinder,
    /// Time at which the stop flag was first seen.
    stopping: Option<Instant>,
    /// True if inputs arrive until the run is stopped.
    is_watching: bool,
    /// True if all inputs were read: never of watched folders.
    complete: bool,
}

/// Items that are not settled, including those in flight.
#[derive(Clone, Copy, Default)]
struct Backlog {
    items: u64,
    bytes: u64,
}

/// A leased item that was handed to a worker.
struct InFlight {
    lease: Lease,
    /// Start of its processing; `None` while it waits for a worker.
    began: Option<Instant>,
}

/// State of the output files.
struct OutputState {
    /// Time of the last update.
    updated: Instant,
    /// Duration of the last update.
    took: Duration,
    /// True if there are newer results.
    stale: bool,
    /// True if an update failed.
    failed: bool,
}

impl Run<'_> {
    fn work(&mut self, callbacks: &mut Callbacks<'_>) -> Result<()> {
        let workers = self.plan.max_concurrent.max(1);
        let max_in_flight = workers * 2;
        loop {
            let stopping = callbacks.is_stopped();
            let hungry = self.backlog.items < workers as u64 * QUEUED_PER_WORKER;
            if hungry && !self.complete && !stopping {
                let timeout =
                    if self.in_flight.is_empty() { POLL_INTERVAL } else { Duration::ZERO };
                let goes_on = self.ingest_events(workers, timeout, callbacks)?;
                self.complete = !goes_on && !self.is_watching;
            }
            // Results that have arrived count before stuck items are given up.
            while let Some(event) = self.workers.recv(Duration::ZERO) {
                self.handle(event);
            }
            self.give_up_stuck(stopping)?;
            let due = self.committed.elapsed() > COMMIT_INTERVAL || self.in_flight.is_empty();
            if due || self.settled.len() >= workers {
                self.commit(if stopping { 0 } else { max_in_flight }, callbacks)?;
                report_damage(&mut self.journal, callbacks);
            }
            let idle = self.in_flight.is_empty() && self.settled.is_empty();
            if idle && (stopping || self.complete) {
                return Ok(());
            }
            let timeout = if idle { Duration::ZERO } else { POLL_INTERVAL };
            if let Some(event) = self.workers.recv(timeout) {
                self.handle(event);
            }
            if self.extended.elapsed() > EXTEND_INTERVAL {
                self.extended = Instant::now();
                for item in self.in_flight.values() {
                    self.journal.extend(&item.lease)?;
                }
            }
            self.update_outputs(callbacks);
            callbacks.progress(&self.progress());
        }
    }

    fn progress(&self) -> BatchProgress {
        let meter = self.workers.meter();
        BatchProgress {
            counts: self.counts,
            waiting: self.backlog.items,
            left: self.time_left(),
            complete: self.complete,
            read: meter.read.load(Ordering::Relaxed),
            written: meter.written.load(Ordering::Relaxed),
            seconds: self.began.elapsed().as_secs_f64(),
        }
    }

    fn handle(&mut self, event: WorkerEvent) {
        match event {
            WorkerEvent::Started(id) => {
                if let Some(item) = self.in_flight.get_mut(&id) {
                    item.began = Some(Instant::now());
                }
            }
            WorkerEvent::Settled(settled) => {
                // An item that was given up in the meantime is settled already.
                let Some(item) = self.in_flight.remove(&lease_id(&settled.lease)) else { return };
                if let (Some(began), true) = (item.began, settled.result.is_ok()) {
                    self.eta.add(item.lease.bytes, began.elapsed());
                }
                self.settled.push(*settled);
            }
        }
    }

    /// Takes items back from stuck workers: items over the time limit, or all of them when the
    /// grace period after a stop is over.
    fn give_up_stuck(&mut self, stopping: bool) -> Result<()> {
        if stopping {
            let since = *self.stopping.get_or_insert_with(Instant::now);
            if since.elapsed() > GRACE {
                let items = self.in_flight.drain().map(|(_, item)| item);
                self.settled.extend(
                    items.map(|item| Settled { lease: item.lease, result: Err(Error::Cancelled) }),
                );
            }
            return Ok(());
        }
        let Some(limit) = self.plan.item_timeout else { return Ok(()) };
        let is_stuck = |_: &LeaseId, item: &mut InFlight| {
            item.began.is_some_and(|began| began.elapsed() > limit + GRACE)
        };
        let stuck: Vec<InFlight> =
            self.in_flight.extract_if(is_stuck).map(|(_, item)| item).collect();
        for item in stuck {
            let result = Err(BatchError::ItemTimeout { limit }.into());
            self.settled.push(Settled { lease: item.lease, result });
            self.workers.add_thread()?;
        }
        Ok(())
    }

    fn time_left(&self) -> Option<f64> {
        let in_flight: Vec<(u64, Duration)> = self
            .in_flight
            .values()
            .map(|item| (item.lease.bytes, item.began.map_or(Duration::ZERO, |t| t.elapsed())))
            .collect();
        self.eta.left(self.began.elapsed(), self.backlog.bytes, &in_flight)
    }

    /// Counts the backlog: pending items, items in flight, and settled items not committed yet.
    fn count_backlog(&mut self) -> Result<()> {
        let (items, bytes) = self.journal.pending()?;
        self.backlog = Backlog { items, bytes };
        let in_flight = self.in_flight.values().map(|item| &item.lease);
        for lease in in_flight.chain(self.settled.iter().map(|settled| &settled.lease)) {
            self.backlog.items += 1;
            self.backlog.bytes += lease.bytes;
        }
        Ok(())
    }

    /// Inserts items that were read, in one transaction. Returns `false` when all inputs were read.
    fn ingest_events(
        &mut self,
        workers: usize,
        timeout: Duration,
        callbacks: &mut Callbacks<'_>,
    ) -> Result<bool> {
        let limit = (workers * QUEUED_PER_WORKER as usize).max(MIN_INGEST_BATCH);
        let (events, more) = self.ingest.recv(limit, timeout)?;
        if events.is_empty() {
            return Ok(more);
        }
        let counts = &mut self.counts;
        self.journal.transaction(|journal| {
            for event in events {
                let (input, item) = match event {
                    IngestEvent::Again(input) => {
                        journal.read_again(&input)?;
                        continue;
                    }
                    IngestEvent::Item(input, item) => (input, item),
                    IngestEvent::Failed(input, error) => {
                        counts.refused_inputs += 1;
                        callbacks.note(&error.to_string());
                        let unreadable = ingest::unreadable(&input, &error);
                        (input, Err(unreadable))
                    }
                    IngestEvent::NotModified(input) => {
                        counts.unchanged_inputs += 1;
                        journal.not_modified(&input)?;
                        callbacks.note(&format!("{input} has not changed"));
                        continue;
                    }
                    IngestEvent::End(input, validator) => {
                        journal.finish_input(&input, validator.as_deref())?;
                        continue;
                    }
                    IngestEvent::Finished | IngestEvent::Died => continue,
                };
                counts.items += 1;
                match item {
                    Err(unreadable) => {
                        journal.upsert_unreadable(&input, &unreadable)?;
                        counts.unreadable += 1;
                    }
                    Ok(item) => match journal.upsert(&input, &item)? {
                        Upserted::New | Upserted::Changed | Upserted::Replaced => {}
                        Upserted::Unchanged => counts.unchanged += 1,
                        Upserted::Duplicate => counts.duplicates += 1,
                    },
                }
            }
            Ok(())
        })?;
        self.outputs.stale = true;
        self.count_backlog()?;
        Ok(more)
    }

    /// Settles items and claims new ones up to `max_in_flight`, in one transaction.
    fn commit(&mut self, max_in_flight: usize, callbacks: &mut Callbacks<'_>) -> Result<()> {
        let mut settled = std::mem::take(&mut self.settled);
        let (mut counts, mut backlog) = (self.counts, self.backlog);
        let room = max_in_flight.saturating_sub(self.in_flight.len());
        let is_long = |item: &&InFlight| item.lease.bytes > Length::LONG as u64;
        let long = self.in_flight.values().filter(is_long).count();
        let spec = &self.spec;
        let mut reports = Vec::new();
        let claimed = self.journal.transaction(|journal| {
            for Settled { lease, result } in &mut settled {
                match result {
                    Ok(line) => {
                        line.spec.clone_from(spec);
                        let text =
                            serde_json::to_string(line).map_err(|e| Error::Engine(e.into()))?;
                        if !journal.complete(lease, &text)? {
                            continue;
                        }
                        counts.done += 1;
                        counts.doubtful += u64::from(line.doubts().next().is_some());
                        counts.tokens += line.output_tokens() as u64;
                        counts.desk.add(&DeskUse::of(line));
                        reports.push(ItemReport::from(&*line));
                    }
                    Err(Error::Cancelled) => {
                        journal.release(lease)?;
                        continue;
                    }
                    Err(Error::Engine(_)) if lease.attempts + 1 < MAX_ATTEMPTS => {
                        journal.retry(lease)?;
                        continue;
                    }
                    Err(error) => {
                        let title = lease.item.document.title();
                        let line =
                            failure(&lease.key, &lease.input, None, &error.to_string(), title);
                        if !journal.dead_letter(lease, &line)? {
                            continue;
                        }
                        counts.failed += 1;
                        reports.extend(ItemReport::of_failure(&line));
                    }
                }
                backlog.items = backlog.items.saturating_sub(1);
                backlog.bytes = backlog.bytes.saturating_sub(lease.bytes);
            }
            callbacks.before_commit(&reports)?;
            if room == 0 { Ok(Vec::new()) } else { claim(journal, room, max_in_flight, long) }
        });
        let leases = match claimed {
            Ok(leases) => leases,
            Err(error) => {
                // The next commit tries to save them again.
                self.settled = settled;
                return Err(error);
            }
        };
        self.outputs.stale |= !settled.is_empty();
        (self.counts, self.backlog) = (counts, backlog);
        self.committed = Instant::now();
        reports.iter().for_each(|report| callbacks.item(report));
        for lease in leases {
            self.workers.send(&lease)?;
            self.in_flight.insert(lease_id(&lease), InFlight { lease, began: None });
        }
        Ok(())
    }

    /// Updates the output files during the run, so that they exist however the run ends.
    fn update_outputs(&mut self, callbacks: &mut Callbacks<'_>) {
        let is_idle = self.backlog.items == 0 && self.in_flight.is_empty();
        let factor = if is_idle { IDLE_INTERVAL_FACTOR } else { OUTPUT_INTERVAL_FACTOR };
        let interval = OUTPUT_INTERVAL.max(self.outputs.took * factor);
        let due = self.outputs.updated.elapsed() > interval;
        if !due || !self.outputs.stale || self.outputs.failed {
            return;
        }
        let began = Instant::now();
        let written = self.write_outputs(&|| !callbacks.is_stopped());
        if let Err(error) = written {
            // The last update fails again, with an error.
            self.outputs.failed = true;
            callbacks.note(&error.to_string());
        }
        self.outputs.updated = Instant::now();
        self.outputs.took = began.elapsed();
        self.outputs.stale = false;
    }

    fn write_outputs(&mut self, keep_going: &dyn Fn() -> bool) -> Result<bool> {
        outputs::write(&self.journal, self.folder, self.plan, &mut self.stories, keep_going)
    }

    /// Writes the output files at the end; after a stop, for a short time only.
    fn write_last_outputs(&mut self, callbacks: &mut Callbacks<'_>) -> Result<()> {
        let began = Instant::now();
        let keep_going = || !callbacks.is_stopped() || began.elapsed() < STOP_OUTPUT_TIME;
        if !self.write_outputs(&keep_going)? {
            callbacks.note(
                "some output files do not show the latest results; the same command writes them again",
            );
        }
        Ok(())
    }
}

/// Claims up to `room` items when `max_in_flight` may be in flight, `long` of which are long
/// already. Long items get at most half of the workers while short ones wait, so that short items
/// are not held up.
fn claim(
    journal: &mut Journal,
    room: usize,
    max_in_flight: usize,
    long: usize,
) -> Result<Vec<Lease>> {
    // Twice as many items are in flight as there are workers.
    let workers = max_in_flight.div_ceil(2);
    let share = (workers / 2).max(1).saturating_sub(long).min(room);
    let mut leases = if share > 0 { journal.claim(share, Length::Long)? } else { Vec::new() };
    leases.extend(journal.claim(room - leases.len(), Length::Short)?);
    let idle = workers.saturating_sub(max_in_flight - room + leases.len());
    if idle > 0 {
        leases.extend(journal.claim(idle, Length::Any)?);
    }
    leases.sort_by_key(|lease| lease.ordinal);
    Ok(leases)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::document::Document;

    #[test]
    fn long_items_leave_half_of_the_workers_to_short_ones_and_take_all_without_them() {
        let folder = tempfile::tempdir().unwrap();
        let mut journal = Journal::open(folder.path(), "{}").unwrap();
        for n in 0..40 {
            let text = if n < 20 {
                "The harbour was closed. ".repeat(4000)
            } else {
                "The ferry sailed.".into()
            };
            journal.upsert("in", &Document::from_lines(format!("{n} {text}")).into()).unwrap();
        }
        let long = |leases: &[Lease]| {
            leases.iter().filter(|lease| lease.bytes > Length::LONG as u64).count()
        };
        let first = claim(&mut journal, 16, 16, 0).unwrap();
        assert_eq!((first.len(), long(&first)), (16, 4));
        // Short items are done, long ones still in flight.
        let next = claim(&mut journal, 12, 16, 4).unwrap();
        assert_eq!((next.len(), long(&next)), (8, 0));
        // No short item is left, and four workers would be idle.
        let last = claim(&mut journal, 12, 16, 4).unwrap();
        assert_eq!((last.len(), long(&last)), (4, 4));
        let single = claim(&mut journal, 2, 2, 0).unwrap();
        assert_eq!((single.len(), long(&single)), (1, 1));
    }
}
