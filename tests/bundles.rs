use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Duration;

use serde_json::{Value, json};

use crate::cli::Home;
use crate::support::hub::sha256;
use crate::support::scripted;

const ARTICLE: &str = "Haemin reopened its harbour on Monday. Fees rise by 5 percent in May.";
const SUMMARY: &str = "Haemin reopened its harbour on Monday.";

/// A folder with a model that opens, and `weights` bytes that it does not need.
fn model(home: &Home, name: &str, weights: usize) -> PathBuf {
    let folder = scripted::model(json!([{"say": SUMMARY}]), 4096);
    let path = home.path().join(name);
    std::fs::rename(folder.path(), &path).unwrap();
    std::fs::create_dir(folder.path()).unwrap();
    let noise: Vec<u8> = (0..weights as u64 / 8)
        .flat_map(|n| (n.wrapping_mul(0x9e37_79b9_7f4a_7c15)).to_le_bytes())
        .collect();
    std::fs::write(path.join("model.safetensors"), noise).unwrap();
    path
}

/// A home with a bundle of one model, and one without anything.
fn bundled(weights: usize, arguments: &[&str]) -> (Home, Home) {
    let (here, there) = (Home::new(), Home::new());
    model(&here, "editor", weights);
    here.write("terms.csv", "harbour,항구\n");
    let create = ["bundle", "create", "./editor", "-o", "kit.malmoi", "--glossary", "terms.csv"];
    let made = here.run(&[&create[..], arguments].concat());
    assert_eq!(made.code, Some(0), "{}", made.err);
    (here, there)
}

fn path(home: &Home, name: &str) -> String {
    home.path().join(name).display().to_string()
}

/// Names of installed models.
fn installed(home: &Home) -> Vec<String> {
    let folders = std::fs::read_dir(home.path().join("hf/hub")).into_iter().flatten().flatten();
    let names = folders.map(|folder| folder.file_name().to_string_lossy().into_owned());
    names.filter(|name| name.starts_with("models--")).collect()
}

#[test]
fn a_carried_model_summarizes_where_it_was_installed_and_is_intact() {
    let (here, there) = bundled(100_000, &["--with-program"]);
    let kit = path(&here, "kit.malmoi");
    let shown = there.run(&["bundle", "inspect", &kit, "--json"]);
    let shown: Value = serde_json::from_str(&shown.out).unwrap();
    assert_eq!(shown["signature"]["state"], "unsigned");
    let files = shown["manifest"]["files"].as_array().unwrap();
    let roles: Vec<&str> = files.iter().map(|file| file["role"].as_str().unwrap()).collect();
    for role in ["weights", "tokenizer", "config", "license", "prompt", "glossary", "program"] {
        assert!(roles.contains(&role), "{roles:?}");
    }
    assert!(installed(&there).is_empty(), "inspecting installs nothing");

    let ran = there.run(&["bundle", "install", &kit, "--json"]);
    assert_eq!(ran.code, Some(0), "{}", ran.err);
    let line: Value = serde_json::from_str(&ran.out).unwrap();
    assert_eq!(line["name"], "local/editor");
    there.write("a.txt", ARTICLE);
    let ran = there.run(&["summarize", "a.txt", "--model", "local/editor", "--to", "en"]);
    assert_eq!((ran.code, ran.out.trim()), (Some(0), SUMMARY), "{}", ran.err);
    let ran = there.run(&["models", "verify"]);
    assert_eq!(ran.code, Some(0), "{}", ran.err);
    assert!(ran.out.contains("local/editor") && !ran.out.contains("WRONG"), "{}", ran.out);

    let extras = there.path().join(".local/share/malmoi/bundles");
    let extras = std::fs::read_dir(extras).unwrap().next().unwrap().unwrap().path();
    let glossary = std::fs::read_to_string(extras.join("glossaries/terms.csv")).unwrap();
    assert_eq!(glossary, "harbour,항구\n");
    assert!(extras.join("prompts/summarize.md").is_file());
    let program = Command::new(extras.join("program/malmoi")).arg("--version").output().unwrap();
    assert!(String::from_utf8_lossy(&program.stdout).starts_with("malmoi "));
}

