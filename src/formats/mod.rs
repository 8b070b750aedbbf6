//! File formats: bytes in, a [`Document`] out.
//!
//! A format is one file here and one line in [`FORMATS`]. Its reader leaves the text between the
//! blocks unchanged, byte for byte, so that translated blocks can be put back. Knows encodings,
//! page structure and boilerplate; knows nothing of paths (a file name only serves messages and its
//! extension), models or tasks.

mod article;
mod beginning;
mod boilerplate;
mod byte_order;
mod charset;
mod dates;
mod encoding;
mod fields;
mod format;
mod hancom;
mod item;
mod korean;
mod office;
pub mod pairs;
mod record;
mod subtitles;
mod transcode;
mod unknown;
mod visible;
mod xml;

use std::io::Read as _;

use beginning::read_beginning;

pub use charset::Charset;
pub use dates::{Date, read as date};
pub use encoding::decode;
pub(crate) use feed::without_title;
pub use fields::Fields;
pub use format::{Format, NewWords, Reader};
pub use item::{Form, Item, ItemResult, ItemStream, MAX_BYTES, Unreadable};
pub use pairs::{PAIR_FORMATS, PairFormat, PairLanguages, PairStream, TextPair, pairs};
pub use pdf::{PdfTool, set_pdf_tool};
pub use visible::visible;

use crate::document::{Block, Document, Package};
use crate::error::{Error, InputFault, Result};

macro_rules! formats {
    ($(mod $member:ident;)*) => {
        $(mod $member;)*

        /// All formats, the most specific first; the last one accepts any bytes.
        pub const FORMATS: &[Format] = &[$($member::FORMAT),*];
    };
}

// A format is a file and a line here, the most specific first.
formats! {
    mod feed;
    mod newsml;
    mod nitf;
    mod xliff;
    mod po;
    mod sami;
    mod eml;
    mod html;
    mod jsonl;
    mod json;
    mod csv;
    mod hwpx;
    mod hwp;
    mod pptx;
    mod xlsx;
    mod odf;
    mod epub;
    mod docx;
    mod pdf;
    mod srt;
    mod vtt;
    mod markdown;
    mod plain;
}

/// Reads one article in any supported format and encoding. `name` is the file's name or "standard
/// input".
///
/// ```
/// use malmoi::formats::read;
/// let page = b"Back To Top\n\nMinisters meet in Seoul\n\nThe ministers met on Thursday.\n";
/// let document = read(page, "news.txt").unwrap();
/// assert_eq!(document.title(), Some("Ministers meet in Seoul"));
/// assert_eq!(document.article(), "Ministers meet in Seoul\n\nThe ministers met on Thursday.");
/// assert_eq!(document.boilerplate().collect::<Vec<_>>(), [("navigation", "Back To Top")]);
///
/// let error = read(b"\x89PNG ...", "news").unwrap_err();
/// assert!(error.to_string().starts_with("news is not text: it is an image"));
/// ```
pub fn read(bytes: &[u8], name: &str) -> Result<Document> {
    Ok(article(bytes, name)?.document)
}

/// Reads one article together with its source's data: id, version, link, date.
pub fn article(bytes: &[u8], name: &str) -> Result<Item> {
    article_in(detect(name, bytes), bytes, name)
}

/// Reads one article from a file or a pipe; stops with an error beyond [`MAX_BYTES`].
///
/// ```
/// use malmoi::formats::read_from;
/// let error = read_from(std::io::repeat(b'x'), "standard input").unwrap_err();
/// assert_eq!(error.to_string(), "standard input is larger than the 64 MB an article may have");
/// ```
pub fn read_from(source: impl std::io::Read, name: &str) -> Result<Document> {
    Ok(article_from(source, name)?.document)
}

/// Reads one article from a file or a pipe together with its source's data and the notes on damage.
pub fn article_from(source: impl std::io::Read, name: &str) -> Result<Item> {
    article(&read_bounded(source, name)?, name)
}

/// All bytes of a source; an error beyond [`MAX_BYTES`].
fn read_bounded(source: impl std::io::Read, name: &str) -> Result<Vec<u8>> {
    let mut bytes = Vec::new();
    source.take(MAX_BYTES + 1).read_to_end(&mut bytes).map_err(|e| Error::io("read", name, e))?;
    if bytes.len() as u64 > MAX_BYTES {
        let reason = format!("is larger than the {} MB an article may have", MAX_BYTES >> 20);
        return Err(Error::unreadable(name, reason));
    }
    Ok(bytes)
}

fn article_in(format: &Format, bytes: &[u8], name: &str) -> Result<Item> {
    let refuse = |reason: String| Error::unreadable(name, reason);
    let (item, ending) = match format.read {
        Reader::Article(read) if format.name == plain::FORMAT.name => {
            let text = decode_text(bytes, name)?;
            let named = || unknown::named(name).map(str::to_string);
            if let Some(reason) = unknown::text(&text).or_else(named) {
                return Err(refuse(reason));
            }
            (read(text), format.extensions.first())
        }
        Reader::Article(read) => (read(decode_text(bytes, name)?), format.extensions.first()),
        Reader::Office { read, .. } => {
            let own = format.extensions.iter().find(|own| name.to_lowercase().ends_with(**own));
            (read(bytes), own.or(format.extensions.first()))
        }
        Reader::Packed(read) => (read(bytes), plain::FORMAT.extensions.first()),
        Reader::Articles(_) | Reader::Stream(_) => {
            let is_feed = format.name == feed::FORMAT.name;
            return Err(Error::SeveralArticles {
                name: name.to_string(),
                what: format.describe,
                is_feed,
            });
        }
    };
    let form = ending.map_or(Form::Words, |ending| Form::File((*ending).into()));
    item.map(|item| Item { form, ..item }).map_err(refuse)
}

