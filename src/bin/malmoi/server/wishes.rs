//! What a request wishes of a task beside its text, and the options it makes of the server's.

use malmoi::checks::CheckOptions;
use malmoi::{Repair, TaskOptions, Term};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::glossaries::MOST_TERMS;
use crate::engine::{Failure, fields};

/// Wishes for a summary or a translation.
#[derive(Debug, Clone, Default, Serialize, Deserialize, ToSchema)]
pub(crate) struct Wishes {
    /// Sentences of a summary, 1 to 50; 3 by default.
    pub sentences: Option<usize>,
    /// Shape of a summary: `paragraph`, `bullets` or `headline`.
    pub style: Option<String>,
    /// Register of Korean: `handa` (한다체), `hamnida` (합니다체) or `haeyo` (해요체).
    pub register: Option<String>,
    /// Prescribed translations, beside those of the desk; at most 10,000.
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
        if let Some(count) = self.sentences {
            options.sentences = fields::sentences(count)?;
        }
        options.style = fields::style(self.style.as_deref())?;
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
    if terms.len() > MOST_TERMS {
        let message = format!("`glossary` must have at most {MOST_TERMS} terms");
        return Err(Failure::Invalid(message));
    }
    let terms: Vec<Term> =
        terms.iter().map(|term| Term::new(term.source.clone(), term.target.clone())).collect();
    fields::check_options(server, register, &terms)
}
