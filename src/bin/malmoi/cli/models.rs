//! `malmoi models`: what there is, what is here, getting it, checking it, removing it.

use anyhow::Result;
use clap::{Args, Subcommand};
use malmoi::checkpoint::derived_files;
use malmoi::store::catalogue::{self, Entry};
use malmoi::store::{self, InstalledModel, PullOptions, Verdict};
use serde_json::json;

use crate::context::{Context, Exit};
use crate::output;

/// List, get, check and remove models
#[derive(Args)]
pub(crate) struct Models {
    #[command(subcommand)]
    action: Action,
}

#[derive(Subcommand)]
enum Action {
    /// What can be used: name, task, memory of the weights, licence, whether they were run by us,
    /// whether it is installed
    List {
        /// Also those this version cannot run yet
        #[arg(long)]
        all: bool,
    },
    /// Get a model, or look whether it is right and repair it: a name of the list, or
    /// owner/repo[@revision][:file] of the hub
    Pull {
        /// Model name or owner/repo[@revision][:file]
        name: String,
        /// Fetch every file again, even those that are right
        #[arg(long)]
        force: bool,
    },
    /// Print where an installed model lies
    Path {
        /// Model name or owner/repo[@revision][:file]
        name: String,
    },
    /// Compare the bytes of installed models with the sums they should have; exit 2 where they
    /// differ
    Verify {
        /// Model name or owner/repo[@revision][:file]; all that are installed, if none
        name: Option<String>,
    },
    /// Take a model off the disk; files that other models use stay
    Remove {
        /// Model name or owner/repo[@revision][:file]
        name: String,
    },
}

impl Models {
    pub fn run(self, context: &Context) -> Result<Exit> {
        match self.action {
            Action::List { all } => list(context, all),
            Action::Pull { name, force } => {
                let located = context.store.pull_with(
                    &name,
                    PullOptions { force },
                    &mut context.ui.pull(),
                )?;
                show(context, &name, &located.path)
            }
            Action::Path { name } => show(context, &name, &context.store.locate(&name)?.path),
            Action::Verify { name } => verify(context, name),
            Action::Remove { name } => remove(context, &name),
        }
    }
}

fn remove(context: &Context, name: &str) -> Result<Exit> {
    let weights_cache = context.settings.weights_cache();
    let kept = match context.store.locate(name) {
        Ok(InstalledModel { path, .. }) => derived_files(&path, &weights_cache),
        Err(_) => Vec::new(),
    };
    let removed = context.store.remove(name)?;
    for path in kept {
        // The model is gone already; what was made of it is only in the way.
        let _ = std::fs::remove_file(path);
    }
    if context.json {
        let left: Vec<_> = removed
            .left
            .iter()
            .map(|left| json!({ "path": left.path, "reason": left.reason }))
            .collect();
        let line = json!({
            "name": name, "path": removed.path, "files": removed.files, "bytes": removed.bytes, "left": left,
        });
        output::print(&format!("{line}\n"))?;
    }
    context.ui.note(format!(
        "removed {}: {} freed",
        removed.path.display(),
        megabytes(removed.bytes)
    ));
    for left in removed.left {
        context.ui.note(format!("left {}: {}", left.path.display(), left.reason));
    }
    Ok(Exit::Done)
}

fn show(context: &Context, name: &str, path: &std::path::Path) -> Result<Exit> {
    let line = match context.json {
        true => json!({ "name": name, "path": path }).to_string(),
        false => path.display().to_string(),
    };
    output::print(&format!("{line}\n"))?;
    Ok(Exit::Done)
}

