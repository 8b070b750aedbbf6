//! Halves of the day: 오전 for "p.m.", "a.m." for 오후.

use super::calendar::WEEKDAYS;
use super::check::{Check, Example, FindingKind, OutputKind, Scope};
use super::comparison::Comparison;
use crate::document::Span;
use crate::finding::Finding;
use crate::language::{Language, is_hangul};

const CHANGED: FindingKind = FindingKind::major("half_of_day_changed");
const ALONE: FindingKind = FindingKind::minor("half_of_day_alone");

pub(super) const CHECK: Check = Check {
    name: "clock",
    describe: "morning and afternoon confused, \"pm\" without an hour",
    kinds: &[CHANGED, ALONE],
    scope: Scope::Support,
    examples: &[
        Example::found(CHANGED, "The vote was held at 3 p.m.", "투표는 오전 3시에 열렸다."),
        Example::found(CHANGED, "회의는 오전 9시 30분에 끝났다.", "The meeting ended at 9:30 pm."),
        Example::found(ALONE, "투표가 끝났다.", "The vote pm ended."),
        Example::fine("The vote was held at 15:00.", "투표는 오후 3시에 열렸다."),
        Example::fine("회의는 밤 1시에 끝났다.", "The meeting ended at 1 a.m."),
    ],
    run,
};

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Half {
    Morning,
    Afternoon,
    /// The small hours, which are both night and morning: 새벽.
    SmallHours,
    /// A night, with the small hours that belong to it.
    Night,
    /// A time between two halves: noon, midnight, "late Sunday".
    Either,
}

impl Half {
    const COUNT: usize = 5;

    /// The halves that may be meant by this one at an hour, and those that contradict it.
    fn relations(self, hour: Option<u32>) -> (&'static [Self], &'static [Self]) {
        use Half::{Afternoon, Either, Morning, Night, SmallHours};
        match self {
            Morning if hour.is_some_and(|hour| hour <= 5 || hour == 12) => {
                (&[Morning, SmallHours, Either, Night], &[Afternoon])
            }
            Morning => (&[Morning, SmallHours, Either], &[Afternoon, Night]),
            Afternoon => (&[Afternoon, Night, Either], &[Morning, SmallHours]),
            SmallHours => (&[Morning, SmallHours, Night, Either], &[Afternoon]),
            Night | Either => (&[], &[]),
        }
    }
}

/// Words for a half of the day.
struct Mark {
    half: Half,
    span: Span,
    /// The hour that it belongs to, from 1 to 12.
    hour: Option<u32>,
    /// False for a hint such as "early Sunday".
    is_certain: bool,
}

#[rustfmt::skip]
const KOREAN: &[(&str, Half)] = &[
    ("오전", Half::Morning), ("아침", Half::Morning), ("새벽", Half::SmallHours), ("오후", Half::Afternoon),
    ("저녁", Half::Afternoon), ("한낮", Half::Afternoon), ("밤", Half::Night), ("자정", Half::Either), ("정오", Half::Either),
    ("심야", Half::Night), ("점심", Half::Either),
];

#[rustfmt::skip]
const ENGLISH: &[(&str, Half)] = &[
    ("morning", Half::Morning), ("dawn", Half::SmallHours), ("breakfast", Half::Morning), ("sunrise", Half::Morning),
    ("afternoon", Half::Afternoon), ("evening", Half::Afternoon), ("dusk", Half::Afternoon), ("sunset", Half::Afternoon),
    ("night", Half::Night), ("overnight", Half::Either), ("tonight", Half::Night), ("midnight", Half::Either),
    ("noon", Half::Either), ("midday", Half::Either), ("lunch", Half::Either), ("nightfall", Half::Afternoon),
];

fn run(comparison: &Comparison<'_>) -> Vec<Finding> {
    let source = Marks::new(marks(comparison.source.text));
    let output = Marks::new(marks(comparison.output.text));
    let mut findings: Vec<Finding> = Vec::new();
    if comparison.output.language == Language::English {
        findings.extend(alone(comparison.output.text));
    }
    let mut pairs: Vec<(&Mark, &Mark)> =
        output.certain().filter_map(|mark| Some((source.contradiction(mark)?, mark))).collect();
    let is_translation = comparison.pair.kind == OutputKind::Translation;
    if pairs.is_empty() && is_translation && output.certain().count() >= source.certain().count() {
        // No mark is left out, so that one without its half in the output has become the other.
        pairs.extend(source.certain().find_map(|mark| Some((mark, output.other_half(mark)?))));
    }
    let changed = |(mark, other): (&Mark, &Mark)| changed(comparison, mark, other);
    findings.extend(pairs.into_iter().map(changed));
    findings
}

