//! A pair as `malmoi check` has checked it.

use malmoi::checks::OutputKind;
use malmoi::formats::TextPair;
use malmoi::{Finding, Language, Support};

/// A pair with its findings, or the reason why it could not be checked.
pub(super) struct Checked {
    pub pair: TextPair,
    /// Languages and task, once they are known.
    pub texts: Result<(Language, Language, OutputKind), String>,
    pub findings: Vec<Finding>,
    /// The support of each sentence of a summary, where it was asked for.
    pub support: Option<Vec<Support>>,
    /// Estimate of a translation's quality.
    pub estimate: Option<f32>,
}
