//! The journal: every item of an output folder, its state and its result, in an SQLite file that
//! survives being killed at any time.
//!
//! There is one writer, which holds a lock file. The database uses a write-ahead log, and every
//! commit is synced to disk. The specification (models and options) is fixed by the first run; a
//! run with another specification is refused. The output files are generated from the journal.
//!
//! Each row carries a seal: a SHA-256 of its columns and of the specification. On opening, the file
//! and every seal are checked: a damaged file is moved aside and rebuilt from `items.jsonl`; a
//! damaged row loses its result, and its item is processed again.
//!
//! Current items and history are separate: an item that left its input is marked as removed, and
//! results of earlier versions of an item are moved to the table `version`.

mod file;
mod inputs;
mod queue;
mod recovery;
mod row;
#[cfg(test)]
mod tests;
mod upsert;

use std::collections::HashSet;
use std::fs::File;
use std::path::{Path, PathBuf};
use std::time::{SystemTime, UNIX_EPOCH};

use rusqlite::{Connection, OptionalExtension, ToSql, params_from_iter};

use file::OpenError;
use row::ItemRow;

pub use upsert::Upserted;

use crate::batch::error::BatchError;
use crate::error::{Error, Result};
use crate::glossary::Glossary;
use crate::language::{Language, LanguagePair};

/// Duration of a lease, in seconds.
const LEASE_SECONDS: i64 = 600;

/// An open journal.
pub struct Journal {
    folder: PathBuf,
    connection: Connection,
    /// The specification that results depend on, as JSON.
    spec: String,
    /// Number of this run, from 1.
    run: i64,
    /// Names of this run's inputs.
    inputs: HashSet<String>,
    /// True if items that left their inputs are marked as removed.
    tracks_removals: bool,
    /// True if names of inputs arrive during the run.
    watches: bool,
    /// Prescribed translations, and the languages they are looked up for.
    glossary: Glossary,
    languages: LanguagePair,
    /// Messages about damage that was found and repaired.
    notes: Vec<String>,
    /// The folder's lock, held until the journal is closed; `None` while it is being opened.
    lock: Option<File>,
}

impl Journal {
    /// Opens the journal of a folder, or creates one, for the specification `spec`.
    ///
    /// A damaged file is moved aside and rebuilt from `items.jsonl`. Damaged rows lose their
    /// results, and their items are processed again. [`take_notes`](Self::take_notes) reports both.
    pub fn open(folder: &Path, spec: &str) -> Result<Self> {
        std::fs::create_dir_all(folder).map_err(|e| Error::io("create", folder, e))?;
        let lock = file::lock(folder)?;
        // SQLite follows no links, which includes links in the user's own path.
        let real = std::fs::canonicalize(folder).map_err(|e| Error::io("read", folder, e))?;
        let path = real.join("journal.db");
        let mut notes = Vec::new();
        let opened = match Self::try_open(folder, &path, spec, &notes) {
            Err(OpenError::Damaged(reason)) => {
                let aside = file::move_aside(&path)?;
                notes.push(format!(
                    "the journal was damaged ({reason}); the old file is now {}, and a new journal was made from items.jsonl",
                    folder.join(aside.file_name().unwrap_or_default()).display()
                ));
                Self::try_open(folder, &path, spec, &notes)
            }
            opened => opened,
        };
        let mut journal = opened.map_err(|error| match error {
            OpenError::Other(error) => error,
            OpenError::Damaged(reason) => BatchError::Damaged { file: path.clone(), reason }.into(),
        })?;
        journal.lock = Some(lock);
        Ok(journal)
    }

    /// Opens and checks the file at a path. Damage of single rows or facts is repaired.
    fn try_open(
        folder: &Path,
        path: &Path,
        spec: &str,
        notes: &[String],
    ) -> std::result::Result<Self, OpenError> {
        let opened = file::connect(path)?;
        let mut journal = Self {
            folder: folder.to_path_buf(),
            connection: opened.connection,
            spec: spec.to_string(),
            run: 0,
            inputs: HashSet::new(),
            tracks_removals: false,
            watches: false,
            glossary: Glossary::default(),
            languages: LanguagePair { from: Language::English, to: Language::Korean },
            notes: notes.to_vec(),
            lock: None,
        };
        match journal.prepare(opened.format) {
            Ok(()) => Ok(journal),
            Err(Error::Batch(BatchError::Damaged { reason, .. })) => {
                Err(OpenError::Damaged(reason))
            }
            Err(error) => Err(OpenError::Other(error)),
        }
    }

    /// Sets the glossary: an item is processed again if the terms that occur in it have changed.
    pub fn set_glossary(&mut self, glossary: &Glossary, to: Language) {
        self.glossary = glossary.clone();
        self.languages = LanguagePair { from: to.other(), to };
    }

    /// Fails if another process holds the folder's lock.
    pub(super) fn check_unlocked(folder: &Path) -> Result<()> {
        file::lock(folder).map(drop)
    }

    /// Messages about damage that was found and repaired since the last call.
    pub fn take_notes(&mut self) -> Vec<String> {
        std::mem::take(&mut self.notes)
    }

    /// Runs `work` in a transaction: all of its changes are committed to disk, or none.
    pub fn transaction<T>(&mut self, work: impl FnOnce(&mut Self) -> Result<T>) -> Result<T> {
        self.execute("BEGIN IMMEDIATE", [])?;
        match work(self) {
            Ok(done) => {
                self.execute("COMMIT", [])?;
                Ok(done)
            }
            Err(error) => {
                // The first error is the one to report.
                let _ = self.execute("ROLLBACK", []);
                Err(error)
            }
        }
    }

