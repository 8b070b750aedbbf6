//! Taking a model off the disk, and nothing else: names in its snapshot go, and blobs that no name
//! in the cache leads to any more.
//!
//! Links are never followed to delete. A blob may be linked to from other revisions and
//! repositories, and may itself be a link into the store that `huggingface_hub` shares between
//! repositories (`blobs/<2 digits>/<hash>`, with `<hash>.refs` and `<hash>.lock`).

use std::collections::HashSet;
use std::path::{Path, PathBuf};

use super::error::io;
use super::lock::Lock;
use super::lookup::CachedModel;
use super::model_files::is_there;
use super::names::{Checksum, Commit};
use super::partial_file::partial_path;
use super::repo::RepoFile;
use super::{ResolvedName, Store, StoreError};

/// What [`Store::remove`] did.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Removed {
    /// The file or folder that was opened as the model.
    pub path: PathBuf,
    /// Files and links that are gone.
    pub files: Vec<PathBuf>,
    /// Bytes of disk that are free now.
    pub bytes: u64,
    /// What stayed of its repository, and why.
    pub left: Vec<Leftover>,
}

/// Something that was not removed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Leftover {
    /// The file or folder.
    pub path: PathBuf,
    /// Why it stayed, as a clause: "another model uses it".
    pub reason: &'static str,
}

impl Store {
    /// Takes a model off the disk, whole or not: the names of its files, and blobs that nothing
    /// else in the cache uses. A path outside the cache is the user's own and stays.
    pub fn remove(&self, name: &str) -> Result<Removed, StoreError> {
        let (found, repositories) = match self.resolve(name)? {
            ResolvedName::Path(path) => return Err(StoreError::OutsideCache { path }),
            ResolvedName::Repo(repo) => (self.find_repo(&repo, false)?, vec![repo]),
            ResolvedName::Entry(entry) => (self.find_entry(entry), entry.repositories().collect()),
        };
        let Some(found) = found else {
            // A download that was interrupted before its first file was whole.
            for repo in repositories.iter().filter(|repo| self.folder(repo).blobs().is_dir()) {
                let lock = self.folder(repo).lock();
                let _lock = Lock::acquire(&lock, &mut |_| {})?;
                let mut removal = Removal::in_blobs_of(self, repo, self.folder(repo).blobs())?;
                removal.unlink_unfinished()?;
                if !removal.removed.files.is_empty() {
                    return Ok(removal.removed);
                }
            }
            return Err(StoreError::NotInstalled { name: name.to_string() });
        };
        let lock = self.folder(&found.repo).lock();
        let _lock = Lock::acquire(&lock, &mut |_| {})?;
        Removal::of(self, &found)?.run(self, &found)
    }
}

/// A removal in progress. Its paths are canonical but for their last parts.
struct Removal {
    cache: PathBuf,
    blobs: PathBuf,
    removed: Removed,
}

impl Removal {
    /// Checks that everything lies in the cache, before anything goes.
    fn of(store: &Store, found: &CachedModel) -> Result<Self, StoreError> {
        let given = &store.settings.cache;
        let cache = given.canonicalize().map_err(io("read", given))?;
        for file in &found.files {
            let path = found.snapshot.join(file.as_str());
            let folder = path.parent().and_then(|folder| folder.canonicalize().ok());
            if is_there(&path) && !folder.is_some_and(|folder| folder.starts_with(&cache)) {
                return Err(StoreError::OutsideCache { path });
            }
        }
        Self::in_blobs_of(store, &found.repo, found.open.clone())
    }

    /// Nothing yet, in a repository's folder of blobs.
    fn in_blobs_of(store: &Store, repo: &RepoFile, path: PathBuf) -> Result<Self, StoreError> {
        let given = &store.settings.cache;
        let cache = given.canonicalize().map_err(io("read", given))?;
        let blobs = store.folder(repo).blobs();
        let blobs =
            blobs.canonicalize().ok().filter(|blobs| blobs.starts_with(&cache)).unwrap_or(blobs);
        let removed = Removed { path, files: Vec::new(), bytes: 0, left: Vec::new() };
        Ok(Self { cache, blobs, removed })
    }

