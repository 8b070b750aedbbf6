//! The archive of a bundle: a tar whose every byte follows from the manifest. A reader compares
//! each header with the only one that malmoi writes, so that links, devices, other names, orders
//! and sizes need no rule each.

use std::io::{Read, Write};
use std::path::{Path, PathBuf};

use tar::{EntryType, Header};

use super::error::{BundleError, Result};
use super::manifest::{self, MAX_BYTES};
use crate::redact;

/// Bytes of a block: a header, or the unit of contents.
const BLOCK: usize = 512;

/// The header of a file, without times, owners and other traces of a machine. `None` if the path
/// is too long for it.
fn header(path: &str, bytes: u64) -> Option<Header> {
    let mut header = Header::new_ustar();
    header.set_path(path).ok()?;
    header.set_entry_type(EntryType::Regular);
    header.set_size(bytes);
    header.set_mode(0o644);
    header.set_uid(0);
    header.set_gid(0);
    header.set_mtime(0);
    header.set_cksum();
    Some(header)
}

/// True if the archive can hold a file with this path.
pub(super) fn fits(path: &str) -> bool {
    header(path, 0).is_some()
}

/// Writes the header of a file.
pub(super) fn write_header(out: &mut impl Write, path: &str, bytes: u64) -> std::io::Result<()> {
    let header =
        header(path, bytes).ok_or_else(|| std::io::Error::other("the path is too long"))?;
    out.write_all(header.as_bytes())
}

/// Fills the last block of a file with zeros.
pub(super) fn write_padding(out: &mut impl Write, bytes: u64) -> std::io::Result<()> {
    out.write_all(&[0; BLOCK][..padding(bytes)])
}

/// Ends the archive.
pub(super) fn write_end(out: &mut impl Write) -> std::io::Result<()> {
    out.write_all(&[0; 2 * BLOCK])
}

fn padding(bytes: u64) -> usize {
    (BLOCK - (bytes % BLOCK as u64) as usize) % BLOCK
}

/// Reads an archive, entry by entry, as its manifest announces them.
pub(super) struct ArchiveReader<R: Read> {
    archive: R,
    /// The bundle, for errors.
    file: PathBuf,
}

impl<R: Read> ArchiveReader<R> {
    pub fn new(archive: R, file: &Path) -> Self {
        Self { archive, file: file.to_path_buf() }
    }

    /// The manifest's bytes: the first entry.
    pub fn manifest(&mut self) -> Result<Vec<u8>> {
        let found = self.read_header()?;
        let bytes = found.entry_size().unwrap_or(0);
        if bytes > MAX_BYTES {
            let reason = format!("has {bytes} bytes, more than {MAX_BYTES}");
            return Err(BundleError::Manifest { reason });
        }
        self.compare(&found, manifest::PATH, bytes, &|_| false)?;
        let mut manifest = Vec::new();
        self.contents(bytes, &mut |chunk| {
            manifest.extend(chunk);
            Ok(())
        })?;
        Ok(manifest)
    }

    /// Reads the next entry, which has to be this one. `is_known`: whether a path is of the bundle.
    pub fn entry(
        &mut self,
        path: &str,
        bytes: u64,
        is_known: &dyn Fn(&str) -> bool,
        sink: &mut dyn FnMut(&[u8]) -> Result<()>,
    ) -> Result<()> {
        let found = self.read_header()?;
        self.compare(&found, path, bytes, is_known)?;
        self.contents(bytes, sink)
    }

    /// Reads the end of the archive, after which nothing may come.
    pub fn end(mut self) -> Result<()> {
        let mut end = [0; 2 * BLOCK];
        self.fill(&mut end[..BLOCK])?;
        if end[..BLOCK] != [0; BLOCK] {
            let found = describe(Header::from_byte_slice(&end[..BLOCK]), &|_| false);
            return Err(BundleError::Entry { expected: "the end".to_string(), found });
        }
        self.fill(&mut end[BLOCK..])?;
        let mut more = [0];
        let count = self.archive.read(&mut more).map_err(|error| self.damaged(&error))?;
        if end != [0; 2 * BLOCK] || count > 0 {
            let found = "more bytes".to_string();
            return Err(BundleError::Entry { expected: "the end".to_string(), found });
        }
        Ok(())
    }

    fn read_header(&mut self) -> Result<Header> {
        let mut header = Header::new_old();
        self.fill(header.as_mut_bytes())?;
        Ok(header)
    }

    fn compare(
        &self,
        found: &Header,
        path: &str,
        bytes: u64,
        is_known: &dyn Fn(&str) -> bool,
    ) -> Result<()> {
        if header(path, bytes).is_some_and(|own| own.as_bytes() == found.as_bytes()) {
            return Ok(());
        }
        let mut what = describe(found, is_known);
        if found.path_bytes() == path.as_bytes() && found.entry_type().is_file() {
            let size = found.entry_size().unwrap_or(u64::MAX);
            what = match size == bytes {
                true => format!("`{path}` with a header that malmoi does not write"),
                false => format!("`{path}` with {size} bytes instead of {bytes}"),
            };
        }
        Err(BundleError::Entry { expected: path.to_string(), found: what })
    }

    fn contents(&mut self, bytes: u64, sink: &mut dyn FnMut(&[u8]) -> Result<()>) -> Result<()> {
        let mut buffer = vec![0; (1 << 18).min(usize::try_from(bytes).unwrap_or(1 << 18))];
        let mut rest = bytes;
        while rest > 0 {
            let length = buffer.len().min(usize::try_from(rest).unwrap_or(usize::MAX));
            self.fill(&mut buffer[..length])?;
            sink(&buffer[..length])?;
            rest -= length as u64;
        }
        let mut filler = [0; BLOCK];
        let filler = &mut filler[..padding(bytes)];
        self.fill(filler)?;
        match filler.iter().all(|byte| *byte == 0) {
            true => Ok(()),
            false => Err(self.damaged(&"there are bytes between two of its files")),
        }
    }

    fn fill(&mut self, buffer: &mut [u8]) -> Result<()> {
        self.archive.read_exact(buffer).map_err(|error| self.damaged(&error))
    }

    fn damaged(&self, reason: &dyn std::fmt::Display) -> BundleError {
        let reason = redact::foreign(&reason.to_string());
        BundleError::Damaged { file: self.file.clone(), reason }
    }
}

/// What an unexpected header is, for people.
fn describe(header: &Header, is_known: &dyn Fn(&str) -> bool) -> String {
    let path = String::from_utf8_lossy(&header.path_bytes()).into_owned();
    let name = redact::foreign(&path);
    let kind = match header.entry_type() {
        EntryType::Regular | EntryType::Continuous => "",
        EntryType::Link | EntryType::Symlink => "a link",
        EntryType::Char | EntryType::Block => "a device",
        EntryType::Directory => "a folder",
        EntryType::Fifo => "a pipe",
        EntryType::GNULongName
        | EntryType::GNULongLink
        | EntryType::XHeader
        | EntryType::XGlobalHeader => "an extension of tar",
        _ => "an entry of another kind",
    };
    if header.as_bytes() == &[0; BLOCK] {
        "the end of the archive".to_string()
    } else if !kind.is_empty() {
        format!("{kind} (`{name}`)")
    } else if path.starts_with('/') || path.split(['/', '\\']).any(|part| part == "..") {
        format!("`{name}`, which would leave its folder")
    } else if is_known(&path) {
        format!("`{name}`, twice or out of order")
    } else {
        format!("`{name}`, which is not in the manifest")
    }
}
