//! The files that make up a model, in a repository or a snapshot. Knows names; knows nothing of the
//! layout of the cache.

use std::path::Path;

use serde::Deserialize;

use super::error::StoreError;
use super::names::FileName;
use super::repo::RepoFile;
use crate::files::compressed::plain_name;
use crate::redact;

/// Selects the files of a model among those of its repository.
pub(super) fn select_files(repo: &RepoFile, names: &[String]) -> Result<Vec<String>, StoreError> {
    let parts_of = |file: &str| -> Vec<String> {
        names.iter().filter(|name| is_same_split(name, file)).cloned().collect()
    };
    if let Some(file) = repo.file() {
        let parts = parts_of(file.as_str());
        if parts.is_empty() {
            return Err(StoreError::NotOnHub {
                what: format!("{file} in {} at {}", repo.repo(), repo.revision()),
            });
        }
        return Ok(parts);
    }
    if COMET.iter().all(|file| names.iter().any(|name| name == file)) {
        return Ok(COMET.map(str::to_string).to_vec());
    }
    if names.iter().any(|name| name == "config.json")
        && let Some(format) = FORMATS.iter().find(|f| names.iter().any(|name| f.is_weights(name)))
    {
        let is_needed = |name: &&String| {
            is_configuration(name) || format.is_weights(name) || **name == format.index
        };
        return Ok(names.iter().filter(is_needed).cloned().collect());
    }
    if is_student(names) {
        return Ok(names.iter().filter(|name| is_of_student(name)).cloned().collect());
    }
    let mut ggufs: Vec<String> =
        names.iter().filter(|name| name.ends_with(".gguf") && is_first(name)).cloned().collect();
    ggufs.sort();
    match ggufs.as_slice() {
        [] => Err(StoreError::NotOnHub {
            what: format!(
                "weights in GGUF, safetensors, PyTorch or Marian's format in {}",
                repo.repo()
            ),
        }),
        [only] => Ok(parts_of(only)),
        _ => {
            let files = ggufs.iter().map(|name| redact::foreign(name)).collect();
            Err(StoreError::Ambiguous { repo: repo.repo().to_string(), files })
        }
    }
}

/// The files of a COMET model. Those of its encoder are in another repository.
const COMET: [&str; 2] = ["hparams.yaml", "checkpoints/model.ckpt"];

/// True if these files are a student of Marian's: binary weights and a vocabulary, and no
/// configuration of another program.
fn is_student(names: &[String]) -> bool {
    let has = |is_it: fn(&str) -> bool| names.iter().any(|name| is_it(plain_name(name)));
    !names.iter().any(|name| name == "config.json")
        && has(is_student_weights)
        && has(|name| name.ends_with(".spm") && !name.contains('/'))
}

/// True for a file of a student: weights, vocabularies, lexical shortlist and configuration.
fn is_of_student(name: &str) -> bool {
    let name = plain_name(name);
    let is_shortlist = name.starts_with("lex") && name.ends_with(".bin");
    let is_other = [".spm", ".yml"].iter().any(|ending| name.ends_with(ending));
    !name.contains('/') && (is_student_weights(name) || is_shortlist || is_other)
}

fn is_student_weights(name: &str) -> bool {
    name.starts_with("model") && name.ends_with(".bin") && !name.contains('/')
}

/// A format of weights in a folder.
struct WeightFormat {
    suffix: &'static str,
    prefixes: &'static [&'static str],
    /// The file that maps tensors to shards.
    index: &'static str,
}

/// In order of preference: safetensors, then PyTorch pickles, the only format of many translators.
const FORMATS: &[WeightFormat] = &[
    WeightFormat { suffix: ".safetensors", prefixes: &[""], index: "model.safetensors.index.json" },
    WeightFormat {
        suffix: ".bin",
        prefixes: &["pytorch_model.", "pytorch_model-"],
        index: "pytorch_model.bin.index.json",
    },
];

