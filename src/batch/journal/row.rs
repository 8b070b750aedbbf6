//! A row of the journal, and the seal that detects damage.

use rusqlite::ToSql;
use rusqlite::types::ValueRef;
use sha2::{Digest, Sha256};

/// A row of the table `item`, without the columns that only the queue uses (`attempts`, `lease`).
#[derive(Debug, Clone)]
pub(super) struct ItemRow {
    pub ordinal: i64,
    /// Unique key of the item.
    pub key: String,
    /// Name of the item in its input. Items with the same name have different keys.
    pub base: String,
    /// Id in `items.jsonl`; unique.
    pub name: Option<String>,
    /// SHA-256 of the content.
    pub content: String,
    pub state: String,
    pub input: String,
    /// SHA-256 of the content before the last edit.
    pub previous: Option<String>,
    /// The item as JSON, until it is done.
    pub payload: Option<String>,
    /// Line in `items.jsonl` or `failed.jsonl`, once the item is settled.
    pub line: Option<String>,
}

/// The columns but `ordinal`.
macro_rules! columns {
    () => {
        "key, base, name, content, state, input, previous, payload, line"
    };
}

impl ItemRow {
    /// The columns, in the order of [`read`](Self::read) and [`values`](Self::values).
    pub const COLUMNS: &str = concat!("ordinal, ", columns!());
    /// The columns but `ordinal`, which identifies the row.
    pub const DATA_COLUMNS: &str = columns!();
    /// Number of columns.
    pub const WIDTH: usize = 10;

    /// Reads the first [`WIDTH`](Self::WIDTH) columns of a query.
    pub fn read(row: &rusqlite::Row<'_>) -> rusqlite::Result<Self> {
        let required = |index| Ok::<_, rusqlite::Error>(text(row, index)?.unwrap_or_default());
        Ok(Self {
            ordinal: row.get(0)?,
            key: required(1)?,
            base: required(2)?,
            name: text(row, 3)?,
            content: required(4)?,
            state: required(5)?,
            input: required(6)?,
            previous: text(row, 7)?,
            payload: text(row, 8)?,
            line: text(row, 9)?,
        })
    }

    /// The values of [`COLUMNS`](Self::COLUMNS).
    pub fn values(&self) -> [&dyn ToSql; Self::WIDTH] {
        [
            &self.ordinal,
            &self.key,
            &self.base,
            &self.name,
            &self.content,
            &self.state,
            &self.input,
            &self.previous,
            &self.payload,
            &self.line,
        ]
    }

    /// SHA-256 of the row and of the specification its result depends on.
    pub fn seal(&self, spec: &str) -> String {
        // Pending and leased rows have the same seal, so a claim need not rewrite it.
        let state = if self.waits() { "waits" } else { &self.state };
        seal(&[
            Some(spec),
            Some(state),
            Some(&self.key),
            Some(&self.base),
            self.name.as_deref(),
            Some(&self.content),
            Some(&self.input),
            self.previous.as_deref(),
            self.payload.as_deref(),
            self.line.as_deref(),
        ])
    }

    /// True if the item is not settled.
    pub fn waits(&self) -> bool {
        matches!(&*self.state, "pending" | "leased")
    }

    /// True for the row of an unreadable part of an input.
    pub fn is_unreadable_part(&self) -> bool {
        self.key.starts_with(UNREADABLE)
    }
}

/// A text column. Invalid UTF-8, which SQLite does not check for, is replaced, so the seal no
/// longer matches.
pub(super) fn text(row: &rusqlite::Row<'_>, index: usize) -> rusqlite::Result<Option<String>> {
    Ok(match row.get_ref(index)? {
        ValueRef::Text(bytes) => Some(String::from_utf8_lossy(bytes).into_owned()),
        _ => None,
    })
}

/// Prefix of the keys of unreadable parts.
pub(super) const UNREADABLE: &str = "unreadable: ";

/// The seal of an earlier version of an item. It contains the ordinal rather than the key, which
/// changes when a file is renamed.
pub(super) fn version_seal(spec: &str, ordinal: i64, content: &str, line: &str) -> String {
    seal(&[Some(spec), Some(&ordinal.to_string()), Some(content), Some(line)])
}

/// SHA-256 of several texts, each preceded by its length, so that no two lists collide.
pub(super) fn seal(parts: &[Option<&str>]) -> String {
    let mut hash = Sha256::new();
    for part in parts {
        match part {
            Some(text) => {
                hash.update((text.len() as u64 + 1).to_le_bytes());
                hash.update(text);
            }
            None => hash.update(0u64.to_le_bytes()),
        }
    }
    format!("{:x}", hash.finalize())
}
