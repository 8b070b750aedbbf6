//! PDF: the text of the pages as they are shown.
//!
//! A page has no words and no paragraphs, only characters at places. `source` reads those, and
//! `assemble` makes lines, columns and paragraphs of them. Without the feature `pdf`, and with
//! another program set by [`set_pdf_tool`], that program reads the pages.

#[cfg(feature = "pdf")]
mod assemble;
#[cfg(feature = "pdf")]
mod characters;
#[cfg(feature = "pdf")]
mod columns;
#[cfg(feature = "pdf")]
mod furniture;
#[cfg(feature = "pdf")]
mod glyph;
#[cfg(feature = "pdf")]
mod ground;
#[cfg(feature = "pdf")]
mod guard;
#[cfg(feature = "pdf")]
mod hazards;
#[cfg(feature = "pdf")]
mod limits;
#[cfg(feature = "pdf")]
mod lines;
#[cfg(feature = "pdf")]
mod paragraphs;
#[cfg(feature = "pdf")]
mod source;
#[cfg(feature = "pdf")]
mod spacing;
#[cfg(feature = "pdf")]
mod syllables;
#[cfg(feature = "pdf")]
mod tables;
#[cfg(test)]
#[cfg(feature = "pdf")]
mod tests;

use std::sync::OnceLock;

use super::{Format, Item, Reader, plain};

pub(super) const FORMAT: Format = Format {
    name: "pdf",
    describe: "a PDF document",
    extensions: &["pdf"],
    title: "PDF",
    written: "plain text",
    kept: "paragraphs",
    sniff: |bytes| bytes[..bytes.len().min(MAX_BEFORE)].windows(5).any(|five| five == MAGIC),
    read: Reader::Packed(read),
};

/// First bytes of a PDF.
const MAGIC: &[u8] = b"%PDF-";
/// Other programs allow this many bytes before them.
const MAX_BEFORE: usize = 1024;

/// A program that gives the text of a PDF, page by page with form feeds between them.
pub type PdfTool = Box<dyn Fn(&[u8]) -> Result<String, String> + Send + Sync>;

static TOOL: OnceLock<PdfTool> = OnceLock::new();

/// Has all PDF files read by another program, from now on and for the whole process. Returns false
/// if one is set already.
pub fn set_pdf_tool(tool: PdfTool) -> bool {
    TOOL.set(tool).is_ok()
}

fn read(bytes: &[u8]) -> Result<Item, String> {
    if !(FORMAT.sniff)(bytes) {
        return Err("is not a PDF: it does not begin like one".into());
    }
    match TOOL.get() {
        Some(tool) => by_tool(&tool(bytes)?),
        None => by_reader(bytes),
    }
}

/// The article of a text with form feeds between its pages.
fn by_tool(text: &str) -> Result<Item, String> {
    let pages = text.strip_suffix('\u{C}').unwrap_or(text).split('\u{C}');
    let blank = |page: &str| page.trim().is_empty();
    if pages.clone().all(blank) {
        return Err(scan_reason());
    }
    let numbers = pages.clone().enumerate().filter(|(_, page)| blank(page)).map(|(at, _)| at + 1);
    let notes = numbers.map(|number| format!("page {number} has no text")).collect();
    let document = plain::read(pages.collect::<Vec<_>>().join("\n\n"))?;
    Ok(Item { notes, ..Item::from(document) })
}

/// Error for a document of pictures alone.
fn scan_reason() -> String {
    "is a scan: its pages are pictures without text; run it through text recognition (OCR) first"
        .into()
}

#[cfg(not(feature = "pdf"))]
fn by_reader(_: &[u8]) -> Result<Item, String> {
    Err("is a PDF, which this program cannot read: it was built without the feature `pdf`; save its text first".into())
}

#[cfg(feature = "pdf")]
fn by_reader(bytes: &[u8]) -> Result<Item, String> {
    use super::record;
    use crate::document::{Block, BlockKind, Document};

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
            None if pictures > 0 => scan_reason(),
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
#[cfg(feature = "pdf")]
enum Content {
    Text,
    Pictures,
    Unknown { unknown: usize, all: usize },
}

#[cfg(feature = "pdf")]
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
