//! Batches: lost data, foreign files, runs that hang.

use std::path::Path;
use std::process::{Command, Output, Stdio};
use std::time::{Duration, Instant};

use rand::{Rng, SeedableRng};
use serde_json::json;

use super::case;
use crate::batch::{Desk, articles, assert_same, said};

fn code(output: &Output) -> i32 {
    output.status.code().unwrap_or(-1)
}

#[test]
fn an_unreadable_file_does_not_end_the_batch_and_sets_the_exit_code() {
    let Some(folder) = case("text/01-double-bom") else { return };
    let desk = Desk::new(&[]);
    std::fs::create_dir(desk.path("in")).unwrap();
    for entry in std::fs::read_dir(folder.join("in")).unwrap().flatten() {
        std::fs::copy(entry.path(), desk.path("in").join(entry.file_name())).unwrap();
    }
    let output = desk.batch(&["in"], &[]).output().unwrap();
    let (done, failed) = (desk.lines("out/items.jsonl"), desk.lines("out/failed.jsonl"));
    assert_eq!(done.len() + failed.len(), 3, "{}", said(&output));
    assert!(done.len() >= 2, "a and c are done: {}", said(&output));
    assert_eq!(code(&output), if failed.is_empty() { 0 } else { 2 }, "{}", said(&output));
}

#[test]
fn exit_codes_distinguish_unreadable_inputs_and_empty_runs() {
    let desk = Desk::new(&articles(3));
    std::fs::write(desk.path("a.pdf"), "%PDF-1.7 ...").unwrap();
    std::fs::write(desk.path("broken.nitf"), "<?xml version=\"1.0\"?><nitf><body>").unwrap();
    std::fs::write(desk.path("empty.jsonl"), "").unwrap();
    std::fs::write(desk.path("bad.jsonl"), "no object\n").unwrap();
    let drums = json!({"id": 1, "text": "The cable was cut."});
    std::fs::write(desk.path("fails.jsonl"), format!("{drums}\n")).unwrap();
    for (inputs, options, expected, text) in [
        (&["in.jsonl"][..], &[][..], 0, "3 of 3 items done"),
        (&["in.jsonl", "bad.jsonl"], &["-o", "one"], 0, "1 unreadable"),
        (&["in.jsonl", "bad.jsonl"], &["-o", "one", "--strict"], 1, "1 unreadable"),
        (&["in.jsonl", "a.pdf"], &["-o", "two"], 2, "1 input could not be read"),
        (&["in.jsonl", "a.pdf", "broken.nitf"], &["-o", "three"], 2, "2 inputs could not be read"),
        (&["fails.jsonl"], &["-o", "four"], 2, "no item could be done"),
        (&["fails.jsonl"], &["-o", "four"], 2, "no item could be done"),
        (&["bad.jsonl"], &["-o", "five"], 2, "no item could be done"),
        (&["empty.jsonl"], &["-o", "six"], 2, ""),
    ] {
        let output = desk.batch(inputs, options).output().unwrap();
        assert_eq!(code(&output), expected, "{inputs:?}: {}", said(&output));
        assert!(said(&output).contains(text), "{inputs:?}: {}", said(&output));
    }
    for command in ["batch", "feed"] {
        let mut help = Command::new(assert_cmd::cargo::cargo_bin("malmoi"));
        let help =
            String::from_utf8(help.args([command, "--help"]).output().unwrap().stdout).unwrap();
        assert!(help.contains("Exit status:") && help.contains("130"), "{help}");
    }
}