/// A half of the day in the source that has become another one in the output.
fn changed(comparison: &Comparison<'_>, source: &Mark, output: &Mark) -> Finding {
    let (original, result) = comparison.words();
    let (original_ko, result_ko) = comparison.korean_words();
    let words = &comparison.output.text[output.span.clone()];
    let source_words = &comparison.source.text[source.span.clone()];
    let english = format!("the {result} has '{words}', the {original} '{source_words}'");
    let korean = format!("오전·오후 차이: {result_ko} '{words}', {original_ko} '{source_words}'");
    CHECK
        .finding(CHANGED, english, korean)
        .in_source(source.span.clone())
        .in_output(output.span.clone())
        .expected(source_words)
        .found(words)
}

/// The first "pm" without an hour. An "am" without one is the verb.
fn alone(text: &str) -> Option<Finding> {
    let mut marks = text.match_indices("pm").chain(text.match_indices("p.m"));
    let (start, mark) = marks.find(|(start, mark)| {
        let (before, after) = (&text[..*start], &text[start + mark.len()..]);
        let is_word =
            before.ends_with(char::is_whitespace) && !after.starts_with(char::is_alphanumeric);
        is_word && !ends_with_hour(before)
    })?;
    let english = format!("'{mark}' has no hour");
    let finding = CHECK.finding(ALONE, english, format!("시각 없는 '{mark}'"));
    Some(finding.in_output(start..start + mark.len()).found(mark))
}

/// True if a text ends with an hour in digits or in words, or with "the".
fn ends_with_hour(text: &str) -> bool {
    #[rustfmt::skip]
    const WORDS: &[&str] = &[
        "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve",
        "fifteen", "twenty", "thirty", "forty", "fifty", "o'clock", "o’clock", "the",
    ];
    let last = text.split_whitespace().next_back().unwrap_or_default();
    let last = last.rsplit(['-', '–']).next().unwrap_or_default().to_lowercase();
    last.contains(|c: char| c.is_ascii_digit()) || WORDS.contains(&last.as_str())
}

/// The marks of a text, by half of the day and hour.
struct Marks {
    marks: Vec<Mark>,
    /// The first mark of each half with each hour; hour 0 is that of marks without an hour.
    first: [[Option<usize>; 13]; Half::COUNT],
}

impl Marks {
    fn new(marks: Vec<Mark>) -> Self {
        let mut first = [[None; 13]; Half::COUNT];
        for (at, mark) in marks.iter().enumerate() {
            first[mark.half as usize][mark.hour.unwrap_or(0) as usize].get_or_insert(at);
        }
        Self { marks, first }
    }

    fn certain(&self) -> impl Iterator<Item = &Mark> {
        self.marks.iter().filter(|mark| mark.is_certain)
    }

    /// The first mark of the halves, with this hour, or with none for hour 0.
    fn first(&self, halves: &[Half], hour: usize) -> Option<usize> {
        halves.iter().filter_map(|half| self.first[*half as usize][hour]).min()
    }

    /// The first mark of the halves, with any hour or none.
    fn any(&self, halves: &[Half]) -> Option<usize> {
        (0..=12).filter_map(|hour| self.first(halves, hour)).min()
    }

    /// The mark of another half than one of the other text, if no mark is of its half.
    fn other_half(&self, mark: &Mark) -> Option<&Mark> {
        let (same, opposite) = mark.half.relations(mark.hour);
        self.any(same).is_none().then(|| self.any(opposite)).flatten().map(|at| &self.marks[at])
    }

    /// The mark that a mark of the output contradicts: one of the same hour, or one of the other
    /// half if the source has no mark of this half.
    fn contradiction(&self, mark: &Mark) -> Option<&Mark> {
        let (same, opposite) = mark.half.relations(mark.hour);
        let hour = mark.hour.unwrap_or(0) as usize;
        let agrees = self.first(same, hour).or(self.first(same, 0)).is_some();
        let same_hour = self.first(opposite, hour).filter(|_| hour > 0 && !agrees);
        same_hour.map(|at| &self.marks[at]).or_else(|| self.other_half(mark))
    }
}

