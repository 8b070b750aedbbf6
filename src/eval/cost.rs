//! Cost: the time that the checks take for a short item, and how it grows with the length of a
//! text.

use std::fmt;
use std::time::Instant;

use serde::Serialize;

use super::cases::Direction;
use super::parallel::Parallel;
use crate::checks::{self, CHECKS, CheckOptions, OutputKind, Pair};
use crate::language::Language;

/// Times of the checks on one thread.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Cost {
    /// Short items that were checked.
    pub items: usize,
    /// Milliseconds of all checks for an item.
    pub per_item: f64,
    /// Milliseconds of a check for an item, the slowest first.
    pub by_check: Vec<(&'static str, f64)>,
    /// Characters of the source, and milliseconds of all checks.
    pub growth: Vec<(usize, f64)>,
}

/// Lines of a short item.
const ITEM_LINES: usize = 3;
/// Items that are measured.
const ITEMS: usize = 1000;
/// Lengths of texts, in characters.
const LENGTHS: &[usize] = &[1_000, 3_000, 10_000, 30_000, 100_000];

/// Measures the time of the checks on texts made of the given lines, in both directions.
pub fn cost(files: &[Vec<Parallel>], options: &CheckOptions) -> Cost {
    let lines: Vec<&Parallel> = files.iter().flatten().collect();
    let directions: Vec<Direction> = Direction::of_translations().collect();
    let items: Vec<([String; 2], Direction)> = (0..if lines.is_empty() { 0 } else { ITEMS })
        .map(|item| {
            let direction = directions[item % directions.len()];
            (text(&lines, item, |texts, _| texts == ITEM_LINES, direction), direction)
        })
        .collect();
    let milliseconds = |run: &dyn Fn(&Pair<'_>)| {
        let began = Instant::now();
        for (texts, direction) in &items {
            run(&pair(texts, *direction));
        }
        began.elapsed().as_secs_f64() * 1000.0 / items.len().max(1) as f64
    };
    // The first run builds the tables of the checks.
    milliseconds(&|pair| drop(checks::check(pair, options)));
    let per_item = milliseconds(&|pair| drop(checks::check(pair, options)));
    let mut by_check: Vec<(&'static str, f64)> = CHECKS
        .iter()
        .map(|check| (check.name, milliseconds(&|pair| drop(check.findings(pair, options)))))
        .collect();
    by_check.sort_by(|one, other| other.1.total_cmp(&one.1));
    let growth = LENGTHS
        .iter()
        .filter(|_| !lines.is_empty())
        .map(|length| {
            let direction = directions[0];
            let texts = text(&lines, 0, |_, chars| chars >= *length, direction);
            let began = Instant::now();
            checks::check(&pair(&texts, direction), options);
            (*length, began.elapsed().as_secs_f64() * 1000.0)
        })
        .collect();
    Cost { items: items.len(), per_item, by_check, growth }
}

/// Source and output made of lines from `first` on, until `is_enough` of their number and length.
fn text(
    lines: &[&Parallel],
    first: usize,
    is_enough: impl Fn(usize, usize) -> bool,
    direction: Direction,
) -> [String; 2] {
    let mut texts = [String::new(), String::new()];
    let (mut count, mut chars) = (0, 0);
    while !is_enough(count, chars) {
        let line = lines[(first + count) % lines.len()];
        let (english, korean) = (line.english.as_str(), line.korean.as_str());
        let [source, output] = match direction.from {
            Language::English => [english, korean],
            Language::Korean => [korean, english],
        };
        count += 1;
        // A line without letters still counts, so that the text ends.
        chars += source.chars().count().max(1);
        texts[0] += &format!("{source} ");
        texts[1] += &format!("{output} ");
    }
    texts
}

fn pair(texts: &[String; 2], direction: Direction) -> Pair<'_> {
    let Direction { from, to } = direction;
    Pair { source: &texts[0], output: &texts[1], from, to, kind: OutputKind::Translation }
}

impl fmt::Display for Cost {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { items, per_item, by_check, growth } = self;
        writeln!(f, "{items} items of {ITEM_LINES} sentences: {per_item:.3} ms an item\n")?;
        for (check, milliseconds) in by_check {
            writeln!(f, "{check:<20} {milliseconds:.3} ms an item")?;
        }
        writeln!(f)?;
        for (chars, milliseconds) in growth {
            let rate = milliseconds * 1000.0 / *chars as f64;
            writeln!(f, "{chars:>8} characters {milliseconds:>9.1} ms {rate:>8.2} µs a character")?;
        }
        Ok(())
    }
}
