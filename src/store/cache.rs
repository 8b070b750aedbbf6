//! Where models lie: the folders of the Hugging Face cache, so that this program and others find each other's files.
//!
//! `models--owner--repo/{blobs/<sum>, snapshots/<commit>/<file>, refs/<revision>}`; large files of a snapshot are links to blobs.
//! Layout: <https://huggingface.co/docs/huggingface_hub/guides/manage-cache>. Knows paths; knows no catalogue and no source.

use std::path::{Path, PathBuf};

use serde::Deserialize;

use super::StoreError;
use super::arrival::write_whole;
use super::error::io;
use super::repo::RepoFile;

/// A repository's folder in the cache.
pub(super) struct RepoFolder {
    root: PathBuf,
}

impl RepoFolder {
    pub fn new(cache: &Path, repo: &str) -> Self {
        Self { root: cache.join(format!("models--{}", repo.replace('/', "--"))) }
    }

    pub fn root(&self) -> &Path {
        &self.root
    }

    /// Held while a model comes in. It lies where other programs keep theirs, under another name.
    pub fn lock(&self, cache: &Path) -> PathBuf {
        let name = self.root.file_name().unwrap_or_default().to_string_lossy();
        cache.join(".locks").join(format!("malmoi-{name}.lock"))
    }

    pub fn blob(&self, sha256: &str) -> PathBuf {
        self.root.join("blobs").join(sha256)
    }

    pub fn snapshot(&self, commit: &str) -> PathBuf {
        self.root.join("snapshots").join(commit)
    }

    /// The commit a branch or tag pointed to when it was fetched; a commit is its own.
    pub fn commit(&self, revision: &str) -> Option<String> {
        if is_commit(revision) {
            return Some(revision.to_string());
        }
        let text = std::fs::read_to_string(self.root.join("refs").join(revision)).ok()?;
        Some(text.trim().to_string())
    }

    pub fn set_commit(&self, revision: &str, commit: &str) -> Result<(), StoreError> {
        if revision == commit {
            return Ok(());
        }
        write_whole(&self.root.join("refs").join(revision), commit.as_bytes())
    }

    /// A file of any snapshot, whatever brought it; among several the one `right` accepts.
    pub fn find(&self, name: &str, right: impl Fn(&Path) -> bool) -> Option<PathBuf> {
        let snapshots = std::fs::read_dir(self.root.join("snapshots")).ok()?;
        let mut paths: Vec<PathBuf> =
            snapshots.filter_map(|entry| Some(entry.ok()?.path().join(name))).collect();
        paths.sort();
        paths.into_iter().find(|path| path.is_file() && right(path))
    }

    /// Gives a blob its name in a snapshot.
    pub fn link(&self, sha256: &str, commit: &str, name: &str) -> Result<(), StoreError> {
        let link = self.snapshot(commit).join(name);
        let folder = link.parent().unwrap_or(&self.root);
        std::fs::create_dir_all(folder).map_err(io("create", folder))?;
        match std::fs::remove_file(&link) {
            Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
                return Err(io("replace", &link)(error));
            }
            _ => {}
        }
        #[cfg(unix)]
        {
            let up = "../".repeat(2 + Path::new(name).components().count() - 1);
            std::os::unix::fs::symlink(format!("{up}blobs/{sha256}"), &link).map_err(io("create", &link))
        }
        // Links need rights that users of other systems do not have: the name takes the blob's place.
        #[cfg(not(unix))]
        std::fs::rename(self.blob(sha256), &link).map_err(io("rename", &link))
    }

    /// Removes a file, the blob it links to, and folders that are empty then.
    pub fn remove(&self, path: &Path) -> Result<(), StoreError> {
        if let Ok(blob) = std::fs::canonicalize(path)
            && blob != path
        {
            std::fs::remove_file(&blob).map_err(io("remove", &blob))?;
        }
        if path.symlink_metadata().is_ok() {
            std::fs::remove_file(path).map_err(io("remove", path))?;
        }
        let snapshot = path.parent().unwrap_or(&self.root);
        for folder in [snapshot, &self.root.join("snapshots"), &self.root.join("blobs")] {
            // One that is not empty stays.
            let _ = std::fs::remove_dir(folder);
        }
        if !self.root.join("snapshots").exists() {
            std::fs::remove_dir_all(&self.root).map_err(io("remove", &self.root))?;
        }
        Ok(())
    }
}

