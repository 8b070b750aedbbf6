//! LibreTranslate's API.

use serde_json::json;

use super::{serve, serve_with};
use crate::support::here;

#[test]
fn libretranslate_is_asked_in_four_ways() {
    let (_home, _model, server) = serve();
    let expected = "시의회는 월요일에 모인다.";
    let form = [("content-type", "application/x-www-form-urlencoded")];
    let fields = "q=The+council+meets.&source=en&target=ko";
    let multipart = [("content-type", "multipart/form-data; boundary=x")];
    let part = |name: &str, value: &str| {
        format!("--x\r\ncontent-disposition: form-data; name=\"{name}\"\r\n\r\n{value}\r\n")
    };
    let parts =
        [part("q", "The council meets."), part("source", "en"), part("target", "ko")].concat();
    let query = format!("/translate?{fields}");
    for answer in [
        server.post(
            "/translate",
            &json!({"q": "The council meets.", "source": "en", "target": "ko"}),
        ),
        server.request("POST", "/translate", &form, fields.as_bytes()),
        server.request("POST", &query, &[], b""),
        server.request("POST", "/translate", &multipart, format!("{parts}--x--\r\n").as_bytes()),
    ] {
        assert_eq!((answer.status, answer.json()), (200, json!({"translatedText": expected})));
    }
    let list = json!({"q": ["The council meets.", "…"], "source": "auto", "target": "ko"});
    assert_eq!(
        server.post("/translate", &list).json(),
        json!({
            "detectedLanguage": [
                {"confidence": 100.0, "language": "en"}, {"confidence": 0.0, "language": "en"}
            ],
            "translatedText": [expected, "…"],
        })
    );
}

#[test]
fn libretranslate_s_other_addresses_answer_as_its_clients_expect() {
    let (_home, _model, server) = serve();
    let languages = server.get("/languages").json();
    assert_eq!(languages[0]["code"], "en");
    assert_eq!(languages[0]["targets"], json!(["en", "ko"]));
    let found = server.post("/detect", &json!({"q": "시의회는 모인다."})).json();
    assert_eq!(found, json!([{"confidence": 100.0, "language": "ko"}]));
    assert_eq!(server.get("/health").json(), json!({"status": "ok"}));
    assert_eq!(server.get("/frontend/settings").json()["keyRequired"], false);
    let missing = server.post("/translate", &json!({"source": "en", "target": "ko"}));
    let error = json!({"error": "Invalid request: missing q parameter"});
    assert_eq!((missing.status, missing.json()), (400, error));
    let other = server.post("/translate", &json!({"q": "a", "source": "en", "target": "fr"}));
    assert_eq!(other.status, 400);
    let html = json!({"q": "<p>The council <b>meets</b>.</p>", "source": "en", "target": "ko",
        "format": "html"});
    let html = server.post("/translate", &html).json();
    assert!(html["translatedText"].as_str().unwrap().starts_with("<p>"), "{html}");
}

#[test]
fn files_are_translated_and_fetched_by_their_secret_name() {
    let (_home, _model, server) = serve();
    let multipart = [("content-type", "multipart/form-data; boundary=x")];
    let part = |name: &str, value: &str| {
        format!("--x\r\ncontent-disposition: form-data; name=\"{name}\"\r\n\r\n{value}\r\n")
    };
    let file = "--x\r\ncontent-disposition: form-data; name=\"file\"; filename=\"a.html\"\r\n\r\n\
                <p>The council meets.</p>\r\n--x--\r\n";
    let body = [&part("source", "en"), &part("target", "ko"), file].concat();
    let answer = server.request("POST", "/translate_file", &multipart, body.as_bytes()).json();
    let url = answer["translatedFileUrl"].as_str().unwrap();
    let path = url.strip_prefix(&format!("http://{}", server.address)).unwrap();
    assert!(server.get(path).body.contains("<p>시의회는 월요일에 모인다.</p>"));
    assert_eq!(server.get("/download_file/guess.a.html").status, 404);
}

