//! Office files with new words: what is kept, and what finds its place.

use std::io::{Cursor, Read as _};

use proptest::prelude::*;
use zip::ZipArchive;

use super::container::tests::zip_of;
use crate::document::{BlockKind, Document};
use crate::formats::{NewWords, read, repacked, write};

const W: &str = "xmlns:w=\"http://schemas.openxmlformats.org/wordprocessingml/2006/main\"";

/// A DOCX with a body, and a picture that is no text.
fn docx(body: &str) -> Vec<u8> {
    zip_of(&[
        ("[Content_Types].xml", "<Types/>"),
        ("word/document.xml", &format!("<w:document {W}><w:body>{body}</w:body></w:document>")),
        ("word/media/image1.png", "\u{1}PNG"),
    ])
}

fn part(bytes: &[u8], name: &str) -> String {
    let mut text = String::new();
    let mut zip = ZipArchive::new(Cursor::new(bytes)).unwrap();
    zip.by_name(name).unwrap().read_to_string(&mut text).unwrap();
    text
}

/// The body of a DOCX in which the blocks have new words.
fn body(source: &str, words: &[&str]) -> String {
    let bytes = docx(source);
    let document = read(&bytes, "a.docx").unwrap();
    assert_eq!(document.blocks().len(), words.len(), "{:?}", document.blocks());
    let written = write(&document, |index, _| Some(words[index].to_string())).unwrap();
    assert_eq!(part(&written, "word/media/image1.png"), "\u{1}PNG");
    let xml = part(&written, "word/document.xml");
    let start = format!("<w:document {W}><w:body>");
    let inside = xml.strip_prefix(&start).unwrap().strip_suffix("</w:body></w:document>").unwrap();
    inside.replace(" xml:space=\"preserve\"", "")
}

fn r(words: &str) -> String {
    format!("<w:r><w:t>{words}</w:t></w:r>")
}

fn b(words: &str) -> String {
    format!("<w:r><w:rPr><w:b/></w:rPr><w:t>{words}</w:t></w:r>")
}

fn p(inside: &str) -> String {
    format!("<w:p>{inside}</w:p>")
}

#[test]
fn bold_words_and_links_go_around_the_same_words() {
    let link = |words: &str| format!("<w:hyperlink r:id=\"rId4\">{}</w:hyperlink>", r(words));
    let source = p(&[
        &r("The "),
        &b("Hanbit Co."),
        &r(" met "),
        &link("Kim & Lee".replace('&', "&amp;").as_str()),
        &r("."),
    ]
    .map(|part| part.to_string())
    .concat());
    assert_eq!(
        body(&source, &["Kim & Lee는 Hanbit Co.를 만났다."]),
        p(&[link("Kim &amp; Lee"), r("는 "), b("Hanbit Co."), r("를 만났다.")].concat())
    );
    let bytes = docx(&source);
    let document = read(&bytes, "a.docx").unwrap();
    let (_, lost) = document.with_markup(&document.blocks()[0], "만났다.".into());
    assert_eq!(lost, ["<bold 0>", "<link 1>"]);
}

#[test]
fn runs_of_one_format_are_one_text_and_the_main_format_stays() {
    let styled = |words: &str| {
        format!("<w:r w:rsidR=\"00A1\"><w:rPr><w:sz w:val=\"20\"/></w:rPr><w:t>{words}</w:t></w:r>")
    };
    let source = p(&[
        "<w:pPr><w:jc w:val=\"both\"/></w:pPr>",
        &styled("They"),
        "<w:proofErr/>",
        &styled(" met."),
    ]
    .concat());
    assert_eq!(
        body(&source, &["그들이 <만났다>."]),
        p(&["<w:pPr><w:jc w:val=\"both\"/></w:pPr>", &styled("그들이 &lt;만났다&gt;.")].concat())
    );
}

