//! EXAONE 4 (<https://arxiv.org/abs/2507.11407>): norms after the blocks only. In models with local
//! layers the global ones have no rotary embedding.

use super::common::{
    NAMES_OF_LLAMA, NORM_BEFORE_ROTATION, common, expect_activation, sliding_layers,
};
use super::defaults::Defaults;
use crate::architectures::bounds::{MAX_CONTEXT, MAX_LAYERS};
use crate::architectures::decoder::config::{DecoderConfig, Names};
use crate::checkpoint::{Checkpoint, Key};
use crate::error::Result;

pub(super) fn exaone4(checkpoint: &Checkpoint) -> Result<DecoderConfig> {
    let model_config = &checkpoint.config;
    let mut config = common(checkpoint, Defaults::default())?;
    expect_activation(model_config, &["silu"])?;
    config.names = Names {
        mixer_norms: [None, Some("post_attention_layernorm")],
        feed_forward_norms: [None, Some("post_feedforward_layernorm")],
        ..NAMES_OF_LLAMA
    };
    config.attention.norms = Some(NORM_BEFORE_ROTATION);
    if model_config.get(Key::both("sliding_window", "attention.sliding_window")).is_some() {
        let window = model_config
            .count(Key::both("sliding_window", "attention.sliding_window"), MAX_CONTEXT)?;
        // Older configs have a string, "LLLG"; they also list the type of each layer.
        let pattern = match model_config.string(Key::json("sliding_window_pattern")) {
            Some(word) => word.len().max(1),
            None => model_config.count_or(Key::json("sliding_window_pattern"), MAX_LAYERS, 4)?,
        };
        let layers = config.layers.len();
        let listed = model_config
            .list(Key::gguf("attention.sliding_window_pattern"))
            .filter(|list| list.len() >= layers);
        let sliding = match listed {
            Some(list) => list.iter().take(layers).map(|v| v.as_f64() != Some(0.0)).collect(),
            None => sliding_layers(model_config, layers, |index| (index + 1) % pattern != 0)?,
        };
        config.set_windows(&sliding, window);
        for (_, heads) in config.attention_layers().filter(|(_, heads)| heads.window.is_none()) {
            heads.rope = None;
        }
    }
    Ok(config)
}
