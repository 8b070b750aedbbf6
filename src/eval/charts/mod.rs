//! Charts as inline SVG, and the page around them. The page loads nothing and runs nothing, fits
//! narrow and wide windows, light and dark, and paper.
//!
//! Positions across a chart are percent of its width, so that its text keeps its size. Knows
//! numbers and labels; knows nothing of what they measure.

mod page;
mod points;
mod rows;
mod scale;

pub(super) use page::page;
pub(super) use points::{Point, histogram, scatter};
pub(super) use rows::{Chart, Mark, Row, legend};
