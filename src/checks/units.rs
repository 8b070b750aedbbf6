//! Units: a number of one text that the other has with another unit: 14 days and 14 weeks,
//! 32 ㎞ and 32 m.
//!
//! A value that was converted to another unit is right; a unit that is not known says nothing.

use super::check::{Check, Example, FindingKind, OutputKind, Scope};
use super::comparison::Comparison;
use super::numerals::{Number, Numbers, Unit};
use crate::finding::Finding;

const CHANGED: FindingKind = FindingKind::major("unit_changed").up_to_sentences(8).in_passages();

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

#[cfg(test)]
mod tests {
    use super::super::pairs::{run, summary, translation};
    use super::*;

    #[test]
    fn another_unit_is_found_in_both_directions() {
        for (source, output) in [
            ("The road is 32 miles long.", "도로는 32㎞다."),
            ("The trial lasted six months.", "재판은 6년 걸렸다."),
            ("The tower is 300 feet high.", "탑은 높이가 300미터다."),
            ("It was 32 degrees Celsius.", "기온은 화씨 32도였다."),
            ("A parcel of 5 kg fell.", "5g짜리 소포가 떨어졌다."),
            ("48시간 안에 끝난다.", "It ends within 48 minutes."),
            ("사흘 동안 열린다.", "It runs for three weeks."),
            ("면적은 20헥타르다.", "It covers 20 acres."),
        ] {
            assert_eq!(run(&CHECK, &translation(source, output)).len(), 1, "{source} {output}");
        }
    }

    #[test]
    fn conversions_dates_and_ages_are_right() {
        for (source, output) in [
            ("The road is 20 miles long.", "도로는 32㎞다."),
            ("It is 1,600 km (1,000 mi) away.", "1천600㎞ 떨어져 있다."),
            ("The man is 6-foot-6.", "그는 키가 198㎝다."),
            ("It was in the 90s, with temperatures in the 90s.", "90년대였고 기온은 33도였다."),
            ("It took 90 minutes.", "1시간 30분 걸렸다."),
            ("The trial lasted 14 days.", "재판은 2주 걸렸다."),
            ("Haemin opens on the 14th.", "해민은 14일 연다."),
            ("A 5-year-old won.", "5세 아이가 이겼다."),
            ("시속 100㎞로 달렸다.", "It ran at 100 kph."),
            ("3분의 2가 찬성했다.", "Two-thirds approved."),
            ("2분기에 5% 늘었다.", "It grew 5 percent in the second quarter."),
            ("10주년 행사", "The 10th anniversary"),
        ] {
            let found = run(&CHECK, &translation(source, output));
            assert!(found.is_empty(), "{source} {output} {found:?}");
        }
    }

    #[test]
    fn a_summary_keeps_the_unit_of_each_number() {
        let article = "협상은 14년 만에 열렸고, 14일 동안 이어졌다.";
        assert!(run(&CHECK, &summary(article, "14일간 협상이 이어졌다.")).is_empty());
        let found = run(&CHECK, &summary(article, "14개월간 협상이 이어졌다."));
        assert_eq!(found[0].found.as_deref(), Some("14개월"));
        let article = "The 40 villages lost 30 percent of their rice in 12 hours.";
        assert_eq!(run(&CHECK, &summary(article, "Villages lost rice in 12 days.")).len(), 1);
    }
}
