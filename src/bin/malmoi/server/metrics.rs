//! Counts for Prometheus. No text of an article, no name of a client.

use std::sync::atomic::AtomicU64;
use std::time::Duration;

use malmoi::Outcome;
use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::encoding::text::encode;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::metrics::histogram::{Histogram, exponential_buckets};
use prometheus_client::registry::{Registry, Unit};

/// All counts since the server started.
pub(crate) struct Metrics {
    registry: Registry,
    requests: Family<Request, Counter>,
    seconds: Family<Route, Histogram, fn() -> Histogram>,
    waiting: Gauge,
    running: Gauge,
    refused: Counter,
    first_token: Histogram,
    tokens: Family<Direction, Counter>,
    segments: Counter,
    memory: Family<Memory, Counter>,
    findings: Family<Check, Counter<u64, AtomicU64>>,
    jobs: Family<JobState, Gauge>,
    jobs_ended: Family<Ending, Counter>,
    job_items: Family<Ending, Counter>,
}

#[derive(Clone, Debug, Hash, PartialEq, Eq, EncodeLabelSet)]
struct JobState {
    state: &'static str,
}

#[derive(Clone, Debug, Hash, PartialEq, Eq, EncodeLabelSet)]
struct Ending {
    result: &'static str,
}

impl Ending {
    fn of(is_done: bool) -> Self {
        Self { result: if is_done { "done" } else { "failed" } }
    }
}

#[derive(Clone, Debug, Hash, PartialEq, Eq, EncodeLabelSet)]
struct Request {
    route: String,
    status: u16,
}

#[derive(Clone, Debug, Hash, PartialEq, Eq, EncodeLabelSet)]
struct Route {
    route: String,
}

#[derive(Clone, Debug, Hash, PartialEq, Eq, EncodeLabelSet)]
struct Direction {
    direction: &'static str,
}

#[derive(Clone, Debug, Hash, PartialEq, Eq, EncodeLabelSet)]
struct Memory {
    origin: &'static str,
}

#[derive(Clone, Debug, Hash, PartialEq, Eq, EncodeLabelSet)]
struct Check {
    check: String,
}

/// From 10 ms to 164 s.
fn durations() -> Histogram {
    Histogram::new(exponential_buckets(0.01, 2.0, 15))
}

impl Metrics {
    pub fn new() -> Self {
        let mut registry = Registry::with_prefix("malmoi");
        let this = Self {
            requests: Family::default(),
            seconds: Family::new_with_constructor(durations),
            waiting: Gauge::default(),
            running: Gauge::default(),
            refused: Counter::default(),
            first_token: durations(),
            tokens: Family::default(),
            segments: Counter::default(),
            memory: Family::default(),
            findings: Family::default(),
            jobs: Family::default(),
            jobs_ended: Family::default(),
            job_items: Family::default(),
            registry: Registry::default(),
        };
        registry.register("http_requests", "Answered requests", this.requests.clone());
        registry.register_with_unit(
            "http_request_duration",
            "Time from a request to the end of its answer",
            Unit::Seconds,
            this.seconds.clone(),
        );
        registry.register("queue_waiting", "Requests that wait", this.waiting.clone());
        registry.register("queue_running", "Requests that models work on", this.running.clone());
        registry.register(
            "queue_refused",
            "Requests that found the queue full",
            this.refused.clone(),
        );
        registry.register_with_unit(
            "first_token",
            "Time from the arrival of a text to its first token",
            Unit::Seconds,
            this.first_token.clone(),
        );
        registry.register("tokens", "Tokens of texts, read and written", this.tokens.clone());
        registry.register("segments", "Finished segments", this.segments.clone());
        registry.register("memory_hits", "Segments reused from the memory", this.memory.clone());
        registry.register("findings", "Findings by check", this.findings.clone());
        registry.register("jobs", "Jobs that wait or run", this.jobs.clone());
        registry.register("jobs_ended", "Jobs that ended", this.jobs_ended.clone());
        registry.register("job_items", "Settled articles of jobs", this.job_items.clone());
        Self { registry, ..this }
    }

    /// An answered request.
    pub fn answered(&self, route: &str, status: u16, time: Duration) {
        let route = route.to_string();
        self.requests.get_or_create(&Request { route: route.clone(), status }).inc();
        self.seconds.get_or_create(&Route { route }).observe(time.as_secs_f64());
    }

    /// The present length of the queue, and the requests that are worked on.
    pub fn queue(&self, waiting: usize, running: usize) {
        self.waiting.set(waiting as i64);
        self.running.set(running as i64);
    }

    /// A request that found the queue full.
    pub fn refused(&self) {
        self.refused.inc();
    }

    /// The first token of a text.
    pub fn first_token(&self, time: Duration) {
        self.first_token.observe(time.as_secs_f64());
    }

    /// A result.
    pub fn outcome(&self, outcome: &Outcome) {
        self.tokens(outcome.tokens.seen as u64, outcome.tokens.output as u64);
        self.segments.inc_by(outcome.segments.len() as u64);
        let memory = outcome.segments.iter().filter_map(|segment| segment.memory.as_ref());
        for origin in memory.filter_map(|memory| memory.reused) {
            self.memory.get_or_create(&Memory { origin: origin.as_str() }).inc();
        }
        for finding in &outcome.findings {
            self.findings.get_or_create(&Check { check: finding.check.to_string() }).inc();
        }
    }

    /// Tokens, read and written.
    pub fn tokens(&self, read: u64, written: u64) {
        for (direction, tokens) in [("read", read), ("written", written)] {
            self.tokens.get_or_create(&Direction { direction }).inc_by(tokens);
        }
    }

    /// The jobs that wait, and those that run.
    pub fn jobs(&self, waiting: usize, running: usize) {
        for (state, count) in [("waiting", waiting), ("running", running)] {
            self.jobs.get_or_create(&JobState { state }).set(count as i64);
        }
    }

    /// A settled article of a job, with the checks of its doubts.
    pub fn job_item(&self, is_done: bool, findings: &[String]) {
        self.job_items.get_or_create(&Ending::of(is_done)).inc();
        for check in findings {
            self.findings.get_or_create(&Check { check: check.clone() }).inc();
        }
    }

    /// A job that ended by itself.
    pub fn job_ended(&self, is_done: bool) {
        self.jobs_ended.get_or_create(&Ending::of(is_done)).inc();
    }

    /// All counts in the text format of OpenMetrics.
    pub fn text(&self) -> String {
        let mut text = String::new();
        // Writing into a string does not fail.
        let _ = encode(&mut text, &self.registry);
        text
    }
}
