//! Arguments of `batch` and `feed`, and the run they describe: models, progress, exit status.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use anyhow::{Context as _, Result, bail};
use clap::Args;
use malmoi::batch::{
    self, Batch, BatchInput, Counts, DeskUse, Follow, ModelChoice, Opened, RunReport, Watch,
};
use malmoi::checks::GlossaryUse;
use malmoi::formats::pairs::{EXCHANGE_FORMATS, ExchangeFormat};
use malmoi::formats::{self, Fields};
use malmoi::prompts::Task;
use malmoi::{Error, Language, Model, SecondModel, TaskOptions};

use super::inputs::Inputs;
use super::task_args::{self, EncodingArgs, GenerationArgs, MemoryArgs, SummaryArgs};
use crate::audit::Asker;
use crate::context::Context;
use crate::exit::Exit;
use crate::model_resolver::ResolvedModel;
use crate::output;
use crate::sandbox::{self, Needs, SandboxArgs};
use crate::status::grouped;

/// Options of `batch` and `feed`.
#[derive(Args)]
pub(super) struct BatchArgs {
    /// Output folder with results and journal; running again processes only new and changed items
    #[arg(long, short, value_name = "DIR")]
    output: PathBuf,
    /// Translate each item
    #[arg(long)]
    translate: bool,
    /// Summarize each item [default: translate and summarize]
    #[arg(long)]
    summarize: bool,
    /// Language of the items: auto, en or ko
    #[arg(long, value_name = "LANGUAGE", default_value = "auto")]
    from: String,
    /// Language of the results: en or ko
    #[arg(long, value_name = "LANGUAGE")]
    to: String,
    #[command(flatten)]
    summary: SummaryArgs,
    /// Field names in JSONL and CSV records: text=NAME, title=NAME or id=NAME
    #[arg(long, value_name = "WHAT=NAME")]
    field: Vec<String>,
    /// Bilingual files to write as well, for translators' tools: tmx, xliff
    #[arg(long, value_name = "FORMAT", value_delimiter = ',')]
    pairs: Vec<String>,
    /// Number of items processed at the same time
    #[arg(long, value_name = "N", default_value_t = 8, value_parser = clap::value_parser!(u32).range(1..=256))]
    at_once: u32,
    /// Time limit per item, in seconds; a slower item fails [default: none]
    #[arg(long, value_name = "SECONDS", value_parser = clap::value_parser!(u64).range(1..))]
    item_timeout: Option<u64>,
    /// Try failed items again
    #[arg(long)]
    retry: bool,
    /// Follow links in folders, even to files outside of them
    #[arg(long)]
    pub follow_links: bool,
    /// Overwrite inputs, and files that malmoi did not make
    #[arg(long)]
    force: bool,
    /// Exit with 1 if an item failed or there are findings
    #[arg(long)]
    strict: bool,
    #[command(flatten)]
    encoding: EncodingArgs,
    #[command(flatten)]
    generation: GenerationArgs,
    #[command(flatten)]
    memory: MemoryArgs,
    #[command(flatten)]
    sandbox: SandboxArgs,
}

/// The differences between `batch` and `feed`.
pub(super) enum InputSource {
    Files { keep_removed: bool },
    Feeds { follow: Option<Follow>, watch: Option<Watch> },
}

impl BatchArgs {
    /// The output folder.
    pub fn folder(&self) -> &Path {
        &self.output
    }

