//! Text with inline tags, as translation tools store it. Knows the inline elements of TMX and
//! XLIFF; knows nothing of the units around them.

use std::collections::HashMap;
use std::ops::Range;

use serde::{Deserialize, Serialize};

/// A text with the inline tags of its file, in the file's own elements and attributes.
///
/// ```
/// use malmoi::formats::pairs::TaggedText;
/// let text = TaggedText::from("The ferry opened.");
/// assert_eq!(text.text(), "The ferry opened.");
/// assert_eq!(text.placeholders(), "The ferry opened.");
/// ```
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct TaggedText {
    /// The standard whose elements the tags are.
    pub markup: InlineMarkup,
    /// Text and tags in reading order.
    pub parts: Vec<Inline>,
    /// Original codes of XLIFF 2 (`originalData`) by their ids, in file order.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub data: Vec<(String, String)>,
}

/// The standard that inline tags follow.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum InlineMarkup {
    /// TMX 1.4b: `bpt`, `ept`, `ph`, `it`, `hi`, `ut`, `sub`.
    #[default]
    Tmx,
    /// XLIFF 1.2: `g`, `x`, `bx`, `ex`, `bpt`, `ept`, `ph`, `it`, `sub`, `mrk`.
    Xliff1,
    /// XLIFF 2.0 and 2.1: `pc`, `sc`, `ec`, `ph`, `mrk`, `sm`, `em`.
    Xliff2,
}

/// A part of a text.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Inline {
    /// Words.
    Text(String),
    /// An inline element.
    Tag(Tag),
}

/// An inline element.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Tag {
    /// Name of the element: `bpt`, `g`, `pc`.
    pub name: String,
    /// Attributes in file order.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub attributes: Vec<(String, String)>,
    /// The text inside the element; for `bpt`, `ept`, `it`, `ph` and `ut`, the original code.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub content: Vec<Inline>,
}

/// The part a tag plays in its text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Role {
    /// Start of a pair of codes; the end is another element.
    Start,
    /// End of a pair of codes.
    End,
    /// A single code.
    Point,
    /// An element around text.
    Span,
    /// A remark on text, without a code.
    Annotation,
    /// An element of no standard, around text.
    Unknown,
}

impl Tag {
    /// The value of an attribute.
    pub fn attribute(&self, name: &str) -> Option<&str> {
        self.attributes.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_str())
    }

    /// The original code inside the element, with the text of its subflows.
    pub fn code(&self) -> String {
        let mut code = String::new();
        collect(&self.content, &mut code, &|_| true);
        code
    }

    /// True if the text inside the element belongs to the words around it.
    pub(super) fn is_around_words(&self) -> bool {
        matches!(self.role(), Role::Span | Role::Annotation | Role::Unknown)
    }

    pub(super) fn role(&self) -> Role {
        match self.name.as_str() {
            "bpt" | "bx" | "sc" => Role::Start,
            "ept" | "ex" | "ec" => Role::End,
            "g" | "pc" | "sub" => Role::Span,
            "mrk" | "hi" | "sm" | "em" => Role::Annotation,
            "ph" | "it" | "ut" | "x" | "cp" => Role::Point,
            _ => Role::Unknown,
        }
    }

    /// The key that the start and the end of a pair share.
    pub(super) fn pair_key(&self, markup: InlineMarkup) -> Option<&str> {
        match (markup, self.role()) {
            (InlineMarkup::Tmx, _) => self.attribute("i"),
            (InlineMarkup::Xliff1, _) => self.attribute("rid").or_else(|| self.attribute("id")),
            (InlineMarkup::Xliff2, Role::End) => {
                self.attribute("startRef").or_else(|| self.attribute("id"))
            }
            (InlineMarkup::Xliff2, _) => self.attribute("id"),
        }
    }
}

/// Appends the text of all parts that are not in elements which `enter` rejects.
fn collect(parts: &[Inline], out: &mut String, enter: &impl Fn(&Tag) -> bool) {
    for part in parts {
        match part {
            Inline::Text(text) => out.push_str(text),
            Inline::Tag(tag) if enter(tag) => collect(&tag.content, out, enter),
            Inline::Tag(_) => {}
        }
    }
}

impl TaggedText {
    /// The words alone: without tags and their original codes.
    pub fn text(&self) -> String {
        let mut text = String::new();
        collect(&self.parts, &mut text, &Tag::is_around_words);
        text
    }

    /// The words with numbered placeholders for the tags: `<1>`, `</1>`, `<2/>`. Two texts that
    /// differ only in codes, attributes and annotations (`mrk`, `hi`) are equal in this form.
    pub fn placeholders(&self) -> String {
        let mut numbers = Numbers::default();
        let mut out = String::new();
        self.number(&self.parts, &mut numbers, &mut out);
        out
    }

    /// The words with the original codes inside tags.
    pub(super) fn all_text(&self) -> String {
        let mut text = String::new();
        collect(&self.parts, &mut text, &|_| true);
        text
    }

    /// True if the text has at least one tag.
    pub fn has_tags(&self) -> bool {
        self.parts.iter().any(|part| matches!(part, Inline::Tag(_)))
    }

