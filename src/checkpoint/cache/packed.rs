//! Quantized weights in the layout of this CPU's kernels, packed once into a file of their own,
//! which is mapped from then on: the model opens without touching its weights, and processes that
//! use it at the same time share them.
//!
//! The file is safetensors, with one tensor of bytes for each matrix, under the name it has in the
//! model's files. Knows names and sizes; the layout is known to the kernels only.

use std::collections::{HashMap, HashSet};
use std::path::Path;
use std::time::Duration;

use super::derived::{Derivation, DerivedFile, PACKED};
use crate::checkpoint::safetensors::{self, Stored, TensorEntry};
use crate::error::{Error, Result};
use crate::files::{self, MappedFile, MappedSlice};
use crate::kernels::{PackedWeights, Weight};

/// Age from which the temporary file of another process counts as abandoned.
const ABANDONED_AFTER: Duration = Duration::from_secs(24 * 60 * 60);
/// Free space required on the disk, as a multiple of the file.
const ROOM: u64 = 2;

/// The packed matrices of a model.
pub(in crate::checkpoint) struct PackedCache {
    file: MappedFile,
    tensors: HashMap<String, Stored>,
}

/// The outcome of asking for packed matrices.
pub(in crate::checkpoint) enum PackOutcome {
    /// They were in the cache.
    Cached(PackedCache),
    /// They are now in the cache.
    Built(PackedCache),
    /// There are too few bytes to gain from it, or this CPU's kernels pack none of them.
    TooSmall,
    /// There is too little room on the disk.
    NoRoom,
}

impl PackedCache {
    /// The packed form of `matrices`, from the cache or newly packed. `model` names the file and
    /// `sources` are all files of the model. Fewer bytes than `least` are not packed. If the file
    /// cannot be written, nothing is left behind.
    pub fn open_or_build(
        model: &Path,
        sources: &[&MappedFile],
        matrices: &[(&str, Weight)],
        cache: &Path,
        least: usize,
    ) -> Result<PackOutcome> {
        let packed = packed_sizes(matrices);
        let bytes = packed.iter().map(|(_, _, size)| size).sum::<usize>();
        if bytes < least.max(1) {
            return Ok(PackOutcome::TooSmall);
        }
        let recipe = format!("tiles {}", PackedWeights::LAYOUT_VERSION);
        let derivation =
            Derivation { model, label: PACKED, extension: "safetensors", recipe: &recipe };
        let mut derived = DerivedFile::new(&derivation, sources.iter().copied(), cache)?;
        if let Some(cached) = derived.open().and_then(|file| Self::in_file(file).ok()) {
            return Ok(PackOutcome::Cached(cached));
        }
        std::fs::create_dir_all(cache).map_err(|e| Error::io("create", cache, e))?;
        let room = fs4::available_space(cache).map_err(|e| Error::io("look at", cache, e))?;
        if room < ROOM * bytes as u64 {
            return Ok(PackOutcome::NoRoom);
        }
        // Files of processes that were killed while writing; newer ones may still be written.
        files::remove_stale_temporaries(cache, ABANDONED_AFTER)
            .map_err(|e| Error::io("clear", cache, e))?;
        let entries = packed.iter().map(|(name, _, size)| TensorEntry {
            name,
            dtype: "U8",
            shape: vec![*size as u64],
            bytes: *size as u64,
        });
        let written = derived.write(sources.iter().copied(), |out| {
            out.write_all(&safetensors::header(entries)?)?;
            for (_, weight, _) in &packed {
                let packed = weight
                    .packed_weights()
                    .ok_or_else(|| std::io::Error::other("no kernels for packed weights"))?;
                out.write_all(packed.bytes())?;
                weight.bytes.release_pages();
            }
            Ok(())
        });
        written.map_err(|e| Error::io("write", derived.path(), e))?;
        let built = MappedFile::open(derived.path()).and_then(Self::in_file);
        if built.is_err() {
            // It would be unusable next time, too.
            let _ = std::fs::remove_file(derived.path());
        }
        Ok(PackOutcome::Built(built?))
    }

    fn in_file(file: MappedFile) -> Result<Self> {
        file.advise_huge_pages();
        let tensors = safetensors::parse(file.bytes())
            .map_err(|reason| Error::malformed(file.path(), reason))?;
        Ok(Self { file, tensors })
    }

    /// The mapped file.
    pub fn file(&self) -> &MappedFile {
        &self.file
    }

    /// Size of the file.
    pub fn bytes(&self) -> u64 {
        self.file.bytes().len() as u64
    }

