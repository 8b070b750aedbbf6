use std::io::Write;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use serde_json::{Value, json};
use tempfile::TempDir;

use crate::cli::Home;
use crate::support::assistant::{Assistant, Generation, texts};
use crate::support::{here, scripted};

/// A scripted model that is never sure of the number of ferries.
fn model() -> TempDir {
    scripted::model(
        json!([
            {"when": "crawl", "say": "배들은 밤새 천천히 움직여 새벽에야 겨우 항구에 도착했다.", "pause": 40},
            {"when": "drums", "say": "boom ", "then": "fail"},
            {"when": "Here is a news article", "say": "The council met on Monday."},
            {"when": "17 ferries", "say": "여객선 12척이 떠났다."},
            {"when": "The council", "say": "시의회는 월요일에 모인다."},
            {"say": "모르는 글이다."}
        ]),
        8192,
    )
}

fn start_with(generation: Generation, arguments: &[&str]) -> (Home, TempDir, Assistant) {
    let (home, model) = (Home::new(), model());
    let path = model.path().display().to_string();
    let arguments = [&["--model", &path, "--repair", "off"], arguments].concat();
    let assistant = Assistant::start(&home, generation, &arguments);
    (home, model, assistant)
}

const GENERATIONS: [Generation; 2] = [Generation::Session, Generation::Stateless];

#[test]
fn both_generations_are_told_the_same_tools() {
    let mut lists = Vec::new();
    for generation in GENERATIONS {
        let (_home, _model, mut assistant) = start_with(generation, &[]);
        let list = assistant.request("tools/list", json!({}))["result"].clone();
        let tools = list["tools"].as_array().unwrap();
        let names: Vec<&str> = tools.iter().map(|tool| tool["name"].as_str().unwrap()).collect();
        assert_eq!(names, ["translate", "summarize", "check", "glossary_lookup"]);
        for tool in tools {
            let hints = &tool["annotations"];
            assert_eq!(
                (&hints["readOnlyHint"], &hints["idempotentHint"], &hints["openWorldHint"]),
                (&json!(true), &json!(true), &json!(false))
            );
            assert!(tool["description"].as_str().unwrap().len() > 100, "{tool}");
            assert!(tool["inputSchema"]["properties"].is_object(), "{tool}");
            assert!(tool["outputSchema"]["properties"].is_object(), "{tool}");
        }
        // Only the stateless revision says that an answer is whole.
        assert_eq!(list.get("resultType").is_some(), generation == Generation::Stateless);
        lists.push(list["tools"].clone());
    }
    assert_eq!(lists[0], lists[1]);
}

#[test]
fn a_stateless_client_discovers_the_server_first() {
    let (_home, _model, mut assistant) = start_with(Generation::Stateless, &[]);
    let about = assistant.request("server/discover", json!({}))["result"].clone();
    let versions = about["supportedVersions"].as_array().unwrap();
    for version in ["2025-11-25", "2026-07-28"] {
        assert!(versions.contains(&json!(version)), "{about}");
    }
    assert!(about["capabilities"]["tools"].is_object(), "{about}");
    assert!(about["instructions"].as_str().unwrap().contains("glossary_lookup"), "{about}");
    let unknown = json!({"_meta": {"io.modelcontextprotocol/protocolVersion": "1999-01-01"}});
    let mut other = Assistant::silent(&_home, Generation::Session, &[]);
    let refused = other.request("tools/list", unknown);
    assert!(refused["error"]["message"].is_string(), "{refused}");
}

#[test]
fn a_translation_comes_with_its_findings_as_text_and_as_data() {
    for generation in GENERATIONS {
        let (_home, _model, mut assistant) = start_with(generation, &[]);
        let text = "The council meets.\n\n17 ferries left.";
        let result = assistant.call("translate", json!({"text": text, "to": "ko"}));
        assert_ne!(result["isError"], true, "{result}");
        let expected = "시의회는 월요일에 모인다.\n\n여객선 12척이 떠났다.";
        assert_eq!(texts(&result)[0], expected);
        let about = texts(&result)[1];
        assert!(about.contains("numbers: '17'"), "{about}");
        assert!(about.contains("original: [17] ferries left."), "{about}");
        let data = &result["structuredContent"];
        assert_eq!(
            (&data["text"], &data["from"], &data["to"]),
            (&json!(expected), &json!("en"), &json!("ko"))
        );
        let findings = data["findings"].as_array().unwrap();
        let numbers = findings.iter().find(|finding| finding["source"] == "17").unwrap();
        assert_eq!((&numbers["check"], &numbers["severity"]), (&json!("numbers"), &json!("major")));
        assert!(numbers["message_ko"].as_str().unwrap().contains("17"), "{numbers}");
    }
}

