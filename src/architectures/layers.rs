//! Layers that networks share. Knows tensors; reads no config.

use candle_core::{D, DType, Device, Result, Tensor};

use crate::kernels::{Linear, Phase, Weight, gated_layers, layer_norm, rms_norm, rope};

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

    /// One that multiplies by nothing.
    pub fn unweighted(size: usize, epsilon: f64, device: &Device) -> Result<Self> {
        Ok(Self { weight: Tensor::ones(size, DType::F32, device)?, epsilon: epsilon as f32 })
    }

    /// `x / rms(x) · weight`, any shape.
    pub fn forward(&self, x: &Tensor) -> Result<Tensor> {
        rms_norm(x, &self.weight, self.epsilon)
    }
}

/// Normalisation by mean and variance (Ba et al. 2016, <https://arxiv.org/abs/1607.06450>) over the last dimension.
pub struct LayerNorm {
    weight: Tensor,
    bias: Tensor,
    epsilon: f32,
}

impl LayerNorm {
    /// Of a checkpoint's weight and bias.
    pub fn new(weight: &Weight, bias: &Weight, epsilon: f64, device: &Device) -> Result<Self> {
        let (weight, bias) = (weight.to_tensor(device)?, bias.to_tensor(device)?);
        Ok(Self { weight, bias, epsilon: epsilon as f32 })
    }

    /// `(x − mean) / deviation · weight + bias`, any shape.
    pub fn forward(&self, x: &Tensor) -> Result<Tensor> {
        layer_norm(x, &self.weight, &self.bias, self.epsilon)
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
    /// A frequency a pair; numbers of a head beyond the pairs stay as they are.
    pub frequencies: Vec<f32>,
    /// Which numbers make a pair.
    pub pairing: Pairing,
    /// What cosines and sines are multiplied by; YaRN makes queries and keys longer.
    pub amplitude: f32,
    /// Other frequencies for longer sequences.
    pub longer: Option<Longer>,
}

/// Frequencies of sequences longer than so many tokens; then they hold for all of a sequence.
#[derive(Debug, Clone, PartialEq)]
pub struct Longer {
    /// The longest sequence that has the others.
    pub than: usize,
    /// As many.
    pub frequencies: Vec<f32>,
}

/// The rotation of some positions: cosines and sines, each `[tokens, pairs]`.
pub struct Rotation {
    cos: Tensor,
    sin: Tensor,
    pairing: Pairing,
}

impl Rope {
    /// `base^(−2i/d)` for the `d` numbers that rope, computed as the reference does, in f32.
    pub fn new(rotated: usize, base: f64, pairing: Pairing) -> Self {
        let exponent = |i: usize| (2 * i) as f32 / rotated as f32;
        let frequencies = (0..rotated / 2).map(|i| 1.0 / (base as f32).powf(exponent(i))).collect();
        Self { frequencies, pairing, amplitude: 1.0, longer: None }
    }

    /// The rotation of positions, each in a sequence of a length.
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
            return rope(x, &self.cos, &self.sin, self.pairing == Pairing::Neighbours);
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
    /// How many tokens' vectors are as wide as the gate at once, for long prompts would need too
    /// much memory: where AMX reads prompts, as many as share a weight widened to bfloat16;
    /// elsewhere fewer, which are still in the last cache when they are narrowed.
    fn tokens_at_once() -> usize {
        if Phase::share_kernels() { 128 } else { 512 }
    }

    /// `[tokens, hidden]` to the same, added to what is there already, if anything is.
    pub fn forward(&self, x: &Tensor, onto: Option<&Tensor>, phase: Phase) -> Result<Tensor> {
        let (tokens, at_once) = (x.dim(0)?, Self::tokens_at_once());
        if tokens <= at_once || !x.device().is_cpu() {
            let widened = gated_layers(x, &self.gate, &self.up, self.activation, phase)?;
            return self.down.forward_add(&widened, onto, phase);
        }
        let some = |from| {
            let part = |x: &Tensor| x.narrow(0, from, at_once.min(tokens - from));
            self.forward(&part(x)?, onto.map(part).transpose()?.as_ref(), phase)
        };
        let parts = (0..tokens).step_by(at_once).map(some).collect::<Result<Vec<_>>>()?;
        Tensor::cat(&parts, 0)
    }
}
