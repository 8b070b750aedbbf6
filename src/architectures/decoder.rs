//! Decoder-only networks: one network driven by its [`Config`]. Layers mix tokens by attention, by
//! a short convolution (LFM2) or by a gated delta rule (Qwen 3.5); each way is a file in
//! `decoder/`. A family is a file in `decoder/families/` and a line in its table.
//!
//! Reference: the classes of the same names in Hugging Face `transformers`; golden logits in
//! `tests/fixtures/models`.

mod attention;
mod delta_net;
mod families;
mod per_layer;
mod short_conv;

use candle_core::{Device, IndexOp, Tensor};

use self::attention::SelfAttention;
use self::delta_net::{DeltaNet, DeltaShape};
use self::per_layer::{LayerInput, LayerInputs};
use self::short_conv::ShortConv;
use super::layers::{Activation, GatedMlp, RmsNorm, Rope, Rotation};
use super::state::{LayerMemory, Memory, Recurrent, State};
use super::tensors::Tensors;
use super::{Architecture, Loaded, Logits, Network, Row, Setup, check_rows};
use crate::error::Result;
use crate::kernels::{Embedding, KeyValues, Linear, Phase, add};

pub(super) const ARCHITECTURE: Architecture = Architecture { names: families::NAMES, load };

/// What makes one decoder different from another.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Config {
    /// Width of the residual stream.
    pub hidden: usize,
    /// The most positions it was made for.
    pub context: usize,
    pub norm_epsilon: f64,
    /// Added to norm weights at load (some checkpoints store them less one).
    pub norm_offset: f64,
    /// Of the feed-forward layer.
    pub activation: Activation,
    /// What embeddings are multiplied by.
    pub embedding_scale: f64,
    /// What the output of each half of a layer is multiplied by on its way into the residual
    /// stream.
    pub residual_scale: f64,
    /// What soft-caps logits: `cap · tanh(x / cap)`.
    pub logit_cap: Option<f64>,
    /// What logits are multiplied by.
    pub logit_scale: f64,
    /// What attention layers have in common.
    pub attention: AttentionForm,
    pub names: Names,
    /// Whether the output matrix is the embedding table.
    pub tied: bool,
    /// The different rotations there are …
    pub ropes: Vec<Rope>,
    /// … and what differs between layers.
    pub layers: Vec<LayerKind>,
    /// Width of the embeddings that each layer has of its own (Gemma 4).
    pub layer_inputs: Option<usize>,
}

/// What attention layers have in common.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct AttentionForm {
    /// What scores are multiplied by.
    pub scale: f64,
    /// What soft-caps them.
    pub cap: Option<f64>,
    /// How queries and keys are normalised per head, where they are.
    pub norms: Option<QueryKeyNorm>,
    /// Whether values are normalised, without a weight.
    pub values_normed: bool,
    /// Whether the query matrix also gives, after each head's query, a gate of that head's output.
    pub gated: bool,
    /// Whether queries, keys and values come of one matrix, `qkv_proj`.
    pub fused: bool,
}

/// Norms of queries and keys.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct QueryKeyNorm {
    /// Whether they come after the rotation and not before it.
    pub after_rotation: bool,
    /// What the checkpoint calls the queries' and the keys'.
    pub names: [&'static str; 2],
}

/// What the checkpoint calls the parts of a layer that families call differently.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Names {
    /// Norms of what goes into a layer's mixer and of what comes out of it, where there are.
    pub mixer_norms: [Option<&'static str>; 2],
    /// The same of the feed-forward layer.
    pub feed_forward_norms: [Option<&'static str>; 2],
    /// The last matrix of attention.
    pub attention_out: &'static str,
    /// The matrices of the feed-forward layer.
    pub feed_forward: FeedForward,
    /// The norm before the output matrix.
    pub last_norm: &'static str,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum FeedForward {
    /// Gate, up and down.
    Three([&'static str; 3]),
    /// Gate and up as one, and down.
    Two([&'static str; 2]),
}

/// What differs between layers.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct LayerKind {
    pub mixer: MixerKind,
    /// Width of the feed-forward layer.
    pub feed_forward: usize,
}

/// How tokens learn of those before them.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum MixerKind {
    Attention(Heads),
    /// A convolution over so many tokens, with or without a bias.
    ShortConv {
        kernel: usize,
        biased: bool,
    },
    DeltaNet(DeltaShape),
}

/// The heads of an attention layer.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Heads {
    /// Query heads.
    pub heads: usize,
    /// Key and value heads.
    pub kv_heads: usize,
    /// Numbers of a head.
    pub head_dim: usize,
    /// Index into [`Config::ropes`]; positions are not told where `None`.
    pub rope: Option<usize>,
    /// Keys a query sees, itself included; all where `None`.
    pub window: Option<usize>,
    pub reads: Reads,
}

/// Whose keys and values a layer reads.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Reads {
    /// Its own.
    Own,
    /// Its own keys, which are its values too, before they are normalised and rotated.
    KeysTwice,
    /// An earlier layer's.
    Of(usize),
}

struct Decoder {
    config: Config,
    device: Device,
    vocabulary: usize,
    embed_tokens: Embedding,
    layer_inputs: Option<LayerInputs>,
    layers: Vec<Layer>,
    norm: RmsNorm,
    lm_head: Linear,
}

/// Input of a step that all layers share.
struct Step<'a> {
    /// Rotary embeddings of the tokens, one for each of [`Config::ropes`].
    rotations: &'a [Rotation],
    phase: Phase,
}

