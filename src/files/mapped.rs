//! Memory-mapped files. The only module that maps files; knows no format.

mod faults;

use std::fs::File;
use std::ops::Range;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use self::faults::FaultGuard;
use crate::error::{Error, Result};

/// A read-only view of a whole file. Cloning it shares the mapping.
#[derive(Clone)]
pub struct MappedFile(Arc<Mapped>);

struct Mapped {
    path: PathBuf,
    /// Dropped before the mapping it guards.
    guard: FaultGuard,
    map: memmap2::Mmap,
    /// The file and its state when it was mapped; `None` for an anonymous mapping.
    file: Option<(File, Stamp)>,
}

/// Identity and state of a file, from its metadata: another state has another stamp.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) struct Stamp {
    /// Device and inode; zeros where the system has none.
    pub file: (u64, u64),
    /// Size in bytes.
    pub size: u64,
    /// Modification time (mtime), in nanoseconds since 1970.
    pub modified: i128,
    /// Change time (ctime) of bytes, name or permissions; programs cannot set it. The modification
    /// time where the system has none.
    pub changed: i128,
}

impl Stamp {
    pub fn of(metadata: &std::fs::Metadata) -> Self {
        #[cfg(unix)]
        {
            use std::os::unix::fs::MetadataExt;
            let nanoseconds =
                |seconds: i64, rest: i64| i128::from(seconds) * 1_000_000_000 + i128::from(rest);
            Self {
                file: (metadata.dev(), metadata.ino()),
                size: metadata.len(),
                modified: nanoseconds(metadata.mtime(), metadata.mtime_nsec()),
                changed: nanoseconds(metadata.ctime(), metadata.ctime_nsec()),
            }
        }
        #[cfg(not(unix))]
        {
            let since =
                |time: std::time::SystemTime| time.duration_since(std::time::UNIX_EPOCH).ok();
            let modified =
                metadata.modified().ok().and_then(since).map_or(0, |time| time.as_nanos() as i128);
            Self { file: (0, 0), size: metadata.len(), modified, changed: modified }
        }
    }
}

impl MappedFile {
    /// Maps a file. An empty file is an error: no format read here allows one.
    pub fn open(path: &Path) -> Result<Self> {
        let file = File::open(path).map_err(|e| Error::io("read", path, e))?;
        let metadata = file.metadata().map_err(|e| Error::io("read", path, e))?;
        if metadata.len() == 0 {
            return Err(Error::malformed(path, "the file is empty"));
        }
        // SAFETY: the mapping is read-only and private. If another process shortens the file, lost
        // pages are replaced by zeros (`faults.rs`) and `check` fails. This crate never rewrites a
        // file in place: it renames complete files.
        let map = unsafe { memmap2::Mmap::map(&file) }.map_err(|e| Error::io("map", path, e))?;
        let stamp = Stamp::of(&metadata);
        Ok(Self::of(path, map, Some((file, stamp))))
    }

    /// An anonymous mapping with a copy of these bytes.
    pub fn copy_of(bytes: &[u8]) -> Result<Self> {
        let path = Path::new("bytes in memory");
        if bytes.is_empty() {
            return Err(Error::malformed(path, "there are none"));
        }
        let fail = |e| Error::io("map", path, e);
        let mut map = memmap2::MmapMut::map_anon(bytes.len()).map_err(fail)?;
        map.copy_from_slice(bytes);
        Ok(Self::of(path, map.make_read_only().map_err(fail)?, None))
    }

    fn of(path: &Path, map: memmap2::Mmap, file: Option<(File, Stamp)>) -> Self {
        let start = map.as_ptr() as usize;
        let guard = if file.is_some() {
            FaultGuard::register(start..start + map.len())
        } else {
            FaultGuard::none()
        };
        Self(Arc::new(Mapped { path: path.to_path_buf(), guard, map, file }))
    }

    /// Fails if the file was shortened, written to or could not be read since it was mapped.
    /// Results computed since the last successful check are then invalid.
    pub fn check(&self) -> Result<()> {
        let Some((file, stamp)) = &self.0.file else { return Ok(()) };
        let path = self.path();
        let now = Stamp::of(&file.metadata().map_err(|e| Error::io("read", path, e))?);
        // Not the change time: renaming or removing a file sets it and leaves the bytes.
        let reason = if now.size < stamp.size {
            "was cut short while it was in use"
        } else if self.0.guard.is_lost() {
            "could not be read while it was in use"
        } else if (now.size, now.modified) != (stamp.size, stamp.modified) {
            "was changed while it was in use"
        } else {
            return Ok(());
        };
        Err(Error::malformed(path, format!("the file {reason}; fetch or copy it again")))
    }

    /// State of the file when it was mapped; `None` for an anonymous mapping.
    pub(super) fn stamp(&self) -> Option<Stamp> {
        self.0.file.as_ref().map(|(_, stamp)| *stamp)
    }