#[derive(Deserialize)]
struct Index {
    weight_map: std::collections::HashMap<String, String>,
}

impl WeightFormat {
    fn is_weights(&self, name: &str) -> bool {
        self.prefixes.iter().any(|prefix| name.starts_with(prefix))
            && name.ends_with(self.suffix)
            && !name.contains('/')
            && !name.starts_with("consolidated")
    }

    /// The weights that a folder with these files should have; `None` if it has none of this
    /// format.
    fn weights(&self, folder: &Path, names: &[String]) -> Option<Vec<FileName>> {
        // Weights in one file are preferred to an index, as in `transformers`.
        let single = self.index.trim_end_matches(".index.json");
        if names.iter().any(|name| name == single) {
            return FileName::parse(single).ok().map(|single| vec![single]);
        }
        if names.iter().any(|name| name == self.index) {
            let index = std::fs::read(folder.join(self.index)).ok()?;
            let index: Index = serde_json::from_slice(&index).ok()?;
            let mut shards: Vec<FileName> = index
                .weight_map
                .values()
                .map(|shard| FileName::parse(shard))
                .collect::<Result<_, _>>()
                .ok()?;
            shards.sort();
            shards.dedup();
            if !shards.is_empty() {
                return Some(shards);
            }
        }
        let files: Vec<FileName> = names
            .iter()
            .filter(|name| self.is_weights(name))
            .filter_map(|name| FileName::parse(name).ok())
            .collect();
        (!files.is_empty()).then_some(files)
    }
}

/// True for configuration and vocabulary files, which a model in a folder is opened with.
fn is_configuration(name: &str) -> bool {
    const NAMES: &[&str] = &[
        "config.json",
        "generation_config.json",
        "chat_template.jinja",
        "chat_template.json",
        // Needed so that opening such a model is refused.
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
    /// Folders of sentence-transformers: pooling, and a dense layer with its weights.
    const NESTED: &[&str] =
        &["1_Pooling/config.json", "2_Dense/config.json", "2_Dense/model.safetensors"];
    let is_tokenizer = name.starts_with("tokenizer") && name.ends_with(".json");
    let is_sentencepiece = name.ends_with(".spm") || name.ends_with(".model");
    NESTED.contains(&name)
        || !name.contains('/') && (NAMES.contains(&name) || is_tokenizer || is_sentencepiece)
}

/// Stem, number and count of a split GGUF: `name`, `00001` and `00003` of
/// `name-00001-of-00003.gguf`.
fn split_part(name: &str) -> Option<(&str, &str, &str)> {
    let (rest, of) = name.strip_suffix(".gguf")?.rsplit_once("-of-")?;
    let (stem, number) = rest.rsplit_once('-')?;
    let digits = |text: &str| text.len() == 5 && text.bytes().all(|b| b.is_ascii_digit());
    (digits(of) && digits(number)).then_some((stem, number, of))
}

fn is_first(name: &str) -> bool {
    split_part(name).is_none_or(|(_, number, _)| number == "00001")
}

fn is_same_split(one: &str, other: &str) -> bool {
    match (split_part(one), split_part(other)) {
        (Some((a, _, n)), Some((b, _, m))) => a == b && n == m,
        _ => one == other,
    }
}

/// All parts of a split GGUF, in order; for any other file, the file alone.
pub(super) fn parts(file: &FileName) -> Vec<FileName> {
    /// Limit of parts: a name can claim 99,999.
    const MAX_PARTS: u32 = 1000;
    let Some((stem, _, of)) = split_part(file.as_str()) else { return vec![file.clone()] };
    let count: u32 = of.parse().unwrap_or(0);
    let names =
        (1..=count.min(MAX_PARTS)).map(|n| FileName::parse(&format!("{stem}-{n:05}-of-{of}.gguf")));
    let names: Vec<FileName> = names.filter_map(Result::ok).collect();
    if names.is_empty() { vec![file.clone()] } else { names }
}

/// The files of a model in a snapshot.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct SnapshotFiles {
    /// The file to open; `None` for the folder.
    pub open: Option<FileName>,
    /// All files of the model, present or missing.
    pub files: Vec<FileName>,
}

