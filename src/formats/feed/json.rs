//! JSON Feed: <https://www.jsonfeed.org/version/1.1/>. Items are split by their brackets and parsed
//! one at a time: memory stays near the text's size, and a truncated feed yields its complete
//! items.

use std::fmt;

use serde::Deserialize;
use serde::de::{Deserializer, IgnoredAny, MapAccess, SeqAccess, Visitor};
use url::Url;

use super::super::{Item, ItemResult};
use super::article::{FieldContent, article, unreadable};
use super::{link, markup};
use crate::document::Span;
use crate::formats::dates;

/// The items of a JSON Feed.
#[derive(Debug)]
pub(super) struct JsonFeedItems {
    text: String,
    at: usize,
    number: usize,
    base: Option<Url>,
}

impl JsonFeedItems {
    /// Finds the list of items.
    pub fn find(text: String) -> Result<Self, String> {
        let mut at = text.find('{').map_or(0, |at| at + 1);
        let mut base = None;
        let broken = |at: usize| format!("is not JSON (byte {at})");
        loop {
            at = skip_space(&text, at, true);
            if text[at..].starts_with('}') || at == text.len() {
                return Err("has no list of `items`".to_string());
            }
            let key = value(&text, at).ok_or_else(|| broken(at))?;
            at = skip_space(&text, key.end, false);
            if !text[at..].starts_with(':') {
                return Err(broken(at));
            }
            at = skip_space(&text, at + 1, false);
            match &text[key] {
                "\"items\"" if text[at..].starts_with('[') => {
                    return Ok(Self { text, at: at + 1, number: 0, base });
                }
                "\"items\"" => return Err("has no list of `items`".to_string()),
                key => {
                    let value = value(&text, at).ok_or_else(|| broken(at))?;
                    at = value.end;
                    if key == "\"home_page_url\"" {
                        let page = serde_json::from_str::<Scalar>(&text[value])
                            .ok()
                            .and_then(|page| page.0);
                        base = page.and_then(|page| Url::parse(page.trim()).ok());
                    }
                }
            }
        }
    }
}

impl Iterator for JsonFeedItems {
    type Item = ItemResult;

    fn next(&mut self) -> Option<ItemResult> {
        let at = skip_space(&self.text, self.at, true);
        let number = self.number;
        self.number += 1;
        if at == self.text.len() {
            // The missing end is reported once.
            let whole = self.at == usize::MAX || self.at > self.text.len();
            self.at = usize::MAX;
            return (!whole)
                .then(|| Err(unreadable(number, "breaks off before the list's end".into(), "")));
        }
        if self.text[at..].starts_with(']') {
            self.at = usize::MAX;
            return None;
        }
        let Some(span) = value(&self.text, at) else {
            let reason = "breaks off in the middle".to_string();
            let found = Err(unreadable(number, reason, &self.text[at..]));
            self.at = usize::MAX;
            return Some(found);
        };
        self.at = span.end;
        let raw = &self.text[span];
        Some(item(raw, self.base.as_ref()).map_err(|reason| unreadable(number, reason, raw)))
    }
}

/// Position after white space (and commas, if asked); the text's length at its end.
fn skip_space(text: &str, at: usize, commas: bool) -> usize {
    let rest = text.get(at..).unwrap_or_default();
    let skipped = |c: char| matches!(c, ' ' | '\t' | '\n' | '\r') || (commas && c == ',');
    text.len() - rest.trim_start_matches(skipped).len()
}

/// Span of the value at `start`; `None` if the text ends first.
fn value(text: &str, start: usize) -> Option<Span> {
    let bytes = text.as_bytes();
    let (mut depth, mut quoted, mut at) = (0usize, false, start);
    while at < bytes.len() {
        match bytes[at] {
            b'\\' if quoted => at += 1,
            b'"' => {
                quoted = !quoted;
                if !quoted && depth == 0 {
                    return Some(start..at + 1);
                }
            }
            b'{' | b'[' if !quoted => depth += 1,
            b'}' | b']' if !quoted => {
                depth = depth.saturating_sub(1);
                if depth == 0 {
                    return Some(start..at + 1);
                }
            }
            // The end of a number or literal.
            _ if !quoted && depth == 0 => {
                let after = &bytes[at..];
                let length = after
                    .iter()
                    .position(|b| matches!(b, b',' | b']' | b'}' | b' ' | b'\n' | b'\r' | b'\t'))?;
                return Some(start..at + length.max(1));
            }
            _ => {}
        }
        at += 1;
    }
    None
}

#[derive(Deserialize, Default)]
#[serde(default, expecting = "an object")]
struct JsonFeedEntry {
    id: Scalar,
    url: Scalar,
    external_url: Scalar,
    title: Scalar,
    content_html: Scalar,
    content_text: Scalar,
    summary: Scalar,
    date_published: Scalar,
    date_modified: Scalar,
}

fn item(raw: &str, base: Option<&Url>) -> Result<Item, String> {
    let entry: JsonFeedEntry = serde_json::from_str(raw).map_err(|error| error.to_string())?;
    let title = entry.title.0.map(|title| {
        if markup::has_elements(&title) {
            markup::words(&title)
        } else {
            markup::words(&title.replace('<', "&lt;"))
        }
    });
    let marked = entry.content_html.0.map(|text| FieldContent { text, html: true });
    let plain = [entry.content_text.0, entry.summary.0].into_iter().flatten();
    let plain = plain.map(|text| FieldContent { html: markup::has_elements(&text), text });
    let mut item =
        article(title.filter(|title| !title.is_empty()), marked.into_iter().chain(plain))?;
    item.id = entry.id.0.filter(|id| !id.trim().is_empty());
    item.link = [entry.url.0, entry.external_url.0]
        .iter()
        .flatten()
        .find_map(|url| link::resolve(url, base));
    let dates: Vec<String> =
        [entry.date_published.0, entry.date_modified.0].into_iter().flatten().collect();
    let understood = dates.iter().find(|date| dates::read(date).is_some());
    item.published = understood.or(dates.first()).cloned();
    Ok(item)
}

/// A string, or a number as a string (ids are numbers in many feeds); other types count as missing.
#[derive(Default)]
struct Scalar(Option<String>);

impl<'de> Deserialize<'de> for Scalar {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(ScalarVisitor)
    }
}

struct ScalarVisitor;

impl<'de> Visitor<'de> for ScalarVisitor {
    type Value = Scalar;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("a value")
    }

    fn visit_str<E>(self, text: &str) -> Result<Scalar, E> {
        Ok(Scalar(Some(text.to_string())))
    }

    fn visit_u64<E>(self, number: u64) -> Result<Scalar, E> {
        Ok(Scalar(Some(number.to_string())))
    }

    fn visit_i64<E>(self, number: i64) -> Result<Scalar, E> {
        Ok(Scalar(Some(number.to_string())))
    }

    fn visit_f64<E>(self, number: f64) -> Result<Scalar, E> {
        Ok(Scalar(Some(number.to_string())))
    }

    fn visit_bool<E>(self, _: bool) -> Result<Scalar, E> {
        Ok(Scalar(None))
    }

    fn visit_unit<E>(self) -> Result<Scalar, E> {
        Ok(Scalar(None))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Scalar, A::Error> {
        while list.next_element::<IgnoredAny>()?.is_some() {}
        Ok(Scalar(None))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Scalar, A::Error> {
        while map.next_entry::<IgnoredAny, IgnoredAny>()?.is_some() {}
        Ok(Scalar(None))
    }
}
