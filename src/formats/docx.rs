//! DOCX, Word's format: the text of the document as printed.
//!
//! Knows where the text is and which parts of it are not shown: deleted, hidden, or repeated for
//! older programs. Headers, footers and notes are no part of the article, but are translated with
//! it, and so are comments, charts and diagrams.

use super::office::{
    self, DOCX, Dialect, FieldMark, LanguageCodes, Layout, Office, Opened, ParagraphRank,
    PartSource, Role, XmlNode, ZipPackage, attribute,
};
use super::{Format, Item, Reader};
use crate::document::Document;

pub(super) const FORMAT: Format = Format {
    name: "docx",
    describe: "a DOCX document",
    extensions: &["docx", "docm"],
    title: "DOCX",
    written: "DOCX",
    kept: "styles, pictures, tables, headers, notes, fields and links",
    // Any zip that no earlier format recognizes; opening it names what it is instead.
    sniff: |bytes| bytes.starts_with(office::ZIP),
    read: Reader::Office {
        read: |bytes| OFFICE.read(bytes),
        write: |package, words| OFFICE.write(package, words),
    },
};

const OFFICE: Office = Office {
    name: "docx",
    kind: DOCX,
    open,
    beside: Layout::After,
    preview: None,
    languages: Some(LANGUAGES),
};

/// Latin letters have one language, Hangul has another, `eastAsia`, which decides its font as well.
const LANGUAGES: LanguageCodes = LanguageCodes {
    parts: &["word/styles.xml", "word/settings.xml"],
    relabel: |xml, languages| {
        let (code, is_korean) = (office::with_country(&languages.to), languages.to == "ko");
        let of_letters = if is_korean { "eastAsia" } else { "val" };
        // Where the languages of the document are, every text without its own has them.
        let (mut in_defaults, mut has_code) = (false, false);
        office::with_tags(xml, |name, tag| match name {
            "rPrDefault" => {
                in_defaults = !tag.starts_with("</");
                None
            }
            "lang" | "themeFontLang" => {
                has_code |= in_defaults;
                let is_other = |old: &str| match is_korean {
                    true => !office::is_language(old, "ko"),
                    false => office::is_language(old, &languages.from),
                };
                let is_missing = is_korean
                    && (in_defaults || name == "themeFontLang")
                    && tag.ends_with("/>")
                    && !tag.contains("eastAsia=");
                match is_missing {
                    true => Some(with_code(tag.strip_suffix("/>")?, name, code)),
                    false => office::with_value(tag, of_letters, code, is_other),
                }
            }
            "rPr" if in_defaults && is_korean && !has_code => {
                let element = tag.strip_prefix("</")?.strip_suffix("rPr>")?;
                Some(format!("<{element}lang {element}eastAsia=\"{code}\"/>{tag}"))
            }
            _ => None,
        })
    },
};

/// A tag without its end, with a code of a language for Hangul.
fn with_code(tag: &str, name: &str, code: &str) -> String {
    let prefix = tag[1..].split(name).next().unwrap_or_default();
    format!("{} {prefix}eastAsia=\"{code}\"/>", tag.trim_end())
}

/// Parts beside the main document, by the end of the type of their relation.
const APART: &[(&str, &str)] = &[
    ("/header", "page header"),
    ("/footer", "page footer"),
    ("/footnotes", "footnote"),
    ("/endnotes", "endnote"),
];

fn open(package: &mut ZipPackage) -> Result<Opened, String> {
    let main = office::main_part(package).unwrap_or_else(|| "word/document.xml".to_string());
    if !package.has(&main) {
        return Err(format!("is damaged: it has no {main}"));
    }
    let styles = package.part("word/styles.xml")?.map(|xml| styles(&xml)).unwrap_or_default();
    let item = office::properties(package, Document::default());
    let mut parts = vec![PartSource { name: main.clone(), apart: None }];
    for relation in office::relations(package, &main) {
        let apart = APART.iter().find(|(end, _)| relation.kind.ends_with(end));
        let is_new = parts.iter().all(|part| part.name != relation.target);
        if let Some((_, apart)) = apart.filter(|_| is_new) {
            parts.push(PartSource { name: relation.target, apart: Some(apart) });
        }
    }
    parts.extend(office::beside(package, &main));
    let notes = office::notes(package, &parts);
    let item = Item { notes, ..item };
    Ok(Opened { parts, dialect: dialect(styles), item, kept: Default::default() })
}

