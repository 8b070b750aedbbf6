//! Finding models in the cache, by names and sizes of their files. Changes nothing but the list of
//! computed checksums.

use std::cmp::Reverse;
use std::path::PathBuf;

use super::catalogue::{self, Entry, PinnedFile, Purpose};
use super::error::StoreError;
use super::handle::{ResolvedName, Store};
use super::model_files::{self, snapshot_files};
use super::names::FileName;
use super::repo::RepoFile;
use crate::files;

/// An installed model.
#[derive(Debug, Clone)]
pub struct InstalledModel {
    /// The file or folder to open.
    pub path: PathBuf,
    /// Its entry in the catalogue, if it has one.
    pub entry: Option<&'static Entry>,
}

/// A model for a purpose, installed or available: the candidates for a command's default.
#[derive(Debug, Clone)]
pub struct Candidate {
    /// Its entry in the catalogue.
    pub entry: &'static Entry,
    /// Its path, if it is installed.
    pub installed: Option<PathBuf>,
    /// Bytes to fetch before it can be used: 0 if it is installed, an estimate if its files are not
    /// pinned.
    pub download: u64,
}

/// A model in the cache, complete or not.
#[derive(Debug)]
pub(super) struct CachedModel {
    pub repo: RepoFile,
    pub snapshot: PathBuf,
    /// The file or folder to open.
    pub path: PathBuf,
    /// Its files, present or missing.
    pub files: Vec<FileName>,
    /// True if all files are present, with the right size if that is pinned.
    pub is_complete: bool,
}

impl CachedModel {
    pub fn complete_path(self) -> Option<PathBuf> {
        self.is_complete.then_some(self.path)
    }
}

impl Store {
    /// The installed, complete model of a name.
    pub fn locate(&self, name: &str) -> Result<InstalledModel, StoreError> {
        let (path, entry) = match self.resolve(name)? {
            ResolvedName::Path(path) => {
                // Equal bytes are the same model, whatever the name of the file.
                let is_dir = path.is_dir();
                let entry =
                    if is_dir { catalogue::of_folder(&path) } else { catalogue::of_size(&path) };
                let is_whole = |entry: &&Entry| {
                    entry.files.iter().all(|file| {
                        let path =
                            if is_dir { path.join(file.name.as_str()) } else { path.clone() };
                        self.checksum(&path).is_ok_and(|checksum| checksum == file.sha256)
                    })
                };
                let entry = entry.filter(is_whole);
                (Some(path), entry)
            }
            ResolvedName::Entry(entry) => (self.installed(entry), Some(entry)),
            ResolvedName::Repo(repo) => {
                (self.find_repo(&repo, false)?.and_then(CachedModel::complete_path), None)
            }
        };
        let path = path.ok_or_else(|| StoreError::NotInstalled { name: name.to_string() })?;
        Ok(InstalledModel { path, entry })
    }

    /// Path of a model of the catalogue, if all of its files are present with the right sizes.
    /// Checksums are compared by [`Store::check`].
    pub fn installed(&self, entry: &Entry) -> Option<PathBuf> {
        self.find_entry(entry)?.complete_path()
    }

    /// The best installed model for a purpose.
    pub fn best(&self, purpose: Purpose) -> Option<InstalledModel> {
        let best = self.candidates(purpose).into_iter().next()?;
        Some(InstalledModel { path: best.installed?, entry: Some(best.entry) })
    }

    /// Models for a purpose: the installed ones, best first, then the defaults of the catalogue in
    /// order.
    pub fn candidates(&self, purpose: Purpose) -> Vec<Candidate> {
        let mut ranked = Vec::new();
        for entry in catalogue::entries() {
            if let (Some(rank), Some(path)) = (entry.serves(purpose), self.installed(entry)) {
                ranked.push((rank, Candidate { entry, installed: Some(path), download: 0 }));
            }
        }
        // Equal ranks: the last one in the catalogue first.
        ranked.reverse();
        ranked.sort_by_key(|(rank, _)| Reverse(*rank));
        let mut candidates: Vec<Candidate> =
            ranked.into_iter().map(|(_, candidate)| candidate).collect();
        for entry in catalogue::defaults(purpose) {
            if !candidates.iter().any(|candidate| candidate.entry.name == entry.name) {
                candidates.push(Candidate { entry, installed: None, download: entry.download() });
            }
        }
        candidates
    }

