//! A hostile or busy hub, and a hostile package index.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use malmoi::store::{PullOptions, StoreEvent};
use proptest::prelude::*;
use serde_json::json;

use super::*;

// === A hostile hub ===

/// Names that try to leave a folder, and harmless ones.
fn hostile() -> impl Strategy<Value = String> {
    let up = (0usize..14, "(victim.txt|blobs/x|etc/passwd|[a-z]{0,3})")
        .prop_map(|(n, to)| "../".repeat(n) + &to);
    prop_oneof![
        up,
        Just("m.gguf".to_string()),
        Just("config.json".to_string()),
        Just("model.safetensors".to_string()),
        Just("m-00001-of-00002.gguf".to_string()),
        Just("tokenizer\u{1b}]0;pwn\u{7}.json".to_string()),
        Just("tokenizer../../..json".to_string()),
        Just("..\\..\\victim.txt".to_string()),
        Just("C:\\victim.gguf".to_string()),
        Just("con.gguf".to_string()),
        Just("x/".repeat(300) + "m.gguf"),
        "(/|//|file:/)[a-z/]{0,8}\\.gguf",
        "[0-9a-f]{64}",
        Just(sha256(WEIGHTS)),
        "\\PC{0,12}",
    ]
}

#[test]
fn no_listing_touches_a_file_outside_the_cache() {
    let home = tempfile::tempdir().unwrap();
    let victim = home.path().join("a/b/c/victim.txt");
    write(&victim, "the mayor's diary");
    let outside = home.path().join("a");
    let cache = home.path().join("a/b/cache");
    let said = Arc::new(Mutex::new(String::new()));
    let listing = said.clone();
    let hub = Hub::start(move |asked| match asked.path.starts_with("/api/") {
        true => Answer::body(listing.lock().unwrap().clone()),
        false => Answer::file(WEIGHTS, asked),
    });
    let sum = || prop_oneof![hostile(), Just(victim.display().to_string()), Just(sha256(WEIGHTS))];
    let file =
        (hostile(), sum(), any::<bool>(), prop_oneof![Just(WEIGHTS.len() as u64), any::<u64>()]);
    let commit = prop_oneof![hostile(), Just(COMMIT.to_string()), Just(COMMIT.to_string())];
    let asked = prop_oneof![Just("o/r"), Just("o/r:m.gguf"), Just("o/r@v1:m-00001-of-00002.gguf")];
    let config =
        ProptestConfig { cases: 200, failure_persistence: None, ..ProptestConfig::default() };
    proptest!(config, |(files in proptest::collection::vec(file, 1..5), commit in commit, name in asked)| {
        let siblings: Vec<Value> = files.iter().map(|(name, sum, large, bytes)| match large {
            true => json!({"rfilename": name, "lfs": {"sha256": sum, "size": bytes}}),
            false => json!({"rfilename": name, "size": bytes}),
        }).collect();
        *said.lock().unwrap() = json!({"sha": commit, "siblings": siblings}).to_string();
        let free = Some(1 << 30);
        let store = Store::new(StoreSettings { retries: 0, free_space: free, ..settings(&cache, &hub.endpoint) });
        for error in [
            pull(&store, name).err(),
            store.verify(name).err(),
            store.pull_with(name, PullOptions { force: true }, &mut |_| {}).err(),
            store.remove(name).err(),
        ].into_iter().flatten() {
            let text = error.to_string();
            prop_assert!(!text.chars().any(char::is_control), "{text:?}");
        }
        let mut left = tree(&outside);
        left.retain(|(path, _)| !path.starts_with(&cache));
        prop_assert_eq!(left, vec![(victim.clone(), "the mayor's diary".to_string())]);
        if cache.exists() {
            // Links lead only to blobs of their own repository.
            let links = tree(&cache).into_iter().filter(|(_, text)| text.starts_with("-> "));
            for (path, to) in links {
                let target = path.parent().unwrap().join(to.trim_start_matches("-> "));
                let root = cache.join("models--o--r/blobs").canonicalize().unwrap();
                prop_assert!(target.canonicalize().unwrap().starts_with(root), "{path:?} {to}");
            }
            std::fs::remove_dir_all(&cache).unwrap();
        }
    });
}

