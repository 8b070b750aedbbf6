//! Glossaries that clients of DeepL's API made, in one file beside the desk's.

use std::collections::{BTreeMap, HashMap};
use std::path::PathBuf;
use std::sync::{Mutex, MutexGuard, PoisonError};

use malmoi::internals::files::replace;
use malmoi::{Language, LanguagePair, Term};
use serde::{Deserialize, Serialize};

use super::log::Log;
use crate::engine::Failure;

/// Glossaries, terms of one in a direction, and characters of a name.
const MOST: usize = 1_000;
pub(crate) const MOST_TERMS: usize = 10_000;
const MOST_LETTERS: usize = 1_024;

/// The failure of an address without a glossary.
pub(crate) fn not_found() -> Failure {
    Failure::NotFound("the glossary was not found".into())
}

/// A named glossary: lists of terms, at most one for each direction.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct StoredGlossary {
    pub id: String,
    pub name: String,
    /// RFC 3339, in UTC.
    pub created: String,
    pub dictionaries: Vec<Dictionary>,
}

/// The terms of one direction.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Dictionary {
    pub from: Language,
    pub to: Language,
    pub terms: Vec<(String, String)>,
}

impl StoredGlossary {
    /// The terms of a direction.
    pub fn dictionary(&self, languages: LanguagePair) -> Option<&Dictionary> {
        self.dictionaries.iter().find(|dictionary| dictionary.languages() == languages)
    }

    /// Puts terms in the place of those of their direction.
    pub fn replace(&mut self, dictionary: Dictionary) {
        let same = |known: &&mut Dictionary| known.languages() == dictionary.languages();
        match self.dictionaries.iter_mut().find(same) {
            Some(known) => *known = dictionary,
            None => self.dictionaries.push(dictionary),
        }
    }

    /// Adds terms to those of their direction, in the place of those with the same source.
    pub fn merge(&mut self, mut dictionary: Dictionary) {
        if let Some(known) = self.dictionary(dictionary.languages()) {
            let new: HashMap<String, String> = dictionary.terms.iter().cloned().collect();
            let mut terms = known.terms.clone();
            terms.retain(|(source, _)| !new.contains_key(source));
            terms.append(&mut dictionary.terms);
            dictionary.terms = terms;
        }
        self.replace(dictionary);
    }

    fn check(&self) -> Result<(), Failure> {
        let is_whole = |dictionary: &Dictionary| (1..=MOST_TERMS).contains(&dictionary.terms.len());
        if self.name.trim().is_empty() || self.name.chars().count() > MOST_LETTERS {
            let message = format!("the name of a glossary has from 1 to {MOST_LETTERS} characters");
            return Err(Failure::Invalid(message));
        }
        if !self.dictionaries.iter().all(is_whole) {
            let message = format!("a glossary has from 1 to {MOST_TERMS} terms in a direction");
            return Err(Failure::Invalid(message));
        }
        Ok(())
    }
}

impl Dictionary {
    /// Its direction.
    pub fn languages(&self) -> LanguagePair {
        LanguagePair { from: self.from, to: self.to }
    }

    /// Its terms for prompts and checks.
    pub fn terms(&self) -> Vec<Term> {
        self.terms.iter().map(|(source, target)| Term::new(source, target)).collect()
    }
}

/// All glossaries.
pub(crate) struct Glossaries {
    /// Without a file they are gone when the server ends.
    file: Option<PathBuf>,
    all: Mutex<BTreeMap<String, StoredGlossary>>,
}

impl Glossaries {
    /// Reads the file, if there is one.
    pub fn open(file: Option<PathBuf>) -> anyhow::Result<Self> {
        let all = match file.as_deref().filter(|file| file.exists()) {
            None => BTreeMap::new(),
            Some(path) => {
                let reason = || format!("cannot read the glossaries in {}", path.display());
                let bytes = anyhow::Context::with_context(std::fs::read(path), reason)?;
                anyhow::Context::with_context(serde_json::from_slice(&bytes), reason)?
            }
        };
        Ok(Self { file, all: Mutex::new(all) })
    }

    /// The glossary of an id.
    pub fn get(&self, id: &str) -> Result<StoredGlossary, Failure> {
        self.all().get(id).cloned().ok_or_else(not_found)
    }

    /// All of them, the oldest first.
    pub fn list(&self) -> Vec<StoredGlossary> {
        let mut list: Vec<StoredGlossary> = self.all().values().cloned().collect();
        list.sort_by(|a, b| (&a.created, &a.id).cmp(&(&b.created, &b.id)));
        list
    }

    /// Adds one, with an id of its own.
    pub fn add(
        &self,
        name: String,
        dictionaries: Vec<Dictionary>,
        log: &Log,
    ) -> Result<StoredGlossary, Failure> {
        let bits = rand::random::<u128>();
        // The form of a UUID, which clients expect.
        let hex = format!("{bits:032x}");
        let parts = [&hex[..8], &hex[8..12], &hex[12..16], &hex[16..20], &hex[20..]];
        let (id, created) = (parts.join("-"), super::log::now());
        let mut glossary = StoredGlossary { id: id.clone(), name, created, dictionaries: vec![] };
        dictionaries.into_iter().for_each(|dictionary| glossary.merge(dictionary));
        glossary.check()?;
        let mut all = self.all();
        if all.len() >= MOST {
            return Err(Failure::Invalid(format!("there are {MOST} glossaries; delete some")));
        }
        all.insert(id, glossary.clone());
        self.save(&all, log)?;
        Ok(glossary)
    }

    /// Changes one and returns it.
    pub fn change(
        &self,
        id: &str,
        log: &Log,
        change: impl FnOnce(&mut StoredGlossary) -> Result<(), Failure>,
    ) -> Result<StoredGlossary, Failure> {
        let mut all = self.all();
        let mut glossary = all.get(id).cloned().ok_or_else(not_found)?;
        change(&mut glossary)?;
        glossary.check()?;
        all.insert(id.to_string(), glossary.clone());
        self.save(&all, log)?;
        Ok(glossary)
    }

    /// Deletes one.
    pub fn remove(&self, id: &str, log: &Log) -> Result<(), Failure> {
        let mut all = self.all();
        all.remove(id).ok_or_else(not_found)?;
        self.save(&all, log)
    }

    fn save(&self, all: &BTreeMap<String, StoredGlossary>, log: &Log) -> Result<(), Failure> {
        let Some(file) = &self.file else { return Ok(()) };
        let folder = file.parent().map_or(Ok(()), std::fs::create_dir_all);
        let written =
            folder.and_then(|()| replace(file, |out| Ok(serde_json::to_writer_pretty(out, all)?)));
        written.map_err(|reason| {
            log.failure(&format!("the glossaries were not saved: {reason}"));
            Failure::Internal
        })
    }

    fn all(&self) -> MutexGuard<'_, BTreeMap<String, StoredGlossary>> {
        self.all.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
