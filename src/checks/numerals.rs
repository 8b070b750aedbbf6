//! Reads the quantities of a text in any notation, with their units: 1,250,000; 1.25 million; 125만;
//! twelve people; 한두 명; $5bn.
//!
//! Numbers in digits and numerals that count something are stated. Other words are possible values
//! only: "second" is an ordinal and a time, and either is enough to say that "2" has a counterpart.
//! A number may have several readings ("5조" is five trillion or Article 5) and has a counterpart
//! if one reading of each side agrees.

mod context;
mod digits;
mod english;
mod korean;
pub(super) mod renderings;
mod spelled;
mod units;

use context::{hour, is_clock_mark, is_fraction, is_part_of_name, is_range};

use crate::document::Span;
use crate::language::Language;

use spelled::Spelled;
pub(super) use units::Unit;

/// A number in digits, or in words that count something.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Number<'t> {
    /// The words of the text, with the magnitude: "1.25 trillion", "1조2천500억", "two".
    pub text: &'t str,
    /// Byte offset in the text.
    pub start: usize,
    /// The first reading.
    pub value: f64,
    /// Its unit, if it has one.
    pub unit: Option<Unit>,
    /// True for a numeral in words.
    pub is_word: bool,
    /// True for a month of a date: "5월".
    pub is_month: bool,
    /// True for a day of a date: "7일".
    pub is_day: bool,
    /// End of the unit or of 월 in the text, or of the number without one.
    unit_end: usize,
    /// Further readings: "'19" as a full year, the 2 of "2-3 billion".
    other_values: Vec<f64>,
    /// The same quantity with the smaller unit that follows: "17 pounds 1 ounce".
    whole: Option<(Unit, f64)>,
    /// The hour of the day, 0 to 24, if it is one.
    pub hour: Option<f64>,
    /// True for a part of a name or a unit, which the other language may write without it: km2,
    /// 6·25.
    is_in_name: bool,
    /// True for a 1 that ranks: "1위".
    is_rank: bool,
    /// True for a round number after a word such as "about".
    is_rounded: bool,
}

impl Number<'_> {
    /// Its span in the text, without the unit.
    pub fn span(&self) -> Span {
        self.start..self.end()
    }

    /// Its span in the text, with the unit after it.
    pub fn quantity(&self) -> Span {
        self.start..self.unit_end
    }

    fn end(&self) -> usize {
        self.start + self.text.len()
    }

    /// True if a text without a counterpart is a finding. Zero and one are often written without a
    /// number: "a year" is "1년", "per capita" is "1인당". Months of dates have a check of their own.
    pub fn needs_counterpart(&self) -> bool {
        (self.value > 1.0 || self.is_rank) && !self.is_in_name && !self.is_month
    }

    fn readings(&self) -> impl Iterator<Item = f64> {
        std::iter::once(self.value).chain(self.other_values.iter().copied())
    }

    /// The quantity in each other unit that measures the same, with the relative tolerance.
    fn conversions(&self) -> impl Iterator<Item = (Unit, f64, f64)> {
        let own =
            self.unit.into_iter().flat_map(|unit| self.readings().map(move |value| (unit, value)));
        own.chain(self.whole).flat_map(|(unit, value)| unit.conversions(value))
    }
}

/// The numbers of a text.
#[derive(Debug, Default)]
pub(super) struct Numbers<'t> {
    /// Numbers in digits and in words that count, in the order of the text.
    pub stated: Vec<Number<'t>>,
    /// Every reading of those and of other words, in ascending order.
    values: Vec<f64>,
    /// The readings without a unit, in ascending order.
    bare: Vec<f64>,
    /// The readings with a unit, in ascending order of their values.
    measured: Vec<(f64, Unit)>,
    /// The same, in order of their units.
    by_unit: Vec<(Unit, f64)>,
    /// The hours of the day, in ascending order.
    hours: Vec<f64>,
    /// Stated values that are rounded, in ascending order.
    rounded: Vec<f64>,
    /// Stated values that are not round, in ascending order.
    precise: Vec<f64>,
}

