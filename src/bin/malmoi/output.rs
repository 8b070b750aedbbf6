//! Where results go: standard output, or a file that appears whole or not at all.

use std::borrow::Cow;
use std::io::{ErrorKind, IsTerminal, Write};
use std::path::Path;

use anyhow::{Context, Result, bail};
use malmoi::Error;
use malmoi::files;

/// Marks that the other end of a pipe was closed, which is no failure.
#[derive(Debug, thiserror::Error)]
#[error("the reader of the output went away")]
struct ReaderLeft;

pub(crate) fn reader_left(error: &anyhow::Error) -> bool {
    error.downcast_ref::<ReaderLeft>().is_some()
}

/// A text without the characters a terminal obeys instead of showing: C0 and C1 controls but tab
/// and line feed, line separators, and the marks that change the direction of letters.
pub(crate) fn harmless(text: &str) -> Cow<'_, str> {
    let obeyed = |c: char| match c {
        '\n' | '\t' => false,
        '\u{61C}' | '\u{200E}' | '\u{200F}' | '\u{2028}'..='\u{202E}' | '\u{2066}'..='\u{2069}' => {
            true
        }
        c => c.is_control(),
    };
    match text.contains(obeyed) {
        true => text.chars().filter(|c| !obeyed(*c)).collect::<String>().into(),
        false => text.into(),
    }
}

/// Writes a piece of the result to standard output at once; a terminal gets what is [`harmless`].
pub(crate) fn print(text: &str) -> Result<()> {
    let mut out = std::io::stdout().lock();
    let text = if out.is_terminal() { harmless(text) } else { text.into() };
    match out.write_all(text.as_bytes()).and_then(|()| out.flush()) {
        Err(error) if error.kind() == ErrorKind::BrokenPipe => Err(ReaderLeft.into()),
        other => other.context("cannot write to standard output"),
    }
}

/// Whether a result can be written to a file, before any work is done for it. Unless `force`, it
/// must be none of the files that are read.
pub(crate) fn check(path: Option<&Path>, read: &[&Path], force: bool) -> Result<()> {
    let Some(path) = path else { return Ok(()) };
    if let Some(input) = read.iter().find(|input| !force && files::is_same_file(path, input)) {
        bail!(
            "{} is the file that is read ({}): name another with `-o`, or add --force to overwrite it",
            path.display(),
            input.display()
        );
    }
    match std::fs::metadata(path) {
        Ok(found) if found.is_dir() => {
            bail!("{} is a folder: name a file with `-o`", path.display())
        }
        Ok(found) if !found.is_file() => return Ok(()),
        _ => {}
    }
    let folder =
        path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    files::check_writable(folder).map_err(|e| Error::io("write into", folder, e))?;
    Ok(())
}

/// Writes a result to a file, or to standard output where none is named. A pipe or a device is
/// written to; it is not replaced by a file.
pub(crate) fn write(path: Option<&Path>, text: &str) -> Result<()> {
    let Some(path) = path else { return print(text) };
    let written =
        match std::fs::metadata(path).is_ok_and(|found| !found.is_file() && !found.is_dir()) {
            true => std::fs::OpenOptions::new()
                .write(true)
                .open(path)
                .and_then(|mut out| out.write_all(text.as_bytes())),
            false => files::replace(path, |out| out.write_all(text.as_bytes())),
        };
    written.with_context(|| format!("cannot write {}", path.display()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_terminal_is_told_nothing_by_a_text() {
        for (text, shown) in [
            ("won\u{1b}[31m \u{9b}31m\u{90}q", "won[31m 31mq"),
            ("\u{1b}]52;c;cHduZWQ=\u{7} a\rb\u{8}", "]52;c;cHduZWQ= ab"),
            ("\u{202e}evil\u{2066} \u{200f}x\u{2028}y", "evil xy"),
        ] {
            assert_eq!(harmless(text), shown);
        }
        assert!(matches!(harmless("해민항 - the port\n\topened 👩\u{200d}🚒"), Cow::Borrowed(_)));
    }
}
