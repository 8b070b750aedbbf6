//! Whether the files of a model are intact. Changes nothing but the list of computed checksums.

use std::fs::File;
use std::io::Read;
use std::path::{Path, PathBuf};

use sha2::{Digest, Sha256};

use super::catalogue::{self, Entry, PinnedFile};
use super::error::{StoreError, io};
use super::handle::{ResolvedName, Store};
use super::import::{is_packed_file, model_in};
use super::local::local_model;
use super::lookup::{CachedModel, InstalledModel};
use super::model_files;
use super::names::{Checksum, Commit, FileName, model_checksum};
use crate::files::{self, Sha256Bytes};

/// The result of verifying a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Verdict {
    /// Its bytes match the catalogue.
    Match,
    /// Not in the catalogue; its bytes match the checksum given by the hub, or seen at the first
    /// download.
    Unchanged,
    /// Not in the catalogue, and no checksum is known.
    Unpinned,
    /// Its bytes have another checksum.
    Mismatch {
        /// The expected checksum.
        expected: String,
        /// The checksum of the file.
        found: String,
    },
    /// It has another size.
    SizeMismatch {
        /// The expected size in bytes.
        expected: u64,
        /// The size of the file.
        found: u64,
    },
    /// It is missing, though other files of the model are present.
    Missing,
}

impl Verdict {
    /// The error for a file of this name; `None` if nothing is wrong.
    pub fn error(&self, file: &str) -> Option<StoreError> {
        let file = file.to_string();
        match self {
            Self::Match | Self::Unchanged | Self::Unpinned => None,
            Self::Mismatch { expected, found } => Some(StoreError::ChecksumMismatch {
                file,
                expected: expected.clone(),
                found: found.clone(),
            }),
            Self::SizeMismatch { expected, found } => {
                Some(StoreError::SizeMismatch { file, expected: *expected, found: *found })
            }
            Self::Missing => Some(StoreError::MissingFile { file }),
        }
    }
}

/// Which checksums a verification trusts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Trust {
    /// Those of the list: a file is read once for each of its states.
    List,
    /// None: every byte is read, as damage to a disk changes no time of a file.
    Nothing,
}

impl Store {
    /// Reads the files of a model and compares their checksums with the known ones, in the order of
    /// their names.
    pub fn verify(&self, name: &str) -> Result<Vec<(PathBuf, Verdict)>, StoreError> {
        let not_installed = || StoreError::NotInstalled { name: name.to_string() };
        match self.resolve(name)? {
            ResolvedName::Path(path) if path.is_dir() => self.verify_folder(&path),
            ResolvedName::Path(path) => {
                let pin = catalogue::of_size(&path).and_then(|entry| entry.files.first());
                let mut verdicts = Vec::new();
                for path in files_of(&path)? {
                    let verdict = self.verdict(&path, pin, Trust::Nothing)?;
                    verdicts.push((path, verdict));
                }
                Ok(verdicts)
            }
            ResolvedName::Entry(entry) => {
                let model = self.find_entry(entry).ok_or_else(not_installed)?;
                self.verdicts(&model, &entry.files, Trust::Nothing)
            }
            ResolvedName::Repo(repo) => {
                let model = self.find_repo(&repo, false)?.ok_or_else(not_installed)?;
                self.verdicts(&model, &[], Trust::Nothing)
            }
        }
    }

    /// Verdicts for the files of a folder: those of a model of the catalogue, packed or not, then
    /// all others.
    fn verify_folder(&self, folder: &Path) -> Result<Vec<(PathBuf, Verdict)>, StoreError> {
        let mut verdicts = Vec::new();
        for (file, path) in model_in(folder)? {
            let path = path.unwrap_or_else(|| folder.join(file.name.as_str()));
            let verdict = match is_packed_file(&path) {
                true => packed_verdict(&path, file)?,
                false => self.verdict(&path, Some(file), Trust::Nothing)?,
            };
            verdicts.push((path, verdict));
        }
        for path in files_of(folder)? {
            if !verdicts.iter().any(|(known, _)| *known == path) {
                let verdict = self.verdict(&path, None, Trust::Nothing)?;
                verdicts.push((path, verdict));
            }
        }
        verdicts.sort_by(|a, b| a.0.cmp(&b.0));
        Ok(verdicts)
    }

