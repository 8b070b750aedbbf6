//! Which files of a repository or a snapshot make up a model. Knows names; the layout on disk is
//! `cache`'s.

use std::path::Path;

use serde::Deserialize;

use super::StoreError;
use super::names::FileName;
use super::repo::RepoFile;
use crate::redact;

/// Which files of a repository make up its model.
pub(super) fn model_files(repo: &RepoFile, names: &[String]) -> Result<Vec<String>, StoreError> {
    let sets = |name: &str| names.iter().filter(|n| same_set(n, name)).cloned().collect::<Vec<_>>();
    if let Some(file) = repo.file() {
        let set = sets(file.as_str());
        return match set.is_empty() {
            true => Err(StoreError::NotOnHub {
                what: format!("{file} in {} at {}", repo.repo(), repo.revision()),
            }),
            false => Ok(set),
        };
    }
    if names.iter().any(|name| name == "config.json")
        && let Some(form) = FORMS.iter().find(|form| names.iter().any(|name| form.is_weights(name)))
    {
        let belongs =
            |name: &&String| belongs(name) || form.is_weights(name) || **name == form.index;
        return Ok(names.iter().filter(belongs).cloned().collect());
    }
    let mut ggufs: Vec<String> =
        names.iter().filter(|name| name.ends_with(".gguf") && is_first(name)).cloned().collect();
    ggufs.sort();
    match ggufs.as_slice() {
        [] => Err(StoreError::NotOnHub {
            what: format!("weights in GGUF, safetensors or PyTorch's form in {}", repo.repo()),
        }),
        [one] => Ok(sets(one)),
        _ => {
            let files = ggufs.iter().map(|name| redact::foreign(name)).collect();
            Err(StoreError::Ambiguous { repo: repo.repo().to_string(), files })
        }
    }
}

/// How a folder's weights come.
struct Form {
    ending: &'static str,
    beginnings: &'static [&'static str],
    /// The file that says in which of several files each tensor is.
    index: &'static str,
}

/// In order of preference: safetensors, else PyTorch's pickles, the only form of many translators.
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
        begins
            && name.ends_with(self.ending)
            && !name.contains('/')
            && !name.starts_with("consolidated")
    }

    /// The weights that a folder of these files should have; `None` where it has none of this form.
    fn weights(&self, folder: &Path, names: &[String]) -> Option<Vec<FileName>> {
        // An index may be left beside weights that are whole now; those are read then, as
        // `transformers` does.
        let whole = self.index.trim_end_matches(".index.json");
        if names.iter().any(|name| name == whole) {
            return FileName::parse(whole).ok().map(|whole| vec![whole]);
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
        let there = names.iter().filter(|name| self.is_weights(name));
        let there: Vec<FileName> = there.filter_map(|name| FileName::parse(name).ok()).collect();
        (!there.is_empty()).then_some(there)
    }
}

