//! Networks: tensors and token ids in, logits out. They know no text, no prompt and no language.
//!
//! One table, [`ARCHITECTURES`]; one contract, [`Network`]. The state of a sequence is a value and
//! batches are ragged: one method serves prefill, decoding, sequences of unequal length, beams,
//! prefix reuse and the verification of drafts.

mod batch;
mod bounds;
mod decoder;
mod guarded;
mod layers;
mod network;
mod ragged;
mod scripted;
mod seq2seq;
mod state;
mod tensors;

use candle_core::Device;

pub use batch::{Logits, LogitsFor, Row};
pub use network::Network;
pub use state::State;

use crate::checkpoint::Checkpoint;
use crate::error::Result;
use crate::files::MappedFile;
use crate::kernels::Precision;

/// How to load a network.
pub struct Setup<'a> {
    /// The checkpoint with the weights.
    pub checkpoint: &'a Checkpoint,
    /// The device that computes.
    pub device: &'a Device,
    /// How quantized weights are multiplied.
    pub precision: Precision,
}

/// A network and its sizes.
pub struct Loaded {
    /// The network.
    pub network: Box<dyn Network>,
    /// Maximum number of tokens of a sequence.
    pub context: usize,
    /// Vocabulary size: the length of a logit vector.
    pub vocabulary: usize,
    /// Vocabulary size of the encoder; `None` for decoder-only networks.
    pub encoder_vocabulary: Option<usize>,
}

/// An entry of [`ARCHITECTURES`].
pub struct Architecture {
    /// Names in `config.json` (`model_type`) and in GGUF files (`general.architecture`).
    pub names: &'static [&'static str],
    /// Loads a network of this architecture.
    pub load: fn(&Setup<'_>) -> Result<Loaded>,
}

/// All architectures.
pub const ARCHITECTURES: &[Architecture] = &[
    decoder::ARCHITECTURE,
    seq2seq::bart::ARCHITECTURE,
    seq2seq::t5::ARCHITECTURE,
    scripted::ARCHITECTURE,
];

/// Names of all architectures, for messages and `doctor`.
pub fn names() -> impl Iterator<Item = &'static str> {
    ARCHITECTURES.iter().flat_map(|architecture| architecture.names.iter().copied())
}

/// Loads the network that a checkpoint describes.
pub fn load(setup: &Setup<'_>) -> Result<Loaded> {
    let model_config = &setup.checkpoint.config;
    let name = model_config.architecture();
    let Some(architecture) = ARCHITECTURES.iter().find(|one| one.names.contains(&name)) else {
        let known = names().collect::<Vec<_>>().join(", ");
        return Err(model_config.unsupported(format!("architecture `{name}`"), known));
    };
    let loaded = (architecture.load)(setup);
    let files = setup.checkpoint.files();
    // Checked first: a file that changed while it was read explains any other error.
    files.iter().try_for_each(MappedFile::check)?;
    let loaded = loaded?;
    let network = Box::new(guarded::Guarded::new(loaded.network, files));
    Ok(Loaded { network, ..loaded })
}
