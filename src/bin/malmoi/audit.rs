//! The audit log of a command: which results are recorded, and by which hashes.

use std::collections::{BTreeMap, HashMap};
use std::path::Path;
use std::sync::{Mutex, PoisonError};

use malmoi::batch::ItemReport;
use malmoi::document::Document;
use malmoi::internals::audit::{Actor, AuditError, AuditLog, ModelRecord, Record, sha256};
use malmoi::{Error, Finding, Outcome, TaskOptions};

use crate::exit::Exit;

/// An open log, and what is known of the models.
pub(crate) struct Audit {
    log: AuditLog,
    command: &'static str,
    /// Checksums of the models' files, as in `provenance`, by name.
    sums: Mutex<HashMap<String, String>>,
}

/// Who asked for a result, and by which way.
#[derive(Debug, Clone, Default)]
pub(crate) struct Asker {
    /// The route of the server; `None` for the command itself.
    pub route: Option<String>,
    /// Name of the API key.
    pub key: Option<String>,
}

impl Audit {
    /// Opens the log and records the start of a command.
    pub fn open(path: &Path, command: &'static str) -> Result<Self, AuditError> {
        let log = AuditLog::open(path, actor())?;
        log.append(&Record::Start {
            version: env!("CARGO_PKG_VERSION").into(),
            command: command.into(),
        })?;
        Ok(Self { log, command, sums: Mutex::default() })
    }

    /// Notes the checksum of a model that was opened.
    pub fn model(&self, name: &str, sum: String) {
        self.sums.lock().unwrap_or_else(PoisonError::into_inner).insert(name.to_string(), sum);
    }

    fn models<'n>(&self, names: impl IntoIterator<Item = &'n str>) -> Vec<ModelRecord> {
        let sums = self.sums.lock().unwrap_or_else(PoisonError::into_inner);
        let record = |name: &str| ModelRecord {
            name: name.to_string(),
            sha256: sums.get(name).cloned().unwrap_or_else(|| "unknown".into()),
        };
        names.into_iter().map(record).collect()
    }

    fn by(&self, asker: &Asker) -> String {
        asker.route.clone().unwrap_or_else(|| self.command.to_string())
    }

    /// Records a translation or a summary. `input` and `options` are hashes.
    pub fn outcome(
        &self,
        asker: &Asker,
        input: String,
        options: String,
        outcome: &Outcome,
    ) -> Result<(), AuditError> {
        let second = outcome.second.iter().filter(|second| second.taken > 0);
        let models = [&*outcome.model].into_iter().chain(second.map(|second| &*second.model));
        self.append(&[Record::Result {
            by: self.by(asker),
            key: asker.key.clone(),
            task: outcome.task.as_str().into(),
            input_sha256: input,
            models: self.models(models),
            options,
            result_sha256: sha256(outcome.text.as_bytes()),
            findings: counts(&outcome.findings),
        }])
    }

    /// The record of a pair that was checked.
    pub fn checked(
        &self,
        asker: &Asker,
        source: &str,
        output: &str,
        findings: &[Finding],
    ) -> Record {
        Record::Result {
            by: self.by(asker),
            key: asker.key.clone(),
            task: "check".into(),
            input_sha256: sha256(source.as_bytes()),
            models: Vec::new(),
            options: String::new(),
            result_sha256: sha256(output.as_bytes()),
            findings: counts(findings),
        }
    }

    /// The record of an answer to a chat. `prompt` is the hash of all messages.
    #[cfg(feature = "serve")]
    pub fn chat(&self, asker: &Asker, model: &str, prompt: String, answer: &str) -> Record {
        Record::Result {
            by: self.by(asker),
            key: asker.key.clone(),
            task: "chat".into(),
            input_sha256: prompt,
            models: self.models([model]),
            options: String::new(),
            result_sha256: sha256(answer.as_bytes()),
            findings: BTreeMap::new(),
        }
    }

    /// Records the items of a batch before they are committed, and syncs once.
    pub fn items(&self, asker: &Asker, items: &[ItemReport]) -> malmoi::Result<()> {
        let record = |item: &ItemReport| {
            let (by, key) = (self.by(asker), asker.key.clone());
            match &item.hashes {
                Some(hashes) if item.error.is_none() => Record::Result {
                    by,
                    key,
                    task: hashes.task.into(),
                    input_sha256: hashes.content.clone(),
                    models: self.models(hashes.models.iter().map(String::as_str)),
                    options: hashes.spec.clone(),
                    result_sha256: hashes.result.clone(),
                    findings: item.findings.iter().fold(BTreeMap::new(), |mut counts, check| {
                        *counts.entry(check.clone()).or_default() += 1;
                        counts
                    }),
                },
                _ => Record::Failure { by, key, input_sha256: None, kind: "item".into() },
            }
        };
        let records: Vec<Record> = items.iter().map(record).collect();
        self.append(&records).map_err(|error| match error {
            AuditError::Write { path, source } => Error::io("write the audit log", path, source),
            changed => {
                Error::io("write the audit log", self.log.path(), std::io::Error::other(changed))
            }
        })
    }

    /// Records what was not done. `kind` is a word, never a message.
    pub fn failure(&self, asker: &Asker, kind: String) -> Result<(), AuditError> {
        let (by, key) = (self.by(asker), asker.key.clone());
        self.append(&[Record::Failure { by, key, input_sha256: None, kind }])
    }

    /// Records the end of the command.
    pub fn end(&self, result: &anyhow::Result<Exit>) -> Result<(), AuditError> {
        let how = match result {
            Ok(Exit::Done) => "done",
            Ok(Exit::Doubtful) => "doubtful",
            Ok(Exit::Stopped) => "stopped",
            Err(_) => "failed",
        };
        if let Err(error) = result {
            self.failure(&Asker::default(), kind(error))?;
        }
        self.append(&[Record::End { command: self.command.into(), how: how.into() }])
    }

    pub fn append(&self, records: &[Record]) -> Result<(), AuditError> {
        self.log.append_all(records).map(drop)
    }
}

