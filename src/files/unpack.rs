//! Bytes packed with gzip or zstd, unpacked as they are read. The caller bounds what it reads: a
//! packed file can be a thousand times longer than it looks.

use std::io::{BufRead, BufReader, Read, Result};

use flate2::bufread::MultiGzDecoder;
use ruzstd::decoding::{DEFAULT_MAX_WINDOW_SIZE, StreamingDecoder};

/// First bytes of gzip and of zstd.
const GZIP: [u8; 2] = [0x1f, 0x8b];
const ZSTD: [u8; 4] = [0x28, 0xb5, 0x2f, 0xfd];

/// True if a file with these first bytes is packed: four are enough to know.
pub(crate) fn is_packed(head: &[u8]) -> bool {
    head.starts_with(&GZIP) || head.starts_with(&ZSTD)
}

/// The bytes within a packed reader, or those of another reader as they are. The first bytes
/// decide, not the name.
///
/// # Errors
/// Fails if the reader fails; reading the result also if the packed bytes are damaged or cut short.
pub(crate) fn unpack<'r>(reader: impl Read + 'r) -> Result<Box<dyn Read + 'r>> {
    let mut reader = BufReader::with_capacity(1 << 16, reader);
    let mut head = Vec::with_capacity(ZSTD.len());
    reader.by_ref().take(ZSTD.len() as u64).read_to_end(&mut head)?;
    let is_zstd = head.starts_with(&ZSTD);
    let is_gzip = head.starts_with(&GZIP);
    let whole = BufReader::with_capacity(1 << 16, std::io::Cursor::new(head).chain(reader));
    if is_gzip {
        return Ok(Box::new(MultiGzDecoder::new(whole)));
    }
    if is_zstd {
        return Ok(Box::new(ZstdFrames::new(whole, DEFAULT_MAX_WINDOW_SIZE)));
    }
    Ok(Box::new(whole))
}

/// The bytes within frames of zstd, none of which may need more memory than `max_window`.
pub(crate) fn unpack_zstd<'r>(reader: impl Read + 'r, max_window: u64) -> impl Read + 'r {
    ZstdFrames::new(BufReader::with_capacity(1 << 16, reader), max_window)
}

/// The frames of a zstd file, one after the other.
struct ZstdFrames<R: BufRead> {
    frame: Frame<R>,
    max_window: u64,
}

impl<R: BufRead> ZstdFrames<R> {
    fn new(reader: R, max_window: u64) -> Self {
        Self { frame: Frame::Between(reader), max_window }
    }
}

enum Frame<R: BufRead> {
    /// Before a frame, or at the end.
    Between(R),
    Within(Box<StreamingDecoder<R, ruzstd::decoding::FrameDecoder>>),
    /// After an error.
    Broken,
}

impl<R: BufRead> Read for ZstdFrames<R> {
    fn read(&mut self, buffer: &mut [u8]) -> Result<usize> {
        if buffer.is_empty() {
            return Ok(0);
        }
        loop {
            match std::mem::replace(&mut self.frame, Frame::Broken) {
                Frame::Between(mut reader) => {
                    if reader.fill_buf()?.is_empty() {
                        self.frame = Frame::Between(reader);
                        return Ok(0);
                    }
                    let decoder =
                        StreamingDecoder::new_with_max_window_size(reader, self.max_window)
                            .map_err(std::io::Error::other)?;
                    self.frame = Frame::Within(Box::new(decoder));
                }
                Frame::Within(mut decoder) => match decoder.read(buffer)? {
                    0 => self.frame = Frame::Between(decoder.into_inner()),
                    count => {
                        self.frame = Frame::Within(decoder);
                        return Ok(count);
                    }
                },
                Frame::Broken => return Err(std::io::Error::other("the bytes before are damaged")),
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Write;

    fn gzip(bytes: &[u8]) -> Vec<u8> {
        let mut packed = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
        packed.write_all(bytes).unwrap();
        packed.finish().unwrap()
    }

    fn zstd(bytes: &[u8]) -> Vec<u8> {
        let level = ruzstd::encoding::CompressionLevel::Fastest;
        ruzstd::encoding::compress_to_vec(bytes, level)
    }

    fn unpacked(packed: &[u8]) -> Result<Vec<u8>> {
        let mut bytes = Vec::new();
        unpack(packed)?.read_to_end(&mut bytes)?;
        Ok(bytes)
    }

    fn text() -> Vec<u8> {
        (0..60_000u32).flat_map(|n| (n % 977).to_le_bytes()).collect()
    }

    #[test]
    fn packed_bytes_come_out_as_they_went_in() {
        for bytes in [Vec::new(), b"Haemin".to_vec(), text()] {
            assert_eq!(unpacked(&bytes).unwrap(), bytes, "not packed");
            assert_eq!(unpacked(&gzip(&bytes)).unwrap(), bytes, "gzip");
            assert_eq!(unpacked(&zstd(&bytes)).unwrap(), bytes, "zstd");
        }
        for pack in [gzip, zstd] {
            assert!(is_packed(&pack(b"Haemin")));
            let two = [pack(b"Hae"), pack(&[]), pack(b"min")].concat();
            assert_eq!(unpacked(&two).unwrap(), b"Haemin", "one after the other");
        }
    }

    #[test]
    fn what_is_cut_short_or_damaged_is_an_error() {
        for packed in [gzip(&text()), zstd(&text())] {
            for length in [5, packed.len() / 2, packed.len() - 1] {
                assert!(unpacked(&packed[..length]).is_err(), "{length} of {}", packed.len());
            }
            let mut damaged = packed.clone();
            let middle = damaged.len() / 2;
            damaged[middle] ^= 0xff;
            assert_ne!(unpacked(&damaged).ok(), Some(text()));
            assert!(unpacked(&[&packed[..], b"more"].concat()).is_err());
        }
    }
}
