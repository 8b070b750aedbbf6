//! The journal: every item of an output folder, its state and its result, in an SQLite file that
//! survives being killed.
//!
//! One writer (a lock beside it says so), write-ahead log, every commit forced to the disk. The
//! specification results depend on is frozen in the first run; a run with another one is refused.
//! The files people read are made from here.
//!
//! Each row carries a seal, the sum of its columns and of the specification. At opening the file is
//! checked whole and every seal is compared: a damaged file is set aside and begun again from
//! `items.jsonl`, a damaged row loses its result and is done again.
//!
//! Current items and history are apart: an item that left its input is marked as removed, and the
//! results of earlier versions of an item are moved to the table `version`.

mod file;
mod queue;
mod recovery;
mod row;
#[cfg(test)]
mod tests;

use std::collections::HashSet;
use std::fs::File;
use std::path::{Path, PathBuf};
use std::time::{SystemTime, UNIX_EPOCH};

use rusqlite::{Connection, OptionalExtension, params};
use serde_json::json;

use file::Trouble;
use row::{Row, UNREADABLE, version_seal};

use super::queue::Lease;
use super::result;
use super::{BatchError, sum};
use crate::error::{Error, Result};
use crate::formats::{Form, Item, Unreadable};

/// Seconds an item may stay in somebody's hands without a word from them.
const LEASE: i64 = 600;

/// An open journal.
pub struct Journal {
    folder: PathBuf,
    connection: Connection,
    /// The specification results depend on.
    spec: String,
    /// The number of this run.
    run: i64,
    /// Names of this run's inputs.
    inputs: HashSet<String>,
    /// Whether items that left their inputs are marked as removed.
    tracks: bool,
    /// Messages about damage that was found and mended.
    notes: Vec<String>,
    /// Held until the journal is closed; none while it is opened.
    lock: Option<File>,
}

/// What became of an item that was offered.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Offered {
    /// It is new and waits.
    New,
    /// It was settled with other content and waits again.
    Changed,
    /// It waited with other content and waits with this.
    Replaced,
    /// It is there as it is.
    Unchanged,
    /// It is the same as another of this run.
    Duplicate,
}

impl Journal {
    /// Opens the journal of a folder, or begins one. `spec` is the specification results depend on.
    ///
    /// A file that is damaged is kept aside and begun again from `items.jsonl`; rows that are
    /// damaged lose their results and are done again. [`notes`](Self::notes) says so.
    pub fn open(folder: &Path, spec: &str) -> Result<Self> {
        std::fs::create_dir_all(folder).map_err(|e| Error::io("create", folder, e))?;
        let lock = file::lock(folder)?;
        // SQLite is told to follow no link, also none on the way to the folder, which the user
        // named.
        let real = std::fs::canonicalize(folder).map_err(|e| Error::io("read", folder, e))?;
        let path = real.join("journal.db");
        let mut notes = Vec::new();
        let opened = match Self::attempt(folder, &path, spec, &notes) {
            Err(Trouble::Damage(reason)) => {
                let aside = file::set_aside(&path)?;
                notes.push(format!(
                    "the journal was damaged ({reason}); it is kept as {} and begun again from items.jsonl",
                    folder.join(aside.file_name().unwrap_or_default()).display()
                ));
                Self::attempt(folder, &path, spec, &notes)
            }
            opened => opened,
        };
        let mut journal = opened.map_err(|trouble| match trouble {
            Trouble::Other(error) => error,
            Trouble::Damage(reason) => BatchError::Damaged { file: path.clone(), reason }.into(),
        })?;
        journal.lock = Some(lock);
        Ok(journal)
    }

