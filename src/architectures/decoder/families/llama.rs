//! Llama (<https://arxiv.org/abs/2307.09288>) and Mistral (<https://arxiv.org/abs/2310.06825>).

use super::common::{common, expect_activation, sliding_layers};
use super::defaults::Defaults;
use crate::architectures::bounds::MAX_CONTEXT;
use crate::architectures::decoder::config::DecoderConfig;
use crate::architectures::layers::Pairing;
use crate::checkpoint::{Checkpoint, Key};
use crate::error::Result;

pub(super) fn llama(checkpoint: &Checkpoint) -> Result<DecoderConfig> {
    with(checkpoint, Defaults::default())
}

/// Llama with other defaults.
pub(super) fn with(checkpoint: &Checkpoint, defaults: Defaults) -> Result<DecoderConfig> {
    let model_config = &checkpoint.config;
    let mut config = common(checkpoint, defaults)?;
    expect_activation(model_config, &["silu"])?;
    if model_config.is_gguf() {
        config.ropes[0].pairing = Pairing::Adjacent;
    }
    Ok(config)
}

/// Mistral: Llama, with a sliding window in all layers or in none. GGUF files call it `llama`.
pub(super) fn mistral(checkpoint: &Checkpoint) -> Result<DecoderConfig> {
    let model_config = &checkpoint.config;
    let mut config = llama(checkpoint)?;
    let tempered = model_config
        .get(Key::both("rope_parameters.llama_4_scaling_beta", "attention.temperature_scale"));
    if tempered.is_some() {
        return Err(model_config
            .unsupported("attention scaled by position (llama_4_scaling_beta)", "one scale"));
    }
    if model_config.get(Key::json("sliding_window")).is_some() {
        let window = model_config.count(Key::json("sliding_window"), MAX_CONTEXT)?;
        let sliding = sliding_layers(model_config, config.layers.len(), |_| true)?;
        config.set_windows(&sliding, window);
    }
    Ok(config)
}
