//! `malmoi eval model`.

use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result, bail};
use clap::Args;
use malmoi::batch::{Batch, ModelChoice};
use malmoi::eval::models::{Lines, ModelReport, ModelRun};
use malmoi::internals::files;
use malmoi::prompts::Task;
use malmoi::store::InstalledModel;
use malmoi::{Error, Language, LanguagePair, TaskOptions};
use serde_json::json;
use sha2::{Digest, Sha256};

use super::lines;
use super::model_run::{self, Plan};
use crate::cli::batch_args;
use crate::cli::task_args::GenerationArgs;
use crate::context::Context;
use crate::exit::Exit;
use crate::model_resolver::ModelResolver;
use crate::output;

/// Translate lines with one or more models and score them: is a new model better than the present
/// one?
#[derive(Args)]
#[command(after_help = "Examples:\n  \
    malmoi eval model --pair en-ko --source news.en --reference news.ko --model old --compare new\n  \
    malmoi eval model --pair ko-en --source news.ko --reference news.en -o results --html report.html\n\n\
    A run that was stopped or killed goes on when the same command is given again. FOLDER holds the\n\
    outputs of each model, a text in each line (NAME.ko), and the folder NAME of its batch. Without\n\
    -o it is a folder in the cache for this source and these options, and is named at the end.\n\
    The translation memory is not used: a translation that is reused says nothing of a model.")]
pub(super) struct Model {
    /// Languages of source and reference: en-ko or ko-en
    #[arg(long, value_name = "FROM-TO")]
    pair: String,
    /// Lines to translate: a text in each line, or the sources of TMX, XLIFF, JSON Lines or TSV
    #[arg(long, value_name = "FILE")]
    source: PathBuf,
    /// Their translations by people, a text in each line, or the outputs of a file of pairs
    #[arg(long, value_name = "FILE")]
    reference: PathBuf,
    /// Model to compare with --model; may be given several times
    #[arg(long, value_name = "MODEL")]
    compare: Vec<String>,
    /// Folder for the outputs [default: one in the cache]
    #[arg(long, short, value_name = "FOLDER")]
    output: Option<PathBuf>,
    /// Write a page with charts and the lines on which the models differ
    #[arg(long, value_name = "FILE")]
    html: Option<PathBuf>,
    /// Only the first N lines
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..))]
    limit: Option<u32>,
    /// Bootstrap resamples of the intervals and tests
    #[arg(long, value_name = "N", default_value_t = 1000,
        value_parser = clap::value_parser!(u32).range(40..=100_000))]
    bootstrap: u32,
    /// Scores of each line as well, in the JSON
    #[arg(long)]
    sentences: bool,
    /// Number of lines translated at the same time; it changes no translation
    #[arg(long, value_name = "N", default_value_t = 8, value_parser = clap::value_parser!(u32).range(1..=256))]
    at_once: u32,
    /// Try failed lines again
    #[arg(long)]
    retry: bool,
    #[command(flatten)]
    generation: GenerationArgs,
}

/// A model that will translate.
struct Candidate {
    /// Value of `--model` or `--compare`; `None` for the best installed model.
    requested: Option<String>,
    installed: InstalledModel,
    fingerprint: String,
    /// Name of its outputs; unique.
    name: String,
}

