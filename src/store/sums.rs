//! Sums of files: those that were computed, so that a file is read once, and those that first came,
//! so that a change is seen.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{Read, Write};
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use super::arrival::write_whole;
use super::error::{StoreError, io};
use super::lock::Lock;
use super::names::{Commit, FileName, Sum};
use super::repo::RepoFile;

/// Sums of unpinned files as they first came: what every later copy must be. Keyed by
/// repository, commit and file.
pub(super) struct FirstSums {
    path: PathBuf,
    /// Where versions before 0.2 wrote them: `huggingface_hub` takes a file there for a damaged
    /// repository.
    old: PathBuf,
    cache: PathBuf,
}

impl FirstSums {
    pub fn of(cache: &Path) -> Self {
        let path = cache.join(".locks/malmoi-sums.json");
        Self { path, old: cache.join("malmoi-sums.json"), cache: cache.to_path_buf() }
    }

    fn read(&self) -> BTreeMap<String, String> {
        let text =
            std::fs::read(&self.path).or_else(|_| std::fs::read(&self.old)).unwrap_or_default();
        serde_json::from_slice(&text).unwrap_or_default()
    }

    fn key(&self, path: &Path) -> String {
        let within = path.strip_prefix(&self.cache).unwrap_or(path);
        within.to_string_lossy().replace('\\', "/")
    }

    /// The sum a file of the cache first had.
    pub fn get(&self, path: &Path) -> Option<Sum> {
        Sum::parse(self.read().get(&self.key(path))?).ok()
    }

    /// Files that came: repository, commit, name.
    pub fn files(&self) -> Vec<(RepoFile, Commit, FileName)> {
        let file = |key: &String| {
            let (folder, rest) = key.split_once("/snapshots/")?;
            let (commit, file) = rest.split_once('/')?;
            let repo = folder.strip_prefix("models--")?.replacen("--", "/", 1);
            Some((
                RepoFile::parse(&repo).ok()?,
                Commit::parse(commit).ok()?,
                FileName::parse(file).ok()?,
            ))
        };
        self.read().keys().filter_map(file).collect()
    }

    #[cfg_attr(not(feature = "fetch"), allow(dead_code))]
    pub fn remember(&self, path: &Path, sum: &Sum) -> Result<(), StoreError> {
        let _lock = self.lock()?;
        let mut sums = self.read();
        sums.insert(self.key(path), sum.to_string());
        self.write(&sums)
    }

    pub fn forget(&self, path: &Path) -> Result<(), StoreError> {
        let _lock = self.lock()?;
        let mut sums = self.read();
        match sums.remove(&self.key(path)) {
            Some(_) => self.write(&sums),
            None => Ok(()),
        }
    }

    /// Held while the list is read and written: repositories have locks of their own, and one list.
    fn lock(&self) -> Result<Lock, StoreError> {
        Lock::acquire(&self.cache.join(".locks/malmoi-sums.lock"), &mut |_| {})
    }

    fn write(&self, sums: &BTreeMap<String, String>) -> Result<(), StoreError> {
        write_whole(&self.path, &serde_json::to_vec_pretty(sums).unwrap_or_default())?;
        match std::fs::remove_file(&self.old) {
            Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
                Err(io("remove", &self.old)(error))
            }
            _ => Ok(()),
        }
    }
}

/// Cache of computed sums, keyed by path and valid for one inode, size, mtime and ctime.
/// Programs cannot set the ctime, so a changed file with its old mtime is read again.
pub(super) struct ComputedSums {
    path: PathBuf,
}

/// What is known of a file without reading it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
struct Stamp {
    device: u64,
    inode: u64,
    bytes: u64,
    /// Seconds and nanoseconds.
    modified: (i64, i64),
    changed: (i64, i64),
}

#[derive(Debug, Serialize, Deserialize)]
struct Computed {
    #[serde(flatten)]
    stamp: Stamp,
    sha256: String,
}

impl ComputedSums {
    /// Kept in a file; it is only a saving of time, so that a file that cannot be read or written
    /// is no error.
    pub fn in_file(path: &Path) -> Self {
        Self { path: path.to_path_buf() }
    }

    /// The sum of a file's bytes.
    pub fn of(&self, path: &Path) -> Result<Sum, StoreError> {
        let place = path.canonicalize().map_err(io("read", path))?;
        if let Some(now) = stamp(&place)
            && let Some(known) = self.read().remove(&*place.to_string_lossy())
            && known.stamp == now
            && let Ok(sum) = Sum::parse(&known.sha256)
        {
            return Ok(sum);
        }
        self.afresh(path)
    }

    /// The sum of a file's bytes, all of which are read. Damage by a disk changes no time.
    pub fn afresh(&self, path: &Path) -> Result<Sum, StoreError> {
        let place = path.canonicalize().map_err(io("read", path))?;
        let before = stamp(&place);
        let sum = sha256_of(&place)?;
        if let Some(before) =
            before.filter(|before| is_settled(before) && stamp(&place) == Some(*before))
        {
            let mut sums = self.read();
            sums.retain(|path, _| Path::new(path).exists());
            sums.insert(
                place.to_string_lossy().into_owned(),
                Computed { stamp: before, sha256: sum.to_string() },
            );
            // What cannot be kept is computed again.
            let _ = self.write(&sums);
        }
        Ok(sum)
    }

