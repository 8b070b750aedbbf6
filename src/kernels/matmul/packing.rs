//! Packing of weights into tiles.

use crate::files::MappedSlice;
use crate::kernels::block_types::{CHUNK, GROUPS, for_block_type, six_bits, unpack_chunk};
use crate::kernels::matmul::matrix::Matrix;
use crate::kernels::matmul::packed::{Factors, Tiled, Tiles};
use crate::kernels::memory::{Blank, LINE, Lines};
use crate::kernels::shape::TILE;
use crate::kernels::threads;

impl Tiles {
    /// Packs a matrix of a quantised type.
    pub fn pack(weights: Matrix<'_>) -> Self {
        for_block_type!(weights.block_type, pack(weights))
    }

    /// A matrix for this processor, where it has kernels for tiles; float weights need none. Kept
    /// tiles are taken as they are if they have the matrix's size.
    pub fn for_this_processor(weights: Matrix<'_>, kept: Option<&MappedSlice>) -> Option<Self> {
        let Matrix { block_type, rows, columns, .. } = weights;
        let size = Self::size_here(block_type, rows, columns)?;
        let kept =
            kept.filter(|kept| kept.len() == size && kept.as_ptr().addr().is_multiple_of(LINE));
        Some(match kept {
            Some(kept) => {
                let tile_bytes = Self::tile_bytes(block_type, columns);
                Self { block_type, rows, columns, tile_bytes, lines: Lines::File(kept.clone()) }
            }
            None => Self::pack(weights),
        })
    }
}

fn pack<B: Tiled>(weights: Matrix<'_>) -> Tiles {
    let Matrix { block_type, rows, columns, .. } = weights;
    let [low, high, end] = B::parts(columns);
    let count = rows.div_ceil(TILE);
    let mut lines = Blank::new(count * end / LINE);
    threads::parallel_chunks(lines.bytes_mut(), end, |index, tile| {
        let (lows, rest) = tile.split_at_mut(low);
        let (highs, factors) = rest.split_at_mut(high - low);
        let first = index * TILE;
        let mut scratch = Scratch::default();
        let chunk_bytes = CHUNK / B::LEN * B::BYTES;
        for chunk in 0..columns.div_ceil(CHUNK) {
            let from = chunk * CHUNK;
            let width = CHUNK.min(columns - from);
            for lane in 0..TILE.min(rows - first) {
                let row = weights.row(first + lane);
                let bytes = &row[chunk * chunk_bytes..((chunk + 1) * chunk_bytes).min(row.len())];
                unpack_chunk::<B>(
                    bytes,
                    &mut scratch.q[lane],
                    &mut scratch.d[lane],
                    &mut scratch.m[lane],
                );
                pack_factors::<B>(bytes, &scratch, lane, from / B::LEN, columns, factors);
            }
            pack_weights::<B>(&scratch.q, from, width, lows, highs);
        }
    });
    Tiles { block_type, rows, columns, tile_bytes: end, lines: Lines::Own(lines) }
}

/// A chunk of a tile's rows, unpacked. Lanes without a row stay zero.
struct Scratch {
    q: [[u8; CHUNK]; TILE],
    d: [[f32; GROUPS]; TILE],
    m: [[f32; GROUPS]; TILE],
}

impl Default for Scratch {
    fn default() -> Self {
        Self { q: [[0; CHUNK]; TILE], d: [[0.0; GROUPS]; TILE], m: [[0.0; GROUPS]; TILE] }
    }
}

/// Columns `from` to `from + width`: four columns of all rows make a register's worth of bytes; two
/// of those share their bytes as low and high nibble, where weights have four bits there.
fn pack_weights<B: Tiled>(
    q: &[[u8; CHUNK]; TILE],
    from: usize,
    width: usize,
    lows: &mut [u8],
    highs: &mut [u8],
) {
    for quad in 0..width / 4 {
        let mut bytes = [0u8; LINE];
        for (lane, q) in q.iter().enumerate() {
            bytes[lane * 4..lane * 4 + 4].copy_from_slice(&q[quad * 4..quad * 4 + 4]);
        }
        let index = from / 4 + quad;
        if B::LOW == 8 {
            lows[index * LINE..(index + 1) * LINE].copy_from_slice(&bytes);
            continue;
        }
        let low = &mut lows[index / 2 * LINE..(index / 2 + 1) * LINE];
        let shift = index % 2 * 4;
        for (low, byte) in low.iter_mut().zip(bytes) {
            *low |= (byte & 15) << shift;
        }
        match B::HIGH {
            1 => {
                let bits = bytes
                    .iter()
                    .enumerate()
                    .fold(0u64, |bits, (at, byte)| bits | u64::from(byte >> 4) << at);
                highs[index * 8..index * 8 + 8].copy_from_slice(&bits.to_le_bytes());
            }
            2 => {
                let high = &mut highs[index / 4 * LINE..(index / 4 + 1) * LINE];
                for (high, byte) in high.iter_mut().zip(bytes) {
                    *high |= (byte >> 4) << (index % 4 * 2);
                }
            }
            _ => {}
        }
    }
}

/// Scales and minimums of one row's blocks, the first of which is block `first` of the row.
fn pack_factors<B: Tiled>(
    bytes: &[u8],
    scratch: &Scratch,
    lane: usize,
    first: usize,
    columns: usize,
    factors: &mut [u8],
) {
    let block_factors = B::factor_bytes(columns) / (columns / B::LEN);
    let groups = B::LEN / B::GROUP;
    for (index, block) in bytes.chunks_exact(B::BYTES).enumerate() {
        let out =
            &mut factors[(first + index) * block_factors..(first + index + 1) * block_factors];
        let mut half = |number: usize, from: usize| {
            out[(number * TILE + lane) * 2..][..2].copy_from_slice(&block[from..from + 2]);
        };
        match B::FACTORS {
            Factors::Half => half(0, 0),
            Factors::HalfMin => {
                half(0, 0);
                half(1, 2);
            }
            Factors::Bytes => {
                half(0, 0);
                half(1, 2);
                let (scales, minimums) = six_bits(block);
                for group in 0..groups {
                    out[TILE * 4 + group * TILE + lane] = scales[group];
                    out[TILE * 4 + (groups + group) * TILE + lane] = minimums[group];
                }
            }
            Factors::SignedBytes => {
                half(0, B::BYTES - 2);
                for group in 0..groups {
                    out[TILE * 2 + group * TILE + lane] = block[B::BYTES - 2 - groups + group];
                }
            }
            Factors::Floats => {
                let each = 1 + usize::from(B::MIN);
                for group in 0..groups {
                    let (d, m) = (
                        scratch.d[lane][index * groups + group],
                        scratch.m[lane][index * groups + group],
                    );
                    for (number, value) in [d, m].into_iter().take(each).enumerate() {
                        out[((group * each + number) * TILE + lane) * 4..][..4]
                            .copy_from_slice(&value.to_le_bytes());
                    }
                }
            }
        }
    }
}
