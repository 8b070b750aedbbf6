//! `malmoi audit`.

use std::fs::File;
use std::io::BufReader;
use std::path::PathBuf;

use anyhow::Result;
use clap::{Args, Subcommand};
use malmoi::Error;
use malmoi::internals::audit::{Verified, verify};
use serde_json::json;

use crate::exit::Exit;
use crate::output;

/// Verify an audit log, as --audit-log writes it
#[derive(Args)]
#[command(after_help = "Examples:\n  malmoi audit verify audit.jsonl\n  \
    malmoi audit verify audit.jsonl --head 5f2c…\n\n\
    Exit status: 0 nothing was changed, 1 something was, 2 the log could not be read.\n\
    A log that was cut at its end is found by --head alone: note the head elsewhere\n\
    (docs/audit.md).")]
pub(crate) struct AuditCommand {
    #[command(subcommand)]
    action: Action,
}

#[derive(Subcommand)]
enum Action {
    /// Name the first line that was changed, dropped, inserted or moved
    Verify {
        /// The log
        file: PathBuf,
        /// SHA-256 of a line that was noted before and must still be there
        #[arg(long, value_name = "HASH")]
        head: Option<String>,
    },
}

impl AuditCommand {
    pub fn run(self, json: bool) -> Result<Exit> {
        let Action::Verify { file, head } = self.action;
        let head = head.map(|head| head.trim().to_lowercase());
        let opened = File::open(&file).map_err(|e| Error::io("read", &file, e))?;
        let found = verify(BufReader::new(opened), head.as_deref())
            .map_err(|e| Error::io("read", &file, e))?;
        let text = if json { as_json(&found) } else { as_text(&found) };
        output::print(&format!("{text}\n"))?;
        Ok(if found.fault.is_some() { Exit::Doubtful } else { Exit::Done })
    }
}

fn as_json(found: &Verified) -> String {
    let fault = found.fault.as_ref().map(|(line, reason)| json!({"line": line, "reason": reason}));
    json!({
        "whole": found.fault.is_none(),
        "records": found.lines,
        "head": found.head.sha256,
        "expected_at": found.expected_at,
        "torn": found.torn,
        "fault": fault,
    })
    .to_string()
}

fn as_text(found: &Verified) -> String {
    if let Some((line, reason)) = &found.fault {
        return format!("line {line}: {reason}; the {} before it are whole", found.lines);
    }
    let mut text = format!("{} records, whole; head {}", found.lines, found.head.sha256);
    if let Some(line) = found.expected_at {
        text += &format!("\nthe expected head is line {line}");
    }
    if found.torn > 0 {
        text += &format!("\n{} torn lines, each recorded by the next start", found.torn);
    }
    text
}