    /// Processes the inputs into the output folder. `needs` has what they are read from.
    pub fn run(
        self,
        inputs: Inputs,
        source: InputSource,
        mut needs: Needs,
        context: &Context,
    ) -> Result<Exit> {
        // Everything that can be checked without a model is checked before one is loaded.
        let fields = fields(&self.field)?;
        let bilingual = bilingual_formats(&self.pairs)?;
        let from = task_args::source_language(&self.from)?;
        let to = task_args::language(&self.to)?;
        let paths: Vec<PathBuf> =
            inputs.inputs.iter().filter_map(|input| input.path.clone()).collect();
        let watched = match &source {
            InputSource::Feeds { watch: Some(watch), .. } if from.is_none() => watch.files(),
            _ => Vec::new(),
        };
        let examined = [&paths[..], &watched].concat();
        let seen = || first_language(&examined, self.encoding, &fields);
        let read: Vec<PathBuf> = paths
            .iter()
            .cloned()
            .chain(self.generation.checks.glossary.clone())
            .chain(self.generation.examples.examples.clone())
            .chain(self.generation.checks.checks.clone())
            .collect();
        batch::check_folder(&self.output, &read, self.force)?;
        for note in &inputs.notes {
            context.ui.note(note);
        }
        let likely = self.prepare(from, to, seen, &mut needs, context)?;
        // Its files exist from here on: rules name nothing that is made later.
        let desk = self.memory.desk(context);
        needs.write.push(self.output.clone());
        let terms = self.memory.terms(context);
        let desks = desk.iter().chain(&terms);
        needs.write.extend(desks.flat_map(|desk| sandbox::desk_files(desk.path())));
        self.sandbox.enter(context, &needs)?;
        let likely = from.or(likely).or_else(seen);
        let only_summaries = self.summarize && !self.translate;
        let task = if only_summaries { Task::Summarize } else { Task::Translate };
        let options = TaskOptions {
            from,
            to: Some(to),
            desk,
            similar: self.memory.similar(context)?,
            ..self.generation.task_options(task, Some(&self.summary), context)?
        };
        let likely = likely.unwrap_or(to.other());
        let batch =
            self.with_models(Batch::new(to), likely, to, options.second.as_ref(), context)?;
        let batch = match source {
            InputSource::Files { keep_removed } => batch.keep_removed(keep_removed),
            InputSource::Feeds { follow, watch } => {
                let encoding = self.encoding;
                let decoded =
                    move |watch: Watch| watch.prepare(move |input| decoded(input, encoding));
                let watch = watch.map(decoded);
                batch.feed(true).keep_removed(true).follow(follow).watch(watch)
            }
        };
        let stop = stop_on_ctrl_c()?;
        let report = batch
            .task_options(options)
            .bilingual(bilingual)
            .max_concurrent(self.at_once as usize)
            .item_timeout(self.item_timeout.map(Duration::from_secs))
            .retry_failed(self.retry)
            .overwrite(self.force)
            .fields(fields)
            .inputs(inputs.inputs.into_iter().map(|input| decoded(input, self.encoding)))
            .on_progress(context.ui.progress(context.json))
            .on_note(|text| context.ui.note(text))
            .before_commit(|items| match &context.audit {
                Some(audit) => audit.items(&Asker::default(), items),
                None => Ok(()),
            })
            .stop_flag(stop.clone())
            .run(&self.output)?;
        self.finish(&report, stop.load(Ordering::SeqCst), context)
    }

    /// Downloads the models that are not there, while that is possible. Returns the language of the
    /// items if it had to be found out for that.
    fn prepare(
        &self,
        from: Option<Language>,
        to: Language,
        seen: impl FnOnce() -> Option<Language> + Send,
        needs: &mut Needs,
        context: &Context,
    ) -> Result<Option<Language>> {
        needs.read.extend(self.generation.prepare(context)?);
        let resolver = context.resolver();
        let both = !self.translate && !self.summarize;
        if self.translate || both {
            resolver.prepare_translator(to.other(), to)?;
        }
        let is_ready = |from| resolver.has_summarizers(from, to);
        if !(self.summarize || both) || Language::all().all(is_ready) {
            return Ok(None);
        }
        let from = match from {
            Some(from) => Some(from),
            None => self.sandbox.beforehand(context, needs, seen)?,
        };
        resolver.prepare_summarizers(from.unwrap_or(to.other()), to)?;
        Ok(from)
    }

