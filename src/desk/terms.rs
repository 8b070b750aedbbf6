//! The desk's glossary: terms kept in the store.

use rusqlite::{OptionalExtension, params};

use super::{Desk, now};
use crate::error::Result;
use crate::glossary::Term;

impl Desk {
    /// Adds terms, or replaces those with the same source and target. Returns how many were new.
    pub fn add_terms(&self, terms: &[Term]) -> Result<u64> {
        self.transaction(|connection| {
            let mut added = 0;
            let known = "SELECT 1 FROM term WHERE source = ?1 AND target = ?2";
            let upsert = "INSERT INTO term(source, target, entry, changed) VALUES(?1, ?2, ?3, ?4) \
                          ON CONFLICT(source, target) DO UPDATE SET entry = ?3, changed = ?4";
            for term in terms {
                let (source, target) = (term.source.trim(), term.target.trim());
                let entry = serde_json::to_string(term)
                    .map_err(|error| rusqlite::Error::ToSqlConversionFailure(error.into()))?;
                let is_known = connection
                    .prepare_cached(known)?
                    .query_row([source, target], |_| Ok(()))
                    .optional()?
                    .is_some();
                connection.prepare_cached(upsert)?.execute(params![
                    source,
                    target,
                    entry,
                    now()
                ])?;
                added += u64::from(!is_known);
            }
            Ok(added)
        })
    }

    /// All terms, in the order in which they were added. An entry that cannot be read is left out.
    pub fn terms(&self) -> Result<Vec<Term>> {
        self.read(|connection| {
            let mut select = connection.prepare("SELECT entry FROM term ORDER BY id")?;
            let entries = select.query_map([], |row| row.get::<_, String>(0))?;
            let terms = entries.filter_map(|entry| {
                entry.map(|entry| serde_json::from_str(&entry).ok()).transpose()
            });
            terms.collect()
        })
    }

    /// Removes a term, written as it was added. Returns whether it was there.
    pub fn remove_term(&self, source: &str, target: &str) -> Result<bool> {
        self.transaction(|connection| {
            let delete = "DELETE FROM term WHERE source = ?1 AND target = ?2";
            Ok(connection.execute(delete, [source.trim(), target.trim()])? > 0)
        })
    }

    /// Removes the terms with a source or a target, and returns their number.
    pub fn remove_terms(&self, word: &str) -> Result<u64> {
        self.transaction(|connection| {
            let delete = "DELETE FROM term WHERE source = ?1 OR target = ?1";
            Ok(connection.execute(delete, [word.trim()])? as u64)
        })
    }
}
