//! The settled items of a job, one a line in the order in which they were settled: the events that
//! its clients are sent, numbered from 1. A line stays where it is, so that a client can ask for
//! those after a number, also on a server that was started anew.

use std::collections::HashSet;
use std::fs::File;
use std::io::{self, BufRead, BufReader, Seek, SeekFrom, Write};
use std::path::Path;

use malmoi::batch::{ItemReport, Line};
use serde::{Deserialize, Serialize};

use super::record::Tally;

/// Name of the file in the folder of a job.
const FILE: &str = "events.jsonl";

/// Characters of each text in an event; the results have it in full.
const MAX_TEXT: usize = 300;

/// The log of a running job.
pub(super) struct EventLog {
    file: File,
    /// Keys of the items that are in it.
    known: HashSet<String>,
    pub tally: Tally,
}

/// What is read again of a line.
#[derive(Deserialize)]
struct Known {
    key: String,
    findings: Vec<String>,
    error: Option<String>,
}

#[derive(Serialize)]
struct Event {
    state: &'static str,
    #[serde(flatten)]
    report: ItemReport,
}

impl EventLog {
    /// Opens the log in the folder of a job. A line that a killed server left unfinished goes.
    pub fn open(folder: &Path) -> io::Result<Self> {
        let path = folder.join(FILE);
        let file = File::options().create(true).read(true).append(true).open(&path)?;
        let (mut known, mut tally, mut whole) = (HashSet::new(), Tally::default(), 0);
        let mut reader = BufReader::new(&file);
        let mut line = Vec::new();
        while reader.read_until(b'\n', &mut line)? > 0 {
            let Ok(event) = serde_json::from_slice::<Known>(&line) else { break };
            if line.last() != Some(&b'\n') {
                break;
            }
            whole += line.len() as u64;
            tally.add(&event.findings, event.error.is_some());
            known.insert(event.key);
            line.clear();
        }
        file.set_len(whole)?;
        Ok(Self { file, known, tally })
    }

    /// Adds an item unless it is there; true if it was added.
    pub fn add(&mut self, report: &ItemReport) -> io::Result<bool> {
        if self.known.contains(&report.key) {
            return Ok(false);
        }
        let state = if report.error.is_some() { "failed" } else { "done" };
        let short = |text: &Option<String>| text.as_deref().map(shortened);
        let told = ItemReport {
            title: short(&report.title),
            headline: short(&report.headline),
            error: short(&report.error),
            ..report.clone()
        };
        let mut line = serde_json::to_vec(&Event { state, report: told })?;
        line.push(b'\n');
        let end = self.file.seek(SeekFrom::End(0))?;
        if let Err(error) = self.file.write_all(&line) {
            // A full disk leaves no half of a line before the next one.
            let _ = self.file.set_len(end);
            return Err(error);
        }
        self.known.insert(report.key.clone());
        self.tally.add(&report.findings, report.error.is_some());
        Ok(true)
    }

    /// Adds what the results have and the log has not: items that were settled just before a server
    /// was killed, and what could not be read.
    pub fn complete(&mut self, results: &Path) -> io::Result<()> {
        for_each_line(&results.join("items.jsonl"), |text| {
            match serde_json::from_str::<Line>(text) {
                Ok(line) => self.add(&ItemReport::from(&line)).map(drop),
                Err(_) => Ok(()),
            }
        })?;
        for_each_line(&results.join("failed.jsonl"), |text| match ItemReport::of_failure(text) {
            Some(report) => self.add(&report).map(drop),
            None => Ok(()),
        })?;
        self.file.sync_all()
    }
}

/// The beginning of a long text.
fn shortened(text: &str) -> String {
    match text.char_indices().nth(MAX_TEXT) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text.to_string(),
    }
}

fn for_each_line(path: &Path, mut each: impl FnMut(&str) -> io::Result<()>) -> io::Result<()> {
    let file = match File::open(path) {
        Ok(file) => file,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
        Err(error) => return Err(error),
    };
    BufReader::new(file).lines().try_for_each(|line| each(&line?))
}

