//! The hub, the cache and the package index: attacks by a hostile server, damaged and shared files.

use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use assert_cmd::Command;
use malmoi::store::{PullOptions, Settings, Store, StoreError, StoreEvent, Verdict};
use proptest::prelude::*;
use serde_json::{Value, json};

use super::case;
use crate::support::hub::{Answer, COMMIT, Hub, listing, sha256};

const OTHER: &str = "89abcdef0123456789abcdef0123456789abcdef";
const WEIGHTS: &[u8] = b"GGUF\x03\0\0\0 of the port town Haemin";

fn settings(cache: &Path, endpoint: &str) -> Settings {
    let (connect_timeout, retry_delay) = (Duration::from_secs(2), Duration::from_millis(5));
    Settings {
        endpoint: endpoint.to_string(),
        connect_timeout,
        retry_delay,
        ..Settings::new(cache)
    }
}

fn store(cache: &Path, endpoint: &str) -> Store {
    Store::new(settings(cache, endpoint))
}

/// A store without network access.
fn offline(cache: &Path) -> Store {
    Store::new(Settings { offline: true, ..Settings::new(cache) })
}

fn pull(store: &Store, name: &str) -> Result<PathBuf, StoreError> {
    store.pull(name, &mut |_| {}).map(|located| located.path)
}

/// A hub with a given listing, whose files all have the same bytes.
fn hub_with(listing: Value, bytes: &'static [u8]) -> Hub {
    let listing = listing.to_string();
    Hub::start(move |asked| match asked.path.starts_with("/api/") {
        true => Answer::body(listing.clone()),
        false => Answer::file(bytes, asked),
    })
}

fn one_gguf() -> Hub {
    Hub::start(|asked| match asked.path.starts_with("/api/") {
        true => listing(&[("m.gguf", WEIGHTS)]),
        false => Answer::file(WEIGHTS, asked),
    })
}

/// All files and links below a folder, with their bytes or targets.
fn tree(folder: &Path) -> Vec<(PathBuf, String)> {
    let mut found = Vec::new();
    let mut folders = vec![folder.to_path_buf()];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).unwrap().flatten() {
            let path = entry.path();
            let kind = entry.file_type().unwrap();
            if kind.is_dir() {
                folders.push(path);
            } else if kind.is_symlink() {
                let to = std::fs::read_link(&path).unwrap().display().to_string();
                found.push((path, format!("-> {to}")));
            } else {
                let text = String::from_utf8_lossy(&std::fs::read(&path).unwrap()).into_owned();
                found.push((path, text));
            }
        }
    }
    found.sort();
    found
}

fn bytes_below(folder: &Path) -> u64 {
    tree(folder).iter().filter_map(|(path, _)| Some(path.symlink_metadata().ok()?.len())).sum()
}

#[cfg(unix)]
fn link(to: impl AsRef<Path>, at: &Path) {
    std::fs::create_dir_all(at.parent().unwrap()).unwrap();
    std::os::unix::fs::symlink(to, at).unwrap();
}

fn write(path: &Path, bytes: impl AsRef<[u8]>) {
    std::fs::create_dir_all(path.parent().unwrap()).unwrap();
    std::fs::write(path, bytes).unwrap();
}

/// The program with its own home folder.
struct Desk {
    home: tempfile::TempDir,
    variables: Vec<(String, String)>,
}

struct Ran {
    code: Option<i32>,
    out: String,
    err: String,
}

impl Desk {
    fn new(endpoint: &str) -> Self {
        let variables = vec![("HF_ENDPOINT".to_string(), endpoint.to_string())];
        Self { home: tempfile::tempdir().unwrap(), variables }
    }

    fn with(mut self, name: &str, value: impl Into<String>) -> Self {
        self.variables.push((name.to_string(), value.into()));
        self
    }

    fn cache(&self) -> PathBuf {
        self.home.path().join("hf/hub")
    }

