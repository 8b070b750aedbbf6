//! From bytes to text: which encoding a file is in. Newsrooms hold UTF-8, UTF-16 from Windows tools, and decades of CP949.
//!
//! Nothing is replaced or guessed at silently: a file that is not text in one of these encodings is refused, with the place.

use chardetng::{EncodingDetector, Iso2022JpDetection, Utf8Detection};
use encoding_rs::{DecoderResult, EUC_KR, Encoding, UTF_16BE, UTF_16LE, WINDOWS_1252};

use crate::error::{Error, Result};

/// What a file is that begins like this. Desks try these first, and deserve to be told what they opened.
const SIGNATURES: &[(&[u8], &str)] = &[
    (b"%PDF-", "a PDF; save its text first"),
    (
        b"\xD0\xCF\x11\xE0",
        "an HWP or old Office document, or one with a password; save it as HWPX or DOCX first",
    ),
    (
        b"PK\x03\x04",
        "a zip archive; a DOCX or HWPX document needs that ending in its name, and others are not read",
    ),
    (b"\x1F\x8B", "gzip-compressed; unpack it first"),
    (b"\x89PNG", "an image"),
    (b"\xFF\xD8\xFF", "an image"),
    (b"GGUF", "a model"),
];

/// Control characters (line breaks and tabs aside) a text may hold, as one in so many bytes: old agency feeds hold a few.
const CONTROL_SHARE: usize = 50;

/// Decodes a text from UTF-8, UTF-16 (by its byte order mark), EUC-KR with its extension CP949, or Windows-1252 (English with
/// typographic quotes). Only the byte order mark is taken away: line breaks and everything else stay as they are.
///
/// ```
/// use malmoi::formats::decode;
/// assert_eq!(decode(b"\xEF\xBB\xBFnews\r\n", "a.txt").unwrap(), "news\r\n");
/// assert_eq!(decode(b"\xB1\xB9\xB9\xE6\xBA\xCE\xB0\xA1 \xB9\xE0\xC7\xFB\xB4\xD9.", "a.txt").unwrap(), "국방부가 밝혔다.");
/// assert!(decode(b"a\0b", "a.txt").unwrap_err().to_string().contains("NUL byte at 1"));
/// ```
pub fn decode(bytes: &[u8], name: &str) -> Result<String> {
    let text = match SIGNATURES.iter().find(|(start, _)| bytes.starts_with(start)) {
        Some((_, what)) => Err(format!("is not text: it is {what}")),
        None => decode_piece(bytes),
    };
    text.map_err(|reason| Error::UnreadableInput { name: name.to_string(), reason })
}

/// Decodes a piece of a larger input, as [`decode`] does: what it begins with says nothing of what it is.
pub(super) fn decode_piece(bytes: &[u8]) -> std::result::Result<String, String> {
    let refuse = |reason: String| format!("is not text: {reason}");
    if let Some((encoding, length)) = marked(bytes) {
        let rest = &bytes[length..];
        let text = strict(encoding, rest);
        let text = text.map_err(|at| refuse(format!("byte {} is not {}", at + length, encoding.name())))?;
        return refuse_binary(text.as_bytes()).map_or(Ok(text), |reason| Err(refuse(reason)));
    }
    if let Some(reason) = refuse_binary(bytes) {
        return Err(refuse(reason));
    }
    let utf8 = match std::str::from_utf8(bytes) {
        Ok(text) => return Ok(text.to_string()),
        Err(error) => error.valid_up_to(),
    };
    let korean = strict(EUC_KR, bytes);
    if guess(bytes) == WINDOWS_1252 && is_mostly_ascii(bytes) {
        return strict(WINDOWS_1252, bytes).map_err(|at| refuse(format!("byte {at} is not Windows-1252")));
    }
    // The encoding that got further is the likelier one: its place helps more.
    korean.map_err(|at| {
        refuse(format!(
            "byte {} fits neither UTF-8 nor EUC-KR/CP949 (UTF-16 needs a byte order mark)",
            at.max(utf8)
        ))
    })
}

/// The encoding that the first bytes tell, and how many of them are its mark: a byte order mark, or the first bracket of XML in UTF-16
/// (XML 1.0, appendix F).
pub(super) fn marked(bytes: &[u8]) -> Option<(&'static Encoding, usize)> {
    Encoding::for_bom(bytes).or(match bytes {
        [b'<', 0, c, ..] if *c != 0 => Some((UTF_16LE, 0)),
        [0, b'<', 0, c, ..] if *c != 0 => Some((UTF_16BE, 0)),
        _ => None,
    })
}

