//! The commands `batch`, `feed`, `serve` and `doctor` with their sandboxes.

use serde_json::{Value, json};

use crate::cli::Home;
use crate::support::scripted;

/// A model that says the same to everything, and its path.
fn model() -> (tempfile::TempDir, String) {
    let model = scripted::model(json!([{"say": "The council met on Monday."}]), 16384);
    let path = model.path().display().to_string();
    (model, path)
}

const TEXT: &str = "The council met on Monday. It agreed to mend the pier of Haemin before winter.";

/// Lines of `items.jsonl`.
fn items(home: &Home, out: &str) -> Vec<Value> {
    let text = std::fs::read_to_string(home.path().join(out).join("items.jsonl")).unwrap();
    text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

#[test]
fn the_doctor_tries_the_sandbox_and_shows_what_is_refused() {
    let home = Home::new();
    let ran = home.run(&["doctor", "--json"]);
    let report: Value = serde_json::from_str(&ran.out).unwrap();
    let sandbox = &report["sandbox"];
    assert_eq!(sandbox["mode"], "auto");
    if super::is_available() {
        assert_eq!(sandbox["whole"], true, "{sandbox}");
        let tried = sandbox["tried"].as_object().unwrap();
        assert!(tried.len() >= 6 && tried.values().all(|result| result == "refused"), "{sandbox}");
        let ran = home.run(&["doctor"]);
        assert!(ran.out.contains("read a foreign file    refused"), "{}", ran.out);
    }
}

#[test]
fn a_batch_that_requires_the_sandbox_reads_links_and_standard_input_and_writes_results() {
    if !super::is_available() {
        return;
    }
    let (home, (_model, model)) = (Home::new(), model());
    home.write("elsewhere/linked.txt", format!("{TEXT} Linked."));
    home.write("articles/a.txt", TEXT);
    let link = home.path().join("articles/link.txt");
    std::os::unix::fs::symlink("../elsewhere/linked.txt", link).unwrap();
    std::os::unix::fs::symlink("articles", home.path().join("desk")).unwrap();
    let run = |inputs: &[&str], out: &str| {
        let mut arguments = vec!["batch", "-o", out, "--to", "en", "--summarize", "--sandbox"];
        arguments.extend(["--model", &model]);
        arguments.extend(inputs);
        let ran = home.run_with(&arguments, &format!("{TEXT} Piped."), &[]);
        assert_eq!(ran.code, Some(0), "{}", ran.err);
        assert!(!ran.err.contains("sandbox"), "{}", ran.err);
        items(&home, out).len()
    };
    assert_eq!(run(&["desk"], "plain"), 1);
    assert_eq!(run(&["desk", "--follow-links"], "followed"), 2);
    assert_eq!(run(&["articles/link.txt"], "link"), 1);
    assert_eq!(run(&["-"], "piped"), 1);
}

#[test]
fn a_model_that_is_not_there_is_named_and_nothing_is_fetched_inside() {
    let home = Home::new();
    home.write("a.txt", TEXT);
    let arguments = ["batch", "a.txt", "-o", "out", "--to", "en", "--model", "smollm2-135m"];
    let ran = home.run(&arguments);
    assert_eq!(ran.code, Some(2));
    assert!(ran.err.contains("smollm2-135m"), "{}", ran.err);
}

#[test]
fn the_mode_is_a_setting_and_a_wrong_one_is_named() {
    let home = Home::new();
    let ran = home.run_with(&["doctor", "--json"], "", &[("MALMOI_SANDBOX", "off")]);
    let report: Value = serde_json::from_str(&ran.out).unwrap();
    assert_eq!(report["sandbox"]["mode"], "off");
    let ran = home.run_with(&["formats"], "", &[("MALMOI_SANDBOX", "off")]);
    assert_eq!(ran.code, Some(0), "{}", ran.err);
    let ran = home.run_with(&["doctor"], "", &[("MALMOI_SANDBOX", "sometimes")]);
    assert!(ran.err.contains("auto, require or off"), "{}", ran.err);
}

#[test]
#[cfg(feature = "serve")]
fn every_thread_of_the_server_is_in_the_sandbox() {
    use crate::support::http::Server;
    if !super::is_available() {
        return;
    }
    let (home, (_model, model)) = (Home::new(), model());
    let server = Server::start(&home, &["--model", &model, "--sandbox=require", "--threads", "2"]);
    let body = json!({"text": TEXT, "from": "en", "to": "en"});
    let answer = server.post("/api/v1/summarize", &body);
    assert_eq!(answer.status, 200, "{}", answer.body);
    let threads = std::fs::read_dir(format!("/proc/{}/task", server.id())).unwrap();
    let mut count = 0;
    for thread in threads.flatten() {
        let status = std::fs::read_to_string(thread.path().join("status")).unwrap();
        assert!(status.contains("Seccomp:\t2\n"), "{status}");
        assert!(status.contains("NoNewPrivs:\t1\n"), "{status}");
        count += 1;
    }
    assert!(count > 3, "{count} threads");
    server.interrupt();
    let (code, notes) = server.wait();
    assert_eq!(code, Some(0), "{notes}");
}