#[test]
fn no_input_is_overwritten_and_outputs_are_checked_before_the_model() {
    let desk = Desk::new(&articles(2));
    std::fs::create_dir_all(desk.path("out/items")).unwrap();
    std::fs::create_dir_all(desk.path("inbox")).unwrap();
    std::fs::create_dir_all(desk.path("theirs")).unwrap();
    let article = "The harbour was spoken of.";
    for name in ["out/items.jsonl", "out/items/a.txt", "inbox/a.txt", "theirs/digest.html"] {
        std::fs::write(desk.path(name), article).unwrap();
    }
    // There is no model: these errors come before it is opened.
    let run = |words: &[&str]| {
        let mut command = Command::new(assert_cmd::cargo::cargo_bin("malmoi"));
        command.env_clear().env("HOME", desk.folder.path()).current_dir(desk.folder.path());
        command.args(words).args(["--to", "ko", "--model", "absent.gguf"]).output().unwrap()
    };
    for (words, text) in [
        (&["batch", "out/items.jsonl", "-o", "out"][..], "is an input and would be overwritten"),
        (&["batch", "out/items/a.txt", "-o", "out"], "is an input and would be overwritten"),
        (&["batch", "inbox", "-o", "inbox"], "is both an input and the output folder"),
        (&["batch", "inbox", "-o", "in.jsonl"], "in.jsonl is a file"),
        (&["batch", "inbox", "-o", "theirs"], "was not made by malmoi"),
        (&["translate", "inbox/a.txt", "-o", "inbox/a.txt"], "is an input"),
        (&["translate", "inbox/a.txt", "-o", "inbox/../inbox/a.txt"], "is an input"),
        (&["summarize", "inbox/a.txt", "-o", "inbox"], "is a folder"),
        (&["summarize", "inbox/a.txt", "-o", "nowhere/a.txt"], "nowhere"),
    ] {
        let output = run(words);
        assert_eq!(code(&output), 2, "{words:?}: {}", said(&output));
        assert!(said(&output).contains(text), "{words:?}: {}", said(&output));
    }
    for name in ["out/items.jsonl", "out/items/a.txt", "inbox/a.txt", "theirs/digest.html"] {
        assert_eq!(std::fs::read_to_string(desk.path(name)).unwrap(), article);
    }
    let forced = desk.batch(&["inbox"], &["-o", "theirs", "--force"]).output().unwrap();
    assert_eq!(code(&forced), 0, "{}", said(&forced));
}

#[test]
#[cfg(unix)]
fn writing_to_a_device_does_not_replace_it() {
    use std::os::unix::fs::FileTypeExt;
    let desk = Desk::new(&[]);
    std::fs::write(desk.path("a.txt"), "The harbour was spoken of.").unwrap();
    let pipe = desk.path("pipe");
    assert!(Command::new("mkfifo").arg(&pipe).status().unwrap().success());
    let mut command = Command::new(assert_cmd::cargo::cargo_bin("malmoi"));
    command.env_clear().env("HOME", desk.folder.path()).current_dir(desk.folder.path());
    command
        .args(["translate", "a.txt", "--to", "ko", "-o", "pipe", "--model"])
        .arg(desk.model.path());
    let child = command.stderr(Stdio::null()).spawn().unwrap();
    let text = std::fs::read_to_string(&pipe).unwrap();
    assert!(child.wait_with_output().unwrap().status.success());
    assert!(text.contains("시의회가"), "{text}");
    assert!(std::fs::symlink_metadata(&pipe).unwrap().file_type().is_fifo());
}

