//! Common parts of office documents: a zip of XML files whose text is a sequence of paragraphs.
//!
//! Knows zip, XML and how paragraphs make an article; knows no elements of a format. No file is
//! written, so names in the zip are harmless. Sizes declared in a packed file are not trusted:
//! unpacked bytes are counted.

use std::io::{Cursor, Read as _};

use quick_xml::XmlVersion;
use quick_xml::events::{BytesStart, Event};
use zip::ZipArchive;
use zip::result::ZipError;

use super::{MAX_BYTES, record};
use crate::document::Document;

/// Signature of a zip.
pub(super) const ZIP: &[u8] = b"PK\x03\x04";
/// Signature of the OLE container of older and of encrypted documents.
pub(super) const OLE: &[u8] = b"\xD0\xCF\x11\xE0";
/// Signature of an entry in a zip's directory.
const DIRECTORY_ENTRY: &[u8] = b"PK\x01\x02";
/// Limit of files in a zip: a document with a thousand pictures has fewer.
const MAX_PARTS: usize = 20_000;
/// Nesting limit of elements: tables in text boxes in tables have fewer.
const MAX_DEPTH: usize = 1000;

/// Limit of paragraphs and lines, empty ones included: a few hundred kilobytes can unpack to
/// millions.
const MAX_LINES: usize = 200_000;

/// Kinds of zip by the beginning of a file name inside: description and advice, most specific
/// first.
const KINDS: &[(&str, &str, &str)] = &[
    ("word/", DOCX, "rename it to end in .docx"),
    ("Contents/section", HWPX, "rename it to end in .hwpx"),
    ("Contents/content.hpf", HWPX, "rename it to end in .hwpx"),
    ("xl/", "an XLSX spreadsheet", "save it as CSV first"),
    ("ppt/", "a PPTX presentation", "save its text first"),
    ("OEBPS/", "an EPUB", "save its text first"),
    ("META-INF/container.xml", "an EPUB", "save its text first"),
    ("content.xml", "an OpenDocument file", "save it as DOCX first"),
    ("Index/Document.iwa", "a Pages, Numbers or Keynote document", "save it as DOCX first"),
    ("META-INF/MANIFEST.MF", "a Java archive", "it holds no article"),
];

/// Format names in messages.
pub(super) const DOCX: &str = "DOCX";
pub(super) const HWPX: &str = "HWPX";

/// A zipped document.
pub(super) struct ZipPackage<'b> {
    zip: ZipArchive<Cursor<&'b [u8]>>,
    /// Bytes that may still be unpacked.
    left: u64,
}

impl<'b> ZipPackage<'b> {
    /// Opens a document of one kind; an error names the actual kind.
    pub(super) fn open(bytes: &'b [u8], kind: &str) -> Result<Self, String> {
        if bytes.starts_with(OLE) {
            return Err(format!("is not {kind}: it is {}", ole_kind(bytes)));
        }
        if bytes.windows(DIRECTORY_ENTRY.len()).filter(|four| *four == DIRECTORY_ENTRY).count()
            > MAX_PARTS
        {
            return Err(format!("has more than the {MAX_PARTS} parts a document may have"));
        }
        let zip = ZipArchive::new(Cursor::new(bytes)).map_err(|e| zip_error(&e))?;
        let package = Self { zip, left: MAX_BYTES };
        let found =
            KINDS.iter().find(|(start, ..)| package.names().any(|name| name.starts_with(start)));
        match found {
            Some((_, found, _)) if *found == kind => Ok(package),
            Some((_, found, advice)) => Err(format!("is not {kind}: it is {found}; {advice}")),
            None => {
                Err(format!("is not {kind}: it is another kind of zip archive; unpack it first"))
            }
        }
    }

    /// Names of the files inside.
    pub(super) fn names(&self) -> impl Iterator<Item = String> {
        self.zip.file_names().flatten().map(|name| name.into_owned())
    }

