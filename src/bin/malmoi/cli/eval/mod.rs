//! `malmoi eval`: one file a subcommand.

mod checks;
mod lines;
mod model;
mod model_run;
mod scores;
mod summary;
mod translation;

use anyhow::Result;
use clap::{Args, Subcommand};

use crate::context::Context;
use crate::exit::Exit;

/// Score translations and summaries, compare models, or measure what the checks find
#[derive(Args)]
pub(crate) struct Eval {
    #[command(subcommand)]
    what: What,
}

#[derive(Subcommand)]
enum What {
    Translation(translation::Translation),
    Summary(summary::Summary),
    Model(model::Model),
    Checks(checks::Checks),
}

impl Eval {
    pub fn run(self, context: &Context) -> Result<Exit> {
        match self.what {
            What::Translation(command) => command.run(context),
            What::Summary(command) => command.run(context),
            What::Model(command) => command.run(context),
            What::Checks(command) => command.run(context),
        }
    }
}
