//! What is on every page and not part of its text: running heads and page numbers.

use std::collections::HashMap;

use super::glyph::Glyph;
use super::lines;

/// Share of the page's height from its upper and lower edge in which they stand.
const MARGIN: f32 = 0.14;
/// Lines from the upper and from the lower edge that are looked at.
const LINES: usize = 3;
/// Fewest pages on which a running head recurs, if the document has more than two.
const MIN_PAGES: usize = 3;

/// Kind of a line that is left out.
pub const RUNNING_HEAD: &str = "running head";
/// Kind of a line that is left out.
pub const PAGE_NUMBER: &str = "page number";

/// The upright characters of a page, with its height in points.
pub struct Sheet {
    /// Characters that are still part of the text.
    pub glyphs: Vec<Glyph>,
    /// Height of the page in points.
    pub height: f32,
}

/// A line near the edge of a page.
struct Edge {
    page: usize,
    text: String,
    /// The text with digits as `#` and without spaces.
    pattern: String,
    /// Baseline as a share of the page's height, in hundredths.
    place: i32,
    /// Range of baselines, in points.
    from: f32,
    to: f32,
    /// White space to the text of the page, in sizes of the font.
    distance: f32,
    is_artifact: bool,
}

/// Takes running heads and page numbers out of the pages; the texts taken, each once, with their
/// kind. Page numbers are one text.
pub fn take(sheets: &mut [Sheet]) -> Vec<(&'static str, String)> {
    let edges: Vec<Edge> =
        sheets.iter().enumerate().flat_map(|(page, sheet)| edges(page, sheet)).collect();
    let mut pages: HashMap<(&str, i32), Vec<usize>> = HashMap::new();
    for edge in &edges {
        // A baseline between two hundredths counts for both.
        for place in [edge.place, edge.place + 1] {
            pages.entry((&edge.pattern, place)).or_default().push(edge.page);
        }
    }
    let count = sheets.len();
    let recurs = |edge: &Edge| {
        [edge.place, edge.place + 1].iter().any(|place| {
            let on = pages.get(&(edge.pattern.as_str(), *place)).map_or(0, |pages| {
                let mut pages = pages.clone();
                pages.dedup();
                pages.len()
            });
            on >= MIN_PAGES.min(count).max(2) && on * 5 >= count
        })
    };
    let mut heads: Vec<String> = Vec::new();
    let mut patterns = std::collections::HashSet::new();
    let mut numbers: Vec<String> = Vec::new();
    for edge in &edges {
        let number = page_number(&edge.text);
        let is_number = match number {
            Some(Decorated::Yes) => edge.distance > 0.4 || recurs(edge),
            Some(Decorated::No) => recurs(edge) || (count == 1 && edge.distance > 1.5),
            None => false,
        };
        if is_number {
            numbers.push(edge.text.clone());
        } else if edge.is_artifact || (recurs(edge) && number.is_none()) {
            if patterns.insert(edge.pattern.clone()) {
                heads.push(edge.text.clone());
            }
        } else {
            continue;
        }
        sheets[edge.page].glyphs.retain(|glyph| glyph.y < edge.from || glyph.y > edge.to);
    }
    let mut found: Vec<_> = heads.into_iter().map(|text| (RUNNING_HEAD, text)).collect();
    if !numbers.is_empty() {
        found.push((PAGE_NUMBER, numbers.join(", ")));
    }
    found
}

/// The first and last lines of a page, from the edges inwards.
fn edges(page: usize, sheet: &Sheet) -> Vec<Edge> {
    let rows = lines::rows(&sheet.glyphs);
    let height = sheet.height.max(1.0);
    let edge = |at: usize, beside: Option<usize>| -> Option<Edge> {
        let row = &rows[at];
        let line = lines::lines(row).into_iter().next()?;
        let is_marked = line.is_artifact;
        let text = line.text.replace('\t', " ");
        let pattern = text.chars().filter(|c| !c.is_whitespace());
        let pattern: String = pattern.map(|c| if c.is_ascii_digit() { '#' } else { c }).collect();
        let from = row.iter().map(|g| g.y).fold(f32::INFINITY, f32::min);
        let to = row.iter().map(|g| g.y).fold(f32::NEG_INFINITY, f32::max);
        let other = beside.and_then(|beside| rows.get(beside)).and_then(|row| row.first());
        let distance = other.map_or(9.0, |other| {
            let gap = (other.y - line.y).abs() - other.size.max(line.size);
            gap / other.size.max(line.size).max(1.0)
        });
        Some(Edge {
            page,
            text,
            pattern,
            place: (line.y / height * 100.0) as i32,
            from,
            to,
            distance,
            is_artifact: is_marked,
        })
    };
    let mut found = Vec::new();
    let share = |row: &[Glyph]| row.first().map_or(0.5, |g| g.y / height);
    for at in (0..rows.len().min(LINES)).take_while(|at| share(&rows[*at]) < MARGIN) {
        found.extend(edge(at, Some(at + 1)));
    }
    let first_below = rows.len().saturating_sub(LINES).max(found.len());
    for at in (first_below..rows.len()).rev().take_while(|at| share(&rows[*at]) > 1.0 - MARGIN) {
        found.extend(edge(at, at.checked_sub(1)));
    }
    found
}

/// Whether a page number has something beside its digits.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Decorated {
    Yes,
    No,
}

/// Recognizes "- 3 -", "3/12", "Page 3 of 12", "3쪽", "iii" and "3".
fn page_number(text: &str) -> Option<Decorated> {
    const MAX_CHARS: usize = 24;
    if text.chars().count() > MAX_CHARS {
        return None;
    }
    let folded = text.to_lowercase();
    let mut rest = folded.as_str();
    let mut words = 0;
    for word in ["page", "p.", "쪽", "페이지", "of", "중"] {
        if let Some((before, after)) = rest.split_once(word) {
            words += 1;
            if word == "page" || word == "p." {
                rest = after;
            } else if before.trim().chars().all(|c| c.is_ascii_digit()) && after.trim().is_empty() {
                rest = before;
            }
        }
    }
    let parts: Vec<&str> = rest
        .split(|c: char| c.is_whitespace() || "-–—―/|·[]<>()~".contains(c))
        .filter(|part| !part.is_empty() && *part != "of")
        .collect();
    let is_number = |part: &&str| part.len() <= 4 && part.chars().all(|c| c.is_ascii_digit());
    let is_roman = |part: &&str| part.len() <= 6 && part.chars().all(|c| "ivxl".contains(c));
    let dashed = rest.contains(|c: char| "-–—―/|[]<>".contains(c));
    match parts.as_slice() {
        [one] if is_number(one) || is_roman(one) => {
            Some(if dashed || words > 0 { Decorated::Yes } else { Decorated::No })
        }
        [one, all] if is_number(one) && is_number(all) && (dashed || words > 0) => {
            Some(Decorated::Yes)
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn page_numbers_are_known_by_their_form() {
        for text in ["- 3 -", "3/12", "Page 3 of 12", "3쪽", "– 12 –", "[4]"] {
            assert_eq!(page_number(text), Some(Decorated::Yes), "{text}");
        }
        for text in ["3", "iii"] {
            assert_eq!(page_number(text), Some(Decorated::No), "{text}");
        }
        for text in ["2026. 5. 12.", "3 ships", "pages", "1.5m", "3일", "제3장", "20260512"] {
            assert_eq!(page_number(text), None, "{text}");
        }
    }
}
