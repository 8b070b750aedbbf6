//! Gemma 4, the text part of the dense sizes: local and global layers with different head sizes,
//! later layers that share the keys and values of earlier ones, per-layer embeddings. Reference:
//! `Gemma4ForCausalLM` of `transformers`.

use super::common::{
    NORM_BEFORE_ROTATION, above_zero, common, expect_activation, flag, sliding_layers,
};
use super::defaults::Defaults;
use super::{gemma, rope};
use crate::architectures::bounds::{MAX_CONTEXT, MAX_LAYERS, MAX_WIDTH};
use crate::architectures::decoder::config::{DecoderConfig, Heads, KvSource};
use crate::architectures::layers::{Activation, Pairing, Rope};
use crate::checkpoint::{Checkpoint, Key, ModelConfig};
use crate::error::{Error, Result};

pub(super) fn gemma4(checkpoint: &Checkpoint) -> Result<DecoderConfig> {
    let model_config = &checkpoint.config;
    if flag(model_config, "enable_moe_block")
        || model_config.get(Key::gguf("expert_count")).is_some()
    {
        return Err(
            model_config.unsupported("a mixture of experts (enable_moe_block)", "dense layers")
        );
    }
    if model_config.string(Key::json("use_bidirectional_attention")) == Some("all") {
        return Err(model_config.unsupported("bidirectional attention", "causal attention"));
    }
    let local_dim =
        model_config.count_or(Key::both("head_dim", "attention.key_length_swa"), MAX_WIDTH, 256)?;
    let defaults = Defaults {
        heads: Some(8),
        kv_heads: Some(4),
        head_dim: Some(local_dim),
        context: Some(131_072),
        own_ropes: true,
        tied: true,
        ..Defaults::default()
    };
    let mut config = common(checkpoint, defaults)?;
    expect_activation(model_config, &["gelu_pytorch_tanh"])?;
    config.activation = Activation::GeluTanh;
    config.names = gemma::NAMES;
    config.embedding_scale = (config.hidden as f64).sqrt();
    config.attention.scale = 1.0;
    config.attention.norms = Some(NORM_BEFORE_ROTATION);
    config.attention.values_normed = true;
    config.logit_cap =
        above_zero(model_config, Key::both("final_logit_softcapping", "final_logit_softcapping"))?;
    let own = model_config
        .get(Key::both("hidden_size_per_layer_input", "embedding_length_per_layer_input"));
    config.layer_inputs =
        own.and_then(|v| v.as_u64()).filter(|width| *width > 0).map(|width| width as usize);

    let layers = config.layers.len();
    let sliding = match model_config.list(Key::gguf("attention.sliding_window_pattern")) {
        Some(list) if list.len() == layers => {
            list.iter().map(|v| v.as_f64() != Some(0.0)).collect()
        }
        _ => sliding_layers(model_config, layers, |index| (index + 1) % 6 != 0)?,
    };
    // The last layer is always global.
    let is_local = |index: usize| sliding[index] && index + 1 < layers;
    let window = model_config.count_or(
        Key::both("sliding_window", "attention.sliding_window"),
        MAX_CONTEXT,
        512,
    )?;
    let twice = flag(model_config, "attention_k_eq_v");
    let sharing = model_config
        .get(Key::both("num_kv_shared_layers", "attention.shared_kv_layers"))
        .and_then(|v| v.as_u64());
    let first_sharing = layers.saturating_sub(sharing.unwrap_or(0) as usize);
    let global = GlobalRope::read(model_config, local_dim, twice)?;
    let mut latest = [None, None];
    let mut kinds = Vec::new();
    for (index, heads) in config.attention_layers() {
        let local = is_local(index);
        heads.window = local.then_some(window);
        heads.rope = Some(usize::from(local));
        heads.head_dim = local_dim;
        if !local {
            global.put(index, heads);
        }
        if let Some(count) = in_list(model_config, "attention.head_count_kv", index)? {
            heads.kv_heads = count;
        }
        if heads.heads % heads.kv_heads != 0 || heads.head_dim % 2 != 0 {
            let reason = format!("the heads of layer {index} do not match its key heads");
            return Err(Error::malformed(model_config.file(), reason));
        }
        heads.kv_source = match latest[usize::from(local)] {
            _ if index < first_sharing => KvSource::Own,
            Some(layer) => KvSource::SharedWith(layer),
            None => {
                let reason =
                    format!("layer {index} shares keys and values, but no earlier layer has them");
                return Err(Error::malformed(model_config.file(), reason));
            }
        };
        if index < first_sharing {
            latest[usize::from(local)] = Some(index);
            let values = format!("model.layers.{index}.self_attn.v_proj.weight");
            let absent = model_config.is_gguf() && checkpoint.find(&values)?.is_none();
            if (twice && !local) || absent {
                heads.kv_source = KvSource::KeysAsValues;
            }
        }
        kinds.push(*heads);
    }
    let wide = flag(model_config, "use_double_wide_mlp");
    for (index, layer) in config.layers.iter_mut().enumerate() {
        if let Some(width) = in_list(model_config, "feed_forward_length", index)? {
            layer.feed_forward = width;
        } else if wide && index >= first_sharing {
            layer.feed_forward *= 2;
        }
    }
    config.ropes = ropes(checkpoint, &kinds, local_dim)?;
    Ok(config)
}

