use std::ops::ControlFlow;

use malmoi::prompts::Style;
use malmoi::{Abilities, Error, Finding, Finish, Language, Model, OpenOptions, Route};
use serde_json::{Value, json};

use crate::support::scripted;

fn open(script: Value, context: usize) -> (tempfile::TempDir, Model) {
    let folder = scripted::model(script, context);
    let model = Model::open(folder.path()).unwrap();
    (folder, model)
}

/// Says nothing but what it is given to translate.
fn copying() -> Value {
    json!([{"copy": {"after": "without explanation.\n\n", "before": "\n"}}])
}

#[test]
fn an_article_of_thirty_thousand_words_is_read_to_its_end() {
    let (_folder, model) = open(json!([{"say": "The council met. It agreed."}]), 4096);
    let paragraph = "The council of the port met again on Monday and spoke about the price of the new breakwater for hours. ".repeat(10);
    let article: String = (0..160).map(|number| format!("Part {number}. {paragraph}\n\n")).collect();
    assert!(article.split_whitespace().count() > 30_000);
    let outcome = model.summarize(&article).sentences(2).run().unwrap();
    assert_eq!(outcome.tokens.seen, outcome.tokens.input);
    assert!(outcome.tokens.input > 150_000, "{:?}", outcome.tokens);
    assert_eq!(outcome.text, "The council met. It agreed.");
    assert_eq!(outcome.finish, Finish::Stop);
    let sources: usize = outcome
        .segments
        .iter()
        .filter(|segment| segment.source.contains("Part "))
        .map(|s| s.source.matches("Part ").count())
        .sum();
    assert_eq!(sources, 160, "every part of the article stands in a segment");
}

#[test]
fn paragraphs_come_back_in_order() {
    let (_folder, model) = open(copying(), 8192);
    let text = "First paragraph, of two sentences. Here is the other.\n\n* * *\n\nSecond paragraph.\n\n\nThird one, after more space.\n";
    let outcome = model.translate(text).to(Language::Korean).run().unwrap();
    assert_eq!(outcome.text, text);
    assert_eq!(outcome.segments.len(), 3, "what has no words is not translated");
    let pieces: Vec<String> =
        model.translate(text).to(Language::Korean).pieces().unwrap().map(Result::unwrap).collect();
    assert_eq!(pieces.concat().trim_end(), text.trim_end());
    assert!(
        outcome.findings.iter().any(|finding| finding.check == "language" || finding.check == "copied"),
        "{:?}",
        outcome.findings
    );
}

/// TranslateGemma's way: the template has the words, and is given languages and text.
#[test]
fn a_template_that_words_translations_gets_no_words_of_ours() {
    let folder = scripted::model(json!([{"copy": {"after": "en-ko:", "before": "!"}}]), 4096);
    let template = "{% set entry = messages[0].content[0] %}\
        {{ entry.source_lang_code }}-{{ entry.target_lang_code }}:{{ entry.text | trim }}!";
    let config = json!({"chat_template": template, "eos_token": "<|end|>"});
    scripted::write(&folder, "tokenizer_config.json", &config);
    let model = Model::open(folder.path()).unwrap();
    let outcome = model.translate("It rained in Haemin.").to(Language::Korean).run().unwrap();
    assert_eq!(outcome.text.trim(), "It rained in Haemin.");
}

#[test]
fn a_block_in_the_other_language_stays_and_is_said() {
    let (_folder, model) = open(copying(), 8192);
    let text = "First paragraph, of one sentence.\n\n이 문단은 이미 한국어로 쓰여 있다.\n";
    let outcome = model.translate(text).from(Language::English).to(Language::Korean).run().unwrap();
    assert_eq!(outcome.text, text);
    let said = outcome.findings.iter().find(|finding| finding.segment.is_none()).unwrap();
    assert!(
        said.is_doubt() && said.message.contains("이미 한국어로 쓰여 있다.\" is not in English"),
        "{said:?}"
    );
}

