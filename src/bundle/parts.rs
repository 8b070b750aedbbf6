//! The outer form of a bundle: one file, or several parts of at most a given size.
//!
//! Each is a head, whole zstd frames, and a seal: a SHA-256 of every byte before it. Head and seal
//! are skippable frames, so that `zstd -d` reads a bundle, and the parts one after the other.
//! Knows neither the archive in it nor the manifest.

use std::fs::File;
use std::io::{Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};

use sha2::{Digest, Sha256};
use tempfile::NamedTempFile;

use super::error::{BundleError, Result, io};
use crate::files::{Sha256Bytes, sync_folder};

/// Skippable frames: magic numbers in the range that the format of zstd leaves to others.
const HEAD: [u8; 4] = 0x184D_2A50_u32.to_le_bytes();
const SEAL: [u8; 4] = 0x184D_2A51_u32.to_le_bytes();
const NAME: &[u8; 16] = b"malmoi bundle 1\n";
/// Magic, length, name, checksum of the manifest, number of the part.
const HEAD_BYTES: usize = 8 + 16 + 32 + 4;
/// Magic, length, whether it is the last part, checksum.
const SEAL_BYTES: usize = 8 + 1 + 32;
/// Fewer bytes than this are no part: a frame has up to 4 MiB.
pub const LEAST_PART: u64 = 5_000_000;

/// The head of a part. `id` is the checksum of the manifest.
fn head(id: &Sha256Bytes, number: u32) -> [u8; HEAD_BYTES] {
    let mut bytes = [0; HEAD_BYTES];
    bytes[..4].copy_from_slice(&HEAD);
    bytes[4..8].copy_from_slice(&(HEAD_BYTES as u32 - 8).to_le_bytes());
    bytes[8..24].copy_from_slice(NAME);
    bytes[24..56].copy_from_slice(id);
    bytes[56..].copy_from_slice(&number.to_le_bytes());
    bytes
}

/// The seal of a part whose bytes so far are in `hash`.
fn seal(mut hash: Sha256, is_last: bool) -> [u8; SEAL_BYTES] {
    let mut bytes = [0; SEAL_BYTES];
    bytes[..4].copy_from_slice(&SEAL);
    bytes[4..8].copy_from_slice(&(SEAL_BYTES as u32 - 8).to_le_bytes());
    bytes[8] = u8::from(is_last);
    hash.update(&bytes[..9]);
    bytes[9..].copy_from_slice(&hash.finalize());
    bytes
}

/// The path of a part of a bundle: `kit.malmoi.001`.
fn part_path(bundle: &Path, number: u32) -> PathBuf {
    let mut name = bundle.file_name().unwrap_or_default().to_os_string();
    name.push(format!(".{number:03}"));
    bundle.with_file_name(name)
}

/// The bundle that a path of a part belongs to; `None` for any other path.
fn bundle_of_part(path: &Path) -> Option<PathBuf> {
    let extension = path.extension()?.to_str()?;
    let is_number = extension.len() >= 3 && extension.bytes().all(|byte| byte.is_ascii_digit());
    is_number.then(|| path.with_extension(""))
}

/// The path that names a bundle and its signature, also if a part was given.
pub fn bundle_path(given: &Path) -> PathBuf {
    bundle_of_part(given).unwrap_or_else(|| given.to_path_buf())
}

/// Writes a bundle's frames to one file or to parts, none of which is visible before all are
/// complete.
pub(super) struct PartsWriter<'p> {
    bundle: &'p Path,
    id: Sha256Bytes,
    /// Most bytes of a part; `None` for one file.
    limit: Option<u64>,
    open: Option<OpenPart>,
    closed: Vec<NamedTempFile>,
    bytes: u64,
}

struct OpenPart {
    file: NamedTempFile,
    hash: Sha256,
    bytes: u64,
}

impl OpenPart {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<()> {
        self.file.write_all(bytes)?;
        self.hash.update(bytes);
        self.bytes += bytes.len() as u64;
        Ok(())
    }
}

impl<'p> PartsWriter<'p> {
    pub fn new(bundle: &'p Path, id: Sha256Bytes, limit: Option<u64>) -> Self {
        Self { bundle, id, limit, open: None, closed: Vec::new(), bytes: 0 }
    }

    /// Bytes written so far.
    pub fn bytes(&self) -> u64 {
        self.bytes
    }

    /// Writes one frame, to the next part if this one has no room for it.
    pub fn write_frame(&mut self, frame: &[u8]) -> std::io::Result<()> {
        let needed = (frame.len() + SEAL_BYTES) as u64;
        let is_full = |part: &OpenPart| self.limit.is_some_and(|most| part.bytes + needed > most);
        if self.open.as_ref().is_some_and(is_full) {
            self.close(false)?;
        }
        let mut part = match self.open.take() {
            Some(part) => part,
            None => self.next()?,
        };
        part.write(frame)?;
        self.bytes += frame.len() as u64;
        self.open = Some(part);
        Ok(())
    }

