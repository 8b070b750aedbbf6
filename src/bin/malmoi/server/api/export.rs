//! Files from segments that an editor has worked on: the document that came in with its new words,
//! or one for translators' tools. Documented as OpenAPI with the rest of `/api/v1`.

use std::sync::Arc;

use axum::Router;
use axum::extract::{Request, State};
use axum::response::{IntoResponse, Response};
use axum::routing::post;
use malmoi::formats::pairs::{self, ExchangeFormat, Side, Status, Unit};
use malmoi::formats::{self, Form};
use malmoi::{Error, LanguagePair};
use serde::Deserialize;
use utoipa::ToSchema;

use super::super::app::App;
use super::super::deliveries::Delivery;
use super::super::incoming::Incoming;
use super::{document, file, language, shortened, uploaded, with_key, within};
use crate::engine::Failure;
use crate::engine::fields;

pub(in super::super) fn routes() -> Router<Arc<App>> {
    Router::new().route("/api/v1/export", post(export))
}

/// Segments for a file.
#[derive(Deserialize, ToSchema)]
pub(super) struct ExportRequest {
    /// `source` for the document that came in with its new words, else `tmx` or `xliff`.
    #[serde(rename = "as")]
    #[schema(example = "tmx")]
    kind: String,
    /// Language of the sources.
    from: String,
    /// Language of the targets.
    to: String,
    /// The segments in order. In a document each source must stand where it came from; segments
    /// may be split and joined within a paragraph.
    segments: Vec<SegmentRequest>,
    /// The document that came in, for `source`.
    text: Option<String>,
    /// In place of `text`, its bytes in base64; `name` tells the format.
    file: Option<String>,
    /// Its format: `text`, `html`, `markdown`, `srt` or `vtt`.
    format: Option<String>,
    /// Name of the document, which names the file.
    name: Option<String>,
    /// Model that wrote the segments with the status `machine`.
    model: Option<String>,
}

/// A segment with its translation.
#[derive(Deserialize, ToSchema)]
pub(super) struct SegmentRequest {
    /// The segment.
    #[schema(example = "The council meets on Monday.")]
    source: String,
    /// Its translation.
    #[schema(example = "시의회는 월요일에 모인다.")]
    target: String,
    /// `machine`, `edited`, `confirmed`, or `memory` for one that people confirmed before.
    status: Option<String>,
}

/// Write segments to a file
#[utoipa::path(
    post,
    path = "/api/v1/export",
    request_body = ExportRequest,
    responses(
        (status = 200, description = "The file"),
        (status = 400, description = "A field cannot be used, or the segments are not those of \
            the document"),
        (status = 401, description = "A key is needed"),
        (status = 413, description = "The texts are too long")
    )
)]
pub(super) async fn export(State(app): State<Arc<App>>, request: Request) -> Response {
    let incoming = match Incoming::read(&app, request).await {
        Ok(incoming) => incoming,
        Err(failure) => return failure.into_response(),
    };
    let key = incoming.key.clone();
    let done = tokio::task::spawn_blocking(move || {
        let asked = incoming.into_json::<ExportRequest>()?;
        written(&app, &asked)
    });
    let response = match done.await.unwrap_or(Err(Failure::Internal)) {
        Ok(delivery) => file(&delivery),
        Err(failure) => failure.into_response(),
    };
    with_key(key, response)
}

fn written(app: &App, asked: &ExportRequest) -> Result<Delivery, Failure> {
    let languages = LanguagePair { from: language(&asked.from)?, to: language(&asked.to)? };
    if languages.from == languages.to {
        return Err(Error::SameLanguage { language: languages.from.name() }.into());
    }
    let segments = &asked.segments;
    let length = |text: &str| text.chars().count();
    // Sources and targets are each as long as a text may be.
    within(app, segments.iter().map(|segment| length(&segment.source)).sum())?;
    within(app, segments.iter().map(|segment| length(&segment.target)).sum::<usize>() / 2)?;
    let (bytes, extension) = if asked.kind == "source" {
        composed(app, asked, languages)?
    } else {
        let format = ExchangeFormat::named(&asked.kind).ok_or_else(|| {
            let shown = shortened(&asked.kind);
            Failure::Invalid(format!("`{shown}` is no kind of file; use source, tmx or xliff"))
        })?;
        (exchanged(app, asked, format, languages)?, format.name.to_string())
    };
    let name = asked.name.as_deref().unwrap_or_default();
    let stem = name.rsplit(['/', '\\']).next().unwrap_or_default();
    let stem = stem.rsplit_once('.').map_or(stem, |(stem, _)| stem);
    let stem = if stem.is_empty() { "malmoi" } else { stem };
    let name = format!("{stem}.{}.{extension}", languages.to.code());
    let characters = segments.iter().map(|segment| length(&segment.source)).sum();
    Ok(Delivery { name, characters, bytes })
}

/// The document that came in, with the targets in the places of their sources, and its ending.
fn composed(
    app: &App,
    asked: &ExportRequest,
    languages: LanguagePair,
) -> Result<(Vec<u8>, String), Failure> {
    let (document, ending) = match &asked.file {
        Some(file) => {
            let item = uploaded(app, file, asked.name.as_deref())?;
            let Form::File(ending) = item.form else { return Err(Failure::Internal) };
            (item.document, ending.to_string())
        }
        None => {
            let missing =
                || Failure::Invalid("`text` is missing, the document that came in".into());
            let text = asked.text.as_deref().ok_or_else(missing)?;
            let format = fields::format(asked.format.as_deref())?;
            (document(app, text, format)?, format.to_string())
        }
    };
    let document = document.relabeled(languages.from.code(), languages.to.code());
    let segments: Vec<(&str, &str)> = asked
        .segments
        .iter()
        .map(|segment| (segment.source.as_str(), segment.target.as_str()))
        .collect();
    let other = || Failure::Invalid("the segments are not those of the document".into());
    let mut words = document.words_of_segments(&segments).ok_or_else(other)?;
    Ok((formats::write(&document, |index, _| words[index].take())?, ending))
}

fn exchanged(
    app: &App,
    asked: &ExportRequest,
    format: &'static ExchangeFormat,
    languages: LanguagePair,
) -> Result<Vec<u8>, Failure> {
    let (from, to) = (languages.from.code(), languages.to.code());
    let units = asked.segments.iter().map(|segment| {
        let is_by_people = |status: &str| matches!(status, "confirmed" | "memory");
        let status = segment.status.as_deref().unwrap_or("machine");
        Unit {
            source: Side::new(from, segment.source.clone()),
            target: Side::new(to, segment.target.clone()),
            status: Some(match segment.target.trim() {
                "" => Status::Initial,
                _ if is_by_people(status) => Status::Final,
                _ => Status::Translated,
            }),
            model: asked.model.clone().filter(|_| status == "machine"),
            document: asked.name.clone().filter(|name| !name.is_empty()),
            ..Unit::default()
        }
    });
    let mut file = Vec::new();
    let failed = |reason: String| {
        app.log.failure(&format!("export: {reason}"));
        Failure::Internal
    };
    pairs::write(&mut file, format, from, to, units).map_err(|error| failed(error.to_string()))?;
    Ok(file)
}
