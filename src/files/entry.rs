//! Entries of the file system: their kinds, their identity, files that are locked.

use std::fs::File;
use std::io::Result;
use std::path::Path;

/// Opens a file to be locked, creating it if it is absent. A symbolic link is refused; an existing
/// file is not truncated.
pub fn open_lock(path: &Path) -> Result<File> {
    let new = File::options().write(true).create_new(true).open(path);
    match new {
        Err(error) if error.kind() == std::io::ErrorKind::AlreadyExists => {}
        other => return other,
    }
    // The file is never written to, so a change between these two calls does no harm.
    match kind(path)? {
        FileKind::File => File::options().write(true).open(path),
        other => Err(std::io::Error::other(format!("it is {}, not a file", other.name()))),
    }
}

/// The kind of a path's entry, symbolic links not followed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FileKind {
    /// A regular file.
    File,
    /// A folder.
    Folder,
    /// A symbolic link.
    Link,
    /// A pipe, socket or device.
    Special,
}

impl FileKind {
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

impl From<std::fs::FileType> for FileKind {
    fn from(file_type: std::fs::FileType) -> Self {
        if file_type.is_symlink() {
            Self::Link
        } else if file_type.is_dir() {
            Self::Folder
        } else if file_type.is_file() {
            Self::File
        } else {
            Self::Special
        }
    }
}

/// The kind of the entry at a path, symbolic links not followed.
pub fn kind(path: &Path) -> Result<FileKind> {
    Ok(std::fs::symlink_metadata(path)?.file_type().into())
}

/// Size of a regular file in bytes, links followed; `None` for anything else.
pub(crate) fn size(path: &Path) -> Option<u64> {
    let metadata = std::fs::metadata(path).ok()?;
    metadata.is_file().then_some(metadata.len())
}

/// True if two paths lead to the same file, symbolic links followed.
pub fn is_same_file(a: &Path, b: &Path) -> bool {
    #[cfg(unix)]
    {
        use std::os::unix::fs::MetadataExt;
        let id = |path: &Path| std::fs::metadata(path).map(|file| (file.dev(), file.ino()));
        matches!((id(a), id(b)), (Ok(a), Ok(b)) if a == b)
    }
    #[cfg(not(unix))]
    matches!((std::fs::canonicalize(a), std::fs::canonicalize(b)), (Ok(a), Ok(b)) if a == b)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    #[cfg(unix)]
    fn a_lock_file_that_is_a_link_is_refused_and_its_target_unchanged() {
        let folder = tempfile::tempdir().unwrap();
        let (target, lock) = (folder.path().join("letter"), folder.path().join("lock"));
        std::fs::write(&target, "Dear Mayor Han").unwrap();
        std::os::unix::fs::symlink(&target, &lock).unwrap();
        assert!(open_lock(&lock).unwrap_err().to_string().contains("a link"));
        assert_eq!(std::fs::read_to_string(&target).unwrap(), "Dear Mayor Han");
        // An existing file keeps its bytes.
        open_lock(&target).unwrap();
        assert_eq!(std::fs::read_to_string(&target).unwrap(), "Dear Mayor Han");
    }
}
