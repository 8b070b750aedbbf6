//! Decodes the bytes of a feed. A bad byte, or one item in another encoding, does not spoil the
//! rest.

use std::borrow::Cow;

use encoding_rs::{EUC_KR, Encoding, UTF_8, UTF_16BE, UTF_16LE};

use super::super::{byte_order, encoding, xml};
use crate::error::InputFault;

/// Share of undecodable bytes a feed may have: one in this many.
const ODD_SHARE: usize = 50;
/// Valid multi-byte sequences per invalid one from which a text counts as UTF-8. EUC-KR forms valid
/// sequences only by accident.
const UTF8_SHARE: usize = 4;

/// The text of a feed, and true if bytes were replaced by U+FFFD.
pub(super) fn decode(bytes: &[u8]) -> Result<(String, bool), InputFault> {
    let bytes = without_nul(bytes);
    if let Some((wide, length)) = byte_order::marked(&bytes)
        && wide != UTF_8
    {
        let (text, replaced) = wide.decode_without_bom_handling(&bytes[length..]);
        return if text.chars().filter(|c| *c == char::REPLACEMENT_CHARACTER).count() * ODD_SHARE
            > text.len()
        {
            Err(InputFault::NotText(format!(" in {}", wide.name())))
        } else {
            Ok((text.into_owned(), replaced))
        };
    }
    if is_utf8_but_for_a_few(&bytes) {
        let bytes = bytes.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(&bytes);
        return Ok(decode_by_tags(bytes));
    }
    let refused = match encoding::decode_part(&bytes) {
        Ok(text) => return Ok((text, false)),
        Err(reason) if bytes.contains(&0) => return Err(reason),
        Err(reason) => reason,
    };
    let declared = declared(&bytes).filter(|one| *one != UTF_16LE && *one != UTF_16BE);
    let decoded = declared.into_iter().chain([EUC_KR, UTF_8]).map(|encoding| {
        let (text, _) = encoding.decode_without_bom_handling(&bytes);
        (text.chars().filter(|c| *c == char::REPLACEMENT_CHARACTER).count(), text)
    });
    match decoded.min_by_key(|(odd, _)| *odd) {
        Some((odd, text)) if odd * ODD_SHARE <= bytes.len() => Ok((text.into_owned(), odd > 0)),
        _ => Err(refused),
    }
}

/// Removes stray NUL bytes. Many NULs mean another encoding or a binary file, and stay.
fn without_nul(bytes: &[u8]) -> Cow<'_, [u8]> {
    let nul = bytes.iter().filter(|byte| **byte == 0).count();
    if nul > 0 && nul * ODD_SHARE <= bytes.len() && byte_order::marked(bytes).is_none() {
        bytes.iter().copied().filter(|byte| *byte != 0).collect::<Vec<u8>>().into()
    } else {
        bytes.into()
    }
}

/// True if valid UTF-8 far outweighs invalid bytes.
fn is_utf8_but_for_a_few(bytes: &[u8]) -> bool {
    let (mut fitting, mut odd) = (0, 0);
    for chunk in bytes.utf8_chunks() {
        fitting += chunk.valid().chars().filter(|c| !c.is_ascii()).count();
        odd += usize::from(!chunk.invalid().is_empty());
    }
    !bytes.contains(&0) && (odd == 0 || fitting > odd * UTF8_SHARE)
}

/// Decodes UTF-8 tag by tag: parts in EUC-KR are decoded as such, other bad bytes are replaced.
fn decode_by_tags(bytes: &[u8]) -> (String, bool) {
    let mut text = String::with_capacity(bytes.len());
    let mut replaced = false;
    for piece in bytes.split_inclusive(|byte| *byte == b'>') {
        match std::str::from_utf8(piece) {
            Ok(piece) => text.push_str(piece),
            Err(_) => match korean(piece) {
                Some(korean) => text.push_str(&korean),
                None => {
                    text.push_str(&String::from_utf8_lossy(piece));
                    replaced = true;
                }
            },
        }
    }
    (text, replaced)
}

/// Decodes a part as EUC-KR if it is Korean and not UTF-8.
fn korean(piece: &[u8]) -> Option<String> {
    const ENOUGH: usize = 4;
    if is_utf8_but_for_a_few(piece) {
        return None;
    }
    let text = EUC_KR.decode_without_bom_handling_and_without_replacement(piece)?;
    let hangul = |c: &char| ('가'..='힣').contains(c);
    (text.chars().filter(hangul).count() >= ENOUGH).then(|| text.into_owned())
}

/// The encoding named by an XML declaration.
fn declared(bytes: &[u8]) -> Option<&'static Encoding> {
    let beginning = xml::beginning(bytes);
    let declaration = beginning.trim_start().strip_prefix("<?xml")?.split_once("?>")?.0;
    let value = xml::attributes(declaration).find(|(name, _)| *name == "encoding")?.1;
    Encoding::for_label(declaration[value].as_bytes())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(bytes: &[u8]) -> (String, bool) {
        decode(bytes).unwrap()
    }

    #[test]
    fn a_bad_byte_is_replaced_and_the_rest_is_read() {
        let text = "<rss><item>해민시는 7일 항구를</item><item>정비한다고</item></rss>";
        let mut bytes = text.as_bytes().to_vec();
        let at = text.find("</item>").unwrap() - 1;
        bytes.remove(at);
        assert_eq!(read(&bytes), (text.replace("항구를", "항구\u{fffd}"), true));
        let mut nul = text.as_bytes().to_vec();
        nul.insert(10, 0);
        assert_eq!(read(&nul), (text.to_string(), false));
        assert!(decode(b"<rss>\0\0\0\0\0").is_err());
    }

    #[test]
    fn one_item_in_another_encoding_is_read_in_that() {
        let one = "<rss><item>해민시는 7일 항구를 정비한다고 밝혔다</item>".repeat(5) + "<item>";
        let two = "한서진 시장이 말했다";
        let bytes = [one.as_bytes(), &EUC_KR.encode(two).0, b"</item></rss>"].concat();
        assert_eq!(read(&bytes), (format!("{one}{two}</item></rss>"), false));
    }

    #[test]
    fn korean_with_a_bad_byte_is_still_korean() {
        let text = "<?xml version='1.0' encoding='euc-kr'?><rss><item>해민시는 7일 항구를 정비한다</item></rss>";
        let mut bytes = EUC_KR.encode(text).0.into_owned();
        let at = bytes.len() - b"</item></rss>".len();
        bytes.insert(at, 0xff);
        assert_eq!(read(&bytes), (text.replace("한다<", "한다\u{fffd}<"), true));
        assert_eq!(read(&EUC_KR.encode(text).0), (text.to_string(), false));
    }
}