#[test]
fn a_checksum_that_is_a_path_is_refused() {
    if case("attack/01-hub-lfs-sha-path-traversal").is_none() {
        return;
    }
    let home = tempfile::tempdir().unwrap();
    let victim = home.path().join("victim.txt");
    write(&victim, "precious data");
    let up = "../".repeat(13) + &victim.display().to_string();
    let planted = "../".repeat(13) + &home.path().join("ssh/authorized_keys").display().to_string();
    let part = |name: &str, sum: &str, size: usize| json!({"rfilename": name, "lfs": {"sha256": sum, "size": size}});
    let parts = [
        part("m-00002-of-00002.gguf", &sha256(WEIGHTS), WEIGHTS.len()),
        part("m-00001-of-00002.gguf", &up, 13),
    ];
    for (sha, siblings, word) in [
        (COMMIT, json!(parts), "a SHA-256"),
        (COMMIT, json!([part("m.gguf", &up, 13)]), "a SHA-256"),
        (COMMIT, json!([part("m.gguf", &planted, 1_000_000)]), "a SHA-256"),
        (
            "../../../x\u{1b}]0;PWNED\u{7}",
            json!([part("m.gguf", &sha256(WEIGHTS), WEIGHTS.len())]),
            "a commit",
        ),
        (
            COMMIT,
            json!([{"rfilename": "config.json", "size": 4}, {"rfilename": "model.safetensors", "size": 4},
            {"rfilename": "tokenizer\u{1b}]0;pwn\u{7}.json", "size": 4}]),
            "a file name",
        ),
    ] {
        let hub = hub_with(json!({"sha": sha, "siblings": siblings}), WEIGHTS);
        let cache = home.path().join("hub");
        let error = pull(&store(&cache, &hub.endpoint), "evil/model").unwrap_err();
        let text = error.to_string();
        assert!(matches!(error, StoreError::UnsafeName { .. }) && text.contains(word), "{text}");
        assert!(!text.chars().any(char::is_control), "{text:?}");
        assert!(!cache.join("models--evil--model/snapshots").exists());
        assert_eq!(std::fs::read_to_string(&victim).unwrap(), "precious data");
        assert!(!home.path().join("ssh").exists());
    }
}

#[test]
fn an_endless_response_is_stopped() {
    let size = 100_000;
    for (listed, most) in [
        (json!({"rfilename": "m.gguf", "lfs": {"sha256": sha256(b""), "size": size}}), size),
        (json!({"rfilename": "m.gguf", "size": size}), size),
        (json!({"rfilename": "m.gguf"}), 64 << 20),
    ] {
        let cache = tempfile::tempdir().unwrap();
        let answer = json!({"sha": COMMIT, "siblings": [listed]}).to_string();
        let hub = Hub::start(move |asked| match asked.path.starts_with("/api/") {
            true => Answer::body(answer.clone()),
            false => Answer { endless: true, ..Answer::body(vec![0; 1 << 16]) },
        });
        let error = pull(&store(cache.path(), &hub.endpoint), "o/r").unwrap_err();
        assert!(matches!(error, StoreError::TooLarge { limit, .. } if limit == most), "{error}");
        assert!(bytes_below(cache.path()) < 1000, "nothing of it is kept");
    }
    let cache = tempfile::tempdir().unwrap();
    let hub = Hub::start(|_| Answer { endless: true, ..Answer::body(vec![b' '; 1 << 16]) });
    let error = pull(&store(cache.path(), &hub.endpoint), "o/r").unwrap_err();
    assert!(error.to_string().contains("the list of o/r"), "{error}");
}

#[test]
fn a_response_longer_than_listed_is_not_read() {
    let cache = tempfile::tempdir().unwrap();
    let listed = json!({"rfilename": "m.gguf", "size": 10});
    let hub = hub_with(json!({"sha": COMMIT, "siblings": [listed]}), WEIGHTS);
    let error = pull(&store(cache.path(), &hub.endpoint), "o/r").unwrap_err();
    assert!(matches!(error, StoreError::TooLarge { limit: 10, .. }), "{error}");
}

#[test]
fn sizes_that_do_not_fit_a_number_or_a_disk_are_refused() {
    let huge = |bytes: Value| {
        json!({"sha": COMMIT, "siblings": [
        {"rfilename": "config.json", "size": bytes}, {"rfilename": "model.safetensors", "size": bytes}]})
    };
    for (bytes, word) in [
        (json!(u64::MAX), "MB are needed"),
        (json!(10_u64.pow(18)), "MB are needed"),
        (json!(-1), "cannot be read"),
        (json!(1e30), "cannot be read"),
    ] {
        let cache = tempfile::tempdir().unwrap();
        let hub = hub_with(huge(bytes), WEIGHTS);
        let error = pull(&store(cache.path(), &hub.endpoint), "o/r").unwrap_err().to_string();
        assert!(error.contains(word), "{error}");
    }
}

