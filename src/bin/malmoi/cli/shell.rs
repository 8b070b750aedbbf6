//! `malmoi completions` and `malmoi man`: for whoever packages the program.

use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use clap::{Args, CommandFactory};
use clap_complete::Shell;

use super::Cli;
use crate::{Exit, output};

/// Print completions for a shell
#[derive(Args)]
pub(crate) struct Completions {
    /// Which
    shell: Shell,
}

impl Completions {
    pub fn run(self) -> Result<Exit> {
        let mut text = Vec::new();
        clap_complete::generate(self.shell, &mut Cli::command(), "malmoi", &mut text);
        output::print(&String::from_utf8_lossy(&text))?;
        Ok(Exit::Done)
    }
}

/// Write man pages into a folder
#[derive(Args)]
pub(crate) struct Man {
    /// The folder
    folder: PathBuf,
}

impl Man {
    pub fn run(self) -> Result<Exit> {
        let failed = |path: &Path| format!("cannot write {}", path.display());
        std::fs::create_dir_all(&self.folder).with_context(|| failed(&self.folder))?;
        clap_mangen::generate_to(Cli::command(), &self.folder)
            .with_context(|| failed(&self.folder))?;
        Ok(Exit::Done)
    }
}
