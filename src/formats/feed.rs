//! Feeds: RSS 0.9 to 2.0, RSS 1.0 (RDF), Atom 0.3 and 1.0, JSON Feed.
//!
//! Items are cut out first and read one at a time, so that a broken one costs only itself.
//!
//! The reader is our own because feeds are often not well-formed XML: `feed-rs` loses a field, an
//! item or the whole feed there, turns dates to UTC and drops links and types it does not know.

mod bytes;
mod item;
mod json;
mod link;
mod markup;
mod names;
mod scan;

use std::io::{BufRead, Read as _};

use url::Url;

use self::item::Context;
use self::names::Names;
use self::scan::{Kind, SECTION, Scanner, Token};
use super::{
    Fields, Form, Format, Item, ItemResult, ItemStream, MAX_BYTES, Reader, Unreadable, html,
    record, xml,
};
use crate::document::{Block, Document, Kind as BlockKind, escape, unescape};
use crate::error::InputFault;

pub(super) const FORMAT: Format = Format {
    name: "feed",
    describe: "a feed in RSS, Atom or JSON Feed",
    extensions: &["rss", "atom", "rdf"],
    sniff: |bytes| match xml::root(bytes) {
        Some(root) => match &*root.to_ascii_lowercase() {
            "entry" => ATOM.iter().any(|atom| xml::beginning(bytes).contains(atom)),
            root => ROOTS.contains(&root),
        },
        None => {
            let beginning = xml::beginning(bytes);
            let is_object = beginning.trim_start_matches('\u{feff}').trim_start().starts_with('{');
            is_object && beginning.replace("\\/", "/").contains("://jsonfeed.org/version/")
        }
    },
    read: Reader::Stream(read),
};

const ROOTS: &[&str] = &["rss", "rdf", "feed"];
/// A lone entry has another root, and its vocabulary tells it.
const ATOM: &[&str] = &["http://www.w3.org/2005/Atom", "http://purl.org/atom/ns#"];
/// Tags of an item. Each takes some memory of ours; a whole page has fewer.
const MOST_TAGS: usize = 1 << 20;
/// An item without words.
const EMPTY: &str = "has neither a headline nor a text";
/// No address is longer, in bytes.
const LONGEST_LINK: usize = 4096;
/// How much of a broken item is kept.
const SHOWN: usize = 200;

fn read(source: Box<dyn BufRead + Send>, _: Fields) -> Result<ItemStream, InputFault> {
    let mut bytes = Vec::new();
    source
        .take(MAX_BYTES + 1)
        .read_to_end(&mut bytes)
        .map_err(|error| format!("cannot be read: {error}"))?;
    if bytes.len() as u64 > MAX_BYTES {
        return Err(format!("is larger than the {} MB a feed may have", MAX_BYTES >> 20).into());
    }
    let (text, replaced) = bytes::decode(&bytes)?;
    drop(bytes);
    match text.trim_start() {
        "" => Err(InputFault::Empty),
        json if json.starts_with('{') => Ok(Box::new(json::Items::find(text)?)),
        _ => {
            let items = Items::new(text, replaced);
            match items.has_root {
                true => Ok(Box::new(items)),
                false => Err("has no element of a feed".to_string().into()),
            }
        }
    }
}

/// The items of a feed in XML.
#[derive(Debug)]
struct Items {
    text: String,
    /// Whether bytes that fit no encoding are U+FFFD in the text.
    replaced: bool,
    scanner: Scanner,
    /// A token that was read and belongs to the next item.
    next: Option<Token>,
    names: Names,
    has_root: bool,
    /// What an item is called: `item` or `atom:entry`.
    item: &'static str,
    /// The base that the elements around the items give, else the address of the feed's site.
    base: Option<Url>,
    site: Option<Url>,
    number: usize,
}

