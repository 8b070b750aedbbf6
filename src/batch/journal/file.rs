//! The journal's file: lock, schema, version, and the checks on opening.

use std::fs::File;
use std::path::{Path, PathBuf};

use rusqlite::{Connection, OpenFlags};

use crate::batch::error::BatchError;
use crate::error::{Error, Result};
use crate::files::{self, FileKind};

/// Schema version, stored in `PRAGMA user_version` and in the fact `schema`: with two copies, a
/// damaged number is not mistaken for a newer version.
pub(super) const VERSION: i64 = 2;

pub(super) const SCHEMA: &str = "
CREATE TABLE fact(name TEXT PRIMARY KEY, value TEXT NOT NULL, seal TEXT NOT NULL) STRICT;
CREATE TABLE item(
    ordinal INTEGER PRIMARY KEY,
    key TEXT NOT NULL UNIQUE,
    base TEXT NOT NULL,
    name TEXT UNIQUE,
    content TEXT NOT NULL,
    state TEXT NOT NULL CHECK(state IN ('pending', 'leased', 'done', 'dead')),
    removed INTEGER NOT NULL DEFAULT 0 CHECK(removed IN (0, 1)),
    attempts INTEGER NOT NULL DEFAULT 0,
    lease INTEGER,
    met INTEGER NOT NULL DEFAULT 0,
    input TEXT NOT NULL,
    previous TEXT,
    payload TEXT,
    line TEXT,
    seal TEXT NOT NULL,
    updated INTEGER NOT NULL
) STRICT;
CREATE TABLE version(
    ordinal INTEGER NOT NULL,
    content TEXT NOT NULL,
    line TEXT NOT NULL,
    seal TEXT NOT NULL,
    updated INTEGER NOT NULL,
    PRIMARY KEY(ordinal, content)
) STRICT;
CREATE TABLE outdated(file TEXT PRIMARY KEY) STRICT;
CREATE INDEX item_by_content ON item(base, content, met);
CREATE INDEX item_by_text ON item(content, met);
CREATE INDEX item_by_input ON item(base, input, met);
CREATE INDEX item_by_source ON item(input, met);
CREATE INDEX item_by_state ON item(state, removed, ordinal);
";

/// Schema of malmoi 0.1, which had version number 0.
pub(super) const FIRST_SCHEMA: &str = "
CREATE TABLE fact(name TEXT PRIMARY KEY, value TEXT NOT NULL) STRICT;
CREATE TABLE item(
    ordinal INTEGER PRIMARY KEY,
    key TEXT NOT NULL UNIQUE,
    base TEXT NOT NULL,
    content TEXT NOT NULL,
    state TEXT NOT NULL CHECK(state IN ('pending', 'leased', 'done', 'dead')),
    attempts INTEGER NOT NULL DEFAULT 0,
    lease INTEGER,
    met INTEGER NOT NULL DEFAULT 0,
    input TEXT NOT NULL,
    payload TEXT,
    line TEXT,
    updated INTEGER NOT NULL
) STRICT;
CREATE TABLE outdated(file TEXT PRIMARY KEY) STRICT;
CREATE INDEX item_by_content ON item(base, content, met);
CREATE INDEX item_by_input ON item(base, input, met);
CREATE INDEX item_by_state ON item(state, ordinal);
";

/// Locks the folder. The system releases the lock when the process ends in any way.
pub(super) fn lock(folder: &Path) -> Result<File> {
    let path = folder.join("journal.lock");
    let file = files::open_lock(&path).map_err(|e| Error::io("write", &path, e))?;
    match file.try_lock() {
        Ok(()) => Ok(file),
        Err(std::fs::TryLockError::WouldBlock) => {
            Err(BatchError::Busy { folder: folder.to_path_buf() }.into())
        }
        Err(std::fs::TryLockError::Error(e)) => Err(Error::io("lock", &path, e)),
    }
}

/// A journal file that passed the checks.
pub(super) struct OpenedJournal {
    pub connection: Connection,
    pub format: JournalFormat,
}

/// Format of the file at the journal's path.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum JournalFormat {
    /// No file, or an empty one.
    New,
    /// A journal of malmoi 0.1.
    First,
    /// A journal of this version.
    Current,
}

/// Why a journal could not be opened.
pub(super) enum OpenError {
    /// The file is damaged.
    Damaged(String),
    /// An error of the disk, missing permissions, or a newer version.
    Other(Error),
}

impl From<Error> for OpenError {
    fn from(error: Error) -> Self {
        Self::Other(error)
    }
}

/// Opens and checks the file: version, schema, pages, indexes and constraints.
pub(super) fn connect(path: &Path) -> std::result::Result<OpenedJournal, OpenError> {
    for suffix in ["", "-wal", "-shm", "-journal"] {
        let path = with_suffix(path, suffix);
        match files::kind(&path) {
            Ok(FileKind::File) => {}
            Ok(other) => {
                return Err(OpenError::Other(
                    BatchError::InTheWay { path, what: other.name() }.into(),
                ));
            }
            Err(e) if e.kind() == std::io::ErrorKind::NotFound => {}
            Err(e) => return Err(OpenError::Other(Error::io("read", &path, e))),
        }
    }
    if path.exists() {
        // Tells missing permissions from a damaged file, which SQLite may call read-only.
        File::options()
            .read(true)
            .write(true)
            .open(path)
            .map_err(|e| Error::io("write", path, e))?;
    }
    match check(path) {
        Ok(JournalCheck::Passed(opened)) => Ok(opened),
        Ok(JournalCheck::Newer(found)) => {
            let file = path.to_path_buf();
            Err(OpenError::Other(BatchError::NewerJournal { file, found, known: VERSION }.into()))
        }
        Ok(JournalCheck::Damaged(found)) => Err(OpenError::Damaged(found)),
        Err(error) if is_damage(&error) => Err(OpenError::Damaged(error.to_string())),
        Err(error) => Err(OpenError::Other(sql_error(path, &error))),
    }
}

