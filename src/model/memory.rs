//! Whether a model fits into the free memory.

use std::path::Path;

use crate::checkpoint::Checkpoint;
use crate::error::{Error, Result};

const MEGABYTE: u64 = 1_000_000;

/// Fails if the weights do not fit into `available` bytes, by default the free memory. Weights are
/// mapped, not copied, but those of a larger model would be read from disk for every token.
pub(super) fn check(checkpoint: &Checkpoint, available: Option<u64>) -> Result<()> {
    check_bytes(checkpoint.path(), checkpoint.size(), available.unwrap_or_else(free))
}

/// The same by the size of a file, before anything of it is read. Folders pass.
pub(super) fn check_file(path: &Path) -> Result<()> {
    match std::fs::metadata(path) {
        Ok(file) if file.is_file() => check_bytes(path, file.len(), free()),
        _ => Ok(()),
    }
}

fn check_bytes(path: &Path, bytes: u64, available: u64) -> Result<()> {
    // A tenth for the tokenizer, activations and the first part of the KV cache.
    let needed = bytes.saturating_add(bytes / 10);
    if needed > available {
        return Err(Error::TooBig {
            file: path.to_path_buf(),
            needed: needed / MEGABYTE,
            available: available / MEGABYTE,
        });
    }
    Ok(())
}

/// Memory available without swapping, within the limit of a control group; the largest number if
/// the system does not say.
fn free() -> u64 {
    let mut system = sysinfo::System::new();
    system.refresh_memory();
    // As in a system without /proc, where asking for the group's limits would panic.
    if system.total_memory() == 0 {
        return u64::MAX;
    }
    let machine = system.available_memory();
    let group = system
        .cgroup_limits()
        .map_or(u64::MAX, |limits| limits.total_memory.saturating_sub(limits.rss));
    if machine == 0 { u64::MAX } else { machine.min(group) }
}
