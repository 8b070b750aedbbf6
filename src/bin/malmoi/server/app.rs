//! What all handlers share.

use std::sync::Arc;
use std::sync::atomic::AtomicU64;
use std::time::Duration;

use malmoi::desk::Desk;

use super::caller;
use super::deliveries::Deliveries;
use super::fetcher::Fetcher;
use super::glossaries::Glossaries;
use super::guard::Guard;
use super::in_flight::InFlight;
use super::jobs::Jobs;
use super::keys::Keys;
use super::log::Log;
use super::metrics::Metrics;
use super::recorder::Recorder;
use super::shared_options::SharedOptions;
use crate::engine::{Engine, Failure};

/// Bounds on a request before it reaches the engine.
#[derive(Debug, Clone, Copy)]
pub(crate) struct RequestLimits {
    /// Bytes of a body.
    pub body: usize,
    /// Characters of the texts of a request.
    pub characters: usize,
    /// Time in which a body must arrive.
    pub arrival: Duration,
}

/// Everything that handlers share.
pub(crate) struct App {
    pub engine: Arc<Engine>,
    pub options: Arc<SharedOptions>,
    pub desk: Option<Arc<Desk>>,
    pub keys: Keys,
    pub guard: Guard,
    /// True with TLS.
    pub is_encrypted: bool,
    /// Answers that equal requests wait for.
    pub in_flight: Arc<InFlight>,
    /// Translated files.
    pub deliveries: Arc<Deliveries>,
    /// Characters that DeepL's clients had translated since the server started.
    pub characters: AtomicU64,
    /// Time of the start, as in the log.
    pub started: String,
    /// Glossaries of DeepL's clients.
    pub glossaries: Glossaries,
    /// `None` on a server that takes no jobs.
    pub jobs: Option<Arc<Jobs>>,
    /// Fetches the feeds that jobs name, where that is allowed.
    pub fetcher: Option<Fetcher>,
    pub limits: RequestLimits,
    pub metrics: Arc<Metrics>,
    pub log: Arc<Log>,
    /// Where results are recorded.
    pub recorder: Recorder,
    /// Number of the last request.
    pub requests: AtomicU64,
}

/// Name of the key of a request, for the log.
#[derive(Clone)]
pub(crate) struct KeyName(pub String);

impl App {
    /// Checks a key; returns its name. `None` if no key is needed.
    pub fn authorize(&self, key: Option<&str>) -> Result<Option<String>, Failure> {
        if self.keys.is_empty() {
            return Ok(None);
        }
        let name = key.and_then(|key| self.keys.name(key)).ok_or(Failure::Key)?;
        caller::set_key(name);
        Ok(Some(name.to_string()))
    }
}
