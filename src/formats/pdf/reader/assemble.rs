//! The text of a document from the characters of its pages.

use super::columns;
use super::furniture::{self, Sheet};
use super::glyph::{Glyph, Page};
use super::lines;
use super::paragraphs::{self, Kind, Paragraph};
use super::spacing::Spacing;
use super::tables::{self, Table};

/// The text of a document.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Text {
    /// The headline, if the sizes of the letters tell it.
    pub title: Option<String>,
    /// Paragraphs and rows of tables in reading order.
    pub paragraphs: Vec<String>,
    /// What is not part of the text: kind and words.
    pub furniture: Vec<(&'static str, String)>,
}

/// Kind of a note at the foot of a page.
pub const FOOTNOTE: &str = "footnote";
/// Kind of a text across a page.
pub const WATERMARK: &str = "watermark";

/// A part of a page, in reading order.
enum Part {
    Paragraph(Paragraph),
    Table(Vec<Vec<Vec<Paragraph>>>),
}

/// Stands for the table of this number in the order of the characters.
const FIRST_TABLE: u32 = 0xF_0000;

/// The text of pages, in their order.
pub fn text(pages: &[Page]) -> Text {
    let mut across = Vec::new();
    let mut sheets = Vec::new();
    let mut turned = Vec::new();
    for page in pages {
        let (main, others, watermark) = by_direction(page.text());
        across.extend(watermark);
        // Lines turn with their page.
        let height = if main.0 % 180 == 0 { page.height } else { page.width };
        sheets.push(Sheet { glyphs: main.1, height });
        turned.push((main.0, others));
    }
    let mut furniture = furniture::take(&mut sheets);
    let mut parts: Vec<Vec<Part>> = Vec::new();
    for ((sheet, page), (angle, others)) in sheets.into_iter().zip(pages).zip(turned) {
        let mut glyphs = sheet.glyphs;
        let tables = if angle == 0 { tables::take(&mut glyphs, &page.rules) } else { Vec::new() };
        let body = lines::body_size(&glyphs);
        let mut found = areas(glyphs, tables, body);
        for other in others {
            found.extend(areas(other, Vec::new(), body));
        }
        parts.extend(found);
    }
    let parts = joined(parts);
    let spacing = spacing(&parts);
    let title = title(&parts, &spacing);
    let mut text = Text::default();
    for (at, part) in parts.iter().enumerate() {
        match part {
            Part::Paragraph(paragraph) => {
                let words = clean(&paragraph.text(&spacing));
                if title.as_ref().is_some_and(|(range, _)| range.contains(&at)) {
                    continue;
                }
                match paragraph.kind {
                    Kind::Footnote => furniture.push((FOOTNOTE, words)),
                    Kind::Body | Kind::Row => text.paragraphs.push(words),
                }
            }
            Part::Table(rows) => {
                text.paragraphs.extend(rows.iter().flat_map(|row| table_row(row, &spacing)))
            }
        }
    }
    if !across.is_empty() {
        let mut words: Vec<String> = across;
        words.dedup();
        furniture.extend(words.into_iter().map(|words| (WATERMARK, words)));
    }
    text.title = title.map(|(_, words)| words);
    text.furniture = furniture.into_iter().map(|(kind, words)| (kind, clean(&words))).collect();
    text.furniture.retain(|(_, words)| !words.is_empty());
    text.paragraphs.retain(|words| !words.is_empty());
    text
}

