//! What `batch` and `feed` have in common: which models do the work, what is told while it is done,
//! and how it is stopped.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use anyhow::{Context as _, Result, bail};
use clap::Args;
use malmoi::batch::{
    self, BILINGUAL_FORMATS, BilingualFormat, Counts, Ended, Follow, Input, ModelChoice, Opened,
    Plan, Watch,
};
use malmoi::formats::{self, Fields};
use malmoi::prompts::Term;
use malmoi::{Error, Language, Model};

use super::inputs::Inputs;
use super::task;
use super::task_args::{EncodingArgs, GenerationArgs, SummaryArgs};
use crate::context::{Context, Exit};
use crate::model_resolver::ResolvedModel;
use crate::output;

/// What is done, and where results go.
#[derive(Args)]
pub(super) struct BatchArgs {
    /// Folder for results and the journal; running again with the same one does only what is new
    /// or changed
    #[arg(long, short, value_name = "DIR")]
    output: PathBuf,
    /// Translate each item
    #[arg(long)]
    translate: bool,
    /// Summarize each item; both are done where neither is named
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
    /// Translations that must be used: a term, a tab and its translation on each line
    #[arg(long, value_name = "FILE")]
    glossary: Option<PathBuf>,
    /// Which field of a record is what, for JSONL and CSV: text=NAME, title=NAME or id=NAME
    #[arg(long, value_name = "WHAT=NAME")]
    field: Vec<String>,
    /// Also write source and translation pair by pair, for translators' tools: tmx, xliff
    #[arg(long, value_name = "FORMAT", value_delimiter = ',')]
    pairs: Vec<String>,
    /// Texts that go through the model at once
    #[arg(long, value_name = "N", default_value_t = 8, value_parser = clap::value_parser!(u32).range(1..=256))]
    at_once: u32,
    /// Seconds models may work on an item; one that takes longer fails and holds up no other
    /// [default: no limit]
    #[arg(long, value_name = "SECONDS", value_parser = clap::value_parser!(u64).range(1..))]
    item_timeout: Option<u64>,
    /// Try failed items again
    #[arg(long)]
    retry: bool,
    /// Follow links in folders, also those that lead out of them
    #[arg(long)]
    pub follow_links: bool,
    /// Write results even where they overwrite an input, or files that malmoi did not make
    #[arg(long)]
    force: bool,
    /// Exit with 1 if an item failed or anything did not carry over
    #[arg(long)]
    strict: bool,
    #[command(flatten)]
    encoding: EncodingArgs,
    #[command(flatten)]
    choices: GenerationArgs,
}

impl BatchArgs {
    /// Where results go.
    pub fn folder(&self) -> &Path {
        &self.output
    }

    /// Works through the inputs, and shows items that left theirs if `keep_removed`. `feed` is how
    /// the pages of items are read, where the inputs are feeds and that is wanted.
    pub fn run(
        self,
        inputs: Inputs,
        keep_removed: bool,
        feed: Option<Option<Follow>>,
        context: &Context,
    ) -> Result<Exit> {
        // Whatever can be wrong without a model is looked at before one is loaded.
        let fields = fields(&self.field)?;
        let pairs = pairs(&self.pairs)?;
        let glossary = task::glossary(self.glossary.as_deref())?;
        let from = task::source_language(&self.from)?;
        let likely = from.or_else(|| first_language(&inputs.paths, self.encoding, &fields));
        let mut read = inputs.paths;
        read.extend(self.glossary.clone());
        batch::check_folder(&self.output, &read, self.force)?;
        inputs.notes.iter().for_each(|note| context.ui.note(note));
        let plan =
            Plan { from, keep_removed, pairs, ..self.plan(likely, glossary, feed, context)? };
        let stop = stop_on_ctrl_c()?;
        let show = context.ui.progress(context.json);
        let mut on_note = |text: &str| context.ui.note(text);
        let mut watch =
            Watch { on_progress: &mut { show }, on_note: &mut on_note, stop: stop.clone() };
        let sources =
            inputs.inputs.into_iter().map(|input| decoded(input, self.encoding)).collect();
        let ended = batch::run(&plan, &self.output, sources, &fields, self.retry, &mut watch)?;
        if context.json {
            output::print(&format!(
                "{}\n",
                serde_json::json!({"event": "end", "run": ended.counts, "journal": ended.stats, "complete": ended.complete})
            ))?;
        }
        let Ended { counts, stats, complete } = ended;
        context.ui.note(figures(&counts, &self.output));
        if stop.load(Ordering::SeqCst) && (stats.pending > 0 || !complete) {
            let or_more = if complete { "" } else { " or more" };
            context.ui.note(format!(
                "stopped with {}{or_more} items waiting; the same command goes on where it was",
                stats.pending
            ));
            return Ok(Exit::Stopped);
        }
        if ended.is_failure() {
            bail!("{}", failure(&ended, &self.output));
        }
        let doubts = counts.doubtful + counts.failed + counts.unreadable > 0;
        Ok(if self.strict && doubts { Exit::Doubtful } else { Exit::Done })
    }

