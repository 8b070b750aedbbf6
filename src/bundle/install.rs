//! Reading a bundle: everything is verified before anything becomes visible.
//!
//! First every byte is compared with the seals and the signature, and nothing is unpacked before
//! that. Then the files are written to a folder of their own on the store's disk, each compared
//! with its checksum and synced. Only after the last one are they renamed to their places.

use std::collections::HashMap;
use std::fs::{File, OpenOptions};
use std::io::{Read, Write};
use std::path::{Path, PathBuf};

use serde::Serialize;
use sha2::{Digest, Sha256};

use super::archive::ArchiveReader;
use super::error::{BundleError, Result, io};
use super::frames::unpacked;
use super::manifest::{self, BundledFile, BundledModel, Manifest, Role};
use super::parts::{Parts, bundle_path};
use super::signature::{Signed, TrustedKey, verify};
use crate::files::{Sha256Bytes, sync_folder};
use crate::store::catalogue::{self, Entry, PinnedFile};
use crate::store::{
    CarriedModel, Checksum, Commit, LoadingDock, RepoFile, Store, StoreEvent, model_checksum,
};

/// Most bytes that a bundle of a size may hold. Weights shrink to a half at best; a file of zeros
/// shrinks to nothing.
pub(super) fn most_unpacked(packed: u64) -> u64 {
    packed.saturating_mul(20).saturating_add(64 << 20)
}

/// Where a bundle is installed, and whom it must be from.
pub struct Installation<'i> {
    /// The store of its models.
    pub store: &'i Store,
    /// The folder that gets a folder for each bundle, with what belongs to no model.
    pub extras: &'i Path,
    /// Keys whose signatures count.
    pub trusted: &'i [TrustedKey],
    /// Refuse bundles without the signature of a trusted key.
    pub require_signature: bool,
}

/// A bundle that was installed.
#[derive(Debug)]
pub struct Installed {
    /// What it holds.
    pub manifest: Manifest,
    /// The checksum of its manifest.
    pub id: Checksum,
    /// Who signed it.
    pub signed: Signed,
    /// Names of its models, and the paths to open.
    pub models: Vec<(String, PathBuf)>,
    /// The folder of what belongs to no model.
    pub extras: PathBuf,
}

/// A bundle that was read and verified, and not installed.
#[derive(Debug)]
pub struct Inspected {
    /// What it holds.
    pub manifest: Manifest,
    /// The checksum of its manifest.
    pub id: Checksum,
    /// Who signed it.
    pub signed: Signed,
    /// Its files: one, or its parts.
    pub files: Vec<PathBuf>,
    /// Bytes of its files.
    pub bytes: u64,
}

/// Reads a whole bundle and verifies it like [`install`].
pub fn inspect(file: &Path, trusted: &[TrustedKey], require_signature: bool) -> Result<Inspected> {
    let (parts, signed) = verify(file, trusted, require_signature)?;
    let archive = Archive::of(file, &parts)?;
    let manifest = archive.read(|_| Ok(()), |_, _| Ok(Target::Nowhere))?;
    let id = Checksum::from(parts.id);
    Ok(Inspected { manifest, id, signed, files: parts.paths(), bytes: parts.bytes() })
}

/// Installs a bundle, given as its file or its first part.
///
/// # Errors
/// Fails if anything in it is not as it was written, is not safe, does not fit the disk, or lacks a
/// required signature. Nothing visible has changed then.
pub fn install(
    file: &Path,
    installation: &Installation<'_>,
    on_event: &mut dyn FnMut(StoreEvent),
) -> Result<Installed> {
    let Installation { store, extras, trusted, require_signature } = *installation;
    let (parts, signed) = verify(file, trusted, require_signature)?;
    let id = Checksum::from(parts.id);
    let dock = store.loading_dock()?;
    let mut loading = Loading::new(store, &dock, extras);
    let manifest = {
        let loading = std::cell::RefCell::new(&mut loading);
        let total = |manifest: &Manifest| manifest.bytes();
        let mut done = 0;
        Archive::of(file, &parts)?.read(
            |manifest| loading.borrow_mut().begin(manifest),
            |manifest, file| {
                done += file.bytes;
                on_event(StoreEvent::Progress { done, total: total(manifest) });
                loading.borrow_mut().target(file)
            },
        )?
    };
    let extras = loading.publish_extras(&manifest, &id)?;
    let mut models = Vec::new();
    for model in &loading.models {
        let staged: Vec<Option<PathBuf>> = model
            .files
            .iter()
            .map(|file| loading.staged.get(&file.sha256).cloned().flatten())
            .collect();
        let license = model.entry.as_ref().map(Entry::license_line);
        if let Some(license) = license {
            on_event(StoreEvent::License { model: model.name.clone(), license });
        }
        let path = store.unload(&dock, model, &staged, on_event)?;
        models.push((model.name.clone(), path));
    }
    Ok(Installed { manifest, id, signed, models, extras })
}

