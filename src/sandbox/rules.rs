//! What a sandbox lets through, and what is in force of it.

use std::path::PathBuf;

/// What is asked of the network.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Network {
    /// No new sockets. Open ones keep working, and a listener accepts connections.
    #[default]
    Closed,
    /// Connections to other machines by IP; no listening, and no sockets of other families.
    Outgoing,
}

/// What stays possible inside.
#[derive(Debug, Clone, Default)]
pub struct Sandbox {
    pub(super) read: Vec<PathBuf>,
    pub(super) write: Vec<PathBuf>,
    pub(super) run: Vec<PathBuf>,
    pub(super) network: Network,
}

/// Which threads are restricted.
#[cfg(target_os = "linux")]
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Extent {
    Process,
    Thread,
}

/// Why a process is not in the sandbox.
#[derive(Debug, thiserror::Error)]
pub enum SandboxError {
    /// Landlock restricts the calling thread alone: others would stay free.
    #[error("{count} threads are running already, which the sandbox would not restrict")]
    Threads {
        /// Threads beside the calling one.
        count: usize,
    },
    /// The kernel refused the rules.
    #[error("the kernel refused the rules of the sandbox: {reason}")]
    Refused {
        /// The kernel's reason.
        reason: String,
    },
}

/// What is in force.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Protection {
    /// Version of Landlock's interface; `None` without Landlock.
    pub landlock: Option<i32>,
    /// True if system calls are filtered.
    pub calls: bool,
}

/// The first version of Landlock that also keeps files from being cut short: Linux 6.2.
pub const WHOLE_LANDLOCK: i32 = 3;

impl Protection {
    /// True if files, sockets and programs are all restricted.
    pub fn is_whole(&self) -> bool {
        self.calls && self.landlock.is_some_and(|version| version >= WHOLE_LANDLOCK)
    }

    /// What is not restricted, as a phrase; `None` if nothing is missing.
    pub fn missing(&self) -> Option<&'static str> {
        let is_new = self.landlock.is_some_and(|version| version >= WHOLE_LANDLOCK);
        match (self.landlock, self.calls) {
            _ if !cfg!(target_os = "linux") => Some("this system has no Landlock and no seccomp"),
            (None, false) => Some("this kernel has neither Landlock nor seccomp"),
            (None, true) => Some("this kernel has no Landlock: all files can be opened"),
            (Some(_), false) => Some("this kernel has no seccomp: sockets can be opened"),
            (Some(_), true) if is_new => None,
            (Some(_), true) => Some("this kernel's Landlock lets files be cut short"),
        }
    }
}

impl Sandbox {
    /// A sandbox in which nothing can be opened.
    pub fn new() -> Self {
        Self::default()
    }

    /// Lets files, and all in folders, be read. Links are followed now, not inside.
    pub fn read<P: Into<PathBuf>>(mut self, paths: impl IntoIterator<Item = P>) -> Self {
        self.read.extend(paths.into_iter().map(Into::into));
        self
    }

    /// Lets files be written, and folders be changed, in which files can be made and removed.
    pub fn write<P: Into<PathBuf>>(mut self, paths: impl IntoIterator<Item = P>) -> Self {
        self.write.extend(paths.into_iter().map(Into::into));
        self
    }

    /// Lets programs be started: files, and all in folders. They inherit the sandbox.
    pub fn run<P: Into<PathBuf>>(mut self, paths: impl IntoIterator<Item = P>) -> Self {
        self.run.extend(paths.into_iter().map(Into::into));
        self
    }

    /// Chooses what is asked of the network.
    pub fn network(mut self, network: Network) -> Self {
        self.network = network;
        self
    }
}
