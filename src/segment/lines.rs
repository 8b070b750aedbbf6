//! Line breaks: made by a program that wrapped the text, or by its author.
//!
//! A wrapped line ends where the next word did not fit. A break after which the next word *would*
//! have fitted is the author's: after a headline, in a list, or between paragraphs of one line.

use std::ops::Range;

use super::marks::is_bullet;

/// Widest column of wrapped text: longer lines are paragraphs.
const MAX_COLUMN: usize = 110;
/// Narrowest column of wrapped text: shorter lines are a list, a table or a poem.
const MIN_COLUMN: usize = 36;
/// Lines at most this much shorter than the longest one count as wrapped at the same column.
const TOLERANCE: usize = 12;

/// Trimmed spans of the lines that are not blank, in groups separated by blank lines.
pub(crate) fn paragraphs(text: &str) -> Vec<Vec<Range<usize>>> {
    let mut groups = vec![Vec::new()];
    let mut start = 0;
    for line in text.split_inclusive(['\n', '\r', '\u{2028}', '\u{2029}']) {
        let words = line.trim();
        let lead = line.len() - line.trim_start().len();
        let group = groups.last_mut().expect("the list starts with one group and only grows");
        if !words.is_empty() {
            group.push(start + lead..start + lead + words.len());
        } else if !group.is_empty() && !is_second_half_of_crlf(text, start) {
            groups.push(Vec::new());
        }
        start += line.len();
    }
    groups.retain(|group| !group.is_empty());
    groups
}

/// True for the `\n` of `\r\n`, which is split off as a line of its own and is no blank line.
fn is_second_half_of_crlf(text: &str, start: usize) -> bool {
    text[start..].starts_with('\n') && text[..start].ends_with('\r')
}

/// The column at which a text was wrapped, estimated from its lines.
pub(crate) struct Wrapping {
    width: usize,
    /// True if more than one line reaches that width.
    is_evident: bool,
}

impl Wrapping {
    /// An estimate from the lines of all paragraphs.
    pub(crate) fn of(text: &str, paragraphs: &[Vec<Range<usize>>]) -> Self {
        let lines = || {
            paragraphs
                .iter()
                .flatten()
                .map(|line| width(&text[line.clone()]))
                .filter(|width| *width <= MAX_COLUMN)
        };
        let width = lines().max().unwrap_or(0);
        let near = lines().filter(|line| line + TOLERANCE >= width).count();
        Self { width, is_evident: near > 1 }
    }

    /// For each line of a paragraph but the last: true if the next line continues it.
    pub(crate) fn continues(&self, text: &str, lines: &[Range<usize>]) -> Vec<bool> {
        let is_wrapped = self.width >= MIN_COLUMN
            && lines.iter().all(|line| width(&text[line.clone()]) <= MAX_COLUMN);
        let continues = |pair: &[Range<usize>]| {
            let (line, next) = (&text[pair[0].clone()], &text[pair[1].clone()]);
            // Paragraphs have an indented first line, list items indented further lines.
            let starts_paragraph =
                indent(text, &pair[1]) > indent(text, &pair[0]) && !is_item(line);
            is_wrapped && !starts_paragraph && self.is_wrap(line, next)
        };
        lines.windows(2).map(continues).collect()
    }

    fn is_wrap(&self, line: &str, next: &str) -> bool {
        let word = next.split_whitespace().next().map_or(0, width);
        let is_full = width(line) + 1 + word > self.width;
        // Without evidence only a lower-case letter says that the sentence continues; Korean has
        // none, and its lines stay apart.
        is_full && !is_item(next) && (self.is_evident || next.starts_with(char::is_lowercase))
    }
}

/// True if a line begins an item of a list.
fn is_item(line: &str) -> bool {
    let after_number = line.trim_start_matches(|c: char| c.is_ascii_digit());
    let numbered = after_number.len() < line.len() && after_number.starts_with(['.', ')']);
    line.starts_with(is_bullet) || line.starts_with("- ") || line.starts_with("* ") || numbered
}

/// Columns of white space before a line.
fn indent(text: &str, line: &Range<usize>) -> usize {
    let before = text[..line.start].chars().rev();
    before
        .take_while(|c| c.is_whitespace() && !matches!(c, '\n' | '\r' | '\u{2028}' | '\u{2029}'))
        .count()
}

/// Trimmed spans of the parts that a web page ran together in one line: cut before each arrow
/// (`▶`, `▷`, `☞`), before a copyright notice and before a Korean dateline.
pub(crate) fn pieces(text: &str, line: Range<usize>) -> Vec<Range<usize>> {
    let words = &text[line.clone()];
    let mut cuts: Vec<usize> = words
        .char_indices()
        .filter(|(at, c)| {
            let rest = &words[*at..];
            match c {
                // A quoted arrow is mentioned, not used.
                '▶' | '▷' | '☞' => !words[..*at].ends_with(['"', '“', '\'', '‘', '「', '(']),
                '<' | '[' => is_copyright(&rest[1..]),
                '저' => is_copyright(rest) && !words[..*at].ends_with(['<', '[']),
                '(' => is_dateline(rest),
                _ => false,
            }
        })
        .map(|(at, _)| line.start + at)
        .filter(|at| *at > line.start)
        .collect();
    cuts.push(line.end);
    let (mut found, mut start) = (Vec::new(), line.start);
    for cut in cuts {
        let piece = &text[start..cut];
        let lead = piece.len() - piece.trim_start().len();
        if !piece.trim().is_empty() {
            found.push(start + lead..start + lead + piece.trim().len());
        }
        start = cut;
    }
    found
}

