//! How weights are stored in files, and the scalar code that unpacks each format.
//!
//! Layouts: `block_q4_0` … `block_q8_K` in
//! <https://github.com/ggml-org/llama.cpp/blob/master/ggml/src/ggml-common.h>. Every quantized type
//! unpacks to the same form, the only one that kernels know: unsigned bytes `q` in groups of 16 or
//! 32, with a scale `d` and a minimum `m` for each group. A weight is `d · (q − ZERO) + m`.
//!
//! To add a type: a struct with an `impl GgmlBlock`, and a line in the table.

use candle_core::quantized::GgmlDType;

use crate::kernels::simd::f16_to_f32;

/// Elements unpacked at a time: those of the largest block. Rows are padded to a multiple of it
/// with groups of scale zero.
pub const CHUNK: usize = 256;
/// The most groups of a chunk.
pub const GROUPS: usize = 16;

/// Storage type of a tensor, by its ggml name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[allow(missing_docs, non_camel_case_types)]
pub enum GgmlType {
    F32,
    F16,
    BF16,
    Q4_0,
    Q4_1,
    Q5_0,
    Q5_1,
    Q8_0,
    Q8_1,
    Q2_K,
    Q3_K,
    Q4_K,
    Q5_K,
    Q6_K,
    Q8_K,
    I8,
}

struct TypeInfo {
    ggml_type: GgmlType,
    ggml: u32,
    name: &'static str,
    /// Elements and bytes of a block.
    len: usize,
    bytes: usize,
}

macro_rules! table {
    ($($ggml_type:ident $ggml:literal $len:literal $bytes:literal)*) => {
        const TABLE: &[TypeInfo] = &[$(TypeInfo {
            ggml_type: GgmlType::$ggml_type, ggml: $ggml, name: stringify!($ggml_type), len: $len, bytes: $bytes,
        }),*];
    };
}

table! {
    F32 0 1 4
    F16 1 1 2
    BF16 30 1 2
    Q4_0 2 32 18
    Q4_1 3 32 20
    Q5_0 6 32 22
    Q5_1 7 32 24
    Q8_0 8 32 34
    Q8_1 9 32 36
    Q2_K 10 256 84
    Q3_K 11 256 110
    Q4_K 12 256 144
    Q5_K 13 256 176
    Q6_K 14 256 210
    Q8_K 15 256 292
    I8 24 32 36
}

/// Types that files cannot have. `I8` is ours alone: int8 with one f32 scale a matrix, repeated in
/// each block of 32; ggml's type of this name has no scale.
const NOT_IN_FILES: &[GgmlType] = &[GgmlType::I8];

/// Types that other programs write and that are not supported: named in the error message.
const REFUSED: &[(u32, &str)] = &[
    (16, "IQ2_XXS"),
    (17, "IQ2_XS"),
    (18, "IQ3_XXS"),
    (19, "IQ1_S"),
    (20, "IQ4_NL"),
    (21, "IQ3_S"),
    (22, "IQ2_S"),
    (23, "IQ4_XS"),
    (25, "I16"),
    (26, "I32"),
    (27, "I64"),
    (28, "F64"),
    (29, "IQ1_M"),
    (34, "TQ1_0"),
    (35, "TQ2_0"),
    (39, "MXFP4"),
];

