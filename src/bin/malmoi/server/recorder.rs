//! Records results and refusals in the audit log, if there is one. A result that cannot be recorded
//! is not answered.

use std::sync::Arc;

use malmoi::batch::ItemReport;
use malmoi::internals::audit::AuditError;
use malmoi::{Finding, Outcome};

use super::log::Log;
use crate::audit::{Asker, Audit};
use crate::engine::Failure;

/// The audit log of a server.
#[derive(Clone)]
pub(crate) struct Recorder {
    audit: Option<Arc<Audit>>,
    log: Arc<Log>,
}

impl Recorder {
    pub fn new(audit: Option<Arc<Audit>>, log: Arc<Log>) -> Self {
        Self { audit, log }
    }

    /// True if results are recorded.
    pub fn is_on(&self) -> bool {
        self.audit.is_some()
    }

    /// Records a translation or a summary, by the hashes of its source and options.
    pub fn outcome(
        &self,
        asker: &Asker,
        (input, options): (String, String),
        outcome: &Outcome,
    ) -> Result<(), Failure> {
        self.record(|audit| audit.outcome(asker, input, options, outcome))
    }

    /// Records an answer to a chat.
    pub fn chat(
        &self,
        asker: &Asker,
        model: &str,
        prompt: String,
        answer: &str,
    ) -> Result<(), Failure> {
        self.record(|audit| audit.append(&[audit.chat(asker, model, prompt, answer)]))
    }

    /// Records a pair that was checked.
    pub fn checked(
        &self,
        asker: &Asker,
        (source, output): (&str, &str),
        findings: &[Finding],
    ) -> Result<(), Failure> {
        self.record(|audit| audit.append(&[audit.checked(asker, source, output, findings)]))
    }

    /// Records items of a job before they are saved.
    pub fn items(&self, asker: &Asker, items: &[ItemReport]) -> malmoi::Result<()> {
        match &self.audit {
            Some(audit) => audit.items(asker, items),
            None => Ok(()),
        }
    }

    /// Records a request that failed, by the status of its answer.
    pub fn failure(&self, asker: &Asker, status: String) -> Result<(), Failure> {
        self.record(|audit| audit.failure(asker, status))
    }

    fn record(&self, write: impl FnOnce(&Audit) -> Result<(), AuditError>) -> Result<(), Failure> {
        let Some(audit) = &self.audit else { return Ok(()) };
        write(audit).map_err(|error| {
            let reason = error.to_string();
            eprintln!("error: {reason}");
            self.log.failure(&reason);
            Failure::Internal
        })
    }
}
