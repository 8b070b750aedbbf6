//! The characters of a page, from the interpreter of its drawing commands.
//!
//! The only file that knows the interpreter. It keeps what a reader of the page would see: text
//! that is clipped, off the page, transparent or white on white is left out.

use hayro_interpret::font::{Glyph as FontGlyph, GlyphRun};
use hayro_interpret::hayro_cmap::{BfString, WritingMode};
use hayro_interpret::hayro_syntax::object::{Dict, Name, String as PdfString};
use hayro_interpret::hayro_syntax::page::Page as PdfPage;
use hayro_interpret::kurbo::{Affine, BezPath, Point, Rect, Vec2};
use hayro_interpret::{
    BlendMode, ClipPath, Context, Device, DrawMode, DrawProps, Image, ImageDrawProps,
    InterpreterCache, InterpreterSettings, Paint, SoftMask, interpret_page,
};

use super::characters::{self, FontTables};
use super::glyph::{Glyph, Page, Rule};
use super::ground::Ground;
use super::limits::Budget;

/// Reads a page. Unwinds with [`super::limits::Exceeded`] when the budget is used up.
pub fn page<'a>(page: &PdfPage<'a>, cache: &InterpreterCache<'a>, budget: &mut Budget) -> Page {
    let (width, height) = page.render_dimensions();
    let transform = Affine::new(page.initial_transform(true).as_coeffs());
    let bounds = Rect::new(0.0, 0.0, f64::from(width), f64::from(height));
    let settings = InterpreterSettings::default();
    let mut context = Context::new(transform, bounds, cache, page.xref(), settings);
    let mut collector = Collector {
        page: Page { width, height, ..Page::default() },
        ground: Ground::new(width, height),
        clips: vec![bounds],
        marks: Vec::new(),
        faded: 0,
        tables: characters::tables(page.resources()),
        budget,
    };
    interpret_page(page, &mut context, &mut collector);
    collector.end_marks();
    let mut found = collector.page;
    found.pictures = collector.ground.pictures();
    found
}

/// A marked part of a page's content.
struct Mark {
    is_artifact: bool,
    /// The words that stand for the part, if they are about as long as what is drawn.
    words: Option<Vec<char>>,
    /// Number of visible characters before the part.
    start: usize,
}

struct Collector<'b> {
    page: Page,
    ground: Ground,
    /// Bounds of the open clips, each within the one before.
    clips: Vec<Rect>,
    marks: Vec<Mark>,
    /// Number of open groups that cannot be seen.
    faded: usize,
    tables: FontTables,
    budget: &'b mut Budget,
}

/// Lines up to this width are rules, in points.
const RULE_WIDTH: f64 = 3.0;
/// Shortest rule, in points.
const RULE_LENGTH: f64 = 8.0;
/// Limit on kept rules of a page; a grid of a table has far fewer.
const MAX_RULES: usize = 20_000;

