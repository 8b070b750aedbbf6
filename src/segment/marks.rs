//! Punctuation of English and Korean news: terminators, quotation marks, brackets, bullets.

use std::collections::HashMap;

/// True for a mark that may end a sentence.
pub(super) fn is_terminator(c: char) -> bool {
    matches!(c, '.' | '!' | '?' | '…' | '。' | '！' | '？' | '．')
}

/// True for a terminator that needs no space after it.
pub(super) fn is_wide_terminator(c: char) -> bool {
    matches!(c, '。' | '！' | '？')
}

/// True for a mark that closes a quotation or a bracket.
pub(super) fn is_closer(c: char) -> bool {
    is_closing_quote(c) || matches!(c, ')' | ']' | '}' | '）' | '］' | '〉' | '》' | '】' | '〕')
}

/// True for a mark that closes a quotation.
pub(super) fn is_closing_quote(c: char) -> bool {
    matches!(c, '"' | '\'' | '”' | '’' | '」' | '』' | '»' | '＂' | '`')
}

/// True for a mark before an item in Korean agency copy.
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

/// True for a mark before a link or a note, which begins a new sentence. "▲" is not one: it also
/// occurs inside sentences.
pub(super) fn is_link_mark(c: char) -> bool {
    matches!(c, '▶' | '▷' | '▸' | '►' | '☞' | '※')
}

/// A span from an opening mark to its closing mark, the marks included, in bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Enclosed {
    pub start: usize,
    pub end: usize,
}

/// Longest quotation in single quotation marks. A longer span is more likely between apostrophes.
const MAX_SINGLE: usize = 400;
/// Longest parenthesis. A longer span is more likely after a list number.
const MAX_PARENTHESIS: usize = 600;

/// The outermost quotations and parentheses of a paragraph, in order. A mark without a closing mark
/// encloses nothing: English newspapers open every paragraph of a long quotation and close only the
/// last.
pub(super) fn enclosed(paragraph: &str) -> Vec<Enclosed> {
    let mut open = OpenMark::default();
    let mut found: Vec<Enclosed> = Vec::new();
    let mut before = None;
    let mut chars = paragraph.char_indices().peekable();
    while let Some((at, c)) = chars.next() {
        let after = chars.peek().map(|(_, c)| *c);
        let end = at + c.len_utf8();
        match role(c, before, after) {
            Role::Closes => found.extend(open.close(c, end)),
            Role::Either if open.is_waiting(c) => found.extend(open.close(c, end)),
            Role::Opens | Role::Either => open.push(at, partner(c)),
            Role::Neither => {}
        }
        before = Some(c);
    }
    outermost(found)
}

/// The role of a mark in its context.
enum Role {
    Opens,
    Closes,
    /// A straight double quotation mark with letters on both sides or on neither: it closes an open
    /// one, else it opens.
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
        // An apostrophe ("the '90s", "don't") neither opens nor closes.
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

/// The closing mark of an opening mark.
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

/// Opening marks without their closing marks so far. Each is pushed and popped once, however deep
/// the nesting.
#[derive(Default)]
struct OpenMark {
    /// Position and expected closing mark, the innermost last.
    marks: Vec<(usize, char)>,
    /// Number of open marks for each closing mark.
    waiting: HashMap<char, usize>,
}

impl OpenMark {
    fn push(&mut self, at: usize, closing: char) {
        self.marks.push((at, closing));
        *self.waiting.entry(closing).or_default() += 1;
    }

    /// True if an open mark waits for this closing mark.
    fn is_waiting(&self, c: char) -> bool {
        self.waiting.get(&c).is_some_and(|count| *count > 0)
    }

    /// Closes the innermost open mark of this kind, and all marks opened inside it.
    fn close(&mut self, c: char, end: usize) -> Option<Enclosed> {
        if !self.is_waiting(c) {
            return None;
        }
        let start = loop {
            let (at, closing) = self.marks.pop()?;
            if let Some(count) = self.waiting.get_mut(&closing) {
                *count -= 1;
            }
            if closing == c {
                break at;
            }
        };
        let longest = match c {
            '\'' | '’' => MAX_SINGLE,
            ')' | '）' | ']' => MAX_PARENTHESIS,
            _ => usize::MAX,
        };
        (end - start <= longest).then_some(Enclosed { start, end })
    }
}

fn outermost(mut found: Vec<Enclosed>) -> Vec<Enclosed> {
    found.sort_by_key(|span| (span.start, std::cmp::Reverse(span.end)));
    let mut outermost: Vec<Enclosed> = Vec::new();
    for span in found {
        if outermost.last().is_none_or(|last| span.start >= last.end) {
            outermost.push(span);
        }
    }
    outermost
}

#[cfg(test)]
mod tests {
    use super::*;

    fn texts(paragraph: &str) -> Vec<&str> {
        enclosed(paragraph).iter().map(|span| &paragraph[span.start..span.end]).collect()
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
