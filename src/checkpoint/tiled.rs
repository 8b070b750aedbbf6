//! Quantised weights as this processor's kernels read them, laid out once and kept in a file of
//! their own, which is mapped from then on: a model is then opened without touching its weights,
//! and programs that use it at a time share them.
//!
//! The file is a safetensors one with a tensor of bytes for each matrix, under the name it has in
//! the model's files. Knows names and sizes; what the bytes mean is the kernels' to know.

use std::collections::{HashMap, HashSet};
use std::path::Path;
use std::time::Duration;

use super::kept::Kept;
use super::safetensors::{self, Entry, Stored};
use crate::error::{Error, Result};
use crate::files::{self, MappedFile, MappedSlice};
use crate::kernels::{Tiles, Weight};

/// A file that nobody has written to for so long is not being written.
const FORGOTTEN: Duration = Duration::from_secs(24 * 60 * 60);
/// How many times as much room there must be where the file is kept.
const ROOM: u64 = 2;

/// The matrices of a model, in tiles.
pub(super) struct Tiled {
    file: MappedFile,
    tensors: HashMap<String, Stored>,
}

/// What there is in the end.
pub(super) enum Outcome {
    /// They were there.
    Found(Tiled),
    /// They are there now.
    Made(Tiled),
    /// Too few bytes to gain anything, or none that are laid out on this processor.
    NotWorthwhile,
    /// They would leave too little room on the disk.
    NoRoom,
}

impl Tiled {
    /// Those of some matrices: kept ones, or new ones. `made_of` is what the model goes by,
    /// `sources` all of its files. Where they cannot be written nothing is left behind. Fewer bytes
    /// than the `least` are not worth it.
    pub fn of(
        made_of: &Path,
        sources: &[&MappedFile],
        matrices: &[(&str, Weight)],
        kept_in: &Path,
        least: usize,
    ) -> Result<Outcome> {
        let mut names = HashSet::new();
        let sizes =
            matrices.iter().filter_map(|(name, weight)| Some((*name, weight, size(weight)?)));
        // Of two of one name the first is the one that is found; a name that the format has for
        // itself is no matrix's.
        let sizes: Vec<_> = sizes
            .filter(|(name, ..)| *name != safetensors::METADATA && names.insert(*name))
            .collect();
        let bytes = sizes.iter().map(|(_, _, size)| size).sum::<usize>();
        if bytes < least.max(1) {
            return Ok(Outcome::NotWorthwhile);
        }
        let way = format!("tiles {}", Tiles::LAYOUT);
        let ending = ["-tiles", "safetensors"];
        let mut kept = Kept::of(sources.iter().copied(), &way, (made_of, ending), kept_in)?;
        if let Some(found) = kept.open().and_then(|file| Self::in_file(file).ok()) {
            return Ok(Outcome::Found(found));
        }
        std::fs::create_dir_all(kept_in).map_err(|e| Error::io("create", kept_in, e))?;
        let room = fs4::available_space(kept_in).map_err(|e| Error::io("look at", kept_in, e))?;
        if room < ROOM * bytes as u64 {
            return Ok(Outcome::NoRoom);
        }
        let entries = sizes.iter().map(|(name, _, size)| Entry {
            name,
            dtype: "U8",
            shape: vec![*size as u64],
            bytes: *size as u64,
        });
        // Of programs that were killed while they wrote; others may be writing now.
        files::remove_stale_temporaries(kept_in, FORGOTTEN)
            .map_err(|e| Error::io("clear", kept_in, e))?;
        let written = kept.write(sources.iter().copied(), |out| {
            out.write_all(&safetensors::header(entries)?)?;
            for (_, weight, _) in &sizes {
                let tiles = weight
                    .in_tiles()
                    .ok_or_else(|| std::io::Error::other("no kernels for tiles"))?;
                out.write_all(tiles.bytes())?;
                weight.bytes.release_pages();
            }
            Ok(())
        });
        written.map_err(|e| Error::io("write", kept.path(), e))?;
        let made = MappedFile::open(kept.path()).and_then(Self::in_file);
        if made.is_err() {
            // It would be of no use the next time either.
            let _ = std::fs::remove_file(kept.path());
        }
        Ok(Outcome::Made(made?))
    }

