//! Clients that mean no good, or do no good.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::sync::Arc;
use std::time::Duration;

use serde_json::json;

use super::{running, serve, serve_with};
use crate::cli::Home;
use crate::support::http::{Server, read_next};
use crate::support::{here, scripted};

#[test]
fn hundreds_of_connections_that_send_next_to_nothing_do_not_stop_the_others() {
    let (_home, _model, server) = serve();
    let slow: Vec<TcpStream> = (0..300)
        .map(|index| {
            let mut stream = server.connect();
            // Half of them trickle a head, half a body.
            let begun = match index % 2 {
                0 => format!("POST /translate HTTP/1.1\r\nhost: {}\r\nx-slow: ", server.address),
                _ => format!(
                    "POST /translate HTTP/1.1\r\nhost: {}\r\ncontent-length: 900\r\n\r\nq=",
                    server.address
                ),
            };
            stream.write_all(begun.as_bytes()).unwrap();
            stream
        })
        .collect();
    for mut stream in &slow {
        let _ = stream.write_all(b"a");
    }
    let answer = server.post("/api/v1/translate", &json!({"text": "The council meets."}));
    assert_eq!(answer.status, 200, "{}", answer.body);
    drop(slow);
    assert_eq!(server.get("/healthz").status, 200);
}

#[test]
fn a_body_that_does_not_come_is_given_up_after_a_minute() {
    let (_home, _model, server) = serve();
    let mut stream = server.connect();
    stream.set_read_timeout(Some(Duration::from_secs(180))).unwrap();
    let head = format!(
        "POST /translate HTTP/1.1\r\nhost: {}\r\ncontent-length: 900\r\n\r\nq=",
        server.address
    );
    stream.write_all(head.as_bytes()).unwrap();
    let answer = read_next(&mut std::io::BufReader::new(stream));
    assert_eq!(answer.status, 408, "{}", answer.body);
}

#[test]
fn a_form_that_another_page_posts_is_refused() {
    let (_home, _model, server) = serve();
    let form = ("content-type", "application/x-www-form-urlencoded");
    let body = b"q=The+council+meets.&source=en&target=ko";
    let host = server.address.clone();
    let own = format!("http://{host}");
    for (headers, status) in [
        (&[form, ("origin", "https://evil.test")][..], 403),
        (&[form, ("origin", "null")], 403),
        (&[form, ("sec-fetch-site", "cross-site")], 403),
        (&[form, ("sec-fetch-site", "same-site"), ("origin", "http://other.localhost")], 403),
        (&[form, ("host", "evil.test")], 403),
        (&[form, ("host", "evil.test"), ("origin", "http://evil.test")], 403),
        (&[form, ("origin", &own), ("sec-fetch-site", "same-origin")], 200),
        (&[form], 200),
    ] {
        let answer = server.request("POST", "/translate", headers, body);
        assert_eq!(answer.status, status, "{headers:?}: {}", answer.body);
        assert_eq!(answer.header("access-control-allow-origin"), None);
    }
    // A page elsewhere that asks first is not answered either.
    let asks = [("origin", "https://evil.test"), ("access-control-request-method", "POST")];
    assert_eq!(server.request("OPTIONS", "/translate", &asks, b"").status, 403);
}

#[test]
fn a_path_full_of_dots_leads_nowhere() {
    let (home, _model, server) = serve();
    home.write("secret.txt", "the secret");
    let dots = "../".repeat(2000);
    let encoded = "%2e%2e%2f".repeat(200);
    for path in [
        format!("/{dots}etc/passwd"),
        format!("/{encoded}etc/passwd"),
        format!("/download_file/{encoded}etc/passwd"),
        "/download_file/../../secret.txt".into(),
        "/download_file/..%5c..%5csecret.txt".into(),
        "/page/..%2f..%2fsecret.txt".into(),
        "/....//....//secret.txt".into(),
        "/v2/document/%2e%2e/result".into(),
        "/v2/glossaries/..%2f..%2fsecret.txt/entries".into(),
        "/%00../secret.txt".into(),
        "//etc/passwd".into(),
        format!("/{}", ".".repeat(7000)),
    ] {
        let answer = server.request("GET", &path, &[], b"");
        let shown: String = path.chars().take(60).collect();
        assert!(matches!(answer.status, 400 | 404 | 405 | 414), "{shown}: {}", answer.status);
        assert!(!answer.body.contains("root:") && !answer.body.contains("the secret"), "{shown}");
    }
    let longer = format!("/{}", "a".repeat(1 << 20));
    let status = server.request("GET", &longer, &[], b"").status;
    assert!(matches!(status, 400 | 414 | 431), "{status}");
    assert_eq!(server.get("/healthz").status, 200);
}

