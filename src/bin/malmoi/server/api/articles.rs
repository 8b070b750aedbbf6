//! The articles of a feed or an archive, to work on one by one. Documented as OpenAPI with the rest
//! of `/api/v1`.

use std::io::Cursor;
use std::sync::Arc;

use axum::Router;
use axum::extract::{Request, State};
use axum::response::Response;
use axum::routing::post;
use malmoi::Language;
use malmoi::formats::{self, Fields, Form, Item};
use serde_json::{Value, json};
use utoipa::ToSchema;

use super::super::app::App;
use super::blocking_json;
use crate::engine::Failure;

/// Articles in an answer; the rest are counted.
const MOST: usize = 500;
/// Parts in an answer that could not be read.
const MOST_UNREADABLE: usize = 20;

pub(in super::super) fn routes() -> Router<Arc<App>> {
    Router::new().route("/api/v1/articles", post(articles))
}

/// A feed or an archive.
#[derive(ToSchema)]
#[allow(dead_code, reason = "describes the fields, which are read one by one")]
pub(super) struct ArticlesRequest {
    /// The feed, as text; in a multipart body it can be a file.
    #[schema(example = "<rss><channel><item><title>Rain</title></item></channel></rss>")]
    text: Option<String>,
    /// Name of the file, whose ending tells its format.
    #[schema(example = "morning.xml")]
    name: Option<String>,
}

/// Read the articles of a feed
///
/// RSS, Atom, JSON Feed, or any other format of several articles. Nothing is fetched: an article
/// has the text that the feed has.
#[utoipa::path(
    post,
    path = "/api/v1/articles",
    request_body(content(
        (ArticlesRequest = "application/json"),
        (ArticlesRequest = "multipart/form-data")
    )),
    responses(
        (status = 200, description = "The first 500 articles, the number of all, and what could \
            not be read"),
        (status = 400, description = "It is no feed, or has no article"),
        (status = 401, description = "A key is needed"),
        (status = 413, description = "It is too large")
    )
)]
pub(super) async fn articles(State(app): State<Arc<App>>, request: Request) -> Response {
    blocking_json(app, request, |app, incoming| {
        let (bytes, name) = match incoming.files.first() {
            Some(file) => (file.bytes.to_vec(), file.name.clone()),
            None => {
                let text = incoming.text("text")?.filter(|text| !text.trim().is_empty());
                let text = text.ok_or_else(|| Failure::Invalid("`text` is missing".into()))?;
                (text.into_bytes(), incoming.text("name")?.unwrap_or_default())
            }
        };
        let name = name.rsplit(['/', '\\']).next().unwrap_or_default().to_string();
        let format = formats::detect(&name, &bytes).name;
        let (mut found, mut all, mut unreadable) = (Vec::new(), 0, Vec::new());
        let items = formats::items(Cursor::new(bytes), &name, Fields::default());
        for item in items.map_err(|error| app.log.fault(error))? {
            match item {
                Ok(item) => {
                    all += 1;
                    if found.len() < MOST {
                        found.push(entry(&item));
                    }
                }
                Err(part) if unreadable.len() < MOST_UNREADABLE => {
                    unreadable.push(json!({"place": part.place, "reason": part.reason}));
                }
                Err(_) => {}
            }
        }
        if all == 0 && unreadable.is_empty() {
            return Err(Failure::Invalid("there is no article in it".into()));
        }
        Ok(json!({"format": format, "articles": found, "all": all, "unreadable": unreadable}))
    })
    .await
}

fn entry(item: &Item) -> Value {
    let article = item.document.article();
    let format = match &item.form {
        Form::Words => "text",
        Form::Html => "html",
        Form::File(ending) => match ending.as_ref() {
            "html" | "htm" => "html",
            "md" | "markdown" => "markdown",
            "srt" => "srt",
            "vtt" => "vtt",
            _ => "text",
        },
    };
    // The notes of an office file are no part of the article.
    let text = match item.document.package() {
        Some(_) => &*article,
        None => item.document.text(),
    };
    json!({
        "id": item.id,
        "title": item.document.title(),
        "link": item.link,
        "published": item.published,
        "language": Language::of_article(&article).ok().map(|language| language.code()),
        "characters": article.chars().count(),
        "text": text,
        "format": format,
    })
}
