//! Parses dates of feeds, agencies and pages: English, Korean and numeric forms.
//!
//! The source's UTC offset is kept, so that a Korean evening stays on its day. Ambiguous dates such
//! as `01/07/2026` are not parsed.

use chrono::{Days, NaiveDate, NaiveDateTime, Timelike};

/// Longest text parsed, in bytes.
const MAX_BYTES: usize = 200;
/// UTC offset of Korea, in minutes.
const KOREA: i32 = 9 * 60;

/// A date with local time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Date {
    local: NaiveDateTime,
    /// UTC offset in minutes; `None` if the source gives none.
    offset: Option<i32>,
}

impl Date {
    /// The date in the form of RFC 2822; `-0000` marks an unknown offset.
    pub fn rfc2822(&self) -> String {
        format!("{} {}", self.local.format("%a, %d %b %Y %H:%M:%S"), self.offset_text("-0000", ""))
    }

    /// The date in the form of RFC 3339, without an unknown offset.
    pub fn rfc3339(&self) -> String {
        format!("{}{}", self.local.format("%Y-%m-%dT%H:%M:%S"), self.offset_text("", ":"))
    }

    /// The day in universal time, counted from 1970; in local time if the offset is unknown.
    pub(crate) fn day(&self) -> i64 {
        let minutes = self.local.and_utc().timestamp() / 60 - i64::from(self.offset.unwrap_or(0));
        minutes.div_euclid(24 * 60)
    }

