//! One item of an XML feed: its fields, found by tag name even in malformed markup.

use url::Url;

use super::super::{Item, xml};
use super::article::{FieldContent, article};
use super::names::ElementNames;
use super::scan::{XmlToken, XmlTokenKind, section};
use super::{link, markup};
use crate::document::{Span, unescape};
use crate::formats::dates;

/// Element names of each field, most likely first.
const TITLES: &[&str] = &["title", "atom:title", "dc:title", "media:title", "itunes:title"];
#[rustfmt::skip]
const BODIES: &[&str] = &[
    "content:encoded", "xhtml:body", "xhtml:div", "atom:content", "fullitem", "fulltext", "content", "body",
    "description", "atom:summary", "summary", "dc:description", "dc:abstract", "abstract",
    "media:description", "media:text", "itunes:summary", "itunes:subtitle",
];
#[rustfmt::skip]
const DATES: &[&str] = &[
    "pubdate", "atom:published", "published", "dc:date", "dc:issued", "atom:issued", "issued", "date", "dc:available", "dc:created",
    "atom:created", "created", "atom:updated", "updated", "atom:modified", "modified", "dc:modified",
];
const IDS: &[&str] = &["guid", "atom:id", "id", "dc:identifier"];
/// Elements that contain further fields.
const GROUPS: &[&str] = &["media:group", "media:content"];
/// Nesting limit of groups.
const MAX_DEPTH: usize = 4;

/// The context of an item: its feed's text and settings.
pub(super) struct ItemContext<'c> {
    pub text: &'c str,
    pub names: &'c ElementNames,
    /// Base of relative links.
    pub base: Option<&'c Url>,
    /// True if undecodable bytes were replaced by U+FFFD in the text.
    pub replaced: bool,
}

struct FeedField<'t> {
    name: &'static str,
    /// The field's start tag.
    tag: &'t str,
    inner: Span,
    /// Indices of the tokens inside the field.
    tokens: Span,
}

struct ItemFields<'c> {
    context: &'c ItemContext<'c>,
    tokens: &'c [XmlToken],
    /// For each tag, the index of its partner.
    partners: Vec<Option<usize>>,
    fields: Vec<FeedField<'c>>,
    /// Names of fields without an end tag.
    unclosed: Vec<&'c str>,
}

/// Reads an item. `tag` is its start tag, `inner` the span of its content, `tokens` the tags
/// inside; `cut` is true if its end tag is missing.
pub(super) fn read(
    context: &ItemContext<'_>,
    tag: &str,
    inner: &Span,
    tokens: &[XmlToken],
    cut: bool,
) -> Result<Item, String> {
    let partners = partners(context.text, tokens);
    let mut fields =
        ItemFields { context, tokens, partners, fields: Vec::new(), unclosed: Vec::new() };
    fields.collect(0..tokens.len(), inner.end, 0);
    if cut && let Some(open) = fields.unclosed.first() {
        return Err(format!("breaks off in its <{open}>"));
    }
    let id = fields.first(IDS).or_else(|| attribute(tag, "rdf:about"));
    let mut item = article(fields.title(), fields.bodies())?;
    item.id = id;
    item.link = fields.link(tag);
    item.published = fields.published();
    item.notes = fields.notes(inner);
    Ok(item)
}

/// For each tag, its partner by name alone: unclosed elements in between do not matter.
fn partners(text: &str, tokens: &[XmlToken]) -> Vec<Option<usize>> {
    let mut partners = vec![None; tokens.len()];
    let mut open: std::collections::HashMap<&str, Vec<usize>> = std::collections::HashMap::new();
    for (at, token) in tokens.iter().enumerate() {
        let name = super::scan::name(&text[token.span.clone()]);
        match token.kind {
            XmlTokenKind::Open => open.entry(name).or_default().push(at),
            XmlTokenKind::Close => {
                if let Some(begin) = open.get_mut(name).and_then(Vec::pop) {
                    (partners[begin], partners[at]) = (Some(at), Some(begin));
                }
            }
            _ => {}
        }
    }
    partners
}

