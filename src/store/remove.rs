//! Removing a model: its links in the snapshot, and the blobs that no link in the cache uses any
//! more.
//!
//! Links are not followed when deleting. Other revisions and repositories may link to a blob, and a
//! blob may be a link into the store that `huggingface_hub` shares between repositories
//! (`blobs/<2 digits>/<hash>`, with `<hash>.refs` and `<hash>.lock`).

use std::collections::HashSet;
use std::path::{Path, PathBuf};

use super::error::{StoreError, io};
use super::handle::{ResolvedName, Store};
use super::lock::{Delay, Lock};
use super::lookup::CachedModel;
use super::model_files::exists;
use super::names::{Checksum, Commit};
use super::packed::packed_path;
use super::partial_file::partial_path;
use super::repo::RepoFile;

/// The result of [`Store::remove`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Removed {
    /// The file or folder of the model.
    pub path: PathBuf,
    /// Removed files and links.
    pub files: Vec<PathBuf>,
    /// Bytes of the removed files.
    pub bytes: u64,
    /// Files and folders of its repository that were kept.
    pub left: Vec<Leftover>,
}

/// A file or folder that was not removed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Leftover {
    /// The file or folder.
    pub path: PathBuf,
    /// The reason, as a clause: "another model uses it".
    pub reason: &'static str,
}

impl Store {
    /// Removes a model, complete or not, with the blobs that nothing else in the cache uses. Paths
    /// outside the cache are refused.
    pub fn remove(&self, name: &str) -> Result<Removed, StoreError> {
        let (model, repositories) = match self.resolve(name)? {
            ResolvedName::Path(path) => return Err(StoreError::OutsideCache { path }),
            ResolvedName::Repo(repo) => (self.find_repo(&repo, false)?, vec![repo]),
            ResolvedName::Entry(entry) => (self.find_entry(entry), entry.repositories().collect()),
        };
        let Some(model) = model else {
            // A download may have been interrupted before its first file was complete.
            for repo in repositories.iter().filter(|repo| self.folder(repo).blobs().is_dir()) {
                let lock = self.folder(repo).lock();
                let _lock = Lock::acquire(&lock, &mut |_| {})?;
                let mut removal = Removal::in_blobs_of(self, repo, self.folder(repo).blobs())?;
                removal.remove_partial_files()?;
                if !removal.removed.files.is_empty() {
                    return Ok(removal.removed);
                }
            }
            return Err(StoreError::NotInstalled { name: name.to_string() });
        };
        let lock = self.folder(&model.repo).lock();
        let _lock = Lock::acquire(&lock, &mut |_| {})?;
        Removal::of(self, &model)?.run(self, &model)
    }
}

/// A removal in progress. Its paths are canonical, except for their last parts.
struct Removal {
    cache: PathBuf,
    blobs: PathBuf,
    removed: Removed,
}

impl Removal {
    /// Checks that all files are in the cache, before the first is removed.
    fn of(store: &Store, model: &CachedModel) -> Result<Self, StoreError> {
        let given = &store.settings.cache;
        let cache = given.canonicalize().map_err(io("read", given))?;
        for file in &model.files {
            let path = model.snapshot.join(file.as_str());
            let folder = path.parent().and_then(|folder| folder.canonicalize().ok());
            if exists(&path) && !folder.is_some_and(|folder| folder.starts_with(&cache)) {
                return Err(StoreError::OutsideCache { path });
            }
        }
        Self::in_blobs_of(store, &model.repo, model.path.clone())
    }

    /// A removal in the blobs of a repository.
    fn in_blobs_of(store: &Store, repo: &RepoFile, path: PathBuf) -> Result<Self, StoreError> {
        let given = &store.settings.cache;
        let cache = given.canonicalize().map_err(io("read", given))?;
        let blobs = store.folder(repo).blobs();
        let blobs =
            blobs.canonicalize().ok().filter(|blobs| blobs.starts_with(&cache)).unwrap_or(blobs);
        let removed = Removed { path, files: Vec::new(), bytes: 0, left: Vec::new() };
        Ok(Self { cache, blobs, removed })
    }

    /// Removes files of interrupted downloads from the blobs of the repository.
    fn remove_partial_files(&mut self) -> Result<(), StoreError> {
        if !self.blobs.starts_with(&self.cache) {
            return Ok(());
        }
        for entry in std::fs::read_dir(&self.blobs).into_iter().flatten().flatten() {
            let name = entry.file_name().to_string_lossy().into_owned();
            let endings = [".packed.incomplete", ".incomplete", ".parts"];
            let stem = endings.iter().find_map(|ending| name.strip_suffix(ending));
            if stem.is_some_and(|stem| Checksum::parse(stem).is_ok()) {
                self.unlink_file(&entry.path())?;
            }
        }
        Ok(())
    }