impl GgmlType {
    fn row(self) -> &'static TypeInfo {
        // The table lists the variants in order (`the_table_is_in_order` checks it).
        &TABLE[self as usize]
    }

    /// The type in candle; `None` if candle has none.
    pub fn candle_type(self) -> Option<GgmlDType> {
        Some(match self {
            GgmlType::F32 => GgmlDType::F32,
            GgmlType::F16 => GgmlDType::F16,
            GgmlType::BF16 => GgmlDType::BF16,
            GgmlType::Q4_0 => GgmlDType::Q4_0,
            GgmlType::Q4_1 => GgmlDType::Q4_1,
            GgmlType::Q5_0 => GgmlDType::Q5_0,
            GgmlType::Q5_1 => GgmlDType::Q5_1,
            GgmlType::Q8_0 => GgmlDType::Q8_0,
            GgmlType::Q8_1 => GgmlDType::Q8_1,
            GgmlType::Q2_K => GgmlDType::Q2K,
            GgmlType::Q3_K => GgmlDType::Q3K,
            GgmlType::Q4_K => GgmlDType::Q4K,
            GgmlType::Q5_K => GgmlDType::Q5K,
            GgmlType::Q6_K => GgmlDType::Q6K,
            GgmlType::Q8_K => GgmlDType::Q8K,
            GgmlType::I8 => return None,
        })
    }

    /// Every type, in table order.
    pub fn all() -> impl Iterator<Item = Self> {
        TABLE.iter().map(|row| row.ggml_type)
    }

    /// The type of a ggml id, or the name (or number) of one that is not supported.
    pub fn from_ggml(id: u32) -> Result<Self, String> {
        match TABLE.iter().find(|row| row.ggml == id) {
            Some(row) if NOT_IN_FILES.contains(&row.ggml_type) => Err(row.name.to_string()),
            Some(row) => Ok(row.ggml_type),
            None => Err(REFUSED
                .iter()
                .find(|(refused, _)| *refused == id)
                .map_or_else(|| format!("type {id}"), |(_, name)| (*name).to_string())),
        }
    }

    /// ggml's id of it.
    pub fn ggml(self) -> u32 {
        self.row().ggml
    }

    /// Its name in GGUF tools: `Q4_K`.
    pub fn name(self) -> &'static str {
        self.row().name
    }

    /// Names of the types that files may have, for messages.
    pub fn supported_names() -> String {
        let rows = TABLE.iter().filter(|row| !NOT_IN_FILES.contains(&row.ggml_type));
        rows.map(|row| row.name).collect::<Vec<_>>().join(", ")
    }

    /// Elements of a block.
    pub fn block_len(self) -> usize {
        self.row().len
    }

    /// Bytes of a block.
    pub fn block_bytes(self) -> usize {
        self.row().bytes
    }

    /// Bytes of a row of `columns` elements (a multiple of the block's).
    pub fn row_bytes(self, columns: usize) -> usize {
        columns / self.block_len() * self.block_bytes()
    }

    /// True for f32, f16 and bf16.
    pub fn is_float(self) -> bool {
        matches!(self, Self::F32 | Self::F16 | Self::BF16)
    }
}

/// A quantized block type.
pub trait GgmlBlock {
    /// Elements of a block, its bytes, and elements of a group (16 or 32).
    const LEN: usize;
    const BYTES: usize;
    const GROUP: usize;
    /// Zero point, subtracted from every `q`.
    const ZERO: i32 = 0;
    /// True if `m` may be other than zero.
    const MIN: bool = false;

    /// Unpacks one block: `LEN` bytes of `q`, `LEN / GROUP` of `d` and (where `MIN`) of `m`.
    fn unpack(block: &[u8], q: &mut [u8], d: &mut [f32], m: &mut [f32]);
}

/// Bytes of a block by value: the optimizer then knows that no write can alias them, and uses whole
/// vectors.
#[inline(always)]
fn bytes<const N: usize>(block: &[u8], at: usize) -> [u8; N] {
    let mut out = [0; N];
    out.copy_from_slice(&block[at..at + N]);
    out
}

#[inline(always)]
fn half_at(block: &[u8], at: usize) -> f32 {
    f16_to_f32(u16::from_le_bytes(bytes(block, at)))
}

/// The nibbles of 16 bytes, the low ones first, as all 32-element types store them.
#[inline(always)]
fn nibbles(packed: [u8; 16]) -> [u8; 32] {
    let mut q = [0; 32];
    for i in 0..16 {
        q[i] = packed[i] & 15;
        q[i + 16] = packed[i] >> 4;
    }
    q
}

