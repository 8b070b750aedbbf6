//! TSV and CSV: a term in each line. Columns are named in a first line, or are source, target and
//! note, as in OmegaT's glossaries.

use super::term::Term;
use crate::language::Register;

/// Separates alternatives in a cell.
const SEPARATOR: char = '|';

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
    lines: impl Iterator<Item = (usize, Vec<&'c str>)>,
    separator: &str,
) -> Result<Vec<Term>, String> {
    let mut terms = Vec::new();
    let mut columns: Option<Vec<Column>> = None;
    for (number, cells) in lines {
        let cells: Vec<&str> = cells.into_iter().map(str::trim).collect();
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
fn header(cells: &[&str]) -> Option<Vec<Column>> {
    let column = |cell: &&str| {
        let cell = cell.to_lowercase();
        NAMES.iter().find(|(_, names)| names.contains(&&*cell)).map(|(column, _)| *column)
    };
    let columns: Vec<Column> = cells.iter().map(column).collect::<Option<_>>()?;
    let has = |column| columns.contains(&column);
    (has(Column::Source) && (has(Column::Target) || has(Column::Keep))).then_some(columns)
}

fn term(
    number: usize,
    cells: &[&str],
    columns: &[Column],
    separator: &str,
) -> Result<Term, String> {
    let cell = |column| {
        let at = columns.iter().position(|other| *other == column)?;
        cells.get(at).copied().filter(|cell| !cell.is_empty())
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
    let words = |cell: Option<&str>| -> Vec<String> {
        let words = cell.into_iter().flat_map(|cell| cell.split(SEPARATOR)).map(str::trim);
        words.filter(|word| !word.is_empty()).map(str::to_string).collect()
    };
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
    let joined = |words: &[String]| words.join(&SEPARATOR.to_string());
    let targets: Vec<String> = term.renderings().map(str::to_string).collect();
    let register = term.register.map(Register::as_str).unwrap_or_default();
    vec![
        term.source.clone(),
        joined(&targets),
        term.note.clone().unwrap_or_default(),
        term.part_of_speech.clone().unwrap_or_default(),
        if term.keep { "yes" } else { "" }.to_string(),
        joined(&term.forbid),
        register.to_string(),
    ]
}

/// Names of all columns.
pub(super) fn header_cells() -> Vec<String> {
    NAMES.iter().map(|(_, names)| names[0].to_string()).collect()
}