/// Hash of a source.
pub(crate) fn source(document: &Document) -> String {
    sha256(document.text().as_bytes())
}

/// Hash of the options that a result depends on.
pub(crate) fn options(options: &TaskOptions) -> String {
    // Where the memory and the prompts are on this disk does not matter.
    let same = TaskOptions { desk: None, prompt_folder: None, ..options.clone() };
    let terms = options.checks.glossary.terms();
    sha256(format!("{same:?} {terms:?}").as_bytes())
}

/// The kind of an error: the name of its variant. Messages may quote a text.
fn kind(error: &anyhow::Error) -> String {
    match error.downcast_ref::<Error>() {
        Some(error) => {
            let shown = format!("{error:?}");
            shown.split(|c: char| !c.is_alphanumeric()).next().unwrap_or_default().to_string()
        }
        None => "failed".to_string(),
    }
}

/// Doubts by check.
fn counts(findings: &[Finding]) -> BTreeMap<String, usize> {
    let mut counts = BTreeMap::new();
    for finding in findings.iter().filter(|finding| finding.is_doubt()) {
        *counts.entry(finding.check.to_string()).or_default() += 1;
    }
    counts
}

/// The user of this process.
fn actor() -> Actor {
    let name = |name| std::env::var(name).ok().filter(|value| !value.is_empty());
    #[cfg(target_os = "linux")]
    let uid = {
        use std::os::unix::fs::MetadataExt;
        std::fs::metadata("/proc/self").ok().map(|metadata| metadata.uid())
    };
    #[cfg(not(target_os = "linux"))]
    let uid = None;
    let user = ["USER", "LOGNAME", "USERNAME"].into_iter().find_map(name);
    Actor { user, uid, process: std::process::id() }
}
