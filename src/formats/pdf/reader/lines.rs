//! Lines of text from the characters of an area.
//!
//! Knows where words end: at a drawn space, or at a gap that is wider than the gaps between the
//! letters of its line.

use super::glyph::Glyph;

/// A line of text in an area.
#[derive(Debug, Clone, PartialEq)]
pub struct Line {
    /// The words; cells of a table row and other wide gaps are tabs.
    pub text: String,
    /// Left end, in points.
    pub x0: f32,
    /// Right end, in points.
    pub x1: f32,
    /// Baseline, in points from above.
    pub y: f32,
    /// Size of most of its letters, in points.
    pub size: f32,
    /// Width of its first word, in points.
    pub first_word: f32,
    /// True if a space is drawn after the last letter.
    pub has_space_at_end: bool,
    /// Number of the gaps between its words.
    pub gaps: usize,
    /// Width of these gaps together, in points.
    pub gap_width: f32,
    /// What justification added to them, in points.
    pub stretch: f32,
    /// True if all its characters are marked as parts of every page.
    pub is_artifact: bool,
}

/// Gap that separates cells, in sizes of the font.
const CELL_GAP: f32 = 1.7;
/// Gap without a drawn space that is one, in sizes, beyond the usual gap between letters.
const WORD_GAP: f32 = 0.18;
/// The same in a line whose spaces are drawn.
const WORD_GAP_BESIDE_SPACES: f32 = 0.6;
/// Least gap at a drawn space; some programs draw a space and step back.
const DRAWN_SPACE: f32 = 0.04;
/// Letters up to this share of the line's size are raised or lowered marks.
const MARK_SIZE: f32 = 0.8;

/// The lines of an area from above, with characters that are drawn twice counted once.
pub fn lines(glyphs: &[Glyph]) -> Vec<Line> {
    rows(glyphs).iter().filter_map(|row| line(row)).collect()
}

/// The characters of each line, from left to right.
pub fn rows(glyphs: &[Glyph]) -> Vec<Vec<Glyph>> {
    let mut glyphs: Vec<Glyph> = glyphs.iter().copied().filter(|g| g.size > 0.0).collect();
    glyphs.sort_by(|a, b| a.y.total_cmp(&b.y).then(a.x.total_cmp(&b.x)));
    let body = body_size(&glyphs);
    let (large, small): (Vec<Glyph>, Vec<Glyph>) =
        glyphs.into_iter().partition(|g| g.size >= body * MARK_SIZE);
    let mut rows = by_baseline(large);
    let mut apart = Vec::new();
    for glyph in small {
        match row_around(&rows, &glyph) {
            Some(at) => rows[at].push(glyph),
            None => apart.push(glyph),
        }
    }
    rows.extend(by_baseline(apart));
    for row in &mut rows {
        row.sort_by(|a, b| a.x.total_cmp(&b.x));
        let mut last: Option<Glyph> = None;
        row.retain(|glyph| {
            let again = last.is_some_and(|last| {
                last.char == glyph.char
                    && glyph.char != ' '
                    && (last.x - glyph.x).abs() < glyph.size * 0.15
                    && (last.x - glyph.x).abs() < glyph.width * 0.5
            });
            last = Some(*glyph);
            !again
        });
    }
    rows.retain(|row| row.iter().any(|g| g.char != ' '));
    rows.sort_by(|a, b| baseline(a).total_cmp(&baseline(b)));
    rows
}

/// Groups of characters on nearly the same baseline; the input is sorted from above.
fn by_baseline(glyphs: Vec<Glyph>) -> Vec<Vec<Glyph>> {
    let mut rows: Vec<Vec<Glyph>> = Vec::new();
    let mut last = (f32::NEG_INFINITY, 0.0_f32);
    for glyph in glyphs {
        let (y, size) = last;
        if glyph.y - y > 0.35 * glyph.size.min(size.max(1.0)) {
            rows.push(Vec::new());
        }
        last = (glyph.y, glyph.size);
        if let Some(row) = rows.last_mut() {
            row.push(glyph);
        }
    }
    rows
}

/// The row that a small character is raised or lowered in.
fn row_around(rows: &[Vec<Glyph>], glyph: &Glyph) -> Option<usize> {
    let after = rows.partition_point(|row| row[0].y < glyph.y - 0.1 * glyph.size);
    let holds = |at: &usize| {
        rows.get(*at).is_some_and(|row| {
            let (y, size) = (row[0].y, row[0].size);
            let near = row.iter().any(|g| {
                let gap = (glyph.x - (g.x + g.width)).max(g.x - (glyph.x + glyph.width));
                gap < 0.7 * size
            });
            near && glyph.y > y - 0.75 * size && glyph.y < y + 0.35 * size
        })
    };
    [after, after.wrapping_sub(1)].into_iter().find(holds)
}

