//! Paragraphs from the lines of an area.

use super::glyph::Glyph;
use super::lines::{self, Line};
use super::spacing::Spacing;

/// What a paragraph is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// Text.
    Body,
    /// A row of a table without ruled lines.
    Row,
    /// A note at the foot of a page or column.
    Footnote,
}

/// Lines that belong together, each with the right edge of its column.
#[derive(Debug, Clone, PartialEq)]
pub struct Paragraph {
    /// The lines, from above.
    pub lines: Vec<(Line, f32)>,
    /// What it is.
    pub kind: Kind,
}

impl Paragraph {
    /// The size of its letters, in points.
    pub fn size(&self) -> f32 {
        self.lines.first().map_or(0.0, |(line, _)| line.size)
    }

    /// Pairs of lines that are one after the other, with the edge of the first.
    pub fn wrapped(&self) -> impl Iterator<Item = (&Line, &Line, f32)> {
        self.lines.windows(2).map(|pair| (&pair[0].0, &pair[1].0, pair[0].1))
    }

    /// Its text in one line.
    pub fn text(&self, spacing: &Spacing) -> String {
        let mut text = String::new();
        if let Some((first, _)) = self.lines.first() {
            text.push_str(&first.text);
        }
        for (line, next, edge) in self.wrapped() {
            spacing.append(&mut text, line, next, edge);
        }
        text.retain(|c| c != '\u{AD}');
        text
    }

    /// True if `next`, which begins the next column or page, may go on with this paragraph.
    pub fn goes_on_with(&self, next: &Paragraph) -> bool {
        let (Some((last, edge)), Some((first, _))) = (self.lines.last(), next.lines.first()) else {
            return false;
        };
        let is_indented =
            next.lines.get(1).is_some_and(|(second, _)| first.x0 > second.x0 + 0.6 * first.size);
        self.kind == Kind::Body
            && next.kind == Kind::Body
            && same_size(last.size, first.size)
            && !ends_sentence(&last.text)
            && is_full(last, *edge, first)
            && !is_indented
            && !begins_item(&first.text)
    }
}

/// Line distance in sizes of the font where nothing tells it.
const USUAL_LEADING: f32 = 1.75;

/// The paragraphs of an area, from above.
pub fn paragraphs(glyphs: &[Glyph]) -> Vec<Paragraph> {
    let mut lines = lines::lines(glyphs);
    measure_stretch(&mut lines);
    let edges: Vec<f32> = right_edges(&lines);
    let leading = leading(&lines, &edges);
    let body = lines::body_size(glyphs);
    let mut found: Vec<Paragraph> = Vec::new();
    for at in 0..lines.len() {
        let line = lines[at].clone();
        let kind = if line.text.contains('\t') { Kind::Row } else { Kind::Body };
        match found.last_mut() {
            Some(last) if !is_break(last, &lines, at, edges[at - 1], leading, body) => {
                last.lines.push((line, edges[at]));
            }
            _ => found.push(Paragraph { lines: vec![(line, edges[at])], kind }),
        }
    }
    found
}

/// True if a line begins a paragraph of its own.
fn is_break(
    last: &Paragraph,
    lines: &[Line],
    at: usize,
    edge: f32,
    leading: f32,
    body: f32,
) -> bool {
    let (a, b) = (&lines[at - 1], &lines[at]);
    if a.text.contains('\t') || b.text.contains('\t') || !same_size(a.size, b.size) {
        return true;
    }
    let distance = b.y - a.y;
    if distance > leading * 1.22 * a.size && distance > (leading + 0.2) * a.size {
        return true;
    }
    let is_heading = a.size > 1.15 * body;
    if is_heading {
        return false;
    }
    let full = is_full(a, edge, b) || is_beside_picture(lines, at - 1);
    if begins_item(&b.text)
        && (!full || ends_sentence(&a.text) || begins_item(&last.lines[0].0.text))
    {
        return true;
    }
    if !full {
        return true;
    }
    let step = b.x0 - a.x0;
    let is_first = last.lines.len() == 1;
    if step > 0.6 * a.size {
        // A further line of an item hangs; another line that is indented begins a paragraph.
        return !(is_first && begins_item(&a.text));
    }
    // After hanging lines, one that stands out begins the next item.
    step < -0.6 * a.size && !is_first
}

/// True if the first word of the next line did not fit behind a line.
fn is_full(line: &Line, edge: f32, next: &Line) -> bool {
    edge - line.x1 < next.first_word + 0.4 * line.size
}

/// True if the lines around one end where it ends, though the area is wider.
fn is_beside_picture(lines: &[Line], at: usize) -> bool {
    let near = |other: &&Line| (other.x1 - lines[at].x1).abs() < 0.7 * lines[at].size;
    let (from, to) = (at.saturating_sub(3), (at + 4).min(lines.len()));
    lines[from..to].iter().filter(near).count() >= 4
}

