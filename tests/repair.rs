//! Repair of doubtful answers, with a model that answers by a script.

use malmoi::internals::generation::Options;
use malmoi::{Event, Finding, Language, Model, Observer, Outcome, Repair, Severity};
use proptest::prelude::*;
use serde_json::{Value, json};

use crate::support::scripted;

fn open(script: Value) -> (tempfile::TempDir, Model) {
    let folder = scripted::model(script, 16_384);
    let model = Model::open(folder.path()).unwrap();
    (folder, model)
}

fn translate(model: &Model, text: &str, repair: Repair) -> Outcome {
    model.translate(text).to(Language::Korean).repair(repair).run().unwrap()
}

fn doubts(outcome: &Outcome) -> Vec<&str> {
    let doubts = outcome.findings.iter().filter(|finding| finding.is_doubt());
    doubts.map(|finding| finding.message.as_str()).collect()
}

fn note(outcome: &Outcome) -> Option<&Finding> {
    outcome.findings.iter().find(|finding| finding.check == "repaired")
}

const BRIDGE: &str = "The bridge in the city of Haemin cost 412 million won.";
const WRONG: &str = "해민시의 다리에는 41억 원이 들었다.";
const RIGHT: &str = "해민시의 다리에는 4억1천200만 원이 들었다.";

#[test]
fn the_bytes_of_tokens_join_to_the_text() {
    let (_folder, model) = open(json!([]));
    let text = "4억1천200만 원, and 17.5%\n";
    let ids = model.tokenizer().encode(text).unwrap();
    let bytes: Vec<u8> = ids.iter().flat_map(|id| model.tokenizer().token_bytes(*id)).collect();
    assert_eq!(bytes, text.as_bytes());
}

#[test]
fn a_missing_number_is_given_in_the_prompt() {
    let (_folder, model) =
        open(json!([{"when": "412 million = 4억1천200만", "say": RIGHT}, {"say": WRONG}]));
    let before = translate(&model, BRIDGE, Repair::Off);
    assert_eq!(before.text, WRONG);
    assert_eq!(doubts(&before).len(), 2, "{:?}", doubts(&before));
    assert!(note(&before).is_none());
    let outcome = translate(&model, BRIDGE, Repair::Auto);
    assert_eq!(outcome.text, RIGHT);
    assert!(doubts(&outcome).is_empty(), "{:?}", doubts(&outcome));
    let note = note(&outcome).unwrap();
    assert!(!note.is_doubt() && note.segment == Some(0));
    assert!(note.message.starts_with("written again with the missing words given: 2 doubts before, 0 after; before: '412 million' appears"), "{}", note.message);
    assert!(
        note.message_ko.starts_with("다시 작성(빠진 말 제시), 의심 2건 → 0건, 이전: "),
        "{}",
        note.message_ko
    );
    assert!(outcome.tokens.output > before.tokens.output, "all attempts are counted");
}

#[test]
fn sampling_finds_an_answer_that_is_almost_as_likely() {
    let source = "The ferry to Haemin sails at 7 on Monday.";
    let (_folder, model) = open(
        json!([{"say": "배가 월요일 8시에 해민으로 떠난다.", "or": "해민행 배는 월요일 7시에 떠난다."}]),
    );
    assert!(!doubts(&translate(&model, source, Repair::Off)).is_empty());
    let outcome = translate(&model, source, Repair::Auto);
    assert_eq!(outcome.text, "해민행 배는 월요일 7시에 떠난다.");
    assert_eq!(outcome.text, translate(&model, source, Repair::Auto).text, "the same again");
}

#[test]
fn sentences_are_translated_one_by_one() {
    let (_folder, model) = open(json!([
        {"when": "17 people came. The mayor", "say": "시장이 그들을 만났다."},
        {"when": "17 people came", "say": "17명이 왔다."},
        {"say": "시장이 그들을 만났다."},
    ]));
    let outcome = translate(&model, "17 people came. The mayor met them.", Repair::Auto);
    assert_eq!(outcome.text, "17명이 왔다. 시장이 그들을 만났다.");
    assert!(note(&outcome).unwrap().message.contains("sentence by sentence"));
    assert_eq!(outcome.segments[0].source, "17 people came. The mayor met them.");
}

#[test]
fn without_a_better_attempt_the_first_answer_stays() {
    let (_folder, model) = open(json!([{"say": WRONG}]));
    let outcome = translate(&model, BRIDGE, Repair::Auto);
    assert_eq!(outcome.text, WRONG);
    assert_eq!(doubts(&outcome), doubts(&translate(&model, BRIDGE, Repair::Off)));
    assert!(note(&outcome).is_none());
}

/// Each doubt is counted once, as it is shown: five times the same sentence is one doubt.
#[test]
fn an_empty_answer_is_no_repair() {
    let (_folder, model) =
        open(json!([{"when": "17 people came", "say": ""}, {"say": WRONG, "or": ""}]));
    let text = "17 people came. The mayor met them.";
    let before = translate(&model, text, Repair::Off);
    let after = translate(&model, text, Repair::Auto);
    assert!(before.text.starts_with(WRONG), "{}", before.text);
    assert_eq!((&after.text, doubts(&after)), (&before.text, doubts(&before)));
}

