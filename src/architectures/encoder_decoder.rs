//! The BART family: Marian, BART (and KoBART), mBART, M2M100 (and NLLB) and Pegasus, one network
//! driven by its [`Config`].
//!
//! Papers: <https://arxiv.org/abs/1910.13461> (BART), <https://arxiv.org/abs/2001.08210> (mBART), <https://arxiv.org/abs/2010.11125>
//! (M2M100), <https://arxiv.org/abs/2207.04672> (NLLB), <https://arxiv.org/abs/1912.08777> (Pegasus), <https://aclanthology.org/P18-4020>
//! (Marian). Reference: the classes of the same names in Hugging Face `transformers`; golden values
//! in `tests/fixtures/seq2seq`.
//!
//! A source is read once, in `begin`; what the decoder's cross-attention needs of it is kept with
//! the sequence. Rows are ragged throughout: there is no padding, and so nothing that could depend
//! on it.

mod config;
mod positions;

use candle_core::{Device, Tensor};

use self::config::{Config, Stack};
use self::positions::Positions;
use super::layers::LayerNorm;
use super::state::{LayerMemory, Memory, State};
use super::tensors::Tensors;
use super::{Architecture, Loaded, Logits, Network, Row, Setup, check_rows, ragged};
use crate::checkpoint::Checkpoint;
use crate::error::{Error, Result};
use crate::kernels::{
    Activation, Attention, Embedding, KeyValues, Linear, Phase, Sees, Weight, activated_layer, add,
    attend_spans, pool, shared_input,
};

pub(super) const ARCHITECTURE: Architecture = Architecture { names: config::NAMES, load };

/// Of every norm; no config says otherwise.
const EPSILON: f64 = 1e-5;

struct EncoderDecoder {
    config: Config,
    device: Device,
    vocabulary: usize,
    sources: usize,
    encoder: Embedded,
    encoder_layers: Vec<EncoderLayer>,
    encoder_norm: Option<LayerNorm>,
    decoder: Embedded,
    decoder_layers: Vec<DecoderLayer>,
    decoder_norm: Option<LayerNorm>,
    lm_head: Linear,
    logits_bias: Option<Vec<f32>>,
}

/// How a stack begins: tokens and their positions.
struct Embedded {
    tokens: Embedding,
    scale: f64,
    positions: Positions,
    norm: Option<LayerNorm>,
}

struct EncoderLayer {
    self_attn: Attended,
    mlp: FeedForward,
}

struct DecoderLayer {
    self_attn: Attended,
    encoder_attn: Attended,
    mlp: FeedForward,
}

/// An attention with its norm, which stands before it or after it.
struct Attended {
    q_proj: Linear,
    k_proj: Linear,
    v_proj: Linear,
    out_proj: Linear,
    shape: Attention,
    norm: LayerNorm,
    norm_first: bool,
}

struct FeedForward {
    fc1: Linear,
    fc2: Linear,
    activation: Activation,
    norm: LayerNorm,
    norm_first: bool,
}

