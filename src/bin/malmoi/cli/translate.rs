//! `malmoi translate`.

use std::path::PathBuf;

use anyhow::Result;
use clap::Args;
use malmoi::Error;

use super::task;
use super::task_args::{EncodingArgs, GenerationArgs, OutputArgs};
use crate::context::{Context, Exit};

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
    encoding: EncodingArgs,
    #[command(flatten)]
    choices: GenerationArgs,
    #[command(flatten)]
    results: OutputArgs,
}

impl Translate {
    pub fn run(self, context: &Context) -> Result<Exit> {
        let to = self.to.as_deref().map(task::language).transpose()?;
        let given = task::source_language(&self.from)?;
        task::check_output(
            &self.results,
            &[self.input.as_deref(), self.glossary.as_deref()],
            context,
        )?;
        let glossary = task::glossary(self.glossary.as_deref())?;
        let document = task::read(self.input.as_deref(), self.encoding, context)?;
        let from = given.map_or_else(|| task::language_of(&document), Ok)?;
        let to = to.unwrap_or(from.other());
        if from == to {
            return Err(Error::SameLanguage { language: to.name() }.into());
        }
        let chosen = context.resolver().translator(from, to)?;
        self.choices.note_ignored(&[&chosen.model], context);
        let mut request =
            chosen.model.translate_document(document).to(to).capabilities(chosen.capabilities);
        if let Some(from) = given {
            request = request.from(from);
        }
        let request = self.choices.apply(request.glossary(glossary), context);
        task::finish(request, task::Pieces::Blocks, &self.results, context)
    }
}