/// The rotary embeddings of global layers and of local ones.
fn ropes(checkpoint: &Checkpoint, layers: &[Heads], local_dim: usize) -> Result<Vec<Rope>> {
    let model_config = &checkpoint.config;
    let number = |layers: &str, key: Key<'_>| {
        let path = key.json.map(|name| format!("rope_parameters.{layers}_attention.{name}"));
        model_config.number(Key { json: path.as_deref(), ..key })
    };
    let kind = model_config
        .string(Key::json("rope_parameters.sliding_attention.rope_type"))
        .unwrap_or("default");
    if kind != "default" {
        return Err(
            model_config.unsupported(format!("rope scaling `{kind}` in local layers"), "default")
        );
    }
    let local =
        number("sliding", Key::both("rope_theta", "rope.freq_base_swa"))?.unwrap_or(10_000.0);
    let global = number("full", Key::both("rope_theta", "rope.freq_base"))?.unwrap_or(1e6);
    let size = layers
        .iter()
        .find(|heads| heads.window.is_none())
        .map_or(local_dim, |heads| heads.head_dim);
    let mut rope = Rope::new(size, global, Pairing::Halves);
    let kind = model_config
        .string(Key::json("rope_parameters.full_attention.rope_type"))
        .unwrap_or("proportional");
    match kind {
        _ if model_config.is_gguf() => rope::divide(&mut rope, checkpoint)?,
        // Pairs beyond the fraction are not rotated.
        "proportional" => {
            let share = number("full", Key::json("partial_rotary_factor"))?.unwrap_or(0.25);
            let factor = number("full", Key::json("factor"))?.unwrap_or(1.0);
            let turning = (share * size as f64 / 2.0).floor() as usize;
            for (index, frequency) in rope.frequencies.iter_mut().enumerate() {
                *frequency = if index < turning { *frequency / factor as f32 } else { 0.0 };
            }
        }
        "default" => {}
        other => {
            return Err(model_config
                .unsupported(format!("rope scaling `{other}`"), "proportional, default"));
        }
    }
    Ok(vec![rope, Rope::new(local_dim, local, Pairing::Halves)])
}

/// Head sizes of the global layers.
struct GlobalRope {
    head_dim: usize,
    kv_heads: Option<usize>,
    /// Newer configs name them by layer: index, head size and number of key heads.
    by_layer: Vec<(usize, Option<usize>, Option<usize>)>,
}

impl GlobalRope {
    fn read(model_config: &ModelConfig, local_dim: usize, twice: bool) -> Result<Self> {
        let Some(named) =
            model_config.get(Key::json("per_layer_config")).and_then(|v| v.as_object())
        else {
            let head_dim = model_config.count_or(
                Key::both("global_head_dim", "attention.key_length"),
                MAX_WIDTH,
                512,
            )?;
            let key = "num_global_key_value_heads";
            let counts = twice && model_config.get(Key::json(key)).is_some();
            let kv_heads =
                if counts { Some(model_config.count(Key::json(key), MAX_WIDTH)?) } else { None };
            return Ok(Self { head_dim, kv_heads, by_layer: Vec::new() });
        };
        let mut by_layer = Vec::new();
        for name in named.keys() {
            let index = name.parse::<usize>().ok().filter(|index| *index < MAX_LAYERS);
            let index = index.ok_or_else(|| {
                Error::malformed(
                    model_config.file(),
                    format!("per_layer_config names an unknown layer `{name}`"),
                )
            })?;
            let count = |key: &str| {
                let key = format!("per_layer_config.{name}.{key}");
                model_config
                    .get(Key::json(&key))
                    .map(|_| model_config.count(Key::json(&key), MAX_WIDTH))
                    .transpose()
            };
            by_layer.push((index, count("head_dim")?, count("num_key_value_heads")?));
        }
        Ok(Self { head_dim: local_dim, kv_heads: None, by_layer })
    }

    fn put(&self, index: usize, heads: &mut Heads) {
        heads.head_dim = self.head_dim;
        heads.kv_heads = self.kv_heads.unwrap_or(heads.kv_heads);
        if let Some((_, head_dim, kv_heads)) =
            self.by_layer.iter().find(|(layer, ..)| *layer == index)
        {
            heads.head_dim = head_dim.unwrap_or(heads.head_dim);
            heads.kv_heads = kv_heads.unwrap_or(heads.kv_heads);
        }
    }
}

/// A count that GGUF files store as a list if layers differ: the entry of a layer.
fn in_list(model_config: &ModelConfig, gguf: &str, index: usize) -> Result<Option<usize>> {
    let Some(list) = model_config.list(Key::gguf(gguf)) else { return Ok(None) };
    let value =
        list.get(index).and_then(|v| v.as_f64()).filter(|n| (1.0..=MAX_WIDTH as f64).contains(n));
    match value {
        Some(count) => Ok(Some(count as usize)),
        None => Err(Error::malformed(
            model_config.file(),
            format!("{gguf} has no valid number for layer {index}"),
        )),
    }
}
