//! Dismissals: the findings that somebody has looked at and found to be no error, by their hashes.
//!
//! A file has a JSON object with a `hash` on each line; `"dismissed": false` ends the dismissal of
//! that hash. Lines are only ever added, and lines of another kind are left alone.

use std::collections::HashMap;
use std::fs::{File, OpenOptions};
use std::io::{BufRead, BufReader, ErrorKind, Read as _, Seek as _, SeekFrom, Write as _};
use std::path::Path;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::error::{Error, Result};

/// Digits of a hash, as in [`Finding::fingerprint`](crate::Finding::fingerprint).
const HASH_DIGITS: usize = 16;
/// Longest line that is read, in bytes.
const MAX_LINE_BYTES: u64 = 1 << 16;

/// A finding that somebody has found to be no error.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Dismissal {
    /// Hash of the finding.
    pub hash: String,
    /// Why it is no error.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// The finding in words, for people who read the list.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub finding: Option<String>,
    /// Who dismissed it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub by: Option<String>,
    /// When, in RFC 3339.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub date: Option<String>,
}

/// A line of the file: a dismissal, or with `"dismissed": false` its end.
#[derive(Serialize, Deserialize)]
struct Line {
    #[serde(flatten)]
    dismissal: Dismissal,
    #[serde(default = "yes", skip_serializing_if = "Clone::clone")]
    dismissed: bool,
}

fn yes() -> bool {
    true
}

/// Dismissed findings, by their hashes.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Dismissals(Arc<Known>);

#[derive(Debug, Clone, Default, PartialEq, Eq)]
struct Known {
    /// By hash, each with its number in the order in which they were made.
    all: HashMap<String, (usize, Dismissal)>,
    next: usize,
}

impl Dismissals {
    /// Reads a file; one that does not exist has none.
    ///
    /// # Errors
    ///
    /// Fails if the file cannot be read.
    pub fn read(path: &Path) -> Result<Self> {
        let fail = |error| Error::io("read", path, error);
        let file = match File::open(path) {
            Err(error) if error.kind() == ErrorKind::NotFound => return Ok(Self::default()),
            file => file.map_err(fail)?,
        };
        let mut file = BufReader::new(file);
        let mut dismissals = Self::default();
        loop {
            let mut line = Vec::new();
            let read = (&mut file).take(MAX_LINE_BYTES).read_until(b'\n', &mut line);
            if read.map_err(fail)? == 0 {
                return Ok(dismissals);
            }
            match serde_json::from_slice::<Line>(&line) {
                Ok(Line { dismissal, dismissed: true }) => dismissals.insert(dismissal),
                Ok(Line { dismissal, .. }) => dismissals.remove(&dismissal.hash),
                Err(_) => {}
            }
        }
    }

    /// True if the finding with this hash is dismissed.
    pub fn contains(&self, hash: &str) -> bool {
        self.0.all.contains_key(hash)
    }

    /// The number of dismissed findings.
    pub fn len(&self) -> usize {
        self.0.all.len()
    }

    /// True if nothing is dismissed.
    pub fn is_empty(&self) -> bool {
        self.0.all.is_empty()
    }

    /// All of them, the latest first.
    pub fn list(&self) -> Vec<&Dismissal> {
        let mut all: Vec<&(usize, Dismissal)> = self.0.all.values().collect();
        all.sort_by_key(|(at, _)| std::cmp::Reverse(*at));
        all.into_iter().map(|(_, dismissal)| dismissal).collect()
    }

    fn insert(&mut self, dismissal: Dismissal) {
        let known = Arc::make_mut(&mut self.0);
        known.all.entry(dismissal.hash.clone()).or_insert((known.next, dismissal));
        known.next += 1;
    }

    fn remove(&mut self, hash: &str) {
        Arc::make_mut(&mut self.0).all.remove(hash);
    }

    /// Adds a dismissal to a file, which is made if it does not exist, and waits until it is on
    /// disk.
    ///
    /// # Errors
    ///
    /// Fails if its hash is not that of a finding, or if the file cannot be written.
    pub fn add(path: &Path, dismissal: Dismissal) -> Result<()> {
        append(path, &Line { dismissal, dismissed: true })
    }

