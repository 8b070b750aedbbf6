use std::collections::BTreeMap;

use malmoi::checkpoint::{ChatTemplate, Checkpoint, Message};
use serde::Deserialize;
use sha2::{Digest, Sha256};

use crate::support::{here, real};

/// What the reference makes of templates: see `fixtures/chat/make.py`.
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

/// Renders every conversation in every way the reference was asked to, and shows each result as `compare` wants it.
fn check(name: &str, template: &str, compare: impl Fn(&str) -> String) {
    let special = [("bos_token", "<s>"), ("eos_token", "</s>"), ("unk_token", "<unk>")];
    let template = ChatTemplate::parse(template, special.into_iter()).unwrap();
    let Reference { conversations, mut expected } = reference();
    for (case, wanted) in expected.remove(name).unwrap() {
        let conversation = case.trim_end_matches(" without thinking");
        let extra = [("enable_thinking", false.into())];
        let extra = if conversation == case { &[][..] } else { &extra };
        let turns = conversations[conversation].iter().map(|turn| Message {
            role: ["system", "user", "assistant"].into_iter().find(|role| *role == turn.role).unwrap(),
            content: turn.content.clone(),
        });
        let ours = template.render(&turns.collect::<Vec<_>>(), extra);
        match wanted.strip_prefix("error: ") {
            Some(reason) => assert!(ours.unwrap_err().to_string().ends_with(reason), "{name}: {case}"),
            None => assert_eq!(compare(&ours.unwrap()), wanted, "{name}: {case}"),
        }
    }
}

#[test]
fn templates_of_four_families_render_as_the_reference_does() {
    for name in ["chatml", "gemma", "llama", "qwen"] {
        let template = std::fs::read_to_string(here(&format!("fixtures/chat/{name}.jinja"))).unwrap();
        check(name, &template, str::to_string);
    }
}

#[test]
fn templates_in_real_files_render_as_the_reference_does() {
    for name in ["smollm2-135m", "qwen2.5-coder-0.5b", "qwen2.5-coder-1.5b"] {
        let Some(path) = real(name) else { continue };
        let checkpoint = Checkpoint::open(&path).unwrap();
        let sum = |text: &str| format!("{:x}", Sha256::digest(text));
        check(name, checkpoint.hyper.chat_template().unwrap(), sum);
    }
}
