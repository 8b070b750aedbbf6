//! Errors of the desk's store, as data. Knows paths only: imports nothing of this crate.

use std::path::PathBuf;

/// Why the store of memory and glossary cannot be used.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum DeskError {
    /// A disk error, missing permissions, or a lock that was not released in time.
    #[error("{}: {reason}", file.display())]
    Failed {
        /// The store's file.
        file: PathBuf,
        /// SQLite's message.
        reason: String,
    },
    /// A file that is not a store, or a damaged one.
    #[error("{} is not a memory of malmoi, or is damaged: {reason}", file.display())]
    Damaged {
        /// The file.
        file: PathBuf,
        /// The damage.
        reason: String,
    },
    /// A store made by a newer malmoi.
    #[error(
        "{} is a memory of version {found}, made by a newer malmoi; this one reads up to version {known}",
        file.display()
    )]
    Newer {
        /// The file.
        file: PathBuf,
        /// Its version.
        found: i64,
        /// The latest version this program reads.
        known: i64,
    },
    /// A change to a store that can only be read.
    #[error("{} can only be read", file.display())]
    ReadOnly {
        /// The file.
        file: PathBuf,
    },
}
