//! The BART family: Marian (and its students), BART (and KoBART), mBART, M2M100 (and NLLB) and
//! Pegasus.
//!
//! Papers: <https://arxiv.org/abs/1910.13461> (BART), <https://arxiv.org/abs/2001.08210> (mBART),
//! <https://arxiv.org/abs/2010.11125> (M2M100), <https://arxiv.org/abs/2207.04672> (NLLB),
//! <https://arxiv.org/abs/1912.08777> (Pegasus), <https://aclanthology.org/P18-4020> (Marian).

use super::config::{BART_NAMES, BartConfig, StackSize};
use super::layers::{
    AttentionBlock, BlockNorm, DecoderLayer, Embeddings, EncoderLayer, FeedForward,
    FeedForwardBlock, History, Norm,
};
use super::network::{DecoderStack, Encoder, EncoderDecoder, Head};
use super::positions::PositionTable;
use super::ssru::Ssru;
use crate::architectures::tensors::Tensors;
use crate::architectures::{Architecture, Loaded, Setup};
use crate::checkpoint::Checkpoint;
use crate::error::{Error, Result};
use crate::kernels::{Attention, Embedding, Linear, Mask, Weight};

pub(in crate::architectures) const ARCHITECTURE: Architecture =
    Architecture { names: &BART_NAMES, load };

fn load(setup: &Setup<'_>) -> Result<Loaded> {
    let checkpoint = setup.checkpoint;
    let config = BartConfig::read(checkpoint)?;
    let encoder_table = table(checkpoint, &config, "model.encoder.embed_tokens.weight")?;
    let decoder_table = table(checkpoint, &config, "model.decoder.embed_tokens.weight")?;
    let output = match checkpoint.find("lm_head.weight")? {
        // A decoder with a vocabulary of its own never uses the encoder's table.
        Some(_) => table(checkpoint, &config, "lm_head.weight")?,
        None => decoder_table.clone(),
    };
    let (encoder_vocabulary, vocabulary) = (encoder_table.shape[0], output.shape[0]);
    if decoder_table.shape[0] != vocabulary {
        let reason =
            format!("has {vocabulary} rows, the decoder's table has {}", decoder_table.shape[0]);
        let file = checkpoint.path().to_path_buf();
        return Err(Error::Tensor { name: "lm_head.weight".into(), file, reason });
    }
    let tensors = Tensors { checkpoint, device: setup.device, precision: setup.precision };
    let read = BartReader { tensors, config: &config };
    let bias = match checkpoint.find("final_logits_bias")? {
        Some(_) => Some(tensors.floats("final_logits_bias", vocabulary)?),
        None => None,
    };
    let context = config.context;
    let network = EncoderDecoder {
        device: setup.device.clone(),
        context,
        encoder_vocabulary,
        encoder: Encoder {
            embeddings: read.embeddings("encoder", encoder_table)?,
            layers: (0..config.encoder.layers)
                .map(|index| read.encoder_layer(index))
                .collect::<Result<_>>()?,
            norm: read.output_norm("encoder")?,
        },
        decoder: DecoderStack {
            embeddings: read.embeddings("decoder", decoder_table)?,
            layers: (0..config.decoder.layers)
                .map(|index| read.decoder_layer(index))
                .collect::<Result<_>>()?,
            norm: read.output_norm("decoder")?,
        },
        head: Head {
            vocabulary,
            lm_head: Linear::new(output, None, setup.precision, setup.device)?,
            scale: None,
            bias,
        },
        alignment_layer: config.alignment_layer,
    };
    let encoder_vocabulary = Some(encoder_vocabulary);
    Ok(Loaded { network: Box::new(network), context, vocabulary, encoder_vocabulary })
}

/// An embedding table by its tensor name. Checkpoints store one, two or all of the tables that may
/// be equal; instead of a missing one the shared table is used, or else any other.
fn table(checkpoint: &Checkpoint, config: &BartConfig, name: &str) -> Result<Weight> {
    let shared = [
        "model.shared.weight",
        "model.decoder.embed_tokens.weight",
        "lm_head.weight",
        "model.encoder.embed_tokens.weight",
    ];
    let substitutes = shared.into_iter().filter(|_| config.shares_tables);
    for name in std::iter::once(name).chain(substitutes) {
        if let Some(weight) = checkpoint.find(name)? {
            let rows = weight.shape.first().copied().unwrap_or(0);
            return checkpoint.tensor(name, &[rows, config.width]);
        }
    }
    // The error names the missing tensor.
    checkpoint.tensor(name, &[0, config.width])
}

