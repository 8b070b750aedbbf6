//! Shared helpers of the tests.

#[cfg(feature = "mcp")]
pub mod assistant;
pub mod clock;
pub mod gguf;
#[cfg(feature = "serve")]
pub mod http;
pub mod hub;
pub mod network;
pub mod scripted;

use std::path::{Path, PathBuf};

use malmoi::store::{Store, StoreSettings};

/// Path of a file in `tests/`.
pub fn here(path: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests").join(path)
}

/// A real model of the catalogue from this machine's cache; prints a note if it is missing.
pub fn real(name: &str) -> Option<PathBuf> {
    let home = std::env::var_os("HOME").map(PathBuf::from).unwrap_or_default();
    let hub = std::env::var_os("HF_HOME")
        .map_or_else(|| home.join(".cache/huggingface"), PathBuf::from)
        .join("hub");
    let found = Store::new(StoreSettings::new(hub)).locate(name).ok().map(|located| located.path);
    if found.is_none() {
        eprintln!("skipped: {name} is not installed (`malmoi models pull {name}`)");
    }
    found
}
