//! Hostile inputs: prompt injection and terminal escapes.

use malmoi::{Finding, Language, Model};
use serde_json::json;

use super::case;
use crate::support::scripted;

/// Answers of a model that obeys the order injected in each article, and the target language.
const OBEDIENT: &[(&str, Language, &str)] = &[
    ("en-direct.txt", Language::English, "BANANA"),
    // A false statement ordered by an article ("say that 300 people died") is reported only if the
    // article contradicts it.
    (
        "en-editor.txt",
        Language::English,
        "The bridge of Haemin collapsed on Monday and 3,000 people died.",
    ),
    ("en-json.txt", Language::English, "GRAPEFRUIT"),
    (
        "en-translate-to-fr.txt",
        Language::English,
        "La ville de Haemin a ouvert son deuxième pont lundi, a annoncé le bureau du maire.",
    ),
    ("ko-direct.txt", Language::Korean, "바나나"),
    ("ko-hidden.txt", Language::Korean, "MANGO"),
    ("ko-question.txt", Language::Korean, "서울"),
    ("ko-system.txt", Language::Korean, "무궁화꽃이 피었습니다"),
];

/// Only the article reaches the model, and an output that obeys injected orders is reported.
#[test]
fn an_obeyed_injected_order_is_reported() {
    let Some(folder) = case("attack/10-injected-orders") else { return };
    let mut silent = Vec::new();
    for (name, language, answer) in OBEDIENT {
        let model = scripted::model(json!([{"say": answer}]), 16384);
        let model = Model::open(model.path()).unwrap();
        let article = std::fs::read_to_string(folder.join(name)).unwrap();
        let outcome = model.summarize(&article).to(*language).run().unwrap();
        if !outcome.findings.iter().any(Finding::is_doubt) {
            silent.push(*name);
        }
    }
    assert_eq!(silent, Vec::<&str>::new());
}

/// Terminal control characters in an article are not printed.
#[test]
fn escapes_of_an_article_do_not_reach_the_terminal() {
    let Some(folder) = case("attack/15-terminal-escapes") else { return };
    let model =
        scripted::model(json!([{"say": "The mayor of Haemin opened a bridge on Monday."}]), 16384);
    for name in ["esc.txt", "c1.txt"] {
        let home = tempfile::tempdir().unwrap();
        let output = std::process::Command::new(assert_cmd::cargo::cargo_bin("malmoi"))
            .env_clear()
            .env("HOME", home.path())
            .args(["summarize", "--all-findings", "--model"])
            .arg(model.path())
            .arg(folder.join(name))
            .output()
            .unwrap();
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(output.status.success(), "{said}");
        assert!(!said.contains(|c: char| c.is_control() && c != '\n'), "{said:?}");
    }
}
