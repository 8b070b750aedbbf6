//! What a whole document gives, in all the shapes that Hangul writes.

use proptest::prelude::*;

use super::super::office::tests::zip_of;
use super::super::{article, detect};
use super::records::{self, PARAGRAPH_HEADER, PARAGRAPH_TEXT};
use super::writer::*;

fn text_of(bytes: &[u8]) -> String {
    super::read(bytes).unwrap().document.text().to_string()
}

fn text(paragraphs: Vec<Paragraph>) -> String {
    text_of(&Hwp::of(paragraphs).bytes())
}

fn refused(bytes: &[u8]) -> String {
    super::read(bytes).unwrap_err()
}

/// Paragraphs that all formats can hold, and their text.
fn everything() -> (Vec<Paragraph>, &'static str) {
    let cell = |words: &str| vec![p(words)];
    let inner = Control::Table(vec![vec![cell("안쪽 칸이다.")]], vec![]);
    let rows = vec![
        vec![cell("첫째 칸이다."), vec![p("둘째 칸이다.").with(inner), p("그 아래 줄이다.")]],
        vec![cell("셋째 칸이다.")],
    ];
    let caption = vec![p("표 ").with(Control::Number(4, 1)).words(" 항구")];
    let note =
        |name, words| Control::List(name, vec![p("").with(Control::Number(1, 1)).words(words)]);
    let paragraphs = vec![
        p("앞말\t이다.")
            .with(note(b"fn  ", "각주이다."))
            .with(Control::List(b"tcmt", cell("빼야 할 말")))
            .with(Control::Ruby("덧말", "위"))
            .with(Control::Composed("◯원"))
            .with(note(b"en  ", "미주이다."))
            .with(Control::Table(rows, caption))
            .with(Control::Field(b"%clk"))
            .words(" 뒷말이다.")
            .field_end(),
        p("줄을")
            .unit(10)
            .words("바꾼")
            .unit(30)
            .words("말")
            .unit(24)
            .words("1")
            .unit(31)
            .words("끝"),
        p("")
            .with(Control::List(b"head", cell("쪽 머리말")))
            .with(Control::List(b"foot", cell("쪽"))),
        p("그림이다.")
            .with(Control::TextBox(
                vec![p("글상자이다."), p("둘째 줄이다.")],
                vec![p("그림 ").with(Control::Number(3, 12))],
            ))
            .with(Control::Equation)
            .with(Control::Group(vec![cell("묶인 상자이다."), cell("또 하나이다.")]))
            .with(Control::Picture(vec![p("사진 설명이다.")])),
    ];
    let text = "앞말\t이다.덧말원 뒷말이다.\n\n각주이다.\n\n미주이다.\n\n표 1 항구\n\n첫째 칸이다.\n\n\
                둘째 칸이다.\n\n안쪽 칸이다.\n\n그 아래 줄이다.\n\n셋째 칸이다.\n\n\
                줄을\n바꾼\u{a0}말-1 끝\n\n그림이다.\n\n글상자이다.\n\n둘째 줄이다.\n\n그림 12\n\n\
                묶인 상자이다.\n\n또 하나이다.\n\n사진 설명이다.";
    (paragraphs, text)
}

#[test]
fn paragraphs_tables_notes_shapes_and_captions_are_read_in_order() {
    let (paragraphs, expected) = everything();
    assert_eq!(text(paragraphs), expected);
}

