//! Findings that an editor has found to be no errors: the list that `malmoi check --dismiss` adds
//! to. Documented as OpenAPI with the rest of `/api/v1`.

use std::sync::Arc;

use axum::Router;
use axum::extract::{Path, Request, State};
use axum::response::Response;
use axum::routing::{delete, get};
use malmoi::checks::Dismissal;
use serde_json::json;
use utoipa::ToSchema;

use super::super::app::App;
use super::super::log;
use super::blocking_json;
use super::desk::text;
use crate::engine::Failure;

/// Dismissals in an answer, unless the request has a `limit`.
const USUAL: u64 = 1_000;
const MOST: u64 = 100_000;
/// Characters of a finding or a reason that are kept.
const MOST_CHARACTERS: usize = 500;

pub(in super::super) fn routes() -> Router<Arc<App>> {
    Router::new()
        .route("/api/v1/dismissals", get(list).post(dismiss))
        .route("/api/v1/dismissals/{hash}", delete(end))
}

/// A finding that is no error.
#[derive(ToSchema)]
#[allow(dead_code, reason = "describes the fields, which are read one by one")]
pub(super) struct DismissalRequest {
    /// `hash` of the finding.
    #[schema(example = "0123456789abcdef")]
    hash: String,
    /// Its message, for people who read the list.
    finding: Option<String>,
    /// Why it is no error.
    reason: Option<String>,
}

/// Dismissed findings, the latest first
#[utoipa::path(
    get,
    path = "/api/v1/dismissals",
    params(("limit" = Option<u64>, Query, description = "Dismissals, 1 to 100000; 1000 by default")),
    responses(
        (status = 200, description = "Dismissals with what is known of them, and their number"),
        (status = 400, description = "A field cannot be used"),
        (status = 401, description = "A key is needed")
    )
)]
pub(super) async fn list(State(app): State<Arc<App>>, request: Request) -> Response {
    blocking_json(app, request, |app, incoming| {
        let limit = incoming.number("limit", 1, MOST)?.unwrap_or(USUAL) as usize;
        let dismissals = app.options.dismissals(&app.log)?;
        let list = dismissals.list();
        Ok(json!({"dismissals": &list[..limit.min(list.len())], "all": list.len()}))
    })
    .await
}

/// Dismiss a finding
///
/// Results say `"dismissed": true` at it from now on, here and in `malmoi check`.
#[utoipa::path(
    post,
    path = "/api/v1/dismissals",
    request_body = DismissalRequest,
    responses(
        (status = 200, description = "The dismissal as it is kept"),
        (status = 400, description = "A field cannot be used"),
        (status = 401, description = "A key is needed"),
        (status = 403, description = "The file of dismissals can only be read")
    )
)]
pub(super) async fn dismiss(State(app): State<Arc<App>>, request: Request) -> Response {
    blocking_json(app, request, |app, incoming| {
        let words = |name| {
            let text = incoming.text(name)?.filter(|text| !text.trim().is_empty());
            Ok::<_, Failure>(
                text.map(|text| text.chars().take(MOST_CHARACTERS).collect::<String>()),
            )
        };
        let dismissal = Dismissal {
            hash: text(app, incoming, "hash")?,
            reason: words("reason")?,
            finding: words("finding")?,
            by: incoming.key.clone(),
            date: Some(log::now()),
        };
        app.options.dismiss(dismissal.clone(), &app.log)?;
        Ok(serde_json::to_value(dismissal).unwrap_or_default())
    })
    .await
}

/// Take a dismissal back
#[utoipa::path(
    delete,
    path = "/api/v1/dismissals/{hash}",
    params(("hash" = String, Path, description = "`hash` of the finding")),
    responses(
        (status = 200, description = "It is a finding again"),
        (status = 401, description = "A key is needed"),
        (status = 403, description = "The file of dismissals can only be read"),
        (status = 404, description = "It is not dismissed")
    )
)]
pub(super) async fn end(
    State(app): State<Arc<App>>,
    Path(hash): Path<String>,
    request: Request,
) -> Response {
    blocking_json(app, request, move |app, _| {
        if !app.options.end_dismissal(&hash, &app.log)? {
            return Err(Failure::NotFound("no finding with this hash is dismissed".into()));
        }
        Ok(json!({"hash": hash, "dismissed": false}))
    })
    .await
}
