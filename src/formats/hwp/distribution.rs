//! Distribution documents (배포용 문서): the text is encrypted, and the key is in the first record.
//!
//! The format protects against changes by honest programs, not against readers: the file
//! holds its key.

use aes::Aes128;
use aes::cipher::{Array, BlockCipherDecrypt as _, KeyInit as _};

use super::records::{DISTRIBUTION_DATA, Records, long};

/// Bytes of the record with the key.
const DATA_BYTES: usize = 256;
const KEY_BYTES: usize = 16;
const BLOCK_BYTES: usize = 16;

/// The decrypted stream, which may be packed; `None` if it is not encrypted in this way.
pub(super) fn decrypted(stream: &[u8]) -> Option<Vec<u8>> {
    let mut records = Records::new(stream);
    let first = records.next()?.ok()?;
    let data: &[u8; DATA_BYTES] = first.data.try_into().ok()?;
    if first.tag != DISTRIBUTION_DATA {
        return None;
    }
    let cipher = Aes128::new(&Array::from(key(data)));
    let mut content = stream[records.offset()..].to_vec();
    // Bytes after the last whole block are not encrypted.
    for block in content.chunks_exact_mut(BLOCK_BYTES) {
        if let Ok(block) = <&mut Array<u8, _>>::try_from(block) {
            cipher.decrypt_block(block);
        }
    }
    Some(content)
}

/// The key: sixteen bytes at an offset given by the seed, after the mask is taken away.
fn key(data: &[u8; DATA_BYTES]) -> [u8; KEY_BYTES] {
    let seed = long(data, 0).unwrap_or_default();
    let mask = mask(seed);
    let start = 4 + (seed & 0xF) as usize;
    std::array::from_fn(|at| data[start + at] ^ mask[start + at])
}

/// The mask: runs of a random byte, from the generator of Microsoft's C library.
pub(super) fn mask(seed: u32) -> [u8; DATA_BYTES] {
    let mut state = seed;
    let mut random = || {
        state = state.wrapping_mul(214_013).wrapping_add(2_531_011);
        state >> 16 & 0x7FFF
    };
    let (mut byte, mut run) = (0, 0);
    std::array::from_fn(|_| {
        if run == 0 {
            byte = random() as u8;
            run = (random() & 0xF) + 1;
        }
        run -= 1;
        byte
    })
}