    /// Opens and checks the file at a path; damage that a row or a fact can be blamed for is
    /// mended.
    fn attempt(
        folder: &Path,
        path: &Path,
        spec: &str,
        notes: &[String],
    ) -> std::result::Result<Self, Trouble> {
        let opened = file::connect(path)?;
        let mut journal = Self {
            folder: folder.to_path_buf(),
            connection: opened.connection,
            spec: spec.to_string(),
            run: 0,
            inputs: HashSet::new(),
            tracks: false,
            notes: notes.to_vec(),
            lock: None,
        };
        match journal.prepare(opened.format) {
            Ok(()) => Ok(journal),
            Err(Error::Batch(BatchError::Damaged { reason, .. })) => Err(Trouble::Damage(reason)),
            Err(error) => Err(Trouble::Other(error)),
        }
    }

    /// An error where another process has the folder's journal.
    pub(super) fn is_free(folder: &Path) -> Result<()> {
        file::lock(folder).map(drop)
    }

    /// Names this run's inputs. Where `tracks`, items that left the file they came from are marked
    /// as removed when the file was read to its end; those of files that are gone are marked at
    /// once.
    pub fn expect(&mut self, inputs: &[String], tracks: bool) -> Result<()> {
        self.inputs = inputs.iter().cloned().collect();
        self.tracks = tracks;
        let known: Vec<String> = {
            let mut select = self
                .connection
                .prepare("SELECT DISTINCT input FROM item")
                .map_err(|e| self.failed(e))?;
            let rows = select.query_map([], |row| row.get(0));
            rows.and_then(Iterator::collect).map_err(|e| self.failed(e))?
        };
        let roots: HashSet<Option<PathBuf>> = inputs.iter().map(|name| root(name)).collect();
        // A relative name means another file in another working folder.
        let here =
            std::env::current_dir().map_or(String::new(), |folder| folder.display().to_string());
        let is_here = self.fact("working folder")?.is_none_or(|before| before == here);
        self.set_fact("working folder", &here)?;
        self.together(|journal| {
            for name in known.iter().filter(|name| !journal.inputs.contains(*name)) {
                // Only a file beside this run's inputs is judged.
                let is_known = is_here || Path::new(name).is_absolute();
                let gone = is_known && is_gone(name) && roots.contains(&root(name));
                if gone {
                    journal.execute(
                        "DELETE FROM item WHERE input = ?1 AND substr(key, 1, ?2) = ?3",
                        params![name, UNREADABLE.len() as i64, UNREADABLE],
                    )?;
                }
                if gone && tracks {
                    journal.execute("UPDATE item SET removed = 1 WHERE input = ?1", [name])?;
                }
            }
            Ok(())
        })
    }

    /// Messages about damage that was found and mended since the last call.
    pub fn notes(&mut self) -> Vec<String> {
        std::mem::take(&mut self.notes)
    }

    /// Does several things as one: all of them are on the disk afterwards, or none.
    pub fn together<T>(&mut self, work: impl FnOnce(&mut Self) -> Result<T>) -> Result<T> {
        self.execute("BEGIN IMMEDIATE", [])?;
        match work(self) {
            Ok(done) => {
                self.execute("COMMIT", [])?;
                Ok(done)
            }
            Err(error) => {
                // The error that led here is the one to tell.
                let _ = self.execute("ROLLBACK", []);
                Err(error)
            }
        }
    }

    /// Takes an item in, unless it is known as it is.
    pub fn offer(&mut self, input: &str, item: &Item) -> Result<Offered> {
        let payload = serde_json::to_string(item).map_err(|e| Error::Engine(e.into()))?;
        // What its result depends on: a feed that is given today's date every day has not changed.
        let content = sum(&json!([item.version, item.form, item.document]).to_string());
        let base = base(input, item, &content);
        let mut same = self.known("base = ?1 AND content = ?2", [&base, &content])?;
        if same.is_none() && is_whole_file(item) {
            same = self.moved(input, &content)?;
        }
        match same {
            Some(known) if known.met == self.run => return Ok(Offered::Duplicate),
            Some(known) => {
                self.execute(
                    "UPDATE item SET met = ?2, removed = 0 WHERE ordinal = ?1",
                    [known.ordinal, self.run],
                )?;
                return Ok(Offered::Unchanged);
            }
            None => {}
        }
        // Another text under the name it had in this input; where this run has met that, too, it is
        // another item of that name.
        let before = self.known("base = ?1 AND input = ?2", [&*base, input])?;
        let id = item.id.as_deref().map(str::trim).filter(|id| !id.is_empty());
        match before.filter(|known| known.met != self.run) {
            Some(known) => self.edit(&known, id, content, payload),
            None => {
                let next = "SELECT coalesce(max(ordinal), 0) + 1 FROM item";
                let ordinal = self
                    .connection
                    .query_row(next, [], |row| row.get(0))
                    .map_err(|e| self.failed(e))?;
                let key = self.free("key", &base, ordinal)?;
                let name = self.free("name", id.unwrap_or(&key), ordinal)?;
                let row = Row {
                    ordinal,
                    key,
                    base,
                    name: Some(name),
                    content,
                    state: "pending".into(),
                    input: input.to_string(),
                    previous: None,
                    payload: Some(payload),
                    line: None,
                };
                self.insert(&row, self.run)?;
                Ok(Offered::New)
            }
        }
    }

