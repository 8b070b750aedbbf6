//! Splits the XML of an RSS or Atom feed into its items.

use url::Url;

use super::article::unreadable;
use super::item::{self, ItemContext};
use super::link;
use super::names::ElementNames;
use super::scan::{self, SECTION, XmlScanner, XmlToken, XmlTokenKind};
use crate::document::unescape;
use crate::formats::ItemResult;

/// Local names of root elements, lower case.
pub(super) const ROOTS: &[&str] = &["rss", "rdf", "feed"];
/// Tag limit of an item, against memory use: a whole page has fewer.
const MAX_TAGS: usize = 1 << 20;
/// Longest link, in bytes.
const MAX_LINK_BYTES: usize = 4096;

/// The items of an XML feed.
#[derive(Debug)]
pub(super) struct XmlFeedItems {
    text: String,
    /// True if undecodable bytes were replaced by U+FFFD in the text.
    replaced: bool,
    scanner: XmlScanner,
    /// A token already read that belongs to the next item.
    next: Option<XmlToken>,
    names: ElementNames,
    pub has_root: bool,
    /// Name of an item's element: `item` or `atom:entry`.
    item: &'static str,
    /// Base of links: given by elements around the items, otherwise the address of the feed's site.
    base: Option<Url>,
    site: Option<Url>,
    number: usize,
}

impl XmlFeedItems {
    pub fn new(text: String, replaced: bool) -> Self {
        let mut scanner = XmlScanner::new(String::new());
        // Messages of the feed's software may precede the root.
        let mut root = None;
        while let Some(token) = scanner.next(&text) {
            if matches!(token.kind, XmlTokenKind::Open | XmlTokenKind::Empty) {
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
            scanner: XmlScanner::new(format!("</{prefix}{written}")),
            next: None,
            names: if is_atom { ElementNames::of_atom() } else { ElementNames::default() },
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

    /// Notes namespaces, base and site of an element around the items.
    fn note_outer(&mut self, token: &XmlToken) {
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
                    let rest = &rest[..rest.floor_char_boundary(MAX_LINK_BYTES)];
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

    /// Reads an item from its start tag to its end.
    fn read_item(&mut self, begin: &XmlToken) -> ItemResult {
        let number = self.number;
        self.number += 1;
        let mut tokens = Vec::new();
        let (mut cut, mut many) = (begin.kind == XmlTokenKind::Open, false);
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
                XmlTokenKind::Open | XmlTokenKind::Empty => {
                    self.names.declare(tag);
                    self.names.element(tag)
                }
                XmlTokenKind::Close => self.names.element(tag),
                XmlTokenKind::Section | XmlTokenKind::Other => None,
            };
            // Without an end tag, an item ends at the next one or at the feed's end. An embedded
            // drawing may contain RDF.
            let is_item = element == Some(self.item);
            let outer = matches!(element, Some("channel" | "rss" | "rdf:rdf" | "atom:feed"));
            let is_around = outer && token.kind == XmlTokenKind::Close && opened == 0;
            match token.kind {
                XmlTokenKind::Open if outer => opened += 1,
                XmlTokenKind::Close if outer => opened = opened.saturating_sub(1),
                _ => {}
            }
            if is_item && token.kind == XmlTokenKind::Close {
                cut = false;
            } else if is_item || is_around {
                self.next = Some(token);
                break;
            } else if tokens.len() < MAX_TAGS {
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
                let context = ItemContext {
                    text: &self.text,
                    names: &self.names,
                    base,
                    replaced: self.replaced,
                };
                item::read(&context, &self.text[begin.span.clone()], &inner, &tokens, cut)
            }
        };
        result.map_err(|reason| unreadable(number, reason, &self.text[whole]))
    }
}

impl Iterator for XmlFeedItems {
    type Item = ItemResult;

    fn next(&mut self) -> Option<ItemResult> {
        loop {
            let token = self.next.take().or_else(|| self.scanner.next(&self.text))?;
            if !matches!(token.kind, XmlTokenKind::Open | XmlTokenKind::Empty) {
                continue;
            }
            if self.names.element(&self.text[token.span.clone()]) == Some(self.item) {
                return Some(self.read_item(&token));
            } else {
                self.note_outer(&token)
            }
        }
    }
}
