//! Attention of new tokens over a KV cache: by kernels for the CPU, through candle on other
//! devices.
//!
//! On the CPU in f32 (`float`), or in bf16 by AMX in prefills (`amx_bf16`), for layers whose output
//! projection rounds its input to bf16. Keys come in segments of 256, merged by an online softmax
//! in their order.
//!
//! The result of a query does not depend on the queries computed beside it: neither on the batch
//! nor on how a prompt was cut into chunks (as long as all numbers are finite).

#[cfg(target_arch = "x86_64")]
mod amx_bf16;
mod candle;
mod float;
mod kv_cache;
mod online_softmax;
mod params;
mod query_block;
mod relative_bias;
mod segments;

use std::cell::RefCell;
use std::mem::MaybeUninit;

use candle_core::{Device, Result, Tensor};

pub use candle::attend_with_candle;
pub use kv_cache::KvCache;
pub use params::{Attention, Mask};
pub use relative_bias::RelativeBias;

use crate::kernels::attention::kv_cache::KvPages;
use crate::kernels::attention::online_softmax::OnlineSoftmax;
use crate::kernels::attention::query_block::{MAX_ROWS, QueryBlock, ROWS_BF16};
use crate::kernels::attention::segments::Scratch;
use crate::kernels::phase::Phase;
use crate::kernels::tensor_data::with_floats;
use crate::kernels::threads;

/// The last tokens of a sequence, and its KV cache.
pub struct SequenceSlice {
    /// Number of tokens.
    pub tokens: usize,
    /// Keys and values of the whole sequence, these tokens included.
    pub cache: KvCache,
}

/// Attention of the tokens of several sequences, concatenated in `q`, `[tokens, heads, head_dim]`,
/// with an optional relative position bias. The result is `[tokens, heads · head_dim]`.
pub fn attend(
    shape: &Attention,
    bias: Option<&RelativeBias>,
    q: &Tensor,
    slices: &[SequenceSlice],
    phase: Phase,
) -> Result<Tensor> {
    let tokens = q.dim(0)?;
    if slices.iter().map(|slice| slice.tokens).sum::<usize>() != tokens {
        candle_core::bail!("slices of sequences do not add up to {tokens} tokens");
    }
    let pages: Option<Vec<&KvPages>> = slices.iter().map(|slice| slice.cache.pages()).collect();
    match pages.filter(|_| q.device().is_cpu()) {
        Some(pages) => {
            check_shapes(shape, bias, q, slices, &pages)?;
            attend_on_cpu(shape, bias, q, slices, &pages, phase)
        }
        None => {
            let mut first = 0;
            let mut outputs = Vec::with_capacity(slices.len());
            for slice in slices {
                let (keys, values) = slice.cache.tensors()?;
                let q = q.narrow(0, first, slice.tokens)?;
                outputs.push(attend_with_candle(shape, bias, &q, &keys, &values)?);
                first += slice.tokens;
            }
            Tensor::cat(&outputs, 0)
        }
    }
}

/// Checks that queries and caches have the shape of the layer.
fn check_shapes(
    shape: &Attention,
    bias: Option<&RelativeBias>,
    q: &Tensor,
    slices: &[SequenceSlice],
    pages: &[&KvPages],
) -> Result<()> {
    let (_, heads, head_dim) = q.dims3()?;
    let heads_fit = shape.kv_heads > 0
        && heads.is_multiple_of(shape.kv_heads)
        && (heads, head_dim) == (shape.heads, shape.head_dim)
        && heads * head_dim > 0;
    let caches_fit =
        pages.iter().all(|kv| (kv.kv_heads, kv.head_dim) == (shape.kv_heads, head_dim));
    if !heads_fit || !caches_fit || slices.iter().any(|slice| slice.cache.is_empty()) {
        candle_core::bail!("{shape:?} with queries of shape {:?} and other caches", q.shape());
    }
    // Then a query has no position among the keys.
    let has_more_queries = slices.iter().any(|slice| slice.tokens > slice.cache.len());
    if has_more_queries && (shape.mask != Mask::Full || bias.is_some()) {
        candle_core::bail!("more queries than keys, with {:?} or a position bias", shape.mask);
    }
    Ok(())
}

