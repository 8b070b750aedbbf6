//! Second opinions: doubtful segments are translated by another model as well. The models answer by
//! scripts, and one is a small random student.

use std::process::Command;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use malmoi::batch::{Batch, BatchInput, Opened};
use malmoi::desk::Desk;
use malmoi::{
    Capabilities, Event, Finding, Language, Model, Observer, Outcome, Repair, SecondModel,
};
use serde_json::{Value, json};

use crate::support::{here, scripted};

const BRIDGE: &str = "The bridge in the city of Haemin cost 412 million won.";
const WRONG: &str = "해민시의 다리에는 41억 원이 들었다.";
const RIGHT: &str = "해민시의 다리에는 4억1천200만 원이 들었다.";
const FERRY: &str = "The ferry sails at 7 on Monday.";
const SAILS: &str = "배는 월요일 7시에 떠난다.";

/// A scripted model in a folder of its own.
struct Scripted {
    folder: tempfile::TempDir,
    model: Model,
}

fn open(script: Value) -> Scripted {
    let folder = scripted::model(script, 16_384);
    let model = Model::open(folder.path()).unwrap();
    Scripted { folder, model }
}

/// A model that is wrong about the bridge, and right about the ferry.
fn first() -> Scripted {
    open(json!([{"when": "ferry", "say": SAILS}, {"say": WRONG}]))
}

/// A model that opens when it is first needed, with the count of its openings.
fn lazy(model: &Model) -> (SecondModel, Arc<AtomicUsize>) {
    let opened = Arc::new(AtomicUsize::new(0));
    let (model, count) = (model.clone(), opened.clone());
    let second = SecondModel::new("second", "1", move || {
        count.fetch_add(1, Ordering::SeqCst);
        Ok::<_, String>((model.clone(), Capabilities::default()))
    });
    (second, opened)
}

fn translate(model: &Model, second: impl Into<SecondModel>, text: &str) -> Outcome {
    model.translate(text).to(Language::Korean).repair(Repair::Off).second(second).run().unwrap()
}

fn note(outcome: &Outcome) -> Option<&Finding> {
    outcome.findings.iter().find(|finding| finding.check == "second")
}

fn used(outcome: &Outcome) -> (usize, usize) {
    let second = outcome.second.as_ref().unwrap();
    (second.asked, second.taken)
}

#[test]
fn the_better_translation_of_a_doubtful_segment_is_kept_with_the_name_of_its_model() {
    let (one, two) = (first(), open(json!([{"say": RIGHT}])));
    let (second, opened) = lazy(&two.model);
    let outcome = translate(&one.model, second, &format!("{FERRY}\n\n{BRIDGE}"));
    assert_eq!(outcome.text, format!("{SAILS}\n\n{RIGHT}"));
    let models: Vec<Option<&str>> =
        outcome.segments.iter().map(|segment| segment.model.as_deref()).collect();
    assert_eq!(models, [None, Some("second")]);
    assert_eq!((used(&outcome), opened.load(Ordering::SeqCst)), ((1, 1), 1));
    let note = note(&outcome).unwrap();
    assert!(!note.is_doubt() && note.segment == Some(1));
    let message = "translated by second instead: 2 doubts before, 0 after; before: ";
    assert!(note.message.starts_with(message), "{}", note.message);
    assert!(
        note.message_ko.starts_with("second의 번역을 채택, 의심 2건 → 0건"),
        "{}",
        note.message_ko
    );
    let json = serde_json::to_value(&outcome).unwrap();
    assert_eq!(json["second"], json!({"model": "second", "asked": 1, "taken": 1}));
    assert_eq!(
        (&json["segments"][0]["model"], &json["segments"][1]["model"]),
        (&Value::Null, &json!("second"))
    );
}

#[test]
fn a_second_translation_that_is_no_better_is_not_taken() {
    let (one, two) = (first(), open(json!([{"say": "해민시의 다리에는 99억 원이 들었다."}])));
    let outcome = translate(&one.model, &two.model, BRIDGE);
    assert_eq!((outcome.text.as_str(), used(&outcome)), (WRONG, (1, 0)));
    assert!(note(&outcome).is_none() && outcome.segments[0].model.is_none());
    let empty = open(json!([{"say": ""}]));
    assert_eq!(translate(&one.model, &empty.model, BRIDGE).text, WRONG);
}

#[test]
fn without_a_doubt_the_second_model_is_not_opened() {
    let (one, two) = (first(), open(json!([{"say": RIGHT}])));
    let (second, opened) = lazy(&two.model);
    let outcome = translate(&one.model, second, FERRY);
    assert_eq!((outcome.text.as_str(), used(&outcome)), (SAILS, (0, 0)));
    assert_eq!(opened.load(Ordering::SeqCst), 0);
}

