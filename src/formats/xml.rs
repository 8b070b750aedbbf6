//! Common parts of the XML formats: the root element of a file, its elements with their spans, and
//! the runs of text between tags. Knows XML; knows no vocabulary.
//!
//! Entities declared in a document are never expanded and nothing is fetched: `&name;` stays as
//! written, so that no document grows while it is read.

use quick_xml::Reader;
use quick_xml::events::Event;

use super::byte_order;
pub(super) use crate::document::escape;
use crate::document::{Inline, Span};

/// Nesting limit of elements; news has a dozen levels.
const MAX_DEPTH: usize = 256;
/// Element limit of a document, against memory use: a thousand pages have fewer.
const MAX_ELEMENTS: usize = 1 << 20;

/// An element with its spans.
#[derive(Debug)]
pub(super) struct XmlElement {
    /// Name without prefix.
    pub name: String,
    /// Span of the start tag.
    pub tag: Span,
    /// Span of the content.
    pub inner: Span,
    /// Index of the parent.
    pub parent: Option<usize>,
}

/// The elements of a document in the order of their start tags.
#[derive(Debug)]
pub(super) struct XmlTree<'t> {
    pub text: &'t str,
    pub elements: Vec<XmlElement>,
}

impl<'t> XmlTree<'t> {
    /// Parses a whole document strictly; an error gives the line.
    pub fn read(text: &'t str) -> Result<Self, String> {
        // quick-xml drops one byte order mark without counting it, so it gets none.
        let lead = text.len() - without_marks(text).len();
        let mut reader = Reader::from_str(&text[lead..]);
        let mut elements: Vec<XmlElement> = Vec::new();
        let mut open: Vec<usize> = Vec::new();
        loop {
            let start = lead + reader.buffer_position() as usize;
            let event = reader.read_event();
            let event = event
                .map_err(|error| parse_error(&text[lead..], reader.error_position(), &error))?;
            let end = lead + reader.buffer_position() as usize;
            let (tag, empty) = match event {
                Event::Start(tag) => (tag, false),
                Event::Empty(tag) => (tag, true),
                Event::End(_) => {
                    if let Some(closed) = open.pop() {
                        elements[closed].inner.end = start;
                    }
                    continue;
                }
                Event::Eof if elements.is_empty() => return Err("has no elements".to_string()),
                Event::Eof if open.is_empty() => return Ok(Self { text, elements }),
                Event::Eof => {
                    let name = open.last().map_or("", |last| &elements[*last].name);
                    return Err(format!("is incomplete: <{name}> is never closed"));
                }
                _ => continue,
            };
            if open.len() == MAX_DEPTH || elements.len() == MAX_ELEMENTS {
                let line = line_of(text, start);
                return Err(format!("has too many elements for news (line {line})"));
            }
            let name = tag.local_name().as_ref().to_string();
            let parent = open.last().copied();
            elements.push(XmlElement { name, tag: start..end, inner: end..end, parent });
            if !empty {
                open.push(elements.len() - 1);
            }
        }
    }

    /// Span of an element with its tags.
    pub fn whole(&self, index: usize) -> Span {
        let element = &self.elements[index];
        let rest = &self.text[element.inner.end..];
        // The tag of an empty element ends where its content would begin.
        let closing =
            if rest.starts_with("</") { rest.find('>').map_or(0, |at| at + 1) } else { 0 };
        let empty = element.inner.is_empty() && self.text[element.tag.clone()].ends_with("/>");
        element.tag.start..element.inner.end + if empty { 0 } else { closing }
    }

    /// Indices of an element and its descendants.
    pub fn inside(&self, outer: usize) -> std::ops::Range<usize> {
        let end = self.elements[outer].inner.end;
        let first = &self.elements[outer + 1..];
        outer..outer + 1 + first.partition_point(|element| element.tag.start < end)
    }

