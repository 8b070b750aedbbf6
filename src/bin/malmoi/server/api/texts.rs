//! The texts of one request, translated together.

use std::sync::Arc;

use malmoi::document::{Document, Inline};
use malmoi::prompts::Task;
use malmoi::{Language, Outcome, TaskOptions, Term};

use super::super::app::App;
use super::{submit, within};
use crate::engine::task::document;
use crate::engine::{Failure, Ticket};

/// Texts in one request.
const MAX_TEXTS: usize = 1_000;

/// Texts, and what becomes of them.
#[derive(Clone)]
pub(super) struct Texts<'t> {
    pub texts: &'t [String],
    pub reader: &'t Reader<'t>,
    /// Language of all texts; detected for each if `None`.
    pub from: Option<Language>,
    pub to: Language,
    pub options: TaskOptions,
}

/// How the texts are read.
pub(super) struct Reader<'r> {
    /// True for HTML and XML, whose tags are no words.
    pub is_markup: bool,
    pub read: &'r (dyn Fn(&str) -> Result<ReadText, Failure> + Sync),
}

/// A text as it was read.
pub(super) struct ReadText {
    pub document: Document,
    /// Terms of this text alone.
    pub terms: Vec<Term>,
}

/// Plain text.
pub(super) const PLAIN: Reader<'static> =
    Reader { is_markup: false, read: &|text| document(text, "txt").map(ReadText::from) };
/// HTML.
pub(super) const HTML: Reader<'static> =
    Reader { is_markup: true, read: &|text| document(text, "html").map(ReadText::from) };

/// A text that is being translated. One without words, or in the target language, comes back as it
/// is.
pub(super) struct Pending {
    source: String,
    /// Its words, if it has tags as well.
    inline: Option<Inline>,
    ticket: Option<Ticket<Outcome>>,
    /// The language that it is translated from.
    pub from: Language,
}

impl Texts<'_> {
    /// Puts all texts into the queue, before the first is awaited: they are translated together.
    pub fn begin(self, app: &Arc<App>) -> Result<Vec<Pending>, Failure> {
        if self.texts.len() > MAX_TEXTS {
            let message =
                format!("{} texts in one request; this server takes {MAX_TEXTS}", self.texts.len());
            return Err(Failure::TooLarge(message));
        }
        within(app, self.texts.iter().map(|text| text.chars().count()).sum())?;
        self.texts.iter().map(|source| self.begin_one(app, source)).collect()
    }

    fn begin_one(&self, app: &App, source: &str) -> Result<Pending, Failure> {
        let inline = self.reader.is_markup.then(|| Inline::read(source));
        let detected = Language::detect(inline.as_ref().map_or(source, Inline::text));
        let from = self.from.or(detected).unwrap_or(self.to.other());
        let ticket = if detected.is_none() || from == self.to {
            None
        } else {
            let ReadText { document, terms } = (self.reader.read)(source)?;
            let mut options = self.options.clone();
            options.checks.glossary = options.checks.glossary.with(&terms);
            Some(submit(app, Task::Translate, document, Some(from), Some(self.to), options)?.0)
        };
        Ok(Pending { source: source.to_string(), inline, ticket, from })
    }
}

impl Pending {
    /// The words of the source, without tags.
    pub fn words(&self) -> &str {
        self.inline.as_ref().map_or(&self.source, Inline::text)
    }

    /// Waits for the translation.
    pub async fn text(self) -> Result<String, Failure> {
        match self.ticket {
            Some(ticket) => Ok(ticket.result().await?.text),
            None => Ok(self.source),
        }
    }
}

impl From<Document> for ReadText {
    fn from(document: Document) -> Self {
        Self { document, terms: Vec::new() }
    }
}
