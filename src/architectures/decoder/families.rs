//! The decoder families: what each one's hyper-parameters mean. Reads numbers; touches no tensor but Llama's table of frequencies.
//!
//! A mechanism that a checkpoint asks for and that is not implemented is refused by its name, never left out.

use super::{Config, LayerKind, Norms, QueryKeyNorm};
use crate::architectures::layers::{Activation, Pairing, Rope};
use crate::checkpoint::{Checkpoint, Hyper};
use crate::error::{Error, Result};

/// Reads what a family's hyper-parameters say.
type Read = fn(&Checkpoint) -> Result<Config>;

/// Names in `config.json` and GGUF, and the function that reads the rest.
const FAMILIES: &[(&[&str], Read)] = &[
    (&["llama"], llama),
    (&["mistral"], mistral),
    (&["qwen2"], qwen2),
    (&["qwen3"], qwen3),
    (&["gemma2"], gemma2),
    (&["gemma3_text", "gemma3"], gemma3),
    (&["hunyuan_v1_dense", "hunyuan-dense"], hunyuan),
    (&["exaone4"], exaone4),
    (&["granite"], granite),
    (&["hyperclovax"], hyperclovax),
    (&["smollm3"], smollm3),
];

/// Every name in the table.
pub(super) const NAMES: &[&str] = &[
    "llama",
    "mistral",
    "qwen2",
    "qwen3",
    "gemma2",
    "gemma3_text",
    "gemma3",
    "hunyuan_v1_dense",
    "hunyuan-dense",
    "exaone4",
    "granite",
    "hyperclovax",
    "smollm3",
];

/// The config of a checkpoint.
pub(super) fn config(checkpoint: &Checkpoint) -> Result<Config> {
    let name = checkpoint.hyper.architecture();
    match FAMILIES.iter().find(|(names, _)| names.contains(&name)) {
        Some((_, read)) => read(checkpoint),
        None => Err(checkpoint.hyper.unsupported(format!("architecture `{name}`"), NAMES.join(", "))),
    }
}

/// Llama's norms. The one called "post attention" is the feed-forward layer's.
const NORMS_IN: Norms = Norms {
    attention: [Some("input_layernorm"), None],
    feed_forward: [Some("post_attention_layernorm"), None],
};
/// Gemma's.
const NORMS_IN_AND_OUT: Norms = Norms {
    attention: [Some("input_layernorm"), Some("post_attention_layernorm")],
    feed_forward: [Some("pre_feedforward_layernorm"), Some("post_feedforward_layernorm")],
};

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

/// Llama with a window, in all layers or in none. Files of llama.cpp call it `llama`.
fn mistral(checkpoint: &Checkpoint) -> Result<Config> {
    let hyper = &checkpoint.hyper;
    let mut config = llama(checkpoint)?;
    if hyper.get("sliding_window", "-").is_some() {
        let window = hyper.count("sliding_window", "-", MAX_CONTEXT)?;
        let sliding = sliding_layers(hyper, config.layers.len(), |_| true)?;
        set_windows(&mut config, &sliding, window);
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
        set_windows(&mut config, &sliding, window);
    }
    Ok(config)
}

/// Qwen 2 with norms of queries and keys.
fn qwen3(checkpoint: &Checkpoint) -> Result<Config> {
    Ok(Config { query_key_norm: Some(NORM_BEFORE_ROTATION), ..qwen2(checkpoint)? })
}

const NORM_BEFORE_ROTATION: QueryKeyNorm =
    QueryKeyNorm { after_rotation: false, names: ["q_norm", "k_norm"] };

fn set_windows(config: &mut Config, sliding: &[bool], window: usize) {
    for (layer, sliding) in config.layers.iter_mut().zip(sliding) {
        layer.window = sliding.then_some(window);
    }
}

/// What Gemma 2 and 3 have in common. `large` is the number of layers of the one size whose files do not say its attention scale.
fn gemma(checkpoint: &Checkpoint, large: usize) -> Result<Config> {
    let hyper = &checkpoint.hyper;
    let mut config = common(checkpoint)?;
    expect_activation(hyper, &["gelu_pytorch_tanh"])?;
    if hyper.get("use_bidirectional_attention", "-").and_then(|v| v.as_bool()) == Some(true) {
        return Err(hyper.unsupported("bidirectional attention", "causal attention"));
    }
    config.activation = Activation::GeluTanh;
    config.norms = NORMS_IN_AND_OUT;
    config.tied = tied(checkpoint, true)?;
    config.embedding_scale = (config.hidden as f64).sqrt();
    // llama.cpp's converter adds the one itself.
    config.norm_offset = if hyper.is_gguf() { 0.0 } else { 1.0 };
    let scalar = match hyper.number("query_pre_attn_scalar", "-")? {
        Some(scalar) => scalar,
        // GGUF files do not say; llama.cpp knows the 27B by its layers.
        None if hyper.is_gguf() && config.layers.len() == large => config.hidden as f64 / config.heads as f64,
        None if hyper.is_gguf() => config.head_dim as f64,
        None => 256.0,
    };
    config.attention_scale = scalar.powf(-0.5);
    let cap = |json: &str, gguf: &str| -> Result<Option<f64>> {
        match hyper.number(json, gguf)? {
            Some(cap) if cap <= 0.0 => Err(Error::malformed(hyper.file(), format!("{json} is {cap}"))),
            cap => Ok(cap),
        }
    };
    config.attention_cap = cap("attn_logit_softcapping", "attn_logit_softcapping")?;
    config.logit_cap = cap("final_logit_softcapping", "final_logit_softcapping")?;
    Ok(config)
}