#[test]
fn a_bundle_of_parts_is_installed_and_joined() {
    let (here, there) = bundled(12_000_000, &["--split", "5MB"]);
    assert!(!here.path().join("kit.malmoi").exists());
    let ran = there.run(&["bundle", "install", &path(&here, "kit.malmoi.001")]);
    assert_eq!(ran.code, Some(0), "{}", ran.err);
    let ran = here.run(&["bundle", "join", "kit.malmoi.001"]);
    assert_eq!((ran.code, ran.out.trim()), (Some(0), "kit.malmoi"), "{}", ran.err);
    std::fs::rename(here.path().join("kit.malmoi.002"), here.path().join("lost")).unwrap();
    let ran = there.run(&["bundle", "install", &path(&here, "kit.malmoi.001")]);
    assert_eq!(ran.code, Some(2));
    assert!(ran.err.contains("part 2 of the bundle is missing"), "{}", ran.err);
    let small = here.run(&["bundle", "create", "./editor", "-o", "x", "--split", "1MB"]);
    assert!(small.code == Some(2) && small.err.contains("at least 5 MB"), "{}", small.err);
}

#[test]
fn unsigned_and_foreign_bundles_are_refused_where_signatures_are_required() {
    let (here, there) = bundled(10_000, &[]);
    let kit = path(&here, "kit.malmoi");
    let refused = |arguments: &[&str]| {
        let ran = there.run(&[&["bundle", "install", &kit][..], arguments].concat());
        assert_eq!(ran.code, Some(2), "{}", ran.out);
        assert!(installed(&there).is_empty());
        ran.err
    };
    let error = refused(&["--require-signature"]);
    assert!(error.contains("has no signature") && error.contains("kit.malmoi.minisig"), "{error}");

    here.write("password", "Haemin harbour 17\n");
    let mut ids = Vec::new();
    for key in ["ours", "theirs"] {
        let made = ["bundle", "keygen", "-o", key, "--password-file", "password", "--json"];
        let made = here.run(&made);
        assert_eq!(made.code, Some(0), "{}", made.err);
        let line: Value = serde_json::from_str(&made.out).unwrap();
        ids.push(line["key"].as_str().unwrap().to_string());
    }
    assert_eq!(here.run(&["bundle", "keygen", "-o", "ours", "--without-password"]).code, Some(2));
    assert_eq!(here.run(&["bundle", "keygen", "-o", "new"]).code, Some(2), "a password is needed");
    let sign = ["bundle", "sign", "kit.malmoi", "--key", "ours"];
    assert!(here.run(&sign).err.contains("its password is needed"));
    let wrong = here.run_with(&sign, "", &[("MALMOI_KEY_PASSWORD", "another")]);
    assert!(wrong.code == Some(2) && wrong.err.contains("assword"), "{}", wrong.err);
    let right = here.run_with(&sign, "", &[("MALMOI_KEY_PASSWORD", "Haemin harbour 17")]);
    assert_eq!(right.code, Some(0), "{}", right.err);

    let theirs = path(&here, "theirs.pub");
    let error = refused(&["--require-signature", "--trusted-key", &theirs]);
    let named = format!("is signed by the key {}, which is not among the trusted keys", ids[0]);
    assert!(error.contains(&named) && error.contains("kit.malmoi"), "{error}");
    // A key that claims the id of another.
    let signature = std::fs::read(here.path().join("kit.malmoi.minisig")).unwrap();
    std::fs::write(here.path().join("kit.malmoi"), b"").unwrap();
    here.write("terms.csv", "harbour,부두\n");
    let made = ["bundle", "create", "./editor", "-o", "kit.malmoi", "--glossary", "terms.csv"];
    assert_eq!(here.run(&made).code, Some(0));
    assert!(!here.path().join("kit.malmoi.minisig").exists(), "an old signature is removed");
    std::fs::write(here.path().join("kit.malmoi.minisig"), &signature).unwrap();
    let ours = path(&here, "ours.pub");
    // A wrong signature of a trusted key is refused also where none is required.
    let error = refused(&["--trusted-key", &ours]);
    assert!(error.contains("is not what the key") && error.contains(&ids[0]), "{error}");
    std::fs::write(here.path().join("kit.malmoi.minisig"), "nonsense").unwrap();
    let error = refused(&["--trusted-key", &ours]);
    assert!(error.contains("not a signature of minisign"), "{error}");
    let error = refused(&["--trusted-key", "nonsense"]);
    assert!(error.contains("neither a public key"), "{error}");

    // The settings file trusts and requires.
    let sign = [&made[..], &["--sign", "ours", "--password-file", "password"]].concat();
    assert_eq!(here.run(&sign).code, Some(0));
    there.write(
        ".config/malmoi/config.toml",
        format!("require_signature = true\ntrusted_keys = [\"{theirs}\"]\n"),
    );
    assert!(refused(&[]).contains("not among the trusted keys"));
    let key = std::fs::read_to_string(&ours).unwrap().lines().nth(1).unwrap().to_string();
    there.write(
        ".config/malmoi/config.toml",
        format!("require_signature = true\ntrusted_keys = [\"{theirs}\", \"{key}\"]\n"),
    );
    let ran = there.run(&["bundle", "install", &kit]);
    assert_eq!(ran.code, Some(0), "{}", ran.err);
    let said = format!("signed by the trusted key {}", ids[0]);
    assert!(ran.err.contains(&said), "{}", ran.err);
}