    /// A verdict for each file of a model.
    pub(super) fn verdicts(
        &self,
        model: &CachedModel,
        pinned: &[PinnedFile],
        trust: Trust,
    ) -> Result<Vec<(PathBuf, Verdict)>, StoreError> {
        let mut verdicts = Vec::new();
        for file in &model.files {
            let path = model.snapshot.join(file.as_str());
            let pin = pinned.iter().find(|pin| pin.name == *file);
            let verdict = self.verdict(&path, pin, trust)?;
            verdicts.push((path, verdict));
        }
        Ok(verdicts)
    }

    fn verdict(
        &self,
        path: &Path,
        pin: Option<&PinnedFile>,
        trust: Trust,
    ) -> Result<Verdict, StoreError> {
        let Some(found) = files::size(path) else { return Ok(Verdict::Missing) };
        if let Some(expected) = pin.map(|file| file.bytes).filter(|expected| *expected != found) {
            return Ok(Verdict::SizeMismatch { expected, found });
        }
        let found = match trust {
            Trust::List => self.checksum(path)?,
            Trust::Nothing => self.checksums().compute(path).map_err(io("read", path))?.into(),
        };
        let expected = pin.map(|file| file.sha256.clone()).or_else(|| self.known_checksum(path));
        Ok(match expected {
            None => Verdict::Unpinned,
            Some(expected) if expected != found => {
                Verdict::Mismatch { expected: expected.to_string(), found: found.to_string() }
            }
            Some(_) if pin.is_some() => Verdict::Match,
            Some(_) => Verdict::Unchanged,
        })
    }

    /// The checksum of an unpinned file of the cache: of its first download, or the name of its
    /// blob.
    pub(super) fn known_checksum(&self, path: &Path) -> Option<Checksum> {
        let of_blob = || {
            let target = std::fs::read_link(path).ok()?;
            let is_blob = target.parent()?.file_name()? == "blobs";
            is_blob.then(|| Checksum::parse(target.file_name()?.to_str()?).ok()).flatten()
        };
        self.first_checksums().get(path).or_else(of_blob)
    }

    /// Compares a model with its known checksums before it is opened: those of the catalogue, else
    /// those of its first download or of its bundle. Files that have not changed since the last
    /// check are not read again, unless the settings say so. Files without a known checksum pass.
    ///
    /// # Errors
    /// Fails with the name and both checksums of each file that has another one.
    pub fn check(&self, model: &InstalledModel) -> Result<(), StoreError> {
        let trust = if self.settings.verify { Trust::Nothing } else { Trust::List };
        let mut verdicts = Vec::new();
        match model.entry.filter(|entry| !entry.files.is_empty()) {
            Some(entry) => {
                for file in &entry.files {
                    let path = pinned_path(&model.path, entry, file);
                    let verdict = self.verdict(&path, Some(file), trust)?;
                    verdicts.push((path, verdict));
                }
            }
            None => {
                for (_, path) in opened_files(&model.path)? {
                    if self.known_checksum(&path).is_some() {
                        let verdict = self.verdict(&path, None, trust)?;
                        verdicts.push((path, verdict));
                    }
                }
            }
        }
        let path = model.path.display().to_string();
        let name = model.entry.map_or(path.as_str(), |entry| entry.name.as_str());
        damage(name, &verdicts).map_or(Ok(()), Err)
    }

    /// The repository of a folder in the cache, whose own name is a commit; `None` for other paths.
    pub fn repo_of(&self, path: &Path) -> Option<String> {
        let (folder, rest) =
            path.strip_prefix(&self.settings.cache).ok()?.to_str()?.split_once("/snapshots/")?;
        let is_snapshot = Commit::parse(rest).is_ok();
        is_snapshot
            .then(|| folder.strip_prefix("models--").map(|name| name.replacen("--", "/", 1)))?
    }

    /// One checksum of all files that a model is opened from, the same as in a bundle: that of the
    /// list of its files as `sha256sum` writes it, by name.
    ///
    /// # Errors
    /// Fails if a file cannot be read.
    pub fn model_sha256(&self, model: &InstalledModel) -> Result<Checksum, StoreError> {
        if let Some(entry) = model.entry.filter(|entry| !entry.files.is_empty()) {
            let files = entry.files.iter().map(|file| (file.name.as_str(), &file.sha256));
            return Ok(model_checksum(files));
        }
        let mut sums = Vec::new();
        for (name, path) in opened_files(&model.path)? {
            sums.push((name, self.checksum(&path)?));
        }
        Ok(model_checksum(sums.iter().map(|(name, sum)| (name.as_str(), sum))))
    }

