//! Checksums of unpinned files when they were first fetched, so that a later change is noticed.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use super::error::{StoreError, io};
use super::lock::Lock;
use super::names::{Checksum, Commit, FileName};
use super::partial_file::write_file;
use super::repo::RepoFile;

/// Sums of unpinned files as they first came: what every later copy must be. Keyed by
/// repository, commit and file.
pub(super) struct FirstChecksums {
    path: PathBuf,
    /// Where versions before 0.2 wrote them: `huggingface_hub` takes a file there for a damaged
    /// repository.
    old: PathBuf,
    cache: PathBuf,
}

impl FirstChecksums {
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
    pub fn get(&self, path: &Path) -> Option<Checksum> {
        Checksum::parse(self.read().get(&self.key(path))?).ok()
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
    pub fn remember(&self, path: &Path, sum: &Checksum) -> Result<(), StoreError> {
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
        write_file(&self.path, &serde_json::to_vec_pretty(sums).unwrap_or_default())?;
        match std::fs::remove_file(&self.old) {
            Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
                Err(io("remove", &self.old)(error))
            }
            _ => Ok(()),
        }
    }
}
