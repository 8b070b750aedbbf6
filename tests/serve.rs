mod attack;
mod clients;
mod deepl;
mod extensions;
mod libretranslate;
mod load;
mod openai;

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
            {"when": "trudge", "say": "겨우 도착했다.", "pause": 600},
            {"when": "limp", "say": "boom ", "pause": 1300, "then": "fail"},
            {"when": "harbor bank", "say": "둑이 높다."},
            {"when": "The bank", "say": "은행이 높다."},
            {"when": "The council\nmeets", "say": "시의회가\n모인다."},
            {"when": "Press Send", "say": "지금 보내기를 누르세요."},
            {"when": "Press Stop", "say": "Stop 누르세요."},
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
fn a_glossary_of_too_many_terms_is_refused_with_the_limit() {
    let (_home, _model, server) = serve_with(&["--no-memory"]);
    let glossary = vec![json!({"source": "a", "target": "나"}); 10_001];
    let asked = json!({"text": "The council meets.", "source": "The council meets.",
        "output": "시의회가 모인다.", "to": "ko", "glossary": glossary});
    for path in ["/api/v1/translate", "/api/v1/check", "/api/v1/jobs"] {
        let answer = server.post(path, &asked);
        assert_eq!(answer.status, 400, "{path}: {}", answer.body);
        assert!(answer.body.contains("at most 10000 terms"), "{path}: {}", answer.body);
    }
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