fn baseline(row: &[Glyph]) -> f32 {
    let size = body_size(row);
    row.iter().find(|g| g.size >= size * MARK_SIZE).map_or(0.0, |g| g.y)
}

/// The size that most letters have.
pub fn body_size(glyphs: &[Glyph]) -> f32 {
    let mut counts = std::collections::BTreeMap::new();
    for glyph in glyphs.iter().filter(|g| !g.char.is_whitespace()) {
        *counts.entry((glyph.size * 4.0).round() as i64).or_insert(0_usize) += 1;
    }
    let most = counts.into_iter().max_by_key(|(size, count)| (*count, *size));
    most.map_or(0.0, |(size, _)| size as f32 / 4.0)
}

fn line(row: &[Glyph]) -> Option<Line> {
    let letters: Vec<Glyph> = row.iter().copied().filter(|g| g.char != ' ').collect();
    let (first, size, y) = (letters.first()?, body_size(row), baseline(row));
    let spaced = has_drawn_spaces(row);
    let usual = usual_gap(&letters, size);
    let limit = if spaced { usual.max(WORD_GAP_BESIDE_SPACES) } else { usual + WORD_GAP } * size;
    let mut text = String::new();
    let (mut gaps, mut end) = (Vec::<f32>::new(), first.x);
    let (mut space_before, mut first_word) = (false, None);
    let mut is_apart = letters.len() > 2;
    for glyph in row {
        if glyph.char == ' ' {
            space_before = true;
            continue;
        }
        let gap = glyph.x - end;
        if !text.is_empty() {
            is_apart &= gap > 0.3 * size && is_hangul(glyph.char);
            let before = text.len();
            if gap > CELL_GAP * size {
                text.push('\t');
            } else if gap > limit || (space_before && gap > DRAWN_SPACE * size) {
                text.push(' ');
                gaps.push(gap);
            }
            if text.len() > before {
                first_word = first_word.or(Some(end - first.x));
            }
        }
        space_before = false;
        text.push(shown(glyph, size, y));
        end = end.max(glyph.x + glyph.width);
    }
    // "보 도 자 료": letters spread over a line are one word.
    if is_apart && is_hangul(first.char) {
        text.retain(|c| !c.is_whitespace());
    }
    Some(Line {
        text,
        x0: first.x,
        x1: end,
        y,
        size,
        first_word: first_word.unwrap_or(end - first.x),
        has_space_at_end: space_before,
        gaps: gaps.len(),
        gap_width: gaps.iter().sum(),
        stretch: 0.0,
        is_artifact: letters.iter().all(|g| g.is_artifact),
    })
}

fn is_hangul(c: char) -> bool {
    matches!(c, '가'..='힣')
}

/// A raised or lowered digit as its own character, so that it does not lengthen a number.
fn shown(glyph: &Glyph, size: f32, y: f32) -> char {
    if glyph.size > size * MARK_SIZE || !glyph.char.is_ascii_digit() {
        return glyph.char;
    }
    let digit = glyph.char as usize - '0' as usize;
    let raised = ['⁰', '¹', '²', '³', '⁴', '⁵', '⁶', '⁷', '⁸', '⁹'];
    if glyph.y < y - 0.12 * size {
        raised[digit]
    } else if glyph.y > y + 0.05 * size {
        ['₀', '₁', '₂', '₃', '₄', '₅', '₆', '₇', '₈', '₉'][digit]
    } else {
        glyph.char
    }
}

/// True if the spaces between the words of a line are drawn.
fn has_drawn_spaces(row: &[Glyph]) -> bool {
    let spaces = row.iter().filter(|g| g.char == ' ').count();
    let letters = row.len() - spaces;
    spaces > 0 && spaces * 14 >= letters
}

/// The usual gap between two letters of a word, in sizes: 0 unless the text is spread.
fn usual_gap(letters: &[Glyph], size: f32) -> f32 {
    let mut gaps: Vec<f32> = letters
        .windows(2)
        .map(|pair| (pair[1].x - pair[0].x - pair[0].width) / size.max(0.1))
        .collect();
    if gaps.is_empty() {
        return 0.0;
    }
    let middle = gaps.len() / 2;
    let (_, median, _) = gaps.select_nth_unstable_by(middle, f32::total_cmp);
    median.clamp(0.0, 0.5)
}
