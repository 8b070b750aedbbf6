//! What summaries and translations have in common: reading the input, doing the work before the reader's eyes, giving the result.

use std::io::{IsTerminal, Read};
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use clap::Args;
use malmoi::document::Document;
use malmoi::prompts::Term;
use malmoi::{Error, Finding, Language, Outcome, Request, formats};

use super::{Results, Run};
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
pub(super) fn language_of(document: &Document) -> Result<Language> {
    Ok(Language::recognize(&document.article())?.unwrap_or(Language::English))
}

/// Does it, and gives the result where it belongs.
pub(super) fn finish(request: Request, results: &Results, run: &Run) -> Result<Exit> {
    let streams = results.output.is_none() && !run.json && std::io::stdout().is_terminal();
    let mut broken = None;
    let outcome =
        request.watch(run.ui.work(streams), |text| match output::print(if streams { text } else { "" }) {
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
    if run.json {
        output::write(path.as_deref(), &format!("{}\n", serde_json::to_string(&outcome)?))?;
    } else if streams {
        output::print("\n")?;
    } else {
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