impl Collector<'_> {
    fn clip(&self) -> Rect {
        self.clips.last().copied().unwrap_or(Rect::ZERO)
    }

    fn push_clip(&mut self, bounds: Rect) {
        self.budget.operation();
        let inner = self.clip().intersect(bounds);
        self.clips.push(inner);
    }

    fn is_artifact(&self) -> bool {
        self.marks.iter().any(|mark| mark.is_artifact)
    }

    /// True if a paint of this color shows on what lies below `at`.
    fn shows(&self, color: Option<[f32; 4]>, at: Point) -> bool {
        let Some([r, g, b, alpha]) = color else { return true };
        alpha >= 0.02 && self.ground.differs([r, g, b], at.x as f32, at.y as f32)
    }

    fn add(&mut self, glyph: Glyph, color: Option<[f32; 4]>, drawn: bool) {
        self.budget.character();
        let (dx, dy) = direction(glyph.angle);
        // Points of the letter: its middle, and those near its sides, for it may be cut.
        let points = [0.5, 0.15, 0.85].map(|share| {
            let along = glyph.width * share;
            Point::new(
                f64::from(glyph.x + dx * along + dy * glyph.size * 0.3),
                f64::from(glyph.y + dy * along - dx * glyph.size * 0.3),
            )
        });
        let place = [glyph.x, glyph.y, glyph.width, glyph.size];
        let clip = self.clip();
        let seen = points.into_iter().find(|point| clip.contains(*point));
        let Some(seen) = seen.filter(|_| place.iter().all(|number| number.is_finite())) else {
            return;
        };
        if drawn && self.faded == 0 && self.shows(color, seen) {
            self.page.glyphs.push(glyph);
        } else if !drawn {
            self.page.unseen.push(glyph);
        }
    }

    /// Ends all marks that the page left open.
    fn end_marks(&mut self) {
        while !self.marks.is_empty() {
            self.end_mark();
        }
    }

    fn end_mark(&mut self) {
        let Some(mark) = self.marks.pop() else { return };
        let Some(words) = mark.words else { return };
        let drawn = self.page.glyphs.get(mark.start..).unwrap_or_default();
        // Longer words than what is drawn would be text that no reader of the page sees.
        if drawn.is_empty() || words.len() > 3 * drawn.len() + 2 {
            return;
        }
        let (first, last) = (drawn[0], drawn[drawn.len() - 1]);
        let (dx, dy) = direction(first.angle);
        let end = (last.x - first.x) * dx + (last.y - first.y) * dy + last.width;
        let one_line = ((last.y - first.y) * dx - (last.x - first.x) * dy).abs() < first.size * 0.5;
        if !one_line || end <= 0.0 {
            return;
        }
        let width = end / words.len().max(1) as f32;
        self.page.glyphs.truncate(mark.start);
        for (index, char) in words.into_iter().enumerate() {
            let along = width * index as f32;
            let (x, y) = (first.x + dx * along, first.y + dy * along);
            self.page.glyphs.push(Glyph { char, x, y, width, ..first });
        }
    }

    fn shape(&mut self, bounds: Rect, is_box: bool, paint: &Paint, mode: &DrawMode, soft: bool) {
        self.budget.operation();
        let bounds = bounds.intersect(self.clip());
        let color = color(paint);
        let Some([r, g, b, alpha]) = color.or(Some([0.5, 0.5, 0.5, 1.0])) else { return };
        if alpha < 0.02 || self.faded > 0 || !bounds.x0.is_finite() || !bounds.y0.is_finite() {
            return;
        }
        let (width, height) = (bounds.width(), bounds.height());
        let is_filled = matches!(mode, DrawMode::Fill(_) | DrawMode::FillAndStroke(..));
        if width.min(height) <= RULE_WIDTH && width.max(height) >= RULE_LENGTH {
            self.rule(bounds);
        } else if is_box && !is_filled && width > RULE_LENGTH && height > RULE_LENGTH {
            let Rect { x0, y0, x1, y1 } = bounds;
            self.rule(Rect::new(x0, y0, x1, y0));
            self.rule(Rect::new(x0, y1, x1, y1));
            self.rule(Rect::new(x0, y0, x0, y1));
            self.rule(Rect::new(x1, y0, x1, y1));
        } else if !is_box {
            self.page.shapes += 1;
        }
        if is_filled && !soft && alpha > 0.3 {
            self.ground.fill(bounds, [r, g, b]);
        }
    }

    fn rule(&mut self, bounds: Rect) {
        if self.page.rules.len() < MAX_RULES {
            let Rect { x0, y0, x1, y1 } = bounds;
            let [x0, y0, x1, y1] = [x0, y0, x1, y1].map(|number| number as f32);
            self.page.rules.push(Rule { x0, y0, x1, y1 });
        }
    }

    /// Single straight lines of a drawn path, as rules.
    fn segments(&mut self, path: &BezPath, transform: Affine) -> bool {
        use hayro_interpret::kurbo::PathEl::{ClosePath, LineTo, MoveTo};
        const MAX_SEGMENTS: usize = 1000;
        let elements = path.elements();
        let straight = elements.iter().all(|e| matches!(e, MoveTo(_) | LineTo(_) | ClosePath));
        if !straight || elements.len() > MAX_SEGMENTS {
            return false;
        }
        let mut last = Point::ZERO;
        let mut all_upright = true;
        let mut found = Vec::new();
        for element in elements {
            match element {
                MoveTo(point) => last = transform * *point,
                LineTo(point) => {
                    let next = transform * *point;
                    let bounds = Rect::from_points(last, next);
                    all_upright &= bounds.width().min(bounds.height()) <= RULE_WIDTH;
                    found.push(bounds);
                    last = next;
                }
                _ => {}
            }
        }
        if !all_upright {
            return false;
        }
        for bounds in found {
            let bounds = bounds.intersect(self.clip());
            if bounds.width().max(bounds.height()) >= RULE_LENGTH {
                self.rule(bounds);
            }
        }
        true
    }
}

