//! One generation loop for many threads: the requests of all of them are batched together, so that
//! the weights are read once for all.
//!
//! A thread of its own runs the loop. A caller sends its prompts and waits; it is sent new text
//! step by step, and the loop waits for its answer, so that a text does not depend on the other
//! calls. Room is shared fairly: the call with the fewest requests in flight is next, on ties the
//! one that has waited longest, and a call with none in flight is served even beside a full
//! batch. A caller can cancel at any time,
//! also during a step. Knows channels; knows nothing of how texts are generated.

use std::collections::{BTreeMap, VecDeque};
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::sync::{Arc, Weak};
use std::time::Duration;

use super::options::Generated;
use super::queue::{
    Control, GenerationRequest, Progress, PromptOptions, RequestId, RequestQueue, Sink, Update,
};
use crate::error::{Error, Result};

/// Interval of progress updates while nothing happens, for callers that want to cancel.
const HEARTBEAT: Duration = Duration::from_millis(100);

/// A handle to a shared generation loop. Clones share the loop, which ends when the last one is
/// dropped.
#[derive(Clone)]
pub(crate) struct Batcher {
    calls: Sender<Call>,
}

/// A call on its way to the loop, with the channels back to its caller.
struct Call {
    prompts: Vec<PromptOptions>,
    replies: Sender<Reply>,
    controls: Receiver<Control>,
    /// Dead once the caller is gone.
    caller: Weak<()>,
}

/// A message from the loop to a caller, about the prompt with an index.
enum Reply {
    Progress(usize, Progress),
    Text(usize, String),
    Done(usize, Result<Generated>),
}

impl Batcher {
    /// Starts a loop with room for `batch` sequences. `run` runs an engine over the queue it is
    /// given.
    pub fn start(
        batch: usize,
        run: impl FnOnce(&mut dyn RequestQueue) + Send + 'static,
    ) -> Result<Self> {
        let (calls, incoming) = channel();
        let queue = SharedQueue {
            incoming,
            batch: batch.max(1),
            calls: BTreeMap::new(),
            last_call: 0,
            turns: 0,
        };
        std::thread::Builder::new()
            .name("malmoi-batch".into())
            .spawn(move || run(&mut { queue }))
            .map_err(|e| Error::Engine(format!("no thread could be started: {e}").into()))?;
        Ok(Self { calls })
    }

    /// The same as [`Engine::generate`](super::Engine::generate), in one batch with other calls.
    pub fn generate(
        &self,
        prompts: Vec<PromptOptions>,
        sink: &mut Sink<'_>,
    ) -> Result<Vec<Generated>> {
        let loop_ended = || Error::Engine("the generation loop has ended".into());
        let (replies, incoming) = channel();
        let (answers, controls) = channel();
        let alive = Arc::new(());
        let mut results: Vec<Option<Generated>> = prompts.iter().map(|_| None).collect();
        let call = Call { prompts, replies, controls, caller: Arc::downgrade(&alive) };
        self.calls.send(call).map_err(|_| loop_ended())?;
        let (mut left, mut last) = (results.len(), (0, Progress::default()));
        while left > 0 {
            let control = match incoming.recv_timeout(HEARTBEAT) {
                Ok(Reply::Progress(index, progress)) => {
                    last = (index, progress);
                    sink(index, Update::Progress(progress))
                }
                Ok(Reply::Text(index, text)) => {
                    let control = sink(index, Update::Text(&text));
                    // If the loop has ended, the next receive says so.
                    let _ = answers.send(control);
                    control
                }
                // The other prompts of the call are dropped with its channels.
                Ok(Reply::Done(_, Err(error))) => return Err(error),
                Ok(Reply::Done(index, Ok(generated))) => {
                    results[index] = Some(generated);
                    left -= 1;
                    sink(index, Update::Done)
                }
                Err(RecvTimeoutError::Timeout) => sink(last.0, Update::Progress(last.1)),
                Err(RecvTimeoutError::Disconnected) => return Err(loop_ended()),
            };
            if control == Control::Cancel {
                return Err(Error::Cancelled);
            }
        }
        Ok(results.into_iter().flatten().collect())
    }
}

/// The loop's end of the channels: requests of all open calls.
struct SharedQueue {
    incoming: Receiver<Call>,
    batch: usize,
    /// Open calls by number, in order of arrival.
    calls: BTreeMap<usize, OpenCall>,
    /// Number of the last call.
    last_call: usize,
    /// Calls that arrived and requests that ended so far.
    turns: usize,
}

/// A call with unfinished requests.
struct OpenCall {
    replies: Sender<Reply>,
    controls: Receiver<Control>,
    caller: Weak<()>,
    /// Requests that wait.
    queued: VecDeque<GenerationRequest>,
    /// Number of requests that are being generated.
    in_flight: usize,
    /// When it began to wait: its arrival or the end of its last request, in turns.
    waits_since: usize,
}

impl OpenCall {
    fn has_caller(&self) -> bool {
        self.caller.strong_count() > 0
    }
}

impl SharedQueue {
    fn add(&mut self, call: Call) {
        if call.prompts.is_empty() {
            return;
        }
        self.last_call += 1;
        self.turns += 1;
        let queued = GenerationRequest::of_call(self.last_call, call.prompts.into_iter());
        let open = OpenCall {
            replies: call.replies,
            controls: call.controls,
            caller: call.caller,
            queued: queued.collect(),
            in_flight: 0,
            waits_since: self.turns,
        };
        self.calls.insert(self.last_call, open);
    }

