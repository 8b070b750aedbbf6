//! Months of dates: a month of one text that the other does not name.
//!
//! Days of the month are numbers, and belong to the check `numbers`.

use super::calendar::{Calendar, MONTHS, Named};
use super::check::{Check, Example, FindingKind, OutputKind, Scope};
use super::comparison::Comparison;
use crate::finding::Finding;

const LOST: FindingKind = FindingKind::major("month_lost").up_to_sentences(8).in_passages();
const INVENTED: FindingKind = FindingKind::major("month_invented").up_to_sentences(8).in_passages();

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

#[cfg(test)]
mod tests {
    use super::super::pairs::{run, summary, translation};
    use super::*;

    fn kinds(source: &str, output: &str) -> Vec<String> {
        run(&CHECK, &translation(source, output)).into_iter().map(|one| one.kind).collect()
    }

    #[test]
    fn a_lost_and_a_changed_month_are_found_in_both_directions() {
        let changed = ["month_lost", "month_invented"];
        assert_eq!(kinds("The port opens in May.", "항구는 4월에 연다."), changed);
        assert_eq!(kinds("1월 7일 열린다.", "It opens on July 7."), changed);
        assert_eq!(kinds("Sales fell last March.", "지난 5월 매출이 줄었다."), changed);
        assert_eq!(kinds("It opens on Dec. 24.", "24일 연다."), ["month_lost"]);
        assert_eq!(kinds("정부는 예산을 늘린다.", "The budget grows in June."), ["month_invented"]);
    }

    #[test]
    fn one_month_in_two_notations_is_right() {
        for (source, output) in [
            ("The port may open and boats march in.", "항구가 열고 배가 들어올 수 있다."),
            ("It opens on 2026-01-07.", "2026년 1월 7일 연다."),
            ("It opens on Novemeber 3.", "11월 3일 연다."),
            ("Prime Minister May spoke in June.", "메이 총리는 6월에 말했다."),
            ("지난달 열렸다.", "It opened in September."),
            ("월요일에 12월 계획을 냈다.", "It gave its plan for December on Monday."),
            ("9·11 테러", "The Sept. 11 attacks"),
            ("3개월 뒤", "Three months later"),
            ("２０２６년 １월 ７일 연다.", "It opens on Jan. 7, 2026."),
            ("It rains in March and April.", "3∼4월에 비가 온다."),
            ("1919. 3. 1. 만세운동", "The movement of March 1, 1919"),
        ] {
            assert!(kinds(source, output).is_empty(), "{source} {output}");
        }
    }

    #[test]
    fn a_summary_may_leave_a_month_out_but_not_change_it() {
        let article = "The fund was set up in January and closed in August.";
        assert!(run(&CHECK, &summary(article, "The fund closed in August.")).is_empty());
        assert_eq!(run(&CHECK, &summary(article, "The fund closed in October.")).len(), 1);
    }
}
