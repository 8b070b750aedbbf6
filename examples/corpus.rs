//! Reads every file of a folder as `malmoi` would and prints one JSON line a file, for comparing readers over corpora.
//!
//! `cargo run --release --example corpus -- FOLDER > read.jsonl`

use std::path::{Path, PathBuf};
use std::time::Instant;

use malmoi::formats::{self, Fields};
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

/// The date of an item as RFC 3339 writes it, where it is understood.
fn understood(item: &formats::Item) -> Option<String> {
    item.published.as_deref().and_then(formats::date).map(|date| date.rfc3339())
}

/// The items of a file, or why there are none; a panic of the reader is an error like others.
fn read(path: &Path, name: &str) -> std::io::Result<serde_json::Value> {
    let bytes = std::fs::read(path)?;
    let format = formats::detect(name, &bytes).name;
    let began = Instant::now();
    let read = || -> Result<Vec<serde_json::Value>, String> {
        let source = std::io::Cursor::new(bytes.clone());
        let items = formats::items(source, name, Fields::default()).map_err(|error| error.to_string())?;
        let line = |item: formats::Found| match item {
            Ok(item) => json!({
                "id": item.id, "title": item.document.title(), "link": item.link,
                "published": item.published, "understood": understood(&item), "text": item.document.article(),
            }),
            Err(bad) => json!({ "place": bad.place, "error": bad.reason }),
        };
        Ok(items.map(line).collect())
    };
    let items = std::panic::catch_unwind(read).unwrap_or_else(|_| Err("panic".into()));
    let seconds = began.elapsed().as_secs_f64();
    Ok(match items {
        Ok(items) => json!({ "file": name, "format": format, "items": items, "seconds": seconds }),
        Err(error) => json!({ "file": name, "format": format, "error": error, "seconds": seconds }),
    })
}
