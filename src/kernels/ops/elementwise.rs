//! Elementwise operations on tensors of one shape.

use candle_core::{Device, Result, Tensor};

use crate::kernels::shape::PART;
use crate::kernels::tensor_data::with_floats;
use crate::kernels::threads;

/// `x + y`, without broadcasting.
pub fn add(x: &Tensor, y: &Tensor) -> Result<Tensor> {
    if !x.device().is_cpu() {
        return x + y;
    }
    let (x, y) = (x.contiguous()?, y.contiguous()?);
    if x.shape() != y.shape() {
        candle_core::bail!("a sum of shapes {:?} and {:?}", x.shape(), y.shape());
    }
    let out = with_floats(&x, |x| {
        with_floats(&y, |y| {
            Ok(threads::parallel_fill(x.len(), PART, |part, out| {
                for ((out, x), y) in out.iter_mut().zip(&x[part * PART..]).zip(&y[part * PART..]) {
                    *out = x + y;
                }
            }))
        })
    })?;
    Tensor::from_vec(out, x.shape(), &Device::Cpu)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sums_agree_with_candle() {
        let random = |shape: (usize, usize)| Tensor::randn(0f32, 1.0, shape, &Device::Cpu).unwrap();
        let (x, y) = (random((37, 1030)), random((37, 1030)));
        let weight = random((1, 1030)).squeeze(0).unwrap();
        let difference = (add(&x, &y).unwrap() - (&x + &y).unwrap()).unwrap().abs().unwrap();
        assert_eq!(difference.max_all().unwrap().to_scalar::<f32>().unwrap(), 0.0);
        assert!(add(&x, &weight).is_err());
    }
}