    /// Reports the end of a run.
    fn finish(&self, report: &RunReport, stopped: bool, context: &Context) -> Result<Exit> {
        let RunReport { counts, stats, complete } = report;
        if context.json {
            let line = serde_json::json!({"event": "end", "run": counts, "journal": stats, "complete": complete});
            output::print(&format!("{line}\n"))?;
        }
        context.ui.note(figures(counts, &self.output));
        if let Some(owed) = owed(&counts.desk) {
            context.ui.note(owed);
        }
        if stopped && (stats.pending > 0 || !complete) {
            let waiting = match (stats.pending, complete) {
                (0, _) => String::new(),
                (count, true) => format!(" with {count} items waiting"),
                (count, false) => format!(" with {count} or more items waiting"),
            };
            context.ui.note(format!("stopped{waiting}; run the same command to continue"));
            return Ok(Exit::Stopped);
        }
        if report.is_failure() {
            bail!("{}", failure(report, &self.output));
        }
        let doubts = counts.doubtful + counts.failed + counts.unreadable > 0;
        Ok(if self.strict && doubts { Exit::Doubtful } else { Exit::Done })
    }

    /// Adds the models for items in the language `from`.
    fn with_models<'b>(
        &self,
        mut batch: Batch<'b>,
        from: Language,
        to: Language,
        second: Option<&SecondModel>,
        context: &Context,
    ) -> Result<Batch<'b>> {
        let both = !self.translate && !self.summarize;
        let resolver = context.resolver();
        let choice = |resolved: ResolvedModel| -> Result<ModelChoice> {
            Ok(ModelChoice {
                fingerprint: context.store.fingerprint(&resolved.installed)?,
                model: resolved.model,
                capabilities: resolved.capabilities,
            })
        };
        let mut models: Vec<Model> = Vec::new();
        if self.translate || both {
            let translator = resolver.translator(to.other(), to)?;
            models.push(translator.model.clone());
            GenerationArgs::note_same(second, &translator.model, context);
            batch = batch.translate_with(choice(translator)?);
        }
        if self.summarize || both {
            let (summarizer, translator) = resolver.summarizers(from, to)?;
            models.push(summarizer.model.clone());
            batch = batch.summarize_with(choice(summarizer)?);
            if let Some(translator) = translator {
                models.push(translator.model.clone());
                if !(self.translate || both) {
                    batch = batch.translate_summaries_with(choice(translator)?);
                }
            }
        }
        self.generation.note_ignored(&models.iter().collect::<Vec<_>>(), context);
        Ok(batch)
    }
}

/// The language of the first readable item, on which the choice of a summarizer depends. Pipes are
/// left alone, because they can be read only once.
fn first_language(paths: &[PathBuf], encoding: EncodingArgs, fields: &Fields) -> Option<Language> {
    const MAX_FILES: usize = 4;
    const MAX_ITEMS: usize = 4;
    paths.iter().filter(|path| path.is_file()).take(MAX_FILES).find_map(|path| {
        let source = encoding.decoded(Box::new(std::fs::File::open(path).ok()?)).ok()?;
        let mut items = formats::items(source, &path.to_string_lossy(), fields.clone()).ok()?;
        let item = items.by_ref().take(MAX_ITEMS).find_map(Result::ok)?;
        Language::detect(&item.document.article())
    })
}

/// An input with the encoding of `--encoding`.
fn decoded(input: BatchInput, encoding: EncodingArgs) -> BatchInput {
    let BatchInput { name, open, path } = input;
    let source_name = name.clone();
    let open = move |validator: Option<&str>| {
        Ok(match open(validator)? {
            Opened::Source(source, validator) => {
                let source = encoding
                    .decoded(source)
                    .map_err(|e| Error::io("read", Path::new(&source_name), e))?;
                Opened::Source(source, validator)
            }
            Opened::NotModified => Opened::NotModified,
        })
    };
    BatchInput { path, ..BatchInput::new(name, open) }
}

/// The formats of `--pairs`.
fn bilingual_formats(names: &[String]) -> Result<Vec<&'static ExchangeFormat>> {
    let find = |name: &String| {
        EXCHANGE_FORMATS.iter().find(|format| format.name == name).with_context(|| {
            let names: Vec<&str> = EXCHANGE_FORMATS.iter().map(|format| format.name).collect();
            format!("--pairs {name}: the formats are {}", names.join(", "))
        })
    };
    names.iter().map(find).collect()
}