#[test]
fn a_download_that_stops_at_the_same_byte_is_given_up() {
    // Without range requests, every attempt downloads the same five bytes again.
    let cache = tempfile::tempdir().unwrap();
    let hub = Hub::start(|asked| match asked.path.starts_with("/api/") {
        true => listing(&[("m.gguf", WEIGHTS)]),
        false => Answer { cut: Some(5), ..Answer::body(WEIGHTS) },
    });
    let error = pull(&store(cache.path(), &hub.endpoint), "o/r").unwrap_err().to_string();
    assert!(error.contains("broke off") || error.contains("sent nothing more"), "{error}");
    assert_eq!(hub.asked().len(), 2 + 5);
}

#[test]
fn a_response_with_another_range_is_not_appended() {
    let cache = tempfile::tempdir().unwrap();
    let body: Vec<u8> = (0..200_000u32).flat_map(u32::to_le_bytes).collect();
    let sum = sha256(&body);
    let listed = json!({"sha": COMMIT, "siblings": [{"rfilename": "m.gguf", "size": body.len()}]})
        .to_string();
    let hub = Hub::start(move |asked| match (asked.path.starts_with("/api/"), asked.range) {
        (true, _) => Answer::body(listed.clone()),
        (_, None) if cut_once() => Answer { cut: Some(300_000), ..Answer::body(body.clone()) },
        (_, None) => Answer::body(body.clone()),
        // Answers from the beginning, although a range was requested.
        (_, Some(_)) => Answer {
            headers: vec![("content-range", format!("bytes 0-{}/{}", body.len() - 1, body.len()))],
            ..Answer { status: 206, ..Answer::body(body.clone()) }
        },
    });
    fn cut_once() -> bool {
        static FIRST: std::sync::Once = std::sync::Once::new();
        let mut first = false;
        FIRST.call_once(|| first = true);
        first
    }
    let path = pull(&store(cache.path(), &hub.endpoint), "o/r").unwrap();
    assert_eq!(sha256(&std::fs::read(path).unwrap()), sum);
}

// === A busy hub ===

#[test]
fn a_busy_hub_is_retried() {
    if case("models/25-A-503-once").is_none() {
        return;
    }
    for status in [500, 502, 503, 504, 429] {
        for place in ["/api/", "/resolve/"] {
            let cache = tempfile::tempdir().unwrap();
            let left = Mutex::new(2);
            let hub = Hub::start(move |asked| {
                let mut left = left.lock().unwrap();
                if asked.path.contains(place) && *left > 0 {
                    *left -= 1;
                    return Answer {
                        headers: vec![("retry-after", "0".into())],
                        ..Answer::status(status)
                    };
                }
                match asked.path.starts_with("/api/") {
                    true => listing(&[("m.gguf", WEIGHTS)]),
                    false => Answer::file(WEIGHTS, asked),
                }
            });
            let mut told = Vec::new();
            let store = store(cache.path(), &hub.endpoint);
            store.pull("o/cfg", &mut |event| told.push(event)).unwrap();
            let retries =
                told.iter().filter(|event| matches!(event, StoreEvent::Retry { .. })).count();
            assert_eq!(retries, 2);
        }
    }
}

#[test]
fn retry_after_is_waited_for() {
    let cache = tempfile::tempdir().unwrap();
    let times = Mutex::new(Vec::new());
    let times = Arc::new(times);
    let log = times.clone();
    let hub = Hub::start(move |asked| {
        let mut log = log.lock().unwrap();
        log.push(std::time::Instant::now());
        match (log.len(), asked.path.starts_with("/api/")) {
            (1, _) => Answer { headers: vec![("retry-after", "1".into())], ..Answer::status(503) },
            (_, true) => listing(&[("m.gguf", WEIGHTS)]),
            _ => Answer::file(WEIGHTS, asked),
        }
    });
    pull(&store(cache.path(), &hub.endpoint), "o/cfg").unwrap();
    let times = times.lock().unwrap();
    assert!(times[1] - times[0] >= Duration::from_millis(950));
}

#[test]
fn a_hub_that_stays_busy_is_given_up_with_advice() {
    let hub = Hub::start(|_| Answer {
        headers: vec![("retry-after", "0".into())],
        ..Answer::status(503)
    });
    let ran = Desk::new(&hub.endpoint).run(&["models", "pull", "o/cfg"]);
    assert_eq!(ran.code, Some(2));
    assert!(ran.err.contains("answered 503") && ran.err.contains("later"), "{}", ran.err);
    assert!(!ran.err.contains("mirror") && !ran.err.contains("HTTPS_PROXY"), "{}", ran.err);
}

