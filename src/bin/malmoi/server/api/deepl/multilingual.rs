//! Glossaries of version 3: one glossary has a dictionary for each direction.

use std::sync::Arc;

use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use axum::routing::{get, put};
use axum::{Json, Router};
use serde_json::{Value, json};

use super::super::super::app::App;
use super::super::super::glossaries::{Dictionary, StoredGlossary, not_found};
use super::super::super::incoming::Incoming;
use super::super::{answering, offload};
use super::fields::{missing, needed, refuse};
use super::glossaries::delete;
use super::terms;
use crate::engine::Failure;

pub(super) fn routes() -> Router<Arc<App>> {
    let all = get(answering(refuse, list)).post(answering(refuse, create));
    let one = get(answering(refuse, glossary));
    let one = one.patch(answering(refuse, change)).delete(answering(refuse, delete));
    let dictionaries = put(answering(refuse, replace)).delete(answering(refuse, remove));
    Router::new()
        .route("/v3/glossaries", all)
        .route("/v3/glossaries/{id}", one)
        .route("/v3/glossaries/{id}/dictionaries", dictionaries)
        .route("/v3/glossaries/{id}/entries", get(answering(refuse, entries)))
}

fn described(glossary: &StoredGlossary) -> Value {
    let dictionaries: Vec<Value> = glossary.dictionaries.iter().map(described_terms).collect();
    json!({
        "glossary_id": glossary.id,
        "name": glossary.name,
        "dictionaries": dictionaries,
        "creation_time": glossary.created,
    })
}

fn described_terms(dictionary: &Dictionary) -> Value {
    json!({
        "source_lang": dictionary.from.code(),
        "target_lang": dictionary.to.code(),
        "entry_count": dictionary.terms.len(),
    })
}

/// The dictionaries of a request, if it has any.
fn dictionaries(incoming: &Incoming) -> Result<Vec<Dictionary>, Failure> {
    match incoming.get("dictionaries") {
        None => Ok(Vec::new()),
        Some(Value::Array(list)) => list.iter().map(terms::dictionary).collect(),
        Some(_) => Err(Failure::Invalid("`dictionaries` must be a list".into())),
    }
}

async fn list(app: Arc<App>, _: Incoming) -> Result<Response, Failure> {
    let list: Vec<Value> = app.glossaries.list().iter().map(described).collect();
    Ok(Json(json!({"glossaries": list})).into_response())
}

async fn create(app: Arc<App>, incoming: Incoming) -> Result<Response, Failure> {
    let (name, dictionaries) = (needed(&incoming, "name")?, dictionaries(&incoming)?);
    if dictionaries.is_empty() {
        return Err(missing("dictionaries"));
    }
    let glossary = offload(move || app.glossaries.add(name, dictionaries, &app.log)).await?;
    Ok((StatusCode::CREATED, Json(described(&glossary))).into_response())
}

async fn glossary(app: Arc<App>, incoming: Incoming) -> Result<Response, Failure> {
    Ok(Json(described(&app.glossaries.get(&incoming.id)?)).into_response())
}

/// Renames a glossary, and adds terms to its dictionaries.
async fn change(app: Arc<App>, incoming: Incoming) -> Result<Response, Failure> {
    let (name, dictionaries) = (incoming.text("name")?, dictionaries(&incoming)?);
    let change = move |glossary: &mut StoredGlossary| {
        glossary.name = name.unwrap_or_else(|| glossary.name.clone());
        dictionaries.into_iter().for_each(|dictionary| glossary.merge(dictionary));
        Ok(())
    };
    let glossary = offload(move || app.glossaries.change(&incoming.id, &app.log, change)).await?;
    Ok(Json(described(&glossary)).into_response())
}

/// Puts a dictionary in the place of the one of its direction.
async fn replace(app: Arc<App>, incoming: Incoming) -> Result<Response, Failure> {
    let id = incoming.id.clone();
    let dictionary = terms::dictionary(&incoming.into_json()?)?;
    let answer = described_terms(&dictionary);
    let replace = move |glossary: &mut StoredGlossary| {
        glossary.replace(dictionary);
        Ok(())
    };
    offload(move || app.glossaries.change(&id, &app.log, replace)).await?;
    Ok(Json(answer).into_response())
}

async fn remove(app: Arc<App>, incoming: Incoming) -> Result<Response, Failure> {
    let languages = terms::direction(&incoming)?;
    let remove = move |glossary: &mut StoredGlossary| {
        glossary.dictionary(languages).ok_or_else(not_found)?;
        glossary.dictionaries.retain(|dictionary| dictionary.languages() != languages);
        Ok(())
    };
    offload(move || app.glossaries.change(&incoming.id, &app.log, remove)).await?;
    Ok(StatusCode::NO_CONTENT.into_response())
}

async fn entries(app: Arc<App>, incoming: Incoming) -> Result<Response, Failure> {
    let glossary = app.glossaries.get(&incoming.id)?;
    let dictionary = glossary.dictionary(terms::direction(&incoming)?).ok_or_else(not_found)?;
    let entries = json!({
        "source_lang": dictionary.from.code(),
        "target_lang": dictionary.to.code(),
        "entries": terms::written(dictionary),
        "entries_format": "tsv",
    });
    Ok(Json(json!({"dictionaries": [entries]})).into_response())
}
