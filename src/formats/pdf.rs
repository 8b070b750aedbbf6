//! PDF: the text of the pages as they are shown.
//!
//! Chooses the reader of pages: our own `reader`, which needs the feature `pdf`, or another program
//! set by [`set_pdf_tool`]. Knows nothing of what is on a page.

#[cfg(feature = "pdf")]
mod reader;
mod scan;

use std::sync::OnceLock;

use super::{Format, Item, Reader, plain};
#[cfg(feature = "pdf")]
use reader::read as by_reader;

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
        return Err(scan::REASON.into());
    }
    let numbers = pages.clone().enumerate().filter(|(_, page)| blank(page)).map(|(at, _)| at + 1);
    let notes = numbers.map(|number| format!("page {number} has no text")).collect();
    let document = plain::read(pages.collect::<Vec<_>>().join("\n\n"))?;
    Ok(Item { notes, ..Item::from(document) })
}

#[cfg(not(feature = "pdf"))]
fn by_reader(_: &[u8]) -> Result<Item, String> {
    Err("is a PDF, which this program cannot read: it was built without the feature `pdf`; save \
         its text first"
        .into())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_text_of_another_program_is_read_page_by_page() {
        let item = by_tool("They met on Thursday.\n\u{C}\n\u{C}They left.\n\u{C}").unwrap();
        assert_eq!(item.notes, ["page 2 has no text"]);
        assert!(item.document.text().contains("They left."));
        assert!(by_tool("\u{C}\n\u{C}").unwrap_err().starts_with("is a scan"));
    }
}
