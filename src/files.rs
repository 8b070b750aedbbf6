//! Files that appear whole or not at all, and are on the disk when they do. Knows nothing of what
//! is in them.

use std::fs::File;
use std::io::{Result, Write};
use std::path::Path;
use std::time::Duration;

/// Writes a file beside its place, forces it to the disk and gives it its name. Where anything
/// fails, the file that stood at the name before stays.
///
/// A new file has the rights of any new file (0666 less the umask), one that replaces a regular
/// file has the rights of that file. A link at the name is replaced, never followed.
///
/// ```
/// let folder = tempfile::tempdir()?;
/// let path = folder.path().join("summary.txt");
/// malmoi::files::replace(&path, |out| out.write_all("끝".as_bytes()))?;
/// assert!(malmoi::files::replace(&path, |_| Err(std::io::Error::other("the disk is full"))).is_err());
/// assert_eq!(std::fs::read_to_string(&path)?, "끝");
/// # Ok::<(), std::io::Error>(())
/// ```
pub fn replace(path: &Path, fill: impl FnOnce(&mut dyn Write) -> Result<()>) -> Result<()> {
    let folder = write(path, fill, true)?;
    sync_folder(folder)
}

/// How files that are being written are called.
const BESIDE: &str = ".malmoi-";

/// The same without forcing it to the disk: whole or not there, but a loss of power may take it
/// back. For what can be made again.
pub fn replace_lightly(path: &Path, fill: impl FnOnce(&mut dyn Write) -> Result<()>) -> Result<()> {
    write(path, fill, false).map(drop)
}

fn write(
    path: &Path,
    fill: impl FnOnce(&mut dyn Write) -> Result<()>,
    sync: bool,
) -> Result<&Path> {
    let folder =
        path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let mut builder = tempfile::Builder::new();
    builder.prefix(BESIDE);
    #[cfg(unix)]
    let rights = {
        use std::os::unix::fs::PermissionsExt;
        // Rights at creation are lessened by the umask. Until the content is complete, a file that
        // replaces another is for its owner only: the other may have been private.
        let there = std::fs::symlink_metadata(path).ok().filter(|there| there.is_file());
        let rights = there.map(|there| there.permissions());
        let first = if rights.is_some() { 0o600 } else { 0o666 };
        builder.permissions(std::fs::Permissions::from_mode(first));
        rights
    };
    let mut file = builder.tempfile_in(folder)?;
    let mut out = Blocks { file: file.as_file_mut(), block: Vec::new() };
    fill(&mut out)?;
    out.flush()?;
    #[cfg(unix)]
    if let Some(rights) = rights {
        file.as_file().set_permissions(rights)?;
    }
    if sync {
        file.as_file().sync_all()?;
    }
    file.persist(path).map_err(|error| error.error)?;
    Ok(folder)
}

/// Writes in blocks that begin at multiples of their size: systems then keep files that are mapped
/// later in pages as large.
struct Blocks<'f> {
    file: &'f mut File,
    block: Vec<u8>,
}

impl Blocks<'_> {
    const SIZE: usize = 2 << 20;
}

impl Write for Blocks<'_> {
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

/// Removes unfinished files of programs that were killed, if nothing was written to them for
/// `unused_for`.
pub fn sweep(folder: &Path, unused_for: Duration) -> Result<()> {
    for entry in std::fs::read_dir(folder)? {
        let entry = entry?;
        let ours = entry.file_name().to_string_lossy().starts_with(BESIDE);
        // One that is gone by now needs no removing.
        let Ok(found) = entry.metadata() else { continue };
        // A clock that was set back says nothing.
        let unused =
            found.modified().is_ok_and(|then| then.elapsed().unwrap_or_default() >= unused_for);
        if ours && unused && found.is_file() {
            match std::fs::remove_file(entry.path()) {
                Err(error) if error.kind() != std::io::ErrorKind::NotFound => return Err(error),
                _ => {}
            }
        }
    }
    Ok(())
}

