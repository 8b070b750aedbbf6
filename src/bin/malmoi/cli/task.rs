//! The steps shared by `summarize` and `translate`: read the input, run the request with progress
//! on the terminal, write the result.

use std::cell::RefCell;
use std::io::{IsTerminal, Read};
use std::path::Path;

use anyhow::{Result, bail};
use malmoi::desk::{CLOSE_LIKENESS, LEAST_LIKENESS};
use malmoi::document::Document;
use malmoi::{
    Error, Event, Finding, Language, MemoryCounts, Observer, Outcome, Request, SecondUse,
    TaskOptions, formats,
};

use super::inputs;
use super::task_args::{EncodingArgs, OutputArgs};
use crate::audit::{self, Asker};
use crate::context::Context;
use crate::exit::Exit;
use crate::output;
use crate::status::{ProgressText, Status};

/// Checks `--output` before any work is done: without `--force` it must not be an input.
pub(super) fn check_output(
    output: &OutputArgs,
    read: &[Option<&Path>],
    context: &Context,
) -> Result<()> {
    let models = [context.settings.get("model"), context.settings.second()];
    let models = models.map(|model| model.map(Path::new));
    let read: Vec<&Path> = read.iter().copied().chain(models).flatten().collect();
    output::check(output.output.as_deref(), &read, output.force)
}

/// Reads the input: a file, or standard input for `-` or `None`, and shows what of it could not be
/// read. Fails if it holds several articles.
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
                let address = malmoi::internals::redact::secrets(address);
                bail!(
                    "{address} is a web address, not a file; read a feed with `malmoi feed {address} -o results --to ko`, \
                     or save the page as a file"
                );
            }
            if path.is_dir() {
                let folder = path.display();
                bail!(
                    "{folder} is a folder; process it with `malmoi batch {folder} -o results --to ko`"
                );
            }
            let file =
                std::fs::File::open(path).map_err(|source| Error::io("read", path, source))?;
            (Box::new(file), path.file_name().unwrap_or_default().to_string_lossy().into_owned())
        }
        None => {
            if std::io::stdin().is_terminal() {
                context
                    .ui
                    .note("reading from the keyboard; end the text with Ctrl-D on a new line");
            }
            (Box::new(std::io::stdin()), "standard input".to_string())
        }
    };
    let source =
        encoding.decoded(source).map_err(|source| Error::io("read", Path::new(&name), source))?;
    let item = formats::article_from(source, &name)?;
    for note in &item.notes {
        context.ui.note(format!("{name}: {note}"));
    }
    Ok(item.document)
}

/// True for a file that is to be plain text.
fn is_text(path: Option<&Path>) -> bool {
    let ending = path.and_then(Path::extension).map(|ending| ending.to_ascii_lowercase());
    ending.is_some_and(|ending| ending == "txt" || ending == "text")
}

/// Checks before any work that the translation of a document can be written as the output's ending
/// says: an office file is translated into one of its own format, or into plain text.
pub(super) fn check_ending(
    document: &Document,
    output: &OutputArgs,
    is_bilingual: bool,
    context: &Context,
) -> Result<()> {
    let path = output.output.as_deref();
    let Some(package) = document.package() else {
        if is_bilingual {
            bail!("--bilingual is for DOCX, HWPX, PPTX and XLSX files; this text is none of them");
        }
        return Ok(());
    };
    let format = formats::FORMATS.iter().find(|format| format.name == package.format);
    let endings = format.map_or(&[][..], |format| format.extensions);
    let name = package.format.to_uppercase();
    if is_bilingual && (context.json || is_text(path)) {
        bail!("--bilingual needs a {name} file as its output: `-o NAME.{}`", package.format);
    }
    let Some(path) = path else {
        if std::io::stdout().is_terminal() && !context.json {
            let file = format!("-o NAME.{}", package.format);
            if is_bilingual {
                bail!(
                    "--bilingual writes a {name} file, which a terminal cannot show; add `{file}`"
                );
            }
            context.ui.note(format!("showing the words alone; add `{file}` for a {name} file"));
        }
        return Ok(());
    };
    let ending = path.extension().map(|ending| ending.to_string_lossy().to_lowercase());
    let Some(ending) = ending.filter(|_| !context.json && !is_text(Some(path))) else {
        return Ok(());
    };
    if !endings.contains(&&*ending) && !path.starts_with("/dev") {
        bail!(
            "{}: a {name} file is translated into {name}, not into {ending}; choose an output that \
             ends in .{}, or in .txt for its words alone",
            path.display(),
            package.format
        );
    }
    Ok(())
}

/// The language of a document.
pub(super) fn language_of(document: &Document) -> Result<Language> {
    Ok(Language::of_article(&document.article())?)
}

/// Pieces in which text is streamed.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Streaming {
    /// Word by word.
    ByWord,
    /// Block by block, some time apart.
    ByBlock,
}

/// Streams text to a terminal that also shows a status line, which needs a line of its own.
struct TextWriter<'s> {
    status: &'s Status,
    streaming: Streaming,
    /// True if the last line was ended before it was known whether more text follows.
    ended_early: bool,
}

