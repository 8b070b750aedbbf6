//! Arguments shared by the commands that summarize and translate, and their conversion into the
//! library's options.

use std::io::Read;
use std::path::PathBuf;
use std::sync::Arc;

use anyhow::Result;
use clap::{Args, ValueEnum};
use malmoi::desk::Desk;
use malmoi::formats::Charset;
use malmoi::prompts::{Style, Task};
use malmoi::{Language, Model, Route, SecondModel, TaskOptions};

use super::check_args::CheckArgs;
use super::example_args::ExampleArgs;
use super::trust_args::TrustArgs;
use crate::context::Context;
use crate::settings::{self, Similar};

/// Summary options.
#[derive(Args)]
pub(super) struct SummaryArgs {
    /// Number of sentences, or of points with --style bullets
    #[arg(long, value_name = "N", default_value_t = 3, value_parser = clap::value_parser!(u32).range(1..=50))]
    pub sentences: u32,
    /// Summary style
    #[arg(long, value_enum, default_value_t = SummaryStyle::Paragraph)]
    pub style: SummaryStyle,
    /// Route to a summary in another language
    #[arg(long, value_enum, default_value_t = SummaryRoute::Auto)]
    pub route: SummaryRoute,
}

#[derive(Clone, Copy, ValueEnum)]
pub(super) enum SummaryStyle {
    Paragraph,
    Bullets,
    Headline,
}

#[derive(Clone, Copy, ValueEnum)]
pub(super) enum SummaryRoute {
    /// Direct if the model can, else cascade
    Auto,
    /// Write the summary in the other language
    Direct,
    /// Summarize in the article's language, then translate the summary
    Cascade,
}

impl From<SummaryStyle> for Style {
    fn from(style: SummaryStyle) -> Self {
        match style {
            SummaryStyle::Paragraph => Self::Paragraph,
            SummaryStyle::Bullets => Self::Bullets,
            SummaryStyle::Headline => Self::Headline,
        }
    }
}

impl From<SummaryRoute> for Route {
    fn from(route: SummaryRoute) -> Self {
        match route {
            SummaryRoute::Auto => Self::Auto,
            SummaryRoute::Direct => Self::Direct,
            SummaryRoute::Cascade => Self::Cascade,
        }
    }
}

/// Prompt and generation options.
#[derive(Args)]
pub(super) struct GenerationArgs {
    /// Prompt name; by default the prompt of the task and the model
    #[arg(long, value_name = "NAME")]
    pub prompt: Option<String>,
    /// Random seed: samples instead of taking the most likely token at each step
    #[arg(long, value_name = "N")]
    pub seed: Option<u64>,
    /// Maximum number of tokens in each piece of output
    #[arg(long, value_name = "N")]
    pub max_tokens: Option<usize>,
    /// Number of beams, for models with beam search [default: the model's]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u8).range(1..=64))]
    pub beams: Option<u8>,
    #[command(flatten)]
    pub examples: ExampleArgs,
    #[command(flatten)]
    pub checks: CheckArgs,
    #[command(flatten)]
    pub trust: TrustArgs,
}

impl GenerationArgs {
    /// Downloads the models that are named, if they are not there; returns all that the options
    /// are read from.
    pub fn prepare(&self, context: &Context) -> Result<Vec<PathBuf>> {
        let mut read = self.checks.prepare(context)?;
        read.extend(self.examples.examples.clone());
        if let Some(name) = context.settings.second() {
            read.push(context.resolver().prepare_named(name)?);
        }
        Ok(read)
    }

    /// The options of a task; languages are the defaults, and there is no memory. Examples without
    /// a task are for `task`.
    pub fn task_options(
        &self,
        task: Task,
        summary: Option<&SummaryArgs>,
        context: &Context,
    ) -> Result<TaskOptions> {
        let mut options = TaskOptions {
            prompt: self.prompt.clone(),
            prompt_folder: context.settings.prompts(),
            seed: self.seed,
            max_tokens: self.max_tokens,
            examples: self.examples.read(task)?,
            beams: self.beams.map(usize::from),
            checks: self.checks.options(context)?,
            repair: self.trust.repair.into(),
            second: context.resolver().second(context.settings.second())?,
            on_orders: self.trust.on_orders.into(),
            ..TaskOptions::default()
        };
        if let Some(summary) = summary {
            options.sentences = summary.sentences as usize;
            options.style = summary.style.into();
            options.route = summary.route.into();
        }
        Ok(options)
    }