    /// Ends a dismissal in a file: a line says so, and the lines before it stay.
    ///
    /// # Errors
    ///
    /// Fails if the text is not the hash of a finding, or if the file cannot be written.
    pub fn end(path: &Path, hash: &str) -> Result<()> {
        let dismissal = Dismissal { hash: hash.to_string(), ..Dismissal::default() };
        append(path, &Line { dismissal, dismissed: false })
    }
}

/// Adds a line in one write, so that those of several programs do not mix.
fn append(path: &Path, line: &Line) -> Result<()> {
    let hash = &line.dismissal.hash;
    let is_digit = |byte: u8| byte.is_ascii_digit() || (b'a'..=b'f').contains(&byte);
    if hash.len() != HASH_DIGITS || !hash.bytes().all(is_digit) {
        let fault = format!("is not the hash of a finding, which has {HASH_DIGITS} digits");
        return Err(Error::unreadable(format!("`{hash}`"), fault));
    }
    let write = || {
        let line = serde_json::to_string(line)?;
        if let Some(folder) = path.parent() {
            std::fs::create_dir_all(folder)?;
        }
        let mut file = OpenOptions::new().create(true).read(true).append(true).open(path)?;
        // A line without an end, as of an editor, is not continued.
        let mut last = [b'\n'];
        if file.seek(SeekFrom::End(0))? > 0 {
            file.seek(SeekFrom::End(-1))?;
            file.read_exact(&mut last)?;
        }
        let start = if last == [b'\n'] { "" } else { "\n" };
        file.write_all(format!("{start}{line}\n").as_bytes())?;
        file.sync_all()
    };
    write().map_err(|error| Error::io("write", path, error))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(hash: &str, reason: Option<&str>) -> Dismissal {
        let reason = reason.map(str::to_string);
        Dismissal { hash: hash.to_string(), reason, ..Dismissal::default() }
    }

    #[test]
    fn a_dismissal_that_was_ended_can_be_made_again() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("dismissed.jsonl");
        let [first, second] = ["0123456789abcdef", "fedcba9876543210"];
        Dismissals::add(&path, of(first, None)).unwrap();
        Dismissals::add(&path, of(second, None)).unwrap();
        Dismissals::end(&path, first).unwrap();
        assert!(!Dismissals::read(&path).unwrap().contains(first));
        Dismissals::add(&path, of(first, Some("a name"))).unwrap();
        let read = Dismissals::read(&path).unwrap();
        assert_eq!(read.list(), [&of(first, Some("a name")), &of(second, None)]);
        assert_eq!(std::fs::read_to_string(&path).unwrap().lines().count(), 4);
    }

    #[test]
    fn a_dismissal_is_added_to_what_the_file_has() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("malmoi/dismissed.jsonl");
        assert_eq!(Dismissals::read(&path).unwrap(), Dismissals::default());
        Dismissals::add(&path, of("0123456789abcdef", None)).unwrap();
        let before = std::fs::read_to_string(&path).unwrap() + "# a note\n{\"hash\": 7}";
        std::fs::write(&path, &before).unwrap();
        Dismissals::add(&path, of("fedcba9876543210", Some("a \"unit\""))).unwrap();
        let text = std::fs::read_to_string(&path).unwrap();
        let added = "\n{\"hash\":\"fedcba9876543210\",\"reason\":\"a \\\"unit\\\"\"}\n";
        assert_eq!(text, before + added);
        let read = Dismissals::read(&path).unwrap();
        assert!(read.contains("0123456789abcdef") && read.contains("fedcba9876543210"));
        assert!(!read.contains("7"));
    }

    #[test]
    fn only_hashes_are_added() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.jsonl");
        for hash in ["", "0123", "0123456789ABCDEF", "0123456789abcdeg", "0123456789abcdef\n"] {
            let error = Dismissals::add(&path, of(hash, None)).unwrap_err().to_string();
            assert!(error.contains("is not the hash of a finding"), "{error}");
        }
        assert!(!path.exists());
    }
}
