//! Activation functions and their gated form, fused: candle would allocate a tensor for each
//! operation and run on one thread.

use candle_core::{Device, Result, Tensor};

use crate::kernels::cpu::multiversion;
use crate::kernels::ops::exp::{exp, exp_nonpositive, tanh};
use crate::kernels::tensor_data::with_floats;
use crate::kernels::threads;

/// An activation function of a feed-forward layer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Activation {
    /// `x · sigmoid(x)`, also called swish.
    Silu,
    /// The tanh approximation of GELU (Hendrycks and Gimpel 2016,
    /// <https://arxiv.org/abs/1606.08415>).
    GeluTanh,
    /// GELU by the error function.
    Gelu,
    /// `max(x, 0)`.
    Relu,
    /// `1 / (1 + exp(−x))`.
    Sigmoid,
}

impl Activation {
    /// The function of one number.
    #[inline(always)]
    pub fn apply(self, x: f32) -> f32 {
        match self {
            Self::Gelu => {
                let x = f64::from(x);
                (0.5 * x
                    * (1.0 + candle_core::cpu::erf::erf_f64(x * std::f64::consts::FRAC_1_SQRT_2)))
                    as f32
            }
            // NaN stays NaN.
            Self::Relu => {
                if x <= 0.0 {
                    0.0
                } else {
                    x
                }
            }
            Self::Sigmoid => 1.0 / (1.0 + exp(-x)),
            Self::Silu => x / (1.0 + exp(-x)),
            Self::GeluTanh => 0.5 * x * (1.0 + tanh(gelu_inner(x))),
        }
    }

    /// A faster approximation, within 1e-5, for outputs that are rounded to bf16 afterwards.
    #[inline(always)]
    fn apply_fast(self, x: f32) -> f32 {
        let sigmoid = |x: f32| {
            let power = exp_nonpositive(-x.abs());
            (if x < 0.0 { power } else { 1.0 }) / (1.0 + power)
        };
        match self {
            Self::Silu => x * sigmoid(x),
            Self::GeluTanh => x * sigmoid(2.0 * gelu_inner(x)),
            Self::Sigmoid => sigmoid(x),
            Self::Relu | Self::Gelu => self.apply(x),
        }
    }
}

#[inline(always)]
fn gelu_inner(x: f32) -> f32 {
    0.797_884_6 * (x + 0.044_715 * x * x * x)
}

multiversion! {
    /// Applies an activation to all numbers, or its approximation if `fast`. There is a loop for
    /// each function, since a `match` inside the loop would prevent vectorization.
    pub fn apply_in_place(activation: Activation, numbers: &mut [f32], fast: bool) {
        macro_rules! loop_for_each {
            ($($activation:ident)*) => {
                match activation {
                    $(Activation::$activation if fast => {
                        for x in numbers {
                            *x = Activation::$activation.apply_fast(*x);
                        }
                    }
                    Activation::$activation => {
                        for x in numbers {
                            *x = Activation::$activation.apply(*x);
                        }
                    })*
                }
            };
        }
        loop_for_each!(Silu GeluTanh Gelu Relu Sigmoid);
    }
}

/// `activation(gate) · up`.
pub fn gated(gate: &Tensor, up: &Tensor, activation: Activation) -> Result<Tensor> {
    if !gate.device().is_cpu() {
        return with_candle(gate, activation)? * up;
    }
    if gate.shape() != up.shape() {
        candle_core::bail!(
            "a gate of shape {:?} for an input of shape {:?}",
            gate.shape(),
            up.shape()
        );
    }
    let out = with_floats(gate, |gate| {
        with_floats(up, |up| {
            Ok(threads::parallel_fill(gate.len(), PART, |part, out| {
                out.copy_from_slice(&gate[part * PART..][..out.len()]);
                apply_in_place(activation, out, false);
                for (out, up) in out.iter_mut().zip(&up[part * PART..]) {
                    *out *= up;
                }
            }))
        })
    })?;
    Tensor::from_vec(out, gate.shape(), &Device::Cpu)
}

/// `activation(x)`.
pub fn activate(x: &Tensor, activation: Activation) -> Result<Tensor> {
    if !x.device().is_cpu() {
        return with_candle(x, activation);
    }
    let out = with_floats(x, |x| {
        Ok(threads::parallel_fill(x.len(), PART, |part, out| {
            out.copy_from_slice(&x[part * PART..][..out.len()]);
            apply_in_place(activation, out, false);
        }))
    })?;
    Tensor::from_vec(out, x.shape(), &Device::Cpu)
}

/// Numbers of a job.
const PART: usize = 4096;

fn with_candle(x: &Tensor, activation: Activation) -> Result<Tensor> {
    match activation {
        Activation::Silu => x.silu(),
        Activation::GeluTanh => x.gelu(),
        Activation::Gelu => x.gelu_erf(),
        Activation::Relu => x.relu(),
        Activation::Sigmoid => candle_nn::ops::sigmoid(x),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn activations_agree_with_candle() {
        let gate = Tensor::randn(0f32, 3.0, (5, 999), &Device::Cpu).unwrap();
        let up = Tensor::randn(0f32, 1.0, (5, 999), &Device::Cpu).unwrap();
        for (activation, reference) in [
            (Activation::Silu, gate.silu().unwrap()),
            (Activation::GeluTanh, gate.gelu().unwrap()),
            (Activation::Gelu, gate.gelu_erf().unwrap()),
            (Activation::Relu, gate.relu().unwrap()),
            (Activation::Sigmoid, candle_nn::ops::sigmoid(&gate).unwrap()),
        ] {
            let mut fast: Vec<f32> = gate.flatten_all().unwrap().to_vec1().unwrap();
            apply_in_place(activation, &mut fast, true);
            for (fast, exact) in
                fast.iter().zip(reference.flatten_all().unwrap().to_vec1::<f32>().unwrap())
            {
                assert!((fast - exact).abs() < 1e-5, "{activation:?}: {fast} {exact}");
            }
            let mut none = [f32::NAN, f32::INFINITY];
            apply_in_place(activation, &mut none, true);
            assert!(none[0].is_nan() && none[1] >= 1.0, "{activation:?}: {none:?}");
            let difference =
                (gated(&gate, &up, activation).unwrap() - (reference * &up).unwrap()).unwrap();
            let most = difference.abs().unwrap().max_all().unwrap().to_scalar::<f32>().unwrap();
            assert!(most < 1e-5, "{activation:?}: {most}");
        }
    }
}