impl<'c> ItemFields<'c> {
    /// Collects the fields among these tokens, up to the byte `end`.
    fn collect(&mut self, range: Span, end: usize, depth: usize) {
        let text = self.context.text;
        let mut at = range.start;
        while at < range.end {
            let token = &self.tokens[at];
            let tag = &text[token.span.clone()];
            let known = self.context.names.element(tag);
            let whole = match token.kind {
                XmlTokenKind::Empty => Some(at),
                XmlTokenKind::Open => self.partners[at].filter(|close| *close < range.end),
                _ => {
                    at += 1;
                    continue;
                }
            };
            let close = match (whole, known) {
                (Some(close), _) => close,
                // `<br>` and similar tags.
                (None, None) => at,
                (None, Some(_)) => self.end_of_open(at, range.end),
            };
            if whole.is_none() && known.is_some() {
                self.unclosed.push(super::scan::name(tag));
            }
            if let Some(name) = known {
                let stop = match self.tokens.get(close) {
                    _ if token.kind == XmlTokenKind::Empty => token.span.end,
                    Some(next) if close < range.end => next.span.start,
                    _ => end,
                };
                let inner = token.span.end..stop.max(token.span.end);
                let tokens = at + 1..close.max(at + 1);
                if GROUPS.contains(&name) && depth < MAX_DEPTH {
                    self.collect(tokens.clone(), inner.end, depth + 1);
                }
                self.fields.push(FeedField { name, tag, inner, tokens });
            }
            // The tag that ends an unclosed field may begin the next one.
            at = if whole.is_none() { close.max(at + 1) } else { close + 1 };
        }
    }

    /// Index of the token that ends an unclosed element: the next field, or an unmatched end tag
    /// that is not HTML.
    fn end_of_open(&self, at: usize, end: usize) -> usize {
        let text = self.context.text;
        let ends = |next: &usize| {
            let token = &self.tokens[*next];
            let tag = &text[token.span.clone()];
            match token.kind {
                XmlTokenKind::Open | XmlTokenKind::Empty => {
                    self.context.names.element(tag).is_some()
                }
                XmlTokenKind::Close => {
                    self.partners[*next].is_none()
                        && !markup::is_element(self.context.names.html(tag))
                }
                _ => false,
            }
        };
        (at + 1..end).find(ends).unwrap_or(end)
    }

