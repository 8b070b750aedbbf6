//! Opening a journal: migration from an earlier version, comparison of the specification, and
//! verification of every seal.

use std::fs::File;
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};

use rusqlite::{OptionalExtension, params};

use super::Journal;
use super::file::{FIRST_SCHEMA, JournalFormat, SCHEMA, VERSION};
use super::row::{ItemRow, seal, text, version_seal};
use super::upsert::base_name;
use crate::batch::error::BatchError;
use crate::batch::hash::spec_hash;
use crate::batch::result::{self, Line};
use crate::error::{Error, Result};
use crate::files::{self, FileKind};
use crate::formats::{Form, Item};

impl Journal {
    /// Prepares an open file for this run.
    pub(super) fn prepare(&mut self, format: JournalFormat) -> Result<()> {
        // In one transaction: a refused run changes nothing, and after a killed run the next one
        // rebuilds again.
        self.transaction(|journal| {
            match format {
                JournalFormat::Current => {}
                JournalFormat::New => journal.create()?,
                JournalFormat::First => journal.migrate()?,
            }
            let is_new = journal.check_spec()?;
            journal.verify()?;
            // A new journal may lie beside the results of a lost one.
            if is_new { journal.rebuild() } else { Ok(()) }
        })?;
        self.set_run_number()?;
        // This run holds the lock, so leases of earlier runs are void.
        self.execute("UPDATE item SET state = 'pending', lease = NULL WHERE state = 'leased'", [])?;
        Ok(())
    }

    fn create(&mut self) -> Result<()> {
        let create = format!("{SCHEMA} PRAGMA user_version = {VERSION};");
        self.connection.execute_batch(&create).map_err(|e| self.sql_error(e))?;
        self.set_fact("schema", &VERSION.to_string())
    }

    /// Migrates a journal of malmoi 0.1, whose rows have no seals and whose ids may repeat.
    fn migrate(&mut self) -> Result<()> {
        let mut statements = String::new();
        for statement in FIRST_SCHEMA.split_inclusive(';') {
            let mut words = statement.split_whitespace().skip(1);
            match (words.next(), words.next().and_then(|name| name.split('(').next())) {
                (Some("TABLE"), Some(name)) => {
                    statements += &format!("ALTER TABLE {name} RENAME TO first_{name};")
                }
                (Some("INDEX"), Some(name)) => statements += &format!("DROP INDEX {name};"),
                _ => {}
            }
        }
        self.connection.execute_batch(&statements).map_err(|e| self.sql_error(e))?;
        self.create()?;
        let facts: Vec<(String, String)> = {
            let mut select = self
                .connection
                .prepare("SELECT name, value FROM first_fact")
                .map_err(|e| self.sql_error(e))?;
            let rows = select.query_map([], |row| Ok((row.get(0)?, row.get(1)?)));
            rows.and_then(Iterator::collect).map_err(|e| self.sql_error(e))?
        };
        let requested = self.spec.clone();
        for (name, value) in &facts {
            self.set_fact(name, value)?;
            if name == "spec" {
                // Rows are sealed with the specification they were made with.
                self.spec.clone_from(value);
            }
        }
        for ordinal in self.ordinals("SELECT ordinal FROM first_item ORDER BY ordinal")? {
            let (mut row, met) = self
                .connection
                .query_row(
                    "SELECT ordinal, key, base, NULL, content, state, input, NULL, payload, line, met \
                     FROM first_item WHERE ordinal = ?1",
                    [ordinal],
                    |row| Ok((ItemRow::read(row)?, row.get(ItemRow::WIDTH)?)),
                )
                .map_err(|e| self.sql_error(e))?;
            self.set_name(&mut row)?;
            self.insert(&row, met)?;
        }
        self.connection
            .execute_batch(
                "INSERT INTO outdated(file) SELECT file FROM first_outdated; \
                 DROP TABLE first_item; DROP TABLE first_fact; DROP TABLE first_outdated;",
            )
            .map_err(|e| self.sql_error(e))?;
        self.spec = requested;
        Ok(())
    }

    /// Gives a row of malmoi 0.1 a unique id, and a file without an id the base name of its file.
    fn set_name(&self, row: &mut ItemRow) -> Result<()> {
        let line = row.line.as_deref().and_then(|line| serde_json::from_str::<Line>(line).ok());
        let item = row.payload.as_deref().and_then(|item| serde_json::from_str::<Item>(item).ok());
        let form = line.as_ref().map(|line| &line.form).or(item.as_ref().map(|item| &item.form));
        if row.base.starts_with("sha256:") && matches!(form, Some(Form::File(_))) {
            row.base.clone_from(&row.input);
        }
        if row.is_unreadable_part() {
            return Ok(());
        }
        let id = line.as_ref().map(|line| line.id.clone()).or(item.and_then(|item| item.id));
        let name = self.unique("name", id.as_deref().unwrap_or(&row.key), row.ordinal)?;
        if let Some(mut line) = line.filter(|line| line.id != name) {
            line.id.clone_from(&name);
            row.line = Some(serde_json::to_string(&line).map_err(|e| Error::Engine(e.into()))?);
        }
        row.name = Some(name);
        Ok(())
    }

