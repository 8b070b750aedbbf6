//! Numbers: other digits, other magnitudes, other number words, and numbers left out.

use std::ops::Range;
use std::sync::LazyLock;

use super::{Case, Changed, Seed};
use crate::eval::dice::Dice;
use crate::eval::spots::{Regex, pattern, replaced, spots, tidy};
use crate::language::Language;

pub(super) const SEEDS: &[Seed] = &[
    Seed::line("number_digit", digit),
    Seed::line("number_dropped", dropped),
    Seed::line("digits_transposed", transposed),
    Seed::line("decimal_moved", decimal),
    Seed::line("year_off_by_one", year),
    Seed::line("magnitude", magnitude),
    Seed::line("number_word", word),
];

static NUMBER: LazyLock<Regex> =
    LazyLock::new(|| pattern(r"(?:^|[^A-Za-z0-9])(\d[\d,]*(?:\.\d+)?)"));
static WITH_UNIT: LazyLock<Regex> = LazyLock::new(|| {
    pattern(
        r"(?:^|[^A-Za-z0-9])(\d[\d,]*(?:\.\d+)?\s?(?:%|퍼센트|percent|명|개|년|월|일|건|만|억|달러|파운드|km|마일|million|billion|years?)?)",
    )
});
static YEAR: LazyLock<Regex> =
    LazyLock::new(|| pattern(r"(?:^|[^0-9])(1[89]\d\d|20[0-2]\d)(?:[^0-9]|$)"));
static DECIMAL: LazyLock<Regex> = LazyLock::new(|| pattern(r"(?:^|[^0-9.,])(\d+\.\d+)"));
static KOREAN_MAGNITUDE: LazyLock<Regex> =
    LazyLock::new(|| pattern(r"[\d천백](만|억|조)(?:[\s\d천백가-힣]|$)"));
static ENGLISH_MAGNITUDE: LazyLock<Regex> =
    LazyLock::new(|| pattern(r"\b(thousand|million|billion|trillion)\b"));
static ENGLISH_WORD: LazyLock<Regex> =
    LazyLock::new(|| pattern(&format!(r"\b({})\b", ENGLISH_WORDS.join("|"))));
static KOREAN_WORD: LazyLock<Regex> = LazyLock::new(|| {
    pattern(&format!(
        r"(?:^|[^가-힣])({}) (?:명|개|번|가지|마리|사람|차례|곳|대|살|시간|시|달|배|골|자녀|아이|팀|나라|국가|권|편|척|건|주|해|분|남자|여자)",
        KOREAN_WORDS.join("|")
    ))
});

const ENGLISH_WORDS: &[&str] =
    &["two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve"];
const KOREAN_WORDS: &[&str] = &["두", "세", "네", "다섯", "여섯", "일곱", "여덟", "아홉", "열"];

/// Numbers above one.
pub(super) fn numbers(text: &str) -> Vec<Range<usize>> {
    let mut found = spots(text, &NUMBER);
    found.retain(|span| value(&text[span.clone()]) > 1.0);
    found
}

/// The value of a number as written, with the words after it.
fn value(text: &str) -> f64 {
    let digits: String = text.chars().filter(|c| c.is_ascii_digit() || *c == '.').collect();
    digits.trim_end_matches('.').parse().unwrap_or(0.0)
}

pub(super) fn digit(case: &Case<'_>, dice: &mut Dice) -> Option<Changed> {
    let span = dice.pick(&numbers(case.output))?;
    let text = &case.output[span.clone()];
    let digits: Vec<usize> =
        text.bytes().enumerate().filter(|b| b.1.is_ascii_digit()).map(|b| b.0).collect();
    let at = dice.pick(&digits)?;
    let new = dice.other(&["1", "2", "3", "4", "5", "6", "7", "8", "9"], &text[at..=at])?;
    let place = span.start + at;
    Some(replaced(case.output, place..place + 1, new).into())
}

fn dropped(case: &Case<'_>, dice: &mut Dice) -> Option<Changed> {
    let mut found = spots(case.output, &WITH_UNIT);
    found.retain(|span| value(&case.output[span.clone()]) > 1.0);
    let span = dice.pick(&found)?;
    Some(tidy(&replaced(case.output, span, "")).into())
}

fn transposed(case: &Case<'_>, dice: &mut Dice) -> Option<Changed> {
    let mut places = Vec::new();
    for span in numbers(case.output) {
        let bytes = &case.output.as_bytes()[span.clone()];
        places.extend(bytes.windows(2).enumerate().filter_map(|(at, pair)| {
            let differ = pair.iter().all(u8::is_ascii_digit) && pair[0] != pair[1];
            // A number does not begin with zero.
            (differ && !(at == 0 && pair[1] == b'0')).then_some(span.start + at)
        }));
    }
    let at = dice.pick(&places)?;
    let new: String = case.output[at..at + 2].chars().rev().collect();
    Some(replaced(case.output, at..at + 2, &new).into())
}

fn decimal(case: &Case<'_>, dice: &mut Dice) -> Option<Changed> {
    let span = dice.pick(&spots(case.output, &DECIMAL))?;
    let new = case.output[span.clone()].replace('.', "");
    Some(replaced(case.output, span, new.trim_start_matches('0')).into())
}

pub(super) fn year(case: &Case<'_>, dice: &mut Dice) -> Option<Changed> {
    let span = dice.pick(&spots(case.output, &YEAR))?;
    let year: u32 = case.output[span.clone()].parse().ok()?;
    let new = dice.pick(&[year - 1, year + 1])?;
    Some(replaced(case.output, span, &new.to_string()).into())
}

fn magnitude(case: &Case<'_>, dice: &mut Dice) -> Option<Changed> {
    let (pattern, units): (&Regex, &[&str]) = match case.to {
        Language::Korean => (&KOREAN_MAGNITUDE, &["만", "억", "조"]),
        Language::English => (&ENGLISH_MAGNITUDE, &["thousand", "million", "billion", "trillion"]),
    };
    let span = dice.pick(&spots(case.output, pattern))?;
    let new = dice.other(units, &case.output[span.clone()])?;
    Some(replaced(case.output, span, new).into())
}

pub(super) fn word(case: &Case<'_>, dice: &mut Dice) -> Option<Changed> {
    let (pattern, words): (&Regex, &[&str]) = match case.to {
        Language::Korean => (&KOREAN_WORD, KOREAN_WORDS),
        Language::English => (&ENGLISH_WORD, ENGLISH_WORDS),
    };
    let span = dice.pick(&spots(case.output, pattern))?;
    let new = dice.other(words, &case.output[span.clone()])?;
    Some(replaced(case.output, span, new).into())
}
