//! Days of the week: a day of the output that the source does not name.
//!
//! Korean news writes the day of the month instead, so a day that is left out is no finding.

use super::calendar::{Named, WEEKDAYS};
use super::check::{Check, Example, FindingKind, Scope};
use super::comparison::Comparison;
use crate::finding::Finding;

const CHANGED: FindingKind = FindingKind::major("weekday_changed");

pub(super) const CHECK: Check = Check {
    name: "weekday",
    describe: "days of the week that the original does not have",
    kinds: &[CHANGED],
    scope: Scope::Support,
    examples: &[
        Example::found(
            CHANGED,
            "The talks begin on Tuesday.",
            "회담은 화요일이 아니라 목요일에 시작한다.",
        ),
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
    let has = |days: &[Named], index: usize| days.iter().any(|day| day.index == index);
    // The day of the source that the output lacks, if there is one only.
    let mut lost = source.iter().filter(|day| !has(output, day.index));
    let lost = lost.next().filter(|first| lost.all(|day| day.index == first.index));
    let mut counts = [0_usize; 7];
    source.iter().for_each(|day| counts[day.index] += 1);
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
        if source.is_empty() || !(is_new || repeats) {
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
