//! The KV cache: keys and values of one layer and one sequence.
//!
//! On the CPU it is paged (Kwon et al. 2023, <https://arxiv.org/abs/2309.06180>), [`PAGE_TOKENS`]
//! tokens a page, by head. Keys are `[head_dim][16 tokens]`: one load holds one dimension of 16
//! keys, so dot products need no horizontal sums. Values are `[16 tokens][head_dim]`. Sequences
//! with a common prefix share its pages, also in the CPU's caches; a page is copied on the first
//! write.

use std::sync::Arc;

use candle_core::{DType, Device, Result, Tensor};

use crate::kernels::shape::LANES;
use crate::kernels::simd::AlignedF32x16;
use crate::kernels::tensor_data::lock;
use crate::kernels::threads;

/// Tokens of a page: one for each lane.
pub const PAGE_TOKENS: usize = LANES;

/// Keys and values of one layer and one sequence. Clones share pages; a write copies shared ones.
#[derive(Clone)]
pub struct KvCache {
    length: usize,
    storage: Storage,
}

#[derive(Clone)]
enum Storage {
    KvPages(KvPages),
    /// Keys and values on another device, `[capacity, kv_heads, head_dim]` each.
    Tensors(Arc<(Tensor, Tensor)>),
}

impl KvCache {
    /// Initial capacity in tokens on other devices, doubled when it is exceeded.
    const INITIAL_CAPACITY: usize = 64;

    /// An empty cache.
    pub fn new(kv_heads: usize, head_dim: usize, device: &Device) -> Result<Self> {
        let storage = match device {
            Device::Cpu => Storage::KvPages(KvPages::new(kv_heads, head_dim)),
            device => {
                let empty = || {
                    Tensor::zeros((Self::INITIAL_CAPACITY, kv_heads, head_dim), DType::F32, device)
                };
                Storage::Tensors(Arc::new((empty()?, empty()?)))
            }
        };
        Ok(Self { length: 0, storage })
    }

    /// A cache of keys and values, `[tokens, kv_heads, head_dim]` each.
    pub fn from_tensors(k: &Tensor, v: &Tensor) -> Result<Self> {
        let (_, kv_heads, head_dim) = k.dims3()?;
        let mut cache = Self::new(kv_heads, head_dim, k.device())?;
        cache.append(0, k, v)?;
        Ok(cache)
    }

    /// Number of tokens.
    pub fn len(&self) -> usize {
        self.length
    }

    /// True if it has no tokens.
    pub fn is_empty(&self) -> bool {
        self.length == 0
    }

    /// Writes keys and values, `[tokens, kv_heads, head_dim]` each, after the first `length`
    /// tokens, and truncates what was there.
    pub fn append(&mut self, length: usize, k: &Tensor, v: &Tensor) -> Result<()> {
        if length > self.length || k.shape() != v.shape() {
            candle_core::bail!(
                "keys of shape {:?} and values of shape {:?} after {length} of {} tokens",
                k.shape(),
                v.shape(),
                self.length
            );
        }
        let end = length + k.dim(0)?;
        let (k, v) = (k.contiguous()?, v.contiguous()?);
        match &mut self.storage {
            Storage::KvPages(pages) => {
                let (_, kv_heads, head_dim) = k.dims3()?;
                if (kv_heads, head_dim) != (pages.kv_heads, pages.head_dim) {
                    candle_core::bail!("keys of shape {:?} in a cache of other heads", k.shape());
                }
                let (k, v) = (lock(&k), lock(&v));
                pages.write(length, end, k.floats()?, v.floats()?);
            }
            Storage::Tensors(buffers) => {
                let (capacity, heads, size) = buffers.0.dims3()?;
                // `slice_set` writes in place, so a tensor that is still shared must be copied
                // first.
                if end > capacity || Arc::get_mut(buffers).is_none() {
                    let capacity = end.next_power_of_two().max(capacity);
                    let copy = |old: &Tensor| -> Result<Tensor> {
                        let new = Tensor::zeros((capacity, heads, size), DType::F32, old.device())?;
                        if length > 0 {
                            new.slice_set(&old.narrow(0, 0, length)?, 0, 0)?;
                        }
                        Ok(new)
                    };
                    *buffers = Arc::new((copy(&buffers.0)?, copy(&buffers.1)?));
                }
                buffers.0.slice_set(&k, 0, length)?;
                buffers.1.slice_set(&v, 0, length)?;
            }
        }
        self.length = end;
        Ok(())
    }

