//! Elements where no format has them, found by mutation: the file is written so that it can be read
//! again, with all its paragraphs.

use super::container::tests::zip_of;
use crate::document::Document;
use crate::formats::{read, write};

/// A file with one part of text.
fn file(name: &str, xml: &str) -> Vec<u8> {
    let slide = "<Relationship Id='a' Type='/slide' Target='slides/slide1.xml'/>";
    match name {
        "a.docx" => zip_of(&[("word/document.xml", xml)]),
        _ => zip_of(&[
            ("ppt/presentation.xml", "<p:presentation><p:sldId r:id='a'/></p:presentation>"),
            ("ppt/_rels/presentation.xml.rels", &format!("<Relationships>{slide}</Relationships>")),
            ("ppt/slides/slide1.xml", xml),
        ]),
    }
}

/// The words of a file's blocks after they were replaced, as the file is read again.
#[track_caller]
fn replaced(name: &str, xml: &str) -> Vec<String> {
    let bytes = file(name, xml);
    let document = read(&bytes, name).unwrap();
    assert_eq!(write(&document, |_, _| None).unwrap(), bytes);
    let words = |document: &Document| {
        let words = document.blocks().iter().map(|block| document.block_text(block).to_string());
        words.collect::<Vec<_>>()
    };
    let same = write(&document, |_, block| Some(document.block_text(block).to_string())).unwrap();
    assert_eq!(words(&read(&same, name).unwrap()), words(&document));
    let new = write(&document, |index, _| Some(format!("{index}번째 글이다."))).unwrap();
    words(&read(&new, name).unwrap())
}

#[test]
fn properties_after_a_paragraph_inside_a_paragraph_keep_both_paragraphs() {
    let inside = "<w:p><w:p><w:t>Inside.</w:t></w:p><w:pPr></w:pPr><w:t>Around.</w:t></w:p>";
    assert_eq!(replaced("a.docx", inside), ["0번째 글이다.", "1번째 글이다."]);
    let inside = "<a:p><a:p><a:t>Inside.</a:t></a:p><a:pPr></a:pPr><a:t>Around.</a:t></a:p>";
    assert_eq!(replaced("a.pptx", inside), ["0번째 글이다.", "1번째 글이다."]);
}

#[test]
fn properties_of_a_paragraph_inside_a_run_or_a_text_are_moved_whole() {
    for (name, xml) in [
        ("a.docx", "<w:p><w:r><w:pPr></w:pPr><w:t>Rain.</w:t></w:r></w:p>"),
        ("a.docx", "<w:p><w:r><a:pPr/><w:t>Rain.</w:t></w:r></w:p>"),
        ("a.docx", "<w:p><w:t><w:pPr></w:pPr>Rain.</w:t></w:p>"),
        ("a.docx", "<w:p><w:t>Rain.<w:pPr></w:pPr></w:t></w:p>"),
        ("a.pptx", "<a:p><a:r><a:pPr/><a:t>Rain.</a:t></a:r></a:p>"),
    ] {
        assert_eq!(replaced(name, xml), ["0번째 글이다."], "{xml}");
    }
}

#[test]
fn a_link_with_a_run_inside_a_run_is_moved_whole() {
    let link = "<w:p><w:r><w:hyperlink><w:r></w:r></w:hyperlink><w:t>Rain.</w:t></w:r></w:p>";
    assert_eq!(replaced("a.docx", link), ["0번째 글이다."]);
}

#[test]
fn characters_that_xml_forbids_are_no_words_and_line_feeds_by_number_are() {
    let slide = "<a:p><a:t>Rain.</a:t></a:p><a:p><a:t>\u{1b}</a:t></a:p>";
    assert_eq!(replaced("a.pptx", slide), ["0번째 글이다."]);
    let bytes = file("a.docx", "<w:p><w:t>Rain\u{7}&#13;&#10;fell&#9;here.</w:t></w:p>");
    assert_eq!(read(&bytes, "a.docx").unwrap().text(), "Rain fell\there.");
}
