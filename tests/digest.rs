use std::path::{Path, PathBuf};
use std::process::Command;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use pulldown_cmark::{Event, LinkType, Options, Parser, Tag};
use serde::Deserialize;
use serde_json::json;
use sha2::{Digest, Sha256};
use tempfile::TempDir;

use crate::cli::Home;
use crate::support::{here, real, scripted};

/// Items with markup in their headlines, addresses and texts.
const HOSTILE: &str = r#"<?xml version="1.0"?><rss version="2.0"><channel><title>Haemin</title>
<item><title>[click](javascript:alert(1)) ![p](http://127.0.0.1:9/md.png)</title><link>javascript:alert(1)</link>
<guid isPermaLink="false">"&gt;&lt;script&gt;alert(1)&lt;/script&gt;</guid>
<description><![CDATA[<p onclick="alert(1)">The mayor of Haemin opened a bridge on Monday.</p><script>alert(1)</script>
<img src="http://127.0.0.1:9/p.gif" onerror="alert(1)"><iframe src="http://127.0.0.1:9/f"></iframe>
<a href="javascript:alert(1)">more</a> <meta http-equiv="refresh" content="0;url=http://127.0.0.1:9/r"><base href="http://127.0.0.1:9/">
<p>It cost 412 million won, the city said.</p>]]></description></item>
<item><title>```</title><link>https://haemin.example/&quot;&gt;&lt;script&gt;</link>
<description>~~~
![](http://127.0.0.1:9/b.png)

# Residents

[x]: http://127.0.0.1:9/ref

The bridge opened on Monday.</description></item>
</channel></rss>"#;

const PAGE: &str = "<!doctype html><html><head><title>Bridge opens</title><link rel=\"stylesheet\" href=\"http://127.0.0.1:9/s.css\">\
<script src=\"http://127.0.0.1:9/s.js\"></script></head><body><article><h1>Bridge opens</h1>\
<p style=\"background:url(http://127.0.0.1:9/c)\">The mayor of Haemin opened a <b>bridge</b> on Monday, the city said.</p>\
<img src=\"http://127.0.0.1:9/p.png\"><p>It cost <a href=\"https://haemin.example/cost\">412 million won</a>, and work took two years.</p>\
</article></body></html>";

/// The folder in which a command has processed an input.
fn results(command: &str, name: &str, text: impl AsRef<[u8]>) -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    let hostile = "# 소식\n\n[눌러](javascript:alert(1)) <script>alert(1)</script> ![그림](http://127.0.0.1:9/o.png)";
    let model = scripted::model(json!([{"say": hostile}]), 8192);
    std::fs::write(folder.path().join(name), text).unwrap();
    let output = Command::new(assert_cmd::cargo::cargo_bin("malmoi"))
        .env_clear()
        .env("HOME", folder.path())
        .current_dir(folder.path())
        .args([command, name, "--to", "ko", "-o", "out", "--quiet", "--model"])
        .arg(model.path())
        .output()
        .unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    folder
}

fn read(folder: &TempDir, name: &str) -> String {
    std::fs::read_to_string(folder.path().join("out").join(name)).unwrap()
}

fn pages(folder: &Path, ending: &str) -> Vec<String> {
    let files = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    let files = files.filter(|path| path.to_string_lossy().ends_with(ending));
    files.map(|path| std::fs::read_to_string(path).unwrap()).collect()
}

/// The text of an element of an item; empty if there is none.
fn field_of(item: &str, name: &str) -> String {
    let text = item.split(&format!("<{name}>")).nth(1).and_then(|rest| rest.split("</").next());
    let text = text.unwrap_or_default();
    let text = text
        .replace("&lt;", "<")
        .replace("&gt;", ">")
        .replace("&quot;", "\"")
        .replace("&#39;", "'");
    text.replace("&amp;", "&")
}

/// Elements and attributes of HTML that run or load something.
fn active(html: &str) -> Vec<&'static str> {
    let html = html.to_lowercase();
    let tags = [
        "<script",
        "<img",
        "<iframe",
        "<object",
        "<embed",
        "<link",
        "<base",
        "<form",
        "<svg",
        "http-equiv=\"refresh",
    ];
    let attributes =
        [" onclick=", " onerror=", " onload=", "href=\"javascript:", "url(http", "src="];
    tags.into_iter().chain(attributes).filter(|one| html.contains(one)).collect()
}

fn assert_only_words(markdown: &str) {
    for event in Parser::new_ext(markdown, Options::all()) {
        let wrong = match &event {
            Event::Html(_) | Event::InlineHtml(_) | Event::Rule | Event::Code(_) => true,
            Event::Start(
                Tag::Image { .. } | Tag::CodeBlock(_) | Tag::Table(_) | Tag::HtmlBlock,
            ) => true,
            Event::Start(Tag::Link { link_type, dest_url, .. }) => {
                *link_type != LinkType::Autolink || !dest_url.starts_with("http")
            }
            _ => false,
        };
        assert!(!wrong, "{event:?} in\n{markdown}");
    }
}

#[test]
fn nothing_of_a_hostile_feed_runs_or_loads_in_the_outputs() {
    let folder = results("feed", "feed.xml", HOSTILE);
    assert_eq!(active(&read(&folder, "digest.html")), Vec::<&str>::new());
    let feed = read(&folder, "feed.xml");
    let items: Vec<&str> = feed.split("<item>").skip(1).collect();
    assert_eq!(items.len(), 2);
    for item in items {
        // A title is plain text; the other fields are HTML after unescaping.
        for field in ["description", "content:encoded"] {
            assert_eq!(active(&field_of(item, field)), Vec::<&str>::new(), "{item}");
        }
        assert!(
            field_of(item, "link").is_empty() || field_of(item, "link").starts_with("https://")
        );
    }
    assert_only_words(&read(&folder, "digest.md"));
    for page in pages(&folder.path().join("out/items"), ".md") {
        assert_only_words(&page);
    }
}

#[test]
fn a_feed_names_its_source_language_and_model_and_marks_doubtful_items() {
    let folder = results("feed", "haemin.xml", HOSTILE);
    let text = read(&folder, "feed.xml");
    let channel = text.split("<item>").next().unwrap();
    for part in
        ["<title>malmoi: haemin.xml</title>", "<language>ko</language>", "<generator>malmoi "]
    {
        assert!(channel.contains(part), "{channel}");
    }
    let model = channel.split("<description>").nth(1).unwrap();
    assert!(model.contains("확인") && model.contains("모델"), "{model}");
    assert!(text.contains("<category domain=\"malmoi\">doubtful</category>"));
}

#[test]
fn a_translated_page_keeps_its_structure_and_reaches_nothing() {
    let folder = results("batch", "page.html", PAGE);
    let pages = pages(&folder.path().join("out/items"), ".html");
    assert_eq!(pages.len(), 1);
    assert_eq!(active(&pages[0]), Vec::<&str>::new(), "{}", pages[0]);
    for part in ["<html lang=\"ko\">", "default-src 'none'", "<h1>", "<p>"] {
        assert!(pages[0].contains(part), "{part}: {}", pages[0]);
    }
}

#[test]
fn fences_and_references_of_one_article_do_not_swallow_the_next() {
    let lines = [
        json!({"id": 1, "title": "Bridge opens", "text": "The bridge opened.\n\n```\n\n---\n\n===\n\n[x]: http://127.0.0.1:9/ref\n\n![](http://127.0.0.1:9/b.png)"}),
        json!({"id": 2, "title": "A second article", "text": "The park opened on Tuesday."}),
    ];
    let folder = results("batch", "in.jsonl", lines.map(|line| line.to_string()).join("\n"));
    let digest = read(&folder, "digest.md");
    assert_only_words(&digest);
    let headings = Parser::new_ext(&digest, Options::all())
        .filter(|event| matches!(event, Event::Start(Tag::Heading { .. })))
        .count();
    assert_eq!(headings, 3, "{digest}");
}