    /// Gives an item other content. Its result so far goes into the history.
    fn edit(
        &mut self,
        known: &Known,
        id: Option<&str>,
        content: String,
        payload: String,
    ) -> Result<Offered> {
        let Some(mut row) = self.row(known.ordinal)? else { return Ok(Offered::Unchanged) };
        if row.name.is_none() {
            row.name = Some(self.free("name", id.unwrap_or(&row.key), row.ordinal)?);
        }
        if let (true, Some(line)) = (row.state == "done", &row.line) {
            // Its headline, and so the names of its files, may be others now.
            self.outdate(line)?;
            let seal = version_seal(&self.spec, row.ordinal, &row.content, line);
            self.execute(
                "INSERT OR REPLACE INTO version(ordinal, content, line, seal, updated) VALUES(?1, ?2, ?3, ?4, ?5)",
                params![row.ordinal, row.content, line, seal, now()],
            )?;
            row.previous = Some(std::mem::take(&mut row.content));
        }
        let waited = row.waits() && !known.removed;
        row.content = content;
        row.state = "pending".into();
        row.payload = Some(payload);
        row.line = None;
        self.store(&row)?;
        self.execute(
            "UPDATE item SET attempts = 0, lease = NULL, removed = 0, met = ?2 WHERE ordinal = ?1",
            [row.ordinal, self.run],
        )?;
        Ok(if waited { Offered::Replaced } else { Offered::Changed })
    }

    /// The row of a file that has another name now: the same content, under a name that is not
    /// among this run's inputs. It takes the new name. A file of the same content that this run has
    /// met already is given as it is.
    fn moved(&mut self, input: &str, content: &str) -> Result<Option<Known>> {
        let Some(known) = self.known("base = input AND content = ?1", [content])? else {
            return Ok(None);
        };
        if known.met == self.run {
            return Ok(Some(known));
        }
        let Some(mut row) =
            self.row(known.ordinal)?.filter(|row| !self.inputs.contains(&row.input))
        else {
            return Ok(None);
        };
        let key = self.free("key", input, row.ordinal)?;
        let named_by_key = row.name.as_deref() == Some(&*row.key);
        if named_by_key {
            row.name = Some(self.free("name", &key, row.ordinal)?);
        }
        if let ("done", Some(text)) = (&*row.state, &row.line) {
            let Ok(mut line) = serde_json::from_str::<result::Line>(text) else { return Ok(None) };
            self.outdate(text)?;
            line.input = input.to_string();
            line.key.clone_from(&key);
            if let (true, Some(name)) = (named_by_key, &row.name) {
                line.id.clone_from(name);
            }
            row.line = Some(serde_json::to_string(&line).map_err(|e| Error::Engine(e.into()))?);
        }
        (row.base, row.input, row.key) = (input.to_string(), input.to_string(), key);
        self.store(&row)?;
        Ok(Some(known))
    }

