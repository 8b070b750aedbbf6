//! T5 1.0 and 1.1 (FLAN, MADLAD), mT5 and UMT5.
//!
//! Paper: <https://arxiv.org/abs/1910.10683>. Reference: the classes of the same names in Hugging Face `transformers`; golden values in
//! `tests/fixtures/seq2seq`. What sets it apart from the BART family: norms without mean and bias,
//! no biases of matrices, no scale of scores, and a bias for the way from query to key in place of
//! positions. Rows are ragged: there is no padding.

use candle_core::{Device, Tensor};

use super::layers::{GatedMlp, RmsNorm};
use super::state::{LayerMemory, Memory, State};
use super::tensors::Tensors;
use super::{Architecture, Loaded, Logits, Network, Row, Setup, check_rows, ragged};
use crate::checkpoint::{Checkpoint, Key, ModelConfig};
use crate::error::{Error, Result};
use crate::kernels::{
    Activation, Attention, Embedding, KeyValues, Linear, Phase, RelativeBias, Sees, Span, Weight,
    activated_layer, attend_spans, shared_input,
};

pub(super) const ARCHITECTURE: Architecture = Architecture { names: &["t5", "mt5", "umt5"], load };

const MAX_LAYERS: usize = 512;
const MAX_WIDTH: usize = 1 << 20;
/// Sequences have no positions that could run out; this is what the reference was trained for at
/// most, many times over.
const CONTEXT: usize = 16_384;
/// Tokens of a source in training, where a config does not say.
const TRAINED: usize = 512;

#[derive(Debug, Clone, PartialEq)]
struct Config {
    width: usize,
    heads: usize,
    head_dim: usize,
    feed_forward: usize,
    encoder_layers: usize,
    decoder_layers: usize,
    epsilon: f64,
    activation: Activation,
    gated: bool,
    buckets: usize,
    /// The way from which on the bias is the same.
    reach: usize,
    /// Whether each layer has a bias of its own.
    bias_in_every_layer: bool,
}

