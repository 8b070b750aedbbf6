//! What a request gives back: plain data, one JSON object a line for programs.

use serde::{Deserialize, Serialize};

use crate::event::Finish;
use crate::finding::{Finding, beginning};
use crate::language::Language;
use crate::prompts::Task;

/// How a text in another language is reached.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Default)]
#[serde(rename_all = "lowercase")]
pub enum Route {
    /// Whatever the models can do: direct where the model writes summaries in the language asked
    /// for, else the cascade.
    #[default]
    Auto,
    /// The model writes in the other language at once.
    Direct,
    /// Summarize in the article's language, then translate the summary.
    Cascade,
}

impl Route {
    /// The word the command line and JSON use.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Auto => "auto",
            Self::Direct => "direct",
            Self::Cascade => "cascade",
        }
    }
}

/// Tokens that went in and came out.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, Default)]
pub struct Tokens {
    /// Tokens of the text, its furniture left out.
    pub input: usize,
    /// How many of those a model read. Anything below `input` is a loss.
    pub seen: usize,
    /// Tokens written, intermediate summaries included.
    pub output: usize,
}

/// One piece of the work.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Segment {
    /// What the model was given.
    pub source: String,
    /// What it wrote.
    pub text: String,
    /// Why it ended.
    pub finish: Finish,
    /// How sure the model was: the mean of the logarithms of its tokens' probabilities. Only of
    /// models that read a source.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub score: Option<f32>,
}

/// The result of a request.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Outcome {
    /// `summarize` or `translate`.
    #[serde(serialize_with = "as_word")]
    pub task: Task,
    /// The model that wrote the text.
    pub model: String,
    /// The text's language.
    pub from: Language,
    /// The result's.
    pub to: Language,
    /// How it was reached; always direct where both languages are one.
    pub route: Route,
    /// The result.
    pub text: String,
    /// The worst of the segments' reasons to end.
    pub finish: Finish,
    /// What was read and written.
    pub tokens: Tokens,
    /// The pieces, in the order of the text; of a cascade those of the translation.
    pub segments: Vec<Segment>,
    /// What is doubtful.
    pub findings: Vec<Finding>,
    /// Of a cascade: the summary in the article's language, before it was translated.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub intermediate: Option<String>,
    /// How long it took.
    pub seconds: f64,
}

fn as_word<S: serde::Serializer>(task: &Task, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(task.as_str())
}

impl Outcome {
    /// The first words of the segment a finding is about, as they stand in the source: where a
    /// reader finds it.
    pub fn beginning(&self, finding: &Finding) -> Option<String> {
        let segment = self.segments.get(finding.segment?)?;
        Some(beginning(&segment.source))
    }
}