#[test]
fn a_summary_is_repaired_before_it_is_passed_on() {
    let article = "The city of Haemin opened its second bridge on Monday. It cost 412 million won, and 17 people worked on it for a year.";
    let good = "Haemin opened a bridge that cost 412 million won.";
    let (_folder, model) = open(json!([{"say": "A bridge cost 99 million won.", "or": good}]));
    let mut text = String::new();
    let mut repairs = Vec::new();
    let observer = Observer::new().on_text(|piece| text.push_str(piece)).on_event(|event| {
        if let Event::Repair { segments, repaired, .. } = event {
            repairs.push((*segments, *repaired));
        }
    });
    let outcome = model.summarize(article).sentences(1).observe(observer).unwrap();
    assert_eq!((outcome.text.as_str(), text.as_str()), (good, good));
    assert_eq!(repairs, [(1, 1)]);
    assert!(note(&outcome).is_some() && doubts(&outcome).is_empty());
}

#[test]
fn a_text_without_doubts_is_written_once() {
    let (_folder, model) =
        open(json!([{"when": "17 people", "say": "17명이 왔다."}, {"say": WRONG}]));
    let mut attempts = 0;
    for (text, repair, expected) in
        [("17 people came.", Repair::All, 0), (BRIDGE, Repair::Off, 0), (BRIDGE, Repair::Auto, 1)]
    {
        let observer = Observer::new().on_event(|event| {
            attempts += usize::from(matches!(event, Event::Repair { .. }));
        });
        model.translate(text).to(Language::Korean).repair(repair).observe(observer).unwrap();
        assert_eq!(attempts, expected, "{text} {repair:?}");
    }
}

#[test]
fn repairs_do_not_depend_on_the_batch() {
    let (_folder, model) = open(json!([
        {"when": "412 million = 4억1천200만", "say": RIGHT},
        {"when": "ferry", "say": "배가 8시에 떠난다.", "or": "해민행 배는 7시에 떠난다."},
        {"say": WRONG},
    ]));
    let text = format!(
        "{BRIDGE}\n\nThe ferry to Haemin sails at 7.\n\nThe council of Haemin met 3 times.\n\n{BRIDGE}"
    );
    let run = |batch| {
        let options = Options { batch, ..Options::default() };
        let mut outcome =
            model.translate(&text).to(Language::Korean).options(options).run().unwrap();
        outcome.seconds = 0.0;
        outcome
    };
    let one = run(1);
    assert_eq!(one.findings.iter().filter(|finding| finding.check == "repaired").count(), 3);
    assert_eq!((&one, &one), (&run(2), &run(16)));
    let shared = model.shared(4).unwrap();
    let mut together = shared.translate(&text).to(Language::Korean).run().unwrap();
    together.seconds = 0.0;
    assert_eq!(one, together);
}

/// Doubts about a segment by severity: critical ones, severe ones, and the weighted sum.
fn penalty(outcome: &Outcome, segment: usize) -> [usize; 3] {
    let about = |finding: &&Finding| finding.is_doubt() && finding.segment == Some(segment);
    let count = |severity| {
        let findings = outcome.findings.iter().filter(about);
        findings.filter(|finding| finding.severity == severity).count()
    };
    let (critical, major) = (count(Severity::Critical), count(Severity::Major));
    [critical, critical + major, 25 * critical + 5 * major + count(Severity::Minor)]
}

/// Sources with numbers and names, and answers that are right, wrong, too long, or no answers.
const SOURCES: &[&str] = &[
    BRIDGE,
    "17 people came. The mayor met them.",
    "The ferry sails at 7 on Monday. It returns at 9.",
    "Minister Han Seo-jin said exports fell 12.4 percent.",
    "He did not resign.",
];
const ANSWERS: &[&str] = &[
    WRONG,
    RIGHT,
    "17명이 왔다. 시장이 그들을 만났다.",
    "시장이 71명을 만났다.",
    "배는 월요일 7시에 떠난다. 9시에 돌아온다.",
    "한서진 장관은 수출이 12.4% 줄었다고 밝혔다.",
    "The minister said so.",
    "수출이 늘었다. 수출이 늘었다. 수출이 늘었다. 수출이 늘었다.",
    "",
    "그는 사임하지 않았다.",
];

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    /// The promise: by the checks no segment is worse than without repair.
    #[test]
    fn a_repaired_text_is_never_worse_by_the_checks(
        sources in proptest::collection::vec(0..SOURCES.len(), 1..4),
        first in proptest::collection::vec((0..ANSWERS.len(), 0..ANSWERS.len()), 5),
        with_terms in (0..ANSWERS.len(), 0..ANSWERS.len()),
        all in any::<bool>(),
    ) {
        let mut script = vec![json!({
            "when": "Use these translations", "say": ANSWERS[with_terms.0], "or": ANSWERS[with_terms.1],
        })];
        for (source, (say, or)) in SOURCES.iter().zip(first) {
            let beginning = source.split(". ").next().unwrap();
            script.push(json!({"when": beginning, "say": ANSWERS[say], "or": ANSWERS[or]}));
        }
        script.push(json!({"say": ANSWERS[0]}));
        let (_folder, model) = open(json!(script));
        let text = sources.iter().map(|at| SOURCES[*at]).collect::<Vec<_>>().join("\n\n");
        let before = translate(&model, &text, Repair::Off);
        let after = translate(&model, &text, if all { Repair::All } else { Repair::Auto });
        prop_assert_eq!(before.segments.len(), after.segments.len());
        for index in 0..before.segments.len() {
            let (was, is) = (penalty(&before, index), penalty(&after, index));
            prop_assert!(is.iter().zip(was).all(|(is, was)| *is <= was), "{was:?} {is:?}");
            let is_noted = after.findings.iter()
                .any(|finding| finding.check == "repaired" && finding.segment == Some(index));
            prop_assert_eq!(is_noted, is[2] < was[2]);
            if !is_noted {
                prop_assert_eq!(&before.segments[index].text, &after.segments[index].text);
            }
        }
    }
}
