//! LFM2 (<https://arxiv.org/abs/2511.23404>): most layers are a short convolution, the others
//! attention.

use super::common::{common, flag, layer_types};
use super::defaults::Defaults;
use crate::architectures::bounds::{MAX_LAYERS, MAX_WIDTH};
use crate::architectures::decoder::config::{
    DecoderConfig, FeedForwardNames, MixerKind, Names, QueryKeyNorm,
};
use crate::checkpoint::{Checkpoint, Key, ModelConfig};
use crate::error::{Error, Result};

const NAMES: Names = Names {
    mixer_norms: [Some("operator_norm"), None],
    feed_forward_norms: [Some("ffn_norm"), None],
    attention_out: "out_proj",
    feed_forward: FeedForwardNames::Three([
        "feed_forward.w1",
        "feed_forward.w3",
        "feed_forward.w2",
    ]),
    // The last norm, despite its name.
    last_norm: "model.embedding_norm",
};

pub(super) fn lfm2(checkpoint: &Checkpoint) -> Result<DecoderConfig> {
    let model_config = &checkpoint.config;
    let defaults = Defaults {
        kv_heads: Some(8),
        context: Some(128_000),
        rope_base: Some(1e6),
        tied: model_config
            .get(Key::json("tie_embedding"))
            .and_then(|v| v.as_bool())
            .unwrap_or(true),
        ..Defaults::default()
    };
    let mut config = common(checkpoint, defaults)?;
    if let Some(tied) = model_config.get(Key::json("tie_embedding")).and_then(|v| v.as_bool()) {
        config.tied = tied;
    }
    if model_config
        .get(Key::gguf("attention.sliding_window"))
        .is_some_and(|v| v.as_u64() != Some(0))
    {
        return Err(model_config
            .unsupported("attention to a window (attention.sliding_window)", "to everything"));
    }
    config.names = NAMES;
    config.attention.norms =
        Some(QueryKeyNorm { after_rotation: false, names: ["q_layernorm", "k_layernorm"] });
    let epsilon = model_config.number(Key::both("norm_eps", "attention.layer_norm_rms_epsilon"))?;
    config.norm_epsilon = epsilon.unwrap_or(1e-5);
    let kernel = model_config.count_or(Key::both("conv_L_cache", "shortconv.l_cache"), 64, 3)?;
    let conv = MixerKind::ShortConv { kernel, biased: flag(model_config, "conv_bias") };
    let feed_forward = feed_forward(model_config)?;
    let convolves = convolving_layers(model_config, config.layers.len())?;
    let kv_heads = model_config.list(Key::gguf("attention.head_count_kv"));
    for (index, layer) in config.layers.iter_mut().enumerate() {
        layer.feed_forward = feed_forward;
        match &mut layer.mixer {
            mixer if convolves[index] => *mixer = conv,
            MixerKind::Attention(heads) => {
                let listed = kv_heads.and_then(|list| list.get(index)?.as_f64());
                heads.kv_heads = listed.map_or(heads.kv_heads, |count| count as usize).max(1);
                if heads.heads % heads.kv_heads != 0 {
                    return Err(Error::malformed(
                        model_config.file(),
                        format!(
                            "the number of key heads of layer {index} does not divide its heads"
                        ),
                    ));
                }
            }
            _ => {}
        }
    }
    Ok(config)
}

/// For each layer, true if it is a convolution. GGUF files list zero key heads for it.
fn convolving_layers(model_config: &ModelConfig, layers: usize) -> Result<Vec<bool>> {
    if let Some(list) =
        model_config.list(Key::gguf("attention.head_count_kv")).filter(|list| list.len() == layers)
    {
        return Ok(list.iter().map(|count| count.as_f64() == Some(0.0)).collect());
    }
    if let Some(types) = layer_types(model_config, layers, ["conv", "full_attention"])? {
        return Ok(types);
    }
    let attending = model_config.list(Key::json("full_attn_idxs"));
    let attends = |index: usize| {
        attending.is_none_or(|list| list.iter().any(|v| v.as_u64() == Some(index as u64)))
    };
    Ok((0..layers).map(|index| !attends(index)).collect())
}

/// Width of the feed-forward layer: the number in the config, or two thirds of it, rounded up.
fn feed_forward(model_config: &ModelConfig) -> Result<usize> {
    let named = match model_config.get(Key::json("block_ff_dim")) {
        Some(_) => model_config.count(Key::json("block_ff_dim"), MAX_WIDTH)?,
        None => {
            model_config.count(Key::both("intermediate_size", "feed_forward_length"), MAX_WIDTH)?
        }
    };
    let adjusts = model_config
        .get(Key::json("block_auto_adjust_ff_dim"))
        .and_then(|v| v.as_bool())
        .unwrap_or(true);
    if model_config.is_gguf() || !adjusts {
        return Ok(named);
    }
    let width = 2 * named / 3;
    let multiple =
        model_config.count_or(Key::json("block_multiple_of"), MAX_LAYERS * MAX_LAYERS, 256)?;
    let multiplier = model_config.number(Key::json("block_ffn_dim_multiplier"))?.unwrap_or(1.0);
    Ok(((multiplier * width as f64) as usize).div_ceil(multiple).max(1) * multiple)
}
