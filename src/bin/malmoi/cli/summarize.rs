//! `malmoi summarize`.

use std::path::PathBuf;

use anyhow::Result;
use clap::Args;
use malmoi::Language;

use super::task;
use super::task_args::{EncodingArgs, GenerationArgs, OutputArgs, SummaryArgs};
use crate::context::{Context, Exit};

/// Summarize an article
#[derive(Args)]
#[command(after_help = "Examples:\n  malmoi summarize article.txt --sentences 3\n  \
    malmoi summarize article.txt --to ko --style bullets\n  cat article.txt | malmoi summarize --json")]
pub(crate) struct Summarize {
    /// The article; standard input if none or `-`
    input: Option<PathBuf>,
    /// Language of the article: auto, en or ko
    #[arg(long, value_name = "LANGUAGE", default_value = "auto")]
    from: String,
    /// Language of the summary: en or ko [default: the article's]
    #[arg(long, value_name = "LANGUAGE")]
    to: Option<String>,
    #[command(flatten)]
    summary: SummaryArgs,
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

impl Summarize {
    pub fn run(self, context: &Context) -> Result<Exit> {
        let to = self.to.as_deref().map(task::language).transpose()?;
        let given = task::source_language(&self.from)?;
        let glossary = task::glossary(self.glossary.as_deref())?;
        let read = [self.input.as_deref(), self.glossary.as_deref()];
        task::check_output(&self.results, &read, context)?;
        let document = task::read(self.input.as_deref(), self.encoding, context)?;
        let from = given.map_or_else(|| task::language_of(&document), Ok)?;
        let to: Language = to.unwrap_or(from);
        let (summarizer, translator) = context.resolver().summarizers(from, to)?;
        let models =
            [Some(&summarizer), translator.as_ref()].map(|one| one.map(|chosen| &chosen.model));
        self.choices.note_ignored(&models.into_iter().flatten().collect::<Vec<_>>(), context);
        let mut request = summarizer
            .model
            .summarize_document(document)
            .to(to)
            .capabilities(summarizer.capabilities);
        if let Some(from) = given {
            request = request.from(from);
        }
        if let Some(second) = translator {
            request = request.translator(&second.model, second.capabilities);
        }
        let request = request
            .sentences(self.summary.sentences as usize)
            .style(self.summary.style.into())
            .route(self.summary.route.into())
            .glossary(glossary);
        task::finish(
            self.choices.apply(request, context),
            task::Pieces::Words,
            &self.results,
            context,
        )
    }
}
