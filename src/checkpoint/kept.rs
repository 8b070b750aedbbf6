//! Files made of a model's files so that they need not be made again: how they are called, how they
//! say what they were made of, and how it is known that they are whole.
//!
//! Knows neither what is in them nor how it is made. A kept file ends with a trailer: a mark, the
//! sum of what it was made of, and the sum of everything before. One that was made of something
//! else, was cut short or changed counts for nothing and is made anew. The sums tell damage and
//! exchanged files; they do not stop a person who may write to the folder and computes them anew.

use std::io::Write;
use std::path::{Path, PathBuf};

use sha2::{Digest, Sha256};

use super::Quantization;
use super::sums::{Sum, Sums, hex};
use crate::error::Result;
use crate::files::{self, MappedFile};

/// Digits of what a file was made of that are part of its name.
const HASH: usize = 12;
/// What a trailer begins with.
const MARK: &[u8; 8] = b"malmoi1\n";
/// Bytes of a sum.
const SUM: usize = 32;
/// Bytes of a trailer.
const TRAILER: usize = MARK.len() + 2 * SUM;

/// A file that is kept or will be.
pub(super) struct Kept {
    path: PathBuf,
    /// The sum of what it is made of.
    source: Sum,
    sums: Sums,
}

impl Kept {
    /// The file that is made of others in a way; another way of doing it is another word. `ending`
    /// follows the name of what it is made of: a word about what it is, if any, and the kind of
    /// file.
    pub fn of<'f>(
        files: impl IntoIterator<Item = &'f MappedFile>,
        way: &str,
        (name, ending): (&Path, [&str; 2]),
        kept_in: &Path,
    ) -> Result<Self> {
        let mut sums = Sums::in_folder(kept_in);
        let mut sum = Sha256::new();
        sum.update(way);
        for file in files {
            let whole = file.bytes().len();
            // A kept file goes by the sum that it is checked by.
            let length = if source(file).is_some() { whole - SUM } else { whole };
            sum.update(sums.of(file, length)?);
        }
        let source: Sum = sum.finalize().into();
        let [word, kind] = ending;
        let path = kept_in.join(format!("{}{word}-{}.{kind}", prefix(name), &hex(&source)[..HASH]));
        Ok(Self { path, source, sums })
    }

    /// Where it is or will be.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// The file, where it is there, whole, and made of what it should be made of.
    pub fn open(&mut self) -> Option<MappedFile> {
        let file = MappedFile::open(&self.path).ok()?;
        if source(&file)? != self.source {
            return None;
        }
        let (covered, own) = file.bytes().split_last_chunk::<SUM>()?;
        (self.sums.of(&file, covered.len()).ok()? == *own).then_some(file)
    }

    /// Writes the file, made of others, which must still be as they were when it is done. Where
    /// anything fails nothing is left behind.
    pub fn write<'f>(
        &self,
        sources: impl IntoIterator<Item = &'f MappedFile>,
        fill: impl FnOnce(&mut dyn Write) -> std::io::Result<()>,
    ) -> std::io::Result<()> {
        files::replace(&self.path, |out| {
            let mut out = Summed { out, sum: Sha256::new() };
            fill(&mut out)?;
            out.write_all(MARK)?;
            out.write_all(&self.source)?;
            for source in sources {
                source.check().map_err(std::io::Error::other)?;
            }
            let own = out.sum.finalize();
            out.out.write_all(&own)
        })
    }
}

/// What a kept file says that it was made of; `None` of any other file.
fn source(file: &MappedFile) -> Option<Sum> {
    let (_, trailer) = file.bytes().split_last_chunk::<TRAILER>()?;
    let sums = trailer.strip_prefix(MARK)?;
    sums.first_chunk::<SUM>().copied()
}

/// Sums what is written.
struct Summed<'w> {
    out: &'w mut dyn Write,
    sum: Sha256,
}

impl Write for Summed<'_> {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        let written = self.out.write(bytes)?;
        self.sum.update(&bytes[..written]);
        Ok(written)
    }

    fn flush(&mut self) -> std::io::Result<()> {
        self.out.flush()
    }
}

/// How all files begin that are made of a folder or a file.
fn prefix(made_of: &Path) -> String {
    let name = if made_of.is_dir() { made_of.file_name() } else { made_of.file_stem() };
    name.unwrap_or_default().to_string_lossy().into_owned()
}

