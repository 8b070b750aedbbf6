//! DeepL's API, version 2, at the root of the server: texts, documents, glossaries.

mod account;
mod documents;
mod glossaries;
mod options;
mod patience;
mod text;

use std::sync::Arc;

use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use axum::{Json, Router};
use malmoi::Language;
use serde_json::json;

use super::super::app::App;
use super::super::failure::Failure;
use super::super::incoming::Incoming;
use super::language;

pub(in super::super) fn routes() -> Router<Arc<App>> {
    Router::new()
        .merge(text::routes())
        .merge(documents::routes())
        .merge(glossaries::routes())
        .merge(account::routes())
}

/// The shape of DeepL's errors.
fn refuse(failure: &Failure) -> Response {
    let body = Json(json!({"message": failure.to_string()})).into_response();
    let mut response = failure.with_body(body);
    if let Failure::Key = failure {
        // DeepL's clients expect 403 where others expect 401.
        *response.status_mut() = StatusCode::FORBIDDEN;
    }
    response
}

/// A field that a request must have.
fn needed(incoming: &Incoming, name: &str) -> Result<String, Failure> {
    incoming.text(name)?.filter(|value| !value.trim().is_empty()).ok_or_else(|| missing(name))
}

fn missing(name: &str) -> Failure {
    Failure::Invalid(format!("Value for '{name}' not specified."))
}

/// The language of the source, if the request names one.
fn source(incoming: &Incoming) -> Result<Option<Language>, Failure> {
    let code = incoming.text("source_lang")?.filter(|code| !code.is_empty());
    code.as_deref().map(language).transpose()
}

fn upper(language: Language) -> String {
    language.code().to_uppercase()
}
