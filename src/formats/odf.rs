//! OpenDocument, LibreOffice's format: texts (ODT), presentations (ODP) and spreadsheets (ODS).
//!
//! Knows where the text is. Headers, footers, notes and comments are no part of the article, but
//! are translated with it. Cells with numbers, dates or formulas, tracked deletions and the names
//! of sheets stay as they are.

use std::collections::HashMap;

use super::office::{
    self, Dialect, LanguageCodes, Layout, ODF, Office, Opened, ParagraphRank, PartSource, Role,
    XmlNode, ZipPackage, attribute,
};
use super::{Format, Item, Reader};
use crate::document::Document;

pub(super) const FORMAT: Format = Format {
    name: "odf",
    describe: "an OpenDocument file",
    extensions: &["odt", "odp", "ods"],
    title: "ODT, ODP, ODS",
    written: "the same format",
    kept: "styles, pictures, tables, fields and links, numbers and formulas",
    sniff: |bytes| office::is_zip_with(bytes, b"application/vnd.oasis.opendocument."),
    read: Reader::Office {
        read: |bytes| OFFICE.read(bytes),
        write: |package, words| OFFICE.write(package, words),
    },
};

const OFFICE: Office = Office {
    name: "odf",
    kind: ODF,
    open,
    beside: Layout::After,
    preview: None,
    languages: Some(LANGUAGES),
};

/// Latin letters and Hangul have languages of their own.
const LANGUAGES: LanguageCodes = LanguageCodes {
    parts: &[CONTENT, STYLES],
    relabel: |xml, languages| {
        let (language, country) = office::with_country(&languages.to).split_once('-')?;
        let is_korean = languages.to == "ko";
        let names = match is_korean {
            true => ["language-asian", "country-asian"],
            false => ["language", "country"],
        };
        office::with_tags(xml, |name, tag| {
            let is_other = |old: &str| match is_korean {
                true => !office::is_language(old, "ko"),
                false => office::is_language(old, &languages.from),
            };
            let is_style = name == "text-properties";
            let tag = is_style.then(|| office::with_value(tag, names[0], language, is_other))??;
            Some(office::with_value(&tag, names[1], country, |_| true).unwrap_or(tag))
        })
    },
};

/// The part with the article, and the one with styles, headers and footers.
const CONTENT: &str = "content.xml";
const STYLES: &str = "styles.xml";

fn open(package: &mut ZipPackage) -> Result<Opened, String> {
    let manifest = package.part("META-INF/manifest.xml").ok().flatten().unwrap_or_default();
    if office::is_encrypted(&manifest) {
        return Err(office::encrypted_error());
    }
    let mut styles = Styles::default();
    for part in [STYLES, CONTENT] {
        styles.add(&package.part(part)?.unwrap_or_default());
    }
    let meta = package.part("meta.xml").ok().flatten().unwrap_or_default();
    let published = office::value(&meta, |name, _| name == "creation-date")
        .or_else(|| office::value(&meta, |name, _| name == "date"));
    let parts = vec![
        PartSource { name: CONTENT.to_string(), apart: None },
        PartSource { name: STYLES.to_string(), apart: Some("page header") },
    ];
    let item = Item { published, ..Item::from(Document::default()) };
    Ok(Opened { parts, dialect: dialect(styles), item, kept: Default::default() })
}

/// What styles say of the words in them.
#[derive(Default)]
struct Styles {
    /// Styles by their names: that of the parent, and the format of the words for findings.
    known: HashMap<String, Style>,
}

#[derive(Default)]
struct Style {
    parent: Option<String>,
    /// Name for people, which styles made by a program have not.
    title: Option<String>,
    format: Option<&'static str>,
}

impl Styles {
    /// Adds the styles of a part; if the rest is damaged, those before it count.
    fn add(&mut self, xml: &str) {
        let mut open: Option<String> = None;
        let _ = office::walk(xml, &[], |node| match node {
            XmlNode::Open("style", start) => {
                open = attribute(start, "name");
                let style = Style {
                    parent: attribute(start, "parent-style-name"),
                    title: attribute(start, "display-name"),
                    format: None,
                };
                if let Some(name) = &open {
                    self.known.insert(name.clone(), style);
                }
            }
            XmlNode::Open("text-properties", start) => {
                let has = |name: &str, is: fn(&str) -> bool| {
                    attribute(start, name).is_some_and(|value| is(&value))
                };
                let named = [
                    ("bold", has("font-weight", |weight| weight == "bold")),
                    ("italic", has("font-style", |style| style == "italic")),
                    ("superscript", has("text-position", |place| place.starts_with("super"))),
                    ("subscript", has("text-position", |place| place.starts_with("sub"))),
                    ("underline", has("text-underline-style", |style| style != "none")),
                    ("strike", has("text-line-through-style", |style| style != "none")),
                ];
                let format = named.into_iter().find(|(_, is_so)| *is_so).map(|(name, _)| name);
                if let Some(style) = open.as_ref().and_then(|name| self.known.get_mut(name)) {
                    style.format = format;
                }
            }
            XmlNode::Close("style") => open = None,
            _ => {}
        });
    }