#[test]
fn the_same_document_as_hwpx_and_as_hwpml_has_the_same_text() {
    let expected = everything().1;
    let p = |words: &str| format!("<hp:p><hp:run>{words}</hp:run></hp:p>");
    let t = |words: &str| p(&format!("<hp:t>{words}</hp:t>"));
    let list = |name: &str, inside: &str| {
        format!("<hp:ctrl><hp:{name}><hp:subList>{inside}</hp:subList></hp:{name}></hp:ctrl>")
    };
    let cell = |inside: &str| format!("<hp:tc><hp:subList>{inside}</hp:subList></hp:tc>");
    let number = |kind: &str, number: u32| {
        format!("<hp:ctrl><hp:autoNum num=\"{number}\" numType=\"{kind}\"/></hp:ctrl>")
    };
    let note = |words: &str| p(&format!("{}<hp:t>{words}</hp:t>", number("FOOTNOTE", 1)));
    let inner = format!("<hp:tbl><hp:tr>{}</hp:tr></hp:tbl>", cell(&t("안쪽 칸이다.")));
    let table = format!(
        "<hp:tbl><hp:caption><hp:subList>{}</hp:subList></hp:caption><hp:tr>{}{}</hp:tr><hp:tr>{}</hp:tr></hp:tbl>",
        p(&format!("<hp:t>표 </hp:t>{}<hp:t> 항구</hp:t>", number("TABLE", 1))),
        cell(&t("첫째 칸이다.")),
        cell(&[p(&format!("<hp:t>둘째 칸이다.</hp:t>{inner}")), t("그 아래 줄이다.")].concat()),
        cell(&t("셋째 칸이다.")),
    );
    let drawn = |inside: &str| {
        format!("<hp:rect><hp:drawText><hp:subList>{inside}</hp:subList></hp:drawText></hp:rect>")
    };
    let body = [
        p(&[
            "<hp:t>앞말<hp:tab/>이다.</hp:t>",
            &list("footNote", &note("각주이다.")),
            &list("hiddenComment", &t("빼야 할 말")),
            "<hp:dutmal><hp:mainText>덧말</hp:mainText><hp:subText>위</hp:subText></hp:dutmal>",
            "<hp:compose circleType=\"SHAPE_CIRCLE\" composeText=\"원\"/>",
            &list("endNote", &note("미주이다.")),
            &table,
            &list("fieldBegin", ""),
            "<hp:t> 뒷말이다.</hp:t>",
        ]
        .concat()),
        t("줄을<hp:lineBreak/>바꾼<hp:nbSpace/>말<hp:hyphen/>1<hp:fwSpace/>끝"),
        p(&[list("header", &t("쪽 머리말")), list("footer", &t("쪽"))].concat()),
        p(&[
            "<hp:t>그림이다.</hp:t>",
            "<hp:rect><hp:drawText><hp:subList>",
            &[t("글상자이다."), t("둘째 줄이다.")].concat(),
            "</hp:subList></hp:drawText><hp:caption><hp:subList>",
            &p(&format!("<hp:t>그림 </hp:t>{}", number("PICTURE", 12))),
            "</hp:subList></hp:caption></hp:rect><hp:equation><hp:script>a over b</hp:script></hp:equation>",
            &format!(
                "<hp:container>{}{}</hp:container>",
                drawn(&t("묶인 상자이다.")),
                drawn(&t("또 하나이다."))
            ),
            &format!("<hp:pic><hp:caption>{}</hp:caption></hp:pic>", t("사진 설명이다.")),
        ]
        .concat()),
    ]
    .concat();
    let section = format!(
        "<hs:sec xmlns:hs=\"s\" xmlns:hp=\"p\"><hp:p><hp:run><hp:secPr/></hp:run></hp:p>{body}</hs:sec>"
    );
    let hwpx = zip_of(&[("mimetype", "application/hwp+zip"), ("Contents/section0.xml", &section)]);
    let hwpx = article(&hwpx, "a.hwpx").unwrap().document;
    // HWPX is written back, so that headers and footers are read: they follow the article.
    assert_eq!(hwpx.text().strip_suffix("\n\n쪽 머리말\n\n쪽"), Some(expected));

    let mut hwpml = body;
    for (from, to) in [
        ("hp:run>", "TEXT>"),
        ("hp:subList>", "PARALIST>"),
        ("hp:t>", "CHAR>"),
        ("hp:ctrl>", "CTRL>"),
        ("numType=\"PICTURE\"", "NumberType=\"Figure\""),
        ("numType=\"TABLE\"", "NumberType=\"Table\""),
        ("autoNum num=", "AUTONUM Number="),
        ("<hp:compose circleType=\"SHAPE_CIRCLE\" composeText=\"원\"/>", "<CHAR>원</CHAR>"),
        ("hp:hyphen", "HYPEN"),
    ] {
        hwpml = hwpml.replace(from, to);
    }
    // The other names differ in case alone.
    let upper: String = hwpml
        .split_inclusive('>')
        .map(|piece| {
            let (words, tag) = piece.split_once('<').unwrap_or((piece, ""));
            let (name, rest) = tag.split_at(tag.find([' ', '/', '>']).unwrap_or(0));
            let (name, rest) = match tag.strip_prefix('/') {
                Some(tag) => ("/", tag.to_uppercase()),
                None => (name, rest.to_string()),
            };
            format!("{words}<{}{}", name.to_uppercase().replace("HP:", ""), rest.replace("HP:", ""))
        })
        .collect();
    let hwpml = format!(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<HWPML Version=\"2.8\"><HEAD/><BODY><SECTION><P><TEXT><SECDEF><P><TEXT><CHAR>바탕쪽</CHAR></TEXT></P></SECDEF></TEXT></P>{upper}</SECTION></BODY><TAIL><P><CHAR>끝</CHAR></P></TAIL></HWPML>"
    );
    for name in ["a.hml", "a.hwp", "standard input"] {
        assert_eq!(article(hwpml.as_bytes(), name).unwrap().document.text(), expected, "{name}");
    }
}

