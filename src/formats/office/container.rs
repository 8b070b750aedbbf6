//! The container of office files: a zip of XML parts with relations between them.
//!
//! Knows zip and XML; knows no elements of a format. Sizes declared in a packed file are not
//! trusted: unpacked bytes are counted.

use std::borrow::Cow;
use std::io::{Cursor, Read as _};

use quick_xml::XmlVersion;
use quick_xml::events::{BytesRef, BytesStart, Event};
use zip::ZipArchive;
use zip::result::ZipError;

use crate::document::Document;
use crate::formats::{Item, MAX_BYTES};

/// Signature of a zip.
pub(in crate::formats) const ZIP: &[u8] = b"PK\x03\x04";
/// Signature of the OLE container of older and of encrypted documents.
pub(in crate::formats) const OLE: &[u8] = b"\xD0\xCF\x11\xE0";
/// Signature of an entry in a zip's directory.
const DIRECTORY_ENTRY: &[u8] = b"PK\x01\x02";
/// Limit of files in a zip: a document with a thousand pictures has fewer.
const MAX_PARTS: usize = 20_000;
/// Nesting limit of elements: tables in text boxes in tables have fewer.
pub(super) const MAX_DEPTH: usize = 1000;

/// Kinds of zip by the beginning of a file name inside: description and advice, most specific
/// first.
const KINDS: &[(&str, &str, &str)] = &[
    ("word/", DOCX, "rename it to end in .docx"),
    ("Contents/section", HWPX, "rename it to end in .hwpx"),
    ("Contents/content.hpf", HWPX, "rename it to end in .hwpx"),
    ("xl/", XLSX, "rename it to end in .xlsx"),
    ("ppt/", PPTX, "rename it to end in .pptx"),
    ("OEBPS/", EPUB, "rename it to end in .epub"),
    ("META-INF/container.xml", EPUB, "rename it to end in .epub"),
    ("content.xml", ODF, "rename it to end in .odt, .odp or .ods"),
    ("Index/Document.iwa", "a Pages, Numbers or Keynote document", "save it as DOCX first"),
    ("META-INF/MANIFEST.MF", "a Java archive", "it holds no article"),
];

/// Format names in messages.
pub(in crate::formats) const DOCX: &str = "DOCX";
pub(in crate::formats) const HWPX: &str = "HWPX";
pub(in crate::formats) const PPTX: &str = "PPTX";
pub(in crate::formats) const XLSX: &str = "XLSX";
pub(in crate::formats) const ODF: &str = "OpenDocument";
pub(in crate::formats) const EPUB: &str = "EPUB";

/// A zipped document.
pub(in crate::formats) struct ZipPackage<'b> {
    zip: ZipArchive<Cursor<&'b [u8]>>,
    /// Bytes that may still be unpacked.
    left: u64,
}