/// For each line the right edge of its column: of the longest lines of its size, without a single
/// one that stands out.
fn right_edges(lines: &[Line]) -> Vec<f32> {
    // By size in quarters of a point.
    let class = |line: &Line| (line.size * 4.0).round() as i64;
    let mut longest = std::collections::HashMap::<i64, (f32, f32, usize)>::new();
    for line in lines {
        let (first, second, count) = longest.entry(class(line)).or_insert((f32::MIN, f32::MIN, 0));
        *count += 1;
        if line.x1 > *first {
            (*first, *second) = (line.x1, *first);
        } else {
            *second = second.max(line.x1);
        }
    }
    let edge = |line: &Line| match longest.get(&class(line)) {
        Some((first, second, 6..)) if first - second > line.size => *second,
        Some((first, ..)) => *first,
        None => line.x1,
    };
    lines.iter().map(edge).collect()
}

/// Measures what justification added to each line: beyond the narrowest gaps of lines of its size.
fn measure_stretch(lines: &mut [Line]) {
    let class = |line: &Line| (line.size * 4.0).round() as i64;
    let mut narrowest = std::collections::HashMap::<i64, f32>::new();
    for line in lines.iter().filter(|line| line.gaps > 0) {
        let gap = (line.gap_width / line.gaps as f32).max(0.15 * line.size);
        narrowest.entry(class(line)).and_modify(|least| *least = least.min(gap)).or_insert(gap);
    }
    for line in lines {
        let natural = narrowest.get(&class(line)).copied().unwrap_or(0.0);
        line.stretch = (line.gap_width - natural * line.gaps as f32).max(0.0);
    }
}

/// Distance of the lines within paragraphs, in sizes of the font.
fn leading(lines: &[Line], edges: &[f32]) -> f32 {
    let mut found: Vec<f32> = lines
        .windows(2)
        .zip(edges)
        .filter(|(pair, edge)| {
            same_size(pair[0].size, pair[1].size) && is_full(&pair[0], **edge, &pair[1])
        })
        .map(|(pair, _)| (pair[1].y - pair[0].y) / pair[0].size.max(0.1))
        .filter(|distance| *distance < 3.0)
        .collect();
    if found.is_empty() {
        return USUAL_LEADING;
    }
    // Some of these lines end a paragraph and happen to be full: the smaller distances count.
    let at = found.len() / 3;
    let (_, leading, _) = found.select_nth_unstable_by(at, f32::total_cmp);
    leading.max(0.9)
}

/// Marks the notes at the foot of an area: smaller than the text, each with a mark.
pub fn mark_footnotes(paragraphs: &mut [Paragraph], body: f32) {
    let is_small = |p: &Paragraph| p.size() < 0.93 * body && p.kind == Kind::Body;
    let tail = paragraphs.iter().rev().take_while(|p| is_small(p)).count();
    let start = paragraphs.len() - tail;
    let marked = |p: &Paragraph| p.lines.first().is_some_and(|(line, _)| has_note_mark(&line.text));
    if let Some(first) = paragraphs[start..].iter().position(marked) {
        for paragraph in &mut paragraphs[start + first..] {
            paragraph.kind = Kind::Footnote;
        }
    }
}

/// "1) …", "* …", "¹ …", "주1) …".
fn has_note_mark(text: &str) -> bool {
    let text = text.strip_prefix('주').unwrap_or(text);
    let after = text.trim_start_matches(|c: char| c.is_ascii_digit() || "¹²³⁴⁵⁶⁷⁸⁹⁰".contains(c));
    let digits = text.chars().count() - after.chars().count();
    text.starts_with(['*', '†', '‡', '※'])
        || text.starts_with(|c: char| "¹²³⁴⁵⁶⁷⁸⁹".contains(c))
        || ((1..=3).contains(&digits) && after.starts_with([')', ' ', '.', ']']))
        || (text.starts_with('[') && after.starts_with('['))
}

fn same_size(a: f32, b: f32) -> bool {
    (a - b).abs() <= 0.08 * a.max(b)
}

/// True if a line begins an item of a list.
fn begins_item(text: &str) -> bool {
    const BULLETS: &[char] = &[
        '○', '●', '◦', '◎', '□', '■', '▪', '▫', '◇', '◆', '▲', '△', '▶', '▷', '►', '※', '☞', '•',
        '‣', '❍', '❏', '◈', '★', '☆', '✓', '✔', '➤', '➢', '①', '②', '③', '④', '⑤', '⑥', '⑦', '⑧',
        '⑨', '⑩', '❶', '❷', '❸',
    ];
    if text.starts_with(BULLETS) {
        return true;
    }
    let mut chars = text.chars();
    let Some(first) = chars.next() else { return false };
    let rest = chars.as_str();
    if matches!(first, '-' | '–' | '*' | 'ㅇ' | 'o' | '·' | '∙') {
        return rest.starts_with(' ');
    }
    let inner = text.strip_prefix('(').unwrap_or(text);
    let after = inner.trim_start_matches(|c: char| c.is_ascii_digit());
    let digits = inner.len() - after.len();
    if (1..=2).contains(&digits) {
        return after.strip_prefix(['.', ')']).is_some_and(|rest| rest.starts_with(' '));
    }
    matches!(first, '가' | '나' | '다' | '라' | '마' | '바' | '사' | '아')
        && rest
            .strip_prefix('.')
            .or(rest.strip_prefix(')'))
            .is_some_and(|rest| rest.starts_with(' '))
}

fn ends_sentence(text: &str) -> bool {
    let text = text.trim_end_matches(['"', '\'', '”', '’', ')', ']', '」', '』']);
    text.ends_with(['.', '!', '?', '。', '…', ':'])
}
