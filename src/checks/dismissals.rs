//! Dismissals: the findings that somebody has looked at and found to be no error, by their hashes.
//!
//! A file has a JSON object with a `hash` on each line. Lines are only ever added, and lines of
//! another kind are left alone.

use std::collections::HashSet;
use std::fs::{File, OpenOptions};
use std::io::{BufRead, BufReader, ErrorKind, Read as _, Seek as _, SeekFrom, Write as _};
use std::path::Path;
use std::sync::Arc;

use serde_json::{Value, json};

use crate::error::{Error, Result};

/// Digits of a hash, as in [`Finding::fingerprint`](crate::Finding::fingerprint).
const HASH_DIGITS: usize = 16;
/// Longest line that is read, in bytes.
const MAX_LINE_BYTES: u64 = 1 << 16;

/// Hashes of dismissed findings.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Dismissals(Arc<HashSet<String>>);

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
        let mut hashes = HashSet::new();
        loop {
            let mut line = Vec::new();
            let read = (&mut file).take(MAX_LINE_BYTES).read_until(b'\n', &mut line);
            if read.map_err(fail)? == 0 {
                return Ok(Self(Arc::new(hashes)));
            }
            let record = serde_json::from_slice::<Value>(&line).unwrap_or_default();
            if let Some(hash) = record.get("hash").and_then(Value::as_str) {
                hashes.insert(hash.to_string());
            }
        }
    }

    /// True if the finding with this hash is dismissed.
    pub fn contains(&self, hash: &str) -> bool {
        self.0.contains(hash)
    }

    /// Adds a line to a file, which is made if it does not exist, and waits until it is on disk.
    ///
    /// # Errors
    ///
    /// Fails if the text is not the hash of a finding, or if the file cannot be written.
    pub fn add(path: &Path, hash: &str, reason: Option<&str>) -> Result<()> {
        let is_digit = |byte: u8| byte.is_ascii_digit() || (b'a'..=b'f').contains(&byte);
        if hash.len() != HASH_DIGITS || !hash.bytes().all(is_digit) {
            let fault = format!("is not the hash of a finding, which has {HASH_DIGITS} digits");
            return Err(Error::unreadable(format!("`{hash}`"), fault));
        }
        let mut line = json!({"hash": hash});
        if let Some(reason) = reason {
            line["reason"] = json!(reason);
        }
        let write = || {
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
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_dismissal_is_added_to_what_the_file_has() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("malmoi/dismissed.jsonl");
        assert_eq!(Dismissals::read(&path).unwrap(), Dismissals::default());
        Dismissals::add(&path, "0123456789abcdef", None).unwrap();
        let before = std::fs::read_to_string(&path).unwrap() + "# a note\n{\"hash\": 7}";
        std::fs::write(&path, &before).unwrap();
        Dismissals::add(&path, "fedcba9876543210", Some("a \"unit\"")).unwrap();
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
            let error = Dismissals::add(&path, hash, None).unwrap_err().to_string();
            assert!(error.contains("is not the hash of a finding"), "{error}");
        }
        assert!(!path.exists());
    }
}
