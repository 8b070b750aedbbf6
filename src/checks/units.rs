//! Units: a number of one text that the other has with another unit: 14 days and 14 weeks,
//! 32 ㎞ and 32 m.
//!
//! A value that was converted to another unit is right; a unit that is not known says nothing.

use super::check::{Check, Example, FindingKind, OutputKind, Scope};
use super::comparison::Comparison;
use super::numerals::{Number, Numbers, Unit};
use crate::finding::Finding;

const CHANGED: FindingKind = FindingKind::major("unit_changed");

pub(super) const CHECK: Check = Check {
    name: "units",
    describe: "numbers with another unit",
    kinds: &[CHANGED],
    scope: Scope::Support,
    examples: &[
        Example::found(CHANGED, "The ferry waited for 14 hours.", "여객선은 14분 동안 기다렸다."),
        Example::found(CHANGED, "무게는 30㎏이다.", "It weighs 30 grams."),
        Example::found(
            CHANGED,
            "The 14-day truce began in Haemin.",
            "A 14-week truce began in Haemin.",
        )
        .summary(),
        Example::fine("The road is 10 miles long.", "도로의 길이는 16㎞다."),
        Example::fine("The baby weighed 8 pounds 1 ounce.", "아기는 몸무게가 3.66㎏이었다."),
    ],
    run,
};

fn run(comparison: &Comparison<'_>) -> Vec<Finding> {
    changed(&CHECK, CHANGED, comparison, |own, other| {
        let special = |unit: Unit| unit.is_currency() || unit.is_share();
        !special(own) && !special(other)
    })
}

/// Findings for the numbers of the output that the source has with another unit, for the pairs of
/// units that a check answers for.
pub(super) fn changed(
    check: &Check,
    kind: FindingKind,
    comparison: &Comparison<'_>,
    is_own: impl Fn(Unit, Unit) -> bool,
) -> Vec<Finding> {
    let (source, output) = (comparison.source.numbers(), comparison.output.numbers());
    let mut findings = Vec::new();
    let finding = |own: Mismatch, text: &str, has_output: bool| {
        let (english, korean) = message(comparison, &own, has_output);
        let finding = check.finding(kind, english, korean).value("number", own.number.value);
        let words = &text[own.number.quantity()];
        if has_output {
            finding.in_output(own.number.quantity()).found(words)
        } else {
            finding.in_source(own.number.quantity()).expected(words)
        }
    };
    for own in mismatches(output, source).filter(|own| is_own(own.unit, own.other)) {
        findings.push(finding(own, comparison.output.text, true));
    }
    if findings.is_empty() && comparison.pair.kind == OutputKind::Translation {
        for own in mismatches(source, output).filter(|own| is_own(own.unit, own.other)) {
            findings.push(finding(own, comparison.source.text, false));
        }
    }
    findings
}

/// A number whose unit is another one in the other text.
struct Mismatch<'n, 't> {
    number: &'n Number<'t>,
    unit: Unit,
    other: Unit,
}

fn mismatches<'n, 't>(
    numbers: &'n Numbers<'t>,
    others: &'n Numbers<'_>,
) -> impl Iterator<Item = Mismatch<'n, 't>> {
    numbers.stated.iter().filter_map(move |number| {
        let unit = number.unit?;
        // "one day" and "a year" are said of anything.
        if number.value <= 1.0 && !unit.is_share() {
            return None;
        }
        others.other_unit(number).map(|other| Mismatch { number, unit, other })
    })
}

fn message(
    comparison: &Comparison<'_>,
    own: &Mismatch<'_, '_>,
    has_output: bool,
) -> (String, String) {
    let (original, result) = comparison.words();
    let (original_ko, result_ko) = comparison.korean_words();
    let (text, here, there, here_ko, there_ko) = if has_output {
        (comparison.output.text, result, original, result_ko, original_ko)
    } else {
        (comparison.source.text, original, result, original_ko, result_ko)
    };
    let words = &text[own.number.quantity()];
    let (unit, unit_ko) = own.other.names();
    (
        format!("'{words}' in the {here}: the {there} has this number with '{unit}'"),
        format!("단위 차이: {here_ko} '{words}', {there_ko} '{unit_ko}'"),
    )
}
