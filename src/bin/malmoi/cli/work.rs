//! What summaries and translations have in common: reading the input, doing the work before the
//! reader's eyes, giving the result.

use std::io::{IsTerminal, Read};
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};

use anyhow::{Result, bail};
use clap::Args;
use malmoi::document::Document;
use malmoi::formats::Charset;
use malmoi::prompts::Term;
use malmoi::{Error, Event, Finding, Language, Model, Outcome, Request, formats};

use super::{Results, Run, inputs};
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

    /// Says which of them a model does not know.
    pub fn note_ignored(&self, models: &[&Model], run: &Run) {
        if let (Some(_), Some(model)) =
            (self.beams, models.iter().find(|model| !model.reads_sources()))
        {
            run.ui.note(format!(
                "--beams is ignored: {} writes a text token by token, without a search",
                model.name()
            ));
        }
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

/// `--from`: a language, or `None` for `auto`.
pub(super) fn source_language(given: &str) -> Result<Option<Language>> {
    (given != "auto").then(|| language(given)).transpose()
}

/// Reads a glossary, where one is named.
pub(super) fn glossary(path: Option<&Path>) -> Result<Vec<Term>> {
    let Some(path) = path else { return Ok(Vec::new()) };
    let bytes = std::fs::read(path).map_err(|source| Error::io("read", path, source))?;
    Ok(Term::read(&bytes, &path.display().to_string())?)
}

/// Looks at `-o` before anything is read or computed: none of the files that are read is
/// overwritten without `--force`.
pub(super) fn check_output(results: &Results, read: &[Option<&Path>], run: &Run) -> Result<()> {
    let model = run.settings.get("model").map(Path::new);
    let read: Vec<&Path> = read.iter().copied().chain([model]).flatten().collect();
    output::check(results.output.as_deref(), &read, results.force)
}

/// Reads `INPUT`: a file, or standard input for `-` and for none. What holds several articles is
/// not one.
pub(super) fn read(input: Option<&Path>, encoding: Encoding, run: &Run) -> Result<Document> {
    let (source, name): (Box<dyn Read + Send>, String) = match input
        .filter(|path| *path != Path::new("-"))
    {
        Some(path) => {
            if let Some(address) = inputs::address(path) {
                let address = malmoi::redact::secrets(address);
                bail!(
                    "{address} is an address, not a file: `malmoi feed {address} -o results --to ko` reads feeds; \
                     save a page as a file to work on it"
                );
            }
            if path.is_dir() {
                let folder = path.display();
                bail!(
                    "{folder} is a folder: `malmoi batch {folder} -o results --to ko` works through one"
                );
            }
            let file =
                std::fs::File::open(path).map_err(|source| Error::io("read", path, source))?;
            (Box::new(file), path.file_name().unwrap_or_default().to_string_lossy().into_owned())
        }
        None => {
            if std::io::stdin().is_terminal() {
                run.ui.note(
                    "reading from the keyboard; end the text with Ctrl-D on a line of its own",
                );
            }
            (Box::new(std::io::stdin()), "standard input".to_string())
        }
    };
    let source =
        encoding.decoded(source).map_err(|source| Error::io("read", Path::new(&name), source))?;
    Ok(formats::read_from(source, &name)?)
}

/// In which encoding inputs are.
#[derive(Args, Clone, Copy)]
pub(super) struct Encoding {
    /// Encoding of the input, where it is not seen rightly: utf-8, cp949, utf-16, windows-1252,
    /// ...
    #[arg(long, value_name = "NAME")]
    encoding: Option<Charset>,
}

impl Encoding {
    /// A source in UTF-8 where an encoding was named, else as it is.
    pub fn decoded(self, source: Box<dyn Read + Send>) -> std::io::Result<Box<dyn Read + Send>> {
        Ok(match self.encoding {
            Some(charset) => Box::new(charset.utf8(source)?),
            None => source,
        })
    }
}

/// The language the article is in, as far as can be seen.
pub(super) fn language_of(document: &Document) -> Result<Language> {
    Ok(Language::recognize(&document.article())?.unwrap_or(Language::English))
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
pub(super) fn finish(
    request: Request,
    pieces: Pieces,
    results: &Results,
    run: &Run,
) -> Result<Exit> {
    let streams = results.output.is_none() && !run.json && std::io::stdout().is_terminal();
    let status = run.ui.status("preparing the text");
    let (mut course, mut broken) = (Course::default(), None);
    let mut shown = Shown { status: &status, pieces, ended_early: false };
    let on_event = |event: &Event| {
        if let Some(said) = course.hear(event) {
            status.say(&said);
        }
    };
    let outcome =
        request.watch(on_event, |text| match shown.write(if streams { text } else { "" }) {
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
    run.ui.findings(&outcome, results.all_findings);
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
