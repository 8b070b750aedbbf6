use std::io::{Cursor, Read, Write};
use std::time::{Duration, Instant};

use serde_json::{Value, json};
use tempfile::TempDir;

use crate::cli::Home;
use crate::support::http::{Answer, Server};
use crate::support::scripted;

/// A scripted translator that never gets the number of ferries, and is slow with slow boats.
fn model() -> TempDir {
    scripted::model(
        json!([
            {"when": "slow boat", "say": "느린 배가 도착했다.", "pause": 5},
            {"when": "Harbor news", "say": "항구 소식"},
            {"when": "17 ferries", "say": "여객선 12척이 떠났다."},
            {"when": "The council", "say": "시의회는 월요일에 모인다."},
            {"say": "다리가 화요일에 열렸다."}
        ]),
        8192,
    )
}

/// A server with its model and its home, which can be started again.
struct Desk {
    home: Home,
    model: TempDir,
}

impl Desk {
    fn new() -> Self {
        Self { home: Home::new(), model: model() }
    }

    fn serve(&self, arguments: &[&str]) -> Server {
        self.serve_with(arguments, &[])
    }

    fn serve_with(&self, arguments: &[&str], variables: &[(&str, &str)]) -> Server {
        let model = self.model.path().display().to_string();
        let usual = ["--model", &model, "--repair", "off", "--no-memory"];
        Server::start_with(&self.home, &[&usual, arguments].concat(), variables)
    }

    fn folder(&self) -> std::path::PathBuf {
        self.home.path().join(".local/share/malmoi/jobs")
    }
}

fn serve() -> (Desk, Server) {
    let desk = Desk::new();
    let server = desk.serve(&[]);
    (desk, server)
}

/// A multipart body: fields, and files with their names.
fn multipart(fields: &[(&str, &str)], files: &[(&str, &[u8])]) -> Vec<u8> {
    let mut body = Vec::new();
    for (name, value) in fields {
        body.extend(b"--x\r\ncontent-disposition: form-data; ");
        body.extend(format!("name=\"{name}\"\r\n\r\n{value}\r\n").bytes());
    }
    for (name, bytes) in files {
        body.extend(b"--x\r\ncontent-disposition: form-data; name=\"file\"; ");
        body.extend(format!("filename=\"{name}\"\r\n\r\n").bytes());
        body.extend(*bytes);
        body.extend(b"\r\n");
    }
    body.extend(b"--x--\r\n");
    body
}

const MULTIPART: (&str, &str) = ("content-type", "multipart/form-data; boundary=x");

fn send(server: &Server, fields: &[(&str, &str)], files: &[(&str, &[u8])]) -> Answer {
    server.request("POST", "/api/v1/jobs", &[MULTIPART], &multipart(fields, files))
}

const TRANSLATE: &[(&str, &str)] = &[("to", "ko"), ("task", "translate")];

/// Sends files to be translated; returns the address of the job.
fn sent(server: &Server, files: &[(&str, &[u8])]) -> String {
    let answer = send(server, TRANSLATE, files);
    assert_eq!(answer.status, 202, "{}", answer.body);
    answer.header("location").unwrap().to_string()
}

fn item(number: usize, text: &str) -> String {
    format!(
        "<item><guid>haemin:{number}</guid><title>Harbor news</title>\
         <description>{text}</description></item>"
    )
}

fn feed(texts: &[&str]) -> String {
    let items: String = texts.iter().enumerate().map(|(n, text)| item(n + 1, text)).collect();
    format!(
        "<?xml version=\"1.0\"?><rss version=\"2.0\"><channel><title>Haemin</title>{items}</channel></rss>"
    )
}

/// Articles that take their time.
fn slow(count: usize) -> String {
    feed(&vec!["A slow boat came to the harbor."; count])
}