fn attend_on_cpu(
    shape: &Attention,
    bias: Option<&RelativeBias>,
    q: &Tensor,
    slices: &[SequenceSlice],
    pages: &[&KvPages],
    phase: Phase,
) -> Result<Tensor> {
    let (tokens, heads, size) = q.dims3()?;
    let kv_heads = shape.kv_heads;
    let min_jobs = JOBS_PER_THREAD * threads::count();
    // True only if the CPU has AMX, as `QueryBlock` requires.
    let uses_amx_bf16 = shape.allows_bf16 && uses_amx(phase, size);
    let rows = if uses_amx_bf16 {
        (tokens * heads / min_jobs).clamp(*ROWS_BF16.start(), *ROWS_BF16.end())
    } else {
        MAX_ROWS
    };
    let tokens_per_block = (rows * kv_heads / heads).max(1);
    let mut out: Vec<f32> = Vec::with_capacity(tokens * heads * size);
    let to = Out(out.spare_capacity_mut().as_mut_ptr());
    with_floats(&q.contiguous()?, |q| {
        let mut jobs = Vec::new();
        let mut start = 0;
        for (slice, kv) in slices.iter().zip(pages) {
            let keys = slice.cache.len();
            for token in (0..slice.tokens).step_by(tokens_per_block) {
                let count = tokens_per_block.min(slice.tokens - token);
                let first = start + token;
                jobs.extend((0..kv_heads).map(|kv_head| QueryBlock {
                    shape,
                    bias,
                    queries: &q[first * heads * size..(first + count) * heads * size],
                    first,
                    tokens: count,
                    kv_head,
                    // With a full mask, there may be more queries than keys; positions do not
                    // matter then.
                    position: (keys + token).saturating_sub(slice.tokens),
                    kv,
                    keys,
                    uses_amx_bf16,
                }));
            }
            start += slice.tokens;
        }
        // The longest jobs first, so that no thread waits for a late one.
        jobs.reverse();
        let write = |rows: &QueryBlock<'_>, state: &OnlineSoftmax| {
            for row in 0..rows.count() {
                let at = rows.first * heads * size + rows.offset(row);
                // SAFETY: the output of this token and head is written by this job alone.
                state.write(row, unsafe { std::slice::from_raw_parts_mut(to.at(at), size) });
            }
        };
        if jobs.len() < min_jobs && jobs.iter().any(|rows| rows.segments().len() > 1) {
            attend_by_segment(&jobs, write);
        } else {
            // Several heads of a sequence in a row; the keys of the next are prefetched meanwhile.
            let heads_per_job = (jobs.len() / min_jobs).clamp(1, kv_heads);
            threads::parallel_chunks(&mut jobs, heads_per_job, |_, jobs| {
                for (index, rows) in jobs.iter().enumerate() {
                    if let Some(next) = jobs.get(index + 1) {
                        next.prefetch_keys();
                    }
                    SCRATCH.with_borrow_mut(|scratch| {
                        write(rows, scratch.accumulate(rows, rows.segments()));
                    });
                }
            });
        }
        Ok(())
    })?;
    // SAFETY: the capacity suffices, and there was a job for each KV head of every token, which
    // wrote all its rows.
    unsafe { out.set_len(tokens * heads * size) };
    Tensor::from_vec(out, (tokens, heads * size), &Device::Cpu)
}

/// True if AMX computes attention over heads of `head_dim` in this phase.
#[cfg(target_arch = "x86_64")]
fn uses_amx(phase: Phase, head_dim: usize) -> bool {
    phase.uses_amx(crate::kernels::cpu::best()) && amx_bf16::fits(head_dim)
}

#[cfg(not(target_arch = "x86_64"))]
fn uses_amx(_: Phase, _: usize) -> bool {
    false
}

/// With fewer jobs for each thread than this, jobs are split by segment.
const JOBS_PER_THREAD: usize = 4;

/// Computes jobs segment by segment and merges the results, so that a single sequence occupies all
/// threads.
fn attend_by_segment(jobs: &[QueryBlock<'_>], write: impl Fn(&QueryBlock<'_>, &OnlineSoftmax)) {
    let segments = jobs.iter().flat_map(|rows| rows.segments().map(move |segment| (rows, segment)));
    let mut parts: Vec<_> =
        segments.map(|(rows, segment)| (rows, segment, OnlineSoftmax::default())).collect();
    threads::parallel_chunks(&mut parts, 1, |_, parts| {
        for (rows, segment, state) in parts {
            SCRATCH.with_borrow_mut(|scratch| {
                std::mem::swap(state, scratch.accumulate(rows, *segment..*segment + 1));
            });
        }
    });
    for parts in parts.chunk_by_mut(|(a, ..), (b, ..)| std::ptr::eq(*a, *b)) {
        let Some(((rows, _, first), rest)) = parts.split_first_mut() else { continue };
        rest.iter().for_each(|(_, _, next)| first.merge(next));
        write(rows, first);
    }
}