/// The text, or where it stops being one.
fn strict(encoding: &'static Encoding, bytes: &[u8]) -> std::result::Result<String, usize> {
    let mut decoder = encoding.new_decoder_without_bom_handling();
    let longest = decoder.max_utf8_buffer_length_without_replacement(bytes.len());
    let mut text = String::with_capacity(longest.unwrap_or(bytes.len()));
    match decoder.decode_to_string_without_replacement(bytes, &mut text, true) {
        (DecoderResult::InputEmpty, _) => Ok(text),
        (DecoderResult::Malformed(length, after), read) => {
            Err(read.saturating_sub(length as usize + after as usize))
        }
        (DecoderResult::OutputFull, read) => Err(read),
    }
}

fn guess(bytes: &[u8]) -> &'static Encoding {
    let mut detector = EncodingDetector::new(Iso2022JpDetection::Deny);
    detector.feed(bytes, true);
    detector.guess(Some(b"kr"), Utf8Detection::Deny)
}

/// English in Windows-1252 has a quote or an accent here and there, not every other byte.
fn is_mostly_ascii(bytes: &[u8]) -> bool {
    bytes.iter().filter(|b| b.is_ascii()).count() * 10 >= bytes.len() * 9
}

/// Why the bytes are no text in any encoding that is a superset of ASCII.
fn refuse_binary(bytes: &[u8]) -> Option<String> {
    if let Some(at) = bytes.iter().position(|b| *b == 0) {
        let utf16 = bytes.len() >= 2 && (bytes[0] == 0) != (bytes[1] == 0);
        let hint = if utf16 { "; UTF-16 needs a byte order mark" } else { "" };
        return Some(format!("it has a NUL byte at {at}{hint}"));
    }
    let controls =
        bytes.iter().filter(|b| b.is_ascii_control() && !matches!(b, b'\t' | b'\n' | b'\r' | 0x0C)).count();
    (controls * CONTROL_SHARE > bytes.len())
        .then(|| format!("{controls} of its {} bytes are control characters", bytes.len()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn message(bytes: &[u8]) -> String {
        decode(bytes, "a.txt").unwrap_err().to_string()
    }

    #[test]
    fn utf16_is_read_by_its_mark_and_named_without_it() {
        let wide = |text: &str| text.encode_utf16().flat_map(u16::to_le_bytes).collect::<Vec<u8>>();
        assert_eq!(decode(&[&b"\xFF\xFE"[..], &wide("말\r\n모이")].concat(), "a").unwrap(), "말\r\n모이");
        assert!(message(&wide("news")).contains("UTF-16 needs a byte order mark"));
        assert_eq!(decode(b"\xFE\xFF\0a\0\n", "a").unwrap(), "a\n");
    }

    #[test]
    fn cp949_is_read_and_its_extension_too() {
        let (bytes, _, _) = EUC_KR.encode("똠방각하 펲시콜라를 마셨다. 쀍");
        assert_eq!(decode(&bytes, "a").unwrap(), "똠방각하 펲시콜라를 마셨다. 쀍");
    }

    #[test]
    fn english_with_typographic_quotes_is_no_korean() {
        assert_eq!(
            decode(b"The minister\x92s \x93ironclad\x94 word, he said at the caf\xE9 on Thursday afternoon, stands firm.", "a").unwrap(),
            "The minister’s “ironclad” word, he said at the café on Thursday afternoon, stands firm."
        );
    }

    #[test]
    fn what_is_no_text_is_refused_with_the_place() {
        assert!(
            message("말모이 ".repeat(3).as_bytes().split_last().unwrap().1.split_last().unwrap().1)
                .contains("byte")
        );
        assert!(
            message(b"abc\xFF\xFF\xFFdef\x81").contains("byte 3 fits neither"),
            "{}",
            message(b"abc\xFF\xFF\xFFdef\x81")
        );
        assert!(message(b"\x01\x02\x03\x04abc").contains("control characters"));
        assert!(message(b"PK\x03\x04...").contains("HWPX"));
    }

    proptest! {
        #[test]
        fn no_bytes_make_it_panic(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
            let _ = decode(&bytes, "a");
        }

        #[test]
        fn any_text_without_controls_comes_back(text in "[^\\p{Cc}\u{feff}]{1,80}") {
            prop_assume!(!SIGNATURES.iter().any(|(start, _)| text.as_bytes().starts_with(start)));
            prop_assert_eq!(decode(text.as_bytes(), "a").unwrap(), text);
        }
    }
}