impl Model {
    pub fn run(self, context: &Context) -> Result<Exit> {
        let languages = pair(&self.pair)?;
        let inputs = [
            Some(self.source.as_path()),
            Some(self.reference.as_path()),
            self.generation.checks.glossary.as_deref(),
            self.generation.checks.checks.as_deref(),
            self.generation.examples.examples.as_deref(),
        ];
        let inputs: Vec<&Path> = inputs.into_iter().flatten().collect();
        output::check(self.html.as_deref(), &inputs, false)?;
        let whole = self.lines(languages)?;
        let candidates = self.candidates(languages, context)?;
        let options = TaskOptions {
            from: Some(languages.from),
            to: Some(languages.to),
            ..self.generation.task_options(Task::Translate, None, context)?
        };
        let folder = match &self.output {
            Some(folder) => folder.clone(),
            None => self.usual_folder(&whole, &options, context)?,
        };
        keep_source(&folder, &whole)?;
        let lines = self.limited(whole);
        let plan = Plan {
            sources: &lines.sources,
            to: languages.to,
            options,
            at_once: self.at_once as usize,
            retry: self.retry,
            stop: batch_args::stop_on_ctrl_c()?,
        };
        let mut runs: Vec<ModelRun> = Vec::new();
        for (index, candidate) in candidates.iter().enumerate() {
            context.ui.note(format!(
                "{} of {}: {}, {} lines",
                index + 1,
                candidates.len(),
                candidate.name,
                lines.sources.len()
            ));
            // One model is in memory at a time.
            let opened =
                resolver(context, &candidate.requested).open(candidate.installed.clone())?;
            self.generation.note_ignored(&[&opened.model], context);
            let choice = ModelChoice {
                model: opened.model,
                capabilities: opened.capabilities,
                fingerprint: candidate.fingerprint.clone(),
            };
            let run = model_run::translate(&plan, choice, &folder, &candidate.name, context)?;
            let Some(run) = run else { return Ok(Exit::Stopped) };
            runs.push(run);
        }
        let report = ModelReport::new(lines, runs, self.bootstrap as usize, self.sentences);
        if let Some(path) = &self.html {
            output::write(Some(path), &report.html(context.ui.messages))?;
        }
        output::print(&match context.json {
            true => {
                let mut object = serde_json::to_value(&report)?;
                object["source"] = json!(self.source);
                object["reference"] = json!(self.reference);
                object["folder"] = json!(folder);
                format!("{object}\n")
            }
            false => report.to_string(),
        })?;
        Ok(Exit::Done)
    }

    /// All lines of the files.
    fn lines(&self, languages: LanguagePair) -> Result<Lines> {
        let mut sources = lines::read(&self.source, lines::Side::Source)?;
        for text in sources.iter_mut().filter(|text| text.contains(['\n', '\r'])) {
            *text = model_run::in_one_line(text);
        }
        let references = lines::read(&self.reference, lines::Side::Output)?;
        lines::check_lengths(&[
            (self.source.as_path(), sources.len()),
            (self.reference.as_path(), references.len()),
        ])?;
        Ok(Lines { languages, sources, references })
    }

    /// The first lines, as many as `--limit` says.
    fn limited(&self, lines: Lines) -> Lines {
        let Lines { languages, mut sources, mut references } = lines;
        if let Some(limit) = self.limit {
            sources.truncate(limit as usize);
            references.truncate(limit as usize);
        }
        Lines { languages, sources, references }
    }

    /// The models, found and compared before any of them translates.
    fn candidates(&self, languages: LanguagePair, context: &Context) -> Result<Vec<Candidate>> {
        let first = context.settings.get("model").map(str::to_string);
        let requested = std::iter::once(first).chain(self.compare.iter().cloned().map(Some));
        let mut candidates: Vec<Candidate> = Vec::new();
        for requested in requested {
            let resolver = resolver(context, &requested);
            let installed = resolver.installed_translator(languages.from, languages.to)?;
            let fingerprint = short_fingerprint(&context.store.fingerprint(&installed)?);
            let same = candidates.iter().find(|other| other.fingerprint == fingerprint);
            let mut name = name_of(&installed);
            if let Some(other) = same {
                bail!(
                    "{} and {name} are the same model; name another one with --compare",
                    other.name
                );
            }
            if candidates.iter().any(|other| other.name == name) {
                name = format!("{name}-{}", &fingerprint[..8]);
            }
            if installed.entry.is_none_or(|entry| entry.translates.is_empty()) {
                // A model that cannot translate is named now, not after hours of the others.
                resolver.check_translator(&installed, languages.from, languages.to)?;
            }
            candidates.push(Candidate { requested, installed, fingerprint, name });
        }
        Ok(candidates)
    }

