//! The desk's words for editors: matches of the translation memory, its concordance, units that an
//! editor confirms, and the terms of a text. Documented as OpenAPI with the rest of `/api/v1`.

use std::sync::Arc;

use axum::Router;
use axum::extract::{Request, State};
use axum::response::Response;
use axum::routing::{get, post};
use malmoi::desk::{Desk, Filter, LEAST_LIKENESS, Origin, Unit, difference};
use malmoi::{Error, Language, LanguagePair};
use serde_json::{Value, json};
use utoipa::{IntoParams, ToSchema};

use super::super::app::App;
use super::super::incoming::Incoming;
use super::super::log::Log;
use super::failures::DeskFailures;
use super::{blocking_json, chosen_glossary, language, within};
use crate::engine::Failure;

/// Matches and units in an answer, unless the request has a `limit`.
const USUAL: u64 = 9;
const MOST: u64 = 100;

pub(in super::super) fn routes() -> Router<Arc<App>> {
    Router::new()
        .route("/api/v1/memory", post(confirm))
        .route("/api/v1/memory/similar", get(similar_by_query).post(similar))
        .route("/api/v1/memory/search", get(search))
        .route("/api/v1/terms", get(terms_by_query).post(terms))
}

/// A text to look up.
#[derive(ToSchema, IntoParams)]
#[into_params(parameter_in = Query)]
#[allow(dead_code, reason = "describes the fields, which are read one by one")]
pub(super) struct LookupRequest {
    /// A segment.
    #[schema(example = "The council approved the budget on Monday.")]
    text: String,
    /// Language of the segment; detected by default.
    from: Option<String>,
    /// Language of the translation; by default the other one.
    to: Option<String>,
    /// Matches, 1 to 100; 9 by default.
    limit: Option<u64>,
    /// For terms: `none`, or a glossary of `/api/v1/glossaries` that comes before the desk's.
    glossary_id: Option<String>,
}

/// A translation that an editor confirms.
#[derive(ToSchema)]
#[allow(dead_code, reason = "describes the fields, which are read one by one")]
pub(super) struct UnitRequest {
    /// The segment.
    #[schema(example = "The council meets on Monday.")]
    source: String,
    /// Its translation.
    #[schema(example = "시의회는 월요일에 모인다.")]
    target: String,
    /// Language of the segment; detected by default.
    from: Option<String>,
    /// Language of the translation; by default the other one.
    to: Option<String>,
    /// Who confirms it.
    by: Option<String>,
    /// A note.
    note: Option<String>,
}

/// Translations by people of segments that are like a text
///
/// Each match has the likeness of the sources in percent, the origin, and the difference from the
/// source of the memory to the text: words that are the same, removed or added.
#[utoipa::path(
    post,
    path = "/api/v1/memory/similar",
    request_body = LookupRequest,
    responses(
        (status = 200, description = "Matches, the most alike first"),
        DeskFailures
    )
)]
pub(super) async fn similar(State(app): State<Arc<App>>, request: Request) -> Response {
    on_desk(app, request, |app, desk, incoming| {
        let text = text(app, incoming, "text")?;
        let languages = languages(incoming, &text)?;
        let limit = limit(incoming)?;
        let found = desk.similar(languages, &text, Origin::Imported, LEAST_LIKENESS, limit);
        let found = found.map_err(|error| app.log.fault(error))?;
        let matches: Vec<Value> = found
            .iter()
            .map(|found| {
                let mut entry = entry(&found.unit);
                entry["percent"] = found.percent.into();
                entry["difference"] = json!(difference(&found.unit.source, &text));
                entry
            })
            .collect();
        Ok(json!({ "matches": matches }))
    })
    .await
}

/// The same, with the fields in the query
#[utoipa::path(
    get,
    path = "/api/v1/memory/similar",
    params(LookupRequest),
    responses(
        (status = 200, description = "Matches, the most alike first"),
        DeskFailures
    )
)]
pub(super) async fn similar_by_query(app: State<Arc<App>>, request: Request) -> Response {
    similar(app, request).await
}

/// Units of the memory with a word or words, in either language
#[utoipa::path(
    get,
    path = "/api/v1/memory/search",
    params(
        ("text" = String, Query, description = "Words as they stand in the source or the target"),
        ("limit" = Option<u64>, Query, description = "Units, 1 to 100; 9 by default")
    ),
    responses(
        (status = 200, description = "Units, the latest first"),
        DeskFailures
    )
)]
pub(super) async fn search(State(app): State<Arc<App>>, request: Request) -> Response {
    on_desk(app, request, |app, desk, incoming| {
        let words = text(app, incoming, "text")?;
        let filter = Filter { words: Some(words.trim().to_string()), ..Filter::default() };
        let units = desk.search(&filter, limit(incoming)?);
        let units = units.map_err(|error| app.log.fault(error))?;
        Ok(json!({ "units": units.iter().map(entry).collect::<Vec<Value>>() }))
    })
    .await
}

