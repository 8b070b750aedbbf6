#![no_main]

use std::io::{Cursor, Write};

use malmoi::formats::{article, write};
use zip::ZipWriter;
use zip::write::SimpleFileOptions;

/// For each format the parts with text, in a package that has nothing else.
const PACKAGES: &[(&str, &[&str])] = &[
    ("a.docx", &["word/document.xml", "word/footnotes.xml"]),
    ("a.hwpx", &["Contents/section0.xml", "Contents/section1.xml"]),
    ("a.pptx", &["ppt/slides/slide1.xml", "ppt/notesSlides/notesSlide1.xml"]),
    ("a.xlsx", &["xl/sharedStrings.xml", "xl/worksheets/sheet1.xml"]),
];
const RELATIONS: &[(&str, &str)] = &[
    (
        "word/_rels/document.xml.rels",
        "<r><Relationship Id='a' Type='/footnotes' Target='footnotes.xml'/></r>",
    ),
    (
        "ppt/_rels/presentation.xml.rels",
        "<r><Relationship Id='a' Type='/slide' Target='slides/slide1.xml'/></r>",
    ),
    ("ppt/presentation.xml", "<p><p:sldId r:id='a'/></p>"),
    (
        "ppt/slides/_rels/slide1.xml.rels",
        "<r><Relationship Id='a' Type='/notesSlide' Target='/ppt/notesSlides/notesSlide1.xml'/></r>",
    ),
    ("xl/workbook.xml", "<w/>"),
    (
        "xl/_rels/workbook.xml.rels",
        "<r><Relationship Id='a' Type='/sharedStrings' Target='sharedStrings.xml'/><Relationship Id='b' Type='/worksheet' Target='worksheets/sheet1.xml'/></r>",
    ),
];

// The input is the XML of two parts, after a byte for the format.
libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    let Some((which, bytes)) = bytes.split_first() else { return };
    let (name, parts) = PACKAGES[usize::from(*which) % PACKAGES.len()];
    let (first, second) =
        bytes.split_at(bytes.iter().position(|byte| *byte == 0).unwrap_or(bytes.len()));
    let folder = parts[0].split('/').next().unwrap_or_default();
    let mut zip = ZipWriter::new(Cursor::new(Vec::new()));
    let stored = SimpleFileOptions::default().compression_method(zip::CompressionMethod::Stored);
    let relations = RELATIONS.iter().filter(|(part, _)| part.starts_with(folder));
    let relations = relations.map(|(part, xml)| (*part, xml.as_bytes()));
    for (part, xml) in [(parts[0], first), (parts[1], second.get(1..).unwrap_or_default())]
        .into_iter()
        .chain(relations)
    {
        zip.start_file(part, stored).unwrap();
        zip.write_all(xml).unwrap();
    }
    let package = zip.finish().unwrap().into_inner();
    let Ok(item) = article(&package, name) else { return };
    let document = item.document;
    assert_eq!(write(&document, |_, _| None).unwrap(), package);
    let same = write(&document, |_, block| Some(document.block_text(block).to_string())).unwrap();
    let back = article(&same, name).expect("what was written is read");
    assert_eq!(back.document.blocks().len(), document.blocks().len());
    let new =
        write(&document, |index, _| Some(format!("<{index}> & 다시\t말\n했다.\u{1}"))).unwrap();
    article(&new, name).expect("new words are read");
});
