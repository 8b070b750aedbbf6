//! Matrix products of weights as they lie in the file with f32 activations, on the CPU.
//!
//! Weights are neither copied nor widened: a tile of 16 rows is unpacked 256 columns at a time into
//! scratch that stays in the first-level cache, and used for every activation row there is.
//! (Processors with kernels for them get weights in [`Tiles`], packed once.) Activations meet
//! quantised weights as signed bytes with a scale for every 32 (the dot products are then exact in
//! integers), and float weights as floats (`floats`). Prompts on AMX are another matter: see
//! `halves`.
//!
//! **One order of summation.** For any number of rows, on any instruction set, at any thread count,
//! the same sums are done in the same order, so that the result is the same to the bit: within a
//! group in integers, over groups from left to right. That is what makes a batch give the text that
//! a single run gives.

use std::cell::OnceCell;
#[cfg(target_arch = "x86_64")]
use std::sync::OnceLock;

use super::blocks::{Block, BlockType, CHUNK, GROUPS, for_block_type, unpack_chunk};
use super::floats;
use super::isa::Isa;
use super::phase::Phase;
use super::pool;
use super::quantize::{GroupsOfRow, quantize_row};

/// Weight rows unpacked together: the lanes of a 512-bit register.
pub(super) const TILE: usize = 16;
/// Numbers worth waking a thread for.
pub(super) const PART: usize = 1 << 14;
/// Numbers that a thread quantises at a time.
const QUANTIZED_AT_ONCE: usize = 1 << 12;
/// Float weights: partial sums a dot product is spread over.
pub(super) const LANES: usize = 16;

/// Activations of some rows, and (made when first needed, shared by all weights that read them)
/// their quantised form.
pub struct Activations<'x> {
    rows: usize,
    columns: usize,
    floats: &'x [f32],
    #[cfg_attr(not(target_arch = "x86_64"), allow(dead_code))]
    phase: Phase,
    quantized: OnceCell<Quantized>,
    #[cfg(target_arch = "x86_64")]
    halves: OnceCell<super::halves::Halves>,
}

/// Activations as signed bytes.
pub(super) struct Quantized {
    pub(super) rows: usize,
    /// `[rows, chunks · CHUNK]`, zero beyond the row's end.
    pub(super) bytes: Vec<i8>,
    /// The same as `avx2_bytes` reads them, made when first needed.
    #[cfg(target_arch = "x86_64")]
    fours: OnceLock<super::avx2_bytes::Fours>,
    /// As `vnni` does.
    #[cfg(target_arch = "x86_64")]
    eights: OnceLock<super::eights::Eights>,
    /// What products with groups of 16 weights, and with groups of 32, need.
    pub(super) by_16: Groups,
    pub(super) by_32: Groups,
}

/// One number for each group, `[rows, chunks, CHUNK / group]`.
pub(super) struct Groups {
    /// What the bytes are multiplied by.
    pub(super) scales: Vec<f32>,
    /// Sums of the bytes …
    pub(super) sums: Vec<i32>,
    /// … and those times the scale: what minimums of weights are multiplied by.
    pub(super) totals: Vec<f32>,
}

impl Groups {
    fn new(count: usize) -> Self {
        Self { scales: vec![0.0; count], sums: vec![0; count], totals: vec![0.0; count] }
    }

    /// Those of each row, of so many groups.
    fn rows(&mut self, groups: usize) -> impl Iterator<Item = GroupsOfRow<'_>> {
        let both = self.scales.chunks_mut(groups).zip(self.sums.chunks_mut(groups));
        let all = both.zip(self.totals.chunks_mut(groups));
        all.map(|((scales, sums), totals)| GroupsOfRow { scales, sums, totals })
    }
}

impl<'x> Activations<'x> {
    /// Wraps `rows` rows of `floats`, on their way through the network for a purpose.
    ///
    /// # Panics
    /// Where they do not divide evenly: a bug of the caller.
    pub fn new(floats: &'x [f32], rows: usize, phase: Phase) -> Self {
        assert!(
            rows > 0 && floats.len().is_multiple_of(rows),
            "{} numbers do not make {rows} rows",
            floats.len()
        );
        Self {
            rows,
            columns: floats.len() / rows,
            floats,
            phase,
            quantized: OnceCell::new(),
            #[cfg(target_arch = "x86_64")]
            halves: OnceCell::new(),
        }
    }

