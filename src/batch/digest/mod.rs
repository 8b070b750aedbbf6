//! The digest of a run for readers: headlines, summaries, and translations beside their sources
//! with findings marked; as an HTML page, as Markdown and as a feed.
//!
//! Each file is self-contained, and text of items never becomes markup or script.

mod front;
mod html;
mod markdown;
mod rss;
mod shell;
mod text;
mod words;

pub(super) use html::{html, translated_page};
pub(super) use markdown::{markdown, page};
pub(super) use rss::rss;
pub(super) use text::Figures;