/// Reads the numbers of a text.
pub(super) fn read(text: &str, language: Language) -> Numbers<'_> {
    let mut spelled = Spelled::default();
    english::spell(text, &mut spelled);
    if language == Language::Korean {
        // English in a Korean text repeats a name: "식스 플래그(Six Flags)".
        spelled.values.extend(spelled.stated.drain(..).map(|(_, value, _)| value));
    }
    korean::spell(text, &mut spelled);
    let mut stated = in_digits(text, language);
    stated.extend(spelled.stated.into_iter().map(|word| in_words(text, word, language)));
    stated.sort_by_key(|number| number.start);
    relate(text, &mut stated);
    let mut numbers = Numbers { stated, bare: spelled.values, ..Numbers::default() };
    for number in &numbers.stated {
        match number.unit {
            None => numbers.bare.extend(number.readings()),
            Some(unit) => numbers.measured.extend(number.readings().map(|value| (value, unit))),
        }
        numbers.by_unit.extend(number.whole);
    }
    numbers.values.clone_from(&numbers.bare);
    numbers.values.extend(numbers.measured.iter().map(|(value, _)| *value));
    numbers.values.sort_by(f64::total_cmp);
    numbers.bare.sort_by(f64::total_cmp);
    numbers.measured.sort_by(|(a, unit), (b, other)| a.total_cmp(b).then(unit.cmp(other)));
    numbers.measured.dedup();
    numbers.by_unit.extend(numbers.measured.iter().map(|(value, unit)| (*unit, *value)));
    numbers.by_unit.sort_by(|(unit, a), (other, b)| unit.cmp(other).then(a.total_cmp(b)));
    numbers.hours = numbers.stated.iter().filter_map(|number| number.hour).collect();
    numbers.hours.sort_by(f64::total_cmp);
    let stated = || numbers.stated.iter();
    numbers.rounded = sorted(stated().filter(|number| number.is_rounded));
    numbers.precise = sorted(stated().filter(|number| !is_round(number.value)));
    numbers
}

impl Numbers<'_> {
    /// True if this text has a counterpart of a number of another text: the same value, the same
    /// hour, or the same quantity in another unit.
    pub fn has_counterpart(&self, number: &Number<'_>) -> bool {
        number.readings().any(|value| contains(&self.values, value))
            || number.hour.is_some_and(|hour| contains(&self.hours, hour))
            || self.has_whole(number)
            || self.has_converted(number)
    }

    /// True if this text has the quantity that a number is part of, or joins it from two numbers:
    /// "83 minutes" is "1시간 23분".
    fn has_whole(&self, number: &Number<'_>) -> bool {
        let own = number.unit.map(|unit| (unit, number.value));
        own.into_iter()
            .chain(number.whole)
            .any(|(unit, value)| self.has_quantity(unit, value, tolerance(1.0)))
    }

    /// True if this text has about the value of a number, rounded: "약 2천" for 1,950.
    pub fn has_rounded(&self, number: &Number<'_>) -> bool {
        let value = number.value;
        let margin = MAX_ROUNDING * value;
        !is_round(value) && has_between(&self.rounded, value - margin, value + margin)
    }

    /// True if this text has a number that a number of another text rounds.
    pub fn has_unrounded(&self, number: &Number<'_>) -> bool {
        let value = number.value;
        let (low, high) = (value / (1.0 + MAX_ROUNDING), value / (1.0 - MAX_ROUNDING));
        number.is_rounded && has_between(&self.precise, low, high)
    }

    /// How many of the readings of this text have a value.
    pub fn count(&self, value: f64) -> usize {
        let from = self.values.partition_point(|own| *own < value - tolerance(value));
        let to = self.values.partition_point(|own| *own <= value + tolerance(value));
        to - from
    }

    /// The unit that this text has for the value of a number of another text; `None` if it has the
    /// value with the same unit, without a unit or not at all.
    pub fn other_unit(&self, number: &Number<'_>) -> Option<Unit> {
        let unit = number.unit?;
        let mut found = None;
        for value in number.readings() {
            if contains(&self.bare, value) {
                return None;
            }
            let from = self.measured.partition_point(|(own, _)| *own < value - tolerance(value));
            let same = self.measured[from..]
                .iter()
                .take_while(|(own, _)| *own <= value + tolerance(value));
            for (_, other) in same {
                if other.may_equal(unit) {
                    return None;
                }
                found = Some(*other);
            }
        }
        found.filter(|_| !self.has_converted(number))
    }

    /// True if this text has the quantity in another unit. A similar quantity in its own unit is
    /// rather the same number changed.
    pub fn has_converted(&self, number: &Number<'_>) -> bool {
        let Some(unit) = number.unit else {
            return false;
        };
        !self.has_quantity(unit, number.value, units::ROUNDED)
            && number
                .conversions()
                .any(|(unit, value, tolerance)| self.has_quantity(unit, value, tolerance))
    }

    /// True if this text has a quantity of about this value in a unit.
    fn has_quantity(&self, unit: Unit, value: f64, tolerance: f64) -> bool {
        let (low, high) = (value - tolerance * value.abs(), value + tolerance * value.abs());
        let at = self.by_unit.partition_point(|(own, size)| (*own, *size) < (unit, low));
        self.by_unit.get(at).is_some_and(|(own, size)| *own == unit && *size <= high)
    }
}

