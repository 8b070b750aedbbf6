//! Systems without Landlock and seccomp: nothing is restricted, and that is told.

use super::rules::{Protection, Sandbox, SandboxError};

impl Sandbox {
    /// Restricts nothing.
    ///
    /// # Errors
    ///
    /// None.
    pub fn enter(&self) -> Result<Protection, SandboxError> {
        Ok(Protection::default())
    }

    /// Restricts nothing.
    ///
    /// # Errors
    ///
    /// None.
    pub fn enter_thread(&self) -> Result<Protection, SandboxError> {
        Ok(Protection::default())
    }
}
