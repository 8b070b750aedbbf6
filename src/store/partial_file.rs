//! A file that is being downloaded: written as `<name>.incomplete`, hashed as it grows, and renamed
//! once its size and checksum are right.
//!
//! Knows files and checksums; knows neither sources nor contents.

use std::fs::{File, OpenOptions};
use std::io::Write;
use std::path::{Path, PathBuf};

use sha2::{Digest, Sha256};

use super::error::{StoreError, io};
use super::names::Checksum;
use crate::files::{self, Sha256Bytes, hash_into, sync_folder};

/// An incomplete file. After an interruption it is continued.
pub(crate) struct PartialFile {
    target: PathBuf,
    path: PathBuf,
    file: File,
    hash: Sha256,
    length: u64,
}

impl PartialFile {
    /// Opens `<target>.incomplete` and hashes the bytes it has already.
    pub fn open(target: &Path) -> Result<Self, StoreError> {
        let folder = target.parent().unwrap_or(Path::new("."));
        std::fs::create_dir_all(folder).map_err(io("create", folder))?;
        let path = partial_path(target);
        // A link is not followed: its target may be any file.
        if path.symlink_metadata().is_ok_and(|metadata| !metadata.is_file()) {
            std::fs::remove_file(&path).map_err(io("remove", &path))?;
        }
        let mut options = OpenOptions::new();
        let mut file =
            options.read(true).append(true).create(true).open(&path).map_err(io("write", &path))?;
        let mut hash = Sha256::new();
        let length = hash_into(&mut file, &mut hash).map_err(io("read", &path))?;
        Ok(Self { target: target.to_path_buf(), path, file, hash, length })
    }

    /// Bytes written so far.
    pub fn length(&self) -> u64 {
        self.length
    }

    /// A reader of the bytes written so far, from the first.
    #[cfg_attr(not(feature = "fetch"), allow(dead_code))]
    pub fn reader(&self) -> Result<File, StoreError> {
        File::open(&self.path).map_err(io("read", &self.path))
    }

    /// Appends bytes.
    pub fn write(&mut self, bytes: &[u8]) -> Result<(), StoreError> {
        self.file.write_all(bytes).map_err(io("write", &self.path))?;
        self.hash.update(bytes);
        self.length += bytes.len() as u64;
        Ok(())
    }

    /// Syncs the bytes written so far to the disk.
    pub fn sync(&self) -> Result<(), StoreError> {
        self.file.sync_all().map_err(io("write", &self.path))
    }

    /// Keeps only the first `length` bytes; 0 if a server cannot resume.
    pub fn truncate(&mut self, length: u64) -> Result<(), StoreError> {
        self.file.set_len(length).map_err(io("write", &self.path))?;
        *self = Self::open(&self.target)?;
        Ok(())
    }

    /// Deletes the incomplete file; a file at the target is unchanged.
    pub fn discard(self) -> Result<(), StoreError> {
        std::fs::remove_file(&self.path).map_err(io("remove", &self.path))
    }

    /// Compares size and checksum with the expected ones, if known, and renames the file to its
    /// target. After a mismatch the incomplete file is deleted and a file at the target is
    /// unchanged. `name` is for messages. Returns the checksum.
    pub fn finish(
        self,
        name: &str,
        bytes: Option<u64>,
        sha256: Option<&Checksum>,
    ) -> Result<Checksum, StoreError> {
        let file = name.to_string();
        let found = Checksum::from(Sha256Bytes::from(self.hash.finalize()));
        let mismatch = match (bytes, sha256) {
            (Some(expected), _) if expected != self.length => {
                Some(StoreError::SizeMismatch { file, expected, found: self.length })
            }
            (_, Some(expected)) if *expected != found => Some(StoreError::ChecksumMismatch {
                file,
                expected: expected.to_string(),
                found: found.to_string(),
            }),
            _ => None,
        };
        if let Some(mismatch) = mismatch {
            std::fs::remove_file(&self.path).map_err(io("remove", &self.path))?;
            return Err(mismatch);
        }
        self.file.sync_all().map_err(io("write", &self.path))?;
        std::fs::rename(&self.path, &self.target).map_err(io("rename", &self.path))?;
        let folder = self.target.parent().unwrap_or(Path::new("."));
        sync_folder(folder).map_err(io("write", folder))?;
        Ok(found)
    }
}

