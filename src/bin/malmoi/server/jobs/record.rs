//! What a job is, as its file says. Knows no models and no HTTP.

use std::collections::BTreeMap;
use std::io;
use std::path::Path;

use malmoi::Language;
use malmoi::internals::files;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::super::wishes::Wishes;

/// Name of the file in the folder of a job.
const FILE: &str = "job.json";

/// A language as its code.
#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
#[serde(into = "String", try_from = "String")]
pub(crate) struct Code(pub Language);

impl From<Code> for String {
    fn from(code: Code) -> Self {
        code.0.code().to_string()
    }
}

impl TryFrom<String> for Code {
    type Error = malmoi::Error;

    fn try_from(code: String) -> Result<Self, malmoi::Error> {
        Language::parse(&code).map(Self)
    }
}

/// Where a job stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub(crate) enum State {
    /// For its turn, also after the server was stopped.
    Waiting,
    /// Its items are worked on.
    Running,
    /// Every item is settled.
    Done,
    /// It cannot go on, or no item could be done.
    Failed,
}

impl State {
    /// True if nothing of it will change any more.
    pub fn is_final(self) -> bool {
        matches!(self, Self::Done | Self::Failed)
    }
}

/// What is made of each item.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Work {
    /// A translation and a summary.
    Both,
    /// A translation.
    Translate,
    /// A summary.
    Summarize,
}

impl Work {
    pub fn translates(self) -> bool {
        self != Self::Summarize
    }

    pub fn summarizes(self) -> bool {
        self != Self::Translate
    }
}

/// A file of a job.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub(crate) struct Input {
    /// Name as the client sent it, without folders.
    #[schema(example = "morning.xml")]
    pub name: String,
    /// Name of its format.
    #[schema(example = "feed")]
    pub format: String,
    /// Articles in it, unreadable ones included.
    pub items: usize,
    /// Size.
    pub bytes: u64,
}

/// Counts of settled items.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub(crate) struct Tally {
    /// Items that are done.
    pub done: usize,
    /// Those of them that have doubts.
    pub doubtful: usize,
    /// Items that could not be read or done.
    pub failed: usize,
    /// Doubts by check.
    pub findings: BTreeMap<String, usize>,
}

impl Tally {
    /// Items that are settled.
    pub fn settled(&self) -> usize {
        self.done + self.failed
    }

    /// Counts an item with its doubts, or one that failed.
    pub fn add(&mut self, findings: &[String], failed: bool) {
        if failed {
            self.failed += 1;
            return;
        }
        self.done += 1;
        self.doubtful += usize::from(!findings.is_empty());
        for check in findings {
            *self.findings.entry(check.clone()).or_default() += 1;
        }
    }
}

/// A job as it is kept.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Record {
    /// 32 hexadecimal digits.
    pub id: String,
    /// Name of the key of its client; `None` on a server without keys.
    pub owner: Option<String>,
    pub title: String,
    pub state: State,
    /// Times in RFC 3339, in UTC.
    pub created: String,
    pub started: Option<String>,
    pub finished: Option<String>,
    pub task: Work,
    /// Language of the items; detected for each if `None`.
    pub from: Option<Code>,
    pub to: Code,
    /// Language of the first item, which decides about the summarizer.
    pub likely: Code,
    pub wishes: Wishes,
    pub inputs: Vec<Input>,
    pub items: usize,
    /// As of the end of the job; before it, the log of events counts.
    pub tally: Tally,
    pub error: Option<String>,
    /// Size of its folder, as of the end of the job.
    pub bytes: u64,
    /// True while its folder is being removed.
    #[serde(default)]
    pub removed: bool,
}

impl Record {
    /// Reads the record in the folder of a job; `None` if there is none.
    pub fn read(folder: &Path) -> io::Result<Option<Self>> {
        match std::fs::read(folder.join(FILE)) {
            Ok(bytes) => serde_json::from_slice(&bytes).map(Some).map_err(io::Error::other),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// Writes the record into the folder of its job.
    pub fn save(&self, folder: &Path) -> io::Result<()> {
        let text = serde_json::to_vec_pretty(self)?;
        files::replace(&folder.join(FILE), |out| out.write_all(&text))
    }
}
