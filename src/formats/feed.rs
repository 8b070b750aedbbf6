//! Feeds: RSS 0.9 to 2.0, RSS 1.0 (RDF), Atom and JSON Feed.
//!
//! A feed is taken apart into its items first, and each is read alone: one that is broken is named, and the others are read. What
//! fields mean in each kind of feed is feed-rs's to know.

use feed_rs::model::Entry;
use feed_rs::parser::Builder;
use serde_json::{Value, json};

use super::xml::{self, Tree};
use super::{Form, Format, Found, Item, Read, Unreadable, html, record};
use crate::document::{Block, Document, Inline, Kind, Span, escape};

pub(super) const FORMAT: Format = Format {
    name: "feed",
    describe: "a feed in RSS, Atom or JSON Feed",
    endings: &["rss", "atom", "rdf"],
    claims: |bytes| match xml::root(bytes) {
        Some(root) => matches!(&*root, "rss" | "RDF" | "feed"),
        None => {
            let beginning = xml::beginning(bytes);
            beginning.trim_start().starts_with('{') && beginning.contains("https://jsonfeed.org/version/")
        }
    },
    read: Read::Feed(read),
};

/// "&CounterClockwiseContourIntegral;"
const LONGEST_ENTITY: usize = 33;
/// What stands before the items of a feed is read with each of them.
const LONGEST_HEAD: usize = 256 << 10;
/// How much of a broken item is kept.
const SHOWN: usize = 200;

fn read(text: &str) -> Result<Vec<Found>, String> {
    match text.trim_start().starts_with('{') {
        true => json_feed(text),
        false => xml_feed(&xml::as_utf8(text.to_string())),
    }
}

fn json_feed(text: &str) -> Result<Vec<Found>, String> {
    let feed: Value = serde_json::from_str(text).map_err(|error| format!("is not JSON: {error}"))?;
    let items = feed.get("items").and_then(Value::as_array).ok_or("has no list of `items`")?;
    let one = |(number, item): (usize, &Value)| {
        let alone = json!({"version": "https://jsonfeed.org/version/1.1", "title": "", "items": [item]});
        found(&alone.to_string(), number, &item.to_string(), None)
    };
    Ok(items.iter().enumerate().map(one).collect())
}

fn xml_feed(text: &str) -> Result<Vec<Found>, String> {
    let root = xml::root(text.as_bytes()).unwrap_or_default();
    let name = if root == "feed" { "entry" } else { "item" };
    let places = places(text, name);
    let first = places.first().map_or(text.len(), |place| place.start);
    let (head, tail) = frame(&text[..first], &root)?;
    let one = |(number, place): (usize, Span)| {
        let raw = &text[place];
        let tag = &raw[..raw.find('>').map_or(raw.len(), |at| at + 1)];
        let about = xml::attributes(tag).find(|(name, _)| *name == "rdf:about").map(|(_, value)| &tag[value]);
        let alone = format!("{head}{}{tail}", mended(raw));
        // feed-rs takes a field that breaks off for a short one.
        match Tree::read(&alone) {
            Ok(_) => found(&alone, number, raw, about),
            // Its line in the frame is no line of the feed.
            Err(reason) => {
                Err(unreadable(number, reason.split(" (line ").next().unwrap_or_default().to_string(), raw))
            }
        }
    };
    Ok(places.into_iter().enumerate().map(one).collect())
}

/// Where the items of a feed stand. In a feed that is no XML any more, from each beginning to its end or to the next beginning.
fn places(text: &str, name: &str) -> Vec<Span> {
    if let Ok(tree) = Tree::read(text) {
        let items = tree.at(0, std::slice::from_ref(&name)).filter(|at| !tree.is_in(*at, name));
        return items.map(|at| tree.whole(at)).collect();
    }
    let (open, close) = (format!("<{name}"), format!("</{name}>"));
    let begins = |at: &usize| {
        text[at + open.len()..].starts_with(|c: char| c.is_whitespace() || matches!(c, '>' | '/'))
    };
    let starts: Vec<usize> = text.match_indices(&open).map(|(at, _)| at).filter(begins).collect();
    let ends = starts.iter().skip(1).copied().chain([text.len()]);
    let whole = |(start, end): (usize, usize)| {
        start..text[start..end].find(&close).map_or(end, |at| start + at + close.len())
    };
    starts.iter().copied().zip(ends).map(whole).collect()
}