    /// Asks for large pages, which need fewer address translations in repeated reads.
    pub fn advise_huge_pages(&self) {
        // Only advice: a system without large pages for files keeps small ones.
        #[cfg(target_os = "linux")]
        let _ = self.0.map.advise(memmap2::Advice::HugePage);
    }

    /// Path of the file.
    pub fn path(&self) -> &Path {
        &self.0.path
    }

    /// The contents.
    pub fn bytes(&self) -> &[u8] {
        &self.0.map
    }

    /// A range of the file, which keeps the mapping alive; `None` if it is out of bounds.
    pub fn slice(&self, range: Range<usize>) -> Option<MappedSlice> {
        (range.start <= range.end && range.end <= self.0.map.len())
            .then(|| MappedSlice { file: self.clone(), range })
    }
}

/// A range of a mapped file.
#[derive(Clone)]
pub struct MappedSlice {
    file: MappedFile,
    range: Range<usize>,
}

impl std::ops::Deref for MappedSlice {
    type Target = [u8];
    fn deref(&self) -> &[u8] {
        &self.file.0.map[self.range.clone()]
    }
}

impl MappedSlice {
    /// A range within the slice; `None` if it is out of bounds.
    pub fn part(&self, range: Range<usize>) -> Option<Self> {
        (range.start <= range.end && range.end <= self.range.len()).then(|| Self {
            file: self.file.clone(),
            range: self.range.start + range.start..self.range.start + range.end,
        })
    }

    /// Releases the memory of the slice: its bytes are read from the file again when needed.
    pub fn release_pages(&self) {
        #[cfg(unix)]
        {
            // Only whole pages within the slice.
            const PAGE: usize = 1 << 16;
            let (start, end) =
                (self.range.start.next_multiple_of(PAGE), self.range.end / PAGE * PAGE);
            if self.file.0.file.is_some() && start < end {
                // SAFETY: the mapping is read-only and backed by a file, so released pages hold the
                // same bytes when they are read again. A refusal only leaves the memory in use.
                let _ = unsafe {
                    self.file.0.map.unchecked_advise_range(
                        memmap2::UncheckedAdvice::DontNeed,
                        start,
                        end - start,
                    )
                };
            }
        }
    }

    /// Path of the file.
    pub fn path(&self) -> &Path {
        self.file.path()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn mapped(bytes: usize) -> (tempfile::TempDir, MappedFile) {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("weights");
        std::fs::write(&path, vec![7; bytes]).unwrap();
        let file = MappedFile::open(&path).unwrap();
        (folder, file)
    }

    fn refusal(file: &MappedFile) -> String {
        file.check().unwrap_err().to_string()
    }

    #[cfg(unix)]
    #[test]
    fn a_file_that_is_cut_short_while_it_is_mapped_reads_as_zeros_and_is_refused() {
        let (_folder, file) = mapped(1 << 20);
        let whole = file.slice(0..1 << 20).unwrap();
        assert_eq!(whole.iter().map(|byte| u64::from(*byte)).sum::<u64>(), 7 << 20);
        file.check().unwrap();
        let other = File::options().write(true).open(file.path()).unwrap();
        other.set_len(1 << 18).unwrap();
        // Several threads read the lost pages at once, as the threads of a network do.
        std::thread::scope(|scope| {
            for _ in 0..4 {
                scope.spawn(|| {
                    assert_eq!(
                        whole.iter().rev().map(|byte| u64::from(*byte)).sum::<u64>(),
                        7 << 18
                    )
                });
            }
        });
        assert!(file.0.guard.is_lost());
        assert!(refusal(&file).contains("was cut short while it was in use"), "{}", refusal(&file));
        // Other mappings are not affected, and the lost one stays lost when the file grows again.
        other.set_len(1 << 20).unwrap();
        assert!(
            refusal(&file).contains("could not be read while it was in use"),
            "{}",
            refusal(&file)
        );
        assert!(MappedFile::open(file.path()).unwrap().check().is_ok());
    }

    #[test]
    fn a_file_that_is_written_to_is_refused_and_one_that_is_renamed_or_removed_is_not() {
        let (folder, file) = mapped(100);
        let moved = folder.path().join("moved");
        std::fs::rename(file.path(), &moved).unwrap();
        file.check().unwrap();
        std::thread::sleep(std::time::Duration::from_millis(20));
        std::fs::write(&moved, vec![8; 100]).unwrap();
        assert!(refusal(&file).contains("was changed while it was in use"), "{}", refusal(&file));
        let again = MappedFile::open(&moved).unwrap();
        std::fs::remove_file(&moved).unwrap();
        again.check().unwrap();
        assert!(MappedFile::copy_of(&[1, 2]).unwrap().check().is_ok());
    }
}
