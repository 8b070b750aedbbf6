//! The blocks of a page: what stands between the borders of its block-level elements. Knows
//! elements; which of the blocks are the article is for others.

use std::collections::HashMap;

use super::facts::Facts;
use super::hidden;
use super::outline::Outline;
use super::runs::{Piece, What, stretches};
use super::signs;
use super::tags::{Attribute, Role, Tag, TagKind, breaks_out, role, tags, value};
use crate::document::Span;

/// More blocks than any page has; each costs memory.
const MOST_BLOCKS: usize = 100_000;
/// More elements than any page has; each costs memory, too.
const MOST_ELEMENTS: usize = 1_000_000;
/// A run of more parts than this is cut.
const LONGEST_RUN: usize = 4096;

/// A stretch of words and where in the page it stands.
#[derive(Debug)]
pub(super) struct PageBlock {
    pub span: Span,
    /// The innermost block-level element around it; empty where there is none.
    pub element: &'static str,
    pub region: Region,
    /// Whether a browser does not show it.
    pub hidden: bool,
}

/// The part of a page that an element is in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Region {
    Navigation,
    /// Headers, footers and sidebars of the page.
    Around,
    /// In an `article` or `main`.
    Article,
    /// No element says.
    Page,
}

/// What a page holds.
pub(super) struct Page {
    pub blocks: Vec<PageBlock>,
    pub facts: Facts,
    pub outline: Outline,
}

/// Reads a page once from its beginning to its end.
pub(super) fn find(text: &str) -> Result<Page, String> {
    let page = Page { blocks: Vec::new(), facts: Facts::default(), outline: Outline::default() };
    let mut walk = Walk {
        text,
        xml: text.trim_start().starts_with("<?xml"),
        run: Vec::new(),
        linked: false,
        open: Vec::new(),
        counts: HashMap::new(),
        opaque: None,
        apart: Vec::new(),
        page,
    };
    let mut end = 0;
    for tag in tags(text) {
        walk.text(end..tag.span.start);
        end = tag.span.end;
        walk.tag(tag);
        if walk.page.blocks.len() > MOST_BLOCKS {
            return Err(format!("has more than {MOST_BLOCKS} paragraphs"));
        }
        if walk.page.outline.nodes.len() > MOST_ELEMENTS {
            return Err(format!("has more than {MOST_ELEMENTS} elements"));
        }
    }
    walk.text(end..end + whole(&text[end..]).len());
    walk.flush();
    walk.open.iter().for_each(|_| walk.page.outline.close());
    Ok(walk.page)
}

/// A text up to its first tag: where no whole tag follows, without the one that the end of the text
/// cut in half.
pub(super) fn whole(rest: &str) -> &str {
    let begins = |(at, _): &(usize, &str)| {
        rest[at + 1..]
            .starts_with(|c: char| c.is_ascii_alphabetic() || matches!(c, '/' | '!' | '?'))
    };
    rest.match_indices('<').find(begins).map_or(rest, |(at, _)| &rest[..at])
}

struct Element {
    name: &'static str,
    /// The name its blocks have: the one around it for [`APART`].
    shown: &'static str,
    region: Region,
    hidden: bool,
    /// Whether the letters in it are too small to be read.
    small: bool,
}

/// Stands among the open elements for one within a sentence whose words stand apart: they are
/// hidden or a caption.
pub(super) const APART: &str = "apart";

struct Walk<'t> {
    text: &'t str,
    xml: bool,
    run: Vec<Piece>,
    linked: bool,
    open: Vec<Element>,
    /// How many of each are open, so that an end tag without a beginning costs nothing.
    counts: HashMap<&'static str, usize>,
    /// The element whose content is skipped, and how many of its name are open.
    opaque: Option<(String, usize)>,
    /// For each open [`APART`] the element's name, and how many of that name are open from there
    /// on.
    apart: Vec<(String, usize)>,
    page: Page,
}

