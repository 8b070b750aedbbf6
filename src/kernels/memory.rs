//! Memory in cache lines, for weights that are read from one end to the other at each step: in
//! large pages where the system has them, so that fewer addresses are looked up.

use memmap2::MmapMut;

use crate::files::MappedSlice;

/// Bytes of a cache line, and of a register: tiles and their parts begin at one.
pub const LINE: usize = 64;
/// Memory smaller than this (bytes) gains nothing by large pages.
const LARGE: usize = 4 << 20;

/// A cache line.
#[derive(Clone)]
#[repr(C, align(64))]
pub struct Line([u8; LINE]);

impl Line {
    pub const ZERO: Self = Self([0; LINE]);
}

/// Asks for lines that will be read soon. They are brought to the second-level cache, for they may
/// be more than the first holds. (Processors see by themselves when lines are read one after the
/// other, but not beyond the page they are in.)
#[inline(always)]
#[cfg_attr(not(target_arch = "x86_64"), allow(unused_variables))]
pub fn ask_for(from: *const u8, bytes: usize) {
    #[cfg(target_arch = "x86_64")]
    for line in (0..bytes).step_by(LINE) {
        use std::arch::x86_64::{_MM_HINT_T1, _mm_prefetch};
        // Older compilers want it said that nothing is read, so that no address is wrong.
        #[allow(unused_unsafe)]
        // SAFETY: every x86-64 processor has the instruction, which only asks.
        unsafe {
            _mm_prefetch::<_MM_HINT_T1>(from.wrapping_add(line).cast());
        }
    }
}

/// Lines that are only read.
pub enum Lines {
    /// In memory of this program's own.
    Own(Blank),
    /// In a file; they begin where lines do.
    File(MappedSlice),
}

impl Lines {
    /// Their bytes, which begin at a line.
    pub fn bytes(&self) -> &[u8] {
        match self {
            Self::Own(lines) => lines.bytes(),
            Self::File(bytes) => bytes,
        }
    }
}

/// Lines to be written, zero at first.
pub enum Blank {
    Heap(Vec<Line>),
    /// Begins at a page, and so at a line.
    Mapped(MmapMut),
}

impl Blank {
    pub fn new(count: usize) -> Self {
        if count * LINE >= LARGE
            && let Ok(map) = MmapMut::map_anon(count * LINE)
        {
            // Where there are no large pages, small ones do.
            #[cfg(target_os = "linux")]
            let _ = map.advise(memmap2::Advice::HugePage);
            return Self::Mapped(map);
        }
        Self::Heap(vec![Line::ZERO; count])
    }

    /// Their bytes, which begin at a line.
    pub fn bytes(&self) -> &[u8] {
        match self {
            Self::Heap(lines) => bytes_of(lines).as_flattened(),
            Self::Mapped(map) => map,
        }
    }

    /// Their bytes, which begin at a line.
    pub fn bytes_mut(&mut self) -> &mut [u8] {
        match self {
            Self::Heap(lines) => bytes_of_mut(lines).as_flattened_mut(),
            Self::Mapped(map) => map,
        }
    }
}

fn bytes_of(lines: &[Line]) -> &[[u8; LINE]] {
    // SAFETY: `Line` has the layout of its only field and a stricter alignment.
    unsafe { std::slice::from_raw_parts(lines.as_ptr().cast(), lines.len()) }
}

fn bytes_of_mut(lines: &mut [Line]) -> &mut [[u8; LINE]] {
    // SAFETY: as above.
    unsafe { std::slice::from_raw_parts_mut(lines.as_mut_ptr().cast(), lines.len()) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_begin_where_registers_do() {
        for count in [1, 3, LARGE / LINE] {
            let mut lines = Blank::new(count);
            assert_eq!(lines.bytes().len(), count * LINE);
            assert!(lines.bytes().iter().all(|byte| *byte == 0));
            assert!(lines.bytes().as_ptr().addr().is_multiple_of(LINE));
            lines.bytes_mut()[count * LINE - 1] = 7;
            assert_eq!(lines.bytes()[count * LINE - 1], 7);
        }
    }
}