fn gemma2(checkpoint: &Checkpoint) -> Result<Config> {
    let hyper = &checkpoint.hyper;
    let mut config = gemma(checkpoint, 46)?;
    let window = hyper.count_or("sliding_window", "attention.sliding_window", MAX_CONTEXT, 4096)?;
    let sliding = sliding_layers(hyper, config.layers.len(), |index| index % 2 == 0)?;
    set_windows(&mut config, &sliding, window);
    Ok(config)
}

fn gemma3(checkpoint: &Checkpoint) -> Result<Config> {
    let hyper = &checkpoint.hyper;
    let mut config = gemma(checkpoint, 62)?;
    config.query_key_norm = Some(NORM_BEFORE_ROTATION);
    // Local layers have a rotation of their own, which is never scaled.
    let base = ["rope_local_base_freq", "rope_parameters.sliding_attention.rope_theta"]
        .iter()
        .find_map(|key| hyper.number(key, "rope.freq_base_swa").transpose())
        .transpose()?
        .unwrap_or(10_000.0);
    config.ropes.push(Rope::new(config.head_dim, base, Pairing::Halves));
    let window = hyper.count_or("sliding_window", "attention.sliding_window", MAX_CONTEXT, 4096)?;
    let pattern = hyper.count_or("sliding_window_pattern", "-", MAX_LAYERS, 6)?;
    let sliding = sliding_layers(hyper, config.layers.len(), |index| (index + 1) % pattern != 0)?;
    set_windows(&mut config, &sliding, window);
    for layer in config.layers.iter_mut().filter(|layer| layer.window.is_some()) {
        layer.rope = Some(1);
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

/// Norms on the way out only; where there are local layers, the global ones are not told positions.
///
/// Report: <https://arxiv.org/abs/2507.11407>.
fn exaone4(checkpoint: &Checkpoint) -> Result<Config> {
    let hyper = &checkpoint.hyper;
    let mut config = common(checkpoint)?;
    expect_activation(hyper, &["silu"])?;
    config.norms = Norms {
        attention: [None, Some("post_attention_layernorm")],
        feed_forward: [None, Some("post_feedforward_layernorm")],
    };
    config.query_key_norm = Some(NORM_BEFORE_ROTATION);
    if hyper.get("sliding_window", "attention.sliding_window").is_some() {
        let window = hyper.count("sliding_window", "attention.sliding_window", MAX_CONTEXT)?;
        let layers = config.layers.len();
        // Older configs write "LLLG"; those name the type of each layer, too.
        let pattern = match hyper.word("sliding_window_pattern", "-") {
            Some(word) => word.len().max(1),
            None => hyper.count_or("sliding_window_pattern", "-", MAX_LAYERS, 4)?,
        };
        let sliding = sliding_layers(hyper, layers, |index| (index + 1) % pattern != 0)?;
        set_windows(&mut config, &sliding, window);
        for layer in config.layers.iter_mut().filter(|layer| layer.window.is_none()) {
            layer.rope = None;
        }
    }
    Ok(config)
}

/// Llama with multipliers (maximal update parametrization, <https://arxiv.org/abs/2203.03466>).
fn multiplied(checkpoint: &Checkpoint) -> Result<Config> {
    let hyper = &checkpoint.hyper;
    let mut config = llama(checkpoint)?;
    let scale =
        |json: &str, gguf: &str, default: f64| Ok::<_, Error>(hyper.number(json, gguf)?.unwrap_or(default));
    config.embedding_scale = scale("embedding_multiplier", "embedding_scale", 1.0)?;
    config.residual_scale = scale("residual_multiplier", "residual_scale", 1.0)?;
    config.attention_scale = scale("attention_multiplier", "attention.scale", config.attention_scale)?;
    config.logit_scale = scale("logits_scaling", "logit_scale", 1.0)?;
    Ok(config)
}

fn granite(checkpoint: &Checkpoint) -> Result<Config> {
    let mut config = multiplied(checkpoint)?;
    // A divisor here.
    if config.logit_scale == 0.0 {
        return Err(Error::malformed(checkpoint.hyper.file(), "logits_scaling is 0"));
    }
    config.logit_scale = 1.0 / config.logit_scale;
    Ok(config)
}

/// With norms on the way out too, where it says so; configs of older code do not say, and their checkpoints have them or not.
fn hyperclovax(checkpoint: &Checkpoint) -> Result<Config> {
    let mut config = multiplied(checkpoint)?;
    let said = checkpoint.hyper.get("use_post_norm", "-").and_then(|v| v.as_bool());
    let there = checkpoint.find("model.layers.0.post_norm1.weight")?.is_some();
    if said.unwrap_or(there) {
        config.norms.attention[1] = Some("post_norm1");
        config.norms.feed_forward[1] = Some("post_norm2");
    }
    Ok(config)
}

/// Llama of which every fourth layer is not told positions (<https://arxiv.org/abs/2501.18795>).
fn smollm3(checkpoint: &Checkpoint) -> Result<Config> {
    let hyper = &checkpoint.hyper;
    let mut config = llama(checkpoint)?;
    config.tied = tied(checkpoint, true)?;
    if hyper.get("use_sliding_window", "-").and_then(|v| v.as_bool()) == Some(true) {
        let window = hyper.count("sliding_window", "-", MAX_CONTEXT)?;
        let sliding = sliding_layers(hyper, config.layers.len(), |_| true)?;
        set_windows(&mut config, &sliding, window);
    }
    let interval = hyper.count_or("no_rope_layer_interval", "-", MAX_LAYERS, 4)?;
    let named = hyper.get("no_rope_layers", "-").and_then(|v| v.as_array());
    for (index, layer) in config.layers.iter_mut().enumerate() {
        // Called "no rope", and one where there is one.
        let rotates = match named.map(|named| named.get(index).and_then(serde_json::Value::as_u64)) {
            Some(Some(flag)) => flag != 0,
            Some(None) => return Err(Error::malformed(hyper.file(), "no_rope_layers is not a flag a layer")),
            None => (index + 1) % interval != 0,
        };
        layer.rope = rotates.then_some(0);
    }
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
        residual_scale: 1.0,
        attention_scale: (head_dim as f64).powf(-0.5),
        attention_cap: None,
        logit_cap: None,
        logit_scale: 1.0,
        query_key_norm: None,
        norms: NORMS_IN,
        tied: tied(checkpoint, false)?,
        ropes: vec![rope(checkpoint, head_dim)?],
        layers: vec![LayerKind { rope: Some(0), window: None }; layers],
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
        Some("yarn") => {
            let context = hyper.count("max_position_embeddings", "context_length", MAX_CONTEXT)? as f64;
            let original =
                number("original_max_position_embeddings", "rope.scaling.original_context_length")?;
            for (key, what) in [("mscale", "mscale"), ("mscale_all_dim", "mscale_all_dim")] {
                if number(key, "-")?.is_some() {
                    return Err(hyper.unsupported(format!("rope scaling with {what}"), "YaRN without it"));
                }
            }
            scale_yarn(
                &mut rope,
                base,
                need("factor", "rope.scaling.factor")?,
                number("beta_fast", "rope.scaling.yarn_beta_fast")?.unwrap_or(32.0),
                number("beta_slow", "rope.scaling.yarn_beta_slow")?.unwrap_or(1.0),
                original.unwrap_or(context),
            );
            match number("attention_factor", "rope.scaling.attn_factor")? {
                // llama.cpp multiplies what the paper gives.
                Some(factor) if hyper.is_gguf() => rope.amplitude *= factor as f32,
                Some(factor) => rope.amplitude = factor as f32,
                None => {}
            }
        }
        Some(other) => {
            return Err(hyper.unsupported(format!("rope scaling `{other}`"), "linear, llama3, yarn, alpha"));
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

/// YaRN: fast rotations are kept, slow ones slowed by `factor`, those between blended along a ramp (Peng et al. 2023,
/// <https://arxiv.org/abs/2309.00071>; `_compute_yarn_parameters` of `transformers`).
fn scale_yarn(rope: &mut Rope, base: f64, factor: f64, fast: f64, slow: f64, original: f64) {
    let count = rope.frequencies.len();
    let size = (2 * count) as f64;
    // The pair that turns so many times within the original context.
    let pair = |turns: f64| size * (original / (turns * std::f64::consts::TAU)).ln() / (2.0 * base.ln());
    let low = pair(fast).floor().max(0.0);
    let high = pair(slow).ceil().min(size - 1.0);
    let width = if high == low { 0.001 } else { high - low };
    for (index, frequency) in rope.frequencies.iter_mut().enumerate() {
        let slowed = (((index as f64) - low) / width).clamp(0.0, 1.0);
        let f = f64::from(*frequency);
        *frequency = (f / factor * slowed + f * (1.0 - slowed)) as f32;
    }
    rope.amplitude = if factor <= 1.0 { 1.0 } else { (0.1 * factor.ln() + 1.0) as f32 };
}
