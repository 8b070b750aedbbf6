//! Inserting items into the journal, and updating items whose content or file name changed.

use rusqlite::{OptionalExtension, params};
use serde_json::json;

use super::inputs::is_deleted;
use super::row::{ItemRow, UNREADABLE, version_seal};
use super::{Journal, now};
use crate::batch::hash::sha256;
use crate::batch::result::{self, Line};
use crate::error::{Error, Result};
use crate::formats::{Form, Item, Unreadable};

/// Effect of [`Journal::upsert`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Upserted {
    /// The item is new and pending.
    New,
    /// The item was settled with other content and is pending again.
    Changed,
    /// The item was pending with other content; its content was replaced.
    Replaced,
    /// The item is in the journal with this content.
    Unchanged,
    /// The item was seen before in this run.
    Duplicate,
}

/// Reference to an item in the journal.
struct ItemRef {
    ordinal: i64,
    /// The last run that saw it.
    met: i64,
    removed: bool,
}

impl Journal {
    /// Inserts an item, or updates it if its content changed.
    pub fn upsert(&mut self, input: &str, item: &Item) -> Result<Upserted> {
        let payload = serde_json::to_string(item).map_err(|e| Error::Engine(e.into()))?;
        let content = self.content_hash(item);
        let base = base_name(input, item, &content);
        let mut same = self.find("base = ?1 AND content = ?2", [&base, &content])?;
        if let (None, Some(suffix)) = (&same, file_suffix(item)) {
            same = self.find_renamed(input, &suffix, &content)?;
        }
        if let Some(same) = same {
            if same.met == self.run {
                return Ok(Upserted::Duplicate);
            }
            self.execute(
                "UPDATE item SET met = ?2, removed = 0 WHERE ordinal = ?1",
                [same.ordinal, self.run],
            )?;
            return Ok(Upserted::Unchanged);
        }
        let id = item.id.as_deref().map(str::trim).filter(|id| !id.is_empty());
        // The same name in the same input with another text is an edit; but a name seen before in
        // this run belongs to another item.
        let edited = self
            .find("base = ?1 AND input = ?2", [&*base, input])?
            .filter(|found| found.met != self.run);
        if let Some(edited) = edited {
            return self.edit(&edited, id, content, payload);
        }
        let next = "SELECT coalesce(max(ordinal), 0) + 1 FROM item";
        let ordinal =
            self.connection.query_row(next, [], |row| row.get(0)).map_err(|e| self.sql_error(e))?;
        let key = self.unique("key", &base, ordinal)?;
        let name = self.unique("name", id.unwrap_or(&key), ordinal)?;
        let row = ItemRow {
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
        Ok(Upserted::New)
    }

    /// Hash of what the result depends on, with the terms of the glossary in it: a feed with a new
    /// date every day is unchanged, an item with a changed term is not.
    fn content_hash(&self, item: &Item) -> String {
        let mut content = json!([item.version, item.form, item.document]);
        let terms = self.glossary.occurring(&item.document.article(), self.languages);
        if let (false, Some(content)) = (terms.is_empty(), content.as_array_mut()) {
            content.push(json!(terms.iter().map(|found| &found.term).collect::<Vec<_>>()));
        }
        sha256(&content.to_string())
    }

    /// Replaces the content of an item and moves its result, if any, to the history.
    fn edit(
        &mut self,
        item: &ItemRef,
        id: Option<&str>,
        content: String,
        payload: String,
    ) -> Result<Upserted> {
        let Some(mut row) = self.row(item.ordinal)? else { return Ok(Upserted::Unchanged) };
        if row.name.is_none() {
            row.name = Some(self.unique("name", id.unwrap_or(&row.key), row.ordinal)?);
        }
        if row.state == "done"
            && let Some(line) = &row.line
        {
            // A new headline changes the names of its files.
            self.mark_stale(line)?;
            let seal = version_seal(&self.spec, row.ordinal, &row.content, line);
            self.execute(
                "INSERT OR REPLACE INTO version(ordinal, content, line, seal, updated) VALUES(?1, ?2, ?3, ?4, ?5)",
                params![row.ordinal, row.content, line, seal, now()],
            )?;
            row.previous = Some(std::mem::take(&mut row.content));
        }
        let was_pending = row.waits() && !item.removed;
        row.content = content;
        row.state = "pending".into();
        row.payload = Some(payload);
        row.line = None;
        self.update(&row)?;
        self.execute(
            "UPDATE item SET attempts = 0, lease = NULL, removed = 0, met = ?2 WHERE ordinal = ?1",
            [row.ordinal, self.run],
        )?;
        Ok(if was_pending { Upserted::Replaced } else { Upserted::Changed })
    }

    /// Finds a renamed file: an item with the same content and id whose name is not an input of
    /// this run; in a watched folder, one that is gone. The item gets the new name. If this run has
    /// already seen a file with the same content, returns that one unchanged.
    fn find_renamed(
        &mut self,
        input: &str,
        suffix: &str,
        content: &str,
    ) -> Result<Option<ItemRef>> {
        let condition = "base = input || ?2 AND content = ?1";
        let Some(found) = self.find(condition, [content, suffix])? else {
            return Ok(None);
        };
        if found.met == self.run {
            return Ok(Some(found));
        }
        let row = self.row(found.ordinal)?;
        let is_gone = |row: &ItemRow| {
            !self.inputs.contains(&row.input) && (!self.watches || is_deleted(&row.input))
        };
        let Some(mut row) = row.filter(is_gone) else {
            return Ok(None);
        };
        let base = format!("{input}{suffix}");
        let key = self.unique("key", &base, row.ordinal)?;
        let named_by_key = row.name.as_deref() == Some(&*row.key);
        if named_by_key {
            row.name = Some(self.unique("name", &key, row.ordinal)?);
        }
        if row.state == "done"
            && let Some(text) = &row.line
        {
            let Ok(mut line) = serde_json::from_str::<Line>(text) else { return Ok(None) };
            self.mark_stale(text)?;
            line.input = input.to_string();
            line.key.clone_from(&key);
            if let (true, Some(name)) = (named_by_key, &row.name) {
                line.id.clone_from(name);
            }
            row.line = Some(serde_json::to_string(&line).map_err(|e| Error::Engine(e.into()))?);
        }
        (row.base, row.input, row.key) = (base, input.to_string(), key);
        self.update(&row)?;
        Ok(Some(found))
    }

    /// Inserts a part of an input that could not be read; its state is `dead`.
    pub fn upsert_unreadable(&mut self, input: &str, part: &Unreadable) -> Result<()> {
        let id = format!("{input} {}", part.place);
        let key = format!("{UNREADABLE}{id}");
        let line = result::failure(&id, input, Some(&part.place), &part.reason, Some(&part.raw));
        let row = ItemRow {
            ordinal: 0,
            base: key.clone(),
            key,
            name: None,
            content: sha256(&format!("{}\n{}", part.reason, part.raw)),
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

    /// Marks the output files of a line for removal, before the line is replaced.
    fn mark_stale(&self, line: &str) -> Result<()> {
        for file in result::files(line) {
            self.execute("INSERT OR IGNORE INTO outdated(file) VALUES(?1)", [file])?;
        }
        Ok(())
    }

    /// A value for a unique column: `wanted`, with a number appended if another row has it.
    pub(super) fn unique(&self, column: &str, wanted: &str, number: i64) -> Result<String> {
        let mut select = self
            .connection
            .prepare_cached(&format!("SELECT 1 FROM item WHERE {column} = ?1 AND ordinal <> ?2"))
            .map_err(|e| self.sql_error(e))?;
        let mut value = wanted.to_string();
        while select.exists(params![value, number]).map_err(|e| self.sql_error(e))? {
            value += &format!(" ({number})");
        }
        Ok(value)
    }

    /// An item that meets a condition, preferably one that this run has not seen.
    fn find(&self, condition: &str, values: impl rusqlite::Params) -> Result<Option<ItemRef>> {
        let mut select = self
            .connection
            .prepare_cached(&format!(
                "SELECT ordinal, met, removed FROM item WHERE {condition} ORDER BY met LIMIT 1"
            ))
            .map_err(|e| self.sql_error(e))?;
        select
            .query_row(values, |row| {
                Ok(ItemRef { ordinal: row.get(0)?, met: row.get(1)?, removed: row.get(2)? })
            })
            .optional()
            .map_err(|e| self.sql_error(e))
    }
}

/// What follows the input in the name of an item that is all of its file: nothing, or a local id;
/// `None` for another item, or one with a global id.
fn file_suffix(item: &Item) -> Option<String> {
    let id = item.id.as_deref().map(str::trim).filter(|id| !id.is_empty());
    let suffix = id.map_or(String::new(), |id| format!(" {id}"));
    (matches!(item.form, Form::File(_)) && !id.is_some_and(is_global)).then_some(suffix)
}

/// True for an id that no other source gives.
fn is_global(id: &str) -> bool {
    id.contains([':', '/'])
}

/// The name of an item in the column `base`: a global id as it is; a local id with its input; else
/// the file name of an item that is a whole file, or the hash of its content.
pub(super) fn base_name(input: &str, item: &Item, content: &str) -> String {
    match item.id.as_deref().map(str::trim).filter(|id| !id.is_empty()) {
        Some(id) if is_global(id) => id.to_string(),
        Some(id) => format!("{input} {id}"),
        None if is_whole_file(item) => input.to_string(),
        None => format!("sha256:{content}"),
    }
}

/// True if an item is all of its input and has no id.
fn is_whole_file(item: &Item) -> bool {
    let has_id = item.id.as_deref().is_some_and(|id| !id.trim().is_empty());
    matches!(item.form, Form::File(_)) && !has_id
}