impl<'b> ZipPackage<'b> {
    /// Opens a document of one kind; an error names the actual kind.
    pub(in crate::formats) fn open(bytes: &'b [u8], kind: &str) -> Result<Self, String> {
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
    pub(in crate::formats) fn names(&self) -> impl Iterator<Item = String> {
        self.zip.file_names().flatten().map(|name| name.into_owned())
    }

    /// True if there is a file of this name.
    pub(in crate::formats) fn has(&self, name: &str) -> bool {
        self.zip.index_for_name(name).is_some()
    }

    /// The XML of a file; `None` if it is missing.
    pub(in crate::formats) fn part(&mut self, name: &str) -> Result<Option<String>, String> {
        Ok(self.encoded_part(name)?.map(|(xml, _)| xml))
    }

    /// The same with its encoding, if the file begins with a mark of it.
    pub(in crate::formats) fn encoded_part(
        &mut self,
        name: &str,
    ) -> Result<Option<(String, Option<Marked>)>, String> {
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
        let marked = encoding_rs::Encoding::for_bom(&bytes);
        let (encoding, mark) = marked.unwrap_or((encoding_rs::UTF_8, 0));
        let text = encoding.decode_without_bom_handling_and_without_replacement(&bytes[mark..]);
        let text = text.ok_or_else(|| format!("is damaged: {name} is not {}", encoding.name()))?;
        Ok(Some((text.into_owned(), marked.map(|(encoding, _)| encoding))))
    }
}

/// An encoding whose mark a file begins with.
pub(in crate::formats) type Marked = &'static encoding_rs::Encoding;

/// A text in an encoding, after its mark.
pub(super) fn encoded(text: &str, encoding: Option<Marked>) -> Vec<u8> {
    let mark = "\u{feff}";
    let utf16 = |bytes: fn(u16) -> [u8; 2]| {
        mark.encode_utf16().chain(text.encode_utf16()).flat_map(bytes).collect()
    };
    match encoding {
        Some(encoding) if encoding == encoding_rs::UTF_16LE => utf16(u16::to_le_bytes),
        Some(encoding) if encoding == encoding_rs::UTF_16BE => utf16(u16::to_be_bytes),
        Some(_) => [mark.as_bytes(), text.as_bytes()].concat(),
        None => text.as_bytes().to_vec(),
    }
}

pub(super) fn zip_error(error: &ZipError) -> String {
    match error {
        ZipError::UnsupportedArchive(reason) if *reason == ZipError::PASSWORD_REQUIRED => {
            encrypted_error()
        }
        error => format!("is damaged or incomplete: {error}"),
    }
}

/// True if a manifest lists an encryption: a password, or a copy for distribution.
pub(in crate::formats) fn is_encrypted(manifest: &str) -> bool {
    let mut found = false;
    let _ = walk(manifest, &[], |node| {
        found |= matches!(node, XmlNode::Open("encryption-data", _));
    });
    found
}

/// Error for a document with a password.
pub(in crate::formats) fn encrypted_error() -> String {
    "is encrypted; save it without a password first".to_string()
}

pub(in crate::formats) fn ole_kind(bytes: &[u8]) -> &'static str {
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

/// A relation of a part to another one.
pub(in crate::formats) struct Relation {
    pub id: String,
    pub kind: String,
    /// Name of the other part.
    pub target: String,
}

/// The relations of a part to parts of the package; "" for those of the package itself. If the rest
/// is damaged, those found before it count.
pub(in crate::formats) fn relations(package: &mut ZipPackage, part: &str) -> Vec<Relation> {
    let (folder, file) = part.rsplit_once('/').unwrap_or(("", part));
    let slash = if folder.is_empty() { "" } else { "/" };
    let name = format!("{folder}{slash}_rels/{file}.rels");
    let xml = package.part(&name).ok().flatten().unwrap_or_default();
    let mut found = Vec::new();
    let _ = walk(&xml, &[], |node| {
        if let XmlNode::Open("Relationship", start) = node
            && attribute(start, "TargetMode").is_none_or(|mode| mode != "External")
            && let (Some(kind), Some(target)) =
                (attribute(start, "Type"), attribute(start, "Target"))
        {
            let id = attribute(start, "Id").unwrap_or_default();
            found.push(Relation { id, kind, target: resolved(folder, &target) });
        }
    });
    found
}

/// Name of the main part of a package: some programs change it.
pub(in crate::formats) fn main_part(package: &mut ZipPackage) -> Option<String> {
    let mut relations = relations(package, "").into_iter();
    relations.find(|relation| relation.kind.ends_with("/officeDocument")).map(|main| main.target)
}

/// The item of a document with what the properties of its package say.
pub(in crate::formats) fn properties(package: &mut ZipPackage, document: Document) -> Item {
    let xml = package.part("docProps/core.xml").ok().flatten().unwrap_or_default();
    let property = |wanted: &str| value(&xml, |name, _| name == wanted);
    Item {
        id: property("identifier"),
        published: property("created").or_else(|| property("modified")),
        ..Item::from(document)
    }
}

/// True for a zip that holds a name.
pub(in crate::formats) fn is_zip_with(bytes: &[u8], name: &[u8]) -> bool {
    bytes.starts_with(ZIP) && bytes.windows(name.len()).any(|part| part == name)
}

/// A path of a relation from a folder of the package.
pub(in crate::formats) fn resolved(folder: &str, target: &str) -> String {
    let mut steps: Vec<&str> = match target.starts_with('/') {
        true => Vec::new(),
        false => folder.split('/').filter(|step| !step.is_empty()).collect(),
    };
    for step in target.split('/') {
        match step {
            "" | "." => {}
            ".." => drop(steps.pop()),
            step => steps.push(step),
        }
    }
    steps.join("/")
}

/// A node of an XML document; names are without prefix.
pub(in crate::formats) enum XmlNode<'x> {
    Open(&'x str, &'x BytesStart<'x>),
    Words(&'x str),
    Close(&'x str),
}

/// Visits an XML document except the elements in `skip`. Entities declared in the document are not
/// expanded, but kept as written.
pub(in crate::formats) fn walk(
    xml: &str,
    skip: &[&str],
    mut visit: impl FnMut(XmlNode),
) -> Result<(), String> {
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
            Event::GeneralRef(name) => visit(XmlNode::Words(&reference(name))),
            _ => {}
        }
    }
}

/// The words of an entity. One that the document declares is kept as written.
pub(super) fn reference(name: &BytesRef) -> Cow<'static, str> {
    if let Some(words) = quick_xml::escape::resolve_predefined_entity(name) {
        return words.into();
    }
    match name.resolve_char_ref().ok().flatten() {
        Some('\r') => "".into(),
        Some(letter) if is_xml(letter) => letter.to_string().into(),
        _ => format!("&{};", &**name).into(),
    }
}

