//! What people read of a run: headline, summary, and the translation beside its source with doubts
//! where they are. As a page, as Markdown and as a feed.
//!
//! None of them needs anything but itself, and nothing in them that came from an item is more than
//! text.

mod html;
mod markdown;
mod rss;
mod words;

pub(super) use html::{html, translated_page};
pub(super) use markdown::{markdown, page};
pub(super) use rss::rss;

use super::result::Line;
use crate::document::escape;

/// What a run's folder holds: items, those with doubts, and those that failed.
#[derive(Debug, Clone, Copy)]
pub(super) struct Figures {
    pub count: usize,
    pub doubtful: usize,
    pub failed: usize,
}

/// The headline in the language of the digest if it was translated; the beginning of a text without
/// one.
fn heading(line: &Line) -> String {
    const LONGEST: usize = 90;
    let heading = line.translation.as_ref().and_then(|one| one.title.as_deref());
    let heading = heading.unwrap_or_else(|| title(line));
    match heading.char_indices().nth(LONGEST).filter(|_| line.title.is_none()) {
        Some((end, _)) => format!("{}…", heading[..end].trim_end()),
        None => heading.to_string(),
    }
}

fn title(line: &Line) -> &str {
    let first = || line.source.lines().next().unwrap_or(&line.id);
    line.title.as_deref().unwrap_or_else(first)
}

/// The models that worked on an item, each once.
fn models(line: &Line) -> Vec<&str> {
    let summary = line.summary.iter().map(|one| one.model.as_str());
    let mut models: Vec<&str> =
        summary.chain(line.translation.iter().map(|one| one.model.as_str())).collect();
    models.dedup();
    models
}

/// Whether an address is one of the web and has no character that could end the place it is written
/// in.
fn is_web(link: &str) -> bool {
    let known = link.starts_with("https://") || link.starts_with("http://");
    known
        && !link.contains(|c: char| {
            c.is_whitespace() || c.is_control() || matches!(c, '<' | '>' | '"' | '\\')
        })
}

/// A text as an attribute's value.
pub(super) fn attribute(text: &str) -> String {
    xml(text).replace('"', "&quot;").replace('\'', "&#39;")
}

/// A text that XML 1.0 allows: control characters have no place in it, not even escaped.
pub(super) fn xml(text: &str) -> String {
    let allowed = |c: &char| !c.is_control() || matches!(c, '\n' | '\t' | '\r');
    escape(
        &text
            .chars()
            .filter(allowed)
            .filter(|c| !matches!(c, '\u{FFFE}' | '\u{FFFF}'))
            .collect::<String>(),
    )
}
