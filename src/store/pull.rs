//! Pulling a model by its name. A build without the feature `fetch` only finds installed models.

use super::error::StoreError;
use super::event::StoreEvent;
use super::handle::Store;
use super::lookup::InstalledModel;

/// Options of a pull.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct PullOptions {
    /// Fetch every file again, even intact ones.
    pub force: bool,
}

impl Store {
    /// Fetches a model from the first source that provides it, unless it is installed and intact.
    pub fn pull(
        &self,
        name: &str,
        on_event: &mut dyn FnMut(StoreEvent),
    ) -> Result<InstalledModel, StoreError> {
        self.pull_with(name, PullOptions::default(), on_event)
    }

    /// Fetches a model with options. A damaged file is replaced once its successor is complete and
    /// verified.
    #[cfg(feature = "fetch")]
    pub fn pull_with(
        &self,
        name: &str,
        options: PullOptions,
        on_event: &mut dyn FnMut(StoreEvent),
    ) -> Result<InstalledModel, StoreError> {
        super::download::pull(self, name, options.force, on_event)
    }

    /// Finds an installed model: this build cannot fetch.
    #[cfg(not(feature = "fetch"))]
    pub fn pull_with(
        &self,
        name: &str,
        _: PullOptions,
        _: &mut dyn FnMut(StoreEvent),
    ) -> Result<InstalledModel, StoreError> {
        match self.locate(name) {
            Err(StoreError::NotInstalled { name }) => Err(StoreError::Offline { name }),
            other => other,
        }
    }
}