/// Adds the fifth bits of a 32-element block: bit i of the four bytes belongs to element i.
#[inline(always)]
fn with_fifth_bits(mut q: [u8; 32], bits: [u8; 4]) -> [u8; 32] {
    for i in 0..32 {
        q[i] |= ((bits[i / 8] >> (i % 8)) & 1) << 4;
    }
    q
}

pub struct Q4_0;
impl GgmlBlock for Q4_0 {
    const LEN: usize = 32;
    const BYTES: usize = 18;
    const GROUP: usize = 32;
    const ZERO: i32 = 8;
    #[inline(always)]
    fn unpack(block: &[u8], q: &mut [u8], d: &mut [f32], _m: &mut [f32]) {
        d[0] = half_at(block, 0);
        q[..32].copy_from_slice(&nibbles(bytes(block, 2)));
    }
}

pub struct Q4_1;
impl GgmlBlock for Q4_1 {
    const LEN: usize = 32;
    const BYTES: usize = 20;
    const GROUP: usize = 32;
    const MIN: bool = true;
    #[inline(always)]
    fn unpack(block: &[u8], q: &mut [u8], d: &mut [f32], m: &mut [f32]) {
        d[0] = half_at(block, 0);
        m[0] = half_at(block, 2);
        q[..32].copy_from_slice(&nibbles(bytes(block, 4)));
    }
}

pub struct Q5_0;
impl GgmlBlock for Q5_0 {
    const LEN: usize = 32;
    const BYTES: usize = 22;
    const GROUP: usize = 32;
    const ZERO: i32 = 16;
    #[inline(always)]
    fn unpack(block: &[u8], q: &mut [u8], d: &mut [f32], _m: &mut [f32]) {
        d[0] = half_at(block, 0);
        q[..32].copy_from_slice(&with_fifth_bits(nibbles(bytes(block, 6)), bytes(block, 2)));
    }
}

pub struct Q5_1;
impl GgmlBlock for Q5_1 {
    const LEN: usize = 32;
    const BYTES: usize = 24;
    const GROUP: usize = 32;
    const MIN: bool = true;
    #[inline(always)]
    fn unpack(block: &[u8], q: &mut [u8], d: &mut [f32], m: &mut [f32]) {
        d[0] = half_at(block, 0);
        m[0] = half_at(block, 2);
        q[..32].copy_from_slice(&with_fifth_bits(nibbles(bytes(block, 8)), bytes(block, 4)));
    }
}

/// Converts signed bytes to unsigned ones by adding 128.
#[inline(always)]
fn unsigned<const N: usize>(mut signed: [u8; N]) -> [u8; N] {
    for byte in &mut signed {
        *byte ^= 128;
    }
    signed
}

pub struct Q8_0;
impl GgmlBlock for Q8_0 {
    const LEN: usize = 32;
    const BYTES: usize = 34;
    const GROUP: usize = 32;
    const ZERO: i32 = 128;
    #[inline(always)]
    fn unpack(block: &[u8], q: &mut [u8], d: &mut [f32], _m: &mut [f32]) {
        d[0] = half_at(block, 0);
        q[..32].copy_from_slice(&unsigned::<32>(bytes(block, 2)));
    }
}

pub struct Q8_1;
impl GgmlBlock for Q8_1 {
    const LEN: usize = 32;
    const BYTES: usize = 36;
    const GROUP: usize = 32;
    const ZERO: i32 = 128;
    #[inline(always)]
    fn unpack(block: &[u8], q: &mut [u8], d: &mut [f32], _m: &mut [f32]) {
        // Bytes 2 and 3 hold d · Σq, which unpacking does not need.
        d[0] = half_at(block, 0);
        q[..32].copy_from_slice(&unsigned::<32>(bytes(block, 4)));
    }
}

pub struct Q8K;
impl GgmlBlock for Q8K {
    const LEN: usize = 256;
    const BYTES: usize = 292;
    const GROUP: usize = 32;
    const ZERO: i32 = 128;
    #[inline(always)]
    fn unpack(block: &[u8], q: &mut [u8], d: &mut [f32], _m: &mut [f32]) {
        d[..8].fill(f32::from_le_bytes([block[0], block[1], block[2], block[3]]));
        q[..256].copy_from_slice(&unsigned::<256>(bytes(block, 4)));
    }
}

