//! Summaries that models wrote of six articles, with their errors labeled by reading, and what the
//! checks find of them (`benches/checks/summaries/README.md`).

use malmoi::checks::{self, CheckOptions, OutputKind, Pair};
use malmoi::{Finding, Language};
use serde::Deserialize;

use crate::support::here;

/// An error: a span in bytes of the summary.
#[derive(Deserialize)]
struct Label {
    start: usize,
    end: usize,
    words: String,
}

/// A summary with all its errors.
#[derive(Deserialize)]
struct Labeled {
    article: String,
    from: Language,
    to: Language,
    summary: String,
    errors: Vec<Label>,
}

impl Label {
    fn is_found_by(&self, finding: &Finding) -> bool {
        finding.output.is_none_or(|place| place.start < self.end && self.start < place.end)
    }
}

/// Number of errors, of those that are found, and the findings that are no errors.
fn found_in(folder: &str) -> (usize, usize, Vec<String>) {
    let folder = here(folder);
    let (mut errors, mut found, mut false_findings) = (0, 0, Vec::new());
    for line in std::fs::read_to_string(folder.join("labels.jsonl")).unwrap().lines() {
        let row: Labeled = serde_json::from_str(line).unwrap();
        let article = std::fs::read_to_string(folder.join(&row.article)).unwrap();
        let (from, to, kind) = (row.from, row.to, OutputKind::Summary);
        let pair = Pair { source: &article, output: &row.summary, from, to, kind };
        let findings = checks::check(&pair, &CheckOptions::default());
        for label in &row.errors {
            assert_eq!(&row.summary[label.start..label.end], label.words);
            errors += 1;
            found += usize::from(findings.iter().any(|finding| label.is_found_by(finding)));
        }
        let is_false =
            |finding: &&Finding| !row.errors.iter().any(|label| label.is_found_by(finding));
        let words = |finding: &Finding| format!("{} {to}: {}", row.article, finding.message);
        false_findings.extend(findings.iter().filter(is_false).map(words));
    }
    println!("{found} of {errors} errors found, {} false findings", false_findings.len());
    (errors, found, false_findings)
}

#[test]
fn most_errors_of_models_are_found_and_few_other_words_doubted() {
    let (errors, found, false_findings) = found_in("../benches/checks/summaries");
    assert!(errors > 100 && found * 10 >= errors * 6, "{found} of {errors} errors");
    assert!(false_findings.len() <= 2, "{false_findings:#?}");
}

#[test]
fn errors_that_no_rule_was_tuned_on_are_found_as_well() {
    let (errors, found, false_findings) = found_in("../benches/checks/summaries/held-out");
    assert!(errors > 20 && found * 2 >= errors, "{found} of {errors} errors");
    assert!(false_findings.len() <= 5, "{false_findings:#?}");
}
