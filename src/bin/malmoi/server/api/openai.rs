//! OpenAI's API: chat and text completions, streamed or whole.
//!
//! Models are the loaded ones, which answer as they were trained to, and one for each task
//! (`translate-ko`, `summarize-en` …), which works on the last message with prompts and checks.

mod models;
mod request;
mod shape;
mod writing;

use std::sync::Arc;

use axum::response::{IntoResponse, Response};
use axum::routing::post;
use axum::{Json, Router};
use malmoi::TaskOptions;
use serde_json::{Value, json};

use super::super::app::App;
use super::super::failure::Failure;
use super::super::incoming::Incoming;
use super::super::work;
use super::{Text, answering, within};
use models::Named;
use request::Asked;
use writing::Writing;

pub(in super::super) fn routes() -> Router<Arc<App>> {
    Router::new()
        .route("/v1/chat/completions", post(answering(refuse, chat)))
        .route("/v1/completions", post(answering(refuse, completion)))
        .merge(models::routes())
}

/// The two shapes of answers.
#[derive(Clone, Copy)]
enum Shape {
    Chat,
    Completion,
}

async fn chat(app: Arc<App>, incoming: Incoming) -> Result<Response, Failure> {
    complete(app, incoming, Shape::Chat).await
}

async fn completion(app: Arc<App>, incoming: Incoming) -> Result<Response, Failure> {
    complete(app, incoming, Shape::Completion).await
}

async fn complete(app: Arc<App>, incoming: Incoming, shape: Shape) -> Result<Response, Failure> {
    let asked: Asked = incoming.into_json()?;
    let writing = begin(&app, &asked, shape)?;
    let name = asked.model.unwrap_or_default();
    if asked.stream {
        return Ok(shape::stream(shape, name, asked.stream_options.include_usage, writing));
    }
    Ok(Json(shape::whole(shape, &name, writing.finish().await?)).into_response())
}

/// Puts the text of a request into the queue.
fn begin(app: &App, asked: &Asked, shape: Shape) -> Result<Writing, Failure> {
    let chat = asked.chat(shape)?;
    within(app, chat.message.chars().count())?;
    let name = asked.model.as_deref().unwrap_or_default();
    match models::find(app, name)? {
        Named::Task(task, to) => {
            let options = TaskOptions { seed: asked.seed, ..app.options.clone() };
            let text = Text { task, text: &chat.message, format: "txt", from: None, to, options };
            Ok(Writing::Task(text.submit(app)?.0))
        }
        Named::Model(model) if !model.has_chat_template() => {
            Err(Failure::Invalid(format!("{name} answers no messages; use a task instead")))
        }
        Named::Model(model) => Ok(Writing::Chat(work::chat(app, model, chat)?)),
    }
}

fn error(failure: &Failure) -> Value {
    let (kind, code) = match failure {
        Failure::Key => ("authentication_error", Value::from("invalid_api_key")),
        Failure::NotFound(_) => ("invalid_request_error", Value::from("model_not_found")),
        Failure::Busy { .. } => ("rate_limit_error", Value::from("rate_limit_exceeded")),
        Failure::NotReady(_) | Failure::Off(_) => ("unavailable_error", Value::Null),
        Failure::Late { .. } | Failure::Internal => ("server_error", Value::Null),
        _ => ("invalid_request_error", Value::Null),
    };
    json!({"error": {"message": failure.to_string(), "type": kind, "param": null, "code": code}})
}

fn refuse(failure: &Failure) -> Response {
    failure.with_body(Json(error(failure)).into_response())
}
