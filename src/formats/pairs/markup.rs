//! XML of any length, one event at a time: names, attributes and text, with lines counted. A
//! document that declares entities is refused: none is ever expanded.

use std::io::{self, BufRead, Read};

use quick_xml::events::{BytesStart, Event};

use super::Tag;
use crate::formats::Unreadable;
use crate::formats::record::{MAX_RECORD_BYTES, too_long_reason};

/// Nesting limit of elements; translation files have about ten levels.
const MAX_DEPTH: usize = 256;

/// A part of a document. Names of elements are without prefix.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Part {
    Start(Element),
    End(String),
    Text(String),
}

/// A start tag.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Element {
    pub name: String,
    /// Attributes in file order, with their prefixes; declarations of namespaces are left out.
    pub attributes: Vec<(String, String)>,
}

impl Element {
    /// The value of an attribute, by its name with prefix.
    pub fn attribute(&self, name: &str) -> Option<&str> {
        self.attributes.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_str())
    }

    /// The language code: `xml:lang`, or `lang` as older tools write it.
    pub fn language(&self) -> &str {
        self.attribute("xml:lang").or_else(|| self.attribute("lang")).unwrap_or_default()
    }

    /// The element as an inline tag, without attributes of other namespaces.
    pub fn into_tag(self) -> Tag {
        let Self { name, mut attributes } = self;
        attributes.retain(|(key, _)| !key.contains(':') || key.starts_with("xml:"));
        Tag { name, attributes, content: Vec::new() }
    }
}

/// A reader of a document. After an error it has no more parts.
pub(super) struct Markup {
    reader: quick_xml::Reader<Counted>,
    buffer: Vec<u8>,
    /// Names of the open elements.
    open: Vec<String>,
    failed: bool,
}

impl Markup {
    pub fn new(source: Box<dyn BufRead + Send>) -> Self {
        let mut reader = quick_xml::Reader::from_reader(Counted::new(source));
        reader.config_mut().expand_empty_elements = true;
        Self { reader, buffer: Vec::new(), open: Vec::new(), failed: false }
    }

    /// Line of the byte that is read next.
    pub fn line(&self) -> usize {
        self.reader.get_ref().line
    }

    /// Name of the element around the current one.
    pub fn parent(&self) -> &str {
        self.open.len().checked_sub(2).map_or("", |at| &self.open[at])
    }

    /// Allows the next [`MAX_RECORD_BYTES`] to be read.
    pub fn begin_record(&mut self) {
        self.reader.get_mut().left = MAX_RECORD_BYTES as usize;
    }

    /// The next part; `None` at the end.
    pub fn next(&mut self) -> Option<Result<Part, Unreadable>> {
        if self.failed {
            return None;
        }
        let part = self.read();
        part.map_err(|reason| self.fail(reason)).transpose()
    }

    /// Ends reading with an error at the current line.
    pub fn fail(&mut self, reason: String) -> Unreadable {
        self.failed = true;
        Unreadable { place: format!("line {}", self.line()), reason, raw: String::new() }
    }

    fn read(&mut self) -> Result<Option<Part>, String> {
        loop {
            self.buffer.clear();
            let event = self.reader.read_event_into(&mut self.buffer).map_err(|error| {
                if let quick_xml::Error::Io(error) = &error {
                    return error.to_string();
                }
                let error = error.to_string();
                let error = error.trim_start_matches("ill-formed document: ");
                format!("is not well-formed XML: {}", error.trim_start_matches("syntax error: "))
            })?;
            let text = match event {
                Event::Start(tag) => {
                    if self.open.len() == MAX_DEPTH {
                        return Err("has too many elements within each other".to_string());
                    }
                    let element = element(&tag);
                    self.open.push(element.name.clone());
                    return Ok(Some(Part::Start(element)));
                }
                Event::End(tag) => {
                    self.open.pop();
                    return Ok(Some(Part::End(tag.local_name().as_ref().to_string())));
                }
                Event::Text(text) => text.xml10_content().into_owned(),
                Event::CData(text) => text.xml10_content().into_owned(),
                Event::GeneralRef(reference) => match reference.resolve_char_ref() {
                    Ok(Some(character)) => character.to_string(),
                    _ => {
                        let written = format!("&{};", reference.xml10_content());
                        let known = quick_xml::escape::unescape(&written);
                        known.map(|text| text.into_owned()).unwrap_or(written)
                    }
                },
                Event::DocType(declaration) => {
                    if let Some((_, entity)) = declaration.xml10_content().split_once("<!ENTITY") {
                        let name = entity.split_whitespace().find(|word| *word != "%");
                        let name = name.unwrap_or_default();
                        return Err(format!(
                            "declares the entity `{name}`, which malmoi does not expand; remove \
                             the declaration"
                        ));
                    }
                    continue;
                }
                Event::Eof => {
                    return match self.open.last() {
                        Some(name) => Err(format!("is incomplete: <{name}> is never closed")),
                        None => Ok(None),
                    };
                }
                _ => continue,
            };
            return Ok(Some(Part::Text(text)));
        }
    }
}

fn element(tag: &BytesStart<'_>) -> Element {
    let attributes = tag.attributes().flatten().filter_map(|attribute| {
        let name: &str = attribute.key.as_ref();
        if name == "xmlns" || name.starts_with("xmlns:") {
            return None;
        }
        let raw = attribute.value.as_ref();
        let value = quick_xml::escape::unescape(raw).unwrap_or_else(|_| raw.into());
        Some((name.to_string(), value.into_owned()))
    });
    Element { name: tag.local_name().as_ref().to_string(), attributes: attributes.collect() }
}

/// A source that counts its lines and gives only as many bytes as a record may have.
struct Counted {
    source: Box<dyn BufRead + Send>,
    line: usize,
    left: usize,
}

impl Counted {
    fn new(source: Box<dyn BufRead + Send>) -> Self {
        Self { source, line: 1, left: MAX_RECORD_BYTES as usize }
    }
}

impl BufRead for Counted {
    fn fill_buf(&mut self) -> io::Result<&[u8]> {
        if self.left == 0 {
            return Err(io::Error::other(too_long_reason()));
        }
        let left = self.left;
        let bytes = self.source.fill_buf()?;
        Ok(&bytes[..bytes.len().min(left)])
    }

    fn consume(&mut self, length: usize) {
        if let Ok(bytes) = self.source.fill_buf() {
            let used = bytes.iter().take(length);
            self.line += used.filter(|byte| **byte == b'\n').count();
        }
        self.left = self.left.saturating_sub(length);
        self.source.consume(length);
    }
}

impl Read for Counted {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        let length = self.fill_buf()?.read(out)?;
        self.consume(length);
        Ok(length)
    }
}
