//! Checksums of unpinned files at their first download, so that a later change is noticed.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use super::error::{StoreError, io};
use super::lock::Lock;
use super::names::{Checksum, Commit, FileName};
use super::partial_file::write_file;
use super::repo::RepoFile;

/// Checksums at the first download, keyed by the path within the cache: repository, commit and
/// file. Every later copy must have the same.
pub(super) struct FirstChecksums {
    path: PathBuf,
    /// The list of versions before 0.2, at a place where `huggingface_hub` reports a damaged
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

    /// The first checksum of a file of the cache.
    pub fn get(&self, path: &Path) -> Option<Checksum> {
        Checksum::parse(self.read().get(&self.key(path))?).ok()
    }

    /// All files of the list: repository, commit, name.
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
    pub fn remember(&self, path: &Path, checksum: &Checksum) -> Result<(), StoreError> {
        let _lock = self.lock()?;
        let mut sums = self.read();
        sums.insert(self.key(path), checksum.to_string());
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

    /// Held while the list is read and written: locks of repositories do not protect it.
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
