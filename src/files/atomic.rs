//! Atomic writes: a file appears whole or not at all. Knows nothing of the contents.

use std::fs::File;
use std::io::{Result, Write};
use std::path::Path;
use std::time::Duration;

/// Writes a temporary file in the same folder, syncs it to the disk and renames it to `path`.
/// After an error the file that was at `path` is unchanged.
///
/// A new file gets the usual permissions (0666 minus the umask); a file that replaces a regular
/// file gets the permissions of that file. A symbolic link at `path` is replaced, not followed.
///
/// ```
/// use std::io::Write;
///
/// let folder = tempfile::tempdir()?;
/// let path = folder.path().join("summary.txt");
/// malmoi::internals::files::replace(&path, |out| out.write_all("끝".as_bytes()))?;
/// let full = |_: &mut dyn Write| Err(std::io::Error::other("the disk is full"));
/// assert!(malmoi::internals::files::replace(&path, full).is_err());
/// assert_eq!(std::fs::read_to_string(&path)?, "끝");
/// # Ok::<(), std::io::Error>(())
/// ```
pub fn replace(path: &Path, fill: impl FnOnce(&mut dyn Write) -> Result<()>) -> Result<()> {
    let folder = write(path, fill, Durability::Synced)?;
    sync_folder(folder)
}

/// Prefix of temporary files.
const TEMPORARY_PREFIX: &str = ".malmoi-";

/// Like [`replace`], without the sync: a power failure may undo the write. For files that can be
/// made again.
pub fn replace_unsynced(
    path: &Path,
    fill: impl FnOnce(&mut dyn Write) -> Result<()>,
) -> Result<()> {
    write(path, fill, Durability::Unsynced).map(drop)
}

/// Writes a small file that only its owner can read and write, and its folder if there is none.
/// Like [`replace_unsynced`] otherwise.
pub(super) fn replace_private(path: &Path, bytes: &[u8]) -> Result<()> {
    let folder = folder_of(path);
    std::fs::create_dir_all(folder)?;
    // Temporary files have the mode 0600.
    let mut file = tempfile::Builder::new().prefix(TEMPORARY_PREFIX).tempfile_in(folder)?;
    file.write_all(bytes)?;
    file.persist(path).map(drop).map_err(|error| error.error)
}

fn folder_of(path: &Path) -> &Path {
    path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."))
}

/// Whether a write survives a power failure.
#[derive(PartialEq)]
enum Durability {
    Synced,
    Unsynced,
}

/// Writes a file and renames it to `path`. Returns its folder, whose entry is not synced yet.
fn write(
    path: &Path,
    fill: impl FnOnce(&mut dyn Write) -> Result<()>,
    durability: Durability,
) -> Result<&Path> {
    let folder = folder_of(path);
    let mut builder = tempfile::Builder::new();
    builder.prefix(TEMPORARY_PREFIX);
    #[cfg(unix)]
    let permissions = {
        use std::os::unix::fs::PermissionsExt;
        // The umask applies to permissions at creation. A file that replaces another is readable by
        // its owner only until it is complete: the other may have been private.
        let old = std::fs::symlink_metadata(path).ok().filter(|old| old.is_file());
        let permissions = old.map(|old| old.permissions());
        let first = if permissions.is_some() { 0o600 } else { 0o666 };
        builder.permissions(std::fs::Permissions::from_mode(first));
        permissions
    };
    let mut file = builder.tempfile_in(folder)?;
    let mut out = BlockWriter { file: file.as_file_mut(), block: Vec::new() };
    fill(&mut out)?;
    out.flush()?;
    #[cfg(unix)]
    if let Some(permissions) = permissions {
        file.as_file().set_permissions(permissions)?;
    }
    if durability == Durability::Synced {
        file.as_file().sync_all()?;
    }
    file.persist(path).map_err(|error| error.error)?;
    Ok(folder)
}

/// Writes blocks of 2 MiB at multiples of their size, so that Linux caches the file in large
/// pages, which later mappings use.
struct BlockWriter<'f> {
    file: &'f mut File,
    block: Vec<u8>,
}

impl BlockWriter<'_> {
    const SIZE: usize = 2 << 20;
}

impl Write for BlockWriter<'_> {
    fn write(&mut self, bytes: &[u8]) -> Result<usize> {
        let taken = bytes.len().min(Self::SIZE - self.block.len());
        self.block.extend(&bytes[..taken]);
        if self.block.len() == Self::SIZE {
            self.flush()?;
        }
        Ok(taken)
    }

    fn flush(&mut self) -> Result<()> {
        self.file.write_all(&self.block)?;
        self.block.clear();
        Ok(())
    }
}

/// Removes temporary files that a killed program left in a folder and that were not written to for
/// `unused_for`.
pub fn remove_stale_temporaries(folder: &Path, unused_for: Duration) -> Result<()> {
    for entry in std::fs::read_dir(folder)? {
        let entry = entry?;
        let is_ours = entry.file_name().to_string_lossy().starts_with(TEMPORARY_PREFIX);
        // Another program may have removed it meanwhile.
        let Ok(metadata) = entry.metadata() else { continue };
        // A time in the future (the clock was set back) counts as now.
        let is_unused =
            metadata.modified().is_ok_and(|time| time.elapsed().unwrap_or_default() >= unused_for);
        if is_ours && is_unused && metadata.is_file() {
            match std::fs::remove_file(entry.path()) {
                Err(error) if error.kind() != std::io::ErrorKind::NotFound => return Err(error),
                _ => {}
            }
        }
    }
    Ok(())
}

/// Syncs a folder to the disk, and with it the names of the files in it.
pub fn sync_folder(folder: &Path) -> Result<()> {
    if cfg!(unix) { File::open(folder)?.sync_all() } else { Ok(()) }
}

/// Fails if no file can be made in a folder: makes a temporary one and removes it.
pub fn check_writable(folder: &Path) -> Result<()> {
    tempfile::Builder::new().prefix(TEMPORARY_PREFIX).tempfile_in(folder)?.close()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    #[cfg(unix)]
    fn permissions_come_from_the_umask_or_the_replaced_file_and_links_are_not_followed() {
        use std::os::unix::fs::PermissionsExt;
        let folder = tempfile::tempdir().unwrap();
        let mode =
            |path: &Path| std::fs::symlink_metadata(path).unwrap().permissions().mode() & 0o777;
        // A file made without permissions of its own shows the umask.
        let plain = folder.path().join("plain");
        File::create(&plain).unwrap();
        let new = folder.path().join("new");
        replace(&new, |out| out.write_all(b"1")).unwrap();
        assert_eq!(mode(&new), mode(&plain));
        std::fs::set_permissions(&new, std::fs::Permissions::from_mode(0o640)).unwrap();
        replace(&new, |out| out.write_all(b"2")).unwrap();
        assert_eq!(mode(&new), 0o640);
        let link = folder.path().join("link");
        std::os::unix::fs::symlink(&plain, &link).unwrap();
        replace(&link, |out| out.write_all(b"3")).unwrap();
        assert!(std::fs::symlink_metadata(&link).unwrap().is_file());
        assert_eq!(std::fs::read(&plain).unwrap(), b"", "the target of the link is unchanged");
    }
}
