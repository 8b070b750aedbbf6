//! Writing units: each once, with the tokens by which it is found.

use std::collections::HashMap;

use rusqlite::{Connection, OptionalExtension, params};

use super::unit::{Origin, Unit};
use super::{Desk, SegmentKey, direction, fuzzy, hash, now, place, vectors};
use crate::error::Result;
use crate::likeness;

/// Units in one transaction.
const BATCH: usize = 1_000;

/// A unit to write.
#[derive(Debug, Clone)]
pub struct Written {
    /// The unit.
    pub unit: Unit,
    /// What a machine's translation depends on; `None` for the words of people.
    pub key: Option<SegmentKey>,
    /// How the machine made it, as the writer of the unit stores it for its own later use.
    pub outcome: Option<String>,
}

impl From<Unit> for Written {
    fn from(unit: Unit) -> Self {
        Self { unit, key: None, outcome: None }
    }
}

/// Numbers of units written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Kept {
    /// Units that were new.
    pub added: u64,
    /// Units that were there, with an older date or a weaker origin.
    pub changed: u64,
    /// Units that were there as they are.
    pub same: u64,
}

impl Desk {
    /// Writes units; an error leaves those of whole batches written. A unit without both texts is
    /// left out, unless it is one of tags alone.
    pub fn keep(&self, units: impl IntoIterator<Item = Written>) -> Result<Kept> {
        let mut kept = Kept::default();
        let mut has_people = false;
        let mut units = units.into_iter().peekable();
        while units.peek().is_some() {
            let batch: Vec<Written> = units.by_ref().take(BATCH).collect();
            let done = self.transaction(|connection| {
                let mut writer = Writer::new(connection);
                let mut kept = kept;
                for written in &batch {
                    writer.write(written, &mut kept)?;
                }
                writer.finish()?;
                Ok(kept)
            })?;
            kept = done;
            has_people |= batch.iter().any(|written| written.unit.origin > Origin::Machine);
        }
        if has_people {
            self.checkpoint()?;
        }
        Ok(kept)
    }
}

/// Hash of what makes a unit unique: for a machine the key, for people both texts, or the tags of
/// a unit without words.
fn identity(written: &Written) -> [u8; 32] {
    match written.key {
        Some(key) => key.0,
        None => {
            let direction = direction(written.unit.languages());
            let source = likeness::normalized(&written.unit.source);
            let target = likeness::normalized(&written.unit.target);
            let mut facts = vec![direction.as_bytes(), source.as_bytes(), target.as_bytes()];
            if source.is_empty() && target.is_empty() {
                facts.extend(written.unit.details.as_deref().map(str::as_bytes));
            }
            hash(&facts)
        }
    }
}

/// A writer within a transaction. It counts tokens and stores the counts at the end.
pub(super) struct Writer<'c> {
    connection: &'c Connection,
    frequencies: HashMap<String, i64>,
}

impl<'c> Writer<'c> {
    pub fn new(connection: &'c Connection) -> Self {
        Self { connection, frequencies: HashMap::new() }
    }

