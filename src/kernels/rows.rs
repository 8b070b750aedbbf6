//! Small operations on rows of numbers, each in one pass: candle's would make a tensor for every
//! step and wake a pool of threads of its own. Other devices go through candle, [`rotate`]
//! excepted.

use candle_core::{D, Device, Result, Tensor};

use super::exponential::power;
use super::isa::on_best_isa;
use super::linear::with_floats;
use super::matmul::{LANES, PART, sum_lanes};
use super::pool;

on_best_isa! {
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
                sums[lane] += power(chunk[lane] - largest);
            }
        }
        let rest: f32 = rest.iter().map(|x| power(x - largest)).sum();
        largest + (sum_lanes(&sums) + rest).ln()
    }
}

on_best_isa! {
    /// The place of the largest number, of equal ones the first; what is no number is not the largest.
    pub fn largest(x: &[f32]) -> usize {
        let (chunks, rest) = x.as_chunks::<LANES>();
        let mut largest = [f32::NEG_INFINITY; LANES];
        for chunk in chunks {
            for lane in 0..LANES {
                largest[lane] = if chunk[lane] > largest[lane] { chunk[lane] } else { largest[lane] };
            }
        }
        let largest = largest.iter().chain(rest).copied().fold(f32::NEG_INFINITY, f32::max);
        let mut before = 0;
        for chunk in chunks {
            let mut found = false;
            for x in chunk {
                found |= *x == largest;
            }
            if found {
                break;
            }
            before += LANES;
        }
        x[before..].iter().position(|x| *x == largest).map_or(0, |at| before + at)
    }
}

