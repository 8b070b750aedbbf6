mod attack;
mod load;

use std::io::Write;
use std::net::TcpStream;
use std::time::{Duration, Instant};

use serde_json::{Value, json};
use tempfile::TempDir;

use crate::cli::Home;
use crate::support::http::{Server, read_answer};
use crate::support::scripted;

/// A scripted translator that is never sure of the number of ferries.
fn model() -> TempDir {
    scripted::model(
        json!([
            {"when": "crawl", "say": "겨우 도착했다.", "pause": 40},
            {"when": "drums", "say": "boom ", "then": "fail"},
            {"when": "17 ferries", "say": "여객선 12척이 떠났다."},
            {"when": "The council", "say": "시의회는 월요일에 모인다."},
            {"when": "시의회", "say": "The council meets on Monday."},
            {"say": "모르는 글이다."}
        ]),
        8192,
    )
}

fn serve_with(arguments: &[&str]) -> (Home, TempDir, Server) {
    let (home, model) = (Home::new(), model());
    let path = model.path().display().to_string();
    let server =
        Server::start(&home, &[&["--model", &path, "--repair", "off"], arguments].concat());
    (home, model, server)
}

fn serve() -> (Home, TempDir, Server) {
    serve_with(&[])
}

#[test]
fn a_translation_has_its_segments_and_its_findings() {
    let (_home, _model, server) = serve();
    let text = "The council meets.\n\n17 ferries left.";
    let answer = server.post("/api/v1/translate", &json!({"text": text, "to": "ko"}));
    assert_eq!(answer.status, 200, "{}", answer.body);
    let outcome = answer.json();
    assert_eq!(outcome["text"], "시의회는 월요일에 모인다.\n\n여객선 12척이 떠났다.");
    assert_eq!(outcome["segments"].as_array().unwrap().len(), 2);
    let findings = outcome["findings"].as_array().unwrap();
    let numbers = findings.iter().find(|finding| finding["check"] == "numbers").unwrap();
    assert_eq!(numbers["segment"], 1);
    assert_eq!(answer.header("x-content-type-options"), Some("nosniff"));
    assert_eq!(answer.header("access-control-allow-origin"), None);
}

#[test]
fn a_stream_ends_with_the_whole_outcome() {
    let (_home, _model, server) = serve();
    let body =
        json!({"text": "The council meets.\n\n17 ferries left.", "to": "ko", "stream": true});
    let answer = server.post("/api/v1/translate", &body);
    assert_eq!(answer.header("content-type"), Some("text/event-stream"));
    let events = answer.events();
    let text: String = events
        .iter()
        .filter(|(name, _)| name == "text")
        .map(|(_, data)| serde_json::from_str::<String>(data).unwrap())
        .collect();
    let (name, last) = events.last().unwrap();
    assert_eq!(name, "outcome");
    let outcome: Value = serde_json::from_str(last).unwrap();
    assert_eq!(outcome["text"], text);
    assert!(events.iter().any(|(name, _)| name == "progress"));
}

#[test]
fn a_pair_that_somebody_else_wrote_is_checked() {
    let (_home, _model, server) = serve();
    let pair = json!({"source": "17 ferries left.", "output": "여객선 12척이 떠났다."});
    let found = server.post("/api/v1/check", &pair).json();
    assert_eq!(found["task"], "translation");
    assert_eq!(found["findings"][0]["check"], "numbers");
}

#[test]
fn libretranslate_is_asked_in_four_ways() {
    let (_home, _model, server) = serve();
    let expected = "시의회는 월요일에 모인다.";
    let form = [("content-type", "application/x-www-form-urlencoded")];
    let fields = "q=The+council+meets.&source=en&target=ko";
    let multipart = [("content-type", "multipart/form-data; boundary=x")];
    let part = |name: &str, value: &str| {
        format!("--x\r\ncontent-disposition: form-data; name=\"{name}\"\r\n\r\n{value}\r\n")
    };
    let parts =
        [part("q", "The council meets."), part("source", "en"), part("target", "ko")].concat();
    let query = format!("/translate?{fields}");
    for answer in [
        server.post(
            "/translate",
            &json!({"q": "The council meets.", "source": "en", "target": "ko"}),
        ),
        server.request("POST", "/translate", &form, fields.as_bytes()),
        server.request("POST", &query, &[], b""),
        server.request("POST", "/translate", &multipart, format!("{parts}--x--\r\n").as_bytes()),
    ] {
        assert_eq!((answer.status, answer.json()), (200, json!({"translatedText": expected})));
    }
    let list = json!({"q": ["The council meets.", "…"], "source": "auto", "target": "ko"});
    assert_eq!(
        server.post("/translate", &list).json(),
        json!({
            "detectedLanguage": [
                {"confidence": 100, "language": "en"}, {"confidence": 0, "language": "en"}
            ],
            "translatedText": [expected, "…"],
        })
    );
}

