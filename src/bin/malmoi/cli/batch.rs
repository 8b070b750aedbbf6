//! `malmoi batch`.

use std::path::PathBuf;

use anyhow::Result;
use clap::Args;

use super::batch_args::{BatchArgs, EXIT_STATUS, InputSource};
use super::inputs;
use crate::context::Context;
use crate::exit::Exit;
use crate::sandbox::Needs;

/// Summarize and translate files, folders and archives, losing nothing
#[derive(Args)]
#[command(after_help = format!("Examples:\n  malmoi batch articles/ -o results --to ko\n  \
    malmoi batch archive.jsonl -o results --to en --summarize --field text=body\n\n{EXIT_STATUS}"))]
pub(crate) struct BatchCommand {
    /// Files, folders, JSONL or CSV; `-` for standard input
    #[arg(required = true)]
    input: Vec<PathBuf>,
    /// Keep items in the results after they left their files
    #[arg(long)]
    keep_removed: bool,
    #[command(flatten)]
    args: BatchArgs,
}

impl BatchCommand {
    pub fn run(self, context: &Context) -> Result<Exit> {
        let inputs = inputs::find(&self.input, self.args.folder(), self.args.follow_links)?;
        let mut needs = Needs { read: self.input.clone(), ..Needs::default() };
        if self.args.follow_links {
            needs.read.extend(inputs.targets(&self.input));
        }
        let source = InputSource::Files { keep_removed: self.keep_removed };
        self.args.run(inputs, source, needs, context)
    }
}
