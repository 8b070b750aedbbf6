//! DeepL's API at the root of the server: texts, documents and glossaries of version 2, and the
//! glossaries of version 3.

mod account;
mod documents;
mod fields;
mod formatting;
mod glossaries;
mod markup;
mod multilingual;
mod options;
mod patience;
mod reading;
mod terms;
mod text;

use std::sync::Arc;

use axum::Router;

use super::super::app::App;

pub(in super::super) fn routes() -> Router<Arc<App>> {
    Router::new()
        .merge(text::routes())
        .merge(documents::routes())
        .merge(glossaries::routes())
        .merge(multilingual::routes())
        .merge(account::routes())
}
