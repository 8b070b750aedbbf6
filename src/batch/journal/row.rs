//! A row of the journal, and the seal that tells whether it is as it was written.

use rusqlite::types::ValueRef;
use sha2::{Digest, Sha256};

/// An item's row, without the columns that only the queue needs (attempts, lease).
#[derive(Debug, Clone)]
pub(super) struct Row {
    pub ordinal: i64,
    /// Identifies the item in the journal.
    pub key: String,
    /// Name of the item in its input; items that share one have different keys.
    pub base: String,
    /// Id in `items.jsonl`; unique.
    pub name: Option<String>,
    /// Sum of the content.
    pub content: String,
    pub state: String,
    pub input: String,
    /// Sum of the content before the item was edited.
    pub previous: Option<String>,
    /// The item as JSON, until it is done.
    pub payload: Option<String>,
    /// The line in `items.jsonl` or `failed.jsonl`, once it is settled.
    pub line: Option<String>,
}

impl Row {
    pub const COLUMNS: &str =
        "ordinal, key, base, name, content, state, input, previous, payload, line";

    pub fn read(row: &rusqlite::Row<'_>) -> rusqlite::Result<Self> {
        let some = |index| Ok::<_, rusqlite::Error>(text(row, index)?.unwrap_or_default());
        Ok(Self {
            ordinal: row.get(0)?,
            key: some(1)?,
            base: some(2)?,
            name: text(row, 3)?,
            content: some(4)?,
            state: some(5)?,
            input: some(6)?,
            previous: text(row, 7)?,
            payload: text(row, 8)?,
            line: text(row, 9)?,
        })
    }

    /// Sum of everything the row says and of the specification its result depends on.
    pub fn seal(&self, spec: &str) -> String {
        // Handing an item out and taking it back changes nothing else.
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

    pub fn waits(&self) -> bool {
        matches!(&*self.state, "pending" | "leased")
    }

    /// Whether the row stands for a part of an input that could not be read.
    pub fn is_unreadable_part(&self) -> bool {
        self.key.starts_with(UNREADABLE)
    }
}

/// A text of a row. Bytes that are no UTF-8 any more are replaced, and so have another seal: SQLite
/// does not look at them.
pub(super) fn text(row: &rusqlite::Row<'_>, index: usize) -> rusqlite::Result<Option<String>> {
    Ok(match row.get_ref(index)? {
        ValueRef::Text(bytes) => Some(String::from_utf8_lossy(bytes).into_owned()),
        _ => None,
    })
}

/// First word of the keys of parts that could not be read.
pub(super) const UNREADABLE: &str = "unreadable: ";

/// The seal of an earlier version of an item. An item keeps its ordinal when its file moves and its
/// key changes.
pub(super) fn version_seal(spec: &str, ordinal: i64, content: &str, line: &str) -> String {
    seal(&[Some(spec), Some(&ordinal.to_string()), Some(content), Some(line)])
}

/// SHA-256 of several texts, each with its length, so that no two lists have one sum.
pub(super) fn seal(parts: &[Option<&str>]) -> String {
    let mut sum = Sha256::new();
    for part in parts {
        match part {
            Some(text) => {
                sum.update((text.len() as u64 + 1).to_le_bytes());
                sum.update(text);
            }
            None => sum.update(0u64.to_le_bytes()),
        }
    }
    format!("{:x}", sum.finalize())
}
