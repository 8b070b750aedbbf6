//! A file on its way in: written beside its place, summed as it comes, and given its name only when
//! it is whole and right.
//!
//! Knows files and sums; knows neither where bytes come from nor what is in them.

use std::fs::{File, OpenOptions};
use std::io::Write;
use std::path::{Path, PathBuf};

use sha2::{Digest, Sha256};

use super::error::{StoreError, io};
use super::names::Checksum;
use crate::files::{self, hash_into, sync_folder};

/// A file being written. What was written before an interruption is kept and continued.
pub(crate) struct PartialFile {
    target: PathBuf,
    partial: PathBuf,
    file: File,
    sum: Sha256,
    length: u64,
}

impl PartialFile {
    /// Opens `<target>.incomplete`, reading what is there already.
    pub fn open(target: &Path) -> Result<Self, StoreError> {
        let folder = target.parent().unwrap_or(Path::new("."));
        std::fs::create_dir_all(folder).map_err(io("create", folder))?;
        let partial = partial_path(target);
        // A link, or anything else that is no file, would take what is written elsewhere.
        if partial.symlink_metadata().is_ok_and(|found| !found.is_file()) {
            std::fs::remove_file(&partial).map_err(io("remove", &partial))?;
        }
        let mut options = OpenOptions::new();
        let mut file = options
            .read(true)
            .append(true)
            .create(true)
            .open(&partial)
            .map_err(io("write", &partial))?;
        let mut sum = Sha256::new();
        let length = hash_into(&mut file, &mut sum).map_err(io("read", &partial))?;
        Ok(Self { target: target.to_path_buf(), partial, file, sum, length })
    }

    /// Bytes that are there.
    pub fn length(&self) -> u64 {
        self.length
    }

    /// Adds bytes.
    pub fn write(&mut self, bytes: &[u8]) -> Result<(), StoreError> {
        self.file.write_all(bytes).map_err(io("write", &self.partial))?;
        self.sum.update(bytes);
        self.length += bytes.len() as u64;
        Ok(())
    }

    /// Makes what was written so far survive a loss of power.
    pub fn sync(&self) -> Result<(), StoreError> {
        self.file.sync_all().map_err(io("write", &self.partial))
    }

    /// Goes back to the first `length` bytes, usually none: a server that cannot continue.
    pub fn truncate(&mut self, length: u64) -> Result<(), StoreError> {
        self.file.set_len(length).map_err(io("write", &self.partial))?;
        *self = Self::open(&self.target)?;
        Ok(())
    }

    /// Throws away what was written; what stands at the name stays.
    pub fn discard(self) -> Result<(), StoreError> {
        std::fs::remove_file(&self.partial).map_err(io("remove", &self.partial))
    }

    /// Checks size and sum where they are known, and gives the file its name. Wrong bytes are
    /// thrown away and the old file stays. `name` is for messages. Returns the sum.
    pub fn finish(
        self,
        name: &str,
        bytes: Option<u64>,
        sum: Option<&Checksum>,
    ) -> Result<Checksum, StoreError> {
        let file = name.to_string();
        let found = Checksum::parse(&format!("{:x}", self.sum.finalize()))?;
        let wrong = match (bytes, sum) {
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
        if let Some(wrong) = wrong {
            std::fs::remove_file(&self.partial).map_err(io("remove", &self.partial))?;
            return Err(wrong);
        }
        self.file.sync_all().map_err(io("write", &self.partial))?;
        std::fs::rename(&self.partial, &self.target).map_err(io("rename", &self.partial))?;
        let folder = self.target.parent().unwrap_or(Path::new("."));
        sync_folder(folder).map_err(io("write", folder))?;
        Ok(found)
    }
}

/// Where a file is written before it has its name.
pub(crate) fn partial_path(target: &Path) -> PathBuf {
    let mut name = target.file_name().unwrap_or_default().to_os_string();
    name.push(".incomplete");
    target.with_file_name(name)
}

/// Writes a small file whole or not at all, and its folder where there is none.
pub(crate) fn write_file(path: &Path, bytes: &[u8]) -> Result<(), StoreError> {
    let folder = path.parent().unwrap_or(Path::new("."));
    std::fs::create_dir_all(folder).map_err(io("create", folder))?;
    files::replace(path, |out| out.write_all(bytes)).map_err(io("write", path))
}

/// Refuses to begin what could not be finished. `free` stands in for the system's answer in tests.
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
    fn an_interrupted_arrival_goes_on_where_it_was() {
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
    fn wrong_bytes_leave_what_was_there() {
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
    fn a_link_in_the_way_is_not_written_through() {
        let folder = tempfile::tempdir().unwrap();
        let (target, other) = (folder.path().join("abc"), folder.path().join("diary.txt"));
        std::fs::write(&other, "Haemin").unwrap();
        std::os::unix::fs::symlink(&other, partial_path(&target)).unwrap();
        PartialFile::open(&target).unwrap().write(b"abc").unwrap();
        assert_eq!(std::fs::read(&other).unwrap(), b"Haemin");
    }

    #[test]
    fn room_is_asked_for_before_the_first_byte() {
        let folder = tempfile::tempdir().unwrap();
        let error =
            check_free_space(folder.path(), 5_000_000, Some(2_000_000)).unwrap_err().to_string();
        assert!(error.ends_with("has 2 MB free, 5 MB are needed"), "{error}");
        check_free_space(folder.path(), 1_000_000, Some(2_000_000)).unwrap();
    }
}
