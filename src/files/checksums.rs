//! SHA-256 checksums of files, computed once for each state of a file and remembered in a list.
//!
//! A state is a [`Stamp`]: device, inode, size, modification time and change time, which programs
//! cannot set. A file that changed within the last seconds is not remembered: it could change again
//! within the resolution of the clock. A list that other users can write to is ignored. Knows
//! neither models nor formats.

use std::fs::File;
use std::io::{Read, Result};
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use serde_json::{Map, Value};
use sha2::{Digest, Sha256};

use super::atomic::replace_private;
use super::mapped::{MappedFile, Stamp};

/// A SHA-256.
pub(crate) type Sha256Bytes = [u8; 32];

/// Entries of the list; the oldest are dropped first.
const MAX_ENTRIES: usize = 512;
/// File systems record times with a finer resolution than this.
const SETTLED: Duration = Duration::from_secs(2);

/// Checksums that were computed before. A list that cannot be read or written only costs time.
pub(crate) struct ChecksumCache {
    list: PathBuf,
}

impl ChecksumCache {
    /// The cache whose list is this file.
    pub fn in_file(list: impl Into<PathBuf>) -> Self {
        Self { list: list.into() }
    }

    /// The cache of a folder with files derived from models: its `sums.json`.
    pub fn in_folder(folder: &Path) -> Self {
        Self::in_file(folder.join("sums.json"))
    }

    /// The checksum of a file; read only if it is not known for this state of the file.
    pub fn of(&self, path: &Path) -> Result<Sha256Bytes> {
        let stamp = Stamp::of(&File::open(path)?.metadata()?);
        match self.get(&stamp, stamp.size) {
            Some(sum) => Ok(sum),
            None => self.compute(path),
        }
    }

    /// The checksum of a file, read as a whole: a damaged disk changes no time of a file.
    pub fn compute(&self, path: &Path) -> Result<Sha256Bytes> {
        let mut file = File::open(path)?;
        let stamp = Stamp::of(&file.metadata()?);
        let mut hash = Sha256::new();
        hash_into(&mut file, &mut hash)?;
        let sum = hash.finalize().into();
        if Stamp::of(&file.metadata()?) == stamp {
            self.remember(&stamp, stamp.size, &sum, SystemTime::now());
        }
        Ok(sum)
    }

    /// The checksum of the first `length` bytes of a mapped file.
    pub fn of_mapped(&self, file: &MappedFile, length: usize) -> crate::error::Result<Sha256Bytes> {
        if let Some(sum) = file.stamp().and_then(|stamp| self.get(&stamp, length as u64)) {
            return Ok(sum);
        }
        let sum = Sha256::digest(file.bytes().get(..length).unwrap_or_default()).into();
        // Fails if bytes changed or were lost meanwhile.
        file.check()?;
        if let Some(stamp) = file.stamp() {
            self.remember(&stamp, length as u64, &sum, SystemTime::now());
        }
        Ok(sum)
    }

    fn get(&self, stamp: &Stamp, length: u64) -> Option<Sha256Bytes> {
        from_hex(self.read().get(&key(stamp, length))?.as_str()?)
    }

    fn remember(&self, stamp: &Stamp, length: u64, sum: &Sha256Bytes, now: SystemTime) {
        if !is_settled(stamp, now) {
            return;
        }
        let mut entries = self.read();
        entries.insert(key(stamp, length), to_hex(sum).into());
        let surplus = entries.len().saturating_sub(MAX_ENTRIES);
        let entries: Map<String, Value> = entries.into_iter().skip(surplus).collect();
        if let Ok(json) = serde_json::to_vec(&entries) {
            // A checksum that cannot be remembered is computed again.
            let _ = replace_private(&self.list, &json);
        }
    }

    /// Entries of the list; none if there is no list, or one that others can write to.
    fn read(&self) -> Map<String, Value> {
        let Ok(mut file) = File::open(&self.list) else { return Map::new() };
        let mut json = Vec::new();
        if !is_private(&file) || file.read_to_end(&mut json).is_err() {
            return Map::new();
        }
        let mut entries: Map<String, Value> = serde_json::from_slice(&json).unwrap_or_default();
        // Lists of earlier versions had objects, keyed by path.
        entries.retain(|_, sum| sum.is_string());
        entries
    }
}

fn key(stamp: &Stamp, length: u64) -> String {
    let Stamp { file: (device, inode), size, modified, changed } = stamp;
    format!("{device}:{inode}:{size}:{modified}:{changed}:{length}")
}

/// True if a later change would have another time. Only Unix has a change time that programs cannot
/// set; elsewhere files are read every time.
fn is_settled(stamp: &Stamp, now: SystemTime) -> bool {
    let now = now.duration_since(SystemTime::UNIX_EPOCH).map_or(0, |now| now.as_nanos() as i128);
    cfg!(unix) && now - stamp.changed.max(stamp.modified) > SETTLED.as_nanos() as i128
}

#[cfg(unix)]
fn is_private(file: &File) -> bool {
    use std::os::unix::fs::PermissionsExt;
    file.metadata().is_ok_and(|metadata| metadata.permissions().mode() & 0o022 == 0)
}

#[cfg(not(unix))]
fn is_private(_: &File) -> bool {
    true
}

/// Adds the rest of a file to a hash. Returns the number of bytes.
pub(crate) fn hash_into(file: &mut File, hash: &mut Sha256) -> Result<u64> {
    let mut buffer = vec![0; 1 << 20];
    let mut length = 0;
    loop {
        match file.read(&mut buffer)? {
            0 => return Ok(length),
            count => {
                hash.update(&buffer[..count]);
                length += count as u64;
            }
        }
    }
}

