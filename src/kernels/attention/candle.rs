//! Attention through candle's operations.

use candle_core::{D, Result, Tensor};

use crate::kernels::attention::params::Attention;
use crate::kernels::attention::relative_bias::RelativeBias;

/// Attention through candle's operations, for other devices and to test the CPU kernels against.
pub fn attend_with_candle(
    shape: &Attention,
    bias: Option<&RelativeBias>,
    q: &Tensor,
    k: &Tensor,
    v: &Tensor,
) -> Result<Tensor> {
    let (tokens, cached) = (q.dim(0)?, k.dim(0)?);
    let group = shape.heads / shape.kv_heads;
    // [tokens, heads, dim] -> [kv_heads, group · tokens, dim]: heads that share keys are adjacent
    let q = q
        .reshape((tokens, shape.kv_heads, group, shape.head_dim))?
        .permute((1, 2, 0, 3))?
        .reshape((shape.kv_heads, group * tokens, shape.head_dim))?;
    let k = k.transpose(0, 1)?.contiguous()?; // [kv_heads, cached, dim]
    let v = v.transpose(0, 1)?.contiguous()?;
    let scores = (q.matmul(&k.t()?)? * f64::from(shape.scale))?;
    let scores = match shape.softcap.map(f64::from) {
        Some(cap) => ((scores / cap)?.tanh()? * cap)?,
        None => scores,
    };
    let mask = (0..shape.heads).flat_map(|head| (0..tokens).map(move |token| (head, token)));
    let mask = mask.flat_map(|(head, token)| {
        let position = (cached + token).saturating_sub(tokens);
        let keys = shape.visible(position, cached);
        let bias = move |at| bias.map_or(0.0, |bias| bias.at(head, position, at));
        (0..cached).map(move |at| if keys.contains(&at) { bias(at) } else { f32::NEG_INFINITY })
    });
    let mask: Vec<f32> = mask.collect();
    let mask = Tensor::from_vec(mask, (shape.kv_heads, group, tokens, cached), q.device())?;
    let scores = scores
        .reshape((shape.kv_heads, group, tokens, cached))?
        .broadcast_add(&mask)?
        .reshape((shape.kv_heads, group * tokens, cached))?;
    let weights = candle_nn::ops::softmax(&scores, D::Minus1)?;
    // [kv_heads, group · tokens, dim] -> [tokens, heads · dim]
    weights
        .matmul(&v)?
        .reshape((shape.kv_heads, group, tokens, shape.head_dim))?
        .permute((2, 0, 1, 3))?
        .reshape((tokens, shape.heads * shape.head_dim))
}
