//! The handle of a store, and the meaning of names.

use std::path::{Path, PathBuf};

use super::cache::RepoFolder;
use super::catalogue::{self, Entry};
use super::error::{StoreError, io};
use super::first_checksums::FirstChecksums;
use super::names::Checksum;
use super::repo::RepoFile;
use super::settings::StoreSettings;
use crate::files::ChecksumCache;

/// The models on disk, and the way to fetch more.
pub struct Store {
    pub(super) settings: StoreSettings,
}

/// A resolved model name.
#[derive(Debug, Clone)]
pub enum ResolvedName {
    /// A model of the catalogue.
    Entry(&'static Entry),
    /// A repository of the hub.
    Repo(RepoFile),
    /// A file or folder.
    Path(PathBuf),
}

impl Store {
    /// A store with these settings. Reads nothing yet.
    pub fn new(settings: StoreSettings) -> Self {
        Self { settings }
    }

    /// The settings.
    pub fn settings(&self) -> &StoreSettings {
        &self.settings
    }

    /// Resolves a name: to a model of the catalogue, else a file or folder, else a repository.
    pub fn resolve(&self, name: &str) -> Result<ResolvedName, StoreError> {
        if let Some(entry) = catalogue::find(name) {
            return Ok(ResolvedName::Entry(entry));
        }
        let path = Path::new(name);
        if path.exists() {
            return Ok(ResolvedName::Path(path.to_path_buf()));
        }
        if let Some(refused) = catalogue::refusal(name) {
            return Err(StoreError::Refused {
                name: name.to_string(),
                reason: refused.reason.clone(),
            });
        }
        let is_path = path.is_absolute()
            || name.starts_with('.')
            || (name.ends_with(".gguf") && !name.contains(':'));
        if !is_path {
            match RepoFile::parse(name) {
                Ok(repo) => return Ok(ResolvedName::Repo(repo)),
                Err(error) if name.contains(['@', ':']) => return Err(error),
                Err(_) => {}
            }
        }
        Err(StoreError::Unknown { name: name.to_string(), nearest: catalogue::nearest(name) })
    }

    pub(super) fn folder(&self, repo: &RepoFile) -> RepoFolder {
        RepoFolder::new(&self.settings.cache, repo)
    }

    pub(super) fn first_checksums(&self) -> FirstChecksums {
        FirstChecksums::of(&self.settings.cache)
    }

    pub(super) fn checksums(&self) -> ChecksumCache {
        ChecksumCache::in_file(match &self.settings.checksums {
            Some(list) => list.clone(),
            None => self.settings.cache.join(".locks/malmoi-computed-sums.json"),
        })
    }

    /// The checksum of a file; read once for each state of the file.
    pub(super) fn checksum(&self, path: &Path) -> Result<Checksum, StoreError> {
        self.checksums().of(path).map(Checksum::from).map_err(io("read", path))
    }
}
