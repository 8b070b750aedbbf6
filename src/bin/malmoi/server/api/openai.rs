//! OpenAI's API: chat and text completions, streamed or whole.
//!
//! Models are the loaded ones, which answer as they were trained to, and one for each task
//! (`translate-ko`, `summarize-en` …), which works on the last message with prompts and checks.

use std::sync::Arc;
use std::time::{SystemTime, UNIX_EPOCH};

use axum::extract::{Path, Request, State};
use axum::response::sse::{Event, KeepAlive, Sse};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use axum::{Json, Router};
use malmoi::prompts::Task;
use malmoi::{Finish, Language, Model, Options, Outcome, Sampling};
use serde::Deserialize;
use serde_json::{Value, json};
use tokio::sync::mpsc::{UnboundedSender, unbounded_channel};

use super::super::app::App;
use super::super::incoming::Incoming;
use super::super::work::{self, Answer, Chat};
use super::{Pieces, Text, shortened, with_key};
use crate::engine::{Failure, News, Ticket};

/// Tokens of an answer if the request sets no limit.
const MAX_TOKENS: usize = 2_048;

pub(in super::super) fn routes() -> Router<Arc<App>> {
    Router::new()
        .route("/v1/models", get(models))
        .route("/v1/models/{model}", get(model))
        .route("/v1/chat/completions", post(chat))
        .route("/v1/completions", post(completion))
}

/// A request. Fields that are not here are ignored, as OpenAI's servers ignore unknown ones.
#[derive(Deserialize)]
struct Asked {
    model: Option<String>,
    #[serde(default)]
    messages: Vec<Message>,
    prompt: Option<Value>,
    temperature: Option<f64>,
    top_p: Option<f64>,
    max_tokens: Option<usize>,
    max_completion_tokens: Option<usize>,
    stop: Option<Stop>,
    seed: Option<u64>,
    n: Option<u64>,
    #[serde(default)]
    stream: bool,
    #[serde(default)]
    stream_options: StreamOptions,
}

#[derive(Deserialize)]
struct Message {
    role: String,
    #[serde(default)]
    content: Option<Content>,
}

#[derive(Deserialize)]
#[serde(untagged)]
enum Content {
    Text(String),
    Parts(Vec<Part>),
}

#[derive(Deserialize)]
struct Part {
    #[serde(rename = "type")]
    kind: String,
    #[serde(default)]
    text: String,
}

#[derive(Deserialize)]
#[serde(untagged)]
enum Stop {
    One(String),
    Several(Vec<String>),
}

#[derive(Deserialize, Default)]
struct StreamOptions {
    #[serde(default)]
    include_usage: bool,
}

/// The two shapes of answers.
#[derive(Clone, Copy)]
enum Shape {
    Chat,
    Completion,
}

/// A text of either kind that is being written.
enum Writing {
    Chat(Ticket<Answer>),
    Task(Ticket<Outcome>),
}

/// A finished text.
struct Written {
    finish: Finish,
    prompt_tokens: usize,
    tokens: usize,
    /// All of it; empty where pieces have been sent.
    text: String,
    findings: Value,
}

async fn chat(State(app): State<Arc<App>>, request: Request) -> Response {
    complete(app, request, Shape::Chat).await
}

async fn completion(State(app): State<Arc<App>>, request: Request) -> Response {
    complete(app, request, Shape::Completion).await
}

async fn complete(app: Arc<App>, request: Request, shape: Shape) -> Response {
    let incoming = match Incoming::read(&app, request).await {
        Ok(incoming) => incoming,
        Err(failure) => return refuse(&failure),
    };
    let key = incoming.key.clone();
    let response = match begin(&app, incoming, shape) {
        Ok((asked, model, writing)) if asked.stream => {
            stream(shape, model, asked.stream_options.include_usage, writing)
        }
        Ok((_, model, writing)) => match writing.finish().await {
            Ok(written) => Json(whole(shape, &model, written)).into_response(),
            Err(failure) => refuse(&failure),
        },
        Err(failure) => refuse(&failure),
    };
    with_key(key, response)
}

