//! Causal self-attention, over the whole sequence or a sliding window.

use candle_core::{IndexOp, Result, Tensor};

use super::config::{AttentionForm, Heads, KvSource, QueryKeyNorm};
use super::reader::DecoderReader;
use super::step::Step;
use crate::architectures::batch::{Row, row_starts};
use crate::architectures::layers::{RmsNorm, Rotation};
use crate::kernels::{
    Activation, Attention, Linear, Mask, SequenceSlice, attend, gated, shared_input, threads,
};

pub(super) struct SelfAttention {
    q_proj: Linear,
    kv: KvProjection,
    o_proj: Linear,
    norms: Option<HeadNorms>,
    rope: Option<usize>,
    shape: Attention,
    gated: bool,
}

/// Projections of keys and values.
#[allow(clippy::large_enum_variant)]
enum KvProjection {
    Own {
        k_proj: Linear,
        /// Without it the values are the keys before norm and rotation.
        v_proj: Option<Linear>,
        v_norm: Option<RmsNorm>,
    },
    /// None: the keys and values of another layer, by its index.
    SharedWith(usize),
}

struct HeadNorms {
    after_rotation: bool,
    q: RmsNorm,
    /// `None` if the layer has no keys of its own.
    k: Option<RmsNorm>,
}

impl SelfAttention {
    pub fn load(read: &DecoderReader<'_>, prefix: &str, kind: Heads) -> crate::error::Result<Self> {
        let Heads { heads, kv_heads, head_dim, rope, window, kv_source } = kind;
        let AttentionForm { scale, cap, norms, values_normed, gated, fused } =
            read.config.attention;
        let hidden = read.config.hidden;
        let (queries, keys) = (heads * head_dim * if gated { 2 } else { 1 }, kv_heads * head_dim);
        let linear =
            |name: &str, outputs: usize| read.linear(&format!("{prefix}.{name}"), outputs, hidden);
        let norm = |name: &str| read.norm(&format!("{prefix}.{name}"), head_dim);
        let v_norm = || {
            if !values_normed {
                return Ok(None);
            }
            RmsNorm::unweighted(head_dim, read.config.norm_epsilon, read.device).map(Some)
        };
        let (q_proj, kv) = match kv_source {
            KvSource::Own if fused => {
                let name = format!("{prefix}.qkv_proj");
                let [q_proj, k_proj, v_proj] = read.parts(&name, [queries, keys, keys], hidden)?;
                (q_proj, KvProjection::Own { k_proj, v_proj: Some(v_proj), v_norm: v_norm()? })
            }
            KvSource::Own => {
                let (k_proj, v_proj) = (linear("k_proj", keys)?, Some(linear("v_proj", keys)?));
                (
                    linear("q_proj", queries)?,
                    KvProjection::Own { k_proj, v_proj, v_norm: v_norm()? },
                )
            }
            KvSource::KeysAsValues => {
                let k_proj = linear("k_proj", keys)?;
                (
                    linear("q_proj", queries)?,
                    KvProjection::Own { k_proj, v_proj: None, v_norm: v_norm()? },
                )
            }
            KvSource::SharedWith(layer) => {
                (linear("q_proj", queries)?, KvProjection::SharedWith(layer))
            }
        };
        let norms = match norms {
            Some(QueryKeyNorm { after_rotation, names: [q, k] }) => Some(HeadNorms {
                after_rotation,
                q: norm(q)?,
                k: if matches!(kv, KvProjection::Own { .. }) { Some(norm(k)?) } else { None },
            }),
            None => None,
        };
        let out = format!("{prefix}.{}", read.config.names.attention_out);
        let o_proj = read.linear(&out, hidden, heads * head_dim)?;
        let (scale, cap) = (scale as f32, cap.map(|cap| cap as f32));
        let mask = window.map_or(Mask::Causal, Mask::SlidingWindow);
        let allows_bf16 = o_proj.uses_bf16();
        let shape = Attention { heads, kv_heads, head_dim, scale, softcap: cap, mask, allows_bf16 };
        Ok(Self { q_proj, kv, o_proj, norms, rope, shape, gated })
    }

    /// Number and size of the key heads; `None` if the layer has no keys of its own.
    pub fn kv_shape(&self) -> Option<(usize, usize)> {
        matches!(self.kv, KvProjection::Own { .. })
            .then_some((self.shape.kv_heads, self.shape.head_dim))
    }

