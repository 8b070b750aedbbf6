//! Attention of new tokens over a cache: straight over the cache on the CPU, through candle's operations elsewhere.
//!
//! Each query is computed by itself, keys in order, so that the result does not depend on what else is in the batch or on how a
//! prompt was cut into chunks.

use candle_core::{D, Device, Result, Tensor};
use rayon::prelude::*;

use super::linear::{best, with_floats};
use super::matmul::{Isa, LANES, sum_lanes};

/// What attention needs to know beside queries, keys and values.
#[derive(Debug, Clone, Copy)]
pub struct Attention {
    /// Query heads.
    pub heads: usize,
    /// Key and value heads; each serves `heads / kv_heads` query heads.
    pub kv_heads: usize,
    /// Numbers of a head.
    pub head_dim: usize,
    /// What scores are multiplied by.
    pub scale: f32,
    /// What soft-caps scores, where anything does: `cap · tanh(score / cap)` (Gemma 2).
    pub cap: Option<f32>,
    /// How many keys a query sees, itself included; all before it where `None`.
    pub window: Option<usize>,
}

impl Attention {
    /// The keys that the query at `position` sees.
    fn visible(&self, position: usize) -> std::ops::Range<usize> {
        let end = position + 1;
        self.window.map_or(0, |window| end.saturating_sub(window))..end
    }
}

/// Attends from new tokens, the last of which is the last in the cache.
///
/// `q` is `[tokens, heads, head_dim]`, `k` and `v` are `[cached, kv_heads, head_dim]` with the new tokens already in them; the
/// result is `[tokens, heads · head_dim]`.
pub fn attend(shape: &Attention, q: &Tensor, k: &Tensor, v: &Tensor) -> Result<Tensor> {
    if !q.device().is_cpu() {
        return attend_with_candle(shape, q, k, v);
    }
    let (tokens, cached) = (q.dim(0)?, k.dim(0)?);
    let mut out = vec![0f32; tokens * shape.heads * shape.head_dim];
    with_floats(&q.contiguous()?, |q| {
        with_floats(k, |k| {
            with_floats(v, |v| {
                // A job is one query of one key head, with all query heads that share it.
                let group = shape.heads / shape.kv_heads * shape.head_dim;
                // What a thread is woken for should be worth it: some thousand keys.
                let jobs = (4096 / cached.max(1)).clamp(1, 4);
                out.par_chunks_mut(group)
                    .zip(q.par_chunks(group))
                    .enumerate()
                    .with_min_len(jobs)
                    .for_each_init(Vec::new, |scores, (job, (out, q))| {
                        let (token, kv_head) = (job / shape.kv_heads, job % shape.kv_heads);
                        let keys = shape.visible(cached - tokens + token);
                        query(Query { shape, kv_head, keys, q, k, v }, scores, out);
                    });
                Ok(())
            })
        })
    })?;
    Tensor::from_vec(out, (tokens, shape.heads * shape.head_dim), &Device::Cpu)
}

/// One token's queries of one key head.
struct Query<'t> {
    shape: &'t Attention,
    kv_head: usize,
    keys: std::ops::Range<usize>,
    q: &'t [f32],
    k: &'t [f32],
    v: &'t [f32],
}

fn query(query: Query<'_>, scores: &mut Vec<f32>, out: &mut [f32]) {
    match best() {
        Isa::Plain => query_plain(query, scores, out),
        #[cfg(target_arch = "x86_64")]
        // SAFETY: `best` has asked the processor.
        Isa::Avx2 => unsafe { query_avx2(query, scores, out) },
        #[cfg(target_arch = "x86_64")]
        // SAFETY: as above.
        Isa::Vnni => unsafe { query_avx512(query, scores, out) },
    }
}

#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx2,fma")]
fn query_avx2(query: Query<'_>, scores: &mut Vec<f32>, out: &mut [f32]) {
    query_plain(query, scores, out);
}

#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx512f,avx512bw,avx512vl,fma")]
fn query_avx512(query: Query<'_>, scores: &mut Vec<f32>, out: &mut [f32]) {
    query_plain(query, scores, out);
}

#[inline(always)]
fn query_plain(query: Query<'_>, scores: &mut Vec<f32>, out: &mut [f32]) {
    let Query { shape, kv_head, keys, q, k, v } = query;
    let size = shape.head_dim;
    let row = |at: usize| (at * shape.kv_heads + kv_head) * size;
    for (q, out) in q.chunks_exact(size).zip(out.chunks_exact_mut(size)) {
        // Plain loops: closures handed to iterators would not be compiled for the instruction set of this function.
        scores.clear();
        scores.resize(keys.len(), 0.0);
        let mut largest = f32::NEG_INFINITY;
        for (score, at) in scores.iter_mut().zip(keys.clone()) {
            *score = dot(q, &k[row(at)..row(at) + size]) * shape.scale;
            largest = largest.max(*score);
        }
        if let Some(cap) = shape.cap {
            // The cap keeps the order of scores, and so their largest.
            largest = cap * (largest / cap).tanh();
            for score in scores.iter_mut() {
                *score = cap * (*score / cap).tanh();
            }
        }
        let mut total = 0f32;
        for (score, at) in scores.iter().zip(keys.clone()) {
            let weight = (score - largest).exp();
            total += weight;
            for (out, v) in out.iter_mut().zip(&v[row(at)..row(at) + size]) {
                *out = v.mul_add(weight, *out);
            }
        }
        let inverse = 1.0 / total;
        for out in out {
            *out *= inverse;
        }
    }
}

