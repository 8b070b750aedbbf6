//! malmoi (말모이, "a gathering of words") summarizes and translates news between English and
//! Korean on the user's own machine, with weights from Hugging Face. Each result comes with a list
//! of possible errors in it.
//!
//! ```no_run
//! use malmoi::{Language, Model};
//!
//! let model = Model::open("qwen2.5-coder-1.5b-instruct-q4_k_m.gguf")?;
//! let request = model.summarize("The council met on Monday. …").to(Language::Korean);
//! let outcome = request.sentences(2).run()?;
//! println!("{}", outcome.text);
//! assert_eq!(outcome.tokens.seen, outcome.tokens.input); // the whole text was read
//! for finding in outcome.findings {
//!     println!("{}: {}", finding.check, finding.message);
//! }
//! # Ok::<(), malmoi::Error>(())
//! ```
//!
//! A [`Model`] makes a [`Request`], which returns an [`Outcome`]. [`batch`] works through many
//! articles, [`store`] finds and downloads models, [`formats`] reads files.
//!
//! # Guarantees
//!
//! - The library prints nothing, reads no environment variable, and opens no connection without the
//!   feature `fetch`.
//! - Same model, input and options give the same text, with any batch size and number of threads.
//!   With [`OpenOptions::reproducible`] so do all instruction sets; without it AMX differs.
//! - Words of an article are encoded so that they can form no special token: see [`prompts`].
//! - Each item of a batch has one result, however often the batch is interrupted: see [`batch`].
//! - Hostile files are errors: they cause no panic, no endless loop and no allocation beyond their
//!   own size or a fixed limit.
//!
//! How the modules depend on each other is in `ARCHITECTURE.md`, and tested by `tests/layers.rs`.

mod architectures;
mod audit;
pub mod batch;
mod bundle;
mod checkpoint;
pub mod checks;
pub mod desk;
pub mod document;
mod error;
pub mod eval;
mod event;
pub mod extraction;
#[cfg(feature = "fetch")]
pub mod fetch;
mod files;
mod finding;
pub mod formats;
mod generation;
pub mod glossary;
#[doc(hidden)]
pub mod internals;
mod job;
mod judge;
mod kernels;
mod language;
mod likeness;
#[cfg(feature = "meaning")]
pub mod meaning;
mod model;
mod outcome;
mod pipeline;
mod prompt_part;
pub mod prompts;
mod reasoning;
mod redact;
mod request;
#[cfg(feature = "sandbox")]
mod sandbox;
pub mod segment;
pub mod semantic;
pub mod store;

pub use checkpoint::Quantization;
pub use document::Document;
pub use error::{Error, InputFault, Result};
pub use event::{Event, Finish, Observer};
pub use finding::{Finding, Merged, Place, Severity, Support, beginning};
pub use generation::{Options, Sampling};
pub use glossary::{Glossary, Term};
pub use job::{Capabilities, OnOrders, Repair, SecondModel, TaskOptions};
pub use judge::LearnedJudge;
pub use language::{Language, LanguagePair, Register};
pub use model::{Model, OnOpening, OpenOptions, Opening};
pub use outcome::{
    MemoryCounts, MemoryUse, Outcome, Provenance, ProvenanceStep, Route, SecondUse, Segment, Tokens,
};
pub use prompts::{Example, Examples, Style, Task};
pub use request::{Request, TextStream};

/// The README's programs are compiled with the tests.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;

/// Programs of the tour are compiled with the tests as well.
#[cfg(doctest)]
#[doc = include_str!("../docs/library.md")]
struct Tour;
