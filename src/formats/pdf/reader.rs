//! Our own reader of PDF files: from characters at places to an article.
//!
//! A page has no words and no paragraphs. `guard` runs `source`, which reads the characters of each
//! page within limits, and `assemble` makes lines, columns and paragraphs of them.

mod assemble;
mod characters;
mod columns;
mod furniture;
mod glyph;
mod ground;
mod guard;
mod hazards;
mod limits;
mod lines;
mod paragraphs;
mod source;
mod spacing;
mod syllables;
mod tables;
#[cfg(test)]
mod tests;

use super::super::{Item, record};
use super::scan;
use crate::document::{Block, BlockKind, Document};

/// Reads the article of a document.
pub(super) fn read(bytes: &[u8]) -> Result<Item, String> {
    let guard::Reading { pages, failures, count, date } = guard::read(bytes)?;
    let mut notes: Vec<(usize, String)> = failures
        .iter()
        .map(|(number, reason)| (*number, format!("page {number} {reason}; it was not read")))
        .collect();
    let mut pictures = 0;
    for (number, page) in &pages {
        match Content::of(page) {
            Content::Text => {}
            Content::Pictures => {
                pictures += 1;
                notes.push((*number, format!("page {number} has pictures and no text")));
            }
            Content::Unknown { unknown, all } => notes.push((
                *number,
                format!("page {number} has {unknown} of {all} characters whose font does not say which letters they are"),
            )),
        }
    }
    let done = pages
        .last()
        .map_or(0, |(number, _)| *number)
        .max(failures.last().map_or(0, |(number, _)| *number));
    if done < count {
        notes.push((
            done + 1,
            format!("pages {} to {count} were not read: the document is too long", done + 1),
        ));
    }
    notes.sort();
    let pages: Vec<glyph::Page> = pages.into_iter().map(|(_, page)| page).collect();
    let text = assemble::text(&pages);
    if text.paragraphs.is_empty() && text.title.is_none() {
        return Err(match failures.first() {
            Some((number, reason)) => {
                format!("has no page that can be read: page {number} {reason}")
            }
            None if pictures > 0 => scan::REASON.into(),
            None => "has no text".into(),
        });
    }
    let (title, body) = match text.title {
        Some(title) if text.paragraphs.is_empty() => (None, title),
        title => (title, text.paragraphs.join("\n\n")),
    };
    let document = record::with_headline(title, body)?;
    let mut blocks = document.blocks().to_vec();
    let mut whole = document.text().to_string();
    for (kind, words) in text.furniture {
        whole.push_str("\n\n");
        let start = whole.len();
        whole.push_str(&words);
        blocks.push(Block::new(start..whole.len(), BlockKind::boilerplate(kind)));
    }
    let notes = notes.into_iter().map(|(_, note)| note).collect();
    Ok(Item { published: date, notes, ..Item::from(Document::new(whole, blocks)) })
}

/// What a page has, for the notes.
enum Content {
    Text,
    Pictures,
    Unknown { unknown: usize, all: usize },
}

impl Content {
    fn of(page: &glyph::Page) -> Self {
        /// Pictures smaller than this share of the page are ornaments.
        const ORNAMENT: f32 = 0.03;
        /// Text whose letters are drawn as shapes has many.
        const MANY_SHAPES: usize = 200;
        let letters = page.text().iter().filter(|glyph| !glyph.char.is_whitespace());
        let all = letters.clone().count();
        let unknown = letters.filter(|glyph| glyph.char == char::REPLACEMENT_CHARACTER).count();
        if all == 0 && (page.pictures > ORNAMENT || page.shapes > MANY_SHAPES) {
            Self::Pictures
        } else if unknown > 0 {
            Self::Unknown { unknown, all }
        } else {
            Self::Text
        }
    }
}
