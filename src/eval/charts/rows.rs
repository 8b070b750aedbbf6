//! Charts of rows: a label, a mark for each series, and their values in words.

use std::fmt::Write as _;

use super::page::attribute;
use super::scale::Scale;
use crate::document::escape;

/// Height of a mark with its value, in pixels.
const LINE: usize = 18;
/// Height of a bar, in pixels.
const BAR: usize = 10;

/// What a mark shows.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Mark {
    /// A bar from zero.
    Bar(f64),
    /// A point with its interval.
    Interval {
        /// Lower bound.
        low: f64,
        /// The value.
        value: f64,
        /// Upper bound.
        high: f64,
    },
}

impl Mark {
    fn values(self) -> [f64; 3] {
        match self {
            Self::Bar(value) => [0.0, value, value],
            Self::Interval { low, value, high } => [low, value, high],
        }
    }
}

/// A row of a chart.
#[derive(Debug, Clone, PartialEq)]
pub struct Row {
    /// What the row measures.
    pub label: String,
    /// For each mark: its series, which chooses the color, the mark, and its value in words.
    pub marks: Vec<(usize, Mark, String)>,
}

/// A chart of rows.
#[derive(Debug, Clone, PartialEq)]
pub struct Chart<'c> {
    /// What the chart shows, for readers who do not see it.
    pub title: &'c str,
    /// The rows, from top to bottom.
    pub rows: Vec<Row>,
    /// Words at the left and right end of an axis with zero in its middle; `None` for an axis from
    /// zero.
    pub ends: Option<[&'c str; 2]>,
    /// Unit behind the ticks, such as ` %`.
    pub unit: &'c str,
}

/// The class of a series, of which there are six.
pub(super) fn class(series: usize) -> String {
    format!("s{}", series % 6)
}

/// The names of the series beside their colors. The first one is series `first`.
pub fn legend<'n>(first: usize, names: impl IntoIterator<Item = &'n str>) -> String {
    let mut legend = "<ul class=\"legend\">\n".to_string();
    for (series, name) in (first..).zip(names) {
        let _ = writeln!(
            legend,
            "<li><svg width=\"12\" height=\"12\" aria-hidden=\"true\"><rect class=\"{}\" width=\"12\" height=\"12\" rx=\"2\"/></svg> {}</li>",
            class(series),
            escape(name)
        );
    }
    legend + "</ul>\n"
}

impl Chart<'_> {
    /// The chart as HTML.
    pub fn html(&self) -> String {
        let values =
            self.rows.iter().flat_map(|row| &row.marks).flat_map(|(_, mark, _)| mark.values());
        let scale = match self.ends {
            Some(_) => Scale::around_zero(values),
            None => Scale::over(values),
        };
        let mut html = format!(
            "<div class=\"chart\" role=\"group\" aria-label=\"{}\">\n",
            attribute(self.title)
        );
        for row in &self.rows {
            html += &row.html(&scale);
        }
        html += &self.axis(&scale);
        html + "</div>\n"
    }

    fn axis(&self, scale: &Scale) -> String {
        let mut axis = format!("<div class=\"row axis\"><span></span><svg height=\"{LINE}\">");
        for tick in scale.ticks() {
            let place = scale.percent(tick);
            let anchor = match place {
                place if place <= 0.0 => "start",
                place if place >= 100.0 => "end",
                _ => "middle",
            };
            // A small negative number is zero.
            let tick = if tick.abs() < 1e-9 { 0.0 } else { tick };
            let _ = write!(
                axis,
                "<text x=\"{place:.2}%\" y=\"13\" text-anchor=\"{anchor}\">{tick:.*}{}</text>",
                scale.decimals(),
                escape(self.unit)
            );
        }
        axis += "</svg><span></span></div>\n";
        if let Some([left, right]) = self.ends {
            let _ = writeln!(
                axis,
                "<div class=\"row ends\"><span></span><p><span>← {}</span><span>{} →</span></p><span></span></div>",
                escape(left),
                escape(right)
            );
        }
        axis
    }
}

impl Row {
    fn html(&self, scale: &Scale) -> String {
        let height = self.marks.len() * LINE;
        let spoken: Vec<&str> = self.marks.iter().map(|(.., words)| words.as_str()).collect();
        let mut html = format!(
            "<div class=\"row\"><span class=\"label\">{}</span><svg height=\"{height}\" role=\"img\" aria-label=\"{}\">",
            escape(&self.label),
            attribute(&spoken.join("; "))
        );
        for tick in scale.ticks() {
            let (place, kind) =
                (scale.percent(tick), if tick.abs() < 1e-9 { "zero" } else { "grid" });
            let _ = write!(
                html,
                "<line class=\"{kind}\" x1=\"{place:.2}%\" x2=\"{place:.2}%\" y1=\"0\" y2=\"{height}\"/>"
            );
        }
        for (index, (series, mark, _)) in self.marks.iter().enumerate() {
            let (class, middle) = (class(*series), index * LINE + LINE / 2);
            let [low, value, high] = mark.values().map(|value| scale.percent(value));
            let _ = match mark {
                Mark::Bar(_) => {
                    let (start, y) = (scale.percent(0.0).min(value), middle - BAR / 2);
                    let width = (value - scale.percent(0.0)).abs();
                    write!(
                        html,
                        "<rect class=\"{class}\" x=\"{start:.2}%\" y=\"{y}\" width=\"{width:.2}%\" height=\"{BAR}\" rx=\"1.5\"/>"
                    )
                }
                Mark::Interval { .. } => write!(
                    html,
                    "<line class=\"{class}\" x1=\"{low:.2}%\" x2=\"{high:.2}%\" y1=\"{middle}\" y2=\"{middle}\"/>\
                     <circle class=\"{class}\" cx=\"{value:.2}%\" cy=\"{middle}\" r=\"4.5\"/>"
                ),
            };
        }
        html += "</svg><span class=\"values\">";
        for (_, _, words) in &self.marks {
            let _ = write!(html, "<span>{}</span>", escape(words));
        }
        html + "</span></div>\n"
    }
}
