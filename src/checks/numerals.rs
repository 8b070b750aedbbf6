//! Reads the numbers of a text in any notation: 1,250,000; 1.25 million; 125만; twelve;
//! 한두 명; April.
//!
//! Numbers in digits are stated. Words are possible values only: "May" is a month and a verb, and
//! either is enough to say that "5" has a counterpart. A number may have several readings
//! ("5조" is five trillion or Article 5) and has a counterpart if one reading of each side agrees.

mod digits;
mod english;
mod korean;

use crate::document::Span;

/// A number written in digits.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Number<'t> {
    /// The words of the text, with the magnitude: "1.25 trillion", "1조2천500억".
    pub text: &'t str,
    /// Byte offset in the text.
    pub start: usize,
    /// The first reading.
    pub value: f64,
    /// Further readings: "'19" as a full year, the 2 of "2-3 billion".
    other_values: Vec<f64>,
    /// The hour of the day, 0 to 24, if it is one.
    hour: Option<f64>,
    /// True for a part of a name or a unit, which the other language may write without it: km2,
    /// 6·25.
    is_in_name: bool,
}

impl Number<'_> {
    /// Its span in the text.
    pub fn span(&self) -> Span {
        self.start..self.end()
    }

    fn end(&self) -> usize {
        self.start + self.text.len()
    }

    /// True if a text without a counterpart is a finding. Zero and one are often written without a
    /// number: "a year" is "1년", "per capita" is "1인당".
    pub fn needs_counterpart(&self) -> bool {
        self.value > 1.0 && !self.is_in_name
    }

    fn readings(&self) -> impl Iterator<Item = f64> {
        std::iter::once(self.value).chain(self.other_values.iter().copied())
    }
}

/// The numbers of a text.
#[derive(Debug, Default)]
pub(super) struct Numbers<'t> {
    /// Numbers in digits, in the order of the text.
    pub stated: Vec<Number<'t>>,
    /// Every reading of those and of the words, in ascending order.
    values: Vec<f64>,
    /// The hours of the day, in ascending order.
    hours: Vec<f64>,
}

/// Reads the numbers of a text.
pub(super) fn read(text: &str) -> Numbers<'_> {
    let stated = stated(text);
    let mut values = spelled(text);
    values.extend(stated.iter().flat_map(Number::readings));
    values.sort_by(f64::total_cmp);
    let mut hours: Vec<f64> = stated.iter().filter_map(|number| number.hour).collect();
    hours.sort_by(f64::total_cmp);
    Numbers { stated, values, hours }
}

impl Numbers<'_> {
    /// True if this text has a counterpart of a number of another text.
    pub(super) fn has_counterpart(&self, number: &Number<'_>) -> bool {
        number.readings().any(|value| contains(&self.values, value))
            || number.hour.is_some_and(|hour| contains(&self.hours, hour))
    }
}

/// True if values in ascending order contain this one, up to rounding errors.
fn contains(values: &[f64], value: f64) -> bool {
    let tolerance = 1e-12 * value.abs().max(1.0);
    let at = values.partition_point(|own| *own < value - tolerance);
    values.get(at).is_some_and(|own| *own <= value + tolerance)
}

/// Values that the words of a text may mean.
fn spelled(text: &str) -> Vec<f64> {
    let mut values = Vec::new();
    english::spell(text, &mut values);
    korean::spell(text, &mut values);
    values
}

/// The numbers in digits, in the order of the text.
fn stated(text: &str) -> Vec<Number<'_>> {
    let mut found: Vec<Number<'_>> = Vec::new();
    let mut at = 0;
    let afternoon = has_afternoon(text);
    while let Some(start) = text[at..].find(digits::is_digit).map(|offset| at + offset) {
        // The date "2026.1.7" is three numbers; its "1.7" is no decimal.
        let is_dotted = found.last().is_some_and(|last| text[last.end()..start] == *".");
        let number = number_at(text, start, is_dotted, afternoon);
        at = number.end();
        found.push(number);
    }
    relate(text, &mut found);
    found
}