impl Items {
    fn new(text: String, replaced: bool) -> Self {
        let mut scanner = Scanner::new(String::new());
        // Messages of the program that made the feed may stand before its root.
        let mut root = None;
        while let Some(token) = scanner.next(&text) {
            if matches!(token.kind, Kind::Open | Kind::Empty) {
                let name = scan::name(&text[token.span.clone()]);
                let local = name.rsplit(':').next().unwrap_or(name);
                let is_root =
                    ROOTS.iter().chain(&["entry"]).any(|root| root.eq_ignore_ascii_case(local));
                root = root.filter(|_| !is_root).or(Some(token));
                if is_root {
                    break;
                }
            }
        }
        let tag = root.as_ref().map_or("", |token| &text[token.span.clone()]);
        let name = scan::name(tag);
        let (prefix, local) = name.rsplit_once(':').unwrap_or(("", name));
        let is_atom = local.eq_ignore_ascii_case("feed") || local.eq_ignore_ascii_case("entry");
        let (item, written) = if is_atom { ("atom:entry", "entry") } else { ("item", "item") };
        let prefix =
            if is_atom && !prefix.is_empty() { format!("{prefix}:") } else { String::new() };
        let mut items = Self {
            replaced,
            scanner: Scanner::new(format!("</{prefix}{written}")),
            next: None,
            names: if is_atom { Names::of_atom() } else { Names::default() },
            has_root: root.is_some(),
            item,
            base: None,
            site: None,
            number: 0,
            text: String::new(),
        };
        items.names.declare(tag);
        items.base = link::base(item::attribute(tag, "xml:base").as_deref(), None);
        items.text = text;
        items
    }

    /// Looks at an element around the items.
    fn note(&mut self, token: &Token) {
        let tag = &self.text[token.span.clone()];
        self.names.declare(tag);
        match self.names.element(tag) {
            Some("channel" | "atom:feed") => {
                self.base =
                    link::base(item::attribute(tag, "xml:base").as_deref(), self.base.as_ref());
            }
            Some("link" | "atom:link") if self.site.is_none() => {
                let rel = item::attribute(tag, "rel");
                let href = item::attribute(tag, "href")
                    .filter(|_| rel.is_none_or(|rel| rel == "alternate"));
                let written = || {
                    let rest = &self.text[token.span.end..];
                    let rest = &rest[..rest.floor_char_boundary(LONGEST_LINK)];
                    let written = &rest[..rest.find("</")?];
                    let plain = written.trim().strip_prefix(SECTION);
                    let plain = plain.and_then(|rest| rest.strip_suffix("]]>"));
                    Some(plain.map_or_else(|| unescape(written).into_owned(), str::to_string))
                };
                let address = href
                    .or_else(written)
                    .and_then(|address| link::resolve(&address, self.base.as_ref()));
                self.site = address.and_then(|address| Url::parse(&address).ok());
            }
            _ => {}
        }
    }

    /// Reads on to the end of an item that begins with a token.
    fn one(&mut self, begin: &Token) -> ItemResult {
        let number = self.number;
        self.number += 1;
        let mut tokens = Vec::new();
        let (mut cut, mut many) = (begin.kind == Kind::Open, false);
        let mut inner = begin.span.end..begin.span.end;
        let mut opened = 0usize;
        while cut {
            let Some(token) = self.scanner.next(&self.text) else {
                inner.end = self.text.len();
                break;
            };
            let tag = &self.text[token.span.clone()];
            inner.end = token.span.start;
            let element = match token.kind {
                Kind::Open | Kind::Empty => {
                    self.names.declare(tag);
                    self.names.element(tag)
                }
                Kind::Close => self.names.element(tag),
                Kind::Section | Kind::Other => None,
            };
            // Without a closing tag, an item ends at the next one or at the end of the feed. A
            // drawing in it may hold RDF of its own.
            let is_item = element == Some(self.item);
            let outer = matches!(element, Some("channel" | "rss" | "rdf:rdf" | "atom:feed"));
            let is_around = outer && token.kind == Kind::Close && opened == 0;
            match token.kind {
                Kind::Open if outer => opened += 1,
                Kind::Close if outer => opened = opened.saturating_sub(1),
                _ => {}
            }
            if is_item && token.kind == Kind::Close {
                cut = false;
            } else if is_item || is_around {
                self.next = Some(token);
                break;
            } else if tokens.len() < MOST_TAGS {
                tokens.push(token);
            } else {
                many = true;
            }
        }
        let whole = begin.span.start..inner.end;
        let result = match (many, cut && inner.end == self.text.len()) {
            (true, _) => Err("has too many elements for news".to_string()),
            (_, true) => Err("breaks off before its end".to_string()),
            _ => {
                let base = self.base.as_ref().or(self.site.as_ref());
                let context =
                    Context { text: &self.text, names: &self.names, base, replaced: self.replaced };
                item::read(&context, &self.text[begin.span.clone()], &inner, &tokens, cut)
            }
        };
        result.map_err(|reason| unreadable(number, reason, &self.text[whole]))
    }
}

