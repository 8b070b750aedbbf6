//! The command line. Everything that touches a person or their environment is here; what is done is
//! the library's.

mod advice;
mod choose;
mod cli;
mod findings;
mod output;
mod settings;
mod status;
mod ui;

use std::process::ExitCode;

use clap::Parser;

/// How a command ended; that it could not is an error.
pub(crate) enum Exit {
    Done,
    /// Done, but `--strict` found something.
    Doubtful,
    /// Stopped by whoever ran it; the same command goes on where it was.
    Stopped,
}

fn main() -> ExitCode {
    ui::explain_panics();
    let cli = cli::Cli::parse();
    match cli.run() {
        Ok(Exit::Done) => ExitCode::SUCCESS,
        Ok(Exit::Doubtful) => ExitCode::from(1),
        Ok(Exit::Stopped) => ExitCode::from(130),
        // Whoever read the output has enough of it.
        Err(error) if output::reader_left(&error) => ExitCode::SUCCESS,
        Err(error) => {
            ui::complain(&error);
            ExitCode::from(2)
        }
    }
}
