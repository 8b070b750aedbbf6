//! A cascade: the job of its second half, and the outcome of both.

use crate::document::Span;
use crate::error::Error;
use crate::finding::{Finding, Place, Support};
use crate::job::{Capabilities, Job, TaskOptions};
use crate::language::LanguagePair;
use crate::model::Model;
use crate::outcome::{Outcome, Route, Tokens};
use crate::prompts::Task;
use crate::segment::sentence_spans;

/// The error for an encoder-decoder model without a second model to translate its summary.
pub(super) fn needs_translator(model: &Model, languages: LanguagePair) -> Error {
    let LanguagePair { from, to } = languages;
    Error::Unsupported {
        what: format!("a summary in {} of an article in {}", to.name(), from.name()),
        file: model.path().to_path_buf(),
        supported: "summaries in the article's language, which another model can translate".into(),
    }
}

/// The job to translate the summary, with the capabilities of the model that does it. A named
/// prompt is for the summary.
pub(super) fn translation_job(job: &Job, capabilities: &Capabilities) -> Job {
    Job {
        task: Task::Translate,
        options: TaskOptions { prompt: None, ..job.options.clone() },
        capabilities: capabilities.clone(),
        ..job.clone()
    }
}

/// The outcome of the translation, with the text, tokens and findings of the summary.
pub(super) fn join(summary: Outcome, translation: Outcome) -> Outcome {
    let mut findings: Vec<Finding> = summary.findings.into_iter().map(of_summary).collect();
    findings.extend(translation.findings.into_iter().map(of_translation));
    Finding::arrange(&mut findings);
    let output = summary.tokens.output + translation.tokens.output;
    let mut provenance = summary.provenance;
    provenance.steps.extend(translation.provenance.steps);
    Outcome {
        task: Task::Summarize,
        route: Route::Cascade,
        tokens: Tokens { output, ..summary.tokens },
        finish: translation.finish.max(summary.finish),
        findings,
        support: translated_support(&summary.text, summary.support, &translation.text),
        intermediate: Some(summary.text),
        provenance,
        ..translation
    }
}

/// The support of a translated summary, sentence by sentence; empty if the translation has another
/// number of sentences.
fn translated_support(summary: &str, support: Vec<Support>, translation: &str) -> Vec<Support> {
    let places = sentence_spans(translation);
    if places.len() != support.len() || sentence_spans(summary).len() != support.len() {
        return Vec::new();
    }
    let moved = |(span, support): (Span, Support)| {
        let output = Place { offset: Some(span.start), ..span.into() };
        Support { output, ..support }
    };
    places.into_iter().zip(support).map(moved).collect()
}

/// A finding about the summary. Its segment and its place in the output would be read as the
/// translation's; its place in the source becomes one in the whole article.
fn of_summary(finding: Finding) -> Finding {
    let source = finding.source.and_then(|place| {
        let start = place.offset?;
        Some(Place { start, end: start + (place.end - place.start), ..place })
    });
    Finding { segment: None, source, output: None, ..finding }
        .value("step", Task::Summarize.as_str())
}

/// A finding about the translation. Its source is the summary, which is no part of the article.
fn of_translation(finding: Finding) -> Finding {
    let source = finding.source.map(|place| Place { offset: None, ..place });
    Finding { source, ..finding }.value("step", Task::Translate.as_str())
}
