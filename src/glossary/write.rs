//! Writing glossaries as lines of cells.

use super::columns::{cells, header_cells};
use super::term::Term;

/// Tabs and line ends within cells become spaces.
pub(super) fn tab_separated(terms: &[Term]) -> Result<String, String> {
    let line = |cells: Vec<String>| {
        let clean = |cell: String| cell.replace(['\t', '\n', '\r'], " ");
        cells.into_iter().map(clean).collect::<Vec<_>>().join("\t") + "\n"
    };
    Ok(line(header_cells()) + &terms.iter().map(|term| line(cells(term))).collect::<String>())
}

pub(super) fn comma_separated(terms: &[Term]) -> Result<String, String> {
    let mut writer = csv::Writer::from_writer(Vec::new());
    let rows = std::iter::once(header_cells()).chain(terms.iter().map(cells));
    for row in rows {
        writer.write_record(row).map_err(|error| error.to_string())?;
    }
    let bytes = writer.into_inner().map_err(|error| error.to_string())?;
    String::from_utf8(bytes).map_err(|error| error.to_string())
}
