//! The text of a paragraph: UTF-16 with control characters, some of which are eight units long.

use super::super::office::Paragraphs;
use super::records::utf16;

/// Length of an inline or extended control character with its data, in bytes.
const LONG_BYTES: usize = 16;

/// Adds a paragraph's text. `inserted` are the texts of its controls, by their number in the
/// paragraph, in order.
pub(super) fn add(data: &[u8], inserted: &[(usize, String)], found: &mut Paragraphs) {
    let (mut at, mut words, mut control) = (0, 0, 0);
    let mut inserted = inserted.iter().peekable();
    while let Some(unit) = data.get(at..at + 2) {
        let unit = u16::from_le_bytes([unit[0], unit[1]]);
        if unit >= 32 {
            at += 2;
            continue;
        }
        if words < at {
            found.words(&utf16(&data[words..at]));
        }
        match unit {
            9 => found.words("\t"),
            10 => found.line_break(),
            24 => found.words("-"),
            30 => found.words("\u{a0}"),
            31 => found.words(" "),
            _ if is_extended(unit) => {
                while let Some((_, text)) = inserted.next_if(|(number, _)| *number == control) {
                    found.words(text);
                }
                control += 1;
            }
            _ => {}
        }
        at += if is_long(unit) { LONG_BYTES } else { 2 };
        words = at;
    }
    if let Some(rest) = data.get(words..).filter(|rest| !rest.is_empty()) {
        found.words(&utf16(rest));
    }
}

/// True for a control character that stands for a control record.
fn is_extended(unit: u16) -> bool {
    matches!(unit, 1..=3 | 11 | 12 | 14..=18 | 21..=23)
}

/// True for a control character with data after it.
fn is_long(unit: u16) -> bool {
    is_extended(unit) || matches!(unit, 4..=9 | 19 | 20)
}