/// True for a number with at most two digits before its zeros.
fn is_round(value: f64) -> bool {
    const MIN: f64 = 100.0;
    let unit = 10f64.powf(value.max(1.0).log10().floor() - 1.0);
    value >= MIN && (value / unit).fract() == 0.0
}

/// Largest difference of a rounded number from a precise one, relative to that.
const MAX_ROUNDING: f64 = 0.03;

/// The values of numbers in ascending order.
fn sorted<'n, 't: 'n>(numbers: impl Iterator<Item = &'n Number<'t>>) -> Vec<f64> {
    let mut values: Vec<f64> = numbers.map(|number| number.value).collect();
    values.sort_by(f64::total_cmp);
    values
}

/// True if values in ascending order have one between two others.
fn has_between(values: &[f64], low: f64, high: f64) -> bool {
    let at = values.partition_point(|own| *own < low);
    values.get(at).is_some_and(|own| *own <= high)
}

fn tolerance(value: f64) -> f64 {
    1e-12 * value.abs().max(1.0)
}

/// True if values in ascending order contain this one, up to rounding errors.
fn contains(values: &[f64], value: f64) -> bool {
    let at = values.partition_point(|own| *own < value - tolerance(value));
    values.get(at).is_some_and(|own| *own <= value + tolerance(value))
}

/// A numeral in words that counts something.
fn in_words(
    text: &str,
    (span, value, own): (Span, f64, Option<Unit>),
    language: Language,
) -> Number<'_> {
    let unit = own.map(|unit| (unit, 0)).or_else(|| units::after(&text[span.end..], language));
    Number {
        text: &text[span.clone()],
        start: span.start,
        value,
        unit: unit.map(|(unit, _)| unit),
        is_word: true,
        is_month: false,
        is_day: false,
        unit_end: span.end + unit.map_or(0, |(_, length)| length),
        other_values: Vec::new(),
        whole: None,
        hour: None,
        is_in_name: false,
        is_rank: false,
        is_rounded: context::is_rounded(&text[..span.start]) && is_round(value),
    }
}

/// The numbers in digits, in the order of the text.
fn in_digits(text: &str, language: Language) -> Vec<Number<'_>> {
    let mut found: Vec<Number<'_>> = Vec::new();
    let mut at = 0;
    let afternoon = context::has_afternoon(text);
    while let Some(start) = text[at..].find(digits::is_digit).map(|offset| at + offset) {
        if let Some(length) = context::entity(&text[..start], &text[start..]) {
            at = start + length;
            continue;
        }
        // The date "2026.1.7" is three numbers; its "1.7" is no decimal.
        let is_dotted = found.last().is_some_and(|last| text[last.end()..start] == *".");
        let number = number_at(text, start, is_dotted, afternoon, language);
        at = number.end();
        found.push(number);
    }
    found
}

/// The number that starts with the digit at `start`. `is_dotted` if a number and a period come
/// before it, `afternoon` if the text has hours of the afternoon.
fn number_at(
    text: &str,
    start: usize,
    is_dotted: bool,
    afternoon: bool,
    language: Language,
) -> Number<'_> {
    let here = &text[start..];
    let (mut digits, mut length) = digits::leading(here, !is_dotted);
    if digits.fract() != 0.0 && is_clock_mark(&here[length..]) {
        // "7.55am" is a time, like "7:55": two numbers.
        (digits, length) = digits::leading(here, false);
    }
    let (before, plain) = (&text[..start], &here[..length]);
    let places = plain.chars().count();
    if is_fraction(before) && places <= 4 {
        // ".300"
        digits /= 10f64.powi(places as i32);
    }
    let mut value = digits;
    let mut other_values = Vec::new();
    let currency = units::before(before);
    if let Some((korean, end)) = korean::number(here) {
        value = korean;
        let unit = &here[length..end];
        if unit == "조" && digits.fract() == 0.0 {
            // "제5조", "5조 2항": an article of a law.
            if before.trim_end().ends_with('제') {
                value = digits;
            } else if !korean::is_amount(&here[end..]) {
                other_values.push(digits);
            }
        }
        length = end;
    } else if let Some((magnitude, end)) = english::magnitude(&here[length..])
        // "100m" of a Korean text is a length.
        && (language == Language::English || currency.is_some() || !magnitude.is_letter)
    {
        value = digits * magnitude.value;
        if magnitude.is_ambiguous(before, &here[length + end..]) {
            other_values.push(digits);
        }
        length += end;
    }
    let after = &here[length..];
    other_values.extend(context::other_readings(before, plain, value, after));
    let hour = hour(before, value, after, afternoon);
    if hour.is_some() && value == 12.0 {
        other_values.extend([0.0, 24.0]);
    }
    let is_in_name = value == digits && is_part_of_name(before, digits, after);
    let unit = units::of(before, value, after, language).filter(|_| !is_in_name);
    let is_whole = value.fract() == 0.0 && value >= 1.0;
    let is_month = is_whole && value <= 12.0 && context::is_month(after);
    let month = if is_month { "월".len() } else { 0 };
    Number {
        text: &here[..length],
        start,
        value,
        unit: unit.map(|(unit, _)| unit),
        is_word: false,
        is_month,
        is_day: is_whole && value <= 31.0 && after.starts_with('일'),
        unit_end: start + length + unit.map_or(month, |(_, length)| length),
        other_values,
        whole: None,
        hour,
        is_in_name,
        is_rounded: context::is_rounded(before) && is_round(value),
        is_rank: value == 1.0 && after.starts_with(['위', '등']) && !after.starts_with("등급"),
    }
}

