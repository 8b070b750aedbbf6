//! Finds the entries of a checkpoint's zip archive.
//!
//! Format: <https://pkware.cachefly.net/webdocs/casestudies/APPNOTE.TXT>, sections 4.3 and 4.5.3,
//! as torch writes it: `<name>/data.pkl`, `<name>/byteorder`, `<name>/data/<key>` for each storage,
//! all uncompressed, no comment, always with zip64 records. Strict: an archive is accepted whole or
//! refused. Checksums of entries are not verified; the download verified that of the file.

use std::collections::HashMap;
use std::ops::Range;

use super::names::{Parsed, shown};

const END: &[u8] = b"PK\x05\x06";
const END_64: &[u8] = b"PK\x06\x06";
const LOCATOR_64: &[u8] = b"PK\x06\x07";
const CENTRAL: &[u8] = b"PK\x01\x02";
const LOCAL: &[u8] = b"PK\x03\x04";
/// First bytes of files of torch before 1.6: a pickle of its magic number.
const LEGACY: &[u8] = b"\x80\x02\x8a\x0a\x6c\xfc\x9c\x46\xf9\x20\x6a\xa8\x50\x19.";

/// The parts of a checkpoint.
pub(super) struct Archive<'b> {
    /// `data.pkl`.
    pub(super) pickle: &'b [u8],
    /// Ranges of the file, by the key of the storage.
    pub(super) storages: HashMap<&'b str, Range<usize>>,
}

/// The directory at the end of a file.
struct Directory {
    entries: u64,
    range: Range<usize>,
}

/// Reads the directory of an archive.
pub(super) fn open(bytes: &[u8]) -> Parsed<Archive<'_>> {
    if bytes.starts_with(LEGACY) {
        return Err("it has the form that torch had before 1.6; save it again with \
                    `torch.save(torch.load(path, weights_only=True), path)`"
            .into());
    }
    if !bytes.starts_with(LOCAL) {
        return Err("it is not a zip archive, so it was not written by torch 1.6 or newer".into());
    }
    let directory = directory(bytes)?;
    let mut at = directory.range.start;
    let (mut root, mut pickle, mut storages) = (None, None, HashMap::new());
    for _ in 0..directory.entries {
        let entry = entry(&bytes[..directory.range.end], at)?;
        at = entry.next;
        let (folder, name) = entry.name.split_once('/').unwrap_or(("", entry.name));
        if *root.get_or_insert(folder) != folder {
            return Err(format!(
                "`{}` in it is in another folder than the rest",
                shown(entry.name)
            ));
        }
        let is_duplicate = match (name, name.strip_prefix("data/")) {
            ("data.pkl", _) => pickle.replace(entry.place(bytes, directory.range.start)?).is_some(),
            ("byteorder", _) => {
                let order = &bytes[entry.place(bytes, directory.range.start)?];
                if order != b"little" {
                    return Err(format!(
                        "its byte order is {}; only little is read",
                        order.escape_ascii()
                    ));
                }
                false
            }
            (_, Some(key)) if !key.is_empty() => {
                storages.insert(key, entry.place(bytes, directory.range.start)?).is_some()
            }
            _ => false,
        };
        if is_duplicate {
            return Err(format!("`{}` is in it twice", shown(entry.name)));
        }
    }
    if at != directory.range.end {
        return Err("its directory is longer than its entries".into());
    }
    let pickle = pickle.ok_or("there is no data.pkl in it: it is not a PyTorch checkpoint")?;
    Ok(Archive { pickle: &bytes[pickle], storages })
}

fn directory(bytes: &[u8]) -> Parsed<Directory> {
    let cut = || "it has no directory at its end: the file is cut short".to_string();
    let end =
        bytes.len().checked_sub(22).filter(|at| bytes[*at..].starts_with(END)).ok_or_else(cut)?;
    let record = Record(bytes, end);
    let locator = end.checked_sub(20).filter(|at| bytes[*at..].starts_with(LOCATOR_64));
    let (entries, size, start, before) = if let Some(locator) = locator {
        let at = usize::try_from(Record(bytes, locator).u64(8)?).unwrap_or(usize::MAX);
        let there = bytes.get(at..locator).is_some_and(|rest| rest.starts_with(END_64));
        if !there {
            return Err("its directory is not where it says".into());
        }
        let record = Record(bytes, at);
        (record.u64(32)?, record.u64(40)?, record.u64(48)?, at)
    } else {
        (record.u16(10)?.into(), record.u32(12)?.into(), record.u32(16)?.into(), end)
    };
    let finish = start.checked_add(size).filter(|finish| *finish <= before as u64);
    let finish = finish.ok_or("its directory is not where it says")?;
    Ok(Directory { entries, range: start as usize..finish as usize })
}

