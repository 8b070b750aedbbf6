//! The access log: one line of JSON a request, without any text of articles, queries or keys.

use std::fs::File;
use std::io::Write;
use std::path::Path;
use std::sync::{Mutex, PoisonError};

use malmoi::Error;
use serde::Serialize;

use crate::engine::Failure;

/// A request and its answer.
#[derive(Debug, Serialize)]
pub(crate) struct Access<'a> {
    /// RFC 3339, in UTC.
    pub time: String,
    pub id: u64,
    pub client: Option<String>,
    /// Name of the API key.
    pub key: Option<&'a str>,
    pub method: &'a str,
    /// The pattern of its address: no part of it comes from the client.
    pub route: &'a str,
    pub status: u16,
    /// Until the answer began.
    pub milliseconds: u64,
}

/// Where the log goes.
pub(crate) struct Log(Mutex<Option<Box<dyn Write + Send>>>);

impl Log {
    /// No log.
    pub fn off() -> Self {
        Self(Mutex::new(None))
    }

    /// Standard error.
    pub fn stderr() -> Self {
        Self(Mutex::new(Some(Box::new(std::io::stderr()))))
    }

    /// Appends to a file.
    pub fn file(path: &Path) -> std::io::Result<Self> {
        let file = File::options().create(true).append(true).open(path)?;
        Ok(Self(Mutex::new(Some(Box::new(file)))))
    }

    pub fn access(&self, access: &Access<'_>) {
        self.line(access);
    }

    /// A failure of the server itself.
    pub fn failure(&self, reason: &str) {
        #[derive(Serialize)]
        struct Failed<'a> {
            time: String,
            failure: &'a str,
        }
        self.line(&Failed { time: now(), failure: reason });
    }

    /// The failure for an error, whose reason is logged if it is not the client's business.
    pub fn fault(&self, error: Error) -> Failure {
        let reason = error.to_string();
        let failure = Failure::from(error);
        if failure == Failure::Internal {
            self.failure(&reason);
        }
        failure
    }

    fn line(&self, entry: &impl Serialize) {
        let Ok(mut line) = serde_json::to_string(entry) else { return };
        line.push('\n');
        let mut out = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(out) = &mut *out {
            // A full disk stops the log, not the server.
            let _ = out.write_all(line.as_bytes());
        }
    }
}

/// The time in RFC 3339, in UTC.
pub(crate) fn now() -> String {
    chrono::Utc::now().to_rfc3339_opts(chrono::SecondsFormat::Millis, true)
}