    /// The rank of a paragraph by its style and that style's parents.
    fn rank(&self, name: &str) -> Option<ParagraphRank> {
        let mut name = name;
        // Parents in a circle end as well.
        for _ in 0..8 {
            let style = self.known.get(name);
            let title = style.and_then(|style| style.title.as_deref()).unwrap_or(name);
            if title == "Title" {
                return Some(ParagraphRank::Title);
            }
            name = style.and_then(|style| style.parent.as_deref())?;
        }
        None
    }

    fn format(&self, name: &str) -> &'static str {
        self.known.get(name).and_then(|style| style.format).unwrap_or("format")
    }
}

fn dialect(styles: Styles) -> Dialect {
    Dialect {
        role: Box::new(move |name, start| {
            let value = |name: &str| attribute(start, name).unwrap_or_default();
            match name {
                "p" => Role::Paragraph(styles.rank(&value("style-name"))),
                "h" => {
                    Role::Paragraph(styles.rank(&value("style-name")).or_else(|| {
                        (value("outline-level") == "1").then_some(ParagraphRank::Heading)
                    }))
                }
                "span" => Role::Container(styles.format(&value("style-name"))),
                "a" => Role::Container("link"),
                "meta" | "meta-field" => Role::Container("field"),
                "s" => Role::Spaces(value("c").parse().unwrap_or(1)),
                "tab" => Role::Character('\t'),
                "line-break" => Role::Character('\n'),
                "soft-page-break" => Role::Dropped,
                "note" => Role::Apart(match &*value("note-class") {
                    "endnote" => "endnote",
                    _ => "footnote",
                }),
                "annotation" => Role::Apart("comment"),
                "annotation-end" => Role::Object("comment"),
                "notes" => Role::Apart("notes"),
                "footer" | "footer-left" | "footer-first" => Role::Apart("page footer"),
                "ruby" => Role::Fixed("ruby"),
                "ruby-text" | "tracked-changes" | "forms" => Role::Hidden("embedded"),
                // A cell's value is in its attributes; its text is how it is shown.
                "table-cell" | "covered-table-cell" => {
                    let is_words = matches!(&*value("value-type"), "" | "string");
                    let is_formula = attribute(start, "formula").is_some();
                    match is_words && !is_formula {
                        true => Role::Object("embedded"),
                        false => Role::Hidden("embedded"),
                    }
                }
                // On a slide a frame is what Word's shape is.
                "frame" if attribute(start, "class").is_some() => {
                    let is_title = value("class") == "title";
                    Role::ShapeRank(is_title.then_some(ParagraphRank::Title))
                }
                "page" => Role::ShapeRank(None),
                "frame" | "image" => Role::Object("image"),
                name if is_field(name) => Role::Fixed("field"),
                "bookmark"
                | "bookmark-start"
                | "bookmark-end"
                | "reference-mark"
                | "reference-mark-start"
                | "reference-mark-end"
                | "change"
                | "change-start"
                | "change-end" => Role::Object("bookmark"),
                _ => Role::Object("embedded"),
            }
        }),
        spaces: Some("s"),
        styled_tags: false,
        tab: Some("tab"),
        line_break: Some("line-break"),
        controls_in_text: false,
        breaks_between_runs: false,
        keeps_space: "",
        line_feeds: false,
    }
}

/// True for a field whose text the program writes.
fn is_field(name: &str) -> bool {
    #[rustfmt::skip]
    const NAMES: &[&str] = &[
        "author-initials", "author-name", "bookmark-ref", "chapter", "conditional-text", "creation-date",
        "creation-time", "creator", "database-display", "date", "description", "editing-cycles",
        "expression", "file-name", "initial-creator", "keywords", "modification-date",
        "modification-time", "note-ref", "number", "page-continuation", "page-count", "page-number",
        "paragraph-count", "placeholder", "print-date", "print-time", "reference-ref", "sequence",
        "sequence-ref", "sheet-name", "subject", "text-input", "time", "title",
        "user-defined", "user-field-get", "variable-get", "variable-set", "word-count",
    ];
    NAMES.contains(&name)
}

