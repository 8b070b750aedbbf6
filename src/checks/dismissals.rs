//! Dismissals: the findings that somebody has looked at and found to be no error, by their hashes.
//!
//! A file has a JSON object with a `hash` on each line; `"dismissed": false` ends the dismissal of
//! that hash. Of a hash the last line counts, with what earlier ones said beside it. Lines are only
//! ever added, and lines of another kind are left alone.

use std::collections::HashMap;
use std::fs::{File, OpenOptions};
use std::io::{BufRead, BufReader, ErrorKind, Read as _, Seek as _, SeekFrom, Write as _};
use std::path::Path;
use std::sync::Arc;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::error::{Error, Result};

/// Digits of a hash, as in [`Finding::fingerprint`](crate::Finding::fingerprint).
const HASH_DIGITS: usize = 16;
/// Longest line that is read, in bytes.
const MAX_LINE_BYTES: u64 = 1 << 16;
/// Characters of a field that are written. In JSON each takes up to six bytes.
const MAX_CHARACTERS: usize = 2_000;

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

impl Dismissal {
    fn fields(&mut self) -> [&mut Option<String>; 4] {
        [&mut self.reason, &mut self.finding, &mut self.by, &mut self.date]
    }

    /// Takes what it does not say from an earlier one of the same finding.
    fn complete(&mut self, mut earlier: Self) {
        for (own, earlier) in self.fields().into_iter().zip(earlier.fields()) {
            if own.is_none() {
                *own = earlier.take();
            }
        }
    }
}

/// A line of the file: a dismissal, or with `"dismissed": false` its end.
#[derive(Serialize)]
struct Line {
    #[serde(flatten)]
    dismissal: Dismissal,
    #[serde(skip_serializing_if = "Clone::clone")]
    dismissed: bool,
}

impl Line {
    /// Reads a line; `None` without a hash. A field that is no text is as one that is not there.
    fn read(line: &[u8]) -> Option<Self> {
        let fields: serde_json::Map<String, Value> = serde_json::from_slice(line).ok()?;
        let text = |name: &str| fields.get(name).and_then(Value::as_str).map(str::to_string);
        let dismissal = Dismissal {
            hash: text("hash")?,
            reason: text("reason"),
            finding: text("finding"),
            by: text("by"),
            date: text("date"),
        };
        Some(Self { dismissal, dismissed: fields.get("dismissed") != Some(&Value::Bool(false)) })
    }
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
            match Line::read(&line) {
                Some(Line { dismissal, dismissed: true }) => dismissals.insert(dismissal),
                Some(Line { dismissal, .. }) => dismissals.remove(&dismissal.hash),
                None => {}
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

    fn insert(&mut self, mut dismissal: Dismissal) {
        let known = Arc::make_mut(&mut self.0);
        if let Some((_, earlier)) = known.all.remove(&dismissal.hash) {
            dismissal.complete(earlier);
        }
        known.all.insert(dismissal.hash.clone(), (known.next, dismissal));
        known.next += 1;
    }

    fn remove(&mut self, hash: &str) {
        Arc::make_mut(&mut self.0).all.remove(hash);
    }

    /// True if a dismissal says nothing new, its date aside.
    fn says(&self, dismissal: &Dismissal) -> bool {
        self.0.all.get(&dismissal.hash).is_some_and(|(_, known)| {
            let mut new = Dismissal { date: known.date.clone(), ..dismissal.clone() };
            new.complete(known.clone());
            new == *known
        })
    }

    /// Adds a dismissal to a file, which is made if it does not exist, and waits until it is on
    /// disk. Long fields are cut; one that says nothing new but its date is not written again.
    ///
    /// # Errors
    ///
    /// Fails if its hash is not that of a finding, or if the file cannot be read or written.
    pub fn add(path: &Path, mut dismissal: Dismissal) -> Result<()> {
        for field in dismissal.fields().into_iter().flatten() {
            if let Some((end, _)) = field.char_indices().nth(MAX_CHARACTERS) {
                field.truncate(end);
            }
        }
        if Self::read(path)?.says(&dismissal) {
            return Ok(());
        }
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

    #[test]
    fn a_later_reason_takes_the_place_of_an_earlier_one_and_the_same_is_not_written_again() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("dismissed.jsonl");
        let hash = "0123456789abcdef";
        let dated = |reason, date: &str| Dismissal { date: Some(date.into()), ..of(hash, reason) };
        Dismissals::add(&path, dated(Some("a name"), "2026-05-01T09:00:00Z")).unwrap();
        Dismissals::add(&path, dated(Some("a ship"), "2026-05-02T09:00:00Z")).unwrap();
        let latest = dated(Some("a ship"), "2026-05-02T09:00:00Z");
        assert_eq!(Dismissals::read(&path).unwrap().list(), [&latest]);
        for again in [dated(Some("a ship"), "2026-05-03T09:00:00Z"), of(hash, None)] {
            Dismissals::add(&path, again).unwrap();
            assert_eq!(std::fs::read_to_string(&path).unwrap().lines().count(), 2);
        }
    }

    #[test]
    fn a_line_with_a_hash_counts_whatever_its_other_fields_are() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("dismissed.jsonl");
        let lines = [
            r#"{"hash": "0123456789abcdef", "reason": 7, "by": ["desk"], "date": null}"#,
            r#"{"hash": "fedcba9876543210", "dismissed": null, "reason": "a port"}"#,
        ];
        std::fs::write(&path, lines.join("\n")).unwrap();
        let read = Dismissals::read(&path).unwrap();
        assert!(read.contains("0123456789abcdef"));
        assert_eq!(read.list()[0], &of("fedcba9876543210", Some("a port")));
    }

    #[test]
    fn what_is_added_can_be_read_however_long_it_is() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("dismissed.jsonl");
        let long = Some("\u{1}".repeat(100_000));
        let [reason, finding, by, date] = [(); 4].map(|()| long.clone());
        let hash = "0123456789abcdef".to_string();
        let dismissal = Dismissal { hash, reason, finding, by, date };
        Dismissals::add(&path, dismissal.clone()).unwrap();
        Dismissals::add(&path, dismissal).unwrap();
        assert!(Dismissals::read(&path).unwrap().contains("0123456789abcdef"));
        assert_eq!(std::fs::read_to_string(&path).unwrap().lines().count(), 1);
    }
}
