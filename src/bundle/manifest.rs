//! What a bundle holds: its first entry, in JSON. Knows names, sizes and checksums, and which of
//! them are safe; reads no archive.

use std::collections::{BTreeMap, HashSet};

use serde::{Deserialize, Serialize};

use super::error::{BundleError, Result};
use crate::redact;
use crate::store::{Checksum, Commit, FileName, RepoFile};

/// Most bytes of a manifest.
pub(super) const MAX_BYTES: u64 = 4 << 20;
/// Most files and models of a bundle.
const MAX_ENTRIES: usize = 10_000;
/// The version of the format that this program writes and reads.
const VERSION: u32 = 1;
/// The manifest's path in the archive.
pub(super) const PATH: &str = "manifest.json";

/// The contents of a bundle, in the order of its archive.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Manifest {
    /// Version of the format.
    pub version: u32,
    /// Program and version that made the bundle.
    pub made_by: String,
    /// Its models.
    pub models: Vec<BundledModel>,
    /// Its files, in the order of the archive.
    pub files: Vec<BundledFile>,
}

/// A model of a bundle.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct BundledModel {
    /// Name for `--model`.
    pub name: String,
    /// Its place in a store: `owner/repo@revision[:file]`.
    pub repo: String,
    /// The commit whose files these are, or what stands in for it.
    pub commit: String,
    /// One checksum of all its files: see [`crate::store::model_checksum`].
    pub sha256: Checksum,
    /// Its license, in a line.
    pub license: String,
    /// Its row of the catalogue, if it has one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub catalogue: Option<serde_json::Value>,
    /// Its files.
    pub files: Vec<ModelFile>,
}

/// A file of a model.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ModelFile {
    /// Its name in the model's repository.
    pub name: FileName,
    /// Its path in the bundle.
    pub path: FileName,
}

/// A file of a bundle.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct BundledFile {
    /// Its path in the bundle.
    pub path: FileName,
    /// What it is.
    pub role: Role,
    /// Its size in bytes.
    pub bytes: u64,
    /// Its checksum.
    pub sha256: Checksum,
}

/// What a file of a bundle is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Role {
    /// Weights of a model.
    Weights,
    /// Vocabulary of a model.
    Tokenizer,
    /// Configuration of a model.
    Config,
    /// Text of a license.
    License,
    /// A prompt.
    Prompt,
    /// A glossary.
    Glossary,
    /// The program.
    Program,
}

impl Role {
    /// The role of a model's file, by its name.
    pub(super) fn of_model_file(name: &str) -> Self {
        let is = |endings: &[&str]| endings.iter().any(|ending| name.ends_with(ending));
        let base = name.rsplit('/').next().unwrap_or(name);
        if is(&[".gguf", ".safetensors", ".bin", ".ckpt", ".bin.gz", ".bin.zst"]) {
            Self::Weights
        } else if is(&[".spm", ".model", ".spm.gz", ".spm.zst"])
            || base.starts_with("tokenizer")
            || ["vocab.json", "target_vocab.json", "merges.txt"].contains(&base)
        {
            Self::Tokenizer
        } else {
            Self::Config
        }
    }

    /// True for files that belong to a model and are installed with it.
    pub(super) fn is_of_model(self) -> bool {
        matches!(self, Self::Weights | Self::Tokenizer | Self::Config)
    }

    /// The word for it in JSON and for people.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Weights => "weights",
            Self::Tokenizer => "tokenizer",
            Self::Config => "config",
            Self::License => "license",
            Self::Prompt => "prompt",
            Self::Glossary => "glossary",
            Self::Program => "program",
        }
    }
}

impl Manifest {
    /// A manifest of this version of malmoi.
    pub(super) fn new(models: Vec<BundledModel>, files: Vec<BundledFile>) -> Self {
        let made_by = format!("malmoi {}", env!("CARGO_PKG_VERSION"));
        Self { version: VERSION, made_by, models, files }
    }

    /// The bytes of the bundle's first entry.
    pub(super) fn to_bytes(&self) -> Vec<u8> {
        let mut bytes = serde_json::to_vec_pretty(self).unwrap_or_default();
        bytes.push(b'\n');
        bytes
    }

    /// Reads and checks a manifest.
    ///
    /// # Errors
    /// Fails if it is not JSON of this version, or if its names and sizes cannot be trusted.
    pub(super) fn parse(bytes: &[u8]) -> Result<Self> {
        #[derive(Deserialize)]
        struct AnyVersion {
            version: u32,
        }
        let fault = |error: serde_json::Error| BundleError::Manifest {
            reason: format!("cannot be read: {}", redact::foreign(&error.to_string())),
        };
        let AnyVersion { version } = serde_json::from_slice(bytes).map_err(fault)?;
        if version != VERSION {
            let reason = format!("has version {version}; this program reads version {VERSION}");
            return Err(BundleError::Manifest { reason });
        }
        let manifest: Self = serde_json::from_slice(bytes).map_err(fault)?;
        match manifest.fault() {
            Some(reason) => Err(BundleError::Manifest { reason }),
            None => Ok(manifest),
        }
    }

    /// Bytes of all files; `None` if they do not fit a number.
    pub fn bytes(&self) -> Option<u64> {
        self.files.iter().try_fold(0_u64, |sum, file| sum.checked_add(file.bytes))
    }

    /// The file at a path.
    pub(super) fn file(&self, path: &FileName) -> Option<&BundledFile> {
        self.files.iter().find(|file| file.path == *path)
    }

