//! The journal: every item of an output folder, its state and what came of it, in an SQLite file that survives being killed.
//!
//! One writer (a lock beside it says so), write-ahead log, every commit forced to the disk. What an item's result depends on is frozen
//! in the first run; another one that would work differently is refused. The files people read are made from here.

use std::fs::File;
use std::path::{Path, PathBuf};
use std::time::{SystemTime, UNIX_EPOCH};

use rusqlite::{Connection, OptionalExtension, params};
use serde_json::json;
use sha2::{Digest, Sha256};

use super::work::{Lease, Stats, Work};
use super::{BatchError, result};
use crate::error::{Error, Result};
use crate::formats::{Item, Unreadable};

/// Seconds an item may stay in somebody's hands without a word from them.
const LEASE: i64 = 600;

const SCHEMA: &str = "
CREATE TABLE IF NOT EXISTS fact(name TEXT PRIMARY KEY, value TEXT NOT NULL) STRICT;
CREATE TABLE IF NOT EXISTS item(
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
CREATE TABLE IF NOT EXISTS outdated(file TEXT PRIMARY KEY) STRICT;
CREATE INDEX IF NOT EXISTS item_by_content ON item(base, content, met);
CREATE INDEX IF NOT EXISTS item_by_input ON item(base, input, met);
CREATE INDEX IF NOT EXISTS item_by_state ON item(state, ordinal);
";

/// An open journal.
pub struct Journal {
    folder: PathBuf,
    connection: Connection,
    /// The number of this run.
    run: i64,
    /// Held until the journal is closed.
    _lock: File,
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
    /// Opens the journal of a folder, or begins one. `spec` is what results depend on.
    ///
    /// A journal that is damaged is kept aside, and begun again from `items.jsonl`; the second value says so.
    pub fn open(folder: &Path, spec: &str) -> Result<(Self, Option<String>)> {
        std::fs::create_dir_all(folder).map_err(|e| Error::io("create", folder, e))?;
        let lock = lock(folder)?;
        let path = folder.join("journal.db");
        let mut said = None;
        let connection = match connect(&path) {
            Ok(connection) => connection,
            // A full disk or missing rights say nothing about what is written there.
            Err(Trouble { reason, is_damage: true }) => {
                said = Some(set_aside(&path, &reason)?);
                connect(&path).map_err(|trouble| damaged(&path, trouble.reason))?
            }
            Err(Trouble { reason, .. }) => return Err(damaged(&path, reason)),
        };
        let mut journal = Self { folder: folder.to_path_buf(), connection, run: 0, _lock: lock };
        // A journal that was not begun yet, beside results of one that was: the run that set it aside went no further.
        if journal.is_new()? {
            journal.rebuild()?;
        }
        journal.freeze(spec)?;
        journal.count_run()?;
        // Whoever had leases is gone: the lock is ours.
        journal.execute("UPDATE item SET state = 'pending', lease = NULL WHERE state = 'leased'", [])?;
        Ok((journal, said))
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
        match self.known(&base, "content", &content)? {
            Some(known) if known.met == self.run => return Ok(Offered::Duplicate),
            Some(known) => {
                self.execute("UPDATE item SET met = ?2 WHERE ordinal = ?1", [known.ordinal, self.run])?;
                return Ok(Offered::Unchanged);
            }
            None => {}
        }
        // Another text under the name it had in this input; where this run has met that, too, it is another item of that name.
        match self.known(&base, "input", input)?.filter(|known| known.met != self.run) {
            Some(known) => {
                self.outdate(known.ordinal)?;
                self.execute(
                    "UPDATE item SET content = ?2, state = 'pending', attempts = 0, lease = NULL, payload = ?3, line = NULL, \
                     updated = ?4, met = ?5 WHERE ordinal = ?1",
                    params![known.ordinal, content, payload, now(), self.run],
                )?;
                Ok(if known.waits { Offered::Replaced } else { Offered::Changed })
            }
            None => {
                self.execute(
                    // The second of a name gets a number that nothing else has.
                    "INSERT INTO item(base, key, content, state, input, payload, updated, met) SELECT ?1, \
                     CASE WHEN EXISTS (SELECT 1 FROM item WHERE base = ?1) \
                     THEN ?1 || ' (' || (SELECT max(ordinal) + 1 FROM item) || ')' ELSE ?1 END, ?2, 'pending', ?3, ?4, ?5, ?6",
                    params![base, content, input, payload, now(), self.run],
                )?;
                Ok(Offered::New)
            }
        }
    }

    /// Takes in what could not be read: it is given up from the start.
    pub fn offer_unreadable(&mut self, input: &str, what: &Unreadable) -> Result<()> {
        let content = sum(&format!("{}\n{}", what.reason, what.raw));
        let id = format!("{input} {}", what.place);
        let key = format!("unreadable: {id}");
        let line = result::failure(&id, input, Some(&what.place), &what.reason, Some(&what.raw));
        self.execute(
            "INSERT INTO item(key, base, content, state, input, line, updated, met) VALUES(?1, ?1, ?2, 'dead', ?3, ?4, ?5, ?6) \
             ON CONFLICT(key) DO UPDATE SET content = ?2, state = 'dead', payload = NULL, line = ?4, updated = ?5, met = ?6",
            params![key, content, input, line, now(), self.run],
        )?;
        Ok(())
    }

    /// Notes the files of an item that changed: its headline, and so their names, may be others now.
    fn outdate(&self, ordinal: i64) -> Result<()> {
        let mut find = self
            .connection
            .prepare_cached("SELECT line FROM item WHERE ordinal = ?1 AND state = 'done'")
            .map_err(|e| self.failed(e))?;
        let line: Option<String> =
            find.query_row([ordinal], |row| row.get(0)).optional().map_err(|e| self.failed(e))?;
        for file in line.as_deref().map(result::files).unwrap_or_default() {
            self.execute("INSERT OR IGNORE INTO outdated(file) VALUES(?1)", [file])?;
        }
        Ok(())
    }

    /// Hands out the names of files that items had before they changed; forgets them once `remove` has done its work.
    pub(super) fn outdated(&self, remove: &mut dyn FnMut(&str) -> Result<()>) -> Result<()> {
        let mut select =
            self.connection.prepare_cached("SELECT file FROM outdated").map_err(|e| self.failed(e))?;
        let mut rows = select.query([]).map_err(|e| self.failed(e))?;
        while let Some(row) = rows.next().map_err(|e| self.failed(e))? {
            remove(&row.get::<_, String>(0).map_err(|e| self.failed(e))?)?;
        }
        drop(rows);
        self.execute("DELETE FROM outdated", [])?;
        Ok(())
    }

    /// The mark an input had when it was last read to its end.
    pub fn mark(&self, input: &str) -> Result<Option<String>> {
        let name = format!("mark of {input}");
        let mut find = self
            .connection
            .prepare_cached("SELECT value FROM fact WHERE name = ?1")
            .map_err(|e| self.failed(e))?;
        find.query_row([name], |row| row.get(0)).optional().map_err(|e| self.failed(e))
    }

    /// An input is as it was: that it could not be read in between is forgotten.
    pub fn is_same(&mut self, input: &str) -> Result<()> {
        self.execute("DELETE FROM item WHERE key = ?1", [format!("unreadable: {input} whole")])?;
        Ok(())
    }

    /// An input was read to its end: what could not be read of it in earlier runs, and is not there any more, is forgotten.
    pub fn read_to_end(&mut self, input: &str, mark: Option<&str>) -> Result<()> {
        self.execute(
            "DELETE FROM item WHERE input = ?1 AND state = 'dead' AND payload IS NULL AND met <> ?2",
            params![input, self.run],
        )?;
        let name = format!("mark of {input}");
        match mark {
            Some(mark) => {
                self.execute("INSERT OR REPLACE INTO fact(name, value) VALUES(?1, ?2)", [&*name, mark])?
            }
            None => self.execute("DELETE FROM fact WHERE name = ?1", [name])?,
        };
        Ok(())
    }

    /// Lets everything that was given up for what the model made of it be tried once more.
    pub fn revive(&mut self) -> Result<usize> {
        self.execute(
            "UPDATE item SET state = 'pending', attempts = 0, line = NULL WHERE state = 'dead' AND payload IS NOT NULL",
            [],
        )
    }

    /// How much text waits, about.
    pub(super) fn bytes_pending(&self) -> Result<u64> {
        let sum = "SELECT coalesce(sum(length(payload)), 0) FROM item WHERE state = 'pending'";
        let bytes: i64 = self.connection.query_row(sum, [], |row| row.get(0)).map_err(|e| self.failed(e))?;
        Ok(bytes.unsigned_abs())
    }

    /// Lines of all items in one state, in order, one by one.
    pub fn lines(&self, state: &str, each: &mut dyn FnMut(&str) -> Result<()>) -> Result<()> {
        let mut select = self
            .connection
            .prepare_cached("SELECT line FROM item WHERE state = ?1 AND line IS NOT NULL ORDER BY ordinal")
            .map_err(|e| self.failed(e))?;
        let mut rows = select.query([state]).map_err(|e| self.failed(e))?;
        while let Some(row) = rows.next().map_err(|e| self.failed(e))? {
            each(row.get_ref(0).and_then(|line| Ok(line.as_str()?)).map_err(|e| self.failed(e))?)?;
        }
        Ok(())
    }

    /// An item of a name whose column has a value; of several the one that this run has not met.
    fn known(&self, base: &str, column: &str, value: &str) -> Result<Option<Known>> {
        let mut find = self
            .connection
            .prepare_cached(&format!(
                "SELECT ordinal, met, state IN ('pending', 'leased') FROM item WHERE base = ?1 AND {column} = ?2 \
                 ORDER BY met LIMIT 1"
            ))
            .map_err(|e| self.failed(e))?;
        find.query_row([base, value], |row| {
            Ok(Known { ordinal: row.get(0)?, met: row.get(1)?, waits: row.get(2)? })
        })
        .optional()
        .map_err(|e| self.failed(e))
    }

    /// Freezes what results depend on, or compares it with what is frozen.
    fn freeze(&mut self, spec: &str) -> Result<()> {
        let frozen: Option<String> = self
            .connection
            .query_row("SELECT value FROM fact WHERE name = 'spec'", [], |row| row.get(0))
            .optional()
            .map_err(|e| self.failed(e))?;
        match frozen {
            Some(frozen) if frozen == spec => Ok(()),
            Some(frozen) => {
                let folder = self.folder.clone();
                Err(BatchError::OtherSpec { folder, differences: result::differences(&frozen, spec) }.into())
            }
            None => {
                self.execute("INSERT INTO fact(name, value) VALUES('spec', ?1)", [spec])?;
                Ok(())
            }
        }
    }

    fn count_run(&mut self) -> Result<()> {
        self.run = self
            .connection
            .query_row(
                "INSERT INTO fact(name, value) VALUES('runs', '1') \
                 ON CONFLICT(name) DO UPDATE SET value = CAST(CAST(value AS INTEGER) + 1 AS TEXT) RETURNING CAST(value AS INTEGER)",
                [],
                |row| row.get(0),
            )
            .map_err(|e| self.failed(e))?;
        Ok(())
    }

    fn is_new(&self) -> Result<bool> {
        let begun = "SELECT count(*) FROM fact WHERE name = 'spec'";
        let begun: i64 =
            self.connection.query_row(begun, [], |row| row.get(0)).map_err(|e| self.failed(e))?;
        Ok(begun == 0)
    }

    /// Takes over what `items.jsonl` says is done.
    fn rebuild(&mut self) -> Result<()> {
        let path = self.folder.join("items.jsonl");
        let text = match std::fs::read_to_string(&path) {
            Ok(text) => text,
            Err(e) if e.kind() == std::io::ErrorKind::NotFound => return Ok(()),
            Err(e) => return Err(Error::io("read", &path, e)),
        };
        self.together(|journal| {
            for line in text.lines() {
                let Some((key, content, input)) = result::identity(line) else { continue };
                journal.execute(
                    "INSERT OR IGNORE INTO item(key, base, content, state, input, line, updated) VALUES(?1, ?6, ?2, 'done', ?3, ?4, ?5)",
                    params![key, content, input, line, now(), without_number(&key)],
                )?;
            }
            Ok(())
        })
    }

    fn execute(&self, statement: &str, values: impl rusqlite::Params) -> Result<usize> {
        self.connection
            .prepare_cached(statement)
            .and_then(|mut prepared| prepared.execute(values))
            .map_err(|e| self.failed(e))
    }

    fn failed(&self, error: rusqlite::Error) -> Error {
        damaged(&self.folder.join("journal.db"), error.to_string())
    }

    fn settle(&self, lease: &Lease, state: &str, line: &str, keep: bool) -> Result<bool> {
        // An item that changed meanwhile, or that somebody else settled, is not this one any more.
        let settled = self.execute(
            "UPDATE item SET state = ?3, line = ?4, lease = NULL, attempts = attempts + 1, updated = ?5, \
             payload = CASE WHEN ?6 THEN payload END WHERE ordinal = ?1 AND content = ?2 AND state = 'leased'",
            params![lease.ordinal, lease.content, state, line, now(), keep],
        )?;
        Ok(settled > 0)
    }
}

/// What the journal says of an item.
struct Known {
    ordinal: i64,
    /// The run that last met it.
    met: i64,
    /// Whether nobody has settled it.
    waits: bool,
}

/// What identifies an item among others. A guid is what the feed says it is; a number means something only within its input; an item
/// without either is its content.
fn base(input: &str, item: &Item, content: &str) -> String {
    let global = |id: &str| id.contains([':', '/']);
    match item.id.as_deref().map(str::trim).filter(|id| !id.is_empty()) {
        Some(id) if global(id) => id.to_string(),
        Some(id) => format!("{input} {id}"),
        None => format!("sha256:{content}"),
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

impl Work for Journal {
    fn claim(&mut self, most: usize) -> Result<Vec<Lease>> {
        // Leases are not taken away here: whoever else could have one would hold the folder's lock.
        let mut claim = self
            .connection
            .prepare_cached(
                "UPDATE item SET state = 'leased', lease = ?2 WHERE ordinal IN (SELECT ordinal FROM item WHERE state = 'pending' \
                 ORDER BY ordinal LIMIT ?1) \
                 RETURNING ordinal, key, content, input, attempts, payload",
            )
            .map_err(|e| self.failed(e))?;
        let rows = claim.query_map(params![most as i64, now() + LEASE], |row| {
            let payload: String = row.get(5)?;
            let lease = Lease {
                ordinal: row.get(0)?,
                key: row.get(1)?,
                content: row.get(2)?,
                input: row.get(3)?,
                attempts: row.get(4)?,
                item: Item::default(),
            };
            Ok((lease, payload))
        });
        let rows: Vec<(Lease, String)> = rows.and_then(Iterator::collect).map_err(|e| self.failed(e))?;
        let mut leases = Vec::new();
        for (mut lease, payload) in rows {
            lease.item = serde_json::from_str(&payload)
                .map_err(|e| damaged(&self.folder.join("journal.db"), format!("item {}: {e}", lease.key)))?;
            leases.push(lease);
        }
        leases.sort_by_key(|lease| lease.ordinal);
        Ok(leases)
    }

    fn extend(&mut self, lease: &Lease) -> Result<()> {
        self.execute(
            "UPDATE item SET lease = ?2 WHERE ordinal = ?1 AND content = ?3 AND state = 'leased'",
            params![lease.ordinal, now() + LEASE, lease.content],
        )?;
        Ok(())
    }

    fn complete(&mut self, lease: &Lease, line: &str) -> Result<bool> {
        self.settle(lease, "done", line, false)
    }

    fn retry(&mut self, lease: &Lease, blamed: bool) -> Result<()> {
        self.execute(
            "UPDATE item SET state = 'pending', lease = NULL, attempts = attempts + ?2 \
             WHERE ordinal = ?1 AND content = ?3 AND state = 'leased'",
            params![lease.ordinal, i64::from(blamed), lease.content],
        )?;
        Ok(())
    }

    fn bury(&mut self, lease: &Lease, line: &str) -> Result<bool> {
        self.settle(lease, "dead", line, true)
    }

    fn stats(&self) -> Result<Stats> {
        let mut stats = Stats::default();
        let mut count = self
            .connection
            .prepare_cached("SELECT state, count(*) FROM item GROUP BY state")
            .map_err(|e| self.failed(e))?;
        let rows = count.query_map([], |row| Ok((row.get::<_, String>(0)?, row.get::<_, i64>(1)?)));
        let rows: Vec<(String, i64)> = rows.and_then(Iterator::collect).map_err(|e| self.failed(e))?;
        for (state, count) in rows {
            let place = match state.as_str() {
                "pending" => &mut stats.pending,
                "leased" => &mut stats.leased,
                "done" => &mut stats.done,
                _ => &mut stats.dead,
            };
            *place = count.unsigned_abs();
        }
        Ok(stats)
    }
}

/// The folder's lock; the system lets go of it when this process ends, however it ends.
fn lock(folder: &Path) -> Result<File> {
    let path = folder.join("journal.lock");
    let file = File::create(&path).map_err(|e| Error::io("write", &path, e))?;
    match file.try_lock() {
        Ok(()) => Ok(file),
        Err(std::fs::TryLockError::WouldBlock) => {
            Err(BatchError::Busy { folder: folder.to_path_buf() }.into())
        }
        Err(std::fs::TryLockError::Error(e)) => Err(Error::io("lock", &path, e)),
    }
}

/// Why a journal could not be opened, and whether what is written in it is to blame.
struct Trouble {
    reason: String,
    is_damage: bool,
}

fn connect(path: &Path) -> std::result::Result<Connection, Trouble> {
    let open = || -> rusqlite::Result<(Connection, String)> {
        let connection = Connection::open(path)?;
        connection.execute_batch(
            "PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA busy_timeout = 5000; PRAGMA mmap_size = 0;",
        )?;
        let sound: String = connection.query_row("PRAGMA quick_check", [], |row| row.get(0))?;
        connection.execute_batch(SCHEMA)?;
        Ok((connection, sound))
    };
    match open() {
        Ok((connection, sound)) if sound == "ok" => Ok(connection),
        Ok((_, found)) => Err(Trouble { reason: found, is_damage: true }),
        Err(error) => {
            use rusqlite::ErrorCode::{DatabaseCorrupt, NotADatabase};
            let is_damage = matches!(error.sqlite_error_code(), Some(DatabaseCorrupt | NotADatabase));
            Err(Trouble { reason: error.to_string(), is_damage })
        }
    }
}

/// Gives a damaged journal another name, with what belongs to it. Returns what to tell.
fn set_aside(path: &Path, reason: &str) -> Result<String> {
    let number = (1..).find(|number| !path.with_extension(format!("damaged-{number}")).exists()).unwrap_or(0);
    let aside = path.with_extension(format!("damaged-{number}"));
    for ending in ["", "-wal", "-shm"] {
        let with = |path: &Path| PathBuf::from(format!("{}{ending}", path.display()));
        match std::fs::rename(with(path), with(&aside)) {
            Err(e) if e.kind() != std::io::ErrorKind::NotFound => return Err(Error::io("rename", path, e)),
            _ => {}
        }
    }
    Ok(format!(
        "the journal was damaged ({reason}); it is kept as {} and begun again from items.jsonl",
        aside.display()
    ))
}

fn damaged(path: &Path, reason: impl Into<String>) -> Error {
    BatchError::Journal { file: path.to_path_buf(), reason: reason.into() }.into()
}

fn now() -> i64 {
    SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_secs() as i64)
}

fn sum(text: &str) -> String {
    format!("{:x}", Sha256::digest(text))
}
