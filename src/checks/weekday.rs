//! Days of the week: a day of the output that the source does not name.
//!
//! Korean news writes the day of the month instead, so a day that is left out is no finding, and
//! neither is one that stands beside all those of the source.

use super::calendar::{Named, WEEKDAYS};
use super::check::{Check, Example, FindingKind, OutputKind, Scope};
use super::comparison::Comparison;
use crate::finding::Finding;

const CHANGED: FindingKind = FindingKind::major("weekday_changed").up_to_sentences(8).in_passages();

pub(super) const CHECK: Check = Check {
    name: "weekday",
    describe: "days of the week that the original does not have",
    kinds: &[CHANGED],
    scope: Scope::Support,
    examples: &[
        Example::found(CHANGED, "The talks begin on Tuesday.", "회담은 목요일에 시작한다."),
        Example::found(CHANGED, "회담은 금요일에 시작한다.", "The talks begin on Sunday."),
        Example::fine("The talks begin on Tuesday.", "회담은 7일 시작한다."),
        Example::fine("회담은 7일(화) 시작한다.", "The talks begin on Tuesday, the 7th."),
    ],
    run,
};

fn run(comparison: &Comparison<'_>) -> Vec<Finding> {
    let (source, output) =
        (&comparison.source.calendar().weekdays, &comparison.output.calendar().weekdays);
    let (original, result) = comparison.words();
    let (original_ko, _) = comparison.korean_words();
    let count = |days: &[Named]| {
        days.iter().fold([0_usize; 7], |mut counts, day| {
            counts[day.index] += 1;
            counts
        })
    };
    let (counts, written) = (count(source), count(output));
    // The day of the source that the output lacks, if there is one only.
    let mut lost = source.iter().filter(|day| written[day.index] == 0);
    let lost = lost.next().filter(|first| lost.all(|day| day.index == first.index));
    let is_replaced = comparison.pair.kind == OutputKind::Summary
        || counts.iter().zip(&written).any(|(source, output)| output < source);
    let mut findings = Vec::new();
    let mut seen = [0_usize; 7];
    for day in output {
        seen[day.index] += 1;
        // "Tuesday and Tuesday" for "Monday and Tuesday"
        let repeats = counts[day.index] > 0
            && seen[day.index] == counts[day.index] + 1
            && lost.is_some()
            && source.len() == output.len();
        let is_new = counts[day.index] == 0 && seen[day.index] == 1;
        if !is_replaced || !(is_new || repeats) {
            continue;
        }
        let words = &comparison.output.text[day.span.clone()];
        let english = format!("'{words}' appears in the {result} but not in the {original}");
        let korean = format!("{original_ko}에 없는 요일: '{words}'");
        let mut finding = CHECK
            .finding(CHANGED, english, korean)
            .in_output(day.span.clone())
            .found(words)
            .value("weekday", WEEKDAYS[day.index]);
        if let Some(lost) = lost {
            let words = &comparison.source.text[lost.span.clone()];
            finding = finding.in_source(lost.span.clone()).expected(words);
        }
        findings.push(finding);
    }
    findings
}

#[cfg(test)]
mod tests {
    use super::super::pairs::{run, summary, translation};
    use super::*;

    fn days(source: &str, output: &str) -> Vec<String> {
        run(&CHECK, &translation(source, output)).into_iter().filter_map(|one| one.found).collect()
    }

    #[test]
    fn another_day_is_found_in_both_directions() {
        assert_eq!(days("The port closes on Wednesday.", "항구는 목요일에 닫는다."), ["목요일"]);
        assert_eq!(days("토요일과 일요일에 쉰다.", "It rests on Saturday and Friday."), ["Friday"]);
        assert_eq!(days("Rain on Monday and Tuesday.", "화요일과 화요일에 비가 온다."), ["화요일"]);
        assert_eq!(days("9일(금) 열린다.", "It opens on Saturday, the 9th."), ["Saturday"]);
    }

    #[test]
    fn the_same_day_and_a_date_instead_are_right() {
        for (source, output) in [
            ("The port closes on Wednesdays.", "항구는 수요일마다 닫는다."),
            ("She told the Sunday Herald.", "그는 선데이 헤럴드에 말했다."),
            ("The port closes on Wednesday.", "항구는 9일 닫는다."),
            ("항구는 9일 닫는다.", "The port closes on Wednesday."),
            ("Monday, Monday again.", "월요일이다."),
        ] {
            assert!(days(source, output).is_empty(), "{source} {output}");
        }
    }

    #[test]
    fn a_summary_may_leave_a_day_out_but_not_change_it() {
        let article = "해민시는 화요일 회의를 열었고 목요일 결과를 밝혔다.";
        assert!(run(&CHECK, &summary(article, "해민시가 목요일 결과를 밝혔다.")).is_empty());
        assert_eq!(run(&CHECK, &summary(article, "해민시가 금요일 결과를 밝혔다.")).len(), 1);
    }
}
