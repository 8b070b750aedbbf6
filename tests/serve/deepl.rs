//! DeepL's API.

use std::time::Duration;

use serde_json::{Value, json};

use super::{model, serve, serve_with};
use crate::cli::Home;
use crate::support::http::Server;

#[test]
fn deepl_s_clients_get_texts_glossaries_and_documents() {
    let (_home, _model, server) = serve();
    let asked = json!({"text": ["The council meets.", "…"], "target_lang": "KO"});
    let translations = server.post("/v2/translate", &asked).json()["translations"].clone();
    assert_eq!(translations[0]["text"], "시의회는 월요일에 모인다.");
    assert_eq!(translations[0]["detected_source_language"], "EN");
    assert_eq!(translations[0].get("billed_characters"), None);
    assert_eq!(translations[1]["text"], "…");
    let unknown = json!({"text": ["a"], "target_lang": "FR"});
    let refused = server.post("/v2/translate", &unknown);
    assert_eq!(refused.status, 400);
    assert!(refused.json()["message"].is_string());
    let made = server.post(
        "/v2/glossaries",
        &json!({"name": "desk", "source_lang": "en", "target_lang": "ko",
            "entries": "council\t시의회\nthe \"port\"\t항만", "entries_format": "tsv"}),
    );
    assert_eq!(made.status, 201, "{}", made.body);
    let id = made.json()["glossary_id"].as_str().unwrap().to_string();
    let entries = server.get(&format!("/v2/glossaries/{id}/entries")).body;
    assert_eq!(entries, "council\t시의회\nthe \"port\"\t항만\n");
    let asked = json!({"text": ["The council meets."], "source_lang": "EN", "target_lang": "KO",
        "glossary_id": id});
    assert_eq!(server.post("/v2/translate", &asked).status, 200);
    let other = json!({"text": ["시의회는 모인다."], "source_lang": "KO", "target_lang": "EN-US",
        "glossary_id": id});
    assert_eq!(server.post("/v2/translate", &other).status, 400);
    let delete = || server.request("DELETE", &format!("/v2/glossaries/{id}"), &[], b"").status;
    assert_eq!((delete(), delete()), (204, 404));
    let multipart = [("content-type", "multipart/form-data; boundary=x")];
    let body = "--x\r\ncontent-disposition: form-data; name=\"target_lang\"\r\n\r\nKO\r\n\
                --x\r\ncontent-disposition: form-data; name=\"file\"; filename=\"../../news.txt\"\r\n\r\n\
                The council meets.\r\n--x--\r\n";
    let receipt = server.request("POST", "/v2/document", &multipart, body.as_bytes()).json();
    let path = format!("/v2/document/{}", receipt["document_id"].as_str().unwrap());
    let key = json!({"document_key": receipt["document_key"]});
    while server.post(&path, &key).json()["status"] != "done" {
        std::thread::sleep(Duration::from_millis(20));
    }
    assert_eq!(server.post(&path, &json!({"document_key": "guess"})).status, 404);
    let file = server.post(&format!("{path}/result"), &key);
    assert_eq!(file.body.trim(), "시의회는 월요일에 모인다.");
    let name = file.header("content-disposition").unwrap();
    assert_eq!(name, "attachment; filename*=UTF-8''news.translated.txt");
}

#[test]
fn glossaries_of_clients_are_there_after_a_new_start() {
    let (home, model) = (Home::new(), model());
    let path = model.path().display().to_string();
    let server = Server::start(&home, &["--model", &path]);
    let made = json!({"name": "desk", "source_lang": "en", "target_lang": "ko",
        "entries": "council,시의회", "entries_format": "csv"});
    let id = server.post("/v2/glossaries", &made).json()["glossary_id"].clone();
    server.interrupt();
    assert_eq!(server.wait().0, Some(0));
    let server = Server::start(&home, &["--model", &path]);
    assert_eq!(server.get("/v2/glossaries").json()["glossaries"][0]["glossary_id"], id);
}

