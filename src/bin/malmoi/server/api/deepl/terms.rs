//! Terms as clients send and read them: tables with a term and its translation on each line.

use std::collections::HashSet;

use malmoi::LanguagePair;
use serde_json::Value;

use super::super::super::glossaries::Dictionary;
use super::super::super::incoming::Incoming;
use super::super::language;
use super::fields::{missing, needed};
use crate::engine::Failure;

/// The dictionary of a request: `source_lang`, `target_lang`, `entries`, `entries_format`.
pub(super) fn dictionary(fields: &Value) -> Result<Dictionary, Failure> {
    let field = |name: &str| {
        let value = fields.get(name).and_then(Value::as_str);
        value.filter(|value| !value.trim().is_empty()).ok_or_else(|| missing(name))
    };
    let LanguagePair { from, to } = pair(field("source_lang")?, field("target_lang")?)?;
    let delimiter = match fields.get("entries_format") {
        None | Some(Value::Null) => b'\t',
        Some(Value::String(format)) if format == "tsv" => b'\t',
        Some(Value::String(format)) if format == "csv" => b',',
        Some(_) => return Err(Failure::Invalid("`entries_format` must be tsv or csv".into())),
    };
    Ok(Dictionary { from, to, terms: read(field("entries")?, delimiter)? })
}

/// The direction that a request names.
pub(super) fn direction(incoming: &Incoming) -> Result<LanguagePair, Failure> {
    let field = |name: &str| needed(incoming, name);
    pair(&field("source_lang")?, &field("target_lang")?)
}

fn pair(from: &str, to: &str) -> Result<LanguagePair, Failure> {
    let languages = LanguagePair { from: language(from)?, to: language(to)? };
    match languages.from == languages.to {
        true => Err(Failure::Invalid("a glossary needs two languages".into())),
        false => Ok(languages),
    }
}

/// The terms of a table: the first two columns of each line.
fn read(table: &str, delimiter: u8) -> Result<Vec<(String, String)>, Failure> {
    let mut reader = csv::ReaderBuilder::new()
        .delimiter(delimiter)
        .has_headers(false)
        .flexible(true)
        // Quotation marks of TSV are part of the words.
        .quoting(delimiter == b',')
        .from_reader(table.as_bytes());
    let mut terms: Vec<(String, String)> = Vec::new();
    let mut known = HashSet::new();
    for (index, record) in reader.records().enumerate() {
        let wrong = |what: &str| Failure::Invalid(format!("line {} {what}", index + 1));
        let record = record.map_err(|_| wrong("is not a pair of terms"))?;
        let side = |column| record.get(column).map(str::trim).filter(|side| !side.is_empty());
        let (Some(source), Some(target)) = (side(0), side(1)) else {
            return Err(wrong("is not a pair of terms"));
        };
        if source.contains(char::is_control) || target.contains(char::is_control) {
            return Err(wrong("has a control character in a term"));
        }
        if !known.insert(source.to_string()) {
            return Err(wrong("has a term that stands before it"));
        }
        terms.push((source.into(), target.into()));
    }
    Ok(terms)
}

/// A table with tabs.
pub(super) fn written(dictionary: &Dictionary) -> String {
    dictionary.terms.iter().map(|(source, target)| format!("{source}\t{target}\n")).collect()
}
