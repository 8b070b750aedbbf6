//! Many callers, one loop: prompts of all of them go through the network together, so that its
//! weights are read once for all.
//!
//! A thread of its own runs the loop. A caller sends its prompts and waits; text is shown to it
//! step by step, and the loop waits for its answer, so that a text is the same whatever else is
//! under way. Room goes to callers evenly: one that asks for many texts gets what others leave, and
//! one that has none under way is served beside a full batch. A caller can cancel at any time, also
//! in the middle of a step. Knows channels; knows nothing of what is generated.

use std::collections::{BTreeMap, VecDeque};
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::sync::{Arc, Weak};
use std::time::Duration;

use super::{Ask, Desk, Generated, News, Next, Options, Reached, Sink, Tag};
use crate::error::{Error, Result};

/// While nothing happens a caller is asked this often whether to go on.
const ASKED_EVERY: Duration = Duration::from_millis(100);

/// The way to a loop that others use too. Cloning it shares the loop, which ends when the last one
/// is dropped.
#[derive(Clone)]
pub(crate) struct Batcher {
    calls: Sender<Call>,
}

/// What a caller wants, and how it is told and answers.
struct Call {
    prompts: Vec<Vec<u32>>,
    options: Options,
    told: Sender<Told>,
    said: Receiver<Next>,
    /// Gone when the caller is.
    caller: Weak<()>,
}

enum Told {
    At(usize, Reached),
    Text(usize, String),
    Done(usize, Result<Generated>),
}

impl Batcher {
    /// Starts a loop with room for `batch` sequences. `run` is given the desk and runs an engine at
    /// it.
    pub fn start(batch: usize, run: impl FnOnce(&mut dyn Desk) + Send + 'static) -> Result<Self> {
        let (calls, waiting) = channel();
        let counter = Counter { waiting, batch: batch.max(1), calls: BTreeMap::new(), number: 0 };
        std::thread::Builder::new()
            .name("malmoi-batch".into())
            .spawn(move || run(&mut { counter }))
            .map_err(|e| Error::Engine(format!("no thread could be started: {e}").into()))?;
        Ok(Self { calls })
    }

    /// As [`Engine::generate`](super::Engine::generate), beside whatever others ask for.
    pub fn generate(
        &self,
        prompts: &[Vec<u32>],
        options: &Options,
        sink: &mut Sink<'_>,
    ) -> Result<Vec<Generated>> {
        let gone = || Error::Engine("the generation loop has ended".into());
        let (told, events) = channel();
        let (say, said) = channel();
        let present = Arc::new(());
        let caller = Arc::downgrade(&present);
        let call = Call { prompts: prompts.to_vec(), options: options.clone(), told, said, caller };
        self.calls.send(call).map_err(|_| gone())?;
        let mut done: Vec<Option<Generated>> = prompts.iter().map(|_| None).collect();
        let (mut left, mut last) = (prompts.len(), (0, Reached::default()));
        while left > 0 {
            let next = match events.recv_timeout(ASKED_EVERY) {
                Ok(Told::At(index, reached)) => {
                    last = (index, reached);
                    sink(index, News::At(reached))
                }
                Ok(Told::Text(index, text)) => {
                    let next = sink(index, News::Text(&text));
                    // If nobody hears it, the next event says so.
                    let _ = say.send(next);
                    next
                }
                // The others of the call are dropped with its channels.
                Ok(Told::Done(_, Err(error))) => return Err(error),
                Ok(Told::Done(index, Ok(generated))) => {
                    done[index] = Some(generated);
                    left -= 1;
                    sink(index, News::Done)
                }
                Err(RecvTimeoutError::Timeout) => sink(last.0, News::At(last.1)),
                Err(RecvTimeoutError::Disconnected) => return Err(gone()),
            };
            if next == Next::Cancel {
                return Err(Error::Cancelled);
            }
        }
        Ok(done.into_iter().flatten().collect())
    }
}

