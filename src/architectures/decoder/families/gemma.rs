//! Gemma 2 (<https://arxiv.org/abs/2408.00118>) and the text part of Gemma 3
//! (<https://arxiv.org/abs/2503.19786>).

use super::common::{
    NAMES_OF_LLAMA, NORM_BEFORE_ROTATION, above_zero, common, expect_activation, flag,
    sliding_layers,
};
use super::defaults::Defaults;
use crate::architectures::bounds::{MAX_CONTEXT, MAX_LAYERS};
use crate::architectures::decoder::config::{DecoderConfig, Names};
use crate::architectures::layers::{Activation, Pairing, Rope};
use crate::checkpoint::{Checkpoint, Key};
use crate::error::Result;

/// Norms before and after each block.
pub(super) const NAMES: Names = Names {
    mixer_norms: [Some("input_layernorm"), Some("post_attention_layernorm")],
    feed_forward_norms: [Some("pre_feedforward_layernorm"), Some("post_feedforward_layernorm")],
    ..NAMES_OF_LLAMA
};

/// The config that both share. `large` is the number of layers of the largest size, whose attention
/// scale is an exception.
fn gemma(checkpoint: &Checkpoint, defaults: Defaults, large: usize) -> Result<DecoderConfig> {
    let model_config = &checkpoint.config;
    let mut config = common(checkpoint, Defaults { head_dim: Some(256), tied: true, ..defaults })?;
    expect_activation(model_config, &["gelu_pytorch_tanh"])?;
    if flag(model_config, "use_bidirectional_attention") {
        return Err(model_config.unsupported("bidirectional attention", "causal attention"));
    }
    config.activation = Activation::GeluTanh;
    config.names = NAMES;
    config.embedding_scale = (config.hidden as f64).sqrt();
    // In GGUF files the one is added already.
    config.norm_offset = if model_config.is_gguf() { 0.0 } else { 1.0 };
    let scalar = match model_config.number(Key::json("query_pre_attn_scalar"))? {
        Some(scalar) => scalar.powf(-0.5),
        // GGUF files do not name it; llama.cpp recognizes the 27B by its number of layers.
        None if model_config.is_gguf() && config.layers.len() == large => {
            let heads = config.attention_layers().next().map_or(1, |(_, heads)| heads.heads);
            (config.hidden as f64 / heads as f64).powf(-0.5)
        }
        None if model_config.is_gguf() => config.attention.scale,
        None => 256f64.powf(-0.5),
    };
    config.attention.scale = scalar;
    config.attention.cap =
        above_zero(model_config, Key::both("attn_logit_softcapping", "attn_logit_softcapping"))?;
    config.logit_cap =
        above_zero(model_config, Key::both("final_logit_softcapping", "final_logit_softcapping"))?;
    Ok(config)
}

pub(super) fn gemma2(checkpoint: &Checkpoint) -> Result<DecoderConfig> {
    let model_config = &checkpoint.config;
    let mut config = gemma(checkpoint, Defaults::default(), 46)?;
    let window = model_config.count_or(
        Key::both("sliding_window", "attention.sliding_window"),
        MAX_CONTEXT,
        4096,
    )?;
    let sliding = sliding_layers(model_config, config.layers.len(), |index| index % 2 == 0)?;
    config.set_windows(&sliding, window);
    Ok(config)
}

pub(super) fn gemma3(checkpoint: &Checkpoint) -> Result<DecoderConfig> {
    let model_config = &checkpoint.config;
    // The configs of multimodal checkpoints leave out default values.
    let mut defaults = Defaults { rope_base: Some(1e6), ..Defaults::default() };
    if model_config.is_nested() {
        (defaults.heads, defaults.kv_heads) = (Some(8), Some(4));
        defaults.context = Some(131_072);
    }
    let mut config = gemma(checkpoint, defaults, 62)?;
    config.attention.norms = Some(NORM_BEFORE_ROTATION);
    // Local layers have a rotary embedding of their own, which is never scaled.
    let base = ["rope_local_base_freq", "rope_parameters.sliding_attention.rope_theta"]
        .iter()
        .find_map(|key| model_config.number(Key::both(key, "rope.freq_base_swa")).transpose())
        .transpose()?
        .unwrap_or(10_000.0);
    let head_dim = config.attention_layers().next().map_or(0, |(_, heads)| heads.head_dim);
    config.ropes.push(Rope::new(head_dim, base, Pairing::Halves));
    let window = model_config.count_or(
        Key::both("sliding_window", "attention.sliding_window"),
        MAX_CONTEXT,
        4096,
    )?;
    let pattern = model_config.count_or(Key::json("sliding_window_pattern"), MAX_LAYERS, 6)?;
    let sliding =
        sliding_layers(model_config, config.layers.len(), |index| (index + 1) % pattern != 0)?;
    config.set_windows(&sliding, window);
    for (_, heads) in config.attention_layers().filter(|(_, heads)| heads.window.is_some()) {
        heads.rope = Some(1);
    }
    Ok(config)
}
