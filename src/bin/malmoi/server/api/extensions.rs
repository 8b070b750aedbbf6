//! The requests of browser extensions: Immersive Translate, KISS Translator, DeepLX, and those
//! that ask Google's Cloud Translation, version 2.

use std::sync::Arc;

use axum::response::{IntoResponse, Response};
use axum::routing::post;
use axum::{Json, Router};
use malmoi::Language;
use serde_json::{Value, json};

use super::super::app::App;
use super::super::incoming::Incoming;
use super::texts::{HTML, PLAIN, Reader, Texts};
use super::{answering, language};
use crate::engine::Failure;

pub(in super::super) fn routes() -> Router<Arc<App>> {
    Router::new()
        .route("/imme", post(answering(refuse, immersive)))
        .route("/kiss", post(answering(refuse, kiss)))
        .route("/deeplx", post(answering(refuse, deeplx)))
        .route("/language/translate/v2", post(answering(refuse_as_google, google)))
}

fn refuse(failure: &Failure) -> Response {
    failure.clone().into_response()
}

/// A translated text, and the language that it was in.
struct Translated {
    text: String,
    from: Language,
}

/// Translates texts into a language. A text that is in it already, or has no words, comes back.
async fn translate(
    app: &Arc<App>,
    texts: &[String],
    reader: &Reader<'_>,
    from: Option<&str>,
    to: &str,
) -> Result<Vec<Translated>, Failure> {
    let is_auto = |code: &&str| code.is_empty() || code.eq_ignore_ascii_case("auto");
    let from = from.filter(|code| !is_auto(code)).map(language).transpose()?;
    let (to, options) = (language(to)?, app.options.now());
    let waiting = Texts { texts, reader, from, to, options }.begin(app)?;
    let mut done = Vec::with_capacity(waiting.len());
    for pending in waiting {
        let from = pending.from;
        done.push(Translated { from, text: pending.text().await? });
    }
    Ok(done)
}

/// Translates one text.
async fn translate_one(
    app: &Arc<App>,
    text: String,
    from: Option<&str>,
    to: &str,
) -> Result<Translated, Failure> {
    let done = translate(app, &[text], &PLAIN, from, to).await?;
    done.into_iter().next().ok_or(Failure::Internal)
}

fn needed(incoming: &Incoming, name: &str) -> Result<String, Failure> {
    incoming.text(name)?.ok_or_else(|| missing(name))
}

fn missing(name: &str) -> Failure {
    Failure::Invalid(format!("`{name}` is missing"))
}

/// `{source_lang, target_lang, text_list}`: `{translations: [{detected_source_lang, text}]}`.
async fn immersive(app: Arc<App>, incoming: Incoming) -> Result<Response, Failure> {
    let texts = incoming.texts("text_list")?.ok_or_else(|| missing("text_list"))?;
    let to = needed(&incoming, "target_lang")?;
    let from = incoming.text("source_lang")?;
    let done = translate(&app, &texts, &PLAIN, from.as_deref(), &to).await?;
    let translations: Vec<Value> = done
        .into_iter()
        .map(|one| json!({"detected_source_lang": one.from.code(), "text": one.text}))
        .collect();
    Ok(Json(json!({"translations": translations})).into_response())
}

/// `{text, from, to}`: `{text, from, to}`.
async fn kiss(app: Arc<App>, incoming: Incoming) -> Result<Response, Failure> {
    let (text, to) = (needed(&incoming, "text")?, needed(&incoming, "to")?);
    let from = incoming.text("from")?;
    let Translated { text, from } = translate_one(&app, text, from.as_deref(), &to).await?;
    Ok(Json(json!({"text": text, "from": from.code(), "to": to})).into_response())
}

/// `{text, source_lang, target_lang}`: `{code, data, alternatives, source_lang, target_lang}`.
async fn deeplx(app: Arc<App>, incoming: Incoming) -> Result<Response, Failure> {
    let (text, to) = (needed(&incoming, "text")?, needed(&incoming, "target_lang")?);
    let from = incoming.text("source_lang")?;
    let Translated { text, from } = translate_one(&app, text, from.as_deref(), &to).await?;
    Ok(Json(json!({
        "code": 200, "data": text, "alternatives": [], "method": "malmoi",
        "source_lang": from.code().to_uppercase(), "target_lang": to.to_uppercase(),
    }))
    .into_response())
}

/// `{q, target, source, format}`: `{data: {translations: [{translatedText}]}}`, with
/// `detectedSourceLanguage` if no source was named.
async fn google(app: Arc<App>, incoming: Incoming) -> Result<Response, Failure> {
    let texts = incoming.texts("q")?.ok_or_else(|| missing("q"))?;
    let (to, from) = (needed(&incoming, "target")?, incoming.text("source")?);
    let reader = match incoming.text("format")?.as_deref() {
        None | Some("html") => &HTML,
        Some("text") => &PLAIN,
        Some(_) => return Err(Failure::Invalid("`format` must be html or text".into())),
    };
    let is_detected = from.as_deref().is_none_or(str::is_empty);
    let done = translate(&app, &texts, reader, from.as_deref(), &to).await?;
    let translations: Vec<Value> = done
        .into_iter()
        .map(|one| {
            let mut entry = json!({"translatedText": one.text});
            if is_detected {
                entry["detectedSourceLanguage"] = one.from.code().into();
            }
            entry
        })
        .collect();
    Ok(Json(json!({"data": {"translations": translations}})).into_response())
}

/// `{error: {code, message, status}}`.
fn refuse_as_google(failure: &Failure) -> Response {
    let status = match failure {
        Failure::Key | Failure::Forbidden(_) => "PERMISSION_DENIED",
        Failure::NotFound(_) => "NOT_FOUND",
        Failure::Busy { .. } => "RESOURCE_EXHAUSTED",
        Failure::NotReady(_) | Failure::Off(_) => "UNAVAILABLE",
        Failure::Late { .. } => "DEADLINE_EXCEEDED",
        Failure::Internal => "INTERNAL",
        _ => "INVALID_ARGUMENT",
    };
    let (code, message) = (failure.status().as_u16(), failure.to_string());
    let error = json!({"error": {"code": code, "message": message, "status": status}});
    failure.with_body(Json(error).into_response())
}
