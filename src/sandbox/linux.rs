//! Linux: the order in which a process gives up its rights.

use std::time::{Duration, Instant};

use super::{Extent, Protection, Sandbox, SandboxError, calls, files};

/// Time for threads of earlier work, such as a download, to end.
const PATIENCE: Duration = Duration::from_secs(2);

/// Restricts files first: the filter of system calls is the last that the kernel is asked for.
pub(super) fn enter(sandbox: &Sandbox, extent: Extent) -> Result<Protection, SandboxError> {
    if extent == Extent::Process {
        wait_for_threads()?;
    }
    let landlock = files::restrict(sandbox)?;
    let calls = calls::restrict(sandbox, extent)?;
    Ok(Protection { landlock, calls })
}

/// Waits until the calling thread is the only one.
fn wait_for_threads() -> Result<(), SandboxError> {
    let deadline = Instant::now() + PATIENCE;
    loop {
        // A thread cannot be counted without `/proc`; then the order of the program is trusted.
        let count = std::fs::read_dir("/proc/self/task").map_or(1, Iterator::count);
        if count <= 1 {
            return Ok(());
        }
        if Instant::now() > deadline {
            return Err(SandboxError::Threads { count: count - 1 });
        }
        std::thread::sleep(Duration::from_millis(1));
    }
}
