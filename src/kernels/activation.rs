//! Gated activations in one pass: candle would make a tensor for each operation, on one thread.

use candle_core::{Device, Result, Tensor};
use rayon::prelude::*;

use super::linear::with_floats;

/// What is applied to a gate.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Activation {
    /// `x · sigmoid(x)`, also called swish.
    Silu,
    /// The tanh approximation of GELU (Hendrycks and Gimpel 2016, <https://arxiv.org/abs/1606.08415>).
    GeluTanh,
    /// `1 / (1 + exp(−x))`.
    Sigmoid,
}

impl Activation {
    /// Of one number.
    #[inline(always)]
    pub fn apply(self, x: f32) -> f32 {
        match self {
            Self::Sigmoid => 1.0 / (1.0 + (-x).exp()),
            Self::Silu => x / (1.0 + (-x).exp()),
            Self::GeluTanh => {
                let inner = 0.797_884_6 * (x + 0.044_715 * x * x * x);
                0.5 * x * (1.0 + inner.tanh())
            }
        }
    }
}

/// `activation(gate) · up`.
pub fn gated(gate: &Tensor, up: &Tensor, activation: Activation) -> Result<Tensor> {
    if !gate.device().is_cpu() {
        let gate = match activation {
            Activation::Silu => gate.silu()?,
            Activation::GeluTanh => gate.gelu()?,
            Activation::Sigmoid => candle_nn::ops::sigmoid(gate)?,
        };
        return gate * up;
    }
    let mut out = vec![0f32; gate.elem_count()];
    with_floats(gate, |gate| {
        with_floats(up, |up| {
            const PART: usize = 2048;
            out.par_chunks_mut(PART).zip(gate.par_chunks(PART)).zip(up.par_chunks(PART)).for_each(
                |((out, gate), up)| {
                    for ((out, gate), up) in out.iter_mut().zip(gate).zip(up) {
                        *out = activation.apply(*gate) * up;
                    }
                },
            );
            Ok(())
        })
    })?;
    Tensor::from_vec(out, gate.shape(), &Device::Cpu)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn activations_agree_with_candles() {
        let gate = Tensor::randn(0f32, 3.0, (5, 999), &Device::Cpu).unwrap();
        let up = Tensor::randn(0f32, 1.0, (5, 999), &Device::Cpu).unwrap();
        for (activation, reference) in [
            (Activation::Silu, gate.silu().unwrap()),
            (Activation::GeluTanh, gate.gelu().unwrap()),
            (Activation::Sigmoid, candle_nn::ops::sigmoid(&gate).unwrap()),
        ] {
            let difference = (gated(&gate, &up, activation).unwrap() - (reference * &up).unwrap()).unwrap();
            let most = difference.abs().unwrap().max_all().unwrap().to_scalar::<f32>().unwrap();
            assert!(most < 1e-5, "{activation:?}: {most}");
        }
    }
}
