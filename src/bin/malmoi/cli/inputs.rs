//! The files of a batch: those that are named, and those of folders that are.

use std::collections::HashSet;
use std::path::{Component, Path, PathBuf};

use anyhow::{Result, bail};
use malmoi::Error;
use malmoi::batch::{Input, Opened};
use malmoi::files::{self, Kind};
use malmoi::formats::FORMATS;

/// What was found.
#[derive(Default)]
pub(super) struct Inputs {
    pub inputs: Vec<Input>,
    /// Files among them, as paths.
    pub paths: Vec<PathBuf>,
    /// What was left out, for the reader.
    pub notes: Vec<String>,
}

/// Files, in the order they are given; of folders those whose names promise a known format, in the
/// order of their paths. Links in folders are followed if `follow_links`; those that are named are
/// followed in any case.
pub(super) fn find(paths: &[PathBuf], output: &Path, follow_links: bool) -> Result<Inputs> {
    let mut found = Inputs::default();
    for path in paths {
        found.add(path, output, follow_links)?;
    }
    Ok(found)
}

/// An address of the web, where a source is one.
pub(super) fn address(source: &Path) -> Option<&str> {
    source.to_str().filter(|text| text.starts_with("http://") || text.starts_with("https://"))
}

impl Inputs {
    /// Adds what a path names.
    pub fn add(&mut self, path: &Path, output: &Path, follow_links: bool) -> Result<()> {
        if path == Path::new("-") {
            const NAME: &str = "standard input";
            if self.inputs.iter().any(|input| input.name == NAME) {
                bail!("standard input is named twice, and can be read once");
            }
            let open = |_: Option<&str>| Ok(Opened::Source(Box::new(std::io::stdin()), None));
            self.inputs.push(Input { name: NAME.into(), open: Box::new(open) });
            return Ok(());
        }
        if let Some(address) = address(path) {
            let address = malmoi::redact::secrets(address);
            bail!(
                "{address} is an address: `malmoi feed` fetches those, `malmoi batch` reads files"
            );
        }
        let kind = std::fs::metadata(path).map_err(|e| Error::io("read", path, e))?;
        if !kind.is_dir() {
            match unreadable(&kind) {
                Some(what) => {
                    self.refuse(path, Error::unreadable(name(path), format!("is {what}")))
                }
                None => self.file(path.to_path_buf()),
            }
            return Ok(());
        }
        if files::is_same_file(path, output) {
            bail!(
                "{} is named as input and as the folder for results: choose another with `-o`",
                path.display()
            );
        }
        let mut walk = Walk::default();
        // Results of an earlier run are no input of this one.
        walk.folders.extend(std::fs::canonicalize(output));
        walk.folder(path);
        if follow_links {
            walk.follow();
        }
        let Walk { mut files, refused, left_out, .. } = walk;
        files.sort();
        if files.is_empty() && refused.is_empty() && left_out.is_empty() {
            let endings: Vec<&str> =
                FORMATS.iter().flat_map(|format| format.extensions.iter().copied()).collect();
            bail!("{} holds no file malmoi reads ({})", path.display(), endings.join(", "));
        }
        for (kind, why) in [
            (Kind::Link, "links, which --follow-links follows"),
            (Kind::Special, "pipes, sockets or devices"),
        ] {
            let names: Vec<&PathBuf> =
                left_out.iter().filter(|(_, found)| *found == kind).map(|(path, _)| path).collect();
            if let Some(first) = names.first() {
                let others = if names.len() > 1 {
                    format!(" and {} more", names.len() - 1)
                } else {
                    String::new()
                };
                self.notes.push(format!("left out {}{others}: {why}", first.display()));
            }
        }
        files.into_iter().for_each(|path| self.file(path));
        refused.into_iter().for_each(|(path, error)| self.refuse(&path, error));
        Ok(())
    }

    fn file(&mut self, path: PathBuf) {
        self.paths.push(path.clone());
        let name = name(&path);
        let open = move |_: Option<&str>| {
            let file = std::fs::File::open(&path).map_err(|e| Error::io("read", &path, e))?;
            Ok(Opened::Source(Box::new(file), None))
        };
        self.inputs.push(Input { name, open: Box::new(open) });
    }

