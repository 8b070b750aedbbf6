//! OpenAI's API: chat and text completions, streamed or whole.
//!
//! Models are the loaded ones, which answer as they were trained to, and one for each task
//! (`translate-ko`, `summarize-en` …), which works on the last message with prompts and checks.

mod errors;
mod models;
mod request;
mod shape;
mod writing;

use std::sync::Arc;

use axum::response::{IntoResponse, Response};
use axum::routing::post;
use axum::{Json, Router};
use malmoi::TaskOptions;

use super::super::app::App;
use super::super::incoming::Incoming;
use super::super::work::{self, Chat};
use super::{Text, answering, within};
use crate::engine::Failure;
use errors::refuse;
use models::Named;
use request::{Asked, Shape};
use shape::Head;
use writing::Writing;

pub(in super::super) fn routes() -> Router<Arc<App>> {
    Router::new()
        .route("/v1/chat/completions", post(answering(refuse, chat)))
        .route("/v1/completions", post(answering(refuse, completion)))
        .merge(models::routes())
}

async fn chat(app: Arc<App>, incoming: Incoming) -> Result<Response, Failure> {
    complete(app, incoming, Shape::Chat).await
}

async fn completion(app: Arc<App>, incoming: Incoming) -> Result<Response, Failure> {
    complete(app, incoming, Shape::Completion).await
}

async fn complete(app: Arc<App>, incoming: Incoming, shape: Shape) -> Result<Response, Failure> {
    let asked: Asked = incoming.into_json()?;
    let writings = begin(&app, &asked, shape)?;
    let head = Head::new(shape, asked.model.clone().unwrap_or_default());
    if asked.streams() {
        return Ok(shape::stream(head, asked.choices(), asked.streams_usage(), writings));
    }
    let mut written = Vec::with_capacity(writings.len());
    for writing in writings {
        written.push(writing.finish().await?);
    }
    Ok(Json(head.whole(asked.choices(), written)).into_response())
}

/// Puts the texts of a request into the queue: for each prompt its answers.
fn begin(app: &App, asked: &Asked, shape: Shape) -> Result<Vec<Writing>, Failure> {
    let chats = asked.chats(shape)?;
    within(app, chats.iter().map(Chat::characters).sum())?;
    let name = asked.model.as_deref().unwrap_or_default();
    let named = models::find(app, name)?;
    let mut writings = Vec::with_capacity(chats.len() * asked.choices());
    for chat in chats {
        for index in 0..asked.choices() as u64 {
            writings.push(match &named {
                Named::Task(task, to) => {
                    let options = task_options(app, asked.seed, index);
                    let (task, format, from, to) = (*task, "txt", None, *to);
                    let text = Text { task, text: &chat.message, format, from, to, options };
                    Writing::Task(text.submit(app)?.0)
                }
                Named::Model(model) if !model.has_chat_template() => {
                    let message = format!("{name} answers no messages; use a task instead");
                    return Err(Failure::Invalid(message));
                }
                Named::Model(model) => {
                    Writing::Chat(work::chat(app, model.clone(), chat.another(index))?)
                }
            });
        }
    }
    Ok(writings)
}

/// The first answer of a task is the likeliest one, unless the request has a seed; others are
/// drawn.
fn task_options(app: &App, seed: Option<u64>, index: u64) -> TaskOptions {
    let options = app.options.now();
    match index {
        0 => TaskOptions { seed, ..options },
        _ => {
            let seed = Some(seed.unwrap_or(0).wrapping_add(index));
            TaskOptions { seed, desk: None, ..options }
        }
    }
}
