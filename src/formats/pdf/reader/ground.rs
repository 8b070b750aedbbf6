//! The colors that lie below a page's text, in coarse cells.

use hayro_interpret::kurbo::Rect;

/// Cells of a page in each direction.
const CELLS: usize = 256;

/// The color of each cell of a page.
pub struct Ground {
    width: f32,
    height: f32,
    colors: Vec<[u8; 3]>,
    is_picture: Vec<bool>,
}

impl Ground {
    /// White paper; `width` and `height` are in points.
    pub fn new(width: f32, height: f32) -> Self {
        Self {
            width,
            height,
            colors: vec![[255; 3]; CELLS * CELLS],
            is_picture: vec![false; CELLS * CELLS],
        }
    }

    /// Fills an area with a color.
    pub fn fill(&mut self, area: Rect, color: [f32; 3]) {
        let color = bytes(color);
        self.each_cell(area, |ground, cell| {
            ground.colors[cell] = color;
        });
    }

    /// Covers an area with a picture.
    pub fn picture(&mut self, area: Rect) {
        // Text of any color shows on a picture.
        self.each_cell(area, |ground, cell| {
            ground.is_picture[cell] = true;
        });
    }

    /// True if a text of this color can be read at a place.
    pub fn differs(&self, color: [f32; 3], x: f32, y: f32) -> bool {
        const LEAST: i32 = 8;
        let cell = cell(y, self.height) * CELLS + cell(x, self.width);
        let (ground, color) = (self.colors[cell], bytes(color));
        self.is_picture[cell]
            || ground.iter().zip(color).any(|(a, b)| (i32::from(*a) - i32::from(b)).abs() >= LEAST)
    }

    /// Share of the page that pictures cover, 0 to 1.
    pub fn pictures(&self) -> f32 {
        let covered = self.is_picture.iter().filter(|is| **is).count();
        covered as f32 / self.is_picture.len() as f32
    }

    fn each_cell(&mut self, area: Rect, mut change: impl FnMut(&mut Self, usize)) {
        if !(area.width() > 0.0 && area.height() > 0.0) {
            return;
        }
        let columns = cell(area.x0 as f32, self.width)..=cell(area.x1 as f32, self.width);
        for row in cell(area.y0 as f32, self.height)..=cell(area.y1 as f32, self.height) {
            for column in columns.clone() {
                change(self, row * CELLS + column);
            }
        }
    }
}

fn cell(place: f32, length: f32) -> usize {
    // A conversion of a float to an integer saturates, and NaN becomes 0.
    ((place / length.max(1.0) * CELLS as f32) as usize).min(CELLS - 1)
}

fn bytes(color: [f32; 3]) -> [u8; 3] {
    color.map(|part| (part * 255.0) as u8)
}
