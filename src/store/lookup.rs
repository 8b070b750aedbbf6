//! What is there of a model, and whether it is what it should be. Reads; changes nothing but the
//! file of computed sums.

use std::path::{Path, PathBuf};

use super::catalogue::{self, Entry, PinnedFile};
use super::error::io;
use super::model_files::{self, contents, is_there};
use super::names::{Checksum, FileName};
use super::{InstalledModel, RepoFile, ResolvedName, Store, StoreError, Verdict};

/// A model in the cache, or what is left of one.
#[derive(Debug)]
pub(super) struct CachedModel {
    pub repo: RepoFile,
    pub snapshot: PathBuf,
    /// The file or folder to open.
    pub open: PathBuf,
    /// Files it is made of, there or not.
    pub files: Vec<FileName>,
    /// Whether all of them are there, and have their size where that is pinned.
    pub is_complete: bool,
}

impl CachedModel {
    pub fn complete_path(self) -> Option<PathBuf> {
        self.is_complete.then_some(self.open)
    }
}

impl Store {
    /// A model of the catalogue, by names and sizes of its files. One that is whole is found before
    /// one that is not.
    pub(super) fn find_entry(&self, entry: &Entry) -> Option<CachedModel> {
        let found = entry.repositories().flat_map(|repo| match entry.files.as_slice() {
            [] => self.find_repo(&repo, false).ok().flatten().into_iter().collect(),
            files => self.find_pinned(&repo, files),
        });
        best(found.collect())
    }

    fn find_pinned(&self, repo: &RepoFile, files: &[PinnedFile]) -> Vec<CachedModel> {
        let found = self.folder(repo).snapshots().into_iter().filter_map(|snapshot| {
            let path = |file: &PinnedFile| snapshot.join(file.name.as_str());
            files.iter().any(|file| is_there(&path(file))).then(|| CachedModel {
                repo: repo.clone(),
                open: files.first().map_or_else(|| snapshot.clone(), path),
                files: files.iter().map(|file| file.name.clone()).collect(),
                is_complete: files.iter().all(|file| size(&path(file)) == Some(file.bytes)),
                snapshot: snapshot.clone(),
            })
        });
        found.collect()
    }

    /// A model of a repository at the commit its revision pointed to when it was fetched. For
    /// `main`, unless `exactly`, also in any other snapshot: programs move refs/main and fetch one
    /// file only.
    pub(super) fn find_repo(
        &self,
        repo: &RepoFile,
        exactly: bool,
    ) -> Result<Option<CachedModel>, StoreError> {
        let folder = self.folder(repo);
        let mut snapshots: Vec<PathBuf> =
            folder.commit().map(|commit| folder.snapshot(&commit)).into_iter().collect();
        if repo.is_main() && !exactly {
            snapshots.extend(folder.snapshots());
        }
        let (mut found, mut unclear) = (Vec::new(), None);
        for snapshot in snapshots {
            let contents = match contents(&snapshot, repo) {
                Ok(contents) => contents,
                // Another snapshot may tell.
                Err(error) => {
                    unclear.get_or_insert(error);
                    continue;
                }
            };
            let Some(contents) = contents else { continue };
            let path = |file: &FileName| snapshot.join(file.as_str());
            found.push(CachedModel {
                repo: repo.clone(),
                open: contents.open.as_ref().map_or_else(|| snapshot.clone(), path),
                is_complete: contents.files.iter().all(|file| path(file).is_file()),
                files: contents.files,
                snapshot: snapshot.clone(),
            });
        }
        match unclear.filter(|_| found.is_empty()) {
            Some(error) => Err(error),
            None => Ok(best(found)),
        }
    }

    /// Whether something of a model of the catalogue is there, but not all of it.
    pub fn is_damaged(&self, entry: &Entry) -> bool {
        self.find_entry(entry).is_some_and(|found| !found.is_complete)
    }

