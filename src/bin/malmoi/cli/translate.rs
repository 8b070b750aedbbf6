//! `malmoi translate`.

use std::path::PathBuf;

use anyhow::Result;
use clap::Args;
use malmoi::Error;

use super::work::{self, Choices, Encoding};
use super::{Results, Run};
use crate::Exit;

/// Translate a text; paragraphs stay paragraphs
#[derive(Args)]
#[command(after_help = "Examples:\n  malmoi translate article.txt --to ko\n  \
    malmoi translate article.txt --to ko --glossary terms.tsv -o article.ko.txt")]
pub(crate) struct Translate {
    /// The text; standard input if none or `-`
    input: Option<PathBuf>,
    /// Language of the text: auto, en or ko
    #[arg(long, value_name = "LANGUAGE", default_value = "auto")]
    from: String,
    /// Language to translate into: en or ko [default: the other one]
    #[arg(long, value_name = "LANGUAGE")]
    to: Option<String>,
    /// Translations that must be used: a term, a tab and its translation on each line
    #[arg(long, value_name = "FILE")]
    glossary: Option<PathBuf>,
    #[command(flatten)]
    encoding: Encoding,
    #[command(flatten)]
    choices: Choices,
    #[command(flatten)]
    results: Results,
}

impl Translate {
    pub fn run(self, run: &Run) -> Result<Exit> {
        let to = self.to.as_deref().map(work::language).transpose()?;
        let given = work::source_language(&self.from)?;
        work::check_output(&self.results, &[self.input.as_deref(), self.glossary.as_deref()], run)?;
        let glossary = work::glossary(self.glossary.as_deref())?;
        let document = work::read(self.input.as_deref(), self.encoding, run)?;
        let from = given.map_or_else(|| work::language_of(&document), Ok)?;
        let to = to.unwrap_or(from.other());
        if from == to {
            return Err(Error::SameLanguage { language: to.name() }.into());
        }
        let chosen = run.chooser().translator(from, to)?;
        self.choices.note_ignored(&[&chosen.model], run);
        let mut request =
            chosen.model.translate_document(document).to(to).abilities(chosen.abilities);
        if let Some(from) = given {
            request = request.from(from);
        }
        let request = self.choices.apply(request.glossary(glossary), run);
        work::finish(request, work::Pieces::Blocks, &self.results, run)
    }
}
