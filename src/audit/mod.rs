//! The audit log: lines of JSON that each name the hash of the line before, so that no line can be
//! changed, dropped, inserted or moved without a trace. Each is on disk before the work goes on.
//!
//! A line is `{"seq":…,"time":…,"prev":…,"event":…,…,"sha256":…}`. `sha256` is that of the line
//! without `,"sha256":"…"`; `prev` that of the line before, or 64 zeros. Knows hashes, names and
//! numbers; no text of an article and no secret is a part of a record.

mod chain;
mod log;
mod record;
mod verify;

#[cfg(test)]
mod tests;

pub use chain::{Head, sha256};
pub use log::{AuditError, AuditLog};
pub use record::{Actor, ModelRecord, Record};
pub use verify::{Verified, verify};
