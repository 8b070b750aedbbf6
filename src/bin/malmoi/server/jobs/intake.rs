//! The files of a new job: unpacked, named, counted. Names of uploads tell formats and are shown;
//! none is a path.

use std::collections::HashSet;
use std::io::{Cursor, Read};

use axum::body::Bytes;
use malmoi::formats::{self, FORMATS, Fields};
use malmoi::{Error, Language};
use zip::ZipArchive;
use zip::read::ZipFileEntry;

use super::super::upload::Upload;
use super::record::Input;
use crate::engine::Failure;

/// Files of a job.
const MAX_FILES: usize = 2_000;
/// Articles of a job.
const MAX_ITEMS: usize = 20_000;
/// Unpacked bytes for each byte that a request may have.
const UNPACKED: u64 = 4;
/// Characters of a name.
const MAX_NAME: usize = 120;
/// Signatures of a zip, of its end record, and of that of a large zip.
const ZIP: &[u8] = b"PK\x03\x04";
const END: &[u8] = b"PK\x05\x06";
const LARGE_END: &[u8] = b"PK\x06\x06";
/// Bytes at the end of a zip that may have its end record: the record and the longest comment.
const TAIL: usize = 22 + (1 << 16) + 4;

/// The files of a job that was accepted.
pub(crate) struct Intake {
    pub inputs: Vec<Input>,
    /// Their bytes, in the same order.
    pub bytes: Vec<Bytes>,
    pub items: usize,
    /// Language of the first article.
    pub language: Option<Language>,
}

/// Reads the uploads of a request of at most `body` bytes.
pub(crate) fn read(uploads: Vec<Upload>, body: usize) -> Result<Intake, Failure> {
    let mut files = Vec::new();
    let mut left = body as u64 * UNPACKED;
    for upload in uploads {
        if is_archive(&upload) {
            unpack(&upload, &mut files, &mut left)?;
        } else {
            files.push(upload);
        }
        within(files.len(), MAX_FILES, "files")?;
    }
    if files.is_empty() {
        return Err(Failure::Invalid("the job has no files".into()));
    }
    let mut intake = Intake { inputs: Vec::new(), bytes: Vec::new(), items: 0, language: None };
    let (mut names, mut readable, mut fault) = (HashSet::new(), 0, None);
    for Upload { name, bytes } in files {
        let name = unique(&cleaned(&name), &mut names);
        let format = formats::detect(&name, &bytes).name.to_string();
        let mut count = 0;
        match formats::items(Cursor::new(bytes.clone()), &name, Fields::default()) {
            Ok(items) => {
                for item in items {
                    count += 1;
                    within(intake.items + count, MAX_ITEMS, "articles")?;
                    let Ok(item) = item else { continue };
                    readable += 1;
                    intake.language =
                        intake.language.or_else(|| Language::detect(&item.document.article()));
                }
            }
            // The file is listed among what failed.
            Err(error) => {
                count = 1;
                fault.get_or_insert(error);
            }
        }
        intake.items += count;
        intake.inputs.push(Input { name, format, items: count, bytes: bytes.len() as u64 });
        intake.bytes.push(bytes);
    }
    if readable == 0 {
        let reason = fault.filter(|error| matches!(error, Error::UnreadableInput { .. }));
        let reason = reason.map_or("no article could be read".into(), |error| error.to_string());
        return Err(Failure::Invalid(reason));
    }
    Ok(intake)
}

fn within(count: usize, limit: usize, what: &str) -> Result<(), Failure> {
    if count > limit {
        return Err(Failure::TooLarge(format!("a job has at most {limit} {what}")));
    }
    Ok(())
}

fn extension(name: &str) -> String {
    name.rsplit_once('.').map(|(_, ending)| ending.to_lowercase()).unwrap_or_default()
}

fn is_known(extension: &str) -> bool {
    extension == "xml" || FORMATS.iter().any(|format| format.extensions.contains(&extension))
}

/// True for a zip of files. Office documents are zips, too, and have names of their own.
fn is_archive(upload: &Upload) -> bool {
    let extension = extension(&upload.name);
    extension == "zip" || (!is_known(&extension) && upload.bytes.starts_with(ZIP))
}

