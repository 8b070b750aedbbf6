//! What summaries and translations have in common: reading the input, doing the work before the reader's eyes, giving the result.

use std::io::{IsTerminal, Read};
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use clap::Args;
use malmoi::document::Document;
use malmoi::prompts::Term;
use malmoi::{Error, Event, Finding, Language, Outcome, Request, formats};

use super::{Results, Run};
use crate::status::{Course, Status};
use crate::{Exit, output};

/// How tokens are chosen.
#[derive(Args)]
pub(super) struct Choices {
    /// A prompt by name, instead of the one for the task and the model
    #[arg(long, value_name = "NAME")]
    pub prompt: Option<String>,
    /// Sample, with this seed, instead of taking the likeliest token each time
    #[arg(long, value_name = "N")]
    pub seed: Option<u64>,
    /// The most tokens of each piece of output
    #[arg(long, value_name = "N")]
    pub max_tokens: Option<usize>,
    /// Texts that a search follows at once, for models that search; by default what the model says
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u8).range(1..=64))]
    pub beams: Option<u8>,
}

impl Choices {
    pub fn tokens(&self) -> malmoi::Choices {
        let (seed, max_tokens) = (self.seed, self.max_tokens);
        malmoi::Choices { seed, max_tokens, beams: self.beams.map(usize::from) }
    }

    /// Puts them into a request.
    pub fn apply(&self, mut request: Request, run: &Run) -> Request {
        request = request.choices(self.tokens());
        if let Some(name) = &self.prompt {
            request = request.prompt(name);
        }
        match run.settings.prompts() {
            Some(folder) => request.prompts_from(folder),
            None => request,
        }
    }
}

/// A language as the command line takes it; what is none is the library's to explain.
pub(super) fn language(given: &str) -> Result<Language> {
    Ok(Language::parse(given)?)
}

/// Reads a glossary, where one is named.
pub(super) fn glossary(path: Option<&Path>) -> Result<Vec<Term>> {
    let Some(path) = path else { return Ok(Vec::new()) };
    let bytes = std::fs::read(path).map_err(|source| Error::io("read", path, source))?;
    Ok(Term::read(&bytes, &path.display().to_string())?)
}

/// Reads `INPUT`: a file, or standard input for `-` and for none.
pub(super) fn read(input: Option<&Path>, run: &Run) -> Result<Document> {
    let (bytes, name) = match input.filter(|path| *path != Path::new("-")) {
        Some(path) => {
            let bytes = std::fs::read(path).map_err(|source| Error::io("read", path, source))?;
            (bytes, path.file_name().unwrap_or_default().to_string_lossy().into_owned())
        }
        None => {
            if std::io::stdin().is_terminal() {
                run.ui.note("reading from the keyboard; end the text with Ctrl-D on a line of its own");
            }
            let mut bytes = Vec::new();
            std::io::stdin().lock().read_to_end(&mut bytes).context("cannot read standard input")?;
            (bytes, "standard input".to_string())
        }
    };
    Ok(formats::read(&bytes, &name)?)
}

/// The language the article is in, as far as can be seen.
pub(super) fn language_of(document: &Document) -> Language {
    Language::detect(&document.article()).unwrap_or(Language::English)
}

/// In what pieces a text comes.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Pieces {
    /// Word by word.
    Words,
    /// Block by block, each after some time.
    Blocks,
}

/// Text for a terminal, on which a status line is drawn too: that needs a line of its own.
struct Shown<'s> {
    status: &'s Status,
    pieces: Pieces,
    /// A block's line was ended before it was known whether more follows.
    ended_early: bool,
}

impl Shown<'_> {
    fn write(&mut self, text: &str) -> Result<()> {
        if text.is_empty() {
            return Ok(());
        }
        if self.pieces == Pieces::Words {
            // From now on the words themselves show that something happens.
            self.status.end();
            return output::print(text);
        }
        let rest = if self.ended_early { text.strip_prefix('\n').unwrap_or(text) } else { text };
        self.ended_early = true;
        self.status.beside(|| output::print(&format!("{rest}\n")))
    }

    fn finish(self) -> Result<()> {
        self.status.end();
        if self.ended_early { Ok(()) } else { output::print("\n") }
    }
}

/// Does it, and gives the result where it belongs.
pub(super) fn finish(request: Request, pieces: Pieces, results: &Results, run: &Run) -> Result<Exit> {
    let streams = results.output.is_none() && !run.json && std::io::stdout().is_terminal();
    let status = run.ui.status("preparing the text");
    let (mut course, mut broken) = (Course::default(), None);
    let mut shown = Shown { status: &status, pieces, ended_early: false };
    let on_event = |event: &Event| {
        if let Some(said) = course.hear(event) {
            status.say(&said);
        }
    };
    let outcome = request.watch(on_event, |text| match shown.write(if streams { text } else { "" }) {
        Ok(()) => ControlFlow::Continue(()),
        Err(error) => {
            broken = Some(error);
            ControlFlow::Break(())
        }
    });
    if let Some(error) = broken {
        return Err(error);
    }
    let outcome = outcome?;
    let path: Option<PathBuf> = results.output.clone();
    if streams {
        shown.finish()?;
    }
    drop(status);
    if run.json {
        output::write(path.as_deref(), &format!("{}\n", serde_json::to_string(&outcome)?))?;
    } else if !streams {
        output::write(path.as_deref(), &format!("{}\n", outcome.text.trim_end_matches('\n')))?;
    }
    run.ui.findings(&outcome.findings);
    run.ui.note(figures(&outcome));
    let doubts = outcome.findings.iter().any(Finding::is_doubt);
    Ok(if results.strict && doubts { Exit::Doubtful } else { Exit::Done })
}

fn figures(outcome: &Outcome) -> String {
    let tokens = outcome.tokens;
    let seen = match tokens.seen == tokens.input {
        true => format!("read all {} tokens", tokens.input),
        false => format!("read {} of {} tokens", tokens.seen, tokens.input),
    };
    let route = if outcome.intermediate.is_some() { ", by way of an English summary" } else { "" };
    let route = match (outcome.intermediate.is_some(), outcome.from) {
        (true, Language::Korean) => ", by way of a Korean summary",
        _ => route,
    };
    let (model, finish) = (&outcome.model, outcome.finish.as_str());
    format!("{model}: {seen}, wrote {}{route} ({finish}), {:.1} s", tokens.output, outcome.seconds)
}
