//! Estimate: translations that a model without a reference estimates to be poor, where the user has
//! one. Knows nothing of the model behind it.

use super::check::{Check, Example, FindingKind, Scope};
use super::comparison::Comparison;
use super::options::Estimation;
use crate::finding::Finding;

const POOR: FindingKind = FindingKind::minor("estimated_poor");
const FAILED: FindingKind = FindingKind::minor("estimate_failed");

pub(super) const CHECK: Check = Check {
    name: "estimate",
    describe: "translations that a model estimates to be poor (--estimate MODEL)",
    kinds: &[POOR, FAILED],
    scope: Scope::Translations,
    // Without a model nothing is found; `tests` has one.
    examples: &[
        Example::fine("The port opened.", "항구가 문을 열었다."),
        Example::fine("항구가 문을 열었다.", "The port opened."),
    ],
    run,
};

fn run(comparison: &Comparison<'_>) -> Vec<Finding> {
    let Estimation::Model { least, .. } = comparison.options.estimation else { return Vec::new() };
    match comparison.model_estimate() {
        Some(Ok(estimate)) if *estimate < least => {
            let message = format!("the translation is estimated to be poor: {estimate:.2}");
            let korean = format!("품질 추정값이 낮은 번역: {estimate:.2}");
            vec![CHECK.finding(POOR, message, korean).value("estimate", *estimate)]
        }
        Some(Err(reason)) => {
            let english = format!("the estimate failed: {reason}");
            vec![CHECK.finding(FAILED, english, format!("품질 추정 모델 오류: {reason}"))]
        }
        _ => Vec::new(),
    }
}

/// The estimate of a translation, given its findings.
pub(super) fn of(comparison: &Comparison<'_>, _findings: &[Finding]) -> Option<f32> {
    comparison.model_estimate()?.as_ref().ok().copied()
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::super::pairs::{messages, translation};
    use super::*;
    use crate::checks::{CheckOptions, Estimator, assess};
    use crate::error::{Error, Result};

    /// Estimates by the length of the translation; an empty one is an error.
    struct ByLength;

    impl Estimator for ByLength {
        fn name(&self) -> &str {
            "by-length"
        }

        fn estimate(&self, _: &str, translation: &str) -> Result<f32> {
            match translation.chars().count() {
                0 => Err(Error::Engine("no text".into())),
                count => Ok(count as f32 / 10.0),
            }
        }
    }

    fn options() -> CheckOptions {
        let estimation = Estimation::Model { model: Arc::new(ByLength), least: 0.5 };
        CheckOptions { estimation, ..CheckOptions::default() }
    }

    #[test]
    fn an_estimate_below_the_threshold_is_a_finding() {
        let run = |output| messages(CHECK.findings(&translation("It opened.", output), &options()));
        assert_eq!(run("열림"), ["the translation is estimated to be poor: 0.20"]);
        assert!(run("문을 열었다.").is_empty());
        assert_eq!(run(""), ["the estimate failed: no text"]);
    }

    #[test]
    fn the_estimate_stands_beside_the_findings() {
        let assessment = assess(&translation("It opened.", "문을 열었다."), &options());
        assert_eq!(assessment.estimate, Some(0.7));
        let without = assess(&translation("It opened.", "문을 열었다."), &CheckOptions::default());
        assert_eq!(without.estimate, None);
    }
}