#[test]
fn a_footnote_mark_stays_behind_its_word_or_its_sentence_and_is_never_lost() {
    let mark = "<w:r><w:rPr><w:vertAlign/></w:rPr><w:footnoteReference w:id=\"2\"/></w:r>";
    let source = p(&[&r("It rained."), mark, &r(" Han spoke.")].map(str::to_string).concat());
    assert_eq!(
        body(&source, &["비가 왔다. Han이 말했다."]),
        p(&[&r("비가 왔다."), mark, &r(" Han이 말했다.")].map(str::to_string).concat())
    );
    let source = p(&[&r("The Han"), mark, &r(" river rose.")].map(str::to_string).concat());
    assert_eq!(
        body(&source, &["Han 강이 불었다."]),
        p(&[&r("Han"), mark, &r(" 강이 불었다.")].map(str::to_string).concat())
    );
    assert_eq!(
        body(&source, &["강이 불었다."]),
        p(&[&r("강이 불었다."), mark].map(str::to_string).concat())
    );
}

#[test]
fn tabs_and_line_breaks_of_the_source_are_written_again() {
    let source = p(
        "<w:r><w:tab/><w:t>Name</w:t><w:tab/><w:t>Kim.</w:t><w:br w:clear=\"all\"/><w:t>He came.</w:t></w:r>",
    );
    assert_eq!(
        body(&source, &["이름\t김.", "그가\t왔다."]),
        p(
            "<w:r><w:tab/><w:t>이름</w:t><w:tab/><w:t>김.</w:t><w:br w:clear=\"all\"/><w:t>그가</w:t><w:tab/><w:t>왔다.</w:t></w:r>"
        )
    );
}

#[test]
fn fields_keep_their_codes_and_deleted_or_hidden_text_stays() {
    let mark = |kind: &str| format!("<w:r><w:fldChar w:fldCharType=\"{kind}\"/></w:r>");
    let code = "<w:r><w:instrText>PAGE</w:instrText></w:r>";
    let field = |words: &str| {
        [&mark("begin"), code, &mark("separate"), &r(words), &mark("end")]
            .map(str::to_string)
            .concat()
    };
    let deleted = "<w:del w:id=\"1\"><w:r><w:delText>no</w:delText></w:r></w:del>";
    let hidden = "<w:r><w:rPr><w:vanish/></w:rPr><w:t>secret</w:t></w:r>";
    let source = p(&[&r("Page "), &field("3"), deleted, &r(" of ten."), hidden]
        .map(str::to_string)
        .concat());
    // Runs of one format are one.
    let written = body(&source, &["열 쪽 가운데 3쪽."]).replace("</w:r><w:r>", "");
    let expected = [&r("열 쪽 가운데 "), &field("3"), &r("쪽."), deleted, hidden];
    assert_eq!(written, p(&expected.map(str::to_string).concat()).replace("</w:r><w:r>", ""));
}

#[test]
fn a_text_box_and_its_copy_for_older_programs_get_the_same_words() {
    let inside = |words: &str| format!("<w:txbxContent>{}</w:txbxContent>", p(&r(words)));
    let boxed = |words: &str| {
        format!(
            "<w:r><mc:AlternateContent><mc:Choice><w:drawing>{0}</w:drawing></mc:Choice><mc:Fallback><w:pict>{0}</w:pict></mc:Fallback></mc:AlternateContent></w:r>",
            inside(words)
        )
    };
    let source = p(&(boxed("Boxed.") + &r("Around.")));
    let expected =
        p(&(boxed("상자.").strip_suffix("</w:r>").unwrap().to_string() + "<w:t>둘레.</w:t></w:r>"));
    assert_eq!(body(&source, &["둘레.", "상자."]), expected);
}

