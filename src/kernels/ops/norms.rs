//! Layer normalization and RMS normalization, fused: candle would allocate a tensor for each step
//! and wake a thread pool of its own. Other devices go through candle.

use candle_core::{D, Device, Result, Tensor};

use crate::kernels::cpu::multiversion;
use crate::kernels::shape::{LANES, PART};
use crate::kernels::tensor_data::with_floats;
use crate::kernels::threads;

/// Layer normalization (Ba et al. 2016, <https://arxiv.org/abs/1607.06450>) over the last
/// dimension: `(x − mean) / deviation · weight + bias`.
pub fn layer_norm(x: &Tensor, weight: &Tensor, bias: &Tensor, epsilon: f32) -> Result<Tensor> {
    let x = x.contiguous()?;
    if !x.device().is_cpu() {
        return candle_nn::ops::layer_norm(&x, weight, bias, epsilon);
    }
    let width = weight.elem_count();
    if width == 0 || x.dim(D::Minus1)? != width || bias.elem_count() != width {
        candle_core::bail!("a norm of {width} numbers for an input of shape {:?}", x.shape());
    }
    let out = with_floats(&x, |x| {
        with_floats(weight, |weight| {
            with_floats(bias, |bias| {
                Ok(normalize_rows(x, width, |x, out| layer_norm_row(x, weight, bias, epsilon, out)))
            })
        })
    })?;
    Tensor::from_vec(out, x.shape(), &Device::Cpu)
}

multiversion! {
    fn layer_norm_row(x: &[f32], weight: &[f32], bias: &[f32], epsilon: f32, out: &mut [f32]) {
        let mean = sum(x, |x| x) / x.len() as f32;
        let variance = sum(x, |x| (x - mean) * (x - mean)) / x.len() as f32;
        let scale = 1.0 / (variance + epsilon).sqrt();
        for (((out, x), weight), bias) in out.iter_mut().zip(x).zip(weight).zip(bias) {
            *out = (x - mean) * scale * weight + bias;
        }
    }
}

/// RMS normalization (Zhang and Sennrich 2019, <https://arxiv.org/abs/1910.07467>) over the last
/// dimension: `x / rms(x) · weight`.
pub fn rms_norm(x: &Tensor, weight: &Tensor, epsilon: f32) -> Result<Tensor> {
    let x = x.contiguous()?;
    if !x.device().is_cpu() {
        return candle_nn::ops::rms_norm(&x, weight, epsilon);
    }
    let width = weight.elem_count();
    if width == 0 || x.dim(D::Minus1)? != width {
        candle_core::bail!("a norm of {width} numbers for an input of shape {:?}", x.shape());
    }
    let out = with_floats(&x, |x| {
        with_floats(weight, |weight| {
            Ok(normalize_rows(x, width, |x, out| rms_norm_row(x, weight, epsilon, out)))
        })
    })?;
    Tensor::from_vec(out, x.shape(), &Device::Cpu)
}

multiversion! {
    fn rms_norm_row(x: &[f32], weight: &[f32], epsilon: f32, out: &mut [f32]) {
        let rms = (sum(x, |x| x * x) / x.len() as f32 + epsilon).sqrt();
        for ((out, x), weight) in out.iter_mut().zip(x).zip(weight) {
            *out = x / rms * weight;
        }
    }
}

/// Computes rows of `width` numbers from rows of `x`, in parallel.
fn normalize_rows(
    x: &[f32],
    width: usize,
    normalize: impl Fn(&[f32], &mut [f32]) + Sync,
) -> Vec<f32> {
    let size = (PART / width).max(1) * width;
    threads::parallel_fill(x.len(), size, |part, out| {
        for (x, out) in x[part * size..].chunks(width).zip(out.chunks_mut(width)) {
            normalize(x, out);
        }
    })
}

/// Sum of `of(x)`, in [`LANES`] f64 accumulators: its error would scale the whole row.
#[inline(always)]
fn sum(x: &[f32], of: impl Fn(f32) -> f32) -> f32 {
    let (chunks, rest) = x.as_chunks::<LANES>();
    let mut sums = [0f64; LANES];
    for chunk in chunks {
        for lane in 0..LANES {
            sums[lane] += f64::from(of(chunk[lane]));
        }
    }
    let rest: f64 = rest.iter().map(|x| f64::from(of(*x))).sum();
    (sums.iter().sum::<f64>() + rest) as f32
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn norms_agree_with_candle() {
        let random = |shape: (usize, usize)| Tensor::randn(0f32, 1.0, shape, &Device::Cpu).unwrap();
        let x = random((37, 1030));
        let (weight, bias) =
            (random((1, 1030)).squeeze(0).unwrap(), random((1, 1030)).squeeze(0).unwrap());
        let difference = |a: Tensor, b: Tensor| {
            (a - b).unwrap().abs().unwrap().max_all().unwrap().to_scalar::<f32>().unwrap()
        };
        let candles = candle_nn::ops::layer_norm(&x, &weight, &bias, 1e-5).unwrap();
        assert!(difference(layer_norm(&x, &weight, &bias, 1e-5).unwrap(), candles) < 1e-5);
        let candles = candle_nn::ops::rms_norm(&x, &weight, 1e-5).unwrap();
        assert!(difference(rms_norm(&x, &weight, 1e-5).unwrap(), candles) < 1e-5);
    }
}