/// The events of a job until its end, after a number.
fn events(server: &Server, job: &str, after: usize) -> Vec<(Option<usize>, String, Value)> {
    let last = after.to_string();
    let address = format!("{job}/events");
    let answer = server.request("GET", &address, &[("last-event-id", &last)], b"");
    assert_eq!(answer.header("content-type"), Some("text/event-stream"), "{}", answer.body);
    answer
        .body
        .split("\n\n")
        .filter(|block| block.contains("data:"))
        .map(|block| {
            let field = |name| block.lines().find_map(|line| line.strip_prefix(name));
            let id = field("id:").map(|id| id.trim().parse().unwrap());
            let data = serde_json::from_str(field("data:").unwrap().trim()).unwrap();
            (id, field("event:").unwrap().trim().to_string(), data)
        })
        .collect()
}

/// The ids of the events that have one.
fn ids(events: &[(Option<usize>, String, Value)]) -> Vec<usize> {
    events.iter().filter_map(|(id, _, _)| *id).collect()
}

/// Waits until a job is as it should be.
fn wait(server: &Server, job: &str, is_reached: impl Fn(&Value) -> bool) -> Value {
    let began = Instant::now();
    loop {
        let status = server.get(job).json();
        if is_reached(&status) {
            return status;
        }
        assert!(began.elapsed() < Duration::from_secs(120), "{status}");
        std::thread::sleep(Duration::from_millis(20));
    }
}

fn is_final(status: &Value) -> bool {
    status["state"] == "done" || status["state"] == "failed"
}