#[test]
fn libretranslate_s_other_addresses_answer_as_its_clients_expect() {
    let (_home, _model, server) = serve();
    let languages = server.get("/languages").json();
    assert_eq!(languages[0]["code"], "en");
    assert_eq!(languages[0]["targets"], json!(["en", "ko"]));
    let found = server.post("/detect", &json!({"q": "시의회는 모인다."})).json();
    assert_eq!(found, json!([{"confidence": 100.0, "language": "ko"}]));
    assert_eq!(server.get("/health").json(), json!({"status": "ok"}));
    assert_eq!(server.get("/frontend/settings").json()["keyRequired"], false);
    let missing = server.post("/translate", &json!({"source": "en", "target": "ko"}));
    let error = json!({"error": "Invalid request: missing q parameter"});
    assert_eq!((missing.status, missing.json()), (400, error));
    let other = server.post("/translate", &json!({"q": "a", "source": "en", "target": "fr"}));
    assert_eq!(other.status, 400);
    let html = json!({"q": "<p>The council <b>meets</b>.</p>", "source": "en", "target": "ko",
        "format": "html"});
    let html = server.post("/translate", &html).json();
    assert!(html["translatedText"].as_str().unwrap().starts_with("<p>"), "{html}");
}

#[test]
fn openai_s_clients_get_whole_answers_and_streams() {
    let (_home, model, server) = serve();
    let ids = server.get("/v1/models").json();
    let ids: Vec<&str> =
        ids["data"].as_array().unwrap().iter().map(|one| one["id"].as_str().unwrap()).collect();
    let name = model.path().file_name().unwrap().to_str().unwrap();
    let tasks = ["translate-en", "translate-ko", "summarize-en", "summarize-ko"];
    assert_eq!(ids, [&[name][..], &tasks].concat());
    let messages = json!([{"role": "system", "content": "Translate."},
        {"role": "user", "content": [{"type": "text", "text": "The council meets."}]}]);
    let whole = server
        .post("/v1/chat/completions", &json!({"model": "translate-ko", "messages": messages}))
        .json();
    assert_eq!(whole["choices"][0]["message"]["content"], "시의회는 월요일에 모인다.");
    assert_eq!(whole["choices"][0]["finish_reason"], "stop");
    let usage = &whole["usage"];
    assert_eq!(
        usage["total_tokens"].as_u64(),
        Some(
            usage["prompt_tokens"].as_u64().unwrap() + usage["completion_tokens"].as_u64().unwrap()
        )
    );
    for name in [name, "translate-ko"] {
        let asked = json!({"model": name, "messages": messages, "stream": true,
            "stream_options": {"include_usage": true}});
        let events = server.post("/v1/chat/completions", &asked).events();
        assert_eq!(events.last().unwrap().1, "[DONE]");
        let chunks: Vec<Value> = events[..events.len() - 1]
            .iter()
            .map(|(_, data)| serde_json::from_str(data).unwrap())
            .collect();
        let text: String = chunks
            .iter()
            .filter_map(|chunk| chunk["choices"][0]["delta"]["content"].as_str())
            .collect();
        assert_eq!(text, "시의회는 월요일에 모인다.", "{name}");
        assert!(chunks.last().unwrap()["usage"]["total_tokens"].as_u64() > Some(0));
    }
    let prompt = json!({"model": name, "prompt": "The council meets."});
    let text = server.post("/v1/completions", &prompt).json()["choices"][0]["text"].clone();
    assert_eq!(text, "시의회는 월요일에 모인다.");
    let unknown =
        server.post("/v1/chat/completions", &json!({"model": "gpt-9", "messages": messages}));
    assert_eq!(
        (unknown.status, &unknown.json()["error"]["code"]),
        (404, &json!("model_not_found"))
    );
}

