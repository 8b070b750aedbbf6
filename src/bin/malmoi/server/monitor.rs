//! What the server counts and logs of the engine's work.

use std::sync::Arc;
use std::time::Duration;

use super::log::Log;
use super::metrics::Metrics;
use crate::engine::Monitor;

/// The counts and the log of a server.
pub(crate) struct ServerMonitor {
    pub metrics: Arc<Metrics>,
    pub log: Arc<Log>,
}

impl Monitor for ServerMonitor {
    fn queue(&self, waiting: usize, running: usize) {
        self.metrics.queue(waiting, running);
    }

    fn refused(&self) {
        self.metrics.refused();
    }

    fn first_token(&self, time: Duration) {
        self.metrics.first_token(time);
    }

    fn failure(&self, reason: &str) {
        self.log.failure(reason);
    }
}
