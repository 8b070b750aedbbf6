//! Segmentation: cuts a text into sentences, and into segments that fit a budget.
//!
//! Segments borrow from the text and join back to it byte for byte. Knows English and Korean
//! punctuation; knows nothing of tokens (the caller counts a budget) and of file formats.

mod abbreviations;
mod budget;
mod clauses;
pub(crate) mod lines;
mod marks;
mod sentences;

pub use budget::{TextSegment, split};
pub(crate) use clauses::clauses;
pub(crate) use sentences::sentence_spans;
pub use sentences::sentences;
