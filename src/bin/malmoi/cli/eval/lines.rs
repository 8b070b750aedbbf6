//! Outputs and references: a line each, or the output texts of a file of pairs.

use std::io::Read as _;
use std::path::Path;

use anyhow::{Result, bail};
use malmoi::Error;
use malmoi::formats::{self, PAIR_FORMATS, PairLanguages, Unreadable};

/// Reads the texts of a file: those of pairs if its name says so, otherwise its lines. An empty
/// line is an empty text.
pub(super) fn read(path: &Path) -> Result<Vec<String>> {
    let name = path.display().to_string();
    let file = std::fs::File::open(path).map_err(|error| Error::io("read", path, error))?;
    let ending = path.extension().unwrap_or_default().to_string_lossy().to_lowercase();
    if PAIR_FORMATS.iter().any(|format| format.extensions.contains(&ending.as_str())) {
        let mut texts = Vec::new();
        for pair in formats::pairs(file, &name, PairLanguages::default())? {
            match pair {
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
    let files: Vec<Vec<String>> = paths.iter().map(|path| read(path)).collect::<Result<_>>()?;
    let Some(first) = files.first() else { return Ok(files) };
    for (path, file) in paths.iter().zip(&files) {
        if file.len() != first.len() {
            bail!(
                "{} has {} lines and {} has {}; line n of all files must belong together",
                paths[0].display(),
                first.len(),
                path.display(),
                file.len()
            );
        }
    }
    Ok(files)
}
