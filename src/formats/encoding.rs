//! Detects the encoding of a file and decodes it. Newsrooms hold UTF-8, UTF-16 from Windows tools,
//! Windows-1252 and decades of CP949.
//!
//! Precedence: byte order mark, declaration (XML, HTML), valid UTF-8, then statistics of the
//! decoded text. Nothing is replaced silently: a file that is not text in one of these encodings is
//! refused, with the position.

use encoding_rs::{DecoderResult, EUC_KR, Encoding, UTF_8, UTF_16BE, UTF_16LE, WINDOWS_1252};

use super::byte_order::{MAX_MARKS, marked};
use super::korean;
use super::unknown;
use crate::error::{Error, InputFault, Result};

/// Share of control characters (line breaks and tabs aside) a text may hold: one in this many
/// bytes. Old agency feeds hold a few.
const CONTROL_SHARE: usize = 50;
/// Bytes searched for a declaration. Browsers search 1024; Korean pages of the 2000s need more.
const DECLARATION_BYTES: usize = 4096;

/// The encoding of a WHATWG label or of a name used by Korean systems. `None` for an unknown label,
/// an error for a known but unsupported encoding.
pub(super) fn label(name: &str) -> std::result::Result<Option<&'static Encoding>, String> {
    let folded = name.to_ascii_lowercase().replace('_', "-");
    let iconv = |name: &str| {
        Err(format!(
            "is not supported: convert the file first, for example with iconv -f {name} -t UTF-8"
        ))
    };
    match &*folded {
        "cp949" | "ms949" | "uhc" | "ks-c-5601" | "ksc5601-1987" | "ksx1001" | "ks-x-1001" => {
            Ok(Some(EUC_KR))
        }
        "cp1252" | "latin-1" => Ok(Some(WINDOWS_1252)),
        "utf8-sig" | "utf-8-sig" | "utf8mb4" => Ok(Some(UTF_8)),
        "utf16" | "utf16le" => Ok(Some(UTF_16LE)),
        "utf16be" => Ok(Some(UTF_16BE)),
        "johab" | "cp1361" | "ms1361" | "windows-1361" | "ksc-johab" => iconv("JOHAB"),
        "iso-2022-kr" | "csiso2022kr" => iconv("ISO-2022-KR"),
        "utf-7" | "utf7" => iconv("UTF-7"),
        "utf-32" | "utf32" | "utf-32le" | "utf-32be" | "ucs-4" => iconv("UTF-32"),
        _ => Ok(Encoding::for_label_no_replacement(name.as_bytes())),
    }
}

/// Decodes a text: UTF-8, UTF-16, EUC-KR with its extension CP949, Windows-1252 (English with
/// typographic quotes), and any encoding that XML or HTML declares. Only byte order marks are
/// removed; line breaks and everything else stay.
///
/// ```
/// use malmoi::formats::decode;
/// assert_eq!(decode(b"\xEF\xBB\xBFnews\r\n", "a.txt").unwrap(), "news\r\n");
/// let euc_kr = b"\xB1\xB9\xB9\xE6\xBA\xCE\xB0\xA1 \xB9\xE0\xC7\xFB\xB4\xD9.";
/// assert_eq!(decode(euc_kr, "a.txt").unwrap(), "국방부가 밝혔다.");
/// let windows_1252 = b"The mayor\x92s plan costs \xA366 million.";
/// assert_eq!(decode(windows_1252, "a.txt").unwrap(), "The mayor’s plan costs £66 million.");
/// assert!(decode(b"a\0b", "a.txt").unwrap_err().to_string().contains("NUL byte at 1"));
/// ```
pub fn decode(bytes: &[u8], name: &str) -> Result<String> {
    let text = match unknown::signature(bytes) {
        Some(what) => Err(InputFault::not_text(format!("it is {what}"))),
        None => decode_part(bytes),
    };
    text.map_err(|fault| Error::unreadable(name, fault))
}

/// Decodes a part of a larger input like [`decode`], without looking for file signatures.
pub(super) fn decode_part(bytes: &[u8]) -> std::result::Result<String, InputFault> {
    let refuse = |reason: String| InputFault::not_text(reason);
    let text = match marked(bytes) {
        Some((encoding, length)) => {
            let text = decode_strictly(encoding, &bytes[length..]);
            let text = text
                .map_err(|at| refuse(format!("byte {} is not {}", at + length, encoding.name())))?;
            refuse_binary(text.as_bytes()).map_or(Ok(text), |reason| Err(refuse(reason)))?
        }
        None => decode_unmarked(bytes).map_err(refuse)?,
    };
    let marks = text.chars().take(MAX_MARKS).take_while(|c| *c == '\u{feff}').count();
    Ok(if marks > 0 { text[marks * '\u{feff}'.len_utf8()..].to_string() } else { text })
}