#[test]
fn content_controls_tracked_insertions_and_equations_are_kept_whole() {
    let control = |words: &str| {
        format!(
            "<w:sdt><w:sdtPr><w:id/></w:sdtPr><w:sdtContent>{}</w:sdtContent></w:sdt>",
            r(words)
        )
    };
    let inserted = |words: &str| format!("<w:ins w:id=\"2\">{}</w:ins>", r(words));
    let equation = "<m:oMath><m:r><m:t>x=5</m:t></m:r></m:oMath>";
    let source =
        p(&[&control("Hanbit"), &r(" said "), &inserted("Kim"), &r(" won by "), equation, &r(".")]
            .map(str::to_string)
            .concat());
    assert_eq!(
        body(&source, &["Kim이 x=5로 이겼다고 Hanbit이 말했다."]),
        p(&[
            &inserted("Kim"),
            &r("이 "),
            equation,
            &r("로 이겼다고 "),
            &control("Hanbit"),
            &r("이 말했다.")
        ]
        .map(str::to_string)
        .concat())
    );
    let written = body(&source, &["이겼다."]);
    assert_eq!(written, p(&[&r("이겼다."), equation].map(str::to_string).concat()));
}

#[test]
fn headers_and_notes_are_translated_and_are_no_part_of_the_article() {
    let rels = r#"<Relationships><Relationship Id="rId1" Type="http://x/header" Target="header1.xml"/><Relationship Id="rId2" Type="http://x/footnotes" Target="/word/footnotes.xml"/></Relationships>"#;
    let bytes = zip_of(&[
        ("word/document.xml", &p(&r("They met."))),
        ("word/_rels/document.xml.rels", rels),
        ("word/header1.xml", &format!("<w:hdr>{}</w:hdr>", p(&r("Daily news")))),
        ("word/footnotes.xml", &format!("<w:footnotes>{}</w:footnotes>", p(&r("See below.")))),
    ]);
    let document = read(&bytes, "a.docx").unwrap();
    assert_eq!(document.article(), "They met.");
    let apart: Vec<_> = document.boilerplate().collect();
    assert_eq!(apart, [("page header", "Daily news"), ("footnote", "See below.")]);
    let written =
        write(&document, |index, _| Some(["만났다.", "매일 소식", "아래를 보라."][index].into()));
    let written = written.unwrap();
    assert!(part(&written, "word/header1.xml").contains("매일 소식"));
    assert!(part(&written, "word/footnotes.xml").contains("아래를 보라."));
}

#[test]
fn a_bilingual_document_has_each_paragraph_twice_and_its_notes_once() {
    let note = "<w:r><w:footnoteReference w:id=\"2\"/></w:r>";
    let source = p(&[&b("They"), &r(" met."), note].map(str::to_string).concat());
    let bytes = docx(&source);
    let document = read(&bytes, "a.docx").unwrap();
    let block = &document.blocks()[0];
    let (marked, _) = document.with_markup(block, "They 만났다.".into());
    let place = block.place.clone().unwrap();
    let written = repacked(
        document.package().unwrap(),
        NewWords { placed: vec![(place, marked)], is_bilingual: true, text: "" },
    )
    .unwrap();
    let xml = part(&written, "word/document.xml").replace(" xml:space=\"preserve\"", "");
    assert!(xml.contains(&[source, p(&(b("They") + &r(" 만났다.")))].concat()), "{xml}");
}

