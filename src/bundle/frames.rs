//! zstd around the archive: independent frames of 4 MiB, packed side by side.
//!
//! Quantized weights shrink by a few percent only, so a frame is stored as it is unless its
//! beginning shows that packing pays. The frame's size bounds the memory of a reader.

use std::io::{Read, Result, Write};

use rayon::prelude::*;
use ruzstd::encoding::{CompressionLevel, compress_to_vec};

/// Bytes of a frame, unpacked.
const FRAME: usize = 4 << 20;
/// Bytes that are packed to see whether packing pays.
const PROBE: usize = 64 << 10;
/// Most memory that a frame may ask of its reader.
const MAX_WINDOW: u64 = 8 << 20;

/// Packs what is written to it; frames go to a sink in order.
pub(super) struct FrameWriter<S: FnMut(&[u8]) -> Result<()>> {
    pending: Vec<u8>,
    /// Bytes that are packed at once.
    batch: usize,
    sink: S,
}

impl<S: FnMut(&[u8]) -> Result<()>> FrameWriter<S> {
    pub fn new(sink: S) -> Self {
        Self { pending: Vec::new(), batch: FRAME * rayon::current_num_threads().clamp(1, 16), sink }
    }

    /// Packs the rest.
    pub fn finish(mut self) -> Result<()> {
        self.pack_pending()
    }

    fn pack_pending(&mut self) -> Result<()> {
        let frames: Vec<Vec<u8>> = self.pending.par_chunks(FRAME).map(pack).collect();
        self.pending.clear();
        frames.iter().try_for_each(|frame| (self.sink)(frame))
    }
}

impl<S: FnMut(&[u8]) -> Result<()>> Write for FrameWriter<S> {
    fn write(&mut self, bytes: &[u8]) -> Result<usize> {
        let taken = bytes.len().min(self.batch - self.pending.len());
        self.pending.extend(&bytes[..taken]);
        if self.pending.len() == self.batch {
            self.pack_pending()?;
        }
        Ok(taken)
    }

    fn flush(&mut self) -> Result<()> {
        Ok(())
    }
}

/// A frame, packed if a sample from its middle shrinks by a tenth.
fn pack(bytes: &[u8]) -> Vec<u8> {
    let start = bytes.len().saturating_sub(PROBE) / 2;
    let probe = &bytes[start..(start + PROBE).min(bytes.len())];
    let packed = compress_to_vec(probe, CompressionLevel::Fastest).len();
    let level = match packed * 10 <= probe.len() * 9 {
        true => CompressionLevel::Fastest,
        false => CompressionLevel::Uncompressed,
    };
    compress_to_vec(bytes, level)
}

/// The bytes within frames.
pub(super) fn unpacked<'r>(frames: impl Read + 'r) -> impl Read + 'r {
    crate::files::unpack_zstd(frames, MAX_WINDOW)
}
