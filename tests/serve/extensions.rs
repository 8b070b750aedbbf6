//! The requests of browser extensions.

use serde_json::json;

use super::{model, serve, serve_with};
use crate::cli::Home;
use crate::support::http::Server;

#[test]
fn browser_extensions_are_served_in_their_own_shapes() {
    let (_home, _model, server) = serve_with(&["--allow-origin", "moz-extension://*"]);
    let (source, target) = ("The council meets.", "시의회는 월요일에 모인다.");
    let immersive = json!({"source_lang": "auto", "target_lang": "ko", "text_list": [source, "…"]});
    assert_eq!(
        server.post("/imme", &immersive).json()["translations"],
        json!([{"detected_source_lang": "en", "text": target},
            {"detected_source_lang": "en", "text": "…"}])
    );
    let kiss = json!({"text": source, "from": "auto", "to": "ko"});
    assert_eq!(server.post("/kiss", &kiss).json()["text"], target);
    let deeplx = json!({"text": source, "source_lang": "EN", "target_lang": "KO"});
    let answer = server.post("/deeplx", &deeplx).json();
    assert_eq!((&answer["code"], &answer["data"]), (&json!(200), &json!(target)));
    let origin = [("origin", "moz-extension://3f1c"), ("content-type", "application/json")];
    let answer = server.request("POST", "/kiss", &origin, kiss.to_string().as_bytes());
    assert_eq!(answer.header("access-control-allow-origin"), Some("moz-extension://3f1c"));
    let preflight = server.request("OPTIONS", "/kiss", &origin[..1], b"");
    assert_eq!(preflight.status, 204);
    assert!(preflight.header("access-control-allow-headers").is_some());
}

#[test]
fn extensions_that_ask_google_are_served() {
    let (_home, _model, server) = serve();
    let address = "/language/translate/v2?key=any&target=ko&format=text&q=The+council+meets.&q=1";
    let answer = server.request("POST", address, &[], b"").json();
    assert_eq!(
        answer["data"]["translations"],
        json!([{"translatedText": "시의회는 월요일에 모인다.", "detectedSourceLanguage": "en"},
            {"translatedText": "1", "detectedSourceLanguage": "en"}])
    );
    let refused = server.post("/language/translate/v2", &json!({"q": "a", "target": "fr"}));
    assert_eq!(refused.json()["error"]["status"], "INVALID_ARGUMENT");
}

#[test]
fn a_key_in_the_address_is_read() {
    let home = Home::new();
    let keys = home.path().join("keys");
    let keys = keys.to_str().unwrap();
    let key = home.run(&["serve", "--keys", keys, "--new-key", "desk"]).out.trim().to_string();
    let model = model();
    let path = model.path().display().to_string();
    let server = Server::start(&home, &["--model", &path, "--keys", keys]);
    let body = json!({"text": "The council meets.", "to": "ko", "target_lang": "KO"});
    for path in ["/kiss", "/deeplx"] {
        assert_eq!(server.post(path, &body).status, 401);
        assert_eq!(server.post(&format!("{path}?token={key}"), &body).status, 200);
    }
}
