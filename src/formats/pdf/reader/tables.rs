//! Tables with ruled lines: which characters are in which cell.

use super::glyph::{Glyph, Rule};

/// Limit on ruled lines for the search; a drawing or map has more.
const MAX_RULES: usize = 1500;
/// Limit on the rows and on the columns of a table.
const MAX_LINES: usize = 400;
/// Distance at which two lines touch, in points.
const TOUCH: f32 = 3.0;

/// A table: rows of cells with their characters, merged cells at their upper left place.
#[derive(Debug, Clone, PartialEq)]
pub struct Table {
    /// Bounds, in points: left, top, right, bottom.
    pub bounds: [f32; 4],
    /// Rows from above; cells from the left, empty ones included.
    pub rows: Vec<Vec<Vec<Glyph>>>,
}

/// Takes the characters of tables out of a page.
pub fn take(glyphs: &mut Vec<Glyph>, rules: &[Rule]) -> Vec<Table> {
    if rules.len() < 4 || rules.len() > MAX_RULES {
        return Vec::new();
    }
    let mut found = Vec::new();
    for group in touching(rules) {
        let Some(grid) = Grid::of(&group) else { continue };
        let (inside, outside): (Vec<Glyph>, Vec<Glyph>) =
            glyphs.iter().copied().partition(|glyph| grid.holds(glyph));
        if inside.iter().all(|g| g.char == ' ') {
            continue;
        }
        if let Some(table) = grid.table(inside) {
            found.push(table);
            *glyphs = outside;
        }
    }
    found
}

fn is_upright(rule: &Rule) -> bool {
    rule.y1 - rule.y0 > rule.x1 - rule.x0
}

/// Groups of lines that touch each other.
fn touching(rules: &[Rule]) -> Vec<Vec<Rule>> {
    let mut group: Vec<usize> = (0..rules.len()).collect();
    fn root(group: &mut [usize], mut at: usize) -> usize {
        while group[at] != at {
            group[at] = group[group[at]];
            at = group[at];
        }
        at
    }
    for (a, one) in rules.iter().enumerate() {
        for (b, other) in rules.iter().enumerate().take(a) {
            let meet = one.x0 <= other.x1 + TOUCH
                && other.x0 <= one.x1 + TOUCH
                && one.y0 <= other.y1 + TOUCH
                && other.y0 <= one.y1 + TOUCH;
            if meet {
                let (a, b) = (root(&mut group, a), root(&mut group, b));
                group[a] = b;
            }
        }
    }
    let mut found = std::collections::BTreeMap::<usize, Vec<Rule>>::new();
    for (at, rule) in rules.iter().enumerate() {
        let root = root(&mut group, at);
        found.entry(root).or_default().push(*rule);
    }
    found.into_values().collect()
}

struct Grid {
    /// Places of upright and of level lines, in ascending order.
    x: Vec<f32>,
    y: Vec<f32>,
    upright: Vec<Rule>,
    level: Vec<Rule>,
}

impl Grid {
    /// The grid of a group of lines, if it has at least two cells.
    fn of(rules: &[Rule]) -> Option<Self> {
        let (upright, level): (Vec<Rule>, Vec<Rule>) = rules.iter().copied().partition(is_upright);
        // A table may be open at its sides: the ends of its level lines close it.
        let ends = level.iter().flat_map(|rule| [rule.x0, rule.x1]);
        let x0 = ends.clone().fold(f32::INFINITY, f32::min);
        let x1 = ends.fold(f32::NEG_INFINITY, f32::max);
        let inner = upright.iter().map(|rule| (rule.x0 + rule.x1) / 2.0);
        let x = places(inner.chain([x0, x1]).collect());
        let y = places(level.iter().map(|rule| (rule.y0 + rule.y1) / 2.0).collect());
        let (columns, rows) = (x.len().checked_sub(1)?, y.len().checked_sub(1)?);
        let is_table = columns >= 2 && rows >= 1 && columns <= MAX_LINES && rows <= MAX_LINES;
        (is_table && level.len() >= 2).then_some(Self { x, y, upright, level })
    }

    fn holds(&self, glyph: &Glyph) -> bool {
        let (x, y) = middle(glyph);
        let inside = |places: &[f32], at: f32| {
            places.first().is_some_and(|first| at > *first)
                && places.last().is_some_and(|last| at < *last)
        };
        inside(&self.x, x) && inside(&self.y, y)
    }

    fn table(&self, glyphs: Vec<Glyph>) -> Option<Table> {
        let (columns, rows) = (self.x.len() - 1, self.y.len() - 1);
        // The cell to which each place belongs; merged cells have no line between them.
        let mut owner: Vec<usize> = (0..rows * columns).collect();
        for row in 0..rows {
            for column in 0..columns {
                let at = row * columns + column;
                let (x, y) = (
                    (self.x[column] + self.x[column + 1]) / 2.0,
                    (self.y[row] + self.y[row + 1]) / 2.0,
                );
                if column > 0
                    && !self
                        .upright
                        .iter()
                        .any(|r| near(r.x0, r.x1, self.x[column]) && r.y0 < y && y < r.y1)
                {
                    owner[at] = owner[at - 1];
                } else if row > 0
                    && !self
                        .level
                        .iter()
                        .any(|r| near(r.y0, r.y1, self.y[row]) && r.x0 < x && x < r.x1)
                {
                    owner[at] = owner[at - columns];
                }
            }
        }
        let mut cells = vec![Vec::new(); rows * columns];
        for glyph in glyphs {
            let (x, y) = middle(&glyph);
            let column =
                self.x.partition_point(|place| *place < x).saturating_sub(1).min(columns - 1);
            let row = self.y.partition_point(|place| *place < y).saturating_sub(1).min(rows - 1);
            cells[owner[row * columns + column]].push(glyph);
        }
        let filled = cells.iter().filter(|cell| cell.iter().any(|g| g.char != ' ')).count();
        if filled < 2 {
            return None;
        }
        let mut found = Vec::new();
        let mut cells = cells.into_iter().enumerate();
        for _ in 0..rows {
            let row: Vec<Vec<Glyph>> = cells
                .by_ref()
                .take(columns)
                .filter(|(at, _)| owner[*at] == *at)
                .map(|(_, cell)| cell)
                .collect();
            if row.iter().any(|cell| cell.iter().any(|g| g.char != ' ')) {
                found.push(row);
            }
        }
        let bounds = [self.x[0], self.y[0], self.x[columns], self.y[rows]];
        Some(Table { bounds, rows: found })
    }
}

fn middle(glyph: &Glyph) -> (f32, f32) {
    (glyph.x + glyph.width / 2.0, glyph.y - 0.3 * glyph.size)
}

fn near(start: f32, end: f32, place: f32) -> bool {
    start - TOUCH <= place && place <= end + TOUCH
}

/// Places in ascending order, those that are nearly the same taken together.
fn places(mut all: Vec<f32>) -> Vec<f32> {
    all.retain(|place| place.is_finite());
    all.sort_by(f32::total_cmp);
    all.dedup_by(|next, last| *next - *last < TOUCH + 1.0);
    all
}