    /// A value that no row has in a column: the one that is wanted, else with a number that nothing
    /// else has.
    fn free(&self, column: &str, wanted: &str, number: i64) -> Result<String> {
        let mut find = self
            .connection
            .prepare_cached(&format!("SELECT 1 FROM item WHERE {column} = ?1 AND ordinal <> ?2"))
            .map_err(|e| self.failed(e))?;
        let mut value = wanted.to_string();
        while find.exists(params![value, number]).map_err(|e| self.failed(e))? {
            value += &format!(" ({number})");
        }
        Ok(value)
    }

    /// Takes in what could not be read: it is given up from the start.
    pub fn offer_unreadable(&mut self, input: &str, what: &Unreadable) -> Result<()> {
        let id = format!("{input} {}", what.place);
        let key = format!("{UNREADABLE}{id}");
        let line = result::failure(&id, input, Some(&what.place), &what.reason, Some(&what.raw));
        let row = Row {
            ordinal: 0,
            base: key.clone(),
            key,
            name: None,
            content: sum(&format!("{}\n{}", what.reason, what.raw)),
            state: "dead".into(),
            input: input.to_string(),
            previous: None,
            payload: None,
            line: Some(line),
        };
        self.execute(
            "INSERT INTO item(key, base, content, state, input, line, seal, updated, met) \
             VALUES(?1, ?1, ?2, 'dead', ?3, ?4, ?5, ?6, ?7) \
             ON CONFLICT(key) DO UPDATE SET content = ?2, state = 'dead', payload = NULL, line = ?4, seal = ?5, \
             updated = ?6, met = ?7, removed = 0",
            params![row.key, row.content, input, row.line, row.seal(&self.spec), now(), self.run],
        )?;
        Ok(())
    }

    /// Notes the files of a line that is to be replaced.
    fn outdate(&self, line: &str) -> Result<()> {
        for file in result::files(line) {
            self.execute("INSERT OR IGNORE INTO outdated(file) VALUES(?1)", [file])?;
        }
        Ok(())
    }

    /// Hands out the names of files that items had before they changed; forgets them once `remove`
    /// has done its work.
    pub(super) fn outdated(&self, remove: &mut dyn FnMut(&str) -> Result<()>) -> Result<()> {
        let mut select = self
            .connection
            .prepare_cached("SELECT file FROM outdated")
            .map_err(|e| self.failed(e))?;
        let mut rows = select.query([]).map_err(|e| self.failed(e))?;
        while let Some(row) = rows.next().map_err(|e| self.failed(e))? {
            remove(&row::text(row, 0).map_err(|e| self.failed(e))?.unwrap_or_default())?;
        }
        drop(rows);
        self.execute("DELETE FROM outdated", [])?;
        Ok(())
    }

    /// The mark an input had when it was last read to its end.
    pub fn mark(&mut self, input: &str) -> Result<Option<String>> {
        self.fact(&format!("mark of {input}"))
    }

    /// An input is as it was: that it could not be read in between is forgotten.
    pub fn is_same(&mut self, input: &str) -> Result<()> {
        self.execute("DELETE FROM item WHERE key = ?1", [format!("{UNREADABLE}{input} whole")])?;
        Ok(())
    }

    /// An input was read to its end: what could not be read of it in earlier runs, and is not there
    /// any more, is forgotten; items that are not there any more are marked as removed.
    pub fn read_to_end(&mut self, input: &str, mark: Option<&str>) -> Result<()> {
        self.execute(
            "DELETE FROM item WHERE input = ?1 AND met <> ?2 AND substr(key, 1, ?3) = ?4",
            params![input, self.run, UNREADABLE.len() as i64, UNREADABLE],
        )?;
        // A stream of items is never the whole of them (a feed's address, a pipe), nor is what
        // could be read of an input with an unreadable part.
        if self.tracks && Path::new(input).is_file() {
            self.execute(
                "UPDATE item SET removed = 1 WHERE input = ?1 AND met <> ?2 AND removed = 0 AND NOT EXISTS \
                 (SELECT 1 FROM item WHERE input = ?1 AND met = ?2 AND substr(key, 1, ?3) = ?4)",
                params![input, self.run, UNREADABLE.len() as i64, UNREADABLE],
            )?;
        }
        let name = format!("mark of {input}");
        match mark {
            Some(mark) => self.set_fact(&name, mark)?,
            None => drop(self.execute("DELETE FROM fact WHERE name = ?1", [name])?),
        }
        Ok(())
    }