/// The model's own repair comes first, and a model that is its own second is not asked.
#[test]
fn only_what_repair_leaves_in_doubt_is_asked_for() {
    let one = open(json!([{"when": "412 million = 4억1천200만", "say": RIGHT}, {"say": WRONG}]));
    let two = open(json!([{"say": "해민시의 다리에는 412백만 원이 들었다."}]));
    let (second, opened) = lazy(&two.model);
    let request = one.model.translate(BRIDGE).to(Language::Korean);
    assert_eq!(request.clone().second(second).run().unwrap().text, RIGHT);
    assert_eq!(opened.load(Ordering::SeqCst), 0);
    let own = request.repair(Repair::Off).second(&one.model).run().unwrap();
    assert_eq!((own.text.as_str(), used(&own)), (WRONG, (0, 0)));
}

/// The words that the first model lost are given to the second one, as in repair.
#[test]
fn the_second_model_is_shown_what_was_lost() {
    let one = first();
    let two = open(json!([{"when": "412 million = 4억1천200만", "say": RIGHT}, {"say": WRONG}]));
    let mut opinions = Vec::new();
    let observer = Observer::new().on_event(|event| {
        if let Event::SecondOpinion { segments, taken, tokens, .. } = event {
            opinions.push((*segments, *taken, *tokens > 0));
        }
    });
    let request = one.model.translate(BRIDGE).to(Language::Korean).repair(Repair::Off);
    let outcome = request.second(SecondModel::of(&two.model, Capabilities::default()));
    assert_eq!(outcome.observe(observer).unwrap().text, RIGHT);
    assert_eq!(opinions, [(1, 1, true)]);
}

#[test]
fn a_second_model_that_does_not_open_costs_its_opinion_alone() {
    let one = first();
    let second = SecondModel::new("second", "1", || Err("its weights are damaged"));
    let folder = tempfile::tempdir().unwrap();
    let desk = Arc::new(Desk::open(folder.path().join("desk.db")).unwrap());
    let request = one.model.translate(BRIDGE).to(Language::Korean).repair(Repair::Off).desk(&desk);
    let outcome = request.clone().second(second).run().unwrap();
    assert_eq!((outcome.text.as_str(), used(&outcome)), (WRONG, (0, 0)));
    let note = note(&outcome).unwrap();
    assert_eq!(note.message, "without a second opinion of second: its weights are damaged");
    // The memory keeps nothing, so that the next run asks again.
    let two = open(json!([{"say": RIGHT}]));
    let (second, opened) = lazy(&two.model);
    assert_eq!(request.second(second).run().unwrap().text, RIGHT);
    assert_eq!(opened.load(Ordering::SeqCst), 1);
}

#[test]
fn the_memory_knows_which_model_wrote_a_segment() {
    let (one, two) = (first(), open(json!([{"say": RIGHT}])));
    let folder = tempfile::tempdir().unwrap();
    let desk = Arc::new(Desk::open(folder.path().join("desk.db")).unwrap());
    let request = one.model.translate(BRIDGE).to(Language::Korean).repair(Repair::Off).desk(&desk);
    let (second, opened) = lazy(&two.model);
    let before = request.clone().second(second.clone()).run().unwrap();
    let after = request.clone().second(second).run().unwrap();
    assert_eq!((before.reused(), after.reused()), (0, 1));
    assert_eq!((&before.text, &before.second), (&after.text, &after.second));
    assert_eq!(before.segments[0].model, after.segments[0].model);
    assert_eq!(opened.load(Ordering::SeqCst), 1);
    // Another second model, or none, is another way to a translation.
    let other = SecondModel::new("second", "2", || Err::<(Model, Capabilities), _>("gone"));
    assert_eq!(request.clone().second(other).run().unwrap().text, WRONG);
    assert_eq!(request.run().unwrap().text, WRONG);
}

/// A student is given sentences, whatever the first model was given, and no prompt.
#[test]
fn students_and_language_models_can_be_each_others_second() {
    let student = Model::open(here("fixtures/marian/tiny")).unwrap();
    let writer = open(json!([{"when": "ferry", "say": SAILS}, {"say": RIGHT}]));
    let text = format!("{BRIDGE} {FERRY}");
    let outcome = translate(&student, &writer.model, &text);
    assert_eq!(outcome.segments.len(), 2);
    assert_eq!((&outcome.text, used(&outcome)), (&format!("{RIGHT} {SAILS}"), (2, 2)));
    let wrong = open(json!([{"say": WRONG}]));
    let mut stages = Vec::new();
    let observer = Observer::new().on_event(|event| {
        if let Event::SecondOpinion { segments, tokens, .. } = event {
            stages.push((*segments, *tokens > 0));
        }
    });
    let request = wrong.model.translate(&text).to(Language::Korean).repair(Repair::Off);
    let outcome = request.prompt("translate").second(&student).observe(observer).unwrap();
    assert_eq!((stages, outcome.text.as_str(), used(&outcome)), (vec![(1, true)], WRONG, (1, 0)));
}