    /// What is wrong with it, as a predicate.
    fn fault(&self) -> Option<String> {
        if self.files.len() > MAX_ENTRIES || self.models.len() > MAX_ENTRIES {
            return Some(format!("names more than {MAX_ENTRIES} files or models"));
        }
        if self.bytes().is_none() {
            return Some("claims more bytes than can be counted".to_string());
        }
        self.fault_of_paths().or_else(|| self.fault_of_models())
    }

    fn fault_of_paths(&self) -> Option<String> {
        let mut folders = HashSet::new();
        // Some file systems hold names that differ in case for one.
        let mut paths = HashSet::from([PATH.to_string()]);
        for file in &self.files {
            let path = file.path.as_str().to_ascii_lowercase();
            for (at, _) in path.match_indices('/') {
                folders.insert(path[..at].to_string());
            }
            if !paths.insert(path) {
                return Some(format!("names `{}` twice, or but for the case", file.path));
            }
        }
        let both = paths.iter().find(|path| folders.contains(*path))?;
        Some(format!("names `{both}` as a file and as a folder"))
    }

    fn fault_of_models(&self) -> Option<String> {
        let by_path: BTreeMap<&FileName, Role> =
            self.files.iter().map(|file| (&file.path, file.role)).collect();
        let (mut used, mut names) = (HashSet::new(), HashSet::new());
        for model in &self.models {
            let name = redact::foreign(&model.name);
            if name != model.name || name.is_empty() || name.len() > 500 {
                return Some("has a model without a usable name".to_string());
            }
            if !names.insert(model.name.to_lowercase()) {
                return Some(format!("names the model {name} twice"));
            }
            if RepoFile::parse(&model.repo).is_err() || Commit::parse(&model.commit).is_err() {
                return Some(format!("puts the model {name} at a place that is not safe"));
            }
            if model.files.is_empty() {
                return Some(format!("names no file of the model {name}"));
            }
            let mut own = HashSet::new();
            for file in &model.files {
                if !own.insert(file.name.as_str().to_ascii_lowercase()) {
                    return Some(format!("names {} of the model {name} twice", file.name));
                }
                match by_path.get(&file.path) {
                    Some(role) if role.is_of_model() => used.insert(&file.path),
                    Some(_) => return Some(format!("takes {} for a file of {name}", file.path)),
                    None => return Some(format!("has no file {} of {name}", file.path)),
                };
            }
        }
        let is_lost = |file: &&BundledFile| file.role.is_of_model() && !used.contains(&file.path);
        let lost = self.files.iter().find(is_lost)?;
        Some(format!("names {}, which is of no model", lost.path))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn manifest() -> serde_json::Value {
        let sum = "ab".repeat(32);
        json!({
            "version": 1, "made_by": "malmoi 0", "models": [{
                "name": "o/r", "repo": "o/r@main", "commit": "ab".repeat(20), "sha256": sum,
                "license": "MIT", "files": [{ "name": "m.gguf", "path": "models/m/m.gguf" }],
            }],
            "files": [
                { "path": "models/m/m.gguf", "role": "weights", "bytes": 3, "sha256": sum },
                { "path": "licenses/m.txt", "role": "license", "bytes": 0, "sha256": sum },
            ],
        })
    }

    fn refusal(change: impl FnOnce(&mut serde_json::Value)) -> String {
        let mut value = manifest();
        change(&mut value);
        let parsed = Manifest::parse(value.to_string().as_bytes());
        parsed.map_or_else(|error| error.to_string(), |_| "accepted".to_string())
    }

    #[test]
    fn a_manifest_whose_names_or_sizes_cannot_be_trusted_is_refused() {
        assert_eq!(refusal(|_| {}), "accepted");
        for path in ["../x", "/etc/passwd", "a/../../x", "a//b", "C:x", "con", "x\u{1b}[31m", ""] {
            let said = refusal(|m| m["files"][1]["path"] = path.into());
            assert!(said.contains("cannot be read"), "{path}: {said}");
            let said = refusal(|m| m["models"][0]["files"][0]["name"] = path.into());
            assert!(said.contains("cannot be read"), "{path}: {said}");
        }
        for (path, reason) in [
            ("models/M/M.gguf", "twice, or but for the case"),
            ("Manifest.json", "twice, or but for the case"),
            ("models", "as a file and as a folder"),
        ] {
            let said = refusal(|m| m["files"][1]["path"] = path.into());
            assert!(said.contains(reason), "{path}: {said}");
        }
        for (pointer, value, reason) in [
            ("/version", json!(2), "has version 2"),
            ("/files/0/bytes", json!(u64::MAX), "accepted"),
            ("/files/0/role", json!("license"), "takes models/m/m.gguf for a file"),
            ("/files/1/role", json!("config"), "which is of no model"),
            ("/models/0/repo", json!("../x"), "not safe"),
            ("/models/0/commit", json!("main"), "not safe"),
            ("/models/0/name", json!("a\u{202e}b"), "without a usable name"),
            ("/models/0/files", json!([]), "names no file"),
            ("/made_by", json!(1), "cannot be read"),
        ] {
            let said = refusal(|m| *m.pointer_mut(pointer).unwrap() = value);
            assert!(said.contains(reason), "{pointer}: {said}");
        }
        let said = refusal(|m| {
            m["files"][0]["bytes"] = u64::MAX.into();
            m["files"][1]["bytes"] = 1.into();
        });
        assert!(said.contains("more bytes than can be counted"), "{said}");
        assert!(refusal(|m| m["extra"] = 1.into()).contains("cannot be read"));
        let twice = refusal(|m| {
            let model = m["models"][0].clone();
            m["models"].as_array_mut().unwrap().push(model);
        });
        assert!(twice.contains("twice"), "{twice}");
    }
}
