//! Layers that networks share. Knows tensors; reads no config.

use std::sync::Arc;

use candle_core::{DType, Device, Result, Tensor};

use crate::kernels::{Linear, Weight, gated, shared_input};

pub use crate::kernels::Activation;

/// Root-mean-square normalisation (Zhang and Sennrich 2019, <https://arxiv.org/abs/1910.07467>) over the last dimension.
pub struct RmsNorm {
    weight: Tensor,
    epsilon: f32,
}

impl RmsNorm {
    /// `offset` is added to the weight: Gemma's checkpoints store it less one.
    pub fn new(weight: &Weight, epsilon: f64, offset: f64, device: &Device) -> Result<Self> {
        let weight = weight.to_tensor(device)?;
        let weight = if offset == 0.0 { weight } else { (weight + offset)? };
        Ok(Self { weight, epsilon: epsilon as f32 })
    }

    /// `x / rms(x) · weight`, any shape.
    pub fn forward(&self, x: &Tensor) -> Result<Tensor> {
        candle_nn::ops::rms_norm(&x.contiguous()?, &self.weight, self.epsilon)
    }
}

/// Which numbers of a head are rotated together.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Pairing {
    /// The first half with the second: Hugging Face checkpoints.
    Halves,
    /// Neighbours: llama.cpp's files of the Llama family, whose query and key rows it permutes so.
    Neighbours,
}

/// Rotary position embedding (Su et al. 2021, <https://arxiv.org/abs/2104.09864>): a frequency for each pair of numbers.
#[derive(Debug, Clone, PartialEq)]
pub struct Rope {
    /// `head_dim / 2` frequencies.
    pub frequencies: Vec<f32>,
    /// Which numbers make a pair.
    pub pairing: Pairing,
    /// What cosines and sines are multiplied by; YaRN makes queries and keys longer.
    pub amplitude: f32,
}

/// The rotation of some positions: cosines and sines, each `[tokens, head_dim / 2]`.
pub struct Rotation {
    cos: Tensor,
    sin: Tensor,
    pairing: Pairing,
}

impl Rope {
    /// `base^(−2i/d)`, computed as the reference does, in f32.
    pub fn new(head_dim: usize, base: f64, pairing: Pairing) -> Self {
        let exponent = |i: usize| (2 * i) as f32 / head_dim as f32;
        let frequencies = (0..head_dim / 2).map(|i| 1.0 / (base as f32).powf(exponent(i))).collect();
        Self { frequencies, pairing, amplitude: 1.0 }
    }

    /// The rotation of the given positions.
    pub fn at(&self, positions: &[usize], device: &Device) -> Result<Rotation> {
        let angles = positions.iter().flat_map(|p| self.frequencies.iter().map(move |f| *p as f32 * f));
        let (sin, cos): (Vec<f32>, Vec<f32>) = angles
            .map(|angle| {
                let (sin, cos) = angle.sin_cos();
                (sin * self.amplitude, cos * self.amplitude)
            })
            .unzip();
        let shape = (positions.len(), self.frequencies.len());
        Ok(Rotation {
            cos: Tensor::from_vec(cos, shape, device)?,
            sin: Tensor::from_vec(sin, shape, device)?,
            pairing: self.pairing,
        })
    }
}

impl Rotation {
    /// Rotates `[tokens, heads, head_dim]`.
    pub fn apply(&self, x: &Tensor) -> Result<Tensor> {
        let x = x.unsqueeze(0)?.contiguous()?; // (1, tokens, heads, dim)
        match self.pairing {
            Pairing::Halves => candle_nn::rotary_emb::rope_thd(&x, &self.cos, &self.sin)?.squeeze(0),
            Pairing::Neighbours => {
                let x = x.transpose(1, 2)?.contiguous()?; // (1, heads, tokens, dim)
                let x = candle_nn::rotary_emb::rope_i(&x, &self.cos, &self.sin)?;
                x.transpose(1, 2)?.contiguous()?.squeeze(0)
            }
        }
    }
}

/// The gated feed-forward layer: `down(act(gate(x)) · up(x))`.
pub struct GatedMlp {
    /// Its three matrices.
    pub gate: Linear,
    /// See `gate`.
    pub up: Linear,
    /// See `gate`.
    pub down: Linear,
    /// What is applied to the gate.
    pub activation: Activation,
}

impl GatedMlp {
    /// `[tokens, hidden]` to the same.
    pub fn forward(&self, x: &Tensor) -> Result<Tensor> {
        let [gate, up] = shared_input(x, [&self.gate, &self.up])?;
        self.down.forward(&gated(&gate, &up, self.activation)?)
    }
}

/// Keys and values of one layer and one sequence. Cloning shares the memory; the first to write copies it.
#[derive(Clone)]
pub struct KvCache {
    /// `[capacity, kv_heads, head_dim]` each.
    buffers: Arc<(Tensor, Tensor)>,
}

impl KvCache {
    /// Positions a cache holds at first; it grows by doubling.
    const FIRST: usize = 64;

    /// An empty cache.
    pub fn new(kv_heads: usize, head_dim: usize, device: &Device) -> Result<Self> {
        let empty = || Tensor::zeros((Self::FIRST, kv_heads, head_dim), DType::F32, device);
        Ok(Self { buffers: Arc::new((empty()?, empty()?)) })
    }

    /// Writes keys and values `[tokens, kv_heads, head_dim]` behind the first `length` positions and returns views of all of them.
    pub fn append(&mut self, length: usize, k: &Tensor, v: &Tensor) -> Result<(Tensor, Tensor)> {
        let end = length + k.dim(0)?;
        let (capacity, heads, size) = self.buffers.0.dims3()?;
        // `slice_set` writes into shared memory, so that a cache somebody else still reads must be copied before.
        if end > capacity || Arc::get_mut(&mut self.buffers).is_none() {
            let capacity = end.next_power_of_two().max(capacity);
            let copy = |old: &Tensor| -> Result<Tensor> {
                let new = Tensor::zeros((capacity, heads, size), DType::F32, old.device())?;
                if length > 0 {
                    new.slice_set(&old.narrow(0, 0, length)?, 0, 0)?;
                }
                Ok(new)
            };
            self.buffers = Arc::new((copy(&self.buffers.0)?, copy(&self.buffers.1)?));
        }
        let (keys, values) = &*self.buffers;
        keys.slice_set(&k.contiguous()?, 0, length)?;
        values.slice_set(&v.contiguous()?, 0, length)?;
        Ok((keys.narrow(0, 0, end)?, values.narrow(0, 0, end)?))
    }
}