fn load(setup: &Setup<'_>) -> Result<Loaded> {
    let checkpoint = setup.checkpoint;
    let config = Config::read(checkpoint)?;
    let read = Tensors { checkpoint, device: setup.device, precision: setup.precision };
    let Config { width, .. } = config;
    let encoder_table = table(checkpoint, &config, "model.encoder.embed_tokens.weight")?;
    let decoder_table = table(checkpoint, &config, "model.decoder.embed_tokens.weight")?;
    let output = match checkpoint.find("lm_head.weight")? {
        // A vocabulary of its own is never the encoder's.
        Some(_) => table(checkpoint, &config, "lm_head.weight")?,
        None => decoder_table.clone(),
    };
    let (sources, vocabulary) = (encoder_table.shape[0], output.shape[0]);
    if decoder_table.shape[0] != vocabulary {
        let reason =
            format!("has {vocabulary} rows, the decoder's table has {}", decoder_table.shape[0]);
        let file = checkpoint.path().to_path_buf();
        return Err(Error::Tensor { name: "lm_head.weight".into(), file, reason });
    }
    let embedded = |stack: &str, table: Weight| -> Result<Embedded> {
        let norm = format!("model.{stack}.layernorm_embedding");
        Ok(Embedded {
            tokens: Embedding::new(table, setup.device)?,
            scale: if config.scales_embeddings { (width as f64).sqrt() } else { 1.0 },
            positions: Positions::load(&read, &config, stack)?,
            norm: if config.norms_embeddings {
                Some(read.layer_norm(&norm, width, EPSILON)?)
            } else {
                None
            },
        })
    };
    let last_norm = |stack: &str| match config.norms_last {
        true => read.layer_norm(&format!("model.{stack}.layer_norm"), width, EPSILON).map(Some),
        false => Ok(None),
    };
    let layers = Layers { read, config: &config };
    let logits_bias = match checkpoint.find("final_logits_bias")? {
        Some(_) => Some(read.floats("final_logits_bias", vocabulary)?),
        None => None,
    };
    let encoder_layers = (0..config.encoder.layers).map(|index| layers.encoder(index));
    let decoder_layers = (0..config.decoder.layers).map(|index| layers.decoder(index));
    let network = EncoderDecoder {
        device: setup.device.clone(),
        vocabulary,
        sources,
        encoder: embedded("encoder", encoder_table)?,
        encoder_layers: encoder_layers.collect::<Result<_>>()?,
        encoder_norm: last_norm("encoder")?,
        decoder: embedded("decoder", decoder_table)?,
        decoder_layers: decoder_layers.collect::<Result<_>>()?,
        decoder_norm: last_norm("decoder")?,
        lm_head: Linear::new(output, None, setup.precision, setup.device)?,
        logits_bias,
        config,
    };
    let context = network.config.context;
    Ok(Loaded { network: Box::new(network), context, vocabulary, sources: Some(sources) })
}

/// A table of tokens by the place it serves. Checkpoints hold one, two or all of the tables that
/// may be the same: a place takes its own, else the one that is called shared, else any other.
fn table(checkpoint: &Checkpoint, config: &Config, place: &str) -> Result<Weight> {
    let shared = [
        "model.shared.weight",
        "model.decoder.embed_tokens.weight",
        "lm_head.weight",
        "model.encoder.embed_tokens.weight",
    ];
    let names = [place].into_iter().chain(shared.into_iter().filter(|_| config.shares_tables));
    for name in names {
        if let Some(found) = checkpoint.find(name)? {
            return checkpoint
                .tensor(name, &[found.shape.first().copied().unwrap_or(0), config.width]);
        }
    }
    // Says what is missing.
    checkpoint.tensor(place, &[0, config.width])
}

/// Reads layers of both stacks.
struct Layers<'a> {
    read: Tensors<'a>,
    config: &'a Config,
}

impl Layers<'_> {
    fn encoder(&self, index: usize) -> Result<EncoderLayer> {
        let prefix = format!("model.encoder.layers.{index}");
        let stack = &self.config.encoder;
        Ok(EncoderLayer {
            self_attn: self.attended(&prefix, "self_attn", stack, Sees::All)?,
            mlp: self.feed_forward(&prefix, stack)?,
        })
    }

    fn decoder(&self, index: usize) -> Result<DecoderLayer> {
        let prefix = format!("model.decoder.layers.{index}");
        let stack = &self.config.decoder;
        Ok(DecoderLayer {
            self_attn: self.attended(&prefix, "self_attn", stack, Sees::Past)?,
            encoder_attn: self.attended(&prefix, "encoder_attn", stack, Sees::All)?,
            mlp: self.feed_forward(&prefix, stack)?,
        })
    }

    fn attended(&self, prefix: &str, name: &str, stack: &Stack, sees: Sees) -> Result<Attended> {
        let width = self.config.width;
        let linear =
            |part: &str| self.read.linear(&format!("{prefix}.{name}.{part}"), width, width);
        let (heads, head_dim) = (stack.heads, width / stack.heads);
        let out_proj = linear("out_proj")?;
        Ok(Attended {
            q_proj: linear("q_proj")?,
            k_proj: linear("k_proj")?,
            v_proj: linear("v_proj")?,
            shape: Attention {
                heads,
                kv_heads: heads,
                head_dim,
                scale: (head_dim as f32).powf(-0.5),
                cap: None,
                sees,
                rounded: out_proj.rounds(),
            },
            out_proj,
            norm: self.read.layer_norm(&format!("{prefix}.{name}_layer_norm"), width, EPSILON)?,
            norm_first: self.config.norms_first,
        })
    }

    fn feed_forward(&self, prefix: &str, stack: &Stack) -> Result<FeedForward> {
        let width = self.config.width;
        Ok(FeedForward {
            fc1: self.read.linear(&format!("{prefix}.fc1"), stack.feed_forward, width)?,
            fc2: self.read.linear(&format!("{prefix}.fc2"), width, stack.feed_forward)?,
            activation: self.config.activation,
            norm: self.read.layer_norm(&format!("{prefix}.final_layer_norm"), width, EPSILON)?,
            norm_first: self.config.norms_first,
        })
    }
}