    fn run(&self, arguments: &[&str]) -> Ran {
        let mut command = Command::cargo_bin("malmoi").unwrap();
        command
            .env_clear()
            .env("PATH", std::env::var_os("PATH").unwrap_or_default())
            .env("HOME", self.home.path())
            .env("HF_HOME", self.home.path().join("hf"))
            .env("MALMOI_PYTHON", "no-such-python")
            .envs(self.variables.iter().cloned())
            .current_dir(self.home.path())
            .args(arguments);
        let output = command.output().unwrap();
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        Ran { code: output.status.code(), out: text(&output.stdout), err: text(&output.stderr) }
    }
}

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
        let store = Store::new(Settings { retries: 0, free_space: free, ..settings(&cache, &hub.endpoint) });
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
        assert!(matches!(error, StoreError::TooLarge { most: at, .. } if at == most), "{error}");
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
    assert!(matches!(error, StoreError::TooLarge { most: 10, .. }), "{error}");
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

// === Removing ===

#[cfg(unix)]
#[test]
fn a_shared_blob_is_removed_with_its_last_repository() {
    if case("models/09-A-remove-shared-blob").is_none() {
        return;
    }
    for marked in [false, true] {
        let home = tempfile::tempdir().unwrap();
        let cache = home.path().join("hub");
        let hash = "91".to_string() + &"b".repeat(62);
        let shared = cache.join("blobs/91").join(&hash);
        write(&shared, WEIGHTS);
        let mut manifest = String::new();
        for repo in ["models--o--one", "models--o--two"] {
            let blob = cache.join(repo).join("blobs").join("e".repeat(64));
            link(format!("../../blobs/91/{hash}"), &blob);
            link(
                format!("../../blobs/{}", "e".repeat(64)),
                &cache.join(repo).join("snapshots").join(COMMIT).join("m.gguf"),
            );
            write(&cache.join(repo).join("refs/main"), COMMIT);
            manifest += &format!("{repo}/blobs/{}\n", "e".repeat(64));
        }
        if marked {
            write(&cache.join("blobs/.huggingface-shared-blobs"), "1\n");
            write(&shared.with_extension("refs"), &manifest);
        }
        let store = offline(&cache);
        let two = store.locate("o/two:m.gguf").unwrap().path;
        let removed = store.remove("o/one:m.gguf").unwrap();
        assert_eq!(std::fs::read(&two).unwrap(), WEIGHTS);
        assert!(!cache.join("models--o--one").exists());
        assert!(
            removed
                .left
                .iter()
                .any(|left| left.path.ends_with(&hash) && left.reason.contains("another model"))
        );
        assert_eq!(removed.bytes, 0);
        let removed = store.remove("o/two:m.gguf").unwrap();
        assert!(!shared.exists() && !cache.join("models--o--two").exists(), "{removed:?}");
        assert_eq!(removed.bytes as usize, WEIGHTS.len() + if marked { manifest.len() } else { 0 });
    }
}

#[cfg(unix)]
#[test]
fn only_unreferenced_files_are_removed() {
    let home = tempfile::tempdir().unwrap();
    let cache = home.path().join("hub");
    let diary = home.path().join("diary.gguf");
    write(&diary, "the mayor's diary");
    let root = cache.join("models--o--r");
    let at = |commit: &str, name: &str| root.join("snapshots").join(commit).join(name);
    write(&root.join("blobs/aa"), "shared by two revisions");
    write(&root.join("blobs/bb"), "of one");
    for (commit, name, to) in [
        (COMMIT, "m-00001-of-00003.gguf", "../../blobs/aa"),
        (OTHER, "m-00001-of-00003.gguf", "../../blobs/aa"),
        (COMMIT, "m-00002-of-00003.gguf", "../../blobs/bb"),
    ] {
        link(to, &at(commit, name));
    }
    link(&diary, &at(COMMIT, "m-00003-of-00003.gguf"));
    write(&at(COMMIT, "README.md"), "#");
    write(&root.join("refs/main"), COMMIT);
    // One part of a split model is named: all parts are removed.
    let removed = offline(&cache).remove("o/r:m-00002-of-00003.gguf").unwrap();
    let files: Vec<String> = tree(&root)
        .into_iter()
        .map(|(path, _)| path.strip_prefix(&root).unwrap().display().to_string())
        .collect();
    assert_eq!(
        files,
        [
            "blobs/aa".to_string(),
            "refs/main".to_string(),
            format!("snapshots/{COMMIT}/README.md"),
            format!("snapshots/{OTHER}/m-00001-of-00003.gguf"),
        ]
    );
    assert_eq!(std::fs::read_to_string(&diary).unwrap(), "the mayor's diary");
    let reasons: Vec<&str> = removed.left.iter().map(|left| left.reason).collect();
    assert_eq!(
        reasons,
        [
            "it lies outside of this model's folder",
            "another revision or model uses it",
            "it holds other files",
            "it is another revision"
        ]
    );
    // Removing the last revision also removes the blob and the folder.
    offline(&cache).remove(&format!("o/r@{OTHER}:m-00001-of-00003.gguf")).unwrap();
    assert!(!root.join("blobs/aa").exists() && at(COMMIT, "README.md").exists());
}

