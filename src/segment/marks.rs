//! Which marks open, close and end what: the punctuation of English and Korean news.

use std::collections::HashMap;

/// Ends a sentence, or may.
pub(super) fn is_terminator(c: char) -> bool {
    matches!(c, '.' | '!' | '?' | '…' | '。' | '！' | '？' | '．')
}

/// A terminator that needs no space after it.
pub(super) fn is_wide_terminator(c: char) -> bool {
    matches!(c, '。' | '！' | '？')
}

/// Closes a quotation or a bracket.
pub(super) fn is_closer(c: char) -> bool {
    is_closing_quote(c) || matches!(c, ')' | ']' | '}' | '）' | '］' | '〉' | '》' | '】' | '〕')
}

/// Closes a quotation.
pub(super) fn is_closing_quote(c: char) -> bool {
    matches!(c, '"' | '\'' | '”' | '’' | '」' | '』' | '»' | '＂' | '`')
}

/// Marks the beginning of an item in Korean agency copy.
pub(super) fn is_bullet(c: char) -> bool {
    matches!(
        c,
        '▲' | '△'
            | '▶'
            | '▷'
            | '■'
            | '□'
            | '◆'
            | '◇'
            | '●'
            | '○'
            | '◎'
            | '☞'
            | '※'
            | '•'
            | '·'
    )
}

/// Leads a link or a note, which is no part of the sentence before it; "▲" also stands inside of
/// sentences.
pub(super) fn is_link_mark(c: char) -> bool {
    matches!(c, '▶' | '▷' | '▸' | '►' | '☞' | '※')
}

/// A stretch of text between an opening mark and its closing mark, in bytes, the marks included.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Enclosed {
    pub start: usize,
    pub end: usize,
}

/// Longest stretch taken for a quotation in straight single marks, and for a parenthesis. Both
/// marks have other uses (apostrophes, list numbers); what is longer is more likely one of those.
const LONGEST_SINGLE: usize = 400;
const LONGEST_PARENTHESIS: usize = 600;

/// The outermost quotations and parentheses of a paragraph, in order. A mark that is never closed
/// encloses nothing: English papers open every paragraph of a long quotation and close only the
/// last.
pub(super) fn enclosed(paragraph: &str) -> Vec<Enclosed> {
    let mut open = Open::default();
    let mut found: Vec<Enclosed> = Vec::new();
    let mut before = None;
    let mut chars = paragraph.char_indices().peekable();
    while let Some((at, c)) = chars.next() {
        let after = chars.peek().map(|(_, c)| *c);
        let end = at + c.len_utf8();
        match role(c, before, after) {
            Role::Closes => found.extend(open.close(c, end)),
            Role::Either if open.awaits(c) => found.extend(open.close(c, end)),
            Role::Opens | Role::Either => open.push(at, partner(c)),
            Role::Neither => {}
        }
        before = Some(c);
    }
    outermost(found)
}

/// What a mark does where it stands.
enum Role {
    Opens,
    Closes,
    /// Straight double quotes next to letters on both sides, or on neither: whichever is due.
    Either,
    Neither,
}

fn role(c: char, before: Option<char>, after: Option<char>) -> Role {
    let space_before = before.is_none_or(|c| {
        c.is_whitespace() || matches!(c, '(' | '[' | '“' | '"' | '‘' | '-' | '—' | '·')
    });
    let space_after = after.is_none_or(char::is_whitespace);
    match c {
        '“' | '「' | '『' | '«' | '(' | '[' | '（' | '《' | '〈' | '‘' => Role::Opens,
        '”' | '」' | '』' | '»' | ')' | ']' | '）' | '》' | '〉' => Role::Closes,
        '"' | '＂' if space_before && !space_after => Role::Opens,
        '"' | '＂' if !space_before && space_after => Role::Closes,
        '"' | '＂' => Role::Either,
        // "the '90s" opens nothing; "don't" and "workers'" neither open nor, next to a Latin
        // letter, close.
        '\'' if space_before && !space_after && !after.is_some_and(|c| c.is_ascii_digit()) => {
            Role::Opens
        }
        '\'' | '’'
            if !before.is_none_or(char::is_whitespace)
                && !after.is_some_and(|c| c.is_ascii_alphanumeric()) =>
        {
            Role::Closes
        }
        _ => Role::Neither,
    }
}

fn partner(c: char) -> char {
    match c {
        '“' => '”',
        '‘' => '’',
        '「' => '」',
        '『' => '』',
        '«' => '»',
        '(' => ')',
        '[' => ']',
        '（' => '）',
        '《' => '》',
        '〈' => '〉',
        other => other,
    }
}

/// Marks that wait for their partner, the innermost last, and how many wait for each: a mark is put
/// in and taken out once, however deep they are nested and whichever closing mark finds no partner.
#[derive(Default)]
struct Open {
    marks: Vec<(usize, char)>,
    waiting: HashMap<char, usize>,
}

impl Open {
    fn push(&mut self, at: usize, wanted: char) {
        self.marks.push((at, wanted));
        *self.waiting.entry(wanted).or_default() += 1;
    }

    fn awaits(&self, c: char) -> bool {
        self.waiting.get(&c).is_some_and(|count| *count > 0)
    }

    /// Closes the innermost open mark of this kind, and with it whatever was opened inside and left
    /// open.
    fn close(&mut self, c: char, end: usize) -> Option<Enclosed> {
        if !self.awaits(c) {
            return None;
        }
        let start = loop {
            let (at, wanted) = self.marks.pop()?;
            if let Some(count) = self.waiting.get_mut(&wanted) {
                *count -= 1;
            }
            if wanted == c {
                break at;
            }
        };
        let longest = match c {
            '\'' | '’' => LONGEST_SINGLE,
            ')' | '）' | ']' => LONGEST_PARENTHESIS,
            _ => usize::MAX,
        };
        (end - start <= longest).then_some(Enclosed { start, end })
    }
}

fn outermost(mut found: Vec<Enclosed>) -> Vec<Enclosed> {
    found.sort_by_key(|one| (one.start, std::cmp::Reverse(one.end)));
    let mut kept: Vec<Enclosed> = Vec::new();
    for one in found {
        if kept.last().is_none_or(|last| one.start >= last.end) {
            kept.push(one);
        }
    }
    kept
}

#[cfg(test)]
mod tests {
    use super::*;

    fn texts(paragraph: &str) -> Vec<&str> {
        enclosed(paragraph).iter().map(|one| &paragraph[one.start..one.end]).collect()
    }

    #[test]
    fn quotations_of_both_languages_are_found_and_nested_ones_are_inside_the_outer() {
        assert_eq!(texts(r#"He said "no 'way' ever" (twice)."#), [r#""no 'way' ever""#, "(twice)"]);
        assert_eq!(texts(r#"장관은 "걱정 말라"고 했다."#), [r#""걱정 말라""#]);
        assert_eq!(texts("“그는 ‘네’라고 했다”고 전했다."), ["“그는 ‘네’라고 했다”"]);
    }

    #[test]
    fn apostrophes_and_unclosed_quotes_enclose_nothing() {
        assert!(texts("The workers' rights don't date from the '90s.").is_empty());
        assert!(texts("\"We will act. We are ready.").is_empty());
    }
}
