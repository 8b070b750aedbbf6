//! Llama (<https://arxiv.org/abs/2307.09288>) and Mistral (<https://arxiv.org/abs/2310.06825>).

use super::{Defaults, MAX_CONTEXT, common, expect_activation, sliding_layers};
use crate::architectures::decoder::Config;
use crate::architectures::layers::Pairing;
use crate::checkpoint::Checkpoint;
use crate::error::Result;

pub(super) fn llama(checkpoint: &Checkpoint) -> Result<Config> {
    with(checkpoint, Defaults::default())
}

/// Llama where other things are taken for granted.
pub(super) fn with(checkpoint: &Checkpoint, defaults: Defaults) -> Result<Config> {
    let hyper = &checkpoint.hyper;
    let mut config = common(checkpoint, defaults)?;
    expect_activation(hyper, &["silu"])?;
    if hyper.is_gguf() {
        config.ropes[0].pairing = Pairing::Neighbours;
    }
    Ok(config)
}

/// Llama with a window, in all layers or in none. Files of llama.cpp call it `llama`.
pub(super) fn mistral(checkpoint: &Checkpoint) -> Result<Config> {
    let hyper = &checkpoint.hyper;
    let mut config = llama(checkpoint)?;
    let tempered = hyper.get("rope_parameters.llama_4_scaling_beta", "attention.temperature_scale");
    if tempered.is_some() {
        return Err(
            hyper.unsupported("attention scaled by position (llama_4_scaling_beta)", "one scale")
        );
    }
    if hyper.get("sliding_window", "-").is_some() {
        let window = hyper.count("sliding_window", "-", MAX_CONTEXT)?;
        let sliding = sliding_layers(hyper, config.layers.len(), |_| true)?;
        config.set_windows(&sliding, window);
    }
    Ok(config)
}
