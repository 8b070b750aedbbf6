//! Errors that stop a batch, as data. Knows paths only: imports nothing of this crate.

use std::path::PathBuf;
use std::time::Duration;

/// Why a batch cannot go on.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum BatchError {
    /// Another run has the same output folder locked.
    #[error("another run is using {}", folder.display())]
    Busy {
        /// The output folder.
        folder: PathBuf,
    },
    /// The folder was made with other models or options.
    #[error("{} was made with other models or options: {}", folder.display(), differences.join("; "))]
    OtherSpec {
        /// The output folder.
        folder: PathBuf,
        /// The settings that differ.
        differences: Vec<String>,
    },
    /// The journal cannot be read or written: a disk error or missing permissions.
    #[error("{}: {reason}", file.display())]
    Journal {
        /// The journal's file.
        file: PathBuf,
        /// SQLite's message.
        reason: String,
    },
    /// The journal is damaged. The next run checks it as a whole and repairs it.
    #[error("{} is damaged: {reason}", file.display())]
    Damaged {
        /// The journal's file.
        file: PathBuf,
        /// The damage.
        reason: String,
    },
    /// The journal was made by a newer malmoi.
    #[error(
        "{} is a journal of version {found}, made by a newer malmoi; \
         this one reads up to version {known}",
        file.display()
    )]
    NewerJournal {
        /// The journal's file.
        file: PathBuf,
        /// Its version.
        found: i64,
        /// The latest version this program reads.
        known: i64,
    },
    /// A path that a result or the journal needs is taken by something else.
    #[error("{} is {what}, but malmoi needs that path for a result or the journal", path.display())]
    InTheWay {
        /// The path.
        path: PathBuf,
        /// Kind of the entry at the path: "a folder", "a link".
        what: &'static str,
    },
    /// A result would overwrite an input.
    #[error("{} is an input and would be overwritten by the results", path.display())]
    OverwritesInput {
        /// The input.
        path: PathBuf,
    },
    /// A folder without a journal holds a file with the name of a result.
    #[error("{} was not made by malmoi and would be overwritten", path.display())]
    Foreign {
        /// The file.
        path: PathBuf,
    },
    /// An item took longer than the limit per item.
    #[error("took longer than the {} s limit per item", limit.as_secs_f64())]
    ItemTimeout {
        /// The limit.
        limit: Duration,
    },
}