pub(super) fn is_commit(revision: &str) -> bool {
    revision.len() == 40 && revision.bytes().all(|b| b.is_ascii_hexdigit())
}

/// Which files of a repository make up its model.
pub(super) fn model_files(repo: &RepoFile, names: &[String]) -> Result<Vec<String>, StoreError> {
    let sets = |name: &str| names.iter().filter(|n| same_set(n, name)).cloned().collect::<Vec<_>>();
    if let Some(file) = &repo.file {
        let set = sets(file);
        return match set.is_empty() {
            true => {
                Err(StoreError::NotOnHub { what: format!("{file} in {} at {}", repo.repo, repo.revision) })
            }
            false => Ok(set),
        };
    }
    if names.iter().any(|name| name == "config.json")
        && let Some(form) = FORMS.iter().find(|form| names.iter().any(|name| form.is_weights(name)))
    {
        let belongs = |name: &&String| belongs(name) || form.is_weights(name) || **name == form.index;
        return Ok(names.iter().filter(belongs).cloned().collect());
    }
    let ggufs: Vec<String> =
        names.iter().filter(|name| name.ends_with(".gguf") && is_first(name)).cloned().collect();
    match ggufs.as_slice() {
        [] => Err(StoreError::NotOnHub {
            what: format!("weights in GGUF, safetensors or PyTorch's form in {}", repo.repo),
        }),
        [one] => Ok(sets(one)),
        _ => Err(StoreError::Ambiguous { repo: repo.repo.clone(), files: ggufs }),
    }
}

/// How a folder's weights come.
struct Form {
    ending: &'static str,
    beginnings: &'static [&'static str],
    /// The file that says in which of several files each tensor is.
    index: &'static str,
}

/// The first that a repository has is taken: safetensors, else PyTorch's own, which many translators are published in and nothing else.
const FORMS: &[Form] = &[
    Form { ending: ".safetensors", beginnings: &[""], index: "model.safetensors.index.json" },
    Form {
        ending: ".bin",
        beginnings: &["pytorch_model.", "pytorch_model-"],
        index: "pytorch_model.bin.index.json",
    },
];

#[derive(Deserialize)]
struct Index {
    weight_map: std::collections::HashMap<String, String>,
}

impl Form {
    fn is_weights(&self, name: &str) -> bool {
        let begins = self.beginnings.iter().any(|beginning| name.starts_with(beginning));
        begins && name.ends_with(self.ending) && !name.contains('/') && !name.starts_with("consolidated")
    }

    /// Whether all of the weights are in a folder of these files.
    fn is_whole(&self, folder: &Path, names: &[String]) -> bool {
        // An index may be left beside weights that are whole now; those are read then.
        if folder.join(self.index.trim_end_matches(".index.json")).is_file() {
            return true;
        }
        match std::fs::read(folder.join(self.index)) {
            Ok(index) => serde_json::from_slice::<Index>(&index)
                .is_ok_and(|index| index.weight_map.values().all(|shard| folder.join(shard).is_file())),
            Err(_) => names.iter().any(|name| self.is_weights(name)),
        }
    }
}

/// What a folder model is opened from; pictures, other formats and programs stay where they are.
fn belongs(name: &str) -> bool {
    const NAMES: &[&str] = &[
        "config.json",
        "generation_config.json",
        "chat_template.jinja",
        "chat_template.json",
        // A model with one of these is refused when it is opened, so that it must not be left behind.
        "adapter_config.json",
        "quantize_config.json",
        "quant_config.json",
        "hf_quant_config.json",
        "special_tokens_map.json",
        "added_tokens.json",
        "vocab.json",
        "target_vocab.json",
        "merges.txt",
    ];
    let tokenizer = name.starts_with("tokenizer") && name.ends_with(".json");
    let pieces = name.ends_with(".spm") || name.ends_with(".model");
    !name.contains('/') && (NAMES.contains(&name) || tokenizer || pieces)
}

/// `name-00001-of-00003.gguf` → (`name`, 1, 3).
fn part(name: &str) -> Option<(&str, &str, &str)> {
    let (rest, of) = name.strip_suffix(".gguf")?.rsplit_once("-of-")?;
    let (stem, number) = rest.rsplit_once('-')?;
    let digits = |text: &str| text.len() == 5 && text.bytes().all(|b| b.is_ascii_digit());
    (digits(of) && digits(number)).then_some((stem, number, of))
}

