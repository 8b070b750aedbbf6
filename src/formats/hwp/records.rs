//! The records that streams consist of: a tag, a level of nesting, and data.

/// First tag of the document's own records.
const BEGIN: u16 = 16;
pub(super) const DISTRIBUTION_DATA: u16 = BEGIN + 12;
pub(super) const PARAGRAPH_SHAPE: u16 = BEGIN + 9;
pub(super) const STYLE: u16 = BEGIN + 10;
pub(super) const PARAGRAPH_HEADER: u16 = BEGIN + 50;
pub(super) const PARAGRAPH_TEXT: u16 = BEGIN + 51;
pub(super) const CONTROL_HEADER: u16 = BEGIN + 55;
pub(super) const LIST_HEADER: u16 = BEGIN + 56;
pub(super) const SHAPE_COMPONENT: u16 = BEGIN + 60;
pub(super) const MEMO_LIST: u16 = BEGIN + 77;

/// A record of a stream.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Record<'b> {
    pub tag: u16,
    /// Level of nesting, at most 1023.
    pub level: u16,
    pub data: &'b [u8],
}

/// The records of a stream, in order.
#[derive(Debug, Clone, Copy)]
pub(super) struct Records<'b> {
    bytes: &'b [u8],
    /// Offset of the next record.
    at: usize,
}

impl<'b> Records<'b> {
    pub(super) fn new(bytes: &'b [u8]) -> Self {
        Self { bytes, at: 0 }
    }

    /// Offset of the next record, in bytes.
    pub(super) fn offset(&self) -> usize {
        self.at
    }

    /// The records before those of `rest`, which is a later place in the same stream.
    pub(super) fn until(&self, rest: Self) -> Self {
        Self { bytes: self.bytes.get(..rest.at).unwrap_or(self.bytes), at: self.at }
    }

    fn word(&self, at: usize) -> Option<usize> {
        let four = self.bytes.get(at..at + 4)?;
        Some(u32::from_le_bytes(four.try_into().ok()?) as usize)
    }
}

impl<'b> Iterator for Records<'b> {
    type Item = Result<Record<'b>, String>;

    fn next(&mut self) -> Option<Self::Item> {
        // Bytes too few for a header fill a block of a cipher.
        let header = self.word(self.at)?;
        let start = self.at;
        self.at += 4;
        let mut length = header >> 20;
        // A length of twelve bits that are all set stands for a word that follows.
        if length == 0xFFF {
            length = self.word(self.at).unwrap_or(usize::MAX);
            self.at += 4;
        }
        let end = self.at.saturating_add(length);
        let Some(data) = self.bytes.get(self.at..end) else {
            self.at = self.bytes.len();
            return Some(Err(format!("is damaged: the record at byte {start} is cut short")));
        };
        self.at = end;
        let (tag, level) = ((header & 0x3FF) as u16, (header >> 10 & 0x3FF) as u16);
        Some(Ok(Record { tag, level, data }))
    }
}

/// The number of two bytes at an offset.
pub(super) fn short(data: &[u8], at: usize) -> Option<u16> {
    Some(u16::from_le_bytes(data.get(at..at + 2)?.try_into().ok()?))
}

/// The number of four bytes at an offset.
pub(super) fn long(data: &[u8], at: usize) -> Option<u32> {
    Some(u32::from_le_bytes(data.get(at..at + 4)?.try_into().ok()?))
}

/// The text at an offset, after its length in UTF-16 units; returned with the offset of its end.
pub(super) fn string(data: &[u8], at: usize) -> Option<(String, usize)> {
    let start = at + 2;
    let end = start + 2 * usize::from(short(data, at)?);
    Some((utf16(data.get(start..end)?), end))
}

/// A text in UTF-16; halves of pairs become U+FFFD.
pub(super) fn utf16(bytes: &[u8]) -> String {
    let units = bytes.chunks_exact(2).map(|two| u16::from_le_bytes([two[0], two[1]]));
    char::decode_utf16(units).map(|c| c.unwrap_or(char::REPLACEMENT_CHARACTER)).collect()
}

#[cfg(test)]
mod tests {
    use super::super::writer::record;
    use super::*;

    #[test]
    fn a_record_has_a_tag_a_level_and_data_of_any_length() {
        for length in [0, 1, 4094, 4095, 4096, 70_000] {
            let bytes = record(PARAGRAPH_TEXT, 1023, &vec![7; length]);
            let found: Vec<Record> = Records::new(&bytes).map(Result::unwrap).collect();
            assert_eq!(found.len(), 1);
            assert_eq!((found[0].tag, found[0].level), (PARAGRAPH_TEXT, 1023));
            assert_eq!(found[0].data.len(), length);
        }
    }

    #[test]
    fn a_record_that_is_cut_short_is_an_error_and_the_last() {
        let bytes = [record(66, 0, &[1; 22]), record(67, 1, &[2; 5000])].concat();
        for end in 26 + 4..bytes.len() {
            let found: Vec<_> = Records::new(&bytes[..end]).collect();
            assert_eq!(found.len(), 2, "{end}");
            assert!(found[1].as_ref().unwrap_err().contains("the record at byte 26"));
        }
        assert_eq!(Records::new(&bytes[..29]).count(), 1);
    }

    #[test]
    fn a_text_has_its_length_before_it() {
        let data = [&[9, 2, 0][..], &[0, 0xAC, 0x3D, 0xD8], &[1]].concat();
        assert_eq!(string(&data, 1), Some(("가\u{FFFD}".to_string(), 7)));
        assert_eq!(string(&data, 0), None);
        assert_eq!(string(&data, 7), None);
    }
}
