//! `malmoi translate`.

use std::path::PathBuf;

use anyhow::Result;
use clap::Args;
use malmoi::Error;

use super::work::{self, Choices};
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
    /// Language to translate into: en or ko
    #[arg(long, value_name = "LANGUAGE")]
    to: String,
    /// Translations that must be used: a term, a tab and its translation on each line
    #[arg(long, value_name = "FILE")]
    glossary: Option<PathBuf>,
    #[command(flatten)]
    choices: Choices,
    #[command(flatten)]
    results: Results,
}

impl Translate {
    pub fn run(self, run: &Run) -> Result<Exit> {
        let to = work::language(&self.to)?;
        let given = (self.from != "auto").then(|| work::language(&self.from)).transpose()?;
        let glossary = work::glossary(self.glossary.as_deref())?;
        let document = work::read(self.input.as_deref(), run)?;
        let from = given.map_or_else(|| work::language_of(&document), Ok)?;
        if from == to {
            return Err(Error::SameLanguage { language: to.name() }.into());
        }
        let chosen = run.chooser().translator(from, to)?;
        let request = chosen.model.translate_document(document).from(from).to(to).abilities(chosen.abilities);
        work::finish(self.choices.apply(request.glossary(glossary), run), &self.results, run)
    }
}
