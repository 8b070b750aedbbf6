//! Writing glossaries as lines of cells, and what all formats hold of a term.

use super::columns::{FIRST_OF_COMMENT, QUOTE, cells, header_cells};
use super::term::{Term, one_line};

/// The term as every format holds it. The error is a predicate of the file.
pub(super) fn clean(term: &Term) -> Result<Term, String> {
    let words = |words: &[String]| -> Vec<String> {
        words.iter().map(|word| one_line(word)).filter(|word| !word.is_empty()).collect()
    };
    let some =
        |text: &Option<String>| text.as_deref().map(one_line).filter(|text| !text.is_empty());
    let source = one_line(&term.source);
    if source.is_empty() {
        return Err(format!(
            "cannot hold a term without letters, for '{}'",
            one_line(&term.target)
        ));
    }
    let target = one_line(&term.target);
    let target = if target.is_empty() && term.keep { source.clone() } else { target };
    if target.is_empty() {
        return Err(format!("cannot hold the term '{source}' without a translation"));
    }
    Ok(Term {
        source,
        target,
        alternatives: words(&term.alternatives),
        forbid: words(&term.forbid),
        keep: term.keep,
        part_of_speech: some(&term.part_of_speech),
        note: some(&term.note),
        register: term.register,
    })
}

/// A cell in quotation marks is one that would read as another without them: a quoted one, or at
/// the start of a line a comment.
pub(super) fn tab_separated(terms: &[Term]) -> Result<String, String> {
    let cell = |(column, cell): (usize, String)| {
        let is_comment = column == 0 && cell.starts_with(FIRST_OF_COMMENT);
        if is_comment || cell.starts_with(QUOTE) {
            format!("{QUOTE}{}{QUOTE}", cell.replace(QUOTE, "\"\""))
        } else {
            cell
        }
    };
    let line = |cells: Vec<String>| {
        cells.into_iter().enumerate().map(cell).collect::<Vec<_>>().join("\t") + "\n"
    };
    Ok(line(header_cells()) + &terms.iter().map(|term| line(cells(term))).collect::<String>())
}

pub(super) fn comma_separated(terms: &[Term]) -> Result<String, String> {
    let mut writer = csv::WriterBuilder::new()
        .comment(u8::try_from(FIRST_OF_COMMENT).ok())
        .from_writer(Vec::new());
    let rows = std::iter::once(header_cells()).chain(terms.iter().map(cells));
    for row in rows {
        writer.write_record(row).map_err(|error| error.to_string())?;
    }
    let bytes = writer.into_inner().map_err(|error| error.to_string())?;
    String::from_utf8(bytes).map_err(|error| error.to_string())
}
