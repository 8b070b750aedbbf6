//! Jobs over HTTP: a feed, files or an archive in; progress as server-sent events; results out.
//! Documented as OpenAPI with the rest of `/api/v1`.

use std::convert::Infallible;
use std::fs::File;
use std::io::Read;
use std::pin::Pin;
use std::sync::Arc;
use std::task::Poll;
use std::time::Duration;

use axum::body::{Body, Bytes};
use axum::extract::{Path, Request, State};
use axum::http::header::{CONTENT_DISPOSITION, CONTENT_SECURITY_POLICY, CONTENT_TYPE, LOCATION};
use axum::http::{HeaderName, HeaderValue, StatusCode};
use axum::response::sse::{Event, KeepAlive, Sse};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use axum::{Json, Router};
use malmoi::prompts::Task;
use malmoi::{Language, LanguagePair};
use serde::Deserialize;
use serde_json::{Value, json};
use tokio::sync::mpsc::{Receiver, Sender, channel};
use utoipa::ToSchema;

use super::super::app::App;
use super::super::incoming::Incoming;
use super::super::jobs::{self, EventReader, Job, JobStatus, Jobs, NewJob, Work};
use super::super::upload::Upload;
use super::super::wishes::Wishes;
use super::failures::{JobFailures, NoJob};
use super::{blocking, download, with_key};
use crate::engine::Failure;
use crate::engine::fields::optional_language;

/// Events that are read at a time, and that wait for a slow client.
const AHEAD: usize = 64;
/// Bytes of a file that are read at a time.
const PIECE: usize = 64 << 10;
/// Time that a client gets for a piece of a file, or for an event.
const PATIENCE: Duration = Duration::from_secs(60);
/// The digest is a page of texts that others wrote: nothing runs or loads.
const DIGEST_POLICY: &str = "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; \
     form-action 'none'; frame-ancestors 'self'; sandbox allow-popups";

pub(in super::super) fn routes() -> Router<Arc<App>> {
    Router::new()
        .route("/api/v1/jobs", get(list).post(create))
        .route("/api/v1/jobs/{id}", get(one).delete(remove))
        .route("/api/v1/jobs/{id}/events", get(events))
        .route("/api/v1/jobs/{id}/results", get(results))
        .route("/api/v1/jobs/{id}/digest", get(digest))
        .route("/api/v1/jobs/{id}/files", get(files))
        .route("/api/v1/jobs/{id}/files/{name}", get(output))
}

/// A job as a JSON object. In a multipart body, files are parts with a file name, and the other
/// fields are parts as well; a body of another type is one file, with fields in the query.
#[derive(Deserialize, ToSchema)]
#[allow(dead_code, reason = "describes the fields, which are read one by one")]
pub(super) struct JobRequest {
    /// A feed or a file, as text.
    text: Option<String>,
    /// Name of the file, whose ending tells its format.
    #[schema(example = "morning.xml")]
    name: Option<String>,
    /// Address of a feed, if the server may fetch it.
    url: Option<String>,
    /// `both`, `translate` or `summarize`; by default what the server has models for.
    task: Option<String>,
    /// Language of the articles: `en`, `ko` or `auto`.
    from: Option<String>,
    /// Language of the results: `en` or `ko`. By default not that of the first article.
    #[schema(example = "ko")]
    to: Option<String>,
    /// Title for lists.
    title: Option<String>,
    #[serde(flatten)]
    wishes: Wishes,
}

/// The jobs of a key.
#[derive(ToSchema)]
#[allow(dead_code, reason = "describes an answer")]
pub(super) struct JobList {
    jobs: Vec<JobStatus>,
}

/// Work through a feed, files or an archive
#[utoipa::path(
    post,
    path = "/api/v1/jobs",
    request_body(content(
        (JobRequest = "application/json"),
        (JobRequest = "multipart/form-data")
    )),
    responses(
        (status = 202, description = "The job, which is safe on disk; `Location` has its address",
            body = JobStatus),
        JobFailures
    )
)]
pub(super) async fn create(State(app): State<Arc<App>>, request: Request) -> Response {
    let incoming = match Incoming::read_files(&app, request).await {
        Ok(incoming) => incoming,
        Err(failure) => return failure.into_response(),
    };
    let key = incoming.key.clone();
    let shared = app.clone();
    let done = tokio::task::spawn_blocking(move || add(&shared, incoming)).await;
    let response = match done.unwrap_or(Err(Failure::Internal)) {
        Ok(status) => {
            let location = [(LOCATION, format!("/api/v1/jobs/{}", status.id))];
            (StatusCode::ACCEPTED, location, Json(status)).into_response()
        }
        Err(failure) => failure.into_response(),
    };
    with_key(key, response)
}