    /// The XML of a file; `None` if it is missing.
    pub(super) fn part(&mut self, name: &str) -> Result<Option<String>, String> {
        let part = match self.zip.by_name(name) {
            Err(ZipError::FileNotFound) => return Ok(None),
            part => part.map_err(|error| format!("{}, in {name}", zip_error(&error)))?,
        };
        let mut bytes = Vec::new();
        part.take(self.left + 1)
            .read_to_end(&mut bytes)
            .map_err(|error| format!("is damaged: {name} cannot be unpacked: {error}"))?;
        self.left = self.left.checked_sub(bytes.len() as u64).ok_or_else(|| {
            format!("unpacks to more than the {} MB a document may have", MAX_BYTES >> 20)
        })?;
        // These programs write only Unicode.
        let (encoding, mark) =
            encoding_rs::Encoding::for_bom(&bytes).unwrap_or((encoding_rs::UTF_8, 0));
        let text = encoding.decode_without_bom_handling_and_without_replacement(&bytes[mark..]);
        let text = text.ok_or_else(|| format!("is damaged: {name} is not {}", encoding.name()))?;
        Ok(Some(text.into_owned()))
    }
}

fn zip_error(error: &ZipError) -> String {
    match error {
        ZipError::UnsupportedArchive(reason) if *reason == ZipError::PASSWORD_REQUIRED => {
            encrypted_error()
        }
        error => format!("is damaged or incomplete: {error}"),
    }
}

/// Error for a document with a password.
pub(super) fn encrypted_error() -> String {
    "is encrypted; save it without a password first".to_string()
}

pub(super) fn ole_kind(bytes: &[u8]) -> &'static str {
    let holds = |name: &[u8]| bytes.windows(name.len()).any(|part| part == name);
    let wide: Vec<u8> = "EncryptedPackage".encode_utf16().flat_map(u16::to_le_bytes).collect();
    if holds(b"HWP Document File") {
        "an HWP document; rename it to end in .hwp"
    } else if holds(&wide) {
        "a document encrypted with a password; save it without one first"
    } else {
        "an old Office document; save it as DOCX first"
    }
}

