//! Cache-aligned memory for weights, which every step reads from end to end: in huge pages where
//! the system grants them, which saves TLB misses.

use memmap2::MmapMut;

use crate::files::MappedSlice;

/// Bytes of a cache line and of a 512-bit vector: the alignment of panels and their parts.
pub const CACHE_LINE: usize = 64;
/// Size in bytes from which a buffer asks for huge pages.
const HUGE_PAGE_MIN: usize = 4 << 20;

/// A cache line.
#[derive(Clone)]
#[repr(C, align(64))]
pub struct CacheLine([u8; CACHE_LINE]);

impl CacheLine {
    pub const ZERO: Self = Self([0; CACHE_LINE]);
}

/// Prefetches `bytes` bytes into the second-level cache; the first may be too small for them. The
/// hardware prefetcher sees sequential reads, but stops at the end of a page.
#[inline(always)]
#[cfg_attr(not(target_arch = "x86_64"), allow(unused_variables))]
pub fn prefetch(from: *const u8, bytes: usize) {
    #[cfg(target_arch = "x86_64")]
    for line in (0..bytes).step_by(CACHE_LINE) {
        use std::arch::x86_64::{_MM_HINT_T1, _mm_prefetch};
        // Older compilers require `unsafe` for a prefetch, which reads nothing and accepts any
        // address.
        #[allow(unused_unsafe)]
        // SAFETY: every x86-64 CPU has the instruction, and a prefetch of an invalid address does
        // nothing.
        unsafe {
            _mm_prefetch::<_MM_HINT_T1>(from.wrapping_add(line).cast());
        }
    }
}

/// Cache-aligned bytes, read only.
pub enum AlignedBytes {
    /// Memory of this process.
    Owned(AlignedBuffer),
    /// Bytes of a file, mapped at a cache-aligned address.
    Mapped(MappedSlice),
}

impl AlignedBytes {
    /// The bytes, cache-aligned.
    pub fn bytes(&self) -> &[u8] {
        match self {
            Self::Owned(lines) => lines.bytes(),
            Self::Mapped(bytes) => bytes,
        }
    }
}

/// Cache-aligned memory, zeroed.
pub enum AlignedBuffer {
    Heap(Vec<CacheLine>),
    /// Page-aligned, and so cache-aligned.
    Mapped(MmapMut),
}

impl AlignedBuffer {
    pub fn new(count: usize) -> Self {
        if count * CACHE_LINE >= HUGE_PAGE_MIN
            && let Ok(map) = MmapMut::map_anon(count * CACHE_LINE)
        {
            // Without huge pages, small ones do.
            #[cfg(target_os = "linux")]
            let _ = map.advise(memmap2::Advice::HugePage);
            return Self::Mapped(map);
        }
        Self::Heap(vec![CacheLine::ZERO; count])
    }

    /// The bytes, cache-aligned.
    pub fn bytes(&self) -> &[u8] {
        match self {
            Self::Heap(lines) => as_bytes(lines).as_flattened(),
            Self::Mapped(map) => map,
        }
    }

    /// The bytes, cache-aligned.
    pub fn bytes_mut(&mut self) -> &mut [u8] {
        match self {
            Self::Heap(lines) => as_bytes_mut(lines).as_flattened_mut(),
            Self::Mapped(map) => map,
        }
    }
}

fn as_bytes(lines: &[CacheLine]) -> &[[u8; CACHE_LINE]] {
    // SAFETY: `CacheLine` has the layout of its only field and a stricter alignment.
    unsafe { std::slice::from_raw_parts(lines.as_ptr().cast(), lines.len()) }
}

fn as_bytes_mut(lines: &mut [CacheLine]) -> &mut [[u8; CACHE_LINE]] {
    // SAFETY: as above.
    unsafe { std::slice::from_raw_parts_mut(lines.as_mut_ptr().cast(), lines.len()) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn buffers_are_cache_aligned() {
        for count in [1, 3, HUGE_PAGE_MIN / CACHE_LINE] {
            let mut lines = AlignedBuffer::new(count);
            assert_eq!(lines.bytes().len(), count * CACHE_LINE);
            assert!(lines.bytes().iter().all(|byte| *byte == 0));
            assert!(lines.bytes().as_ptr().addr().is_multiple_of(CACHE_LINE));
            lines.bytes_mut()[count * CACHE_LINE - 1] = 7;
            assert_eq!(lines.bytes()[count * CACHE_LINE - 1], 7);
        }
    }
}
