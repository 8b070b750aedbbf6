//! What is recorded: hashes, names and numbers.

use std::collections::BTreeMap;

use serde::Serialize;

/// Who writes into a log. It is a part of every line.
#[derive(Debug, Clone, Default, Serialize)]
pub struct Actor {
    /// Name of the user, as the system or the session says it.
    pub user: Option<String>,
    /// Number of the user.
    pub uid: Option<u32>,
    /// Number of the process.
    pub process: u32,
}

/// A model as it is recorded.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ModelRecord {
    /// Its name.
    pub name: String,
    /// SHA-256 of its weights, or `unknown`.
    pub sha256: String,
}

/// What is recorded.
#[derive(Debug, Clone, Serialize)]
#[serde(tag = "event", rename_all = "snake_case")]
pub enum Record {
    /// A command began.
    Start {
        /// Version of the program.
        version: String,
        /// Name of the command.
        command: String,
    },
    /// A text was summarized, translated, checked or answered.
    Result {
        /// The command, or the route of the server.
        by: String,
        /// Name of the API key; never the key.
        #[serde(skip_serializing_if = "Option::is_none")]
        key: Option<String>,
        /// What was done.
        task: String,
        /// SHA-256 of the source text.
        input_sha256: String,
        /// The models that wrote.
        models: Vec<ModelRecord>,
        /// Hash of the options; for batches the `spec` of their results.
        options: String,
        /// SHA-256 of the resulting text.
        result_sha256: String,
        /// Doubts: numbers by check.
        findings: BTreeMap<String, usize>,
    },
    /// Something was not done.
    Failure {
        /// The command, or the route of the server.
        by: String,
        /// Name of the API key; never the key.
        #[serde(skip_serializing_if = "Option::is_none")]
        key: Option<String>,
        /// SHA-256 of the source text, if it is known.
        #[serde(skip_serializing_if = "Option::is_none")]
        input_sha256: Option<String>,
        /// The kind of failure: a word or a status of HTTP, never a message.
        kind: String,
    },
    /// A command ended.
    End {
        /// Its name.
        command: String,
        /// How: `done`, `doubtful`, `stopped` or `failed`.
        how: String,
    },
    /// The end of the log was torn, as a power failure leaves it. What is there stays, and is
    /// hashed here.
    Torn {
        /// Its length in bytes, without the line feed that ends it.
        bytes: u64,
        /// Its SHA-256.
        fragment_sha256: String,
    },
}
