//! Ordinals: a thing that a summary gives another place in its order.
//!
//! "A third breakwater" is in doubt if the article has a second breakwater, nothing that is the
//! third, and no three beside a breakwater.

use std::sync::LazyLock;

use regex::Regex;

use super::check::{Check, Example, FindingKind, OutputKind, Scope};
use super::comparison::{Comparison, Text};
use super::spans::around;
use super::support::features::{self, Feature};
use crate::document::Span;
use crate::finding::Finding;
use crate::language::Language;

const OTHER: FindingKind = FindingKind::major("ordinal_changed");

pub(super) const CHECK: Check = Check {
    name: "ordinals",
    describe: "second, third: another place in an order",
    kinds: &[OTHER],
    scope: Scope::Article,
    examples: &[
        Example::found(
            OTHER,
            "The council approved a second breakwater. The fees are three times as high.",
            "The council will build a third breakwater.",
        )
        .summary(),
        Example::found(
            OTHER,
            "시의회는 두 번째 방파제를 승인했다. 수수료는 세 배다.",
            "시의회가 제3방파제를 승인했다.",
        )
        .summary(),
        Example::found(OTHER, "The council's second meeting ended.", "세 번째 회의가 끝났다.")
            .summary(),
        Example::found(OTHER, "제2차 회의가 3일 끝났다.", "The third meeting ended.").summary(),
        Example::fine(
            "After the second round of talks, both sides agreed on round 3 in May.",
            "A third round follows in May.",
        )
        .summary(),
        Example::fine(
            "The second bridge is closed. The third one opens on May 2nd.",
            "The third bridge opens.",
        )
        .summary(),
    ],
    run,
};

/// Most ordinals of a text that are compared.
const MAX_ORDINALS: usize = 256;
/// Words on each side of a number among which the thing that it counts may stand.
const NEAR: usize = 2;

/// An ordinal and the thing it orders.
struct Ordinal {
    value: u32,
    /// Its words, without the thing.
    span: Span,
    /// Empty if the next word says nothing.
    thing: Vec<Feature>,
}

/// English ordinals, from the first.
#[rustfmt::skip]
const ENGLISH: &[&str] = &[
    "first", "second", "third", "fourth", "fifth", "sixth", "seventh", "eighth", "ninth", "tenth", "eleventh",
    "twelfth",
];
/// Korean numerals before 번째, from the first.
const KOREAN: &[&str] =
    &["첫", "두", "세", "네", "다섯", "여섯", "일곱", "여덟", "아홉", "열", "열한", "열두"];

/// An English ordinal, and the thing after it.
static ENGLISH_ORDER: LazyLock<Option<Regex>> = LazyLock::new(|| {
    let words = ENGLISH.join("|");
    let order =
        format!(r"(?i)\b(?P<n>{words}|(?P<d>[0-9]{{1,4}})(?:st|[nr]d|th))\b(?: (?P<t>[a-z]+))?");
    Regex::new(&order).ok()
});
/// 제2방파제, 제2차 회의, 두 번째 다리, 2번째 다리, 2차 회의.
static KOREAN_ORDER: LazyLock<Option<Regex>> = LazyLock::new(|| {
    let words = KOREAN.join("|");
    let order = format!(
        r"(?P<n>제 ?(?P<d>[0-9]{{1,4}})차?|(?:(?P<w>{words})|(?P<e>[0-9]{{1,4}})) ?번째|(?P<f>[0-9]{{1,4}})차)(?P<g> ?)(?P<t>[가-힣]+)?"
    );
    Regex::new(&order).ok()
});

fn run(comparison: &Comparison<'_>) -> Vec<Finding> {
    if comparison.pair.kind != OutputKind::Summary {
        return Vec::new();
    }
    let (source, output) = (&comparison.source, &comparison.output);
    let is_portable = source.language != output.language;
    let own: Vec<Ordinal> = ordinals(output, is_portable);
    let own = own.into_iter().filter(|ordinal| ordinal.value > 1);
    let others = ordinals(source, is_portable);
    let changed = own.filter_map(|ordinal| {
        let is_same =
            |other: &&Ordinal| ordinal.thing.iter().any(|feature| other.thing.contains(feature));
        let other = others.iter().find(is_same)?;
        (!is_supported(source, &others, &ordinal, is_portable)).then_some((ordinal, other))
    });
    changed.map(|(ordinal, other)| finding(comparison, &ordinal.span, &other.span)).collect()
}

