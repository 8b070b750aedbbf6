//! Feeds: RSS 0.9 to 2.0, RSS 1.0 (RDF), Atom 0.3 and 1.0, JSON Feed.
//!
//! Items are split first and read one at a time, so that a broken item does not affect others.
//!
//! This is not a job for `feed-rs`: many feeds are not well-formed XML, for which it loses a field,
//! an item or the whole feed; it also converts dates to UTC and drops unknown links and types.

mod article;
mod bytes;
mod item;
mod json;
mod link;
mod markup;
mod names;
mod scan;
mod xml_items;

use std::io::{BufRead, Read as _};

pub(crate) use self::article::without_title;
use self::json::JsonFeedItems;
use self::xml_items::{ROOTS, XmlFeedItems};
use super::{Fields, Format, ItemStream, MAX_BYTES, Reader, xml};
use crate::error::InputFault;

pub(super) const FORMAT: Format = Format {
    name: "feed",
    describe: "a feed in RSS, Atom or JSON Feed",
    extensions: &["rss", "atom", "rdf"],
    title: "RSS 0.9 to 2.0, RDF, Atom, JSON Feed",
    written: "one RSS 2.0 feed",
    kept: "ids, links and dates of the items",
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

/// Namespaces of Atom, which identify a document with a single `entry` as its root.
const ATOM: &[&str] = &["http://www.w3.org/2005/Atom", "http://purl.org/atom/ns#"];

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
    let is_blank = |c: char| c.is_whitespace() || c == '\u{feff}';
    match text.trim_start_matches(is_blank) {
        "" => Err(InputFault::Empty),
        json if json.starts_with('{') => Ok(Box::new(JsonFeedItems::find(text)?)),
        _ => {
            let items = XmlFeedItems::new(text, replaced);
            if items.has_root {
                Ok(Box::new(items))
            } else {
                Err("has no root element of a feed".to_string().into())
            }
        }
    }
}

#[cfg(test)]
mod tests;