#[test]
fn cells_keep_numbers_formulas_and_the_names_of_columns() {
    let strings = "<sst><si><t>The town</t></si><si><r><t>It surely </t></r><r><rPr><b/></rPr><t>rained</t></r></si><si><t>Month</t></si></sst>";
    let sheet = "<worksheet><c t=\"s\"><v>0</v></c><c><f>A1*2</f><v>4</v></c><c t=\"inlineStr\"><is><t>One\nTwo</t></is></c></worksheet>";
    let bytes = zip_of(&[
        ("xl/workbook.xml", "<workbook/>"),
        (
            "xl/_rels/workbook.xml.rels",
            r#"<Relationships><Relationship Id="a" Type="x/sharedStrings" Target="sharedStrings.xml"/><Relationship Id="b" Type="x/worksheet" Target="worksheets/sheet1.xml"/></Relationships>"#,
        ),
        ("xl/sharedStrings.xml", strings),
        ("xl/worksheets/sheet1.xml", sheet),
        ("xl/tables/table1.xml", "<table><tableColumn name=\"Month\"/></table>"),
    ]);
    let document = read(&bytes, "a.xlsx").unwrap();
    let words = |kind: &BlockKind, text: &str| match (kind, text) {
        (BlockKind::Outside, _) => None,
        (_, "It surely rained") => Some("비가 rained".to_string()),
        (_, text) => Some(format!("새 {text}")),
    };
    let written = write(&document, |_, block| words(&block.kind, document.block_text(block)));
    let written = written.unwrap();
    let space = " xml:space=\"preserve\"";
    assert_eq!(
        part(&written, "xl/sharedStrings.xml").replace(space, ""),
        "<sst><si><t>새 The town</t></si><si><r><t>비가 </t></r><r><rPr><b/></rPr><t>rained</t></r></si><si><t>Month</t></si></sst>"
    );
    let new = part(&written, "xl/worksheets/sheet1.xml").replace(space, "");
    assert!(new.starts_with(&sheet[..sheet.find("<is>").unwrap()]), "{new}");
}

#[test]
fn the_tags_of_hangul_documents_are_placed_and_their_line_ends_forgotten() {
    let run =
        |style: u8, inside: &str| format!("<hp:run charPrIDRef=\"{style}\">{inside}</hp:run>");
    let lines = "<hp:linesegarray><hp:lineseg/></hp:linesegarray>";
    let note = "<hp:ctrl><hp:footNote><hp:subList><hp:p><hp:run charPrIDRef=\"0\"><hp:t>각주다.</hp:t></hp:run></hp:p></hp:subList></hp:footNote></hp:ctrl>";
    let source = format!(
        "<hp:p id=\"1\">{}{}{}{lines}</hp:p>",
        run(0, "<hp:t>해민시는 </hp:t>"),
        run(1, "<hp:t>Hanbit</hp:t>"),
        run(
            0,
            &format!(
                "<hp:t>과 <hp:markpenBegin/>만났다<hp:markpenEnd/>.<hp:tab width=\"4\"/>끝.</hp:t>{note}"
            )
        ),
    );
    let bytes = zip_of(&[("Contents/section0.xml", &format!("<hs:sec>{source}</hs:sec>"))]);
    let document = read(&bytes, "a.hwpx").unwrap();
    assert_eq!(document.article(), "해민시는 Hanbit과 만났다.\t끝.\n\n각주다.");
    let written =
        write(&document, |index, _| Some(["Hanbit met Haemin.\tEnd.", "Note."][index].into()));
    let xml = part(&written.unwrap(), "Contents/section0.xml");
    assert_eq!(
        xml,
        format!(
            "<hs:sec><hp:p id=\"1\">{}{}</hp:p></hs:sec>",
            run(1, "<hp:t>Hanbit</hp:t>"),
            run(
                0,
                &format!(
                    "<hp:t> met Haemin.<hp:tab width=\"4\"/>End.</hp:t>{}",
                    note.replace("각주다.", "Note.")
                )
            )
        )
    );
}

/// The parts of a package with one new sentence, in another language.
fn relabeled(parts: &[(&str, &str)], name: &str, to: &str) -> impl Fn(&str) -> String + use<> {
    let from = if to == "ko" { "en" } else { "ko" };
    let document = read(&zip_of(parts), name).unwrap().relabeled(from, to);
    let written = write(&document, |_, _| Some("새 말.".into())).unwrap();
    move |name| part(&written, name)
}