#[inline(always)]
fn dot(a: &[f32], b: &[f32]) -> f32 {
    let mut sums = [0f32; LANES];
    let (a_chunks, b_chunks) = (a.chunks_exact(LANES), b.chunks_exact(LANES));
    let mut rest = 0f32;
    for (a, b) in a_chunks.remainder().iter().zip(b_chunks.remainder()) {
        rest = a.mul_add(*b, rest);
    }
    for (a, b) in a_chunks.zip(b_chunks) {
        for lane in 0..LANES {
            sums[lane] = a[lane].mul_add(b[lane], sums[lane]);
        }
    }
    sum_lanes(&sums) + rest
}

/// The same through candle's operations: for other devices, and to hold the CPU's against.
pub fn attend_with_candle(shape: &Attention, q: &Tensor, k: &Tensor, v: &Tensor) -> Result<Tensor> {
    let (tokens, cached) = (q.dim(0)?, k.dim(0)?);
    let group = shape.heads / shape.kv_heads;
    // [tokens, heads, dim] -> [kv_heads, group · tokens, dim]: heads that share keys stand together
    let q = q.reshape((tokens, shape.kv_heads, group, shape.head_dim))?.permute((1, 2, 0, 3))?.reshape((
        shape.kv_heads,
        group * tokens,
        shape.head_dim,
    ))?;
    let k = k.transpose(0, 1)?.contiguous()?; // [kv_heads, cached, dim]
    let v = v.transpose(0, 1)?.contiguous()?;
    let scores = (q.matmul(&k.t()?)? * f64::from(shape.scale))?;
    let scores = match shape.cap.map(f64::from) {
        Some(cap) => ((scores / cap)?.tanh()? * cap)?,
        None => scores,
    };
    let mask: Vec<f32> = (0..tokens)
        .flat_map(|token| {
            let keys = shape.visible(cached - tokens + token);
            (0..cached).map(move |at| if keys.contains(&at) { 0.0 } else { f32::NEG_INFINITY })
        })
        .collect();
    let mask = Tensor::from_vec(mask, (1, 1, tokens, cached), q.device())?;
    let scores = scores.reshape((shape.kv_heads, group, tokens, cached))?.broadcast_add(&mask)?.reshape((
        shape.kv_heads,
        group * tokens,
        cached,
    ))?;
    let weights = candle_nn::ops::softmax(&scores, D::Minus1)?;
    // [kv_heads, group · tokens, dim] -> [tokens, heads · dim]
    weights
        .matmul(&v)?
        .reshape((shape.kv_heads, group, tokens, shape.head_dim))?
        .permute((2, 0, 1, 3))?
        .reshape((tokens, shape.heads * shape.head_dim))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn random(shape: (usize, usize, usize)) -> Tensor {
        Tensor::randn(0f32, 1.0, shape, &Device::Cpu).unwrap()
    }

    #[test]
    fn the_kernel_agrees_with_candles_operations() {
        for (heads, kv_heads, head_dim, cap, window) in [
            (4, 2, 16, None, None),
            (3, 1, 20, Some(1.5), Some(5)),
            (8, 8, 64, None, Some(1)),
            (4, 1, 256, None, Some(100)),
        ] {
            let shape = Attention { heads, kv_heads, head_dim, scale: 0.2, cap, window };
            let (q, k, v) = (
                random((7, heads, head_dim)),
                random((19, kv_heads, head_dim)),
                random((19, kv_heads, head_dim)),
            );
            let ours: Vec<Vec<f32>> = attend(&shape, &q, &k, &v).unwrap().to_vec2().unwrap();
            let candles: Vec<Vec<f32>> = attend_with_candle(&shape, &q, &k, &v).unwrap().to_vec2().unwrap();
            for (ours, candles) in ours.iter().flatten().zip(candles.iter().flatten()) {
                assert!((ours - candles).abs() < 1e-5, "{shape:?}: {ours} {candles}");
            }
        }
    }

    #[test]
    fn a_query_does_not_depend_on_its_neighbours() {
        let shape =
            Attention { heads: 4, kv_heads: 2, head_dim: 16, scale: 0.25, cap: None, window: Some(6) };
        let (q, k, v) = (random((5, 4, 16)), random((9, 2, 16)), random((9, 2, 16)));
        let whole: Vec<Vec<f32>> = attend(&shape, &q, &k, &v).unwrap().to_vec2().unwrap();
        for (token, expected) in whole.iter().enumerate() {
            let cached = 9 - 5 + token + 1;
            let (k, v) = (k.narrow(0, 0, cached).unwrap(), v.narrow(0, 0, cached).unwrap());
            let one: Vec<Vec<f32>> =
                attend(&shape, &q.narrow(0, token, 1).unwrap(), &k, &v).unwrap().to_vec2().unwrap();
            assert_eq!(&one[0], expected);
        }
    }
}
