//! PPTX, PowerPoint's format: the text of the slides in their order, and the speaker's notes.
//!
//! The title of the first slide is the headline. Notes are no part of the article, but are
//! translated with it, and so are charts, diagrams and comments; layouts are not read.

use std::collections::HashMap;

use super::office::{
    self, Dialect, LanguageCodes, Layout, Office, Opened, PPTX, ParagraphRank, PartSource,
    Relation, Role, XmlNode, ZipPackage, attribute,
};
use super::{Format, Item, Reader};
use crate::document::Document;

pub(super) const FORMAT: Format = Format {
    name: "pptx",
    describe: "a PPTX presentation",
    extensions: &["pptx", "pptm", "ppsx"],
    title: "PPTX",
    written: "PPTX",
    kept: "layouts, pictures, tables, charts and animations; notes are translated",
    sniff: |bytes| office::is_zip_with(bytes, b"ppt/presentation.xml"),
    read: Reader::Office {
        read: |bytes| OFFICE.read(bytes),
        write: |package, words| OFFICE.write(package, words),
    },
};

const OFFICE: Office = Office {
    name: "pptx",
    kind: PPTX,
    open,
    beside: Layout::After,
    preview: None,
    languages: Some(LANGUAGES),
};

const LANGUAGES: LanguageCodes = LanguageCodes {
    parts: &[],
    relabel: |xml, languages| {
        let is_other = |old: &str| office::is_language(old, &languages.from);
        office::with_tags(xml, |name, tag| match name {
            "rPr" | "endParaRPr" | "defRPr" => {
                office::with_value(tag, "lang", office::with_country(&languages.to), is_other)
            }
            _ => None,
        })
    },
};

fn open(package: &mut ZipPackage) -> Result<Opened, String> {
    let main = office::main_part(package).unwrap_or_else(|| "ppt/presentation.xml".to_string());
    let xml = package.part(&main)?.unwrap_or_default();
    let mut slides = in_order(&xml, &office::relations(package, &main))?;
    if slides.is_empty() {
        slides = by_number(package);
    }
    let mut parts = Vec::new();
    for slide in slides {
        let notes = office::relations(package, &slide);
        let beside = office::beside(package, &slide);
        parts.push(PartSource { name: slide, apart: None });
        parts.extend(beside);
        let notes = notes.into_iter().filter(|relation| relation.kind.ends_with("/notesSlide"));
        parts.extend(notes.map(|notes| PartSource { name: notes.target, apart: Some("notes") }));
    }
    let mut notes = office::notes(package, &parts);
    // Newer ones are paragraphs, as the text of shapes.
    let is_old = |part: &PartSource| {
        let xml = package.part(&part.name).ok().flatten().unwrap_or_default();
        part.apart == Some("comment") && xml.contains("<p:text>")
    };
    if parts.iter().any(is_old) {
        notes.push("comments on slides are in an old form and stay as they are".to_string());
    }
    let item = Item { notes, ..office::properties(package, Document::default()) };
    Ok(Opened { parts, dialect: dialect(), item, kept: Default::default() })
}

/// Names of the slides by their numbers, for a presentation that does not list them.
fn by_number(package: &ZipPackage) -> Vec<String> {
    let number = |name: &str| -> Option<u32> {
        name.strip_prefix("ppt/slides/slide")?.strip_suffix(".xml")?.parse().ok()
    };
    let mut slides: Vec<(u32, String)> =
        package.names().filter_map(|name| Some((number(&name)?, name))).collect();
    slides.sort_unstable();
    slides.into_iter().map(|(_, name)| name).collect()
}

/// Names of the slides in their order.
fn in_order(xml: &str, relations: &[Relation]) -> Result<Vec<String>, String> {
    let by_id: HashMap<&str, &str> =
        relations.iter().map(|relation| (&*relation.id, &*relation.target)).collect();
    let mut slides = Vec::new();
    if xml.is_empty() {
        return Ok(slides);
    }
    office::walk(xml, &[], |node| {
        if let XmlNode::Open("sldId", start) = node {
            // Its other number has the same name, but no prefix.
            let mut attributes = start.attributes();
            let attributes = attributes.with_checks(false).flatten();
            let prefixed = attributes.filter(|attribute| attribute.key.prefix().is_some());
            let names = prefixed.filter_map(|attribute| by_id.get(&*attribute.value));
            slides.extend(names.map(|name| (*name).to_string()));
        }
    })?;
    Ok(slides)
}

fn dialect() -> Dialect {
    Dialect {
        role: Box::new(|name, start| match name {
            "p" => Role::Paragraph(None),
            "pPr" => Role::ParagraphProperties,
            "r" => Role::Run,
            "rPr" => Role::RunProperties,
            "t" => Role::Text,
            "br" => Role::Character('\n'),
            // The number of the slide, or the date.
            "fld" => Role::Fixed("slide-number"),
            "endParaRPr" => Role::Trailing,
            "sp" => Role::Shape,
            "ph" => {
                let kind = attribute(start, "type").unwrap_or_default();
                let is_title = matches!(&*kind, "title" | "ctrTitle");
                Role::ShapeRank(is_title.then_some(ParagraphRank::Title))
            }
            "AlternateContent" => Role::Alternatives,
            "Fallback" => Role::Copy,
            _ => Role::Object("embedded"),
        }),
        spaces: None,
        styled_tags: false,
        tab: None,
        line_break: Some("br"),
        controls_in_text: false,
        breaks_between_runs: true,
        keeps_space: "",
        line_feeds: false,
    }
}