/// Path of the incomplete file of a target.
pub(crate) fn partial_path(target: &Path) -> PathBuf {
    let mut name = target.file_name().unwrap_or_default().to_os_string();
    name.push(".incomplete");
    target.with_file_name(name)
}

/// Writes a small file atomically, and its folder if there is none.
pub(crate) fn write_file(path: &Path, bytes: &[u8]) -> Result<(), StoreError> {
    let folder = path.parent().unwrap_or(Path::new("."));
    std::fs::create_dir_all(folder).map_err(io("create", folder))?;
    files::replace(path, |out| out.write_all(bytes)).map_err(io("write", path))
}

/// Fails if a folder has not the needed bytes free. `free` replaces the system's answer in tests.
pub(crate) fn check_free_space(
    folder: &Path,
    needed: u64,
    free: Option<u64>,
) -> Result<(), StoreError> {
    const MEGABYTE: u64 = 1_000_000;
    std::fs::create_dir_all(folder).map_err(io("create", folder))?;
    let free = match free {
        Some(free) => free,
        None => fs4::available_space(folder).map_err(io("read", folder))?,
    };
    if needed > free {
        let folder = folder.to_path_buf();
        return Err(StoreError::DiskFull {
            folder,
            needed: needed.div_ceil(MEGABYTE),
            free: free / MEGABYTE,
        });
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    const ABC: &str = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";

    #[test]
    fn an_interrupted_file_is_continued() {
        let folder = tempfile::tempdir().unwrap();
        let target = folder.path().join("blobs/abc");
        PartialFile::open(&target).unwrap().write(b"ab").unwrap();
        let mut again = PartialFile::open(&target).unwrap();
        assert_eq!(again.length(), 2);
        again.write(b"c").unwrap();
        assert_eq!(
            again.finish("abc", Some(3), Some(&Checksum::parse(ABC).unwrap())).unwrap().as_str(),
            ABC
        );
        assert_eq!(std::fs::read(&target).unwrap(), b"abc");
        assert!(!partial_path(&target).exists());
    }

    #[test]
    fn wrong_bytes_leave_the_old_file() {
        let folder = tempfile::tempdir().unwrap();
        let target = folder.path().join("abc");
        std::fs::write(&target, "good").unwrap();
        let mut partial = PartialFile::open(&target).unwrap();
        partial.write(b"abd").unwrap();
        let error = partial
            .finish("abc", Some(3), Some(&Checksum::parse(ABC).unwrap()))
            .unwrap_err()
            .to_string();
        assert!(
            error.contains(ABC)
                && error
                    .contains("a52d159f262b2c6ddb724a61840befc36eb30c88877a4030b65cbe86298449c9"),
            "{error}"
        );
        assert_eq!(std::fs::read(&target).unwrap(), b"good");
        assert!(!partial_path(&target).exists());
    }

    #[cfg(unix)]
    #[test]
    fn a_link_at_the_incomplete_file_is_not_followed() {
        let folder = tempfile::tempdir().unwrap();
        let (target, other) = (folder.path().join("abc"), folder.path().join("diary.txt"));
        std::fs::write(&other, "Haemin").unwrap();
        std::os::unix::fs::symlink(&other, partial_path(&target)).unwrap();
        PartialFile::open(&target).unwrap().write(b"abc").unwrap();
        assert_eq!(std::fs::read(&other).unwrap(), b"Haemin");
    }

    #[test]
    fn free_space_is_checked_before_the_first_byte() {
        let folder = tempfile::tempdir().unwrap();
        let error =
            check_free_space(folder.path(), 5_000_000, Some(2_000_000)).unwrap_err().to_string();
        assert!(error.ends_with("has 2 MB free, 5 MB are needed"), "{error}");
        check_free_space(folder.path(), 1_000_000, Some(2_000_000)).unwrap();
    }
}