on_best_isa! {
    /// Whether all are numbers.
    pub fn are_numbers(x: &[f32]) -> bool {
        let mut strange = false;
        for x in x {
            strange |= x.is_nan();
        }
        !strange
    }
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
    let out = with_floats(&x, |x| {
        with_floats(&y, |y| {
            Ok(pool::made(x.len(), PART, |part, out| {
                for ((out, x), y) in out.iter_mut().zip(&x[part * PART..]).zip(&y[part * PART..]) {
                    *out = x + y;
                }
            }))
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
    if width == 0 || x.dim(D::Minus1)? != width || bias.elem_count() != width {
        candle_core::bail!("a norm of {width} numbers meets {:?}", x.shape());
    }
    let out = with_floats(&x, |x| {
        with_floats(weight, |weight| {
            with_floats(bias, |bias| {
                Ok(of_rows(x, width, |x, out| layer_norm_row(x, weight, bias, epsilon, out)))
            })
        })
    })?;
    Tensor::from_vec(out, x.shape(), &Device::Cpu)
}

on_best_isa! {
    fn layer_norm_row(x: &[f32], weight: &[f32], bias: &[f32], epsilon: f32, out: &mut [f32]) {
        let mean = sum(x, |x| x) / x.len() as f32;
        let variance = sum(x, |x| (x - mean) * (x - mean)) / x.len() as f32;
        let scale = 1.0 / (variance + epsilon).sqrt();
        for (((out, x), weight), bias) in out.iter_mut().zip(x).zip(weight).zip(bias) {
            *out = (x - mean) * scale * weight + bias;
        }
    }
}

/// `x / rms(x) · weight` over the last dimension (Zhang and Sennrich 2019, <https://arxiv.org/abs/1910.07467>).
pub fn rms_norm(x: &Tensor, weight: &Tensor, epsilon: f32) -> Result<Tensor> {
    let x = x.contiguous()?;
    if !x.device().is_cpu() {
        return candle_nn::ops::rms_norm(&x, weight, epsilon);
    }
    let width = weight.elem_count();
    if width == 0 || x.dim(D::Minus1)? != width {
        candle_core::bail!("a norm of {width} numbers meets {:?}", x.shape());
    }
    let out = with_floats(&x, |x| {
        with_floats(weight, |weight| {
            Ok(of_rows(x, width, |x, out| rms_norm_row(x, weight, epsilon, out)))
        })
    })?;
    Tensor::from_vec(out, x.shape(), &Device::Cpu)
}

on_best_isa! {
    fn rms_norm_row(x: &[f32], weight: &[f32], epsilon: f32, out: &mut [f32]) {
        let rms = (sum(x, |x| x * x) / x.len() as f32 + epsilon).sqrt();
        for ((out, x), weight) in out.iter_mut().zip(x).zip(weight) {
            *out = x / rms * weight;
        }
    }
}

/// Makes rows of rows, on as many threads as it is worth.
fn of_rows(x: &[f32], width: usize, make: impl Fn(&[f32], &mut [f32]) + Sync) -> Vec<f32> {
    let size = (PART / width).max(1) * width;
    pool::made(x.len(), size, |part, out| {
        for (x, out) in x[part * size..].chunks(width).zip(out.chunks_mut(width)) {
            make(x, out);
        }
    })
}

/// Rotates pairs of numbers of each head, `[tokens, heads, head_dim]`, by angles `[tokens, pairs]`
/// given by their cosines and sines. Numbers beyond the pairs stay. Pairs are neighbours, or the
/// first half of those that rotate with the second.
pub fn rotate(x: &Tensor, cos: &Tensor, sin: &Tensor, neighbours: bool) -> Result<Tensor> {
    let x = x.contiguous()?;
    let (tokens, heads, size) = x.dims3()?;
    let pairs = cos.dim(D::Minus1)?;
    if cos.dims() != [tokens, pairs] || sin.dims() != [tokens, pairs] || 2 * pairs > size {
        candle_core::bail!("angles of shape {:?} do not rotate {:?}", cos.shape(), x.shape());
    }
    let out = with_floats(&x, |x| {
        with_floats(cos, |cos| {
            with_floats(sin, |sin| {
                let token = heads * size;
                let at_once = (PART / token.max(1)).max(1);
                Ok(pool::made(x.len(), at_once * token, |part, out| {
                    let first = part * at_once;
                    for (index, out) in out.chunks_mut(token).enumerate() {
                        let angles = (first + index) * pairs..(first + index + 1) * pairs;
                        let x = &x[(first + index) * token..][..token];
                        rotate_token(x, &cos[angles.clone()], &sin[angles], size, neighbours, out);
                    }
                }))
            })
        })
    })?;
    Tensor::from_vec(out, x.shape(), &Device::Cpu)
}

on_best_isa! {
    fn rotate_token(x: &[f32], cos: &[f32], sin: &[f32], size: usize, neighbours: bool, out: &mut [f32]) {
        let pairs = cos.len();
        for (x, out) in x.chunks_exact(size).zip(out.chunks_exact_mut(size)) {
            let (turned, rest) = out.split_at_mut(2 * pairs);
            rest.copy_from_slice(&x[2 * pairs..]);
            if neighbours {
                let pairs = x.as_chunks::<2>().0.iter().zip(turned.as_chunks_mut::<2>().0);
                for (([a, b], out), (cos, sin)) in pairs.zip(cos.iter().zip(sin)) {
                    *out = [a * cos - b * sin, a * sin + b * cos];
                }
            } else {
                let (first, second) = turned.split_at_mut(pairs);
                for at in 0..pairs {
                    let (a, b) = (x[at], x[pairs + at]);
                    first[at] = a * cos[at] - b * sin[at];
                    second[at] = a * sin[at] + b * cos[at];
                }
            }
        }
    }
}

/// Adds numbers up, in [`LANES`] sums of f64: what a whole row is divided by should not be off by
/// more than it must.
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
    fn logarithms_of_probabilities_sum_to_one() {
        let logits: Vec<f32> = (0..1000).map(|i| (i * 7919 % 1000) as f32 / 50.0).collect();
        let off = log_sum_exp(&logits);
        let sum: f64 = logits.iter().map(|logit| f64::from(logit - off).exp()).sum();
        assert!((sum - 1.0).abs() < 1e-5, "{sum}");
    }

    #[test]
    fn the_first_of_the_largest_is_found_and_what_is_no_number_is_not() {
        let mut x: Vec<f32> = (0..1000).map(|i| (i * 7919 % 1000) as f32 - 500.0).collect();
        for length in [1, 15, 16, 17, 100, 999, 1000] {
            let x = &x[..length];
            let expected = (0..length).rev().max_by(|a, b| x[*a].total_cmp(&x[*b])).unwrap();
            assert_eq!(largest(x), expected);
        }
        assert!(are_numbers(&x));
        (x[3], x[40], x[997], x[998]) = (600.0, f32::NAN, 600.0, f32::NAN);
        assert_eq!((largest(&x), are_numbers(&x)), (3, false));
        assert_eq!(
            (largest(&[]), largest(&[f32::NAN; 32]), largest(&[f32::NEG_INFINITY; 40])),
            (0, 0, 0)
        );
        assert_eq!(largest(&[f32::NAN, 1.0, f32::INFINITY]), 2);
        assert!(are_numbers(&[f32::INFINITY, f32::NEG_INFINITY]) && !are_numbers(&x[40..41]));
    }

    #[test]
    fn sums_and_norms_agree_with_candles() {
        let random = |shape: (usize, usize)| Tensor::randn(0f32, 1.0, shape, &Device::Cpu).unwrap();
        let (x, y) = (random((37, 1030)), random((37, 1030)));
        let (weight, bias) =
            (random((1, 1030)).squeeze(0).unwrap(), random((1, 1030)).squeeze(0).unwrap());
        let difference = |a: Tensor, b: Tensor| {
            (a - b).unwrap().abs().unwrap().max_all().unwrap().to_scalar::<f32>().unwrap()
        };
        assert_eq!(difference(add(&x, &y).unwrap(), (&x + &y).unwrap()), 0.0);
        assert!(add(&x, &weight).is_err());
        let candles = candle_nn::ops::layer_norm(&x, &weight, &bias, 1e-5).unwrap();
        assert!(difference(layer_norm(&x, &weight, &bias, 1e-5).unwrap(), candles) < 1e-5);
        let candles = candle_nn::ops::rms_norm(&x, &weight, 1e-5).unwrap();
        assert!(difference(rms_norm(&x, &weight, 1e-5).unwrap(), candles) < 1e-5);
    }

    #[test]
    fn rotations_agree_with_candles() {
        let random = |shape: &[usize]| Tensor::randn(0f32, 1.0, shape, &Device::Cpu).unwrap();
        let (x, cos, sin) = (random(&[7, 3, 64]), random(&[7, 24]), random(&[7, 24]));
        let turned = x.narrow(2, 0, 48).unwrap().unsqueeze(0).unwrap().contiguous().unwrap();
        let halves =
            candle_nn::rotary_emb::rope_thd(&turned, &cos, &sin).unwrap().squeeze(0).unwrap();
        let by_heads = turned.transpose(1, 2).unwrap().contiguous().unwrap();
        let neighbours = candle_nn::rotary_emb::rope_i(&by_heads, &cos, &sin).unwrap();
        let neighbours =
            neighbours.transpose(1, 2).unwrap().contiguous().unwrap().squeeze(0).unwrap();
        for (turned, by_neighbours) in [(halves, false), (neighbours, true)] {
            let expected = Tensor::cat(&[&turned, &x.narrow(2, 48, 16).unwrap()], 2).unwrap();
            let ours = rotate(&x, &cos, &sin, by_neighbours).unwrap();
            let most = (ours - expected)
                .unwrap()
                .abs()
                .unwrap()
                .max_all()
                .unwrap()
                .to_scalar::<f32>()
                .unwrap();
            assert!(most < 1e-6, "{most}");
        }
        assert!(rotate(&x, &cos.narrow(0, 0, 6).unwrap(), &sin, true).is_err());
    }
}
