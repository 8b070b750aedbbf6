//! Many callers, one loop: prompts of all of them go through the network together, so that its weights are read once for all.
//!
//! A thread of its own runs the loop. A caller sends its prompts and waits; text is shown to it step by step, and the loop waits for
//! what it says to it, so that a text is the same whoever else is there. Knows channels; knows nothing of what is generated.

use std::collections::{HashMap, VecDeque};
use std::sync::Arc;
use std::sync::mpsc::{Receiver, Sender, channel};

use super::{Ask, Desk, Generated, Next, Options, Sink, Tag};
use crate::error::{Error, Result};

/// The way to a loop that others use too. Cloning it shares the loop, which ends when the last one is dropped.
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
}

enum Told {
    Text(usize, String),
    Done(usize, Result<Generated>),
}

impl Batcher {
    /// Starts a loop with room for `batch` sequences. `run` is given the desk and runs an engine at it.
    pub fn start(run: impl FnOnce(&mut dyn Desk) + Send + 'static) -> Result<Self> {
        let (calls, waiting) = channel();
        std::thread::Builder::new()
            .name("malmoi-batch".into())
            .spawn(move || {
                run(&mut Counter { waiting, calls: HashMap::new(), asks: VecDeque::new(), number: 0 })
            })
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
        let call = Call { prompts: prompts.to_vec(), options: options.clone(), told, said };
        self.calls.send(call).map_err(|_| gone())?;
        let mut done: Vec<Option<Generated>> = prompts.iter().map(|_| None).collect();
        let mut left = prompts.len();
        while left > 0 {
            match events.recv().map_err(|_| gone())? {
                Told::Text(index, text) => match sink(index, &text) {
                    Next::Cancel => return Err(Error::Cancelled),
                    // If nobody hears it, the next event says so.
                    next => drop(say.send(next)),
                },
                // The others of the call are dropped with its channels.
                Told::Done(_, Err(error)) => return Err(error),
                Told::Done(index, Ok(generated)) => {
                    done[index] = Some(generated);
                    left -= 1;
                }
            }
        }
        Ok(done.into_iter().flatten().collect())
    }
}

/// The loop's side.
struct Counter {
    waiting: Receiver<Call>,
    calls: HashMap<usize, Open>,
    asks: VecDeque<Ask>,
    number: usize,
}

/// A call of which something is not done.
struct Open {
    told: Sender<Told>,
    said: Receiver<Next>,
    left: usize,
}

impl Counter {
    fn take(&mut self, call: Call) {
        self.number += 1;
        let options = Arc::new(call.options);
        let open = Open { told: call.told, said: call.said, left: call.prompts.len() };
        self.calls.insert(self.number, open);
        for (index, prompt) in call.prompts.into_iter().enumerate() {
            let tag = Tag { call: self.number, index };
            self.asks.push_back(Ask { tag, prompt, options: options.clone() });
        }
    }

    /// Tells a caller something; one that went away is forgotten.
    fn tell(&mut self, call: usize, told: Told) -> bool {
        let heard = self.calls.get(&call).is_some_and(|open| open.told.send(told).is_ok());
        if !heard {
            self.calls.remove(&call);
        }
        heard
    }
}

impl Desk for Counter {
    fn next(&mut self, room: usize, idle: bool) -> Vec<Ask> {
        while let Ok(call) = self.waiting.try_recv() {
            self.take(call);
        }
        let calls = &self.calls;
        self.asks.retain(|ask| calls.contains_key(&ask.tag.call));
        if idle
            && self.asks.is_empty()
            && let Ok(call) = self.waiting.recv()
        {
            self.take(call);
        }
        let count = room.max(usize::from(idle)).min(self.asks.len());
        self.asks.drain(..count).collect()
    }

    fn text(&mut self, fresh: &[(Tag, String)]) -> Vec<Next> {
        // Everybody is told first, so that they think at the same time.
        let heard: Vec<bool> = fresh
            .iter()
            .map(|(tag, text)| self.tell(tag.call, Told::Text(tag.index, text.clone())))
            .collect();
        let answer = |(heard, (tag, _)): (bool, &(Tag, String))| {
            let said = self.calls.get(&tag.call).filter(|_| heard).and_then(|open| open.said.recv().ok());
            if said.is_none() {
                self.calls.remove(&tag.call);
            }
            said.unwrap_or(Next::Cancel)
        };
        heard.into_iter().zip(fresh).map(answer).collect()
    }

    fn done(&mut self, tag: Tag, result: Result<Generated>) {
        let over = result.is_err();
        if self.tell(tag.call, Told::Done(tag.index, result))
            && let Some(open) = self.calls.get_mut(&tag.call)
        {
            open.left -= 1;
            if open.left == 0 || over {
                self.calls.remove(&tag.call);
            }
        }
    }

    fn is_wanted(&self, tag: Tag) -> bool {
        self.calls.contains_key(&tag.call)
    }
}
