use std::process::{Child, Command, Stdio};
use std::time::Duration;

use serde_json::{Value, json};
use tempfile::TempDir;

use crate::models;
use crate::support::scripted;

/// A headless browser, driven through WebDriver: <https://www.w3.org/TR/webdriver2/>.
struct Browser {
    driver: Child,
    session: String,
}

impl Browser {
    /// Starts a browser; `None` if none is installed.
    fn start() -> Option<Self> {
        Self::start_with(&[])
    }

    /// Starts a browser with additional arguments.
    fn start_with(more: &[&str]) -> Option<Self> {
        let port = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        let driver = Command::new("chromedriver")
            .arg(format!("--port={port}"))
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .ok()?;
        let mut browser = Self { driver, session: format!("http://127.0.0.1:{port}") };
        let mut arguments = vec![
            "--headless",
            "--no-sandbox",
            "--disable-gpu",
            "--disable-background-networking",
            "--window-size=1200,900",
        ];
        arguments.extend(more);
        let options =
            json!({"capabilities": {"alwaysMatch": {"goog:chromeOptions": {"args": arguments}}}});
        for _ in 0..100 {
            std::thread::sleep(Duration::from_millis(100));
            if let Ok(answer) = ask(&format!("{}/session", browser.session), &options) {
                let id = answer["sessionId"].as_str().unwrap().to_string();
                browser.session = format!("{}/session/{id}", browser.session);
                return Some(browser);
            }
        }
        panic!("chromedriver is there and starts no session");
    }

    fn open(&self, path: &std::path::Path) {
        ask(
            &format!("{}/url", self.session),
            &json!({"url": format!("file://{}", path.display())}),
        )
        .unwrap();
    }

    fn run(&self, script: &str) -> Value {
        ask(&format!("{}/execute/sync", self.session), &json!({"script": script, "args": []}))
            .unwrap()
    }

    fn press_tab(&self) {
        let keys = json!([{"type": "keyDown", "value": "\u{E004}"}, {"type": "keyUp", "value": "\u{E004}"}]);
        let actions = json!({"actions": [{"type": "key", "id": "keys", "actions": keys}]});
        ask(&format!("{}/actions", self.session), &actions).unwrap();
    }

    fn width(&self, width: u32) {
        ask(&format!("{}/window/rect", self.session), &json!({"width": width, "height": 900}))
            .unwrap();
    }
}

impl Drop for Browser {
    fn drop(&mut self) {
        let _ = ureq::delete(&self.session).call();
        let _ = self.driver.kill();
        let _ = self.driver.wait();
    }
}

fn ask(address: &str, body: &Value) -> Result<Value, ureq::Error> {
    let text = ureq::post(address)
        .content_type("application/json")
        .send(body.to_string())?
        .into_body()
        .read_to_string()?;
    Ok(serde_json::from_str::<Value>(&text).unwrap()["value"].clone())
}

/// A folder with a batch of JSON Lines translated to Korean by a scripted model.
fn translated(script: Value, lines: &str) -> TempDir {
    let model = scripted::model(script, 4096);
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("in.jsonl"), lines).unwrap();
    let status = Command::new(assert_cmd::cargo::cargo_bin("malmoi"))
        .env_clear()
        .env("HOME", folder.path())
        .current_dir(folder.path())
        .args(["batch", "in.jsonl", "--to", "ko", "-o", "out", "--quiet", "--model"])
        .arg(model.path())
        .status();
    assert!(status.unwrap().success());
    folder
}

#[test]
fn digest_pairs_line_up_and_doubts_are_reachable_by_keyboard() {
    let Some(browser) = Browser::start() else {
        eprintln!("skipped: no chromedriver");
        return;
    };
    let script = json!([
        {"when": "Translate the following", "say": "시의회가 월요일에 항구에서 모여 방파제를 논의했다고 시가 밝혔다."},
        {"say": "The council met on Monday."}
    ]);
    let article = |n: usize| {
        let long =
            "The council met on Monday and spoke of the harbour at length. ".repeat(n * 3 + 1);
        let text = format!(
            "{long}\n\nIt cost {n}12 million won, the city said.\n\nNothing else was said."
        );
        format!("{}\n", json!({"id": n, "title": format!("Harbour news {n}"), "text": text}))
    };
    let folder = translated(script, &(0..4).map(article).collect::<String>());
    browser.open(&folder.path().join("out/digest.html"));

    // Each source is beside its translation, and nothing is wider than the page.
    let rows = "const rows = [...document.querySelectorAll('tbody tr')]; const box = e => e.getBoundingClientRect();
                return rows.map(row => { const [a, b] = [...row.cells].map(box);
                return a.top === b.top && a.right <= b.left + 1 && a.height > 0 && b.right <= innerWidth + 1 })";
    let aligned = browser.run(rows);
    let aligned = aligned.as_array().unwrap();
    assert!(aligned.len() >= 12 && aligned.iter().all(|one| one == &json!(true)), "{aligned:?}");
    assert_eq!(browser.run("return performance.getEntriesByType('resource').length"), json!(0));
    assert_eq!(browser.run("return document.documentElement.lang"), json!("ko"));

    // In a narrow window they are stacked, without horizontal scrolling.
    browser.width(500);
    let narrow = "return document.documentElement.scrollWidth <= innerWidth";
    assert_eq!(browser.run(narrow), json!(true));
    browser.width(1200);

    // The Tab key reaches each doubt in turn.
    let doubts =
        browser.run("return document.querySelectorAll('ul.doubts li').length").as_u64().unwrap();
    assert!(doubts >= 4, "{doubts}");
    let active =
        "const e = document.activeElement; return e.closest('ul.doubts') ? e.textContent : ''";
    let mut reached = std::collections::BTreeSet::new();
    let places = browser
        .run("return document.querySelectorAll('a[href], [tabindex], input, summary').length")
        .as_u64()
        .unwrap();
    for _ in 0..places {
        browser.press_tab();
        let place =
            "return [...document.querySelectorAll('ul.doubts li')].indexOf(document.activeElement)";
        if !browser.run(active).as_str().unwrap().is_empty() {
            reached.insert(browser.run(place).as_u64().unwrap());
        }
    }
    assert_eq!(reached.len() as u64, doubts);
}