#[test]
fn collected_hostile_feeds_and_lines_are_harmless_too() {
    let Some(feed) = crate::cases::case("attack/03-feedxml-html-passthrough/hostile.rss") else {
        return;
    };
    let folder = results("feed", "hostile.rss", std::fs::read(feed).unwrap());
    assert_eq!(active(&read(&folder, "digest.html")), Vec::<&str>::new());
    assert_only_words(&read(&folder, "digest.md"));
    let Some(lines) = crate::cases::case("attack/04-digest-md-injection/f.jsonl") else { return };
    let folder = results("batch", "f.jsonl", std::fs::read(lines).unwrap());
    assert_only_words(&read(&folder, "digest.md"));
    let Some(page) = crate::cases::case("attack/03-feedxml-html-passthrough/page.html") else {
        return;
    };
    let folder = results("batch", "page.html", std::fs::read(page).unwrap());
    for page in pages(&folder.path().join("out/items"), ".html") {
        assert_eq!(active(&page), Vec::<&str>::new(), "{page}");
    }
}

/// The items of `fixtures/stories`: three feeds in two languages.
#[derive(Deserialize)]
struct StoryItem {
    story: String,
    input: String,
    title: String,
    text: String,
}

#[test]
fn a_story_in_several_feeds_and_languages_stands_together() {
    let Some(encoder) = real("e5-small") else { return };
    let folder = tempfile::tempdir().unwrap();
    let model = scripted::model(json!([{"say": "해민 소식이다."}]), 8192);
    let text = std::fs::read_to_string(here("fixtures/stories/items.jsonl")).unwrap();
    let items: Vec<StoryItem> =
        text.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let names = ["baram", "ilbo", "tribune"];
    for name in names {
        let of_feed = items.iter().filter(|item| item.input == name);
        let lines: String = of_feed
            .map(|item| format!("{}\n", json!({"title": item.title, "text": item.text})))
            .collect();
        std::fs::write(folder.path().join(format!("{name}.jsonl")), lines).unwrap();
    }
    let output = Command::new(assert_cmd::cargo::cargo_bin("malmoi"))
        .env_clear()
        .env("HOME", folder.path())
        .current_dir(folder.path())
        .arg("batch")
        .args(names.map(|name| format!("{name}.jsonl")))
        .args(["--to", "ko", "-o", "out", "--quiet", "--meaning"])
        .arg(encoder)
        .arg("--model")
        .arg(model.path())
        .output()
        .unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let page = read(&folder, "digest.html");
    let story_of = |text: &str| {
        let text = text.replace("&#39;", "'");
        let item = items.iter().find(|item| text.contains(&item.title));
        item.map(|item| item.story.as_str())
    };
    // The story of each item by the number that links name; its headline is above the facts.
    let articles: Vec<&str> = page.split("<article ").skip(1).collect();
    let stories: Vec<&str> = articles
        .iter()
        .map(|article| story_of(article.split("class=\"facts\"").next().unwrap()).unwrap())
        .collect();
    let mut together = Vec::new();
    for (article, story) in articles.iter().zip(&stories) {
        let also = article.split("<p class=\"also\">").nth(1).unwrap_or_default();
        let also = also.split("</p>").next().unwrap();
        for link in also.split("href=\"#item-").skip(1) {
            let number: usize = link.split('"').next().unwrap().parse().unwrap();
            assert_eq!(stories[number - 1], *story, "{also}");
            together.push(*story);
        }
    }
    // Each of thirteen stories in two or three feeds; a few are told too differently.
    together.dedup();
    assert!(together.len() >= 10, "{together:?}");
    let markdown = read(&folder, "digest.md");
    assert!(markdown.contains("\n같은 소식: "), "{markdown}");
}

