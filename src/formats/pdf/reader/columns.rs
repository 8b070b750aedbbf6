//! The reading order of a page's areas: columns from left to right, what spans them above and
//! below.
//!
//! The page is a grid of coarse cells. The tallest empty strip between two texts divides it; what
//! is above and below the strip spans the columns.

use super::glyph::Glyph;
use super::lines;

/// Cells of a page in each direction.
const CELLS: usize = 400;
/// Divisions of a page; a newspaper's page has about fifty columns of articles.
const MAX_DIVISIONS: usize = 400;
/// Narrowest strip between columns, in sizes of the font.
const GUTTER: f32 = 0.6;
/// A strip between columns is at least this wide if it is short.
const SHORT_GUTTER: f32 = 0.9;
/// Fewest lines of both columns together, beside a wide and beside a narrow strip.
const MIN_LINES: usize = 5;
const MANY_LINES: usize = 16;
/// Narrowest column, in sizes of the font.
const MIN_WIDTH: f32 = 7.0;

/// Areas in reading order.
pub fn areas(glyphs: Vec<Glyph>) -> Vec<Vec<Glyph>> {
    let (mut found, mut left) = (Vec::new(), MAX_DIVISIONS);
    let mut open = vec![glyphs];
    while let Some(area) = open.pop() {
        match left.checked_sub(1).and_then(|_| divided(&area)) {
            Some(parts) => {
                left -= 1;
                open.extend(parts.into_iter().rev().filter(|part| !part.is_empty()));
            }
            None => found.push(area),
        }
    }
    found
}

/// An empty strip, in points.
#[derive(Debug, Clone, Copy, PartialEq)]
struct Strip {
    x0: f32,
    x1: f32,
    y0: f32,
    y1: f32,
}

/// What is above a strip, left of it, right of it and below it.
fn divided(glyphs: &[Glyph]) -> Option<[Vec<Glyph>; 4]> {
    let size = lines::body_size(glyphs);
    let letters: Vec<&Glyph> = glyphs.iter().filter(|g| g.char != ' ').collect();
    if letters.len() < 40 || size <= 0.0 {
        return None;
    }
    let grid = Grid::of(&letters);
    let mut strips = grid.strips(size);
    strips.sort_by(|a, b| (b.y1 - b.y0).total_cmp(&(a.y1 - a.y0)));
    strips.into_iter().take(24).find_map(|strip| {
        let mut parts = [const { Vec::new() }; 4];
        for glyph in glyphs {
            let middle = glyph.y - 0.3 * glyph.size;
            let part = if middle < strip.y0 {
                0
            } else if middle > strip.y1 {
                3
            } else if glyph.x + glyph.width / 2.0 < (strip.x0 + strip.x1) / 2.0 {
                1
            } else {
                2
            };
            parts[part].push(*glyph);
        }
        let (left, right) = (column(&parts[1], size)?, column(&parts[2], size)?);
        let is_wide = strip.x1 - strip.x0 >= SHORT_GUTTER * size;
        (left + right >= if is_wide { MIN_LINES } else { MANY_LINES }).then_some(parts)
    })
}

/// Number of lines, if they are those of a column of text: as wide as the column, with words.
fn column(glyphs: &[Glyph], size: f32) -> Option<usize> {
    let lines = lines::lines(glyphs);
    let x0 = lines.iter().map(|line| line.x0).fold(f32::INFINITY, f32::min);
    let x1 = lines.iter().map(|line| line.x1).fold(f32::NEG_INFINITY, f32::max);
    let is_long = |line: &&lines::Line| {
        line.x1 - line.x0 >= 0.6 * (x1 - x0)
            && line.text.chars().filter(|c| c.is_alphabetic()).count() >= 5
    };
    let long = lines.iter().filter(is_long).count();
    (lines.len() >= 2 && x1 - x0 >= MIN_WIDTH * size && 2 * long >= lines.len())
        .then_some(lines.len())
}

/// The cells of an area that letters cover.
struct Grid {
    covered: Vec<bool>,
    x0: f32,
    y0: f32,
    /// Width and height of a cell, in points.
    cell: (f32, f32),
}

impl Grid {
    fn of(letters: &[&Glyph]) -> Self {
        let top = |g: &Glyph| g.y - 0.7 * g.size;
        let bottom = |g: &Glyph| g.y + 0.15 * g.size;
        let least = |of: &dyn Fn(&Glyph) -> f32| {
            letters.iter().map(|g| of(g)).fold(f32::INFINITY, f32::min)
        };
        let most = |of: &dyn Fn(&Glyph) -> f32| {
            letters.iter().map(|g| of(g)).fold(f32::NEG_INFINITY, f32::max)
        };
        let (x0, x1) = (least(&|g| g.x), most(&|g| g.x + g.width));
        let (y0, y1) = (least(&top), most(&bottom));
        let cell = (((x1 - x0) / CELLS as f32).max(0.1), ((y1 - y0) / CELLS as f32).max(0.1));
        let mut grid = Self { covered: vec![false; CELLS * CELLS], x0, y0, cell };
        for glyph in letters {
            let columns = grid.column(glyph.x)..=grid.column(glyph.x + glyph.width * 0.98);
            for row in grid.row(top(glyph))..=grid.row(bottom(glyph)) {
                grid.covered[row * CELLS..][columns.clone()].fill(true);
            }
        }
        grid
    }

    fn column(&self, x: f32) -> usize {
        (((x - self.x0) / self.cell.0) as usize).min(CELLS - 1)
    }

    fn row(&self, y: f32) -> usize {
        (((y - self.y0) / self.cell.1) as usize).min(CELLS - 1)
    }

    /// Empty strips that no wider or taller empty one contains, with room on both sides.
    fn strips(&self, size: f32) -> Vec<Strip> {
        let width = ((GUTTER * size / self.cell.0).ceil() as usize).max(1);
        let height = ((2.0 * size / self.cell.1).ceil() as usize).max(1);
        // For each row from above: the height of the empty cells that end there, as a histogram
        // whose largest rectangles are found with a stack.
        let mut heights = vec![0_usize; CELLS + 1];
        let mut found: Vec<Strip> = Vec::new();
        for row in 0..CELLS {
            let mut next_covers = [true; CELLS];
            for column in 0..CELLS {
                let covered = self.covered[row * CELLS + column];
                heights[column] = if covered { 0 } else { heights[column] + 1 };
                next_covers[column] = row + 1 == CELLS || self.covered[(row + 1) * CELLS + column];
            }
            let mut stack: Vec<usize> = Vec::new();
            for column in 0..=CELLS {
                while let Some(top) =
                    stack.last().copied().filter(|top| heights[*top] > heights[column])
                {
                    stack.pop();
                    let start = stack.last().map_or(0, |before| before + 1);
                    let is_maximal = next_covers[start..column].contains(&true);
                    let inside = start > 0 && column < CELLS;
                    if is_maximal && inside && column - start >= width && heights[top] >= height {
                        let at = |column: usize| self.x0 + column as f32 * self.cell.0;
                        let down = |row: usize| self.y0 + row as f32 * self.cell.1;
                        found.push(Strip {
                            x0: at(start),
                            x1: at(column),
                            y0: down(row + 1 - heights[top]),
                            y1: down(row + 1),
                        });
                    }
                }
                if column < CELLS {
                    stack.push(column);
                }
            }
        }
        found
    }
}