#[test]
fn a_loop_is_taken_back_and_said() {
    let (_folder, model) = open(json!([{"say": "boom and boom, ", "then": "loop"}]), 8192);
    let outcome = model.summarize("Drums were heard in the harbour on Monday evening.").run().unwrap();
    assert_ne!(outcome.finish, Finish::Stop);
    assert!(outcome.text.matches("boom").count() < 10, "{}", outcome.text);
    assert!(outcome.findings.iter().any(|finding| finding.check == "loop"), "{:?}", outcome.findings);
}

#[test]
fn half_a_syllable_is_never_given_out() {
    let (_folder, model) = open(json!([{"say": "한글", "bytes": 4}]), 8192);
    let mut pieces = Vec::new();
    let request = model.summarize("A text about writing.");
    let outcome = request
        .watch(
            |_| {},
            |piece| {
                pieces.push(piece.to_string());
                ControlFlow::Continue(())
            },
        )
        .unwrap();
    assert!(
        pieces.iter().all(|piece| !piece.contains('\u{FFFD}'))
            || pieces.last().unwrap().ends_with('\u{FFFD}'),
        "{pieces:?}"
    );
    assert!(outcome.text.starts_with('한'));
}

#[test]
fn a_network_that_fails_is_an_error() {
    let (_folder, model) = open(json!([{"say": "Half of ", "then": "fail"}]), 8192);
    let error = model.summarize("A cable was cut.").text().unwrap_err();
    assert!(matches!(error, Error::Scripted(_)), "{error}");
}

#[test]
fn nothing_written_is_said() {
    let (_folder, model) = open(json!([{"say": ""}]), 8192);
    let outcome = model.summarize("The council met on Monday.").run().unwrap();
    assert_eq!(outcome.finish, Finish::Refused);
    assert!(
        outcome.findings.iter().any(|finding| finding.message.contains("wrote nothing")),
        "{:?}",
        outcome.findings
    );
}

#[test]
fn a_summary_in_another_language_takes_the_way_the_model_can_go() {
    let script =
        json!([{"when": "Translate the following", "say": "시의회가 모였다."}, {"say": "The council met."}]);
    let (_folder, model) = open(script, 8192);
    let article = "The council of the port met on Monday.";
    let english_only = Abilities { summarizes: Some(vec![Language::English]), ..Abilities::default() };
    let outcome =
        model.summarize(article).to(Language::Korean).abilities(english_only.clone()).run().unwrap();
    assert_eq!((outcome.route, outcome.text.as_str()), (Route::Cascade, "시의회가 모였다."));
    assert_eq!(outcome.intermediate.as_deref(), Some("The council met."));
    let direct = model
        .summarize(article)
        .to(Language::Korean)
        .abilities(english_only)
        .route(Route::Direct)
        .run()
        .unwrap();
    assert_eq!((direct.route, direct.text.as_str()), (Route::Direct, "The council met."));
    let same = model.summarize(article).to(Language::English).run().unwrap();
    assert_eq!(same.route, Route::Direct);
}

#[test]
fn more_sentences_than_asked_for_are_left_out_and_raise_no_doubt() {
    let (_folder, model) =
        open(json!([{"say": "One is here. Two is here. Three is here now and goes on. Four."}]), 8192);
    let outcome = model.summarize("A text of some length about nothing.").sentences(2).run().unwrap();
    assert_eq!(outcome.text, "One is here. Two is here.");
    assert_eq!(outcome.findings, []);
    let (_folder, model) = open(json!([{"say": "- One.\n- Two, e.g. this.\n- Three.\n"}]), 8192);
    let bullets =
        model.summarize("A text of some length.").sentences(2).style(Style::Bullets).text().unwrap();
    assert_eq!(bullets, "- One.\n- Two, e.g. this.");
    let headline = model.summarize("A text of some length.").style(Style::Headline).text().unwrap();
    assert_eq!(headline, "- One.");
}

