//! Element names in feeds: namespace prefixes and the known elements.
//!
//! A vocabulary is recognized by its namespace address, or by its usual prefix if undeclared.

use std::collections::{HashMap, HashSet};
use std::sync::LazyLock;

use super::super::xml;
use super::scan;

/// Known elements with their vocabulary's usual prefix; RSS has none. Elements that are not read
/// still mark the end of an unclosed field.
#[rustfmt::skip]
const KNOWN: &[&str] = &[
    "item", "title", "link", "guid", "id", "pubdate", "date", "published", "updated", "modified", "issued", "created",
    "description", "summary", "content", "abstract", "body", "fullitem", "fulltext", "author", "category", "comments", "enclosure", "source",
    "channel", "rss", "image", "textinput",
    "atom:feed", "atom:entry", "atom:title", "atom:link", "atom:id", "atom:published", "atom:updated", "atom:issued",
    "atom:modified", "atom:created", "atom:summary", "atom:content", "atom:author", "atom:category", "atom:source",
    "atom:contributor", "atom:rights",
    "dc:title", "dc:date", "dc:description", "dc:identifier", "dc:issued", "dc:created", "dc:modified", "dc:available",
    "dc:abstract", "dc:creator", "dc:subject", "dc:publisher",
    "content:encoded",
    "media:title", "media:description", "media:text", "media:group", "media:content", "media:thumbnail", "media:credit",
    "itunes:title", "itunes:summary", "itunes:subtitle", "itunes:author",
    "xhtml:body", "xhtml:div",
    "feedburner:origlink",
    "rdf:rdf",
];

/// Longest name of a known element, in bytes.
const MAX_NAME_BYTES: usize = 16;

static TABLE: LazyLock<HashSet<&str>> = LazyLock::new(|| KNOWN.iter().copied().collect());

/// Namespace addresses (lower case, without scheme and final slash) with their usual prefixes.
const VOCABULARIES: &[(&str, &str)] = &[
    ("www.w3.org/2005/atom", "atom"),
    ("purl.org/atom/ns", "atom"),
    ("purl.org/rss/1.0/modules/content", "content"),
    ("purl.org/rss/1.0", ""),
    ("purl.org/net/rss1.1", ""),
    ("my.netscape.com/rdf/simple/0.9", ""),
    ("channel.netscape.com/rdf/simple/0.9", ""),
    ("backend.userland.com/rss2", ""),
    ("blogs.law.harvard.edu/tech/rss", ""),
    ("purl.org/dc/elements/1.0", "dc"),
    ("purl.org/dc/elements/1.1", "dc"),
    ("purl.org/dc/terms", "dc"),
    ("search.yahoo.com/mrss", "media"),
    ("www.itunes.com/dtds/podcast-1.0.dtd", "itunes"),
    ("www.w3.org/1999/xhtml", "xhtml"),
    ("www.w3.org/1999/02/22-rdf-syntax-ns", "rdf"),
    ("rssnamespace.org/feedburner/ext/1.0", "feedburner"),
];

/// Prefixes that feeds use undeclared.
const USUAL: &[(&str, &str)] = &[
    ("atom", "atom"),
    ("atom10", "atom"),
    ("a10", "atom"),
    ("content", "content"),
    ("dc", "dc"),
    ("dcterms", "dc"),
    ("media", "media"),
    ("itunes", "itunes"),
    ("xhtml", "xhtml"),
    ("rdf", "rdf"),
    ("rss", ""),
    ("feedburner", "feedburner"),
];

/// Marks an unknown vocabulary.
const UNKNOWN: &str = "?";

/// The meaning of prefixes in a feed.
#[derive(Debug, Default)]
pub(super) struct ElementNames {
    /// Vocabulary of elements without a prefix.
    default: &'static str,
    /// Declared prefixes with a known vocabulary or an unusual meaning.
    declared: HashMap<String, &'static str>,
}

impl ElementNames {
    /// Names of an Atom feed; the default is RSS. The root element decides, as declared default
    /// namespaces are often wrong.
    pub fn of_atom() -> Self {
        Self { default: "atom", ..Self::default() }
    }

    /// Adds the prefixes that a tag declares. They stay valid for the rest of the feed.
    pub fn declare(&mut self, tag: &str) {
        if !tag.contains("xmlns:") {
            return;
        }
        for (name, value) in xml::attributes(tag) {
            let Some(prefix) = name.strip_prefix("xmlns:") else { continue };
            let meaning = vocabulary(&tag[value]);
            if meaning != UNKNOWN || USUAL.iter().any(|(usual, _)| *usual == prefix) {
                self.declared.insert(prefix.to_string(), meaning);
            }
        }
    }

    /// The known element of a start or end tag.
    pub fn element(&self, tag: &str) -> Option<&'static str> {
        let (vocabulary, local) = self.split(tag);
        if vocabulary == UNKNOWN || local.len() > MAX_NAME_BYTES {
            return None;
        }
        let local = local.to_ascii_lowercase();
        match vocabulary {
            "" => TABLE.get(local.as_str()).copied(),
            _ => TABLE.get(format!("{vocabulary}:{local}").as_str()).copied(),
        }
    }

    /// The name of a tag, without XHTML's prefix.
    pub fn html<'t>(&self, tag: &'t str) -> &'t str {
        match self.split(tag) {
            ("xhtml", local) => local,
            _ => scan::name(tag),
        }
    }

    fn split<'t>(&self, tag: &'t str) -> (&'static str, &'t str) {
        let name = scan::name(tag);
        if let Some((prefix, local)) = name.split_once(':') {
            let usual = || USUAL.iter().find(|(usual, _)| usual.eq_ignore_ascii_case(prefix));
            let declared = self.declared.get(prefix).copied();
            return (declared.or_else(|| Some(usual()?.1)).unwrap_or(UNKNOWN), local);
        }
        let own = || {
            xml::attributes(tag).find(|(name, _)| *name == "xmlns").map(|(_, value)| &tag[value])
        };
        let own = if tag.contains("xmlns") { own().map(vocabulary) } else { None };
        (own.filter(|own| !matches!(*own, UNKNOWN | "")).unwrap_or(self.default), name)
    }
}

fn vocabulary(address: &str) -> &'static str {
    let address = address.trim().to_ascii_lowercase();
    let address = address.trim_start_matches("https://").trim_start_matches("http://");
    let address = address.trim_end_matches(['/', '#']);
    VOCABULARIES.iter().find(|(known, _)| *known == address).map_or(UNKNOWN, |(_, prefix)| prefix)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn prefixes_mean_what_they_are_declared_to_mean() {
        let mut names = ElementNames::default();
        names.declare(
            "<rss xmlns:m='http://search.yahoo.com/mrss/' xmlns:dc='http://haemin.example/ours'>",
        );
        assert_eq!(names.element("<m:Description>"), Some("media:description"));
        assert_eq!(names.element("</m:group>"), Some("media:group"));
        assert_eq!(names.element("<dc:date>"), None);
        assert_eq!(names.element("<content:encoded>"), Some("content:encoded"));
        assert_eq!(names.element("<pubDate>"), Some("pubdate"));
        assert_eq!(
            names.element("<title xmlns='http://www.w3.org/2005/Atom'>"),
            Some("atom:title")
        );
        assert_eq!(names.element("<x:title>"), None);
        assert_eq!(ElementNames::of_atom().element("<entry>"), Some("atom:entry"));
    }
}
