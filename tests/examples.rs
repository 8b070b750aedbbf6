use std::sync::Arc;

use malmoi::desk::{Desk, Origin, Unit};
use malmoi::prompts::{ExampleTurns, PromptPart, Task};
use malmoi::{
    Event, Example, Examples, Language, LanguagePair, Model, Observer, Register, Repair,
    TaskOptions,
};
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::support::{here, scripted};

/// A model that answers with one sentence, and with a chat template of the fixtures.
fn with_template(name: &str, context: usize) -> (TempDir, Model) {
    let folder = scripted::model(json!([{"say": "비가 내렸다."}]), context);
    let template = std::fs::read_to_string(here(&format!("fixtures/chat/{name}.jinja"))).unwrap();
    let special = json!({"chat_template": template, "bos_token": "<s>", "eos_token": "<|end|>"});
    scripted::write(&folder, "tokenizer_config.json", &special);
    let model = Model::open(folder.path()).unwrap();
    (folder, model)
}

/// Turns of a conversation of `fixtures/chat`: examples, and the last user message.
fn turns(conversation: &Value) -> (Vec<ExampleTurns>, String) {
    let texts: Vec<&str> = conversation
        .as_array()
        .unwrap()
        .iter()
        .map(|turn| turn["content"].as_str().unwrap())
        .collect();
    let examples = texts.chunks_exact(2).map(|pair| ExampleTurns {
        user: vec![PromptPart::Template("Say: ".into()), PromptPart::UserText(pair[0][5..].into())],
        assistant: pair[1].into(),
    });
    (examples.collect(), texts.last().unwrap()[5..].to_string())
}

#[test]
fn prompts_with_examples_are_as_the_reference_renders_their_conversation() {
    let reference: Value =
        serde_json::from_slice(&std::fs::read(here("fixtures/chat/expected.json")).unwrap())
            .unwrap();
    for template in ["chatml", "gemma", "llama", "qwen"] {
        let (_folder, model) = with_template(template, 20_000);
        for name in ["no example", "one example", "five examples"] {
            let (examples, last) = turns(&reference["conversations"][name]);
            let parts = [PromptPart::Template("Say: "), PromptPart::UserText(&*last)];
            let ids = model.prompt(None, &examples, &parts).unwrap();
            let shown = model.tokenizer().decode(&ids).unwrap();
            let wanted = &reference["expected"][template][format!("{name} without thinking")];
            assert_eq!(shown, wanted.as_str().unwrap(), "{template}: {name}");
        }
    }
}

#[test]
fn words_of_examples_form_no_special_token() {
    let (_folder, model) = with_template("chatml", 20_000);
    let forged = "<|end|>";
    let user = vec![PromptPart::UserText(forged.to_string())];
    let examples = [ExampleTurns { user, assistant: forged.into() }];
    let ids = model.prompt(Some("Be brief."), &examples, &[PromptPart::UserText(forged)]).unwrap();
    assert!(!ids.contains(&256), "{ids:?}");
    assert_eq!(model.tokenizer().decode(&ids).unwrap().matches(forged).count(), 3);
}

fn pairs(count: usize) -> Vec<Example> {
    let pair = |number: usize| Example {
        source: format!("Ferry {number} leaves at nine."),
        target: format!("여객선 {number}호는 9시에 출발한다."),
    };
    (1..=count).map(pair).collect()
}

/// The prompts of a translation, and the kinds of its findings.
fn translated(model: &Model, options: TaskOptions) -> (Vec<String>, Vec<String>) {
    let mut prompts = Vec::new();
    let observer = Observer::new().on_event(|event| {
        if let Event::Prompt { ids, .. } = event {
            prompts.push(model.tokenizer().decode(ids).unwrap());
        }
    });
    let to = Some(Language::Korean);
    let request = model
        .translate("Ferry 7 leaves at ten.")
        .task_options(TaskOptions { to, repair: Repair::Off, ..options })
        .observe(observer)
        .unwrap();
    let kinds = request.findings.into_iter().map(|finding| finding.kind.to_string()).collect();
    (prompts, kinds)
}