struct T5 {
    config: Config,
    device: Device,
    vocabulary: usize,
    embed_tokens: Embedding,
    encoder: Vec<EncoderLayer>,
    encoder_norm: RmsNorm,
    decoder: Vec<DecoderLayer>,
    decoder_norm: RmsNorm,
    lm_head: Linear,
    logit_scale: f32,
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

/// An attention behind its norm.
struct Attended {
    norm: RmsNorm,
    q: Linear,
    k: Linear,
    v: Linear,
    o: Linear,
    shape: Attention,
    bias: Option<std::sync::Arc<RelativeBias>>,
}

struct FeedForward {
    norm: RmsNorm,
    kind: Kind,
}

#[allow(clippy::large_enum_variant)]
enum Kind {
    Plain { wi: Linear, wo: Linear, activation: Activation },
    Gated(GatedMlp),
}

impl Config {
    fn read(checkpoint: &Checkpoint) -> Result<Self> {
        let model_config = &checkpoint.config;
        // A config leaves out what is as in the smallest of the first T5, a GGUF file nothing.
        let count =
            |json: &str, gguf: &str, most: usize, default: usize| match model_config.is_gguf() {
                true => model_config.count(Key::both(json, gguf), most),
                false => model_config.count_or(Key::both(json, gguf), most, default),
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
        let (gated, activation) = activation(checkpoint)?;
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
            // No GGUF file says it: llama.cpp knows no other one.
            reach: model_config.count_or(
                Key::json("relative_attention_max_distance"),
                MAX_WIDTH,
                128,
            )?,
            bias_in_every_layer: bias_in_every_layer(checkpoint)?,
        };
        if config.buckets < 4 || config.reach <= config.buckets / 2 {
            let reason = format!("{} buckets for ways of up to {}", config.buckets, config.reach);
            return Err(Error::malformed(model_config.file(), reason));
        }
        Ok(config)
    }
}

/// Whether layers are gated, and by what. A GGUF file does not say; as in llama.cpp
/// (`src/models/t5.cpp`) it is seen by the gates, and those of GELU are the only ones.
fn activation(checkpoint: &Checkpoint) -> Result<(bool, Activation)> {
    let model_config = &checkpoint.config;
    if model_config.is_gguf() {
        let gate = checkpoint.find("encoder.block.0.layer.1.DenseReluDense.wi_0.weight")?;
        return Ok(match gate {
            Some(_) => (true, Activation::GeluTanh),
            None => (false, Activation::Relu),
        });
    }
    let words = model_config.word(Key::json("feed_forward_proj")).unwrap_or("relu");
    let (gated, name) = match words.strip_prefix("gated-") {
        Some(name) => (true, name),
        None => (false, words),
    };
    let activation = match name {
        "relu" => Activation::Relu,
        // The gated form means the approximation by its word, too.
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

/// GGUF files of UMT5 call themselves T5.
fn bias_in_every_layer(checkpoint: &Checkpoint) -> Result<bool> {
    if !checkpoint.config.is_gguf() {
        return Ok(checkpoint.config.architecture() == "umt5");
    }
    let of_second = |stack: &str| checkpoint.find(&bias_name(&format!("{stack}.block.1")));
    Ok(of_second("encoder")?.or(of_second("decoder")?).is_some())
}

fn bias_name(prefix: &str) -> String {
    format!("{prefix}.layer.0.SelfAttention.relative_attention_bias.weight")
}

/// Whether the output matrix is the embedding table, and what it is multiplied with scaled.
///
/// A GGUF file does not say. llama.cpp never scales, nor does its converter do it for it, so that
/// its probabilities are not those of the reference, which counts here. Tied is a file without an
/// output matrix, and one with a copy: the converter writes that where the weights were in
/// PyTorch's own form. What is not gated is the first T5, and tied even if quantised copies differ.
fn tied(
    model_config: &ModelConfig,
    config: &Config,
    table: &Weight,
    output: Option<&Weight>,
) -> bool {
    if model_config.is_gguf() {
        return output.is_none_or(|output| !config.gated || *output.bytes == *table.bytes);
    }
    let said = model_config
        .get(Key::json("scale_decoder_outputs"))
        .or_else(|| model_config.get(Key::json("tie_word_embeddings")));
    said.and_then(|v| v.as_bool())
        .unwrap_or(model_config.architecture() == "t5" && output.is_none())
}

fn load(setup: &Setup<'_>) -> Result<Loaded> {
    let checkpoint = setup.checkpoint;
    let model_config = &checkpoint.config;
    let config = Config::read(checkpoint)?;
    let read = Tensors { checkpoint, device: setup.device, precision: setup.precision };
    // One table for both stacks, by any of its names.
    let names = ["shared.weight", "decoder.embed_tokens.weight", "encoder.embed_tokens.weight"];
    let mut table = None;
    for name in names {
        if table.is_none()
            && let Some(found) = checkpoint.find(name)?
        {
            let rows = found.shape.first().copied().unwrap_or(0);
            table = Some(checkpoint.tensor(name, &[rows, config.width])?);
        }
    }
    let table = match table {
        Some(table) => table,
        None => checkpoint.tensor(names[0], &[0, config.width])?,
    };
    let vocabulary = table.shape[0];
    let output = checkpoint.find("lm_head.weight")?;
    let tied = tied(model_config, &config, &table, output.as_ref());
    let lm_head = match output {
        Some(_) => checkpoint.tensor("lm_head.weight", &[vocabulary, config.width])?,
        None => table.clone(),
    };
    let layers = Layers { read, config: &config };
    let network = T5 {
        device: setup.device.clone(),
        vocabulary,
        embed_tokens: Embedding::new(table, setup.device)?,
        encoder: layers.encoder()?,
        encoder_norm: read.rms_norm(
            "encoder.final_layer_norm",
            config.width,
            config.epsilon,
            0.0,
        )?,
        decoder: layers.decoder()?,
        decoder_norm: read.rms_norm(
            "decoder.final_layer_norm",
            config.width,
            config.epsilon,
            0.0,
        )?,
        lm_head: Linear::new(lm_head, None, setup.precision, setup.device)?,
        logit_scale: if tied { (config.width as f32).powf(-0.5) } else { 1.0 },
        config,
    };
    // Positions are relative: more could be read, but it was not trained to.
    let context =
        checkpoint.config.count_or(Key::both("n_positions", "context_length"), CONTEXT, TRAINED)?;
    Ok(Loaded { network: Box::new(network), context, vocabulary, sources: Some(vocabulary) })
}

/// Reads layers of both stacks.
struct Layers<'a> {
    read: Tensors<'a>,
    config: &'a Config,
}

impl Layers<'_> {
    fn encoder(&self) -> Result<Vec<EncoderLayer>> {
        let mut bias = None;
        let layer = |index: usize| {
            let prefix = format!("encoder.block.{index}");
            bias = self.bias(&prefix, true, bias.take())?;
            Ok(EncoderLayer {
                self_attn: self.attended(&prefix, 0, "SelfAttention", Sees::All, bias.clone())?,
                mlp: self.feed_forward(&format!("{prefix}.layer.1"))?,
            })
        };
        (0..self.config.encoder_layers).map(layer).collect()
    }

    fn decoder(&self) -> Result<Vec<DecoderLayer>> {
        let mut bias = None;
        let layer = |index: usize| {
            let prefix = format!("decoder.block.{index}");
            bias = self.bias(&prefix, false, bias.take())?;
            Ok(DecoderLayer {
                self_attn: self.attended(&prefix, 0, "SelfAttention", Sees::Past, bias.clone())?,
                encoder_attn: self.attended(&prefix, 1, "EncDecAttention", Sees::All, None)?,
                mlp: self.feed_forward(&format!("{prefix}.layer.2"))?,
            })
        };
        (0..self.config.decoder_layers).map(layer).collect()
    }

    /// A layer's own bias, or that of the first one.
    fn bias(
        &self,
        prefix: &str,
        both_ways: bool,
        first: Option<std::sync::Arc<RelativeBias>>,
    ) -> Result<Option<std::sync::Arc<RelativeBias>>> {
        if first.is_some() && !self.config.bias_in_every_layer {
            return Ok(first);
        }
        let Config { heads, buckets, reach, .. } = *self.config;
        let table = self.read.floats(&bias_name(prefix), buckets * heads)?;
        let of =
            |head: usize, way: isize| table[bucket(way, both_ways, buckets, reach) * heads + head];
        Ok(Some(std::sync::Arc::new(RelativeBias::new(heads, reach, of))))
    }

    fn attended(
        &self,
        prefix: &str,
        part: usize,
        name: &str,
        sees: Sees,
        bias: Option<std::sync::Arc<RelativeBias>>,
    ) -> Result<Attended> {
        let Config { width, heads, head_dim, epsilon, .. } = *self.config;
        let prefix = format!("{prefix}.layer.{part}");
        let linear = |part: &str| {
            self.read.linear(&format!("{prefix}.{name}.{part}"), heads * head_dim, width)
        };
        let o = self.read.linear(&format!("{prefix}.{name}.o"), width, heads * head_dim)?;
        let rounded = o.rounds();
        Ok(Attended {
            norm: self.read.rms_norm(&format!("{prefix}.layer_norm"), width, epsilon, 0.0)?,
            q: linear("q")?,
            k: linear("k")?,
            v: linear("v")?,
            o,
            shape: Attention {
                heads,
                kv_heads: heads,
                head_dim,
                scale: 1.0,
                cap: None,
                sees,
                rounded,
            },
            bias,
        })
    }

    fn feed_forward(&self, prefix: &str) -> Result<FeedForward> {
        let Config { width, feed_forward, activation, epsilon, .. } = *self.config;
        let name = |part: &str| format!("{prefix}.DenseReluDense.{part}");
        let kind = match self.config.gated {
            true => Kind::Gated(GatedMlp {
                gate: self.read.linear(&name("wi_0"), feed_forward, width)?,
                up: self.read.linear(&name("wi_1"), feed_forward, width)?,
                down: self.read.linear(&name("wo"), width, feed_forward)?,
                activation,
            }),
            false => Kind::Plain {
                wi: self.read.linear(&name("wi"), feed_forward, width)?,
                wo: self.read.linear(&name("wo"), width, feed_forward)?,
                activation,
            },
        };
        let norm = self.read.rms_norm(&format!("{prefix}.layer_norm"), width, epsilon, 0.0)?;
        Ok(FeedForward { norm, kind })
    }
}

/// Which bias counts for a key so far after the query (`T5Attention._relative_position_bucket`):
/// near ways have one each, far ones share by the logarithm. A decoder looks back only, and has
/// twice as many for it.
fn bucket(way: isize, both_ways: bool, buckets: usize, reach: usize) -> usize {
    let (first, buckets) = match (both_ways, way > 0) {
        (true, true) => (buckets / 2, buckets / 2),
        (true, false) => (0, buckets / 2),
        (false, _) => (0, buckets),
    };
    let distance = if both_ways { way.unsigned_abs() } else { (-way).max(0) as usize };
    let exact = buckets / 2;
    if distance < exact {
        return first + distance;
    }
    // In f32, as the reference has it: the borders depend on it.
    let share = (distance as f32 / exact as f32).ln() / (reach as f64 / exact as f64).ln() as f32;
    let far = exact + (share * (buckets - exact) as f32) as usize;
    first + far.min(buckets - 1)
}

impl Network for T5 {
    fn begin(&self, sources: &[&[u32]], phase: Phase) -> Result<Vec<State>> {
        for source in sources {
            if source.is_empty() || source.len() > CONTEXT {
                let (what, needed) = ("a source".to_string(), source.len());
                return Err(Error::TooLong { what, needed, window: CONTEXT });
            }
            if let Some(id) = source.iter().find(|id| **id as usize >= self.vocabulary) {
                let what = format!("token {id} is not in a vocabulary of {}", self.vocabulary);
                return Err(Error::Engine(what.into()));
            }
        }
        let encoded = self.encode(sources, phase)?;
        let keys_and_values = |layer: &DecoderLayer| {
            let attn = &layer.encoder_attn;
            let [k, v] = shared_input(&encoded, [&attn.k, &attn.v], phase)?;
            Ok((attn.heads(&k)?, attn.heads(&v)?))
        };
        let kept =
            self.decoder.iter().map(keys_and_values).collect::<candle_core::Result<Vec<_>>>()?;
        let state = |source| {
            let cache = || KeyValues::new(self.config.heads, self.config.head_dim, &self.device);
            let layers = self.decoder.iter().map(|_| Ok(LayerMemory::Attention(cache()?)));
            let layers = layers.collect::<candle_core::Result<_>>()?;
            Ok(State::new(Memory::Layers(layers)).with_source(source))
        };
        ragged::keep(sources, &kept)?.into_iter().map(state).collect()
    }

