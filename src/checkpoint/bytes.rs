//! Files mapped into memory, shared by everything that reads weights from them.
//!
//! The one place of the crate that maps files. Knows no format.

use std::fs::File;
use std::ops::Range;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use crate::error::{Error, Result};

/// A read-only view of a whole file. Cloning it shares the mapping.
#[derive(Clone)]
pub struct MappedFile {
    path: Arc<PathBuf>,
    map: Arc<memmap2::Mmap>,
    /// Whether it is backed by a file, from which bytes can be read again.
    of_file: bool,
}

impl MappedFile {
    /// Maps a file. An empty file is an error: no format here has one.
    pub fn open(path: &Path) -> Result<Self> {
        let file = File::open(path).map_err(|e| Error::io("read", path, e))?;
        let length = file.metadata().map_err(|e| Error::io("read", path, e))?.len();
        if length == 0 {
            return Err(Error::malformed(path, "the file is empty"));
        }
        // SAFETY: the mapping is read-only and private. If another process shortens the file while it is mapped, reads past
        // the new end raise SIGBUS: the same exposure as every program that maps weights; the store therefore never
        // rewrites a file in place, it renames complete files over names (store::arrival).
        let map = unsafe { memmap2::Mmap::map(&file) }.map_err(|e| Error::io("map", path, e))?;
        Ok(Self { path: Arc::new(path.to_path_buf()), map: Arc::new(map), of_file: true })
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
        let map = map.make_read_only().map_err(fail)?;
        Ok(Self { path: Arc::new(path.to_path_buf()), map: Arc::new(map), of_file: false })
    }

    /// Says that all of it is read again and again: the system may map it in large pages, so that fewer addresses are looked up.
    pub fn in_large_pages(&self) {
        // Where there are none for files, small ones do.
        #[cfg(target_os = "linux")]
        let _ = self.map.advise(memmap2::Advice::HugePage);
    }

    /// Where the file is.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Everything in it.
    pub fn bytes(&self) -> &[u8] {
        &self.map
    }

    /// A part of the file that keeps the mapping alive; `None` where the range leaves the file.
    pub fn slice(&self, range: Range<usize>) -> Option<MappedSlice> {
        (range.start <= range.end && range.end <= self.map.len())
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
        &self.file.map[self.range.clone()]
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

    /// Says that these bytes will not be read soon: the system may take back the memory they lie in. They stay in the file and can
    /// be read again at any time.
    pub fn leave(&self) {
        #[cfg(unix)]
        {
            // Only whole pages within the slice; its neighbours' stay.
            const PAGE: usize = 1 << 16;
            let (start, end) = (self.range.start.next_multiple_of(PAGE), self.range.end / PAGE * PAGE);
            if self.file.of_file && start < end {
                // SAFETY: the mapping is read-only and of a file, so that pages taken back hold the same bytes when read again.
                // That it is refused changes nothing but the memory in use.
                let _ = unsafe {
                    self.file.map.unchecked_advise_range(
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
