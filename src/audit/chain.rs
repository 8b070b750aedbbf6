//! Lines of the log: how one is made, and whether one is whole.

use std::fmt::Write as _;

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use super::record::{Actor, Record};

/// `prev` of the first line.
pub(super) const ZEROS: &str = "0000000000000000000000000000000000000000000000000000000000000000";
/// The member that ends a line, before its 64 digits and `"}`.
const SEAL: &str = ",\"sha256\":\"";
/// Bytes of a seal with its digits and end.
const SEAL_BYTES: usize = SEAL.len() + 64 + 2;

/// The last line of a log.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Head {
    /// Number of the line, from 1; 0 for an empty log.
    pub seq: u64,
    /// Its SHA-256.
    pub sha256: String,
}

impl Head {
    pub(super) fn empty() -> Self {
        Self { seq: 0, sha256: ZEROS.to_string() }
    }
}

/// SHA-256 in hexadecimal digits.
pub fn sha256(bytes: &[u8]) -> String {
    let mut text = String::with_capacity(64);
    for byte in Sha256::digest(bytes) {
        // Writing into a string does not fail.
        let _ = write!(text, "{byte:02x}");
    }
    text
}

/// The line after `head`, with its line feed, and the new head.
pub(super) fn line(
    head: &Head,
    time: &str,
    actor: &Actor,
    record: &Record,
) -> serde_json::Result<(String, Head)> {
    #[derive(Serialize)]
    struct Body<'a> {
        seq: u64,
        time: &'a str,
        prev: &'a str,
        #[serde(flatten)]
        actor: &'a Actor,
        #[serde(flatten)]
        record: &'a Record,
    }
    let seq = head.seq + 1;
    let body = serde_json::to_string(&Body { seq, time, prev: &head.sha256, actor, record })?;
    let sum = sha256(body.as_bytes());
    let open = body.strip_suffix('}').unwrap_or(&body);
    Ok((format!("{open}{SEAL}{sum}\"}}\n"), Head { seq, sha256: sum }))
}

/// A line that fits its own hash.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Sealed {
    pub head: Head,
    pub prev: String,
    /// Bytes and hash of a torn fragment that this line records.
    pub torn: Option<(u64, String)>,
}

/// Reads a line without its line feed. Fails with what is wrong.
pub(super) fn read(line: &[u8]) -> Result<Sealed, &'static str> {
    #[derive(Deserialize)]
    struct Fields {
        seq: u64,
        prev: String,
        event: String,
        bytes: Option<u64>,
        fragment_sha256: Option<String>,
        sha256: String,
    }
    let cut = line.len().checked_sub(SEAL_BYTES).ok_or("it is no line of an audit log")?;
    let (open, seal) = line.split_at(cut);
    if !seal.starts_with(SEAL.as_bytes()) || !seal.ends_with(b"\"}") {
        return Err("it is no line of an audit log");
    }
    let mut body = open.to_vec();
    body.push(b'}');
    let digits = &seal[SEAL.len()..SEAL.len() + 64];
    if sha256(&body).as_bytes() != digits {
        return Err("it was changed: it does not fit its own hash");
    }
    let fields: Fields =
        serde_json::from_slice(line).map_err(|_| "it is no line of an audit log")?;
    let torn = match (&*fields.event, fields.bytes, fields.fragment_sha256) {
        ("torn", Some(bytes), Some(sum)) => Some((bytes, sum)),
        _ => None,
    };
    let head = Head { seq: fields.seq, sha256: fields.sha256 };
    Ok(Sealed { head, prev: fields.prev, torn })
}