/// The files of the model in a snapshot, inferred from the present ones; `None` if there are none.
pub(super) fn snapshot_files(
    snapshot: &Path,
    repo: &RepoFile,
) -> Result<Option<SnapshotFiles>, StoreError> {
    if let Some(file) = repo.file() {
        let files = parts(file);
        let is_present = files.iter().any(|file| exists(&snapshot.join(file.as_str())));
        return Ok(is_present.then(|| SnapshotFiles { open: Some(file.clone()), files }));
    }
    let Ok(entries) = std::fs::read_dir(snapshot) else { return Ok(None) };
    let mut names: Vec<String> =
        entries.filter_map(|entry| Some(entry.ok()?.file_name().to_str()?.to_string())).collect();
    names.sort();
    if names.iter().any(|name| name == COMET[0]) {
        let files = COMET.iter().filter_map(|name| FileName::parse(name).ok()).collect();
        return Ok(Some(SnapshotFiles { open: None, files }));
    }
    if names.iter().any(|name| name == "config.json") {
        let is_own = |name: &&String| {
            is_configuration(name) || FORMATS.iter().any(|format| format.index == **name)
        };
        let mut files: Vec<FileName> =
            names.iter().filter(is_own).filter_map(|name| FileName::parse(name).ok()).collect();
        match FORMATS.iter().find_map(|format| format.weights(snapshot, &names)) {
            Some(weights) => files.extend(weights),
            // A pull was interrupted before the weights.
            None => files.extend(FileName::parse("model.safetensors")),
        }
        files.sort();
        files.dedup();
        return Ok(Some(SnapshotFiles { open: None, files }));
    }
    if is_student(&names) {
        let own = names.iter().filter(|name| is_of_student(name));
        let files = own.filter_map(|name| FileName::parse(name).ok()).collect();
        return Ok(Some(SnapshotFiles { open: None, files }));
    }
    // Any part of a split file stands for all of them.
    let mut sets: Vec<Vec<FileName>> = Vec::new();
    for file in names
        .iter()
        .filter(|name| name.ends_with(".gguf"))
        .filter_map(|name| FileName::parse(name).ok())
    {
        if !sets.iter().any(|set| set.contains(&file)) {
            sets.push(parts(&file));
        }
    }
    match sets.as_slice() {
        [] => Ok(None),
        [files] => Ok(Some(SnapshotFiles { open: files.first().cloned(), files: files.clone() })),
        _ => {
            let files = sets.iter().filter_map(|set| Some(set.first()?.to_string())).collect();
            Err(StoreError::Ambiguous { repo: repo.repo().to_string(), files })
        }
    }
}

