//! Estimate: the quality of a translation without a reference, by a model that the user has or by
//! the encoder of sentences; and a finding where such a model says it is poor. Knows nothing of the
//! models behind it.

mod tokens;

use super::check::{Check, Example, FindingKind, OutputKind, Scope};
use super::comparison::Comparison;
use super::options::Estimation;
use crate::finding::Finding;

const POOR: FindingKind = FindingKind::minor("estimated_poor");
const FAILED: FindingKind = FindingKind::minor("estimate_failed");

/// What a doubt of weight 1 takes from the likeness of tokens, and the most weight that counts;
/// fitted to sentence chrF of stored systems.
const DOUBT: f32 = 0.01;
const MAX_WEIGHT: u32 = 6;

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
pub(super) fn of(comparison: &Comparison<'_>, findings: &[Finding]) -> Option<f32> {
    match comparison.options.estimation {
        Estimation::Off => None,
        Estimation::Model { .. } => comparison.model_estimate()?.as_ref().ok().copied(),
        Estimation::Auto if comparison.pair.kind == OutputKind::Translation => {
            let doubts = findings.iter().filter(|finding| finding.is_doubt());
            let weight: u32 = doubts.map(|finding| finding.severity.weight()).sum();
            Some(tokens::likeness(comparison)? - DOUBT * weight.min(MAX_WEIGHT) as f32)
        }
        Estimation::Auto => None,
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::super::pairs::{self, messages, translation};
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
        assert_eq!(run(""), ["the estimate failed: the engine failed: no text"]);
    }

    #[test]
    fn the_encoder_estimates_by_tokens_and_doubts() {
        let estimate = |output: &str| {
            assess(&translation("The harbor opened Monday.", output), &pairs::options()).estimate
        };
        let faithful = estimate("항구가 월요일에 열렸다.").unwrap();
        let other = estimate("검찰은 은행을 사기로 기소했다.").unwrap();
        let doubtful = estimate("항구가 17일 월요일에 열렸다.").unwrap();
        assert!(faithful > doubtful && doubtful > other, "{faithful} {doubtful} {other}");
        assert_eq!(estimate(""), None);
        let off = CheckOptions { estimation: Estimation::Off, ..pairs::options() };
        let pair = translation("The harbor opened Monday.", "항구가 월요일에 열렸다.");
        assert_eq!(assess(&pair, &off).estimate, None);
    }

    #[test]
    fn the_estimate_stands_beside_the_findings() {
        let assessment = assess(&translation("It opened.", "문을 열었다."), &options());
        assert_eq!(assessment.estimate, Some(0.7));
        let without = assess(&translation("It opened.", "문을 열었다."), &CheckOptions::default());
        assert_eq!(without.estimate, None);
    }
}
