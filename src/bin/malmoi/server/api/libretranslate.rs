//! LibreTranslate's API, version 1.9.

use std::sync::Arc;

use axum::extract::{Path, State};
use axum::http::header;
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use axum::{Json, Router};
use malmoi::desk::{Origin, Unit};
use malmoi::formats::{self, Format, Reader};
use malmoi::prompts::Task;
use malmoi::{Language, LanguagePair, TaskOptions};
use serde_json::{Map, Value, json};

use super::super::app::App;
use super::super::deliveries::Stage;
use super::super::incoming::Incoming;
use super::texts::{HTML, PLAIN, Texts};
use super::{answering, desk, language, offload, shortened, submit, within};
use crate::engine::Failure;

/// Alternatives of one text.
const MAX_ALTERNATIVES: u64 = 5;

pub(in super::super) fn routes() -> Router<Arc<App>> {
    Router::new()
        .route("/translate", post(answering(refuse, translate)))
        .route("/detect", post(answering(refuse, detect)))
        .route("/languages", get(languages))
        .route("/frontend/settings", get(settings))
        .route("/suggest", post(answering(refuse, suggest)))
        .route("/translate_file", post(answering(refuse, translate_file)))
        .route("/download_file/{name}", get(download_file))
}

fn refuse(failure: &Failure) -> Response {
    match failure {
        // LibreTranslate's clients expect 403 where others expect 401.
        Failure::Key => Failure::Forbidden("Invalid API key".into()).into_response(),
        failure => failure.clone().into_response(),
    }
}

/// A field that a request must have.
fn needed(incoming: &Incoming, name: &str) -> Result<String, Failure> {
    incoming.text(name)?.ok_or_else(|| missing(name))
}

fn missing(name: &str) -> Failure {
    Failure::Invalid(format!("Invalid request: missing {name} parameter"))
}

/// The languages of a request: that of its texts, `None` if they are to be detected, and that of
/// their translations.
fn languages_of(incoming: &Incoming) -> Result<(Option<Language>, Language), Failure> {
    let (source, target) = (needed(incoming, "source")?, needed(incoming, "target")?);
    let from = if source == "auto" { None } else { Some(language(&source)?) };
    Ok((from, language(&target)?))
}

async fn translate(app: Arc<App>, incoming: Incoming) -> Result<Response, Failure> {
    let texts = incoming.texts("q")?.ok_or_else(|| missing("q"))?;
    let (from, to) = languages_of(&incoming)?;
    let reader = match incoming.text("format")?.as_deref() {
        None | Some("" | "text") => &PLAIN,
        Some("html") => &HTML,
        Some(other) => {
            let message = format!("{} format is not supported", shortened(other));
            return Err(Failure::Invalid(message));
        }
    };
    let count = incoming.number("alternatives", 0, MAX_ALTERNATIVES)?.unwrap_or(0);
    let likeliest = Texts { texts: &texts, reader, from, to, options: app.options.now() };
    let mut drawn = Vec::new();
    let waiting = likeliest.clone().begin(&app)?;
    for seed in 1..=count {
        let options = TaskOptions { seed: Some(seed), desk: None, ..app.options.now() };
        drawn.push(Texts { options, ..likeliest.clone() }.begin(&app)?.into_iter());
    }
    let (mut translated, mut detected, mut alternatives) = (Vec::new(), Vec::new(), Vec::new());
    for pending in waiting {
        detected.push(detection(pending.words()));
        let text = pending.text().await?;
        let mut others: Vec<String> = Vec::new();
        for other in drawn.iter_mut().filter_map(Iterator::next) {
            let other = other.text().await?;
            if other != text && !others.contains(&other) {
                others.push(other);
            }
        }
        alternatives.push(others.into());
        translated.push(text.into());
    }
    let is_list = incoming.get("q").is_some_and(Value::is_array);
    let list = |values: Vec<Value>| if is_list { Value::from(values) } else { first(values) };
    let mut out = Map::new();
    if from.is_none() {
        out.insert("detectedLanguage".into(), list(detected));
    }
    if count > 0 {
        out.insert("alternatives".into(), list(alternatives));
    }
    out.insert("translatedText".into(), list(translated));
    Ok(Json(out).into_response())
}

fn first(values: Vec<Value>) -> Value {
    values.into_iter().next().unwrap_or_default()
}

/// The language of a text, and how sure that is: the share of its letters in that script, in
/// percent; none for a text that is in a third language, or has no words.
fn detection(text: &str) -> Value {
    let found = Language::detect(text).unwrap_or(Language::English);
    let share = match Language::recognize(text) {
        Ok(_) => found.share(text),
        Err(_) => 0.0,
    };
    json!({"confidence": (share * 1000.0).round() / 10.0, "language": found.code()})
}

