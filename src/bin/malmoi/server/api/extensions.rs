//! The requests of browser extensions: Immersive Translate, KISS Translator and DeepLX.

use std::sync::Arc;

use axum::extract::{Request, State};
use axum::response::{IntoResponse, Response};
use axum::routing::post;
use axum::{Json, Router};
use malmoi::Language;
use malmoi::prompts::Task;
use serde_json::{Value, json};

use super::super::app::App;
use super::super::incoming::Incoming;
use super::{Text, language, with_key, within};
use crate::engine::Failure;

pub(in super::super) fn routes() -> Router<Arc<App>> {
    Router::new()
        .route("/imme", post(immersive))
        .route("/kiss", post(kiss))
        .route("/deeplx", post(deeplx))
}

/// A translated text, and the language that it was in.
struct Translated {
    text: String,
    from: Language,
}

/// Translates texts into a language. A text that is in it already, or has no words, comes back.
async fn translate(
    app: &App,
    texts: &[String],
    from: Option<&str>,
    to: &str,
) -> Result<Vec<Translated>, Failure> {
    let is_auto = |code: &&str| code.is_empty() || code.eq_ignore_ascii_case("auto");
    let given = from.filter(|code| !is_auto(code)).map(language).transpose()?;
    let to = language(to)?;
    within(app, texts.iter().map(|text| text.chars().count()).sum())?;
    let mut waiting = Vec::with_capacity(texts.len());
    for text in texts {
        let found = Language::detect(text);
        let from = given.or(found).unwrap_or(to.other());
        let ticket = if found.is_none() || from == to {
            None
        } else {
            let options = app.options.now();
            let (task, format) = (Task::Translate, "txt");
            Some(
                Text { task, text, format, from: Some(from), to: Some(to), options }.submit(app)?.0,
            )
        };
        waiting.push((ticket, from));
    }
    let mut done = Vec::with_capacity(texts.len());
    for ((ticket, from), text) in waiting.into_iter().zip(texts) {
        let text = match ticket {
            Some(ticket) => ticket.result().await?.text,
            None => text.clone(),
        };
        done.push(Translated { text, from });
    }
    Ok(done)
}

fn missing(name: &str) -> Failure {
    Failure::Invalid(format!("`{name}` is missing"))
}

fn answer(key: Option<String>, answer: Result<Value, Failure>) -> Response {
    let response = match answer {
        Ok(value) => Json(value).into_response(),
        Err(failure) => failure.into_response(),
    };
    with_key(key, response)
}

/// `{source_lang, target_lang, text_list}`: `{translations: [{detected_source_lang, text}]}`.
async fn immersive(State(app): State<Arc<App>>, request: Request) -> Response {
    let incoming = match Incoming::read(&app, request).await {
        Ok(incoming) => incoming,
        Err(failure) => return failure.into_response(),
    };
    let result = async {
        let texts = incoming.texts("text_list")?.ok_or_else(|| missing("text_list"))?;
        let to = incoming.text("target_lang")?.ok_or_else(|| missing("target_lang"))?;
        let from = incoming.text("source_lang")?;
        let done = translate(&app, &texts, from.as_deref(), &to).await?;
        let translations: Vec<Value> = done
            .into_iter()
            .map(|one| json!({"detected_source_lang": one.from.code(), "text": one.text}))
            .collect();
        Ok(json!({"translations": translations}))
    };
    answer(incoming.key.clone(), result.await)
}

/// `{text, from, to}`: `{text, from, to}`.
async fn kiss(State(app): State<Arc<App>>, request: Request) -> Response {
    let incoming = match Incoming::read(&app, request).await {
        Ok(incoming) => incoming,
        Err(failure) => return failure.into_response(),
    };
    let result = async {
        let text = incoming.text("text")?.ok_or_else(|| missing("text"))?;
        let to = incoming.text("to")?.ok_or_else(|| missing("to"))?;
        let from = incoming.text("from")?;
        let done = translate(&app, &[text], from.as_deref(), &to).await?;
        let Some(Translated { text, from }) = done.into_iter().next() else {
            return Err(Failure::Internal);
        };
        Ok(json!({"text": text, "from": from.code(), "to": to}))
    };
    answer(incoming.key.clone(), result.await)
}

/// `{text, source_lang, target_lang}`: `{code, data, alternatives, source_lang, target_lang}`.
async fn deeplx(State(app): State<Arc<App>>, request: Request) -> Response {
    let incoming = match Incoming::read(&app, request).await {
        Ok(incoming) => incoming,
        Err(failure) => return failure.into_response(),
    };
    let result = async {
        let text = incoming.text("text")?.ok_or_else(|| missing("text"))?;
        let to = incoming.text("target_lang")?.ok_or_else(|| missing("target_lang"))?;
        let from = incoming.text("source_lang")?;
        let done = translate(&app, &[text], from.as_deref(), &to).await?;
        let Some(Translated { text, from }) = done.into_iter().next() else {
            return Err(Failure::Internal);
        };
        Ok(json!({
            "code": 200, "data": text, "alternatives": [], "method": "malmoi",
            "source_lang": from.code().to_uppercase(), "target_lang": to.to_uppercase(),
        }))
    };
    answer(incoming.key.clone(), result.await)
}
