//! Packing of quantized weights into panels.

use crate::files::MappedSlice;
use crate::kernels::block_types::{CHUNK, GROUPS, for_block_type, six_bits, unpack_chunk};
use crate::kernels::matmul::matrix::Matrix;
use crate::kernels::matmul::packed::{PackedFormat, PackedWeights, ScaleLayout};
use crate::kernels::memory::{AlignedBuffer, AlignedBytes, CACHE_LINE};
use crate::kernels::shape::PANEL_ROWS;
use crate::kernels::threads;

impl PackedWeights {
    /// Packs a matrix of a quantized type.
    pub fn pack(weights: Matrix<'_>) -> Self {
        for_block_type!(weights.ggml_type, pack(weights))
    }

    /// Packs a matrix if this CPU has kernels for its type, or takes the cached bytes if their size
    /// and alignment fit. `None` for float weights.
    pub fn for_this_cpu(weights: Matrix<'_>, cached: Option<&MappedSlice>) -> Option<Self> {
        let Matrix { ggml_type, rows, columns, .. } = weights;
        let size = Self::packed_size(ggml_type, rows, columns)?;
        let cached = cached.filter(|cached| {
            cached.len() == size && cached.as_ptr().addr().is_multiple_of(CACHE_LINE)
        });
        Some(match cached {
            Some(cached) => {
                let panel_bytes = Self::panel_bytes(ggml_type, columns);
                Self {
                    ggml_type,
                    rows,
                    columns,
                    panel_bytes,
                    data: AlignedBytes::Mapped(cached.clone()),
                }
            }
            None => Self::pack(weights),
        })
    }
}

fn pack<B: PackedFormat>(weights: Matrix<'_>) -> PackedWeights {
    let Matrix { ggml_type, rows, columns, .. } = weights;
    let [low, high, end] = B::layout(columns);
    let count = rows.div_ceil(PANEL_ROWS);
    let mut lines = AlignedBuffer::new(count * end / CACHE_LINE);
    threads::parallel_chunks(lines.bytes_mut(), end, |index, panel| {
        let (low_bits, rest) = panel.split_at_mut(low);
        let (high_bits, scales) = rest.split_at_mut(high - low);
        let first = index * PANEL_ROWS;
        let mut scratch = PackingScratch::default();
        let chunk_bytes = CHUNK / B::LEN * B::BYTES;
        for chunk in 0..columns.div_ceil(CHUNK) {
            let from = chunk * CHUNK;
            let width = CHUNK.min(columns - from);
            for lane in 0..PANEL_ROWS.min(rows - first) {
                let row = weights.row(first + lane);
                let bytes = &row[chunk * chunk_bytes..((chunk + 1) * chunk_bytes).min(row.len())];
                unpack_chunk::<B>(
                    bytes,
                    &mut scratch.q[lane],
                    &mut scratch.d[lane],
                    &mut scratch.m[lane],
                );
                pack_scales::<B>(bytes, &scratch, lane, from / B::LEN, columns, scales);
            }
            pack_weights::<B>(&scratch.q, from, width, low_bits, high_bits);
        }
    });
    PackedWeights { ggml_type, rows, columns, panel_bytes: end, data: AlignedBytes::Owned(lines) }
}

/// An unpacked chunk of the rows of a panel; missing rows stay zero.
struct PackingScratch {
    q: [[u8; CHUNK]; PANEL_ROWS],
    d: [[f32; GROUPS]; PANEL_ROWS],
    m: [[f32; GROUPS]; PANEL_ROWS],
}

impl Default for PackingScratch {
    fn default() -> Self {
        Self {
            q: [[0; CHUNK]; PANEL_ROWS],
            d: [[0.0; GROUPS]; PANEL_ROWS],
            m: [[0.0; GROUPS]; PANEL_ROWS],
        }
    }
}