#[test]
fn hangul_and_latin_letters_have_their_languages_in_documents() {
    let styles = |lang: &str| {
        format!(
            "<w:styles><w:docDefaults><w:rPrDefault><w:rPr><w:sz/>{lang}</w:rPr></w:rPrDefault></w:docDefaults><w:style><w:rPr><w:lang w:val=\"fr-FR\"/></w:rPr></w:style></w:styles>"
        )
    };
    let settings = |lang: &str| format!("<w:settings><w:themeFontLang {lang}/></w:settings>");
    let run = |lang: &str| {
        p(&format!(
            "<w:r><w:rPr><w:lang {lang}/></w:rPr><w:t xml:space=\"preserve\">새 말.</w:t></w:r>"
        ))
    };
    let korean = [
        (
            "<w:lang w:val=\"en-US\" w:eastAsia=\"ja-JP\"/>",
            "<w:lang w:val=\"en-US\" w:eastAsia=\"ko-KR\"/>",
        ),
        ("<w:lang w:val=\"en-US\"/>", "<w:lang w:val=\"en-US\" w:eastAsia=\"ko-KR\"/>"),
        ("", "<w:lang w:eastAsia=\"ko-KR\"/>"),
    ];
    for (old, new) in korean {
        let parts = [
            ("word/document.xml", &*run("w:val=\"en-GB\" w:eastAsia=\"en-US\"")),
            ("word/styles.xml", &styles(old)),
            ("word/settings.xml", &settings("w:val=\"en-US\"")),
        ];
        let part = relabeled(&parts, "a.docx", "ko");
        assert_eq!(part("word/document.xml"), run("w:val=\"en-GB\" w:eastAsia=\"ko-KR\""));
        assert_eq!(part("word/styles.xml"), styles(new));
        let font = settings("w:val=\"en-US\" w:eastAsia=\"ko-KR\"");
        assert_eq!(part("word/settings.xml"), font);
    }
    let parts = [
        ("word/document.xml", &*run("w:val=\"ko-KR\" w:eastAsia=\"ko-KR\"")),
        ("word/styles.xml", &styles("<w:lang w:val=\"en-US\" w:eastAsia=\"ko-KR\"/>")),
    ];
    let part = relabeled(&parts, "a.docx", "en");
    assert_eq!(part("word/document.xml"), run("w:val=\"en-US\" w:eastAsia=\"ko-KR\""));
    assert_eq!(part("word/styles.xml"), parts[1].1);
}

#[test]
fn the_languages_of_slides_and_open_documents_are_those_of_the_translation() {
    let slide = |lang: &str| {
        format!(
            "<p:sld><a:p><a:r><a:rPr lang=\"{lang}\" dirty=\"0\"/><a:t>새 말.</a:t></a:r><a:endParaRPr lang=\"fr-FR\"/></a:p></p:sld>"
        )
    };
    let part = relabeled(&[("ppt/slides/slide1.xml", &slide("en-GB"))], "a.pptx", "ko");
    assert_eq!(part("ppt/slides/slide1.xml"), slide("ko-KR"));
    let part = relabeled(&[("ppt/slides/slide1.xml", &slide("ko-KR"))], "a.pptx", "en");
    assert_eq!(part("ppt/slides/slide1.xml"), slide("en-US"));
    let styles = |latin: [&str; 2], asian: [&str; 2]| {
        format!(
            "<s><style:text-properties fo:language=\"{}\" fo:country=\"{}\" style:language-asian=\"{}\" style:country-asian=\"{}\"/></s>",
            latin[0], latin[1], asian[0], asian[1]
        )
    };
    let body = "<text:p>새 말.</text:p>";
    let (us, cn, kr) = (["en", "US"], ["zh", "CN"], ["ko", "KR"]);
    let part = relabeled(&[("content.xml", body), ("styles.xml", &styles(us, cn))], "a.odt", "ko");
    assert_eq!(part("styles.xml"), styles(us, kr));
    let part = relabeled(&[("content.xml", body), ("styles.xml", &styles(kr, kr))], "a.odt", "en");
    assert_eq!(part("styles.xml"), styles(us, kr));
}

