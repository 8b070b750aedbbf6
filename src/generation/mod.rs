//! Text generation: prompts as token ids in, texts out, for any network and any number of
//! sequences at once.
//!
//! Two loops with continuous batching: [`Engine`] for decoder-only networks, [`Seq2SeqEngine`] for
//! encoder–decoder networks. Both take requests from a [`RequestQueue`]: that of one call, or one
//! that many threads share ([`Batcher`]). A text does not depend on the batch it was computed in.
//! Knows token ids and the text they decode to; knows no document, no language and no wording of
//! prompts.

pub mod beam;
mod drafts;
mod engine;
mod lexical;
mod logits_rules;
mod loops;
mod options;
mod pace;
mod prefix_cache;
mod queue;
mod sampling;
pub(crate) mod search_config;
mod seq2seq;
mod sequence;
mod shared_queue;

pub use beam::BeamSearchConfig;
pub(crate) use beam::first_logits;
pub use engine::Engine;
pub use lexical::{LexicalConstraint, LexicalRules, TokenBytes};
pub use logits_rules::{LogitsProcessors, TokenHistory};
pub use options::{Generated, Options};
pub(crate) use prefix_cache::PrefixCache;
pub use queue::{Control, Progress, Sink, Update};
pub(crate) use queue::{PromptOptions, RequestQueue, run_call};
pub use sampling::Sampling;
pub(crate) use seq2seq::Seq2SeqEngine;
pub(crate) use shared_queue::Batcher;
