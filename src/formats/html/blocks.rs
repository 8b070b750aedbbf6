//! Splits a page into blocks: the runs of text between block-level elements. Knows elements; which
//! blocks are the article is decided in [`choose`](super::choose).

use std::collections::HashMap;

use super::hidden;
use super::metadata::PageMetadata;
use super::outline::Outline;
use super::runs::{RunPart, RunPartKind, block_spans};
use super::signs;
use super::tags::{
    ElementRole, HtmlAttribute, HtmlTag, HtmlTagKind, SET_APART, breaks_out, role, tags, value,
};
use crate::document::Span;

/// Block limit, against memory use: far above real pages.
const MAX_BLOCKS: usize = 100_000;
/// Element limit, against memory use.
const MAX_ELEMENTS: usize = 1_000_000;
/// Longest run, in parts; a longer one is split.
const MAX_RUN_PARTS: usize = 4096;

/// A run of text and its position in the page.
#[derive(Debug)]
pub(super) struct PageBlock {
    pub span: Span,
    /// Name of the innermost block-level element; empty outside of all.
    pub element: &'static str,
    pub region: Region,
    /// True if a browser does not show the block.
    pub hidden: bool,
}

/// The region of a page, by its enclosing elements.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Region {
    Navigation,
    /// A header, footer or sidebar of the page.
    Around,
    /// Inside `article` or `main`.
    Article,
    /// Any other place.
    Page,
}

/// The content of a page.
pub(super) struct Page {
    pub blocks: Vec<PageBlock>,
    pub metadata: PageMetadata,
    pub outline: Outline,
}

/// Reads a page in one pass over its tags.
pub(super) fn find(text: &str) -> Result<Page, String> {
    read(text, text.trim_start().starts_with("<?xml"))
}

/// The same for a page that is XML, whether it says so or not.
pub(super) fn find_in_xml(text: &str) -> Result<Page, String> {
    read(text, true)
}

fn read(text: &str, xml: bool) -> Result<Page, String> {
    let page =
        Page { blocks: Vec::new(), metadata: PageMetadata::default(), outline: Outline::default() };
    let mut reader = PageReader {
        text,
        xml,
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
        reader.text(end..tag.span.start);
        end = tag.span.end;
        reader.tag(tag);
        if reader.page.blocks.len() > MAX_BLOCKS {
            return Err(format!("has more than {MAX_BLOCKS} paragraphs"));
        }
        if reader.page.outline.nodes.len() > MAX_ELEMENTS {
            return Err(format!("has more than {MAX_ELEMENTS} elements"));
        }
    }
    reader.text(end..end + before_first_tag(&text[end..]).len());
    reader.flush();
    reader.open.iter().for_each(|_| reader.page.outline.close());
    Ok(reader.page)
}

/// The text before the first tag. If no complete tag follows, the incomplete one at the end is cut
/// off.
pub(super) fn before_first_tag(rest: &str) -> &str {
    let begins = |(at, _): &(usize, &str)| {
        rest[at + 1..]
            .starts_with(|c: char| c.is_ascii_alphabetic() || matches!(c, '/' | '!' | '?'))
    };
    rest.match_indices('<').find(begins).map_or(rest, |(at, _)| &rest[..at])
}

struct OpenElement {
    name: &'static str,
    /// Element name for its blocks: the enclosing element's for [`SET_APART`].
    shown: &'static str,
    region: Region,
    hidden: bool,
    /// True if the font is too small to read.
    small: bool,
}

struct PageReader<'t> {
    text: &'t str,
    xml: bool,
    run: Vec<RunPart>,
    linked: bool,
    open: Vec<OpenElement>,
    /// Number of open elements by name, so that an unmatched end tag costs nothing.
    counts: HashMap<&'static str, usize>,
    /// The element whose content is skipped, and its nesting depth.
    opaque: Option<(String, usize)>,
    /// For each open [`SET_APART`]: the element's name and its nesting depth.
    apart: Vec<(String, usize)>,
    page: Page,
}