async fn detect(app: Arc<App>, incoming: Incoming) -> Result<Response, Failure> {
    let text = needed(&incoming, "q")?;
    within(&app, text.chars().count())?;
    Ok(Json(json!([detection(&text)])).into_response())
}

/// Keeps a better translation in the desk's memory, as one that a person has confirmed.
async fn suggest(app: Arc<App>, incoming: Incoming) -> Result<Response, Failure> {
    let off = || Failure::Forbidden("Suggestions are disabled on this server.".into());
    let desk = app.desk.clone().filter(|desk| !desk.is_read_only()).ok_or_else(off)?;
    let (source, target) = (needed(&incoming, "q")?, needed(&incoming, "s")?);
    within(&app, source.chars().count() + target.chars().count())?;
    let (from, to) = languages_of(&incoming)?;
    let from = from.unwrap_or(to.other());
    if from == to || source.trim().is_empty() || target.trim().is_empty() {
        let message = "a suggestion is a text and its translation".into();
        return Err(Failure::Invalid(message));
    }
    let mut unit = Unit::new(LanguagePair { from, to }, source, target, Origin::Confirmed);
    unit.note = Some("a suggestion of a client of LibreTranslate's API".into());
    offload(move || desk::keep(&desk, unit, &app.log)).await?;
    Ok(Json(json!({"success": true})).into_response())
}

async fn languages(State(app): State<Arc<App>>) -> Response {
    let targets = |from: Language| -> Vec<&str> {
        let others = Language::all();
        others
            .filter(|to| *to == from || app.engine.serves(Task::Translate, from, *to))
            .map(|to| to.code())
            .collect()
    };
    let languages: Vec<Value> = Language::all()
        .map(|one| json!({"code": one.code(), "name": one.name(), "targets": targets(one)}))
        .collect();
    Json(languages).into_response()
}

async fn settings(State(app): State<Arc<App>>) -> Response {
    let one_article = |format: &&Format| {
        matches!(format.read, Reader::Article(_) | Reader::Office { .. } | Reader::Packed(_))
    };
    let endings: Vec<String> = formats::FORMATS
        .iter()
        .filter(one_article)
        .flat_map(|format| format.extensions.iter().map(|ending| format!(".{ending}")))
        .collect();
    Json(json!({
        "apiKeys": !app.keys.is_empty(),
        "charLimit": app.limits.characters,
        "filesTranslation": true,
        "frontendTimeout": 500,
        "keyRequired": !app.keys.is_empty(),
        "language": {
            "source": {"code": "auto", "name": "Auto Detect"},
            "target": {"code": "ko", "name": "Korean"},
        },
        "suggestions": app.desk.as_ref().is_some_and(|desk| !desk.is_read_only()),
        "supportedFilesFormat": endings,
    }))
    .into_response()
}

/// Translates a file; answers when it is done, with the address of the result.
async fn translate_file(app: Arc<App>, incoming: Incoming) -> Result<Response, Failure> {
    let file = incoming.files.first().ok_or_else(|| missing("file"))?;
    let (from, to) = languages_of(&incoming)?;
    let item = formats::article(&file.bytes, &file.name)?;
    let characters = item.document.text().chars().count();
    within(&app, characters)?;
    let options = app.options.now();
    let (ticket, _) = submit(&app, Task::Translate, item.document, from, Some(to), options)?;
    let outcome = ticket.result().await?;
    let name = app.deliveries.keep(outcome.into_bytes(), &file.name, &item.form, characters)?;
    let name: String = url::form_urlencoded::byte_serialize(name.as_bytes()).collect();
    let scheme = if app.is_encrypted { "https" } else { "http" };
    let host = incoming.parts.headers.get(header::HOST).and_then(|host| host.to_str().ok());
    let (host, name) = (host.unwrap_or_default(), name.replace('+', "%20"));
    let url = format!("{scheme}://{host}/download_file/{name}");
    let mut answer = json!({"translatedFileUrl": url});
    if !item.notes.is_empty() {
        answer["notes"] = item.notes.into();
    }
    Ok(Json(answer).into_response())
}

/// A translated file. Its name holds the secret, as in LibreTranslate, so that no key is asked for.
async fn download_file(State(app): State<Arc<App>>, Path(name): Path<String>) -> Response {
    let found = name.split_once('.').and_then(|(secret, _)| app.deliveries.stage(secret, secret));
    match found {
        Some(Stage::Done(delivery)) => super::file(&delivery),
        _ => Failure::NotFound("this file is not here, or not any more".into()).into_response(),
    }
}
