//! Models carried from one store to another: what their files are here, and how they become visible
//! there. Knows nothing of how they travel.

use std::path::{Path, PathBuf};

use super::catalogue::{self, Entry, PinnedFile};
use super::error::{StoreError, io};
use super::event::StoreEvent;
use super::handle::{ResolvedName, Store};
use super::local::local_model;
use super::lock::Lock;
use super::lookup::CachedModel;
use super::names::{Checksum, Commit, model_checksum};
use super::partial_file::{check_free_space, partial_path};
use super::repo::RepoFile;
use super::verify::{Trust, damage};
use crate::files::{self, sync_folder};

/// A model, by everything that another store needs to know of it.
#[derive(Debug, Clone)]
pub struct CarriedModel {
    /// Name for `--model`.
    pub name: String,
    /// Its place in the store.
    pub repo: RepoFile,
    /// The commit whose files these are, or what stands in for it.
    pub commit: Commit,
    /// Its files.
    pub files: Vec<PinnedFile>,
    /// Its entry in the catalogue, if it has one.
    pub entry: Option<Entry>,
}

/// A model of this store, to be carried away.
#[derive(Debug)]
pub struct Cargo {
    /// The model.
    pub model: CarriedModel,
    /// The path of each of its files, in their order.
    pub paths: Vec<PathBuf>,
}

impl CarriedModel {
    /// One checksum of all its files.
    pub fn checksum(&self) -> Checksum {
        model_checksum(self.files.iter().map(|file| (file.name.as_str(), &file.sha256)))
    }
}

impl Store {
    /// The files of an installed model, which must be intact. A file or folder is given a place of
    /// its own in other stores: `local/NAME`.
    ///
    /// # Errors
    /// Fails if the model is not installed, or damaged.
    pub fn cargo(&self, name: &str) -> Result<Cargo, StoreError> {
        let not_installed = || StoreError::NotInstalled { name: name.to_string() };
        let (name, entry, repo, model) = match self.resolve(name)? {
            ResolvedName::Entry(entry) => {
                let model = self.find_entry(entry).ok_or_else(not_installed)?;
                (entry.name.clone(), Some(entry), model.repo.clone(), model)
            }
            ResolvedName::Repo(repo) => {
                let model = self.find_repo(&repo, false)?.ok_or_else(not_installed)?;
                (short_name(&repo), None, repo, model)
            }
            ResolvedName::Path(path) => {
                let (repo, model) = local_model(&path)?;
                (short_name(&repo), None, repo, model)
            }
        };
        let pinned = entry.map(|entry| entry.files.as_slice()).unwrap_or_default();
        let verdicts = self.verdicts(&model, pinned, Trust::List)?;
        if let Some(error) = damage(&name, &verdicts) {
            return Err(error);
        }
        let (mut files, mut paths) = (Vec::new(), Vec::new());
        for file in &model.files {
            let path = model.snapshot.join(file.as_str());
            let bytes = files::size(&path)
                .ok_or_else(|| StoreError::MissingFile { file: file.to_string() })?;
            files.push(PinnedFile { name: file.clone(), bytes, sha256: self.checksum(&path)? });
            paths.push(path);
        }
        let of_snapshot = model.snapshot.file_name().and_then(|name| name.to_str());
        let commit = of_snapshot.and_then(|name| Commit::parse(name).ok());
        let commit = commit.unwrap_or_else(|| {
            let names = files.iter().map(|file| (file.name.as_str(), &file.sha256));
            Commit::standing_in(&model_checksum(names))
        });
        let entry = entry.cloned();
        Ok(Cargo { model: CarriedModel { name, repo, commit, files, entry }, paths })
    }

    /// A folder for files on their way into this store, on its disk, and the lock that keeps it.
    /// What an installation that was killed left there is removed.
    pub fn loading_dock(&self) -> Result<LoadingDock, StoreError> {
        let locks = self.settings.cache.join(".locks");
        let lock = Lock::acquire(&locks.join("malmoi-loading.lock"), &mut |_| {})?;
        let folder = locks.join("malmoi-loading");
        if folder.symlink_metadata().is_ok() {
            match folder.is_dir() && !folder.is_symlink() {
                true => std::fs::remove_dir_all(&folder).map_err(io("remove", &folder))?,
                false => std::fs::remove_file(&folder).map_err(io("remove", &folder))?,
            }
        }
        std::fs::create_dir_all(&folder).map_err(io("create", &folder))?;
        Ok(LoadingDock { folder, _lock: lock })
    }