/// Result of the checks.
enum JournalCheck {
    Passed(OpenedJournal),
    /// A newer schema version.
    Newer(i64),
    /// The reason.
    Damaged(String),
}

fn check(path: &Path) -> rusqlite::Result<JournalCheck> {
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE
        | OpenFlags::SQLITE_OPEN_CREATE
        | OpenFlags::SQLITE_OPEN_NO_MUTEX
        | OpenFlags::SQLITE_OPEN_NOFOLLOW;
    let connection = Connection::open_with_flags(path, flags)?;
    connection.execute_batch(
        "PRAGMA trusted_schema = OFF; PRAGMA cell_size_check = ON; PRAGMA journal_mode = WAL; \
         PRAGMA synchronous = FULL; PRAGMA busy_timeout = 5000; PRAGMA mmap_size = 0; BEGIN IMMEDIATE; COMMIT;",
    )?;
    let found = objects(&connection)?;
    if found.is_empty() {
        return Ok(JournalCheck::Passed(OpenedJournal { connection, format: JournalFormat::New }));
    }
    let version: i64 = connection.query_row("PRAGMA user_version", [], |row| row.get(0))?;
    let foreign = "its tables are not a journal's";
    let expected = match version {
        0 => FIRST_SCHEMA,
        VERSION => SCHEMA,
        _ => {
            let select = "SELECT value FROM fact WHERE name = 'schema'";
            let copy: String = connection.query_row(select, [], |row| row.get(0))?;
            return Ok(if version > VERSION && copy == version.to_string() {
                JournalCheck::Newer(version)
            } else {
                JournalCheck::Damaged(foreign.into())
            });
        }
    };
    let example = Connection::open_in_memory()?;
    example.execute_batch(expected)?;
    if found != objects(&example)? {
        return Ok(JournalCheck::Damaged(foreign.into()));
    }
    let verdict: String =
        connection.query_row("PRAGMA integrity_check(1)", [], |row| row.get(0))?;
    Ok(match verdict.as_str() {
        "ok" if version == VERSION => {
            JournalCheck::Passed(OpenedJournal { connection, format: JournalFormat::Current })
        }
        "ok" => JournalCheck::Passed(OpenedJournal { connection, format: JournalFormat::First }),
        _ => JournalCheck::Damaged(verdict),
    })
}

/// Names and SQL of the tables and indexes, sorted by name.
fn objects(connection: &Connection) -> rusqlite::Result<Vec<(String, Option<String>)>> {
    let mut select = connection.prepare("SELECT name, sql FROM sqlite_schema ORDER BY name")?;
    let rows = select.query_map([], |row| Ok((row.get(0)?, row.get(1)?)))?;
    rows.collect()
}

/// True if an error while opening the journal means damage: any error except those of the disk, of
/// memory and of other processes. That the file can be read and written was checked before.
fn is_damage(error: &rusqlite::Error) -> bool {
    use rusqlite::ErrorCode::*;
    let Some(sqlite) = error.sqlite_error() else { return true };
    let cut_short = matches!(
        sqlite.extended_code,
        rusqlite::ffi::SQLITE_IOERR_SHORT_READ | rusqlite::ffi::SQLITE_IOERR_CORRUPTFS
    );
    let is_temporary = matches!(
        sqlite.code,
        DiskFull
            | SystemIoFailure
            | OutOfMemory
            | PermissionDenied
            | DatabaseBusy
            | DatabaseLocked
            | CannotOpen
            | OperationInterrupted
    );
    cut_short || !is_temporary
}

/// The error of a statement: damage, or a full or failing disk.
pub(super) fn sql_error(file: &Path, error: &rusqlite::Error) -> Error {
    use rusqlite::ErrorCode::{DatabaseCorrupt, NotADatabase};
    let (file, reason) = (file.to_path_buf(), error.to_string());
    let is_damage = match error.sqlite_error_code() {
        Some(code) => matches!(code, DatabaseCorrupt | NotADatabase),
        None => true,
    };
    if is_damage {
        BatchError::Damaged { file, reason }.into()
    } else {
        BatchError::Journal { file, reason }.into()
    }
}

/// Renames a damaged journal and its write-ahead log. Returns the new name.
pub(super) fn move_aside(path: &Path) -> Result<PathBuf> {
    let is_free = |number: &u32| !path.with_extension(format!("damaged-{number}")).exists();
    let number = (1..).find(is_free).unwrap_or(0);
    let aside = path.with_extension(format!("damaged-{number}"));
    for suffix in ["", "-wal", "-shm", "-journal"] {
        match std::fs::rename(with_suffix(path, suffix), with_suffix(&aside, suffix)) {
            Err(e) if e.kind() != std::io::ErrorKind::NotFound => {
                return Err(Error::io("rename", path, e));
            }
            _ => {}
        }
    }
    Ok(aside)
}

fn with_suffix(path: &Path, suffix: &str) -> PathBuf {
    let mut name = path.as_os_str().to_os_string();
    name.push(suffix);
    name.into()
}
