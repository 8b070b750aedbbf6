//! From the fields of an item to an article, for every kind of feed.

use super::markup;
use super::scan::SECTION;
use crate::document::{Block, Document, Kind, escape, unescape};
use crate::formats::{Form, Item, Unreadable, html, record};

/// An item without words.
const EMPTY: &str = "has neither a headline nor a text";
/// How much of a broken item is kept.
const SHOWN: usize = 200;

pub(super) fn unreadable(number: usize, reason: String, raw: &str) -> Unreadable {
    Unreadable {
        place: format!("item {}", number + 1),
        reason,
        raw: raw.chars().take(SHOWN).collect(),
    }
}

/// What a field holds.
pub(super) struct FieldContent {
    pub text: String,
    /// Whether it is HTML.
    pub html: bool,
}

/// An article of a plain headline and the first body that has words.
pub(super) fn article(
    title: Option<String>,
    mut bodies: impl Iterator<Item = FieldContent>,
) -> Result<Item, String> {
    let body = bodies.find_map(|FieldContent { text, html }| {
        let text = match html {
            true => markup::shown(&whole(text)),
            false => text,
        };
        let words = if html { markup::words(&text) } else { text.trim().to_string() };
        words.contains(char::is_alphanumeric).then_some(FieldContent { text, html })
    });
    let (form, document) = match (title, body) {
        (None, None) => return Err(EMPTY.to_string()),
        (Some(title), None) => {
            let block = Block::new(0..title.len(), Kind::Title);
            (Form::Words, Document::new(title, vec![block]))
        }
        (title, Some(FieldContent { text, html: true })) => (Form::Html, marked_up(title, &text)?),
        (title, Some(FieldContent { text, .. })) => {
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
