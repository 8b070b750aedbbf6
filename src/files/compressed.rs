//! Files that may be compressed, by their names: gzip (`.gz`) or Zstandard (`.zst`).

use std::io::Read;
use std::path::{Path, PathBuf};

use super::unpack;
use crate::error::{Error, Result};

/// What a compression adds to a file's name.
const ENDINGS: [&str; 2] = [".gz", ".zst"];

/// The name of a file without the ending of a compression.
pub(crate) fn plain_name(name: &str) -> &str {
    ENDINGS.iter().find_map(|ending| name.strip_suffix(ending)).unwrap_or(name)
}

/// The names of a file: its own, and those of its compressed forms.
pub(crate) fn names(name: &str) -> impl Iterator<Item = String> {
    std::iter::once("").chain(ENDINGS).map(move |ending| format!("{name}{ending}"))
}

/// The file with a name in a folder, or its compressed form.
pub(crate) fn find(folder: &Path, name: &str) -> Option<PathBuf> {
    names(name).map(|name| folder.join(name)).find(|path| path.is_file())
}

/// The bytes of a file, unpacked if they are packed. More than `most` are an error.
pub(crate) fn read(path: &Path, most: u64) -> Result<Vec<u8>> {
    let fail = |e| Error::io("read", path, e);
    let file = std::fs::File::open(path).map_err(fail)?;
    let mut bytes = Vec::new();
    unpack(file).map_err(fail)?.take(most + 1).read_to_end(&mut bytes).map_err(fail)?;
    if bytes.len() as u64 > most {
        let reason = format!("it holds more than {most} bytes, too many for such a file");
        return Err(Error::malformed(path, reason));
    }
    Ok(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn compressed_files_are_found_and_read_to_a_limit() {
        let folder = tempfile::tempdir().unwrap();
        let bytes = vec![7u8; 100_000];
        let plain = folder.path().join("a.bin");
        std::fs::write(&plain, &bytes).unwrap();
        let zstandard = folder.path().join("b.bin.zst");
        let level = ruzstd::encoding::CompressionLevel::Fastest;
        std::fs::write(&zstandard, ruzstd::encoding::compress_to_vec(&bytes[..], level)).unwrap();
        for (path, name) in [(&plain, "a.bin"), (&zstandard, "b.bin")] {
            assert_eq!(find(folder.path(), name).as_ref(), Some(path));
            assert_eq!(read(path, 100_000).unwrap(), bytes, "{name}");
            let refusal = read(path, 99_999).unwrap_err().to_string();
            assert!(refusal.contains("more than 99999 bytes"), "{refusal}");
        }
        assert_eq!((plain_name("b.bin.zst"), plain_name("a.bin")), ("b.bin", "a.bin"));
    }
}