#[test]
fn what_a_client_must_not_do_has_its_status() {
    let (_home, _model, server) = serve_with(&["--max-body", "1", "--max-characters", "100"]);
    let json_kind = ("content-type", "application/json");
    let text = br#"{"text": "The council meets."}"#;
    let ask = |headers: &[(&str, &str)]| {
        server.request("POST", "/api/v1/translate", headers, text).status
    };
    assert_eq!(ask(&[json_kind, ("host", "evil.test")]), 403);
    assert_eq!(ask(&[json_kind, ("origin", "https://evil.test")]), 403);
    assert_eq!(ask(&[json_kind, ("origin", "null")]), 403);
    assert_eq!(ask(&[json_kind, ("sec-fetch-site", "cross-site")]), 403);
    assert_eq!(ask(&[json_kind]), 200);
    for (path, method, status) in [
        ("/../../../etc/passwd", "GET", 404),
        ("/%2e%2e/%2e%2e/etc/passwd", "GET", 404),
        ("/api/v1/translate", "GET", 405),
        ("/nothing", "GET", 404),
    ] {
        assert_eq!(server.request(method, path, &[], b"").status, status, "{path}");
    }
    let large = vec![b'a'; (1 << 20) + 1];
    assert_eq!(server.request("POST", "/api/v1/translate", &[json_kind], &large).status, 413);
    let long = json!({"text": "word ".repeat(30)});
    assert_eq!(server.post("/api/v1/translate", &long).status, 413);
    for body in
        ["", "[]", "{", "{\"text\": 1}", "{\"text\": \"\"}", "{\"text\": \"a\", \"to\": \"fr\"}"]
    {
        let answer = server.request("POST", "/api/v1/translate", &[json_kind], body.as_bytes());
        assert_eq!(answer.status, 400, "{body}: {}", answer.body);
        assert!(answer.json()["error"].is_string());
    }
    let failed = server.post("/api/v1/translate", &json!({"text": "Hear the drums.", "to": "ko"}));
    assert_eq!(failed.status, 500);
    assert!(!failed.body.contains("drums"));
}

#[test]
fn a_body_larger_than_memory_is_refused_before_it_is_read() {
    let (_home, _model, server) = serve_with(&["--max-body", "1"]);
    let head = format!(
        "POST /translate HTTP/1.1\r\nhost: {}\r\ncontent-length: 1073741824\r\n\r\n",
        server.address
    );
    let mut stream = server.connect();
    stream.write_all(head.as_bytes()).unwrap();
    let chunk = vec![b'a'; 1 << 16];
    let mut sent = 0usize;
    while sent < 1 << 30 && stream.write_all(&chunk).is_ok() {
        sent += chunk.len();
    }
    assert!(sent < 64 << 20, "{sent} bytes were taken");
    assert_eq!(server.get("/healthz").status, 200);
}

#[test]
fn keys_are_needed_where_there_are_keys() {
    let home = Home::new();
    let keys = home.path().join("keys");
    let keys = keys.to_str().unwrap();
    let key = home.run(&["serve", "--keys", keys, "--new-key", "desk"]).out.trim().to_string();
    assert!(key.starts_with("mk-"));
    let model = model();
    let path = model.path().display().to_string();
    let server = Server::start(&home, &["--model", &path, "--keys", keys]);
    let body = json!({"q": "The council meets.", "source": "en", "target": "ko"});
    let kind = ("content-type", "application/json");
    let ask = |path: &str, headers: &[(&str, &str)], body: &Value| {
        server.request("POST", path, headers, body.to_string().as_bytes()).status
    };
    assert_eq!(ask("/translate", &[kind], &body), 403);
    assert_eq!(ask("/api/v1/translate", &[kind], &json!({"text": "The council meets."})), 401);
    for header in [format!("Bearer {key}"), format!("DeepL-Auth-Key {key}")] {
        assert_eq!(ask("/translate", &[kind, ("authorization", &header)], &body), 200);
    }
    let mut with_key = body.clone();
    with_key["api_key"] = key.as_str().into();
    assert_eq!(ask("/translate", &[kind], &with_key), 200);
    assert_eq!(ask("/translate", &[kind, ("authorization", "Bearer mk-wrong")], &body), 403);
    assert_eq!(server.get("/healthz").status, 200);
}

#[test]
fn other_machines_are_served_only_with_keys() {
    let home = Home::new();
    let ran = home.run(&["serve", "--listen", "0.0.0.0:0"]);
    assert_eq!(ran.code, Some(2));
    assert!(ran.err.contains("--new-key"), "{}", ran.err);
}