/// Six paragraphs: one confirmed and one imported as they are, one like a confirmed one; two terms,
/// of which the model uses one.
#[test]
fn what_a_result_owes_to_the_desk_is_in_the_digest_and_in_the_closing_report() {
    let home = Home::new();
    let model = scripted::model(
        json!([
            {"when": "The mayor visited", "say": "시장이 옛 항구를 찾았다."},
            {"when": "The council meets", "say": "시의회는 월요일에 모인다."},
            {"say": "모르는 글이다."}
        ]),
        8192,
    );
    let model = model.path().display().to_string();
    let add = |source, target| home.run(&["memory", "add", source, target]).code;
    assert_eq!(add("The ferry is late.", "여객선이 늦는다."), Some(0));
    assert_eq!(add("The council meets on Friday.", "시의회는 금요일에 모인다."), Some(0));
    let pairs = home.write("old.tsv", "It rained.\t비가 왔다.\n");
    assert_eq!(home.run(&["memory", "import", &pairs]).code, Some(0));
    let terms = home.write("terms.tsv", "harbour\t항만\ncouncil\t시의회\n");
    let text = "The ferry is late.\n\nIt rained.\n\nThe council meets on Monday.\n\n\
                The mayor visited the harbour.\n\nThe tide rose.";
    let item = home.write("in.jsonl", json!({"id": 1, "text": text}).to_string());
    let run = |folder: &str, more: &[&str]| {
        let command = ["batch", &item, "--to", "ko", "-o", folder, "--translate"];
        let options = ["--model", &model, "--repair", "off", "--glossary", &terms];
        let ran = home.run(&[&command, &options[..], more].concat());
        assert_eq!(ran.code, Some(0), "{}", ran.err);
        ran
    };
    let read = |file: &str| std::fs::read_to_string(home.path().join(file)).unwrap();
    let first = run("first", &[]);
    let closing = "2 of 5 segments from memory; 1 written after examples; \
                   1 of 2 terms as prescribed\n";
    assert!(first.err.ends_with(closing), "{}", first.err);
    let memory = "번역 메모리: 세그먼트 5개 중 2개 재사용(확정 1개, 가져온 번역 1개), \
                  1개는 비슷한 번역을 참고(최고 ";
    let terms_of_all = "용어: 2개 중 1개 용어집대로";
    let named = "용어: 2개 중 1개 용어집대로; 다르게 번역됨: harbour → 항만";
    for page in ["first/digest.html", "first/digest.md"] {
        let page = read(page);
        assert_eq!(page.matches(memory).count(), 2, "of all items, and of this one: {page}");
        assert_eq!(page.matches(terms_of_all).count(), 2, "{page}");
        assert_eq!(page.matches(named).count(), 1, "{page}");
    }
    let page = read("first/digest.html");
    for label in ["확정 번역", "가져온 번역", "참고 번역 "] {
        assert_eq!(page.matches(&format!(">{label}")).count(), 1, "{label}: {page}");
    }

    // The second run has all segments from memory: the report says so, the results do not.
    let second = run("second", &["--json"]);
    let end = second.out.lines().last().map(|line| serde_json::from_str(line).unwrap());
    let end: serde_json::Value = end.unwrap();
    let desk = json!({
        "segments": 5, "confirmed": 1, "imported": 1, "machine": 3, "after_examples": 0,
        "nearest_example": end["run"]["desk"]["nearest_example"], "terms": 2, "used": 1,
    });
    assert_eq!(end["run"]["desk"], desk);
    for file in ["items.jsonl", "digest.html", "digest.md"] {
        let [first, second] = ["first", "second"].map(|run| read(&format!("{run}/{file}")));
        assert_eq!(first, second, "{file}");
    }
}