    /// Sends a reply; true if the caller is still there. A call without a caller is removed.
    fn reply(&mut self, call: usize, reply: Reply) -> bool {
        let sent = self.calls.get(&call).is_some_and(|open| open.replies.send(reply).is_ok());
        if !sent {
            self.calls.remove(&call);
        }
        sent
    }

    /// The caller's answer to text that it was sent. A call without an answer is removed.
    fn control(&mut self, call: usize) -> Control {
        match self.calls.get(&call).and_then(|open| open.controls.recv().ok()) {
            Some(control) => control,
            None => {
                self.calls.remove(&call);
                Control::Cancel
            }
        }
    }

    /// The next request of the call with the fewest in flight, on ties of the one that has
    /// waited longest. With `beyond_batch`, only of a call with none in flight.
    fn next_request(&mut self, beyond_batch: bool) -> Option<GenerationRequest> {
        let open = self
            .calls
            .values_mut()
            .filter(|open| !open.queued.is_empty())
            .min_by_key(|open| (open.in_flight, open.waits_since))
            .filter(|open| !beyond_batch || open.in_flight == 0)?;
        open.in_flight += 1;
        open.queued.pop_front()
    }
}

impl RequestQueue for SharedQueue {
    fn next_requests(&mut self, room: usize, idle: bool) -> Vec<GenerationRequest> {
        while let Ok(call) = self.incoming.try_recv() {
            self.add(call);
        }
        self.calls.retain(|_, open| open.has_caller());
        while idle
            && self.calls.is_empty()
            && let Ok(call) = self.incoming.recv()
        {
            self.add(call);
        }
        let room = room.max(usize::from(idle));
        let mut requests: Vec<GenerationRequest> =
            (0..room).map_while(|_| self.next_request(false)).collect();
        // At most twice the batch, because of the memory that states take.
        let in_flight: usize = self.calls.values().map(|open| open.in_flight).sum();
        requests.extend((in_flight..2 * self.batch).map_while(|_| self.next_request(true)));
        requests
    }

    fn send_text(&mut self, texts: &[(RequestId, String)]) -> Vec<Control> {
        // All texts are sent before the first answer is awaited: callers work in parallel.
        let sent: Vec<bool> = texts
            .iter()
            .map(|(id, text)| self.reply(id.call, Reply::Text(id.index, text.clone())))
            .collect();
        sent.into_iter()
            .zip(texts)
            .map(|(sent, (id, _))| {
                if sent {
                    return self.control(id.call);
                }
                self.calls.remove(&id.call);
                Control::Cancel
            })
            .collect()
    }

    fn send_progress(&mut self, id: RequestId, progress: Progress) {
        self.reply(id.call, Reply::Progress(id.index, progress));
    }

    fn finish(&mut self, id: RequestId, result: Result<Generated>) {
        let failed = result.is_err();
        if self.reply(id.call, Reply::Done(id.index, result))
            && let Some(open) = self.calls.get_mut(&id.call)
        {
            self.turns += 1;
            open.waits_since = self.turns;
            open.in_flight -= 1;
            if failed || (open.in_flight == 0 && open.queued.is_empty()) {
                self.calls.remove(&id.call);
            }
        }
    }

    fn is_wanted(&self, id: RequestId) -> bool {
        self.calls.get(&id.call).is_some_and(OpenCall::has_caller)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::generation::Options;

    /// A queue of calls with the given numbers of requests, and their callers.
    fn queue(batch: usize, sizes: &[usize]) -> (SharedQueue, Sender<Call>, Vec<Caller>) {
        let (sender, incoming) = channel();
        let calls = BTreeMap::new();
        let queue = SharedQueue { incoming, batch, calls, last_call: 0, turns: 0 };
        let callers = sizes.iter().map(|size| call(&sender, *size)).collect();
        (queue, sender, callers)
    }

    /// A caller that waits for as long as it lives.
    type Caller = (Arc<()>, Receiver<Reply>, Sender<Control>);

    fn call(sender: &Sender<Call>, size: usize) -> Caller {
        let options = Arc::new(Options::default());
        let prompts = vec![(vec![1], options); size];
        let ((replies, incoming), (answers, controls)) = (channel(), channel());
        let alive = Arc::new(());
        let call = Call { prompts, replies, controls, caller: Arc::downgrade(&alive) };
        assert!(sender.send(call).is_ok());
        (alive, incoming, answers)
    }

    fn done() -> Result<Generated> {
        Ok(Generated {
            text: String::new(),
            finish: crate::event::Finish::Stop,
            tokens: 1,
            rolled_back: 0,
            accepted_draft_tokens: 0,
            ids: Vec::new(),
            scores: Vec::new(),
        })
    }

    fn calls_of(requests: &[GenerationRequest]) -> Vec<usize> {
        requests.iter().map(|request| request.id.call).collect()
    }

    #[test]
    fn a_new_call_has_its_turn_before_older_ones_have_a_second() {
        let (mut queue, sender, mut callers) = queue(2, &[9, 9, 9, 9]);
        let running = queue.next_requests(2, true);
        assert_eq!(calls_of(&running), [1, 2, 3, 4]);
        callers.push(call(&sender, 1));
        assert!(queue.next_requests(0, false).is_empty());
        queue.finish(running[0].id, done());
        assert_eq!(calls_of(&queue.next_requests(0, false)), [5]);
        // The oldest is next, though others have ended a request after it.
        queue.finish(running[2].id, done());
        assert_eq!(calls_of(&queue.next_requests(0, false)), [1]);
    }
}
