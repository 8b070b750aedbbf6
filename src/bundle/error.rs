//! Why a bundle was refused or could not be made.

use std::path::{Path, PathBuf};

use crate::store::StoreError;

/// Why a bundle could not be made, read or installed. Nothing that was installed before has
/// changed.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum BundleError {
    /// A file that is no bundle, or one of a later version.
    #[error("{} is not a bundle of malmoi: {reason}", file.display())]
    NotABundle {
        /// The file.
        file: PathBuf,
        /// The fault.
        reason: String,
    },
    /// A file of a bundle whose bytes are not those that were written.
    #[error("{} is damaged: {reason}", file.display())]
    Damaged {
        /// The file.
        file: PathBuf,
        /// The fault.
        reason: String,
    },
    /// A part of a split bundle that is not there.
    #[error("part {number} of the bundle is missing: {}", file.display())]
    MissingPart {
        /// Its place.
        file: PathBuf,
        /// Its number, from 1.
        number: u32,
    },
    /// A part of a split bundle in the place of another.
    #[error("{} is not part {expected} of this bundle: it is {found}", file.display())]
    WrongPart {
        /// The file.
        file: PathBuf,
        /// The number it should have.
        expected: u32,
        /// What it is.
        found: String,
    },
    /// A manifest that cannot be trusted with paths and sizes.
    #[error("the bundle's manifest {reason}")]
    Manifest {
        /// The fault, as a predicate.
        reason: String,
    },
    /// An entry of the archive that is not the one that the manifest announces.
    #[error("the bundle has {found} where `{expected}` should be")]
    Entry {
        /// The path in the manifest.
        expected: String,
        /// What is there.
        found: String,
    },
    /// A file of the bundle with another checksum.
    #[error("`{path}` has sha256 {found}, the bundle's manifest says {expected}")]
    Checksum {
        /// Its path in the bundle.
        path: String,
        /// The checksum in the manifest.
        expected: String,
        /// The checksum of its bytes.
        found: String,
    },
    /// A model that is not what the catalogue of this machine says.
    #[error("the bundle's `{name}` {reason}")]
    Model {
        /// The model.
        name: String,
        /// The fault, as a predicate.
        reason: String,
    },
    /// A bundle without the signature that is required.
    #[error("{} has no signature: {} is missing", file.display(), signature.display())]
    Unsigned {
        /// The bundle.
        file: PathBuf,
        /// Where its signature should be.
        signature: PathBuf,
    },
    /// A signature of a key that is not trusted.
    #[error("{} is signed by the key {key}, which is not among the trusted keys", file.display())]
    UnknownKey {
        /// The bundle.
        file: PathBuf,
        /// The key's id.
        key: String,
    },
    /// A signature that is not of these bytes.
    #[error("{} is not what the key {key} signed: {reason}", file.display())]
    BadSignature {
        /// The bundle.
        file: PathBuf,
        /// The key's id.
        key: String,
        /// The fault.
        reason: String,
    },
    /// A file with a key or a signature that cannot be used.
    #[error("{}: {reason}", file.display())]
    Key {
        /// The file.
        file: PathBuf,
        /// The fault.
        reason: String,
    },
    /// Something that cannot be put into a bundle.
    #[error("{} cannot be put into a bundle: {reason}", file.display())]
    Unfit {
        /// The file.
        file: PathBuf,
        /// The fault.
        reason: String,
    },
    /// The store refused something.
    #[error(transparent)]
    Store(#[from] StoreError),
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

/// A result of this module.
pub type Result<T> = std::result::Result<T, BundleError>;

/// Attaches an action and a path to a system error.
pub(super) fn io(action: &'static str, path: &Path) -> impl FnOnce(std::io::Error) -> BundleError {
    move |source| BundleError::Io { action, path: path.to_path_buf(), source }
}
