//! Looking after a memory: search, export, purge, merge and figures.

use std::path::Path;

use rusqlite::params_from_iter;
use rusqlite::types::Value;
use serde::Serialize;

use super::unit::{Origin, Unit};
use super::write::{Kept, Writer, Written};
use super::{COLUMNS, Desk, HAS_WORDS, SegmentKey, direction, unit, write};
use crate::error::{Error, Result};
use crate::language::LanguagePair;

/// Units of a merge or an export that are read at once.
const PAGE: i64 = 1_000;

/// A choice of units. Of the default all are chosen.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Filter {
    /// Only of this direction.
    pub languages: Option<LanguagePair>,
    /// Only of this origin.
    pub origin: Option<Origin>,
    /// Only by this model or person.
    pub by: Option<String>,
    /// Only units with these words in source or translation; the case of ASCII letters aside.
    pub words: Option<String>,
    /// Only units last changed before this time, in seconds since 1970.
    pub changed_before: Option<i64>,
}

impl Filter {
    /// True if a unit is chosen, its words aside.
    pub fn admits(&self, unit: &Unit) -> bool {
        self.languages.is_none_or(|languages| languages == unit.languages())
            && self.origin.is_none_or(|origin| origin == unit.origin)
            && self.by.as_ref().is_none_or(|by| unit.by.as_ref() == Some(by))
            && self.changed_before.is_none_or(|time| unit.changed < time)
    }

    /// The condition in SQL and its values.
    fn condition(&self) -> (String, Vec<Value>) {
        let mut conditions = vec!["1".to_string()];
        let mut values = Vec::new();
        let mut add = |condition: &str, value: Value| {
            values.push(value);
            conditions.push(condition.replace('?', &format!("?{}", values.len())));
        };
        if let Some(languages) = self.languages {
            add("direction = ?", direction(languages).into());
        }
        if let Some(origin) = self.origin {
            add("origin = ?", (origin as i64).into());
        }
        if let Some(by) = &self.by {
            add("maker = ?", by.clone().into());
        }
        if let Some(words) = &self.words {
            let words: String = words
                .chars()
                .flat_map(|c| matches!(c, '%' | '_' | '\\').then_some('\\').into_iter().chain([c]))
                .collect();
            add(
                "(source LIKE ? ESCAPE '\\' OR target LIKE ? ESCAPE '\\')",
                format!("%{words}%").into(),
            );
        }
        if let Some(time) = self.changed_before {
            add("changed < ?", time.into());
        }
        (conditions.join(" AND "), values)
    }
}

/// Figures of a memory.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize)]
pub struct MemoryStats {
    /// Units by direction and origin: ("en-ko", "machine", 12).
    pub units: Vec<(String, &'static str, u64)>,
    /// Size of the file in bytes.
    pub bytes: u64,
}

impl Desk {
    /// Units of a choice that have words, the latest first, at most `limit`.
    pub fn search(&self, filter: &Filter, limit: usize) -> Result<Vec<Unit>> {
        let (condition, mut values) = filter.condition();
        values.push((limit as i64).into());
        let select = format!(
            "SELECT {COLUMNS} FROM unit WHERE {condition} AND {HAS_WORDS} \
             ORDER BY changed DESC, id DESC LIMIT ?{}",
            values.len()
        );
        self.read(|connection| {
            let mut select = connection.prepare(&select)?;
            select.query_map(params_from_iter(values), unit)?.collect()
        })
    }

    /// Calls `each` with every unit of a choice, oldest first. The memory may be used meanwhile.
    pub fn for_each(
        &self,
        filter: &Filter,
        each: &mut dyn FnMut(Unit) -> Result<()>,
    ) -> Result<()> {
        self.for_each_written(filter, &mut |written| each(written.unit))
    }

