//! Answers in OpenAI's shapes: whole, or as a stream of chunks.

use std::sync::Arc;
use std::time::{SystemTime, UNIX_EPOCH};

use axum::response::sse::{Event, KeepAlive, Sse};
use axum::response::{IntoResponse, Response};
use serde_json::{Value, json};
use tokio::sync::mpsc::{UnboundedSender, unbounded_channel};
use tokio::task::JoinSet;

use super::super::Pieces;
use super::errors::error;
use super::request::Shape;
use super::writing::{Writing, Written};
use crate::engine::Failure;

/// The head of an answer, which all its chunks share.
pub(super) struct Head {
    shape: Shape,
    id: String,
    /// Seconds since 1970.
    created: u64,
    model: String,
}

/// Tokens of all choices. Those of a prompt count once, however many answers it has.
#[derive(Default)]
struct Usage {
    prompt_tokens: usize,
    tokens: usize,
}

impl Usage {
    /// Counts a choice; `choices` is the number of answers to each prompt.
    fn add(&mut self, index: usize, choices: usize, written: &Written) {
        self.tokens += written.tokens;
        if index.is_multiple_of(choices) {
            self.prompt_tokens += written.prompt_tokens;
        }
    }

    fn json(&self) -> Value {
        json!({
            "prompt_tokens": self.prompt_tokens,
            "completion_tokens": self.tokens,
            "total_tokens": self.prompt_tokens + self.tokens,
        })
    }
}

impl Head {
    pub fn new(shape: Shape, model: String) -> Self {
        let prefix = if matches!(shape, Shape::Chat) { "chatcmpl" } else { "cmpl" };
        let id = format!("{prefix}-{:016x}", rand::random::<u64>());
        let created = SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |now| now.as_secs());
        Self { shape, id, created, model }
    }

    /// The whole answer. `choices` is the number of answers to each prompt.
    pub fn whole(&self, choices: usize, written: Vec<Written>) -> Value {
        let mut usage = Usage::default();
        let mut all = Vec::with_capacity(written.len());
        for (index, written) in written.into_iter().enumerate() {
            usage.add(index, choices, &written);
            let finish = written.finish_reason();
            let text = written.text.trim_end_matches('\n');
            let mut choice = match self.shape {
                Shape::Chat => {
                    let message = json!({"role": "assistant", "content": text, "refusal": null});
                    json!({"index": index, "message": message})
                }
                Shape::Completion => json!({"index": index, "text": text}),
            };
            choice["logprobs"] = Value::Null;
            choice["finish_reason"] = finish.into();
            add_findings(&mut choice, written.findings);
            all.push(choice);
        }
        let object = match self.shape {
            Shape::Chat => "chat.completion",
            Shape::Completion => "text_completion",
        };
        let (id, created, model) = (&self.id, self.created, &self.model);
        json!({"id": id, "object": object, "created": created, "model": model, "choices": all,
            "usage": usage.json(), "system_fingerprint": null})
    }

    fn chunk(&self, choices: Value) -> Value {
        let object = match self.shape {
            Shape::Chat => "chat.completion.chunk",
            Shape::Completion => "text_completion",
        };
        let (id, created, model) = (&self.id, self.created, &self.model);
        json!({"id": id, "object": object, "created": created, "model": model, "choices": choices})
    }

    /// A choice of a chunk: a piece of its text, or its end.
    fn piece(&self, index: usize, text: &str, finish: Option<&str>) -> Value {
        match self.shape {
            Shape::Chat => {
                let delta = if finish.is_some() { json!({}) } else { json!({"content": text}) };
                json!({"index": index, "delta": delta, "finish_reason": finish})
            }
            Shape::Completion => {
                json!({"index": index, "text": text, "logprobs": null, "finish_reason": finish})
            }
        }
    }

    /// Sends one choice in pieces.
    async fn send(
        &self,
        sender: &UnboundedSender<Event>,
        index: usize,
        writing: Writing,
    ) -> Result<Written, Failure> {
        let send = |choice: Value| send(sender, &self.chunk(json!([choice])));
        if let Shape::Chat = self.shape {
            let delta = json!({"role": "assistant", "content": ""});
            send(json!({"index": index, "delta": delta, "finish_reason": null}));
        }
        let mut written = writing.pieces(|text| send(self.piece(index, &text, None))).await?;
        let mut last = self.piece(index, "", Some(written.finish_reason()));
        add_findings(&mut last, written.findings.take());
        send(last);
        Ok(written)
    }
}

/// Beyond OpenAI's fields: what the checks found.
fn add_findings(choice: &mut Value, findings: Value) {
    if !findings.is_null() {
        choice["findings"] = findings;
    }
}

fn send(sender: &UnboundedSender<Event>, data: &Value) {
    // The client may be gone.
    let _ = sender.send(Event::default().data(data.to_string()));
}

/// Streams the choices side by side. `choices` is the number of answers to each prompt.
pub(super) fn stream(
    head: Head,
    choices: usize,
    with_usage: bool,
    writings: Vec<Writing>,
) -> Response {
    let (sender, events) = unbounded_channel::<Event>();
    tokio::spawn(async move {
        // When the client leaves, its tickets go with this task.
        let closed = sender.clone();
        tokio::select! {
            () = closed.closed() => {}
            () = send_all(sender, head, choices, with_usage, writings) => {}
        }
    });
    Sse::new(Pieces(events)).keep_alive(KeepAlive::default()).into_response()
}

async fn send_all(
    sender: UnboundedSender<Event>,
    head: Head,
    choices: usize,
    with_usage: bool,
    writings: Vec<Writing>,
) {
    let head = Arc::new(head);
    let mut running = JoinSet::new();
    for (index, writing) in writings.into_iter().enumerate() {
        let (head, sender) = (head.clone(), sender.clone());
        running.spawn(async move { (index, head.send(&sender, index, writing).await) });
    }
    let mut usage = Usage::default();
    while let Some(done) = running.join_next().await {
        match done.unwrap_or((0, Err(Failure::Internal))) {
            (index, Ok(written)) => usage.add(index, choices, &written),
            (_, Err(failure)) => send(&sender, &error(&failure)),
        }
    }
    if with_usage {
        let mut last = head.chunk(json!([]));
        last["usage"] = usage.json();
        send(&sender, &last);
    }
    let _ = sender.send(Event::default().data("[DONE]"));
}
