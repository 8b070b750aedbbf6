//! A process that reads and writes named files only, opens no sockets and starts no programs.
//!
//! On Linux, Landlock restricts files and seccomp filters system calls. Both are one-way: what is
//! given up cannot be had again. A refused call fails with an error; it ends no process.
//! Knows neither commands nor models.

#[cfg(target_os = "linux")]
mod calls;
#[cfg(target_os = "linux")]
mod files;
#[cfg(target_os = "linux")]
mod linux;
#[cfg(not(target_os = "linux"))]
mod other;
mod rules;

pub use rules::{Network, Protection, Sandbox, SandboxError, WHOLE_LANDLOCK};
