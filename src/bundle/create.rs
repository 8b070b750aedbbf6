//! Making a bundle: which bytes go into it, in which order.

use std::collections::{HashMap, HashSet};
use std::fs::File;
use std::io::{Read, Write};
use std::path::{Path, PathBuf};

use sha2::{Digest, Sha256};

use super::archive::{self, write_end, write_header, write_padding};
use super::error::{BundleError, Result, io};
use super::frames::FrameWriter;
use super::install::most_unpacked;
use super::manifest::{self, BundledFile, BundledModel, Manifest, ModelFile, Role};
use super::parts::PartsWriter;
use crate::files::{Sha256Bytes, hash_into};
use crate::store::{Cargo, CarriedModel, Checksum, FileName, StoreEvent};

/// Where the bytes of a file of a bundle come from.
#[derive(Debug, Clone)]
enum Bytes {
    File(PathBuf),
    Memory(Vec<u8>),
}

/// A file that belongs to no model.
#[derive(Debug, Clone)]
pub struct Extra {
    path: String,
    role: Role,
    bytes: Bytes,
}

impl Extra {
    /// A file of this machine, under its own name in the folder of its role.
    pub fn file(role: Role, file: &Path) -> Self {
        let name = file.file_name().unwrap_or_default().to_string_lossy();
        let path = format!("{}/{}", folder(role), part(&name));
        Self { path, role, bytes: Bytes::File(file.to_path_buf()) }
    }

    /// A text with a name.
    pub fn text(role: Role, name: &str, text: impl Into<Vec<u8>>) -> Self {
        let path = format!("{}/{}", folder(role), part(name));
        Self { path, role, bytes: Bytes::Memory(text.into()) }
    }
}

/// A bundle that was made.
#[derive(Debug)]
pub struct Created {
    /// Its files: one, or its parts.
    pub files: Vec<PathBuf>,
    /// What it holds.
    pub manifest: Manifest,
    /// The checksum of its manifest, and so of all it holds.
    pub id: Checksum,
    /// Bytes of its files.
    pub bytes: u64,
}

/// Makes a bundle of models and other files. `split`: most bytes of a part, at least
/// [`LEAST_PART`](super::LEAST_PART). Equal contents give equal bytes.
///
/// # Errors
/// Fails if a file cannot be read, changes meanwhile, or has a name that no bundle can hold; files
/// at `output` are unchanged then.
pub fn create(
    models: &[Cargo],
    extras: &[Extra],
    output: &Path,
    split: Option<u64>,
    on_event: &mut dyn FnMut(StoreEvent),
) -> Result<Created> {
    let (manifest, sources) = plan(models, extras)?;
    let bytes = manifest.to_bytes();
    // What an installation would refuse is not made.
    Manifest::parse(&bytes)?;
    let id = Sha256Bytes::from(Sha256::digest(&bytes));
    let mut parts = PartsWriter::new(output, id, split);
    let mut archive = FrameWriter::new(|frame| parts.write_frame(frame));
    let failed = io("write", output);
    let written = (|| -> std::io::Result<std::result::Result<(), BundleError>> {
        write_header(&mut archive, manifest::PATH, bytes.len() as u64)?;
        archive.write_all(&bytes)?;
        write_padding(&mut archive, bytes.len() as u64)?;
        let total = manifest.bytes();
        let mut done = 0;
        for (file, source) in manifest.files.iter().zip(&sources) {
            write_header(&mut archive, file.path.as_str(), file.bytes)?;
            if let Err(error) = copy(file, source, &mut archive)? {
                return Ok(Err(error));
            }
            write_padding(&mut archive, file.bytes)?;
            done += file.bytes;
            on_event(StoreEvent::Progress { done, total });
        }
        write_end(&mut archive)?;
        archive.finish()?;
        Ok(Ok(()))
    })();
    match written {
        Ok(result) => result?,
        Err(error) => return Err(failed(error)),
    }
    if manifest.bytes().unwrap_or(u64::MAX) > most_unpacked(parts.bytes()) {
        let reason = "it is almost nothing but zeros".to_string();
        return Err(BundleError::Unfit { file: output.to_path_buf(), reason });
    }
    let files = parts.finish().map_err(io("write", output))?;
    let bytes = files.iter().filter_map(|file| crate::files::size(file)).sum();
    Ok(Created { files, manifest, id: Checksum::from(id), bytes })
}

