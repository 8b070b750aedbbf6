//! Qwen 3.5, the text part: three of four layers are a gated delta net
//! (<https://arxiv.org/abs/2412.06464>), the others attention with a gated output.

use super::common::{NORM_BEFORE_ROTATION, common, expect_activation, layer_types};
use super::defaults::Defaults;
use crate::architectures::bounds::{MAX_LAYERS, MAX_WIDTH};
use crate::architectures::decoder::config::{DecoderConfig, DeltaShape, MixerKind};
use crate::checkpoint::{Checkpoint, Key};
use crate::error::{Error, Result};

pub(super) fn qwen35(checkpoint: &Checkpoint) -> Result<DecoderConfig> {
    let model_config = &checkpoint.config;
    let defaults = Defaults { head_dim: Some(256), rotated: Some(0.25), ..Defaults::default() };
    let mut config = common(checkpoint, defaults)?;
    expect_activation(model_config, &["silu"])?;
    if model_config.get(Key::json("attn_output_gate")).and_then(|v| v.as_bool()) == Some(false) {
        return Err(model_config.unsupported("attention without a gate (attn_output_gate)", "true"));
    }
    // In GGUF files the one is added already.
    config.norm_offset = if model_config.is_gguf() { 0.0 } else { 1.0 };
    config.attention.norms = Some(NORM_BEFORE_ROTATION);
    config.attention.gated = true;
    let key_heads =
        model_config.count(Key::both("linear_num_key_heads", "ssm.group_count"), MAX_WIDTH)?;
    let value_heads =
        model_config.count(Key::both("linear_num_value_heads", "ssm.time_step_rank"), MAX_WIDTH)?;
    if value_heads % key_heads != 0 {
        let reason = format!("{value_heads} value heads do not divide among {key_heads} key heads");
        return Err(Error::malformed(model_config.file(), reason));
    }
    let net = MixerKind::DeltaNet(DeltaShape {
        key_heads,
        key_dim: model_config
            .count(Key::both("linear_key_head_dim", "ssm.state_size"), MAX_WIDTH)?,
        value_heads,
        // GGUF files name the width of all heads together.
        value_dim: if model_config.is_gguf() {
            (model_config.count(Key::gguf("ssm.inner_size"), MAX_WIDTH)? / value_heads).max(1)
        } else {
            model_config.count(Key::json("linear_value_head_dim"), MAX_WIDTH)?
        },
        kernel: model_config.count(Key::both("linear_conv_kernel_dim", "ssm.conv_kernel"), 64)?,
        tiled: model_config.is_gguf(),
    });
    let interval = model_config.count_or(
        Key::both("full_attention_interval", "full_attention_interval"),
        MAX_LAYERS,
        4,
    )?;
    let layers = config.layers.len();
    let linear = match model_config
        .list(Key::gguf("attention.recurrent_layers"))
        .filter(|list| list.len() >= layers)
    {
        Some(list) => Some(list.iter().map(|v| v.as_f64() != Some(0.0)).collect()),
        None => layer_types(model_config, layers, ["linear_attention", "full_attention"])?,
    };
    for (index, layer) in config.layers.iter_mut().enumerate() {
        if linear.as_ref().map_or((index + 1) % interval != 0, |linear: &Vec<bool>| linear[index]) {
            layer.mixer = net;
        }
    }
    Ok(config)
}
