use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use crate::feeds::{Desk, rss};
use crate::support::hub::{Answer, Hub};

/// `malmoi feed --watch inbox`, which is killed when it is dropped.
struct Watching(Child);

impl Watching {
    fn start(desk: &Desk) -> Self {
        Self::beside(desk, &[])
    }

    /// Watches while other inputs are read.
    fn beside(desk: &Desk, sources: &[&str]) -> Self {
        let options = ["--watch", "inbox", "--settle", "1", "--summarize", "--allow-private"];
        let mut command = desk.command(sources, &options);
        Self(command.stderr(Stdio::piped()).stdout(Stdio::null()).spawn().unwrap())
    }

    /// Sends Ctrl-C and returns the exit status and what was said.
    fn interrupt(mut self) -> (Option<i32>, String) {
        Command::new("kill").args(["-INT", &self.0.id().to_string()]).status().unwrap();
        let mut said = String::new();
        std::io::Read::read_to_string(&mut self.0.stderr.take().unwrap(), &mut said).unwrap();
        (self.0.wait().unwrap().code(), said)
    }
}

impl Drop for Watching {
    fn drop(&mut self) {
        // It may have ended already.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

fn nitf(number: usize) -> String {
    format!(
        "<?xml version=\"1.0\"?><nitf><head><docdata><doc-id id-string=\"haemin-{number}\"/></docdata></head><body><body.head><hedline><hl1>Ferry {number} sails</hl1></hedline></body.head><body.content><p>Ferry {number} sailed from the pier of Haemin on Tuesday.</p></body.content></body></nitf>"
    )
}

/// Longest time to wait for what must happen.
const PATIENCE: Duration = Duration::from_secs(120);

/// Inputs of the items that are done, sorted.
fn done(out: &Path) -> Vec<String> {
    let text = std::fs::read_to_string(out.join("items.jsonl")).unwrap_or_default();
    let line = |line: &str| serde_json::from_str::<serde_json::Value>(line).unwrap();
    let mut names: Vec<String> =
        text.lines().map(|text| line(text)["input"].as_str().unwrap().to_string()).collect();
    names.sort();
    names
}

/// Waits until so many items are done.
fn wait(out: &Path, count: usize) {
    let began = Instant::now();
    while done(out).len() < count {
        assert!(began.elapsed() < PATIENCE, "{:?} of {count}", done(out));
        std::thread::sleep(Duration::from_millis(100));
    }
}

#[test]
fn files_that_arrive_are_done_once_whatever_happens() {
    let desk = Desk::new();
    let (inbox, out) = (desk.folder.path().join("inbox"), desk.folder.path().join("out"));
    std::fs::create_dir_all(inbox.join("sports")).unwrap();
    let write = |name: &str, number: usize| std::fs::write(inbox.join(name), nitf(number)).unwrap();
    write("1.xml", 1);
    let watching = Watching::start(&desk);
    wait(&out, 1);
    // One arrives in two parts, one is renamed into its place, one is in a folder of its own.
    let whole = nitf(2);
    std::fs::write(inbox.join("2.xml"), &whole[..whole.len() / 2]).unwrap();
    std::fs::write(inbox.join("3.part"), nitf(3)).unwrap();
    write("sports/4.nitf", 4);
    std::fs::write(inbox.join("2.xml"), &whole).unwrap();
    std::fs::rename(inbox.join("3.part"), inbox.join("3.xml")).unwrap();
    wait(&out, 4);
    // A corrected article takes the place of the first one.
    std::fs::write(inbox.join("sports/4.nitf"), nitf(4).replace("Tuesday", "Wednesday")).unwrap();
    let text = || std::fs::read_to_string(out.join("items.jsonl")).unwrap();
    let began = Instant::now();
    while !text().contains("on Wednesday") {
        assert!(began.elapsed() < PATIENCE, "the correction was not done");
        std::thread::sleep(Duration::from_millis(100));
    }
    assert_eq!(done(&out).len(), 4);
    drop(watching);
    // Killed: what arrives meanwhile is done by the next run, and nothing twice.
    write("5.xml", 5);
    std::fs::remove_file(inbox.join("1.xml")).unwrap();
    std::fs::rename(inbox.join("3.xml"), inbox.join("sports/3.xml")).unwrap();
    let watching = Watching::start(&desk);
    wait(&out, 5);
    let (code, said) = watching.interrupt();
    assert_eq!(code, Some(130), "{said}");
    assert!(said.contains("run the same command to continue"), "{said}");
    assert!(said.contains("1 of "), "one new item: {said}");
    let names = done(&out);
    assert_eq!(names.len(), 5, "{names:?}");
    for number in [1, 2, 3, 5] {
        let is = |name: &&String| name.ends_with(&format!("{number}.xml"));
        assert_eq!(names.iter().filter(is).count(), 1, "{names:?}");
    }
    let failed = std::fs::read_to_string(out.join("failed.jsonl")).unwrap_or_default();
    assert_eq!(failed, "", "a half file was read");
}

#[test]
fn hundreds_of_files_are_done_once_although_the_run_is_killed_again_and_again() {
    const ROUNDS: usize = 4;
    /// Files that are there at first, that arrive in a round, and that arrive after all.
    const FIRST: usize = 150;
    const PER_ROUND: usize = 37;
    const LAST: usize = 2;
    const FILES: usize = FIRST + ROUNDS * PER_ROUND + LAST;
    let desk = Desk::new();
    let (inbox, out) = (desk.folder.path().join("inbox"), desk.folder.path().join("out"));
    std::fs::create_dir_all(&inbox).unwrap();
    let put = |number: usize, text: String| {
        let part = inbox.join(format!("{number}.part"));
        std::fs::write(&part, text).unwrap();
        std::fs::rename(part, inbox.join(format!("{number}.xml"))).unwrap();
    };
    (0..FIRST).for_each(|number| put(number, nitf(number)));
    let journal = out.join("journal.db");
    for round in 0..ROUNDS {
        let watching = Watching::start(&desk);
        let began = Instant::now();
        while !journal.exists() {
            assert!(began.elapsed() < PATIENCE, "no journal");
            std::thread::sleep(Duration::from_millis(10));
        }
        // Each round is killed at another place.
        std::thread::sleep(Duration::from_millis(150 + 400 * round as u64));
        let next = FIRST + round * PER_ROUND;
        (next..next + PER_ROUND).for_each(|number| put(number, nitf(number)));
        drop(watching);
    }
    put(7, nitf(7).replace("Tuesday", "Wednesday"));
    (FILES - LAST..FILES).for_each(|number| put(number, nitf(number)));
    let watching = Watching::start(&desk);
    let text = || std::fs::read_to_string(out.join("items.jsonl")).unwrap_or_default();
    let began = Instant::now();
    while text().lines().count() < FILES || !text().contains("on Wednesday") {
        assert!(began.elapsed() < PATIENCE, "{} of {FILES}", text().lines().count());
        std::thread::sleep(Duration::from_millis(100));
    }
    let mut names = done(&out);
    names.dedup();
    assert_eq!(names.len(), FILES, "each once");
    drop(watching);
    // What was killed when all was done is all there for the next run, which does nothing.
    std::fs::remove_file(out.join("items.jsonl")).unwrap();
    let watching = Watching::start(&desk);
    wait(&out, FILES);
    let (code, said) = watching.interrupt();
    assert_eq!(code, Some(130), "{said}");
    assert!(said.contains("0 of 0"), "nothing is read again: {said}");
}

#[test]
fn a_slow_feed_does_not_hold_up_a_watched_folder() {
    let desk = Desk::new();
    let (inbox, out) = (desk.folder.path().join("inbox"), desk.folder.path().join("out"));
    std::fs::create_dir_all(&inbox).unwrap();
    std::fs::write(inbox.join("1.xml"), nitf(1)).unwrap();
    // The feed answers when the file is done.
    let results = out.clone();
    let web = Hub::start(move |_| {
        let began = Instant::now();
        while done(&results).is_empty() {
            if began.elapsed() > PATIENCE {
                return Answer::status(500);
            }
            std::thread::sleep(Duration::from_millis(50));
        }
        Answer::body(rss(
            "<item><guid>b:2</guid><title>Pier opens</title><description>The new pier of Haemin opened on Tuesday.</description></item>",
        ))
    });
    let watching = Watching::beside(&desk, &[&format!("{}/rss", web.endpoint)]);
    wait(&out, 2);
    let (code, said) = watching.interrupt();
    assert_eq!(code, Some(130), "{said}");
    assert!(done(&out).iter().any(|name| name.ends_with("/rss")), "{:?}", done(&out));
}

#[test]
fn a_file_that_came_in_half_is_read_again_when_it_is_whole() {
    let desk = Desk::new();
    let (inbox, out) = (desk.folder.path().join("inbox"), desk.folder.path().join("out"));
    std::fs::create_dir_all(&inbox).unwrap();
    let whole = nitf(1);
    std::fs::write(inbox.join("1.xml"), &whole[..whole.len() / 2]).unwrap();
    let watching = Watching::start(&desk);
    let began = Instant::now();
    let failed = || std::fs::read_to_string(out.join("failed.jsonl")).unwrap_or_default();
    while failed().is_empty() {
        assert!(began.elapsed() < PATIENCE, "the half file was not refused");
        std::thread::sleep(Duration::from_millis(100));
    }
    std::fs::write(inbox.join("1.xml"), &whole).unwrap();
    wait(&out, 1);
    let (code, said) = watching.interrupt();
    assert_eq!(code, Some(130), "{said}");
    assert_eq!(failed(), "", "the refusal is forgotten");
}

#[test]
fn what_cannot_be_watched_is_said() {
    let desk = Desk::new();
    std::fs::write(desk.folder.path().join("a.txt"), "One.").unwrap();
    for (folder, reason) in [("none", "none does not exist"), ("a.txt", "takes a folder")] {
        let output = desk.run(&[], &["--watch", folder]);
        assert_eq!(output.status.code(), Some(2));
        assert!(crate::feeds::said(&output).contains(reason), "{}", crate::feeds::said(&output));
    }
}
