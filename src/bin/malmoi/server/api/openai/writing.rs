//! A text that is being written, by a loaded model or by a task.

use malmoi::{Finish, Outcome};
use serde_json::Value;

use super::super::super::work::Answer;
use crate::engine::{Failure, News, Ticket};

/// A text of either kind.
pub(super) enum Writing {
    Chat(Ticket<Answer>),
    Task(Ticket<Outcome>),
}

/// A finished text.
pub(super) struct Written {
    finish: Finish,
    pub prompt_tokens: usize,
    pub tokens: usize,
    /// All of it; empty where pieces have been sent.
    pub text: String,
    /// What the checks found; null for an answer of a model alone.
    pub findings: Value,
}

impl Writing {
    /// Waits for the whole text.
    pub async fn finish(self) -> Result<Written, Failure> {
        match self {
            Self::Chat(ticket) => ticket.result().await.map(Written::from),
            Self::Task(ticket) => ticket.result().await.map(Written::from),
        }
    }

    /// Sends pieces as they become final; returns the end. The result is told whole if no piece
    /// was sent.
    pub async fn pieces(self, mut on_text: impl FnMut(String)) -> Result<Written, Failure> {
        macro_rules! follow {
            ($ticket:expr) => {{
                let mut ticket = $ticket;
                let mut sent = false;
                loop {
                    match ticket.next().await {
                        News::Text(text) => {
                            sent = true;
                            on_text(text);
                        }
                        News::Progress { .. } => {}
                        News::Done(result) => {
                            let mut written = Written::from(result?);
                            if !sent {
                                on_text(std::mem::take(&mut written.text));
                            }
                            return Ok(written);
                        }
                    }
                }
            }};
        }
        match self {
            Self::Chat(ticket) => follow!(ticket),
            Self::Task(ticket) => follow!(ticket),
        }
    }
}

impl From<Answer> for Written {
    fn from(answer: Answer) -> Self {
        let Answer { text, finish, prompt_tokens, tokens } = answer;
        Self { finish, prompt_tokens, tokens, text, findings: Value::Null }
    }
}

impl From<Outcome> for Written {
    fn from(outcome: Outcome) -> Self {
        Self {
            finish: outcome.finish,
            prompt_tokens: outcome.tokens.seen,
            tokens: outcome.tokens.output,
            findings: serde_json::to_value(&outcome.findings).unwrap_or_default(),
            text: outcome.text,
        }
    }
}

impl Written {
    pub fn finish_reason(&self) -> &'static str {
        match self.finish {
            Finish::Length => "length",
            Finish::Refused => "content_filter",
            Finish::Stop | Finish::Looped => "stop",
        }
    }
}
