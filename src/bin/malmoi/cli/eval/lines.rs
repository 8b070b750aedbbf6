//! Outputs and references: a line each, or the output texts of a file of pairs.

use std::io::Read as _;
use std::path::Path;

use anyhow::{Result, bail};
use malmoi::Error;
use malmoi::formats::{self, PAIR_FORMATS, PairLanguages, Unreadable};

/// A side of the pairs of a file.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Side {
    Source,
    Output,
}

/// Reads the texts of a file: a side of its pairs if its name says so, otherwise its lines. An
/// empty line is an empty text.
pub(super) fn read(path: &Path, side: Side) -> Result<Vec<String>> {
    let name = path.display().to_string();
    let file = std::fs::File::open(path).map_err(|error| Error::io("read", path, error))?;
    let ending = path.extension().unwrap_or_default().to_string_lossy().to_lowercase();
    if PAIR_FORMATS.iter().any(|format| format.extensions.contains(&ending.as_str())) {
        let mut texts = Vec::new();
        for pair in formats::pairs(file, &name, PairLanguages::default())? {
            match pair {
                Ok(pair) if side == Side::Source => texts.push(pair.source),
                Ok(pair) => texts.push(pair.output),
                Err(Unreadable { place, reason, .. }) => bail!("{name} {place} {reason}"),
            }
        }
        if texts.is_empty() {
            bail!("{name} holds no pairs");
        }
        return Ok(texts);
    }
    let mut bytes = Vec::new();
    let mut file = file;
    file.read_to_end(&mut bytes).map_err(|error| Error::io("read", path, error))?;
    let text = String::from_utf8(bytes).map_err(|error| {
        let valid = &error.as_bytes()[..error.utf8_error().valid_up_to()];
        let line = valid.iter().filter(|byte| **byte == b'\n').count() + 1;
        anyhow::anyhow!("{name} is not UTF-8 in line {line}; convert it to UTF-8 first")
    })?;
    let text = text.strip_prefix('\u{feff}').unwrap_or(&text);
    if text.trim().is_empty() {
        bail!("{name} is empty");
    }
    let text = text.strip_suffix('\n').unwrap_or(text);
    let line = |line: &str| line.strip_suffix('\r').unwrap_or(line).to_string();
    Ok(text.split('\n').map(line).collect())
}

/// Reads files whose lines belong together.
pub(super) fn read_all(paths: &[&Path]) -> Result<Vec<Vec<String>>> {
    let read = |path: &&Path| read(path, Side::Output);
    let files: Vec<Vec<String>> = paths.iter().map(read).collect::<Result<_>>()?;
    let lengths: Vec<(&Path, usize)> =
        paths.iter().copied().zip(files.iter().map(Vec::len)).collect();
    check_lengths(&lengths)?;
    Ok(files)
}

/// Fails if files have other numbers of lines than the first.
pub(super) fn check_lengths(files: &[(&Path, usize)]) -> Result<()> {
    let Some((first, lines)) = files.first() else { return Ok(()) };
    for (path, count) in files {
        if count != lines {
            bail!(
                "{} has {lines} lines and {} has {count}; line n of all files must belong together",
                first.display(),
                path.display()
            );
        }
    }
    Ok(())
}
