//! Files and folders as inputs of a batch.

use std::collections::HashSet;
use std::path::{Component, Path, PathBuf};

use super::ingest::{BatchInput, Opened};
use crate::error::{Error, InputFault, Result};
use crate::files::FileKind;
use crate::formats::FORMATS;

/// The inputs at a path: a file, or the files of a folder and its subfolders in the order of their
/// paths. See [`FileSearch`] for options.
pub fn files(path: impl AsRef<Path>) -> Result<Vec<BatchInput>> {
    Ok(FileSearch::default().find(path)?.inputs)
}

/// A search for input files. In folders it takes files with the extension of a known format and
/// leaves out hidden ones.
#[derive(Debug, Clone, Default)]
pub struct FileSearch {
    /// A folder to leave out, usually the output folder of an earlier run.
    pub exclude: Option<PathBuf>,
    /// True to follow links in folders. A link given as the path itself is always followed.
    pub follow_links: bool,
}

/// Files found by a [`FileSearch`].
#[derive(Default)]
pub struct FoundFiles {
    /// The files as inputs. A file that cannot be read fails when it is opened.
    pub inputs: Vec<BatchInput>,
    /// Links, pipes, sockets and devices that were left out.
    pub skipped: Vec<(PathBuf, FileKind)>,
}

impl FileSearch {
    /// Finds the inputs at a path. Fails if a folder holds nothing to read.
    pub fn find(&self, path: impl AsRef<Path>) -> Result<FoundFiles> {
        let path = path.as_ref();
        let metadata = std::fs::metadata(path).map_err(|e| Error::io("read", path, e))?;
        if !metadata.is_dir() {
            let input = match unreadable_kind(&metadata) {
                Some(kind) => {
                    let fault = InputFault::Other(format!("is {kind}"));
                    failing_input(path, Error::unreadable(name(path), fault))
                }
                None => file_input(path.to_path_buf()),
            };
            return Ok(FoundFiles { inputs: vec![input], skipped: Vec::new() });
        }
        let Walk { mut files, failed, skipped, .. } = self.walk(path);
        if files.is_empty() && failed.is_empty() && skipped.is_empty() {
            let extensions: Vec<&str> =
                FORMATS.iter().flat_map(|format| format.extensions.iter().copied()).collect();
            let fault = format!("holds no file malmoi reads ({})", extensions.join(", "));
            return Err(Error::unreadable(path.display().to_string(), fault));
        }
        files.sort();
        let failed = failed.into_iter().map(|(path, error)| failing_input(&path, error));
        Ok(FoundFiles {
            inputs: files.into_iter().map(file_input).chain(failed).collect(),
            skipped,
        })
    }
}

impl FileSearch {
    fn walk(&self, folder: &Path) -> Walk {
        let mut walk = Walk::default();
        if let Some(exclude) = &self.exclude {
            walk.visited.extend(std::fs::canonicalize(exclude));
        }
        walk.visit(folder);
        if self.follow_links {
            walk.follow_links();
        }
        walk
    }

    /// The files in a folder now; none if it cannot be read.
    pub(super) fn list(&self, folder: &Path) -> Vec<PathBuf> {
        self.walk(folder).files
    }
}

fn file_input(path: PathBuf) -> BatchInput {
    let opened = path.clone();
    let open = move |_: Option<&str>| {
        let file = std::fs::File::open(&opened).map_err(|e| Error::io("read", &opened, e))?;
        Ok(Opened::Source(Box::new(file), None))
    };
    BatchInput { path: Some(path.clone()), ..BatchInput::new(name(&path), open) }
}

fn failing_input(path: &Path, error: Error) -> BatchInput {
    BatchInput::new(name(path), |_| Err(error))
}

/// The name of an input: its path without a leading `./`.
pub(super) fn name(path: &Path) -> String {
    let parts = path.components().skip_while(|part| *part == Component::CurDir);
    parts.collect::<PathBuf>().display().to_string()
}

/// The kind of an entry that cannot be read from beginning to end. Pipes can, and shells pass them.
fn unreadable_kind(metadata: &std::fs::Metadata) -> Option<&'static str> {
    #[cfg(unix)]
    {
        use std::os::unix::fs::FileTypeExt;
        let kind = metadata.file_type();
        if kind.is_socket() {
            return Some("a socket, not a file");
        }
        if kind.is_block_device() {
            return Some("a device, not a file");
        }
    }
    let _ = metadata;
    None
}

/// A walk through a folder and its subfolders, each visited once.
#[derive(Default)]
struct Walk {
    /// Canonical paths of folders that were visited or are excluded.
    visited: HashSet<PathBuf>,
    files: Vec<PathBuf>,
    failed: Vec<(PathBuf, Error)>,
    skipped: Vec<(PathBuf, FileKind)>,
}

impl Walk {
    /// Visits a folder. A folder that cannot be read is noted in `failed`.
    fn visit(&mut self, folder: &Path) {
        let mut entries = match read_folder(folder) {
            Ok((real, entries)) => {
                if !self.visited.insert(real) {
                    return;
                }
                entries
            }
            Err(error) => {
                self.failed.push((folder.to_path_buf(), Error::io("read", folder, error)));
                return;
            }
        };
        entries.sort_by(|a, b| a.0.cmp(&b.0));
        for (path, kind) in entries {
            if path.file_name().is_some_and(|name| name.to_string_lossy().starts_with('.')) {
                continue;
            }
            match kind {
                FileKind::Folder => self.visit(&path),
                FileKind::File if has_known_extension(&path) => self.files.push(path),
                // The target of a link is looked at when the link is followed.
                FileKind::Link => self.skipped.push((path, kind)),
                FileKind::Special if has_known_extension(&path) => self.skipped.push((path, kind)),
                FileKind::File | FileKind::Special => {}
            }
        }
    }

    /// Follows the skipped links, and those found behind them. Each file is taken once.
    fn follow_links(&mut self) {
        let real = |path: &Path| std::fs::canonicalize(path).ok();
        let mut seen: HashSet<PathBuf> = self.files.iter().filter_map(|path| real(path)).collect();
        while let Some(index) = self.skipped.iter().position(|(_, kind)| *kind == FileKind::Link) {
            let (link, _) = self.skipped.swap_remove(index);
            let before = self.files.len();
            match std::fs::metadata(&link) {
                Ok(target) if target.is_dir() => self.visit(&link),
                Ok(_) if !has_known_extension(&link) => {}
                Ok(target) if target.is_file() => self.files.push(link),
                Ok(_) => self.skipped.push((link, FileKind::Special)),
                Err(error) => self.failed.push((link.clone(), Error::io("read", &link, error))),
            }
            for path in self.files.split_off(before) {
                if real(&path).is_some_and(|real| seen.insert(real)) {
                    self.files.push(path);
                }
            }
        }
    }
}

/// The canonical path of a folder, and its entries.
fn read_folder(folder: &Path) -> std::io::Result<(PathBuf, Vec<(PathBuf, FileKind)>)> {
    let real = std::fs::canonicalize(folder)?;
    let mut entries = Vec::new();
    for entry in std::fs::read_dir(folder)? {
        let entry = entry?;
        entries.push((entry.path(), FileKind::from(entry.file_type()?)));
    }
    Ok((real, entries))
}

fn has_known_extension(path: &Path) -> bool {
    let extension = path
        .extension()
        .map(|extension| extension.to_string_lossy().to_lowercase())
        .unwrap_or_default();
    extension == "xml"
        || FORMATS.iter().any(|format| format.extensions.contains(&extension.as_str()))
}
