//! Decoder-only networks: Llama, Mistral, Qwen 2 and 3, Gemma 2 and 3 text, HunYuan dense, EXAONE 4, Granite, HyperCLOVAX and
//! SmolLM 3, one network driven by its [`Config`].
//!
//! Papers: <https://arxiv.org/abs/2307.09288> (Llama 2), <https://arxiv.org/abs/2407.10671> (Qwen 2),
//! <https://arxiv.org/abs/2503.19786> (Gemma 3), <https://arxiv.org/abs/2509.05209> (Hunyuan-MT). Reference: the classes of the same names in Hugging Face `transformers`; golden
//! logits in `tests/fixtures/models`. A family is a function in `decoder/families.rs` and a line in its table.

mod families;

use candle_core::{Device, IndexOp, Tensor};
use rayon::prelude::*;

use super::layers::{Activation, GatedMlp, KvCache, RmsNorm, Rope, Rotation};
use super::{Architecture, Loaded, Logits, Memory, Network, Row, Setup, State, check_rows};
use crate::checkpoint::Checkpoint;
use crate::error::Result;
use crate::kernels::{Attention, Embedding, Linear, Precision, attend, shared_input};

pub(super) const ARCHITECTURE: Architecture = Architecture { names: families::NAMES, load };

/// What makes one decoder different from another.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Config {
    /// Width of the residual stream.
    pub hidden: usize,
    /// Query heads, key and value heads, and their size.
    pub heads: usize,
    pub kv_heads: usize,
    pub head_dim: usize,
    /// Width of the feed-forward layer.
    pub feed_forward: usize,
    /// The most positions it was made for.
    pub context: usize,
    pub norm_epsilon: f64,
    /// Added to norm weights at load (Gemma's checkpoints store them less one).
    pub norm_offset: f64,
    pub activation: Activation,
    /// What embeddings are multiplied by.
    pub embedding_scale: f64,
    /// What the output of attention and of the feed-forward layer is multiplied by on its way into the residual stream.
    pub residual_scale: f64,
    /// What attention scores are multiplied by.
    pub attention_scale: f64,
    /// What soft-caps attention scores, and logits: `cap · tanh(x / cap)`.
    pub attention_cap: Option<f64>,
    pub logit_cap: Option<f64>,
    /// What logits are multiplied by.
    pub logit_scale: f64,
    /// How queries and keys are normalised per head, where they are.
    pub query_key_norm: Option<QueryKeyNorm>,
    /// Where attention and the feed-forward layer are normalised.
    pub norms: Norms,
    /// Whether the output matrix is the embedding table.
    pub tied: bool,
    /// The different rotations there are …
    pub ropes: Vec<Rope>,
    /// … and what differs between layers.
    pub layers: Vec<LayerKind>,
}

/// What the checkpoint calls the norms of a layer, where it has them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Norms {
    /// Of what goes into attention, and of what comes out of it.
    pub attention: [Option<&'static str>; 2],
    /// The same of the feed-forward layer.
    pub feed_forward: [Option<&'static str>; 2],
}

/// Norms of queries and keys.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct QueryKeyNorm {
    /// Whether they come after the rotation and not before it.
    pub after_rotation: bool,
    /// What the checkpoint calls the queries' and the keys'.
    pub names: [&'static str; 2],
}

/// What differs between layers.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct LayerKind {
    /// Index into [`Config::ropes`]; positions are not told where `None`.
    pub rope: Option<usize>,
    /// Keys a query sees, itself included; all where `None`.
    pub window: Option<usize>,
}

struct Decoder {
    config: Config,
    device: Device,
    vocabulary: usize,
    embed_tokens: Embedding,
    layers: Vec<Layer>,
    norm: RmsNorm,
    lm_head: Linear,
}

struct Layer {
    kind: LayerKind,
    residual_scale: f64,
    attention_in: Option<RmsNorm>,
    self_attn: SelfAttention,
    attention_out: Option<RmsNorm>,
    feedforward_in: Option<RmsNorm>,
    mlp: GatedMlp,
    feedforward_out: Option<RmsNorm>,
}

struct SelfAttention {
    q_proj: Linear,
    k_proj: Linear,
    v_proj: Linear,
    o_proj: Linear,
    norms: Option<HeadNorms>,
    shape: Attention,
}

struct HeadNorms {
    after_rotation: bool,
    q: RmsNorm,
    k: RmsNorm,
}

fn load(setup: &Setup<'_>) -> Result<Loaded> {
    let checkpoint = setup.checkpoint;
    let config = families::config(checkpoint)?;
    let embeddings = "model.embed_tokens.weight";
    let vocabulary = checkpoint.find(embeddings)?.and_then(|found| found.shape.first().copied()).unwrap_or(0);
    let read = Reader { checkpoint, config: &config, device: setup.device, precision: setup.precision };
    let embed_tokens = checkpoint.tensor(embeddings, &[vocabulary, config.hidden])?;
    let lm_head = if config.tied {
        Linear::new(embed_tokens.clone(), None, setup.precision, setup.device)?
    } else {
        read.linear("lm_head", vocabulary, config.hidden)?
    };
    let layers = (0..config.layers.len()).map(|index| read.layer(index)).collect::<Result<Vec<_>>>()?;
    let norm = read.norm("model.norm", config.hidden)?;
    let context = config.context;
    let bytes_per_token = config.layers.len() * 2 * config.kv_heads * config.head_dim * size_of::<f32>();
    let embed_tokens = Embedding::new(embed_tokens, setup.device)?;
    let device = setup.device.clone();
    let network = Box::new(Decoder { config, device, vocabulary, embed_tokens, layers, norm, lm_head });
    Ok(Loaded { network, context, vocabulary, bytes_per_token })
}

