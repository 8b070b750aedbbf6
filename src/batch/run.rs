//! The run: offers, claims, hands out, settles. The only place that decides about retries; the only
//! writer of the journal.

use std::collections::HashMap;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use serde::Serialize;

use super::eta::Eta;
use super::ingest::{self, Heard, Ingest, Input};
use super::queue::{Lease, Length, Stats, WorkQueue};
use super::result::failure;
use super::workers::{GRACE, Place, Settled, Told, WorkerPool, place};
use super::{BatchError, Journal, Offered, Plan, outputs, spec_sum};
use crate::error::{Error, Result};
use crate::formats::Fields;

/// How often an item is tried before it is given up for an error that may pass.
const ATTEMPTS: u32 = 3;
/// Items wait in the journal for each worker, so that none is idle; the rest of an input is read
/// later.
const AHEAD: u64 = 4;
/// So many items are taken in as one transaction at least.
const TOGETHER: usize = 64;
/// Results are committed when each worker has brought one, or when so much time has passed.
const AT_LEAST_EVERY: Duration = Duration::from_millis(500);
/// Whoever waits looks up this often.
const PATIENCE: Duration = Duration::from_millis(100);
/// Leases of long items are extended this often.
const EXTEND: Duration = Duration::from_secs(60);
/// The files people read are written while the run goes at most this often.
const OUTPUTS: Duration = Duration::from_secs(2);
/// Least time between two writings, in multiples of what one takes.
const OUTPUTS_SHARE: u32 = 20;
/// How long files are written after the user asked to stop.
const LAST_OUTPUTS: Duration = Duration::from_secs(3);
/// Messages about damage that are shown one by one.
const NOTES: usize = 8;

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
    /// Inputs that could not be read, or not to their ends.
    pub refused_inputs: u64,
    /// Inputs that are as they were when they were last read.
    pub unchanged_inputs: u64,
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
    /// Seconds until those are settled, by the lengths of their texts and how long others took;
    /// none where too few were settled.
    pub left: Option<f64>,
    /// Whether all inputs are read, so that no more will come.
    pub complete: bool,
    /// Tokens that models have read since it began, also of items that are not settled.
    pub read: u64,
    /// Tokens that they have written.
    pub written: u64,
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

impl Ended {
    /// Whether an input could not be read, or nothing could be done: no item is done now, and the
    /// inputs had not been read before.
    pub fn is_failure(&self) -> bool {
        let nothing =
            self.stats.done == 0 && (self.stats.dead > 0 || self.counts.unchanged_inputs == 0);
        self.counts.refused_inputs > 0 || nothing
    }
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
    let spec = plan.spec()?;
    let mut journal = Journal::open(folder, &spec)?;
    report(&mut journal, watch);
    let names: Vec<String> = inputs.iter().map(|input| input.name.clone()).collect();
    journal.expect(&names, !plan.feed)?;
    if again {
        journal.revive()?;
    }
    let mut marks = HashMap::new();
    for name in &names {
        marks.extend(journal.mark(name)?.map(|mark| (name.clone(), mark)));
    }
    let workers = WorkerPool::start(plan, watch.stop.clone())?;
    let now = Instant::now();
    let mut run = Run {
        plan,
        folder,
        spec: spec_sum(&spec),
        journal,
        workers,
        intake: Ingest::start(inputs, fields.clone(), marks)?,
        counts: Counts::default(),
        waiting: Waiting::default(),
        pace: Eta::default(),
        out: HashMap::new(),
        settled: Vec::new(),
        committed: now,
        extended: now,
        began: now,
        written: Written { last: now, took: Duration::ZERO, fresh: false, failed: false },
        stopping: None,
        complete: false,
    };
    run.count_waiting()?;
    let worked = run.work(watch);
    // Whatever happened, what is settled is saved.
    let saved = run.turn(0);
    let written = saved.is_ok().then(|| run.last_outputs(watch));
    worked.and(saved)?;
    written.transpose()?;
    Ok(Ended { counts: run.counts, stats: run.journal.stats()?, complete: run.complete })
}