impl TextWriter<'_> {
    fn write(&mut self, text: &str) -> Result<()> {
        if text.is_empty() {
            return Ok(());
        }
        if self.streaming == Streaming::ByWord {
            // The words themselves show progress from now on.
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

/// Hashes of a source and of the options, if they are recorded.
pub(super) type Hashes = Option<(String, String)>;

/// The hashes for [`finish`].
pub(super) fn hashes(document: &Document, options: &TaskOptions, context: &Context) -> Hashes {
    let hashes = || (audit::source(document), audit::options(options));
    context.audit.is_some().then(hashes)
}

/// Runs a request, records its result and writes it.
pub(super) fn finish(
    request: Request,
    hashes: Hashes,
    streaming: Streaming,
    output_args: &OutputArgs,
    context: &Context,
) -> Result<Exit> {
    let is_shown = output_args.output.is_none() && !context.json && std::io::stdout().is_terminal();
    // Nothing is shown before it is recorded.
    let streams = is_shown && context.audit.is_none();
    let status = context.ui.status("preparing the text");
    let mut progress = ProgressText::default();
    let write_error = RefCell::new(None);
    let mut writer = TextWriter { status: &status, streaming, ended_early: false };
    let on_event = |event: &Event| {
        if let Some(text) = progress.update(event) {
            status.set(&text);
        }
    };
    let on_text = |text: &str| {
        if streams && let Err(error) = writer.write(text) {
            write_error.replace(Some(error));
        }
    };
    let observer = Observer::new().on_event(on_event).on_text(on_text);
    let outcome = request.observe(observer.cancel_if(|| write_error.borrow().is_some()));
    if let Some(error) = write_error.into_inner() {
        return Err(error);
    }
    let outcome = outcome?;
    if let (Some(audit), Some((input, options))) = (&context.audit, hashes) {
        audit.outcome(&Asker::default(), input, options, &outcome)?;
    }
    let path = output_args.output.as_deref();
    if streams {
        writer.finish()?;
    }
    drop(status);
    if context.json {
        output::write(path, &format!("{}\n", serde_json::to_string(&outcome)?))?;
    } else if let Some(file) = outcome.file.as_deref().filter(|_| !streams && !is_text(path)) {
        output::write_bytes(path, file)?;
    } else if !streams {
        output::write(path, &format!("{}\n", outcome.text.trim_end_matches('\n')))?;
    }
    context.ui.findings(&outcome, output_args.all_findings);
    if output_args.support {
        let messages = context.ui.messages;
        let lines = crate::findings::support(&outcome.text, &outcome.support, messages);
        lines.iter().for_each(|line| context.ui.note(line));
    }
    context.ui.note(figures(&outcome));
    let doubts = outcome.findings.iter().any(Finding::is_doubt);
    Ok(if output_args.strict && doubts { Exit::Doubtful } else { Exit::Done })
}

/// What the segments of an outcome owe to the memory, after a comma; empty for nothing.
fn memory(outcome: &Outcome) -> String {
    let MemoryCounts { reused, close, similar, far } = outcome.memory_counts();
    let kinds = [
        (reused, "from memory".to_string()),
        (close, format!("after a match of {CLOSE_LIKENESS} % or more")),
        (similar, format!("after a match of {LEAST_LIKENESS} % or more")),
        (far, "after far examples".to_string()),
    ];
    let mut text = String::new();
    for (count, how) in kinds.iter().filter(|(count, _)| *count > 0) {
        let of = if text.is_empty() {
            format!(" of {} segments", outcome.segments.len())
        } else {
            String::new()
        };
        text += &format!(", {count}{of} {how}");
    }
    text
}

/// Model, tokens, route and time of an outcome in one line.
fn figures(outcome: &Outcome) -> String {
    let tokens = outcome.tokens;
    let read = if tokens.seen == tokens.input {
        format!("read all {} tokens", tokens.input)
    } else {
        format!("read {} of {} tokens", tokens.seen, tokens.input)
    };
    let route = match (outcome.intermediate.is_some(), outcome.from) {
        (true, Language::Korean) => ", via a Korean summary",
        (true, Language::English) => ", via an English summary",
        (false, _) => "",
    };
    let (model, finish) = (&outcome.model, outcome.finish.as_str());
    let memory = memory(outcome);
    let glossary = match outcome.glossary {
        Some(glossary) => format!(", {} of {} terms as prescribed", glossary.used, glossary.terms),
        None => String::new(),
    };
    let second = match &outcome.second {
        Some(second) if second.asked > 0 => {
            let SecondUse { model, asked, taken } = second;
            format!(", {taken} of {asked} doubtful segments by {model}")
        }
        _ => String::new(),
    };
    let (written, seconds) = (tokens.output, outcome.seconds);
    format!(
        "{model}: {read}, wrote {written}{route} ({finish}){memory}{second}{glossary}, {seconds:.1} s"
    )
}
