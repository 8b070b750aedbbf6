//! The page of the workbench, and the words of the desk that it asks for.

use std::path::{Path, PathBuf};
use std::process::Command;

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::cli::Home;
use crate::support::http::Server;
use crate::support::{here, real, scripted};

/// A scripted model that never gets the number of ferries, and makes up the end of a summary.
fn model() -> TempDir {
    let summary = "예산은 480억 원이다. 시장은 9월 5일 교량 공사를 시작한다.";
    scripted::model(
        json!([
            {"when": "Here is a news article", "say": summary},
            {"when": "ummarize the following", "say": summary},
            {"when": "crawl", "pause": 40,
                "say": "배들은 밤새 천천히 움직여 새벽에야 겨우 항구에 도착했다."},
            {"when": "drums", "say": "boom ", "then": "fail"},
            {"when": "17 ferries", "say": "여객선 12척이 떠났다."},
            {"when": "It votes", "say": "시의회는 월요일에 모인다. 예산을 표결한다."},
            {"when": "The council", "say": "시의회는 월요일에 모인다."},
            {"say": "모르는 글이다."}
        ]),
        8192,
    )
}

fn serve_with(home: &Home, arguments: &[&str]) -> (TempDir, Server) {
    let model = model();
    let path = model.path().display().to_string();
    let server = Server::start(home, &[&["--model", &path, "--repair", "off"], arguments].concat());
    (model, server)
}

const SOURCE: &str = "17 ferries left the harbor on Monday.";
const TARGET: &str = "월요일 여객선 17척이 항구를 떠났다.";

#[test]
fn a_confirmed_translation_is_a_match_and_translates_its_segment() {
    let home = Home::new();
    let (_model, server) = serve_with(&home, &[]);
    let unit = json!({"source": SOURCE, "target": TARGET, "by": "desk"});
    assert_eq!(server.post("/api/v1/memory", &unit).json(), json!({"result": "added"}));
    let text = "19 ferries left the harbor on Monday.";
    let asked = json!({"text": text, "from": "en", "to": "ko"});
    let found = server.post("/api/v1/memory/similar", &asked).json();
    let first = &found["matches"][0];
    assert!((70..100).contains(&first["percent"].as_u64().unwrap()), "{found}");
    assert_eq!((&first["target"], &first["origin"]), (&json!(TARGET), &json!("confirmed")));
    let changes: Vec<(&str, &str)> = first["difference"]
        .as_array()
        .unwrap()
        .iter()
        .map(|change| (change["kind"].as_str().unwrap(), change["text"].as_str().unwrap()))
        .collect();
    assert_eq!(
        changes,
        [("removed", "17"), ("added", "19"), ("same", " ferries left the harbor on Monday.")]
    );
    let query = "/api/v1/memory/similar?text=19+ferries+left+the+harbor+on+Monday.&limit=1";
    assert_eq!(server.get(query).json(), found);
    let translated = server.post("/api/v1/translate", &json!({"text": SOURCE, "to": "ko"})).json();
    assert_eq!(translated["segments"][0]["text"], TARGET);
    assert_eq!(translated["segments"][0]["memory"]["reused"], "confirmed");
}

#[test]
fn the_memory_is_searched_in_both_languages() {
    let home = Home::new();
    let (_model, server) = serve_with(&home, &[]);
    server.post("/api/v1/memory", &json!({"source": SOURCE, "target": TARGET}));
    // "항구", with the signs of a query that would match anything.
    for (words, count) in [("ferries", 1), ("%ED%95%AD%EA%B5%AC", 1), ("bridge", 0), ("%25", 0)] {
        let found = server.get(&format!("/api/v1/memory/search?text={words}")).json();
        assert_eq!(found["units"].as_array().unwrap().len(), count, "{words}: {found}");
    }
    for query in ["", "?text=", "?text=a&limit=0", "?text=a&limit=many"] {
        assert_eq!(server.get(&format!("/api/v1/memory/search{query}")).status, 400, "{query}");
    }
}