/// Copies a file into the archive; fails if it is not what the manifest says any more.
fn copy(
    file: &BundledFile,
    source: &Bytes,
    archive: &mut impl Write,
) -> std::io::Result<Result<()>> {
    let (mut reader, path): (Box<dyn Read>, PathBuf) = match source {
        Bytes::Memory(bytes) => (Box::new(&bytes[..]), file.path.as_str().into()),
        Bytes::File(path) => match File::open(path) {
            Ok(file) => (Box::new(file), path.clone()),
            Err(error) => return Ok(Err(io("read", path)(error))),
        },
    };
    let mut hash = Sha256::new();
    let mut buffer = vec![0; 1 << 20];
    let mut rest = file.bytes;
    loop {
        let count = match reader.read(&mut buffer) {
            Ok(count) => count as u64,
            Err(error) => return Ok(Err(io("read", &path)(error))),
        };
        if count == 0 || count > rest {
            rest = if count == 0 { rest } else { u64::MAX };
            break;
        }
        hash.update(&buffer[..count as usize]);
        archive.write_all(&buffer[..count as usize])?;
        rest -= count;
    }
    let found = Checksum::from(Sha256Bytes::from(hash.finalize()));
    Ok(match rest == 0 && found == file.sha256 {
        true => Ok(()),
        false => {
            let reason = "it changed while it was read".to_string();
            Err(BundleError::Unfit { file: path, reason })
        }
    })
}

/// The manifest, and where the bytes of each of its files are. What is small comes first.
fn plan(models: &[Cargo], extras: &[Extra]) -> Result<(Manifest, Vec<Bytes>)> {
    let mut cargo: Vec<&Cargo> = models.iter().collect();
    cargo.sort_by(|a, b| a.model.name.cmp(&b.model.name));
    cargo.dedup_by(|a, b| a.model.name == b.model.name);
    let mut plan = Plan::default();
    for cargo in &cargo {
        for license in licenses(cargo)? {
            plan.extra(&license)?;
        }
    }
    for extra in extras {
        plan.extra(extra)?;
    }
    let bundled = cargo.iter().map(|cargo| plan.model(cargo)).collect::<Result<_>>()?;
    plan.files.sort_by_key(|(file, _)| (file.role == Role::Weights, file.role.is_of_model()));
    let (files, sources) = plan.files.into_iter().unzip();
    Ok((Manifest::new(bundled, files), sources))
}

#[derive(Default)]
struct Plan {
    files: Vec<(BundledFile, Bytes)>,
    /// Paths of the models' files, by checksum: equal bytes are carried once.
    by_checksum: HashMap<Checksum, FileName>,
    /// Paths in lower case.
    taken: HashSet<String>,
}

impl Plan {
    fn extra(&mut self, extra: &Extra) -> Result<()> {
        let (bytes, sha256) = match &extra.bytes {
            Bytes::Memory(text) => (text.len() as u64, Sha256::digest(text).into()),
            Bytes::File(path) => {
                let mut file = File::open(path).map_err(io("read", path))?;
                let mut hash = Sha256::new();
                let bytes = hash_into(&mut file, &mut hash).map_err(io("read", path))?;
                (bytes, Sha256Bytes::from(hash.finalize()))
            }
        };
        let path = self.path(&extra.path)?;
        let file = BundledFile { path, role: extra.role, bytes, sha256: sha256.into() };
        self.files.push((file, extra.bytes.clone()));
        Ok(())
    }

