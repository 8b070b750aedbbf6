//! `malmoi translate`.

use std::path::PathBuf;

use anyhow::Result;
use clap::Args;
use malmoi::prompts::Task;
use malmoi::{Error, TaskOptions};

use super::task;
use super::task_args::{self, EncodingArgs, GenerationArgs, MemoryArgs, OutputArgs};
use crate::context::Context;
use crate::exit::Exit;

/// Translate a text paragraph by paragraph
#[derive(Args)]
#[command(after_help = "Examples:\n  malmoi translate article.txt --to ko\n  \
    malmoi translate article.txt --to ko --glossary terms.tsv -o article.ko.txt")]
pub(crate) struct Translate {
    /// Text file, or `-` for standard input [default: standard input]
    input: Option<PathBuf>,
    /// Language of the text: auto, en or ko
    #[arg(long, value_name = "LANGUAGE", default_value = "auto")]
    from: String,
    /// Language of the translation: en or ko [default: the other one]
    #[arg(long, value_name = "LANGUAGE")]
    to: Option<String>,
    /// Keep the source in a translated DOCX, HWPX, PPTX or XLSX file: each paragraph is followed by
    /// its translation
    #[arg(long)]
    bilingual: bool,
    #[command(flatten)]
    encoding: EncodingArgs,
    #[command(flatten)]
    generation: GenerationArgs,
    #[command(flatten)]
    memory: MemoryArgs,
    #[command(flatten)]
    output: OutputArgs,
}

impl Translate {
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
        task::check_ending(&document, &self.output, self.bilingual, context)?;
        let from = given.map_or_else(|| task::language_of(&document), Ok)?;
        let to = to.unwrap_or(from.other());
        if from == to {
            return Err(Error::SameLanguage { language: to.name() }.into());
        }
        let translator = context.resolver().translator(from, to)?;
        self.generation.note_ignored(&[&translator.model], context);
        let options = TaskOptions {
            from: given,
            to: Some(to),
            bilingual: self.bilingual,
            desk: self.memory.desk(context),
            similar: self.memory.similar(context)?,
            ..self.generation.task_options(Task::Translate, None, context)?
        };
        GenerationArgs::note_same(options.second.as_ref(), &translator.model, context);
        let hashes = task::hashes(&document, &options, context);
        let request = translator
            .model
            .translate_document(document)
            .task_options(options)
            .capabilities(translator.capabilities);
        task::finish(request, hashes, task::Streaming::ByBlock, &self.output, context)
    }
}
