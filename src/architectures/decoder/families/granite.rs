//! Granite and HyperCLOVA X: Llama with multipliers (maximal update parametrization,
//! <https://arxiv.org/abs/2203.03466>).

use super::llama::llama;
use crate::architectures::decoder::config::DecoderConfig;
use crate::checkpoint::{Checkpoint, Key};
use crate::error::{Error, Result};

fn multiplied(checkpoint: &Checkpoint) -> Result<DecoderConfig> {
    let model_config = &checkpoint.config;
    let mut config = llama(checkpoint)?;
    let scale = |json: &str, gguf: &str, default: f64| {
        Ok::<_, Error>(model_config.number(Key::both(json, gguf))?.unwrap_or(default))
    };
    config.embedding_scale = scale("embedding_multiplier", "embedding_scale", 1.0)?;
    config.residual_scale = scale("residual_multiplier", "residual_scale", 1.0)?;
    config.attention.scale =
        scale("attention_multiplier", "attention.scale", config.attention.scale)?;
    config.logit_scale = scale("logits_scaling", "logit_scale", 1.0)?;
    Ok(config)
}

pub(super) fn granite(checkpoint: &Checkpoint) -> Result<DecoderConfig> {
    let mut config = multiplied(checkpoint)?;
    // Granite divides by it.
    if config.logit_scale == 0.0 {
        return Err(Error::malformed(checkpoint.config.file(), "logits_scaling is 0"));
    }
    config.logit_scale = 1.0 / config.logit_scale;
    Ok(config)
}

/// With norms after the blocks if `use_post_norm` says so. Older configs lack the key, and the
/// tensors decide.
pub(super) fn hyperclovax(checkpoint: &Checkpoint) -> Result<DecoderConfig> {
    let mut config = multiplied(checkpoint)?;
    let named = checkpoint.config.get(Key::json("use_post_norm")).and_then(|v| v.as_bool());
    let exists = checkpoint.find("model.layers.0.post_norm1.weight")?.is_some();
    if named.unwrap_or(exists) {
        config.names.mixer_norms[1] = Some("post_norm1");
        config.names.feed_forward_norms[1] = Some("post_norm2");
    }
    Ok(config)
}