    /// The pages, on the CPU.
    pub fn pages(&self) -> Option<&KvPages> {
        match &self.storage {
            Storage::KvPages(pages) => Some(pages),
            Storage::Tensors(_) => None,
        }
    }

    /// Keys and values, `[tokens, kv_heads, head_dim]` each.
    pub fn tensors(&self) -> Result<(Tensor, Tensor)> {
        match &self.storage {
            Storage::KvPages(pages) => pages.tensors(self.length),
            Storage::Tensors(buffers) => {
                Ok((buffers.0.narrow(0, 0, self.length)?, buffers.1.narrow(0, 0, self.length)?))
            }
        }
    }
}

/// Keys and values in pages.
#[derive(Clone)]
pub struct KvPages {
    pub kv_heads: usize,
    pub head_dim: usize,
    pages: Arc<Vec<Arc<[AlignedF32x16]>>>,
}

impl KvPages {
    fn new(kv_heads: usize, head_dim: usize) -> Self {
        Self { kv_heads, head_dim, pages: Arc::default() }
    }

    /// Vectors of a token's values of one head.
    pub fn columns(&self) -> usize {
        self.head_dim.div_ceil(LANES)
    }

    /// Keys, `[head_dim][PAGE_TOKENS]`, and values, `[PAGE_TOKENS][columns · LANES]`, of one head
    /// in a page.
    pub fn of_head(&self, page: usize, kv_head: usize) -> (&[AlignedF32x16], &[AlignedF32x16]) {
        let size = self.chunks_of_head();
        self.pages[page][kv_head * size..][..size].split_at(self.head_dim)
    }

    /// The same, if the page exists.
    #[cfg(target_arch = "x86_64")]
    pub fn head_of_page_if_any(
        &self,
        page: usize,
        kv_head: usize,
    ) -> Option<(&[AlignedF32x16], &[AlignedF32x16])> {
        (page < self.pages.len()).then(|| self.of_head(page, kv_head))
    }

    fn chunks_of_head(&self) -> usize {
        self.head_dim + PAGE_TOKENS * self.columns()
    }

    fn write(&mut self, from: usize, end: usize, k: &[f32], v: &[f32]) {
        let (heads, size, columns) = (self.kv_heads, self.head_dim, self.columns());
        let (of_head, of_token) = (self.chunks_of_head(), heads * size);
        let pages = Arc::make_mut(&mut self.pages);
        let empty = || std::iter::repeat_n(AlignedF32x16::ZERO, heads * of_head).collect();
        pages.resize_with(end.div_ceil(PAGE_TOKENS), empty);
        let first = from / PAGE_TOKENS;
        let Some(written) = pages.get_mut(first..).filter(|_| end > from) else { return };
        threads::parallel_chunks(written, 1, |index, page| {
            let start = (first + index) * PAGE_TOKENS;
            let (begin, stop) = (from.max(start), end.min(start + PAGE_TOKENS));
            let Some(page) = page.first_mut().map(Arc::make_mut) else { return };
            for (head, chunks) in page.chunks_exact_mut(of_head).enumerate() {
                let (keys, values) = chunks.split_at_mut(size);
                for (at, key) in keys.iter_mut().enumerate() {
                    for token in begin..stop {
                        key.0[token - start] = k[(token - from) * of_token + head * size + at];
                    }
                }
                for token in begin..stop {
                    let v = &v[(token - from) * of_token + head * size..][..size];
                    let to = &mut values[(token - start) * columns..][..columns];
                    for (to, v) in to.iter_mut().zip(v.chunks(LANES)) {
                        to.0[..v.len()].copy_from_slice(v);
                    }
                }
            }
        });
    }