struct Layer {
    residual_scale: f64,
    mixer_in: Option<RmsNorm>,
    mixer: Mixer,
    mixer_out: Option<RmsNorm>,
    feedforward_in: Option<RmsNorm>,
    mlp: GatedMlp,
    feedforward_out: Option<RmsNorm>,
    input: Option<LayerInput>,
    /// What the residual stream is multiplied by on its way out.
    scalar: Option<f64>,
}

/// One a layer: what the smaller ones waste is nothing beside their weights.
#[allow(clippy::large_enum_variant)]
enum Mixer {
    Attention(SelfAttention),
    ShortConv(ShortConv),
    DeltaNet(DeltaNet),
}

fn load(setup: &Setup<'_>) -> Result<Loaded> {
    let checkpoint = setup.checkpoint;
    let config = families::config(checkpoint)?;
    let embeddings = "model.embed_tokens.weight";
    let vocabulary =
        checkpoint.find(embeddings)?.and_then(|found| found.shape.first().copied()).unwrap_or(0);
    let tensors = Tensors { checkpoint, device: setup.device, precision: setup.precision };
    let read = Reader { tensors, config: &config };
    let embed_tokens = checkpoint.tensor(embeddings, &[vocabulary, config.hidden])?;
    let lm_head = if config.tied {
        Linear::new(embed_tokens.clone(), None, setup.precision, setup.device)?
    } else {
        read.linear("lm_head", vocabulary, config.hidden)?
    };
    let layers =
        (0..config.layers.len()).map(|index| read.layer(index)).collect::<Result<Vec<_>>>()?;
    let layer_inputs =
        config.layer_inputs.map(|width| LayerInputs::load(&read, width)).transpose()?;
    let norm = read.norm(config.names.last_norm, config.hidden)?;
    let context = config.context;
    let embed_tokens = Embedding::new(embed_tokens, setup.device)?;
    let device = setup.device.clone();
    let network =
        Decoder { config, device, vocabulary, embed_tokens, layer_inputs, layers, norm, lm_head };
    Ok(Loaded { network: Box::new(network), context, vocabulary, sources: None })
}

/// Reads layers by their names in the checkpoint.
struct Reader<'a> {
    tensors: Tensors<'a>,
    config: &'a Config,
}

