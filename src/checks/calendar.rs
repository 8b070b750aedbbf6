//! Reads the months and the days of the week that a text names, in both languages.

use super::numerals::{Number, Numbers};
use crate::document::Span;

/// A month or a day of the week in a text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Named {
    /// 1 to 12, or 0 (Monday) to 6 (Sunday).
    pub index: usize,
    pub span: Span,
}

/// The months and days of the week of a text.
#[derive(Debug, Default)]
pub(super) struct Calendar {
    /// Months of dates, certainly, in the order of the text.
    pub months: Vec<Named>,
    /// All months that the text may mean, by their number: "May" is also a verb, "1/7" a fraction.
    pub possible_months: [bool; 13],
    /// True if the text names months by their place only: "last month", "지난달".
    pub has_relative_month: bool,
    /// Days of the week, in the order of the text.
    pub weekdays: Vec<Named>,
}

#[rustfmt::skip]
pub(super) const MONTHS: [&str; 12] = [
    "January", "February", "March", "April", "May", "June", "July", "August", "September", "October", "November",
    "December",
];

#[rustfmt::skip]
pub(super) const WEEKDAYS: [&str; 7] =
    ["Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"];

pub(super) const KOREAN_WEEKDAYS: [char; 7] = ['월', '화', '수', '목', '금', '토', '일'];

/// English names of the days in Hangul, in names: "선데이 타임스".
const FOREIGN_WEEKDAYS: [&str; 7] =
    ["먼데이", "튜즈데이", "웬즈데이", "서스데이", "프라이데이", "새터데이", "선데이"];

/// Abbreviations that are written before a day or after a year: "Jan. 7".
#[rustfmt::skip]
const SHORT_MONTHS: &[(&str, usize)] = &[
    ("Jan", 1), ("Feb", 2), ("Mar", 3), ("Apr", 4), ("Jun", 6), ("Jul", 7), ("Aug", 8), ("Sep", 9), ("Sept", 9),
    ("Oct", 10), ("Nov", 11), ("Dec", 12),
];

/// Words before "May" and "March" that make them months.
#[rustfmt::skip]
const BEFORE_MONTH: &[&str] = &[
    "in", "of", "since", "until", "till", "by", "last", "next", "this", "early", "late", "mid", "from", "to", "through",
    "between", "during", "on", "before", "after", "th", "st", "nd", "rd", "around", "every", "previous", "following",
];

#[rustfmt::skip]
const RELATIVE_MONTHS: &[&str] = &[
    "this month", "last month", "next month", "previous month", "following month", "later month", "earlier month",
    "of the month", "same month", "that month", "지난달", "지난 달", "이번 달", "이번달", "이달", "다음 달", "다음달", "내달", "전달", "같은 달",
    "그달", "그 달", "매달", "매월", "monthly",
];

/// Reads a text with these numbers.
pub(super) fn read(text: &str, numbers: &Numbers<'_>) -> Calendar {
    let mut calendar = Calendar::default();
    let months = numbers.stated.iter().filter(|number| number.is_month);
    let named =
        |number: &Number<'_>| Named { index: number.value as usize, span: number.quantity() };
    calendar.months.extend(months.map(named));
    english(text, &mut calendar);
    korean(text, &mut calendar);
    numeric(text, &mut calendar.possible_months);
    for month in &calendar.months {
        calendar.possible_months[month.index] = true;
    }
    calendar.months.sort_by_key(|month| month.span.start);
    calendar.weekdays.sort_by_key(|day| day.span.start);
    let lower = text.to_lowercase();
    calendar.has_relative_month = RELATIVE_MONTHS.iter().any(|words| lower.contains(words));
    calendar
}

fn english(text: &str, calendar: &mut Calendar) {
    let mut at = 0;
    let mut previous = "";
    while let Some(start) =
        text[at..].find(|c: char| c.is_ascii_alphabetic()).map(|offset| at + offset)
    {
        let rest = &text[start..];
        let word = &rest[..rest.find(|c: char| !c.is_ascii_alphabetic()).unwrap_or(rest.len())];
        at = start + word.len();
        let after = &text[at..];
        let span = start..at;
        if let Some(index) = weekday(word) {
            calendar.weekdays.push(Named { index, span: span.clone() });
        }
        if let Some(index) = short_month(word, after) {
            calendar.months.push(Named { index, span });
        } else if let Some(index) = month(word) {
            calendar.possible_months[index] = true;
            let capital = word.starts_with(|c: char| c.is_ascii_uppercase());
            let is_other = matches!(index, 3 | 5);
            if capital && (!is_other || is_date(&text[..start], previous, after)) {
                calendar.months.push(Named { index, span });
            }
        } else if let Some(index) = misspelled(word) {
            calendar.possible_months[index] = true;
        }
        previous = word;
    }
}