pub struct I8;
impl GgmlBlock for I8 {
    const LEN: usize = 32;
    const BYTES: usize = 36;
    const GROUP: usize = 32;
    const ZERO: i32 = 128;
    #[inline(always)]
    fn unpack(block: &[u8], q: &mut [u8], d: &mut [f32], _m: &mut [f32]) {
        d[0] = f32::from_le_bytes(bytes(block, 0));
        q[..32].copy_from_slice(&unsigned::<32>(bytes(block, 4)));
    }
}

/// Rows of `I8` blocks from int8 numbers, whose count is a multiple of 32, and their scale.
pub fn int8_blocks(numbers: &[u8], scale: f32) -> Vec<u8> {
    let scale = scale.to_le_bytes();
    let mut out = Vec::with_capacity(numbers.len() / I8::LEN * I8::BYTES);
    for block in numbers.chunks_exact(I8::LEN) {
        out.extend(scale);
        out.extend_from_slice(block);
    }
    out
}

pub struct Q2K;
impl GgmlBlock for Q2K {
    const LEN: usize = 256;
    const BYTES: usize = 84;
    const GROUP: usize = 16;
    const MIN: bool = true;
    #[inline(always)]
    fn unpack(block: &[u8], q: &mut [u8], d: &mut [f32], m: &mut [f32]) {
        let (scale, minimum) = (half_at(block, 80), half_at(block, 82));
        for group in 0..16 {
            d[group] = scale * f32::from(block[group] & 15);
            m[group] = -minimum * f32::from(block[group] >> 4);
        }
        for (i, q) in q[..256].iter_mut().enumerate() {
            let (half, shift, lane) = (i / 128, (i % 128) / 32, i % 32);
            *q = (block[16 + half * 32 + lane] >> (2 * shift)) & 3;
        }
    }
}

pub struct Q3K;
impl GgmlBlock for Q3K {
    const LEN: usize = 256;
    const BYTES: usize = 110;
    const GROUP: usize = 16;
    const ZERO: i32 = 4;
    #[inline(always)]
    fn unpack(block: &[u8], q: &mut [u8], d: &mut [f32], _m: &mut [f32]) {
        let scale = half_at(block, 108);
        let packed = &block[96..108];
        for group in 0..16 {
            // A scale has six bits: four in the first eight bytes (low nibbles, then high ones),
            // two in the last four bytes.
            let low = if group < 8 { packed[group] & 15 } else { packed[group - 8] >> 4 };
            let high = (packed[8 + group % 4] >> (2 * (group / 4))) & 3;
            d[group] = scale * (f32::from(low | (high << 4)) - 32.0);
        }
        for (i, q) in q[..256].iter_mut().enumerate() {
            let (half, shift, lane) = (i / 128, (i % 128) / 32, i % 32);
            let low = (block[32 + half * 32 + lane] >> (2 * shift)) & 3;
            let high = (block[lane] >> (half * 4 + shift)) & 1;
            *q = low | (high << 2);
        }
    }
}

/// The eight 6-bit scales and eight 6-bit minimums of Q4_K and Q5_K, from 12 bytes.
#[inline(always)]
pub fn six_bits(block: &[u8]) -> ([u8; 8], [u8; 8]) {
    // Four at a time. The low six bits of the first eight bytes are scales and minimums 0 to 3. The
    // others have four bits in the last four bytes and two in the top of the first eight.
    let a = u32::from_le_bytes(bytes(block, 4));
    let b = u32::from_le_bytes(bytes(block, 8));
    let c = u32::from_le_bytes(bytes(block, 12));
    let both = |low: u32, high: u32| (u64::from(low) | (u64::from(high) << 32)).to_le_bytes();
    let scales = both(a & 0x3f3f_3f3f, (c & 0x0f0f_0f0f) | (((a >> 6) & 0x0303_0303) << 4));
    let minimums =
        both(b & 0x3f3f_3f3f, ((c >> 4) & 0x0f0f_0f0f) | (((b >> 6) & 0x0303_0303) << 4));
    (scales, minimums)
}