    /// An input that cannot be read is listed as such; the others are read.
    fn refuse(&mut self, path: &Path, error: Error) {
        self.inputs.push(Input { name: name(path), open: Box::new(|_| Err(error)) });
    }
}

/// However a path is spelled, it is the same input.
fn name(path: &Path) -> String {
    let parts = path.components().skip_while(|part| *part == Component::CurDir);
    parts.collect::<PathBuf>().display().to_string()
}

/// What a named path is, where it cannot be read from its beginning to its end. Pipes can: shells
/// pass them.
fn unreadable(found: &std::fs::Metadata) -> Option<&'static str> {
    #[cfg(unix)]
    {
        use std::os::unix::fs::FileTypeExt;
        let kind = found.file_type();
        if kind.is_socket() {
            return Some("a socket, not a file");
        }
        if kind.is_block_device() {
            return Some("a device, not a file");
        }
    }
    let _ = found;
    None
}

/// A folder and those in it, each once.
#[derive(Default)]
struct Walk {
    /// Real paths of folders that were read, or are not to be.
    folders: HashSet<PathBuf>,
    files: Vec<PathBuf>,
    refused: Vec<(PathBuf, Error)>,
    left_out: Vec<(PathBuf, Kind)>,
}

impl Walk {
    /// Reads a folder. One that cannot be read is noted, and the others are read.
    fn folder(&mut self, folder: &Path) {
        let read = || -> std::io::Result<(PathBuf, Vec<(PathBuf, Kind)>)> {
            let real = std::fs::canonicalize(folder)?;
            let entries = std::fs::read_dir(folder)?.map(|entry| {
                let entry = entry?;
                Ok((entry.path(), Kind::from(entry.file_type()?)))
            });
            Ok((real, entries.collect::<std::io::Result<_>>()?))
        };
        let mut entries = match read() {
            Ok((real, entries)) => match self.folders.insert(real) {
                true => entries,
                false => return,
            },
            Err(error) => {
                return self.refused.push((folder.to_path_buf(), Error::io("read", folder, error)));
            }
        };
        entries.sort_by(|a, b| a.0.cmp(&b.0));
        for (path, kind) in entries {
            if path.file_name().is_some_and(|name| name.to_string_lossy().starts_with('.')) {
                continue;
            }
            match kind {
                Kind::Folder => self.folder(&path),
                Kind::File if is_known(&path) => self.files.push(path),
                // What a link leads to is seen when it is followed.
                Kind::Link => self.left_out.push((path, kind)),
                Kind::Special if is_known(&path) => self.left_out.push((path, kind)),
                Kind::File | Kind::Special => {}
            }
        }
    }

    /// Follows the links that were met, and those behind them; what was read without them is not
    /// read again.
    fn follow(&mut self) {
        let real = |path: &Path| std::fs::canonicalize(path).ok();
        let mut known: HashSet<PathBuf> = self.files.iter().filter_map(|path| real(path)).collect();
        while let Some(at) = self.left_out.iter().position(|(_, kind)| *kind == Kind::Link) {
            let (link, _) = self.left_out.swap_remove(at);
            let before = self.files.len();
            match std::fs::metadata(&link) {
                Ok(found) if found.is_dir() => self.folder(&link),
                Ok(found) if found.is_file() && is_known(&link) => self.files.push(link),
                Ok(found) if !found.is_file() && is_known(&link) => {
                    self.left_out.push((link, Kind::Special))
                }
                Ok(_) => {}
                Err(error) => self.refused.push((link.clone(), Error::io("read", &link, error))),
            }
            let fresh = self.files.split_off(before);
            let is_new = |path: &PathBuf| real(path).is_some_and(|real| known.insert(real));
            self.files.extend(fresh.into_iter().filter(is_new));
        }
    }
}

/// Whether a name promises a format that is read.
fn is_known(path: &Path) -> bool {
    let ending =
        path.extension().map(|ending| ending.to_string_lossy().to_lowercase()).unwrap_or_default();
    ending == "xml" || FORMATS.iter().any(|format| format.extensions.contains(&ending.as_str()))
}
