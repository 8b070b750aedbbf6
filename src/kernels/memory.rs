//! Memory in cache lines, for weights that are read from one end to the other at each step: in
//! large pages where the system has them, so that fewer addresses are looked up.

use memmap2::MmapMut;

use crate::files::MappedSlice;

/// Bytes of a cache line, and of a register: tiles and their parts begin at one.
pub const CACHE_LINE: usize = 64;
/// Memory smaller than this (bytes) gains nothing by large pages.
const HUGE_PAGE_MIN: usize = 4 << 20;

/// A cache line.
#[derive(Clone)]
#[repr(C, align(64))]
pub struct CacheLine([u8; CACHE_LINE]);

impl CacheLine {
    pub const ZERO: Self = Self([0; CACHE_LINE]);
}

/// Asks for lines that will be read soon. They are brought to the second-level cache, for they may
/// be more than the first holds. (Processors see by themselves when lines are read one after the
/// other, but not beyond the page they are in.)
#[inline(always)]
#[cfg_attr(not(target_arch = "x86_64"), allow(unused_variables))]
pub fn prefetch(from: *const u8, bytes: usize) {
    #[cfg(target_arch = "x86_64")]
    for line in (0..bytes).step_by(CACHE_LINE) {
        use std::arch::x86_64::{_MM_HINT_T1, _mm_prefetch};
        // Older compilers want it said that nothing is read, so that no address is wrong.
        #[allow(unused_unsafe)]
        // SAFETY: every x86-64 processor has the instruction, which only asks.
        unsafe {
            _mm_prefetch::<_MM_HINT_T1>(from.wrapping_add(line).cast());
        }
    }
}

/// AlignedBytes that are only read.
pub enum AlignedBytes {
    /// In memory of this program's own.
    Owned(AlignedBuffer),
    /// In a file; they begin where lines do.
    Mapped(MappedSlice),
}

impl AlignedBytes {
    /// Their bytes, which begin at a line.
    pub fn bytes(&self) -> &[u8] {
        match self {
            Self::Owned(lines) => lines.bytes(),
            Self::Mapped(bytes) => bytes,
        }
    }
}

/// AlignedBytes to be written, zero at first.
pub enum AlignedBuffer {
    Heap(Vec<CacheLine>),
    /// Begins at a page, and so at a line.
    Mapped(MmapMut),
}

impl AlignedBuffer {
    pub fn new(count: usize) -> Self {
        if count * CACHE_LINE >= HUGE_PAGE_MIN
            && let Ok(map) = MmapMut::map_anon(count * CACHE_LINE)
        {
            // Where there are no large pages, small ones do.
            #[cfg(target_os = "linux")]
            let _ = map.advise(memmap2::Advice::HugePage);
            return Self::Mapped(map);
        }
        Self::Heap(vec![CacheLine::ZERO; count])
    }

    /// Their bytes, which begin at a line.
    pub fn bytes(&self) -> &[u8] {
        match self {
            Self::Heap(lines) => as_bytes(lines).as_flattened(),
            Self::Mapped(map) => map,
        }
    }

    /// Their bytes, which begin at a line.
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
    fn lines_begin_where_registers_do() {
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
