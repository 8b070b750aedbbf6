//! Encoder–decoder networks. The BART and T5 families are one network ([`network`]); their norms,
//! positions, attention biases and feed-forward layers are data ([`layers`]).
//!
//! `bart.rs` and `t5.rs` build it from checkpoints; `config.rs` reads their hyper-parameters.
//! Reference: the classes of the same names in Hugging Face `transformers`; golden values in
//! `tests/fixtures/seq2seq`.

pub(super) mod bart;
mod config;
mod layers;
mod network;
mod positions;
mod relative_bias;
mod ssru;
pub(super) mod t5;
