//! malmoi
pub mod architectures;
pub mod checkpoint;
pub mod document;
mod error;
mod event;
pub mod generation;
pub mod kernels;
mod language;
mod model;
pub mod store;

pub use error::{Cause, Error, Result};
pub use event::{Event, Finding, Finish};
pub use language::Language;
pub use model::{Model, OpenOptions, Part};
