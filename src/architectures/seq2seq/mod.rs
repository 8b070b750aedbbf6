//! Encoder–decoder networks: the BART family and the T5 family, as one network ([`network`]) whose
//! differences are data: norms, positions, attention biases and feed-forward layers ([`layers`]).
//!
//! `bart.rs` and `t5.rs` build it from checkpoints; `config.rs` reads their model_config-parameters.
//! Reference: the classes of the same names in Hugging Face `transformers`; golden values in
//! `tests/fixtures/seq2seq`.

pub(super) mod bart;
mod config;
mod layers;
mod network;
mod positions;
mod relative_bias;
pub(super) mod t5;