    /// Descendants on a path, innermost name first: `["headline", "contentMeta"]` is a headline
    /// directly inside `contentMeta`.
    pub fn at<'p>(&'p self, outer: usize, path: &'p [&'p str]) -> impl Iterator<Item = usize> + 'p {
        let lies = |index: &usize| {
            let mut at = Some(*index);
            path.iter().all(|name| {
                let here = at.filter(|at| self.elements[*at].name == *name);
                at = here.and_then(|here| self.elements[here].parent);
                here.is_some()
            })
        };
        self.inside(outer).filter(lies)
    }

    /// True if an element has an ancestor of that name.
    pub fn is_in(&self, mut index: usize, name: &str) -> bool {
        while let Some(parent) = self.elements[index].parent {
            if self.elements[parent].name == name {
                return true;
            }
            index = parent;
        }
        false
    }

    /// The text of an element on one line; `None` if empty.
    pub fn words(&self, index: usize) -> Option<String> {
        let inner = &self.text[self.elements[index].inner.clone()];
        let words = Inline::read(inner).text().split_whitespace().collect::<Vec<_>>().join(" ");
        Some(words).filter(|words| !words.is_empty())
    }

    /// The value of an attribute, by its name without prefix; `None` if empty.
    pub fn attribute(&self, index: usize, name: &str) -> Option<String> {
        let span = self.value(index, name)?;
        Some(Inline::read(&self.text[span]).text().trim().to_string())
            .filter(|value| !value.is_empty())
    }

    /// The span of an attribute's value, without quotes.
    pub fn value(&self, index: usize, name: &str) -> Option<Span> {
        let tag = &self.elements[index].tag;
        let value = attributes(&self.text[tag.clone()]).find(|(given, ..)| local(given) == name)?.1;
        Some(tag.start + value.start..tag.start + value.end)
    }

    /// The runs of text in an element, each with its innermost element: the text between tags of
    /// elements that are not `inline`, trimmed. Runs without letters or digits are dropped.
    pub fn runs(&self, within: usize, inline: &[&str]) -> Vec<(usize, Span)> {
        // Borders of runs: start and end of each tag, and the element of the text that follows.
        let mut borders: Vec<(usize, usize, usize)> = Vec::new();
        for index in self.inside(within) {
            let element = &self.elements[index];
            if index != within && inline.contains(&element.name.as_str()) {
                continue;
            }
            borders.push((element.tag.start, element.tag.end, index));
            if let Some(parent) = element.parent.filter(|_| index != within) {
                borders.push((
                    element.inner.end,
                    self.whole(index).end,
                    self.block_ancestor(parent, inline),
                ));
            }
        }
        borders.push((self.elements[within].inner.end, self.elements[within].inner.end, within));
        borders.sort_by_key(|(start, end, _)| (*start, *end));
        let mut runs = Vec::new();
        for pair in borders.windows(2) {
            let ((_, from, holder), (to, ..)) = (pair[0], pair[1]);
            if from >= to {
                continue;
            }
            let raw = &self.text[from..to];
            let start = from + (raw.len() - raw.trim_start().len());
            let span = start..start + raw.trim().len();
            if Inline::read(&self.text[span.clone()]).text().chars().any(char::is_alphanumeric) {
                runs.push((holder, span));
            }
        }
        runs
    }

    /// The innermost element that is not inline.
    fn block_ancestor(&self, mut index: usize, inline: &[&str]) -> usize {
        while inline.contains(&self.elements[index].name.as_str()) {
            let Some(parent) = self.elements[index].parent else { break };
            index = parent;
        }
        index
    }
}

/// The text of an element without children: entities and CDATA sections decoded, comments dropped,
/// white space kept. Entities declared in the document stay as written.
pub(super) fn content(raw: &str) -> String {
    let mut words = String::with_capacity(raw.len());
    let mut rest = raw;
    while let Some(at) = rest.find(['<', '&']) {
        words.push_str(&rest[..at]);
        rest = &rest[at..];
        let between = |start: &str, end: &str| {
            let inside = rest.strip_prefix(start)?;
            let length = inside.find(end)?;
            Some((&inside[..length], start.len() + length + end.len()))
        };
        if let Some((section, length)) = between("<![CDATA[", "]]>") {
            words.push_str(section);
            rest = &rest[length..];
        } else if let Some((_, length)) = between("<!--", "-->").or_else(|| between("<?", "?>")) {
            rest = &rest[length..];
        } else {
            let end = rest.bytes().take(12).position(|byte| byte == b';').map_or(1, |at| at + 1);
            let character = quick_xml::escape::unescape(&rest[..end]);
            words.push_str(character.as_deref().unwrap_or(&rest[..end]));
            rest = &rest[end..];
        }
    }
    words.push_str(rest);
    words
}

