//! What a request wishes of a task beside its text, and the options it makes of the server's.

use malmoi::checks::CheckOptions;
use malmoi::prompts::Style;
use malmoi::{Register, Repair, TaskOptions, Term};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::failure::Failure;

/// Wishes for a summary or a translation.
#[derive(Debug, Clone, Default, Serialize, Deserialize, ToSchema)]
pub(crate) struct Wishes {
    /// Sentences of a summary, 1 to 50; 3 by default.
    pub sentences: Option<usize>,
    /// Shape of a summary: `paragraph`, `bullets` or `headline`.
    pub style: Option<String>,
    /// Register of Korean: `handa` (한다체), `hamnida` (합니다체) or `haeyo` (해요체).
    pub register: Option<String>,
    /// Prescribed translations, beside those of the desk.
    #[serde(default)]
    pub glossary: Vec<TermRequest>,
    /// False to write segments without the translation memory.
    pub memory: Option<bool>,
    /// False to leave answers with severe doubts as they are. A summary is streamed word by word
    /// only then.
    pub repair: Option<bool>,
    /// Seed for sampling; without it the likeliest token is taken each time.
    pub seed: Option<u64>,
}

/// A prescribed translation.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub(crate) struct TermRequest {
    #[schema(example = "Harbor Authority")]
    pub source: String,
    #[schema(example = "항만공사")]
    pub target: String,
}

impl Wishes {
    /// The server's options, changed as wished.
    pub fn options(&self, server: &TaskOptions) -> Result<TaskOptions, Failure> {
        let mut options = server.clone();
        options.checks = checks(&server.checks, self.register.as_deref(), &self.glossary)?;
        if let Some(sentences) = self.sentences {
            if !(1..=50).contains(&sentences) {
                return Err(Failure::Invalid("`sentences` must be from 1 to 50".into()));
            }
            options.sentences = sentences;
        }
        options.style = match self.style.as_deref() {
            None | Some("paragraph") => Style::Paragraph,
            Some("bullets") => Style::Bullets,
            Some("headline") => Style::Headline,
            Some(other) => {
                let shown = shortened(other);
                let message = format!("`{shown}` is no style; use paragraph, bullets or headline");
                return Err(Failure::Invalid(message));
            }
        };
        if self.memory == Some(false) {
            options.desk = None;
        }
        if self.repair == Some(false) {
            options.repair = Repair::Off;
        }
        options.seed = self.seed;
        Ok(options)
    }
}

/// Options of checks with a register and further terms.
pub(crate) fn checks(
    server: &CheckOptions,
    register: Option<&str>,
    terms: &[TermRequest],
) -> Result<CheckOptions, Failure> {
    let mut options = server.clone();
    if let Some(word) = register {
        options.register = Some(Register::parse(word).ok_or_else(|| {
            let shown = shortened(word);
            Failure::Invalid(format!("`{shown}` is no register; use handa, hamnida or haeyo"))
        })?);
    }
    if !terms.is_empty() {
        let terms: Vec<Term> =
            terms.iter().map(|term| Term::new(term.source.clone(), term.target.clone())).collect();
        options.glossary = options.glossary.with(&terms);
    }
    Ok(options)
}

/// At most 20 characters of what a client sent, for messages.
pub(crate) fn shortened(text: &str) -> String {
    text.chars().take(20).collect()
}
