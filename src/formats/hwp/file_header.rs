//! The stream `FileHeader`: version and properties of the document. Names what cannot be read.

use super::super::office;
use super::records::long;

/// What the header says of the rest of the file.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub(super) struct FileHeader {
    /// The streams are packed.
    pub compressed: bool,
    /// A distribution document (배포용 문서): its text is encrypted with a key that it holds.
    pub distribution: bool,
    /// Changes are tracked.
    pub tracks_changes: bool,
}

const SIGNATURE: &[u8] = b"HWP Document File";
/// Offsets of the version and the properties.
const VERSION: usize = 32;
const PROPERTIES: usize = 36;

/// Properties that make a document unreadable, by their bits, each with the reason.
const UNREADABLE: &[(u32, &str)] = &[
    (4, "is protected by DRM; save it without protection in the program that opens it"),
    (8, "is encrypted with a certificate; save it without encryption first"),
    (10, "is protected by DRM with a certificate; save it without protection first"),
];

impl FileHeader {
    pub(super) fn read(bytes: &[u8]) -> Result<Self, String> {
        let (Some(version), Some(properties)) = (long(bytes, VERSION), long(bytes, PROPERTIES))
        else {
            return Err("is damaged: its FileHeader is cut short".to_string());
        };
        if !bytes.starts_with(SIGNATURE) {
            return Err("is damaged: its FileHeader is not that of HWP".to_string());
        }
        let (major, minor) = (version >> 24, version >> 16 & 0xFF);
        if major != 5 {
            return Err(format!(
                "is HWP of version {major}.{minor}, not 5; save it as HWPX in Hancom Office"
            ));
        }
        let has = |bit: u32| properties >> bit & 1 == 1;
        if has(1) {
            return Err(office::encrypted_error());
        }
        if let Some((_, reason)) = UNREADABLE.iter().find(|(bit, _)| has(*bit)) {
            return Err((*reason).to_string());
        }
        Ok(Self { compressed: has(0), distribution: has(2), tracks_changes: has(14) })
    }
}

#[cfg(test)]
mod tests {
    use super::super::writer::file_header;
    use super::*;

    #[test]
    fn properties_tell_how_the_text_is_stored() {
        let read = |bits| FileHeader::read(&file_header(bits)).unwrap();
        assert_eq!(read(0), FileHeader::default());
        let expected = FileHeader { compressed: true, distribution: true, tracks_changes: true };
        assert_eq!(read(1 | 1 << 2 | 1 << 14), expected);
        // A script, a digital signature, a public license.
        assert_eq!(read(1 << 3 | 1 << 7 | 1 << 15), FileHeader::default());
    }

    #[test]
    fn what_cannot_be_read_is_named_with_a_way_out() {
        for (bits, name) in [(1, "password"), (4, "DRM"), (8, "certificate"), (10, "DRM")] {
            let reason = FileHeader::read(&file_header(1 | 1 << bits)).unwrap_err();
            assert!(reason.contains(name) && reason.contains("save it without"), "{reason}");
        }
        let mut newer = file_header(0);
        newer[35] = 6;
        assert!(FileHeader::read(&newer).unwrap_err().starts_with("is HWP of version 6.1, not 5"));
        assert!(FileHeader::read(&newer[..39]).unwrap_err().contains("cut short"));
        assert!(FileHeader::read(&[0; 256]).unwrap_err().contains("not that of HWP"));
    }
}