    /// How many rows.
    pub fn rows(&self) -> usize {
        self.rows
    }

    /// How many numbers a row has.
    pub(super) fn columns(&self) -> usize {
        self.columns
    }

    /// As AMX takes them, where it is there and they are to be read.
    #[cfg(target_arch = "x86_64")]
    pub(super) fn halves(&self, isa: Isa) -> Option<&super::halves::Halves> {
        let new = || super::halves::Halves::new(self.floats, self.columns);
        (self.phase.uses_amx(isa)).then(|| self.halves.get_or_init(new))
    }

    pub(super) fn quantized(&self) -> &Quantized {
        self.quantized.get_or_init(|| {
            let groups = self.rows * self.columns.div_ceil(CHUNK) * GROUPS;
            let mut x = Quantized {
                rows: self.rows,
                bytes: vec![0; groups * 16],
                #[cfg(target_arch = "x86_64")]
                fours: OnceLock::new(),
                #[cfg(target_arch = "x86_64")]
                eights: OnceLock::new(),
                by_16: Groups::new(groups),
                by_32: Groups::new(groups / 2),
            };
            let row = groups / self.rows;
            let rows = x.bytes.chunks_mut(row * 16).zip(self.floats.chunks(self.columns));
            let rows = rows.zip(x.by_16.rows(row)).zip(x.by_32.rows(row / 2));
            let mut rows: Vec<_> = rows.collect();
            pool::parts(&mut rows, (QUANTIZED_AT_ONCE / self.columns.max(1)).max(1), |_, rows| {
                for (((bytes, floats), by_16), by_32) in rows {
                    quantize_row(floats, bytes, by_16, by_32);
                }
            });
            x
        })
    }
}

/// Weights as a kernel sees them: `rows` rows of `columns` numbers in the bytes of the file.
#[derive(Clone, Copy)]
pub struct Matrix<'w> {
    /// How they are stored.
    pub block_type: BlockType,
    /// Outputs.
    pub rows: usize,
    /// Inputs.
    pub columns: usize,
    /// `rows · row_bytes(columns)` bytes.
    pub bytes: &'w [u8],
}

/// `activations · weightsᵀ`: `[rows, weights.rows]`. `exact` keeps the activations in f32 for
/// quantised weights too (a reference for tests and measurements; slow).
pub fn matmul(
    weights: Matrix<'_>,
    activations: &Activations<'_>,
    exact: bool,
    isa: Isa,
) -> Vec<f32> {
    assert_eq!(
        weights.columns, activations.columns,
        "weights and activations agree on their columns"
    );
    assert!(isa.available(), "{isa:?} was detected before it is used");
    let rows = activations.rows;
    if exact || weights.block_type.is_float() {
        return floats::products(weights, activations.floats, rows, isa);
    }
    let x = activations.quantized();
    let tiles = weights.rows.div_ceil(TILE);
    // Tiles first, so that each thread writes memory of its own: `[tiles, rows, TILE]`.
    let mut tiled = vec![0f32; tiles * rows * TILE];
    // Enough jobs that an unlucky thread can be helped, few enough that handing them out costs
    // nothing.
    let tiles_a_job = tiles.div_ceil(pool::threads() * 8).max(1);
    pool::parts(&mut tiled, rows * TILE * tiles_a_job, |job, out| {
        for (index, out) in out.chunks_mut(rows * TILE).enumerate() {
            let tile = weights.tile((job * tiles_a_job + index) * TILE);
            for_block_type!(tile.block_type, tile_of(tile, x, rows, out, isa));
        }
    });
    if rows == 1 {
        tiled.truncate(weights.rows);
        return tiled;
    }
    let mut out = vec![0f32; rows * weights.rows];
    pool::parts(&mut out, weights.rows, |row, out| {
        for (tile, out) in out.chunks_mut(TILE).enumerate() {
            let from = (tile * rows + row) * TILE;
            out.copy_from_slice(&tiled[from..from + out.len()]);
        }
    });
    out
}