/// Decodes a text without a byte order mark.
fn decode_unmarked(bytes: &[u8]) -> std::result::Result<String, String> {
    if let Some(encoding) = utf16_without_mark(bytes) {
        return decode_strictly(encoding, bytes)
            .map_err(|at| format!("byte {at} is not {}", encoding.name()));
    }
    if let Some(reason) = refuse_binary(bytes) {
        return Err(reason);
    }
    let declared = match declared(bytes) {
        Some(name) => label(&name).map_err(|reason| format!("its encoding {name} {reason}"))?,
        None => None,
    };
    let utf8 = match std::str::from_utf8(bytes) {
        Ok(text) => {
            // The declaration may be older than the file's last conversion; two-byte characters may
            // be either.
            let other = declared.filter(|other| *other == EUC_KR);
            let korean = || {
                decode_strictly(EUC_KR, bytes)
                    .ok()
                    .filter(|text| korean::reads_as_korean(bytes, text))
            };
            return match other
                .filter(|_| !text.chars().any(|c| c.len_utf8() > 2))
                .and_then(|_| korean())
            {
                Some(korean) => Ok(korean),
                None => Ok(text.to_string()),
            };
        }
        Err(error) => error.valid_up_to(),
    };
    let korean = decode_strictly(EUC_KR, bytes);
    let reads_as_korean = korean.as_ref().is_ok_and(|text| korean::reads_as_korean(bytes, text));
    // Old Korean pages declare ISO-8859-1.
    let trusted =
        declared.filter(|name| *name != UTF_8 && !(*name == WINDOWS_1252 && reads_as_korean));
    if let Some(text) = trusted.and_then(|encoding| decode_strictly(encoding, bytes).ok()) {
        return Ok(text);
    }
    match korean {
        Ok(text) if reads_as_korean => Ok(text),
        _ if korean::reads_as_latin(bytes) => decode_strictly(WINDOWS_1252, bytes)
            .map_err(|at| format!("byte {at} is not Windows-1252")),
        _ if korean::reads_as_johab(bytes) => Err(format!(
            "it reads as Korean in Johab (CP1361), which {}",
            label("johab").err().unwrap_or_default()
        )),
        _ if bytes[..utf8].iter().any(|byte| !byte.is_ascii()) => Err(format!(
            "byte {utf8} (line {}) is not UTF-8, unlike the text before it",
            line_of(bytes, utf8)
        )),
        // The encoding that got further is likelier: its error position is more useful.
        korean => Err(format!(
            "byte {} fits neither UTF-8 nor EUC-KR/CP949 nor Windows-1252; if it is in another encoding, \
             name it with --encoding",
            korean.err().unwrap_or(0).max(utf8)
        )),
    }
}

fn line_of(bytes: &[u8], at: usize) -> usize {
    bytes[..at].iter().filter(|byte| **byte == b'\n').count() + 1
}

/// UTF-16 without a byte order mark, as some tools write it: spaces and line breaks put all NUL
/// bytes on one side.
pub(super) fn utf16_without_mark(bytes: &[u8]) -> Option<&'static Encoding> {
    const EXAMINED_BYTES: usize = 1 << 12;
    let start = &bytes[..bytes.len().min(EXAMINED_BYTES) & !1];
    if bytes.len() < 4 || !start.contains(&0) {
        return None;
    }
    let readable = |encoding: &'static Encoding| {
        // The last unit may be half of a surrogate pair.
        let text = encoding.decode_without_bom_handling(start).0;
        let is_plain = |c: &char| {
            matches!(c, '\t' | '\n' | '\r' | ' '..='~' | '\u{a0}'..='\u{17f}' | '\u{2010}'..='\u{203b}')
                || matches!(c, '\u{25a0}'..='\u{25ff}' | '\u{3000}'..='\u{3015}')
                || crate::language::is_hangul(*c)
        };
        let plain = text.chars().filter(is_plain).count();
        // A text with NUL characters is in neither byte order.
        !text.contains('\0') && plain * 10 >= text.chars().count() * 9
    };
    match (readable(UTF_16LE), readable(UTF_16BE)) {
        (true, false) => Some(UTF_16LE),
        (false, true) => Some(UTF_16BE),
        _ => None,
    }
}

