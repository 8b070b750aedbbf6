use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Mutex, mpsc};
use std::time::{Duration, Instant};

use malmoi::internals::architectures::{Logits, Network, Row, State};
use malmoi::internals::generation::{Control, Engine, Options, Update};
use malmoi::internals::kernels::Phase;
use malmoi::prompts::Style;
use malmoi::{
    Capabilities, Error, Event, Finding, Finish, Language, Model, Observer, OpenOptions, Repair,
    Route,
};
use serde_json::{Value, json};

use crate::support::scripted;

fn open(script: Value, context: usize) -> (tempfile::TempDir, Model) {
    let folder = scripted::model(script, context);
    let model = Model::open(folder.path()).unwrap();
    (folder, model)
}

/// Answers with the text that is to be translated.
fn copying() -> Value {
    json!([{"copy": {"after": "without explanation.\n\n", "before": "\n"}}])
}

#[test]
fn an_article_of_thirty_thousand_words_is_read_to_its_end() {
    let (_folder, model) = open(json!([{"say": "The council met. It agreed."}]), 4096);
    let paragraph = "The council of the port met again on Monday and spoke about the price of the new breakwater for hours. ".repeat(10);
    let article: String =
        (0..160).map(|number| format!("Part {number}. {paragraph}\n\n")).collect();
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
        model.translate(text).to(Language::Korean).stream().unwrap().map(Result::unwrap).collect();
    assert_eq!(pieces.concat().trim_end(), text.trim_end());
    assert!(
        outcome
            .findings
            .iter()
            .any(|finding| finding.check == "language" || finding.check == "copied"),
        "{:?}",
        outcome.findings
    );
}

