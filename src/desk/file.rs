//! The store's file: schema, version, and opening for writing or for reading only.

use std::path::Path;
use std::time::{Duration, Instant};

use rusqlite::{Connection, ErrorCode, OpenFlags};

use super::error::DeskError;

/// Schema version, stored in `PRAGMA user_version`: each migration adds 1 to it.
const VERSION: i64 = 1 + MIGRATIONS.len() as i64;
/// "mlmo", stored in `PRAGMA application_id`: a file with another one is not a store of malmoi.
const APPLICATION: i64 = 0x6d6c_6d6f;
/// Time to wait for another process that is writing.
const BUSY_MILLISECONDS: u32 = 30_000;

/// Version 1. `identity` is the hash of what makes a unit unique; `place` that of languages and
/// normalized source. `words` is an index without content: rows of it have the tokens of the unit
/// of that id.
const SCHEMA: &str = "
CREATE TABLE unit(
    id INTEGER PRIMARY KEY,
    identity BLOB NOT NULL UNIQUE,
    place BLOB NOT NULL,
    direction TEXT NOT NULL,
    source TEXT NOT NULL,
    target TEXT NOT NULL,
    origin INTEGER NOT NULL CHECK(origin BETWEEN 0 AND 2),
    maker TEXT,
    note TEXT,
    details TEXT,
    outcome TEXT,
    created INTEGER NOT NULL,
    changed INTEGER NOT NULL
) STRICT;
CREATE INDEX unit_by_place ON unit(place, origin, changed);
CREATE TABLE frequency(token TEXT PRIMARY KEY, units INTEGER NOT NULL) STRICT, WITHOUT ROWID;
CREATE VIRTUAL TABLE words USING fts5(
    tokens, content='', contentless_delete=1, detail=none, tokenize='unicode61 remove_diacritics 0'
);
CREATE TABLE term(
    id INTEGER PRIMARY KEY,
    source TEXT NOT NULL,
    target TEXT NOT NULL,
    entry TEXT NOT NULL,
    changed INTEGER NOT NULL,
    UNIQUE(source, target)
) STRICT;
";

