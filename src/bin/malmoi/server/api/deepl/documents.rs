//! Documents, in three steps: a client uploads one, asks how far it is, and fetches the result.

use std::sync::Arc;
use std::sync::atomic::Ordering;

use axum::response::{IntoResponse, Response};
use axum::routing::post;
use axum::{Json, Router};
use malmoi::formats::{self, Form};
use malmoi::prompts::Task;
use serde_json::json;

use super::super::super::app::App;
use super::super::super::deliveries::Stage;
use super::super::super::incoming::Incoming;
use super::super::{answering, file, language, shortened, submit, within};
use super::fields::{missing, needed, refuse, source};
use super::options::options;
use crate::engine::Failure;

pub(super) fn routes() -> Router<Arc<App>> {
    Router::new()
        .route("/v2/document", post(answering(refuse, upload)))
        .route("/v2/document/{id}", post(answering(refuse, stage)))
        .route("/v2/document/{id}/result", post(answering(refuse, result)))
}

async fn upload(app: Arc<App>, incoming: Incoming) -> Result<Response, Failure> {
    let file = incoming.files.first().ok_or_else(|| missing("file"))?;
    let to = language(&needed(&incoming, "target_lang")?)?;
    let from = source(&incoming)?;
    let name = incoming.text("filename")?.unwrap_or_else(|| file.name.clone());
    let item = formats::article(&file.bytes, &name)?;
    let characters = item.document.text().chars().count();
    within(&app, characters)?;
    let own = |format: &String| matches!(&item.form, Form::File(own) if own == format);
    let wanted = incoming.text("output_format")?.filter(|format| !format.is_empty());
    if let Some(format) = wanted.filter(|format| !own(format)) {
        let shown = shortened(&format);
        return Err(Failure::Invalid(format!("output_format `{shown}` is not supported")));
    }
    let options = options(&app, &incoming, from, to)?;
    let (ticket, _) = submit(&app, Task::Translate, item.document, from, Some(to), options)?;
    let receipt = app.deliveries.follow(ticket, &name, &item.form, characters)?;
    let mut receipt = json!({"document_id": receipt.id, "document_key": receipt.secret});
    if !item.notes.is_empty() {
        receipt["notes"] = item.notes.into();
    }
    app.characters.fetch_add(characters as u64, Ordering::Relaxed);
    Ok(Json(receipt).into_response())
}

/// How far the document of a request is.
fn stage_of(app: &App, incoming: &Incoming) -> Result<Stage, Failure> {
    let secret = incoming.text("document_key")?.unwrap_or_default();
    let stage = app.deliveries.stage(&incoming.id, &secret);
    stage.ok_or_else(|| Failure::NotFound("the document was not found".into()))
}

async fn stage(app: Arc<App>, incoming: Incoming) -> Result<Response, Failure> {
    let mut value = json!({"document_id": incoming.id});
    match stage_of(&app, &incoming)? {
        Stage::Queued => value["status"] = "queued".into(),
        Stage::Translating => {
            value["status"] = "translating".into();
            // Not known; clients wait as long as this says.
            value["seconds_remaining"] = 5.into();
        }
        Stage::Done(delivery) => {
            value["status"] = "done".into();
            value["billed_characters"] = delivery.characters.into();
        }
        Stage::Failed(failure) => {
            value["status"] = "error".into();
            value["error_message"] = failure.to_string().into();
        }
    }
    Ok(Json(value).into_response())
}

async fn result(app: Arc<App>, incoming: Incoming) -> Result<Response, Failure> {
    match stage_of(&app, &incoming)? {
        Stage::Done(delivery) => {
            app.deliveries.forget(&incoming.id);
            Ok(file(&delivery))
        }
        Stage::Failed(failure) => Err(failure),
        _ => Err(Failure::NotReady("the document is not done yet")),
    }
}
