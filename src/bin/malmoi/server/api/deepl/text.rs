//! Texts: `/v2/translate`. Equal requests in flight are answered together, since clients that lose
//! patience ask again.

use std::sync::Arc;
use std::sync::atomic::Ordering;

use axum::Router;
use axum::response::Response;
use axum::routing::post;
use malmoi::{Language, TaskOptions};
use serde_json::{Value, json};

use super::super::super::app::App;
use super::super::super::caller;
use super::super::super::in_flight::RequestHash;
use super::super::super::incoming::Incoming;
use super::super::texts::{Pending, Reader, Texts};
use super::super::{answering, language, shortened};
use super::fields::{missing, needed, refuse, source, upper};
use super::formatting::preserve;
use super::markup::Kept;
use super::options::options;
use super::patience::patient;
use super::reading::Reading;
use crate::engine::Failure;

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
    let begin = move || {
        let request = TextRequest::of(&app, &incoming)?;
        let waiting = request.begin(&app)?;
        Ok(async move { request.finish(&app, waiting).await })
    };
    let coming =
        caller::scope(caller::current(), async move { in_flight.answer(hash, begin).await });
    Ok(patient(tokio::spawn(coming)).await)
}

/// A request, read.
struct TextRequest {
    texts: Vec<String>,
    reading: Reading,
    from: Option<Language>,
    to: Language,
    options: TaskOptions,
    /// True if the translations end as their sources do.
    preserves: bool,
    /// True if the answer has the number of characters.
    shows_billed: bool,
    /// True if the answer has the kind of model.
    shows_model: bool,
}

impl TextRequest {
    fn of(app: &App, incoming: &Incoming) -> Result<Self, Failure> {
        let texts = incoming.texts("text")?.ok_or_else(|| missing("text"))?;
        let to = language(&needed(incoming, "target_lang")?)?;
        let from = source(incoming)?;
        let model = incoming.text("model_type")?.unwrap_or_default();
        let models = ["", "quality_optimized", "prefer_quality_optimized", "latency_optimized"];
        if !models.contains(&model.as_str()) {
            let message = format!("model_type `{}` is not supported", shortened(&model));
            return Err(Failure::Invalid(message));
        }
        let mut options = options(app, incoming, from, to)?;
        options.context = incoming.text("context")?.filter(|words| !words.trim().is_empty());
        Ok(Self {
            texts,
            reading: Reading::of(incoming)?,
            from,
            to,
            options,
            preserves: incoming.flag("preserve_formatting")?.unwrap_or(false),
            shows_billed: incoming.flag("show_billed_characters")?.unwrap_or(false),
            shows_model: !model.is_empty(),
        })
    }

    /// Puts texts into the queue.
    fn texts(
        &self,
        app: &Arc<App>,
        texts: &[String],
        reading: &Reading,
    ) -> Result<Vec<Pending>, Failure> {
        let read = |text: &str| reading.read(text);
        let reader = Reader { is_markup: reading.is_markup(), read: &read };
        let (from, to, options) = (self.from, self.to, self.options.clone());
        Texts { texts, reader: &reader, from, to, options }.begin(app)
    }

    fn begin(&self, app: &Arc<App>) -> Result<Vec<Pending>, Failure> {
        self.texts(app, &self.texts, &self.reading)
    }

    /// Waits for the translations.
    async fn finish(&self, app: &Arc<App>, waiting: Vec<Pending>) -> Result<Value, Failure> {
        let mut done = Vec::with_capacity(waiting.len());
        for (pending, source) in waiting.into_iter().zip(&self.texts) {
            let from = pending.from;
            let mut text = self.with_kept(app, source, pending.text().await?).await?;
            if self.preserves {
                text = preserve(source, &text, self.reading.is_markup());
            }
            let characters = source.chars().count();
            app.characters.fetch_add(characters as u64, Ordering::Relaxed);
            let mut entry = json!({"detected_source_language": upper(from), "text": text});
            if self.shows_billed {
                entry["billed_characters"] = characters.into();
            }
            if self.shows_model {
                // There is one model for all kinds.
                entry["model_type_used"] = "quality_optimized".into();
            }
            done.push(entry);
        }
        Ok(json!({"translations": done}))
    }

    /// A translation in which the elements that are not to be translated stand. If the model did
    /// not keep their words, the text is translated again, cut around them.
    async fn with_kept(
        &self,
        app: &Arc<App>,
        source: &String,
        translation: String,
    ) -> Result<String, Failure> {
        let Reading::Xml(rules, Kept::InSentence) = &self.reading else { return Ok(translation) };
        if rules.has_kept(source, &translation) {
            return Ok(translation);
        }
        let apart = Reading::Xml(rules.clone(), Kept::Apart);
        let waiting = self.texts(app, std::slice::from_ref(source), &apart)?;
        waiting.into_iter().next().ok_or(Failure::Internal)?.text().await
    }
}
