//! Attention of new tokens over a cache: straight over the cache on the CPU, through candle's operations elsewhere.
//!
//! What is computed for a query does not depend on those it is computed beside, keys in order: not on what else is in the batch, nor on how
//! a prompt was cut into chunks (as long as all numbers are finite).

mod rows;

use std::cell::RefCell;

use candle_core::{D, Device, Result, Tensor};

use super::linear::{lock, with_floats};
use super::pool;
use rows::{Keys, ROWS, Row};

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
    let Attention { heads, kv_heads, head_dim: size, .. } = *shape;
    let whole = |numbers: &&[f32]| !numbers.is_empty() && numbers.len().is_multiple_of(kv_heads * size);
    if kv_heads * size == 0 || heads == 0 || !heads.is_multiple_of(kv_heads) || !floats.iter().all(whole) {
        candle_core::bail!("{shape:?} does not fit its keys and values, or there are none");
    }
    let group = heads / kv_heads;
    // A job is some tokens of a span and one key head, with all query heads that share it; the longest first, so that none is waited for.
    let at_once = (ROWS / group).max(1);
    let mut jobs = Vec::new();
    let mut first = 0;
    for (index, span) in spans.iter().enumerate() {
        for token in (0..span.tokens).step_by(at_once) {
            let some = at_once.min(span.tokens - token);
            jobs.extend((0..kv_heads).map(|kv_head| Job {
                span: index,
                first: first + token,
                token,
                some,
                kv_head,
            }));
        }
        first += span.tokens;
    }
    jobs.reverse();
    let mut out = vec![0f32; tokens * heads * size];
    let to = Out(out.as_mut_ptr());
    with_floats(&q.contiguous()?, |q| {
        let one = |job: &Job| {
            let Job { span, first, token, some, kv_head } = *job;
            let (keys, values) = (floats[2 * span], floats[2 * span + 1]);
            let cached = keys.len() / (kv_heads * size);
            let keys = Keys { shape, bias, kv_head, keys, values };
            // Where all is seen, there may be more queries than keys.
            let position = |token: usize| (cached + token).saturating_sub(spans[span].tokens);
            let row = |index: usize| {
                let (of_job, head) = (index / group, kv_head * group + index % group);
                let from = ((first + of_job) * heads + head) * size;
                Row { query: &q[from..from + size], head, position: position(token + of_job) }
            };
            let all: Vec<Row<'_>> = (0..some * group).map(row).collect();
            SCRATCH.with_borrow_mut(|(scores, sums)| {
                for (index, rows) in all.chunks(ROWS).enumerate() {
                    sums.clear();
                    sums.resize(rows.len() * size, 0.0);
                    rows::attend(&keys, rows, scores, sums);
                    for (row, sums) in sums.chunks_exact(size).enumerate() {
                        let (of_job, head) = ((index * ROWS + row) / group, (index * ROWS + row) % group);
                        let at = ((first + of_job) * heads + kv_head * group + head) * size;
                        // SAFETY: the place of this token's and this head's numbers, which are this job's alone.
                        unsafe { to.at(at).copy_from_nonoverlapping(sums.as_ptr(), size) };
                    }
                }
            });
        };
        pool::each(jobs.len(), |index| one(&jobs[index]));
        Ok(())
    })?;
    Tensor::from_vec(out, (tokens, heads * size), &Device::Cpu)
}

/// Some tokens of a span that one key head serves.
struct Job {
    span: usize,
    /// The first token, among those of all spans and in its own.
    first: usize,
    token: usize,
    some: usize,
    kv_head: usize,
}

/// Where results go.
struct Out(*mut f32);

impl Out {
    fn at(&self, index: usize) -> *mut f32 {
        self.0.wrapping_add(index)
    }
}

// SAFETY: each job writes places of its own.
unsafe impl Sync for Out {}

thread_local! {
    /// Memory for scores and sums.
    static SCRATCH: RefCell<(Vec<f32>, Vec<f32>)> = const { RefCell::new((Vec::new(), Vec::new())) };
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