/// Characters by the direction of their lines, each turned upright: those of the page's main
/// direction with its angle, those of the other directions, and the words of what runs across.
#[allow(clippy::type_complexity)]
fn by_direction(glyphs: &[Glyph]) -> ((u16, Vec<Glyph>), Vec<Vec<Glyph>>, Vec<String>) {
    const TOLERANCE: u16 = 6;
    let mut upright: [Vec<Glyph>; 4] = Default::default();
    let mut across = std::collections::BTreeMap::<u16, Vec<Glyph>>::new();
    for glyph in glyphs {
        let quarter = (glyph.angle + 45) % 360 / 90;
        let off = (i32::from(glyph.angle) - i32::from(quarter) * 90).rem_euclid(360);
        let is_upright = off <= i32::from(TOLERANCE) || off >= 360 - i32::from(TOLERANCE);
        if is_upright {
            upright[usize::from(quarter)].push(turn(*glyph, quarter * 90));
        } else {
            across.entry(glyph.angle / 10 * 10).or_default().push(turn(*glyph, glyph.angle));
        }
    }
    let main = (0..4).max_by_key(|quarter| (upright[*quarter].len(), 4 - quarter)).unwrap_or(0);
    let first = std::mem::take(&mut upright[main]);
    let others = upright.into_iter().filter(|glyphs| !glyphs.is_empty()).collect();
    let words = across.into_values().flat_map(|glyphs| lines::lines(&glyphs)).map(|line| line.text);
    ((main as u16 * 90, first), others, words.collect())
}

/// A character in the coordinates of a page turned so that its lines are level.
fn turn(glyph: Glyph, angle: u16) -> Glyph {
    let (x, y) = (glyph.x, glyph.y);
    let (x, y) = match angle {
        0 => (x, y),
        90 => (y, -x),
        180 => (-x, -y),
        270 => (-y, x),
        angle => {
            let (sin, cos) = f32::from(angle).to_radians().sin_cos();
            (x * cos + y * sin, y * cos - x * sin)
        }
    };
    Glyph { x, y, angle: 0, ..glyph }
}

/// The parts of a page's areas, in reading order.
fn areas(mut glyphs: Vec<Glyph>, tables: Vec<Table>, body: f32) -> Vec<Vec<Part>> {
    for (number, table) in tables.iter().enumerate() {
        let [x0, y0, x1, y1] = table.bounds;
        let Some(char) = char::from_u32(FIRST_TABLE + number as u32) else { continue };
        let (width, size) = (x1 - x0, (y1 - y0) / 0.85);
        glyphs.push(Glyph {
            char,
            x: x0,
            y: y1 - 0.15 * size,
            width,
            size,
            angle: 0,
            is_artifact: false,
        });
    }
    let mut tables: Vec<Option<Table>> = tables.into_iter().map(Some).collect();
    let mut found = Vec::new();
    for area in columns::areas(glyphs) {
        let (stands_in, letters): (Vec<Glyph>, Vec<Glyph>) =
            area.into_iter().partition(|g| g.char as u32 >= FIRST_TABLE);
        let mut paragraphs = paragraphs::paragraphs(&letters);
        paragraphs::mark_footnotes(&mut paragraphs, body);
        let mut parts: Vec<(f32, Part)> = paragraphs
            .into_iter()
            .map(|p| (p.lines.first().map_or(0.0, |(line, _)| line.y), Part::Paragraph(p)))
            .collect();
        for glyph in stands_in {
            let table =
                tables.get_mut((glyph.char as u32 - FIRST_TABLE) as usize).and_then(Option::take);
            if let Some(table) = table {
                let top = table.bounds[1];
                let rows = table
                    .rows
                    .into_iter()
                    .map(|row| row.iter().map(|cell| paragraphs::paragraphs(cell)).collect());
                parts.push((top, Part::Table(rows.collect())));
            }
        }
        parts.sort_by(|a, b| a.0.total_cmp(&b.0));
        found.push(parts.into_iter().map(|(_, part)| part).collect());
    }
    found
}

/// One list of parts; a paragraph that goes on in the next area is one.
fn joined(areas: Vec<Vec<Part>>) -> Vec<Part> {
    let mut found: Vec<Part> = Vec::new();
    for area in areas {
        let mut parts = area.into_iter();
        let Some(first) = parts.next() else { continue };
        let last = found.iter_mut().rev().find(|part| !is_footnote(part));
        match (last, first) {
            (Some(Part::Paragraph(last)), Part::Paragraph(next)) if last.goes_on_with(&next) => {
                last.lines.extend(next.lines);
            }
            (_, first) => found.push(first),
        }
        found.extend(parts);
    }
    found
}