#[test]
fn equal_requests_in_flight_are_answered_together_after_white_space() {
    let (_home, _model, server) = serve_with(&["--no-memory"]);
    let text = "They crawl. ".repeat(20);
    let asked = json!({"text": [text], "target_lang": "KO"});
    let answers: Vec<(u16, bool, Value)> = std::thread::scope(|scope| {
        let ask = || {
            let answer = server.post("/v2/translate", &asked);
            (answer.status, answer.body.starts_with(' '), answer.json())
        };
        let asked: Vec<_> = (0..3).map(|_| scope.spawn(ask)).collect();
        asked.into_iter().map(|thread| thread.join().unwrap()).collect()
    });
    assert!(answers.iter().all(|answer| answer.0 == 200 && answer.2 == answers[0].2));
    // One text was generated, whatever the number of clients that asked for it.
    let metrics = server.get("/metrics").body;
    let segments = metrics.lines().find(|line| line.starts_with("malmoi_segments_total"));
    assert_eq!(segments, Some("malmoi_segments_total 1"));
}

/// The first translation of a text, with more fields.
fn translated(server: &Server, text: &str, fields: Value) -> String {
    let mut asked = json!({"text": [text], "target_lang": "KO"});
    asked.as_object_mut().unwrap().extend(fields.as_object().unwrap().clone());
    let answer = server.post("/v2/translate", &asked);
    assert_eq!(answer.status, 200, "{}", answer.body);
    answer.json()["translations"][0]["text"].as_str().unwrap().to_string()
}

fn refused(server: &Server, path: &str, asked: &Value) -> (u16, String) {
    let answer = server.post(path, asked);
    (answer.status, answer.json()["message"].as_str().unwrap_or_default().to_string())
}

#[test]
fn context_is_shown_to_the_model_and_not_translated() {
    let (_home, _model, server) = serve();
    assert_eq!(translated(&server, "The bank is high.", json!({})), "은행이 높다.");
    let context = json!({"context": "They walked along the harbor bank."});
    assert_eq!(translated(&server, "The bank is high.", context), "둑이 높다.");
    // A context longer than its part of the window is cut.
    let long = json!({"context": "They walked along the harbor bank. ".repeat(2_000)});
    assert_eq!(translated(&server, "The bank is high.", long), "둑이 높다.");
}

#[test]
fn sentences_are_split_at_the_line_breaks_that_the_request_names() {
    let (_home, _model, server) = serve();
    let split = |value: Value| {
        translated(&server, "The council\nmeets.", json!({"split_sentences": value}))
    };
    assert_eq!(split(json!("1")), "시의회는 월요일에 모인다.\n모르는 글이다.");
    assert_eq!(split(json!("nonewlines")), "시의회는 월요일에 모인다.");
    assert_eq!(split(json!(0)), "시의회가\n모인다.");
    let wrong = json!({"text": ["a"], "target_lang": "KO", "split_sentences": "2"});
    assert_eq!(refused(&server, "/v2/translate", &wrong).0, 400);
}

#[test]
fn preserved_formatting_ends_a_translation_as_its_source() {
    let (_home, _model, server) = serve();
    let ask = |preserve: bool| {
        translated(&server, "The council meets", json!({"preserve_formatting": preserve}))
    };
    assert_eq!(ask(false), "시의회는 월요일에 모인다.");
    assert_eq!(ask(true), "시의회는 월요일에 모인다");
}