/// Two feeds with four articles in two languages, of which two have doubts, as a digest.
fn front_page(to: &str) -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    let model = scripted::model(
        json!([
            {"when": "Here is a news article", "say": if to == "ko" { "항만이 다시 열렸다." }
                else { "The harbor opened again." }},
            {"when": "17 ferries", "say": "여객선 12척이 월요일에 떠났다."},
            {"when": "Harbor opens", "say": "항만 다시 열려"},
            {"when": "Library stays", "say": "도서관 야간 개방"},
            {"when": "The library", "say": "도서관은 수요일부터 밤 아홉 시까지 연다."},
            {"when": "512억", "say": "The breakwater costs 61.2 billion won."},
            {"when": "방파제 공사", "say": "Breakwater work begins"},
            {"when": "시장은", "say": "The mayor visited the new pier."},
            {"when": "시장, 새", "say": "Mayor visits the new pier"},
            {"say": "주민들은 반겼다."}
        ]),
        8192,
    );
    let item = |id: &str, title: &str, text: &str| {
        format!(
            "<item><guid>{id}</guid><title>{title}</title><link>https://{id}.example/</link>\
            <pubDate>Mon, 30 Nov 2026 07:00:00 +0900</pubDate><description>{text}</description></item>"
        )
    };
    let feed = |items: &[String]| {
        format!(
            "<rss version=\"2.0\"><channel><title>News</title>{}</channel></rss>",
            items.concat()
        )
    };
    let haemin = feed(&[
        item("a", "Harbor opens", "The harbor opened again on Monday, and 17 ferries left."),
        item("b", "Library stays open late", "The library opens until nine in the evening."),
    ]);
    let baram = feed(&[
        item("c", "방파제 공사 시작", "방파제에는 512억 원이 든다."),
        item("d", "시장, 새 부두 방문", "시장은 새 부두를 찾았다."),
    ]);
    std::fs::write(folder.path().join("haemin.xml"), haemin).unwrap();
    std::fs::write(folder.path().join("baram.xml"), baram).unwrap();
    let output = Command::new(assert_cmd::cargo::cargo_bin("malmoi"))
        .env_clear()
        .env("HOME", folder.path())
        .current_dir(folder.path())
        .args(["feed", "haemin.xml", "baram.xml", "--to", to, "-o", "out", "--quiet"])
        .args(["--repair", "off", "--meaning", "off", "--model"])
        .arg(model.path())
        .output()
        .unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let name = model.path().file_name().unwrap().to_string_lossy().into_owned();
    let path = folder.path().join("out/digest.html");
    let page = std::fs::read_to_string(&path).unwrap().replace(&name, "scripted");
    std::fs::write(&path, page).unwrap();
    folder
}

