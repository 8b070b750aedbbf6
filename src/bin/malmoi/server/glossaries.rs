//! Glossaries that clients of DeepL's API made, in one file beside the desk's.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::{Mutex, MutexGuard, PoisonError};

use malmoi::internals::files::replace;
use malmoi::{Language, Term};
use serde::{Deserialize, Serialize};

use super::log::Log;
use crate::engine::Failure;

/// Glossaries, and terms of one.
const MOST: usize = 1_000;
const MOST_TERMS: usize = 10_000;

/// A named list of terms in one direction.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct StoredGlossary {
    pub id: String,
    pub name: String,
    pub from: Language,
    pub to: Language,
    /// RFC 3339, in UTC.
    pub created: String,
    pub terms: Vec<(String, String)>,
}

impl StoredGlossary {
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

    pub fn get(&self, id: &str) -> Option<StoredGlossary> {
        self.all().get(id).cloned()
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
        (from, to): (Language, Language),
        terms: Vec<(String, String)>,
        log: &Log,
    ) -> Result<StoredGlossary, Failure> {
        if terms.is_empty() || terms.len() > MOST_TERMS {
            let message = format!("a glossary has from 1 to {MOST_TERMS} terms");
            return Err(Failure::Invalid(message));
        }
        let bits = rand::random::<u128>();
        // The form of a UUID, which clients expect.
        let hex = format!("{bits:032x}");
        let parts = [&hex[..8], &hex[8..12], &hex[12..16], &hex[16..20], &hex[20..]];
        let (id, created) = (parts.join("-"), super::log::now());
        let glossary = StoredGlossary { id: id.clone(), name, from, to, created, terms };
        let mut all = self.all();
        if all.len() >= MOST {
            return Err(Failure::Invalid(format!("there are {MOST} glossaries; delete some")));
        }
        all.insert(id, glossary.clone());
        self.save(&all, log)?;
        Ok(glossary)
    }

    /// Deletes one; false if it is not there.
    pub fn remove(&self, id: &str, log: &Log) -> Result<bool, Failure> {
        let mut all = self.all();
        let removed = all.remove(id).is_some();
        if removed {
            self.save(&all, log)?;
        }
        Ok(removed)
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