#[test]
fn terms_that_occur_in_a_text_have_their_places() {
    let home = Home::new();
    let glossary = home.path().join("terms.csv");
    std::fs::write(&glossary, "source,target\nHarbor Authority,항만공사\ntide,조수\n").unwrap();
    let (_model, server) = serve_with(&home, &["--glossary", glossary.to_str().unwrap()]);
    let query = "/api/v1/terms?text=The+Harbor+Authority+met.&to=ko";
    let terms = server.get(query).json();
    assert_eq!(terms["terms"].as_array().unwrap().len(), 1, "{terms}");
    assert_eq!(terms["terms"][0]["target"], "항만공사");
    assert_eq!(terms["terms"][0]["place"], json!({"start": 4, "end": 20}));
}

#[test]
fn a_memory_that_is_off_or_read_only_is_said_to_be() {
    let home = Home::new();
    let unit = json!({"source": SOURCE, "target": TARGET});
    let (_model, server) = serve_with(&home, &["--no-memory"]);
    for answer in [
        server.post("/api/v1/memory", &unit),
        server.get("/api/v1/memory/similar?text=ferries"),
        server.get("/api/v1/memory/search?text=ferries"),
    ] {
        assert_eq!(answer.status, 503);
        assert_eq!(answer.json()["error"], "the memory of this server is off");
        assert_eq!(answer.header("retry-after"), None);
    }
    assert_eq!(server.get("/api/v1/terms?text=ferries").status, 200);
    drop(server);
    // A folder without write permission, as of a shared disk.
    let folder = home.path().join(".local/share/malmoi");
    assert_eq!(home.run(&["memory", "add", SOURCE, TARGET]).code, Some(0));
    let writable = std::fs::metadata(&folder).unwrap().permissions();
    let mut read_only = writable.clone();
    read_only.set_readonly(true);
    std::fs::set_permissions(&folder, read_only).unwrap();
    let (_model, server) = serve_with(&home, &[]);
    assert_eq!(server.post("/api/v1/memory", &unit).status, 403);
    let found = server.get("/api/v1/memory/search?text=ferries").json();
    assert_eq!(found["units"].as_array().unwrap().len(), 1);
    std::fs::set_permissions(&folder, writable).unwrap();
}

#[test]
fn units_that_are_no_pair_are_refused() {
    let home = Home::new();
    let (_model, server) = serve_with(&home, &[]);
    for unit in [
        json!({"source": SOURCE}),
        json!({"source": SOURCE, "target": " "}),
        json!({"source": SOURCE, "target": TARGET, "from": "ko", "to": "ko"}),
        json!({"source": SOURCE, "target": TARGET, "to": "fr"}),
        json!({"source": ["a"], "target": TARGET}),
    ] {
        let answer = server.post("/api/v1/memory", &unit);
        assert_eq!(answer.status, 400, "{unit}: {}", answer.body);
    }
    assert_eq!(server.get("/api/v1/memory").status, 405);
}

/// Segments as the page sends them, one of two in the words of an editor.
fn segments() -> Value {
    json!([
        {"source": "The council meets.", "target": "시의회가 모인다.", "status": "confirmed"},
        {"source": "17 ferries <left>.", "target": "여객선 17척이 떠났다.", "status": "machine"},
    ])
}

#[test]
fn segments_are_written_for_translators_tools() {
    let home = Home::new();
    let (_model, server) = serve_with(&home, &[]);
    let mut asked = json!({"from": "en", "to": "ko", "segments": segments(), "as": "tmx",
        "name": "../news/harbor.txt", "model": "tiny"});
    let tmx = server.post("/api/v1/export", &asked);
    let name = "attachment; filename*=UTF-8''harbor.ko.tmx";
    assert_eq!((tmx.status, tmx.header("content-disposition")), (200, Some(name)));
    assert!(tmx.body.contains("17 ferries &lt;left&gt;."), "{}", tmx.body);
    // The file is one that the program itself reads: a confirmed segment, and one of a model.
    let path = home.write("harbor.tmx", &tmx.body);
    let checked = home.run(&["check", "--pairs", &path, "--json"]);
    assert_eq!(checked.code, Some(0), "{}{}", checked.out, checked.err);
    asked["as"] = "xliff".into();
    let xliff = server.post("/api/v1/export", &asked).body;
    assert!(xliff.contains("state=\"final\"") && xliff.contains("state=\"translated\""), "{xliff}");
    for (field, value) in [("as", "docx"), ("from", "ko"), ("segments", "none")] {
        let mut wrong = asked.clone();
        wrong[field] = value.into();
        assert_eq!(server.post("/api/v1/export", &wrong).status, 400, "{field}");
    }
}