impl Reader<'_> {
    fn layer(&self, index: usize) -> Result<Layer> {
        let Config { hidden, residual_scale, names, .. } = *self.config;
        let name = |part: &str| format!("model.layers.{index}.{part}");
        let norm = |part: Option<&str>| part.map(|part| self.norm(&name(part), hidden)).transpose();
        let Names {
            mixer_norms: [mixer_in, mixer_out],
            feed_forward_norms: [feed_in, feed_out],
            ..
        } = names;
        let LayerKind { mixer, feed_forward } = self.config.layers[index];
        Ok(Layer {
            residual_scale,
            mixer_in: norm(mixer_in)?,
            mixer: match mixer {
                MixerKind::Attention(heads) => {
                    Mixer::Attention(SelfAttention::load(self, &name("self_attn"), heads)?)
                }
                MixerKind::ShortConv { kernel, biased } => {
                    Mixer::ShortConv(ShortConv::load(self, &name("conv"), kernel, biased)?)
                }
                MixerKind::DeltaNet(shape) => {
                    Mixer::DeltaNet(DeltaNet::load(self, &name("linear_attn"), shape)?)
                }
            },
            mixer_out: norm(mixer_out)?,
            feedforward_in: norm(feed_in)?,
            mlp: self.feed_forward(&name(""), feed_forward)?,
            feedforward_out: norm(feed_out)?,
            input: self
                .config
                .layer_inputs
                .map(|width| LayerInput::load(self, &name(""), width))
                .transpose()?,
            scalar: match self.checkpoint.find(&name("layer_scalar"))? {
                Some(_) => Some(f64::from(self.floats(&name("layer_scalar"), 1)?[0])),
                None => None,
            },
        })
    }

    fn feed_forward(&self, prefix: &str, width: usize) -> Result<GatedMlp> {
        let Config { hidden, activation, names, .. } = *self.config;
        let (gate, up, down) = match names.feed_forward {
            FeedForward::Three([gate, up, down]) => (
                self.linear(&format!("{prefix}{gate}"), width, hidden)?,
                self.linear(&format!("{prefix}{up}"), width, hidden)?,
                down,
            ),
            FeedForward::Two([gate_up, down]) => {
                let [gate, up] =
                    self.parts(&format!("{prefix}{gate_up}"), [width, width], hidden)?;
                (gate, up, down)
            }
        };
        let down = self.linear(&format!("{prefix}{down}"), hidden, width)?;
        Ok(GatedMlp { gate, up, down, activation })
    }

    fn norm(&self, name: &str, size: usize) -> Result<RmsNorm> {
        self.rms_norm(name, size, self.config.norm_epsilon, self.config.norm_offset)
    }
}

impl<'a> std::ops::Deref for Reader<'a> {
    type Target = Tensors<'a>;

    fn deref(&self) -> &Tensors<'a> {
        &self.tensors
    }
}

impl Network for Decoder {
    fn begin(&self, sources: &[&[u32]], _: Phase) -> Result<Vec<State>> {
        let state = |_| {
            let layers = self.layers.iter().map(|layer| layer.mixer.memory(&self.device));
            let state = State::new(Memory::Layers(layers.collect::<candle_core::Result<_>>()?));
            let longer = self.config.ropes.iter().find_map(|rope| rope.longer.as_ref());
            Ok(match longer {
                Some(longer) => state.read_again_if_longer(longer.than),
                None => state,
            })
        };
        sources.iter().map(state).collect()
    }

