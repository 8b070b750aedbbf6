//! The page of the workbench, and the words of the desk that it asks for.

use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::{Value, json};
use tempfile::TempDir;

use crate::cli::Home;
use crate::support::http::Server;
use crate::support::{here, scripted};

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

/// Node's packages are in `tests/workbench/node_modules` after `npm ci` there.
#[test]
fn an_editor_pastes_edits_and_confirms_in_a_browser() {
    let packages = here("workbench/node_modules/playwright-core").exists();
    let (Some(chromium), Some(node), true) = (browser(), program("node"), packages) else {
        eprintln!("skipped: Node, Chromium or the packages of tests/workbench are not here");
        return;
    };
    let home = Home::new();
    let (_model, server) = serve_with(&home, &[]);
    let ran = Command::new(node)
        .arg(here("workbench/workbench.mjs"))
        .arg(format!("http://{}/", server.address))
        .arg(chromium)
        .output()
        .unwrap();
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    assert!(ran.status.success(), "{}{}", text(&ran.stdout), text(&ran.stderr));
}

fn browser() -> Option<PathBuf> {
    ["chromium", "chromium-browser", "google-chrome"].into_iter().find_map(program)
}

fn program(name: &str) -> Option<PathBuf> {
    let paths = std::env::var_os("PATH")?;
    std::env::split_paths(&paths).map(|folder| folder.join(name)).find(|path| path.exists())
}
