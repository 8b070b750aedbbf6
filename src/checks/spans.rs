//! Parts of a text with their positions, and excerpts of it for messages.

use crate::document::Span;

/// A place in one of the parts of a document.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct InPart {
    /// Index of the part.
    pub part: usize,
    pub span: Span,
}

/// A span of a part, in the whole text in which the part begins at `start`.
pub(super) fn shifted(span: Span, start: usize) -> Span {
    span.start + start..span.end + start
}

/// The parts of a text with the byte offset of each. The parts must be the whole text in order.
pub(super) fn with_offsets(parts: Vec<&str>) -> impl Iterator<Item = (usize, &str)> {
    let mut end = 0;
    parts.into_iter().map(move |part| {
        end += part.len();
        (end - part.len(), part)
    })
}

/// The span with the rest of its words and a word on each side, for a message.
pub(super) fn context(text: &str, place: Span) -> Span {
    const WORDS: usize = 2;
    let before = text[..place.start].char_indices().rev().filter(|(_, c)| c.is_whitespace());
    let start = before.map(|(at, c)| at + c.len_utf8()).nth(WORDS - 1).unwrap_or(0);
    let after = text[place.end..].char_indices().filter(|(_, c)| c.is_whitespace());
    let end = after.map(|(at, _)| place.end + at).nth(WORDS - 1).unwrap_or(text.len());
    start..end
}

/// A quotation for a message: at most the first 60 characters, on one line.
pub(super) fn excerpt(text: &str) -> String {
    const MAX_CHARS: usize = 60;
    let text = text.split_whitespace().collect::<Vec<_>>().join(" ");
    match text.char_indices().nth(MAX_CHARS) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text,
    }
}

/// Longest text in brackets that is a gloss, in bytes.
const MAX_GLOSS: usize = 120;

/// The parts of a text outside round and square brackets, with their byte offsets. A bracket that
/// is not closed soon is part of the text.
pub(super) fn outside_brackets(text: &str) -> Vec<(usize, &str)> {
    let mut parts = Vec::new();
    let mut start = 0;
    let mut from = 0;
    while let Some(open) = text[from..].find(['(', '（', '[']).map(|at| from + at) {
        let inside = open + text[open..].chars().next().map_or(1, char::len_utf8);
        let mut limit = text.len().min(inside + MAX_GLOSS);
        while !text.is_char_boundary(limit) {
            limit -= 1;
        }
        let close = text[inside..limit].find([')', '）', ']']).map(|at| inside + at);
        match close {
            Some(close) => {
                parts.push((start, &text[start..open]));
                start = close + text[close..].chars().next().map_or(1, char::len_utf8);
                from = start;
            }
            None => from = inside,
        }
    }
    parts.push((start, &text[start..]));
    parts
}

/// Up to `count` words before and after a span, in the order of the text, to the sentence's ends.
pub(super) fn around(text: &str, span: &Span, count: usize) -> (Vec<Span>, Vec<Span>) {
    let is_between = |c: char| !c.is_alphanumeric();
    let ends = |part: &str| {
        part.contains(['.', '!', '?', '\n', ';']) && part.contains(' ') || part.contains('\n')
    };
    let mut before: Vec<Span> = Vec::new();
    let mut end = span.start;
    while before.len() < count {
        let head = text[..end].trim_end_matches(is_between);
        if head.is_empty() || ends(&text[head.len()..end]) {
            break;
        }
        let start = head
            .rfind(is_between)
            .map_or(0, |at| at + head[at..].chars().next().map_or(0, char::len_utf8));
        before.insert(0, start..head.len());
        end = start;
    }
    let mut after: Vec<Span> = Vec::new();
    let mut start = span.end;
    while after.len() < count {
        let rest = &text[start..];
        let Some(first) = rest.find(char::is_alphanumeric).map(|at| start + at) else { break };
        if ends(&text[start..first]) {
            break;
        }
        let length = text[first..].find(is_between).unwrap_or(text.len() - first);
        after.push(first..first + length);
        start = first + length;
    }
    (before, after)
}