fn add(app: &App, mut incoming: Incoming) -> Result<JobStatus, Failure> {
    let jobs = all(app)?;
    let title = incoming.text("title")?.map(|title| title.chars().take(200).collect());
    let wishes = wishes(&incoming)?;
    wishes.options(&app.options.now())?;
    let from = optional_language(incoming.text("from")?.as_deref())?;
    let to = optional_language(incoming.text("to")?.as_deref())?;
    let task = match incoming.text("task")?.as_deref() {
        None => None,
        Some("both") => Some(Work::Both),
        Some("translate") => Some(Work::Translate),
        Some("summarize") => Some(Work::Summarize),
        Some(_) => {
            let message = "`task` must be both, translate or summarize";
            return Err(Failure::Invalid(message.into()));
        }
    };
    app.engine.served().ok_or(Failure::NotReady("the models are being opened"))?;
    let mut uploads = std::mem::take(&mut incoming.files);
    let name = incoming.text("name")?;
    if let Some(text) = incoming.text("text")? {
        let name = name.unwrap_or_else(|| "text".to_string());
        uploads.push(Upload { name, bytes: text.into() });
    } else if incoming.get("items").is_some() && incoming.get("version").is_some() {
        // A JSON Feed as it is.
        let name = name.unwrap_or_else(|| "feed.json".to_string());
        uploads.push(Upload { name, bytes: incoming.content.clone() });
    }
    if let Some(address) = incoming.text("url")? {
        let message = "this server fetches no addresses; see --allow-fetch";
        let refused = || Failure::Forbidden(message.into());
        uploads.push(app.fetcher.as_ref().ok_or_else(refused)?.fetch(&address)?);
    }
    let intake = jobs::read(uploads, app.limits.body)?;
    let likely = from.or(intake.language).or(to).unwrap_or(Language::English);
    let to = to.unwrap_or_else(|| match task {
        Some(Work::Summarize) => likely,
        _ => likely.other(),
    });
    let translates = || app.engine.find(Task::Translate, LanguagePair { from: to.other(), to });
    let summarizes = || app.engine.find(Task::Summarize, LanguagePair { from: likely, to });
    let task = match task {
        Some(task) => {
            if task.translates() {
                translates()?;
            }
            if task.summarizes() {
                summarizes()?;
            }
            task
        }
        None => match (translates(), summarizes()) {
            (Ok(_), Ok(_)) => Work::Both,
            (Ok(_), Err(_)) => Work::Translate,
            (Err(_), Ok(_)) => Work::Summarize,
            (Err(failure), Err(_)) => return Err(failure),
        },
    };
    let owner = incoming.key.clone();
    let job = jobs.add(NewJob { owner, title, task, from, to, likely, wishes, intake })?;
    job.status().ok_or(Failure::Internal)
}

/// Wishes from any kind of body. A glossary in a form is JSON.
fn wishes(incoming: &Incoming) -> Result<Wishes, Failure> {
    let flag = |name: &str| match incoming.text(name)?.as_deref() {
        None => Ok(None),
        Some("true") => Ok(Some(true)),
        Some("false") => Ok(Some(false)),
        Some(_) => Err(Failure::Invalid(format!("`{name}` must be true or false"))),
    };
    let glossary = match incoming.get("glossary") {
        None => Vec::new(),
        Some(Value::String(text)) => serde_json::from_str(text).map_err(|_| wrong_glossary())?,
        Some(list) => serde_json::from_value(list.clone()).map_err(|_| wrong_glossary())?,
    };
    Ok(Wishes {
        sentences: incoming.number("sentences", 1, 50)?.map(|count| count as usize),
        style: incoming.text("style")?,
        register: incoming.text("register")?,
        glossary,
        memory: flag("memory")?,
        repair: flag("repair")?,
        seed: incoming.number("seed", 0, u64::MAX)?,
    })
}