#[inline(always)]
fn six_bit_scales(block: &[u8], d: &mut [f32], m: &mut [f32]) {
    let (scale, minimum) = (half_at(block, 0), half_at(block, 2));
    let (scales, minimums) = six_bits(block);
    let (mut scaled, mut lowered) = ([0f32; 8], [0f32; 8]);
    for i in 0..8 {
        scaled[i] = scale * f32::from(scales[i]);
        lowered[i] = -minimum * f32::from(minimums[i]);
    }
    d[..8].copy_from_slice(&scaled);
    m[..8].copy_from_slice(&lowered);
}

pub struct Q4K;
impl GgmlBlock for Q4K {
    const LEN: usize = 256;
    const BYTES: usize = 144;
    const GROUP: usize = 32;
    const MIN: bool = true;
    #[inline(always)]
    fn unpack(block: &[u8], q: &mut [u8], d: &mut [f32], m: &mut [f32]) {
        six_bit_scales(block, d, m);
        for pair in 0..4 {
            let packed: [u8; 32] = bytes(block, 16 + pair * 32);
            let mut both = [0; 64];
            for i in 0..32 {
                both[i] = packed[i] & 15;
                both[i + 32] = packed[i] >> 4;
            }
            q[pair * 64..pair * 64 + 64].copy_from_slice(&both);
        }
    }
}

pub struct Q5K;
impl GgmlBlock for Q5K {
    const LEN: usize = 256;
    const BYTES: usize = 176;
    const GROUP: usize = 32;
    const MIN: bool = true;
    #[inline(always)]
    fn unpack(block: &[u8], q: &mut [u8], d: &mut [f32], m: &mut [f32]) {
        six_bit_scales(block, d, m);
        let high_bits: [u8; 32] = bytes(block, 16);
        for pair in 0..4 {
            let packed: [u8; 32] = bytes(block, 48 + pair * 32);
            let mut both = [0; 64];
            for i in 0..32 {
                both[i] = (packed[i] & 15) | (((high_bits[i] >> (2 * pair)) & 1) << 4);
                both[i + 32] = (packed[i] >> 4) | (((high_bits[i] >> (2 * pair + 1)) & 1) << 4);
            }
            q[pair * 64..pair * 64 + 64].copy_from_slice(&both);
        }
    }
}

pub struct Q6K;
impl GgmlBlock for Q6K {
    const LEN: usize = 256;
    const BYTES: usize = 210;
    const GROUP: usize = 16;
    const ZERO: i32 = 32;
    #[inline(always)]
    fn unpack(block: &[u8], q: &mut [u8], d: &mut [f32], _m: &mut [f32]) {
        let scale = half_at(block, 208);
        let scales: [u8; 16] = bytes(block, 192);
        let mut scaled = [0f32; 16];
        for i in 0..16 {
            scaled[i] = scale * f32::from(scales[i] as i8);
        }
        d[..16].copy_from_slice(&scaled);
        for half in 0..2 {
            let low: [u8; 64] = bytes(block, half * 64);
            let high: [u8; 32] = bytes(block, 128 + half * 32);
            let mut four = [0; 128];
            for i in 0..32 {
                four[i] = (low[i] & 15) | ((high[i] & 3) << 4);
                four[i + 32] = (low[i + 32] & 15) | (((high[i] >> 2) & 3) << 4);
                four[i + 64] = (low[i] >> 4) | (((high[i] >> 4) & 3) << 4);
                four[i + 96] = (low[i + 32] >> 4) | ((high[i] >> 6) << 4);
            }
            q[half * 128..half * 128 + 128].copy_from_slice(&four);
        }
    }
}

