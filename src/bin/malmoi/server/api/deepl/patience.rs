//! Answers to clients that give up after ten seconds and ask again. An answer that takes longer
//! begins with white space, which is legal before JSON.

use std::time::Duration;

use axum::Json;
use axum::body::{Body, Bytes};
use axum::http::header;
use axum::response::{IntoResponse, Response};
use serde_json::{Value, json};
use tokio::sync::mpsc::unbounded_channel;
use tokio::task::{JoinError, JoinHandle};

use super::super::super::failure::Failure;
use super::super::Pieces;
use super::refuse;

/// Time after which an answer begins, ready or not.
const PATIENCE: Duration = Duration::from_secs(5);
/// Interval of white space before an answer.
const PADDING: Duration = Duration::from_secs(2);

/// The answer once it is there; before that, white space.
pub(super) async fn patient(mut coming: JoinHandle<Result<Value, Failure>>) -> Response {
    if let Ok(joined) = tokio::time::timeout(PATIENCE, &mut coming).await {
        return match finished(joined) {
            Ok(value) => Json(value).into_response(),
            Err(failure) => refuse(&failure),
        };
    }
    let (sender, pieces) = unbounded_channel::<Bytes>();
    tokio::spawn(async move {
        loop {
            if sender.send(Bytes::from_static(b" ")).is_err() {
                return;
            }
            if let Ok(joined) = tokio::time::timeout(PADDING, &mut coming).await {
                let value = finished(joined).unwrap_or_else(|failure| {
                    // The status has gone out: the message has to tell.
                    json!({"message": failure.to_string()})
                });
                let _ = sender.send(Bytes::from(value.to_string()));
                return;
            }
        }
    });
    let kind = [(header::CONTENT_TYPE, "application/json")];
    (kind, Body::from_stream(Pieces(pieces))).into_response()
}

fn finished(joined: Result<Result<Value, Failure>, JoinError>) -> Result<Value, Failure> {
    joined.unwrap_or(Err(Failure::Internal))
}