/// The encoding that XML declares, for a stream that begins with these bytes; `None` for UTF-8, and
/// for a declaration that the bytes contradict. The error is a predicate of the file.
pub(super) fn declared_for_stream(
    beginning: &[u8],
) -> std::result::Result<Option<&'static Encoding>, String> {
    if marked(beginning).is_some() || utf16_without_mark(beginning).is_some() {
        return Ok(None);
    }
    let Some(name) = declared(beginning) else { return Ok(None) };
    let encoding = label(&name).map_err(|reason| format!("is in {name}, which {reason}"))?;
    // The last character may be cut.
    let is_utf8 = match std::str::from_utf8(beginning) {
        Ok(_) => !beginning.is_ascii(),
        Err(error) => error.error_len().is_none(),
    };
    let is_wide = |encoding| encoding == UTF_16LE || encoding == UTF_16BE;
    Ok(encoding.filter(|encoding| !is_utf8 && *encoding != UTF_8 && !is_wide(*encoding)))
}

/// The encoding label that XML or HTML declares.
fn declared(bytes: &[u8]) -> Option<String> {
    let start = bytes[..bytes.len().min(DECLARATION_BYTES)].trim_ascii_start();
    if !start.starts_with(b"<") {
        return None;
    }
    let start: String = start.iter().map(|byte| char::from(*byte).to_ascii_lowercase()).collect();
    let value = |rest: &str| {
        let rest =
            rest.trim_start().strip_prefix('=')?.trim_start().trim_start_matches(['"', '\'']);
        let end = rest
            .find(|c: char| !(c.is_ascii_alphanumeric() || "-_:.".contains(c)))
            .unwrap_or(rest.len());
        Some(rest[..end].to_string()).filter(|name| !name.is_empty())
    };
    if start.starts_with("<?xml")
        && let Some(declaration) = start.split_once("?>").map(|(declaration, _)| declaration)
        && let Some((_, rest)) = declaration.split_once("encoding")
    {
        return value(rest);
    }
    let mut rest = start.as_str();
    while let Some(at) = rest.find("<meta") {
        rest = &rest[at + 5..];
        let tag = &rest[..rest.find('>').unwrap_or(rest.len())];
        if let Some((_, after)) = tag.split_once("charset")
            && let Some(name) = value(after)
        {
            return Some(name);
        }
    }
    None
}

