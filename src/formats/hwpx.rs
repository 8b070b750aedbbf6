//! HWPX, Hancom Office's format (OWPML, KS X 6101): the text of the document as printed.
//!
//! Knows where the text of a section is and which parts are not the article: headers and footers,
//! which are translated with it; comments, memos and tracked deletions, which are not. Notes follow
//! the paragraph that refers to them. The same document as binary HWP (`hwp.rs`) has the same text.

use quick_xml::events::BytesStart;

use super::hancom::Ranks;
use super::office::{
    self, Dialect, HWPX, Layout, Office, Opened, PartSource, Role, XmlNode, ZipPackage, attribute,
};
use super::{Format, Item, Reader};
use crate::document::Document;

pub(super) const FORMAT: Format = Format {
    name: "hwpx",
    describe: "an HWPX document",
    extensions: &["hwpx"],
    title: "HWPX",
    written: "HWPX",
    kept: "styles, pictures, tables, headers, notes, fields and links",
    sniff: |bytes| {
        let holds = |name: &[u8]| bytes.windows(name.len()).any(|part| part == name);
        bytes.starts_with(office::ZIP)
            && [&b"application/hwp+zip"[..], b"Contents/content.hpf", b"Contents/section0.xml"]
                .into_iter()
                .any(holds)
    },
    read: Reader::Office {
        read: |bytes| OFFICE.read(bytes),
        write: |package, words| OFFICE.write(package, words),
    },
};

const OFFICE: Office = Office {
    name: "hwpx",
    kind: HWPX,
    open,
    beside: Layout::After,
    preview: Some("Preview/PrvText.txt"),
    languages: None,
};

fn open(package: &mut ZipPackage) -> Result<Opened, String> {
    let manifest = package.part("META-INF/manifest.xml").ok().flatten().unwrap_or_default();
    if office::is_encrypted(&manifest) {
        return Err(office::encrypted_error());
    }
    let mut sections: Vec<(u32, String)> =
        package.names().filter_map(|name| Some((section_number(&name)?, name))).collect();
    sections.sort_unstable();
    if sections.is_empty() {
        return Err("is damaged: it has no Contents/section0.xml".to_string());
    }
    let ranks = ranks(&package.part("Contents/header.xml").ok().flatten().unwrap_or_default());
    let properties_xml = package.part("Contents/content.hpf").ok().flatten().unwrap_or_default();
    let fact = |wanted: &str| {
        office::value(&properties_xml, |name, start| {
            name == "meta" && attribute(start, "name").as_deref() == Some(wanted)
        })
    };
    let published = fact("CreatedDate").or_else(|| fact("ModifiedDate"));
    let parts = sections.into_iter().map(|(_, name)| PartSource { name, apart: None }).collect();
    let item = Item { published, ..Item::from(Document::default()) };
    Ok(Opened { parts, dialect: dialect(ranks), item, kept: Default::default() })
}