/// The 64 hexadecimal digits of a checksum, in lower case.
pub(crate) fn to_hex(sum: &Sha256Bytes) -> String {
    sum.iter().map(|byte| format!("{byte:02x}")).collect()
}

fn from_hex(digits: &str) -> Option<Sha256Bytes> {
    let mut sum = [0; 32];
    if digits.len() != 64 || !digits.is_ascii() {
        return None;
    }
    for (index, byte) in sum.iter_mut().enumerate() {
        *byte = u8::from_str_radix(&digits[2 * index..2 * index + 2], 16).ok()?;
    }
    Some(sum)
}

#[cfg(test)]
mod tests {
    use super::*;

    const ABC: &str = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";
    /// Another checksum than that of any file here.
    const MARKED: Sha256Bytes = [1; 32];

    fn file(folder: &Path, text: &str) -> (PathBuf, Stamp) {
        let path = folder.join("weights");
        std::fs::write(&path, text).unwrap();
        let stamp = Stamp::of(&std::fs::metadata(&path).unwrap());
        (path, stamp)
    }

    /// A time at which changes of now are settled.
    fn later() -> SystemTime {
        SystemTime::now() + Duration::from_secs(60)
    }

    fn digest(text: &str) -> Sha256Bytes {
        Sha256::digest(text).into()
    }

    #[test]
    fn a_file_that_was_just_written_is_read_again() {
        let folder = tempfile::tempdir().unwrap();
        let sums = ChecksumCache::in_folder(folder.path());
        for text in ["one", "two", "six"] {
            let (path, _) = file(folder.path(), text);
            assert_eq!(sums.of(&path).unwrap(), digest(text));
            let mapped = MappedFile::open(&path).unwrap();
            assert_eq!(sums.of_mapped(&mapped, 3).unwrap(), digest(text));
        }
        assert!(sums.read().is_empty());
        assert_eq!(to_hex(&digest("abc")), ABC);
        assert_eq!(from_hex(ABC), Some(digest("abc")));
    }

    #[cfg(unix)]
    #[test]
    fn a_checksum_is_known_for_one_state_of_a_file_by_its_path_and_by_its_mapping() {
        let folder = tempfile::tempdir().unwrap();
        let (path, stamp) = file(folder.path(), "abc");
        let sums = ChecksumCache::in_folder(folder.path());
        assert!(!is_settled(&stamp, SystemTime::now()) && is_settled(&stamp, later()));
        // A marked entry tells a checksum that was looked up from one that was computed.
        sums.remember(&stamp, 3, &MARKED, later());
        assert_eq!(sums.of(&path).unwrap(), MARKED);
        let mapped = MappedFile::open(&path).unwrap();
        assert_eq!(sums.of_mapped(&mapped, 3).unwrap(), MARKED);
        assert_eq!(sums.of_mapped(&mapped, 2).unwrap(), digest("ab"), "another length");
        assert_eq!(sums.compute(&path).unwrap(), digest("abc"));
        drop(mapped);

        // Same name, size, inode and modification time, as by a program that hides a change.
        std::thread::sleep(Duration::from_millis(20));
        std::fs::write(&path, "abd").unwrap();
        let modified = SystemTime::UNIX_EPOCH + Duration::from_nanos(stamp.modified as u64);
        File::options().write(true).open(&path).unwrap().set_modified(modified).unwrap();
        let now = Stamp::of(&std::fs::metadata(&path).unwrap());
        assert_eq!((now.file, now.size, now.modified), (stamp.file, stamp.size, stamp.modified));
        assert_eq!(sums.of(&path).unwrap(), digest("abd"));
        let mapped = MappedFile::open(&path).unwrap();
        assert_eq!(sums.of_mapped(&mapped, 3).unwrap(), digest("abd"));
    }

    #[cfg(unix)]
    #[test]
    fn a_list_that_others_can_write_to_is_ignored() {
        use std::os::unix::fs::PermissionsExt;
        let folder = tempfile::tempdir().unwrap();
        let (path, stamp) = file(folder.path(), "abc");
        let sums = ChecksumCache::in_file(folder.path().join("new/sums.json"));
        sums.remember(&stamp, 3, &MARKED, later());
        let mode = std::fs::metadata(&sums.list).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
        std::fs::set_permissions(&sums.list, PermissionsExt::from_mode(0o666)).unwrap();
        assert_eq!(sums.of(&path).unwrap(), digest("abc"));
        let mapped = MappedFile::open(&path).unwrap();
        assert_eq!(sums.of_mapped(&mapped, 3).unwrap(), digest("abc"));
    }

    #[cfg(unix)]
    #[test]
    fn a_damaged_list_counts_as_empty_and_a_long_one_is_bounded() {
        let folder = tempfile::tempdir().unwrap();
        let (_, stamp) = file(folder.path(), "abc");
        let sums = ChecksumCache::in_folder(folder.path());
        std::fs::write(&sums.list, "{\"a\": 1").unwrap();
        assert!(sums.read().is_empty());
        // An entry of an earlier version, and more than are kept.
        let mut old: Map<String, Value> = Map::new();
        old.insert("/models/m.gguf".into(), serde_json::json!({ "sha256": ABC }));
        old.extend((0..MAX_ENTRIES + 2).map(|index| (index.to_string(), ABC.into())));
        std::fs::write(&sums.list, serde_json::to_vec(&old).unwrap()).unwrap();
        sums.remember(&stamp, 3, &MARKED, later());
        let entries = sums.read();
        assert_eq!(entries.len(), MAX_ENTRIES);
        assert!(!entries.contains_key("2") && entries.contains_key("3"));
    }
}
