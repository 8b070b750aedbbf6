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
mod texts;
pub(super) mod v1;

use std::convert::Infallible;
use std::pin::Pin;
use std::sync::Arc;
use std::task::Poll;

use axum::Json;
use axum::extract::{Request, State};
use axum::http::header;
use axum::response::{IntoResponse, Response};
use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use malmoi::document::Document;
use malmoi::formats::{self, Item};
use malmoi::prompts::Task;
use malmoi::{Glossary, Language, LanguagePair, Outcome, TaskOptions, Term};
use serde_json::Value;
use tokio::sync::mpsc::UnboundedReceiver;

use super::app::{App, KeyName};
use super::caller;
use super::deliveries::Delivery;
use super::glossaries::Dictionary;
use super::incoming::Incoming;
use super::work;
use crate::engine::fields::{self, language, shortened};
use crate::engine::{Failure, Ticket, task};

/// A handler of axum: it reads a request, answers it with `work`, and writes a failure with
/// `refuse`.
fn answering<W, F>(
    refuse: fn(&Failure) -> Response,
    work: W,
) -> impl Fn(State<Arc<App>>, Request) -> Answering + Clone + Send + Sync + 'static
where
    W: FnOnce(Arc<App>, Incoming) -> F + Clone + Send + Sync + 'static,
    F: Future<Output = Result<Response, Failure>> + Send + 'static,
{
    move |State(app), request| {
        let work = work.clone();
        Box::pin(async move {
            let incoming = match Incoming::read(&app, request).await {
                Ok(incoming) => incoming,
                Err(failure) => return refuse(&failure),
            };
            let key = incoming.key.clone();
            let answer = work(app, incoming).await;
            with_key(key, answer.unwrap_or_else(|failure| refuse(&failure)))
        })
    }
}

/// Runs work that may wait for the disk, beside the server's threads.
async fn offload<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, Failure> + Send + 'static,
) -> Result<T, Failure> {
    let caller = caller::current();
    let done = tokio::task::spawn_blocking(move || caller::inside(caller, work)).await;
    done.unwrap_or(Err(Failure::Internal))
}

/// An answer to come.
type Answering = Pin<Box<dyn Future<Output = Response> + Send>>;

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
    task::document(text, format)
}

/// Reads a file in base64, whose name tells its format.
fn uploaded(app: &App, file: &str, name: Option<&str>) -> Result<Item, Failure> {
    let bytes = BASE64_STANDARD.decode(file.trim());
    let bytes = bytes.map_err(|_| Failure::Invalid("`file` is not in base64".into()))?;
    let name = name.unwrap_or_default().rsplit(['/', '\\']).next().unwrap_or_default();
    let item = formats::article(&bytes, if name.is_empty() { "the file" } else { name })?;
    within(app, item.document.text().chars().count())?;
    Ok(item)
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
    let languages = task::languages(task, &document, from, to)?;
    let ticket = work::submit(app, model, task, document, languages, options)?;
    Ok((ticket, languages))
}

/// Refuses texts beyond the limit on their characters.
fn within(app: &App, characters: usize) -> Result<(), Failure> {
    fields::within(app.limits.characters, characters)
}

/// The glossary that a request names: by default that of `--glossary` and the desk, `none`, or a
/// list of `/api/v1/glossaries` before them.
fn chosen_glossary(app: &App, id: Option<&str>) -> Result<Glossary, Failure> {
    let usual = || app.options.now().checks.glossary;
    match id {
        None | Some("" | "desk") => Ok(usual()),
        Some("none") => Ok(Glossary::default()),
        Some(id) => {
            let missing = |_| Failure::Invalid("`glossary_id` is not one of the glossaries".into());
            let chosen = app.glossaries.get(id).map_err(missing)?;
            let terms: Vec<Term> = chosen.dictionaries.iter().flat_map(Dictionary::terms).collect();
            Ok(Glossary::from(terms).with(usual().terms()))
        }
    }
}

/// Reads a request and runs `work`, which may wait for the disk, beside the server's threads.
async fn blocking(
    app: Arc<App>,
    request: Request,
    work: impl FnOnce(&App, &Incoming) -> Result<Response, Failure> + Send + 'static,
) -> Response {
    let incoming = match Incoming::read(&app, request).await {
        Ok(incoming) => incoming,
        Err(failure) => return failure.into_response(),
    };
    let key = incoming.key.clone();
    let caller = caller::current();
    let work = move || caller::inside(caller, || work(&app, &incoming));
    let done = tokio::task::spawn_blocking(work).await;
    let response = done.unwrap_or(Err(Failure::Internal)).unwrap_or_else(Failure::into_response);
    with_key(key, response)
}

/// The same for work whose answer is JSON.
async fn blocking_json(
    app: Arc<App>,
    request: Request,
    work: impl FnOnce(&App, &Incoming) -> Result<Value, Failure> + Send + 'static,
) -> Response {
    let work = |app: &App, incoming: &Incoming| Ok(Json(work(app, incoming)?).into_response());
    blocking(app, request, work).await
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
    (headers, delivery.bytes.clone()).into_response()
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