fn wrong_glossary() -> Failure {
    let shape = r#"`glossary` must be a list of {"source": "…", "target": "…"}"#;
    Failure::Invalid(shape.into())
}

/// The jobs of this key, the newest first
#[utoipa::path(
    get,
    path = "/api/v1/jobs",
    responses((status = 200, description = "The jobs", body = JobList), NoJob)
)]
pub(super) async fn list(State(app): State<Arc<App>>, request: Request) -> Response {
    blocking(app, request, |app, incoming| {
        let all = all(app)?.list(incoming.key.as_deref());
        let all: Vec<JobStatus> =
            all.iter().filter_map(|job| Some(job.status()?.brief())).collect();
        Ok(Json(json!({ "jobs": all })).into_response())
    })
    .await
}

/// How far a job is
#[utoipa::path(
    get,
    path = "/api/v1/jobs/{id}",
    params(("id" = String, Path, description = "The job's `id`")),
    responses((status = 200, description = "The job", body = JobStatus), NoJob)
)]
pub(super) async fn one(
    State(app): State<Arc<App>>,
    Path(id): Path<String>,
    request: Request,
) -> Response {
    blocking(app, request, move |app, incoming| {
        let status = find(app, incoming, &id)?.status().ok_or_else(jobs::no_job)?;
        Ok(Json(status).into_response())
    })
    .await
}

/// Stop a job and remove all of it
#[utoipa::path(
    delete,
    path = "/api/v1/jobs/{id}",
    params(("id" = String, Path, description = "The job's `id`")),
    responses((status = 204, description = "The job is gone"), NoJob)
)]
pub(super) async fn remove(
    State(app): State<Arc<App>>,
    Path(id): Path<String>,
    request: Request,
) -> Response {
    blocking(app, request, move |app, incoming| {
        all(app)?.remove(incoming.key.as_deref(), &id)?;
        Ok(StatusCode::NO_CONTENT.into_response())
    })
    .await
}

/// The progress of a job as server-sent events
///
/// `item` for each settled article and `end` have numbers as ids. A client that comes back with
/// `Last-Event-ID` is sent those after it; after `end` the answer is 204. `job` and `progress` are
/// the job as it stands, without ids.
#[utoipa::path(
    get,
    path = "/api/v1/jobs/{id}/events",
    params(
        ("id" = String, Path, description = "The job's `id`"),
        ("Last-Event-ID" = Option<u64>, Header, description = "The last event that arrived"),
        ("after" = Option<u64>, Query, description = "The same, for clients that set no headers")
    ),
    responses(
        (status = 200, description = "The events", content_type = "text/event-stream"),
        (status = 204, description = "The job has ended, and its last event has arrived"),
        NoJob
    )
)]
pub(super) async fn events(
    State(app): State<Arc<App>>,
    Path(id): Path<String>,
    request: Request,
) -> Response {
    let last = request.headers().get("last-event-id");
    let last = last.and_then(|value| value.to_str().ok()?.trim().parse::<u64>().ok());
    blocking(app, request, move |app, incoming| {
        let after = match last {
            Some(last) => last,
            None => incoming.number("after", 0, u64::MAX)?.unwrap_or(0),
        };
        let job = find(app, incoming, &id)?;
        let status = job.status().ok_or_else(jobs::no_job)?;
        if status.state.is_final() && after >= status.event as u64 {
            return Ok(StatusCode::NO_CONTENT.into_response());
        }
        let (sender, receiver) = channel(AHEAD);
        let stopping = all(app)?.stopping();
        tokio::spawn(follow(job, after, sender, stopping));
        Ok(Sse::new(Bounded(receiver)).keep_alive(KeepAlive::default()).into_response())
    })
    .await
}

type SentEvent = Result<Event, Infallible>;

