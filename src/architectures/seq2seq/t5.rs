//! The T5 family: T5 1.0 and 1.1 (FLAN, MADLAD), mT5 and UMT5.
//!
//! Paper: <https://arxiv.org/abs/1910.10683>. Unlike BART it has norms without mean and bias, no
//! matrix biases, unscaled attention scores, and a relative position bias instead of position
//! embeddings.

use std::sync::Arc;

use super::config::{NormPlacement, T5Config};
use super::layers::{
    AttentionBlock, BlockNorm, DecoderLayer, Embeddings, EncoderLayer, FeedForward,
    FeedForwardBlock, History, Norm,
};
use super::network::{DecoderStack, Encoder, EncoderDecoder, Head};
use super::relative_bias;
use crate::architectures::layers::GatedMlp;
use crate::architectures::tensors::Tensors;
use crate::architectures::{Architecture, Loaded, Setup};
use crate::checkpoint::{Checkpoint, Key, ModelConfig};
use crate::error::Result;
use crate::kernels::{Attention, Embedding, Linear, Mask, RelativeBias, Weight};

pub(in crate::architectures) const ARCHITECTURE: Architecture =
    Architecture { names: &["t5", "mt5", "umt5"], load };

/// Maximum number of tokens. Relative positions never run out; this is many times the length of
/// the training texts.
const MAX_CONTEXT: usize = 16_384;
/// Tokens of the training texts, if the config names no `n_positions`.
const DEFAULT_CONTEXT: usize = 512;

fn load(setup: &Setup<'_>) -> Result<Loaded> {
    let checkpoint = setup.checkpoint;
    let model_config = &checkpoint.config;
    let config = T5Config::read(checkpoint)?;
    let table = table(checkpoint, config.width)?;
    let vocabulary = table.shape[0];
    let output = checkpoint.find("lm_head.weight")?;
    let is_scaled = scales_output(model_config, &config, &table, output.as_ref());
    let lm_head = match output {
        Some(_) => checkpoint.tensor("lm_head.weight", &[vocabulary, config.width])?,
        None => table.clone(),
    };
    let scale = if is_scaled { (config.width as f32).powf(-0.5) } else { 1.0 };
    let tensors = Tensors { checkpoint, device: setup.device, precision: setup.precision };
    let read = T5Reader { tensors, config: &config };
    let network = EncoderDecoder {
        device: setup.device.clone(),
        context: MAX_CONTEXT,
        encoder_vocabulary: vocabulary,
        encoder: Encoder {
            embeddings: read.embeddings(table.clone())?,
            layers: read.encoder_layers()?,
            norm: Some(read.norm("encoder.final_layer_norm")?),
        },
        decoder: DecoderStack {
            embeddings: read.embeddings(table)?,
            layers: read.decoder_layers()?,
            norm: Some(read.norm("decoder.final_layer_norm")?),
        },
        head: Head {
            vocabulary,
            lm_head: Linear::new(lm_head, None, setup.precision, setup.device)?,
            scale: Some(f64::from(scale)),
            bias: None,
        },
        alignment_layer: None,
    };
    // Longer inputs are possible, but the model was not trained for them.
    let context = model_config.count_or(
        Key::both("n_positions", "context_length"),
        MAX_CONTEXT,
        DEFAULT_CONTEXT,
    )?;
    let encoder_vocabulary = Some(vocabulary);
    Ok(Loaded { network: Box::new(network), context, vocabulary, encoder_vocabulary })
}

/// The embedding table of both stacks, by any of its names.
fn table(checkpoint: &Checkpoint, width: usize) -> Result<Weight> {
    let names = ["shared.weight", "decoder.embed_tokens.weight", "encoder.embed_tokens.weight"];
    for name in names {
        if let Some(weight) = checkpoint.find(name)? {
            let rows = weight.shape.first().copied().unwrap_or(0);
            return checkpoint.tensor(name, &[rows, width]);
        }
    }
    // The error names the missing tensor.
    checkpoint.tensor(names[0], &[0, width])
}

/// True if the input of the output matrix is scaled by `1/√width`: if it is tied to the embedding
/// table.
///
/// GGUF files do not say. llama.cpp never scales, and neither does its converter, so its
/// probabilities differ from those of the reference, which is followed here. A file without an
/// output matrix is tied, and one with a copy of the table, which the converter writes for weights
/// in PyTorch's own format. A model without gates is T5 1.0 and tied, even if its quantized copy
/// differs.
fn scales_output(
    model_config: &ModelConfig,
    config: &T5Config,
    table: &Weight,
    output: Option<&Weight>,
) -> bool {
    if model_config.is_gguf() {
        return output.is_none_or(|output| !config.gated || *output.bytes == *table.bytes);
    }
    model_config
        .get(Key::json("scale_decoder_outputs"))
        .or_else(|| model_config.get(Key::json("tie_word_embeddings")))
        .and_then(|value| value.as_bool())
        .unwrap_or(model_config.architecture() == "t5" && output.is_none())
}