/// The lowest contrast of any text with its background (WCAG 2.2), and that text.
const CONTRAST: &str = "
    const channel = c => (c /= 255) <= .04045 ? c / 12.92 : ((c + .055) / 1.055) ** 2.4;
    const parse = text => text.match(/[\\d.]+/g).map(Number);
    const light = ([r, g, b]) => .2126 * channel(r) + .7152 * channel(g) + .0722 * channel(b);
    const ground = e => { for (; e; e = e.parentElement) {
        const c = parse(getComputedStyle(e).backgroundColor); if (c.length < 4 || c[3] > 0) return c; } return [255, 255, 255]; };
    let worst = [99, ''];
    for (const e of document.querySelectorAll('body *')) {
        const own = [...e.childNodes].filter(n => n.nodeType === 3 && n.data.trim());
        if (!own.length || !e.checkVisibility()) continue;
        const [a, b] = [light(parse(getComputedStyle(e).color)), light(ground(e))];
        const ratio = (Math.max(a, b) + .05) / (Math.min(a, b) + .05);
        if (ratio < worst[0]) worst = [ratio, e.tagName + ': ' + own[0].data.slice(0, 40)];
    }
    return worst";

#[test]
fn the_digest_is_readable_in_light_and_dark_and_shows_doubtful_items_alone() {
    let script = json!([
        {"when": "Translate the following", "say": "방파제에는 512만원이 든다고 시가 월요일에 밝혔다."},
        {"when": "공사는 봄에", "say": "방파제에는 512만원이 든다고 시가 월요일에 밝혔다."},
        {"say": "The breakwater will cost 512 million won."}
    ]);
    let line = |id: &str, text: &str| {
        json!({"id": id, "title": format!("Harbour {id}"), "text": text}).to_string()
    };
    let lines = [
        line("a", "The breakwater will cost 412 million won, the city said on Monday."),
        line("b", "방파제에는 512만원이 든다고 시가 월요일에 밝혔다. 공사는 봄에 시작한다."),
    ];
    let folder = translated(script, &lines.join("\n"));
    for scheme in ["0", "1"] {
        let setting = format!("--blink-settings=preferredColorScheme={scheme}");
        let Some(browser) = Browser::start_with(&[&setting]) else {
            eprintln!("skipped: no chromedriver");
            return;
        };
        browser.open(&folder.path().join("out/digest.html"));
        let dark = browser.run("return matchMedia('(prefers-color-scheme: dark)').matches");
        assert_eq!(dark, json!(scheme == "0"));
        let worst = browser.run(CONTRAST);
        assert!(worst[0].as_f64().unwrap() >= 4.5, "{worst}");
        // Doubtful words are marked in the source and in the translation.
        let marks =
            browser.run("return [...document.querySelectorAll('td mark')].map(e => e.textContent)");
        let marks: Vec<&str> = marks.as_array().unwrap().iter().filter_map(Value::as_str).collect();
        assert!(
            marks.iter().any(|one| one.contains("412"))
                && marks.iter().any(|one| one.contains("512")),
            "{marks:?}"
        );
        // A headline is above its table, not inside.
        let headlines = "return [...document.querySelectorAll('td')].filter(e => e.textContent.startsWith('Harbour')).length";
        assert_eq!(browser.run(headlines), json!(0));
        let shown = "return [...document.querySelectorAll('article')].filter(e => e.checkVisibility()).length";
        assert_eq!(browser.run(shown), json!(2));
        browser.run("document.querySelector('#only').click()");
        assert_eq!(browser.run(shown), json!(1));
        assert_eq!(
            browser.run("return document.querySelector('.notice').textContent.includes('기계')"),
            json!(true)
        );
    }
}

#[test]
fn the_page_of_models_is_readable_in_light_and_dark_and_fits_a_narrow_window() {
    let lines = ["The city of Haemin opened the harbor on the 17th.", "A ferry sailed."];
    let desk = models::Desk::new(&lines, 0);
    let status = desk.model(&models::BOTH).args(["--html", "report.html"]).output().unwrap();
    assert!(status.status.success());
    for scheme in ["0", "1"] {
        let setting = format!("--blink-settings=preferredColorScheme={scheme}");
        let Some(browser) = Browser::start_with(&[&setting]) else {
            eprintln!("skipped: no chromedriver");
            return;
        };
        browser.open(&desk.path("report.html"));
        let worst = browser.run(CONTRAST);
        assert!(worst[0].as_f64().unwrap() >= 4.5, "{worst}");
        // Marks are inside of their charts, and each line is a point.
        let outside = "return [...document.querySelectorAll('.row svg')].filter(svg => {
            const box = svg.getBoundingClientRect();
            return [...svg.querySelectorAll('rect, circle')].some(mark => {
                const of = mark.getBoundingClientRect();
                return of.right < box.left || of.left > box.right || of.bottom > box.bottom + 1; }) }).length";
        assert_eq!(browser.run(outside), json!(0));
        let points = "return document.querySelectorAll('.square circle').length";
        assert_eq!(browser.run(points), json!(2));
        for width in [500, 1200] {
            browser.width(width);
            let over = "return document.documentElement.scrollWidth - document.documentElement.clientWidth";
            assert_eq!(browser.run(over), json!(0), "{width} pixels");
        }
    }
}