/// Reads the parts of both stacks.
struct BartReader<'a> {
    tensors: Tensors<'a>,
    config: &'a BartConfig,
}

impl BartReader<'_> {
    fn embeddings(&self, stack: &str, table: Weight) -> Result<Embeddings> {
        let width = self.config.width;
        Ok(Embeddings {
            tokens: Embedding::new(table, self.tensors.device)?,
            scale: if self.config.scales_embeddings { (width as f64).sqrt() } else { 1.0 },
            positions: Some(PositionTable::load(&self.tensors, self.config, stack)?),
            norm: if self.config.norms_embeddings {
                Some(self.norm(&format!("model.{stack}.layernorm_embedding"))?)
            } else {
                None
            },
            starts_empty: stack == "decoder" && self.config.starts_empty,
        })
    }

    fn norm(&self, name: &str) -> Result<Norm> {
        Ok(Norm::Layer(self.tensors.layer_norm(name, self.config.width, self.config.epsilon)?))
    }

    fn block_norm(&self, name: &str) -> Result<BlockNorm> {
        Ok(BlockNorm { norm: self.norm(name)?, placement: self.config.norm_placement })
    }

    fn output_norm(&self, stack: &str) -> Result<Option<Norm>> {
        if !self.config.norms_output {
            return Ok(None);
        }
        self.norm(&format!("model.{stack}.layer_norm")).map(Some)
    }

    fn encoder_layer(&self, index: usize) -> Result<EncoderLayer> {
        let prefix = format!("model.encoder.layers.{index}");
        let size = self.config.encoder;
        Ok(EncoderLayer {
            self_attn: self.attention(&prefix, "self_attn", size, Mask::Full)?,
            mlp: self.feed_forward(&prefix, size)?,
        })
    }

    fn decoder_layer(&self, index: usize) -> Result<DecoderLayer> {
        let prefix = format!("model.decoder.layers.{index}");
        let size = self.config.decoder;
        Ok(DecoderLayer {
            history: if self.config.recurrent_decoder {
                self.recurrent(&prefix)?
            } else {
                History::Attention(self.attention(&prefix, "self_attn", size, Mask::Causal)?)
            },
            encoder_attn: self.attention(&prefix, "encoder_attn", size, Mask::Full)?,
            mlp: self.feed_forward(&prefix, size)?,
        })
    }

    fn recurrent(&self, prefix: &str) -> Result<History> {
        let width = self.config.width;
        let linear =
            |part: &str| self.tensors.linear(&format!("{prefix}.self_attn.{part}"), width, width);
        let (candidate, forget_gate) = (linear("candidate")?, linear("forget_gate")?);
        let unit = Ssru { width, candidate, forget_gate };
        let norm = self.block_norm(&format!("{prefix}.self_attn_layer_norm"))?;
        Ok(History::Recurrent { unit, norm })
    }

    fn attention(
        &self,
        prefix: &str,
        name: &str,
        StackSize { heads, .. }: StackSize,
        mask: Mask,
    ) -> Result<AttentionBlock> {
        let width = self.config.width;
        let linear =
            |part: &str| self.tensors.linear(&format!("{prefix}.{name}.{part}"), width, width);
        let head_dim = width / heads;
        let out_proj = linear("out_proj")?;
        Ok(AttentionBlock {
            q_proj: linear("q_proj")?,
            k_proj: linear("k_proj")?,
            v_proj: linear("v_proj")?,
            shape: Attention {
                heads,
                kv_heads: heads,
                head_dim,
                scale: (head_dim as f32).powf(-0.5),
                softcap: None,
                mask,
                allows_bf16: out_proj.uses_bf16(),
            },
            out_proj,
            bias: None,
            norm: self.block_norm(&format!("{prefix}.{name}_layer_norm"))?,
        })
    }

    fn feed_forward(&self, prefix: &str, size: StackSize) -> Result<FeedForwardBlock> {
        let width = self.config.width;
        let mlp = FeedForward::Plain {
            up: self.tensors.linear(&format!("{prefix}.fc1"), size.feed_forward, width)?,
            down: self.tensors.linear(&format!("{prefix}.fc2"), width, size.feed_forward)?,
            activation: self.config.activation,
        };
        Ok(FeedForwardBlock { mlp, norm: self.block_norm(&format!("{prefix}.final_layer_norm"))? })
    }
}