#[test]
fn the_front_page_says_in_both_languages_what_there_is() {
    for language in ["ko", "en"] {
        let page = read(&front_page(language), "digest.html");
        let (head, body) = page.split_once("<body>").unwrap();
        // The policy has the hash of the very style.
        let style = head.split("<style>").nth(1).unwrap().split("</style>").next().unwrap();
        let hash = STANDARD.encode(Sha256::digest(style.as_bytes()));
        assert!(head.contains(&format!("style-src 'sha256-{hash}'\"")), "{head}");
        assert!(!page.contains("unsafe"));
        insta::with_settings!({snapshot_path => here("snapshots"), prepend_module_to_snapshot => false}, {
            insta::assert_snapshot!(format!("digest_{language}"), body);
        });
    }
}

/// Node's packages are in `tests/workbench/node_modules` after `npm ci` there.
#[test]
fn the_front_page_is_used_by_keyboard_and_breaks_no_rule_of_accessibility() {
    let packages = here("workbench/node_modules/playwright-core").exists();
    let (Some(chromium), Some(node), true) = (program("chromium"), program("node"), packages)
    else {
        eprintln!("skipped: Node, Chromium or the packages of tests/workbench are not here");
        return;
    };
    for language in ["ko", "en"] {
        let folder = front_page(language);
        let ran = Command::new(&node)
            .arg(here("workbench/digest.mjs"))
            .arg(folder.path().join("out/digest.html"))
            .arg(&chromium)
            .args(std::env::var_os("MALMOI_PICTURES"))
            .output()
            .unwrap();
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        assert!(ran.status.success(), "{}{}", text(&ran.stdout), text(&ran.stderr));
    }
}

fn program(name: &str) -> Option<PathBuf> {
    let paths = std::env::var_os("PATH")?;
    std::env::split_paths(&paths).map(|folder| folder.join(name)).find(|path| path.exists())
}
