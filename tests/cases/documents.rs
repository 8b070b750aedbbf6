use malmoi::Term;
use malmoi::document::Document;
use malmoi::formats::{Charset, Fields, items, read};

use super::case;

/// A file of a case as read by the library, or the error.
fn document(folder: &std::path::Path, name: &str) -> Result<Document, String> {
    let bytes = std::fs::read(folder.join(name)).unwrap();
    read(&bytes, name).map_err(|error| error.to_string())
}

fn words(document: &Document) -> Vec<String> {
    document.content().map(|block| document.block_text(block).to_string()).collect()
}

/// The articles of a file, or their errors.
fn articles(folder: &std::path::Path, name: &str) -> Vec<Result<String, String>> {
    let file = std::fs::File::open(folder.join(name)).unwrap();
    let found = items(file, name, Fields::default()).unwrap();
    found.map(|found| found.map(|item| item.document.article()).map_err(|bad| bad.reason)).collect()
}

/// The document rebuilt with the same text in every block.
fn same(document: &Document) -> String {
    document.rejoin(|_, block| Some(document.block_text(block).to_string()))
}

#[test]
fn two_byte_order_marks_are_skipped() {
    let Some(folder) = case("text/01-double-bom/in") else { return };
    for name in ["a.nitf", "b.nitf", "c.nitf"] {
        let document = document(&folder, name).unwrap();
        assert!(document.title().is_some(), "{name}");
    }
}

#[test]
fn windows_1252_is_detected() {
    let Some(folder) = case("text/05-windows-1252") else { return };
    let begins = |name: &str, start: &str| {
        let document = document(&folder, name).unwrap();
        assert!(document.text().starts_with(start), "{}", document.text());
    };
    begins("apostrophe.txt", "The mayor’s plan is ready. ");
    begins("pound.txt", "The work costs £66 million. ");
    // A named encoding takes precedence.
    let korean: Charset = "cp949".parse().unwrap();
    let mut text = String::new();
    let file = std::fs::File::open(folder.join("apostrophe.txt")).unwrap();
    std::io::Read::read_to_string(&mut korean.utf8(file).unwrap(), &mut text).unwrap();
    assert!(text.contains("mayor뭩"), "{text}");
}

#[test]
fn newsml_in_sections_and_wrapped_lines() {
    let Some(folder) = case("text/07-newsml-cdata") else { return };
    for name in ["g2.xml", "wrapped.xml"] {
        let file = std::fs::File::open(folder.join(name)).unwrap();
        let item = items(file, name, Fields::default()).unwrap().next().unwrap().unwrap();
        let words = words(&item.document);
        assert_eq!(words.len(), 3, "{words:#?}");
        assert!(
            words[1].starts_with("HAEMIN, Jan. 7 (Baram)") && words[1].ends_with("on Wednesday."),
            "{}",
            words[1]
        );
        assert!(
            words[2].starts_with("The work costs 412") && words[2].ends_with("typhoon season."),
            "{}",
            words[2]
        );
        let written = item.document.rejoin(|_, _| Some("시장 & 의회 <1> ]]>".into()));
        let mut reader = quick_xml::Reader::from_str(&written);
        while !matches!(reader.read_event().unwrap(), quick_xml::events::Event::Eof) {}
        assert_eq!(written.matches("시장 &amp; 의회 &lt;1&gt;").count(), 3, "{written}");
    }
}

#[test]
fn unusual_subtitles_are_read_cue_by_cue() {
    for (name, file, expected) in [
        (
            "text/11-srt-blank-line",
            "blank.srt",
            ["The mayor opened the bridge.", "She thanked the workers.", "The ferry returned."],
        ),
        (
            "text/12-srt-odd-timing",
            "colon.srt",
            ["The mayor opened the bridge.", "The ferry returned.", "No fraction."],
        ),
        (
            "text/13-vtt-timestamps",
            "captions.vtt",
            ["the mayor opened", "the mayor opened", "the mayor opened the bridge"],
        ),
    ] {
        let Some(folder) = case(name) else { continue };
        assert_eq!(words(&document(&folder, file).unwrap()), expected, "{name}");
    }
}