#[cfg(test)]
mod tests {
    use std::io::{Cursor, Read as _};

    use proptest::prelude::*;

    use super::super::office::tests::zip_of;
    use super::super::{NewWords, detect, read, repacked, write};

    const STYLES: &str = r#"<office:document-styles><office:styles><style:style style:name="Heading"/><style:style style:name="Title" style:family="paragraph" style:parent-style-name="Heading"/></office:styles><office:master-styles><style:master-page><style:header><text:p>Daily news</text:p></style:header><style:footer><text:p>Page <text:page-number>3</text:page-number></text:p></style:footer></style:master-page></office:master-styles></office:document-styles>"#;
    const AUTOMATIC: &str = r#"<office:automatic-styles><style:style style:name="P1" style:parent-style-name="Title"/><style:style style:name="T1"><style:text-properties fo:font-weight="bold"/></style:style></office:automatic-styles>"#;

    fn odt(body: &str) -> Vec<u8> {
        let content =
            format!("<office:document-content>{AUTOMATIC}{body}</office:document-content>");
        zip_of(&[
            ("mimetype", "application/vnd.oasis.opendocument.text"),
            ("content.xml", &content),
            ("styles.xml", STYLES),
            ("META-INF/manifest.xml", "<manifest:manifest/>"),
        ])
    }

    fn part(bytes: &[u8], name: &str) -> String {
        let mut text = String::new();
        let mut zip = zip::ZipArchive::new(Cursor::new(bytes)).unwrap();
        zip.by_name(name).unwrap().read_to_string(&mut text).unwrap();
        text
    }

    /// The body of a text in which the blocks have new words; those of its page's header stay.
    fn body(source: &str, words: &[&str]) -> String {
        let document = read(&odt(source), "a.odt").unwrap();
        let written =
            write(&document, |index, _| words.get(index).map(|words| (*words).to_string()))
                .unwrap();
        assert_eq!(part(&written, "styles.xml"), STYLES);
        let xml = part(&written, "content.xml");
        let inside = xml.split_once("</office:automatic-styles>").unwrap().1;
        inside.strip_suffix("</office:document-content>").unwrap().to_string()
    }

    #[test]
    fn the_headline_is_in_a_style_of_titles_and_notes_and_comments_are_no_article() {
        let note = r#"<text:note text:note-class="footnote"><text:note-citation>1</text:note-citation><text:note-body><text:p>A note.</text:p></text:note-body></text:note>"#;
        let comment = "<office:annotation><dc:creator>Kim</dc:creator><text:p>Is it so?</text:p></office:annotation>";
        let source = format!(
            "<text:p>Press release</text:p><text:p text:style-name=\"P1\">The port<text:line-break/>opens</text:p><text:p>It rained.{note} Han{comment} spoke.</text:p>"
        );
        let document = read(&odt(&source), "a.odt").unwrap();
        assert_eq!(document.title(), Some("The port opens"));
        assert_eq!(document.article(), "The port opens\n\nPress release\n\nIt rained. Han spoke.");
        let apart: Vec<_> = document.boilerplate().collect();
        assert_eq!(
            apart,
            [
                ("footnote", "A note."),
                ("comment", "Is it so?"),
                ("page header", "Daily news"),
                ("page footer", "Page 3")
            ]
        );
        let xml = body(&source, &["항구 열려", "보도자료", "비가 왔다. Han이 말했다.", "각주다."]);
        let note = note.replace("A note.", "각주다.");
        assert!(
            xml.contains(&format!("<text:p>비가 왔다.{note} Han{comment}이 말했다.</text:p>")),
            "{xml}"
        );
    }

    #[test]
    fn spans_and_links_go_around_the_same_words_and_fields_are_kept() {
        let bold = |words: &str| format!("<text:span text:style-name=\"T1\">{words}</text:span>");
        let link = |words: &str| format!("<text:a xlink:href=\"x\">{words}</text:a>");
        let date = "<text:date>7 May</text:date>";
        let source =
            format!("<text:p>The {} met\n {} on {date}.</text:p>", bold("Hanbit Co."), link("Kim"));
        assert_eq!(
            body(&source, &["7 May에 Kim이 Hanbit Co.를 만났다."]),
            format!("<text:p>{date}에 {}이 {}를 만났다.</text:p>", link("Kim"), bold("Hanbit Co."))
        );
        let document = read(&odt(&source), "a.odt").unwrap();
        let (_, lost) = document.with_markup(&document.blocks()[0], "만났다.".into());
        assert_eq!(lost, ["<bold 0>", "<link 1>", "<field 2>"]);
    }