#[cfg(unix)]
#[test]
fn removing_a_folder_model_keeps_its_neighbors() {
    let cache = tempfile::tempdir().unwrap();
    let root = cache.path().join("models--o--r");
    for name in
        ["config.json", "model.safetensors", "tokenizer.json", "m-q4.gguf", "onnx/model.onnx"]
    {
        write(&root.join("snapshots").join(COMMIT).join(name), name);
    }
    write(&root.join("refs/main"), COMMIT);
    offline(cache.path()).remove("o/r").unwrap();
    let left: Vec<PathBuf> =
        tree(&root.join("snapshots")).into_iter().map(|(path, _)| path).collect();
    assert_eq!(left.len(), 2, "{left:?}");
    assert!(
        left.iter().all(|path| path.ends_with("m-q4.gguf") || path.ends_with("onnx/model.onnx"))
    );
}

#[cfg(unix)]
#[test]
fn links_out_of_the_cache_are_not_emptied() {
    let home = tempfile::tempdir().unwrap();
    let (cache, elsewhere) = (home.path().join("hub"), home.path().join("elsewhere"));
    write(&elsewhere.join("m.gguf"), WEIGHTS);
    link(&elsewhere, &cache.join("models--o--r/snapshots").join(COMMIT));
    write(&cache.join("models--o--r/refs/main"), COMMIT);
    assert!(matches!(offline(&cache).remove("o/r:m.gguf"), Err(StoreError::OutsideCache { .. })));
    assert!(elsewhere.join("m.gguf").is_file());
}

#[test]
fn removing_a_model_removes_its_partial_download() {
    let cache = tempfile::tempdir().unwrap();
    let hub = one_gguf();
    let store = store(cache.path(), &hub.endpoint);
    pull(&store, "o/r").unwrap();
    let blob = cache.path().join("models--o--r/blobs").join(sha256(WEIGHTS));
    write(&blob.with_extension("incomplete"), "GG");
    store.remove("o/r").unwrap();
    assert!(!cache.path().join("models--o--r").exists());
    // The state of the partial download is removed with it.
    assert!(
        !std::fs::read_to_string(cache.path().join(".locks/malmoi-sums.json"))
            .unwrap()
            .contains("m.gguf")
    );
}

// === Damage ===