    fn forward(&self, rows: &mut [Row<'_>], phase: Phase) -> Result<Logits> {
        check_rows(rows, self.vocabulary, CONTEXT)?;
        let ids: Vec<u32> = rows.iter().flat_map(|row| row.tokens).copied().collect();
        rows.iter_mut().for_each(|row| row.state.begin_step());
        let mut x = self.embed_tokens.forward(&ids)?;
        for (index, layer) in self.decoder.iter().enumerate() {
            x = layer.self_attn.cached(&x, rows, index, phase)?;
            x = layer.encoder_attn.crossed(&x, rows, index, phase)?;
            x = layer.mlp.forward(&x, phase)?;
        }
        rows.iter_mut().for_each(|row| row.state.end_step(row.tokens));
        let wanted = super::wanted(rows);
        if wanted.is_empty() {
            return Ok(Logits::of_rows(self.vocabulary, Vec::new(), rows));
        }
        let count = wanted.len();
        let x = x.index_select(&Tensor::from_vec(wanted, count, &self.device)?, 0)?;
        let x = (self.decoder_norm.forward(&x)? * f64::from(self.logit_scale))?;
        let values: Vec<f32> = self.lm_head.forward(&x, phase)?.flatten_all()?.to_vec1()?;
        Ok(Logits::of_rows(self.vocabulary, values, rows))
    }
}

impl T5 {
    /// What the encoder makes of sources, one after the other: `[tokens, width]`.
    fn encode(&self, sources: &[&[u32]], phase: Phase) -> Result<Tensor> {
        let ids: Vec<u32> = sources.iter().flat_map(|source| source.iter()).copied().collect();
        let mut x = self.embed_tokens.forward(&ids)?;
        for layer in &self.encoder {
            x = layer.self_attn.within(&x, sources, phase)?;
            x = layer.mlp.forward(&x, phase)?;
        }
        Ok(self.encoder_norm.forward(&x)?)
    }
}

impl Attended {
    /// `[tokens, heads · head_dim]` to `[tokens, heads, head_dim]`.
    fn heads(&self, x: &Tensor) -> candle_core::Result<Tensor> {
        x.reshape((x.dim(0)?, self.shape.heads, self.shape.head_dim))
    }

