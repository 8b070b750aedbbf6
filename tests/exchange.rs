//! Files of translators' tools and subtitles, translated by the program.

use std::path::Path;
use std::process::Command;

use serde_json::{Value, json};

use crate::support::scripted;

/// Translates a file; returns what is written and the sources of the segments.
fn translated(name: &str, text: &str, from: &str, script: Value) -> (String, Vec<String>) {
    let (folder, model) = (tempfile::tempdir().unwrap(), scripted::model(script, 8192));
    std::fs::write(folder.path().join(name), text).unwrap();
    let to = if from == "en" { "ko" } else { "en" };
    let run = |options: &[&str]| {
        let mut command = Command::new(assert_cmd::cargo::cargo_bin("malmoi"));
        command.env_clear().env("HOME", folder.path()).env("MALMOI_DESK", "off");
        command.current_dir(folder.path()).args(["translate", name, "--from", from, "--to", to]);
        command.args(["--repair", "off", "--model"]).arg(model.path()).args(options);
        let output = command.output().unwrap();
        let said = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(0), "{said}");
        output.stdout
    };
    let out = Path::new("out").with_extension(name.rsplit('.').next().unwrap());
    run(&["-o", out.to_str().unwrap()]);
    let outcome: Value = serde_json::from_slice(&run(&["--json"])).unwrap();
    let segments = outcome["segments"].as_array().unwrap().iter();
    let sources = segments.map(|one| one["source"].as_str().unwrap().trim().to_string());
    (std::fs::read_to_string(folder.path().join(out)).unwrap(), sources.collect())
}

#[test]
fn words_of_segments_alone_are_translated_and_each_doubt_is_a_note() {
    let text = "<xliff version=\"1.2\" xmlns=\"urn:oasis:names:tc:xliff:document:1.2\"><file original=\"a\" source-language=\"en\" target-language=\"ko\" datatype=\"plaintext\"><body><trans-unit id=\"1\"><source>The ferry carried 30 people. It came back.</source><seg-source><mrk mid=\"0\" mtype=\"seg\">The ferry carried 30 people.</mrk> <mrk mid=\"1\" mtype=\"seg\">It came back.</mrk></seg-source><target><mrk mid=\"0\" mtype=\"seg\">The ferry carried 30 people.</mrk> <mrk mid=\"1\" mtype=\"seg\">It came back.</mrk></target></trans-unit></body></file></xliff>";
    let script = json!([
        {"when": "carried", "say": "여객선은 20명을 태웠다."},
        {"say": "여객선이 돌아왔다."},
    ]);
    let (written, sources) = translated("a.xlf", text, "en", script);
    assert_eq!(sources, ["The ferry carried 30 people.", "It came back."]);
    assert!(
        written.contains("<target state=\"needs-review-translation\"><mrk mid=\"0\" mtype=\"seg\">여객선은 20명을 태웠다.</mrk> <mrk mid=\"1\" mtype=\"seg\">여객선이 돌아왔다.</mrk></target><note from=\"malmoi\">"),
        "{written}"
    );
    assert!(written.contains("'30'"), "the doubt about the first segment: {written}");
}

#[test]
fn an_entry_that_lost_its_placeholder_is_fuzzy_and_flags_are_no_words() {
    let text = "msgid \"\"\nmsgstr \"Content-Type: text/plain; charset=UTF-8\\n\"\n\n#, fuzzy, c-format\n#| msgid \"Open the old %s\"\nmsgid \"Open the port %s now\"\nmsgstr \"옛 %s 열기\"\n\n#, c-format\nmsgid \"Close the port %s now\"\nmsgstr \"\"\n";
    let script = json!([
        {"when": "Open the port", "say": "지금 항구를 열기"},
        {"say": "지금 항구 %s를 닫기"},
    ]);
    let (written, sources) = translated("a.po", text, "en", script);
    assert_eq!(sources, ["Open the port %s now", "Close the port %s now"]);
    assert!(
        written.contains("# the placeholder '%s' is missing from the translation\n#, fuzzy, c-format\nmsgid \"Open the port %s now\"\nmsgstr \"지금 항구를 열기\"\n"),
        "{written}"
    );
    assert!(
        written.contains(
            "\n\n#, c-format\nmsgid \"Close the port %s now\"\nmsgstr \"지금 항구 %s를 닫기\"\n"
        ),
        "{written}"
    );
}

#[test]
fn of_subtitles_in_two_languages_one_is_translated_and_the_other_kept() {
    let text = "<SAMI><BODY>\n<SYNC Start=1000><P Class=KRCC>시장이 다리를 열었다.<P Class=ENCC>The mayor opened the bridge.\n<SYNC Start=4000><P Class=KRCC>NBA 선수도 왔다.<P Class=ENCC>NBA.\n</BODY></SAMI>\n";
    for (from, said, sources) in [
        ("ko", "A bridge was opened there.", ["시장이 다리를 열었다.", "NBA 선수도 왔다."]),
        ("en", "그곳에 다리가 열렸다.", ["The mayor opened the bridge.", "NBA."]),
    ] {
        let (written, found) = translated("a.smi", text, from, json!([{"say": said}]));
        assert_eq!(found, sources);
        let expected =
            sources.iter().fold(text.to_string(), |text, source| text.replacen(source, said, 1));
        assert_eq!(written, expected, "{from}");
    }
}
