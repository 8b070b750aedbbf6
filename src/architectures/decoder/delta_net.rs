//! The gated delta rule (Yang, Kautz and Hatamizadeh 2024, <https://arxiv.org/abs/2412.06464>).
//!
//! Each value head has a matrix instead of a KV cache: an associative memory of keys and values.
//! A token decays it and adds the difference between its value and the one stored for its key.
//! Reference: `Qwen3_5GatedDeltaNet` of `transformers`.

use candle_core::{IndexOp, Tensor};

use super::config::DeltaShape;
use super::reader::DecoderReader;
use super::short_conv::CausalConv;
use crate::architectures::batch::{Row, row_starts};
use crate::error::Result;
use crate::kernels::{Activation, Linear, Phase, shared_input, threads};

/// Added under the root in the L2 norm of queries and keys.
const L2_EPSILON: f32 = 1e-6;

pub(super) struct DeltaNet {
    shape: DeltaShape,
    in_proj_qkv: Linear,
    in_proj_z: Linear,
    in_proj_b: Linear,
    in_proj_a: Linear,
    out_proj: Linear,
    conv: CausalConv,
    /// Decay rate of each value head, negative.
    decay: Vec<f32>,
    /// Bias of the step size, of each value head.
    dt_bias: Vec<f32>,
    norm: Vec<f32>,
    epsilon: f32,
}

impl DeltaNet {
    pub fn load(read: &DecoderReader<'_>, prefix: &str, shape: DeltaShape) -> Result<Self> {
        let hidden = read.config.hidden;
        let name = |part: &str| format!("{prefix}.{part}");
        let channels = 2 * shape.keys() + shape.values();
        let mut decay = read.floats(&name("A_log"), shape.value_heads)?;
        // GGUF files hold the result of this already.
        if !read.checkpoint.config.is_gguf() {
            decay.iter_mut().for_each(|a| *a = -a.exp());
        }
        Ok(Self {
            in_proj_qkv: read.linear(&name("in_proj_qkv"), channels, hidden)?,
            in_proj_z: read.linear(&name("in_proj_z"), shape.values(), hidden)?,
            in_proj_b: read.linear(&name("in_proj_b"), shape.value_heads, hidden)?,
            in_proj_a: read.linear(&name("in_proj_a"), shape.value_heads, hidden)?,
            out_proj: read.linear(&name("out_proj"), hidden, shape.values())?,
            conv: CausalConv::load(read, &name("conv1d"), channels, shape.kernel, false)?,
            decay,
            dt_bias: read.floats(&name("dt_bias"), shape.value_heads)?,
            norm: read.floats(&name("norm.weight"), shape.value_dim)?,
            epsilon: read.config.norm_epsilon as f32,
            shape,
        })
    }

    /// Size of a sequence's state: that of the convolution, then a matrix `[key_dim, value_dim]`
    /// for each value head.
    pub fn state_size(&self) -> usize {
        self.conv.state_size() + self.shape.values() * self.shape.key_dim
    }

    /// `[tokens, hidden]` of all rows to the same, added to `residual`.
    pub fn forward(
        &self,
        x: &Tensor,
        residual: Option<&Tensor>,
        rows: &mut [Row<'_>],
        layer: usize,
        phase: Phase,
    ) -> candle_core::Result<Tensor> {
        let inputs = [&self.in_proj_qkv, &self.in_proj_z, &self.in_proj_b, &self.in_proj_a];
        let inputs = shared_input(x, inputs, phase)?;
        let starts = row_starts(rows);
        let run_row = |index: usize, row: &mut Row<'_>| {
            let (count, start) = (row.tokens.len(), starts[index]);
            let part = |x: &Tensor| x.i(start..start + count)?.flatten_all()?.to_vec1::<f32>();
            let [qkv, z, b, a] = &inputs;
            let out =
                self.run(row.state.recurrent(layer)?, &part(qkv)?, &part(z)?, &part(b)?, &part(a)?);
            Tensor::from_vec(out, (count, self.shape.values()), x.device())
        };
        // With few rows the threads are better used for the heads of each row.
        let outputs = if rows.len() < threads::count() {
            rows.iter_mut().enumerate().map(|(index, row)| run_row(index, row)).collect()
        } else {
            threads::parallel_map(rows, run_row)
        };
        let outputs = outputs.into_iter().collect::<candle_core::Result<Vec<Tensor>>>()?;
        self.out_proj.forward_add(&Tensor::cat(&outputs, 0)?, residual, phase)
    }

