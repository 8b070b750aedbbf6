//! DeepL's API, version 2, at the root of the server: texts, documents, glossaries.
//!
//! DeepL's clients give up after ten seconds and ask again. An answer that takes longer begins with
//! white space, and equal requests in flight are answered together.

use std::sync::Arc;
use std::time::Duration;

use axum::body::{Body, Bytes};
use axum::extract::{Path, Request, State};
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use axum::{Json, Router};
use malmoi::prompts::Task;
use malmoi::{Language, Register, TaskOptions, formats};
use serde_json::{Value, json};
use tokio::sync::mpsc::unbounded_channel;

use super::super::app::App;
use super::super::deliveries::Stage;
use super::super::glossaries::StoredGlossary;
use super::super::in_flight::RequestHash;
use super::super::incoming::Incoming;
use super::{Pieces, Text, language, shortened, with_key, within};
use crate::engine::Failure;

/// Texts in one request.
const MAX_TEXTS: usize = 1_000;
/// Time after which an answer begins, ready or not.
const PATIENCE: Duration = Duration::from_secs(5);
/// Interval of white space before an answer.
const PADDING: Duration = Duration::from_secs(2);

pub(in super::super) fn routes() -> Router<Arc<App>> {
    Router::new()
        .route("/v2/translate", post(translate))
        .route("/v2/languages", get(languages).post(languages))
        .route("/v2/usage", get(usage).post(usage))
        .route("/v2/glossary-language-pairs", get(pairs))
        .route("/v2/glossaries", get(glossaries).post(create_glossary))
        .route("/v2/glossaries/{id}", get(glossary).delete(delete_glossary))
        .route("/v2/glossaries/{id}/entries", get(entries))
        .route("/v2/document", post(upload))
        .route("/v2/document/{id}", post(stage))
        .route("/v2/document/{id}/result", post(result))
}

/// An answer in the shape of DeepL's errors, with the name of the key for the log.
fn answer(key: Option<String>, result: Result<Response, Failure>) -> Response {
    let response = result.unwrap_or_else(|failure| refuse(&failure));
    with_key(key, response)
}

fn refuse(failure: &Failure) -> Response {
    let body = Json(json!({"message": failure.to_string()})).into_response();
    let mut response = failure.with_body(body);
    if let Failure::Key = failure {
        // DeepL's clients expect 403 where others expect 401.
        *response.status_mut() = StatusCode::FORBIDDEN;
    }
    response
}

/// Reads a request, then answers it with a function of its fields.
macro_rules! answered {
    ($app:expr, $request:expr, $incoming:ident => $work:expr) => {
        match Incoming::read(&$app, $request).await {
            Ok($incoming) => {
                let key = $incoming.key.clone();
                answer(key, async { $work }.await)
            }
            Err(failure) => refuse(&failure),
        }
    };
}

async fn translate(State(app): State<Arc<App>>, request: Request) -> Response {
    let query = request.uri().query().unwrap_or_default().to_string();
    answered!(app, request, incoming => {
        let key = incoming.key.clone().unwrap_or_default();
        let parts = [key.as_bytes(), b"/v2/translate", query.as_bytes(), &incoming.content];
        let hash = RequestHash::of(&parts);
        let begin = {
            let app = app.clone();
            move || translations(&app, &incoming)
        };
        let in_flight = app.in_flight.clone();
        // The first to ask learns at once what is wrong with the request.
        let coming = tokio::spawn(async move { in_flight.answer(hash, begin).await });
        Ok(patient(coming).await)
    })
}

