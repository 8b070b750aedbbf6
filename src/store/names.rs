//! Untrusted names that become parts of paths: checksums, commits and file names.
//!
//! They come from hubs, weight indexes, refs and users. The types here are made by `parse` only,
//! which refuses names that could leave their folder.

use std::fmt;

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use super::error::StoreError;
use crate::files::{Sha256Bytes, to_hex};
use crate::redact;

/// Bytes of one part of a path. File systems allow 255; `.incomplete` or the name of a temporary
/// link is added.
const MAX_PART: usize = 200;
/// Bytes of a file name with its folders.
const MAX_NAME: usize = 1000;

/// A SHA-256: 64 hexadecimal digits, in lower case.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Deserialize, Serialize)]
#[serde(try_from = "String")]
pub struct Checksum(String);

/// A commit: 40 hexadecimal digits, in lower case.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Commit(String);

/// A file of a repository: a relative path with `/`, safe to join to a folder on every system.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Deserialize, Serialize)]
#[serde(try_from = "String")]
pub struct FileName(String);

impl Checksum {
    /// Parses 64 hexadecimal digits.
    pub fn parse(given: &str) -> Result<Self, StoreError> {
        digits(given, 64).map(Self).ok_or_else(|| unsafe_name("a SHA-256", given))
    }

    /// The digits.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl From<Sha256Bytes> for Checksum {
    fn from(sum: Sha256Bytes) -> Self {
        Self(to_hex(&sum))
    }
}

impl Commit {
    /// Parses 40 hexadecimal digits.
    pub fn parse(given: &str) -> Result<Self, StoreError> {
        digits(given, 40).map(Self).ok_or_else(|| unsafe_name("a commit", given))
    }

    /// A stand-in for the unknown commit of a branch: the first 40 digits of a checksum.
    #[cfg_attr(not(feature = "fetch"), allow(dead_code))]
    pub(super) fn standing_in(checksum: &Checksum) -> Self {
        Self(checksum.0.chars().take(40).collect())
    }

    /// The digits.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FileName {
    /// Parses a relative path of plain parts.
    ///
    /// ```
    /// use malmoi::store::FileName;
    /// assert!(FileName::parse("q8/model-00001-of-00002.gguf").is_ok());
    /// let escape = "x\u{1b}[31m";
    /// for bad in ["../x", "/etc/passwd", "a//b", ".git", "con.json", "a\\b", "C:x", escape] {
    ///     assert!(FileName::parse(bad).is_err(), "{bad}");
    /// }
    /// for bad in ["x.", "x.incomplete"] {
    ///     assert!(FileName::parse(bad).is_err(), "{bad}");
    /// }
    /// ```
    pub fn parse(given: &str) -> Result<Self, StoreError> {
        let is_safe = given.len() <= MAX_NAME
            && given.split('/').all(is_part)
            && !given.ends_with(".incomplete");
        if is_safe { Ok(Self(given.to_string())) } else { Err(unsafe_name("a file name", given)) }
    }

    /// The name, with `/` between its parts.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Number of folders above the file.
    #[cfg_attr(not(feature = "fetch"), allow(dead_code))]
    pub(super) fn depth(&self) -> usize {
        self.0.matches('/').count()
    }
}

/// One checksum of a model: that of the list of its files as `sha256sum` writes it, by name.
pub fn model_checksum<'f>(files: impl Iterator<Item = (&'f str, &'f Checksum)>) -> Checksum {
    let mut lines: Vec<(&str, &Checksum)> = files.collect();
    lines.sort_by(|a, b| a.0.cmp(b.0));
    let mut hash = Sha256::new();
    for (name, sha256) in lines {
        hash.update(format!("{sha256}  {name}\n"));
    }
    Checksum::from(Sha256Bytes::from(hash.finalize()))
}

/// True if a text is safe as one part of a path: of a file, a repository or a branch.
pub(super) fn is_part(text: &str) -> bool {
    let plain = text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"._-+".contains(&byte));
    // Windows drops a dot at the end, and opens devices by these names with any extension.
    let stem = text.split('.').next().unwrap_or(text).to_ascii_lowercase();
    let numbered = |device: &str| {
        stem.strip_prefix(device)
            .is_some_and(|rest| rest.len() == 1 && rest.bytes().all(|b| b.is_ascii_digit()))
    };
    let device = ["con", "prn", "aux", "nul", "conin$", "conout$"].contains(&stem.as_str())
        || numbered("com")
        || numbered("lpt");
    plain
        && !text.is_empty()
        && text.len() <= MAX_PART
        && !text.starts_with(['.', '-'])
        && !text.ends_with('.')
        && !text.contains("..")
        && !device
}

fn digits(given: &str, count: usize) -> Option<String> {
    let right = given.len() == count && given.bytes().all(|byte| byte.is_ascii_hexdigit());
    right.then(|| given.to_ascii_lowercase())
}

fn unsafe_name(expected: &'static str, given: &str) -> StoreError {
    StoreError::UnsafeName { expected, given: redact::foreign(given) }
}

impl TryFrom<String> for Checksum {
    type Error = StoreError;
    fn try_from(given: String) -> Result<Self, StoreError> {
        Self::parse(&given)
    }
}

impl TryFrom<String> for FileName {
    type Error = StoreError;
    fn try_from(given: String) -> Result<Self, StoreError> {
        Self::parse(&given)
    }
}

impl fmt::Display for Checksum {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(&self.0)
    }
}

impl fmt::Display for Commit {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(&self.0)
    }
}

impl fmt::Display for FileName {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::path::{Component, Path};

    #[test]
    fn checksums_and_commits_are_hexadecimal_digits() {
        assert_eq!(Checksum::parse(&"AB".repeat(32)).unwrap().as_str(), "ab".repeat(32));
        for bad in ["", "../../etc/passwd", &"a".repeat(63), &"g".repeat(64), &"가".repeat(64)] {
            assert!(Checksum::parse(bad).is_err() && Commit::parse(bad).is_err(), "{bad}");
        }
        let shown = Commit::parse("x\u{1b}]0;Haemin\u{7}").unwrap_err().to_string();
        assert!(!shown.contains('\u{1b}') && shown.contains("a commit"), "{shown}");
    }

    proptest! {
        #[test]
        fn a_file_name_stays_below_its_folder(given in "([a-z.]{0,4}[/\\\\:\0\u{1b}]?){0,6}|\\PC{0,20}") {
            if let Ok(name) = FileName::parse(&given) {
                let path = Path::new(name.as_str());
                prop_assert!(path.components().all(|part| matches!(part, Component::Normal(_))));
                prop_assert!(!given.chars().any(redact::is_hidden) && !given.contains('\\'));
            }
        }
    }
}
