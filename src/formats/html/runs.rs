//! Splits the runs between block-level elements into blocks that hold whole inline elements.
//!
//! A translator may lose a block's tags. So a tag without its partner in the block stays outside,
//! as do pictures and emphasis around the whole block: markup between blocks is never changed.

use std::collections::HashMap;
use std::ops::Range;

use super::super::{article, boilerplate};
use crate::document::{Inline, Span};

/// A part of a run.
pub(super) struct RunPart {
    pub span: Span,
    pub kind: RunPartKind,
    /// True inside a link.
    pub linked: bool,
}

/// The kind of a run's part.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum RunPartKind {
    Text,
    Open(String),
    Close(String),
    LineBreak,
    /// A picture or a comment.
    Empty,
}

/// The span of a block and of its links.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct BlockSpan {
    pub span: Span,
    pub links: Vec<Span>,
}

/// The blocks of a run, trimmed; each holds a letter or digit.
pub(super) fn block_spans(text: &str, run: &[RunPart]) -> Vec<BlockSpan> {
    let mut spans = Vec::new();
    for paragraph in paragraphs(text, run) {
        let partners = partners(paragraph);
        let mut start = 0;
        for at in 0..=paragraph.len() {
            let border = paragraph.get(at).is_none_or(|part| {
                matches!(part.kind, RunPartKind::Open(_) | RunPartKind::Close(_))
                    && partners[at].is_none()
            });
            if border {
                spans.extend(block_span(text, paragraph, &partners, start..at));
                start = at + 1;
            }
        }
    }
    spans
}

/// Splits a run at line breaks that separate paragraphs.
fn paragraphs<'r>(text: &str, run: &'r [RunPart]) -> Vec<&'r [RunPart]> {
    let lines: Vec<&[RunPart]> = run.split(|part| part.kind == RunPartKind::LineBreak).collect();
    let words: Vec<String> = lines.iter().map(|line| words_of(text, line)).collect();
    let (mut spans, mut start, mut end) = (Vec::new(), 0, 0);
    for (index, line) in lines.iter().enumerate() {
        end += line.len();
        if words.get(index + 1).is_none_or(|next| stand_apart(&words[index], next)) {
            spans.push(&run[start..end]);
            start = end + 1;
        }
        // Skips the line break itself.
        end += 1;
    }
    spans
}

fn words_of(text: &str, parts: &[RunPart]) -> String {
    let (Some(first), Some(last)) = (parts.first(), parts.last()) else { return String::new() };
    Inline::read(&text[first.span.start..last.span.end]).text().trim().to_string()
}

/// True if a line break separates paragraphs instead of wrapping a line.
fn stand_apart(line: &str, next: &str) -> bool {
    // "■ 전망": subheadings of Korean pages.
    let begins_with_shape =
        |line: &str| line.starts_with(|c| ('\u{25A0}'..='\u{25FF}').contains(&c));
    line.is_empty()
        || next.is_empty()
        || article::ends_like_sentence(line)
        || [line, next]
            .iter()
            .any(|line| begins_with_shape(line) || boilerplate::recognize(line).is_some())
}

/// For each tag, the index of its partner, if both are in the run. Elements may cross each other.
fn partners(parts: &[RunPart]) -> Vec<Option<usize>> {
    let mut partners = vec![None; parts.len()];
    let mut open: HashMap<&str, Vec<usize>> = HashMap::new();
    for (at, part) in parts.iter().enumerate() {
        match &part.kind {
            RunPartKind::Open(name) => open.entry(name).or_default().push(at),
            RunPartKind::Close(name) => match open.get_mut(name.as_str()).and_then(Vec::pop) {
                Some(start) => (partners[start], partners[at]) = (Some(at), Some(start)),
                // The block ends here: open elements have their partners beyond it.
                None => open.clear(),
            },
            RunPartKind::Text | RunPartKind::LineBreak | RunPartKind::Empty => {}
        }
    }
    partners
}

/// The span from the first word to the last, with the tags of elements that hold only some of the
/// words.
fn block_span(
    text: &str,
    run: &[RunPart],
    partners: &[Option<usize>],
    within: Range<usize>,
) -> Option<BlockSpan> {
    let has_words = |at: &usize| {
        run[*at].kind == RunPartKind::Text
            && !Inline::read(&text[run[*at].span.clone()]).text().trim().is_empty()
    };
    let first = within.clone().find(has_words)?;
    let last = within.clone().rfind(has_words)?;
    let holds_some =
        |at: &usize| partners[*at].is_some_and(|partner| first < partner && partner < last);
    let start = (within.start..first).find(holds_some).map_or_else(
        || run[first].span.end - text[run[first].span.clone()].trim_start().len(),
        |at| run[at].span.start,
    );
    let end = (last + 1..within.end).rfind(holds_some).map_or_else(
        || run[last].span.start + text[run[last].span.clone()].trim_end().len(),
        |at| run[at].span.end,
    );
    if !Inline::read(&text[start..end]).text().contains(char::is_alphanumeric) {
        return None;
    }
    let linked =
        run[first..=last].iter().filter(|part| part.linked && part.kind == RunPartKind::Text);
    let links = linked.map(|part| part.span.start.max(start)..part.span.end.min(end)).collect();
    Some(BlockSpan { span: start..end, links })
}