/// True if "May" or "March" stands in a date: "in May", "May 5", "5 May".
fn is_date(before: &str, previous: &str, after: &str) -> bool {
    let day = |text: &str| text.starts_with(|c: char| c.is_ascii_digit());
    let behind = after.trim_start_matches([' ', ',', '.']);
    let behind = behind.strip_prefix("the ").unwrap_or(behind);
    let near = before.trim_end_matches([' ', '-', '–']);
    let follows = near.ends_with(previous)
        && BEFORE_MONTH.iter().any(|word| word.eq_ignore_ascii_case(previous));
    day(behind) || near.ends_with(|c: char| c.is_ascii_digit()) || follows
}

fn month(word: &str) -> Option<usize> {
    let name = |name: &&str| name.eq_ignore_ascii_case(word) && (word.len() > 3 || *name == "May");
    MONTHS.iter().position(name).map(|at| at + 1)
}

fn short_month(word: &str, after: &str) -> Option<usize> {
    let (_, index) = SHORT_MONTHS.iter().find(|(name, _)| *name == word)?;
    let rest = after.strip_prefix('.').unwrap_or(after);
    let is_date = rest.trim_start().starts_with(|c: char| c.is_ascii_digit());
    (is_date || (after.starts_with('.') && *index != 3)).then_some(*index)
}

/// The month that a misspelled capitalized word may be: "Novemeber".
fn misspelled(word: &str) -> Option<usize> {
    const MIN_LENGTH: usize = 6;
    if word.len() < MIN_LENGTH || !word.starts_with(|c: char| c.is_ascii_uppercase()) {
        return None;
    }
    let (begin, end) = (word.get(..3)?, word.get(word.len() - 2..)?);
    let is_like = |month: &&str| {
        month.len() >= MIN_LENGTH && month.starts_with(begin) && month.ends_with(end)
    };
    MONTHS.iter().position(is_like).map(|at| at + 1)
}

fn weekday(word: &str) -> Option<usize> {
    let singular = word.strip_suffix('s').unwrap_or(word);
    let long = WEEKDAYS.iter().position(|day| day.eq_ignore_ascii_case(singular));
    long.filter(|_| word.starts_with(|c: char| c.is_ascii_uppercase()))
}

fn korean(text: &str, calendar: &mut Calendar) {
    for (at, _) in text.match_indices("요일") {
        let day = text[..at].chars().next_back();
        if let Some((index, day)) = day.and_then(|day| Some((korean_weekday(day)?, day))) {
            let start = at - day.len_utf8();
            calendar.weekdays.push(Named { index, span: start..at + "요일".len() });
        }
    }
    for (index, name) in FOREIGN_WEEKDAYS.iter().enumerate() {
        for (start, _) in text.match_indices(name) {
            calendar.weekdays.push(Named { index, span: start..start + name.len() });
        }
    }
    // "7일(수)"
    for (at, _) in text.match_indices('(') {
        let mut rest = text[at + 1..].chars();
        if let (Some(day), Some(')')) = (rest.next(), rest.next())
            && let Some(index) = korean_weekday(day)
            && text[..at].trim_end().ends_with('일')
        {
            calendar.weekdays.push(Named { index, span: at + 1..at + 1 + day.len_utf8() });
        }
    }
    for (word, index) in [("정월", 1), ("섣달", 12), ("동짓달", 11)] {
        calendar.possible_months[index] |= text.contains(word);
    }
}

fn korean_weekday(c: char) -> Option<usize> {
    KOREAN_WEEKDAYS.iter().position(|day| *day == c)
}

/// Marks the months that dates in digits may have: 1/7, 2026-01-07, 9·11.
fn numeric(text: &str, months: &mut [bool; 13]) {
    let runs = text.split(|c: char| !c.is_ascii_digit() && !matches!(c, '/' | '-' | '.' | '·'));
    let mut mark = |part: &str| {
        if let Ok(month @ 1..=12) = part.parse::<usize>() {
            months[month] = true;
        }
    };
    for run in runs {
        let parts: Vec<&str> =
            run.split(['/', '-', '.', '·']).filter(|part| !part.is_empty()).collect();
        if (2..=4).contains(&parts.len()) {
            parts.iter().for_each(|part| mark(part));
        }
    }
    // "2026. 1. 7."
    for (at, _) in text.match_indices(". ") {
        let rest = &text[at + 2..];
        let length = rest.bytes().take(3).take_while(u8::is_ascii_digit).count();
        if text[..at].ends_with(|c: char| c.is_ascii_digit()) && rest[length..].starts_with('.') {
            mark(&rest[..length]);
        }
    }
}