/// Sends the events of a job until its end, until the client leaves, or until the server stops.
async fn follow(
    job: Arc<Job>,
    after: u64,
    sender: Sender<SentEvent>,
    mut stopping: tokio::sync::watch::Receiver<bool>,
) {
    let mut changes = job.watch();
    let (mut reader, mut known) = (None, None);
    loop {
        changes.borrow_and_update();
        // Before the events are read: at its end all of them are there.
        let Some(status) = job.status() else { return };
        if known != Some(status.state) {
            known = Some(status.state);
            if !is_taken(&sender, told("job", &status)).await {
                return;
            }
        }
        loop {
            let Ok(Ok((next, events))) = tokio::task::spawn_blocking({
                let (job, reader) = (job.clone(), reader.take());
                move || read(&job, reader)
            })
            .await
            else {
                return;
            };
            reader = next;
            let count = events.len();
            for (number, line) in events.into_iter().filter(|(number, _)| *number > after) {
                let event = Event::default().id(number.to_string()).event("item").data(line);
                if !is_taken(&sender, event).await {
                    return;
                }
            }
            if count < AHEAD {
                break;
            }
        }
        if status.state.is_final() {
            let end = told("end", &status).id(status.event.to_string());
            // The client may be gone, which ends this as well.
            let _ = is_taken(&sender, end).await;
            return;
        }
        if status.progress.is_some() && !is_taken(&sender, told("progress", &status.brief())).await
        {
            return;
        }
        tokio::select! {
            () = sender.closed() => return,
            _ = stopping.wait_for(|stops| *stops) => return,
            changed = changes.changed() => if changed.is_err() { return },
        }
        // At most two a second, beside the items.
        tokio::time::sleep(Duration::from_millis(500)).await;
    }
}

/// Sends an event; false if the client is gone, or takes none for a minute.
async fn is_taken(sender: &Sender<SentEvent>, event: Event) -> bool {
    matches!(tokio::time::timeout(PATIENCE, sender.send(Ok(event))).await, Ok(Ok(())))
}

fn told(name: &str, status: &JobStatus) -> Event {
    let data = serde_json::to_string(status).unwrap_or_default();
    Event::default().event(name).data(data)
}

/// Up to [`AHEAD`] further events.
#[allow(clippy::type_complexity)]
fn read(
    job: &Job,
    reader: Option<EventReader>,
) -> std::io::Result<(Option<EventReader>, Vec<(u64, String)>)> {
    let mut reader = match reader {
        Some(reader) => reader,
        None => job.events()?,
    };
    let mut events = Vec::new();
    while events.len() < AHEAD {
        match reader.next()? {
            Some(event) => events.push(event),
            None => break,
        }
    }
    Ok((Some(reader).filter(|reader| !reader.is_empty()), events))
}

/// The results so far, one line of JSON an article
#[utoipa::path(
    get,
    path = "/api/v1/jobs/{id}/results",
    params(("id" = String, Path, description = "The job's `id`")),
    responses(
        (status = 200, description = "`items.jsonl`", content_type = "application/x-ndjson"),
        NoJob
    )
)]
pub(super) async fn results(
    State(app): State<Arc<App>>,
    Path(id): Path<String>,
    request: Request,
) -> Response {
    let kind = "application/x-ndjson; charset=utf-8";
    whole(app, request, id, "items.jsonl", vec![(CONTENT_TYPE, kind)]).await
}

/// The results so far as a page to read
#[utoipa::path(
    get,
    path = "/api/v1/jobs/{id}/digest",
    params(("id" = String, Path, description = "The job's `id`")),
    responses((status = 200, description = "`digest.html`", content_type = "text/html"), NoJob)
)]
pub(super) async fn digest(
    State(app): State<Arc<App>>,
    Path(id): Path<String>,
    request: Request,
) -> Response {
    let headers =
        vec![(CONTENT_TYPE, "text/html; charset=utf-8"), (CONTENT_SECURITY_POLICY, DIGEST_POLICY)];
    whole(app, request, id, "digest.html", headers).await
}

/// All outputs so far as a zip
#[utoipa::path(
    get,
    path = "/api/v1/jobs/{id}/files",
    params(("id" = String, Path, description = "The job's `id`")),
    responses(
        (status = 200, description = "A zip", content_type = "application/zip"),
        (status = 429, description = "Two are being packed or sent"),
        NoJob
    )
)]
pub(super) async fn files(
    State(app): State<Arc<App>>,
    Path(id): Path<String>,
    request: Request,
) -> Response {
    blocking(app, request, move |app, incoming| {
        let job = find(app, incoming, &id)?;
        let (zip, permit) = all(app)?.archive(&job)?;
        let name = format!("malmoi-{}.zip", id.get(..8).unwrap_or(&id));
        let headers =
            [(CONTENT_TYPE, "application/zip".to_string()), (CONTENT_DISPOSITION, download(&name))];
        Ok((headers, streamed(zip, permit)).into_response())
    })
    .await
}