#[test]
fn a_body_without_a_length_ends_at_the_limit() {
    let (_home, _model, server) = serve_with(&["--max-body", "1"]);
    let mut stream = server.connect();
    let head = format!(
        "POST /translate HTTP/1.1\r\nhost: {}\r\ntransfer-encoding: chunked\r\n\r\n",
        server.address
    );
    stream.write_all(head.as_bytes()).unwrap();
    let chunk = [&b"10000\r\n"[..], &vec![b'a'; 1 << 16], b"\r\n"].concat();
    let mut sent = 0usize;
    while sent < 1 << 30 && stream.write_all(&chunk).is_ok() {
        sent += 1 << 16;
    }
    assert!(sent < 64 << 20, "{sent} bytes were taken");
    assert_eq!(server.get("/healthz").status, 200);
}

#[test]
fn clients_that_leave_at_any_moment_leave_nothing_behind() {
    let (_home, _model, server) = serve_with(&["--no-memory"]);
    let body = json!({"text": "They crawl. ".repeat(100), "to": "ko", "stream": true});
    let whole = server.bytes(&body);
    for cut in [10, 60, whole.len() / 2, whole.len() - 1, whole.len()] {
        for wait in [0, 150] {
            let mut stream = server.connect();
            stream.write_all(&whole[..cut]).unwrap();
            std::thread::sleep(Duration::from_millis(wait));
        }
    }
    let began = std::time::Instant::now();
    while running(&server) > 0 {
        assert!(began.elapsed() < Duration::from_secs(60), "{} still run", running(&server));
        std::thread::sleep(Duration::from_millis(50));
    }
    let answer = server.post("/api/v1/translate", &json!({"text": "The council meets."}));
    assert_eq!(answer.status, 200, "{}", answer.body);
}

/// Bytes that are no request of TLS, or none of HTTP, and what a client sees of the end.
#[test]
fn a_certificate_encrypts_the_connection() {
    use tokio_rustls::rustls::pki_types::pem::PemObject;
    use tokio_rustls::rustls::pki_types::{CertificateDer, ServerName};
    use tokio_rustls::rustls::{ClientConfig, ClientConnection, RootCertStore, StreamOwned};

    let home = Home::new();
    let model = super::model();
    let file = |name: &str| here("fixtures/tls").join(name).display().to_string();
    let (certificate, key) = (file("certificate.pem"), file("key.pem"));
    let path = model.path().display().to_string();
    let server = Server::start(
        &home,
        &["--model", &path, "--tls-certificate", &certificate, "--tls-key", &key],
    );
    let mut roots = RootCertStore::empty();
    roots.add(CertificateDer::from_pem_file(&certificate).unwrap()).unwrap();
    let config = ClientConfig::builder().with_root_certificates(roots).with_no_client_auth();
    let config = Arc::new(config);
    let ask = |name: &'static str| {
        let name = ServerName::try_from(name).unwrap();
        let connection = ClientConnection::new(config.clone(), name).unwrap();
        let mut stream = StreamOwned::new(connection, server.connect());
        let sent = stream.write_all(&server.bytes(&json!({"text": "The council meets."})));
        let mut answer = String::new();
        // The server may close without a farewell.
        let _ = stream.read_to_string(&mut answer);
        sent.map(|()| answer)
    };
    let answer = ask("localhost").unwrap();
    assert!(answer.starts_with("HTTP/1.1 200") && answer.contains("시의회는"), "{answer}");
    assert!(ask("evil.test").is_err());
    // A client that speaks no TLS is left alone, and so is one that sends nothing.
    let silent = server.connect();
    let mut plain = server.connect();
    plain.write_all(&server.bytes(&json!({"text": "The council meets."}))).unwrap();
    let mut bytes = Vec::new();
    let _ = plain.read_to_end(&mut bytes);
    assert!(!String::from_utf8_lossy(&bytes).contains("시의회는"));
    assert!(ask("localhost").unwrap().contains("시의회는"));
    drop(silent);
}