    fn forward(&self, rows: &mut [Row<'_>], phase: Phase) -> Result<Logits> {
        check_rows(rows, self.vocabulary, self.config.context)?;
        let wanted: Vec<usize> = rows.iter().map(|row| row.want.count(row.tokens.len())).collect();
        let texts: Vec<_> = rows.iter_mut().map(|row| row.state.reading(row.tokens)).collect();
        let again = |(row, tokens)| {
            let Row { state, want, .. }: &mut Row<'_> = row;
            Row { state, tokens, want: *want }
        };
        let rows = &mut rows
            .iter_mut()
            .zip(texts.iter().map(|text| &text[..]))
            .map(again)
            .collect::<Vec<_>>();
        // All rows' tokens stand one after the other: [tokens, hidden].
        let ids: Vec<u32> = rows.iter().flat_map(|row| row.tokens).copied().collect();
        let positions = rows.iter().flat_map(|row| {
            let end = row.state.len() + row.tokens.len();
            (row.state.len()..end).map(move |position| (position, end))
        });
        let positions: Vec<(usize, usize)> = positions.collect();
        let rotations = self.config.ropes.iter().map(|rope| rope.at(&positions, &self.device));
        let rotations = rotations.collect::<candle_core::Result<Vec<_>>>()?;
        let step = Step { rotations: &rotations, phase };
        rows.iter_mut().for_each(|row| row.state.begin_step());
        let mut x = self.embed_tokens.forward(&ids)?;
        if self.config.embedding_scale != 1.0 {
            x = (x * self.config.embedding_scale)?;
        }
        let inputs =
            self.layer_inputs.as_ref().map(|inputs| inputs.forward(&ids, &x, phase)).transpose()?;
        let ends = rows.iter().scan(0, |end, row| {
            *end += row.tokens.len();
            Some(*end)
        });
        let wanted_at: Vec<u32> = ends
            .zip(&wanted)
            .flat_map(|(end, count)| end - count..end)
            .map(|at| at as u32)
            .collect();
        for (index, layer) in self.layers.iter().enumerate() {
            let input = inputs.as_ref().map(|inputs| inputs.i((.., index, ..))).transpose()?;
            let only = (index + 1 == self.layers.len()).then_some(&wanted_at[..]);
            x = layer.forward(&x, input.as_ref(), &step, rows, index, only)?;
        }
        rows.iter_mut().for_each(|row| row.state.end_step(row.tokens));
        self.logits(&x, wanted)
    }
}

impl Decoder {
    /// Logits of what the last layer made of the tokens that are wanted, so many of each row.
    fn logits(&self, x: &Tensor, wanted: Vec<usize>) -> Result<Logits> {
        if wanted.iter().all(|count| *count == 0) {
            return Ok(Logits::new(self.vocabulary, Vec::new(), wanted.into_iter()));
        }
        let mut values: Vec<f32> = self.lm_head.floats(&self.norm.forward(x)?)?;
        if self.config.logit_scale != 1.0 {
            values.iter_mut().for_each(|logit| *logit *= self.config.logit_scale as f32);
        }
        if let Some(cap) = self.config.logit_cap.map(|cap| cap as f32) {
            values.iter_mut().for_each(|logit| *logit = cap * (*logit / cap).tanh());
        }
        Ok(Logits::new(self.vocabulary, values, wanted.into_iter()))
    }
}

impl Layer {
    /// The residual stream after it. With `only`, of those tokens alone: the mixer sees all, for it
    /// keeps what later tokens read, and what comes after it only these. If there are none,
    /// what is returned is of no use.
    fn forward(
        &self,
        x: &Tensor,
        input: Option<&Tensor>,
        step: &Step<'_>,
        rows: &mut [Row<'_>],
        index: usize,
        only: Option<&[u32]>,
    ) -> candle_core::Result<Tensor> {
        let y = norm(&self.mixer_in, x)?;
        let mut x =
            self.add(x, &self.mixer_out, |onto| self.mixer.forward(&y, onto, step, rows, index))?;
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
        let mut x =
            self.add(&x, &self.feedforward_out, |onto| self.mlp.forward(&y, onto, step.phase))?;
        if let (Some(own), Some(input)) = (&self.input, &input) {
            x = own.forward(&x, input, step.phase)?;
        }
        match self.scalar {
            Some(scalar) => x * scalar,
            None => Ok(x),
        }
    }

    /// The residual stream with what a branch gives added, by the branch itself where nothing comes
    /// between.
    fn add(
        &self,
        x: &Tensor,
        out: &Option<RmsNorm>,
        branch: impl FnOnce(Option<&Tensor>) -> candle_core::Result<Tensor>,
    ) -> candle_core::Result<Tensor> {
        if out.is_none() && self.residual_scale == 1.0 {
            return branch(Some(x));
        }
        let y = norm(out, &branch(None)?)?;
        if self.residual_scale == 1.0 { add(x, &y) } else { add(x, &(y * self.residual_scale)?) }
    }
}

fn norm(norm: &Option<RmsNorm>, x: &Tensor) -> candle_core::Result<Tensor> {
    norm.as_ref().map_or_else(|| Ok(x.clone()), |norm| norm.forward(x))
}

impl Mixer {
    /// `[tokens, hidden]` of all rows to the same, added to what is there already, if anything is.
    fn forward(
        &self,
        x: &Tensor,
        onto: Option<&Tensor>,
        step: &Step<'_>,
        rows: &mut [Row<'_>],
        layer: usize,
    ) -> candle_core::Result<Tensor> {
        match self {
            Self::Attention(attention) => attention.forward(x, onto, step, rows, layer),
            Self::ShortConv(conv) => conv.forward(x, onto, rows, layer, step.phase),
            Self::DeltaNet(net) => net.forward(x, onto, rows, layer, step.phase),
        }
    }

    /// What it remembers of a sequence that has read nothing.
    fn memory(&self, device: &Device) -> candle_core::Result<LayerMemory> {
        Ok(match self {
            Self::Attention(attention) => match attention.cached() {
                Some((kv_heads, head_dim)) => {
                    LayerMemory::Attention(KeyValues::new(kv_heads, head_dim, device)?)
                }
                None => LayerMemory::Nothing,
            },
            Self::ShortConv(conv) => LayerMemory::Recurrent(Recurrent::new(conv.remembered())),
            Self::DeltaNet(net) => LayerMemory::Recurrent(Recurrent::new(net.remembered())),
        })
    }
}