/// What each later version adds. A file for reading only stays at its version.
const MIGRATIONS: &[&str] = &["
CREATE TABLE encoder(id INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE) STRICT;
CREATE TABLE vector(
    encoder INTEGER NOT NULL,
    language TEXT NOT NULL,
    machine INTEGER NOT NULL CHECK(machine BETWEEN 0 AND 1),
    unit INTEGER NOT NULL,
    numbers BLOB NOT NULL,
    PRIMARY KEY(encoder, language, machine, unit)
) STRICT, WITHOUT ROWID;
"];

/// Version from which on there are vectors.
const WITH_VECTORS: i64 = 2;

/// An open file.
pub(super) struct OpenedFile {
    pub connection: Connection,
    pub read_only: bool,
    /// True unless it is an older file that can only be read.
    pub has_vectors: bool,
}

/// Opens a store, and makes one if there is no file. A file or folder without write permission is
/// opened for reading.
pub(super) fn open(path: &Path) -> Result<OpenedFile, DeskError> {
    let fail = |error: &rusqlite::Error| sql_error(path, error);
    if path.exists() && !is_writable(path) {
        let connection = read_only(path).map_err(|error| fail(&error))?;
        let version = check(&connection, path)?;
        return Ok(OpenedFile {
            connection,
            read_only: true,
            has_vectors: version >= WITH_VECTORS,
        });
    }
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE
        | OpenFlags::SQLITE_OPEN_CREATE
        | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let connection = Connection::open_with_flags(path, flags).map_err(|error| fail(&error))?;
    let prepared = connection.execute_batch(&format!(
        "PRAGMA busy_timeout = {BUSY_MILLISECONDS}; PRAGMA trusted_schema = OFF; \
         PRAGMA cell_size_check = ON; PRAGMA synchronous = NORMAL; PRAGMA mmap_size = 0;"
    ));
    prepared.and_then(|()| write_ahead(&connection)).map_err(|error| fail(&error))?;
    create(&connection).map_err(|error| fail(&error))?;
    if check(&connection, path)? < VERSION {
        migrate(&connection).map_err(|error| fail(&error))?;
    }
    Ok(OpenedFile { connection, read_only: false, has_vectors: true })
}

/// Turns the write-ahead log on. SQLite does not wait by itself while another process does the same
/// to a new file.
fn write_ahead(connection: &Connection) -> rusqlite::Result<()> {
    const PAUSE: Duration = Duration::from_millis(5);
    let deadline = Instant::now() + Duration::from_millis(BUSY_MILLISECONDS.into());
    loop {
        match connection.query_row("PRAGMA journal_mode = WAL", [], |_| Ok(())) {
            Err(error)
                if error.sqlite_error_code() == Some(ErrorCode::DatabaseBusy)
                    && Instant::now() < deadline =>
            {
                std::thread::sleep(PAUSE);
            }
            done => return done,
        }
    }
}

/// Makes the tables of an empty file. Of several processes one does.
fn create(connection: &Connection) -> rusqlite::Result<()> {
    connection.execute_batch("BEGIN IMMEDIATE")?;
    let count = "SELECT count(*) FROM sqlite_schema";
    let made = connection.query_row(count, [], |row| row.get::<_, i64>(0)).and_then(|objects| {
        if objects > 0 {
            return Ok(());
        }
        let pragmas =
            format!("PRAGMA user_version = {VERSION}; PRAGMA application_id = {APPLICATION};");
        connection.execute_batch(&format!("{SCHEMA}{}{pragmas}", MIGRATIONS.concat()))
    });
    connection.execute_batch(if made.is_ok() { "COMMIT" } else { "ROLLBACK" })?;
    made
}

/// Brings the tables of an older file up to date. Of several processes one does.
fn migrate(connection: &Connection) -> rusqlite::Result<()> {
    connection.execute_batch("BEGIN IMMEDIATE")?;
    let version = "PRAGMA user_version";
    let done = connection.query_row(version, [], |row| row.get::<_, i64>(0)).and_then(|version| {
        let known = usize::try_from(version - 1).unwrap_or(0).min(MIGRATIONS.len());
        let pragma = format!("PRAGMA user_version = {VERSION};");
        connection.execute_batch(&format!("{}{pragma}", MIGRATIONS[known..].concat()))
    });
    connection.execute_batch(if done.is_ok() { "COMMIT" } else { "ROLLBACK" })?;
    done
}

/// Opens a file that cannot be written. With write-ahead log SQLite needs a file beside it; on a
/// medium without write access the store is taken as unchanging.
fn read_only(path: &Path) -> rusqlite::Result<Connection> {
    let flags = OpenFlags::SQLITE_OPEN_READ_ONLY
        | OpenFlags::SQLITE_OPEN_NO_MUTEX
        | OpenFlags::SQLITE_OPEN_URI;
    let address = |query: &str| {
        let mut text = String::from("file:");
        for character in path.to_string_lossy().chars() {
            match character {
                '?' => text.push_str("%3f"),
                '#' => text.push_str("%23"),
                '%' => text.push_str("%25"),
                other => text.push(other),
            }
        }
        text + query
    };
    let probe = |connection: Connection| {
        connection.pragma_update(None, "busy_timeout", BUSY_MILLISECONDS)?;
        connection.query_row("PRAGMA user_version", [], |row| row.get::<_, i64>(0))?;
        Ok(connection)
    };
    Connection::open_with_flags(address("?mode=ro"), flags)
        .and_then(probe)
        .or_else(|_| Connection::open_with_flags(address("?immutable=1"), flags).and_then(probe))
}

fn is_writable(path: &Path) -> bool {
    let writes = |path: &Path| std::fs::OpenOptions::new().append(true).open(path).is_ok();
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty());
    let in_folder = folder.unwrap_or(Path::new("."));
    let probe = in_folder.metadata().is_ok_and(|metadata| !metadata.permissions().readonly());
    probe && writes(path)
}

/// The version of a store. Fails for files that are none, and for those of a newer program.
fn check(connection: &Connection, path: &Path) -> Result<i64, DeskError> {
    let number = |name: &str| {
        connection
            .query_row(&format!("PRAGMA {name}"), [], |row| row.get::<_, i64>(0))
            .map_err(|error| sql_error(path, &error))
    };
    let damaged = |reason: &str| {
        Err(DeskError::Damaged { file: path.to_path_buf(), reason: reason.to_string() })
    };
    if number("application_id")? != APPLICATION {
        return damaged("its tables are another program's");
    }
    match number("user_version")? {
        found @ 1..=VERSION => Ok(found),
        found if found > VERSION => {
            Err(DeskError::Newer { file: path.to_path_buf(), found, known: VERSION })
        }
        found => damaged(&format!("its version is {found}")),
    }
}

/// An error of SQLite, as one of the store.
pub(super) fn sql_error(path: &Path, error: &rusqlite::Error) -> DeskError {
    let file = path.to_path_buf();
    match error.sqlite_error_code() {
        Some(ErrorCode::NotADatabase | ErrorCode::DatabaseCorrupt) => {
            DeskError::Damaged { file, reason: error.to_string() }
        }
        Some(ErrorCode::ReadOnly) => DeskError::ReadOnly { file },
        Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked) => {
            DeskError::Failed { file, reason: "another process did not stop writing".into() }
        }
        _ => DeskError::Failed { file, reason: error.to_string() },
    }
}