fn dialect(styles: Vec<(String, ParagraphRank)>) -> Dialect {
    Dialect {
        role: Box::new(move |name, start| match name {
            "p" => Role::Paragraph(None),
            "pPr" => Role::ParagraphProperties,
            "pStyle" => {
                let id = attribute(start, "val").unwrap_or_default();
                let known = styles.iter().find(|(style, _)| *style == id).map(|(_, rank)| *rank);
                Role::Rank(known.or_else(|| rank(&id)))
            }
            "r" => Role::Run,
            "rPr" => Role::RunProperties,
            "vanish" => {
                let off = matches!(attribute(start, "val").as_deref(), Some("0" | "false" | "off"));
                Role::Vanish(!off)
            }
            "t" => Role::Text,
            "tab" | "ptab" => Role::Character('\t'),
            "br" | "cr" => Role::Character('\n'),
            "noBreakHyphen" => Role::Character('-'),
            "hyperlink" => Role::Container("link"),
            "ins" | "moveTo" => Role::Container("insertion"),
            "smartTag" | "customXml" | "dir" | "bdo" => Role::Container("format"),
            "sdt" => Role::Container("control"),
            "fldSimple" => Role::Container("field"),
            "sdtContent" => Role::Inner,
            "sdtPr" | "sdtEndPr" | "smartTagPr" | "customXmlPr" | "fldData" => Role::Properties,
            "ruby" => Role::Fixed("ruby"),
            "oMath" | "oMathPara" => Role::Fixed("equation"),
            "fldChar" => Role::Field(match attribute(start, "fldCharType").as_deref() {
                Some("begin") => FieldMark::Begin,
                Some("separate") => FieldMark::Separate,
                _ => FieldMark::End,
            }),
            "del" | "moveFrom" | "delText" | "delInstrText" => Role::Hidden("deletion"),
            "instrText" => Role::Hidden("field-mark"),
            "rt" | "pPrChange" | "rPrChange" | "sectPr" => Role::Hidden("embedded"),
            "AlternateContent" => Role::Alternatives,
            "Fallback" => Role::Copy,
            "proofErr" | "lastRenderedPageBreak" => Role::Dropped,
            "drawing" | "pict" => Role::Object("image"),
            "footnoteReference" => Role::Object("footnote"),
            "endnoteReference" => Role::Object("endnote"),
            "sym" => Role::Object("sign"),
            "commentRangeStart" | "commentRangeEnd" | "commentReference" => Role::Object("comment"),
            "bookmarkStart" | "bookmarkEnd" | "permStart" | "permEnd" => Role::Object("bookmark"),
            _ => Role::Object("embedded"),
        }),
        spaces: None,
        styled_tags: false,
        tab: Some("tab"),
        line_break: Some("br"),
        controls_in_text: false,
        breaks_between_runs: false,
        keeps_space: "xml:space=\"preserve\"",
        line_feeds: false,
    }
}

/// Styles that mark a headline, by identifier. Korean Word uses identifiers like "a3" and "1";
/// style names are English everywhere.
fn styles(xml: &str) -> Vec<(String, ParagraphRank)> {
    let (mut found, mut id) = (Vec::new(), None);
    // If the rest is damaged, the styles found before it count.
    let _ = office::walk(xml, &[], |node| match node {
        XmlNode::Open("style", start) => id = attribute(start, "styleId"),
        XmlNode::Open("name", start) => {
            let name = attribute(start, "val").unwrap_or_default();
            found.extend(id.take().zip(rank(&name)));
        }
        _ => {}
    });
    found
}