#[test]
fn edited_segments_go_back_into_an_office_file() {
    let home = Home::new();
    let (_model, server) = serve_with(&home, &[]);
    for name in ["release.docx", "release.hwpx"] {
        let bytes = std::fs::read(here("fixtures/press").join(name)).unwrap();
        let file = BASE64_STANDARD.encode(&bytes);
        let asked = json!({"file": file, "name": name, "from": "ko", "to": "en"});
        let answer = server.post("/api/v1/translate", &asked);
        assert_eq!(answer.status, 200, "{}", answer.body);
        let outcome = answer.json();
        let done = BASE64_STANDARD.decode(outcome["file"].as_str().unwrap()).unwrap();
        let source = malmoi::formats::read(&bytes, name).unwrap();
        let translated = malmoi::formats::read(&done, name).unwrap();
        assert_eq!(translated.blocks().len(), source.blocks().len());
        let segments: Vec<Value> = outcome["segments"]
            .as_array()
            .unwrap()
            .iter()
            .enumerate()
            .map(|(number, segment)| {
                let target = format!("Edited <{number}> & signed.");
                json!({"source": segment["source"], "target": target, "status": "edited"})
            })
            .collect();
        let mut asked = json!({"as": "source", "file": file, "name": name, "from": "ko", "to": "en",
            "segments": segments});
        let answer = server.post("/api/v1/export", &asked);
        assert_eq!(answer.status, 200, "{}", answer.body);
        let named = format!("filename*=UTF-8''release.en.{}", &name["release.".len()..]);
        assert!(answer.header("content-disposition").unwrap().ends_with(&named));
        let edited = malmoi::formats::read(&answer.bytes, name).unwrap();
        assert_eq!(edited.blocks().len(), source.blocks().len(), "{}", edited.text());
        assert!(edited.article().starts_with("Edited <0> & signed."), "{}", edited.article());
        let last = format!("Edited <{}> & signed.", segments.len() - 1);
        assert!(edited.text().ends_with(&last), "{}", edited.text());
        asked["file"] = "no base64".into();
        assert_eq!(server.post("/api/v1/export", &asked).status, 400);
        asked["file"] = BASE64_STANDARD.encode(&bytes[..99]).into();
        let refused = server.post("/api/v1/export", &asked);
        assert_eq!(refused.status, 400);
        assert!(refused.body.contains(&format!("{name} is damaged")), "{}", refused.body);
    }
    let both = json!({"text": "a", "file": "YQ==", "from": "en", "to": "ko"});
    assert_eq!(server.post("/api/v1/translate", &both).status, 400);
    assert_eq!(server.post("/api/v1/translate", &json!({"from": "en"})).status, 400);
}

#[test]
fn segments_go_back_into_the_document_that_came_in() {
    let home = Home::new();
    let (_model, server) = serve_with(&home, &[]);
    let text = "<html lang=\"en\"><article><h1>The council meets.</h1>\
        <p>17 ferries &lt;<b>left</b>&gt;.</p></article></html>";
    let asked = json!({"from": "en", "to": "ko", "segments": segments(), "as": "source",
        "format": "html", "text": text});
    let page = server.post("/api/v1/export", &asked);
    assert_eq!(page.status, 200, "{}", page.body);
    assert!(
        page.body.starts_with("<html lang=\"ko\"><article><h1>시의회가 모인다.</h1>"),
        "{}",
        page.body
    );
    assert!(page.body.contains("여객선 17척이"), "{}", page.body);
    let subtitles = "1\n00:00:01,000 --> 00:00:03,000\nThe council meets.\n";
    let mut asked = json!({"from": "en", "to": "ko", "as": "source", "format": "srt",
        "text": subtitles, "segments": [
            {"source": "The council", "target": "시의회가"}, {"source": "meets.", "target": "모인다."}]});
    let whole = server.post("/api/v1/export", &asked).body;
    assert_eq!(whole, subtitles.replace("The council meets.", "시의회가 모인다."));
    asked["segments"][1]["source"] = "met.".into();
    assert_eq!(server.post("/api/v1/export", &asked).status, 400);
}