/// True if a text begins with a copyright notice: "저작권자(c) 해민일보", "저작권자
/// ⓒ".
fn is_copyright(rest: &str) -> bool {
    let after = rest.strip_prefix("저작권자").map(str::trim_start);
    after.is_some_and(|after| after.starts_with(['ⓒ', '©', '(', '<', 'ⓒ']))
}

/// True if a text begins with a Korean dateline: "(해민=해민일보) 한서진 기자 = ".
fn is_dateline(rest: &str) -> bool {
    const MAX_PLACE: usize = 30;
    const MAX_NAMES: usize = 40;
    let head: String = rest.chars().skip(1).take(MAX_PLACE).collect();
    let Some((place, _)) = head.split_once(')') else { return false };
    let Some((city, agency)) = place.split_once('=') else { return false };
    let named = |part: &str| {
        part.chars().next().is_some_and(char::is_alphabetic) && !part.contains(['(', '"', '.'])
    };
    if !named(city.trim()) || !named(agency.trim()) {
        return false;
    }
    let after: String = rest.chars().skip(place.chars().count() + 2).take(MAX_NAMES).collect();
    let names = after.split_once('=').map(|(names, _)| names.trim_end());
    names.is_some_and(|names| {
        names.ends_with("기자") || names.ends_with("특파원") || names.ends_with("논설위원")
    })
}

/// Width of a text in columns of a fixed-width font: Hangul, Hanja and kana take two.
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
    fn a_break_with_room_left_is_the_authors() {
        assert_eq!(joined(&format!("Ministers meet\n{BODY}")), [false, true, true]);
    }

    #[test]
    fn one_long_line_is_no_evidence_of_wrapping() {
        assert_eq!(
            joined(
                "Ministers of both countries agree on a joint exercise\nThe exercise is in May."
            ),
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
    fn an_indented_line_begins_a_paragraph() {
        let body = BODY.replace("\nafter", "\n   After");
        assert_eq!(joined(&body), [true, false]);
        let korean = "해민시는 옛 항구에 두 번째 방파제를 쌓기로 했다고\n7일 밝혔다. 어민들은 배를 댈 곳이 없다고 하소연하며\n　시는 공사비 412억원을 두 해에 나누어 쓰기로 했고";
        assert_eq!(joined(korean), [true, false]);
        let item = "1. The two defense chiefs discussed on the phone\n   Wednesday how to tighten their collaboration\n   after the North conducted another test.";
        assert_eq!(joined(item), [true, true]);
        let quoted = BODY.replace('\n', "\n    ");
        assert_eq!(joined(&format!("    {quoted}")), [true, true]);
    }

    #[test]
    fn parts_that_a_page_ran_together_are_cut_apart() {
        let cut = |text: &'static str| -> Vec<&str> {
            pieces(text, 0..text.len()).into_iter().map(|piece| &text[piece]).collect()
        };
        assert_eq!(
            cut(
                "안내문. 2026.1.7▶채널 구독하기▶[팩트체크] 오르나 ☞제보하기저작권자(c) 해민일보, 재배포 금지 (해민=해민일보) 한서진 기자 = 시는 밝혔다."
            ),
            [
                "안내문. 2026.1.7",
                "▶채널 구독하기",
                "▶[팩트체크] 오르나",
                "☞제보하기",
                "저작권자(c) 해민일보, 재배포 금지",
                "(해민=해민일보) 한서진 기자 = 시는 밝혔다."
            ]
        );
        assert_eq!(cut("시는 밝혔다.<저작권자ⓒ해민일보>"), ["시는 밝혔다.", "<저작권자ⓒ해민일보>"]);
        for whole in [
            "(서울=연합뉴스) 한서진 기자 = 밝혔다.",
            "저작권자의 권리",
            "f(x=y) 값",
            "▲ 하나 ▲ 둘",
            "그는 (가=나) 말했다.",
        ] {
            assert_eq!(cut(whole), [whole]);
        }
    }

    #[test]
    fn crlf_is_one_line_break_and_wide_spaces_are_blank() {
        assert_eq!(paragraphs("a\r\nb\r\n\r\nc").len(), 2);
        let ranges: Vec<Range<usize>> =
            paragraphs(" a \n\u{3000}\n\n b").into_iter().flatten().collect();
        assert_eq!(ranges, [1..2, 10..11]);
        assert!(paragraphs("\r\n \n").is_empty());
    }
}
