//! What the hyper-parameters of the BART family mean. What differs between its members is decided
//! by `model_type` alone; keys of old configs that look as if they said it (`normalize_before`,
//! `add_final_layer_norm` and so on) are not read by the reference either.

use crate::checkpoint::{Checkpoint, Key};
use crate::error::{Error, Result};
use crate::kernels::Activation;

/// What makes one member of the family different from another.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Config {
    /// Width of both stacks.
    pub width: usize,
    pub encoder: Stack,
    pub decoder: Stack,
    /// The most positions of a source, and of a text.
    pub context: usize,
    pub activation: Activation,
    pub scales_embeddings: bool,
    /// Whether a norm stands before each part of a layer and not after it.
    pub norms_first: bool,
    /// Whether embeddings are normalised.
    pub norms_embeddings: bool,
    /// Whether the stacks end with a norm.
    pub norms_last: bool,
    pub positions: Kind,
    /// The token that fills up rows, in the reference.
    pub padding: u32,
    /// Whether a table that is not there is another one.
    pub shares_tables: bool,
}

/// Layers that are alike.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Stack {
    pub layers: usize,
    pub heads: usize,
    pub feed_forward: usize,
}

/// How positions are told.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    /// By a learned table, from its third row on.
    Learned,
    /// By sines and cosines, or a table of them.
    Sinusoidal,
    /// By others, from the third row on.
    SinusoidalShifted,
}

/// A member: its name, whether it normalises first, its embeddings, at the end; its positions, what
/// it takes for granted.
type Member = (&'static str, bool, bool, bool, Kind, Activation, bool);

const MEMBERS: &[Member] = &[
    ("marian", false, false, false, Kind::Sinusoidal, Activation::Gelu, false),
    ("bart", false, true, false, Kind::Learned, Activation::Gelu, false),
    ("mbart", true, true, true, Kind::Learned, Activation::Gelu, false),
    ("m2m_100", true, false, true, Kind::SinusoidalShifted, Activation::Relu, true),
    ("pegasus", true, false, true, Kind::Sinusoidal, Activation::Gelu, false),
];

/// Their names.
pub(in crate::architectures) const NAMES: &[&str] =
    &["marian", "bart", "mbart", "m2m_100", "pegasus"];

const MAX_LAYERS: usize = 512;
const MAX_WIDTH: usize = 1 << 20;
const MAX_CONTEXT: usize = 1 << 20;

impl Config {
    pub fn read(checkpoint: &Checkpoint) -> Result<Self> {
        let model_config = &checkpoint.config;
        let name = model_config.architecture();
        let member = MEMBERS.iter().find(|member| member.0 == name);
        let Some((_, norms_first, norms_embeddings, norms_last, positions, activation, scales)) =
            member
        else {
            return Err(
                model_config.unsupported(format!("architecture `{name}`"), NAMES.join(", "))
            );
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
        let stack = |side: &str| -> Result<Stack> {
            let count = |key: &str, most: usize, default: usize| {
                model_config.count_or(Key::json(&format!("{side}_{key}")), most, default)
            };
            let stack = Stack {
                layers: count("layers", MAX_LAYERS, 12)?,
                heads: count("attention_heads", MAX_WIDTH, 16)?,
                feed_forward: count("ffn_dim", MAX_WIDTH, 4096)?,
            };
            if width % stack.heads != 0 {
                let reason =
                    format!("{} {side} heads do not divide a width of {width}", stack.heads);
                return Err(Error::malformed(model_config.file(), reason));
            }
            Ok(stack)
        };
        let activation = match model_config.word(Key::json("activation_function")) {
            None => *activation,
            Some("gelu") => Activation::Gelu,
            Some("relu") => Activation::Relu,
            Some("swish" | "silu") => Activation::Silu,
            Some("gelu_new" | "gelu_pytorch_tanh") => Activation::GeluTanh,
            Some(other) => {
                let known = "gelu, relu, swish, silu, gelu_new";
                return Err(model_config.unsupported(format!("activation `{other}`"), known));
            }
        };
        Ok(Self {
            width,
            encoder: stack("encoder")?,
            decoder: stack("decoder")?,
            context: model_config.count_or(
                Key::json("max_position_embeddings"),
                MAX_CONTEXT,
                1024,
            )?,
            activation,
            scales_embeddings: flag("scale_embedding").unwrap_or(*scales),
            norms_first: *norms_first,
            norms_embeddings: *norms_embeddings,
            norms_last: *norms_last,
            positions: *positions,
            padding: model_config
                .get(Key::json("pad_token_id"))
                .and_then(|v| v.as_u64())
                .unwrap_or(1) as u32,
            shares_tables: flag("share_encoder_decoder_embeddings").unwrap_or(true),
        })
    }
}
