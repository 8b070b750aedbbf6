//! Activations as kernels read them: f32, and int8 with a scale for every group of 32.

use crate::kernels::block_types::{CHUNK, GROUPS, GgmlBlock};
#[cfg(target_arch = "x86_64")]
use crate::kernels::cpu::Isa;
use crate::kernels::matmul::quantize::{RowGroups, quantize_row};
use crate::kernels::phase::Phase;
use crate::kernels::threads;

/// Numbers of a quantization job.
const QUANTIZED_AT_ONCE: usize = 1 << 12;

/// A view of some rows of f32 activations, in a phase.
#[derive(Clone, Copy)]
pub struct Activations<'x> {
    rows: usize,
    columns: usize,
    floats: &'x [f32],
    #[cfg_attr(not(target_arch = "x86_64"), allow(dead_code))]
    phase: Phase,
}

impl<'x> Activations<'x> {
    /// `rows` rows of `floats`.
    ///
    /// # Panics
    /// If `floats` does not divide into `rows` rows.
    pub fn new(floats: &'x [f32], rows: usize, phase: Phase) -> Self {
        assert!(
            rows > 0 && floats.len().is_multiple_of(rows),
            "{} numbers for {rows} rows",
            floats.len()
        );
        Self { rows, columns: floats.len() / rows, floats, phase }
    }

    /// Number of rows.
    pub fn rows(&self) -> usize {
        self.rows
    }

    /// Numbers of a row.
    pub(crate) fn columns(&self) -> usize {
        self.columns
    }

    /// All numbers, `[rows, columns]`.
    pub(crate) fn floats(&self) -> &'x [f32] {
        self.floats
    }

    /// True if AMX multiplies them in bf16.
    #[cfg(target_arch = "x86_64")]
    pub(crate) fn uses_amx(&self, isa: Isa) -> bool {
        self.phase.uses_amx(isa)
    }
}

/// Activations quantized to int8.
pub struct Int8Activations {
    pub rows: usize,
    /// `[rows, chunks · CHUNK]`, zero beyond the end of a row.
    pub bytes: Vec<i8>,
    /// For weights in groups of 16, and in groups of 32.
    pub by_16: Groups,
    pub by_32: Groups,
}

/// Numbers of each group, `[rows, chunks, CHUNK / group]`.
pub struct Groups {
    /// Scale of the bytes.
    pub scales: Vec<f32>,
    /// Sum of the bytes, multiplied by the zero points of weights.
    pub sums: Vec<i32>,
    /// Scale · sum, multiplied by the minimums of weights.
    pub totals: Vec<f32>,
}

impl Groups {
    fn new(count: usize) -> Self {
        Self { scales: vec![0.0; count], sums: vec![0; count], totals: vec![0.0; count] }
    }

    /// The numbers of each row, `groups` each.
    fn rows(&mut self, groups: usize) -> impl Iterator<Item = RowGroups<'_>> {
        let both = self.scales.chunks_mut(groups).zip(self.sums.chunks_mut(groups));
        let all = both.zip(self.totals.chunks_mut(groups));
        all.map(|((scales, sums), totals)| RowGroups { scales, sums, totals })
    }
}

/// A chunk of an activation row, with the numbers of its groups.
#[derive(Clone, Copy)]
pub struct Int8Chunk<'x> {
    pub bytes: &'x [i8; CHUNK],
    /// `CHUNK / group` numbers each.
    pub scales: &'x [f32],
    pub sums: &'x [i32],
    pub totals: &'x [f32],
}

/// Pointers to an activation row, for kernels.
#[derive(Clone, Copy)]
pub struct Int8Row {
    pub bytes: *const i8,
    pub scales: *const f32,
    pub sums: *const i32,
    pub totals: *const f32,
}

impl Int8Activations {
    /// Quantizes all rows.
    pub fn new(x: &Activations<'_>) -> Self {
        let groups = x.rows * x.columns.div_ceil(CHUNK) * GROUPS;
        let mut out = Self {
            rows: x.rows,
            bytes: vec![0; groups * 16],
            by_16: Groups::new(groups),
            by_32: Groups::new(groups / 2),
        };
        let row = groups / x.rows;
        let rows = out.bytes.chunks_mut(row * 16).zip(x.floats.chunks(x.columns));
        let rows = rows.zip(out.by_16.rows(row)).zip(out.by_32.rows(row / 2));
        let mut rows: Vec<_> = rows.collect();
        threads::parallel_chunks(
            &mut rows,
            (QUANTIZED_AT_ONCE / x.columns.max(1)).max(1),
            |_, rows| {
                for (((bytes, floats), by_16), by_32) in rows {
                    quantize_row(floats, bytes, by_16, by_32);
                }
            },
        );
        out
    }

    /// A row, for weights in groups of `B::GROUP`.
    #[inline(always)]
    pub fn row<B: GgmlBlock>(&self, row: usize) -> Int8Row {
        let groups = if B::GROUP == 16 { &self.by_16 } else { &self.by_32 };
        let (width, count) = (self.bytes.len() / self.rows, groups.scales.len() / self.rows);
        Int8Row {
            bytes: self.bytes[row * width..].as_ptr(),
            scales: groups.scales[row * count..].as_ptr(),
            sums: groups.sums[row * count..].as_ptr(),
            totals: groups.totals[row * count..].as_ptr(),
        }
    }

    #[inline(always)]
    pub fn chunk<B: GgmlBlock>(&self, row: usize, chunk: usize, chunks: usize) -> Int8Chunk<'_> {
        let index = row * chunks + chunk;
        let groups = if B::GROUP == 16 { &self.by_16 } else { &self.by_32 };
        let count = CHUNK / B::GROUP;
        let range = index * count..(index + 1) * count;
        let bytes =
            self.bytes[index * CHUNK..].first_chunk().expect("bytes are padded to whole chunks");
        Int8Chunk {
            bytes,
            scales: &groups.scales[range.clone()],
            sums: &groups.sums[range.clone()],
            totals: &groups.totals[range],
        }
    }
}