    /// Lets everything that was given up for what the model made of it be tried once more.
    pub fn revive(&mut self) -> Result<()> {
        self.together(|journal| {
            let dead = "SELECT ordinal FROM item WHERE state = 'dead' AND payload IS NOT NULL";
            for ordinal in journal.ordinals(dead)? {
                let Some(mut row) = journal.row(ordinal)? else { continue };
                row.state = "pending".into();
                row.line = None;
                journal.store(&row)?;
                journal.execute("UPDATE item SET attempts = 0 WHERE ordinal = ?1", [ordinal])?;
            }
            Ok(())
        })
    }

    /// How many items wait, and the bytes they take in the journal.
    pub(super) fn pending(&self) -> Result<(u64, u64)> {
        let sum = "SELECT count(*), coalesce(sum(octet_length(payload)), 0) FROM item \
                   WHERE state = 'pending' AND removed = 0";
        let found = self.connection.query_row(sum, [], |row| Ok((row.get(0)?, row.get(1)?)));
        let (items, bytes): (i64, i64) = found.map_err(|e| self.failed(e))?;
        Ok((items.unsigned_abs(), bytes.unsigned_abs()))
    }

    /// Lines of all current items in one state, in order, one by one.
    pub fn lines(&self, state: &str, each: &mut dyn FnMut(&str) -> Result<()>) -> Result<()> {
        self.all_lines(state, &mut |line, removed| if removed { Ok(()) } else { each(line) })
    }

    /// Lines of all items in one state, each with whether the item was removed from its input.
    pub(super) fn all_lines(
        &self,
        state: &str,
        each: &mut dyn FnMut(&str, bool) -> Result<()>,
    ) -> Result<()> {
        let mut select = self
            .connection
            .prepare_cached(
                "SELECT line, removed FROM item WHERE state = ?1 AND line IS NOT NULL ORDER BY ordinal",
            )
            .map_err(|e| self.failed(e))?;
        let mut rows = select.query([state]).map_err(|e| self.failed(e))?;
        while let Some(row) = rows.next().map_err(|e| self.failed(e))? {
            let removed = row.get(1).map_err(|e| self.failed(e))?;
            each(
                row.get_ref(0).and_then(|line| Ok(line.as_str()?)).map_err(|e| self.failed(e))?,
                removed,
            )?;
        }
        Ok(())
    }

    /// An item that meets a condition; of several the one that this run has not met.
    fn known(&self, condition: &str, values: impl rusqlite::Params) -> Result<Option<Known>> {
        let mut find = self
            .connection
            .prepare_cached(&format!(
                "SELECT ordinal, met, removed FROM item WHERE {condition} \
                 ORDER BY met LIMIT 1"
            ))
            .map_err(|e| self.failed(e))?;
        find.query_row(values, |row| {
            Ok(Known { ordinal: row.get(0)?, met: row.get(1)?, removed: row.get(2)? })
        })
        .optional()
        .map_err(|e| self.failed(e))
    }

    fn ordinals(&self, select: &str) -> Result<Vec<i64>> {
        let mut select = self.connection.prepare(select).map_err(|e| self.failed(e))?;
        let rows = select.query_map([], |row| row.get(0));
        rows.and_then(Iterator::collect).map_err(|e| self.failed(e))
    }

    fn row(&self, ordinal: i64) -> Result<Option<Row>> {
        let mut find = self
            .connection
            .prepare_cached(&format!("SELECT {} FROM item WHERE ordinal = ?1", Row::COLUMNS))
            .map_err(|e| self.failed(e))?;
        find.query_row([ordinal], Row::read).optional().map_err(|e| self.failed(e))
    }