/// All files that were made of a folder or a file, which must still be there. One of another model
/// is among them if it has the same name: it can be made again.
pub fn kept_files(made_of: &Path, kept_in: &Path) -> Vec<PathBuf> {
    let beginning = format!("{}-", prefix(made_of));
    let is_made_of = |path: &PathBuf| {
        let name = path
            .file_stem()
            .and_then(|stem| stem.to_str()?.strip_prefix(&beginning))
            .unwrap_or_default();
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

    fn of(model: &Path, way: &str, kept_in: &Path) -> Kept {
        let file = MappedFile::open(model).unwrap();
        Kept::of([&file], way, (model, ["-tiles", "safetensors"]), kept_in).unwrap()
    }

    #[test]
    fn another_content_or_another_way_is_another_name_and_a_copy_is_the_same() {
        let folder = tempfile::tempdir().unwrap();
        let model = folder.path().join("a.b-q4.gguf");
        std::fs::write(&model, "1").unwrap();
        let kept = |model: &Path, way: &str| of(model, way, Path::new("kept"));
        let (one, two) = (kept(&model, "1"), kept(&model, "2"));
        assert_ne!(one.path, two.path);
        assert!(one.path.to_string_lossy().starts_with("kept/a.b-q4-tiles-"));
        std::fs::create_dir(folder.path().join("copy")).unwrap();
        let copy = folder.path().join("copy/a.b-q4.gguf");
        std::fs::copy(&model, &copy).unwrap();
        assert_eq!(kept(&copy, "1").path, one.path);
        std::fs::write(&model, "2").unwrap();
        assert_ne!(kept(&model, "1").source, one.source);
    }

    #[test]
    fn a_file_that_is_not_as_it_was_written_counts_for_nothing() {
        let folder = tempfile::tempdir().unwrap();
        let model = folder.path().join("model");
        std::fs::write(&model, "weights").unwrap();
        let mut kept = of(&model, "1", folder.path());
        assert!(kept.open().is_none());
        let source = MappedFile::open(&model).unwrap();
        kept.write([&source], |out| out.write_all(&[5; 1000])).unwrap();
        let file = kept.open().unwrap();
        assert_eq!(file.bytes()[..1000], [5; 1000]);
        let whole = file.bytes().to_vec();
        drop(file);
        for at in [0, 500, 999, 1000, 1008, 1040, whole.len() - 1] {
            let mut spoilt = whole.clone();
            spoilt[at] ^= 4;
            std::fs::write(kept.path(), spoilt).unwrap();
            assert!(kept.open().is_none(), "byte {at} was changed");
        }
        for length in [0, 1, 71, 72, 500, whole.len() - 1] {
            std::fs::write(kept.path(), &whole[..length]).unwrap();
            assert!(kept.open().is_none(), "cut to {length}");
        }
        std::fs::write(kept.path(), &whole).unwrap();
        assert!(kept.open().is_some());
        // What another model's was made of does not count, under whichever name it lies.
        std::fs::write(&model, "another").unwrap();
        let mut other = of(&model, "1", folder.path());
        std::fs::copy(kept.path(), other.path()).unwrap();
        assert!(other.open().is_none());
        // A file that is made of a kept one goes by that one's own sum.
        let of_kept = |kept: &Kept| of(kept.path(), "2", folder.path()).source;
        assert_eq!(of_kept(&kept), of_kept(&kept));
    }

    #[test]
    fn nothing_is_made_of_a_file_that_changes_meanwhile() {
        let folder = tempfile::tempdir().unwrap();
        let model = folder.path().join("model");
        std::fs::write(&model, [1; 9000]).unwrap();
        let source = MappedFile::open(&model).unwrap();
        let kept = of(&model, "1", folder.path());
        let cut = |out: &mut dyn Write| {
            std::fs::File::options().write(true).open(&model)?.set_len(10)?;
            out.write_all(source.bytes())
        };
        let said = kept.write([&source], cut).unwrap_err().to_string();
        assert!(said.contains("was cut short while it was in use"), "{said}");
        assert!(!kept.path().exists());
    }

    #[test]
    fn what_was_made_of_a_model_is_found_and_nothing_else() {
        let folder = tempfile::tempdir().unwrap();
        let made = [
            "a-0123456789ab.safetensors",
            "a-q8_0-0123456789ab.gguf",
            "a-tiles-0123456789ab.safetensors",
        ];
        for name in made.iter().chain(&[
            "a-b-0123456789ab.gguf",
            "ab-0123456789ab.gguf",
            "a-b.gguf",
            "a-.gguf",
        ]) {
            std::fs::write(folder.path().join(name), "").unwrap();
        }
        let mut found = kept_files(Path::new("models/a.gguf"), folder.path());
        found.sort();
        assert_eq!(found, made.map(|name| folder.path().join(name)));
        assert!(kept_files(Path::new("models/a.gguf"), &folder.path().join("nothing")).is_empty());
    }
}