/// Unpacks up to [`CHUNK`] elements of a row; scales beyond the end of the row are zero.
#[inline(always)]
pub fn unpack_chunk<B: GgmlBlock>(
    bytes: &[u8],
    q: &mut [u8; CHUNK],
    d: &mut [f32; GROUPS],
    m: &mut [f32; GROUPS],
) {
    let per_block = B::LEN / B::GROUP;
    let blocks = (bytes.len() / B::BYTES).min(CHUNK / B::LEN);
    for i in 0..blocks {
        B::unpack(
            &bytes[i * B::BYTES..(i + 1) * B::BYTES],
            &mut q[i * B::LEN..(i + 1) * B::LEN],
            &mut d[i * per_block..(i + 1) * per_block],
            &mut m[i * per_block..(i + 1) * per_block],
        );
    }
    if blocks * B::LEN < CHUNK {
        q[blocks * B::LEN..].fill(0);
        d[blocks * per_block..].fill(0.0);
        m[blocks * per_block..].fill(0.0);
    }
}

/// Calls a function that is generic over [`GgmlBlock`] for a quantized type.
macro_rules! for_block_type {
    ($ggml_type:expr, $function:ident($($argument:expr),*)) => {{
        use $crate::kernels::block_types::{self as blocks, GgmlType};
        match $ggml_type {
            GgmlType::Q4_0 => $function::<blocks::Q4_0>($($argument),*),
            GgmlType::Q4_1 => $function::<blocks::Q4_1>($($argument),*),
            GgmlType::Q5_0 => $function::<blocks::Q5_0>($($argument),*),
            GgmlType::Q5_1 => $function::<blocks::Q5_1>($($argument),*),
            GgmlType::Q8_0 => $function::<blocks::Q8_0>($($argument),*),
            GgmlType::Q8_1 => $function::<blocks::Q8_1>($($argument),*),
            GgmlType::Q2_K => $function::<blocks::Q2K>($($argument),*),
            GgmlType::Q3_K => $function::<blocks::Q3K>($($argument),*),
            GgmlType::Q4_K => $function::<blocks::Q4K>($($argument),*),
            GgmlType::Q5_K => $function::<blocks::Q5K>($($argument),*),
            GgmlType::Q6_K => $function::<blocks::Q6K>($($argument),*),
            GgmlType::Q8_K => $function::<blocks::Q8K>($($argument),*),
            GgmlType::I8 => $function::<blocks::I8>($($argument),*),
            GgmlType::F32 | GgmlType::F16 | GgmlType::BF16 => unreachable!("float weights have no blocks"),
        }
    }};
}
pub(crate) use for_block_type;

/// Dequantizes a row: the definition of a type, against which every kernel is tested.
pub fn dequantize_row(ggml_type: GgmlType, bytes: &[u8], out: &mut [f32]) {
    match ggml_type {
        GgmlType::F32 => {
            for (out, b) in out.iter_mut().zip(bytes.chunks_exact(4)) {
                *out = f32::from_le_bytes([b[0], b[1], b[2], b[3]]);
            }
        }
        GgmlType::F16 => {
            for (out, b) in out.iter_mut().zip(bytes.chunks_exact(2)) {
                *out = f16_to_f32(u16::from_le_bytes([b[0], b[1]]));
            }
        }
        GgmlType::BF16 => {
            for (out, b) in out.iter_mut().zip(bytes.chunks_exact(2)) {
                *out = f32::from_bits(u32::from(u16::from_le_bytes([b[0], b[1]])) << 16);
            }
        }
        quantized => for_block_type!(quantized, dequantize_blocks(bytes, out)),
    }
}