impl Network for EncoderDecoder {
    fn begin(&self, sources: &[&[u32]], phase: Phase) -> Result<Vec<State>> {
        self.check_sources(sources)?;
        let encoded = self.encode(sources, phase)?;
        let keys_and_values = |layer: &DecoderLayer| {
            let attn = &layer.encoder_attn;
            let [k, v] = shared_input(&encoded, [&attn.k_proj, &attn.v_proj], phase)?;
            Ok((attn.heads(&k)?, attn.heads(&v)?))
        };
        let kept = self
            .decoder_layers
            .iter()
            .map(keys_and_values)
            .collect::<candle_core::Result<Vec<_>>>()?;
        let state = |source| {
            let layers = self.decoder_layers.iter().map(|layer| {
                let Attention { kv_heads, head_dim, .. } = layer.self_attn.shape;
                Ok(LayerMemory::Attention(KeyValues::new(kv_heads, head_dim, &self.device)?))
            });
            let layers = layers.collect::<candle_core::Result<_>>()?;
            Ok(State::new(Memory::Layers(layers)).with_source(source))
        };
        ragged::keep(sources, &kept)?.into_iter().map(state).collect()
    }

    fn forward(&self, rows: &mut [Row<'_>], phase: Phase) -> Result<Logits> {
        check_rows(rows, self.vocabulary, self.config.context)?;
        let ids: Vec<u32> = rows.iter().flat_map(|row| row.tokens).copied().collect();
        let positions: Vec<usize> = rows
            .iter()
            .flat_map(|row| row.state.len()..row.state.len() + row.tokens.len())
            .collect();
        rows.iter_mut().for_each(|row| row.state.begin_step());
        let mut x = self.decoder.forward(&ids, &positions)?;
        for (index, layer) in self.decoder_layers.iter().enumerate() {
            x = layer
                .self_attn
                .around(&x, phase, |x| layer.self_attn.cached(x, rows, index, phase))?;
            x = layer
                .encoder_attn
                .around(&x, phase, |x| layer.encoder_attn.crossed(x, rows, index, phase))?;
            x = layer.mlp.forward(&x, phase)?;
        }
        rows.iter_mut().for_each(|row| row.state.end_step(row.tokens));
        self.logits(&x, rows)
    }
}

impl EncoderDecoder {
    fn check_sources(&self, sources: &[&[u32]]) -> Result<()> {
        for source in sources {
            if source.is_empty() {
                return Err(Error::Engine("a source without tokens".into()));
            }
            if source.len() > self.config.context {
                let (needed, window) = (source.len(), self.config.context);
                return Err(Error::TooLong { what: "a source".into(), needed, window });
            }
            if let Some(id) = source.iter().find(|id| **id as usize >= self.sources) {
                let what = format!("token {id} is not in a vocabulary of {}", self.sources);
                return Err(Error::Engine(what.into()));
            }
        }
        Ok(())
    }

    /// What the encoder makes of sources, one after the other: `[tokens, width]`.
    fn encode(&self, sources: &[&[u32]], phase: Phase) -> Result<Tensor> {
        let ids: Vec<u32> = sources.iter().flat_map(|source| source.iter()).copied().collect();
        let positions: Vec<usize> = sources.iter().flat_map(|source| 0..source.len()).collect();
        let mut x = self.encoder.forward(&ids, &positions)?;
        for layer in &self.encoder_layers {
            x = layer.self_attn.around(&x, phase, |x| layer.self_attn.within(x, sources, phase))?;
            x = layer.mlp.forward(&x, phase)?;
        }
        Ok(match &self.encoder_norm {
            Some(norm) => norm.forward(&x)?,
            None => x,
        })
    }

