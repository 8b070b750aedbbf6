//! Installing a model from a folder that a person or another program filled, without a network. Its
//! files are known by their names, packed or not, or by their sizes; their checksums decide.

use std::fs::File;
use std::io::Read;
use std::path::{Path, PathBuf};

use super::catalogue::{self, Entry, PinnedFile, Source};
use super::error::{StoreError, io};
use super::event::StoreEvent;
use super::handle::{ResolvedName, Store};
use super::lookup::InstalledModel;
use super::packed::unpack_into;
use crate::files::{self, compressed, is_packed};

impl Store {
    /// Installs a model of the catalogue from a folder with its files, packed with gzip or zstd or
    /// as they are, under their names in the catalogue or in the addresses of its sources. Each is
    /// verified; the folder is not changed.
    ///
    /// # Errors
    /// Fails if the model has no pinned files, if one is not in the folder, or if it is not the
    /// pinned one.
    pub fn import(
        &self,
        name: &str,
        folder: &Path,
        on_event: &mut dyn FnMut(StoreEvent),
    ) -> Result<InstalledModel, StoreError> {
        let no_checksums = || StoreError::NoChecksums { name: name.to_string() };
        let ResolvedName::Entry(entry) = self.resolve(name)? else { return Err(no_checksums()) };
        let repo = entry.repositories().next().ok_or_else(no_checksums)?;
        if entry.files.is_empty() {
            return Err(no_checksums());
        }
        if !entry.runs {
            let architecture = entry.architecture.clone();
            return Err(StoreError::CannotRun { name: entry.name.clone(), architecture });
        }
        let names = files_in(folder)?;
        let mut found = Vec::new();
        let mut missing = Vec::new();
        for file in &entry.files {
            match named(&names, entry, file).or_else(|| self.sized(&names, file)) {
                Some(path) => found.push((file, path)),
                None => missing.push(file.name.to_string()),
            }
        }
        if !missing.is_empty() {
            let (name, folder) = (entry.name.clone(), folder.to_path_buf());
            return Err(StoreError::NotInFolder { name, folder, files: missing });
        }
        let model = entry.name.clone();
        let license = entry.license_line();
        on_event(StoreEvent::License { model: model.clone(), license });
        on_event(StoreEvent::Source { source: format!("folder: {}", folder.display()) });
        let (_lock, _) = self.lock_repo(&repo, &model, on_event)?;
        let mut fill = |file: &PinnedFile, blob: &Path, on_event: &mut dyn FnMut(StoreEvent)| {
            let path = found.iter().find(|(own, _)| *own == file).map(|(_, path)| path);
            let path = path.ok_or_else(no_checksums)?;
            let packed = File::open(path).map_err(io("read", path))?;
            unpack_into(packed, &path.display().to_string(), file, blob)?;
            on_event(StoreEvent::Progress { done: file.bytes, total: None });
            Ok(())
        };
        self.install_pinned(&repo, &entry.files, false, &mut fill, on_event)?;
        let path = self
            .installed(entry)
            .ok_or_else(|| StoreError::NotInstalled { name: name.to_string() })?;
        on_event(StoreEvent::Installed { path: path.clone(), pinned: true });
        Ok(InstalledModel { path, entry: Some(entry) })
    }

    /// The file with the size of a pinned one, if its checksum is right, too.
    fn sized(&self, paths: &[PathBuf], file: &PinnedFile) -> Option<PathBuf> {
        let is_it = |path: &&PathBuf| {
            files::size(path) == Some(file.bytes)
                && self.checksum(path).is_ok_and(|sum| sum == file.sha256)
        };
        paths.iter().find(is_it).cloned()
    }
}

/// A pinned file, and its path in a folder.
pub(super) type FileInFolder = (&'static PinnedFile, Option<PathBuf>);

/// The pinned files of the model of the catalogue that a folder has most files of, by their names;
/// none if it has no file of any.
pub(super) fn model_in(folder: &Path) -> Result<Vec<FileInFolder>, StoreError> {
    let paths = files_in(folder)?;
    let (mut best, mut most) = (Vec::new(), 0);
    for entry in catalogue::entries() {
        let files: Vec<FileInFolder> =
            entry.files.iter().map(|file| (file, named(&paths, entry, file))).collect();
        let count = files.iter().filter(|(_, path)| path.is_some()).count();
        if count > most {
            (best, most) = (files, count);
        }
    }
    Ok(best)
}

/// True if a file begins as gzip or zstd do.
pub(super) fn is_packed_file(path: &Path) -> bool {
    let mut head = Vec::new();
    let read = File::open(path).and_then(|file| file.take(4).read_to_end(&mut head));
    read.is_ok() && is_packed(&head)
}

fn files_in(folder: &Path) -> Result<Vec<PathBuf>, StoreError> {
    let entries = std::fs::read_dir(folder).map_err(io("read", folder))?;
    let mut paths: Vec<PathBuf> = entries
        .filter_map(|entry| Some(entry.ok()?.path()))
        .filter(|path| path.is_file())
        .collect();
    paths.sort();
    Ok(paths)
}

/// The file with the name of a pinned one: as in the catalogue, packed, or as in an address.
fn named(paths: &[PathBuf], entry: &Entry, file: &PinnedFile) -> Option<PathBuf> {
    let name = file.name.as_str().rsplit('/').next().unwrap_or_default();
    let mut names: Vec<String> = compressed::names(name).collect();
    for source in &entry.sources {
        if let Source::Url { url } = source {
            let own = url.iter().filter(|address| address.file == file.name);
            names.extend(own.map(|address| address.last_part().to_string()));
        }
    }
    let is_called = |path: &Path, name: &str| path.file_name().is_some_and(|own| own == name);
    names.iter().find_map(|name| paths.iter().find(|path| is_called(path, name)).cloned())
}
