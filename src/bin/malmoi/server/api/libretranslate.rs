//! LibreTranslate's API, version 1.9.

use std::sync::Arc;

use axum::extract::{Path, Request, State};
use axum::http::header;
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use axum::{Json, Router};
use malmoi::formats::{self, Format, Reader};
use malmoi::prompts::Task;
use malmoi::{Language, Outcome, TaskOptions};
use serde_json::{Map, Value, json};

use super::super::app::App;
use super::super::deliveries::Stage;
use super::super::incoming::Incoming;
use super::{Text, language, shortened, with_key, within};
use crate::engine::{Failure, Ticket};

/// Alternatives of one text.
const MAX_ALTERNATIVES: u64 = 5;
/// Texts in one request.
const MAX_TEXTS: usize = 1_000;

pub(in super::super) fn routes() -> Router<Arc<App>> {
    Router::new()
        .route("/translate", post(translate))
        .route("/detect", post(detect))
        .route("/languages", get(languages))
        .route("/frontend/settings", get(settings))
        .route("/translate_file", post(translate_file))
        .route("/download_file/{name}", get(download_file))
}

type Answer = Result<Value, Failure>;

fn answer(key: Option<String>, answer: Answer) -> Response {
    let response = match answer {
        Ok(value) => Json(value).into_response(),
        // LibreTranslate's clients expect 403 where others expect 401.
        Err(Failure::Key) => Failure::Forbidden("Invalid API key".into()).into_response(),
        Err(failure) => failure.into_response(),
    };
    with_key(key, response)
}

async fn translate(State(app): State<Arc<App>>, request: Request) -> Response {
    match Incoming::read(&app, request).await {
        Ok(incoming) => answer(incoming.key.clone(), translated(&app, &incoming).await),
        Err(failure) => answer(None, Err(failure)),
    }
}

async fn translated(app: &App, incoming: &Incoming) -> Answer {
    let missing = |name| Failure::Invalid(format!("Invalid request: missing {name} parameter"));
    let texts = incoming.texts("q")?.ok_or_else(|| missing("q"))?;
    let source = incoming.text("source")?.ok_or_else(|| missing("source"))?;
    let target = incoming.text("target")?.ok_or_else(|| missing("target"))?;
    let format = match incoming.text("format")?.as_deref() {
        None | Some("" | "text") => "txt",
        Some("html") => "html",
        Some(other) => {
            let message = format!("{} format is not supported", shortened(other));
            return Err(Failure::Invalid(message));
        }
    };
    let from = if source == "auto" { None } else { Some(language(&source)?) };
    let to = language(&target)?;
    let count = incoming.number("alternatives", 0, MAX_ALTERNATIVES)?.unwrap_or(0);
    if texts.len() > MAX_TEXTS {
        let message =
            format!("{} texts in one request; this server takes {MAX_TEXTS}", texts.len());
        return Err(Failure::TooLarge(message));
    }
    within(app, texts.iter().map(|text| text.chars().count()).sum())?;
    // All texts are in the queue before the first is awaited: they are translated together.
    let mut waiting = Vec::with_capacity(texts.len());
    for text in &texts {
        waiting.push(Translation::begin(app, text, format, from, to, count)?);
    }
    let mut done = Vec::with_capacity(waiting.len());
    for translation in waiting {
        done.push(translation.end().await?);
    }
    let is_list = incoming.get("q").is_some_and(Value::is_array);
    let list = |values: Vec<Value>| if is_list { Value::from(values) } else { first(values) };
    let mut out = Map::new();
    if from.is_none() {
        let detected = done.iter().map(|one| one.detected.clone());
        out.insert("detectedLanguage".into(), list(detected.collect()));
    }
    if count > 0 {
        let alternatives = done.iter().map(|one| Value::from(one.alternatives.clone()));
        out.insert("alternatives".into(), list(alternatives.collect()));
    }
    let translated = done.into_iter().map(|one| Value::from(one.text));
    out.insert("translatedText".into(), list(translated.collect()));
    Ok(Value::Object(out))
}

fn first(values: Vec<Value>) -> Value {
    values.into_iter().next().unwrap_or_default()
}

/// A text that is being translated: its tickets, the main one first, or the text itself if there
/// is nothing to translate.
struct Translation<'t> {
    text: &'t str,
    tickets: Vec<Ticket<Outcome>>,
    detected: Value,
}

struct Translated {
    text: String,
    alternatives: Vec<String>,
    detected: Value,
}