#[test]
fn results_show_the_items_that_are_there_and_keep_the_names_of_files() {
    let desk = Desk::new(&[]);
    std::fs::create_dir_all(desk.path("in/sub")).unwrap();
    let write = |name: &str, text: &str| std::fs::write(desk.path("in").join(name), text).unwrap();
    write("harbour.txt", "The harbour was spoken of.");
    write("ferry.txt", "The ferry was spoken of.");
    write("sub/harbour.txt", "The other harbour was spoken of.");
    let run = |options: &[&str]| {
        let output =
            desk.batch(&["in"], &[options, &["--pairs", "tmx"]].concat()).output().unwrap();
        assert_eq!(code(&output), 0, "{}", said(&output));
        said(&output)
    };
    run(&[]);
    let pages = || -> Vec<String> {
        let mut names: Vec<String> = std::fs::read_dir(desk.path("out/items"))
            .unwrap()
            .flatten()
            .map(|entry| entry.file_name().into_string().unwrap())
            .collect();
        names.sort();
        names
    };
    let of = |start: &str, end: &str| {
        pages().iter().filter(|name| name.starts_with(start) && name.ends_with(end)).count()
    };
    assert_eq!(
        (of("harbour-", ".md"), of("harbour-", ".ko.txt"), of("ferry-", ".ko.txt")),
        (2, 2, 1)
    );
    let before = pages();
    write("harbour.txt", "The harbour is closed.");
    std::fs::remove_file(desk.path("in/ferry.txt")).unwrap();
    let said = run(&[]);
    assert!(said.contains("1 of 2 items done") && said.contains("1 unchanged"), "{said}");
    let sources = || -> Vec<String> {
        desk.lines("out/items.jsonl")
            .iter()
            .map(|line| line["source"].as_str().unwrap().into())
            .collect()
    };
    assert_eq!(sources(), ["The harbour is closed.", "The other harbour was spoken of."]);
    for file in ["digest.html", "digest.md", "pairs.tmx", "items.jsonl"] {
        let text = std::fs::read_to_string(desk.path("out").join(file)).unwrap();
        assert!(!text.contains("ferry") && !text.contains("The harbour was spoken of"), "{file}");
    }
    assert_eq!(of("ferry-", ""), 0);
    assert!(
        pages().iter().all(|name| before.contains(name)),
        "an edited file keeps the names of its results"
    );
    assert!(desk.lines("out/items.jsonl")[0]["supersedes"].is_string(), "versions are linked");
    run(&["--keep-removed"]);
    let lines = desk.lines("out/items.jsonl");
    assert_eq!(lines.iter().filter(|line| line["removed"] == true).count(), 1);
    assert!(sources().contains(&"The ferry was spoken of.".to_string()) && of("ferry-", "") == 2);
    // The file returns and is not processed again.
    write("ferry.txt", "The ferry was spoken of.");
    assert!(run(&[]).contains("0 of 3 items done, 3 unchanged"));
    assert_eq!(sources().len(), 3);
    // A renamed file is not processed again either, but reported under its new name.
    std::fs::rename(desk.path("in/ferry.txt"), desk.path("in/boat.txt")).unwrap();
    assert!(run(&[]).contains("0 of 3 items done, 3 unchanged"));
    assert_eq!((of("ferry-", ""), of("boat-", "")), (0, 2), "{:?}", pages());
}