    /// Runs the tokens of one row in order, its heads in parallel. Returns `[tokens, heads,
    /// value_dim]`.
    fn run(&self, state: &mut [f32], qkv: &[f32], z: &[f32], b: &[f32], a: &[f32]) -> Vec<f32> {
        let shape = &self.shape;
        let DeltaShape { key_dim, value_dim, value_heads, .. } = *shape;
        let (window, matrices) = state.split_at_mut(self.conv.state_size());
        let mut mixed = self.conv.apply(window, qkv);
        mixed.iter_mut().for_each(|y| *y = Activation::Silu.apply(*y));
        let channels = 2 * shape.keys() + shape.values();
        let mut matrices: Vec<&mut [f32]> = matrices.chunks_mut(key_dim * value_dim).collect();
        let by_head: Vec<Vec<f32>> = threads::parallel_map(&mut matrices, |head, matrix| {
            let from = shape.key_head(head) * key_dim;
            let mut out = Vec::with_capacity(mixed.len() / channels * value_dim);
            for (token, mixed) in mixed.chunks_exact(channels).enumerate() {
                let query = unit(&mixed[from..from + key_dim], (key_dim as f32).powf(-0.5));
                let key = unit(&mixed[shape.keys() + from..][..key_dim], 1.0);
                let value = &mixed[2 * shape.keys() + head * value_dim..][..value_dim];
                let step = softplus(a[token * value_heads + head] + self.dt_bias[head]);
                let decay = (self.decay[head] * step).exp();
                let beta = Activation::Sigmoid.apply(b[token * value_heads + head]);
                let gate = &z[token * shape.values() + head * value_dim..][..value_dim];
                let read = update(matrix, decay, beta, &query, &key, value);
                out.extend(self.normed(&read, gate));
            }
            out
        });
        // [heads, tokens, value_dim] -> [tokens, heads, value_dim]
        let tokens = mixed.len() / channels;
        let token = |token: usize| {
            by_head.iter().flat_map(move |head| &head[token * value_dim..(token + 1) * value_dim])
        };
        (0..tokens).flat_map(token).copied().collect()
    }

    /// Root-mean-square norm, then a SiLU gate.
    fn normed<'a>(&'a self, x: &'a [f32], gate: &'a [f32]) -> impl Iterator<Item = f32> + 'a {
        let square = x.iter().map(|x| x * x).sum::<f32>() / x.len() as f32;
        let scale = 1.0 / (square + self.epsilon).sqrt();
        let weighed = x.iter().zip(&self.norm).map(move |(x, weight)| x * scale * weight);
        weighed.zip(gate).map(|(x, gate)| x * Activation::Silu.apply(*gate))
    }
}

/// L2 norm, times a scale.
fn unit(x: &[f32], scale: f32) -> Vec<f32> {
    let length = (x.iter().map(|x| x * x).sum::<f32>() + L2_EPSILON).sqrt();
    x.iter().map(|x| x / length * scale).collect()
}

fn softplus(x: f32) -> f32 {
    if x > 20.0 { x } else { x.exp().ln_1p() }
}

/// Updates a matrix `[key_dim, value_dim]` with a key and its value, and returns its value for the
/// query: `M ← decay·M + key ⊗ beta·(value − decay·Mᵀ·key)`, `out = Mᵀ·query`.
fn update(
    matrix: &mut [f32],
    decay: f32,
    beta: f32,
    query: &[f32],
    key: &[f32],
    value: &[f32],
) -> Vec<f32> {
    let size = value.len();
    let mut stored = vec![0f32; size];
    for (row, key) in matrix.chunks_exact_mut(size).zip(key) {
        for (element, stored) in row.iter_mut().zip(&mut stored) {
            *element *= decay;
            *stored += *element * key;
        }
    }
    let delta: Vec<f32> =
        value.iter().zip(&stored).map(|(value, stored)| (value - stored) * beta).collect();
    let mut out = vec![0f32; size];
    for ((row, key), query) in matrix.chunks_exact_mut(size).zip(key).zip(query) {
        for ((element, delta), out) in row.iter_mut().zip(&delta).zip(&mut out) {
            *element += key * delta;
            *out += *element * query;
        }
    }
    out
}