    /// The elements around words: what is the same in the two texts of a unit, and the span in the
    /// [`text`](Self::text).
    pub(crate) fn elements(&self) -> Vec<(String, Range<usize>)> {
        let mut walk = Elements::default();
        self.walk(&self.parts, &mut walk);
        walk.found
    }

    fn walk(&self, parts: &[Inline], walk: &mut Elements) {
        for part in parts {
            let tag = match part {
                Inline::Text(text) => {
                    walk.at += text.len();
                    continue;
                }
                Inline::Tag(tag) => tag,
            };
            let key = tag.pair_key(self.markup).unwrap_or_default().to_string();
            let name = tag.attribute("x").map_or_else(|| key.clone(), str::to_string);
            match tag.role() {
                Role::Annotation | Role::Unknown => self.walk(&tag.content, walk),
                Role::Point => {}
                Role::Start => {
                    walk.open.insert(key, (name, walk.at));
                }
                Role::End => {
                    if let Some((name, start)) = walk.open.remove(&key) {
                        walk.found.push((name, start..walk.at));
                    }
                }
                Role::Span => {
                    let start = walk.at;
                    self.walk(&tag.content, walk);
                    walk.found.push((name, start..walk.at));
                }
            }
        }
    }

    fn number<'t>(&'t self, parts: &'t [Inline], numbers: &mut Numbers<'t>, out: &mut String) {
        for part in parts {
            let tag = match part {
                Inline::Text(text) => {
                    out.push_str(text);
                    continue;
                }
                Inline::Tag(tag) => tag,
            };
            let key = tag.pair_key(self.markup);
            match tag.role() {
                Role::Annotation | Role::Unknown => self.number(&tag.content, numbers, out),
                Role::Point => out.push_str(&format!("<{}/>", numbers.next())),
                Role::Start => out.push_str(&format!("<{}>", numbers.start(key))),
                Role::End => out.push_str(&format!("</{}>", numbers.end(key))),
                Role::Span => {
                    let number = numbers.next();
                    out.push_str(&format!("<{number}>"));
                    self.number(&tag.content, numbers, out);
                    out.push_str(&format!("</{number}>"));
                }
            }
        }
    }
}

/// Elements around words, up to a byte of the words.
#[derive(Default)]
struct Elements {
    at: usize,
    /// Name and start of what is open, by the key of the pair.
    open: HashMap<String, (String, usize)>,
    found: Vec<(String, Range<usize>)>,
}

/// Numbers of placeholders, from 1.
#[derive(Default)]
struct Numbers<'t> {
    last: usize,
    open: HashMap<&'t str, usize>,
}

impl<'t> Numbers<'t> {
    fn next(&mut self) -> usize {
        self.last += 1;
        self.last
    }

    fn start(&mut self, key: Option<&'t str>) -> usize {
        let number = self.next();
        if let Some(key) = key {
            self.open.insert(key, number);
        }
        number
    }

    /// The number of the start with that key, or a new one if there is none.
    fn end(&mut self, key: Option<&'t str>) -> usize {
        key.and_then(|key| self.open.remove(key)).unwrap_or_else(|| self.next())
    }
}

impl From<String> for TaggedText {
    fn from(text: String) -> Self {
        let parts = if text.is_empty() { Vec::new() } else { vec![Inline::Text(text)] };
        Self { parts, ..Self::default() }
    }
}

impl From<&str> for TaggedText {
    fn from(text: &str) -> Self {
        Self::from(text.to_string())
    }
}

/// Depth of inline elements within each other; tools nest two or three.
const MAX_NESTING: usize = 24;

/// Collects the parts of a text while its elements are read.
#[derive(Debug, Default)]
pub(super) struct Collector {
    parts: Vec<Inline>,
    open: Vec<Tag>,
}

impl Collector {
    /// A start tag; an error for elements nested too deeply.
    pub fn open(&mut self, tag: Tag) -> Result<(), String> {
        if self.open.len() == MAX_NESTING {
            return Err("has too many inline elements within each other".to_string());
        }
        self.open.push(tag);
        Ok(())
    }

    pub fn text(&mut self, text: &str) {
        if text.is_empty() {
            return;
        }
        match self.inner().last_mut() {
            Some(Inline::Text(before)) => before.push_str(text),
            _ => self.inner().push(Inline::Text(text.to_string())),
        }
    }

    /// The end of the element opened last. `replaced` gives the characters that a tag stands for.
    pub fn close(&mut self, replaced: impl Fn(&Tag) -> Option<char>) {
        let Some(tag) = self.open.pop() else { return };
        match replaced(&tag) {
            Some(character) => self.text(character.encode_utf8(&mut [0; 4])),
            None => self.inner().push(Inline::Tag(tag)),
        }
    }

    /// True after a start tag without its end.
    pub fn is_within_tag(&self) -> bool {
        !self.open.is_empty()
    }

    fn inner(&mut self) -> &mut Vec<Inline> {
        match self.open.last_mut() {
            Some(tag) => &mut tag.content,
            None => &mut self.parts,
        }
    }

    /// The text; the data are left to the reader.
    pub fn finish(self, markup: InlineMarkup) -> TaggedText {
        TaggedText { markup, parts: self.parts, data: Vec::new() }
    }
}
