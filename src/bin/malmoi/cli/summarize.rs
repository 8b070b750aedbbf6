//! `malmoi summarize`.

use std::path::PathBuf;

use anyhow::Result;
use clap::{Args, ValueEnum};
use malmoi::prompts::Style;
use malmoi::{Language, Route};

use super::work::{self, Choices, Encoding};
use super::{Results, Run};
use crate::Exit;

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
    /// Sentences, or points with --style bullets
    #[arg(long, value_name = "N", default_value_t = 3, value_parser = clap::value_parser!(u32).range(1..=50))]
    sentences: u32,
    /// Shape of the summary
    #[arg(long, value_enum, default_value_t = Shape::Paragraph)]
    style: Shape,
    /// How a summary in another language is reached
    #[arg(long, value_enum, default_value_t = Way::Auto)]
    route: Way,
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

#[derive(Clone, Copy, ValueEnum)]
pub(super) enum Shape {
    Paragraph,
    Bullets,
    Headline,
}

#[derive(Clone, Copy, ValueEnum)]
pub(super) enum Way {
    /// Whichever the model can do
    Auto,
    /// Written in the other language at once
    Direct,
    /// Summarized first, then translated
    Cascade,
}

impl Summarize {
    pub fn run(self, run: &Run) -> Result<Exit> {
        let to = self.to.as_deref().map(work::language).transpose()?;
        let given = work::source_language(&self.from)?;
        let glossary = work::glossary(self.glossary.as_deref())?;
        let read = [self.input.as_deref(), self.glossary.as_deref()];
        work::check_output(&self.results, &read, run)?;
        let document = work::read(self.input.as_deref(), self.encoding, run)?;
        let from = given.map_or_else(|| work::language_of(&document), Ok)?;
        let to: Language = to.unwrap_or(from);
        let (summarizer, translator) = run.chooser().summarizers(from, to)?;
        let models =
            [Some(&summarizer), translator.as_ref()].map(|one| one.map(|chosen| &chosen.model));
        self.choices.note_ignored(&models.into_iter().flatten().collect::<Vec<_>>(), run);
        let mut request =
            summarizer.model.summarize_document(document).to(to).abilities(summarizer.abilities);
        if let Some(from) = given {
            request = request.from(from);
        }
        if let Some(second) = translator {
            request = request.translator(&second.model, second.abilities);
        }
        let request = request
            .sentences(self.sentences as usize)
            .style(self.style.into())
            .route(self.route.into())
            .glossary(glossary);
        work::finish(self.choices.apply(request, run), work::Pieces::Words, &self.results, run)
    }
}

impl From<Shape> for Style {
    fn from(shape: Shape) -> Self {
        match shape {
            Shape::Paragraph => Self::Paragraph,
            Shape::Bullets => Self::Bullets,
            Shape::Headline => Self::Headline,
        }
    }
}

impl From<Way> for Route {
    fn from(way: Way) -> Self {
        match way {
            Way::Auto => Self::Auto,
            Way::Direct => Self::Direct,
            Way::Cascade => Self::Cascade,
        }
    }
}
