//! `malmoi summarize`.

use std::path::PathBuf;

use anyhow::Result;
use clap::Args;
use malmoi::TaskOptions;
use malmoi::prompts::Task;

use super::task;
use super::task_args::{self, EncodingArgs, GenerationArgs, MemoryArgs, OutputArgs, SummaryArgs};
use crate::context::Context;
use crate::exit::Exit;

/// Summarize an article
#[derive(Args)]
#[command(after_help = "Examples:\n  malmoi summarize article.txt --sentences 3\n  \
    malmoi summarize article.txt --to ko --style bullets\n  cat article.txt | malmoi summarize --json")]
pub(crate) struct Summarize {
    /// Article file, or `-` for standard input [default: standard input]
    input: Option<PathBuf>,
    /// Language of the article: auto, en or ko
    #[arg(long, value_name = "LANGUAGE", default_value = "auto")]
    from: String,
    /// Language of the summary: en or ko [default: the article's]
    #[arg(long, value_name = "LANGUAGE")]
    to: Option<String>,
    #[command(flatten)]
    summary: SummaryArgs,
    #[command(flatten)]
    encoding: EncodingArgs,
    #[command(flatten)]
    generation: GenerationArgs,
    #[command(flatten)]
    memory: MemoryArgs,
    #[command(flatten)]
    output: OutputArgs,
}

impl Summarize {
    pub fn run(self, context: &Context) -> Result<Exit> {
        let to = self.to.as_deref().map(task_args::language).transpose()?;
        let given = task_args::source_language(&self.from)?;
        let read = [
            self.input.as_deref(),
            self.generation.checks.glossary.as_deref(),
            self.generation.examples.examples.as_deref(),
            self.generation.checks.checks.as_deref(),
        ];
        task::check_output(&self.output, &read, context)?;
        let document = task::read(self.input.as_deref(), self.encoding, context)?;
        let from = given.map_or_else(|| task::language_of(&document), Ok)?;
        let to = to.unwrap_or(from);
        let (summarizer, translator) = context.resolver().summarizers(from, to)?;
        let mut models = vec![&summarizer.model];
        models.extend(translator.as_ref().map(|translator| &translator.model));
        self.generation.note_ignored(&models, context);
        let options = TaskOptions {
            from: given,
            to: Some(to),
            desk: self.memory.desk(context),
            similar: self.memory.similar(context)?,
            ..self.generation.task_options(Task::Summarize, Some(&self.summary), context)?
        };
        let hashes = task::hashes(&document, &options, context);
        let mut request = summarizer
            .model
            .summarize_document(document)
            .task_options(options)
            .capabilities(summarizer.capabilities);
        if let Some(translator) = translator {
            request = request.translator(&translator.model, translator.capabilities);
        }
        task::finish(request, hashes, task::Streaming::ByWord, &self.output, context)
    }
}
