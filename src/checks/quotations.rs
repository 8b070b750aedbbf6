//! Quotation marks of a text and what they enclose, in any style: "…", “…”, '…', ‘…’, 「…」, 『…』.
//!
//! Apostrophes and marks of feet and inches are no quotation marks. A quotation ends with its
//! paragraph: English newspapers open every paragraph of a long quotation and close only the last.

use crate::document::Span;
use crate::language::is_hangul;

/// The style of a quotation's marks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum QuoteStyle {
    /// Straight or curly double marks.
    Double,
    /// Straight or curly single marks.
    Single,
    /// Corner brackets.
    Corner,
}

/// A quotation with both of its marks.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Quotation {
    pub style: QuoteStyle,
    /// The words between the marks.
    pub words: Span,
    /// The words and the marks.
    pub whole: Span,
}

/// The quotation marks of a text, in order.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Quotations {
    /// Quotations with both marks, by their ends; those in single marks may be inside others.
    pub closed: Vec<Quotation>,
    /// Opening marks without a closing mark in their paragraph.
    pub unclosed: Vec<(QuoteStyle, Span)>,
    /// Closing marks without an opening mark in their paragraph.
    pub unopened: Vec<(QuoteStyle, Span)>,
    /// Number of double marks of both directions.
    pub double_marks: usize,
    /// A mark that is not doubled in a text where the others are, as in CSV.
    pub undoubled: Option<Span>,
}

/// The place of a word among the quotations of a text.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Zone {
    Outside,
    /// In the quotation that starts at this position.
    Inside(usize),
    /// Before a closing mark that nothing opens.
    Before,
    /// After an opening mark that nothing closes.
    After,
}

/// Longest quotation in single marks: a longer one is more likely between two apostrophes.
const MAX_SINGLE: usize = 600;

/// Reads the quotation marks of a text.
pub(super) fn read(text: &str) -> Quotations {
    let mut found = Quotations::default();
    let mut open = Open::default();
    let mut before = None;
    let field = csv_field(text);
    let mut chars = text[..field.end].char_indices().peekable();
    while let Some((at, c)) = chars.next() {
        if at < field.start {
            continue;
        }
        let mut mark = at..at + c.len_utf8();
        if c == '"' && field.start > 0 && chars.next_if(|(_, c)| *c == '"').is_some() {
            mark.end += 1;
        }
        let after = chars.peek().map(|(_, c)| *c);
        if c == '\n' && text[mark.end..].trim_start_matches([' ', '\t', '\r']).starts_with('\n') {
            open.end_paragraph(&mut found);
        }
        if let Some((style, role)) = role(c, before, after, open.has(QuoteStyle::Double)) {
            found.double_marks += usize::from(style == QuoteStyle::Double);
            let opens = match role {
                Role::Opens => true,
                Role::Closes => false,
                Role::Either => !open.has(style) && !open.ends_single(before),
            };
            if opens {
                open.open(style, mark, &mut found);
            } else {
                open.close(style, mark, before, &mut found);
            }
        }
        before = Some(c);
    }
    open.end_paragraph(&mut found);
    found.unclosed.sort_by_key(|(_, mark)| mark.start);
    if text.contains("\"\"") {
        found.undoubled = broken_csv_mark(text);
    }
    found
}

/// The span of the text itself in a field of CSV: `"He said ""no""."`, else the whole text.
fn csv_field(text: &str) -> Span {
    let inner = text.strip_prefix('"').and_then(|text| text.trim_end().strip_suffix('"'));
    match inner {
        Some(inner) if inner.contains("\"\"") => 1..1 + inner.len(),
        _ => 0..text.len(),
    }
}

/// The first straight mark that breaks the rules of CSV in a text that doubles other marks.
fn broken_csv_mark(text: &str) -> Option<Span> {
    let text = text.trim_end();
    let mut run = 0;
    let field = csv_field(text);
    let marks = text[field.clone()].bytes().chain([0]).enumerate();
    for (at, byte) in marks {
        if byte == b'"' {
            run += 1;
        } else if run % 2 == 1 || (run > 0 && field.start == 0) {
            return Some(field.start + at - 1..field.start + at);
        } else {
            run = 0;
        }
    }
    None
}

impl Quotations {
    /// Quotations that are not inside another, in order.
    pub fn outer(&self) -> Vec<&Quotation> {
        let mut outer: Vec<&Quotation> = Vec::new();
        for quotation in &self.closed {
            while outer.pop_if(|inner| inner.whole.start > quotation.whole.start).is_some() {}
            outer.push(quotation);
        }
        outer
    }

