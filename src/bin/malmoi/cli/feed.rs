//! `malmoi feed`.

use std::path::PathBuf;

use anyhow::Result;
use clap::Args;

use super::Run;
use super::many::{self, Many};
use crate::Exit;

/// Summarize and translate the items of news feeds, each once
#[derive(Args)]
#[command(after_help = "Examples:\n  malmoi feed yonhap.xml -o results --to ko\n  \
    malmoi feed inbox/ -o results --to en --translate")]
pub(crate) struct Feed {
    /// Feeds: RSS, Atom, JSON Feed, agency XML; files or folders of them
    #[arg(required = true)]
    source: Vec<PathBuf>,
    #[command(flatten)]
    many: Many,
}

impl Feed {
    pub fn run(self, run: &Run) -> Result<Exit> {
        let inputs = many::inputs(&self.source, self.many.folder())?;
        self.many.run(inputs, true, run)
    }
}