/// A name is only on the disk when its folder is.
pub fn sync_folder(folder: &Path) -> Result<()> {
    if cfg!(unix) { File::open(folder)?.sync_all() } else { Ok(()) }
}

/// Opens a file to be locked: made where it is absent, neither followed where it is a link nor
/// shortened where it is there.
pub fn open_lock(path: &Path) -> Result<File> {
    let new = File::options().write(true).create_new(true).open(path);
    match new {
        Err(error) if error.kind() == std::io::ErrorKind::AlreadyExists => {}
        other => return other,
    }
    // The file is never written to, so that a change between these two calls harms nothing.
    match kind(path)? {
        Kind::File => File::options().write(true).open(path),
        other => Err(std::io::Error::other(format!("it is {}, not a file", other.name()))),
    }
}

/// What stands at a path, links not followed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// A regular file.
    File,
    /// A folder.
    Folder,
    /// A symbolic link.
    Link,
    /// A pipe, socket or device.
    Special,
}

impl Kind {
    /// Its name with an article, for messages.
    pub fn name(self) -> &'static str {
        match self {
            Self::File => "a file",
            Self::Folder => "a folder",
            Self::Link => "a link",
            Self::Special => "a pipe, socket or device",
        }
    }
}

impl From<std::fs::FileType> for Kind {
    fn from(found: std::fs::FileType) -> Self {
        match found {
            found if found.is_symlink() => Self::Link,
            found if found.is_dir() => Self::Folder,
            found if found.is_file() => Self::File,
            _ => Self::Special,
        }
    }
}

/// What stands at a path, links not followed.
pub fn kind(path: &Path) -> Result<Kind> {
    Ok(std::fs::symlink_metadata(path)?.file_type().into())
}

/// Whether two paths lead to one file, links followed.
pub fn are_one(a: &Path, b: &Path) -> bool {
    #[cfg(unix)]
    {
        use std::os::unix::fs::MetadataExt;
        let id = |path: &Path| std::fs::metadata(path).map(|found| (found.dev(), found.ino()));
        matches!((id(a), id(b)), (Ok(a), Ok(b)) if a == b)
    }
    #[cfg(not(unix))]
    matches!((std::fs::canonicalize(a), std::fs::canonicalize(b)), (Ok(a), Ok(b)) if a == b)
}

/// Whether a file can be made in a folder: by making one, which goes at once.
pub fn probe(folder: &Path) -> Result<()> {
    tempfile::Builder::new().prefix(BESIDE).tempfile_in(folder)?.close()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    #[cfg(unix)]
    fn rights_are_those_of_the_umask_or_of_the_file_replaced_and_links_are_not_followed() {
        use std::os::unix::fs::PermissionsExt;
        let folder = tempfile::tempdir().unwrap();
        let mode =
            |path: &Path| std::fs::symlink_metadata(path).unwrap().permissions().mode() & 0o777;
        // A file made the plain way tells the umask.
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
        assert_eq!(kind(&link).unwrap(), Kind::File);
        assert_eq!(std::fs::read(&plain).unwrap(), b"", "the target of the link is as it was");
    }

    #[test]
    #[cfg(unix)]
    fn a_lock_file_that_is_a_link_is_refused_and_its_target_kept() {
        let folder = tempfile::tempdir().unwrap();
        let (target, lock) = (folder.path().join("letter"), folder.path().join("lock"));
        std::fs::write(&target, "Dear Mayor Han").unwrap();
        std::os::unix::fs::symlink(&target, &lock).unwrap();
        assert!(open_lock(&lock).unwrap_err().to_string().contains("a link"));
        assert_eq!(std::fs::read_to_string(&target).unwrap(), "Dear Mayor Han");
        // A lock that was there keeps its bytes.
        open_lock(&target).unwrap();
        assert_eq!(std::fs::read_to_string(&target).unwrap(), "Dear Mayor Han");
    }
}