/// Reads layers by their names in the checkpoint.
struct Reader<'a> {
    checkpoint: &'a Checkpoint,
    config: &'a Config,
    device: &'a Device,
    precision: Precision,
}

impl Reader<'_> {
    fn layer(&self, index: usize) -> Result<Layer> {
        let config = self.config;
        let name = |part: &str| format!("model.layers.{index}.{part}");
        let norm = |part: Option<&str>| part.map(|part| self.norm(&name(part), config.hidden)).transpose();
        let Norms { attention: [attention_in, attention_out], feed_forward: [feed_in, feed_out] } =
            config.norms;
        Ok(Layer {
            kind: config.layers[index],
            residual_scale: config.residual_scale,
            attention_in: norm(attention_in)?,
            self_attn: self.self_attention(&name("self_attn"), config.layers[index])?,
            attention_out: norm(attention_out)?,
            feedforward_in: norm(feed_in)?,
            feedforward_out: norm(feed_out)?,
            mlp: GatedMlp {
                gate: self.linear(&name("mlp.gate_proj"), config.feed_forward, config.hidden)?,
                up: self.linear(&name("mlp.up_proj"), config.feed_forward, config.hidden)?,
                down: self.linear(&name("mlp.down_proj"), config.hidden, config.feed_forward)?,
                activation: config.activation,
            },
        })
    }

    fn self_attention(&self, prefix: &str, kind: LayerKind) -> Result<SelfAttention> {
        let Config { hidden, heads, kv_heads, head_dim, .. } = *self.config;
        let norm = |name: &str| self.norm(&format!("{prefix}.{name}"), head_dim);
        let norms = match self.config.query_key_norm {
            Some(QueryKeyNorm { after_rotation, names: [q, k] }) => {
                Some(HeadNorms { after_rotation, q: norm(q)?, k: norm(k)? })
            }
            None => None,
        };
        Ok(SelfAttention {
            q_proj: self.linear(&format!("{prefix}.q_proj"), heads * head_dim, hidden)?,
            k_proj: self.linear(&format!("{prefix}.k_proj"), kv_heads * head_dim, hidden)?,
            v_proj: self.linear(&format!("{prefix}.v_proj"), kv_heads * head_dim, hidden)?,
            o_proj: self.linear(&format!("{prefix}.o_proj"), hidden, heads * head_dim)?,
            norms,
            shape: Attention {
                heads,
                kv_heads,
                head_dim,
                scale: self.config.attention_scale as f32,
                cap: self.config.attention_cap.map(|cap| cap as f32),
                window: kind.window,
            },
        })
    }

    fn norm(&self, name: &str, size: usize) -> Result<RmsNorm> {
        let weight = self.checkpoint.tensor(&format!("{name}.weight"), &[size])?;
        Ok(RmsNorm::new(&weight, self.config.norm_epsilon, self.config.norm_offset, self.device)?)
    }

    /// A matrix, with its bias where the checkpoint has one.
    fn linear(&self, name: &str, outputs: usize, inputs: usize) -> Result<Linear> {
        let weight = self.checkpoint.tensor(&format!("{name}.weight"), &[outputs, inputs])?;
        let bias = format!("{name}.bias");
        let bias = match self.checkpoint.find(&bias)? {
            Some(_) => Some(self.checkpoint.tensor(&bias, &[outputs])?),
            None => None,
        };
        Ok(Linear::new(weight, bias, self.precision, self.device)?)
    }
}

impl Network for Decoder {
    fn begin(&self, sources: &[&[u32]]) -> Result<Vec<State>> {
        let Config { kv_heads, head_dim, .. } = self.config;
        let state = |_| {
            let caches = self.layers.iter().map(|_| KvCache::new(kv_heads, head_dim, &self.device));
            Ok(State { length: 0, memory: Memory::Attention(caches.collect::<candle_core::Result<_>>()?) })
        };
        sources.iter().map(state).collect()
    }

