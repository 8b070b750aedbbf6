//! `malmoi mcp`.

use std::time::Duration;

use anyhow::Result;
use clap::Args;
use malmoi::TaskOptions;
use malmoi::prompts::Task;
use malmoi::store::{Store, StoreSettings};

use super::task_args::{GenerationArgs, MemoryArgs};
use crate::context::Context;
use crate::engine::{Engine, Limits};
use crate::exit::Exit;
use crate::mcp::{self, Models, Notes, Toolbox};

/// Texts that a model generates together: an assistant asks for few at a time.
const AT_ONCE: usize = 4;
/// Calls that may wait.
const QUEUE: usize = 64;

/// Offer tools to a desktop assistant, over standard input and output
#[derive(Args)]
#[command(
    after_help = "Tools: translate, summarize, check, glossary_lookup, over the Model Context \
    Protocol.\nAn assistant starts the program itself; docs/mcp.md has its configuration. Models are \
    opened\nwhen a call needs them and never downloaded: `malmoi models pull NAME` comes first."
)]
pub(crate) struct Mcp {
    /// Characters of the texts of a call
    #[arg(long, value_name = "N", default_value_t = 200_000)]
    max_characters: usize,
    /// Time limit for a call, in seconds
    #[arg(long, value_name = "SECONDS", default_value_t = 600)]
    #[arg(value_parser = clap::value_parser!(u64).range(1..))]
    time_limit: u64,
    #[command(flatten)]
    memory: MemoryArgs,
    #[command(flatten)]
    generation: GenerationArgs,
}

impl Mcp {
    pub fn run(self, mut context: Context) -> Result<Exit> {
        let mut options = TaskOptions {
            desk: self.memory.desk(&context),
            similar: self.memory.similar(&context)?,
            ..self.generation.task_options(Task::Translate, None, &context)?
        };
        options.second = options.second.map(|second| second.shared(AT_ONCE));
        // A download would need a person's consent, and a tool has no terminal to ask at.
        let settings = StoreSettings { offline: true, ..context.store.settings().clone() };
        context.store = Store::new(settings);
        let limits =
            Limits { at_once: AT_ONCE, queue: QUEUE, time: Duration::from_secs(self.time_limit) };
        let engine = Engine::new(limits, Notes(context.ui));
        engine.start_threads()?;
        let audit = context.audit.clone();
        let models = Models::new(context, AT_ONCE);
        let toolbox = Toolbox { models, options, audit, characters: self.max_characters };
        mcp::serve(toolbox, engine.clone())?;
        engine.stop(Duration::ZERO);
        Ok(Exit::Done)
    }
}
