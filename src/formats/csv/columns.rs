//! The columns of one CSV row, parsed by the `csv` crate.

use ::csv::{ReaderBuilder, StringRecord};

/// Splits one row into its columns.
pub(super) fn columns(row: &str, separator: u8) -> Result<StringRecord, String> {
    let mut reader = ReaderBuilder::new()
        .has_headers(false)
        .flexible(true)
        .delimiter(separator)
        .buffer_capacity(row.len().clamp(1, 1 << 16))
        .from_reader(row.as_bytes());
    let mut columns = StringRecord::new();
    reader.read_record(&mut columns).map_err(|error| format!("is not CSV: {error}"))?;
    Ok(columns)
}