    fn named<'a>(&'a self, names: &'a [&str]) -> impl Iterator<Item = &'a FeedField<'c>> {
        names.iter().flat_map(|name| self.fields.iter().filter(move |field| field.name == *name))
    }

    /// The first field with text, on one line.
    fn first(&self, names: &[&str]) -> Option<String> {
        self.named(names)
            .map(|field| one_line(&self.value(field).text))
            .find(|words| !words.is_empty())
    }

    fn title(&self) -> Option<String> {
        let readable = |field: &&FeedField<'c>| content_type(field) != ContentType::Other;
        let mut titles = self.named(TITLES).filter(readable).map(|field| {
            let FieldContent { text, html } = self.value(field);
            if html || markup::has_elements(&text) || !is_plain(field) {
                markup::words(&text)
            } else {
                markup::words(&text.replace('<', "&lt;"))
            }
        });
        titles.find(|title| !title.is_empty())
    }

    fn bodies(&self) -> impl Iterator<Item = FieldContent> {
        let readable = |field: &&FeedField<'c>| content_type(field) != ContentType::Other;
        self.named(BODIES).filter(readable).map(|field| {
            let body = self.spoken(field).unwrap_or_else(|| self.value(field));
            let html = body.html
                || content_type(field) == ContentType::Html
                || if is_plain(field) {
                    markup::has_elements(&body.text) || unescape(&body.text) != body.text
                } else {
                    markup::has_tags(&body.text) || body.text.contains('&')
                };
            FieldContent { html, ..body }
        })
    }

    /// The words of a film or sound, which Media RSS divides by their times, as one text; `None`
    /// for other fields.
    fn spoken(&self, field: &FeedField<'c>) -> Option<FieldContent> {
        let begins = |field: &FeedField<'c>| {
            field.name == "media:text" && attribute(field.tag, "start").is_some()
        };
        if !begins(field) {
            return None;
        }
        // The same words may follow in other languages.
        let language = attribute(field.tag, "lang");
        let same =
            |other: &&FeedField<'c>| begins(other) && attribute(other.tag, "lang") == language;
        let parts = self.fields.iter().filter(same).map(|part| self.value(part));
        parts.reduce(|mut whole, part| {
            whole.text.push(' ');
            whole.text.push_str(part.text.trim());
            whole.html |= part.html;
            whole
        })
    }

    fn link(&self, tag: &str) -> Option<String> {
        let base = self.base(tag, self.context.base);
        let resolved = |field: &FeedField<'c>, given: &str| {
            link::resolve(given, self.base(field.tag, base.as_ref()).as_ref())
        };
        let alternate = |field: &FeedField<'c>| {
            let rel = attribute(field.tag, "rel").unwrap_or_default().to_ascii_lowercase();
            let rel = rel.trim_start_matches("http://www.iana.org/assignments/relation/");
            rel.is_empty() || rel.split_whitespace().any(|one| one == "alternate")
        };
        let element = |field: &FeedField<'c>| match attribute(field.tag, "href") {
            Some(href) => {
                Some(href).filter(|_| alternate(field)).and_then(|href| resolved(field, &href))
            }
            None => resolved(field, &self.value(field).text),
        };
        let web = |field: &FeedField<'c>| {
            let text = self.value(field).text;
            let text = text.trim();
            link::is_web(text).then(|| resolved(field, text)).flatten()
        };
        let permanent = |field: &FeedField<'c>| {
            let permanent = attribute(field.tag, "ispermalink");
            permanent
                .is_none_or(|said| !said.trim().eq_ignore_ascii_case("false"))
                .then(|| web(field))
                .flatten()
        };
        let links = || self.named(&["link", "atom:link"]).find_map(element);
        let about = || attribute(tag, "rdf:about").filter(|about| link::is_web(about));
        let outside = |field: &FeedField<'c>| resolved(field, &attribute(field.tag, "src")?);
        links()
            .or_else(|| self.named(&["guid"]).find_map(permanent))
            .or_else(|| self.named(&["feedburner:origlink", "dc:identifier"]).find_map(web))
            .or_else(|| about().and_then(|about| link::resolve(&about, base.as_ref())))
            .or_else(|| self.named(&["atom:content"]).find_map(outside))
            .or_else(|| self.named(&["atom:id"]).find_map(web))
    }

    fn base(&self, tag: &str, around: Option<&Url>) -> Option<Url> {
        link::base(attribute(tag, "xml:base").as_deref(), around)
    }

    /// The first date that can be parsed, as written; otherwise the first date.
    fn published(&self) -> Option<String> {
        let mut dates = self.named(DATES).map(|field| one_line(&self.value(field).text));
        let mut first = None;
        dates
            .find(|date| {
                first = first.take().or_else(|| Some(date.clone()).filter(|date| !date.is_empty()));
                dates::read(date).is_some()
            })
            .or(first)
    }

    /// Notes for an editor: losses and repairs while reading.
    fn notes(&self, inner: &Span) -> Vec<String> {
        let lost = if self.context.replaced {
            self.context.text[inner.clone()].matches(char::REPLACEMENT_CHARACTER).count()
        } else {
            0
        };
        let mut notes = Vec::new();
        if lost > 0 {
            let bytes = if lost == 1 { "one place".to_string() } else { format!("{lost} places") };
            notes.push(format!(
                "bytes that fit no encoding were left out in {bytes} of the feed's item"
            ));
        }
        if let Some(open) = self.unclosed.first() {
            notes.push(format!("the feed never closes the item's <{open}>"));
        }
        notes
    }

    /// The content of a field.
    fn value(&self, field: &FeedField<'c>) -> FieldContent {
        let names = self.context.names;
        let inside = &self.tokens[field.tokens.clone()];
        let html = inside.iter().any(|token| {
            matches!(token.kind, XmlTokenKind::Open | XmlTokenKind::Empty | XmlTokenKind::Close)
        });
        let mut text = String::new();
        let mut end = field.inner.start;
        for (at, token) in inside.iter().enumerate() {
            let raw = &self.context.text[token.span.clone()];
            self.push(&mut text, &self.context.text[end..token.span.start], !html);
            end = token.span.end;
            let name = names.html(raw);
            let paired = self.partners[field.tokens.start + at].is_some();
            match token.kind {
                XmlTokenKind::Section => self.push(&mut text, section(raw), false),
                XmlTokenKind::Other => {}
                // A foreign vocabulary inside an XML field.
                XmlTokenKind::Empty if !markup::is_element(name) => {}
                XmlTokenKind::Open | XmlTokenKind::Close if paired && !markup::is_element(name) => {
                }
                XmlTokenKind::Close => self.push(&mut text, &format!("</{name}>"), false),
                XmlTokenKind::Open | XmlTokenKind::Empty => {
                    let attributes = raw[1 + super::scan::name(raw).len()..].trim_end_matches('>');
                    let attributes = attributes.strip_suffix('/').unwrap_or(attributes);
                    self.push(&mut text, &format!("<{name}{attributes}>"), false);
                    if token.kind == XmlTokenKind::Empty && !markup::VOID.contains(&name) {
                        text += &format!("</{name}>");
                    }
                }
            }
        }
        self.push(&mut text, &self.context.text[end..field.inner.end], !html);
        FieldContent { text, html }
    }

    /// Appends text without control characters and replaced bytes.
    fn push(&self, out: &mut String, text: &str, escaped: bool) {
        let text = if escaped { unescape(text) } else { text.into() };
        let replaced = self.context.replaced;
        out.extend(text.chars().filter(|c| {
            (!c.is_control() || matches!(c, '\t' | '\n' | '\r'))
                && !(replaced && *c == char::REPLACEMENT_CHARACTER)
        }));
    }
}

