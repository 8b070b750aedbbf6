//! The page of the workbench: its files, which are parts of the program.
//!
//! The page loads nothing but these files and talks to this server only; its policy holds it to
//! that. A browser keeps them, and asks each time whether they have changed.

use std::sync::Arc;

use axum::Router;
use axum::http::StatusCode;
use axum::http::header::{self, HeaderMap, HeaderValue};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use sha2::{Digest, Sha256};

use super::app::App;

const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; \
    img-src 'self' data:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

const HTML: &str = "text/html; charset=utf-8";
const CSS: &str = "text/css; charset=utf-8";
const SCRIPT: &str = "text/javascript; charset=utf-8";
const JSON: &str = "application/json";
const SVG: &str = "image/svg+xml";

/// A file of the page: address, type, bytes.
struct File(&'static str, &'static str, &'static [u8]);

macro_rules! files {
    ($($address:literal $kind:ident $name:literal;)*) => {
        const FILES: &[File] =
            &[$(File($address, $kind, include_bytes!(concat!("page/", $name)))),*];
    };
}

// A file of the page is a file in `page` and a line here.
files! {
    "/" HTML "index.html";
    "/page/design.css" CSS "../../../../design.css";
    "/page/page.css" CSS "page.css";
    "/page/preview.css" CSS "preview.css";
    "/page/mark.svg" SVG "mark.svg";
    "/page/main.js" SCRIPT "main.js";
    "/page/api.js" SCRIPT "api.js";
    "/page/cards.js" SCRIPT "cards.js";
    "/page/checking.js" SCRIPT "checking.js";
    "/page/compose.js" SCRIPT "compose.js";
    "/page/context.js" SCRIPT "context.js";
    "/page/dismissals.js" SCRIPT "dismissals.js";
    "/page/dom.js" SCRIPT "dom.js";
    "/page/export.js" SCRIPT "export.js";
    "/page/feed.js" SCRIPT "feed.js";
    "/page/files.js" SCRIPT "files.js";
    "/page/grid.js" SCRIPT "grid.js";
    "/page/job.js" SCRIPT "job.js";
    "/page/jobs.js" SCRIPT "jobs.js";
    "/page/keys.js" SCRIPT "keys.js";
    "/page/preview.js" SCRIPT "preview.js";
    "/page/replace.js" SCRIPT "replace.js";
    "/page/result.js" SCRIPT "result.js";
    "/page/run.js" SCRIPT "run.js";
    "/page/segments.js" SCRIPT "segments.js";
    "/page/state.js" SCRIPT "state.js";
    "/page/strings.js" SCRIPT "strings.js";
    "/page/terms.js" SCRIPT "terms.js";
    "/page/text.js" SCRIPT "text.js";
    "/page/view.js" SCRIPT "view.js";
    "/page/whole.js" SCRIPT "whole.js";
    "/page/work.js" SCRIPT "work.js";
    "/page/en.json" JSON "en.json";
    "/page/ko.json" JSON "ko.json";
}

pub(super) fn routes() -> Router<Arc<App>> {
    FILES.iter().fold(Router::new(), |router, file| {
        let tag = tag(file.2);
        router.route(file.0, get(move |headers: HeaderMap| answer(file, tag.clone(), headers)))
    })
}

/// The entity tag of a file: the first 16 digits of its SHA-256.
fn tag(bytes: &[u8]) -> String {
    let hash = Sha256::digest(bytes);
    let digits: String = hash.iter().take(8).map(|byte| format!("{byte:02x}")).collect();
    format!("\"{digits}\"")
}

async fn answer(file: &'static File, tag: String, headers: HeaderMap) -> Response {
    let known = headers.get(header::IF_NONE_MATCH).and_then(|tags| tags.to_str().ok());
    let is_known = known.is_some_and(|known| {
        known.split(',').any(|known| known.trim().trim_start_matches("W/") == tag)
    });
    let mut response = if is_known {
        StatusCode::NOT_MODIFIED.into_response()
    } else {
        ([(header::CONTENT_TYPE, HeaderValue::from_static(file.1))], file.2).into_response()
    };
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_SECURITY_POLICY, HeaderValue::from_static(POLICY));
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-cache"));
    if let Ok(tag) = HeaderValue::from_str(&tag) {
        headers.insert(header::ETAG, tag);
    }
    response
}