#[test]
fn memos_and_bookmarks_of_hangul_documents_stay_when_their_words_are_gone() {
    let run = |inside: &str| format!("<hp:run charPrIDRef=\"0\">{inside}</hp:run>");
    let memo = "<hp:subList><hp:p><hp:run><hp:t>확인할 것</hp:t></hp:run></hp:p></hp:subList>";
    let begin = |kind: &str, inside: &str| {
        format!("<hp:ctrl><hp:fieldBegin type=\"{kind}\">{inside}</hp:fieldBegin></hp:ctrl>")
    };
    let end = "<hp:ctrl><hp:fieldEnd beginIDRef=\"1\"/></hp:ctrl>";
    let words = |words: &str| format!("<hp:t>{words}</hp:t>");
    for (kind, inside) in [("MEMO", memo), ("BOOKMARK", "")] {
        let begin = begin(kind, inside);
        let source = run(&[&words("비가 "), &begin, &words("많이"), end, &words(" 왔다.")]
            .map(|part| part.to_string())
            .concat());
        let section = |inside: &str| format!("<hs:sec><hp:p>{inside}</hp:p></hs:sec>");
        let bytes = zip_of(&[("Contents/section0.xml", &section(&source))]);
        let document = read(&bytes, "a.hwpx").unwrap();
        assert_eq!(document.text(), "비가 많이 왔다.");
        let written = |new: &str| {
            let written = write(&document, |_, _| Some(new.into())).unwrap();
            part(&written, "Contents/section0.xml")
        };
        assert_eq!(
            written("It rained."),
            section(&run(&[&words("It rained."), &begin, end]
                .map(|part| part.to_string())
                .concat()))
        );
        let kept = [&words("It rained "), &begin, &words("많이"), end, &words(".")];
        let kept = kept.map(|part| part.to_string()).concat();
        assert_eq!(written("It rained 많이."), section(&run(&kept)));
    }
}

/// Relations of a part to others, by the ends of their types.
fn relations(targets: &[(&str, &str)]) -> String {
    let one = |(number, (kind, target)): (usize, &(&str, &str))| {
        format!("<Relationship Id=\"r{number}\" Type=\"http://x/{kind}\" Target=\"{target}\"/>")
    };
    let all: String = targets.iter().enumerate().map(one).collect();
    format!("<Relationships>{all}</Relationships>")
}

fn drawn(words: &str) -> String {
    format!("<a:p><a:pPr/><a:r><a:rPr b=\"1\"/><a:t>{words}</a:t></a:r></a:p>")
}

