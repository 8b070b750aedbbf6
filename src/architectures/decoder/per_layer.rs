//! Per-layer embeddings (Gemma 3n and 4): a second, wide table of token embeddings, mixed with a
//! projection of the first one. Each layer adds its slice after its feed-forward layer. Reference:
//! `Gemma4TextModel` of `transformers`.

use candle_core::Tensor;

use super::reader::DecoderReader;
use crate::architectures::layers::{Activation, RmsNorm};
use crate::error::Result;
use crate::kernels::{Embedding, Linear, Phase, gated};

/// The per-layer embeddings of all layers.
pub(super) struct LayerInputs {
    embed_tokens: Embedding,
    projection: Linear,
    norm: RmsNorm,
    width: usize,
    hidden: usize,
}

impl LayerInputs {
    pub fn load(read: &DecoderReader<'_>, width: usize) -> Result<Self> {
        let (hidden, layers) = (read.config.hidden, read.config.layers.len());
        let table = "model.embed_tokens_per_layer.weight";
        let rows = read
            .checkpoint
            .find(table)?
            .and_then(|found| found.shape.first().copied())
            .unwrap_or(0);
        Ok(Self {
            embed_tokens: Embedding::new(
                read.checkpoint.tensor(table, &[rows, layers * width])?,
                read.device,
            )?,
            projection: read.linear("model.per_layer_model_projection", layers * width, hidden)?,
            norm: read.norm("model.per_layer_projection_norm", width)?,
            width,
            hidden,
        })
    }

    /// Token ids and their scaled embeddings `[tokens, hidden]` to `[tokens, layers, width]`.
    pub fn forward(&self, ids: &[u32], x: &Tensor, phase: Phase) -> candle_core::Result<Tensor> {
        let split = |x: Tensor| {
            let layers = x.dim(1)? / self.width;
            x.reshape((ids.len(), layers, self.width))
        };
        let own = split((self.embed_tokens.forward(ids)? * (self.width as f64).sqrt())?)?;
        let projected =
            split((self.projection.forward(x, phase)? * (self.hidden as f64).powf(-0.5))?)?;
        (self.norm.forward(&projected)? + own)? * 0.5f64.sqrt()
    }
}

/// The part of a layer that adds its slice to the residual stream.
pub(super) struct LayerInput {
    gate: Linear,
    projection: Linear,
    norm: RmsNorm,
    activation: Activation,
}

impl LayerInput {
    pub fn load(read: &DecoderReader<'_>, prefix: &str, width: usize) -> Result<Self> {
        let hidden = read.config.hidden;
        Ok(Self {
            gate: read.linear(&format!("{prefix}per_layer_input_gate"), width, hidden)?,
            projection: read.linear(&format!("{prefix}per_layer_projection"), hidden, width)?,
            norm: read.norm(&format!("{prefix}post_per_layer_input_norm"), hidden)?,
            activation: read.config.activation,
        })
    }

    /// Adds the layer's slice `[tokens, width]` to the residual stream `[tokens, hidden]`.
    pub fn forward(&self, x: &Tensor, input: &Tensor, phase: Phase) -> candle_core::Result<Tensor> {
        let chosen = gated(&self.gate.forward(x, phase)?, &input.contiguous()?, self.activation)?;
        x + self.norm.forward(&self.projection.forward(&chosen, phase)?)?
    }
}