    fn tensors(&self, length: usize) -> Result<(Tensor, Tensor)> {
        let (heads, size) = (self.kv_heads, self.head_dim);
        let (mut k, mut v) = (Vec::new(), Vec::new());
        for (token, head) in (0..length).flat_map(|token| (0..heads).map(move |head| (token, head)))
        {
            let (keys, values) = self.of_head(token / PAGE_TOKENS, head);
            k.extend(keys.iter().map(|key| key.0[token % PAGE_TOKENS]));
            let values =
                values[token % PAGE_TOKENS * self.columns()..].iter().flat_map(|values| values.0);
            v.extend(values.take(size));
        }
        let tensor = |numbers| Tensor::from_vec(numbers, (length, heads, size), &Device::Cpu);
        Ok((tensor(k)?, tensor(v)?))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn numbers(tokens: usize, first: f32) -> Tensor {
        let all = (0..tokens * 2 * 20).map(|at| first + at as f32).collect();
        Tensor::from_vec(all, (tokens, 2, 20), &Device::Cpu).unwrap()
    }

    fn read(cache: &KvCache) -> [Vec<f32>; 2] {
        let (k, v) = cache.tensors().unwrap();
        [k, v].map(|x| x.flatten_all().unwrap().to_vec1().unwrap())
    }

    fn all(parts: &[&Tensor]) -> Vec<f32> {
        Tensor::cat(parts, 0).unwrap().flatten_all().unwrap().to_vec1().unwrap()
    }

    #[test]
    fn appended_chunks_are_read_back_whole() {
        let (k, v) = (numbers(53, 0.5), numbers(53, -9000.0));
        for cuts in [vec![53], vec![1; 53], vec![16, 37], vec![15, 2, 31, 5]] {
            let mut cache = KvCache::new(2, 20, &Device::Cpu).unwrap();
            let mut at = 0;
            for tokens in cuts {
                let part = |x: &Tensor| x.narrow(0, at, tokens).unwrap();
                cache.append(at, &part(&k), &part(&v)).unwrap();
                at += tokens;
            }
            assert_eq!(read(&cache), [all(&[&k]), all(&[&v])]);
        }
    }

    #[test]
    fn a_clone_keeps_its_tokens_when_the_other_is_written() {
        let (k, other) = (numbers(40, 0.0), numbers(5, 7000.0));
        let original = KvCache::from_tensors(&k, &k).unwrap();
        let mut clone = original.clone();
        clone.append(35, &other, &other).unwrap();
        assert_eq!(read(&original)[0], all(&[&k]));
        assert_eq!(read(&clone)[0], all(&[&k.narrow(0, 0, 35).unwrap(), &other]));
        // Only the written page was copied.
        let shared = |page: usize| {
            let page = |cache: &KvCache| cache.pages().unwrap().of_head(page, 0).0.as_ptr();
            page(&original) == page(&clone)
        };
        assert_eq!((shared(0), shared(1), shared(2)), (true, true, false));
    }

    #[test]
    fn truncated_tokens_are_overwritten_and_gaps_are_refused() {
        let (k, other) = (numbers(40, 0.0), numbers(2, 7000.0));
        let mut cache = KvCache::from_tensors(&k, &k).unwrap();
        cache.append(3, &other, &other).unwrap();
        assert_eq!((cache.len(), cache.pages().unwrap().pages.len()), (5, 1));
        assert_eq!(read(&cache)[1], all(&[&k.narrow(0, 0, 3).unwrap(), &other]));
        assert!(cache.append(6, &other, &other).is_err());
        assert!(cache.append(5, &other, &k).is_err());
    }
}