#[test]
fn a_summary_has_the_words_of_the_article_it_comes_from() {
    let (_home, _model, mut assistant) = start_with(Generation::Session, &[]);
    let article = "The council of the port met on Monday to speak about the new breakwater. \
        Fishermen from four villages came to listen, and many of them asked when work would start. \
        The mayor said that the answer depends on the weather in spring. "
        .repeat(2);
    let result = assistant.call("summarize", json!({"text": article, "sentences": 1}));
    assert_ne!(result["isError"], true, "{result}");
    assert_eq!(texts(&result)[0], "The council met on Monday.");
    let support = &result["structuredContent"]["support"][0];
    assert_eq!(support["sentence"], "The council met on Monday.");
    assert!(support["article"].as_str().unwrap().contains("met on Monday"), "{support}");
}

#[test]
fn a_pair_of_anybody_is_checked_without_a_model() {
    for generation in GENERATIONS {
        let home = Home::new();
        let mut assistant = Assistant::start(&home, generation, &[]);
        let pair = json!({"source": "17 ferries left.", "output": "여객선 12척이 떠났다."});
        let result = assistant.call("check", pair);
        assert_eq!(result["structuredContent"]["task"], "translation");
        assert_eq!(result["structuredContent"]["findings"][0]["check"], "numbers");
        assert!(
            texts(&result)[0].starts_with("Checked as a translation from English into Korean.")
        );
        let right = json!({"source": "17 ferries left.", "output": "여객선 17척이 떠났다."});
        let result = assistant.call("check", right);
        assert_eq!(result["structuredContent"]["findings"], json!([]));
        assert!(texts(&result)[0].contains("found nothing"), "{result}");
    }
}

#[test]
fn terms_of_the_glossary_are_found_without_a_model() {
    let home = Home::new();
    let terms = "source,target\nHarbor Authority,항만공사\ntide,조수\n";
    let glossary = home.write("terms.csv", terms);
    let mut assistant = Assistant::start(&home, Generation::Session, &["--glossary", &glossary]);
    let result = assistant.call("glossary_lookup", json!({"text": "The Harbor Authority met."}));
    let data = &result["structuredContent"];
    assert_eq!(data["glossary_size"], 2);
    assert_eq!(
        data["terms"],
        json!([{"source": "Harbor Authority", "found": "Harbor Authority", "target": "항만공사"}])
    );
    assert!(texts(&result)[0].contains("- Harbor Authority: 항만공사"), "{result}");
    let none = assistant.call("glossary_lookup", json!({"text": "Nothing of note."}));
    assert_eq!(none["structuredContent"]["terms"], json!([]));
    // The other direction, and a glossary that is not there.
    let korean = assistant.call("glossary_lookup", json!({"text": "항만공사는 밝혔다."}));
    assert_eq!(korean["structuredContent"]["terms"][0]["target"], "Harbor Authority");
    let mut empty = Assistant::start(&home, Generation::Session, &[]);
    let result = empty.call("glossary_lookup", json!({"text": "The tide."}));
    assert!(texts(&result)[0].contains("malmoi glossary import"), "{result}");
}

#[test]
fn without_a_model_a_task_says_how_to_get_one() {
    let home = Home::new();
    for (arguments, expected) in
        [(&[][..], "malmoi models pull"), (&["--model", "no-such-model"], "no-such-model")]
    {
        let mut assistant = Assistant::start(&home, Generation::Session, arguments);
        for tool in ["translate", "summarize"] {
            let result = assistant.call(tool, json!({"text": "The council meets.", "to": "ko"}));
            assert_eq!(result["isError"], true, "{result}");
            assert!(texts(&result)[0].contains(expected), "{result}");
        }
    }
}