/// The number that starts with the digit at `start`. `is_dotted` if a number and a period come
/// before it, `afternoon` if the text has hours of the afternoon.
fn number_at(text: &str, start: usize, is_dotted: bool, afternoon: bool) -> Number<'_> {
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
    } else if let Some((magnitude, end)) = english::magnitude(&here[length..]) {
        value = digits * magnitude.value;
        if magnitude.is_ambiguous(before, &here[length + end..]) {
            other_values.push(digits);
        }
        length += end;
    }
    let after = &here[length..];
    other_values.extend(other_readings(before, plain, value, after));
    let hour = hour(before, value, after, afternoon);
    if hour.is_some() && value == 12.0 {
        other_values.extend([0.0, 24.0]);
    }
    let is_in_name = value == digits && is_part_of_name(before, digits, after);
    Number { text: &here[..length], start, value, other_values, hour, is_in_name }
}

/// Further readings of a number in its context.
fn other_readings(before: &str, plain: &str, value: f64, after: &str) -> Vec<f64> {
    let mut other_values = Vec::new();
    if is_short_year(before, plain, after) {
        other_values.extend([1900.0 + value, 2000.0 + value]);
    }
    let unit = after.trim_start_matches([' ', '-']);
    if ["bp", "basis point", "베이시스"].iter().any(|name| unit.starts_with(name)) {
        other_values.push(value / 100.0);
    }
    if unit.starts_with('할') && !unit.starts_with("할인") {
        other_values.extend([value * 10.0, value / 10.0]);
    }
    // "10여 명" is "a dozen people".
    if after.starts_with('여') && (value == 10.0 || value == 20.0) {
        other_values.push(value * 1.2);
    }
    // "1000 GMT"
    if plain.chars().count() == 4
        && ["GMT", "UTC", "hours", "hrs"].iter().any(|zone| unit.starts_with(zone))
    {
        other_values.extend([(value / 100.0).floor(), value % 100.0]);
    }
    other_values
}

