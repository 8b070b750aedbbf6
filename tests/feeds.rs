use std::process::{Command, Output};

use serde_json::{Value, json};
use tempfile::TempDir;

use crate::support::hub::{Answer, Asked, Hub};
use crate::support::scripted;

pub struct Desk {
    pub folder: TempDir,
    pub model: TempDir,
}

impl Desk {
    pub fn new() -> Self {
        let script =
            json!([{"say": "시의회가 월요일에 항구에서 모여 방파제를 논의했다고 시가 밝혔다."}]);
        Self { folder: tempfile::tempdir().unwrap(), model: scripted::model(script, 4096) }
    }

    pub fn run(&self, sources: &[&str], options: &[&str]) -> Output {
        self.command(sources, options).output().unwrap()
    }

    pub fn command(&self, sources: &[&str], options: &[&str]) -> Command {
        self.command_to("ko", sources, options)
    }

    fn command_to(&self, to: &str, sources: &[&str], options: &[&str]) -> Command {
        let mut command = Command::new(assert_cmd::cargo::cargo_bin("malmoi"));
        command.env_clear().env("HOME", self.folder.path()).current_dir(self.folder.path());
        command
            .args(["feed", "--to", to, "-o", "out", "--threads", "1", "--model"])
            .arg(self.model.path());
        command.args(sources).args(options);
        command
    }

    pub fn lines(&self, file: &str) -> Vec<Value> {
        let text = std::fs::read_to_string(self.folder.path().join("out").join(file)).unwrap();
        text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
    }
}

