//! The output files, generated from the journal. Each is whole or absent, and equal runs write
//! equal bytes.

use std::borrow::Cow;
use std::path::{Path, PathBuf};
use std::time::Duration;

use super::bilingual;
use super::digest;
use super::error::BatchError;
use super::journal::Journal;
use super::plan::BatchPlan;
use super::result::Line;
use super::stories::StoryFinder;
use crate::checks::Consistency;
use crate::error::{Error, Result};
use crate::files::{self, FileKind};
use crate::formats::pairs::{EXCHANGE_FORMATS, ExchangeFormat};
use crate::formats::{self, Form};

/// Number of items in the digest: the last ones. `items.jsonl` has all of them.
const DIGEST_ITEMS: usize = 300;
/// Name of the folder of pages.
const ITEMS: &str = "items";
/// Names of the output files and of the journal, without bilingual files.
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

/// Checks that results can be written into a folder, before any work is done. Creates the folder if
/// it does not exist.
///
/// Fails if another run has the folder locked, if it cannot be written, or if something else has
/// the name of an output file. Without `overwrite`, it also fails if an output file would replace
/// one of `inputs` or a file that malmoi did not make.
pub fn check_folder(folder: &Path, inputs: &[PathBuf], overwrite: bool) -> Result<()> {
    if std::fs::metadata(folder).is_ok_and(|metadata| !metadata.is_dir()) {
        return Err(BatchError::InTheWay { path: folder.to_path_buf(), what: "a file" }.into());
    }
    std::fs::create_dir_all(folder).map_err(|e| Error::io("create", folder, e))?;
    let pairs = EXCHANGE_FORMATS.iter().map(bilingual::file_name);
    let files: Vec<PathBuf> = NAMES
        .iter()
        .map(|name| (*name).to_string())
        .chain(pairs)
        .map(|name| folder.join(name))
        .collect();
    let items = folder.join(ITEMS);
    for (path, expected) in
        files.iter().map(|path| (path, FileKind::File)).chain([(&items, FileKind::Folder)])
    {
        match files::kind(path) {
            Ok(found) if found == expected => {}
            // A link is replaced, never followed; but a link in the journal's place is an error.
            Ok(FileKind::Link) if expected == FileKind::File && !is_journal(path) => {}
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
    if !overwrite {
        let pages = std::fs::canonicalize(&items).ok();
        let is_output = |input: &Path| {
            let real = std::fs::canonicalize(input).unwrap_or_default();
            let is_page = pages.as_ref().is_some_and(|pages| real.starts_with(pages));
            is_page || files.iter().any(|file| files::is_same_file(file, input))
        };
        if let Some(path) = inputs.iter().find(|path| is_output(path)) {
            return Err(BatchError::OverwritesInput { path: path.clone() }.into());
        }
        let is_new = !folder.join("journal.db").exists();
        if let Some(path) = files
            .iter()
            .find(|file| is_new && !is_journal(file) && file.exists())
            .filter(|_| !is_ours(folder))
        {
            return Err(BatchError::Foreign { path: path.clone() }.into());
        }
    }
    Journal::check_unlocked(folder)
}

fn is_journal(path: &Path) -> bool {
    path.file_name().is_some_and(|name| name.to_string_lossy().starts_with("journal."))
}

/// True if the results in a folder are malmoi's, judging by the first line of `items.jsonl` or
/// `failed.jsonl`. Both are empty after a run without items.
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

/// Writes `items.jsonl`, `failed.jsonl`, a page per item in `items/` and, for an item that was a
/// file, its translation as a file, `digest.html`, `digest.md`, bilingual files and, for feeds,
/// `feed.xml`.
///
/// Stops when `keep_going` returns `false`, and then returns `false`; each file is either the old
/// or the new one.
pub(super) fn write(
    journal: &Journal,
    folder: &Path,
    plan: &BatchPlan,
    stories: &mut StoryFinder,
    keep_going: &dyn Fn() -> bool,
) -> Result<bool> {
    let items = folder.join(ITEMS);
    std::fs::create_dir_all(&items).map_err(|e| Error::io("create", &items, e))?;
    for folder in [folder, &items] {
        files::remove_stale_temporaries(folder, Duration::ZERO)
            .map_err(|e| Error::io("clear", folder, e))?;
    }
    // Before writing, because a stale file may have the name of a current one.
    journal.remove_stale_files(&mut |file| remove(&items, file))?;
    let writer = OutputWriter { journal, plan, keep_going, folder };
    let done = folder.join("items.jsonl");
    let mut figures = digest::Figures::default();
    let lists_written = writer.write_list("done", &done, &mut || {})?
        && writer.write_list("dead", &folder.join("failed.jsonl"), &mut || figures.failed += 1)?;
    if !lists_written {
        return Ok(false);
    }
    let mut shown: Vec<Line> = Vec::new();
    let mut consistency = Consistency::default();
    let pages_written = writer.for_each_item(&done, &mut |mut line, visible| {
        if !visible {
            return remove_pages(&items, &line);
        }
        line.compare(&mut consistency, &plan.options.checks.dismissed);
        figures.add(&line);
        write_pages(&items, &line, plan)?;
        if let Some(translation) = &mut line.translation {
            translation.file = None;
        }
        if shown.len() == DIGEST_ITEMS {
            shown.remove(0);
        }
        shown.push(line);
        Ok(())
    })?;
    if !pages_written {
        return Ok(false);
    }
    if plan.feed {
        save(&folder.join("feed.xml"), &digest::rss(&shown, plan.to))?;
    }
    for format in &plan.bilingual {
        if !writer.write_bilingual(format, &done)? {
            return Ok(false);
        }
    }
    let Some(arranged) = stories.arrange(shown, &plan.options.checks, keep_going) else {
        return Ok(false);
    };
    save(&folder.join("digest.html"), &digest::html(&arranged, figures, plan.to))?;
    save(&folder.join("digest.md"), &digest::markdown(&arranged, figures, plan.to))?;
    Ok(true)
}

/// Writes the page of an item and, if the item was a file, its translation.
fn write_pages(folder: &Path, line: &Line, plan: &BatchPlan) -> Result<()> {
    let (page, translated) = line.file_names();
    refresh(&folder.join(page), digest::page(line, plan.to).as_bytes())?;
    if let (Some(name), Some(translation)) = (translated, &line.translation) {
        if let Some(file) = &translation.file {
            return refresh(&folder.join(name), &file.bytes);
        }
        if formats::is_packed(&line.form) {
            // A line of `items.jsonl` has no file: the one that was written stays.
            return Ok(());
        }
        let is_html =
            matches!(&line.form, Form::File(extension) if matches!(&**extension, "html" | "htm"));
        let text = &translation.text;
        let html = is_html.then(|| digest::translated_page(line, text));
        refresh(&folder.join(name), html.as_deref().unwrap_or(text).as_bytes())?;
    }
    Ok(())
}

fn remove_pages(folder: &Path, line: &Line) -> Result<()> {
    let (page, translated) = line.file_names();
    [Some(page), translated].into_iter().flatten().try_for_each(|file| remove(folder, &file))
}

/// Writes the output files that list many items.
struct OutputWriter<'o> {
    journal: &'o Journal,
    plan: &'o BatchPlan,
    keep_going: &'o dyn Fn() -> bool,
    folder: &'o Path,
}

impl OutputWriter<'_> {
    /// Calls `each` with every finished item in order, and with `true` if results show it. Returns
    /// `false` if stopped. `path` is the file to name in errors.
    fn for_each_item(
        &self,
        path: &Path,
        each: &mut dyn FnMut(Line, bool) -> Result<()>,
    ) -> Result<bool> {
        self.for_each_text("done", &mut |text, removed| {
            let mut line: Line =
                serde_json::from_str(text).map_err(|e| Error::malformed(path, e.to_string()))?;
            line.removed = removed;
            each(line, self.plan.keep_removed || !removed)
        })
    }

    /// Calls `each` with the line of every item in a state, and with `true` if it was removed.
    /// Returns `false` if stopped.
    fn for_each_text(
        &self,
        state: &str,
        each: &mut dyn FnMut(&str, bool) -> Result<()>,
    ) -> Result<bool> {
        let visited = self.journal.for_each_line(state, &mut |text, removed| {
            if (self.keep_going)() { each(text, removed) } else { Err(Error::Cancelled) }
        });
        match visited {
            Err(Error::Cancelled) => Ok(false),
            visited => visited.map(|()| true),
        }
    }

    /// Writes the list of items in a state, and calls `count` for each line.
    fn write_list(&self, state: &str, path: &Path, count: &mut dyn FnMut()) -> Result<bool> {
        self.replace(path, &mut |out| {
            let written = self.for_each_text(state, &mut |text, removed| {
                if removed && !self.plan.keep_removed {
                    return Ok(());
                }
                count();
                let text = without_file(text);
                let line = if removed { marked_as_removed(&text) } else { text.into_owned() };
                writeln!(out, "{line}").map_err(|e| Error::io("write", path, e))
            });
            written.map_err(into_io)
        })
    }

    /// Writes a bilingual file, or none if there are no pairs.
    fn write_bilingual(&self, format: &'static ExchangeFormat, done: &Path) -> Result<bool> {
        let path = self.folder.join(bilingual::file_name(format));
        let mut pairs = 0;
        let written = self.replace(&path, &mut |out| {
            let mut whole = true;
            pairs = bilingual::write(format, out, self.plan.to, |write| {
                whole = self
                    .for_each_item(done, &mut |line, visible| {
                        if visible {
                            write(&line).map_err(|e| Error::io("write", &path, e))?;
                        }
                        Ok(())
                    })
                    .map_err(into_io)?;
                Ok(())
            })?;
            Ok(whole)
        })?;
        if written && pairs == 0 {
            std::fs::remove_file(&path).map_err(|e| Error::io("remove", &path, e))?;
        }
        Ok(written)
    }

    /// Replaces a file if `fill` returns `true`, which means that it wrote all of it.
    fn replace(
        &self,
        path: &Path,
        fill: &mut dyn FnMut(&mut dyn std::io::Write) -> std::io::Result<bool>,
    ) -> Result<bool> {
        let mut whole = true;
        let written = files::replace(path, |out| {
            whole = fill(out)?;
            if whole { Ok(()) } else { Err(std::io::Error::other("stopped")) }
        });
        match written {
            Err(_) if !whole => Ok(false),
            // An error of the journal stays one.
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

/// A line without the file of its translation, which would make a list of all items too long.
fn without_file(text: &str) -> Cow<'_, str> {
    if !text.contains("\"file\":{") {
        return text.into();
    }
    match serde_json::from_str::<Line>(text) {
        Ok(mut line) => {
            if let Some(translation) = &mut line.translation {
                translation.file = None;
            }
            serde_json::to_string(&line).map_or_else(|_| text.into(), Cow::Owned)
        }
        Err(_) => text.into(),
    }
}

/// A line with `"removed": true`.
fn marked_as_removed(text: &str) -> String {
    match serde_json::from_str::<serde_json::Map<String, serde_json::Value>>(text) {
        Ok(mut line) => {
            line.insert("removed".into(), true.into());
            serde_json::Value::Object(line).to_string()
        }
        Err(_) => text.to_string(),
    }
}

/// Removes a page. The name comes from the journal and must be a plain file name.
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

/// Writes a file unless it already has that text: a run with few changes writes few files. It is
/// not synced to disk, which would take an hour for a million files; the next run repairs a file
/// lost in a power failure.
fn refresh(path: &Path, content: &[u8]) -> Result<()> {
    // Only a regular file is read: a link is replaced, and a pipe would block.
    if files::kind(path).is_ok_and(|kind| kind == FileKind::File)
        && std::fs::read(path).ok().as_deref() == Some(content)
    {
        return Ok(());
    }
    files::replace_unsynced(path, |out| out.write_all(content))
        .map_err(|e| Error::io("write", path, e))
}

fn save(path: &Path, text: &str) -> Result<()> {
    files::replace(path, |out| out.write_all(text.as_bytes()))
        .map_err(|e| Error::io("write", path, e))
}
