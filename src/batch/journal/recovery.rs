//! Opening a journal: tables of an earlier version are raised to this one, the specification is
//! compared, and every seal is.

use std::fs::File;
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};

use rusqlite::{OptionalExtension, params};

use super::file::{FIRST_SCHEMA, Format, SCHEMA, VERSION};
use super::row::{Row, seal, text, version_seal};
use super::{Journal, base};
use crate::batch::{BatchError, result, spec_sum};
use crate::error::{Error, Result};
use crate::files::{self, Kind};
use crate::formats::{Form, Item};

impl Journal {
    /// Makes an open file the journal of this run.
    pub(super) fn prepare(&mut self, format: Format) -> Result<()> {
        // One transaction: a run that is refused changes nothing, and one that is killed rebuilds
        // again.
        self.together(|journal| {
            match format {
                Format::Current => {}
                Format::New => journal.create()?,
                Format::First => journal.raise()?,
            }
            let is_new = journal.freeze()?;
            journal.verify()?;
            // A journal that was not begun yet may stand beside results of one that was.
            if is_new { journal.rebuild() } else { Ok(()) }
        })?;
        self.count_run()?;
        // Leases of earlier runs are void: this run holds the lock.
        self.execute("UPDATE item SET state = 'pending', lease = NULL WHERE state = 'leased'", [])?;
        Ok(())
    }

    fn create(&mut self) -> Result<()> {
        let create = format!("{SCHEMA} PRAGMA user_version = {VERSION};");
        self.connection.execute_batch(&create).map_err(|e| self.failed(e))?;
        self.set_fact("schema", &VERSION.to_string())
    }

    /// Raises a journal of malmoi 0.1, whose rows have no seals and whose ids may be there twice.
    fn raise(&mut self) -> Result<()> {
        let mut moved = String::new();
        for statement in FIRST_SCHEMA.split_inclusive(';') {
            let mut words = statement.split_whitespace().skip(1);
            match (words.next(), words.next().and_then(|name| name.split('(').next())) {
                (Some("TABLE"), Some(name)) => {
                    moved += &format!("ALTER TABLE {name} RENAME TO first_{name};")
                }
                (Some("INDEX"), Some(name)) => moved += &format!("DROP INDEX {name};"),
                _ => {}
            }
        }
        self.connection.execute_batch(&moved).map_err(|e| self.failed(e))?;
        self.create()?;
        let facts: Vec<(String, String)> = {
            let mut select = self
                .connection
                .prepare("SELECT name, value FROM first_fact")
                .map_err(|e| self.failed(e))?;
            let rows = select.query_map([], |row| Ok((row.get(0)?, row.get(1)?)));
            rows.and_then(Iterator::collect).map_err(|e| self.failed(e))?
        };
        let asked = self.spec.clone();
        for (name, value) in &facts {
            self.set_fact(name, value)?;
            if name == "spec" {
                // Rows are sealed with what they were made with.
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
                    |row| Ok((Row::read(row)?, row.get(10)?)),
                )
                .map_err(|e| self.failed(e))?;
            self.name(&mut row)?;
            self.insert(&row, met)?;
        }
        self.connection
            .execute_batch(
                "INSERT INTO outdated(file) SELECT file FROM first_outdated; \
                 DROP TABLE first_item; DROP TABLE first_fact; DROP TABLE first_outdated;",
            )
            .map_err(|e| self.failed(e))?;
        self.spec = asked;
        Ok(())
    }

    /// Gives a row of malmoi 0.1 an id of its own, and a file without an id its name.
    fn name(&self, row: &mut Row) -> Result<()> {
        let line =
            row.line.as_deref().and_then(|line| serde_json::from_str::<result::Line>(line).ok());
        let item = row.payload.as_deref().and_then(|item| serde_json::from_str::<Item>(item).ok());
        let form = line.as_ref().map(|line| &line.form).or(item.as_ref().map(|item| &item.form));
        if row.base.starts_with("sha256:") && matches!(form, Some(Form::File(_))) {
            row.base.clone_from(&row.input);
        }
        if row.is_unreadable_part() {
            return Ok(());
        }
        let id = line.as_ref().map(|line| line.id.clone()).or(item.and_then(|item| item.id));
        let name = self.free("name", id.as_deref().unwrap_or(&row.key), row.ordinal)?;
        if let Some(mut line) = line.filter(|line| line.id != name) {
            line.id.clone_from(&name);
            row.line = Some(serde_json::to_string(&line).map_err(|e| Error::Engine(e.into()))?);
        }
        row.name = Some(name);
        Ok(())
    }