    /// The zone of a position. A mark without its partner may enclose everything on its side.
    pub fn zone(&self, at: usize) -> Zone {
        let next = self.closed.partition_point(|quotation| quotation.words.end < at);
        let inside = |quotation: &&Quotation| quotation.words.start <= at;
        // An inner quotation ends before the outer one.
        if let Some(quotation) = self.closed[next..].iter().take(2).find(inside) {
            Zone::Inside(quotation.whole.start)
        } else if self.unopened.last().is_some_and(|(_, mark)| at <= mark.start) {
            Zone::Before
        } else if self.unclosed.first().is_some_and(|(_, mark)| mark.end <= at) {
            Zone::After
        } else {
            Zone::Outside
        }
    }
}

/// The opening marks that wait for their closing marks.
#[derive(Default)]
struct Open {
    double: Option<Span>,
    single: Option<Span>,
    corner: Option<Span>,
}

impl Open {
    fn slot(&mut self, style: QuoteStyle) -> &mut Option<Span> {
        match style {
            QuoteStyle::Double => &mut self.double,
            QuoteStyle::Single => &mut self.single,
            QuoteStyle::Corner => &mut self.corner,
        }
    }

    fn has(&mut self, style: QuoteStyle) -> bool {
        self.slot(style).is_some()
    }

    /// True if a mark after this character may end a quotation that a single mark has opened.
    fn ends_single(&self, before: Option<char>) -> bool {
        self.single.is_some() && matches!(before, Some('.' | '!' | '?'))
    }

    fn open(&mut self, style: QuoteStyle, mark: Span, found: &mut Quotations) {
        if let Some(earlier) = self.slot(style).replace(mark) {
            found.unclosed.push((style, earlier));
        }
    }

    fn close(
        &mut self,
        style: QuoteStyle,
        mark: Span,
        before: Option<char>,
        found: &mut Quotations,
    ) {
        // Writers mix the styles of one quotation's marks.
        let partner = match style {
            QuoteStyle::Double if self.double.is_none() => self.single.take(),
            QuoteStyle::Single if self.single.is_none() && before.is_some_and(is_hangul) => {
                self.double.take()
            }
            _ => self.slot(style).take(),
        };
        match partner {
            Some(start) if style != QuoteStyle::Single || mark.end - start.start <= MAX_SINGLE => {
                let (words, whole) = (start.end..mark.start, start.start..mark.end);
                found.closed.push(Quotation { style, words, whole });
            }
            // An apostrophe after a plural has letters before it.
            _ if style == QuoteStyle::Single && before.is_some_and(char::is_alphanumeric) => {}
            _ => found.unopened.push((style, mark)),
        }
    }

    fn end_paragraph(&mut self, found: &mut Quotations) {
        for style in [QuoteStyle::Double, QuoteStyle::Single, QuoteStyle::Corner] {
            if let Some(mark) = self.slot(style).take() {
                found.unclosed.push((style, mark));
            }
        }
    }
}

enum Role {
    Opens,
    Closes,
    /// A straight mark that closes an open one, else opens.
    Either,
}

fn role(
    c: char,
    before: Option<char>,
    after: Option<char>,
    is_open: bool,
) -> Option<(QuoteStyle, Role)> {
    let starts = before.is_none_or(|c| c.is_whitespace() || is_opening_context(c));
    let ends = after.is_none_or(|c| c.is_whitespace() || is_closing_context(c));
    let digit_before = before.is_some_and(|c| c.is_ascii_digit());
    Some(match c {
        '“' | '„' => (QuoteStyle::Double, Role::Opens),
        // Some writers open with the closing mark: 말했다.”그러나
        '”' if !is_open && before == Some('.') && after.is_some_and(starts_speech) => {
            (QuoteStyle::Double, Role::Opens)
        }
        '”' => (QuoteStyle::Double, Role::Closes),
        // Inches: 6'2", a 12" record.
        '"' | '＂' | '″' if digit_before && !is_open => return None,
        '"' | '＂' if starts && !ends => (QuoteStyle::Double, Role::Opens),
        '"' | '＂' if ends && !starts => (QuoteStyle::Double, Role::Closes),
        '"' | '＂' => (QuoteStyle::Double, Role::Either),
        '「' | '『' => (QuoteStyle::Corner, Role::Opens),
        '」' | '』' => (QuoteStyle::Corner, Role::Closes),
        // The apostrophe of "the '90s".
        '‘' | '\'' | '’' if after.is_some_and(|c| c.is_ascii_digit()) && starts => return None,
        '‘' => (QuoteStyle::Single, Role::Opens),
        '\'' if starts && !ends => (QuoteStyle::Single, Role::Opens),
        '\'' | '’'
            if before.is_some_and(|c| !c.is_whitespace())
                && !after.is_some_and(|c| c.is_ascii_alphanumeric()) =>
        {
            (QuoteStyle::Single, Role::Closes)
        }
        _ => return None,
    })
}

