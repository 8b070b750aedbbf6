//! The decoder families: what each one's hyper-parameters mean. Reads numbers; touches no tensor but Llama's table of frequencies.
//!
//! A mechanism that a checkpoint asks for and that is not implemented is refused by its name, never left out.

use super::{Config, LayerKind, QueryKeyNorm};
use crate::architectures::layers::{Activation, Pairing, Rope};
use crate::checkpoint::{Checkpoint, Hyper};
use crate::error::{Error, Result};

/// Reads what a family's hyper-parameters say.
type Read = fn(&Checkpoint) -> Result<Config>;

/// Names in `config.json` and GGUF, and the function that reads the rest.
const FAMILIES: &[(&[&str], Read)] = &[
    (&["llama"], llama),
    (&["qwen2"], qwen2),
    (&["gemma3_text", "gemma3"], gemma3),
    (&["hunyuan_v1_dense", "hunyuan-dense"], hunyuan),
];

/// Every name in the table.
pub(super) const NAMES: &[&str] =
    &["llama", "qwen2", "gemma3_text", "gemma3", "hunyuan_v1_dense", "hunyuan-dense"];

/// The config of a checkpoint.
pub(super) fn config(checkpoint: &Checkpoint) -> Result<Config> {
    let name = checkpoint.hyper.architecture();
    match FAMILIES.iter().find(|(names, _)| names.contains(&name)) {
        Some((_, read)) => read(checkpoint),
        None => Err(checkpoint.hyper.unsupported(format!("architecture `{name}`"), NAMES.join(", "))),
    }
}

/// Larger numbers than any published model has; they bound what a header can make us allocate.
const MAX_LAYERS: usize = 512;
const MAX_WIDTH: usize = 1 << 20;
const MAX_CONTEXT: usize = 1 << 24;

fn llama(checkpoint: &Checkpoint) -> Result<Config> {
    let hyper = &checkpoint.hyper;
    let mut config = common(checkpoint)?;
    expect_activation(hyper, &["silu"])?;
    if hyper.is_gguf() {
        config.ropes[0].pairing = Pairing::Neighbours;
    }
    Ok(config)
}

fn qwen2(checkpoint: &Checkpoint) -> Result<Config> {
    let hyper = &checkpoint.hyper;
    let mut config = common(checkpoint)?;
    expect_activation(hyper, &["silu"])?;
    let layers = config.layers.len();
    if hyper.get("use_sliding_window", "-").and_then(|v| v.as_bool()) == Some(true) {
        let window = hyper.count("sliding_window", "-", MAX_CONTEXT)?;
        // Counted from the first layer; 28 is the reference's default.
        let full = hyper.get("max_window_layers", "-").and_then(|v| v.as_u64()).unwrap_or(28) as usize;
        let sliding = sliding_layers(hyper, layers, |index| index >= full)?;
        for (layer, sliding) in config.layers.iter_mut().zip(sliding) {
            layer.window = sliding.then_some(window);
        }
    }
    Ok(config)
}

fn gemma3(checkpoint: &Checkpoint) -> Result<Config> {
    let hyper = &checkpoint.hyper;
    let mut config = common(checkpoint)?;
    expect_activation(hyper, &["gelu_pytorch_tanh"])?;
    for (json, gguf, what) in [
        ("attn_logit_softcapping", "attn_logit_softcapping", "soft caps on attention logits"),
        ("final_logit_softcapping", "final_logit_softcapping", "soft caps on final logits"),
    ] {
        if hyper.number(json, gguf)?.is_some() {
            return Err(hyper.unsupported(what, "Gemma 3 without them"));
        }
    }
    if hyper.get("use_bidirectional_attention", "-").and_then(|v| v.as_bool()) == Some(true) {
        return Err(hyper.unsupported("bidirectional attention", "causal attention"));
    }
    let layers = config.layers.len();
    config.activation = Activation::GeluTanh;
    config.query_key_norm = Some(QueryKeyNorm { after_rotation: false, names: ["q_norm", "k_norm"] });
    config.output_norms = true;
    config.tied = tied(checkpoint, true)?;
    config.embedding_scale = (config.hidden as f64).sqrt();
    // llama.cpp's converter adds the one itself.
    config.norm_offset = if hyper.is_gguf() { 0.0 } else { 1.0 };
    let scalar = match hyper.number("query_pre_attn_scalar", "-")? {
        Some(scalar) => scalar,
        // GGUF files do not say; llama.cpp knows the 27B by its 62 layers.
        None if hyper.is_gguf() && layers == 62 => config.hidden as f64 / config.heads as f64,
        None if hyper.is_gguf() => config.head_dim as f64,
        None => 256.0,
    };
    config.attention_scale = scalar.powf(-0.5);
    // Local layers have a rotation of their own, which is never scaled.
    let base = ["rope_local_base_freq", "rope_parameters.sliding_attention.rope_theta"]
        .iter()
        .find_map(|key| hyper.number(key, "rope.freq_base_swa").transpose())
        .transpose()?
        .unwrap_or(10_000.0);
    config.ropes.push(Rope::new(config.head_dim, base, Pairing::Halves));
    let window = hyper.count_or("sliding_window", "attention.sliding_window", MAX_CONTEXT, 4096)?;
    let pattern = hyper.count_or("sliding_window_pattern", "-", MAX_LAYERS, 6)?;
    let sliding = sliding_layers(hyper, layers, |index| (index + 1) % pattern != 0)?;
    for (layer, sliding) in config.layers.iter_mut().zip(sliding) {
        *layer = if sliding {
            LayerKind { rope: 1, window: Some(window) }
        } else {
            LayerKind { rope: 0, window: None }
        };
    }
    Ok(config)
}