#[test]
fn a_number_that_did_not_carry_over_is_a_finding() {
    let (_folder, model) = open(json!([{"say": "The plan costs 421 million won."}]), 8192);
    let outcome = model.summarize("The city approved a plan that will cost 412 million won.").run().unwrap();
    let found: Vec<&str> =
        outcome.findings.iter().filter(|f| f.check == "numbers").map(|f| f.message.as_str()).collect();
    assert!(found.len() == 1 && found[0].contains("421"), "{:?}", outcome.findings);
}

#[test]
fn a_text_in_another_language_is_refused_unless_its_language_is_said() {
    let (_folder, model) = open(json!([{"say": "Le pont est ouvert."}]), 8192);
    let french = "Le maire de la ville a inauguré lundi le nouveau pont, qui relie le port à la gare et qui a coûté douze millions d'euros.";
    for error in [
        model.summarize(french).text().unwrap_err(),
        model.translate(french).to(Language::Korean).text().unwrap_err(),
    ] {
        assert!(matches!(&error, Error::ForeignText { seems } if seems == "French"), "{error}");
    }
    assert!(model.summarize(french).from(Language::English).text().is_ok());
    assert!(model.translate(french).from(Language::English).to(Language::Korean).text().is_ok());
}

#[test]
fn what_is_too_short_to_summarize_is_given_back() {
    let (_folder, model) = open(json!([{"say": "The mayor announced three new bridges."}]), 8192);
    for text in ["Haemin", "Mayor opens bridge", "해민시장, 새 다리 개통", "Yes.", "2026. 11. 23."] {
        let outcome = model.summarize(text).run().unwrap();
        assert_eq!((outcome.text.as_str(), outcome.tokens.output), (text, 0));
        assert_eq!(outcome.findings[0].kind, "nothing_to_summarize");
    }
    let outcome = model.summarize("The council met on Monday.").run().unwrap();
    assert_eq!(outcome.text, "The mayor announced three new bridges.");
    let (_folder, model) = open(json!([{"say": "시장이 다리를 열었다"}]), 8192);
    let outcome = model.summarize("Mayor opens bridge").to(Language::Korean).run().unwrap();
    assert_eq!(outcome.text, "시장이 다리를 열었다");
    assert_eq!(model.translate("Mayor opens bridge").to(Language::Korean).text().unwrap(), outcome.text);
}

#[test]
fn findings_say_where_in_the_segment_and_in_the_whole() {
    let (_folder, model) = open(json!([{"say": "다리 공사에 421억원이 든다."}]), 8192);
    let article = "The port of Haemin opens on Monday, said the mayor of the town.\n\nThe bridge costs 41.2 billion won.";
    let outcome = model.translate(article).to(Language::Korean).run().unwrap();
    let found: Vec<&Finding> = outcome.findings.iter().filter(|f| f.check == "numbers").collect();
    let last = outcome.segments.len() - 1;
    let lost = found.iter().find(|f| f.kind == "number_lost").expect("41.2 billion is lost");
    assert_eq!((lost.segment, &lost.values["number"]), (Some(last), &json!(41.2e9)));
    let place = lost.source.unwrap();
    assert_eq!(place.of(&outcome.segments[last].source), Some("41.2 billion"));
    assert_eq!(place.offset, article.find("41.2"));
    let invented = found.iter().rfind(|f| f.kind == "number_invented").expect("421억 is invented");
    let place = invented.output.unwrap();
    assert_eq!(place.of(&outcome.segments[invented.segment.unwrap()].text), Some("421억"));
    assert!(outcome.text[place.offset.unwrap()..].starts_with("421억원"));
    assert_eq!(outcome.beginning(lost).unwrap(), "The bridge costs 41.2 billion won.");
    let line = serde_json::to_value(&outcome).unwrap();
    let read: Vec<Finding> = serde_json::from_value(line["findings"].clone()).unwrap();
    assert_eq!(read, outcome.findings);
    let old: Finding =
        serde_json::from_value(json!({"check": "furniture", "segment": null, "message": "x"})).unwrap();
    assert!(!old.is_doubt() && old.kind.is_empty());
}

