//! Linux: the order in which a process gives up its rights.

use std::time::{Duration, Instant};

use super::rules::{Extent, Protection, Sandbox, SandboxError};
use super::{calls, files};

/// Time for threads of earlier work, such as a download, to end.
const PATIENCE: Duration = Duration::from_secs(2);

impl Sandbox {
    /// Restricts this process, for good. Paths that do not exist are left out.
    ///
    /// # Errors
    ///
    /// If other threads run, or the kernel refuses rules it should know. A kernel without a part
    /// of it is no error: see [`Protection::missing`].
    pub fn enter(&self) -> Result<Protection, SandboxError> {
        enter(self, Extent::Process)
    }

    /// Restricts the calling thread and those it starts. Other threads share its memory, so that
    /// this is for tests of the sandbox and short work, not for a barrier.
    ///
    /// # Errors
    ///
    /// If the kernel refuses rules it should know.
    pub fn enter_thread(&self) -> Result<Protection, SandboxError> {
        enter(self, Extent::Thread)
    }
}

/// Restricts files first: the filter of system calls is the last that the kernel is asked for.
fn enter(sandbox: &Sandbox, extent: Extent) -> Result<Protection, SandboxError> {
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