impl<'t> Translation<'t> {
    fn begin(
        app: &App,
        text: &'t str,
        format: &'static str,
        from: Option<Language>,
        to: Language,
        alternatives: u64,
    ) -> Result<Self, Failure> {
        let found = Language::detect(text);
        let detected = found.map_or_else(
            || json!({"confidence": 0, "language": "en"}),
            |found| json!({"confidence": 100, "language": found.code()}),
        );
        // A text without words, or in the target language, comes back as it is.
        if found.is_none() || from.or(found) == Some(to) {
            return Ok(Self { text, tickets: Vec::new(), detected });
        }
        let mut tickets = Vec::new();
        for index in 0..=alternatives {
            // The translation itself is the likeliest one; alternatives are drawn.
            let seed = (index > 0).then_some(index);
            let desk = if index > 0 { None } else { app.desk.clone() };
            let options = TaskOptions { seed, desk, ..app.options.now() };
            let text = Text {
                task: Task::Translate,
                text,
                format,
                from: from.or(found),
                to: Some(to),
                options,
            };
            tickets.push(text.submit(app)?.0);
        }
        Ok(Self { text, tickets, detected })
    }

    async fn end(self) -> Result<Translated, Failure> {
        let Self { text, tickets, detected } = self;
        let mut texts: Vec<String> = Vec::new();
        for ticket in tickets {
            texts.push(ticket.result().await?.text);
        }
        let mut texts = texts.into_iter();
        let text = texts.next().unwrap_or_else(|| text.to_string());
        let mut alternatives: Vec<String> = Vec::new();
        for one in texts.filter(|one| *one != text) {
            if !alternatives.contains(&one) {
                alternatives.push(one);
            }
        }
        Ok(Translated { text, alternatives, detected })
    }
}

async fn detect(State(app): State<Arc<App>>, request: Request) -> Response {
    let incoming = match Incoming::read(&app, request).await {
        Ok(incoming) => incoming,
        Err(failure) => return answer(None, Err(failure)),
    };
    let found = || {
        let text = incoming
            .text("q")?
            .ok_or_else(|| Failure::Invalid("Invalid request: missing q parameter".into()))?;
        within(&app, text.chars().count())?;
        let (confidence, language) = match Language::detect(&text) {
            Some(language) => (100.0, language),
            None => (0.0, Language::English),
        };
        Ok(json!([{"confidence": confidence, "language": language.code()}]))
    };
    answer(incoming.key.clone(), found())
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
    let one_article =
        |format: &&Format| matches!(format.read, Reader::Article(_) | Reader::Packed(_));
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
        "suggestions": false,
        "supportedFilesFormat": endings,
    }))
    .into_response()
}

/// Translates a file; answers when it is done, with the address of the result.
async fn translate_file(State(app): State<Arc<App>>, request: Request) -> Response {
    let scheme = if app.is_encrypted { "https" } else { "http" };
    let host = request.headers().get(header::HOST).and_then(|host| host.to_str().ok());
    let base = format!("{scheme}://{}", host.unwrap_or_default());
    let incoming = match Incoming::read(&app, request).await {
        Ok(incoming) => incoming,
        Err(failure) => return answer(None, Err(failure)),
    };
    let result = async {
        let missing = |name| Failure::Invalid(format!("Invalid request: missing {name} parameter"));
        let file = incoming.files.first().ok_or_else(|| missing("file"))?;
        let source = incoming.text("source")?.ok_or_else(|| missing("source"))?;
        let target = incoming.text("target")?.ok_or_else(|| missing("target"))?;
        let from = if source == "auto" { None } else { Some(language(&source)?) };
        let to = language(&target)?;
        let item = formats::article(&file.bytes, &file.name)?;
        let characters = item.document.text().chars().count();
        within(&app, characters)?;
        let options = app.options.now();
        let (ticket, _) =
            super::submit(&app, Task::Translate, item.document, from, Some(to), options)?;
        let outcome = ticket.result().await?;
        let name = app.deliveries.keep(outcome.text, &file.name, &item.form, characters)?;
        let name: String = url::form_urlencoded::byte_serialize(name.as_bytes()).collect();
        Ok(
            json!({"translatedFileUrl": format!("{base}/download_file/{}", name.replace('+', "%20"))}),
        )
    };
    answer(incoming.key.clone(), result.await)
}

/// A translated file. Its name holds the secret, as in LibreTranslate, so that no key is asked for.
async fn download_file(State(app): State<Arc<App>>, Path(name): Path<String>) -> Response {
    let found = name.split_once('.').and_then(|(secret, _)| app.deliveries.stage(secret, secret));
    match found {
        Some(Stage::Done(delivery)) => super::file(&delivery),
        _ => Failure::NotFound("this file is not here, or not any more".into()).into_response(),
    }
}
