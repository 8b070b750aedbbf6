//! A page as its reader gives it: characters with their places, and what else is drawn.
//!
//! Plain data. Places are in points (1/72 inch) from the upper left corner of the page as it is
//! shown, y downwards.

/// A character at its place.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Glyph {
    /// The character; U+FFFD if the font does not say which.
    pub char: char,
    /// Start of its baseline.
    pub x: f32,
    /// Start of its baseline.
    pub y: f32,
    /// Advance along the baseline.
    pub width: f32,
    /// Height of the font.
    pub size: f32,
    /// Direction of the baseline in degrees clockwise, 0 to 359.
    pub angle: u16,
    /// True if the document marks it as a part of every page: a running head, a page number.
    pub is_artifact: bool,
}

/// A straight line or the edge of a box, horizontal or vertical.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Rule {
    /// Left end.
    pub x0: f32,
    /// Upper end.
    pub y0: f32,
    /// Right end.
    pub x1: f32,
    /// Lower end.
    pub y1: f32,
}

/// What is drawn on a page.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Page {
    /// Width of the page as shown, in points.
    pub width: f32,
    /// Height of the page as shown, in points.
    pub height: f32,
    /// Visible characters, in the order in which they are drawn.
    pub glyphs: Vec<Glyph>,
    /// Characters that are not drawn, such as the text that a scanner recognized.
    pub unseen: Vec<Glyph>,
    /// Ruled lines.
    pub rules: Vec<Rule>,
    /// Share of the page that pictures cover, 0 to 1.
    pub pictures: f32,
    /// Number of shapes that are no ruled lines.
    pub shapes: usize,
}

impl Page {
    /// The characters that make the page's text: those that can be seen; under a scan, those that
    /// its recognition added.
    pub fn text(&self) -> &[Glyph] {
        const SCANNED: f32 = 0.5;
        let letters = |glyphs: &[Glyph]| glyphs.iter().filter(|g| !g.char.is_whitespace()).count();
        let is_scan = self.pictures >= SCANNED;
        if is_scan && letters(&self.unseen) > letters(&self.glyphs) {
            &self.unseen
        } else {
            &self.glyphs
        }
    }
}
