use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::time::Duration;

use serde_json::{Value, json};
use tempfile::TempDir;

use crate::support::scripted;

/// A folder with a source, a reference and two scripted models, `old` and `new`.
pub struct Desk {
    folder: TempDir,
    models: [TempDir; 2],
}

const GOOD: &str = "해민시는 항구를 다시 열었다고 17일 밝혔다.";
const POOR: &str = "항구가 열림 <img src=x onerror=alert(1)> & \"인용\"";

fn script(reply: &str, pause: u64) -> Value {
    json!([
        {"when": "cable", "say": "Half of ", "then": "fail"},
        {"when": "two parts", "say": "하나의 글이다.\n\n또 하나의 글이다."},
        {"say": reply, "pause": pause}
    ])
}

impl Desk {
    pub fn new(lines: &[&str], pause: u64) -> Self {
        let models = [POOR, GOOD].map(|reply| scripted::model(script(reply, pause), 4096));
        let desk = Self { folder: tempfile::tempdir().unwrap(), models };
        // The name of a model is that of its folder.
        for (name, model) in ["old", "new"].iter().zip(&desk.models) {
            std::fs::rename(model.path(), desk.path(name)).unwrap();
            std::fs::create_dir(model.path()).unwrap();
        }
        desk.write("news.en", lines);
        desk.write("news.ko", &vec![GOOD; lines.len()]);
        desk
    }

    fn write(&self, name: &str, lines: &[&str]) {
        let text: String = lines.iter().map(|line| format!("{line}\n")).collect();
        std::fs::write(self.path(name), text).unwrap();
    }

    pub fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn read(&self, name: &str) -> String {
        std::fs::read_to_string(self.path(name)).unwrap()
    }

    fn eval(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(assert_cmd::cargo::cargo_bin("malmoi"));
        command.env_clear().env("HOME", self.folder.path()).current_dir(self.folder.path());
        command.args(["--threads", "1", "eval"]).args(arguments);
        command
    }

    /// `eval model` of `news.en` and `news.ko` into `out`.
    pub fn model(&self, options: &[&str]) -> Command {
        let mut command = self.eval(&["model", "--pair", "en-ko", "-o", "out"]);
        command.args(["--source", "news.en", "--reference", "news.ko", "--bootstrap", "100"]);
        command.args(options);
        command
    }

    fn json(&self, options: &[&str]) -> Value {
        let output = self.model(options).arg("--json").output().unwrap();
        assert!(output.status.success(), "{}", said(&output));
        serde_json::from_slice(&output.stdout).unwrap()
    }

    /// Lines of a model that are done, and how often the one most often tried was tried.
    fn done(&self, name: &str) -> (i64, i64) {
        let path = self.path("out").join(name).join("journal.db");
        let count = || {
            let journal = rusqlite::Connection::open_with_flags(
                path,
                rusqlite::OpenFlags::SQLITE_OPEN_READ_ONLY,
            )?;
            let question =
                "SELECT count(*), coalesce(max(attempts), 0) FROM item WHERE state = 'done'";
            journal.query_row(question, [], |row| Ok((row.get(0)?, row.get(1)?)))
        };
        count().unwrap_or_default()
    }
}

