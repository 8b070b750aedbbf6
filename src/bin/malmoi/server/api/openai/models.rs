//! The models: the loaded ones, and one for each task.

use std::sync::Arc;

use axum::response::{IntoResponse, Response};
use axum::routing::get;
use axum::{Json, Router};
use malmoi::prompts::Task;
use malmoi::{Language, Model};
use serde_json::{Value, json};

use super::super::super::app::App;
use super::super::super::incoming::Incoming;
use super::super::{answering, shortened};
use super::errors::refuse;
use crate::engine::Failure;

pub(super) fn routes() -> Router<Arc<App>> {
    Router::new()
        .route("/v1/models", get(answering(refuse, models)))
        .route("/v1/models/{model}", get(answering(refuse, model)))
}

/// What a model's name stands for.
pub(super) enum Named {
    /// A task, and the language of its result.
    Task(Task, Option<Language>),
    /// A loaded model.
    Model(Model),
}

/// Finds what a name stands for.
pub(super) fn find(app: &App, name: &str) -> Result<Named, Failure> {
    if let Some((task, to)) = task_of(name) {
        return Ok(Named::Task(task, to));
    }
    let model = loaded(app)?.into_iter().find(|model| model.name() == name);
    model.map(Named::Model).ok_or_else(|| unknown(name))
}

fn unknown(name: &str) -> Failure {
    Failure::NotFound(format!("the model `{}` is not here; see /v1/models", shortened(name)))
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

async fn models(app: Arc<App>, _: Incoming) -> Result<Response, Failure> {
    let data: Vec<Value> = ids(&app)?.iter().map(|id| entry(id)).collect();
    Ok(Json(json!({"object": "list", "data": data})).into_response())
}

async fn model(app: Arc<App>, incoming: Incoming) -> Result<Response, Failure> {
    match ids(&app)?.contains(&incoming.id) {
        true => Ok(Json(entry(&incoming.id)).into_response()),
        false => Err(unknown(&incoming.id)),
    }
}
