//! A pair as `malmoi check` has checked it.

use malmoi::checks::OutputKind;
use malmoi::formats::TextPair;
use malmoi::{Finding, Language};

/// A pair with its findings, or the reason why it could not be checked.
pub(super) struct Checked {
    pub pair: TextPair,
    /// Languages and task, once they are known.
    pub texts: Result<(Language, Language, OutputKind), String>,
    pub findings: Vec<Finding>,
}
