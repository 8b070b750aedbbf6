//! The sandbox, tried from inside. This program starts itself again: the restrictions of a process
//! are for good.

mod acts;
mod commands;

use std::collections::BTreeMap;
use std::net::{TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::Command;

use malmoi::internals::sandbox::{Network, Sandbox, SandboxError};

use acts::{ACTS, Place};

/// Environment variables for the program inside: the folder, and what it does.
const FOLDER: &str = "MALMOI_TEST_SANDBOX_FOLDER";
const ROLE: &str = "MALMOI_TEST_SANDBOX_ROLE";

/// A desk's folder: an input with a link out of it, a model, an output, and what is beside them.
pub(super) fn prepare(folder: &Path) {
    for name in ["inputs", "output", "beside"] {
        std::fs::create_dir(folder.join(name)).unwrap();
    }
    for (name, text) in [
        ("inputs/article.txt", "article"),
        ("beside/secret.txt", "secret"),
        ("model.gguf", "model"),
        ("output/old.txt", "old"),
        ("target.txt", "target"),
    ] {
        std::fs::write(folder.join(name), text).unwrap();
    }
    let link = |to: &str, from: &str| std::os::unix::fs::symlink(to, folder.join(from)).unwrap();
    link("../beside/secret.txt", "inputs/link.txt");
    link("target.txt", "linked.txt");
}

/// The sandbox of a batch over that folder.
fn sandbox(folder: &Path) -> Sandbox {
    let read = ["inputs", "model.gguf", "linked.txt"].map(|name| folder.join(name));
    Sandbox::new().read(read).write([folder.join("output")])
}

/// Runs this program again in a role; returns the lines `name<TAB>result` that it prints.
fn run(role: &str) -> BTreeMap<String, String> {
    let folder = tempfile::tempdir().unwrap();
    prepare(folder.path());
    let output = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "sandbox::what_the_program_inside_does", "--ignored", "--nocapture"])
        .env(FOLDER, folder.path())
        .env(ROLE, role)
        .output()
        .unwrap();
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    let errors = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(output.status.success(), "{role}: {text}{errors}");
    assert_eq!(std::fs::read(folder.path().join("model.gguf")).unwrap(), b"model");
    let result = |line: &str| {
        let (name, result) = line.strip_prefix("act ")?.split_once('\t')?;
        Some((name.to_string(), result.to_string()))
    };
    text.lines().filter_map(result).collect()
}

fn tell(name: &str, result: &str) {
    println!("\nact {name}\t{result}");
}

#[test]
#[ignore = "started by the other tests, inside the sandbox"]
fn what_the_program_inside_does() {
    let Ok(role) = std::env::var(ROLE) else { return };
    let folder = PathBuf::from(std::env::var(FOLDER).unwrap());
    let mut place = Place::prepare(&folder);
    match &*role {
        "free" => {}
        "threads" => {
            let refused = sandbox(&folder).enter();
            assert!(matches!(refused, Err(SandboxError::Threads { .. })), "{refused:?}");
            return tell("enter", "refused");
        }
        "outgoing" => {
            let listener = TcpListener::bind("127.0.0.1:0").unwrap();
            let address = listener.local_addr().unwrap();
            let entered = sandbox(&folder).network(Network::Outgoing).enter_thread().unwrap();
            tell("whole", &entered.is_whole().to_string());
            let result = TcpStream::connect(address).map(drop);
            tell("connect", &acts::told(&result));
            let result = std::fs::read(folder.join("beside/secret.txt")).map(drop);
            tell("read", &acts::told(&result));
            let result = TcpListener::bind("127.0.0.1:0").map(drop);
            tell("listen", &acts::told(&result));
            let result = std::os::unix::net::UnixDatagram::unbound().map(drop);
            return tell("unix", &acts::told(&result));
        }
        _ => {
            let entered = sandbox(&folder).enter_thread().unwrap();
            tell("whole", &entered.is_whole().to_string());
            tell("missing", entered.missing().unwrap_or("nothing"));
        }
    }
    if role == "work" {
        return place.work();
    }
    if role == "thread" {
        let act = || std::net::UdpSocket::bind("127.0.0.1:0").map(drop);
        let result = std::thread::spawn(act).join().unwrap();
        tell("socket", &acts::told(&result));
        let path = folder.join("beside/secret.txt");
        let result = std::thread::spawn(move || std::fs::read(path).map(drop)).join().unwrap();
        return tell("read", &acts::told(&result));
    }
    for act in ACTS {
        let result = (act.attempt)(&mut place);
        tell(act.name, &acts::told(&result));
    }
}

/// True if the kernel of this machine has all parts; says so once if it has not.
pub(super) fn is_available() -> bool {
    let found = run("thread");
    let is_whole = found["whole"] == "true";
    if !is_whole {
        eprintln!("skipped: {}", found["missing"]);
    }
    is_whole
}

#[test]
fn every_forbidden_act_is_refused_inside_and_nothing_of_it_happens() {
    if !is_available() {
        return;
    }
    let inside = run("inside");
    let mut failed = Vec::new();
    for act in ACTS {
        match &*inside[act.name] {
            "refused" => {}
            other => failed.push(format!("{}: {other}", act.name)),
        }
    }
    assert!(failed.is_empty(), "not refused: {failed:#?}");
    assert!(ACTS.len() >= 40, "{} acts", ACTS.len());
    // What is refused inside is possible outside: the table does not test its own mistakes. Some
    // acts need rights or a kernel that a machine may not have.
    let free = run("free");
    let possible = ACTS.iter().filter(|act| free[act.name] != "refused");
    let names: Vec<_> = possible.clone().map(|act| act.name).collect();
    eprintln!(
        "sandbox: {} acts refused inside, {} of them possible outside",
        ACTS.len(),
        names.len()
    );
    for act in ACTS.iter().filter(|act| act.is_free_for_all) {
        assert!(names.contains(&act.name), "{} is refused outside as well", act.name);
    }
}

#[test]
fn reading_inputs_and_writing_outputs_work_inside() {
    let done = run("work");
    for name in [
        "read input",
        "list inputs",
        "read linked input",
        "write output",
        "rename in output",
        "folder in output",
        "thread",
        "accept and answer",
        "pipe",
    ] {
        assert_eq!(done[name], "possible", "{name}");
    }
}

#[test]
fn threads_that_start_inside_are_restricted_as_well() {
    let found = run("thread");
    if found["whole"] == "true" {
        assert_eq!([&*found["socket"], &*found["read"]], ["refused", "refused"]);
    }
}

#[test]
fn beside_other_threads_a_process_does_not_enter() {
    assert_eq!(run("threads")["enter"], "refused");
}

#[test]
fn with_outgoing_connections_files_listeners_and_local_sockets_stay_closed() {
    let found = run("outgoing");
    if found["whole"] == "true" {
        let found = ["connect", "read", "listen", "unix"].map(|name| &*found[name]);
        assert_eq!(found, ["possible", "refused", "refused", "refused"]);
    }
}
