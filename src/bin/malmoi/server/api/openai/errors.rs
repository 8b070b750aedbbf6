//! The shape of OpenAI's errors.

use crate::engine::Failure;
use axum::Json;
use axum::response::{IntoResponse, Response};
use serde_json::{Value, json};

pub(super) fn error(failure: &Failure) -> Value {
    let (kind, code) = match failure {
        Failure::Key => ("authentication_error", Value::from("invalid_api_key")),
        Failure::NotFound(_) => ("invalid_request_error", Value::from("model_not_found")),
        Failure::TooLarge(_) => ("invalid_request_error", Value::from("context_length_exceeded")),
        Failure::Busy { .. } => ("rate_limit_error", Value::from("rate_limit_exceeded")),
        Failure::NotReady(_) | Failure::Off(_) => ("unavailable_error", Value::Null),
        Failure::Late { .. } | Failure::Internal => ("server_error", Value::Null),
        _ => ("invalid_request_error", Value::Null),
    };
    let message = failure.to_string();
    // Messages about a field begin with its name.
    let named = message.strip_prefix('`').and_then(|rest| rest.split_once('`'));
    let param = named.map(|(name, _)| name);
    json!({"error": {"message": message, "type": kind, "param": param, "code": code}})
}

pub(super) fn refuse(failure: &Failure) -> Response {
    failure.with_body(Json(error(failure)).into_response())
}