    fn offset_text(&self, unknown: &str, colon: &str) -> String {
        let shown = |offset: i32| {
            let sign = if offset < 0 { '-' } else { '+' };
            format!("{sign}{:02}{colon}{:02}", offset.abs() / 60, offset.abs() % 60)
        };
        self.offset.map_or(unknown.to_string(), shown)
    }
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum DateToken {
    Number { value: u64, digits: usize },
    Word(String),
    Sign(char),
    Space,
}

/// Parses a date in any of the usual forms.
///
/// ```
/// use malmoi::formats::date;
/// let read = |text| date(text).map(|date| date.rfc3339());
/// let date = read("Wed, 07 Jan 2026 22:30:00 +0900");
/// assert_eq!(date.as_deref(), Some("2026-01-07T22:30:00+09:00"));
/// assert_eq!(read("2026년 1월 7일 오후 5시").as_deref(), Some("2026-01-07T17:00:00+09:00"));
/// assert_eq!(read("2026-01-07 17:30").as_deref(), Some("2026-01-07T17:30:00"));
/// assert_eq!(read("01/07/2026"), None);
/// ```
pub fn read(text: &str) -> Option<Date> {
    if text.len() > MAX_BYTES {
        return None;
    }
    let mut tokens = tokens(text);
    let time = take_time(&mut tokens);
    let words: Vec<&str> = tokens.iter().filter_map(word).collect();
    let half = DAY_HALVES.iter().find(|(name, _)| words.contains(name)).map(|(_, half)| *half);
    let named =
        |word: &&str| ZONES.iter().find(|(name, _)| name == word).map(|(_, offset)| *offset);
    let zone = time.as_ref().and_then(|time| time.offset).or_else(|| words.iter().find_map(named));
    let is_korean = words.iter().any(|word| word.starts_with(|c| ('가'..='힣').contains(&c)));
    let day = parse_day(&tokens)?;
    let (mut hour, minute, second) = match (&time, day.time) {
        (Some(time), _) => (time.hour, time.minute, time.second),
        (None, Some(time)) => time,
        (None, None) if words.contains(&"정오") => (12, 0, 0),
        (None, None) => (0, 0, 0),
    };
    hour = match half {
        Some(DayHalf::Morning) if hour == 12 => 0,
        Some(DayHalf::Afternoon) if hour < 12 => hour + 12,
        // "밤 12시" is ambiguous: midnight before or after the day.
        Some(DayHalf::Night) if hour == 12 => return None,
        Some(DayHalf::Night) if (6..12).contains(&hour) => hour + 12,
        Some(DayHalf::Noon) if (1..6).contains(&hour) => hour + 12,
        _ => hour,
    };
    let date = if hour == 24 { day.date.checked_add_days(Days::new(1))? } else { day.date };
    // A leap second becomes the second before it.
    let local = date.and_hms_opt(hour % 24, minute, second.min(59))?;
    let offset = zone.or(day.offset).or_else(|| is_korean.then_some(KOREA));
    Some(Date { local, offset })
}

fn word(token: &DateToken) -> Option<&str> {
    match token {
        DateToken::Word(word) => Some(word),
        _ => None,
    }
}

fn tokens(text: &str) -> Vec<DateToken> {
    let narrow = |c: char| match c {
        '０'..='９' | '：' | '．' | '／' => char::from_u32(u32::from(c) - 0xfee0).unwrap_or(c),
        '−' | '–' | '‐' => '-',
        c => c,
    };
    let text: String = text.trim().chars().map(narrow).collect::<String>().to_lowercase();
    let text = text.replace("a.m.", "am").replace("p.m.", "pm");
    let mut tokens: Vec<DateToken> = Vec::new();
    for c in text.chars() {
        match (tokens.last_mut(), c.to_digit(10)) {
            (Some(DateToken::Number { value, digits }), Some(digit)) if *digits < 18 => {
                (*value, *digits) = (*value * 10 + u64::from(digit), *digits + 1);
            }
            (_, Some(digit)) => tokens.push(DateToken::Number { value: digit.into(), digits: 1 }),
            (Some(DateToken::Word(word)), None) if c.is_alphabetic() => word.push(c),
            (_, None) if c.is_alphabetic() => tokens.push(DateToken::Word(c.into())),
            (Some(DateToken::Space), None) if c.is_whitespace() => {}
            (_, None) if c.is_whitespace() => tokens.push(DateToken::Space),
            _ => tokens.push(DateToken::Sign(c)),
        }
    }
    tokens
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum DayHalf {
    Morning,
    Afternoon,
    Night,
    Noon,
}

const DAY_HALVES: &[(&str, DayHalf)] = &[
    ("am", DayHalf::Morning),
    ("pm", DayHalf::Afternoon),
    ("오전", DayHalf::Morning),
    ("오후", DayHalf::Afternoon),
    ("새벽", DayHalf::Morning),
    ("아침", DayHalf::Morning),
    ("저녁", DayHalf::Afternoon),
    ("밤", DayHalf::Night),
    ("낮", DayHalf::Noon),
];

/// Time zones with their UTC offsets in minutes. `CST` is North American, as in RFC 822.
#[rustfmt::skip]
const ZONES: &[(&str, i32)] = &[
    ("kst", KOREA), ("seoul", KOREA), ("한국시간", KOREA), ("jst", 540), ("tokyo", 540),
    ("z", 0), ("utc", 0), ("gmt", 0), ("ut", 0), ("wet", 0),
    ("bst", 60), ("cet", 60), ("met", 60), ("west", 60), ("cest", 120), ("mest", 120), ("eet", 120), ("sast", 120), ("eest", 180),
    ("msk", 180), ("ist", 330), ("ict", 420), ("wib", 420), ("hkt", 480), ("sgt", 480), ("pht", 480), ("awst", 480),
    ("acst", 570), ("aest", 600), ("acdt", 630), ("aedt", 660), ("nzst", 720), ("nzdt", 780),
    ("nst", -210), ("ndt", -150), ("ast", -240), ("adt", -180), ("est", -300), ("edt", -240), ("cst", -360), ("cdt", -300), ("mst", -420),
    ("mdt", -360), ("pst", -480), ("pdt", -420), ("akst", -540), ("akdt", -480), ("hst", -600),
];

struct ClockTime {
    hour: u32,
    minute: u32,
    second: u32,
    offset: Option<i32>,
}

/// Removes the time of day and a numeric offset from the tokens and returns them.
fn take_time(tokens: &mut Vec<DateToken>) -> Option<ClockTime> {
    let number = |at: usize, most: usize| match tokens.get(at) {
        Some(DateToken::Number { value, digits }) if *digits <= most => u32::try_from(*value).ok(),
        _ => None,
    };
    let sign = |at: usize, c: char| tokens.get(at) == Some(&DateToken::Sign(c));
    let spaced = |at: usize| if tokens.get(at) == Some(&DateToken::Space) { at + 1 } else { at };
    // "5시", "30분에"
    let unit = |at: usize, name: &str| {
        let at = spaced(at);
        tokens.get(at).and_then(word).is_some_and(|word| word.starts_with(name)).then_some(at + 1)
    };
    let found = (0..tokens.len()).find_map(|start| {
        let hour = number(start, 2)?;
        if let Some(after) = unit(start + 1, "시") {
            let minute = number(spaced(after), 2).zip(unit(spaced(after) + 1, "분"));
            let (minute, after) = minute.unwrap_or((0, after));
            let second = number(spaced(after), 2).zip(unit(spaced(after) + 1, "초"));
            let (second, after) = second.unwrap_or((0, after));
            return Some((start..after, hour, minute, second));
        }
        if sign(start + 1, ':') {
            let minute = number(start + 2, 2)?;
            let mut end = start + 3;
            let mut second = 0;
            if let (true, Some(given)) = (sign(end, ':'), number(end + 1, 2)) {
                (second, end) = (given, end + 2);
            }
            if (sign(end, '.') || sign(end, ',')) && number(end + 1, 9).is_some() {
                end += 2;
            }
            return Some((start..end, hour, minute, second));
        }
        let half = tokens.get(spaced(start + 1)).and_then(word);
        matches!(half, Some("am" | "pm")).then(|| (start..start + 1, hour, 0, 0))
    });
    // "20260107T1030" and "T103000".
    let compact = || {
        (1..tokens.len()).find_map(|at| match (&tokens[at - 1], &tokens[at]) {
            (DateToken::Word(t), DateToken::Number { value, digits: digits @ (4 | 6) })
                if t == "t" =>
            {
                let value = u32::try_from(*value).ok()?;
                let (value, second) =
                    if *digits == 6 { (value / 100, value % 100) } else { (value, 0) };
                Some((at..at + 1, value / 100, value % 100, second))
            }
            _ => None,
        })
    };
    let (span, hour, minute, second) = found.or_else(compact)?;
    if hour > 24 || minute > 59 || second > 60 || (hour == 24 && minute + second > 0) {
        return None;
    }
    // The offset may follow "am", "GMT" or a bracket.
    let mut at = span.end;
    while let Some(token) = tokens.get(at) {
        match token {
            DateToken::Space | DateToken::Sign('(') => {}
            DateToken::Word(word) if matches!(word.as_str(), "am" | "pm" | "gmt" | "utc") => {}
            _ => break,
        }
        at += 1;
    }
    // "10:30-11:30" is a range; "10:30:00-05:00" and "T10:30-05:00" have an offset.
    let by_program =
        span.len() > 3 || (span.start > 0 && word(&tokens[span.start - 1]) == Some("t"));
    let until = number(at + 1, 2)
        .zip(number(at + 3, 2))
        .filter(|_| !by_program && at == span.end && sign(at, '-') && sign(at + 2, ':'));
    if until.is_some_and(|until| until > (hour, minute)) {
        tokens.splice(span.start..at + 4, [DateToken::Space]);
        return Some(ClockTime { hour, minute, second, offset: None });
    }
    let (mut end, mut offset) = (span.end, None);
    if let Some(DateToken::Sign(c @ ('+' | '-'))) = tokens.get(at) {
        let given = match (tokens.get(at + 1), number(at + 3, 2).filter(|_| sign(at + 2, ':'))) {
            (Some(DateToken::Number { value, digits: 1 | 2 }), Some(minutes)) => {
                Some((*value, minutes, at + 4))
            }
            (Some(DateToken::Number { value, digits: 1 | 2 }), None) => Some((*value, 0, at + 2)),
            (Some(DateToken::Number { value, digits: 3 | 4 }), None) => {
                Some((value / 100, u32::try_from(value % 100).unwrap_or(60), at + 2))
            }
            _ => None,
        };
        if let Some((hours, minutes, after)) =
            given.filter(|(hours, minutes, _)| *hours <= 14 && *minutes < 60)
        {
            let minutes =
                i32::try_from(hours).unwrap_or(0) * 60 + i32::try_from(minutes).unwrap_or(0);
            offset = Some(if *c == '-' { -minutes } else { minutes });
            tokens.drain(at..after);
            end = span.end.min(at);
        }
    }
    tokens.splice(span.start..end, [DateToken::Space]);
    Some(ClockTime { hour, minute, second, offset })
}

/// A calendar day, with the time and offset implied by its notation.
struct CalendarDay {
    date: NaiveDate,
    time: Option<(u32, u32, u32)>,
    offset: Option<i32>,
}

impl CalendarDay {
    fn new(year: i32, month: u32, day: u32) -> Option<Self> {
        Some(Self { date: NaiveDate::from_ymd_opt(year, month, day)?, time: None, offset: None })
    }
}

/// Names of the months in order, lower case.
pub(super) const MONTHS: [&str; 12] = [
    "january",
    "february",
    "march",
    "april",
    "may",
    "june",
    "july",
    "august",
    "september",
    "october",
    "november",
    "december",
];

/// The calendar day of tokens without a time.
fn parse_day(tokens: &[DateToken]) -> Option<CalendarDay> {
    if let Some(day) = with_month(tokens) {
        return day;
    }
    let tokens: Vec<DateToken> =
        tokens.iter().filter(|token| **token != DateToken::Space).cloned().collect();
    for at in 0..tokens.len() {
        let (Some(first), Some(DateToken::Sign(sign @ ('-' | '/' | '.')))) =
            (number(&tokens, at), tokens.get(at + 1))
        else {
            continue;
        };
        let second = number(&tokens, at + 2);
        let third =
            number(&tokens, at + 4).filter(|_| tokens.get(at + 3) == Some(&DateToken::Sign(*sign)));
        let (year, month, day) = match (first, second, third) {
            ((_, 4), Some((month, 1 | 2)), Some((day, 1 | 2))) => (first, month, day),
            ((_, 4), Some((day, 3)), None) => {
                let date = NaiveDate::from_yo_opt(full_year(first)?, day)?;
                return Some(CalendarDay { date, time: None, offset: None });
            }
            ((_, 4), Some((month, 2)), None) if *sign == '-' && tokens.len() == 3 => {
                (first, month, 1)
            }
            // A year that cannot be a month: "26.01.07".
            ((year, 2), Some((month, 1 | 2)), Some((day, 1 | 2))) if year > 12 => {
                (first, month, day)
            }
            ((day, 1 | 2), Some((month, 1 | 2)), Some(year @ (_, 4)))
                if *sign == '.' || day > 12 =>
            {
                return CalendarDay::new(full_year(year)?, month, day);
            }
            ((month, 1 | 2), Some((day, 1 | 2)), Some(year @ (_, 4))) if day > 12 => {
                (year, month, day)
            }
            _ => continue,
        };
        // "2026.01.07" is the Korean notation.
        let offset = (*sign == '.').then_some(KOREA);
        return Some(CalendarDay { offset, ..CalendarDay::new(full_year(year)?, month, day)? });
    }
    compact(&tokens)
}

/// A number that may be part of a date, and its number of digits.
fn number(tokens: &[DateToken], at: usize) -> Option<(u32, usize)> {
    match tokens.get(at) {
        Some(DateToken::Number { value, digits }) => Some((u32::try_from(*value).ok()?, *digits)),
        _ => None,
    }
}

/// A day with a month in words. The outer `None` means no known month, the inner one an invalid
/// day.
fn with_month(tokens: &[DateToken]) -> Option<Option<CalendarDay>> {
    // "2026년", "1월", "7일". A unit separated from its number is a weekday: "2026.01.05 월".
    let before = |unit: &str| {
        (1..tokens.len()).find_map(|at| {
            let named = word(&tokens[at]).is_some_and(|word| word.starts_with(unit));
            named.then(|| number(tokens, at - 1)).flatten().map(|number| (number, at - 1))
        })
    };
    let english = || {
        let known =
            |word: &str| MONTHS.iter().position(|month| word.len() >= 3 && month.starts_with(word));
        let sept = |word: &str| (word == "sept").then_some(8);
        let month =
            tokens.iter().filter_map(word).find_map(|word| known(word).or_else(|| sept(word)))?;
        u32::try_from(month + 1).ok()
    };
    let korean = before("월");
    let month = korean.map(|((month, _), _)| month).or_else(english)?;
    let mut numbers = (0..tokens.len())
        .filter(|at| korean.is_none_or(|(_, used)| used != *at))
        .filter_map(|at| number(tokens, at));
    let mut day = || {
        let (year, day) = match (before("년"), before("일")) {
            (Some((year, _)), Some(((day, _), _))) => (year, day),
            _ => {
                let (one, two) = (numbers.next()?, numbers.next()?);
                if one.1 > 2 || one.0 > 31 { (one, two.0) } else { (two, one.0) }
            }
        };
        CalendarDay::new(full_year(year)?, month, day)
    };
    Some(day())
}

/// A date written as one number.
fn compact(tokens: &[DateToken]) -> Option<CalendarDay> {
    let (value, digits) = tokens.iter().find_map(|token| match token {
        DateToken::Number { value, digits } if *digits >= 4 => Some((*value, *digits)),
        _ => None,
    })?;
    let part = |value: u64| u32::try_from(value % 100).unwrap_or(0);
    let day = |value: u64| {
        let year = i32::try_from(value / 10_000).ok().filter(|year| (1900..2200).contains(year))?;
        CalendarDay::new(year, part(value / 100), part(value))
    };
    let alone = tokens.len() == 1;
    match digits {
        4 if alone => day(value * 10_000 + 101),
        8 => day(value),
        12 | 14 => {
            let value = if digits == 12 { value * 100 } else { value };
            let time = Some((part(value / 10_000), part(value / 100), part(value)));
            Some(CalendarDay { time, ..day(value / 1_000_000)? })
        }
        // Seconds or milliseconds since 1970.
        10 | 13 if alone => {
            let seconds = i64::try_from(if digits == 13 { value / 1000 } else { value }).ok()?;
            let utc = chrono::DateTime::from_timestamp(seconds, 0)?.naive_utc();
            let time = Some((utc.hour(), utc.minute(), utc.second()));
            Some(CalendarDay { date: utc.date(), time, offset: Some(0) })
        }
        _ => None,
    }
}

/// The full year of two or three digits, by RFC 5322.
fn full_year((year, digits): (u32, usize)) -> Option<i32> {
    let year = match digits {
        1 | 2 if year < 50 => 2000 + year,
        1..=3 => 1900 + year,
        4 => year,
        _ => return None,
    };
    i32::try_from(year).ok()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    fn read(text: &str) -> String {
        super::read(text).map_or("-".to_string(), |date| date.rfc3339())
    }

    #[test]
    fn date_forms_of_feeds_and_agencies_are_parsed() {
        for (text, date) in [
            ("Wed, 07 Jan 2026 10:30:00 +0900", "2026-01-07T10:30:00+09:00"),
            ("Wed, 07 Jan 2026 22:30:00 KST", "2026-01-07T22:30:00+09:00"),
            ("7 Jan 26 10:30 GMT", "2026-01-07T10:30:00+00:00"),
            ("Wednesday, 07-Jan-26 10:30:00 EST", "2026-01-07T10:30:00-05:00"),
            ("Wed Jan  7 10:30:00 KST 2026", "2026-01-07T10:30:00+09:00"),
            ("January 7th, 2026 5:30 p.m.", "2026-01-07T17:30:00"),
            ("Jan 7, 2026 5 PM PST", "2026-01-07T17:00:00-08:00"),
            ("Sept. 7, 2026", "2026-09-07T00:00:00"),
            ("Wed, 07 Jan 2026 24:00:00 +0000", "2026-01-08T00:00:00+00:00"),
            ("Wed, 07 Jan 2026 10:30:60 Z", "2026-01-07T10:30:59+00:00"),
            ("Wed, 07 Jan 2026 10:30:00 +09:00 (KST)", "2026-01-07T10:30:00+09:00"),
            ("Wed, 07 Jan 2026 10:30:00 GMT+9", "2026-01-07T10:30:00+09:00"),
            ("Wed, 07 Jan 2026 10:30:00 UTC -3:30", "2026-01-07T10:30:00-03:30"),
            ("Thur, 07 January 2026 10:30:00", "2026-01-07T10:30:00"),
            ("2026-01-07T10:30:00.123+09:00", "2026-01-07T10:30:00+09:00"),
            ("2026-01-07T10:30Z", "2026-01-07T10:30:00+00:00"),
            ("2026-01-07 10:30:00", "2026-01-07T10:30:00"),
            ("2026-01-07 10:30:00 +0900", "2026-01-07T10:30:00+09:00"),
            ("2026/1/7 10:30", "2026-01-07T10:30:00"),
            ("2026-01-07 10:30-11:30", "2026-01-07T10:30:00"),
            ("2026-01-07 10:30-17:30", "2026-01-07T10:30:00"),
            ("10:30–11:30, 7 January 2026", "2026-01-07T10:30:00"),
            ("2026-01-07T02:30-05:00", "2026-01-07T02:30:00-05:00"),
            ("2026-01-07 10:30-05:00", "2026-01-07T10:30:00-05:00"),
            ("2026-01-07", "2026-01-07T00:00:00"),
            ("2026-01", "2026-01-01T00:00:00"),
            ("2026-007", "2026-01-07T00:00:00"),
            ("20260107T103000Z", "2026-01-07T10:30:00+00:00"),
            ("20260107T103000+0900", "2026-01-07T10:30:00+09:00"),
            ("20260107103000", "2026-01-07T10:30:00"),
            ("20260107", "2026-01-07T00:00:00"),
            ("1767749400", "2026-01-07T01:30:00+00:00"),
            ("1767749400000", "2026-01-07T01:30:00+00:00"),
            ("2026.01.07 17:30", "2026-01-07T17:30:00+09:00"),
            ("2026. 1. 7. 오후 5:30", "2026-01-07T17:30:00+09:00"),
            ("26.01.07 17:30", "2026-01-07T17:30:00+09:00"),
            ("2026.01.05(월) 17:30", "2026-01-05T17:30:00+09:00"),
            ("2026.01.05 월 17:30:10", "2026-01-05T17:30:10+09:00"),
            ("2026년 1월 7일 오후 5시", "2026-01-07T17:00:00+09:00"),
            ("2026년1월7일 17시 30분", "2026-01-07T17:30:00+09:00"),
            ("2026년 01월 07일 (수) 오전 12시 5분", "2026-01-07T00:05:00+09:00"),
            ("2026년 1월 4일 일요일 정오", "2026-01-04T12:00:00+09:00"),
            ("26년 1월 7일 밤 11시 30분", "2026-01-07T23:30:00+09:00"),
            ("수, 07 1월 2026 10:30:00 +0900", "2026-01-07T10:30:00+09:00"),
            ("입력 2026-01-07 17:30", "2026-01-07T17:30:00+09:00"),
            ("２０２６．０１．０７　１７：３０", "2026-01-07T17:30:00+09:00"),
            ("07.01.2026 10:30", "2026-01-07T10:30:00"),
            ("13/01/2026", "2026-01-13T00:00:00"),
            ("01/13/2026 10:30 AM", "2026-01-13T10:30:00"),
        ] {
            assert_eq!(read(text), date, "{text}");
        }
    }

    #[test]
    fn ambiguous_and_invalid_dates_are_not_parsed() {
        for text in [
            "",
            "-",
            "yesterday",
            "3 hours ago",
            "01/07/2026",
            "07-01-26",
            "2026-13-01",
            "2026년 2월 30일",
            "10:30",
            "1월 7일",
            "2026년 1월 7일 밤 12시",
            "Wed, 07 Foo 2026",
            "99999999999999999999",
            "31",
            "Jan 2026",
        ] {
            assert_eq!(read(text), "-", "{text}");
        }
        assert_eq!(read(&"2026-01-07 ".repeat(50)), "-");
    }

    #[test]
    fn an_unknown_offset_is_marked_as_unknown() {
        let date = super::read("2026-01-07 10:30").unwrap();
        assert_eq!(date.rfc2822(), "Wed, 07 Jan 2026 10:30:00 -0000");
        assert_eq!(
            super::read("07 Jan 2026 22:30 KST").unwrap().rfc2822(),
            "Wed, 07 Jan 2026 22:30:00 +0900"
        );
    }

    proptest! {
        #[test]
        fn any_text_is_read_or_not(text in "([0-9]{1,15}|[-:./+,() TZ]|Jan|년|월|일|시|분|오후|pm|KST|\\PC){0,12}") {
            if let Some(date) = super::read(&text) {
                prop_assert_eq!(read(&date.rfc2822()), date.rfc3339());
            }
        }
    }
}
