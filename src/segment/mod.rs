//! Cuts a text where a reader would: into sentences, and into segments that fit a budget.
//!
//! Everything here borrows from the text and joins back to it byte for byte. Knows English and
//! Korean punctuation; knows nothing of tokens (a budget is counted by whoever asks), of file
//! formats or of what becomes of a segment.

mod abbreviations;
mod budget;
pub(crate) mod lines;
mod marks;
mod sentences;

pub use budget::{Segment, split};
pub use sentences::sentences;
