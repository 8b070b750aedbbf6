//! TSV and CSV: a term in each line. Columns are named in a first line, or are source, target and
//! note, as in OmegaT's glossaries.

use std::borrow::Cow;

use super::term::{Term, one_line};
use crate::language::Register;

/// Separates alternatives in a cell. A backslash before it makes it a letter.
const SEPARATOR: char = '|';
const ESCAPE: char = '\\';
/// Encloses a cell, within which it is doubled.
pub(super) const QUOTE: char = '"';
/// Begins a line that is no term.
pub(super) const FIRST_OF_COMMENT: char = '#';

/// What a column holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Column {
    Source,
    Target,
    Note,
    PartOfSpeech,
    Keep,
    Forbid,
    Register,
}

/// Names of the columns; the first of each is the one that is written.
const NAMES: &[(Column, &[&str])] = &[
    (Column::Source, &["source", "en", "english", "영어", "원어", "원문"]),
    (Column::Target, &["target", "ko", "korean", "한국어", "번역", "translation"]),
    (Column::Note, &["note", "notes", "comment", "비고", "메모"]),
    (Column::PartOfSpeech, &["pos", "part of speech", "part_of_speech", "품사"]),
    (Column::Keep, &["keep", "유지"]),
    (Column::Forbid, &["forbid", "forbidden", "금지"]),
    (Column::Register, &["register", "문체"]),
];

/// Reads lines of cells, each with its number in the file. The error names the line.
pub(super) fn terms<'c>(
    lines: impl Iterator<Item = (usize, Vec<Cow<'c, str>>)>,
    separator: &str,
) -> Result<Vec<Term>, String> {
    let mut terms = Vec::new();
    let mut columns: Option<Vec<Column>> = None;
    for (number, cells) in lines {
        let cells: Vec<String> = cells.iter().map(|cell| one_line(cell)).collect();
        if cells.iter().all(|cell| cell.is_empty()) {
            continue;
        }
        let Some(columns) = &columns else {
            let (found, is_header) = match header(&cells) {
                Some(named) => (named, true),
                None => (vec![Column::Source, Column::Target, Column::Note], false),
            };
            columns = Some(found);
            if !is_header {
                terms.push(term(
                    number,
                    &cells,
                    columns.as_deref().unwrap_or_default(),
                    separator,
                )?);
            }
            continue;
        };
        terms.push(term(number, &cells, columns, separator)?);
    }
    Ok(terms)
}

/// The columns that a first line names, if all of its cells are names and both texts are there.
fn header(cells: &[String]) -> Option<Vec<Column>> {
    let column = |cell: &String| {
        let cell = cell.to_lowercase();
        NAMES.iter().find(|(_, names)| names.contains(&&*cell)).map(|(column, _)| *column)
    };
    let columns: Vec<Column> = cells.iter().map(column).collect::<Option<_>>()?;
    let has = |column| columns.contains(&column);
    (has(Column::Source) && (has(Column::Target) || has(Column::Keep))).then_some(columns)
}

fn term(
    number: usize,
    cells: &[String],
    columns: &[Column],
    separator: &str,
) -> Result<Term, String> {
    let cell = |column| {
        let at = columns.iter().position(|other| *other == column)?;
        cells.get(at).map(String::as_str).filter(|cell| !cell.is_empty())
    };
    let Some(source) = cell(Column::Source) else {
        return Err(format!("has no term on line {number}"));
    };
    let keep = match cell(Column::Keep).map(str::to_lowercase).as_deref() {
        None | Some("0" | "no" | "false" | "n") => false,
        Some("1" | "yes" | "true" | "y" | "x" | "keep") => true,
        Some(other) => {
            return Err(format!("has '{other}' as keep on line {number}; write yes or no"));
        }
    };
    let register = match cell(Column::Register) {
        None => None,
        Some(word) => Some(Register::parse(word).ok_or_else(|| {
            format!("has '{word}' as register on line {number}; known: handa, hamnida, haeyo")
        })?),
    };
    let words = |cell: Option<&str>| cell.map(separated).unwrap_or_default();
    let mut targets = words(cell(Column::Target)).into_iter();
    let target = match targets.next() {
        Some(target) => target,
        None if keep => source.to_string(),
        None => {
            return Err(format!(
                "has no {separator} between a term and its translation on line {number}"
            ));
        }
    };
    Ok(Term {
        source: source.to_string(),
        target,
        alternatives: targets.collect(),
        forbid: words(cell(Column::Forbid)),
        keep,
        part_of_speech: cell(Column::PartOfSpeech).map(str::to_string),
        note: cell(Column::Note).map(str::to_string),
        register,
    })
}

/// The cells of a term, in the order of [`header_cells`].
pub(super) fn cells(term: &Term) -> Vec<String> {
    let register = term.register.map(Register::as_str).unwrap_or_default();
    vec![
        term.source.clone(),
        joined(term.renderings()),
        term.note.clone().unwrap_or_default(),
        term.part_of_speech.clone().unwrap_or_default(),
        if term.keep { "yes" } else { "" }.to_string(),
        joined(term.forbid.iter().map(String::as_str)),
        register.to_string(),
    ]
}

/// The words of a cell without the empty ones. Of backslashes before a separator two are one, and
/// an odd one makes the separator a letter; elsewhere they are letters.
fn separated(cell: &str) -> Vec<String> {
    let (mut words, mut word) = (Vec::new(), String::new());
    let mut backslashes = 0;
    for c in cell.chars() {
        match c {
            ESCAPE => {
                backslashes += 1;
                continue;
            }
            SEPARATOR => {
                word.extend(std::iter::repeat_n(ESCAPE, backslashes / 2));
                if backslashes % 2 == 0 {
                    words.push(std::mem::take(&mut word));
                } else {
                    word.push(SEPARATOR);
                }
            }
            _ => {
                word.extend(std::iter::repeat_n(ESCAPE, backslashes));
                word.push(c);
            }
        }
        backslashes = 0;
    }
    word.extend(std::iter::repeat_n(ESCAPE, backslashes));
    words.push(word);
    let words = words.into_iter().map(|word| word.trim().to_string());
    words.filter(|word| !word.is_empty()).collect()
}

/// A cell with words, which [`separated`] reads.
fn joined<'w>(words: impl Iterator<Item = &'w str>) -> String {
    let mut cell = String::new();
    for (at, word) in words.enumerate() {
        if at > 0 {
            let last = cell.chars().rev().take_while(|c| *c == ESCAPE).count();
            cell.extend(std::iter::repeat_n(ESCAPE, last));
            cell.push(SEPARATOR);
        }
        let mut backslashes = 0;
        for c in word.chars() {
            if c == SEPARATOR {
                cell.extend(std::iter::repeat_n(ESCAPE, backslashes + 1));
            }
            backslashes = if c == ESCAPE { backslashes + 1 } else { 0 };
            cell.push(c);
        }
    }
    cell
}

/// A cell of a TSV file without its quotation marks; one that is not enclosed in them as a whole
/// stays as it is.
pub(super) fn unquoted(cell: &str) -> Cow<'_, str> {
    let inner = cell.trim().strip_prefix(QUOTE).and_then(|cell| cell.strip_suffix(QUOTE));
    match inner {
        Some(inner) if !inner.replace("\"\"", "").contains(QUOTE) => {
            inner.replace("\"\"", "\"").into()
        }
        _ => cell.into(),
    }
}

/// Names of all columns.
pub(super) fn header_cells() -> Vec<String> {
    NAMES.iter().map(|(_, names)| names[0].to_string()).collect()
}