/// Adds the readings that a number has because of its neighbor.
fn relate(text: &str, numbers: &mut [Number<'_>]) {
    const MAX_DISTANCE: usize = 16;
    for at in 1..numbers.len() {
        let [.., first, second] = &mut numbers[..=at] else { continue };
        let between = &text[first.end()..second.start];
        if between.len() > MAX_DISTANCE {
            continue;
        }
        let (value, next) = (first.value, second.value);
        let magnitude = next / digits::leading(second.text, true).0;
        let bare = first.text.ends_with(digits::is_digit) && magnitude.is_finite();
        let years = (1000.0..2100.0).contains(&value) && second.text.chars().count() == 2;
        match between.trim() {
            // "2-3 billion", "2∼3만"
            mark if is_range(mark) && magnitude >= 1e2 && bare => {
                first.other_values.push(value * magnitude)
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
            // "6·25" is the Korean War; neither it nor "9·11" needs its numbers in a translation.
            "·" if value <= 12.0 && next <= 31.0 => {
                (first.is_in_name, second.is_in_name) = (true, true)
            }
            _ => {}
        }
    }
}

/// True if the text between two numbers makes a range of them.
fn is_range(between: &str) -> bool {
    let between = between
        .trim_matches(|c: char| c.is_whitespace() || matches!(c, '$' | '€' | '£' | '¥' | '₩'));
    let between = between.trim_end_matches("US").trim_end();
    matches!(
        between,
        "-" | "–"
            | "—"
            | "−"
            | "~"
            | "∼"
            | "～"
            | "〜"
            | "to"
            | "-to-"
            | "or"
            | "and"
            | "내지"
            | "에서"
    )
}

/// True if the text before digits ends with a decimal point without digits: ".300".
fn is_fraction(before: &str) -> bool {
    let rest = before.strip_suffix('.');
    rest.is_some_and(|rest| rest.is_empty() || rest.ends_with([' ', '(', '\n']))
}

/// True if two digits may be the end of a year: "'19", "80년대", "the 80s". Other two digits are
/// not: every 19 would have a counterpart in 2019.
fn is_short_year(before: &str, plain: &str, after: &str) -> bool {
    let is_marked = before.ends_with(['\'', '’', '‘'])
        || after.starts_with('년')
        || after.starts_with('s')
        || after.starts_with("'s");
    plain.chars().count() == 2 && is_marked
}

/// True for a number in a name: the 2 of "km2" and "CO2", "4x4", the country code of
/// "+82-2-398-3114".
fn is_part_of_name(before: &str, digits: f64, after: &str) -> bool {
    const UNITS: &[&str] = &["km", "m", "cm", "mm", "ft", "mi", "CO", "H", "NO", "SO"];
    let unit = || {
        let word = before.rsplit(|c: char| !c.is_ascii_alphabetic()).next().unwrap_or_default();
        (2.0..=4.0).contains(&digits) && UNITS.contains(&word)
    };
    let drive = || digits == 4.0 && (before.ends_with("4x") || after.starts_with("x4"));
    let is_attached = before.ends_with(|c: char| c.is_ascii_alphabetic());
    (is_attached && unit()) || drive() || before.ends_with('+')
}

/// True if a text mentions hours after noon, which a 24-hour clock writes as 13 to 24.
fn has_afternoon(text: &str) -> bool {
    #[rustfmt::skip]
    const ENGLISH: &[&str] = &[
        "pm", "afternoon", "afternoons", "evening", "evenings", "night", "nights", "tonight", "midnight", "overnight",
    ];
    /// Endings of 밤 (night) and 낮 (day). With 은, 낮 is the word for "low".
    const ENDINGS: &[&str] =
        &["", "에", "에는", "엔", "에도", "까지", "부터", "사이", "새", "늦게", "중", "의"];
    let lower = text.to_lowercase();
    let dotted =
        lower.match_indices("p.m").any(|(at, _)| !lower[..at].ends_with(char::is_alphabetic));
    let korean = |word: &str| {
        word.contains("오후")
            || word.contains("저녁")
            || word.rsplit_once(['밤', '낮']).is_some_and(|(_, ending)| ENDINGS.contains(&ending))
    };
    dotted
        || lower
            .split(|c: char| !c.is_alphabetic())
            .any(|word| ENGLISH.contains(&word) || korean(word))
}

/// The hour of the day that a number tells, if its context is that of an hour.
fn hour(before: &str, value: f64, after: &str, afternoon: bool) -> Option<f64> {
    if value.fract() != 0.0 || value > 24.0 {
        return None;
    }
    let minutes = after
        .strip_prefix(':')
        .filter(|rest| rest.as_bytes().iter().take(2).all(u8::is_ascii_digit));
    let behind = minutes.and_then(|rest| rest.get(2..)).unwrap_or(after);
    let follows_preposition = || {
        const BEFORE: &[&str] = &[
            "at", "by", "until", "till", "from", "around", "about", "to", "after", "before",
            "since",
        ];
        let word = || {
            before.trim_end().rsplit(|c: char| !c.is_ascii_alphabetic()).next().unwrap_or_default()
        };
        afternoon && before.ends_with(' ') && BEFORE.contains(&word().to_lowercase().as_str())
    };
    let is_hour = korean::is_hour(after)
        || minutes.is_some()
        || is_clock_mark(behind)
        || follows_preposition();
    let morning = is_marked(behind, &["am", "a.m", "AM", "A.M"])
        || ["오전", "새벽"].iter().any(|word| before.trim_end().ends_with(word));
    is_hour.then_some(if afternoon && !morning && value < 12.0 { value + 12.0 } else { value })
}

/// True if the text after a number makes it a time of day.
fn is_clock_mark(after: &str) -> bool {
    is_marked(after, &["am", "pm", "a.m", "p.m", "AM", "PM", "A.M", "P.M", "o'clock", "o’clock"])
}

/// True if a text begins with one of the marks and no letter follows: "am", but not "among".
fn is_marked(after: &str, marks: &[&str]) -> bool {
    let rest = marks.iter().find_map(|mark| after.trim_start().strip_prefix(mark));
    rest.is_some_and(|rest| !rest.starts_with(|c: char| c.is_ascii_alphabetic()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn values(text: &str) -> Vec<f64> {
        read(text).stated.iter().map(|number| number.value).collect()
    }

    #[test]
    fn digits_are_read_with_their_magnitudes() {
        assert_eq!(
            values("1,250 of 1.25 trillion, 50k, $3bn, 1.2 quadrillion, 3-1, 2016,"),
            [1250.0, 1.25e12, 5e4, 3e9, 1.2e15, 3.0, 1.0, 2016.0]
        );
        assert_eq!(
            values("1조2천500억원, 3만5천명, 7만1천300원, 1억 2천만 달러, 500만 2명"),
            [1.25e12, 35_000.0, 71_300.0, 1.2e8, 5e6, 2.0]
        );
        assert_eq!(
            values("1천240개, 2천, 9억530만, 1,240만, 12.4%, 1천 5백명, 1만 2천"),
            [1240.0, 2000.0, 905_300_000.0, 12_400_000.0, 12.4, 1500.0, 12_000.0]
        );
        assert_eq!(
            values("1억 2,345만 6,789원, 4억1천200만, 1.2조원, 1,200조원, 3경 원"),
            [123_456_789.0, 4.12e8, 1.2e12, 1.2e15, 3e16]
        );
        assert_eq!(
            values("２０２６년 １월 ７일, 2026.01.07. 2026. 1. 7."),
            [2026.0, 1.0, 7.0].repeat(3)
        );
    }

    #[test]
    fn words_may_stand_for_numbers() {
        for (text, value) in [
            ("two hundred and fifty thousand", 250_000.0),
            ("twenty-five", 25.0),
            ("World War II", 2.0),
            ("in July", 7.0),
            ("over two decades", 20.0),
            ("two-dozen", 24.0),
            ("half a million", 5e5),
            ("two and a half million", 2.5e6),
            ("half a dozen", 6.0),
            ("a tenfold rise", 10.0),
            ("돼지 열 다섯 마리", 15.0),
            ("두 명", 2.0),
            ("열두 번째", 12.0),
            ("스물다섯", 25.0),
            ("수백만", 1e6),
            ("이십오", 25.0),
            ("일억 이천만 원", 1.2e8),
            ("팔순 잔치", 80.0),
            ("석 달", 3.0),
            ("양국", 2.0),
        ] {
            assert!(contains(&read(text).values, value), "{text}: {:?}", read(text).values);
        }
    }

    #[test]
    fn words_that_only_begin_like_numbers_are_not_read() {
        for (text, value) in [
            ("세계", 3.0),
            ("두산", 2.0),
            ("네이버", 4.0),
            ("석유", 3.0),
            ("만나", 1e4),
            ("조사", 1e12),
            ("백악관", 100.0),
            ("천안", 1000.0),
            ("3만명", 1e4),
            ("3 million", 1e6),
            ("it may rain", 5.0),
        ] {
            assert!(!contains(&read(text).values, value), "{text}: {:?}", read(text).values);
        }
    }

    #[test]
    fn only_a_number_of_the_same_value_is_a_counterpart() {
        let number = |text| read(text).stated[0].clone();
        assert!(!read("5 billion won").has_counterpart(&number("5조원")));
        assert!(!read("5 won").has_counterpart(&number("5조원")));
        assert!(!read("$1.2").has_counterpart(&number("$1.2m")));
        assert!(read("Article 5").has_counterpart(&number("제5조")));
        assert!(read("제5조").has_counterpart(&number("Article 5")));
        assert!(read("100 metres").has_counterpart(&number("100m 달리기")));
    }

    #[test]
    fn only_an_hour_has_a_second_notation_in_the_afternoon() {
        let number = |text: &'static str, at: usize| read(text).stated[at].clone();
        assert!(read("at 17:00").has_counterpart(&number("오후 5시", 0)));
        assert!(read("오후 5시").has_counterpart(&number("at 17:00", 0)));
        assert!(read("17시 30분").has_counterpart(&number("5:30 in the afternoon", 0)));
        assert!(!read("killed 17 at 3 p.m.").has_counterpart(&number("오후 3시 5명", 1)));
        assert!(!read("17 people at 3 p.m.").has_counterpart(&number("오후 5시", 0)));
        assert!(!read("17:00").has_counterpart(&number("at 5 a.m. and 3 p.m.", 0)));
        assert!(!read("17:00").has_counterpart(&number("오전 5시, 오후 3시", 0)));
        assert!(!read("17:00").has_counterpart(&number("새벽 5시와 오후", 0)));
        assert!(read("17:00").has_counterpart(&number("at 5, that night", 0)));
        for text in ["development", "equipment", "knight", "낮은 값", "밤나무", "낮추다"] {
            assert!(!has_afternoon(text), "{text}");
        }
        for text in ["5pm", "5 p.m.", "tonight", "밤", "밤에", "한낮", "7일 오후에는", "저녁"]
        {
            assert!(has_afternoon(text), "{text}");
        }
    }

    #[test]
    fn wide_digits_are_counted_like_narrow_ones() {
        assert!(read("2019").has_counterpart(&read("’１９").stated[0]));
        assert!(read("10").has_counterpart(&read("１０００ GMT").stated[0]));
        assert_eq!(values("hit .３００"), [0.3]);
    }
}