fn hunyuan(checkpoint: &Checkpoint) -> Result<Config> {
    let mut config = common(checkpoint)?;
    expect_activation(&checkpoint.hyper, &["silu"])?;
    config.query_key_norm =
        Some(QueryKeyNorm { after_rotation: true, names: ["query_layernorm", "key_layernorm"] });
    Ok(config)
}

/// What the families share, as Llama has it.
fn common(checkpoint: &Checkpoint) -> Result<Config> {
    let hyper = &checkpoint.hyper;
    let layers = hyper.count("num_hidden_layers", "block_count", MAX_LAYERS)?;
    let hidden = hyper.count("hidden_size", "embedding_length", MAX_WIDTH)?;
    let heads = hyper.count("num_attention_heads", "attention.head_count", MAX_WIDTH)?;
    let kv_heads = hyper.count_or("num_key_value_heads", "attention.head_count_kv", MAX_WIDTH, heads)?;
    let head_dim = hyper.count_or("head_dim", "attention.key_length", MAX_WIDTH, (hidden / heads).max(1))?;
    if heads % kv_heads != 0 || head_dim % 2 != 0 {
        let reason = format!("{heads} heads of {head_dim} with {kv_heads} key heads do not fit together");
        return Err(Error::malformed(hyper.file(), reason));
    }
    for (json, gguf) in [("-", "attention.value_length"), ("-", "rope.dimension_count")] {
        if hyper.is_gguf() && hyper.count_or(json, gguf, MAX_WIDTH, head_dim)? != head_dim {
            return Err(hyper.unsupported(format!("{gguf} other than the head size"), head_dim.to_string()));
        }
    }
    if hyper.number("partial_rotary_factor", "-")?.is_some_and(|factor| factor != 1.0) {
        return Err(hyper.unsupported("partial rotation (partial_rotary_factor)", "1.0"));
    }
    let epsilon = hyper.number("rms_norm_eps", "attention.layer_norm_rms_epsilon")?;
    Ok(Config {
        hidden,
        heads,
        kv_heads,
        head_dim,
        feed_forward: hyper.count("intermediate_size", "feed_forward_length", MAX_WIDTH)?,
        context: hyper.count("max_position_embeddings", "context_length", MAX_CONTEXT)?,
        norm_epsilon: epsilon.unwrap_or(1e-6),
        norm_offset: 0.0,
        activation: Activation::Silu,
        embedding_scale: 1.0,
        attention_scale: (head_dim as f64).powf(-0.5),
        query_key_norm: None,
        output_norms: false,
        tied: tied(checkpoint, false)?,
        ropes: vec![rope(checkpoint, head_dim)?],
        layers: vec![LayerKind { rope: 0, window: None }; layers],
    })
}

/// Whether the output matrix is the embedding table. GGUF files say so by having no output matrix.
fn tied(checkpoint: &Checkpoint, default: bool) -> Result<bool> {
    if checkpoint.hyper.is_gguf() {
        return Ok(checkpoint.find("lm_head.weight")?.is_none());
    }
    Ok(checkpoint.hyper.get("tie_word_embeddings", "-").and_then(|v| v.as_bool()).unwrap_or(default))
}

fn expect_activation(hyper: &Hyper, known: &[&str]) -> Result<()> {
    match hyper.word("hidden_activation", "-").or_else(|| hyper.word("hidden_act", "-")) {
        Some(name) if !known.contains(&name) => {
            Err(hyper.unsupported(format!("activation `{name}`"), known.join(", ")))
        }
        _ => Ok(()),
    }
}