    fn forward(&self, rows: &mut [Row<'_>]) -> Result<Logits> {
        check_rows(rows, self.vocabulary, self.config.context)?;
        // All rows' tokens stand one after the other: [tokens, hidden].
        let ids: Vec<u32> = rows.iter().flat_map(|row| row.tokens).copied().collect();
        let positions: Vec<usize> =
            rows.iter().flat_map(|row| row.state.length..row.state.length + row.tokens.len()).collect();
        let rotations = self.config.ropes.iter().map(|rope| rope.at(&positions, &self.device));
        let rotations = rotations.collect::<candle_core::Result<Vec<_>>>()?;
        let mut x = (self.embed_tokens.forward(&ids)? * self.config.embedding_scale)?;
        for (index, layer) in self.layers.iter().enumerate() {
            let rotation = layer.kind.rope.map(|rope| &rotations[rope]);
            x = layer.forward(&x, rotation, rows, index)?;
        }
        for row in rows.iter_mut() {
            row.state.length += row.tokens.len();
        }
        self.logits(&x, rows)
    }
}

impl Decoder {
    /// Logits of the tokens that are wanted; the output matrix is the largest of all, so that nothing else goes through it.
    fn logits(&self, x: &Tensor, rows: &[Row<'_>]) -> Result<Logits> {
        let mut wanted = Vec::new();
        let mut end = 0;
        for row in rows {
            end += row.tokens.len();
            wanted.extend((end - row.want.count(row.tokens.len())..end).map(|at| at as u32));
        }
        let counts = rows.iter().map(|row| row.want.count(row.tokens.len()));
        if wanted.is_empty() {
            return Ok(Logits::new(self.vocabulary, Vec::new(), counts));
        }
        let count = wanted.len();
        let x = x.index_select(&Tensor::from_vec(wanted, count, &self.device)?, 0)?;
        let mut values: Vec<f32> = self.lm_head.forward(&self.norm.forward(&x)?)?.flatten_all()?.to_vec1()?;
        if self.config.logit_scale != 1.0 {
            values.iter_mut().for_each(|logit| *logit *= self.config.logit_scale as f32);
        }
        if let Some(cap) = self.config.logit_cap.map(|cap| cap as f32) {
            values.iter_mut().for_each(|logit| *logit = cap * (*logit / cap).tanh());
        }
        Ok(Logits::new(self.vocabulary, values, counts))
    }
}

impl Layer {
    fn forward(
        &self,
        x: &Tensor,
        rotation: Option<&Rotation>,
        rows: &mut [Row<'_>],
        index: usize,
    ) -> candle_core::Result<Tensor> {
        let attended = self.self_attn.forward(&norm(&self.attention_in, x)?, rotation, rows, index)?;
        let x = self.add(x, &norm(&self.attention_out, &attended)?)?;
        let y = self.mlp.forward(&norm(&self.feedforward_in, &x)?)?;
        self.add(&x, &norm(&self.feedforward_out, &y)?)
    }

    fn add(&self, x: &Tensor, y: &Tensor) -> candle_core::Result<Tensor> {
        if self.residual_scale == 1.0 { x + y } else { x + (y * self.residual_scale)? }
    }
}

fn norm(norm: &Option<RmsNorm>, x: &Tensor) -> candle_core::Result<Tensor> {
    norm.as_ref().map_or_else(|| Ok(x.clone()), |norm| norm.forward(x))
}

impl SelfAttention {
    fn forward(
        &self,
        x: &Tensor,
        rotation: Option<&Rotation>,
        rows: &mut [Row<'_>],
        layer: usize,
    ) -> candle_core::Result<Tensor> {
        let Attention { heads, kv_heads, head_dim, .. } = self.shape;
        let tokens = x.dim(0)?;
        let [q, k, v] = shared_input(x, [&self.q_proj, &self.k_proj, &self.v_proj])?;
        // [tokens, heads · head_dim] -> [tokens, heads, head_dim]
        let q = q.reshape((tokens, heads, head_dim))?;
        let k = k.reshape((tokens, kv_heads, head_dim))?;
        let v = v.reshape((tokens, kv_heads, head_dim))?;
        let rotate = |q: &Tensor, k: &Tensor| match rotation {
            Some(rotation) => candle_core::Result::Ok((rotation.apply(q)?, rotation.apply(k)?)),
            None => Ok((q.clone(), k.clone())),
        };
        let (q, k) = match &self.norms {
            None => rotate(&q, &k)?,
            Some(norms) if norms.after_rotation => {
                let (q, k) = rotate(&q, &k)?;
                (norms.q.forward(&q)?, norms.k.forward(&k)?)
            }
            Some(norms) => rotate(&norms.q.forward(&q)?, &norms.k.forward(&k)?)?,
        };
        let starts = rows.iter().scan(0, |next, row| {
            *next += row.tokens.len();
            Some(*next - row.tokens.len())
        });
        let starts: Vec<usize> = starts.collect();
        // Each row has a cache of its own.
        let attend_row = |(row, start): (&mut Row<'_>, usize)| {
            let part = |x: &Tensor| x.i(start..start + row.tokens.len());
            let Memory::Attention(caches) = &mut row.state.memory else {
                candle_core::bail!("a state of another network");
            };
            let Some(cache) = caches.get_mut(layer) else { candle_core::bail!("a state of another network") };
            let (keys, values) = cache.append(row.state.length, &part(&k)?, &part(&v)?)?;
            attend(&self.shape, &part(&q)?, &keys, &values)
        };
        let outputs = rows.par_iter_mut().zip(starts).map(attend_row);
        let outputs = outputs.collect::<candle_core::Result<Vec<Tensor>>>()?;
        self.o_proj.forward(&Tensor::cat(&outputs, 0)?)
    }
}