#[test]
fn the_articles_of_a_feed_are_listed_with_their_texts() {
    let home = Home::new();
    let (_model, server) = serve_with(&home, &[]);
    let feed = "<rss version=\"2.0\"><channel><title>Harbor</title>\
        <item><title>Ferries leave</title><guid>1</guid><link>https://example.org/1</link>\
        <description>&lt;p&gt;17 ferries &lt;b&gt;left&lt;/b&gt;.&lt;/p&gt;</description></item>\
        <item><title>Rain</title><guid>2</guid><description>It rains in Haemin.</description></item>\
        </channel></rss>";
    let found = server.post("/api/v1/articles", &json!({"text": feed})).json();
    assert_eq!((&found["format"], &found["all"]), (&json!("feed"), &json!(2)), "{found}");
    let first = &found["articles"][0];
    assert_eq!((&first["title"], &first["language"]), (&json!("Ferries leave"), &json!("en")));
    assert_eq!(
        (&first["format"], &first["link"]),
        (&json!("html"), &json!("https://example.org/1"))
    );
    let text = first["text"].as_str().unwrap();
    assert!(text.contains("<b>left</b>") && text.contains("Ferries leave"), "{text}");
    assert_eq!(found["articles"][1]["format"], "text");
    let kind = [("content-type", "multipart/form-data; boundary=x")];
    let body = format!(
        "--x\r\ncontent-disposition: form-data; name=\"file\"; filename=\"../a.xml\"\r\n\r\n\
         {feed}\r\n--x--\r\n"
    );
    let uploaded = server.request("POST", "/api/v1/articles", &kind, body.as_bytes());
    assert_eq!(uploaded.json()["all"], 2, "{}", uploaded.body);
    for wrong in [json!({}), json!({"text": " "}), json!({"text": "<rss></rss>"})] {
        let answer = server.post("/api/v1/articles", &wrong);
        assert_eq!(answer.status, 400, "{}", answer.body);
    }
}

#[test]
fn a_dismissal_holds_for_all_until_it_is_taken_back() {
    let home = Home::new();
    let (model, server) = serve_with(&home, &[]);
    let pair = json!({"source": "17 ferries left.", "output": "여객선 12척이 떠났다."});
    let finding = server.post("/api/v1/check", &pair).json()["findings"][0].clone();
    assert_eq!(finding["dismissed"], Value::Null, "{finding}");
    let hash = finding["hash"].as_str().unwrap();
    let asked = json!({"hash": hash, "finding": finding["message"], "reason": "a later count"});
    assert_eq!(server.post("/api/v1/dismissals", &asked).status, 200);
    assert_eq!(server.post("/api/v1/check", &pair).json()["findings"][0]["dismissed"], true);
    // The list is the one of `malmoi check`, in both directions, and outlives the server.
    let arguments = ["check", "--dismiss", "00000000000000ff"];
    assert_eq!(home.run(&arguments).code, Some(0));
    drop(server);
    let path = model.path().display().to_string();
    let server = Server::start(&home, &["--model", &path, "--repair", "off"]);
    let list = server.get("/api/v1/dismissals").json();
    let hashes = ["/dismissals/0/hash", "/dismissals/1/hash"].map(|at| list.pointer(at).cloned());
    assert_eq!(hashes, [Some("00000000000000ff".into()), Some(hash.into())], "{list}");
    assert_eq!(list["dismissals"][1]["finding"], finding["message"]);
    let address = format!("/api/v1/dismissals/{hash}");
    assert_eq!(server.request("DELETE", &address, &[], b"").status, 200);
    assert_eq!(server.request("DELETE", &address, &[], b"").status, 404);
    assert_eq!(server.post("/api/v1/check", &pair).json()["findings"][0]["dismissed"], Value::Null);
    for hash in ["", "0123", "../../etc/passwd", "0123456789ABCDEF"] {
        let answer = server.post("/api/v1/dismissals", &json!({ "hash": hash }));
        assert_eq!(answer.status, 400, "{hash}: {}", answer.body);
    }
}

