//! The APIs, one file each, and what they share: a text for the engine from the fields of a
//! request.

pub(super) mod articles;
pub(super) mod deepl;
pub(super) mod desk;
pub(super) mod dismissals;
pub(super) mod export;
pub(super) mod extensions;
mod failures;
pub(super) mod glossaries;
pub(super) mod health;
pub(super) mod jobs;
pub(super) mod libretranslate;
pub(super) mod openai;
pub(super) mod v1;

use std::convert::Infallible;
use std::pin::Pin;
use std::sync::Arc;
use std::task::Poll;

use axum::Json;
use axum::extract::Request;
use axum::http::header;
use axum::response::{IntoResponse, Response};
use malmoi::document::Document;
use malmoi::prompts::Task;
use malmoi::{Glossary, Language, LanguagePair, Outcome, TaskOptions, formats};
use serde_json::Value;
use tokio::sync::mpsc::UnboundedReceiver;

use super::app::{App, KeyName};
use super::deliveries::Delivery;
use super::engine::Ticket;
use super::failure::Failure;
use super::incoming::Incoming;
use super::wishes::shortened;
use super::work;

/// A text to translate or to summarize.
struct Text<'t> {
    task: Task,
    text: &'t str,
    /// Format by the extension of its files: `txt`, `html`.
    format: &'static str,
    /// Language of the text; detected if `None`.
    from: Option<Language>,
    to: Option<Language>,
    options: TaskOptions,
}

impl Text<'_> {
    /// Reads the text and puts it into the queue.
    fn submit(self, app: &App) -> Result<(Ticket<Outcome>, LanguagePair), Failure> {
        self.submit_to(app, None)
    }

    /// The same for the model of a name.
    fn submit_to(
        self,
        app: &App,
        model: Option<&str>,
    ) -> Result<(Ticket<Outcome>, LanguagePair), Failure> {
        let document = document(app, self.text, self.format)?;
        submit_to(app, model, self.task, document, self.from, self.to, self.options)
    }
}

/// Reads a text in a format, which is the extension of its files.
fn document(app: &App, text: &str, format: &str) -> Result<Document, Failure> {
    within(app, text.chars().count())?;
    formats::read(text.as_bytes(), &format!("the text.{format}"))
        .map_err(|error| named(error, format))
}

/// The extension of files in a format that `/api/v1` names.
fn extension(format: Option<&str>) -> Result<&'static str, Failure> {
    Ok(match format {
        None | Some("" | "text") => "txt",
        Some("html") => "html",
        Some("markdown") => "md",
        Some("srt") => "srt",
        Some("vtt") => "vtt",
        Some(other) => {
            let shown = shortened(other);
            let message = format!("`{shown}` is no format; use text, html, markdown, srt or vtt");
            return Err(Failure::Invalid(message));
        }
    })
}

/// Errors name "the text", whatever extension told its format.
fn named(error: malmoi::Error, format: &str) -> Failure {
    match Failure::from(error) {
        Failure::Invalid(message) => {
            Failure::Invalid(message.replace(&format!("the text.{format}"), "the text"))
        }
        other => other,
    }
}

/// Puts a document into the queue.
fn submit(
    app: &App,
    task: Task,
    document: Document,
    from: Option<Language>,
    to: Option<Language>,
    options: TaskOptions,
) -> Result<(Ticket<Outcome>, LanguagePair), Failure> {
    submit_to(app, None, task, document, from, to, options)
}

/// The same for the model of a name.
fn submit_to(
    app: &App,
    model: Option<&str>,
    task: Task,
    document: Document,
    from: Option<Language>,
    to: Option<Language>,
    options: TaskOptions,
) -> Result<(Ticket<Outcome>, LanguagePair), Failure> {
    let from = match from {
        Some(from) => from,
        None => Language::of_article(&document.article())?,
    };
    let default = if task == Task::Translate { from.other() } else { from };
    let languages = LanguagePair { from, to: to.unwrap_or(default) };
    if task == Task::Translate && languages.from == languages.to {
        return Err(malmoi::Error::SameLanguage { language: from.name() }.into());
    }
    let ticket = work::submit(app, model, task, document, languages, options)?;
    Ok((ticket, languages))
}

