//! The audit log: what commands and the server record, and what its verification finds.

use std::path::Path;

use serde_json::{Value, json};

use crate::cli::Home;
use crate::support::hub::sha256;
use crate::support::scripted;

const TEXT: &str = "The council of Haemin met on Monday. It agreed to mend the pier before winter.";
const SAYS: &str = "The council met on Monday.";

fn model() -> (tempfile::TempDir, String) {
    let model = scripted::model(json!([{"say": SAYS}]), 16384);
    let path = model.path().display().to_string();
    (model, path)
}

/// The records of a log that is whole.
fn records(path: &Path) -> Vec<Value> {
    let text = std::fs::read_to_string(path).unwrap();
    let found = malmoi::internals::audit::verify(text.as_bytes(), None).unwrap();
    assert_eq!(found.fault, None, "{text}");
    text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

fn events(records: &[Value]) -> Vec<&str> {
    records.iter().map(|record| record["event"].as_str().unwrap()).collect()
}

#[test]
fn a_summary_is_recorded_by_hashes_and_names_and_without_its_text() {
    let (home, (_model, model)) = (Home::new(), model());
    home.write("a.txt", TEXT);
    let log = home.path().join("audit.jsonl");
    let arguments = ["summarize", "a.txt", "--model", &model, "--audit-log", "audit.jsonl"];
    let ran = home.run_with(&arguments, "", &[("USER", "haneul")]);
    assert_eq!(ran.code, Some(0), "{}", ran.err);
    let found = records(&log);
    assert_eq!(events(&found), ["start", "result", "end"]);
    let result = &found[1];
    assert_eq!(result["user"], "haneul");
    assert_eq!(result["by"], "summarize");
    assert_eq!(result["task"], "summarize");
    assert_eq!(result["input_sha256"], sha256(TEXT.as_bytes()));
    assert_eq!(result["result_sha256"], sha256(ran.out.trim_end().as_bytes()));
    let sum = result["models"][0]["sha256"].as_str().unwrap();
    assert!(sum.len() == 64 && sum.bytes().all(|byte| byte.is_ascii_hexdigit()), "{sum}");
    let text = std::fs::read_to_string(&log).unwrap();
    for word in ["council", "Haemin", "pier"] {
        assert!(!text.contains(word), "{text}");
    }
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        let mode = std::fs::metadata(&log).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
    }
    // A second run goes on with the chain, and options make another hash.
    let more = [&arguments[..], &["--sentences", "1"]].concat();
    assert_eq!(home.run(&more).code, Some(0));
    let found = records(&log);
    assert_eq!(found.len(), 6);
    assert_ne!(found[1]["options"], found[4]["options"]);
    assert_eq!(home.run_with(&arguments, "", &[("USER", "haneul")]).code, Some(0));
    assert_eq!(records(&log)[7]["options"], found[1]["options"]);
}

#[test]
fn each_item_of_a_batch_is_recorded_from_inside_the_sandbox() {
    let (home, (_model, model)) = (Home::new(), model());
    for name in ["a", "b", "c"] {
        home.write(&format!("in/{name}.txt"), format!("{TEXT} {name}"));
    }
    let arguments = ["batch", "in", "-o", "out", "--to", "en", "--summarize", "--model", &model];
    let variables = [("MALMOI_AUDIT_LOG", "audit.jsonl")];
    let ran = home.run_with(&arguments, "", &variables);
    assert_eq!(ran.code, Some(0), "{}", ran.err);
    let found = records(&home.path().join("audit.jsonl"));
    assert_eq!(events(&found), ["start", "result", "result", "result", "end"]);
    let items = std::fs::read_to_string(home.path().join("out/items.jsonl")).unwrap();
    for line in items.lines() {
        let line: Value = serde_json::from_str(line).unwrap();
        let summary = line["summary"]["text"].as_str().unwrap();
        let record = found.iter().find(|record| record["input_sha256"] == line["content"]);
        let record = record.unwrap();
        assert_eq!(record["result_sha256"], sha256(summary.as_bytes()));
        assert_eq!(record["options"], line["spec"]);
        assert_ne!(record["models"][0]["sha256"], "unknown");
    }
}

#[test]
#[cfg(target_os = "linux")]
fn what_cannot_be_recorded_is_not_done() {
    let (home, (_model, model)) = (Home::new(), model());
    home.write("a.txt", TEXT);
    let full = ["--audit-log", "/dev/full", "--model", &model];
    let ran = home.run(&[&["summarize", "a.txt", "-o", "b.txt"][..], &full].concat());
    assert_eq!(ran.code, Some(2));
    assert!(ran.err.contains("audit log"), "{}", ran.err);
    assert!(!home.path().join("b.txt").exists());
    // A log that somebody changed is not continued.
    home.write("audit.jsonl", "{}\n");
    let log = ["--audit-log", "audit.jsonl", "--model", &model];
    let ran = home.run(&[&["summarize", "a.txt", "-o", "b.txt"][..], &log].concat());
    assert_eq!(ran.code, Some(2));
    assert!(ran.err.contains("malmoi audit verify"), "{}", ran.err);
    assert!(!home.path().join("b.txt").exists());
}

