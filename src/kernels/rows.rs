//! Small operations on rows of numbers, each in one pass: candle's would make a tensor for every step and wake a pool of threads that
//! waits by spinning, beside the one that everything here runs on. Other devices go through candle.

use candle_core::{Device, Result, Tensor};
use rayon::prelude::*;

use super::linear::with_floats;
use super::matmul::{LANES, sum_lanes};

/// Numbers worth waking a thread for.
const PART: usize = 1 << 14;

/// `e^x`, to 2 units in the last place: Cephes' `expf` without branches, so that compilers make vectors of it. Between −87 and 88; what
/// lies beyond is taken as the nearest of these.
#[inline(always)]
fn exp(x: f32) -> f32 {
    // Adding 1.5 · 2^23 rounds to an integer, which then stands in the low bits.
    const ROUND: f32 = 12_582_912.0;
    let x = x.clamp(-87.0, 88.0);
    let shifted = x * std::f32::consts::LOG2_E + ROUND;
    let whole = shifted - ROUND;
    let rest = x - whole * 0.693_359_4 - whole * -2.121_944_4e-4;
    let mut sum = 1.987_569_1e-4;
    for factor in [1.398_2e-3, 8.333_452e-3, 4.166_579_6e-2, 1.666_666_5e-1, 0.5] {
        sum = sum * rest + factor;
    }
    let power = f32::from_bits((shifted.to_bits() << 23).wrapping_add(1f32.to_bits()));
    (sum * rest * rest + rest + 1.0) * power
}

/// `ln Σ e^x`: what logits are above logarithms of probabilities.
pub fn log_sum_exp(x: &[f32]) -> f32 {
    let (chunks, rest) = x.as_chunks::<LANES>();
    let mut largest = [f32::NEG_INFINITY; LANES];
    for chunk in chunks {
        for lane in 0..LANES {
            largest[lane] = largest[lane].max(chunk[lane]);
        }
    }
    let largest = largest.iter().chain(rest).copied().fold(f32::NEG_INFINITY, f32::max);
    let mut sums = [0f32; LANES];
    for chunk in chunks {
        for lane in 0..LANES {
            sums[lane] += exp(chunk[lane] - largest);
        }
    }
    let rest: f32 = rest.iter().map(|x| exp(x - largest)).sum();
    largest + (sum_lanes(&sums) + rest).ln()
}

/// `x + y`, of one shape.
pub fn add(x: &Tensor, y: &Tensor) -> Result<Tensor> {
    if !x.device().is_cpu() {
        return x + y;
    }
    let (x, y) = (x.contiguous()?, y.contiguous()?);
    if x.shape() != y.shape() {
        candle_core::bail!("{:?} is added to {:?}", x.shape(), y.shape());
    }
    let mut out = vec![0f32; x.elem_count()];
    with_floats(&x, |x| {
        with_floats(&y, |y| {
            out.par_chunks_mut(PART).zip(x.par_chunks(PART)).zip(y.par_chunks(PART)).for_each(
                |((out, x), y)| {
                    for ((out, x), y) in out.iter_mut().zip(x).zip(y) {
                        *out = x + y;
                    }
                },
            );
            Ok(())
        })
    })?;
    Tensor::from_vec(out, x.shape(), &Device::Cpu)
}

/// `(x − mean) / deviation · weight + bias` over the last dimension (Ba et al. 2016, <https://arxiv.org/abs/1607.06450>).
pub fn layer_norm(x: &Tensor, weight: &Tensor, bias: &Tensor, epsilon: f32) -> Result<Tensor> {
    let x = x.contiguous()?;
    if !x.device().is_cpu() {
        return candle_nn::ops::layer_norm(&x, weight, bias, epsilon);
    }
    let width = weight.elem_count();
    if width == 0 || !x.elem_count().is_multiple_of(width) {
        candle_core::bail!("a norm of {width} numbers meets {:?}", x.shape());
    }
    let mut out = vec![0f32; x.elem_count()];
    with_floats(&x, |x| {
        with_floats(weight, |weight| {
            with_floats(bias, |bias| {
                let rows = out.par_chunks_mut(width).zip(x.par_chunks(width));
                rows.with_min_len((PART / width).max(1)).for_each(|(out, x)| {
                    let mean = sum(x, |x| x) / width as f32;
                    let variance = sum(x, |x| (x - mean) * (x - mean)) / width as f32;
                    let scale = 1.0 / (variance + epsilon).sqrt();
                    for (((out, x), weight), bias) in out.iter_mut().zip(x).zip(weight).zip(bias) {
                        *out = (x - mean) * scale * weight + bias;
                    }
                });
                Ok(())
            })
        })
    })?;
    Tensor::from_vec(out, x.shape(), &Device::Cpu)
}

/// Adds numbers up in [`LANES`] sums.
#[inline(always)]
fn sum(x: &[f32], of: impl Fn(f32) -> f32) -> f32 {
    let (chunks, rest) = x.as_chunks::<LANES>();
    let mut sums = [0f32; LANES];
    for chunk in chunks {
        for lane in 0..LANES {
            sums[lane] += of(chunk[lane]);
        }
    }
    sum_lanes(&sums) + rest.iter().map(|x| of(*x)).sum::<f32>()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn exponentials_are_as_good_as_the_libraries() {
        for step in -8700..8800 {
            let x = step as f32 / 100.0;
            let (ours, exact) = (f64::from(exp(x)), f64::from(x).exp());
            assert!((ours / exact - 1.0).abs() < 2.5e-7, "{x}: {ours} {exact}");
        }
        assert!(exp(f32::NEG_INFINITY) < 1e-37 && exp(0.0) == 1.0);
    }

    #[test]
    fn logarithms_of_probabilities_sum_to_one() {
        let logits: Vec<f32> = (0..1000).map(|i| (i * 7919 % 1000) as f32 / 50.0).collect();
        let off = log_sum_exp(&logits);
        let sum: f64 = logits.iter().map(|logit| f64::from(logit - off).exp()).sum();
        assert!((sum - 1.0).abs() < 1e-5, "{sum}");
    }

    #[test]
    fn sums_and_norms_agree_with_candles() {
        let random = |shape: (usize, usize)| Tensor::randn(0f32, 1.0, shape, &Device::Cpu).unwrap();
        let (x, y) = (random((37, 1030)), random((37, 1030)));
        let (weight, bias) = (random((1, 1030)).squeeze(0).unwrap(), random((1, 1030)).squeeze(0).unwrap());
        let difference = |a: Tensor, b: Tensor| {
            (a - b).unwrap().abs().unwrap().max_all().unwrap().to_scalar::<f32>().unwrap()
        };
        assert_eq!(difference(add(&x, &y).unwrap(), (&x + &y).unwrap()), 0.0);
        assert!(add(&x, &weight).is_err());
        let candles = candle_nn::ops::layer_norm(&x, &weight, &bias, 1e-5).unwrap();
        assert!(difference(layer_norm(&x, &weight, &bias, 1e-5).unwrap(), candles) < 1e-5);
    }
}