/// What a folder model is opened from; pictures, other formats and programs stay where they are.
fn belongs(name: &str) -> bool {
    const NAMES: &[&str] = &[
        "config.json",
        "generation_config.json",
        "chat_template.jinja",
        "chat_template.json",
        // A model with one of these is refused when it is opened, so that it must not be left
        // behind.
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

/// `name-00001-of-00003.gguf` → (`name`, `00001`, `00003`).
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

/// All parts of a split GGUF, in order; another file alone.
pub(super) fn parts(file: &FileName) -> Vec<FileName> {
    /// Parts of one model: a name may say 99,999.
    const MOST: u32 = 1000;
    let Some((stem, _, of)) = part(file.as_str()) else { return vec![file.clone()] };
    let count: u32 = of.parse().unwrap_or(0);
    let names =
        (1..=count.min(MOST)).map(|n| FileName::parse(&format!("{stem}-{n:05}-of-{of}.gguf")));
    let names: Vec<FileName> = names.filter_map(Result::ok).collect();
    if names.is_empty() { vec![file.clone()] } else { names }
}

/// A model as a snapshot should hold it.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Contents {
    /// The file to open; the folder itself where `None`.
    pub open: Option<FileName>,
    /// Files it is made of, whether they are there or not.
    pub files: Vec<FileName>,
}

/// What the model in a snapshot consists of, by what is there; `None` where there is nothing of it.
pub(super) fn contents(snapshot: &Path, repo: &RepoFile) -> Result<Option<Contents>, StoreError> {
    if let Some(file) = repo.file() {
        let files = parts(file);
        let there = files.iter().any(|file| is_there(&snapshot.join(file.as_str())));
        return Ok(there.then(|| Contents { open: Some(file.clone()), files }));
    }
    let Ok(entries) = std::fs::read_dir(snapshot) else { return Ok(None) };
    let mut names: Vec<String> =
        entries.filter_map(|entry| Some(entry.ok()?.file_name().to_str()?.to_string())).collect();
    names.sort();
    if names.iter().any(|name| name == "config.json") {
        let own = names
            .iter()
            .filter(|name| belongs(name) || FORMS.iter().any(|form| form.index == **name));
        let mut files: Vec<FileName> = own.filter_map(|name| FileName::parse(name).ok()).collect();
        match FORMS.iter().find_map(|form| form.weights(snapshot, &names)) {
            Some(weights) => files.extend(weights),
            // A pull that was cut off before its weights.
            None => files.extend(FileName::parse("model.safetensors")),
        }
        files.sort();
        files.dedup();
        return Ok(Some(Contents { open: None, files }));
    }
    // Some part of a split file, whichever of them is left.
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
        [files] => Ok(Some(Contents { open: files.first().cloned(), files: files.clone() })),
        _ => {
            let files = sets.iter().filter_map(|set| Some(set.first()?.to_string())).collect();
            Err(StoreError::Ambiguous { repo: repo.repo().to_string(), files })
        }
    }
}

/// Whether something has this name: a file, or a link that may lead nowhere.
pub(super) fn is_there(path: &Path) -> bool {
    path.symlink_metadata().is_ok_and(|found| !found.is_dir())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn chosen(file: Option<&str>, names: &[&str]) -> Result<Vec<String>, StoreError> {
        let repo =
            RepoFile::parse(&file.map_or("o/r".to_string(), |file| format!("o/r:{file}"))).unwrap();
        model_files(&repo, &names.iter().map(|name| (*name).to_string()).collect::<Vec<_>>())
    }

    /// Names of missing files, of a snapshot with these files.
    fn missing(files: &[(&str, &str)], file: Option<&str>) -> Option<Vec<String>> {
        let folder = tempfile::tempdir().unwrap();
        for (name, text) in files {
            std::fs::write(folder.path().join(name), text).unwrap();
        }
        let repo =
            RepoFile::parse(&file.map_or("o/r".to_string(), |file| format!("o/r:{file}"))).unwrap();
        let contents = contents(folder.path(), &repo).unwrap()?;
        let absent =
            contents.files.iter().filter(|file| !is_there(&folder.path().join(file.as_str())));
        Some(absent.map(ToString::to_string).collect())
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
        let names =
            ["config.json", "pytorch_model.bin", "optimizer.bin", "rust_model.ot", "source.spm"];
        assert_eq!(
            chosen(None, &names).unwrap(),
            ["config.json", "pytorch_model.bin", "source.spm"]
        );
    }

    #[test]
    fn one_gguf_is_taken_several_are_asked_about() {
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
    fn parts_of_a_split_file_come_together() {
        let names = ["m-00001-of-00002.gguf", "m-00002-of-00002.gguf"];
        assert_eq!(chosen(None, &names).unwrap(), names);
        assert_eq!(chosen(Some(names[0]), &names).unwrap(), names);
        assert_eq!(missing(&[(names[1], "")], None).unwrap(), [names[0]]);
        assert_eq!(missing(&[(names[0], "")], Some(names[1])).unwrap(), [names[1]]);
        assert_eq!(missing(&[("m-00001-of-99999.gguf", "")], None).unwrap().len(), 999);
    }

    #[test]
    fn what_a_folder_lacks_is_known() {
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
