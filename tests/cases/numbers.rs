//! Checks on a text and its translation, and sentence splitting.

use malmoi::checks::{self, CheckOptions, OutputKind, Pair};
use malmoi::{Finding, Language};
use serde::Deserialize;

/// A line of a case: source and translation.
#[derive(Deserialize)]
struct Line {
    s: String,
    o: String,
}

/// Findings about numbers for each pair of a case, with the pair; empty without the collection.
fn doubts(case: &str) -> Vec<(String, Vec<Finding>)> {
    let Some(folder) = super::case(case) else { return Vec::new() };
    let pairs = std::fs::read_to_string(folder.join("pairs.jsonl")).unwrap();
    let doubted = |line: &str| {
        let Line { s, o } = serde_json::from_str(line).unwrap();
        let from = Language::detect(&s).unwrap();
        let pair =
            Pair { source: &s, output: &o, from, to: from.other(), kind: OutputKind::Translation };
        let found = checks::check(&pair, &CheckOptions::default());
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
        let kinds: Vec<(&str, &str)> = found
            .iter()
            .map(|one| (one.kind.as_str(), one.values["text"].as_str().unwrap()))
            .collect();
        assert_eq!(kinds, [("number_lost", "5"), ("number_invented", "17")], "{pair}");
    }
}

#[test]
fn links_and_the_dateline_begin_a_sentence() {
    let Some(folder) = super::case("text/25-furniture-leaks") else { return };
    let line = std::fs::read_to_string(folder.join("line.txt")).unwrap();
    let found = malmoi::segment::sentences(&line);
    for begin in ["▶해민일보", "▶[팩트체크]", "▶제보하기", "(해민=해민일보) 한서진 기자"]
    {
        assert!(found.iter().any(|sentence| sentence.starts_with(begin)), "{begin}: {found:?}");
    }
    assert_eq!(found.concat(), line);
}

#[test]
fn dots_in_a_quotation_take_linear_time() {
    let Some(file) = super::case("attack/02-quote-dots-20k.txt") else { return };
    let text = std::fs::read_to_string(file).unwrap();
    let long = text.replacen("..", &"..".repeat(500_000), 1);
    let began = std::time::Instant::now();
    assert_eq!(malmoi::segment::sentences(&long).concat(), long);
    // A million terminators: a quadratic algorithm takes minutes.
    assert!(began.elapsed() < std::time::Duration::from_secs(5), "{:?}", began.elapsed());
}
