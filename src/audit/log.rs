//! The file: opened once, appended to by any number of processes, each line on disk at once.

use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

use super::chain::{self, Head};
use super::record::{Actor, Record};

/// Bytes from the end in which the last line is looked for. Lines are far shorter.
const TAIL: u64 = 1 << 20;

/// An audit log that cannot be used. Work that must be recorded stops with it.
#[derive(Debug, thiserror::Error)]
pub enum AuditError {
    /// The file cannot be opened, written or synced.
    #[error("the audit log {path} cannot be written: {source}")]
    Write {
        /// Its path.
        path: PathBuf,
        /// The error of the disk.
        source: std::io::Error,
    },
    /// The last line is not one of this log's.
    #[error("the audit log {path} was changed: {reason}")]
    Changed {
        /// Its path.
        path: PathBuf,
        /// What is wrong.
        reason: String,
    },
}

/// An open log. Threads may share it, and processes the file.
#[derive(Debug)]
pub struct AuditLog {
    path: PathBuf,
    actor: Actor,
    state: Mutex<State>,
}

#[derive(Debug)]
struct State {
    file: File,
    /// The end of the file as this process left it, and its last line.
    known: Option<(u64, Head)>,
}

impl AuditLog {
    /// Opens a log, and makes one that only its owner can read if there is none. What a power
    /// failure tore is recorded.
    ///
    /// # Errors
    ///
    /// If the file cannot be written, or its last line is not one of a log.
    pub fn open(path: impl Into<PathBuf>, actor: Actor) -> Result<Self, AuditError> {
        let path = path.into();
        let write = |source| AuditError::Write { path: path.clone(), source };
        let mut options = File::options();
        options.read(true).append(true).create(true);
        #[cfg(unix)]
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
        let file = options.open(&path).map_err(write)?;
        if !file.metadata().map_err(write)?.is_file() {
            return Err(write(io::Error::other("it is no regular file")));
        }
        let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty());
        if cfg!(unix) {
            let folder = File::open(folder.unwrap_or(Path::new("."))).map_err(write)?;
            folder.sync_all().map_err(write)?;
        }
        let log =
            Self { path: path.clone(), actor, state: Mutex::new(State { file, known: None }) };
        log.locked(&mut |_| Ok(Vec::new()))?;
        Ok(log)
    }

    /// Its path.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Appends a record. It is on disk when this returns.
    ///
    /// # Errors
    ///
    /// If it cannot be written: then what it records must not be used.
    pub fn append(&self, record: &Record) -> Result<Head, AuditError> {
        self.append_all(std::slice::from_ref(record))
    }

    /// Appends records, and syncs once.
    ///
    /// # Errors
    ///
    /// As for [`append`](Self::append).
    pub fn append_all(&self, records: &[Record]) -> Result<Head, AuditError> {
        self.locked(&mut |head| {
            let mut text = Vec::new();
            for record in records {
                let (line, next) = chain::line(head, &now(), &self.actor, record)?;
                text.extend(line.into_bytes());
                *head = next;
            }
            Ok(text)
        })
    }

    /// Locks the file against other processes, finds its end, and appends what `write` makes after
    /// it.
    fn locked(
        &self,
        write: &mut dyn FnMut(&mut Head) -> io::Result<Vec<u8>>,
    ) -> Result<Head, AuditError> {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        let failed = |source| AuditError::Write { path: self.path.clone(), source };
        state.file.lock().map_err(failed)?;
        let result = self.append_locked(&mut state, write);
        // A lock that cannot be given back ends with the process.
        let _ = state.file.unlock();
        if result.is_err() {
            state.known = None;
        }
        result
    }

    fn append_locked(
        &self,
        state: &mut State,
        write: &mut dyn FnMut(&mut Head) -> io::Result<Vec<u8>>,
    ) -> Result<Head, AuditError> {
        let failed = |source| AuditError::Write { path: self.path.clone(), source };
        let end = state.file.seek(SeekFrom::End(0)).map_err(failed)?;
        let (mut head, mut text) = match &state.known {
            Some((known, head)) if *known == end => (head.clone(), Vec::new()),
            _ => self.last(&mut state.file, end)?,
        };
        text.extend(write(&mut head).map_err(failed)?);
        if !text.is_empty() {
            state.file.write_all(&text).map_err(failed)?;
            state.file.sync_data().map_err(failed)?;
        }
        state.known = Some((end + text.len() as u64, head.clone()));
        Ok(head)
    }

    /// The last line, and what mends the end of the file: a line feed, and a record of what is
    /// torn.
    fn last(&self, file: &mut File, end: u64) -> Result<(Head, Vec<u8>), AuditError> {
        let failed = |source| AuditError::Write { path: self.path.clone(), source };
        let changed = |reason: &str| AuditError::Changed {
            path: self.path.clone(),
            reason: format!("{reason}; see `malmoi audit verify {}`", self.path.display()),
        };
        let start = end.saturating_sub(TAIL);
        file.seek(SeekFrom::Start(start)).map_err(failed)?;
        let mut tail = Vec::new();
        file.take(TAIL).read_to_end(&mut tail).map_err(failed)?;
        let whole = tail.iter().rposition(|byte| *byte == b'\n').map_or(0, |at| at + 1);
        if whole == 0 && start > 0 {
            return Err(changed("its last line is longer than any record"));
        }
        let (lines, fragment) = tail.split_at(whole);
        let head = match lines.strip_suffix(b"\n") {
            None => Head::empty(),
            Some(lines) => {
                let line = lines.rsplit(|byte| *byte == b'\n').next().unwrap_or_default();
                chain::read(line)
                    .map_err(|reason| changed(&format!("its last line: {reason}")))?
                    .head
            }
        };
        if fragment.is_empty() {
            return Ok((head, Vec::new()));
        }
        if let Ok(sealed) = chain::read(fragment)
            && sealed.prev == head.sha256
        {
            // Only the line feed is missing.
            return Ok((sealed.head, b"\n".to_vec()));
        }
        let torn =
            Record::Torn { bytes: fragment.len() as u64, fragment_sha256: chain::sha256(fragment) };
        let (line, head) =
            chain::line(&head, &now(), &self.actor, &torn).map_err(|e| failed(e.into()))?;
        Ok((head, [b"\n", line.as_bytes()].concat()))
    }
}

/// The time in RFC 3339, in UTC, in microseconds.
fn now() -> String {
    chrono::Utc::now().to_rfc3339_opts(chrono::SecondsFormat::Micros, true)
}
