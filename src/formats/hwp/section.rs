//! A section: its paragraphs, and those in tables, shapes, captions and notes.
//!
//! Paragraphs are in the order of their start: a table's cells follow the paragraph that holds the
//! table. Page headers and footers, master pages, comments and memos are not the article.

use super::super::hancom::Ranks;
use super::super::office::Paragraphs;
use super::records::{self, Record, Records, long, short, string};
use super::{styles, text};

/// Controls whose paragraphs are not part of the article: section settings with master pages,
/// headers, footers, hidden comments.
const SKIPPED_CONTROLS: &[&[u8; 4]] = &[b"secd", b"head", b"foot", b"tcmt"];
/// Drawn objects; text over text, and overlapping characters; numbers.
const SHAPE: &[u8; 4] = b"gso ";
const RUBY: &[u8; 4] = b"tdut";
const COMPOSED: &[u8; 4] = b"tcps";
const NUMBER: &[u8; 4] = b"atno";

/// Reads the records of a section.
pub(super) fn read(bytes: &[u8], ranks: &Ranks, found: &mut Paragraphs) -> Result<(), String> {
    let mut walk = Walk { ranks, found, open: Vec::new(), skipped: None };
    let mut section = Records::new(bytes);
    // The records of a caption, which are read after the shape they belong to.
    let mut caption: Option<Records> = None;
    loop {
        let from_caption = caption.is_some();
        let source = caption.as_mut().unwrap_or(&mut section);
        let before = *source;
        let record = source.next().transpose()?;
        match record {
            Some(record) => {
                if let Some(put_off) = walk.close(record.level, before) {
                    // The record is read again, after the caption.
                    (section, caption) = (before, Some(put_off));
                    continue;
                }
                walk.record(record, before, !from_caption);
            }
            None if from_caption => caption = None,
            None => match walk.close(0, before) {
                Some(put_off) => caption = Some(put_off),
                None => return Ok(()),
            },
        }
    }
}

/// Records that are open, with the paragraphs found.
struct Walk<'a, 'b> {
    ranks: &'a Ranks,
    found: &'a mut Paragraphs,
    open: Vec<Open<'b>>,
    /// Records from this level on are skipped.
    skipped: Option<u16>,
}

/// A record with others inside.
struct Open<'b> {
    level: u16,
    what: What<'b>,
}

enum What<'b> {
    Paragraph {
        text: &'b [u8],
        /// Number of controls so far, and their texts.
        controls: usize,
        inserted: Vec<(usize, String)>,
    },
    /// A drawn object. Its caption is stored before its text, and printed after it.
    Shape { caption: Caption<'b> },
}

enum Caption<'b> {
    /// The shape has not begun.
    Expected,
    /// Begins with these records, which are passed over.
    Open(Records<'b>),
    Whole(Option<Records<'b>>),
}

impl<'b> Walk<'_, 'b> {
    /// Closes what ends before a record of this level, the next of `rest`. Stops at a shape with a
    /// caption, and returns the caption.
    fn close(&mut self, level: u16, rest: Records<'b>) -> Option<Records<'b>> {
        while let Some(open) = self.open.pop_if(|open| open.level >= level) {
            match open.what {
                What::Paragraph { text, inserted, .. } => {
                    text::add(text, &inserted, self.found);
                    self.found.close();
                }
                What::Shape { caption: Caption::Whole(Some(caption)) } => return Some(caption),
                // A shape that never began.
                What::Shape { caption: Caption::Open(caption) } => {
                    return Some(caption.until(rest));
                }
                What::Shape { .. } => {}
            }
        }
        None
    }

    fn record(&mut self, record: Record<'b>, before: Records<'b>, may_put_off: bool) {
        if self.skipped.is_some_and(|from| record.level >= from) {
            return;
        }
        self.skipped = None;
        if self.is_caption(record, before) {
            return;
        }
        match record.tag {
            records::PARAGRAPH_HEADER => {
                self.found.open();
                self.found.rank(styles::rank(self.ranks, record.data));
                let what = What::Paragraph { text: &[], controls: 0, inserted: Vec::new() };
                self.open.push(Open { level: record.level, what });
            }
            records::PARAGRAPH_TEXT => {
                if let Some(Open { what: What::Paragraph { text, .. }, .. }) = self.open.last_mut()
                {
                    *text = record.data;
                }
            }
            records::CONTROL_HEADER => self.control(record, may_put_off),
            // The memos of a section are its last records, on one level with their list.
            records::MEMO_LIST => self.skipped = Some(record.level),
            _ => {}
        }
    }

    fn control(&mut self, record: Record<'b>, may_put_off: bool) {
        let Some(data) = record.data.get(4..) else { return };
        // The name is a number, so its letters are stored from the last to the first.
        let name: [u8; 4] = std::array::from_fn(|at| record.data[3 - at]);
        if let Some(Open { what: What::Paragraph { controls, inserted, .. }, .. }) =
            self.open.last_mut()
        {
            inserted.extend(words(&name, data).map(|words| (*controls, words)));
            *controls += 1;
        }
        if SKIPPED_CONTROLS.contains(&&name) {
            self.skipped = Some(record.level + 1);
        } else if name == *SHAPE {
            let caption = if may_put_off { Caption::Expected } else { Caption::Whole(None) };
            self.open.push(Open { level: record.level, what: What::Shape { caption } });
        }
    }

    /// True if the record belongs to the caption of a shape that has not begun.
    fn is_caption(&mut self, record: Record<'b>, before: Records<'b>) -> bool {
        let Some(Open { level, what: What::Shape { caption } }) = self.open.last_mut() else {
            return false;
        };
        let direct = record.level == *level + 1;
        match caption {
            Caption::Expected if direct && record.tag == records::LIST_HEADER => {
                *caption = Caption::Open(before);
                true
            }
            Caption::Expected if direct && record.tag == records::SHAPE_COMPONENT => {
                *caption = Caption::Whole(None);
                false
            }
            Caption::Open(start) if direct && record.tag == records::SHAPE_COMPONENT => {
                *caption = Caption::Whole(Some(start.until(before)));
                false
            }
            Caption::Open(_) => true,
            _ => false,
        }
    }
}

/// The text that a control itself shows: text under other text, characters written over each other,
/// the number of a table or figure.
fn words(name: &[u8; 4], data: &[u8]) -> Option<String> {
    match name {
        RUBY => Some(string(data, 0)?.0),
        COMPOSED => {
            let (letters, end) = string(data, 0)?;
            // The first letter is the frame around the others, if there is one.
            let framed = *data.get(end)? > 0;
            Some(letters.chars().skip(usize::from(framed)).collect())
        }
        // Kinds 3 to 5: figures, tables, equations. Notes and pages have numbers of their own.
        NUMBER if matches!(long(data, 0)? & 0xF, 3..=5) => Some(short(data, 4)?.to_string()),
        _ => None,
    }
}
