//! The APIs, one file each, and what they share: a text for the engine from the fields of a
//! request.

pub(super) mod deepl;
pub(super) mod desk;
pub(super) mod extensions;
mod failures;
pub(super) mod health;
pub(super) mod jobs;
pub(super) mod libretranslate;
pub(super) mod openai;
pub(super) mod v1;

use std::convert::Infallible;
use std::pin::Pin;
use std::task::Poll;

use axum::http::header;
use axum::response::{IntoResponse, Response};
use malmoi::document::Document;
use malmoi::prompts::Task;
use malmoi::{Language, LanguagePair, Outcome, TaskOptions, formats};
use tokio::sync::mpsc::UnboundedReceiver;

use super::app::{App, KeyName};
use super::deliveries::Delivery;
use super::engine::Ticket;
use super::failure::Failure;
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
        let Self { task, text, format, from, to, options } = self;
        within(app, text.chars().count())?;
        let document = formats::read(text.as_bytes(), &format!("the text.{format}"))
            .map_err(|error| named(error, format))?;
        submit(app, task, document, from, to, options)
    }
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
    let from = match from {
        Some(from) => from,
        None => Language::of_article(&document.article())?,
    };
    let default = if task == Task::Translate { from.other() } else { from };
    let languages = LanguagePair { from, to: to.unwrap_or(default) };
    if task == Task::Translate && languages.from == languages.to {
        return Err(malmoi::Error::SameLanguage { language: from.name() }.into());
    }
    let ticket = work::submit(app, task, document, languages, options)?;
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