    /// A packed matrix by its name in the model's files.
    pub fn get(&self, name: &str) -> Option<MappedSlice> {
        match self.tensors.get(name)? {
            Stored::OfType(_, range) => self.file.slice(range.clone()),
            Stored::Usable(_) => None,
        }
    }
}

/// The matrices that this CPU's kernels pack, with their packed sizes. A name that occurs twice
/// means its first matrix; the name reserved by safetensors is left out.
fn packed_sizes<'m>(matrices: &'m [(&'m str, Weight)]) -> Vec<(&'m str, &'m Weight, usize)> {
    let mut names = HashSet::new();
    let mut packed = Vec::new();
    for (name, weight) in matrices {
        if let Some(size) = packed_size(weight)
            && *name != safetensors::METADATA
            && names.insert(*name)
        {
            packed.push((*name, weight, size));
        }
    }
    packed
}

/// Bytes of a packed matrix; `None` if this CPU has no kernels for it.
fn packed_size(weight: &Weight) -> Option<usize> {
    match *weight.shape.as_slice() {
        [rows, columns] => PackedWeights::packed_size(weight.ggml_type, rows, columns),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kernels::{GgmlType, Isa};

    fn weight(ggml_type: GgmlType, rows: usize, columns: usize) -> Weight {
        let bytes: Vec<u8> =
            (0..rows * ggml_type.row_bytes(columns)).map(|at| ((at * 7919) >> 3) as u8).collect();
        let bytes = MappedFile::copy_of(&bytes).unwrap().slice(0..bytes.len()).unwrap();
        Weight { ggml_type, shape: vec![rows, columns], bytes, packed: None }
    }

    #[test]
    fn weights_are_packed_once_and_equal_to_those_packed_anew() {
        if !Isa::detect().has_packed_kernels() {
            eprintln!("skipped: this CPU has no kernels for packed weights");
            return;
        }
        let folder = tempfile::tempdir().unwrap();
        let model = folder.path().join("model.gguf");
        std::fs::write(&model, "weights").unwrap();
        let matrices = [
            ("a", weight(GgmlType::Q4_K, 40, 512)),
            ("b", weight(GgmlType::Q8_0, 19, 96)),
            ("c", weight(GgmlType::F32, 20, 96)),
        ];
        let open = |least| {
            let source = MappedFile::open(&model).unwrap();
            PackedCache::open_or_build(
                &model,
                &[&source],
                &matrices,
                &folder.path().join("cache"),
                least,
            )
            .unwrap()
        };
        assert!(matches!(open(1 << 20), PackOutcome::TooSmall));
        let PackOutcome::Built(built) = open(1) else { panic!("nothing was built") };
        assert!(built.get("c").is_none());
        for (name, fresh) in &matrices[..2] {
            let cached = Weight { packed: built.get(name), ..fresh.clone() };
            assert!(cached.packed.as_deref() == Some(fresh.packed_weights().unwrap().bytes()));
            // Ranges of rows are cached if they begin and end at the edges of panels.
            let rows = fresh.shape[0];
            for (range, is_cached) in
                [(0..16, true), (16..rows, true), (3..rows, false), (0..rows - 1, false)]
            {
                let (cached, fresh) =
                    (cached.rows(range.clone()).unwrap(), fresh.rows(range).unwrap());
                assert_eq!(cached.packed.is_some(), is_cached);
                assert!(
                    cached.packed_weights().unwrap().bytes()
                        == fresh.packed_weights().unwrap().bytes()
                );
            }
        }
        assert!(matches!(open(1), PackOutcome::Cached(_)));
        // A file that was cut short is built again, and so is one with other sources.
        let path = built.file.path().to_path_buf();
        drop(built);
        let whole = std::fs::read(&path).unwrap();
        std::fs::write(&path, &whole[..whole.len() / 2]).unwrap();
        assert!(matches!(open(1), PackOutcome::Built(_)));
        assert!(std::fs::read(&path).unwrap() == whole);
        // So is one with a changed weight, even if its time is unchanged.
        let written = std::fs::metadata(&path).unwrap().modified().unwrap();
        let mut spoiled = whole.clone();
        spoiled[whole.len() / 2] ^= 1;
        std::fs::write(&path, spoiled).unwrap();
        std::fs::File::options().write(true).open(&path).unwrap().set_modified(written).unwrap();
        assert!(matches!(open(1), PackOutcome::Built(_)));
        assert!(std::fs::read(&path).unwrap() == whole);
        std::fs::write(&model, "something else").unwrap();
        assert!(matches!(open(1), PackOutcome::Built(_)));
    }
}
