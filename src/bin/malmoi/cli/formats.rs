//! `malmoi formats`.

use std::fmt::Write as _;

use anyhow::Result;
use clap::Args;
use malmoi::formats::pairs::EXCHANGE_FORMATS;
use malmoi::formats::{FORMATS, PAIR_FORMATS};
use serde_json::json;

use crate::exit::Exit;
use crate::output;

/// List the file formats: name, endings, what is read, what is written and what it keeps
#[derive(Args)]
#[command(
    after_help = "A file's name says its format; without a known ending, its first bytes do.\n\
    A file of no known format is refused with what it looks like."
)]
pub(crate) struct FormatsCommand {}

impl FormatsCommand {
    pub fn run(self, json: bool) -> Result<Exit> {
        output::print(&if json { lines() } else { list() })?;
        Ok(Exit::Done)
    }
}

/// One JSON object a line: formats of articles, then those of pairs. These have `pairs` in place of
/// `articles`, and `written` and `kept` if a memory is exported in them.
fn lines() -> String {
    let mut text = String::new();
    for format in FORMATS {
        let line = json!({
            "name": format.name, "title": format.title, "extensions": format.extensions,
            "articles": format.articles(), "written": format.written, "kept": format.kept,
        });
        let _ = writeln!(text, "{line}");
    }
    for format in PAIR_FORMATS {
        let mut line = json!({
            "name": format.name, "title": format.describe, "extensions": format.extensions,
            "pairs": "many",
        });
        let written = EXCHANGE_FORMATS.iter().find(|written| written.name == format.name);
        if let Some(written) = written {
            line["written"] = written.describe.into();
            line["kept"] = "tags, ids, dates, names, notes, properties and stages".into();
        }
        let _ = writeln!(text, "{line}");
    }
    text
}

fn list() -> String {
    let mut text = String::new();
    for format in FORMATS {
        let _ = writeln!(text, "{} ({})", format.title, endings(format.extensions));
        let _ =
            writeln!(text, "  read as {} article{}", format.articles(), plural(format.articles()));
        let _ = writeln!(text, "  written as {}; kept: {}", format.written, format.kept);
    }
    text.push_str("\nPairs, for malmoi check --pairs and malmoi memory import:\n");
    for format in PAIR_FORMATS {
        let _ = writeln!(text, "  {} ({})", format.describe, endings(format.extensions));
    }
    text
}

fn plural(count: &str) -> &'static str {
    if count == "one" { "" } else { "s" }
}

/// `.srt, .vtt`; "by content" for a format without a file name extension.
fn endings(extensions: &[&str]) -> String {
    let endings: Vec<String> = extensions.iter().map(|ending| format!(".{ending}")).collect();
    if endings.is_empty() { "by content".to_string() } else { endings.join(", ") }
}