#[test]
fn xml_is_split_and_kept_as_the_request_says() {
    let (_home, _model, server) = serve();
    let ask = |text: &str, mut fields: Value| {
        fields["tag_handling"] = "xml".into();
        translated(&server, text, fields)
    };
    let page = "<doc><par>The council <i>meets</i>.</par><code>The council</code></doc>";
    let answer = ask(page, json!({"ignore_tags": ["code"]}));
    assert!(answer.starts_with("<doc><par>시의회는"), "{answer}");
    assert!(answer.ends_with("</par><code>The council</code></doc>"), "{answer}");
    // Without an outline the whole text is one sentence.
    let whole = ask("<d><a>17 ferries</a> <b>left</b></d>", json!({"outline_detection": false}));
    assert!(whole.contains("여객선 12척이 떠났다."), "{whole}");
    let parts = ask("<d><a>The council</a> <b>The bank</b></d>", json!({}));
    assert_eq!(parts, "<d><a>시의회는 월요일에 모인다.</a> <b>은행이 높다.</b></d>");
    let named = json!({"outline_detection": false, "splitting_tags": "b,c"});
    let parts = ask("<d><a>The council</a> <b>The bank</b></d>", named);
    assert!(parts.ends_with("<b>은행이 높다.</b></d>"), "{parts}");
    // Words that the model keeps stay in their sentence; others are cut out of it.
    let ignored = json!({"ignore_tags": "key"});
    let kept = ask("<p>Press <key>Stop</key> now.</p>", ignored.clone());
    assert_eq!(kept, "<p><key>Stop</key> 누르세요.</p>");
    let cut = ask("<p>Press <key>Send now</key> twice.</p>", ignored);
    assert_eq!(cut, "<p>모르는 글이다. <key>Send now</key> 모르는 글이다.</p>");
}

#[test]
fn what_cannot_be_done_is_refused_by_name() {
    let (_home, _model, server) = serve_with(&["--max-characters", "100"]);
    let ask = |fields: Value| {
        let mut asked = json!({"text": ["The council meets."], "target_lang": "KO"});
        asked.as_object_mut().unwrap().extend(fields.as_object().unwrap().clone());
        refused(&server, "/v2/translate", &asked)
    };
    for (fields, name) in [
        (json!({"tag_handling": "xml", "text": ["<a>b"]}), "Tag handling parsing failed"),
        (json!({"ignore_tags": ["x"]}), "ignore_tags"),
        (json!({"outline_detection": false, "tag_handling": "html"}), "outline_detection"),
        (json!({"tag_handling": "markdown"}), "markdown"),
        (json!({"model_type": "fast"}), "fast"),
        (json!({"style_id": "x"}), "style_id"),
        (json!({"custom_instructions": ["Rhyme."]}), "custom_instructions"),
        (json!({"preserve_formatting": "maybe"}), "preserve_formatting"),
        (json!({"target_lang": null}), "target_lang"),
    ] {
        let (status, message) = ask(fields);
        assert!(status == 400 && message.contains(name), "{status} {message}");
    }
    assert_eq!(ask(json!({"text": ["The council meets. ".repeat(9)]})).0, 413);
    assert_eq!(ask(json!({"glossary_id": "none"})).0, 404);
}

#[test]
fn characters_are_counted_since_the_start() {
    let (_home, _model, server) = serve();
    let asked = json!({"text": ["The council meets.", "…"], "target_lang": "KO",
        "show_billed_characters": true, "model_type": "latency_optimized"});
    let translations = server.post("/v2/translate", &asked).json()["translations"].clone();
    assert_eq!(translations[0]["billed_characters"], 18);
    assert_eq!(translations[0]["model_type_used"], "quality_optimized");
    let usage = server.get("/v2/usage").json();
    assert_eq!(usage["character_count"], 19);
    assert!(usage["start_time"].as_str().unwrap().ends_with('Z'));
}