/// The halves of the day that a text names, in its order.
fn marks(text: &str) -> Vec<Mark> {
    let mut marks = Vec::new();
    for (name, half) in KOREAN {
        for (start, _) in text.match_indices(name) {
            let end = start + name.len();
            if text[..start].ends_with(is_hangul) && *name != "오후" && *name != "오전" {
                continue;
            }
            let hour = hour_after(&text[end..]);
            marks.push(Mark { half: *half, span: start..end, hour, is_certain: true });
        }
    }
    let mut at = 0;
    while let Some(start) =
        text[at..].find(|c: char| c.is_ascii_alphabetic()).map(|offset| at + offset)
    {
        let rest = &text[start..];
        let word = &rest[..rest.find(|c: char| !c.is_ascii_alphabetic()).unwrap_or(rest.len())];
        at = start + word.len();
        let singular = word.strip_suffix('s').unwrap_or(word);
        let named = ENGLISH.iter().find(|(name, _)| name.eq_ignore_ascii_case(singular));
        // "early Sunday", "late on Monday"
        let edge = match word {
            "early" => Some(Half::Morning),
            "late" => Some(Half::Either),
            _ => None,
        };
        if let Some(half) = edge.filter(|_| is_before_day(&text[at..])) {
            marks.push(Mark { half, span: start..at, hour: None, is_certain: false });
        } else if let Some((_, half)) = named {
            marks.push(Mark { half: *half, span: start..at, hour: None, is_certain: true });
        } else if let Some(half) = meridiem(word, &text[at..])
            && let Some(hour) = hour_before(&text[..start])
        {
            // "p.m."
            let dotted = text[at..].starts_with('.') && word.len() == 1;
            at += if dotted { ".m".len() } else { 0 };
            marks.push(Mark { half, span: start..at, hour: Some(hour), is_certain: true });
        }
    }
    for (name, half) in [("이른", Half::Morning), ("늦은", Half::Either)] {
        let near = text.match_indices(name).filter(|(at, name)| {
            text[at + name.len()..].trim_start().chars().skip(1).take(2).eq("요일".chars())
        });
        marks.extend(near.map(|(start, name)| {
            let span = start..start + name.len();
            Mark { half, span, hour: None, is_certain: false }
        }));
    }
    // 낮은 is "low", 낮다 "to be low".
    for (start, name) in text.match_indices('낮') {
        let end = start + name.len();
        let alone = !text[..start].ends_with(is_hangul);
        if alone && text[end..].starts_with([' ', '에', '까', '부', ',', '.']) {
            marks.push(Mark { half: Half::Either, span: start..end, hour: None, is_certain: true });
        }
    }
    marks.extend(twenty_four_hours(text));
    marks.sort_by_key(|mark| mark.span.start);
    marks
}

/// True if a text goes on with a day of the week.
fn is_before_day(after: &str) -> bool {
    let rest = after.trim_start();
    let rest = rest.strip_prefix("on ").unwrap_or(rest);
    WEEKDAYS.iter().any(|day| rest.starts_with(day))
}

/// The half of "am", "PM" and the beginning of "p.m.".
fn meridiem(word: &str, after: &str) -> Option<Half> {
    let lower = word.to_ascii_lowercase();
    let dotted = || after.starts_with(".m") || after.starts_with(".M");
    match lower.as_str() {
        "am" => Some(Half::Morning),
        "pm" => Some(Half::Afternoon),
        "a" if dotted() => Some(Half::Morning),
        "p" if dotted() => Some(Half::Afternoon),
        _ => None,
    }
}

/// The hour at the end of a text: "5 ", "5:30", "7.55".
fn hour_before(text: &str) -> Option<u32> {
    let text = text.strip_suffix([' ', '\u{a0}', '\u{202f}']).unwrap_or(text);
    let digits = |text: &str| text.bytes().rev().take(3).take_while(u8::is_ascii_digit).count();
    let count = digits(text);
    let (rest, last) = text.split_at(text.len() - count);
    let hour = match rest.strip_suffix([':', '.']) {
        Some(rest) if count == 2 && digits(rest) > 0 => &rest[rest.len() - digits(rest)..],
        _ => last,
    };
    hour.parse().ok().filter(|hour| (1..=12).contains(hour))
}