#[test]
fn a_truncated_file_is_reported_and_repaired() {
    let hub = one_gguf();
    let desk = Desk::new(&hub.endpoint);
    assert_eq!(desk.run(&["models", "pull", "o/cut"]).code, Some(0));
    let ran = desk.run(&["models", "verify"]);
    assert!(ran.code == Some(0) && ran.out.contains("m.gguf  unpinned"), "{}{}", ran.out, ran.err);
    let blob = desk.cache().join("models--o--cut/blobs").join(sha256(WEIGHTS));
    for damaged in [&WEIGHTS[..5], b"", b"GGUF other bytes of the same file"] {
        std::fs::write(&blob, damaged).unwrap();
        for arguments in [&["models", "verify"][..], &["models", "verify", "o/cut"]] {
            let ran = desk.run(arguments);
            assert!(
                ran.code == Some(2) && ran.out.contains("m.gguf  WRONG"),
                "{}{}",
                ran.out,
                ran.err
            );
            assert!(
                ran.err.contains("is damaged") && ran.err.contains("models pull"),
                "{}",
                ran.err
            );
        }
        let ran = desk.run(&["models", "pull", "o/cut", "--offline"]);
        assert!(ran.code == Some(2) && ran.err.contains("is damaged"), "{}", ran.err);
        let asked = hub.asked().len();
        let ran = desk.run(&["models", "pull", "o/cut"]);
        assert!(ran.code == Some(0) && ran.err.contains("fetched again"), "{}", ran.err);
        assert!(hub.asked().len() > asked);
        assert_eq!(std::fs::read(&blob).unwrap(), WEIGHTS);
        assert_eq!(desk.run(&["models", "verify", "o/cut"]).code, Some(0));
    }
    let asked = hub.asked().len();
    assert_eq!(desk.run(&["models", "pull", "o/cut"]).code, Some(0));
    assert_eq!(hub.asked().len(), asked, "what is right is not fetched");
    assert_eq!(desk.run(&["models", "pull", "o/cut", "--force"]).code, Some(0));
    assert_eq!(hub.asked().len(), asked + 2);
    std::fs::write(&blob, "").unwrap();
    let ran = desk.run(&["models", "remove", "o/cut"]);
    assert!(ran.code == Some(0) && ran.err.contains("removed"), "{}", ran.err);
    assert!(!blob.exists());
}

#[test]
fn a_truncated_pinned_file_is_a_damaged_model() {
    let desk = Desk::new("http://127.0.0.1:9");
    let root = desk.cache().join("models--QuantFactory--SmolLM2-135M-Instruct-GGUF");
    let snapshot = root.join("snapshots/ab810cf68114990406fdf996510dd3d3c6adbdf5");
    let file = snapshot.join("SmolLM2-135M-Instruct.Q4_1.gguf");
    write(&file, "GGUF");
    let ran = desk.run(&["models", "verify"]);
    assert!(
        ran.code == Some(2) && ran.out.contains("WRONG") && ran.err.contains("4 bytes"),
        "{}",
        ran.err
    );
    // The right size with other bytes.
    std::fs::File::options().write(true).open(&file).unwrap().set_len(98_362_432).unwrap();
    let ran = desk.run(&["models", "verify", "smollm2-135m"]);
    assert!(ran.code == Some(2) && ran.err.contains("sha256"), "{}", ran.err);
    write(&desk.home.path().join("a.txt"), "The council of Haemin met on Monday.");
    let ran = desk.run(&["summarize", "a.txt", "-m", "smollm2-135m", "--offline"]);
    assert!(ran.code == Some(2) && ran.err.contains("`smollm2-135m` is damaged"), "{}", ran.err);
    assert_eq!(desk.run(&["models", "remove", "smollm2-135m"]).code, Some(0));
    assert!(!root.exists());
}

#[test]
fn a_fingerprint_is_of_bytes_and_not_of_names() {
    let cache = tempfile::tempdir().unwrap();
    let root = cache.path().join("models--QuantFactory--SmolLM2-135M-Instruct-GGUF");
    let file = root
        .join("snapshots/ab810cf68114990406fdf996510dd3d3c6adbdf5")
        .join("SmolLM2-135M-Instruct.Q4_1.gguf");
    write(&file, "");
    std::fs::File::options().write(true).open(&file).unwrap().set_len(98_362_432).unwrap();
    let store = offline(cache.path());
    let located = store.locate("smollm2-135m").unwrap();
    let pinned = located.entry.unwrap().files[0].sha256.to_string();
    let found = store.fingerprint(&located).unwrap();
    assert_ne!(found, pinned);
    assert!(
        matches!(store.verify("smollm2-135m").unwrap()[0].1, Verdict::Mismatch { found: ref at, .. } if *at == found)
    );
    assert!(matches!(store.check(&located), Err(StoreError::Damaged { .. })));
    // A file elsewhere with a model's name and size is not that model.
    let copy = cache.path().join("SmolLM2-135M-Instruct.Q4_1.gguf");
    std::fs::copy(&file, &copy).unwrap();
    assert!(store.locate(&copy.display().to_string()).unwrap().entry.is_none());
}