    fn model(&mut self, cargo: &Cargo) -> Result<BundledModel> {
        let CarriedModel { name, repo, commit, files, entry } = &cargo.model;
        let mut own = Vec::new();
        for (file, source) in files.iter().zip(&cargo.paths) {
            let path = match self.by_checksum.get(&file.sha256) {
                Some(path) => path.clone(),
                None => {
                    let path = self.path(&format!("models/{}/{}", part(name), file.name))?;
                    let role = Role::of_model_file(file.name.as_str());
                    let (bytes, sha256) = (file.bytes, file.sha256.clone());
                    self.by_checksum.insert(sha256.clone(), path.clone());
                    let bundled = BundledFile { path: path.clone(), role, bytes, sha256 };
                    self.files.push((bundled, Bytes::File(source.clone())));
                    path
                }
            };
            own.push(ModelFile { name: file.name.clone(), path });
        }
        let license = entry.as_ref().map_or_else(
            || format!("see the card of {}", repo.repo()),
            |entry| entry.license_line(),
        );
        Ok(BundledModel {
            name: name.clone(),
            repo: repo.to_string(),
            commit: commit.to_string(),
            sha256: cargo.model.checksum(),
            license,
            catalogue: entry.as_ref().and_then(|entry| serde_json::to_value(entry).ok()),
            files: own,
        })
    }

    /// The path that a file gets: the wanted one, or with a number if it is taken or too long.
    fn path(&mut self, wanted: &str) -> Result<FileName> {
        let (folder, base) = wanted.rsplit_once('/').unwrap_or(("", wanted));
        let numbered = (2..).map(|number| format!("{folder}/{number}-{base}"));
        let short = (1..).map(|number| format!("more/{number}"));
        let candidates: Box<dyn Iterator<Item = String>> = match archive::fits(wanted) {
            true => Box::new([wanted.to_string()].into_iter().chain(numbered)),
            false => Box::new(short),
        };
        for candidate in candidates.take(self.files.len() + 2) {
            if archive::fits(&candidate) && self.taken.insert(candidate.to_ascii_lowercase()) {
                return Ok(FileName::parse(&candidate)?);
            }
        }
        let reason = "no path in the bundle is left for it".to_string();
        Err(BundleError::Unfit { file: wanted.into(), reason })
    }
}

/// The folder of a role in a bundle.
fn folder(role: Role) -> &'static str {
    match role {
        Role::License => "licenses",
        Role::Prompt => "prompts",
        Role::Glossary => "glossaries",
        Role::Program => "program",
        Role::Weights | Role::Tokenizer | Role::Config => "models",
    }
}

/// A name as one part of a path: other characters than these are replaced.
fn part(name: &str) -> String {
    let safe = |c: char| if c.is_ascii_alphanumeric() || "._+".contains(c) { c } else { '-' };
    let name: String = name.chars().map(safe).take(80).collect();
    let name = name.replace("..", "-");
    let name = name.trim_start_matches(['.', '-']).trim_end_matches('.');
    if name.is_empty() { "file".to_string() } else { name.to_string() }
}

/// Texts of a model's license: the files beside its weights, else what the catalogue knows.
fn licenses(cargo: &Cargo) -> Result<Vec<Extra>> {
    let model = &cargo.model;
    let name = part(&model.name);
    let folder = cargo.paths.first().and_then(|path| path.parent());
    let mut found = Vec::new();
    for entry in folder.into_iter().flat_map(std::fs::read_dir).flatten().flatten() {
        let file = entry.file_name().to_string_lossy().into_owned();
        let upper = file.to_ascii_uppercase();
        let is_text =
            ["LICENSE", "LICENCE", "COPYING", "NOTICE"].iter().any(|word| upper.starts_with(word));
        if is_text && entry.path().is_file() {
            let path = format!("{}/{name}-{}", self::folder(Role::License), part(&file));
            let bytes = Bytes::File(entry.path());
            found.push(Extra { path, role: Role::License, bytes });
        }
    }
    found.sort_by(|a, b| a.path.cmp(&b.path));
    if found.is_empty() {
        let license = model.entry.as_ref().map_or_else(
            || "not known to malmoi: see the model's card".to_string(),
            |entry| entry.license_line(),
        );
        let text = format!("Model: {}\nLicense: {license}\nSource: {}\n", model.name, model.repo);
        found.push(Extra::text(Role::License, &format!("{name}.txt"), text));
    }
    Ok(found)
}