/// Reads the request and puts its text into the queue.
fn begin(app: &App, incoming: Incoming, shape: Shape) -> Result<(Asked, String, Writing), Failure> {
    let asked: Asked = incoming.into_json()?;
    if asked.n.is_some_and(|n| n != 1) {
        return Err(Failure::Invalid("`n` must be 1".into()));
    }
    let chat = match shape {
        Shape::Chat => conversation(&asked)?,
        Shape::Completion => {
            let message = match &asked.prompt {
                Some(Value::String(prompt)) => prompt.clone(),
                Some(Value::Array(prompts)) if prompts.len() == 1 && prompts[0].is_string() => {
                    prompts[0].as_str().unwrap_or_default().to_string()
                }
                _ => return Err(Failure::Invalid("`prompt` must be one text".into())),
            };
            Chat { system: None, turns: Vec::new(), message, options: options(&asked)? }
        }
    };
    super::within(app, chat.message.chars().count())?;
    let name = asked.model.clone().unwrap_or_default();
    if let Some((task, to)) = task_of(&name) {
        let options = malmoi::TaskOptions { seed: asked.seed, ..app.options.now() };
        let text = Text { task, text: &chat.message, format: "txt", from: None, to, options };
        return Ok((asked, name, Writing::Task(text.submit(app)?.0)));
    }
    let model = loaded(app)?.into_iter().find(|model| model.name() == name).ok_or_else(|| {
        let shown = shortened(&name);
        Failure::NotFound(format!("the model `{shown}` is not here; see /v1/models"))
    })?;
    if !model.has_chat_template() {
        return Err(Failure::Invalid(format!("{name} answers no messages; use a task instead")));
    }
    Ok((asked, name, Writing::Chat(work::chat(app, model, chat)?)))
}

/// The task and the language that a model's name stands for.
fn task_of(name: &str) -> Option<(Task, Option<Language>)> {
    let (task, language) = name.split_once('-').unwrap_or((name, ""));
    let task = match task {
        "translate" => Task::Translate,
        "summarize" => Task::Summarize,
        _ => return None,
    };
    match language {
        "" => Some((task, None)),
        code => Some((task, Some(Language::all().find(|one| one.code() == code)?))),
    }
}

fn conversation(asked: &Asked) -> Result<Chat, Failure> {
    let mut system: Vec<String> = Vec::new();
    let mut turns: Vec<(String, String)> = Vec::new();
    let mut open: Option<String> = None;
    for message in &asked.messages {
        let text = text_of(message)?;
        match message.role.as_str() {
            "system" | "developer" => system.push(text),
            "user" => match &mut open {
                Some(before) => *before = format!("{before}\n\n{text}"),
                None => open = Some(text),
            },
            "assistant" => {
                let Some(user) = open.take() else {
                    let message = "an answer must follow a message of the user".into();
                    return Err(Failure::Invalid(message));
                };
                turns.push((user, text));
            }
            other => {
                let message = format!("messages of the role `{}` are not read", shortened(other));
                return Err(Failure::Invalid(message));
            }
        }
    }
    let Some(message) = open else {
        return Err(Failure::Invalid("the last message must be the user's".into()));
    };
    let system = (!system.is_empty()).then(|| system.join("\n\n"));
    Ok(Chat { system, turns, message, options: options(asked)? })
}

fn text_of(message: &Message) -> Result<String, Failure> {
    match &message.content {
        None => Ok(String::new()),
        Some(Content::Text(text)) => Ok(text.clone()),
        Some(Content::Parts(parts)) => {
            if let Some(part) = parts.iter().find(|part| part.kind != "text") {
                let kind = shortened(&part.kind);
                return Err(Failure::Invalid(format!("content of type `{kind}` is not read")));
            }
            let texts: Vec<&str> = parts.iter().map(|part| part.text.as_str()).collect();
            Ok(texts.join("\n"))
        }
    }
}

fn options(asked: &Asked) -> Result<Options, Failure> {
    let within = |name, value: Option<f64>, most: f64| match value {
        Some(value) if !(0.0..=most).contains(&value) => {
            Err(Failure::Invalid(format!("`{name}` must be from 0 to {most}")))
        }
        value => Ok(value),
    };
    let temperature = within("temperature", asked.temperature, 2.0)?.unwrap_or(0.0);
    let top_p = within("top_p", asked.top_p, 1.0)?.unwrap_or(1.0);
    let sampling = match temperature {
        // Without a temperature the decoding is greedy, as in all APIs here.
        0.0 => Sampling::Greedy,
        temperature => Sampling::Random {
            temperature: temperature as f32,
            top_k: 0,
            top_p: top_p as f32,
            min_p: 0.0,
            typical_p: 1.0,
            seed: asked.seed.unwrap_or_else(rand::random),
        },
    };
    let stop = match &asked.stop {
        None => Vec::new(),
        Some(Stop::One(stop)) => vec![stop.clone()],
        Some(Stop::Several(stops)) if stops.len() <= 4 => stops.clone(),
        Some(Stop::Several(_)) => {
            return Err(Failure::Invalid("`stop` takes at most four texts".into()));
        }
    };
    let stop = stop.into_iter().filter(|stop| !stop.is_empty()).collect();
    let max_tokens = asked.max_completion_tokens.or(asked.max_tokens).unwrap_or(MAX_TOKENS);
    Ok(Options { sampling, stop, max_tokens: max_tokens.max(1), ..Options::default() })
}

