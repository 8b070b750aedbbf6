use std::cell::Cell;
use std::sync::Arc;

use malmoi::desk::{Desk, Filter, Origin, Unit};
use malmoi::{Error, Event, Language, LanguagePair, Model, Observer, Outcome, Term};
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::support::scripted;

const EN_KO: LanguagePair = LanguagePair { from: Language::English, to: Language::Korean };

const ARTICLE: &str = "The ferry to Haemin is late.\n\nThe mayor visited the old harbour.\n\n\
                       The council meets on Monday.\n";

struct Room {
    folder: TempDir,
    desk: Arc<Desk>,
    model: Model,
}

fn room() -> Room {
    let folder = scripted::model(
        json!([
            {"when": "The ferry", "say": "해민행 여객선이 늦어진다."},
            {"when": "The mayor", "say": "시장이 옛 항구를 찾았다."},
            {"when": "The council", "say": "시의회는 월요일에 모인다."},
            {"say": "모르는 글이다."}
        ]),
        8192,
    );
    let desk = Arc::new(Desk::open(folder.path().join("desk.db")).unwrap());
    let model = Model::open(folder.path()).unwrap();
    Room { folder, desk, model }
}

/// The outcome of a translation with the memory, and the number of prompts the model was given.
fn translate(room: &Room, text: &str, terms: &[(&str, &str)]) -> (Outcome, usize) {
    let terms = terms.iter().map(|(source, target)| Term::new(*source, *target));
    let prompts = Cell::new(0);
    let observer = Observer::new().on_event(|event| {
        prompts.set(prompts.get() + usize::from(matches!(event, Event::Prompt { .. })));
    });
    let request = room.model.translate(text).to(Language::Korean).desk(&room.desk);
    let outcome = request.glossary(terms.collect::<Vec<_>>()).observe(observer).unwrap();
    (outcome, prompts.get())
}

fn origins(outcome: &Outcome) -> Vec<Option<Origin>> {
    let reused = |memory: &Option<malmoi::MemoryUse>| memory.as_ref().and_then(|use_| use_.reused);
    outcome.segments.iter().map(|segment| reused(&segment.memory)).collect()
}

#[test]
fn what_was_translated_once_comes_from_memory_byte_for_byte() {
    let room = room();
    let (first, prompts) = translate(&room, ARTICLE, &[]);
    assert_eq!((prompts, first.reused()), (3, 0));
    let (second, prompts) = translate(&room, ARTICLE, &[]);
    assert_eq!((prompts, second.reused()), (0, 3));
    assert_eq!(second.tokens, first.tokens);
    assert_eq!(second.text, first.text);
    assert_eq!(second.findings, first.findings);
    assert_eq!(second.tokens.seen, second.tokens.input);
    let more = format!("{ARTICLE}\nThe mayor spoke.\n");
    let (third, prompts) = translate(&room, &more, &[]);
    assert_eq!((prompts, third.reused()), (1, 3));
    assert!(third.text.starts_with(first.text.trim_end()), "{}", third.text);
}

#[test]
fn a_changed_term_makes_exactly_the_segments_with_it_anew() {
    let room = room();
    let (first, _) = translate(&room, ARTICLE, &[("harbour", "항구"), ("desk", "책상")]);
    let (second, prompts) = translate(&room, ARTICLE, &[("harbour", "항만"), ("desk", "데스크")]);
    let machine = Some(Origin::Machine);
    assert_eq!((prompts, origins(&second)), (1, vec![machine, None, machine]));
    assert_eq!(first.segments[0].text, second.segments[0].text);
}

#[test]
fn other_options_and_other_weights_are_other_segments() {
    let mut room = room();
    translate(&room, ARTICLE, &[]);
    let observe = |request: malmoi::Request| request.desk(&room.desk).run().unwrap().reused();
    let request = || room.model.translate(ARTICLE).to(Language::Korean);
    assert_eq!(observe(request().seed(1)), 0);
    assert_eq!(observe(request().max_tokens(90)), 0);
    assert_eq!(observe(request()), 3);
    let config = scripted::config(json!([{"say": "다른 무게다."}]), 8192);
    scripted::write(&room.folder, "config.json", &config);
    room.model = Model::open(room.folder.path()).unwrap();
    assert_eq!(translate(&room, ARTICLE, &[]).0.reused(), 0);
}

