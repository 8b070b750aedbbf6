use std::fmt::Write;
use std::time::{Duration, Instant};

use malmoi::formats::{FORMATS, Fields, ItemResult, items, read};

use crate::support::clock::grows_linearly;
use crate::support::{here, scripted};

fn found(bytes: Vec<u8>, name: &str) -> Result<Vec<ItemResult>, String> {
    let source = std::io::Cursor::new(bytes);
    items(source, name, Fields::default()).map(Iterator::collect).map_err(|error| error.to_string())
}

/// The result for an input, in a few lines.
fn told(bytes: Vec<u8>, name: &str) -> String {
    let mut text = String::new();
    match found(bytes, name) {
        Err(error) => writeln!(text, "  refused: {error}"),
        Ok(found) => found.iter().try_for_each(|found| match found {
            Err(unreadable) => writeln!(text, "  {} {}", unreadable.place, unreadable.reason),
            Ok(item) => {
                let article: String =
                    item.document.article().replace("\n\n", " / ").chars().take(90).collect();
                writeln!(text, "  {} | {article}", item.id.as_deref().unwrap_or("-"))
            }
        }),
    }
    .unwrap();
    text
}

#[test]
fn ill_formed_feeds_yield_complete_items_and_reasons() {
    let mut files: Vec<_> =
        std::fs::read_dir(here("fixtures/feeds/broken")).unwrap().flatten().collect();
    files.sort_by_key(std::fs::DirEntry::file_name);
    let mut text = String::new();
    for file in
        files.iter().filter(|file| file.path().extension().is_none_or(|ending| ending != "md"))
    {
        let name = file.file_name().to_string_lossy().into_owned();
        write!(text, "{name}\n{}", told(std::fs::read(file.path()).unwrap(), &name)).unwrap();
    }
    insta::assert_snapshot!(text);
}

#[test]
fn the_desks_feed_has_sixty_items_of_which_one_is_empty() {
    let feed = std::fs::read(here("fixtures/feeds/desk.xml")).unwrap();
    let found = found(feed, "desk.xml").unwrap();
    assert_eq!(found.len(), 60);
    let unreadable: Vec<_> = found.iter().filter_map(|one| one.as_ref().err()).collect();
    assert_eq!(unreadable.len(), 1, "{unreadable:?}");
    assert_eq!(unreadable[0].place, "item 25");
    for item in found.iter().flatten() {
        let document = &item.document;
        assert_eq!(document.rejoin(|_, _| None), document.text());
        assert!(!document.article().trim().is_empty());
    }
}

