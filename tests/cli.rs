use std::path::Path;

use assert_cmd::Command;
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::support::{gguf, here, scripted};

/// The program with a home folder of its own and no terminal.
pub struct Home(TempDir);

impl Home {
    pub fn new() -> Self {
        Self(tempfile::tempdir().unwrap())
    }

    pub fn path(&self) -> &Path {
        self.0.path()
    }

    pub fn write(&self, name: &str, bytes: impl AsRef<[u8]>) -> String {
        let path = self.path().join(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(&path, bytes).unwrap();
        path.display().to_string()
    }

    /// The program in this home, without arguments.
    pub fn command(&self) -> std::process::Command {
        let mut command = std::process::Command::new(assert_cmd::cargo::cargo_bin("malmoi"));
        command
            .env_clear()
            .env("HOME", self.path())
            .env("HF_HOME", self.path().join("hf"))
            .env("HF_HUB_OFFLINE", "1")
            .current_dir(self.path());
        command
    }

    pub fn run(&self, arguments: &[&str]) -> Ran {
        self.run_with(arguments, "", &[])
    }

    pub fn run_with(&self, arguments: &[&str], input: &str, variables: &[(&str, &str)]) -> Ran {
        let mut command = Command::from_std(self.command());
        command.envs(variables.iter().copied()).args(arguments).write_stdin(input);
        let output = command.output().unwrap();
        let text = |bytes: &[u8]| {
            String::from_utf8_lossy(bytes).replace(&self.path().display().to_string(), "[home]")
        };
        Ran { code: output.status.code(), out: text(&output.stdout), err: text(&output.stderr) }
    }
}

pub struct Ran {
    pub code: Option<i32>,
    pub out: String,
    pub err: String,
}

fn model() -> TempDir {
    scripted::model(
        json!([
            {"when": "Translate the following English", "say": "시의회가 월요일에 모였다."},
            {"when": "Translate the following Korean", "say": "The council met on Monday."},
            {"say": "The council met on Monday."}
        ]),
        16384,
    )
}

const ARTICLE: &str =
    "Council meets\n\nThe council of the port met on Monday to speak about the breakwater.\n";

#[test]
fn a_summary_goes_to_standard_output_and_nothing_else_does() {
    let (home, model) = (Home::new(), model());
    let article = home.write("article.txt", ARTICLE);
    let path = model.path().display().to_string();
    let ran = home.run(&["summarize", &article, "--model", &path]);
    assert_eq!(
        (ran.code, ran.out.as_str()),
        (Some(0), "The council met on Monday.\n"),
        "{}",
        ran.err
    );
    assert!(ran.err.contains("read all"), "{}", ran.err);
    let quiet = home.run(&["summarize", &article, "--model", &path, "--quiet"]);
    assert_eq!((quiet.out.as_str(), quiet.err.as_str()), ("The council met on Monday.\n", ""));
    let piped = home.run_with(&["summarize", "-q", "--model", &path], ARTICLE, &[]);
    assert_eq!(piped.out, quiet.out);
    let dash = home.run_with(&["summarize", "-", "-q", "--model", &path], ARTICLE, &[]);
    assert_eq!(dash.out, quiet.out);
}

#[test]
fn json_has_the_shape_that_scripts_rely_on() {
    let (home, model) = (Home::new(), model());
    let article = home.write("article.txt", ARTICLE);
    let ran = home.run(&[
        "translate",
        &article,
        "--to",
        "ko",
        "--json",
        "--model",
        &model.path().display().to_string(),
    ]);
    let line: Value = serde_json::from_str(&ran.out).unwrap();
    let keys: Vec<&str> = line.as_object().unwrap().keys().map(String::as_str).collect();
    assert_eq!(
        keys,
        [
            "task",
            "model",
            "from",
            "to",
            "route",
            "text",
            "finish",
            "tokens",
            "segments",
            "findings",
            "provenance",
            "seconds"
        ]
    );
    assert_eq!(
        (&line["task"], &line["from"], &line["to"], &line["finish"]),
        (&json!("translate"), &json!("en"), &json!("ko"), &json!("stop"))
    );
    assert_eq!(line["tokens"]["input"], line["tokens"]["seen"]);
    assert_eq!(line["segments"].as_array().unwrap().len(), 2);
    assert_eq!(ran.out.matches('\n').count(), 1);
}

#[test]
fn formats_are_listed_for_people_and_programs() {
    let home = Home::new();
    let told = home.run(&["formats"]).out;
    assert!(told.contains("SubRip (.srt)\n  read as one article\n"), "{told}");
    let lines = home.run(&["formats", "--json"]).out;
    let named: Vec<Value> = lines.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    for format in malmoi::formats::FORMATS {
        assert!(told.contains(format.title) && told.contains(format.kept), "{}", format.name);
        let is = |line: &&Value| line["name"] == format.name && line["kept"] == format.kept;
        assert_eq!(named.iter().filter(is).count(), 1, "{}", format.name);
    }
}

#[test]
fn strict_turns_findings_into_an_exit_code() {
    let home = Home::new();
    let model = scripted::model(json!([{"say": "It costs 421 million won."}]), 16384);
    let article = home.write("article.txt", "The plan will cost 412 million won, the city said.");
    let path = model.path().display().to_string();
    assert_eq!(home.run(&["summarize", &article, "-m", &path]).code, Some(0));
    let strict = home.run(&["summarize", &article, "-m", &path, "--strict"]);
    assert_eq!(strict.code, Some(1));
    assert!(strict.err.contains("! numbers") && strict.err.contains("421"), "{}", strict.err);
}

#[test]
fn a_result_in_a_file_is_whole_or_not_there() {
    let (home, model) = (Home::new(), model());
    let article = home.write("article.txt", ARTICLE);
    let path = model.path().display().to_string();
    let ran = home.run(&["summarize", &article, "-m", &path, "-o", "out.txt", "-q"]);
    assert_eq!((ran.code, ran.out.as_str()), (Some(0), ""));
    assert_eq!(
        std::fs::read_to_string(home.path().join("out.txt")).unwrap(),
        "The council met on Monday.\n"
    );
    let failing = scripted::model(json!([{"say": "Half", "then": "fail"}]), 16384);
    let ran = home.run(&[
        "summarize",
        &article,
        "-m",
        &failing.path().display().to_string(),
        "-o",
        "other.txt",
    ]);
    assert_eq!(ran.code, Some(2));
    let files: Vec<_> =
        std::fs::read_dir(home.path()).unwrap().map(|entry| entry.unwrap().file_name()).collect();
    assert!(
        !files.iter().any(|name| name.to_string_lossy().contains("other")
            || name.to_string_lossy().starts_with(".tmp")),
        "{files:?}"
    );
}

#[test]
fn korean_of_old_archives_is_read() {
    let (home, model) = (Home::new(), model());
    // EUC-KR: "시의회가 월요일에 모였다. 방파제 계획을 논의했다."
    let text = "시의회가 월요일에 모였다. 방파제 계획을 논의했다.";
    let (bytes, _, _) = encoding_rs::EUC_KR.encode(text);
    let article = home.write("old.txt", &*bytes);
    let ran = home.run(&[
        "translate",
        &article,
        "--to",
        "en",
        "--json",
        "-m",
        &model.path().display().to_string(),
    ]);
    let line: Value = serde_json::from_str(&ran.out).unwrap();
    assert_eq!((&line["from"], &line["segments"][0]["source"]), (&json!("ko"), &json!(text)));
}

#[test]
fn bad_input_is_explained() {
    let (home, model) = (Home::new(), model());
    let path = model.path().display().to_string();
    let article = home.write("article.txt", ARTICLE);
    let empty = home.write("empty.txt", "\n");
    let binary =
        home.write("binary.txt", b"\x7fELF\x02\x01\x01\0\0\0\0\0\0\0\0\0\x02\0\x3e\0\x01\0\0\0");
    let cut =
        home.write("cut.gguf", &b"GGUF\x03\0\0\0\x07\0\0\0\0\0\0\0\x03\0\0\0\0\0\0\0\x11\0"[..]);
    let glossary = home.write("terms.tsv", "harbour");
    let unknown = scripted::model(json!([]), 4096);
    scripted::write(&unknown, "config.json", &json!({"model_type": "rwkv7", "vocab_size": 257}));
    std::fs::write(unknown.path().join("model.safetensors"), b"\x02\0\0\0\0\0\0\0{}").unwrap();
    let unknown = unknown.path().display().to_string();
    let endless = scripted::model(json!([]), 4096);
    let mut config = scripted::config(json!([]), 4096);
    config.as_object_mut().unwrap().remove("eos_token_id");
    scripted::write(&endless, "config.json", &config);
    let vocabulary = std::fs::read_to_string(endless.path().join("tokenizer.json")).unwrap();
    std::fs::write(
        endless.path().join("tokenizer.json"),
        vocabulary.replace("<|end|>", "<|nothing|>"),
    )
    .unwrap();
    let endless = endless.path().display().to_string();
    let broken = scripted::model(json!([]), 4096);
    let panics = r#"{"version":"1.0","model":{"type":"BPE","vocab":{"a":0,"b":1},"merges":[["aaaa","bbbb"]]}}"#;
    std::fs::write(broken.path().join("tokenizer.json"), panics).unwrap();
    let broken = broken.path().display().to_string();
    let huge = huge_model(&home);
    let cases: &[(&str, Vec<&str>)] = &[
        ("a file that is not there", vec!["summarize", "missing.txt", "-m", &path]),
        ("an empty file", vec!["summarize", &empty, "-m", &path]),
        ("a program", vec!["summarize", &binary, "-m", &path]),
        ("a folder", vec!["summarize", ".", "-m", &path]),
        ("an unknown language", vec!["translate", &article, "--to", "fr", "-m", &path]),
        ("the language it is in", vec!["translate", &article, "--to", "en", "-m", &path]),
        (
            "a glossary without tabs",
            vec!["translate", &article, "--to", "ko", "--glossary", &glossary, "-m", &path],
        ),
        (
            "a prompt that is not there",
            vec!["summarize", &article, "-m", &path, "--prompt", "poem"],
        ),
        ("a model's name slightly wrong", vec!["summarize", &article, "-m", "smolm2-135m"]),
        ("a model that is not installed", vec!["summarize", &article, "-m", "smollm2-135m"]),
        ("no model at all", vec!["translate", &article, "--to", "ko"]),
        ("a model that is refused", vec!["summarize", &article, "-m", "tencent/Hunyuan-MT-7B"]),
        ("a model that cannot run yet", vec!["models", "pull", "granite-4.0-micro"]),
        ("a GGUF file that was cut off", vec!["summarize", &article, "-m", &cut]),
        ("a model too big for the memory", vec!["summarize", &article, "-m", &huge]),
        ("a tokenizer that cannot be right", vec!["summarize", &article, "-m", &broken]),
        ("an unknown architecture", vec!["summarize", &article, "-m", &unknown]),
        ("a model without an end token", vec!["summarize", &article, "-m", &endless]),
        ("threads that make no sense", vec!["summarize", &article, "-m", &path, "--threads", "0"]),
        ("removing what is not there", vec!["models", "remove", "smollm2-135m"]),
        ("removing what is not ours", vec!["models", "remove", &article]),
    ];
    let mut said = String::new();
    for (what, arguments) in cases {
        let ran = home.run(arguments);
        assert_eq!((ran.code, ran.out.as_str()), (Some(2), ""), "{what}: {}", ran.err);
        let temporary = |text: &str| {
            let text = text.replace(&path, "[model]").replace(&unknown, "[model]");
            let text = text.replace(&endless, "[model]").replace(&broken, "[model]");
            let families = malmoi::internals::architectures::names().collect::<Vec<_>>().join(", ");
            let text = text.replace(&families, "[architectures]");
            without_number(&text, " MB are free")
        };
        said += &format!("# {what}\n{}\n", temporary(&ran.err));
    }
    said += &format!("# a disk too full for a model\n{}\n", pull_onto_a_full_disk(&home));
    insta::with_settings!({snapshot_path => here("snapshots"), prepend_module_to_snapshot => false}, {
        insta::assert_snapshot!("bad_input", said);
    });
}

/// A sparse file with four terabytes of weights.
fn huge_model(home: &Home) -> String {
    let mut file = gguf::File::default()
        .set("general.architecture", gguf::Value::Text("llama".into()))
        .set("tokenizer.ggml.eos_token_id", gguf::Value::U32(0));
    let dimensions = vec![1 << 20, 1 << 20];
    file.tensors.push(gguf::Tensor {
        name: "token_embd.weight".into(),
        dimensions,
        ggml_type: 0,
        offset: 0,
    });
    let path = home.write("huge.gguf", file.bytes());
    let whole = file.bytes().len() as u64 + (4 << 40);
    std::fs::OpenOptions::new().write(true).open(&path).unwrap().set_len(whole).unwrap();
    path
}

#[cfg(feature = "fetch")]
fn pull_onto_a_full_disk(home: &Home) -> String {
    use crate::support::hub::{Answer, COMMIT, Hub};
    let petabyte = 1_000_000_000_000_000u64;
    let files = json!([{"rfilename": "m.gguf", "size": petabyte, "lfs": {"sha256": "0".repeat(64), "size": petabyte}}]);
    let listing = json!({"sha": COMMIT, "siblings": files}).to_string();
    let hub = Hub::start(move |_| Answer::body(listing.clone()));
    let variables = [("HF_HUB_OFFLINE", "0"), ("HF_ENDPOINT", hub.endpoint.as_str())];
    let ran = home.run_with(&["models", "pull", "someone/model"], "", &variables);
    assert_eq!((ran.code, ran.out.as_str()), (Some(2), ""), "{}", ran.err);
    without_number(&ran.err, " MB free")
}

/// Replaces the number before some words, which depends on this machine.
fn without_number(text: &str, words: &str) -> String {
    match text.split_once(words) {
        Some((before, after)) => {
            format!("{}[n]{words}{after}", before.trim_end_matches(|c: char| c.is_ascii_digit()))
        }
        None => text.to_string(),
    }
}

#[test]
fn settings_come_from_file_environment_and_flags_in_that_order() {
    let home = Home::new();
    home.write(
        ".config/malmoi/config.toml",
        "model = \"from-file\"\npython = \"python-of-the-file\"\nthreads = 1\n",
    );
    let of = |ran: Ran, name: &str| -> (Value, Value) {
        let report: Value =
            serde_json::from_str(&ran.out).unwrap_or_else(|_| panic!("{}", ran.err));
        let rows = report["settings"].as_array().unwrap().clone();
        let row = rows.into_iter().find(|row| row["name"] == name).unwrap();
        (row["value"].clone(), row["from"].clone())
    };
    let file = json!("[home]/.config/malmoi/config.toml");
    assert_eq!(of(home.run(&["doctor", "--json"]), "model"), (json!("from-file"), file.clone()));
    let variables = [("MALMOI_MODEL", "from-environment")];
    assert_eq!(
        of(home.run_with(&["doctor", "--json"], "", &variables), "model"),
        (json!("from-environment"), json!("MALMOI_MODEL"))
    );
    assert_eq!(
        of(home.run_with(&["doctor", "--json", "-m", "flag"], "", &variables), "model"),
        (json!("flag"), json!("--model"))
    );
    assert_eq!(of(home.run(&["doctor", "--json"]), "python"), (json!("python-of-the-file"), file));
    assert_eq!(
        of(home.run(&["doctor", "--json"]), "offline"),
        (json!("1"), json!("HF_HUB_OFFLINE"))
    );
    let secret = home.run_with(&["doctor"], "", &[("HF_TOKEN", "hf_secret")]);
    assert!(!secret.out.contains("hf_secret") && secret.out.contains("set"), "{}", secret.out);
}

#[test]
fn old_names_of_settings_are_read_and_the_doctor_shows_the_new_ones() {
    let home = Home::new();
    let row = |ran: Ran, name: &str| {
        let report: Value =
            serde_json::from_str(&ran.out).unwrap_or_else(|_| panic!("{}", ran.err));
        let rows = report["settings"].as_array().unwrap().clone();
        let row = rows.into_iter().find(|row| row["name"] == name).unwrap();
        (row["value"].as_str().unwrap().to_string(), row["from"].as_str().unwrap().to_string())
    };
    let doctor = ["doctor", "--json"];
    for (name, variable, old_name, old_variable, value) in [
        ("cache_weights", "MALMOI_CACHE_WEIGHTS", "keep", "MALMOI_KEEP", "false"),
        ("reproducible", "MALMOI_REPRODUCIBLE", "portable", "MALMOI_PORTABLE", "true"),
    ] {
        home.write(".config/malmoi/config.toml", "");
        let default = row(home.run(&doctor), name);
        assert_ne!(default.0, value);
        assert_eq!(default.1, "default");
        let old = [(old_variable, value)];
        let said = row(home.run_with(&doctor, "", &old), name);
        assert_eq!(said, (value.to_string(), old_variable.to_string()));
        let both = [(old_variable, value), (variable, default.0.as_str())];
        let said = row(home.run_with(&doctor, "", &both), name);
        assert_eq!(said, (default.0.clone(), variable.to_string()));
        for key in [old_name, name] {
            home.write(".config/malmoi/config.toml", format!("{key} = {value}\n"));
            assert_eq!(row(home.run(&doctor), name).0, value, "{key}");
        }
        let bad = home.run_with(&["doctor"], "", &[(old_variable, "maybe")]);
        let expected = format!("{old_variable}: {name} is `maybe`, expected `true` or `false`");
        assert!(bad.code == Some(2) && bad.err.contains(&expected), "{}", bad.err);
    }
}

#[test]
fn the_doctor_runs_with_settings_that_cannot_be_used() {
    let home = Home::new();
    for (file, variable, fault) in [
        ("modle = \"x\"\n", "", "`modle` is not a setting of this file; known: model,"),
        ("threads = \n", "", "config.toml: is not TOML"),
        ("", "many", "MALMOI_THREADS: threads is `many`, expected a number from 1"),
    ] {
        home.write(".config/malmoi/config.toml", file);
        let variables = [("MALMOI_THREADS", variable)];
        let doctor = home.run_with(&["doctor"], "", &variables);
        assert_eq!(doctor.code, Some(2));
        assert!(
            doctor.out.contains(fault) && doctor.err.contains(fault),
            "{}{}",
            doctor.out,
            doctor.err
        );
        for part in ["file: [home]/.config/malmoi/config.toml", "kernels", "models"] {
            assert!(doctor.out.contains(part), "{}", doctor.out);
        }
        let json = home.run_with(&["doctor", "--json"], "", &variables);
        let report: Value = serde_json::from_str(&json.out).unwrap();
        assert!(report["problems"][0].as_str().unwrap().contains(fault), "{report}");
        // Other commands do not start.
        let list = home.run_with(&["models", "list"], "", &variables);
        assert_eq!((list.code, list.out.as_str()), (Some(2), ""));
    }
}

#[test]
fn errors_point_to_the_command_that_can_do_it() {
    let (home, model) = (Home::new(), model());
    let path = model.path().display().to_string();
    let feed =
        home.write("feed.xml", "<rss version=\"2.0\"><channel><title>c</title></channel></rss>");
    let lines = home.write("archive.jsonl", "{\"text\": \"The council met.\"}\n");
    for (input, hint) in [
        (".", "`malmoi batch . -o results --to ko`"),
        (
            "https://haemin.example/rss",
            "`malmoi feed https://haemin.example/rss -o results --to ko`",
        ),
        (feed.as_str(), "feed.xml -o results --to ko`"),
        (lines.as_str(), "`malmoi batch archive.jsonl -o results --to ko`"),
    ] {
        for command in ["summarize", "translate"] {
            let ran = home.run(&[command, input, "-m", &path]);
            assert_eq!(ran.code, Some(2));
            assert!(ran.err.contains(hint), "{}", ran.err);
        }
    }
}

#[test]
fn a_translation_without_a_language_is_into_the_other_one() {
    let (home, model) = (Home::new(), model());
    let path = model.path().display().to_string();
    let english = home.write("a.txt", ARTICLE);
    let korean =
        home.write("b.txt", "시의회가 월요일에 모였다. 방파제 계획을 논의했다고 시가 밝혔다.\n");
    for (article, to) in [(english, "ko"), (korean, "en")] {
        let ran = home.run(&["translate", &article, "--json", "-m", &path]);
        let line: Value = serde_json::from_str(&ran.out).unwrap_or_else(|_| panic!("{}", ran.err));
        assert_eq!(line["to"], json!(to));
    }
}

#[test]
fn a_glossary_goes_into_a_summary_too() {
    let home = Home::new();
    let model = scripted::model(
        json!([{"when": "방파제", "say": "The glossary was read."}, {"say": "It was not."}]),
        16384,
    );
    let article = home.write("article.txt", ARTICLE);
    let terms = home.write("terms.tsv", "breakwater\t방파제\n");
    let path = model.path().display().to_string();
    let ran =
        home.run(&["summarize", &article, "--to", "ko", "--glossary", &terms, "-q", "-m", &path]);
    assert_eq!(ran.out, "The glossary was read.\n", "{}", ran.err);
}

#[test]
fn nothing_large_is_downloaded_without_consent() {
    let home = Home::new();
    let article = home.write("a.txt", ARTICLE);
    let variables = [
        ("HF_HUB_OFFLINE", "0"),
        ("HF_ENDPOINT", "http://127.0.0.1:9"),
        ("MALMOI_FIREFOX_ENDPOINT", "http://127.0.0.1:9"),
        ("MALMOI_FIREFOX_ATTACHMENTS", "http://127.0.0.1:9"),
        ("MALMOI_PYTHON", "no-python"),
    ];
    let ran = home.run_with(&["translate", &article, "-m", "qwen2.5-coder-1.5b"], "", &variables);
    assert_eq!(ran.code, Some(2));
    assert!(ran.err.contains("add --yes") && !ran.err.contains("asking"), "{}", ran.err);
    // The small default cannot be reached; the next one is large.
    let ran = home.run_with(&["translate", &article], "", &variables);
    assert_eq!(ran.code, Some(2));
    assert!(ran.err.contains("add --yes") && !ran.err.contains("asking hub"), "{}", ran.err);
    let yes = home.run_with(&["translate", &article, "--yes"], "", &variables);
    assert!(cfg!(not(feature = "fetch")) || yes.err.contains("asking hub"), "{}", yes.err);
    assert_eq!(yes.code, Some(2));
    // A small default is downloaded after one sentence that names it and the reason.
    let small = home.run_with(&["summarize", &article], "", &variables);
    let said = "no installed model summarizes English articles; the default for that is smollm2-135m (98 MB, Apache-2.0)";
    assert!(small.err.contains(said), "{}", small.err);
}

#[test]
fn a_korean_article_asks_for_a_summarizer_and_not_for_a_translator() {
    let home = Home::new();
    let article =
        home.write("a.txt", "시의회가 월요일에 모였다. 방파제 계획을 논의했다고 시가 밝혔다.\n");
    let ran = home.run(&["summarize", &article]);
    assert!(
        ran.err.contains("no installed model summarizes Korean articles; the default for that is"),
        "{}",
        ran.err
    );
    assert!(!ran.err.contains("hy-mt2"), "{}", ran.err);
}

#[test]
fn doubts_are_a_screenful_and_quiet_counts_them() {
    let home = Home::new();
    let model = scripted::model(
        json!([{"say": "시의회가 999만원과 888만원을 쓴다고 월요일에 밝혔다."}]),
        16384,
    );
    let paragraphs: Vec<String> = (0..30)
        .map(|n| {
            format!(
                "Paragraph {n} of the plan says that it costs {n}12 million won, the city said."
            )
        })
        .collect();
    let article = home.write("a.txt", paragraphs.join("\n\n"));
    let path = model.path().display().to_string();
    let arguments = ["translate", &article, "-m", &path];
    let doubts = |ran: &Ran| ran.err.lines().filter(|line| line.starts_with('!')).count();
    let some = home.run(&arguments);
    assert_eq!(doubts(&some), 12, "{}", some.err);
    assert!(
        some.err.contains("at 'Paragraph ") && some.err.contains("--all-findings shows them"),
        "{}",
        some.err
    );
    let all = home.run(&[&arguments[..], &["--all-findings"]].concat());
    assert!(doubts(&all) > 30 && !all.err.contains("--all-findings"), "{}", all.err);
    let quiet = home.run(&[&arguments[..], &["-q"]].concat());
    assert_eq!(quiet.code, Some(0));
    assert!(
        quiet.err.ends_with(" points to check; run without --quiet to read them\n")
            && quiet.err.lines().count() == 1
    );
    let strict = home.run(&[&arguments[..], &["-q", "--strict"]].concat());
    assert_eq!(strict.code, Some(1));
}

#[test]
fn text_cannot_control_the_terminal() {
    let home = Home::new();
    let said = "“We\u{1b}]0;pwn\u{7} are \u{9b}31mready\u{202e} to sail,” the mayor said of the second bridge on Monday.";
    let model = scripted::model(json!([{"say": said}]), 16384);
    let article = home.write("a.txt", ARTICLE);
    let ran = home.run(&["summarize", &article, "-m", &model.path().display().to_string()]);
    assert_eq!(ran.code, Some(0), "{}", ran.err);
    let obeyed = |c: char| (c.is_control() && c != '\n') || matches!(c, '\u{202a}'..='\u{202e}');
    assert!(ran.err.contains("quotes") && !ran.err.contains(obeyed), "{:?}", ran.err);
    let missing = home.run(&["summarize", "no\u{1b}[31m\u{202e}such.txt"]);
    assert!(!missing.err.contains(obeyed), "{:?}", missing.err);
}

#[test]
fn the_verbose_version_says_features_commit_and_kernels() {
    let ran = Home::new().run(&["--version", "--verbose"]);
    assert_eq!(ran.code, Some(0), "{}", ran.err);
    let names: Vec<&str> = ran.out.lines().filter_map(|line| line.split(':').next()).collect();
    let version = concat!("malmoi ", env!("CARGO_PKG_VERSION"));
    assert_eq!(names, [version, "commit", "features", "system", "kernels"]);
    assert!(!ran.out.contains(": \n"), "{}", ran.out);
}