/// Where Debian's `minisign` is: signatures and keys of one program count in the other.
#[test]
fn signatures_are_those_of_minisign() {
    if Command::new("minisign").arg("-v").output().is_err() {
        eprintln!("skipped: the program minisign is not installed");
        return;
    }
    let (here, there) = bundled(10_000, &[]);
    let run = |arguments: &[&str], input: &str| {
        let mut command = Command::new("minisign");
        command.args(arguments).current_dir(here.path());
        let output = assert_cmd::Command::from_std(command).write_stdin(input).output().unwrap();
        (output.status.success(), String::from_utf8_lossy(&output.stdout).into_owned())
    };
    let made = here.run(&["bundle", "keygen", "-o", "ours", "--without-password"]);
    assert_eq!(made.code, Some(0), "{}", made.err);
    assert_eq!(here.run(&["bundle", "sign", "kit.malmoi", "--key", "ours"]).code, Some(0));
    let (is_right, said) = run(&["-Vm", "kit.malmoi", "-p", "ours.pub"], "");
    assert!(is_right && said.contains("file:kit.malmoi"), "{said}");
    here.write("other", "not the bundle");
    assert!(!run(&["-Vm", "other", "-x", "kit.malmoi.minisig", "-p", "ours.pub"], "").0);

    let made = run(&["-G", "-W", "-p", "debian.pub", "-s", "debian.key"], "");
    assert!(made.0, "{}", made.1);
    assert!(run(&["-S", "-m", "kit.malmoi", "-s", "debian.key"], "").0);
    let kit = path(&here, "kit.malmoi");
    let key = path(&here, "debian.pub");
    let install = ["bundle", "install", &kit, "--require-signature", "--trusted-key", &key];
    let ran = there.run(&install);
    assert_eq!(ran.code, Some(0), "{}", ran.err);
    // A key of minisign signs with malmoi, too.
    assert_eq!(here.run(&["bundle", "sign", "kit.malmoi", "--key", "debian.key"]).code, Some(0));
    assert!(run(&["-Vm", "kit.malmoi", "-p", "debian.pub"], "").0);
    // Signatures of the older kind are not over a hash, and do not count.
    if run(&["-S", "-l", "-m", "kit.malmoi", "-s", "debian.key"], "").0 {
        let ran = there.run(&install);
        assert_eq!(ran.code, Some(2), "{}", ran.err);
    }
}

/// A model of a site's own catalogue, in a folder, and the row of the catalogue.
fn row(folder: &Path) -> String {
    let mut names: Vec<String> = std::fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().file_name().to_string_lossy().into_owned())
        .collect();
    names.sort();
    let mut row = String::from(
        "[[model]]\nname = \"desk-editor\"\ntitle = \"The desk's editor\"\nsummarizes = [\"en\"]\n\
         translates = []\nrank = { summarize = 1, translate = 0 }\nfamily = \"any\"\n\
         architecture = \"scripted\"\nruns = true\nverified = true\nlicense = \"own\"\n\
         commercial = true\nparameters = 0.01\ncontext = 4096\nnote = \"For tests.\"\nfiles = [\n",
    );
    for name in &names {
        let bytes = std::fs::read(folder.join(name)).unwrap();
        let (length, sum) = (bytes.len(), sha256(&bytes));
        row += &format!("  {{ name = \"{name}\", bytes = {length}, sha256 = \"{sum}\" }},\n");
    }
    row += "]\nsources = [{ url = [\n";
    for name in &names {
        let address = format!("https://models.haemin.example/{name}");
        row += &format!("  {{ file = \"{name}\", address = \"{address}\" }},\n");
    }
    row + "] }]\n"
}

