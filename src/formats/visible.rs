//! The visible part of a text: without characters that have no width.
//!
//! Invisible characters carry instructions to models that no editor shows, and reverse the reading
//! direction. They stay in the [`Document`](crate::document::Document), whose text must be rejoined
//! byte for byte; prompts are made from the visible text.

use std::borrow::Cow;

use unicode_normalization::{IsNormalized, UnicodeNormalization, is_nfc_quick};

/// Removes bidirectional controls, tag characters, zero-width and control characters, and composes
/// decomposed Hangul (NFC, from macOS). Borrows an unchanged text.
///
/// ```
/// use malmoi::formats::visible;
/// assert_eq!(visible("말모이\u{200b} news\u{e0041}\u{e0042}"), "말모이 news");
/// assert_eq!(visible("\u{1112}\u{1161}\u{11ab}글"), "한글");
/// assert!(matches!(visible("plain\ttext\r\n"), std::borrow::Cow::Borrowed(_)));
/// ```
pub fn visible(text: &str) -> Cow<'_, str> {
    let shown: Cow<'_, str> = if text.contains(is_invisible) {
        text.chars().filter(|c| !is_invisible(*c)).collect::<String>().into()
    } else {
        text.into()
    };
    match is_nfc_quick(shown.chars()) {
        IsNormalized::Yes => shown,
        IsNormalized::No | IsNormalized::Maybe => shown.nfc().collect::<String>().into(),
    }
}

fn is_invisible(c: char) -> bool {
    match c {
        '\t' | '\n' | '\r' => false,
        // Soft hyphen, zero-width spaces and joiners, directional marks and embeddings, invisible
        // operators.
        '\u{AD}'
        | '\u{61C}'
        | '\u{180E}'
        | '\u{200B}'..='\u{200F}'
        | '\u{202A}'..='\u{202E}'
        | '\u{2060}'..='\u{206F}' => true,
        // Byte order mark, interlinear annotations, Hangul fillers (blank letters).
        '\u{FEFF}'
        | '\u{FFF9}'..='\u{FFFB}'
        | '\u{115F}'
        | '\u{1160}'
        | '\u{3164}'
        | '\u{FFA0}' => true,
        // Tag characters and variation selectors: an invisible alphabet.
        '\u{E0000}'..='\u{E0FFF}' => true,
        c => c.is_control(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn direction_marks_and_escapes_are_removed() {
        assert_eq!(visible("a\u{202e}b\u{2066}c\u{1b}[31m"), "abc[31m");
    }

    proptest! {
        #[test]
        fn visible_text_is_unchanged(text in "(?s).*") {
            let once = visible(&text).into_owned();
            prop_assert!(!once.contains(is_invisible));
            prop_assert_eq!(visible(&once).into_owned(), once.clone());
        }
    }
}