#[test]
fn the_words_of_people_come_before_any_model_s() {
    let room = room();
    let unit = |source: &str, target: &str, origin| Unit::new(EN_KO, source, target, origin).into();
    room.desk
        .keep([
            unit(
                "The mayor visited the old harbour.",
                "시장은 구항을 방문했다.",
                Origin::Confirmed,
            ),
            unit("It rained.", "비가 왔다.", Origin::Imported),
            unit("It snowed.", "눈이 왔다.", Origin::Confirmed),
        ])
        .unwrap();
    let text = format!("{ARTICLE}\nIt rained. It snowed.\n");
    let (outcome, prompts) = translate(&room, &text, &[]);
    let confirmed = Some(Origin::Confirmed);
    assert_eq!(origins(&outcome), [None, confirmed, None, Some(Origin::Imported)]);
    assert_eq!(prompts, 2);
    assert!(outcome.text.contains("시장은 구항을 방문했다."), "{}", outcome.text);
    assert!(outcome.text.contains("비가 왔다. 눈이 왔다."), "{}", outcome.text);
}

#[test]
fn a_cancelled_translation_keeps_what_was_finished() {
    let room = room();
    let article: String =
        (1..=20).map(|day| format!("The ferry is {day} days late.\n\n")).collect();
    let seen = Cell::new(0);
    let observer =
        Observer::new().on_text(|_| seen.set(seen.get() + 1)).cancel_if(|| seen.get() > 0);
    let request = room.model.translate(&article).to(Language::Korean).desk(&room.desk);
    assert!(matches!(request.observe(observer), Err(Error::Cancelled)));
    let (outcome, prompts) = translate(&room, &article, &[]);
    assert!(outcome.reused() > 0 && prompts + outcome.reused() == 20, "{prompts}");
}

#[test]
fn an_unfinished_answer_is_not_kept() {
    let room = room();
    let request = room.model.translate(ARTICLE).to(Language::Korean).max_tokens(4);
    assert_eq!(request.desk(&room.desk).run().unwrap().finish, malmoi::Finish::Length);
    assert_eq!(room.desk.search(&Filter::default(), 9).unwrap(), []);
}

#[test]
fn a_memory_that_can_only_be_read_is_read() {
    let room = room();
    translate(&room, ARTICLE, &[]);
    let path = room.folder.path().join("shared.db");
    // A copy without its log, as on a shared disk.
    room.desk.checkpoint().unwrap();
    std::fs::copy(room.desk.path(), &path).unwrap();
    let mut permissions = std::fs::metadata(&path).unwrap().permissions();
    permissions.set_readonly(true);
    std::fs::set_permissions(&path, permissions).unwrap();
    let shared = Desk::open(&path).unwrap();
    // The superuser may write to any file.
    if !shared.is_read_only() {
        eprintln!("skipped: this user may write to files without write permission");
        return;
    }
    let room = Room { desk: Arc::new(shared), ..room };
    assert_eq!(translate(&room, ARTICLE, &[]).0.reused(), 3);
    let (outcome, _) = translate(&room, "The mayor spoke.", &[]);
    assert_eq!(outcome.findings.iter().filter(|finding| finding.check == "memory").count(), 0);
}

#[test]
fn json_says_what_a_segment_owes_to_the_memory() {
    let room = room();
    translate(&room, ARTICLE, &[]);
    let (outcome, _) = translate(&room, ARTICLE, &[]);
    let value: Value = serde_json::to_value(&outcome).unwrap();
    assert_eq!(value["segments"][0]["memory"], json!({"reused": "machine"}));
}