impl<'w> Matrix<'w> {
    /// Up to [`TILE`] rows from `first` on.
    fn tile(self, first: usize) -> Self {
        let rows = TILE.min(self.rows - first);
        let row_bytes = self.block_type.row_bytes(self.columns);
        Self { rows, bytes: &self.bytes[first * row_bytes..(first + rows) * row_bytes], ..self }
    }

    pub(super) fn row(&self, row: usize) -> &'w [u8] {
        let row_bytes = self.block_type.row_bytes(self.columns);
        &self.bytes[row * row_bytes..(row + 1) * row_bytes]
    }
}

/// One activation row's part of one chunk, for weights in groups of one size.
#[derive(Clone, Copy)]
struct ChunkView<'x> {
    bytes: &'x [i8; CHUNK],
    /// `CHUNK / group` each.
    scales: &'x [f32],
    sums: &'x [i32],
    totals: &'x [f32],
}

/// One activation row, for kernels: where its bytes, scales, sums and totals begin.
#[derive(Clone, Copy)]
pub(super) struct RowView {
    pub bytes: *const i8,
    pub scales: *const f32,
    pub sums: *const i32,
    pub totals: *const f32,
}

impl Quantized {
    /// As `avx2_bytes` reads them.
    #[cfg(target_arch = "x86_64")]
    pub(super) fn in_fours(&self) -> &super::avx2_bytes::Fours {
        self.fours.get_or_init(|| super::avx2_bytes::Fours::new(self))
    }

    /// As `vnni` reads them.
    #[cfg(target_arch = "x86_64")]
    pub(super) fn in_eights(&self) -> &super::eights::Eights {
        self.eights.get_or_init(|| super::eights::Eights::new(self))
    }

    /// A row as a kernel for weights in groups of `B::GROUP` reads it.
    #[inline(always)]
    pub(super) fn row<B: Block>(&self, row: usize) -> RowView {
        let groups = if B::GROUP == 16 { &self.by_16 } else { &self.by_32 };
        let (width, count) = (self.bytes.len() / self.rows, groups.scales.len() / self.rows);
        RowView {
            bytes: self.bytes[row * width..].as_ptr(),
            scales: groups.scales[row * count..].as_ptr(),
            sums: groups.sums[row * count..].as_ptr(),
            totals: groups.totals[row * count..].as_ptr(),
        }
    }

    #[inline(always)]
    fn chunk<B: Block>(&self, row: usize, chunk: usize, chunks: usize) -> ChunkView<'_> {
        let index = row * chunks + chunk;
        let groups = if B::GROUP == 16 { &self.by_16 } else { &self.by_32 };
        let count = CHUNK / B::GROUP;
        let range = index * count..(index + 1) * count;
        let bytes =
            self.bytes[index * CHUNK..].first_chunk().expect("bytes are padded to whole chunks");
        ChunkView {
            bytes,
            scales: &groups.scales[range.clone()],
            sums: &groups.sums[range.clone()],
            totals: &groups.totals[range],
        }
    }
}

/// Adds the 16 partial sums of a float dot product; every kernel in this order.
#[inline(always)]
pub(super) fn sum_lanes(lanes: &[f32; LANES]) -> f32 {
    let mut p = *lanes;
    for width in [8, 4, 2, 1] {
        for i in 0..width {
            p[i] += p[i + width];
        }
    }
    p[0]
}

fn tile_of<B: Block>(tile: Matrix<'_>, x: &Quantized, rows: usize, out: &mut [f32], isa: Isa) {
    match isa.registers() {
        #[cfg(target_arch = "x86_64")]
        // SAFETY: `matmul` asserts that the instruction set is available.
        super::isa::Registers::Avx2 | super::isa::Registers::Avx512 => unsafe {
            tile_avx2::<B>(tile, x, rows, out)
        },
        _ => tile_plain::<B>(tile, x, rows, out),
    }
}

#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx2,fma")]
fn tile_avx2<B: Block>(tile: Matrix<'_>, x: &Quantized, rows: usize, out: &mut [f32]) {
    tile_plain::<B>(tile, x, rows, out);
}