#[derive(Debug, PartialEq, Eq)]
enum ContentType {
    Plain,
    Html,
    /// No type declared.
    Unsaid,
    /// Not text: a picture, a sound, encoded bytes.
    Other,
}

/// The content type declared by an Atom or Media RSS element, in any case, with the MIME types of
/// Atom 0.3.
fn content_type(field: &FeedField<'_>) -> ContentType {
    if !field.name.starts_with("atom:") && !field.name.starts_with("media:") {
        return ContentType::Unsaid;
    }
    if attribute(field.tag, "mode").is_some_and(|mode| mode.eq_ignore_ascii_case("base64")) {
        return ContentType::Other;
    }
    let Some(said) = attribute(field.tag, "type") else { return ContentType::Unsaid };
    let said = said.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
    match said.as_str() {
        "" => ContentType::Unsaid,
        "text" | "plain" | "text/plain" => ContentType::Plain,
        "html" | "xhtml" | "text/html" => ContentType::Html,
        said if said.ends_with("xml") => ContentType::Html,
        said if said.starts_with("text/") || !said.contains('/') => ContentType::Plain,
        _ if field.name.starts_with("media:") => ContentType::Unsaid,
        _ => ContentType::Other,
    }
}

/// True if a field is declared plain text, Atom's default.
fn is_plain(field: &FeedField<'_>) -> bool {
    match content_type(field) {
        ContentType::Plain => true,
        ContentType::Unsaid => field.name.starts_with("atom:"),
        ContentType::Html | ContentType::Other => false,
    }
}

pub(super) fn attribute(tag: &str, name: &str) -> Option<String> {
    let value = xml::attributes(tag).find(|(given, _)| given.eq_ignore_ascii_case(name))?.1;
    Some(unescape(&tag[value]).trim().to_string()).filter(|value| !value.is_empty())
}

fn one_line(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}