/// Tells what was found damaged in the journal.
fn report(journal: &mut Journal, watch: &mut Watch<'_>) {
    let notes = journal.notes();
    for note in notes.iter().take(NOTES) {
        (watch.on_note)(note);
    }
    if notes.len() > NOTES {
        (watch.on_note)(&format!(
            "and {} more records of the journal were damaged",
            notes.len() - NOTES
        ));
    }
}

struct Run<'r> {
    plan: &'r Plan,
    folder: &'r Path,
    /// Sum of the specification.
    spec: String,
    journal: Journal,
    workers: WorkerPool,
    intake: Ingest,
    counts: Counts,
    waiting: Waiting,
    pace: Eta,
    /// Leases in workers' hands.
    out: HashMap<Place, Out>,
    settled: Vec<Settled>,
    committed: Instant,
    extended: Instant,
    began: Instant,
    written: Written,
    /// When the user's wish to stop was seen.
    stopping: Option<Instant>,
    /// Whether all inputs are read.
    complete: bool,
}

/// Items that are not settled, those in hand among them.
#[derive(Clone, Copy, Default)]
struct Waiting {
    items: u64,
    bytes: u64,
}

/// A lease that was handed out.
struct Out {
    lease: Lease,
    /// When a worker began with it.
    began: Option<Instant>,
}

/// When the files people read were last written, how long that took, whether there is more to
/// write, and whether it failed.
struct Written {
    last: Instant,
    took: Duration,
    fresh: bool,
    failed: bool,
}