    /// Logits of the tokens that are wanted.
    fn logits(&self, x: &Tensor, rows: &[Row<'_>]) -> Result<Logits> {
        let wanted = super::wanted(rows);
        if wanted.is_empty() {
            return Ok(Logits::of_rows(self.vocabulary, Vec::new(), rows));
        }
        let count = wanted.len();
        let x = x.index_select(&Tensor::from_vec(wanted, count, &self.device)?, 0)?;
        let x = match &self.decoder_norm {
            Some(norm) => norm.forward(&x)?,
            None => x,
        };
        let mut values = self.lm_head.floats(&x)?;
        if let Some(bias) = &self.logits_bias {
            pool::parts(&mut values, self.vocabulary, |_, logits| {
                logits.iter_mut().zip(bias).for_each(|(logit, bias)| *logit += bias);
            });
        }
        Ok(Logits::of_rows(self.vocabulary, values, rows))
    }
}

impl Embedded {
    /// `[tokens, width]`.
    fn forward(&self, ids: &[u32], positions: &[usize]) -> candle_core::Result<Tensor> {
        let tokens = match self.scale {
            1.0 => self.tokens.forward(ids)?,
            scale => (self.tokens.forward(ids)? * scale)?,
        };
        let x = add(&tokens, &self.positions.at(ids, positions)?)?;
        self.norm.as_ref().map_or_else(|| Ok(x.clone()), |norm| norm.forward(&x))
    }
}

impl Attended {
    /// `x` with what attention makes of it added, the norm in its place.
    fn around(
        &self,
        x: &Tensor,
        phase: Phase,
        attend: impl FnOnce(&Tensor) -> candle_core::Result<Tensor>,
    ) -> candle_core::Result<Tensor> {
        match self.norm_first {
            true => self.out_proj.forward_onto(&attend(&self.norm.forward(x)?)?, Some(x), phase),
            false => self.norm.forward(&self.out_proj.forward_onto(&attend(x)?, Some(x), phase)?),
        }
    }

    /// `[tokens, width]` to `[tokens, heads, head_dim]`.
    fn heads(&self, x: &Tensor) -> candle_core::Result<Tensor> {
        x.reshape((x.dim(0)?, self.shape.heads, self.shape.head_dim))
    }

    fn queries_keys_values(&self, x: &Tensor, phase: Phase) -> candle_core::Result<[Tensor; 3]> {
        let [q, k, v] = shared_input(x, [&self.q_proj, &self.k_proj, &self.v_proj], phase)?;
        Ok([self.heads(&q)?, self.heads(&k)?, self.heads(&v)?])
    }

    fn within(&self, x: &Tensor, sources: &[&[u32]], phase: Phase) -> candle_core::Result<Tensor> {
        let [q, k, v] = self.queries_keys_values(x, phase)?;
        attend_spans(&self.shape, None, &q, &ragged::within(&k, &v, sources)?, phase)
    }

    fn cached(
        &self,
        x: &Tensor,
        rows: &mut [Row<'_>],
        layer: usize,
        phase: Phase,
    ) -> candle_core::Result<Tensor> {
        let [q, k, v] = self.queries_keys_values(x, phase)?;
        attend_spans(&self.shape, None, &q, &ragged::cached(&k, &v, rows, layer)?, phase)
    }

    fn crossed(
        &self,
        x: &Tensor,
        rows: &mut [Row<'_>],
        layer: usize,
        phase: Phase,
    ) -> candle_core::Result<Tensor> {
        let q = self.heads(&self.q_proj.forward(x, phase)?)?;
        attend_spans(&self.shape, None, &q, &ragged::crossed(rows, layer)?, phase)
    }
}

impl FeedForward {
    fn forward(&self, x: &Tensor, phase: Phase) -> candle_core::Result<Tensor> {
        let added = |y: &Tensor| {
            self.fc2.forward_onto(
                &activated_layer(y, &self.fc1, self.activation, phase)?,
                Some(x),
                phase,
            )
        };
        match self.norm_first {
            true => added(&self.norm.forward(x)?),
            false => self.norm.forward(&added(x)?),
        }
    }
}
