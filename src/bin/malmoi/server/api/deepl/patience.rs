//! Answers to clients that give up after ten seconds and ask again. An answer that takes longer
//! begins with white space, which is legal before JSON.

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use axum::Json;
use axum::body::{Body, Bytes};
use axum::http::header;
use axum::response::{IntoResponse, Response};
use serde_json::Value;
use tokio::sync::mpsc::{UnboundedReceiver, unbounded_channel};
use tokio::task::{JoinError, JoinHandle};

use super::fields::refuse;
use crate::engine::Failure;

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
    let (sender, pieces) = unbounded_channel();
    tokio::spawn(async move {
        loop {
            if sender.send(Ok(Bytes::from_static(b" "))).is_err() {
                return;
            }
            if let Ok(joined) = tokio::time::timeout(PADDING, &mut coming).await {
                // The status has gone out. Clients would take a message for an answer without
                // translations; an answer that breaks off is an error to them.
                let broken = |failure: Failure| io::Error::other(failure.to_string());
                let end = finished(joined).map(|value| Bytes::from(value.to_string()));
                let _ = sender.send(end.map_err(broken));
                return;
            }
        }
    });
    let kind = [(header::CONTENT_TYPE, "application/json")];
    (kind, Body::from_stream(Padded(pieces))).into_response()
}

fn finished(joined: Result<Result<Value, Failure>, JoinError>) -> Result<Value, Failure> {
    joined.unwrap_or(Err(Failure::Internal))
}

/// White space and the answer after it, or the failure at which they break off.
struct Padded(UnboundedReceiver<io::Result<Bytes>>);

impl futures_core::Stream for Padded {
    type Item = io::Result<Bytes>;

    fn poll_next(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        self.0.poll_recv(context)
    }
}