/// Large, deep or endless inputs, each hostile to one format.
#[test]
fn hostile_inputs_are_read_or_refused_in_time() {
    let rss =
        |item: &str| format!("<rss version='2.0'><channel><item>{item}</item></channel></rss>");
    let deep = |name: &str, count: usize| {
        format!("{}x{}", format!("<{name}>").repeat(count), format!("</{name}>").repeat(count))
    };
    let large = "An element of many words. ".repeat((50 << 20) / 26);
    let laughs: String =
        (1..30).map(|n| format!("<!ENTITY l{n} '&l{};&l{};'>", n - 1, n - 1)).collect();
    let attacks: Vec<(&str, String)> = vec![
        ("deep.xml", rss(&deep("b", 100_000))),
        ("deep.html", format!("<!doctype html><body>{}", deep("div", 100_000))),
        ("deep.nitf", format!("<nitf><body>{}</body></nitf>", deep("block", 100_000))),
        ("deep.jsonl", format!("{{\"text\":{}1{}}}\n", "[".repeat(100_000), "]".repeat(100_000))),
        ("wide.xml", rss(&"<a/>".repeat(2_000_000))),
        ("large.xml", rss(&format!("<description>{large}</description>"))),
        ("large.html", format!("<!doctype html><p>{large}</p>")),
        ("attribute.html", format!("<!doctype html><p title=\"{large}\">One.</p>")),
        (
            "laughs.xml",
            format!("<!DOCTYPE r [<!ENTITY l0 'ha'>{laughs}]>{}", rss("<title>&l29;</title>")),
        ),
        (
            "items.xml",
            format!(
                "<rss version='2.0'><channel>{}</channel></rss>",
                "<item><title>x</title></item>".repeat(100_000)
            ),
        ),
        (
            "unclosed.xml",
            format!("<rss version='2.0'><channel>{}", "<item><title>".repeat(100_000)),
        ),
        ("ampersands.xml", rss(&format!("<title>{}</title>", "&".repeat(1 << 20)))),
        (
            "comments.xml",
            rss(&format!("<description>{}</description>", "&lt;!--a--&gt;".repeat(400_000))),
        ),
        ("open.xml", format!("<rss version='2.0'>{}", "<".repeat(4 << 20))),
        (
            "head.xml",
            format!(
                "<rss version='2.0' a='{}'><channel>{}",
                "x".repeat(1 << 20),
                "<item><title>x</title></item>".repeat(10_000)
            ),
        ),
        (
            "nested.xml",
            format!(
                "{}<!--{}-->{}",
                "<newsItem>".repeat(250),
                "x".repeat(20 << 20),
                "</newsItem>".repeat(250)
            ),
        ),
        (
            "voices.vtt",
            format!(
                "WEBVTT\n\n00:01.000 --> 00:02.000\n{}One{}\n",
                "<v a>".repeat(200_000),
                "</v>".repeat(200_000)
            ),
        ),
        ("brackets.md", "[".repeat(200_000)),
        ("stars.md", "**a ".repeat(100_000)),
        ("quotes.csv", format!("title,text\n\"{}", "a,\"b\n".repeat(500_000))),
        ("cues.srt", "1\n00:00:01,000 --> 00:00:02,000\n<i>One\n\n".repeat(100_000)),
    ];
    for (name, text) in attacks {
        let bytes = text.len();
        let began = Instant::now();
        let told = told(text.into_bytes(), name);
        let took = began.elapsed();
        eprintln!(
            "{name}: {} KB, {:.1} s, {}",
            bytes >> 10,
            took.as_secs_f64(),
            told.lines().next().unwrap_or("nothing")
        );
        // Speed is not tested, only that time is not a power of the length: the slowest takes a few
        // seconds.
        assert!(took < Duration::from_secs(60), "{name} took {took:?}");
    }
}