#[test]
fn lines_that_are_edited_or_deleted_are_replaced_and_removed() {
    let mut lines = articles(3);
    let desk = Desk::new(&lines);
    desk.run("out");
    lines.remove(0);
    lines[0]["text"] = json!("The harbour is closed.");
    lines.push(json!({"text": "An item without an id."}));
    desk.write(&lines);
    desk.run("out");
    let ids = || -> Vec<String> {
        desk.lines("out/items.jsonl")
            .iter()
            .map(|line| line["source"].as_str().unwrap().into())
            .collect()
    };
    assert_eq!(ids().len(), 3);
    assert!(
        !ids().iter().any(|text| text.contains("day 0") || text.contains("day 1")),
        "{:?}",
        ids()
    );
    lines[2]["text"] = json!("An edited item without an id.");
    desk.write(&lines);
    desk.run("out");
    assert_eq!(ids().len(), 3);
    // A stream is not a complete list of inputs.
    let mut child = desk
        .batch(&["-"], &["-o", "out"])
        .stdin(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    std::io::Write::write_all(&mut child.stdin.take().unwrap(), b"{\"text\": \"One more.\"}\n")
        .unwrap();
    child.wait().unwrap();
    assert_eq!(ids().len(), 4);
}

#[test]
fn each_of_thirty_corruptions_is_repaired() {
    let desk = Desk::new(&articles(25));
    desk.run("whole");
    let whole = desk.results("whole");
    let journal = std::fs::read(desk.path("whole/journal.db")).unwrap();
    let mut random = rand_chacha::ChaCha8Rng::seed_from_u64(20261129);
    let mut noted = 0;
    for round in 0..36 {
        let mut bytes = journal.clone();
        match round % 6 {
            // A byte, a header bit, a block, a page of zeros, a truncated end, two swapped blocks.
            0 => bytes[random.random_range(0..journal.len())] ^= 0x5a,
            1 => bytes[random.random_range(16..100)] ^= 1 << random.random_range(0..8),
            2 => {
                let at = random.random_range(0..journal.len() - 512);
                bytes[at..at + 512].iter_mut().for_each(|byte| *byte = random.random());
            }
            3 => {
                let page = random.random_range(0..journal.len() / 4096) * 4096;
                bytes[page..page + 4096].fill(0);
            }
            4 => bytes.truncate(random.random_range(0..journal.len())),
            _ => {
                let (a, b) = (
                    random.random_range(0..journal.len() / 1024),
                    random.random_range(0..journal.len() / 1024),
                );
                let second = bytes[b * 1024..][..1024].to_vec();
                bytes.copy_within(a * 1024..a * 1024 + 1024, b * 1024);
                bytes[a * 1024..][..1024].copy_from_slice(&second);
            }
        }
        let out = format!("out-{round}");
        copy(&desk.path("whole"), &desk.path(&out));
        std::fs::write(desk.path(&out).join("journal.db"), &bytes).unwrap();
        let output = desk.run(&out);
        assert_eq!(code(&output), 0, "{round}: {}", said(&output));
        noted += usize::from(said(&output).contains("damaged"));
        assert_same(&desk.results(&out), &whole);
        let again = desk.run(&out);
        assert!(
            code(&again) == 0 && !said(&again).contains("damaged"),
            "{round}: {}",
            said(&again)
        );
    }
    assert!(noted > 18, "only {noted} of 36 were noticed");
}

fn copy(from: &Path, to: &Path) {
    std::fs::create_dir_all(to).unwrap();
    for entry in std::fs::read_dir(from).unwrap().flatten() {
        let to = to.join(entry.file_name());
        if entry.path().is_dir() {
            copy(&entry.path(), &to);
        } else {
            std::fs::copy(entry.path(), to).unwrap();
        }
    }
}

#[test]
fn a_damaged_row_affects_only_its_item() {
    let desk = Desk::new(&articles(6));
    desk.run("out");
    desk.run("whole");
    let journal = rusqlite::Connection::open(desk.path("out/journal.db")).unwrap();
    for statement in [
        "UPDATE item SET line = replace(line, 'council', 'counsel') WHERE ordinal = 2",
        "UPDATE item SET line = substr(line, 1, 40) WHERE ordinal = 3",
        "UPDATE item SET state = 'pending', payload = '{\"document\": {\"text\": \"a\", \"blocks\": []}}' WHERE ordinal = 5",
    ] {
        assert_eq!(journal.execute(statement, []).unwrap(), 1);
    }
    drop(journal);
    let output = desk.run("out");
    assert_eq!(code(&output), 0, "{}", said(&output));
    assert_eq!(said(&output).matches("was damaged").count(), 3, "{}", said(&output));
    assert_same(&desk.results("out"), &desk.results("whole"));
    assert!(!said(&desk.run("out")).contains("damaged"));
}

#[test]
fn a_newer_journal_is_refused_with_a_way_out() {
    let desk = Desk::new(&articles(2));
    desk.run("out");
    let journal = rusqlite::Connection::open(desk.path("out/journal.db")).unwrap();
    journal
        .execute_batch(
            "PRAGMA user_version = 99; UPDATE fact SET value = '99' WHERE name = 'schema'",
        )
        .unwrap();
    drop(journal);
    let output = desk.run("out");
    assert_eq!(code(&output), 2);
    assert!(
        said(&output).contains("newer malmoi") && said(&output).contains("choose another folder"),
        "{}",
        said(&output)
    );
}

#[test]
#[cfg(unix)]
fn links_pipes_and_folders_that_cannot_be_read() {
    use std::os::unix::fs::{PermissionsExt, symlink};
    use std::os::unix::process::CommandExt;
    let desk = Desk::new(&[]);
    std::fs::create_dir_all(desk.path("in/locked")).unwrap();
    std::fs::create_dir_all(desk.path("elsewhere")).unwrap();
    let text = "The harbour was spoken of.";
    for name in ["in/a.txt", "in/-rf.txt", "elsewhere/secret.txt"] {
        std::fs::write(desk.path(name), format!("{text} {name}")).unwrap();
    }
    symlink(desk.path("elsewhere/secret.txt"), desk.path("in/link.txt")).unwrap();
    symlink(desk.path("elsewhere"), desk.path("in/folder")).unwrap();
    symlink("a.txt", desk.path("in/same.txt")).unwrap();
    assert!(Command::new("mkfifo").arg(desk.path("in/pipe.txt")).status().unwrap().success());
    let output = desk.batch(&["in"], &[]).output().unwrap();
    assert!(
        said(&output).contains("2 of 2 items done")
            && said(&output).contains("--follow-links")
            && said(&output).contains("pipe.txt"),
        "{}",
        said(&output)
    );
    assert_eq!(code(&output), 0, "{}", said(&output));
    let followed = desk.batch(&["in"], &["--follow-links"]).output().unwrap();
    let text = said(&followed);
    assert!(text.contains("1 of 3 items done") && text.contains("2 unchanged"), "{text}");
    // A file name after `--` with its folder.
    let named = desk.batch(&["--", "./in/-rf.txt"], &["-o", "named"]).output().unwrap();
    assert_eq!(code(&named), 0, "{}", said(&named));
    // An unreadable folder is reported and the rest is processed. Root can read every folder.
    std::fs::set_permissions(desk.path("in/locked"), std::fs::Permissions::from_mode(0o000))
        .unwrap();
    let mut command = desk.batch(&["in"], &["-o", "other"]);
    if std::fs::read_dir(desk.path("in/locked")).is_ok() {
        let open = std::fs::Permissions::from_mode(0o777);
        for folder in [desk.folder.path(), desk.model.path()] {
            std::fs::set_permissions(folder, open.clone()).unwrap();
        }
        command.uid(65534).gid(65534);
    }
    let locked = command.output().unwrap();
    std::fs::set_permissions(desk.path("in/locked"), std::fs::Permissions::from_mode(0o755))
        .unwrap();
    assert!(
        said(&locked).contains("2 of 3 items done") && said(&locked).contains("in/locked"),
        "{}",
        said(&locked)
    );
    assert_eq!(code(&locked), 2);
    assert_eq!(desk.lines("other/failed.jsonl").len(), 1);
    let open = desk.batch(&["in"], &["-o", "other"]).output().unwrap();
    assert_eq!(code(&open), 0, "{}", said(&open));
    assert!(desk.lines("other/failed.jsonl").is_empty(), "it can be read now");
}

#[test]
#[cfg(unix)]
fn files_are_not_written_through_links_and_follow_the_umask() {
    use std::os::unix::fs::{PermissionsExt, symlink};
    let desk = Desk::new(&articles(2));
    std::fs::write(desk.path("letter"), "Dear Mayor").unwrap();
    for name in ["journal.lock", "journal.db", "items"] {
        let out = format!("out-{name}");
        std::fs::create_dir_all(desk.path(&out)).unwrap();
        symlink(desk.path("letter"), desk.path(&out).join(name)).unwrap();
        let output = desk.run(&out);
        assert!(
            code(&output) == 2 && said(&output).contains("a link"),
            "{name}: {}",
            said(&output)
        );
    }
    std::fs::create_dir_all(desk.path("out")).unwrap();
    for name in ["items.jsonl", "digest.html", "digest.md", "failed.jsonl"] {
        symlink(desk.path("letter"), desk.path("out").join(name)).unwrap();
    }
    let refused = desk.run("out");
    assert!(said(&refused).contains("not made by malmoi"), "{}", said(&refused));
    let forced = desk.command("out").arg("--force").output().unwrap();
    assert_eq!(code(&forced), 0, "{}", said(&forced));
    assert_eq!(std::fs::read_to_string(desk.path("letter")).unwrap(), "Dear Mayor");
    for (mask, rights) in [("077", 0o600), ("002", 0o664)] {
        let command = desk.command(mask);
        let words: Vec<String> = std::iter::once(command.get_program())
            .chain(command.get_args())
            .map(|word| format!("'{}'", word.to_string_lossy()))
            .collect();
        let script = format!("umask {mask}; {}", words.join(" "));
        let status = Command::new("sh")
            .args(["-c", &script])
            .current_dir(desk.folder.path())
            .output()
            .unwrap();
        assert!(status.status.success(), "{}", said(&status));
        for name in ["items.jsonl", "digest.html"] {
            let mode =
                std::fs::metadata(desk.path(mask).join(name)).unwrap().permissions().mode() & 0o777;
            assert_eq!(mode, rights, "{name} with umask {mask}");
        }
    }
}

#[test]
fn an_item_over_its_time_limit_fails_alone() {
    let mut lines = articles(3);
    lines.insert(
        1,
        json!({"id": "long", "text": "The harbour was spoken of at length.\n\n".repeat(80_000)}),
    );
    let desk = Desk::new(&lines);
    let began = Instant::now();
    let output = desk.command("out").args(["--item-timeout", "3"]).output().unwrap();
    assert!(began.elapsed() < Duration::from_secs(60), "{:?}", began.elapsed());
    assert_eq!(code(&output), 0, "{}", said(&output));
    assert_eq!(desk.lines("out/items.jsonl").len(), 3, "{}", said(&output));
    let failed = desk.lines("out/failed.jsonl");
    assert!(failed[0]["reason"].as_str().unwrap().contains("longer than the 3 s"), "{failed:?}");
}

/// A feed whose second item links to a page that never arrives.
#[cfg(feature = "fetch")]
mod stuck {
    use super::*;
    use crate::feeds;
    use crate::support::hub::{Answer, Asked, Hub};

    fn desk() -> (feeds::Desk, [Hub; 2]) {
        // Pages of one host are fetched one after the other.
        let slow = Hub::start(|asked: &Asked| match asked.path.as_str() {
            "/slow" => Answer { delay: Duration::from_secs(25), ..Answer::body("<p>Late.</p>") },
            _ => Answer::status(404),
        });
        let fast = Hub::start(|_: &Asked| Answer::status(404));
        let item = |n: usize| {
            let (web, path) = if n == 1 { (&slow, "/slow") } else { (&fast, "/gone") };
            format!(
                "<item><guid>b:{n}</guid><title>Ferry {n}</title><link>{}{path}</link>\
                 <description>The ferry sailed on day {n} from Haemin.</description></item>",
                web.endpoint
            )
        };
        let items: Vec<String> = (0..5).map(item).collect();
        let desk = feeds::Desk::new();
        std::fs::write(desk.folder.path().join("rss.xml"), feeds::rss(&items.concat())).unwrap();
        (desk, [slow, fast])
    }

    #[test]
    fn results_appear_during_the_run_and_stopping_takes_seconds() {
        let (desk, _web) = desk();
        let mut command = desk.command(&["rss.xml"], &["--follow", "--allow-private"]);
        let mut child = command.stderr(Stdio::piped()).stdout(Stdio::null()).spawn().unwrap();
        let items = desk.folder.path().join("out/items.jsonl");
        let lines = || std::fs::read_to_string(&items).map_or(0, |text| text.lines().count());
        let began = Instant::now();
        while lines() < 4 {
            std::thread::sleep(Duration::from_millis(50));
            assert!(
                began.elapsed() < Duration::from_secs(15),
                "what is done is not written while one item is not"
            );
        }
        assert!(child.try_wait().unwrap().is_none());
        let began = Instant::now();
        Command::new("kill").args(["-TERM", &child.id().to_string()]).status().unwrap();
        let output = child.wait_with_output().unwrap();
        assert!(began.elapsed() < Duration::from_secs(12), "{:?}", began.elapsed());
        assert_eq!(code(&output), 130, "{}", said(&output));
        assert_eq!(lines(), 4);
    }
}
