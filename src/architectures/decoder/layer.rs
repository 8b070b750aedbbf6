//! A layer: a mixer and a feed-forward layer, each with its norms, around the residual stream.

use candle_core::{Device, Result, Tensor};

use super::attention::SelfAttention;
use super::config::{DecoderConfig, LayerKind, MixerKind, Names};
use super::delta_net::DeltaNet;
use super::per_layer::LayerInput;
use super::reader::DecoderReader;
use super::short_conv::ShortConv;
use super::step::Step;
use crate::architectures::batch::Row;
use crate::architectures::layers::{GatedMlp, RmsNorm};
use crate::architectures::state::{LayerCache, RecurrentState};
use crate::kernels::{KvCache, add};

pub(super) struct Layer {
    residual_scale: f64,
    mixer_in: Option<RmsNorm>,
    mixer: Mixer,
    mixer_out: Option<RmsNorm>,
    feedforward_in: Option<RmsNorm>,
    mlp: GatedMlp,
    feedforward_out: Option<RmsNorm>,
    /// Per-layer embeddings.
    input: Option<LayerInput>,
    /// Factor of the residual stream after the layer.
    scalar: Option<f64>,
}

/// The variants differ in size by little compared with their weights.
#[allow(clippy::large_enum_variant)]
enum Mixer {
    Attention(SelfAttention),
    ShortConv(ShortConv),
    DeltaNet(DeltaNet),
}

impl Layer {
    pub fn load(read: &DecoderReader<'_>, index: usize) -> crate::error::Result<Self> {
        let DecoderConfig { hidden, residual_scale, names, .. } = *read.config;
        let name = |part: &str| format!("model.layers.{index}.{part}");
        let norm = |part: Option<&str>| part.map(|part| read.norm(&name(part), hidden)).transpose();
        let Names {
            mixer_norms: [mixer_in, mixer_out],
            feed_forward_norms: [feed_in, feed_out],
            ..
        } = names;
        let LayerKind { mixer, feed_forward } = read.config.layers[index];
        Ok(Self {
            residual_scale,
            mixer_in: norm(mixer_in)?,
            mixer: match mixer {
                MixerKind::Attention(heads) => {
                    Mixer::Attention(SelfAttention::load(read, &name("self_attn"), heads)?)
                }
                MixerKind::ShortConv { kernel, biased } => {
                    Mixer::ShortConv(ShortConv::load(read, &name("conv"), kernel, biased)?)
                }
                MixerKind::DeltaNet(shape) => {
                    Mixer::DeltaNet(DeltaNet::load(read, &name("linear_attn"), shape)?)
                }
            },
            mixer_out: norm(mixer_out)?,
            feedforward_in: norm(feed_in)?,
            mlp: read.feed_forward(&name(""), feed_forward)?,
            feedforward_out: norm(feed_out)?,
            input: read
                .config
                .layer_inputs
                .map(|width| LayerInput::load(read, &name(""), width))
                .transpose()?,
            scalar: match read.checkpoint.find(&name("layer_scalar"))? {
                Some(_) => Some(f64::from(read.floats(&name("layer_scalar"), 1)?[0])),
                None => None,
            },
        })
    }

    /// The residual stream `[tokens, hidden]` of all rows to the same; `index` is that of the
    /// layer, `input` its per-layer embeddings `[tokens, width]`.
    ///
    /// With `only`, the positions that logits are needed of, the output has only these tokens: the
    /// mixer processes all tokens, because it fills the caches, the rest of the layer only these.
    /// If `only` is empty the output has no meaning.
    pub fn forward(
        &self,
        x: &Tensor,
        input: Option<&Tensor>,
        step: &Step<'_>,
        rows: &mut [Row<'_>],
        index: usize,
        only: Option<&[u32]>,
    ) -> Result<Tensor> {
        let y = norm(&self.mixer_in, x)?;
        let mut x = self.add(x, &self.mixer_out, |residual| {
            self.mixer.forward(&y, residual, step, rows, index)
        })?;
        let mut input = input.cloned();
        match only {
            Some([]) => return Ok(x),
            Some(only) if only.len() < x.dim(0)? => {
                let only = Tensor::new(only, x.device())?;
                x = x.index_select(&only, 0)?;
                input =
                    input.map(|input| input.contiguous()?.index_select(&only, 0)).transpose()?;
            }
            _ => {}
        }
        let y = norm(&self.feedforward_in, &x)?;
        let mut x = self.add(&x, &self.feedforward_out, |residual| {
            self.mlp.forward(&y, residual, step.phase)
        })?;
        if let (Some(own), Some(input)) = (&self.input, &input) {
            x = own.forward(&x, input, step.phase)?;
        }
        match self.scalar {
            Some(scalar) => x * scalar,
            None => Ok(x),
        }
    }

    /// Adds the output of a block to the residual stream. Without norm and scale the block itself
    /// adds it, as its last matmul stores the result.
    fn add(
        &self,
        x: &Tensor,
        out: &Option<RmsNorm>,
        block: impl FnOnce(Option<&Tensor>) -> Result<Tensor>,
    ) -> Result<Tensor> {
        if out.is_none() && self.residual_scale == 1.0 {
            return block(Some(x));
        }
        let y = norm(out, &block(None)?)?;
        if self.residual_scale == 1.0 { add(x, &y) } else { add(x, &(y * self.residual_scale)?) }
    }

    /// The cache of an empty sequence.
    pub fn empty_cache(&self, device: &Device) -> Result<LayerCache> {
        Ok(match &self.mixer {
            Mixer::Attention(attention) => match attention.kv_shape() {
                Some((kv_heads, head_dim)) => {
                    LayerCache::Attention(KvCache::new(kv_heads, head_dim, device)?)
                }
                None => LayerCache::None,
            },
            Mixer::ShortConv(conv) => LayerCache::Recurrent(RecurrentState::new(conv.state_size())),
            Mixer::DeltaNet(net) => LayerCache::Recurrent(RecurrentState::new(net.state_size())),
        })
    }
}

fn norm(norm: &Option<RmsNorm>, x: &Tensor) -> Result<Tensor> {
    norm.as_ref().map_or_else(|| Ok(x.clone()), |norm| norm.forward(x))
}

impl Mixer {
    /// `[tokens, hidden]` of all rows to the same, added to `residual`.
    fn forward(
        &self,
        x: &Tensor,
        residual: Option<&Tensor>,
        step: &Step<'_>,
        rows: &mut [Row<'_>],
        layer: usize,
    ) -> Result<Tensor> {
        match self {
            Self::Attention(attention) => attention.forward(x, residual, step, rows, layer),
            Self::ShortConv(conv) => conv.forward(x, residual, rows, layer, step.phase),
            Self::DeltaNet(net) => net.forward(x, residual, rows, layer, step.phase),
        }
    }
}