/// An entry of the directory.
struct ZipEntry<'b> {
    name: &'b str,
    size: u64,
    offset: u64,
    /// Offset of the next entry.
    next: usize,
}

fn entry(bytes: &[u8], at: usize) -> Parsed<ZipEntry<'_>> {
    let record = Record(bytes, at);
    if !bytes.get(at..).is_some_and(|rest| rest.starts_with(CENTRAL)) {
        return Err("its directory has fewer entries than it says".into());
    }
    let (flags, method) = (record.u16(8)?, record.u16(10)?);
    let (packed, size, offset) = (record.u32(20)?, record.u32(24)?, record.u32(42)?);
    let (mut packed, mut size, mut offset) =
        (u64::from(packed), u64::from(size), u64::from(offset));
    let name = at + 46..at + 46 + usize::from(record.u16(28)?);
    let extra = name.end..name.end + usize::from(record.u16(30)?);
    let next = extra.end + usize::from(record.u16(32)?);
    let cut = "its directory is cut short";
    let name = std::str::from_utf8(bytes.get(name).ok_or(cut)?)
        .map_err(|_| "an entry's name is not UTF-8")?;
    let mut extra = bytes.get(extra).ok_or(cut)?;
    if bytes.len() < next {
        return Err(cut.into());
    }
    // Extra fields have two bytes of kind and two of length. That of zip64 has only the numbers
    // that did not fit, in this order.
    while extra.len() >= 4 {
        let kind = u16::from_le_bytes([extra[0], extra[1]]);
        let length = usize::from(u16::from_le_bytes([extra[2], extra[3]]));
        let mut field = extra.get(4..4 + length).ok_or(cut)?;
        extra = &extra[4 + length..];
        if kind == 1 {
            for number in [&mut size, &mut packed, &mut offset] {
                if *number == u64::from(u32::MAX) {
                    let (first, rest) = field.split_first_chunk::<8>().ok_or(cut)?;
                    (*number, field) = (u64::from_le_bytes(*first), rest);
                }
            }
        }
    }
    if method != 0 || packed != size || flags & 1 != 0 {
        return Err(format!(
            "`{}` in it is compressed or encrypted, which torch never does",
            shown(name)
        ));
    }
    Ok(ZipEntry { name, size, offset, next })
}

impl ZipEntry<'_> {
    /// The range of its bytes: after its local header, which must have the same name, and before
    /// the directory.
    fn place(&self, bytes: &[u8], before: usize) -> Parsed<Range<usize>> {
        let wrong =
            || format!("`{}` is not where the directory of the archive says", shown(self.name));
        let at = usize::try_from(self.offset).ok().filter(|at| *at < before).ok_or_else(wrong)?;
        if !bytes[at..before].starts_with(LOCAL) {
            return Err(wrong());
        }
        let record = Record(&bytes[..before], at);
        let name = at + 30..at + 30 + usize::from(record.u16(26)?);
        let start = name.end + usize::from(record.u16(28)?);
        let same = bytes[..before].get(name) == Some(self.name.as_bytes());
        let end = (start as u64).checked_add(self.size).filter(|end| same && *end <= before as u64);
        Ok(start..end.ok_or_else(wrong)? as usize)
    }
}

/// A record at an offset of the file, whose fields are read.
struct Record<'b>(&'b [u8], usize);

impl Record<'_> {
    fn array<const N: usize>(&self, offset: usize) -> Parsed<[u8; N]> {
        let bytes = self.0.get(self.1 + offset..).and_then(|rest| rest.first_chunk::<N>());
        bytes.copied().ok_or_else(|| "its directory is cut short".into())
    }

    fn u16(&self, offset: usize) -> Parsed<u16> {
        self.array(offset).map(u16::from_le_bytes)
    }

    fn u32(&self, offset: usize) -> Parsed<u32> {
        self.array(offset).map(u32::from_le_bytes)
    }

    fn u64(&self, offset: usize) -> Parsed<u64> {
        self.array(offset).map(u64::from_le_bytes)
    }
}