#[test]
fn a_model_of_a_sites_own_catalogue_is_known_by_its_name_on_the_other_side() {
    let (here, there) = (Home::new(), Home::new());
    let folder = model(&here, "editor", 1000);
    here.write(".config/malmoi/catalogue.toml", row(&folder));
    let ran = here.run(&["models", "pull", "desk-editor", "--from", "editor"]);
    assert_eq!(ran.code, Some(0), "{}", ran.err);
    let ran = here.run(&["bundle", "create", "desk-editor", "-o", "kit.malmoi"]);
    assert_eq!(ran.code, Some(0), "{}", ran.err);
    let kit = path(&here, "kit.malmoi");
    assert_eq!(there.run(&["models", "path", "desk-editor"]).code, Some(2));
    let ran = there.run(&["bundle", "install", &kit]);
    assert_eq!(ran.code, Some(0), "{}", ran.err);
    there.write("a.txt", ARTICLE);
    let ran = there.run(&["summarize", "a.txt", "--model", "desk-editor", "--to", "en"]);
    assert_eq!((ran.code, ran.out.trim()), (Some(0), SUMMARY), "{}", ran.err);
    let ran = there.run(&["models", "verify", "desk-editor"]);
    assert!(ran.code == Some(0) && ran.out.contains("model.safetensors  right"), "{}", ran.out);
}

#[test]
fn results_say_what_ran() {
    let (here, there) = bundled(1000, &[]);
    let kit = path(&here, "kit.malmoi");
    let manifest = there.run(&["bundle", "inspect", &kit, "--json"]).out;
    let manifest = serde_json::from_str::<Value>(&manifest).unwrap()["manifest"].take();
    assert_eq!(there.run(&["bundle", "install", &kit]).code, Some(0));
    there.write("a.txt", ARTICLE);
    let model = &["--model", "local/editor"][..];
    let json = |arguments: &[&str]| -> Value {
        let ran = there.run(&[arguments, model].concat());
        serde_json::from_str(&ran.out).unwrap_or_else(|_| panic!("{}", ran.err))
    };
    let sum_of = |prompt: &str| {
        let path = format!("prompts/{prompt}.md");
        let files = manifest["files"].as_array().unwrap();
        files.iter().find(|file| file["path"] == path.as_str()).unwrap()["sha256"].clone()
    };
    let outcome = json(&["summarize", "a.txt", "--to", "en", "--json"]);
    let provenance = &outcome["provenance"];
    assert_eq!(provenance["version"], env!("CARGO_PKG_VERSION"));
    let step = &provenance["steps"][0];
    assert_eq!(step["model"], "local/editor");
    assert_eq!(step["model_sha256"], manifest["models"][0]["sha256"]);
    let prompt = step["prompt"].as_str().unwrap();
    assert_eq!(step["prompt_sha256"], sum_of(prompt), "{prompt}");
    assert_eq!(provenance["steps"].as_array().unwrap().len(), 1);

    let cascade = ["summarize", "a.txt", "--to", "ko", "--route", "cascade", "--json"];
    let steps = json(&cascade)["provenance"]["steps"].take();
    let tasks: Vec<&Value> = steps.as_array().unwrap().iter().map(|step| &step["task"]).collect();
    assert_eq!(tasks, ["summarize", "translate"]);
    let ran = there
        .run(&[&["batch", "a.txt", "-o", "out", "--to", "en", "--summarize"][..], model].concat());
    assert_eq!(ran.code, Some(0), "{}", ran.err);
    let items = std::fs::read_to_string(there.path().join("out/items.jsonl")).unwrap();
    let line: Value = serde_json::from_str(items.lines().next().unwrap()).unwrap();
    assert_eq!(&line["summary"]["provenance"], provenance);
}

#[cfg(unix)]
#[test]
fn a_changed_file_is_refused_before_it_is_opened_and_an_intact_one_is_read_once() {
    let (here, there) = bundled(1000, &[]);
    assert_eq!(there.run(&["bundle", "install", &path(&here, "kit.malmoi")]).code, Some(0));
    there.write("a.txt", ARTICLE);
    let run = |more: &[&str]| {
        there.run(
            &[&["summarize", "a.txt", "--model", "local/editor", "--to", "en"][..], more].concat(),
        )
    };
    // A file counts as settled two seconds after its last change.
    std::thread::sleep(Duration::from_millis(2500));
    assert_eq!(run(&[]).code, Some(0));
    // A sum in the list that is not the file's shows that the file is not read again.
    let list = there.path().join(".cache/malmoi/weights/sums.json");
    let right = std::fs::read_to_string(&list).unwrap();
    let weights = std::fs::read(here.path().join("editor/model.safetensors")).unwrap();
    let sum = sha256(&weights);
    assert!(right.contains(&sum), "{right}");
    std::fs::write(&list, right.replace(&sum, &"0".repeat(64))).unwrap();
    let ran = run(&[]);
    assert!(ran.code == Some(2) && ran.err.contains(&"0".repeat(64)), "{}", ran.err);
    assert_eq!(run(&["--verify"]).code, Some(0), "every byte is read");

    let models = there.path().join("hf/hub/models--local--editor/blobs").join(&sum);
    let mut bytes = weights.clone();
    bytes[500] ^= 1;
    let modified = std::fs::metadata(&models).unwrap().modified().unwrap();
    std::fs::write(&models, &bytes).unwrap();
    std::fs::File::options().write(true).open(&models).unwrap().set_modified(modified).unwrap();
    let ran = run(&[]);
    let said = format!("model.safetensors has sha256 {}, expected {sum}", sha256(&bytes));
    assert!(ran.code == Some(2) && ran.err.contains(&said), "{}", ran.err);
}

