//! Files derived from those of a model: their names, and how they are verified.
//!
//! A derived file ends with a trailer: a magic number, the SHA-256 of its sources and the recipe,
//! and the SHA-256 of every byte before. A file with other sources, another recipe, a cut end or a
//! changed byte is ignored and derived again. This detects damage and exchanged files; it does not
//! stop an attacker who can write to the folder. Knows neither the contents nor the derivation.

use std::io::Write;
use std::path::{Path, PathBuf};

use sha2::{Digest, Sha256};

use super::quantization::Quantization;
use crate::error::Result;
use crate::files::{self, ChecksumCache, MappedFile, Sha256Bytes, to_hex};

/// Hexadecimal digits of the source hash in a file name.
const HASH_DIGITS: usize = 12;
/// First bytes of a trailer.
const MAGIC: &[u8; 8] = b"malmoi1\n";
/// Bytes of a hash.
const HASH: usize = 32;
/// Bytes of a trailer.
const TRAILER: usize = MAGIC.len() + 2 * HASH;
/// Label of packed weights: their name since the first version.
pub(super) const PACKED: &str = "tiles";

/// How a file is derived from a model.
pub(in crate::checkpoint) struct Derivation<'d> {
    /// The folder or file of the model; its name begins that of the derived file.
    pub model: &'d Path,
    /// A word about the contents in the file name, or nothing.
    pub label: &'d str,
    /// The extension of the file name.
    pub extension: &'d str,
    /// Identifies the method: files of another recipe are derived again.
    pub recipe: &'d str,
}

/// A derived file, present or not.
pub(in crate::checkpoint) struct DerivedFile {
    path: PathBuf,
    /// SHA-256 of its sources and the recipe.
    source: Sha256Bytes,
    checksums: ChecksumCache,
}

impl DerivedFile {
    /// The file derived from some sources, in the cache folder.
    pub fn new<'f>(
        derivation: &Derivation<'_>,
        sources: impl IntoIterator<Item = &'f MappedFile>,
        cache: &Path,
    ) -> Result<Self> {
        let Derivation { model, label, extension, recipe } = *derivation;
        let checksums = ChecksumCache::in_folder(cache);
        let mut hasher = Sha256::new();
        hasher.update(recipe);
        for file in sources {
            let length = file.bytes().len();
            // For a derived file, the hash that also verifies it.
            let covered = if source_of(file).is_some() { length - HASH } else { length };
            hasher.update(checksums.of_mapped(file, covered)?);
        }
        let source: Sha256Bytes = hasher.finalize().into();
        let mut name = name_of(model);
        if !label.is_empty() {
            name = format!("{name}-{label}");
        }
        let hash = &to_hex(&source)[..HASH_DIGITS];
        let path = cache.join(format!("{name}-{hash}.{extension}"));
        Ok(Self { path, source, checksums })
    }

    /// Where it is or will be.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// The file, if it is there, whole, and derived from the right sources.
    pub fn open(&mut self) -> Option<MappedFile> {
        let file = MappedFile::open(&self.path).ok()?;
        if source_of(&file)? != self.source {
            return None;
        }
        let (covered, own) = file.bytes().split_last_chunk::<HASH>()?;
        (self.checksums.of_mapped(&file, covered.len()).ok()? == *own).then_some(file)
    }

    /// Writes the file. The sources must not have changed by the end of it; on failure nothing is
    /// left behind.
    pub fn write<'f>(
        &self,
        sources: impl IntoIterator<Item = &'f MappedFile>,
        fill: impl FnOnce(&mut dyn Write) -> std::io::Result<()>,
    ) -> std::io::Result<()> {
        files::replace(&self.path, |out| {
            let mut out = HashingWriter { out, hasher: Sha256::new() };
            fill(&mut out)?;
            out.write_all(MAGIC)?;
            out.write_all(&self.source)?;
            for source in sources {
                source.check().map_err(std::io::Error::other)?;
            }
            let own = out.hasher.finalize();
            out.out.write_all(&own)
        })
    }
}

/// The source hash in the trailer of a derived file; `None` for any other file.
fn source_of(file: &MappedFile) -> Option<Sha256Bytes> {
    let (_, trailer) = file.bytes().split_last_chunk::<TRAILER>()?;
    let hashes = trailer.strip_prefix(MAGIC)?;
    hashes.first_chunk::<HASH>().copied()
}

/// A writer that hashes the bytes it passes on.
struct HashingWriter<'w> {
    out: &'w mut dyn Write,
    hasher: Sha256,
}

impl Write for HashingWriter<'_> {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        let written = self.out.write(bytes)?;
        self.hasher.update(&bytes[..written]);
        Ok(written)
    }

    fn flush(&mut self) -> std::io::Result<()> {
        self.out.flush()
    }
}

/// The beginning of the names of all files derived from a folder or file.
fn name_of(model: &Path) -> String {
    let name = if model.is_dir() { model.file_name() } else { model.file_stem() };
    name.unwrap_or_default().to_string_lossy().into_owned()
}

