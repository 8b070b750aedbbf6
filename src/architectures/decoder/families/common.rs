//! Hyper-parameters that the families share, and helpers to read those that differ.

use super::defaults::Defaults;
use super::rope;
use crate::architectures::bounds::{MAX_CONTEXT, MAX_LAYERS, MAX_WIDTH};
use crate::architectures::decoder::config::{
    AttentionForm, DecoderConfig, FeedForwardNames, Heads, KvSource, LayerKind, MixerKind, Names,
    QueryKeyNorm,
};
use crate::architectures::layers::Activation;
use crate::checkpoint::{Checkpoint, Key, ModelConfig};
use crate::error::{Error, Result};

/// Tensor names of Llama. Its "post attention" norm is the one before the feed-forward layer.
pub(super) const NAMES_OF_LLAMA: Names = Names {
    mixer_norms: [Some("input_layernorm"), None],
    feed_forward_norms: [Some("post_attention_layernorm"), None],
    attention_out: "o_proj",
    feed_forward: FeedForwardNames::Three(["mlp.gate_proj", "mlp.up_proj", "mlp.down_proj"]),
    last_norm: "model.norm",
};

pub(super) const NORM_BEFORE_ROTATION: QueryKeyNorm =
    QueryKeyNorm { after_rotation: false, names: ["q_norm", "k_norm"] };

/// Number of layers. GGUF files also count the layers for multi-token prediction, which come last
/// and are left out.
pub(super) fn layers(model_config: &ModelConfig) -> Result<usize> {
    let layers = model_config.count(Key::both("num_hidden_layers", "block_count"), MAX_LAYERS)?;
    let predicting =
        model_config.get(Key::gguf("nextn_predict_layers")).and_then(|v| v.as_u64()).unwrap_or(0)
            as usize;
    match layers.checked_sub(predicting) {
        Some(left @ 1..) => Ok(left),
        _ => {
            let reason =
                format!("{predicting} of {layers} layers predict further tokens: none is left");
            Err(Error::malformed(model_config.file(), reason))
        }
    }
}

/// The config of a Llama with a checkpoint's sizes; each family changes the parts that differ.
pub(super) fn common(checkpoint: &Checkpoint, defaults: Defaults) -> Result<DecoderConfig> {
    let model_config = &checkpoint.config;
    let layers = layers(model_config)?;
    let hidden = model_config.count(Key::both("hidden_size", "embedding_length"), MAX_WIDTH)?;
    let count = |json: &str, gguf: &str, most: usize, default: Option<usize>| match default {
        Some(default) => model_config.count_or(Key::both(json, gguf), most, default),
        None => model_config.count(Key::both(json, gguf), most),
    };
    let heads = count("num_attention_heads", "attention.head_count", MAX_WIDTH, defaults.heads)?;
    let kv_heads = defaults.kv_heads.unwrap_or(heads);
    let kv_heads = match model_config.list(Key::gguf("attention.head_count_kv")) {
        // Layers differ: families that support this read the list.
        Some(_) => heads,
        None => model_config.count_or(
            Key::both("num_key_value_heads", "attention.head_count_kv"),
            MAX_WIDTH,
            kv_heads,
        )?,
    };
    let head_dim = defaults.head_dim.unwrap_or((hidden / heads).max(1));
    let head_dim = model_config.count_or(
        Key::both("head_dim", "attention.key_length"),
        MAX_WIDTH,
        head_dim,
    )?;
    if heads % kv_heads != 0 || head_dim % 2 != 0 {
        let reason = format!("{heads} heads of size {head_dim} do not match {kv_heads} key heads");
        return Err(Error::malformed(model_config.file(), reason));
    }
    if model_config.is_gguf()
        && model_config.count_or(Key::gguf("attention.value_length"), MAX_WIDTH, head_dim)?
            != head_dim
    {
        let what = "attention.value_length other than the head size";
        return Err(model_config.unsupported(what, head_dim.to_string()));
    }
    let epsilon =
        model_config.number(Key::both("rms_norm_eps", "attention.layer_norm_rms_epsilon"))?;
    let feed_forward = match model_config.list(Key::gguf("feed_forward_length")) {
        Some(_) => 1,
        None => count("intermediate_size", "feed_forward_length", MAX_WIDTH, None)?,
    };
    let heads =
        Heads { heads, kv_heads, head_dim, rope: Some(0), window: None, kv_source: KvSource::Own };
    Ok(DecoderConfig {
        hidden,
        context: count("max_position_embeddings", "context_length", MAX_CONTEXT, defaults.context)?,
        norm_epsilon: epsilon.unwrap_or(1e-6),
        norm_offset: 0.0,
        activation: Activation::Silu,
        embedding_scale: 1.0,
        residual_scale: 1.0,
        logit_cap: None,
        logit_scale: 1.0,
        attention: AttentionForm {
            scale: (head_dim as f64).powf(-0.5),
            cap: None,
            norms: None,
            values_normed: false,
            gated: false,
            fused: false,
        },
        names: NAMES_OF_LLAMA,
        tied: tied(checkpoint, defaults.tied)?,
        ropes: if defaults.own_ropes {
            Vec::new()
        } else {
            vec![rope::read(checkpoint, head_dim, defaults)?]
        },
        layers: vec![LayerKind { mixer: MixerKind::Attention(heads), feed_forward }; layers],
        layer_inputs: None,
    })
}

