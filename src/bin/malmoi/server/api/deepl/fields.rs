//! The fields that requests share, and the shape of errors.

use axum::Json;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use malmoi::Language;
use serde_json::json;

use super::super::super::incoming::Incoming;
use super::super::language;
use crate::engine::Failure;

/// The shape of DeepL's errors.
pub(super) fn refuse(failure: &Failure) -> Response {
    let body = Json(json!({"message": failure.to_string()})).into_response();
    let mut response = failure.with_body(body);
    if let Failure::Key = failure {
        // DeepL's clients expect 403 where others expect 401.
        *response.status_mut() = StatusCode::FORBIDDEN;
    }
    response
}

/// A field that a request must have.
pub(super) fn needed(incoming: &Incoming, name: &str) -> Result<String, Failure> {
    incoming.text(name)?.filter(|value| !value.trim().is_empty()).ok_or_else(|| missing(name))
}

pub(super) fn missing(name: &str) -> Failure {
    Failure::Invalid(format!("Value for '{name}' not specified."))
}

/// The language of the source, if the request names one.
pub(super) fn source(incoming: &Incoming) -> Result<Option<Language>, Failure> {
    let code = incoming.text("source_lang")?.filter(|code| !code.is_empty());
    code.as_deref().map(language).transpose()
}

pub(super) fn upper(language: Language) -> String {
    language.code().to_uppercase()
}