    pub fn write(&mut self, written: &Written, kept: &mut Kept) -> rusqlite::Result<()> {
        let Written { unit, outcome, .. } = written;
        let (has_source, has_target) =
            (!unit.source.trim().is_empty(), !unit.target.trim().is_empty());
        let is_markup = !has_source && !has_target && unit.details.is_some();
        if !(has_source && has_target || is_markup) {
            return Ok(());
        }
        let identity = identity(written);
        let changed = if unit.changed == 0 { now() } else { unit.changed };
        let origin = unit.origin as i64;
        let known = self
            .connection
            .prepare_cached("SELECT id, origin, changed, target FROM unit WHERE identity = ?1")?
            .query_row([identity], |row| {
                Ok((row.get(0)?, row.get(1)?, row.get(2)?, row.get::<_, String>(3)?))
            })
            .optional()?;
        if let Some((id, old_origin, old_changed, target)) = known {
            let (id, old_origin, old_changed): (i64, i64, i64) = (id, old_origin, old_changed);
            let is_newer = unit.changed > old_changed || target != unit.target;
            if origin <= old_origin && !is_newer {
                kept.same += 1;
                return Ok(());
            }
            kept.changed += 1;
            let update = "UPDATE unit SET target = ?2, origin = max(origin, ?3), maker = ifnull(?4, maker), \
                          note = ifnull(?5, note), details = ifnull(?6, details), outcome = ?7, changed = ?8 \
                          WHERE id = ?1";
            let values = params![
                id,
                unit.target,
                origin,
                unit.by,
                unit.note,
                unit.details,
                outcome,
                changed
            ];
            self.connection.prepare_cached(update)?.execute(values)?;
            if target != unit.target {
                vectors::forget(self.connection, id, Some(unit.to))?;
            }
            return Ok(());
        }
        kept.added += 1;
        let insert = "INSERT INTO unit(identity, place, direction, source, target, origin, maker, \
                      note, details, outcome, created, changed) \
                      VALUES(?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12)";
        let languages = unit.languages();
        let place = place(languages, &likeness::normalized(&unit.source));
        let values = params![
            identity,
            place,
            direction(languages),
            unit.source,
            unit.target,
            origin,
            unit.by,
            unit.note,
            unit.details,
            outcome,
            now(),
            changed
        ];
        self.connection.prepare_cached(insert)?.execute(values)?;
        let id = self.connection.last_insert_rowid();
        let tokens = indexed_tokens(unit);
        let insert = "INSERT INTO words(rowid, tokens) VALUES(?1, ?2)";
        self.connection.prepare_cached(insert)?.execute(params![id, tokens.join(" ")])?;
        for token in tokens {
            *self.frequencies.entry(token).or_default() += 1;
        }
        Ok(())
    }

    /// Removes a unit and its tokens.
    pub fn remove(&mut self, id: i64) -> rusqlite::Result<()> {
        let select = format!("SELECT {} FROM unit WHERE id = ?1", super::COLUMNS);
        let unit = self.connection.prepare_cached(&select)?.query_row([id], super::unit)?;
        self.connection.prepare_cached("DELETE FROM words WHERE rowid = ?1")?.execute([id])?;
        self.connection.prepare_cached("DELETE FROM unit WHERE id = ?1")?.execute([id])?;
        vectors::forget(self.connection, id, None)?;
        for token in indexed_tokens(&unit) {
            *self.frequencies.entry(token).or_default() -= 1;
        }
        Ok(())
    }

    /// Stores the counts of tokens.
    pub fn finish(self) -> rusqlite::Result<()> {
        let upsert = "INSERT INTO frequency(token, units) VALUES(?1, max(0, ?2)) \
                      ON CONFLICT(token) DO UPDATE SET units = max(0, units + ?2)";
        let mut upsert = self.connection.prepare_cached(upsert)?;
        let mut frequencies: Vec<_> = self.frequencies.into_iter().collect();
        frequencies.sort_unstable();
        for (token, units) in frequencies {
            upsert.execute(params![token, units])?;
        }
        Ok(())
    }
}

/// The tokens by which a unit is found: those of its source, and for the words of people, which
/// serve both directions, of its translation.
fn indexed_tokens(unit: &Unit) -> Vec<String> {
    let mut tokens = fuzzy::tokens(&unit.source);
    if unit.origin > Origin::Machine {
        tokens.extend(fuzzy::tokens(&unit.target));
        tokens.sort_unstable();
        tokens.dedup();
    }
    tokens
}

/// Removes tokens that no unit has.
pub(super) fn forget_unused_tokens(connection: &Connection) -> rusqlite::Result<()> {
    connection.execute("DELETE FROM frequency WHERE units = 0", []).map(drop)
}