#[test]
fn an_office_file_comes_back_as_one() {
    let (_home, _model, server) = serve();
    let multipart = [("content-type", "multipart/form-data; boundary=x")];
    let head = "--x\r\ncontent-disposition: form-data; name=\"source\"\r\n\r\nko\r\n\
                --x\r\ncontent-disposition: form-data; name=\"target\"\r\n\r\nen\r\n--x\r\n\
                content-disposition: form-data; name=\"file\"; filename=\"release.docx\"\r\n\r\n";
    let file = std::fs::read(here("fixtures/press/release.docx")).unwrap();
    let source = malmoi::formats::read(&file, "a.docx").unwrap();
    let body = [head.as_bytes(), &file, b"\r\n--x--\r\n"].concat();
    let answer = server.request("POST", "/translate_file", &multipart, &body).json();
    let url = answer["translatedFileUrl"].as_str().unwrap_or_else(|| panic!("{answer}"));
    let path = url.strip_prefix(&format!("http://{}", server.address)).unwrap();
    assert!(path.ends_with(".release.translated.docx"), "{path}");
    let file = server.get(path);
    let document = malmoi::formats::read(&file.bytes, "a.docx").unwrap();
    assert_eq!(document.blocks().len(), source.blocks().len(), "{}", document.text());
    assert_ne!(document.article(), source.article());
}

#[test]
fn the_confidence_of_a_language_is_its_share_of_the_letters() {
    let (_home, _model, server) = serve();
    let found = |text: &str| {
        let found = server.post("/detect", &json!({"q": text})).json()[0].clone();
        (found["language"].as_str().unwrap().to_string(), found["confidence"].as_f64().unwrap())
    };
    assert_eq!(found("백신 AZ"), ("ko".into(), 50.0));
    assert_eq!(found("2026. 11. 30."), ("en".into(), 0.0));
    let french = "Le conseil municipal se réunira lundi pour discuter du budget de la ville.";
    assert_eq!(found(french), ("en".into(), 0.0));
}

#[test]
fn the_page_of_libretranslate_gets_alternatives_and_suggests_better_ones() {
    let (_home, _model, server) = serve();
    let multipart = [("content-type", "multipart/form-data; boundary=x")];
    let form = |fields: &[(&str, &str)]| -> String {
        let part = |(name, value): &(&str, &str)| {
            format!("--x\r\ncontent-disposition: form-data; name=\"{name}\"\r\n\r\n{value}\r\n")
        };
        fields.iter().map(part).chain(["--x--\r\n".to_string()]).collect()
    };
    let text = [
        ("q", "The mayor smiled."),
        ("source", "en"),
        ("target", "ko"),
        ("format", "text"),
        ("alternatives", "3"),
        ("api_key", ""),
    ];
    let ask = || {
        let answer = server.request("POST", "/translate", &multipart, form(&text).as_bytes());
        assert_eq!(answer.status, 200, "{}", answer.body);
        answer.json()
    };
    let before = ask();
    assert_eq!(before["translatedText"], "모르는 글이다.");
    assert!(before["alternatives"].is_array());
    assert_eq!(server.get("/frontend/settings").json()["suggestions"], true);
    let better =
        [("q", "The mayor smiled."), ("s", "시장이 웃었다."), ("source", "en"), ("target", "ko")];
    let answer = server.request("POST", "/suggest", &multipart, form(&better).as_bytes());
    assert_eq!((answer.status, answer.json()), (200, json!({"success": true})));
    assert_eq!(ask()["translatedText"], "시장이 웃었다.");
    let same = json!({"q": "a", "s": "b", "source": "en", "target": "en"});
    assert_eq!(server.post("/suggest", &same).status, 400);
}

#[test]
fn without_a_memory_there_are_no_suggestions() {
    let (_home, _model, server) = serve_with(&["--no-memory"]);
    assert_eq!(server.get("/frontend/settings").json()["suggestions"], false);
    let better = json!({"q": "The mayor smiled.", "s": "시장이 웃었다.", "source": "en",
        "target": "ko"});
    assert_eq!(server.post("/suggest", &better).status, 403);
}
