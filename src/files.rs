//! Files that appear whole or not at all, and are on the disk when they do. Knows nothing of what is in them.

use std::fs::File;
use std::io::{Result, Write};
use std::path::Path;
use std::time::Duration;

/// Writes a file beside its place, forces it to the disk and gives it its name. Where anything fails, what stood at the name before
/// stays. A new file gets the rights of the one it replaces, else those of a file anyone may read.
///
/// ```
/// let folder = tempfile::tempdir()?;
/// let path = folder.path().join("summary.txt");
/// malmoi::files::replace(&path, |out| out.write_all("끝".as_bytes()))?;
/// assert!(malmoi::files::replace(&path, |_| Err(std::io::Error::other("the disk is full"))).is_err());
/// assert_eq!(std::fs::read_to_string(&path)?, "끝");
/// # Ok::<(), std::io::Error>(())
/// ```
pub fn replace(path: &Path, fill: impl FnOnce(&mut dyn Write) -> Result<()>) -> Result<()> {
    let folder = write(path, fill, true)?;
    sync_folder(folder)
}

/// How files that are being written are called.
const BESIDE: &str = ".malmoi-";

/// The same without forcing it to the disk: whole or not there, but a loss of power may take it back. For what can be made again.
pub fn replace_lightly(path: &Path, fill: impl FnOnce(&mut dyn Write) -> Result<()>) -> Result<()> {
    write(path, fill, false).map(drop)
}

fn write(path: &Path, fill: impl FnOnce(&mut dyn Write) -> Result<()>, sync: bool) -> Result<&Path> {
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let mut file = tempfile::Builder::new().prefix(BESIDE).tempfile_in(folder)?;
    let mut out = Blocks { file: file.as_file_mut(), block: Vec::new() };
    fill(&mut out)?;
    out.flush()?;
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        // Temporary files are for their owner only.
        let mode = std::fs::metadata(path).map_or(0o644, |there| there.permissions().mode());
        file.as_file().set_permissions(std::fs::Permissions::from_mode(mode))?;
    }
    if sync {
        file.as_file().sync_all()?;
    }
    file.persist(path).map_err(|error| error.error)?;
    Ok(folder)
}

/// Writes in blocks that begin at multiples of their size: systems then keep files that are mapped later in pages as large.
struct Blocks<'f> {
    file: &'f mut File,
    block: Vec<u8>,
}

impl Blocks<'_> {
    const SIZE: usize = 2 << 20;
}

impl Write for Blocks<'_> {
    fn write(&mut self, bytes: &[u8]) -> Result<usize> {
        let taken = bytes.len().min(Self::SIZE - self.block.len());
        self.block.extend(&bytes[..taken]);
        if self.block.len() == Self::SIZE {
            self.flush()?;
        }
        Ok(taken)
    }

    fn flush(&mut self) -> Result<()> {
        self.file.write_all(&self.block)?;
        self.block.clear();
        Ok(())
    }
}

/// Removes what programs that were killed left behind of files they were writing, if nobody wrote to them for so long.
pub fn sweep(folder: &Path, unused_for: Duration) -> Result<()> {
    for entry in std::fs::read_dir(folder)? {
        let entry = entry?;
        let ours = entry.file_name().to_string_lossy().starts_with(BESIDE);
        // One that is gone by now needs no removing.
        let Ok(found) = entry.metadata() else { continue };
        // A clock that was set back says nothing.
        let unused = found.modified().is_ok_and(|then| then.elapsed().unwrap_or_default() >= unused_for);
        if ours && unused && found.is_file() {
            std::fs::remove_file(entry.path())?;
        }
    }
    Ok(())
}

/// A name is only on the disk when its folder is.
pub fn sync_folder(folder: &Path) -> Result<()> {
    if cfg!(unix) { File::open(folder)?.sync_all() } else { Ok(()) }
}
