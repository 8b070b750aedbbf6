//! Glossaries of version 2: named lists of terms in one direction. Those of version 3 with several
//! directions are not seen here.

use std::sync::Arc;

use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use axum::{Json, Router};
use serde_json::{Value, json};

use super::super::super::app::App;
use super::super::super::glossaries::{Dictionary, StoredGlossary, not_found};
use super::super::super::incoming::Incoming;
use super::super::{answering, offload};
use super::fields::{needed, refuse};
use super::terms;
use crate::engine::Failure;

pub(super) fn routes() -> Router<Arc<App>> {
    let one = get(answering(refuse, glossary)).delete(answering(refuse, delete));
    Router::new()
        .route("/v2/glossaries", get(answering(refuse, list)).post(answering(refuse, create)))
        .route("/v2/glossaries/{id}", one)
        .route("/v2/glossaries/{id}/entries", get(answering(refuse, entries)))
}

/// The only dictionary of a glossary.
fn single(glossary: &StoredGlossary) -> Option<&Dictionary> {
    match &glossary.dictionaries[..] {
        [dictionary] => Some(dictionary),
        _ => None,
    }
}

fn described(glossary: &StoredGlossary) -> Option<Value> {
    let dictionary = single(glossary)?;
    Some(json!({
        "glossary_id": glossary.id,
        "name": glossary.name,
        "ready": true,
        "source_lang": dictionary.from.code(),
        "target_lang": dictionary.to.code(),
        "creation_time": glossary.created,
        "entry_count": dictionary.terms.len(),
    }))
}

async fn list(app: Arc<App>, _: Incoming) -> Result<Response, Failure> {
    let list: Vec<Value> = app.glossaries.list().iter().filter_map(described).collect();
    Ok(Json(json!({"glossaries": list})).into_response())
}

async fn create(app: Arc<App>, incoming: Incoming) -> Result<Response, Failure> {
    let name = needed(&incoming, "name")?;
    let dictionary = terms::dictionary(&incoming.into_json()?)?;
    let add = move || app.glossaries.add(name, vec![dictionary], &app.log);
    let glossary = offload(add).await?;
    Ok((StatusCode::CREATED, Json(described(&glossary))).into_response())
}

async fn glossary(app: Arc<App>, incoming: Incoming) -> Result<Response, Failure> {
    let glossary = app.glossaries.get(&incoming.id)?;
    let described = described(&glossary).ok_or_else(not_found)?;
    Ok(Json(described).into_response())
}

/// Deletes a glossary of either version.
pub(super) async fn delete(app: Arc<App>, incoming: Incoming) -> Result<Response, Failure> {
    offload(move || app.glossaries.remove(&incoming.id, &app.log)).await?;
    Ok(StatusCode::NO_CONTENT.into_response())
}

async fn entries(app: Arc<App>, incoming: Incoming) -> Result<Response, Failure> {
    let glossary = app.glossaries.get(&incoming.id)?;
    let table = terms::written(single(&glossary).ok_or_else(not_found)?);
    let kind = [(header::CONTENT_TYPE, "text/tab-separated-values; charset=utf-8")];
    Ok((kind, table).into_response())
}
