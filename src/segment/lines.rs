//! Whether a line break was made by a program that wrapped the text, or by a person who meant it.
//!
//! A wrapped line ends where the next word no longer fitted. A break after which the next word *would* have fitted was meant:
//! a headline, a list, one paragraph a line.

use std::ops::Range;

use super::marks::is_bullet;

/// No program wraps text wider than this: a paragraph with a longer line has one paragraph a line.
const WIDEST: usize = 110;
/// Lines that end this close to the longest one were ended by the same program.
const SLACK: usize = 12;
/// Nor narrower than this: shorter lines are a list, a table or a poem.
const NARROWEST: usize = 36;

/// The lines of a text that are not blank, in groups separated by blank lines; spans without white space at either end.
pub(crate) fn paragraphs(text: &str) -> Vec<Vec<Range<usize>>> {
    let mut groups = vec![Vec::new()];
    let mut start = 0;
    for line in text.split_inclusive(['\n', '\r', '\u{2028}', '\u{2029}']) {
        let kept = line.trim();
        let lead = line.len() - line.trim_start().len();
        let group = groups.last_mut().expect("the list starts with one group and only grows");
        if !kept.is_empty() {
            group.push(start + lead..start + lead + kept.len());
        } else if !group.is_empty() && !is_second_half_of_crlf(text, start) {
            groups.push(Vec::new());
        }
        start += line.len();
    }
    groups.retain(|group| !group.is_empty());
    groups
}

/// `\r\n` is cut into `…\r` and `\n`; the second is no blank line.
fn is_second_half_of_crlf(text: &str, start: usize) -> bool {
    text[start..].starts_with('\n') && text[..start].ends_with('\r')
}

/// The width a text was wrapped at, as far as its lines tell.
pub(crate) struct Wrapping {
    width: usize,
    /// Whether more than one line reaches that width: a single longest line proves nothing.
    evident: bool,
}

impl Wrapping {
    /// What the lines of all the paragraphs tell.
    pub(crate) fn of(text: &str, paragraphs: &[Vec<Range<usize>>]) -> Self {
        let lines = || {
            paragraphs
                .iter()
                .flatten()
                .map(|line| width(&text[line.clone()]))
                .filter(|width| *width <= WIDEST)
        };
        let width = lines().max().unwrap_or(0);
        let near = lines().filter(|line| line + SLACK >= width).count();
        Self { width, evident: near > 1 }
    }

    /// For each line of a paragraph but the last: whether the next one continues it.
    pub(crate) fn continues(&self, text: &str, lines: &[Range<usize>]) -> Vec<bool> {
        let wrapped =
            self.width >= NARROWEST && lines.iter().all(|line| width(&text[line.clone()]) <= WIDEST);
        let pairs = lines.windows(2).map(|pair| (&text[pair[0].clone()], &text[pair[1].clone()]));
        pairs.map(|(line, next)| wrapped && self.is_wrap(line, next)).collect()
    }

    fn is_wrap(&self, line: &str, next: &str) -> bool {
        let word = next.split_whitespace().next().map_or(0, width);
        let full = width(line) + 1 + word > self.width;
        let item = next.starts_with(is_bullet) || next.starts_with("- ");
        // Without evidence only a small letter says that the sentence goes on: Korean has none, and is left apart.
        full && !item && (self.evident || next.starts_with(char::is_lowercase))
    }
}

/// Columns a text takes in a fixed-width font: Hangul, Hanja and kana take two.
fn width(text: &str) -> usize {
    text.chars()
        .map(|c| if matches!(c, '\u{1100}'..='\u{115F}' | '\u{2E80}'..='\u{FF60}') { 2 } else { 1 })
        .sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn joined(text: &str) -> Vec<bool> {
        let groups = paragraphs(text);
        Wrapping::of(text, &groups).continues(text, &groups[0])
    }

    const BODY: &str = "The two defense chiefs discussed on the phone on\nWednesday how to tighten their collaboration\nafter the North conducted another nuclear test.";

    #[test]
    fn a_break_after_which_the_next_word_did_not_fit_is_wrapping() {
        assert_eq!(joined(BODY), [true, true]);
    }

    #[test]
    fn a_break_with_room_left_was_meant() {
        assert_eq!(joined(&format!("Ministers meet\n{BODY}")), [false, true, true]);
    }

    #[test]
    fn one_long_line_is_no_evidence_of_wrapping() {
        assert_eq!(
            joined("Ministers of both countries agree on a joint exercise\nThe exercise is in May."),
            [false]
        );
        assert_eq!(
            joined("Ministers of both countries agreed on Thursday on a\njoint exercise in May."),
            [true]
        );
    }

    #[test]
    fn long_lines_are_paragraphs() {
        let long = "word ".repeat(60);
        assert_eq!(joined(&format!("{long}\n{long}")), [false]);
    }

    #[test]
    fn crlf_is_one_line_break_and_wide_spaces_are_blank() {
        assert_eq!(paragraphs("a\r\nb\r\n\r\nc").len(), 2);
        let ranges: Vec<Range<usize>> = paragraphs(" a \n\u{3000}\n\n b").into_iter().flatten().collect();
        assert_eq!(ranges, [1..2, 10..11]);
        assert!(paragraphs("\r\n \n").is_empty());
    }
}
