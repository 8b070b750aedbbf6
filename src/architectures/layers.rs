//! Layers that several networks use. Knows tensors; reads no config.

use candle_core::{D, DType, Device, Result, Tensor};

use crate::kernels::{Linear, Phase, Weight, gated_layers, layer_norm, rms_norm, rope};

pub use crate::kernels::Activation;

/// Root-mean-square norm over the last dimension (Zhang and Sennrich 2019,
/// <https://arxiv.org/abs/1910.07467>).
pub struct RmsNorm {
    weight: Tensor,
    epsilon: f32,
}

impl RmsNorm {
    /// `offset` is added to the weight: Gemma's checkpoints store it minus one.
    pub fn new(weight: &Weight, epsilon: f64, offset: f64, device: &Device) -> Result<Self> {
        let weight = weight.to_tensor(device)?;
        let weight = if offset == 0.0 { weight } else { (weight + offset)? };
        Ok(Self { weight, epsilon: epsilon as f32 })
    }

    /// A norm without a weight.
    pub fn unweighted(size: usize, epsilon: f64, device: &Device) -> Result<Self> {
        Ok(Self { weight: Tensor::ones(size, DType::F32, device)?, epsilon: epsilon as f32 })
    }

    /// `x / rms(x) · weight`, any shape.
    pub fn forward(&self, x: &Tensor) -> Result<Tensor> {
        rms_norm(x, &self.weight, self.epsilon)
    }
}

/// Layer norm over the last dimension (Ba et al. 2016, <https://arxiv.org/abs/1607.06450>).
pub struct LayerNorm {
    weight: Tensor,
    bias: Tensor,
    epsilon: f32,
}

impl LayerNorm {
    /// A norm with a checkpoint's weight and bias.
    pub fn new(weight: &Weight, bias: &Weight, epsilon: f64, device: &Device) -> Result<Self> {
        let (weight, bias) = (weight.to_tensor(device)?, bias.to_tensor(device)?);
        Ok(Self { weight, bias, epsilon: epsilon as f32 })
    }

    /// `(x − mean) / deviation · weight + bias`, any shape.
    pub fn forward(&self, x: &Tensor) -> Result<Tensor> {
        layer_norm(x, &self.weight, &self.bias, self.epsilon)
    }
}

/// The elements of a head that are rotated as a pair.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Pairing {
    /// Element `i` of the first half and of the second: Hugging Face checkpoints.
    Halves,
    /// Adjacent elements: GGUF files of the Llama family, whose query and key rows llama.cpp's
    /// converter permutes.
    Adjacent,
}

/// Rotary position embedding (Su et al. 2021, <https://arxiv.org/abs/2104.09864>).
#[derive(Debug, Clone, PartialEq)]
pub struct Rope {
    /// Frequency of each pair. Elements of a head beyond the pairs are not rotated.
    pub frequencies: Vec<f32>,
    /// Elements that form a pair.
    pub pairing: Pairing,
    /// Factor of cosines and sines, above one for YaRN.
    pub amplitude: f32,
    /// Frequencies for long sequences, if they differ.
    pub longer: Option<Longer>,
}

/// Frequencies for sequences of more than `than` tokens. They apply to all tokens of a sequence.
#[derive(Debug, Clone, PartialEq)]
pub struct Longer {
    /// Maximum length of a sequence with the usual frequencies.
    pub than: usize,
    /// Frequency of each pair.
    pub frequencies: Vec<f32>,
}

/// Rotary embeddings of a batch of tokens: cosines and sines, each `[tokens, pairs]`.
pub struct Rotation {
    cos: Tensor,
    sin: Tensor,
    pairing: Pairing,
}

impl Rope {
    /// Frequencies `base^(−2i/d)` for the `d` rotated elements, in f32 like the reference.
    pub fn new(rotated: usize, base: f64, pairing: Pairing) -> Self {
        let exponent = |i: usize| (2 * i) as f32 / rotated as f32;
        let frequencies = (0..rotated / 2).map(|i| 1.0 / (base as f32).powf(exponent(i))).collect();
        Self { frequencies, pairing, amplitude: 1.0, longer: None }
    }

    /// Rotary embeddings of tokens, given as their position and the length of their sequence.
    pub fn at(&self, positions: &[(usize, usize)], device: &Device) -> Result<Rotation> {
        let frequencies = |length: usize| match &self.longer {
            Some(longer) if length > longer.than => &longer.frequencies,
            _ => &self.frequencies,
        };
        let angles = positions
            .iter()
            .flat_map(|(p, length)| frequencies(*length).iter().map(|f| *p as f32 * f));
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
        if x.device().is_cpu() {
            return rope(x, &self.cos, &self.sin, self.pairing == Pairing::Adjacent);
        }
        let (size, rotated) = (x.dim(D::Minus1)?, 2 * self.cos.dim(D::Minus1)?);
        if rotated < size {
            let rest = x.narrow(D::Minus1, rotated, size - rotated)?;
            return Tensor::cat(
                &[&self.apply(&x.narrow(D::Minus1, 0, rotated)?)?, &rest],
                D::Minus1,
            );
        }
        let x = x.unsqueeze(0)?.contiguous()?; // (1, tokens, heads, dim)
        match self.pairing {
            Pairing::Halves => {
                candle_nn::rotary_emb::rope_thd(&x, &self.cos, &self.sin)?.squeeze(0)
            }
            Pairing::Adjacent => {
                let x = x.transpose(1, 2)?.contiguous()?; // (1, heads, tokens, dim)
                let x = candle_nn::rotary_emb::rope_i(&x, &self.cos, &self.sin)?;
                x.transpose(1, 2)?.contiguous()?.squeeze(0)
            }
        }
    }
}

/// The gated feed-forward layer: `down(act(gate(x)) · up(x))`.
pub struct GatedMlp {
    /// `[width, hidden]`.
    pub gate: Linear,
    /// `[width, hidden]`.
    pub up: Linear,
    /// `[hidden, width]`.
    pub down: Linear,
    /// Activation of the gate.
    pub activation: Activation,
}

impl GatedMlp {
    /// Maximum number of tokens whose wide vectors are in memory at once. With AMX it is the number
    /// that share a weight widened to bfloat16. Otherwise it is smaller, so that the vectors are
    /// still in the last-level cache for the down matrix.
    fn chunk_size() -> usize {
        if Phase::share_kernels() { 128 } else { 512 }
    }

    /// `[tokens, hidden]` to the same, added to `residual`.
    pub fn forward(&self, x: &Tensor, residual: Option<&Tensor>, phase: Phase) -> Result<Tensor> {
        let (tokens, chunk_size) = (x.dim(0)?, Self::chunk_size());
        if tokens <= chunk_size || !x.device().is_cpu() {
            let widened = gated_layers(x, &self.gate, &self.up, self.activation, phase)?;
            return self.down.forward_add(&widened, residual, phase);
        }
        let mut chunks = Vec::with_capacity(tokens.div_ceil(chunk_size));
        for from in (0..tokens).step_by(chunk_size) {
            let chunk = |x: &Tensor| x.narrow(0, from, chunk_size.min(tokens - from));
            let residual = residual.map(chunk).transpose()?;
            chunks.push(self.forward(&chunk(x)?, residual.as_ref(), phase)?);
        }
        Tensor::cat(&chunks, 0)
    }
}