    fn next(&self) -> std::io::Result<OpenPart> {
        let folder = self.bundle.parent().filter(|folder| !folder.as_os_str().is_empty());
        let mut builder = tempfile::Builder::new();
        builder.prefix(".malmoi-");
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt;
            // The umask applies.
            builder.permissions(std::fs::Permissions::from_mode(0o666));
        }
        let file = builder.tempfile_in(folder.unwrap_or(Path::new(".")))?;
        let mut part = OpenPart { file, hash: Sha256::new(), bytes: 0 };
        part.write(&head(&self.id, self.closed.len() as u32 + 1))?;
        Ok(part)
    }

    fn close(&mut self, is_last: bool) -> std::io::Result<()> {
        let OpenPart { mut file, hash, .. } = match self.open.take() {
            Some(part) => part,
            None => self.next()?,
        };
        file.write_all(&seal(hash, is_last))?;
        file.as_file().sync_all()?;
        self.closed.push(file);
        Ok(())
    }

    /// Makes the files visible. Returns their paths.
    pub fn finish(mut self) -> std::io::Result<Vec<PathBuf>> {
        self.close(true)?;
        let mut paths = Vec::new();
        for (index, file) in self.closed.into_iter().enumerate() {
            let path = match self.limit {
                None => self.bundle.to_path_buf(),
                Some(_) => part_path(self.bundle, index as u32 + 1),
            };
            file.persist(&path).map_err(|error| error.error)?;
            paths.push(path);
        }
        let folder = self.bundle.parent().filter(|folder| !folder.as_os_str().is_empty());
        sync_folder(folder.unwrap_or(Path::new(".")))?;
        Ok(paths)
    }
}

/// A bundle whose parts are all there, with the bytes that were written.
#[derive(Debug)]
pub(super) struct Parts {
    /// Checksum of its manifest.
    pub id: Sha256Bytes,
    /// The parts, in order.
    parts: Vec<Part>,
    /// The seal that the bundle has in one file.
    seal: [u8; SEAL_BYTES],
}

#[derive(Debug)]
struct Part {
    path: PathBuf,
    file: File,
    /// Bytes with head and seal.
    bytes: u64,
}

impl Parts {
    /// Opens a bundle, given as its file, its first part or the name before `.001`, and compares
    /// every byte with the seals. `observe` gets the bytes that the bundle has in one file.
    pub fn open(given: &Path, observe: &mut dyn FnMut(&[u8]) -> Result<()>) -> Result<Self> {
        let bundle = bundle_path(given);
        let in_parts = bundle != given || (!given.exists() && part_path(given, 1).exists());
        let mut parts: Vec<Part> = Vec::new();
        let mut id = None;
        let mut whole = Sha256::new();
        loop {
            let number = parts.len() as u32 + 1;
            let path = match in_parts {
                _ if number == 1 && bundle != given => given.to_path_buf(),
                false if number == 1 => bundle.clone(),
                _ => part_path(&bundle, number),
            };
            let file = match File::open(&path) {
                Err(error) if error.kind() == std::io::ErrorKind::NotFound && number > 1 => {
                    return Err(BundleError::MissingPart { file: path, number });
                }
                opened => opened.map_err(io("read", &path))?,
            };
            let metadata = file.metadata().map_err(io("read", &path))?;
            if !metadata.is_file() {
                return Err(not_a_bundle(&path, "it is not a file"));
            }
            let mut part = Part { path, file, bytes: metadata.len() };
            let found = part.head()?;
            let expected = *id.get_or_insert(found.0);
            if found != (expected, number) {
                let what = if found.0 == expected { "this bundle" } else { "another bundle" };
                let found = format!("part {} of {what}", found.1);
                return Err(BundleError::WrongPart { file: part.path, expected: number, found });
            }
            if number == 1 {
                let head = head(&expected, 1);
                whole.update(head);
                observe(&head)?;
            }
            let is_last = part.check_seal(&head(&expected, number), &mut |bytes| {
                whole.update(bytes);
                observe(bytes)
            })?;
            parts.push(part);
            if is_last {
                let seal = seal(whole, true);
                observe(&seal)?;
                return Ok(Self { id: expected, parts, seal });
            }
        }
    }

    /// Bytes of all parts.
    pub fn bytes(&self) -> u64 {
        self.parts.iter().fold(0, |sum, part| sum.saturating_add(part.bytes))
    }

    /// Paths of the parts.
    pub fn paths(&self) -> Vec<PathBuf> {
        self.parts.iter().map(|part| part.path.clone()).collect()
    }