#[test]
fn packed_plain_and_distribution_documents_have_the_same_text() {
    let expected = everything().1;
    let of = || Hwp::of(everything().0);
    assert_eq!(text_of(&Hwp { bits: 0, ..of() }.bytes()), expected);
    let placeholder = vec![section(vec![p("이 문서는 배포용 문서입니다.")])];
    for packed in [0, 1] {
        let hwp = of();
        let distributed =
            Hwp { bits: packed | 4, view: hwp.body, body: placeholder.clone(), ..of() };
        assert_eq!(text_of(&distributed.bytes()), expected);
    }
}

#[test]
fn the_text_as_shown_comes_before_the_text_as_stored() {
    let stored = || vec![section(vec![p("고치기 전이다.")])];
    let shown = vec![section(vec![p("고친 뒤이다.")])];
    let tracked = Hwp { bits: 1 | 1 << 14, body: stored(), view: shown, ..Hwp::of(vec![]) };
    let item = super::read(&tracked.bytes()).unwrap();
    assert_eq!(item.document.text(), "고친 뒤이다.");
    assert!(item.notes[0].starts_with("It tracks changes;"), "{:?}", item.notes);
    // A stub is not what Hangul shows.
    let stub = Hwp { view: vec![b"stub".to_vec(); 1], body: stored(), ..Hwp::of(vec![]) };
    assert_eq!(text_of(&stub.bytes()), "고치기 전이다.");
    // Of a distribution document it must not be the placeholder.
    let damaged = Hwp { bits: 1, view: vec![vec![1; 300]], body: stored(), ..Hwp::of(vec![]) };
    let mut bytes = damaged.bytes();
    let properties = bytes.windows(17).position(|some| some == b"HWP Document File").unwrap() + 36;
    bytes[properties] = 5;
    assert!(refused(&bytes).contains("ViewText/Section0 is not encrypted"));
}

#[test]
fn sections_are_in_the_order_of_their_numbers() {
    let words = |number| format!("{number}번째 문단이다.");
    let body = (0..12).map(|number| section(vec![p(&words(number))])).collect();
    let expected: Vec<String> = (0..12).map(words).collect();
    assert_eq!(text_of(&Hwp { body, ..Hwp::of(vec![]) }.bytes()), expected.join("\n\n"));
}

#[test]
fn a_paragraph_in_a_title_style_is_the_headline_wherever_it_is() {
    let title = |paragraphs| {
        let item = super::read(&Hwp::of(paragraphs).bytes()).unwrap();
        item.document.title().map(str::to_string)
    };
    let body = || p("시는 7일 다리를 열었다.");
    assert_eq!(title(vec![body(), p("다리 열려").styled(1, 0)]).as_deref(), Some("다리 열려"));
    // The first level of an outline is a headline only at the beginning.
    assert_eq!(title(vec![p("다리 열려,").styled(2, 1), body()]).as_deref(), Some("다리 열려,"));
    assert_eq!(title(vec![body(), p("추진 배경이다.").styled(2, 1), body()]), None);
    assert_eq!(title(vec![p("첫 문단이다.").styled(99, 99), body()]), None);
}

#[test]
fn the_date_is_that_of_the_document() {
    let item = article(&Hwp::of(vec![p("왔다.")]).bytes(), "a.hwp").unwrap();
    assert_eq!(item.published.as_deref(), Some("2026-01-07T01:30:00Z"));
}

#[test]
fn memos_at_the_end_of_a_section_are_not_the_article() {
    let mut body = section(vec![p("본문이다.")]);
    body.extend(record(records::MEMO_LIST, 1, &[0; 4]));
    body.extend(record(records::LIST_HEADER, 1, &[0; 16]));
    body.extend(p("메모이다.").records(1, true));
    body.extend(p("뒤이다.").records(0, true));
    assert_eq!(
        text_of(&Hwp { body: vec![body], ..Hwp::of(vec![]) }.bytes()),
        "본문이다.\n\n뒤이다."
    );
}