/// Inputs of any length in a shape that is slow for a superlinear reader.
type Shape = (&'static str, fn(usize) -> Vec<u8>);

fn filled(start: &str, piece: &str, end: &str, bytes: usize) -> Vec<u8> {
    [start, &piece.repeat(bytes / piece.len()), end].concat().into_bytes()
}

fn packed(name: &str, xml: Vec<u8>) -> Vec<u8> {
    zip_of(&[(name, &xml)])
}

fn zip_of(parts: &[(&str, &[u8])]) -> Vec<u8> {
    use std::io::Write as _;
    let mut zip = zip::ZipWriter::new(std::io::Cursor::new(Vec::new()));
    for (name, xml) in parts {
        zip.start_file(*name, zip::write::SimpleFileOptions::default()).unwrap();
        zip.write_all(xml).unwrap();
    }
    zip.finish().unwrap().into_inner()
}

/// A book of one chapter.
fn book(chapter: &[u8]) -> Vec<u8> {
    zip_of(&[
        ("META-INF/container.xml", b"<container><rootfile full-path='b.opf'/></container>"),
        (
            "b.opf",
            b"<package><manifest><item id='c' href='c.xhtml' media-type='application/xhtml+xml'/>\
              </manifest><spine><itemref idref='c'/></spine></package>",
        ),
        ("c.xhtml", chapter),
    ])
}

/// An HWP document that is not packed; each piece is a shape with a caption, `deep` one in the
/// other as far as levels go.
fn hwp(deep: bool, bytes: usize) -> Vec<u8> {
    use std::io::Write as _;
    let mut file = cfb::CompoundFile::create(std::io::Cursor::new(Vec::new())).unwrap();
    let mut header = [0; 256];
    header[..17].copy_from_slice(b"HWP Document File");
    header[35] = 5;
    file.create_stream("FileHeader").unwrap().write_all(&header).unwrap();
    file.create_storage("BodyText").unwrap();
    let mut section = file.create_stream("BodyText/Section0").unwrap();
    let mut written = 0;
    for at in 0.. {
        let level = if deep { at * 2 % 1020 } else { 0 };
        // A paragraph, its text, a shape, its caption, and the shape's beginning.
        let records: [(u32, u32, &[u8]); 5] = [
            (66, level, &[0; 24]),
            (67, level + 1, &[0, 0xAC, 11, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 11, 0]),
            (71, level + 1, b" osg"),
            (72, level + 2, &[0; 8]),
            (76, level + 2, b"cer$"),
        ];
        for (tag, level, data) in records.into_iter().take(if deep { 4 } else { 5 }) {
            let start = tag | level << 10 | (data.len() as u32) << 20;
            section.write_all(&start.to_le_bytes()).unwrap();
            section.write_all(data).unwrap();
            written += 4 + data.len();
        }
        if written >= bytes {
            break;
        }
    }
    drop(section);
    file.into_inner().into_inner()
}

const SHAPES: &[Shape] = &[
    ("lines.txt", |n| filled("", "a longer line\n", "", n)),
    ("blank.txt", |n| filled("a", "\n", "b", n)),
    ("spaces.txt", |n| filled("word", " ", "word.", n)),
    ("arrows.txt", |n| filled("", "▶", "", n)),
    ("datelines.txt", |n| filled("", "(가=나) ", "", n)),
    ("brackets.txt", |n| filled("", "(", "", n)),
    ("claims.txt", |n| filled("", "저작권자(c) ", "", n)),
    ("crumbs.txt", |n| filled("Home", " > x", "", n)),
    ("indented.txt", |n| filled("", "   one more line of a text that goes on\n", "", n)),
    ("korean.txt", |n| b"\xB0\xA1\xB3\xAA ".repeat(n / 5)),
    ("latin.txt", |n| b"it\x92s ".repeat(n / 5)),
    ("metas.html", |n| filled("<html>", "<meta ", "<p>One.", n)),
    ("pairs.csv", |n| filled("id,text\n1,\"", "\"\"", "\n", n)),
    ("closed.csv", |n| filled("id,text\n1,\"", "\"\"", "\"\n", n)),
    ("pairlines.csv", |n| filled("id,text\n1,\"", "\"\"\n", "x\n", n)),
    ("alternating.csv", |n| filled("id,text\n", "\"\",\"\"\n\"\n", "", n)),
    ("opened.csv", |n| filled("id,text\n", "1,\"a\n", "", n)),
    ("wrong.csv", |n| filled("id,text\n", "1,\"a\"b\n", "", n)),
    ("commas.csv", |n| filled("id,text\n", ",", "\n", n)),
    ("columns.csv", |n| filled("text", ",a", "\nOne.\n", n)),
    ("nested.jsonl", |n| filled("{\"text\":", "[", "\n", n)),
    ("keys.jsonl", |n| filled("{\"text\":\"One.\"", ",\"k\":0", "}\n", n)),
    ("tiny.jsonl", |n| filled("", "{\"text\":\"a\"}\n", "", n)),
    ("list.json", |n| filled("[{}", ",{\"text\":\"a\"}", "]", n)),
    ("escapes.json", |n| filled("[{\"text\":\"", "\\\\\\\"", "\"}]", n)),
    ("open.json", |n| filled("[{", "[{", "", n)),
    ("objects.pdf", |n| filled("%PDF-1.7\n", "1 0 obj<</A[1]>>endobj ", "", n)),
    ("cues.srt", |n| filled("", "1\n00:00:01,000 --> 00:00:02,000\nOne\n\n", "", n)),
    ("lines.srt", |n| filled("1\n00:00:01,000 --> 00:00:02,000\n", "- One.\n", "", n)),
    ("overrides.srt", |n| filled("1\n00:00:01,000 --> 00:00:02,000\nOne", "{\\", "", n)),
    ("stamps.vtt", |n| filled("WEBVTT\n\n00:01.000 --> 00:02.000\nOne", "<0:1", "", n)),
    ("notes.vtt", |n| filled("WEBVTT\n\n", "NOTE\na\n\n", "00:01.000 --> 00:02.000\nOne.", n)),
    ("items.rss", |n| filled("<rss><channel>", "<item>a</item>", "</channel></rss>", n)),
    ("titles.atom", |n| filled("<feed><entry>", "<title>a</title>", "</entry></feed>", n)),
    ("headings.md", |n| filled("", "# One\n\n[a](b) *c*\n", "", n)),
    ("brackets.md", |n| filled("", "[", "", n)),
    ("syncs.smi", |n| filled("<SAMI>", "<SYNC Start=1><P>a<br>", "", n)),
    ("comments.smi", |n| filled("<SAMI><SYNC Start=1>a", "<!--", "", n)),
    ("brackets.smi", |n| filled("<SAMI><SYNC Start=1>a>", "<br", "", n)),
    ("base64", |n| {
        filled(
            "",
            "QUJDREVGR0hJSktMTU5PUFFSU1RVVldYWVphYmNkZWZnaGlqa2xtbm9wcXJzdHV2d3h5ejAx\n",
            "",
            n,
        )
    }),
    ("open", |n| filled("{\"a\": ", "{\"a\": ", "", n)),
    ("paragraphs.nitf", |n| filled("<nitf><body>", "<p>One.</p>", "</body></nitf>", n)),
    ("typed.nitf", |n| filled("<nitf><body><pre>", "a &amp; b\n", "</pre></body></nitf>", n)),
    ("section.newsml", |n| {
        filled(
            "<newsItem><contentSet><inlineData><![CDATA[",
            "<p>a & b",
            "]]></inlineData></contentSet></newsItem>",
            n,
        )
    }),
    ("escaped.newsml", |n| {
        filled(
            "<newsItem><contentSet><inlineData>",
            "&lt;p>]]&gt;",
            "</inlineData></contentSet></newsItem>",
            n,
        )
    }),
    ("sections.newsml", |n| {
        filled(
            "<newsItem><contentSet><inlineData>",
            "<![CDATA[a]]>",
            "</inlineData></contentSet></newsItem>",
            n,
        )
    }),
    ("units.xlf", |n| {
        filled(
            "<xliff version='1.2'><file><body>",
            "<trans-unit><source>a <x/></source></trans-unit>",
            "</body></file></xliff>",
            n,
        )
    }),
    ("codes.xlf", |n| {
        filled(
            "<xliff version='1.2'><file><body><trans-unit><source>a",
            "<ph>&lt;</ph>b",
            "</source></trans-unit></body></file></xliff>",
            n,
        )
    }),
    ("entries.po", |n| filled("", "#, fuzzy\nmsgid \"a\"\nmsgstr \"\"\n\n", "", n)),
    ("lines.po", |n| filled("msgid \"a", "\\nb", "\"\nmsgstr \"\"\n", n)),
    ("strings.po", |n| filled("msgid \"a\"\n", "\"b\"\n", "msgstr \"\"\n", n)),
    ("parts.eml", |n| {
        filled(
            "From: a@b.example\nMessage-ID: <1@x>\nContent-Type: multipart/mixed; boundary=b\n\n",
            "--b\n\nOne.\n",
            "--b--\n",
            n,
        )
    }),
    ("words.eml", |n| {
        filled("Message-ID: <1@x>\nSubject: ", "=?iso-2022-kr?B?Gw==?= ", "\n\nOne.", n)
    }),
    ("paragraphs.docx", |n| {
        packed(
            "word/document.xml",
            filled(
                "<w:document><w:body>",
                "<w:p><w:r><w:t>a</w:t></w:r></w:p>",
                "</w:body></w:document>",
                n,
            ),
        )
    }),
    ("text.docx", |n| {
        packed(
            "word/document.xml",
            filled("<w:body><w:p><w:t>", "a &amp; ", "</w:t></w:p></w:body>", n),
        )
    }),
    ("runs.docx", |n| {
        packed(
            "word/document.xml",
            filled(
                "<w:p>",
                "<w:r><w:rPr><w:b/></w:rPr><w:t>a</w:t><w:tab/></w:r><w:r><w:t>b</w:t><w:sym/></w:r>",
                "</w:p>",
                n,
            ),
        )
    }),
    ("fields.docx", |n| {
        packed(
            "word/document.xml",
            filled(
                "<w:p><w:r>",
                "<w:fldChar w:fldCharType='begin'/>",
                "<w:t>a</w:t></w:r></w:p>",
                n,
            ),
        )
    }),
    ("copies.docx", |n| {
        let copy = "<w:p><w:t>b</w:t></w:p>";
        let copies = filled("", copy, "", n / 2);
        let copies = String::from_utf8(copies).unwrap();
        let xml = format!(
            "<w:b><mc:AlternateContent><mc:Choice>{}</mc:Choice><mc:Fallback>{copies}</mc:Fallback></mc:AlternateContent></w:b>",
            copies.replace(">b<", ">a<")
        );
        packed("word/document.xml", xml.into_bytes())
    }),
    ("slides.pptx", |n| {
        packed(
            "ppt/slides/slide1.xml",
            filled("<p:sld>", "<a:p><a:r><a:t>a</a:t></a:r></a:p>", "</p:sld>", n),
        )
    }),
    ("strings.xlsx", |n| {
        packed("xl/sharedStrings.xml", filled("<sst>", "<si><t>a</t></si>", "</sst>", n))
    }),
    ("paragraphs.odt", |n| {
        packed(
            "content.xml",
            filled(
                "<office:text>",
                "<text:p>a <text:span>b</text:span><text:s text:c='9'/></text:p>",
                "</office:text>",
                n,
            ),
        )
    }),
    ("spans.odt", |n| {
        packed("content.xml", filled("<text:p>", "<text:span>b</text:span>c ", "</text:p>", n))
    }),
    ("notes.epub", |n| {
        let chapter = filled("<p>One. ", "<a href='#n'><b>1</b></a> b", "</p>", n);
        book(&chapter)
    }),
    ("unclosed.epub", |n| {
        let chapter = filled("<p>One. ", "<a href='#n'><b>1", "</p>", n);
        book(&chapter)
    }),
    ("paragraphs.hwpx", |n| {
        packed(
            "Contents/section0.xml",
            filled("<hs:sec>", "<hp:p><hp:run><hp:t>a</hp:t></hp:run></hp:p>", "</hs:sec>", n),
        )
    }),
    ("paragraphs.hml", |n| {
        filled(
            "<HWPML><BODY><SECTION>",
            "<P><TEXT><CHAR>a</CHAR></TEXT></P>",
            "</SECTION></BODY></HWPML>",
            n,
        )
    }),
    ("shapes.hwp", |n| hwp(false, n)),
    ("nested.hwp", |n| hwp(true, n)),
];

#[test]
fn every_reader_takes_linear_time() {
    const SHORT: usize = 1 << 18;
    let is_slow = |shape: &&Shape| {
        let (short, long) = (shape.1(SHORT), shape.1(4 * SHORT));
        let read = |input: &Vec<u8>| drop(found(input.clone(), shape.0));
        !grows_linearly(|| read(&short), || read(&long))
    };
    for format in FORMATS {
        let endings = format.extensions;
        let covers =
            |shape: &Shape| endings.iter().any(|end| shape.0.ends_with(&format!(".{end}")));
        assert!(endings.is_empty() || SHAPES.iter().any(covers), "no shape for {}", format.name);
    }
    let slow: Vec<&str> = SHAPES.iter().filter(is_slow).map(|shape| shape.0).collect();
    assert!(slow.is_empty(), "{slow:#?}");
}

#[test]
fn xml_of_an_unknown_kind_is_refused_by_its_name() {
    let map = b"<?xml version='1.0'?><urlset><url><loc>https://x.example/</loc></url></urlset>";
    assert_eq!(
        told(map.to_vec(), "sitemap.xml"),
        "  refused: sitemap.xml is XML of a kind malmoi does not read (<urlset>)\n"
    );
    assert_eq!(
        told(b"<?xml version='1.0'?> 1 < 2".to_vec(), "sums.xml"),
        "  refused: sums.xml is XML whose first element cannot be read\n"
    );
}

#[test]
fn encodings_are_detected_with_and_without_a_declaration() {
    let text = "<?xml version=\"1.0\" encoding=\"EUC-KR\"?><rss version=\"2.0\"><channel><item><title>목포항 준설</title><description>시가 밝혔다.</description></item></channel></rss>";
    let undeclared = text.replace(" encoding=\"EUC-KR\"", "");
    let utf16 = |text: &str, big: bool| -> Vec<u8> {
        let units = std::iter::once(0xfeff).chain(text.encode_utf16());
        units.flat_map(|unit| if big { unit.to_be_bytes() } else { unit.to_le_bytes() }).collect()
    };
    let euc_kr = |text: &str| encoding_rs::EUC_KR.encode(text).0.into_owned();
    for bytes in [
        euc_kr(text),
        euc_kr(&undeclared),
        text.as_bytes().to_vec(),
        utf16(text, true),
        utf16(&undeclared, false),
        utf16(text, true)[2..].to_vec(),
        utf16(text, false)[2..].to_vec(),
    ] {
        assert_eq!(told(bytes, "a.xml"), "  - | 목포항 준설 / 시가 밝혔다.\n");
    }
}

#[test]
fn every_format_refuses_foreign_input_with_a_reason() {
    for format in FORMATS.iter().filter(|format| !format.extensions.is_empty()) {
        for bytes in [
            &b"\x00\x01\x02"[..],
            b"PK\x03\x04",
            b"<",
            b"{\"a\":",
            b"%PDF-1.7",
            b"\xff\xfe\x00\xd8",
        ] {
            let name = format!("a.{}", format.extensions[0]);
            // Only a clean end is tested: some of these are texts.
            if let Err(error) = read(bytes, &name) {
                assert!(error.to_string().starts_with(&name), "{error}");
            }
        }
    }
}

/// Translates a folder of files with a scripted model that answers in Korean.
fn translated(files: &[(&str, &[u8])]) -> tempfile::TempDir {
    translated_with(files, &[])
}

fn translated_with(files: &[(&str, &[u8])], arguments: &[&str]) -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    std::fs::create_dir(folder.path().join("in")).unwrap();
    for (name, bytes) in files {
        std::fs::write(folder.path().join("in").join(name), bytes).unwrap();
    }
    let model = scripted::model(serde_json::json!([{"say": "시가 7일 <밝혔다> & 그랬다."}]), 4096);
    let output = std::process::Command::new(assert_cmd::cargo::cargo_bin("malmoi"))
        .env_clear()
        .env("HOME", folder.path())
        .current_dir(folder.path())
        .args(["batch", "in", "--to", "ko", "--translate", "-o", "out", "--model"])
        .arg(model.path())
        .args(arguments)
        .output()
        .unwrap();
    assert_eq!(output.status.code(), Some(0), "{}", String::from_utf8_lossy(&output.stderr));
    folder
}