    /// A fact; one that is damaged is forgotten.
    pub(super) fn fact(&mut self, name: &str) -> Result<Option<String>> {
        let found: Option<(Option<String>, Option<String>)> = {
            let mut find = self
                .connection
                .prepare_cached("SELECT value, seal FROM fact WHERE name = ?1")
                .map_err(|e| self.failed(e))?;
            find.query_row([name], |row| Ok((text(row, 0)?, text(row, 1)?)))
                .optional()
                .map_err(|e| self.failed(e))?
        };
        match found {
            Some((value, sealed)) if sealed == Some(seal(&[Some(name), value.as_deref()])) => {
                Ok(value)
            }
            Some(_) => {
                self.execute("DELETE FROM fact WHERE name = ?1", [name])?;
                self.notes.push(format!("the journal was damaged: its `{name}` is made anew"));
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

    /// Freezes the specification, or compares it with the frozen one. Gives whether the journal is
    /// new.
    ///
    /// Where the frozen one is damaged, the one of this run takes its place: results that were made
    /// with another have other seals.
    fn freeze(&mut self) -> Result<bool> {
        let damaged = self.notes.len();
        match self.fact("spec")? {
            Some(frozen) if frozen == self.spec => Ok(false),
            Some(frozen) => {
                let folder = self.folder.clone();
                let differences = result::differences(&frozen, &self.spec);
                Err(BatchError::OtherSpec { folder, differences }.into())
            }
            None => {
                let is_new = self.notes.len() == damaged;
                self.set_fact("spec", &self.spec.clone())?;
                Ok(is_new)
            }
        }
    }

    /// Compares every seal. What is damaged loses its result, and is done again when its input is
    /// read.
    fn verify(&mut self) -> Result<()> {
        let mut damaged = Vec::new();
        {
            let select = format!("SELECT {}, seal FROM item", Row::COLUMNS);
            let mut select = self.connection.prepare(&select).map_err(|e| self.failed(e))?;
            let mut rows = select.query([]).map_err(|e| self.failed(e))?;
            while let Some(found) = rows.next().map_err(|e| self.failed(e))? {
                let row = Row::read(found).map_err(|e| self.failed(e))?;
                let sealed = text(found, 10).map_err(|e| self.failed(e))?;
                if sealed != Some(row.seal(&self.spec)) {
                    damaged.push(row);
                }
            }
        }
        for row in std::mem::take(&mut damaged) {
            self.lose(row, "its bytes are not those that were written")?;
        }
        let mut versions = Vec::new();
        {
            let select = "SELECT ordinal, content, line, seal FROM version";
            let mut select = self.connection.prepare(select).map_err(|e| self.failed(e))?;
            let mut rows = select.query([]).map_err(|e| self.failed(e))?;
            while let Some(found) = rows.next().map_err(|e| self.failed(e))? {
                let text = |index| {
                    Ok::<_, Error>(
                        text(found, index).map_err(|e| self.failed(e))?.unwrap_or_default(),
                    )
                };
                let (content, line, sealed) = (text(1)?, text(2)?, text(3)?);
                let ordinal: i64 = found.get(0).map_err(|e| self.failed(e))?;
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
                .push("the journal was damaged: an earlier version of an item is lost".into());
        }
        Ok(())
    }

    /// Takes a damaged row's result away. Its place and name stay, so that the item comes out where
    /// it was.
    pub(super) fn lose(&mut self, mut row: Row, reason: &str) -> Result<()> {
        // An input that says it has not changed would not be read again.
        self.execute("DELETE FROM fact WHERE substr(name, 1, 8) = 'mark of '", [])?;
        let name = row.name.clone().unwrap_or_else(|| row.key.clone());
        self.notes.push(format!(
            "the journal's record of {name} was damaged ({reason}); the item is done again when {} is read",
            row.input
        ));
        if row.is_unreadable_part() {
            self.execute("DELETE FROM item WHERE ordinal = ?1", [row.ordinal])?;
            return Ok(());
        }
        let why = "the journal's record of it was damaged, and it was not in the inputs read since";
        row.line = Some(result::failure(&name, &row.input, None, why, None));
        row.state = "dead".into();
        // The id may be what is damaged: it is given anew.
        row.name = None;
        row.payload = None;
        row.previous = None;
        // No content has this sum, so that the item is taken for an edited one.
        row.content = String::new();
        self.store(&row)?;
        self.execute(
            "UPDATE item SET lease = NULL, attempts = 0 WHERE ordinal = ?1",
            [row.ordinal],
        )?;
        Ok(())
    }

    fn count_run(&mut self) -> Result<()> {
        let last = "SELECT coalesce(max(met), 0) FROM item";
        let last: i64 =
            self.connection.query_row(last, [], |row| row.get(0)).map_err(|e| self.failed(e))?;
        let runs = self.fact("runs")?.and_then(|runs| runs.parse().ok()).unwrap_or(0);
        self.run = last.max(runs) + 1;
        self.set_fact("runs", &self.run.to_string())
    }

    /// Takes over the results in `items.jsonl` that were made with this specification.
    fn rebuild(&mut self) -> Result<()> {
        let path = self.folder.join("items.jsonl");
        if !matches!(files::kind(&path), Ok(Kind::File)) {
            return Ok(());
        }
        let unread = |e| Error::io("read", &path, e);
        let lines = BufReader::new(File::open(&path).map_err(unread)?).split(b'\n');
        let spec = spec_sum(&self.spec);
        let (mut taken, mut others) = (0, 0);
        for (number, text) in lines.enumerate() {
            let line = serde_json::from_slice::<result::Line>(&text.map_err(unread)?);
            // Lines of malmoi 0.1 do not say what they were made with.
            let is_ours = |line: &result::Line| line.spec.is_empty() || line.spec == spec;
            let Some(mut line) = line.ok().filter(is_ours) else {
                others += 1;
                continue;
            };
            let removed = std::mem::take(&mut line.removed);
            let item = Item { id: None, form: line.form.clone(), ..Item::default() };
            let whole_file =
                line.key == line.input || line.key == format!("sha256:{}", line.content);
            let base = match whole_file {
                true => base(&line.input, &item, &line.content),
                false => without_number(&line.key).to_string(),
            };
            let ordinal = number as i64 + 1;
            let row = Row {
                ordinal,
                key: self.free("key", &line.key, ordinal)?,
                base,
                name: Some(self.free("name", &line.id, ordinal)?),
                content: line.content.clone(),
                state: "done".into(),
                input: line.input.clone(),
                previous: line.supersedes.clone(),
                payload: None,
                line: Some(serde_json::to_string(&line).map_err(|e| Error::Engine(e.into()))?),
            };
            self.insert(&row, 0)?;
            taken += 1;
            if removed {
                self.execute("UPDATE item SET removed = 1 WHERE ordinal = ?1", [ordinal])?;
            }
        }
        if taken > 0 && self.notes.is_empty() {
            self.notes.push("there was no journal; it is begun again from items.jsonl".into());
        }
        if others > 0 {
            let kept = self.keep_aside(&path)?;
            self.notes.push(format!(
                "{others} lines of {} are no results of these models and options; their items are done again, and {} keeps the old lines",
                path.display(),
                kept.display()
            ));
        }
        Ok(())
    }

    /// Copies a list of results to a name that is free.
    fn keep_aside(&self, path: &Path) -> Result<PathBuf> {
        let kept = (1..).map(|number| self.folder.join(format!("items.before-{number}.jsonl")));
        let kept =
            kept.into_iter().find(|kept| kept.symlink_metadata().is_err()).unwrap_or_default();
        std::fs::copy(path, &kept).map_err(|e| Error::io("write", &kept, e))?;
        Ok(kept)
    }
}

/// What an item's key was made from.
fn without_number(key: &str) -> &str {
    let number = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    match key.strip_suffix(')').and_then(|rest| rest.rsplit_once(" (")) {
        Some((base, digits)) if number(digits) => base,
        _ => key,
    }
}
