//! Hyper-parameters of the BART and T5 families.

use crate::architectures::bounds::{MAX_LAYERS, MAX_WIDTH};
use crate::checkpoint::{Checkpoint, Key, ModelConfig};
use crate::error::{Error, Result};
use crate::kernels::Activation;

/// Maximum number of positions of a BART.
const MAX_POSITIONS: usize = 1 << 20;

/// A member of the BART family.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct BartConfig {
    /// Width of both stacks.
    pub width: usize,
    pub encoder: StackSize,
    pub decoder: StackSize,
    /// Maximum number of positions of an encoder input, and of a text.
    pub context: usize,
    pub activation: Activation,
    /// True if token embeddings are multiplied by `√width`.
    pub scales_embeddings: bool,
    pub norm_placement: NormPlacement,
    /// True if embeddings are normed.
    pub norms_embeddings: bool,
    /// True if each stack ends with a norm.
    pub norms_output: bool,
    pub positions: PositionKind,
    pub pad_token_id: u32,
    /// True if embedding tables may replace each other if one is missing.
    pub shares_tables: bool,
    /// Epsilon of every norm; no config names it.
    pub epsilon: f64,
    /// True if the first step of a text has no token embedding, whatever its token is.
    pub starts_empty: bool,
    /// True if simple recurrent units stand in place of the decoder's self-attention.
    pub recurrent_decoder: bool,
    /// The decoder layer whose first head was trained to align an output with its source.
    pub alignment_layer: Option<usize>,
}

/// Sizes of a stack of equal layers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct StackSize {
    pub layers: usize,
    pub heads: usize,
    pub feed_forward: usize,
}

/// Position of a block's norm.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum NormPlacement {
    /// `x + block(norm(x))`.
    Before,
    /// `norm(x + block(x))`.
    After,
}

/// Position embeddings.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum PositionKind {
    /// A learned table, used from its third row on.
    Learned,
    /// Sines and cosines, computed or stored.
    Sinusoidal,
    /// Sines and cosines with another divisor, used from the third row on.
    SinusoidalShifted,
    /// The same, used from the first row on.
    SinusoidalUnshifted,
}

/// Properties of a member of the BART family that follow from its `model_type`. Keys of old configs
/// that look as if they named them (`normalize_before`, `add_final_layer_norm`, …) are ignored by
/// the reference too.
pub(super) struct Member {
    pub model_type: &'static str,
    norm_placement: NormPlacement,
    norms_embeddings: bool,
    norms_output: bool,
    positions: PositionKind,
    /// Unless the config names another.
    activation: Activation,
    /// Unless the config says otherwise.
    scales_embeddings: bool,
    epsilon: f64,
    starts_empty: bool,
}

/// The BART family.
pub(super) const MEMBERS: [Member; 6] = [
    Member {
        model_type: "marian",
        norm_placement: NormPlacement::After,
        norms_embeddings: false,
        norms_output: false,
        positions: PositionKind::Sinusoidal,
        activation: Activation::Gelu,
        scales_embeddings: false,
        epsilon: 1e-5,
        starts_empty: false,
    },
    Member {
        // Marian's own folders, students among them.
        model_type: "marian-student",
        norm_placement: NormPlacement::After,
        norms_embeddings: false,
        norms_output: false,
        positions: PositionKind::SinusoidalUnshifted,
        activation: Activation::Relu,
        scales_embeddings: true,
        epsilon: 1e-6,
        starts_empty: true,
    },
    Member {
        model_type: "bart",
        norm_placement: NormPlacement::After,
        norms_embeddings: true,
        norms_output: false,
        positions: PositionKind::Learned,
        activation: Activation::Gelu,
        scales_embeddings: false,
        epsilon: 1e-5,
        starts_empty: false,
    },
    Member {
        model_type: "mbart",
        norm_placement: NormPlacement::Before,
        norms_embeddings: true,
        norms_output: true,
        positions: PositionKind::Learned,
        activation: Activation::Gelu,
        scales_embeddings: false,
        epsilon: 1e-5,
        starts_empty: false,
    },
    Member {
        model_type: "m2m_100",
        norm_placement: NormPlacement::Before,
        norms_embeddings: false,
        norms_output: true,
        positions: PositionKind::SinusoidalShifted,
        activation: Activation::Relu,
        scales_embeddings: true,
        epsilon: 1e-5,
        starts_empty: false,
    },
    Member {
        model_type: "pegasus",
        norm_placement: NormPlacement::Before,
        norms_embeddings: false,
        norms_output: true,
        positions: PositionKind::Sinusoidal,
        activation: Activation::Gelu,
        scales_embeddings: false,
        epsilon: 1e-5,
        starts_empty: false,
    },
];

/// The `model_type` of each member.
pub(super) const BART_NAMES: [&str; MEMBERS.len()] = {
    let mut names = [""; MEMBERS.len()];
    let mut index = 0;
    while index < MEMBERS.len() {
        names[index] = MEMBERS[index].model_type;
        index += 1;
    }
    names
};