    #[test]
    fn several_spaces_are_read_and_written_as_elements() {
        let source = "<text:p>  Name  <text:s text:c=\"2\"/>Kim<text:tab/>He\n came.</text:p>";
        let document = read(&odt(source), "a.odt").unwrap();
        assert!(document.article().contains("Name   Kim\tHe came."), "{}", document.article());
        assert_eq!(
            body(source, &["이름   김\t그가 왔다."]),
            "<text:p>이름 <text:s/><text:s/>김<text:tab/>그가 왔다.</text:p>"
        );
        let indented = "<text:p><text:s text:c=\"2\"/>He came.</text:p>";
        assert_eq!(body(indented, &["왔다."]), "<text:p><text:s/><text:s/>왔다.</text:p>");
    }

    #[test]
    fn cells_with_numbers_and_formulas_stay() {
        let cell = |attributes: &str, words: &str| {
            format!("<table:table-cell{attributes}><text:p>{words}</text:p></table:table-cell>")
        };
        let number = cell(" office:value-type=\"float\" office:value=\"12\"", "twelve");
        let formula = cell(" office:value-type=\"string\" table:formula=\"of:=A1\"", "The town");
        let row = |words: &str| {
            [&cell(" office:value-type=\"string\"", words), &*number, &*formula].concat()
        };
        assert_eq!(read(&odt(&row("The town")), "a.ods").unwrap().article(), "The town");
        assert_eq!(body(&row("The town"), &["그 읍"]), row("그 읍"));
    }

    #[test]
    fn a_bilingual_text_has_each_paragraph_twice_and_its_names_once() {
        let source = "<text:p xml:id=\"p1\">They <text:span text:style-name=\"T1\">met</text:span>.<text:bookmark text:name=\"b\"/></text:p>";
        let document = read(&odt(source), "a.odt").unwrap();
        let block = &document.blocks()[0];
        let (marked, _) = document.with_markup(block, "그들은 met.".into());
        let placed = vec![(block.place.clone().unwrap(), marked)];
        let words = NewWords { placed, is_bilingual: true, text: "" };
        let xml = part(&repacked(document.package().unwrap(), words).unwrap(), "content.xml");
        let second = "<text:p>그들은 <text:span text:style-name=\"T1\">met</text:span>.</text:p>";
        assert!(xml.contains(&format!("{source}{second}")), "{xml}");
    }

    #[test]
    fn a_document_is_recognized_and_one_with_a_password_is_named() {
        let bytes = odt("<text:p>They met.</text:p>");
        assert_eq!(detect("standard input", &bytes).name, "odf");
        let manifest = "<m:file-entry><m:encryption-data/></m:file-entry>";
        let bytes = zip_of(&[("content.xml", "\u{1}"), ("META-INF/manifest.xml", manifest)]);
        assert_eq!(
            read(&bytes, "a.odt").unwrap_err().to_string(),
            "a.odt is encrypted; save it without a password first"
        );
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(300))]
        #[test]
        fn any_paragraph_is_written_and_read_again(
            inside in "([a-c가 ]{1,4}|<text:span>|</text:span>|<text:s text:c=\"[0-9]\"/>|<text:tab/>|<text:line-break/>|<text:bookmark/>|<text:a>[a-c]</text:a>|<text:note><text:p>[a-c]</text:p></text:note>|<text:date>[a-c]</text:date>){0,10}",
            words in "[a-c가 ]{0,8}"
        ) {
            let bytes = odt(&format!("<text:p>{inside}</text:p><text:p>They met.</text:p>"));
            if let Ok(document) = read(&bytes, "a.odt") {
                prop_assert_eq!(&write(&document, |_, _| None).unwrap(), &bytes);
                let same = |_, block: &_| Some(document.block_text(block).to_string());
                let back = read(&write(&document, same).unwrap(), "a.odt").unwrap();
                prop_assert_eq!(back.text(), document.text());
                let new = write(&document, |_, _| Some(format!("새 {words}."))).unwrap();
                let xml = part(&new, "content.xml");
                let count = |xml: &str| xml.matches("<text:bookmark/>").count();
                prop_assert_eq!(count(&xml), count(&inside), "{}", xml);
                prop_assert!(read(&new, "a.odt").unwrap().text().contains("새"));
            }
        }
    }
}
