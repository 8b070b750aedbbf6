//! Arguments of few-shot examples, shared by the commands that write texts.

use std::fs::File;
use std::path::PathBuf;

use anyhow::Result;
use clap::Args;
use malmoi::prompts::Task;
use malmoi::{Error, Examples};

/// Options of examples.
#[derive(Args)]
pub(super) struct ExampleArgs {
    /// Examples of how to write: a file of pairs, of which the most similar ones are shown to the
    /// model beside each piece of text
    #[arg(long, value_name = "FILE")]
    pub examples: Option<PathBuf>,
    /// Maximum number of examples beside each piece of text; 0 also leaves out those of the prompt
    #[arg(long, value_name = "N", default_value_t = Examples::LIMIT as u8, value_parser = clap::value_parser!(u8).range(0..=32))]
    pub max_examples: u8,
}

impl ExampleArgs {
    /// The examples. Pairs are for `task` where the file names none.
    pub fn read(&self, task: Task) -> Result<Examples> {
        let examples = match &self.examples {
            None => Examples::default(),
            Some(path) => {
                let file = File::open(path).map_err(|e| Error::io("read", path, e))?;
                Examples::read(file, &path.display().to_string(), task)?
            }
        };
        Ok(examples.limit(usize::from(self.max_examples)))
    }
}