    fn queries_keys_values(&self, x: &Tensor, phase: Phase) -> candle_core::Result<[Tensor; 3]> {
        let [q, k, v] = shared_input(&self.norm.forward(x)?, [&self.q, &self.k, &self.v], phase)?;
        Ok([self.heads(&q)?, self.heads(&k)?, self.heads(&v)?])
    }

    fn attend(&self, q: &Tensor, spans: &[Span], phase: Phase) -> candle_core::Result<Tensor> {
        attend_spans(&self.shape, self.bias.as_deref(), q, spans, phase)
    }

    /// `x` with what came of attention added.
    fn add(&self, x: &Tensor, attended: &Tensor, phase: Phase) -> candle_core::Result<Tensor> {
        self.o.forward_onto(attended, Some(x), phase)
    }

    fn within(&self, x: &Tensor, sources: &[&[u32]], phase: Phase) -> candle_core::Result<Tensor> {
        let [q, k, v] = self.queries_keys_values(x, phase)?;
        self.add(x, &self.attend(&q, &ragged::within(&k, &v, sources)?, phase)?, phase)
    }

    fn cached(
        &self,
        x: &Tensor,
        rows: &mut [Row<'_>],
        layer: usize,
        phase: Phase,
    ) -> candle_core::Result<Tensor> {
        let [q, k, v] = self.queries_keys_values(x, phase)?;
        self.add(x, &self.attend(&q, &ragged::cached(&k, &v, rows, layer)?, phase)?, phase)
    }

    fn crossed(
        &self,
        x: &Tensor,
        rows: &mut [Row<'_>],
        layer: usize,
        phase: Phase,
    ) -> candle_core::Result<Tensor> {
        let q = self.heads(&self.q.forward(&self.norm.forward(x)?, phase)?)?;
        self.add(x, &self.attend(&q, &ragged::crossed(rows, layer)?, phase)?, phase)
    }
}

impl FeedForward {
    fn forward(&self, x: &Tensor, phase: Phase) -> candle_core::Result<Tensor> {
        let y = self.norm.forward(x)?;
        match &self.kind {
            Kind::Plain { wi, wo, activation } => {
                wo.forward_onto(&activated_layer(&y, wi, *activation, phase)?, Some(x), phase)
            }
            Kind::Gated(mlp) => mlp.forward(&y, Some(x), phase),
        }
    }
}
