use std::cell::Cell;
use std::sync::Arc;

use malmoi::desk::{Desk, Filter, Origin, Unit};
use malmoi::{Error, Event, Language, LanguagePair, Model, Observer, Outcome, Term};
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::cli::Home;
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
fn a_word_that_is_newly_forbidden_makes_its_segment_anew() {
    let room = room();
    let observe = |forbid: &[&str]| {
        let forbid = forbid.iter().map(|word| word.to_string()).collect();
        let term = Term { forbid, ..Term::new("harbour", "항만") };
        let request = room.model.translate(ARTICLE).to(Language::Korean).desk(&room.desk);
        request.glossary(vec![term]).run().unwrap().reused()
    };
    assert_eq!((observe(&[]), observe(&[]), observe(&["항구"])), (0, 3, 2));
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

#[test]
fn similar_translations_of_people_are_shown_to_the_model() {
    let room = room();
    let unit = |source: &str, target: &str, origin| Unit::new(EN_KO, source, target, origin).into();
    room.desk
        .keep([
            unit("The mayor visited the old market.", "시장은 옛 장터를 찾았다.", Origin::Imported),
            unit("The mayor visited the old harbour wall.", "기계의 말", Origin::Machine),
        ])
        .unwrap();
    let prompts = std::cell::RefCell::new(Vec::new());
    let observer = Observer::new().on_event(|event| {
        if let Event::Prompt { ids, .. } = event {
            let bytes = ids.iter().map(|id| *id as u8).collect::<Vec<_>>();
            prompts.borrow_mut().push(String::from_utf8_lossy(&bytes).into_owned());
        }
    });
    let text = "The mayor visited the old harbour. It rained.";
    let request = room.model.translate(text).to(Language::Korean).desk(&room.desk);
    let outcome = request.observe(observer).unwrap();
    let prompt = prompts.borrow().concat();
    assert!(prompt.contains("old market") && prompt.contains("옛 장터를"), "{prompt}");
    assert!(!prompt.contains("기계의 말"), "{prompt}");
    let value = serde_json::to_value(&outcome).unwrap();
    assert_eq!(value["segments"][0]["memory"], json!({"examples": [85]}));
}

/// The prompts of a translation that shows units from `least` percent on, and its outcome.
fn prompts_with(room: &Room, text: &str, least: impl Into<Option<u8>>) -> (String, Outcome) {
    let prompts = std::cell::RefCell::new(Vec::new());
    let observer = Observer::new().on_event(|event| {
        if let Event::Prompt { ids, .. } = event {
            prompts.borrow_mut().extend(ids.iter().map(|id| *id as u8));
        }
    });
    let request = room.model.translate(text).to(Language::Korean).desk(&room.desk).similar(least);
    let outcome = request.observe(observer).unwrap();
    (String::from_utf8_lossy(&prompts.into_inner()).into_owned(), outcome)
}

fn imported(source: &str, target: &str) -> malmoi::desk::Written {
    Unit::new(EN_KO, source, target, Origin::Imported).into()
}

#[test]
fn the_nearest_translations_are_shown_if_they_are_asked_for() {
    let room = room();
    let unit = imported("The mayor has visited a school in the north.", "시장이 학교를 찾았다.");
    room.desk.keep([unit]).unwrap();
    let asked = "The mayor visited the old harbour.";
    for least in [None, Some(70)] {
        let (prompt, outcome) = prompts_with(&room, asked, least);
        assert!(!prompt.contains("시장이 학교를 찾았다."), "{prompt}");
        let memory = outcome.segments[0].memory.as_ref();
        assert!(memory.is_none_or(|memory| memory.examples.is_empty()), "{memory:?}");
    }
    let (prompt, outcome) = prompts_with(&room, asked, 0);
    assert!(prompt.contains("시장이 학교를 찾았다."), "{prompt}");
    let memory = outcome.segments[0].memory.as_ref().unwrap();
    assert_eq!((memory.reused, &memory.examples[..]), (None, &[54][..]));
    // The text from the memory owes to the same example.
    let (_, again) = prompts_with(&room, asked, 0);
    let memory = again.segments[0].memory.as_ref().unwrap();
    assert_eq!((memory.reused, &memory.examples[..]), (Some(Origin::Machine), &[54][..]));
}

#[test]
fn a_new_near_unit_makes_the_segments_like_it_anew_and_a_far_one_makes_none() {
    let room = room();
    let reused = |least: u8| {
        let (_, outcome) = prompts_with(&room, ARTICLE, least);
        origins(&outcome).iter().map(Option::is_some).collect::<Vec<_>>()
    };
    assert_eq!(reused(70), [false, false, false]);
    assert_eq!(reused(0), [false, false, false]);
    room.desk.keep([imported("The mayor has been to a school.", "시장이 학교에 갔다.")]).unwrap();
    assert_eq!((reused(70), reused(0)), (vec![true; 3], vec![true; 3]));
    room.desk
        .keep([imported("The mayor visited the old market.", "시장은 장터를 찾았다.")])
        .unwrap();
    assert_eq!((reused(70), reused(0)), (vec![true, false, true], vec![true, false, true]));
    assert_eq!((reused(70), reused(0)), (vec![true; 3], vec![true; 3]));
}

/// A document of the shape that the program writes.
const TMX: &str = "<?xml version=\"1.0\"?><tmx version=\"1.4\"><header srclang=\"en\"/><body>\
    <tu><tuv xml:lang=\"en\"><seg>The port of Haemin reopened on Monday.</seg></tuv>\
    <tuv xml:lang=\"ko\"><seg>해민항이 월요일에 다시 열렸다.</seg></tuv></tu></body></tmx>";

#[test]
fn the_command_imports_finds_exports_and_purges() {
    let home = Home::new();
    let file = home.write("archive.tmx", TMX);
    let ran = home.run(&["memory", "import", &file]);
    assert_eq!(ran.err, "1 unit added, 0 changed, 0 already there\n");
    let ran = home.run(&["memory", "import", &file]);
    assert_eq!(ran.err, "0 units added, 0 changed, 1 already there\n");
    let ran = home.run(&["memory", "similar", "The port of Haemin reopened on Tuesday."]);
    let shown = "89 % (imported)\n  The port of Haemin reopened on [-Monday-]{+Tuesday+}.\n  \
                 해민항이 월요일에 다시 열렸다.\n";
    assert_eq!(ran.out, shown, "{}", ran.err);
    let ran = home.run(&["memory", "add", "It rained.", "비가 왔다.", "--note", "weather"]);
    assert_eq!(ran.err, "1 unit added, 0 changed, 0 already there\n");
    let ran = home.run(&["memory", "search", "비가"]);
    assert_eq!(ran.out, "confirmed\n  It rained.\n  비가 왔다.\n  (weather)\n");
    let out = home.path().join("out.tmx").display().to_string();
    assert_eq!(home.run(&["memory", "export", &out]).code, Some(0));
    let other = Home::new();
    let ran = other.run(&["memory", "import", &out]);
    assert_eq!(ran.err, "2 units added, 0 changed, 0 already there\n");
    let ran = home.run(&["memory", "export", "out.doc"]);
    assert!(ran.err.contains("out.doc has none of the endings .tmx, .xliff, .tsv"), "{}", ran.err);
    let ran = home.run(&["memory", "purge"]);
    assert!(ran.err.contains("or remove everything with --all"), "{}", ran.err);
    let ran = home.run(&["memory", "purge", "--origin", "imported"]);
    assert_eq!(ran.err, "removed 1 unit\n");
    let ran = home.run(&["memory", "stats"]);
    assert!(ran.out.starts_with("en-ko  confirmed  1\n0 terms\n"), "{}", ran.out);
}

#[test]
fn a_reused_translation_puts_the_tags_of_a_page_where_its_unit_has_them() {
    let home = Home::new();
    let unit = |english: &str, korean: &str| {
        format!(
            "<tu><tuv xml:lang=\"en\"><seg>{english}</seg></tuv>\
             <tuv xml:lang=\"ko\"><seg>{korean}</seg></tuv></tu>"
        )
    };
    let around = |words: &str| format!("<bpt i=\"1\">b</bpt>{words}<ept i=\"1\">b</ept>");
    let first = unit(
        &format!("The {} left Haemin.", around("ferry")),
        &format!("Haemin을 {}이 떠났다.", around("여객선")),
    );
    let second = unit(
        &format!("It {} at noon.", around("rained")),
        &format!("낮에 {}.", around("비가 왔다")),
    );
    let tags = unit("<ph x=\"1\">br</ph>", "<ph x=\"1\">br</ph>");
    let tmx = format!(
        "<tmx version=\"1.4\"><header srclang=\"en\"/><body>{first}{tags}{second}</body></tmx>"
    );
    let file = home.write("archive.tmx", &tmx);
    assert_eq!(
        home.run(&["memory", "import", &file]).err,
        "3 units added, 0 changed, 0 already there\n"
    );
    let page = home.write(
        "page.html",
        "<html><body><article><p>The <b>ferry</b> left <i>Haemin</i>. It <u>rained</u> at noon.</p>\
         </article></body></html>",
    );
    let model = room().folder;
    let model = model.path().display().to_string();
    let ran = home.run(&["translate", &page, "--to", "ko", "-m", &model]);
    let expected = "<p><i>Haemin</i>을 <b>여객선</b>이 떠났다. 낮에 <u>비가 왔다</u>.</p>";
    assert!(ran.out.contains(expected), "{}{}", ran.out, ran.err);
    assert!(!ran.err.contains("lost"), "{}", ran.err);
}

#[test]
fn a_unit_of_tags_alone_is_kept_and_exported_with_them() {
    let home = Home::new();
    let seg = |code: &str| format!("<seg><ph x=\"1\">{code}</ph></seg>");
    let unit = |code: &str| {
        format!(
            "<tu><tuv xml:lang=\"en\">{}</tuv><tuv xml:lang=\"ko\">{}</tuv></tu>",
            seg(code),
            seg(code)
        )
    };
    let tmx = format!(
        "<tmx version=\"1.4\"><header srclang=\"en\"/><body>{}{}<tu><tuv xml:lang=\"en\"><seg>Rain.\
         </seg></tuv><tuv xml:lang=\"ko\"><seg>비.</seg></tuv></tu></body></tmx>",
        unit("one"),
        unit("two")
    );
    let file = home.write("archive.tmx", &tmx);
    let import = |file: &str| home.run(&["memory", "import", file]).err;
    assert_eq!(import(&file), "3 units added, 0 changed, 0 already there\n");
    assert_eq!(import(&file), "0 units added, 0 changed, 3 already there\n");
    assert_eq!(home.run(&["memory", "search"]).out, "imported\n  Rain.\n  비.\n");
    let out = |name: &str| home.path().join(name).display().to_string();
    assert!(home.run(&["memory", "export", &out("out.tmx")]).err.contains("wrote 3 units"));
    let text = std::fs::read_to_string(out("out.tmx")).unwrap();
    let places = ["one", "two", "Rain."].map(|part| text.find(part));
    assert!(places.iter().all(Option::is_some) && places.is_sorted(), "{text}");
    let other = Home::new();
    let ran = other.run(&["memory", "import", &out("out.tmx")]);
    assert_eq!(ran.err, "3 units added, 0 changed, 0 already there\n");
    let ran = home.run(&["memory", "export", &out("out.tsv")]);
    assert!(ran.err.contains("left out 2 units of tags alone"), "{}", ran.err);
    assert_eq!(std::fs::read_to_string(out("out.tsv")).unwrap(), "Rain.\t비.\n");
}

#[test]
fn quotation_marks_survive_a_file_of_two_columns() {
    let home = Home::new();
    let (source, target) = ("\"It rained.\"", "\"비가 \"많이\" 왔다.\"");
    assert_eq!(home.run(&["memory", "add", source, target]).code, Some(0));
    let file = home.path().join("out.tsv").display().to_string();
    assert_eq!(home.run(&["memory", "export", &file]).code, Some(0));
    let other = Home::new();
    assert_eq!(other.run(&["memory", "import", &file]).code, Some(0));
    let shown = format!("imported\n  {source}\n  {target}\n");
    assert_eq!(other.run(&["memory", "search"]).out, shown);
}

#[test]
fn a_translation_says_how_near_its_segments_were_to_the_memory() {
    let home = Home::new();
    let units = home.write(
        "units.tsv",
        "The ferry to Haemin is late.\t해민행 배가 늦는다.\n\
         The mayor visited the old market.\t시장은 옛 장터를 찾았다.\n\
         The council meets on Mondays in spring.\t시의회는 봄철 월요일에 모인다.\n",
    );
    assert_eq!(home.run(&["memory", "import", &units]).code, Some(0));
    let article = format!("{ARTICLE}\nIt rained in the hills on Monday.\n");
    let source = home.write("a.txt", &article);
    let model = room().folder;
    let path = model.path().display().to_string();
    let ran = home.run(&["translate", &source, "--to", "ko", "-m", &path]);
    let told = "1 of 4 segments from memory, 1 after a match of 85 % or more, \
                1 after a match of 70 % or more, ";
    assert!(ran.err.contains(told), "{}", ran.err);
    let ran = home.run(&["translate", &source, "--to", "ko", "-m", &path, "--similar", "0"]);
    let told = "1 of 4 segments from memory, 1 after a match of 85 % or more, \
                1 after a match of 70 % or more, 1 after far examples";
    assert!(ran.err.contains(told), "{}", ran.err);
    let ran = home.run(&["translate", &source, "--to", "ko", "-m", &path, "--similar", "off"]);
    assert!(ran.err.contains("2 of 4 segments from memory, ") && !ran.err.contains("after"));
    let ran = home.run(&["translate", &source, "--to", "ko", "-m", &path, "--similar", "170"]);
    assert!(ran.err.contains("expected a percentage from 0 to 100, or off"), "{}", ran.err);
}

#[test]
fn without_an_encoder_the_memory_is_not_indexed_and_says_what_is_missing() {
    let home = Home::new();
    home.run(&["memory", "add", "It rained.", "비가 왔다."]);
    let ran = home.run(&["memory", "index"]);
    assert!(ran.err.contains("`malmoi models pull e5-small`"), "{}", ran.err);
    assert_eq!(ran.code, Some(2));
    let ran = home.run(&["memory", "similar", "Rain fell."]);
    assert_eq!((ran.code, &*ran.out), (Some(0), ""), "{}", ran.err);
}

#[cfg(feature = "meaning")]
#[test]
fn units_that_mean_the_same_are_found_in_both_directions_and_marked() {
    let Some(encoder) = crate::support::real("e5-small") else { return };
    let home = Home::new();
    let units = home.write(
        "units.tsv",
        "The ferry stayed in port because of the storm.\t폭풍으로 여객선이 출항하지 못했다.\n\
         The council approved next year's budget.\t의회는 내년도 예산안을 의결했다.\n",
    );
    home.run(&["memory", "import", &units]);
    let encoder = encoder.display().to_string();
    let run = |words: &[&str]| home.run(&[words, &["--meaning", &encoder]].concat());
    let asked = "Ferries were cancelled as the storm hit the coast.";
    assert_eq!(run(&["memory", "similar", asked]).out, "");
    let ran = run(&["memory", "index"]);
    assert!(ran.err.contains("4 texts prepared for search by meaning, 4 in all"), "{}", ran.err);
    assert!(run(&["memory", "index"]).err.contains("0 texts prepared"));
    let ran = run(&["memory", "similar", asked]);
    assert!(ran.out.starts_with("by meaning 0."), "{} {}", ran.out, ran.err);
    assert!(ran.out.contains("폭풍으로 여객선이") && !ran.out.contains("예산안"), "{}", ran.out);
    let ran = run(&["memory", "search", "폭풍 때문에 배편이 모두 취소됐다"]);
    let marked = ran.out.contains("by meaning 0.") && ran.out.contains("imported");
    assert!(marked && ran.out.contains("The ferry stayed"), "{} {}", ran.out, ran.err);
    assert!(!ran.out.contains("budget"), "{}", ran.out);
}

#[test]
fn the_desk_s_terms_are_used_by_every_command() {
    let home = Home::new();
    let terms = home.write("terms.tsv", "mayor\t시장\thouse style\n");
    assert_eq!(home.run(&["glossary", "import", &terms]).err, "1 new term\n");
    let added = home.run(&["glossary", "add", "harbour", "항만", "--forbid", "항구"]);
    assert_eq!(added.err, "1 new term\n");
    let listed = "mayor = 시장  (house style)\nharbour = 항만, not 항구\n";
    assert_eq!(home.run(&["glossary", "list"]).out, listed);
    let source = home.write("a.txt", "The mayor visited the old harbour.\n");
    let output = home.write("b.txt", "시장이 옛 항구를 찾았다.\n");
    let ran = home.run(&["check", &source, &output, "--only", "glossary"]);
    assert!(ran.out.contains("'항구' is forbidden by the glossary; write '항만'"), "{}", ran.out);
    let model = room().folder;
    let path = model.path().display().to_string();
    let ran = home.run(&["translate", &source, "--to", "ko", "-m", &path]);
    assert!(ran.err.contains("1 of 2 terms as prescribed"), "{}", ran.err);
    let ran = home.run(&["translate", &source, "--to", "ko", "-m", &path]);
    assert!(ran.err.contains("1 of 1 segments from memory"), "{}", ran.err);
    let ran = home.run(&["translate", &source, "--to", "ko", "-m", &path, "--no-memory"]);
    assert!(!ran.err.contains("from memory"), "{}", ran.err);
    let ran = home.run(&["glossary", "remove", "harbour"]);
    assert_eq!(ran.err, "removed 1 term\n");
    let out = home.path().join("terms.csv").display().to_string();
    home.run(&["glossary", "export", &out]);
    let text = std::fs::read_to_string(&out).unwrap();
    assert!(text.ends_with("mayor,시장,house style,,,,\n"), "{text}");
}

/// A changed term: the items without it are unchanged, byte for byte, and of the one with it only
/// the paragraph with the term is generated.
#[test]
fn a_changed_glossary_in_the_same_folder_does_again_what_it_concerns() {
    let home = Home::new();
    let model = room().folder;
    let path = model.path().display().to_string();
    let terms = home.write("terms.tsv", "harbour\t항구\n");
    let articles =
        ["The ferry to Haemin is late.\n", "The mayor came.\n\nThe council saw the harbour.\n"];
    for (number, text) in articles.iter().enumerate() {
        home.write(&format!("in/{number}.txt"), text);
    }
    let run = || {
        let ran = home.run(&[
            "batch",
            "in",
            "-o",
            "out",
            "--to",
            "ko",
            "--translate",
            "--glossary",
            &terms,
            "-m",
            &path,
        ]);
        assert_eq!(ran.code, Some(0), "{}", ran.err);
        let lines = std::fs::read_to_string(home.path().join("out/items.jsonl")).unwrap();
        (ran, lines.lines().map(str::to_string).collect::<Vec<_>>())
    };
    let (_, first) = run();
    let (again, same) = run();
    assert!(again.err.contains("2 unchanged") || again.err.contains("0 of 0"), "{}", again.err);
    assert_eq!(first, same);
    home.write("terms.tsv", "harbour\t항만\n");
    let (ran, second) = run();
    assert_eq!(first[0], second[0], "{}", ran.err);
    let value: Value = serde_json::from_str(&second[1]).unwrap();
    assert!(value["supersedes"].is_string(), "{value}");
    assert!(value["translation"]["findings"].to_string().contains("항만"), "{value}");
}

/// Two processes add units while a third, which adds others each time, is killed again and again.
#[test]
fn killed_writers_lose_nothing_and_double_nothing() {
    const KILLS: usize = 50;
    let home = Home::new();
    let lines = |name: &str, count: usize| -> String {
        let line = |n| format!("{name} number {n} sailed.\t{name} {n}호가 떠났다.\n");
        (0..count).map(line).collect()
    };
    let start = |file: &str| {
        let mut command = home.command();
        command.args(["memory", "import", file]);
        command.stdout(std::process::Stdio::null()).stderr(std::process::Stdio::null());
        command.spawn().unwrap()
    };
    let mut killed = 0;
    let mut all = String::new();
    for round in 0..KILLS {
        let ferries = home.write("ferries.tsv", lines(&format!("Ferry {round}"), 20));
        let tankers = home.write("tankers.tsv", lines(&format!("Tanker {round}"), 20));
        let tugs = lines(&format!("Tug {round}"), 1200);
        all += &tugs;
        let tugs = home.write("tugs.tsv", tugs);
        let mut third = start(&tugs);
        let mut writers = [start(&ferries), start(&tankers)];
        std::thread::sleep(std::time::Duration::from_millis(round as u64));
        killed += usize::from(third.try_wait().unwrap().is_none());
        let _ = third.kill();
        third.wait().unwrap();
        for writer in &mut writers {
            assert!(writer.wait().unwrap().success());
        }
    }
    assert!(killed >= KILLS / 4, "only {killed} were killed before they ended");
    let all = home.write("all.tsv", all);
    assert!(start(&all).wait().unwrap().success());
    let ran = home.run(&["memory", "stats", "--json"]);
    let stats: Value = serde_json::from_str(&ran.out).unwrap();
    assert_eq!(stats["units"], json!([["en-ko", "imported", (1200 + 20 + 20) * KILLS]]));
    let ran = home.run(&["memory", "similar", "Tug 9 number 17 sailed.", "--limit", "1"]);
    assert!(ran.out.starts_with("100 % (imported)"), "{}", ran.out);
}
