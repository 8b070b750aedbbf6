//! Damaged, shared and removed files of the cache.

use malmoi::store::Verdict;

use super::*;

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
    assert_eq!(hub.asked().len(), asked, "intact files are not fetched");
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
fn the_cache_is_shared_with_hf_hub() {
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
fn the_cache_is_shared_with_huggingface_hub() {
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
    assert!(ran.code == Some(0) && ran.err.contains("kept") && shared.is_file(), "{}", ran.err);
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
