//! The hub, the cache and the package index: attacks by a hostile server, damaged and shared files.

mod cache;
mod hub;
mod url;

use std::path::{Path, PathBuf};
use std::time::Duration;

use assert_cmd::Command;
use malmoi::store::{Store, StoreError, StoreSettings};
use serde_json::Value;

use super::case;
use crate::support::hub::{Answer, COMMIT, Hub, listing, sha256};

const OTHER: &str = "89abcdef0123456789abcdef0123456789abcdef";
const WEIGHTS: &[u8] = b"GGUF\x03\0\0\0 of the port town Haemin";

fn settings(cache: &Path, endpoint: &str) -> StoreSettings {
    let (connect_timeout, retry_delay) = (Duration::from_secs(2), Duration::from_millis(5));
    StoreSettings {
        endpoint: endpoint.to_string(),
        connect_timeout,
        retry_delay,
        ..StoreSettings::new(cache)
    }
}

fn store(cache: &Path, endpoint: &str) -> Store {
    Store::new(settings(cache, endpoint))
}

/// A store without network access.
fn offline(cache: &Path) -> Store {
    Store::new(StoreSettings { offline: true, ..StoreSettings::new(cache) })
}

fn pull(store: &Store, name: &str) -> Result<PathBuf, StoreError> {
    store.pull(name, &mut |_| {}).map(|located| located.path)
}

/// A hub with a given listing, whose files all have the same bytes.
fn hub_with(listing: Value, bytes: &'static [u8]) -> Hub {
    let listing = listing.to_string();
    Hub::start(move |asked| match asked.path.starts_with("/api/") {
        true => Answer::body(listing.clone()),
        false => Answer::file(bytes, asked),
    })
}

fn one_gguf() -> Hub {
    Hub::start(|asked| match asked.path.starts_with("/api/") {
        true => listing(&[("m.gguf", WEIGHTS)]),
        false => Answer::file(WEIGHTS, asked),
    })
}

/// All files and links below a folder, with their bytes or targets.
fn tree(folder: &Path) -> Vec<(PathBuf, String)> {
    let mut found = Vec::new();
    let mut folders = vec![folder.to_path_buf()];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).unwrap().flatten() {
            let path = entry.path();
            let kind = entry.file_type().unwrap();
            if kind.is_dir() {
                folders.push(path);
            } else if kind.is_symlink() {
                let to = std::fs::read_link(&path).unwrap().display().to_string();
                found.push((path, format!("-> {to}")));
            } else {
                let text = String::from_utf8_lossy(&std::fs::read(&path).unwrap()).into_owned();
                found.push((path, text));
            }
        }
    }
    found.sort();
    found
}

fn bytes_below(folder: &Path) -> u64 {
    tree(folder).iter().filter_map(|(path, _)| Some(path.symlink_metadata().ok()?.len())).sum()
}

#[cfg(unix)]
fn link(to: impl AsRef<Path>, at: &Path) {
    std::fs::create_dir_all(at.parent().unwrap()).unwrap();
    std::os::unix::fs::symlink(to, at).unwrap();
}

fn write(path: &Path, bytes: impl AsRef<[u8]>) {
    std::fs::create_dir_all(path.parent().unwrap()).unwrap();
    std::fs::write(path, bytes).unwrap();
}

/// The program with its own home folder.
struct Desk {
    home: tempfile::TempDir,
    variables: Vec<(String, String)>,
}

struct Ran {
    code: Option<i32>,
    out: String,
    err: String,
}

impl Desk {
    fn new(endpoint: &str) -> Self {
        let variables = vec![("HF_ENDPOINT".to_string(), endpoint.to_string())];
        Self { home: tempfile::tempdir().unwrap(), variables }
    }

    fn with(mut self, name: &str, value: impl Into<String>) -> Self {
        self.variables.push((name.to_string(), value.into()));
        self
    }

    fn cache(&self) -> PathBuf {
        self.home.path().join("hf/hub")
    }

    fn run(&self, arguments: &[&str]) -> Ran {
        let mut command = Command::cargo_bin("malmoi").unwrap();
        command
            .env_clear()
            .env("PATH", std::env::var_os("PATH").unwrap_or_default())
            .env("HOME", self.home.path())
            .env("HF_HOME", self.home.path().join("hf"))
            .env("MALMOI_PYTHON", "no-such-python")
            .envs(self.variables.iter().cloned())
            .current_dir(self.home.path())
            .args(arguments);
        let output = command.output().unwrap();
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        Ran { code: output.status.code(), out: text(&output.stdout), err: text(&output.stderr) }
    }
}