    /// The bytes that the bundle has in one file.
    pub fn whole(&self) -> Result<impl Read + '_> {
        let head = std::io::Cursor::new(head(&self.id, 1));
        Ok(head.chain(self.frames()?).chain(&self.seal[..]))
    }

    /// The frames between heads and seals.
    pub fn frames(&self) -> Result<impl Read + '_> {
        let mut frames: Box<dyn Read + '_> = Box::new(std::io::empty());
        for part in &self.parts {
            (&part.file)
                .seek(SeekFrom::Start(HEAD_BYTES as u64))
                .map_err(io("read", &part.path))?;
            let own = (&part.file).take(part.bytes - (HEAD_BYTES + SEAL_BYTES) as u64);
            frames = Box::new(frames.chain(own));
        }
        Ok(frames)
    }
}

impl Part {
    /// The id of the bundle and the number of the part, from its head.
    fn head(&mut self) -> Result<(Sha256Bytes, u32)> {
        let mut bytes = [0; HEAD_BYTES];
        if self.bytes < (HEAD_BYTES + SEAL_BYTES) as u64 {
            return Err(not_a_bundle(&self.path, "it is too short"));
        }
        self.file.read_exact(&mut bytes).map_err(io("read", &self.path))?;
        let (mut id, mut number) = ([0; 32], [0; 4]);
        id.copy_from_slice(&bytes[24..56]);
        number.copy_from_slice(&bytes[56..]);
        let number = u32::from_le_bytes(number);
        if bytes != head(&id, number) {
            return Err(not_a_bundle(&self.path, "it does not begin as one"));
        }
        Ok((id, number))
    }

    /// Compares the bytes after the head with the seal. Returns whether this is the last part.
    fn check_seal(
        &mut self,
        head: &[u8],
        observe: &mut dyn FnMut(&[u8]) -> Result<()>,
    ) -> Result<bool> {
        let mut hash = Sha256::new();
        hash.update(head);
        let mut rest = self.bytes - (HEAD_BYTES + SEAL_BYTES) as u64;
        let mut buffer = vec![0; 1 << 20];
        while rest > 0 {
            let length = buffer.len().min(usize::try_from(rest).unwrap_or(usize::MAX));
            self.file.read_exact(&mut buffer[..length]).map_err(io("read", &self.path))?;
            hash.update(&buffer[..length]);
            observe(&buffer[..length])?;
            rest -= length as u64;
        }
        let mut found = [0; SEAL_BYTES];
        self.file.read_exact(&mut found).map_err(io("read", &self.path))?;
        match [true, false].into_iter().find(|is_last| found == seal(hash.clone(), *is_last)) {
            Some(is_last) => Ok(is_last),
            None => {
                let reason = match found[..8] == seal(hash, true)[..8] {
                    true => "its bytes are not those that its checksum was made of",
                    false => "it does not end as a bundle: it is cut short or longer than it was",
                };
                Err(BundleError::Damaged { file: self.path.clone(), reason: reason.to_string() })
            }
        }
    }
}

fn not_a_bundle(file: &Path, reason: &str) -> BundleError {
    BundleError::NotABundle { file: file.to_path_buf(), reason: reason.to_string() }
}

/// Writes the bundle of several parts as one file, with the bytes it would have had without
/// `--split`.
///
/// # Errors
/// Fails if a part is missing, damaged or another; `output` is unchanged then.
pub fn join(first: &Path, output: &Path) -> Result<u64> {
    let mut failure = None;
    let mut bytes = 0;
    let written = crate::files::replace(output, |out| {
        let copied = Parts::open(first, &mut |chunk| {
            bytes += chunk.len() as u64;
            out.write_all(chunk).map_err(io("write", output))
        });
        copied.map(drop).map_err(|error| {
            let text = error.to_string();
            failure = Some(error);
            std::io::Error::other(text)
        })
    });
    match (failure, written) {
        (Some(error), _) => Err(error),
        (None, written) => written.map(|()| bytes).map_err(io("write", output)),
    }
}

/// Seals bytes that were changed, as an attacker would.
#[cfg(test)]
pub(super) fn seal_again(bundle: &mut [u8]) {
    let at = bundle.len() - SEAL_BYTES;
    let mut hash = Sha256::new();
    hash.update(&bundle[..at]);
    bundle[at..].copy_from_slice(&seal(hash, true));
}

/// A bundle of these frames in one file.
#[cfg(test)]
pub(super) fn whole(id: &Sha256Bytes, frames: &[u8]) -> Vec<u8> {
    let mut bytes = [&head(id, 1)[..], frames, &[0; SEAL_BYTES]].concat();
    seal_again(&mut bytes);
    bytes
}
