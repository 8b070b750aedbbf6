//! What is happening: plain data, serialisable. Prints nothing.

use serde::Serialize;

pub use crate::finding::Finding;

/// Why a piece of output ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, PartialOrd, Ord)]
#[serde(rename_all = "lowercase")]
pub enum Finish {
    /// The model said it was done.
    Stop,
    /// The token limit was reached, also after the piece was split smaller and tried again.
    Length,
    /// The output repeated itself, and every rescue did too.
    Looped,
    /// The model answered with something else than the task, or nothing.
    Refused,
}

impl Finish {
    /// The word used in JSON.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Stop => "stop",
            Self::Length => "length",
            Self::Looped => "looped",
            Self::Refused => "refused",
        }
    }
}

/// What a running request tells while it runs. Handlers must not block.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(tag = "event", rename_all = "snake_case")]
#[non_exhaustive]
pub enum Event {
    /// A stage begins: `summarize`, `combine` (the reduce step) or `translate`.
    Stage {
        /// The stage's name.
        stage: &'static str,
        /// Segments in it.
        segments: usize,
    },
    /// What the model is given for a segment.
    Prompt {
        /// The segment's index within the stage.
        index: usize,
        /// Token ids.
        ids: Vec<u32>,
    },
    /// How far the work of a stage is: at its beginning and after every step of the model. Tokens
    /// are those of the text, without the words around it; a long translation is one stage here,
    /// however many batches it takes.
    Progress {
        /// The stage's name.
        stage: &'static str,
        /// Segments that are done.
        done: usize,
        /// Segments in all.
        segments: usize,
        /// Tokens of the text that the model has read.
        read: usize,
        /// Tokens of the text in all.
        tokens: usize,
        /// Tokens written so far.
        written: usize,
    },
    /// A segment is done.
    Segment {
        /// Its index within the stage.
        index: usize,
        /// Why it ended.
        finish: Finish,
        /// Tokens generated for it.
        tokens: usize,
    },
    /// A loop was seen and rolled back.
    Rescued {
        /// Segment index within the stage.
        index: usize,
        /// Tokens taken back.
        tokens: usize,
    },
    /// A doubt, as soon as it is known.
    Found(Finding),
}
