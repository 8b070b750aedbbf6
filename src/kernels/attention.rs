//! Attention of new tokens over a cache: straight over the cache on the CPU, through candle's operations elsewhere.
//!
//! Each query is computed by itself, keys in order, so that the result does not depend on what else is in the batch or on how a
//! prompt was cut into chunks.

use candle_core::{D, Device, Result, Tensor};
use rayon::prelude::*;

use super::linear::{best, lock, with_floats};
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
    /// Which keys a query sees.
    pub sees: Sees,
}

/// Which keys a query sees.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Sees {
    /// Its own and all before it.
    Past,
    /// The last so many, its own included.
    Window(usize),
    /// All, those after it too.
    All,
}

impl Attention {
    /// The keys that the query at `position` sees, of `count`.
    fn visible(&self, position: usize, count: usize) -> std::ops::Range<usize> {
        let end = position + 1;
        match self.sees {
            Sees::Past => 0..end,
            Sees::Window(window) => end.saturating_sub(window)..end,
            Sees::All => 0..count,
        }
    }
}

/// What is added to scores for the way from a query to a key (Raffel et al. 2020, <https://arxiv.org/abs/1910.10683>).
#[derive(Debug, Clone)]
pub struct RelativeBias {
    reach: usize,
    /// `[heads, 2 · reach + 1]`: for keys from `reach` before the query to `reach` after it.
    values: Vec<f32>,
}

impl RelativeBias {
    /// `of` gives a head's bias for a key that stands so far after the query (before it: below zero); it no longer changes beyond
    /// `reach`.
    pub fn new(heads: usize, reach: usize, of: impl Fn(usize, isize) -> f32) -> Self {
        let reach_ = reach as isize;
        let values = (0..heads).flat_map(|head| (-reach_..=reach_).map(move |way| (head, way)));
        Self { reach, values: values.map(|(head, way)| of(head, way)).collect() }
    }

    #[inline(always)]
    fn at(&self, head: usize, query: usize, key: usize) -> f32 {
        let reach = self.reach as isize;
        let way = (key as isize - query as isize).clamp(-reach, reach);
        self.values[head * (2 * self.reach + 1) + (way + reach) as usize]
    }
}

/// Keys and values `[cached, kv_heads, head_dim]` that some tokens attend to, the last of which is the last in them.
pub struct Span {
    /// How many tokens.
    pub tokens: usize,
    /// Keys, those of the tokens among them.
    pub keys: Tensor,
    /// Values.
    pub values: Tensor,
}

/// Attends from new tokens, the last of which is the last in the cache.
///
/// `q` is `[tokens, heads, head_dim]`, `k` and `v` are `[cached, kv_heads, head_dim]` with the new tokens already in them; the
/// result is `[tokens, heads · head_dim]`.
pub fn attend(shape: &Attention, q: &Tensor, k: &Tensor, v: &Tensor) -> Result<Tensor> {
    let span = Span { tokens: q.dim(0)?, keys: k.clone(), values: v.clone() };
    attend_spans(shape, None, q, &[span])
}

/// The same for several sequences whose tokens stand one after the other in `q`, each with keys and values of its own. Scores may depend
/// on the way from a query to a key, too.
pub fn attend_spans(
    shape: &Attention,
    bias: Option<&RelativeBias>,
    q: &Tensor,
    spans: &[Span],
) -> Result<Tensor> {
    let tokens = q.dim(0)?;
    if spans.iter().map(|span| span.tokens).sum::<usize>() != tokens {
        candle_core::bail!("spans of other than {tokens} tokens");
    }
    if !q.device().is_cpu() {
        let mut first = 0;
        let attended = spans.iter().map(|span| {
            first += span.tokens;
            let q = q.narrow(0, first - span.tokens, span.tokens)?;
            attend_with_candle(shape, bias, &q, &span.keys, &span.values)
        });
        return Tensor::cat(&attended.collect::<Result<Vec<_>>>()?, 0);
    }
    let locked: Vec<_> = spans.iter().flat_map(|span| [&span.keys, &span.values]).map(lock).collect();
    let floats = locked.iter().map(|locked| locked.floats()).collect::<Result<Vec<_>>>()?;
    // Which span a token is of, and its place in it.
    let of_span = |(index, span): (usize, &Span)| (0..span.tokens).map(move |token| (index, token));
    let places: Vec<(usize, usize)> = spans.iter().enumerate().flat_map(of_span).collect();
    let size = shape.kv_heads * shape.head_dim;
    let cached = floats.iter().map(|keys| keys.len() / size).max().unwrap_or(1);
    let mut out = vec![0f32; tokens * shape.heads * shape.head_dim];
    with_floats(&q.contiguous()?, |q| {
        // A job is one query of one key head, with all query heads that share it.
        let group = shape.heads / shape.kv_heads * shape.head_dim;
        // What a thread is woken for should be worth it: some thousand keys.
        let jobs = (4096 / cached.max(1)).clamp(1, (tokens * shape.kv_heads / 8).clamp(4, 32));
        out.par_chunks_mut(group).zip(q.par_chunks(group)).enumerate().with_min_len(jobs).for_each_init(
            Vec::new,
            |scores, (job, (out, q))| {
                let ((span, token), kv_head) = (places[job / shape.kv_heads], job % shape.kv_heads);
                let (k, v) = (floats[2 * span], floats[2 * span + 1]);
                let cached = k.len() / size;
                // Where all is seen, there may be more queries than keys.
                let position = (cached + token).saturating_sub(spans[span].tokens);
                let keys = shape.visible(position, cached);
                query(Query { shape, bias, kv_head, position, keys, q, k, v }, scores, out);
            },
        );
        Ok(())
    })?;
    Tensor::from_vec(out, (tokens, shape.heads * shape.head_dim), &Device::Cpu)
}

