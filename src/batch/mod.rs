//! Batches: whole feeds and archives, each item processed exactly once.
//!
//! Items are inserted into a journal and claimed from it in order by a pool of worker threads that
//! share one generation loop ([`Model::shared`](crate::Model::shared)). The output files are
//! generated from the journal. A run may be killed at any time: committed results are kept, and
//! the next run continues with the rest.
//!
//! ```text
//!   inputs ─► ingest ─► upsert ─► journal ─► claim ─► workers (pipeline)
//!                                 journal ◄─ complete │ retry │ dead_letter
//!                                 journal ─► outputs
//! ```
//!
//! Knows items and files; knows nothing of how a text is summarized or translated.

mod bilingual;
mod builder;
mod desk_use;
mod digest;
pub(crate) mod error;
mod eta;
mod files;
mod hash;
mod ingest;
mod journal;
mod outputs;
mod plan;
mod queue;
mod report;
mod result;
mod run;
mod stories;
mod watch;
mod workers;

pub use crate::files::FileKind;
pub use builder::Batch;
pub use desk_use::DeskUse;
pub use error::BatchError;
pub use files::{FileSearch, FoundFiles, files};
pub use ingest::{BatchInput, Open, Opened};
pub use outputs::check_folder;
pub use plan::{Follow, ModelChoice};
pub use queue::Stats;
pub use report::{BatchProgress, Counts, ItemHashes, ItemReport, RunReport};
pub use result::{BilingualPair, Line, PairedTranslation, Summary};
pub use watch::Watch;