    /// The same as they were written.
    fn for_each_written(
        &self,
        filter: &Filter,
        each: &mut dyn FnMut(Written) -> Result<()>,
    ) -> Result<()> {
        let (condition, values) = filter.condition();
        let (after, page) = (values.len() + 1, values.len() + 2);
        let select = format!(
            "SELECT {COLUMNS}, outcome, identity, id FROM unit WHERE {condition} AND id > ?{after} ORDER BY id LIMIT ?{page}"
        );
        let mut last = 0;
        loop {
            let mut values = values.clone();
            values.extend([last.into(), PAGE.into()]);
            let rows: Vec<(i64, Written)> = self.read(|connection| {
                let mut select = connection.prepare_cached(&select)?;
                let rows = select.query_map(params_from_iter(values), |row| {
                    let key = Some(SegmentKey(row.get(9)?));
                    let written = Written { unit: unit(row)?, key, outcome: row.get(8)? };
                    Ok((row.get(10)?, written))
                })?;
                rows.collect()
            })?;
            let Some((id, _)) = rows.last() else { return Ok(()) };
            last = *id;
            for (_, written) in rows {
                each(written)?;
            }
        }
    }

    /// Removes the units of a choice, and returns their number.
    pub fn purge(&self, filter: &Filter) -> Result<u64> {
        let (condition, values) = filter.condition();
        let removed = self.transaction(|connection| {
            let select = format!("SELECT id FROM unit WHERE {condition}");
            let mut select = connection.prepare(&select)?;
            let ids: Vec<i64> = select
                .query_map(params_from_iter(values), |row| row.get(0))?
                .collect::<rusqlite::Result<_>>()?;
            let mut writer = Writer::new(connection);
            for id in &ids {
                writer.remove(*id)?;
            }
            writer.finish()?;
            write::forget_unused_tokens(connection)?;
            Ok(ids.len() as u64)
        })?;
        if removed > 0 {
            // Removed words must not stay in the file.
            self.read(|connection| {
                connection.execute_batch("INSERT INTO words(words) VALUES('optimize'); VACUUM;")
            })?;
            self.checkpoint()?;
        }
        Ok(removed)
    }

    /// Adds the units of another memory, and returns how many were new.
    pub fn merge(&self, other: &Path) -> Result<Kept> {
        if !other.exists() {
            return Err(Error::NotFound { path: other.to_path_buf() });
        }
        let other = Self::open(other)?;
        let mut kept = Kept::default();
        let mut page = Vec::new();
        let mut flush = |page: &mut Vec<Written>| {
            let done = self.keep(page.drain(..))?;
            kept.added += done.added;
            kept.changed += done.changed;
            kept.same += done.same;
            Ok::<_, crate::error::Error>(())
        };
        other.for_each_written(&Filter::default(), &mut |written| {
            page.push(written);
            if page.len() >= PAGE as usize { flush(&mut page) } else { Ok(()) }
        })?;
        flush(&mut page)?;
        Ok(kept)
    }

    /// Moves what the log holds into the file, so that the file alone can be copied.
    pub fn checkpoint(&self) -> Result<()> {
        self.read(|connection| connection.execute_batch("PRAGMA wal_checkpoint(TRUNCATE)"))
    }

    /// Figures.
    pub fn stats(&self) -> Result<MemoryStats> {
        let select = "SELECT direction, origin, count(*) FROM unit GROUP BY 1, 2 ORDER BY 1, 2";
        let units = self.read(|connection| {
            let mut select = connection.prepare(select)?;
            let rows = select.query_map([], |row| {
                let origin = usize::try_from(row.get::<_, i64>(1)?).unwrap_or(0);
                let origin = Origin::ALL.get(origin).copied().unwrap_or(Origin::Machine);
                Ok((row.get(0)?, origin.as_str(), row.get::<_, i64>(2)?.unsigned_abs()))
            })?;
            rows.collect()
        })?;
        let bytes = std::fs::metadata(&self.path).map_or(0, |metadata| metadata.len());
        Ok(MemoryStats { units, bytes })
    }
}