    /// Names of the models of which something is there: of the catalogue, then those that were
    /// pulled by the name of a repository.
    pub fn present(&self) -> Vec<String> {
        let entries =
            || catalogue::entries().iter().filter(|entry| self.find_entry(entry).is_some());
        let mut names: Vec<String> = entries().map(|entry| entry.name.clone()).collect();
        for (repo, commit, file) in self.first_checksums().files() {
            let is_listed = entries().any(|entry| {
                entry.repositories().any(|own| own.repo() == repo.repo())
                    && (entry.files.is_empty()
                        || entry.files.iter().any(|pinned| pinned.name == file))
            });
            let gguf = file.as_str().ends_with(".gguf");
            let name = match model_files::parts(&file).into_iter().next() {
                Some(first) if gguf => format!("{}@{commit}:{first}", repo.repo()),
                _ => format!("{}@{commit}", repo.repo()),
            };
            let is_left = || {
                RepoFile::parse(&name)
                    .is_ok_and(|repo| matches!(self.find_repo(&repo, true), Ok(Some(_))))
            };
            if !is_listed && !names.contains(&name) && is_left() {
                names.push(name);
            }
        }
        names
    }

    /// Reads a model's files and compares their sums with those that are known, in the order of
    /// their names.
    pub fn verify(&self, name: &str) -> Result<Vec<(PathBuf, Verdict)>, StoreError> {
        let not_installed = || StoreError::NotInstalled { name: name.to_string() };
        match self.resolve(name)? {
            ResolvedName::Path(path) => {
                let pinned = catalogue::of_size(&path).and_then(|entry| entry.files.first());
                let files = files_of(&path)?;
                files
                    .into_iter()
                    .map(|path| Ok((path.clone(), self.verdict(&path, pinned, true)?)))
                    .collect()
            }
            ResolvedName::Entry(entry) => {
                let found = self.find_entry(entry).ok_or_else(not_installed)?;
                self.verdicts(&found, &entry.files, true)
            }
            ResolvedName::Repo(repo) => {
                let found = self.find_repo(&repo, false)?.ok_or_else(not_installed)?;
                self.verdicts(&found, &[], true)
            }
        }
    }

    /// A verdict on each file of a model. `afresh`: every byte is read, cached sums are not used.
    pub(super) fn verdicts(
        &self,
        found: &CachedModel,
        pinned: &[PinnedFile],
        afresh: bool,
    ) -> Result<Vec<(PathBuf, Verdict)>, StoreError> {
        let verdict = |file: &FileName| {
            let path = found.snapshot.join(file.as_str());
            let pin = pinned.iter().find(|pin| pin.name == *file);
            let verdict = self.verdict(&path, pin, afresh)?;
            Ok((path, verdict))
        };
        found.files.iter().map(verdict).collect()
    }

    fn verdict(
        &self,
        path: &Path,
        pin: Option<&PinnedFile>,
        afresh: bool,
    ) -> Result<Verdict, StoreError> {
        let Some(found) = size(path) else { return Ok(Verdict::Missing) };
        if let Some(expected) = pin.map(|file| file.bytes).filter(|expected| *expected != found) {
            return Ok(Verdict::SizeMismatch { expected, found });
        }
        let found = if afresh {
            self.checksums().compute(path).map_err(io("read", path))?.into()
        } else {
            self.checksum(path)?
        };
        let expected = pin.map(|file| file.sha256.clone()).or_else(|| self.unpinned_checksum(path));
        Ok(match expected {
            None => Verdict::Unpinned,
            Some(expected) if expected != found => {
                Verdict::Mismatch { expected: expected.to_string(), found: found.to_string() }
            }
            Some(_) if pin.is_some() => Verdict::Match,
            Some(_) => Verdict::Unchanged,
        })
    }

    /// The sum that a file of the cache first had, or that its blob is named by.
    pub(super) fn unpinned_checksum(&self, path: &Path) -> Option<Checksum> {
        let of_blob = || {
            let target = std::fs::read_link(path).ok()?;
            let is_blob = target.parent()?.file_name()? == "blobs";
            is_blob.then(|| Checksum::parse(target.file_name()?.to_str()?).ok()).flatten()
        };
        self.first_checksums().get(path).or_else(of_blob)
    }