/// What must stand around one item so that it is a feed, with the namespaces and the base of the whole.
fn frame(head: &str, root: &str) -> Result<(String, String), String> {
    if head.len() > LONGEST_HEAD {
        return Err(format!("begins with {} KB before its first item", head.len() >> 10));
    }
    let tags = || {
        let mut rest = head;
        std::iter::from_fn(move || {
            let at = rest.find('<')?;
            let end = at + rest[at..].find('>')? + 1;
            let tag = &rest[at..end];
            rest = &rest[end..];
            Some(tag)
        })
    };
    let tag = tags().find(|tag| tag[1..].starts_with(|c: char| c.is_alphabetic()));
    let tag = tag.ok_or_else(|| format!("holds nothing but the beginning of <{root}>"))?;
    if root == "feed" {
        let name = tag[1..].split(|c: char| c.is_whitespace() || c == '>').next().unwrap_or("feed");
        return Ok((tag.to_string(), format!("</{name}>")));
    }
    // All kinds of RSS as the last one: they differ in what they lack. Without its default namespace RSS 1.0 is no exception.
    let mut attributes = String::new();
    for tag in tags().filter(|tag| ["<rss", "<rdf:RDF", "<channel"].iter().any(|name| tag.starts_with(name)))
    {
        for (name, value) in xml::attributes(tag) {
            let wanted = name.starts_with("xmlns:") || name == "xml:base";
            if wanted && !attributes.contains(&format!(" {name}=")) {
                attributes += &format!(" {name}=\"{}\"", tag[value].replace('"', "&quot;"));
            }
        }
    }
    Ok((format!("<rss version=\"2.0\"{attributes}><channel>"), "</channel></rss>".to_string()))
}

/// One item out of a feed of just that item.
fn found(feed: &str, number: usize, raw: &str, about: Option<&str>) -> Found {
    let read = || {
        // A parser that failed once is of no more use. Items without a name get none: the journal knows them by their content.
        let parser = Builder::new().id_generator(|_, _, _| String::new()).sanitize_content(false).build();
        let feed = parser.parse(feed.as_bytes()).map_err(|error| error.to_string())?;
        let entry = feed.entries.into_iter().next().ok_or("is empty")?;
        item(entry, about)
    };
    read().map_err(|reason| unreadable(number, reason, raw))
}

fn unreadable(number: usize, reason: String, raw: &str) -> Unreadable {
    Unreadable { place: format!("item {}", number + 1), reason, raw: raw.chars().take(SHOWN).collect() }
}

/// A text without the characters XML forbids, and with `&` as such where it begins no entity: what is wrong most often.
fn mended(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find(SECTION) {
        let end = rest[at..].find("]]>").map_or(rest.len(), |end| at + end);
        mend(&mut out, &rest[..at]);
        // In a section every character is itself.
        out.extend(rest[at..end].chars().filter(|c| is_allowed(*c)));
        rest = &rest[end..];
    }
    mend(&mut out, rest);
    out
}

const SECTION: &str = "<![CDATA[";

fn mend(out: &mut String, text: &str) {
    for (at, c) in text.char_indices().filter(|(_, c)| is_allowed(*c)) {
        let from = at + c.len_utf8();
        let near = &text.as_bytes()[from..text.len().min(from + LONGEST_ENTITY)];
        let name = near.iter().position(|byte| *byte == b';').map_or(&near[..0], |end| &near[..end]);
        let known = name.strip_prefix(b"#").unwrap_or(name);
        match c {
            '&' if known.is_empty() || !known.iter().all(u8::is_ascii_alphanumeric) => out.push_str("&amp;"),
            c => out.push(c),
        }
    }
}

