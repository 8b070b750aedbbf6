//! PDF files read by another program: `--pdf-tool pdftotext`.

use std::io::{Read as _, Write as _};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::OnceLock;
use std::time::{Duration, Instant};

use anyhow::{Result, bail};
use malmoi::formats;

/// The program, if one is set.
static PROGRAM: OnceLock<PathBuf> = OnceLock::new();

/// Time for a document.
const TIME: Duration = Duration::from_secs(120);

/// Has PDF files read by `pdftotext` of poppler, by its name or path.
pub(crate) fn set(program: &str) -> Result<()> {
    let name = Path::new(program).file_stem().unwrap_or_default();
    if name != "pdftotext" {
        bail!(
            "`{program}` is not a PDF tool malmoi knows; --pdf-tool takes pdftotext, or a path to it"
        );
    }
    if Command::new(program).arg("-v").stderr(Stdio::null()).stdout(Stdio::null()).status().is_err()
    {
        bail!("{program} cannot be started; it is in the package poppler-utils");
    }
    let program = PROGRAM.get_or_init(|| found(program));
    formats::set_pdf_tool(Box::new(move |bytes| text(program, bytes)));
    Ok(())
}

/// The program that reads PDF files, if there is one.
pub(crate) fn program() -> Option<&'static Path> {
    PROGRAM.get().map(PathBuf::as_path)
}

/// The path of a program: its own, or that in the folders of `PATH`.
fn found(program: &str) -> PathBuf {
    let given = PathBuf::from(program);
    if given.components().count() > 1 {
        return given;
    }
    let folders = std::env::var_os("PATH").unwrap_or_default();
    let mut paths = std::env::split_paths(&folders).map(|folder| folder.join(program));
    paths.find(|path| path.is_file()).unwrap_or(given)
}

/// The text of a document in UTF-8 and in reading order, with form feeds between pages.
fn text(program: &Path, bytes: &[u8]) -> Result<String, String> {
    let shown = program.file_stem().unwrap_or_default().to_string_lossy();
    let failed = |error: std::io::Error| format!("cannot be read by {shown}: {error}");
    let mut child = Command::new(program)
        .args(["-enc", "UTF-8", "-", "-"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .map_err(failed)?;
    let (input, output) = (child.stdin.take(), child.stdout.take());
    std::thread::scope(|scope| {
        scope.spawn(move || {
            // A program that stops reading says why itself.
            let _ = input.map(|mut input| input.write_all(bytes));
        });
        let read = scope.spawn(move || {
            let mut text = Vec::new();
            let limit = formats::MAX_BYTES;
            output.map_or(Ok(0), |output| output.take(limit).read_to_end(&mut text)).map(|_| text)
        });
        let finished = wait(&mut child, Instant::now() + TIME);
        let text = read.join().unwrap_or_else(|_| Ok(Vec::new())).map_err(failed)?;
        if !finished.map_err(failed)? {
            let mut reason = String::new();
            let _ = child.stderr.take().map(|stderr| stderr.take(2000).read_to_string(&mut reason));
            let reason = reason.lines().next().unwrap_or("it failed").trim();
            return Err(format!("cannot be read by {shown}: {reason}"));
        }
        Ok(String::from_utf8_lossy(&text).into_owned())
    })
}

/// Waits for the end of a program and ends it after the deadline; true if it succeeded.
fn wait(child: &mut Child, deadline: Instant) -> std::io::Result<bool> {
    loop {
        if let Some(status) = child.try_wait()? {
            return Ok(status.success());
        }
        if Instant::now() > deadline {
            child.kill()?;
            child.wait()?;
            return Err(std::io::Error::other(format!(
                "it took longer than {} seconds",
                TIME.as_secs()
            )));
        }
        std::thread::sleep(Duration::from_millis(5));
    }
}