#[test]
fn what_cannot_be_done_says_what_can() {
    for generation in GENERATIONS {
        let (_home, _model, mut assistant) = start_with(generation, &["--max-characters", "100"]);
        for (tool, arguments, expected) in [
            ("translate", json!({}), "missing field `text`"),
            ("translate", json!({"text": 1}), "expected a string"),
            ("translate", json!({"text": ""}), "the text is empty"),
            ("translate", json!({"text": "The council meets.", "to": "fr"}), "use en or ko"),
            ("translate", json!({"text": "The council meets.", "to": "en"}), "English"),
            ("translate", json!({"text": "a", "path": "/etc/passwd"}), "unknown field `path`"),
            ("translate", json!({"text": "a", "format": "docx"}), "use text, html"),
            ("translate", json!({"text": "word ".repeat(30)}), "takes 100"),
            ("summarize", json!({"text": "The council meets.", "sentences": 99}), "1 to 50"),
            ("summarize", json!({"text": "The council meets.", "style": "ode"}), "use paragraph"),
            ("check", json!({"source": "The council meets."}), "missing field `output`"),
            ("check", json!({"source": "The council meets.", "output": "…"}), "no words"),
            ("check", json!({"source": "A", "output": "a", "register": "x"}), "use handa"),
            ("glossary_lookup", json!({"text": "…", "from": "fr"}), "use en or ko"),
        ] {
            let result = assistant.call(tool, arguments.clone());
            assert_eq!(result["isError"], true, "{arguments}: {result}");
            assert!(texts(&result)[0].contains(expected), "{arguments}: {result}");
        }
        let unknown = assistant.request("tools/call", json!({"name": "delete", "arguments": {}}));
        assert_eq!(unknown["error"]["code"], -32602, "{unknown}");
        let message = unknown["error"]["message"].as_str().unwrap();
        assert!(message.contains("glossary_lookup"), "{unknown}");
        let method = assistant.request("malmoi/nothing", json!({}));
        assert_eq!(method["error"]["code"], -32601, "{method}");
        let list = json!({"name": "translate", "arguments": ["The council meets."]});
        let refused = assistant.request("tools/call", list);
        assert!(refused["error"].is_object(), "{refused}");
        let result = assistant.call("translate", json!({"text": "The council meets."}));
        assert_eq!(texts(&result)[0], "시의회는 월요일에 모인다.");
    }
}

#[test]
fn a_client_that_asks_for_it_is_told_the_progress() {
    for generation in GENERATIONS {
        let (_home, _model, mut assistant) = start_with(generation, &["--no-memory"]);
        let text = "The council meets.\n\n17 ferries left.\n\nThe council went home.";
        let call = |token: Option<&str>| {
            let mut call = json!({"name": "translate", "arguments": {"text": text}});
            if let Some(token) = token {
                call["_meta"] = json!({"progressToken": token});
            }
            call
        };
        assistant.request("tools/call", call(None));
        assert_eq!(assistant.notifications, Vec::<Value>::new());
        assistant.request("tools/call", call(Some("p1")));
        let told = &assistant.notifications;
        assert!(told.iter().all(|one| one["method"] == "notifications/progress"
            && one["params"]["progressToken"] == "p1"));
        let done: Vec<f64> =
            told.iter().map(|one| one["params"]["progress"].as_f64().unwrap()).collect();
        assert!(done.is_sorted_by(|a, b| a < b) && !done.is_empty(), "{told:?}");
        assert_eq!(told.last().unwrap()["params"]["total"], 3.0);
    }
}

#[test]
fn a_cancelled_call_makes_room_for_the_next_one() {
    for generation in GENERATIONS {
        let (_home, _model, mut assistant) = start_with(generation, &["--no-memory"]);
        // More long calls than long texts are taken at a time; each takes minutes.
        let long = "They crawl. ".repeat(600);
        let ids: Vec<u64> = (0..12)
            .map(|index| {
                let text = format!("{index} {long}");
                let call = json!({"name": "translate", "arguments": {"text": text, "to": "ko"}});
                assistant.begin("tools/call", call)
            })
            .collect();
        for id in &ids {
            assistant.notify("notifications/cancelled", json!({"requestId": id}));
        }
        let text = "The council meets.\n\n".repeat(250);
        let result = assistant.call("translate", json!({"text": text, "to": "ko"}));
        assert!(texts(&result)[0].starts_with("시의회는"), "{result}");
        let answered =
            assistant.notifications.iter().filter(|one| ids.iter().any(|id| one["id"] == *id));
        assert_eq!(answered.count(), 0);
    }
}

