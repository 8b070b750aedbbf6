//! Layers of encoder–decoder networks.

use std::sync::Arc;

use candle_core::{Device, IndexOp, Result, Tensor};

use super::config::NormPlacement;
use super::positions::PositionTable;
use super::ssru::Ssru;
use crate::architectures::batch::Row;
use crate::architectures::layers::{GatedMlp, LayerNorm, RmsNorm};
use crate::architectures::ragged::{
    cross_attention, decoder_self_attention, encoder_self_attention,
};
use crate::architectures::state::{LayerCache, RecurrentState};
use crate::kernels::{
    Activation, Attention, Embedding, KvCache, Linear, Phase, RelativeBias, SequenceSlice,
    activated_layer, add, attend, log_sum_exp, shared_input,
};

/// A norm: with mean and bias (BART), or without (T5).
pub(super) enum Norm {
    Layer(LayerNorm),
    Rms(RmsNorm),
}

impl Norm {
    pub fn forward(&self, x: &Tensor) -> Result<Tensor> {
        match self {
            Self::Layer(norm) => norm.forward(x),
            Self::Rms(norm) => norm.forward(x),
        }
    }
}

/// The norm of a block, and its place.
pub(super) struct BlockNorm {
    pub norm: Norm,
    pub placement: NormPlacement,
}

impl BlockNorm {
    /// Runs a block that adds its output to the residual stream `x`. The block is given its input,
    /// normed or not, and the residual stream.
    fn around(
        &self,
        x: &Tensor,
        block: impl FnOnce(&Tensor, &Tensor) -> Result<Tensor>,
    ) -> Result<Tensor> {
        match self.placement {
            NormPlacement::Before => block(&self.norm.forward(x)?, x),
            NormPlacement::After => self.norm.forward(&block(x, x)?),
        }
    }
}

/// The embeddings of a stack: tokens, and positions unless attention has a relative bias.
pub(super) struct Embeddings {
    pub tokens: Embedding,
    /// Factor of the token embeddings.
    pub scale: f64,
    pub positions: Option<PositionTable>,
    pub norm: Option<Norm>,
    /// True if the first position has no token embedding.
    pub starts_empty: bool,
}

impl Embeddings {
    /// Token ids and their positions to `[tokens, width]`.
    pub fn forward(&self, ids: &[u32], positions: &[usize]) -> Result<Tensor> {
        let mut x = self.tokens.forward(ids)?;
        if self.scale != 1.0 {
            x = (x * self.scale)?;
        }
        if self.starts_empty && positions.contains(&0) {
            let factors = positions.iter().map(|at| if *at == 0 { 0f32 } else { 1.0 }).collect();
            x = x.broadcast_mul(&Tensor::from_vec(factors, (ids.len(), 1), x.device())?)?;
        }
        if let Some(table) = &self.positions {
            x = add(&x, &table.at(ids, positions)?)?;
        }
        match &self.norm {
            Some(norm) => norm.forward(&x),
            None => Ok(x),
        }
    }
}

pub(super) struct EncoderLayer {
    pub self_attn: AttentionBlock,
    pub mlp: FeedForwardBlock,
}

impl EncoderLayer {
    /// The residual stream `[tokens, width]` of all inputs to the same.
    pub fn forward(&self, x: &Tensor, inputs: &[&[u32]], phase: Phase) -> Result<Tensor> {
        let x =
            self.self_attn.forward_self(x, phase, |k, v| encoder_self_attention(k, v, inputs))?;
        self.mlp.forward(&x, phase)
    }
}

pub(super) struct DecoderLayer {
    pub history: History,
    pub encoder_attn: AttentionBlock,
    pub mlp: FeedForwardBlock,
}