#[test]
fn a_full_queue_says_when_to_come_back() {
    let arguments = ["--at-once", "1", "--queue", "1", "--no-memory"];
    let (_home, _model, server) = serve_with(&arguments);
    let statuses: Vec<(u16, bool)> = std::thread::scope(|scope| {
        let ask = |index: usize| {
            let text = format!("They crawl {index}.");
            let answer = server.post("/api/v1/translate", &json!({"text": text, "to": "ko"}));
            (answer.status, answer.header("retry-after").is_some())
        };
        let asked: Vec<_> = (0..24).map(|index| scope.spawn(move || ask(index))).collect();
        asked.into_iter().map(|thread| thread.join().unwrap()).collect()
    });
    assert!(statuses.contains(&(200, false)), "{statuses:?}");
    assert!(statuses.contains(&(429, true)), "{statuses:?}");
    assert!(statuses.iter().all(|one| [(200, false), (429, true)].contains(one)), "{statuses:?}");
}

#[test]
fn a_short_text_is_done_while_long_ones_still_run() {
    let (_home, _model, server) = serve_with(&["--at-once", "2", "--no-memory"]);
    let long: Vec<TcpStream> = (0..6)
        .map(|index| {
            let text = format!("They crawl {index}. ").repeat(400);
            let mut stream = server.connect();
            stream.write_all(&server.bytes(&json!({"text": text, "to": "ko"}))).unwrap();
            stream
        })
        .collect();
    while running(&server) < 4 {
        std::thread::sleep(Duration::from_millis(20));
    }
    let short = json!({"text": "The council meets.", "to": "ko"});
    assert_eq!(server.post("/api/v1/translate", &short).status, 200);
    assert!(running(&server) >= 4);
    drop(long);
}

/// Requests that models work on.
fn running(server: &Server) -> usize {
    let metrics = server.get("/metrics").body;
    let line = metrics.lines().find(|line| line.starts_with("malmoi_queue_running "));
    line.unwrap().rsplit(' ').next().unwrap().parse().unwrap()
}

#[test]
fn a_client_that_leaves_takes_its_request_with_it() {
    let (_home, _model, server) = serve_with(&["--at-once", "1", "--no-memory"]);
    for _ in 0..4 {
        let mut stream = server.connect();
        let body = json!({"text": "They crawl. ".repeat(300), "to": "ko"});
        stream.write_all(&server.bytes(&body)).unwrap();
        std::thread::sleep(Duration::from_millis(200));
    }
    let deadline = Instant::now() + Duration::from_secs(60);
    while running(&server) > 0 {
        assert!(Instant::now() < deadline, "{} requests still run", running(&server));
        std::thread::sleep(Duration::from_millis(50));
    }
}

#[test]
fn a_slow_head_does_not_keep_a_connection() {
    let (_home, _model, server) = serve();
    let mut stream = server.connect();
    stream.write_all(b"POST /translate HTTP/1.1\r\nhost: ").unwrap();
    let began = Instant::now();
    let mut bytes = Vec::new();
    let _ = std::io::Read::read_to_end(&mut stream, &mut bytes);
    assert!(began.elapsed() < Duration::from_secs(30));
    assert_eq!(server.get("/healthz").status, 200);
}

#[test]
fn a_server_that_is_stopped_finishes_what_it_has_in_hand() {
    let (_home, _model, server) = serve_with(&["--no-memory"]);
    let mut stream = server.connect();
    stream.write_all(&server.bytes(&json!({"text": "They crawl.", "to": "ko"}))).unwrap();
    std::thread::sleep(Duration::from_millis(300));
    server.interrupt();
    let answer = read_answer(stream);
    assert_eq!((answer.status, answer.json()["text"].as_str()), (200, Some("겨우 도착했다.")));
    assert_eq!(server.wait().0, Some(0));
}

#[test]
fn the_log_and_the_counts_hold_no_word_of_an_article() {
    let home = Home::new();
    let log = home.path().join("access.log");
    let model = model();
    let path = model.path().display().to_string();
    let server = Server::start(&home, &["--model", &path, "--access-log", log.to_str().unwrap()]);
    let query = "/translate?q=The+council+meets.&source=en&target=ko";
    assert_eq!(server.request("POST", query, &[], b"").status, 200);
    let failed = json!({"q": "Hear the drums.", "source": "en", "target": "ko"});
    assert_eq!(server.post("/translate", &failed).status, 500);
    let written = std::fs::read_to_string(&log).unwrap();
    let lines: Vec<Value> =
        written.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert!(lines.iter().any(|line| line["route"] == "/translate" && line["status"] == 200));
    let metrics = server.get("/metrics").body;
    assert!(metrics.contains("malmoi_http_requests_total{route=\"/translate\",status=\"200\"} 1"));
    for text in [&written, &metrics] {
        assert!(!text.contains("council") && !text.contains("drums"), "{text}");
    }
}