/// The translation written by a batch, by file name ending.
fn written(folder: &tempfile::TempDir, ending: &str) -> String {
    let mut files = std::fs::read_dir(folder.path().join("out/items")).unwrap().flatten();
    let file = files.find(|file| file.file_name().to_string_lossy().ends_with(ending));
    std::fs::read_to_string(file.unwrap_or_else(|| panic!("no file {ending}")).path()).unwrap()
}

#[test]
fn a_named_encoding_takes_precedence_in_a_batch() {
    // "Ä«" in Windows-1252 is a syllable in EUC-KR.
    let folder = translated_with(
        &[("a.txt", b"The \xC4\xAB quay was opened on Monday.\n")],
        &["--encoding", "latin1", "--pairs", "tmx"],
    );
    let pairs = std::fs::read_to_string(folder.path().join("out/pairs.tmx")).unwrap();
    assert!(pairs.contains("The Ä« quay"), "{pairs}");
    let refused = std::process::Command::new(assert_cmd::cargo::cargo_bin("malmoi"))
        .args(["summarize", "a.txt", "--encoding", "johab"])
        .output()
        .unwrap();
    let told = String::from_utf8_lossy(&refused.stderr).into_owned();
    assert!(!refused.status.success() && told.contains("iconv -f JOHAB"), "{told}");
}