/// Where a file of a bundle goes.
enum Target {
    Nowhere,
    File(PathBuf),
}

/// Reads an archive and verifies it like [`inspect`], without heads, seals and signatures: in
/// frames of zstd or as it is. For the fuzz target, and tests of an attacker's bundles.
#[doc(hidden)]
pub fn inspect_archive(bytes: &[u8], is_packed: bool) -> Result<Manifest> {
    let reader: Box<dyn Read + '_> =
        if is_packed { Box::new(unpacked(bytes)) } else { Box::new(bytes) };
    let archive = Archive { file: "archive".into(), reader, id: None, packed: bytes.len() as u64 };
    let manifest = archive.read(|_| Ok(()), |_, _| Ok(Target::Nowhere))?;
    manifest.models.iter().try_for_each(|model| carried(&manifest, model).map(drop))?;
    Ok(manifest)
}

/// The archive in a bundle, before it is read.
struct Archive<'p> {
    /// The bundle, for errors.
    file: PathBuf,
    reader: Box<dyn Read + 'p>,
    /// The checksum that its manifest must have.
    id: Option<Checksum>,
    /// Bytes of the bundle.
    packed: u64,
}

impl<'p> Archive<'p> {
    /// The archive in verified parts.
    fn of(file: &Path, parts: &'p Parts) -> Result<Self> {
        Ok(Self {
            file: bundle_path(file),
            reader: Box::new(unpacked(parts.frames()?)),
            id: Some(Checksum::from(parts.id)),
            packed: parts.bytes(),
        })
    }

    /// Reads it to its end. `begin` sees the manifest before the first file; `target` says where
    /// each goes.
    fn read(
        self,
        begin: impl FnOnce(&Manifest) -> Result<()>,
        mut target: impl FnMut(&Manifest, &BundledFile) -> Result<Target>,
    ) -> Result<Manifest> {
        let most = most_unpacked(self.packed);
        let mut archive = ArchiveReader::new(self.reader, &self.file);
        let bytes = archive.manifest()?;
        let found = Checksum::from(Sha256Bytes::from(Sha256::digest(&bytes)));
        if let Some(expected) = self.id.filter(|expected| *expected != found) {
            return Err(checksum(manifest::PATH, &expected, &found));
        }
        let manifest = Manifest::parse(&bytes)?;
        if manifest.bytes().is_none_or(|bytes| bytes > most) {
            let reason = format!(
                "claims {} bytes, more than the {most} that {} bytes may hold",
                manifest.bytes().unwrap_or(u64::MAX),
                self.packed
            );
            return Err(BundleError::Manifest { reason });
        }
        begin(&manifest)?;
        let known: std::collections::HashSet<&str> =
            manifest.files.iter().map(|file| file.path.as_str()).chain([manifest::PATH]).collect();
        for file in &manifest.files {
            let mut hash = Sha256::new();
            let mut out = match target(&manifest, file)? {
                Target::Nowhere => None,
                Target::File(path) => Some((new_file(&path, file.role)?, path)),
            };
            let is_known = |path: &str| known.contains(path);
            archive.entry(file.path.as_str(), file.bytes, &is_known, &mut |chunk| {
                hash.update(chunk);
                match &mut out {
                    Some((out, path)) => out.write_all(chunk).map_err(io("write", path)),
                    None => Ok(()),
                }
            })?;
            let found = Checksum::from(Sha256Bytes::from(hash.finalize()));
            if found != file.sha256 {
                return Err(checksum(file.path.as_str(), &file.sha256, &found));
            }
            if let Some((out, path)) = out {
                out.sync_all().map_err(io("write", &path))?;
            }
        }
        archive.end()?;
        Ok(manifest)
    }
}

fn checksum(path: &str, expected: &Checksum, found: &Checksum) -> BundleError {
    let (expected, found) = (expected.to_string(), found.to_string());
    BundleError::Checksum { path: path.to_string(), expected, found }
}

/// Makes a file that was not there, and its folders. Links are not followed.
fn new_file(path: &Path, role: Role) -> Result<File> {
    let folder = path.parent().unwrap_or(path);
    std::fs::create_dir_all(folder).map_err(io("create", folder))?;
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    if role == Role::Program {
        use std::os::unix::fs::OpenOptionsExt;
        options.mode(0o777);
    }
    #[cfg(not(unix))]
    let _ = role;
    options.open(path).map_err(io("create", path))
}

/// An installation in progress.
struct Loading<'l> {
    store: &'l Store,
    dock: &'l LoadingDock,
    /// The folder of the folders of bundles.
    extras: &'l Path,
    /// Where this bundle's folder is made.
    extras_staged: PathBuf,
    models: Vec<CarriedModel>,
    /// Checksums of the models' files; `None` for those in their places.
    staged: HashMap<Checksum, Option<PathBuf>>,
}

impl<'l> Loading<'l> {
    fn new(store: &'l Store, dock: &'l LoadingDock, extras: &'l Path) -> Self {
        let extras_staged = extras.join(".malmoi-loading");
        Self { store, dock, extras, extras_staged, models: Vec::new(), staged: HashMap::new() }
    }

