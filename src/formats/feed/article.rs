//! Makes an article of the fields of a feed's item, for all kinds of feeds.

use super::markup;
use super::scan::SECTION;
use crate::document::{Block, BlockKind, Document, escape, unescape};
use crate::formats::{Form, Item, Unreadable, html, record};

/// Error for an item without text.
const EMPTY: &str = "has neither a headline nor a text";
/// Length of a broken item's beginning in reports, in characters.
const EXCERPT_CHARS: usize = 200;

pub(super) fn unreadable(number: usize, reason: String, raw: &str) -> Unreadable {
    Unreadable {
        place: format!("item {}", number + 1),
        reason,
        raw: raw.chars().take(EXCERPT_CHARS).collect(),
    }
}

/// The content of a field.
pub(super) struct FieldContent {
    pub text: String,
    /// True if `text` is HTML.
    pub html: bool,
}

/// An article from a plain headline and the first body that says more than it.
pub(super) fn article(
    title: Option<String>,
    mut bodies: impl Iterator<Item = FieldContent>,
) -> Result<Item, String> {
    let mut repeated = None;
    let said = bodies.find_map(|FieldContent { text, html }| {
        let text = if html { markup::without_hidden(&unescaped_once(text)) } else { text };
        let words = if html { markup::words(&text) } else { text.trim().to_string() };
        let body = words.contains(char::is_alphanumeric).then_some(FieldContent { text, html });
        if title.as_ref().is_some_and(|title| *title == words) {
            repeated = repeated.take().or(body);
            return None;
        }
        body
    });
    let body = said.or(repeated);
    let (form, document) = match (title, body) {
        (None, None) => return Err(EMPTY.to_string()),
        (Some(title), None) => {
            let block = Block::new(0..title.len(), BlockKind::Title);
            (Form::Words, Document::new(title, vec![block]))
        }
        (title, Some(FieldContent { text, html: true })) => {
            (Form::Html, html_with_headline(title, &text)?)
        }
        (title, Some(FieldContent { text, .. })) => {
            (Form::Words, record::with_headline(title, text.trim().to_string())?)
        }
    };
    // HTML may hold nothing but a drawing.
    match document.article().trim() {
        "" => Err(EMPTY.to_string()),
        _ => Ok(Item { form, ..Item::from(document) }),
    }
}

/// Undoes double escaping of HTML and removes the markers of an escaped CDATA section.
fn unescaped_once(html: String) -> String {
    let html =
        if html.contains(SECTION) { html.replace(SECTION, "").replace("]]>", "") } else { html };
    let twice = html.contains("&lt;/") && !markup::has_tags(&html);
    if twice && markup::has_elements(&unescape(&html)) {
        unescape(&html).into_owned()
    } else {
        html
    }
}

/// Puts a headline before an HTML body.
fn html_with_headline(title: Option<String>, body: &str) -> Result<Document, String> {
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

/// The HTML of a feed's item without the headline put before it.
pub(crate) fn without_title(text: &str) -> &str {
    text.strip_prefix(TITLE)
        .and_then(|rest| rest.split_once(TITLE_END))
        .map_or(text, |(_, body)| body)
}