    /// What interrupted downloads left among a repository's blobs.
    fn unlink_unfinished(&mut self) -> Result<(), StoreError> {
        if !self.blobs.starts_with(&self.cache) {
            return Ok(());
        }
        for entry in std::fs::read_dir(&self.blobs).into_iter().flatten().flatten() {
            let name = entry.file_name().to_string_lossy().into_owned();
            let sum = name.strip_suffix(".incomplete").or_else(|| name.strip_suffix(".parts"));
            if sum.is_some_and(|sum| Checksum::parse(sum).is_ok()) {
                self.unlink_file(&entry.path())?;
            }
        }
        Ok(())
    }

    fn run(mut self, store: &Store, found: &CachedModel) -> Result<Removed, StoreError> {
        let mut targets = Vec::new();
        for file in &found.files {
            let path = found.snapshot.join(file.as_str());
            if is_there(&path) {
                targets.extend(target(&path));
                self.unlink(&path)?;
            }
            self.unlink_file(&partial_path(&path))?;
            store.first_checksums().forget(&path)?;
        }
        targets.sort();
        targets.dedup();
        let links = links_in(&self.cache);
        for blob in targets {
            self.remove_blob(&blob, &links)?;
        }
        if store.folder(&found.repo).snapshots().iter().all(|snapshot| is_empty(snapshot)) {
            self.unlink_unfinished()?;
        }
        self.tidy(found);
        Ok(self.removed)
    }

    /// A blob that a name led to.
    fn remove_blob(&mut self, blob: &Path, links: &[(PathBuf, PathBuf)]) -> Result<(), StoreError> {
        if blob.parent() != Some(&*self.blobs) {
            return self.remove_shared(blob);
        }
        if links.iter().any(|(_, target)| target == blob) {
            self.leave(blob, "another revision or model uses it");
            return Ok(());
        }
        let shared = target(blob);
        if is_there(blob) {
            self.unlink(blob)?;
        }
        self.unlink_file(&partial_path(blob))?;
        self.unlink_file(&blob.with_extension("parts"))?;
        shared.map_or(Ok(()), |shared| self.remove_shared(&shared))
    }

    /// An entry of the store that repositories share; any other file is not of the cache's making
    /// and stays.
    fn remove_shared(&mut self, blob: &Path) -> Result<(), StoreError> {
        let name = blob.file_name().and_then(|name| name.to_str()).unwrap_or_default();
        let store = self.cache.join("blobs");
        let is_entry = Checksum::parse(name).is_ok()
            && blob == store.join(name.get(..2).unwrap_or_default()).join(name);
        if !is_entry || !blob.symlink_metadata().is_ok_and(|found| found.is_file()) {
            if is_there(blob) {
                self.leave(blob, "it lies outside of this model's folder");
            }
            return Ok(());
        }
        // Programs that share a blob hold its lock while they link to it. A store without its mark
        // knows no locks.
        let mut is_locked = true;
        let marked = store.join(".huggingface-shared-blobs").is_file();
        let lock = blob.with_extension("lock");
        let is_link = lock.symlink_metadata().is_ok_and(|found| found.is_symlink());
        let held = match marked {
            true if is_link => None,
            true => {
                Lock::acquire(&lock, &mut |delay| is_locked = delay == super::lock::Delay::Held)
                    .ok()
            }
            false => None,
        };
        if marked && (held.is_none() || !is_locked) {
            self.leave(blob, "other programs share it, and it cannot be locked");
            return Ok(());
        }
        if links_in(&self.cache).iter().any(|(_, target)| target == blob) {
            self.leave(blob, "another model uses it");
            return Ok(());
        }
        self.unlink(blob)?;
        self.unlink_file(&blob.with_extension("refs"))
    }

