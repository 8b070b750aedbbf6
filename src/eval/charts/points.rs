//! Charts of many lines: points of two systems, and how often each score stands.

use std::fmt::Write as _;

use super::page::attribute;
use super::rows::class;
use crate::document::escape;

/// Side of the square of points, in units of its view box, and the room beside its axes.
const SIDE: f64 = 400.0;
const ROOM: f64 = 44.0;
/// Number of bars of a histogram over 0 to 100, and its height in pixels.
const BINS: usize = 25;
const HEIGHT: f64 = 72.0;

/// A line with its scores by two systems, from 0 to 100.
#[derive(Debug, Clone, PartialEq)]
pub struct Point {
    /// Score by the system below.
    pub x: f64,
    /// Score by the system at the left.
    pub y: f64,
    /// Name of the line.
    pub name: String,
    /// Fragment of the page about it, if there is one.
    pub anchor: Option<String>,
}

/// Places of scores on an axis from zero to a multiple of 20.
struct Axis(f64);

impl Axis {
    fn over(points: &[Point]) -> Self {
        let scores = points.iter().flat_map(|point| [point.x, point.y]);
        let most = scores.filter(|score| score.is_finite()).fold(0.0, f64::max);
        Self(((most / 20.0).ceil() * 20.0).clamp(20.0, 100.0))
    }

    fn ticks(&self) -> [f64; 5] {
        [0.0, 0.25, 0.5, 0.75, 1.0].map(|share| share * self.0)
    }

    fn place(&self, score: f64) -> f64 {
        if score.is_finite() { score.clamp(0.0, self.0) / self.0 * SIDE } else { 0.0 }
    }
}

/// Points on two equal axes from zero, with the diagonal of equal scores. Points above it are
/// better by the system at the left, whose series colors them.
pub fn scatter(below: &str, left: &str, series: usize, points: &[Point]) -> String {
    let size = SIDE + ROOM + 12.0;
    let mut svg = format!(
        "<svg class=\"square\" viewBox=\"0 0 {size} {size}\" role=\"img\" aria-label=\"{}\">\n",
        attribute(&format!("Score of each line: {below} across, {left} upwards"))
    );
    let axis = Axis::over(points);
    for tick in axis.ticks() {
        let (x, y) = (ROOM + axis.place(tick), 8.0 + SIDE - axis.place(tick));
        let (right, bottom) = (ROOM + SIDE, 8.0 + SIDE);
        let _ = writeln!(
            svg,
            "<line class=\"grid\" x1=\"{x}\" x2=\"{x}\" y1=\"8\" y2=\"{bottom}\"/>\
             <line class=\"grid\" x1=\"{ROOM}\" x2=\"{right}\" y1=\"{y}\" y2=\"{y}\"/>\
             <text x=\"{x}\" y=\"{}\" text-anchor=\"middle\">{tick}</text>\
             <text x=\"{}\" y=\"{}\" text-anchor=\"end\">{tick}</text>",
            bottom + 16.0,
            ROOM - 6.0,
            y + 4.0
        );
    }
    let _ = writeln!(
        svg,
        "<line class=\"zero\" x1=\"{ROOM}\" y1=\"{}\" x2=\"{}\" y2=\"8\"/>",
        8.0 + SIDE,
        ROOM + SIDE
    );
    for Point { x, y, name, anchor } in points {
        let (cx, cy) = (ROOM + axis.place(*x), 8.0 + SIDE - axis.place(*y));
        let circle = format!(
            "<circle class=\"{} faint\" cx=\"{cx:.1}\" cy=\"{cy:.1}\" r=\"4\"><title>{}: {x:.1}, {y:.1}</title></circle>",
            class(series),
            escape(name)
        );
        let _ = match anchor {
            Some(anchor) => writeln!(svg, "<a href=\"#{}\">{circle}</a>", attribute(anchor)),
            None => writeln!(svg, "{circle}"),
        };
    }
    svg += "</svg>\n";
    format!(
        "<figure><figcaption>↑ {}</figcaption>\n{svg}<figcaption class=\"end\">{} →</figcaption></figure>\n",
        escape(left),
        escape(below)
    )
}

/// How many lines have each score, from 0 to 100.
pub fn histogram(name: &str, series: usize, scores: &[f64]) -> String {
    let mut counts = [0usize; BINS];
    for score in scores.iter().filter(|score| score.is_finite()) {
        let bin = (score.clamp(0.0, 100.0) / 100.0 * BINS as f64) as usize;
        counts[bin.min(BINS - 1)] += 1;
    }
    let most = counts.iter().copied().max().unwrap_or(0).max(1) as f64;
    let mean = scores.iter().sum::<f64>() / scores.len().max(1) as f64;
    let mut svg = format!(
        "<figure><figcaption>{}: mean {mean:.1}</figcaption>\n<svg height=\"{}\" role=\"img\" aria-label=\"{}\">",
        escape(name),
        HEIGHT + 18.0,
        attribute(&format!("Number of lines by score of {name}"))
    );
    let width = 100.0 / BINS as f64;
    for (bin, count) in counts.iter().enumerate().filter(|(_, count)| **count > 0) {
        let (height, x) = (*count as f64 / most * HEIGHT, bin as f64 * width);
        let (from, to) = (bin * 100 / BINS, (bin + 1) * 100 / BINS);
        let _ = write!(
            svg,
            "<rect class=\"{}\" x=\"{x:.2}%\" y=\"{:.1}\" width=\"{:.2}%\" height=\"{height:.1}\"><title>{from} to {to}: {count}</title></rect>",
            class(series),
            HEIGHT - height,
            width * 0.9
        );
    }
    let _ =
        write!(svg, "<line class=\"zero\" x1=\"0\" x2=\"100%\" y1=\"{HEIGHT}\" y2=\"{HEIGHT}\"/>");
    for (tick, anchor) in
        [(0, "start"), (25, "middle"), (50, "middle"), (75, "middle"), (100, "end")]
    {
        let y = HEIGHT + 14.0;
        let _ = write!(svg, "<text x=\"{tick}%\" y=\"{y}\" text-anchor=\"{anchor}\">{tick}</text>");
    }
    svg + "</svg></figure>\n"
}