/// Puts a scripted model where a model of the catalogue is installed.
fn install(home: &Home, repository: &str, answer: &str) {
    let commit = "0123456789abcdef0123456789abcdef01234567";
    let root = format!("hf/hub/models--{}", repository.replace('/', "--"));
    let model = scripted::model(json!([{"say": answer}]), 8192);
    for entry in std::fs::read_dir(model.path()).unwrap().flatten() {
        let name = entry.file_name().into_string().unwrap();
        let bytes = std::fs::read(entry.path()).unwrap();
        home.write(&format!("{root}/snapshots/{commit}/{name}"), bytes);
    }
    // Weights of no tensors: the length of a header, and the header.
    let weights = [&2u64.to_le_bytes()[..], b"{}"].concat();
    home.write(&format!("{root}/snapshots/{commit}/model.safetensors"), weights);
    home.write(&format!("{root}/refs/main"), commit);
}

#[test]
fn a_summarizer_and_a_translator_serve_side_by_side() {
    let home = Home::new();
    install(&home, "HuggingFaceTB/SmolLM3-3B", "The council met on Monday.");
    install(&home, "google/translategemma-4b-it", "시의회가 월요일에 모였다.");
    let server = Server::start(&home, &["--repair", "off", "--no-memory"]);
    let served = server.get("/api/v1/models").json();
    let model = |task: &str, from: &str, to: &str| {
        let one = served["served"].as_array().unwrap().iter().find(|one| {
            (&one["task"], &one["from"], &one["to"]) == (&json!(task), &json!(from), &json!(to))
        });
        one.unwrap_or_else(|| panic!("{task} {from} {to}: {served}")).clone()
    };
    assert_eq!(model("translate", "en", "ko")["model"], "translategemma-4b");
    assert_eq!(model("summarize", "en", "en")["model"], "smollm3-3b");
    let both = model("summarize", "en", "ko");
    assert_eq!(
        (&both["model"], &both["translator"]),
        (&json!("smollm3-3b"), &json!("translategemma-4b"))
    );
    let article = "The council of the port met on Monday to speak about the new breakwater. \
        Fishermen from four villages came to listen, and many of them asked when work would start. \
        The mayor said that the answer depends on the weather in spring. "
        .repeat(3);
    let post = |task: &str, to: &str| {
        let body = json!({"text": article, "to": to});
        let answer = server.post(&format!("/api/v1/{task}"), &body);
        assert_eq!(answer.status, 200, "{}", answer.body);
        answer.json()
    };
    let results = std::thread::scope(|scope| {
        let asked: Vec<_> = [("translate", "ko"), ("summarize", "en"), ("summarize", "ko")]
            .into_iter()
            .cycle()
            .take(12)
            .map(|(task, to)| scope.spawn(move || (task, to, post(task, to))))
            .collect();
        asked.into_iter().map(|thread| thread.join().unwrap()).collect::<Vec<_>>()
    });
    for (task, to, result) in results {
        let (model, text) = match (task, to) {
            ("summarize", "en") => ("smollm3-3b", "The council met on Monday."),
            // The model that wrote the text; its summary is beside it.
            _ => ("translategemma-4b", "시의회가 월요일에 모였다."),
        };
        assert!(result["text"].as_str().unwrap().contains(text), "{result}");
        assert_eq!(result["model"], model, "{task} {to}");
        if (task, to) == ("summarize", "ko") {
            assert_eq!(result["intermediate"], "The council met on Monday.");
        }
    }
    // The other direction of summaries has no model, which is said.
    let korean = json!({"text": "시의회는 월요일에 모인다.", "from": "ko", "to": "ko"});
    let refused = server.post("/api/v1/summarize", &korean);
    assert_eq!(refused.status, 400, "{}", refused.body);
}