impl Iterator for Items {
    type Item = ItemResult;

    fn next(&mut self) -> Option<ItemResult> {
        loop {
            let token = self.next.take().or_else(|| self.scanner.next(&self.text))?;
            if !matches!(token.kind, Kind::Open | Kind::Empty) {
                continue;
            }
            match self.names.element(&self.text[token.span.clone()]) == Some(self.item) {
                true => return Some(self.one(&token)),
                false => self.note(&token),
            }
        }
    }
}

fn unreadable(number: usize, reason: String, raw: &str) -> Unreadable {
    Unreadable {
        place: format!("item {}", number + 1),
        reason,
        raw: raw.chars().take(SHOWN).collect(),
    }
}

/// What a field holds.
struct Body {
    text: String,
    /// Whether it is HTML.
    html: bool,
}

/// An article of a plain headline and the first body that has words.
fn article(title: Option<String>, mut bodies: impl Iterator<Item = Body>) -> Result<Item, String> {
    let body = bodies.find_map(|Body { text, html }| {
        let text = match html {
            true => markup::shown(&whole(text)),
            false => text,
        };
        let words = if html { markup::words(&text) } else { text.trim().to_string() };
        words.contains(char::is_alphanumeric).then_some(Body { text, html })
    });
    let (form, document) = match (title, body) {
        (None, None) => return Err(EMPTY.to_string()),
        (Some(title), None) => {
            let block = Block::new(0..title.len(), BlockKind::Title);
            (Form::Words, Document::new(title, vec![block]))
        }
        (title, Some(Body { text, html: true })) => (Form::Html, marked_up(title, &text)?),
        (title, Some(Body { text, .. })) => {
            (Form::Words, record::titled(title, text.trim().to_string())?)
        }
    };
    // HTML may hold nothing but a drawing.
    match document.article().trim() {
        "" => Err(EMPTY.to_string()),
        _ => Ok(Item { form, ..Item::from(document) }),
    }
}

/// HTML with one extra level of escaping undone, and without the marks of an escaped CDATA section.
fn whole(html: String) -> String {
    let html =
        if html.contains(SECTION) { html.replace(SECTION, "").replace("]]>", "") } else { html };
    let twice = html.contains("&lt;/") && !markup::has_tags(&html);
    if twice && markup::has_elements(&unescape(&html)) {
        unescape(&html).into_owned()
    } else {
        html
    }
}

/// A headline and a piece of HTML as one piece.
fn marked_up(title: Option<String>, body: &str) -> Result<Document, String> {
    match title {
        Some(title) => {
            let whole = format!("{TITLE}{}{TITLE_END}{body}", escape(&title));
            Ok(html::fragment(&whole)?.with_title(&title))
        }
        None => html::fragment(body),
    }
}

const TITLE: &str = "<h1>";
const TITLE_END: &str = "</h1>\n";

/// A piece of HTML of a feed's item without the headline that was put before it.
pub(crate) fn without_title(text: &str) -> &str {
    text.strip_prefix(TITLE)
        .and_then(|rest| rest.split_once(TITLE_END))
        .map_or(text, |(_, body)| body)
}

#[cfg(test)]
mod tests;