/// A node of an XML document; names are without prefix.
pub(super) enum XmlNode<'x> {
    Open(&'x str, &'x BytesStart<'x>),
    Words(&'x str),
    Close(&'x str),
}

/// Visits an XML document except the elements in `skip`. Entities declared in the document are not
/// expanded, but kept as written.
pub(super) fn walk(xml: &str, skip: &[&str], mut visit: impl FnMut(XmlNode)) -> Result<(), String> {
    let mut reader = quick_xml::Reader::from_str(xml);
    reader.config_mut().expand_empty_elements = true;
    let (mut depth, mut skipped) = (0, None);
    loop {
        let event = reader.read_event();
        let event = event
            .map_err(|e| format!("is damaged: byte {} of its XML: {e}", reader.error_position()))?;
        match &event {
            Event::Start(start) => {
                depth += 1;
                if depth > MAX_DEPTH {
                    return Err(format!("has elements nested more than {MAX_DEPTH} deep"));
                }
                let name = start.local_name();
                if skipped.is_none() && skip.contains(&name.as_ref()) {
                    skipped = Some(depth);
                } else if skipped.is_none() {
                    visit(XmlNode::Open(name.as_ref(), start));
                }
            }
            Event::End(end) => {
                match skipped {
                    None => visit(XmlNode::Close(end.local_name().as_ref())),
                    Some(from) if from == depth => skipped = None,
                    Some(_) => {}
                }
                depth = depth.saturating_sub(1);
            }
            Event::Eof if depth > 0 => {
                return Err("is damaged: its XML ends in the middle".to_string());
            }
            Event::Eof => return Ok(()),
            _ if skipped.is_some() => {}
            Event::Text(words) => visit(XmlNode::Words(&words.xml10_content())),
            Event::CData(words) => visit(XmlNode::Words(&words.xml10_content())),
            Event::GeneralRef(name) => {
                let letter = name.resolve_char_ref().ok().flatten().filter(|c| !c.is_control());
                match quick_xml::escape::resolve_predefined_entity(name) {
                    Some(words) => visit(XmlNode::Words(words)),
                    None => match letter {
                        Some(letter) => visit(XmlNode::Words(letter.encode_utf8(&mut [0; 4]))),
                        None => visit(XmlNode::Words(&format!("&{};", &**name))),
                    },
                }
            }
            _ => {}
        }
    }
}

/// The value of an attribute, by its name without prefix.
pub(super) fn attribute(start: &BytesStart, name: &str) -> Option<String> {
    // Without the check for duplicates, which is quadratic.
    let mut attributes = start.attributes();
    let mut attributes = attributes.with_checks(false).flatten();
    let found = attributes.find(|attribute| attribute.key.local_name().as_ref() == name)?;
    found.normalized_value(XmlVersion::Implicit1_0).ok().map(|value| value.into_owned())
}

/// The text of the first matching element that is not blank.
pub(super) fn value(xml: &str, wanted: impl Fn(&str, &BytesStart) -> bool) -> Option<String> {
    let (mut found, mut inside) = (String::new(), false);
    let read = walk(xml, &[], |node| match node {
        XmlNode::Open(name, start) if found.trim().is_empty() => inside = wanted(name, start),
        XmlNode::Words(words) if inside => found.push_str(words),
        _ => inside = false,
    });
    let found = found.trim();
    (read.is_ok() && !found.is_empty()).then(|| found.to_string())
}

/// The rank of a paragraph by its style.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum ParagraphRank {
    Title,
    Heading,
    /// A headline only if nothing is before it.
    Outline,
}

/// Paragraphs in the order of their start; one may contain a table or text box with others.
#[derive(Default)]
pub(super) struct Paragraphs {
    found: Vec<Paragraph>,
    /// Indices of the open paragraphs.
    open: Vec<usize>,
    /// Number of paragraphs and line breaks so far.
    lines: usize,
}

#[derive(Default)]
struct Paragraph {
    words: String,
    rank: Option<ParagraphRank>,
}

impl Paragraphs {
    /// Opens a paragraph.
    pub(super) fn open(&mut self) {
        self.lines += 1;
        self.open.push(self.found.len());
        // Too many: the document will be refused, so none is kept.
        if self.lines <= MAX_LINES {
            self.found.push(Paragraph::default());
        }
    }

    /// Closes the innermost open paragraph.
    pub(super) fn close(&mut self) {
        let last = self.open.pop().is_some_and(|at| at + 1 == self.found.len());
        // Empty paragraphs are dropped: a small file may hold millions.
        if last && self.found.last().is_some_and(|paragraph| paragraph.words.trim().is_empty()) {
            self.found.pop();
        }
    }

    /// Sets the rank of the open paragraph.
    pub(super) fn rank(&mut self, rank: Option<ParagraphRank>) {
        if let Some(paragraph) = self.open.last().and_then(|at| self.found.get_mut(*at)) {
            paragraph.rank = rank;
        }
    }

    /// Adds text to the open paragraph. A line break in the XML is a space.
    pub(super) fn words(&mut self, words: &str) {
        if let Some(paragraph) = self.open.last().and_then(|at| self.found.get_mut(*at)) {
            paragraph.words.extend(words.chars().map(|c| if c == '\n' { ' ' } else { c }));
        }
    }

    /// Adds a line break to the open paragraph.
    pub(super) fn line_break(&mut self) {
        self.lines += 1;
        if let Some(paragraph) = self.open.last().and_then(|at| self.found.get_mut(*at)) {
            paragraph.words.push('\n');
        }
    }

    /// The article. Its headline is the paragraph in the title style, or the only first-level
    /// heading, wherever it is.
    pub(super) fn document(mut self) -> Result<Document, String> {
        if self.lines > MAX_LINES {
            return Err(format!(
                "has more than the {MAX_LINES} paragraphs and lines a document may have"
            ));
        }
        self.found.retain(|paragraph| !paragraph.words.trim().is_empty());
        let of_rank = |rank| {
            let places = self.found.iter().enumerate();
            places
                .filter(|(_, paragraph)| paragraph.rank == Some(rank))
                .map(|(at, _)| at)
                .collect::<Vec<_>>()
        };
        let title = match (
            of_rank(ParagraphRank::Title).as_slice(),
            of_rank(ParagraphRank::Heading).as_slice(),
        ) {
            ([title, ..], _) => Some(*title),
            ([], [only]) => Some(*only),
            ([], [0, ..]) => Some(0),
            _ => of_rank(ParagraphRank::Outline).first().copied().filter(|first| *first == 0),
        };
        let title = title.filter(|_| self.found.len() > 1).map(|at| self.found.remove(at).words);
        let body: Vec<&str> = self.found.iter().map(|paragraph| paragraph.words.trim()).collect();
        if body.is_empty() {
            return Err("has no text".to_string());
        }
        record::with_headline(title, body.join("\n\n"))
    }
}

#[cfg(test)]
pub(super) mod tests {
    use std::io::Write as _;

    use proptest::prelude::*;
    use zip::write::SimpleFileOptions;

    use super::*;

    /// A zip with these files.
    pub(in crate::formats) fn zip_of(parts: &[(&str, &str)]) -> Vec<u8> {
        let mut zip = zip::ZipWriter::new(Cursor::new(Vec::new()));
        for (name, text) in parts {
            zip.start_file(*name, SimpleFileOptions::default()).unwrap();
            zip.write_all(text.as_bytes()).unwrap();
        }
        zip.finish().unwrap().into_inner()
    }

    fn refused(bytes: &[u8]) -> String {
        ZipPackage::open(bytes, DOCX).err().unwrap()
    }

    #[test]
    fn a_zip_of_something_else_is_named() {
        let epub = zip_of(&[("mimetype", "application/epub+zip"), ("META-INF/container.xml", "")]);
        assert_eq!(refused(&epub), "is not DOCX: it is an EPUB; save its text first");
        let hwpx = zip_of(&[("META-INF/container.xml", ""), ("Contents/section0.xml", "")]);
        assert!(refused(&hwpx).ends_with("it is HWPX; rename it to end in .hwpx"));
        assert!(refused(&zip_of(&[("xl/workbook.xml", "")])).contains("XLSX"));
        assert!(refused(&zip_of(&[("a.txt", "")])).contains("another kind of zip archive"));
    }

    #[test]
    fn an_old_or_encrypted_container_is_named() {
        let container = |text: &[u8]| refused(&[OLE, b"\xA1\xB1\x1A\xE1....", text].concat());
        assert!(container(b"HWP Document File").contains("rename it to end in .hwp"));
        assert!(
            container(b"E\0n\0c\0r\0y\0p\0t\0e\0d\0P\0a\0c\0k\0a\0g\0e\0").contains("password")
        );
        assert!(container(b"").contains("an old Office document"));
    }

    #[test]
    fn a_zip_that_is_cut_short_or_changed_is_said_to_be_damaged() {
        let zip = zip_of(&[("word/document.xml", &"<p>words</p>".repeat(50))]);
        assert!(refused(&zip[..zip.len() / 2]).starts_with("is damaged or incomplete"));
        let mut changed = zip.clone();
        // The checksum in the directory is the one that is verified.
        let at = zip.windows(4).position(|four| four == DIRECTORY_ENTRY).unwrap() + 16;
        changed[at] ^= 1;
        let mut package = ZipPackage::open(&changed, DOCX).unwrap();
        assert!(package.part("word/document.xml").unwrap_err().contains("cannot be unpacked"));
        assert_eq!(ZipPackage::open(&zip, DOCX).unwrap().part("word/none.xml"), Ok(None));
    }

    #[test]
    fn zip_bombs_and_too_many_files_are_refused() {
        let bomb = zip_of(&[("word/document.xml", &" ".repeat(MAX_BYTES as usize + 1))]);
        assert!(bomb.len() < 1 << 20);
        let error = ZipPackage::open(&bomb, DOCX).unwrap().part("word/document.xml").unwrap_err();
        assert_eq!(error, "unpacks to more than the 64 MB a document may have");
        let many = [ZIP, &DIRECTORY_ENTRY.repeat(MAX_PARTS + 1)].concat();
        assert!(refused(&many).contains("parts a document may have"));
    }

    #[test]
    fn the_limit_is_for_all_parts_together() {
        let half = " ".repeat(MAX_BYTES as usize / 2 + 1);
        let bomb = zip_of(&[("word/a.xml", &half), ("word/b.xml", &half)]);
        let mut package = ZipPackage::open(&bomb, DOCX).unwrap();
        assert!(package.part("word/a.xml").is_ok() && package.part("word/b.xml").is_err());
    }

    fn words(xml: &str, skip: &[&str]) -> Result<String, String> {
        let mut all = String::new();
        walk(xml, skip, |node| {
            if let XmlNode::Words(words) = node {
                all.push_str(words);
            }
        })
        .map(|()| all)
    }

    #[test]
    fn entities_of_a_document_are_not_expanded() {
        let xml = "<!DOCTYPE a [<!ENTITY b \"bbbb\"><!ENTITY c SYSTEM \"file:///etc/passwd\">]><a>1&b;&c;&amp;&#xAC00;&#7;2</a>";
        assert_eq!(words(xml, &[]).unwrap(), "1&b;&c;&가&#7;2");
    }

    #[test]
    fn incomplete_or_too_deep_xml_is_refused() {
        assert!(words("<a><b>x</b>", &[]).unwrap_err().contains("ends in the middle"));
        assert!(words("<a>x</b>", &[]).unwrap_err().contains("byte"));
        assert!(words(&"<a>".repeat(MAX_DEPTH + 1), &[]).unwrap_err().contains("deep"));
        assert_eq!(words("<a>1<s>2<s>3</s>4</s>5<s/>6</a>", &["s"]).unwrap(), "156");
    }

    #[test]
    fn the_headline_is_the_title_or_the_only_heading() {
        let article = |paragraphs: &[(&str, Option<ParagraphRank>)]| {
            let mut found = Paragraphs::default();
            for (words, rank) in paragraphs {
                found.open();
                found.rank(*rank);
                found.words(words);
                found.close();
            }
            found.document().map(|document| document.title().map(str::to_string))
        };
        let (title, heading) = (Some(ParagraphRank::Title), Some(ParagraphRank::Heading));
        assert_eq!(
            article(&[("보도자료.", None), ("하나", title), ("둘.", None)]),
            Ok(Some("하나".into()))
        );
        assert_eq!(
            article(&[("One.", None), ("Two", heading), ("Three.", None)]),
            Ok(Some("Two".into()))
        );
        assert_eq!(article(&[("One.", None), ("Two", heading), ("Three", heading)]), Ok(None));
        assert_eq!(article(&[("하나", title), (" ", None)]), Ok(None));
        assert_eq!(article(&[(" ", title)]), Err("has no text".into()));
    }

    #[test]
    fn a_document_of_empty_lines_is_refused() {
        let mut found = Paragraphs::default();
        for _ in 0..=MAX_LINES {
            found.open();
            found.words("x");
            found.close();
        }
        assert!(found.found.len() <= MAX_LINES);
        assert!(found.document().unwrap_err().contains("200000 paragraphs"));
    }

    proptest! {
        #[test]
        fn no_bytes_after_the_beginning_of_a_zip_make_it_panic(bytes in proptest::collection::vec(any::<u8>(), 0..300)) {
            let _ = ZipPackage::open(&[ZIP, &bytes].concat(), DOCX);
        }
    }
}