    /// `[tokens, hidden]` of all rows to the same, added to `residual`.
    pub fn forward(
        &self,
        x: &Tensor,
        residual: Option<&Tensor>,
        step: &Step<'_>,
        rows: &mut [Row<'_>],
        layer: usize,
    ) -> Result<Tensor> {
        let Projected { q, gate, kv } = self.project(x, step)?;
        let slices = self.slices(kv.as_ref(), rows, layer)?;
        let mut attended = attend(&self.shape, None, &q, &slices, step.phase)?;
        if let Some(gate) = gate {
            attended = gated(&gate, &attended, Activation::Sigmoid)?;
        }
        self.o_proj.forward_add(&attended, residual, step.phase)
    }

    /// Queries, keys and values of `[tokens, hidden]`, normed and rotated.
    fn project(&self, x: &Tensor, step: &Step<'_>) -> Result<Projected> {
        let Attention { heads, kv_heads, head_dim, .. } = self.shape;
        let tokens = x.dim(0)?;
        let rotation = self.rope.map(|rope| &step.rotations[rope]);
        let norms = self.norms.as_ref();
        let after_rotation = norms.is_some_and(|norms| norms.after_rotation);
        let split = |x: Tensor| x.reshape((tokens, kv_heads, head_dim));
        let (q, kv) = match &self.kv {
            KvProjection::Own { k_proj, v_proj: Some(v_proj), v_norm } => {
                let [q, k, v] = shared_input(x, [&self.q_proj, k_proj, v_proj], step.phase)?;
                (q, Some((split(k)?, split(v)?, v_norm)))
            }
            KvProjection::Own { k_proj, v_proj: None, v_norm } => {
                let [q, k] = shared_input(x, [&self.q_proj, k_proj], step.phase)?;
                let k = split(k)?;
                (q, Some((k.clone(), k, v_norm)))
            }
            KvProjection::SharedWith(_) => (self.q_proj.forward(x, step.phase)?, None),
        };
        let (q, gate) = if self.gated {
            let both = q.reshape((tokens, heads, 2 * head_dim))?;
            let gate = both.narrow(2, head_dim, head_dim)?.reshape((tokens, heads * head_dim))?;
            (both.narrow(2, 0, head_dim)?, Some(gate.contiguous()?))
        } else {
            (q.reshape((tokens, heads, head_dim))?, None)
        };
        let q = norm_and_rotate(&q, rotation, norms.map(|norms| &norms.q), after_rotation)?;
        let kv = match kv {
            Some((k, v, v_norm)) => {
                let k_norm = norms.and_then(|norms| norms.k.as_ref());
                let v = v_norm.as_ref().map_or_else(|| Ok(v.clone()), |norm| norm.forward(&v))?;
                Some((norm_and_rotate(&k, rotation, k_norm, after_rotation)?, v))
            }
            None => None,
        };
        Ok(Projected { q, gate, kv })
    }

    /// The cache of each row, after the layer's own keys and values are appended.
    fn slices(
        &self,
        kv: Option<&(Tensor, Tensor)>,
        rows: &mut [Row<'_>],
        layer: usize,
    ) -> Result<Vec<SequenceSlice>> {
        let starts = row_starts(rows);
        let slice = |index: usize, row: &mut Row<'_>| {
            let (length, count, start) = (row.state.len(), row.tokens.len(), starts[index]);
            let part = |x: &Tensor| x.i(start..start + count);
            let cache = match (kv, &self.kv) {
                (Some((k, v)), _) => {
                    let cache = row.state.kv_cache(layer)?;
                    cache.append(length, &part(k)?, &part(v)?)?;
                    cache
                }
                // That layer has appended the tokens of this step already.
                (None, KvProjection::SharedWith(other)) => row.state.kv_cache(*other)?,
                (None, KvProjection::Own { .. }) => {
                    candle_core::bail!("a layer without keys of its own")
                }
            };
            let (cached, expected) = (cache.len(), length + count);
            if cached != expected {
                candle_core::bail!("the cache holds {cached} tokens, expected {expected}");
            }
            Ok(SequenceSlice { tokens: count, cache: cache.clone() })
        };
        threads::parallel_map(rows, slice).into_iter().collect()
    }
}

/// The projections of a step's tokens.
struct Projected {
    /// `[tokens, heads, head_dim]`.
    q: Tensor,
    /// Gate of the output, `[tokens, heads · head_dim]`.
    gate: Option<Tensor>,
    /// Keys and values, `[tokens, kv_heads, head_dim]`, if the layer has its own.
    kv: Option<(Tensor, Tensor)>,
}

/// Norms and rotates queries or keys, `[tokens, heads, head_dim]`, in the order of the family.
fn norm_and_rotate(
    x: &Tensor,
    rotation: Option<&Rotation>,
    norm: Option<&RmsNorm>,
    after_rotation: bool,
) -> Result<Tensor> {
    let rotate = |x: &Tensor| rotation.map_or_else(|| Ok(x.clone()), |rotation| rotation.apply(x));
    match norm {
        None => rotate(x),
        Some(norm) if after_rotation => norm.forward(&rotate(x)?),
        Some(norm) => rotate(&norm.forward(x)?),
    }
}