impl BartConfig {
    pub fn read(checkpoint: &Checkpoint) -> Result<Self> {
        let model_config = &checkpoint.config;
        let name = model_config.architecture();
        let Some(member) = MEMBERS.iter().find(|member| member.model_type == name) else {
            let known = BART_NAMES.join(", ");
            return Err(model_config.unsupported(format!("architecture `{name}`"), known));
        };
        let flag = |key: &str| model_config.get(Key::json(key)).and_then(|v| v.as_bool());
        if flag("is_encoder_decoder") == Some(false) {
            return Err(model_config
                .unsupported("a decoder without an encoder (is_encoder_decoder)", "both"));
        }
        let width = match model_config.get(Key::json("d_model")) {
            Some(_) => model_config.count(Key::json("d_model"), MAX_WIDTH)?,
            None => model_config.count_or(Key::json("hidden_size"), MAX_WIDTH, 1024)?,
        };
        let pad_token_id =
            model_config.get(Key::json("pad_token_id")).and_then(|v| v.as_u64()).unwrap_or(1);
        Ok(Self {
            width,
            encoder: StackSize::read(model_config, "encoder", width)?,
            decoder: StackSize::read(model_config, "decoder", width)?,
            context: model_config.count_or(
                Key::json("max_position_embeddings"),
                MAX_POSITIONS,
                1024,
            )?,
            activation: bart_activation(model_config)?.unwrap_or(member.activation),
            scales_embeddings: flag("scale_embedding").unwrap_or(member.scales_embeddings),
            norm_placement: member.norm_placement,
            norms_embeddings: member.norms_embeddings,
            norms_output: member.norms_output,
            positions: member.positions,
            pad_token_id: pad_token_id as u32,
            shares_tables: flag("share_encoder_decoder_embeddings").unwrap_or(true),
            epsilon: member.epsilon,
            starts_empty: member.starts_empty,
            recurrent_decoder: flag("recurrent_decoder").unwrap_or(false),
            alignment_layer: model_config
                .get(Key::json("alignment_layer"))
                .and_then(|value| value.as_u64())
                .map(|layer| layer as usize),
        })
    }
}

impl StackSize {
    /// The sizes of the stack whose keys begin with `side`.
    fn read(model_config: &ModelConfig, side: &str, width: usize) -> Result<Self> {
        let count = |key: &str, max: usize, default: usize| {
            model_config.count_or(Key::json(&format!("{side}_{key}")), max, default)
        };
        let size = Self {
            layers: count("layers", MAX_LAYERS, 12)?,
            heads: count("attention_heads", MAX_WIDTH, 16)?,
            feed_forward: count("ffn_dim", MAX_WIDTH, 4096)?,
        };
        if !width.is_multiple_of(size.heads) {
            let reason = format!("{} {side} heads do not divide a width of {width}", size.heads);
            return Err(Error::malformed(model_config.file(), reason));
        }
        Ok(size)
    }
}

fn bart_activation(model_config: &ModelConfig) -> Result<Option<Activation>> {
    Ok(Some(match model_config.string(Key::json("activation_function")) {
        None => return Ok(None),
        Some("gelu") => Activation::Gelu,
        Some("relu") => Activation::Relu,
        Some("swish" | "silu") => Activation::Silu,
        Some("gelu_new" | "gelu_pytorch_tanh") => Activation::GeluTanh,
        Some(other) => {
            let known = "gelu, relu, swish, silu, gelu_new";
            return Err(model_config.unsupported(format!("activation `{other}`"), known));
        }
    }))
}

/// A member of the T5 family.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct T5Config {
    pub width: usize,
    pub heads: usize,
    pub head_dim: usize,
    pub feed_forward: usize,
    pub encoder_layers: usize,
    pub decoder_layers: usize,
    pub epsilon: f64,
    pub activation: Activation,
    pub gated: bool,
    /// Number of relative-position buckets.
    pub buckets: usize,
    /// Distance from which on the bias is constant.
    pub max_distance: usize,
    /// True if each layer has its own bias (UMT5), false if all use that of the first one.
    pub bias_in_every_layer: bool,
}