/// Destination of results.
struct Out(*mut MaybeUninit<f32>);

impl Out {
    fn at(&self, index: usize) -> *mut MaybeUninit<f32> {
        self.0.wrapping_add(index)
    }
}

// SAFETY: each job writes elements of its own.
unsafe impl Sync for Out {}

thread_local! {
    static SCRATCH: RefCell<Scratch> = RefCell::default();
}

#[cfg(test)]
mod tests {
    use super::*;

    fn random(shape: (usize, usize, usize)) -> Tensor {
        Tensor::randn(0f32, 1.0, shape, &Device::Cpu).unwrap()
    }

    fn numbers(x: Tensor) -> Vec<Vec<f32>> {
        x.to_vec2().unwrap()
    }

    fn span(tokens: usize, k: &Tensor, v: &Tensor) -> SequenceSlice {
        SequenceSlice { tokens, cache: KvCache::from_tensors(k, v).unwrap() }
    }

    /// Heads, KV heads, head size, softcap, mask, keys.
    const SHAPES: [(usize, usize, usize, Option<f32>, Mask, usize); 11] = [
        (4, 2, 16, None, Mask::Causal, 19),
        (3, 1, 20, Some(1.5), Mask::SlidingWindow(5), 19),
        (8, 8, 64, None, Mask::SlidingWindow(1), 300),
        (4, 1, 256, None, Mask::SlidingWindow(100), 650),
        (4, 2, 16, None, Mask::Full, 8),
        (8, 8, 16, None, Mask::Full, 70),
        (14, 2, 64, None, Mask::Causal, 600),
        (6, 2, 80, None, Mask::SlidingWindow(300), 1030),
        (32, 1, 64, None, Mask::Causal, 600),
        (4, 2, 32, Some(1.5), Mask::SlidingWindow(40), 90),
        (12, 2, 128, None, Mask::Causal, 300),
    ];

    #[test]
    fn the_kernels_agree_with_candle() {
        let bias = RelativeBias::new(32, 6, |head, way| head as f32 * 0.3 - way as f32 * 0.2);
        for (index, (heads, kv_heads, head_dim, softcap, mask, keys)) in
            SHAPES.into_iter().enumerate()
        {
            let shape = Attention {
                heads,
                kv_heads,
                head_dim,
                scale: 0.2,
                softcap,
                mask,
                allows_bf16: true,
            };
            let bias = Some(&bias).filter(|_| index % 2 == 1);
            let (q, k, v) = (
                random((7, heads, head_dim)),
                random((keys, kv_heads, head_dim)),
                random((keys, kv_heads, head_dim)),
            );
            let candles = numbers(attend_with_candle(&shape, bias, &q, &k, &v).unwrap());
            for phase in Phase::ALL {
                let ours = attend(&shape, bias, &q, &[span(7, &k, &v)], phase);
                let ours = numbers(ours.unwrap());
                for (ours, candles) in ours.iter().flatten().zip(candles.iter().flatten()) {
                    // Weights and values are bf16 there.
                    let off = if phase == Phase::Prefill { 1e-2 } else { 1e-5 };
                    assert!((ours - candles).abs() < off, "{shape:?} {phase:?}: {ours} {candles}");
                }
            }
        }
    }

    #[test]
    fn a_fully_masked_row_gets_zeros() {
        for (head_dim, keys) in
            [20, 32].into_iter().flat_map(|dim| [3, 256, 512, 600].map(|keys| (dim, keys)))
        {
            let mask = Mask::SlidingWindow(0);
            let shape = Attention {
                heads: 2,
                kv_heads: 1,
                head_dim,
                scale: 1.0,
                softcap: None,
                mask,
                allows_bf16: true,
            };
            let (q, k) = (random((3, 2, head_dim)), random((keys, 1, head_dim)));
            for phase in Phase::ALL {
                let nothing = attend(&shape, None, &q, &[span(3, &k, &k)], phase).unwrap();
                assert!(
                    numbers(nothing).iter().flatten().all(|number| *number == 0.0),
                    "{keys} keys"
                );
            }
        }
    }