    /// The plan for items that are likely in `likely`, else in the language that results are not
    /// in.
    fn plan(
        &self,
        likely: Option<Language>,
        glossary: Vec<Term>,
        feed: Option<Option<Follow>>,
        context: &Context,
    ) -> Result<Plan> {
        let to = task::language(&self.to)?;
        let neither = !self.translate && !self.summarize;
        let (translate, summarize) = (self.translate || neither, self.summarize || neither);
        let resolver = context.resolver();
        let worker = |chosen: ResolvedModel| -> Result<ModelChoice> {
            let sum = context.store.fingerprint(&chosen.located)?;
            Ok(ModelChoice { model: chosen.model, capabilities: chosen.capabilities, sum })
        };
        let translator = if translate { Some(resolver.translator(to.other(), to)?) } else { None };
        let (summarizer, second) = match summarize {
            true => {
                let (first, second) = resolver.summarizers(likely.unwrap_or(to.other()), to)?;
                (Some(first), second)
            }
            false => (None, None),
        };
        let models = [translator.as_ref(), summarizer.as_ref(), second.as_ref()];
        let models: Vec<&Model> =
            models.into_iter().flatten().map(|chosen| &chosen.model).collect();
        self.choices.note_ignored(&models, context);
        Ok(Plan {
            from: None,
            to,
            summarizer: summarizer.map(worker).transpose()?,
            translator: translator.or(second).map(worker).transpose()?,
            translate,
            sentences: self.summary.sentences as usize,
            style: self.summary.style.into(),
            route: self.summary.route.into(),
            prompt: self.choices.prompt.clone(),
            prompts: context.settings.prompts(),
            glossary,
            seed: self.choices.seed,
            max_tokens: self.choices.max_tokens,
            beams: self.choices.beams.map(usize::from),
            batch: self.at_once as usize,
            feed: feed.is_some(),
            pairs: Vec::new(),
            follow: feed.flatten(),
            keep_removed: false,
            item_timeout: self.item_timeout.map(Duration::from_secs),
        })
    }
}

/// The language of the first item that can be read, which the choice of a summarizer depends on.
/// Pipes can be read once and are left alone.
fn first_language(paths: &[PathBuf], encoding: EncodingArgs, fields: &Fields) -> Option<Language> {
    const LOOKED_AT: usize = 4;
    paths.iter().filter(|path| path.is_file()).take(LOOKED_AT).find_map(|path| {
        let source = encoding.decoded(Box::new(std::fs::File::open(path).ok()?)).ok()?;
        let mut items = formats::items(source, &path.to_string_lossy(), fields.clone()).ok()?;
        let item = items.by_ref().take(LOOKED_AT).find_map(Result::ok)?;
        Language::detect(&item.document.article())
    })
}

/// An input in the encoding that was named for all of them.
fn decoded(input: Input, encoding: EncodingArgs) -> Input {
    let Input { name, open } = input;
    let of = name.clone();
    let open = move |mark: Option<&str>| {
        Ok(match open(mark)? {
            Opened::Source(source, mark) => {
                let source =
                    encoding.decoded(source).map_err(|e| Error::io("read", Path::new(&of), e))?;
                Opened::Source(source, mark)
            }
            same => same,
        })
    };
    Input { name, open: Box::new(open) }
}

/// Formats of pairs by their names.
fn pairs(given: &[String]) -> Result<Vec<&'static BilingualFormat>> {
    let find = |name: &String| {
        let known = BILINGUAL_FORMATS.iter().find(|exchange| exchange.name == name);
        known.with_context(|| {
            let names: Vec<&str> = BILINGUAL_FORMATS.iter().map(|exchange| exchange.name).collect();
            format!("--pairs {name}: the formats are {}", names.join(", "))
        })
    };
    given.iter().map(find).collect()
}

/// `text=NAME` and so on.
fn fields(given: &[String]) -> Result<Fields> {
    let mut fields = Fields::default();
    for one in given {
        let (what, name) = one.split_once('=').unwrap_or(("text", one));
        let names = match what {
            "text" => &mut fields.text,
            "title" => &mut fields.title,
            "id" => &mut fields.id,
            _ => bail!("--field {one}: `{what}` is not text, title or id"),
        };
        *names = vec![name.to_string()];
    }
    Ok(fields)
}

/// How `batch` and `feed` end, for their help.
pub(super) const EXIT_STATUS: &str = "Exit status:\n  \
    0    all items are done, now or before; doubts and failed items are in the results\n  \
    1    with --strict: an item failed, or anything did not carry over\n  \
    2    an input could not be read, no item could be done, or the run could not go on\n  \
    130  stopped by Ctrl-C or SIGTERM; the same command goes on where it was";

/// The first Ctrl-C asks to stop; the second does not ask. Neither loses anything that was done.
fn stop_on_ctrl_c() -> Result<Arc<AtomicBool>> {
    let stop = Arc::new(AtomicBool::new(false));
    let asked = stop.clone();
    ctrlc::set_handler(move || {
        if asked.swap(true, Ordering::SeqCst) {
            std::process::exit(130);
        }
        eprintln!(
            "stopping: what is in hand goes back, everything done is saved (Ctrl-C again stops at once)"
        );
    })
    .context("cannot listen for Ctrl-C")?;
    Ok(stop)
}

/// Why a run that went to its end was none that worked.
fn failure(ended: &Ended, folder: &Path) -> String {
    let Ended { counts, stats, .. } = ended;
    let list = folder.join("failed.jsonl");
    match counts.refused_inputs {
        0 if stats.dead > 0 => {
            format!("no item could be done: {} says why of each", list.display())
        }
        0 => "the inputs hold no item".to_string(),
        1 => format!("1 input could not be read: {} says which and why", list.display()),
        many => format!("{many} inputs could not be read: {} says which and why", list.display()),
    }
}

fn figures(counts: &Counts, folder: &Path) -> String {
    let mut said = vec![format!("{} of {} items done", counts.done, counts.items)];
    let mut add = |count: u64, what: &str| {
        if count > 0 {
            said.push(format!("{count} {what}"));
        }
    };
    add(counts.doubtful, "with doubts");
    add(counts.unchanged, "as before");
    add(counts.duplicates, "the same as another");
    add(counts.unreadable, "unreadable");
    add(counts.failed, "failed");
    format!("{}; see {}", said.join(", "), folder.join("digest.html").display())
}
