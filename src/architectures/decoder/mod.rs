//! Decoder-only networks: one network driven by its [`config`]. Layers mix tokens by attention, by
//! a short convolution (LFM2) or by a gated delta rule (Qwen 3.5), each in a file of its own. A
//! family is a file in `families/` and a line in its table.
//!
//! Reference: the classes of the same names in Hugging Face `transformers`; golden logits in
//! `tests/fixtures/models`.

mod attention;
mod config;
mod delta_net;
mod families;
mod layer;
mod network;
mod per_layer;
mod reader;
mod short_conv;
mod step;

use super::Architecture;

pub(super) const ARCHITECTURE: Architecture =
    Architecture { names: families::NAMES, load: network::load };