    /// The value of a fact. A damaged fact is deleted and noted.
    pub(super) fn fact(&mut self, name: &str) -> Result<Option<String>> {
        let stored: Option<(Option<String>, Option<String>)> = {
            let mut select = self
                .connection
                .prepare_cached("SELECT value, seal FROM fact WHERE name = ?1")
                .map_err(|e| self.sql_error(e))?;
            select
                .query_row([name], |row| Ok((text(row, 0)?, text(row, 1)?)))
                .optional()
                .map_err(|e| self.sql_error(e))?
        };
        match stored {
            Some((value, sealed)) if sealed == Some(seal(&[Some(name), value.as_deref()])) => {
                Ok(value)
            }
            Some(_) => {
                self.execute("DELETE FROM fact WHERE name = ?1", [name])?;
                self.notes.push(format!("the journal was damaged: its entry `{name}` was reset"));
                Ok(None)
            }
            None => Ok(None),
        }
    }

    pub(super) fn set_fact(&mut self, name: &str, value: &str) -> Result<()> {
        let seal = seal(&[Some(name), Some(value)]);
        self.execute(
            "INSERT OR REPLACE INTO fact(name, value, seal) VALUES(?1, ?2, ?3)",
            [name, value, &seal],
        )?;
        Ok(())
    }

    /// Stores the specification of a new journal, or compares it with the stored one. Returns
    /// `true` if the journal is new.
    ///
    /// A damaged specification is replaced by this run's: results of another specification have
    /// other seals and are discarded.
    fn check_spec(&mut self) -> Result<bool> {
        let notes = self.notes.len();
        match self.fact("spec")? {
            Some(stored) if stored == self.spec => Ok(false),
            Some(stored) => {
                let folder = self.folder.clone();
                let differences = result::differences(&stored, &self.spec);
                Err(BatchError::OtherSpec { folder, differences }.into())
            }
            None => {
                let is_new = self.notes.len() == notes;
                self.set_fact("spec", &self.spec.clone())?;
                Ok(is_new)
            }
        }
    }

    /// Verifies every seal. Damaged items lose their results and are processed again when their
    /// inputs are read.
    fn verify(&mut self) -> Result<()> {
        let mut damaged = Vec::new();
        {
            let select = format!("SELECT {}, seal FROM item", ItemRow::COLUMNS);
            let mut select = self.connection.prepare(&select).map_err(|e| self.sql_error(e))?;
            let mut rows = select.query([]).map_err(|e| self.sql_error(e))?;
            while let Some(found) = rows.next().map_err(|e| self.sql_error(e))? {
                let row = ItemRow::read(found).map_err(|e| self.sql_error(e))?;
                let sealed = text(found, ItemRow::WIDTH).map_err(|e| self.sql_error(e))?;
                if sealed != Some(row.seal(&self.spec)) {
                    damaged.push(row);
                }
            }
        }
        for row in damaged {
            self.discard_damaged(row, "its checksum does not match")?;
        }
        let mut versions = Vec::new();
        {
            let select = "SELECT ordinal, content, line, seal FROM version";
            let mut select = self.connection.prepare(select).map_err(|e| self.sql_error(e))?;
            let mut rows = select.query([]).map_err(|e| self.sql_error(e))?;
            while let Some(found) = rows.next().map_err(|e| self.sql_error(e))? {
                let text = |index| {
                    Ok::<_, Error>(
                        text(found, index).map_err(|e| self.sql_error(e))?.unwrap_or_default(),
                    )
                };
                let (content, line, sealed) = (text(1)?, text(2)?, text(3)?);
                let ordinal: i64 = found.get(0).map_err(|e| self.sql_error(e))?;
                if version_seal(&self.spec, ordinal, &content, &line) != sealed {
                    versions.push((ordinal, content));
                }
            }
        }
        for (ordinal, content) in versions {
            self.execute(
                "DELETE FROM version WHERE ordinal = ?1 AND content = ?2",
                params![ordinal, content],
            )?;
            self.notes
                .push("the journal was damaged: an earlier version of an item was lost".into());
        }
        Ok(())
    }

