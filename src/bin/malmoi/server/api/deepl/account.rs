//! What clients ask about the service: languages, pairs for glossaries, usage.

use std::sync::Arc;
use std::sync::atomic::Ordering;

use axum::response::{IntoResponse, Response};
use axum::routing::get;
use axum::{Json, Router};
use malmoi::Language;
use malmoi::prompts::Task;
use serde_json::json;

use super::super::super::app::App;
use super::super::super::incoming::Incoming;
use super::super::answering;
use super::fields::{refuse, upper};
use crate::engine::Failure;

pub(super) fn routes() -> Router<Arc<App>> {
    let (languages, usage) = (answering(refuse, languages), answering(refuse, usage));
    Router::new()
        .route("/v2/languages", get(languages.clone()).post(languages))
        .route("/v2/usage", get(usage.clone()).post(usage))
        .route("/v2/glossary-language-pairs", get(answering(refuse, pairs)))
}

async fn languages(app: Arc<App>, incoming: Incoming) -> Result<Response, Failure> {
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
}

/// True if a language can be translated from, or into.
fn translates(app: &App, one: Language, is_target: bool) -> bool {
    let (from, to) = if is_target { (one.other(), one) } else { (one, one.other()) };
    app.engine.serves(Task::Translate, from, to)
}

/// Characters since the server started. There is no limit, which DeepL's clients cannot be told: a
/// very large one.
async fn usage(app: Arc<App>, _: Incoming) -> Result<Response, Failure> {
    let usage = json!({
        "character_count": app.characters.load(Ordering::Relaxed),
        "character_limit": 1_000_000_000_000_u64,
        "start_time": app.started,
    });
    Ok(Json(usage).into_response())
}

async fn pairs(_: Arc<App>, _: Incoming) -> Result<Response, Failure> {
    let pair = |from: &str, to: &str| json!({"source_lang": from, "target_lang": to});
    let pairs = json!({"supported_languages": [pair("en", "ko"), pair("ko", "en")]});
    Ok(Json(pairs).into_response())
}
