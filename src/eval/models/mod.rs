//! Models compared on lines of the desk's own: is the new one better than the present one?
//!
//! Knows outputs and their findings; knows nothing of how they were translated.

mod html;
mod report;
mod text;
mod verdict;

pub use report::{FailedLine, Findings, Lines, ModelReport, ModelResult, ModelRun, Speed};
