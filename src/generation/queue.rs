//! Queues of generation requests: the interface between callers and the loops.
//!
//! Knows requests and results; knows nothing of networks.

use std::sync::Arc;

use super::options::{Generated, Options};
use crate::error::{Error, Result};

/// A caller's answer to an update.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Control {
    /// Go on.
    Continue,
    /// End this text here, as if the model had ended it.
    Stop,
    /// End the whole call with [`Error::Cancelled`].
    Cancel,
}

/// News of a sequence, for its caller.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Update<'t> {
    /// Progress, sent after every step and repeated while nothing changes, so that a caller can
    /// cancel at any time. [`Control::Stop`] has no effect here.
    Progress(Progress),
    /// New text that is final.
    Text(&'t str),
    /// The sequence is finished.
    Done,
}

/// Progress of a sequence, in tokens.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Progress {
    /// Processed tokens of the prompt or encoder input.
    pub read: usize,
    /// Generated tokens.
    pub written: usize,
}

/// Receives updates of the sequence with an index.
pub type Sink<'s> = dyn FnMut(usize, Update<'_>) -> Control + 's;

/// A queue of generation requests and the sink for their results.
pub(crate) trait RequestQueue {
    /// Up to `room` more requests, and a few beyond that for callers that have none in flight. If
    /// `idle` (nothing else is in flight) it may block; an empty result then ends the loop.
    fn next_requests(&mut self, room: usize, idle: bool) -> Vec<GenerationRequest>;

    /// Sends the new text of one token of each request; returns each caller's answer.
    fn send_text(&mut self, texts: &[(RequestId, String)]) -> Vec<Control>;

    /// Sends the progress of a request, after each step. Does not block.
    fn send_progress(&mut self, id: RequestId, progress: Progress);

    /// Sends a finished text, or the error that ended the request.
    fn finish(&mut self, id: RequestId, result: Result<Generated>);

    /// True if a caller still waits for this text. Called after each step.
    fn is_wanted(&self, id: RequestId) -> bool;
}

/// A request: the call it belongs to, and its index in that call.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct RequestId {
    pub call: usize,
    pub index: usize,
}

/// The token ids of a prompt, and how to continue it.
pub(crate) type PromptOptions = (Vec<u32>, Arc<Options>);

/// A prompt to continue, or an encoder input to generate from.
pub(crate) struct GenerationRequest {
    pub id: RequestId,
    pub prompt: Vec<u32>,
    pub options: Arc<Options>,
}

impl GenerationRequest {
    /// The requests of a call, in the order of its prompts.
    pub fn of_call<'p>(
        call: usize,
        prompts: impl Iterator<Item = PromptOptions> + 'p,
    ) -> impl Iterator<Item = Self> + 'p {
        prompts.enumerate().map(move |(index, (prompt, options))| Self {
            id: RequestId { call, index },
            prompt,
            options,
        })
    }
}

/// The queue of a single call: a list of prompts, and a list of their results.
struct CallQueue<'c, 's> {
    waiting: std::vec::IntoIter<GenerationRequest>,
    sink: &'c mut Sink<'s>,
    results: Vec<Option<Generated>>,
    error: Option<Error>,
}

impl CallQueue<'_, '_> {
    fn send(&mut self, index: usize, update: Update<'_>) -> Control {
        if self.error.is_some() {
            return Control::Cancel;
        }
        let control = (self.sink)(index, update);
        if control == Control::Cancel {
            self.error = Some(Error::Cancelled);
        }
        control
    }
}

impl RequestQueue for CallQueue<'_, '_> {
    fn next_requests(&mut self, room: usize, _: bool) -> Vec<GenerationRequest> {
        if self.error.is_some() {
            return Vec::new();
        }
        self.waiting.by_ref().take(room).collect()
    }

    fn send_text(&mut self, texts: &[(RequestId, String)]) -> Vec<Control> {
        texts.iter().map(|(id, text)| self.send(id.index, Update::Text(text))).collect()
    }

    fn send_progress(&mut self, id: RequestId, progress: Progress) {
        self.send(id.index, Update::Progress(progress));
    }

    fn finish(&mut self, id: RequestId, result: Result<Generated>) {
        match result {
            Ok(generated) => {
                self.results[id.index] = Some(generated);
                self.send(id.index, Update::Done);
            }
            Err(error) => drop(self.error.get_or_insert(error)),
        }
    }

    fn is_wanted(&self, _: RequestId) -> bool {
        self.error.is_none()
    }
}

/// Runs a loop over the prompts of one call. `serve` is given the queue and the batch size, which
/// is the largest of the options. The results are in the order of the prompts and do not depend on
/// the batch size.
pub(crate) fn run_call(
    prompts: Vec<PromptOptions>,
    sink: &mut Sink<'_>,
    serve: impl FnOnce(&mut dyn RequestQueue, usize),
) -> Result<Vec<Generated>> {
    let batch = prompts.iter().map(|(_, options)| options.batch).max().unwrap_or(1);
    let results = prompts.iter().map(|_| None).collect();
    let requests: Vec<GenerationRequest> =
        GenerationRequest::of_call(0, prompts.into_iter()).collect();
    let mut queue = CallQueue { waiting: requests.into_iter(), sink, results, error: None };
    serve(&mut queue, batch);
    match queue.error {
        Some(error) => Err(error),
        None => Ok(queue.results.into_iter().flatten().collect()),
    }
}
