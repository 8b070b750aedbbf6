//! What stands between two borders of a page, cut into blocks that hold whole elements.
//!
//! A block is given to a translator and its tags may not come back. So a tag whose partner is not
//! in the block stays outside of it, as do pictures and emphasis around all of its words: what is
//! between blocks is never touched.

use std::ops::Range;

use super::super::{article, boilerplate};
use crate::document::{Inline, Span};

/// A part of a run.
pub(super) struct Piece {
    pub span: Span,
    pub what: What,
    /// Whether it is in a link.
    pub linked: bool,
}

/// What a part of a run is.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum What {
    Text,
    Open(String),
    Close(String),
    LineBreak,
    /// A picture or a comment.
    Empty,
}

/// A block's place and which parts of it are links.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Stretch {
    pub span: Span,
    pub links: Vec<Span>,
}

/// The blocks of a run, each trimmed, each with a word in it.
pub(super) fn stretches(text: &str, run: &[Piece]) -> Vec<Stretch> {
    let mut found = Vec::new();
    for paragraph in paragraphs(text, run) {
        let partners = partners(paragraph);
        let mut start = 0;
        for at in 0..=paragraph.len() {
            let border = paragraph.get(at).is_none_or(|piece| {
                matches!(piece.what, What::Open(_) | What::Close(_)) && partners[at].is_none()
            });
            if border {
                found.extend(stretch(text, paragraph, &partners, start..at));
                start = at + 1;
            }
        }
    }
    found
}

/// Cuts a run at line breaks that separate paragraphs.
fn paragraphs<'r>(text: &str, run: &'r [Piece]) -> Vec<&'r [Piece]> {
    let lines: Vec<&[Piece]> = run.split(|piece| piece.what == What::LineBreak).collect();
    let words: Vec<String> = lines.iter().map(|line| words_of(text, line)).collect();
    let (mut found, mut start, mut end) = (Vec::new(), 0, 0);
    for (index, line) in lines.iter().enumerate() {
        end += line.len();
        if words.get(index + 1).is_none_or(|next| stand_apart(&words[index], next)) {
            found.push(&run[start..end]);
            start = end + 1;
        }
        // The line break itself.
        end += 1;
    }
    found
}

fn words_of(text: &str, pieces: &[Piece]) -> String {
    let (Some(first), Some(last)) = (pieces.first(), pieces.last()) else { return String::new() };
    Inline::read(&text[first.span.start..last.span.end]).text().trim().to_string()
}

/// Whether the break between two lines was meant as more than the place where one was full.
fn stand_apart(line: &str, next: &str) -> bool {
    // "■ 전망": small headings of Korean pages.
    let begins_with_shape =
        |line: &str| line.starts_with(|c| ('\u{25A0}'..='\u{25FF}').contains(&c));
    line.is_empty()
        || next.is_empty()
        || article::ends_like_sentence(line)
        || [line, next]
            .iter()
            .any(|line| begins_with_shape(line) || boilerplate::recognize(line).is_some())
}

/// For each tag the one that belongs to it, where both are there and nothing that ends beyond them
/// begins between them.
fn partners(pieces: &[Piece]) -> Vec<Option<usize>> {
    let mut partners = vec![None; pieces.len()];
    let mut open: Vec<(usize, &str)> = Vec::new();
    for (at, piece) in pieces.iter().enumerate() {
        match &piece.what {
            What::Open(name) => open.push((at, name)),
            What::Close(name) => match open.pop() {
                Some((start, opened)) if opened == name => {
                    (partners[start], partners[at]) = (Some(at), Some(start));
                }
                // The block ends here, and with it whatever is open: its partner is beyond.
                _ => open.clear(),
            },
            What::Text | What::LineBreak | What::Empty => {}
        }
    }
    partners
}

/// From the first word to the last, with the elements that hold some of the words and not all of
/// them.
fn stretch(
    text: &str,
    run: &[Piece],
    partners: &[Option<usize>],
    within: Range<usize>,
) -> Option<Stretch> {
    let has_words = |at: &usize| {
        run[*at].what == What::Text
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
    let linked = run[first..=last].iter().filter(|piece| piece.linked && piece.what == What::Text);
    let links = linked.map(|piece| piece.span.start.max(start)..piece.span.end.min(end)).collect();
    Some(Stretch { span: start..end, links })
}