/// Reads the parts of both stacks.
struct T5Reader<'a> {
    tensors: Tensors<'a>,
    config: &'a T5Config,
}

impl T5Reader<'_> {
    fn embeddings(&self, table: Weight) -> Result<Embeddings> {
        let tokens = Embedding::new(table, self.tensors.device)?;
        Ok(Embeddings { tokens, scale: 1.0, positions: None, norm: None, starts_empty: false })
    }

    fn norm(&self, name: &str) -> Result<Norm> {
        let T5Config { width, epsilon, .. } = *self.config;
        Ok(Norm::Rms(self.tensors.rms_norm(name, width, epsilon, 0.0)?))
    }

    /// The norm before the block with a prefix.
    fn block_norm(&self, prefix: &str) -> Result<BlockNorm> {
        let norm = self.norm(&format!("{prefix}.layer_norm"))?;
        Ok(BlockNorm { norm, placement: NormPlacement::Before })
    }

    fn encoder_layers(&self) -> Result<Vec<EncoderLayer>> {
        let mut layers = Vec::with_capacity(self.config.encoder_layers);
        let mut bias = None;
        for index in 0..self.config.encoder_layers {
            let prefix = format!("encoder.block.{index}");
            let own = self.bias(&prefix, true, &mut bias)?;
            layers.push(EncoderLayer {
                self_attn: self.attention(&prefix, 0, "SelfAttention", Mask::Full, Some(own))?,
                mlp: self.feed_forward(&format!("{prefix}.layer.1"))?,
            });
        }
        Ok(layers)
    }

    fn decoder_layers(&self) -> Result<Vec<DecoderLayer>> {
        let mut layers = Vec::with_capacity(self.config.decoder_layers);
        let mut bias = None;
        for index in 0..self.config.decoder_layers {
            let prefix = format!("decoder.block.{index}");
            let own = self.bias(&prefix, false, &mut bias)?;
            layers.push(DecoderLayer {
                history: History::Attention(self.attention(
                    &prefix,
                    0,
                    "SelfAttention",
                    Mask::Causal,
                    Some(own),
                )?),
                encoder_attn: self.attention(&prefix, 1, "EncDecAttention", Mask::Full, None)?,
                mlp: self.feed_forward(&format!("{prefix}.layer.2"))?,
            });
        }
        Ok(layers)
    }

    /// The bias of a block: its own, or that of the first block, which is kept in `first`.
    fn bias(
        &self,
        prefix: &str,
        bidirectional: bool,
        first: &mut Option<Arc<RelativeBias>>,
    ) -> Result<Arc<RelativeBias>> {
        if let Some(first) = first
            && !self.config.bias_in_every_layer
        {
            return Ok(first.clone());
        }
        let own = Arc::new(relative_bias::load(&self.tensors, self.config, prefix, bidirectional)?);
        Ok(first.insert(own).clone())
    }

    fn attention(
        &self,
        prefix: &str,
        part: usize,
        name: &str,
        mask: Mask,
        bias: Option<Arc<RelativeBias>>,
    ) -> Result<AttentionBlock> {
        let T5Config { width, heads, head_dim, .. } = *self.config;
        let prefix = format!("{prefix}.layer.{part}");
        let linear = |part: &str| {
            self.tensors.linear(&format!("{prefix}.{name}.{part}"), heads * head_dim, width)
        };
        let out_proj =
            self.tensors.linear(&format!("{prefix}.{name}.o"), width, heads * head_dim)?;
        Ok(AttentionBlock {
            q_proj: linear("q")?,
            k_proj: linear("k")?,
            v_proj: linear("v")?,
            shape: Attention {
                heads,
                kv_heads: heads,
                head_dim,
                scale: 1.0,
                softcap: None,
                mask,
                allows_bf16: out_proj.uses_bf16(),
            },
            out_proj,
            bias,
            norm: self.block_norm(&prefix)?,
        })
    }

    fn feed_forward(&self, prefix: &str) -> Result<FeedForwardBlock> {
        let T5Config { width, feed_forward, activation, .. } = *self.config;
        let linear = |part: &str, outputs: usize, inputs: usize| {
            self.tensors.linear(&format!("{prefix}.DenseReluDense.{part}"), outputs, inputs)
        };
        let down = linear("wo", width, feed_forward)?;
        let mlp = if self.config.gated {
            let gate = linear("wi_0", feed_forward, width)?;
            let up = linear("wi_1", feed_forward, width)?;
            FeedForward::Gated(GatedMlp { gate, up, down, activation })
        } else {
            FeedForward::Plain { up: linear("wi", feed_forward, width)?, down, activation }
        };
        Ok(FeedForwardBlock { mlp, norm: self.block_norm(prefix)? })
    }
}