/// The install command, killed with SIGKILL after some time; true if it ended by itself.
fn killed_after(home: &Home, kit: &str, wait: Duration) -> bool {
    let mut command = home.command();
    command.args(["bundle", "install", kit]).stdout(Stdio::null()).stderr(Stdio::null());
    let mut child = command.spawn().unwrap();
    std::thread::sleep(wait);
    let has_ended = child.try_wait().unwrap().is_some_and(|status| status.success());
    let _ = child.kill();
    child.wait().unwrap();
    has_ended
}

#[test]
fn a_model_is_added_to_one_that_has_some_of_the_same_files() {
    let (here, there) = (Home::new(), Home::new());
    for name in ["first", "second"] {
        model(&here, name, 20_000);
    }
    for models in [&["./first"][..], &["./first", "./second"]] {
        let made = [&["bundle", "create"], models, &["-o", "kit.malmoi"]].concat();
        assert_eq!(here.run(&made).code, Some(0));
        let ran = there.run(&["bundle", "install", &path(&here, "kit.malmoi")]);
        assert_eq!(ran.code, Some(0), "{}", ran.err);
    }
    let ran = there.run(&["models", "verify"]);
    assert!(ran.code == Some(0) && ran.out.contains("local/second"), "{} {}", ran.out, ran.err);
}

#[test]
fn an_installation_that_is_killed_leaves_nothing_or_whole_models() {
    let (here, there) = (Home::new(), Home::new());
    for name in ["first", "second"] {
        model(&here, name, 8_000_000);
    }
    let made = here.run(&["bundle", "create", "./first", "./second", "-o", "kit.malmoi"]);
    assert_eq!(made.code, Some(0), "{}", made.err);
    let kit = path(&here, "kit.malmoi");
    let mut wait = 5;
    let mut kills = 0;
    while !killed_after(&there, &kit, Duration::from_millis(wait)) {
        kills += 1;
        wait += wait.div_ceil(4);
        let ran = there.run(&["models", "verify"]);
        assert_eq!(ran.code, Some(0), "after {kills} kills: {} {}", ran.out, ran.err);
        for name in ["first", "second"] {
            let snapshots = there.path().join(format!("hf/hub/models--local--{name}/snapshots"));
            for snapshot in std::fs::read_dir(snapshots).into_iter().flatten().flatten() {
                for file in ["config.json", "model.safetensors", "tokenizer.json"] {
                    let [found, right] =
                        [snapshot.path().join(file), here.path().join(name).join(file)].map(
                            |path| {
                                std::fs::read(&path)
                                    .unwrap_or_else(|_| panic!("{}", path.display()))
                            },
                        );
                    assert!(found == right, "{file} of {name} after {kills} kills");
                }
            }
        }
    }
    assert!(kills > 3, "{kills}");
    let ran = there.run(&["models", "verify"]);
    assert!(ran.code == Some(0) && ran.out.contains("local/second"), "{} {}", ran.out, ran.err);
    let staged = there.path().join("hf/hub/.locks/malmoi-loading");
    assert!(!staged.exists(), "what a killed installation left is removed");
}

/// A limit on the size of files stands for a full disk: writing fails in the middle.
#[cfg(unix)]
#[test]
fn a_disk_that_fills_up_leaves_nothing() {
    let (here, there) = bundled(8_000_000, &[]);
    let kit = path(&here, "kit.malmoi");
    let program = assert_cmd::cargo::cargo_bin("malmoi").display().to_string();
    let mut command = Command::new("sh");
    let script = format!("trap '' XFSZ; ulimit -f 4000; exec '{program}' bundle install '{kit}'");
    command.args(["-c", &script]).envs(
        there
            .command()
            .get_envs()
            .filter_map(|(name, value)| Some((name.to_os_string(), value?.to_os_string()))),
    );
    let output = command.output().unwrap();
    let error = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(!output.status.success() && error.contains("cannot write"), "{error}");
    assert!(installed(&there).is_empty(), "{:?}", installed(&there));
    assert!(!Path::new(&path(&there, "hf/hub/.locks/malmoi-loading")).exists());
    assert_eq!(there.run(&["bundle", "install", &kit]).code, Some(0));
}