/// Writes a document with new words for some of its blocks, as the file that it was read from: the
/// text of [`Document::rejoin`], or the package with the words in their places. `None` keeps a
/// block.
pub fn write(
    document: &Document,
    mut words: impl FnMut(usize, &Block) -> Option<String>,
) -> Result<Vec<u8>> {
    let Some(package) = document.package() else { return Ok(document.rejoin(words).into_bytes()) };
    let mut placed = Vec::new();
    let text = document.rejoin(|index, block| {
        let new = words(index, block)?;
        if let Some(place) = &block.place {
            placed.push((place.clone(), document.with_markup(block, new.clone()).0));
        }
        Some(new)
    });
    repacked(package, NewWords { placed, is_bilingual: false, text: &text })
}

/// True if files of a form are packages, whose text is one part of them.
pub(crate) fn is_packed(form: &Form) -> bool {
    let Form::File(ending) = form else { return false };
    let is_office = |format: &&Format| matches!(format.read, Reader::Office { .. });
    FORMATS.iter().filter(is_office).any(|format| format.extensions.contains(&&**ending))
}

/// Writes a copy of a package with new words.
pub(crate) fn repacked(package: &Package, words: NewWords<'_>) -> Result<Vec<u8>> {
    let format = FORMATS.iter().find(|format| format.name == package.format);
    let name = format!("the {} file", package.format.to_uppercase());
    let refuse = |reason: String| Error::unreadable(&name, reason);
    match format.map(|format| format.read) {
        Some(Reader::Office { write, .. }) => write(package, words).map_err(refuse),
        _ => Err(refuse("is of no format that is written".to_string())),
    }
}

/// Reads all articles of an input. An error concerns the whole input; one unreadable article is an
/// [`Unreadable`].
///
/// ```
/// use malmoi::formats::{Fields, items};
/// let lines = "{\"id\": 7, \"title\": \"Ministers meet\", \"body\": \"They met.\"}\nnot JSON\n";
/// let fields = Fields::default();
/// let found: Vec<_> = items(lines.as_bytes(), "archive.jsonl", fields).unwrap().collect();
/// assert_eq!(found[0].as_ref().unwrap().document.title(), Some("Ministers meet"));
/// assert_eq!(found[1].as_ref().unwrap_err().place, "line 2");
/// ```
pub fn items(
    source: impl std::io::Read + Send + 'static,
    name: &str,
    fields: Fields,
) -> Result<ItemStream> {
    let mut source = source;
    let refuse = |fault: InputFault| Error::unreadable(name, fault);
    let beginning = read_beginning(&mut source).map_err(|e| Error::io("read", name, e))?;
    let format = detect(name, &beginning);
    let source =
        std::io::BufReader::with_capacity(1 << 16, std::io::Cursor::new(beginning).chain(source));
    if let Reader::Stream(read) = format.read {
        return read(Box::new(source), fields).map_err(refuse);
    }
    let bytes = read_bounded(source, name)?;
    if let Reader::Articles(read) = format.read {
        let found = read(&decode_text(&bytes, name)?).map_err(|reason| refuse(reason.into()))?;
        return Ok(Box::new(found.into_iter()));
    }
    Ok(Box::new(std::iter::once(Ok(article_in(format, &bytes, name)?))))
}

fn decode_text(bytes: &[u8], name: &str) -> Result<String> {
    let text = decode(bytes, name)?;
    if text.trim().is_empty() { Err(Error::unreadable(name, InputFault::Empty)) } else { Ok(text) }
}

/// The format of the file name's extension, otherwise the first format that recognizes the bytes.
pub fn detect(name: &str, bytes: &[u8]) -> &'static Format {
    let ending = name.rsplit_once('.').map(|(_, ending)| ending.to_lowercase()).unwrap_or_default();
    let named = FORMATS.iter().find(|format| format.extensions.contains(&ending.as_str()));
    named.or_else(|| FORMATS.iter().find(|format| (format.sniff)(bytes))).unwrap_or(&plain::FORMAT)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_and_extensions_are_unique_and_the_last_format_accepts_everything() {
        for mut names in [
            FORMATS.iter().map(|format| format.name).collect::<Vec<_>>(),
            FORMATS.iter().flat_map(|format| format.extensions.iter().copied()).collect(),
        ] {
            names.sort_unstable();
            assert!(names.windows(2).all(|pair| pair[0] != pair[1]), "{names:?}");
        }
        assert!(FORMATS.last().is_some_and(|format| (format.sniff)(b"anything")));
    }

    #[test]
    fn the_format_follows_the_file_name_and_otherwise_the_first_bytes() {
        for (name, bytes, format) in [
            ("a.HTM", "They met.", "html"),
            ("a.md", "<html>", "markdown"),
            ("a.txt", "<!doctype html>", "plain"),
            ("page", "\n<!DOCTYPE HTML><p>They met.", "html"),
            ("standard input", "{\"text\":\"They met.\"}\n", "jsonl"),
            ("archive.json", " [\n{\"text\": \"They met.\"}]", "json"),
            ("feed.json", "{\"version\": \"https://jsonfeed.org/version/1.1\"}", "feed"),
            ("standard input", "[속보] They met.", "plain"),
            ("standard input", "<sami><body>", "sami"),
            ("standard input", "# They met\n\nOn Thursday, 3 < 5.", "plain"),
        ] {
            assert_eq!(detect(name, bytes.as_bytes()).name, format, "{name} {bytes}");
        }
    }

    #[test]
    fn blank_input_is_named_as_empty() {
        for bytes in [&b""[..], b" \r\n\t", b"\xEF\xBB\xBF\n"] {
            assert_eq!(read(bytes, "a.txt").unwrap_err().to_string(), "a.txt is empty");
        }
    }
}