#[test]
fn an_endless_input_is_refused_with_a_reason() {
    use std::io::{Read as _, Write as _};
    use std::process::{Command, Stdio};

    let mut program = Command::new(assert_cmd::cargo::cargo_bin("malmoi"))
        .arg("summarize")
        .stdin(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let line = b"One more line of it.\n".repeat(50_000);
    let mut input = program.stdin.take().unwrap();
    let mut written = 0;
    // The pipe breaks when the program stops reading.
    while input.write_all(&line).is_ok() {
        written += line.len();
        assert!(written < 200 << 20, "the program goes on reading");
    }
    let mut told = String::new();
    program.stderr.take().unwrap().read_to_string(&mut told).unwrap();
    assert!(!program.wait().unwrap().success());
    assert!(told.contains("standard input is larger than the 64 MB an article may have"), "{told}");
}

/// The tags of a text, without attributes.
fn tags(text: &str) -> Vec<String> {
    let mut reader = quick_xml::Reader::from_str(text);
    let mut found = Vec::new();
    loop {
        match reader.read_event().unwrap() {
            quick_xml::events::Event::Start(tag) | quick_xml::events::Event::Empty(tag) => {
                found.push(tag.name().as_ref().to_string());
            }
            quick_xml::events::Event::Eof => return found,
            _ => {}
        }
    }
}

#[test]
fn a_translated_file_is_a_file_of_its_kind() {
    let example = |path: &str| std::fs::read(here("../examples").join(path)).unwrap();
    let (nitf, newsml, page) = (
        example("feeds/harbour.nitf"),
        example("feeds/morning.newsml.xml"),
        example("articles/harbour.html"),
    );
    let subtitles = b"1\n00:00:01,000 --> 00:00:02,500\nThe bridge is <i>open</i>.\n\n2\n00:00:03,000 --> 00:00:04,000\nIt closed.\n";
    let folder = translated(&[
        ("harbour.nitf", &nitf),
        ("morning.xml", &newsml),
        ("harbour.html", &page),
        ("bridge.srt", subtitles),
        ("notes.md", b"# Harbour news\n\nThe council *met* on Monday.\n\n    let code = 1;\n"),
        ("plain.txt", b"Harbour news\n\nThe council met on Monday.\n"),
    ]);
    let korean = written(&folder, ".ko.nitf");
    // Inline tags around lost words are lost; all others remain.
    let kept = |tags: Vec<String>| -> Vec<String> {
        tags.into_iter()
            .filter(|tag| !matches!(&**tag, "person" | "money" | "org" | "location"))
            .collect()
    };
    assert_eq!(kept(tags(&korean)), kept(tags(&String::from_utf8_lossy(&nitf))));
    assert!(
        korean.contains("<nitf xml:lang=\"ko\"")
            && korean.contains("<hl1>시가 7일 &lt;밝혔다&gt; &amp; 그랬다.</hl1>")
    );
    assert!(read(korean.as_bytes(), "a.nitf").unwrap().title().is_some());
    let korean = written(&folder, ".ko.xml");
    assert!(
        tags(&korean).contains(&"newsItem".to_string())
            && korean.contains("<language tag=\"ko\"/>")
    );
    let korean = written(&folder, ".ko.html");
    // A page written by a batch keeps the text and structure of its source, without scripts.
    assert!(
        korean.contains("<html lang=\"ko\">")
            && korean.contains("<p>")
            && !korean.contains("<script")
    );
    assert_eq!(
        written(&folder, ".ko.srt"),
        "1\n00:00:01,000 --> 00:00:02,500\n시가 7일 <밝혔다> & 그랬다.\n\n2\n00:00:03,000 --> 00:00:04,000\n시가 7일 <밝혔다> & 그랬다.\n"
    );
    assert!(written(&folder, ".ko.md").contains("    let code = 1;"));
    assert!(written(&folder, ".ko.txt").contains("그랬다.\n"));
}

#[test]
fn files_of_translators_say_what_is_in_doubt() {
    // A tag of the first and the number of the second have no place in the translation.
    let xliff = "<xliff version=\"1.2\"><file source-language=\"en\" target-language=\"ko\"><body><trans-unit id=\"1\"><source>The council <g id=\"1\">met</g> on Monday.</source></trans-unit><trans-unit id=\"2\"><source>It left.</source><target state=\"final\">떠났다.</target></trans-unit></body></file></xliff>";
    let po = "msgid \"The council bought 14 boats on Monday.\"\nmsgstr \"\"\n\nmsgid \"It left.\"\nmsgstr \"떠났다.\"\n";
    let cues = "1\n00:00:01,000 --> 00:00:02,000\nThe council met.\n";
    let folder = translated(&[
        ("plan.xlf", xliff.as_bytes()),
        ("plan.po", po.as_bytes()),
        ("plan.srt", cues.as_bytes()),
    ]);
    let korean = written(&folder, ".ko.xlf");
    assert!(
        korean.contains("<target state=\"needs-review-translation\">시가 7일 &lt;밝혔다&gt; &amp; 그랬다.<g id=\"1\"></g></target><note from=\"malmoi\">lost in the translation: &lt;g id=\"1\"&gt;</note>"),
        "{korean}"
    );
    assert!(
        korean.contains("<source>It left.</source><target state=\"final\">떠났다.</target>"),
        "{korean}"
    );
    let korean = written(&folder, ".ko.po");
    assert!(korean.contains("#, fuzzy\nmsgid \"The council bought 14 boats on Monday.\"\nmsgstr \"시가 7일 <밝혔다> & 그랬다.\"\n"), "{korean}");
    assert!(korean.contains("# '14'") && korean.ends_with("msgstr \"떠났다.\"\n"), "{korean}");
    let items = std::fs::read_to_string(folder.path().join("out/items.jsonl")).unwrap();
    assert!(items.contains("reading_speed"), "13.5 characters in a second cannot be read");
}

#[test]
fn formats_are_listed_as_json_with_the_fields_that_they_have() {
    let output = std::process::Command::new(assert_cmd::cargo::cargo_bin("malmoi"))
        .args(["formats", "--json"])
        .output()
        .unwrap();
    let text = String::from_utf8(output.stdout).unwrap();
    for line in text.lines() {
        let format: serde_json::Value = serde_json::from_str(line).unwrap();
        assert!(format.as_object().unwrap().values().all(|value| !value.is_null()), "{line}");
    }
    insta::assert_snapshot!(text);
}