#[test]
fn what_cannot_be_done_is_said() {
    let (_folder, model) = open(json!([{"say": "x"}]), 8192);
    let error = model.translate("The council met.").to(Language::English).text().unwrap_err();
    assert_eq!(error.to_string(), "the text is already in English");
    assert_eq!(model.summarize(" \n").text().unwrap_err().to_string(), "the text is empty");
    let (_folder, small) = open(json!([{"say": "x"}]), 256);
    let error = small.summarize("The council met.").text().unwrap_err().to_string();
    assert!(error.contains("the model's window is 256"), "{error}");
    let error = model.summarize("The council met.").prompt("no-such").text().unwrap_err().to_string();
    assert!(error.starts_with("prompt `no-such`"), "{error}");
}

#[test]
fn a_model_too_big_for_the_memory_is_not_loaded() {
    let folder = crate::support::here("fixtures/models/llama-gqa");
    let options = OpenOptions { available_memory: Some(10_000), ..OpenOptions::default() };
    let error = Model::open_with(folder, &options).err().unwrap();
    assert!(matches!(error, Error::TooBig { .. }), "{error}");
}

#[test]
fn dropping_the_pieces_ends_the_work() {
    let (_folder, model) = open(json!([{"say": "word ".repeat(200)}]), 8192);
    let mut pieces = model.summarize("A text of some length about nothing.").sentences(50).pieces().unwrap();
    assert!(pieces.next().unwrap().is_ok());
    drop(pieces);
}

#[test]
fn many_at_once_get_what_each_would_get_alone() {
    let script = json!([
        {"when": "drums", "say": "boom and boom, ", "then": "loop"},
        {"when": "cable", "say": "Half of ", "then": "fail"},
        {"when": "harbour", "say": "The harbour was closed. It will open. It is blue."},
        {"say": "The council met. It agreed."}
    ]);
    let (_folder, model) = open(script, 8192);
    let texts: Vec<String> = ["drums", "cable", "harbour", "council"]
        .iter()
        .cycle()
        .take(24)
        .enumerate()
        .map(|(number, word)| {
            format!("Text {number} speaks of the {word} for some time. {}", "And on. ".repeat(number % 5))
        })
        .collect();
    let summary = |model: &Model, text: &str| {
        let outcome = model.summarize(text).sentences(2).run();
        outcome.map(|one| (one.text, one.finish, one.tokens, one.findings)).map_err(|error| error.to_string())
    };
    let alone: Vec<_> = texts.iter().map(|text| summary(&model, text)).collect();
    assert_eq!(alone.iter().filter(|one| one.is_err()).count(), 6, "the cables fail, and nothing else");
    let shared = model.shared(5).unwrap();
    let together: Vec<_> = std::thread::scope(|scope| {
        let works: Vec<_> = texts.iter().map(|text| scope.spawn(|| summary(&shared, text))).collect();
        works.into_iter().map(|work| work.join().unwrap()).collect()
    });
    assert_eq!(together, alone);
}

#[test]
fn who_goes_away_from_a_shared_model_stops_nobody_else() {
    let (_folder, model) = open(json!([{"say": "word ".repeat(300)}]), 8192);
    let shared = model.shared(2).unwrap();
    let request = |text: &str| shared.summarize(text).sentences(50).max_tokens(600);
    for _ in 0..3 {
        let mut pieces = request("A text that nobody waits for.").pieces().unwrap();
        assert!(pieces.next().unwrap().is_ok());
    }
    assert_eq!(
        request("A text.").text().unwrap(),
        model.summarize("A text.").sentences(50).max_tokens(600).text().unwrap()
    );
}