#[test]
fn a_batch_opens_the_second_model_once_and_says_who_wrote_each_segment() {
    let (one, two) = (first(), open(json!([{"say": RIGHT}])));
    let lines: String = (0..12)
        .map(|at| {
            let text = if at % 3 == 0 { BRIDGE } else { FERRY };
            format!(
                "{}\n",
                json!({"id": at.to_string(), "text": format!("{at} people came. {text}")})
            )
        })
        .collect();
    let run = |at_once: usize, second: SecondModel| {
        let folder = tempfile::tempdir().unwrap();
        let lines = lines.clone();
        let input = BatchInput::new("in.jsonl", move |_| {
            Ok(Opened::Source(Box::new(std::io::Cursor::new(lines.clone().into_bytes())), None))
        });
        let options = malmoi::TaskOptions {
            repair: Repair::Off,
            second: Some(second),
            ..malmoi::TaskOptions::default()
        };
        let report = Batch::new(Language::Korean)
            .translate_with(&one.model)
            .task_options(options)
            .max_concurrent(at_once)
            .inputs([input])
            .run(folder.path().join("out"))
            .unwrap();
        assert_eq!(report.counts.done, 12);
        std::fs::read_to_string(folder.path().join("out/items.jsonl")).unwrap()
    };
    let (second, opened) = lazy(&two.model);
    let together = run(8, second);
    assert_eq!(opened.load(Ordering::SeqCst), 1);
    let (second, _) = lazy(&two.model);
    assert_eq!(together, run(1, second));
    for line in together.lines() {
        let line: Value = serde_json::from_str(line).unwrap();
        let translation = &line["translation"];
        assert_eq!(translation["second"]["model"], "second");
        let taken = translation["second"]["taken"].as_u64().unwrap();
        let by_second = translation["pairs"].as_array().unwrap().iter();
        assert_eq!(by_second.filter(|pair| pair["model"] == "second").count() as u64, taken);
    }
    assert!(together.contains("\"taken\":1"), "{together}");
}

#[test]
fn the_command_line_takes_a_second_model_by_flag_and_by_setting() {
    let (one, two) = (first(), open(json!([{"say": RIGHT}])));
    let home = tempfile::tempdir().unwrap();
    let input = home.path().join("in.txt");
    std::fs::write(&input, BRIDGE).unwrap();
    let run = |arguments: &[&str], setting: Option<&std::path::Path>| {
        let mut command = Command::new(assert_cmd::cargo::cargo_bin("malmoi"));
        command.env_clear().env("HOME", home.path()).env("MALMOI_DESK", "off");
        command.args(["translate", "--to", "ko", "--repair", "off", "--json", "--model"]);
        command.arg(one.folder.path()).arg(&input).args(arguments);
        if let Some(setting) = setting {
            command.env("MALMOI_SECOND", setting);
        }
        let output = command.output().unwrap();
        let text = String::from_utf8_lossy(&output.stdout);
        let notes = String::from_utf8_lossy(&output.stderr).into_owned();
        (serde_json::from_str::<Value>(&text).unwrap_or_default(), notes)
    };
    let second = two.folder.path();
    let name = second.file_stem().unwrap().to_str().unwrap();
    let (outcome, notes) = run(&["--second", second.to_str().unwrap()], None);
    assert_eq!(
        (&outcome["text"], &outcome["second"]["taken"]),
        (&json!(RIGHT), &json!(1)),
        "{notes}"
    );
    assert_eq!(outcome["segments"][0]["model"], name);
    assert!(notes.contains(&format!("1 of 1 doubtful segments by {name}")), "{notes}");
    assert_eq!(run(&[], Some(second)).0["text"], RIGHT);
    let (outcome, _) = run(&["--second", "off"], Some(second));
    assert_eq!((&outcome["text"], &outcome["second"]), (&json!(WRONG), &Value::Null));
    let (_, notes) = run(&["--second", "bart-large-cnn"], None);
    assert!(notes.contains("not"), "{notes}");
    let (outcome, notes) = run(&["--second", one.folder.path().to_str().unwrap()], None);
    assert_eq!(outcome["text"], WRONG);
    assert!(notes.contains("is the model that translates"), "{notes}");
}
