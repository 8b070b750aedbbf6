//! Dates and times: other months, days, weekdays and halves of the day.

use std::sync::LazyLock;

use super::{Case, Changed, Seed};
use crate::eval::dice::Dice;
use crate::eval::spots::{Regex, pattern, replaced, spots};
use crate::language::Language;

pub(super) const SEEDS: &[Seed] = &[
    Seed::line("month", month),
    Seed::line("day_of_month", day),
    Seed::line("weekday", weekday),
    Seed::line("am_pm", half_of_day),
];

const MONTHS: &[&str] = &[
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
];
const WEEKDAYS: &[&str] =
    &["Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"];
const KOREAN_WEEKDAYS: &[&str] =
    &["월요일", "화요일", "수요일", "목요일", "금요일", "토요일", "일요일"];

static KOREAN_MONTH: LazyLock<Regex> = LazyLock::new(|| pattern(r"(?:^|[^0-9])(1[0-2]|[1-9])월"));
static ENGLISH_MONTH: LazyLock<Regex> =
    LazyLock::new(|| pattern(&format!(r"\b({})\b", MONTHS.join("|"))));
static KOREAN_DAY: LazyLock<Regex> = LazyLock::new(|| pattern(r"월\s?([12]\d|3[01]|[1-9])일"));
static ENGLISH_DAY: LazyLock<Regex> =
    LazyLock::new(|| pattern(&format!(r"\b(?:{})\s([12]\d|3[01]|[1-9])\b", MONTHS.join("|"))));
static ENGLISH_HALF: LazyLock<Regex> = LazyLock::new(|| pattern(r"(?:\b|\d)(a\.?m|p\.?m)\b"));

pub(super) fn month(case: &Case<'_>, dice: &mut Dice) -> Option<Changed> {
    let (span, new) = match case.to {
        Language::Korean => {
            let span = dice.pick(&spots(case.output, &KOREAN_MONTH))?;
            let all: Vec<String> = (1..=12).map(|month| month.to_string()).collect();
            let all: Vec<&str> = all.iter().map(String::as_str).collect();
            let new = dice.other(&all, &case.output[span.clone()])?.to_string();
            (span, new)
        }
        Language::English => {
            let mut found = spots(case.output, &ENGLISH_MONTH);
            // "May" and "March" at the beginning may be other words.
            found.retain(|span| span.start > 0);
            let span = dice.pick(&found)?;
            let new = dice.other(MONTHS, &case.output[span.clone()])?.to_string();
            (span, new)
        }
    };
    Some(replaced(case.output, span, &new).into())
}

fn day(case: &Case<'_>, dice: &mut Dice) -> Option<Changed> {
    let pattern = match case.to {
        Language::Korean => &KOREAN_DAY,
        Language::English => &ENGLISH_DAY,
    };
    let span = dice.pick(&spots(case.output, pattern))?;
    let day: usize = case.output[span.clone()].parse().ok()?;
    let new = (day + dice.below(27)) % 28 + 1;
    Some(replaced(case.output, span, &new.to_string()).into())
}

pub(super) fn weekday(case: &Case<'_>, dice: &mut Dice) -> Option<Changed> {
    let days = match case.to {
        Language::Korean => KOREAN_WEEKDAYS,
        Language::English => WEEKDAYS,
    };
    let mut found = Vec::new();
    for day in days {
        found.extend(case.output.match_indices(day).map(|(at, _)| (at..at + day.len(), *day)));
    }
    let (span, old) = dice.pick(&found)?;
    Some(replaced(case.output, span, dice.other(days, old)?).into())
}

fn half_of_day(case: &Case<'_>, dice: &mut Dice) -> Option<Changed> {
    if case.to == Language::Korean {
        let halves = [("오전", "오후"), ("오후", "오전")];
        return dice
            .replaced(case.output, &crate::eval::spots::words(case.output, &halves))
            .map(Changed::from);
    }
    let span = dice.pick(&spots(case.output, &ENGLISH_HALF))?;
    let new = if case.output[span.clone()].starts_with('a') { "p" } else { "a" };
    Some(replaced(case.output, span.start..span.start + 1, new).into())
}
