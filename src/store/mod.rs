//! Models on disk: which there are, where they are, whether they are intact, and how to fetch them.
//!
//! Knows names, files and checksums. Opens no model and prints nothing; without the feature `fetch`
//! it cannot fetch.

mod cache;
mod carry;
pub mod catalogue;
#[cfg(feature = "fetch")]
mod download;
pub(crate) mod error;
mod event;
mod first_checksums;
mod handle;
mod import;
mod install;
mod local;
mod lock;
mod lookup;
// Fetching needs more of these files than the rest of the store.
#[cfg_attr(not(feature = "fetch"), allow(dead_code))]
mod model_files;
mod names;
mod packed;
#[cfg_attr(not(feature = "fetch"), allow(dead_code))]
mod partial_file;
mod pull;
mod remove;
mod repo;
mod settings;
#[cfg(feature = "fetch")]
mod sources;
mod verify;

pub use cache::stored_token;
pub use carry::{Cargo, CarriedModel, LoadingDock};
pub use error::{Server, StoreError};
pub use event::StoreEvent;
pub use handle::{ResolvedName, Store};
pub use lookup::{Candidate, InstalledModel};
pub use names::{Checksum, Commit, FileName, model_checksum};
pub use pull::PullOptions;
pub use remove::{Leftover, Removed};
pub use repo::RepoFile;
pub use settings::{FIREFOX_ATTACHMENTS, FIREFOX_ENDPOINT, StoreSettings};
pub use verify::{Verdict, damage};
