//! Fingerprints of models: quick hashes that tell weights apart, not proofs of integrity.

use std::fs::File;
use std::io::{Read, Result, Seek, SeekFrom};
use std::path::{Path, PathBuf};

use sha2::{Digest, Sha256};

use super::checksums::to_hex;

/// Bytes of a sample, and samples of a file. Other weights differ in every one of them.
const SAMPLE: u64 = 64 << 10;
const SAMPLES: u64 = 16;

/// Extensions of the files of a model that its results depend on.
const EXTENSIONS: &[&str] =
    &["gguf", "safetensors", "bin", "pt", "json", "model", "spm", "jinja", "txt"];

/// The fingerprint of a model's file, or of the files in its folder: SHA-256, in hexadecimal, of
/// their names, lengths and samples of their bytes.
pub(crate) fn fingerprint(path: &Path) -> Result<String> {
    let mut hash = Sha256::new();
    if path.is_dir() {
        let is_part = |path: &PathBuf| {
            let extension = path.extension().and_then(|extension| extension.to_str());
            extension.is_some_and(|extension| EXTENSIONS.contains(&extension)) && path.is_file()
        };
        let entries = std::fs::read_dir(path)?.map(|entry| Ok(entry?.path()));
        let mut files: Vec<PathBuf> = entries.collect::<Result<_>>()?;
        files.retain(is_part);
        files.sort_unstable();
        for file in files {
            hash.update(file.file_name().unwrap_or_default().as_encoded_bytes());
            add_samples(&file, &mut hash)?;
        }
    } else {
        add_samples(path, &mut hash)?;
    }
    Ok(to_hex(&hash.finalize().into()))
}

fn add_samples(path: &Path, hash: &mut Sha256) -> Result<()> {
    let mut file = File::open(path)?;
    let length = file.metadata()?.len();
    hash.update(length.to_le_bytes());
    let step = (length / SAMPLES).max(SAMPLE);
    let mut start = 0;
    while start < length {
        file.seek(SeekFrom::Start(start))?;
        let mut sample = Vec::new();
        file.by_ref().take(SAMPLE).read_to_end(&mut sample)?;
        hash.update(&sample);
        start += step;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn other_bytes_names_and_lengths_give_other_fingerprints() {
        let folder = tempfile::tempdir().unwrap();
        let write = |name: &str, bytes: &[u8]| {
            std::fs::write(folder.path().join(name), bytes).unwrap();
            fingerprint(folder.path()).unwrap()
        };
        let mut weights = vec![0; 3 << 20];
        let mut seen = vec![write("a.gguf", &weights)];
        weights.fill(1);
        seen.push(write("a.gguf", &weights));
        seen.push(write("a.gguf", &weights[1..]));
        seen.push(write("config.json", b"{}"));
        let last = seen.last().cloned();
        assert_eq!(Some(write("notes.md", b"no part of the model")), last);
        seen.sort_unstable();
        seen.dedup();
        assert_eq!(seen.len(), 4);
        assert!(fingerprint(&folder.path().join("a.gguf")).unwrap().len() == 64);
        assert!(fingerprint(&folder.path().join("none.gguf")).is_err());
    }
}
