//! The words around a number that give it a further meaning: an hour, a year, a part of a name.

use super::{korean, units};

/// True if the text between two numbers makes a range of them.
pub(super) fn is_range(between: &str) -> bool {
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
pub(super) fn is_fraction(before: &str) -> bool {
    let rest = before.strip_suffix('.');
    rest.is_some_and(|rest| rest.is_empty() || rest.ends_with([' ', '(', '\n']))
}

/// True if a text ends with a word that makes the number after it a rounded one.
pub(super) fn is_rounded(before: &str) -> bool {
    #[rustfmt::skip]
    const WORDS: &[&str] = &[
        "about", "around", "some", "roughly", "approximately", "nearly", "almost", "약", "대략", "거의", "한", "어림잡아",
    ];
    let before = before.trim_end_matches(['$', '€', '£', '¥', '₩', ' ']);
    let last = before.rsplit(|c: char| !c.is_alphabetic()).next().unwrap_or_default();
    WORDS.contains(&last.to_lowercase().as_str())
}

/// The century of "the 1800s" or 1800년대.
fn century(plain: &str, value: f64, after: &str) -> Option<f64> {
    let is_decade = ["s", "'s", "’s", "년대"].iter().any(|mark| after.starts_with(mark));
    let is_century = is_decade && value % 100.0 == 0.0 && plain.chars().count() == 4;
    is_century.then(|| value / 100.0 + 1.0)
}

/// True if two digits may be the end of a year: "'19", "80년대", "the 80s". Other two digits are
/// not: every 19 would have a counterpart in 2019.
pub(super) fn is_short_year(before: &str, plain: &str, after: &str) -> bool {
    let is_marked = before.ends_with(['\'', '’', '‘'])
        || after.starts_with('년')
        || after.starts_with('s')
        || after.starts_with("'s");
    plain.chars().count() == 2 && is_marked
}

/// True for a number in a name: the 2 of "km2" and "CO2", "4x4", the country code of
/// "+82-2-398-3114".
pub(super) fn is_part_of_name(before: &str, digits: f64, after: &str) -> bool {
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
pub(super) fn has_afternoon(text: &str) -> bool {
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
pub(super) fn hour(before: &str, value: f64, after: &str, afternoon: bool) -> Option<f64> {
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
pub(super) fn is_clock_mark(after: &str) -> bool {
    is_marked(after, &["am", "pm", "a.m", "p.m", "AM", "PM", "A.M", "P.M", "o'clock", "o’clock"])
}

/// True if a text begins with one of the marks and no letter follows: "am", but not "among".
pub(super) fn is_marked(after: &str, marks: &[&str]) -> bool {
    let rest = marks.iter().find_map(|mark| after.trim_start().strip_prefix(mark));
    rest.is_some_and(|rest| !rest.starts_with(|c: char| c.is_ascii_alphabetic()))
}

/// True if the text after a number makes it a month of a date: "5월", but not "5월요일".
pub(super) fn is_month(after: &str) -> bool {
    after
        .strip_prefix('월')
        .is_some_and(|rest| !rest.starts_with("요일") && !rest.starts_with("드"))
}

/// The length of the digits of a character reference such as "&#39;".
pub(super) fn entity(before: &str, here: &str) -> Option<usize> {
    const MAX_LENGTH: usize = 7;
    if !before.ends_with("&#") && !before.ends_with("&#x") {
        return None;
    }
    let length = here.find(|c: char| !c.is_ascii_hexdigit()).unwrap_or(here.len());
    (length <= MAX_LENGTH && length > 0 && here[length..].starts_with(';')).then_some(length)
}

/// Further readings of a number in its context.
pub(super) fn other_readings(before: &str, plain: &str, value: f64, after: &str) -> Vec<f64> {
    let mut other_values: Vec<f64> = century(plain, value, after).into_iter().collect();
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
    // "temperatures in the 90s" are 90 to 99 degrees.
    if after.starts_with('s') && units::is_temperature(before) {
        other_values.extend([value + 2.0, value + 5.0, value + 8.0]);
    }
    // "1000 GMT"
    if plain.chars().count() == 4
        && ["GMT", "UTC", "hours", "hrs"].iter().any(|zone| unit.starts_with(zone))
    {
        other_values.extend([(value / 100.0).floor(), value % 100.0]);
    }
    other_values
}
