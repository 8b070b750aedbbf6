//! SHA-256 sums of contents and specifications.

use sha2::{Digest, Sha256};

/// SHA-256 of a text, in hexadecimal.
pub(super) fn sha256(text: &str) -> String {
    format!("{:x}", Sha256::digest(text))
}

/// The first 16 digits of the SHA-256 of a specification, as in the lines of `items.jsonl`.
pub(super) fn spec_hash(spec: &str) -> String {
    let mut hash = sha256(spec);
    hash.truncate(16);
    hash
}
