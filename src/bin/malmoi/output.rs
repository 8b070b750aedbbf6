//! Where results go: standard output, or a file that appears whole or not at all.

use std::io::{ErrorKind, Write};
use std::path::Path;

use anyhow::{Context, Result};

/// Marks that the other end of a pipe was closed, which is no failure.
#[derive(Debug, thiserror::Error)]
#[error("the reader of the output went away")]
struct ReaderLeft;

pub(crate) fn reader_left(error: &anyhow::Error) -> bool {
    error.downcast_ref::<ReaderLeft>().is_some()
}

/// Writes a piece of the result to standard output at once.
pub(crate) fn print(text: &str) -> Result<()> {
    let mut out = std::io::stdout().lock();
    match out.write_all(text.as_bytes()).and_then(|()| out.flush()) {
        Err(error) if error.kind() == ErrorKind::BrokenPipe => Err(ReaderLeft.into()),
        other => other.context("cannot write to standard output"),
    }
}

/// Writes a result to a file, or to standard output where none is named.
pub(crate) fn write(path: Option<&Path>, text: &str) -> Result<()> {
    let Some(path) = path else { return print(text) };
    malmoi::files::replace(path, |out| out.write_all(text.as_bytes()))
        .with_context(|| format!("cannot write {}", path.display()))
}
