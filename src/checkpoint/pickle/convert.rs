//! Conversion of a folder's PyTorch checkpoint to a safetensors file in the cache.

use std::collections::HashSet;
use std::path::{Path, PathBuf};

use super::names::shown;
use super::{tensor, writer};
use crate::checkpoint::cache::derived::{Derivation, DerivedFile};
use crate::checkpoint::safetensors;
use crate::error::{Error, Result};
use crate::files::MappedFile;

pub(super) const SINGLE: &str = "pytorch_model.bin";
const INDEX: &str = "pytorch_model.bin.index.json";
/// Where COMET keeps a checkpoint of PyTorch Lightning.
const LIGHTNING: &str = "checkpoints/model.ckpt";
/// Version of the form in which tensors are written.
const RECIPE: &str = "1";
/// Maximum tensors of all files together, so that the header is within the limit of safetensors.
const MAX_TENSORS: usize = 65_536;
/// Maximum size of the written tensors, as a multiple of the files. Tied tensors are written under
/// each of their names, and models have up to four for their embeddings.
const MAX_GROWTH: u64 = 8;

/// True if a folder has a PyTorch checkpoint.
pub(in crate::checkpoint) fn is_in(folder: &Path) -> bool {
    [SINGLE, INDEX, LIGHTNING].iter().any(|name| folder.join(name).exists())
}

/// The path of a safetensors file with the weights of a folder, from the cache or newly converted.
/// Fails if it cannot be written; then nothing is left behind.
///
/// Tensors that share their storage are written once for each name: safetensors has no aliases,
/// and which name a network asks for is not known here.
pub fn convert(folder: &Path, cache: &Path) -> Result<PathBuf> {
    converted(folder, cache).map(|file| file.path().to_path_buf())
}

/// As [`convert`], mapped.
pub(in crate::checkpoint) fn converted(folder: &Path, cache: &Path) -> Result<MappedFile> {
    let files =
        paths(folder)?.iter().map(|path| MappedFile::open(path)).collect::<Result<Vec<_>>>()?;
    let derivation =
        Derivation { model: folder, label: "", extension: "safetensors", recipe: RECIPE };
    let mut derived = DerivedFile::new(&derivation, &files, cache)?;
    if let Some(file) = derived.open() {
        return Ok(file);
    }
    let mut writer = writer::Writer::default();
    let mut names = HashSet::new();
    for file in &files {
        let fail = |reason: String| Error::malformed(file.path(), reason);
        for tensor in tensor::parse(file.bytes()).map_err(fail)? {
            if !names.insert(tensor.name) {
                return Err(fail(format!("tensor `{}` is in two files", shown(tensor.name))));
            }
            writer.add(file, tensor);
        }
    }
    let size = files.iter().map(|file| file.bytes().len() as u64).sum::<u64>();
    if names.len() > MAX_TENSORS || writer.bytes() > size.saturating_mul(MAX_GROWTH) {
        let reason = format!(
            "its {} tensors would take {} bytes, of files of {size}: the files are not valid",
            names.len(),
            writer.bytes()
        );
        return Err(Error::malformed(folder, reason));
    }
    std::fs::create_dir_all(cache).map_err(|e| Error::io("create", cache, e))?;
    let written = derived.write(&files, |out| writer.write(out));
    written.map_err(|e| Error::io("write", derived.path(), e))?;
    MappedFile::open(derived.path())
}

/// The checkpoint files of a folder.
fn paths(folder: &Path) -> Result<Vec<PathBuf>> {
    let [single, index, lightning] = [SINGLE, INDEX, LIGHTNING].map(|name| folder.join(name));
    // As for safetensors, a single file takes precedence: an index may be left from weights that
    // were sharded.
    if single.exists() || !index.exists() {
        let is_lightning = !single.exists() && lightning.exists();
        return Ok(vec![if is_lightning { lightning } else { single }]);
    }
    let text = std::fs::read(&index).map_err(|e| Error::io("read", &index, e))?;
    let names = safetensors::index_names(&text, ".bin")
        .map_err(|reason| Error::malformed(&index, reason))?;
    Ok(names.into_iter().map(|name| folder.join(name)).collect())
}
