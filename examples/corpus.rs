//! Reads every file of a folder like `malmoi` and prints one JSON line per file, to compare readers
//! over corpora and to measure how their time grows.
//!
//! ```sh
//! cargo run --release --example corpus -- FOLDER > read.jsonl
//! ```

use std::path::{Path, PathBuf};
use std::time::Instant;

use malmoi::checks::{self, CheckOptions, OutputKind, Pair};
use malmoi::formats::{self, Fields};
use malmoi::{Language, segment};
use serde_json::json;

fn main() -> std::io::Result<()> {
    let Some(root) = std::env::args_os().nth(1).map(PathBuf::from) else {
        eprintln!("usage: corpus FOLDER");
        std::process::exit(2);
    };
    let mut files = Vec::new();
    collect(&root, &mut files)?;
    files.sort();
    for path in files {
        let name = path.strip_prefix(&root).unwrap_or(&path).to_string_lossy().into_owned();
        println!("{}", read(&path, &name)?);
    }
    Ok(())
}

fn collect(folder: &Path, files: &mut Vec<PathBuf>) -> std::io::Result<()> {
    for entry in std::fs::read_dir(folder)? {
        let path = entry?.path();
        if path.is_dir() {
            collect(&path, files)?;
        } else if path.is_file() {
            files.push(path);
        }
    }
    Ok(())
}

/// The date of an item in the form of RFC 3339, if it can be parsed.
fn understood(item: &formats::Item) -> Option<String> {
    item.published.as_deref().and_then(formats::date).map(|date| date.rfc3339())
}

/// The items of a file or the error, and the seconds for reading, splitting and checking. A panic
/// of the reader is reported as an error.
fn read(path: &Path, name: &str) -> std::io::Result<serde_json::Value> {
    let bytes = std::fs::read(path)?;
    let format = formats::detect(name, &bytes).name;
    let began = Instant::now();
    let read = || -> Result<Vec<formats::ItemResult>, String> {
        let source = std::io::Cursor::new(bytes.clone());
        let items =
            formats::items(source, name, Fields::default()).map_err(|error| error.to_string())?;
        Ok(items.collect())
    };
    let found = std::panic::catch_unwind(read).unwrap_or_else(|_| Err("panic".into()));
    let reading = began.elapsed().as_secs_f64();
    let found = match found {
        Ok(found) => found,
        Err(error) => {
            return Ok(
                json!({ "file": name, "format": format, "error": error, "seconds": reading }),
            );
        }
    };
    let (mut items, mut splitting, mut checking) = (Vec::new(), 0.0, 0.0);
    for item in found {
        let item = match item {
            Ok(item) => item,
            Err(bad) => {
                items.push(json!({ "place": bad.place, "error": bad.reason }));
                continue;
            }
        };
        let text = item.document.article();
        let began = Instant::now();
        let sentences = segment::sentences(&text).len();
        splitting += began.elapsed().as_secs_f64();
        let began = Instant::now();
        let (from, to) = (Language::English, Language::Korean);
        let pair = Pair { source: &text, output: &text, from, to, kind: OutputKind::Translation };
        let findings = checks::check(&pair, &CheckOptions::default()).len();
        checking += began.elapsed().as_secs_f64();
        items.push(json!({
            "id": item.id, "title": item.document.title(), "link": item.link,
            "published": item.published, "understood": understood(&item), "text": text,
            "whole": item.document.text(), "notes": item.notes,
            "boilerplate": item.document.boilerplate().collect::<Vec<_>>(),
            "sentences": sentences, "findings": findings,
        }));
    }
    Ok(json!({
        "file": name, "format": format, "items": items,
        "seconds": reading, "split_seconds": splitting, "check_seconds": checking,
    }))
}