#[test]
fn a_press_release_has_the_text_of_its_source() {
    let path =
        |ending| format!("{}/tests/fixtures/press/release.{ending}", env!("CARGO_MANIFEST_DIR"));
    let source = std::fs::read_to_string(path("txt")).unwrap();
    let mut lines = source.lines().filter(|line| !line.is_empty());
    let title = p(lines.next().unwrap()).styled(1, 0);
    let header = Control::List(b"head", vec![p("해양안전청 보도자료")]);
    let footer = Control::List(b"foot", vec![p("- ").with(Control::Number(0, 1)).words(" -")]);
    let mut paragraphs = vec![Paragraph::default().with(header).with(footer), title, p("")];
    paragraphs.extend(lines.map(p));
    // The file itself is kept for other programs: UPDATE=1 writes it.
    let made = Hwp::of(paragraphs).bytes();
    if std::env::var_os("UPDATE").is_some() {
        std::fs::write(path("hwp"), &made).unwrap();
    }
    let kept = std::fs::read(path("hwp")).unwrap();
    assert!(kept == made, "run with UPDATE=1");
    let document = super::super::read(&kept, "release.hwp").unwrap();
    assert_eq!(document.text(), source.trim_end());
    assert_eq!(document, super::super::read(source.trim_end().as_bytes(), "release.txt").unwrap());
}

#[test]
fn what_is_not_hwp_is_named() {
    assert_eq!(
        refused(b"HWP Document File V3.00 \x1A\x01\x02\x03\x04\x05"),
        "is an HWP 3 document, a format of the 1990s; open it in Hancom Office and save it as HWPX"
    );
    assert!(refused(b"HWP Document File").starts_with("is an HWP document, a format of the 1990s"));
    let hwpx = zip_of(&[("mimetype", "application/hwp+zip"), ("Contents/section0.xml", "")]);
    assert_eq!(refused(&hwpx), "is not HWP: it is HWPX; rename it to end in .hwpx");
    let word = container(&[("/WordDocument".to_string(), vec![1; 5000])]);
    assert_eq!(refused(&word), "is not HWP: it is an old Office document; save it as DOCX first");
    let locked = container(&[("/EncryptedPackage".to_string(), vec![1; 50])]);
    assert!(refused(&locked).contains("encrypted with a password"));
    assert_eq!(refused(b"They met."), "is neither HWP nor HWPML");
    assert_eq!(refused(b"<rss/>"), "is neither HWP nor HWPML");
    assert_eq!(refused(b""), "is neither HWP nor HWPML");
}

#[test]
fn a_protected_document_is_named_with_a_way_out() {
    for (bits, reason) in [(1, "without a password"), (4, "DRM"), (8, "certificate")] {
        let hwp = Hwp { bits: 1 | 1 << bits, ..Hwp::of(vec![p("왔다.")]) };
        let error = article(&hwp.bytes(), "a.hwp").unwrap_err().to_string();
        assert!(error.starts_with("a.hwp is ") && error.contains(reason), "{error}");
    }
}

#[test]
fn a_document_is_recognized_without_its_file_name() {
    assert_eq!(detect("standard input", &Hwp::of(vec![]).bytes()).name, "hwp");
    assert_eq!(detect("standard input", b"<?xml version=\"1.0\"?><HWPML/>").name, "hwp");
    assert_eq!(detect("old", b"HWP Document File V3.00 ").name, "hwp");
    assert_eq!(refused(&Hwp::of(vec![]).bytes()), "has no text");
}

#[test]
fn damage_is_said_and_what_does_not_touch_the_text_is_a_note() {
    let hwp = Hwp { doc_info: record(records::STYLE, 0, &[1; 9]), ..Hwp::of(vec![p("왔다.")]) };
    assert_eq!(super::read(&hwp.bytes()).unwrap().notes, [""; 0]);
    let mut cut = doc_info(&[("바탕글", "")]);
    cut.pop();
    let item = super::read(&Hwp { doc_info: cut, ..Hwp::of(vec![p("왔다.")]) }.bytes()).unwrap();
    assert!(item.notes[0].starts_with("Its styles cannot be read: is damaged"), "{:?}", item.notes);
    let mut body = section(vec![p("왔다.")]);
    body.pop();
    let damaged = Hwp { body: vec![body], ..Hwp::of(vec![]) };
    assert!(refused(&damaged.bytes()).contains("is cut short"));
    let none = Hwp { body: vec![], ..Hwp::of(vec![]) };
    assert_eq!(refused(&none.bytes()), "is damaged: it has no BodyText/Section0");
    let bytes = Hwp::of(vec![p(&"말".repeat(5000))]).bytes();
    assert!(refused(&bytes[..bytes.len() / 2]).starts_with("is damaged"));
}

