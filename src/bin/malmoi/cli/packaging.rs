//! `malmoi completions` and `malmoi man`, for packagers.

use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use clap::{Args, Command};
use clap_complete::Shell;

use crate::exit::Exit;
use crate::output;

/// Print shell completions
#[derive(Args)]
pub(crate) struct Completions {
    /// Shell
    shell: Shell,
}

impl Completions {
    pub fn run(self, mut program: Command) -> Result<Exit> {
        let mut text = Vec::new();
        clap_complete::generate(self.shell, &mut program, "malmoi", &mut text);
        output::print(&String::from_utf8_lossy(&text))?;
        Ok(Exit::Done)
    }
}

/// Write man pages into a folder
#[derive(Args)]
pub(crate) struct Man {
    /// Output folder
    folder: PathBuf,
}

impl Man {
    pub fn run(self, program: Command) -> Result<Exit> {
        let failed = |path: &Path| format!("cannot write {}", path.display());
        std::fs::create_dir_all(&self.folder).with_context(|| failed(&self.folder))?;
        clap_mangen::generate_to(program, &self.folder).with_context(|| failed(&self.folder))?;
        Ok(Exit::Done)
    }
}
