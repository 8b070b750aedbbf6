//! XLSX, Excel's format: the texts of cells.
//!
//! Numbers, dates, formulas and the names of sheets are not read. The names of a table's columns
//! are texts of cells that formulas name, so that they stay as they are.

use std::collections::HashSet;

use super::office::{
    self, Dialect, Layout, Office, Opened, PartSource, Role, XLSX, XmlNode, ZipPackage, attribute,
};
use super::{Format, Reader};
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
    let parts = names.into_iter().map(|name| PartSource { name, apart: None }).collect();
    let kept = column_names(package);
    let item = office::properties(package, Document::default());
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
