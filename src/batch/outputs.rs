//! The files people and programs read, made from the journal: each whole or not there, equal bytes
//! for equal runs.

use std::path::{Path, PathBuf};
use std::time::Duration;

use super::{BILINGUAL_FORMATS, BatchError, Journal, Line, Plan, digest};
use crate::error::{Error, Result};
use crate::files::{self, Kind};
use crate::formats::Form;

/// The digest shows so many items, the last ones; all of them are in `items.jsonl`.
const SHOWN: usize = 300;
/// The folder of pages.
const ITEMS: &str = "items";
/// Files of results and of the journal, but for the pairs.
const NAMES: &[&str] = &[
    "items.jsonl",
    "failed.jsonl",
    "digest.html",
    "digest.md",
    "feed.xml",
    "journal.db",
    "journal.db-wal",
    "journal.db-shm",
    "journal.lock",
];

/// Whether results can be written into a folder, before any work is done. Makes the folder where it
/// is absent.
///
/// An error where another run is at work on it, where it cannot be written, or where something else
/// stands in a result's place. Unless `force`, also where an input lies in a result's place, or a
/// file that was not made by malmoi.
pub fn check_folder(folder: &Path, inputs: &[PathBuf], force: bool) -> Result<()> {
    if std::fs::metadata(folder).is_ok_and(|found| !found.is_dir()) {
        return Err(BatchError::InTheWay { path: folder.to_path_buf(), what: "a file" }.into());
    }
    std::fs::create_dir_all(folder).map_err(|e| Error::io("create", folder, e))?;
    let pairs = BILINGUAL_FORMATS.iter().map(pairs_name);
    let files: Vec<PathBuf> = NAMES
        .iter()
        .map(|name| (*name).to_string())
        .chain(pairs)
        .map(|name| folder.join(name))
        .collect();
    let items = folder.join(ITEMS);
    for (path, belongs) in
        files.iter().map(|path| (path, Kind::File)).chain([(&items, Kind::Folder)])
    {
        match files::kind(path) {
            Ok(found) if found == belongs => {}
            // A link in a file's place is replaced, never followed; but for the journal's.
            Ok(Kind::Link) if belongs == Kind::File && !is_journal(path) => {}
            Ok(found) => {
                return Err(BatchError::InTheWay { path: path.clone(), what: found.name() }.into());
            }
            Err(e) if e.kind() == std::io::ErrorKind::NotFound => {}
            Err(e) => return Err(Error::io("read", path, e)),
        }
    }
    files::check_writable(folder).map_err(|e| Error::io("write into", folder, e))?;
    if items.exists() {
        files::check_writable(&items).map_err(|e| Error::io("write into", &items, e))?;
    }
    if !force {
        let pages = std::fs::canonicalize(&items).ok();
        let is_output = |input: &Path| {
            let real = std::fs::canonicalize(input).unwrap_or_default();
            let is_page = pages.as_ref().is_some_and(|pages| real.starts_with(pages));
            is_page || files.iter().any(|file| files::is_same_file(file, input))
        };
        if let Some(path) = inputs.iter().find(|path| is_output(path)) {
            return Err(BatchError::OverwritesInput { path: path.clone() }.into());
        }
        let new = !folder.join("journal.db").exists();
        if let Some(path) = files
            .iter()
            .find(|file| new && !is_journal(file) && file.exists())
            .filter(|_| !is_ours(folder))
        {
            return Err(BatchError::Foreign { path: path.clone() }.into());
        }
    }
    Journal::is_free(folder)
}

fn is_journal(path: &Path) -> bool {
    path.file_name().is_some_and(|name| name.to_string_lossy().starts_with("journal."))
}

