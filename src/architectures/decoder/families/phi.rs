//! Phi 3, 3.5 and 4 (<https://arxiv.org/abs/2404.14219>): Llama with fused matrices, partially
//! rotated heads, and tables of rotary factors for long texts.

use super::common::{NAMES_OF_LLAMA, common, expect_activation};
use super::defaults::Defaults;
use crate::architectures::bounds::MAX_CONTEXT;
use crate::architectures::decoder::config::{DecoderConfig, FeedForwardNames, Names};
use crate::checkpoint::{Checkpoint, Key};
use crate::error::Result;

pub(super) fn phi3(checkpoint: &Checkpoint) -> Result<DecoderConfig> {
    let model_config = &checkpoint.config;
    let mut config = common(checkpoint, Defaults::default())?;
    expect_activation(model_config, &["silu"])?;
    if model_config.number(Key::both("rms_norm_eps", "attention.layer_norm_rms_epsilon"))?.is_none()
    {
        config.norm_epsilon = 1e-5;
    }
    // Some GGUF files have three separate matrices.
    config.attention.fused = checkpoint.find("model.layers.0.self_attn.qkv_proj.weight")?.is_some();
    config.names = Names {
        feed_forward: FeedForwardNames::Two(["mlp.gate_up_proj", "mlp.down_proj"]),
        ..NAMES_OF_LLAMA
    };
    // llama.cpp's converter writes 0 for no window.
    let key = Key::both("sliding_window", "attention.sliding_window");
    if model_config.get(key).is_some_and(|v| v.as_u64() != Some(0)) {
        let window = model_config.count(key, MAX_CONTEXT)?;
        config.set_windows(&vec![true; config.layers.len()], window);
    }
    Ok(config)
}