impl Writing {
    async fn finish(self) -> Result<Written, Failure> {
        match self {
            Self::Chat(ticket) => ticket.result().await.map(Written::from),
            Self::Task(ticket) => ticket.result().await.map(Written::from),
        }
    }

    /// Sends pieces as they become final; returns the end. The result is told whole if no piece
    /// was sent.
    async fn pieces(self, mut on_text: impl FnMut(String)) -> Result<Written, Failure> {
        macro_rules! follow {
            ($ticket:expr) => {{
                let mut ticket = $ticket;
                let mut sent = false;
                loop {
                    match ticket.next().await {
                        News::Text(text) => {
                            sent = true;
                            on_text(text);
                        }
                        News::Progress { .. } => {}
                        News::Done(result) => {
                            let mut written = Written::from(result?);
                            if !sent {
                                on_text(std::mem::take(&mut written.text));
                            }
                            return Ok(written);
                        }
                    }
                }
            }};
        }
        match self {
            Self::Chat(ticket) => follow!(ticket),
            Self::Task(ticket) => follow!(ticket),
        }
    }
}

impl From<Answer> for Written {
    fn from(answer: Answer) -> Self {
        let Answer { text, finish, prompt_tokens, tokens } = answer;
        Self { finish, prompt_tokens, tokens, text, findings: Value::Null }
    }
}

impl From<Outcome> for Written {
    fn from(outcome: Outcome) -> Self {
        Self {
            finish: outcome.finish,
            prompt_tokens: outcome.tokens.seen,
            tokens: outcome.tokens.output,
            findings: serde_json::to_value(&outcome.findings).unwrap_or_default(),
            text: outcome.text,
        }
    }
}

fn finish_reason(finish: Finish) -> &'static str {
    match finish {
        Finish::Length => "length",
        Finish::Refused => "content_filter",
        Finish::Stop | Finish::Looped => "stop",
    }
}

fn usage(written: &Written) -> Value {
    json!({
        "prompt_tokens": written.prompt_tokens,
        "completion_tokens": written.tokens,
        "total_tokens": written.prompt_tokens + written.tokens,
    })
}

fn seconds_now() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_secs())
}

fn id(shape: Shape) -> String {
    let prefix = if matches!(shape, Shape::Chat) { "chatcmpl" } else { "cmpl" };
    format!("{prefix}-{:016x}", rand::random::<u64>())
}

fn whole(shape: Shape, model: &str, written: Written) -> Value {
    let (finish, usage) = (finish_reason(written.finish), usage(&written));
    let text = written.text.trim_end_matches('\n');
    let (object, choice) = match shape {
        Shape::Chat => (
            "chat.completion",
            json!({"index": 0, "message": {"role": "assistant", "content": text, "refusal": null},
                "logprobs": null, "finish_reason": finish}),
        ),
        Shape::Completion => (
            "text_completion",
            json!({"index": 0, "text": text, "logprobs": null, "finish_reason": finish}),
        ),
    };
    let mut answer = json!({
        "id": id(shape), "object": object, "created": seconds_now(), "model": model,
        "choices": [choice], "usage": usage, "system_fingerprint": null,
    });
    if !written.findings.is_null() {
        // Beyond OpenAI's fields: what the checks found.
        answer["findings"] = written.findings;
    }
    answer
}

fn stream(shape: Shape, model: String, with_usage: bool, writing: Writing) -> Response {
    let (sender, events) = unbounded_channel::<Event>();
    tokio::spawn(async move {
        // When the client leaves, its ticket goes with this task.
        let closed = sender.clone();
        tokio::select! {
            () = closed.closed() => {}
            () = send_chunks(&sender, shape, &model, with_usage, writing) => {}
        }
    });
    Sse::new(Pieces(events)).keep_alive(KeepAlive::default()).into_response()
}

