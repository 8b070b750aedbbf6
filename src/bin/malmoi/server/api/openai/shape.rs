//! Answers in OpenAI's shapes: whole, or as a stream of chunks.

use std::time::{SystemTime, UNIX_EPOCH};

use axum::response::sse::{Event, KeepAlive, Sse};
use axum::response::{IntoResponse, Response};
use serde_json::{Value, json};
use tokio::sync::mpsc::{UnboundedSender, unbounded_channel};

use super::super::Pieces;
use super::writing::{Writing, Written};
use super::{Shape, error};

fn seconds_now() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_secs())
}

fn id(shape: Shape) -> String {
    let prefix = if matches!(shape, Shape::Chat) { "chatcmpl" } else { "cmpl" };
    format!("{prefix}-{:016x}", rand::random::<u64>())
}

pub(super) fn whole(shape: Shape, model: &str, written: Written) -> Value {
    let (finish, usage) = (written.finish_reason(), written.usage());
    let text = written.text.trim_end_matches('\n');
    let (object, choice) = match shape {
        Shape::Chat => (
            "chat.completion",
            json!({"index": 0, "message": {"role": "assistant", "content": text, "refusal": null},
                "logprobs": null, "finish_reason": finish}),
        ),
        Shape::Completion => (
            "text_completion",
            json!({"index": 0, "text": text, "logprobs": null, "finish_reason": finish}),
        ),
    };
    let mut answer = json!({
        "id": id(shape), "object": object, "created": seconds_now(), "model": model,
        "choices": [choice], "usage": usage, "system_fingerprint": null,
    });
    if !written.findings.is_null() {
        // Beyond OpenAI's fields: what the checks found.
        answer["findings"] = written.findings;
    }
    answer
}

pub(super) fn stream(shape: Shape, model: String, with_usage: bool, writing: Writing) -> Response {
    let (sender, events) = unbounded_channel::<Event>();
    tokio::spawn(async move {
        // When the client leaves, its ticket goes with this task.
        let closed = sender.clone();
        tokio::select! {
            () = closed.closed() => {}
            () = send_chunks(&sender, shape, &model, with_usage, writing) => {}
        }
    });
    Sse::new(Pieces(events)).keep_alive(KeepAlive::default()).into_response()
}

async fn send_chunks(
    sender: &UnboundedSender<Event>,
    shape: Shape,
    model: &str,
    with_usage: bool,
    writing: Writing,
) {
    let (id, created) = (id(shape), seconds_now());
    let send = |data: &Value| drop(sender.send(Event::default().data(data.to_string())));
    let chunk = |choices: Value| {
        let object = match shape {
            Shape::Chat => "chat.completion.chunk",
            Shape::Completion => "text_completion",
        };
        json!({"id": id, "object": object, "created": created, "model": model, "choices": choices})
    };
    let piece = |text: &str, finish: Option<&str>| match shape {
        Shape::Chat => {
            let delta = if finish.is_some() { json!({}) } else { json!({"content": text}) };
            chunk(json!([{"index": 0, "delta": delta, "finish_reason": finish}]))
        }
        Shape::Completion => {
            chunk(json!([{"index": 0, "text": text, "logprobs": null, "finish_reason": finish}]))
        }
    };
    if let Shape::Chat = shape {
        let delta = json!({"role": "assistant", "content": ""});
        send(&chunk(json!([{"index": 0, "delta": delta, "finish_reason": null}])));
    }
    match writing.pieces(|text| send(&piece(&text, None))).await {
        Ok(written) => {
            send(&piece("", Some(written.finish_reason())));
            if with_usage {
                let mut last = chunk(json!([]));
                last["usage"] = written.usage();
                send(&last);
            }
        }
        Err(failure) => send(&error(&failure)),
    }
    let _ = sender.send(Event::default().data("[DONE]"));
}