#[test]
fn a_client_that_closes_the_input_gets_what_is_nearly_done() {
    for generation in GENERATIONS {
        let (_home, _model, mut assistant) = start_with(generation, &[]);
        let short = json!({"name": "translate", "arguments": {"text": "The council meets."}});
        let id = assistant.begin("tools/call", short);
        let long = json!({"text": "They crawl. ".repeat(600), "to": "ko"});
        assistant.begin("tools/call", json!({"name": "translate", "arguments": long}));
        let (code, rest, notes) = assistant.end();
        assert_eq!(code, Some(0), "{notes}");
        let ids: Vec<&Value> = rest.iter().map(|message| &message["id"]).collect();
        assert_eq!(ids, [&json!(id)], "{rest:?}");
    }
}

#[test]
fn a_client_that_says_nothing_or_nonsense_ends_the_program_in_order() {
    let home = Home::new();
    let silent = Assistant::silent(&home, Generation::Session, &[]);
    let (code, rest, notes) = silent.end();
    assert_eq!((code, rest.len(), notes.as_str()), (Some(0), 0, ""));
    let mut half = Assistant::start(&home, Generation::Session, &[]);
    half.write(b"{\"jsonrpc\": \"2.0\", \"id\": 9, \"method\": \"tools/li");
    let (code, rest, _) = half.end();
    assert_eq!((code, rest.len()), (Some(0), 0));
    let mut hasty = Assistant::silent(&home, Generation::Session, &[]);
    hasty.notify("notifications/initialized", json!({}));
    let (code, _, notes) = hasty.end();
    assert_eq!(code, Some(2));
    assert!(notes.contains("first message"), "{notes}");
}

#[test]
fn a_client_that_reads_no_answers_does_not_keep_the_program() {
    let home = Home::new();
    let mut command = home.command();
    let command = command.arg("mcp").stdin(Stdio::piped()).stdout(Stdio::piped());
    let mut child = command.stderr(Stdio::null()).spawn().unwrap();
    let mut input = child.stdin.take().unwrap();
    let about = json!({"protocolVersion": "2025-11-25", "capabilities": {},
        "clientInfo": {"name": "test", "version": "1"}});
    let greeting = json!({"jsonrpc": "2.0", "id": 0, "method": "initialize", "params": about});
    let greeted = json!({"jsonrpc": "2.0", "method": "notifications/initialized"});
    writeln!(input, "{greeting}\n{greeted}").unwrap();
    for id in 1..=100 {
        writeln!(input, "{}", json!({"jsonrpc": "2.0", "id": id, "method": "tools/list"})).unwrap();
    }
    // Until the pipe of the answers is full.
    std::thread::sleep(Duration::from_secs(1));
    drop(input);
    let deadline = Instant::now() + Duration::from_secs(60);
    while child.try_wait().unwrap().is_none() && Instant::now() < deadline {
        std::thread::sleep(Duration::from_millis(50));
    }
    // Of no effect on a program that has ended.
    let _ = child.kill();
    assert_eq!(child.wait().unwrap().code(), Some(0));
}

#[test]
fn a_huge_line_and_lines_that_are_no_messages_are_survived() {
    let (_home, _model, mut assistant) = start_with(Generation::Session, &[]);
    let huge = format!("{{\"text\": \"{}\"}}\n", "secret".repeat(4 << 20));
    assistant.write(huge.as_bytes());
    let refused = assistant.message().unwrap();
    assert!(refused["error"]["message"].as_str().unwrap().contains("8 MB"), "{refused}");
    assistant.write(b"\xff\xfe\x00\n{\n\n");
    assistant.write(b"{\"jsonrpc\": \"2.0\", \"id\": \"x\", \"result\": \"hidden\"}\n");
    assistant.write(format!("{}\n", "[".repeat(100_000)).as_bytes());
    assistant.write(b"[]\n");
    let refused = assistant.message().unwrap();
    assert_eq!(refused["error"]["code"], -32600, "{refused}");
    let result = assistant.call("translate", json!({"text": "The council meets."}));
    assert_eq!(texts(&result)[0], "시의회는 월요일에 모인다.");
    let (code, _, notes) = assistant.end();
    assert_eq!(code, Some(0), "{notes}");
    assert!(!notes.contains("secret") && !notes.contains("hidden"), "{notes}");
}

