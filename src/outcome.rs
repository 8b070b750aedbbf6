//! The result of a request, as serializable data.

use serde::{Deserialize, Serialize};

use crate::checks::GlossaryUse;
use crate::desk::{CLOSE_LIKENESS, LEAST_LIKENESS, Origin};
use crate::event::Finish;
use crate::finding::{Finding, Support, beginning};
use crate::language::Language;
use crate::prompts::Task;

/// The route to a summary in another language.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Default)]
#[serde(rename_all = "lowercase")]
pub enum Route {
    /// Direct if the model writes summaries in the target language, else the cascade.
    #[default]
    Auto,
    /// The model writes the summary in the target language.
    Direct,
    /// The summary is written in the article's language, then translated.
    Cascade,
}

impl Route {
    /// The word in JSON and on the command line.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Auto => "auto",
            Self::Direct => "direct",
            Self::Cascade => "cascade",
        }
    }
}

/// Token counts of a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, Default)]
pub struct Tokens {
    /// Tokens of the text, without boilerplate.
    pub input: usize,
    /// Tokens of the text that a model has read. If fewer than `input`, something was lost.
    pub seen: usize,
    /// Generated tokens, those of intermediate summaries included. A translation from the memory
    /// counts as when it was generated.
    pub output: usize,
}

/// A part of the text and the model's output for it.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Segment {
    /// The source text.
    pub source: String,
    /// The generated text.
    pub text: String,
    /// The reason why generation ended.
    pub finish: Finish,
    /// Mean log-probability of the generated tokens; encoder-decoder models only.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub score: Option<f32>,
    /// Estimate of a translation's quality, higher for better: see
    /// [`CheckOptions::estimation`](crate::checks::CheckOptions::estimation).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub estimate: Option<f32>,
    /// What it owes to the desk's memory.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub memory: Option<MemoryUse>,
    /// The model that wrote it, if that is the second one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub model: Option<String>,
}

/// What a translation owes to the second model.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, Default)]
pub struct SecondUse {
    /// Its name.
    pub model: String,
    /// Doubtful segments that it translated as well.
    pub asked: usize,
    /// Those of them whose second translation was better and is kept.
    pub taken: usize,
}

/// What a segment owes to the desk's memory.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, Default)]
pub struct MemoryUse {
    /// Where the translation came from that was reused as it is; `None` if the model wrote it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reused: Option<Origin>,
    /// Likeness, in percent, of the units that the model was shown as examples.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub examples: Vec<u8>,
}

impl MemoryUse {
    /// The part that a text would owe if the model wrote it again: a reused translation of a
    /// machine is the text that it writes. `None` if that is nothing.
    pub(crate) fn of_people(self) -> Option<Self> {
        let reused = self.reused.filter(|origin| *origin > Origin::Machine);
        (reused.is_some() || !self.examples.is_empty()).then_some(Self { reused, ..self })
    }
}

/// Numbers of segments by what they owe to the desk's memory, each counted once.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct MemoryCounts {
    /// Translations that were reused as they are.
    pub reused: usize,
    /// Written by the model after it was shown a unit of at least [`CLOSE_LIKENESS`].
    pub close: usize,
    /// The same with one of at least [`LEAST_LIKENESS`].
    pub similar: usize,
    /// The same with units that are less alike.
    pub far: usize,
}

/// What ran: enough to make the same text again, and to know that another model or prompt did not.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, Default)]
pub struct Provenance {
    /// Version of malmoi.
    pub version: String,
    /// The steps, in order: one, or for a cascade that of the summary and of its translation.
    pub steps: Vec<ProvenanceStep>,
}

/// A model that ran, and what it was told.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, Default)]
pub struct ProvenanceStep {
    /// `summarize`, `combine` or `translate`.
    pub task: String,
    /// Name of the model.
    pub model: String,
    /// One SHA-256 of the model's files: see [`OpenOptions::sha256`](crate::OpenOptions::sha256).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub model_sha256: Option<String>,
    /// Name of the prompt; `None` for a model that is given the text alone.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub prompt: Option<String>,
    /// SHA-256 of the prompt's file.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub prompt_sha256: Option<String>,
}

/// The result of a request.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Outcome {
    /// `summarize` or `translate`.
    #[serde(serialize_with = "as_word")]
    pub task: Task,
    /// The model that wrote the text.
    pub model: String,
    /// Language of the text.
    pub from: Language,
    /// Language of the result.
    pub to: Language,
    /// The route taken; direct if both languages are the same.
    pub route: Route,
    /// The resulting text.
    pub text: String,
    /// The translation of an office file, as such a file; `text` has its words.
    #[serde(skip)]
    pub file: Option<Vec<u8>>,
    /// The worst finish of all segments.
    pub finish: Finish,
    /// Token counts.
    pub tokens: Tokens,
    /// Segments in the order of the text. For a cascade, segments of the translation.
    pub segments: Vec<Segment>,
    /// Findings, the most severe first.
    pub findings: Vec<Finding>,
    /// For a summary, the article sentences that support each of its sentences.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub support: Vec<Support>,
    /// How a translation used the glossary; `None` if none of its terms occurred.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub glossary: Option<GlossaryUse>,
    /// What a translation owes to the second model; `None` if none was named.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub second: Option<SecondUse>,
    /// The summary before its translation, for a cascade.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub intermediate: Option<String>,
    /// What ran.
    pub provenance: Provenance,
    /// Duration.
    pub seconds: f64,
}

fn as_word<S: serde::Serializer>(task: &Task, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(task.as_str())
}

impl Outcome {
    /// What is written to a file: the office file, or the text.
    pub fn into_bytes(self) -> Vec<u8> {
        self.file.unwrap_or_else(|| self.text.into_bytes())
    }

    /// True if the second model translated a segment.
    pub(crate) fn has_asked_second(&self) -> bool {
        self.second.as_ref().is_some_and(|second| second.asked > 0)
    }

    /// Number of segments whose translations were reused from the desk's memory.
    pub fn reused(&self) -> usize {
        self.memory_counts().reused
    }

    /// Numbers of segments by what they owe to the desk's memory.
    pub fn memory_counts(&self) -> MemoryCounts {
        let mut counts = MemoryCounts::default();
        for memory in self.segments.iter().filter_map(|segment| segment.memory.as_ref()) {
            match memory.examples.iter().max() {
                _ if memory.reused.is_some() => counts.reused += 1,
                Some(CLOSE_LIKENESS..) => counts.close += 1,
                Some(LEAST_LIKENESS..) => counts.similar += 1,
                Some(_) => counts.far += 1,
                None => {}
            }
        }
        counts
    }

    /// The first words of the source of a finding's segment.
    pub fn beginning(&self, finding: &Finding) -> Option<String> {
        let segment = self.segments.get(finding.segment?)?;
        Some(beginning(&segment.source))
    }
}