/// The plain version: what the others must equal to the bit.
#[inline(always)]
fn tile_plain<B: Block>(tile: Matrix<'_>, x: &Quantized, rows: usize, out: &mut [f32]) {
    let (mut q, mut d, mut m) = ([0; CHUNK], [0.0; GROUPS], [0.0; GROUPS]);
    let chunks = tile.columns.div_ceil(CHUNK);
    for weight_row in 0..tile.rows {
        for (chunk, bytes) in tile.row(weight_row).chunks(CHUNK / B::LEN * B::BYTES).enumerate() {
            unpack_chunk::<B>(bytes, &mut q, &mut d, &mut m);
            let groups = bytes.len() / B::BYTES * (B::LEN / B::GROUP);
            for row in 0..rows {
                let sum = &mut out[row * TILE + weight_row];
                *sum = dot_plain::<B>(&q, &d, &m, x.chunk::<B>(row, chunk, chunks), groups, *sum);
            }
        }
    }
}

#[inline(always)]
fn dot_plain<B: Block>(
    q: &[u8; CHUNK],
    d: &[f32; GROUPS],
    m: &[f32; GROUPS],
    x: ChunkView<'_>,
    groups: usize,
    mut total: f32,
) -> f32 {
    for group in 0..groups {
        let mut sum = 0i32;
        for (q, x) in q[group * B::GROUP..][..B::GROUP].iter().zip(&x.bytes[group * B::GROUP..]) {
            sum += i32::from(*q) * i32::from(*x);
        }
        sum -= B::ZERO * x.sums[group];
        total = (sum as f32 * d[group]).mul_add(x.scales[group], total);
        if B::MIN {
            total = m[group].mul_add(x.totals[group], total);
        }
    }
    total
}

#[cfg(test)]
pub(super) mod tests {
    use super::super::blocks::dequantize_row;
    use super::super::tiles::Tiles;
    use super::*;
    use proptest::prelude::*;

    /// Bytes of random weights of a type, with scales that are finite and not huge.
    pub fn random_weights(
        block_type: BlockType,
        rows: usize,
        columns: usize,
        mut seed: u64,
    ) -> Vec<u8> {
        let mut bytes: Vec<u8> = (0..rows * block_type.row_bytes(columns))
            .map(|_| {
                seed = seed.wrapping_mul(6364136223846793005).wrapping_add(1442695040888963407);
                (seed >> 33) as u8
            })
            .collect();
        let halves: &[usize] = match block_type {
            BlockType::Q4_0 | BlockType::Q5_0 | BlockType::Q8_0 => &[0],
            BlockType::Q4_1
            | BlockType::Q5_1
            | BlockType::Q8_1
            | BlockType::Q4_K
            | BlockType::Q5_K => &[0, 2],
            BlockType::Q2_K => &[80, 82],
            BlockType::Q3_K => &[108],
            BlockType::Q6_K => &[208],
            BlockType::F16 => &[0],
            _ => &[],
        };
        for (index, block) in bytes.chunks_mut(block_type.block_bytes()).enumerate() {
            for at in halves {
                let scale = half::f16::from_f32(0.01 + (index % 7) as f32 * 0.003);
                block[*at..at + 2].copy_from_slice(&scale.to_le_bytes());
            }
            match block_type {
                BlockType::Q8_K => block[..4].copy_from_slice(&0.02f32.to_le_bytes()),
                BlockType::F32 => {
                    block.copy_from_slice(&((index % 13) as f32 * 0.1 - 0.5).to_le_bytes())
                }
                BlockType::BF16 => block.copy_from_slice(
                    &half::bf16::from_f32((index % 11) as f32 * 0.1 - 0.4).to_le_bytes(),
                ),
                _ => {}
            }
        }
        bytes
    }

    fn activations(count: usize) -> Vec<f32> {
        (0..count)
            .map(|i| ((i * 7919 % 1000) as f32 / 500.0 - 1.0) * (1.0 + (i % 97) as f32 / 50.0))
            .collect()
    }