impl Run<'_> {
    fn work(&mut self, watch: &mut Watch<'_>) -> Result<()> {
        let hands = self.plan.batch.max(1);
        loop {
            let stopping = watch.stop.load(Ordering::SeqCst);
            if !self.complete && !stopping && self.waiting.items < hands as u64 * AHEAD {
                let patience = if self.out.is_empty() { PATIENCE } else { Duration::ZERO };
                self.complete = !self.take_in(hands, patience, watch)?;
            }
            // What workers have brought counts before anything is given up.
            while let Some(told) = self.workers.take(Duration::ZERO) {
                self.hear(told);
            }
            self.give_up(stopping)?;
            let due = self.committed.elapsed() > AT_LEAST_EVERY || self.out.is_empty();
            if due || self.settled.len() >= hands {
                self.turn(if stopping { 0 } else { hands * 2 })?;
                report(&mut self.journal, watch);
            }
            let idle = self.out.is_empty() && self.settled.is_empty();
            if idle && (stopping || self.complete) {
                return Ok(());
            }
            if let Some(told) = self.workers.take(if idle { Duration::ZERO } else { PATIENCE }) {
                self.hear(told);
            }
            if self.extended.elapsed() > EXTEND {
                self.extended = Instant::now();
                for out in self.out.values() {
                    self.journal.extend(&out.lease)?;
                }
            }
            self.outputs_meanwhile(watch);
            (watch.on_progress)(&Progress {
                counts: self.counts,
                waiting: self.waiting.items,
                left: self.left(),
                complete: self.complete,
                read: self.workers.meter().read.load(Ordering::Relaxed),
                written: self.workers.meter().written.load(Ordering::Relaxed),
                seconds: self.began.elapsed().as_secs_f64(),
            });
        }
    }

    fn hear(&mut self, told: Told) {
        match told {
            Told::Began(place) => {
                if let Some(out) = self.out.get_mut(&place) {
                    out.began = Some(Instant::now());
                }
            }
            // One that was given up meanwhile is settled already.
            Told::Settled(settled) => self.take_back(*settled),
        }
    }

    fn take_back(&mut self, settled: Settled) {
        let Some(out) = self.out.remove(&place(&settled.lease)) else { return };
        if let (Some(began), true) = (out.began, settled.result.is_ok()) {
            self.pace.settle(out.lease.bytes, began.elapsed());
        }
        self.settled.push(settled);
    }

    /// Takes leases away from workers that are stuck: each from one that is over its limit, all of
    /// them when the user has waited long enough for the run to stop.
    fn give_up(&mut self, stopping: bool) -> Result<()> {
        if stopping {
            let since = *self.stopping.get_or_insert_with(Instant::now);
            if since.elapsed() > GRACE {
                let cancelled =
                    |out: Out| Settled { lease: out.lease, result: Err(Error::Cancelled) };
                self.settled.extend(self.out.drain().map(|(_, out)| cancelled(out)));
            }
            return Ok(());
        }
        let Some(limit) = self.plan.item_timeout else { return Ok(()) };
        let is_stuck = |_: &Place, out: &mut Out| {
            out.began.is_some_and(|began| began.elapsed() > limit + GRACE)
        };
        let stuck: Vec<Out> = self.out.extract_if(is_stuck).map(|(_, out)| out).collect();
        for out in stuck {
            let result = Err(BatchError::ItemTimeout { limit }.into());
            self.settled.push(Settled { lease: out.lease, result });
            self.workers.add()?;
        }
        Ok(())
    }

    fn left(&self) -> Option<f64> {
        let since = |out: &Out| {
            (out.lease.bytes, out.began.map_or(Duration::ZERO, |began| began.elapsed()))
        };
        let in_hand: Vec<(u64, Duration)> = self.out.values().map(since).collect();
        self.pace.left(self.began.elapsed(), self.waiting.bytes, &in_hand)
    }

    /// Counts what waits anew: items in the journal, in hand, and settled but not saved.
    fn count_waiting(&mut self) -> Result<()> {
        let (items, bytes) = self.journal.pending()?;
        let out = self
            .out
            .values()
            .map(|out| &out.lease)
            .chain(self.settled.iter().map(|one| &one.lease));
        self.waiting = out.fold(Waiting { items, bytes }, |sum, lease| Waiting {
            items: sum.items + 1,
            bytes: sum.bytes + lease.bytes,
        });
        Ok(())
    }

    /// Takes in what was read, as one transaction. Returns whether there may be more.
    fn take_in(&mut self, hands: usize, patience: Duration, watch: &mut Watch<'_>) -> Result<bool> {
        let (heard, more) = self.intake.take((hands * AHEAD as usize).max(TOGETHER), patience)?;
        if heard.is_empty() {
            return Ok(more);
        }
        let counts = &mut self.counts;
        self.journal.together(|journal| {
            for heard in heard {
                let (input, found) = match heard {
                    Heard::Item(input, found) => (input, found),
                    Heard::Refused(input, error) => {
                        counts.refused_inputs += 1;
                        (watch.on_note)(&error.to_string());
                        let unreadable = ingest::unreadable(&input, &error);
                        (input, Err(unreadable))
                    }
                    Heard::Same(input) => {
                        counts.unchanged_inputs += 1;
                        journal.is_same(&input)?;
                        (watch.on_note)(&format!("{input} has not changed"));
                        continue;
                    }
                    Heard::End(input, mark) => {
                        journal.read_to_end(&input, mark.as_deref())?;
                        continue;
                    }
                    Heard::Over => continue,
                };
                counts.items += 1;
                match found {
                    Err(unreadable) => {
                        journal.offer_unreadable(&input, &unreadable)?;
                        counts.unreadable += 1;
                    }
                    Ok(item) => match journal.offer(&input, &item)? {
                        Offered::New | Offered::Changed | Offered::Replaced => {}
                        Offered::Unchanged => counts.unchanged += 1,
                        Offered::Duplicate => counts.duplicates += 1,
                    },
                }
            }
            Ok(())
        })?;
        self.written.fresh = true;
        self.count_waiting()?;
        Ok(more)
    }

    /// Settles what workers brought and claims items until `hands` are out, as one transaction.
    fn turn(&mut self, hands: usize) -> Result<()> {
        let mut settled = std::mem::take(&mut self.settled);
        let (mut counts, mut waiting) = (self.counts, self.waiting);
        let room = hands.saturating_sub(self.out.len());
        let long = self.out.values().filter(|out| out.lease.bytes > Length::LONG as u64).count();
        let spec = &self.spec;
        let claimed = self.journal.together(|journal| {
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
                        let line =
                            failure(&lease.key, &lease.input, None, &error.to_string(), title);
                        if !journal.bury(lease, &line)? {
                            continue;
                        }
                        counts.failed += 1;
                    }
                }
                waiting.items = waiting.items.saturating_sub(1);
                waiting.bytes = waiting.bytes.saturating_sub(lease.bytes);
            }
            if room == 0 { Ok(Vec::new()) } else { claim(journal, room, hands, long) }
        });
        let leases = match claimed {
            Ok(leases) => leases,
            Err(error) => {
                // What could not be saved is saved by the next turn, if that can.
                self.settled = settled;
                return Err(error);
            }
        };
        self.written.fresh |= !settled.is_empty();
        (self.counts, self.waiting) = (counts, waiting);
        self.committed = Instant::now();
        for lease in leases {
            self.workers.give(&lease)?;
            self.out.insert(place(&lease), Out { lease, began: None });
        }
        Ok(())
    }

    /// Writes the files people read while the run goes, so that they are there whatever ends it.
    fn outputs_meanwhile(&mut self, watch: &mut Watch<'_>) {
        let due = self.written.last.elapsed() > OUTPUTS.max(self.written.took * OUTPUTS_SHARE);
        if !due || !self.written.fresh || self.written.failed {
            return;
        }
        let stop = watch.stop.clone();
        let began = Instant::now();
        let written =
            outputs::write(&self.journal, self.folder, self.plan, &|| !stop.load(Ordering::SeqCst));
        if let Err(error) = written {
            // The last writing says so again, as an error.
            self.written.failed = true;
            (watch.on_note)(&error.to_string());
        }
        self.written =
            Written { last: Instant::now(), took: began.elapsed(), fresh: false, ..self.written };
    }

    /// Writes the files people read at the end; when the user asked to stop, for a short time only.
    fn last_outputs(&mut self, watch: &mut Watch<'_>) -> Result<()> {
        let (stop, began) = (watch.stop.clone(), Instant::now());
        let goes_on = || !stop.load(Ordering::SeqCst) || began.elapsed() < LAST_OUTPUTS;
        if !outputs::write(&self.journal, self.folder, self.plan, &goes_on)? {
            (watch.on_note)(
                "not all files show the latest results: the same command writes them anew",
            );
        }
        Ok(())
    }
}