fn said(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

pub const BOTH: [&str; 4] = ["--model", "./old", "--compare", "./new"];

fn sources(count: usize) -> Vec<String> {
    (0..count).map(|n| format!("The city of Haemin opened harbor {n} again on the 17th.")).collect()
}

fn references(lines: &[String]) -> Vec<&str> {
    lines.iter().map(String::as_str).collect()
}

#[test]
fn scores_are_those_of_the_written_outputs_and_the_shape_is_stable() {
    let lines = [
        "The city of Haemin opened the harbor again, it said on the 17th.",
        "",
        "A cable broke.",
        "A text in two parts.",
        "The city of Haemin opened the harbor again, it said on the 17th.",
    ];
    let desk = Desk::new(&lines, 0);
    let report = desk.json(&[&BOTH[..], &["--sentences"]].concat());
    let outputs = desk.read("out/new.ko");
    let outputs: Vec<&str> = outputs.split('\n').collect();
    assert_eq!(outputs, [GOOD, "", "", "하나의 글이다. 또 하나의 글이다.", GOOD, ""]);
    assert_eq!(desk.read("out/old.ko").lines().count(), 5);
    let theirs = desk
        .eval(&["translation", "--json", "--sentences", "--bootstrap", "100"])
        .args(["--reference", "news.ko", "--output", "out/old.ko", "--output", "out/new.ko"])
        .output()
        .unwrap();
    let theirs: Value = serde_json::from_slice(&theirs.stdout).unwrap();
    for (model, system) in [(0, 0), (1, 1)] {
        let mut compared = 0;
        for score in report["models"][model]["scores"].as_array().unwrap() {
            let same = theirs["systems"][system]["scores"]
                .as_array()
                .unwrap()
                .iter()
                .find(|theirs| theirs["metric"] == score["metric"]);
            if let Some(same) = same {
                assert_eq!(score, same);
                compared += 1;
            }
        }
        assert_eq!(compared, 4, "BLEU, chrF2, chrF2++ and TER");
    }
    let metrics: Vec<&str> = report["models"][0]["scores"]
        .as_array()
        .unwrap()
        .iter()
        .map(|score| score["metric"].as_str().unwrap())
        .collect();
    assert_eq!(metrics, ["BLEU", "BLEU-char", "chrF2", "chrF2++", "TER"]);
    let keys = |value: &Value| -> Vec<String> {
        let mut keys: Vec<String> = value.as_object().unwrap().keys().cloned().collect();
        keys.sort();
        keys
    };
    assert_eq!(keys(&report), ["folder", "from", "lines", "models", "reference", "source", "to"]);
    let new = &report["models"][1];
    assert_eq!(
        keys(new),
        ["failed", "findings", "fingerprint", "name", "output", "scores", "speed"]
    );
    assert_eq!((&new["name"], &new["failed"][0]["line"]), (&json!("new"), &json!(3)));
    assert_eq!(new["fingerprint"].as_str().unwrap().len(), 64);
    assert_eq!(new["scores"][0]["sentences"].as_array().unwrap().len(), 5);
    assert!(new["speed"]["seconds"].as_f64().unwrap() > 0.0, "{new}");
    // The poor model loses the 17th in two of five lines.
    let of = |model: usize| report["models"][model]["findings"]["per_100_lines"].as_f64().unwrap();
    assert!(of(0) >= 40.0 && of(0) > of(1), "{} {}", of(0), of(1));
    let by_check = report["models"][0]["findings"]["by_check"].as_object().unwrap();
    let sum: f64 = by_check.values().map(|count| count.as_f64().unwrap()).sum();
    assert!((sum - of(0)).abs() < 1e-9, "{by_check:?}");
    let text = desk.model(&BOTH).output().unwrap();
    let text = String::from_utf8(text.stdout).unwrap();
    assert!(text.contains("failed     1 line, counted as empty"), "{text}");
    assert!(text.contains("new is better than old in"), "{text}");
}

#[test]
fn a_killed_run_goes_on_where_it_was() {
    let lines = sources(60);
    let desk = Desk::new(&references(&lines), 1);
    let options = ["--model", "./new", "--at-once", "2"];
    let mut child =
        desk.model(&options).stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
    while desk.done("new").0 < 5 {
        assert!(child.try_wait().unwrap().is_none(), "the run ended before it was killed");
        std::thread::sleep(Duration::from_millis(5));
    }
    child.kill().unwrap();
    child.wait().unwrap();
    let (before, _) = desk.done("new");
    assert!(before < 60, "{before}");
    let report = desk.json(&options);
    assert_eq!(desk.done("new"), (60, 1), "each line was translated once");
    assert_eq!(desk.read("out/new.ko"), format!("{GOOD}\n").repeat(60));
    // A further run translates nothing, and keeps the time.
    assert_eq!(desk.json(&options), report);
    // More lines than before: the others stay.
    desk.write("news.ko", &vec![POOR; 60]);
    let again = desk.json(&[&options[..], &["--limit", "7"]].concat());
    assert_eq!((&again["lines"], desk.done("new").1), (&json!(7), 1));
    assert!(again["models"][0]["scores"][2]["score"].as_f64().unwrap() < 100.0);
}

#[test]
#[cfg(unix)]
fn ctrl_c_stops_and_says_how_to_go_on() {
    let lines = sources(60);
    let desk = Desk::new(&references(&lines), 1);
    let mut command = desk.model(&["--model", "./new", "--at-once", "2"]);
    let child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    while desk.done("new").0 < 2 {
        std::thread::sleep(Duration::from_millis(5));
    }
    Command::new("kill").args(["-INT", &child.id().to_string()]).status().unwrap();
    let output = child.wait_with_output().unwrap();
    assert_eq!((output.status.code(), output.stdout.len()), (Some(130), 0), "{}", said(&output));
    assert!(said(&output).contains("run the same command to continue"), "{}", said(&output));
}

#[test]
fn a_folder_takes_one_source_and_one_set_of_options() {
    let lines = sources(3);
    let desk = Desk::new(&references(&lines), 0);
    desk.json(&["--model", "./new"]);
    let refused = |options: &[&str]| {
        let output = desk.model(options).output().unwrap();
        assert_eq!((output.status.code(), output.stdout.len()), (Some(2), 0));
        said(&output)
    };
    let error = refused(&["--model", "./new", "--seed", "7"]);
    assert!(error.contains("seed was null, is 7") && error.contains("`-o`"), "{error}");
    // Another model with the same name.
    std::fs::write(desk.path("new/notes.json"), "{}").unwrap();
    let error = refused(&["--model", "./new"]);
    assert!(error.contains("translator was [\"new\""), "{error}");
    std::fs::remove_file(desk.path("new/notes.json")).unwrap();
    desk.write("news.en", &[&lines[0], "The ferry sailed.", &lines[2]]);
    let error = refused(&["--model", "./new"]);
    assert!(error.contains("another source, which differs in line 2"), "{error}");
    // A file that the program did not write.
    desk.write("news.en", &references(&lines));
    std::fs::write(desk.path("out/old.ko"), "mine").unwrap();
    let error = refused(&["--model", "./old"]);
    assert!(error.contains("old.ko was not made by malmoi"), "{error}");
    assert_eq!(desk.read("out/old.ko"), "mine");
}

#[test]
fn without_a_folder_each_source_and_each_set_of_options_has_one_in_the_cache() {
    let lines = sources(2);
    let desk = Desk::new(&references(&lines), 0);
    let folder = |options: &[&str]| {
        let output = desk
            .eval(&["model", "--pair", "en-ko", "--source", "news.en", "--reference", "news.ko"])
            .args(["--model", "./new", "--bootstrap", "40", "--json"])
            .args(options)
            .output()
            .unwrap();
        assert!(output.status.success(), "{}", said(&output));
        let report: Value = serde_json::from_slice(&output.stdout).unwrap();
        report["folder"].as_str().unwrap().to_string()
    };
    let first = folder(&[]);
    assert!(first.contains(".cache/malmoi/eval/news-en-ko-"), "{first}");
    assert!(Path::new(&first).join("new.ko").exists());
    assert_eq!(folder(&["--at-once", "3"]), first);
    assert_ne!(folder(&["--repair", "off"]), first);
}

#[test]
fn mistakes_are_named_before_any_work() {
    let lines = sources(2);
    let desk = Desk::new(&references(&lines), 0);
    desk.write("empty.ko", &[""]);
    desk.write("three.ko", &["하나", "둘", "셋"]);
    let say = |pair: &str, reference: &str, models: &[&str]| {
        let output = desk
            .eval(&["model", "--pair", pair, "--source", "news.en", "--reference", reference])
            .args(["-o", "none"])
            .args(models)
            .output()
            .unwrap();
        assert_eq!((output.status.code(), output.stdout.len()), (Some(2), 0));
        assert!(!desk.path("none").exists(), "nothing was begun");
        said(&output)
    };
    for (pair, reference, models, message) in [
        ("en-ko", "three.ko", &BOTH[..], "news.en has 2 lines and three.ko has 3"),
        ("en-ko", "empty.ko", &BOTH, "empty.ko is empty"),
        ("en-fr", "news.ko", &BOTH, "--pair en-fr: the pairs are en-ko and ko-en"),
        ("ko-ko", "news.ko", &BOTH, "the pairs are en-ko and ko-en"),
        ("korean", "news.ko", &BOTH, "the pairs are en-ko and ko-en"),
        ("en-ko", "news.ko", &["--model", "./new", "--compare", "new/."], "are the same model"),
        ("en-ko", "news.ko", &["--model", "./new", "--compare", "e5-small"], "e5-small"),
        (
            "en-ko",
            "news.ko",
            &["--model", "./new", "--compare", "opus-mt-ko-en"],
            "translates English into Korean",
        ),
        ("en-ko", "news.ko", &["--model", "./new", "--compare", "./none"], "none"),
    ] {
        let error = say(pair, reference, models);
        assert!(error.contains(message), "{message}: {error}");
    }
}

#[test]
fn the_page_is_whole_and_escapes_what_comes_from_files() {
    let lines =
        ["The <b>city</b> of Haemin & \"others\" opened the harbor on the 17th.", "A ferry."];
    let desk = Desk::new(&lines, 0);
    let options = [&BOTH[..], &["--html", "report.html"]].concat();
    let output = desk.model(&options).output().unwrap();
    assert!(output.status.success(), "{}", said(&output));
    let page = desk.read("report.html");
    for foreign in
        ["http:", "https:", "//", "<script", "<img", "<link", "<b>city", "@import", "url("]
    {
        assert!(!page.contains(foreign), "{foreign}");
    }
    assert!(page.contains("&lt;b&gt;city&lt;/b&gt; of Haemin &amp; \"others\""), "{page}");
    assert!(page.contains("&lt;img src=x onerror=alert(1)&gt;"));
    assert!(page.contains("default-src 'none'"));
    // Each model is in the legend, the table and the lines; both lines differ.
    assert_eq!(page.matches("<article class=\"line\"").count(), 2);
    for part in [
        "<h2>Scores</h2>",
        "<h2>new against old</h2>",
        "Findings per 100 lines",
        "chrF2 of each line",
    ] {
        assert!(page.contains(part), "{part}");
    }
    // The same tags are closed as are opened.
    for tag in
        ["svg", "div", "span", "table", "tr", "td", "ul", "li", "dl", "dd", "figure", "a", "text"]
    {
        let opened =
            page.matches(&format!("<{tag}>")).count() + page.matches(&format!("<{tag} ")).count();
        assert_eq!(opened, page.matches(&format!("</{tag}>")).count(), "{tag}");
    }
    let alone = desk.model(&["--model", "./new", "--html", "one.html"]).output().unwrap();
    assert!(alone.status.success(), "{}", said(&alone));
    assert!(!desk.read("one.html").contains("against"));
}
