//! The commands: one file and one row of [`Command`] and [`Cli::run`] each.

mod audit;
mod batch;
mod batch_args;
mod bench;
mod bundle;
mod check;
mod check_args;
mod doctor;
mod eval;
mod example_args;
mod feed;
mod formats;
mod glossary;
mod inputs;
#[cfg(feature = "mcp")]
mod mcp;
mod memory;
mod models;
mod packaging;
#[cfg(feature = "serve")]
mod serve;
mod summarize;
mod task;
mod task_args;
mod translate;
mod trust_args;

use std::sync::Arc;

use anyhow::Result;
use clap::{Args, CommandFactory, Parser, Subcommand};

use crate::audit::Audit;
use crate::context::Startup;
use crate::exit::Exit;
use crate::settings::Settings;
use crate::ui::{Ui, start_threads};
use malmoi::Language;

/// Summarizes and translates news between English and Korean, on this machine.
#[derive(Parser)]
#[command(name = "malmoi", version, propagate_version = true, arg_required_else_help = true)]
#[command(
    after_help = "Exit status: 0 done, 1 done but --strict found something, 2 failed, 130 stopped by Ctrl-C.\n\
    Results go to standard output, everything else to standard error.\n\
    Settings: flags, then environment variables, then malmoi/config.toml in the configuration folder\n\
    ($XDG_CONFIG_HOME, else ~/.config); `malmoi doctor` shows its path and every setting.\n\
    `malmoi --version --verbose` shows the features of the build, its commit and the instruction set."
)]
pub(crate) struct Cli {
    #[command(flatten)]
    common: Common,
    #[command(subcommand)]
    command: Command,
}

/// Options of every command.
#[derive(Args)]
pub(crate) struct Common {
    /// Model name, folder in Hugging Face layout, .gguf file, or owner/repo[@revision][:file]
    #[arg(long, short, global = true, value_name = "MODEL")]
    model: Option<String>,
    /// Model that translates doubtful segments again, the better of both being kept; or off
    #[arg(long, global = true, value_name = "MODEL")]
    second: Option<String>,
    /// Quantize the float weights of a model folder, once: q8_0, q6k or q4k
    #[arg(long, global = true, value_name = "TYPE")]
    quantize: Option<String>,
    /// Never open a connection
    #[arg(long, global = true)]
    offline: bool,
    /// Read every byte of a model before it is opened, also if its files have not changed
    #[arg(long, global = true)]
    verify: bool,
    /// Download a missing model without asking, however large
    #[arg(long, short, global = true)]
    yes: bool,
    /// Print one JSON object per line, for programs
    #[arg(long, global = true)]
    json: bool,
    /// Print only results and errors
    #[arg(long, short, global = true)]
    quiet: bool,
    /// Language of the findings shown: en or ko [default: that of the system]
    #[arg(long, global = true, value_name = "LANGUAGE")]
    messages: Option<String>,
    /// Model that compares the meanings of sentences: auto (an installed one), off, or a name
    #[arg(long, global = true, value_name = "MODEL")]
    meaning: Option<String>,
    /// Threads to compute with, at most the number of processors available [default: all]
    #[arg(long, global = true, value_name = "N")]
    threads: Option<usize>,
    /// Read PDF files with another program: pdftotext, or a path to it
    #[arg(long, global = true, value_name = "PROGRAM")]
    pdf_tool: Option<String>,
    /// Record every result in a file, by hashes and names, without its text (docs/audit.md)
    #[arg(long, global = true, value_name = "FILE")]
    audit_log: Option<String>,
}

#[derive(Subcommand)]
enum Command {
    Summarize(summarize::Summarize),
    Translate(translate::Translate),
    Batch(batch::BatchCommand),
    Feed(feed::Feed),
    Check(check::Check),
    Audit(audit::AuditCommand),
    Memory(memory::Memory),
    Glossary(glossary::GlossaryCommand),
    Formats(formats::FormatsCommand),
    Models(models::Models),
    Bundle(bundle::BundleCommand),
    Eval(eval::Eval),
    #[cfg(feature = "serve")]
    Serve(serve::Serve),
    #[cfg(feature = "mcp")]
    Mcp(mcp::Mcp),
    Bench(bench::Bench),
    Doctor(doctor::Doctor),
    Completions(packaging::Completions),
    Man(packaging::Man),
}