#[test]
fn examples_stand_in_order_before_the_text() {
    let (_folder, model) = with_template("gemma", 20_000);
    let examples = Examples::new(Task::Translate, pairs(3));
    let (prompts, kinds) = translated(&model, TaskOptions { examples, ..TaskOptions::default() });
    let places: Vec<usize> = ["Ferry 1", "1호", "Ferry 2", "2호", "Ferry 3", "3호", "Ferry 7"]
        .iter()
        .map(|words| prompts[0].find(words).unwrap())
        .collect();
    assert!(places.is_sorted(), "{}", prompts[0]);
    assert!(!kinds.iter().any(|kind| kind.starts_with("examples")), "{kinds:?}");
}

#[test]
fn examples_without_room_are_left_out_the_first_ones_first_and_said() {
    let examples = || Examples::new(Task::Translate, pairs(5)).limit(5);
    let options = || TaskOptions { examples: examples(), ..TaskOptions::default() };
    let (_folder, wide) = with_template("chatml", 20_000);
    let (whole, _) = translated(&wide, options());
    // Bytes are tokens here: the answer takes up to 130, and the first example does not fit.
    let (_folder, narrow) = with_template("chatml", whole[0].len() + 64);
    let (prompts, kinds) = translated(&narrow, options());
    assert!(!prompts[0].contains("Ferry 1 ") && prompts[0].contains("Ferry 5 "), "{}", prompts[0]);
    assert!(kinds.contains(&"examples_left_out".to_string()), "{kinds:?}");
}

#[test]
fn examples_that_a_prompt_has_no_place_for_are_a_finding() {
    let (_folder, model) = with_template("gemma", 20_000);
    let examples = || Examples::new(Task::Translate, pairs(2));
    let prompt = Some("translate-gemma".to_string());
    let (prompts, kinds) =
        translated(&model, TaskOptions { examples: examples(), prompt, ..TaskOptions::default() });
    assert!(!prompts[0].contains("Ferry 1"), "{}", prompts[0]);
    assert!(kinds.contains(&"examples_unheard".to_string()), "{kinds:?}");
}

#[test]
fn translations_from_the_memory_take_places_of_the_prompt_s_examples() {
    let (folder, model) = with_template("chatml", 20_000);
    let desk = Arc::new(Desk::open(folder.path().join("desk.db")).unwrap());
    let languages = LanguagePair { from: Language::English, to: Language::Korean };
    let unit = Unit::new(languages, "Ferry 8 leaves at ten.", "8호 10시 출발", Origin::Confirmed);
    desk.keep([unit.into()]).unwrap();
    for (max, shown) in [(3, [true, true, false, true]), (1, [false, false, false, true])] {
        let options = TaskOptions {
            prompt: Some("translate-small".into()),
            desk: Some(desk.clone()),
            examples: Examples::default().limit(max),
            max_tokens: Some(max),
            ..TaskOptions::default()
        };
        let (prompts, _) = translated(&model, options);
        let words = ["해민대학교", "한서진", "8억 3000만", "8호 10시 출발"];
        assert_eq!(words.map(|words| prompts[0].contains(words)), shown, "{}", prompts[0]);
    }
}

#[test]
fn examples_of_the_prompt_are_left_out_if_another_register_is_asked_for() {
    let (_folder, model) = with_template("chatml", 20_000);
    for (register, is_shown) in
        [(None, true), (Some(Register::Handa), true), (Some(Register::Hamnida), false)]
    {
        let prompt = Some("translate-small".into());
        let mut options = TaskOptions { prompt, ..TaskOptions::default() };
        options.checks.register = register;
        let (prompts, _) = translated(&model, options);
        assert_eq!(prompts[0].contains("해민대학교"), is_shown, "{}", prompts[0]);
    }
}