    fn run(mut self, store: &Store, model: &CachedModel) -> Result<Removed, StoreError> {
        let mut targets = Vec::new();
        for file in &model.files {
            let path = model.snapshot.join(file.as_str());
            if exists(&path) {
                targets.extend(link_target(&path));
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
        if store.folder(&model.repo).snapshots().iter().all(|snapshot| is_empty(snapshot)) {
            self.remove_partial_files()?;
        }
        self.remove_empty_folders(model);
        Ok(self.removed)
    }

    /// Removes a blob of a removed link, unless another link uses it.
    fn remove_blob(&mut self, blob: &Path, links: &[(PathBuf, PathBuf)]) -> Result<(), StoreError> {
        if blob.parent() != Some(&*self.blobs) {
            return self.remove_shared(blob);
        }
        if links.iter().any(|(_, target)| target == blob) {
            self.keep(blob, "another revision or model uses it");
            return Ok(());
        }
        let shared = link_target(blob);
        if exists(blob) {
            self.unlink(blob)?;
        }
        self.unlink_file(&partial_path(blob))?;
        self.unlink_file(&partial_path(&packed_path(blob)))?;
        self.unlink_file(&blob.with_extension("parts"))?;
        shared.map_or(Ok(()), |shared| self.remove_shared(&shared))
    }

    /// Removes an entry of the shared store, unless another link uses it. Any other file is kept.
    fn remove_shared(&mut self, blob: &Path) -> Result<(), StoreError> {
        let name = blob.file_name().and_then(|name| name.to_str()).unwrap_or_default();
        let store = self.cache.join("blobs");
        let is_entry = Checksum::parse(name).is_ok()
            && blob == store.join(name.get(..2).unwrap_or_default()).join(name);
        if !is_entry || !blob.symlink_metadata().is_ok_and(|metadata| metadata.is_file()) {
            if exists(blob) {
                self.keep(blob, "it lies outside of this model's folder");
            }
            return Ok(());
        }
        // Programs that share a blob hold its lock while they link to it. A store without this
        // marker file is not shared.
        let mut is_locked = true;
        let is_shared = store.join(".huggingface-shared-blobs").is_file();
        let lock = blob.with_extension("lock");
        let is_link = lock.symlink_metadata().is_ok_and(|metadata| metadata.is_symlink());
        let held = if is_shared && !is_link {
            Lock::acquire(&lock, &mut |delay| is_locked = delay == Delay::Held).ok()
        } else {
            None
        };
        if is_shared && (held.is_none() || !is_locked) {
            self.keep(blob, "other programs share it, and it cannot be locked");
            return Ok(());
        }
        if links_in(&self.cache).iter().any(|(_, target)| target == blob) {
            self.keep(blob, "another model uses it");
            return Ok(());
        }
        self.unlink(blob)?;
        self.unlink_file(&blob.with_extension("refs"))
    }

    /// Removes a file or a link, not the target of the link.
    fn unlink(&mut self, path: &Path) -> Result<(), StoreError> {
        let metadata = path.symlink_metadata().map_err(io("read", path))?;
        std::fs::remove_file(path).map_err(io("remove", path))?;
        if metadata.is_file() {
            self.removed.bytes += metadata.len();
        }
        self.removed.files.push(path.to_path_buf());
        Ok(())
    }

    /// Removes a regular file if it exists.
    fn unlink_file(&mut self, path: &Path) -> Result<(), StoreError> {
        match path.symlink_metadata() {
            Ok(metadata) if metadata.is_file() => self.unlink(path),
            _ => Ok(()),
        }
    }

    fn keep(&mut self, path: &Path, reason: &'static str) {
        self.removed.left.push(Leftover { path: path.to_path_buf(), reason });
    }

    /// Removes empty folders, and refs to a removed snapshot. Folders that are not empty are
    /// reported.
    fn remove_empty_folders(&mut self, model: &CachedModel) {
        let snapshot = &model.snapshot;
        for file in &model.files {
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
            Ok(_) => self.keep(snapshot, "it holds other files"),
            Err(_) => remove_refs(&root.join("refs"), commit),
        }
        for entry in std::fs::read_dir(snapshots).into_iter().flatten().flatten() {
            if entry.path() != *snapshot {
                self.keep(&entry.path(), "it is another revision");
            }
        }
        for folder in [snapshots, &root.join("blobs"), root] {
            // Fails for a folder that is not empty.
            let _ = std::fs::remove_dir(folder);
        }
    }
}

/// Target of a link, itself not followed; `None` for a file. Its folder is canonical.
fn link_target(link: &Path) -> Option<PathBuf> {
    let to = link.parent()?.canonicalize().ok()?.join(std::fs::read_link(link).ok()?);
    Some(to.parent()?.canonicalize().ok()?.join(to.file_name()?))
}

/// All links in a cache, with their targets.
fn links_in(cache: &Path) -> Vec<(PathBuf, PathBuf)> {
    let mut links = Vec::new();
    // Links between folders may form circles.
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
            } else if let Some(target) = link_target(&path) {
                links.push((path, target));
            }
        }
    }
    links
}

/// Removes refs to a commit, and folders of refs that become empty.
fn remove_refs(refs: &Path, commit: &str) {
    for entry in std::fs::read_dir(refs).into_iter().flatten().flatten() {
        let path = entry.path();
        match path.symlink_metadata() {
            Ok(metadata) if metadata.is_dir() => remove_refs(&path, commit),
            Ok(metadata) if metadata.is_file() => {
                let text = std::fs::read_to_string(&path).unwrap_or_default();
                if Commit::parse(text.trim()).is_ok_and(|of| of.as_str() == commit) {
                    // A ref that cannot be removed names a missing commit, which is harmless.
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
