//! A tolerant XML scanner: finds tags and CDATA sections in one pass, well-formed or not.
//!
//! Everything else is text: `3 < 5`, `<속보>`, a tag interrupted by the next one. Entities are
//! not decoded.

use crate::document::Span;

/// A tag, section or comment; everything between two of them is text.
#[derive(Debug, Clone)]
pub(super) struct XmlToken {
    /// Span including both brackets.
    pub span: Span,
    pub kind: XmlTokenKind,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum XmlTokenKind {
    /// `<a>`
    Open,
    /// `<a/>`
    Empty,
    /// `</a>`
    Close,
    /// `<![CDATA[…]]>`
    Section,
    /// A comment, declaration or instruction.
    Other,
}

pub(super) const SECTION: &str = "<![CDATA[";
const SECTION_END: &str = "]]>";

/// The name of a tag as written, prefix included.
pub(super) fn name(tag: &str) -> &str {
    let inside = tag.trim_start_matches(['<', '/']);
    inside.split(|c: char| c.is_whitespace() || matches!(c, '/' | '>')).next().unwrap_or_default()
}

/// The content of a CDATA section.
pub(super) fn section(raw: &str) -> &str {
    let inside = raw.strip_prefix(SECTION).unwrap_or(raw);
    inside.strip_suffix(SECTION_END).unwrap_or(inside)
}

/// A forward scanner. It holds positions only, so that its owner can also own the text.
#[derive(Debug)]
pub(super) struct XmlScanner {
    at: usize,
    /// Beginning of an item's end tag, which bounds an unclosed section.
    item_end: String,
    comment: CachedSearch,
    section: CachedSearch,
    instruction: CachedSearch,
    declaration: CachedSearch,
    subset: CachedSearch,
}

impl XmlScanner {
    /// A scanner at the start of a text. `item_end` is the beginning of an item's end tag:
    /// `</item`.
    pub fn new(item_end: String) -> Self {
        Self {
            at: 0,
            item_end,
            comment: CachedSearch::of("-->"),
            section: CachedSearch::of(SECTION_END),
            instruction: CachedSearch::of("?>"),
            declaration: CachedSearch::of(">"),
            subset: CachedSearch::of("]"),
        }
    }

    /// The next token of `text`, which must be the same text at every call.
    pub fn next(&mut self, text: &str) -> Option<XmlToken> {
        loop {
            let start = self.at + text[self.at..].find('<')?;
            let rest = &text[start..];
            let (kind, end) = match rest.as_bytes() {
                [b'<', b'!', b'-', b'-', ..] => {
                    (XmlTokenKind::Other, self.comment.end(text, start + 4))
                }
                [b'<', b'!', ..] if rest.starts_with(SECTION) => {
                    (XmlTokenKind::Section, Some(self.section_end(text, start)))
                }
                [b'<', b'!', c, ..] if c.is_ascii_alphabetic() => {
                    (XmlTokenKind::Other, self.doctype(text, start))
                }
                [b'<', b'?', ..] => (XmlTokenKind::Other, self.instruction.end(text, start + 2)),
                [b'<', b'/', ..] => {
                    (XmlTokenKind::Close, tag_end(rest).map(|length| start + length))
                }
                _ => match tag_end(rest) {
                    Some(length) if rest[..length].ends_with("/>") => {
                        (XmlTokenKind::Empty, Some(start + length))
                    }
                    length => (XmlTokenKind::Open, length.map(|length| start + length)),
                },
            };
            match end {
                Some(end) => {
                    self.at = end;
                    return Some(XmlToken { span: start..end, kind });
                }
                None => self.at = start + 1,
            }
        }
    }

    /// The end of a CDATA section; an unclosed one ends with its item.
    fn section_end(&mut self, text: &str, start: usize) -> usize {
        let from = start + SECTION.len();
        let end = self.section.find(text, from);
        let inside = &text[from..end.unwrap_or(text.len())];
        let nested = inside.find(SECTION);
        if end.is_some() && nested.is_none() {
            return from + inside.len() + SECTION_END.len();
        }
        let before = &inside[..nested.unwrap_or(inside.len())];
        match (before.find(&self.item_end), end) {
            (Some(item), _) => from + item,
            (None, Some(end)) => end + SECTION_END.len(),
            (None, None) => from + before.len(),
        }
    }