fn is_first(name: &str) -> bool {
    part(name).is_none_or(|(_, number, _)| number == "00001")
}

fn same_set(one: &str, other: &str) -> bool {
    match (part(one), part(other)) {
        (Some((a, _, n)), Some((b, _, m))) => a == b && n == m,
        _ => one == other,
    }
}

/// The GGUF to open of a set, or the folder; `None` where something is missing, as after a pull that was cut off.
pub(super) fn complete(snapshot: &Path, file: Option<&str>) -> Option<PathBuf> {
    if let Some(file) = file {
        let parts: u32 = part(file).map_or(Some(1), |(_, _, of)| of.parse().ok())?;
        let whole = match part(file) {
            Some((stem, _, of)) => {
                (1..=parts).all(|n| snapshot.join(format!("{stem}-{n:05}-of-{of}.gguf")).is_file())
            }
            None => true,
        };
        return (whole && snapshot.join(file).is_file()).then(|| snapshot.join(file));
    }
    let names: Vec<String> = std::fs::read_dir(snapshot)
        .ok()?
        .filter_map(|entry| Some(entry.ok()?.file_name().to_string_lossy().into_owned()))
        .collect();
    if !names.iter().any(|name| name == "config.json") {
        let first = names.iter().find(|name| name.ends_with(".gguf") && is_first(name))?;
        return complete(snapshot, Some(first));
    }
    FORMS.iter().any(|form| form.is_whole(snapshot, &names)).then(|| snapshot.to_path_buf())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn chosen(file: Option<&str>, names: &[&str]) -> Result<Vec<String>, StoreError> {
        let repo = RepoFile { repo: "o/r".into(), revision: "main".into(), file: file.map(str::to_string) };
        model_files(&repo, &names.iter().map(|name| (*name).to_string()).collect::<Vec<_>>())
    }

    #[test]
    fn a_folder_model_is_its_weights_and_what_explains_them() {
        let names = [
            "config.json",
            "model-00001-of-00002.safetensors",
            "README.md",
            "pytorch_model.bin",
            "onnx/model.safetensors",
            "tokenizer.json",
            "modeling_x.py",
        ];
        assert_eq!(
            chosen(None, &names).unwrap(),
            ["config.json", "model-00001-of-00002.safetensors", "tokenizer.json"]
        );
        let names = ["config.json", "pytorch_model.bin", "optimizer.bin", "rust_model.ot", "source.spm"];
        assert_eq!(chosen(None, &names).unwrap(), ["config.json", "pytorch_model.bin", "source.spm"]);
    }

    #[test]
    fn one_gguf_is_taken_several_are_asked_about() {
        assert_eq!(chosen(None, &["README.md", "m.gguf"]).unwrap(), ["m.gguf"]);
        let error = chosen(None, &["q4.gguf", "q8.gguf"]).unwrap_err();
        assert!(matches!(error, StoreError::Ambiguous { ref files, .. } if files.len() == 2), "{error}");
        assert_eq!(chosen(Some("q8.gguf"), &["q4.gguf", "q8.gguf"]).unwrap(), ["q8.gguf"]);
        assert!(matches!(chosen(Some("q9.gguf"), &["q4.gguf"]), Err(StoreError::NotOnHub { .. })));
    }

    #[test]
    fn parts_of_a_split_file_come_together() {
        let names = ["m-00001-of-00002.gguf", "m-00002-of-00002.gguf"];
        assert_eq!(chosen(None, &names).unwrap(), names);
        assert_eq!(chosen(Some(names[0]), &names).unwrap(), names);
    }

    #[test]
    fn an_incomplete_folder_is_not_a_model() {
        let folder = tempfile::tempdir().unwrap();
        let write = |name: &str, text: &str| std::fs::write(folder.path().join(name), text).unwrap();
        write("config.json", "{}");
        write(
            "model.safetensors.index.json",
            r#"{"weight_map":{"a":"model-1.safetensors","b":"model-2.safetensors"}}"#,
        );
        write("model-1.safetensors", "");
        assert_eq!(complete(folder.path(), None), None);
        write("model-2.safetensors", "");
        assert_eq!(complete(folder.path(), None).as_deref(), Some(folder.path()));
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("config.json"), "{}").unwrap();
        assert_eq!(complete(folder.path(), None), None);
        std::fs::write(folder.path().join("pytorch_model.bin"), "").unwrap();
        assert_eq!(complete(folder.path(), None).as_deref(), Some(folder.path()));
    }
}