    /// Sums of others are not taken: the file must be writable by its owner alone.
    fn read(&self) -> BTreeMap<String, Computed> {
        let Ok(mut file) = File::open(&self.path) else { return BTreeMap::new() };
        if !is_private(&file) {
            return BTreeMap::new();
        }
        let mut text = Vec::new();
        match file.read_to_end(&mut text) {
            Ok(_) => serde_json::from_slice(&text).unwrap_or_default(),
            Err(_) => BTreeMap::new(),
        }
    }

    /// Temporary files are made with mode 0600, and keep it under their name.
    fn write(&self, sums: &BTreeMap<String, Computed>) -> std::io::Result<()> {
        let folder = self.path.parent().unwrap_or(Path::new("."));
        std::fs::create_dir_all(folder)?;
        let mut file = tempfile::Builder::new().prefix(".malmoi-").tempfile_in(folder)?;
        file.write_all(&serde_json::to_vec(sums)?)?;
        file.persist(&self.path).map(drop).map_err(|error| error.error)
    }
}

#[cfg(unix)]
fn stamp(path: &Path) -> Option<Stamp> {
    use std::os::unix::fs::MetadataExt;
    let found = std::fs::metadata(path).ok()?;
    Some(Stamp {
        device: found.dev(),
        inode: found.ino(),
        bytes: found.len(),
        modified: (found.mtime(), found.mtime_nsec()),
        changed: (found.ctime(), found.ctime_nsec()),
    })
}

/// Other systems tell of no change that a program cannot hide: files are read every time.
#[cfg(not(unix))]
fn stamp(_: &Path) -> Option<Stamp> {
    None
}

/// Whether a later change would get another ctime: file systems' clocks tick every few
/// milliseconds.
fn is_settled(stamp: &Stamp) -> bool {
    const TICK: Duration = Duration::from_millis(100);
    let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
    let (seconds, nanoseconds) = stamp.changed;
    let changed = Duration::new(
        u64::try_from(seconds).unwrap_or(0),
        u32::try_from(nanoseconds.clamp(0, 999_999_999)).unwrap_or(0),
    );
    now.checked_sub(changed).is_some_and(|age| age >= TICK)
}

#[cfg(unix)]
fn is_private(file: &File) -> bool {
    use std::os::unix::fs::PermissionsExt;
    file.metadata().is_ok_and(|found| found.permissions().mode() & 0o022 == 0)
}

#[cfg(not(unix))]
fn is_private(_: &File) -> bool {
    true
}

/// The sum of a file, read to its end.
pub(super) fn sha256_of(path: &Path) -> Result<Sum, StoreError> {
    let mut file = File::open(path).map_err(io("read", path))?;
    let mut sum = Sha256::new();
    hash_into(&mut file, &mut sum).map_err(io("read", path))?;
    Sum::parse(&format!("{:x}", sum.finalize()))
}

pub(super) fn hash_into(file: &mut File, sum: &mut Sha256) -> std::io::Result<u64> {
    let mut buffer = vec![0; 1 << 20];
    let mut length = 0;
    loop {
        match file.read(&mut buffer)? {
            0 => return Ok(length),
            count => {
                sum.update(&buffer[..count]);
                length += count as u64;
            }
        }
    }
}

#[cfg(unix)]
#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::{MetadataExt, PermissionsExt};

    fn settle() {
        std::thread::sleep(Duration::from_millis(150));
    }

    #[test]
    fn a_sum_is_computed_once_and_again_after_any_change() {
        let folder = tempfile::tempdir().unwrap();
        let sums = ComputedSums::in_file(&folder.path().join("kept/sums.json"));
        let file = folder.path().join("weights");
        std::fs::write(&file, "Haemin").unwrap();
        settle();
        let first = sums.of(&file).unwrap();
        assert_eq!(first, sha256_of(&file).unwrap());
        let mode = std::fs::metadata(&sums.path).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
        let text = std::fs::read_to_string(&sums.path).unwrap();
        assert!(text.contains(first.as_str()), "{text}");

        // The kept sum is what is given: it says so where it is another.
        std::fs::write(&sums.path, text.replace(first.as_str(), &"0".repeat(64))).unwrap();
        std::fs::set_permissions(&sums.path, PermissionsExt::from_mode(0o600)).unwrap();
        assert_eq!(sums.of(&file).unwrap().as_str(), "0".repeat(64));
        // Writable by others, it is not believed.
        std::fs::set_permissions(&sums.path, PermissionsExt::from_mode(0o666)).unwrap();
        assert_eq!(sums.of(&file).unwrap(), first);

        // Same name, size, inode and mtime: the ctime is another.
        let before = std::fs::metadata(&file).unwrap();
        let open = File::options().write(true).open(&file).unwrap();
        (&open).write_all(b"Hamein").unwrap();
        open.set_modified(before.modified().unwrap()).unwrap();
        let after = std::fs::metadata(&file).unwrap();
        assert_eq!(
            (after.len(), after.ino(), after.mtime()),
            (before.len(), before.ino(), before.mtime())
        );
        assert_ne!(sums.of(&file).unwrap(), first);
    }

    #[test]
    fn a_file_that_was_just_written_is_read_again() {
        let folder = tempfile::tempdir().unwrap();
        let sums = ComputedSums::in_file(&folder.path().join("sums.json"));
        let file = folder.path().join("weights");
        for text in ["one", "two", "six"] {
            std::fs::write(&file, text).unwrap();
            assert_eq!(sums.of(&file).unwrap(), sha256_of(&file).unwrap());
        }
    }
}