fn dequantize_blocks<B: GgmlBlock>(bytes: &[u8], out: &mut [f32]) {
    let (mut q, mut d, mut m) = ([0; CHUNK], [0.0; GROUPS], [0.0; GROUPS]);
    for (block, out) in bytes.chunks_exact(B::BYTES).zip(out.chunks_exact_mut(B::LEN)) {
        B::unpack(block, &mut q, &mut d, &mut m);
        for (group, out) in out.chunks_exact_mut(B::GROUP).enumerate() {
            let minimum = if B::MIN { m[group] } else { 0.0 };
            for (out, q) in out.iter_mut().zip(&q[group * B::GROUP..]) {
                *out = d[group] * (i32::from(*q) - B::ZERO) as f32 + minimum;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use candle_core::quantized::QTensor;
    use candle_core::{Device, Tensor};
    use half::f16;

    #[test]
    fn the_table_is_in_order() {
        for (index, row) in TABLE.iter().enumerate() {
            assert_eq!(row.ggml_type as usize, index);
            let expected = if NOT_IN_FILES.contains(&row.ggml_type) {
                Err(row.name.to_string())
            } else {
                Ok(row.ggml_type)
            };
            assert_eq!(GgmlType::from_ggml(row.ggml), expected);
        }
        assert_eq!(GgmlType::from_ggml(20), Err("IQ4_NL".to_string()));
    }

    #[test]
    fn every_f16_converts_as_ieee_defines() {
        for bits in 0..=u16::MAX {
            let (ours, expected) = (f16_to_f32(bits), f16::from_bits(bits).to_f32());
            assert!(
                ours.to_bits() == expected.to_bits() || (ours.is_nan() && expected.is_nan()),
                "{bits:#x}"
            );
        }
    }

    #[test]
    fn every_type_unpacks_to_what_candle_dequantizes() {
        let device = Device::Cpu;
        let numbers = Tensor::randn(0f32, 1.0, (3, 512), &device).unwrap();
        // candle quantizes to Q8_1 and Q8_K but cannot dequantize them; the test below covers their
        // layouts.
        for ggml_type in GgmlType::all().filter(|t| !matches!(t, GgmlType::Q8_1 | GgmlType::Q8_K)) {
            let Some(candle_type) = ggml_type.candle_type() else { continue };
            let quantized = QTensor::quantize(&numbers, candle_type).unwrap();
            let expected: Vec<f32> =
                quantized.dequantize(&device).unwrap().flatten_all().unwrap().to_vec1().unwrap();
            let mut ours = vec![0.0; 3 * 512];
            dequantize_row(ggml_type, &quantized.data().unwrap(), &mut ours);
            for (index, (ours, expected)) in ours.iter().zip(&expected).enumerate() {
                assert!(
                    (ours - expected).abs() <= 1e-6 * expected.abs().max(1.0),
                    "{} at {index}: {ours} {expected}",
                    ggml_type.name()
                );
            }
        }
    }

    #[test]
    fn eight_bit_activation_types_unpack_by_their_layout() {
        let mut block = vec![0u8; 36];
        block[..2].copy_from_slice(&f16::from_f32(0.5).to_le_bytes());
        block[4] = (-3i8) as u8;
        block[35] = 127;
        let mut out = vec![0.0; 32];
        dequantize_row(GgmlType::Q8_1, &block, &mut out);
        assert_eq!((out[0], out[1], out[31]), (-1.5, 0.0, 63.5));

        let mut block = vec![0u8; 292];
        block[..4].copy_from_slice(&0.25f32.to_le_bytes());
        block[4 + 255] = (-128i8) as u8;
        let mut out = vec![0.0; 256];
        dequantize_row(GgmlType::Q8_K, &block, &mut out);
        assert_eq!((out[0], out[255]), (0.0, -32.0));
    }

    #[test]
    fn int8_numbers_keep_their_values_and_their_scale() {
        let numbers: Vec<u8> = (0..64).map(|at| (at * 4) as u8).collect();
        // Not a number of 16 bits.
        let scale = 0.001_234_567_f32;
        let mut out = vec![0.0; 64];
        dequantize_row(GgmlType::I8, &int8_blocks(&numbers, scale), &mut out);
        let expected: Vec<f32> =
            numbers.iter().map(|byte| scale * f32::from(byte.cast_signed())).collect();
        assert_eq!(out, expected);
    }
}