/// One output by its name
///
/// Names are those in the zip, without folders: `feed.xml`, or the `files` of an event `item`.
#[utoipa::path(
    get,
    path = "/api/v1/jobs/{id}/files/{name}",
    params(
        ("id" = String, Path, description = "The job's `id`"),
        ("name" = String, Path, description = "Name of the output")
    ),
    responses(
        (status = 200, description = "The file", content_type = "application/octet-stream"),
        NoJob
    )
)]
pub(super) async fn output(
    State(app): State<Arc<App>>,
    Path((id, name)): Path<(String, String)>,
    request: Request,
) -> Response {
    blocking(app, request, move |app, incoming| {
        let file = open(app, incoming, &id, &name)?;
        let headers = [
            (CONTENT_TYPE, "application/octet-stream".to_string()),
            (CONTENT_DISPOSITION, download(&name)),
        ];
        Ok((headers, streamed(file, ())).into_response())
    })
    .await
}

/// Answers with an output.
async fn whole(
    app: Arc<App>,
    request: Request,
    id: String,
    name: &'static str,
    headers: Vec<(HeaderName, &'static str)>,
) -> Response {
    blocking(app, request, move |app, incoming| {
        let mut response = streamed(open(app, incoming, &id, name)?, ()).into_response();
        for (name, value) in headers {
            response.headers_mut().insert(name, HeaderValue::from_static(value));
        }
        Ok(response)
    })
    .await
}

fn open(app: &App, incoming: &Incoming, id: &str, name: &str) -> Result<File, Failure> {
    let found = find(app, incoming, id)?.output(name).map_err(|error| fault(app, &error))?;
    found.ok_or_else(|| Failure::NotFound("the job has no such output, or not yet".into()))
}

fn all(app: &App) -> Result<&Jobs, Failure> {
    app.jobs.as_deref().ok_or(Failure::Off("this server takes no jobs; see --jobs"))
}

fn find(app: &App, incoming: &Incoming, id: &str) -> Result<Arc<Job>, Failure> {
    all(app)?.find(incoming.key.as_deref(), id)
}

/// A fault of the disk, for the log alone.
fn fault(app: &App, error: &std::io::Error) -> Failure {
    app.log.failure(&format!("jobs: {error}"));
    Failure::Internal
}

/// A file as a body, piece by piece. A client that takes none for a minute is left; then, or at its
/// end, what was held for it is dropped.
fn streamed(file: File, held: impl Send + 'static) -> Body {
    let (sender, receiver) = channel::<std::io::Result<Bytes>>(2);
    tokio::spawn(async move {
        let _held = held;
        let mut file = file;
        loop {
            let read = tokio::task::spawn_blocking(move || {
                let mut piece = Vec::with_capacity(PIECE);
                let read = (&mut file).take(PIECE as u64).read_to_end(&mut piece);
                (file, read.map(|_| Bytes::from(piece)))
            });
            let Ok((rest, piece)) = read.await else { return };
            file = rest;
            let is_last = piece.as_ref().map_or(true, Bytes::is_empty);
            if piece.as_ref().is_ok_and(Bytes::is_empty) {
                return;
            }
            let sent = tokio::time::timeout(PATIENCE, sender.send(piece)).await;
            if is_last || !matches!(sent, Ok(Ok(()))) {
                return;
            }
        }
    });
    Body::from_stream(Bounded(receiver))
}

/// What a channel brings, as a stream: its sender waits for a slow client.
struct Bounded<T>(Receiver<T>);

impl<T> futures_core::Stream for Bounded<T> {
    type Item = T;

    fn poll_next(
        mut self: Pin<&mut Self>,
        context: &mut std::task::Context<'_>,
    ) -> Poll<Option<T>> {
        self.0.poll_recv(context)
    }
}