/// Adds the readings that a number has because of its neighbor.
fn relate(text: &str, numbers: &mut [Number<'_>]) {
    const MAX_DISTANCE: usize = 16;
    for at in 1..numbers.len() {
        let [.., first, second] = &mut numbers[..=at] else {
            continue;
        };
        let Some(between) = text.get(first.end()..second.start) else {
            continue;
        };
        if between.len() > MAX_DISTANCE {
            continue;
        }
        compound(text, first, second);
        let (value, next) = (first.value, second.value);
        let magnitude = next / digits::leading(second.text, true).0;
        let bare = first.text.ends_with(digits::is_digit) && magnitude.is_finite();
        let years = (1000.0..2100.0).contains(&value) && second.text.chars().count() == 2;
        if is_range(between) && first.unit.is_none() && first.unit_end == first.end() && !years {
            first.unit = second.unit;
        }
        // "3∼4월", "3, 4월"
        let is_whole = value.fract() == 0.0 && (1.0..=12.0).contains(&value);
        if second.is_month && is_whole && (is_range(between) || between == ", ") {
            first.is_month = true;
        }
        match between.trim() {
            // "2-3 billion", "2∼3만"
            mark if is_range(mark) && magnitude >= 1e2 && bare => {
                first.other_values.push(value * magnitude);
            }
            // "1995-96"
            mark if years && (is_range(mark) || mark == "/") => {
                second.other_values.push((value / 100.0).floor() * 100.0 + next);
            }
            // "4분의 1" is 25 percent.
            "분의" if value > 0.0 => {
                first.other_values.push(100.0 * next / value);
                second.other_values.push(100.0 * next / value);
            }
            "/" if next > value => first.other_values.push(100.0 * value / next),
            // "9초8" is 9.8 seconds.
            "초" if second.text.chars().all(digits::is_digit)
                && second.text.chars().count() <= 3 =>
            {
                first
                    .other_values
                    .push(value + next / 10f64.powi(second.text.chars().count() as i32));
                second.is_in_name = true;
            }
            // "24/7"
            "/" if value == 24.0 && next == 7.0 => second.is_in_name = true,
            // "4x100" meters are 400.
            "x" | "×" | "X" => {
                first.other_values.push(value * next);
                second.other_values.push(value * next);
            }
            // "6·25" is the Korean War; neither it nor "9·11" needs its numbers in a translation.
            "·" if value <= 12.0 && next <= 31.0 => {
                (first.is_in_name, second.is_in_name) = (true, true);
            }
            _ => {}
        }
    }
}

/// Joins a quantity with the smaller unit that follows: "17 pounds 1 ounce", "6-foot-6",
/// "1시간 30분".
fn compound(text: &str, first: &mut Number<'_>, second: &mut Number<'_>) {
    let Some(unit) = first.unit else { return };
    let Some((smaller, per)) = unit.smaller() else {
        return;
    };
    let Some(between) = text.get(first.unit_end..second.start) else {
        return;
    };
    if !matches!(between, " " | "-" | ", " | " and ") || second.value >= per {
        return;
    }
    if second.unit.is_none() && unit == Unit::Foot {
        second.unit = Some(smaller);
    }
    if second.unit == Some(smaller) {
        first.whole = Some((unit, first.value + second.value / per));
        second.whole = Some((smaller, first.value * per + second.value));
    }
}

#[cfg(test)]
mod tests;
