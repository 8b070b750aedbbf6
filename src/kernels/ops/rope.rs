//! Rotary position embedding (Su et al. 2021, <https://arxiv.org/abs/2104.09864>).

use candle_core::{D, Device, Result, Tensor};

use crate::kernels::cpu::multiversion;
use crate::kernels::shape::PART;
use crate::kernels::tensor_data::with_floats;
use crate::kernels::threads;

/// Rotates pairs of numbers of each head of `x`, `[tokens, heads, head_dim]`, by angles given as
/// cosines and sines, `[tokens, pairs]`. A pair is two neighbors if `interleaved`, else number `i`
/// of the first half of the rotated numbers and number `i` of the second. Numbers beyond the pairs
/// stay.
pub fn rope(x: &Tensor, cos: &Tensor, sin: &Tensor, interleaved: bool) -> Result<Tensor> {
    let x = x.contiguous()?;
    let (tokens, heads, size) = x.dims3()?;
    let pairs = cos.dim(D::Minus1)?;
    if cos.dims() != [tokens, pairs] || sin.dims() != [tokens, pairs] || 2 * pairs > size {
        candle_core::bail!("angles of shape {:?} for heads of shape {:?}", cos.shape(), x.shape());
    }
    let out = with_floats(&x, |x| {
        with_floats(cos, |cos| {
            with_floats(sin, |sin| {
                let token = heads * size;
                let at_once = (PART / token.max(1)).max(1);
                Ok(threads::parallel_fill(x.len(), at_once * token, |part, out| {
                    let first = part * at_once;
                    for (index, out) in out.chunks_mut(token).enumerate() {
                        let angles = (first + index) * pairs..(first + index + 1) * pairs;
                        let x = &x[(first + index) * token..][..token];
                        rope_token(x, &cos[angles.clone()], &sin[angles], size, interleaved, out);
                    }
                }))
            })
        })
    })?;
    Tensor::from_vec(out, x.shape(), &Device::Cpu)
}

multiversion! {
    fn rope_token(x: &[f32], cos: &[f32], sin: &[f32], size: usize, interleaved: bool, out: &mut [f32]) {
        let pairs = cos.len();
        for (x, out) in x.chunks_exact(size).zip(out.chunks_exact_mut(size)) {
            let (turned, rest) = out.split_at_mut(2 * pairs);
            rest.copy_from_slice(&x[2 * pairs..]);
            if interleaved {
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rope_agrees_with_candle() {
        let random = |shape: &[usize]| Tensor::randn(0f32, 1.0, shape, &Device::Cpu).unwrap();
        let (x, cos, sin) = (random(&[7, 3, 64]), random(&[7, 24]), random(&[7, 24]));
        let turned = x.narrow(2, 0, 48).unwrap().unsqueeze(0).unwrap().contiguous().unwrap();
        let by_halves =
            candle_nn::rotary_emb::rope_thd(&turned, &cos, &sin).unwrap().squeeze(0).unwrap();
        let by_head = turned.transpose(1, 2).unwrap().contiguous().unwrap();
        let interleaved = candle_nn::rotary_emb::rope_i(&by_head, &cos, &sin).unwrap();
        let interleaved =
            interleaved.transpose(1, 2).unwrap().contiguous().unwrap().squeeze(0).unwrap();
        for (turned, is_interleaved) in [(by_halves, false), (interleaved, true)] {
            let expected = Tensor::cat(&[&turned, &x.narrow(2, 48, 16).unwrap()], 2).unwrap();
            let ours = rope(&x, &cos, &sin, is_interleaved).unwrap();
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
        assert!(rope(&x, &cos.narrow(0, 0, 6).unwrap(), &sin, true).is_err());
    }
}
