//! The desk's own words in one file: the translation memory, with every segment that a model has
//! translated and every unit that people confirmed or imported, and the desk's glossary.
//!
//! The file is an SQLite database with a write-ahead log: several processes may use it at once, and
//! one that is killed loses at most what it had not committed. The words of people are on disk when
//! they are written; a power failure may lose a machine's last seconds. Equal units are in it once.
//! Knows texts, languages and hashes; knows no model and no prompt: what a machine's translation
//! depends on is a [`SegmentKey`] here.

pub(crate) mod error;
mod exchange;
mod file;
mod fuzzy;
mod lookup;
mod manage;
mod terms;
mod unit;
mod vectors;
mod write;

#[cfg(test)]
mod tests;

use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{SystemTime, UNIX_EPOCH};

use rusqlite::{Connection, Row};
use sha2::{Digest, Sha256};

use crate::error::Result;
use crate::language::{Language, LanguagePair};
pub use error::DeskError;
pub use fuzzy::{Change, difference};
pub use lookup::{CLOSE_LIKENESS, LEAST_LIKENESS, Match, Recalled};
pub use manage::{Filter, MemoryStats};
pub use unit::{Origin, Unit};
pub use vectors::Encode;
pub use write::{Kept, Written};

/// The open store of a desk: its memory and its glossary. Threads may share it.
pub struct Desk {
    path: PathBuf,
    read_only: bool,
    has_vectors: bool,
    connection: Mutex<Connection>,
}

/// Hash of everything that a machine's translation depends on, its languages among them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct SegmentKey([u8; 32]);

impl SegmentKey {
    /// The key of a list of facts, in order.
    pub fn of(facts: &[&[u8]]) -> Self {
        Self(hash(facts))
    }
}

impl Desk {
    /// Opens a store; makes one, and its folder, if there is no file. A file without write
    /// permission, such as one on a shared disk, is opened for reading only.
    pub fn open(path: impl AsRef<Path>) -> Result<Self> {
        let path = path.as_ref();
        if let Some(folder) = path.parent().filter(|_| !path.exists()) {
            std::fs::create_dir_all(folder)
                .map_err(|error| crate::error::Error::io("create", folder, error))?;
        }
        let opened = file::open(path)?;
        Ok(Self {
            path: path.to_path_buf(),
            read_only: opened.read_only,
            has_vectors: opened.has_vectors,
            connection: Mutex::new(opened.connection),
        })
    }

    /// Its file.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// True if it can only be read.
    pub fn is_read_only(&self) -> bool {
        self.read_only
    }

    fn connection(&self) -> MutexGuard<'_, Connection> {
        // A panic elsewhere leaves a transaction that SQLite rolls back.
        self.connection.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Runs `work` in a transaction: all of its changes are on disk afterwards, or none.
    fn transaction<T>(&self, work: impl FnOnce(&Connection) -> rusqlite::Result<T>) -> Result<T> {
        if self.read_only {
            return Err(DeskError::ReadOnly { file: self.path.clone() }.into());
        }
        let mut connection = self.connection();
        let done = connection
            .transaction_with_behavior(rusqlite::TransactionBehavior::Immediate)
            .and_then(|transaction| {
                let done = work(&transaction)?;
                transaction.commit()?;
                Ok(done)
            });
        done.map_err(|error| self.sql_error(&error))
    }

    /// Runs `work`, which only reads.
    fn read<T>(&self, work: impl FnOnce(&Connection) -> rusqlite::Result<T>) -> Result<T> {
        work(&self.connection()).map_err(|error| self.sql_error(&error))
    }

    fn sql_error(&self, error: &rusqlite::Error) -> crate::error::Error {
        file::sql_error(&self.path, error).into()
    }
}

impl std::fmt::Debug for Desk {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_tuple("Desk").field(&self.path).finish()
    }
}

/// SHA-256 of facts, each with its length.
fn hash(facts: &[&[u8]]) -> [u8; 32] {
    let mut hasher = Sha256::new();
    for fact in facts {
        hasher.update((fact.len() as u64).to_le_bytes());
        hasher.update(fact);
    }
    hasher.finalize().into()
}

/// "en-ko".
fn direction(languages: LanguagePair) -> String {
    format!("{}-{}", languages.from.code(), languages.to.code())
}

/// Hash of languages and normalized source: the place of all translations of one text.
fn place(languages: LanguagePair, normalized_source: &str) -> [u8; 32] {
    hash(&[direction(languages).as_bytes(), normalized_source.as_bytes()])
}

/// Seconds since 1970.
fn now() -> i64 {
    SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_secs() as i64)
}

/// The condition of a unit that has words: SQLite's own `trim` takes spaces alone for white.
const HAS_WORDS: &str = "trim(source, char(9, 10, 13, 32, 160, 12288)) <> ''";

/// The columns that [`unit()`] reads, in order.
const COLUMNS: &str = "direction, source, target, origin, maker, note, changed, details";

/// A unit of a row with [`COLUMNS`].
fn unit(row: &Row<'_>) -> rusqlite::Result<Unit> {
    let direction: String = row.get(0)?;
    let (from, _) = direction.split_once('-').unwrap_or_default();
    let from = Language::parse(from).unwrap_or(Language::English);
    let languages = LanguagePair { from, to: from.other() };
    let origin = usize::try_from(row.get::<_, i64>(3)?).unwrap_or(0);
    let origin = Origin::ALL.get(origin).copied().unwrap_or(Origin::Machine);
    let mut unit = Unit::new(languages, row.get::<_, String>(1)?, row.get::<_, String>(2)?, origin);
    unit.by = row.get(4)?;
    unit.note = row.get(5)?;
    unit.changed = row.get(6)?;
    unit.details = row.get(7)?;
    Ok(unit)
}