/// Adds the files of a zip that have the ending of a known format; `left` bytes may be unpacked.
/// Declared sizes are not trusted.
fn unpack(upload: &Upload, files: &mut Vec<Upload>, left: &mut u64) -> Result<(), Failure> {
    let damaged = |what: &str| Failure::Invalid(format!("the archive {what}"));
    // Its directory is read as a whole.
    within(declared_entries(&upload.bytes), 2 * MAX_FILES, "entries in its archives")?;
    let mut zip = ZipArchive::new(Cursor::new(&upload.bytes[..]))
        .map_err(|_| damaged("is damaged or incomplete"))?;
    for index in 0..zip.len() {
        // Only files that are wanted need to be readable.
        let listed = zip.by_index_data(index).map_err(|_| damaged("is damaged or incomplete"))?;
        let path = path(&listed).ok_or_else(|| damaged("has a name that is not text"))?;
        let name = last_part(&path).to_string();
        let is_hidden = name.starts_with('.') || path.starts_with("__MACOSX/");
        if !listed.is_file() || is_hidden || !is_known(&extension(&name)) {
            continue;
        }
        let entry = zip.by_index(index).map_err(|error| match error {
            zip::result::ZipError::UnsupportedArchive(_) => {
                damaged("is encrypted or packed in an unusual way; pack it anew")
            }
            _ => damaged("is damaged or incomplete"),
        })?;
        let mut bytes = Vec::new();
        entry
            .take(*left + 1)
            .read_to_end(&mut bytes)
            .map_err(|_| damaged("cannot be unpacked: it is damaged"))?;
        *left = left.checked_sub(bytes.len() as u64).ok_or_else(|| {
            Failure::TooLarge("the archive unpacks to more than this server takes".into())
        })?;
        files.push(Upload { name, bytes: bytes.into() });
        within(files.len(), MAX_FILES, "files")?;
    }
    Ok(())
}

/// The entries that a zip says it has: the most that a record which may be its end tells.
fn declared_entries(bytes: &[u8]) -> usize {
    let most = |bytes: &[u8], signature: &[u8], at: usize, length: usize| {
        let counts = bytes.windows(at + length).filter(|record| record.starts_with(signature));
        let number = |record: &[u8]| {
            record[at..].iter().rev().fold(0_u64, |number, byte| number << 8 | u64::from(*byte))
        };
        counts.map(number).max()
    };
    let tail = &bytes[bytes.len().saturating_sub(TAIL)..];
    let large = most(bytes, LARGE_END, 32, 8);
    // All ones stand for the number in the other record.
    let small = most(tail, END, 10, 2).filter(|n| large.is_none() || *n != u64::from(u16::MAX));
    usize::try_from(small.max(large).unwrap_or(0)).unwrap_or(usize::MAX)
}

/// The path of a file in a zip. Korean Windows writes CP949, which no flag of the zip tells.
fn path(entry: &ZipFileEntry<'_>) -> Option<String> {
    let is_east_asian = |text: &String| text.chars().any(|c| c >= '\u{3000}');
    let raw = entry.name_raw();
    let korean = || formats::decode(raw, "").ok().filter(is_east_asian);
    match std::str::from_utf8(raw) {
        Ok(path) => Some(path.to_string()),
        Err(_) => korean().or_else(|| Some(entry.name().ok()?.into_owned())),
    }
}

fn last_part(path: &str) -> &str {
    path.rsplit(['/', '\\']).next().unwrap_or_default()
}

/// A name without folders, control characters and excess length; the ending stays.
fn cleaned(name: &str) -> String {
    let name: String = last_part(name).chars().filter(|c| !c.is_control()).collect();
    let name = name.trim();
    let (stem, ending) = match name.rsplit_once('.') {
        Some((stem, ending)) if ending.len() <= 10 => (stem, format!(".{ending}")),
        _ => (name, String::new()),
    };
    let stem: String = stem.chars().take(MAX_NAME).collect();
    let stem = stem.trim_matches('.');
    format!("{}{ending}", if stem.is_empty() { "file" } else { stem })
}