impl Command {
    /// The name of a command whose results are recorded.
    fn recorded(&self) -> Option<&'static str> {
        match self {
            Self::Summarize(_) => Some("summarize"),
            Self::Translate(_) => Some("translate"),
            Self::Batch(_) => Some("batch"),
            Self::Feed(_) => Some("feed"),
            Self::Check(_) => Some("check"),
            #[cfg(feature = "serve")]
            Self::Serve(_) => Some("serve"),
            #[cfg(feature = "mcp")]
            Self::Mcp(_) => Some("mcp"),
            _ => None,
        }
    }

    /// True for commands that enter a sandbox.
    fn has_sandbox(&self) -> bool {
        match self {
            Self::Batch(_) | Self::Feed(_) => true,
            #[cfg(feature = "serve")]
            Self::Serve(_) => true,
            _ => false,
        }
    }
}

impl Cli {
    pub fn run(self) -> Result<Exit> {
        let Common {
            model,
            second,
            quantize,
            offline,
            verify,
            yes,
            json,
            quiet,
            messages,
            meaning,
            threads,
            pdf_tool,
            audit_log,
        } = self.common;
        if let Some(program) = &pdf_tool {
            crate::pdf_tool::set(program)?;
        }
        let (settings, faults) = Settings::read(&[
            ("model", model),
            ("second", second),
            ("quantize", quantize),
            ("offline", offline.then(|| "true".to_string())),
            ("verify", verify.then(|| "true".to_string())),
            ("messages", messages),
            ("meaning", meaning),
            ("audit_log", audit_log),
            ("threads", threads.map(|count| count.to_string())),
        ])?
        .faults();
        let ui = Ui::new(quiet, settings.messages().unwrap_or(Language::English));
        // Threads that run already are not restricted by a sandbox, which starts them itself.
        if let Some(requested) = settings.threads().unwrap_or_default()
            && !self.command.has_sandbox()
        {
            start_threads(requested, ui)?;
        }
        let recorded = self.command.recorded().and_then(|name| Some((settings.audit_log()?, name)));
        let audit = recorded.map(|(path, name)| Audit::open(&path, name)).transpose()?;
        let audit = audit.map(Arc::new);
        let startup = Startup { settings, faults, yes, ui, json, audit: audit.clone() };
        let result = self.command.run(startup, json);
        if let Some(audit) = audit {
            audit.end(&result)?;
        }
        result
    }
}

impl Command {
    fn run(self, startup: Startup, json: bool) -> Result<Exit> {
        match self {
            Self::Summarize(command) => command.run(&startup.context()?),
            Self::Translate(command) => command.run(&startup.context()?),
            Self::Batch(command) => command.run(&startup.context()?),
            Self::Feed(command) => command.run(&startup.context()?),
            Self::Audit(command) => command.run(json),
            Self::Check(command) => command.run(&startup.context()?),
            Self::Memory(command) => command.run(&startup.context()?),
            Self::Glossary(command) => command.run(&startup.context()?),
            Self::Formats(command) => command.run(json),
            Self::Models(command) => command.run(&startup.context()?),
            Self::Bundle(command) => command.run(&startup.context()?),
            Self::Eval(command) => command.run(&startup.context()?),
            #[cfg(feature = "serve")]
            Self::Serve(command) => command.run(&startup.context()?),
            #[cfg(feature = "mcp")]
            Self::Mcp(command) => command.run(startup.context()?),
            Self::Bench(command) => command.run(&startup.context()?),
            Self::Doctor(command) => command.run(&startup.settings, startup.faults, json),
            Self::Completions(command) => command.run(Cli::command()),
            Self::Man(command) => command.run(Cli::command()),
        }
    }
}
