//! The commands: one file each, one line each in [`Command`] and [`Cli::run`].

mod batch;
mod bench;
mod doctor;
mod feed;
mod inputs;
mod many;
mod models;
mod shell;
mod summarize;
mod translate;
mod work;

use std::cell::RefCell;
use std::path::PathBuf;

use anyhow::{Context, Result};
use clap::{Args, Parser, Subcommand};
use malmoi::Quantization;
use malmoi::store::Store;

use crate::Exit;
use crate::choose::Chooser;
use crate::settings::{Settings, SettingsError};
use crate::ui::Ui;

/// Summarizes and translates news between English and Korean, on this machine.
#[derive(Parser)]
#[command(name = "malmoi", version, propagate_version = true, arg_required_else_help = true)]
#[command(
    after_help = "Exit status: 0 done, 1 done but --strict found something, 2 could not, 130 stopped by Ctrl-C.\n\
    Results go to standard output, everything else to standard error.\n\
    Settings: flags, then environment variables, then malmoi/config.toml in the configuration folder\n\
    ($XDG_CONFIG_HOME, else ~/.config); `malmoi doctor` shows its place and every setting."
)]
pub(crate) struct Cli {
    #[command(flatten)]
    common: Common,
    #[command(subcommand)]
    command: Command,
}

/// What every command understands.
#[derive(Args)]
pub(crate) struct Common {
    /// A model of the catalogue, a folder in Hugging Face layout, a .gguf file, or
    /// owner/repo[@revision][:file]
    #[arg(long, short, global = true, value_name = "MODEL")]
    model: Option<String>,
    /// Quantize the float weights of a model folder, once: q8_0, q6k or q4k
    #[arg(long, global = true, value_name = "TYPE")]
    quantize: Option<String>,
    /// Never open a connection
    #[arg(long, global = true)]
    offline: bool,
    /// Fetch a missing model without asking, however large
    #[arg(long, short, global = true)]
    yes: bool,
    /// One JSON object a line, for programs
    #[arg(long, global = true)]
    json: bool,
    /// Say nothing but results and errors
    #[arg(long, short, global = true)]
    quiet: bool,
    /// Threads to compute with, at most as many as this process is given processors [default: all]
    #[arg(long, global = true, value_name = "N")]
    threads: Option<usize>,
}

#[derive(Subcommand)]
enum Command {
    Summarize(summarize::Summarize),
    Translate(translate::Translate),
    Batch(batch::Batch),
    Feed(feed::Feed),
    Models(models::Models),
    Bench(bench::Bench),
    Doctor(doctor::Doctor),
    Completions(shell::Completions),
    Man(shell::Man),
}

/// What a command works with.
pub(crate) struct Run {
    pub settings: Settings,
    pub store: Store,
    pub quantize: Option<Quantization>,
    /// Whether models are fetched without a question.
    pub yes: bool,
    /// Whether weights laid out for this processor are kept.
    pub keep: bool,
    /// Whether texts are to be the same on every processor.
    pub portable: bool,
    pub ui: Ui,
    pub json: bool,
}

impl Cli {
    pub fn run(self) -> Result<Exit> {
        let common = self.common;
        let (settings, faults) = Settings::read(&[
            ("model", common.model),
            ("quantize", common.quantize),
            ("offline", common.offline.then(|| "true".to_string())),
            ("threads", common.threads.map(|count| count.to_string())),
        ])?
        .faults();
        let ui = Ui::new(common.quiet);
        if let Some(asked) = settings.threads().unwrap_or_default() {
            // More threads than processors would only wait for each other.
            let most = std::thread::available_parallelism().map_or(1, usize::from);
            let count = asked.min(most);
            if asked > most {
                ui.note(format!(
                    "{asked} threads were asked for; {most} are used, as many as this process is given"
                ));
            }
            // The library computes in rayon's pool, whose size is set here.
            rayon::ThreadPoolBuilder::new()
                .num_threads(count)
                .build_global()
                .context("cannot start threads")?;
        }
        let begun = Begun { settings, faults, yes: common.yes, ui, json: common.json };
        match self.command {
            Command::Summarize(command) => command.run(&begun.run()?),
            Command::Translate(command) => command.run(&begun.run()?),
            Command::Batch(command) => command.run(&begun.run()?),
            Command::Feed(command) => command.run(&begun.run()?),
            Command::Models(command) => command.run(&begun.run()?),
            Command::Bench(command) => command.run(&begun.run()?),
            Command::Doctor(command) => command.run(&begun.settings, begun.faults, begun.json),
            Command::Completions(command) => command.run(),
            Command::Man(command) => command.run(),
        }
    }
}

/// Settings as they were read, before a command asks for them to be right.
struct Begun {
    settings: Settings,
    faults: Vec<SettingsError>,
    yes: bool,
    ui: Ui,
    json: bool,
}

impl Begun {
    /// Fails with the first setting that cannot be used.
    fn run(self) -> Result<Run> {
        let Self { settings, faults, yes, ui, json } = self;
        if let Some(fault) = faults.into_iter().next() {
            return Err(fault.into());
        }
        Ok(Run {
            store: Store::new(settings.store()?),
            quantize: settings.quantize()?,
            yes,
            keep: settings.keep()?,
            portable: settings.portable()?,
            settings,
            ui,
            json,
        })
    }
}

impl Run {
    fn chooser(&self) -> Chooser<'_> {
        Chooser {
            store: &self.store,
            named: self.settings.get("model"),
            ui: self.ui,
            yes: self.yes,
            quantize: self.quantize,
            kept_in: self.settings.kept_in(),
            keep_tiles: self.keep,
            portable: self.portable,
            opened: RefCell::default(),
        }
    }
}

/// Where results go and how they are judged, for the commands that do work.
#[derive(Args)]
pub(crate) struct Results {
    /// Write the result to a file instead of standard output
    #[arg(long, short, value_name = "FILE")]
    output: Option<PathBuf>,
    /// Write the result even where it overwrites a file that was read
    #[arg(long)]
    force: bool,
    /// Exit with 1 if anything did not carry over (page furniture that was left out does not
    /// count)
    #[arg(long)]
    strict: bool,
    /// Show every finding, not only a screenful
    #[arg(long)]
    all_findings: bool,
}