impl T5Config {
    pub fn read(checkpoint: &Checkpoint) -> Result<Self> {
        let model_config = &checkpoint.config;
        // A config.json leaves out values of the smallest T5 1.0, a GGUF file nothing.
        let count = |json: &str, gguf: &str, max: usize, default: usize| {
            if model_config.is_gguf() {
                model_config.count(Key::both(json, gguf), max)
            } else {
                model_config.count_or(Key::both(json, gguf), max, default)
            }
        };
        let size = |json: &str, gguf: &str, default: usize| count(json, gguf, MAX_WIDTH, default);
        let encoder_layers = count("num_layers", "block_count", MAX_LAYERS, 6)?;
        let decoder_layers = model_config.count_or(
            Key::both("num_decoder_layers", "decoder_block_count"),
            MAX_LAYERS,
            encoder_layers,
        )?;
        let epsilon = model_config
            .number(Key::both("layer_norm_epsilon", "attention.layer_norm_rms_epsilon"))?;
        let (gated, activation) = t5_activation(checkpoint)?;
        let config = Self {
            width: size("d_model", "embedding_length", 512)?,
            heads: size("num_heads", "attention.head_count", 8)?,
            head_dim: size("d_kv", "attention.key_length", 64)?,
            feed_forward: size("d_ff", "feed_forward_length", 2048)?,
            encoder_layers,
            decoder_layers,
            epsilon: epsilon.unwrap_or(1e-6),
            activation,
            gated,
            buckets: size(
                "relative_attention_num_buckets",
                "attention.relative_buckets_count",
                32,
            )?,
            // No GGUF key: llama.cpp supports 128 only.
            max_distance: model_config.count_or(
                Key::json("relative_attention_max_distance"),
                MAX_WIDTH,
                128,
            )?,
            bias_in_every_layer: bias_in_every_layer(checkpoint)?,
        };
        if config.buckets < 4 || config.max_distance <= config.buckets / 2 {
            let (buckets, distance) = (config.buckets, config.max_distance);
            let reason = format!("{buckets} buckets for distances of up to {distance}");
            return Err(Error::malformed(model_config.file(), reason));
        }
        Ok(config)
    }
}

/// True if the feed-forward layers are gated, and their activation. A GGUF file names neither; as
/// in llama.cpp (`src/models/t5.cpp`) the gate's tensor decides, and gated layers use GELU.
fn t5_activation(checkpoint: &Checkpoint) -> Result<(bool, Activation)> {
    let model_config = &checkpoint.config;
    if model_config.is_gguf() {
        let gate = checkpoint.find("encoder.block.0.layer.1.DenseReluDense.wi_0.weight")?;
        return Ok(match gate {
            Some(_) => (true, Activation::GeluTanh),
            None => (false, Activation::Relu),
        });
    }
    let words = model_config.string(Key::json("feed_forward_proj")).unwrap_or("relu");
    let (gated, name) = match words.strip_prefix("gated-") {
        Some(name) => (true, name),
        None => (false, words),
    };
    let activation = match name {
        "relu" => Activation::Relu,
        // In the gated form `gelu` means the tanh approximation.
        "gelu" if gated => Activation::GeluTanh,
        "gelu" => Activation::Gelu,
        "gelu_new" => Activation::GeluTanh,
        "silu" | "swish" => Activation::Silu,
        _ => {
            let known = "relu, gelu, gelu_new, silu, each also gated";
            return Err(model_config.unsupported(format!("activation `{words}`"), known));
        }
    };
    Ok((gated, activation))
}

/// GGUF files of UMT5 name the architecture `t5`, so the tensors decide.
fn bias_in_every_layer(checkpoint: &Checkpoint) -> Result<bool> {
    if !checkpoint.config.is_gguf() {
        return Ok(checkpoint.config.architecture() == "umt5");
    }
    let of_second = |stack: &str| checkpoint.find(&bias_name(&format!("{stack}.block.1")));
    Ok(of_second("encoder")?.or(of_second("decoder")?).is_some())
}

/// Tensor name of the relative position bias of the block with a prefix.
pub(super) fn bias_name(prefix: &str) -> String {
    format!("{prefix}.layer.0.SelfAttention.relative_attention_bias.weight")
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Defaults of the classes `MarianConfig`, `BartConfig`, … of `transformers`.
    #[test]
    fn a_config_that_names_no_scale_gets_the_default_of_its_class() {
        for (fixture, expected) in [
            ("marian-shared", false),
            ("bart-large", false),
            ("mbart-50", false),
            ("m2m100", true),
            ("pegasus", false),
        ] {
            let fixture = std::path::Path::new(env!("CARGO_MANIFEST_DIR"))
                .join("tests/fixtures/seq2seq")
                .join(fixture);
            let folder = tempfile::tempdir().unwrap();
            for file in std::fs::read_dir(&fixture).unwrap().flatten() {
                std::fs::copy(file.path(), folder.path().join(file.file_name())).unwrap();
            }
            let path = folder.path().join("config.json");
            let mut config: serde_json::Map<String, serde_json::Value> =
                serde_json::from_slice(&std::fs::read(&path).unwrap()).unwrap();
            config.remove("scale_embedding");
            std::fs::write(&path, serde_json::to_vec(&config).unwrap()).unwrap();
            let config = BartConfig::read(&Checkpoint::open(folder.path()).unwrap()).unwrap();
            assert_eq!(config.scales_embeddings, expected, "{}", fixture.display());
        }
    }
}