#[test]
fn a_bomb_is_refused() {
    let body = vec![vec![0; super::super::MAX_BYTES as usize]];
    let bytes = Hwp { body, ..Hwp::of(vec![]) }.bytes();
    assert!(bytes.len() < 1 << 20);
    assert_eq!(refused(&bytes), "unpacks to more than the 64 MB a document may have");
}

#[test]
fn a_shape_that_never_begins_keeps_its_caption() {
    let caption =
        [p("그림이다.").with(Control::TextBox(vec![], vec![p("설명이다.")])), p("끝이다.")];
    let mut body = list(&caption, 0);
    let shape = body.windows(4).position(|four| four == b"cer$").unwrap() - 4;
    let after = shape + 4 + 196 + 4 + 33;
    body.drain(shape..after);
    assert_eq!(
        text_of(&Hwp { body: vec![body], ..Hwp::of(vec![]) }.bytes()),
        "그림이다.\n\n설명이다.\n\n끝이다."
    );
}

#[test]
fn fifty_thousand_levels_are_read_or_refused() {
    // Records have 1024 levels; the deepest is repeated.
    let nested = |at: u16| {
        let level = at.min(1022);
        let control = record(records::CONTROL_HEADER, level + 1, b" lbt\0\0\0\0");
        [
            record(PARAGRAPH_HEADER, level, &[0; 24]),
            record(PARAGRAPH_TEXT, level + 1, b"\0\xAC"),
            control,
        ]
        .concat()
    };
    let body: Vec<u8> = (0..50_000).flat_map(nested).collect();
    let found = text_of(&Hwp { body: vec![body], ..Hwp::of(vec![]) }.bytes());
    assert_eq!(found.matches('가').count(), 50_000);
    let hwpml = format!("<HWPML><BODY>{}", "<TABLE><ROW><CELL><P>".repeat(50_000));
    assert!(refused(hwpml.as_bytes()).contains("nested more than"));
}

#[test]
fn a_loop_in_the_container_ends() {
    let bytes =
        Hwp { bits: 0, ..Hwp::of((0..200).map(|at| p(&format!("문단 {at}"))).collect()) }.bytes();
    let sector = |number: usize| (number + 1) * 512;
    let table = u32::from_le_bytes(bytes[76..80].try_into().unwrap()) as usize;
    let directory = u32::from_le_bytes(bytes[48..52].try_into().unwrap()) as usize;
    let _ = super::read(&bytes).unwrap();
    for place in [sector(table), sector(directory) + 68, sector(directory) + 128 + 68] {
        for word in 0..16 {
            for value in [0, 1, 2, 5, word as u32, 0xFFFF_FFFE, 0x7FFF_FFFF] {
                let mut changed = bytes.clone();
                let at = place + 4 * word;
                changed[at..at + 4].copy_from_slice(&value.to_le_bytes());
                let _ = super::read(&changed);
            }
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]
    #[test]
    fn no_change_to_a_file_makes_it_panic(changes in proptest::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..8)) {
        let mut bytes = Hwp { bits: 0, ..Hwp::of(everything().0) }.bytes();
        for (at, byte) in changes {
            let at = at.index(bytes.len());
            bytes[at] = byte;
        }
        let _ = super::read(&bytes);
    }

    #[test]
    fn no_change_to_the_records_makes_it_panic(changes in proptest::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..8), end in any::<prop::sample::Index>()) {
        let mut body = section(everything().0);
        for (at, byte) in changes {
            let at = at.index(body.len());
            body[at] = byte;
        }
        body.truncate(body.len() - end.index(8));
        let _ = super::read(&Hwp { body: vec![body], ..Hwp::of(vec![]) }.bytes());
    }

    #[test]
    fn any_words_are_read_as_they_are(words in proptest::collection::vec("[가-힣a-z][가-힣a-z ,0-9😀]{0,40}[.]", 1..8)) {
        let paragraphs = words.iter().map(|words| p(words)).collect();
        prop_assert_eq!(text(paragraphs), words.join("\n\n"));
    }

    #[test]
    fn no_xml_makes_it_panic(xml in "(<(P|TEXT|CHAR|TAB|SECDEF|TABLE|BODY|STYLE Id=\"1\")/?>|</(P|TEXT|CHAR)>|가|&amp;|&|<|/>){0,30}") {
        let _ = super::read(format!("<HWPML>{xml}</HWPML>").as_bytes());
    }
}