    /// Identifies the weights and the vocabulary of a model: the checksums of its files.
    pub fn fingerprint(&self, model: &InstalledModel) -> Result<String, StoreError> {
        let paths = match model.entry.filter(|entry| !entry.files.is_empty()) {
            Some(entry) => {
                entry.files.iter().map(|file| pinned_path(&model.path, entry, file)).collect()
            }
            None => files_of(&model.path)?,
        };
        let mut checksums = Vec::new();
        for path in paths {
            checksums.push(self.checksum(&path)?.to_string());
        }
        Ok(checksums.join(" "))
    }
}

/// The verdict on a packed file, by what is in it.
fn packed_verdict(path: &Path, pin: &PinnedFile) -> Result<Verdict, StoreError> {
    let packed = File::open(path).map_err(io("read", path))?;
    let (mut hash, mut found) = (Sha256::new(), 0_u64);
    let mut read = |reader: &mut dyn Read| -> std::io::Result<()> {
        let mut buffer = vec![0; 1 << 18];
        // One byte too many is enough to know.
        while found <= pin.bytes {
            match reader.read(&mut buffer)? {
                0 => break,
                count => {
                    hash.update(&buffer[..count]);
                    found += count as u64;
                }
            }
        }
        Ok(())
    };
    // A file that cannot be unpacked to its end has another size.
    let unpacked = files::unpack(packed).and_then(|mut reader| read(&mut reader));
    if unpacked.is_err() || found != pin.bytes {
        return Ok(Verdict::SizeMismatch { expected: pin.bytes, found });
    }
    let found = Checksum::from(Sha256Bytes::from(hash.finalize()));
    Ok(match found == pin.sha256 {
        true => Verdict::Match,
        false => Verdict::Mismatch { expected: pin.sha256.to_string(), found: found.to_string() },
    })
}

/// The error of a model with these verdicts; `None` if nothing is wrong.
pub fn damage(name: &str, verdicts: &[(PathBuf, Verdict)]) -> Option<StoreError> {
    let reasons = verdicts.iter().filter_map(|(path, verdict)| {
        let file = path.file_name().unwrap_or_default().to_string_lossy();
        Some(verdict.error(&file)?.to_string())
    });
    let reasons: Vec<String> = reasons.collect();
    (!reasons.is_empty()).then(|| StoreError::Damaged { name: name.to_string(), reasons })
}

/// Path of a pinned file of a model. The only file of a model may have any name.
fn pinned_path(model: &Path, entry: &Entry, file: &PinnedFile) -> PathBuf {
    match (model.is_dir(), entry.files.as_slice()) {
        (true, _) => model.join(file.name.as_str()),
        (false, [_]) => model.to_path_buf(),
        (false, _) => model.parent().unwrap_or(model).join(file.name.as_str()),
    }
}

/// The files that a model is opened from, with their names in its repository: those that the
/// names of a folder tell, else all of it.
fn opened_files(path: &Path) -> Result<Vec<(String, PathBuf)>, StoreError> {
    if let Ok((_, model)) = local_model(path) {
        let file = |name: &FileName| (name.to_string(), model.snapshot.join(name.as_str()));
        let files: Vec<_> = model.files.iter().map(file).collect();
        return Ok(files.into_iter().filter(|(_, path)| path.is_file()).collect());
    }
    let name = |path: &Path| path.file_name().unwrap_or_default().to_string_lossy().into_owned();
    Ok(files_of(path)?.into_iter().map(|path| (name(&path), path)).collect())
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
        let parts = model_files::parts(&name);
        return Ok(parts.iter().map(|part| folder.join(part.as_str())).collect());
    }
    let entries = std::fs::read_dir(path).map_err(io("read", path))?;
    let mut paths: Vec<PathBuf> = entries
        .filter_map(|entry| Some(entry.ok()?.path()))
        .filter(|path| {
            path.is_file() && path.extension().is_none_or(|extension| extension != "incomplete")
        })
        .collect();
    paths.sort();
    Ok(paths)
}