// === The cache of others ===

#[test]
fn a_moved_ref_does_not_hide_a_whole_model() {
    if case("models/21-A-refs-main-moved").is_none() {
        return;
    }
    let cache = tempfile::tempdir().unwrap();
    let root = cache.path().join("models--o--w");
    let whole = root.join("snapshots").join(COMMIT).join("m.gguf");
    write(&whole, WEIGHTS);
    write(&root.join("snapshots").join(OTHER).join("README.md"), "#");
    let store = offline(cache.path());
    for main in [Some(OTHER), Some(""), Some("../../x"), None] {
        match main {
            Some(commit) => write(&root.join("refs/main"), commit),
            None => std::fs::remove_file(root.join("refs/main")).unwrap(),
        }
        assert_eq!(store.locate("o/w:m.gguf").unwrap().path, whole);
        assert_eq!(store.locate("o/w").unwrap().path, whole);
        assert_eq!(pull(&store, "o/w:m.gguf").unwrap(), whole, "offline, it is what there is");
    }
    // A tag that was never fetched is not installed.
    assert!(matches!(store.locate("o/w@v2:m.gguf"), Err(StoreError::NotInstalled { .. })));
    // With a connection, a pull asks for the ref's current commit.
    write(&root.join("refs/main"), OTHER);
    let hub = one_gguf();
    pull(&self::store(cache.path(), &hub.endpoint), "o/w:m.gguf").unwrap();
    assert!(!hub.asked().is_empty());
}

#[cfg(target_os = "linux")]
#[test]
fn a_cache_without_locks_is_used() {
    let Some(case) = case("models/23-A-no-flock") else { return };
    for error in ["ENOLCK", "ENOSYS", "EOPNOTSUPP", "EIO"] {
        let hub = one_gguf();
        let desk = Desk::new(&hub.endpoint);
        let source =
            std::fs::read_to_string(case.join("noflock.c")).unwrap().replace("ENOLCK", error);
        let (c, library) =
            (desk.home.path().join("noflock.c"), desk.home.path().join("noflock.so"));
        write(&c, source);
        let compiled = std::process::Command::new("cc")
            .args(["-shared", "-fPIC", "-o"])
            .arg(&library)
            .arg(&c)
            .status();
        if !compiled.is_ok_and(|status| status.success()) {
            eprintln!("skipped: there is no C compiler");
            return;
        }
        let desk = desk.with("LD_PRELOAD", library.display().to_string());
        let ran = desk.run(&["models", "pull", "o/cfg"]);
        assert_eq!(ran.code, Some(0), "{error}: {}", ran.err);
        assert!(
            ran.err.contains("cannot be locked") && !ran.err.contains("another process"),
            "{}",
            ran.err
        );
        assert_eq!(desk.run(&["models", "remove", "o/cfg"]).code, Some(0));
    }
}

#[test]
fn what_is_written_here_is_read_by_hf_hub_and_back() {
    let cache = tempfile::tempdir().unwrap();
    let hub = one_gguf();
    let store = store(cache.path(), &hub.endpoint);
    let path = pull(&store, "o/ours").unwrap();
    let theirs = hf_hub::Cache::new(cache.path().to_path_buf());
    assert_eq!(theirs.model("o/ours".into()).get("m.gguf").as_ref(), Some(&path));
    let tagged = "o/ours@refs/pr/1:m.gguf";
    let path = pull(&store, tagged).unwrap();
    let revision =
        hf_hub::Repo::with_revision("o/ours".into(), hf_hub::RepoType::Model, "refs/pr/1".into());
    assert_eq!(theirs.repo(revision).get("m.gguf").as_ref(), Some(&path));

    let repo = theirs.model("o/theirs".into());
    repo.create_ref(OTHER).unwrap();
    let file = repo.pointer_path(OTHER).join("m.gguf");
    write(&file, WEIGHTS);
    assert_eq!(store.locate("o/theirs").unwrap().path, file);
    assert_eq!(store.verify("o/theirs").unwrap(), [(file, Verdict::Unpinned)]);
}