impl PageReader<'_> {
    fn text(&mut self, span: Span) {
        if span.is_empty() || self.opaque.is_some() {
            return;
        }
        if self.open.last().is_none_or(|element| element.name != "pre") {
            return self.add(span, RunPartKind::Text);
        }
        let mut start = span.start;
        for line in self.text[span].split_inclusive('\n') {
            let end = start + line.trim_end_matches('\n').len();
            self.add(start..end, RunPartKind::Text);
            start += line.len();
            if end < start {
                self.add(end..start, RunPartKind::LineBreak);
            }
        }
    }

    fn add(&mut self, span: Span, kind: RunPartKind) {
        if self.opaque.is_some() {
            return;
        }
        self.run.push(RunPart { span, kind, linked: self.linked });
        if self.run.len() >= MAX_RUN_PARTS {
            self.flush();
        }
    }

    fn tag(&mut self, HtmlTag { span, kind }: HtmlTag) {
        match kind {
            HtmlTagKind::Open { name, attributes, self_closing } => {
                self.page.metadata.collect(&name, &attributes);
                if self.is_skipped(&name) {
                    return;
                }
                self.begin(span, name, &attributes, self_closing);
            }
            HtmlTagKind::Close { name } => match &mut self.opaque {
                Some((skipped, depth)) if *skipped == name && *depth > 1 => *depth -= 1,
                Some((skipped, _)) if *skipped == name => self.opaque = None,
                Some(_) => {}
                None => self.end(span, name),
            },
            HtmlTagKind::Other => self.add(span, RunPartKind::Empty),
        }
    }

    /// True inside an element whose content is skipped.
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

    fn begin(
        &mut self,
        span: Span,
        name: String,
        attributes: &[HtmlAttribute],
        self_closing: bool,
    ) {
        let is_code = (name == "code"
            && self.open.last().is_some_and(|element| element.name == "pre"))
            || (name == "pre" && is_code_listing(attributes));
        match role(&name) {
            _ if is_code && !self_closing => {
                self.flush();
                self.opaque = Some((name, 1));
            }
            ElementRole::Block(known) => {
                self.flush();
                self.close_implied(known);
                self.push(known, attributes);
                if self_closing && self.xml {
                    self.pop(known);
                }
            }
            ElementRole::Rule => self.flush(),
            ElementRole::Opaque => {
                self.flush();
                let empty = self_closing && (self.xml || matches!(name.as_str(), "svg" | "math"));
                self.opaque = (!empty).then_some((name, 1));
            }
            ElementRole::LineBreak => self.add(span, RunPartKind::LineBreak),
            ElementRole::Inline if !self_closing && self.is_set_apart(&name, attributes) => {
                self.flush();
                self.push(SET_APART, attributes);
                self.apart.push((name, 1));
            }
            ElementRole::Inline if !self_closing => {
                if let Some((apart, depth)) = self.apart.last_mut() {
                    *depth += usize::from(*apart == name);
                }
                // `<a name="top">` is an anchor that old pages never close.
                self.linked |= name == "a" && value(attributes, "href").is_some();
                self.add(span, RunPartKind::Open(name));
            }
            ElementRole::Empty | ElementRole::Inline => self.add(span, RunPartKind::Empty),
        }
    }

    fn end(&mut self, span: Span, name: String) {
        match role(&name) {
            ElementRole::Block(known) => {
                self.flush();
                self.pop(known);
            }
            ElementRole::LineBreak => self.add(span, RunPartKind::LineBreak),
            ElementRole::Inline if self.closes_set_apart(&name) => {
                self.flush();
                self.pop(SET_APART);
            }
            ElementRole::Inline => {
                self.linked &= name != "a";
                self.add(span, RunPartKind::Close(name));
            }
            ElementRole::Rule | ElementRole::Opaque => self.flush(),
            ElementRole::Empty => self.add(span, RunPartKind::Empty),
        }
    }

    /// True if an inline element's text is not part of the sentence around it: hidden text or a
    /// caption.
    fn is_set_apart(&self, name: &str, attributes: &[HtmlAttribute]) -> bool {
        let is_word = |part: &RunPart| {
            part.kind == RunPartKind::Text && !self.text[part.span.clone()].trim().is_empty()
        };
        let small = self.open.last().is_some_and(|element| element.small);
        hidden::hides(attributes)
            || hidden::small(attributes).is_some_and(|own| own != small)
            || (name != "a" && signs::is_caption(name, attributes) && !self.run.iter().any(is_word))
    }

    /// True if an end tag closes the innermost set-apart element.
    fn closes_set_apart(&mut self, name: &str) -> bool {
        match self.apart.last_mut().filter(|(apart, _)| apart == name) {
            Some((_, depth)) => {
                *depth -= 1;
                *depth == 0
            }
            None => false,
        }
    }

    /// Closes elements whose end tag may be omitted before `next`.
    fn close_implied(&mut self, next: &str) {
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

    fn push(&mut self, name: &'static str, attributes: &[HtmlAttribute]) {
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
        let shown = if name == SET_APART { around } else { name };
        self.open.push(OpenElement { name, shown, region, hidden, small });
    }

    /// Closes an element and all open elements inside it.
    fn pop(&mut self, name: &str) {
        if self.counts.get(name).is_none_or(|count| *count == 0) {
            return;
        }
        while let Some(element) = self.open.pop() {
            self.page.outline.close();
            if element.name == SET_APART {
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
        for block in block_spans(self.text, &run) {
            let (element, region, hidden, small) = match self.open.last() {
                Some(OpenElement { shown, region, hidden, small, .. }) => {
                    (*shown, *region, *hidden, *small)
                }
                None => ("", Region::Page, false, false),
            };
            self.page.outline.block(element, small, self.text, &block);
            self.page.blocks.push(PageBlock {
                span: block.span,
                element,
                region,
                hidden: hidden || small,
            });
        }
    }
}

/// True if a `pre` element holds program code.
fn is_code_listing(attributes: &[HtmlAttribute]) -> bool {
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
            Some(HtmlTagKind::Open { attributes, .. }) => is_code_listing(&attributes),
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