/// True for the characters of XML 1.0; a carriage return is read as a line feed or left out.
pub(super) fn is_xml(c: char) -> bool {
    matches!(c, '\t' | '\n' | ' '..='\u{d7ff}' | '\u{e000}'..='\u{fffd}' | '\u{10000}'..)
}

/// The value of an attribute, by its name without prefix.
pub(in crate::formats) fn attribute(start: &BytesStart, name: &str) -> Option<String> {
    // Without the check for duplicates, which is quadratic.
    let mut attributes = start.attributes();
    let mut attributes = attributes.with_checks(false).flatten();
    let found = attributes.find(|attribute| attribute.key.local_name().as_ref() == name)?;
    found.normalized_value(XmlVersion::Implicit1_0).ok().map(|value| value.into_owned())
}

/// The text of the first matching element that is not blank.
pub(in crate::formats) fn value(
    xml: &str,
    wanted: impl Fn(&str, &BytesStart) -> bool,
) -> Option<String> {
    let (mut found, mut inside) = (String::new(), false);
    let read = walk(xml, &[], |node| match node {
        XmlNode::Open(name, start) if found.trim().is_empty() => inside = wanted(name, start),
        XmlNode::Words(words) if inside => found.push_str(words),
        _ => inside = false,
    });
    let found = found.trim();
    (read.is_ok() && !found.is_empty()).then(|| found.to_string())
}

#[cfg(test)]
pub(in crate::formats) mod tests {
    use std::io::Write as _;

    use proptest::prelude::*;
    use zip::write::SimpleFileOptions;

    use super::*;

    /// A zip with these files.
    pub(in crate::formats) fn zip_of(parts: &[(&str, &str)]) -> Vec<u8> {
        let mut zip = zip::ZipWriter::new(Cursor::new(Vec::new()));
        for (name, text) in parts {
            // The type of a package is not compressed.
            let options = SimpleFileOptions::default();
            let options = match *name {
                "mimetype" => options.compression_method(zip::CompressionMethod::Stored),
                _ => options,
            };
            zip.start_file(*name, options).unwrap();
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
        assert_eq!(refused(&epub), "is not DOCX: it is EPUB; rename it to end in .epub");
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

    proptest! {
        #[test]
        fn no_bytes_after_the_beginning_of_a_zip_make_it_panic(bytes in proptest::collection::vec(any::<u8>(), 0..300)) {
            let _ = ZipPackage::open(&[ZIP, &bytes].concat(), DOCX);
        }
    }
}