#[test]
fn dismissals_of_many_requests_at_once_are_all_kept() {
    let home = Home::new();
    let (_model, server) = serve_with(&home, &[]);
    std::thread::scope(|scope| {
        for thread in 0..8 {
            let server = &server;
            scope.spawn(move || {
                for index in 0..8 {
                    let hash = format!("{:016x}", thread * 8 + index);
                    let answer = server.post("/api/v1/dismissals", &json!({ "hash": hash }));
                    assert_eq!(answer.status, 200, "{}", answer.body);
                }
            });
        }
    });
    assert_eq!(server.get("/api/v1/dismissals?limit=1").json()["all"], 64);
}

#[test]
fn a_new_term_of_the_desk_holds_from_the_next_request_on() {
    let home = Home::new();
    let (_model, server) = serve_with(&home, &[]);
    let lookup = json!({"text": "The council meets.", "from": "en", "to": "ko"});
    let terms = || server.post("/api/v1/terms", &lookup).json()["terms"].clone();
    assert_eq!(terms(), json!([]));
    let term = json!({"source": "council", "target": "군의회", "from": "en", "to": "ko"});
    assert_eq!(server.post("/api/v1/glossaries/desk/terms", &term).status, 200);
    assert_eq!(terms()[0]["target"], "군의회");
    let translated =
        server.post("/api/v1/translate", &json!({"text": "The council meets."})).json();
    let checks: Vec<&str> = translated["findings"]
        .as_array()
        .unwrap()
        .iter()
        .map(|finding| finding["check"].as_str().unwrap())
        .collect();
    assert!(checks.contains(&"glossary"), "{translated}");
    // A glossary of DeepL's clients comes before the desk's; `none` is without both.
    let made = json!({"name": "courts", "source_lang": "en", "target_lang": "ko",
        "entries": "council\t평의회", "entries_format": "tsv"});
    let id = server.post("/v2/glossaries", &made).json()["glossary_id"].clone();
    let list = server.get("/api/v1/glossaries").json();
    assert_eq!(list["glossaries"][0], json!({"id": "desk", "terms": 1, "writable": true}));
    assert_eq!(list["glossaries"][1]["id"], id, "{list}");
    for (id, target) in
        [(id, Some("평의회")), ("none".into(), None), ("desk".into(), Some("군의회"))]
    {
        let mut lookup = lookup.clone();
        lookup["glossary_id"] = id;
        let found = server.post("/api/v1/terms", &lookup).json();
        assert_eq!(found["terms"][0]["target"].as_str(), target, "{found}");
    }
    let unknown = json!({"text": "The council meets.", "glossary_id": "1234"});
    assert_eq!(server.post("/api/v1/translate", &unknown).status, 400);
    let query = "source=council&target=%EA%B5%B0%EC%9D%98%ED%9A%8C";
    let address = format!("/api/v1/glossaries/desk/terms?{query}");
    assert_eq!(server.request("DELETE", &address, &[], b"").json(), json!({"removed": true}));
    assert_eq!(terms(), json!([]));
    for wrong in [
        json!({"source": "a"}),
        json!({"source": "a\nb", "target": "나"}),
        json!({"source": "a", "target": "나", "note": "a\nb"}),
        json!({"source": "a", "target": "나", "note": "a".repeat(201)}),
    ] {
        assert_eq!(server.post("/api/v1/glossaries/desk/terms", &wrong).status, 400, "{wrong}");
    }
}

