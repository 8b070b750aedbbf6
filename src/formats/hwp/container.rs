//! The OLE compound file around a document: its streams, and the sections by number.
//!
//! The crate `cfb` refuses chains that loop or share sectors. It trusts the number of allocation
//! tables, so that is checked here; sizes of packed streams are counted while they are unpacked.

use std::collections::BTreeMap;
use std::io::{Cursor, Read as _};

use cfb::CompoundFile;

use super::super::MAX_BYTES;

/// End of a chain of sectors, and of the sector numbers.
const LAST_SECTOR: u32 = 0xFFFF_FFFA;

/// An open container.
pub(super) struct Container<'b> {
    file: CompoundFile<Cursor<&'b [u8]>>,
    /// Bytes that may still be read, packed and unpacked.
    left: u64,
}

impl<'b> Container<'b> {
    pub(super) fn open(bytes: &'b [u8]) -> Result<Self, String> {
        let damaged = |what: &dyn std::fmt::Display| format!("is damaged or incomplete: {what}");
        if !has_sound_tables(bytes) {
            return Err(damaged(&"its allocation tables do not fit its size"));
        }
        let file = CompoundFile::open(Cursor::new(bytes)).map_err(|error| damaged(&error))?;
        Ok(Self { file, left: MAX_BYTES })
    }

    /// The bytes of a stream; `None` if it is missing.
    pub(super) fn stream(&mut self, path: &str) -> Result<Option<Vec<u8>>, String> {
        if !self.file.is_stream(path) {
            return Ok(None);
        }
        let damaged = |error: std::io::Error| {
            format!("is damaged: {} cannot be read: {error}", path.trim_start_matches('/'))
        };
        let stream = self.file.open_stream(path).map_err(damaged)?;
        let mut bytes = Vec::new();
        stream.take(self.left + 1).read_to_end(&mut bytes).map_err(damaged)?;
        self.spend(bytes.len())?;
        Ok(Some(bytes))
    }

    /// The paths of the sections in a storage, by their numbers.
    pub(super) fn sections(&self, storage: &str) -> BTreeMap<u32, String> {
        let Ok(entries) = self.file.read_storage(storage) else { return BTreeMap::new() };
        let streams = entries.filter(|entry| entry.is_stream());
        let numbered = streams.filter_map(|entry| {
            let number = entry.name().strip_prefix("Section")?.parse().ok()?;
            Some((number, format!("{storage}/{}", entry.name())))
        });
        numbered.collect()
    }

    /// The content of a stream that may be packed; `name` is for messages.
    pub(super) fn unpacked(
        &mut self,
        bytes: Vec<u8>,
        compressed: bool,
        name: &str,
    ) -> Result<Vec<u8>, String> {
        if !compressed {
            return Ok(bytes);
        }
        let mut content = Vec::new();
        flate2::bufread::DeflateDecoder::new(&*bytes)
            .take(self.left + 1)
            .read_to_end(&mut content)
            .map_err(|error| format!("is damaged: {name} cannot be unpacked: {error}"))?;
        self.spend(content.len())?;
        Ok(content)
    }

    fn spend(&mut self, bytes: usize) -> Result<(), String> {
        self.left = self.left.checked_sub(bytes as u64).ok_or_else(|| {
            format!("unpacks to more than the {} MB a document may have", MAX_BYTES >> 20)
        })?;
        Ok(())
    }
}

/// True if the chain of the table of tables is no longer than the file's size allows. Each of its
/// sectors may name the same table again and again, which would be read into memory each time.
fn has_sound_tables(bytes: &[u8]) -> bool {
    let word = |at: usize| {
        let four = bytes.get(at..at.checked_add(4)?)?;
        Some(u32::from_le_bytes(four.try_into().ok()?))
    };
    let shift = bytes.get(30).copied().unwrap_or_default();
    let Some(mut sector) = word(68).filter(|_| matches!(shift, 9 | 12)) else { return false };
    let (length, per_sector) = (1_usize << shift, (1_usize << shift) / 4);
    let sectors = bytes.len() / length + 1;
    for _ in 0..=sectors / (per_sector * (per_sector - 1)) + 1 {
        if sector >= LAST_SECTOR {
            return true;
        }
        let start = (sector as usize).saturating_add(1).saturating_mul(length);
        // A missing sector is an error of the crate's own.
        let Some(next) = word(start.saturating_add(length - 4)) else { return true };
        sector = next;
    }
    sector >= LAST_SECTOR
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_table_of_tables_that_never_ends_is_refused() {
        let mut bytes = vec![0; 512 * 8];
        bytes[..8].copy_from_slice(b"\xD0\xCF\x11\xE0\xA1\xB1\x1A\xE1");
        bytes[30] = 9;
        // Sector 0 is the first of the chain, and its last word names it again.
        assert!(!has_sound_tables(&bytes));
        bytes[68..72].copy_from_slice(&0xFFFF_FFFE_u32.to_le_bytes());
        assert!(has_sound_tables(&bytes));
        bytes[30] = 40;
        assert!(!has_sound_tables(&bytes) && !has_sound_tables(b"\xD0\xCF"));
    }
}