impl<'a> Device<'a> for Collector<'_> {
    fn draw_path(&mut self, path: &BezPath, props: DrawProps<'a>, mode: &DrawMode) {
        self.budget.operation();
        if matches!(mode, DrawMode::Stroke(_)) && self.segments(path, props.transform) {
            return;
        }
        let bounds = props.transform.transform_rect_bbox(path.control_box());
        let soft = props.soft_mask.is_some() || props.blend_mode != BlendMode::Normal;
        self.shape(bounds, false, &props.paint, mode, soft || !is_box(path));
    }

    fn draw_rect(&mut self, rect: &Rect, props: DrawProps<'a>, mode: &DrawMode) {
        let bounds = props.transform.transform_rect_bbox(*rect);
        let soft = props.soft_mask.is_some() || props.blend_mode != BlendMode::Normal;
        self.shape(bounds, true, &props.paint, mode, soft);
    }

    fn push_clip_path(&mut self, clip: &ClipPath) {
        self.push_clip(clip.path.control_box());
    }

    fn push_clip_rect(&mut self, rect: &Rect) {
        self.push_clip(*rect);
    }

    fn pop_clip(&mut self) {
        if self.clips.len() > 1 {
            self.clips.pop();
        }
    }

    fn push_transparency_group(&mut self, opacity: f32, _: Option<SoftMask<'a>>, _: BlendMode) {
        self.budget.operation();
        if self.faded > 0 || opacity < 0.02 {
            self.faded += 1;
        }
    }

    fn pop_transparency_group(&mut self) {
        self.faded = self.faded.saturating_sub(1);
    }

    fn draw_image(&mut self, _: Image<'a, '_>, props: ImageDrawProps<'a>) {
        self.budget.operation();
        let bounds = props.transform.transform_rect_bbox(Rect::new(0.0, 0.0, 1.0, 1.0));
        if self.faded == 0 {
            self.ground.picture(bounds.intersect(self.clip()));
        }
    }

    fn draw_glyph_run(&mut self, run: &GlyphRun<'_, 'a>, props: DrawProps<'a>, mode: &DrawMode) {
        self.budget.operation();
        let drawn = !matches!(mode, DrawMode::Invisible);
        let color = color(&props.paint);
        let is_artifact = self.is_artifact();
        let vertical = run.writing_mode() == WritingMode::Vertical;
        // A substituted font is stretched glyph by glyph; the text has one scale for all glyphs.
        let mut scales = run.glyphs().iter().map(|glyph| scale(glyph.transform()));
        let first = scales.next();
        let uniform = scales.all(|other| first.is_none_or(|first| (first - other).abs() < 0.005));
        for positioned in run.glyphs() {
            let place = props.transform * positioned.transform();
            let origin = place * Point::ZERO;
            let across = vector(place, Vec2::new(1.0, 0.0));
            let up = vector(place, Vec2::new(0.0, 1.0));
            let size = (up.hypot() * 1000.0) as f32;
            let along = if uniform { across.hypot() } else { up.hypot() };
            let (advance, char_code) = match &**positioned {
                FontGlyph::Outline(outline) => (outline.advance_width(), outline.char_code()),
                FontGlyph::Type3(drawn) => (drawn.advance_width(), drawn.char_code()),
            };
            let words = match positioned.as_unicode() {
                Some(words) => Some(words),
                None => self.tables.unicode(positioned, char_code),
            };
            let angle = if vertical { up.atan2() + std::f64::consts::PI } else { across.atan2() };
            let angle = (angle.to_degrees().round() as i32).rem_euclid(360) as u16;
            let width = if vertical { size } else { advance.unwrap_or(0.0) * along as f32 };
            let glyph = |char, x: f64, y: f64, width| Glyph {
                char,
                x: x as f32,
                y: y as f32,
                width,
                size,
                angle,
                is_artifact,
            };
            let words = words.unwrap_or(BfString::Char(char::REPLACEMENT_CHARACTER));
            let chars = characters::plain(&words);
            let (dx, dy) = direction(angle);
            let each = width / chars.len().max(1) as f32;
            for (index, char) in chars.into_iter().enumerate() {
                let along = f64::from(each * index as f32);
                let (x, y) = (origin.x + f64::from(dx) * along, origin.y + f64::from(dy) * along);
                self.add(glyph(char, x, y, each), color, drawn);
            }
        }
    }

    fn begin_marked_content(&mut self, tag: &[u8], properties: Option<&Dict<'_>>) {
        self.budget.operation();
        let named = |key: &[u8], wanted: &[&[u8]]| {
            let name = properties.and_then(|all| all.get::<Name<'_>>(key));
            name.is_some_and(|name| wanted.contains(&&*name))
        };
        let is_artifact = tag == b"Artifact"
            && (named(b"Type", &[b"Pagination"]) || named(b"Subtype", &[b"Header", b"Footer"]));
        let words = properties.and_then(|all| all.get::<PdfString<'_>>(b"ActualText"));
        let words = words.map(|words| characters::text_string(words.as_bytes()));
        self.marks.push(Mark { is_artifact, words, start: self.page.glyphs.len() });
    }

    fn end_marked_content(&mut self) {
        self.end_mark();
    }
}

/// The direction of a baseline, as a unit vector.
fn direction(angle: u16) -> (f32, f32) {
    match angle {
        0 => (1.0, 0.0),
        90 => (0.0, 1.0),
        180 => (-1.0, 0.0),
        270 => (0.0, -1.0),
        angle => {
            let radians = f32::from(angle).to_radians();
            (radians.cos(), radians.sin())
        }
    }
}

fn vector(place: Affine, vector: Vec2) -> Vec2 {
    let [a, b, c, d, ..] = place.as_coeffs();
    Vec2::new(a * vector.x + c * vector.y, b * vector.x + d * vector.y)
}

/// Horizontal scale of a glyph relative to its height.
fn scale(place: Affine) -> f64 {
    let up = vector(place, Vec2::new(0.0, 1.0)).hypot();
    if up == 0.0 { 1.0 } else { vector(place, Vec2::new(1.0, 0.0)).hypot() / up }
}

fn color(paint: &Paint) -> Option<[f32; 4]> {
    match paint {
        Paint::Color(color) => Some(color.to_rgba().components()),
        Paint::Pattern(_) => None,
    }
}

fn is_box(path: &BezPath) -> bool {
    path.elements().len() <= 6
        && path.segments().all(|s| matches!(s, hayro_interpret::kurbo::PathSeg::Line(_)))
}