/// The hour that a text begins with: " 5시", " 5:30".
fn hour_after(text: &str) -> Option<u32> {
    let text = text.trim_start();
    let count = text.bytes().take(3).take_while(u8::is_ascii_digit).count();
    let rest = &text[count..];
    let hour = text[..count].parse().ok().filter(|hour| (1..=12).contains(hour));
    hour.filter(|_| rest.starts_with(['시', ':']))
}

/// Times of the 24-hour clock that tell the half: "17:00", "17시", "09:30".
fn twenty_four_hours(text: &str) -> impl Iterator<Item = Mark> {
    let minutes = text
        .match_indices(':')
        .map(|(at, _)| at)
        .filter(|at| text[at + 1..].bytes().take(2).filter(u8::is_ascii_digit).count() == 2);
    let hours = text.match_indices('시').map(|(at, _)| at);
    minutes.chain(hours).filter_map(|at| {
        let count = text[..at].bytes().rev().take(3).take_while(u8::is_ascii_digit).count();
        let hour: u32 = text[at - count..at].parse().ok()?;
        // "09:30" is before noon, "9:30" may be after it.
        let half = match hour {
            13..=23 => Half::Afternoon,
            1..=9 if text[at - count..].starts_with('0') => Half::Morning,
            _ => return None,
        };
        Some(Mark { half, span: at - count..at, hour: Some(hour % 12), is_certain: false })
    })
}

#[cfg(test)]
mod tests {
    use super::super::pairs::{run, translation};
    use super::*;

    fn found(source: &str, output: &str) -> Vec<String> {
        run(&CHECK, &translation(source, output)).into_iter().filter_map(|one| one.found).collect()
    }

    #[test]
    fn the_other_half_of_the_day_is_found_in_both_directions() {
        for (source, output, words) in [
            (
                "It opens at 9 a.m. and closes at 5 p.m.",
                "오후 9시에 열고 오후 5시에 닫는다.",
                "오후",
            ),
            ("It opens on Friday morning.", "금요일 오후에 연다.", "오후"),
            ("It opens at 17:30.", "오전 5시 30분에 연다.", "오전"),
            ("회의는 오전 11시에 시작한다.", "The meeting starts at 11pm.", "pm"),
            ("회의는 오후 2시에 시작한다.", "The meeting starts at 2 A.M.", "A.M"),
            ("새벽에 비가 내렸다.", "It rained in the afternoon.", "afternoon"),
            ("It begins on Friday night.", "금요일 오전에 시작한다.", "오전"),
            ("It begins at 09:30.", "오후 9시 30분에 시작한다.", "오후"),
            (
                "It opens on Monday morning and closes on Tuesday night.",
                "월요일 오후에 열고 화요일 저녁에 닫는다.",
                "오후",
            ),
            ("나는 오후에 갔다.", "I pm left.", "pm"),
        ] {
            assert_eq!(found(source, output), [words], "{source} {output}");
        }
    }

    #[test]
    fn the_same_half_in_other_words_is_right() {
        for (source, output) in [
            ("It opens at 9 a.m. and closes at 5 p.m.", "오전 9시에 열고 17시에 닫는다."),
            ("It opens at 9 a.m. and closes at 5 p.m.", "오전 9시에 열고 오후 5시에 닫는다."),
            ("The storm came early Monday.", "폭풍은 월요일 오전에 왔다."),
            ("It ended around midnight.", "새벽 무렵에 끝났다."),
            ("It ended at 2 that night.", "오전 2시에 끝났다."),
            ("밤 1시에 끝났다.", "It ended at 1 a.m."),
            ("I am glad, and the am radio says so.", "기쁘다고 오후에 말했다."),
            ("낮 12시에 연다.", "It opens at 12 p.m."),
            ("It opens in the morning and closes at night.", "아침에 열고 저녁에 닫는다."),
            ("It opens in the morning and closes at night.", "저녁에 닫는다."),
            ("오후 5시에 연다.", "It opens at five pm, or 5 p.m., in the pm."),
            ("값이 낮은 편이다.", "Prices are low this morning."),
        ] {
            assert!(found(source, output).is_empty(), "{source} {output}");
        }
    }
}