fn is_allowed(c: char) -> bool {
    !c.is_control() || matches!(c, '\t' | '\n' | '\r')
}

fn item(entry: Entry, about: Option<&str>) -> Result<Item, String> {
    let words = |text: &str| {
        let words = Inline::read(text).text().split_whitespace().collect::<Vec<_>>().join(" ");
        Some(words).filter(|words| !words.is_empty())
    };
    let title = entry.title.as_ref().and_then(|title| words(&title.content));
    let content = entry.content.and_then(|content| Some((content.body?, content.content_type)));
    let summary = entry.summary.map(|text| (text.content, text.content_type));
    // The whole text where the item has it, else what it says of it.
    let body = [content, summary].into_iter().flatten().find(|(body, _)| words(body).is_some());
    let (form, document) = match (title, body) {
        (None, None) => return Err("has neither a headline nor a text".to_string()),
        (Some(title), None) => {
            let block = Block::new(0..title.len(), Kind::Title);
            (Form::Words, Document::new(title, vec![block]))
        }
        (title, Some((body, kind))) if kind.subty() != "plain" && body.contains(['<', '&']) => {
            // Some programs escape a section instead of writing one.
            let body = body.replace(SECTION, "").replace("]]>", "");
            (Form::Html, marked_up(title, &body)?)
        }
        (title, Some((body, _))) => (Form::Words, record::titled(title, body)?),
    };
    let web = |link: &&feed_rs::model::Link| {
        link.rel.as_deref().is_none_or(|rel| rel == "alternate") && link.href.starts_with("http")
    };
    Ok(Item {
        id: Some(entry.id).filter(|id| !id.is_empty()).or_else(|| about.map(str::to_string)),
        version: None,
        link: entry.links.iter().find(web).map(|link| link.href.clone()),
        published: entry.published.or(entry.updated).map(|time| time.to_rfc3339()),
        slug: None,
        form,
        document,
    })
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
    text.strip_prefix(TITLE).and_then(|rest| rest.split_once(TITLE_END)).map_or(text, |(_, body)| body)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::formats::{Fields, items};

    fn feed(text: &str) -> Vec<Found> {
        let bytes = std::io::Cursor::new(text.as_bytes().to_vec());
        items(bytes, "a.xml", Fields::default()).unwrap().collect()
    }

    fn facts(found: &Found) -> String {
        match found {
            Ok(item) => format!(
                "{:?} {:?} {:?} | {}",
                item.id.as_deref().unwrap_or("-"),
                item.link.as_deref().unwrap_or("-"),
                item.published.as_deref().unwrap_or("-"),
                item.document.article().replace("\n\n", " / ")
            ),
            Err(unreadable) => format!("{}: {}", unreadable.place, unreadable.reason),
        }
    }

    fn all(text: &str) -> String {
        feed(text).iter().map(facts).collect::<Vec<_>>().join("\n")
    }

    #[test]
    fn rss_items_have_their_full_text_and_their_facts() {
        insta::assert_snapshot!(all(
            "<?xml version='1.0'?><rss version='2.0' xmlns:content='http://purl.org/rss/1.0/modules/content/'><channel><title>Baram</title>\
             <item><title>AT&amp;amp;T &lt;b&gt;rises&lt;/b&gt;</title><link>https://baram.example/1</link><guid isPermaLink='false'>b-1</guid>\
             <pubDate>Wed, 07 Jan 2026 10:30:00 +0900</pubDate><description>Short.</description>\
             <content:encoded><![CDATA[<p>One <b>long</b> text.</p><p>And more.</p>]]></content:encoded></item>\
             <item><title>제목만 있는 기사</title></item><item><description>Text &amp; no headline.</description></item><item/></channel></rss>"
        ), @r#"
        "b-1" "https://baram.example/1" "2026-01-07T01:30:00+00:00" | AT&T rises / One long text. / And more.
        "-" "-" "-" | 제목만 있는 기사
        "-" "-" "-" | Text & no headline.
        item 4: has neither a headline nor a text
        "#);
    }

    #[test]
    fn older_rss_and_rdf_are_read_too() {
        insta::assert_snapshot!(all(
            "<rdf:RDF xmlns:rdf='http://www.w3.org/1999/02/22-rdf-syntax-ns#' xmlns='http://purl.org/rss/1.0/' xmlns:dc='http://purl.org/dc/elements/1.1/'>\
             <channel rdf:about='x'><title>c</title></channel><item rdf:about='https://baram.example/2'><title>One</title><description>Text.</description>\
             <dc:date>2026-01-07T10:30:00+09:00</dc:date></item></rdf:RDF>"
        ), @r#""https://baram.example/2" "-" "2026-01-07T01:30:00+00:00" | One / Text."#);
        assert_eq!(
            all("<rss version='0.93'><channel><item><title>One</title></item></channel></rss>"),
            "\"-\" \"-\" \"-\" | One"
        );
        assert_eq!(
            all("<rss><channel><item><title>One</title></item></channel></rss>"),
            "\"-\" \"-\" \"-\" | One"
        );
    }

    #[test]
    fn atom_and_json_feeds_are_read_too() {
        insta::assert_snapshot!(all(
            "<feed xmlns='http://www.w3.org/2005/Atom'><title>f</title><id>f</id><updated>2026-01-07T00:00:00Z</updated><entry><id>tag:baram.example,2026:3</id>\
             <title type='html'>One &amp;amp; two</title><link rel='self' href='https://x/self'/><link href='https://baram.example/3'/>\
             <updated>2026-01-07T01:00:00Z</updated><content type='xhtml'><div xmlns='http://www.w3.org/1999/xhtml'><p>Words <em>here</em>.</p></div></content></entry></feed>"
        ), @r#""tag:baram.example,2026:3" "https://baram.example/3" "2026-01-07T01:00:00+00:00" | One & two / Words here."#);
        insta::assert_snapshot!(all(
            "{\"version\":\"https://jsonfeed.org/version/1.1\",\"title\":\"f\",\"items\":[{\"id\":\"j1\",\"url\":\"https://baram.example/4\",\"title\":\"하나\",\
             \"content_html\":\"<p>둘.</p>\",\"date_published\":\"2026-01-07T10:30:00+09:00\"},{\"id\":\"j2\",\"content_text\":\"A < B.\"},{\"id\":3}]}"
        ), @r#"
        "j1" "https://baram.example/4" "2026-01-07T01:30:00+00:00" | 하나 / 둘.
        "j2" "-" "-" | A < B.
        item 3: unable to parse JSON: invalid type: integer `3`, expected a string at line 1 column 74
        "#);
    }

    #[test]
    fn a_broken_item_does_not_take_the_others_along() {
        let text = "<rss version='2.0'><channel><item><title>One</title></item><item><title>Two</title><description>AT&T x</description></item>\
                    <item><title>Two <b></title></item>\
                    <item><title>Three</title></item><item><title>Cut off he";
        insta::assert_snapshot!(all(text), @r#"
        "-" "-" "-" | One
        "-" "-" "-" | Two / AT&T x
        item 3: is not well-formed XML: expected `</b>`, but `</title>` was found
        "-" "-" "-" | Three
        item 5: is not well-formed XML: expected `</title>`, but `</channel>` was found
        "#);
    }

    #[test]
    fn characters_of_a_section_are_themselves() {
        let found = feed(
            "<rss version='2.0'><channel><item><title>A & B</title><link><![CDATA[https://x.example/?a=1&b=2]]></link></item></channel></rss>",
        );
        let item = found[0].as_ref().unwrap();
        assert_eq!(item.link.as_deref(), Some("https://x.example/?a=1&b=2"));
        assert_eq!(item.document.title(), Some("A & B"));
    }

    #[test]
    fn entities_are_not_expanded() {
        let bomb = "<!DOCTYPE rss [<!ENTITY a 'ha'><!ENTITY b '&a;&a;&a;'>]><rss version='2.0'><channel><item><title>x &b; y</title></item></channel></rss>";
        assert_eq!(all(bomb), "\"-\" \"-\" \"-\" | x &b; y");
    }
}
