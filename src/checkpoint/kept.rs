//! Files made of a model's files so that they need not be made again: how they are called, and how they say what they were made of.
//!
//! Knows neither what is in them nor how it is made. A file that was made of something else, or is damaged, counts for nothing and is
//! made anew.

use std::path::{Path, PathBuf};

use sha2::{Digest, Sha256};

use crate::error::{Error, Result};

/// The key under which a file says what it was made of.
pub(super) const SOURCE: &str = "malmoi.source";

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
        let path = kept_in.join(format!("{}{word}-{}.{kind}", prefix(name), &source[..12]));
        Ok(Self { path, source })
    }
}

/// How all files begin that are made of a folder or a file.
fn prefix(made_of: &Path) -> String {
    let name = if made_of.is_dir() { made_of.file_name() } else { made_of.file_stem() };
    name.unwrap_or_default().to_string_lossy().into_owned()
}

/// Removes everything that was made of a folder or a file. Of another of the same name it is removed too: it can be made again.
pub fn forget(made_of: &Path, kept_in: &Path) -> std::io::Result<()> {
    let entries = match std::fs::read_dir(kept_in) {
        Ok(entries) => entries,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(()),
        Err(error) => return Err(error),
    };
    let beginning = format!("{}-", prefix(made_of));
    for entry in entries {
        let entry = entry?;
        if entry.file_name().to_string_lossy().starts_with(&beginning) {
            std::fs::remove_file(entry.path())?;
        }
    }
    Ok(())
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
    fn what_was_made_of_a_model_is_forgotten_with_it() {
        let folder = tempfile::tempdir().unwrap();
        let at = |name: &str| folder.path().join(name);
        for name in ["a-1.safetensors", "a-q8_0-1.gguf", "ab-1.gguf"] {
            std::fs::write(at(name), "").unwrap();
        }
        forget(Path::new("models/a.gguf"), folder.path()).unwrap();
        let left: Vec<_> =
            std::fs::read_dir(folder.path()).unwrap().map(|e| e.unwrap().file_name()).collect();
        assert_eq!(left, ["ab-1.gguf"]);
        forget(Path::new("models/a.gguf"), &at("nothing")).unwrap();
    }
}