/// Which layers attend to a window: `layer_types` where given, else `rule`.
fn sliding_layers(hyper: &Hyper, layers: usize, rule: impl Fn(usize) -> bool) -> Result<Vec<bool>> {
    let Some(types) = hyper.get("layer_types", "-").and_then(|v| v.as_array()) else {
        return Ok((0..layers).map(rule).collect());
    };
    if types.len() != layers {
        return Err(Error::malformed(
            hyper.file(),
            format!("{} layer_types for {layers} layers", types.len()),
        ));
    }
    let one = |kind: &serde_json::Value| match kind.as_str() {
        Some("sliding_attention") => Ok(true),
        Some("full_attention") => Ok(false),
        _ => Err(hyper.unsupported(format!("layer type {kind}"), "sliding_attention, full_attention")),
    };
    types.iter().map(one).collect()
}

/// The rotation of global layers, scaled as the checkpoint asks. Its parameters stand in one of three places: beside the others
/// (`rope_theta`, `rope_scaling`), in `rope_parameters`, or there under the layer type.
fn rope(checkpoint: &Checkpoint, head_dim: usize) -> Result<Rope> {
    const PLACES: &[&str] = &["rope_parameters.full_attention", "rope_parameters", "rope_scaling"];
    let hyper = &checkpoint.hyper;
    let number = |key: &str, gguf: &str| -> Result<Option<f64>> {
        PLACES.iter().find_map(|place| hyper.number(&format!("{place}.{key}"), gguf).transpose()).transpose()
    };
    let base = match number("rope_theta", "rope.freq_base")? {
        Some(base) => base,
        None => hyper.number("rope_theta", "rope.freq_base")?.unwrap_or(10_000.0),
    };
    let mut rope = Rope::new(head_dim, base, Pairing::Halves);
    // Llama 3 in GGUF: the scaling as a table of divisors.
    if hyper.is_gguf() && checkpoint.find("rope_freqs.weight")?.is_some() {
        let table = checkpoint.tensor("rope_freqs.weight", &[head_dim / 2])?;
        let divisors: Vec<f32> = table.to_tensor(&candle_core::Device::Cpu)?.to_vec1()?;
        for (frequency, divisor) in rope.frequencies.iter_mut().zip(divisors) {
            *frequency /= divisor;
        }
    }
    let kind = PLACES.iter().flat_map(|place| [format!("{place}.rope_type"), format!("{place}.type")]);
    let kind = kind.into_iter().find_map(|key| hyper.word(&key, "rope.scaling.type").map(str::to_string));
    let need = |key: &str, gguf: &str| -> Result<f64> {
        number(key, gguf)?
            .filter(|n| *n > 0.0)
            .ok_or_else(|| Error::malformed(hyper.file(), format!("rope scaling lacks a {key} above zero")))
    };
    match kind.as_deref() {
        None | Some("default" | "none") => {}
        Some("linear") => {
            let factor = need("factor", "rope.scaling.factor")? as f32;
            rope.frequencies.iter_mut().for_each(|frequency| *frequency /= factor);
        }
        Some("llama3") => scale_llama3(
            &mut rope.frequencies,
            need("factor", "-")?,
            need("low_freq_factor", "-")?,
            need("high_freq_factor", "-")?,
            need("original_max_position_embeddings", "-")?,
        ),
        // Called dynamic, but fixed: the base is stretched once (`compute_ntk_alpha_rope_parameters` of `transformers`). Files
        // of llama.cpp hold the stretched base.
        Some("dynamic") if number("alpha", "-")?.is_some_and(|alpha| alpha > 0.0) => {
            let size = head_dim as f64;
            let stretched = base * need("alpha", "-")?.powf(size / (size - 2.0));
            rope = Rope::new(head_dim, stretched, Pairing::Halves);
        }
        Some(other) => {
            return Err(hyper.unsupported(format!("rope scaling `{other}`"), "linear, llama3, alpha"));
        }
    }
    Ok(rope)
}

/// Llama 3.1's scaling: slow rotations are slowed by `factor`, fast ones kept, those between blended
/// (`_compute_llama3_parameters` of `transformers`).
fn scale_llama3(frequencies: &mut [f32], factor: f64, low: f64, high: f64, original: f64) {
    for frequency in frequencies {
        let f = f64::from(*frequency);
        let wavelength = std::f64::consts::TAU / f;
        let scaled = if wavelength > original / low {
            f / factor
        } else if wavelength < original / high {
            f
        } else {
            let smooth = (original / wavelength - low) / (high - low);
            (1.0 - smooth) * f / factor + smooth * f
        };
        *frequency = scaled as f32;
    }
}