async fn send_chunks(
    sender: &UnboundedSender<Event>,
    shape: Shape,
    model: &str,
    with_usage: bool,
    writing: Writing,
) {
    let (id, created) = (id(shape), seconds_now());
    let send = |data: &Value| drop(sender.send(Event::default().data(data.to_string())));
    let chunk = |choices: Value| {
        let object = match shape {
            Shape::Chat => "chat.completion.chunk",
            Shape::Completion => "text_completion",
        };
        json!({"id": id, "object": object, "created": created, "model": model, "choices": choices})
    };
    let piece = |text: &str, finish: Option<&str>| match shape {
        Shape::Chat => {
            let delta = if finish.is_some() { json!({}) } else { json!({"content": text}) };
            chunk(json!([{"index": 0, "delta": delta, "finish_reason": finish}]))
        }
        Shape::Completion => {
            chunk(json!([{"index": 0, "text": text, "logprobs": null, "finish_reason": finish}]))
        }
    };
    if let Shape::Chat = shape {
        let delta = json!({"role": "assistant", "content": ""});
        send(&chunk(json!([{"index": 0, "delta": delta, "finish_reason": null}])));
    }
    match writing.pieces(|text| send(&piece(&text, None))).await {
        Ok(written) => {
            send(&piece("", Some(finish_reason(written.finish))));
            if with_usage {
                let mut last = chunk(json!([]));
                last["usage"] = usage(&written);
                send(&last);
            }
        }
        Err(failure) => send(&error(&failure)),
    }
    let _ = sender.send(Event::default().data("[DONE]"));
}

fn error(failure: &Failure) -> Value {
    let (kind, code) = match failure {
        Failure::Key => ("authentication_error", Value::from("invalid_api_key")),
        Failure::NotFound(_) => ("invalid_request_error", Value::from("model_not_found")),
        Failure::Busy { .. } => ("rate_limit_error", Value::from("rate_limit_exceeded")),
        Failure::NotReady(_) | Failure::Off(_) => ("unavailable_error", Value::Null),
        Failure::Late { .. } | Failure::Internal => ("server_error", Value::Null),
        _ => ("invalid_request_error", Value::Null),
    };
    json!({"error": {"message": failure.to_string(), "type": kind, "param": null, "code": code}})
}

fn refuse(failure: &Failure) -> Response {
    failure.with_body(Json(error(failure)).into_response())
}

/// The loaded models, each once.
fn loaded(app: &App) -> Result<Vec<Model>, Failure> {
    let served = app.engine.served().ok_or(Failure::NotReady("the models are being opened"))?;
    let mut models: Vec<Model> = Vec::new();
    for one in served {
        let pair = [Some(&one.model), one.translator.as_ref()];
        for model in pair.into_iter().flatten().map(|resolved| &resolved.model) {
            if models.iter().all(|known| known.path() != model.path()) {
                models.push(model.clone());
            }
        }
    }
    Ok(models)
}

fn ids(app: &App) -> Result<Vec<String>, Failure> {
    let mut ids: Vec<String> = loaded(app)?.iter().map(|model| model.name().to_string()).collect();
    for (word, task) in [("translate", Task::Translate), ("summarize", Task::Summarize)] {
        for to in Language::all() {
            if Language::all().any(|from| app.engine.serves(task, from, to)) {
                ids.push(format!("{word}-{}", to.code()));
            }
        }
    }
    Ok(ids)
}

fn entry(id: &str) -> Value {
    json!({"id": id, "object": "model", "created": 0, "owned_by": "malmoi"})
}

async fn models(State(app): State<Arc<App>>, request: Request) -> Response {
    match Incoming::read(&app, request).await.and_then(|_| ids(&app)) {
        Ok(ids) => {
            let data: Vec<Value> = ids.iter().map(|id| entry(id)).collect();
            Json(json!({"object": "list", "data": data})).into_response()
        }
        Err(failure) => refuse(&failure),
    }
}

async fn model(State(app): State<Arc<App>>, Path(id): Path<String>, request: Request) -> Response {
    match Incoming::read(&app, request).await.and_then(|_| ids(&app)) {
        Ok(ids) if ids.contains(&id) => Json(entry(&id)).into_response(),
        Ok(_) => refuse(&Failure::NotFound("this model is not here; see /v1/models".into())),
        Err(failure) => refuse(&failure),
    }
}