    fn sets() -> impl Iterator<Item = Isa> {
        Isa::all().filter(|isa| isa.available())
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(48))]

        /// The promise of the module: one result, to the bit, on every instruction set and for any number of rows.
        #[test]
        fn every_kernel_gives_the_plain_ones_bits(
            type_index in 0usize..15, rows in 1usize..40, blocks in 1usize..5, count in 1usize..20, seed in any::<u64>(), exact in any::<bool>(),
        ) {
            let block_type = BlockType::all().nth(type_index).unwrap();
            let columns = if block_type.is_float() { blocks * 37 } else { blocks * block_type.block_len() };
            let bytes = random_weights(block_type, rows, columns, seed);
            let weights = Matrix { block_type, rows, columns, bytes: &bytes };
            let x = activations(count * columns);
            let bits = |y: Vec<f32>| y.into_iter().map(f32::to_bits).collect::<Vec<_>>();
            let expected = bits(matmul(weights, &Activations::new(&x, count, Phase::Decode), exact, Isa::Plain));
            for isa in sets() {
                if isa.has_tiles() && !exact && !block_type.is_float() {
                    let tiles = Tiles::pack(weights);
                    prop_assert_eq!(&bits(tiles.matmul(&Activations::new(&x, count, Phase::Decode), isa)), &expected);
                    for row in 0..count {
                        let one = Activations::new(&x[row * columns..(row + 1) * columns], 1, Phase::Decode);
                        prop_assert_eq!(&bits(tiles.matmul(&one, isa)), &expected[row * rows..(row + 1) * rows]);
                    }
                }
                prop_assert_eq!(&bits(matmul(weights, &Activations::new(&x, count, Phase::Decode), exact, isa)), &expected);
                for row in 0..count {
                    let one = Activations::new(&x[row * columns..(row + 1) * columns], 1, Phase::Decode);
                    prop_assert_eq!(&bits(matmul(weights, &one, exact, isa)), &expected[row * rows..(row + 1) * rows]);
                }
            }
        }
    }

    /// More rows than any kernel takes at once, of an odd number of tiles.
    #[test]
    fn many_rows_give_the_plain_ones_bits() {
        for block_type in BlockType::all().filter(|block_type| !block_type.is_float()) {
            let (rows, columns, count) = (40, 768, 149);
            let bytes = random_weights(block_type, rows, columns, 11);
            let weights = Matrix { block_type, rows, columns, bytes: &bytes };
            let x = activations(count * columns);
            let expected =
                matmul(weights, &Activations::new(&x, count, Phase::Decode), false, Isa::Plain);
            let tiles = Tiles::pack(weights);
            for isa in sets().filter(|isa| isa.has_tiles()) {
                let ours = tiles.matmul(&Activations::new(&x, count, Phase::Decode), isa);
                let same = ours
                    .iter()
                    .zip(&expected)
                    .all(|(ours, plain)| ours.to_bits() == plain.to_bits());
                assert!(same, "{} with {}", block_type.name(), isa.name());
            }
        }
    }

    #[test]
    fn quantised_products_are_near_the_exact_ones() {
        for block_type in BlockType::all() {
            let (rows, columns, count) = (33, 512, 5);
            let bytes = random_weights(block_type, rows, columns, 3);
            let weights = Matrix { block_type, rows, columns, bytes: &bytes };
            let x = activations(count * columns);
            let near =
                matmul(weights, &Activations::new(&x, count, Phase::Decode), false, Isa::detect());
            let mut dense = vec![0f32; rows * columns];
            for row in 0..rows {
                dequantize_row(
                    block_type,
                    weights.row(row),
                    &mut dense[row * columns..(row + 1) * columns],
                );
            }
            for row in 0..count {
                for out in 0..rows {
                    let (w, x) =
                        (&dense[out * columns..][..columns], &x[row * columns..][..columns]);
                    let exact: f64 =
                        w.iter().zip(x).map(|(w, x)| f64::from(*w) * f64::from(*x)).sum();
                    let size: f64 =
                        w.iter().zip(x).map(|(w, x)| (f64::from(*w) * f64::from(*x)).abs()).sum();
                    let ours = f64::from(near[row * rows + out]);
                    assert!(
                        (ours - exact).abs() <= 0.004 * size + 1e-5,
                        "{}: {ours} {exact}",
                        block_type.name()
                    );
                }
            }
        }
    }
}
