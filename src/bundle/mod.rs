//! Bundles: models, with what belongs to them, in one file that can be carried into a network that
//! has no other, verified there and installed.
//!
//! A bundle is a tar in frames of zstd with the manifest first (`archive`, `frames`), in one file
//! or in parts that end with a checksum each (`parts`). Equal contents are equal bytes. Knows files
//! and the store; knows nothing of how a model computes.

mod archive;
mod create;
mod error;
mod frames;
mod install;
mod manifest;
mod parts;
mod signature;
#[cfg(test)]
mod tests;

pub use create::{Created, Extra, create};
pub use error::{BundleError, Result};
pub use install::{Inspected, Installation, Installed, inspect, inspect_archive, install};
pub use manifest::{BundledFile, BundledModel, Manifest, Role};
pub use parts::{LEAST_PART, bundle_path, join};
pub use signature::{KeyPair, Signed, Signer, TrustedKey, signature_path};
