//! Byte order marks at the start of a file.

use encoding_rs::{Encoding, UTF_8, UTF_16BE, UTF_16LE};

/// Number of byte order marks that are skipped: tools that join files leave two.
pub(super) const MAX_MARKS: usize = 4;

/// The encoding given by the first bytes and the length of its mark: a byte order mark (the last of
/// several), or the first bracket of XML in UTF-16 (XML 1.0, appendix F; length 0).
pub(super) fn marked(bytes: &[u8]) -> Option<(&'static Encoding, usize)> {
    let (mut found, mut length) = (None, 0);
    for _ in 0..MAX_MARKS {
        let Some((encoding, more)) = Encoding::for_bom(&bytes[length..]) else { break };
        // In UTF-16, the bytes of the opposite mark may be a character.
        if found.is_some_and(|found| found != encoding && found != UTF_8) {
            break;
        }
        found = Some(encoding);
        length += more;
    }
    found.map(|encoding| (encoding, length)).or(match bytes {
        [b'<', 0, c, ..] if *c != 0 => Some((UTF_16LE, 0)),
        [0, b'<', 0, c, ..] if *c != 0 => Some((UTF_16BE, 0)),
        _ => None,
    })
}
