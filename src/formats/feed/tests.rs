use crate::formats::{Fields, ItemResult, items};

fn feed(text: &str) -> Vec<ItemResult> {
    let bytes = std::io::Cursor::new(text.as_bytes().to_vec());
    items(bytes, "a.rss", Fields::default()).unwrap().collect()
}

fn facts(found: &ItemResult) -> String {
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
fn rss_items_have_their_full_text_and_metadata() {
    insta::assert_snapshot!(all(
        "<?xml version='1.0'?><rss version='2.0' xmlns:content='http://purl.org/rss/1.0/modules/content/'><channel><title>Baram</title>\
         <item><title>AT&amp;amp;T &lt;b&gt;rises&lt;/b&gt;</title><link>https://baram.example/1</link><guid isPermaLink='false'>b-1</guid>\
         <pubDate>Wed, 07 Jan 2026 10:30:00 +0900</pubDate><description>Short.</description>\
         <content:encoded><![CDATA[<p>One <b>long</b> text.</p><p>And more.</p>]]></content:encoded></item>\
         <item><title>제목만 있는 기사</title></item><item><description>Text &amp; no headline.</description></item><item/></channel></rss>"
    ), @r#"
    "b-1" "https://baram.example/1" "Wed, 07 Jan 2026 10:30:00 +0900" | AT&T rises / One long text. / And more.
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
    ), @r#""https://baram.example/2" "https://baram.example/2" "2026-01-07T10:30:00+09:00" | One / Text."#);
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
    ), @r#""tag:baram.example,2026:3" "https://baram.example/3" "2026-01-07T01:00:00Z" | One & two / Words here."#);
    insta::assert_snapshot!(all(
        "{\"version\":\"https://jsonfeed.org/version/1.1\",\"title\":\"f\",\"items\":[{\"id\":\"j1\",\"url\":\"https://baram.example/4\",\"title\":\"하나\",\
         \"content_html\":\"<p>둘.</p>\",\"date_published\":\"2026-01-07T10:30:00+09:00\"},{\"id\":\"j2\",\"content_text\":\"A < B.\"},{\"id\":3}]}"
    ), @r#"
    "j1" "https://baram.example/4" "2026-01-07T10:30:00+09:00" | 하나 / 둘.
    "j2" "-" "-" | A < B.
    item 3: has neither a headline nor a text
    "#);
}

#[test]
fn a_broken_item_does_not_affect_the_others() {
    let text = "<rss version='2.0'><channel><item><title>One</title></item><item><title>Two</title><description>AT&T x</description></item>\
                <item><title>Two <b></title></item><item><title>Mistyped</titel><link>https://haemin.example/2</link></item>\
                <item><title>Three</title><item><title>Four</title><description><![CDATA[<p>No end</description></item>\
                <item><title>Five</title><description><![CDATA[An end.]]></description></item><item><title>Cut off he";
    insta::assert_snapshot!(all(text), @r#"
    "-" "-" "-" | One
    "-" "-" "-" | Two / AT&T x
    "-" "-" "-" | Two
    "-" "https://haemin.example/2" "-" | Mistyped
    "-" "-" "-" | Three
    "-" "-" "-" | Four / No end
    "-" "-" "-" | Five / An end.
    item 8: breaks off before its end
    "#);
    let notes = feed(text)
        .into_iter()
        .map(|found| found.map(|item| item.notes.join("; ")).unwrap_or_default());
    assert_eq!(
        notes.collect::<Vec<_>>(),
        [
            "",
            "",
            "",
            "the feed never closes the item's <title>",
            "",
            "the feed never closes the item's <description>",
            "",
            ""
        ]
    );
}

fn rss(item: &str) -> String {
    format!(
        "<rss version='2.0' xmlns:media='http://search.yahoo.com/mrss/'><channel><title>Haemin</title>\
         <link>https://haemin.example/</link><item>{item}</item></channel></rss>"
    )
}

#[test]
fn markup_in_fields_is_read_escaped_or_not() {
    let drawing = rss("<description><![CDATA[<svg><text>x</text></svg>]]></description>");
    assert_eq!(all(&drawing), "item 1: has neither a headline nor a text");
    for (item, article) in [
        ("<title>3 < 5 ferries</title>", "3 < 5 ferries"),
        (
            "<title>A <b>bold</title><description>Rain<br>wind<p>fog</description>",
            "A bold / Rain wind / fog",
        ),
        ("<title>A<i/>B</title><description><p/>One.<div/>Two.</description>", "AB / One. / Two."),
        ("<description>One <description>two</description></description>", "One two"),
        ("<description>&lt;p&gt;One &amp;amp; two&lt;/p&gt;</description>", "One & two"),
        ("<description><![CDATA[&lt;p&gt;One.&lt;/p&gt;]]></description>", "One."),
        ("<description>One.\n\nTwo.</description>", "One. / Two."),
        ("<description>A &amp; B &lt; C</description>", "A & B < C"),
        ("<description><![CDATA[<p>One.</p>]]><p>Two.</p></description>", "One. / Two."),
        (
            "<title>정부 <항만> 계획</title><description>&lt;속보&gt; 항만이 열렸다.</description>",
            "정부 <항만> 계획 / <속보> 항만이 열렸다.",
        ),
        (
            "<title>&lt;AD&gt; fair</title><description><![CDATA[<p><AD> One.</p>]]></description>",
            "<AD> fair / <AD> One.",
        ),
        ("<title>caf&eacute;&nbsp;x</title>", "café x"),
        ("<title type='html'>One</title><title>Two</title>", "One"),
        (
            "<description><script>x()</script></description><media:description>Words.</media:description>",
            "Words.",
        ),
        ("<title>One</title><image><title>Two</title></image>", "One"),
        ("<content:encoded>...</content:encoded><description>Words.</description>", "Words."),
    ] {
        let said = all(&rss(item));
        assert_eq!(said.split(" | ").nth(1), Some(article), "{item}: {said}");
    }
}

#[test]
fn item_texts_are_found_in_many_elements() {
    for (item, text) in [
        ("<media:description>Words.</media:description>", "Words."),
        (
            "<media:group><media:content url='v'><media:description>Words.</media:description></media:content></media:group>",
            "Words.",
        ),
        (
            "<m:group xmlns:m='http://search.yahoo.com/mrss/'><m:description>Words.</m:description></m:group>",
            "Words.",
        ),
        ("<itunes:summary>Words.</itunes:summary>", "Words."),
        ("<dc:description>Words.</dc:description>", "Words."),
        ("<body xmlns='http://www.w3.org/1999/xhtml'><p>Words.</p></body>", "Words."),
        ("<content>Words.</content>", "Words."),
        ("<atom:summary>Words.</atom:summary>", "Words."),
        ("<description> </description><content:encoded/><summary>Words.</summary>", "Words."),
        ("<description>Short.</description><content:encoded>Words.</content:encoded>", "Words."),
    ] {
        let said = all(&rss(item));
        assert_eq!(said.split(" | ").nth(1), Some(text), "{item}: {said}");
    }
}

#[test]
fn contents_of_atom_are_of_many_types() {
    for (element, text) in [
        ("<content type='text/plain'>A &lt; B</content>", "A < B"),
        ("<content type='HTML'>&lt;p>A&lt;/p></content>", "A"),
        ("<content type=' Html '>&lt;p>A&lt;/p></content>", "A"),
        ("<content>&lt;p>A&lt;/p></content>", "A"),
        ("<content type=''>A</content>", "A"),
        (
            "<content type='xhtml'><x:div xmlns:x='http://www.w3.org/1999/xhtml'><x:p>A</x:p><x:script src='a'/><x:p>B</x:p></x:div></content>",
            "A / B",
        ),
        (
            "<content type='application/xhtml+xml' mode='xml'><div xmlns='http://www.w3.org/1999/xhtml'>A</div></content>",
            "A",
        ),
        ("<content type='text/html' mode='escaped'>&lt;b>A&lt;/b></content>", "A"),
        ("<content type='application/xml'><doc><para>A</para></doc></content>", "A"),
        ("<content type='image/png'>iVBORw0KGgo=</content><summary>A</summary>", "A"),
        ("<content mode='base64' type='text/plain'>QQ==</content><summary>A</summary>", "A"),
        ("<content src='https://x.example/'/><summary>A</summary>", "A"),
        ("<summary type='text'>A &lt;b> c</summary>", "A <b> c"),
        ("<summary>A &amp;amp; B</summary>", "A & B"),
        ("<title mode='base64'>QQ==</title><summary>A</summary>", "A"),
        (
            "<content type='xhtml'><p>A</p><svg><rdf:RDF>x</rdf:RDF></svg><p>B</p></content>",
            "A / B",
        ),
    ] {
        for version in ["http://www.w3.org/2005/Atom", "http://purl.org/atom/ns#"] {
            let said = all(&format!("<feed xmlns='{version}'><entry>{element}</entry></feed>"));
            assert_eq!(said.split(" | ").nth(1), Some(text), "{element}: {said}");
        }
    }
}

#[test]
fn feeds_are_recognized_below_comments_and_as_a_single_entry() {
    let feed = |text: String| {
        let bytes = std::io::Cursor::new(text.into_bytes());
        items(bytes, "standard input", Fields::default())
            .unwrap()
            .map(|found| facts(&found))
            .collect::<Vec<_>>()
    };
    let comment =
        format!("<?xml version='1.0'?>\n<!--\n{}-->\n", "Some rights reserved.\n".repeat(500));
    for text in [
        format!("{comment}{}", rss("<title>One</title>")),
        "<entry xmlns='http://www.w3.org/2005/Atom'><title>One</title></entry>".to_string(),
        "<RSS><CHANNEL><ITEM><TITLE>One</TITLE></ITEM></CHANNEL></RSS>".to_string(),
    ] {
        assert_eq!(feed(text), ["\"-\" \"-\" \"-\" | One"]);
    }
    let warned = "<br />\n<b>Warning</b>: x <feed xmlns='http://www.w3.org/2005/Atom'><entry><title>One</title></entry></feed>";
    assert_eq!(all(warned), "\"-\" \"-\" \"-\" | One");
}

#[test]
fn links_are_found_and_resolved() {
    for (item, link) in [
        ("<link>/1</link>", "https://haemin.example/1"),
        (
            "<link> \n <![CDATA[ https://haemin.example/1?a=1&b=2 ]]>\n</link>",
            "https://haemin.example/1?a=1&b=2",
        ),
        ("<link/><guid>https://haemin.example/1</guid>", "https://haemin.example/1"),
        ("<guid isPermaLink='FALSE'>https://haemin.example/1</guid>", "-"),
        ("<guid>b:1</guid>", "-"),
        ("<atom:link href='https://haemin.example/1'/>", "https://haemin.example/1"),
        (
            "<atom:link rel='self' href='https://haemin.example/s'/><a10:link rel='alternate' href='/1'/>",
            "https://haemin.example/1",
        ),
        ("<link href='https://haemin.example/1'>", "https://haemin.example/1"),
        (
            "<feedburner:origLink>https://haemin.example/1</feedburner:origLink>",
            "https://haemin.example/1",
        ),
        ("<dc:identifier>https://haemin.example/1</dc:identifier>", "https://haemin.example/1"),
        ("<link xml:base='https://b.example/x/'>1</link>", "https://b.example/x/1"),
        (
            "<link>javascript:alert(1)</link><guid>https://haemin.example/1</guid>",
            "https://haemin.example/1",
        ),
        ("<source><link>https://other.example/</link></source>", "-"),
    ] {
        let said = all(&rss(&format!("<title>One</title>{item}")));
        assert_eq!(said.split('"').nth(3), Some(link), "{item}: {said}");
    }
    let atom = "<feed xml:base='https://haemin.example/a/'><entry xml:base='b/'><title>A</title><link rel='http://www.iana.org/assignments/relation/alternate' href='1'/></entry></feed>";
    assert!(all(atom).contains("\"https://haemin.example/a/b/1\""), "{}", all(atom));
    let id = "<feed><entry><id>https://haemin.example/1</id><title>A</title></entry></feed>";
    assert!(
        all(id).starts_with("\"https://haemin.example/1\" \"https://haemin.example/1\""),
        "{}",
        all(id)
    );
    assert!(all("<a:feed xmlns:a='http://www.w3.org/2005/Atom'><a:entry><a:title>A</a:title><a:link href='//h.example/1'/></a:entry></a:feed>").contains("\"https://h.example/1\""));
}

#[test]
fn the_first_date_that_can_be_parsed_is_used() {
    for (item, date) in [
        ("<pubDate>\n 수, 07 1월 2026 22:30:00 +0900 </pubDate>", "수, 07 1월 2026 22:30:00 +0900"),
        ("<pubDate>어제</pubDate><dc:date>2026-01-07</dc:date>", "2026-01-07"),
        ("<pubDate>어제</pubDate>", "어제"),
        (
            "<PUBDATE/><dcterms:issued>2026-01-07T22:30+09:00</dcterms:issued>",
            "2026-01-07T22:30+09:00",
        ),
        (
            "<atom:updated>2026-01-08</atom:updated><pubDate>2026년 1월 7일 오후 5시</pubDate>",
            "2026년 1월 7일 오후 5시",
        ),
    ] {
        let said = all(&rss(&format!("<title>One</title>{item}")));
        assert_eq!(said.split('"').nth(5), Some(date), "{item}: {said}");
    }
}

#[test]
fn json_feeds_are_read_up_to_the_damage() {
    let whole = "{\"version\":\"https:\\/\\/jsonfeed.org\\/version\\/1.1\",\"home_page_url\":\"https://haemin.example/\",\"items\":[\
                 {\"id\":12,\"url\":\"/12\",\"content_text\":\"A < B\"},{\"id\":1.5,\"content_html\":\"<p hidden>x</p><p>One.</p>\"},\
                 {\"id\":null,\"title\":\"<속보> [A]\\\"}\",\"tags\":[{}]},7,{\"id\":{},\"title\":[\"x\"],\"summary\":\"Short.\"},\
                 {\"id\":\"x\",\"content_text\":\"Cut h";
    insta::assert_snapshot!(all(whole), @r#"
    "12" "https://haemin.example/12" "-" | A < B
    "1.5" "-" "-" | One.
    "-" "-" "-" | <속보> [A]"}
    item 4: invalid type: integer `7`, expected an object at line 1 column 1
    "-" "-" "-" | Short.
    item 6: breaks off in the middle
    "#);
    let cut = "{\"version\":\"https://jsonfeed.org/version/1\",\"items\":[{\"title\":\"One\"},";
    assert_eq!(all(cut), "\"-\" \"-\" \"-\" | One\nitem 2: breaks off before the list's end");
    let refused = |text: &str| match items(
        std::io::Cursor::new(text.as_bytes().to_vec()),
        "a.json",
        Fields::default(),
    ) {
        Ok(_) => String::new(),
        Err(error) => error.to_string(),
    };
    assert_eq!(
        refused("{\"version\":\"https://jsonfeed.org/version/1\"}"),
        "a.json has no list of `items`"
    );
    assert_eq!(
        refused("{\"version\":\"https://jsonfeed.org/version/1\",\"items\":7}"),
        "a.json has no list of `items`"
    );
}

/// Feeds of many tiny items, read one at a time: memory follows the text's length.
#[test]
fn reading_takes_memory_in_proportion_to_length() {
    let json = format!(
        "{{\"version\":\"https://jsonfeed.org/version/1\",\"items\":[{}]}}",
        ["{}"].repeat(1 << 17).join(",")
    );
    let xml = format!("<rss version='2.0'><channel>{}</channel></rss>", "<item/>".repeat(1 << 16));
    for (name, text) in [("a.json", json), ("a.rss", xml)] {
        let length = text.len() as u64;
        let bytes = std::io::Cursor::new(text.into_bytes());
        let mut count = 0;
        let used = allocation_counter::measure(|| {
            count = items(bytes, name, Fields::default()).unwrap().count();
        });
        assert!(count >= 1 << 16, "{name}: {count}");
        assert!(used.bytes_max < 8 * length, "{name}: {} bytes for {length}", used.bytes_max);
    }
}

/// Feeds of one adversarial shape: four times the length may take at most eight times as long.
#[test]
fn reading_takes_time_in_proportion_to_length() {
    let json = |items: &str| {
        format!("{{\"version\":\"https://jsonfeed.org/version/1\",\"items\":[{items}]}}")
    };
    let around = |head: &str, items: &str| {
        format!("<rss version='2.0'{head}><channel>{items}</channel></rss>")
    };
    let names = |count: usize| (0..count).map(|n| format!(" xmlns:n{n}='u'")).collect::<String>();
    type Make<'m> = &'m dyn Fn(usize) -> String;
    let kinds: &[(&str, Make<'_>)] = &[
        ("items", &|n| around("", &"<item><title>a</title></item>".repeat(n / 30))),
        ("empty items", &|n| around("", &"<item/>".repeat(n / 7))),
        ("a long head", &|n| around(&names(n / 32), &"<item/>".repeat(n / 14))),
        ("channel links", &|n| around("", &"<link>".repeat(n / 6))),
        ("elements", &|n| rss(&"<a/>".repeat(n / 4))),
        ("elements without an end", &|n| rss(&"<b>".repeat(n / 3))),
        ("titles without an end", &|n| rss(&"<title>".repeat(n / 7))),
        ("ends without a beginning", &|n| rss(&format!("<title>{}", "</x>".repeat(n / 4)))),
        ("deep nesting", &|n| {
            rss(&format!(
                "<description>{}x{}</description>",
                "<d>".repeat(n / 7),
                "</d>".repeat(n / 7)
            ))
        }),
        ("groups in groups", &|n| {
            rss(&format!("{}x{}", "<media:group>".repeat(n / 27), "</media:group>".repeat(n / 27)))
        }),
        ("attributes", &|n| rss(&format!("<title{}>x</title>", " a='1'".repeat(n / 6)))),
        ("namespaces of elements", &|n| rss(&format!("<x{}/>", names(n / 16)).repeat(2))),
        ("brackets", &|n| rss(&"<".repeat(n))),
        ("open quotes", &|n| rss(&"<a b='".repeat(n / 6))),
        ("comments", &|n| rss(&"<!--".repeat(n / 4))),
        ("sections", &|n| {
            around("", &"<item><description><![CDATA[x</description></item>".repeat(n / 50))
        }),
        ("sections in sections", &|n| rss(&format!("<title>{}", "<![CDATA[".repeat(n / 9)))),
        ("declarations", &|n| rss(&"<!a [".repeat(n / 5))),
        ("instructions", &|n| rss(&"<?a ".repeat(n / 4))),
        ("ampersands", &|n| rss(&format!("<title>{}</title>", "&amp".repeat(n / 4)))),
        ("hidden elements", &|n| {
            rss(&format!("<title>a<![CDATA[{}]]></title>", "<p hidden>".repeat(n / 10)))
        }),
        ("bracketed words", &|n| {
            rss(&format!("<title><![CDATA[{}]]></title>", "<AD x y>".repeat(n / 8)))
        }),
        ("json items", &|n| json(&["{}"].repeat(n / 3).join(","))),
        ("json nesting", &|n| json(&format!("{}{}", "[".repeat(n / 2), "]".repeat(n / 2)))),
        ("json quotes", &|n| json(&"\"".repeat(n))),
    ];
    let seconds = |text: String| {
        let began = std::time::Instant::now();
        let bytes = std::io::Cursor::new(text.into_bytes());
        let count = items(bytes, "a.rss", Fields::default()).map_or(0, Iterator::count);
        (began.elapsed().as_secs_f64(), count)
    };
    for (name, make) in kinds {
        // Ignores the fixed cost of a call and noise of the machine.
        let ratio = |small: usize| {
            let (short, _) = seconds(make(small));
            let (long, _) = seconds(make(4 * small));
            long / short.max(5e-3)
        };
        let found = (0..5).map(|_| ratio(64 << 10)).find(|ratio| *ratio < 8.0);
        assert!(found.is_some(), "{name}: four times as long takes more than eight times as long");
    }
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

#[test]
fn a_json_feed_after_two_byte_order_marks_is_read() {
    let text = "\u{feff}\u{feff}{\"version\":\"https://jsonfeed.org/version/1.1\",\"items\":[{\"id\":\"1\",\"content_text\":\"Text.\"}]}";
    assert_eq!(all(text), "\"1\" \"-\" \"-\" | Text.");
}

#[test]
fn media_texts_by_time_are_one_text_and_a_body_that_repeats_the_headline_is_none() {
    let media = |item: &str| {
        all(&format!(
            "<rss version='2.0' xmlns:media='http://search.yahoo.com/mrss/'><channel><item><title>One</title>{item}</item></channel></rss>"
        ))
    };
    assert_eq!(
        media(
            "<media:text lang='en' start='00:01'>It sailed</media:text><media:text lang='ko' start='00:01'>배가</media:text><media:text lang='en' start='00:03'>on Monday.</media:text>"
        ),
        "\"-\" \"-\" \"-\" | One / It sailed on Monday."
    );
    let long = "<media:description>Longer than the headline.</media:description>";
    assert_eq!(
        media(&format!("<description>One</description>{long}")),
        "\"-\" \"-\" \"-\" | One / Longer than the headline."
    );
    assert_eq!(media("<description>One</description>"), "\"-\" \"-\" \"-\" | One / One");
}
