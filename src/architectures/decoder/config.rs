//! Properties of a decoder-only network, as the families read them from checkpoints.

use crate::architectures::layers::{Activation, Rope};

/// Everything that distinguishes one decoder from another.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct DecoderConfig {
    /// Width of the residual stream.
    pub hidden: usize,
    /// Maximum number of positions.
    pub context: usize,
    pub norm_epsilon: f64,
    /// Added to norm weights as they are loaded (some checkpoints store them minus one).
    pub norm_offset: f64,
    /// Activation of the feed-forward layers.
    pub activation: Activation,
    /// Factor of the token embeddings.
    pub embedding_scale: f64,
    /// Factor of the output of each block before it is added to the residual stream.
    pub residual_scale: f64,
    /// Soft cap of the logits: `cap · tanh(x / cap)`.
    pub logit_cap: Option<f64>,
    /// Factor of the logits.
    pub logit_scale: f64,
    /// Properties that all attention layers share.
    pub attention: AttentionForm,
    pub names: Names,
    /// True if the output matrix is the embedding table.
    pub tied: bool,
    /// The different rotary embeddings; layers refer to them by index.
    pub ropes: Vec<Rope>,
    pub layers: Vec<LayerKind>,
    /// Width of the per-layer embeddings (Gemma 4).
    pub layer_inputs: Option<usize>,
}

impl DecoderConfig {
    /// The attention layers with their indices.
    pub fn attention_layers(&mut self) -> impl Iterator<Item = (usize, &mut Heads)> {
        self.layers.iter_mut().enumerate().filter_map(|(index, layer)| match &mut layer.mixer {
            MixerKind::Attention(heads) => Some((index, heads)),
            _ => None,
        })
    }

    /// Gives the layers that are sliding a window of `window` tokens.
    pub fn set_windows(&mut self, sliding: &[bool], window: usize) {
        for (index, heads) in self.attention_layers() {
            heads.window = sliding[index].then_some(window);
        }
    }
}

/// Properties that all attention layers share.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct AttentionForm {
    /// Factor of the scores.
    pub scale: f64,
    /// Soft cap of the scores.
    pub cap: Option<f64>,
    /// Norms of queries and keys, per head.
    pub norms: Option<QueryKeyNorm>,
    /// True if values are normed, without a weight.
    pub values_normed: bool,
    /// True if the query matrix also produces, after each head's query, a gate of its output.
    pub gated: bool,
    /// True if queries, keys and values come from one matrix, `qkv_proj`.
    pub fused: bool,
}

/// Norms of queries and keys.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct QueryKeyNorm {
    /// True if they come after the rotary embedding, not before it.
    pub after_rotation: bool,
    /// Tensor names of the queries' and the keys' norm.
    pub names: [&'static str; 2],
}

/// Tensor names that differ between families.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Names {
    /// Norms before and after the mixer of a layer.
    pub mixer_norms: [Option<&'static str>; 2],
    /// Norms before and after the feed-forward layer.
    pub feed_forward_norms: [Option<&'static str>; 2],
    /// The output matrix of attention.
    pub attention_out: &'static str,
    /// The matrices of the feed-forward layer.
    pub feed_forward: FeedForwardNames,
    /// The norm before the output matrix.
    pub last_norm: &'static str,
}

/// Tensor names of a feed-forward layer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum FeedForwardNames {
    /// Gate, up and down.
    Three([&'static str; 3]),
    /// Gate and up in one matrix, and down.
    Two([&'static str; 2]),
}

/// Properties of a layer.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct LayerKind {
    pub mixer: MixerKind,
    /// Width of the feed-forward layer.
    pub feed_forward: usize,
}

/// The part of a layer that mixes tokens.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum MixerKind {
    Attention(Heads),
    /// A convolution over `kernel` tokens.
    ShortConv {
        kernel: usize,
        /// True if it has a bias.
        biased: bool,
    },
    DeltaNet(DeltaShape),
}

/// The heads of an attention layer.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Heads {
    /// Number of query heads.
    pub heads: usize,
    /// Number of key and value heads.
    pub kv_heads: usize,
    /// Size of a head.
    pub head_dim: usize,
    /// Index into [`DecoderConfig::ropes`]; `None` without rotary embedding.
    pub rope: Option<usize>,
    /// Number of keys a query attends to, its own included; `None` for all.
    pub window: Option<usize>,
    pub kv_source: KvSource,
}

/// Keys and values of an attention layer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum KvSource {
    /// Its own.
    Own,
    /// Its own keys, which are also its values before norm and rotation.
    KeysAsValues,
    /// Those of an earlier layer, by its index.
    SharedWith(usize),
}

/// The heads of a gated delta net.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct DeltaShape {
    /// Number of query and key heads.
    pub key_heads: usize,
    /// Size of a query or key head.
    pub key_dim: usize,
    /// Number of value heads: a multiple of the key heads.
    pub value_heads: usize,
    /// Size of a value head.
    pub value_dim: usize,
    /// Tokens of the convolution before it.
    pub kernel: usize,
    /// True if value head `i` uses key head `i % key_heads` (llama.cpp's files), false if
    /// consecutive value heads share a key head.
    pub tiled: bool,
}

impl DeltaShape {
    /// Width of all keys.
    pub fn keys(&self) -> usize {
        self.key_heads * self.key_dim
    }

    /// Width of all values.
    pub fn values(&self) -> usize {
        self.value_heads * self.value_dim
    }

    /// The key head of a value head.
    pub fn key_head(&self, value_head: usize) -> usize {
        if self.tiled {
            value_head % self.key_heads
        } else {
            value_head / (self.value_heads / self.key_heads)
        }
    }
}
