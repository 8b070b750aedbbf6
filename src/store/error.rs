//! What can go wrong with models on disk and elsewhere, as data.

use std::path::PathBuf;

/// Why a model could not be found, fetched or verified.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum StoreError {
    /// A name that is no model's, and no path.
    #[error("`{name}` is not a model malmoi knows, nor a file or folder")]
    Unknown {
        /// What was asked for.
        name: String,
        /// Names like it, nearest first.
        nearest: Vec<&'static str>,
    },
    /// A model that is never offered.
    #[error("`{name}` is not offered: {reason}")]
    Refused {
        /// What was asked for.
        name: String,
        /// Why, as a clause.
        reason: String,
    },
    /// A known model that is not on this machine.
    #[error("`{name}` is not installed")]
    NotInstalled {
        /// The model.
        name: String,
    },
    /// A known model whose network this version does not have.
    #[error("`{name}` needs the architecture `{architecture}`, which this version cannot run yet")]
    CannotRun {
        /// The model.
        name: String,
        /// What its checkpoint calls it.
        architecture: String,
    },
    /// Something had to be fetched, and that is forbidden.
    #[error("`{name}` would have to be fetched, and fetching is switched off")]
    Offline {
        /// The model.
        name: String,
    },
    /// No source gave the model.
    #[error("`{name}` could not be fetched: {}", failures.join("; "))]
    NoSource {
        /// The model.
        name: String,
        /// For each source why not.
        failures: Vec<String>,
    },
    /// Bytes that are not what they should be. Nothing that was there before is touched.
    #[error("{file} has sha256 {found}, expected {expected}")]
    ChecksumMismatch {
        /// The file.
        file: String,
        /// The sum it should have.
        expected: String,
        /// The sum it has.
        found: String,
    },
    /// A file of another size.
    #[error("{file} has {found} bytes, expected {expected}")]
    SizeMismatch {
        /// The file.
        file: String,
        /// The size it should have.
        expected: u64,
        /// The size it has.
        found: u64,
    },
    /// A file of an installed model that is not there.
    #[error("{file} is missing")]
    MissingFile {
        /// The file.
        file: String,
    },
    /// An installed model that is not what it should be.
    #[error("`{name}` is damaged: {}", reasons.join("; "))]
    Damaged {
        /// The model.
        name: String,
        /// For each file what is wrong.
        reasons: Vec<String>,
    },
    /// Not enough room.
    #[error("{} has {free} MB free, {needed} MB are needed", folder.display())]
    DiskFull {
        /// Where the file would go.
        folder: PathBuf,
        /// Megabytes needed.
        needed: u64,
        /// Megabytes free.
        free: u64,
    },
    /// The hub wants to know who asks, or that the licence was agreed to.
    #[error("the hub does not give {what} without a token that may read it")]
    Unauthorized {
        /// The repository.
        what: String,
    },
    /// The hub does not have it.
    #[error("the hub has no {what}")]
    NotOnHub {
        /// Repository, file and revision.
        what: String,
    },
    /// The hub could not be asked.
    #[error("the hub {reason}")]
    Unreachable {
        /// What happened, as a predicate: "did not answer within 5 s".
        reason: String,
    },
    /// The hub has too much to do, or is broken; it was asked more than once.
    #[error("the hub answered {status} for {what} (attempts: {attempts})")]
    Busy {
        /// The status, with its name.
        status: String,
        /// What it was asked for.
        what: String,
        /// How often it was asked.
        attempts: u32,
    },
    /// The hub's answer cannot be used.
    #[error("the hub {reason}")]
    BadResponse {
        /// What it did, as a predicate: "redirects to nowhere".
        reason: String,
    },
    /// A server that sends more than it said.
    #[error("{what} is longer than the {most} bytes it may have: the rest was not read")]
    TooLarge {
        /// The file.
        what: String,
        /// The size it should have.
        most: u64,
    },
    /// `pip` could not be run, or failed.
    #[error("pip {reason}")]
    Pip {
        /// What happened, as a predicate.
        reason: String,
        /// The command that failed.
        command: String,
    },
    /// A wheel that does not hold what it should.
    #[error("{wheel}: {reason}")]
    Wheel {
        /// The wheel's file name.
        wheel: String,
        /// What is wrong with it.
        reason: String,
    },
    /// A repository of several models, none of which was named.
    #[error("{repo} holds {} GGUF files: {}", files.len(), files.join(", "))]
    Ambiguous {
        /// The repository.
        repo: String,
        /// Its files.
        files: Vec<String>,
    },
    /// A name or sum from elsewhere that must not become a path.
    #[error("`{given}` cannot be used as {expected}")]
    UnsafeName {
        /// What it should be: "a file name".
        expected: &'static str,
        /// What was given, fit to be shown.
        given: String,
    },
    /// A repository name that is not one.
    #[error("`{given}` is not owner/repo[@revision][:file]")]
    Repository {
        /// What was given.
        given: String,
    },
    /// A file or folder outside the cache; malmoi removes nothing there.
    #[error("{} is not in the cache", path.display())]
    OutsideCache {
        /// The file or folder.
        path: PathBuf,
    },
    /// The operating system refused something.
    #[error("cannot {action} {}: {source}", path.display())]
    Io {
        /// What was being done, as a verb.
        action: &'static str,
        /// The file or folder.
        path: PathBuf,
        /// The system's reason.
        source: std::io::Error,
    },
}

/// Attaches a file and what was done with it to a system error.
pub(crate) fn io(
    action: &'static str,
    path: &std::path::Path,
) -> impl FnOnce(std::io::Error) -> StoreError {
    move |source| StoreError::Io { action, path: path.to_path_buf(), source }
}
