//! What a tool answers: text for people, and the same as data. Findings have the words they are
//! about, not places in bytes: an assistant has the texts, but cannot count.

use std::fmt::Write as _;

use malmoi::checks::OutputKind;
use malmoi::{Finding, Language, Outcome, Place, Severity, Support};
use rmcp::model::{CallToolResult, ContentBlock};
use rmcp::schemars::{self, JsonSchema};
use serde::Serialize;
use serde_json::Value;

use crate::findings::{in_context, labels, shortened};

/// The result of a call.
#[derive(Debug)]
pub(super) struct Answer {
    /// Blocks of text, the result itself first.
    texts: Vec<String>,
    data: Value,
}

impl Answer {
    pub fn new(texts: Vec<String>, data: &impl Serialize) -> Self {
        Self { texts, data: serde_json::to_value(data).unwrap_or_default() }
    }
}

impl From<Answer> for CallToolResult {
    fn from(answer: Answer) -> Self {
        let Answer { texts, data } = answer;
        let mut result = Self::structured(data);
        result.content = texts.into_iter().map(ContentBlock::text).collect();
        result
    }
}

/// A possible error, for a person to look at.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(crate = "schemars", rename = "Finding")]
pub(super) struct FindingData {
    /// The check that found it: `numbers`, `names`, `negation` and others.
    check: String,
    /// Kind of the finding, for programs.
    kind: String,
    /// `critical` (unusable), `major` (a fact may be wrong) or `minor` (the form is wrong).
    #[schemars(extend("enum" = ["critical", "major", "minor"]))]
    severity: &'static str,
    /// One sentence in English.
    message: String,
    /// The same in Korean.
    message_ko: String,
    /// Words of the source that it is about.
    #[serde(skip_serializing_if = "Option::is_none")]
    source: Option<String>,
    /// Words of the output that it is about.
    #[serde(skip_serializing_if = "Option::is_none")]
    output: Option<String>,
}

/// A sentence of a summary, and the sentences of the article that it comes from.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(crate = "schemars", rename = "Support")]
pub(super) struct SupportData {
    /// The sentence of the summary.
    sentence: String,
    /// Words of the article; empty if nothing there supports the sentence.
    article: String,
}

/// The findings about an output that an editor should look at, with the texts they are about.
pub(super) struct Findings<'t> {
    found: Vec<(&'t Finding, &'t str, &'t str)>,
    kind: OutputKind,
}

impl<'t> Findings<'t> {
    /// Findings about a source and an output.
    pub fn of_pair(
        findings: &'t [Finding],
        source: &'t str,
        output: &'t str,
        kind: OutputKind,
    ) -> Self {
        let doubts = findings.iter().filter(|finding| finding.is_doubt());
        Self { found: doubts.map(|finding| (finding, source, output)).collect(), kind }
    }

    /// Findings about a result, whose segments have texts of their own.
    pub fn of_outcome(outcome: &'t Outcome, article: &'t str, kind: OutputKind) -> Self {
        let doubts = outcome.findings.iter().filter(|finding| finding.is_doubt());
        let found = doubts.map(|finding| {
            let segment = finding.segment.and_then(|segment| outcome.segments.get(segment));
            match segment {
                Some(segment) => (finding, segment.source.as_str(), segment.text.as_str()),
                None => (finding, article, outcome.text.as_str()),
            }
        });
        Self { found: found.collect(), kind }
    }

    pub fn data(&self) -> Vec<FindingData> {
        let words = |place: Option<Place>, text: &str| Some(shortened(place?.of(text)?));
        let of = |(finding, source, output): &(&Finding, &str, &str)| FindingData {
            check: finding.check.clone(),
            kind: finding.kind.clone(),
            severity: match finding.severity {
                Severity::Critical => "critical",
                Severity::Major => "major",
                Severity::Minor => "minor",
            },
            message: finding.message.clone(),
            message_ko: finding.message_in(Language::Korean).to_string(),
            source: words(finding.source, source),
            output: words(finding.output, output),
        };
        self.found.iter().map(of).collect()
    }

    /// The findings as text, each with its words in their context.
    pub fn text(&self) -> String {
        let mut text = match self.found.len() {
            0 => {
                return "The checks found nothing to look at. They compare facts, not style, and \
                        do not prove that the text is right."
                    .into();
            }
            1 => "1 possible error:\n".to_string(),
            count => format!("{count} possible errors:\n"),
        };
        for (number, (data, (finding, source, output))) in
            self.data().iter().zip(&self.found).enumerate()
        {
            let FindingData { check, severity, message, .. } = data;
            let _ = writeln!(text, "{}. {severity}, {check}: {message}", number + 1);
            let places = [(finding.source, source), (finding.output, output)];
            for (label, (place, whole)) in labels(self.kind, Language::English).iter().zip(places) {
                if let Some(shown) = place.and_then(|place| in_context(place, whole)) {
                    let _ = writeln!(text, "   {label}: {shown}");
                }
            }
        }
        text.trim_end().to_string()
    }
}

/// The support of a summary.
pub(super) fn support_data(summary: &str, support: &[Support]) -> Vec<SupportData> {
    let of = |one: &Support| SupportData {
        sentence: one.output.of(summary).unwrap_or_default().trim().to_string(),
        article: one.words.clone(),
    };
    support.iter().map(of).collect()
}

/// The support of a summary as text.
pub(super) fn support_text(summary: &str, support: &[Support]) -> String {
    crate::findings::support(summary, support, Language::English).join("\n")
}