    /// Notes that the model which translates is also the second one.
    pub fn note_same(second: Option<&SecondModel>, translator: &Model, context: &Context) {
        if second.is_some_and(|second| second.name() == translator.name()) {
            let name = translator.name();
            context.ui.note(format!("no second opinion: {name} is the model that translates"));
        }
    }

    /// Notes the options that a model ignores.
    pub fn note_ignored(&self, models: &[&Model], context: &Context) {
        if let (Some(_), Some(model)) =
            (self.beams, models.iter().find(|model| !model.is_encoder_decoder()))
        {
            context.ui.note(format!(
                "--beams is ignored: {} is a decoder-only model, without beam search",
                model.name()
            ));
        }
    }
}

/// Use of the desk's translation memory.
#[derive(Args)]
pub(super) struct MemoryArgs {
    /// Do not use the translation memory, and keep nothing in it
    #[arg(long)]
    pub no_memory: bool,
    /// Show the model translations of people from the memory that are at least this much like a
    /// piece of text, in percent; 0 shows the nearest however far, off none [default: 70]
    #[arg(long, value_name = "PERCENT", value_parser = settings::similar)]
    pub similar: Option<Similar>,
}

impl MemoryArgs {
    /// Least likeness of the translations that the model is shown; `None` for `off`.
    pub fn similar(&self, context: &Context) -> Result<Option<u8>> {
        Ok(self.similar.unwrap_or(context.settings.similar()?).0)
    }

    /// The desk whose terms are used, kept open while its memory is not wanted.
    pub fn terms(&self, context: &Context) -> Option<Arc<Desk>> {
        if self.no_memory { context.existing_desk() } else { None }
    }

    /// The memory, unless it is not wanted or cannot be used.
    pub fn desk(&self, context: &Context) -> Option<Arc<Desk>> {
        if self.no_memory { None } else { context.desk() }
    }
}

/// The language of an argument.
pub(super) fn language(argument: &str) -> Result<Language> {
    Ok(Language::parse(argument)?)
}

/// The language of `--from`; `None` for `auto`.
pub(super) fn source_language(argument: &str) -> Result<Option<Language>> {
    if argument == "auto" { Ok(None) } else { language(argument).map(Some) }
}

/// Character encoding of the inputs.
#[derive(Args, Clone, Copy)]
pub(super) struct EncodingArgs {
    /// Character encoding, if detection gets it wrong: utf-8, cp949, utf-16, windows-1252, ...
    #[arg(long, value_name = "NAME")]
    pub encoding: Option<Charset>,
}

impl EncodingArgs {
    /// Decodes a source to UTF-8 if an encoding was named; otherwise leaves it unchanged.
    pub fn decoded(self, source: Box<dyn Read + Send>) -> std::io::Result<Box<dyn Read + Send>> {
        Ok(match self.encoding {
            Some(charset) => Box::new(charset.utf8(source)?),
            None => source,
        })
    }
}

/// Output file and exit status.
#[derive(Args)]
pub(super) struct OutputArgs {
    /// Output file [default: standard output]
    #[arg(long, short, value_name = "FILE")]
    pub output: Option<PathBuf>,
    /// Overwrite the output file even if it is one of the inputs
    #[arg(long)]
    pub force: bool,
    /// Exit with 1 if there are findings; omitted page boilerplate does not count
    #[arg(long)]
    pub strict: bool,
    /// Show the article sentences that support each sentence of a summary
    #[arg(long)]
    pub support: bool,
    /// Show all findings, not only the first screenful
    #[arg(long)]
    pub all_findings: bool,
}
