//! The journal's file: its lock, its schema and version, and the checks it must pass at opening.

use std::fs::File;
use std::path::{Path, PathBuf};

use rusqlite::{Connection, OpenFlags};

use crate::batch::BatchError;
use crate::error::{Error, Result};
use crate::files::{self, Kind};

/// Version of the schema, in `PRAGMA user_version` and in the fact `schema`: a damaged number in
/// one of the two places is not taken for a newer version.
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

/// The schema of malmoi 0.1, whose version number was 0.
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

/// The folder's lock; the system lets go of it when this process ends, however it ends.
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

/// A journal that is sound as a file.
pub(super) struct Opened {
    pub connection: Connection,
    pub format: Format,
}

/// What was found at the journal's path.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Format {
    /// Nothing, or an empty file.
    New,
    /// A journal of malmoi 0.1.
    First,
    /// A journal of this version.
    Current,
}

/// Why a journal could not be opened.
pub(super) enum Trouble {
    /// What is written there is not a journal any more.
    Damage(String),
    /// The disk, the rights or another error that passes, or a newer version.
    Other(Error),
}

impl From<Error> for Trouble {
    fn from(error: Error) -> Self {
        Self::Other(error)
    }
}

/// Opens the file and checks it whole: its version, every word of its schema, and its pages,
/// indexes and constraints.
pub(super) fn connect(path: &Path) -> std::result::Result<Opened, Trouble> {
    for ending in ["", "-wal", "-shm", "-journal"] {
        let path = with_ending(path, ending);
        match files::kind(&path) {
            Ok(Kind::File) => {}
            Ok(other) => {
                return Err(Trouble::Other(
                    BatchError::InTheWay { path, what: other.name() }.into(),
                ));
            }
            Err(e) if e.kind() == std::io::ErrorKind::NotFound => {}
            Err(e) => return Err(Trouble::Other(Error::io("read", &path, e))),
        }
    }
    if path.exists() {
        // Rights that are missing are told apart from a damaged file, which SQLite may call
        // read-only.
        let opened = File::options().read(true).write(true).open(path);
        opened.map_err(|e| Error::io("write", path, e))?;
    }
    match check(path) {
        Ok(Checked::Sound(opened)) => Ok(opened),
        Ok(Checked::Newer(found)) => {
            let file = path.to_path_buf();
            Err(Trouble::Other(BatchError::NewerJournal { file, found, known: VERSION }.into()))
        }
        Ok(Checked::Broken(found)) => Err(Trouble::Damage(found)),
        Err(error) if is_damage(&error) => Err(Trouble::Damage(error.to_string())),
        Err(error) => Err(Trouble::Other(failed(path, &error))),
    }
}

/// What the checks of a file say.
enum Checked {
    Sound(Opened),
    /// A version this program does not know.
    Newer(i64),
    Broken(String),
}

fn check(path: &Path) -> rusqlite::Result<Checked> {
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
        return Ok(Checked::Sound(Opened { connection, format: Format::New }));
    }
    let version: i64 = connection.query_row("PRAGMA user_version", [], |row| row.get(0))?;
    let others = "its tables are not those of a journal";
    let expected = match version {
        0 => FIRST_SCHEMA,
        VERSION => SCHEMA,
        _ => {
            let said = "SELECT value FROM fact WHERE name = 'schema'";
            let said: String = connection.query_row(said, [], |row| row.get(0))?;
            return Ok(match version > VERSION && said == version.to_string() {
                true => Checked::Newer(version),
                false => Checked::Broken(others.into()),
            });
        }
    };
    let example = Connection::open_in_memory()?;
    example.execute_batch(expected)?;
    if found != objects(&example)? {
        return Ok(Checked::Broken(others.into()));
    }
    let sound: String = connection.query_row("PRAGMA integrity_check(1)", [], |row| row.get(0))?;
    Ok(match sound.as_str() {
        "ok" if version == VERSION => {
            Checked::Sound(Opened { connection, format: Format::Current })
        }
        "ok" => Checked::Sound(Opened { connection, format: Format::First }),
        _ => Checked::Broken(sound),
    })
}

/// Tables and indexes as they were made, by name.
fn objects(connection: &Connection) -> rusqlite::Result<Vec<(String, Option<String>)>> {
    let mut select = connection.prepare("SELECT name, sql FROM sqlite_schema ORDER BY name")?;
    let rows = select.query_map([], |row| Ok((row.get(0)?, row.get(1)?)))?;
    rows.collect()
}

/// Whether an error while the journal is opened and checked tells of damage. It does unless it
/// tells of the disk, of memory or of another process: the file can be read and written, as was
/// tried.
fn is_damage(error: &rusqlite::Error) -> bool {
    use rusqlite::ErrorCode::*;
    let Some(sqlite) = error.sqlite_error() else { return true };
    let cut_short = matches!(
        sqlite.extended_code,
        rusqlite::ffi::SQLITE_IOERR_SHORT_READ | rusqlite::ffi::SQLITE_IOERR_CORRUPTFS
    );
    let passes = matches!(
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
    cut_short || !passes
}

/// An error of SQLite at work: damage is told apart from a disk that is full or fails.
pub(super) fn failed(file: &Path, error: &rusqlite::Error) -> Error {
    use rusqlite::ErrorCode::{DatabaseCorrupt, NotADatabase};
    let (file, reason) = (file.to_path_buf(), error.to_string());
    let damage = match error.sqlite_error_code() {
        Some(code) => matches!(code, DatabaseCorrupt | NotADatabase),
        None => true,
    };
    match damage {
        true => BatchError::Damaged { file, reason }.into(),
        false => BatchError::Journal { file, reason }.into(),
    }
}

/// Gives a damaged journal another name, with what belongs to it. Returns that name.
pub(super) fn set_aside(path: &Path) -> Result<PathBuf> {
    let is_free = |number: &u32| !path.with_extension(format!("damaged-{number}")).exists();
    let number = (1..).find(is_free).unwrap_or(0);
    let aside = path.with_extension(format!("damaged-{number}"));
    for ending in ["", "-wal", "-shm", "-journal"] {
        match std::fs::rename(with_ending(path, ending), with_ending(&aside, ending)) {
            Err(e) if e.kind() != std::io::ErrorKind::NotFound => {
                return Err(Error::io("rename", path, e));
            }
            _ => {}
        }
    }
    Ok(aside)
}

fn with_ending(path: &Path, ending: &str) -> PathBuf {
    let mut name = path.as_os_str().to_os_string();
    name.push(ending);
    name.into()
}
