//! HWP 5, Hancom Office's binary format, and HWPML, the same document as one XML file.
//!
//! Knows which of the two a file is, and the files with the same name that are neither. The text of
//! both follows the rules of HWPX: the same document gives the same text in all three.

mod container;
mod distribution;
mod file_header;
mod hwpml;
mod properties;
mod records;
mod section;
mod styles;
#[cfg(test)]
mod tests;
mod text;
#[cfg(test)]
mod writer;

use container::Container;
use file_header::FileHeader;
use records::Records;

use super::hancom::Ranks;
use super::office::{self, Paragraphs, ZipPackage};
use super::{Format, Item, Reader, xml};

pub(super) const FORMAT: Format = Format {
    name: "hwp",
    describe: "an HWP 5 or HWPML document",
    extensions: &["hwp", "hwt", "hml", "hwpml"],
    title: "HWP 5, HWPML",
    written: "plain text",
    kept: "paragraphs",
    // Any OLE container; opening it names what it is instead.
    sniff: |bytes| {
        bytes.starts_with(office::OLE)
            || bytes.starts_with(OLD_SIGNATURE)
            || xml::root(bytes).is_some_and(|root| root == hwpml::ROOT)
    },
    read: Reader::Packed(read),
};

/// Format name in messages.
const HWP: &str = "HWP";
/// First bytes of HWP 3 and older; a version number follows.
const OLD_SIGNATURE: &[u8] = b"HWP Document File";

fn read(bytes: &[u8]) -> Result<Item, String> {
    if bytes.starts_with(office::OLE) {
        return binary(bytes);
    }
    if bytes.starts_with(OLD_SIGNATURE) {
        return Err(old_version(bytes));
    }
    if bytes.starts_with(office::ZIP) {
        ZipPackage::open(bytes, HWP)?;
    }
    hwpml::read(bytes)
}

/// Error for a document of the 1990s: "HWP Document File V3.00 \x1A".
fn old_version(bytes: &[u8]) -> String {
    let version = bytes[OLD_SIGNATURE.len()..].strip_prefix(b" V").unwrap_or_default();
    let digits = version.iter().take_while(|byte| byte.is_ascii_digit()).count().min(3);
    let version = String::from_utf8_lossy(&version[..digits]);
    let name = format!("HWP {version}");
    format!(
        "is an {} document, a format of the 1990s; open it in Hancom Office and save it as HWPX",
        name.trim_end()
    )
}

fn binary(bytes: &[u8]) -> Result<Item, String> {
    let mut container = Container::open(bytes)?;
    let Some(header) = container.stream("/FileHeader")? else {
        return Err(format!("is not {HWP}: it is {}", office::ole_kind(bytes)));
    };
    let header = FileHeader::read(&header)?;
    let mut notes = Vec::new();
    let ranks = container
        .stream("/DocInfo")?
        .ok_or_else(|| "it has no DocInfo".to_string())
        .and_then(|packed| container.unpacked(packed, header.compressed, "DocInfo"))
        .and_then(|records| styles::ranks(Records::new(&records)));
    let ranks = ranks.unwrap_or_else(|reason| {
        notes.push(format!("Its styles cannot be read: {reason}."));
        Ranks::default()
    });
    if header.tracks_changes {
        notes.push(
            "It tracks changes; text that is marked as deleted may be part of what was read."
                .to_string(),
        );
    }
    let mut found = Paragraphs::default();
    for section in sections(&mut container, &header)? {
        section::read(&section, &ranks, &mut found)?;
    }
    let published = container
        .stream(properties::STREAM)
        .ok()
        .flatten()
        .and_then(|properties| properties::published(&properties));
    Ok(Item { published, notes, ..Item::from(found.document()?) })
}

/// The records of all sections in order.
fn sections(container: &mut Container, header: &FileHeader) -> Result<Vec<Vec<u8>>, String> {
    let shown = container.sections("/ViewText");
    let stored = container.sections("/BodyText");
    let mut numbers: Vec<u32> = shown.keys().chain(stored.keys()).copied().collect();
    numbers.sort_unstable();
    numbers.dedup();
    if numbers.is_empty() {
        return Err("is damaged: it has no BodyText/Section0".to_string());
    }
    let mut sections = Vec::new();
    for number in numbers {
        let view = shown.get(&number).map(|path| view(container, header, path));
        sections.push(match (view, stored.get(&number)) {
            (Some(Ok(records)), _) => records,
            // Only a distribution document has its text in `ViewText` alone.
            (Some(Err(reason)), None) => return Err(reason),
            (Some(Err(reason)), Some(_)) if header.distribution => return Err(reason),
            (_, Some(path)) => {
                let packed = container.stream(path)?.unwrap_or_default();
                container.unpacked(packed, header.compressed, &path[1..])?
            }
            (None, None) => continue,
        });
    }
    Ok(sections)
}

/// The records of a section as Hangul shows it: of a distribution document, or of one that tracks
/// changes.
fn view(container: &mut Container, header: &FileHeader, path: &str) -> Result<Vec<u8>, String> {
    let name = &path[1..];
    let packed = container.stream(path)?.unwrap_or_default();
    let packed = match distribution::decrypted(&packed) {
        Some(packed) => packed,
        None if header.distribution => {
            return Err(format!("is damaged: {name} is not encrypted as its header says"));
        }
        None => packed,
    };
    let records = container.unpacked(packed, header.compressed, name)?;
    let first = Records::new(&records).next().and_then(Result::ok);
    if first.is_some_and(|record| record.tag == records::PARAGRAPH_HEADER) {
        Ok(records)
    } else {
        Err(format!("is damaged: {name} does not begin with a paragraph"))
    }
}