/// Keep a translation that an editor has confirmed
///
/// The same segment in a later text is translated by it.
#[utoipa::path(
    post,
    path = "/api/v1/memory",
    request_body = UnitRequest,
    responses(
        (status = 200, description = "`added`, `changed` or `same`"),
        (status = 403, description = "The memory can only be read"),
        DeskFailures
    )
)]
pub(super) async fn confirm(State(app): State<Arc<App>>, request: Request) -> Response {
    on_desk(app, request, |app, desk, incoming| {
        let (source, target) = (text(app, incoming, "source")?, text(app, incoming, "target")?);
        let languages = languages(incoming, &source)?;
        let mut unit = Unit::new(languages, source, target, Origin::Confirmed);
        unit.by = incoming.text("by")?;
        unit.note = incoming.text("note")?;
        Ok(json!({ "result": keep(desk, unit, &app.log)? }))
    })
    .await
}

/// Keeps what a person has confirmed; returns whether it was `added`, `changed` or `same`.
pub(super) fn keep(desk: &Desk, unit: Unit, log: &Log) -> Result<&'static str, Failure> {
    if desk.is_read_only() {
        return Err(Failure::Forbidden("the memory of this server can only be read".into()));
    }
    let kept = desk.keep([unit.into()]).map_err(|error| log.fault(error))?;
    Ok(match (kept.added, kept.changed) {
        (0, 0) => "same",
        (0, _) => "changed",
        _ => "added",
    })
}

/// Terms of the glossary that occur in a text
#[utoipa::path(
    post,
    path = "/api/v1/terms",
    request_body = LookupRequest,
    responses(
        (status = 200, description = "Terms in the order of the text, with their places in bytes"),
        DeskFailures
    )
)]
pub(super) async fn terms(State(app): State<Arc<App>>, request: Request) -> Response {
    blocking_json(app, request, |app, incoming| {
        let text = text(app, incoming, "text")?;
        let languages = languages(incoming, &text)?;
        let glossary = chosen_glossary(app, incoming.text("glossary_id")?.as_deref())?;
        let found = glossary.occurring(&text, languages);
        let terms: Vec<Value> = found
            .iter()
            .map(|found| {
                let mut entry = serde_json::to_value(&found.term).unwrap_or_default();
                entry["place"] = json!({"start": found.span.start, "end": found.span.end});
                entry
            })
            .collect();
        Ok(json!({ "terms": terms }))
    })
    .await
}

/// The same, with the fields in the query
#[utoipa::path(
    get,
    path = "/api/v1/terms",
    params(LookupRequest),
    responses(
        (status = 200, description = "Terms in the order of the text, with their places in bytes"),
        DeskFailures
    )
)]
pub(super) async fn terms_by_query(app: State<Arc<App>>, request: Request) -> Response {
    terms(app, request).await
}

/// Answers with the result of `work` on the desk.
async fn on_desk(
    app: Arc<App>,
    request: Request,
    work: impl FnOnce(&App, &Desk, &Incoming) -> Result<Value, Failure> + Send + 'static,
) -> Response {
    blocking_json(app, request, |app, incoming| {
        let desk = app.desk.as_deref().ok_or(Failure::Off("the memory of this server is off"))?;
        work(app, desk, incoming)
    })
    .await
}

/// A text that is not empty, within the limit on its characters.
pub(super) fn text(app: &App, incoming: &Incoming, name: &str) -> Result<String, Failure> {
    let text = incoming.text(name)?.filter(|text| !text.trim().is_empty());
    let text = text.ok_or_else(|| Failure::Invalid(format!("`{name}` is missing")))?;
    within(app, text.chars().count())?;
    Ok(text)
}

fn limit(incoming: &Incoming) -> Result<usize, Failure> {
    Ok(incoming.number("limit", 1, MOST)?.unwrap_or(USUAL) as usize)
}

pub(super) fn languages(incoming: &Incoming, text: &str) -> Result<LanguagePair, Failure> {
    let given = |name| {
        let code = incoming.text(name)?.filter(|code| !code.is_empty() && code != "auto");
        code.as_deref().map(language).transpose()
    };
    let from = match (given("from")?, given("to")?) {
        (Some(from), Some(to)) if from == to => {
            return Err(Error::SameLanguage { language: from.name() }.into());
        }
        (Some(from), _) => from,
        (None, Some(to)) => to.other(),
        (None, None) => Language::of_article(text)?,
    };
    Ok(LanguagePair { from, to: from.other() })
}

fn entry(unit: &Unit) -> Value {
    let mut entry = serde_json::to_value(unit).unwrap_or_default();
    // Tags and properties of exchange files are no matter of editors.
    if let Some(fields) = entry.as_object_mut() {
        fields.remove("details");
    }
    entry
}
