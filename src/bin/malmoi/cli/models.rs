//! `malmoi models`: list, download, verify and remove models.

use std::path::PathBuf;

use anyhow::Result;
use clap::{Args, Subcommand};
use malmoi::internals::checkpoint::derived_files;
use malmoi::store::catalogue::{self, Entry, ModelTask, RecommendedTask};
use malmoi::store::{self, InstalledModel, PullOptions, Verdict};
use serde_json::json;

use crate::context::Context;
use crate::exit::Exit;
use crate::output;

/// List, download, verify and remove models
#[derive(Args)]
pub(crate) struct Models {
    #[command(subcommand)]
    action: Action,
}

#[derive(Subcommand)]
enum Action {
    /// List models: name, task, memory for the weights, license, verified or not, installed or not
    List {
        /// Include models that this version cannot run yet
        #[arg(long)]
        all: bool,
    },
    /// Download a model, take it from a folder, or verify and repair an installed one
    Pull {
        /// Model name or owner/repo[@revision][:file]
        name: String,
        /// Download all files again, even intact ones
        #[arg(long, conflicts_with = "from")]
        force: bool,
        /// Take the files from this folder instead of a network, packed (.gz, .zst) or as they are
        #[arg(long, value_name = "DIR")]
        from: Option<PathBuf>,
    },
    /// Print the path of an installed model
    Path {
        /// Model name or owner/repo[@revision][:file]
        name: String,
    },
    /// Verify the checksums of installed models; exit with 2 if a file is damaged
    Verify {
        /// Model name, owner/repo[@revision][:file], file or folder [default: all installed models]
        name: Option<String>,
    },
    /// Remove a model from the disk, except files that other models use
    Remove {
        /// Model name or owner/repo[@revision][:file]
        name: String,
    },
}

impl Models {
    pub fn run(self, context: &Context) -> Result<Exit> {
        match self.action {
            Action::List { all } => list(context, all),
            Action::Pull { name, from: Some(folder), .. } => {
                let located = context.store.import(&name, &folder, &mut context.ui.pull())?;
                show(context, &name, &located.path)
            }
            Action::Pull { name, force, from: None } => {
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
    let derived = match context.store.locate(name) {
        Ok(InstalledModel { path, .. }) => derived_files(&path, &weights_cache),
        Err(_) => Vec::new(),
    };
    let removed = context.store.remove(name)?;
    for path in derived {
        // Without the model these files are useless, but harmless.
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
        context.ui.note(format!("kept {}: {}", left.path.display(), left.reason));
    }
    Ok(Exit::Done)
}

fn show(context: &Context, name: &str, path: &std::path::Path) -> Result<Exit> {
    let line = if context.json {
        json!({ "name": name, "path": path }).to_string()
    } else {
        path.display().to_string()
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
                "bytes": entry.bytes(), "licence": entry.license, "commercial": entry.commercial,
                "conditions": entry.conditions, "context": entry.context, "runs": entry.runs, "verified": entry.verified,
                "parity": entry.parity(), "parameters": entry.parameters, "memory": entry.memory(None),
                "installed": installed, "damaged": context.store.is_damaged(entry), "note": entry.note,
                "quality": quality(entry), "recommended": recommended(entry),
            });
            output::print(&format!("{line}\n"))?;
        }
        return Ok(Exit::Done);
    }
    let mut table =
        vec![["NAME", "TASK", "MEMORY", "LICENSE", "WEIGHTS", "INSTALLED"].map(str::to_string)];
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
            format!("{}{}", entry.license, if entry.commercial { "" } else { " (non-commercial)" }),
            if entry.verified { "verified" } else { "unverified" }.to_string(),
            installed.to_string(),
        ]);
    }
    output::print(&columns(&table))?;
    output::print(&recommendations(&rows))?;
    output::print(&qualities(&rows))?;
    let hidden = catalogue::entries().len() - rows.len();
    if hidden > 0 {
        context.ui.note(format!("{hidden} more models cannot run yet; list them with --all"));
    }
    Ok(Exit::Done)
}

