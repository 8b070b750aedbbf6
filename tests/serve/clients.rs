//! Real clients, if they are on this machine.

use std::path::PathBuf;
use std::process::Command;

use super::{serve, serve_with};
use crate::support::here;

/// The Python of an environment with `clients/requirements.txt`, named by `MALMOI_CLIENTS`.
fn python() -> Option<PathBuf> {
    let python = std::env::var_os("MALMOI_CLIENTS").map(PathBuf::from);
    if python.is_none() {
        eprintln!("skipped: MALMOI_CLIENTS names no Python with the clients");
    }
    python
}

fn run(command: &mut Command) {
    let ran = command.output().unwrap();
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    assert!(ran.status.success(), "{}{}", text(&ran.stdout), text(&ran.stderr));
}

#[test]
fn real_clients_are_served() {
    let Some(python) = python() else { return };
    let (_home, model, server) = serve_with(&["--no-memory"]);
    let name = model.path().file_name().unwrap().to_str().unwrap();
    let script = here("clients/clients.py");
    run(Command::new(python).arg(script).args([&format!("http://{}", server.address), name]));
}

#[test]
fn no_request_of_the_openapi_document_has_an_answer_outside_of_it() {
    let Some(python) = python() else { return };
    let (_home, _model, server) = serve();
    let script = here("clients/openapi.py");
    run(Command::new(python).arg(script).arg(format!("http://{}", server.address)));
}