    fn insert(&self, row: &Row, met: i64) -> Result<()> {
        self.execute(
            "INSERT INTO item(ordinal, key, base, name, content, state, input, previous, payload, line, seal, updated, met) \
             VALUES(?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13)",
            params![
                row.ordinal,
                row.key,
                row.base,
                row.name,
                row.content,
                row.state,
                row.input,
                row.previous,
                row.payload,
                row.line,
                row.seal(&self.spec),
                now(),
                met
            ],
        )?;
        Ok(())
    }

    /// Writes a row as it is now, with its seal.
    fn store(&self, row: &Row) -> Result<()> {
        self.execute(
            "UPDATE item SET key = ?2, base = ?3, name = ?4, content = ?5, state = ?6, input = ?7, previous = ?8, \
             payload = ?9, line = ?10, seal = ?11, updated = ?12 WHERE ordinal = ?1",
            params![
                row.ordinal,
                row.key,
                row.base,
                row.name,
                row.content,
                row.state,
                row.input,
                row.previous,
                row.payload,
                row.line,
                row.seal(&self.spec),
                now()
            ],
        )?;
        Ok(())
    }

    fn execute(&self, statement: &str, values: impl rusqlite::Params) -> Result<usize> {
        self.connection
            .prepare_cached(statement)
            .and_then(|mut prepared| prepared.execute(values))
            .map_err(|e| self.failed(e))
    }

    fn failed(&self, error: rusqlite::Error) -> Error {
        file::failed(&self.folder.join("journal.db"), &error)
    }

    fn settle(&self, lease: &Lease, state: &str, line: &str, keep: bool) -> Result<bool> {
        // An item that changed meanwhile, or that somebody else settled, is not this one any more.
        let row = self.row(lease.ordinal)?;
        let Some(mut row) = row.filter(|row| row.content == lease.content && row.state == "leased")
        else {
            return Ok(false);
        };
        row.state = state.to_string();
        row.line = Some(line.to_string());
        row.payload = row.payload.filter(|_| keep);
        self.store(&row)?;
        self.execute(
            "UPDATE item SET lease = NULL, attempts = attempts + 1 WHERE ordinal = ?1",
            [row.ordinal],
        )?;
        Ok(true)
    }
}

/// What the journal says of an item.
struct Known {
    ordinal: i64,
    /// The run that last met it.
    met: i64,
    removed: bool,
}

/// What identifies an item among others. A guid is what the feed says it is; a number means
/// something only within its input; a file without either is called by its name, an item without
/// either by its content.
fn base(input: &str, item: &Item, content: &str) -> String {
    let global = |id: &str| id.contains([':', '/']);
    match item.id.as_deref().map(str::trim).filter(|id| !id.is_empty()) {
        Some(id) if global(id) => id.to_string(),
        Some(id) => format!("{input} {id}"),
        None if is_whole_file(item) => input.to_string(),
        None => format!("sha256:{content}"),
    }
}

/// Whether an item is all of its input and has no name of its own.
fn is_whole_file(item: &Item) -> bool {
    let named = item.id.as_deref().is_some_and(|id| !id.trim().is_empty());
    matches!(item.form, Form::File(_)) && !named
}

/// Whether an input that was a file, or a folder that could not be read, is not there as one any
/// more.
fn is_gone(name: &str) -> bool {
    // Names that are no UTF-8 are not known as they are.
    let is_path = !name.contains("://") && name != "standard input" && !name.contains('\u{FFFD}');
    let found = std::fs::symlink_metadata(name);
    is_path
        && match found {
            Ok(found) => found.is_dir(),
            Err(error) => error.kind() == std::io::ErrorKind::NotFound,
        }
}

/// The first folder of a path, where it has one.
fn root(name: &str) -> Option<PathBuf> {
    let path = Path::new(name);
    path.parent().filter(|parent| !parent.as_os_str().is_empty())?;
    path.components()
        .find(|part| matches!(part, std::path::Component::Normal(_)))
        .map(|first| first.as_os_str().into())
}

fn now() -> i64 {
    SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_secs() as i64)
}