    /// The end of a declaration, including a doctype's internal subset.
    fn doctype(&mut self, text: &str, start: usize) -> Option<usize> {
        let end = self.declaration.find(text, start)?;
        if !text[start..end].contains('[') {
            return Some(end + 1);
        }
        let subset = self.subset.find(text, start)?;
        self.declaration.end(text, subset)
    }
}

/// Cached search for a word, so that repeated searches stay linear.
#[derive(Debug)]
struct CachedSearch {
    word: &'static str,
    /// Position found last, `usize::MAX` for none; `None` before the first search.
    at: Option<usize>,
}

impl CachedSearch {
    fn of(word: &'static str) -> Self {
        Self { word, at: None }
    }

    fn find(&mut self, text: &str, from: usize) -> Option<usize> {
        if self.at.is_none_or(|at| at < from) {
            let next_at = text.get(from..).and_then(|rest| rest.find(self.word));
            self.at = Some(next_at.map_or(usize::MAX, |at| from + at));
        }
        self.at.filter(|at| *at != usize::MAX)
    }

    /// Position after the word.
    fn end(&mut self, text: &str, from: usize) -> Option<usize> {
        self.find(text, from).map(|at| at + self.word.len())
    }
}

/// Length of the tag at the start of a text; `None` without an ASCII name, or if another tag
/// interrupts it.
fn tag_end(rest: &str) -> Option<usize> {
    let bytes = rest.as_bytes();
    let named = if bytes.get(1) == Some(&b'/') { 2 } else { 1 };
    if !bytes.get(named)?.is_ascii_alphabetic() && bytes[named] != b'_' {
        return None;
    }
    let (mut quote, mut equals, mut in_name) = (None, false, true);
    // The first bracket inside a quoted value, used if the quote is never closed.
    let mut loose = None;
    for (at, byte) in bytes.iter().enumerate().skip(named) {
        in_name &= !(byte.is_ascii_whitespace() || matches!(byte, b'/' | b'>'));
        if in_name && !(byte.is_ascii_alphanumeric() || matches!(byte, b':' | b'_' | b'.' | b'-')) {
            return None;
        }
        match (quote, byte) {
            (None, b'>') => return Some(at + 1),
            (None, b'<') => return None,
            (None, b'"' | b'\'') if equals => quote = Some(*byte),
            (Some(open), byte) if open == *byte => quote = None,
            (Some(_), b'<') => return loose,
            (Some(_), b'>') if loose.is_none() => loose = Some(at + 1),
            _ => {}
        }
        equals = *byte == b'=' || (equals && byte.is_ascii_whitespace());
    }
    loose
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn tokens(text: &str) -> Vec<String> {
        let mut scanner = XmlScanner::new("</item".into());
        std::iter::from_fn(|| scanner.next(text))
            .map(|token| format!("{:?} {}", token.kind, &text[token.span]))
            .collect()
    }

    #[test]
    fn tags_sections_and_comments_are_told_from_text() {
        assert_eq!(
            tokens(
                "<?xml v='1'?><!DOCTYPE a [<!ENTITY b 'c'>]><a t=\"x > y\">3 < 5 <속보> <AI 시대>&lt;<b/></a><!-- <c> --><![CDATA[<d>]]>"
            ),
            [
                "Other <?xml v='1'?>",
                "Other <!DOCTYPE a [<!ENTITY b 'c'>]>",
                "Open <a t=\"x > y\">",
                "Open <AI 시대>",
                "Empty <b/>",
                "Close </a>",
                "Other <!-- <c> -->",
                "Section <![CDATA[<d>]]>"
            ]
        );
    }

    #[test]
    fn unclosed_elements_do_not_swallow_the_rest() {
        assert_eq!(tokens("<!-- a <b> c"), ["Open <b>"]);
        assert_eq!(
            tokens("<a href=\"x>y</a> <b <c>"),
            ["Open <a href=\"x>", "Close </a>", "Open <c>"]
        );
        assert_eq!(
            tokens("<item><![CDATA[one</item><item><![CDATA[two]]></item>"),
            [
                "Open <item>",
                "Section <![CDATA[one",
                "Close </item>",
                "Open <item>",
                "Section <![CDATA[two]]>",
                "Close </item>"
            ]
        );
        assert_eq!(tokens("<![CDATA[a <![CDATA[b]]>"), ["Section <![CDATA[a <![CDATA[b]]>"]);
    }

    proptest! {
        #[test]
        fn tokens_of_any_text_are_in_order(text in "(<[/!?]?|a|item|>|\"|=|'| |-->|--|<!\\[CDATA\\[|\\]\\]>|가|\\]){0,40}") {
            let mut scanner = XmlScanner::new("</item".into());
            let mut end = 0;
            while let Some(token) = scanner.next(&text) {
                prop_assert!(token.span.start >= end && token.span.end > token.span.start);
                prop_assert!(text.get(token.span.clone()).is_some());
                end = token.span.end;
            }
        }
    }
}
