//! malmoi's own API: translate, summarize and check a text. Documented as OpenAPI.

use std::sync::Arc;

use axum::extract::{Request, State};
use axum::http::header::ACCEPT;
use axum::response::sse::{Event, KeepAlive, Sse};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use axum::{Json, Router};
use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use malmoi::Outcome;
use malmoi::checks::OutputKind;
use malmoi::formats::Item;
use malmoi::prompts::Task;
use serde::Deserialize;
use serde_json::{Value, json};
use tokio::sync::mpsc::unbounded_channel;
use utoipa::{OpenApi, ToSchema};

use super::super::app::App;

use super::super::incoming::Incoming;
use super::super::jobs::{Input, JobStatus, Progress, State as JobState, Tally, Work};
use super::super::wishes::{self, TermRequest, Wishes};
use super::super::work;
use super::failures::{CheckFailures, TextFailures};
use super::{
    Pieces, articles, chosen_glossary, desk, dismissals, document, export, glossaries, jobs,
    submit_to, uploaded, with_key, within,
};
use crate::engine::pair::CheckedPair;
use crate::engine::{Failure, News, Ticket, fields};

pub(in super::super) fn routes() -> Router<Arc<App>> {
    Router::new()
        .route("/api/v1/translate", post(translate))
        .route("/api/v1/summarize", post(summarize))
        .route("/api/v1/check", post(check))
        .route("/api/v1/models", get(models))
        .route("/api/v1/openapi.json", get(openapi))
}

/// What both tasks take.
#[derive(Deserialize, ToSchema)]
#[schema(as = TextRequest)]
struct TextRequest {
    /// The article, as plain text or in `format`.
    #[schema(example = "The council approved the budget on Monday.")]
    text: Option<String>,
    /// In place of `text`, the bytes of a document in base64. A translation of an office file has
    /// such a file, too, in `file`.
    file: Option<String>,
    /// Name of the file, whose ending tells its format.
    #[schema(example = "harbor.docx")]
    name: Option<String>,
    /// Format of the text: `text`, `html`, `markdown`, `srt` or `vtt`. A translation keeps it.
    format: Option<String>,
    /// Language of the text: `en`, `ko` or `auto`.
    from: Option<String>,
    /// Language of the result: `en` or `ko`. By default a summary stays in the language of the
    /// text, and a translation is into the other one.
    #[schema(example = "ko")]
    to: Option<String>,
    /// Name of one of the loaded models for the task, as `/api/v1/models` has them; by default the
    /// first.
    model: Option<String>,
    /// `none`, or a glossary of `/api/v1/glossaries` that comes before the desk's.
    glossary_id: Option<String>,
    #[serde(flatten)]
    wishes: Wishes,
    /// True for an answer in server-sent events, `text` and `progress`, and `outcome` at the end.
    /// The header `Accept: text/event-stream` does the same.
    #[serde(default)]
    stream: bool,
}

/// A pair to check.
#[derive(Deserialize, ToSchema)]
struct CheckRequest {
    /// The original.
    source: String,
    /// Its translation or summary.
    output: String,
    /// `translation` or `summary`; by default a summary if both are in one language.
    task: Option<String>,
    /// Language of the original.
    from: Option<String>,
    /// Language of the output.
    to: Option<String>,
    /// Register that the Korean should have: `handa`, `hamnida` or `haeyo`.
    register: Option<String>,
    /// `none`, or a glossary of `/api/v1/glossaries` that comes before the desk's.
    glossary_id: Option<String>,
    /// Prescribed translations, beside those of the desk.
    #[serde(default)]
    glossary: Vec<TermRequest>,
}

#[derive(OpenApi)]
#[openapi(
    info(
        title = "malmoi",
        description = "Summaries and translations of news between English and Korean, with a list \
            of possible errors beside each result."
    ),
    paths(
        translate,
        summarize,
        check,
        models,
        desk::similar,
        desk::similar_by_query,
        desk::search,
        desk::confirm,
        desk::terms,
        desk::terms_by_query,
        glossaries::list,
        glossaries::add_term,
        glossaries::remove_term,
        dismissals::list,
        dismissals::dismiss,
        dismissals::end,
        export::export,
        articles::articles,
        jobs::create,
        jobs::list,
        jobs::one,
        jobs::remove,
        jobs::events,
        jobs::results,
        jobs::digest,
        jobs::files,
        jobs::output
    ),
    components(schemas(
        TextRequest,
        Wishes,
        TermRequest,
        CheckRequest,
        desk::LookupRequest,
        desk::UnitRequest,
        glossaries::NewTerm,
        dismissals::DismissalRequest,
        articles::ArticlesRequest,
        export::ExportRequest,
        export::SegmentRequest,
        jobs::JobRequest,
        jobs::JobList,
        JobStatus,
        JobState,
        Work,
        Input,
        Tally,
        Progress
    ))
)]
struct Document;

