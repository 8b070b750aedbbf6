//! malmoi (말모이, "a gathering of words") works with news between English and Korean, on the
//! user's own machine: it loads Hugging Face weights, summarizes articles and translates them, and
//! says beside each result what did not carry over.
//!
//! ```no_run
//! use malmoi::{Language, Model};
//!
//! let model = Model::open("qwen2.5-coder-1.5b-instruct-q4_k_m.gguf")?;
//! let outcome = model.summarize("The council met on Monday. …").to(Language::Korean).sentences(2).run()?;
//! println!("{}", outcome.text);
//! assert_eq!(outcome.tokens.seen, outcome.tokens.input); // nothing is cut in silence
//! for finding in outcome.findings {
//!     println!("{}: {}", finding.check, finding.message);
//! }
//! # Ok::<(), malmoi::Error>(())
//! ```
//!
//! # The map
//!
//! Read `pipeline.rs` first: the whole way of a text, on one screen. Arrows point down only.
//!
//! ```text
//!   bin/malmoi (command line)        tests   examples        terminal, environment, HOME, colour, threads
//!                 │  public items only
//!   lib.rs: Model · Request · Outcome · Finding · Event · Language · Error
//!                 │
//!   batch ─► pipeline    read ─► segment ─► prompt ─► generate ─► check ─► join
//!      ┌──────────┴──────────────┐      ┌──────────┴──────────────┐
//!      formats segment prompts          generation ─► model ─► architectures ─► kernels, checkpoint
//!      checks document                  store
//!      (no tensors, no token ids)       (no documents, no tasks)
//!      └──────────┬──────────────┘      └──────────┬──────────────┘
//!   error event language                candle, tokenizers, memory maps
//!
//!   fetch (a feature): models for the store; feeds and pages for whoever runs a batch
//! ```
//!
//! # What always holds (`tests/layers.rs` reads the sources for the first three)
//!
//! - Modules of text and modules of models never import each other; they meet in `pipeline.rs`.
//! - The library prints nothing, reads no environment variable, and opens no connection outside
//!   `fetch` (a feature).
//! - An item of a batch is in one file once, whenever the batch is killed: see [`batch`].
//! - There is one loop for texts that are continued and one for sources that are searched for, and
//!   one table for each family: [`architectures::ARCHITECTURES`], [`checks::CHECKS`],
//!   [`formats::FORMATS`], [`batch::BILINGUAL_FORMATS`], the catalogue. A new member is a file and a line.
//! - Same model, input and options give the same text, at any batch size and thread count; with
//!   [`OpenOptions::reproducible`] on any instruction set, without on any but AMX: see
//!   [`kernels::Phase`].
//! - Words of an article are encoded so that they can form no special token: see [`prompts`] and
//!   [`PromptPart`].
//! - Files from elsewhere never make it panic, hang or allocate more than their own size: see
//!   [`checkpoint`].

pub mod architectures;
pub mod batch;
pub mod checkpoint;
pub mod checks;
pub mod document;
mod error;
mod event;
#[cfg(feature = "fetch")]
pub mod fetch;
pub mod files;
mod finding;
pub mod formats;
pub mod generation;
mod job;
pub mod kernels;
mod language;
mod model;
mod outcome;
mod pipeline;
mod prompt_part;
pub mod prompts;
mod reasoning;
pub mod redact;
mod request;
pub mod segment;
pub mod store;

pub use checkpoint::Quantization;
pub use error::{Cause, Error, InputFault, Result};
pub use event::{Event, Finish, Observer};
pub use finding::{Finding, Merged, Place, Severity, beginning};
pub use job::{Capabilities, TaskOptions};
pub use language::{Language, LanguagePair};
pub use model::{Model, OnOpening, OpenOptions, Opening};
pub use outcome::{Outcome, Route, Segment, Tokens};
pub use prompt_part::PromptPart;
pub use request::{Request, TextStream};

/// The README's programs are compiled with the tests.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;

/// And those of the tour.
#[cfg(doctest)]
#[doc = include_str!("../docs/library.md")]
struct Tour;
