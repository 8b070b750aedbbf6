//! Measures: percent as points, other currencies, other units.

use std::sync::LazyLock;

use super::{Case, Changed, Seed};
use crate::eval::dice::Dice;
use crate::eval::spots::{Regex, pattern, replaced, spots};
use crate::language::Language;

pub(super) const SEEDS: &[Seed] = &[
    Seed::line("percent_to_points", points),
    Seed::line("currency", currency),
    Seed::line("unit", unit),
];

static KOREAN_PERCENT: LazyLock<Regex> = LazyLock::new(|| pattern(r"(%|퍼센트)(?: ?[^ 포p]|$)"));
static ENGLISH_PERCENT: LazyLock<Regex> =
    LazyLock::new(|| pattern(r"( ?%| percent\b| per cent\b)"));
static KOREAN_MONEY: LazyLock<Regex> =
    LazyLock::new(|| pattern(r"[\d만억조천 ](달러|유로|파운드)(?:[^당]|$)"));
static KOREAN_WON: LazyLock<Regex> =
    LazyLock::new(|| pattern(r"[\d만억조천](원|엔)(?:[을이의에은,. ]|$)"));
static ENGLISH_SIGN: LazyLock<Regex> = LazyLock::new(|| pattern(r"([$£€])\d"));
static ENGLISH_MONEY: LazyLock<Regex> = LazyLock::new(|| {
    pattern(r"(?:\d|thousand|million|billion|trillion) (dollars|euros|pounds|won|yen)\b")
});
static KOREAN_UNIT: LazyLock<Regex> = LazyLock::new(|| {
    pattern(
        r"\d(\s?(?:킬로미터|km|미터|kg|킬로그램|마일|인치|피트|시간|개월|주|℃))(?:[^가-힣A-Za-z/]|[가-힣]{1,2}(?:[^가-힣]|$)|$)",
    )
});
static ENGLISH_UNIT: LazyLock<Regex> = LazyLock::new(|| {
    let units: Vec<&str> = ENGLISH_UNITS.iter().map(|(unit, _)| *unit).collect();
    pattern(&format!(r"\d[ -]({})\b", units.join("|")))
});

#[rustfmt::skip]
const KOREAN_UNITS: &[(&str, &str)] = &[
    ("킬로미터", "미터"), ("km", "m"), ("미터", "킬로미터"), ("kg", "g"), ("킬로그램", "그램"),
    ("마일", "킬로미터"), ("인치", "미터"), ("피트", "미터"), ("시간", "분"), ("개월", "년"),
    ("주", "개월"), ("℃", "℉"),
];
#[rustfmt::skip]
const ENGLISH_UNITS: &[(&str, &str)] = &[
    ("kilometers", "meters"), ("kilometres", "metres"), ("km", "m"), ("miles", "meters"),
    ("meters", "kilometers"), ("metres", "kilometres"), ("kg", "g"), ("kilograms", "grams"),
    ("feet", "miles"), ("inches", "feet"), ("hours", "minutes"), ("minutes", "hours"),
    ("years", "months"), ("months", "years"), ("weeks", "months"), ("days", "weeks"),
    ("acres", "hectares"),
];

pub(super) fn points(case: &Case<'_>, dice: &mut Dice) -> Option<Changed> {
    match case.to {
        Language::Korean => {
            let span = dice.pick(&spots(case.output, &KOREAN_PERCENT))?;
            Some(replaced(case.output, span.end..span.end, "포인트").into())
        }
        Language::English => {
            let span = dice.pick(&spots(case.output, &ENGLISH_PERCENT))?;
            Some(replaced(case.output, span, " percentage points").into())
        }
    }
}

pub(super) fn currency(case: &Case<'_>, dice: &mut Dice) -> Option<Changed> {
    const KOREAN: &[&str] = &["달러", "유로", "파운드", "엔", "위안"];
    const SIGNS: &[&str] = &["$", "£", "€"];
    const WORDS: &[&str] = &["dollars", "euros", "yen"];
    let (first, others, second, words) = match case.to {
        Language::Korean => (&KOREAN_MONEY, KOREAN, &KOREAN_WON, KOREAN),
        Language::English => (&ENGLISH_SIGN, SIGNS, &ENGLISH_MONEY, WORDS),
    };
    let mut found: Vec<_> =
        spots(case.output, first).into_iter().map(|span| (span, others)).collect();
    found.extend(spots(case.output, second).into_iter().map(|span| (span, words)));
    let (span, others) = dice.pick(&found)?;
    let new = dice.other(others, &case.output[span.clone()])?;
    Some(replaced(case.output, span, new).into())
}

fn unit(case: &Case<'_>, dice: &mut Dice) -> Option<Changed> {
    let (pattern, units) = match case.to {
        Language::Korean => (&KOREAN_UNIT, KOREAN_UNITS),
        Language::English => (&ENGLISH_UNIT, ENGLISH_UNITS),
    };
    let span = dice.pick(&spots(case.output, pattern))?;
    let old = case.output[span.clone()].trim_start();
    let (_, new) = units.iter().find(|(unit, _)| *unit == old)?;
    Some(replaced(case.output, span.end - old.len()..span.end, new).into())
}
