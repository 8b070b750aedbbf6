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