/// Items for `room` more workers of `hands`, with `long` long ones out already. Long items get half
/// of the hands at most while short ones wait, so that these come out meanwhile.
fn claim(journal: &mut Journal, room: usize, hands: usize, long: usize) -> Result<Vec<Lease>> {
    // Twice as many items are out as there are workers.
    let workers = hands.div_ceil(2);
    let share = (workers / 2).max(1).saturating_sub(long).min(room);
    let mut leases = if share > 0 { journal.claim(share, Length::Long)? } else { Vec::new() };
    leases.extend(journal.claim(room - leases.len(), Length::Short)?);
    let idle = workers.saturating_sub(hands - room + leases.len());
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
    fn long_items_leave_half_of_the_workers_to_short_ones_and_take_all_where_there_are_none() {
        let folder = tempfile::tempdir().unwrap();
        let mut journal = Journal::open(folder.path(), "{}").unwrap();
        for n in 0..40 {
            let text = if n < 20 {
                "The harbour was closed. ".repeat(4000)
            } else {
                "The ferry sailed.".into()
            };
            journal.offer("in", &Document::of_lines(format!("{n} {text}")).into()).unwrap();
        }
        let long =
            |leases: &[Lease]| leases.iter().filter(|one| one.bytes > Length::LONG as u64).count();
        let first = claim(&mut journal, 16, 16, 0).unwrap();
        assert_eq!((first.len(), long(&first)), (16, 4));
        // Short ones are done and long ones still out.
        let next = claim(&mut journal, 12, 16, 4).unwrap();
        assert_eq!((next.len(), long(&next)), (8, 0));
        // No short one is left, and four workers would be idle.
        let last = claim(&mut journal, 12, 16, 4).unwrap();
        assert_eq!((last.len(), long(&last)), (4, 4));
        let one = claim(&mut journal, 2, 2, 0).unwrap();
        assert_eq!((one.len(), long(&one)), (1, 1));
    }
}