/// The attributes of a tag: name with prefix, and span of the value.
pub(super) fn attributes(tag: &str) -> impl Iterator<Item = (&str, Span)> {
    let mut from = 0;
    std::iter::from_fn(move || {
        let equals = from + tag[from..].find('=')?;
        let name = tag[from..equals].trim_end().rsplit(char::is_whitespace).next()?;
        let open = equals + tag[equals..].find(['"', '\''])?;
        let close = open + 1 + tag[open + 1..].find(&tag[open..open + 1])?;
        from = close + 1;
        Some((name, open + 1..close))
    })
}

/// The namespace declarations of a tag: name, and declaration as written.
pub(super) fn namespaces(tag: &str) -> impl Iterator<Item = (&str, &str)> {
    let declared =
        attributes(tag).filter(|(name, _)| *name == "xmlns" || name.starts_with("xmlns:"));
    declared.map(|(name, value)| {
        let start = tag[..value.start].rfind(name).unwrap_or(value.start);
        (name, &tag[start..=value.end])
    })
}

fn local(name: &str) -> &str {
    name.rsplit(':').next().unwrap_or(name)
}

/// The name of the root element without prefix, if the beginning of the file contains it.
pub(super) fn root(bytes: &[u8]) -> Option<String> {
    let beginning = beginning(bytes);
    let mut reader = Reader::from_str(without_marks(&beginning));
    if !without_marks(&beginning).trim_start().starts_with('<') {
        return None;
    }
    loop {
        match reader.read_event().ok()? {
            Event::Start(tag) | Event::Empty(tag) => {
                return Some(tag.local_name().as_ref().to_string());
            }
            Event::Eof => return None,
            _ => {}
        }
    }
}

/// A text without byte order marks at its beginning.
fn without_marks(text: &str) -> &str {
    text.trim_start_matches('\u{feff}')
}

/// The beginning of a file as text, good enough for detection in any encoding.
pub(super) fn beginning(bytes: &[u8]) -> String {
    const ENOUGH: usize = 1 << 14;
    let bytes = &bytes[..bytes.len().min(ENOUGH)];
    match byte_order::marked(bytes) {
        Some((encoding, length)) => {
            encoding.decode_without_bom_handling(&bytes[length..]).0.into_owned()
        }
        None => String::from_utf8_lossy(bytes).into_owned(),
    }
}

/// Changes the encoding declaration of a decoded document to UTF-8.
pub(super) fn declare_utf8(text: String) -> String {
    let Some(declaration) =
        text.trim_start().strip_prefix("<?xml").and_then(|rest| rest.find("?>"))
    else {
        return text;
    };
    let start = text.len() - text.trim_start().len();
    let declaration = start..start + 5 + declaration;
    let Some(named) = text[declaration.clone()].find("encoding") else { return text };
    let rest = declaration.start + named;
    let Some(open) = text[rest..declaration.end].find(['"', '\'']).map(|at| rest + at) else {
        return text;
    };
    let quote = &text[open..open + 1];
    let Some(length) = text[open + 1..declaration.end].find(quote) else { return text };
    let value = open + 1..open + 1 + length;
    if text[value.clone()].eq_ignore_ascii_case("utf-8") {
        return text;
    }
    format!("{}UTF-8{}", &text[..value.start], &text[value.end..])
}

/// The error for a document, with the line.
fn parse_error(text: &str, position: u64, error: &quick_xml::Error) -> String {
    let at = usize::try_from(position).unwrap_or(usize::MAX);
    let error = error.to_string();
    let error =
        error.trim_start_matches("ill-formed document: ").trim_start_matches("syntax error: ");
    format!("is not well-formed XML: {error} (line {})", line_of(text, at))
}

