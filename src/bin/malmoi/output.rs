//! Results on standard output, or in a file that appears whole or not at all.

use std::borrow::Cow;
use std::io::{ErrorKind, IsTerminal, Write};
use std::path::Path;

use anyhow::{Context, Result, bail};
use malmoi::Error;
use malmoi::internals::files;

/// The reader of a pipe closed it, which is not a failure.
#[derive(Debug, thiserror::Error)]
#[error("the reader of the output closed it")]
struct ReaderLeft;

pub(crate) fn reader_left(error: &anyhow::Error) -> bool {
    error.downcast_ref::<ReaderLeft>().is_some()
}

/// A text without characters that control a terminal: C0 and C1 controls except tab and line feed,
/// line separators, and bidirectional controls.
pub(crate) fn harmless(text: &str) -> Cow<'_, str> {
    let is_control = |c: char| match c {
        '\n' | '\t' => false,
        '\u{61C}' | '\u{200E}' | '\u{200F}' | '\u{2028}'..='\u{202E}' | '\u{2066}'..='\u{2069}' => {
            true
        }
        c => c.is_control(),
    };
    if text.contains(is_control) {
        text.chars().filter(|c| !is_control(*c)).collect::<String>().into()
    } else {
        text.into()
    }
}

/// Writes and flushes text to standard output; for a terminal, made [`harmless`].
pub(crate) fn print(text: &str) -> Result<()> {
    let mut out = std::io::stdout().lock();
    let text = if out.is_terminal() { harmless(text) } else { text.into() };
    match out.write_all(text.as_bytes()).and_then(|()| out.flush()) {
        Err(error) if error.kind() == ErrorKind::BrokenPipe => Err(ReaderLeft.into()),
        other => other.context("cannot write to standard output"),
    }
}

/// Checks that a result can be written to a file, before any work is done. Without `force` the file
/// must not be an input.
pub(crate) fn check(path: Option<&Path>, read: &[&Path], force: bool) -> Result<()> {
    let Some(path) = path else { return Ok(()) };
    if let Some(input) = read.iter().find(|input| !force && files::is_same_file(path, input)) {
        bail!(
            "{} is an input ({}); choose another output file with `-o`, or add --force to overwrite it",
            path.display(),
            input.display()
        );
    }
    match std::fs::metadata(path) {
        Ok(found) if found.is_dir() => {
            bail!("{} is a folder; choose an output file with `-o`", path.display())
        }
        Ok(found) if !found.is_file() => return Ok(()),
        _ => {}
    }
    let folder =
        path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    files::check_writable(folder).map_err(|e| Error::io("write into", folder, e))?;
    Ok(())
}

/// Writes a result to a file, or to standard output if there is none. A pipe or a device is written
/// to, not replaced.
pub(crate) fn write(path: Option<&Path>, text: &str) -> Result<()> {
    match path {
        Some(_) => write_bytes(path, text.as_bytes()),
        None => print(text),
    }
}

/// Writes a file that is no text in the same way; standard output must not be a terminal.
pub(crate) fn write_bytes(path: Option<&Path>, bytes: &[u8]) -> Result<()> {
    let Some(path) = path else {
        let mut out = std::io::stdout().lock();
        return match out.write_all(bytes).and_then(|()| out.flush()) {
            Err(error) if error.kind() == ErrorKind::BrokenPipe => Err(ReaderLeft.into()),
            other => other.context("cannot write to standard output"),
        };
    };
    let is_special = |metadata: std::fs::Metadata| !metadata.is_file() && !metadata.is_dir();
    let written = if std::fs::metadata(path).is_ok_and(is_special) {
        let out = std::fs::OpenOptions::new().write(true).open(path);
        out.and_then(|mut out| out.write_all(bytes))
    } else {
        files::replace(path, |out| out.write_all(bytes))
    };
    written.with_context(|| format!("cannot write {}", path.display()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_cannot_control_a_terminal() {
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
