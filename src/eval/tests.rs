//! The table over the shipped pairs, on a sample: what must be found, and what must be left alone.

use super::*;

fn options() -> EvalOptions {
    EvalOptions { most: 40, ..EvalOptions::default() }
}

#[test]
fn the_shipped_articles_have_ten_lines_in_both_languages() {
    let files = shipped();
    assert_eq!(files.len(), 12);
    for file in &files {
        assert_eq!(file.len(), 10, "{:?}", file.first());
        for pair in file {
            assert!(!pair.english.contains(|c: char| ('가'..='힣').contains(&c)), "{pair:?}");
            assert!(pair.korean.contains(|c: char| ('가'..='힣').contains(&c)), "{pair:?}");
        }
    }
}

#[test]
fn every_kind_of_error_can_be_seeded_into_the_shipped_articles_and_names_are_unique() {
    let table = evaluate(&shipped(), &EvalOptions { most: 5, ..EvalOptions::default() });
    for of_summaries in [false, true] {
        let kinds = table.recalls(of_summaries);
        let all: Vec<&seeds::Seed> = seeds::families().flat_map(|(_, seeds)| seeds).collect();
        let is_summary = |seed: &&&seeds::Seed| (seed.unit == seeds::Unit::Summary) == of_summaries;
        let mut names: Vec<&str> = all.iter().filter(is_summary).map(|seed| seed.name).collect();
        assert_eq!(kinds.iter().map(|(kind, _)| *kind).collect::<Vec<_>>(), names);
        names.sort_unstable();
        assert!(names.windows(2).all(|pair| pair[0] != pair[1]), "{names:?}");
    }
}

#[test]
fn a_seed_gives_the_same_errors_and_another_seed_gives_others() {
    let files = shipped();
    let small = |seed| evaluate(&files, &EvalOptions { seed, most: 4, ..EvalOptions::default() });
    assert_eq!(small(1), small(1));
    assert_ne!(small(1).kinds, small(2).kinds);
}

/// Floors of recall, in percent, well below what the checks reach: a check that breaks is seen.
const FLOORS: &[(&str, f64)] = &[
    ("number_digit", 90.0),
    ("number_dropped", 85.0),
    ("magnitude", 85.0),
    ("number_word", 85.0),
    ("weekday", 85.0),
    ("month", 85.0),
    ("percent_to_points", 85.0),
    ("currency", 75.0),
    ("second_half_cut", 80.0),
    ("hanja_leak", 85.0),
    ("kana_leak", 85.0),
    ("sentence_untranslated_of_3", 85.0),
    ("summary_number_digit", 75.0),
];

#[test]
fn recall_over_the_shipped_articles_is_above_its_floors_and_false_alarms_are_few() {
    let table = evaluate(&shipped(), &options());
    let recalls = [table.recalls(false), table.recalls(true)].concat();
    for (kind, floor) in FLOORS {
        let share = recalls.iter().find(|(name, _)| name == kind).unwrap().1.share * 100.0;
        assert!(share >= *floor, "{kind}: {share:.1} %\n{table}");
    }
    for row in table.alarms.iter().filter(|row| row.set == "lines") {
        assert!(row.alarms.share < 0.06, "{row:?}");
    }
}

#[test]
fn the_page_stands_alone_and_names_every_kind() {
    let table = evaluate(&shipped(), &EvalOptions { most: 2, ..EvalOptions::default() });
    let page = table.html();
    for (kind, _) in table.recalls(false) {
        assert!(page.contains(&format!("<td>{kind}</td>")), "{kind}");
    }
    assert!(page.contains("<svg ") && !page.contains("<script") && !page.contains("src="));
    assert_eq!(page.matches("<svg").count(), page.matches("</svg>").count());
}

#[test]
fn texts_without_any_place_for_an_error_are_measured_too() {
    let pair =
        |english: &str, korean: &str| Parallel { english: english.into(), korean: korean.into() };
    for files in
        [vec![], vec![vec![]], vec![vec![pair("", ""); 12]], vec![vec![pair("a", "가"); 30]]]
    {
        let table = evaluate(&files, &EvalOptions { most: 3, ..EvalOptions::default() });
        assert!(!table.to_string().is_empty() && table.html().ends_with("</html>\n"));
        assert!(cost(&files, &Default::default()).per_item >= 0.0);
    }
}

proptest::proptest! {
    #[test]
    fn no_text_makes_a_seed_panic(
        english in "([a-z]{1,5}|[0-9.,$%() \"“”'월일만]|is not|May|a\\.m\\.|#|\\PC){0,20}",
        korean in "([가-힣]{1,4}|[0-9.,%() \"“”'월일만억]|했다|있다|습니다|\\PC){0,20}",
        seed in 0..20_u64,
    ) {
        let pair = Parallel { english, korean };
        let options = EvalOptions { seed, most: 2, ..EvalOptions::default() };
        evaluate(&[vec![pair; 10]], &options);
    }
}
