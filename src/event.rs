//! Progress of a running request as serializable events, and the callbacks that receive them.
//! Prints nothing.

use std::time::Instant;

use serde::Serialize;

use crate::error::{Error, Result};

pub use crate::finding::Finding;

/// The reason why the generation of a text ended, from best to worst.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, PartialOrd, Ord)]
#[serde(rename_all = "lowercase")]
pub enum Finish {
    /// The model ended the text.
    Stop,
    /// The token limit was reached, also after the source was split and tried again.
    Length,
    /// The output repeated itself, also after every retry.
    Looped,
    /// The model did not answer.
    Refused,
}

impl Finish {
    /// The word in JSON.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Stop => "stop",
            Self::Length => "length",
            Self::Looped => "looped",
            Self::Refused => "refused",
        }
    }
}

/// An event of a running request.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(tag = "event", rename_all = "snake_case")]
#[non_exhaustive]
// Events are passed by reference, one at a time.
#[allow(clippy::large_enum_variant)]
pub enum Event {
    /// A stage begins: `summarize`, `combine` (the reduce step) or `translate`.
    Stage {
        /// Name of the stage.
        stage: &'static str,
        /// Its segments.
        segments: usize,
    },
    /// The prompt of a segment.
    Prompt {
        /// Index of the segment in the stage.
        index: usize,
        /// Its token ids.
        ids: Vec<u32>,
    },
    /// Progress of a stage, sent at its start and after every step of the model. Token counts are
    /// of the text, without the prompt around it. A translation is one stage, whatever number of
    /// batches it takes.
    Progress {
        /// Name of the stage.
        stage: &'static str,
        /// Finished segments.
        done: usize,
        /// All segments.
        segments: usize,
        /// Tokens of the text that the model has read.
        read: usize,
        /// All tokens of the text.
        tokens: usize,
        /// Generated tokens.
        written: usize,
    },
    /// A segment is finished.
    Segment {
        /// Index of the segment in the stage.
        index: usize,
        /// The reason why its generation ended.
        finish: Finish,
        /// Generated tokens.
        tokens: usize,
    },
    /// A loop was detected and discarded.
    Rescued {
        /// Index of the segment in the stage.
        index: usize,
        /// Discarded tokens.
        tokens: usize,
    },
    /// Segments with severe doubts were generated again.
    Repair {
        /// Segments that were tried again.
        segments: usize,
        /// Those of them that were replaced by a better answer.
        repaired: usize,
        /// Tokens generated for it.
        tokens: usize,
        /// Duration.
        seconds: f64,
    },
    /// Segments that were still doubtful were translated by the second model as well.
    SecondOpinion {
        /// Segments that it was asked for.
        segments: usize,
        /// Those of them whose second translation is kept.
        taken: usize,
        /// Tokens generated for it.
        tokens: usize,
        /// Duration.
        seconds: f64,
    },
    /// A finding, as soon as it is made.
    Found(Finding),
}

type OnEvent<'o> = Box<dyn FnMut(&Event) + 'o>;
type OnText<'o> = Box<dyn FnMut(&str) + 'o>;

/// Callbacks of a running request; see [`Request::observe`](crate::Request::observe). They must
/// not block: a [shared](crate::Model::shared) model calls them from its one generation loop.
///
/// ```
/// use malmoi::{Event, Observer};
/// let mut text = String::new();
/// let observer = Observer::new().on_text(|fresh| text.push_str(fresh)).cancel_if(|| false);
/// ```
#[derive(Default)]
pub struct Observer<'o> {
    on_event: Option<OnEvent<'o>>,
    on_text: Option<OnText<'o>>,
    cancel_if: Option<Box<dyn FnMut() -> bool + 'o>>,
    deadline: Option<Instant>,
    is_late: bool,
}

impl<'o> Observer<'o> {
    /// An observer without callbacks: the request runs to its end.
    pub fn new() -> Self {
        Self::default()
    }

    /// Receives every event.
    #[must_use]
    pub fn on_event(mut self, callback: impl FnMut(&Event) + 'o) -> Self {
        self.on_event = Some(Box::new(callback));
        self
    }

    /// Receives the text of the result in pieces, each as soon as it is final.
    #[must_use]
    pub fn on_text(mut self, callback: impl FnMut(&str) + 'o) -> Self {
        self.on_text = Some(Box::new(callback));
        self
    }

    /// Ends the request with [`Error::Cancelled`] when the callback returns true. It is called
    /// before the work begins, after each piece of text, between the segments of a text while they
    /// are measured, tokenized and checked, and after every step of the model, prompts included;
    /// while a shared model works or the request waits for its turn there, ten times a second.
    #[must_use]
    pub fn cancel_if(mut self, callback: impl FnMut() -> bool + 'o) -> Self {
        self.cancel_if = Some(Box::new(callback));
        self
    }

    pub(crate) fn event(&mut self, event: &Event) {
        if let Some(on_event) = &mut self.on_event {
            on_event(event);
        }
    }

    /// Passes text on, unless it is empty; an error if the request is cancelled.
    pub(crate) fn text(&mut self, text: &str) -> Result<()> {
        if let Some(on_text) = &mut self.on_text
            && !text.is_empty()
        {
            on_text(text);
        }
        self.check()
    }

    /// An error if the request is cancelled or late.
    pub(crate) fn check(&mut self) -> Result<()> {
        self.is_late |= self.deadline.is_some_and(|deadline| Instant::now() >= deadline);
        if self.is_late || self.cancel_if.as_mut().is_some_and(|is_cancelled| is_cancelled()) {
            return Err(Error::Cancelled);
        }
        Ok(())
    }

    /// Cancels the request at a time.
    pub(crate) fn set_deadline(&mut self, deadline: Option<Instant>) {
        self.deadline = deadline;
    }

    /// True if the request was cancelled because its deadline had passed.
    pub(crate) fn is_late(&self) -> bool {
        self.is_late
    }

    /// Runs a part of the work whose text is not the result's: `on_text` does not receive it.
    pub(crate) fn without_text<T>(&mut self, work: impl FnOnce(&mut Self) -> T) -> T {
        let on_text = self.on_text.take();
        let result = work(self);
        self.on_text = on_text;
        result
    }
}