async fn openapi() -> Response {
    Json(Document::openapi()).into_response()
}

/// Translate a text
#[utoipa::path(
    post,
    path = "/api/v1/translate",
    request_body = TextRequest,
    responses(
        (status = 200, description = "The translation with its segments and findings"),
        TextFailures
    )
)]
async fn translate(State(app): State<Arc<App>>, request: Request) -> Response {
    run(app, request, Task::Translate).await
}

/// Summarize an article
#[utoipa::path(
    post,
    path = "/api/v1/summarize",
    request_body = TextRequest,
    responses(
        (status = 200, description = "The summary with its findings, and the sentences of the \
            article that support it"),
        TextFailures
    )
)]
async fn summarize(State(app): State<Arc<App>>, request: Request) -> Response {
    run(app, request, Task::Summarize).await
}

async fn run(app: Arc<App>, request: Request, task: Task) -> Response {
    let accepts = request.headers().get(ACCEPT).and_then(|value| value.to_str().ok());
    let streams = accepts.is_some_and(|accepts| accepts.contains("text/event-stream"));
    let incoming = match Incoming::read(&app, request).await {
        Ok(incoming) => incoming,
        Err(failure) => return failure.into_response(),
    };
    let key = incoming.key.clone();
    let begun = incoming.into_json::<TextRequest>().and_then(|asked| {
        let streams = streams || asked.stream;
        Ok((streams, begin(&app, task, asked)?))
    });
    let response = match begun {
        Ok((true, (ticket, notes))) => stream(ticket, notes),
        Ok((false, (ticket, notes))) => match ticket.result().await {
            Ok(outcome) => Json(answer(outcome, &notes)).into_response(),
            Err(failure) => failure.into_response(),
        },
        Err(failure) => failure.into_response(),
    };
    with_key(key, response)
}

/// Puts a request into the queue. The notes are on damage in its file.
fn begin(
    app: &App,
    task: Task,
    asked: TextRequest,
) -> Result<(Ticket<Outcome>, Vec<String>), Failure> {
    let item = match (&asked.text, &asked.file) {
        (None, Some(file)) => uploaded(app, file, asked.name.as_deref())?,
        (Some(text), None) => {
            Item::from(document(app, text, fields::format(asked.format.as_deref())?)?)
        }
        (None, None) => return Err(Failure::Invalid("`text` is missing".into())),
        (Some(_), Some(_)) => {
            return Err(Failure::Invalid("`text` and `file` exclude each other".into()));
        }
    };
    let mut server = app.options.now();
    server.checks.glossary = chosen_glossary(app, asked.glossary_id.as_deref())?;
    let options = asked.wishes.options(&server)?;
    let from = fields::optional_language(asked.from.as_deref())?;
    let to = fields::optional_language(asked.to.as_deref())?;
    let model = asked.model.as_deref().filter(|name| !name.is_empty());
    let (ticket, _) = submit_to(app, model, task, item.document, from, to, options)?;
    Ok((ticket, item.notes))
}

/// An outcome with its file, if it has one, and the notes on its source, if there are any.
fn answer(mut outcome: Outcome, notes: &[String]) -> Value {
    let file = outcome.file.take();
    let mut value = serde_json::to_value(outcome).unwrap_or_default();
    if let Some(file) = file {
        value["file"] = BASE64_STANDARD.encode(file).into();
    }
    if !notes.is_empty() {
        value["notes"] = notes.into();
    }
    value
}