/// Reads the log of a job while it grows.
pub(crate) struct EventReader {
    reader: Option<BufReader<File>>,
    /// Bytes of a line that is not whole yet.
    partial: Vec<u8>,
    number: u64,
}

impl EventReader {
    /// Reads from the first event on. A job that has not begun has none.
    pub(super) fn open(folder: &Path) -> io::Result<Self> {
        let reader = match File::open(folder.join(FILE)) {
            Ok(file) => Some(BufReader::new(file)),
            Err(error) if error.kind() == io::ErrorKind::NotFound => None,
            Err(error) => return Err(error),
        };
        Ok(Self { reader, partial: Vec::new(), number: 0 })
    }

    /// The next event and its number; `None` if there is none yet.
    pub fn next(&mut self) -> io::Result<Option<(u64, String)>> {
        let Some(reader) = &mut self.reader else { return Ok(None) };
        reader.read_until(b'\n', &mut self.partial)?;
        if self.partial.last() != Some(&b'\n') {
            return Ok(None);
        }
        self.partial.pop();
        self.number += 1;
        let line = std::mem::take(&mut self.partial);
        Ok(Some((self.number, String::from_utf8_lossy(&line).into_owned())))
    }

    /// True if the job had not begun when the log was opened.
    pub fn is_empty(&self) -> bool {
        self.reader.is_none()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn report(key: &str, findings: &[&str]) -> ItemReport {
        ItemReport {
            key: key.into(),
            id: key.into(),
            title: None,
            headline: None,
            input: "feed.xml".into(),
            findings: findings.iter().map(|check| (*check).to_string()).collect(),
            files: Vec::new(),
            error: None,
            hashes: None,
        }
    }

    #[test]
    fn an_item_is_in_the_log_once_and_half_a_line_goes() {
        let folder = tempfile::tempdir().unwrap();
        let mut log = EventLog::open(folder.path()).unwrap();
        assert!(log.add(&report("a", &["numbers", "numbers"])).unwrap());
        assert!(!log.add(&report("a", &[])).unwrap());
        drop(log);
        let path = folder.path().join(FILE);
        let mut text = std::fs::read_to_string(&path).unwrap();
        text.push_str("{\"state\":\"done\",\"key\":\"b\"");
        std::fs::write(&path, text).unwrap();
        let mut log = EventLog::open(folder.path()).unwrap();
        assert_eq!((log.tally.done, log.tally.doubtful, log.tally.findings["numbers"]), (1, 1, 2));
        assert!(log.add(&report("b", &[])).unwrap());
        let mut reader = EventReader::open(folder.path()).unwrap();
        let mut numbers = Vec::new();
        while let Some((number, line)) = reader.next().unwrap() {
            numbers.push((number, serde_json::from_str::<Known>(&line).unwrap().key));
        }
        assert_eq!(numbers, [(1, "a".to_string()), (2, "b".to_string())]);
        assert!(log.add(&report("c", &[])).unwrap());
        assert_eq!(reader.next().unwrap().map(|(number, _)| number), Some(3));
    }

    #[test]
    fn long_texts_hide_no_later_event() {
        let folder = tempfile::tempdir().unwrap();
        let mut log = EventLog::open(folder.path()).unwrap();
        let long = "항".repeat(2 << 20);
        let mut first = report(&long, &[]);
        (first.title, first.headline) = (Some(long.clone()), Some("항구".into()));
        first.error = Some(long.clone());
        log.add(&first).unwrap();
        log.add(&report("b", &[])).unwrap();
        let mut reader = EventReader::open(folder.path()).unwrap();
        let (_, line) = reader.next().unwrap().expect("the whole line");
        let event: serde_json::Value = serde_json::from_str(&line).unwrap();
        for name in ["title", "error"] {
            let text = event[name].as_str().unwrap();
            assert_eq!(text.chars().count(), MAX_TEXT + 1, "{name}");
            assert!(text.ends_with("항…"), "{name}");
        }
        assert_eq!((&event["headline"], &event["key"]), (&"항구".into(), &long.into()));
        assert_eq!(reader.next().unwrap().map(|(number, _)| number), Some(2));
    }
}