impl Walk<'_> {
    fn text(&mut self, span: Span) {
        if span.is_empty() || self.opaque.is_some() {
            return;
        }
        if self.open.last().is_none_or(|element| element.name != "pre") {
            return self.piece(span, What::Text);
        }
        let mut start = span.start;
        for line in self.text[span].split_inclusive('\n') {
            let end = start + line.trim_end_matches('\n').len();
            self.piece(start..end, What::Text);
            start += line.len();
            if end < start {
                self.piece(end..start, What::LineBreak);
            }
        }
    }

    fn piece(&mut self, span: Span, what: What) {
        if self.opaque.is_some() {
            return;
        }
        self.run.push(Piece { span, what, linked: self.linked });
        if self.run.len() >= LONGEST_RUN {
            self.flush();
        }
    }

    fn tag(&mut self, Tag { span, kind }: Tag) {
        match kind {
            TagKind::Open { name, attributes, self_closing } => {
                self.page.facts.note(&name, &attributes);
                if self.is_skipped(&name) {
                    return;
                }
                self.begin(span, name, &attributes, self_closing);
            }
            TagKind::Close { name } => match &mut self.opaque {
                Some((skipped, depth)) if *skipped == name && *depth > 1 => *depth -= 1,
                Some((skipped, _)) if *skipped == name => self.opaque = None,
                Some(_) => {}
                None => self.end(span, name),
            },
            TagKind::Other => self.piece(span, What::Empty),
        }
    }

    /// Whether an element stands in one whose content is skipped.
    fn is_skipped(&mut self, name: &str) -> bool {
        match &mut self.opaque {
            Some((skipped, _))
                if matches!(skipped.as_str(), "svg" | "math") && breaks_out(name) =>
            {
                self.opaque = None;
            }
            Some((skipped, depth)) => *depth += usize::from(skipped == name),
            None => {}
        }
        self.opaque.is_some()
    }

    fn begin(&mut self, span: Span, name: String, attributes: &[Attribute], self_closing: bool) {
        let is_code = (name == "code"
            && self.open.last().is_some_and(|element| element.name == "pre"))
            || (name == "pre" && holds_code(attributes));
        match role(&name) {
            _ if is_code && !self_closing => {
                self.flush();
                self.opaque = Some((name, 1));
            }
            Role::Block(known) => {
                self.flush();
                self.end_before(known);
                self.push(known, attributes);
                if self_closing && self.xml {
                    self.pop(known);
                }
            }
            Role::Rule => self.flush(),
            Role::Opaque => {
                self.flush();
                let empty = self_closing && (self.xml || matches!(name.as_str(), "svg" | "math"));
                self.opaque = (!empty).then_some((name, 1));
            }
            Role::LineBreak => self.piece(span, What::LineBreak),
            Role::Inline if !self_closing && self.stands_apart(&name, attributes) => {
                self.flush();
                self.push(APART, attributes);
                self.apart.push((name, 1));
            }
            Role::Inline if !self_closing => {
                if let Some((apart, depth)) = self.apart.last_mut() {
                    *depth += usize::from(*apart == name);
                }
                // `<a name="top">` is a place, and old pages never end it.
                self.linked |= name == "a" && value(attributes, "href").is_some();
                self.piece(span, What::Open(name));
            }
            Role::Empty | Role::Inline => self.piece(span, What::Empty),
        }
    }

    fn end(&mut self, span: Span, name: String) {
        match role(&name) {
            Role::Block(known) => {
                self.flush();
                self.pop(known);
            }
            Role::LineBreak => self.piece(span, What::LineBreak),
            Role::Inline if self.ends_apart(&name) => {
                self.flush();
                self.pop(APART);
            }
            Role::Inline => {
                self.linked &= name != "a";
                self.piece(span, What::Close(name));
            }
            Role::Rule | Role::Opaque => self.flush(),
            Role::Empty => self.piece(span, What::Empty),
        }
    }

    /// Whether the words of an element within a sentence are none of that sentence's.
    fn stands_apart(&self, name: &str, attributes: &[Attribute]) -> bool {
        let is_word = |piece: &Piece| {
            piece.what == What::Text && !self.text[piece.span.clone()].trim().is_empty()
        };
        let small = self.open.last().is_some_and(|element| element.small);
        hidden::hides(attributes)
            || hidden::small(attributes).is_some_and(|own| own != small)
            || (name != "a" && signs::is_caption(name, attributes) && !self.run.iter().any(is_word))
    }

    /// Whether an end tag ends the innermost element whose words stand apart from their sentence.
    fn ends_apart(&mut self, name: &str) -> bool {
        match self.apart.last_mut().filter(|(apart, _)| apart == name) {
            Some((_, depth)) => {
                *depth -= 1;
                *depth == 0
            }
            None => false,
        }
    }

    /// Ends the elements that need no end tag before another begins.
    fn end_before(&mut self, next: &str) {
        let ends = |open: &str| match open {
            "p" => true,
            "li" => next == "li",
            "dd" | "dt" => matches!(next, "dd" | "dt"),
            "td" | "th" => matches!(next, "td" | "th" | "tr"),
            "tr" => next == "tr",
            "head" => next == "body",
            _ => false,
        };
        while let Some(name) =
            self.open.last().map(|element| element.name).filter(|name| ends(name))
        {
            self.pop(name);
        }
    }

    fn push(&mut self, name: &'static str, attributes: &[Attribute]) {
        let outside = self.open.last().map_or(Region::Page, |element| element.region);
        let region = match (name, outside) {
            ("nav", _) => Region::Navigation,
            ("article" | "main", _) => Region::Article,
            ("aside", _) | ("header" | "footer", Region::Page) => Region::Around,
            _ => outside,
        };
        let around = self.open.last().is_some_and(|element| element.hidden);
        let shown_anyway = matches!(name, "html" | "body" | "head");
        let hidden = around || (!shown_anyway && hidden::hides(attributes));
        let small = self.open.last().is_some_and(|element| element.small);
        let small = hidden::small(attributes).unwrap_or(small);
        self.page.outline.open(name, attributes);
        *self.counts.entry(name).or_default() += 1;
        let around = self.open.last().map_or("", |element| element.shown);
        let shown = if name == APART { around } else { name };
        self.open.push(Element { name, shown, region, hidden, small });
    }

    /// Ends an element and whatever is still open in it.
    fn pop(&mut self, name: &str) {
        if self.counts.get(name).is_none_or(|count| *count == 0) {
            return;
        }
        while let Some(element) = self.open.pop() {
            self.page.outline.close();
            if element.name == APART {
                self.apart.pop();
            }
            self.counts.entry(element.name).and_modify(|count| *count -= 1);
            if element.name == name {
                break;
            }
        }
    }

    fn flush(&mut self) {
        let run = std::mem::take(&mut self.run);
        for stretch in stretches(self.text, &run) {
            let (element, region, hidden, small) = match self.open.last() {
                Some(Element { shown, region, hidden, small, .. }) => {
                    (*shown, *region, *hidden, *small)
                }
                None => ("", Region::Page, false, false),
            };
            self.page.outline.block(element, small, self.text, &stretch);
            self.page.blocks.push(PageBlock {
                span: stretch.span,
                element,
                region,
                hidden: hidden || small,
            });
        }
    }
}