#[test]
fn the_openapi_document_names_every_field() {
    let (_home, _model, server) = serve();
    let document = server.get("/api/v1/openapi.json").json();
    let schemas = &document["components"]["schemas"];
    // Wishes are a schema of their own within the request's.
    let parts = schemas["TextRequest"]["allOf"].as_array().unwrap();
    let describes = |name: &str| {
        parts.iter().any(|part| {
            let schema = part["$ref"].as_str().and_then(|path| path.rsplit('/').next());
            let part = schema.map_or(part, |schema| &schemas[schema]);
            part["properties"][name]["description"].is_string()
        })
    };
    for name in ["text", "from", "to", "sentences", "style", "register", "glossary", "stream"] {
        assert!(describes(name), "{name}");
    }
    assert!(describes("model") && describes("glossary_id"));
}

#[test]
fn deepl_s_clients_get_texts_glossaries_and_documents() {
    let (_home, _model, server) = serve();
    let asked = json!({"text": ["The council meets.", "…"], "target_lang": "KO"});
    let translations = server.post("/v2/translate", &asked).json()["translations"].clone();
    assert_eq!(translations[0]["text"], "시의회는 월요일에 모인다.");
    assert_eq!(translations[0]["detected_source_language"], "EN");
    assert_eq!(translations[0]["billed_characters"], 18);
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

#[test]
fn browser_extensions_are_served_in_their_own_shapes() {
    let (_home, _model, server) = serve_with(&["--allow-origin", "moz-extension://*"]);
    let (source, target) = ("The council meets.", "시의회는 월요일에 모인다.");
    let immersive = json!({"source_lang": "auto", "target_lang": "ko", "text_list": [source, "…"]});
    assert_eq!(
        server.post("/imme", &immersive).json()["translations"],
        json!([{"detected_source_lang": "en", "text": target},
            {"detected_source_lang": "en", "text": "…"}])
    );
    let kiss = json!({"text": source, "from": "auto", "to": "ko"});
    assert_eq!(server.post("/kiss", &kiss).json()["text"], target);
    let deeplx = json!({"text": source, "source_lang": "EN", "target_lang": "KO"});
    let answer = server.post("/deeplx", &deeplx).json();
    assert_eq!((&answer["code"], &answer["data"]), (&json!(200), &json!(target)));
    let origin = [("origin", "moz-extension://3f1c"), ("content-type", "application/json")];
    let answer = server.request("POST", "/kiss", &origin, kiss.to_string().as_bytes());
    assert_eq!(answer.header("access-control-allow-origin"), Some("moz-extension://3f1c"));
    let preflight = server.request("OPTIONS", "/kiss", &origin[..1], b"");
    assert_eq!(preflight.status, 204);
    assert!(preflight.header("access-control-allow-headers").is_some());
}

#[test]
fn files_are_translated_and_fetched_by_their_secret_name() {
    let (_home, _model, server) = serve();
    let multipart = [("content-type", "multipart/form-data; boundary=x")];
    let part = |name: &str, value: &str| {
        format!("--x\r\ncontent-disposition: form-data; name=\"{name}\"\r\n\r\n{value}\r\n")
    };
    let file = "--x\r\ncontent-disposition: form-data; name=\"file\"; filename=\"a.html\"\r\n\r\n\
                <p>The council meets.</p>\r\n--x--\r\n";
    let body = [&part("source", "en"), &part("target", "ko"), file].concat();
    let answer = server.request("POST", "/translate_file", &multipart, body.as_bytes()).json();
    let url = answer["translatedFileUrl"].as_str().unwrap();
    let path = url.strip_prefix(&format!("http://{}", server.address)).unwrap();
    assert!(server.get(path).body.contains("<p>시의회는 월요일에 모인다.</p>"));
    assert_eq!(server.get("/download_file/guess.a.html").status, 404);
}

/// The Python of an environment with `clients/requirements.txt` is in `MALMOI_CLIENTS`.
#[test]
fn real_clients_are_served() {
    let Some(python) = std::env::var_os("MALMOI_CLIENTS") else {
        eprintln!("skipped: MALMOI_CLIENTS names no Python with the clients");
        return;
    };
    let (_home, model, server) = serve_with(&["--no-memory"]);
    let name = model.path().file_name().unwrap().to_str().unwrap();
    let ran = std::process::Command::new(python)
        .arg(crate::support::here("clients/clients.py"))
        .args([&format!("http://{}", server.address), name])
        .output()
        .unwrap();
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    assert!(ran.status.success(), "{}{}", text(&ran.stdout), text(&ran.stderr));
}
