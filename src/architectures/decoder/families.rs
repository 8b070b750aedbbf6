//! The decoder families: what each one's hyper-parameters mean. Reads numbers; touches no tensor
//! but tables of frequencies.
//!
//! A mechanism that a checkpoint asks for and that is not implemented is refused by its name, never
//! left out.

mod exaone;
mod gemma;
mod gemma4;
mod granite;
mod hunyuan;
mod lfm;
mod llama;
mod phi;
mod qwen;
mod qwen35;
mod rope;
mod smollm;

use super::{
    AttentionForm, Config, FeedForward, Heads, LayerKind, MixerKind, Names, QueryKeyNorm, Reads,
};
use crate::architectures::layers::Activation;
use crate::checkpoint::{Checkpoint, Key, ModelConfig};
use crate::error::{Error, Result};

/// Reads what a family's hyper-parameters say.
type Read = fn(&Checkpoint) -> Result<Config>;

macro_rules! families {
    ($($($name:literal)|+ => $read:path,)*) => {
        /// Names in `config.json` and GGUF, and the function that reads the rest.
        const FAMILIES: &[(&[&str], Read)] = &[$((&[$($name),+], $read)),*];
        /// Every name in the table.
        pub(super) const NAMES: &[&str] = &[$($($name),+),*];
    };
}

families! {
    "llama" => llama::llama,
    "mistral" | "mistral3" => llama::mistral,
    "qwen2" => qwen::qwen2,
    "qwen3" => qwen::qwen3,
    "qwen3_5_text" | "qwen3_5" | "qwen35" => qwen35::qwen35,
    "gemma2" => gemma::gemma2,
    "gemma3_text" | "gemma3" => gemma::gemma3,
    "gemma4_text" | "gemma4" => gemma4::gemma4,
    "hunyuan_v1_dense" | "hunyuan-dense" => hunyuan::hunyuan,
    "exaone4" | "exaone4_5_text" | "exaone4_5" => exaone::exaone4,
    "granite" => granite::granite,
    "hyperclovax" => granite::hyperclovax,
    "smollm3" => smollm::smollm3,
    "phi3" => phi::phi3,
    "lfm2" => lfm::lfm2,
}

/// The config of a checkpoint.
pub(super) fn config(checkpoint: &Checkpoint) -> Result<Config> {
    let name = checkpoint.config.architecture();
    match FAMILIES.iter().find(|(names, _)| names.contains(&name)) {
        Some((_, read)) => read(checkpoint),
        None => {
            Err(checkpoint.config.unsupported(format!("architecture `{name}`"), NAMES.join(", ")))
        }
    }
}

/// Llama's names. The norm called "post attention" is the feed-forward layer's.
const NAMES_OF_LLAMA: Names = Names {
    mixer_norms: [Some("input_layernorm"), None],
    feed_forward_norms: [Some("post_attention_layernorm"), None],
    attention_out: "o_proj",
    feed_forward: FeedForward::Three(["mlp.gate_proj", "mlp.up_proj", "mlp.down_proj"]),
    last_norm: "model.norm",
};

const NORM_BEFORE_ROTATION: QueryKeyNorm =
    QueryKeyNorm { after_rotation: false, names: ["q_norm", "k_norm"] };

/// Larger numbers than any published model has; they bound what a header can make us allocate.
const MAX_LAYERS: usize = 512;
const MAX_WIDTH: usize = 1 << 20;
const MAX_CONTEXT: usize = 1 << 24;

/// What families take for granted, so that their checkpoints need not say it.
#[derive(Default, Clone, Copy)]
struct Defaults {
    heads: Option<usize>,
    kv_heads: Option<usize>,
    head_dim: Option<usize>,
    context: Option<usize>,
    rope_base: Option<f64>,
    /// The share of a head that rotates.
    rotated: Option<f64>,
    /// Whether it reads its rotations itself.
    own_ropes: bool,
    tied: bool,
}