    /// A model of the catalogue in the cache; a complete one is preferred.
    pub(super) fn find_entry(&self, entry: &Entry) -> Option<CachedModel> {
        let mut models = Vec::new();
        for repo in entry.repositories() {
            match entry.files.as_slice() {
                [] => models.extend(self.find_repo(&repo, false).ok().flatten()),
                files => models.extend(self.find_pinned(&repo, files)),
            }
        }
        complete_or_first(models)
    }

    /// Snapshots with at least one of the pinned files.
    fn find_pinned(&self, repo: &RepoFile, files: &[PinnedFile]) -> Vec<CachedModel> {
        let mut models = Vec::new();
        for snapshot in self.folder(repo).snapshots() {
            let path = |file: &PinnedFile| snapshot.join(file.name.as_str());
            if files.iter().any(|file| model_files::exists(&path(file))) {
                models.push(CachedModel {
                    repo: repo.clone(),
                    path: match files {
                        [only] => path(only),
                        [first, ..] if first.name.as_str().ends_with(".gguf") => path(first),
                        _ => snapshot.clone(),
                    },
                    files: files.iter().map(|file| file.name.clone()).collect(),
                    is_complete: files
                        .iter()
                        .all(|file| files::size(&path(file)) == Some(file.bytes)),
                    snapshot: snapshot.clone(),
                });
            }
        }
        models
    }

    /// The model of a repository at the commit of its revision when it was fetched. For `main`,
    /// unless `exact_commit`, also in any other snapshot: other programs move refs/main and fetch
    /// single files.
    pub(super) fn find_repo(
        &self,
        repo: &RepoFile,
        exact_commit: bool,
    ) -> Result<Option<CachedModel>, StoreError> {
        let folder = self.folder(repo);
        let mut snapshots: Vec<PathBuf> =
            folder.commit().map(|commit| folder.snapshot(&commit)).into_iter().collect();
        if repo.is_main() && !exact_commit {
            snapshots.extend(folder.snapshots());
        }
        let (mut models, mut first_error) = (Vec::new(), None);
        for snapshot in snapshots {
            match snapshot_files(&snapshot, repo) {
                Ok(None) => {}
                Ok(Some(model)) => {
                    let path = |file: &FileName| snapshot.join(file.as_str());
                    models.push(CachedModel {
                        repo: repo.clone(),
                        path: model.open.as_ref().map_or_else(|| snapshot.clone(), path),
                        is_complete: model.files.iter().all(|file| path(file).is_file()),
                        files: model.files,
                        snapshot: snapshot.clone(),
                    });
                }
                // Another snapshot may be unambiguous.
                Err(error) => {
                    first_error.get_or_insert(error);
                }
            }
        }
        match first_error.filter(|_| models.is_empty()) {
            Some(error) => Err(error),
            None => Ok(complete_or_first(models)),
        }
    }

    /// True if some files of a model of the catalogue are present, but not all.
    pub fn is_damaged(&self, entry: &Entry) -> bool {
        self.find_entry(entry).is_some_and(|model| !model.is_complete)
    }

    /// Names of models with at least one file in the cache: those of the catalogue, then
    /// repositories that were pulled.
    pub fn present(&self) -> Vec<String> {
        let entries: Vec<&Entry> =
            catalogue::entries().iter().filter(|entry| self.find_entry(entry).is_some()).collect();
        let mut names: Vec<String> = entries.iter().map(|entry| entry.name.clone()).collect();
        for (repo, commit, file) in self.first_checksums().files() {
            let is_of_entry = entries.iter().any(|entry| {
                entry.repositories().any(|own| own.repo() == repo.repo())
                    && (entry.files.is_empty()
                        || entry.files.iter().any(|pinned| pinned.name == file))
            });
            if is_of_entry {
                continue;
            }
            let is_gguf = file.as_str().ends_with(".gguf");
            let name = match model_files::parts(&file).into_iter().next() {
                Some(first) if is_gguf => format!("{}@{commit}:{first}", repo.repo()),
                _ => format!("{}@{commit}", repo.repo()),
            };
            let is_present = || {
                RepoFile::parse(&name)
                    .is_ok_and(|repo| matches!(self.find_repo(&repo, true), Ok(Some(_))))
            };
            if !names.contains(&name) && is_present() {
                names.push(name);
            }
        }
        names
    }
}

/// The first complete model, else the first.
fn complete_or_first(mut models: Vec<CachedModel>) -> Option<CachedModel> {
    match models.iter().position(|model| model.is_complete) {
        Some(index) => Some(models.swap_remove(index)),
        None => models.into_iter().next(),
    }
}