fn dialect(ranks: Ranks) -> Dialect {
    Dialect {
        role: Box::new(move |name, start| match name {
            "p" => {
                Role::Paragraph(ranks.of(number(start, "styleIDRef"), number(start, "paraPrIDRef")))
            }
            "run" => Role::Run,
            // The base text of ruby is in an element of its own.
            "t" | "mainText" => Role::Text,
            "tab" => Role::Character('\t'),
            "lineBreak" => Role::Character('\n'),
            "nbSpace" => Role::Character('\u{a0}'),
            "fwSpace" => Role::Character(' '),
            "hyphen" => Role::Character('-'),
            "dutmal" => Role::Fixed("ruby"),
            "subText" => Role::Hidden("embedded"),
            "header" => Role::Apart("page header"),
            "footer" => Role::Apart("page footer"),
            // Numbers of notes and pages are not text.
            "autoNum" => match attribute(start, "numType").as_deref() {
                Some("PICTURE" | "TABLE" | "EQUATION") => {
                    Role::Shown("number", attribute(start, "num").unwrap_or_default())
                }
                _ => Role::Object("embedded"),
            },
            // Characters written over each other, such as a figure in a circle.
            "compose" => Role::Shown("sign", attribute(start, "composeText").unwrap_or_default()),
            "fieldBegin" => Role::SpanStart(match attribute(start, "type").as_deref() {
                Some("MEMO") => "comment",
                Some("BOOKMARK") => "bookmark",
                _ => "field",
            }),
            "fieldEnd" => Role::SpanEnd("field"),
            "markpenBegin" => Role::SpanStart("highlight"),
            "markpenEnd" => Role::SpanEnd("highlight"),
            "insertBegin" => Role::SpanStart("insertion"),
            "insertEnd" => Role::SpanEnd("insertion"),
            "deleteBegin" => Role::DeletionStart,
            "deleteEnd" => Role::DeletionEnd,
            "secPr" | "hiddenComment" | "indexmark" => Role::Hidden("embedded"),
            // Where lines end, which Hancom Office finds anew.
            "linesegarray" => Role::Dropped,
            "pic" | "rect" | "ellipse" | "line" | "container" | "ole" => Role::Object("image"),
            "equation" => Role::Object("equation"),
            "ctrl" => Role::Object("embedded"),
            _ => Role::Object("embedded"),
        }),
        spaces: None,
        styled_tags: true,
        tab: Some("tab"),
        line_break: Some("lineBreak"),
        controls_in_text: true,
        breaks_between_runs: false,
        keeps_space: "",
        line_feeds: false,
    }
}

/// The number in "Contents/section12.xml".
fn section_number(name: &str) -> Option<u32> {
    let name = name.to_lowercase();
    name.strip_prefix("contents/section")?.strip_suffix(".xml")?.parse().ok()
}

/// The ranks of paragraphs from the header; those before an error in it.
fn ranks(xml: &str) -> Ranks {
    let (mut ranks, mut shape) = (Ranks::default(), None);
    let _ = office::walk(xml, &[], |node| match node {
        XmlNode::Open("style", start) => {
            let name = |wanted| attribute(start, wanted).unwrap_or_default();
            if let Some(id) = number(start, "id") {
                ranks.add_style(id, &name("name"), &name("engName"));
            }
        }
        XmlNode::Open("paraPr", start) => shape = number(start, "id"),
        XmlNode::Open("heading", start) => {
            if let Some(shape) = shape
                && attribute(start, "type").as_deref() == Some("OUTLINE")
            {
                ranks.add_outline(shape, number(start, "level").unwrap_or_default());
            }
        }
        _ => {}
    });
    ranks
}