/// Server-sent events: `text` and `progress`, then `outcome` or `error`.
fn stream(mut ticket: Ticket<Outcome>, notes: Vec<String>) -> Response {
    let (sender, events) = unbounded_channel();
    tokio::spawn(async move {
        loop {
            let news = tokio::select! {
                // When the client leaves, the ticket goes with this task.
                () = sender.closed() => return,
                news = ticket.next() => news,
            };
            let (name, data, is_last) = match news {
                News::Text(text) => ("text", Value::from(text), false),
                News::Progress { done, segments } => {
                    ("progress", json!({"done": done, "segments": segments}), false)
                }
                News::Done(Ok(outcome)) => ("outcome", answer(outcome, &notes), true),
                News::Done(Err(failure)) => {
                    let status = failure.status().as_u16();
                    ("error", json!({"error": failure.to_string(), "status": status}), true)
                }
            };
            let event = Event::default().event(name).data(data.to_string());
            if sender.send(event).is_err() || is_last {
                return;
            }
        }
    });
    Sse::new(Pieces(events)).keep_alive(KeepAlive::default()).into_response()
}

/// Check a text that somebody else has written
#[utoipa::path(
    post,
    path = "/api/v1/check",
    request_body = CheckRequest,
    responses(
        (status = 200, description = "The findings, and for a summary its support"),
        CheckFailures
    )
)]
async fn check(State(app): State<Arc<App>>, request: Request) -> Response {
    let incoming = match Incoming::read(&app, request).await {
        Ok(incoming) => incoming,
        Err(failure) => return failure.into_response(),
    };
    let key = incoming.key.clone();
    let result = match incoming.into_json::<CheckRequest>().and_then(|asked| checked(&app, asked)) {
        Ok(ticket) => ticket.result().await,
        Err(failure) => Err(failure),
    };
    let response = match result {
        Ok(value) => Json(value).into_response(),
        Err(failure) => failure.into_response(),
    };
    with_key(key, response)
}

fn checked(app: &App, asked: CheckRequest) -> Result<Ticket<Value>, Failure> {
    let CheckRequest { source, output, task, from, to, register, glossary_id, glossary } = asked;
    let length = source.chars().count() + output.chars().count();
    within(app, length)?;
    let pair = CheckedPair::new(source, output, task.as_deref(), from.as_deref(), to.as_deref())?;
    let mut server = app.options.now().checks;
    server.glossary = chosen_glossary(app, glossary_id.as_deref())?;
    let options = wishes::checks(&server, register.as_deref(), &glossary)?;
    let (recorder, asker) = (app.recorder.clone(), work::asker());
    app.engine.submit(length, move |_| {
        let assessment = pair.assess(&options);
        recorder.checked(&asker, (&pair.source, &pair.output), &assessment.findings)?;
        let mut value = json!({
            "task": pair.kind.as_str(),
            "from": pair.from.code(),
            "to": pair.to.code(),
            "findings": assessment.findings,
        });
        if let OutputKind::Summary = pair.kind {
            let support = pair.support(&options);
            value["support"] = serde_json::to_value(support).unwrap_or_default();
        }
        if let Some(estimate) = assessment.estimate {
            value["estimate"] = estimate.into();
        }
        Ok(value)
    })
}

/// The tasks and directions that are served, with their models
///
/// A direction may have several models; the first is the usual one.
#[utoipa::path(
    get,
    path = "/api/v1/models",
    responses((status = 200, description = "Tasks, directions and models"),
        (status = 503, description = "The models are being opened"))
)]
async fn models(State(app): State<Arc<App>>, request: Request) -> Response {
    let served = match Incoming::read(&app, request).await {
        Ok(_) => app.engine.served().ok_or(Failure::NotReady("the models are being opened")),
        Err(failure) => Err(failure),
    };
    let served = match served {
        Ok(served) => served,
        Err(failure) => return failure.into_response(),
    };
    let entries: Vec<Value> = served
        .iter()
        .map(|one| {
            let mut entry = json!({
                "task": one.task.as_str(),
                "from": one.languages.from.code(),
                "to": one.languages.to.code(),
                "model": one.model.model.name(),
            });
            if let Some(translator) = &one.translator {
                entry["translator"] = translator.model.name().into();
            }
            entry
        })
        .collect();
    let (memory, jobs) = (app.desk.is_some(), app.jobs.is_some());
    Json(json!({"served": entries, "memory": memory, "jobs": jobs})).into_response()
}