#[test]
fn a_glossary_of_version_3_has_a_dictionary_for_each_direction() {
    let (_home, _model, server) = serve();
    let dictionary = |from: &str, to: &str, entries: &str| json!({"source_lang": from, "target_lang": to, "entries": entries, "entries_format": "tsv"});
    let made = server.post(
        "/v3/glossaries",
        &json!({"name": "desk", "dictionaries": [
            dictionary("en", "ko", "council\t시의회"), dictionary("ko", "en", "시장\tmayor")
        ]}),
    );
    assert_eq!(made.status, 201, "{}", made.body);
    let id = made.json()["glossary_id"].as_str().unwrap().to_string();
    assert_eq!(made.json()["dictionaries"][1]["entry_count"], 1);
    let path = format!("/v3/glossaries/{id}");
    let send = |method: &str, path: &str, body: Value| {
        let kind = [("content-type", "application/json")];
        server.request(method, path, &kind, body.to_string().as_bytes())
    };
    let more = json!({"name": "city desk", "dictionaries": [
        dictionary("en", "ko", "council\t의회\nport\t항만")]});
    let changed = send("PATCH", &path, more).json();
    assert_eq!(
        (&changed["name"], &changed["dictionaries"][0]["entry_count"]),
        (&json!("city desk"), &json!(2))
    );
    let entries = format!("{path}/entries?source_lang=en&target_lang=ko");
    let found = server.get(&entries).json()["dictionaries"][0]["entries"].clone();
    assert_eq!(found, "council\t의회\nport\t항만\n");
    let put = send("PUT", &format!("{path}/dictionaries"), dictionary("en", "ko", "bank\t둑"));
    assert_eq!((put.status, &put.json()["entry_count"]), (200, &json!(1)));
    // Version 2 knows glossaries of one direction.
    assert_eq!(server.get("/v2/glossaries").json()["glossaries"], json!([]));
    let asked = json!({"text": ["The council meets."], "source_lang": "EN", "target_lang": "KO",
        "glossary_id": id});
    assert_eq!(server.post("/v2/translate", &asked).status, 200);
    let dictionaries = format!("{path}/dictionaries?source_lang=ko&target_lang=en");
    assert_eq!(send("DELETE", &dictionaries, json!({})).status, 204);
    assert_eq!(send("DELETE", &dictionaries, json!({})).status, 404);
    assert_eq!(server.get("/v2/glossaries").json()["glossaries"][0]["name"], "city desk");
    for entries in ["a\tb\na\tc", "a", "a\t", "a\tb\u{1}"] {
        let wrong = send("PUT", &format!("{path}/dictionaries"), dictionary("en", "ko", entries));
        assert_eq!(wrong.status, 400, "{entries:?}");
    }
    assert_eq!(send("DELETE", &path, json!({})).status, 204);
    assert_eq!(server.get(&path).status, 404);
}

#[test]
fn a_glossary_counts_once_however_often_it_is_named() {
    let (_home, _model, server) = serve();
    let ask = |id: String| {
        let asked = json!({"text": ["The council meets."], "source_lang": "EN",
            "target_lang": "KO", "glossary_id": id});
        server.post("/v2/translate", &asked)
    };
    let make = |name: String| {
        let made = json!({"name": name, "source_lang": "en", "target_lang": "ko",
            "entries": "council\t시의회", "entries_format": "tsv"});
        let made = server.post("/v2/glossaries", &made).json();
        made["glossary_id"].as_str().unwrap().to_string()
    };
    let ids: Vec<String> = (0..11).map(|number| make(number.to_string())).collect();
    let again = vec![ids[..10].join(","); 100].join(",");
    assert_eq!(ask(again).status, 200);
    let refused = ask(ids.join(","));
    assert_eq!(refused.status, 400);
    assert!(refused.body.contains("`glossary_id` names more than 10"), "{}", refused.body);
}

#[test]
fn a_failure_after_the_white_space_breaks_the_answer_off() {
    let (_home, _model, server) = serve_with(&["--no-memory"]);
    let asked = json!({"text": ["They limp."], "target_lang": "KO"});
    let answer = server.post("/v2/translate", &asked);
    assert_eq!((answer.status, answer.body.trim()), (200, ""));
    assert!(answer.body.starts_with(' '));
}

#[test]
fn a_key_that_is_not_known_is_forbidden() {
    let home = Home::new();
    let keys = home.path().join("keys");
    let keys = keys.to_str().unwrap();
    home.run(&["serve", "--keys", keys, "--new-key", "desk"]);
    let model = model();
    let path = model.path().display().to_string();
    let server = Server::start(&home, &["--model", &path, "--keys", keys]);
    for path in ["/v2/translate", "/v3/glossaries", "/v2/document", "/v2/usage"] {
        let (status, message) = refused(&server, path, &json!({}));
        assert!(status == 403 && message.contains("key"), "{path}: {status} {message}");
    }
}
