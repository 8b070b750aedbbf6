use std::collections::BTreeMap;

use malmoi::internals::checkpoint::{
    ChatTemplate, Checkpoint, Content, Message, TranslationMessage,
};
use serde::Deserialize;
use sha2::{Digest, Sha256};

use crate::support::{here, real};

/// Templates and their renderings by the reference: see `fixtures/chat/make.py`.
#[derive(Deserialize)]
struct Reference {
    conversations: BTreeMap<String, Vec<Turn>>,
    expected: BTreeMap<String, BTreeMap<String, String>>,
}

#[derive(Deserialize)]
struct Turn {
    role: String,
    content: String,
}

fn reference() -> Reference {
    serde_json::from_slice(&std::fs::read(here("fixtures/chat/expected.json")).unwrap()).unwrap()
}

/// Compares renderings of all conversations and options with the reference, in the form that
/// `compare` returns.
fn check(name: &str, template: &str, compare: impl Fn(&str) -> String) {
    let special = [("bos_token", "<s>"), ("eos_token", "</s>"), ("unk_token", "<unk>")];
    let template = ChatTemplate::parse(template, special.into_iter()).unwrap();
    let Reference { conversations, mut expected } = reference();
    for (case, wanted) in expected.remove(name).unwrap() {
        let conversation = case.trim_end_matches(" without thinking");
        let extra = [("enable_thinking", false.into())];
        let extra = if conversation == case { &[][..] } else { &extra };
        let turns = conversations[conversation].iter().map(|turn| Message {
            role: ["system", "user", "assistant"]
                .into_iter()
                .find(|role| *role == turn.role)
                .unwrap(),
            content: Content::Text(turn.content.clone()),
        });
        let ours = template.render(&turns.collect::<Vec<_>>(), extra);
        match wanted.strip_prefix("error: ") {
            Some(reason) => {
                assert!(ours.unwrap_err().to_string().ends_with(reason), "{name}: {case}")
            }
            None => assert_eq!(compare(&ours.unwrap()), wanted, "{name}: {case}"),
        }
    }
}

#[test]
fn templates_of_four_families_render_as_by_the_reference() {
    for name in ["chatml", "gemma", "llama", "qwen"] {
        let template =
            std::fs::read_to_string(here(&format!("fixtures/chat/{name}.jinja"))).unwrap();
        check(name, &template, str::to_string);
    }
}

/// As in TranslateGemma: one entry with its languages, and nothing else.
#[test]
fn a_translation_template_is_given_languages_and_text() {
    let source = "{%- set names = {'en': 'English', 'ko': 'Korean'} -%}\n\
        {%- for message in messages -%}\n\
        {%- if message['content'] is string or message['content'] | length != 1 -%}\n\
        {{ raise_exception('one entry is expected') }}\n\
        {%- endif -%}\n\
        {%- set entry = message['content'][0] -%}\n\
        {%- if entry['type'] != 'text' or entry['target_lang_code'] not in names -%}{{ raise_exception('what is it?') }}{%- endif -%}\n\
        <start_of_turn>{{ message['role'] }}\n\
        {{ names[entry['source_lang_code']] }} ({{ entry['source_lang_code'] }}) into {{ names[entry['target_lang_code']] }}:\n\
        {{ entry['text'] | trim }}<end_of_turn>\n\
        {%- endfor -%}";
    let template = ChatTemplate::parse(source, [].into_iter()).unwrap();
    assert!(template.has_translation_template());
    let message = |content| [Message { role: "user", content }];
    let entry = Content::Translation([TranslationMessage::new("en", "ko", " Rain. ")]);
    let rendered = template.render(&message(entry), &[]).unwrap();
    assert_eq!(rendered, "<start_of_turn>user\nEnglish (en) into Korean:\nRain.<end_of_turn>");
    let refused = template.render(&message(Content::Text("Rain.".into())), &[]).unwrap_err();
    assert!(refused.to_string().ends_with("one entry is expected"), "{refused}");
}

#[test]
fn templates_in_real_files_render_as_by_the_reference() {
    for name in ["smollm2-135m", "qwen2.5-coder-0.5b", "qwen2.5-coder-1.5b"] {
        let Some(path) = real(name) else { continue };
        let checkpoint = Checkpoint::open(&path).unwrap();
        let sum = |text: &str| format!("{:x}", Sha256::digest(text));
        check(name, checkpoint.config.chat_template().unwrap(), sum);
    }
}