/// The name, with a number if another file has it: `news (2).txt`.
fn unique(name: &str, names: &mut HashSet<String>) -> String {
    let (stem, ending) = match name.rsplit_once('.') {
        Some((stem, ending)) => (stem, format!(".{ending}")),
        None => (name, String::new()),
    };
    let numbered = (2..).map(|number| format!("{stem} ({number}){ending}"));
    let mut free = std::iter::once(name.to_string()).chain(numbered);
    // The names of 2,000 files leave one of 2,001 free.
    let free = free.find(|name| !names.contains(name)).unwrap_or_else(|| name.to_string());
    names.insert(free.clone());
    free
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use super::*;

    fn upload(name: &str, bytes: impl Into<Vec<u8>>) -> Upload {
        Upload { name: name.into(), bytes: Bytes::from(bytes.into()) }
    }

    fn archive(files: &[(&str, &[u8])]) -> Vec<u8> {
        let mut zip = zip::ZipWriter::new(Cursor::new(Vec::new()));
        let options = zip::write::SimpleFileOptions::default();
        for (name, bytes) in files {
            zip.start_file(*name, options).unwrap();
            zip.write_all(bytes).unwrap();
        }
        zip.finish().unwrap().into_inner()
    }

    #[test]
    fn names_are_cleaned_and_told_apart() {
        let mut names = HashSet::new();
        for (sent, expected) in [
            ("../../etc/news.txt", "news.txt"),
            ("C:\\desk\\news.txt", "news (2).txt"),
            ("..", "file."),
            ("a\r\n\0b.html", "ab.html"),
            ("", "file"),
            (".txt", "file.txt"),
        ] {
            assert_eq!(unique(&cleaned(sent), &mut names), expected, "{sent:?}");
        }
        let long = cleaned(&format!("{}.txt", "항".repeat(5_000)));
        assert!(long.chars().count() <= MAX_NAME + 4 && long.ends_with(".txt"));
    }

    #[test]
    fn an_archive_gives_its_articles_and_nothing_else() {
        let bytes = archive(&[
            ("desk/../../harbor.txt", b"The harbor opened on Monday."),
            ("desk/harbor.txt", b"The bridge opened on Tuesday."),
            ("photo.jpg", b"\xFF\xD8"),
            ("__MACOSX/harbor.txt", b"junk"),
            (".hidden.txt", b"junk"),
        ]);
        let intake = read(vec![upload("desk.zip", bytes)], 1 << 20).unwrap();
        let names: Vec<&str> = intake.inputs.iter().map(|input| input.name.as_str()).collect();
        assert_eq!(names, ["harbor.txt", "harbor (2).txt"]);
        assert_eq!((intake.items, intake.language), (2, Some(Language::English)));
    }

    /// Bytes with others at a place.
    fn patched(mut bytes: Vec<u8>, at: usize, with: &[u8]) -> Vec<u8> {
        bytes[at..at + with.len()].copy_from_slice(with);
        bytes
    }

    fn find(bytes: &[u8], part: &[u8]) -> usize {
        bytes.windows(part.len()).position(|window| window == part).unwrap()
    }

    #[test]
    fn what_is_not_wanted_need_not_be_readable() {
        let bytes = archive(&[("photo.jpg", b"\xFF\xD8"), ("a.txt", b"The harbor opened.")]);
        let entry = find(&bytes, b"PK\x01\x02");
        // Flags and method of an entry in the directory, and of the entry itself.
        let encrypted = patched(patched(bytes.clone(), entry + 8, &[1]), 6, &[1]);
        let lzma = patched(patched(bytes, entry + 10, &[14]), 8, &[14]);
        for bytes in [encrypted, lzma] {
            let intake = read(vec![upload("desk.zip", bytes)], 1 << 20).unwrap();
            assert_eq!(intake.inputs[0].name, "a.txt");
        }
        let bytes = archive(&[("a.txt", b"The harbor opened.")]);
        let entry = find(&bytes, b"PK\x01\x02");
        let encrypted = patched(patched(bytes, entry + 8, &[1]), 6, &[1]);
        let refused = read(vec![upload("desk.zip", encrypted)], 1 << 20).err();
        assert!(matches!(refused, Some(Failure::Invalid(reason)) if reason.contains("encrypted")));
    }

    #[test]
    fn entries_of_archives_within_an_archive_do_not_count() {
        let mut zip = zip::ZipWriter::new(Cursor::new(Vec::new()));
        let stored = zip::write::SimpleFileOptions::default()
            .compression_method(zip::CompressionMethod::Stored);
        zip.start_file("photos.bin", stored).unwrap();
        zip.write_all(&b"PK\x01\x02".repeat(2 * MAX_FILES + 1)).unwrap();
        zip.start_file("a.txt", stored).unwrap();
        zip.write_all(b"The harbor opened.").unwrap();
        let bytes = zip.finish().unwrap().into_inner();
        let intake = read(vec![upload("desk.zip", bytes)], 1 << 20).unwrap();
        assert_eq!(intake.inputs[0].name, "a.txt");
    }

    #[test]
    fn names_from_korean_windows_are_read() {
        let korean = b"\xC7\xD7\xB1\xB8/\xB9\xE8\xC6\xED.txt";
        // In CP437, as old tools write it.
        for (raw, name) in [(&korean[..], "배편.txt"), (b"caf\x82.txt", "café.txt")] {
            let plain = "x".repeat(raw.len() - 4) + ".txt";
            let mut bytes = archive(&[(&plain, b"The harbor opened.")]);
            while let Some(at) = bytes.windows(raw.len()).position(|part| part == plain.as_bytes())
            {
                bytes = patched(bytes, at, raw);
            }
            let intake = read(vec![upload("desk.zip", bytes)], 1 << 20).unwrap();
            assert_eq!(intake.inputs[0].name, name);
        }
    }

    #[test]
    fn hostile_archives_are_refused_before_they_fill_the_memory() {
        let zeros = vec![b' '; 8 << 20];
        let bomb = archive(&[("a.txt", &zeros), ("b.txt", &zeros)]);
        assert!(bomb.len() < 1 << 20, "{}", bomb.len());
        let refused = |bytes: Vec<u8>| read(vec![upload("a.zip", bytes)], 1 << 20).err();
        assert!(matches!(refused(bomb), Some(Failure::TooLarge(_))));
        let many: Vec<(String, &[u8])> =
            (0..MAX_FILES + 1).map(|n| (format!("{n}.txt"), &b"word"[..])).collect();
        let many: Vec<(&str, &[u8])> = many.iter().map(|(name, b)| (name.as_str(), *b)).collect();
        assert!(matches!(refused(archive(&many)), Some(Failure::TooLarge(_))));
        let names: Vec<String> = (0..=2 * MAX_FILES).map(|n| format!("{n}.jpg")).collect();
        let photos: Vec<(&str, &[u8])> = names.iter().map(|name| (&name[..], &b""[..])).collect();
        assert!(matches!(refused(archive(&photos)), Some(Failure::TooLarge(_))));
        let whole = archive(&[("a.txt", b"The harbor opened on Monday.")]);
        let end = find(&whole, END);
        let many = [LARGE_END, &[0; 28], &u64::MAX.to_le_bytes(), &whole].concat();
        assert!(matches!(refused(many), Some(Failure::TooLarge(_))));
        let many = patched(whole.clone(), end + 10, &[0xFF, 0xFF]);
        assert!(matches!(refused(many), Some(Failure::TooLarge(_))));
        for length in 0..whole.len() {
            let cut = upload("a.zip", &whole[..length]);
            assert!(matches!(read(vec![cut], 1 << 20), Err(Failure::Invalid(_))), "{length}");
        }
        for index in 0..whole.len() {
            let mut bytes = whole.clone();
            bytes[index] ^= 0xFF;
            // Any answer but a panic.
            let _ = read(vec![upload("a.zip", bytes)], 1 << 20);
        }
    }

    #[test]
    fn a_job_without_any_article_says_why() {
        let refused = |name: &str, bytes: &[u8]| match read(vec![upload(name, bytes)], 1 << 20) {
            Err(Failure::Invalid(reason)) => reason,
            _ => panic!("{name} was taken"),
        };
        assert!(refused("news.pdf", b"%PDF-1.7").contains("PDF"));
        assert_eq!(refused("news.txt", b" "), "news.txt is empty");
        assert!(matches!(read(Vec::new(), 1), Err(Failure::Invalid(_))));
        let lines = "{\"text\":\"a b\"}\n".repeat(MAX_ITEMS + 1);
        let many = read(vec![upload("a.jsonl", lines)], 1 << 20);
        assert!(matches!(many, Err(Failure::TooLarge(_))));
    }
}
