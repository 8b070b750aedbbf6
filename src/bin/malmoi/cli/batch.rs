//! `malmoi batch`.

use std::path::PathBuf;

use anyhow::Result;
use clap::Args;

use super::Run;
use super::inputs;
use super::many::{EXIT_STATUS, Many};
use crate::Exit;

/// Summarize and translate files, folders and archives, losing nothing
#[derive(Args)]
#[command(after_help = format!("Examples:\n  malmoi batch articles/ -o results --to ko\n  \
    malmoi batch archive.jsonl -o results --to en --summarize --field text=body\n\n{EXIT_STATUS}"))]
pub(crate) struct Batch {
    /// Files, folders, JSONL or CSV; `-` for standard input
    #[arg(required = true)]
    input: Vec<PathBuf>,
    /// Show items that are not in their files any more, too
    #[arg(long)]
    keep_removed: bool,
    #[command(flatten)]
    many: Many,
}

impl Batch {
    pub fn run(self, run: &Run) -> Result<Exit> {
        let inputs = inputs::find(&self.input, self.many.folder(), self.many.follow_links)?;
        self.many.run(inputs, self.keep_removed, None, run)
    }
}