/// All files derived from a folder or file, which must still be there. Includes those of another
/// model with the same name; they can be derived again.
pub fn derived_files(model: &Path, cache: &Path) -> Vec<PathBuf> {
    let beginning = format!("{}-", name_of(model));
    let entries = std::fs::read_dir(cache).into_iter().flatten();
    let paths = entries.filter_map(|entry| Some(entry.ok()?.path()));
    paths.filter(|path| is_derived(path, &beginning).unwrap_or(false)).collect()
}

/// True if a file name is `beginning`, perhaps a label, and the digits of a hash.
fn is_derived(path: &Path, beginning: &str) -> Option<bool> {
    let name = path.file_stem()?.to_str()?.strip_prefix(beginning)?;
    let (label, hash) = name.rsplit_once('-').unwrap_or(("", name));
    let is_label = label.is_empty() || label == PACKED || Quantization::parse(label).is_some();
    let is_hash = hash.len() == HASH_DIGITS && hash.bytes().all(|byte| byte.is_ascii_hexdigit());
    Some(is_label && is_hash)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn derived(model: &Path, recipe: &str, cache: &Path) -> DerivedFile {
        let file = MappedFile::open(model).unwrap();
        let derivation = Derivation { model, label: PACKED, extension: "safetensors", recipe };
        DerivedFile::new(&derivation, [&file], cache).unwrap()
    }

    #[test]
    fn contents_and_recipe_decide_the_name() {
        let folder = tempfile::tempdir().unwrap();
        let model = folder.path().join("a.b-q4.gguf");
        std::fs::write(&model, "1").unwrap();
        let in_cache = |model: &Path, recipe: &str| derived(model, recipe, Path::new("cache"));
        let (first, second) = (in_cache(&model, "1"), in_cache(&model, "2"));
        assert_ne!(first.path, second.path);
        assert!(first.path.to_string_lossy().starts_with("cache/a.b-q4-tiles-"));
        std::fs::create_dir(folder.path().join("copy")).unwrap();
        let copy = folder.path().join("copy/a.b-q4.gguf");
        std::fs::copy(&model, &copy).unwrap();
        assert_eq!(in_cache(&copy, "1").path, first.path);
        std::fs::write(&model, "2").unwrap();
        assert_ne!(in_cache(&model, "1").source, first.source);
    }

    #[test]
    fn a_file_with_a_changed_byte_or_a_cut_end_is_ignored() {
        let folder = tempfile::tempdir().unwrap();
        let model = folder.path().join("model");
        std::fs::write(&model, "weights").unwrap();
        let mut file = derived(&model, "1", folder.path());
        assert!(file.open().is_none());
        let source = MappedFile::open(&model).unwrap();
        file.write([&source], |out| out.write_all(&[5; 1000])).unwrap();
        let whole = file.open().unwrap().bytes().to_vec();
        assert_eq!(whole[..1000], [5; 1000]);
        for at in [0, 500, 999, 1000, 1008, 1040, whole.len() - 1] {
            let mut spoiled = whole.clone();
            spoiled[at] ^= 4;
            std::fs::write(file.path(), spoiled).unwrap();
            assert!(file.open().is_none(), "byte {at} was changed");
        }
        for length in [0, 1, 71, 72, 500, whole.len() - 1] {
            std::fs::write(file.path(), &whole[..length]).unwrap();
            assert!(file.open().is_none(), "cut to {length}");
        }
        std::fs::write(file.path(), &whole).unwrap();
        assert!(file.open().is_some());
        // A file of another model is ignored under any name.
        std::fs::write(&model, "another").unwrap();
        let mut other = derived(&model, "1", folder.path());
        std::fs::copy(file.path(), other.path()).unwrap();
        assert!(other.open().is_none());
        // A file derived from a derived file uses the hash in that one's trailer.
        let next = || derived(file.path(), "2", folder.path()).source;
        assert_eq!(next(), next());
    }

    #[test]
    fn nothing_is_derived_from_a_file_that_changes_meanwhile() {
        let folder = tempfile::tempdir().unwrap();
        let model = folder.path().join("model");
        std::fs::write(&model, [1; 9000]).unwrap();
        let source = MappedFile::open(&model).unwrap();
        let file = derived(&model, "1", folder.path());
        let cut = |out: &mut dyn Write| {
            std::fs::File::options().write(true).open(&model)?.set_len(10)?;
            out.write_all(source.bytes())
        };
        let message = file.write([&source], cut).unwrap_err().to_string();
        assert!(message.contains("was cut short while it was in use"), "{message}");
        assert!(!file.path().exists());
    }

    #[test]
    fn files_derived_from_a_model_are_found_and_no_others() {
        let folder = tempfile::tempdir().unwrap();
        let names = [
            "a-0123456789ab.safetensors",
            "a-q8_0-0123456789ab.gguf",
            "a-tiles-0123456789ab.safetensors",
        ];
        for name in names.iter().chain(&[
            "a-b-0123456789ab.gguf",
            "ab-0123456789ab.gguf",
            "a-b.gguf",
            "a-.gguf",
        ]) {
            std::fs::write(folder.path().join(name), "").unwrap();
        }
        let mut paths = derived_files(Path::new("models/a.gguf"), folder.path());
        paths.sort();
        assert_eq!(paths, names.map(|name| folder.path().join(name)));
        assert!(
            derived_files(Path::new("models/a.gguf"), &folder.path().join("nothing")).is_empty()
        );
    }
}