/// How many layers there are. GGUF files count layers that draft tokens, too; those stand behind
/// the others and are left out.
fn layers(model_config: &ModelConfig) -> Result<usize> {
    let layers = model_config.count(Key::both("num_hidden_layers", "block_count"), MAX_LAYERS)?;
    let drafting =
        model_config.get(Key::gguf("nextn_predict_layers")).and_then(|v| v.as_u64()).unwrap_or(0)
            as usize;
    match layers.checked_sub(drafting) {
        Some(left @ 1..) => Ok(left),
        _ => {
            let reason =
                format!("of {layers} layers {drafting} draft tokens, so that none is left");
            Err(Error::malformed(model_config.file(), reason))
        }
    }
}

/// What the families share, as Llama has it.
fn common(checkpoint: &Checkpoint, defaults: Defaults) -> Result<Config> {
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
        // Layers differ: whoever knows of that reads the list.
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
        let reason =
            format!("{heads} heads of {head_dim} with {kv_heads} key heads do not fit together");
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
    let heads = Heads { heads, kv_heads, head_dim, rope: Some(0), window: None, reads: Reads::Own };
    Ok(Config {
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

impl Config {
    /// The attention layers, with their numbers.
    fn attention_layers(&mut self) -> impl Iterator<Item = (usize, &mut Heads)> {
        self.layers.iter_mut().enumerate().filter_map(|(index, layer)| match &mut layer.mixer {
            MixerKind::Attention(heads) => Some((index, heads)),
            _ => None,
        })
    }

    /// Gives a window to the layers that attend to one.
    fn set_windows(&mut self, sliding: &[bool], window: usize) {
        for (index, heads) in self.attention_layers() {
            heads.window = sliding[index].then_some(window);
        }
    }
}

/// Whether the output matrix is the embedding table. Files say so by having no output matrix,
/// whatever their configs leave out.
fn tied(checkpoint: &Checkpoint, default: bool) -> Result<bool> {
    let said = checkpoint.config.get(Key::json("tie_word_embeddings")).and_then(|v| v.as_bool());
    match said {
        Some(tied) if !checkpoint.config.is_nested() => Ok(tied),
        // The config around the text part's may say it, too, and the one of the text part something
        // else.
        _ if checkpoint.config.is_gguf() || checkpoint.config.is_nested() => {
            Ok(checkpoint.find("lm_head.weight")?.is_none())
        }
        _ => Ok(default),
    }
}

fn expect_activation(model_config: &ModelConfig, known: &[&str]) -> Result<()> {
    match model_config
        .word(Key::json("hidden_activation"))
        .or_else(|| model_config.word(Key::json("hidden_act")))
    {
        Some(name) if !known.contains(&name) => {
            Err(model_config.unsupported(format!("activation `{name}`"), known.join(", ")))
        }
        _ => Ok(()),
    }
}

/// Whether a truth value is set; no where nothing is said.
fn flag(model_config: &ModelConfig, json: &str) -> bool {
    model_config.get(Key::json(json)).and_then(|v| v.as_bool()).unwrap_or(false)
}

/// A number that may not be zero or less.
fn above_zero(model_config: &ModelConfig, key: Key<'_>) -> Result<Option<f64>> {
    match model_config.number(key)? {
        Some(number) if number <= 0.0 => {
            let name = key.json.unwrap_or_default();
            let reason = format!("{name} is {number}, expected more than zero");
            Err(Error::malformed(model_config.file(), reason))
        }
        number => Ok(number),
    }
}

/// What each layer is by `layer_types`, one of two words; `None` where nothing is said.
fn layer_types(
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

/// Which layers attend to a window: `layer_types` where given, else `rule`.
fn sliding_layers(
    model_config: &ModelConfig,
    layers: usize,
    rule: impl Fn(usize) -> bool,
) -> Result<Vec<bool>> {
    let said = layer_types(model_config, layers, ["sliding_attention", "full_attention"])?;
    Ok(said.unwrap_or_else(|| (0..layers).map(rule).collect()))
}