    /// Fails if a model may not be installed as it was carried here: it is another than its entry
    /// of the catalogue says, or another than is installed at its place.
    pub fn accept(&self, model: &CarriedModel) -> Result<(), StoreError> {
        let place =
            || StoreError::WrongPlace { name: model.name.clone(), repo: model.repo.to_string() };
        let pinned = match &model.entry {
            Some(entry) if !entry.runs => {
                let architecture = entry.architecture.clone();
                return Err(StoreError::CannotRun { name: entry.name.clone(), architecture });
            }
            Some(entry) if !entry.repositories().any(|repo| repo == model.repo) => {
                return Err(place());
            }
            Some(entry) => entry.files.as_slice(),
            None if RepoFile::parse(&model.name).ok().as_ref() == Some(&model.repo) => &[],
            None => return Err(place()),
        };
        for pin in pinned {
            let file = model.files.iter().find(|file| file.name == pin.name);
            let file =
                file.ok_or_else(|| StoreError::MissingFile { file: pin.name.to_string() })?;
            same_checksum(pin.name.as_str(), &pin.sha256, &file.sha256)?;
        }
        if !pinned.is_empty() && pinned.len() != model.files.len() {
            return Err(place());
        }
        // Rows that came with a bundle pin nothing on this machine.
        let is_own = catalogue::find(&model.name).is_some_and(|entry| !entry.files.is_empty());
        let snapshot = self.folder(&model.repo).snapshot(&model.commit);
        for file in &model.files {
            let link = snapshot.join(file.name.as_str());
            // A damaged file may be replaced by what it should be, but by nothing else.
            let found = match self.known_checksum(&link) {
                Some(known) => Some(known),
                None if is_own || files::size(&link).is_none() => None,
                None => Some(self.checksum(&link)?),
            };
            if let Some(found) = found {
                same_checksum(file.name.as_str(), &found, &file.sha256)?;
            }
        }
        Ok(())
    }

    /// True if a file of a model is in its place, with its checksum.
    pub fn has_file(&self, model: &CarriedModel, file: &PinnedFile) -> Result<bool, StoreError> {
        let folder = self.folder(&model.repo);
        let link = folder.snapshot(&model.commit).join(file.name.as_str());
        let is_intact = |path: &Path| self.is_intact(path, Some(file.bytes), Some(&file.sha256));
        Ok(is_intact(&link)? || is_intact(&folder.blob(&file.sha256))?)
    }

    /// Fails if the disk of a folder, which is made, has not these bytes free.
    pub fn check_room(&self, folder: &Path, bytes: u64) -> Result<(), StoreError> {
        check_free_space(folder, bytes, self.settings.free_space)
    }

    /// Puts the files of a model in their places, and then makes the model visible: at once, unless
    /// other files of its commit are there already. `staged` has verified bytes on the store's
    /// disk for each file, or `None` for one that is in its place. Returns the path to open.
    pub fn unload(
        &self,
        dock: &LoadingDock,
        model: &CarriedModel,
        staged: &[Option<PathBuf>],
        on_event: &mut dyn FnMut(StoreEvent),
    ) -> Result<PathBuf, StoreError> {
        let folder = self.folder(&model.repo);
        let (_lock, _) = self.lock_repo(&model.repo, &model.name, on_event)?;
        let blobs = folder.blobs();
        std::fs::create_dir_all(&blobs).map_err(io("create", &blobs))?;
        for (file, staged) in model.files.iter().zip(staged) {
            if let Some(staged) = staged {
                place(staged, &folder.blob(&file.sha256))?;
            }
        }
        sync_folder(&blobs).map_err(io("write", &blobs))?;
        let snapshot = folder.snapshot(&model.commit);
        let is_pinned = model.entry.as_ref().is_some_and(|entry| !entry.files.is_empty());
        for file in model.files.iter().filter(|_| !is_pinned) {
            self.first_checksums().remember(&snapshot.join(file.name.as_str()), &file.sha256)?;
        }
        folder.link_all(&model.commit, &model.files, dock.path())?;
        if !is_pinned && folder.commit().is_none() {
            folder.set_commit(&model.commit)?;
        }
        let found = match &model.entry {
            Some(entry) => self.find_entry(entry),
            None => self.find_repo(&model.repo, false)?,
        };
        let path = found
            .and_then(CachedModel::complete_path)
            .ok_or_else(|| StoreError::NotInstalled { name: model.name.clone() })?;
        on_event(StoreEvent::Installed { path: path.clone(), pinned: is_pinned });
        Ok(path)
    }
}

/// Gives a file a second name, on the same disk; a copy where the file system has no such names.
/// A damaged file under that name is replaced.
fn place(staged: &Path, blob: &Path) -> Result<(), StoreError> {
    if blob.symlink_metadata().is_ok() {
        std::fs::remove_file(blob).map_err(io("replace", blob))?;
    }
    if std::fs::hard_link(staged, blob).is_ok() {
        return Ok(());
    }
    let partial = partial_path(blob);
    std::fs::copy(staged, &partial).map_err(io("write", &partial))?;
    let copied = std::fs::File::open(&partial).and_then(|file| file.sync_all());
    copied.map_err(io("write", &partial))?;
    std::fs::rename(&partial, blob).map_err(io("rename", &partial))
}

/// A folder for files on their way into a store; removed when it is dropped.
pub struct LoadingDock {
    folder: PathBuf,
    _lock: Lock,
}

impl LoadingDock {
    /// Its path.
    pub fn path(&self) -> &Path {
        &self.folder
    }
}

impl Drop for LoadingDock {
    fn drop(&mut self) {
        // What is left is removed by the next installation.
        let _ = std::fs::remove_dir_all(&self.folder);
    }
}

fn same_checksum(file: &str, expected: &Checksum, found: &Checksum) -> Result<(), StoreError> {
    match expected == found {
        true => Ok(()),
        false => Err(StoreError::ChecksumMismatch {
            file: file.to_string(),
            expected: expected.to_string(),
            found: found.to_string(),
        }),
    }
}

/// The name of a repository for `--model`: without the default branch.
fn short_name(repo: &RepoFile) -> String {
    match repo.is_main() {
        true => repo.to_string().replacen("@main", "", 1),
        false => repo.to_string(),
    }
}