/// True for a letter that begins words of a speaker, not the particle after a quotation: ”라고.
fn starts_speech(c: char) -> bool {
    c.is_alphabetic() && !matches!(c, '라' | '고' | '며' | '이' | '는' | '하')
}

fn is_opening_context(c: char) -> bool {
    matches!(
        c,
        '(' | '[' | '{' | '“' | '"' | '‘' | '\'' | '-' | '–' | '—' | '·' | '/' | '（' | '「' | '『'
    )
}

fn is_closing_context(c: char) -> bool {
    matches!(c, '.' | ',' | '!' | '?' | ';' | ':' | ')' | ']' | '”' | '’' | '…')
}

#[cfg(test)]
mod tests {
    use super::*;

    fn words(text: &str) -> Vec<&str> {
        read(text).closed.iter().map(|quotation| &text[quotation.words.clone()]).collect()
    }

    #[test]
    fn quotations_of_every_style_are_read() {
        assert_eq!(words("He said “no” and \"yes\"."), ["no", "yes"]);
        assert_eq!(words("장관은 \"준비됐다\"고, 총리는 ‘좋다’고 했다."), ["준비됐다", "좋다"]);
        assert_eq!(words("소설 「항구」와 『바다』를 썼다."), ["항구", "바다"]);
        assert_eq!(words("“그는 ‘네’라고 했다”고 한다."), ["네", "그는 ‘네’라고 했다"]);
        assert_eq!(words("\"'Yes,' he said.\""), ["Yes,", "'Yes,' he said."]);
        assert_eq!(words("그가 말했다.”그러나 간다.”"), ["그러나 간다."]);
        assert_eq!(words("배가 떠난다.”라고 했다."), [""; 0]);
    }

    #[test]
    fn marks_in_a_field_of_csv_are_doubled() {
        let text = "\"그는 \"\"네\"\"라고 했다.\"";
        assert_eq!(words(text), ["네"]);
        assert_eq!(read(text).double_marks, 2);
        assert_eq!(words("\"네\""), ["네"]);
        assert_eq!(read(text).undoubled, None);
        for broken in ["\"그는 \"네\"\"라고 했다.\"", "그는 \"\"네\"라고 했다.", "\"네.\"\""]
        {
            assert!(read(broken).undoubled.is_some(), "{broken}");
        }
    }

    #[test]
    fn an_outer_quotation_hides_those_inside() {
        let text = "“그는 ‘네’, ‘네’ 했다”고 하고 ‘끝’이라 했다.";
        let outer: Vec<_> = read(text).outer().into_iter().cloned().collect();
        let outer: Vec<&str> = outer.iter().map(|one| &text[one.words.clone()]).collect();
        assert_eq!(outer, ["그는 ‘네’, ‘네’ 했다", "끝"]);
    }

    #[test]
    fn apostrophes_and_inches_are_no_marks() {
        for text in ["The workers' rights of the '90s aren't Han’s.", "A 6'2\" man met Lee’s."]
        {
            let found = read(text);
            assert_eq!((found.closed.len(), found.double_marks), (0, 0), "{text}");
            assert!(found.unopened.is_empty() && found.unclosed.is_empty(), "{found:?}");
        }
    }

    #[test]
    fn marks_without_a_partner_are_kept_apart() {
        let found = read("We are ready,\" he said. \"We will act.\n\n\"And we must.\"");
        assert_eq!((found.unopened.len(), found.unclosed.len(), found.closed.len()), (1, 1, 1));
        assert_eq!((found.zone(0), found.zone(30)), (Zone::Before, Zone::After));
        let found = read("그는 \"간다\"고 했다. 끝.");
        assert_eq!(found.zone(11), Zone::Inside(7));
        assert_eq!((found.zone(0), found.zone(30)), (Zone::Outside, Zone::Outside));
    }
}
