//! The files of a folder: which is the model, which vocabularies and which shortlist belong to it,
//! and between which languages it translates.

use std::path::{Path, PathBuf};

use super::options;
use super::{MarianWeights, parse};
use crate::checkpoint::flat_yaml::FlatYaml;
use crate::error::{Error, Result};
use crate::files::compressed;

/// Limit of a model: the largest published students have 70 MB.
const MAX_MODEL_BYTES: u64 = 1 << 30;
/// Limit of a settings file.
const MAX_SETTINGS_BYTES: u64 = 1 << 20;

/// Files that split text into the pieces that a list of pieces has ids for.
const SPLITTERS: [&str; 2] = ["source.spm", "target.spm"];

/// The files of a model of Marian.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::checkpoint) struct MarianFolder {
    pub model: PathBuf,
    /// A model of SentencePiece, whose pieces have their ids in its order unless there is a `list`.
    pub source_vocabulary: PathBuf,
    /// The same file, if both languages have one vocabulary.
    pub target_vocabulary: PathBuf,
    /// The ids of the pieces of both languages, as OPUS-MT has them (`vocab.yml`).
    pub list: Option<PathBuf>,
    pub shortlist: Option<PathBuf>,
    /// Codes of the languages it translates from and into, if a name says so.
    pub direction: [Option<String>; 2],
    /// Number of beams in the settings.
    pub beams: u32,
}

/// Names of files of a model, without the ending of a compression.
struct Names {
    model: String,
    vocabularies: Vec<String>,
    shortlist: Option<String>,
    beams: u32,
}

impl MarianFolder {
    /// The files in a folder; `None` if it has none of Marian's models.
    pub fn find(folder: &Path) -> Result<Option<Self>> {
        let Ok(entries) = std::fs::read_dir(folder) else { return Ok(None) };
        let mut files: Vec<String> = entries
            .filter_map(|entry| entry.ok()?.file_name().into_string().ok())
            .map(|name| compressed::plain_name(&name).to_string())
            .collect();
        files.sort();
        files.dedup();
        let named = match files.iter().find(|name| is_settings(name)) {
            Some(name) => Names::in_settings(folder, name)?,
            None => None,
        };
        let Some(names) = (match named {
            Some(names) => Some(names),
            None => Names::of_files(folder, &files)?,
        }) else {
            return Ok(None);
        };
        let find = |name: &str| {
            let missing = || Error::malformed(folder, format!("its file {name} is missing"));
            compressed::find(folder, name).ok_or_else(missing)
        };
        let list = names.list().map(find).transpose()?;
        let vocabularies = if list.is_some() { Some(SPLITTERS) } else { names.source_and_target() };
        let Some([source, target]) = vocabularies else {
            let reason = match names.vocabularies.as_slice() {
                [] => "it has a model of Marian, but no vocabulary (.spm)".to_string(),
                several => format!("it has several vocabularies: {}", several.join(", ")),
            };
            return Err(Error::malformed(folder, reason));
        };
        Ok(Some(Self {
            source_vocabulary: find(source)?,
            target_vocabulary: find(target)?,
            list,
            shortlist: names.shortlist.as_deref().and_then(|name| compressed::find(folder, name)),
            direction: direction(&names.model),
            beams: names.beams,
            model: find(&names.model)?,
        }))
    }

    /// Reads the model: its hyper-parameters as in `config.json`, and its weights.
    pub fn read(&self) -> Result<(serde_json::Value, MarianWeights)> {
        let bytes = compressed::read(&self.model, MAX_MODEL_BYTES)?;
        let container = parse(&self.model, &bytes)?;
        Ok((options::config(&self.model, &container.options, self.beams)?, container.weights))
    }
}

impl Names {
    /// The files that a settings file names; `None` if it is about something else.
    fn in_settings(folder: &Path, name: &str) -> Result<Option<Self>> {
        let Some(path) = compressed::find(folder, name) else { return Ok(None) };
        let text = compressed::read(&path, MAX_SETTINGS_BYTES)?;
        let settings = FlatYaml::parse(&String::from_utf8_lossy(&text));
        let files = |key: &str| -> Vec<String> {
            let values = settings.list(key).unwrap_or_default();
            // Only the last part: a folder is moved as a whole, and names nothing outside.
            let name = |value: &String| value.rsplit(['/', '\\']).next().map(str::to_string);
            values.iter().filter_map(name).filter(|name| !name.is_empty()).collect()
        };
        let Some(model) = files("models").into_iter().next() else { return Ok(None) };
        let mut vocabularies = files("vocabs");
        vocabularies.dedup();
        let shortlist = files("shortlist").into_iter().find(|name| name.ends_with(".bin"));
        let beams = settings.text("beam-size").and_then(|beams| beams.parse().ok()).unwrap_or(1);
        Ok(Some(Self { model, vocabularies, shortlist, beams }))
    }

    /// The files by their names; `None` if there is no model.
    fn of_files(folder: &Path, files: &[String]) -> Result<Option<Self>> {
        let vocabularies: Vec<String> =
            files.iter().filter(|name| name.ends_with(".spm")).cloned().collect();
        let is_shortlist = |name: &&String| name.starts_with("lex.") && name.ends_with(".bin");
        let models: Vec<&String> =
            files.iter().filter(|name| name.ends_with(".bin") && !is_shortlist(name)).collect();
        let model = match models.as_slice() {
            [] => return Ok(None),
            [model] if !vocabularies.is_empty() || model.starts_with("model.") => *model,
            [_] => return Ok(None),
            several if several.iter().all(|name| name.starts_with("model.")) => {
                let names = several.iter().map(|name| name.as_str()).collect::<Vec<_>>();
                let reason = format!(
                    "it has several models of Marian: {}; keep each in a folder of its own",
                    names.join(", ")
                );
                return Err(Error::malformed(folder, reason));
            }
            _ => return Ok(None),
        };
        let shortlist = files.iter().find(is_shortlist).cloned();
        Ok(Some(Self { model: model.clone(), vocabularies, shortlist, beams: 1 }))
    }

