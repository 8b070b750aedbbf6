//! The glossaries that a request can choose, and new terms for the desk's. Documented as OpenAPI
//! with the rest of `/api/v1`.

use std::sync::Arc;

use axum::Router;
use axum::extract::{Request, State};
use axum::response::Response;
use axum::routing::{get, post};
use malmoi::Term;
use serde_json::json;
use utoipa::ToSchema;

use super::super::app::App;
use super::super::incoming::Incoming;
use super::blocking_json;
use super::desk::{languages, text};
use super::failures::TermFailures;
use crate::engine::Failure;

/// Characters of a side of a term, and of its note.
const MOST_CHARACTERS: usize = 200;

pub(in super::super) fn routes() -> Router<Arc<App>> {
    Router::new()
        .route("/api/v1/glossaries", get(list))
        .route("/api/v1/glossaries/desk/terms", post(add_term).delete(remove_term))
}

/// A term for the desk's glossary.
#[derive(ToSchema)]
#[allow(dead_code, reason = "describes the fields, which are read one by one")]
pub(super) struct NewTerm {
    /// The term.
    #[schema(example = "Harbor Authority")]
    source: String,
    /// Its translation.
    #[schema(example = "항만공사")]
    target: String,
    /// A note for people.
    note: Option<String>,
}

/// The glossaries that `glossary_id` can name
///
/// `desk` is what is used by default: the terms of `--glossary`, then those of the desk. The others
/// were made with DeepL's API.
#[utoipa::path(
    get,
    path = "/api/v1/glossaries",
    responses(
        (status = 200, description = "Names, numbers of terms and, where it has one, the direction"),
        (status = 401, description = "A key is needed")
    )
)]
pub(super) async fn list(State(app): State<Arc<App>>, request: Request) -> Response {
    blocking_json(app, request, |app, _| {
        let desk = app.options.desk_terms(&app.log)?.len();
        let terms = desk + app.options.given().terms().len();
        let is_writable = app.desk.as_ref().is_some_and(|desk| !desk.is_read_only());
        let mut all = vec![json!({"id": "desk", "terms": terms, "writable": is_writable})];
        all.extend(app.glossaries.list().iter().map(|glossary| {
            let terms = glossary.dictionaries.iter().map(|one| one.terms.len()).sum::<usize>();
            let mut entry = json!({"id": glossary.id, "name": glossary.name, "terms": terms});
            if let [only] = &glossary.dictionaries[..] {
                entry["from"] = only.from.code().into();
                entry["to"] = only.to.code().into();
            }
            entry
        }));
        Ok(json!({ "glossaries": all }))
    })
    .await
}

/// Add a term to the desk's glossary
///
/// It holds from the next request on.
#[utoipa::path(
    post,
    path = "/api/v1/glossaries/desk/terms",
    request_body = NewTerm,
    responses(
        (status = 200, description = "The term as it is kept"),
        TermFailures
    )
)]
pub(super) async fn add_term(State(app): State<Arc<App>>, request: Request) -> Response {
    blocking_json(app, request, |app, incoming| {
        let (source, target) = sides(app, incoming)?;
        languages(incoming, &source)?;
        let mut term = Term::new(source, target);
        let note = incoming.text("note")?.filter(|note| !note.trim().is_empty());
        term.note = note.map(|note| line("note", &note)).transpose()?;
        app.options.add_term(term.clone(), &app.log)?;
        Ok(serde_json::to_value(term).unwrap_or_default())
    })
    .await
}

/// Remove a term from the desk's glossary
#[utoipa::path(
    delete,
    path = "/api/v1/glossaries/desk/terms",
    request_body = NewTerm,
    responses(
        (status = 200, description = "`removed`: whether it was there"),
        TermFailures
    )
)]
pub(super) async fn remove_term(State(app): State<Arc<App>>, request: Request) -> Response {
    blocking_json(app, request, |app, incoming| {
        let (source, target) = sides(app, incoming)?;
        Ok(json!({"removed": app.options.remove_term(&source, &target, &app.log)?}))
    })
    .await
}

/// Source and target of a term, each one line.
fn sides(app: &App, incoming: &Incoming) -> Result<(String, String), Failure> {
    let side = |name| line(name, &text(app, incoming, name)?);
    Ok((side("source")?, side("target")?))
}

/// A field as one line, within the limit on its characters.
fn line(name: &str, words: &str) -> Result<String, Failure> {
    let words = words.trim();
    if words.chars().count() > MOST_CHARACTERS || words.contains(['\n', '\r', '\t']) {
        let message = format!("`{name}` must be one line of at most {MOST_CHARACTERS} characters");
        return Err(Failure::Invalid(message));
    }
    Ok(words.to_string())
}