/// Whether the results in a folder are malmoi's: the first line of one of the two lists says so.
/// Both empty is a run that did nothing.
fn is_ours(folder: &Path) -> bool {
    use std::io::{BufRead, BufReader, Read};
    let first = |name: &str| {
        let file = std::fs::File::open(folder.join(name)).ok()?;
        let mut line = Vec::new();
        BufReader::new(file.take(64 << 20)).read_until(b'\n', &mut line).ok()?;
        Some(line)
    };
    match (first("items.jsonl"), first("failed.jsonl")) {
        (Some(item), _) if !item.is_empty() => serde_json::from_slice::<Line>(&item).is_ok(),
        (Some(_), Some(failure)) if !failure.is_empty() => {
            let line = serde_json::from_slice::<serde_json::Value>(&failure).unwrap_or_default();
            line["reason"].is_string() && line["input"].is_string()
        }
        (Some(_), Some(_)) => true,
        _ => false,
    }
}

fn pairs_name(exchange: &super::BilingualFormat) -> String {
    format!("pairs.{}", exchange.name)
}

/// Writes `items.jsonl`, `failed.jsonl`, a page for each item in `items/` and, where the item was a
/// file, its translation as one, `digest.html`, `digest.md` and, for feeds, `feed.xml`. Returns
/// `false` where `goes_on` said to end before all was written: each file is as it was or as it
/// should be.
pub(super) fn write(
    journal: &Journal,
    folder: &Path,
    plan: &Plan,
    goes_on: &dyn Fn() -> bool,
) -> Result<bool> {
    let items = folder.join(ITEMS);
    std::fs::create_dir_all(&items).map_err(|e| Error::io("create", &items, e))?;
    for folder in [folder, &items] {
        files::remove_stale_temporaries(folder, Duration::ZERO)
            .map_err(|e| Error::io("clear", folder, e))?;
    }
    // Before the files are written: one that kept its name is written again.
    journal.outdated(&mut |file| remove(&items, file))?;
    let (done, dead) = (folder.join("items.jsonl"), folder.join("failed.jsonl"));
    let out = Out { journal, plan, goes_on };
    let mut shown: Vec<Line> = Vec::new();
    let (mut count, mut doubtful, mut failed) = (0, 0, 0);
    let whole = out.lines("done", &done, &mut |_| {})?
        && out.lines("dead", &dead, &mut |_| failed += 1)?
        && out.each("done", &done, &mut |line, is_shown| {
            let (page, own) = line.files();
            if !is_shown {
                return [Some(page), own]
                    .into_iter()
                    .flatten()
                    .try_for_each(|file| remove(&items, &file));
            }
            count += 1;
            doubtful += usize::from(line.doubts().next().is_some());
            refresh(&items.join(page), &digest::page(&line, plan.to))?;
            if let (Some(own), Some(translation)) = (own, &line.translation) {
                let is_page =
                    matches!(&line.form, Form::File(ending) if matches!(&**ending, "html" | "htm"));
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
    if !whole {
        return Ok(false);
    }
    let figures = digest::Figures { count, doubtful, failed };
    save(&folder.join("digest.html"), digest::html(&shown, figures, plan.to).as_bytes())?;
    save(&folder.join("digest.md"), digest::markdown(&shown, figures, plan.to).as_bytes())?;
    for exchange in &plan.pairs {
        let path = folder.join(pairs_name(exchange));
        let mut items = 0;
        let written = out.replace(&path, &mut |file| {
            let mut whole = true;
            items = exchange.write(file, plan.to, |each| {
                let mut one = |line: Line, is_shown| match is_shown {
                    true => each(&line).map_err(|e| Error::io("write", &path, e)),
                    false => Ok(()),
                };
                whole = out.each("done", &done, &mut one).map_err(into_io)?;
                Ok(())
            })?;
            Ok(whole)
        })?;
        if !written {
            return Ok(false);
        }
        // XLIFF knows no file of nothing.
        if items == 0 {
            std::fs::remove_file(&path).map_err(|e| Error::io("remove", &path, e))?;
        }
    }
    if plan.feed {
        save(&folder.join("feed.xml"), digest::rss(&shown, plan.to).as_bytes())?;
    }
    Ok(true)
}

/// What lists are made of, and whether to go on.
struct Out<'o> {
    journal: &'o Journal,
    plan: &'o Plan,
    goes_on: &'o dyn Fn() -> bool,
}

impl Out<'_> {
    /// Gives the lines of a state in order, each with whether results show it. Returns `false`
    /// where it ended before the last.
    fn each(
        &self,
        state: &str,
        path: &Path,
        give: &mut dyn FnMut(Line, bool) -> Result<()>,
    ) -> Result<bool> {
        self.texts(state, &mut |text, removed| {
            let mut line: Line =
                serde_json::from_str(text).map_err(|e| Error::malformed(path, e.to_string()))?;
            line.removed = removed;
            give(line, self.plan.keep_removed || !removed)
        })
    }

    fn texts(&self, state: &str, give: &mut dyn FnMut(&str, bool) -> Result<()>) -> Result<bool> {
        let given = self.journal.all_lines(state, &mut |text, removed| match (self.goes_on)() {
            true => give(text, removed),
            false => Err(Error::Cancelled),
        });
        match given {
            Err(Error::Cancelled) => Ok(false),
            given => given.map(|()| true),
        }
    }

    /// Writes the list of a state; of what results show, `count` is told.
    fn lines(&self, state: &str, path: &Path, count: &mut dyn FnMut(&str)) -> Result<bool> {
        self.replace(path, &mut |out| {
            let written = self.texts(state, &mut |text, removed| {
                let shown = match removed {
                    false => text.to_string(),
                    true if !self.plan.keep_removed => return Ok(()),
                    true => said_to_be_removed(text),
                };
                count(&shown);
                writeln!(out, "{shown}").map_err(|e| Error::io("write", path, e))
            });
            written.map_err(into_io)
        })
    }

    /// Replaces a file where `fill` says that it wrote all of it.
    fn replace(
        &self,
        path: &Path,
        fill: &mut dyn FnMut(&mut dyn std::io::Write) -> std::io::Result<bool>,
    ) -> Result<bool> {
        let mut whole = true;
        let written = files::replace(path, |out| {
            whole = fill(out)?;
            if whole { Ok(()) } else { Err(std::io::Error::other("ended before")) }
        });
        match written {
            Err(_) if !whole => Ok(false),
            // An error of the journal is that error and not one of this file.
            Err(error) => {
                Err(error.downcast::<Error>().unwrap_or_else(|e| Error::io("write", path, e)))
            }
            Ok(()) => Ok(true),
        }
    }
}

fn into_io(error: Error) -> std::io::Error {
    std::io::Error::other(error)
}

/// A line with the mark of an item that is not in its input any more.
fn said_to_be_removed(text: &str) -> String {
    match serde_json::from_str::<serde_json::Map<String, serde_json::Value>>(text) {
        Ok(mut line) => {
            line.insert("removed".into(), true.into());
            serde_json::Value::Object(line).to_string()
        }
        Err(_) => text.to_string(),
    }
}

/// Removes a page. The name comes from the journal, and must be that of a file in the folder.
fn remove(folder: &Path, file: &str) -> Result<()> {
    if Path::new(file).file_name().is_none_or(|name| name != file) {
        return Ok(());
    }
    let path = folder.join(file);
    match std::fs::remove_file(&path) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
            Err(Error::io("remove", &path, error))
        }
        _ => Ok(()),
    }
}

/// Writes a file anew unless it is as it should be: a run that changes little writes little, and
/// one after a loss of power makes good what it took. So it is not forced to the disk; a million of
/// those would take an hour.
fn refresh(path: &Path, text: &str) -> Result<()> {
    // Nothing but a file is read: a link is replaced, and a pipe would block.
    if files::kind(path).is_ok_and(|kind| kind == Kind::File)
        && std::fs::read(path).ok().as_deref() == Some(text.as_bytes())
    {
        return Ok(());
    }
    files::replace_unsynced(path, |out| out.write_all(text.as_bytes()))
        .map_err(|e| Error::io("write", path, e))
}

fn save(path: &Path, bytes: &[u8]) -> Result<()> {
    files::replace(path, |out| out.write_all(bytes)).map_err(|e| Error::io("write", path, e))
}