    /// The list of pieces of both languages, if that is what the settings name.
    fn list(&self) -> Option<&str> {
        match self.vocabularies.as_slice() {
            [list] if list.ends_with(".yml") => Some(list),
            _ => None,
        }
    }

    /// The vocabularies of both languages.
    fn source_and_target(&self) -> Option<[&str; 2]> {
        match self.vocabularies.as_slice() {
            [shared] => Some([shared, shared]),
            // By name in a listing, in order in a settings file; both are the same for the names
            // that Firefox's models have.
            [source, target] => Some([source, target]),
            _ => None,
        }
    }
}

/// True for the name of a file with the settings of a translator.
fn is_settings(name: &str) -> bool {
    (name.starts_with("config") || name == "decoder.yml") && name.ends_with(".yml")
}

/// The languages in a model's name: `en` and `ko` of `model.enko.intgemm.alphas.bin`.
fn direction(model: &str) -> [Option<String>; 2] {
    let pair = model.strip_prefix("model.").and_then(|rest| rest.split('.').next());
    let pair = pair.filter(|pair| pair.len() == 4 && pair.bytes().all(|b| b.is_ascii_lowercase()));
    match pair {
        Some(pair) => [Some(pair[..2].to_string()), Some(pair[2..].to_string())],
        None => [None, None],
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn folder(files: &[(&str, &str)]) -> tempfile::TempDir {
        let folder = tempfile::tempdir().unwrap();
        for (name, text) in files {
            std::fs::write(folder.path().join(name), text).unwrap();
        }
        folder
    }

    /// Names of the model, the vocabularies and the shortlist.
    fn found(files: &[(&str, &str)]) -> Option<Vec<String>> {
        let folder = folder(files);
        let found = MarianFolder::find(folder.path()).unwrap()?;
        let paths = [found.model, found.source_vocabulary, found.target_vocabulary];
        let name = |path: PathBuf| path.file_name().unwrap().to_str().unwrap().to_string();
        Some(paths.into_iter().chain(found.shortlist).map(name).collect())
    }

    fn refusal(files: &[(&str, &str)]) -> String {
        let folder = folder(files);
        MarianFolder::find(folder.path()).unwrap_err().to_string()
    }

    #[test]
    fn folders_are_known_as_they_are_published() {
        let firefox = [
            ("model.enko.intgemm.alphas.bin", ""),
            ("srcvocab.enko.spm.zst", ""),
            ("trgvocab.enko.spm.zst", ""),
            ("lex.50.50.enko.s2t.bin.gz", ""),
        ];
        let names = firefox.map(|(name, _)| name.to_string());
        let [model, source, target, shortlist] = names;
        assert_eq!(found(&firefox).unwrap(), [model, source, target, shortlist]);
        let settings = "relative-paths: true\nmodels:\n  - model.npz.bin\nvocabs:\n  - v.spm\n  - v.spm\n\
                        shortlist:\n    - lex.s2t.bin\n    - false\nbeam-size: 1\n";
        let bergamot =
            [("config.intgemm8bitalpha.yml", settings), ("model.npz.bin", ""), ("v.spm", "")];
        assert_eq!(found(&bergamot).unwrap(), ["model.npz.bin", "v.spm", "v.spm"]);
        let settings = "models:\n  - opus.npz\nvocabs:\n  - opus.vocab.yml\n  - opus.vocab.yml\nbeam-size: 6\n";
        let opus = [
            ("decoder.yml", settings),
            ("opus.npz", ""),
            ("opus.vocab.yml", ""),
            ("source.spm", ""),
            ("target.spm", ""),
        ];
        assert_eq!(found(&opus).unwrap(), ["opus.npz", "source.spm", "target.spm"]);
        let files = folder(&opus);
        assert_eq!(MarianFolder::find(files.path()).unwrap().unwrap().beams, 6);
        assert_eq!(direction("model.enko.intgemm.alphas.bin")[1].as_deref(), Some("ko"));
        assert_eq!(direction("model.npz.bin"), [None, None]);
    }

    #[test]
    fn other_folders_are_not_of_marian_and_incomplete_ones_are_named() {
        assert_eq!(found(&[("config.json", "{}"), ("weights.bin", "")]), None);
        assert_eq!(found(&[("README.md", "")]), None);
        assert!(refusal(&[("model.enko.bin", "")]).contains("no vocabulary"));
        let two = [("model.a.bin", ""), ("model.b.bin", ""), ("v.spm", "")];
        assert!(refusal(&two).contains("model.a.bin, model.b.bin"));
        let settings = "models: [model.npz]\nvocabs: [v.yml, v.yml]\n";
        let files = [("decoder.yml", settings), ("model.npz", ""), ("v.yml", "")];
        assert!(refusal(&files).contains("source.spm is missing"));
        let settings = "models: [../../m.bin]\nvocabs: [v.spm]\n";
        assert!(refusal(&[("decoder.yml", settings), ("v.spm", "")]).contains("m.bin is missing"));
    }
}