    fn in_file(file: MappedFile) -> Result<Self> {
        file.advise_huge_pages();
        let tensors = safetensors::parse(file.bytes())
            .map_err(|reason| Error::malformed(file.path(), reason))?;
        Ok(Self { file, tensors })
    }

    /// The file.
    pub fn file(&self) -> &MappedFile {
        &self.file
    }

    /// Bytes of the file.
    pub fn bytes(&self) -> u64 {
        self.file.bytes().len() as u64
    }

    /// A matrix by its name in the model's files.
    pub fn get(&self, name: &str) -> Option<MappedSlice> {
        match self.tensors.get(name)? {
            Stored::OfType(_, range) => self.file.slice(range.clone()),
            Stored::Usable(_) => None,
        }
    }
}

/// Bytes of a matrix in tiles, where this processor has kernels for them.
fn size(weight: &Weight) -> Option<usize> {
    match *weight.shape.as_slice() {
        [rows, columns] => Tiles::size_here(weight.block_type, rows, columns),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kernels::{BlockType, Isa};

    fn weight(block_type: BlockType, rows: usize, columns: usize) -> Weight {
        let bytes: Vec<u8> =
            (0..rows * block_type.row_bytes(columns)).map(|at| ((at * 7919) >> 3) as u8).collect();
        let bytes = MappedFile::copy_of(&bytes).unwrap().slice(0..bytes.len()).unwrap();
        Weight { block_type, shape: vec![rows, columns], bytes, tiles: None }
    }

    #[test]
    fn tiles_are_made_once_and_are_those_that_would_be_made() {
        if !Isa::detect().has_tiles() {
            eprintln!("skipped: this processor has no kernels for tiles");
            return;
        }
        let folder = tempfile::tempdir().unwrap();
        let model = folder.path().join("model.gguf");
        std::fs::write(&model, "what it is made of").unwrap();
        let matrices = [
            ("a", weight(BlockType::Q4_K, 40, 512)),
            ("b", weight(BlockType::Q8_0, 19, 96)),
            ("c", weight(BlockType::F32, 20, 96)),
        ];
        let of = |least| {
            let source = MappedFile::open(&model).unwrap();
            Tiled::of(&model, &[&source], &matrices, &folder.path().join("kept"), least).unwrap()
        };
        assert!(matches!(of(1 << 20), Outcome::NotWorthwhile));
        let Outcome::Made(made) = of(1) else { panic!("nothing was made") };
        assert!(made.get("c").is_none());
        for (name, fresh) in &matrices[..2] {
            let kept = Weight { tiles: made.get(name), ..fresh.clone() };
            assert!(kept.tiles.as_deref() == Some(fresh.in_tiles().unwrap().bytes()));
            // Rows that begin and end where tiles do are found among them.
            let rows = fresh.shape[0];
            for (part, found) in
                [(0..16, true), (16..rows, true), (3..rows, false), (0..rows - 1, false)]
            {
                let (kept, fresh) = (kept.rows(part.clone()).unwrap(), fresh.rows(part).unwrap());
                assert_eq!(kept.tiles.is_some(), found);
                assert!(kept.in_tiles().unwrap().bytes() == fresh.in_tiles().unwrap().bytes());
            }
        }
        assert!(matches!(of(1), Outcome::Found(_)));
        // One that was cut short is made anew, and so is one of other files.
        let path = made.file.path().to_path_buf();
        drop(made);
        let whole = std::fs::read(&path).unwrap();
        std::fs::write(&path, &whole[..whole.len() / 2]).unwrap();
        assert!(matches!(of(1), Outcome::Made(_)));
        assert!(std::fs::read(&path).unwrap() == whole);
        // So is one in which a weight was changed, whatever time it says.
        let written = std::fs::metadata(&path).unwrap().modified().unwrap();
        let mut spoilt = whole.clone();
        spoilt[whole.len() / 2] ^= 1;
        std::fs::write(&path, spoilt).unwrap();
        std::fs::File::options().write(true).open(&path).unwrap().set_modified(written).unwrap();
        assert!(matches!(of(1), Outcome::Made(_)));
        assert!(std::fs::read(&path).unwrap() == whole);
        std::fs::write(&model, "something else").unwrap();
        assert!(matches!(of(1), Outcome::Made(_)));
    }
}