fn list(context: &Context, all: bool) -> Result<Exit> {
    let rows: Vec<&Entry> =
        catalogue::entries().iter().filter(|entry| all || context.json || entry.runs).collect();
    if context.json {
        for entry in rows {
            let installed = context.store.installed(entry);
            let line = json!({
                "name": entry.name, "title": entry.title, "summarizes": entry.summarizes, "translates": entry.translates,
                "bytes": entry.bytes(), "licence": entry.licence, "commercial": entry.commercial,
                "conditions": entry.conditions, "context": entry.context, "runs": entry.runs, "verified": entry.verified,
                "parity": entry.parity(), "parameters": entry.parameters, "memory": entry.memory(None),
                "installed": installed, "damaged": context.store.is_damaged(entry), "note": entry.note,
            });
            output::print(&format!("{line}\n"))?;
        }
        return Ok(Exit::Done);
    }
    let mut table =
        vec![["NAME", "TASK", "MEMORY", "LICENCE", "WEIGHTS", "INSTALLED"].map(str::to_string)];
    for entry in &rows {
        let installed = match context.store.installed(entry) {
            Some(_) => "yes",
            None if context.store.is_damaged(entry) => "damaged",
            None if entry.runs => "no",
            None => "cannot run yet",
        };
        table.push([
            entry.name.clone(),
            tasks(entry),
            megabytes(entry.memory(None)),
            format!("{}{}", entry.licence, if entry.commercial { "" } else { " (non-commercial)" }),
            if entry.verified { "verified" } else { "unverified" }.to_string(),
            installed.to_string(),
        ]);
    }
    output::print(&columns(&table))?;
    let hidden = catalogue::entries().len() - rows.len();
    if hidden > 0 {
        context.ui.note(format!("{hidden} more that this version cannot run yet: --all"));
    }
    Ok(Exit::Done)
}

fn tasks(entry: &Entry) -> String {
    let summaries = match entry.summarizes.is_empty() {
        true => None,
        false => Some(format!("summarize {}", entry.summarizes.join(","))),
    };
    let translations = match entry.translates.len() {
        0 => None,
        1 => Some(format!("translate {}", entry.translates[0])),
        _ => Some("translate".to_string()),
    };
    let tasks: Vec<String> = [summaries, translations].into_iter().flatten().collect();
    if tasks.is_empty() { "tests".to_string() } else { tasks.join("; ") }
}

fn megabytes(bytes: u64) -> String {
    format!("{} MB", bytes.div_ceil(1_000_000))
}

/// Left-aligned columns, as wide as what is in them.
fn columns<const N: usize>(rows: &[[String; N]]) -> String {
    let width =
        |column: usize| rows.iter().map(|row| row[column].chars().count()).max().unwrap_or(0);
    let widths: Vec<usize> = (0..N).map(width).collect();
    let line = |row: &[String; N]| {
        let cells: Vec<String> =
            row.iter().zip(&widths).map(|(cell, width)| format!("{cell:width$}")).collect();
        format!("{}\n", cells.join("  ").trim_end())
    };
    rows.iter().map(line).collect()
}

fn verify(context: &Context, name: Option<String>) -> Result<Exit> {
    let names = match name {
        Some(name) => vec![name],
        None => context.store.present(),
    };
    if names.is_empty() {
        context.ui.note("no model is installed");
    }
    let mut damaged = None;
    for name in names {
        let verdicts = context.store.verify(&name)?;
        for (path, verdict) in &verdicts {
            let file = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
            let (word, detail) = match verdict {
                Verdict::Match => ("right", ""),
                Verdict::Unchanged => ("unpinned", "as it came: its bytes have not changed"),
                Verdict::Unpinned => ("unpinned", "no sum of it is known"),
                Verdict::Mismatch { .. } => ("WRONG", "its bytes are others"),
                Verdict::SizeMismatch { .. } => ("WRONG", "its size is another"),
                Verdict::Missing => ("WRONG", "it is missing"),
            };
            let line = match context.json {
                true => json!({ "name": name, "file": path, "verdict": word, "detail": detail })
                    .to_string(),
                false if detail.is_empty() => format!("{name}  {file}  {word}"),
                false => format!("{name}  {file}  {word} ({detail})"),
            };
            output::print(&format!("{line}\n"))?;
        }
        damaged = store::damage(&name, &verdicts).or(damaged);
    }
    damaged.map_or(Ok(Exit::Done), |error| Err(error.into()))
}
