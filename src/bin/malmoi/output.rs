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
    let failed = || format!("cannot write {}", path.display());
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let mut file = tempfile::NamedTempFile::new_in(folder).with_context(failed)?;
    file.write_all(text.as_bytes()).and_then(|()| file.as_file().sync_all()).with_context(failed)?;
    // Temporary files are for their owner only; results are for whom new files are.
    #[cfg(unix)]
    if let Some(mode) = usual_mode(path) {
        use std::os::unix::fs::PermissionsExt;
        file.as_file().set_permissions(std::fs::Permissions::from_mode(mode)).with_context(failed)?;
    }
    file.persist(path).map_err(|error| error.error).with_context(failed)?;
    Ok(())
}

/// The rights of the file that is replaced, else those of a file anyone may read.
#[cfg(unix)]
fn usual_mode(path: &Path) -> Option<u32> {
    use std::os::unix::fs::PermissionsExt;
    match std::fs::metadata(path) {
        Ok(there) => Some(there.permissions().mode()),
        Err(_) => Some(0o644),
    }
}