    /// Returns all failed items to the queue; unreadable parts of inputs are not items.
    pub fn retry_failed(&mut self) -> Result<()> {
        self.transaction(|journal| {
            let dead = "SELECT ordinal FROM item WHERE state = 'dead' AND payload IS NOT NULL";
            for ordinal in journal.ordinals(dead)? {
                let Some(mut row) = journal.row(ordinal)? else { continue };
                row.state = "pending".into();
                row.line = None;
                journal.update(&row)?;
                journal.execute("UPDATE item SET attempts = 0 WHERE ordinal = ?1", [ordinal])?;
            }
            Ok(())
        })
    }

    /// Number of pending items, and their size in the journal in bytes.
    pub(super) fn pending(&self) -> Result<(u64, u64)> {
        let select = "SELECT count(*), coalesce(sum(octet_length(payload)), 0) FROM item \
                      WHERE state = 'pending' AND removed = 0";
        let (items, bytes): (i64, i64) = self
            .connection
            .query_row(select, [], |row| Ok((row.get(0)?, row.get(1)?)))
            .map_err(|e| self.sql_error(e))?;
        Ok((items.unsigned_abs(), bytes.unsigned_abs()))
    }

    /// Calls `each` with the line of every item in a state, in order, and with `true` if the item
    /// was removed from its input.
    pub(super) fn for_each_line(
        &self,
        state: &str,
        each: &mut dyn FnMut(&str, bool) -> Result<()>,
    ) -> Result<()> {
        let mut select = self
            .connection
            .prepare_cached(
                "SELECT line, removed FROM item WHERE state = ?1 AND line IS NOT NULL ORDER BY ordinal",
            )
            .map_err(|e| self.sql_error(e))?;
        let mut rows = select.query([state]).map_err(|e| self.sql_error(e))?;
        while let Some(row) = rows.next().map_err(|e| self.sql_error(e))? {
            let removed = row.get(1).map_err(|e| self.sql_error(e))?;
            let line = row.get_ref(0).and_then(|line| Ok(line.as_str()?));
            each(line.map_err(|e| self.sql_error(e))?, removed)?;
        }
        Ok(())
    }

    /// Calls `remove` with every file of an item that has other files now, then forgets them.
    pub(super) fn remove_stale_files(
        &self,
        remove: &mut dyn FnMut(&str) -> Result<()>,
    ) -> Result<()> {
        let mut select = self
            .connection
            .prepare_cached("SELECT file FROM outdated")
            .map_err(|e| self.sql_error(e))?;
        let mut rows = select.query([]).map_err(|e| self.sql_error(e))?;
        while let Some(row) = rows.next().map_err(|e| self.sql_error(e))? {
            remove(&row::text(row, 0).map_err(|e| self.sql_error(e))?.unwrap_or_default())?;
        }
        drop(rows);
        self.execute("DELETE FROM outdated", [])?;
        Ok(())
    }

    fn ordinals(&self, select: &str) -> Result<Vec<i64>> {
        let mut select = self.connection.prepare(select).map_err(|e| self.sql_error(e))?;
        let rows = select.query_map([], |row| row.get(0));
        rows.and_then(Iterator::collect).map_err(|e| self.sql_error(e))
    }

    fn row(&self, ordinal: i64) -> Result<Option<ItemRow>> {
        let mut select = self
            .connection
            .prepare_cached(&format!("SELECT {} FROM item WHERE ordinal = ?1", ItemRow::COLUMNS))
            .map_err(|e| self.sql_error(e))?;
        select.query_row([ordinal], ItemRow::read).optional().map_err(|e| self.sql_error(e))
    }

    /// Inserts a row that the run `met` has seen.
    fn insert(&self, row: &ItemRow, met: i64) -> Result<()> {
        let statement = format!(
            "INSERT INTO item({}, seal, updated, met) VALUES({})",
            ItemRow::COLUMNS,
            placeholders(1, ItemRow::WIDTH + 3)
        );
        self.write_row(&statement, row, &[&met])
    }

    /// Rewrites a row and its seal.
    fn update(&self, row: &ItemRow) -> Result<()> {
        let statement = format!(
            "UPDATE item SET ({}, seal, updated) = ({}) WHERE ordinal = ?1",
            ItemRow::DATA_COLUMNS,
            placeholders(2, ItemRow::WIDTH + 2)
        );
        self.write_row(&statement, row, &[])
    }

    /// Executes a statement with the values of a row, its seal, the time, and `more`.
    fn write_row(&self, statement: &str, row: &ItemRow, more: &[&dyn ToSql]) -> Result<()> {
        let (seal, now) = (row.seal(&self.spec), now());
        let extra: [&dyn ToSql; 2] = [&seal, &now];
        let values = row.values().into_iter().chain(extra).chain(more.iter().copied());
        self.execute(statement, params_from_iter(values)).map(drop)
    }

    fn execute(&self, statement: &str, values: impl rusqlite::Params) -> Result<usize> {
        self.connection
            .prepare_cached(statement)
            .and_then(|mut prepared| prepared.execute(values))
            .map_err(|e| self.sql_error(e))
    }

    fn sql_error(&self, error: rusqlite::Error) -> Error {
        file::sql_error(&self.folder.join("journal.db"), &error)
    }
}

/// `?first, …, ?last`.
fn placeholders(first: usize, last: usize) -> String {
    (first..=last).map(|number| format!("?{number}")).collect::<Vec<_>>().join(", ")
}

fn now() -> i64 {
    SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_secs() as i64)
}
