//! malmoi
pub mod architectures;
pub mod checkpoint;
pub mod checks;
pub mod document;
mod error;
mod event;
#[cfg(feature = "fetch")]
mod fetch;
pub mod formats;
pub mod generation;
pub mod kernels;
mod language;
mod model;
mod outcome;
mod pipeline;
pub mod prompts;
mod request;
pub mod segment;
pub mod store;

pub use error::{Cause, Error, Result};
pub use event::{Event, Finding, Finish};
pub use language::Language;
pub use model::{Model, OpenOptions, Part};
pub use outcome::{Outcome, Route, Segment, Tokens};
pub use request::{Abilities, Pieces, Request};