/// True if the path is a file or a link, even a broken one.
pub(super) fn exists(path: &Path) -> bool {
    path.symlink_metadata().is_ok_and(|metadata| !metadata.is_dir())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn chosen(file: Option<&str>, names: &[&str]) -> Result<Vec<String>, StoreError> {
        let repo =
            RepoFile::parse(&file.map_or("o/r".to_string(), |file| format!("o/r:{file}"))).unwrap();
        select_files(&repo, &names.iter().map(|name| (*name).to_string()).collect::<Vec<_>>())
    }

    /// Missing files of a snapshot with these files.
    fn missing(files: &[(&str, &str)], file: Option<&str>) -> Option<Vec<String>> {
        let folder = tempfile::tempdir().unwrap();
        for (name, text) in files {
            std::fs::write(folder.path().join(name), text).unwrap();
        }
        let repo =
            RepoFile::parse(&file.map_or("o/r".to_string(), |file| format!("o/r:{file}"))).unwrap();
        let model = snapshot_files(folder.path(), &repo).unwrap()?;
        let absent = model.files.iter().filter(|file| !exists(&folder.path().join(file.as_str())));
        Some(absent.map(ToString::to_string).collect())
    }

    #[test]
    fn a_model_in_a_folder_is_its_weights_configuration_and_vocabulary() {
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
        let names =
            ["config.json", "pytorch_model.bin", "optimizer.bin", "rust_model.ot", "source.spm"];
        assert_eq!(
            chosen(None, &names).unwrap(),
            ["config.json", "pytorch_model.bin", "source.spm"]
        );
    }

    #[test]
    fn one_gguf_is_selected_and_several_are_ambiguous() {
        assert_eq!(chosen(None, &["README.md", "m.gguf"]).unwrap(), ["m.gguf"]);
        let error = chosen(None, &["q4.gguf", "q8.gguf"]).unwrap_err();
        assert!(
            matches!(error, StoreError::Ambiguous { ref files, .. } if files.len() == 2),
            "{error}"
        );
        assert_eq!(chosen(Some("q8.gguf"), &["q4.gguf", "q8.gguf"]).unwrap(), ["q8.gguf"]);
        assert!(matches!(chosen(Some("q9.gguf"), &["q4.gguf"]), Err(StoreError::NotOnHub { .. })));
    }

    #[test]
    fn a_student_of_marians_is_weights_vocabulary_shortlist_and_configuration() {
        let names = [
            "README.md",
            "config.intgemm8bitalpha.yml",
            "lex.50.50.enko.s2t.bin",
            "model.enko.intgemm.alphas.bin",
            "old/model.bin",
            "vocab.enko.spm",
        ];
        let of_model = [names[1], names[2], names[3], names[5]];
        assert_eq!(chosen(None, &names).unwrap(), of_model);
        let packed = ["model.enko.bin.gz", "srcvocab.enko.spm.gz", "trgvocab.enko.spm.gz"];
        assert_eq!(chosen(None, &packed).unwrap(), packed);
        assert!(chosen(None, &names[..4]).is_err(), "no vocabulary");
        assert!(missing(&of_model.map(|name| (name, "")), None).unwrap().is_empty());
        // A pull that was interrupted before the vocabulary.
        assert_eq!(missing(&[(names[2], ""), (names[3], "")], None), None);
    }

    #[test]
    fn parts_of_a_split_file_belong_together() {
        let names = ["m-00001-of-00002.gguf", "m-00002-of-00002.gguf"];
        assert_eq!(chosen(None, &names).unwrap(), names);
        assert_eq!(chosen(Some(names[0]), &names).unwrap(), names);
        assert_eq!(missing(&[(names[1], "")], None).unwrap(), [names[0]]);
        assert_eq!(missing(&[(names[0], "")], Some(names[1])).unwrap(), [names[1]]);
        assert_eq!(missing(&[("m-00001-of-99999.gguf", "")], None).unwrap().len(), 999);
    }

    #[test]
    fn missing_files_of_a_folder_are_known() {
        let index = r#"{"weight_map":{"a":"model-1.safetensors","b":"model-2.safetensors"}}"#;
        let mut files = vec![
            ("config.json", "{}"),
            ("model.safetensors.index.json", index),
            ("model-1.safetensors", ""),
        ];
        assert_eq!(missing(&files, None).unwrap(), ["model-2.safetensors"]);
        files.push(("model-2.safetensors", ""));
        assert!(missing(&files, None).unwrap().is_empty());
        assert_eq!(missing(&[("config.json", "{}")], None).unwrap(), ["model.safetensors"]);
        assert!(
            missing(&[("config.json", "{}"), ("pytorch_model.bin", "")], None).unwrap().is_empty()
        );
        assert_eq!(missing(&[("README.md", "#")], None), None);
    }

    #[test]
    fn an_index_cannot_name_files_elsewhere() {
        let index = r#"{"weight_map":{"a":"../../../../mayor.txt"}}"#;
        let files = [("config.json", "{}"), ("model.safetensors.index.json", index)];
        assert_eq!(missing(&files, None).unwrap(), ["model.safetensors"]);
    }
}
