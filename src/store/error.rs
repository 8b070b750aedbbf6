//! Errors of the store, as data. Imports nothing of this crate.

use std::path::PathBuf;

/// Why a model could not be found, fetched or verified.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum StoreError {
    /// Neither the name of a model nor a path.
    #[error("`{name}` is not a model malmoi knows, nor a file or folder")]
    Unknown {
        /// The name as given.
        name: String,
        /// Similar names, nearest first.
        nearest: Vec<&'static str>,
    },
    /// A model that is not offered.
    #[error("`{name}` is not offered: {reason}")]
    Refused {
        /// The name as given.
        name: String,
        /// The reason, as a clause.
        reason: String,
    },
    /// A model that is not on this machine.
    #[error("`{name}` is not installed")]
    NotInstalled {
        /// The model.
        name: String,
    },
    /// A model whose architecture this version cannot run.
    #[error("`{name}` needs the architecture `{architecture}`, which this version cannot run yet")]
    CannotRun {
        /// The model.
        name: String,
        /// Name of the architecture in its checkpoint.
        architecture: String,
    },
    /// The model is not installed, and downloads are off.
    #[error("`{name}` is not installed, and downloads are off")]
    Offline {
        /// The model.
        name: String,
    },
    /// No source provided the model.
    #[error("`{name}` could not be fetched: {}", failures.join("; "))]
    NoSource {
        /// The model.
        name: String,
        /// The reason of each source.
        failures: Vec<String>,
    },
    /// A file with another checksum. A file that was installed before is unchanged.
    #[error("{file} has sha256 {found}, expected {expected}")]
    ChecksumMismatch {
        /// The file.
        file: String,
        /// The expected checksum.
        expected: String,
        /// The checksum of the file.
        found: String,
    },
    /// A file with another size.
    #[error("{file} has {found} bytes, expected {expected}")]
    SizeMismatch {
        /// The file.
        file: String,
        /// The expected size in bytes.
        expected: u64,
        /// The size of the file.
        found: u64,
    },
    /// A missing file of an installed model.
    #[error("{file} is missing")]
    MissingFile {
        /// The file.
        file: String,
    },
    /// An installed model with damaged or missing files.
    #[error("`{name}` is damaged: {}", reasons.join("; "))]
    Damaged {
        /// The model.
        name: String,
        /// The fault of each file.
        reasons: Vec<String>,
    },
    /// Not enough disk space.
    #[error("{} has {free} MB free, {needed} MB are needed", folder.display())]
    DiskFull {
        /// The folder of the download.
        folder: PathBuf,
        /// Megabytes needed.
        needed: u64,
        /// Megabytes free.
        free: u64,
    },
    /// The hub requires a token, or that the user accepted the license.
    #[error("the hub does not give {what} without a token that may read it")]
    Unauthorized {
        /// The repository.
        what: String,
    },
    /// The hub does not have the repository or file.
    #[error("the hub has no {what}")]
    NotOnHub {
        /// Repository, file and revision.
        what: String,
    },
    /// A server of files does not have one, or not any more.
    #[error("{server} does not have {file}")]
    NotOnServer {
        /// The server.
        server: Server,
        /// The file, with its address.
        file: String,
    },
    /// A server could not be reached.
    #[error("{server} {reason}")]
    Unreachable {
        /// The server.
        server: Server,
        /// The reason, as a predicate: "did not answer within 5 s".
        reason: String,
    },
    /// A server is overloaded or broken, also after retries.
    #[error("{server} answered {status} for {what} (attempts: {attempts})")]
    Busy {
        /// The server.
        server: Server,
        /// HTTP status with its name.
        status: String,
        /// Repository, file and revision, or a file with its address.
        what: String,
        /// Number of requests.
        attempts: u32,
    },
    /// The response of a server cannot be used.
    #[error("{server} {reason}")]
    BadResponse {
        /// The server.
        server: Server,
        /// The fault, as a predicate: "redirects to nowhere".
        reason: String,
    },
    /// A server sends more bytes than it announced.
    #[error("{what} is longer than the {limit} bytes it may have: the rest was not read")]
    TooLarge {
        /// The file.
        what: String,
        /// The expected size in bytes.
        limit: u64,
    },
    /// `pip` could not be run, or failed.
    #[error("pip {reason}")]
    Pip {
        /// The reason, as a predicate.
        reason: String,
        /// The command that failed.
        command: String,
    },
    /// A wheel without the expected contents.
    #[error("{wheel}: {reason}")]
    Wheel {
        /// The wheel's file name.
        wheel: String,
        /// The fault.
        reason: String,
    },
    /// A packed file that cannot be unpacked.
    #[error("{file} cannot be unpacked: {reason}")]
    Packed {
        /// The file.
        file: String,
        /// The fault.
        reason: String,
    },
    /// A folder without all files of a model.
    #[error("{} does not have {} of `{name}`", folder.display(), files.join(", "))]
    NotInFolder {
        /// The model.
        name: String,
        /// The folder.
        folder: PathBuf,
        /// The missing files.
        files: Vec<String>,
    },
    /// A model whose files cannot be verified.
    #[error("the catalogue has no checksums of `{name}` that its files could be verified by")]
    NoChecksums {
        /// The model.
        name: String,
    },
    /// A catalogue of a site that cannot be used.
    #[error("{reason}")]
    Catalogue {
        /// The fault.
        reason: String,
    },
    /// A carried model that is not the one that its name stands for.
    #[error("`{name}` is not what is at {repo}")]
    WrongPlace {
        /// The model.
        name: String,
        /// Its place, as it was carried.
        repo: String,
    },
    /// A repository with several models, and no file named.
    #[error("{repo} holds {} GGUF files: {}", files.len(), files.join(", "))]
    Ambiguous {
        /// The repository.
        repo: String,
        /// Its files.
        files: Vec<String>,
    },
    /// An untrusted name or checksum that is not safe in a path.
    #[error("`{given}` cannot be used as {expected}")]
    UnsafeName {
        /// The expected kind: "a file name".
        expected: &'static str,
        /// The name, escaped for messages.
        given: String,
    },
    /// Not the name of a repository.
    #[error("`{given}` is not owner/repo[@revision][:file]")]
    Repository {
        /// The name as given.
        given: String,
    },
    /// A file or folder outside the cache, which is never removed.
    #[error("{} is not in the cache", path.display())]
    OutsideCache {
        /// The file or folder.
        path: PathBuf,
    },
    /// The operating system refused something.
    #[error("cannot {action} {}: {source}", path.display())]
    Io {
        /// The action, as a verb.
        action: &'static str,
        /// The file or folder.
        path: PathBuf,
        /// The system's reason.
        source: std::io::Error,
    },
}

/// A server that models are fetched from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Server {
    /// The hub.
    Hub,
    /// A server of single files, by its host.
    Host(String),
}

impl std::fmt::Display for Server {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Hub => out.write_str("the hub"),
            Self::Host(host) => out.write_str(host),
        }
    }
}

/// Attaches an action and a path to a system error.
pub(crate) fn io(
    action: &'static str,
    path: &std::path::Path,
) -> impl FnOnce(std::io::Error) -> StoreError {
    move |source| StoreError::Io { action, path: path.to_path_buf(), source }
}
