use std::process::{Child, Command, Output, Stdio};
use std::time::{Duration, Instant};

use rand::{Rng, SeedableRng};
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::support::{here, scripted};

/// A folder with an input and results, and a scripted model.
pub struct Desk {
    pub folder: TempDir,
    pub model: TempDir,
}

impl Desk {
    pub fn new(lines: &[Value]) -> Self {
        let script = json!([
            {"when": "drums", "say": "boom and boom, ", "then": "loop"},
            {"when": "cable", "say": "Half of ", "then": "fail"},
            {"when": "Translate the following", "say": "시의회가 월요일에 항구에서 모여 방파제를 논의했다고 시가 밝혔다."},
            {"say": "The council met on Monday. It spoke of the breakwater."}
        ]);
        let desk =
            Self { folder: tempfile::tempdir().unwrap(), model: scripted::model(script, 4096) };
        desk.write(lines);
        desk
    }

    pub fn write(&self, lines: &[Value]) {
        let text: String = lines.iter().map(|line| format!("{line}\n")).collect();
        std::fs::write(self.path("in.jsonl"), text).unwrap();
    }

    pub fn path(&self, name: &str) -> std::path::PathBuf {
        self.folder.path().join(name)
    }

    pub fn command(&self, out: &str) -> Command {
        let mut command = Command::new(assert_cmd::cargo::cargo_bin("malmoi"));
        command.env_clear().env("HOME", self.folder.path()).current_dir(self.folder.path());
        // Runs are compared with runs that had to do all of the work.
        command.env("MALMOI_DESK", "off");
        command
            .args(["batch", "in.jsonl", "--to", "ko", "--threads", "1", "--model"])
            .arg(self.model.path());
        command.args(["-o", out]);
        command
    }

    pub fn run(&self, out: &str) -> Output {
        self.command(out).output().unwrap()
    }

    pub fn start(&self, out: &str) -> Child {
        self.command(out).stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap()
    }

    pub fn lines(&self, file: &str) -> Vec<Value> {
        let text = std::fs::read_to_string(self.path(file)).unwrap();
        text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
    }

    /// The program with other inputs than `in.jsonl`.
    pub fn batch(&self, inputs: &[&str], options: &[&str]) -> Command {
        let mut command = Command::new(assert_cmd::cargo::cargo_bin("malmoi"));
        command.env_clear().env("HOME", self.folder.path()).current_dir(self.folder.path());
        // Runs are compared with runs that had to do all of the work.
        command.env("MALMOI_DESK", "off");
        command.arg("batch").args(options).args(["--to", "ko", "--threads", "1", "--model"]);
        command.arg(self.model.path()).args(inputs);
        if !options.contains(&"-o") {
            command.args(["-o", "out"]);
        }
        command
    }

    /// The output files but the journal: names and contents, sorted by name.
    pub fn results(&self, out: &str) -> Vec<(String, Vec<u8>)> {
        let mut found = Vec::new();
        let mut folders = vec![self.path(out)];
        while let Some(folder) = folders.pop() {
            for entry in std::fs::read_dir(folder).unwrap().flatten() {
                let path = entry.path();
                let name = path.strip_prefix(self.path(out)).unwrap().display().to_string();
                if path.is_dir() {
                    folders.push(path);
                } else if !name.starts_with("journal") {
                    found.push((name, std::fs::read(path).unwrap()));
                }
            }
        }
        found.sort();
        found
    }
}

/// Asserts that files have the same names and bytes.
pub fn assert_same(ours: &[(String, Vec<u8>)], theirs: &[(String, Vec<u8>)]) {
    let names = |files: &[(String, Vec<u8>)]| {
        files.iter().map(|(name, _)| name.clone()).collect::<Vec<_>>()
    };
    assert_eq!(names(ours), names(theirs));
    for ((name, ours), (_, theirs)) in ours.iter().zip(theirs) {
        assert!(ours == theirs, "{name}:\n{}", String::from_utf8_lossy(ours));
    }
}

