//! Texts of items in the digest: headings, addresses, escapes.

use super::words::Words;
use crate::batch::desk_use::{DeskUse, unused_terms};
use crate::batch::result::Line;
use crate::document::escape;
use crate::language::Language;

/// Numbers of items, of items to check, and of failed items; and what all items owe to the desk.
#[derive(Debug, Clone, Copy, Default)]
pub(in crate::batch) struct Figures {
    pub count: usize,
    pub doubtful: usize,
    pub failed: usize,
    pub desk: DeskUse,
}

impl Figures {
    /// Counts an item.
    pub fn add(&mut self, line: &Line) {
        self.count += 1;
        self.doubtful += usize::from(line.doubts().next().is_some());
        self.desk.add(&DeskUse::of(line));
    }

    /// Counts as a line, and what is owed to the desk as further ones.
    pub(super) fn lines(&self, to: Language, shown: usize) -> Vec<String> {
        let counts = Words::figures(to, [self.count, self.doubtful, self.failed, shown]);
        let desk = [Words::memory(to, &self.desk), Words::terms(to, self.desk.glossary, &[])];
        std::iter::once(counts).chain(desk.into_iter().flatten()).collect()
    }
}

/// What an item owes to the desk, as sentences.
pub(super) fn owed(line: &Line) -> Vec<String> {
    let owed = DeskUse::of(line);
    let to = line.language();
    let sentences =
        [Words::memory(to, &owed), Words::terms(to, owed.glossary, &unused_terms(line))];
    sentences.into_iter().flatten().collect()
}

/// The translated headline, or else the headline of the source, or the beginning of a text without
/// one.
pub(super) fn heading(line: &Line) -> String {
    const MAX_CHARS: usize = 90;
    let heading = line.translation.as_ref().and_then(|result| result.title.as_deref());
    let heading = heading.unwrap_or_else(|| title(line));
    match heading.char_indices().nth(MAX_CHARS).filter(|_| line.title.is_none()) {
        Some((end, _)) => format!("{}…", heading[..end].trim_end()),
        None => heading.to_string(),
    }
}

/// The headline of the source, or its first line.
pub(super) fn title(line: &Line) -> &str {
    let first = || line.source.lines().next().unwrap_or(&line.id);
    line.title.as_deref().unwrap_or_else(first)
}

/// Where an item comes from, and its heading: "baram.example: Bridge opens".
pub(super) fn place_of(line: &Line) -> String {
    format!("{}: {}", line.input, heading(line))
}

/// Names of the models that processed an item, each once.
pub(super) fn models(line: &Line) -> Vec<&str> {
    let summary = line.summary.iter().map(|summary| summary.model.as_str());
    let translation = line.translation.iter().map(|translation| translation.model.as_str());
    let mut models: Vec<&str> = summary.chain(translation).collect();
    models.dedup();
    models
}

/// True for a web address without characters that could end an attribute or a Markdown link.
pub(super) fn is_web(link: &str) -> bool {
    let is_http = link.starts_with("https://") || link.starts_with("http://");
    is_http
        && !link.contains(|c: char| {
            c.is_whitespace() || c.is_control() || matches!(c, '<' | '>' | '"' | '\\')
        })
}

/// A text escaped for the value of an attribute.
pub(in crate::batch) fn attribute(text: &str) -> String {
    xml(text).replace('"', "&quot;").replace('\'', "&#39;")
}

/// A text escaped for XML 1.0, which allows control characters not even as references.
pub(in crate::batch) fn xml(text: &str) -> String {
    let allowed = |c: &char| !c.is_control() || matches!(c, '\n' | '\t' | '\r');
    escape(
        &text
            .chars()
            .filter(allowed)
            .filter(|c| !matches!(c, '\u{FFFE}' | '\u{FFFF}'))
            .collect::<String>(),
    )
}
