//! Files mapped into memory, shared by everything that reads weights from them.
//!
//! The one place of the crate that maps files. Knows no format.

mod faults;

use std::fs::File;
use std::ops::Range;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use self::faults::Watch;
use crate::error::{Error, Result};

/// A read-only view of a whole file. Cloning it shares the mapping.
#[derive(Clone)]
pub struct MappedFile(Arc<Mapped>);

struct Mapped {
    path: PathBuf,
    /// Dropped before the mapping it watches.
    watch: Watch,
    map: memmap2::Mmap,
    /// What it is backed by, if not by memory alone: bytes can be read from it again.
    file: Option<(File, Stamp)>,
}

/// What tells one state of a file from another without reading it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) struct Stamp {
    /// Device and inode.
    pub file: (u64, u64),
    /// Bytes.
    pub size: u64,
    /// When its bytes were last written, in nanoseconds since 1970 …
    pub written: i128,
    /// … and when they, its name or its rights were: no program can set this one.
    pub changed: i128,
}

impl Stamp {
    pub fn of(found: &std::fs::Metadata) -> Self {
        #[cfg(unix)]
        {
            use std::os::unix::fs::MetadataExt;
            let nanoseconds =
                |seconds: i64, rest: i64| i128::from(seconds) * 1_000_000_000 + i128::from(rest);
            Self {
                file: (found.dev(), found.ino()),
                size: found.len(),
                written: nanoseconds(found.mtime(), found.mtime_nsec()),
                changed: nanoseconds(found.ctime(), found.ctime_nsec()),
            }
        }
        #[cfg(not(unix))]
        {
            let since =
                |time: std::time::SystemTime| time.duration_since(std::time::UNIX_EPOCH).ok();
            let written =
                found.modified().ok().and_then(since).map_or(0, |time| time.as_nanos() as i128);
            Self { file: (0, 0), size: found.len(), written, changed: written }
        }
    }
}

impl MappedFile {
    /// Maps a file. An empty file is an error: no format here has one.
    pub fn open(path: &Path) -> Result<Self> {
        let file = File::open(path).map_err(|e| Error::io("read", path, e))?;
        let found = file.metadata().map_err(|e| Error::io("read", path, e))?;
        if found.len() == 0 {
            return Err(Error::malformed(path, "the file is empty"));
        }
        // SAFETY: the mapping is read-only and private. Another process may shorten the file while
        // it is mapped: pages that are lost then are replaced by zeros (`faults.rs`), and `check`
        // says so. The store never rewrites a file in place, it renames complete files over names
        // (store::arrival).
        let map = unsafe { memmap2::Mmap::map(&file) }.map_err(|e| Error::io("map", path, e))?;
        let stamp = Stamp::of(&found);
        Ok(Self::of(path, map, Some((file, stamp))))
    }

    /// The same for bytes that are in memory already; they are copied.
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
        let watch =
            if file.is_some() { Watch::over(start..start + map.len()) } else { Watch::none() };
        Self(Arc::new(Mapped { path: path.to_path_buf(), watch, map, file }))
    }

    /// Fails where the bytes are no longer those that were mapped: the file was cut short, could
    /// not be read from its disk, or was written to. What was computed since the last check is then
    /// worth nothing.
    pub fn check(&self) -> Result<()> {
        let Some((file, stamp)) = &self.0.file else { return Ok(()) };
        let path = self.path();
        let now = Stamp::of(&file.metadata().map_err(|e| Error::io("read", path, e))?);
        // The time of its last change also tells of a new name, or of none: its bytes are still
        // there then.
        let reason = match () {
            () if now.size < stamp.size => "was cut short while it was in use",
            () if self.0.watch.is_lost() => "could not be read while it was in use",
            () if (now.size, now.written) != (stamp.size, stamp.written) => {
                "was changed while it was in use"
            }
            () => return Ok(()),
        };
        Err(Error::malformed(path, format!("the file {reason}; fetch or copy it again")))
    }

    /// What tells its state, where it is backed by a file.
    pub(super) fn stamp(&self) -> Option<Stamp> {
        self.0.file.as_ref().map(|(_, stamp)| *stamp)
    }

    /// Says that all of it is read again and again: the system may map it in large pages, so that
    /// fewer addresses are looked up.
    pub fn in_large_pages(&self) {
        // Where there are none for files, small ones do.
        #[cfg(target_os = "linux")]
        let _ = self.0.map.advise(memmap2::Advice::HugePage);
    }

    /// Where the file is.
    pub fn path(&self) -> &Path {
        &self.0.path
    }

    /// Everything in it.
    pub fn bytes(&self) -> &[u8] {
        &self.0.map
    }

    /// A part of the file that keeps the mapping alive; `None` where the range leaves the file.
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
    /// A part of it; `None` where the range leaves it.
    pub fn part(&self, range: Range<usize>) -> Option<Self> {
        (range.start <= range.end && range.end <= self.range.len()).then(|| Self {
            file: self.file.clone(),
            range: self.range.start + range.start..self.range.start + range.end,
        })
    }

    /// Says that these bytes will not be read soon: the system may take back the memory they lie
    /// in. They stay in the file and can be read again at any time.
    pub fn leave(&self) {
        #[cfg(unix)]
        {
            // Only whole pages within the slice; its neighbours' stay.
            const PAGE: usize = 1 << 16;
            let (start, end) =
                (self.range.start.next_multiple_of(PAGE), self.range.end / PAGE * PAGE);
            if self.file.0.file.is_some() && start < end {
                // SAFETY: the mapping is read-only and of a file, so that pages taken back hold the
                // same bytes when read again. That it is refused changes nothing
                // but the memory in use.
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

    /// The file it is part of.
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
        // Several threads meet the lost pages at once, as those of a network do.
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
        assert!(file.0.watch.is_lost());
        assert!(refusal(&file).contains("was cut short while it was in use"), "{}", refusal(&file));
        // Another mapping is not touched by it, and the lost one stays lost when the file grows
        // again.
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
