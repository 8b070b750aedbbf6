//! Texts: `/v2/translate`. Equal requests in flight are answered together, since clients that lose
//! patience ask again.

use std::sync::Arc;

use axum::Router;
use axum::response::Response;
use axum::routing::post;
use serde_json::{Value, json};

use super::super::super::app::App;
use super::super::super::failure::Failure;
use super::super::super::in_flight::RequestHash;
use super::super::super::incoming::Incoming;
use super::super::texts::Texts;
use super::super::{answering, language, shortened};
use super::options::options;
use super::patience::patient;
use super::{missing, needed, refuse, source, upper};

pub(super) fn routes() -> Router<Arc<App>> {
    Router::new().route("/v2/translate", post(answering(refuse, translate)))
}

async fn translate(app: Arc<App>, incoming: Incoming) -> Result<Response, Failure> {
    let key = incoming.key.clone().unwrap_or_default();
    let query = incoming.parts.uri.query().unwrap_or_default().as_bytes();
    let parts = [key.as_bytes(), b"/v2/translate", query, &incoming.content];
    let hash = RequestHash::of(&parts);
    let in_flight = app.in_flight.clone();
    // The first to ask learns at once what is wrong with the request.
    let begin = move || translations(&app, &incoming);
    Ok(patient(tokio::spawn(async move { in_flight.answer(hash, begin).await })).await)
}

/// Puts the texts of a request into the queue; returns the work of waiting for them.
fn translations(
    app: &App,
    incoming: &Incoming,
) -> Result<impl Future<Output = Result<Value, Failure>> + Send + use<>, Failure> {
    let texts = incoming.texts("text")?.ok_or_else(|| missing("text"))?;
    let to = language(&needed(incoming, "target_lang")?)?;
    let from = source(incoming)?;
    let format = match incoming.text("tag_handling")?.as_deref() {
        None | Some("") => "txt",
        Some("html" | "xml") => "html",
        Some(other) => {
            let message = format!("tag_handling `{}` is not supported", shortened(other));
            return Err(Failure::Invalid(message));
        }
    };
    let options = options(app, incoming, from, to)?;
    let waiting = Texts { texts: &texts, format, from, to, options }.begin(app)?;
    Ok(async move {
        let mut done = Vec::with_capacity(waiting.len());
        for pending in waiting {
            let (from, characters) = (pending.from, pending.characters());
            done.push(json!({
                "detected_source_language": upper(from),
                "text": pending.text().await?,
                "billed_characters": characters,
                "model_type_used": "quality_optimized",
            }));
        }
        Ok(json!({"translations": done}))
    })
}