/// As in TranslateGemma, the chat template has the wording and is given languages and text.
#[test]
fn a_chat_template_with_its_own_wording_gets_no_prompt() {
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
fn a_block_in_the_other_language_stays_and_is_a_finding() {
    let (_folder, model) = open(copying(), 8192);
    let text = "First paragraph, of one sentence.\n\n이 문단은 이미 한국어로 쓰여 있다.\n";
    let outcome = model.translate(text).from(Language::English).to(Language::Korean).run().unwrap();
    assert_eq!(outcome.text, text);
    let said = outcome.findings.iter().find(|finding| finding.segment.is_none()).unwrap();
    assert!(
        said.is_doubt() && said.message.contains("이미 한국어로 쓰여 있다.' is not in English"),
        "{said:?}"
    );
}

#[test]
fn a_loop_is_discarded_and_is_a_finding() {
    let (_folder, model) = open(json!([{"say": "boom and boom, ", "then": "loop"}]), 8192);
    let outcome =
        model.summarize("Drums were heard in the harbour on Monday evening.").run().unwrap();
    assert_ne!(outcome.finish, Finish::Stop);
    assert!(outcome.text.matches("boom").count() < 10, "{}", outcome.text);
    assert!(
        outcome.findings.iter().any(|finding| finding.check == "loop"),
        "{:?}",
        outcome.findings
    );
}

#[test]
fn half_a_syllable_is_never_streamed() {
    let (_folder, model) = open(json!([{"say": "한글", "bytes": 4}]), 8192);
    let mut pieces = Vec::new();
    let request = model.summarize("A text about writing.");
    let outcome =
        request.observe(Observer::new().on_text(|piece| pieces.push(piece.to_string()))).unwrap();
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
fn an_empty_answer_is_a_finding() {
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
fn a_summary_in_another_language_takes_the_route_the_model_supports() {
    let script = json!([{"when": "Translate the following", "say": "시의회가 모였다."}, {"say": "The council met."}]);
    let (_folder, model) = open(script, 8192);
    let article = "The council of the port met on Monday.";
    let english_only =
        Capabilities { summarizes: Some(vec![Language::English]), ..Capabilities::default() };
    let outcome = model
        .summarize(article)
        .to(Language::Korean)
        .capabilities(english_only.clone())
        .run()
        .unwrap();
    assert_eq!((outcome.route, outcome.text.as_str()), (Route::Cascade, "시의회가 모였다."));
    assert_eq!(outcome.intermediate.as_deref(), Some("The council met."));
    let direct = model
        .summarize(article)
        .to(Language::Korean)
        .capabilities(english_only)
        .route(Route::Direct)
        .run()
        .unwrap();
    assert_eq!((direct.route, direct.text.as_str()), (Route::Direct, "The council met."));
    let same = model.summarize(article).to(Language::English).run().unwrap();
    assert_eq!(same.route, Route::Direct);
}

#[test]
fn more_sentences_than_asked_for_are_left_out_and_raise_no_doubt() {
    let (_folder, model) = open(
        json!([{"say": "One is here. Two is here. Three is here now and goes on. Four."}]),
        8192,
    );
    let article = "One is here. Two is here. Three is here now and goes on. Four is not, it seems.";
    let outcome = model.summarize(article).sentences(2).run().unwrap();
    assert_eq!(outcome.text, "One is here. Two is here.");
    assert_eq!(outcome.findings, []);
    let (_folder, model) = open(json!([{"say": "- One.\n- Two, e.g. this.\n- Three.\n"}]), 8192);
    let bullets = model
        .summarize("A text of some length.")
        .sentences(2)
        .style(Style::Bullets)
        .text()
        .unwrap();
    assert_eq!(bullets, "- One.\n- Two, e.g. this.");
    let headline = model.summarize("A text of some length.").style(Style::Headline).text().unwrap();
    assert_eq!(headline, "- One.");
}

#[test]
fn a_number_that_did_not_carry_over_is_a_finding() {
    let (_folder, model) = open(json!([{"say": "The plan costs 421 million won."}]), 8192);
    let outcome =
        model.summarize("The city approved a plan that will cost 412 million won.").run().unwrap();
    let found: Vec<&str> = outcome
        .findings
        .iter()
        .filter(|f| f.check == "numbers")
        .map(|f| f.message.as_str())
        .collect();
    assert!(found.len() == 1 && found[0].contains("421"), "{:?}", outcome.findings);
}

#[test]
fn a_text_in_another_language_is_refused_unless_a_language_is_given() {
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
fn a_text_too_short_to_summarize_is_returned_unchanged() {
    let (_folder, model) = open(json!([{"say": "The mayor announced three new bridges."}]), 8192);
    for text in ["Haemin", "Mayor opens bridge", "해민시장, 새 다리 개통", "Yes.", "2026. 11. 23."]
    {
        let outcome = model.summarize(text).run().unwrap();
        assert_eq!((outcome.text.as_str(), outcome.tokens.output), (text, 0));
        assert_eq!(outcome.findings[0].kind, "nothing_to_summarize");
    }
    let outcome = model.summarize("The council met on Monday.").run().unwrap();
    assert_eq!(outcome.text, "The mayor announced three new bridges.");
    let (_folder, model) = open(json!([{"say": "시장이 다리를 열었다"}]), 8192);
    let outcome = model.summarize("Mayor opens bridge").to(Language::Korean).run().unwrap();
    assert_eq!(outcome.text, "시장이 다리를 열었다");
    assert_eq!(
        model.translate("Mayor opens bridge").to(Language::Korean).text().unwrap(),
        outcome.text
    );
}

#[test]
fn findings_have_positions_in_the_segment_and_in_the_whole_text() {
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
        serde_json::from_value(json!({"check": "furniture", "segment": null, "message": "x"}))
            .unwrap();
    assert!(!old.is_doubt() && old.kind.is_empty());
}

#[test]
fn impossible_requests_are_errors() {
    let (_folder, model) = open(json!([{"say": "x"}]), 8192);
    let error = model.translate("The council met.").to(Language::English).text().unwrap_err();
    assert_eq!(error.to_string(), "the text is already in English");
    assert_eq!(model.summarize(" \n").text().unwrap_err().to_string(), "the text is empty");
    let (_folder, small) = open(json!([{"say": "x"}]), 256);
    let error = small.summarize("The council met.").text().unwrap_err().to_string();
    assert!(error.contains("the model's window is 256"), "{error}");
    let error =
        model.summarize("The council met.").prompt("no-such").text().unwrap_err().to_string();
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
fn dropping_the_stream_ends_the_work() {
    let (_folder, model) = open(json!([{"say": "word ".repeat(200)}]), 8192);
    let request = model.summarize("A text of some length about nothing.").sentences(50);
    // A repaired summary comes in one piece.
    let mut pieces = request.repair(Repair::Off).stream().unwrap();
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
            format!(
                "Text {number} speaks of the {word} for some time. {}",
                "And on. ".repeat(number % 5)
            )
        })
        .collect();
    let summary = |model: &Model, text: &str| {
        let outcome = model.summarize(text).sentences(2).run();
        outcome
            .map(|one| (one.text, one.finish, one.tokens, one.findings))
            .map_err(|error| error.to_string())
    };
    let alone: Vec<_> = texts.iter().map(|text| summary(&model, text)).collect();
    assert_eq!(
        alone.iter().filter(|one| one.is_err()).count(),
        6,
        "the cables fail, and nothing else"
    );
    let shared = model.shared(5).unwrap();
    let together: Vec<_> = std::thread::scope(|scope| {
        let works: Vec<_> =
            texts.iter().map(|text| scope.spawn(|| summary(&shared, text))).collect();
        works.into_iter().map(|work| work.join().unwrap()).collect()
    });
    assert_eq!(together, alone);
}

#[test]
fn a_dropped_stream_of_a_shared_model_does_not_stop_other_requests() {
    let (_folder, model) = open(json!([{"say": "word ".repeat(300)}]), 8192);
    let shared = model.shared(2).unwrap();
    let request = |text: &str| shared.summarize(text).sentences(50).max_tokens(600);
    for _ in 0..3 {
        let mut pieces = request("A text that nobody waits for.").stream().unwrap();
        assert!(pieces.next().unwrap().is_ok());
    }
    assert_eq!(
        request("A text.").text().unwrap(),
        model.summarize("A text.").sentences(50).max_tokens(600).text().unwrap()
    );
}

/// A network that counts the tokens of each step.
struct Counted<'n> {
    network: &'n dyn Network,
    steps: Mutex<Vec<usize>>,
}

impl Network for Counted<'_> {
    fn begin(&self, sources: &[&[u32]], phase: Phase) -> malmoi::Result<Vec<State>> {
        self.network.begin(sources, phase)
    }

    fn forward(&self, rows: &mut [Row<'_>], phase: Phase) -> malmoi::Result<Logits> {
        self.steps.lock().unwrap().push(rows.iter().map(|row| row.tokens.len()).sum());
        self.network.forward(rows, phase)
    }
}

#[test]
fn a_step_has_a_budget_of_tokens_and_short_texts_pass_a_long_one() {
    let (_folder, model) = open(json!([{"say": "Done."}]), 32_768);
    let network = Counted { network: model.network(), steps: Mutex::default() };
    let engine = Engine {
        network: &network,
        tokenizer: model.tokenizer(),
        eos_tokens: &[256],
        context: 32_768,
        phases_share_kernels: false,
        fixed_chunks: true,
    };
    let prompt = |index: usize| {
        let length = if index == 0 { 30_000 } else { 400 };
        let text: String =
            (0..length / 4).map(|at| format!("{:04}", (at * 7 + index) % 9999)).collect();
        text.bytes().map(u32::from).collect::<Vec<u32>>()
    };
    let prompts: Vec<Vec<u32>> = (0..8).map(prompt).collect();
    let (mut done, mut read) = (Vec::new(), 0);
    engine
        .generate(&prompts, &Options { batch: 8, ..Options::default() }, &mut |index, news| {
            match news {
                Update::Progress(reached) if index == 0 => read = reached.read,
                Update::Done => done.push((index, read)),
                _ => {}
            }
            Control::Continue
        })
        .unwrap();
    let steps = network.steps.into_inner().unwrap();
    // Eight sequences may each add a draft to the budget.
    assert!(steps.iter().all(|tokens| *tokens <= 512 + 8 * 8), "{steps:?}");
    assert_eq!(done.len(), 8);
    assert_eq!(done[7].0, 0, "{done:?}");
    // Seven short prompts have 2800 tokens; the long one gets a share of each step at most.
    assert!(done[..7].iter().all(|(_, read)| *read < 10_000), "{done:?}");
}

#[test]
fn a_request_reports_progress_and_can_be_cancelled_during_prefill() {
    let (_folder, model) = open(json!([{"say": "The council met. It agreed."}]), 8192);
    let paragraph =
        "The council of the port met again on Monday and spoke about the breakwater for hours. ";
    let article: String =
        (0..300).map(|number| format!("Part {number}. {paragraph}\n\n")).collect();
    for model in [model.clone(), model.shared(4).unwrap()] {
        let mut told = Vec::new();
        let keep = |event: &Event| {
            if let Event::Progress { stage: "summarize", done, segments, read, tokens, written } =
                *event
            {
                told.push([done, read, written, segments, tokens]);
            }
        };
        let request = model.summarize(&article);
        let outcome = request.observe(Observer::new().on_event(keep)).unwrap();
        assert!(told.len() > 20 && told[0][..3] == [0, 0, 0], "{:?}", told.first());
        assert!(told.windows(2).all(|two| (0..3).all(|at| two[0][at] <= two[1][at])));
        let [done, read, written, segments, tokens] = told[told.len() - 1];
        assert!(
            segments > 2 && done == segments && read == tokens && written > 0,
            "{:?}",
            told.last()
        );
        assert_eq!(tokens, outcome.tokens.input);

        let reads = AtomicUsize::new(0);
        let keep = |event: &Event| {
            if let Event::Progress { read, .. } = event {
                reads.store(*read, Ordering::SeqCst);
            }
        };
        let observer = Observer::new().on_event(keep);
        let error = model
            .summarize(&article)
            .observe(observer.cancel_if(|| reads.load(Ordering::SeqCst) > 0));
        assert!(matches!(error, Err(Error::Cancelled)), "{error:?}");
        assert!(reads.into_inner() < tokens / 2);

        let mut events = 0;
        let observer = Observer::new().on_event(|_| events += 1).cancel_if(|| true);
        let error = model.summarize(&article).observe(observer);
        assert!(matches!(error, Err(Error::Cancelled)) && events == 0, "{events}");
    }
}

#[test]
fn a_translation_is_one_stage_however_many_batches_it_takes() {
    let (_folder, model) = open(copying(), 8192);
    let text: String = (0..30).map(|number| format!("Paragraph {number} is short.\n\n")).collect();
    let mut told = Vec::new();
    let keep = |event: &Event| {
        if let Event::Progress { done, segments, read, tokens, .. } = *event {
            told.push((done, segments, read, tokens));
        }
    };
    model.translate(&text).to(Language::Korean).observe(Observer::new().on_event(keep)).unwrap();
    let (done, segments, read, tokens) = told[told.len() - 1];
    assert!(done == 30 && segments == 30 && read == tokens, "{:?}", told.last());
    assert!(told.iter().all(|told| told.1 == 30 && told.3 == tokens));
    assert!(told.is_sorted_by_key(|told| (told.0, told.2)));
}

#[test]
fn a_short_text_does_not_wait_for_all_parts_of_a_long_one() {
    let script =
        json!([{"when": "breakwater", "say": "The council met. "}, {"say": "The bridge opened. "}]);
    let (_folder, model) = open(script, 2048);
    let paragraph =
        "The council of the port met on Monday and spoke about the breakwater for hours. "
            .repeat(8);
    let long: String = (0..20).map(|number| format!("Part {number}. {paragraph}\n\n")).collect();
    let shared = model.shared(2).unwrap();
    let (parts, done, short_is_there) =
        (AtomicUsize::new(0), AtomicUsize::new(0), AtomicBool::new(false));
    let (begun, wait) = mpsc::channel();
    std::thread::scope(|scope| {
        let of_long = |event: &Event| {
            if let Event::Progress { stage: "summarize", done: so_far, segments, read, .. } = *event
            {
                parts.store(segments, Ordering::SeqCst);
                done.store(so_far, Ordering::SeqCst);
                if read > 0 {
                    let _ = begun.send(());
                }
            }
        };
        // Holds up the generation loop until the short request has come.
        let held = || {
            while done.load(Ordering::SeqCst) > 0 && !short_is_there.load(Ordering::SeqCst) {
                std::thread::sleep(Duration::from_millis(1));
            }
            false
        };
        let request = shared.summarize(&long).sentences(1).max_tokens(40);
        let all = scope.spawn(move || {
            request.observe(Observer::new().on_event(of_long).cancel_if(held)).unwrap()
        });
        wait.recv().unwrap();
        let come = |event: &Event| {
            if matches!(event, Event::Prompt { .. }) {
                short_is_there.store(true, Ordering::SeqCst);
            }
        };
        let short = shared.summarize("The bridge was opened.").sentences(1).max_tokens(40);
        let short = short.observe(Observer::new().on_event(come)).unwrap();
        let so_far = done.load(Ordering::SeqCst);
        assert_eq!(short.text, "The bridge opened.");
        assert!(parts.load(Ordering::SeqCst) >= 10, "{parts:?}");
        assert!(so_far <= 5, "{so_far} of {parts:?} parts came first");
        all.join().unwrap();
    });
}

#[test]
fn a_request_ends_at_its_deadline_at_any_point() {
    let script = json!([
        {"when": "crawl", "say": "At last.", "pause": 30},
        {"when": "stuck", "say": "At last.", "pause": 1500},
        {"say": "It is done."}
    ]);
    let (_folder, model) = open(script, 32_768);
    let limit = Duration::from_millis(200);
    let late = |request: malmoi::Request| request.deadline(Instant::now() + limit).run();
    let shared = model.shared(1).unwrap();
    for model in [&model, &shared] {
        for text in [
            "They all crawl.".to_string(),
            format!("They crawl. {}", "And on and on. ".repeat(1000)),
        ] {
            let error = late(model.summarize(&text)).unwrap_err();
            assert!(matches!(error, Error::OutOfTime { seconds } if seconds >= 0.2), "{error}");
        }
        assert_eq!(late(model.summarize("They all walk.")).unwrap().text, "It is done.");
        let past = model.summarize("They all walk.").deadline(Instant::now());
        assert!(matches!(past.run(), Err(Error::OutOfTime { .. })));
    }
    // A deadline during a step of a shared model, and one while waiting for that step.
    std::thread::scope(|scope| {
        let began = Instant::now();
        let stuck = scope.spawn(|| late(shared.summarize("They are all stuck.")));
        std::thread::sleep(Duration::from_millis(50));
        assert!(matches!(late(shared.summarize("They all walk.")), Err(Error::OutOfTime { .. })));
        assert!(matches!(stuck.join().unwrap(), Err(Error::OutOfTime { .. })));
        assert!(began.elapsed() < Duration::from_millis(1400), "{:?}", began.elapsed());
    });
    assert_eq!(shared.summarize("They all walk.").text().unwrap(), "It is done.");
}