/// Packs columns `from` to `from + width`: 4 columns of 16 rows are 64 bytes, and two of those
/// share their bytes as low and high nibbles if weights have 4 bits there.
fn pack_weights<B: PackedFormat>(
    q: &[[u8; CHUNK]; PANEL_ROWS],
    from: usize,
    width: usize,
    low_bits: &mut [u8],
    high_bits: &mut [u8],
) {
    for quad in 0..width / 4 {
        let mut bytes = [0u8; CACHE_LINE];
        for (lane, q) in q.iter().enumerate() {
            bytes[lane * 4..lane * 4 + 4].copy_from_slice(&q[quad * 4..quad * 4 + 4]);
        }
        let index = from / 4 + quad;
        if B::LOW_BITS == 8 {
            low_bits[index * CACHE_LINE..(index + 1) * CACHE_LINE].copy_from_slice(&bytes);
            continue;
        }
        let low = &mut low_bits[index / 2 * CACHE_LINE..(index / 2 + 1) * CACHE_LINE];
        let shift = index % 2 * 4;
        for (low, byte) in low.iter_mut().zip(bytes) {
            *low |= (byte & 15) << shift;
        }
        match B::HIGH_BITS {
            1 => {
                let bits = bytes
                    .iter()
                    .enumerate()
                    .fold(0u64, |bits, (at, byte)| bits | u64::from(byte >> 4) << at);
                high_bits[index * 8..index * 8 + 8].copy_from_slice(&bits.to_le_bytes());
            }
            2 => {
                let high = &mut high_bits[index / 4 * CACHE_LINE..(index / 4 + 1) * CACHE_LINE];
                for (high, byte) in high.iter_mut().zip(bytes) {
                    *high |= (byte >> 4) << (index % 4 * 2);
                }
            }
            _ => {}
        }
    }
}

/// Packs the scales and minimums of one row's blocks, from block `first` of the row.
fn pack_scales<B: PackedFormat>(
    bytes: &[u8],
    scratch: &PackingScratch,
    lane: usize,
    first: usize,
    columns: usize,
    scales: &mut [u8],
) {
    let block_bytes = B::scale_bytes(columns) / (columns / B::LEN);
    let groups = B::LEN / B::GROUP;
    for (index, block) in bytes.chunks_exact(B::BYTES).enumerate() {
        let out = &mut scales[(first + index) * block_bytes..(first + index + 1) * block_bytes];
        let mut copy_f16 = |number: usize, from: usize| {
            out[(number * PANEL_ROWS + lane) * 2..][..2].copy_from_slice(&block[from..from + 2]);
        };
        match B::SCALES {
            ScaleLayout::F16 => copy_f16(0, 0),
            ScaleLayout::F16Min => {
                copy_f16(0, 0);
                copy_f16(1, 2);
            }
            ScaleLayout::F16U8 => {
                copy_f16(0, 0);
                copy_f16(1, 2);
                let (scales, minimums) = six_bits(block);
                for group in 0..groups {
                    out[PANEL_ROWS * 4 + group * PANEL_ROWS + lane] = scales[group];
                    out[PANEL_ROWS * 4 + (groups + group) * PANEL_ROWS + lane] = minimums[group];
                }
            }
            ScaleLayout::F16I8 => {
                copy_f16(0, B::BYTES - 2);
                for group in 0..groups {
                    out[PANEL_ROWS * 2 + group * PANEL_ROWS + lane] =
                        block[B::BYTES - 2 - groups + group];
                }
            }
            ScaleLayout::F32 => {
                let each = 1 + usize::from(B::MIN);
                for group in 0..groups {
                    let (d, m) = (
                        scratch.d[lane][index * groups + group],
                        scratch.m[lane][index * groups + group],
                    );
                    for (number, value) in [d, m].into_iter().take(each).enumerate() {
                        out[((group * each + number) * PANEL_ROWS + lane) * 4..][..4]
                            .copy_from_slice(&value.to_le_bytes());
                    }
                }
            }
        }
    }
}