/// Decodes strictly; the error is the byte position. Bytes undefined in Windows-1252 are errors.
fn decode_strictly(
    encoding: &'static Encoding,
    bytes: &[u8],
) -> std::result::Result<String, usize> {
    if encoding == WINDOWS_1252
        && let Some(at) =
            bytes.iter().position(|byte| matches!(byte, 0x81 | 0x8D | 0x8F | 0x90 | 0x9D))
    {
        return Err(at);
    }
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

/// The reason why bytes are not text in any ASCII-compatible encoding; `None` if they may be.
fn refuse_binary(bytes: &[u8]) -> Option<String> {
    if let Some(at) = bytes.iter().position(|b| *b == 0) {
        return Some(format!("it has a NUL byte at {at}"));
    }
    if bytes.windows(4).take(256).any(|four| four == b"\x1B$)C") {
        return Some(format!(
            "it is in ISO-2022-KR, which {}",
            label("iso-2022-kr").err().unwrap_or_default()
        ));
    }
    let controls = bytes
        .iter()
        .filter(|b| b.is_ascii_control() && !matches!(b, b'\t' | b'\n' | b'\r' | 0x0C))
        .count();
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
    fn utf16_is_read_with_its_mark_and_without() {
        let wide = |text: &str| text.encode_utf16().flat_map(u16::to_le_bytes).collect::<Vec<u8>>();
        let big = |text: &str| text.encode_utf16().flat_map(u16::to_be_bytes).collect::<Vec<u8>>();
        assert_eq!(
            decode(&[&b"\xFF\xFE"[..], &wide("말\r\n모이")].concat(), "a").unwrap(),
            "말\r\n모이"
        );
        for text in [
            "news",
            "해민시는 7일 배를 띄웠다.\r\n",
            "The mayor’s plan – “ready” – is here.",
            "말 모이",
            "£5 a day",
        ] {
            assert_eq!(decode(&wide(text), "a").unwrap(), text);
            assert_eq!(decode(&big(text), "a").unwrap(), text);
        }
        assert!(message(b"news\0\0\0\0").contains("NUL byte"));
        assert!(message(b"\x7fELF\x02\x01\x01\0\0\0\0\0\0\0").contains("a program"));
        assert_eq!(decode(b"\xFE\xFF\0a\0\n", "a").unwrap(), "a\n");
    }

    #[test]
    fn cp949_is_read_and_its_extension_too() {
        let (bytes, _, _) = EUC_KR.encode("똠방각하 펲시콜라를 마셨다. 쀍");
        assert_eq!(decode(&bytes, "a").unwrap(), "똠방각하 펲시콜라를 마셨다. 쀍");
    }

    #[test]
    fn english_with_typographic_quotes_is_not_korean() {
        assert_eq!(
            decode(b"The minister\x92s \x93ironclad\x94 word, he said at the caf\xE9 on Thursday afternoon, stands firm.", "a").unwrap(),
            "The minister’s “ironclad” word, he said at the café on Thursday afternoon, stands firm."
        );
    }

    #[test]
    fn a_second_byte_order_mark_is_skipped() {
        assert_eq!(decode("\u{feff}\u{feff}말모이".as_bytes(), "a").unwrap(), "말모이");
        assert_eq!(decode(b"\xFF\xFE\xFF\xFEa\0", "a").unwrap(), "a");
        assert_eq!(decode(b"\xEF\xBB\xBF\xFF\xFEa\0", "a").unwrap(), "a");
        assert_eq!(decode("말\u{feff}모이".as_bytes(), "a").unwrap(), "말\u{feff}모이");
    }

    #[test]
    fn declared_encodings_are_used() {
        let cases: &[(&[u8], &str)] = &[
            (b"<?xml version='1.0' encoding='ISO-8859-1'?><a>It costs \xA366.</a>", "£66"),
            (b"<?xml version=\"1.0\" encoding=\"windows-1252\"?><a>mayor\x92s</a>", "mayor’s"),
            (b"<?xml version=\"1.0\" encoding=\"utf-8\"?><a>mayor\x92s</a>", "mayor’s"),
            (b"<!doctype html><meta charset=euc-kr><p>\xC4\xAB", "카"),
            (b"<html><meta http-equiv='Content-Type' content='text/html; charset=ks_c_5601-1987'>\xC4\xAB", "카"),
            (b"<html><meta charset=\"iso-8859-1\"><p>\xC7\xD8\xB9\xCE\xBD\xC3\xB4\xC2 \xB9\xE0\xC7\xFB\xB4\xD9.", "해민시는 밝혔다."),
            ("<html><meta charset=\"euc-kr\"><p>해민시는".as_bytes(), "해민시는"),
            (b"<html><meta name='x'><meta charset='shift_jis'><p>\x83\x65\x83\x58\x83\x67", "テスト"),
            (b"<html><meta charset='no-such'><p>caf\xE9", "café"),
        ];
        for (bytes, words) in cases {
            let text = decode(bytes, "a").unwrap_or_else(|error| panic!("{words}: {error}"));
            assert!(text.ends_with(words) || text.contains(words), "{words}: {text}");
        }
        assert!(
            message(b"<?xml version='1.0' encoding='johab'?><a>\xD0\x65</a>")
                .contains("iconv -f JOHAB")
        );
    }

    #[test]
    fn binary_input_is_refused_with_the_position() {
        assert!(
            message("말모이 ".repeat(3).as_bytes().split_last().unwrap().1.split_last().unwrap().1)
                .contains("byte 26 (line 1) is not UTF-8")
        );
        let mixed = [
            &b"One.\n"[..],
            "해민시는 7일 밝혔다.\n".as_bytes(),
            b"\xC7\xD8\xB9\xCE\xBD\xC3\xB4\xC2\n",
        ]
        .concat();
        assert!(message(&mixed).contains("(line 3) is not UTF-8"), "{}", message(&mixed));
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
            prop_assume!(unknown::signature(text.as_bytes()).is_none());
            prop_assert_eq!(decode(text.as_bytes(), "a").unwrap(), text);
        }
    }
}
