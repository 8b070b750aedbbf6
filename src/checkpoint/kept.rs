//! Files made of a model's files so that they need not be made again: how they are called, and how they say what they were made of.
//!
//! Knows neither what is in them nor how it is made. A file that was made of something else, or was cut short, counts for nothing and is
//! made anew. Files are told apart by their paths, sizes and times.

use std::path::{Path, PathBuf};

use sha2::{Digest, Sha256};

use super::Quantization;
use crate::error::{Error, Result};

/// The key under which a file says what it was made of.
pub(super) const SOURCE: &str = "malmoi.source";

/// Digits of what a file was made of that are part of its name.
const HASH: usize = 12;

/// A file that is kept or will be.
pub(super) struct Kept {
    /// Where.
    pub path: PathBuf,
    /// What it must say that it was made of.
    pub source: String,
}

impl Kept {
    /// The file that is made of others in a way; another way of doing it is another word. `ending` follows the name of what it is made
    /// of: a word about what it is, if any, and the kind of file.
    pub fn of<'p>(
        paths: impl IntoIterator<Item = &'p Path>,
        way: &str,
        (name, ending): (&Path, [&str; 2]),
        kept_in: &Path,
    ) -> Result<Self> {
        let mut sum = Sha256::new();
        sum.update(way);
        for path in paths {
            // Files of the hub's cache are links to what is named by its sum.
            let real = std::fs::canonicalize(path).map_err(|e| Error::io("read", path, e))?;
            let found = std::fs::metadata(&real).map_err(|e| Error::io("read", path, e))?;
            let changed =
                found.modified().ok().and_then(|time| time.duration_since(std::time::UNIX_EPOCH).ok());
            sum.update(format!(" {} {} {changed:?}", real.display(), found.len()));
        }
        let source = format!("{:x}", sum.finalize());
        let [word, kind] = ending;
        let path = kept_in.join(format!("{}{word}-{}.{kind}", prefix(name), &source[..HASH]));
        Ok(Self { path, source })
    }
}

/// How all files begin that are made of a folder or a file.
fn prefix(made_of: &Path) -> String {
    let name = if made_of.is_dir() { made_of.file_name() } else { made_of.file_stem() };
    name.unwrap_or_default().to_string_lossy().into_owned()
}

/// All files that were made of a folder or a file, which must still be there. One of another model is among them if it has the same name:
/// it can be made again.
pub fn kept_files(made_of: &Path, kept_in: &Path) -> Vec<PathBuf> {
    let beginning = format!("{}-", prefix(made_of));
    let is_made_of = |path: &PathBuf| {
        let name =
            path.file_stem().and_then(|stem| stem.to_str()?.strip_prefix(&beginning)).unwrap_or_default();
        let (word, hash) = name.rsplit_once('-').unwrap_or(("", name));
        let known = word.is_empty() || word == "tiles" || Quantization::parse(word).is_some();
        known && hash.len() == HASH && hash.bytes().all(|byte| byte.is_ascii_hexdigit())
    };
    let entries = std::fs::read_dir(kept_in).into_iter().flatten();
    entries.filter_map(|entry| Some(entry.ok()?.path())).filter(is_made_of).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn another_file_or_another_way_is_another_name() {
        let folder = tempfile::tempdir().unwrap();
        let model = folder.path().join("a.b-q4.gguf");
        std::fs::write(&model, "1").unwrap();
        let kept = |way: &str| {
            Kept::of([&*model], way, (&model, ["-tiles", "safetensors"]), Path::new("kept")).unwrap()
        };
        let (one, two) = (kept("1"), kept("2"));
        assert_ne!(one.path, two.path);
        assert!(one.path.to_string_lossy().starts_with("kept/a.b-q4-tiles-"));
        std::fs::write(&model, "12").unwrap();
        assert_ne!(kept("1").source, one.source);
    }

    #[test]
    fn what_was_made_of_a_model_is_found_and_nothing_else() {
        let folder = tempfile::tempdir().unwrap();
        let made =
            ["a-0123456789ab.safetensors", "a-q8_0-0123456789ab.gguf", "a-tiles-0123456789ab.safetensors"];
        for name in
            made.iter().chain(&["a-b-0123456789ab.gguf", "ab-0123456789ab.gguf", "a-b.gguf", "a-.gguf"])
        {
            std::fs::write(folder.path().join(name), "").unwrap();
        }
        let mut found = kept_files(Path::new("models/a.gguf"), folder.path());
        found.sort();
        assert_eq!(found, made.map(|name| folder.path().join(name)));
        assert!(kept_files(Path::new("models/a.gguf"), &folder.path().join("nothing")).is_empty());
    }
}
