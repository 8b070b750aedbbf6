//! XLSX, Excel's format: the texts of cells.
//!
//! Comments, text boxes and the titles of charts are translated with them. Numbers, dates, formulas
//! and the names of sheets are not read. The names of a table's columns
//! are texts of cells that formulas name, so that they stay as they are.

use std::collections::HashSet;

use super::office::{
    self, Dialect, Layout, Office, Opened, PartSource, Role, XLSX, XmlNode, ZipPackage, attribute,
};
use super::{Format, Item, Reader};
use crate::document::Document;

pub(super) const FORMAT: Format = Format {
    name: "xlsx",
    describe: "an XLSX spreadsheet",
    extensions: &["xlsx", "xlsm"],
    title: "XLSX",
    written: "XLSX",
    kept: "numbers, dates, formulas, formats and the names of sheets and columns",
    sniff: |bytes| office::is_zip_with(bytes, b"xl/workbook.xml"),
    read: Reader::Office {
        read: |bytes| OFFICE.read(bytes),
        write: |package, words| OFFICE.write(package, words),
    },
};

const OFFICE: Office = Office {
    name: "xlsx",
    kind: XLSX,
    open,
    beside: Layout::Below,
    preview: None,
    languages: None,
};

fn open(package: &mut ZipPackage) -> Result<Opened, String> {
    let main = office::main_part(package).unwrap_or_else(|| "xl/workbook.xml".to_string());
    let relations = office::relations(package, &main);
    let of_kind = |end: &str| {
        let found = relations.iter().filter(|relation| relation.kind.ends_with(end));
        found.map(|relation| relation.target.clone()).collect::<Vec<_>>()
    };
    // Most programs keep all texts in one part; the others keep them in the sheets.
    let mut names = [of_kind("/sharedStrings"), of_kind("/worksheet")].concat();
    if names.is_empty() {
        names.push("xl/sharedStrings.xml".to_string());
    }
    let mut notes = Vec::new();
    let mut parts: Vec<PartSource> = Vec::new();
    for sheet in of_kind("/worksheet") {
        let relations = office::relations(package, &sheet);
        let is_threaded =
            relations.iter().any(|relation| relation.kind.ends_with("/threadedComment"));
        let mut beside = office::beside(package, &sheet);
        if is_threaded {
            beside.retain(|part| part.apart != Some("comment"));
            notes.push(format!("the comments that answer each other in {sheet} stay as they are"));
        }
        for drawing in relations.into_iter().filter(|other| other.kind.ends_with("/drawing")) {
            beside.extend(office::beside(package, &drawing.target));
            beside.push(PartSource { name: drawing.target, apart: Some("text box") });
        }
        parts.extend(beside);
    }
    let cells = names.into_iter().map(|name| PartSource { name, apart: None });
    let parts: Vec<PartSource> = cells.chain(parts).collect();
    let kept = column_names(package);
    if !kept.is_empty() {
        notes.push("the names of columns stay as they are: formulas name them".to_string());
    }
    let item = Item { notes, ..office::properties(package, Document::default()) };
    Ok(Opened { parts, dialect: dialect(), item, kept })
}

/// Names of the columns of tables, and of the fields of pivot tables.
fn column_names(package: &mut ZipPackage) -> HashSet<String> {
    let is_table = |name: &String| {
        name.starts_with("xl/tables/") || name.starts_with("xl/pivotCache/pivotCacheDefinition")
    };
    let parts: Vec<String> = package.names().filter(is_table).collect();
    let mut names = HashSet::new();
    for part in parts {
        let xml = package.part(&part).ok().flatten().unwrap_or_default();
        let _ = office::walk(&xml, &[], |node| {
            let name = match node {
                XmlNode::Open("tableColumn" | "cacheField", start) => attribute(start, "name"),
                XmlNode::Open("s", start) => attribute(start, "v"),
                _ => None,
            };
            // A line feed in a name is written in this way.
            names.extend(name.map(|name| name.replace("_x000a_", "\n").trim().to_string()));
        });
    }
    names
}

fn dialect() -> Dialect {
    Dialect {
        role: Box::new(|name, _| match name {
            "si" | "is" => Role::Paragraph(None),
            // The text of a comment, and a paragraph of a shape or a chart.
            "text" | "p" => Role::Paragraph(None),
            "pPr" => Role::ParagraphProperties,
            "br" => Role::Character('\n'),
            "r" => Role::Run,
            "rPr" => Role::RunProperties,
            "t" => Role::Text,
            // How to read the old words aloud.
            "rPh" | "phoneticPr" => Role::Dropped,
            _ => Role::Object("embedded"),
        }),
        spaces: None,
        styled_tags: false,
        tab: None,
        line_break: None,
        controls_in_text: false,
        breaks_between_runs: false,
        keeps_space: "xml:space=\"preserve\"",
        line_feeds: true,
    }
}
