//! The texts of one request, translated together.

use malmoi::prompts::Task;
use malmoi::{Language, Outcome, TaskOptions};

use super::super::app::App;
use super::super::engine::Ticket;
use super::super::failure::Failure;
use super::{Text, within};

/// Texts in one request.
const MAX_TEXTS: usize = 1_000;

/// Texts, and what becomes of them.
#[derive(Clone)]
pub(super) struct Texts<'t> {
    pub texts: &'t [String],
    /// Format by the extension of its files: `txt`, `html`.
    pub format: &'static str,
    /// Language of all texts; detected for each if `None`.
    pub from: Option<Language>,
    pub to: Language,
    pub options: TaskOptions,
}

/// A text that is being translated. One without words, or in the target language, comes back as it
/// is.
pub(super) struct Pending {
    source: String,
    ticket: Option<Ticket<Outcome>>,
    /// The detected language; `None` for a text without words.
    pub detected: Option<Language>,
    /// The language that it is translated from.
    pub from: Language,
}

impl Texts<'_> {
    /// Puts all texts into the queue, before the first is awaited: they are translated together.
    pub fn begin(self, app: &App) -> Result<Vec<Pending>, Failure> {
        let Self { texts, format, from, to, options } = self;
        if texts.len() > MAX_TEXTS {
            let message =
                format!("{} texts in one request; this server takes {MAX_TEXTS}", texts.len());
            return Err(Failure::TooLarge(message));
        }
        within(app, texts.iter().map(|text| text.chars().count()).sum())?;
        let begin = |source: &String| {
            let detected = Language::detect(source);
            let from = from.or(detected).unwrap_or(to.other());
            let ticket = if detected.is_none() || from == to {
                None
            } else {
                let (task, options) = (Task::Translate, options.clone());
                let (from, to) = (Some(from), Some(to));
                Some(Text { task, text: source, format, from, to, options }.submit(app)?.0)
            };
            Ok(Pending { source: source.clone(), ticket, detected, from })
        };
        texts.iter().map(begin).collect()
    }
}

impl Pending {
    /// Characters of the source.
    pub fn characters(&self) -> usize {
        self.source.chars().count()
    }

    /// Waits for the translation.
    pub async fn text(self) -> Result<String, Failure> {
        match self.ticket {
            Some(ticket) => Ok(ticket.result().await?.text),
            None => Ok(self.source),
        }
    }
}