pub fn said(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

pub fn articles(count: usize) -> Vec<Value> {
    let article = |n: usize| {
        let word = if n % 7 == 3 { "cable" } else { "harbour" };
        json!({"id": n, "title": format!("News {n}"), "text": format!("The {word} was spoken of on day {n}.\n\nNothing else happened.")})
    };
    (0..count).map(article).collect()
}

#[test]
fn pairs_are_written_for_translators_tools_too() {
    let mut lines = articles(3);
    lines.push(
        json!({"id": "a<b>\u{1}\"", "text": "The harbour & the <pier> were spoken of.\n\nNothing else."}),
    );
    let desk = Desk::new(&lines);
    let output =
        desk.command("out").args(["--pairs", "tmx,xliff", "--translate"]).output().unwrap();
    assert_eq!(output.status.code(), Some(0), "{}", said(&output));
    for (file, pair) in [("pairs.tmx", "<tu "), ("pairs.xliff", "<segment ")] {
        let text = std::fs::read_to_string(desk.path("out").join(file)).unwrap();
        let mut reader = quick_xml::Reader::from_str(&text);
        while reader.read_event().unwrap() != quick_xml::events::Event::Eof {}
        let expected: usize = desk
            .lines("out/items.jsonl")
            .iter()
            .map(|line| line["translation"]["pairs"].as_array().unwrap().len())
            .sum();
        assert_eq!(text.matches(pair).count(), expected, "{file}");
        assert!(text.contains("The harbour &amp; the &lt;pier&gt; were spoken of."), "{text}");
    }
    let unknown = desk.command("other").args(["--pairs", "tbx"]).output().unwrap();
    assert!(said(&unknown).contains("the formats are tmx, xliff"), "{}", said(&unknown));
}

#[test]
fn every_item_is_in_one_file_once() {
    let mut lines = articles(10);
    lines.push(json!("no object"));
    lines.push(lines[0].clone());
    lines.push(
        json!({"id": 1, "title": "News 1", "text": "Another text under the same number, in the harbour."}),
    );
    let desk = Desk::new(&lines);
    let output = desk.run("out");
    assert_eq!(output.status.code(), Some(0), "{}", said(&output));
    let done: Vec<String> = desk
        .lines("out/items.jsonl")
        .iter()
        .map(|line| line["id"].as_str().unwrap().into())
        .collect();
    let order = ["0", "1", "2", "4", "5", "6", "7", "8", "9", "1 (12)"];
    assert_eq!(done, order, "in the order of the input, no id twice");
    let failed = desk.lines("out/failed.jsonl");
    let reasons: Vec<&str> = failed.iter().map(|line| line["reason"].as_str().unwrap()).collect();
    assert_eq!(reasons.len(), 2, "{failed:?}");
    assert!(
        reasons.contains(&"is not a JSON object")
            && reasons.iter().any(|reason| reason.contains("script fails"))
    );
    assert!(
        said(&output).contains("10 of 13 items done") && said(&output).contains("1 repeated"),
        "{}",
        said(&output)
    );
    let first = &desk.lines("out/items.jsonl")[0];
    assert_eq!(first["translation"]["pairs"].as_array().unwrap().len(), 3);
    assert_eq!(first["translation"]["pairs"][0]["source"], "News 0");
    assert_eq!(first["summary"]["tokens"]["input"], first["summary"]["tokens"]["seen"]);
}

#[test]
fn finished_items_are_kept_and_changed_items_are_processed_again() {
    let mut lines = articles(6);
    let desk = Desk::new(&lines);
    desk.run("out");
    let before = desk.results("out");
    let again = desk.run("out");
    assert!(said(&again).contains("0 of 6 items done, 6 unchanged"), "{}", said(&again));
    assert_eq!(desk.results("out"), before);
    lines[2]["text"] = json!("The harbour is closed.");
    lines[2]["title"] = json!("Harbour closed");
    lines.push(json!({"id": 99, "text": "The harbour is open."}));
    desk.write(&lines);
    let changed = desk.run("out");
    assert!(
        said(&changed).contains("2 of 7 items done") && said(&changed).contains("5 unchanged"),
        "{}",
        said(&changed)
    );
    let items = desk.lines("out/items.jsonl");
    assert!(
        items
            .iter()
            .any(|line| line["id"] == "2" && line["source"].as_str().unwrap().contains("closed"))
    );
    assert_eq!(items.len(), 6, "one of seven fails");
    let pages: Vec<String> = desk.results("out").into_iter().map(|(name, _)| name).collect();
    let of = |start: &str| pages.iter().filter(|name| name.starts_with(start)).count();
    assert_eq!((of("items/harbour-closed"), of("items/news-2-")), (1, 0), "{pages:?}");
}

#[test]
fn other_options_on_one_folder_are_refused_and_named() {
    let desk = Desk::new(&articles(2));
    desk.run("out");
    let output = desk.command("out").args(["--sentences", "5"]).output().unwrap();
    assert_eq!(output.status.code(), Some(2));
    assert!(said(&output).contains("sentences was 3, is 5"), "{}", said(&output));
    let same = desk.command("out").args(["--at-once", "2"]).output().unwrap();
    assert_eq!(
        same.status.code(),
        Some(0),
        "the number of concurrent items changes nothing: {}",
        said(&same)
    );
}

#[test]
fn concurrency_changes_no_byte() {
    let desk = Desk::new(&articles(20));
    for (out, count) in [("one", "1"), ("many", "16")] {
        desk.command(out).args(["--at-once", count]).output().unwrap();
    }
    assert_eq!(desk.results("one"), desk.results("many"));
}

fn time<T>(work: impl FnOnce() -> T) -> Duration {
    let began = Instant::now();
    work();
    began.elapsed()
}

/// The promise: a run that is killed at any time, any number of times, ends with the same bytes,
/// and no item is processed twice.
#[test]
fn a_run_that_is_killed_again_and_again_ends_with_the_same_bytes() {
    let desk = Desk::new(&articles(40));
    // Up to a quarter of the duration of a whole run, so that most runs are killed before they end.
    let latest = time(|| desk.run("whole")).min(time(|| desk.run("again"))) / 4;
    let whole = desk.results("whole");
    let mut random = rand_chacha::ChaCha8Rng::seed_from_u64(20260107);
    let mut killed = 0;
    for round in 0..20 {
        let out = format!("killed-{round}");
        for _ in 0..10 {
            let mut child = desk.start(&out);
            std::thread::sleep(latest.mul_f64(random.random()));
            // A run that has ended cannot be killed.
            killed += usize::from(child.try_wait().unwrap().is_none());
            let _ = child.kill();
            child.wait().unwrap();
        }
        let output = desk.run(&out);
        assert_eq!(output.status.code(), Some(0), "{}", said(&output));
        assert_same(&desk.results(&out), &whole);
        let journal = rusqlite::Connection::open(desk.path(&out).join("journal.db")).unwrap();
        let twice: i64 = journal
            .query_row(
                "SELECT count(*) FROM item WHERE state = 'done' AND attempts <> 1",
                [],
                |row| row.get(0),
            )
            .unwrap();
        assert_eq!(twice, 0, "an item was generated again after it was committed");
    }
    assert!(killed >= 100, "only {killed} of 200 runs were killed before they ended");
}

#[test]
#[cfg(unix)]
fn ctrl_c_saves_and_says_how_to_go_on() {
    let desk = Desk::new(&articles(400));
    let whole = time(|| desk.run("whole"));
    let mut child =
        desk.command("out").stderr(Stdio::piped()).stdout(Stdio::null()).spawn().unwrap();
    std::thread::sleep(whole / 3);
    Command::new("kill").args(["-INT", &child.id().to_string()]).status().unwrap();
    let mut text = String::new();
    std::io::Read::read_to_string(&mut child.stderr.take().unwrap(), &mut text).unwrap();
    let code = child.wait().unwrap().code();
    assert!(
        code == Some(130) && text.contains("run the same command to continue"),
        "{code:?} {text}"
    );
    assert!(desk.path("out/items.jsonl").exists(), "what was done can be read");
    desk.run("out");
    assert_eq!(desk.results("out"), desk.results("whole"));
}

#[test]
fn a_second_run_on_one_folder_says_so_and_stops() {
    let desk = Desk::new(&articles(2000));
    let mut first = desk.start("out");
    std::thread::sleep(Duration::from_millis(300));
    let second = desk.run("out");
    let busy = first.try_wait().unwrap().is_none();
    first.kill().unwrap();
    first.wait().unwrap();
    assert!(busy, "the first run ended too soon for this test");
    assert_eq!(second.status.code(), Some(2));
    assert!(said(&second).contains("another run is using out"), "{}", said(&second));
}

#[test]
fn a_damaged_journal_is_moved_aside_and_rebuilt() {
    let desk = Desk::new(&articles(12));
    desk.run("out");
    let before = desk.results("out");
    let journal = desk.path("out/journal.db");
    let mut bytes = std::fs::read(&journal).unwrap();
    for byte in &mut bytes[100..4000] {
        *byte ^= 0x5a;
    }
    std::fs::write(&journal, &bytes).unwrap();
    let output = desk.run("out");
    assert_eq!(output.status.code(), Some(0), "{}", said(&output));
    assert!(
        said(&output).contains("the journal was damaged") && said(&output).contains("items.jsonl"),
        "{}",
        said(&output)
    );
    assert!(desk.path("out/journal.damaged-1").exists());
    // Failed items are tried again, finished items are not.
    assert!(said(&output).contains("0 of 12 items done, 10 unchanged"), "{}", said(&output));
    assert_eq!(desk.results("out"), before);
}

#[test]
fn a_folder_that_cannot_be_written_is_named() {
    let desk = Desk::new(&articles(2));
    std::fs::write(desk.path("out"), "a file").unwrap();
    let output = desk.run("out");
    assert_eq!(output.status.code(), Some(2));
    assert!(said(&output).contains("out"), "{}", said(&output));
    // A folder in the place of a result is noticed before the model is loaded.
    let desk = Desk::new(&articles(5));
    std::fs::create_dir_all(desk.path("out/digest.html/x")).unwrap();
    let output = desk.run("out");
    assert_eq!(output.status.code(), Some(2));
    assert!(said(&output).contains("digest.html is a folder"), "{}", said(&output));
    std::fs::remove_dir_all(desk.path("out/digest.html")).unwrap();
    assert_eq!(desk.run("out").status.code(), Some(0));
    desk.run("whole");
    assert_same(&desk.results("out"), &desk.results("whole"));
}

/// A small disk, on systems where tests may mount one.
#[test]
#[cfg(target_os = "linux")]
fn a_full_disk_stops_the_run_and_loses_nothing() {
    let desk = Desk::new(&articles(600));
    let folder = desk.path("small");
    std::fs::create_dir(&folder).unwrap();
    let command = desk.command("small/out");
    let words: Vec<String> = std::iter::once(command.get_program())
        .chain(command.get_args())
        .map(|word| format!("'{}'", word.to_string_lossy()))
        .collect();
    let script = format!(
        "mount -t tmpfs -o size=400k none small || exit 77\n{line}\necho \"first $?\" >&2\n{line}\necho \"again $?\" >&2\nmount -o remount,size=64m small\n{line}\necho \"second $?\" >&2\ncp -r small/out saved",
        line = words.join(" ")
    );
    let output = Command::new("unshare")
        .args(["-rm", "sh", "-c", &script])
        .current_dir(desk.folder.path())
        // An encoder of sentences that is installed here would serve this run alone.
        .env("MALMOI_MEANING", "off")
        .output();
    let Ok(output) = output.map_err(|error| eprintln!("skipped: no unshare: {error}")) else {
        return;
    };
    if output.status.code() == Some(77) || said(&output).contains("unshare failed") {
        eprintln!("skipped: this system lets tests mount nothing");
        return;
    }
    let text = said(&output);
    assert!(
        text.contains("first 2") && text.contains("again 2") && text.contains("second 0"),
        "{text}"
    );
    desk.run("whole");
    assert_eq!(desk.results("saved"), desk.results("whole"));
}

#[test]
#[cfg(target_os = "linux")]
fn a_disk_that_fails_at_any_write_stops_the_run_and_loses_nothing() {
    let desk = Desk::new(&articles(40));
    let library = desk.path("eio.so");
    let built = Command::new("cc")
        .args(["-shared", "-fPIC", "-O1", "-o"])
        .arg(&library)
        .arg(here("fixtures/faults/eio.c"))
        .arg("-ldl")
        .status();
    if !built.is_ok_and(|status| status.success()) {
        eprintln!("skipped: no C compiler");
        return;
    }
    desk.run("whole");
    let mut failures = 0;
    for after in [0, 3, 9, 17, 30, 55, 80, 130, 200] {
        let out = format!("out-{after}");
        let faulty = |command: &mut Command| {
            command
                .env("LD_PRELOAD", &library)
                .env("EIO_AFTER", after.to_string())
                .output()
                .unwrap()
        };
        let failed = faulty(&mut desk.command(&out));
        if failed.status.code() != Some(0) {
            failures += 1;
            assert_eq!(failed.status.code(), Some(2), "{after}: {}", said(&failed));
            assert!(said(&failed).contains("error: "), "{after}: {}", said(&failed));
        }
        let whole = desk.run(&out);
        assert_eq!(whole.status.code(), Some(0), "{after}: {}", said(&whole));
        assert_same(&desk.results(&out), &desk.results("whole"));
    }
    assert!(failures > 4, "{failures}");
}

#[test]
fn fields_of_records_can_be_named() {
    let desk =
        Desk::new(&[json!({"nr": "a7", "kopf": "News", "inhalt": "The harbour was spoken of."})]);
    let output = desk
        .command("out")
        .args(["--field", "text=inhalt", "--field", "title=kopf", "--field", "id=nr"])
        .output()
        .unwrap();
    assert_eq!(output.status.code(), Some(0), "{}", said(&output));
    let line = &desk.lines("out/items.jsonl")[0];
    assert_eq!((&line["id"], &line["title"]), (&json!("a7"), &json!("News")));
}

#[test]
fn the_digest_is_a_page_of_its_own_and_shows_doubts_where_they_are() {
    let mut lines = articles(2);
    lines.push(json!({"id": "x", "title": "<script>alert(1)</script>", "link": "javascript:alert(1)", "text": "It cost 412 million won on <b>Monday</b>, the city said, and that was that."}));
    let desk = Desk::new(&lines);
    desk.run("out");
    let page = std::fs::read_to_string(desk.path("out/digest.html")).unwrap();
    assert!(page.starts_with("<!doctype html>\n<html lang=\"ko\">"));
    for outside in ["<script", "javascript:", "src=", "@import", "url("] {
        assert!(!page.contains(outside), "{outside}");
    }
    assert!(page.contains("&lt;script&gt;alert(1)&lt;/script&gt;"));
    let mut doubted = page.split("<tr class=\"doubted\">").skip(1);
    let row = doubted.find(|row| row.contains("<mark>412 million</mark> won"));
    assert!(
        row.is_some_and(|row| row.contains("<li tabindex=\"0\"><strong>numbers</strong>")),
        "{page}"
    );
    assert_eq!(page.matches("<article ").count(), 3);
}

#[test]
fn an_item_that_is_edited_while_its_old_text_waits_comes_out_once_and_new() {
    let mut lines = articles(40);
    let desk = Desk::new(&lines);
    // Killed while many items wait, then edited: the old texts are being processed when the new
    // ones are read.
    let mut child = desk.start("out");
    std::thread::sleep(Duration::from_millis(60));
    let _ = child.kill();
    child.wait().unwrap();
    for line in lines.iter_mut().filter(|line| line["id"].as_u64().unwrap() % 7 != 3) {
        line["text"] = json!(format!("The harbour is closed on day {}.", line["id"]));
    }
    desk.write(&lines);
    let output = desk.run("out");
    assert_eq!(output.status.code(), Some(0), "{}", said(&output));
    let (done, failed) = (desk.lines("out/items.jsonl"), desk.lines("out/failed.jsonl"));
    assert_eq!(done.len() + failed.len(), 40, "{}", said(&output));
    assert!(done.iter().all(|line| line["source"].as_str().unwrap().contains("closed")));
}

#[test]
fn one_name_in_two_inputs_is_two_items_and_neither_is_done_again() {
    let desk = Desk::new(&[]);
    let write = |file: &str, text: &str| {
        let line = json!({"id": "tag:baram.example:1", "text": text});
        std::fs::write(desk.path(file), format!("{line}\n")).unwrap();
    };
    write("all.jsonl", "The harbour was spoken of at length.");
    write("politics.jsonl", "The harbour was spoken of.");
    let run = |inputs: &[&str]| {
        let mut command = Command::new(assert_cmd::cargo::cargo_bin("malmoi"));
        command.env_clear().env("HOME", desk.folder.path()).current_dir(desk.folder.path());
        command
            .arg("batch")
            .args(inputs)
            .args(["--to", "ko", "-o", "out", "--model"])
            .arg(desk.model.path());
        said(&command.output().unwrap())
    };
    assert!(run(&["all.jsonl", "politics.jsonl"]).contains("2 of 2 items done"));
    for again in [&["politics.jsonl"][..], &["./politics.jsonl", "all.jsonl"]] {
        let said = run(again);
        assert!(said.contains("0 of"), "{said}");
    }
    assert_eq!(desk.lines("out/items.jsonl").len(), 2);
    write("politics.jsonl", "The harbour was not spoken of.");
    assert!(run(&["politics.jsonl", "all.jsonl"]).contains("1 of 2 items done"));
    let sources: Vec<Value> =
        desk.lines("out/items.jsonl").iter().map(|line| line["source"].clone()).collect();
    assert!(
        sources.len() == 2 && sources.contains(&json!("The harbour was not spoken of.")),
        "{sources:?}"
    );
}

#[test]
fn an_items_id_cannot_hide_it_behind_an_unreadable_line() {
    let desk = Desk::new(&[
        json!({"id": "line 2", "text": "The harbour was spoken of."}),
        json!("no object"),
    ]);
    desk.run("out");
    assert_eq!((desk.lines("out/items.jsonl").len(), desk.lines("out/failed.jsonl").len()), (1, 1));
}

#[test]
fn lines_that_come_in_pieces_through_a_pipe_are_lines() {
    use std::io::Write;
    let desk = Desk::new(&[]);
    let mut command = Command::new(assert_cmd::cargo::cargo_bin("malmoi"));
    command.env_clear().env("HOME", desk.folder.path()).current_dir(desk.folder.path());
    command
        .args(["batch", "-", "--to", "ko", "-o", "out", "--quiet", "--model"])
        .arg(desk.model.path());
    let mut child = command.stdin(Stdio::piped()).spawn().unwrap();
    let long = json!({"id": 1, "text": "The harbour was spoken of. ".repeat(4000)}).to_string();
    let mut input = child.stdin.take().unwrap();
    for piece in long.as_bytes().chunks(1000) {
        input.write_all(piece).unwrap();
        input.flush().unwrap();
    }
    writeln!(input, "\n{}", json!({"id": 2, "text": "The harbour again."})).unwrap();
    drop(input);
    assert_eq!(child.wait().unwrap().code(), Some(0));
    assert_eq!(desk.lines("out/items.jsonl").len(), 2);
}

#[test]
#[cfg(unix)]
fn folders_that_lead_to_themselves_are_read_once() {
    let desk = Desk::new(&articles(1));
    std::fs::create_dir(desk.path("in")).unwrap();
    std::fs::rename(desk.path("in.jsonl"), desk.path("in/a.jsonl")).unwrap();
    std::os::unix::fs::symlink(".", desk.path("in/latest")).unwrap();
    std::os::unix::fs::symlink("..", desk.path("in/up")).unwrap();
    let mut command = Command::new(assert_cmd::cargo::cargo_bin("malmoi"));
    command.env_clear().env("HOME", desk.folder.path()).current_dir(desk.folder.path());
    command.args(["batch", "in", "--to", "ko", "-o", "out", "--model"]).arg(desk.model.path());
    let output = command.output().unwrap();
    assert!(said(&output).contains("1 of 1 items done"), "{}", said(&output));
}

#[test]
#[cfg(unix)]
fn a_pipe_that_is_silent_holds_up_neither_the_work_nor_ctrl_c() {
    use std::io::Write;
    let desk = Desk::new(&[]);
    let mut command = Command::new(assert_cmd::cargo::cargo_bin("malmoi"));
    command.env_clear().env("HOME", desk.folder.path()).current_dir(desk.folder.path());
    command.args(["batch", "-", "--to", "ko", "-o", "out", "--model"]).arg(desk.model.path());
    let mut child = command.stdin(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    let mut input = child.stdin.take().unwrap();
    writeln!(input, "{}", json!({"id": 1, "text": "The harbour was spoken of."})).unwrap();
    input.flush().unwrap();
    let done = || {
        let journal = rusqlite::Connection::open(desk.path("out/journal.db")).ok()?;
        journal
            .query_row("SELECT count(*) FROM item WHERE state = 'done'", [], |row| {
                row.get::<_, i64>(0)
            })
            .ok()
    };
    let mut waited = 0;
    while done() != Some(1) {
        std::thread::sleep(Duration::from_millis(50));
        waited += 1;
        assert!(waited < 400, "what was read is worked on while more may come");
    }
    Command::new("kill").args(["-INT", &child.id().to_string()]).status().unwrap();
    let output = child.wait_with_output().unwrap();
    assert_eq!(output.status.code(), Some(130), "{}", said(&output));
    assert!(
        said(&output).contains("stopped; run the same command to continue"),
        "{}",
        said(&output)
    );
    drop(input);
    assert_eq!(desk.lines("out/items.jsonl").len(), 1);
}