fn quality(entry: &Entry) -> Vec<serde_json::Value> {
    let rows = entry.quality.iter();
    rows.map(|row| json!({ "pair": row.pair, "chrf2": row.chrf2, "on": row.on })).collect()
}

fn recommended(entry: &Entry) -> Vec<serde_json::Value> {
    let rows = entry.recommended.iter();
    rows.map(|row| json!({ "task": word(row.task), "memory_gb": row.memory })).collect()
}

fn word(task: RecommendedTask) -> &'static str {
    match task {
        RecommendedTask::Translate => "translate",
        RecommendedTask::Summarize => "summarize",
    }
}

/// The recommended models, by task and memory; models for the same are on one line.
fn recommendations(entries: &[&Entry]) -> String {
    let mut rows: Vec<(RecommendedTask, f64, Vec<&str>)> = Vec::new();
    for entry in entries {
        for row in &entry.recommended {
            match rows
                .iter_mut()
                .find(|(task, memory, _)| (*task, *memory) == (row.task, row.memory))
            {
                Some((_, _, names)) => names.push(&entry.name),
                None => rows.push((row.task, row.memory, vec![&entry.name])),
            }
        }
    }
    rows.sort_by(|a, b| a.0.cmp(&b.0).then(a.1.total_cmp(&b.1)));
    let mut table = vec![["RECOMMENDED", "FROM MEMORY", "MODELS"].map(str::to_string)];
    table.extend(rows.into_iter().map(|(task, memory, names)| {
        [word(task).to_string(), format!("{memory} GB"), names.join(", ")]
    }));
    format!("\n{}", columns(&table))
}

/// The measured quality of models, where it is known.
fn qualities(entries: &[&Entry]) -> String {
    let mut table = vec![["QUALITY", "PAIR", "CHRF2", "MEASURED ON"].map(str::to_string)];
    for entry in entries {
        for row in &entry.quality {
            let score = format!("{:.1}", row.chrf2);
            table.push([entry.name.clone(), row.pair.clone(), score, row.on.clone()]);
        }
    }
    format!("\n{}", columns(&table))
}

/// The tasks of a model: `summarize en,ko; translate`.
fn tasks(entry: &Entry) -> String {
    let summaries =
        (!entry.summarizes.is_empty()).then(|| format!("summarize {}", entry.summarizes.join(",")));
    let translations = match entry.translates.len() {
        0 => None,
        1 => Some(format!("translate {}", entry.translates[0])),
        _ => Some("translate".to_string()),
    };
    let about = match entry.task {
        ModelTask::Write => None,
        ModelTask::Embed => Some("meaning".to_string()),
        ModelTask::Estimate => Some("estimate".to_string()),
    };
    let tasks: Vec<String> = [summaries, translations, about].into_iter().flatten().collect();
    if tasks.is_empty() { "tests".to_string() } else { tasks.join("; ") }
}

fn megabytes(bytes: u64) -> String {
    format!("{} MB", bytes.div_ceil(1_000_000))
}

/// Rows as left-aligned columns.
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
                Verdict::Unchanged => ("unpinned", "unchanged since it was downloaded"),
                Verdict::Unpinned => ("unpinned", "no checksum is known"),
                Verdict::Mismatch { .. } => ("WRONG", "its checksum does not match"),
                Verdict::SizeMismatch { .. } => ("WRONG", "its size does not match"),
                Verdict::Missing => ("WRONG", "it is missing"),
            };
            let line = if context.json {
                json!({ "name": name, "file": path, "verdict": word, "detail": detail }).to_string()
            } else if detail.is_empty() {
                format!("{name}  {file}  {word}")
            } else {
                format!("{name}  {file}  {word} ({detail})")
            };
            output::print(&format!("{line}\n"))?;
        }
        damaged = store::damage(&name, &verdicts).or(damaged);
    }
    damaged.map_or(Ok(Exit::Done), |error| Err(error.into()))
}