pub fn said(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

pub fn rss(items: &str) -> String {
    format!(
        "<?xml version=\"1.0\"?><rss version=\"2.0\"><channel><title>Baram</title>{items}</channel></rss>"
    )
}

const ONE: &str = "<item><guid>b:1</guid><title>Council meets</title><description>The council met on Monday at the harbour.</description></item>";
const TWO: &str = "<item><guid>b:2</guid><title>Ferry sails</title><description>The ferry sailed on Tuesday from the pier.</description></item>";

fn tagged(body: String, etag: &str) -> Answer {
    Answer { headers: vec![("etag", etag.to_string())], ..Answer::body(body) }
}

#[test]
fn a_feed_is_fetched_once_and_then_only_when_it_has_changed() {
    let web = Hub::start(|asked| match asked.known.as_deref() {
        None => tagged(rss(ONE), "\"v1\""),
        Some("\"v1\"") if asked.path.ends_with("?later") => {
            tagged(rss(&format!("{ONE}{TWO}")), "\"v2\"")
        }
        Some(_) => Answer::status(304),
    });
    let (desk, address) = (Desk::new(), format!("{}/rss", web.endpoint));
    let first = desk.run(&[&address], &["--allow-private"]);
    assert_eq!(first.status.code(), Some(0), "{}", said(&first));
    assert!(said(&first).contains("1 of 1 items done"), "{}", said(&first));
    let second = desk.run(&[&address], &["--allow-private"]);
    assert!(said(&second).contains("has not changed"), "{}", said(&second));
    assert_eq!(web.asked()[1].known.as_deref(), Some("\"v1\""));
    assert_eq!(desk.lines("items.jsonl").len(), 1);
}

#[test]
fn a_truncated_feed_is_fetched_again_without_losing_items() {
    let web = Hub::start(|asked| match asked.known {
        None => Answer { cut: Some(200), ..tagged(rss(&format!("{ONE}{TWO}")), "\"v1\"") },
        Some(_) => Answer::status(304),
    });
    let (desk, address) = (Desk::new(), format!("{}/rss", web.endpoint));
    let cut = desk.run(&[&address], &["--allow-private"]);
    assert_eq!(cut.status.code(), Some(2), "{}", said(&cut));
    assert!(desk.lines("failed.jsonl")[0]["reason"].as_str().unwrap().contains("broke off"));
    // The next fetch succeeds: the earlier failure is forgotten.
    let file = desk.folder.path().join("rss.xml");
    std::fs::write(&file, rss(ONE)).unwrap();
    let web = Hub::start(|_| tagged(rss(&format!("{ONE}{TWO}")), "\"v1\""));
    let whole = desk.run(&[&format!("{}/rss", web.endpoint)], &["--allow-private"]);
    assert!(said(&whole).contains("2 of 2 items done"), "{}", said(&whole));
    assert_eq!(web.asked()[0].known, None, "what broke off is not taken for read");
}

#[test]
fn a_failed_item_is_cleared_once_it_can_be_read() {
    let desk = Desk::new();
    let file = desk.folder.path().join("rss.xml");
    std::fs::write(&file, rss(&format!("{ONE}<item/>"))).unwrap();
    desk.run(&["rss.xml"], &[]);
    assert_eq!(desk.lines("failed.jsonl").len(), 1);
    std::fs::write(&file, rss(&format!("{ONE}{TWO}"))).unwrap();
    let output = desk.run(&["rss.xml"], &[]);
    assert!(said(&output).contains("1 of 2 items done"), "{}", said(&output));
    assert!(said(&output).contains("1 unchanged"), "{}", said(&output));
    assert!(desk.lines("failed.jsonl").is_empty());
    assert_eq!(desk.lines("items.jsonl").len(), 2);
}

#[test]
fn private_addresses_large_responses_and_redirect_loops_are_refused_per_item() {
    let web = Hub::start(|asked: &Asked| match asked.path.as_str() {
        "/loop" => Answer::redirect("/loop"),
        "/file" => Answer::redirect("file:///etc/passwd"),
        "/large" => Answer::body(vec![b' '; (64 << 20) + 1]),
        "/page" => Answer::body(
            "<!doctype html><title>Not found</title><p>There is no such page here.</p>",
        ),
        "/gone" => Answer::status(410),
        _ => Answer::body(rss(ONE)),
    });
    let desk = Desk::new();
    let private = desk.run(&[&format!("{}/rss", web.endpoint)], &[]);
    assert!(said(&private).contains("private address"), "{}", said(&private));
    assert!(web.asked().is_empty(), "nothing was sent");
    let addresses: Vec<String> = ["loop", "file", "large", "gone", "rss"]
        .iter()
        .map(|path| format!("{}/{path}", web.endpoint))
        .collect();
    let addresses: Vec<&str> = addresses.iter().map(String::as_str).collect();
    let output = desk.run(&addresses, &["--allow-private"]);
    assert_eq!(output.status.code(), Some(2), "{}", said(&output));
    assert!(said(&output).contains("4 inputs could not be read"), "{}", said(&output));
    let failed = desk.lines("failed.jsonl");
    let reasons: Vec<&str> = failed.iter().map(|line| line["reason"].as_str().unwrap()).collect();
    for reason in [
        "redirects more than 5 times",
        "redirects to `file:///etc/passwd`, which is not a web address",
        "is larger than 64 MB",
        "answered 410 Gone",
    ] {
        assert!(reasons.contains(&reason), "{reasons:?}");
    }
    assert_eq!(desk.lines("items.jsonl").len(), 1, "the good feed among them is read");
}

#[test]
fn offline_nothing_is_fetched() {
    let web = Hub::start(|_| Answer::body(rss(ONE)));
    let desk = Desk::new();
    for options in [&["--offline", "--allow-private"][..], &["--offline", "--follow"]] {
        let output = desk.run(&[&format!("{}/rss", web.endpoint)], options);
        assert_eq!(output.status.code(), Some(2));
        assert!(said(&output).contains("--offline forbids fetching"), "{}", said(&output));
    }
    assert!(web.asked().is_empty());
}

#[test]
fn the_page_of_an_item_is_read_where_its_site_allows_and_says_more() {
    let page = |words: &str| {
        format!(
            "<!doctype html><html><head><title>Council meets</title></head><body><nav><a href='/'>Home</a></nav><article><h1>Council meets</h1>\
                 <p>{words}</p><p>The breakwater is 340 meters long, and its northern end has been closed since the storm of October.</p>\
                 <p>Work is to begin in March, the harbour office said, and will cost 41.6 billion won.</p></article></body></html>"
        )
    };
    let web = Hub::start(move |asked: &Asked| match asked.path.as_str() {
        "/robots.txt" => Answer::body("User-agent: *\nDisallow: /members/\n"),
        "/news/1" => {
            Answer::body(page("The council of Mokpo met on Monday to speak of its breakwater."))
        }
        _ => Answer::body(page("This is for members only and was not to be read.")),
    });
    let item = |guid: &str, path: &str| {
        format!(
            "<item><guid>{guid}</guid><title>Council meets</title><link>{}{path}</link><description>The council met.</description></item>",
            web.endpoint
        )
    };
    let desk = Desk::new();
    let feed = rss(&format!("{}{}", item("b:1", "/news/1"), item("b:2", "/members/2")));
    std::fs::write(desk.folder.path().join("rss.xml"), feed).unwrap();
    let output = desk.run(&["rss.xml"], &["--follow", "--allow-private"]);
    assert_eq!(output.status.code(), Some(0), "{}", said(&output));
    let items = desk.lines("items.jsonl");
    let source = |n: usize| items[n]["source"].as_str().unwrap();
    assert!(source(0).contains("340 meters") && !source(0).contains("Home"), "{}", source(0));
    assert_eq!(source(1), "Council meets\n\nThe council met.");
    assert!(items[1].to_string().contains("robots.txt does not allow it"));
    assert!(!web.asked().iter().any(|asked| asked.path == "/members/2"));
}

#[test]
fn robots_rules_hold_after_redirects_and_when_unreadable() {
    let other = Hub::start(|asked: &Asked| match asked.path.as_str() {
        "/robots.txt" => Answer::body("User-agent: malmoi\nDisallow: /뉴스/\n"),
        _ => Answer::body(
            "<!doctype html><p>This was not to be read by anybody, however long it may be.</p>",
        ),
    });
    let hidden = format!("{}/%eb%89%b4%ec%8a%a4/1", other.endpoint);
    let web = Hub::start(move |asked: &Asked| match asked.path.as_str() {
        "/robots.txt" => Answer::status(404),
        "/leads" => Answer::redirect(&hidden),
        _ => Answer::status(404),
    });
    let broken = Hub::start(|asked: &Asked| match asked.path.as_str() {
        "/robots.txt" => Answer::status(503),
        _ => Answer::body(
            "<!doctype html><p>This was not to be read either, as nobody could say.</p>",
        ),
    });
    let item = |guid: &str, link: String| {
        format!(
            "<item><guid>{guid}</guid><title>Council</title><link>{link}</link><description>The council met.</description></item>"
        )
    };
    let items = [
        item("b:1", format!("{}/leads", web.endpoint)),
        item("b:2", format!("{}/page", broken.endpoint)),
    ];
    let desk = Desk::new();
    std::fs::write(desk.folder.path().join("rss.xml"), rss(&items.concat())).unwrap();
    let output = desk.run(&["rss.xml"], &["--follow", "--allow-private"]);
    assert_eq!(output.status.code(), Some(0), "{}", said(&output));
    for (line, reason) in
        desk.lines("items.jsonl").iter().zip(["does not allow it", "robots.txt answered 503"])
    {
        assert_eq!(line["source"], "Council\n\nThe council met.");
        assert!(line["findings"].to_string().contains(reason), "{}", line["findings"]);
    }
    let read = |hub: &Hub| hub.asked().iter().filter(|asked| asked.path != "/robots.txt").count();
    assert_eq!((read(&other), read(&broken)), (0, 0));
}

#[test]
fn secrets_in_addresses_are_in_no_message_and_no_result() {
    fn files(folder: &std::path::Path, found: &mut Vec<std::path::PathBuf>) {
        for path in std::fs::read_dir(folder).unwrap().flatten().map(|entry| entry.path()) {
            if path.is_dir() { files(&path, found) } else { found.push(path) }
        }
    }
    let web = Hub::start(|asked: &Asked| match asked.path.as_str() {
        "/rss?page=1&key=sesame" => Answer::body(rss(ONE)),
        "/rss?page=1&key=open" => Answer::body(rss(TWO)),
        _ => Answer::status(410),
    });
    let desk = Desk::new();
    let addresses = [
        format!("{}/rss?page=1&key=sesame", web.endpoint),
        format!("{}/rss?page=1&key=open", web.endpoint),
        format!("{}/gone?token=sesame", web.endpoint),
        web.endpoint.replace("http://", "http://han:sesame@"),
    ];
    let addresses: Vec<&str> = addresses.iter().map(String::as_str).collect();
    let output = desk.run(&addresses, &["--allow-private"]);
    assert_eq!(desk.lines("items.jsonl").len(), 2, "{}", said(&output));
    assert!(said(&output).contains("***"), "{}", said(&output));
    assert!(!said(&output).contains("sesame"), "{}", said(&output));
    let offline = desk.run(&addresses[..1], &["--offline"]);
    assert!(!said(&offline).contains("sesame"), "{}", said(&offline));
    let mut found = Vec::new();
    files(&desk.folder.path().join("out"), &mut found);
    for file in found {
        let bytes = std::fs::read(&file).unwrap();
        assert!(!bytes.windows(6).any(|six| six == b"sesame"), "{}", file.display());
    }
}

#[test]
fn an_item_with_a_bad_byte_is_read_with_a_warning() {
    let desk = Desk::new();
    let mut feed = rss(&format!("{ONE}{TWO}")).into_bytes();
    let at = feed.windows(5).position(|five| five == b"ferry").unwrap();
    feed.insert(at, 0xff);
    // Enough UTF-8 to recognize the encoding.
    feed.extend("<!-- 해민일보 뉴스 -->".bytes());
    std::fs::write(desk.folder.path().join("rss.xml"), feed).unwrap();
    let output = desk.run(&["rss.xml"], &[]);
    assert!(said(&output).contains("2 of 2 items done"), "{}", said(&output));
    let items = desk.lines("items.jsonl");
    let noted = |item: &Value| item["findings"].to_string().contains("fit no encoding");
    assert_eq!(items.iter().map(noted).collect::<Vec<_>>(), [false, true], "{items:?}");
    assert_eq!(items[1]["source"], "Ferry sails\n\nThe ferry sailed on Tuesday from the pier.");
}

#[test]
fn a_feed_in_an_encoding_of_korea_is_written_as_utf_8() {
    let feed = |encoding: &str| {
        format!(
            "<?xml version=\"1.0\" encoding=\"{encoding}\"?>\n<rss version=\"2.0\" xmlns:dc=\"http://purl.org/dc/elements/1.1/\" xmlns:media=\"http://search.yahoo.com/mrss/\"><channel><title>해민 &amp; 바다</title>\
             <item><guid>h:1</guid><title><![CDATA[<속보> 항구 & 다리]]></title><link>https://haemin.example/1?a=1&amp;b=2</link><dc:creator>한서진</dc:creator><description><![CDATA[<p>해민시는 <b>다리</b>를 열었다고 밝혔다.</p><p>똠방각하 A&amp;B &lt;끝&gt;</p>]]></description></item>\
             <item><guid>h:2</guid><title>여객선 &quot;솜이&quot; 출항</title><media:description>여객선이 &#54637;구를 떠났다 &lt;계속&gt;.</media:description></item></channel></rss>\n"
        )
    };
    let bytes = |label: &str| match label {
        "UTF-16" => {
            let units = feed(label).encode_utf16().flat_map(u16::to_le_bytes).collect::<Vec<u8>>();
            [&b"\xff\xfe"[..], &units].concat()
        }
        "utf-8" => feed(label).into_bytes(),
        _ => encoding_rs::EUC_KR.encode(&feed(label)).0.into_owned(),
    };
    let desk = Desk::new();
    let written = |label: &str| {
        // The first folder is not there.
        let _ = std::fs::remove_dir_all(desk.folder.path().join("out"));
        std::fs::write(desk.folder.path().join("desk.xml"), bytes(label)).unwrap();
        let output = desk.command_to("en", &["desk.xml"], &["--translate"]).output().unwrap();
        assert_eq!(output.status.code(), Some(0), "{label}: {}", said(&output));
        let items = desk.lines("items.jsonl");
        let text = std::fs::read_to_string(desk.folder.path().join("out/feed.xml")).unwrap();
        let sources: Vec<String> =
            items.iter().map(|item| item["source"].as_str().unwrap().to_string()).collect();
        (sources, text)
    };
    let (sources, expected) = written("utf-8");
    assert_eq!(
        sources,
        [
            "<속보> 항구 & 다리\n\n해민시는 다리를 열었다고 밝혔다.\n\n똠방각하 A&B <끝>",
            "여객선 \"솜이\" 출항\n\n여객선이 항구를 떠났다 <계속>."
        ]
    );
    assert!(expected.starts_with("<?xml version=\"1.0\" encoding=\"utf-8\"?>\n"), "{expected}");
    assert!(expected.contains("<link>https://haemin.example/1?a=1&amp;b=2</link>"), "{expected}");
    for label in ["EUC-KR", "windows-949", "ks_c_5601-1987", "UTF-16"] {
        assert_eq!(written(label), (sources.clone(), expected.clone()), "{label}");
    }
}