    /// Discards the result of a damaged row. The row and its id in the results stay, so that the
    /// item keeps its position.
    pub(super) fn discard_damaged(&mut self, mut row: ItemRow, reason: &str) -> Result<()> {
        // Without validators all inputs are read again.
        self.execute("DELETE FROM fact WHERE substr(name, 1, 8) = 'mark of '", [])?;
        let name = row.name.clone().unwrap_or_else(|| row.key.clone());
        self.notes.push(format!(
            "the journal's record of {name} was damaged ({reason}); the item is processed again when {} is read",
            row.input
        ));
        if row.is_unreadable_part() {
            self.execute("DELETE FROM item WHERE ordinal = ?1", [row.ordinal])?;
            return Ok(());
        }
        let why =
            "its record in the journal was damaged, and no input read since then contains the item";
        row.line = Some(result::failure(&name, &row.input, None, why, None));
        row.state = "dead".into();
        // The id may be the damaged part: a new one is assigned.
        row.name = None;
        row.payload = None;
        row.previous = None;
        // No content has this hash, so the item counts as edited.
        row.content = String::new();
        self.update(&row)?;
        self.execute(
            "UPDATE item SET lease = NULL, attempts = 0 WHERE ordinal = ?1",
            [row.ordinal],
        )?;
        Ok(())
    }

    /// Sets the number of this run: one more than the last.
    fn set_run_number(&mut self) -> Result<()> {
        let last = "SELECT coalesce(max(met), 0) FROM item";
        let last: i64 =
            self.connection.query_row(last, [], |row| row.get(0)).map_err(|e| self.sql_error(e))?;
        let runs = self.fact("runs")?.and_then(|runs| runs.parse().ok()).unwrap_or(0);
        self.run = last.max(runs) + 1;
        self.set_fact("runs", &self.run.to_string())
    }

    /// Imports the results in `items.jsonl` that were made with this specification.
    fn rebuild(&mut self) -> Result<()> {
        let path = self.folder.join("items.jsonl");
        if !matches!(files::kind(&path), Ok(FileKind::File)) {
            return Ok(());
        }
        let read_error = |e| Error::io("read", &path, e);
        let lines = BufReader::new(File::open(&path).map_err(read_error)?).split(b'\n');
        let spec = spec_hash(&self.spec);
        let (mut imported, mut skipped) = (0, 0);
        for (number, text) in lines.enumerate() {
            let line = serde_json::from_slice::<Line>(&text.map_err(read_error)?);
            // Lines of malmoi 0.1 have no specification.
            let matches = |line: &Line| line.spec.is_empty() || line.spec == spec;
            let Some(mut line) = line.ok().filter(matches) else {
                skipped += 1;
                continue;
            };
            let removed = std::mem::take(&mut line.removed);
            let item = Item { id: None, form: line.form.clone(), ..Item::default() };
            let whole_file =
                line.key == line.input || line.key == format!("sha256:{}", line.content);
            let base = if whole_file {
                base_name(&line.input, &item, &line.content)
            } else {
                without_number(&line.key).to_string()
            };
            let ordinal = number as i64 + 1;
            let row = ItemRow {
                ordinal,
                key: self.unique("key", &line.key, ordinal)?,
                base,
                name: Some(self.unique("name", &line.id, ordinal)?),
                content: line.content.clone(),
                state: "done".into(),
                input: line.input.clone(),
                previous: line.supersedes.clone(),
                payload: None,
                line: Some(serde_json::to_string(&line).map_err(|e| Error::Engine(e.into()))?),
            };
            self.insert(&row, 0)?;
            imported += 1;
            if removed {
                self.execute("UPDATE item SET removed = 1 WHERE ordinal = ?1", [ordinal])?;
            }
        }
        if imported > 0 && self.notes.is_empty() {
            self.notes.push("the journal was missing; a new one was made from items.jsonl".into());
        }
        if skipped > 0 {
            let copy = self.back_up(&path)?;
            self.notes.push(format!(
                "{skipped} lines of {} are not results of these models and options; their items are processed again, and the old lines are kept in {}",
                path.display(),
                copy.display()
            ));
        }
        Ok(())
    }

    /// Copies a list of results to an unused name, and returns that.
    fn back_up(&self, path: &Path) -> Result<PathBuf> {
        let copy = (1..)
            .map(|number| self.folder.join(format!("items.before-{number}.jsonl")))
            .find(|copy| copy.symlink_metadata().is_err())
            .unwrap_or_default();
        std::fs::copy(path, &copy).map_err(|e| Error::io("write", &copy, e))?;
        Ok(copy)
    }
}

/// The base name of a key: without the number appended to make it unique.
fn without_number(key: &str) -> &str {
    let is_number = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    match key.strip_suffix(')').and_then(|rest| rest.rsplit_once(" (")) {
        Some((base, digits)) if is_number(digits) => base,
        _ => key,
    }
}