/// A folder with Python's `huggingface_hub`, installed once; `None` if pip cannot install it.
fn huggingface_hub() -> Option<PathBuf> {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("huggingface_hub");
    if !folder.join("huggingface_hub").is_dir() {
        let mut command = std::process::Command::new("python3");
        command
            .args(["-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--target"])
            .arg(&folder);
        let installed =
            command.arg("huggingface_hub>=1.0").stderr(std::process::Stdio::null()).status();
        if !installed.is_ok_and(|status| status.success()) {
            eprintln!("skipped: pip cannot install huggingface_hub");
            return None;
        }
    }
    Some(folder)
}

#[cfg(unix)]
#[test]
fn what_is_written_here_is_read_by_huggingface_hub_and_back() {
    let Some(library) = huggingface_hub() else { return };
    let home = tempfile::tempdir().unwrap();
    let cache = home.path().join("hub");
    let hub = one_gguf();
    let ours = pull(&store(&cache, &hub.endpoint), "o/ours").unwrap();
    let python = |script: &str| {
        let output = std::process::Command::new("python3")
            .arg("-c")
            .arg(script)
            .env("PYTHONPATH", &library)
            .env("HUGGINGFACE_HUB_CACHE", &cache)
            .env("HF_HUB_OFFLINE", "1")
            .env_remove("HF_HUB_CACHE")
            .output()
            .unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8(output.stdout).unwrap()
    };
    // Read by Python: the file, and a scan without warnings.
    let read = python(
        "from huggingface_hub import hf_hub_download, scan_cache_dir\n\
         print(hf_hub_download('o/ours', 'm.gguf'))\n\
         scan = scan_cache_dir(); print([str(w) for w in scan.warnings], [r.repo_id for r in scan.repos])",
    );
    assert_eq!(read.lines().collect::<Vec<_>>(), [&*ours.display().to_string(), "[] ['o/ours']"]);

    // Written by Python to the cache shared by repositories; read here through Python's variable.
    let hash = "7".repeat(64);
    python(&format!(
        "import os\n\
         from huggingface_hub.utils import _shared_blobs as s\n\
         cache = os.environ['HUGGINGFACE_HUB_CACHE']\n\
         for repo in ('one', 'two'):\n\
         \x20   root = f'{{cache}}/models--o--{{repo}}'\n\
         \x20   for d in ('blobs', 'refs', 'snapshots/{COMMIT}'): os.makedirs(f'{{root}}/{{d}}')\n\
         \x20   open(f'{{root}}/refs/main', 'w').write('{COMMIT}')\n\
         \x20   blob = f'{{root}}/blobs/{sum}'\n\
         \x20   open(blob, 'wb').write({weights})\n\
         \x20   assert s.publish_blob_to_shared_store(blob_path=blob, xet_hash='{hash}', cache_dir=cache, expected_size={size})\n\
         \x20   os.symlink('../../blobs/{sum}', f'{{root}}/snapshots/{COMMIT}/m.gguf')\n",
        sum = sha256(WEIGHTS),
        weights = python_bytes(WEIGHTS),
        size = WEIGHTS.len(),
    ));
    let desk = Desk::new(&hub.endpoint)
        .with("HF_HOME", "")
        .with("HUGGINGFACE_HUB_CACHE", cache.display().to_string());
    let ran = desk.run(&["models", "path", "o/one"]);
    assert!(ran.out.trim().ends_with("m.gguf"), "{}{}", ran.out, ran.err);
    let ran = desk.run(&["models", "verify", "o/two"]);
    assert!(ran.code == Some(0) && ran.out.contains("unpinned"), "{}{}", ran.out, ran.err);
    let shared = cache.join("blobs/77").join(&hash);
    let ran = desk.run(&["models", "remove", "o/one"]);
    assert!(ran.code == Some(0) && ran.err.contains("left") && shared.is_file(), "{}", ran.err);
    let scan = "from huggingface_hub import scan_cache_dir\n\
                scan = scan_cache_dir(); print([str(w) for w in scan.warnings], sorted(r.repo_id for r in scan.repos))";
    assert_eq!(python(scan).trim(), "[] ['o/ours', 'o/two']");
    let ran = desk.run(&["models", "remove", "o/two"]);
    assert!(ran.code == Some(0) && !shared.exists(), "{}", ran.err);
    assert_eq!(python(scan).trim(), "[] ['o/ours']");
}

