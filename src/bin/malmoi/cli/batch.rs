//! `malmoi batch`.

use std::path::PathBuf;

use anyhow::Result;
use clap::Args;

use super::Run;
use super::many::{self, Many};
use crate::Exit;

/// Summarize and translate files, folders and archives, losing nothing
#[derive(Args)]
#[command(after_help = "Examples:\n  malmoi batch articles/ -o results --to ko\n  \
    malmoi batch archive.jsonl -o results --to en --summarize --field text=body")]
pub(crate) struct Batch {
    /// Files, folders, JSONL or CSV; `-` for standard input
    #[arg(required = true)]
    input: Vec<PathBuf>,
    #[command(flatten)]
    many: Many,
}

impl Batch {
    pub fn run(self, run: &Run) -> Result<Exit> {
        let inputs = many::inputs(&self.input, self.many.folder())?;
        self.many.run(inputs, None, run)
    }
}