#[test]
fn override_tags_of_subtitles_stay() {
    let Some(folder) = case("text/14-srt-ass-tags") else { return };
    let document = document(&folder, "tags.srt").unwrap();
    assert_eq!(words(&document), ["The mayor opened the bridge. She thanked them."]);
    assert!(
        same(&document).contains(
            "{\\an8}{\\i1}The mayor opened the bridge.{\\i0} She {\\b1}thanked{\\b0} them."
        ),
        "{}",
        same(&document)
    );
}

#[test]
fn lines_after_an_address_or_a_credit() {
    let Some(folder) = case("text/17-stray-tail") else { return };
    let left_out = |name: &str| -> Vec<String> {
        document(&folder, name).unwrap().boilerplate().map(|(_, text)| text.to_string()).collect()
    };
    assert_eq!(left_out("insa.txt"), ["hsj@haemin.example"]);
    assert_eq!(left_out("table.txt"), ["[그래픽] 지수 추이 (사진=해민시)"]);
}

#[test]
fn other_formats_read_as_plain_text() {
    let Some(folder) = case("text/19-read-as-plain") else { return };
    assert_eq!(
        articles(&folder, "archive.json"),
        [Ok("항구 정비\n\n해민시는 항구를 정비한다.".into()), Ok("배\n\n배가 돌아왔다.".into())]
    );
    let subtitles = document(&folder, "subtitles.smi").unwrap();
    let words = words(&subtitles);
    assert_eq!(words.len(), 2, "{words:?}");
    assert!(words.iter().all(|words| words.ends_with('.') && !words.contains('<')), "{words:?}");
}

#[test]
fn a_third_column_of_a_glossary() {
    let Some(folder) = case("text/22-glossary-third-column") else { return };
    let bytes = std::fs::read(folder.join("terms.tsv")).unwrap();
    let terms = Term::read(&bytes, "terms.tsv").unwrap();
    assert_eq!((terms[0].source.as_str(), terms[0].target.as_str()), ("breakwater", "방파제"));
}

#[test]
fn the_sep_line_of_excel() {
    let Some(folder) = case("text/24-csv-sep-line") else { return };
    let articles = articles(&folder, "excel.csv");
    assert_eq!(articles.len(), 2, "{articles:?}");
    assert!(articles.iter().all(Result::is_ok), "{articles:?}");
}

#[test]
fn boilerplate_within_an_article() {
    let Some(folder) = case("text/25-furniture-leaks") else { return };
    let line = document(&folder, "line.txt").unwrap();
    assert_eq!(
        line.article(),
        "(해민=해민일보) 한서진 기자 = 해민시는 7일 여객선 운항을 멈춘다고 밝혔다."
    );
    let sentences = malmoi::segment::sentences(line.text());
    assert!(
        sentences.iter().filter(|sentence| sentence.starts_with('▶')).count() == 3,
        "{sentences:#?}"
    );
    assert!(
        sentences.iter().any(|sentence| sentence.starts_with("(해민=해민일보)")),
        "{sentences:#?}"
    );
    assert_eq!(
        words(&document(&folder, "naver.txt").unwrap()),
        [
            "해민시, 두 번째 방파제 쌓는다",
            "해민시는 옛 항구에 두 번째 방파제를 쌓기로 했다고 7일 밝혔다.",
            "어민들은 대책을 요구했다."
        ]
    );
}

#[test]
fn two_speakers() {
    let Some(folder) = case("text/26-srt-two-speakers") else { return };
    let document = document(&folder, "two.srt").unwrap();
    assert!(
        same(&document).contains("\n- Is the bridge open?\n- It is, since Monday.\n"),
        "{}",
        same(&document)
    );
}