impl DecoderLayer {
    /// The residual stream `[tokens, width]` of all rows to the same; `index` is that of the layer.
    pub fn forward(
        &self,
        x: &Tensor,
        rows: &mut [Row<'_>],
        index: usize,
        phase: Phase,
    ) -> Result<Tensor> {
        let x = self.remember(x, rows, index, phase)?;
        let x = self.encoder_attn.forward_cross(&x, &cross_attention(rows, index)?, phase)?;
        self.mlp.forward(&x, phase)
    }

    /// The attention of one row's new tokens to its encoder output, by the first head.
    pub fn attention(
        &self,
        x: &Tensor,
        rows: &mut [Row<'_>],
        index: usize,
        phase: Phase,
    ) -> Result<Vec<Vec<f32>>> {
        let x = self.remember(x, rows, index, phase)?;
        match &*cross_attention(rows, index)? {
            [slice] => self.encoder_attn.first_head(&x, &slice.cache, phase),
            slices => candle_core::bail!("{} encoder outputs in place of one", slices.len()),
        }
    }

    /// The part that knows the tokens before.
    fn remember(
        &self,
        x: &Tensor,
        rows: &mut [Row<'_>],
        index: usize,
        phase: Phase,
    ) -> Result<Tensor> {
        match &self.history {
            History::Attention(block) => {
                block.forward_self(x, phase, |k, v| decoder_self_attention(k, v, rows, index))
            }
            History::Recurrent { unit, norm } => {
                norm.around(x, |x, residual| unit.forward(x, residual, rows, index, phase))
            }
        }
    }
}

/// How a decoder layer knows the tokens before.
#[allow(clippy::large_enum_variant)]
pub(super) enum History {
    Attention(AttentionBlock),
    Recurrent { unit: Ssru, norm: BlockNorm },
}

impl History {
    /// What a layer keeps of a sequence without tokens.
    pub fn empty_cache(&self, device: &Device) -> Result<LayerCache> {
        Ok(match self {
            Self::Attention(AttentionBlock { shape, .. }) => {
                LayerCache::Attention(KvCache::new(shape.kv_heads, shape.head_dim, device)?)
            }
            Self::Recurrent { unit, .. } => LayerCache::Recurrent(RecurrentState::new(unit.width)),
        })
    }
}

/// An attention with its norm.
pub(super) struct AttentionBlock {
    pub q_proj: Linear,
    pub k_proj: Linear,
    pub v_proj: Linear,
    pub out_proj: Linear,
    pub shape: Attention,
    /// Bias by the distance of query and key (T5).
    pub bias: Option<Arc<RelativeBias>>,
    pub norm: BlockNorm,
}

impl AttentionBlock {
    /// Self-attention; `slices` is given the new keys and values, `[tokens, heads, head_dim]`.
    fn forward_self(
        &self,
        x: &Tensor,
        phase: Phase,
        slices: impl FnOnce(&Tensor, &Tensor) -> Result<Vec<SequenceSlice>>,
    ) -> Result<Tensor> {
        self.norm.around(x, |x, residual| {
            let [q, k, v] = shared_input(x, [&self.q_proj, &self.k_proj, &self.v_proj], phase)?;
            let slices = slices(&self.heads(&k)?, &self.heads(&v)?)?;
            self.attend(&self.heads(&q)?, &slices, residual, phase)
        })
    }

    /// Cross-attention to the keys and values of the slices.
    fn forward_cross(&self, x: &Tensor, slices: &[SequenceSlice], phase: Phase) -> Result<Tensor> {
        self.norm.around(x, |x, residual| {
            let q = self.heads(&self.q_proj.forward(x, phase)?)?;
            self.attend(&q, slices, residual, phase)
        })
    }

    /// The weights of the first head, for each query one of each key.
    fn first_head(&self, x: &Tensor, cache: &KvCache, phase: Phase) -> Result<Vec<Vec<f32>>> {
        let x = match self.norm.placement {
            NormPlacement::Before => &self.norm.norm.forward(x)?,
            NormPlacement::After => x,
        };
        let first = |x: &Tensor| x.i((.., 0))?.contiguous()?.to_vec2::<f32>();
        let queries = first(&self.heads(&self.q_proj.forward(x, phase)?)?)?;
        let keys = first(&cache.tensors()?.0)?;
        let weights = |query: Vec<f32>| {
            let product = |key: &Vec<f32>| key.iter().zip(&query).map(|(a, b)| a * b).sum::<f32>();
            let scores: Vec<f32> = keys.iter().map(|key| product(key) * self.shape.scale).collect();
            let log_sum = log_sum_exp(&scores);
            scores.into_iter().map(|score| (score - log_sum).exp()).collect()
        };
        Ok(queries.into_iter().map(weights).collect())
    }

    /// Keys and values for cross-attention of the encoder's output `[tokens, width]`.
    pub fn keys_and_values(&self, encoded: &Tensor, phase: Phase) -> Result<(Tensor, Tensor)> {
        let [k, v] = shared_input(encoded, [&self.k_proj, &self.v_proj], phase)?;
        Ok((self.heads(&k)?, self.heads(&v)?))
    }

    fn attend(
        &self,
        q: &Tensor,
        slices: &[SequenceSlice],
        residual: &Tensor,
        phase: Phase,
    ) -> Result<Tensor> {
        let attended = attend(&self.shape, self.bias.as_deref(), q, slices, phase)?;
        self.out_proj.forward_add(&attended, Some(residual), phase)
    }

    /// `[tokens, heads · head_dim]` to `[tokens, heads, head_dim]`.
    fn heads(&self, x: &Tensor) -> Result<Tensor> {
        x.reshape((x.dim(0)?, self.shape.heads, self.shape.head_dim))
    }
}

/// A feed-forward layer with its norm.
pub(super) struct FeedForwardBlock {
    pub mlp: FeedForward,
    pub norm: BlockNorm,
}

/// A feed-forward layer.
#[allow(clippy::large_enum_variant)]
pub(super) enum FeedForward {
    /// `down(act(up(x)))`.
    Plain { up: Linear, down: Linear, activation: Activation },
    /// `down(act(gate(x)) · up(x))`.
    Gated(GatedMlp),
}

impl FeedForwardBlock {
    fn forward(&self, x: &Tensor, phase: Phase) -> Result<Tensor> {
        self.norm.around(x, |x, residual| match &self.mlp {
            FeedForward::Plain { up, down, activation } => {
                let widened = activated_layer(x, up, *activation, phase)?;
                down.forward_add(&widened, Some(residual), phase)
            }
            FeedForward::Gated(mlp) => mlp.forward(x, Some(residual), phase),
        })
    }
}