#[test]
fn a_fault_of_the_desk_is_told_to_the_log_alone() {
    let home = Home::new();
    let log = home.path().join("log");
    let desk = home.path().join("desk.db");
    let variables = [("MALMOI_DESK", desk.to_str().unwrap())];
    let model = model();
    let path = model.path().display().to_string();
    let arguments = ["--model", &path, "--access-log", log.to_str().unwrap()];
    let server = Server::start_with(&home, &arguments, &variables);
    let tables = "DROP TABLE term; DROP TABLE unit";
    rusqlite::Connection::open(&desk).unwrap().execute_batch(tables).unwrap();
    let unit = json!({"source": SOURCE, "target": TARGET, "from": "en", "to": "ko"});
    let lookup = json!({"text": SOURCE, "from": "en", "to": "ko"});
    for (path, body) in [
        ("/api/v1/memory", &unit),
        ("/api/v1/memory/similar", &lookup),
        ("/api/v1/glossaries/desk/terms", &unit),
    ] {
        let before = std::fs::read_to_string(&log).unwrap().matches("no such table").count();
        let answer = server.post(path, body);
        assert_eq!(answer.status, 500, "{path}");
        assert!(!answer.body.contains("table"), "{}", answer.body);
        let after = std::fs::read_to_string(&log).unwrap();
        assert_eq!(after.matches("no such table").count(), before + 1, "{path}: {after}");
    }
}

#[test]
fn a_request_names_one_of_the_loaded_models() {
    let home = Home::new();
    let second = scripted::model(json!([{"say": "둘째 모델의 글이다."}]), 8192);
    let path = second.path().display().to_string();
    let (_model, server) = serve_with(&home, &["--also", &path]);
    let models = server.get("/api/v1/models").json();
    let of_translations: Vec<&str> = models["served"]
        .as_array()
        .unwrap()
        .iter()
        .filter(|one| one["task"] == "translate" && one["to"] == "ko")
        .map(|one| one["model"].as_str().unwrap())
        .collect();
    let name = second.path().file_name().unwrap().to_str().unwrap();
    assert_eq!((of_translations.len(), of_translations[1]), (2, name), "{models}");
    let asked = |model: Value| json!({"text": "The council meets.", "to": "ko", "model": model});
    let text =
        |model: Value| server.post("/api/v1/translate", &asked(model)).json()["text"].clone();
    assert_eq!(text(name.into()), "둘째 모델의 글이다.");
    for usual in [Value::Null, "".into(), of_translations[0].into()] {
        assert_eq!(text(usual), "시의회는 월요일에 모인다.");
    }
    assert_eq!(server.post("/api/v1/translate", &asked("gpt-9".into())).status, 400);
}

#[test]
fn the_openapi_document_has_the_addresses_of_the_desk() {
    let home = Home::new();
    let (_model, server) = serve_with(&home, &[]);
    let document = server.get("/api/v1/openapi.json").json();
    for (path, method) in [
        ("/api/v1/memory", "post"),
        ("/api/v1/memory/similar", "post"),
        ("/api/v1/memory/search", "get"),
        ("/api/v1/terms", "post"),
        ("/api/v1/glossaries", "get"),
        ("/api/v1/glossaries/desk/terms", "post"),
        ("/api/v1/dismissals", "post"),
        ("/api/v1/dismissals/{hash}", "delete"),
        ("/api/v1/export", "post"),
        ("/api/v1/articles", "post"),
    ] {
        assert!(document["paths"][path][method]["summary"].is_string(), "{path}");
    }
}

#[test]
fn the_page_runs_nothing_but_its_own_files() {
    let home = Home::new();
    let (_model, server) = serve_with(&home, &[]);
    let page = server.get("/");
    let policy = page.header("content-security-policy").unwrap();
    for part in ["default-src 'none'", "script-src 'self'", "frame-ancestors 'none'"] {
        assert!(policy.contains(part), "{policy}");
    }
    assert!(!policy.contains("unsafe"));
    let tag = page.header("etag").unwrap();
    let again = server.request("GET", "/", &[("if-none-match", tag)], b"");
    assert_eq!((again.status, again.body.as_str()), (304, ""));
    // Every file that the page and its modules name is there; none is from elsewhere.
    let mut files = vec!["/page/en.json".to_string(), "/page/ko.json".to_string()];
    files.extend(quoted(&page.body, "src=\""));
    files.extend(quoted(&page.body, "href=\"").filter(|target| !target.starts_with('#')));
    let mut seen = 0;
    while let Some(file) = files.get(seen).cloned() {
        seen += 1;
        assert!(file.starts_with("/page/"), "{file}");
        let answer = server.get(&file);
        assert_eq!(answer.status, 200, "{file}");
        for module in quoted(&answer.body, "from \"./") {
            let module = format!("/page/{module}");
            if !files.contains(&module) {
                files.push(module);
            }
        }
    }
    assert!(seen > 10, "{files:?}");
    for inline in ["<script>", "<style", " style=", "onclick", "javascript:"] {
        assert!(!page.body.contains(inline), "{inline}");
    }
}