/// Refuses texts beyond the limit on their characters.
fn within(app: &App, characters: usize) -> Result<(), Failure> {
    let limit = app.limits.characters;
    if characters > limit {
        let message = format!("the text has {characters} characters; this server takes {limit}");
        return Err(Failure::TooLarge(message));
    }
    Ok(())
}

/// The language of a code: `ko`, `EN-US`, `kor`, `ko-KR`.
fn language(code: &str) -> Result<Language, Failure> {
    let base = code.split(['-', '_']).next().unwrap_or_default();
    Language::parse(&base.to_lowercase()).map_err(|_| {
        Failure::Invalid(format!("`{}` is not supported; use en or ko", shortened(code)))
    })
}

/// A language; `None` for `auto`.
fn optional_language(code: Option<&str>) -> Result<Option<Language>, Failure> {
    code.filter(|code| !code.is_empty() && *code != "auto").map(language).transpose()
}

/// The glossary that a request names: by default that of `--glossary` and the desk, `none`, or a
/// list of `/api/v1/glossaries` before them.
fn chosen_glossary(app: &App, id: Option<&str>) -> Result<Glossary, Failure> {
    let usual = || app.options.now().checks.glossary;
    match id {
        None | Some("" | "desk") => Ok(usual()),
        Some("none") => Ok(Glossary::default()),
        Some(id) => {
            let missing = || Failure::Invalid("`glossary_id` is not one of the glossaries".into());
            let chosen = app.glossaries.get(id).ok_or_else(missing)?;
            Ok(Glossary::from(chosen.terms()).with(usual().terms()))
        }
    }
}

/// Reads a request and runs `work`, which may wait for the disk, beside the server's threads.
async fn blocking(
    app: Arc<App>,
    request: Request,
    work: impl FnOnce(&App, &Incoming) -> Result<Value, Failure> + Send + 'static,
) -> Response {
    let incoming = match Incoming::read(&app, request).await {
        Ok(incoming) => incoming,
        Err(failure) => return failure.into_response(),
    };
    let key = incoming.key.clone();
    let done = tokio::task::spawn_blocking(move || work(&app, &incoming)).await;
    let response = match done.unwrap_or(Err(Failure::Internal)) {
        Ok(value) => Json(value).into_response(),
        Err(failure) => failure.into_response(),
    };
    with_key(key, response)
}

/// Adds the name of a request's key to its answer, for the log.
fn with_key(key: Option<String>, mut response: Response) -> Response {
    if let Some(key) = key {
        response.extensions_mut().insert(KeyName(key));
    }
    response
}

/// A translated file, as a download.
fn file(delivery: &Delivery) -> Response {
    let headers = [
        (header::CONTENT_TYPE, "application/octet-stream".to_string()),
        (header::CONTENT_DISPOSITION, download(&delivery.name)),
    ];
    (headers, delivery.text.clone()).into_response()
}

/// The `Content-Disposition` of a download with a name.
fn download(name: &str) -> String {
    let name: String = url::form_urlencoded::byte_serialize(name.as_bytes()).collect();
    format!("attachment; filename*=UTF-8''{}", name.replace('+', "%20"))
}

/// Pieces of an answer as a stream that does not fail.
struct Pieces<T>(UnboundedReceiver<T>);

impl<T> futures_core::Stream for Pieces<T> {
    type Item = Result<T, Infallible>;

    fn poll_next(
        mut self: Pin<&mut Self>,
        context: &mut std::task::Context<'_>,
    ) -> Poll<Option<Self::Item>> {
        self.0.poll_recv(context).map(|piece| piece.map(Ok))
    }
}