/// One token's queries of one key head.
struct Query<'t> {
    shape: &'t Attention,
    bias: Option<&'t RelativeBias>,
    kv_head: usize,
    position: usize,
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
    let Query { shape, bias, kv_head, position, keys, q, k, v } = query;
    let size = shape.head_dim;
    let row = |at: usize| (at * shape.kv_heads + kv_head) * size;
    for (index, (q, out)) in q.chunks_exact(size).zip(out.chunks_exact_mut(size)).enumerate() {
        // Plain loops: closures handed to iterators would not be compiled for the instruction set of this function.
        scores.clear();
        scores.resize(keys.len(), 0.0);
        let mut largest = f32::NEG_INFINITY;
        for (score, at) in scores.iter_mut().zip(keys.clone()) {
            *score = dot(q, &k[row(at)..row(at) + size]) * shape.scale;
            if let Some(bias) = bias {
                *score += bias.at(kv_head * (shape.heads / shape.kv_heads) + index, position, at);
            }
            largest = largest.max(*score);
        }
        if let Some(cap) = shape.cap {
            // The cap keeps the order of scores, and so their largest.
            largest = cap * (largest / cap).tanh();
            for score in scores.iter_mut() {
                *score = cap * (*score / cap).tanh();
            }
        }
        for score in scores.iter_mut() {
            *score = (*score - largest).exp();
        }
        let mut total = 0f32;
        for (score, at) in scores.iter().zip(keys.clone()) {
            let weight = *score;
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
pub fn attend_with_candle(
    shape: &Attention,
    bias: Option<&RelativeBias>,
    q: &Tensor,
    k: &Tensor,
    v: &Tensor,
) -> Result<Tensor> {
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
    let mask = (0..shape.heads).flat_map(|head| (0..tokens).map(move |token| (head, token)));
    let mask = mask.flat_map(|(head, token)| {
        let position = (cached + token).saturating_sub(tokens);
        let keys = shape.visible(position, cached);
        let bias = move |at| bias.map_or(0.0, |bias| bias.at(head, position, at));
        (0..cached).map(move |at| if keys.contains(&at) { bias(at) } else { f32::NEG_INFINITY })
    });
    let mask: Vec<f32> = mask.collect();
    let mask = Tensor::from_vec(mask, (shape.kv_heads, group, tokens, cached), q.device())?;
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
        let bias = RelativeBias::new(8, 6, |head, way| head as f32 * 0.3 - way as f32 * 0.2);
        for (heads, kv_heads, head_dim, cap, sees, bias) in [
            (4, 2, 16, None, Sees::Past, None),
            (3, 1, 20, Some(1.5), Sees::Window(5), None),
            (8, 8, 64, None, Sees::Window(1), Some(&bias)),
            (4, 1, 256, None, Sees::Window(100), None),
            (4, 2, 16, None, Sees::All, None),
            (8, 8, 16, None, Sees::All, Some(&bias)),
        ] {
            let shape = Attention { heads, kv_heads, head_dim, scale: 0.2, cap, sees };
            let (q, k, v) = (
                random((7, heads, head_dim)),
                random((19, kv_heads, head_dim)),
                random((19, kv_heads, head_dim)),
            );
            let ours: Vec<Vec<f32>> =
                attend_spans(&shape, bias, &q, &[Span { tokens: 7, keys: k.clone(), values: v.clone() }])
                    .unwrap()
                    .to_vec2()
                    .unwrap();
            let candles = attend_with_candle(&shape, bias, &q, &k, &v).unwrap();
            let candles: Vec<Vec<f32>> = candles.to_vec2().unwrap();
            for (ours, candles) in ours.iter().flatten().zip(candles.iter().flatten()) {
                assert!((ours - candles).abs() < 1e-5, "{shape:?}: {ours} {candles}");
            }
        }
    }

    #[test]
    fn a_query_does_not_depend_on_its_neighbours() {
        let shape =
            Attention { heads: 4, kv_heads: 2, head_dim: 16, scale: 0.25, cap: None, sees: Sees::Window(6) };
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