/// Line number of a byte.
fn line_of(text: &str, at: usize) -> usize {
    text.as_bytes()[..at.min(text.len())].iter().filter(|byte| **byte == b'\n').count() + 1
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const NEWS: &str = "<?xml version='1.0'?>\n<news xml:lang=\"en\"><head id='1' at=\"a > b\"/>\n<p>One <b>two</b> three.</p><list>before<li>four</li> after</list></news>";

    #[test]
    fn runs_are_the_text_between_block_tags_with_inline_tags() {
        let tree = XmlTree::read(NEWS).unwrap();
        let runs: Vec<(&str, &str)> = tree
            .runs(0, &["b"])
            .into_iter()
            .map(|(holder, span)| (tree.elements[holder].name.as_str(), &NEWS[span]))
            .collect();
        assert_eq!(
            runs,
            [("p", "One <b>two</b> three."), ("list", "before"), ("li", "four"), ("list", "after")]
        );
    }

    #[test]
    fn elements_are_found_by_path_and_attributes_by_name() {
        let tree = XmlTree::read(NEWS).unwrap();
        let head = tree.at(0, &["head", "news"]).next().unwrap();
        assert_eq!(tree.attribute(head, "at").as_deref(), Some("a > b"));
        assert_eq!(tree.attribute(0, "lang").as_deref(), Some("en"));
        assert_eq!(tree.attribute(head, "none"), None);
        assert_eq!(
            tree.at(0, &["b", "p"]).filter_map(|at| tree.words(at)).collect::<Vec<_>>(),
            ["two"]
        );
        assert!(tree.at(0, &["b", "news"]).next().is_none());
    }

    #[test]
    fn ill_formed_xml_is_refused_with_its_line() {
        let refused = |text: &str| XmlTree::read(text).unwrap_err();
        assert!(
            refused("<a>\n<b></a>").starts_with("is not well-formed XML"),
            "{}",
            refused("<a>\n<b></a>")
        );
        assert!(refused("<a>\n<b></a>").ends_with("(line 2)"), "{}", refused("<a>\n<b></a>"));
        assert_eq!(refused("<!-- nothing -->"), "has no elements");
        assert_eq!(refused("<a><b>"), "is incomplete: <b> is never closed");
        assert!(refused(&"<a>".repeat(100_000)).contains("too many elements"));
        assert!(
            refused(&format!("<a>{}</a>", "<b/>".repeat(MAX_ELEMENTS)))
                .contains("too many elements")
        );
    }

    #[test]
    fn byte_order_marks_do_not_shift_spans() {
        let text = "\u{feff}\u{feff}<뉴스><p>하나</p></뉴스>";
        let tree = XmlTree::read(text).unwrap();
        assert_eq!(&text[tree.elements[1].inner.clone()], "하나");
        assert_eq!(root(text.as_bytes()).as_deref(), Some("뉴스"));
        assert!(XmlTree::read("\u{feff}<뉴스>\n<p></뉴스>").unwrap_err().ends_with("(line 2)"));
    }

    #[test]
    fn entities_that_a_document_declares_stay_as_they_are() {
        let bomb = "<!DOCTYPE a [<!ENTITY x \"ha\"><!ENTITY y \"&x;&x;\">]><a>&y;</a>";
        let tree = XmlTree::read(bomb).unwrap();
        assert_eq!(tree.words(0).as_deref(), Some("&y;"));
    }

    #[test]
    fn the_root_is_known_from_the_beginning_in_any_encoding() {
        assert_eq!(
            root(b"\xEF\xBB\xBF<?xml version='1.0'?><!-- x --><rdf:RDF>").as_deref(),
            Some("RDF")
        );
        let utf16: Vec<u8> = "\u{feff}<rss>".encode_utf16().flat_map(u16::to_le_bytes).collect();
        assert_eq!(root(&utf16).as_deref(), Some("rss"));
        assert_eq!(root(b"a < b"), None);
    }

    #[test]
    fn the_declared_encoding_is_the_one_that_is_written() {
        let declared = "<?xml version=\"1.0\" encoding='euc-kr'?><a/>";
        assert_eq!(declare_utf8(declared.into()), "<?xml version=\"1.0\" encoding='UTF-8'?><a/>");
        for same in ["<?xml version=\"1.0\" encoding=\"utf-8\"?><a/>", "<a encoding='x'/>", "<?xml"]
        {
            assert_eq!(declare_utf8(same.into()), same);
        }
    }

    proptest! {
        #[test]
        fn any_text_is_read_or_refused(text in "\u{feff}{0,2}(<[ab]( c=\"[<x>]\")?/?>|</[ab]>|[가x &;\\]\\[!-]|<!\\[CDATA\\[|<!--){0,30}") {
            if let Ok(tree) = XmlTree::read(&text) {
                for index in 0..tree.elements.len() {
                    let mut end = 0;
                    for (_, span) in tree.runs(index, &["b"]) {
                        prop_assert!(span.start >= end && text.get(span.clone()).is_some());
                        end = span.end;
                    }
                    tree.attribute(index, "c");
                }
            }
            root(text.as_bytes());
            declare_utf8(text);
        }
    }
}
