//! Months of dates: a month of one text that the other does not name.
//!
//! Days of the month are numbers, and belong to the check `numbers`.

use super::calendar::{Calendar, MONTHS, Named};
use super::check::{Check, Example, FindingKind, OutputKind, Scope};
use super::comparison::Comparison;
use crate::finding::Finding;

const LOST: FindingKind = FindingKind::major("month_lost");
const INVENTED: FindingKind = FindingKind::major("month_invented");

pub(super) const CHECK: Check = Check {
    name: "date",
    describe: "months of dates that were lost or changed",
    kinds: &[LOST, INVENTED],
    scope: Scope::Support,
    examples: &[
        Example::found(LOST, "The port opens on Jan. 7.", "항구는 7일에 문을 연다."),
        Example::found(LOST, "항구는 3월에 문을 연다.", "The port opens in May."),
        Example::fine("The port may open on 1/7.", "항구는 1월 7일 문을 열 수도 있다."),
        Example::fine("항구는 지난달 문을 열었다.", "The port opened in March."),
    ],
    run,
};

fn run(comparison: &Comparison<'_>) -> Vec<Finding> {
    let pair = comparison.pair;
    let (source, output) = (comparison.source.calendar(), comparison.output.calendar());
    let (original, result) = comparison.words();
    let (original_ko, result_ko) = comparison.korean_words();
    let mut findings = Vec::new();
    if pair.kind == OutputKind::Translation {
        for month in missing(source, output) {
            let finding =
                unmatched(LOST, comparison.source.text, month, (original, result), result_ko);
            findings.push(
                finding
                    .in_source(month.span.clone())
                    .expected(&comparison.source.text[month.span.clone()]),
            );
        }
    }
    for month in missing(output, source) {
        let finding =
            unmatched(INVENTED, comparison.output.text, month, (result, original), original_ko);
        findings.push(
            finding
                .in_output(month.span.clone())
                .found(&comparison.output.text[month.span.clone()]),
        );
    }
    findings
}

/// The months of one text that the other does not name, each at its first place.
fn missing<'c>(own: &'c Calendar, other: &'c Calendar) -> impl Iterator<Item = &'c Named> {
    let mut seen = [false; 13];
    own.months.iter().filter(move |month| {
        let is_first = !std::mem::replace(&mut seen[month.index], true);
        is_first && !other.possible_months[month.index] && !other.has_relative_month
    })
}

fn unmatched(
    kind: FindingKind,
    text: &str,
    month: &Named,
    (has, lacks): (&str, &str),
    lacks_ko: &str,
) -> Finding {
    let words = &text[month.span.clone()];
    let english = format!("the month '{words}' appears in the {has} but not in the {lacks}");
    let korean = format!("{lacks_ko}에 없는 달: '{words}'");
    CHECK.finding(kind, english, korean).value("month", MONTHS[month.index - 1])
}
