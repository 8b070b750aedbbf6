//! Inputs of a batch as the command line names them: files, folders, standard input.

use std::path::{Path, PathBuf};

use anyhow::{Result, bail};
use malmoi::batch::{BatchInput, FileSearch, FoundFiles, Opened};
use malmoi::internals::files::{self, FileKind};

/// Inputs, and notes about files that were left out.
#[derive(Default)]
pub(super) struct Inputs {
    pub inputs: Vec<BatchInput>,
    pub notes: Vec<String>,
}

/// The inputs at the given paths, in that order.
pub(super) fn find(paths: &[PathBuf], output: &Path, follow_links: bool) -> Result<Inputs> {
    let mut found = Inputs::default();
    for path in paths {
        found.add(path, output, follow_links)?;
    }
    Ok(found)
}

/// The web address that a source is, if it is one.
pub(super) fn address(source: &Path) -> Option<&str> {
    source.to_str().filter(|text| text.starts_with("http://") || text.starts_with("https://"))
}

impl Inputs {
    /// Where links among the inputs lead, if that is outside of the given paths.
    pub fn targets(&self, given: &[PathBuf]) -> Vec<PathBuf> {
        let paths: Vec<PathBuf> =
            self.inputs.iter().filter_map(|input| input.path.clone()).collect();
        crate::sandbox::targets(&paths, given)
    }

    /// Adds the inputs at a path; `-` is standard input. The output folder is left out.
    pub fn add(&mut self, path: &Path, output: &Path, follow_links: bool) -> Result<()> {
        if path == Path::new("-") {
            const NAME: &str = "standard input";
            if self.inputs.iter().any(|input| input.name == NAME) {
                bail!("standard input can be read only once, but is named twice");
            }
            let open = |_: Option<&str>| Ok(Opened::Source(Box::new(std::io::stdin()), None));
            self.inputs.push(BatchInput::new(NAME, open));
            return Ok(());
        }
        if let Some(address) = address(path) {
            let address = malmoi::internals::redact::secrets(address);
            bail!("{address} is a web address; use `malmoi feed` for feeds on the web");
        }
        if path.is_dir() && files::is_same_file(path, output) {
            bail!(
                "{} is both an input and the output folder; choose another output folder with `-o`",
                path.display()
            );
        }
        let search = FileSearch { exclude: Some(output.to_path_buf()), follow_links };
        let FoundFiles { inputs, skipped } = search.find(path)?;
        self.inputs.extend(inputs);
        for (kind, what) in [
            (FileKind::Link, "links, which --follow-links follows"),
            (FileKind::Special, "pipes, sockets or devices"),
        ] {
            let paths: Vec<&PathBuf> =
                skipped.iter().filter(|(_, found)| *found == kind).map(|(path, _)| path).collect();
            let Some(first) = paths.first() else { continue };
            let others = match paths.len() {
                1 => String::new(),
                count => format!(" and {} more", count - 1),
            };
            self.notes.push(format!("left out {}{others}: {what}", first.display()));
        }
        Ok(())
    }
}