#[test]
fn pairs_that_are_checked_are_recorded_with_their_doubts_and_failures_with_their_kind() {
    let home = Home::new();
    home.write("source.txt", "The ferry carried 300 people on Monday.");
    home.write("output.txt", "여객선은 월요일에 500명을 태웠다.");
    let log = ["--audit-log", "audit.jsonl"];
    let check = ["check", "source.txt", "output.txt"];
    let ran = home.run(&[&check[..], &log].concat());
    assert_eq!(ran.code, Some(0), "{}", ran.err);
    let ran =
        home.run(&[&["summarize", "absent.txt", "--model", "absent.gguf"][..], &log].concat());
    assert_eq!(ran.code, Some(2));
    let found = records(&home.path().join("audit.jsonl"));
    assert_eq!(events(&found), ["start", "result", "end", "start", "failure", "end"]);
    assert_eq!(found[1]["findings"]["numbers"], 2, "{}", found[1]);
    assert_eq!(found[4]["kind"], "NotFound");
}

#[test]
fn the_verification_names_the_line_and_a_head_that_is_gone() {
    let home = Home::new();
    home.write("source.txt", TEXT);
    home.write("output.txt", SAYS);
    let check = ["check", "source.txt", "output.txt", "--task", "summary"];
    let path = home.path().join("audit.jsonl");
    for _ in 0..2 {
        home.run(&[&check[..], &["--audit-log", "audit.jsonl"]].concat());
    }
    let verify = |more: &[&str]| home.run(&[&["audit", "verify", "audit.jsonl"], more].concat());
    let ran = verify(&["--json"]);
    assert_eq!(ran.code, Some(0));
    let report: Value = serde_json::from_str(&ran.out).unwrap();
    assert_eq!((&report["whole"], &report["records"]), (&json!(true), &json!(6)));
    let head = report["head"].as_str().unwrap().to_string();
    let whole = std::fs::read_to_string(&path).unwrap();
    let lines: Vec<&str> = whole.lines().collect();
    std::fs::write(&path, format!("{}\n", lines[..5].join("\n"))).unwrap();
    assert_eq!(verify(&[]).code, Some(0), "a log that was cut looks whole by itself");
    let ran = verify(&["--head", &head]);
    assert_eq!(ran.code, Some(1));
    assert!(ran.out.contains("line 6") && ran.out.contains("cut"), "{}", ran.out);
    std::fs::write(&path, whole.replacen("\"check\"", "\"chack\"", 1)).unwrap();
    let ran = verify(&[]);
    assert_eq!(ran.code, Some(1));
    assert!(ran.out.starts_with("line 1: it was changed"), "{}", ran.out);
}

#[test]
#[cfg(feature = "serve")]
fn the_server_records_the_name_of_the_key_and_what_it_refuses() {
    use crate::support::http::Server;
    let (home, (_model, model)) = (Home::new(), model());
    let made = home.run(&["serve", "--keys", "keys.txt", "--new-key", "newsroom"]);
    let key = made.out.trim().to_string();
    let arguments =
        ["--model", &model, "--keys", "keys.txt", "--audit-log", "audit.jsonl", "--repair", "off"];
    let server = Server::start(&home, &arguments);
    let body = json!({"text": TEXT, "from": "en", "to": "en"});
    assert_eq!(server.post("/api/v1/summarize", &body).status, 401);
    let with_key = json!({"text": TEXT, "from": "en", "to": "en", "api_key": key});
    let answer = server.post("/api/v1/summarize", &with_key);
    assert_eq!(answer.status, 200, "{}", answer.body);
    let pair = json!({"source": TEXT, "output": SAYS, "task": "summary", "api_key": key});
    assert_eq!(server.post("/api/v1/check", &pair).status, 200);
    let deepl = json!({"text": [TEXT], "target_lang": "KO", "auth_key": key});
    let deepl = server.post("/v2/translate", &deepl);
    server.interrupt();
    server.wait();
    let path = home.path().join("audit.jsonl");
    let found = records(&path);
    let by = |record: &Value| record["by"].as_str().unwrap_or_default().to_string();
    let refused = found.iter().find(|record| record["event"] == "failure").unwrap();
    assert_eq!((&*by(refused), &refused["kind"]), ("POST /api/v1/summarize", &json!("401")));
    let results: Vec<&Value> = found.iter().filter(|record| record["event"] == "result").collect();
    assert!(results.len() >= 2, "{found:?}");
    assert!(results.iter().all(|record| record["key"] == "newsroom"), "{results:?}");
    assert_eq!(by(results[0]), "POST /api/v1/summarize");
    assert_eq!(results[0]["input_sha256"], sha256(TEXT.as_bytes()));
    if deepl.status == 200 {
        assert_eq!(by(results[2]), "POST /v2/translate");
    }
    let text = std::fs::read_to_string(&path).unwrap();
    assert!(!text.contains(&key) && !text.contains("Haemin"), "{text}");
}
