//! Glossaries: named lists of terms in one direction.

use std::sync::Arc;

use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use axum::{Json, Router};
use serde_json::{Value, json};

use super::super::super::app::App;
use super::super::super::failure::Failure;
use super::super::super::glossaries::StoredGlossary;
use super::super::super::incoming::Incoming;
use super::super::{answering, language};
use super::{needed, refuse};

pub(super) fn routes() -> Router<Arc<App>> {
    let one = get(answering(refuse, glossary)).delete(answering(refuse, delete));
    Router::new()
        .route("/v2/glossaries", get(answering(refuse, list)).post(answering(refuse, create)))
        .route("/v2/glossaries/{id}", one)
        .route("/v2/glossaries/{id}/entries", get(answering(refuse, entries)))
}

pub(super) fn no_glossary() -> Failure {
    Failure::NotFound("the glossary was not found".into())
}

fn described(glossary: &StoredGlossary) -> Value {
    json!({
        "glossary_id": glossary.id,
        "name": glossary.name,
        "ready": true,
        "source_lang": glossary.from.code(),
        "target_lang": glossary.to.code(),
        "creation_time": glossary.created,
        "entry_count": glossary.terms.len(),
    })
}

async fn list(app: Arc<App>, _: Incoming) -> Result<Response, Failure> {
    let list: Vec<Value> = app.glossaries.list().iter().map(described).collect();
    Ok(Json(json!({"glossaries": list})).into_response())
}

async fn create(app: Arc<App>, incoming: Incoming) -> Result<Response, Failure> {
    let field = |name: &str| needed(&incoming, name);
    let name = field("name")?;
    let languages = (language(&field("source_lang")?)?, language(&field("target_lang")?)?);
    if languages.0 == languages.1 {
        return Err(Failure::Invalid("a glossary needs two languages".into()));
    }
    let delimiter = match incoming.text("entries_format")?.as_deref() {
        None | Some("tsv") => b'\t',
        Some("csv") => b',',
        Some(_) => return Err(Failure::Invalid("`entries_format` must be tsv or csv".into())),
    };
    let terms = terms(&field("entries")?, delimiter)?;
    let added =
        tokio::task::spawn_blocking(move || app.glossaries.add(name, languages, terms, &app.log));
    let glossary = added.await.unwrap_or(Err(Failure::Internal))?;
    Ok((StatusCode::CREATED, Json(described(&glossary))).into_response())
}

/// The terms of a table: the first two columns of each line.
fn terms(table: &str, delimiter: u8) -> Result<Vec<(String, String)>, Failure> {
    let mut reader = csv::ReaderBuilder::new()
        .delimiter(delimiter)
        .has_headers(false)
        .flexible(true)
        // Quotation marks of TSV are part of the words.
        .quoting(delimiter == b',')
        .from_reader(table.as_bytes());
    let mut terms: Vec<(String, String)> = Vec::new();
    for (index, record) in reader.records().enumerate() {
        let wrong = || Failure::Invalid(format!("line {} is not a pair of terms", index + 1));
        let record = record.map_err(|_| wrong())?;
        let side = |column| record.get(column).map(str::trim).filter(|side| !side.is_empty());
        match (side(0), side(1)) {
            (Some(source), Some(target)) => terms.push((source.into(), target.into())),
            _ => return Err(wrong()),
        }
    }
    Ok(terms)
}

async fn glossary(app: Arc<App>, incoming: Incoming) -> Result<Response, Failure> {
    let glossary = app.glossaries.get(&incoming.id).ok_or_else(no_glossary)?;
    Ok(Json(described(&glossary)).into_response())
}

async fn delete(app: Arc<App>, incoming: Incoming) -> Result<Response, Failure> {
    let removed =
        tokio::task::spawn_blocking(move || app.glossaries.remove(&incoming.id, &app.log));
    match removed.await.unwrap_or(Err(Failure::Internal))? {
        true => Ok(StatusCode::NO_CONTENT.into_response()),
        false => Err(no_glossary()),
    }
}

async fn entries(app: Arc<App>, incoming: Incoming) -> Result<Response, Failure> {
    let glossary = app.glossaries.get(&incoming.id).ok_or_else(no_glossary)?;
    let lines = glossary.terms.iter().map(|(source, target)| format!("{source}\t{target}\n"));
    let kind = [(header::CONTENT_TYPE, "text/tab-separated-values; charset=utf-8")];
    Ok((kind, lines.collect::<String>()).into_response())
}