    #[test]
    fn nan_propagates_and_truncated_tokens_do_not_matter() {
        let mask = Mask::Causal;
        let shape = Attention {
            heads: 2,
            kv_heads: 1,
            head_dim: 32,
            scale: 0.1,
            softcap: None,
            mask,
            allows_bf16: true,
        };
        let (q, k) = (random((3, 2, 32)), random((40, 1, 32)));
        for bits in [0x7fc0_0000, 0xffff_ffff, 0x7fff_ffff] {
            let none = Tensor::full(f32::from_bits(bits), (3, 1, 32), &Device::Cpu).unwrap();
            for phase in Phase::ALL {
                let attend = |past: &KvCache| {
                    let spans = [SequenceSlice { tokens: 3, cache: past.clone() }];
                    numbers(attend(&shape, None, &q, &spans, phase).unwrap())
                };
                for (keys, values) in
                    [(&none, &k.narrow(0, 0, 3).unwrap()), (&k.narrow(0, 0, 3).unwrap(), &none)]
                {
                    let mut past = KvCache::from_tensors(&k, &k).unwrap();
                    past.append(37, keys, values).unwrap();
                    assert!(
                        attend(&past)[2].iter().all(|number| number.is_nan()),
                        "{phase:?}, {bits:x}"
                    );
                    // Behind the first three tokens, then truncated.
                    let few = k.narrow(0, 0, 3).unwrap();
                    past.append(3, &none, &none).unwrap();
                    past.append(0, &few, &few).unwrap();
                    assert_eq!(
                        attend(&past),
                        attend(&KvCache::from_tensors(&few, &few).unwrap()),
                        "{phase:?}"
                    );
                }
            }
        }
    }

    #[test]
    fn a_query_depends_neither_on_the_batch_nor_on_the_thread() {
        for (heads, kv_heads, head_dim, softcap, mask, keys) in SHAPES {
            let shape = Attention {
                heads,
                kv_heads,
                head_dim,
                scale: 0.25,
                softcap,
                mask,
                allows_bf16: true,
            };
            let (q, k, v) = (
                random((50, heads, head_dim)),
                random((keys + 50, kv_heads, head_dim)),
                random((keys + 50, kv_heads, head_dim)),
            );
            // Enough sequences that no job is split.
            let many = JOBS_PER_THREAD * threads::count() + 1;
            let spans: Vec<SequenceSlice> = (0..many).map(|_| span(50, &k, &v)).collect();
            let queries = Tensor::cat(&vec![&q; many], 0).unwrap();
            for phase in Phase::ALL {
                let attend = |q: &Tensor, spans: &[SequenceSlice]| {
                    numbers(attend(&shape, None, q, spans, phase).unwrap())
                };
                let together = attend(&queries, &spans);
                for (token, expected) in together[..50].iter().enumerate() {
                    let seen = if mask == Mask::Full { keys + 50 } else { keys + token + 1 };
                    let (k, v) = (k.narrow(0, 0, seen).unwrap(), v.narrow(0, 0, seen).unwrap());
                    let alone = attend(&q.narrow(0, token, 1).unwrap(), &[span(1, &k, &v)]);
                    assert_eq!(&alone[0], expected, "{shape:?} {phase:?}, token {token}");
                }
            }
        }
    }

    #[test]
    fn shapes_that_do_not_fit_are_refused() {
        let shape = Attention {
            heads: 4,
            kv_heads: 2,
            head_dim: 16,
            scale: 1.0,
            softcap: None,
            mask: Mask::Causal,
            allows_bf16: true,
        };
        let (q, k) = (random((3, 4, 16)), random((3, 2, 16)));
        let phase = Phase::Decode;
        assert!(attend(&shape, None, &q, &[span(3, &k, &k)], phase).is_ok());
        assert!(attend(&shape, None, &q, &[span(2, &k, &k)], phase).is_err());
        let other = random((3, 1, 16));
        assert!(attend(&shape, None, &q, &[span(3, &other, &other)], phase).is_err());
        let none = KvCache::new(2, 16, &Device::Cpu).unwrap();
        assert!(
            attend(&shape, None, &q, &[SequenceSlice { tokens: 3, cache: none }], phase).is_err()
        );
        assert!(
            attend(&Attention { kv_heads: 0, ..shape }, None, &q, &[span(3, &k, &k)], phase)
                .is_err()
        );
    }
}