fn number(start: &BytesStart, name: &str) -> Option<u32> {
    attribute(start, name)?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::super::office::tests::zip_of;
    use super::super::{detect, read};
    use proptest::prelude::*;

    const HPF: &str = r#"<?xml version="1.0" encoding="UTF-8" standalone="yes" ?><opf:package xmlns:opf="http://www.idpf.org/2007/opf/" version="" unique-identifier="" id=""><opf:metadata><opf:title>무제</opf:title><opf:language>ko</opf:language><opf:meta name="creator" content="text">김</opf:meta><opf:meta name="CreatedDate" content="text">2026-01-07T01:30:00Z</opf:meta><opf:meta name="ModifiedDate" content="text">2026-01-08T01:30:00Z</opf:meta></opf:metadata><opf:manifest><opf:item id="section0" href="Contents/section0.xml" media-type="application/xml"/></opf:manifest><opf:spine><opf:itemref idref="section0" linear="yes"/></opf:spine></opf:package>"#;
    const MANIFEST: &str = r#"<?xml version="1.0" encoding="UTF-8" standalone="yes" ?><odf:manifest xmlns:odf="urn:oasis:names:tc:opendocument:xmlns:manifest:1.0"/>"#;

    fn sec(body: &str) -> String {
        format!(
            r#"<?xml version="1.0" encoding="UTF-8" standalone="yes" ?><hs:sec xmlns:hp="http://www.hancom.co.kr/hwpml/2011/paragraph" xmlns:hs="http://www.hancom.co.kr/hwpml/2011/section"><hp:p id="1" paraPrIDRef="0" styleIDRef="0"><hp:run charPrIDRef="0"><hp:secPr id="" textDirection="HORIZONTAL"><hp:footNotePr><hp:autoNumFormat type="DIGIT"/></hp:footNotePr></hp:secPr><hp:ctrl><hp:colPr id="" type="NEWSPAPER"/></hp:ctrl><hp:ctrl><hp:header id="1" applyPageType="BOTH"><hp:subList>{}</hp:subList></hp:header></hp:ctrl></hp:run></hp:p>{body}</hs:sec>"#,
            p("쪽 머리말")
        )
    }

    fn p(words: &str) -> String {
        format!(
            r#"<hp:p id="0" paraPrIDRef="0" styleIDRef="0" pageBreak="0"><hp:run charPrIDRef="0"><hp:t>{words}</hp:t></hp:run><hp:linesegarray><hp:lineseg textpos="0"/></hp:linesegarray></hp:p>"#
        )
    }

    fn hwpx(sections: &[&str]) -> Vec<u8> {
        let sections: Vec<(String, String)> = sections
            .iter()
            .enumerate()
            .map(|(at, body)| (format!("Contents/section{at}.xml"), sec(body)))
            .collect();
        let mut parts = vec![
            ("mimetype", "application/hwp+zip"),
            ("META-INF/manifest.xml", MANIFEST),
            ("Contents/header.xml", "<hh:head/>"),
            ("Contents/content.hpf", HPF),
        ];
        // The order of files in a zip is arbitrary.
        parts.extend(sections.iter().rev().map(|(name, text)| (name.as_str(), text.as_str())));
        zip_of(&parts)
    }

    fn text(body: &str) -> String {
        let document = read(&hwpx(&[body]), "a.hwpx").unwrap();
        // Headers and notes follow the article.
        document.text().split("\n\n쪽 머리말").next().unwrap_or_default().to_string()
    }

    #[test]
    fn sections_are_sorted_by_number() {
        let words: Vec<String> =
            (0..12).map(|number| p(&format!("{number}번째 문단이다."))).collect();
        let sections: Vec<&str> = words.iter().map(String::as_str).collect();
        let document = read(&hwpx(&sections), "a.hwpx").unwrap();
        let expected: Vec<String> =
            (0..12).map(|number| format!("{number}번째 문단이다.")).collect();
        assert_eq!(document.article(), expected.join("\n\n"));
    }

    #[test]
    fn hwpx_follows_the_plain_text_rules_and_reads_metadata() {
        let body = [p("다리, 다시 열려"), p("시는 7일 다리를 열었다."), p("구독하기")].concat();
        let item = super::super::article(&hwpx(&[&body]), "a.hwpx").unwrap();
        assert_eq!(item.document.title(), Some("다리, 다시 열려"));
        assert_eq!(item.document.article(), "다리, 다시 열려\n\n시는 7일 다리를 열었다.");
        assert_eq!(item.published.as_deref(), Some("2026-01-07T01:30:00Z"));
    }

    #[test]
    fn inline_markup_is_not_text() {
        let body = p(
            r##"이름<hp:tab width="4000" leader="0"/>김<hp:lineBreak/>A&amp;B<hp:nbSpace/><hp:markpenBegin color="#FFFF00"/>강조<hp:markpenEnd/><hp:hyphen/>1<hp:fwSpace/><hp:insertBegin Id="1"/>넣은<hp:insertEnd Id="1"/><hp:deleteBegin Id="2"/>지운<hp:tab/><hp:deleteEnd Id="2"/> 말"##,
        );
        assert_eq!(text(&body), "이름\t김\nA&B\u{a0}강조-1 넣은 말");
    }

    #[test]
    fn comments_memos_and_fields_are_not_the_article_and_tables_and_notes_are() {
        let note = |name: &str, words: &str| {
            format!(
                "<hp:ctrl><hp:{name}><hp:subList>{}</hp:subList></hp:{name}></hp:ctrl>",
                p(words)
            )
        };
        let cell = |words: &str| {
            format!("<hp:tc><hp:subList>{}</hp:subList><hp:cellSz width=\"1\"/></hp:tc>", p(words))
        };
        let inner = format!("<hp:tbl><hp:tr>{}</hp:tr></hp:tbl>", cell("안쪽 칸이다."));
        let body = format!(
            r#"<hp:p><hp:run><hp:t>앞말이다.</hp:t>{}{}{}{}<hp:tbl rowCnt="1"><hp:tr>{}<hp:tc><hp:subList><hp:p><hp:run><hp:t>둘째 칸이다.</hp:t>{inner}</hp:run></hp:p></hp:subList></hp:tc></hp:tr></hp:tbl><hp:pic><hp:shapeComment>그림입니다.</hp:shapeComment></hp:pic><hp:equation><hp:script>a over b</hp:script></hp:equation><hp:dutmal><hp:mainText>덧말</hp:mainText><hp:subText>위</hp:subText></hp:dutmal><hp:t> 뒷말이다.</hp:t></hp:run></hp:p>"#,
            note("footNote", "각주이다."),
            note("endNote", "미주이다."),
            note("hiddenComment", "빼야 할 말"),
            note("fieldBegin", "빼야 할 말"),
            cell("첫째 칸이다."),
        );
        assert_eq!(
            text(&body),
            "앞말이다.덧말 뒷말이다.\n\n각주이다.\n\n미주이다.\n\n첫째 칸이다.\n\n둘째 칸이다.\n\n안쪽 칸이다."
        );
    }

    #[test]
    fn an_encrypted_document_is_named() {
        let manifest = r#"<odf:manifest xmlns:odf="urn:oasis:names:tc:opendocument:xmlns:manifest:1.0"><odf:file-entry odf:full-path="Contents/section0.xml"><odf:encryption-data><odf:algorithm/></odf:encryption-data></odf:file-entry></odf:manifest>"#;
        let zip =
            zip_of(&[("META-INF/manifest.xml", manifest), ("Contents/section0.xml", "\u{1}\u{2}")]);
        assert_eq!(
            read(&zip, "a.hwpx").unwrap_err().to_string(),
            "a.hwpx is encrypted; save it without a password first"
        );
    }

    #[test]
    fn a_document_is_recognized_without_its_file_name() {
        assert_eq!(detect("standard input", &hwpx(&[&p("왔다.")])).name, "hwpx");
        let none = zip_of(&[("mimetype", "application/hwp+zip"), ("Contents/content.hpf", "")]);
        assert!(
            read(&none, "standard input")
                .unwrap_err()
                .to_string()
                .contains("no Contents/section0.xml")
        );
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(400))]
        #[test]
        fn no_change_to_a_document_makes_it_panic(changes in proptest::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..8)) {
            let mut bytes = hwpx(&[&p("시는 7일 다리를 열었다.")]);
            for (at, byte) in changes {
                let at = at.index(bytes.len());
                bytes[at] = byte;
            }
            let _ = read(&bytes, "a.hwpx");
        }

        #[test]
        fn no_xml_makes_it_panic(xml in "(<hp:(p|run|t|tab|deleteBegin|secPr|tbl)/?>|</hp:(p|run|t|secPr)>|가|&amp;|&|<|/>){0,30}") {
            if let Ok(document) = read(&hwpx(&[&xml]), "a.hwpx") {
                super::super::write(&document, |_, _| Some("왔다 & <갔다>".into())).unwrap();
            }
        }
    }
}
