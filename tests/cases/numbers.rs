//! Numbers of a source and its translation.

use malmoi::checks::{Pair, Task, findings};
use malmoi::{Finding, Language};
use serde::Deserialize;

/// A line of a case: a source and its translation.
#[derive(Deserialize)]
struct Line {
    s: String,
    o: String,
}

/// What is doubted about the numbers of each pair of a case, with the pair; empty where the collection is absent.
fn doubts(case: &str) -> Vec<(String, Vec<Finding>)> {
    let Some(folder) = super::case(case) else { return Vec::new() };
    let pairs = std::fs::read_to_string(folder.join("pairs.jsonl")).unwrap();
    let doubted = |line: &str| {
        let Line { s, o } = serde_json::from_str(line).unwrap();
        let from = Language::detect(&s).unwrap();
        let pair = Pair { source: &s, output: &o, from, to: from.other(), task: Task::Translation };
        let found = findings(&pair, None);
        (format!("{s} {o}"), found)
    };
    pairs.lines().map(doubted).collect()
}

#[test]
fn a_lost_magnitude_is_doubted() {
    for (pair, found) in doubts("text/08-numbers-lost-magnitude") {
        assert!(found.iter().any(|one| one.check == "numbers"), "{pair}");
    }
}

#[test]
fn numbers_that_agree_are_not_doubted() {
    for (pair, found) in doubts("text/09-numbers-false-alarms") {
        assert_eq!(found, [], "{pair}");
    }
}

#[test]
fn an_afternoon_elsewhere_excuses_no_number() {
    for (pair, found) in doubts("text/10-numbers-afternoon") {
        let kinds: Vec<(&str, &str)> =
            found.iter().map(|one| (one.kind.as_str(), one.values["text"].as_str().unwrap())).collect();
        assert_eq!(kinds, [("number_lost", "5"), ("number_invented", "17")], "{pair}");
    }
}