/// The ordinals of a text, in its order.
fn ordinals(text: &Text<'_>, is_portable: bool) -> Vec<Ordinal> {
    let (pattern, words) = match text.language {
        Language::English => (&ENGLISH_ORDER, ENGLISH),
        Language::Korean => (&KOREAN_ORDER, KOREAN),
    };
    let Some(pattern) = pattern.as_ref() else { return Vec::new() };
    let ordinal = |found: regex::Captures<'_>| {
        let own = found.name("n")?;
        let word = found.name("w").map_or(own.as_str(), |word| word.as_str()).to_lowercase();
        let digits = ["d", "e", "f"].iter().find_map(|name| found.name(name));
        let value = match digits {
            Some(digits) => digits.as_str().parse().ok()?,
            None => u32::try_from(words.iter().position(|entry| *entry == word)? + 1).ok()?,
        };
        // "2차례" and "2차로" count; an order of rounds is written apart: "2차 회의".
        let counts = found.name("f").is_some() && found.name("g")?.is_empty();
        let of_word = |word: regex::Match<'_>| features::of(text, &word.range(), is_portable);
        let thing = found.name("t").map(of_word).unwrap_or_default();
        (!counts).then(|| Ordinal { value, span: own.range(), thing })
    };
    pattern.captures_iter(text.text).take(MAX_ORDINALS).filter_map(ordinal).collect()
}

/// True if the article has this place: as an ordinal of anything, or as a number without a unit
/// beside such a thing.
fn is_supported(
    source: &Text<'_>,
    others: &[Ordinal],
    ordinal: &Ordinal,
    is_portable: bool,
) -> bool {
    let numbers = source.numbers().stated.iter().take(MAX_ORDINALS);
    let mut stated = numbers.filter(|number| {
        let is_quantity = number.unit.is_some() || number.is_day || number.hour.is_some();
        number.value == f64::from(ordinal.value) && !is_quantity
    });
    let is_beside = |span: &Span| {
        let (before, after) = around(source.text, span, NEAR);
        let start = before.first().unwrap_or(span).start;
        let end = after.last().unwrap_or(span).end;
        let features = features::of(source, &(start..end), is_portable);
        ordinal.thing.iter().any(|feature| features.contains(feature))
    };
    others.iter().any(|other| other.value == ordinal.value)
        || stated.any(|number| is_beside(&number.span()))
}

fn finding(comparison: &Comparison<'_>, own: &Span, other: &Span) -> Finding {
    let pair = comparison.pair;
    let (expected, found) = (&pair.source[other.clone()], &pair.output[own.clone()]);
    let ((original, result), (original_ko, result_ko)) =
        (comparison.words(), comparison.korean_words());
    let message =
        format!("'{found}' in the {result} is another place: the {original} has '{expected}'");
    let korean = format!("다른 순서: {result_ko} '{found}', {original_ko} '{expected}'");
    CHECK
        .finding(OTHER, message, korean)
        .in_source(other.clone())
        .in_output(own.clone())
        .expected(expected)
        .found(found)
}

#[cfg(test)]
mod tests {
    use super::super::pairs::{run, summary};
    use super::*;

    #[test]
    fn another_place_of_the_same_thing_is_found() {
        for (source, output) in [
            ("It is the second breakwater.", "The 3rd breakwater is planned."),
            ("Its 21st session opened.", "The twelfth session opened."),
            ("제2차 회의가 3일 열렸다.", "제3차 회의가 열렸다."),
            ("2차 회의가 3시간 열렸다.", "3차 회의가 열렸다."),
        ] {
            assert_eq!(run(&CHECK, &summary(source, output)).len(), 1, "{source} {output}");
        }
    }

    #[test]
    fn dates_fractions_and_counts_order_nothing() {
        for (source, output) in [
            ("The second bridge opened on May 2.", "A bridge opened on the 3rd of May."),
            ("A second of silence. A third of members left.", "A third of members left."),
            ("3차례 회의 끝에 2차 회의가 열렸다.", "2차례 회의가 열렸다."),
            ("The second bridge, of three bridges, is open.", "The third bridge is shut."),
            ("Phase 3 of the work follows the second phase.", "The third phase follows."),
            ("The second bridge opened.", "The third ferry sank."),
            ("The second bridge opened.", "The second bridge is open, a first bridge was."),
        ] {
            assert!(run(&CHECK, &summary(source, output)).is_empty(), "{source} {output}");
        }
    }
}