    /// A folder in the cache for the same source and options.
    fn usual_folder(
        &self,
        lines: &Lines,
        options: &TaskOptions,
        context: &Context,
    ) -> Result<PathBuf> {
        let LanguagePair { from, to } = lines.languages;
        let options = Batch::new(to).task_options(options.clone()).fingerprint()?;
        let hash = short_fingerprint(&format!("{options}\n{}", lines.sources.join("\n")));
        let stem = self.source.file_stem().unwrap_or_default().to_string_lossy();
        let name = format!("{}-{from}-{to}-{}", file_name(&stem), &hash[..12]);
        Ok(context.settings.evaluations().join(name))
    }
}

/// The languages of `--pair`.
fn pair(given: &str) -> Result<LanguagePair> {
    let unknown = || format!("--pair {given}: the pairs are en-ko and ko-en");
    let (from, to) = given.split_once('-').with_context(unknown)?;
    let language = |code: &str| Language::parse(code).with_context(unknown);
    let pair = LanguagePair { from: language(from)?, to: language(to)? };
    if pair.from == pair.to {
        bail!("{}", unknown());
    }
    Ok(pair)
}

fn resolver<'c>(context: &'c Context, requested: &'c Option<String>) -> ModelResolver<'c> {
    ModelResolver { requested: requested.as_deref(), ..context.resolver() }
}

/// SHA-256 of a text; a text that is one already stays as it is.
fn short_fingerprint(text: &str) -> String {
    let is_hash = text.len() == 64 && text.bytes().all(|byte| byte.is_ascii_hexdigit());
    if is_hash { text.to_string() } else { format!("{:x}", Sha256::digest(text)) }
}

/// The name of a model's outputs: that of the catalogue, else of its file or folder.
fn name_of(installed: &InstalledModel) -> String {
    match installed.entry {
        Some(entry) => entry.name.clone(),
        None => {
            let path = std::fs::canonicalize(&installed.path).unwrap_or(installed.path.clone());
            let name = if path.is_dir() { path.file_name() } else { path.file_stem() };
            file_name(&name.unwrap_or_default().to_string_lossy())
        }
    }
}

/// A name for a file: other characters than letters, digits, `.`, `_` and `-` become `-`.
fn file_name(name: &str) -> String {
    const LONGEST: usize = 60;
    let allowed = |c: char| c.is_alphanumeric() || matches!(c, '.' | '_' | '-');
    let name: String =
        name.chars().take(LONGEST).map(|c| if allowed(c) { c } else { '-' }).collect();
    let name = name.trim_matches(['.', '-']);
    if name.is_empty() { "model".to_string() } else { name.to_string() }
}

/// Keeps the source in the folder, so that a folder belongs to one source: results of another one
/// would be taken for results of this one.
fn keep_source(folder: &Path, lines: &Lines) -> Result<()> {
    std::fs::create_dir_all(folder).map_err(|e| Error::io("create", folder, e))?;
    let path = folder.join(format!("source.{}", lines.languages.from));
    if path.exists() {
        let kept = lines::read(&path, lines::Side::Source)?;
        if kept == lines.sources {
            return Ok(());
        }
        let differs = kept.iter().zip(&lines.sources).position(|(kept, new)| kept != new);
        let line = differs.unwrap_or(kept.len().min(lines.sources.len())) + 1;
        bail!(
            "{} was made with another source, which differs in line {line}; \
             choose another folder with `-o`",
            folder.display()
        );
    }
    let text: String = lines.sources.iter().map(|line| format!("{line}\n")).collect();
    files::replace(&path, |out| out.write_all(text.as_bytes()))
        .with_context(|| format!("cannot write {}", path.display()))
}