    /// Compares a model with its pinned sums; files that have not changed since are not read again.
    /// A model that is not pinned passes.
    pub fn check(&self, located: &InstalledModel) -> Result<(), StoreError> {
        let Some(entry) = located.entry else { return Ok(()) };
        let verdict = |file: &PinnedFile| {
            let path = pinned_path(&located.path, entry, file);
            let verdict = self.verdict(&path, Some(file), false)?;
            Ok((path, verdict))
        };
        let verdicts: Result<Vec<_>, StoreError> = entry.files.iter().map(verdict).collect();
        damage(&entry.name, &verdicts?).map_or(Ok(()), Err)
    }

    /// Whether a file has the sum of a model's only file; read once unless it changes.
    pub(super) fn is_file_of(&self, path: &Path, entry: &Entry) -> bool {
        let pinned = entry.files.first().map(|file| &file.sha256);
        self.checksum(path).is_ok_and(|sum| Some(&sum) == pinned)
    }

    /// What identifies a model's weights and vocabulary: the sums of its files, computed from their
    /// bytes.
    pub fn fingerprint(&self, located: &InstalledModel) -> Result<String, StoreError> {
        let files = match located.entry.filter(|entry| !entry.files.is_empty()) {
            Some(entry) => {
                entry.files.iter().map(|file| pinned_path(&located.path, entry, file)).collect()
            }
            None => files_of(&located.path)?,
        };
        let sums: Result<Vec<String>, StoreError> =
            files.iter().map(|path| Ok(self.checksum(path)?.to_string())).collect();
        Ok(sums?.join(" "))
    }
}

/// What is wrong with a model, if anything is.
pub fn damage(name: &str, verdicts: &[(PathBuf, Verdict)]) -> Option<StoreError> {
    let reasons = verdicts.iter().filter_map(|(path, verdict)| {
        let file = path.file_name().unwrap_or_default().to_string_lossy();
        Some(verdict.error(&file)?.to_string())
    });
    let reasons: Vec<String> = reasons.collect();
    (!reasons.is_empty()).then(|| StoreError::Damaged { name: name.to_string(), reasons })
}

/// The first that is whole, else the first.
fn best(mut found: Vec<CachedModel>) -> Option<CachedModel> {
    match found.iter().position(|found| found.is_complete) {
        Some(at) => Some(found.swap_remove(at)),
        None => found.into_iter().next(),
    }
}

/// Where a pinned file of a model lies. A model's only file may have any name.
fn pinned_path(path: &Path, entry: &Entry, file: &PinnedFile) -> PathBuf {
    match (path.is_dir(), entry.files.as_slice()) {
        (true, _) => path.join(file.name.as_str()),
        (false, [_]) => path.to_path_buf(),
        (false, _) => path.parent().unwrap_or(path).join(file.name.as_str()),
    }
}

/// Bytes of a file; `None` for anything else.
pub(super) fn size(path: &Path) -> Option<u64> {
    std::fs::metadata(path).ok().filter(std::fs::Metadata::is_file).map(|found| found.len())
}

/// Files that a path opens: all of a folder, all parts of a split GGUF.
fn files_of(path: &Path) -> Result<Vec<PathBuf>, StoreError> {
    if !path.is_dir() {
        let name = path
            .file_name()
            .and_then(|name| name.to_str())
            .and_then(|name| FileName::parse(name).ok());
        let Some(name) = name else { return Ok(vec![path.to_path_buf()]) };
        let folder = path.parent().unwrap_or(path);
        return Ok(model_files::parts(&name)
            .iter()
            .map(|part| folder.join(part.as_str()))
            .collect());
    }
    let entries = std::fs::read_dir(path).map_err(io("read", path))?;
    let mut paths: Vec<PathBuf> = entries
        .filter_map(|entry| Some(entry.ok()?.path()))
        .filter(|path| {
            path.is_file() && path.extension().is_none_or(|ending| ending != "incomplete")
        })
        .collect();
    paths.sort();
    Ok(paths)
}
