//! Which blocks of a page are its article, by readability's rules.
//!
//! Those rules are not run on the page but on an outline of it: its block-level elements with their classes, and the words of
//! each block behind a mark that says which block it is. So the answer names blocks instead of being a text to be compared, and
//! what a hostile page could do to a tree (a hundred thousand elements in each other, tags that are copied into every paragraph
//! after them) is not in the outline.

use dom_smoothie::{Config, Readability};

use super::runs::Stretch;
use super::tags::{Attribute, value};
use crate::document::{Inline, escape};
use crate::language::is_hangul;

/// A block's mark is this plus its number: a plane for private use, which has room for 65,533 of them.
const FIRST_MARK: u32 = 0xF_0000;
const LAST_MARK: u32 = 0xF_FFFD;
/// Elements within elements that the outline has.
const DEEPEST: usize = 48;
/// A page of more elements or bytes has no outline: the rules take time that grows with more than its size.
const MOST_ELEMENTS: usize = 20_000;
const MOST_BYTES: usize = 4 << 20;
/// So many bytes of a paragraph are enough to see that it is one.
const ENOUGH: usize = 2000;
/// Of a class or id.
const LONGEST_VALUE: usize = 200;
/// An article of fewer characters is searched for once more with looser rules; Hangul says as much in half of them.
const SHORT_ARTICLE: usize = 250;

/// Elements that the rules ask for by name. Any other is a `div`, tables too: on old pages they are the layout.
#[rustfmt::skip]
const NAMES: &[&str] = &[
    "address", "article", "aside", "blockquote", "button", "dd", "details", "div", "dl", "dt", "fieldset", "figcaption",
    "figure", "footer", "h1", "h2", "h3", "h4", "h5", "h6", "header", "li", "main", "nav", "ol", "p", "section",
    "summary", "ul",
];
/// Elements whose words are a paragraph's, as they are.
#[rustfmt::skip]
const PARAGRAPHS: &[&str] = &[
    "address", "button", "caption", "dd", "dt", "figcaption", "h1", "h2", "h3", "h4", "h5", "h6", "legend", "li", "p",
    "summary",
];

/// A page without anything that is not needed to tell the article.
#[derive(Default)]
pub(super) struct Outline {
    html: String,
    depth: usize,
    elements: usize,
    blocks: usize,
    /// Characters of its words, and how many of them are Hangul.
    letters: usize,
    hangul: usize,
}

impl Outline {
    fn is_full(&self) -> bool {
        self.elements > MOST_ELEMENTS || self.html.len() > MOST_BYTES
    }

    /// Begins an element; gives the name it has in the outline, if it is in it.
    pub fn open(&mut self, name: &str, attributes: &[Attribute]) -> Option<&'static str> {
        if self.is_full() || self.depth >= DEEPEST || matches!(name, "html" | "head" | "body" | "title") {
            return None;
        }
        let name = NAMES.iter().find(|known| **known == name).copied().unwrap_or("div");
        (self.depth, self.elements) = (self.depth + 1, self.elements + 1);
        self.html.push('<');
        self.html.push_str(name);
        for key in ["class", "id", "role", "itemprop", "hidden", "aria-hidden"] {
            if let Some(value) = value(attributes, key) {
                self.html.push_str(&format!(" {key}=\"{}\"", quoted(value)));
            }
        }
        let style: String = value(attributes, "style").unwrap_or_default().split_whitespace().collect();
        if style.contains("display:none") || style.contains("visibility:hidden") {
            self.html.push_str(" style=\"display:none\"");
        }
        self.html.push('>');
        Some(name)
    }

    /// Ends an element that [`Outline::open`] gave; says whether there was one.
    pub fn close(&mut self, name: Option<&str>) -> bool {
        if let Some(name) = name {
            self.depth -= 1;
            self.html.push_str(&format!("</{name}>"));
        }
        name.is_some()
    }

    /// Sets a block down in the element that is open.
    pub fn block(&mut self, index: usize, element: &str, text: &str, stretch: &Stretch) {
        let mark = u32::try_from(index).ok().map(|index| FIRST_MARK + index);
        let Some(mark) = mark.filter(|mark| *mark <= LAST_MARK).and_then(char::from_u32) else { return };
        if self.is_full() || element == "title" {
            return;
        }
        self.blocks += 1;
        let alone = !PARAGRAPHS.contains(&element);
        self.html.push_str(if alone { "<p>" } else { "" });
        self.html.push(mark);
        let mut end = stretch.span.start;
        for link in &stretch.links {
            self.words(&text[end..link.start]);
            self.html.push_str("<a href=\"/\">");
            self.words(&text[link.clone()]);
            self.html.push_str("</a>");
            end = link.end;
        }
        self.words(&text[end..stretch.span.end]);
        // Stands between this block and another in the same element.
        self.html.push_str(if alone { "</p>" } else { " " });
    }

    fn words(&mut self, raw: &str) {
        let words = Inline::read(&raw[..raw.floor_char_boundary(ENOUGH)]);
        self.letters += words.text().chars().count();
        self.hangul += words.text().chars().filter(|c| is_hangul(*c)).count();
        self.html.push_str(&escape(&words.text().replace(is_mark, "")));
    }

    /// For each block whether it belongs to the article; `None` where the rules find none, or the page is beyond them.
    pub fn article(self, blocks: usize) -> Option<Vec<bool>> {
        if self.is_full() || self.blocks == 0 {
            return None;
        }
        let short = if 3 * self.hangul > self.letters { SHORT_ARTICLE / 2 } else { SHORT_ARTICLE };
        let config = Config { char_threshold: short, disable_json_ld: true, ..Config::default() };
        let page = format!("<html><body>{}</body></html>", self.html);
        let article = Readability::new(page, None, Some(config)).ok()?.parse().ok()?;
        let mut kept = vec![false; blocks];
        for mark in article.text_content.chars().filter(|c| is_mark(*c)) {
            if let Some(kept) = kept.get_mut((u32::from(mark) - FIRST_MARK) as usize) {
                *kept = true;
            }
        }
        Some(kept)
    }
}

fn is_mark(c: char) -> bool {
    (FIRST_MARK..=LAST_MARK).contains(&u32::from(c))
}

fn quoted(value: &str) -> String {
    escape(&value[..value.floor_char_boundary(LONGEST_VALUE)]).replace('"', "&quot;")
}