#[test]
fn standard_error_holds_no_word_of_an_article() {
    let (_home, _model, mut assistant) = start_with(Generation::Session, &[]);
    let failed = assistant.call("translate", json!({"text": "Hear the drums.", "to": "ko"}));
    assert_eq!(failed["isError"], true);
    assert!(texts(&failed)[0].contains("standard error"), "{failed}");
    assistant.call("translate", json!({"text": "17 ferries left.", "to": "ko"}));
    assistant.call("check", json!({"source": "17 ferries left.", "output": "여객선이 떠났다."}));
    let (code, _, notes) = assistant.end();
    assert_eq!(code, Some(0));
    assert!(notes.contains("a call failed"), "{notes}");
    for word in ["drums", "boom", "ferries", "여객선"] {
        assert!(!notes.contains(word), "{notes}");
    }
}

/// The Python of an environment with `clients/requirements.txt` is in `MALMOI_CLIENTS`.
#[test]
fn the_client_in_python_is_served_in_both_generations() {
    let Some(python) = std::env::var_os("MALMOI_CLIENTS") else {
        eprintln!("skipped: MALMOI_CLIENTS names no Python with the clients");
        return;
    };
    let (home, model) = (Home::new(), model());
    let program = home.command();
    let ran = Command::new(python)
        .arg(here("clients/assistant.py"))
        .arg(program.get_program())
        .args(["mcp", "--repair", "off", "--no-memory", "--model"])
        .arg(model.path())
        .env("HOME", home.path())
        .env("HF_HOME", home.path())
        .output()
        .unwrap();
    assert!(ran.status.success(), "{}{}", text(&ran.stdout), text(&ran.stderr));
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

/// Node's packages are in `tests/clients/node_modules` after `npm install` there.
#[test]
fn the_inspector_is_served_in_both_generations_and_finds_no_fault_in_the_schemas() {
    let inspector = here("clients/node_modules/.bin/mcp-inspector");
    if !inspector.exists() {
        eprintln!("skipped: the packages of tests/clients are not here");
        return;
    }
    let (home, model) = (Home::new(), model());
    let servers = json!({"mcpServers": {"malmoi": {
        "command": home.command().get_program().to_str().unwrap(),
        "args": ["mcp", "--repair", "off", "--model", model.path()],
        "env": {"HOME": home.path(), "HF_HOME": home.path()},
    }}});
    let config = home.write("assistant.json", servers.to_string());
    let inspect = |era: &str, arguments: &[&str]| -> Value {
        let ran = Command::new(&inspector)
            .args(["--cli", "--config", &config, "--server", "malmoi", "--protocol-era", era])
            .args(["--format", "json", "--connect-timeout", "60000"])
            .args(arguments)
            .env("HOME", home.path())
            .output()
            .unwrap();
        assert!(ran.status.success(), "{}{}", text(&ran.stdout), text(&ran.stderr));
        serde_json::from_slice(&ran.stdout).unwrap()
    };
    for era in ["legacy", "modern"] {
        let list = inspect(era, &["--strict", "--method", "tools/list"]);
        assert_eq!(list["result"]["tools"].as_array().map(Vec::len), Some(4), "{list}");
        let pair = json!({"source": "17 ferries left.", "output": "여객선 12척이 떠났다."});
        let call = |tool: &str, arguments: Value| {
            let arguments = arguments.to_string();
            let tool = ["--tool-name", tool, "--tool-args-json", &arguments];
            inspect(era, &[&["--method", "tools/call"], &tool[..]].concat())
        };
        let found = call("check", pair);
        assert_eq!(
            found["result"]["structuredContent"]["findings"][0]["check"], "numbers",
            "{found}"
        );
        let translated = call("translate", json!({"text": "The council meets."}));
        assert_eq!(
            translated["result"]["content"][0]["text"], "시의회는 월요일에 모인다.",
            "{translated}"
        );
    }
}
