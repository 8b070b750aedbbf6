//! A pinned file from what is packed with gzip or zstd, or as it is: bounded by its size, visible
//! once its checksum is right.

use std::io::Read;
use std::path::{Path, PathBuf};

use super::catalogue::PinnedFile;
use super::error::StoreError;
use super::partial_file::PartialFile;
use crate::files::unpack;
use crate::redact;

/// Writes the bytes of a packed reader to `target`. `what` is the packed file in errors.
pub(super) fn unpack_into(
    packed: impl Read,
    what: &str,
    file: &PinnedFile,
    target: &Path,
) -> Result<(), StoreError> {
    let mut partial = PartialFile::open(target)?;
    partial.truncate(0)?;
    let damaged = |error: std::io::Error| StoreError::Packed {
        file: what.to_string(),
        reason: redact::foreign(&error.to_string()),
    };
    let mut reader = unpack(packed).map_err(damaged)?;
    let mut buffer = vec![0; 1 << 18];
    loop {
        let count = match reader.read(&mut buffer) {
            Ok(0) => break,
            Ok(count) => count,
            Err(error) => {
                partial.discard()?;
                return Err(damaged(error));
            }
        };
        // A small packed file may be endless unpacked.
        if partial.length().saturating_add(count as u64) > file.bytes {
            partial.discard()?;
            return Err(StoreError::TooLarge { what: what.to_string(), limit: file.bytes });
        }
        partial.write(&buffer[..count])?;
    }
    partial.finish(file.name.as_str(), Some(file.bytes), Some(&file.sha256)).map(drop)
}

/// Where the packed bytes of a file are downloaded to.
pub(super) fn packed_path(target: &Path) -> PathBuf {
    target.with_extension("packed")
}

/// Most bytes that a file may have packed: neither gzip nor zstd adds more than a hundredth.
#[cfg(feature = "fetch")]
pub(super) fn most_packed(bytes: u64) -> u64 {
    bytes.saturating_add(bytes / 100).saturating_add(64 << 10)
}