/// True if the output matrix is the embedding table: by the config, or if the checkpoint is a GGUF
/// file or has a nested config, by the lack of an output matrix.
pub(super) fn tied(checkpoint: &Checkpoint, default: bool) -> Result<bool> {
    let named = checkpoint.config.get(Key::json("tie_word_embeddings")).and_then(|v| v.as_bool());
    match named {
        Some(tied) if !checkpoint.config.is_nested() => Ok(tied),
        // A nested config is not reliable: the outer one may differ.
        _ if checkpoint.config.is_gguf() || checkpoint.config.is_nested() => {
            Ok(checkpoint.find("lm_head.weight")?.is_none())
        }
        _ => Ok(default),
    }
}

pub(super) fn expect_activation(model_config: &ModelConfig, known: &[&str]) -> Result<()> {
    match model_config
        .string(Key::json("hidden_activation"))
        .or_else(|| model_config.string(Key::json("hidden_act")))
    {
        Some(name) if !known.contains(&name) => {
            Err(model_config.unsupported(format!("activation `{name}`"), known.join(", ")))
        }
        _ => Ok(()),
    }
}

/// A boolean of config.json; false if it is missing.
pub(super) fn flag(model_config: &ModelConfig, json: &str) -> bool {
    model_config.get(Key::json(json)).and_then(|v| v.as_bool()).unwrap_or(false)
}

/// A number above zero.
pub(super) fn above_zero(model_config: &ModelConfig, key: Key<'_>) -> Result<Option<f64>> {
    match model_config.number(key)? {
        Some(number) if number <= 0.0 => {
            let name = key.json.unwrap_or_default();
            let reason = format!("{name} is {number}, expected more than zero");
            Err(Error::malformed(model_config.file(), reason))
        }
        number => Ok(number),
    }
}

/// For each layer, true if its entry in `layer_types` is the first of two words, false if it is the
/// second; `None` if the config has no such list.
pub(super) fn layer_types(
    model_config: &ModelConfig,
    layers: usize,
    words: [&str; 2],
) -> Result<Option<Vec<bool>>> {
    let Some(types) = model_config.list(Key::json("layer_types")) else { return Ok(None) };
    if types.len() != layers {
        return Err(Error::malformed(
            model_config.file(),
            format!("{} layer_types for {layers} layers", types.len()),
        ));
    }
    let one = |kind: &serde_json::Value| match kind.as_str() {
        Some(word) if word == words[0] => Ok(true),
        Some(word) if word == words[1] => Ok(false),
        _ => Err(model_config.unsupported(format!("layer type {kind}"), words.join(", "))),
    };
    types.iter().map(one).collect::<Result<_>>().map(Some)
}

/// For each layer, true if it attends to a window: by `layer_types`, or else by `rule`.
pub(super) fn sliding_layers(
    model_config: &ModelConfig,
    layers: usize,
    rule: impl Fn(usize) -> bool,
) -> Result<Vec<bool>> {
    let said = layer_types(model_config, layers, ["sliding_attention", "full_attention"])?;
    Ok(said.unwrap_or_else(|| (0..layers).map(rule).collect()))
}
