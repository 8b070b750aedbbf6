//! The command line: arguments, settings, the terminal and exit codes. The library does the work.

mod audit;
mod build_info;
mod cli;
mod context;
mod encoder;
#[cfg(any(feature = "serve", feature = "mcp"))]
mod engine;
mod exit;
mod findings;
mod hints;
#[cfg(feature = "mcp")]
mod mcp;
mod model_resolver;
mod output;
mod pdf_tool;
mod sandbox;
#[cfg(feature = "serve")]
mod server;
mod settings;
mod status;
mod ui;

use std::process::ExitCode;

use clap::Parser;
use clap::error::ErrorKind;

use exit::Exit;

fn main() -> ExitCode {
    ui::explain_panics();
    let cli = cli::Cli::try_parse().unwrap_or_else(|answer| match answer.kind() {
        ErrorKind::DisplayVersion if is_verbose() => {
            print!("{}", build_info::report());
            std::process::exit(0)
        }
        _ => answer.exit(),
    });
    match cli.run() {
        Ok(Exit::Done) => ExitCode::SUCCESS,
        Ok(Exit::Doubtful) => ExitCode::from(1),
        Ok(Exit::Stopped) => ExitCode::from(130),
        // A closed pipe, as of `head`, is no failure.
        Err(error) if output::reader_left(&error) => ExitCode::SUCCESS,
        Err(error) => {
            ui::report_error(&error);
            ExitCode::from(2)
        }
    }
}

/// `--version --verbose`: clap answers `--version` before it reads on.
fn is_verbose() -> bool {
    std::env::args_os().any(|argument| argument == "--verbose")
}