/// The loop's side.
struct Counter {
    waiting: Receiver<Call>,
    batch: usize,
    /// By number, which goes up.
    calls: BTreeMap<usize, Open>,
    number: usize,
}

/// A call of which something is not done.
struct Open {
    told: Sender<Told>,
    said: Receiver<Next>,
    caller: Weak<()>,
    /// Prompts that are not under way yet.
    asks: VecDeque<Ask>,
    /// How many are.
    under_way: usize,
}

impl Open {
    fn is_there(&self) -> bool {
        self.caller.strong_count() > 0
    }
}

impl Counter {
    fn take(&mut self, call: Call) {
        if call.prompts.is_empty() {
            return;
        }
        self.number += 1;
        let options = Arc::new(call.options);
        let ask = |(index, prompt): (usize, Vec<u32>)| Ask {
            tag: Tag { call: self.number, index },
            prompt,
            options: options.clone(),
        };
        let asks = call.prompts.into_iter().enumerate().map(ask).collect();
        let open =
            Open { told: call.told, said: call.said, caller: call.caller, asks, under_way: 0 };
        self.calls.insert(self.number, open);
    }

    /// Tells a caller something; one that went away is forgotten.
    fn tell(&mut self, call: usize, told: Told) -> bool {
        let heard = self.calls.get(&call).is_some_and(|open| open.told.send(told).is_ok());
        if !heard {
            self.calls.remove(&call);
        }
        heard
    }

    /// The next prompt of the call that has the fewest under way, of equals the first; `beyond` the
    /// batch only of one that has none.
    fn pick(&mut self, beyond: bool) -> Option<Ask> {
        let waiting = self.calls.values_mut().filter(|open| !open.asks.is_empty());
        let open = waiting
            .min_by_key(|open| open.under_way)
            .filter(|open| !beyond || open.under_way == 0)?;
        open.under_way += 1;
        open.asks.pop_front()
    }
}

impl Desk for Counter {
    fn next(&mut self, room: usize, idle: bool) -> Vec<Ask> {
        while let Ok(call) = self.waiting.try_recv() {
            self.take(call);
        }
        self.calls.retain(|_, open| open.is_there());
        while idle
            && self.calls.is_empty()
            && let Ok(call) = self.waiting.recv()
        {
            self.take(call);
        }
        let room = room.max(usize::from(idle));
        let mut asks: Vec<Ask> = (0..room).map_while(|_| self.pick(false)).collect();
        // Memory is limited to twice what the batch takes.
        let under_way: usize = self.calls.values().map(|open| open.under_way).sum();
        asks.extend((under_way..2 * self.batch).map_while(|_| self.pick(true)));
        asks
    }

    fn text(&mut self, fresh: &[(Tag, String)]) -> Vec<Next> {
        // All are told first, so that they think at the same time.
        let heard: Vec<bool> = fresh
            .iter()
            .map(|(tag, text)| self.tell(tag.call, Told::Text(tag.index, text.clone())))
            .collect();
        let answer = |(heard, (tag, _)): (bool, &(Tag, String))| {
            let said =
                self.calls.get(&tag.call).filter(|_| heard).and_then(|open| open.said.recv().ok());
            if said.is_none() {
                self.calls.remove(&tag.call);
            }
            said.unwrap_or(Next::Cancel)
        };
        heard.into_iter().zip(fresh).map(answer).collect()
    }

    fn reached(&mut self, tag: Tag, reached: Reached) {
        self.tell(tag.call, Told::At(tag.index, reached));
    }

    fn done(&mut self, tag: Tag, result: Result<Generated>) {
        let over = result.is_err();
        if self.tell(tag.call, Told::Done(tag.index, result))
            && let Some(open) = self.calls.get_mut(&tag.call)
        {
            open.under_way -= 1;
            if over || (open.under_way == 0 && open.asks.is_empty()) {
                self.calls.remove(&tag.call);
            }
        }
    }

    fn is_wanted(&self, tag: Tag) -> bool {
        self.calls.get(&tag.call).is_some_and(Open::is_there)
    }
}