    /// Removes a file or a link, never what it leads to.
    fn unlink(&mut self, path: &Path) -> Result<(), StoreError> {
        let found = path.symlink_metadata().map_err(io("read", path))?;
        std::fs::remove_file(path).map_err(io("remove", path))?;
        if found.is_file() {
            self.removed.bytes += found.len();
        }
        self.removed.files.push(path.to_path_buf());
        Ok(())
    }

    /// Removes a file that may be there, such as what an interrupted download left.
    fn unlink_file(&mut self, path: &Path) -> Result<(), StoreError> {
        match path.symlink_metadata() {
            Ok(found) if found.is_file() => self.unlink(path),
            _ => Ok(()),
        }
    }

    fn leave(&mut self, path: &Path, reason: &'static str) {
        self.removed.left.push(Leftover { path: path.to_path_buf(), reason });
    }

    /// Folders that are empty now go, and refs to a snapshot that is gone. What is not empty stays
    /// and is told.
    fn tidy(&mut self, found: &CachedModel) {
        let snapshot = &found.snapshot;
        for file in &found.files {
            let mut folder = snapshot.join(file.as_str());
            while folder.pop()
                && folder.starts_with(snapshot)
                && std::fs::remove_dir(&folder).is_ok()
            {}
        }
        let (Some(snapshots), Some(commit)) =
            (snapshot.parent(), snapshot.file_name().and_then(|n| n.to_str()))
        else {
            return;
        };
        let Some(root) = snapshots.parent() else { return };
        match snapshot.symlink_metadata() {
            Ok(_) => self.leave(snapshot, "it holds other files"),
            Err(_) => forget_refs(&root.join("refs"), commit),
        }
        for entry in std::fs::read_dir(snapshots).into_iter().flatten().flatten() {
            if entry.path() != *snapshot {
                self.leave(&entry.path(), "it is another revision");
            }
        }
        for folder in [snapshots, &root.join("blobs"), root] {
            // One that is not empty stays.
            let _ = std::fs::remove_dir(folder);
        }
    }
}

/// Where a link leads in one step; `None` for a file. The folder is canonical, the last part is not
/// followed.
fn target(link: &Path) -> Option<PathBuf> {
    let to = link.parent()?.canonicalize().ok()?.join(std::fs::read_link(link).ok()?);
    Some(to.parent()?.canonicalize().ok()?.join(to.file_name()?))
}

/// Links below the repositories of a cache, each with where it leads in one step.
fn links_in(cache: &Path) -> Vec<(PathBuf, PathBuf)> {
    let mut links = Vec::new();
    // Folders may be links to other folders, and lead back.
    let mut seen = HashSet::new();
    let mut folders = vec![cache.to_path_buf()];
    while let Some(folder) = folders.pop() {
        let Ok(canonical) = folder.canonicalize() else { continue };
        if !seen.insert(canonical) {
            continue;
        }
        for entry in std::fs::read_dir(&folder).into_iter().flatten().flatten() {
            let path = entry.path();
            if path.is_dir() {
                folders.push(path);
            } else if let Some(target) = target(&path) {
                links.push((path, target));
            }
        }
    }
    links
}

/// Removes refs that point to a commit, and folders of refs that are empty then.
fn forget_refs(refs: &Path, commit: &str) {
    for entry in std::fs::read_dir(refs).into_iter().flatten().flatten() {
        let path = entry.path();
        match path.symlink_metadata() {
            Ok(found) if found.is_dir() => forget_refs(&path, commit),
            Ok(found) if found.is_file() => {
                let text = std::fs::read_to_string(&path).unwrap_or_default();
                if Commit::parse(text.trim()).is_ok_and(|of| of.as_str() == commit) {
                    // A ref that cannot be removed names a commit that is not there: it is read as
                    // such.
                    let _ = std::fs::remove_file(&path);
                }
            }
            _ => {}
        }
    }
    let _ = std::fs::remove_dir(refs);
}

fn is_empty(folder: &Path) -> bool {
    std::fs::read_dir(folder).is_ok_and(|mut entries| entries.next().is_none())
}