#[cfg(unix)]
fn python_bytes(bytes: &[u8]) -> String {
    format!("bytes({bytes:?})")
}

// === Servers with troubles ===

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
    pull(&Store::new(Settings { token, ..settings(cache.path(), &hub.endpoint) }), "o/r").unwrap();
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

// === Defaults ===

#[test]
fn candidates_are_the_installed_then_the_defaults_with_their_size() {
    use malmoi::Language::{English, Korean};
    use malmoi::store::catalogue::{self, Purpose};
    let cache = tempfile::tempdir().unwrap();
    let store = offline(cache.path());
    let names = |purpose| -> Vec<(String, bool, u64)> {
        let candidates = store.candidates(purpose).into_iter();
        candidates.map(|c| (c.entry.name.clone(), c.installed.is_some(), c.download)).collect()
    };
    let english = Purpose::Summarize(English, English);
    assert_eq!(names(english)[0], ("smollm2-135m".to_string(), false, 98_362_432));
    for purpose in
        [english, Purpose::Summarize(Korean, Korean), Purpose::Translate(Korean, English)]
    {
        assert!(names(purpose).iter().all(|(_, installed, download)| !installed && *download > 0));
        assert!(store.best(purpose).is_none());
    }
    for name in ["smollm2-135m", "qwen2.5-coder-1.5b"] {
        let entry = catalogue::find(name).unwrap();
        let repo = entry.repositories().next().unwrap();
        let folder = hf_hub::Cache::new(cache.path().to_path_buf()).model(repo.repo().to_string());
        let file =
            folder.pointer_path(repo.commit().unwrap().as_str()).join(entry.files[0].name.as_str());
        write(&file, "");
        std::fs::File::options()
            .write(true)
            .open(&file)
            .unwrap()
            .set_len(entry.files[0].bytes)
            .unwrap();
    }
    let found = names(english);
    assert_eq!(
        found[0],
        ("qwen2.5-coder-1.5b".to_string(), true, 0),
        "the better one, though it is no default"
    );
    assert_eq!(found[1], ("smollm2-135m".to_string(), true, 0));
    let names: std::collections::HashSet<_> = found.iter().map(|(name, ..)| name).collect();
    assert_eq!(names.len(), found.len());
    assert_eq!(store.best(english).unwrap().entry.unwrap().name, "qwen2.5-coder-1.5b");
}

#[test]
fn remove_deletes_the_leftovers_of_an_interrupted_pull() {
    let folder = tempfile::tempdir().unwrap();
    let store = offline(folder.path());
    let blobs = folder.path().join("models--o--r/blobs");
    std::fs::create_dir_all(&blobs).unwrap();
    let unfinished = blobs.join(format!("{}.incomplete", sha256(WEIGHTS)));
    std::fs::write(&unfinished, "half of it").unwrap();
    std::fs::write(blobs.join("notes.incomplete"), "not a download").unwrap();
    let removed = store.remove("o/r:m.gguf").unwrap();
    assert_eq!((removed.bytes, removed.files.len()), (10, 1));
    assert!(!unfinished.exists() && blobs.join("notes.incomplete").exists());
    assert!(matches!(store.remove("o/r:m.gguf"), Err(StoreError::NotInstalled { .. })));
}