/// Whether a `pre` says that it holds a program, not words.
fn holds_code(attributes: &[Attribute]) -> bool {
    #[rustfmt::skip]
    const WORDS: &[&str] = &[
        "brush", "code", "codeblock", "codehilite", "highlight", "hljs", "prettyprint", "sourcecode", "syntax",
        "syntaxhighlighter",
    ];
    let class = value(attributes, "class").unwrap_or_default().to_ascii_lowercase();
    class.split_ascii_whitespace().any(|name| {
        ["language-", "lang-"].iter().any(|prefix| name.starts_with(prefix))
            || name.split(|c: char| !c.is_ascii_alphanumeric()).any(|word| WORDS.contains(&word))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn code_is_known_by_whole_words_of_its_class() {
        let is_code = |html: &str| match tags(html).next().map(|tag| tag.kind) {
            Some(TagKind::Open { attributes, .. }) => holds_code(&attributes),
            _ => panic!("{html}"),
        };
        for class in
            ["language-rust", "lang-c", "brush: js", "wp-block-code", "sourceCode", "prettyprint"]
        {
            assert!(is_code(&format!("<pre class='{class}'>")), "{class}");
        }
        for class in ["source", "article-source", "zipcode", "verse", "language"] {
            assert!(!is_code(&format!("<pre class='{class}'>")), "{class}");
        }
    }
}