#[test]
fn passwords_in_addresses_are_not_shown() {
    let hub = Hub::start(|_| Answer::status(404));
    let closed = "127.0.0.1:9";
    let open = hub.endpoint.trim_start_matches("http://");
    let addresses =
        [open, closed, "127.0.0.1:x", "[::1"].map(|place| format!("http://bob:s3cretpw@{place}"));
    for place in addresses
        .into_iter()
        .chain(["bob:s3cretpw@127.0.0.1".into(), "ftp://bob:s3cretpw@h".into()])
    {
        let desk = Desk::new(&place);
        for arguments in [
            &["models", "pull", "o/r"][..],
            &["models", "pull", "smollm2-135m"],
            &["doctor"],
            &["doctor", "--json"],
        ] {
            let ran = desk.run(arguments);
            assert!(!(ran.out + &ran.err).contains("s3cretpw"), "{place} {arguments:?}");
        }
    }
    // A redirect may also carry one.
    let hub =
        Hub::start(|_| Answer::redirect("ftp://bob:s3cretpw@elsewhere.example/x?sig=s3cretpw"));
    let ran = Desk::new(&hub.endpoint).run(&["models", "pull", "o/r"]);
    assert!(ran.err.contains("elsewhere.example") && !ran.err.contains("s3cretpw"), "{}", ran.err);
}

#[test]
fn the_token_is_not_sent_to_another_scheme_or_port() {
    let cache = tempfile::tempdir().unwrap();
    let elsewhere = Hub::start(|asked| Answer::file(WEIGHTS, asked));
    let to = elsewhere.endpoint.clone();
    let hub = Hub::start(move |asked| match asked.path.starts_with("/api/") {
        true => listing(&[("m.gguf", WEIGHTS)]),
        false => Answer::redirect(&format!("{to}{}", asked.path)),
    });
    let token = Some("hf_SECRETTOKEN".to_string());
    pull(&Store::new(StoreSettings { token, ..settings(cache.path(), &hub.endpoint) }), "o/r")
        .unwrap();
    assert!(hub.asked().iter().all(|asked| asked.token.is_some()));
    assert!(elsewhere.asked().iter().all(|asked| asked.token.is_none()));
}

// === pip ===

#[cfg(unix)]
#[test]
fn files_beside_an_article_are_not_run() {
    if case("attack/12-pip-cwd-code-execution").is_none() {
        return;
    }
    if !std::process::Command::new("python3")
        .args(["-m", "pip", "--version"])
        .output()
        .is_ok_and(|o| o.status.success())
    {
        eprintln!("skipped: python3 has no pip");
        return;
    }
    let desk =
        Desk::new("http://127.0.0.1:9").with("MALMOI_PYTHON", "python3").with("PIP_NO_INDEX", "1");
    let pwned = desk.home.path().join("PWNED");
    let code =
        format!("open({:?}, 'w').write('code ran as ' + __file__)\n", pwned.display().to_string());
    let path = desk.home.path().join("path");
    for folder in [desk.home.path(), &path] {
        for name in [
            "pip.py",
            "zipfile.py",
            "json.py",
            "sitecustomize.py",
            "pip/__main__.py",
            "encodings/utf_8.py",
        ] {
            write(&folder.join(name), &code);
        }
    }
    write(&desk.home.path().join("article.txt"), "The council of Haemin met on Monday.");
    let desk = desk
        .with("PYTHONPATH", path.display().to_string())
        .with("PYTHONSTARTUP", path.join("pip.py").display().to_string());
    let ran = desk.run(&["summarize", "article.txt"]);
    assert!(ran.err.contains("pip failed"), "pip was asked: {}", ran.err);
    assert!(!pwned.exists(), "{}", std::fs::read_to_string(&pwned).unwrap());
}

#[cfg(unix)]
#[test]
fn passwords_of_the_package_index_are_not_shown() {
    use std::os::unix::fs::PermissionsExt;
    let desk = Desk::new("http://127.0.0.1:9");
    let python = desk.home.path().join("python");
    write(
        &python,
        "#!/bin/sh\nprintf 'Looking in indexes: https://bob:s3cretpw@index.example/simple\\n\\033[31mERROR: 404 for https://bob:s3cretpw@index.example/x?token=s3cretpw\\033[0m\\n' >&2\nexit 1\n",
    );
    std::fs::set_permissions(&python, PermissionsExt::from_mode(0o755)).unwrap();
    let ran = desk.with("MALMOI_PYTHON", "./python").run(&["models", "pull", "smollm2-135m"]);
    assert!(ran.err.contains("index.example") && !ran.err.contains("s3cretpw"), "{}", ran.err);
    assert!(!ran.err.contains('\u{1b}'), "{:?}", ran.err);
    assert!(ran.err.contains("hint: run `./python -I -m pip download"), "{}", ran.err);
}
