//! SHA-256 sums of files, computed once for each state of a file and remembered in a folder.
//!
//! A state is told by device, inode, size, time of writing and time of change, the last of which no
//! program can set. A file that changed within the last moments is not remembered: it could change
//! again within the resolution of the clock.

use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use serde_json::{Map, Value as Json};
use sha2::{Digest, Sha256};

use crate::error::Result;
use crate::files::{self, MappedFile, Stamp};

/// A sum's bytes.
pub(super) type Sum = [u8; 32];

/// Where sums are remembered, in the folder of kept files.
const FILE: &str = "sums.json";
/// Sums that are remembered; the oldest go first.
const MOST: usize = 512;
/// Clocks of file systems are finer than this.
const SETTLED: Duration = Duration::from_secs(2);

/// Sums that were computed before.
pub(super) struct Sums {
    path: PathBuf,
    known: Map<String, Json>,
}

impl Sums {
    /// Those remembered in a folder; none where there are none or they cannot be read.
    pub fn in_folder(folder: &Path) -> Self {
        let path = folder.join(FILE);
        let read = || serde_json::from_slice(&std::fs::read(&path).ok()?).ok();
        let known = read().unwrap_or_default();
        Self { path, known }
    }

    /// The sum of a file's first bytes, computed unless it is known for this state of the file.
    pub fn of(&mut self, file: &MappedFile, length: usize) -> Result<Sum> {
        let key = file.stamp().map(|stamp| key(&stamp, length));
        if let Some(sum) = key.as_ref().and_then(|key| parse(self.known.get(key)?.as_str()?)) {
            return Ok(sum);
        }
        let sum: Sum = Sha256::digest(file.bytes().get(..length).unwrap_or_default()).into();
        // Bytes that changed or were lost on the way have no sum.
        file.check()?;
        if let (Some(key), Some(stamp)) = (key, file.stamp())
            && is_settled(&stamp, SystemTime::now())
        {
            self.remember(key, &sum);
        }
        Ok(sum)
    }

    fn remember(&mut self, key: String, sum: &Sum) {
        self.known.insert(key, hex(sum).into());
        let spare = self.known.len().saturating_sub(MOST);
        self.known = std::mem::take(&mut self.known).into_iter().skip(spare).collect();
        // A sum that cannot be remembered is computed again.
        let folder = self.path.parent().unwrap_or(Path::new("."));
        let _ = std::fs::create_dir_all(folder);
        let _ =
            files::replace_unsynced(&self.path, |out| Ok(serde_json::to_writer(out, &self.known)?));
    }
}

fn key(stamp: &Stamp, length: usize) -> String {
    let Stamp { file: (device, inode), size, modified, changed } = stamp;
    format!("{device}:{inode}:{size}:{modified}:{changed}:{length}")
}

/// Whether another change would have another time. Only Unix has a time of change that no program
/// can set.
fn is_settled(stamp: &Stamp, now: SystemTime) -> bool {
    let now = now.duration_since(SystemTime::UNIX_EPOCH).map_or(0, |now| now.as_nanos() as i128);
    cfg!(unix) && now - stamp.changed.max(stamp.modified) > SETTLED.as_nanos() as i128
}

/// A sum in hexadecimal digits.
pub(super) fn hex(sum: &Sum) -> String {
    sum.iter().map(|byte| format!("{byte:02x}")).collect()
}

fn parse(digits: &str) -> Option<Sum> {
    let mut sum = [0; 32];
    if digits.len() != 64 || !digits.is_ascii() {
        return None;
    }
    for (at, byte) in sum.iter_mut().enumerate() {
        *byte = u8::from_str_radix(&digits[2 * at..2 * at + 2], 16).ok()?;
    }
    Some(sum)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sum_is_known_for_one_state_of_a_file_only() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("weights");
        std::fs::write(&path, "abc").unwrap();
        let file = MappedFile::open(&path).unwrap();
        let mut sums = Sums::in_folder(folder.path());
        let sum = sums.of(&file, 3).unwrap();
        assert_eq!(hex(&sum), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
        assert_eq!(parse(&hex(&sum)), Some(sum));
        // A file that was just written is not remembered.
        assert!(sums.known.is_empty());
        let stamp = file.stamp().unwrap();
        assert!(!is_settled(&stamp, SystemTime::now()));
        assert_eq!(is_settled(&stamp, SystemTime::now() + Duration::from_secs(60)), cfg!(unix));

        let marked = [1; 32];
        sums.remember(key(&stamp, 3), &marked);
        assert_eq!(Sums::in_folder(folder.path()).of(&file, 3).unwrap(), marked);
        // Another length and another state are other keys.
        assert_eq!(
            Sums::in_folder(folder.path()).of(&file, 2).unwrap(),
            <Sum>::from(Sha256::digest("ab"))
        );
        let written = file.stamp().unwrap().modified;
        drop(file);
        std::thread::sleep(Duration::from_millis(20));
        std::fs::write(&path, "abd").unwrap();
        // The time of writing is set back, as a program that hides a change does.
        let back = SystemTime::UNIX_EPOCH + Duration::from_nanos(written as u64);
        std::fs::File::options().write(true).open(&path).unwrap().set_modified(back).unwrap();
        let changed = MappedFile::open(&path).unwrap();
        assert_eq!(changed.stamp().unwrap().modified, written);
        let sum = Sums::in_folder(folder.path()).of(&changed, 3).unwrap();
        assert_eq!(sum, <Sum>::from(Sha256::digest("abd")));
    }

    #[test]
    fn a_spoilt_memory_is_no_memory_and_an_old_one_is_bounded() {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join(FILE), "{\"a\": 1").unwrap();
        let mut sums = Sums::in_folder(folder.path());
        assert!(sums.known.is_empty());
        for at in 0..MOST + 3 {
            sums.remember(at.to_string(), &[0; 32]);
        }
        assert_eq!(sums.known.len(), MOST);
        assert!(!sums.known.contains_key("2") && sums.known.contains_key("3"));
    }
}