/// The answer once it is there; before that, white space, which is legal before JSON.
async fn patient(mut coming: tokio::task::JoinHandle<Result<Value, Failure>>) -> Response {
    let finished = |joined: Result<Result<Value, Failure>, tokio::task::JoinError>| {
        joined.unwrap_or(Err(Failure::Internal))
    };
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

/// Puts the texts of a request into the queue; returns the work of waiting for them.
fn translations(
    app: &App,
    incoming: &Incoming,
) -> Result<impl Future<Output = Result<Value, Failure>> + Send + use<>, Failure> {
    let missing = |name: &str| Failure::Invalid(format!("Value for '{name}' not specified."));
    let texts = incoming.texts("text")?.ok_or_else(|| missing("text"))?;
    let target = incoming.text("target_lang")?.ok_or_else(|| missing("target_lang"))?;
    let given = incoming.text("source_lang")?.filter(|code| !code.is_empty());
    let given = given.as_deref().map(language).transpose()?;
    let to = language(&target)?;
    if texts.len() > MAX_TEXTS {
        let message =
            format!("{} texts in one request; this server takes {MAX_TEXTS}", texts.len());
        return Err(Failure::TooLarge(message));
    }
    within(app, texts.iter().map(|text| text.chars().count()).sum())?;
    let format = match incoming.text("tag_handling")?.as_deref() {
        None | Some("") => "txt",
        Some("html" | "xml") => "html",
        Some(other) => {
            let message = format!("tag_handling `{}` is not supported", shortened(other));
            return Err(Failure::Invalid(message));
        }
    };
    let options = options(app, incoming, given, to)?;
    let mut waiting = Vec::with_capacity(texts.len());
    for text in texts {
        let found = Language::detect(&text);
        let from = given.or(found).unwrap_or(to.other());
        let ticket = if found.is_none() || from == to {
            None
        } else {
            let (task, options) = (Task::Translate, options.clone());
            let text = Text { task, text: &text, format, from: Some(from), to: Some(to), options };
            Some(text.submit(app)?.0)
        };
        waiting.push((ticket, from, text));
    }
    Ok(async move {
        let mut done = Vec::with_capacity(waiting.len());
        for (ticket, from, source) in waiting {
            let characters = source.chars().count();
            let text = match ticket {
                Some(ticket) => ticket.result().await?.text,
                None => source,
            };
            done.push(json!({
                "detected_source_language": upper(from),
                "text": text,
                "billed_characters": characters,
                "model_type_used": "quality_optimized",
            }));
        }
        Ok(json!({"translations": done}))
    })
}

/// The options of a request: its formality, and the glossaries that it names.
fn options(
    app: &App,
    incoming: &Incoming,
    from: Option<Language>,
    to: Language,
) -> Result<TaskOptions, Failure> {
    let mut options = app.options.now();
    for name in ["style_id", "translation_memory_id", "custom_instructions"] {
        let is_empty = |value: &Value| value.as_array().is_some_and(Vec::is_empty) || value == "";
        if incoming.get(name).is_some_and(|value| !is_empty(value)) {
            return Err(Failure::Invalid(format!("`{name}` is not supported")));
        }
    }
    let formality = incoming.text("formality")?.unwrap_or_default();
    let register = match formality.as_str() {
        "more" | "prefer_more" => Some(Register::Hamnida),
        "less" | "prefer_less" => Some(Register::Haeyo),
        "" | "default" => None,
        other => {
            let message = format!("formality `{}` is not supported", shortened(other));
            return Err(Failure::Invalid(message));
        }
    };
    match (register, to) {
        (Some(register), Language::Korean) => options.checks.register = Some(register),
        (Some(_), Language::English) if !formality.starts_with("prefer") => {
            let message = "'formality' is not supported for given 'target_lang'.";
            return Err(Failure::Invalid(message.into()));
        }
        _ => {}
    }
    let mut ids = incoming.texts("glossary_ids")?.unwrap_or_default();
    ids.extend(incoming.texts("glossary_id")?.unwrap_or_default());
    let ids = ids.iter().flat_map(|id| id.split(',')).filter(|id| !id.is_empty());
    for id in ids {
        let glossary = app.glossaries.get(id).ok_or_else(no_glossary)?;
        let Some(from) = from else {
            return Err(Failure::Invalid("a glossary needs `source_lang`".into()));
        };
        if (glossary.from, glossary.to) != (from, to) {
            let message = "the glossary is not for these languages".into();
            return Err(Failure::Invalid(message));
        }
        options.checks.glossary = options.checks.glossary.with(&glossary.terms());
    }
    Ok(options)
}

fn no_glossary() -> Failure {
    Failure::NotFound("the glossary was not found".into())
}

fn upper(language: Language) -> String {
    language.code().to_uppercase()
}

async fn languages(State(app): State<Arc<App>>, request: Request) -> Response {
    answered!(app, request, incoming => {
        let kind = incoming.text("type")?.unwrap_or("source".into());
        let is_target = match kind.as_str() {
            "source" => false,
            "target" => true,
            _ => return Err(Failure::Invalid("`type` must be source or target".into())),
        };
        let mut list = Vec::new();
        for one in Language::all().filter(|one| translates(&app, *one, is_target)) {
            let formality = one == Language::Korean;
            let mut add = |code: &str, name: &str| {
                let mut entry = json!({"language": code, "name": name});
                if is_target {
                    entry["supports_formality"] = formality.into();
                }
                list.push(entry);
            };
            match one {
                Language::English if is_target => {
                    add("EN-GB", "English (British)");
                    add("EN-US", "English (American)");
                }
                one => add(&upper(one), one.name()),
            }
        }
        Ok(Json(list).into_response())
    })
}

/// True if a language can be translated from, or into.
fn translates(app: &App, one: Language, is_target: bool) -> bool {
    let (from, to) = if is_target { (one.other(), one) } else { (one, one.other()) };
    app.engine.serves(Task::Translate, from, to)
}

/// There is no limit, which DeepL's clients cannot be told: a very large one.
async fn usage(State(app): State<Arc<App>>, request: Request) -> Response {
    answered!(app, request, _incoming => {
        Ok(Json(json!({"character_count": 0, "character_limit": 1_000_000_000_000_u64}))
            .into_response())
    })
}

async fn pairs(State(app): State<Arc<App>>, request: Request) -> Response {
    answered!(app, request, _incoming => {
        let pair = |from: &str, to: &str| json!({"source_lang": from, "target_lang": to});
        let pairs = json!({"supported_languages": [pair("en", "ko"), pair("ko", "en")]});
        Ok(Json(pairs).into_response())
    })
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

async fn glossaries(State(app): State<Arc<App>>, request: Request) -> Response {
    answered!(app, request, _incoming => {
        let list: Vec<Value> = app.glossaries.list().iter().map(described).collect();
        Ok(Json(json!({"glossaries": list})).into_response())
    })
}

async fn create_glossary(State(app): State<Arc<App>>, request: Request) -> Response {
    answered!(app, request, incoming => {
        let field = |name: &str| {
            let missing = || Failure::Invalid(format!("Value for '{name}' not specified."));
            incoming.text(name)?.filter(|value| !value.trim().is_empty()).ok_or_else(missing)
        };
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
        let (glossaries, log) = (app.clone(), app.log.clone());
        let added = tokio::task::spawn_blocking(move || {
            glossaries.glossaries.add(name, languages, terms, &log)
        });
        let glossary = added.await.unwrap_or(Err(Failure::Internal))?;
        Ok((StatusCode::CREATED, Json(described(&glossary))).into_response())
    })
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

async fn glossary(
    State(app): State<Arc<App>>,
    Path(id): Path<String>,
    request: Request,
) -> Response {
    answered!(app, request, _incoming => {
        let glossary = app.glossaries.get(&id).ok_or_else(no_glossary)?;
        Ok(Json(described(&glossary)).into_response())
    })
}

async fn delete_glossary(
    State(app): State<Arc<App>>,
    Path(id): Path<String>,
    request: Request,
) -> Response {
    answered!(app, request, _incoming => {
        let (glossaries, log) = (app.clone(), app.log.clone());
        let removed =
            tokio::task::spawn_blocking(move || glossaries.glossaries.remove(&id, &log));
        match removed.await.unwrap_or(Err(Failure::Internal))? {
            true => Ok(StatusCode::NO_CONTENT.into_response()),
            false => Err(no_glossary()),
        }
    })
}

async fn entries(
    State(app): State<Arc<App>>,
    Path(id): Path<String>,
    request: Request,
) -> Response {
    answered!(app, request, _incoming => {
        let glossary = app.glossaries.get(&id).ok_or_else(no_glossary)?;
        let lines = glossary.terms.iter().map(|(source, target)| format!("{source}\t{target}\n"));
        let kind = [(header::CONTENT_TYPE, "text/tab-separated-values; charset=utf-8")];
        Ok((kind, lines.collect::<String>()).into_response())
    })
}

async fn upload(State(app): State<Arc<App>>, request: Request) -> Response {
    answered!(app, request, incoming => {
        let Some(file) = incoming.files.first() else {
            return Err(Failure::Invalid("Value for 'file' not specified.".into()));
        };
        let target = incoming.text("target_lang")?.unwrap_or_default();
        let given = incoming.text("source_lang")?.filter(|code| !code.is_empty());
        let given = given.as_deref().map(language).transpose()?;
        let to = language(&target)?;
        let name = incoming.text("filename")?.unwrap_or_else(|| file.name.clone());
        let item = formats::article(&file.bytes, &name)?;
        let characters = item.document.text().chars().count();
        within(&app, characters)?;
        let options = options(&app, &incoming, given, to)?;
        let (ticket, _) =
            super::submit(&app, Task::Translate, item.document, given, Some(to), options)?;
        let receipt = app.deliveries.follow(ticket, &name, &item.form, characters)?;
        let receipt = json!({"document_id": receipt.id, "document_key": receipt.secret});
        Ok(Json(receipt).into_response())
    })
}

fn no_document() -> Failure {
    Failure::NotFound("the document was not found".into())
}

async fn stage(State(app): State<Arc<App>>, Path(id): Path<String>, request: Request) -> Response {
    answered!(app, request, incoming => {
        let secret = incoming.text("document_key")?.unwrap_or_default();
        let stage = app.deliveries.stage(&id, &secret).ok_or_else(no_document)?;
        let mut value = json!({"document_id": id});
        match stage {
            Stage::Queued => value["status"] = "queued".into(),
            Stage::Translating => {
                value["status"] = "translating".into();
                // Not known; clients wait as long as this says.
                value["seconds_remaining"] = 5.into();
            }
            Stage::Done(delivery) => {
                value["status"] = "done".into();
                value["billed_characters"] = delivery.characters.into();
            }
            Stage::Failed(failure) => {
                value["status"] = "error".into();
                value["error_message"] = failure.to_string().into();
            }
        }
        Ok(Json(value).into_response())
    })
}

async fn result(State(app): State<Arc<App>>, Path(id): Path<String>, request: Request) -> Response {
    answered!(app, request, incoming => {
        let secret = incoming.text("document_key")?.unwrap_or_default();
        match app.deliveries.stage(&id, &secret).ok_or_else(no_document)? {
            Stage::Done(delivery) => {
                app.deliveries.forget(&id);
                Ok(super::file(&delivery))
            }
            Stage::Failed(failure) => Err(failure),
            _ => Err(Failure::NotReady("the document is not done yet")),
        }
    })
}