/// What follows a beginning, up to the next quotation mark.
fn quoted<'t>(text: &'t str, beginning: &'t str) -> impl Iterator<Item = String> + 't {
    text.split(beginning).skip(1).filter_map(|rest| Some(rest.split('"').next()?.to_string()))
}

#[test]
fn both_languages_of_the_page_say_the_same() {
    let read = |language: &str| -> serde_json::Map<String, Value> {
        let path = format!("src/bin/malmoi/server/page/{language}.json");
        let text = std::fs::read(Path::new(env!("CARGO_MANIFEST_DIR")).join(path)).unwrap();
        serde_json::from_slice(&text).unwrap()
    };
    let (english, korean) = (read("en"), read("ko"));
    assert!(english.keys().eq(korean.keys()));
    let values = |text: &Value| {
        let mut names: Vec<String> = text
            .as_str()
            .unwrap()
            .split('{')
            .skip(1)
            .map(|rest| rest.split('}').next().unwrap().to_string())
            .collect();
        names.sort();
        names
    };
    for (key, words) in &english {
        assert_eq!(values(words), values(&korean[key]), "{key}");
    }
}

/// Runs a script of `tests/workbench` before a server. Node's packages are there after `npm ci`.
fn in_browser(script: &str, arguments: &[&str]) {
    let packages = here("workbench/node_modules/playwright-core").exists();
    let (Some(chromium), Some(node), true) = (browser(), program("node"), packages) else {
        eprintln!("skipped: Node, Chromium or the packages of tests/workbench are not here");
        return;
    };
    let home = Home::new();
    let server = Server::start(&home, arguments);
    let ran = Command::new(node)
        .arg(here("workbench").join(script))
        .arg(format!("http://{}/", server.address))
        .arg(chromium)
        .output()
        .unwrap();
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    assert!(ran.status.success(), "{}{}", text(&ran.stdout), text(&ran.stderr));
}

/// The same with the scripted model.
fn in_browser_scripted(script: &str, arguments: &[&str]) {
    let model = model();
    let path = model.path().display().to_string();
    in_browser(script, &[&["--model", &path, "--repair", "off"], arguments].concat());
}

#[test]
fn an_editor_pastes_edits_and_confirms_in_a_browser() {
    in_browser_scripted("workbench.mjs", &[]);
}

#[test]
fn segments_are_split_and_joined_and_terms_are_kept_in_a_browser() {
    let folder = tempfile::tempdir().unwrap();
    let second = folder.path().join("second");
    let made = scripted::model(json!([{"say": "둘째 모델의 글이다."}]), 8192);
    std::fs::rename(made.path(), &second).unwrap();
    in_browser_scripted("segments.mjs", &["--also", second.to_str().unwrap()]);
}

#[test]
fn a_feed_becomes_a_job_and_its_digest_a_front_page_in_a_browser() {
    in_browser_scripted("jobs.mjs", &[]);
}

#[test]
fn an_article_goes_its_way_with_real_weights_in_a_browser() {
    let Some(path) = real("qwen2.5-coder-1.5b") else { return };
    in_browser("real.mjs", &["--model", path.to_str().unwrap()]);
}

fn browser() -> Option<PathBuf> {
    ["chromium", "chromium-browser", "google-chrome"].into_iter().find_map(program)
}

fn program(name: &str) -> Option<PathBuf> {
    let paths = std::env::var_os("PATH")?;
    std::env::split_paths(&paths).map(|folder| folder.join(name)).find(|path| path.exists())
}
