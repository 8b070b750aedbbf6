//! Judge: what a learned judge doubts, where the user has one. Its thresholds are those of its
//! makers; knows nothing of the model behind it.

use super::check::{Check, Example, FindingKind, OutputKind, Scope};
use super::comparison::Comparison;
use super::options::Judge;
use super::spans::excerpt;
use crate::error::Result;
use crate::finding::Finding;

const UNSUPPORTED: FindingKind = FindingKind::major("judged_unsupported");
const POOR: FindingKind = FindingKind::major("judged_poor");
const FAILED: FindingKind = FindingKind::minor("judge_failed");

pub(super) const CHECK: Check = Check {
    name: "judge",
    describe: "what a learned judge doubts (--judge MODEL)",
    kinds: &[UNSUPPORTED, POOR, FAILED],
    scope: Scope::Article,
    // Without a judge nothing is found; `tests` has one.
    examples: &[
        Example::fine("The port opened.", "항구가 문을 열었다."),
        Example::fine("The port opened.", "The port opened.").summary(),
    ],
    run,
};

/// Smallest probability of a supported claim, as MiniCheck's makers decide.
const MIN_SUPPORT: f32 = 0.5;
/// Largest error of an acceptable translation, on MetricX's scale of 0 to 25: one major error and
/// minor ones, in the weights of MQM.
const MAX_ERROR: f32 = 7.0;

fn run(comparison: &Comparison<'_>) -> Vec<Finding> {
    let Some(judge) = &comparison.options.judge else { return Vec::new() };
    judged(comparison, &**judge).unwrap_or_else(|error| {
        let english = format!("the judge failed: {error}");
        vec![CHECK.finding(FAILED, english, format!("판정 모델 오류: {error}"))]
    })
}

fn judged(comparison: &Comparison<'_>, judge: &dyn Judge) -> Result<Vec<Finding>> {
    let pair = comparison.pair;
    let mut findings = Vec::new();
    match pair.kind {
        OutputKind::Summary if judge.judges_support(pair.from, pair.to) => {
            for span in comparison.output.sentences() {
                let claim = &pair.output[span.clone()];
                let probability = judge.support(pair.source, claim)?;
                if probability < MIN_SUPPORT {
                    let words = excerpt(claim);
                    let message =
                        format!("the judge finds no support in the article for '{words}'");
                    let korean = format!("판정 모델이 기사에서 근거를 찾지 못함: '{words}'");
                    let finding = CHECK.finding(UNSUPPORTED, message, korean);
                    findings
                        .push(finding.in_output(span.clone()).value("probability", probability));
                }
            }
        }
        OutputKind::Translation if judge.judges_translations() => {
            let error = judge.translation_error(pair.source, pair.output)?;
            if error > MAX_ERROR {
                let message = format!("the judge rates the translation poor: {error:.1} of 25");
                let korean = format!("판정 모델의 평가가 나쁨: 오류 {error:.1}점(25점 만점)");
                findings.push(CHECK.finding(POOR, message, korean).value("error", error));
            }
        }
        _ => {}
    }
    Ok(findings)
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::super::pairs::{messages, summary, translation};
    use super::*;
    use crate::checks::CheckOptions;
    use crate::error::Error;
    use crate::language::Language;

    /// Supports claims about bridges; an empty text is an error.
    struct Scripted;

    impl Judge for Scripted {
        fn judges_support(&self, from: Language, to: Language) -> bool {
            from == Language::English && to == Language::English
        }

        fn judges_translations(&self) -> bool {
            true
        }

        fn support(&self, _: &str, claim: &str) -> Result<f32> {
            Ok(if claim.contains("bridge") { 0.9 } else { 0.1 })
        }

        fn translation_error(&self, source: &str, translation: &str) -> Result<f32> {
            if translation.is_empty() {
                return Err(Error::Engine("no text".into()));
            }
            Ok(source.len().abs_diff(translation.len()) as f32)
        }
    }

    fn judged(pair: &crate::checks::Pair<'_>) -> Vec<Finding> {
        let options = CheckOptions { judge: Some(Arc::new(Scripted)), ..CheckOptions::default() };
        CHECK.findings(pair, &options)
    }

    #[test]
    fn a_claim_below_the_threshold_is_a_finding() {
        let article = "The bridge opened on Monday.";
        let findings = judged(&summary(article, "The bridge opened. Nine people sang."));
        assert_eq!(findings[0].output.unwrap().start, 19);
        assert_eq!(
            messages(findings),
            ["the judge finds no support in the article for 'Nine people sang.'"]
        );
        assert!(judged(&summary("다리가 열렸다.", "아홉 명이 노래했다.")).is_empty());
    }

    #[test]
    fn a_poor_translation_and_a_failed_judge_are_findings() {
        let kind = |source, output| {
            judged(&translation(source, output)).first().map(|finding| finding.kind.clone())
        };
        assert_eq!(kind("The bridge opened.", "열림").as_deref(), Some("judged_poor"));
        assert_eq!(kind("It opened.", "열렸다.").as_deref(), None);
        assert_eq!(kind("It opened.", "").as_deref(), Some("judge_failed"));
    }
}