    /// Fails if the models may not be installed, or if the disk has no room for them.
    fn begin(&mut self, manifest: &Manifest) -> Result<()> {
        let mut needed = 0_u64;
        for bundled in &manifest.models {
            let model = carried(manifest, bundled)?;
            let refused = |error: crate::store::StoreError| BundleError::Model {
                name: bundled.name.clone(),
                reason: format!("may not be installed: {error}"),
            };
            self.store.accept(&model).map_err(refused)?;
            for file in &model.files {
                let is_there = self.store.has_file(&model, file)?;
                let staged = self.staged.entry(file.sha256.clone()).or_insert(None);
                if !is_there && staged.is_none() {
                    *staged = Some(self.dock.path().join(file.sha256.as_str()));
                    needed = needed.saturating_add(file.bytes);
                }
            }
            self.models.push(model);
        }
        self.store.check_room(self.dock.path(), needed)?;
        let of_no_model = manifest.files.iter().filter(|file| !file.role.is_of_model());
        let needed = of_no_model.fold(0_u64, |sum, file| sum.saturating_add(file.bytes));
        if self.extras_staged.symlink_metadata().is_ok() {
            std::fs::remove_dir_all(&self.extras_staged)
                .map_err(io("remove", &self.extras_staged))?;
        }
        self.store.check_room(&self.extras_staged, needed)?;
        Ok(())
    }

    fn target(&self, file: &BundledFile) -> Result<Target> {
        if !file.role.is_of_model() {
            return Ok(Target::File(self.extras_staged.join(file.path.as_str())));
        }
        Ok(match self.staged.get(&file.sha256) {
            // Two files of a bundle may have the same bytes: the first one is kept.
            Some(Some(path)) if !path.exists() => Target::File(path.clone()),
            _ => Target::Nowhere,
        })
    }

    /// Makes the folder of the bundle visible: licenses, prompts, glossaries, rows for the
    /// catalogue, the program.
    fn publish_extras(&self, manifest: &Manifest, id: &Checksum) -> Result<PathBuf> {
        let staged = &self.extras_staged;
        let write = |name: &str, bytes: &[u8]| -> Result<()> {
            let path = staged.join(name);
            let mut file = new_file(&path, Role::Config)?;
            file.write_all(bytes).and_then(|()| file.sync_all()).map_err(io("write", &path))
        };
        write(manifest::PATH, &manifest.to_bytes())?;
        let new = |model: &&CarriedModel| catalogue::find(&model.name).is_none();
        let rows: Vec<&Entry> =
            self.models.iter().filter(new).filter_map(|model| model.entry.as_ref()).collect();
        if let Some(text) = catalogue::rows(&rows)? {
            write("catalogue.toml", text.as_bytes())?;
        }
        let folder = self.extras.join(id.as_str().get(..16).unwrap_or_default());
        if folder.exists() {
            std::fs::remove_dir_all(staged).map_err(io("remove", staged))?;
            return Ok(folder);
        }
        std::fs::rename(staged, &folder).map_err(io("rename", staged))?;
        sync_folder(self.extras).map_err(io("write", self.extras))?;
        Ok(folder)
    }
}

impl Drop for Loading<'_> {
    fn drop(&mut self) {
        // Absent, if the installation went well; else it is removed by the next one.
        let _ = std::fs::remove_dir_all(&self.extras_staged);
    }
}

/// The model that a bundle's model is for the store.
fn carried(manifest: &Manifest, model: &BundledModel) -> Result<CarriedModel> {
    let fault =
        |reason: &str| BundleError::Model { name: model.name.clone(), reason: reason.to_string() };
    let mut files = Vec::new();
    for own in &model.files {
        let file = manifest.file(&own.path).ok_or_else(|| fault("lacks a file"))?;
        let (bytes, sha256) = (file.bytes, file.sha256.clone());
        files.push(PinnedFile { name: own.name.clone(), bytes, sha256 });
    }
    let found = model_checksum(files.iter().map(|file| (file.name.as_str(), &file.sha256)));
    if found != model.sha256 {
        return Err(fault("has another checksum than its files"));
    }
    let row = model.catalogue.clone().map(catalogue::row).transpose()?;
    if row.as_ref().is_some_and(|row| row.name != model.name) {
        return Err(fault("has the row of another model"));
    }
    Ok(CarriedModel {
        name: model.name.clone(),
        repo: RepoFile::parse(&model.repo)?,
        commit: Commit::parse(&model.commit)?,
        files,
        // What this machine knows of a model counts more than what the bundle says.
        entry: catalogue::find(&model.name).cloned().or(row),
    })
}

/// Who signed a bundle, for programs.
impl Serialize for Signed {
    fn serialize<S: serde::Serializer>(&self, out: S) -> std::result::Result<S::Ok, S::Error> {
        self.to_json().serialize(out)
    }
}
