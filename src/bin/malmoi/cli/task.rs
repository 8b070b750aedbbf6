//! What summaries and translations have in common: reading the input, doing the work before the
//! reader's eyes, giving the result.

use std::cell::RefCell;
use std::io::{IsTerminal, Read};
use std::path::{Path, PathBuf};

use anyhow::{Result, bail};
use malmoi::document::Document;
use malmoi::prompts::Term;
use malmoi::{Error, Event, Finding, Language, Observer, Outcome, Request, formats};

use super::inputs;
use super::task_args::{EncodingArgs, OutputArgs};
use crate::context::{Context, Exit};
use crate::output;
use crate::status::{Course, Status};

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
pub(super) fn check_output(
    results: &OutputArgs,
    read: &[Option<&Path>],
    context: &Context,
) -> Result<()> {
    let model = context.settings.get("model").map(Path::new);
    let read: Vec<&Path> = read.iter().copied().chain([model]).flatten().collect();
    output::check(results.output.as_deref(), &read, results.force)
}

/// Reads `INPUT`: a file, or standard input for `-` and for none. What holds several articles is
/// not one.
pub(super) fn read(
    input: Option<&Path>,
    encoding: EncodingArgs,
    context: &Context,
) -> Result<Document> {
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
                context.ui.note(
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

/// The language the article is in, as far as can be seen.
pub(super) fn language_of(document: &Document) -> Result<Language> {
    Ok(Language::of_article(&document.article())?)
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
    results: &OutputArgs,
    context: &Context,
) -> Result<Exit> {
    let streams = results.output.is_none() && !context.json && std::io::stdout().is_terminal();
    let status = context.ui.status("preparing the text");
    let mut course = Course::default();
    let broken = RefCell::new(None);
    let mut shown = Shown { status: &status, pieces, ended_early: false };
    let on_event = |event: &Event| {
        if let Some(said) = course.hear(event) {
            status.say(&said);
        }
    };
    let on_text = |text: &str| {
        if streams && let Err(error) = shown.write(text) {
            broken.replace(Some(error));
        }
    };
    let observer = Observer::new().on_event(on_event).on_text(on_text);
    let outcome = request.observe(observer.cancel_if(|| broken.borrow().is_some()));
    if let Some(error) = broken.into_inner() {
        return Err(error);
    }
    let outcome = outcome?;
    let path: Option<PathBuf> = results.output.clone();
    if streams {
        shown.finish()?;
    }
    drop(status);
    if context.json {
        output::write(path.as_deref(), &format!("{}\n", serde_json::to_string(&outcome)?))?;
    } else if !streams {
        output::write(path.as_deref(), &format!("{}\n", outcome.text.trim_end_matches('\n')))?;
    }
    context.ui.findings(&outcome, results.all_findings);
    context.ui.note(figures(&outcome));
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