fn is_footnote(part: &Part) -> bool {
    matches!(part, Part::Paragraph(paragraph) if paragraph.kind == Kind::Footnote)
}

fn all_paragraphs(parts: &[Part]) -> impl Iterator<Item = &Paragraph> + Clone {
    parts.iter().flat_map(|part| match part {
        Part::Paragraph(paragraph) => vec![paragraph],
        Part::Table(rows) => rows.iter().flatten().flatten().collect(),
    })
}

fn spacing(parts: &[Part]) -> Spacing {
    let paragraphs = all_paragraphs(parts);
    Spacing::of(
        paragraphs.clone().flat_map(|paragraph| paragraph.lines.iter().map(|(line, _)| line)),
        paragraphs.flat_map(Paragraph::wrapped),
    )
}

/// The text of a table's row: cells in one line, or paragraph by paragraph where cells are long.
fn table_row(row: &[Vec<Paragraph>], spacing: &Spacing) -> Vec<String> {
    const LONG: usize = 160;
    let cells: Vec<Vec<String>> = row
        .iter()
        .map(|cell| {
            cell.iter().map(|p| clean(&p.text(spacing))).filter(|text| !text.is_empty()).collect()
        })
        .collect();
    let is_long =
        |cell: &Vec<String>| cell.iter().map(|text| text.chars().count()).sum::<usize>() > LONG;
    let filled: Vec<Vec<String>> = cells.into_iter().filter(|cell| !cell.is_empty()).collect();
    if filled.len() == 1 || filled.iter().any(is_long) {
        return filled.into_iter().flatten().collect();
    }
    vec![filled.iter().map(|cell| cell.join(" ")).collect::<Vec<_>>().join("\t")]
}

/// The headline with its range among the parts: the paragraph in the largest letters on the first
/// pages, if it is larger than the text.
fn title(parts: &[Part], spacing: &Spacing) -> Option<(std::ops::Range<usize>, String)> {
    /// Words that are larger than the headline and name the kind of document.
    #[rustfmt::skip]
    const BANNERS: &[&str] = &[
        "보도자료", "보도참고자료", "보도설명자료", "보도해명자료", "참고자료", "설명자료", "해명자료", "배포자료", "공고",
        "pressrelease", "newsrelease", "mediarelease", "news", "press", "forimmediaterelease",
    ];
    const MAX_CHARS: usize = 150;
    const MIN_CHARS: usize = 4;
    /// The headline is near the beginning.
    const FIRST: usize = 25;
    let mut counts = std::collections::BTreeMap::new();
    for paragraph in all_paragraphs(parts) {
        for (line, _) in &paragraph.lines {
            *counts.entry((line.size * 4.0) as i64).or_insert(0_usize) += line.text.len();
        }
    }
    let body = counts
        .iter()
        .max_by_key(|(size, count)| (**count, **size))
        .map(|(size, _)| *size as f32 / 4.0)?;
    let mut best: Option<(f32, usize, String)> = None;
    for (at, part) in parts.iter().enumerate().take(FIRST) {
        let Part::Paragraph(paragraph) = part else { continue };
        let words = clean(&paragraph.text(spacing));
        let count = words.chars().count();
        let folded: String =
            words.chars().filter(|c| c.is_alphanumeric()).flat_map(char::to_lowercase).collect();
        let fits = paragraph.kind == Kind::Body
            && paragraph.size() >= 1.12 * body
            && (MIN_CHARS..=MAX_CHARS).contains(&count)
            && !BANNERS.contains(&folded.as_str());
        if fits && best.as_ref().is_none_or(|(size, ..)| paragraph.size() > size * 1.02) {
            best = Some((paragraph.size(), at, words));
        }
    }
    best.map(|(_, at, words)| (at..at + 1, words))
}

/// Words in one line, in composed characters.
fn clean(text: &str) -> String {
    use unicode_normalization::UnicodeNormalization;
    let cells = text.split('\t').map(|cell| cell.split_whitespace().collect::<Vec<_>>().join(" "));
    let text: Vec<String> = cells.filter(|cell| !cell.is_empty()).collect();
    text.join("\t").nfc().collect()
}