/// The rank of a style by its name, or by its English identifier without the space.
fn rank(name: &str) -> Option<ParagraphRank> {
    match name.to_lowercase().as_str() {
        "title" => Some(ParagraphRank::Title),
        "heading 1" | "heading1" => Some(ParagraphRank::Heading),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::super::office::tests::zip_of;
    use super::super::{Fields, Form, Item, detect, items};
    use proptest::prelude::*;

    const CORE: &str = r#"<?xml version="1.0" encoding="UTF-8" standalone="yes"?>
<cp:coreProperties xmlns:cp="http://schemas.openxmlformats.org/package/2006/metadata/core-properties" xmlns:dc="http://purl.org/dc/elements/1.1/" xmlns:dcterms="http://purl.org/dc/terms/" xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance"><dc:title></dc:title><dc:creator>김</dc:creator><cp:revision>3</cp:revision><dcterms:created xsi:type="dcterms:W3CDTF">2026-01-07T01:30:00Z</dcterms:created><dcterms:modified xsi:type="dcterms:W3CDTF">2026-01-08T01:30:00Z</dcterms:modified></cp:coreProperties>"#;
    const RELS: &str = r#"<?xml version="1.0" encoding="UTF-8"?><Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships"><Relationship Id="rId2" Type="http://schemas.openxmlformats.org/package/2006/relationships/metadata/core-properties" Target="docProps/core.xml"/><Relationship Id="rId1" Type="http://schemas.openxmlformats.org/officeDocument/2006/relationships/officeDocument" Target="word/document.xml"/></Relationships>"#;
    const STYLES: &str = r#"<w:styles xmlns:w="http://schemas.openxmlformats.org/wordprocessingml/2006/main"><w:style w:type="paragraph" w:default="1" w:styleId="a"><w:name w:val="Normal"/></w:style><w:style w:type="paragraph" w:styleId="1"><w:name w:val="heading 1"/></w:style><w:style w:type="paragraph" w:styleId="a3"><w:name w:val="Title"/></w:style></w:styles>"#;

    fn docx(body: &str) -> Vec<u8> {
        let document = format!(
            r#"<?xml version="1.0" encoding="UTF-8" standalone="yes"?>
<w:document xmlns:mc="http://schemas.openxmlformats.org/markup-compatibility/2006" xmlns:w="http://schemas.openxmlformats.org/wordprocessingml/2006/main" xmlns:wps="http://schemas.microsoft.com/office/word/2010/wordprocessingShape" xmlns:v="urn:schemas-microsoft-com:vml" mc:Ignorable="w14"><w:body>{body}<w:sectPr><w:pgSz w:w="11906" w:h="16838"/></w:sectPr></w:body></w:document>"#
        );
        zip_of(&[
            ("[Content_Types].xml", "<Types/>"),
            ("_rels/.rels", RELS),
            ("word/document.xml", &document),
            ("word/styles.xml", STYLES),
            ("docProps/core.xml", CORE),
        ])
    }

    fn read(bytes: Vec<u8>, name: &str) -> Result<Item, String> {
        let mut found = items(std::io::Cursor::new(bytes), name, Fields::default())
            .map_err(|e| e.to_string())?;
        found.next().ok_or("nothing")?.map_err(|wrong| wrong.reason)
    }

    fn article(body: &str) -> String {
        read(docx(body), "a.docx").unwrap().document.article()
    }

    fn p(words: &str) -> String {
        format!("<w:p><w:r><w:t>{words}</w:t></w:r></w:p>")
    }

    #[test]
    fn paragraphs_are_blocks_and_the_style_of_a_korean_word_tells_the_headline() {
        let title = r#"<w:p w:rsidR="00A1"><w:pPr><w:pStyle w:val="a3"/><w:rPr><w:b/></w:rPr></w:pPr><w:r><w:t xml:space="preserve">다리, </w:t></w:r><w:r><w:t>다시 열려</w:t></w:r></w:p>"#;
        let item = read(
            docx(&format!(
                "{}{title}<w:p/>{}",
                p("보도자료"),
                p("시는 7일 A&amp;B 다리를 열었다.")
            )),
            "a.docx",
        )
        .unwrap();
        assert_eq!(item.document.title(), Some("다리, 다시 열려"));
        assert_eq!(
            item.document.text(),
            "다리, 다시 열려\n\n보도자료\n\n시는 7일 A&B 다리를 열었다."
        );
        assert_eq!(item.published.as_deref(), Some("2026-01-07T01:30:00Z"));
        assert_eq!(item.form, Form::File("docx".into()));
    }

    #[test]
    fn docx_follows_the_plain_text_rules() {
        let body =
            [p("Ministers meet in Seoul"), p("They met on Thursday."), p("subscribe")].concat();
        assert_eq!(article(&body), "Ministers meet in Seoul\n\nThey met on Thursday.");
    }

    #[test]
    fn deleted_and_hidden_text_is_not_read_and_inserted_text_is() {
        let body = r#"<w:p><w:r><w:t>He </w:t></w:r><w:del w:id="1" w:author="k"><w:r><w:delText>never </w:delText><w:t>x</w:t></w:r></w:del><w:ins w:id="2"><w:r><w:t>often </w:t></w:r></w:ins><w:moveFrom><w:r><w:t>away</w:t></w:r></w:moveFrom><w:r><w:rPr><w:vanish/></w:rPr><w:t>secretly </w:t><w:tab/></w:r><w:r><w:rPr><w:vanish w:val="0"/></w:rPr><w:t>came.</w:t></w:r></w:p>"#;
        assert_eq!(article(body), "He often came.");
    }

    #[test]
    fn tabs_breaks_and_fields_are_read_as_printed() {
        let body = r#"<w:p><w:pPr><w:tabs><w:tab w:val="left" w:pos="720"/></w:tabs><w:rPr><w:vanish/></w:rPr></w:pPr><w:r><w:t>Name</w:t><w:tab/><w:t>Kim.</w:t><w:br/><w:t>E</w:t><w:noBreakHyphen/><w:t>mail: </w:t></w:r><w:r><w:fldChar w:fldCharType="begin"/></w:r><w:r><w:instrText>HYPERLINK "mailto:x"</w:instrText></w:r><w:hyperlink><w:r><w:t>none
 yet.</w:t></w:r></w:hyperlink></w:p>"#;
        assert_eq!(
            read(docx(body), "a.docx").unwrap().document.text(),
            "Name\tKim.\nE-mail: none  yet."
        );
    }

    #[test]
    fn table_cells_are_in_order_and_a_text_box_follows_its_paragraph() {
        let cell = |words: &str| format!("<w:tc><w:tcPr/>{}</w:tc>", p(words));
        let table = format!(
            "<w:tbl><w:tr>{}{}</w:tr><w:tr>{}</w:tr></w:tbl>",
            cell("One."),
            cell("Two."),
            cell("Three.")
        );
        let inside = format!("<w:txbxContent>{}</w:txbxContent>", p("Boxed."));
        let boxed = format!(
            r#"<w:p><w:r><mc:AlternateContent><mc:Choice Requires="wps"><w:drawing><wps:txbx>{inside}</wps:txbx></w:drawing></mc:Choice><mc:Fallback><w:pict><v:textbox>{inside}</v:textbox></w:pict></mc:Fallback></mc:AlternateContent></w:r><w:r><w:t>Around.</w:t></w:r></w:p>"#
        );
        assert_eq!(article(&(table + &boxed)), "One.\n\nTwo.\n\nThree.\n\nAround.\n\nBoxed.");
    }

    #[test]
    fn documents_and_other_zips_are_recognized_without_a_file_name() {
        let zip = docx(&p("They met."));
        assert_eq!(detect("standard input", &zip).name, "docx");
        assert_eq!(read(zip, "standard input").unwrap().document.article(), "They met.");
        let error = read(zip_of(&[("xl/workbook.xml", "")]), "a.docx").unwrap_err();
        assert_eq!(error, "a.docx is not DOCX: it is XLSX; rename it to end in .xlsx");
        let error = read(zip_of(&[("word/document.xml", "<w:p><w:t>x")]), "a.docx").unwrap_err();
        assert_eq!(error, "a.docx is damaged: its XML ends in the middle");
        assert_eq!(read(docx("<w:p/>"), "a.docx").unwrap_err(), "a.docx has no text");
        assert!(
            read(zip_of(&[("word/x.xml", "")]), "a.docx")
                .unwrap_err()
                .contains("no word/document.xml")
        );
    }

    #[test]
    fn the_main_document_is_found_through_the_package_relations() {
        let rels = RELS.replace("word/document.xml", "/word/document2.xml");
        let zip = zip_of(&[("_rels/.rels", &rels), ("word/document2.xml", &p("They met."))]);
        assert_eq!(read(zip, "a.docx").unwrap().document.article(), "They met.");
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(400))]
        #[test]
        fn no_change_to_a_document_makes_it_panic(changes in proptest::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..8), cut in any::<Option<prop::sample::Index>>()) {
            let mut bytes = docx(&p("They met on Thursday."));
            for (at, byte) in changes {
                let at = at.index(bytes.len());
                bytes[at] = byte;
            }
            if let Some(cut) = cut {
                bytes.truncate(cut.index(bytes.len()));
            }
            let _ = read(bytes, "a.docx");
        }

        #[test]
        fn no_xml_makes_it_panic(xml in "(<w:(p|r|t|del|pPr|vanish|br|style)/?>|</w:(p|r|t|del|pPr)>|가|&amp;|&|<|/>){0,30}") {
            if let Ok(item) = read(docx(&xml), "a.docx") {
                super::super::write(&item.document, |_, _| Some("왔다 & <갔다>".into())).unwrap();
            }
            let _ = super::styles(&xml);
        }
    }
}