#[test]
fn comments_charts_and_diagrams_are_translated_and_what_stays_is_said() {
    let chart = |words: &str| {
        format!(
            "<c:chart><c:title>{}</c:title><c:cat><c:strCache><c:v>May</c:v></c:strCache></c:cat></c:chart>",
            drawn(words)
        )
    };
    let data = |words: &str| format!("<dgm:t>{}</dgm:t>", drawn(words));
    let comment =
        |words: &str| format!("<w:comments><w:comment>{}</w:comment></w:comments>", p(&r(words)));
    let cell = |words: &str| format!("<comments><text><r><t>{words}</t></r></text></comments>");
    let beside = [("chart", "../c.xml"), ("diagramData", "../d.xml"), ("comments", "../n.xml")];
    let (old, new) = ("They met.", "만났다.");
    let docx = [
        ("word/document.xml", p(&r(old))),
        ("word/_rels/document.xml.rels", relations(&beside)),
        ("c.xml", chart(old)),
        ("d.xml", data(old)),
        ("n.xml", comment(old)),
    ];
    let pptx = [
        ("ppt/slides/slide1.xml", drawn(old)),
        ("ppt/slides/_rels/slide1.xml.rels", relations(&beside).replace("../", "/")),
        ("c.xml", chart(old)),
        ("d.xml", data(old)),
        ("n.xml", "<p:cmLst><p:cm><p:text>Old.</p:text></p:cm></p:cmLst>".to_string()),
    ];
    let xlsx = [
        ("xl/workbook.xml", "<workbook/>".to_string()),
        ("xl/_rels/workbook.xml.rels", relations(&[("worksheet", "s.xml")])),
        ("xl/s.xml", format!("<c t=\"inlineStr\"><is><t>{old}</t></is></c>")),
        ("xl/_rels/s.xml.rels", relations(&[("comments", "/n.xml"), ("drawing", "/d.xml")])),
        ("_rels/d.xml.rels", relations(&[("chart", "c.xml")])),
        ("c.xml", chart(old)),
        ("d.xml", data(old)),
        ("n.xml", cell(old)),
    ];
    let notes = |bytes: &[u8], name: &str| crate::formats::article(bytes, name).unwrap().notes;
    let data_stays =
        "the names of a chart's series and categories are its data and stay as they are";
    let old_stay = "comments on slides are in an old form and stay as they are";
    for (name, parts, said, count) in [
        ("a.docx", &docx[..], vec![data_stays], 4),
        ("a.pptx", &pptx[..], vec![data_stays, old_stay], 3),
        ("a.xlsx", &xlsx[..], vec![], 4),
    ] {
        let borrowed: Vec<_> = parts.iter().map(|(name, xml)| (*name, &**xml)).collect();
        let bytes = zip_of(&borrowed);
        assert_eq!(notes(&bytes, name), said, "{name}");
        let document = read(&bytes, name).unwrap();
        assert_eq!(document.article(), old, "{name}");
        assert_eq!(document.blocks().len(), count, "{name}: {}", document.text());
        let written = write(&document, |_, _| Some(new.into())).unwrap();
        for (part_name, xml) in parts {
            let same = part(&written, part_name).replace(" xml:space=\"preserve\"", "");
            assert_eq!(same, xml.replace(old, new), "{name} {part_name}");
        }
    }
}

#[test]
fn a_document_survives_its_journal_with_its_package() {
    let document = read(&docx(&p(&r("They met."))), "a.docx").unwrap();
    let json = serde_json::to_string(&document).unwrap();
    let back: Document = serde_json::from_str(&json).unwrap();
    assert_eq!(back, document);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(300))]
    #[test]
    fn any_paragraph_is_written_and_read_again(
        inside in "(<w:r>(<w:rPr><w:[biu]/></w:rPr>)?(<w:t>[a-c가 ]{0,4}</w:t>|<w:tab/>|<w:br/>|<w:footnoteReference/>){0,3}</w:r>|<w:hyperlink><w:r><w:t>[a-c]{1,3}</w:t></w:r></w:hyperlink>|<w:bookmarkStart/>){0,8}",
        words in "[a-c가 ]{0,8}"
    ) {
        let bytes = docx(&(p(&inside) + &p(&r("They met."))));
        let document = read(&bytes, "a.docx").unwrap();
        prop_assert_eq!(&write(&document, |_, _| None).unwrap(), &bytes);
        let same = write(&document, |_, block| Some(document.block_text(block).to_string())).unwrap();
        let back = read(&same, "a.docx").unwrap();
        prop_assert_eq!(back.text(), document.text());
        let new = write(&document, |_, _| Some(format!("새 {words}."))).unwrap();
        let xml = part(&new, "word/document.xml");
        for kept in ["<w:footnoteReference/>", "<w:bookmarkStart/>"] {
            prop_assert_eq!(xml.matches(kept).count(), inside.matches(kept).count(), "{}", xml);
        }
        prop_assert!(read(&new, "a.docx").unwrap().article().contains(words.trim()));
    }
}
