//! The files people and programs read, made from the journal: each whole or not there, equal bytes for equal runs.

use std::path::Path;
use std::time::Duration;

use super::{Journal, Line, Plan, digest};
use crate::error::{Error, Result};
use crate::files;
use crate::formats::Form;

/// The digest shows so many items, the last ones; all of them are in `items.jsonl`.
const SHOWN: usize = 300;

/// Writes `items.jsonl`, `failed.jsonl`, a page for each item in `items/` and, where the item was a file, its translation as one, `digest.html`, `digest.md` and, for feeds, `feed.xml`.
pub(super) fn write(journal: &Journal, folder: &Path, plan: &Plan) -> Result<()> {
    let items = folder.join("items");
    std::fs::create_dir_all(&items).map_err(|e| Error::io("create", &items, e))?;
    for folder in [folder, &items] {
        files::sweep(folder, Duration::ZERO).map_err(|e| Error::io("clear", folder, e))?;
    }
    let gone = |error: &std::io::Error| error.kind() == std::io::ErrorKind::NotFound;
    // Before the files are written: one that kept its name is written again.
    journal.outdated(&mut |file| {
        let path = items.join(file);
        match std::fs::remove_file(&path) {
            Err(error) if !gone(&error) => Err(Error::io("remove", &path, error)),
            _ => Ok(()),
        }
    })?;
    let (done, dead) = (folder.join("items.jsonl"), folder.join("failed.jsonl"));
    lines(journal, "done", &done)?;
    lines(journal, "dead", &dead)?;
    let mut shown: Vec<Line> = Vec::new();
    let (mut count, mut doubtful, mut failed) = (0, 0, 0);
    journal.lines("done", &mut |text| {
        let line: Line = serde_json::from_str(text).map_err(|e| Error::malformed(&done, e.to_string()))?;
        count += 1;
        doubtful += usize::from(line.doubts().next().is_some());
        let (page, own) = line.files();
        refresh(&items.join(page), &digest::page(&line, plan.to))?;
        if let (Some(own), Some(translation)) = (own, &line.translation) {
            let is_page = matches!(&line.form, Form::File(ending) if matches!(&**ending, "html" | "htm"));
            let text = &translation.text;
            let clean = is_page.then(|| digest::translated_page(&line, text));
            refresh(&items.join(own), clean.as_deref().unwrap_or(text))?;
        }
        if shown.len() == SHOWN {
            shown.remove(0);
        }
        shown.push(line);
        Ok(())
    })?;
    journal.lines("dead", &mut |_| {
        failed += 1;
        Ok(())
    })?;
    let figures = digest::Figures { count, doubtful, failed };
    save(&folder.join("digest.html"), digest::html(&shown, figures, plan.to).as_bytes())?;
    save(&folder.join("digest.md"), digest::markdown(&shown, figures, plan.to).as_bytes())?;
    for exchange in &plan.pairs {
        let path = folder.join(format!("pairs.{}", exchange.name));
        let broken = |error: Error| std::io::Error::other(error.to_string());
        let mut items = 0;
        let written = files::replace(&path, |out| {
            items = exchange.write(out, plan.to, |each| {
                let mut one = |text: &str| {
                    let line =
                        serde_json::from_str(text).map_err(|e| Error::malformed(&done, e.to_string()))?;
                    each(&line).map_err(|e| Error::io("write", &path, e))
                };
                journal.lines("done", &mut one).map_err(broken)
            })?;
            Ok(())
        });
        written.map_err(|e| Error::io("write", &path, e))?;
        // XLIFF knows no file of nothing.
        if items == 0 {
            std::fs::remove_file(&path).map_err(|e| Error::io("remove", &path, e))?;
        }
    }
    if plan.feed {
        save(&folder.join("feed.xml"), digest::rss(&shown, plan.to).as_bytes())?;
    }
    Ok(())
}

/// Writes a file anew unless it is as it should be: a run that changes little writes little, and one after a loss of power makes good
/// what it took. So it is not forced to the disk; a million of those would take an hour.
fn refresh(path: &Path, text: &str) -> Result<()> {
    if std::fs::read(path).ok().as_deref() == Some(text.as_bytes()) {
        return Ok(());
    }
    files::replace_lightly(path, |out| out.write_all(text.as_bytes()))
        .map_err(|e| Error::io("write", path, e))
}

fn lines(journal: &Journal, state: &str, path: &Path) -> Result<()> {
    let mut failed = None;
    let written = files::replace(path, |out| {
        let mut each = |line: &str| writeln!(out, "{line}").map_err(|e| Error::io("write", path, e));
        journal.lines(state, &mut each).map_err(|error| {
            let text = error.to_string();
            failed = Some(error);
            std::io::Error::other(text)
        })
    });
    match (written, failed) {
        (_, Some(error)) => Err(error),
        (written, None) => written.map_err(|e| Error::io("write", path, e)),
    }
}

fn save(path: &Path, bytes: &[u8]) -> Result<()> {
    files::replace(path, |out| out.write_all(bytes)).map_err(|e| Error::io("write", path, e))
}