fn lines(text: &str) -> Vec<Value> {
    text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

#[test]
fn a_feed_becomes_events_results_and_a_digest() {
    let (_desk, server) = serve();
    let feed = feed(&["The council meets.", "17 ferries left.", "The bridge opened on Tuesday."]);
    let answer = send(&server, TRANSLATE, &[("morning.xml", feed.as_bytes())]);
    assert_eq!(answer.status, 202, "{}", answer.body);
    let begun = answer.json();
    assert_eq!((&begun["title"], &begun["items"]), (&json!("morning.xml"), &json!(3)));
    let input = &begun["inputs"][0];
    assert_eq!((&input["format"], &input["items"]), (&json!("feed"), &json!(3)));
    let job = answer.header("location").unwrap();
    let all = events(&server, job, 0);
    assert_eq!(all[0].1, "job");
    assert_eq!(ids(&all), [1, 2, 3, 4]);
    let (_, name, end) = all.last().unwrap();
    assert_eq!((name.as_str(), &end["state"], &end["done"]), ("end", &json!("done"), &json!(3)));
    assert_eq!((&end["doubtful"], &end["findings"]["numbers"]), (&json!(1), &json!(2)), "{end}");
    let ferries = all.iter().find(|(_, _, data)| data["id"] == "haemin:2").unwrap();
    assert_eq!((&ferries.2["state"], &ferries.2["title"]), (&json!("done"), &json!("Harbor news")));
    assert!(ferries.2["findings"].as_array().unwrap().contains(&json!("numbers")));
    // A client that lost the connection gets the rest, and after the end nothing.
    let rest = events(&server, job, 2);
    assert_eq!(ids(&rest), [3, 4]);
    assert_eq!(server.request("GET", &format!("{job}/events?after=4"), &[], b"").status, 204);
    let results = server.get(&format!("{job}/results"));
    assert_eq!(results.header("content-type"), Some("application/x-ndjson; charset=utf-8"));
    let results = lines(&results.body);
    let numbers: Vec<&str> = results.iter().map(|line| line["id"].as_str().unwrap()).collect();
    assert_eq!(numbers, ["haemin:1", "haemin:2", "haemin:3"]);
    assert_eq!(results[0]["input"], "morning.xml");
    let digest = server.get(&format!("{job}/digest"));
    assert!(digest.header("content-security-policy").unwrap().contains("sandbox"));
    assert!(digest.body.contains("떠났다."), "{}", digest.body);
    let zip = server.get(&format!("{job}/files"));
    let mut zip = zip::ZipArchive::new(Cursor::new(zip.bytes)).unwrap();
    let names: Vec<String> = zip.file_names().map(|name| name.unwrap().into_owned()).collect();
    for name in ["items.jsonl", "failed.jsonl", "digest.html", "digest.md", "feed.xml"] {
        assert!(names.iter().any(|known| known == name), "{name}: {names:?}");
    }
    assert!(
        names.iter().all(|name| !name.contains("journal") && !name.contains("..")),
        "{names:?}"
    );
    let mut packed = String::new();
    zip.by_name("feed.xml").unwrap().read_to_string(&mut packed).unwrap();
    assert_eq!(server.get(&format!("{job}/files/feed.xml")).body, packed);
    let metrics = server.get("/metrics").body;
    assert!(metrics.contains("malmoi_job_items_total{result=\"done\"} 3"), "{metrics}");
    assert!(metrics.contains("malmoi_jobs_ended_total{result=\"done\"} 1"), "{metrics}");
    assert!(metrics.contains("malmoi_jobs{state=\"running\"} 0"), "{metrics}");
}

fn archive(files: &[(&str, &[u8])]) -> Vec<u8> {
    let mut zip = zip::ZipWriter::new(Cursor::new(Vec::new()));
    for (name, bytes) in files {
        zip.start_file(*name, zip::write::SimpleFileOptions::default()).unwrap();
        zip.write_all(bytes).unwrap();
    }
    zip.finish().unwrap().into_inner()
}

#[test]
fn files_and_archives_come_back_in_their_formats_under_harmless_names() {
    let (_desk, server) = serve();
    let srt = b"1\n00:00:01,000 --> 00:00:02,000\nThe council meets.\n";
    let packed = archive(&[
        ("../../escape.md", b"# Harbor\n\nThe bridge opened."),
        ("/etc/passwd", b"root"),
        ("notes.bin", b"\x00\x01"),
    ]);
    let job = sent(
        &server,
        &[
            ("../../../etc/council.html", b"<p>The council <b>meets</b> on Monday.</p>"),
            ("..\\..\\council.html", b"<p>17 ferries left.</p>"),
            ("subtitles.srt", srt),
            ("desk.zip", &packed),
            ("scan.pdf", b"%PDF-1.7 "),
        ],
    );
    let all = events(&server, &job, 0);
    let end = &all.last().unwrap().2;
    assert_eq!((&end["done"], &end["failed"]), (&json!(4), &json!(1)), "{end}");
    let names: Vec<&str> =
        end["inputs"].as_array().unwrap().iter().map(|one| one["name"].as_str().unwrap()).collect();
    let expected = ["council.html", "council (2).html", "subtitles.srt", "escape.md", "scan.pdf"];
    assert_eq!(names, expected);
    let mut endings = Vec::new();
    for (_, _, data) in
        all.iter().filter(|(_, name, data)| name == "item" && data["state"] == "done")
    {
        for file in data["files"].as_array().unwrap() {
            let file = file.as_str().unwrap();
            let answer = server.get(&format!("{job}/files/{file}"));
            assert_eq!(answer.status, 200, "{file}");
            assert!(answer.header("content-disposition").unwrap().starts_with("attachment"));
            endings.extend(file.split_once(".ko.").map(|(_, ending)| ending.to_string()));
        }
    }
    endings.sort();
    assert_eq!(endings, ["html", "html", "md", "srt"]);
    for name in [
        "job.json",
        "inputs.bin",
        "events.jsonl",
        "journal.db",
        "..%2Fjob.json",
        "%2e%2e%2fjob.json",
        "items%2F..%2F..%2Fjob.json",
        "%2Fetc%2Fpasswd",
        "%00",
        "nothing",
    ] {
        assert_eq!(server.get(&format!("{job}/files/{name}")).status, 404, "{name}");
    }
    for id in ["..", "%2e%2e", "%2e%2e%2f%2e%2e", "0", "%FF"] {
        let status = server.get(&format!("/api/v1/jobs/{id}")).status;
        assert!(matches!(status, 400 | 404), "{id}: {status}");
    }
}

#[test]
fn a_killed_server_goes_on_and_does_nothing_twice() {
    let desk = Desk::new();
    let server = desk.serve(&["--at-once", "4"]);
    let job = sent(&server, &[("slow.xml", slow(24).as_bytes())]);
    wait(&server, &job, |status| status["done"].as_u64() >= Some(5));
    let before: Vec<Value> = lines(&log(&desk, &job));
    // Dropping it kills it.
    drop(server);
    let kept = lines(&log(&desk, &job));
    assert!(kept.len() < 24 && kept.starts_with(&before), "{}", kept.len());
    let server = desk.serve(&["--at-once", "4"]);
    let rest = events(&server, &job, before.len());
    let expected: Vec<usize> = (before.len() + 1..=25).collect();
    assert_eq!(ids(&rest), expected);
    let all = events(&server, &job, 0);
    let mut keys: Vec<&str> = all
        .iter()
        .filter_map(|(_, name, data)| (name == "item").then(|| data["id"].as_str())?)
        .collect();
    assert_eq!(keys.len(), 24);
    keys.sort_unstable();
    keys.dedup();
    assert_eq!(keys.len(), 24, "an item is there twice");
    assert_eq!(lines(&server.get(&format!("{job}/results")).body).len(), 24);
    let metrics = server.get("/metrics").body;
    let done = metrics
        .lines()
        .find_map(|line| line.strip_prefix("malmoi_job_items_total{result=\"done\"} "));
    let done: usize = done.unwrap().parse().unwrap();
    assert!(done <= 24 - kept.len(), "{done} items were done again, {} before", kept.len());
}

/// The log of a job's events.
fn log(desk: &Desk, job: &str) -> String {
    let id = job.rsplit('/').next().unwrap();
    std::fs::read_to_string(desk.folder().join(id).join("events.jsonl")).unwrap()
}

#[test]
fn a_server_that_stops_puts_items_in_hand_back() {
    let desk = Desk::new();
    let server = desk.serve(&[]);
    let job = sent(&server, &[("slow.xml", slow(40).as_bytes())]);
    wait(&server, &job, |status| status["done"].as_u64() >= Some(2));
    let body = std::thread::scope(|scope| {
        let stream = scope.spawn(|| server.get(&format!("{job}/events")));
        std::thread::sleep(Duration::from_millis(300));
        server.interrupt();
        stream.join().unwrap().body
    });
    assert!(body.contains("event: item") && !body.contains("event: end"), "{body}");
    assert_eq!(server.wait().0, Some(0));
    let server = desk.serve(&[]);
    let status = wait(&server, &job, is_final);
    assert_eq!((&status["state"], &status["done"]), (&json!("done"), &json!(40)));
}

#[test]
fn a_job_that_is_removed_stops_and_leaves_nothing() {
    let (desk, server) = serve();
    let slow = sent(&server, &[("slow.xml", slow(200).as_bytes())]);
    wait(&server, &slow, |status| status["state"] == "running");
    assert_eq!(server.request("DELETE", &slow, &[], b"").status, 204);
    for address in [slow.clone(), format!("{slow}/events"), format!("{slow}/results")] {
        assert_eq!(server.get(&address).status, 404, "{address}");
    }
    assert_eq!(server.request("DELETE", &slow, &[], b"").status, 404);
    let quick = sent(&server, &[("a.txt", b"The council meets.")]);
    wait(&server, &quick, is_final);
    let listed = server.get("/api/v1/jobs").json();
    assert_eq!(listed["jobs"].as_array().unwrap().len(), 1);
    let gone = desk.folder().join(slow.rsplit('/').next().unwrap());
    let began = Instant::now();
    while gone.exists() {
        assert!(began.elapsed() < Duration::from_secs(30), "{} is still there", gone.display());
        std::thread::sleep(Duration::from_millis(20));
    }
}

#[test]
fn a_request_does_not_wait_for_jobs() {
    let desk = Desk::new();
    let server = desk.serve(&["--at-once", "2"]);
    let jobs: Vec<String> =
        (0..3).map(|_| sent(&server, &[("slow.xml", slow(300).as_bytes())])).collect();
    wait(&server, &jobs[1], |status| status["state"] == "running");
    let answer =
        server.post("/api/v1/translate", &json!({"text": "The council meets.", "to": "ko"}));
    assert_eq!((answer.status, &answer.json()["text"]), (200, &json!("시의회는 월요일에 모인다.")));
    for job in &jobs {
        assert!(!is_final(&server.get(job).json()));
    }
}

#[test]
fn a_job_exists_for_its_own_key_alone() {
    let desk = Desk::new();
    let keys = desk.home.path().join("keys");
    let keys = keys.to_str().unwrap();
    let [day, night] = ["day", "night"].map(|name| {
        let ran = desk.home.run(&["serve", "--keys", keys, "--new-key", name]);
        ran.out.trim().to_string()
    });
    let server = desk.serve(&["--keys", keys]);
    let body = multipart(TRANSLATE, &[("a.txt", b"The council meets.")]);
    assert_eq!(server.request("POST", "/api/v1/jobs", &[MULTIPART], &body).status, 401);
    let ask = |method: &str, path: &str, key: &str, body: &[u8]| {
        server.request(method, path, &[MULTIPART, ("x-api-key", key)], body)
    };
    let empty = b"--x--\r\n";
    let job = ask("POST", "/api/v1/jobs", &day, &body);
    let job = job.header("location").unwrap();
    assert_eq!(ask("GET", job, &day, empty).status, 200);
    for part in ["", "/events", "/results", "/digest", "/files", "/files/items.jsonl"] {
        let address = format!("{job}{part}");
        assert_eq!(ask("GET", &address, &night, empty).status, 404, "{address}");
        assert_eq!(server.get(&address).status, 401, "{address}");
    }
    assert_eq!(ask("DELETE", job, &night, empty).status, 404);
    let listed = |key: &str| ask("GET", "/api/v1/jobs", key, empty).json()["jobs"].clone();
    assert_eq!(listed(&night), json!([]));
    assert_eq!(listed(&day).as_array().unwrap().len(), 1);
    assert!(!listed(&day).to_string().contains(&day));
}

#[test]
fn what_is_beyond_the_limits_is_refused() {
    let desk = Desk::new();
    let server = desk.serve(&["--max-body", "1", "--max-jobs", "2"]);
    let refused = |files: &[(&str, &[u8])]| send(&server, TRANSLATE, files).status;
    assert_eq!(refused(&[("a.txt", &vec![b'a'; (1 << 20) + 1])]), 413);
    let spaces = vec![b' '; 5 << 20];
    assert_eq!(refused(&[("bomb.zip", &archive(&[("a.txt", &spaces)]))]), 413);
    let many: Vec<(String, &[u8])> =
        (0..2_001).map(|n| (format!("{n}.txt"), &b"a b"[..])).collect();
    let many: Vec<(&str, &[u8])> = many.iter().map(|(name, text)| (name.as_str(), *text)).collect();
    assert_eq!(refused(&many), 413);
    let lines = "{\"text\":\"a b\"}\n".repeat(20_001);
    assert_eq!(refused(&[("a.jsonl", lines.as_bytes())]), 413);
    assert_eq!(refused(&[]), 400);
    assert_eq!(refused(&[("a.txt", b"")]), 400);
    assert_eq!(refused(&[("cut.zip", b"PK\x03\x04")]), 400);
    let council: &[(&str, &[u8])] = &[("a.txt", b"The council meets.")];
    for fields in [
        [("to", "fr"), ("task", "translate")],
        [("to", "ko"), ("task", "invent")],
        [("to", "ko"), ("sentences", "0")],
        [("to", "ko"), ("style", "song")],
        [("to", "ko"), ("glossary", "harbor")],
        [("to", "ko"), ("memory", "perhaps")],
    ] {
        assert_eq!(send(&server, &fields, council).status, 400, "{fields:?}");
    }
    // Finished jobs make room, unfinished ones do not.
    let first = sent(&server, council);
    wait(&server, &first, is_final);
    let slow_ones = [(); 2].map(|()| sent(&server, &[("slow.xml", slow(300).as_bytes())]));
    assert_eq!(server.get(&first).status, 404);
    let busy = send(&server, TRANSLATE, council);
    assert_eq!((busy.status, busy.header("retry-after")), (429, Some("60")));
    assert_eq!(server.request("DELETE", &slow_ones[0], &[], b"").status, 204);
    sent(&server, council);
    drop(server);
    let server = desk.serve(&["--jobs", "off"]);
    assert_eq!(send(&server, TRANSLATE, council).status, 503);
    assert_eq!(server.get("/api/v1/jobs").status, 503);
}

#[test]
fn a_body_of_its_own_type_is_a_file() {
    let (_desk, server) = serve();
    let json_feed = json!({"version": "https://jsonfeed.org/version/1.1", "title": "Haemin",
        "items": [{"id": "1", "title": "News", "content_text": "The council meets."}]});
    let json_feed = json_feed.to_string();
    let rss = feed(&["The council meets."]);
    let pasted = json!({"text": rss, "name": "morning.xml", "to": "ko", "task": "translate",
        "glossary": [{"source": "council", "target": "시의회"}]});
    for (kind, body, format) in [
        ("application/rss+xml", rss.as_str(), "feed"),
        ("text/xml; charset=utf-8", rss.as_str(), "feed"),
        ("application/feed+json", json_feed.as_str(), "feed"),
        ("application/json", json_feed.as_str(), "feed"),
        ("application/json", &pasted.to_string(), "feed"),
        // As `curl -d` sends it.
        ("application/x-www-form-urlencoded", &pasted.to_string(), "feed"),
        ("application/x-ndjson", "{\"text\": \"The council meets.\"}\n", "jsonl"),
        ("text/html", "<p>The council meets.</p>", "html"),
        ("text/plain", "The council meets.", "plain"),
        ("application/octet-stream", "<!doctype html><p>The council meets.</p>", "html"),
    ] {
        let address = "/api/v1/jobs?to=ko&task=translate";
        let answer = server.request("POST", address, &[("content-type", kind)], body.as_bytes());
        assert_eq!(answer.status, 202, "{kind}: {}", answer.body);
        assert_eq!(answer.json()["inputs"][0]["format"], format, "{kind}");
        let status = wait(&server, answer.header("location").unwrap(), is_final);
        assert_eq!((&status["state"], &status["done"]), (&json!("done"), &json!(1)), "{status}");
    }
}

#[test]
fn a_job_of_other_models_fails_and_says_so() {
    let desk = Desk::new();
    let server = desk.serve(&[]);
    let job = sent(&server, &[("slow.xml", slow(100).as_bytes())]);
    wait(&server, &job, |status| status["done"].as_u64() >= Some(1));
    drop(server);
    let other = scripted::model(json!([{"say": "다른 모델이다."}]), 4096);
    let desk = Desk { model: other, ..desk };
    let server = desk.serve(&[]);
    let status = wait(&server, &job, is_final);
    assert_eq!(status["state"], "failed");
    let error = status["error"].as_str().unwrap();
    assert!(error.contains("another version") && error.contains("other models"), "{error}");
    assert!(!error.contains('/'), "{error}");
    assert!(!lines(&server.get(&format!("{job}/results")).body).is_empty());
}

#[test]
fn old_jobs_and_halves_of_jobs_are_gone_and_a_damaged_one_harms_no_other() {
    let desk = Desk::new();
    let server = desk.serve(&[]);
    let [old, young, damaged, unreadable] = [(); 4].map(|()| {
        let job = sent(&server, &[("a.txt", b"The council meets.")]);
        wait(&server, &job, is_final);
        job
    });
    drop(server);
    let folder = |job: &str| desk.folder().join(job.rsplit('/').next().unwrap());
    let record = folder(&old).join("job.json");
    let mut text: Value = serde_json::from_slice(&std::fs::read(&record).unwrap()).unwrap();
    text["finished"] = json!("2020-01-01T00:00:00Z");
    std::fs::write(&record, text.to_string()).unwrap();
    std::fs::write(folder(&damaged).join("job.json"), "{").unwrap();
    let record = folder(&unreadable).join("job.json");
    let text = std::fs::read_to_string(&record).unwrap();
    std::fs::write(&record, text.replace("\"done\",", "\"running\",")).unwrap();
    std::fs::remove_file(folder(&unreadable).join("events.jsonl")).unwrap();
    std::fs::create_dir(folder(&unreadable).join("events.jsonl")).unwrap();
    let half = desk.folder().join("0".repeat(32));
    std::fs::create_dir(&half).unwrap();
    std::fs::write(half.join("inputs.bin"), "The council").unwrap();
    let other = desk.folder().join("notes");
    std::fs::create_dir(&other).unwrap();
    let server = desk.serve(&[]);
    for (job, status) in [(&old, 404), (&young, 200), (&damaged, 404), (&unreadable, 404)] {
        assert_eq!(server.get(job).status, status, "{job}");
    }
    assert!(!folder(&old).exists() && !half.exists());
    for kept in [folder(&damaged), folder(&unreadable), other] {
        assert!(kept.exists(), "what is not understood stays: {}", kept.display());
    }
}

#[test]
fn two_servers_do_not_share_a_folder_of_jobs() {
    let (desk, first) = serve();
    let second = desk.serve(&[]);
    assert_eq!(second.get("/api/v1/jobs").status, 503);
    assert_eq!(first.get("/api/v1/jobs").status, 200);
    let elsewhere = desk.home.path().join("elsewhere");
    let third = desk.serve(&["--jobs", elsewhere.to_str().unwrap()]);
    assert_eq!(third.get("/api/v1/jobs").json(), json!({"jobs": []}));
}

#[cfg(feature = "fetch")]
#[test]
fn an_address_is_fetched_only_where_the_operator_allows_it() {
    use crate::support::hub::Hub;

    let web = Hub::start(|_| crate::support::hub::Answer::body(feed(&["The council meets."])));
    let address = format!("{}/feed", web.endpoint);
    let asked = json!({"url": address, "to": "ko", "task": "translate"});
    let desk = Desk::new();
    let online = [("HF_HUB_OFFLINE", "0")];
    for (arguments, status) in [(&[][..], 403), (&["--allow-fetch"], 400)] {
        let server = desk.serve_with(arguments, &online);
        assert_eq!(server.post("/api/v1/jobs", &asked).status, status, "{arguments:?}");
        let file = json!({"url": "file:///etc/passwd", "to": "ko"});
        assert_eq!(server.post("/api/v1/jobs", &file).status, status, "{arguments:?}");
    }
    assert_eq!(web.asked().len(), 0);
    let server = desk.serve_with(&["--allow-fetch", "--allow-private"], &online);
    let answer = server.post("/api/v1/jobs", &asked);
    assert_eq!(answer.status, 202, "{}", answer.body);
    assert_eq!(answer.json()["inputs"][0]["format"], "feed");
}

#[test]
fn the_openapi_document_has_the_addresses_of_jobs() {
    let (_desk, server) = serve();
    let document = server.get("/api/v1/openapi.json").json();
    for (path, methods) in [
        ("/api/v1/jobs", &["get", "post"][..]),
        ("/api/v1/jobs/{id}", &["get", "delete"]),
        ("/api/v1/jobs/{id}/events", &["get"]),
        ("/api/v1/jobs/{id}/results", &["get"]),
        ("/api/v1/jobs/{id}/digest", &["get"]),
        ("/api/v1/jobs/{id}/files", &["get"]),
        ("/api/v1/jobs/{id}/files/{name}", &["get"]),
    ] {
        for method in methods {
            let route = &document["paths"][path][method];
            assert!(route["summary"].is_string(), "{method} {path}");
            assert!(route["responses"]["401"]["description"].is_string(), "{method} {path}");
        }
    }
    let properties = document["components"]["schemas"]["JobStatus"].to_string();
    assert!(properties.contains("\"progress\"") && properties.contains("Tally"), "{properties}");
    let fields = document["components"]["schemas"]["TextRequest"].to_string();
    assert!(fields.contains("\"text\"") && fields.contains("Wishes"), "{fields}");
}