/// The field names of `--field`.
fn fields(given: &[String]) -> Result<Fields> {
    let mut fields = Fields::default();
    for field in given {
        let (what, name) = field.split_once('=').unwrap_or(("text", field));
        let names = match what {
            "text" => &mut fields.text,
            "title" => &mut fields.title,
            "id" => &mut fields.id,
            _ => bail!("--field {field}: `{what}` is not text, title or id"),
        };
        *names = vec![name.to_string()];
    }
    Ok(fields)
}

/// Exit statuses of `batch` and `feed`, for their help.
pub(super) const EXIT_STATUS: &str = "Exit status:\n  \
    0    the run is finished; findings and failed items are in the results\n  \
    1    with --strict: an item failed, or there are findings\n  \
    2    an input could not be read, no item could be done, or the run failed\n  \
    130  stopped by Ctrl-C or SIGTERM; run the same command to continue";

/// A flag that the first Ctrl-C sets; the second exits at once. Neither loses a finished item.
pub(super) fn stop_on_ctrl_c() -> Result<Arc<AtomicBool>> {
    let stop = Arc::new(AtomicBool::new(false));
    let flag = stop.clone();
    ctrlc::set_handler(move || {
        if flag.swap(true, Ordering::SeqCst) {
            std::process::exit(130);
        }
        eprintln!("stopping and saving finished items; press Ctrl-C again to stop at once");
    })
    .context("cannot listen for Ctrl-C")?;
    Ok(stop)
}

/// The reason for a run's failure.
fn failure(report: &RunReport, folder: &Path) -> String {
    let RunReport { counts, stats, .. } = report;
    let list = folder.join("failed.jsonl");
    match counts.refused_inputs {
        0 if stats.dead > 0 => {
            format!("no item could be done; see {} for the reasons", list.display())
        }
        0 => "the inputs contain no items".to_string(),
        1 => format!("1 input could not be read; see {}", list.display()),
        count => format!("{count} inputs could not be read; see {}", list.display()),
    }
}

/// Counts of a run in one line.
fn figures(counts: &Counts, folder: &Path) -> String {
    let mut text = format!("{} of {} items done", counts.done, counts.items);
    for (count, what) in [
        (counts.doubtful, "to check"),
        (counts.unchanged, "unchanged"),
        (counts.duplicates, "repeated"),
        (counts.unreadable, "unreadable"),
        (counts.failed, "failed"),
    ] {
        if count > 0 {
            text += &format!(", {count} {what}");
        }
    }
    format!("{text}; see {}", folder.join("digest.html").display())
}

/// What a run owes to the desk: "412 of 1,030 segments from memory; 96 of 98 terms as prescribed".
/// `None` if nothing.
fn owed(desk: &DeskUse) -> Option<String> {
    let GlossaryUse { terms, used } = desk.glossary;
    let part = |count: usize, of: usize, what: &str| {
        format!("{} of {} {what}", grouped(count), grouped(of))
    };
    let memory =
        (desk.reused() > 0).then(|| part(desk.reused(), desk.segments, "segments from memory"));
    let examples = (desk.after_examples > 0)
        .then(|| format!("{} written after examples", grouped(desk.after_examples)));
    let terms = (terms > 0).then(|| part(used, terms, "terms as prescribed"));
    let parts: Vec<String> = [memory, examples, terms].into_iter().flatten().collect();
    (!parts.is_empty()).then(|| parts.join("; "))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_run_owes_to_the_desk_is_one_line() {
        let desk = DeskUse {
            segments: 1030,
            confirmed: 300,
            machine: 112,
            glossary: GlossaryUse { terms: 98, used: 96 },
            ..DeskUse::default()
        };
        let line = "412 of 1,030 segments from memory; 96 of 98 terms as prescribed";
        assert_eq!(owed(&desk).as_deref(), Some(line));
        assert_eq!(owed(&DeskUse { segments: 9, ..DeskUse::default() }), None);
    }
}
